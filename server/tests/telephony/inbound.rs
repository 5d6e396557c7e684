//! Calls from the trunk.

use std::time::Duration;

use domain::agents::{Cause, Presence, Seat, Work};
use domain::refusal::Refusal;
use domain::telephony::{CallEvent, Command, Direction, Failure, Outcome};
use server::db::testing::TestDb;
use server::on_both;
use testkit::hear;
use tokio::net::UdpSocket;
use wire::ApiError;
use wire::events::Gone;
use wire::settings::TrunkTransport;
use wire::telephony::{Choice, Leave, TelephonyPort};

use super::customer::{Customer, Script};
use super::floor::{DECLINE_PAUSE, Floor, LOOPBACK, OURS, OURS_E164, Plan};

fn is_idle(seat: &Seat) -> bool {
    seat.work() == Work::Idle
}

fn in_after_call(seat: &Seat) -> bool {
    matches!(seat.work(), Work::AfterCall { .. })
}

on_both! {
    async fn s12_s15_s17_s26_s28_a_call_rings_is_answered_and_is_ended_by_the_agent(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.ready("sato").await;
        let customer = Customer::calls(&floor, Script::new("is_hung_up_on.xml"));

        let offered = floor.offered(agent).await;
        assert_eq!(offered.direction, Direction::Inbound);
        assert_eq!(offered.party.number.as_ref().unwrap().shown, "090-1234-5678");
        assert_eq!(offered.party.name, None);
        assert_eq!(offered.our_number.as_ref().unwrap().e164.as_str(), OURS_E164);
        assert_eq!(offered.queue.as_ref().unwrap().name, "代表");
        let call = offered.id;
        floor.phone.command(floor.actor(agent), call, Command::Answer).await.unwrap();
        let connected = floor.connected(agent).await;
        assert_eq!(connected.connected_at, Some(floor.clock.now()));

        floor.hands.advance(Duration::from_secs(61));
        floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
        let ended = floor.ended(agent).await;
        assert_eq!((ended.outcome, ended.ended_at), (Some(Outcome::AgentHungUp), Some(floor.clock.now())));
        floor.seat(agent, in_after_call).await;
        customer.done().await;

        floor.quiet().await;
        assert_eq!(floor.outcomes().await, [(Outcome::AgentHungUp, None, Some("+819012345678".to_owned()))]);
        let (waited, talked): (i64, i64) = server::fetch_one!(
            &floor.db,
            (i64, i64),
            "SELECT waited_ms, talked_ms FROM interactions"
        ).unwrap();
        assert_eq!((waited, talked), (0, 61_000));
        let events = floor.events(call).await;
        assert_eq!(events[0], CallEvent::Started { direction: Direction::Inbound });
        assert!(matches!(&events[2], CallEvent::Offered { agent: who, .. } if *who == agent), "{events:?}");
        assert_eq!(events[3], CallEvent::Connected { agent });
        assert_eq!(events.len(), 5);
        assert_eq!(floor.calls.call_view(agent).await.unwrap().unwrap().id, call);
    }

    async fn s30_the_ended_call_stays_on_the_desk_until_after_call_work_is_left(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.ready("sato").await;
        let customer = Customer::calls(&floor, Script::new("hangs_up.xml"));
        let call = floor.offered(agent).await.id;
        floor.phone.command(floor.actor(agent), call, Command::Answer).await.unwrap();
        assert_eq!(floor.ended(agent).await.outcome, Some(Outcome::CustomerHungUp));
        customer.done().await;
        floor.seat(agent, in_after_call).await;

        let ready = floor.phone.choose(floor.actor(agent), Choice::Ready).await;
        assert_eq!(ready, Err(ApiError::from(Refusal::InAfterCallWork)));
        floor.phone.leave_after_call(floor.actor(agent), Choice::Ready, Leave::Anyway).await.unwrap();
        assert_eq!(floor.gone(agent).await, (call, Gone::Finished));
        assert_eq!(floor.calls.call_view(agent).await.unwrap(), None);
        assert!(floor.agents.seat(agent).await.unwrap().takes_offers());
        let audited = server::fetch_all!(
            &floor.db,
            (String, String),
            "SELECT actor_id, subject FROM audit_log WHERE action = 'call.left_unwritten'"
        ).unwrap();
        assert_eq!(audited, [(agent.to_string(), call.to_string())]);
    }

    async fn a_caller_who_gives_up_while_it_rings_is_an_abandoned_call(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.ready("sato").await;
        let customer = Customer::calls(&floor, Script::new("gives_up_while_it_rings.xml"));
        let (call, why) = floor.gone(agent).await;
        assert_eq!(why, Gone::Abandoned);
        customer.done().await;
        floor.seat(agent, is_idle).await;
        assert!(floor.agents.seat(agent).await.unwrap().takes_offers());
        floor.quiet().await;
        assert_eq!(floor.outcomes().await[0].0, Outcome::Abandoned);
        assert!(matches!(floor.events(call).await.last(), Some(CallEvent::Ended { outcome: Outcome::Abandoned })));
        let answered = floor.phone.command(floor.actor(agent), call, Command::Answer).await;
        assert_eq!(answered, Err(ApiError::from(Refusal::CallEnded)));
    }

    async fn a29_with_nobody_ready_the_caller_hears_music(db: TestDb) {
        let floor = Floor::open(&db).await;
        let customer = Customer::calls(&floor, Script::new("is_hung_up_on.xml"));
        let heard = hear::hear(&customer.ear.half_a_second().await, 8_000);
        assert!((heard.frequency - 440.0).abs() < 2.0 && heard.level > -20.0, "{heard:?}");
        // The drain limit of a stopping server ends what is left.
        tokio::join!(floor.calls.stop(Duration::from_secs(5)), async {
            tokio::task::yield_now().await;
            floor.hands.advance(Duration::from_secs(5));
        });
        customer.done().await;
        assert_eq!(floor.outcomes().await[0].0, Outcome::Lost);
    }

    async fn a3_s16_a_declined_call_goes_to_the_next_agent_and_the_caller_hears_music_meanwhile(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let first = floor.ready("sato").await;
        floor.hands.advance(Duration::from_secs(1));
        let customer = Customer::calls(&floor, Script::new("is_hung_up_on.xml"));
        let call = floor.offered(first).await.id;
        floor.phone.command(floor.actor(first), call, Command::Decline).await.unwrap();
        assert_eq!(floor.gone(first).await, (call, Gone::Declined));
        assert!(floor.agents.seat(first).await.unwrap().takes_offers());
        let heard = hear::hear(&customer.ear.half_a_second().await, 8_000);
        assert!((heard.frequency - 440.0).abs() < 2.0, "{heard:?}");

        let second = floor.ready("suzuki").await;
        assert_eq!(floor.offered(second).await.id, call);
        floor.phone.command(floor.actor(second), call, Command::Answer).await.unwrap();
        floor.connected(second).await;
        floor.phone.command(floor.actor(second), call, Command::HangUp).await.unwrap();
        customer.done().await;
        floor.quiet().await;
        let events = floor.events(call).await;
        assert!(events.contains(&CallEvent::Declined { agent: first }), "{events:?}");
        assert!(events.contains(&CallEvent::MusicStarted), "{events:?}");
        assert!(events.contains(&CallEvent::Queued { queue: floor.queue.id, front: true }), "{events:?}");
    }

    async fn a3_a_lone_agent_who_declined_is_offered_the_call_again_after_a_pause(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.ready("sato").await;
        let customer = Customer::calls(&floor, Script::new("is_hung_up_on.xml"));
        let call = floor.offered(agent).await.id;
        floor.phone.command(floor.actor(agent), call, Command::Decline).await.unwrap();
        assert_eq!(floor.gone(agent).await, (call, Gone::Declined));
        // The call answers once it is back in its queue.
        let answered = floor.phone.command(floor.actor(agent), call, Command::Answer).await;
        assert_eq!(answered, Err(ApiError::from(Refusal::NotYourCall)));
        floor.hands.advance(DECLINE_PAUSE);
        assert_eq!(floor.offered(agent).await.id, call);
        floor.phone.command(floor.actor(agent), call, Command::Answer).await.unwrap();
        floor.connected(agent).await;
        floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
        customer.done().await;
    }

    async fn a3_an_unanswered_call_makes_its_agent_not_ready_and_goes_on(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let first = floor.ready("sato").await;
        let customer = Customer::calls(&floor, Script::new("is_hung_up_on.xml"));
        let call = floor.offered(first).await.id;
        floor.hands.advance(Duration::from_secs(20));
        assert_eq!(floor.gone(first).await, (call, Gone::Missed));
        let seat = floor.seat(first, is_idle).await;
        assert!(
            matches!(seat, Seat::LoggedIn { presence: Presence::NotReady { cause: Cause::Missed }, .. }),
            "{seat:?}"
        );
        let second = floor.ready("suzuki").await;
        assert_eq!(floor.offered(second).await.id, call);
        floor.phone.command(floor.actor(second), call, Command::Answer).await.unwrap();
        floor.connected(second).await;
        floor.phone.command(floor.actor(second), call, Command::HangUp).await.unwrap();
        customer.done().await;
    }

    async fn s23_s24_s25_held_customer_hears_the_music_until_taken_back(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.ready("sato").await;
        let customer = Customer::calls(&floor, Script::new("is_hung_up_on.xml"));
        let call = floor.offered(agent).await.id;
        floor.phone.command(floor.actor(agent), call, Command::Answer).await.unwrap();
        floor.connected(agent).await;
        floor.phone.command(floor.actor(agent), call, Command::Hold).await.unwrap();
        floor.seat(agent, |seat| matches!(seat.work(), Work::Held { .. })).await;
        // What was sent before the hold may still wait in the socket: the last of three seconds counts.
        let mut heard = Vec::new();
        for _ in 0..6 {
            heard = customer.ear.half_a_second().await;
        }
        let heard = hear::hear(&heard, 8_000);
        assert!((heard.frequency - 440.0).abs() < 2.0 && heard.level > -20.0, "{heard:?}");
        floor.phone.command(floor.actor(agent), call, Command::Resume).await.unwrap();
        floor.seat(agent, |seat| matches!(seat.work(), Work::Talking { .. })).await;
        floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
        customer.done().await;
        let events = floor.events(call).await;
        assert!(events.contains(&CallEvent::Held { agent }) && events.contains(&CallEvent::Resumed { agent }));
    }

    async fn a_call_to_a_number_that_nobody_serves_is_refused_and_listed(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        floor.ready("sato").await;
        let said = Customer::calls(&floor, Script::new("is_refused.xml").key("dialled", "0399999999")).done().await;
        assert!(said.contains("SIP/2.0 404"), "{said}");
        let outcome = Outcome::Failed { failure: Failure::NoQueue, sip_status: Some(404) };
        assert_eq!(floor.outcomes().await, [(outcome, Some(404), Some("+819012345678".to_owned()))]);
        assert_eq!(floor.gateway.open_ports(), 0);
    }

    async fn a_full_trunk_is_busy(db: TestDb) {
        let mut floor = Floor::open_with(&db, Plan { max_calls: 1, ..Plan::default() }).await;
        let agent = floor.ready("sato").await;
        let place = floor.trunks.way_in(floor.trunk.id).unwrap();
        let said = Customer::calls(&floor, Script::new("is_refused.xml")).done().await;
        assert!(said.contains("SIP/2.0 486"), "{said}");
        drop(place);
        let customer = Customer::calls(&floor, Script::new("gives_up_while_it_rings.xml"));
        assert_eq!(floor.gone(agent).await.1, Gone::Abandoned);
        customer.done().await;
        floor.quiet().await;
        assert_eq!(floor.trunks.calls(floor.trunk.id), 0);
    }

    async fn a29_a_queue_that_never_answers_first_rings_on(db: TestDb) {
        let mut floor = Floor::open_with(&db, Plan { may_answer: false, ..Plan::default() }).await;
        let agent = floor.ready("sato").await;
        let customer = Customer::calls(&floor, Script::new("is_refused_while_it_rings.xml"));
        let call = floor.offered(agent).await.id;
        floor.phone.command(floor.actor(agent), call, Command::Decline).await.unwrap();
        floor.gone(agent).await;
        tokio::join!(floor.calls.stop(Duration::from_secs(5)), async {
            tokio::task::yield_now().await;
            floor.hands.advance(Duration::from_secs(5));
        });
        customer.done().await;
        assert!(!floor.events(call).await.contains(&CallEvent::MusicStarted));
    }

    async fn a_call_over_tcp_is_answered_and_ended(db: TestDb) {
        let mut floor = Floor::open_with(&db, Plan { transport: TrunkTransport::Tcp, ..Plan::default() }).await;
        let agent = floor.ready("sato").await;
        let customer = Customer::calls(&floor, Script::new("is_hung_up_on.xml"));
        let call = floor.offered(agent).await.id;
        floor.phone.command(floor.actor(agent), call, Command::Answer).await.unwrap();
        floor.connected(agent).await;
        floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
        customer.done().await;
    }

    async fn a_lost_desk_gives_its_offer_back(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let first = floor.ready("sato").await;
        let customer = Customer::calls(&floor, Script::new("is_hung_up_on.xml"));
        let call = floor.offered(first).await.id;
        floor.lose_desk(first).await;
        assert_eq!(floor.gone(first).await.0, call);
        floor.seat(first, is_idle).await;
        assert!(!floor.agents.seat(first).await.unwrap().takes_offers());
        let second = floor.ready("suzuki").await;
        assert_eq!(floor.offered(second).await.id, call);
        floor.phone.command(floor.actor(second), call, Command::Answer).await.unwrap();
        floor.connected(second).await;
        floor.phone.command(floor.actor(second), call, Command::HangUp).await.unwrap();
        customer.done().await;
        assert!(floor.events(call).await.contains(&CallEvent::OfferLost { agent: first }));
    }
}

