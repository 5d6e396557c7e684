//! Waiting calls in the database.

use domain::ids::{InteractionId, QueueId, UserId};
use domain::routing::WaitingCall;
use domain::time::Timestamp;
use wire::ApiError;

use crate::db::{Db, DbError, Tx, parse};
use crate::{execute, fetch_all, fetch_one, fetch_optional};

pub(super) async fn put(tx: &mut Tx, queue: QueueId, waiting: &WaitingCall) -> Result<(), ApiError> {
    let skipped: Vec<String> = waiting.skipped.iter().map(UserId::to_string).collect();
    execute!(
        tx,
        "INSERT INTO waiting_calls (call_id, queue_id, since, front, skipped, returned) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (call_id) DO UPDATE SET queue_id = $2, since = $3, front = $4, skipped = $5, returned = $6",
        waiting.call.to_string(),
        queue.to_string(),
        waiting.since.0,
        waiting.front,
        skipped.join(","),
        waiting.returned.0,
    )?;
    Ok(())
}

/// Gives the queue in which it waited, if it did.
pub(super) async fn take(tx: &mut Tx, call: InteractionId) -> Result<Option<QueueId>, ApiError> {
    let row = fetch_optional!(
        tx,
        (String,),
        "DELETE FROM waiting_calls WHERE call_id = $1 RETURNING queue_id",
        call.to_string(),
    )?;
    Ok(row.map(|(queue,)| parse("queue_id", &queue)).transpose()?)
}

pub(super) async fn clear(tx: &mut Tx) -> Result<(), DbError> {
    execute!(tx, "DELETE FROM waiting_calls").map(drop)
}

/// Holds the queue until the transaction ends: two nodes never choose for it at once.
pub(super) async fn turn(tx: &mut Tx, queue: QueueId) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO queue_turns (queue_id, turn) VALUES ($1, 1)
         ON CONFLICT (queue_id) DO UPDATE SET turn = queue_turns.turn + 1",
        queue.to_string(),
    )
    .map(drop)
}

pub(super) async fn waiting(tx: &mut Tx, queue: QueueId) -> Result<Vec<WaitingCall>, DbError> {
    let rows = fetch_all!(
        tx,
        (String, i64, bool, String, i64),
        "SELECT call_id, since, front, skipped, returned FROM waiting_calls WHERE queue_id = $1",
        queue.to_string(),
    )?;
    rows.iter()
        .map(|(call, since, front, skipped, returned)| {
            Ok(WaitingCall {
                call: parse("call_id", call)?,
                since: Timestamp(*since),
                front: *front,
                returned: Timestamp(*returned),
                skipped: skipped
                    .split(',')
                    .filter(|user| !user.is_empty())
                    .map(|user| parse("skipped", user))
                    .collect::<Result<_, _>>()?,
            })
        })
        .collect()
}

pub(super) async fn queues(db: &Db) -> Result<Vec<QueueId>, DbError> {
    let rows = fetch_all!(db, (String,), "SELECT DISTINCT queue_id FROM waiting_calls ORDER BY queue_id")?;
    rows.iter().map(|(queue,)| parse("queue_id", queue)).collect()
}

pub(super) async fn calls(db: &Db, queue: QueueId) -> Result<Vec<InteractionId>, DbError> {
    let rows = fetch_all!(db, (String,), "SELECT call_id FROM waiting_calls WHERE queue_id = $1", queue.to_string())?;
    rows.iter().map(|(call,)| parse("call_id", call)).collect()
}

pub(super) async fn length(db: &Db, queue: QueueId) -> Result<(u32, Option<Timestamp>), DbError> {
    let (count, oldest) = fetch_one!(
        db,
        (i64, Option<i64>),
        "SELECT COUNT(*), MIN(since) FROM waiting_calls WHERE queue_id = $1",
        queue.to_string(),
    )?;
    Ok((u32::try_from(count).unwrap_or(u32::MAX), oldest.map(Timestamp)))
}
