//! The database: SQLite in a file, or PostgreSQL, behind one [`Db`] with one SQL text.
//!
//! **For a slice's store.** Write the same SQL for both: `$1` placeholders, `BIGINT` milliseconds, `TEXT` for UUIDs and
//! JSON, `BOOLEAN`, `ON CONFLICT … RETURNING`; `SUM(bigint)` needs `CAST(… AS BIGINT)`. What cannot be said in one
//! text is a named function of its own that matches on [`Db::dialect`] or [`Tx::dialect`].
//!
//! - Reads: [`fetch_all!`](crate::fetch_all), [`fetch_optional!`](crate::fetch_optional),
//!   [`fetch_one!`](crate::fetch_one), on a `&Db` or inside a unit of work on its `Tx`. Rows are tuples or structs
//!   with `#[derive(sqlx::FromRow)]`.
//! - Writes: `db.write(move |tx| Box::pin(async move { execute!(tx, "…", a, b)?; Ok(()) })).await`. The closure awaits
//!   nothing but statements on its `tx`: other work waits for it.
//! - Tests: [`on_both!`](crate::on_both) gives each test a fresh database of each kind.
//!
//! **Invariant:** nothing outside this folder knows which database it talks to, and no SQL stands outside a store.

mod error;
mod lock;
mod macros;
mod migrations;
mod postgres;
mod sqlite;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod tx;

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use futures::future::BoxFuture;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqlitePool;

pub use self::error::DbError;
pub use self::lock::{LockError, NodeLock};
pub use self::migrations::{Applied, latest_version};
use self::sqlite::Sqlite;
pub use self::tx::{Dialect, On, Tx};

/// A database, cheap to clone: clones share its connections.
#[derive(Clone, Debug)]
pub enum Db {
    /// A file of this machine, one writer and several readers.
    Sqlite(Arc<Sqlite>),
    /// A PostgreSQL server, shared by several nodes.
    Postgres(PgPool),
}

/// Where a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// `sqlite:<path>`.
    Sqlite(PathBuf),
    /// `postgres://…` as libpq writes it.
    Postgres(String),
}

impl FromStr for Location {
    type Err = &'static str;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        const ALLOWED: &str = "sqlite:<path> or postgres://user:password@host/database";
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return if path.is_empty() { Err(ALLOWED) } else { Ok(Self::Sqlite(path.into())) };
        }
        if (url.starts_with("postgres://") || url.starts_with("postgresql://"))
            && url.parse::<PgConnectOptions>().is_ok()
        {
            return Ok(Self::Postgres(url.to_owned()));
        }
        Err(ALLOWED)
    }
}

impl Db {
    /// Opens the database without touching its schema; a missing SQLite file is made.
    ///
    /// # Errors
    /// The database cannot be reached or opened.
    pub async fn connect(location: &Location) -> Result<Self, DbError> {
        match location {
            Location::Sqlite(path) => Ok(Self::Sqlite(Arc::new(sqlite::open(path).await?))),
            Location::Postgres(url) => Ok(Self::Postgres(postgres::open(url.parse::<PgConnectOptions>()?, 16).await?)),
        }
    }

    /// Brings the schema up to this program's version and says what it did.
    ///
    /// # Errors
    /// [`DbError::Newer`] if the database was written by a newer program; else whatever a migration met.
    pub async fn migrate(&self) -> Result<Applied, DbError> {
        migrations::run(self).await
    }

    /// Runs a unit of work: all of it or nothing, durable when this returns.
    ///
    /// On SQLite all units pass one writer, which commits together what arrived together; each has its savepoint, so
    /// that one's failure undoes nothing of another's. On PostgreSQL each is a transaction (READ COMMITTED) of its own.
    /// A caller that goes away undoes nothing: the work is done or not, as if it had waited.
    ///
    /// # Errors
    /// What the work returned, after which nothing of it is kept; or why the database could not keep it.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<DbError> + Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    {
        match self {
            Self::Sqlite(sqlite) => sqlite.write(work).await,
            Self::Postgres(pool) => postgres::write(pool, work).await,
        }
    }

    /// Asks the database for a sign of life.
    ///
    /// # Errors
    /// Why there is none.
    pub async fn ping(&self) -> Result<(), DbError> {
        crate::fetch_one!(self, (i64,), "SELECT CAST(1 AS BIGINT)").map(|_| ())
    }

    /// Which of the two dialects this speaks, for the few statements that cannot be said in both.
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// The connections to read from; for the macros.
    #[doc(hidden)]
    pub fn on(&self) -> On<&SqlitePool, &PgPool> {
        match self {
            Self::Sqlite(sqlite) => On::Sqlite(&sqlite.readers),
            Self::Postgres(pool) => On::Postgres(pool),
        }
    }

    /// Finishes what was begun and closes the connections.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(sqlite) => sqlite.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// Reads an identifier (or anything else written as text) out of a column.
///
/// # Errors
/// The text is none: the row is corrupt.
pub fn parse<T: FromStr>(column: &'static str, text: &str) -> Result<T, DbError> {
    text.parse().map_err(|_| DbError::Corrupt { column })
}
