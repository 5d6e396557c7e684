//! An agent whose browser dies in a call: the customer is kept, and the agent comes back to the same call.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use domain::agents::{Cause, Presence, Seat, Work};
use domain::ids::{ClientId, InteractionId, UserId};
use domain::refusal::Refusal;
use domain::telephony::{Call, CallEvent, Command, Outcome};
use server::db::testing::TestDb;
use server::telephony::sip_stack::Held;
use testkit::hear;
use wire::ApiError;
use wire::events::CallView;
use wire::settings::SettingsPort;
use wire::telephony::{Choice, Leave, TelephonyPort};

use super::customer::{Customer, Script};
use super::floor::{Floor, KEEP_FOR};
use super::peers::browser::Browser;
use super::peers::{Packet, assert_only, sound};

const AGENT: f64 = 1_103.0;
const SECOND: f64 = 1_409.0;
const CUSTOMER: f64 = 617.0;
const MUSIC: f64 = 440.0;
/// The notes of the comfort tone.
const NOTES: [f64; 2] = [523.25, 659.25];
/// Two seconds.
const LONG: usize = 100;

fn is_kept(view: &CallView) -> bool {
    matches!(view.call, Call::Kept { .. })
}

/// One call up, with a browser that plays [`AGENT`].
async fn talking(floor: &mut Floor, script: Script<'_>) -> (UserId, Browser, Customer, InteractionId) {
    let (agent, browser) = floor.ready_with_browser("sato", AGENT).await;
    let customer = Customer::calls(floor, script);
    let call = floor.offered(agent).await.id;
    floor.phone.command(floor.actor(agent), call, Command::Answer).await.unwrap();
    floor.connected(agent).await;
    (agent, browser, customer, call)
}

/// What both hear at the same time: the customer for as many packets, the agent the customer and nothing else.
async fn both_hear(customer: &Customer, browser: &Browser, agent: f64) -> Vec<Packet> {
    let ear = browser.ear.clone();
    let (at_customer, at_agent) = tokio::join!(
        customer.ear.follow(CUSTOMER, 3 * LONG),
        tokio::task::spawn_blocking(move || {
            ear.forget();
            drop(ear.packets(30));
            sound(&ear.packets(LONG))
        })
    );
    assert_only(&sound(&at_customer[2 * LONG..]), agent, &[CUSTOMER, MUSIC]);
    assert_only(&at_agent.unwrap(), CUSTOMER, &[AGENT, SECOND, MUSIC]);
    at_customer
}

/// RFC 3550 §5.1: one source, no number left out, no time that runs back.
fn assert_continuous(packets: &[Packet]) {
    for (before, after) in packets.iter().zip(&packets[1..]) {
        assert_eq!(after.ssrc, before.ssrc);
        assert_eq!(after.sequence, before.sequence.wrapping_add(1));
        assert!(after.timestamp.wrapping_sub(before.timestamp) < 1 << 31, "{before:?} {after:?}");
    }
}

fn assert_comfort(packets: &[Packet]) {
    // The three seconds in which each note is played once.
    let samples = sound(&packets[packets.len() - 150..]);
    for note in NOTES {
        let (note, beside) = (hear::level_at(&samples, 8_000, note), hear::level_at(&samples, 8_000, note + 60.0));
        assert!(note > -60.0 && note > beside + 20.0, "{note} dBFS at a note and {beside} dBFS beside it");
    }
    assert!(hear::level_at(&samples, 8_000, AGENT) < -70.0);
}

#[tokio::test]
async fn c2_an_agent_whose_browser_dies_in_a_call_is_back_in_it_and_the_carrier_sees_one_stream() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let (agent, browser, customer, call) = talking(&mut floor, Script::new("is_hung_up_on.xml")).await;
    let mut heard = both_hear(&customer, &browser, AGENT).await;

    drop(browser);
    let kept = floor.call(agent, is_kept).await;
    assert_eq!(kept.call.agent(), Some(agent));
    // What had come before it was noticed, and three seconds of the tone.
    heard.extend(customer.ear.follow(CUSTOMER, 4 * LONG).await);
    assert_comfort(&heard);

    let browser = floor.browser(agent, AGENT).await;
    floor.connected(agent).await;
    heard.extend(both_hear(&customer, &browser, AGENT).await);
    assert_continuous(&heard);

    floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
    customer.done().await;
    floor.quiet().await;
    assert_eq!(floor.outcomes().await.len(), 1, "one call, not two");
    let events = floor.events(call).await;
    let lost = events.iter().position(|event| *event == CallEvent::AgentLost { agent }).unwrap();
    assert_eq!(events[lost + 1], CallEvent::AgentBack { agent });
    assert_eq!(events.len(), lost + 3, "{events:?}");
}

