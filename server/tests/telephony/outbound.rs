//! Calls to the trunk.

use domain::agents::{Seat, Work};
use domain::ids::{InteractionId, UserId};
use domain::telephony::{Call, CallEvent, Command, Direction, Failure, Outcome};
use server::db::testing::TestDb;
use server::on_both;
use uuid::Uuid;
use wire::events::CallView;
use wire::settings::TrunkTransport;
use wire::telephony::TelephonyPort;

use super::customer::{Customer, Script};
use super::floor::{Floor, OURS_E164, Plan};

const THEIRS: &str = "090-1234-5678";

async fn dial(floor: &Floor, agent: UserId) -> InteractionId {
    let call = InteractionId(Uuid::new_v4());
    floor.phone.dial(floor.actor(agent), call, floor.number.id, THEIRS.to_owned()).await.unwrap();
    call
}

fn rings(view: &CallView) -> bool {
    matches!(view.call, Call::Dialling { ringing: true, .. })
}

fn in_after_call(seat: &Seat) -> bool {
    matches!(seat.work(), Work::AfterCall { .. })
}

async fn fails(db: &TestDb, scenario: &str, failure: Failure, status: u16, reason: &str) {
    let mut floor = Floor::open(db).await;
    let agent = floor.logged_in("sato").await;
    let customer = Customer::waits(&floor, Script::new(scenario)).await;
    dial(&floor, agent).await;
    let ended = floor.ended(agent).await;
    let outcome = Outcome::Failed { failure, sip_status: Some(status) };
    assert_eq!((ended.outcome, ended.sip_reason.as_deref()), (Some(outcome), Some(reason)));
    customer.done().await;
    floor.seat(agent, in_after_call).await;
    floor.quiet().await;
    assert_eq!(floor.outcomes().await, [(outcome, Some(i64::from(status)), Some("+819012345678".to_owned()))]);
}

on_both! {
    async fn s9_s27_a_call_shows_the_chosen_number_rings_is_answered_and_hung_up(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.logged_in("sato").await;
        let customer = Customer::waits(&floor, Script::new("answers.xml")).await;
        let call = dial(&floor, agent).await;
        let ringing = floor.call(agent, rings).await;
        assert_eq!(ringing.direction, Direction::Outbound);
        assert_eq!(ringing.party.number.as_ref().unwrap().shown, "090-1234-5678");
        assert_eq!(ringing.our_number.as_ref().unwrap().e164.as_str(), OURS_E164);
        floor.connected(agent).await;
        floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
        assert_eq!(floor.ended(agent).await.outcome, Some(Outcome::AgentHungUp));
        let said = customer.done().await;
        assert!(said.contains("INVITE sip:+819012345678@127.0.0.1"), "{said}");
        assert_eq!(
            floor.events(call).await,
            [
                CallEvent::Started { direction: Direction::Outbound },
                CallEvent::Dialled { agent },
                CallEvent::FarEndRinging,
                CallEvent::Connected { agent },
                CallEvent::Ended { outcome: Outcome::AgentHungUp },
            ]
        );
        let dialler = floor.phone.dialler(floor.actor(agent)).await.unwrap();
        assert_eq!(dialler.recent[0].shown, "090-1234-5678");
    }

    async fn a_call_over_tcp_is_answered_and_hung_up(db: TestDb) {
        let mut floor = Floor::open_with(&db, Plan { transport: TrunkTransport::Tcp, ..Plan::default() }).await;
        let agent = floor.logged_in("sato").await;
        let customer = Customer::waits(&floor, Script::new("answers.xml")).await;
        let call = dial(&floor, agent).await;
        floor.connected(agent).await;
        floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
        customer.done().await;
    }

    async fn s28_when_the_far_end_hangs_up_after_call_work_begins(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.logged_in("sato").await;
        let customer = Customer::waits(&floor, Script::new("answers_and_hangs_up.xml")).await;
        dial(&floor, agent).await;
        assert_eq!(floor.ended(agent).await.outcome, Some(Outcome::CustomerHungUp));
        customer.done().await;
        floor.seat(agent, in_after_call).await;
    }

    async fn a_busy_line_is_told_in_plain_words_with_the_cause_kept(db: TestDb) {
        fails(&db, "is_busy.xml", Failure::Busy, 486, "Busy Here").await;
    }

    async fn a_number_not_in_use_is_told_in_plain_words_with_the_cause_kept(db: TestDb) {
        fails(&db, "is_not_in_use.xml", Failure::NotInUse, 404, "Not Found").await;
    }

    async fn a_declined_call_is_told_in_plain_words_with_the_cause_kept(db: TestDb) {
        fails(&db, "declines.xml", Failure::Declined, 603, "Decline").await;
    }

    async fn early_media_is_announced_and_giving_up_cancels_the_call(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.logged_in("sato").await;
        let customer = Customer::waits(&floor, Script::new("plays_early_media.xml")).await;
        let call = dial(&floor, agent).await;
        floor.call(agent, |view| matches!(view.call, Call::Dialling { early_media: true, .. })).await;
        floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
        assert_eq!(floor.ended(agent).await.outcome, Some(Outcome::Cancelled));
        customer.done().await;
        assert!(floor.events(call).await.contains(&CallEvent::EarlyMedia));
    }
}
