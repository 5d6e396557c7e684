//! Records as files: CSV out of the house and into it, and the columns that people choose for their lists.
//!
//! ```text
//!  upload ─► encoding ─► table ─► store       every row is kept before the file is answered for
//!  run ─► runner: rows of now ─► mapping ─► Records::take ─► store        one unit of work: the customers that the rows
//!                                                                         made, the rows gone, and how far it is
//!  export ─► Records::ids ─► Records::lines, 500 at a time ─► table ─► the browser
//! ```
//!
//! An import goes on where it stood after a restart: a row is there, or its customer is, never both and never neither. A
//! row that cannot be taken stays, with what is wrong with it; a duplicate stays until somebody decides. Rows that were
//! never taken are forgotten after 30 days.
//!
//! **Invariant:** nothing leaves without a line in the audit log, or more than the role may see; no cell leaves as a
//! formula.

mod cells;
mod encoding;
mod export;
mod mapping;
mod port;
mod routes;
mod runner;
mod store;
mod table;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::HashMap;

use async_trait::async_trait;
use domain::ids::{CustomerId, UserId};
use domain::records::{Entered, Key, Owner};
use domain::time::Timestamp;
use wire::customers::ListQuery;
use wire::record_files::Duplicates;
use wire::records::{Fields, ShownValues};
use wire::session::Actor;
use wire::{ApiResult, Problem};

pub use self::port::RecordFiles;
pub use self::routes::routes;
use crate::db::Tx;

/// What the slice asks of those who keep records.
#[async_trait]
pub trait Records: Send + Sync {
    /// All fields.
    async fn fields(&self) -> ApiResult<Fields>;
    /// Takes a customer from a file within this unit of work: makes one, or does to the one who is there what `how` says.
    async fn take(
        &self,
        tx: &mut Tx,
        by: Option<UserId>,
        entered: Vec<(Key, Entered)>,
        how: Duplicates,
    ) -> ApiResult<Taken>;
    /// Some customers were taken, and are durable: who shows them looks again.
    fn taken(&self);
    /// The names of these customers; one who is gone is absent.
    async fn names(&self, customers: &[CustomerId]) -> ApiResult<HashMap<CustomerId, String>>;
    /// Every record that a query finds, in its order.
    async fn ids(&self, actor: &Actor, owner: Owner, query: ListQuery) -> ApiResult<Vec<String>>;
    /// Those of these records that are still there, in this order, as the actor may see them.
    async fn lines(&self, actor: &Actor, owner: Owner, ids: Vec<String>) -> ApiResult<Vec<Line>>;
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// A new customer.
    Created,
    /// A customer who was there has what the row says.
    Updated,
    /// Left out: the customer is there.
    Skipped,
    /// It waits until somebody decides: this customer is there.
    Duplicate(CustomerId),
    /// Nothing of it is stored.
    Refused(Vec<(Key, Problem)>),
}

/// A record as it is exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// All filled fields.
    pub values: ShownValues,
    /// When it was made.
    pub created: Timestamp,
    /// The last change.
    pub updated: Timestamp,
    /// The last contact; of customers.
    pub last_contact: Option<Timestamp>,
    /// Who wrote it; of inquiries.
    pub writer: Option<String>,
    /// Whose it is; of inquiries.
    pub customer: Option<String>,
}
