//! SQLite: readers in a pool, and one writer task that commits together what arrived together.
//!
//! `synchronous=FULL` in WAL mode makes each commit durable at the price of one `fsync`, about 200 a second on a small
//! machine. Units of work that arrive while the last commit is under way share the next one.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt as _;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;
use sqlx::ConnectOptions;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use tokio::sync::{mpsc, oneshot};

use super::{DbError, Tx};

/// How many units of work share one commit at most: the first of them waits for all.
const MOST_TOGETHER: usize = 100;
/// How many may wait before callers are held back.
const QUEUE: usize = 1024;
/// How long to wait for another process, such as `madoguchi user add`, to finish its writing.
const BUSY_LIMIT: Duration = Duration::from_secs(5);
const READERS: u32 = 4;

/// A SQLite file in use.
#[derive(Debug)]
pub struct Sqlite {
    pub(super) readers: SqlitePool,
    options: SqliteConnectOptions,
    jobs: mpsc::Sender<Message>,
}

enum Message {
    Work(Box<dyn Job>),
    Close(oneshot::Sender<()>),
}

/// A unit of work that knows its caller.
trait Job: Send {
    /// Does the work; `false` if nothing of it is to be kept.
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, bool>;
    /// Answers the caller, `failure` being why what was done could not be kept.
    fn answer(self: Box<Self>, failure: Option<DbError>);
}

struct Unit<F, T, E> {
    work: Option<F>,
    result: Option<Result<T, E>>,
    caller: oneshot::Sender<Result<T, E>>,
}

impl<F, T, E> Job for Unit<F, T, E>
where
    T: Send + 'static,
    E: From<DbError> + Send + 'static,
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
{
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, bool> {
        let Some(work) = self.work.take() else { return Box::pin(std::future::ready(false)) };
        let result = &mut self.result;
        Box::pin(async move {
            let done = AssertUnwindSafe(async { work(tx).await }).catch_unwind().await;
            let done = done.unwrap_or_else(|_| Err(DbError::Panicked.into()));
            let keep = done.is_ok();
            *result = Some(done);
            keep
        })
    }

    fn answer(self: Box<Self>, failure: Option<DbError>) {
        let result = match (self.result, failure) {
            // The work's own refusal says more than the commit that failed after it.
            (Some(Err(refused)), _) => Err(refused),
            (_, Some(failure)) => Err(failure.into()),
            (Some(Ok(done)), None) => Ok(done),
            (None, None) => Err(DbError::Closed.into()),
        };
        // A caller that went away does not want to know.
        drop(self.caller.send(result));
    }
}

/// Opens the file, makes it if need be, and starts its writer.
pub(super) async fn open(path: &Path) -> Result<Sqlite, DbError> {
    make_private(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_LIMIT);
    let writer = options.connect().await?;
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .connect_with(options.clone().pragma("query_only", "ON"))
        .await?;
    let (jobs, queue) = mpsc::channel(QUEUE);
    tokio::spawn(write_until_closed(writer, queue));
    Ok(Sqlite { readers, options, jobs })
}

/// Makes a missing file for its owner alone: it holds personal data, and SQLite would give it what the umask leaves. The
/// files beside it (`-wal`, `-shm`) take its mode (<https://sqlite.org/src/file/src/os_unix.c>, `findCreateFileMode`).
fn make_private(path: &Path) -> Result<(), DbError> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(DbError::Unavailable(sqlx::Error::Io(error))),
    }
}

impl Sqlite {
    /// A connection that may change the schema; used before the writer has any work.
    pub(super) async fn connect_to_migrate(&self) -> Result<SqliteConnection, DbError> {
        Ok(self.options.connect().await?)
    }

    pub(super) async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    {
        let (caller, answer) = oneshot::channel();
        let unit = Unit { work: Some(work), result: None, caller };
        self.jobs.send(Message::Work(Box::new(unit))).await.map_err(|_| DbError::Closed)?;
        answer.await.unwrap_or_else(|_| Err(DbError::Closed.into()))
    }

    pub(super) async fn close(&self) {
        let (closed, when) = oneshot::channel();
        if self.jobs.send(Message::Close(closed)).await.is_ok() {
            // An error means that somebody else closed it first.
            drop(when.await);
        }
        self.readers.close().await;
    }
}

async fn write_until_closed(connection: SqliteConnection, mut queue: mpsc::Receiver<Message>) {
    let mut tx = Tx::Sqlite(connection);
    let mut closing = None;
    while let Some(first) = queue.recv().await {
        let mut jobs = Vec::new();
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Work(job) => jobs.push(job),
                Message::Close(closed) => {
                    queue.close();
                    closing = Some(closed);
                }
            }
            next = if jobs.len() < MOST_TOGETHER { queue.try_recv().ok() } else { None };
        }
        commit_together(&mut tx, jobs).await;
    }
    drop(tx);
    if let Some(closed) = closing {
        // Whoever asked for the end may have gone away since.
        closed.send(()).ok();
    }
}

/// One transaction over all of `jobs`, then every caller's answer: nobody hears of success before it is durable.
async fn commit_together(tx: &mut Tx, mut jobs: Vec<Box<dyn Job>>) {
    if jobs.is_empty() {
        return;
    }
    let mut failure = execute(tx, "BEGIN IMMEDIATE").await.err();
    if failure.is_none() {
        for job in &mut jobs {
            failure = run_in_savepoint(tx, job.as_mut()).await.err();
            if failure.is_some() {
                break;
            }
        }
        if failure.is_none() {
            failure = execute(tx, "COMMIT").await.err();
        }
        if failure.is_some() {
            // Fails where the database has rolled back by itself (a full disk): then there is nothing left to undo.
            drop(execute(tx, "ROLLBACK").await);
        }
    }
    for job in jobs {
        job.answer(failure.as_ref().map(told_to_each));
    }
}

/// One failure, many callers: each is told the same.
fn told_to_each(failure: &DbError) -> DbError {
    if matches!(failure, DbError::DiskFull) {
        DbError::DiskFull
    } else {
        DbError::Unavailable(sqlx::Error::Protocol(failure.to_string()))
    }
}

async fn run_in_savepoint(tx: &mut Tx, job: &mut dyn Job) -> Result<(), DbError> {
    execute(tx, "SAVEPOINT unit").await?;
    if !job.run(tx).await {
        execute(tx, "ROLLBACK TO unit").await?;
    }
    execute(tx, "RELEASE unit").await
}

async fn execute(tx: &mut Tx, sql: &'static str) -> Result<(), DbError> {
    crate::execute!(tx, sql).map(|_| ())
}
