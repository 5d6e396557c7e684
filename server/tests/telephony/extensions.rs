//! Extensions with an account at somebody else's exchange: registered there while their agent is here, called from there,
//! calling out through it.

use std::time::Duration;

use domain::agents::{Cause, Presence, Seat, Work};
use domain::ids::{InteractionId, NumberId, TrunkId, UserId};
use domain::refusal::Refusal;
use domain::telephony::tolls::Rule;
use domain::telephony::{Call, CallEvent, Command, Direction, Failure, Outcome};
use server::db::testing::TestDb;
use server::on_both;
use tokio::net::UdpSocket;
use uuid::Uuid;
use wire::ApiError;
use wire::events::Gone;
use wire::settings::{SettingsPort, Trunk, TrunkState};
use wire::telephony::{Choice, TelephonyPort};

use super::by_ear::hold_and_take_back;
use super::customer::{Customer, Script};
use super::floor::{Floor, LOOPBACK};
use super::pbx::{ACCOUNT, Pbx, registered, until};

/// An agent's line, registered.
async fn with_line(floor: &Floor, agent: UserId) -> (Pbx, TrunkId) {
    let pbx = Pbx::opens(floor).await;
    let line = pbx.has_account(floor, agent).await;
    until(floor, line, registered).await;
    (pbx, line)
}

fn colleague(scenario: &str) -> Script<'_> {
    Script::new(scenario).key("dialled", ACCOUNT).key("caller", "1002")
}

/// The first answer to the latest of our questions: earlier ones, had they been heard, would have been answered before.
async fn asks(socket: &UdpSocket, floor: &Floor, n: u32) {
    let (to, from) = (floor.sip_address(), socket.local_addr().unwrap());
    let options = format!(
        "OPTIONS sip:{ACCOUNT}@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{n}\r\nMax-Forwards: 70\r\n\
         From: <sip:them@{from}>;tag=t{n}\r\nTo: <sip:{ACCOUNT}@{to}>\r\nCall-ID: {n}@{from}\r\nCSeq: {n} OPTIONS\r\n\
         Content-Length: 0\r\n\r\n"
    );
    socket.send_to(options.as_bytes(), to).await.unwrap();
}

async fn answered(socket: &UdpSocket) -> String {
    let mut bytes = [0; 4_096];
    let length = socket.recv(&mut bytes).await.unwrap();
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

#[tokio::test]
async fn an_extension_is_registered_and_its_exchange_heard_only_while_its_agent_is_logged_in() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    // The trunk's peer is at the same address: without it, nobody is heard from there.
    let trunk = Trunk { active: false, ..floor.trunk.clone() };
    floor.settings.save_trunk(floor.admin.clone(), trunk).await.unwrap();
    assert!(floor.trunks.reload().await);
    let agent = floor.agent("sato").await;
    let pbx = Pbx::opens(&floor).await;
    let line = pbx.has_account(&floor, agent).await;
    let socket = UdpSocket::bind((LOOPBACK, 0)).await.unwrap();

    assert_eq!(floor.trunks.state(line), TrunkState::Off);
    asks(&socket, &floor, 1).await;
    floor.phone.log_in(floor.actor(agent), floor.client(agent)).await.unwrap();
    until(&floor, line, registered).await;
    asks(&socket, &floor, 2).await;
    let answer = answered(&socket).await;
    assert!(answer.contains("CSeq: 2 OPTIONS"), "{answer}");

    floor.phone.log_out(floor.actor(agent)).await.unwrap();
    until(&floor, line, |state| *state == TrunkState::Off).await;
    floor.held().await;
    // The exchange knows nobody of that name any more.
    let refused = Customer::calls_at(&floor, colleague("is_refused.xml"), pbx.address()).done().await;
    assert!(refused.contains("404 Not Found"), "{refused}");
    asks(&socket, &floor, 3).await;
    floor.phone.log_in(floor.actor(agent), floor.client(agent)).await.unwrap();
    until(&floor, line, registered).await;
    asks(&socket, &floor, 4).await;
    let answer = answered(&socket).await;
    assert!(answer.contains("CSeq: 4 OPTIONS"), "{answer}");
}

#[tokio::test]
async fn a_lost_desk_takes_the_registration_with_it_and_one_that_comes_back_makes_it_anew() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let agent = floor.logged_in("sato").await;
    let (_pbx, line) = with_line(&floor, agent).await;
    floor.lose_desk(agent).await;
    until(&floor, line, |state| *state == TrunkState::Off).await;
    floor.other_tab(agent);
    drop(floor.browser(agent, 1_103.0).await);
    until(&floor, line, registered).await;
}

