//! Which column goes to which field, and what a cell says there.

use domain::records::{Entered, Field, Key, Kind, fold};
use wire::Problem;

use crate::telephony::numbers::half_width;

/// What files call the built-in fields, in the languages of our customers, as [`plain`] leaves it.
const NAME: &[&str] =
    &["name", "fullname", "customername", "氏名", "名前", "お名前", "顧客名", "姓名", "이름", "성명", "성함", "고객명"];
const READING: &[&str] = &[
    "reading",
    "kana",
    "furigana",
    "ふりがな",
    "よみ",
    "よみがな",
    "かな",
    "氏名かな",
    "氏名ふりがな",
    "読み",
    "읽기",
    "발음",
];
const PHONES: &[&str] = &[
    "phones",
    "phone",
    "phonenumber",
    "phonenumbers",
    "tel",
    "telephone",
    "mobile",
    "電話番号",
    "電話",
    "携帯",
    "携帯電話",
    "tel番号",
    "連絡先",
    "전화번호",
    "전화",
    "휴대폰",
    "휴대전화",
    "연락처",
];

/// What people write for yes and for no.
const YES: &[&str] = &["1", "yes", "y", "true", "on", "はい", "有", "あり", "○", "◯", "✓", "✔", "예", "네", "유"];
const NO: &[&str] = &["0", "no", "n", "false", "off", "いいえ", "無", "なし", "×", "-", "아니오", "아니요", "무"];

/// A field for each column, each field at most once: by its name, or by what files call it.
pub(super) fn suggested(header: &[String], fields: &[Field]) -> Vec<Option<Key>> {
    let mut taken: Vec<Key> = Vec::new();
    header
        .iter()
        .map(|title| {
            let title = plain(title);
            let field = fields.iter().find(|field| field.active && plain(&field.label) == title);
            let key = match field {
                Some(field) => Key::Field(field.id),
                None if NAME.contains(&title.as_str()) => Key::Name,
                None if READING.contains(&title.as_str()) => Key::Reading,
                None if PHONES.contains(&title.as_str()) => Key::Phones,
                None => return None,
            };
            if taken.contains(&key) {
                return None;
            }
            taken.push(key);
            Some(key)
        })
        .collect()
}

/// What is wrong with a mapping of so many columns, if anything is.
pub(super) fn fault(mapping: &[Option<Key>], columns: usize, fields: &[Field]) -> Option<Problem> {
    let mapped: Vec<Key> = mapping.iter().flatten().copied().collect();
    let known = |key: &Key| match key {
        Key::Name | Key::Reading | Key::Phones => true,
        Key::Field(id) => fields.iter().any(|field| field.active && field.id == *id),
    };
    let twice = mapped.iter().enumerate().any(|(n, key)| mapped.iter().take(n).any(|before| before == key));
    if mapping.len() != columns || twice {
        Some(Problem::Malformed)
    } else if !mapped.contains(&Key::Name) && !mapped.contains(&Key::Phones) {
        Some(Problem::Required)
    } else if mapped.iter().all(known) {
        None
    } else {
        Some(Problem::Unknown)
    }
}

/// What a cell says in a field; none if the cell is empty.
///
/// # Errors
/// It says nothing that the field could hold.
pub(super) fn entered(key: Key, cell: &str, fields: &[Field]) -> Result<Option<Entered>, Problem> {
    let cell = cell.trim();
    if cell.is_empty() {
        return Ok(None);
    }
    let kind = match key {
        Key::Name | Key::Reading => &Kind::Text,
        Key::Phones => return Ok(Some(Entered::Lines(parts(cell)))),
        Key::Field(id) => &fields.iter().find(|field| field.id == id).ok_or(Problem::Unknown)?.kind,
    };
    let entered = match kind {
        Kind::Text | Kind::LongText | Kind::Number | Kind::Date | Kind::Phone | Kind::Email => {
            Entered::Text(cell.to_owned())
        }
        Kind::Checkbox => Entered::Checked(ticked(cell).ok_or(Problem::Malformed)?),
        Kind::Choice(choices) => {
            let wanted = plain(cell);
            let choice = choices.options.iter().find(|choice| choice.active && plain(&choice.label) == wanted);
            Entered::Choice(Some(choice.ok_or(Problem::NotOffered)?.id))
        }
        Kind::MultipleChoice(choices) => {
            let find = |text: &str| {
                let wanted = plain(text);
                choices.options.iter().find(|choice| choice.active && plain(&choice.label) == wanted)
            };
            // A choice may itself hold what parts two others.
            let chosen = match find(cell) {
                Some(choice) => Some(vec![choice.id]),
                None => parts(cell).iter().map(|part| find(part).map(|choice| choice.id)).collect(),
            };
            Entered::Choices(chosen.ok_or(Problem::NotOffered)?)
        }
    };
    Ok(Some(entered))
}

