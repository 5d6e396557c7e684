//! Malformed SIP in masses beside live calls: whoever talks is heard as before, and whoever calls gets through.
//!
//! Calls, flood and customers have threads and processes of their own, so that what is measured is the server. How much
//! later voice comes is printed and bounded only so that a server that stands still is seen: this says nothing about
//! speed.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use domain::ids::{InteractionId, UserId};
use domain::telephony::Outcome;
use media::Codec;
use server::clock::Clock;
use server::db::testing::TestDb;
use server::telephony::gateway::{Gateway, Route};
use testkit::load::{self, Connected, LoadError, Measured, UnderLoad, process};
use tokio::runtime::Handle;
use uuid::Uuid;
use wire::settings::SettingsPort;

use super::customer::{Customer, Script};
use super::floor::{Floor, Plan};

/// A peer from which nothing but rubbish comes: it is read, as far as the door lets it.
const PEER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);
/// Of whom nothing is known.
const STRANGER: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// Datagrams a second.
const FLOOD: u32 = 10_000;
/// Customers a second who call, hear music and hang up.
const CUSTOMERS: u64 = 5;
/// How much later than without the flood the slowest hundredth of voice may come.
const LATER: Duration = Duration::from_secs(1);
/// In KiB.
const MOST_GROWTH: u64 = 50 * 1024;

/// The floor's gateway under load: the generator asks from a thread of its own.
struct InThisProcess {
    gateway: Gateway,
    runtime: Handle,
}

impl UnderLoad for InThisProcess {
    fn connect(&mut self, _: usize, offer: &str, trunk: SocketAddr) -> Result<Connected, LoadError> {
        let (agent, call) = (UserId(Uuid::new_v4()), InteractionId(Uuid::new_v4()));
        let (gateway, offer) = (&self.gateway, offer.to_owned());
        let refused = |error: server::telephony::gateway::GatewayError| LoadError::Refused(error.to_string());
        self.runtime.block_on(async {
            let attached = gateway.attach_agent(agent, offer).await.map_err(refused)?;
            let address = gateway.open_customer(call).await.map_err(refused)?;
            gateway.aim_customer(call, trunk, Codec::Pcmu, None);
            gateway.route(call, Route::Bridge(agent));
            Ok(Connected { answer: attached.answer, address, passes_ssrc: false })
        })
    }

    fn pid(&self) -> u32 {
        std::process::id()
    }
}

