//! Customers: who somebody is, what they had with us, and two people's changes to one record.

use domain::ids::{CustomerId, ErasureId, InteractionId, MergeId, UserId};
use domain::phone::E164;
use domain::records::{Conflict, Key, Value};
use domain::time::Timestamp;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use serde::{Deserialize, Serialize};

use crate::error::ApiError;
use crate::inquiries::Inquiry;
use crate::interactions::CallRow;
use crate::records::{FieldChange, ShownValues, Stamp};
#[cfg(feature = "ssr")]
use crate::{error::ApiResult, session::Actor};

/// A customer's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Customer {
    /// Which.
    pub id: CustomerId,
    /// Grows by one with each change.
    pub version: u32,
    /// The built-in fields and the defined ones, retired ones that hold something too.
    pub values: ShownValues,
    /// When it was made, and by whom.
    pub created: Stamp,
    /// The last change.
    pub updated: Stamp,
}

/// A customer in a few words: in the popup, the picker, a search.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Which.
    pub id: CustomerId,
    /// 氏名; empty when the record has none.
    pub name: String,
    /// フリガナ
    pub reading: String,
    /// Their numbers.
    pub phones: Vec<domain::phone::ShownNumber>,
    /// Up to three filled fields, in the order of the form, sensitive ones left out: label and value in words.
    pub details: Vec<(String, String)>,
    /// The last contact before this one.
    pub last_contact: Option<Timestamp>,
}

/// Creates or changes a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SaveCustomer {
    /// Made by the client: saved twice, it is created once.
    pub id: CustomerId,
    /// The version with which the form began; none creates.
    pub version: Option<u32>,
    /// Only what was changed; when creating, all that is filled.
    pub changes: Vec<FieldChange>,
    /// The call (later: chat) to which the customer belongs: it is linked, and its popup, bar and list show the name.
    pub interaction: Option<InteractionId>,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Saved<T> {
    /// It is stored; as it is now.
    Stored(T),
    /// Somebody else saved other values first: nothing is stored, and somebody must choose. Save again with the
    /// version of `now` and, for each conflict, what is chosen, its `before` being what is stored now.
    Conflict {
        /// As it is now.
        now: T,
        /// Field by field.
        conflicts: Vec<Conflict>,
    },
}

/// Something in a customer's history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// A call.
    Call(CallRow),
    /// An inquiry.
    Inquiry(Inquiry),
}

/// A page of a history, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// At most 30. A call that its inquiry belongs to stands beside it, not in it.
    pub entries: Vec<Entry>,
    /// Pass it as `before` for what is older.
    pub next: Option<Timestamp>,
}

/// A page of the list of customers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerPage {
    /// At most 50.
    pub rows: Vec<CustomerRow>,
    /// Pass it as `after` for the next page; none on the last.
    pub next: Option<String>,
    /// How many there are for this query, counted up to 10,000.
    pub total: Total,
}

/// A count that stops counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Total {
    /// Exactly this many.
    Exactly(u64),
    /// At least this many.
    AtLeast(u64),
}

/// A customer in the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerRow {
    /// Which.
    pub id: CustomerId,
    /// All filled fields.
    pub values: ShownValues,
    /// The last change.
    pub updated_at: Timestamp,
    /// The last call or inquiry.
    pub last_contact: Option<Timestamp>,
}

/// Which records, in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListQuery {
    /// Any part of a name, a reading, a number or a field, in any width and kana; several words must all be there.
    pub search: String,
    /// All of which must hold.
    pub filters: Vec<Filter>,
    /// In which order.
    pub sort: Sort,
    /// Where the page before ended.
    pub after: Option<String>,
}

/// A condition of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// The field holds exactly this; a multiple choice holds it among others.
    Is(Key, Value),
    /// The field is filled, or is not.
    Filled(Key, bool),
    /// Changed or (an inquiry) made in this span: from, to, the end excluded.
    Between(Timestamp, Timestamp),
    /// Inquiries only: written by this user.
    By(UserId),
}

/// The order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sort {
    /// By what.
    pub by: SortBy,
    /// Latest, largest or last first.
    pub descending: bool,
}

/// By what a list is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortBy {
    /// Customers by フリガナ (五十音), then 氏名; those without any come last. Inquiries: by their customer's.
    Reading,
    /// The last change; of inquiries, when they were made.
    Updated,
}

impl Default for Sort {
    fn default() -> Self {
        Self { by: SortBy::Updated, descending: true }
    }
}

