//! Trunks at Kamailio, as registrar and as a proxy in the way: routes, TCP, challenges, forks, failover.

use std::time::Duration;

use domain::ids::{InteractionId, UserId};
use domain::telephony::{Command, Outcome};
use server::db::testing::TestDb;
use uuid::Uuid;
use wire::settings::{SettingsPort, Trunk, TrunkState, TrunkTransport};
use wire::telephony::{Choice, Leave, TelephonyPort};

use super::customer::{Customer, Script};
use super::floor::{Floor, Plan, free_port};
use super::pbx::{Manner, Pbx, TRUNK_ACCOUNT, registered, until};

async fn with_trunk(db: &TestDb, transport: TrunkTransport, manner: Manner) -> (Floor, Pbx) {
    let mut floor = Floor::open_with(db, Plan { transport, ..Plan::default() }).await;
    let tcp = transport == TrunkTransport::Tcp;
    let pbx = Pbx::opens_with(&floor, Manner { tcp, telephone_by_tcp: tcp, ..manner }).await;
    pbx.has_trunk(&mut floor).await;
    (floor, pbx)
}

async fn dial(floor: &Floor, agent: UserId) -> InteractionId {
    let call = InteractionId(Uuid::new_v4());
    floor.phone.dial(floor.actor(agent), call, floor.number.id, "09012345678".to_owned()).await.unwrap();
    call
}

/// The requests of a method that the customer got, as they came.
fn got<'a>(said: &'a str, method: &str) -> Vec<&'a str> {
    let messages = said.split("message received").skip(1).filter_map(|rest| rest.split_once("\n\n"));
    let begins = format!("{method} ");
    messages.map(|(_, message)| message).filter(|message| message.starts_with(&begins)).collect()
}

/// So many requests of a method came to the customer, all of them by the exchange.
fn all_by(pbx: &Pbx, said: &str, method: &str, count: usize) {
    let requests = got(said, method);
    assert_eq!(requests.len(), count, "{method}: {said}");
    for request in requests {
        let last_hop = request.lines().find(|line| line.starts_with("Via: ")).unwrap();
        assert!(last_hop.contains(&pbx.address().to_string()), "{request}");
    }
}

/// RFC 3261 §12.2.1.1: our changes, acknowledgements and BYE go by the proxy that wrote itself into the INVITE.
async fn what_we_say_in_a_call_goes_by_the_proxy(transport: TrunkTransport) {
    let db = TestDb::sqlite().await;
    let (mut floor, pbx) = with_trunk(&db, transport, Manner { stays: true, ..Manner::default() }).await;
    let agent = floor.ready("sato").await;
    for ours in [false, true] {
        let (customer, call) = if ours {
            let customer = Customer::waits(&floor, Script::new("answers_behind_a_proxy.xml")).await;
            (customer, dial(&floor, agent).await)
        } else {
            let customer = Customer::calls_at(&floor, Script::new("calls_by_a_proxy.xml"), pbx.address());
            let offered = floor.offered(agent).await;
            floor.phone.command(floor.actor(agent), offered.id, Command::Answer).await.unwrap();
            (customer, offered.id)
        };
        floor.connected(agent).await;
        // Asked and answered: the customer's hold before it stands.
        customer.has_said(if ours { "CSeq: 2 OPTIONS" } else { "CSeq: 3 OPTIONS" }, 2).await;
        // RFC 4028 §7.2: the session is refreshed at half of its 90 s, by INVITE, for this far side takes no UPDATE.
        floor.hands.advance(Duration::from_secs(45));
        let (invites, acks) = if ours { (2, 2) } else { (1, 1) };
        customer.has_said("\nACK ", acks + if ours { 1 } else { 2 }).await;
        floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
        let said = customer.done().await;
        all_by(&pbx, &said, "INVITE", invites);
        all_by(&pbx, &said, "ACK", acks);
        all_by(&pbx, &said, "BYE", 1);
        floor.seat(agent, |seat| matches!(seat.work(), domain::agents::Work::AfterCall { .. })).await;
        floor.phone.leave_after_call(floor.actor(agent), Choice::Ready, Leave::Complete).await.unwrap();
    }
}

#[tokio::test]
async fn what_we_say_in_a_call_goes_by_the_proxy_over_udp() {
    what_we_say_in_a_call_goes_by_the_proxy(TrunkTransport::Udp).await;
}

#[tokio::test]
async fn what_we_say_in_a_call_goes_by_the_proxy_over_tcp() {
    what_we_say_in_a_call_goes_by_the_proxy(TrunkTransport::Tcp).await;
}

