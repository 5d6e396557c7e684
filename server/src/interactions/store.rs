//! The SQL that reads calls and their logs.

use domain::ids::{CustomerId, InteractionId, QueueId, UserId};
use domain::phone::E164;
use domain::telephony::{Direction, Numbered, Outcome};
use domain::time::Timestamp;
use serde::de::DeserializeOwned;
use wire::interactions::{CallFilter, Cursor};

use crate::db::{Db, DbError, parse};
use crate::{fetch_all, fetch_one, fetch_optional};

/// Which calls to read.
#[derive(Clone, Debug)]
pub(super) struct Query {
    /// Of those that this user may see; none: of all.
    pub(super) seen_by: Option<(UserId, Vec<QueueId>)>,
    /// Of what kind.
    pub(super) filter: CallFilter,
    /// Patterns of the customer's number; none: any call.
    pub(super) number: Option<(String, String)>,
}

/// A stored call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) id: InteractionId,
    pub(super) direction: Direction,
    pub(super) customer: Option<E164>,
    pub(super) whose: Option<CustomerId>,
    pub(super) settled: bool,
    pub(super) ours: Option<E164>,
    pub(super) queue: Option<QueueId>,
    pub(super) agent: Option<UserId>,
    pub(super) started_at: Timestamp,
    pub(super) waited_ms: Option<i64>,
    pub(super) talked_ms: Option<i64>,
    pub(super) outcome: Option<Outcome>,
    pub(super) sip_status: Option<i64>,
    pub(super) sip_reason: Option<String>,
    pub(super) called_back_at: Option<Timestamp>,
}

/// The condition of a [`Query`], $1 to $6: whose calls, their queues, direction, outcome, the two number patterns. An
/// empty text asks nothing.
macro_rules! matching {
    () => {
        "i.kind = 'call'
         AND ($1 = '' OR i.agent_id = $1 OR (i.outcome_kind = 'abandoned' AND $2 LIKE '%' || i.queue_id || '%'))
         AND ($3 = '' OR i.direction = $3) AND ($4 = '' OR i.outcome_kind = $4)
         AND ($5 = '' OR i.customer_number LIKE $5 OR i.customer_number LIKE $6)"
    };
}

/// The columns of a [`Row`]. Somebody of ours called back when, after it, a call went out to the same number.
macro_rules! columns {
    () => {
        "i.id, i.direction, i.customer_number, i.customer_id, i.customer_settled, i.our_number, i.queue_id, i.agent_id, i.started_at, i.waited_ms,
         i.talked_ms, i.outcome, i.sip_status, i.sip_reason,
         CASE WHEN i.outcome_kind = 'abandoned' THEN (
            SELECT MIN(b.started_at) FROM interactions b WHERE b.customer_number = i.customer_number
                AND b.direction = 'outbound' AND b.started_at >= i.started_at) END AS called_back_at"
    };
}

/// The query's arguments in the order of [`matching`].
struct Arguments {
    user: String,
    queues: String,
    direction: &'static str,
    outcome: &'static str,
    number: (String, String),
}

impl Query {
    fn arguments(&self) -> Arguments {
        let (direction, outcome) = match self.filter {
            CallFilter::All => ("", ""),
            CallFilter::Inbound => ("inbound", ""),
            CallFilter::Outbound => ("outbound", ""),
            CallFilter::Abandoned => ("", "abandoned"),
        };
        let (user, queues) = match &self.seen_by {
            None => (String::new(), String::new()),
            Some((user, queues)) => {
                (user.to_string(), queues.iter().map(QueueId::to_string).collect::<Vec<_>>().join(","))
            }
        };
        Arguments { user, queues, direction, outcome, number: self.number.clone().unwrap_or_default() }
    }
}

/// At most `limit` calls after `before`, latest first.
pub(super) async fn page(db: &Db, query: &Query, before: Option<Cursor>, limit: i64) -> Result<Vec<Call>, DbError> {
    let Arguments { user, queues, direction, outcome, number } = query.arguments();
    let (at, id) = before.map_or((i64::MAX, String::new()), |cursor| (cursor.started_at.0, cursor.id.to_string()));
    let rows = fetch_all!(
        db,
        Row,
        concat!(
            "SELECT ",
            columns!(),
            " FROM interactions i WHERE ",
            matching!(),
            " AND (i.started_at < $7 OR (i.started_at = $7 AND i.id < $8))
             ORDER BY i.started_at DESC, i.id DESC LIMIT $9"
        ),
        user,
        queues,
        direction,
        outcome,
        number.0,
        number.1,
        at,
        id,
        limit,
    )?;
    rows.into_iter().map(Row::read).collect()
}

