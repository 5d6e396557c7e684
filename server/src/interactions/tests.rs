//! The list of calls on both databases.

use std::collections::HashMap;
use std::sync::Arc;

use domain::ids::InteractionId;
use domain::roles::Role;
use domain::telephony::{CallEvent, Direction, Failure, Outcome};
use domain::time::Timestamp;
use uuid::Uuid;
use wire::ApiError;
use wire::interactions::{CallFilter, CallPage, InteractionsPort};
use wire::session::Actor;

use super::store::Query;
use super::*;
use crate::db::{Db, DbError};
use crate::telephony::numbers::NumberingPlan;
use crate::{execute, on_both};

const SATO: UserId = UserId(Uuid::from_u128(1));
const SUZUKI: UserId = UserId(Uuid::from_u128(2));
const SUPPORT: QueueId = QueueId(Uuid::from_u128(10));
const SALES: QueueId = QueueId(Uuid::from_u128(11));

/// Sato serves the support queue, Suzuki none.
struct Office;

#[async_trait]
impl Surroundings for Office {
    async fn queues_of(&self, user: UserId) -> ApiResult<Vec<QueueId>> {
        Ok(if user == SATO { vec![SUPPORT] } else { vec![] })
    }

    async fn names(&self) -> ApiResult<Names> {
        Ok(Names {
            users: HashMap::from([(SATO, "佐藤".to_owned()), (SUZUKI, "鈴木".to_owned())]),
            queues: HashMap::from([(SUPPORT, "サポート".to_owned()), (SALES, "営業".to_owned())]),
        })
    }
}

#[async_trait]
impl Callers for Office {
    async fn callers(&self, calls: &[Call]) -> ApiResult<Vec<Caller>> {
        Ok(calls.iter().map(|_| Caller::default()).collect())
    }
}

pub(crate) fn interactions(db: &crate::db::Db) -> Interactions {
    Interactions::new(db.clone(), NumberingPlan::of("JP").unwrap(), Arc::new(Office), Arc::new(Office))
}

fn actor(user: UserId, role: Role) -> Actor {
    Actor { user, role, session: String::new() }
}

fn boss() -> Actor {
    actor(UserId(Uuid::from_u128(99)), Role::Supervisor)
}

fn id(n: u128) -> InteractionId {
    InteractionId(Uuid::from_u128(1_000 + n))
}

#[derive(Clone)]
struct Stored {
    n: u128,
    at: i64,
    direction: &'static str,
    customer: Option<&'static str>,
    queue: Option<QueueId>,
    agent: Option<UserId>,
    outcome: Outcome,
}

fn answered(n: u128) -> Stored {
    Stored {
        n,
        at: i64::try_from(n).unwrap(),
        direction: "inbound",
        customer: Some("+819012345678"),
        queue: Some(SUPPORT),
        agent: Some(SATO),
        outcome: Outcome::CustomerHungUp,
    }
}

fn abandoned(n: u128) -> Stored {
    Stored { agent: None, outcome: Outcome::Abandoned, ..answered(n) }
}

async fn store(db: &Db, calls: Vec<Stored>) {
    let write = db.write::<_, DbError, _>(move |tx| {
        Box::pin(async move {
            for call in calls {
                let outcome = serde_json::to_value(call.outcome).unwrap();
                // Its name alone, or its name with what belongs to it.
                let named = outcome.as_object().and_then(|object| object.keys().next());
                let kind = named.map_or_else(|| outcome.as_str().unwrap().to_owned(), String::clone);
                let sip_status = outcome["failed"]["sip_status"].as_i64();
                execute!(
                    tx,
                    "INSERT INTO interactions (id, kind, direction, customer_number, our_number, queue_id, agent_id,
                     started_at, ended_at, outcome, outcome_kind, sip_status, sip_reason, waited_ms, talked_ms)
                     VALUES ($1, 'call', $2, $3, '+81312345678', $4, $5, $6, $6, $7, $8, $9, $10, 1500, 2500)",
                    id(call.n).to_string(),
                    call.direction,
                    call.customer,
                    call.queue.map(|queue| queue.to_string()),
                    call.agent.map(|agent| agent.to_string()),
                    call.at,
                    outcome.to_string(),
                    kind,
                    sip_status,
                    sip_status.map(|_| "Busy Here"),
                )?;
            }
            Ok(())
        })
    });
    write.await.unwrap();
}

