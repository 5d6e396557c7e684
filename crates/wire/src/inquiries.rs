//! Inquiries (お問合せ情報): what a customer wanted, written in a call, after it, for a past one, or with none at all.

use domain::ids::{CustomerId, FieldId, FileId, InquiryId, InteractionId};
use domain::records::{Key, Value};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use serde::{Deserialize, Serialize};

use crate::customers::{ListQuery, Saved, Total};
use crate::error::ApiError;
use crate::records::{Attachment, FieldChange, ShownValues, Stamp};
#[cfg(feature = "ssr")]
use crate::{error::ApiResult, session::Actor};

/// A stored inquiry (お問合せ履歴).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inquiry {
    /// Which.
    pub id: InquiryId,
    /// Grows by one with each change.
    pub version: u32,
    /// Whose.
    pub customer: CustomerId,
    /// About which call or chat, if any.
    pub interaction: Option<InteractionId>,
    /// The defined fields, retired ones that hold something too.
    pub values: ShownValues,
    /// In the order in which they were attached.
    pub attachments: Vec<Attachment>,
    /// When it was made, and by whom.
    pub created: Stamp,
    /// The last change.
    pub updated: Stamp,
}

/// Creates or changes an inquiry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaveInquiry {
    /// Made by the client: saved twice, it is created once.
    pub id: InquiryId,
    /// The version with which the form began; none creates.
    pub version: Option<u32>,
    /// Whose; an existing one never changes hands.
    pub customer: CustomerId,
    /// About which call or chat; an existing one keeps its own.
    pub interaction: Option<InteractionId>,
    /// Only what was changed; when creating, all that is filled.
    pub changes: Vec<FieldChange>,
    /// All files that it is to have, in order.
    pub attachments: Vec<FileId>,
}

/// A page of the list of inquiries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InquiryPage {
    /// At most 50.
    pub rows: Vec<InquiryRow>,
    /// Pass it as `after` for the next page; none on the last.
    pub next: Option<String>,
    /// How many there are for this query, counted up to 10,000.
    pub total: Total,
}

/// An inquiry in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InquiryRow {
    /// The inquiry.
    pub inquiry: Inquiry,
    /// Its customer's name; empty when the record has none.
    pub customer_name: String,
}

/// What a call still lacks: what leaving after-call work early warns about (A6).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unwritten {
    /// It belongs to no customer yet.
    pub customer: bool,
    /// The required fields that are empty in its customer's record.
    pub required: Vec<FieldId>,
    /// No inquiry was saved for it.
    pub inquiry: bool,
}

impl Unwritten {
    /// Whether nothing is missing.
    pub fn is_complete(&self) -> bool {
        !self.customer && self.required.is_empty() && !self.inquiry
    }
}

/// What the server does behind these functions.
#[cfg(feature = "ssr")]
#[async_trait::async_trait]
pub trait InquiriesPort: Send + Sync {
    /// One.
    async fn inquiry(&self, actor: Actor, id: InquiryId) -> ApiResult<Inquiry>;
    /// Those of one call or chat.
    async fn of_interaction(&self, actor: Actor, interaction: InteractionId) -> ApiResult<Vec<Inquiry>>;
    /// Creates or changes.
    async fn save(&self, actor: Actor, save: SaveInquiry) -> ApiResult<Saved<Inquiry>>;
    /// A sensitive value.
    async fn unmask(&self, actor: Actor, id: InquiryId, key: Key) -> ApiResult<Option<Value>>;
    /// What a call or chat still lacks.
    async fn unwritten(&self, actor: Actor, interaction: InteractionId) -> ApiResult<Unwritten>;
    /// A page of the list.
    async fn list(&self, actor: Actor, query: ListQuery) -> ApiResult<InquiryPage>;
}

#[cfg(feature = "ssr")]
use crate::context::{actor, port};

/// One inquiry.
///
/// # Errors
/// [`ApiError::NotFound`].
#[server(name = InquiryFn, prefix = "/api", endpoint = "inquiries/one", input = Json, output = Json)]
pub async fn inquiry(
    /// Which.
    id: InquiryId,
) -> Result<Inquiry, ApiError> {
    port::<dyn InquiriesPort>()?.inquiry(actor()?, id).await
}

/// The inquiries that were written about a call or chat, oldest first.
///
/// # Errors
/// [`ApiError::NotFound`] for one that this agent may not see.
#[server(name = InquiriesOfFn, prefix = "/api", endpoint = "inquiries/of", input = Json, output = Json)]
pub async fn of_interaction(
    /// Which.
    interaction: InteractionId,
) -> Result<Vec<Inquiry>, ApiError> {
    port::<dyn InquiriesPort>()?.of_interaction(actor()?, interaction).await
}

/// Creates or changes an inquiry. A new one needs at least one filled field or file.
///
/// # Errors
/// [`ApiError::Invalid`] with the fields by their ids, `customer`, `interaction` (of somebody else), `attachments`.
#[server(name = SaveInquiryFn, prefix = "/api", endpoint = "inquiries/save", input = Json, output = Json)]
pub async fn save(
    /// What is to be stored.
    save: SaveInquiry,
) -> Result<Saved<Inquiry>, ApiError> {
    port::<dyn InquiriesPort>()?.save(actor()?, save).await
}

/// The value behind a mask. Audited.
///
/// # Errors
/// [`ApiError::Forbidden`] below the field's role.
#[server(name = UnmaskInquiryFn, prefix = "/api", endpoint = "inquiries/unmask", input = Json, output = Json)]
pub async fn unmask(
    /// Which.
    id: InquiryId,
    /// Which field.
    key: Key,
) -> Result<Option<Value>, ApiError> {
    port::<dyn InquiriesPort>()?.unmask(actor()?, id, key).await
}

/// What a call or chat still lacks, as the server knows it.
///
/// # Errors
/// [`ApiError::NotFound`] for one that this agent may not see.
#[server(name = UnwrittenFn, prefix = "/api", endpoint = "inquiries/unwritten", input = Json, output = Json)]
pub async fn unwritten(
    /// Which.
    interaction: InteractionId,
) -> Result<Unwritten, ApiError> {
    port::<dyn InquiriesPort>()?.unwritten(actor()?, interaction).await
}

/// A page of inquiries; the search covers the customer's name, reading and numbers too.
///
/// # Errors
/// See [`ApiError`].
#[server(name = InquiryListFn, prefix = "/api", endpoint = "inquiries/list", input = Json, output = Json)]
pub async fn list(
    /// Which.
    query: ListQuery,
) -> Result<InquiryPage, ApiError> {
    port::<dyn InquiriesPort>()?.list(actor()?, query).await
}
