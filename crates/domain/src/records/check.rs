//! Whether what was entered may be stored.

use serde::{Deserialize, Serialize};

use super::{Entered, Field, Key, Kind, Value, Values, has_control};
use crate::ids::FieldId;
use crate::phone::ShownNumber;

/// The longest line of text, in characters.
pub const TEXT: usize = 500;

/// The longest text of several lines, in characters.
pub const LONG_TEXT: usize = 20_000;

/// How many numbers a customer may have.
pub const MOST_PHONES: usize = 20;

/// How many choices a field may offer.
pub const MOST_CHOICES: usize = 500;

/// What is wrong with an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Wrong {
    /// Longer than allowed.
    #[error("longer than {max} characters")]
    TooLong {
        /// In characters.
        max: u32,
    },
    /// More entries than allowed.
    #[error("more than {max} entries")]
    TooMany {
        /// How many are allowed.
        max: u32,
    },
    /// Holds a control character.
    #[error("holds a control character")]
    ControlCharacter,
    /// Not a decimal number of up to 15 digits.
    #[error("not a number")]
    NotADecimal,
    /// Not a day of the calendar.
    #[error("not a date")]
    NotADate,
    /// Not a phone number.
    #[error("not a phone number")]
    NotANumber,
    /// Not an e-mail address.
    #[error("not an e-mail address")]
    NotAnEmail,
    /// A choice that is not offered (any more), or not under the parent's choice.
    #[error("not among the choices")]
    NotOffered,
    /// An input of another type than the field's.
    #[error("of another type than the field")]
    OfAnotherType,
    /// A retired field takes nothing new.
    #[error("the field is retired")]
    Retired,
}

fn too_long(max: usize) -> Wrong {
    Wrong::TooLong { max: u32::try_from(max).unwrap_or(u32::MAX) }
}

