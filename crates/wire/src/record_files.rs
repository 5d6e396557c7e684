//! Records as files: CSV out of the house and into it, and the columns that a list shows.
//!
//! - `GET /api/records/export?owner=customer|inquiry&query=<ListQuery as JSON>&columns=<Vec<Column> as JSON>` streams
//!   CSV (UTF-8 with a byte order mark, RFC 4180). Supervisors, audited. A cell that a spreadsheet would take for a
//!   formula begins with an apostrophe, which an import takes off again.
//! - `POST /api/records/import` (multipart, one part named `file`, at most 200 MB) answers with an [`Import`] that waits
//!   for its mapping.

use domain::ids::{CustomerId, ImportId};
use domain::records::{Key, Owner};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use serde::{Deserialize, Serialize};

use crate::error::{ApiError, Problem};
use crate::records::Stamp;
#[cfg(feature = "ssr")]
use crate::{error::ApiResult, session::Actor};

/// A column of a list or a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// A field of the record.
    Field(Key),
    /// When it was last changed.
    Updated,
    /// The last contact; customers only.
    LastContact,
    /// When it was made.
    Created,
    /// Who wrote it; inquiries only.
    Writer,
    /// Whose it is; inquiries only.
    Customer,
}

/// An import of customers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// Which.
    pub id: ImportId,
    /// As the file was called.
    pub name: String,
    /// Who began it, and when.
    pub begun: Stamp,
    /// Where it stands.
    pub state: ImportState,
    /// As it was recognised: `UTF-8`, `Shift_JIS`, `CP949`.
    pub encoding: String,
    /// The first line.
    pub header: Vec<String>,
    /// Up to 20 rows after it.
    pub sample: Vec<Vec<String>>,
    /// What each column goes to; none: nowhere. Suggested at first.
    pub mapping: Vec<Option<Key>>,
    /// What becomes of a row whose customer is already there (a number of theirs, or name and reading).
    pub duplicates: Duplicates,
    /// How many rows the file has.
    pub rows: u64,
    /// How many were read so far.
    pub done: u64,
    /// How many made a new customer.
    pub created: u64,
    /// How many changed one.
    pub updated: u64,
    /// How many were left out as duplicates.
    pub skipped: u64,
    /// How many were refused.
    pub refused: u64,
}

/// Where an import stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// Waits for its mapping.
    Mapping,
    /// Runs, also on after a restart of the server.
    Running,
    /// Stopped by somebody; can go on.
    Stopped,
    /// Through.
    Done,
}

/// What becomes of a row whose customer is already there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Duplicates {
    /// It waits among the duplicates until somebody decides.
    #[default]
    Ask,
    /// It fills what is empty and changes what differs.
    Update,
    /// It is left out.
    Skip,
    /// It makes a second customer.
    Create,
}

/// A row that was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRow {
    /// The line of the file, from 2 on: 1 is the header.
    pub line: u64,
    /// As it stands in the file.
    pub cells: Vec<String>,
    /// What is wrong: the column (from 0) and why. Empty for a duplicate.
    pub wrong: Vec<(u32, Problem)>,
    /// Who is already there.
    pub duplicate_of: Option<CustomerId>,
    /// Their name.
    pub duplicate_name: String,
}

/// Some rows that were not taken, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRows {
    /// At most 50.
    pub rows: Vec<ImportRow>,
    /// Pass it as `after` for the next ones.
    pub next: Option<u64>,
}

/// What the server does behind these functions.
#[cfg(feature = "ssr")]
#[async_trait::async_trait]
pub trait RecordFilesPort: Send + Sync {
    /// The columns that a user chose.
    async fn columns(&self, actor: Actor, owner: Owner) -> ApiResult<Option<Vec<Column>>>;
    /// Chooses them.
    async fn choose_columns(&self, actor: Actor, owner: Owner, columns: Vec<Column>) -> ApiResult<()>;
    /// The last imports.
    async fn imports(&self, actor: Actor) -> ApiResult<Vec<Import>>;
    /// One.
    async fn import(&self, actor: Actor, id: ImportId) -> ApiResult<Import>;
    /// Begins or goes on.
    async fn run(
        &self,
        actor: Actor,
        id: ImportId,
        mapping: Vec<Option<Key>>,
        duplicates: Duplicates,
    ) -> ApiResult<Import>;
    /// Stops.
    async fn stop(&self, actor: Actor, id: ImportId) -> ApiResult<Import>;
    /// Rows that were refused, or that wait as duplicates.
    async fn rows(&self, actor: Actor, id: ImportId, duplicates: bool, after: Option<u64>) -> ApiResult<ImportRows>;
    /// Decides about duplicates that wait.
    async fn decide(&self, actor: Actor, id: ImportId, lines: Vec<u64>, how: Duplicates) -> ApiResult<Import>;
}

