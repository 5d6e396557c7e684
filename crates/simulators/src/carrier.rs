//! A carrier: a SIP peer of the desk, with phones behind it.
//!
//! One task drives the SIP core for all of its phones; the sound of each call has a task of its own.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use media::Codec;
use sip::sdp::{self, Agreed, Audio, Payload};
use sip::{CallKey, Endpoint, Event, Identity, NameAddr, Outgoing, Time, Timers, Transport};
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until};

use crate::line::Line;
use crate::phone::{Busy, Phone, PhoneState, Snapshot};
use crate::rtp_leg::{self, Aim, Far};

/// Where a carrier is and what it offers.
#[derive(Clone, Debug)]
pub struct CarrierConfig {
    /// An address of this machine for SIP and, on any free port, for RTP. Port 0 takes any free one.
    pub bind: SocketAddr,
    /// Where calls to the desk go.
    pub desk: SocketAddr,
    /// What its phones speak, in order of preference.
    pub codecs: Vec<Codec>,
    /// Waiting times of the protocol.
    pub timers: Timers,
}

impl CarrierConfig {
    /// A carrier on loopback whose phones speak both laws.
    pub fn on_loopback(desk: SocketAddr) -> Self {
        Self {
            bind: SocketAddr::from(([127, 0, 0, 1], 0)),
            desk,
            codecs: vec![Codec::Pcmu, Codec::Pcma],
            timers: Timers::default(),
        }
    }
}

/// A running carrier. It ends, without a word to the far ends, when the last handle of it and of its phones is gone.
#[derive(Clone, Debug)]
pub struct Carrier {
    commands: mpsc::UnboundedSender<Command>,
    address: SocketAddr,
    next_line: Arc<AtomicU64>,
}

#[derive(Debug)]
pub(crate) enum Command {
    Add(Arc<Line>),
    Desk(SocketAddr),
    Act { line: u64, act: Act, reply: oneshot::Sender<Result<(), Busy>> },
}

#[derive(Debug)]
pub(crate) enum Act {
    Call { from: String, to: String },
    Answer,
    Refuse(u16),
    HangUp,
}

impl Carrier {
    /// Binds the SIP socket and starts.
    ///
    /// # Errors
    /// The address cannot be had.
    pub async fn start(config: CarrierConfig) -> io::Result<Self> {
        let socket = UdpSocket::bind(config.bind).await?;
        let address = socket.local_addr()?;
        let chance = RandomState::new();
        let endpoint = Endpoint::new(sip::Config {
            advertised_udp: address,
            advertised_tcp: address,
            user_agent: "Madoguchi-Simulator".to_owned(),
            timers: config.timers,
            seed: chance.hash_one("endpoint"),
        });
        let (commands, queue) = mpsc::unbounded_channel();
        let driver = Driver {
            endpoint,
            socket,
            start: Instant::now(),
            address,
            desk: config.desk,
            codecs: config.codecs,
            lines: Vec::new(),
            calls: HashMap::new(),
            chance,
        };
        tokio::spawn(driver.run(queue));
        Ok(Self { commands, address, next_line: Arc::new(AtomicU64::new(1)) })
    }

    /// Its SIP address, as bound.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends calls to the desk there from now on.
    pub fn set_desk(&self, desk: SocketAddr) {
        self.tell(Command::Desk(desk));
    }

    /// Adds a phone with this number (compared by its digits), or one that takes every number that no other phone has.
    pub fn phone(&self, number: Option<&str>) -> Phone {
        let id = self.next_line.fetch_add(1, Ordering::Relaxed);
        let line = Arc::new(Line::new(id, number.map(digits)));
        self.tell(Command::Add(Arc::clone(&line)));
        Phone::new(line, self.commands.clone())
    }

    fn tell(&self, command: Command) {
        // Fails only with a runtime that is being dropped.
        let _ = self.commands.send(command);
    }
}

struct Driver {
    endpoint: Endpoint,
    socket: UdpSocket,
    start: Instant,
    address: SocketAddr,
    desk: SocketAddr,
    codecs: Vec<Codec>,
    lines: Vec<Arc<Line>>,
    calls: HashMap<CallKey, Call>,
    chance: RandomState,
}