#[tokio::test]
async fn c2_on_hold_the_music_goes_on_while_the_agent_is_away_and_the_call_is_on_hold_after() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let (agent, browser, customer, call) = talking(&mut floor, Script::new("is_hung_up_on.xml")).await;
    customer.ear.follow(CUSTOMER, 30).await;
    floor.phone.command(floor.actor(agent), call, Command::Hold).await.unwrap();
    floor.call(agent, |view| matches!(view.call, Call::Held { .. })).await;
    drop(browser);
    floor.call(agent, is_kept).await;
    let music = customer.ear.follow(CUSTOMER, 3 * LONG).await;
    assert_only(&sound(&music[2 * LONG..]), MUSIC, &[AGENT]);
    let _browser = floor.browser(agent, AGENT).await;
    floor.call(agent, |view| matches!(view.call, Call::Held { .. })).await;
    floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
    customer.done().await;
}

#[tokio::test]
async fn c2_an_agent_who_is_not_back_in_time_loses_the_call_to_the_front_of_the_queue_and_keeps_after_call_work() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let (agent, browser, customer, call) = talking(&mut floor, Script::new("is_hung_up_on.xml")).await;
    drop(browser);
    floor.call(agent, is_kept).await;
    let second = floor.ready("suzuki").await;
    floor.hands.advance(KEEP_FOR.saturating_sub(Duration::from_millis(1)));
    assert_eq!(floor.calls.call_view(agent).await.unwrap().unwrap().call.agent(), Some(agent));
    floor.hands.advance(Duration::from_millis(1));
    assert_eq!(floor.offered(second).await.id, call);
    floor.phone.command(floor.actor(second), call, Command::Answer).await.unwrap();
    assert_eq!(floor.connected(second).await.queue.unwrap().id, floor.queue.id);

    let seat = floor.seat(agent, |seat| seat.work() == Work::AfterCall { call }).await;
    assert!(
        matches!(seat, Seat::LoggedIn { presence: Presence::NotReady { cause: Cause::Lost }, .. }),
        "nobody is at that desk: {seat:?}"
    );
    // Back too late, the first agent has the call no more, but its after-call work.
    let _browser = floor.browser(agent, AGENT).await;
    let hang_up = floor.phone.command(floor.actor(agent), call, Command::HangUp).await;
    assert_eq!(hang_up, Err(ApiError::from(Refusal::NotYourCall)));
    floor.phone.leave_after_call(floor.actor(agent), Choice::NotReady, Leave::Anyway).await.unwrap();
    assert_eq!(floor.calls.call_view(agent).await.unwrap(), None);

    floor.phone.command(floor.actor(second), call, Command::HangUp).await.unwrap();
    customer.done().await;
    floor.quiet().await;
    assert_eq!(floor.outcomes().await.len(), 1);
    let events = floor.events(call).await;
    let given_up = events.iter().position(|event| *event == CallEvent::AgentNotBack { agent }).unwrap();
    assert_eq!(events[given_up + 1], CallEvent::Queued { queue: floor.queue.id, front: true });
    assert!(events.contains(&CallEvent::Connected { agent: second }));
}

#[tokio::test]
async fn c2_a_dialled_call_that_no_queue_takes_ends_when_its_agent_is_not_back_in_time() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    floor.number.queue = None;
    floor.number = floor.settings.save_number(floor.admin.clone(), floor.number.clone()).await.unwrap();
    let (agent, browser) = floor.ready_with_browser("sato", AGENT).await;
    let customer = Customer::waits(&floor, Script::new("answers.xml")).await;
    let call = InteractionId(uuid::Uuid::new_v4());
    floor.phone.dial(floor.actor(agent), call, floor.number.id, "09012345678".to_owned()).await.unwrap();
    floor.connected(agent).await;
    drop(browser);
    floor.call(agent, is_kept).await;
    floor.hands.advance(KEEP_FOR);
    assert_eq!(floor.ended(agent).await.outcome, Some(Outcome::AgentLost));
    customer.done().await;
    floor.seat(agent, |seat| seat.work() == Work::AfterCall { call }).await;
}

#[tokio::test]
async fn a1_another_pc_takes_a_call_over_and_the_first_microphone_is_heard_no_more() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let (agent, first, customer, call) = talking(&mut floor, Script::new("is_hung_up_on.xml")).await;
    let mut heard = both_hear(&customer, &first, AGENT).await;
    let former = floor.client(agent);
    let _socket = floor.hub.attach(agent, former, String::new(), None);
    floor.other_tab(agent);
    // ここで使う
    floor.phone.log_in(floor.actor(agent), floor.client(agent)).await.unwrap();
    let second = floor.browser(agent, SECOND).await;
    floor.connected(agent).await;
    heard.extend(both_hear(&customer, &second, SECOND).await);
    assert_continuous(&heard);
    let (_, offer) = super::peers::browser::Offered::new(media::Codec::Pcmu);
    let from_the_first = floor.phone.connect_audio(floor.actor(agent), former, offer).await;
    assert_eq!(from_the_first, Err(ApiError::from(Refusal::Elsewhere)));
    floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
    customer.done().await;
}

