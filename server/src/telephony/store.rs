//! The SQL of calls: writing the row and the log, and the few questions that a running call asks.

use domain::ids::{CustomerId, InteractionId, QueueId, TrunkId, UserId};
use domain::phone::E164;
use domain::telephony::quality::CallQuality;
use domain::telephony::{Direction, Numbered, Outcome};
use domain::time::Timestamp;

use crate::db::{Db, DbError, Tx, parse};
use crate::{execute, fetch_all, fetch_optional};

/// How a call begins in the store.
#[derive(Clone, Debug)]
pub(super) struct Began {
    /// Which.
    pub(super) call: InteractionId,
    /// Who called whom.
    pub(super) direction: Direction,
    /// The customer's number; none when withheld.
    pub(super) customer: Option<E164>,
    /// Our number.
    pub(super) ours: Option<E164>,
    /// Through which queue.
    pub(super) queue: Option<QueueId>,
    /// Who dialled.
    pub(super) agent: Option<UserId>,
    /// On which trunk.
    pub(super) trunk: TrunkId,
    /// When.
    pub(super) at: Timestamp,
}

/// How a call ends in the store.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    /// Which.
    pub(super) call: InteractionId,
    /// When.
    pub(super) at: Timestamp,
    /// How.
    pub(super) outcome: Outcome,
    /// The far end's reason phrase, as it came.
    pub(super) sip_reason: Option<String>,
    /// How long the customer waited for an agent.
    pub(super) waited_ms: Option<i64>,
    /// How long they talked.
    pub(super) talked_ms: Option<i64>,
}

/// Something to be written about a call.
#[derive(Clone, Debug)]
pub(super) enum Line {
    /// The row.
    Began(Box<Began>),
    /// A line of the log.
    Event {
        /// Of which call.
        call: InteractionId,
        /// The line.
        event: Numbered,
        /// About whom.
        agent: Option<UserId>,
    },
    /// The two talk; where a second agent took over, the customer's first agent says since when.
    Connected {
        /// Which.
        call: InteractionId,
        /// With whom.
        agent: UserId,
        /// Since when.
        at: Timestamp,
    },
    /// Whose it is, as a look-up found.
    Customer {
        /// Which.
        call: InteractionId,
        /// Whose.
        customer: CustomerId,
    },
    /// The row's last words.
    Ended(Box<Ended>),
    /// How it sounded.
    Quality {
        /// Which.
        call: InteractionId,
        /// As measured.
        quality: Box<CallQuality>,
    },
}

impl Line {
    /// The call whose row in a list it changes, if it changes one.
    pub(super) fn shown(&self) -> Option<InteractionId> {
        match self {
            Self::Began(began) => Some(began.call),
            Self::Connected { call, .. } => Some(*call),
            Self::Ended(ended) => Some(ended.call),
            Self::Quality { call, .. } | Self::Customer { call, .. } => Some(*call),
            // Whoever shows a log hears of its steps by the call's own events.
            Self::Event { .. } => None,
        }
    }
}

/// A stored call, as far as after-call work shows it.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    /// Who called whom.
    pub(super) direction: Direction,
    /// The customer's number.
    pub(super) customer: Option<E164>,
    /// Our number.
    pub(super) ours: Option<E164>,
    /// Through which queue.
    pub(super) queue: Option<QueueId>,
    /// When it began.
    pub(super) started_at: Timestamp,
    /// When the two were connected.
    pub(super) connected_at: Option<Timestamp>,
    /// When it ended.
    pub(super) ended_at: Option<Timestamp>,
    /// How it ended.
    pub(super) outcome: Option<Outcome>,
    /// The far end's reason phrase.
    pub(super) sip_reason: Option<String>,
}

/// A call that the store believes to be going on.
#[derive(Clone, Debug)]
pub(super) struct Open {
    /// Which.
    pub(super) call: InteractionId,
    /// The number of its last line.
    pub(super) last: u32,
}

