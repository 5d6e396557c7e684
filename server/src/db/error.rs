//! What a database can answer but the data.

/// Why the database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The row is there already, or breaks another rule of the schema: the caller's input, not the database, is at
    /// fault.
    #[error("the database refused the row: {0}")]
    Conflict(#[source] sqlx::Error),
    /// The schema is of a newer program: this one must not write to it.
    #[error(
        "the database has schema version {found}, this program knows {known}: start the newer program, or restore the \
         backup made before its migration"
    )]
    Newer {
        /// The newest migration in the database.
        found: i64,
        /// The newest migration of this program.
        known: i64,
    },
    /// A migration that has run differs from this program's.
    #[error("the database was migrated by a different build of this program (migration {0})")]
    Diverged(i64),
    /// A value in the database is not what its column promises.
    #[error("column {column} holds a value that this program did not write")]
    Corrupt {
        /// The column.
        column: &'static str,
    },
    /// The database was closed: the server is stopping.
    #[error("the database is closed")]
    Closed,
    /// The disk is full; what was not acknowledged is not kept.
    #[error("the disk is full")]
    DiskFull,
    /// The work stopped in the middle; nothing of it is kept.
    #[error("a unit of work panicked")]
    Panicked,
    /// The database could not be reached or failed.
    #[error("the database failed: {0}")]
    Unavailable(#[source] sqlx::Error),
}

impl DbError {
    /// Whether the same statement may well succeed a little later.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::DiskFull => true,
            Self::Conflict(_)
            | Self::Newer { .. }
            | Self::Diverged(_)
            | Self::Corrupt { .. }
            | Self::Closed
            | Self::Panicked => false,
        }
    }
}

impl From<sqlx::Error> for DbError {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolClosed) {
            return Self::Closed;
        }
        if let Some(database) = error.as_database_error() {
            if database.is_unique_violation() || database.is_foreign_key_violation() || database.is_check_violation() {
                return Self::Conflict(error);
            }
            // SQLITE_FULL (13), https://sqlite.org/rescode.html; disk_full (53100), PostgreSQL appendix A.
            if matches!(database.code().as_deref(), Some("13" | "53100")) {
                return Self::DiskFull;
            }
        }
        Self::Unavailable(error)
    }
}

/// The edge where a failure of the database becomes an answer: logged here once, because the answer does not carry it.
impl From<DbError> for wire::ApiError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Conflict(_) => Self::Conflict,
            DbError::Unavailable(_) | DbError::DiskFull | DbError::Closed => {
                tracing::error!(%error, "the database is not available");
                Self::Unavailable
            }
            DbError::Newer { .. } | DbError::Diverged(_) | DbError::Corrupt { .. } | DbError::Panicked => {
                tracing::error!(%error, "the database refused a unit of work");
                Self::Server
            }
        }
    }
}
