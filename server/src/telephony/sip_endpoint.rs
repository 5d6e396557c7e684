//! SIP, running: the sockets are bound here, the driver is started, and a handle stands in front of it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::ids::TrunkId;
use sip::Endpoint;
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::sip_driver::{Command, Driver, Sockets};
use super::sip_stack::{Held, Hop, Incoming, Invite, LegEvents, LegId, Peer, Registration, RegistrationNews, SipStack};
use super::sip_tls::{SipTlsError, Tls};
use super::waiting_room;
use crate::clock::Clock;

/// Where SIP listens and how it is reached.
#[derive(Clone, Debug)]
pub struct SipConfig {
    /// UDP address to bind; none: no SIP over UDP. Port 0 takes any free one.
    pub udp: Option<SocketAddr>,
    /// TCP address to bind; none: no SIP over TCP.
    pub tcp: Option<SocketAddr>,
    /// TLS address to bind; none: no peer can open a TLS connection to us, though we to them.
    pub tls: Option<SocketAddr>,
    /// Our certificate with its chain, and its key; needed for `tls`.
    pub tls_own: Option<(PathBuf, PathBuf)>,
    /// A file of authorities that are believed beside those of the system.
    pub tls_authorities: Option<PathBuf>,
    /// New requests that are read of one peer's address in two seconds; ten times as many messages that belong to
    /// something begun.
    pub requests_of_one: u32,
    /// The address that peers reach us at, where it differs from the bound one (1:1 NAT). None with a socket bound to
    /// all addresses: the one that the system would use to leave this machine.
    pub public: Option<IpAddr>,
    /// `User-Agent` and `Server`.
    pub user_agent: String,
    /// Waiting times of the protocol.
    pub timers: sip::Timers,
}

