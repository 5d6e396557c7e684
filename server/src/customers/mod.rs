//! Customers: who somebody is, what they had with us, and two people's changes to one record.
//!
//! ```text
//!  desk ─► port ─┬─► save ──► records::Form ──► domain::records::merge ──► store      one unit of work
//!                ├─► timeline, merge, erase
//!                └─► viewers                                                          in memory
//!  telephony ─► people: whose number is it?
//! ```
//!
//! A record that was merged into another is found as that one. Numbers compare in E.164.
//!
//! **Invariant:** a record is taken for writing before it is read, so that of two who save at once the second sees what
//! the first stored. What is erased is gone from every table, and its id is never used again.

mod arrivals;
mod erase;
mod list;
mod merge;
mod order;
mod people;
mod port;
mod save;
mod searched;
mod store;
#[cfg(test)]
pub(crate) mod tests;
mod timeline;
mod viewers;

use async_trait::async_trait;
use domain::ids::{CustomerId, FileId, InteractionId};
use domain::phone::E164;
use domain::records::Value;
use domain::time::Timestamp;
use wire::ApiResult;
use wire::inquiries::Inquiry;
use wire::interactions::CallRow;
use wire::session::Actor;

pub use self::arrivals::{Arrival, Bringer, WhenThere, arrive};
pub use self::list::CustomerLine;
pub use self::people::{Known, Whose};
pub use self::port::Customers;
pub use self::searched::add_whom;
pub use self::store::{living, record_in};

/// What the slice asks of others.
#[async_trait]
pub trait Surroundings: Send + Sync {
    /// Whether this user has the call on the desk, or sees it in the list of calls.
    async fn may_write_about(&self, actor: &Actor, call: InteractionId) -> ApiResult<bool>;
    /// At most `limit` calls of a customer that began before then, latest first, whoever had them.
    async fn calls_of(&self, customer: CustomerId, before: Timestamp, limit: usize) -> ApiResult<Vec<CallRow>>;
    /// At most `limit` inquiries of a customer that were made before then, latest first.
    async fn inquiries_of(
        &self,
        actor: &Actor,
        customer: CustomerId,
        before: Timestamp,
        limit: usize,
    ) -> ApiResult<Vec<Inquiry>>;
    /// Whoever shows one of these calls, or a call with one of these customers or numbers, looks again.
    fn look_again(&self, changed: Changed);
    /// These files are named by nothing any more.
    async fn forget_files(&self, files: Vec<FileId>);
}

/// What may be shown otherwise now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Calls with these customers.
    pub customers: Vec<CustomerId>,
    /// Calls with these numbers.
    pub numbers: Vec<E164>,
    /// This call.
    pub call: Option<InteractionId>,
}

/// The numbers of a record.
fn numbers(value: Option<&Value>) -> Vec<E164> {
    match value {
        Some(Value::Phones(numbers)) => numbers.iter().map(|number| number.e164.clone()).collect(),
        Some(
            Value::Text(_)
            | Value::Number(_)
            | Value::Date(_)
            | Value::Choice(_)
            | Value::Choices(_)
            | Value::Checked
            | Value::Phone(_)
            | Value::Email(_),
        )
        | None => Vec::new(),
    }
}

/// A built-in field's text; empty where there is none.
fn text(value: Option<&Value>) -> String {
    match value {
        Some(Value::Text(text)) => text.clone(),
        Some(
            Value::Number(_)
            | Value::Date(_)
            | Value::Choice(_)
            | Value::Choices(_)
            | Value::Checked
            | Value::Phone(_)
            | Value::Phones(_)
            | Value::Email(_),
        )
        | None => String::new(),
    }
}
