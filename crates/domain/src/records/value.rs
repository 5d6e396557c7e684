//! What a field holds, and what somebody enters into it.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Choices, Kind};
use crate::ids::ChoiceId;
use crate::phone::ShownNumber;

/// A stored value, with the type with which it was stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Text of one or several lines, not empty.
    Text(String),
    /// A number.
    Number(Decimal),
    /// A day.
    Date(Date),
    /// One choice.
    Choice(ChoiceId),
    /// Several choices, at least one, in the order of the list.
    Choices(Vec<ChoiceId>),
    /// A tick; one that is absent is absent.
    Checked,
    /// A phone number.
    Phone(ShownNumber),
    /// A customer's phone numbers, at least one, each once.
    Phones(Vec<ShownNumber>),
    /// An e-mail address.
    Email(String),
}

/// What an input holds while somebody types: anything, right or wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entered {
    /// In a field that is written: text, number, date (`2026-11-22`), phone, e-mail.
    Text(String),
    /// In the phone numbers of a customer: one a line, empty lines count for nothing.
    Lines(Vec<String>),
    /// In a field of which one is chosen.
    Choice(Option<ChoiceId>),
    /// In a field of which several are chosen.
    Choices(Vec<ChoiceId>),
    /// A tick.
    Checked(bool),
}

impl Entered {
    /// Whether nothing is entered.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.trim().is_empty(),
            Self::Lines(lines) => lines.iter().all(|line| line.trim().is_empty()),
            Self::Choice(choice) => choice.is_none(),
            Self::Choices(choices) => choices.is_empty(),
            Self::Checked(checked) => !checked,
        }
    }
}

/// A stored value as a field of today's kind shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// It fits, and can be edited.
    Fits(Entered),
    /// The field has become something that this value is not: readable, and kept until another replaces it.
    Old(String),
}

impl Value {
    /// The value as a field of this kind shows it. `label` names a choice of any field, retired ones too.
    pub fn read_as(&self, kind: &Kind, label: impl Fn(ChoiceId) -> Option<String>) -> Reading {
        let text = self.text(&label);
        let old = || Reading::Old(text.clone());
        match kind {
            Kind::Text => {
                if text.contains('\n') {
                    old()
                } else {
                    Reading::Fits(Entered::Text(text))
                }
            }
            Kind::LongText => Reading::Fits(Entered::Text(text)),
            Kind::Number => match text.parse::<Decimal>() {
                Ok(number) => Reading::Fits(Entered::Text(number.to_string())),
                Err(_) => old(),
            },
            Kind::Date => match text.parse::<Date>() {
                Ok(date) => Reading::Fits(Entered::Text(date.to_string())),
                Err(_) => old(),
            },
            Kind::Choice(choices) => match self.chosen_in(choices, &text).as_slice() {
                [one] => Reading::Fits(Entered::Choice(Some(*one))),
                _ => old(),
            },
            Kind::MultipleChoice(choices) => {
                let chosen = self.chosen_in(choices, &text);
                if chosen.is_empty() { old() } else { Reading::Fits(Entered::Choices(chosen)) }
            }
            Kind::Checkbox => {
                if matches!(self, Self::Checked) {
                    Reading::Fits(Entered::Checked(true))
                } else {
                    old()
                }
            }
            Kind::Phone => match self {
                Self::Phone(number) => Reading::Fits(Entered::Text(number.shown.clone())),
                Self::Text(_)
                | Self::Number(_)
                | Self::Date(_)
                | Self::Choice(_)
                | Self::Choices(_)
                | Self::Checked
                | Self::Phones(_)
                | Self::Email(_) => old(),
            },
            Kind::Email => {
                if super::check::is_email(&text) {
                    Reading::Fits(Entered::Text(text))
                } else {
                    old()
                }
            }
        }
    }

    /// What an input of its own type holds: for the built-in fields.
    pub fn entered(&self) -> Entered {
        match self {
            Self::Text(text) | Self::Email(text) => Entered::Text(text.clone()),
            Self::Number(number) => Entered::Text(number.to_string()),
            Self::Date(date) => Entered::Text(date.to_string()),
            Self::Choice(choice) => Entered::Choice(Some(*choice)),
            Self::Choices(choices) => Entered::Choices(choices.clone()),
            Self::Checked => Entered::Checked(true),
            Self::Phone(number) => Entered::Text(number.shown.clone()),
            Self::Phones(numbers) => Entered::Lines(numbers.iter().map(|number| number.shown.clone()).collect()),
        }
    }

