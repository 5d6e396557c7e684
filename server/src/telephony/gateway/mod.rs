//! The media gateway: agents' WebRTC legs on one side, customers' RTP legs on the other.
//!
//! ```text
//!  browsers ◄── DTLS-SRTP, one UDP port ──► ┌──────── worker ────────┐ ◄── RTP + RTCP, a pair of ports a call ──► trunks
//!                                           │ agents  switch  customers │
//!  call tasks ── commands, no locks ──────► └────────────────────────┘ ── events ──► call tasks
//! ```
//!
//! One thread owns every socket, every connection and every timer; [`Gateway`] is a handle that sends it commands. A
//! customer's leg belongs to a call and lives as long as it; an agent's leg belongs to a softphone login, may vanish
//! and come back, and is kept connected between calls. Who hears whom is one [`Route`] a call.
//!
//! It never decides what a call does next, speaks no SIP, and transcodes nothing but A-law and µ-law by table.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::ids::{InteractionId, PressId, QueueId, UserId};
use domain::telephony::Key;
use domain::telephony::quality::CallQuality;
use media::tone::Ringback;
use media::{Codec, Music};
use tokio::sync::{mpsc, oneshot};

mod agents;
mod attendance;
mod command;
mod customer;
mod customers;
mod error;
mod front_desk;
mod offer;
mod peer;
mod ports;
mod quality;
mod sounds;
mod stun;
mod switch;
mod turns;
mod worker;

use super::waiting_room;
use command::{Command, Mailbox};
pub use error::GatewayError;
use front_desk::FrontDesk;
use ports::PortPool;
use sounds::Sounds;
use worker::{Parts, Worker};

/// Where the gateway listens and how it is reached.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// The one UDP address for all browsers. Port 0 takes any free one.
    pub webrtc_bind: SocketAddr,
    /// The addresses that browsers are told (ICE host candidates), with the port of `webrtc_bind`. Behind a 1:1 NAT
    /// these are the public ones. Empty: the bound address itself.
    pub webrtc_public: Vec<IpAddr>,
    /// The address for trunks' RTP.
    pub rtp_bind: IpAddr,
    /// The address that trunks are told in SDP.
    pub rtp_public: IpAddr,
    /// The ports for trunks: RTP on the even one, RTCP on the odd one above (RFC 3550 §11). Two ports a call.
    pub rtp_ports: RangeInclusive<u16>,
    /// How ringback sounds to an agent who dials.
    pub ringback: Ringback,
}

/// What a call's two sides hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Both hear silence. The customer is still sent quiet packets, so that nothing on the way gives the call up.
    Silence,
    /// The customer hears the hold music of this queue, or the house's where it has none; no agent hears anything.
    Music(Option<QueueId>),
    /// The agent hears a ringback tone made here; the customer silence.
    Ringback(UserId),
    /// The agent hears the far end's own sound; the far end hears silence.
    EarlyMedia(UserId),
    /// Both hear each other. While nothing comes from the agent, the customer hears a soft comfort tone.
    Bridge(UserId),
    /// The customer hears the hold music of this queue; the agent hears the customer (S24, S25).
    OneWayHold(UserId, Option<QueueId>),
    /// The customer hears the hold music of this queue; the agent hears silence (A4).
    FullHold(UserId, Option<QueueId>),
}

impl Route {
    /// The agent who takes part, if any.
    pub fn agent(self) -> Option<UserId> {
        match self {
            Self::Silence | Self::Music(_) => None,
            Self::Ringback(agent)
            | Self::EarlyMedia(agent)
            | Self::Bridge(agent)
            | Self::OneWayHold(agent, _)
            | Self::FullHold(agent, _) => Some(agent),
        }
    }
}

/// The payload types of telephone events (RFC 4733) with a customer's side: each side names the number under which it
/// wants to receive them (RFC 3264 §5.1), and the two may differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeyTypes {
    /// Under which number the customer's side takes them, if it does.
    pub send: Option<u8>,
    /// Under which number they come from it, if they do.
    pub receive: Option<u8>,
}

impl From<Option<u8>> for KeyTypes {
    /// One number for both ways.
    fn from(number: Option<u8>) -> Self {
        Self { send: number, receive: number }
    }
}

/// An agent's leg that has been offered and answered; its audio is up at [`LegEvent::AgentUp`].
#[derive(Clone, Debug)]
pub struct Attached {
    /// The SDP answer for the browser.
    pub answer: String,
    /// Which of the agent's connections this is; grows with each one.
    pub generation: u64,
}

