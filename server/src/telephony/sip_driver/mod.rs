//! The loop between sockets, clock and [`sip::Endpoint`]: bytes in, bytes and events out.
//!
//! **Invariant:** a datagram or connection from anybody who is not a peer is never answered.

mod events;

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use domain::ids::TrunkId;
use sip::{CallKey, Endpoint, RegistrationKey, Time, Transport};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wire::settings::TrunkTransport;

use super::sip_legs::{Leg, Legs};
use super::sip_stack::{Held, Incoming, Invite, LegEvent, LegId, Peer, Registration, RegistrationNews};
use super::sip_tcp::{Connections, TcpNews};
use crate::clock::Clock;

/// How long a registration is asked for.
const REGISTRATION: Duration = Duration::from_mins(5);
/// How long a stopping driver waits for its registrars to take registrations back, and for the far ends of calls.
const FAREWELL: Duration = Duration::from_secs(2);

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
    Held(oneshot::Sender<Held>),
}

/// The bound sockets.
pub(super) struct Sockets {
    pub(super) udp: Option<UdpSocket>,
    pub(super) listener: Option<TcpListener>,
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
    legs: Legs,
    trunks: HashMap<TrunkId, Registered>,
    /// Registrars that are to confirm the end of a registration: heard until they have, though peers no longer.
    leaving: Vec<(RegistrationKey, IpAddr)>,
    incoming: mpsc::UnboundedSender<Incoming>,
    registrations: mpsc::UnboundedSender<RegistrationNews>,
    next_leg: Arc<AtomicU64>,
}

impl Driver {
    pub(super) fn new(
        clock: Clock,
        endpoint: Endpoint,
        sockets: Sockets,
        tasks: &TaskTracker,
        incoming: mpsc::UnboundedSender<Incoming>,
        registrations: mpsc::UnboundedSender<RegistrationNews>,
        next_leg: Arc<AtomicU64>,
    ) -> Self {
        let (tcp_news, tcp) = mpsc::channel(256);
        Self {
            start: clock.instant(),
            connections: Connections::new(tcp_news, tasks.clone(), clock.clone()),
            clock,
            endpoint,
            sockets,
            tcp,
            peers: Vec::new(),
            legs: Legs::default(),
            trunks: HashMap::new(),
            leaving: Vec::new(),
            incoming,
            registrations,
            next_leg,
        }
    }

