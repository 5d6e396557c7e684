//! What sipp does as the other side of a call that only two of our own endpoints had shown each other: holds in every
//! form, session timers, acknowledged progress, answers that cross a CANCEL, changes at the same time, late offers.
//!
//! The scenarios check our messages themselves; what is asserted here is what the house makes of them.

use std::time::Duration;

use domain::ids::{InteractionId, UserId};
use domain::telephony::{Call, Command, Outcome};
use server::db::testing::TestDb;
use server::telephony::sip_stack::Held;
use uuid::Uuid;
use wire::telephony::TelephonyPort;

use super::by_ear::{AGENT, MUSIC, hear};
use super::customer::{Customer, Script};
use super::floor::Floor;

/// The customer calls, and the agent answers.
async fn answered(floor: &mut Floor, script: Script<'_>) -> (UserId, InteractionId, Customer) {
    let agent = floor.ready("sato").await;
    let customer = Customer::calls(floor, script);
    let call = floor.offered(agent).await.id;
    floor.phone.command(floor.actor(agent), call, Command::Answer).await.unwrap();
    (agent, call, customer)
}

/// The agent calls the customer.
async fn dialled(floor: &mut Floor, script: Script<'_>) -> (UserId, InteractionId, Customer) {
    let agent = floor.logged_in("sato").await;
    let customer = Customer::waits(floor, script).await;
    let call = InteractionId(Uuid::new_v4());
    floor.phone.dial(floor.actor(agent), call, floor.number.id, "09012345678".to_owned()).await.unwrap();
    (agent, call, customer)
}

async fn hang_up(floor: &mut Floor, (agent, call, customer): (UserId, InteractionId, Customer)) -> String {
    floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
    assert_eq!(floor.ended(agent).await.outcome, Some(Outcome::AgentHungUp));
    customer.done().await
}

async fn assert_nothing_left(floor: &Floor) {
    floor.quiet().await;
    assert_eq!(floor.left_over().await, (Held::default(), 0, 0));
}

#[tokio::test]
async fn t8_every_hold_of_the_customers_by_invite_or_update_is_mirrored_and_taken_back() {
    for scenario in ["holds_in_every_form.xml", "holds_by_update.xml"] {
        for (address, direction, ours, times) in [
            ("0.0.0.0", "a=sendrecv", "a=recvonly", 1),
            ("0.0.0.0", "a=inactive", "a=inactive", 2),
            ("127.0.0.1", "a=sendonly", "a=recvonly", 1),
            ("127.0.0.1", "a=recvonly", "a=sendonly", 1),
            ("127.0.0.1", "a=inactive", "a=inactive", 2),
        ] {
            let db = TestDb::sqlite().await;
            let mut floor = Floor::open(&db).await;
            let script = Script::new(scenario).key("hold_address", address).key("hold_direction", direction);
            let (agent, _, customer) = answered(&mut floor, script).await;
            assert_eq!(floor.ended(agent).await.outcome, Some(Outcome::CustomerHungUp));
            let said = customer.done().await;
            assert_eq!(said.matches(ours).count(), times, "{scenario}, {address} {direction}:\n{said}");
            assert_nothing_left(&floor).await;
        }
    }
}

#[tokio::test]
async fn t8_t11_a_customer_who_held_for_15_minutes_is_refreshed_meanwhile_and_heard_and_hears_after() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let (agent, browser) = floor.ready_with_browser("sato", AGENT).await;
    let customer = Customer::calls(&floor, Script::new("holds_for_15_minutes.xml"));
    let call = floor.offered(agent).await.id;
    floor.phone.command(floor.actor(agent), call, Command::Answer).await.unwrap();
    // The question behind the hold has been answered: the hold stands.
    customer.has_said("CSeq: 3 OPTIONS", 2).await;
    floor.hands.advance(Duration::from_mins(15));
    customer.has_said("CSeq: 4 ACK", 1).await;
    hear(&customer, &browser, AGENT, MUSIC).await;
    hang_up(&mut floor, (agent, call, customer)).await;
    assert_nothing_left(&floor).await;
}

#[tokio::test]
async fn t11_a_customer_who_refreshes_is_granted_what_it_asks() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let (agent, _, customer) = answered(&mut floor, Script::new("refreshes.xml")).await;
    assert_eq!(floor.ended(agent).await.outcome, Some(Outcome::CustomerHungUp));
    customer.done().await;
    assert_nothing_left(&floor).await;
}

#[tokio::test]
async fn t11_a_customer_who_leaves_the_refreshing_to_us_is_refreshed_at_half() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let (agent, _, customer) = answered(&mut floor, Script::new("is_refreshed.xml")).await;
    customer.has_said("CSeq: 2 OPTIONS", 2).await;
    floor.hands.advance(Duration::from_secs(45));
    assert_eq!(floor.ended(agent).await.outcome, Some(Outcome::CustomerHungUp));
    customer.done().await;
    assert_nothing_left(&floor).await;
}