/// A merge that can be undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merged {
    /// Which merge.
    pub id: MergeId,
    /// What both became.
    pub customer: Customer,
}

/// What was erased, for whoever asked for it; holds nothing of what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Which erasure.
    pub id: ErasureId,
    /// Whose record; the id alone is kept.
    pub customer: CustomerId,
    /// When, and by whom.
    pub erased: Stamp,
    /// How many fields of the record held something.
    pub fields: u32,
    /// How many phone numbers.
    pub phones: u32,
    /// How many inquiries.
    pub inquiries: u32,
    /// How many attached files.
    pub files: u32,
    /// How many half-written drafts, of anybody.
    pub drafts: u32,
    /// From how many calls the number was taken.
    pub calls: u32,
}

/// Somebody who has the record open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Viewer {
    /// Who.
    pub id: UserId,
    /// Their name.
    pub name: String,
    /// Whether they have changed something that is not saved.
    pub editing: bool,
}

/// What the server does behind these functions.
#[cfg(feature = "ssr")]
#[async_trait::async_trait]
pub trait CustomersPort: Send + Sync {
    /// One record.
    async fn customer(&self, actor: Actor, id: CustomerId) -> ApiResult<Customer>;
    /// Whose number it is.
    async fn matches(&self, actor: Actor, number: E164) -> ApiResult<Vec<Candidate>>;
    /// Links a call to a customer.
    async fn choose(&self, actor: Actor, interaction: InteractionId, customer: Option<CustomerId>) -> ApiResult<()>;
    /// Creates or changes.
    async fn save(&self, actor: Actor, save: SaveCustomer) -> ApiResult<Saved<Customer>>;
    /// A sensitive value.
    async fn unmask(&self, actor: Actor, id: CustomerId, key: Key) -> ApiResult<Option<Value>>;
    /// A history.
    async fn timeline(&self, actor: Actor, id: CustomerId, before: Option<Timestamp>) -> ApiResult<Timeline>;
    /// A page of the list.
    async fn list(&self, actor: Actor, query: ListQuery) -> ApiResult<CustomerPage>;
    /// A few, as somebody types.
    async fn find(&self, actor: Actor, search: String) -> ApiResult<Vec<Candidate>>;
    /// Two into one.
    async fn merge(&self, actor: Actor, keep: CustomerId, absorb: CustomerId, theirs: Vec<Key>) -> ApiResult<Merged>;
    /// Apart again.
    async fn undo_merge(&self, actor: Actor, merge: MergeId) -> ApiResult<()>;
    /// For good.
    async fn erase(&self, actor: Actor, id: CustomerId) -> ApiResult<Certificate>;
    /// Who else has it open.
    async fn viewing(&self, actor: Actor, id: Option<CustomerId>, editing: bool) -> ApiResult<Vec<Viewer>>;
}

#[cfg(feature = "ssr")]
use crate::context::{actor, port};

/// One record.
///
/// # Errors
/// [`ApiError::NotFound`], also for one that was erased; one that was merged answers with what it became.
#[server(name = CustomerFn, prefix = "/api", endpoint = "customers/one", input = Json, output = Json)]
pub async fn customer(
    /// Which.
    id: CustomerId,
) -> Result<Customer, ApiError> {
    port::<dyn CustomersPort>()?.customer(actor()?, id).await
}

/// Everybody who has this number, the most recently contacted first.
///
/// # Errors
/// See [`ApiError`].
#[server(name = MatchesFn, prefix = "/api", endpoint = "customers/matches", input = Json, output = Json)]
pub async fn matches(
    /// The number.
    number: E164,
) -> Result<Vec<Candidate>, ApiError> {
    port::<dyn CustomersPort>()?.matches(actor()?, number).await
}

/// Says which customer a call belongs to, where several have the number; none: none of them.
///
/// # Errors
/// [`ApiError::NotFound`] for a call that this agent may not see, or an unknown customer.
#[server(name = ChooseFn, prefix = "/api", endpoint = "customers/choose", input = Json, output = Json)]
pub async fn choose(
    /// The call.
    interaction: InteractionId,
    /// The customer.
    customer: Option<CustomerId>,
) -> Result<(), ApiError> {
    port::<dyn CustomersPort>()?.choose(actor()?, interaction, customer).await
}

/// Creates or changes a customer. A new one needs a name or a number.
///
/// # Errors
/// [`ApiError::Invalid`] with the fields by their keys: `name`, `phones`, an id.
#[server(name = SaveCustomerFn, prefix = "/api", endpoint = "customers/save", input = Json, output = Json)]
pub async fn save(
    /// What is to be stored.
    save: SaveCustomer,
) -> Result<Saved<Customer>, ApiError> {
    port::<dyn CustomersPort>()?.save(actor()?, save).await
}

