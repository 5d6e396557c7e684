//! What lists of customers and of inquiries have in common: conditions, and places where a page ended.

use domain::ids::UserId;
use domain::phone::ShownNumber;
use domain::records::{Key, Owner, Value};
use domain::time::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use wire::customers::{Filter, ListQuery, Sort, SortBy, Total};
use wire::records::Fields;
use wire::{ApiError, ApiResult, Problem};

/// How many rows a page holds.
pub const PAGE: usize = 50;
/// How far records are counted.
pub const COUNTED: i64 = 10_000;
/// How many hits of a search are brought into another order than that of the last update, or filtered.
pub const MOST_SORTED: usize = 5_000;
/// How far the hits of a search are counted while somebody types.
pub const COUNTED_HITS: usize = 1_000;

/// How many conditions of each kind a list may have.
const HELD: usize = 6;
const NOT_HELD: usize = 3;

/// The conditions of a list, as texts that a stored record, which is JSON, holds or does not hold. An empty one asks
/// nothing.
#[derive(Clone, Debug)]
pub struct Conditions {
    /// What the record must hold.
    pub held: [String; HELD],
    /// What it must not hold.
    pub not_held: [String; NOT_HELD],
    /// From when on.
    pub from: i64,
    /// Before when.
    pub to: i64,
    /// By whom; empty: by anybody.
    pub by: String,
}

impl Conditions {
    /// Reads the filters of a query.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] with `filters`: too many, or one about a sensitive field, whose value it would tell.
    pub fn read(fields: &Fields, owner: Owner, filters: &[Filter]) -> ApiResult<Self> {
        let wrong = |problem| ApiError::field("filters", problem);
        let (mut held, mut not_held) = (Vec::new(), Vec::new());
        let (mut from, mut to) = (i64::MIN, i64::MAX);
        let mut by: Option<UserId> = None;
        for filter in filters {
            match filter {
                Filter::Is(key, value) => {
                    let hidden = match key {
                        Key::Field(id) => fields.get(*id).ok_or_else(|| wrong(Problem::Unknown))?.sensitive.is_some(),
                        Key::Name | Key::Reading | Key::Phones => false,
                    };
                    if hidden {
                        return Err(wrong(Problem::Unknown));
                    }
                    held.extend(within(*key, value).ok_or_else(|| wrong(Problem::Malformed))?);
                }
                Filter::Filled(key, true) => held.push(beginning(*key)),
                Filter::Filled(key, false) => not_held.push(beginning(*key)),
                Filter::Between(first, end) => {
                    from = from.max(first.0);
                    to = to.min(end.0);
                }
                Filter::By(_) if owner == Owner::Customer => return Err(wrong(Problem::Malformed)),
                Filter::By(user) => {
                    if by.is_some_and(|other| other != *user) {
                        to = i64::MIN;
                    }
                    by = Some(*user);
                }
            }
        }
        let many = |max| wrong(Problem::TooMany { max: u32::try_from(max).unwrap_or(u32::MAX) });
        Ok(Self {
            held: slots(held).ok_or_else(|| many(HELD))?,
            not_held: slots(not_held).ok_or_else(|| many(NOT_HELD))?,
            from,
            to,
            by: by.map(|by| by.to_string()).unwrap_or_default(),
        })
    }
}

fn slots<const N: usize>(mut texts: Vec<String>) -> Option<[String; N]> {
    if texts.len() > N {
        return None;
    }
    texts.resize(N, String::new());
    texts.try_into().ok()
}

/// How a field begins in a stored record.
fn beginning(key: Key) -> String {
    format!("\"{key}\":")
}

/// What a record with this value holds. Quotes within a text are escaped in JSON, so that no text looks like a field.
fn within(key: Key, value: &Value) -> Option<Vec<String>> {
    let written = |value: &Value| serde_json::to_string(value).ok();
    // However a number is shown, it is the one.
    let number = |json: String| json.split(",\"shown\"").next().unwrap_or_default().to_owned();
    match value {
        // An id is of one field's choice alone, whether it stands by itself or among others.
        Value::Choice(id) => Some(vec![beginning(key), format!("\"{id}\"")]),
        Value::Choices(ids) => {
            Some(std::iter::once(beginning(key)).chain(ids.iter().map(|id| format!("\"{id}\""))).collect())
        }
        Value::Phone(_) => Some(vec![number(format!("{}{}", beginning(key), written(value)?))]),
        Value::Phones(numbers) => {
            let one = |shown: &ShownNumber| serde_json::to_string(shown).ok().map(number);
            numbers.iter().map(one).collect()
        }
        Value::Text(_) | Value::Number(_) | Value::Date(_) | Value::Checked | Value::Email(_) => {
            Some(vec![format!("{}{}", beginning(key), written(value)?)])
        }
    }
}

