//! One row a call, blank where nothing was measured.

use domain::ids::InteractionId;
use domain::telephony::quality::{CallQuality, Flow, LegQuality};

use crate::db::{Db, DbError, Tx};
use crate::{execute, fetch_optional};

/// Writes the row of a call that is over. Written twice, it stands there once.
pub(in crate::telephony) async fn write(
    tx: &mut Tx,
    call: InteractionId,
    quality: &CallQuality,
) -> Result<(), DbError> {
    let [agent, customer] = [quality.agent, quality.customer].map(|leg| {
        let [heard, said] = [leg.heard, leg.said].map(|flow| {
            (
                flow.map(|flow| number(flow.expected)),
                flow.map(|flow| number(flow.lost)),
                flow.map(|flow| i64::from(flow.jitter_ms)),
            )
        });
        (heard, said, leg.round_trip_ms.map(i64::from))
    });
    execute!(
        tx,
        "INSERT INTO call_quality (interaction_id,
            agent_heard_expected, agent_heard_lost, agent_heard_jitter_ms,
            agent_said_expected, agent_said_lost, agent_said_jitter_ms, agent_round_trip_ms,
            customer_heard_expected, customer_heard_lost, customer_heard_jitter_ms,
            customer_said_expected, customer_said_lost, customer_said_jitter_ms, customer_round_trip_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         ON CONFLICT (interaction_id) DO NOTHING",
        call.to_string(),
        agent.0.0,
        agent.0.1,
        agent.0.2,
        agent.1.0,
        agent.1.1,
        agent.1.2,
        agent.2,
        customer.0.0,
        customer.0.1,
        customer.0.2,
        customer.1.0,
        customer.1.1,
        customer.1.2,
        customer.2
    )
    .map(drop)
}

#[derive(sqlx::FromRow)]
struct Row {
    agent_heard_expected: Option<i64>,
    agent_heard_lost: Option<i64>,
    agent_heard_jitter_ms: Option<i64>,
    agent_said_expected: Option<i64>,
    agent_said_lost: Option<i64>,
    agent_said_jitter_ms: Option<i64>,
    agent_round_trip_ms: Option<i64>,
    customer_heard_expected: Option<i64>,
    customer_heard_lost: Option<i64>,
    customer_heard_jitter_ms: Option<i64>,
    customer_said_expected: Option<i64>,
    customer_said_lost: Option<i64>,
    customer_said_jitter_ms: Option<i64>,
    customer_round_trip_ms: Option<i64>,
}

/// How a call sounded; blank where it goes on, or was never measured.
pub(crate) async fn load(db: &Db, call: InteractionId) -> Result<CallQuality, DbError> {
    let row = fetch_optional!(
        db,
        Row,
        "SELECT agent_heard_expected, agent_heard_lost, agent_heard_jitter_ms, agent_said_expected, agent_said_lost,
            agent_said_jitter_ms, agent_round_trip_ms, customer_heard_expected, customer_heard_lost,
            customer_heard_jitter_ms, customer_said_expected, customer_said_lost, customer_said_jitter_ms,
            customer_round_trip_ms
         FROM call_quality WHERE interaction_id = $1",
        call.to_string()
    )?;
    Ok(row.map(CallQuality::from).unwrap_or_default())
}

impl From<Row> for CallQuality {
    fn from(row: Row) -> Self {
        Self {
            agent: LegQuality {
                heard: flow(row.agent_heard_expected, row.agent_heard_lost, row.agent_heard_jitter_ms),
                said: flow(row.agent_said_expected, row.agent_said_lost, row.agent_said_jitter_ms),
                round_trip_ms: row.agent_round_trip_ms.and_then(|ms| u32::try_from(ms).ok()),
            },
            customer: LegQuality {
                heard: flow(row.customer_heard_expected, row.customer_heard_lost, row.customer_heard_jitter_ms),
                said: flow(row.customer_said_expected, row.customer_said_lost, row.customer_said_jitter_ms),
                round_trip_ms: row.customer_round_trip_ms.and_then(|ms| u32::try_from(ms).ok()),
            },
        }
    }
}

fn flow(expected: Option<i64>, lost: Option<i64>, jitter_ms: Option<i64>) -> Option<Flow> {
    Some(Flow {
        expected: u64::try_from(expected?).ok()?,
        lost: u64::try_from(lost?).ok()?,
        jitter_ms: u32::try_from(jitter_ms?).ok()?,
    })
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use domain::telephony::Direction;
    use domain::time::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::db::testing::TestDb;
    use crate::on_both;
    use crate::telephony::store::{self, Began, Line};

    async fn stored(db: &TestDb, lines: Vec<Line>) {
        let write = db.db.write::<_, DbError, _>(move |tx| {
            Box::pin(async move {
                for line in &lines {
                    store::write(tx, line).await?;
                }
                Ok(())
            })
        });
        write.await.unwrap();
    }

    on_both! {
        async fn a_calls_quality_is_kept_as_measured_and_blank_where_it_was_not(db: TestDb) {
            let call = InteractionId(Uuid::from_u128(1));
            let began = Began {
                call,
                direction: Direction::Inbound,
                customer: None,
                ours: None,
                queue: None,
                agent: None,
                trunk: domain::ids::TrunkId(Uuid::from_u128(2)),
                at: Timestamp(5),
            };
            let flow = |expected, lost, jitter_ms| Some(Flow { expected, lost, jitter_ms });
            let quality = CallQuality {
                agent: LegQuality { heard: flow(500, 1, 3), said: flow(490, 0, 2), round_trip_ms: Some(24) },
                // This trunk reports nothing.
                customer: LegQuality { heard: flow(500, 50, 7), said: None, round_trip_ms: None },
            };
            assert!(load(&db.db, call).await.unwrap().is_blank());
            stored(&db, vec![Line::Began(Box::new(began))]).await;
            let line = || Line::Quality { call, quality: Box::new(quality) };
            stored(&db, vec![line(), line()]).await;
            assert_eq!(load(&db.db, call).await.unwrap(), quality);
        }
    }
}
