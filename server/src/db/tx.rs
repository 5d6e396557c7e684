//! One unit of work's hold on the database.

use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;

/// What a unit of work writes on.
#[derive(Debug)]
pub enum Tx {
    /// The one writer of the file.
    Sqlite(SqliteConnection),
    /// A transaction of its own.
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

/// One of two, by database; what the macros match on.
#[doc(hidden)]
#[derive(Debug)]
pub enum On<S, P> {
    /// For SQLite.
    Sqlite(S),
    /// For PostgreSQL.
    Postgres(P),
}

/// The two dialects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite's.
    Sqlite,
    /// PostgreSQL's.
    Postgres,
}

impl Tx {
    /// Which of the two dialects this speaks.
    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(_) => Dialect::Postgres,
        }
    }

    /// The connection of this unit of work; for the macros.
    #[doc(hidden)]
    pub fn on(&mut self) -> On<&mut SqliteConnection, &mut PgConnection> {
        match self {
            Self::Sqlite(connection) => On::Sqlite(connection),
            Self::Postgres(transaction) => On::Postgres(&mut *transaction),
        }
    }
}
