//! Carries imports out, one after the other and some rows at a time, so that nobody who saves waits long for it.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::ImportId;
use domain::records::{Entered, Key};
use tokio_util::sync::CancellationToken;
use wire::events::DeskEvent;
use wire::record_files::Import;
use wire::records::Fields;
use wire::{ApiError, ApiResult, Problem};

use super::port::RecordFiles;
use super::store::{self, Next, Tally};
use super::table::Row;
use super::{Records, Taken, mapping};
use crate::db::Tx;

/// How many rows are taken in one unit of work.
const TOGETHER: i64 = 100;
/// How often whoever began it is told how far it is.
const TOLD_EVERY: Duration = Duration::from_millis(500);
/// After a failure.
const PAUSE: Duration = Duration::from_secs(5);

impl RecordFiles {
    /// Carries out every import that runs, also those that ran when the server ended, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let kept_since = self.kept_since();
        let forget =
            self.0.db.write(move |tx| Box::pin(async move { store::forget(tx, true, kept_since).await })).await;
        if let Err(error) = forget {
            tracing::error!(%error, "files that never arrived could not be forgotten");
        }
        let mut told = None;
        while !stop.is_cancelled() {
            match self.step(&mut told).await {
                Ok(true) => {}
                Ok(false) => {
                    tokio::select! {
                        () = self.0.begun.notified() => {}
                        () = stop.cancelled() => {}
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "an import could not go on; it is tried again");
                    tokio::select! {
                        () = self.0.clock.sleep(PAUSE) => {}
                        () = stop.cancelled() => {}
                    }
                }
            }
        }
    }

    /// Takes some rows of the import that was begun first; whether there was one.
    async fn step(&self, told: &mut Option<std::time::Instant>) -> ApiResult<bool> {
        let Some(import) = store::running(&self.0.db).await? else { return Ok(false) };
        let going_on = match self.batch(import.id, TOGETHER, false).await {
            // One row may be why: those before it are taken, and it alone is given up.
            Err(ApiError::Server | ApiError::Conflict) => match self.batch(import.id, 1, false).await {
                Err(ApiError::Server | ApiError::Conflict) => self.batch(import.id, 1, true).await?,
                done => done?,
            },
            done => done?,
        };
        let now = self.0.clock.instant();
        if !going_on || told.is_none_or(|told| now.saturating_duration_since(told) >= TOLD_EVERY) {
            *told = going_on.then_some(now);
            self.tell(import.id).await?;
        }
        if !going_on {
            self.0.records.taken();
        }
        Ok(true)
    }

    async fn tell(&self, id: ImportId) -> ApiResult<()> {
        if let Some(mut import) = store::one(&self.0.db, id).await?
            && let Some(user) = import.begun.by
        {
            import.sample.clear();
            self.0.hub.publish(user, DeskEvent::Import { import: Box::new(import) });
        }
        Ok(())
    }

    /// One unit of work: the customers, the rows that made them, and how far the import is. Whether it goes on.
    async fn batch(&self, id: ImportId, most: i64, give_up: bool) -> ApiResult<bool> {
        let records = Arc::clone(&self.0.records);
        let fields = records.fields().await?;
        self.0
            .db
            .write(move |tx| {
                Box::pin(async move {
                    let Some(import) = store::take(tx, id).await? else { return Ok(false) };
                    let next = store::next(tx, id, most).await?;
                    if next.is_empty() {
                        store::add_up(tx, id, None).await?;
                        return Ok(false);
                    }
                    let mut tally = Tally::default();
                    for next in next {
                        take(tx, &import, records.as_ref(), &fields, next, give_up, &mut tally).await?;
                    }
                    store::add_up(tx, id, Some(tally)).await?;
                    Ok(true)
                })
            })
            .await
    }
}

async fn take(
    tx: &mut Tx,
    import: &Import,
    records: &dyn Records,
    fields: &Fields,
    next: Next,
    give_up: bool,
    tally: &mut Tally,
) -> ApiResult<()> {
    let Next { row, decided } = next;
    if decided.is_none() {
        tally.done += 1;
    }
    let became = match entered(import, fields, &row) {
        Err(wrong) => Err(wrong),
        Ok(_) if give_up => Err(vec![(0, Problem::Malformed)]),
        Ok(entered) => {
            let how = decided.unwrap_or(import.duplicates);
            match records.take(tx, import.begun.by, entered, how).await? {
                Taken::Refused(wrong) => {
                    Err(wrong.into_iter().map(|(key, problem)| (column(import, key), problem)).collect())
                }
                taken @ (Taken::Created | Taken::Updated | Taken::Skipped | Taken::Duplicate(_)) => Ok(taken),
            }
        }
    };
    match became {
        Err(wrong) => {
            tally.refused += 1;
            store::refuse(tx, import.id, row.line, &wrong).await?;
            return Ok(());
        }
        Ok(Taken::Duplicate(customer)) => {
            store::ask(tx, import.id, row.line, customer).await?;
            return Ok(());
        }
        Ok(Taken::Created) => tally.created += 1,
        Ok(Taken::Updated) => tally.updated += 1,
        Ok(Taken::Skipped | Taken::Refused(_)) => tally.skipped += 1,
    }
    Ok(store::taken(tx, import.id, row.line).await?)
}

/// Columns, and what is wrong with them.
type Wrong = Vec<(u32, Problem)>;

/// What a row enters into the fields, or which of its columns are wrong.
fn entered(import: &Import, fields: &Fields, row: &Row) -> Result<Vec<(Key, Entered)>, Wrong> {
    let mut all = Vec::new();
    let mut wrong = Vec::new();
    for (n, cell) in (0_u32..).zip(&row.cells) {
        let place = usize::try_from(n).unwrap_or(usize::MAX);
        match import.mapping.get(place) {
            // More cells than the header has: somewhere a comma was not quoted, and nothing is where it seems to be.
            None if !cell.trim().is_empty() => wrong.push((n, Problem::Unknown)),
            None | Some(None) => {}
            Some(Some(key)) => match mapping::entered(*key, cell, &fields.customer) {
                Ok(Some(entered)) => all.push((*key, entered)),
                Ok(None) => {}
                Err(problem) => wrong.push((n, problem)),
            },
        }
    }
    if wrong.is_empty() { Ok(all) } else { Err(wrong) }
}

/// The column of a field; the first where it has none.
fn column(import: &Import, key: Key) -> u32 {
    let place = import.mapping.iter().position(|mapped| *mapped == Some(key)).unwrap_or(0);
    u32::try_from(place).unwrap_or(u32::MAX)
}
