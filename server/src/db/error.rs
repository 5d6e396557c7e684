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
    /// The database will never take this statement, or never give this answer: the program is at fault.
    #[error("the database refused the statement: {0}")]
    Refused(#[source] sqlx::Error),
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
            | Self::Refused(_)
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
            if database.code().is_some_and(|code| is_for_good(&code)) {
                return Self::Refused(error);
            }
        }
        if matches!(
            error,
            sqlx::Error::RowNotFound
                | sqlx::Error::TypeNotFound { .. }
                | sqlx::Error::ColumnNotFound(_)
                | sqlx::Error::ColumnIndexOutOfBounds { .. }
                | sqlx::Error::ColumnDecode { .. }
                | sqlx::Error::Decode(_)
                | sqlx::Error::Encode(_)
        ) {
            return Self::Refused(error);
        }
        Self::Unavailable(error)
    }
}

/// Whether a statement that met this code will meet it again.
///
/// PostgreSQL's have five characters, the first two of which name the class (appendix A): 22 is of data, 23 of
/// constraints, 42 of syntax and rights. SQLite's are numbers whose low byte is the primary code
/// (<https://sqlite.org/rescode.html>): ERROR (1), TOOBIG (18), CONSTRAINT (19), MISMATCH (20), RANGE (25).
fn is_for_good(code: &str) -> bool {
    if code.len() == 5 {
        return ["22", "23", "42"].iter().any(|class| code.starts_with(class));
    }
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xFF, 1 | 18 | 19 | 20 | 25))
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
            DbError::Newer { .. }
            | DbError::Diverged(_)
            | DbError::Corrupt { .. }
            | DbError::Refused(_)
            | DbError::Panicked => {
                tracing::error!(%error, "the database refused a unit of work");
                Self::Server
            }
        }
    }
}
