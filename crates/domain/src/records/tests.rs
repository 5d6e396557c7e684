use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::ids::{ChoiceId, FieldId};
use crate::phone::{E164, ShownNumber};

fn field(kind: Kind) -> Field {
    Field {
        id: FieldId(Uuid::from_u128(1)),
        owner: Owner::Customer,
        label: "会員番号".to_owned(),
        kind,
        required: false,
        help: String::new(),
        default: None,
        sensitive: None,
        active: true,
        position: 0,
    }
}

fn choice(n: u128, label: &str, under: &[u128]) -> Choice {
    let id = |n: &u128| ChoiceId(Uuid::from_u128(*n));
    Choice { id: id(&n), label: label.to_owned(), under: under.iter().map(id).collect(), active: true }
}

fn read(text: &str) -> Option<ShownNumber> {
    let e164 = E164::parse(text).ok()?;
    Some(ShownNumber { shown: text.to_owned(), e164 })
}

fn checked(kind: Kind, text: &str) -> Result<Option<Value>, Wrong> {
    check(&field(kind), &Entered::Text(text.to_owned()), &Values::new(), None, read)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

#[test]
fn a_line_takes_neither_line_breaks_nor_characters_that_lie() {
    assert_eq!(checked(Kind::Text, "  山田 太郎 "), Ok(Some(text("山田 太郎"))));
    assert_eq!(checked(Kind::Text, " \n "), Ok(None));
    for bad in ["a\nb", "a\0b", "evil\u{202E}txt.exe"] {
        assert_eq!(checked(Kind::Text, bad), Err(Wrong::ControlCharacter), "{bad:?}");
    }
    assert_eq!(checked(Kind::LongText, "a\r\nb"), Ok(Some(text("a\nb"))));
    assert_eq!(checked(Kind::Text, &"あ".repeat(501)), Err(Wrong::TooLong { max: 500 }));
    assert_eq!(checked(Kind::Text, "<script>alert(1)</script>"), Ok(Some(text("<script>alert(1)</script>"))));
}

#[test]
fn a_number_is_kept_without_needless_zeros() {
    for (typed, kept) in
        [("007", "7"), ("-0", "0"), ("1,234,567.50", "1234567.5"), ("−3", "-3"), ("0.000001", "0.000001")]
    {
        let Ok(Some(Value::Number(number))) = checked(Kind::Number, typed) else { panic!("{typed}") };
        assert_eq!(number.to_string(), kept);
    }
    for bad in ["1.2.3", "12,34", "x", ".", "1e9", "1234567890123456", "0.0000001"] {
        assert_eq!(checked(Kind::Number, bad), Err(Wrong::NotADecimal), "{bad}");
    }
}

#[test]
fn a_date_is_a_day_of_the_calendar() {
    for typed in ["2024-02-29", "2024/2/29", "20240229"] {
        assert_eq!(checked(Kind::Date, typed).unwrap().unwrap().text(|_| None), "2024-02-29");
    }
    for bad in ["2023-02-29", "2024-13-01", "2024-00-10", "24-01-01", "0000-01-01", "２０２４"] {
        assert_eq!(checked(Kind::Date, bad), Err(Wrong::NotADate), "{bad}");
    }
}

#[test]
fn an_address_has_one_sign_and_a_domain() {
    for good in ["a@example.jp", "山田@例え.jp", "a.b+c@x-y.example.com"] {
        assert!(checked(Kind::Email, good).unwrap().is_some(), "{good}");
    }
    for bad in ["a", "a@b", "@b.jp", "a@@b.jp", "a b@c.jp", "a@-b.jp", "a@b..jp", "a@b.jp\nBcc: x@y.jp"] {
        assert!(checked(Kind::Email, bad).is_err(), "{bad}");
    }
}

#[test]
fn a_parents_choice_narrows_that_of_its_child() {
    let parent = FieldId(Uuid::from_u128(9));
    let kind = Kind::Choice(Choices {
        parent: Some(parent),
        options: vec![choice(11, "故障", &[1]), choice(12, "請求", &[2])],
    });
    let Kind::Choice(choices) = &kind else { unreachable!() };
    let id = |n| ChoiceId(Uuid::from_u128(n));
    assert_eq!(choices.offered(None), Vec::<&Choice>::new());
    assert_eq!(choices.offered(Some(id(1))).len(), 1);
    let above = Values::from([(Key::Field(parent), Value::Choice(id(1)))]);
    let entered = |n| Entered::Choice(Some(id(n)));
    let field = field(kind.clone());
    assert_eq!(check(&field, &entered(11), &above, None, read), Ok(Some(Value::Choice(id(11)))));
    assert_eq!(check(&field, &entered(12), &above, None, read), Err(Wrong::NotOffered));
    assert_eq!(
        check(&field, &entered(12), &above, Some(&Value::Choice(id(12))), read),
        Ok(Some(Value::Choice(id(12))))
    );
}

#[test]
fn several_numbers_each_once() {
    let lines = |lines: &[&str]| Entered::Lines(lines.iter().map(|&line| line.to_owned()).collect());
    let Ok(Some(Value::Phones(numbers))) =
        check_built_in(Key::Phones, &lines(&["+81312345678", "", "+81312345678", "+819012345678"]), read)
    else {
        panic!("refused");
    };
    assert_eq!(numbers.len(), 2);
    assert_eq!(check_built_in(Key::Phones, &lines(&["x"]), read), Err(Wrong::NotANumber));
    assert_eq!(check_built_in(Key::Phones, &lines(&["", " "]), read), Ok(None));
}

#[test]
fn a_required_field_is_missing_while_it_is_empty() {
    let mut asked = field(Kind::Text);
    asked.required = true;
    assert_eq!(missing([&asked], |_| false), vec![asked.id]);
    assert_eq!(missing([&asked], |_| true), vec![]);
    asked.active = false;
    assert_eq!(missing([&asked], |_| false), vec![]);
}

#[test]
fn a_value_of_another_kind_stays_readable() {
    let number = Value::Number("12".parse().unwrap());
    assert_eq!(number.read_as(&Kind::Text, |_| None), Reading::Fits(Entered::Text("12".to_owned())));
    assert_eq!(text("plenty").read_as(&Kind::Number, |_| None), Reading::Old("plenty".to_owned()));
    let kind = Kind::Choice(Choices { parent: None, options: vec![choice(5, "大口", &[])] });
    let id = ChoiceId(Uuid::from_u128(5));
    assert_eq!(text("大口").read_as(&kind, |_| None), Reading::Fits(Entered::Choice(Some(id))));
    assert_eq!(
        Value::Choice(id).read_as(&Kind::Text, |_| Some("大口".to_owned())),
        Reading::Fits(Entered::Text("大口".to_owned()))
    );
}

fn some_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[a-z0-9\n]{1,8}".prop_map(Value::Text),
        (-1000i32..1000).prop_map(|n| Value::Number(n.to_string().parse().unwrap())),
        (1u8..=12, 1u8..=28).prop_map(|(month, day)| Value::Date(Date::of(2026, month, day).unwrap())),
        (1u128..4).prop_map(|n| Value::Choice(ChoiceId(Uuid::from_u128(n)))),
        Just(Value::Checked),
        "[a-z]{1,5}".prop_map(|name| Value::Email(format!("{name}@example.jp"))),
    ]
}

