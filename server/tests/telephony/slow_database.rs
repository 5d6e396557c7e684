//! A database that keeps its callers waiting: calls go on, and all is stored in the end.

use std::time::Duration;

use domain::agents::{Presence, Seat, SeatInput, Work};
use domain::telephony::{Call, CallEvent, Command};
use server::agents::By;
use server::db::testing::TestDb;
use server::db::{DbError, On};
use tokio::sync::oneshot;
use wire::telephony::TelephonyPort;

use super::customer::{Customer, Script};
use super::floor::Floor;

/// A unit of work that keeps everybody else from writing until it is let go.
async fn occupied(floor: &Floor) -> oneshot::Sender<()> {
    let (begun, wait) = oneshot::channel();
    let (release, released) = oneshot::channel::<()>();
    let writer = floor.db.clone();
    tokio::spawn(async move {
        let work = writer.write::<(), DbError, _>(move |_| {
            Box::pin(async move {
                begun.send(()).unwrap();
                drop(released.await);
                Ok(())
            })
        });
        work.await
    });
    wait.await.unwrap();
    release
}

#[tokio::test]
async fn who_hangs_up_is_heard_while_the_seat_waits_for_the_database() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let agent = floor.ready("sato").await;
    let customer = Customer::calls(&floor, Script::new("is_hung_up_on.xml"));
    let call = floor.offered(agent).await.id;
    let release = occupied(&floor).await;
    floor.phone.command(floor.actor(agent), call, Command::Answer).await.unwrap();
    let (phone, actor) = (floor.phone.clone(), floor.actor(agent));
    let hanging_up = tokio::spawn(async move { phone.command(actor, call, Command::HangUp).await });
    // Five seconds at most, by the server's clock.
    for _ in 0..200 {
        floor.hands.advance(Duration::from_millis(25));
        tokio::task::yield_now().await;
        if hanging_up.is_finished() {
            break;
        }
    }
    assert!(hanging_up.is_finished(), "the call waits for the database and hears nobody");
    hanging_up.await.unwrap().unwrap();
    customer.done().await;

    release.send(()).unwrap();
    floor.quiet().await;
    floor.seat(agent, |seat| seat.work() == Work::AfterCall { call }).await;
    let changes = server::fetch_all!(
        &floor.db,
        (String,),
        "SELECT cause FROM agent_changes WHERE user_id = $1 ORDER BY id",
        agent.to_string()
    )
    .unwrap();
    let causes: Vec<SeatInput> =
        changes.iter().rev().take(3).rev().map(|(cause,)| serde_json::from_str(cause).unwrap()).collect();
    let steps = [SeatInput::Offered { call }, SeatInput::Connected { call }, SeatInput::Ended { call }];
    assert_eq!(causes, steps, "each step, in order");
}

#[tokio::test]
async fn c2_a_lost_agent_is_missed_while_nothing_can_be_read() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let (agent, browser) = floor.ready_with_browser("sato", 1_103.0).await;
    let customer = Customer::calls(&floor, Script::new("is_hung_up_on.xml"));
    let call = floor.offered(agent).await.id;
    floor.phone.command(floor.actor(agent), call, Command::Answer).await.unwrap();
    floor.connected(agent).await;
    customer.ear.follow(617.0, 30).await;

    let On::Sqlite(readers) = floor.db.on() else { panic!("this database is SQLite") };
    let readers = readers.clone();
    let mut taken = Vec::new();
    for _ in 0..readers.options().get_max_connections() {
        taken.push(readers.acquire().await.unwrap());
    }
    drop(browser);
    floor.call(agent, |view| matches!(view.call, Call::Kept { .. })).await;
    drop(taken);

    floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
    customer.done().await;
    floor.quiet().await;
    assert!(floor.events(call).await.contains(&CallEvent::AgentLost { agent }));
}

#[tokio::test]
async fn a_step_that_was_stored_is_not_reported_as_failed_because_it_cannot_be_read_again() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let agent = floor.logged_in("sato").await;
    let On::Sqlite(readers) = floor.db.on() else { panic!("this database is SQLite") };
    readers.close().await;
    let seat = floor.agents.apply(agent, SeatInput::GoReady, By::Agent).await.unwrap();
    assert!(matches!(seat, Seat::LoggedIn { presence: Presence::Ready, .. }));
}