    /// In words, on one line or as many as were typed. A choice that nobody knows any more has none.
    pub fn text(&self, label: impl Fn(ChoiceId) -> Option<String>) -> String {
        match self {
            Self::Text(text) | Self::Email(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Date(date) => date.to_string(),
            Self::Choice(choice) => label(*choice).unwrap_or_default(),
            Self::Choices(choices) => choices.iter().filter_map(|choice| label(*choice)).collect::<Vec<_>>().join(", "),
            Self::Checked => "✓".to_owned(),
            Self::Phone(number) => number.shown.clone(),
            Self::Phones(numbers) => numbers.iter().map(|number| number.shown.as_str()).collect::<Vec<_>>().join(", "),
        }
    }

    /// Which of the choices this value is: by id, or by the very words.
    fn chosen_in(&self, choices: &Choices, text: &str) -> Vec<ChoiceId> {
        let known = |id: &ChoiceId| choices.get(*id).map(|choice| choice.id);
        match self {
            Self::Choice(id) => known(id).into_iter().collect(),
            // All or nothing: half of a value would look like the whole.
            Self::Choices(ids) => ids.iter().map(known).collect::<Option<Vec<_>>>().unwrap_or_default(),
            Self::Text(_)
            | Self::Number(_)
            | Self::Date(_)
            | Self::Checked
            | Self::Phone(_)
            | Self::Phones(_)
            | Self::Email(_) => {
                choices.options.iter().find(|choice| choice.label == text).map(|choice| choice.id).into_iter().collect()
            }
        }
    }
}

/// A decimal number as people write it: up to 15 digits before the point and 6 after, kept without needless zeros.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Decimal(String);

/// The text is no decimal number, or too long a one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a number of up to 15 digits, with up to 6 more after the point")]
pub struct NotADecimal;

impl FromStr for Decimal {
    type Err = NotADecimal;

    fn from_str(text: &str) -> Result<Self, NotADecimal> {
        let text = text.trim();
        let (negative, digits) = match text.strip_prefix(['-', '−']) {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        // Thousands as they are pasted from elsewhere: 1,234,567.
        let grouped = whole.contains(',') && whole.split(',').skip(1).all(|group| group.len() == 3);
        let whole = if grouped { whole.replace(',', "") } else { whole.to_owned() };
        let digits_only = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits_only(&whole) || !digits_only(part) {
            return Err(NotADecimal);
        }
        let whole = whole.trim_start_matches('0');
        let part = part.trim_end_matches('0');
        if whole.len() > 15 || part.len() > 6 {
            return Err(NotADecimal);
        }
        let whole = if whole.is_empty() { "0" } else { whole };
        let sign = if negative && !(whole == "0" && part.is_empty()) { "-" } else { "" };
        let point = if part.is_empty() { "" } else { "." };
        Ok(Self(format!("{sign}{whole}{point}{part}")))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Decimal {
    type Error = NotADecimal;

    fn try_from(text: String) -> Result<Self, NotADecimal> {
        text.parse()
    }
}

impl From<Decimal> for String {
    fn from(number: Decimal) -> Self {
        number.0
    }
}

/// A day of the Gregorian calendar between the years 1 and 9999, without a time or a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// The text is no day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a day of the calendar, such as 2026-11-22")]
pub struct NotADate;

impl Date {
    /// The day, if the calendar has it.
    ///
    /// # Errors
    /// [`NotADate`].
    pub fn of(year: u16, month: u8, day: u8) -> Result<Self, NotADate> {
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return Err(NotADate),
        };
        if (1..=9999).contains(&year) && (1..=days).contains(&day) {
            Ok(Self { year, month, day })
        } else {
            Err(NotADate)
        }
    }
}

impl FromStr for Date {
    type Err = NotADate;

    /// Reads `2026-11-22`, `2026/11/22`, `2026.11.22` and `20261122`.
    fn from_str(text: &str) -> Result<Self, NotADate> {
        let text = text.trim();
        let parts: Vec<&str> = match text.split(['-', '/', '.']).collect::<Vec<_>>().as_slice() {
            [year, month, day] => vec![year, month, day],
            [all] if all.len() == 8 && all.is_ascii() => {
                vec![
                    all.get(..4).unwrap_or_default(),
                    all.get(4..6).unwrap_or_default(),
                    all.get(6..).unwrap_or_default(),
                ]
            }
            _ => return Err(NotADate),
        };
        let number = |text: &str, longest: usize| -> Result<u16, NotADate> {
            let fits = (1..=longest).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
            if fits { text.parse().map_err(|_| NotADate) } else { Err(NotADate) }
        };
        match parts.as_slice() {
            [year, month, day] if year.len() == 4 => {
                let small = |text| number(text, 2).and_then(|value| u8::try_from(value).map_err(|_| NotADate));
                Self::of(number(year, 4)?, small(month)?, small(day)?)
            }
            _ => Err(NotADate),
        }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl TryFrom<String> for Date {
    type Error = NotADate;

    fn try_from(text: String) -> Result<Self, NotADate> {
        text.parse()
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.to_string()
    }
}
