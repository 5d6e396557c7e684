//! One server a database: a second one would take the first one's live calls for what a killed run left behind.
//!
//! The lock ends with the process that holds it, however it ends, and keeps nobody else from the data: `madoguchi user`
//! and `madoguchi migrate` work beside a running server.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, query_scalar};

use super::{DbError, Location};

/// The number of our lock among the advisory locks of a PostgreSQL database: any that others hardly take.
const ADVISORY: i64 = 0x6D61_646F_6775_6368;

/// The right to serve with a database, for as long as this lives.
#[derive(Debug)]
pub struct NodeLock {
    _file: Option<File>,
    /// PostgreSQL keeps an advisory lock for its session (PostgreSQL manual, §13.3.5): one that is used for nothing else.
    _session: Option<PgConnection>,
}

/// Why there is no right to serve.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else has it.
    #[error(
        "database_url: another madoguchi serves with this database already, and two would end each other's calls. Stop \
         that one first, or name another database"
    )]
    Taken,
    /// The file beside the database cannot be locked.
    #[error("database_url: {path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The database cannot be asked.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl NodeLock {
    /// Takes the right to serve with the database there, or says who has it.
    ///
    /// # Errors
    /// [`LockError::Taken`]; the lock could not be asked for.
    pub async fn take(location: &Location) -> Result<Self, LockError> {
        match location {
            Location::Sqlite(database) => {
                let mut name = database.clone().into_os_string();
                name.push(".lock");
                let path = PathBuf::from(name);
                let fault = |error| LockError::File { path: path.clone(), error };
                let mut options = OpenOptions::new();
                let file = options.write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(fault)?;
                match file.try_lock() {
                    Ok(()) => Ok(Self { _file: Some(file), _session: None }),
                    Err(TryLockError::WouldBlock) => Err(LockError::Taken),
                    Err(TryLockError::Error(error)) => Err(fault(error)),
                }
            }
            Location::Postgres(url) => {
                let options: PgConnectOptions = url.parse().map_err(DbError::from)?;
                let mut session = options.application_name("madoguchi: lock").connect().await.map_err(DbError::from)?;
                let ours: bool = query_scalar("SELECT pg_try_advisory_lock($1)")
                    .bind(ADVISORY)
                    .fetch_one(&mut session)
                    .await
                    .map_err(DbError::from)?;
                if ours { Ok(Self { _file: None, _session: Some(session) }) } else { Err(LockError::Taken) }
            }
        }
    }
}
