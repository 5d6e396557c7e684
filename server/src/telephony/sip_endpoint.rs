//! The driver of the SIP core: sockets, clock and chance for [`sip::Endpoint`].
//!
//! One task owns the UDP socket, the TCP listener and the endpoint. It decides nothing: who may speak is the table of
//! peers, what is said is the endpoint's, what is done about it is the calls'. Session descriptions are negotiated here
//! by [`sip::sdp`], so that calls speak of addresses and laws only.
//!
//! **Invariant:** a datagram or connection from anybody who is not a peer is never answered.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use domain::ids::TrunkId;
use media::Codec;
use sip::sdp::{self, Agreed, Audio, Description, Payload};
use sip::{CallKey, Endpoint, Event, RegistrationKey, Time, Transport};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use wire::settings::TrunkTransport;

use super::sip_stack::{
    Aim, Held, Incoming, Invite, LegEvent, LegEvents, LegId, Peer, Registration, RegistrationNews, SipStack,
};
use super::sip_tcp::{Connections, TcpNews};
use crate::clock::Clock;

/// How long a registration is asked for.
const REGISTRATION: Duration = Duration::from_mins(5);
/// How long a stopping driver waits for its registrars to take registrations back.
const FAREWELL: Duration = Duration::from_secs(2);

/// Where SIP listens and how it is reached.
#[derive(Clone, Debug)]
pub struct SipConfig {
    /// UDP address to bind; none: no SIP over UDP. Port 0 takes any free one.
    pub udp: Option<SocketAddr>,
    /// TCP address to bind; none: no SIP over TCP.
    pub tcp: Option<SocketAddr>,
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
#[error("SIP cannot listen on {address} ({transport}): {source}; choose another address or stop what uses it")]
pub struct SipBindError {
    address: SocketAddr,
    transport: &'static str,
    source: io::Error,
}

/// A handle to the running endpoint, cheap to clone.
#[derive(Clone, Debug)]
pub struct SipEndpoint {
    commands: mpsc::UnboundedSender<Command>,
    next_leg: Arc<AtomicU64>,
    udp: Option<SocketAddr>,
    tcp: Option<SocketAddr>,
}

/// What comes out of the endpoint.
#[derive(Debug)]
pub struct SipOutlets {
    /// Calls from trunks.
    pub incoming: mpsc::UnboundedReceiver<Incoming>,
    /// How registrations fare.
    pub registrations: mpsc::UnboundedReceiver<RegistrationNews>,
}

enum Command {
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

impl SipEndpoint {
    /// Binds the sockets and starts the driver, which runs until `stop`, among `tasks`.
    ///
    /// # Errors
    /// [`SipBindError`].
    pub async fn start(
        config: SipConfig,
        clock: Clock,
        tasks: &TaskTracker,
        stop: CancellationToken,
    ) -> Result<(Self, SipOutlets), SipBindError> {
        let (udp, udp_address) = match config.udp {
            Some(address) => bind_udp(address).await.map(|(socket, bound)| (Some(socket), Some(bound)))?,
            None => (None, None),
        };
        let (listener, tcp_address) = match config.tcp {
            Some(address) => bind_tcp(address).await.map(|(listener, bound)| (Some(listener), Some(bound)))?,
            None => (None, None),
        };
        let endpoint = Endpoint::new(sip::Config {
            advertised_udp: advertised(config.public, udp_address),
            advertised_tcp: advertised(config.public, tcp_address),
            user_agent: config.user_agent,
            timers: config.timers,
            seed: uuid::Uuid::new_v4().as_u64_pair().0,
        });
        let (commands, command_queue) = mpsc::unbounded_channel();
        let (incoming, incoming_queue) = mpsc::unbounded_channel();
        let (registrations, registration_queue) = mpsc::unbounded_channel();
        let (tcp_news, tcp_queue) = mpsc::channel(256);
        let next_leg = Arc::new(AtomicU64::new(1));
        let driver = Driver {
            start: clock.instant(),
            connections: Connections::new(tcp_news, tasks.clone(), clock.clone()),
            clock,
            endpoint,
            udp,
            listener,
            peers: Vec::new(),
            legs: Legs::default(),
            trunks: HashMap::new(),
            incoming,
            registrations,
            next_leg: Arc::clone(&next_leg),
        };
        tasks.spawn(driver.run(command_queue, tcp_queue, stop));
        let handle = Self { commands, next_leg, udp: udp_address, tcp: tcp_address };
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

    async fn held(&self) -> Held {
        let (reply, held) = oneshot::channel();
        self.tell(Command::Held(reply));
        held.await.unwrap_or_default()
    }
}

struct Driver {
    clock: Clock,
    start: Instant,
    endpoint: Endpoint,
    udp: Option<UdpSocket>,
    listener: Option<TcpListener>,
    connections: Connections,
    peers: Vec<Peer>,
    legs: Legs,
    trunks: HashMap<TrunkId, RegistrationKey>,
    incoming: mpsc::UnboundedSender<Incoming>,
    registrations: mpsc::UnboundedSender<RegistrationNews>,
    next_leg: Arc<AtomicU64>,
}

#[derive(Default)]
struct Legs {
    by_key: HashMap<CallKey, Leg>,
    keys: HashMap<LegId, CallKey>,
}

struct Leg {
    id: LegId,
    events: mpsc::UnboundedSender<LegEvent>,
    session: sdp::Local,
    /// The caller's offer, until it is answered.
    offer: Option<Description>,
    /// What may be spoken, in order of preference.
    codecs: Vec<Codec>,
    /// Where we want the far end's audio, once there is such a place.
    audio: Option<SocketAddr>,
}

impl Driver {
    async fn run(
        mut self,
        mut commands: mpsc::UnboundedReceiver<Command>,
        mut tcp: mpsc::Receiver<TcpNews>,
        stop: CancellationToken,
    ) {
        let mut datagram = vec![0; 65_536];
        let mut farewell = None;
        loop {
            self.drain().await;
            if farewell.is_some() && self.endpoint.stats().registrations == 0 {
                break;
            }
            let wake = self.endpoint.poll_timeout().map(|time| self.start + time.0);
            tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => self.command(command),
                    None => break,
                },
                received = receive(self.udp.as_ref(), &mut datagram) => match received {
                    Ok((length, from)) => self.datagram(from, datagram.get(..length).unwrap_or_default()),
                    // A peer's ICMP "port unreachable" comes up here on some systems; timers deal with the silence.
                    Err(error) => tracing::debug!(%error, "the SIP socket reported an error"),
                },
                accepted = accept(self.listener.as_ref()) => match accepted {
                    Ok((stream, from)) if self.knows(from.ip()) => self.connections.accepted(stream, from),
                    Ok(_) => dropped("tcp"),
                    Err(error) => tracing::warn!(%error, "a SIP connection could not be taken"),
                },
                Some(news) = tcp.recv() => self.tcp(news),
                () = until(&self.clock, wake) => {
                    let now = self.now();
                    self.endpoint.handle_timeout(now);
                }
                () = stop.cancelled(), if farewell.is_none() => farewell = Some(self.clock.instant() + FAREWELL),
                () = until(&self.clock, farewell) => break,
            }
        }
        self.drain().await;
    }

