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

// Each text asks for what it needs and no more: a condition that is sometimes empty (`$1 = '' OR …`) would keep both
// planners from every index. What varies is the filter, whether a number is wanted, and whether all calls are seen.

macro_rules! any {
    () => {
        ""
    };
}

macro_rules! inbound {
    () => {
        " AND i.direction = 'inbound'"
    };
}

macro_rules! outbound {
    () => {
        " AND i.direction = 'outbound'"
    };
}

macro_rules! abandoned {
    () => {
        " AND i.outcome_kind = 'abandoned'"
    };
}

/// $3 and $4: the two patterns of the customer's number.
macro_rules! numbered {
    () => {
        " AND (i.customer_number LIKE $3 OR i.customer_number LIKE $4)"
    };
}

/// $5 and $6: where the page before ended.
macro_rules! after {
    () => {
        " AND i.started_at <= $5 AND (i.started_at < $5 OR i.id < $6) ORDER BY i.started_at DESC, i.id DESC LIMIT $7"
    };
}

/// What an agent sees, in two parts of an index each: their own calls ($1), and what was abandoned in their queues ($2).
macro_rules! seen {
    ($columns:literal, $filter:ident, $number:ident, $end:ident) => {
        concat!(
            "SELECT * FROM (SELECT ",
            $columns,
            " FROM interactions i WHERE i.kind = 'call' AND i.agent_id = $1",
            $filter!(),
            $number!(),
            $end!(),
            ") own UNION SELECT * FROM (SELECT ",
            $columns,
            " FROM interactions i WHERE i.kind = 'call' AND i.outcome_kind = 'abandoned'
             AND $2 LIKE '%' || i.queue_id || '%'",
            $filter!(),
            $number!(),
            $end!(),
            ") queued"
        )
    };
}

macro_rules! page_of_all {
    ($filter:ident, $number:ident) => {
        concat!("SELECT ", columns!(), " FROM interactions i WHERE i.kind = 'call'", $filter!(), $number!(), after!())
    };
}

macro_rules! page_of_seen {
    ($filter:ident, $number:ident) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM (",
            seen!("i.id", $filter, $number, after),
            ") found JOIN interactions i ON i.id = found.id ORDER BY i.started_at DESC, i.id DESC LIMIT $7"
        )
    };
}

/// $7: where counting ends.
macro_rules! most {
    () => {
        " LIMIT $7"
    };
}

macro_rules! count_of_all {
    ($filter:ident, $number:ident) => {
        concat!(
            "SELECT COUNT(*) FROM (SELECT 1 FROM interactions i WHERE i.kind = 'call'",
            $filter!(),
            $number!(),
            most!(),
            ") found"
        )
    };
}

macro_rules! count_of_seen {
    ($filter:ident, $number:ident) => {
        concat!("SELECT COUNT(*) FROM (", seen!("i.id", $filter, $number, most), ") found")
    };
}

