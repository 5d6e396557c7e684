//! The lists of records and the import, without a browser.

use domain::ids::{ChoiceId, CustomerId, FieldId, ImportId, InquiryId, UserId};
use domain::phone::{E164, ShownNumber};
use domain::records::{Choice, Choices, Field, Key, Kind, Owner, Value};
use domain::roles::Role;
use domain::time::Timestamp;
use uuid::Uuid;
use wire::Problem;
use wire::customers::{CustomerRow, Filter, ListQuery, Sort, SortBy, Total};
use wire::inquiries::{Inquiry, InquiryRow};
use wire::record_files::{Column, Duplicates, Import, ImportRow, ImportState};
use wire::records::{Fields, Shown, ShownValues, Stamp};

use super::import_model;
use super::model::{self, About, Cell, Page, Row};
use crate::text::{Language, Messages};

const PLAN: FieldId = FieldId(Uuid::from_u128(1));
const AGE: FieldId = FieldId(Uuid::from_u128(2));
const CARD: FieldId = FieldId(Uuid::from_u128(3));
const OLD: FieldId = FieldId(Uuid::from_u128(4));
const TOPIC: FieldId = FieldId(Uuid::from_u128(5));
const URGENT: FieldId = FieldId(Uuid::from_u128(6));
const GOLD: ChoiceId = ChoiceId(Uuid::from_u128(11));
const BASIC: ChoiceId = ChoiceId(Uuid::from_u128(12));
const SATO: UserId = UserId(Uuid::from_u128(21));
const SUZUKI: UserId = UserId(Uuid::from_u128(22));

fn ja() -> &'static Messages {
    Language::Ja.messages()
}

