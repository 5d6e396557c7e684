//! Drafts (A9): what was typed and not saved, kept for its writer on every PC until they save or discard it.

use std::collections::BTreeMap;

use domain::ids::{ClientId, CustomerId, InquiryId, InteractionId, RecordId};
use domain::records::{Before, Entered, Key};
use domain::time::Timestamp;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use serde::{Deserialize, Serialize};

use crate::error::ApiError;
use crate::records::Attachment;
#[cfg(feature = "ssr")]
use crate::{error::ApiResult, session::Actor};

/// Of which form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DraftOf {
    /// The record of a customer.
    Customer(CustomerId),
    /// The record of the unregistered customer of a call.
    CallCustomer(InteractionId),
    /// A customer to be made without any call.
    NewCustomer,
    /// A new inquiry about a call.
    CallInquiry(InteractionId),
    /// A new inquiry of a customer without any call.
    CustomerInquiry(CustomerId),
    /// A stored inquiry.
    Inquiry(InquiryId),
}

/// What is typed in a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Typed {
    /// The id that the record is to have, or has.
    pub id: RecordId,
    /// The version with which the form began.
    pub version: Option<u32>,
    /// The changed fields: what each began with, and what stands there.
    pub fields: BTreeMap<Key, (Before, Entered)>,
    /// An inquiry's files, all of them; none: as they are stored.
    pub attachments: Option<Vec<Attachment>>,
}

/// A draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Of which form.
    pub of: DraftOf,
    /// What is typed.
    pub typed: Typed,
    /// When it was last typed, by the server's clock.
    pub at: Timestamp,
    /// In which tab.
    pub client: ClientId,
    /// Grows with each keystroke that was kept: the larger is the newer.
    pub n: u64,
}

/// What the server does behind these functions.
#[cfg(feature = "ssr")]
#[async_trait::async_trait]
pub trait DraftsPort: Send + Sync {
    /// All of this user's.
    async fn drafts(&self, actor: Actor) -> ApiResult<Vec<Draft>>;
    /// Keeps one.
    async fn keep(&self, actor: Actor, client: ClientId, of: DraftOf, n: u64, typed: Typed) -> ApiResult<Draft>;
    /// Forgets one.
    async fn discard(&self, actor: Actor, client: ClientId, of: DraftOf, n: u64) -> ApiResult<()>;
    /// The files named by drafts, so that nobody sweeps them away.
    async fn names_file(&self, file: domain::ids::FileId) -> ApiResult<bool>;
}

#[cfg(feature = "ssr")]
use crate::context::{actor, port};

/// All drafts of the user.
///
/// # Errors
/// See [`ApiError`].
#[server(name = DraftsFn, prefix = "/api", endpoint = "drafts/all", input = Json, output = Json)]
pub async fn drafts() -> Result<Vec<Draft>, ApiError> {
    port::<dyn DraftsPort>()?.drafts(actor()?).await
}

/// Keeps a draft; an `n` that is not larger than the kept one's changes nothing, and the kept one is answered. Other
/// tabs of the user hear of it ([`crate::events::DeskEvent::Draft`]).
///
/// # Errors
/// [`ApiError::Invalid`] with `typed` when it is larger than 256 KiB; [`ApiError::Conflict`] when it was discarded after
/// this was typed.
#[server(name = KeepDraftFn, prefix = "/api", endpoint = "drafts/keep", input = Json, output = Json)]
pub async fn keep(
    /// The tab.
    client: ClientId,
    /// Of which form.
    of: DraftOf,
    /// Larger than any before.
    n: u64,
    /// What is typed.
    typed: Typed,
) -> Result<Draft, ApiError> {
    port::<dyn DraftsPort>()?.keep(actor()?, client, of, n, typed).await
}

/// Forgets a draft: it was saved, or its writer discarded it. One with a larger `n` stays.
///
/// # Errors
/// See [`ApiError`].
#[server(name = DiscardDraftFn, prefix = "/api", endpoint = "drafts/discard", input = Json, output = Json)]
pub async fn discard(
    /// The tab.
    client: ClientId,
    /// Of which form.
    of: DraftOf,
    /// The newest that is to be forgotten.
    n: u64,
) -> Result<(), ApiError> {
    port::<dyn DraftsPort>()?.discard(actor()?, client, of, n).await
}