fn numbers(page: &CallPage) -> Vec<u128> {
    page.rows.iter().map(|row| row.id.0.as_u128() - 1_000).collect()
}

on_both! {
    async fn pages_follow_each_other_without_gap_or_repetition(db: TestDb) {
        let interactions = interactions(&db);
        // Several of the same millisecond, across the border of a page.
        let calls = (0..120).map(|n| Stored { at: i64::try_from(n / 7).unwrap(), ..answered(n) }).collect();
        store(&db, calls).await;
        let mut seen = Vec::new();
        let mut before = None;
        for rows in [50, 50, 20] {
            let page = interactions.calls(boss(), CallFilter::All, String::new(), before).await.unwrap();
            assert_eq!((page.rows.len(), page.total), (rows, 120));
            seen.extend(numbers(&page));
            before = page.next;
        }
        assert_eq!(before, None);
        assert_eq!(seen, (0..120).rev().collect::<Vec<_>>());
    }

    async fn what_is_found_is_counted_no_further_than_to_the_bound(db: TestDb) {
        store(&db, (0..9).map(|n| if n < 4 { answered(n) } else { abandoned(n) }).collect()).await;
        for seen_by in [None, Some((SATO, vec![SUPPORT]))] {
            let query = Query { seen_by, filter: CallFilter::All, number: None };
            for (most, counted) in [(3, 3), (6, 6), (9, 9), (10, 9)] {
                assert_eq!(super::store::count(&db, &query, most).await.unwrap(), counted, "{query:?} {most}");
            }
        }
    }

    async fn every_filter_and_number_holds_for_what_an_agent_sees_as_well(db: TestDb) {
        let interactions = interactions(&db);
        let out = Stored { direction: "outbound", queue: None, customer: Some("+8223123456"), ..answered(3) };
        let own_abandoned = Stored { agent: Some(SATO), customer: Some("+8223123456"), ..abandoned(4) };
        store(&db, vec![answered(1), abandoned(2), out, own_abandoned]).await;
        let list = |filter, text: &str| {
            let (interactions, text, sato) = (interactions.clone(), text.to_owned(), actor(SATO, Role::Agent));
            async move {
                let page = interactions.calls(sato, filter, text, None).await.unwrap();
                assert_eq!(page.total, u64::try_from(page.rows.len()).unwrap());
                numbers(&page)
            }
        };
        assert_eq!(list(CallFilter::All, "").await, [4, 3, 2, 1]);
        assert_eq!(list(CallFilter::Inbound, "").await, [4, 2, 1]);
        assert_eq!(list(CallFilter::Outbound, "").await, [3]);
        assert_eq!(list(CallFilter::Abandoned, "").await, [4, 2]);
        assert_eq!(list(CallFilter::All, "3123").await, [4, 3]);
        assert_eq!(list(CallFilter::Inbound, "3123").await, [4]);
        assert_eq!(list(CallFilter::Outbound, "5678").await, [0; 0]);
        assert_eq!(list(CallFilter::Abandoned, "5678").await, [2]);
    }

    async fn filters_keep_abandoned_calls_apart(db: TestDb) {
        let interactions = interactions(&db);
        let outbound = Stored { direction: "outbound", queue: None, ..answered(3) };
        store(&db, vec![answered(1), abandoned(2), outbound]).await;
        let list = |filter| {
            let interactions = interactions.clone();
            async move { numbers(&interactions.calls(boss(), filter, String::new(), None).await.unwrap()) }
        };
        assert_eq!(list(CallFilter::All).await, [3, 2, 1]);
        assert_eq!(list(CallFilter::Inbound).await, [2, 1]);
        assert_eq!(list(CallFilter::Outbound).await, [3]);
        assert_eq!(list(CallFilter::Abandoned).await, [2]);
    }

    async fn an_abandoned_call_says_when_it_was_called_back(db: TestDb) {
        let interactions = interactions(&db);
        let out = |n, customer| Stored { direction: "outbound", customer, ..answered(n) };
        store(&db, vec![
            out(1, Some("+819012345678")),
            abandoned(2),
            out(3, Some("+819000000000")),
            out(4, Some("+819012345678")),
            out(5, Some("+819012345678")),
            Stored { customer: None, ..abandoned(6) },
        ]).await;
        let page = interactions.calls(boss(), CallFilter::Abandoned, String::new(), None).await.unwrap();
        assert_eq!(page.rows[0].called_back_at, None);
        assert_eq!(page.rows[0].party.number, None);
        assert_eq!(page.rows[1].called_back_at, Some(Timestamp(4)));
    }

    async fn a_number_is_found_by_any_part_in_any_spelling(db: TestDb) {
        let interactions = interactions(&db);
        let other = Stored { customer: Some("+8223123456"), ..answered(2) };
        store(&db, vec![answered(1), other, Stored { customer: None, ..answered(3) }]).await;
        let find = |text: &str| {
            let (interactions, text) = (interactions.clone(), text.to_owned());
            async move { numbers(&interactions.calls(boss(), CallFilter::All, text, None).await.unwrap()) }
        };
        for text in ["5678", "090-1234", "+81 90", "０９０", "1234567"] {
            assert_eq!(find(text).await, [1], "{text}");
        }
        assert_eq!(find("3123").await, [2]);
        assert_eq!(find("").await, [3, 2, 1]);
        assert_eq!(find("山田").await, [0; 0]);
        assert_eq!(find("%").await, [0; 0]);
    }

    async fn an_agent_sees_own_calls_and_the_abandoned_ones_of_own_queues(db: TestDb) {
        let interactions = interactions(&db);
        let others = Stored { agent: Some(SUZUKI), ..answered(2) };
        let elsewhere = Stored { queue: Some(SALES), ..abandoned(4) };
        let nowhere = Stored { queue: None, ..abandoned(5) };
        store(&db, vec![answered(1), others, abandoned(3), elsewhere, nowhere]).await;
        let sato = actor(SATO, Role::Agent);
        let page = interactions.calls(sato.clone(), CallFilter::All, String::new(), None).await.unwrap();
        assert_eq!((numbers(&page), page.total), (vec![3, 1], 2));
        let suzuki = actor(SUZUKI, Role::Agent);
        let page = interactions.calls(suzuki, CallFilter::All, String::new(), None).await.unwrap();
        assert_eq!(numbers(&page), [2]);
        assert!(interactions.call(sato.clone(), id(3)).await.is_ok());
        assert_eq!(interactions.call(sato.clone(), id(2)).await, Err(ApiError::NotFound));
        assert_eq!(interactions.call(sato, id(404)).await, Err(ApiError::NotFound));
        assert!(interactions.call(boss(), id(2)).await.is_ok());
    }

    async fn a_row_carries_names_and_times_and_its_log_is_numbered(db: TestDb) {
        let interactions = interactions(&db);
        let failed = Outcome::Failed { failure: Failure::Busy, sip_status: Some(486) };
        store(&db, vec![Stored { direction: "outbound", outcome: failed, ..answered(1) }]).await;
        let write = db.write::<_, DbError, _>(|tx| Box::pin(async move {
            let events = [
                CallEvent::Started { direction: Direction::Outbound },
                CallEvent::Dialled { agent: SUZUKI },
                CallEvent::Ended { outcome: Outcome::Failed { failure: Failure::Busy, sip_status: Some(486) } },
            ];
            for (n, event) in (1_i64..).zip(events) {
                let agent = (n == 2).then(|| SUZUKI.to_string());
                execute!(
                    tx,
                    "INSERT INTO interaction_events (interaction_id, n, at, event, agent_id) VALUES ($1, $2, $3, $4, $5)",
                    id(1).to_string(), n, 100 + n, serde_json::to_string(&event).unwrap(), agent,
                )?;
            }
            Ok(())
        }));
        write.await.unwrap();
        let detail = interactions.call(boss(), id(1)).await.unwrap();
        assert_eq!(detail.row.party.number.as_ref().unwrap().e164.as_str(), "+819012345678");
        assert_eq!(detail.row.our_number.as_ref().unwrap().e164.as_str(), "+81312345678");
        assert_eq!(detail.row.queue.as_ref().unwrap().name, "サポート");
        assert_eq!(detail.row.agent.as_ref().unwrap().name, "佐藤");
        assert_eq!((detail.row.waited_ms, detail.row.talked_ms), (Some(1_500), Some(2_500)));
        assert_eq!(detail.row.outcome, Some(failed));
        assert_eq!(detail.sip_reason.as_deref(), Some("486 Busy Here"));
        assert_eq!(detail.events.iter().map(|event| (event.n, event.at.0)).collect::<Vec<_>>(), [(1, 101), (2, 102), (3, 103)]);
        assert_eq!(detail.agents.iter().map(|agent| agent.name.as_str()).collect::<Vec<_>>(), ["鈴木", "佐藤"]);
    }
}