#[tokio::test]
async fn a_wrong_password_is_shown_as_the_failure_that_it_is() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let agent = floor.logged_in("sato").await;
    let pbx = Pbx::opens(&floor).await;
    let line = pbx.has_account_with(&floor, agent, |account| account.password = Some("wrong".to_owned())).await;
    let failed = until(&floor, line, |state| matches!(state, TrunkState::Failed { .. })).await;
    let TrunkState::Failed { why, .. } = failed else { panic!("{failed:?}") };
    assert_eq!(why, "401");
    let shown = floor.settings.settings(floor.admin.clone()).await.unwrap().extensions.remove(0).account.unwrap();
    // The floor joins settings and trunks as the server does not: without that, an account looks as if its agent were away.
    assert_eq!((shown.state, shown.has_password), (TrunkState::Off, true));
}

on_both! {
    async fn a_call_to_an_extension_rings_its_agent_alone_and_says_so(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.ready("sato").await;
        // Idle for longer: the queue would ask this one.
        let other = floor.ready("suzuki").await;
        let (pbx, line) = with_line(&floor, agent).await;
        let customer = Customer::calls_at(&floor, colleague("is_hung_up_on.xml"), pbx.address());
        let offered = floor.offered(agent).await;
        assert_eq!(offered.direction, Direction::Inbound);
        assert_eq!(offered.party.number.as_ref().unwrap().shown, "1002");
        assert_eq!(offered.our_number.as_ref().unwrap().shown, "1001");
        assert_eq!(offered.queue, None);
        let Call::Offered { until, .. } = offered.call else { panic!("{offered:?}") };
        assert_eq!(until, floor.clock.now().plus(Duration::from_secs(20)));
        assert_eq!(floor.agents.seat(other).await.unwrap().work(), Work::Idle);
        floor.phone.command(floor.actor(agent), offered.id, Command::Answer).await.unwrap();
        floor.connected(agent).await;
        floor.phone.command(floor.actor(agent), offered.id, Command::HangUp).await.unwrap();
        floor.seat(agent, |seat| matches!(seat.work(), Work::AfterCall { .. })).await;
        customer.done().await;
        floor.quiet().await;
        let events = floor.events(offered.id).await;
        let extension = domain::ids::ExtensionId(line.0);
        assert_eq!(events[1], CallEvent::Called { agent, extension }, "{events:?}");
        assert_eq!(floor.outcomes().await, [(Outcome::AgentHungUp, None, Some("+811002".to_owned()))]);
    }

    async fn whoever_is_not_ready_is_not_available_and_whoever_talks_is_busy(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.logged_in("sato").await;
        let (pbx, _) = with_line(&floor, agent).await;
        let refused = Customer::calls_at(&floor, colleague("is_refused.xml"), pbx.address()).done().await;
        assert!(refused.contains("SIP/2.0 480 Temporarily Unavailable"), "{refused}");
        floor.phone.choose(floor.actor(agent), Choice::Ready).await.unwrap();
        let call = InteractionId(Uuid::new_v4());
        let customer = Customer::waits(&floor, Script::new("answers.xml")).await;
        floor.phone.dial(floor.actor(agent), call, floor.number.id, "09012345678".to_owned()).await.unwrap();
        floor.connected(agent).await;
        let refused = Customer::calls_at(&floor, colleague("is_refused.xml"), pbx.address()).done().await;
        assert!(refused.contains("SIP/2.0 486 Busy Here"), "{refused}");
        floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
        customer.done().await;
        floor.quiet().await;
        let unavailable = Outcome::Failed { failure: Failure::NoAnswer, sip_status: Some(480) };
        let busy = Outcome::Failed { failure: Failure::Busy, sip_status: Some(486) };
        let mut outcomes: Vec<_> = floor.outcomes().await.into_iter().map(|(outcome, ..)| outcome).collect();
        outcomes.retain(|outcome| *outcome != Outcome::AgentHungUp);
        assert_eq!(outcomes, [unavailable, busy]);
    }

    async fn a3_a_call_to_an_extension_is_declined_missed_or_given_up(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.ready("sato").await;
        let (pbx, _) = with_line(&floor, agent).await;
        // Nobody of the queue is asked in this one's place.
        let other = floor.ready("suzuki").await;

        let customer = Customer::calls_at(&floor, colleague("is_refused_while_it_rings.xml"), pbx.address());
        let call = floor.offered(agent).await.id;
        floor.phone.command(floor.actor(agent), call, Command::Decline).await.unwrap();
        assert_eq!(floor.gone(agent).await, (call, Gone::Declined));
        let said = customer.done().await;
        assert!(said.contains("SIP/2.0 603"), "{said}");
        floor.seat(agent, |seat| seat.takes_offers()).await;

        let customer = Customer::calls_at(&floor, colleague("gives_up_while_it_rings.xml"), pbx.address());
        let call = floor.offered(agent).await.id;
        assert_eq!(floor.gone(agent).await, (call, Gone::Abandoned));
        customer.done().await;
        floor.seat(agent, |seat| seat.takes_offers()).await;

        let customer = Customer::calls_at(&floor, colleague("is_refused_while_it_rings.xml"), pbx.address());
        let call = floor.offered(agent).await.id;
        floor.hands.advance(Duration::from_secs(20));
        assert_eq!(floor.gone(agent).await, (call, Gone::Missed));
        let said = customer.done().await;
        assert!(said.contains("SIP/2.0 480"), "{said}");
        let missed = |seat: &Seat| matches!(seat, Seat::LoggedIn { presence: Presence::NotReady { cause: Cause::Missed }, .. });
        floor.seat(agent, missed).await;
        assert!(floor.agents.seat(other).await.unwrap().takes_offers());
        floor.quiet().await;
        let outcomes: Vec<_> = floor.outcomes().await.into_iter().map(|(outcome, status, _)| (outcome, status)).collect();
        let failed = |failure, status| Outcome::Failed { failure, sip_status: Some(status) };
        assert_eq!(outcomes, [
            (failed(Failure::Declined, 603), Some(603)),
            (Outcome::Abandoned, None),
            (failed(Failure::NoAnswer, 480), Some(480)),
        ]);
    }
}