/// RFC 8760 §2.4: the first challenge that can be answered is, and only that one to the registrar's content.
#[tokio::test]
async fn test_three_kamailio_takes_our_answers_in_sha_256_and_md5_beside_challenges_that_are_none_of_its_own() {
    for (algorithm, beside) in
        [(None, None), (Some("MD5"), Some("AKAv1-MD5")), (Some("SHA-256"), None), (Some("SHA-256"), Some("SHA3-256"))]
    {
        let db = TestDb::sqlite().await;
        let manner = Manner { algorithm, beside, ..Manner::default() };
        let (mut floor, _pbx) = with_trunk(&db, TrunkTransport::Udp, manner).await;
        let agent = floor.logged_in("sato").await;
        let customer = Customer::waits(&floor, Script::new("answers_and_hangs_up.xml")).await;
        dial(&floor, agent).await;
        assert_eq!(floor.ended(agent).await.outcome, Some(Outcome::CustomerHungUp), "{algorithm:?} {beside:?}");
        let said = customer.done().await;
        let named = said.contains("algorithm=SHA-256");
        assert_eq!(named, algorithm == Some("SHA-256"), "{said}");
    }
}

/// RFC 3261 §10.2.8, §20.33.
#[tokio::test]
async fn test_four_kamailio_is_asked_for_as_long_as_it_wants_and_again_when_it_says() {
    let db = TestDb::sqlite().await;
    let manner = Manner { least_expires: Some(600), is_overloaded_first: true, ..Manner::default() };
    let mut floor = Floor::open(&db).await;
    let pbx = Pbx::opens_with(&floor, manner).await;
    let trunk = pbx.trunk(&floor);
    floor.trunk = floor.settings.save_trunk(floor.admin.clone(), trunk).await.unwrap();
    floor.trunks.settings_changed();
    let failed = until(&floor, floor.trunk.id, |state| matches!(state, TrunkState::Failed { .. })).await;
    assert!(matches!(&failed, TrunkState::Failed { why, .. } if why == "503"), "{failed:?}");
    floor.hands.advance(Duration::from_secs(7));
    until(&floor, floor.trunk.id, registered).await;
    pbx.reaches(TRUNK_ACCOUNT).await;
}

/// RFC 3263 §4.3: a registrar that falls silent is stood for by the second, until it is back.
#[tokio::test]
async fn test_four_a_second_kamailio_stands_for_the_first_until_it_returns() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let (mut first, second) = (Pbx::opens(&floor).await, Pbx::opens(&floor).await);
    let trunk = Trunk { second_host: Some(second.address().to_string()), ..first.trunk(&floor) };
    floor.trunk = floor.settings.save_trunk(floor.admin.clone(), trunk).await.unwrap();
    floor.trunks.settings_changed();
    until(&floor, floor.trunk.id, registered).await;
    first.reaches(TRUNK_ACCOUNT).await;
    first.fails().await;
    // Asked again at four fifths of 300 s, it is silent for 64*T1.
    floor.held().await;
    while floor.held().await.transactions > 0 {
        floor.hands.advance(Duration::from_secs(5));
    }
    floor.hands.advance(Duration::from_mins(4));
    while floor.held().await.transactions == 0 {
        tokio::task::yield_now().await;
    }
    floor.hands.advance(Duration::from_secs(33));
    second.reaches(TRUNK_ACCOUNT).await;
    assert!(registered(&floor.trunks.state(floor.trunk.id)));
    first.comes_back().await;
    // Where another than the first holds it, it is refreshed at half.
    floor.hands.advance(Duration::from_secs(150));
    first.reaches(TRUNK_ACCOUNT).await;
}

/// RFC 3261 §13.2.2.4: both telephones that a proxy rang have answered.
#[tokio::test]
async fn test_six_of_a_call_that_kamailio_forks_one_branch_is_kept_and_the_other_ended() {
    let db = TestDb::sqlite().await;
    let other = free_port();
    let manner = Manner { forks_to: Some(other), ..Manner::default() };
    let (mut floor, _pbx) = with_trunk(&db, TrunkTransport::Udp, manner).await;
    let agent = floor.logged_in("sato").await;
    let one = Customer::waits_at(&floor, Script::new("answers_at_once.xml"), other).await;
    let two = Customer::waits(&floor, Script::new("answers_at_once.xml")).await;
    let call = dial(&floor, agent).await;
    floor.connected(agent).await;
    // Which of them was quicker nobody knows: the other is acknowledged and hung up on.
    while one.hung_up_on() + two.hung_up_on() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!((floor.calls.count(), one.hung_up_on() + two.hung_up_on()), (1, 1));
    floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
    one.done().await;
    two.done().await;
    floor.quiet().await;
    assert_eq!(floor.outcomes().await.len(), 1);
}