    fn now(&self) -> Time {
        Time(self.clock.instant().saturating_duration_since(self.start))
    }

    fn knows(&self, address: IpAddr) -> bool {
        self.peers.iter().any(|peer| peer.is_at(address))
    }

    fn datagram(&mut self, from: SocketAddr, bytes: &[u8]) {
        if self.knows(from.ip()) {
            let now = self.now();
            self.endpoint.receive(now, Transport::Udp, from, bytes);
        } else {
            dropped("udp");
        }
    }

    fn tcp(&mut self, news: TcpNews) {
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
                        let sent = match &self.udp {
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
            Command::Invite { leg, invite, events } => self.invite(now, leg, invite, events),
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
                let key = self.endpoint.register(now, registration.for_endpoint());
                if let Some(former) = self.trunks.insert(trunk, key) {
                    self.endpoint.unregister(now, former);
                }
            }
            Command::Unregister(trunk) => {
                if let Some(key) = self.trunks.remove(&trunk) {
                    self.endpoint.unregister(now, key);
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

    fn on_leg(&mut self, leg: LegId, act: impl FnOnce(&mut Endpoint, CallKey, &mut Leg) -> Result<(), sip::NotNow>) {
        let Some(key) = self.legs.keys.get(&leg).copied() else { return };
        let Some(leg) = self.legs.by_key.get_mut(&key) else { return };
        if let Err(error) = act(&mut self.endpoint, key, leg) {
            // The far side was quicker; the event that says so is on its way to the call.
            tracing::debug!(leg = leg.id.0, %error, "a SIP command came too late");
        }
    }

    fn invite(&mut self, now: Time, id: LegId, invite: Invite, events: mpsc::UnboundedSender<LegEvent>) {
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

    fn event(&mut self, event: Event) {
        let now = self.now();
        match event {
            Event::Incoming { call, peer, request_user, to_user, from, asserted, privacy, offer, .. } => {
                metrics::counter!("madoguchi_sip_invites_total", "direction" => "inbound").increment(1);
                let caller = if privacy { None } else { named(&from, asserted.as_ref()) };
                self.call_in(now, call, peer, [request_user, to_user], caller, offer.as_deref());
            }
            Event::Ringing { call } => self.tell(call, LegEvent::Ringing),
            Event::EarlyMedia { call, sdp } => {
                if let Some(aim) = self.aim(call, &sdp) {
                    self.tell(call, LegEvent::EarlyMedia(aim));
                }
            }
            Event::Accepted { call, sdp } => match self.aim(call, &sdp) {
                Some(aim) => self.tell(call, LegEvent::Answered(aim)),
                // RFC 3261 §13.2.2.4: an answer that cannot be used is acknowledged, then the call is ended.
                None => {
                    self.tell(call, refused(NOT_ACCEPTABLE, "Not Acceptable Here"));
                    self.hang_up(now, call);
                }
            },
            Event::Refused { call, status, reason, .. } => self.tell(call, LegEvent::Refused { status, reason }),
            Event::Confirmed { call, sdp: Some(sdp) } | Event::ReofferAnswered { call, sdp } => {
                match self.aim(call, &sdp) {
                    Some(aim) => self.tell(call, LegEvent::Aimed(aim)),
                    None => {
                        self.tell(call, LegEvent::Broken);
                        self.hang_up(now, call);
                    }
                }
            }
            Event::Confirmed { sdp: None, .. } | Event::ReofferRefused { .. } => {}
            Event::Cancelled { call } | Event::HungUp { call, .. } => self.tell(call, LegEvent::Gone),
            Event::Broken { call } => self.tell(call, LegEvent::Broken),
            Event::Reoffered { call, sdp } => self.reoffered(now, call, sdp.as_deref()),
            Event::Registered { key, .. } => {
                if let Some(trunk) = self.trunk_of(key) {
                    self.news(RegistrationNews::Registered(trunk));
                }
            }
            Event::RegistrationFailed { key, status, retry_after } => {
                if let Some(trunk) = self.trunk_of(key) {
                    self.news(RegistrationNews::Failed { trunk, status, retry_after });
                }
            }
            Event::Unregistered { .. } => {}
            // Dropping the leg's sender closes its channel, after everything that was told before.
            Event::Terminated { call } => self.legs.remove(call),
        }
    }

    fn call_in(
        &mut self,
        now: Time,
        call: CallKey,
        peer: SocketAddr,
        dialled: [String; 2],
        caller: Option<String>,
        offer: Option<&str>,
    ) {
        let trunks = self.trunks_at(peer);
        let codecs = self.peers.iter().find(|peer| Some(&peer.trunk) == trunks.first());
        let codecs = codecs.map(|peer| peer.codecs.clone()).unwrap_or_default();
        let offer = offer.map(sdp::parse).transpose();
        let (events, queue) = mpsc::unbounded_channel();
        let id = LegId(self.next_leg.fetch_add(1, Ordering::Relaxed));
        let mut leg = Leg::new(id, events, codecs);
        let usable = match offer {
            Ok(offer) => {
                leg.offer = offer;
                leg.offer.is_none() || leg.first_aim().is_some()
            }
            Err(_) => false,
        };
        let aim = leg.first_aim();
        self.legs.add(call, leg);
        if !usable {
            tracing::info!(%peer, "a call offered no audio that this trunk may speak; refused with 488");
            self.on_leg(id, |endpoint, key, _| endpoint.refuse(now, key, NOT_ACCEPTABLE));
            return;
        }
        // Fails only where the calls have stopped for good.
        if self.incoming.send(Incoming { leg: id, events: queue, trunks, dialled, caller, aim }).is_err() {
            self.on_leg(id, |endpoint, key, _| endpoint.refuse(now, key, SERVICE_UNAVAILABLE));
        }
    }

    fn reoffered(&mut self, now: Time, call: CallKey, offer: Option<&str>) {
        let Some(leg) = self.legs.by_key.get_mut(&call) else { return };
        let answer = match offer.map(sdp::parse) {
            None => leg.offer().map(|sdp| (sdp, None)),
            Some(Ok(theirs)) => leg.answer(&theirs).map(|(sdp, agreed)| (sdp, Some(agreed))),
            Some(Err(_)) => None,
        };
        let done = match answer {
            Some((sdp, agreed)) => {
                if let Some(aim) = agreed.as_ref().and_then(aim_of) {
                    let _ = leg.events.send(LegEvent::Aimed(aim));
                }
                self.endpoint.answer_reoffer(now, call, sdp)
            }
            None => self.endpoint.refuse_reoffer(now, call, NOT_ACCEPTABLE),
        };
        if let Err(error) = done {
            tracing::debug!(%error, "a re-INVITE was overtaken");
        }
    }

    /// What their answer to our offer means.
    fn aim(&self, call: CallKey, sdp: &str) -> Option<Aim> {
        let leg = self.legs.by_key.get(&call)?;
        aim_of(&leg.session.answered(&sdp::parse(sdp).ok()?).ok()?)
    }

    fn hang_up(&mut self, now: Time, call: CallKey) {
        if let Err(error) = self.endpoint.hang_up(now, call) {
            tracing::debug!(%error, "a leg ended by itself");
        }
    }

    fn tell(&self, call: CallKey, event: LegEvent) {
        if let Some(leg) = self.legs.by_key.get(&call) {
            // A call that is over does not listen any more.
            let _ = leg.events.send(event);
        }
    }

    fn news(&self, news: RegistrationNews) {
        // Fails only where the trunks have stopped for good.
        let _ = self.registrations.send(news);
    }

    fn trunk_of(&self, key: RegistrationKey) -> Option<TrunkId> {
        self.trunks.iter().find(|(_, registered)| **registered == key).map(|(trunk, _)| *trunk)
    }

    /// Trunks that this source belongs to: those of exactly this address and port before those of its host.
    fn trunks_at(&self, from: SocketAddr) -> Vec<TrunkId> {
        let mut at: Vec<&Peer> = self.peers.iter().filter(|peer| peer.is_at(from.ip())).collect();
        at.sort_by_key(|peer| !peer.addresses.contains(&from));
        at.into_iter().map(|peer| peer.trunk).collect()
    }
}

impl Legs {
    fn add(&mut self, key: CallKey, leg: Leg) {
        self.keys.insert(leg.id, key);
        self.by_key.insert(key, leg);
    }

    fn remove(&mut self, key: CallKey) {
        if let Some(leg) = self.by_key.remove(&key) {
            self.keys.remove(&leg.id);
        }
    }
}

impl Leg {
    fn new(id: LegId, events: mpsc::UnboundedSender<LegEvent>, codecs: Vec<Codec>) -> Self {
        let session = sdp::Local::new(uuid::Uuid::new_v4().as_u64_pair().1);
        Self { id, events, session, offer: None, codecs, audio: None }
    }

    fn ours(&self) -> Option<Audio> {
        self.audio.map(|audio| Audio { codecs: payloads(&self.codecs), ..Audio::g711(audio) })
    }

    fn offer(&mut self) -> Option<String> {
        let ours = self.ours()?;
        Some(self.session.offer(&ours))
    }

    fn answer(&mut self, theirs: &Description) -> Option<(String, Agreed)> {
        let ours = self.ours()?;
        self.session.answer(theirs, &ours).ok()
    }

    /// The body of our 200: the answer to the caller's offer, or our offer where there was none.
    fn answer_offer(&mut self) -> Option<String> {
        match self.offer.take() {
            Some(theirs) => self.answer(&theirs).map(|(sdp, _)| sdp),
            None => self.offer(),
        }
    }

    /// What the caller's offer will come to, tried on a copy of the session.
    fn first_aim(&self) -> Option<Aim> {
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 9));
        let ours = Audio { codecs: payloads(&self.codecs), ..Audio::g711(anywhere) };
        let (_, agreed) = self.session.clone().answer(self.offer.as_ref()?, &ours).ok()?;
        aim_of(&agreed)
    }
}

impl Peer {
    fn is_at(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.addresses.iter().any(|known| known.ip() == address)
            || self.networks.iter().any(|network| network.contains(&address))
    }
}

impl Registration {
    fn for_endpoint(self) -> sip::Registration {
        let user = self.credentials.as_ref().map_or("madoguchi", |(user, _)| user).to_owned();
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

async fn bind_udp(address: SocketAddr) -> Result<(UdpSocket, SocketAddr), SipBindError> {
    let failed = |source| SipBindError { address, transport: "UDP", source };
    let socket = UdpSocket::bind(address).await.map_err(failed)?;
    let bound = socket.local_addr().map_err(failed)?;
    Ok((socket, bound))
}

async fn bind_tcp(address: SocketAddr) -> Result<(TcpListener, SocketAddr), SipBindError> {
    let failed = |source| SipBindError { address, transport: "TCP", source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
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

/// RFC 3261 §21.4.26.
const NOT_ACCEPTABLE: u16 = 488;
/// RFC 3261 §21.5.4.
const SERVICE_UNAVAILABLE: u16 = 503;

fn refused(status: u16, reason: &str) -> LegEvent {
    LegEvent::Refused { status, reason: reason.to_owned() }
}

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

/// RFC 3325 §8: a trunk is trusted, so its word goes before the caller's own. RFC 3261 §8.1.1.3 names the anonymous.
fn named(from: &sip::Identity, asserted: Option<&sip::Identity>) -> Option<String> {
    let user = asserted.unwrap_or(from).user.clone();
    (!user.is_empty() && !user.eq_ignore_ascii_case("anonymous")).then_some(user)
}

fn payloads(codecs: &[Codec]) -> Vec<Payload> {
    codecs
        .iter()
        .map(|codec| match codec {
            Codec::Pcmu => Payload::PCMU,
            Codec::Pcma => Payload::PCMA,
        })
        .collect()
}

fn aim_of(agreed: &Agreed) -> Option<Aim> {
    let codec = match agreed.send.codec {
        sdp::Codec::Pcmu => Codec::Pcmu,
        sdp::Codec::Pcma => Codec::Pcma,
        sdp::Codec::Other { .. } => return None,
    };
    let remote = Some(agreed.remote).filter(|remote| !remote.ip().is_unspecified() && remote.port() != 0);
    Some(Aim { remote, codec, telephone_event: agreed.telephone_event_send })
}