/// The value behind a mask. Audited: who, whose, which field, when.
///
/// # Errors
/// [`ApiError::Forbidden`] below the field's role.
#[server(name = UnmaskFn, prefix = "/api", endpoint = "customers/unmask", input = Json, output = Json)]
pub async fn unmask(
    /// Whose.
    id: CustomerId,
    /// Which field.
    key: Key,
) -> Result<Option<Value>, ApiError> {
    port::<dyn CustomersPort>()?.unmask(actor()?, id, key).await
}

/// What the customer had with us, newest first, any channel.
///
/// # Errors
/// [`ApiError::NotFound`].
#[server(name = TimelineFn, prefix = "/api", endpoint = "customers/timeline", input = Json, output = Json)]
pub async fn timeline(
    /// Whose.
    id: CustomerId,
    /// Older than this.
    before: Option<Timestamp>,
) -> Result<Timeline, ApiError> {
    port::<dyn CustomersPort>()?.timeline(actor()?, id, before).await
}

/// A page of customers.
///
/// # Errors
/// See [`ApiError`].
#[server(name = CustomerListFn, prefix = "/api", endpoint = "customers/list", input = Json, output = Json)]
pub async fn list(
    /// Which.
    query: ListQuery,
) -> Result<CustomerPage, ApiError> {
    port::<dyn CustomersPort>()?.list(actor()?, query).await
}

/// At most 20 customers who match what was typed, the most recently contacted first.
///
/// # Errors
/// See [`ApiError`].
#[server(name = FindCustomersFn, prefix = "/api", endpoint = "customers/find", input = Json, output = Json)]
pub async fn find(
    /// As in [`ListQuery::search`].
    search: String,
) -> Result<Vec<Candidate>, ApiError> {
    port::<dyn CustomersPort>()?.find(actor()?, search).await
}

/// Makes two customers one. `keep` stays, with its own values where it has any, but those of `absorb` in the fields
/// named by `theirs`; phone numbers, inquiries and calls of both come together. Supervisors, audited.
///
/// # Errors
/// [`ApiError::NotFound`]; [`ApiError::Invalid`] with `absorb` when both are the same.
#[server(name = MergeFn, prefix = "/api", endpoint = "customers/merge", input = Json, output = Json)]
pub async fn merge(
    /// Who stays.
    keep: CustomerId,
    /// Who goes.
    absorb: CustomerId,
    /// Whose values are taken from who goes.
    theirs: Vec<Key>,
) -> Result<Merged, ApiError> {
    port::<dyn CustomersPort>()?.merge(actor()?, keep, absorb, theirs).await
}

/// Takes a merge apart: both are what they were before it, and what was added after it stays with who stayed.
///
/// # Errors
/// [`ApiError::NotFound`]; [`ApiError::Conflict`] when one of them was erased or merged again meanwhile.
#[server(name = UndoMergeFn, prefix = "/api", endpoint = "customers/undo_merge", input = Json, output = Json)]
pub async fn undo_merge(
    /// Which.
    merge: MergeId,
) -> Result<(), ApiError> {
    port::<dyn CustomersPort>()?.undo_merge(actor()?, merge).await
}

/// Erases a customer with all inquiries, files, drafts and merges, and takes the number out of their calls. Cannot be
/// undone. Supervisors, audited; the certificate stays.
///
/// # Errors
/// [`ApiError::NotFound`]; [`ApiError::Conflict`] during a call with the customer.
#[server(name = EraseFn, prefix = "/api", endpoint = "customers/erase", input = Json, output = Json)]
pub async fn erase(
    /// Whom.
    id: CustomerId,
) -> Result<Certificate, ApiError> {
    port::<dyn CustomersPort>()?.erase(actor()?, id).await
}

/// Says which record this tab has open (none: no longer any), and asks who else has. To be said again within 30 s.
///
/// # Errors
/// See [`ApiError`].
#[server(name = ViewingFn, prefix = "/api", endpoint = "customers/viewing", input = Json, output = Json)]
pub async fn viewing(
    /// Which.
    id: Option<CustomerId>,
    /// Whether something in it is changed and not saved.
    editing: bool,
) -> Result<Vec<Viewer>, ApiError> {
    port::<dyn CustomersPort>()?.viewing(actor()?, id, editing).await
}