#[tokio::test]
async fn t11_a_customer_who_forgets_to_refresh_is_hung_up_on_before_the_session_expires() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let (agent, _, customer) = answered(&mut floor, Script::new("forgets_to_refresh.xml")).await;
    customer.has_said("CSeq: 2 OPTIONS", 2).await;
    floor.hands.advance(Duration::from_mins(1));
    let ended = floor.ended(agent).await.outcome;
    assert!(matches!(ended, Some(Outcome::Failed { .. } | Outcome::Lost)), "{ended:?}");
    customer.done().await;
    assert_nothing_left(&floor).await;
}

#[tokio::test]
async fn t11_a_session_that_is_too_short_is_refused_with_422_by_either_side_and_taken_longer() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let call = answered(&mut floor, Script::new("asks_too_short_a_session.xml")).await;
    floor.connected(call.0).await;
    hang_up(&mut floor, call).await;
    assert_nothing_left(&floor).await;

    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let call = dialled(&mut floor, Script::new("wants_a_longer_session.xml")).await;
    floor.connected(call.0).await;
    hang_up(&mut floor, call).await;
    assert_nothing_left(&floor).await;
}

#[tokio::test]
async fn t13_a_reliable_183_is_acknowledged_and_the_codec_of_the_200_is_spoken() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let call = dialled(&mut floor, Script::new("progresses_reliably.xml")).await;
    floor.call(call.0, |view| matches!(view.call, Call::Dialling { early_media: true, .. })).await;
    floor.connected(call.0).await;
    let mut heard = call.2.ear.follow(617.0, 1).await;
    while heard.iter().any(|packet| packet.payload_type != media::Codec::Pcma.payload_type()) {
        heard = call.2.ear.follow(617.0, 10).await;
    }
    hang_up(&mut floor, call).await;
    assert_nothing_left(&floor).await;
}

#[tokio::test]
async fn t13_a_customer_who_insists_on_it_acknowledges_our_ringing() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let agent = floor.ready("sato").await;
    let customer = Customer::calls(&floor, Script::new("requires_acknowledged_progress.xml"));
    let call = floor.offered(agent).await.id;
    customer.has_said("CSeq: 2 PRACK", 2).await;
    floor.phone.command(floor.actor(agent), call, Command::Answer).await.unwrap();
    floor.connected(agent).await;
    hang_up(&mut floor, (agent, call, customer)).await;
    assert_nothing_left(&floor).await;
}

#[tokio::test]
async fn t5_an_answer_that_crosses_our_cancel_is_acknowledged_and_ended_without_a_ghost() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let (agent, call, customer) = dialled(&mut floor, Script::new("answers_as_it_is_cancelled.xml")).await;
    floor.call(agent, |view| matches!(view.call, Call::Dialling { ringing: true, .. })).await;
    floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
    assert_eq!(floor.ended(agent).await.outcome, Some(Outcome::Cancelled));
    customer.done().await;
    assert_nothing_left(&floor).await;
}

#[tokio::test]
async fn t5_a_customer_whose_cancel_crosses_our_answer_is_up_until_it_hangs_up() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let (agent, _, customer) = answered(&mut floor, Script::new("cancels_too_late.xml")).await;
    assert_eq!(floor.ended(agent).await.outcome, Some(Outcome::CustomerHungUp));
    customer.done().await;
    assert_nothing_left(&floor).await;
}

#[tokio::test]
async fn t10_of_two_changes_at_once_both_are_refused_with_491_and_ours_comes_again() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let call = dialled(&mut floor, Script::new("changes_at_the_same_time.xml")).await;
    floor.connected(call.0).await;
    // Half of 90 s: the session is refreshed by INVITE, for this far side takes no UPDATE.
    floor.hands.advance(Duration::from_secs(45));
    call.2.has_said("SIP/2.0 491", 2).await;
    call.2.has_said("CSeq: 2 ACK", 1).await;
    // RFC 3261 §14.1: who made the Call-ID waits for 2.1 to 4 s.
    floor.held().await;
    floor.hands.advance(Duration::from_secs(4));
    call.2.has_said("CSeq: 3 ACK", 1).await;
    hang_up(&mut floor, call).await;
    assert_nothing_left(&floor).await;
}

#[tokio::test]
async fn t12_a_change_without_an_offer_gets_ours_and_is_answered_in_the_ack() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let (agent, _, customer) = answered(&mut floor, Script::new("changes_without_an_offer.xml")).await;
    assert_eq!(floor.ended(agent).await.outcome, Some(Outcome::CustomerHungUp));
    customer.done().await;
    assert_nothing_left(&floor).await;
}