/// Whether a query is in the order of the last update, newest first, without a filter.
pub fn is_newest_first(query: &ListQuery) -> bool {
    query.sort == Sort { by: SortBy::Updated, descending: true } && query.filters.is_empty()
}

/// Where a page ended, as the desk passes it back.
///
/// # Errors
/// [`ApiError::Invalid`] with `after`.
pub fn place<T: DeserializeOwned>(after: Option<&String>) -> ApiResult<Option<T>> {
    let read = |text: &String| serde_json::from_str(text).map_err(|_| ApiError::field("after", Problem::Malformed));
    after.map(read).transpose()
}

/// The page, and the place where it ended if there is another: one more than a page was asked for.
pub fn cut<T: Serialize, R>(rows: &mut Vec<R>, place: impl Fn(&R) -> T) -> Option<String> {
    let more = rows.len() > PAGE;
    rows.truncate(PAGE);
    rows.last().filter(|_| more).and_then(|last| serde_json::to_string(&place(last)).ok())
}

/// A count that went no further than one more than `most`.
pub fn total(counted: i64, most: i64) -> Total {
    let n = u64::try_from(counted.min(most)).unwrap_or(0);
    if counted > most { Total::AtLeast(n) } else { Total::Exactly(n) }
}

/// A record's place in an order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Placed {
    /// How it sounds; empty where the order is that of time.
    pub sort_key: String,
    /// When it was changed or made; 0 where the order is that of readings.
    pub at: i64,
    /// Its id.
    pub id: String,
}

impl Placed {
    /// The place by what a list is sorted.
    pub fn by(by: SortBy, sort_key: String, at: Timestamp, id: String) -> Self {
        match by {
            SortBy::Reading => Self { sort_key, at: 0, id },
            SortBy::Updated => Self { sort_key: String::new(), at: at.0, id },
        }
    }
}

/// Sorts some records and gives at most `limit` after a place.
pub fn sorted(mut found: Vec<Placed>, sort: Sort, after: Option<&Placed>, limit: usize) -> Vec<Placed> {
    found.sort();
    if sort.descending {
        found.reverse();
    }
    let is_after = |placed: &Placed| match after {
        None => true,
        Some(after) if sort.descending => placed < after,
        Some(after) => placed > after,
    };
    found.into_iter().filter(is_after).take(limit).collect()
}

#[cfg(test)]
mod tests {
    use domain::ids::{ChoiceId, FieldId};
    use domain::records::Values;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn holds(values: &Values, key: Key, value: &Value) -> bool {
        let stored = serde_json::to_string(values).unwrap();
        within(key, value).unwrap().iter().all(|text| stored.contains(text.as_str()))
    }

    #[test]
    fn a_stored_record_holds_what_is_asked_for() {
        let choice = |n| ChoiceId(Uuid::from_u128(n));
        let (one, many) = (Key::Field(FieldId(Uuid::from_u128(1))), Key::Field(FieldId(Uuid::from_u128(2))));
        let values: Values = [
            (Key::Name, Value::Text("\"山\\田\"".to_owned())),
            (one, Value::Choice(choice(7))),
            (many, Value::Choices(vec![choice(8), choice(9)])),
        ]
        .into();
        assert!(holds(&values, Key::Name, &Value::Text("\"山\\田\"".to_owned())));
        assert!(!holds(&values, Key::Name, &Value::Text("山".to_owned())));
        assert!(holds(&values, one, &Value::Choice(choice(7))));
        assert!(holds(&values, many, &Value::Choice(choice(9))));
        assert!(!holds(&values, many, &Value::Choice(choice(10))));
    }

    proptest! {
        /// Whatever somebody typed into one field, it is not taken for another.
        #[test]
        fn no_text_looks_like_a_field(text in "[\"{}:,\\\\a-z]{0,30}|\"reading\":\\{\"text\":\"x\"\\}|\",\"reading\":") {
            let values: Values = [(Key::Name, Value::Text(text))].into();
            prop_assert!(!holds(&values, Key::Reading, &Value::Text("x".to_owned())));
            let stored = serde_json::to_string(&values).unwrap();
            prop_assert!(!stored.contains(&beginning(Key::Reading)));
        }
    }
}