/// What the gateway noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LegEvent {
    /// The browser's audio connection stands (ICE and DTLS).
    AgentUp {
        /// Whose.
        agent: UserId,
        /// Which connection.
        generation: u64,
    },
    /// The browser's audio connection is gone. Routes to it stay and take effect again with the agent's next one.
    AgentDown {
        /// Whose.
        agent: UserId,
        /// Which connection.
        generation: u64,
        /// Why.
        why: Down,
    },
    /// The connection stands, but no audio has come from the agent of a call for a second: the browser died, or its
    /// network or its microphone is gone. The route stays and takes effect again with [`LegEvent::AgentHeard`].
    AgentSilent {
        /// Whose.
        agent: UserId,
        /// Which connection.
        generation: u64,
    },
    /// The agent of a call is heard again, after [`LegEvent::AgentSilent`] or [`LegEvent::AgentDown`].
    AgentHeard {
        /// Who.
        agent: UserId,
        /// On which connection.
        generation: u64,
    },
    /// The customer pressed a key (RFC 4733), told once a press. Told and forgotten: it may belong to a card number.
    CustomerPressed {
        /// In which call.
        call: InteractionId,
        /// Which key.
        key: Key,
    },
    /// Nothing has come from the customer for 10 s although something should.
    CustomerSilent {
        /// Which call.
        call: InteractionId,
    },
    /// The customer is heard again after [`LegEvent::CustomerSilent`].
    CustomerHeard {
        /// Which call.
        call: InteractionId,
    },
    /// How a call that has an agent sounded since the last time; told every 5 s.
    Measured {
        /// Which call.
        call: InteractionId,
        /// What was measured.
        quality: CallQuality,
    },
}

/// Why an agent's leg ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Down {
    /// [`Gateway::detach_agent`] was called.
    Detached,
    /// A newer connection of the same agent took its place.
    Replaced,
    /// The browser closed it.
    Closed,
    /// The browser stopped answering, or never came.
    Lost,
}

/// How a customer's leg went, for the call's record.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LegReport {
    /// Packets received from the customer.
    pub received: u64,
    /// Of those expected from the customer, how many never came (RFC 3550 §6.4.1).
    pub lost: i64,
    /// Variation of their arrival, in milliseconds (RFC 3550 A.8).
    pub jitter_ms: f64,
    /// Packets sent to the customer.
    pub sent: u64,
    /// Packets from addresses other than the customer's, dropped.
    pub foreign: u64,
    /// Both legs over the whole call.
    pub quality: CallQuality,
}

/// What the gateway notices, in order; ends when the gateway has stopped.
pub type LegEvents = mpsc::UnboundedReceiver<LegEvent>;

/// A handle to the running gateway. Clones speak to the same one; it stops when the last is gone.
#[derive(Clone)]
pub struct Gateway {
    mailbox: Mailbox,
    desk: FrontDesk,
    ports: Arc<AtomicUsize>,
    webrtc: SocketAddr,
    rtp: IpAddr,
}

impl Gateway {
    /// Binds the shared port and starts the worker. `music` is the house's hold music.
    ///
    /// # Errors
    /// [`GatewayError::Bind`] where the shared port cannot be had.
    pub fn start(config: GatewayConfig, music: Arc<Music>) -> Result<(Self, LegEvents), GatewayError> {
        let address = config.webrtc_bind;
        let bind = |source| GatewayError::Bind { address, source };
        let socket = UdpSocket::bind(address).map_err(bind)?;
        socket.set_nonblocking(true).map_err(bind)?;
        waiting_room::widen(&socket, "gateway");
        let webrtc = socket.local_addr().map_err(bind)?;
        let mut candidates: Vec<_> =
            config.webrtc_public.into_iter().map(|ip| SocketAddr::new(ip, webrtc.port())).collect();
        if candidates.is_empty() {
            if webrtc.ip().is_unspecified() {
                return Err(GatewayError::NoPublicAddress);
            }
            candidates.push(webrtc);
        }
        let desk = FrontDesk::new(candidates.clone());
        let pool = PortPool::new(config.rtp_bind, &config.rtp_ports)?;
        let ports = pool.in_use();
        let (queue, commands) = std::sync::mpsc::channel();
        let (tell, events) = mpsc::unbounded_channel();
        let sounds = Sounds::new(music, config.ringback);
        let (worker, waker) =
            Worker::new(Parts { socket, candidates, commands, events: tell, sounds, ports: pool }).map_err(bind)?;
        std::thread::Builder::new().name("media-gateway".to_owned()).spawn(|| worker.run()).map_err(bind)?;
        let mailbox = Mailbox::new(queue, waker);
        let gateway = Self { mailbox, desk, ports, webrtc, rtp: config.rtp_public };
        Ok((gateway, events))
    }

    /// Takes a browser's SDP offer for this agent's softphone and answers it. An older connection of the agent ends
    /// with [`Down::Replaced`]; calls stay routed to the agent.
    ///
    /// # Errors
    /// [`GatewayError::Offer`] where the offer has no usable audio, [`GatewayError::Stopped`].
    pub async fn attach_agent(&self, agent: UserId, offer: String) -> Result<Attached, GatewayError> {
        let (leg, answer) = self.desk.answer(offer).await?;
        let (reply, generation) = oneshot::channel();
        self.mailbox.send(Command::Attach { agent, leg: Box::new(leg), reply });
        let generation = generation.await.map_err(|_| GatewayError::Stopped)?;
        Ok(Attached { answer, generation })
    }