    /// Runs until `stop`, and a little longer where registrars are to be told or calls to be hung up.
    pub(super) async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>, stop: CancellationToken) {
        let mut datagram = vec![0; 65_536];
        let mut farewell = None;
        loop {
            self.drain().await;
            let left = self.endpoint.stats();
            if farewell.is_some() && left.registrations == 0 && left.calls == 0 {
                break;
            }
            let wake = self.endpoint.poll_timeout().map(|time| self.start + time.0);
            tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => self.command(command),
                    None => break,
                },
                received = receive(self.sockets.udp.as_ref(), &mut datagram) => match received {
                    Ok((length, from)) => self.datagram(from, datagram.get(..length).unwrap_or_default()),
                    // A peer's ICMP "port unreachable" comes up here on some systems; timers deal with the silence.
                    Err(error) => tracing::debug!(%error, "the SIP socket reported an error"),
                },
                accepted = accept(self.sockets.listener.as_ref()) => match accepted {
                    Ok((stream, from)) if self.knows(from.ip()) => self.connections.accepted(stream, from),
                    Ok(_) => dropped("tcp"),
                    Err(error) => tracing::warn!(%error, "a SIP connection could not be taken"),
                },
                Some(news) = self.tcp.recv() => self.tcp_news(news),
                () = until(&self.clock, wake) => {
                    let now = self.now();
                    self.endpoint.handle_timeout(now);
                }
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

    fn knows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.peers.iter().any(|peer| peer.is_at(address)) || self.leaving.iter().any(|(_, at)| *at == address)
    }

    fn datagram(&mut self, from: SocketAddr, bytes: &[u8]) {
        if self.knows(from.ip()) {
            let now = self.now();
            self.endpoint.receive(now, Transport::Udp, from, bytes);
        } else {
            dropped("udp");
        }
    }

    fn tcp_news(&mut self, news: TcpNews) {
        let now = self.now();
        match news {
            TcpNews::Message { from, bytes } if self.knows(from.ip()) => {
                self.endpoint.receive(now, Transport::Tcp, from, &bytes);
            }
            TcpNews::Message { .. } => dropped("tcp"),
            TcpNews::Closed { peer, number, failed } => {
                self.connections.closed(peer, number);
                if failed {
                    self.endpoint.transport_failed(now, Transport::Tcp, peer);
                }
            }
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
                    Transport::Tcp => {
                        if !self.connections.send(transmit.to, transmit.bytes) {
                            let now = self.now();
                            self.endpoint.transport_failed(now, Transport::Tcp, transmit.to);
                        }
                    }
                    // No trunk is set up with TLS, so only a peer can ask for it.
                    Transport::Tls => {
                        let now = self.now();
                        self.endpoint.transport_failed(now, Transport::Tls, transmit.to);
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
            Command::Peers(peers) => self.peers = peers,
            Command::Register(trunk, registration) => {
                let (binding, at) = (registration.binding(), registration.to.ip());
                if let Some(former) = self.trunks.remove(&trunk) {
                    if former.binding == binding {
                        // Registered anew, it is the same binding (RFC 3261 §10.2.1.1): taken back, it would be gone.
                        self.endpoint.forget_registration(former.key);
                    } else {
                        // The former first: registrars that share their bindings would drop the new one with it.
                        self.unregister(now, &former);
                    }
                }
                let key = self.endpoint.register(now, registration.for_endpoint());
                self.trunks.insert(trunk, Registered { binding, key, at });
            }
            Command::Unregister(trunk) => {
                if let Some(former) = self.trunks.remove(&trunk) {
                    self.unregister(now, &former);
                }
            }
            Command::Held(reply) => {
                let stats = self.endpoint.stats();
                let held = Held { legs: stats.calls, dialogs: stats.dialogs, transactions: stats.transactions };
                // Whoever asked may have gone.
                let _ = reply.send(held);
            }
        }
    }

    fn unregister(&mut self, now: Time, former: &Registered) {
        self.leaving.push((former.key, former.at.to_canonical()));
        self.endpoint.unregister(now, former.key);
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
        let key = self.endpoint.invite(
            now,
            sip::Outgoing {
                to: invite.to,
                transport: transport(invite.transport),
                request_uri: uri(&invite.destination),
                from: sip::NameAddr { display: None, uri: uri(&invite.caller) },
                to_uri: uri(&invite.destination),
                asserted: Some(uri(&invite.caller)),
                credentials: credentials(invite.credentials.as_ref()),
                offer,
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

/// A registration that is kept, and with whom.
struct Registered {
    binding: Binding,
    key: RegistrationKey,
    at: IpAddr,
}

/// What makes a registration another one to its registrar: the address of record, and the contact's two parts.
type Binding = (String, String, Transport);

impl Registration {
    fn user(&self) -> &str {
        let credentials = || self.credentials.as_ref().map_or("madoguchi", |(user, _)| user);
        self.user.as_deref().unwrap_or_else(credentials)
    }

    fn binding(&self) -> Binding {
        (self.user().to_owned(), self.host.clone(), transport(self.transport))
    }

    fn for_endpoint(self) -> sip::Registration {
        let user = self.user().to_owned();
        sip::Registration {
            to: self.to,
            transport: transport(self.transport),
            registrar_uri: format!("sip:{}", self.host),
            address_of_record: format!("sip:{user}@{}", self.host),
            contact_user: user,
            credentials: credentials(self.credentials.as_ref()),
            expires: REGISTRATION,
        }
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

fn dropped(transport: &'static str) {
    metrics::counter!("madoguchi_sip_dropped_total", "transport" => transport).increment(1);
}

fn transport(transport: TrunkTransport) -> Transport {
    match transport {
        TrunkTransport::Udp => Transport::Udp,
        TrunkTransport::Tcp => Transport::Tcp,
    }
}

fn credentials(pair: Option<&(String, String)>) -> Option<sip::Credentials> {
    pair.map(|(username, password)| sip::Credentials { username: username.clone(), password: password.clone() })
}
