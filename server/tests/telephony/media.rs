//! The agent's audio connection while it comes up, and while it moves.

use domain::refusal::Refusal;
use domain::telephony::{Call, CallEvent, Command};
use media::Codec;
use server::db::testing::TestDb;
use wire::ApiError;
use wire::events::Media;
use wire::telephony::TelephonyPort;

use super::customer::{Customer, Script};
use super::floor::Floor;
use super::peers::browser::{Browser, Offered};
use super::peers::{assert_only, sound};

const AGENT: f64 = 1_103.0;
const CUSTOMER: f64 = 617.0;
/// Two seconds.
const LONG: usize = 100;

/// The agent hears the customer, and the customer the agent; gives what the customer heard.
async fn both_hear(customer: &Customer, browser: &Browser) -> Vec<super::peers::Packet> {
    let ear = browser.ear.clone();
    let (at_customer, at_agent) =
        tokio::join!(customer.ear.follow(CUSTOMER, 2 * LONG), tokio::task::spawn_blocking(move || ear.listen(LONG)));
    assert_only(&sound(&at_customer[LONG..]), AGENT, &[CUSTOMER]);
    assert_only(&at_agent.unwrap(), CUSTOMER, &[AGENT]);
    at_customer
}

#[tokio::test]
async fn c3_an_agent_may_answer_while_the_connection_comes_up_and_voice_flows_when_it_stands() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let (agent, former) = floor.ready_with_browser("sato", AGENT).await;
    let customer = Customer::calls(&floor, Script::new("is_hung_up_on.xml"));
    let call = floor.offered(agent).await.id;
    // The page is loaded anew while it rings, and its agent is quicker than its connection.
    drop(former);
    let (offered, offer) = Offered::new(Codec::Pcmu);
    let answer = floor.phone.connect_audio(floor.actor(agent), floor.client(agent), offer).await.unwrap();
    assert_eq!(floor.agents.media(agent), Media::Connecting);
    floor.phone.command(floor.actor(agent), call, Command::Answer).await.unwrap();
    floor.connected(agent).await;
    let browser = offered.answered(&answer, AGENT);
    both_hear(&customer, &browser).await;
    assert!(matches!(floor.calls.call_view(agent).await.unwrap().unwrap().call, Call::Connected { .. }));
    floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
    customer.done().await;
}

#[tokio::test]
async fn c3_voice_flows_at_once_on_a_connection_that_was_made_a_moment_before_the_answer() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let agent = floor.ready("sato").await;
    for _ in 0..5 {
        let customer = Customer::calls(&floor, Script::new("is_hung_up_on.xml"));
        let call = floor.offered(agent).await.id;
        let browser = floor.browser(agent, AGENT).await;
        floor.phone.command(floor.actor(agent), call, Command::Answer).await.unwrap();
        both_hear(&customer, &browser).await;
        floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
        floor.ended(agent).await;
        let (choice, leave) = (wire::telephony::Choice::Ready, wire::telephony::Leave::Anyway);
        floor.phone.leave_after_call(floor.actor(agent), choice, leave).await.unwrap();
        customer.done().await;
    }
}

#[tokio::test]
async fn c3_a_change_of_network_in_a_call_restarts_ice_and_the_call_never_leaves_the_agent() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let (agent, browser) = floor.ready_with_browser("sato", AGENT).await;
    let customer = Customer::calls(&floor, Script::new("is_hung_up_on.xml"));
    let call = floor.offered(agent).await.id;
    floor.phone.command(floor.actor(agent), call, Command::Answer).await.unwrap();
    floor.connected(agent).await;
    let mut heard = both_hear(&customer, &browser).await;
    let offer = browser.moves();
    let answer = floor.phone.restart_audio(floor.actor(agent), floor.client(agent), offer).await.unwrap();
    browser.moved(&answer);
    heard.extend(both_hear(&customer, &browser).await);
    for pair in heard.windows(2) {
        assert_eq!(pair[1].ssrc, pair[0].ssrc);
        // What was lost on the way, if anything, leaves numbers out.
        assert!((1..50).contains(&pair[1].sequence.wrapping_sub(pair[0].sequence)));
    }
    let another_tab = domain::ids::ClientId(uuid::Uuid::new_v4());
    let (_, offer) = Offered::new(Codec::Pcmu);
    let elsewhere = floor.phone.restart_audio(floor.actor(agent), another_tab, offer.clone()).await;
    assert_eq!(elsewhere, Err(ApiError::from(Refusal::Elsewhere)));
    let another_connection = floor.phone.restart_audio(floor.actor(agent), floor.client(agent), offer).await;
    assert_eq!(another_connection, Err(ApiError::from(Refusal::NoMedia)));
    floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
    customer.done().await;
    floor.quiet().await;
    let events = floor.events(call).await;
    assert!(!events.contains(&CallEvent::AgentLost { agent }), "{events:?}");
}