/// Writes one line. Written twice, it stands there once.
pub(super) async fn write(tx: &mut Tx, line: &Line) -> Result<(), DbError> {
    match line {
        Line::Began(began) => execute!(
            tx,
            "INSERT INTO interactions
                (id, kind, direction, customer_number, our_number, queue_id, agent_id, trunk_id, started_at)
             VALUES ($1, 'call', $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING",
            began.call.to_string(),
            direction_name(began.direction),
            began.customer.as_ref().map(E164::to_string),
            began.ours.as_ref().map(E164::to_string),
            began.queue.map(|id| id.to_string()),
            began.agent.map(|id| id.to_string()),
            began.trunk.to_string(),
            began.at.0
        )
        .map(drop),
        Line::Event { call, event, agent } => execute!(
            tx,
            "INSERT INTO interaction_events (interaction_id, n, at, event, agent_id)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (interaction_id, n) DO NOTHING",
            call.to_string(),
            i64::from(event.n),
            event.at.0,
            json(&event.event)?,
            agent.map(|id| id.to_string())
        )
        .map(drop),
        Line::Connected { call, agent, at } => execute!(
            tx,
            "UPDATE interactions SET connected_at = COALESCE(connected_at, $2), agent_id = $3 WHERE id = $1",
            call.to_string(),
            at.0,
            agent.to_string()
        )
        .map(drop),
        Line::Customer { call, customer } => super::links::note(tx, *call, *customer).await,
        Line::Quality { call, quality } => super::quality::write(tx, *call, quality).await,
        Line::Ended(ended) => execute!(
            tx,
            "UPDATE interactions SET ended_at = $2, outcome = $3, outcome_kind = $4, sip_status = $5, sip_reason = $6,
                waited_ms = $7, talked_ms = $8
             WHERE id = $1 AND ended_at IS NULL",
            ended.call.to_string(),
            ended.at.0,
            json(&ended.outcome)?,
            outcome_name(ended.outcome),
            sip_status(ended.outcome),
            ended.sip_reason.clone(),
            ended.waited_ms,
            ended.talked_ms
        )
        .map(drop),
    }
}

/// Whether this call was ever begun.
pub(super) async fn exists(db: &Db, call: InteractionId) -> Result<bool, DbError> {
    fetch_optional!(db, (i64,), "SELECT started_at FROM interactions WHERE id = $1", call.to_string())
        .map(|row| row.is_some())
}

/// What this agent dialled, latest first: our number and the customer's. The newest 100.
pub(super) async fn dialled(db: &Db, agent: UserId) -> Result<Vec<(Option<E164>, Option<E164>)>, DbError> {
    let rows = fetch_all!(
        db,
        (Option<String>, Option<String>),
        "SELECT our_number, customer_number FROM interactions
         WHERE agent_id = $1 AND direction = 'outbound' ORDER BY started_at DESC, id DESC LIMIT 100",
        agent.to_string()
    )?;
    rows.into_iter()
        .map(|(ours, customer)| Ok((number("our_number", ours)?, number("customer_number", customer)?)))
        .collect()
}

#[derive(sqlx::FromRow)]
struct StoredRow {
    direction: String,
    customer_number: Option<String>,
    our_number: Option<String>,
    queue_id: Option<String>,
    started_at: i64,
    connected_at: Option<i64>,
    ended_at: Option<i64>,
    outcome: Option<String>,
    sip_reason: Option<String>,
}

/// One call.
pub(super) async fn load(db: &Db, call: InteractionId) -> Result<Option<Stored>, DbError> {
    let row = fetch_optional!(
        db,
        StoredRow,
        "SELECT direction, customer_number, our_number, queue_id, started_at, connected_at, ended_at, outcome, sip_reason
         FROM interactions WHERE id = $1",
        call.to_string()
    )?;
    row.map(|row| {
        Ok(Stored {
            direction: direction_of(&row.direction)?,
            customer: number("customer_number", row.customer_number)?,
            ours: number("our_number", row.our_number)?,
            queue: row.queue_id.map(|id| parse("queue_id", &id)).transpose()?,
            started_at: Timestamp(row.started_at),
            connected_at: row.connected_at.map(Timestamp),
            ended_at: row.ended_at.map(Timestamp),
            outcome: row.outcome.map(|text| unjson("outcome", &text)).transpose()?,
            sip_reason: row.sip_reason,
        })
    })
    .transpose()
}

/// Calls without an end.
pub(super) async fn open(db: &Db) -> Result<Vec<Open>, DbError> {
    let calls = fetch_all!(
        db,
        (String, i64),
        "SELECT id, CAST(COALESCE((SELECT MAX(n) FROM interaction_events WHERE interaction_id = id), 0) AS BIGINT)
         FROM interactions WHERE ended_at IS NULL ORDER BY started_at"
    )?;
    calls
        .into_iter()
        .map(|(call, last)| {
            let last = u32::try_from(last).map_err(|_| DbError::Corrupt { column: "n" })?;
            Ok(Open { call: parse("id", &call)?, last })
        })
        .collect()
}

pub(super) fn direction_name(direction: Direction) -> &'static str {
    match direction {
        Direction::Inbound => "inbound",
        Direction::Outbound => "outbound",
    }
}

fn direction_of(name: &str) -> Result<Direction, DbError> {
    match name {
        "inbound" => Ok(Direction::Inbound),
        "outbound" => Ok(Direction::Outbound),
        _ => Err(DbError::Corrupt { column: "direction" }),
    }
}

/// The outcome's tag, as its JSON has it.
pub(super) fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::CustomerHungUp => "customer_hung_up",
        Outcome::AgentHungUp => "agent_hung_up",
        Outcome::Abandoned => "abandoned",
        Outcome::Cancelled => "cancelled",
        Outcome::Failed { .. } => "failed",
        Outcome::AgentLost => "agent_lost",
        Outcome::Lost => "lost",
    }
}

fn sip_status(outcome: Outcome) -> Option<i64> {
    match outcome {
        Outcome::Failed { sip_status, .. } => sip_status.map(i64::from),
        Outcome::CustomerHungUp
        | Outcome::AgentHungUp
        | Outcome::Abandoned
        | Outcome::Cancelled
        | Outcome::AgentLost
        | Outcome::Lost => None,
    }
}

fn number(column: &'static str, text: Option<String>) -> Result<Option<E164>, DbError> {
    text.map(|text| E164::parse(&text).map_err(|_| DbError::Corrupt { column })).transpose()
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|_| DbError::Corrupt { column: "json" })
}

fn unjson<T: serde::de::DeserializeOwned>(column: &'static str, text: &str) -> Result<T, DbError> {
    serde_json::from_str(text).map_err(|_| DbError::Corrupt { column })
}
