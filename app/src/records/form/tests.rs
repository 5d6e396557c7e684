//! The form without a browser: each behaviour of a field, on a record of either kind.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::ids::{ChoiceId, FieldId, RecordId};
use domain::phone::{E164, ShownNumber};
use domain::records::{Before, Choice, Choices, Conflict, Entered, Field, Key, Kind, Owner, Value};
use domain::roles::Role;
use domain::time::Timestamp;
use uuid::Uuid;
use wire::Problem;
use wire::error::FieldError;
use wire::records::{Fields, Shown, Stamp};

use super::model::{Act, FEW, Form, Input, Line, Record, meant};

const ID: RecordId = RecordId(Uuid::from_u128(1));
const MEMO: Key = Key::Field(FieldId(Uuid::from_u128(10)));
const LARGE: Key = Key::Field(FieldId(Uuid::from_u128(11)));
const MIDDLE: Key = Key::Field(FieldId(Uuid::from_u128(12)));
const CARD: Key = Key::Field(FieldId(Uuid::from_u128(13)));

fn choice(n: u128) -> ChoiceId {
    ChoiceId(Uuid::from_u128(100 + n))
}

fn field(key: Key, label: &str, kind: Kind) -> Field {
    let Key::Field(id) = key else { panic!("a defined field") };
    Field {
        id,
        owner: Owner::Customer,
        label: label.to_owned(),
        kind,
        required: false,
        help: String::new(),
        default: None,
        sensitive: None,
        active: true,
        position: 0,
    }
}

fn choices(parent: Option<Key>, options: &[(u128, &[u128])]) -> Choices {
    let Key::Field(parent) = parent.unwrap_or(MEMO) else { panic!("a defined field") };
    let narrowed = options.iter().any(|(_, under)| !under.is_empty());
    Choices {
        parent: narrowed.then_some(parent),
        options: options
            .iter()
            .map(|(n, under)| Choice {
                id: choice(*n),
                label: format!("選択肢{n}"),
                under: under.iter().map(|n| choice(*n)).collect(),
                active: true,
            })
            .collect(),
    }
}

fn fields() -> Fields {
    let card = Field { sensitive: Some(Role::Supervisor), ..field(CARD, "カード", Kind::Text) };
    Fields {
        customer: vec![
            field(MEMO, "メモ", Kind::Text),
            field(LARGE, "大分類", Kind::Choice(choices(None, &[(1, &[]), (2, &[])]))),
            field(MIDDLE, "中分類", Kind::Choice(choices(Some(LARGE), &[(3, &[1]), (4, &[2]), (5, &[1, 2])]))),
            card,
        ],
        ..Fields::default()
    }
}

fn number(n: u32) -> ShownNumber {
    let e164 = E164::parse(&format!("+81901234{n:04}")).expect("a number");
    ShownNumber { e164, shown: format!("090-1234-{n:04}") }
}

fn record(version: u32, values: &[(Key, Value)]) -> Record {
    let values = values.iter().map(|(key, value)| (*key, Shown::Plain(value.clone()))).collect();
    Record { version, values, files: Vec::new(), updated: Stamp { at: Timestamp(0), by: None, name: None } }
}

fn stored(values: &[(Key, Value)]) -> Form {
    Form::of(Owner::Customer, Arc::new(fields()), ID, record(1, values))
}

fn text(text: &str) -> Entered {
    Entered::Text(text.to_owned())
}