/// A call of one line.
struct Call {
    line: Arc<Line>,
    sdp: sdp::Local,
    ours: Audio,
    /// What the desk offered, until it is answered.
    offer: Option<String>,
    /// Dropping it ends the sound.
    aim: watch::Sender<Aim>,
}

impl Driver {
    async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>) {
        let mut datagram = vec![0; 65_535];
        loop {
            self.drain().await;
            let wake = self.endpoint.poll_timeout().map(|time| self.start + time.0);
            tokio::select! {
                command = commands.recv() => match command {
                    Some(command) => self.on_command(command).await,
                    None => break,
                },
                came = self.socket.recv_from(&mut datagram) => {
                    if let Ok((length, from)) = came {
                        let now = self.now();
                        self.endpoint.receive(now, Transport::Udp, from, datagram.get(..length).unwrap_or_default());
                    }
                }
                () = wait(wake) => {
                    let now = self.now();
                    self.endpoint.handle_timeout(now);
                }
            }
        }
    }

    fn now(&self) -> Time {
        Time(self.start.elapsed())
    }

    async fn drain(&mut self) {
        loop {
            if let Some(transmit) = self.endpoint.poll_transmit() {
                if transmit.transport != Transport::Udp {
                    // It speaks UDP only: what is long goes there after all (RFC 3261 §18.1.1).
                    let now = self.now();
                    self.endpoint.transport_failed(now, transmit.transport, transmit.to);
                } else if let Err(error) = self.socket.send_to(&transmit.bytes, transmit.to).await {
                    tracing::debug!(%error, to = %transmit.to, "the simulated carrier could not send");
                    let now = self.now();
                    self.endpoint.transport_failed(now, transmit.transport, transmit.to);
                }
            } else if let Some(event) = self.endpoint.poll_event() {
                self.on_event(event).await;
            } else {
                return;
            }
        }
    }

    async fn on_command(&mut self, command: Command) {
        match command {
            Command::Add(line) => self.lines.push(line),
            Command::Desk(desk) => self.desk = desk,
            Command::Act { line, act, reply } => {
                let done = self.act(line, act).await;
                // Whoever asked may have gone.
                let _ = reply.send(done);
            }
        }
    }

    async fn act(&mut self, line: u64, act: Act) -> Result<(), Busy> {
        let now = self.now();
        let call = self.calls.iter().find(|(_, call)| call.line.id == line).map(|(key, _)| *key);
        match (act, call) {
            (Act::Call { from, to }, None) => self.call(line, &from, &to).await,
            (Act::Answer, Some(key)) => self.answer(now, key),
            (Act::Refuse(status), Some(key)) => self.endpoint.refuse(now, key, status).map_err(|_| Busy),
            (Act::HangUp, Some(key)) => self.endpoint.hang_up(now, key).map_err(|_| Busy),
            (Act::Call { .. }, Some(_)) | (Act::Answer | Act::Refuse(_) | Act::HangUp, None) => Err(Busy),
        }
    }

    async fn call(&mut self, line: u64, from: &str, to: &str) -> Result<(), Busy> {
        let line = self.lines.iter().find(|known| known.id == line).cloned().ok_or(Busy)?;
        let (ours, aim) = self.open_leg(&line).await.ok_or(Busy)?;
        let mut sdp = sdp::Local::new(self.chance.hash_one((line.id, ours.port)));
        let host = self.address.ip();
        // RFC 3323 §4.1.1.3: how a caller that withholds its number is named.
        let from = if from.is_empty() {
            NameAddr { display: Some("Anonymous".to_owned()), uri: "sip:anonymous@anonymous.invalid".to_owned() }
        } else {
            NameAddr { display: None, uri: format!("sip:{from}@{host}") }
        };
        let request_uri = format!("sip:{to}@{}", self.desk);
        let outgoing = Outgoing {
            to: self.desk,
            transport: Transport::Udp,
            to_uri: request_uri.clone(),
            request_uri,
            from,
            asserted: None,
            credentials: None,
            offer: sdp.offer(&ours),
        };
        line.hush();
        show(&line, PhoneState::Calling { since: Instant::now(), ringing: false });
        let now = self.now();
        let key = self.endpoint.invite(now, outgoing);
        self.calls.insert(key, Call { line, sdp, ours, offer: None, aim });
        Ok(())
    }

    fn answer(&mut self, now: Time, key: CallKey) -> Result<(), Busy> {
        let call = self.calls.get_mut(&key).ok_or(Busy)?;
        if !matches!(call.line.state.borrow().state, PhoneState::Ringing { .. }) {
            return Err(Busy);
        }
        let text = match call.offer.take() {
            None => call.sdp.offer(&call.ours),
            Some(offer) => {
                let agreed = sdp::parse(&offer).ok().and_then(|theirs| call.sdp.answer(&theirs, &call.ours).ok());
                let Some((text, agreed)) = agreed else {
                    return self.endpoint.refuse(now, key, 488).map_err(|_| Busy);
                };
                aim(&call.aim, &agreed);
                text
            }
        };
        self.endpoint.accept(now, key, text).map_err(|_| Busy)?;
        show(&call.line, PhoneState::Talking { since: Instant::now() });
        Ok(())
    }

    /// A socket for a call's sound, and the task that moves it.
    async fn open_leg(&self, line: &Arc<Line>) -> Option<(Audio, watch::Sender<Aim>)> {
        let socket = UdpSocket::bind((self.address.ip(), 0)).await.ok()?;
        let address = socket.local_addr().ok()?;
        let (aim, aims) = watch::channel(Aim::default());
        let chance = self.chance.hash_one((address, self.start.elapsed()));
        tokio::spawn(rtp_leg::run(socket, Arc::clone(line), aims, chance));
        let codecs = self.codecs.iter().map(|codec| match codec {
            Codec::Pcmu => Payload::PCMU,
            Codec::Pcma => Payload::PCMA,
        });
        Some((Audio { codecs: codecs.collect(), ..Audio::g711(address) }, aim))
    }

    async fn on_event(&mut self, event: Event) {
        let now = self.now();
        match event {
            Event::Incoming { call, request_user, to_user, from, asserted, privacy, offer, .. } => {
                let caller = if privacy { Identity::default() } else { asserted.unwrap_or(from) };
                self.on_incoming(now, call, &[request_user, to_user], caller, offer).await;
            }
            Event::Ringing { call } => self.with(call, |call| {
                let since = since(&call.line);
                show(&call.line, PhoneState::Calling { since, ringing: true });
                call.aim.send_modify(|aim| aim.ringing = aim.far.is_none());
            }),
            Event::EarlyMedia { call, sdp } => self.with(call, |call| {
                let since = since(&call.line);
                show(&call.line, PhoneState::Calling { since, ringing: true });
                call.agree(&sdp);
            }),
            Event::Accepted { call: key, sdp } => {
                let agreed = self.calls.get_mut(&key).is_some_and(|call| {
                    show(&call.line, PhoneState::Talking { since: Instant::now() });
                    call.agree(&sdp)
                });
                if !agreed {
                    // No sound can be had from this answer; a call that is gone already needs no end.
                    let _ = self.endpoint.hang_up(now, key);
                }
            }
            Event::Confirmed { call, sdp } => self.with(call, |call| {
                if let Some(sdp) = sdp {
                    call.agree(&sdp);
                }
            }),
            Event::ReofferAnswered { call, sdp } => self.with(call, |call| {
                call.agree(&sdp);
            }),
            Event::Reoffered { call, sdp } => self.on_reoffer(now, call, sdp.as_deref()),
            Event::Refused { call, status, reason, .. } => {
                self.ended(call, format!("{status} {reason}").trim_end().to_owned());
            }
            Event::Cancelled { call } => self.ended(call, "CANCEL".to_owned()),
            Event::HungUp { call, reason } => {
                self.ended(call, reason.map_or_else(|| "BYE".to_owned(), |reason| format!("BYE ({reason})")));
            }
            Event::Broken { call } => self.ended(call, "408 Request Timeout".to_owned()),
            Event::Terminated { call } => {
                if let Some(call) = self.calls.remove(&call) {
                    call.line.hush();
                    call.line.state.send_modify(|snapshot| snapshot.state = PhoneState::Idle);
                }
            }
            Event::ReofferRefused { .. }
            | Event::Registered { .. }
            | Event::RegistrationFailed { .. }
            | Event::Unregistered { .. } => {}
        }
    }

    async fn on_incoming(
        &mut self,
        now: Time,
        key: CallKey,
        dialled: &[String],
        caller: Identity,
        offer: Option<String>,
    ) {
        let dialled: Vec<String> = dialled.iter().map(|user| digits(user)).collect();
        let owner = self.lines.iter().find(|line| line.number.as_ref().is_some_and(|number| dialled.contains(number)));
        let line = owner.or_else(|| self.lines.iter().find(|line| line.number.is_none())).cloned();
        let refusal = match &line {
            None => Some(404),
            Some(line) if self.calls.values().any(|call| call.line.id == line.id) => Some(486),
            Some(_) => None,
        };
        let leg = match (refusal, line) {
            (None, Some(line)) => self.open_leg(&line).await.map(|leg| (line, leg)),
            (Some(_), _) | (None, None) => None,
        };
        let Some((line, (ours, aim))) = leg else {
            // The desk may have given up meanwhile.
            let _ = self.endpoint.refuse(now, key, refusal.unwrap_or(500));
            return;
        };
        // As above.
        let _ = self.endpoint.ringing(now, key);
        let from = if caller.user == "anonymous" { String::new() } else { caller.user };
        let to = dialled.into_iter().next().unwrap_or_default();
        line.hush();
        show(&line, PhoneState::Ringing { from, to, since: Instant::now() });
        let sdp = sdp::Local::new(self.chance.hash_one((line.id, ours.port)));
        self.calls.insert(key, Call { line, sdp, ours, offer, aim });
    }

    fn on_reoffer(&mut self, now: Time, key: CallKey, offer: Option<&str>) {
        let Some(call) = self.calls.get_mut(&key) else { return };
        let answer = match offer {
            None => Some(call.sdp.offer(&call.ours)),
            Some(offer) => sdp::parse(offer).ok().and_then(|theirs| call.sdp.answer(&theirs, &call.ours).ok()).map(
                |(text, agreed)| {
                    aim(&call.aim, &agreed);
                    text
                },
            ),
        };
        // A call that has ended meanwhile needs no answer.
        let _ = match answer {
            Some(text) => self.endpoint.answer_reoffer(now, key, text),
            None => self.endpoint.refuse_reoffer(now, key, 488),
        };
    }

    fn with(&mut self, key: CallKey, then: impl FnOnce(&mut Call)) {
        if let Some(call) = self.calls.get_mut(&key) {
            then(call);
        }
    }

    fn ended(&mut self, key: CallKey, how: String) {
        self.with(key, |call| call.line.state.send_modify(|snapshot| snapshot.last_end = Some(how)));
    }
}