/// Several entries in one cell.
fn parts(cell: &str) -> Vec<String> {
    let parts = cell.split(['\n', '\r', ',', ';', '、', '，', '；', '/', '／']).map(str::trim);
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn ticked(cell: &str) -> Option<bool> {
    let said = fold(half_width(cell).trim());
    if YES.contains(&said.as_str()) {
        Some(true)
    } else if NO.contains(&said.as_str()) {
        Some(false)
    } else {
        None
    }
}

/// As people compare names of columns and choices: without spaces and signs, in one width, one kana and one case.
fn plain(text: &str) -> String {
    let folded = fold(&half_width(text.trim()));
    let plain: String = folded.chars().filter(|c| c.is_alphanumeric() && *c != 'ー').collect();
    // Names of nothing but signs are compared as they stand.
    if plain.is_empty() { folded } else { plain }
}

#[cfg(test)]
mod tests {
    use domain::ids::{ChoiceId, FieldId};
    use domain::records::{Choice, Choices, Owner};
    use uuid::Uuid;

    use super::*;

    fn field(n: u128, label: &str, kind: Kind) -> Field {
        Field {
            id: FieldId(Uuid::from_u128(n)),
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

    fn choices(labels: &[&str]) -> Choices {
        let choice = |(n, label): (u128, &&str)| Choice {
            id: ChoiceId(Uuid::from_u128(n)),
            label: (*label).to_owned(),
            under: Vec::new(),
            active: true,
        };
        Choices { parent: None, options: (1..).zip(labels).map(choice).collect() }
    }

    fn titles(titles: &[&str]) -> Vec<String> {
        titles.iter().map(|title| (*title).to_owned()).collect()
    }

    #[test]
    fn columns_are_recognised_by_what_files_call_them() {
        let mail = field(7, "メールアドレス", Kind::Email);
        let found = suggested(&titles(&["お名前", "フリガナ", "ＴＥＬ", "めーるあどれす", "備考", "氏名"]), &[mail]);
        let mail = Key::Field(FieldId(Uuid::from_u128(7)));
        assert_eq!(found, [Some(Key::Name), Some(Key::Reading), Some(Key::Phones), Some(mail), None, None]);
        assert_eq!(suggested(&titles(&["이름", "전화번호"]), &[]), [Some(Key::Name), Some(Key::Phones)]);
        assert_eq!(suggested(&titles(&["Phone Number", "Name"]), &[]), [Some(Key::Phones), Some(Key::Name)]);
    }

    #[test]
    fn a_mapping_needs_a_name_or_numbers_and_each_field_once() {
        let unknown = Some(Key::Field(FieldId(Uuid::from_u128(1))));
        assert_eq!(fault(&[Some(Key::Name), None], 2, &[]), None);
        assert_eq!(fault(&[Some(Key::Reading)], 1, &[]), Some(Problem::Required));
        assert_eq!(fault(&[Some(Key::Name), Some(Key::Name)], 2, &[]), Some(Problem::Malformed));
        assert_eq!(fault(&[Some(Key::Name)], 2, &[]), Some(Problem::Malformed));
        assert_eq!(fault(&[Some(Key::Name), unknown], 2, &[]), Some(Problem::Unknown));
    }

    #[test]
    fn a_cell_is_read_as_its_field_takes_it() {
        let fields = [
            field(1, "区分", Kind::Choice(choices(&["個人", "法人"]))),
            field(2, "興味", Kind::MultipleChoice(choices(&["A, B", "C", "D"]))),
            field(3, "会員", Kind::Checkbox),
        ];
        let key = |n| Key::Field(FieldId(Uuid::from_u128(n)));
        let read = |n, cell| entered(key(n), cell, &fields);
        let id = |n| ChoiceId(Uuid::from_u128(n));
        assert_eq!(read(1, " 法人 "), Ok(Some(Entered::Choice(Some(id(2))))));
        assert_eq!(read(1, "団体"), Err(Problem::NotOffered));
        assert_eq!(read(1, ""), Ok(None));
        assert_eq!(read(2, "C、Ｄ"), Ok(Some(Entered::Choices(vec![id(2), id(3)]))));
        assert_eq!(read(2, "a, b"), Ok(Some(Entered::Choices(vec![id(1)]))));
        assert_eq!(read(2, "C,X"), Err(Problem::NotOffered));
        assert_eq!(read(3, "○"), Ok(Some(Entered::Checked(true))));
        assert_eq!(read(3, "いいえ"), Ok(Some(Entered::Checked(false))));
        assert_eq!(read(3, "たぶん"), Err(Problem::Malformed));
        assert_eq!(
            entered(Key::Phones, "090-1234-5678 / 03-1234-5678", &fields),
            Ok(Some(Entered::Lines(vec!["090-1234-5678".to_owned(), "03-1234-5678".to_owned()])))
        );
    }
}
