//! After-call work that has a limit (A5), and what the seats' changes say of it and of breaks (A34).

use std::time::Duration;

use domain::agents::{BreakReason, Cause, Presence, Seat, SeatInput, Work};
use domain::ids::{InteractionId, UserId};
use domain::refusal::Refusal;
use domain::telephony::Command;
use server::agents::{AfterCallRules, By};
use server::on_both;
use tokio_util::sync::CancellationToken;
use wire::ApiError;
use wire::events::{Gone, Media};
use wire::telephony::{Choice, TelephonyPort};

use super::customer::{Customer, Script};
use super::floor::Floor;

const MINUTE: AfterCallRules =
    AfterCallRules { limit: Some(Duration::from_mins(1)), extension: Duration::from_secs(30) };

fn in_after_call(seat: &Seat) -> bool {
    matches!(seat.work(), Work::AfterCall { .. })
}

fn is_idle(seat: &Seat) -> bool {
    seat.work() == Work::Idle
}

/// Brings the agent into after-call work, begun now.
async fn talk(floor: &mut Floor, agent: UserId) -> InteractionId {
    let customer = Customer::calls(floor, Script::new("is_hung_up_on.xml"));
    let call = floor.offered(agent).await.id;
    floor.phone.command(floor.actor(agent), call, Command::Answer).await.unwrap();
    floor.connected(agent).await;
    floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
    floor.seat(agent, in_after_call).await;
    customer.done().await;
    call
}

/// What the last change of the agent's seat says: who caused it, and the seat after it.
async fn last_change(floor: &Floor, agent: UserId) -> (String, Seat) {
    let (by, seat) = server::fetch_one!(
        &floor.db,
        (String, String),
        "SELECT caused_by, seat_to FROM agent_changes WHERE user_id = $1 ORDER BY at DESC, id DESC LIMIT 1",
        agent.to_string(),
    )
    .unwrap();
    (by, serde_json::from_str(&seat).unwrap())
}

on_both! {
    async fn a5_after_call_work_ends_by_itself_when_its_limit_has_come(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.ready("sato").await;
        floor.agents.set_after_call(MINUTE);
        tokio::spawn(floor.calls.clone().keep_after_call_limits(CancellationToken::new()));
        let call = talk(&mut floor, agent).await;
        let until = floor.agents.seat(agent).await.unwrap().next_deadline().unwrap();
        assert_eq!(until, floor.clock.now().plus(Duration::from_mins(1)));
        floor.hands.advance(Duration::from_millis(59_999));
        assert!(in_after_call(&floor.agents.seat(agent).await.unwrap()));
        floor.hands.advance(Duration::from_millis(1));
        let seat = floor.seat(agent, is_idle).await;
        assert!(seat.takes_offers(), "{seat:?}");
        assert_eq!(floor.gone(agent).await, (call, Gone::Finished));
        assert_eq!(last_change(&floor, agent).await, ("server".to_owned(), seat));
    }

    async fn a5_an_extension_puts_the_end_off_once_and_only_in_after_call_work(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.ready("sato").await;
        floor.agents.set_after_call(MINUTE);
        tokio::spawn(floor.calls.clone().keep_after_call_limits(CancellationToken::new()));
        talk(&mut floor, agent).await;
        let until = floor.agents.seat(agent).await.unwrap().next_deadline().unwrap();
        for _ in 0..2 {
            floor.phone.extend_after_call(floor.actor(agent), until).await.unwrap();
        }
        let later = until.plus(Duration::from_secs(30));
        assert_eq!(floor.agents.seat(agent).await.unwrap().next_deadline(), Some(later));
        floor.hands.advance(Duration::from_secs(89));
        assert!(in_after_call(&floor.agents.seat(agent).await.unwrap()));
        floor.hands.advance(Duration::from_secs(1));
        floor.seat(agent, is_idle).await;
        let refused = floor.phone.extend_after_call(floor.actor(agent), later).await;
        assert_eq!(refused, Err(ApiError::Refused { refusal: Refusal::NotInAfterCallWork }));
    }

    async fn a5_a_limit_that_came_while_the_server_was_away_ends_the_work_at_its_start(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.ready("sato").await;
        floor.agents.set_after_call(MINUTE);
        talk(&mut floor, agent).await;
        // Nobody looks: as a server does that is being started again.
        floor.hands.advance(Duration::from_hours(1));
        assert!(in_after_call(&floor.agents.seat(agent).await.unwrap()));
        tokio::spawn(floor.calls.clone().keep_after_call_limits(CancellationToken::new()));
        floor.seat(agent, is_idle).await;
    }

    async fn a5_c1_whoever_cannot_be_heard_when_the_limit_comes_is_not_made_ready(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.ready("sato").await;
        floor.agents.set_after_call(MINUTE);
        talk(&mut floor, agent).await;
        floor.agents.set_media(agent, Media::Down).await;
        tokio::spawn(floor.calls.clone().keep_after_call_limits(CancellationToken::new()));
        floor.hands.advance(Duration::from_mins(1));
        let lost = Presence::NotReady { cause: Cause::Lost };
        floor.seat(agent, |seat| matches!(seat, Seat::LoggedIn { presence, work: Work::Idle, .. } if *presence == lost)).await;
    }

    async fn a5_without_a_limit_after_call_work_waits_for_its_agent(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.ready("sato").await;
        tokio::spawn(floor.calls.clone().keep_after_call_limits(CancellationToken::new()));
        talk(&mut floor, agent).await;
        floor.hands.advance(Duration::from_hours(9));
        floor.held().await;
        assert!(in_after_call(&floor.agents.seat(agent).await.unwrap()));
        assert_eq!(floor.agents.after_call_limits().await.unwrap(), []);
    }

    async fn a2_a34_each_break_is_stored_with_its_reason_apart_from_missed_and_lost(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.ready("sato").await;
        for reason in BreakReason::ALL {
            floor.phone.choose(floor.actor(agent), Choice::Break { reason }).await.unwrap();
            floor.hands.advance(Duration::from_mins(5));
            assert!(!floor.agents.seat(agent).await.unwrap().takes_offers());
        }
        floor.phone.choose(floor.actor(agent), Choice::Ready).await.unwrap();
        floor.agents.apply(agent, SeatInput::Lost, By::Server).await.unwrap();
        let rows = server::fetch_all!(
            &floor.db,
            (i64, String, String),
            "SELECT at, caused_by, seat_to FROM agent_changes WHERE user_id = $1 ORDER BY at, id",
            agent.to_string(),
        )
        .unwrap();
        let told: Vec<(i64, String, Presence)> = rows
            .into_iter()
            .map(|(at, by, seat)| match serde_json::from_str(&seat).unwrap() {
                Seat::LoggedIn { presence, .. } => (at, by, presence),
                Seat::LoggedOut => panic!("logged out"),
            })
            .collect();
        let breaks: Vec<Presence> = BreakReason::ALL.map(|reason| Presence::Break { reason }).into();
        let end = told.len();
        assert_eq!(told[end - 7..end - 2].iter().map(|(_, _, presence)| *presence).collect::<Vec<_>>(), breaks);
        for pair in told[end - 7..end - 1].windows(2) {
            assert_eq!(pair[1].0 - pair[0].0, 300_000, "each lasts as long as it did");
        }
        assert!(told[end - 7..end - 1].iter().all(|(_, by, _)| by == "agent"));
        let (_, by, presence) = &told[end - 1];
        assert_eq!((by.as_str(), *presence), ("server", Presence::NotReady { cause: Cause::Lost }));
    }
}