/// How many there are.
pub(super) async fn count(db: &Db, query: &Query) -> Result<u64, DbError> {
    let Arguments { user, queues, direction, outcome, number } = query.arguments();
    let (count,) = fetch_one!(
        db,
        (i64,),
        concat!("SELECT COUNT(*) FROM interactions i WHERE ", matching!()),
        user,
        queues,
        direction,
        outcome,
        number.0,
        number.1,
    )?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// One call, if the query would find it.
pub(super) async fn call(db: &Db, query: &Query, id: InteractionId) -> Result<Option<Call>, DbError> {
    let Arguments { user, queues, direction, outcome, number } = query.arguments();
    let row = fetch_optional!(
        db,
        Row,
        concat!("SELECT ", columns!(), " FROM interactions i WHERE ", matching!(), " AND i.id = $7"),
        user,
        queues,
        direction,
        outcome,
        number.0,
        number.1,
        id.to_string(),
    )?;
    row.map(Row::read).transpose()
}

/// At most `limit` calls of a customer that began before then, latest first.
pub(super) async fn of_customer(
    db: &Db,
    customer: CustomerId,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<Call>, DbError> {
    let rows = fetch_all!(
        db,
        Row,
        concat!(
            "SELECT ",
            columns!(),
            " FROM interactions i WHERE i.kind = 'call' AND i.customer_id = $1 AND i.started_at < $2
             ORDER BY i.started_at DESC, i.id DESC LIMIT $3"
        ),
        customer.to_string(),
        before.0,
        limit,
    )?;
    rows.into_iter().map(Row::read).collect()
}

/// The call's log, in order, with everybody whom it names.
pub(super) async fn events(db: &Db, id: InteractionId) -> Result<(Vec<Numbered>, Vec<UserId>), DbError> {
    let rows = fetch_all!(
        db,
        (i64, i64, String, Option<String>),
        "SELECT n, at, event, agent_id FROM interaction_events WHERE interaction_id = $1 ORDER BY n",
        id.to_string(),
    )?;
    let mut events = Vec::with_capacity(rows.len());
    let mut agents = Vec::new();
    for (n, at, event, agent) in rows {
        let n = u32::try_from(n).map_err(|_| DbError::Corrupt { column: "interaction_events.n" })?;
        events.push(Numbered { n, at: Timestamp(at), event: from_json("interaction_events.event", &event)? });
        if let Some(agent) = agent {
            let agent = parse("interaction_events.agent_id", &agent)?;
            if !agents.contains(&agent) {
                agents.push(agent);
            }
        }
    }
    Ok((events, agents))
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    direction: String,
    customer_number: Option<String>,
    customer_id: Option<String>,
    customer_settled: bool,
    our_number: Option<String>,
    queue_id: Option<String>,
    agent_id: Option<String>,
    started_at: i64,
    waited_ms: Option<i64>,
    talked_ms: Option<i64>,
    outcome: Option<String>,
    sip_status: Option<i64>,
    sip_reason: Option<String>,
    called_back_at: Option<i64>,
}

impl Row {
    fn read(self) -> Result<Call, DbError> {
        let direction = match self.direction.as_str() {
            "inbound" => Direction::Inbound,
            "outbound" => Direction::Outbound,
            _ => return Err(DbError::Corrupt { column: "interactions.direction" }),
        };
        Ok(Call {
            id: parse("interactions.id", &self.id)?,
            direction,
            customer: number("interactions.customer_number", self.customer_number)?,
            whose: self.customer_id.map(|id| parse("interactions.customer_id", &id)).transpose()?,
            settled: self.customer_settled,
            ours: number("interactions.our_number", self.our_number)?,
            queue: self.queue_id.map(|id| parse("interactions.queue_id", &id)).transpose()?,
            agent: self.agent_id.map(|id| parse("interactions.agent_id", &id)).transpose()?,
            started_at: Timestamp(self.started_at),
            waited_ms: self.waited_ms,
            talked_ms: self.talked_ms,
            outcome: self.outcome.map(|json| from_json("interactions.outcome", &json)).transpose()?,
            sip_status: self.sip_status,
            sip_reason: self.sip_reason,
            called_back_at: self.called_back_at.map(Timestamp),
        })
    }
}

fn number(column: &'static str, text: Option<String>) -> Result<Option<E164>, DbError> {
    text.map(|text| E164::parse(&text).map_err(|_| DbError::Corrupt { column })).transpose()
}

fn from_json<T: DeserializeOwned>(column: &'static str, text: &str) -> Result<T, DbError> {
    serde_json::from_str(text).map_err(|_| DbError::Corrupt { column })
}
