//! Seats and their changes in the database.

use std::time::Duration;

use domain::agents::{Change, Presence, Seat, SeatInput, Work};
use domain::ids::{ExtensionId, InteractionId, UserId};
use domain::time::Timestamp;
use wire::ApiError;

use super::By;
use crate::db::{Db, DbError, Tx, parse};
use crate::{execute, fetch_all, fetch_optional};

/// Somebody who may be offered a call, as far as the seat knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Free {
    /// Who.
    pub user: UserId,
    /// Since when nothing has been asked of them.
    pub idle_since: Timestamp,
}

/// After-call work that ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AfterCallLimit {
    /// Whose.
    pub user: UserId,
    /// After which call.
    pub call: InteractionId,
    /// When.
    pub until: Timestamp,
}

/// An agent and the call that the seat is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByCall {
    /// Who.
    pub user: UserId,
    /// The call.
    pub call: InteractionId,
}

pub(super) async fn seat(db: &Db, user: UserId) -> Result<Seat, DbError> {
    let row = fetch_optional!(db, (String,), "SELECT seat FROM agent_seats WHERE user_id = $1", user.to_string())?;
    row.map_or(Ok(Seat::LoggedOut), |(json,)| read(&json))
}

/// Takes the seat's row for writing, lets the machine step, stores and logs the step. After-call work that begins by it
/// gets the `limit`. Gives the seat as it is then, and the step where it is one.
pub(super) async fn step(
    tx: &mut Tx,
    user: UserId,
    input: SeatInput,
    by: By,
    now: Timestamp,
    limit: Option<Duration>,
) -> Result<(Seat, Option<Change>), ApiError> {
    // The raised version holds the row until the transaction ends, on both databases; a first step makes it.
    let (json,) = crate::fetch_one!(
        tx,
        (String,),
        "INSERT INTO agent_seats (user_id, seat, free, idle_since, version) VALUES ($1, $2, $3, $4, 1)
         ON CONFLICT (user_id) DO UPDATE SET version = agent_seats.version + 1 RETURNING seat",
        user.to_string(),
        write(&Seat::LoggedOut)?,
        false,
        now.0,
    )?;
    let mut seat = read(&json)?;
    let Some(mut change) = seat.on(input, now)? else { return Ok((seat, None)) };
    if let Some(limit) = limit
        && change.from.work() != change.to.work()
    {
        seat.limit_after_call(limit);
        change.to = seat;
    }
    execute!(
        tx,
        "UPDATE agent_seats SET seat = $2, free = $3, idle_since = $4, call_id = $5 WHERE user_id = $1",
        user.to_string(),
        write(&seat)?,
        seat.takes_offers(),
        seat.shown().1.unwrap_or(now).0,
        seat.work().call().map(|call| call.to_string()),
    )?;
    execute!(
        tx,
        "INSERT INTO agent_changes (id, user_id, at, cause, caused_by, seat_from, seat_to)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        uuid::Uuid::now_v7().to_string(),
        user.to_string(),
        now.0,
        write(&input)?,
        by.as_str(),
        write(&change.from)?,
        write(&change.to)?,
    )?;
    Ok((seat, Some(change)))
}

/// A queue has tens of members: they are asked for one by one, in an order that all transactions share.
pub(super) async fn free_among(tx: &mut Tx, members: &[UserId]) -> Result<Vec<Free>, DbError> {
    let mut members = members.to_vec();
    members.sort_unstable();
    let mut free = Vec::new();
    for user in members {
        let row = fetch_optional!(
            tx,
            (i64,),
            "SELECT idle_since FROM agent_seats WHERE user_id = $1 AND free = $2",
            user.to_string(),
            true,
        )?;
        free.extend(row.map(|(idle_since,)| Free { user, idle_since: Timestamp(idle_since) }));
    }
    Ok(free)
}

