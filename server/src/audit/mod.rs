//! The trail of what was done: who, when, what, to whom or what, and which fields changed.
//!
//! A slice that changes something [`record`]s it in the same unit of work, so that there is no change without its line
//! and no line without its change. Lines are only ever added: nothing here updates or deletes one.
//!
//! **Invariant:** no secret and no customer's personal data ever stands in a line; [`Changes::secret`] says that a
//! secret was set, never which.

mod changes;
mod store;
#[cfg(test)]
mod tests;

pub use changes::Changes;
pub use store::{page, record};

use domain::ids::UserId;

/// One line to be written.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Who did it; none for the command line and the server itself.
    pub who: Option<UserId>,
    /// What, as a code: `queue.saved`.
    pub what: &'static str,
    /// About whom or what, as it is named now.
    pub subject: String,
    /// Which fields changed.
    pub changes: Changes,
}
