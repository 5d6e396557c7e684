//! One server a database: a second one would take the first one's live calls for what a killed run left behind.
//!
//! ```text
//!  take ─► begin (this run has a number) ─► look, every 3 s ─┬─ held ─────────────────────────────► look
//!                                                            ├─ session lost, taken anew, same run ─► look
//!                                                            ├─ database away ─► look
//!                                                            └─ somebody else has it, or had it ─► gone for good
//! ```
//!
//! The lock ends with the process that holds it, however it ends, and keeps nobody else from the data: `madoguchi user`
//! and `madoguchi migrate` work beside a running server.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, query_scalar};

use super::{DbError, Location};
use crate::clock::Clock;

/// The number of our lock among the advisory locks of a PostgreSQL database: any that others hardly take.
const ADVISORY: i64 = 0x6D61_646F_6775_6368;
/// How often the session is asked, and how long one question may take.
const ASK_EVERY: Duration = Duration::from_secs(3);
/// Has PostgreSQL notice within half a minute that a machine of ours is gone, and give the lock to the next; by itself it
/// waits for two hours (PostgreSQL manual, §20.3.2). In seconds, seconds, and probes.
const KEEPALIVE: [(&str, &str); 3] =
    [("tcp_keepalives_idle", "10"), ("tcp_keepalives_interval", "5"), ("tcp_keepalives_count", "3")];

/// The right to serve with a database, for as long as this lives.
#[derive(Debug)]
pub struct NodeLock(Held);

#[derive(Debug)]
enum Held {
    /// SQLite: the kernel keeps it for us.
    File(#[expect(dead_code, reason = "held, never read")] File),
    Postgres(Box<Session>),
}

/// PostgreSQL keeps an advisory lock for its session (PostgreSQL manual, §13.3.5): one that is used for nothing else, and
/// can be lost.
#[derive(Debug)]
struct Session {
    options: PgConnectOptions,
    /// None: lost, and not yet taken anew.
    connection: Option<PgConnection>,
    /// The process that serves the session there.
    pid: i32,
    /// The number of this run; 0 before it begins.
    epoch: i64,
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

/// How the right to serve stands.
#[derive(Debug)]
enum Standing {
    Held,
    /// The session was lost and taken anew; nobody served in between.
    HeldAnew,
    /// The database gives no answer: nobody can tell.
    Unknown(DbError),
    /// Somebody else serves, or did since.
    Gone,
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
                    Ok(()) => Ok(Self(Held::File(file))),
                    Err(TryLockError::WouldBlock) => Err(LockError::Taken),
                    Err(TryLockError::Error(error)) => Err(fault(error)),
                }
            }
            Location::Postgres(url) => {
                let options: PgConnectOptions = url.parse().map_err(DbError::from)?;
                let options = options.application_name("madoguchi: lock").options(KEEPALIVE);
                let mut session = Session { options, connection: None, pid: 0, epoch: 0 };
                if session.connect().await? {
                    Ok(Self(Held::Postgres(Box::new(session))))
                } else {
                    Err(LockError::Taken)
                }
            }
        }
    }

    /// Numbers this run of the server, once the schema is there: whoever served before knows by it that they no longer
    /// do.
    ///
    /// # Errors
    /// The database failed.
    pub async fn begin(&mut self) -> Result<(), LockError> {
        match &mut self.0 {
            Held::File(_) => Ok(()),
            Held::Postgres(session) => Ok(session.begin().await?),
        }
    }

    /// Looks after the right, until it is gone for good: another server has it, or had it since.
    pub async fn until_gone(&mut self, clock: &Clock) {
        let Held::Postgres(session) = &mut self.0 else { return std::future::pending().await };
        let mut away = false;
        loop {
            clock.sleep(ASK_EVERY).await;
            match session.look(clock).await {
                Standing::Held => away = false,
                Standing::HeldAnew => {
                    away = false;
                    tracing::warn!("the session that holds the right to serve was lost and taken anew");
                }
                Standing::Unknown(error) if !away => {
                    away = true;
                    tracing::error!(%error, "the right to serve cannot be looked after; calls go on, and it is tried again");
                }
                Standing::Unknown(_) => {}
                Standing::Gone => return,
            }
        }
    }
}

impl Session {
    /// Connects anew and asks for the lock; says whether it is ours.
    async fn connect(&mut self) -> Result<bool, DbError> {
        self.connection = None;
        let mut connection = self.options.connect().await?;
        let ours: bool =
            query_scalar("SELECT pg_try_advisory_lock($1)").bind(ADVISORY).fetch_one(&mut connection).await?;
        if ours {
            self.pid = query_scalar("SELECT pg_backend_pid()").fetch_one(&mut connection).await?;
            self.connection = Some(connection);
        }
        Ok(ours)
    }

    async fn begin(&mut self) -> Result<(), DbError> {
        let connection = self.connection.as_mut().ok_or(DbError::Closed)?;
        let next = "UPDATE server_epoch SET epoch = epoch + 1 WHERE id = 1 RETURNING epoch";
        self.epoch = query_scalar(next).fetch_one(connection).await?;
        Ok(())
    }

    /// One look.
    async fn look(&mut self, clock: &Clock) -> Standing {
        let asked = async {
            if self.connection.is_some() && self.run().await.is_ok_and(|run| run == self.epoch) {
                return Ok(Standing::Held);
            }
            self.recover().await
        };
        let looked = tokio::select! {
            looked = asked => looked,
            // The network swallows what we say, and would for minutes: the next look begins with a connection of its own.
            () = clock.sleep(ASK_EVERY) => Err(DbError::Unavailable(sqlx::Error::PoolTimedOut)),
        };
        looked.unwrap_or_else(|error| {
            self.connection = None;
            Standing::Unknown(error)
        })
    }