#[tokio::test]
async fn a3_a_call_to_an_extension_rings_for_as_long_as_its_account_says() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let agent = floor.ready("sato").await;
    let pbx = Pbx::opens(&floor).await;
    let line = pbx.has_account_with(&floor, agent, |account| account.ring_seconds = 45).await;
    until(&floor, line, registered).await;
    let customer = Customer::calls_at(&floor, colleague("is_refused_while_it_rings.xml"), pbx.address());
    let offered = floor.offered(agent).await;
    let Call::Offered { until, .. } = offered.call else { panic!("{offered:?}") };
    assert_eq!(until, floor.clock.now().plus(Duration::from_secs(45)));
    floor.hands.advance(Duration::from_secs(45));
    assert_eq!(floor.gone(agent).await, (offered.id, Gone::Missed));
    customer.done().await;
}

#[tokio::test]
async fn a_telephone_of_two_digits_is_read_shown_and_called() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let agent = floor.ready("sato").await;
    let (pbx, line) = with_line(&floor, agent).await;
    let customer =
        Customer::calls_at(&floor, colleague("gives_up_while_it_rings.xml").key("caller", "10"), pbx.address());
    assert_eq!(floor.offered(agent).await.party.number.unwrap().shown, "10");
    floor.gone(agent).await;
    customer.done().await;
    floor.seat(agent, |seat| seat.takes_offers()).await;
    let read = floor.phone.read_number(floor.actor(agent), "１０".to_owned()).await.unwrap();
    assert_eq!(read.number.unwrap().shown, "10");
    let customer = Customer::waits(&floor, Script::new("answers_and_hangs_up.xml")).await;
    let call = InteractionId(Uuid::new_v4());
    floor.phone.dial(floor.actor(agent), call, NumberId(line.0), "10".to_owned()).await.unwrap();
    assert_eq!(floor.ended(agent).await.party.number.unwrap().shown, "10");
    let said = customer.done().await;
    assert!(said.contains("INVITE sip:10@pbx.example SIP/2.0"), "{said}");
    floor.quiet().await;
    // As it stands in the list of calls and among those dialled last.
    let dialler = floor.phone.dialler(floor.actor(agent)).await.unwrap();
    assert_eq!(dialler.recent[0].shown, "10");
}

