//! What a stopping server refuses, and what a starting one finds.

use std::time::Duration;

use domain::agents::{SeatInput, Work};
use domain::ids::InteractionId;
use domain::telephony::{CallEvent, Command, Outcome};
use server::agents::By;
use server::db::testing::TestDb;
use server::on_both;
use uuid::Uuid;
use wire::events::Gone;
use wire::telephony::TelephonyPort;

use super::customer::{Customer, Script};
use super::floor::Floor;

on_both! {
    async fn a_stopping_server_refuses_new_calls_and_waits_for_those_that_are_up(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.ready("sato").await;
        let customer = Customer::calls(&floor, Script::new("is_hung_up_on.xml"));
        let call = floor.offered(agent).await.id;
        floor.phone.command(floor.actor(agent), call, Command::Answer).await.unwrap();
        floor.connected(agent).await;
        let calls = floor.calls.clone();
        let stopping = tokio::spawn(async move { calls.stop(Duration::from_mins(30)).await });
        while !floor.calls.is_stopping() {
            tokio::task::yield_now().await;
        }
        floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
        customer.done().await;
        stopping.await.unwrap();
        assert_eq!(floor.outcomes().await[0].0, Outcome::AgentHungUp);
        let said = Customer::calls(&floor, Script::new("is_refused.xml")).done().await;
        assert!(said.contains("SIP/2.0 503") && said.contains("Retry-After: 30"), "{said}");
    }

    async fn calls_that_are_cut_short_are_hung_up_before_sip_ends(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.ready("sato").await;
        let customer = Customer::calls(&floor, Script::new("is_hung_up_on.xml"));
        let call = floor.offered(agent).await.id;
        floor.phone.command(floor.actor(agent), call, Command::Answer).await.unwrap();
        floor.connected(agent).await;
        floor.calls.stop(Duration::ZERO).await;
        floor.close().await;
        customer.done().await;
        assert_eq!(floor.outcomes().await[0].0, Outcome::Lost);
    }

    async fn a_call_that_rings_when_the_server_stops_was_not_given_up_by_its_customer(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.ready("sato").await;
        let _customer = Customer::calls(&floor, Script::new("is_hung_up_on.xml"));
        let call = floor.offered(agent).await.id;
        floor.calls.stop(Duration::ZERO).await;
        assert_eq!(floor.gone(agent).await, (call, Gone::ServerStopped));
        assert_eq!(floor.calls.call_view(agent).await.unwrap(), None);
    }

    async fn calls_of_a_killed_server_are_lost_and_their_agents_free(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let talking = floor.logged_in("sato").await;
        let ringing = floor.ready("suzuki").await;
        let call = InteractionId(Uuid::new_v4());
        let began = call.to_string();
        floor
            .db
            .write::<_, server::db::DbError, _>(move |tx| {
                Box::pin(async move {
                    server::execute!(
                        tx,
                        "INSERT INTO interactions (id, kind, direction, started_at)
                         VALUES ($1, 'call', 'inbound', 1)",
                        began
                    )
                })
            })
            .await
            .unwrap();
        floor.agents.apply(talking, SeatInput::Dialled { call }, By::Agent).await.unwrap();
        floor.agents.apply(talking, SeatInput::Connected { call }, By::Customer).await.unwrap();
        let offered = InteractionId(Uuid::new_v4());
        floor.agents.apply(ringing, SeatInput::Offered { call: offered }, By::Router).await.unwrap();

        floor.calls.recover().await.unwrap();
        assert_eq!(floor.outcomes().await[0].0, Outcome::Lost);
        assert_eq!(floor.events(call).await, [CallEvent::Ended { outcome: Outcome::Lost }]);
        assert_eq!(floor.agents.seat(talking).await.unwrap().work(), Work::AfterCall { call });
        assert_eq!(floor.agents.seat(ringing).await.unwrap().work(), Work::Idle);
        let view = floor.calls.call_view(talking).await.unwrap().unwrap();
        assert_eq!((view.id, view.outcome), (call, Some(Outcome::Lost)));
    }
}

#[tokio::test]
async fn a_database_that_is_away_does_not_hold_a_stopping_server() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let agent = floor.ready("sato").await;
    let customer = Customer::calls(&floor, Script::new("is_hung_up_on.xml"));
    let call = floor.offered(agent).await.id;
    floor.phone.command(floor.actor(agent), call, Command::Answer).await.unwrap();
    floor.connected(agent).await;
    floor.log.flush().await;
    // A unit of work that never ends keeps everybody else from writing.
    let (begun, wait) = tokio::sync::oneshot::channel();
    let writer = floor.db.clone();
    tokio::spawn(async move {
        let work = writer.write::<(), server::db::DbError, _>(move |_| {
            Box::pin(async move {
                begun.send(()).unwrap();
                std::future::pending().await
            })
        });
        work.await
    });
    wait.await.unwrap();
    let calls = floor.calls.clone();
    let mut stopping = tokio::spawn(async move { calls.stop(Duration::ZERO).await });
    while !stopping.is_finished() {
        floor.hands.advance(Duration::from_secs(1));
        tokio::task::yield_now().await;
    }
    (&mut stopping).await.unwrap();
    customer.done().await;
    assert!(floor.log.waiting() > 0);
}