/// Sends rubbish until it is dropped.
struct Flood {
    over: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Flood {
    fn begin(target: SocketAddr) -> Self {
        let (over, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let sources = [PEER, STRANGER].map(|source| UdpSocket::bind((source, 0)).unwrap());
        let messages = messages();
        let thread = std::thread::spawn({
            let (over, sent) = (Arc::clone(&over), Arc::clone(&sent));
            move || {
                let clock = Clock::system();
                let begun = clock.instant();
                while !over.load(Ordering::Acquire) {
                    let due = clock.instant().saturating_duration_since(begun).as_secs_f64() * f64::from(FLOOD);
                    let so_far = sent.load(Ordering::Relaxed);
                    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of seconds")]
                    for n in so_far..due as u64 {
                        let n = usize::try_from(n).unwrap();
                        // What the system does not take is not a flood; it is counted all the same.
                        let _ = sources[n % 2].send_to(&messages[n / 2 % messages.len()], target);
                        sent.fetch_add(1, Ordering::Relaxed);
                    }
                    std::thread::park_timeout(Duration::from_millis(1));
                }
            }
        });
        Self { over, sent, thread: Some(thread) }
    }

    fn end(mut self) -> u64 {
        self.over.store(true, Ordering::Release);
        self.thread.take().unwrap().join().unwrap();
        self.sent.load(Ordering::Relaxed)
    }
}

/// Messages of the kept corpus of SIP, cut, doubled and garbled, lines as long as a datagram, and noise.
fn messages() -> Vec<Vec<u8>> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/sip/tests/corpus");
    let mut paths: Vec<_> = std::fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let seeds: Vec<Vec<u8>> = paths.iter().map(|path| std::fs::read(path).unwrap()).collect();
    assert!(seeds.len() > 30, "the corpus is not where it was");
    let mut row = super::peers::Row::new(4);
    let mut messages = Vec::new();
    for _ in 0..40 {
        for seed in &seeds {
            let mut message = seed.clone();
            for _ in 0..=row.below(8) {
                row.spoil(&mut message);
            }
            messages.push(message);
        }
        messages.push([b"INVITE sip:".as_slice(), &vec![b'a'; 60_000], b" SIP/2.0\r\n\r\n"].concat());
        messages.push((0..row.below(1_400)).map(|_| row.octet()).collect());
    }
    messages
}

/// Voice both ways on so many calls for so long.
async fn talk(gateway: &Gateway, calls: usize, window: Duration) -> Measured {
    let mut gateway = InThisProcess { gateway: gateway.clone(), runtime: Handle::current() };
    let plan = load::Plan { calls, warm_up: Duration::from_secs(1), window };
    let (done, measured) = tokio::sync::oneshot::channel();
    let thread = std::thread::spawn(move || done.send(load::run(&mut gateway, &plan)).is_ok());
    let measured = measured.await.unwrap().unwrap();
    assert!(thread.join().unwrap());
    measured
}

fn slowest(measured: &mut Measured) -> Duration {
    measured.delays.percentile(0.99).unwrap()
}

async fn flood(calls: usize, window: Duration) {
    let db = TestDb::sqlite().await;
    let floor = Floor::open_with(&db, Plan { max_calls: 1_000, ..Plan::default() }).await;
    let rude = wire::settings::Trunk { host: PEER.to_string(), ..super::floor::trunk("rude", 5_060, Plan::default()) };
    floor.settings.save_trunk(floor.admin.clone(), rude).await.unwrap();
    floor.trunks.reload().await;

    let mut calm = talk(&floor.gateway, calls, Duration::from_secs(3)).await;
    let memory = process::resident(std::process::id()).unwrap();
    let strangers = Flood::begin(floor.sip_address());
    let count = (window.as_secs() * CUSTOMERS).to_string();
    let script = Script::new("hangs_up.xml").arguments(["-m", &count, "-r", &CUSTOMERS.to_string(), "-l", "50"]);
    let customers = Customer::calls(&floor, script);
    let mut flooded = talk(&floor.gateway, calls, window).await;
    let customers = customers.done().await;
    let sent = strangers.end();
    floor.quiet().await;

    let (quiet, loud) = (slowest(&mut calm), slowest(&mut flooded));
    println!(
        "{sent} datagrams; voice: {} of {} packets, {} at the worst call, slowest hundredth {quiet:?} without, {loud:?} with, {} stalls",
        flooded.delivered, flooded.sent, flooded.worst, flooded.stalls
    );
    assert!(sent >= u64::from(FLOOD) * window.as_secs() * 9 / 10, "the flood itself fell behind: {sent}");
    assert!(flooded.share() >= 0.999, "{} of {} packets came", flooded.delivered, flooded.sent);
    assert!(loud <= quiet + LATER, "{loud:?} after {quiet:?}");
    let outcomes = floor.outcomes().await;
    assert_eq!(outcomes.len().to_string(), count, "every call that was meant is taken: {customers}");
    assert!(outcomes.iter().all(|(outcome, ..)| *outcome == Outcome::Abandoned));
    let growth = process::resident(std::process::id()).unwrap().saturating_sub(memory);
    assert!(growth < MOST_GROWTH, "{growth} KiB more");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_malformed_datagrams_a_second_take_no_voice_and_no_call() {
    flood(10, Duration::from_secs(10)).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes; `make test-long` runs it"]
async fn fifty_seconds_of_ten_thousand_malformed_datagrams_a_second_take_no_voice_of_fifty_calls() {
    // Within the minute that the customers' sipp is given.
    flood(50, Duration::from_secs(50)).await;
}