#[cfg(feature = "ssr")]
use crate::context::{actor, port};

/// The columns that this user chose for a list; none: the usual ones.
///
/// # Errors
/// See [`ApiError`].
#[server(name = ColumnsFn, prefix = "/api", endpoint = "records/columns", input = Json, output = Json)]
pub async fn columns(
    /// Of which list.
    owner: Owner,
) -> Result<Option<Vec<Column>>, ApiError> {
    port::<dyn RecordFilesPort>()?.columns(actor()?, owner).await
}

/// Chooses them.
///
/// # Errors
/// [`ApiError::Invalid`] with `columns` when there are none or more than 40.
#[server(name = ChooseColumnsFn, prefix = "/api", endpoint = "records/columns/choose", input = Json, output = Json)]
pub async fn choose_columns(
    /// Of which list.
    owner: Owner,
    /// In their order.
    columns: Vec<Column>,
) -> Result<(), ApiError> {
    port::<dyn RecordFilesPort>()?.choose_columns(actor()?, owner, columns).await
}

/// The last 50 imports, latest first, without their samples.
///
/// # Errors
/// [`ApiError::Forbidden`] without the permission to move records.
#[server(name = ImportsFn, prefix = "/api", endpoint = "records/imports", input = Json, output = Json)]
pub async fn imports() -> Result<Vec<Import>, ApiError> {
    port::<dyn RecordFilesPort>()?.imports(actor()?).await
}

/// One import, with its sample.
///
/// # Errors
/// [`ApiError::NotFound`].
#[server(name = ImportFn, prefix = "/api", endpoint = "records/import/one", input = Json, output = Json)]
pub async fn import(
    /// Which.
    id: ImportId,
) -> Result<Import, ApiError> {
    port::<dyn RecordFilesPort>()?.import(actor()?, id).await
}

/// Begins an import, or goes on with a stopped one. Progress: [`crate::events::DeskEvent::Import`].
///
/// # Errors
/// [`ApiError::Invalid`] with `mapping` when a field is mapped twice or neither name nor phones is mapped.
#[server(name = RunImportFn, prefix = "/api", endpoint = "records/import/run", input = Json, output = Json)]
pub async fn run_import(
    /// Which.
    id: ImportId,
    /// What each column goes to.
    mapping: Vec<Option<Key>>,
    /// What becomes of duplicates.
    duplicates: Duplicates,
) -> Result<Import, ApiError> {
    port::<dyn RecordFilesPort>()?.run(actor()?, id, mapping, duplicates).await
}

/// Stops an import after the rows at hand; what is in stays in.
///
/// # Errors
/// [`ApiError::NotFound`].
#[server(name = StopImportFn, prefix = "/api", endpoint = "records/import/stop", input = Json, output = Json)]
pub async fn stop_import(
    /// Which.
    id: ImportId,
) -> Result<Import, ApiError> {
    port::<dyn RecordFilesPort>()?.stop(actor()?, id).await
}

/// Rows that were not taken: refused, or waiting as duplicates.
///
/// # Errors
/// [`ApiError::NotFound`].
#[server(name = ImportRowsFn, prefix = "/api", endpoint = "records/import/rows", input = Json, output = Json)]
pub async fn import_rows(
    /// Which.
    id: ImportId,
    /// Those that wait as duplicates; else those that were refused.
    duplicates: bool,
    /// Where the page before ended.
    after: Option<u64>,
) -> Result<ImportRows, ApiError> {
    port::<dyn RecordFilesPort>()?.rows(actor()?, id, duplicates, after).await
}

/// Decides about duplicates that wait; no lines: about all of them.
///
/// # Errors
/// [`ApiError::Invalid`] with `how` for [`Duplicates::Ask`].
#[server(name = DecideImportFn, prefix = "/api", endpoint = "records/import/decide", input = Json, output = Json)]
pub async fn decide_import(
    /// Which.
    id: ImportId,
    /// Lines of the file.
    lines: Vec<u64>,
    /// How.
    how: Duplicates,
) -> Result<Import, ApiError> {
    port::<dyn RecordFilesPort>()?.decide(actor()?, id, lines, how).await
}
