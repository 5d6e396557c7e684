//! The slice's SQL: here the sessions', below the users' and the brake's.

pub(super) mod tries;
pub(super) mod users;

use std::time::Duration;

use domain::ids::UserId;
use domain::roles::Role;
use domain::time::Timestamp;

use super::{Limits, throttle};
use crate::db::{self, Db, DbError, Tx};
use crate::{execute, fetch_optional};

/// A session and what its user may do at this moment.
pub(super) struct Session {
    pub(super) user: UserId,
    pub(super) role: Role,
    pub(super) active: bool,
    pub(super) created_at: Timestamp,
    pub(super) last_seen_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Row {
    user_id: String,
    role: String,
    active: bool,
    created_at: i64,
    last_seen_at: i64,
}

pub(super) async fn session(db: &Db, hash: &str) -> Result<Option<Session>, DbError> {
    let row = fetch_optional!(
        db,
        Row,
        "SELECT s.user_id, u.role, u.active, s.created_at, s.last_seen_at \
         FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token_hash = $1",
        hash,
    )?;
    row.map(|row| {
        Ok(Session {
            user: db::parse("sessions.user_id", &row.user_id)?,
            role: Role::parse(&row.role).ok_or(DbError::Corrupt { column: "users.role" })?,
            active: row.active,
            created_at: Timestamp(row.created_at),
            last_seen_at: Timestamp(row.last_seen_at),
        })
    })
    .transpose()
}

pub(super) async fn open(tx: &mut Tx, hash: String, user: UserId, now: Timestamp) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO sessions (token_hash, user_id, created_at, last_seen_at) VALUES ($1, $2, $3, $3)",
        hash,
        user.to_string(),
        now.0,
    )?;
    Ok(())
}

pub(super) async fn touch(tx: &mut Tx, hash: String, now: Timestamp) -> Result<(), DbError> {
    execute!(tx, "UPDATE sessions SET last_seen_at = $1 WHERE token_hash = $2 AND last_seen_at < $1", now.0, hash)?;
    Ok(())
}

/// Ends the session and says whose it was, if there was one.
pub(super) async fn end(tx: &mut Tx, hash: String) -> Result<Option<UserId>, DbError> {
    let row = fetch_optional!(tx, (String,), "DELETE FROM sessions WHERE token_hash = $1 RETURNING user_id", hash)?;
    row.map(|(user,)| db::parse("sessions.user_id", &user)).transpose()
}

/// Ends every session of the user, but `kept`.
pub(super) async fn end_all(tx: &mut Tx, user: UserId, kept: Option<String>) -> Result<(), DbError> {
    let kept = kept.unwrap_or_default();
    execute!(tx, "DELETE FROM sessions WHERE user_id = $1 AND token_hash <> $2", user.to_string(), kept)?;
    Ok(())
}

pub(super) async fn sweep(tx: &mut Tx, now: Timestamp, limits: Limits) -> Result<(), DbError> {
    let before = |age: Duration| now.0.saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX));
    execute!(
        tx,
        "DELETE FROM sessions WHERE last_seen_at <= $1 OR created_at <= $2",
        before(limits.idle),
        before(limits.absolute),
    )?;
    throttle::sweep(tx, now).await
}
