//! What a role may see of a record.

use crate::search::Document;
use domain::records::{Key, Owner, Value, Values};
use domain::roles::Role;
use wire::records::{Fields, Shown, ShownValues};
use wire::{ApiError, ApiResult};

/// How many characters at the end of a masked value are shown.
const TAIL: usize = 4;
/// How many it must have for that.
const LONG_ENOUGH: usize = 8;

/// The record as this role sees it: sensitive values masked for everybody.
pub fn shown(fields: &Fields, values: &Values, role: Role) -> ShownValues {
    let show = |(key, value): (&Key, &Value)| {
        let least = match key {
            Key::Name | Key::Reading | Key::Phones => None,
            // A value of a field that nobody knows is nobody's to see.
            Key::Field(id) => fields.get(*id)?.sensitive,
        };
        let shown = match least {
            None => Shown::Plain(value.clone()),
            Some(least) => Shown::Masked { tail: tail(&in_words(fields, value)), may_unmask: role >= least },
        };
        Some((*key, shown))
    };
    values.iter().filter_map(show).collect()
}

fn tail(text: &str) -> String {
    let length = text.chars().count();
    if length < LONG_ENOUGH { String::new() } else { text.chars().skip(length - TAIL).collect() }
}

/// The value behind a mask, for who may see it.
///
/// # Errors
/// [`ApiError::Forbidden`] below the field's role, [`ApiError::NotFound`] for a key that is no field of this record.
pub fn unmasked(fields: &Fields, owner: Owner, values: &Values, key: Key, role: Role) -> ApiResult<Option<Value>> {
    let least = match key {
        Key::Name | Key::Reading | Key::Phones => None,
        Key::Field(id) => fields.of(owner).iter().find(|field| field.id == id).ok_or(ApiError::NotFound)?.sensitive,
    };
    if least.is_some_and(|least| role < least) {
        return Err(ApiError::Forbidden);
    }
    Ok(values.get(&key).cloned())
}

/// Adds what can be found of the defined fields: not what is sensitive, for a hit would tell it.
pub fn add_fields(document: &mut Document, fields: &Fields, values: &Values) {
    for (key, value) in values {
        let Key::Field(id) = key else { continue };
        match (fields.get(*id), value) {
            (Some(field), _) if field.sensitive.is_some() => {}
            (Some(_), Value::Phone(number)) => {
                document.phone(&number.e164);
            }
            (Some(_), value) => {
                document.text(&in_words(fields, value));
            }
            (None, _) => {}
        }
    }
}

/// A value in words.
pub fn in_words(fields: &Fields, value: &Value) -> String {
    value.text(|id| fields.choice(id).map(str::to_owned))
}