fn field(id: FieldId, owner: Owner, label: &str, kind: Kind) -> Field {
    Field {
        id,
        owner,
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

fn fields() -> Fields {
    let choice = |id, label: &str| Choice { id, label: label.to_owned(), under: Vec::new(), active: true };
    let plans = Choices { parent: None, options: vec![choice(GOLD, "ゴールド"), choice(BASIC, "標準")] };
    Fields {
        customer: vec![
            Field { active: false, ..field(OLD, Owner::Customer, "旧番号", Kind::Text) },
            field(PLAN, Owner::Customer, "プラン", Kind::Choice(plans)),
            field(AGE, Owner::Customer, "年数", Kind::Number),
            Field { sensitive: Some(Role::Supervisor), ..field(CARD, Owner::Customer, "会員証", Kind::Text) },
        ],
        inquiry: vec![
            field(TOPIC, Owner::Inquiry, "内容", Kind::LongText),
            field(URGENT, Owner::Inquiry, "至急", Kind::Checkbox),
        ],
        ..Fields::default()
    }
}

fn number(e164: &str, shown: &str) -> ShownNumber {
    ShownNumber { e164: E164::parse(e164).unwrap(), shown: shown.to_owned() }
}

fn text(text: &str) -> Shown {
    Shown::Plain(Value::Text(text.to_owned()))
}

fn customer(id: u128, values: &[(Key, Shown)]) -> Row {
    Row::from(CustomerRow {
        id: CustomerId(Uuid::from_u128(id)),
        values: values.iter().cloned().collect(),
        updated_at: Timestamp(5),
        last_contact: None,
    })
}

fn page(ids: &[u128], total: Total) -> Page {
    Page { rows: ids.iter().map(|id| customer(*id, &[])).collect(), next: None, total }
}

#[test]
fn a_row_is_drawn_by_its_columns() {
    let row = customer(
        7,
        &[
            (Key::Name, text("佐藤")),
            (
                Key::Phones,
                Shown::Plain(Value::Phones(vec![
                    number("+819012345678", "090-1234-5678"),
                    number("+81312345678", "03-1234-5678"),
                ])),
            ),
            (Key::Field(PLAN), Shown::Plain(Value::Choice(GOLD))),
            (Key::Field(AGE), Shown::Plain(Value::Number("12".parse().unwrap()))),
            (Key::Field(CARD), Shown::Masked { tail: "1234".to_owned(), may_unmask: true }),
            (Key::Field(OLD), text("一行目\n二行目")),
        ],
    );
    let columns = [
        Column::Field(Key::Name),
        Column::Field(Key::Phones),
        Column::Field(Key::Field(PLAN)),
        Column::Field(Key::Field(AGE)),
        Column::Field(Key::Field(CARD)),
        Column::Field(Key::Field(OLD)),
        Column::Field(Key::Reading),
        Column::Updated,
        Column::LastContact,
    ];
    let drawn = model::drawn(&row, &columns, &fields(), ja());
    assert_eq!(
        drawn.cells,
        [
            Cell::Text("佐藤".to_owned()),
            Cell::Phones(vec!["090-1234-5678".to_owned(), "03-1234-5678".to_owned()]),
            Cell::Text("ゴールド".to_owned()),
            Cell::Number("12".to_owned()),
            Cell::Text("•••• 1234".to_owned()),
            Cell::Text("一行目 二行目".to_owned()),
            Cell::Text(String::new()),
            Cell::Time(Some(Timestamp(5))),
            Cell::Time(None),
        ]
    );
    assert_eq!(drawn.address(), format!("/?customer={}", Uuid::from_u128(7)));
    assert_eq!(model::drawn(&customer(8, &[]), &columns, &fields(), ja()).name, "氏名未登録");
}

#[test]
fn an_inquiry_opens_its_customer_with_it() {
    let stamp = Stamp { at: Timestamp(3), by: Some(SATO), name: Some("佐藤".to_owned()) };
    let inquiry = Inquiry {
        id: InquiryId(Uuid::from_u128(9)),
        version: 1,
        customer: CustomerId(Uuid::from_u128(7)),
        interaction: None,
        values: ShownValues::new(),
        attachments: Vec::new(),
        created: stamp.clone(),
        updated: Stamp { at: Timestamp(4), ..stamp },
    };
    let row = Row::from(InquiryRow { inquiry, customer_name: "田中".to_owned() });
    let columns = model::columns(None, Owner::Inquiry, &fields());
    assert_eq!(
        columns,
        [
            Column::Created,
            Column::Customer,
            Column::Field(Key::Field(TOPIC)),
            Column::Field(Key::Field(URGENT)),
            Column::Writer
        ]
    );
    let drawn = model::drawn(&row, &columns, &fields(), ja());
    assert_eq!(drawn.cells.first(), Some(&Cell::Time(Some(Timestamp(3)))));
    assert_eq!(drawn.cells.last(), Some(&Cell::Text("佐藤".to_owned())));
    assert_eq!(drawn.address(), format!("/?customer={}&inquiry={}", Uuid::from_u128(7), Uuid::from_u128(9)));
}

#[test]
fn the_usual_columns_are_shown_until_others_are_chosen() {
    let usual = model::columns(None, Owner::Customer, &fields());
    assert_eq!(usual.first(), Some(&Column::Field(Key::Name)));
    assert!(usual.contains(&Column::Updated) && usual.contains(&Column::Field(Key::Field(PLAN))));
    assert!(!usual.contains(&Column::Field(Key::Field(OLD))), "retired");
    let gone = Column::Field(Key::Field(FieldId(Uuid::from_u128(99))));
    let chosen = [Column::LastContact, gone, Column::Field(Key::Name)];
    assert_eq!(
        model::columns(Some(&chosen), Owner::Customer, &fields()),
        [Column::LastContact, Column::Field(Key::Name)]
    );
    assert_eq!(model::columns(Some(&[gone]), Owner::Customer, &fields()), usual);
}

#[test]
fn columns_are_ticked_and_moved_and_the_last_one_stays() {
    let (name, reading) = (Column::Field(Key::Name), Column::Field(Key::Reading));
    assert_eq!(model::toggled(&[name], reading), [name, reading]);
    assert_eq!(model::toggled(&[name, reading], name), [reading]);
    assert_eq!(model::toggled(&[name], name), [name]);
    assert_eq!(model::earlier(&[name, reading], reading), [reading, name]);
    assert_eq!(model::earlier(&[name, reading], name), [name, reading]);
}

#[test]
fn the_arrow_stands_on_the_column_that_is_sorted_by() {
    let by_reading = Sort { by: SortBy::Reading, descending: false };
    let columns = [Column::Field(Key::Name), Column::Updated];
    assert_eq!(model::sorted_column(by_reading, Owner::Customer, &columns), Some(0));
    assert_eq!(model::sorted_column(Sort::default(), Owner::Customer, &columns), Some(1));
    assert_eq!(model::sorted_column(Sort::default(), Owner::Inquiry, &columns), None);
}

#[test]
fn a_field_offers_the_conditions_of_its_kind() {
    let fields = fields();
    let of = |key| model::conditions(About::Field(key), &fields, &[]);
    let (plan, card, urgent) = (Key::Field(PLAN), Key::Field(CARD), Key::Field(URGENT));
    assert_eq!(
        of(plan),
        [
            Filter::Is(plan, Value::Choice(GOLD)),
            Filter::Is(plan, Value::Choice(BASIC)),
            Filter::Filled(plan, true),
            Filter::Filled(plan, false)
        ]
    );
    assert_eq!(of(urgent), [Filter::Is(urgent, Value::Checked), Filter::Filled(urgent, false)]);
    assert_eq!(
        of(card),
        [Filter::Filled(card, true), Filter::Filled(card, false)],
        "it tells nothing of what is masked"
    );
    let writers = [(SATO, "佐藤".to_owned()), (SUZUKI, "鈴木".to_owned())];
    assert_eq!(model::conditions(About::Writer, &fields, &writers), [Filter::By(SATO), Filter::By(SUZUKI)]);
    let says = |filter| model::condition(&filter, &fields, ja(), &writers, |at| at.0.to_string());
    assert_eq!(says(Filter::Is(plan, Value::Choice(GOLD))), "ゴールド");
    assert_eq!(says(Filter::Is(urgent, Value::Checked)), "はい");
    assert_eq!(says(Filter::Filled(urgent, false)), "いいえ");
    assert_eq!(says(Filter::Filled(plan, false)), "入力なし");
    assert_eq!(says(Filter::Between(Timestamp(10), Timestamp(20))), "10–19", "the end is excluded");
    assert_eq!(says(Filter::Between(Timestamp(10), Timestamp(i64::MAX))), "10–");
    assert_eq!(says(Filter::By(SUZUKI)), "鈴木");
}

#[test]
fn a_condition_stands_once_and_a_span_takes_the_place_of_another() {
    let filled = Filter::Filled(Key::Reading, true);
    let span = |at| Filter::Between(Timestamp(at), Timestamp(at + 1));
    let all = [filled.clone(), span(1), Filter::By(SATO)];
    assert_eq!(model::with_filter(&all, span(5)), [filled.clone(), Filter::By(SATO), span(5)]);
    assert_eq!(model::with_filter(&all, Filter::By(SUZUKI)), [filled.clone(), span(1), Filter::By(SUZUKI)]);
    assert_eq!(model::with_filter(&all, filled.clone()), [span(1), Filter::By(SATO), filled]);
}

#[test]
fn the_range_counts_on_over_the_pages_and_says_where_counting_stopped() {
    let says = |before, total| model::range(ja(), before, &page(&[1, 2, 3], total));
    assert_eq!(says(0, Total::Exactly(1_234)).as_deref(), Some("1–3 / 1,234件"));
    assert_eq!(says(30, Total::AtLeast(10_000)).as_deref(), Some("1,501–1,503 / 10,000件以上"));
    assert_eq!(model::range(ja(), 0, &page(&[], Total::Exactly(0))), None);
    assert_eq!(
        ["7", "999", "1,000", "1,234,567"],
        [7, 999, 1_000, 1_234_567].map(model::grouped).each_ref().map(String::as_str)
    );
}

#[test]
fn rows_under_the_pointer_stay_where_they_are_and_take_what_is_new_about_them() {
    let shown = page(&[1, 2], Total::Exactly(2));
    let mut new = page(&[3, 2, 1], Total::Exactly(3));
    new.rows[1] = customer(2, &[(Key::Name, text("新しい名前"))]);
    let kept = shown.refreshed(&new);
    assert_eq!(kept.rows.iter().map(|row| row.customer.0.as_u128()).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(kept.rows[1].name, "新しい名前");
    assert_eq!(kept.total, Total::Exactly(3));
}

#[test]
fn an_export_asks_for_the_whole_list_as_it_is_on_display() {
    let query = ListQuery { search: "佐藤&".to_owned(), after: Some("x".to_owned()), ..ListQuery::default() };
    let address = model::export_address(Owner::Customer, &query, &[Column::Field(Key::Name)], &["氏名".to_owned()]);
    let (path, rest) = address.split_once('?').unwrap();
    assert_eq!(path, "/api/records/export");
    let part = |name: &str| {
        let part = rest.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}="))).unwrap();
        let mut bytes = part.bytes();
        let mut out = Vec::new();
        while let Some(byte) = bytes.next() {
            out.push(if byte == b'%' {
                let hex = [bytes.next().unwrap(), bytes.next().unwrap()];
                u8::from_str_radix(core::str::from_utf8(&hex).unwrap(), 16).unwrap()
            } else {
                byte
            });
        }
        String::from_utf8(out).unwrap()
    };
    assert_eq!(part("owner"), "customer");
    assert_eq!(serde_json::from_str::<ListQuery>(&part("query")).unwrap(), ListQuery { after: None, ..query });
    assert_eq!(serde_json::from_str::<Vec<Column>>(&part("columns")).unwrap(), [Column::Field(Key::Name)]);
    assert_eq!(part("headings"), "[\"氏名\"]");
}

#[test]
fn two_customers_are_asked_about_only_where_both_hold_something_else() {
    let masked = || Shown::Masked { tail: String::new(), may_unmask: false };
    let phones = |e164: &str| Shown::Plain(Value::Phones(vec![number(e164, e164)]));
    let keep = customer(
        1,
        &[
            (Key::Name, text("佐藤")),
            (Key::Reading, text("サトウ")),
            (Key::Phones, phones("+81312345678")),
            (Key::Field(CARD), masked()),
        ],
    );
    let absorb = customer(
        2,
        &[
            (Key::Name, text("佐藤 花子")),
            (Key::Reading, text("サトウ")),
            (Key::Phones, phones("+819012345678")),
            (Key::Field(PLAN), Shown::Plain(Value::Choice(GOLD))),
            (Key::Field(CARD), masked()),
        ],
    );
    let differs = model::differing(&keep, &absorb, &fields(), ja());
    assert_eq!(differs.iter().map(|differs| differs.key).collect::<Vec<_>>(), [Key::Name, Key::Field(CARD)]);
    assert_eq!(differs[0].values, ["佐藤".to_owned(), "佐藤 花子".to_owned()]);
}

#[test]
fn an_erasure_is_confirmed_by_the_name_or_else_the_number() {
    let phones = Shown::Plain(Value::Phones(vec![number("+81312345678", "03-1234-5678")]));
    assert_eq!(model::to_confirm(&customer(1, &[(Key::Name, text("佐藤"))]), ja()), "佐藤");
    assert_eq!(model::to_confirm(&customer(1, &[(Key::Phones, phones)]), ja()), "03-1234-5678");
    assert_eq!(model::to_confirm(&customer(1, &[]), ja()), "消去");
}

fn import(state: ImportState) -> Import {
    Import {
        id: ImportId(Uuid::from_u128(1)),
        name: "customers.csv".to_owned(),
        begun: Stamp { at: Timestamp(0), by: None, name: None },
        state,
        encoding: "Shift_JIS".to_owned(),
        header: vec!["お名前".to_owned(), "TEL".to_owned()],
        sample: vec![vec!["佐藤".to_owned(), "03".to_owned()]],
        mapping: vec![Some(Key::Name), None],
        duplicates: Duplicates::Ask,
        rows: 10,
        done: 0,
        created: 0,
        updated: 0,
        skipped: 0,
        refused: 0,
    }
}

#[test]
fn an_import_wants_a_name_or_a_number_and_each_field_once() {
    assert_eq!(import_model::why_not(&[Some(Key::Name), None], ja()), None);
    assert_eq!(import_model::why_not(&[None, Some(Key::Phones)], ja()), None);
    assert_eq!(import_model::why_not(&[Some(Key::Reading)], ja()), Some(ja().imports_needs_name));
    assert_eq!(import_model::why_not(&[Some(Key::Name), Some(Key::Name)], ja()), Some(ja().imports_twice));
    let targets = import_model::targets(&fields(), ja());
    assert_eq!(targets[0], (String::new(), "取り込まない".to_owned()));
    assert!(targets.iter().any(|(value, label)| *value == PLAN.to_string() && label == "プラン"));
    assert!(targets.iter().all(|(_, label)| label != "旧番号"), "nothing goes into a retired field");
}

#[test]
fn progress_keeps_the_sample_and_what_is_mapped_here() {
    let mut known = import(ImportState::Mapping);
    known.mapping = vec![Some(Key::Name), Some(Key::Phones)];
    let waiting = Import { sample: Vec::new(), mapping: vec![None, None], ..import(ImportState::Mapping) };
    import_model::told(&mut known, waiting);
    assert_eq!(known.mapping, [Some(Key::Name), Some(Key::Phones)]);
    assert_eq!(known.sample.len(), 1);
    let running = Import {
        sample: Vec::new(),
        mapping: vec![Some(Key::Name), None],
        done: 9,
        created: 4,
        skipped: 1,
        refused: 2,
        ..import(ImportState::Running)
    };
    import_model::told(&mut known, running);
    assert_eq!((known.state, known.done, known.sample.len()), (ImportState::Running, 9, 1));
    assert_eq!(known.mapping, [Some(Key::Name), None], "what runs is what the server says");
    assert_eq!(import_model::waiting(&known), 2);
}

#[test]
fn a_refused_row_names_its_columns() {
    let row = ImportRow {
        line: 3,
        cells: Vec::new(),
        wrong: vec![(1, Problem::NotANumber), (9, Problem::Unknown)],
        duplicate_of: None,
        duplicate_name: String::new(),
    };
    let said = import_model::reasons(&row, &import(ImportState::Done).header, ja());
    assert!(said.starts_with("TEL: "), "{said}");
    assert!(said.ends_with(&ja().problem(&Problem::Unknown)), "{said}");
}
