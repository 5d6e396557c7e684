//! Records: customers, their inquiries, and the fields that the administrator defines for both.
//!
//! ```text
//! what was typed (Entered) ──check──► Value ──stored──► read as the field's kind of today ──► Entered again, or readable
//!                                       │
//!            change {before, after} ──merge──► the record of now, or a conflict, field by field
//! ```
//!
//! A stored value keeps the type with which it was stored: another kind of field only changes how it is read, so that
//! changing it back loses nothing. Words are the desk's; a wrong input is a [`Wrong`].

mod change;
mod check;
mod field;
mod kana;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeMap;

pub use change::{Before, Change, Conflict, merge};
pub use check::{LONG_TEXT, MOST_CHOICES, MOST_PHONES, TEXT, Wrong, check, check_built_in, missing};
pub use field::{Choice, Choices, Field, Key, Kind, Owner};
pub use kana::{fold, has_control};
pub use value::{Date, Decimal, Entered, Reading, Value};

/// The values of a record; what is empty is absent.
pub type Values = BTreeMap<Key, Value>;
