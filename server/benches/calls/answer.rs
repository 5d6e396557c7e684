//! From the agent's request to answer to the first packet of the other side's voice, at either end.
//!
//! Kept: the agent's connection stands since login, as it does in the product. Fresh: what its set-up, ICE and DTLS,
//! would add if it were made at the answer. The ends stand on this machine, so what is measured is the server's own
//! part, and up to one packet's length (20 ms) until the other side has something to say.

use std::time::Duration;

use domain::ids::UserId;
use domain::telephony::Command;
use media::g711;
use server::clock::Clock;
use server::db::testing::TestDb;
use wire::events::Media;
use wire::telephony::{Choice, Leave, TelephonyPort};

use crate::customer::{Customer, Script};
use crate::floor::Floor;
use crate::peers::browser::Browser;
use crate::{percentile, say, setting};

/// High above the music and the customer's own tone, so that one packet tells it.
const AGENT: f64 = 2_000.0;
const CUSTOMER: f64 = 500.0;
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Default)]
struct Delays {
    to_agent: Vec<f64>,
    to_customer: Vec<f64>,
}

/// # Errors
/// What went wrong, in words.
pub(crate) async fn bench(arguments: &[String]) -> Result<(), String> {
    let calls: usize = setting(arguments, "--calls", "50").parse().map_err(|_| "--calls needs a number")?;
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let (agent, browser) = floor.ready_with_browser("kept", AGENT).await;
    let mut kept = Delays::default();
    for _ in 0..calls {
        call(&mut floor, agent, &browser, &mut kept).await?;
    }
    print("kept connection, agent hears customer", &mut kept.to_agent);
    print("kept connection, customer hears agent", &mut kept.to_customer);
    drop(browser);
    floor.close().await;

    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let agent = floor.logged_in("fresh").await;
    let mut fresh = Vec::new();
    for _ in 0..calls {
        // The last connection, or the one that the floor takes for granted.
        floor.gateway.detach_agent(agent);
        floor.agents.set_media(agent, Media::Down).await;
        let clock = Clock::system();
        let began = clock.instant();
        let browser = floor.browser(agent, AGENT).await;
        while floor.agents.media(agent) != Media::Up {
            floor.event(agent).await;
        }
        fresh.push(clock.instant().saturating_duration_since(began).as_secs_f64() * 1e3);
        drop(browser);
    }
    print("a fresh connection (ICE, DTLS) would come before that", &mut fresh);
    floor.close().await;
    Ok(())
}

/// One call from its offer to its end.
async fn call(floor: &mut Floor, agent: UserId, browser: &Browser, delays: &mut Delays) -> Result<(), String> {
    browser.speak(false);
    let customer = Customer::calls(floor, Script::new("is_hung_up_on.xml"));
    let call = floor.offered(agent).await.id;
    let clock = Clock::system();
    let asked = clock.instant();
    let since = {
        let clock = clock.clone();
        move || clock.instant().saturating_duration_since(asked).as_secs_f64() * 1e3
    };
    // The customer hears the music, and answers each packet with one of its own; then the agent.
    let to_customer = async {
        loop {
            let packets = customer.ear.follow(CUSTOMER, 1).await;
            if packets.iter().any(|packet| is_agent(&packet.payload)) {
                break since();
            }
        }
    };
    let to_agent = async {
        browser.ear.forget();
        browser.speak(true);
        let answer = floor.phone.command(floor.actor(agent), call, Command::Answer).await;
        answer.map_err(|refusal| format!("the answer was refused: {refusal:?}"))?;
        let ear = browser.ear.clone();
        let at = since.clone();
        let heard = tokio::task::spawn_blocking(move || {
            // What the gateway fills an idle line with says nothing.
            while ear.packets(1).iter().all(|packet| packet.payload.iter().all(|octet| *octet | 0x80 == 0xFF)) {}
            at()
        });
        heard.await.map_err(|error| error.to_string())
    };
    let both = tokio::time::timeout(PATIENCE, async { tokio::join!(to_customer, to_agent) });
    let (customer_heard, agent_heard) = both.await.map_err(|_| "no voice came through")?;
    delays.to_customer.push(customer_heard);
    delays.to_agent.push(agent_heard?);
    let ended = floor.phone.command(floor.actor(agent), call, Command::HangUp).await;
    ended.map_err(|refusal| format!("hanging up was refused: {refusal:?}"))?;
    floor.ended(agent).await;
    let left = floor.phone.leave_after_call(floor.actor(agent), Choice::Ready, Leave::Complete).await;
    left.map_err(|refusal| format!("after-call work was not left: {refusal:?}"))?;
    drop(customer.done().await);
    Ok(())
}

/// Whether a packet of µ-law is the agent's tone: 80 changes of sign in 20 ms, where music and customer have 20.
fn is_agent(payload: &[u8]) -> bool {
    let samples: Vec<i16> = payload.iter().map(|octet| g711::decode(media::Codec::Pcmu, *octet)).collect();
    let changes = samples.windows(2).filter(|pair| matches!(pair, [a, b] if (*a < 0) != (*b < 0))).count();
    changes > 60
}

fn print(what: &str, delays: &mut [f64]) {
    say(&format!(
        "{what}: p50 {:.1} ms, p95 {:.1} ms, most {:.1} ms ({} times)",
        percentile(delays, 0.5),
        percentile(delays, 0.95),
        percentile(delays, 1.0),
        delays.len(),
    ));
}