#[tokio::test]
async fn a_line_outside_is_asked_for_by_the_prefix_of_the_account_and_is_no_way_around_the_rules() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let agent = floor.logged_in("sato").await;
    let pbx = Pbx::opens(&floor).await;
    let line = pbx.has_account_with(&floor, agent, |account| account.outside_prefix = Some("0".to_owned())).await;
    until(&floor, line, registered).await;
    let dial = async |floor: &Floor, to: &str| {
        let call = InteractionId(Uuid::new_v4());
        floor.phone.dial(floor.actor(agent), call, NumberId(line.0), to.to_owned()).await.map(|()| call)
    };
    let refused = |refusal| Err(ApiError::Refused { refusal });
    for abroad in ["+82 2-312-3456", "010 82 2 312 3456", "0 010 82 2 312 3456"] {
        assert_eq!(dial(&floor, abroad).await, refused(Refusal::NotAllowed(Rule::International)), "{abroad}");
    }
    assert_eq!(dial(&floor, "0 0990-123-456").await, refused(Refusal::NotAllowed(Rule::DeniedPrefix)));
    // It would leave the exchange though it is no number.
    assert_eq!(dial(&floor, "0 1002").await, refused(Refusal::NotANumber));
    for (to, shown, asked) in [
        ("1002", "1002", "1002"),
        ("03-1234-5679", "03-1234-5679", "00312345679"),
        ("0-03-1234-5679", "03-1234-5679", "00312345679"),
        ("110", "110", "0110"),
        ("0110", "110", "0110"),
    ] {
        let read = floor.phone.read_number(floor.actor(agent), to.to_owned()).await.unwrap();
        assert_eq!(read.number.unwrap().shown, shown, "{to}");
        let customer = Customer::waits(&floor, Script::new("answers_and_hangs_up.xml")).await;
        dial(&floor, to).await.unwrap();
        let ended = floor.ended(agent).await;
        assert_eq!((ended.outcome, ended.party.number.unwrap().shown.as_str()), (Some(Outcome::CustomerHungUp), shown));
        let said = customer.done().await;
        assert!(said.contains(&format!("INVITE sip:{asked}@pbx.example SIP/2.0")), "{said}");
        let leave = (Choice::NotReady, wire::telephony::Leave::Complete);
        floor.phone.leave_after_call(floor.actor(agent), leave.0, leave.1).await.unwrap();
    }
}

#[tokio::test]
async fn s24_s25_of_a_call_to_an_extension_each_hears_the_other_and_held_the_music() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let (agent, browser) = floor.ready_with_browser("sato", 1_103.0).await;
    let (pbx, _) = with_line(&floor, agent).await;
    let customer = Customer::calls_at(&floor, colleague("is_hung_up_on.xml"), pbx.address());
    let call = floor.offered(agent).await.id;
    floor.phone.command(floor.actor(agent), call, Command::Answer).await.unwrap();
    hold_and_take_back(&mut floor, agent, &customer, &browser).await;
    customer.done().await;
}

#[tokio::test]
async fn an_agent_calls_out_from_the_extension_as_the_exchange_knows_it() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let agent = floor.logged_in("sato").await;
    let mine =
        |dialler: &wire::telephony::Dialler| dialler.caller_numbers.iter().find(|number| number.extension).cloned();
    assert_eq!(mine(&floor.phone.dialler(floor.actor(agent)).await.unwrap()), None);
    let (_pbx, line) = with_line(&floor, agent).await;
    let offered = mine(&floor.phone.dialler(floor.actor(agent)).await.unwrap()).unwrap();
    assert_eq!((offered.number.shown.as_str(), offered.id), ("1001", NumberId(line.0)));
    let read = floor.phone.read_number(floor.actor(agent), "1002".to_owned()).await.unwrap();
    assert_eq!(read.number.unwrap().shown, "1002");
    let dial = async |floor: &Floor, from: NumberId, to: &str| {
        let call = InteractionId(Uuid::new_v4());
        floor.phone.dial(floor.actor(agent), call, from, to.to_owned()).await.map(|()| call)
    };
    let refused = |refusal| Err(ApiError::Refused { refusal });
    // A number of the exchange is none of the trunk's; and the exchange is no way around the rules.
    assert_eq!(dial(&floor, floor.number.id, "1002").await, refused(Refusal::NotANumber));
    assert_eq!(dial(&floor, offered.id, "+82 2-312-3456").await, refused(Refusal::NotAllowed(Rule::International)));
    assert_eq!(dial(&floor, offered.id, "0990-123-456").await, refused(Refusal::NotAllowed(Rule::DeniedPrefix)));
    for (to, asked) in [("1002", "1002"), ("03-1234-5679", "0312345679")] {
        let customer = Customer::waits(&floor, Script::new("answers_and_hangs_up.xml")).await;
        dial(&floor, offered.id, to).await.unwrap();
        let ended = floor.ended(agent).await;
        assert_eq!(ended.outcome, Some(Outcome::CustomerHungUp));
        assert_eq!(ended.our_number.unwrap().shown, "1001");
        let said = customer.done().await;
        assert!(said.contains(&format!("INVITE sip:{asked}@pbx.example SIP/2.0")), "{said}");
        assert!(said.contains(&format!("From: <sip:{ACCOUNT}@pbx.example>")), "{said}");
        let leave = (Choice::NotReady, wire::telephony::Leave::Complete);
        floor.phone.leave_after_call(floor.actor(agent), leave.0, leave.1).await.unwrap();
    }
}