fn line(text: &str, max: usize, lines: bool) -> Result<Option<String>, Wrong> {
    // What a form on Windows sends for a line break.
    let text = text.replace("\r\n", "\n");
    let text = text.trim();
    if text.chars().count() > max {
        return Err(too_long(max));
    }
    if has_control(text, lines) {
        return Err(Wrong::ControlCharacter);
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// Whether the text could be an e-mail address: what HTML's `input type=email` takes, with a dot in the domain and
/// letters beyond ASCII before and after the sign (RFC 6531).
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"\"(),:;<>[\\]".contains(c);
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    !local.is_empty()
        && local.len() <= 64
        && !local.contains('@')
        && local.chars().all(plain)
        && domain.contains('.')
        && domain.len() <= 253
        && domain.split('.').all(label)
}

/// Checks an input of a defined field; `None` empties it. `above` are the values that the record will have, by which a
/// parent's choice narrows this one; `current` is what the field holds now: a retired choice may stay where it is.
///
/// # Errors
/// What is wrong with it.
pub fn check(
    field: &Field,
    entered: &Entered,
    above: &Values,
    current: Option<&Value>,
    read_number: impl Fn(&str) -> Option<ShownNumber>,
) -> Result<Option<Value>, Wrong> {
    if entered.is_empty() {
        return Ok(None);
    }
    if !field.active {
        return Err(Wrong::Retired);
    }
    match (&field.kind, entered) {
        (Kind::Text, Entered::Text(text)) => Ok(line(text, TEXT, false)?.map(Value::Text)),
        (Kind::LongText, Entered::Text(text)) => Ok(line(text, LONG_TEXT, true)?.map(Value::Text)),
        (Kind::Number, Entered::Text(text)) => {
            text.parse().map(|number| Some(Value::Number(number))).map_err(|_| Wrong::NotADecimal)
        }
        (Kind::Date, Entered::Text(text)) => {
            text.parse().map(|date| Some(Value::Date(date))).map_err(|_| Wrong::NotADate)
        }
        (Kind::Phone, Entered::Text(text)) => read_number(text).map(|n| Some(Value::Phone(n))).ok_or(Wrong::NotANumber),
        (Kind::Email, Entered::Text(text)) => {
            let Some(text) = line(text, 320, false)? else { return Ok(None) };
            if is_email(&text) { Ok(Some(Value::Email(text))) } else { Err(Wrong::NotAnEmail) }
        }
        (Kind::Checkbox, Entered::Checked(_)) => Ok(Some(Value::Checked)),
        (Kind::Choice(choices), Entered::Choice(Some(id))) => {
            let offered = choices.offered(choice_above(choices.parent, above)).iter().any(|choice| choice.id == *id);
            let stays = current == Some(&Value::Choice(*id)) && choices.get(*id).is_some();
            if offered || stays { Ok(Some(Value::Choice(*id))) } else { Err(Wrong::NotOffered) }
        }
        (Kind::MultipleChoice(choices), Entered::Choices(ids)) => {
            let offered = choices.offered(choice_above(choices.parent, above));
            let had: &[_] = if let Some(Value::Choices(had)) = current { had } else { &[] };
            if !ids.iter().all(|id| offered.iter().any(|choice| choice.id == *id) || had.contains(id)) {
                return Err(Wrong::NotOffered);
            }
            // In the order of the list, each once.
            let chosen = choices.options.iter().map(|choice| choice.id).filter(|id| ids.contains(id)).collect();
            Ok(Some(Value::Choices(chosen)))
        }
        (
            Kind::Text
            | Kind::LongText
            | Kind::Number
            | Kind::Date
            | Kind::Phone
            | Kind::Email
            | Kind::Checkbox
            | Kind::Choice(_)
            | Kind::MultipleChoice(_),
            Entered::Text(_) | Entered::Lines(_) | Entered::Choice(_) | Entered::Choices(_) | Entered::Checked(_),
        ) => Err(Wrong::OfAnotherType),
    }
}

/// The choice that the parent field holds.
fn choice_above(parent: Option<FieldId>, above: &Values) -> Option<crate::ids::ChoiceId> {
    match above.get(&Key::Field(parent?)) {
        Some(Value::Choice(choice)) => Some(*choice),
        Some(
            Value::Text(_)
            | Value::Number(_)
            | Value::Date(_)
            | Value::Choices(_)
            | Value::Checked
            | Value::Phone(_)
            | Value::Phones(_)
            | Value::Email(_),
        )
        | None => None,
    }
}

/// Checks an input of a built-in field of a customer; `None` empties it.
///
/// # Errors
/// What is wrong with it; a [`Key::Field`] is [`Wrong::OfAnotherType`].
pub fn check_built_in(
    key: Key,
    entered: &Entered,
    read_number: impl Fn(&str) -> Option<ShownNumber>,
) -> Result<Option<Value>, Wrong> {
    match (key, entered) {
        (Key::Name | Key::Reading, Entered::Text(text)) => Ok(line(text, 200, false)?.map(Value::Text)),
        (Key::Phones, Entered::Lines(lines)) => {
            let mut numbers: Vec<ShownNumber> = Vec::new();
            for line in lines.iter().filter(|line| !line.trim().is_empty()) {
                let number = read_number(line).ok_or(Wrong::NotANumber)?;
                if !numbers.iter().any(|known| known.e164 == number.e164) {
                    numbers.push(number);
                }
            }
            if numbers.len() > MOST_PHONES {
                return Err(Wrong::TooMany { max: u32::try_from(MOST_PHONES).unwrap_or(u32::MAX) });
            }
            Ok((!numbers.is_empty()).then_some(Value::Phones(numbers)))
        }
        (
            Key::Name | Key::Reading | Key::Phones | Key::Field(_),
            Entered::Text(_) | Entered::Lines(_) | Entered::Choice(_) | Entered::Choices(_) | Entered::Checked(_),
        ) => Err(Wrong::OfAnotherType),
    }
}

/// The required fields that are empty in a record: what A6 warns about, and what a form marks.
pub fn missing<'a>(fields: impl IntoIterator<Item = &'a Field>, holds: impl Fn(Key) -> bool) -> Vec<FieldId> {
    fields
        .into_iter()
        .filter(|field| field.active && field.required && !holds(Key::Field(field.id)))
        .map(|field| field.id)
        .collect()
}
