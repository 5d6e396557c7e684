//! The port behind imports and chosen columns.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::ids::ImportId;
use domain::records::{Key, Owner};
use domain::roles::Permission;
use domain::time::Timestamp;
use tokio::sync::{Notify, Semaphore};
use uuid::Uuid;
use wire::record_files::{Column, Duplicates, Import, ImportRow, ImportRows, ImportState, RecordFilesPort};
use wire::records::Stamp;
use wire::session::Actor;
use wire::{ApiError, ApiResult, Problem};

use super::encoding::{Decoded, decode};
use super::table::{MOST_COLUMNS, MOST_ROWS, NoTable, Row, rows};
use super::{Records, mapping, store};
use crate::audit::{self, Changes, Entry};
use crate::clock::Clock;
use crate::db::Db;
use crate::realtime::Hub;

/// How many imports a list shows.
const LATEST: i64 = 50;
/// How many rows that were not taken a page shows.
const PAGE: usize = 50;
/// How many rows after the header are shown before an import begins.
const SAMPLE: usize = 20;
/// How many rows are stored together as a file arrives.
const TOGETHER: usize = 1_000;
/// How many columns a list may show.
const MOST_SHOWN: usize = 40;
/// The longest name of a file that is kept, in characters.
const NAME: usize = 200;
/// How long rows that were never taken are kept.
const KEPT: Duration = Duration::from_hours(30 * 24);

/// Imports, exports and chosen columns, cheap to clone.
#[derive(Clone)]
pub struct RecordFiles(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) db: Db,
    pub(super) clock: Clock,
    pub(super) hub: Hub,
    pub(super) records: Arc<dyn Records>,
    /// Somebody began an import, or decided.
    pub(super) begun: Notify,
    /// A file is held in memory while it is read: one at a time.
    pub(super) reading: Semaphore,
}

impl RecordFiles {
    /// Joins the slice to its database and its neighbours.
    pub fn new(db: Db, clock: Clock, hub: Hub, records: Arc<dyn Records>) -> Self {
        Self(Arc::new(Inner { db, clock, hub, records, begun: Notify::new(), reading: Semaphore::new(1) }))
    }

    async fn stored(&self, id: ImportId) -> ApiResult<Import> {
        store::one(&self.0.db, id).await?.ok_or(ApiError::NotFound)
    }

    /// Before this, rows that were never taken are forgotten.
    pub(super) fn kept_since(&self) -> Timestamp {
        let ago = i64::try_from(KEPT.as_millis()).unwrap_or(i64::MAX);
        Timestamp(self.0.clock.now().0.saturating_sub(ago))
    }

    /// Keeps every row of a file. The import waits for its mapping.
    pub(super) async fn receive(&self, actor: Actor, name: &str, file: bytes::Bytes) -> ApiResult<Import> {
        actor.require(Permission::MoveRecords)?;
        let read = tokio::task::spawn_blocking(move || read(&file)).await.map_err(|_| ApiError::Server)??;
        let (encoding, mut rows) = read;
        let header = rows.remove(0).cells;
        let fields = self.0.records.fields().await?;
        let import = Import {
            id: ImportId(Uuid::now_v7()),
            name: name.chars().filter(|c| !c.is_control()).take(NAME).collect(),
            begun: Stamp { at: self.0.clock.now(), by: Some(actor.user), name: None },
            state: ImportState::Mapping,
            encoding: encoding.to_owned(),
            mapping: mapping::suggested(&header, &fields.customer),
            header,
            sample: rows.iter().take(SAMPLE).map(|row| row.cells.clone()).collect(),
            duplicates: Duplicates::default(),
            rows: u64::try_from(rows.len()).unwrap_or(u64::MAX),
            done: 0,
            created: 0,
            updated: 0,
            skipped: 0,
            refused: 0,
        };
        let (id, kept_since) = (import.id, self.kept_since());
        self.0
            .db
            .write(move |tx| {
                Box::pin(async move {
                    store::forget(tx, false, kept_since).await?;
                    store::begin(tx, &import).await.map_err(ApiError::from)
                })
            })
            .await?;
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let some: Vec<Row> = rows.by_ref().take(TOGETHER).collect();
            self.0.db.write(move |tx| Box::pin(async move { store::add_rows(tx, id, some).await })).await?;
        }
        self.0.db.write(move |tx| Box::pin(async move { store::arrived(tx, id).await })).await?;
        self.stored(id).await
    }
}

