//! The schema's history, embedded.
//!
//! `migrations/common/NNNN_slice.sql` holds what both databases understand; `migrations/sqlite/` and
//! `migrations/postgres/` hold the few files (search indexes and the like) that only one does. All of one database's
//! files form one line, ordered by number: 0001–0009 users and sessions, 0010 agents, 0020 interactions, 0030 settings,
//! and so on in tens; an overlay's number is used in no other folder. A file that has been released is never edited:
//! a change is a new file, so that this and the next version can share a database during an upgrade.

use sqlx::migrate::{MigrateError, Migration, Migrator};

use super::{Db, DbError};

static COMMON: Migrator = sqlx::migrate!("migrations/common");
static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// What a migration run did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The newest migration before, 0 for an empty database.
    pub from: i64,
    /// The newest migration now.
    pub to: i64,
}

/// The newest migration of this program for the kind of database that `db` is.
pub fn latest_version(db: &Db) -> i64 {
    all(db).iter().map(|migration| migration.version).max().unwrap_or(0)
}

fn all(db: &Db) -> Vec<Migration> {
    let overlay = match db {
        Db::Sqlite(_) => &SQLITE,
        Db::Postgres(_) => &POSTGRES,
    };
    COMMON.iter().chain(overlay.iter()).cloned().collect()
}

pub(super) async fn run(db: &Db) -> Result<Applied, DbError> {
    let from = present_version(db).await;
    let known = latest_version(db);
    if from > known {
        return Err(DbError::Newer { found: from, known });
    }
    let migrator = Migrator::with_migrations(all(db));
    match db {
        Db::Sqlite(sqlite) => migrator.run(&mut sqlite.connect_to_migrate().await?).await,
        Db::Postgres(pool) => migrator.run(pool).await,
    }
    .map_err(|error| explain(error, known))?;
    Ok(Applied { from, to: known })
}

/// The newest migration that the database has seen; a database without the table of migrations has seen none.
async fn present_version(db: &Db) -> i64 {
    crate::fetch_one!(db, (i64,), "SELECT COALESCE(MAX(version), 0) FROM _sqlx_migrations")
        .map_or(0, |(version,)| version)
}

fn explain(error: MigrateError, known: i64) -> DbError {
    if let MigrateError::VersionMissing(found) = error {
        return DbError::Newer { found, known };
    }
    if let MigrateError::VersionMismatch(version) = error {
        return DbError::Diverged(version);
    }
    DbError::Unavailable(sqlx::Error::Migrate(Box::new(error)))
}
