//! The loop between sockets, clock and [`sip::Endpoint`]: bytes in, bytes and events out.
//!
//! **Invariant:** a datagram or connection from anybody who is not a peer is never answered.

mod door;
mod dropped;
mod events;
mod registrations;

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use domain::ids::TrunkId;
use sip::{CallKey, Endpoint, Time, Transport};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wire::settings::{Presentation, TrunkTransport};

use super::sip_legs::{Leg, Legs};
use super::sip_stack::{Held, Hop, Incoming, Invite, LegEvent, LegId, Peer, Registration, RegistrationNews};
use super::sip_tcp::{Connections, TcpNews};
use super::sip_tls::Tls;
use crate::clock::Clock;
use door::{Door, Verdict, Why};
use dropped::{Dropped, Lines};
use registrations::Registrations;

/// How long a registration is asked for.
const REGISTRATION: Duration = Duration::from_mins(5);
/// How long a stopping driver waits for its registrars to take registrations back, and for the far ends of calls.
const FAREWELL: Duration = Duration::from_secs(2);
/// Longest datagram that there can be: nothing is ever cut.
const DATAGRAM: usize = 65_536;
/// How many datagrams are read at a time before anything else gets its turn.
const AT_A_TIME: usize = 64;

/// What the handle asks of the driver.
pub(super) enum Command {
    Invite { leg: LegId, invite: Invite, events: mpsc::UnboundedSender<LegEvent> },
    Ring(LegId),
    Accept(LegId, SocketAddr),
    Refuse(LegId, u16),
    RefuseForNow(LegId, Duration),
    HangUp(LegId),
    Peers(Vec<Peer>),
    Register(TrunkId, Registration),
    Unregister(TrunkId),
    Reach(Hop),
    Held(oneshot::Sender<Held>),
}

/// The bound sockets.
pub(super) struct Sockets {
    pub(super) udp: Option<UdpSocket>,
    pub(super) listener: Option<TcpListener>,
    pub(super) tls_listener: Option<TcpListener>,
    pub(super) tls: Tls,
    /// See [`Door::new`].
    pub(super) requests_of_one: u32,
}

/// The task that owns sockets and endpoint.
pub(super) struct Driver {
    clock: Clock,
    start: Instant,
    endpoint: Endpoint,
    sockets: Sockets,
    connections: Connections,
    tcp: mpsc::Receiver<TcpNews>,
    peers: Vec<Peer>,
    door: Door,
    dropped: Dropped,
    /// Limits what is logged about the faults of peers.
    lines: Lines,
    /// Why no connection could be made to a server, until one could.
    trouble: HashMap<SocketAddr, &'static str>,
    legs: Legs,
    registrations: Registrations,
    incoming: mpsc::UnboundedSender<Incoming>,
    trunk_news: mpsc::UnboundedSender<RegistrationNews>,
    next_leg: Arc<AtomicU64>,
}

impl Driver {
    pub(super) fn new(
        clock: Clock,
        endpoint: Endpoint,
        sockets: Sockets,
        tasks: &TaskTracker,
        incoming: mpsc::UnboundedSender<Incoming>,
        trunk_news: mpsc::UnboundedSender<RegistrationNews>,
        next_leg: Arc<AtomicU64>,
    ) -> Self {
        let (tcp_news, tcp) = mpsc::channel(256);
        Self {
            start: clock.instant(),
            connections: Connections::new(tcp_news, tasks.clone(), clock.clone(), sockets.tls.clone()),
            clock,
            endpoint,
            door: Door::new(sockets.requests_of_one),
            sockets,
            tcp,
            peers: Vec::new(),
            dropped: Dropped::default(),
            lines: Lines::default(),
            trouble: HashMap::new(),
            legs: Legs::default(),
            registrations: Registrations::default(),
            incoming,
            trunk_news,
            next_leg,
        }
    }