/// The encoding of a file, and its rows.
fn read(file: &[u8]) -> ApiResult<(&'static str, Vec<Row>)> {
    let Decoded { text, name } = decode(file).ok_or_else(|| ApiError::field("file", Problem::WrongKind))?;
    let problem = |fault| match fault {
        NoTable::Empty => Problem::Required,
        NoTable::TooWide => Problem::TooMany { max: u32::try_from(MOST_COLUMNS).unwrap_or(u32::MAX) },
        NoTable::TooLong => Problem::TooMany { max: u32::try_from(MOST_ROWS).unwrap_or(u32::MAX) },
    };
    let rows = rows(&text).map_err(|fault| ApiError::field("file", problem(fault)))?;
    Ok((name, rows))
}

#[async_trait]
impl RecordFilesPort for RecordFiles {
    async fn columns(&self, actor: Actor, owner: Owner) -> ApiResult<Option<Vec<Column>>> {
        actor.require(Permission::WorkAtDesk)?;
        Ok(store::columns(&self.0.db, actor.user, owner).await?)
    }

    async fn choose_columns(&self, actor: Actor, owner: Owner, columns: Vec<Column>) -> ApiResult<()> {
        actor.require(Permission::WorkAtDesk)?;
        let twice = columns.iter().enumerate().any(|(n, column)| columns.iter().take(n).any(|other| other == column));
        if columns.is_empty() || columns.len() > MOST_SHOWN || twice {
            return Err(ApiError::field("columns", Problem::OutOfRange { min: 1, max: 40 }));
        }
        let user = actor.user;
        self.0.db.write(move |tx| Box::pin(async move { Ok(store::choose(tx, user, owner, &columns).await?) })).await
    }

    async fn imports(&self, actor: Actor) -> ApiResult<Vec<Import>> {
        actor.require(Permission::MoveRecords)?;
        Ok(store::latest(&self.0.db, LATEST).await?)
    }

    async fn import(&self, actor: Actor, id: ImportId) -> ApiResult<Import> {
        actor.require(Permission::MoveRecords)?;
        self.stored(id).await
    }

    async fn run(
        &self,
        actor: Actor,
        id: ImportId,
        mapping: Vec<Option<Key>>,
        duplicates: Duplicates,
    ) -> ApiResult<Import> {
        actor.require(Permission::MoveRecords)?;
        let import = self.stored(id).await?;
        let fields = self.0.records.fields().await?;
        if let Some(problem) = mapping::fault(&mapping, import.header.len(), &fields.customer) {
            return Err(ApiError::field("mapping", problem));
        }
        let now = self.0.clock.now();
        let entry = Entry {
            who: Some(actor.user),
            what: "records.imported",
            subject: id.to_string(),
            changes: Changes::none().field("rows", None, import.rows.to_string()),
        };
        self.0
            .db
            .write(move |tx| {
                Box::pin(async move {
                    if !store::run(tx, id, &mapping, duplicates).await? {
                        return Err(ApiError::Conflict);
                    }
                    audit::record(tx, now, entry).await.map_err(ApiError::from)
                })
            })
            .await?;
        self.0.begun.notify_one();
        self.stored(id).await
    }

    async fn stop(&self, actor: Actor, id: ImportId) -> ApiResult<Import> {
        actor.require(Permission::MoveRecords)?;
        self.stored(id).await?;
        self.0.db.write(move |tx| Box::pin(async move { store::stop(tx, id).await })).await?;
        self.stored(id).await
    }

    async fn rows(&self, actor: Actor, id: ImportId, duplicates: bool, after: Option<u64>) -> ApiResult<ImportRows> {
        actor.require(Permission::MoveRecords)?;
        self.stored(id).await?;
        // One more than a page tells whether there is another.
        let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
        let mut left = store::left(&self.0.db, id, duplicates, after.unwrap_or(0), limit).await?;
        let more = left.len() > PAGE;
        left.truncate(PAGE);
        let next = left.last().filter(|_| more).map(|left| left.row.line);
        let there: Vec<_> = left.iter().filter_map(|left| left.duplicate_of).collect();
        let names = self.0.records.names(&there).await?;
        let name = |id| names.get(&id).cloned();
        let rows = left
            .into_iter()
            .map(|left| ImportRow {
                line: left.row.line,
                cells: left.row.cells,
                wrong: left.wrong,
                duplicate_name: left.duplicate_of.and_then(name).unwrap_or_default(),
                duplicate_of: left.duplicate_of,
            })
            .collect();
        Ok(ImportRows { rows, next })
    }

    async fn decide(&self, actor: Actor, id: ImportId, lines: Vec<u64>, how: Duplicates) -> ApiResult<Import> {
        actor.require(Permission::MoveRecords)?;
        if how == Duplicates::Ask {
            return Err(ApiError::field("how", Problem::Malformed));
        }
        let write = self
            .0
            .db
            .write(move |tx| Box::pin(async move { store::decide(tx, id, &lines, how).await.map_err(ApiError::from) }));
        if !write.await? {
            return Err(ApiError::NotFound);
        }
        self.0.begun.notify_one();
        self.stored(id).await
    }
}
