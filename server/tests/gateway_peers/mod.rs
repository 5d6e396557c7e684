//! The two sides that the gateway stands between, for tests: a browser and a trunk, each with a voice and an ear.
//!
//! Both run on threads of their own and keep time like real ones: 20 ms a packet. A test waits until enough was heard,
//! never for a time.

pub(crate) mod browser;
mod row;
pub(crate) mod trunk;

pub(crate) use row::Row;

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use domain::ids::{InteractionId, UserId};
use domain::telephony::quality::CallQuality;
use media::tone::Ringback;
use media::{Codec, FRAME, Music, RATE, g711};
use server::telephony::gateway::{Gateway, GatewayConfig, LegEvent, LegEvents};
use testkit::hear::Heard;

pub(crate) const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// How long a test waits for what must come: generous, for it says nothing about speed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// What the house's music sounds like to a test.
pub(crate) const MUSIC: f64 = 701.0;
/// How loud everybody plays, in dBFS.
pub(crate) const LEVEL: f64 = -10.0;

/// A gateway of its own for a test, on ports that no other test uses.
pub(crate) fn gateway(rtp_ports: RangeInclusive<u16>) -> (Gateway, LegEvents) {
    let config = GatewayConfig {
        webrtc_bind: SocketAddr::new(HERE, 0),
        webrtc_public: Vec::new(),
        rtp_bind: HERE,
        rtp_public: HERE,
        rtp_ports,
        ringback: Ringback::Plain,
    };
    let music = Music::of_pcm(&testkit::tone::sine(MUSIC, LEVEL, RATE, 0, 8_000));
    Gateway::start(config, Arc::new(music)).unwrap()
}

pub(crate) fn agent() -> UserId {
    UserId(uuid::Uuid::new_v4())
}

pub(crate) fn call() -> InteractionId {
    InteractionId(uuid::Uuid::new_v4())
}

/// Waits for the next event that is no measurement: those come by the clock.
pub(crate) async fn next(events: &mut LegEvents) -> LegEvent {
    let next = async {
        loop {
            let event = events.recv().await.expect("the gateway has stopped");
            if !matches!(event, LegEvent::Measured { .. }) {
                return event;
            }
        }
    };
    tokio::time::timeout(PATIENCE, next).await.expect("nothing was reported")
}

/// Waits for the next measurement of this call that is as wanted: far sides report every few seconds only.
pub(crate) async fn measured(
    events: &mut LegEvents,
    of: InteractionId,
    wanted: impl Fn(&CallQuality) -> bool,
) -> CallQuality {
    let next = async {
        loop {
            if let LegEvent::Measured { call, quality } = events.recv().await.expect("the gateway has stopped")
                && call == of
                && wanted(&quality)
            {
                return quality;
            }
        }
    };
    tokio::time::timeout(PATIENCE * 3, next).await.expect("nothing of the kind was measured")
}

/// Makes a browser and waits until its audio is up.
pub(crate) async fn connected(gateway: &Gateway, events: &mut LegEvents, agent: UserId, tone: f64) -> browser::Browser {
    let (offered, offer) = browser::Offered::new(Codec::Pcmu);
    let attached = gateway.attach_agent(agent, offer).await.unwrap();
    let browser = offered.answered(&attached.answer, tone);
    assert_eq!(next(events).await, LegEvent::AgentUp { agent, generation: attached.generation });
    browser
}

/// A packet as it was heard.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) ssrc: u32,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) marker: bool,
    pub(crate) payload_type: u8,
    pub(crate) payload: Vec<u8>,
}

/// What a peer has heard so far.
#[derive(Clone, Default)]
pub(crate) struct Ear(Arc<(Mutex<VecDeque<Packet>>, Condvar)>);

impl Ear {
    pub(crate) fn hear(&self, packet: Packet) {
        self.0.0.lock().unwrap().push_back(packet);
        self.0.1.notify_all();
    }

    /// Forgets what was heard until now.
    pub(crate) fn forget(&self) {
        self.0.0.lock().unwrap().clear();
    }

    /// How many packets have come.
    pub(crate) fn count(&self) -> usize {
        self.0.0.lock().unwrap().len()
    }

    /// Waits until `count` packets have come and takes them. Blocks: call it where that does no harm.
    pub(crate) fn packets(&self, count: usize) -> Vec<Packet> {
        let guard = self.0.0.lock().unwrap();
        let (mut heard, waited) = self.0.1.wait_timeout_while(guard, PATIENCE, |heard| heard.len() < count).unwrap();
        assert!(!waited.timed_out(), "only {} of {count} packets were heard", heard.len());
        heard.drain(..count).collect()
    }

    /// Listens for `count` packets from now on, after the first few, which may still be from before.
    pub(crate) fn listen(&self, count: usize) -> Vec<i16> {
        self.forget();
        drop(self.packets(5));
        sound(&self.packets(count))
    }
}

/// The samples of packets, by each one's own law.
pub(crate) fn sound(packets: &[Packet]) -> Vec<i16> {
    packets
        .iter()
        .flat_map(|packet| {
            let codec = Codec::of_payload_type(packet.payload_type).expect("neither PCMU nor PCMA");
            packet.payload.iter().map(move |octet| g711::decode(codec, *octet))
        })
        .collect()
}

/// A steady tone as frames.
pub(crate) struct Voice {
    tone: f64,
    codec: Codec,
    position: u64,
}

impl Voice {
    pub(crate) fn new(tone: f64, codec: Codec) -> Self {
        Self { tone, codec, position: 0 }
    }

    pub(crate) fn frame(&mut self) -> Vec<u8> {
        let samples = testkit::tone::sine(self.tone, LEVEL, RATE, self.position, FRAME);
        self.position += FRAME as u64;
        samples.into_iter().map(|sample| g711::encode(self.codec, sample)).collect()
    }
}

/// Asserts that `heard` is this tone and nothing else, without a hole, and that `not` is not in it (−60 dB).
pub(crate) fn assert_only(samples: &[i16], tone: f64, not: &[f64]) {
    let heard: Heard = testkit::hear::hear(samples, RATE);
    assert!((heard.frequency - tone).abs() < 1.0, "heard {heard:?} instead of {tone} Hz");
    assert!((heard.level - LEVEL).abs() < 1.0, "{heard:?} is not as loud as it was");
    assert!(heard.snr > 30.0, "{heard:?} is noisy");
    let gaps = testkit::hear::gaps(samples, RATE, -40.0, 10);
    assert!(gaps.is_empty(), "there are holes at {gaps:?}");
    for unwanted in not {
        let leak = testkit::hear::leak(samples, RATE, tone, *unwanted);
        assert!(leak < -60.0, "{unwanted} Hz leaks into {tone} Hz at {leak:.1} dB");
    }
}