/// RFC 3262 §3: a caller who requires that our ringing be acknowledged, and then acknowledges nothing for 64*T1.
#[tokio::test]
async fn a_call_whose_line_breaks_while_it_rings_leaves_the_desk_and_says_so() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    floor.queue.ring_seconds = 120;
    let agent = floor.ready("sato").await;
    let caller = UdpSocket::bind((LOOPBACK, floor.peer_port)).await.unwrap();
    let (to, from) = (floor.sip_address(), caller.local_addr().unwrap());
    let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    let invite = format!(
        "INVITE sip:{OURS}@{to} SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bKi\r\nFrom: <sip:09012345678@{from}>;tag=1\r\n\
         To: <sip:{OURS}@{to}>\r\nCall-ID: i\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\nRequire: 100rel\r\n\
         Contact: <sip:them@{from}>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    );
    caller.send_to(invite.as_bytes(), to).await.unwrap();
    let call = floor.offered(agent).await.id;
    let mut datagram = vec![0; 65_536];
    loop {
        let length = caller.recv(&mut datagram).await.unwrap();
        if datagram[..length].starts_with(b"SIP/2.0 180") {
            break;
        }
    }
    floor.hands.advance(Duration::from_secs(32));
    assert_eq!(floor.gone(agent).await, (call, Gone::Broken));
    floor.seat(agent, |seat| seat.takes_offers()).await;
    floor.quiet().await;
    let broken = Outcome::Failed { failure: Failure::Broken, sip_status: None };
    assert_eq!(floor.outcomes().await, [(broken, None, Some("+819012345678".to_owned()))]);
}