/// Why SIP could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SipStartError {
    /// An address is taken, or not ours.
    #[error(
        "sip_{transport}_listen: SIP cannot listen on {address}: {source}; choose another address or stop what uses it"
    )]
    Bind {
        /// Which.
        address: SocketAddr,
        /// `udp`, `tcp`, `tls`.
        transport: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// A certificate, key or list of authorities cannot be used.
    #[error(transparent)]
    Tls(#[from] SipTlsError),
}

/// A handle to the running endpoint, cheap to clone.
#[derive(Clone, Debug)]
pub struct SipEndpoint {
    commands: mpsc::UnboundedSender<Command>,
    next_leg: Arc<AtomicU64>,
    udp: Option<SocketAddr>,
    tcp: Option<SocketAddr>,
    tls: Option<SocketAddr>,
}

/// What comes out of the endpoint.
#[derive(Debug)]
pub struct SipOutlets {
    /// Calls from trunks.
    pub incoming: mpsc::UnboundedReceiver<Incoming>,
    /// How registrations fare.
    pub registrations: mpsc::UnboundedReceiver<RegistrationNews>,
}

impl SipEndpoint {
    /// Binds the sockets and starts the driver, which runs until `stop`, among `tasks`.
    ///
    /// # Errors
    /// [`SipStartError`].
    pub async fn start(
        config: SipConfig,
        clock: Clock,
        tasks: &TaskTracker,
        stop: CancellationToken,
    ) -> Result<(Self, SipOutlets), SipStartError> {
        let (udp, udp_address) = match config.udp {
            Some(address) => bind_udp(address).await.map(|(socket, bound)| (Some(socket), Some(bound)))?,
            None => (None, None),
        };
        let (listener, tcp_address) = listen(config.tcp, "tcp").await?;
        let (tls_listener, tls_address) = listen(config.tls, "tls").await?;
        let own = config.tls_own.as_ref().map(|(certificate, key)| (certificate.as_path(), key.as_path()));
        let tls = Tls::new(config.tls_authorities.as_deref(), own)?;
        let mut endpoint = Endpoint::new(sip::Config {
            advertised_udp: advertised(config.public, udp_address),
            advertised_tcp: advertised(config.public, tcp_address),
            user_agent: config.user_agent,
            timers: config.timers,
            seed: uuid::Uuid::new_v4().as_u64_pair().0,
        });
        if tls_address.is_some() {
            endpoint.advertise_tls(advertised(config.public, tls_address));
        }
        let (commands, command_queue) = mpsc::unbounded_channel();
        let (incoming, incoming_queue) = mpsc::unbounded_channel();
        let (registrations, registration_queue) = mpsc::unbounded_channel();
        let next_leg = Arc::new(AtomicU64::new(1));
        let sockets = Sockets { udp, listener, tls_listener, tls, requests_of_one: config.requests_of_one };
        let driver = Driver::new(clock, endpoint, sockets, tasks, incoming, registrations, Arc::clone(&next_leg));
        tasks.spawn(driver.run(command_queue, stop));
        let handle = Self { commands, next_leg, udp: udp_address, tcp: tcp_address, tls: tls_address };
        Ok((handle, SipOutlets { incoming: incoming_queue, registrations: registration_queue }))
    }

    /// The UDP address, as bound.
    pub fn udp_address(&self) -> Option<SocketAddr> {
        self.udp
    }

    /// The TCP address, as bound.
    pub fn tcp_address(&self) -> Option<SocketAddr> {
        self.tcp
    }

    /// The TLS address, as bound.
    pub fn tls_address(&self) -> Option<SocketAddr> {
        self.tls
    }

    fn tell(&self, command: Command) {
        // Fails only after the driver has stopped: then every leg's channel is closed, which its call notices.
        let _ = self.commands.send(command);
    }
}

#[async_trait::async_trait]
impl SipStack for SipEndpoint {
    fn invite(&self, invite: Invite) -> (LegId, LegEvents) {
        let leg = LegId(self.next_leg.fetch_add(1, Ordering::Relaxed));
        let (events, queue) = mpsc::unbounded_channel();
        self.tell(Command::Invite { leg, invite, events });
        (leg, queue)
    }

    fn ring(&self, leg: LegId) {
        self.tell(Command::Ring(leg));
    }

    fn accept(&self, leg: LegId, audio: SocketAddr) {
        self.tell(Command::Accept(leg, audio));
    }

    fn refuse(&self, leg: LegId, status: u16) {
        self.tell(Command::Refuse(leg, status));
    }

    fn refuse_for_now(&self, leg: LegId, retry_after: Duration) {
        self.tell(Command::RefuseForNow(leg, retry_after));
    }

    fn hang_up(&self, leg: LegId) {
        self.tell(Command::HangUp(leg));
    }

    fn set_peers(&self, peers: Vec<Peer>) {
        self.tell(Command::Peers(peers));
    }

    fn register(&self, trunk: TrunkId, registration: Registration) {
        self.tell(Command::Register(trunk, registration));
    }

    fn unregister(&self, trunk: TrunkId) {
        self.tell(Command::Unregister(trunk));
    }

    fn reach(&self, hop: Hop) {
        self.tell(Command::Reach(hop));
    }

    async fn held(&self) -> Held {
        let (reply, held) = oneshot::channel();
        self.tell(Command::Held(reply));
        held.await.unwrap_or_default()
    }
}

async fn bind_udp(address: SocketAddr) -> Result<(UdpSocket, SocketAddr), SipStartError> {
    let failed = |source| SipStartError::Bind { address, transport: "udp", source };
    let socket = UdpSocket::bind(address).await.map_err(failed)?;
    let bound = socket.local_addr().map_err(failed)?;
    waiting_room::widen(&socket, "sip");
    Ok((socket, bound))
}

async fn listen(
    address: Option<SocketAddr>,
    transport: &'static str,
) -> Result<(Option<TcpListener>, Option<SocketAddr>), SipStartError> {
    let Some(address) = address else { return Ok((None, None)) };
    let failed = |source| SipStartError::Bind { address, transport, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((Some(listener), Some(bound)))
}

/// What stands in Via and Contact.
fn advertised(public: Option<IpAddr>, bound: Option<SocketAddr>) -> SocketAddr {
    let bound = bound.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 5060)));
    let ip = public.unwrap_or_else(|| if bound.ip().is_unspecified() { own_address() } else { bound.ip() });
    SocketAddr::new(ip, bound.port())
}

/// The address with which this machine goes out into the network; the loopback address if it is on none.
pub fn own_address() -> IpAddr {
    // A connected datagram socket sends nothing; the system only chooses its address. 192.0.2.1 is nobody's (RFC 5737).
    let chosen = std::net::UdpSocket::bind(("0.0.0.0", 0))
        .and_then(|socket| socket.connect(("192.0.2.1", 9)).and_then(|()| socket.local_addr()));
    chosen.map_or(IpAddr::from([127, 0, 0, 1]), |address| address.ip())
}
