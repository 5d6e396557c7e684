//! Load for media gateways: N calls, each with a browser's WebRTC leg on one side and a trunk's RTP leg on the other.
//!
//! ```text
//!  N browsers (ICE, DTLS-SRTP) ◄──► the gateway under load, a process of its own ◄──► N trunks (RTP, RTCP)
//!             └──────────────────────── one generator, one clock ────────────────────────┘
//! ```
//!
//! Every packet says which call, which way, which number and when; what comes back is compared octet by octet. So loss,
//! mixed-up calls, changed payloads and delay are all seen, and a gateway's speed is only worth reading beside them.
//!
//! It never judges: it counts, and the bench prints.

use std::net::SocketAddr;
use std::time::Duration;

mod browser;
mod delays;
mod generator;
mod payload;
pub mod process;
pub mod rtpengine;
mod trunk;

pub use delays::Delays;
pub use generator::run;

/// What can go wrong with a load.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The system refused a socket, a timer or a process.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The gateway under load answered with something else than was asked for.
    #[error("the gateway under load refused: {0}")]
    Refused(String),
    /// The browser's side failed.
    #[error("a browser failed: {0}")]
    Browser(String),
    /// Something that must come did not.
    #[error("waited in vain for {0}")]
    Late(&'static str),
}

impl LoadError {
    /// For `map_err`: what was tried when the system refused.
    pub fn system(what: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::System { what, source }
    }
}

/// A gateway that can be put under load.
pub trait UnderLoad {
    /// Connects a browser that made this offer with a trunk that listens at `trunk` (PCMU; RTCP one port above).
    ///
    /// # Errors
    /// [`LoadError`] where it cannot.
    fn connect(&mut self, call: usize, offer: &str, trunk: SocketAddr) -> Result<Connected, LoadError>;

    /// The process whose time and memory count.
    fn pid(&self) -> u32;
}

/// A call as the gateway under load set it up.
#[derive(Clone, Debug)]
pub struct Connected {
    /// The SDP answer for the browser.
    pub answer: String,
    /// Where the trunk's RTP goes.
    pub address: SocketAddr,
    /// Whether the trunk's SSRC reaches the browser as it is, unannounced by the answer.
    pub passes_ssrc: bool,
}

/// How much load, and how long.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Calls at once.
    pub calls: usize,
    /// How long audio flows before anything is measured.
    pub warm_up: Duration,
    /// How long is measured.
    pub window: Duration,
}

/// What one run showed.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Calls at once.
    pub calls: usize,
    /// How long was measured.
    pub window: Duration,
    /// Packets sent within the window, both ways.
    pub sent: u64,
    /// How many of these came out on the other side, whole and once.
    pub delivered: u64,
    /// The worst direction of any call: its share delivered, 0–1.
    pub worst: f64,
    /// How many of the calls' directions lost anything.
    pub lossy: usize,
    /// Packets that arrived with another payload, in another call, or twice.
    pub wrong: u64,
    /// Reports (RTCP) that the trunks received from the gateway.
    pub reports: u64,
    /// How often the generator itself fell behind, for want of processor time; more than a few, and delays and losses
    /// are those of the machine.
    pub stalls: u64,
    /// From sending to receiving.
    pub delays: Delays,
    /// What the gateway's process used within the window.
    pub cpu: process::Cpu,
    /// How long the gateway's threads and the generator's were ready to run within the window and got no processor: delay
    /// that the machine adds to whatever the gateway does.
    pub waited: (Duration, Duration),
    /// Its resident memory at the end of the window, in KiB.
    pub resident: u64,
    /// What it used to set up one call, on the average.
    pub set_up: Duration,
}

impl Measured {
    /// CPU seconds, user and system, for one minute of one call: of as much audio as was really sent, 50 packets a
    /// second each way.
    #[expect(clippy::cast_precision_loss, reason = "counts of packets are far below 2^52")]
    pub fn cpu_per_call_minute(&self) -> f64 {
        self.cpu.total().as_secs_f64() * 6_000.0 / self.sent.max(1) as f64
    }

    /// CPU microseconds for one packet passed on.
    #[expect(clippy::cast_precision_loss, reason = "counts of packets are far below 2^52")]
    pub fn micros_per_packet(&self) -> f64 {
        self.cpu.total().as_secs_f64() * 1e6 / self.delivered.max(1) as f64
    }

    /// The share delivered, 0–1.
    #[expect(clippy::cast_precision_loss, reason = "counts of packets are far below 2^52")]
    pub fn share(&self) -> f64 {
        self.delivered as f64 / self.sent.max(1) as f64
    }
}