pub(super) async fn present_among(tx: &mut Tx, members: &[UserId]) -> Result<Vec<UserId>, DbError> {
    let mut present = Vec::new();
    for user in members {
        let row = fetch_optional!(tx, (String,), "SELECT seat FROM agent_seats WHERE user_id = $1", user.to_string())?;
        if let Some((seat,)) = row
            && read(&seat)?.is_at_work()
        {
            present.push(*user);
        }
    }
    Ok(present)
}

pub(super) async fn ready(db: &Db) -> Result<Vec<UserId>, DbError> {
    let rows = fetch_all!(db, (String, String), "SELECT user_id, seat FROM agent_seats")?;
    let mut ready = Vec::new();
    for (user, seat) in rows {
        if let Seat::LoggedIn { presence: Presence::Ready, .. } = read(&seat)? {
            ready.push(parse("user_id", &user)?);
        }
    }
    Ok(ready)
}

/// Who is logged in, on which extension, and whether they are in a call.
pub(super) async fn logged_in(db: &Db) -> Result<Vec<(UserId, ExtensionId, bool)>, DbError> {
    let rows = fetch_all!(db, (String, String), "SELECT user_id, seat FROM agent_seats")?;
    let mut logged_in = Vec::new();
    for (user, seat) in rows {
        if let Seat::LoggedIn { extension, work, .. } = read(&seat)? {
            let in_call = match work {
                Work::Ringing { .. } | Work::Dialling { .. } | Work::Talking { .. } | Work::Held { .. } => true,
                Work::Idle | Work::AfterCall { .. } => false,
            };
            logged_in.push((parse("user_id", &user)?, extension, in_call));
        }
    }
    Ok(logged_in)
}

/// Whether somebody else is logged in on this extension: it was theirs, and has been given away meanwhile.
pub(super) async fn in_use(tx: &mut Tx, extension: ExtensionId, but: UserId) -> Result<bool, DbError> {
    let rows = fetch_all!(tx, (String,), "SELECT seat FROM agent_seats WHERE user_id <> $1", but.to_string())?;
    for (seat,) in rows {
        if let Seat::LoggedIn { extension: theirs, .. } = read(&seat)?
            && theirs == extension
        {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) async fn in_calls(db: &Db) -> Result<Vec<ByCall>, DbError> {
    let rows = fetch_all!(db, (String, String), "SELECT user_id, call_id FROM agent_seats WHERE call_id IS NOT NULL")?;
    rows.iter()
        .map(|(user, call)| Ok(ByCall { user: parse("user_id", user)?, call: parse("call_id", call)? }))
        .collect()
}

pub(super) async fn after_call_limits(db: &Db) -> Result<Vec<AfterCallLimit>, DbError> {
    let rows = fetch_all!(db, (String, String), "SELECT user_id, seat FROM agent_seats WHERE call_id IS NOT NULL")?;
    let mut limits = Vec::new();
    for (user, seat) in rows {
        let seat = read(&seat)?;
        if let (Some(until), Some(call)) = (seat.next_deadline(), seat.work().call()) {
            limits.push(AfterCallLimit { user: parse("user_id", &user)?, call, until });
        }
    }
    Ok(limits)
}

pub(super) async fn with_call(db: &Db, call: InteractionId) -> Result<Option<UserId>, DbError> {
    let row = fetch_optional!(db, (String,), "SELECT user_id FROM agent_seats WHERE call_id = $1", call.to_string())?;
    row.map(|(user,)| parse("user_id", &user)).transpose()
}

impl By {
    fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Router => "router",
            Self::Customer => "customer",
            Self::Server => "server",
        }
    }
}

fn read(json: &str) -> Result<Seat, DbError> {
    serde_json::from_str(json).map_err(|_| DbError::Corrupt { column: "agent_seats.seat" })
}

fn write<T: serde::Serialize>(value: &T) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|_| DbError::Corrupt { column: "agent_seats.seat" })
}