    /// Takes a later offer of the connection that the agent has, by which the browser looks for its ways to us anew, as
    /// after a change of network (RFC 8445 §9), and answers it. The connection goes on: no event tells of it.
    ///
    /// # Errors
    /// [`GatewayError::NotConnected`] where the agent has no connection that made this offer, [`GatewayError::Offer`],
    /// [`GatewayError::Stopped`].
    pub async fn restart_agent(&self, agent: UserId, offer: String) -> Result<String, GatewayError> {
        let (reply, answer) = oneshot::channel();
        self.mailbox.send(Command::Restart { agent, offer, reply });
        answer.await.map_err(|_| GatewayError::Stopped)?
    }

    /// Ends the agent's audio connection, if there is one.
    pub fn detach_agent(&self, agent: UserId) {
        self.mailbox.send(Command::Detach { agent });
    }

    /// Opens a customer's leg: a pair of ports, silent until it is aimed. The address is for the SDP to the trunk.
    ///
    /// # Errors
    /// [`GatewayError::NoPorts`] where all of the range are in use, [`GatewayError::Stopped`].
    pub async fn open_customer(&self, call: InteractionId) -> Result<SocketAddr, GatewayError> {
        let (reply, answer) = oneshot::channel();
        self.mailbox.send(Command::Open { call, reply });
        let port = answer.await.map_err(|_| GatewayError::Stopped)??;
        Ok(SocketAddr::new(self.rtp, port))
    }

    /// Says where the trunk's SDP wants the audio, and how: after its offer or answer, and after each new one. The
    /// next valid source may then be latched anew.
    ///
    /// `keys` are the payload types of RFC 4733 events, where negotiated.
    pub fn aim_customer(&self, call: InteractionId, remote: SocketAddr, codec: Codec, keys: impl Into<KeyTypes>) {
        self.mailbox.send(Command::Aim { call, remote, codec, keys: keys.into() });
    }

    /// Sends nothing to the customer's side, whose address was claimed by whoever sent the INVITE, until
    /// [`Self::confirm_customer`], or until audio has come from there.
    pub fn doubt_customer(&self, call: InteractionId) {
        self.mailbox.send(Command::Doubt { call, doubted: true });
    }

    /// The customer's side has shown that it takes part: it acknowledged our answer (RFC 3261 §13.2.2.4).
    pub fn confirm_customer(&self, call: InteractionId) {
        self.mailbox.send(Command::Doubt { call, doubted: false });
    }

    /// Sends the customer no audio until it is aimed anew; reports go on (RFC 3264 §5.1).
    pub fn pause_customer(&self, call: InteractionId) {
        self.mailbox.send(Command::Pause { call });
    }

    /// Sends keys to the customer's side, as events of the negotiated type (RFC 4733), after those that are still to be
    /// sent. A press that was taken before is not sent again.
    ///
    /// # Errors
    /// [`GatewayError::NoKeys`] where the customer's side takes none now, [`GatewayError::Stopped`].
    pub async fn press_keys(&self, call: InteractionId, press: PressId, keys: Vec<Key>) -> Result<(), GatewayError> {
        let (reply, answer) = oneshot::channel();
        self.mailbox.send(Command::Press { call, press, keys, reply });
        answer.await.map_err(|_| GatewayError::Stopped)?
    }

    /// Says who hears what from now on. May come before the leg is aimed or the agent attached; it then takes effect
    /// when they are.
    pub fn route(&self, call: InteractionId, route: Route) {
        self.mailbox.send(Command::Route { call, route });
    }

    /// Sets the hold music of a queue, or the house's (`None`); running calls change over at once. No music for a
    /// queue: the house's.
    pub fn set_music(&self, queue: Option<QueueId>, music: Option<Arc<Music>>) {
        self.mailbox.send(Command::Music { queue, music });
    }

    /// Closes the customer's leg and gives its ports back. `None` where there was no such leg.
    pub async fn close_customer(&self, call: InteractionId) -> Option<LegReport> {
        let (reply, report) = oneshot::channel();
        self.mailbox.send(Command::Close { call, reply });
        report.await.ok().flatten()
    }

    /// How many ports of the range are in use.
    pub fn open_ports(&self) -> usize {
        self.ports.load(Ordering::Acquire)
    }

    /// The UDP address that browsers reach, as bound.
    pub fn webrtc_address(&self) -> SocketAddr {
        self.webrtc
    }

    /// Ends every leg and the worker; returns when all sockets are closed.
    pub async fn shutdown(&self) {
        let (reply, done) = oneshot::channel();
        self.mailbox.send(Command::Shutdown { reply });
        // A worker that is already gone drops the reply, which is as good.
        let _ = done.await;
    }
}
