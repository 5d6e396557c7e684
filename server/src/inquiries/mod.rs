//! Inquiries: what a customer wanted, with the fields that the administrator defined and with files.
//!
//! An inquiry is written about a call that its writer had or may see, or about none; it belongs to one customer and never
//! changes hands by a save, only where two customers become one. Files come first, by [`routes`]: one that no inquiry
//! takes within a day is forgotten, unless a draft names it.
//!
//! **Invariant:** somebody who may not see a call cannot write about it, and a file is seen by whoever sent it and, once
//! it is attached, by whoever may see the inquiry.

mod attachments;
mod belongings;
mod list;
mod port;
mod save;
mod store;
#[cfg(test)]
pub(crate) mod tests;

use async_trait::async_trait;
use domain::ids::{CustomerId, FileId, InteractionId};
use domain::records::Values;
use wire::ApiResult;
use wire::session::Actor;

pub use self::attachments::routes;
pub use self::belongings::{Erased, erase, give, give_back, index_all};
pub use self::list::InquiryLine;
pub use self::port::Inquiries;

/// What the slice asks of others.
#[async_trait]
pub trait Surroundings: Send + Sync {
    /// Whether this user has the call on the desk, or sees it in the list of calls.
    async fn may_write_about(&self, actor: &Actor, call: InteractionId) -> ApiResult<bool>;
    /// Whose the call is, and what the record holds.
    async fn customer_of(&self, call: InteractionId) -> ApiResult<Option<(CustomerId, Values)>>;
    /// Whoever shows this call looks again whose it is.
    fn look_again(&self, call: InteractionId);
    /// Whether a draft of anybody names this file.
    async fn names_file(&self, file: FileId) -> ApiResult<bool>;
}
