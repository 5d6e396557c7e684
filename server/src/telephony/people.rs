//! Who the callers are, as calls ask it: a door to whoever keeps customers.

use async_trait::async_trait;
use domain::ids::{CustomerId, InteractionId, UserId};
use domain::phone::E164;
use wire::ApiResult;

/// Whose a call is, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// Whose, if it is known for sure.
    pub customer: Option<CustomerId>,
    /// Their name, if they have one.
    pub name: Option<String>,
    /// How many have the number; one where it is known whose the call is, none where it is nobody's.
    pub candidates: u32,
}

/// What calls ask of whoever keeps customers.
#[async_trait]
pub trait People: Send + Sync {
    /// Whose number this is.
    async fn whose(&self, number: &E164) -> ApiResult<Caller>;
    /// A customer's name, if they have one.
    async fn name(&self, customer: CustomerId) -> ApiResult<Option<String>>;
    /// Whether something of the call is still to be written (A6).
    async fn is_unwritten(&self, call: InteractionId) -> ApiResult<bool>;
    /// Whether this user has a draft about the call.
    async fn has_draft(&self, user: UserId, call: InteractionId) -> ApiResult<bool>;
}