    /// Runs until `stop`, and a little longer where registrars are to be told or calls to be hung up.
    pub(super) async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>, stop: CancellationToken) {
        let mut datagram = vec![0; DATAGRAM];
        let mut farewell = None;
        loop {
            self.drain().await;
            let left = self.endpoint.stats();
            if farewell.is_some() && left.registrations == 0 && left.calls == 0 {
                break;
            }
            let wake = self.endpoint.poll_timeout().into_iter().chain(self.registrations.due()).min();
            let wake = wake.map(|time| self.start + time.0);
            tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => self.command(command),
                    None => break,
                },
                received = receive(self.sockets.udp.as_ref(), &mut datagram) => match received {
                    Ok((length, from)) => self.datagrams(length, from, &mut datagram),
                    // A peer's ICMP "port unreachable" comes up here on some systems; timers deal with the silence.
                    Err(error) => tracing::debug!(%error, "the SIP socket reported an error"),
                },
                accepted = accept(self.sockets.listener.as_ref()) => self.accepted(Transport::Tcp, accepted),
                accepted = accept(self.sockets.tls_listener.as_ref()) => self.accepted(Transport::Tls, accepted),
                Some(news) = self.tcp.recv() => self.tcp_news(news),
                () = until(&self.clock, wake) => {
                    let now = self.now();
                    self.endpoint.handle_timeout(now);
                    self.give_up_leaving(now);
                }
                () = until(&self.clock, self.dropped.due()) => self.dropped.tell(),
                () = stop.cancelled(), if farewell.is_none() => {
                    farewell = Some(self.clock.instant() + FAREWELL);
                    // Calls that were ended a moment ago are hung up before anything closes.
                    while let Ok(command) = commands.try_recv() {
                        self.command(command);
                    }
                }
                () = until(&self.clock, farewell) => break,
            }
        }
        self.drain().await;
    }

    fn now(&self) -> Time {
        Time(self.clock.instant().saturating_duration_since(self.start))
    }

    fn accepted(&mut self, transport: Transport, accepted: io::Result<(TcpStream, SocketAddr)>) {
        match accepted {
            Ok((stream, from)) if self.door.knows(from.ip()) => self.connections.accepted(transport, stream, from),
            Ok(_) => self.dropped.count(self.clock.instant(), Why::Stranger),
            // No descriptor left, or the peer was gone again; a flood of such is a line or two.
            Err(error) => {
                if self.lines.may(self.clock.instant()) {
                    tracing::warn!(%error, "a SIP connection could not be taken");
                }
            }
        }
    }

    /// Takes a datagram and those that wait behind it: what is dropped costs no turn of the loop.
    fn datagrams(&mut self, mut length: usize, mut from: SocketAddr, buffer: &mut [u8]) {
        for _ in 0..AT_A_TIME {
            self.message(Transport::Udp, from, buffer.get(..length).unwrap_or_default());
            let next = self.sockets.udp.as_ref().and_then(|udp| udp.try_recv_from(buffer).ok());
            let Some(next) = next else { return };
            (length, from) = next;
        }
    }

    fn message(&mut self, transport: Transport, from: SocketAddr, bytes: &[u8]) {
        let now = self.now();
        match self.door.judge(now, from.ip(), bytes, || self.endpoint.expects(bytes)) {
            Verdict::Pass => self.endpoint.receive(now, transport, from, bytes),
            Verdict::Drop(why) => self.dropped.count(self.clock.instant(), why),
        }
    }

    fn tcp_news(&mut self, news: TcpNews) {
        let now = self.now();
        match news {
            TcpNews::Message { transport, from, bytes } => self.message(transport, from, &bytes),
            TcpNews::Opened { transport, peer } => {
                self.trouble.remove(&peer);
                if transport == Transport::Tls {
                    self.connected(peer, None);
                }
            }
            TcpNews::Closed { transport, peer, number, failed, never_opened } => {
                self.connections.closed(transport, peer, number);
                if let Some(trouble) = never_opened {
                    self.trouble.insert(peer, trouble);
                    if transport == Transport::Tls {
                        self.connected(peer, Some(trouble));
                    }
                }
                if failed {
                    self.endpoint.transport_failed(now, transport, peer);
                }
            }
        }
    }

    /// Tells the trunks whose server this is whether it can be spoken to.
    fn connected(&self, server: SocketAddr, trouble: Option<&'static str>) {
        for trunk in self.peers.iter().filter(|peer| peer.addresses.contains(&server)).map(|peer| peer.trunk) {
            self.news(match trouble {
                None => RegistrationNews::Reached(trunk),
                Some(trouble) => RegistrationNews::Unreached { trunk, trouble },
            });
        }
    }

    /// Sends what is to be sent and tells what has happened, until the endpoint has nothing more.
    async fn drain(&mut self) {
        loop {
            if let Some(transmit) = self.endpoint.poll_transmit() {
                match transmit.transport {
                    Transport::Udp => {
                        let sent = match &self.sockets.udp {
                            Some(udp) => udp.send_to(&transmit.bytes, transmit.to).await.map(drop),
                            None => Err(io::ErrorKind::Unsupported.into()),
                        };
                        if let Err(error) = sent {
                            tracing::debug!(peer = %transmit.to, %error, "a SIP datagram could not be sent");
                            let now = self.now();
                            self.endpoint.transport_failed(now, Transport::Udp, transmit.to);
                        }
                    }
                    Transport::Tcp | Transport::Tls => {
                        if !self.connections.send(transmit.transport, transmit.to, transmit.bytes) {
                            let now = self.now();
                            self.endpoint.transport_failed(now, transmit.transport, transmit.to);
                        }
                    }
                }
            } else if let Some(event) = self.endpoint.poll_event() {
                self.event(event);
            } else {
                return;
            }
        }
    }

    fn command(&mut self, command: Command) {
        let now = self.now();
        match command {
            Command::Invite { leg, invite, events } => self.invite(now, leg, &invite, events),
            Command::Ring(leg) => self.on_leg(leg, |endpoint, key, _| endpoint.ringing(now, key)),
            Command::Accept(leg, audio) => self.on_leg(leg, |endpoint, key, leg| {
                leg.audio = Some(audio);
                match leg.answer_offer() {
                    Some(sdp) => endpoint.accept(now, key, sdp),
                    None => endpoint.refuse(now, key, NOT_ACCEPTABLE),
                }
            }),
            Command::Refuse(leg, status) => self.on_leg(leg, |endpoint, key, _| endpoint.refuse(now, key, status)),
            Command::RefuseForNow(leg, wait) => {
                self.on_leg(leg, |endpoint, key, _| endpoint.refuse_for_now(now, key, wait));
            }
            Command::HangUp(leg) => self.on_leg(leg, |endpoint, key, _| endpoint.hang_up(now, key)),
            Command::Peers(peers) => {
                self.peers = peers;
                self.open_door();
            }
            Command::Register(trunk, registration) => self.register(now, trunk, registration),
            Command::Unregister(trunk) => self.unregister(now, trunk),
            Command::Reach(hop) => {
                self.connections.expect(hop.to, &hop.name);
                self.connections.reach(transport(hop.transport), hop.to);
            }
            Command::Held(reply) => {
                let stats = self.endpoint.stats();
                let held = Held { legs: stats.calls, dialogs: stats.dialogs, transactions: stats.transactions };
                // Whoever asked may have gone.
                let _ = reply.send(held);
            }
        }
    }

    /// Says who may come in now.
    fn open_door(&mut self) {
        self.door.set_peers(&self.peers, self.registrations.heard());
    }

    fn on_leg(&mut self, leg: LegId, act: impl FnOnce(&mut Endpoint, CallKey, &mut Leg) -> Result<(), sip::NotNow>) {
        let Some(key) = self.legs.keys.get(&leg).copied() else { return };
        let Some(leg) = self.legs.by_key.get_mut(&key) else { return };
        if let Err(error) = act(&mut self.endpoint, key, leg) {
            // The far side was quicker; the event that says so is on its way to the call.
            tracing::debug!(leg = leg.id.0, %error, "a SIP command came too late");
        }
    }

    fn invite(&mut self, now: Time, id: LegId, invite: &Invite, events: mpsc::UnboundedSender<LegEvent>) {
        metrics::counter!("madoguchi_sip_invites_total", "direction" => "outbound").increment(1);
        let mut leg = Leg::new(id, events, invite.codecs.clone());
        leg.audio = Some(invite.audio);
        let Some(offer) = leg.offer() else { return };
        let uri = |user: &str| format!("sip:{user}@{}", invite.host);
        self.connections.expect(invite.to, &invite.certificate);
        for hop in &invite.fallbacks {
            self.connections.expect(hop.to, &hop.name);
        }
        let caller = |wanted| Some(uri(&invite.caller)).filter(|_| invite.presents == wanted);
        let key = self.endpoint.invite_with(
            now,
            sip::Outgoing {
                to: invite.to,
                transport: transport(invite.transport),
                request_uri: uri(&invite.destination),
                from: sip::NameAddr { display: None, uri: uri(&invite.caller) },
                to_uri: uri(&invite.destination),
                asserted: caller(Presentation::Asserted),
                credentials: credentials(invite.credentials.as_ref()),
                offer,
            },
            sip::InviteOptions {
                fallbacks: targets(&invite.fallbacks),
                hide_caller: false,
                preferred: caller(Presentation::Preferred),
            },
        );
        self.legs.add(key, leg);
    }
}