    async fn run(&mut self) -> Result<i64, DbError> {
        let connection = self.connection.as_mut().ok_or(DbError::Closed)?;
        Ok(query_scalar("SELECT epoch FROM server_epoch WHERE id = 1").fetch_one(connection).await?)
    }

    async fn recover(&mut self) -> Result<Standing, DbError> {
        let former = self.pid;
        if !self.connect().await? {
            // PostgreSQL may not have noticed yet that our former session is gone. Only that one is ended.
            self.end_former(former).await?;
            if !self.connect().await? {
                return Ok(Standing::Gone);
            }
        }
        Ok(if self.run().await? == self.epoch { Standing::HeldAnew } else { Standing::Gone })
    }

    /// Ends the session of that process if it still holds our lock, and waits for its end.
    async fn end_former(&self, pid: i32) -> Result<(), DbError> {
        let mut connection = self.options.connect().await?;
        // A key of 64 bits is kept in two halves (PostgreSQL manual, §52.12).
        let end = "SELECT COUNT(pg_terminate_backend(pid, 2000)) FROM pg_locks
             WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND pid = $1
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
             AND (CAST(classid AS BIGINT) << 32 | CAST(objid AS BIGINT)) = $2";
        let _: i64 = query_scalar(end).bind(pid).bind(ADVISORY).fetch_one(&mut connection).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;

    use super::*;
    use crate::db::Db;
    use crate::db::testing::postgres_url;

    async fn server(location: &Location) -> NodeLock {
        let mut lock = NodeLock::take(location).await.unwrap();
        lock.begin().await.unwrap();
        lock
    }

    async fn database() -> Location {
        let location: Location = postgres_url().await.parse().unwrap();
        Db::connect(&location).await.unwrap().migrate().await.unwrap();
        location
    }

    async fn look(lock: &mut NodeLock) -> Standing {
        let Held::Postgres(session) = &mut lock.0 else { panic!("a file") };
        session.look(&Clock::system()).await
    }

    /// Ends the session there, as an operator or a restarted PostgreSQL does.
    async fn cut(lock: &NodeLock) {
        let Held::Postgres(session) = &lock.0 else { panic!("a file") };
        let mut operator = session.options.connect().await.unwrap();
        let ended: bool = query_scalar("SELECT pg_terminate_backend($1, 5000)")
            .bind(session.pid)
            .fetch_one(&mut operator)
            .await
            .unwrap();
        assert!(ended);
    }

    #[tokio::test]
    async fn a_session_that_was_cut_is_taken_anew_and_the_run_goes_on() {
        let location = database().await;
        let mut lock = server(&location).await;
        assert!(matches!(look(&mut lock).await, Standing::Held));
        cut(&lock).await;
        assert!(matches!(look(&mut lock).await, Standing::HeldAnew));
        assert!(matches!(look(&mut lock).await, Standing::Held));
        assert!(matches!(NodeLock::take(&location).await, Err(LockError::Taken)));
    }

    #[tokio::test]
    async fn a_session_that_postgresql_believes_alive_does_not_keep_its_own_server_out() {
        let location = database().await;
        let mut lock = server(&location).await;
        let Held::Postgres(session) = &mut lock.0 else { panic!("a file") };
        // The network between the two is gone; neither has noticed.
        let lost = session.connection.take();
        assert!(matches!(look(&mut lock).await, Standing::HeldAnew));
        drop(lost);
        assert!(matches!(look(&mut lock).await, Standing::Held));
    }

    #[tokio::test]
    async fn whoever_was_taken_over_learns_it_while_the_other_serves_and_after() {
        let location = database().await;
        for still_there in [true, false] {
            let mut first = server(&location).await;
            cut(&first).await;
            let second = server(&location).await;
            if still_there {
                assert!(matches!(look(&mut first).await, Standing::Gone));
                drop(second);
            } else {
                cut(&second).await;
                assert!(matches!(look(&mut first).await, Standing::Gone));
            }
            cut_all(&location).await;
        }
    }

    /// What was dropped is let go of only once PostgreSQL has read its end.
    async fn cut_all(location: &Location) {
        let Location::Postgres(url) = location else { panic!("a file") };
        let mut operator = url.parse::<PgConnectOptions>().unwrap().connect().await.unwrap();
        let end = "SELECT COUNT(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let _: i64 = query_scalar(end).fetch_one(&mut operator).await.unwrap();
    }

    #[tokio::test]
    async fn a_database_that_is_away_takes_the_right_from_nobody() {
        let location = database().await;
        let mut lock = server(&location).await;
        cut(&lock).await;
        let Held::Postgres(session) = &mut lock.0 else { panic!("a file") };
        let reachable = session.options.clone();
        session.options = reachable.clone().socket("/nowhere");
        assert!(matches!(look(&mut lock).await, Standing::Unknown(_)));
        let Held::Postgres(session) = &mut lock.0 else { panic!("a file") };
        session.options = reachable;
        assert!(matches!(look(&mut lock).await, Standing::HeldAnew));
    }

    #[tokio::test]
    async fn the_right_is_looked_after_every_three_seconds() {
        let location = database().await;
        let mut lock = server(&location).await;
        cut(&lock).await;
        let second = server(&location).await;
        let (clock, hands) = Clock::held(Timestamp(0));
        let watching = async { lock.until_gone(&clock).await };
        let mut watching = std::pin::pin!(watching);
        hands.advance(ASK_EVERY / 2);
        assert!(futures::poll!(&mut watching).is_pending());
        hands.advance(ASK_EVERY);
        watching.await;
        drop(second);
    }
}