fn some_kind() -> impl Strategy<Value = Kind> {
    let choices = Choices { parent: None, options: vec![choice(1, "a", &[]), choice(2, "b", &[])] };
    prop_oneof![
        Just(Kind::Text),
        Just(Kind::LongText),
        Just(Kind::Number),
        Just(Kind::Date),
        Just(Kind::Choice(choices.clone())),
        Just(Kind::MultipleChoice(choices)),
        Just(Kind::Checkbox),
        Just(Kind::Phone),
        Just(Kind::Email),
    ]
}

const KEYS: [Key; 3] = [Key::Name, Key::Reading, Key::Phones];

fn some_record() -> impl Strategy<Value = Values> {
    prop::collection::btree_map(prop::sample::select(&KEYS[..]), "[ab]{1,2}".prop_map(Value::Text), 0..3)
}

fn difference(from: &Values, to: &Values) -> Vec<Change> {
    KEYS.into_iter()
        .filter(|key| from.get(key) != to.get(key))
        .map(|key| Change { key, before: Before::Saw(from.get(&key).cloned()), after: to.get(&key).cloned() })
        .collect()
}

proptest! {
    /// Another kind of field, and back: whatever a value is shown as meanwhile, nothing is destroyed, and what fits
    /// passes the field's own check unchanged.
    #[test]
    fn a_change_of_kind_destroys_no_value(value in some_value(), kind in some_kind()) {
        let label = |id: ChoiceId| Some(format!("choice {}", id.0.as_u128()));
        match value.read_as(&kind, label) {
            Reading::Old(text) => prop_assert_eq!(text, value.text(label)),
            Reading::Fits(entered) => {
                prop_assert!(!entered.is_empty() || value.text(label).trim().is_empty());
                let stored = check(&field(kind.clone()), &entered, &Values::new(), Some(&value), read);
                if let Some(stored) = stored.expect("what is shown as fitting fits") {
                    prop_assert_eq!(stored.read_as(&kind, label), Reading::Fits(match &entered {
                        Entered::Text(text) => Entered::Text(text.trim().to_owned()),
                        Entered::Lines(_) | Entered::Choice(_) | Entered::Choices(_) | Entered::Checked(_) => entered,
                    }));
                }
            }
        }
    }

    /// Alone on a record, every change is taken; and what one person did not touch stays as the other made it.
    #[test]
    fn two_peoples_changes_go_together_or_are_told_apart(
        base in some_record(), mine in some_record(), theirs in some_record()
    ) {
        prop_assert_eq!(merge(&base, &difference(&base, &mine)), Ok(mine.clone()));
        match merge(&theirs, &difference(&base, &mine)) {
            Ok(merged) => for key in KEYS {
                let (was, me, they) = (base.get(&key), mine.get(&key), theirs.get(&key));
                let expected = if me == was { they } else { me };
                prop_assert_eq!(merged.get(&key), expected);
                prop_assert!(me == was || they == was || me == they);
            },
            Err(conflicts) => {
                prop_assert!(!conflicts.is_empty());
                for Conflict { key, mine: me, theirs: they } in conflicts {
                    prop_assert_eq!(me.as_ref(), mine.get(&key));
                    prop_assert_eq!(they.as_ref(), theirs.get(&key));
                    prop_assert!(me != they && they.as_ref() != base.get(&key) && me.as_ref() != base.get(&key));
                }
            }
        }
    }

    /// Chosen field by field, a conflict ends: either choice is stored.
    #[test]
    fn a_conflict_ends_with_the_choice(base in some_record(), mine in some_record(), theirs in some_record(), take_mine: bool) {
        let changes = difference(&base, &mine);
        if let Err(conflicts) = merge(&theirs, &changes) {
            let settled: Vec<Change> = changes.into_iter().filter_map(|change| {
                let conflict = conflicts.iter().find(|conflict| conflict.key == change.key);
                match conflict {
                    None => Some(change),
                    Some(conflict) if take_mine => Some(Change { before: Before::Saw(conflict.theirs.clone()), ..change }),
                    Some(_) => None,
                }
            }).collect();
            let merged = merge(&theirs, &settled).expect("settled");
            for Conflict { key, mine, theirs } in conflicts {
                prop_assert_eq!(merged.get(&key), if take_mine { mine.as_ref() } else { theirs.as_ref() });
            }
        }
    }

    #[test]
    fn keys_and_values_survive_json(value in some_value(), id: u128) {
        let record = Values::from([(Key::Field(FieldId(Uuid::from_u128(id))), value)]);
        let json = serde_json::to_string(&record).unwrap();
        prop_assert_eq!(serde_json::from_str::<Values>(&json).unwrap(), record);
    }
}