impl Call {
    /// Takes the desk's answer to our offer; whether sound can flow.
    fn agree(&mut self, answer: &str) -> bool {
        match sdp::parse(answer).ok().and_then(|theirs| self.sdp.answered(&theirs).ok()) {
            Some(agreed) => aim(&self.aim, &agreed),
            None => false,
        }
    }
}

/// Points the sound where both have agreed; whether the codec is one that can be played.
fn aim(sound: &watch::Sender<Aim>, agreed: &Agreed) -> bool {
    let codec = match agreed.send.codec {
        sdp::Codec::Pcmu => Codec::Pcmu,
        sdp::Codec::Pcma => Codec::Pcma,
        sdp::Codec::Other { .. } => return false,
    };
    let far = Far { address: agreed.remote, codec, payload_type: agreed.send.number };
    sound.send_replace(Aim { far: Some(far), sends: agreed.direction.sends(), ringing: false });
    true
}

/// A new call's state forgets how the one before ended.
fn show(line: &Line, state: PhoneState) {
    line.state.send_replace(Snapshot { state, last_end: None });
}

fn since(line: &Line) -> Instant {
    match line.state.borrow().state {
        PhoneState::Calling { since, .. } | PhoneState::Ringing { since, .. } | PhoneState::Talking { since } => since,
        PhoneState::Idle => Instant::now(),
    }
}

fn digits(number: &str) -> String {
    number.chars().filter(char::is_ascii_digit).collect()
}

async fn wait(until: Option<Instant>) {
    match until {
        Some(until) => sleep_until(until).await,
        None => std::future::pending().await,
    }
}