/// The text for a query, of those that `$all` and `$seen` make.
macro_rules! text {
    ($query:expr, $all:ident, $seen:ident) => {
        match ($query.seen_by.is_some(), $query.number.is_some(), $query.filter) {
            (false, false, CallFilter::All) => $all!(any, any),
            (false, false, CallFilter::Inbound) => $all!(inbound, any),
            (false, false, CallFilter::Outbound) => $all!(outbound, any),
            (false, false, CallFilter::Abandoned) => $all!(abandoned, any),
            (false, true, CallFilter::All) => $all!(any, numbered),
            (false, true, CallFilter::Inbound) => $all!(inbound, numbered),
            (false, true, CallFilter::Outbound) => $all!(outbound, numbered),
            (false, true, CallFilter::Abandoned) => $all!(abandoned, numbered),
            (true, false, CallFilter::All) => $seen!(any, any),
            (true, false, CallFilter::Inbound) => $seen!(inbound, any),
            (true, false, CallFilter::Outbound) => $seen!(outbound, any),
            (true, false, CallFilter::Abandoned) => $seen!(abandoned, any),
            (true, true, CallFilter::All) => $seen!(any, numbered),
            (true, true, CallFilter::Inbound) => $seen!(inbound, numbered),
            (true, true, CallFilter::Outbound) => $seen!(outbound, numbered),
            (true, true, CallFilter::Abandoned) => $seen!(abandoned, numbered),
        }
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

/// The query's first arguments, the same for each text: whose calls ($1), their queues ($2), the patterns ($3, $4).
struct Arguments {
    user: String,
    queues: String,
    number: (String, String),
}

impl Query {
    fn arguments(&self) -> Arguments {
        let (user, queues) = match &self.seen_by {
            None => (String::new(), String::new()),
            Some((user, queues)) => {
                (user.to_string(), queues.iter().map(QueueId::to_string).collect::<Vec<_>>().join(","))
            }
        };
        Arguments { user, queues, number: self.number.clone().unwrap_or_default() }
    }
}

/// At most `limit` calls after `before`, latest first.
pub(super) async fn page(db: &Db, query: &Query, before: Option<Cursor>, limit: i64) -> Result<Vec<Call>, DbError> {
    let Arguments { user, queues, number } = query.arguments();
    let (at, id) = before.map_or((i64::MAX, String::new()), |cursor| (cursor.started_at.0, cursor.id.to_string()));
    let sql = text!(query, page_of_all, page_of_seen);
    let rows = fetch_all!(db, Row, sql, user, queues, number.0, number.1, at, id, limit)?;
    rows.into_iter().map(Row::read).collect()
}

/// How many there are, counted no further than to `most`.
pub(super) async fn count(db: &Db, query: &Query, most: u64) -> Result<u64, DbError> {
    let Arguments { user, queues, number } = query.arguments();
    let sql = text!(query, count_of_all, count_of_seen);
    let limit = i64::try_from(most).unwrap_or(i64::MAX);
    let (count,) = fetch_one!(db, (i64,), sql, user, queues, number.0, number.1, 0_i64, "", limit)?;
    Ok(u64::try_from(count).unwrap_or(0).min(most))
}

/// One call, if whoever asks sees it.
pub(super) async fn call(db: &Db, query: &Query, id: InteractionId) -> Result<Option<Call>, DbError> {
    let Arguments { user, queues, .. } = query.arguments();
    let row = fetch_optional!(
        db,
        Row,
        concat!(
            "SELECT ",
            columns!(),
            " FROM interactions i WHERE i.kind = 'call' AND i.id = $3
             AND ($1 = '' OR i.agent_id = $1 OR (i.outcome_kind = 'abandoned' AND $2 LIKE '%' || i.queue_id || '%'))"
        ),
        user,
        queues,
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

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::db::Dialect;
    use crate::db::testing::TestDb;

    /// How SQLite goes about it, a line each step.
    async fn plan(db: &Db, sql: &'static str) -> String {
        assert_eq!(db.dialect(), Dialect::Sqlite);
        let sql = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
        let steps = fetch_all!(db, (i64, i64, i64, String), sql, "", "", "", "", i64::MAX, "", 51_i64).unwrap();
        steps.into_iter().map(|(_, _, _, step)| step + "\n").collect()
    }

    #[tokio::test]
    async fn no_list_and_no_count_reads_the_whole_table() {
        let db = TestDb::sqlite().await;
        let sato = Some((UserId(Uuid::from_u128(1)), vec![QueueId(Uuid::from_u128(2))]));
        for seen_by in [None, sato] {
            for filter in [CallFilter::All, CallFilter::Inbound, CallFilter::Outbound, CallFilter::Abandoned] {
                let query = Query { seen_by: seen_by.clone(), filter, number: None };
                let page = plan(&db, text!(query, page_of_all, page_of_seen)).await;
                let index = match (&seen_by, filter) {
                    (_, CallFilter::Abandoned) => "interactions_by_outcome",
                    (Some(_), CallFilter::All | CallFilter::Inbound | CallFilter::Outbound) => "interactions_by_agent",
                    (None, CallFilter::All | CallFilter::Inbound | CallFilter::Outbound) => "interactions_by_time",
                };
                assert!(page.contains(&format!("USING INDEX {index} (")), "{query:?}:\n{page}");
                assert!(!page.contains("SCAN i\n"), "{query:?}:\n{page}");
                if seen_by.is_some() {
                    let count = plan(&db, text!(query, count_of_all, count_of_seen)).await;
                    assert!(!count.contains("SCAN i"), "{query:?}:\n{count}");
                }
            }
        }
    }
}