fn value(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn s22_of_an_unknown_caller_only_the_number_is_filled_in_and_it_is_locked_to_the_call() {
    let form = Form::new(Owner::Customer, Arc::new(fields()), ID).with_number(number(1));
    let phones = form.view(Key::Phones).unwrap();
    assert_eq!(phones.input, Input::Phones { rows: vec!["090-1234-0001".to_owned()], locked: 1 });
    for key in form.keys().into_iter().filter(|key| *key != Key::Phones) {
        assert_eq!(form.view(key).unwrap().text(), "", "{key}");
    }
    // Saving it as it stands creates a customer with that number.
    assert!(!form.is_dirty() && form.can_save());
    assert_eq!(form.changes().len(), 1);
}

#[test]
fn what_is_typed_back_is_no_change() {
    let mut form = stored(&[(Key::Name, value("山田")), (Key::Phones, Value::Phones(vec![number(1)]))]);
    form.enter(Key::Name, text("山田太"));
    assert!(form.is_dirty() && form.view(Key::Name).unwrap().changed);
    form.enter(Key::Name, text("山田"));
    form.enter(Key::Phones, Entered::Lines(vec!["090-1234-0001".to_owned(), String::new()]));
    assert!(!form.is_dirty() && !form.can_save());
}

#[test]
fn a8_a_change_names_what_it_began_with_even_when_the_record_moved_on() {
    let mut form = stored(&[(Key::Name, value("山田"))]);
    form.enter(Key::Name, text("山本"));
    form.refresh(record(2, &[(Key::Name, value("山川")), (MEMO, value("常連"))]));
    assert_eq!(form.view(MEMO).unwrap().text(), "常連");
    assert_eq!(form.view(Key::Name).unwrap().text(), "山本");
    let changes = form.changes();
    assert_eq!(changes[0].before, Before::Saw(Some(value("山田"))));
    assert_eq!(form.version(), Some(2));
    // The other one typed the same: there is nothing left to save.
    form.refresh(record(3, &[(Key::Name, value("山本"))]));
    assert!(!form.is_dirty());
}

#[test]
fn a8_of_a_conflict_each_field_waits_for_a_choice() {
    let conflict = || Conflict { key: Key::Name, mine: Some(value("山本")), theirs: Some(value("山川")) };
    for take_mine in [true, false] {
        let mut form = stored(&[(Key::Name, value("山田")), (MEMO, value("常連"))]);
        form.enter(Key::Name, text("山本"));
        form.enter(MEMO, text("初回"));
        let theirs = record(2, &[(Key::Name, value("山川")), (MEMO, value("常連"))]);
        let by = theirs.updated.clone();
        form.clashed(theirs, vec![conflict()], &by);
        let both =
            Input::Clash { mine: ("山本".to_owned(), by.clone()), theirs: ("山川".to_owned(), by), chosen: None };
        assert_eq!(form.view(Key::Name).unwrap().input, both, "neither is chosen beforehand");
        assert!(form.must_choose(), "saving waits");
        assert!(matches!(form.view(MEMO).unwrap().input, Input::Line(Line::Text, _)), "only what differs unfolds");
        form.act(&Act::Take(Key::Name, take_mine));
        assert!(!form.must_choose());
        form.settle();
        let name = form.changes().into_iter().find(|change| change.key == Key::Name);
        assert_eq!(name.map(|change| change.before), take_mine.then(|| Before::Saw(Some(value("山川")))));
        assert!(form.changes().iter().any(|change| change.key == MEMO));
    }
}

#[test]
fn s33_what_is_typed_while_it_is_being_saved_stays_typed() {
    let mut form = Form::new(Owner::Customer, Arc::new(fields()), ID).with_number(number(1));
    form.enter(Key::Name, text("山田"));
    let sent = form.typed().clone();
    form.enter(Key::Name, text("山田太郎"));
    form.enter(MEMO, text("常連"));
    form.saved(record(1, &[(Key::Name, value("山田"))]), &sent, None);
    assert_eq!(form.view(Key::Name).unwrap().text(), "山田太郎");
    assert_eq!(form.changes()[0].before, Before::Saw(Some(value("山田"))));
    assert_eq!(form.changes()[1].before, Before::Saw(None));
    assert_eq!(form.version(), Some(1));
}

#[test]
fn a_parents_choice_narrows_and_keeps_what_is_still_valid() {
    let mut form = stored(&[]);
    let middle = |form: &Form| form.view(MIDDLE).unwrap();
    let chosen = |form: &Form| {
        let Input::Choose { chosen, .. } = middle(form).input else { panic!("no choices: {form:?}") };
        chosen
    };
    assert!(matches!(middle(&form).input, Input::Choose { waits_for: Some(above), .. } if above == "大分類"));
    form.enter(LARGE, Entered::Choice(Some(choice(1))));
    form.enter(MIDDLE, Entered::Choice(Some(choice(5))));
    form.enter(LARGE, Entered::Choice(Some(choice(2))));
    assert_eq!(chosen(&form), [choice(5)]);
    form.enter(MIDDLE, Entered::Choice(Some(choice(4))));
    form.enter(LARGE, Entered::Choice(Some(choice(1))));
    assert!(chosen(&form).is_empty());
    assert_eq!(middle(&form).emptied_by.as_deref(), Some("大分類"), "and says so");
    form.enter(MIDDLE, Entered::Choice(Some(choice(3))));
    assert_eq!(middle(&form).emptied_by, None);
}

#[test]
fn a_value_that_the_field_cannot_hold_any_more_stays_readable_until_another_replaces_it() {
    let mut fields = fields();
    fields.customer[0].kind = Kind::Number;
    let record = record(1, &[(MEMO, value("約三つ"))]);
    let mut form = Form::of(Owner::Customer, Arc::new(fields), ID, record);
    let view = form.view(MEMO).unwrap();
    assert_eq!((view.old.as_deref(), view.text().as_str()), (Some("約三つ"), ""));
    assert!(!form.is_dirty());
    form.enter(MEMO, text("3"));
    assert_eq!(form.changes()[0].before, Before::Saw(Some(value("約三つ"))));
    form.enter(MEMO, text(""));
    assert!(!form.is_dirty(), "typed back to nothing, the old value stays");
}

#[test]
fn a_retired_field_is_read_only_and_gone_where_it_holds_nothing() {
    let mut fields = fields();
    fields.customer[0].active = false;
    let fields = Arc::new(fields);
    let form = Form::of(Owner::Customer, Arc::clone(&fields), ID, record(1, &[(MEMO, value("常連"))]));
    assert_eq!(form.view(MEMO).unwrap().input, Input::Read("常連".to_owned()));
    assert!(!Form::new(Owner::Customer, fields, ID).keys().contains(&MEMO));
}

#[test]
fn behind_a_mask_something_can_be_replaced_unseen_or_seen_first() {
    let mut record = record(1, &[]);
    record.values.insert(CARD, Shown::Masked { tail: "1234".to_owned(), may_unmask: true });
    let mut form = Form::of(Owner::Customer, Arc::new(fields()), ID, record);
    assert_eq!(form.view(CARD).unwrap().text(), "•••• 1234");
    form.act(&Act::Replace(CARD));
    form.enter(CARD, text("9999"));
    assert_eq!(form.changes()[0].before, Before::Masked);
    form.enter(CARD, text(""));
    assert!(!form.is_dirty(), "an empty input over a mask deletes nothing");
    form.unmask(CARD, Some(value("4111")));
    form.enter(CARD, text("4112"));
    assert_eq!(form.changes()[0].before, Before::Saw(Some(value("4111"))));
}

#[test]
fn a_default_is_filled_in_and_stored_but_is_no_draft() {
    let mut fields = fields();
    fields.customer[0].default = Some(value("新規"));
    let mut form = Form::new(Owner::Customer, Arc::new(fields), ID);
    assert_eq!(form.view(MEMO).unwrap().text(), "新規");
    assert!(!form.is_dirty());
    assert_eq!(form.changes()[0].after, text("新規"));
    form.enter(MEMO, text(""));
    assert!(form.is_dirty() && form.changes().is_empty());
}

#[test]
fn what_is_wrong_stands_at_its_field_until_it_is_typed_anew() {
    let mut form = stored(&[]);
    form.wrong(&[FieldError { field: "name".to_owned(), problem: Problem::TooLong { max: 200 } }]);
    assert_eq!(form.problems().len(), 1);
    assert!(form.view(Key::Name).unwrap().problem.is_some());
    form.enter(Key::Name, text("山田"));
    assert!(form.problems().is_empty());
}

#[test]
fn more_than_a_row_of_choices_is_found_by_typing() {
    let mut fields = fields();
    let many: Vec<(u128, &[u128])> = (0..=FEW as u128).map(|n| (n, &[][..])).collect();
    fields.customer[1].kind = Kind::Choice(choices(None, &many));
    let form = Form::new(Owner::Customer, Arc::new(fields), ID);
    assert!(matches!(form.view(LARGE).unwrap().input, Input::Choose { few: false, .. }));
    assert!(matches!(form.view(MIDDLE).unwrap().input, Input::Choose { few: true, .. }));
    for (label, typed) in [("ポイント", "ぽいん"), ("Billing Question", "bq"), ("요금 문의", "\u{110B}\u{1100}")]
    {
        assert!(meant(label, typed), "{label} {typed}");
    }
    assert!(!meant("ポイント", "請求"));
}

#[test]
fn the_first_empty_field_is_found() {
    let mut form = stored(&[(Key::Name, value("山田"))]);
    assert_eq!(form.first_empty(), Some(Key::Reading));
    form.enter(Key::Reading, text("ヤマダ"));
    form.enter(Key::Phones, Entered::Lines(vec!["090".to_owned()]));
    form.enter(MEMO, text("x"));
    assert_eq!(form.first_empty(), Some(LARGE));
    // A field that waits for another is not where one begins.
    form.restore(BTreeMap::from([(LARGE, (Before::Saw(None), Entered::Choice(Some(choice(1)))))]), None);
    form.enter(Key::Reading, text("ヤマダ"));
    form.enter(Key::Phones, Entered::Lines(vec!["090".to_owned()]));
    form.enter(MEMO, text("x"));
    assert_eq!(form.first_empty(), Some(MIDDLE));
}