impl Peer {
    fn is_at(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.addresses.iter().any(|known| known.ip() == address)
            || self.networks.iter().any(|network| network.contains(&address))
    }
}

async fn until(clock: &Clock, instant: Option<Instant>) {
    match instant {
        Some(instant) => clock.sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

async fn receive(socket: Option<&UdpSocket>, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
    match socket {
        Some(socket) => socket.recv_from(buffer).await,
        None => std::future::pending().await,
    }
}

async fn accept(listener: Option<&TcpListener>) -> io::Result<(TcpStream, SocketAddr)> {
    match listener {
        Some(listener) => listener.accept().await,
        None => std::future::pending().await,
    }
}

/// RFC 3261 §21.4.26.
const NOT_ACCEPTABLE: u16 = 488;

fn targets(hops: &[Hop]) -> Vec<sip::Target> {
    hops.iter().map(|hop| sip::Target { transport: transport(hop.transport), to: hop.to }).collect()
}

fn transport(transport: TrunkTransport) -> Transport {
    match transport {
        TrunkTransport::Udp => Transport::Udp,
        TrunkTransport::Tcp => Transport::Tcp,
        TrunkTransport::Tls => Transport::Tls,
    }
}

fn credentials(pair: Option<&(String, String)>) -> Option<sip::Credentials> {
    pair.map(|(username, password)| sip::Credentials { username: username.clone(), password: password.clone() })
}
