//! The fields of customers and inquiries, and what the records of both have in common.
//!
//! ```text
//!  administrator ─► port ─► check ─► store                      fields, in their order
//!  a form's changes ─► form ─► domain::records::merge           values, checked against the fields of now
//!  a stored record ─► shown                                     what this role may see of it
//! ```
//!
//! A field is never deleted, and neither is a choice: retired, both stay readable where records hold them, also after
//! the field has become of another kind.
//!
//! **Invariant:** nothing here writes a record. A sensitive value leaves this slice masked, whoever asks.

mod check;
mod form;
mod listing;
mod port;
mod shown;
mod store;
#[cfg(test)]
mod tests;

pub use form::{Form, here};
pub use listing::{
    COUNTED, COUNTED_HITS, Conditions, MOST_SORTED, PAGE, Placed, cut, is_newest_first, place, sorted, total,
};
pub use port::Records;
pub use shown::{add_fields, in_words, shown, unmasked};
pub use store::in_tx as fields_in;

use domain::ids::UserId;
use domain::time::Timestamp;
use wire::records::Stamp;

/// A stamp from its columns.
pub fn stamp(at: i64, by: Option<UserId>, name: Option<String>) -> Stamp {
    Stamp { at: Timestamp(at), by, name }
}
