//! The SQL of the brake on guessing: the tries that still count, and the addresses that an account is at home at.

use std::time::Duration;

use domain::ids::UserId;
use domain::time::Timestamp;

use crate::db::{DbError, Tx};
use crate::{execute, fetch_one};

/// Reads the tries of a key and holds its row until the unit of work ends.
pub(in crate::session) async fn lock(tx: &mut Tx, name: &str, now: Timestamp) -> Result<Vec<Timestamp>, DbError> {
    let (tried_at,) = fetch_one!(
        tx,
        (String,),
        "INSERT INTO sign_in_tries (key, tried_at, touched_at) VALUES ($1, '', $2) \
         ON CONFLICT (key) DO UPDATE SET touched_at = excluded.touched_at RETURNING tried_at",
        name.to_owned(),
        now.0,
    )?;
    Ok(tried_at.split(',').filter_map(|at| at.parse().ok().map(Timestamp)).collect())
}

pub(in crate::session) async fn keep(tx: &mut Tx, name: String, tries: &[Timestamp]) -> Result<(), DbError> {
    let text = tries.iter().map(|at| at.0.to_string()).collect::<Vec<_>>().join(",");
    execute!(tx, "UPDATE sign_in_tries SET tried_at = $1 WHERE key = $2", text, name)?;
    Ok(())
}

/// Drops keys that nobody has touched for `window`.
pub(in crate::session) async fn sweep(tx: &mut Tx, now: Timestamp, window: Duration) -> Result<(), DbError> {
    execute!(tx, "DELETE FROM sign_in_tries WHERE touched_at < $1", before(now, window))?;
    Ok(())
}

/// Whether the account was signed in to from this block of addresses within `memory`.
pub(in crate::session) async fn is_familiar(
    tx: &mut Tx,
    login: &str,
    block: &str,
    now: Timestamp,
    memory: Duration,
) -> Result<bool, DbError> {
    let (found,) = fetch_one!(
        tx,
        (i64,),
        "SELECT COUNT(*) FROM sign_in_addresses a JOIN users u ON u.id = a.user_id \
         WHERE u.login = $1 AND a.address = $2 AND a.last_at > $3",
        login.to_owned(),
        block.to_owned(),
        before(now, memory),
    )?;
    Ok(found > 0)
}

/// Remembers that the user signed in from this block of addresses.
pub(in crate::session) async fn remember(
    tx: &mut Tx,
    user: UserId,
    block: String,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO sign_in_addresses (user_id, address, last_at) VALUES ($1, $2, $3) \
         ON CONFLICT (user_id, address) DO UPDATE SET last_at = excluded.last_at",
        user.to_string(),
        block,
        now.0,
    )?;
    Ok(())
}

/// Forgets addresses that nobody has signed in from for `memory`.
pub(in crate::session) async fn forget_strange(tx: &mut Tx, now: Timestamp, memory: Duration) -> Result<(), DbError> {
    execute!(tx, "DELETE FROM sign_in_addresses WHERE last_at <= $1", before(now, memory))?;
    Ok(())
}

fn before(now: Timestamp, age: Duration) -> i64 {
    now.0.saturating_sub(i64::try_from(age.as_millis()).unwrap_or(i64::MAX))
}
