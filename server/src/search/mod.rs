//! Full-text search over records: any part of a name, a reading, a number or a field, newest first.
//!
//! A slice that keeps records gives each a [`Document`] in the unit of work that saves it ([`index`]), takes it out again
//! in the one that erases it ([`remove`]), and asks with what somebody typed ([`Query`], [`find`]).
//!
//! - The order is that of the last update: a record that is indexed again gets a new place, before all others.
//! - A page begins after the place of the last hit of the page before, so that nothing is shown twice or left out; what
//!   is updated meanwhile moves to the front.
//! - Several words must all be there, each anywhere in the record; how text is compared is told in `normalise`.
//!
//! **Invariant:** what is found holds every word that was typed (at most [`MOST_WORDS`] count); nothing here knows what
//! a record is, or who may see it.

mod document;
mod normalise;
mod query;
mod store;
#[cfg(test)]
mod tests;

pub use document::Document;
pub use query::{MOST_WORDS, Query};
pub use store::{find, index, remove};

/// A text as it is compared: in one width, one kana and one case, without signs.
pub fn folded(text: &str) -> String {
    normalise::normalise(text)
}

/// What is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Corpus {
    /// Customers.
    Customers,
    /// Inquiries.
    Inquiries,
}

/// A record that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Its place in the order: higher is newer. Asked for what is `before` it, the search goes on.
    pub place: i64,
    /// Its id, as it was indexed.
    pub id: String,
}
