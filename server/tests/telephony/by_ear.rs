//! A whole call by ear: a browser on one side, a SIP peer on the other, each with its own tone.

use domain::agents::Work;
use domain::ids::UserId;
use domain::telephony::{Call, Command};
use server::db::testing::TestDb;
use wire::telephony::TelephonyPort;

use super::customer::{Customer, Script};
use super::floor::Floor;
use super::peers::assert_only;
use super::peers::browser::Browser;

pub(crate) const AGENT: f64 = 1_103.0;
const CUSTOMER: f64 = 617.0;
pub(crate) const MUSIC: f64 = 440.0;
/// Two seconds.
const LONG: usize = 100;

/// Both listen at the same time: the agent hears only the customer, and the customer only `heard`.
pub(crate) async fn hear(customer: &Customer, browser: &Browser, heard: f64, unheard: f64) {
    let ear = browser.ear.clone();
    let (at_customer, at_agent) = tokio::join!(
        // Longer than the agent listens, so that the agent always has somebody to hear.
        customer.ear.talk(CUSTOMER, 2 * LONG),
        tokio::task::spawn_blocking(move || {
            ear.forget();
            drop(ear.packets(30));
            super::peers::sound(&ear.packets(LONG))
        })
    );
    assert_only(&at_customer, heard, &[unheard, CUSTOMER]);
    assert_only(&at_agent.unwrap(), CUSTOMER, &[AGENT, MUSIC]);
}

pub(crate) async fn hold_and_take_back(floor: &mut Floor, agent: UserId, customer: &Customer, browser: &Browser) {
    let call = floor.connected(agent).await.id;
    hear(customer, browser, AGENT, MUSIC).await;
    floor.phone.command(floor.actor(agent), call, Command::Hold).await.unwrap();
    floor.call(agent, |view| matches!(view.call, Call::Held { .. })).await;
    hear(customer, browser, MUSIC, AGENT).await;
    floor.phone.command(floor.actor(agent), call, Command::Resume).await.unwrap();
    floor.connected(agent).await;
    hear(customer, browser, AGENT, MUSIC).await;
    floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
    floor.seat(agent, |seat| matches!(seat.work(), Work::AfterCall { .. })).await;
}

/// What a far end hears that holds us (RFC 3264 §8.4): nothing, while another's call goes on beside it.
#[tokio::test]
async fn a_far_end_that_holds_us_is_sent_nothing_until_it_takes_us_back() {
    let db = TestDb::sqlite().await;
    let floor = Floor::open(&db).await;
    let ears = [super::customer::Ear::open(), super::customer::Ear::open()];
    let calls = [(); 2].map(|()| domain::ids::InteractionId(uuid::Uuid::new_v4()));
    let aim = |n: usize| {
        let remote = (super::floor::LOOPBACK, ears[n].port()).into();
        floor.gateway.aim_customer(calls[n], remote, media::Codec::Pcmu, None);
    };
    for n in 0..2 {
        floor.gateway.open_customer(calls[n]).await.unwrap();
        aim(n);
        floor.gateway.route(calls[n], server::telephony::gateway::Route::Music(None));
        ears[n].half_a_second().await;
    }
    floor.gateway.pause_customer(calls[0]);
    // The worker takes commands in order: what was sent before this answer is the last.
    floor.gateway.open_customer(domain::ids::InteractionId(uuid::Uuid::new_v4())).await.unwrap();
    ears[0].has_heard();
    ears[1].has_heard();
    ears[1].half_a_second().await;
    assert!(!ears[0].has_heard());
    aim(0);
    ears[0].half_a_second().await;
}

#[tokio::test]
async fn s24_s25_of_a_call_from_the_trunk_each_hears_the_other_and_held_the_music() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let (agent, browser) = floor.ready_with_browser("sato", AGENT).await;
    let customer = Customer::calls(&floor, Script::new("is_hung_up_on.xml"));
    let call = floor.offered(agent).await.id;
    floor.phone.command(floor.actor(agent), call, Command::Answer).await.unwrap();
    hold_and_take_back(&mut floor, agent, &customer, &browser).await;
    customer.done().await;
}

#[tokio::test]
async fn s24_s25_of_a_call_to_the_trunk_each_hears_the_other_and_held_the_music() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let (agent, browser) = floor.ready_with_browser("sato", AGENT).await;
    let customer = Customer::waits(&floor, Script::new("answers.xml")).await;
    let call = domain::ids::InteractionId(uuid::Uuid::new_v4());
    floor.phone.dial(floor.actor(agent), call, floor.number.id, "09012345678".to_owned()).await.unwrap();
    hold_and_take_back(&mut floor, agent, &customer, &browser).await;
    customer.done().await;
}