#[tokio::test]
async fn c2_a_new_tab_in_the_place_of_one_that_crashed_has_the_call_without_a_press() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let (agent, browser, customer, call) = talking(&mut floor, Script::new("is_hung_up_on.xml")).await;
    let crashed = floor.client(agent);
    drop(browser);
    // Its socket is gone at once, and the new page comes before the silence is noticed or after.
    floor.other_tab(agent);
    let here: ClientId = floor.client(agent);
    floor.agents.look_at_desk(agent, here).await;
    floor.call(agent, is_kept).await;
    while floor.agents.holder(agent) == Some(crashed) {
        floor.event(agent).await;
    }
    assert_eq!(floor.agents.holder(agent), Some(here));
    let browser = floor.browser(agent, AGENT).await;
    floor.connected(agent).await;
    both_hear(&customer, &browser, AGENT).await;
    floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
    customer.done().await;
}

/// Many calls, half of whose browsers die; half of those come back.
async fn half_of_the_browsers_die(calls: usize) {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let mut desks = Vec::new();
    for n in 0..calls {
        desks.push(floor.ready_with_browser(&format!("agent{n}"), AGENT).await);
    }
    let count = calls.to_string();
    let customers =
        Customer::calls(&floor, Script::new("is_hung_up_on.xml").arguments(["-m", &count, "-l", &count, "-r", "50"]));
    let mut up = Vec::new();
    for (agent, browser) in desks {
        let call = floor.offered(agent).await.id;
        floor.phone.command(floor.actor(agent), call, Command::Answer).await.unwrap();
        floor.connected(agent).await;
        up.push((agent, call, Some(browser)));
    }
    let before = by_source(customers.ear.listen_to_all(LONG * calls).await);
    assert_eq!(before.len(), calls, "each call is heard");

    let (dying, living) = up.split_at_mut(calls / 2);
    for (_, _, browser) in dying.iter_mut() {
        drop(browser.take());
    }
    for (agent, ..) in dying.iter() {
        floor.call(*agent, is_kept).await;
    }
    let during = by_source(customers.ear.listen_to_all(LONG * calls).await);
    let undisturbed = during.values().filter(|packets| {
        packets.iter().zip(&packets[1..]).all(|(a, b)| b.sequence == a.sequence.wrapping_add(1))
            && hear::level_at(&sound(packets), 8_000, AGENT) > -20.0
    });
    assert_eq!(undisturbed.count(), living.len(), "nobody else notices");
    assert_eq!(floor.calls.count(), calls, "no customer is hung up on");

    // Half of those come back; the others' customers go to the front of the queue.
    let (back, gone) = dying.split_at_mut(calls / 4);
    for (agent, _, browser) in back.iter_mut() {
        *browser = Some(floor.browser(*agent, AGENT).await);
        floor.connected(*agent).await;
    }
    let after = by_source(customers.ear.listen_to_all(LONG * calls).await);
    for (source, packets) in &after {
        assert_eq!(packets[0].ssrc, before[source][0].ssrc, "one stream towards the carrier");
    }
    floor.hands.advance(KEEP_FOR);
    for (agent, call, _) in gone.iter() {
        floor.seat(*agent, |seat| seat.work() == Work::AfterCall { call: *call }).await;
    }
    for (agent, call, _) in back.iter().chain(living.iter()) {
        floor.phone.command(floor.actor(*agent), *call, Command::HangUp).await.unwrap();
        floor.ended(*agent).await;
    }
    for (agent, ..) in back.iter().chain(living.iter()).take(gone.len()) {
        floor.phone.leave_after_call(floor.actor(*agent), Choice::Ready, Leave::Anyway).await.unwrap();
        let call = floor.offered(*agent).await.id;
        floor.phone.command(floor.actor(*agent), call, Command::Answer).await.unwrap();
        floor.phone.command(floor.actor(*agent), call, Command::HangUp).await.unwrap();
    }
    customers.done().await;
    floor.quiet().await;
    assert_eq!(floor.outcomes().await.len(), calls, "one record a call");
    assert_eq!(floor.left_over().await, (Held::default(), 0, 0));
}

fn by_source(packets: Vec<(SocketAddr, Packet)>) -> HashMap<SocketAddr, Vec<Packet>> {
    let mut sources: HashMap<SocketAddr, Vec<Packet>> = HashMap::new();
    for (source, packet) in packets {
        sources.entry(source).or_default().push(packet);
    }
    sources
}

#[tokio::test]
async fn c2_when_half_of_twelve_browsers_die_no_customer_is_dropped_and_the_others_notice_nothing() {
    half_of_the_browsers_die(12).await;
}

#[tokio::test]
#[ignore = "minutes of sound: `make test-long`"]
async fn c2_when_half_of_fifty_browsers_die_no_customer_is_dropped_and_the_others_notice_nothing() {
    half_of_the_browsers_die(50).await;
}
