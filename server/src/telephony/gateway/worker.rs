//! The thread that owns every socket: waits for packets, commands and the clock, and hands each to its leg.
//!
//! One thread for all legs: a packet is handled to its end before the next, nothing is locked, and what one call does
//! is done when the next packet of another comes. Audio that is made here goes out on one tick of 20 ms.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token, Waker};
use tokio::sync::{mpsc, oneshot};

use super::agents::Agents;
use super::command::Command;
use super::customers::Customers;
use super::ports::PortPool;
use super::sounds::{Sound, Sounds};
use super::turns::Turns;
use super::{LegEvent, stun};
use crate::clock::Clock;

pub(super) const BELL: Token = Token(0);
const WEBRTC: Token = Token(1);
/// From here on, two tokens a customer: RTP even, RTCP odd.
const CUSTOMERS: usize = 2;

/// The length of one packet of ours.
const TICK: Duration = media::music::FRAME_TIME;
/// How often each connection is looked at, at least.
const LOOK: Duration = Duration::from_secs(1);
/// How many missed ticks are made up for: a receiver's buffer bridges some 100 ms; what is older comes too late.
const CATCH_UP: u32 = 5;
/// How long packets gather before they are taken together, where there are many: going to sleep and waking for each
/// costs more than the packet itself. Far below what a receiver's buffer evens out.
const GATHER: Duration = Duration::from_millis(1);
/// From how many packets in one tick on it pays to gather: some ten calls.
const GATHER_FROM: u32 = 20;
/// How many datagrams of one socket are taken before the others have their turn.
const TURN: usize = 64;
/// How many commands are taken before packets have their turn: binding a pair of ports or ending a connection takes
/// some tenths of a millisecond.
const COMMANDS: usize = 8;
/// Longer than any datagram that a browser or a trunk sends: networks carry some 1,500 octets.
const DATAGRAM: usize = 2_048;

pub(super) struct Worker {
    poll: Poll,
    /// Waits for nothing but time: see [`GATHER`].
    rest: Poll,
    clock: Clock,
    origin: Instant,
    pub(super) socket: UdpSocket,
    pub(super) candidates: Vec<SocketAddr>,
    commands: Receiver<Command>,
    events: mpsc::UnboundedSender<LegEvent>,
    pub(super) agents: Agents,
    pub(super) customers: Customers,
    pub(super) sounds: Sounds,
    pub(super) ports: PortPool,
    next_tick: Instant,
    /// The last tick that was played, counted from the start.
    played: u32,
    next_look: Instant,
    turns: Turns,
    /// Packets since the last tick, and in the tick before it.
    packets: (u32, u32),
    stopped: Option<oneshot::Sender<()>>,
    over: bool,
}

/// What the worker is given to begin with.
pub(super) struct Parts {
    pub(super) socket: std::net::UdpSocket,
    pub(super) candidates: Vec<SocketAddr>,
    pub(super) commands: Receiver<Command>,
    pub(super) events: mpsc::UnboundedSender<LegEvent>,
    pub(super) sounds: Sounds,
    pub(super) ports: PortPool,
}

/// One moment on all the clocks that are needed.
#[derive(Clone, Copy)]
pub(super) struct Now {
    pub(super) at: Instant,
    /// Since the gateway's start: what streams and latches count by.
    pub(super) since: Duration,
}

impl Worker {
    pub(super) fn new(parts: Parts) -> io::Result<(Self, Waker)> {
        let poll = Poll::new()?;
        let waker = Waker::new(poll.registry(), BELL)?;
        let mut socket = UdpSocket::from_std(parts.socket);
        poll.registry().register(&mut socket, WEBRTC, Interest::READABLE)?;
        let clock = Clock::system();
        let origin = clock.instant();
        let worker = Self {
            poll,
            rest: Poll::new()?,
            clock,
            origin,
            socket,
            candidates: parts.candidates,
            commands: parts.commands,
            events: parts.events,
            agents: Agents::default(),
            customers: Customers::default(),
            sounds: parts.sounds,
            ports: parts.ports,
            next_tick: origin,
            played: 0,
            next_look: origin,
            turns: Turns::default(),
            packets: (0, 0),
            stopped: None,
            over: false,
        };
        Ok((worker, waker))
    }

    /// Runs until told to stop, or until every handle is gone.
    pub(super) fn run(mut self) {
        let mut events = Events::with_capacity(1_024);
        let mut buffer = [0_u8; DATAGRAM];
        let mut nothing = Events::with_capacity(1);
        while !self.over {
            if self.packets.1 >= GATHER_FROM && !self.turns.is_waiting() {
                // Ended early by a signal, it gathers less.
                let _ = self.rest.poll(&mut nothing, Some(GATHER));
            }
            let wait = if self.turns.is_waiting() { Some(Duration::ZERO) } else { self.wait() };
            if let Err(error) = self.poll.poll(&mut events, wait) {
                if error.kind() == ErrorKind::Interrupted {
                    continue;
                }
                tracing::error!(%error, "the media gateway cannot wait for packets any more and stops");
                break;
            }
            for token in self.turns.begin() {
                self.on_readable(token, &mut buffer);
            }
            for event in &events {
                if self.turns.is_due(event.token()) {
                    self.on_readable(event.token(), &mut buffer);
                }
            }
            self.on_clock();
        }
        self.close_all();
        let stopped = self.stopped.take();
        drop(self);
        if let Some(stopped) = stopped {
            // Who asked may have stopped waiting.
            let _ = stopped.send(());
        }
    }

    pub(super) fn now(&self) -> Now {
        let at = self.clock.instant();
        Now { at, since: at.saturating_duration_since(self.origin) }
    }

    /// The wall clock as NTP (RFC 3550 §4): seconds since 1900 and their fraction.
    pub(super) fn ntp(&self) -> u64 {
        const FROM_1900_TO_1970: u64 = 2_208_988_800;
        let wall = u64::try_from(self.clock.now().0).unwrap_or(0);
        ((wall / 1_000 + FROM_1900_TO_1970) << 32) | (((wall % 1_000) << 32) / 1_000)
    }

    pub(super) fn tell(&self, event: LegEvent) {
        // Where nobody listens any more, there is nobody to tell.
        let _ = self.events.send(event);
    }

    pub(super) fn stop(&mut self, reply: oneshot::Sender<()>) {
        self.over = true;
        self.stopped = Some(reply);
    }

    /// Enters a customer's pair of sockets under its slot.
    pub(super) fn register(&self, slot: usize, sockets: &mut (UdpSocket, UdpSocket)) -> io::Result<()> {
        let registry = self.poll.registry();
        registry.register(&mut sockets.0, Token(CUSTOMERS + 2 * slot), Interest::READABLE)?;
        registry.register(&mut sockets.1, Token(CUSTOMERS + 2 * slot + 1), Interest::READABLE)
    }

    /// Looks at a connection's deadline no later than this.
    pub(super) fn look_by(&mut self, deadline: Instant) {
        self.next_look = self.next_look.min(deadline);
    }

    /// How long may be waited; calls need every tick, connections only their own deadlines.
    fn wait(&self) -> Option<Duration> {
        let next = if self.customers.is_empty() { self.next_look.max(self.next_tick) } else { self.next_tick };
        if self.customers.is_empty() && self.agents.iter().all(|agent| agent.leg.is_none()) {
            return None;
        }
        Some(next.saturating_duration_since(self.clock.instant()))
    }

    fn on_readable(&mut self, token: Token, buffer: &mut [u8; DATAGRAM]) {
        match token {
            BELL => self.on_bell(),
            WEBRTC => self.read_webrtc(buffer),
            Token(number) => {
                let slot = (number - CUSTOMERS) / 2;
                self.read_customer(token, slot, number % 2 == CUSTOMERS % 2, buffer);
            }
        }
    }

    fn on_bell(&mut self) {
        for _ in 0..COMMANDS {
            match self.commands.try_recv() {
                Ok(command) => self.on_command(command),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    self.over = true;
                    return;
                }
            }
        }
        self.turns.again(BELL);
    }

    fn read_webrtc(&mut self, buffer: &mut [u8; DATAGRAM]) {
        for _ in 0..TURN {
            match self.socket.recv_from(buffer) {
                Ok((length, source)) => {
                    self.packets.0 += 1;
                    if let Some(datagram) = buffer.get(..length) {
                        self.on_browser(source, datagram);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // An ICMP error of an earlier packet: the next read is another matter.
                Err(_) => {}
            }
        }
        self.turns.again(WEBRTC);
    }

    fn read_customer(&mut self, token: Token, slot: usize, is_rtp: bool, buffer: &mut [u8; DATAGRAM]) {
        for _ in 0..TURN {
            let Some(customer) = self.customers.get(slot) else { return };
            let socket = if is_rtp { &customer.rtp } else { &customer.rtcp };
            match socket.recv_from(buffer) {
                Ok((length, source)) => {
                    self.packets.0 += 1;
                    if let Some(datagram) = buffer.get(..length) {
                        self.on_trunk(slot, is_rtp, source, datagram);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => {}
            }
        }
        self.turns.again(token);
    }

    /// To which slot a browser's datagram belongs: by the fragment that a STUN request names, else by its address.
    pub(super) fn whose(&mut self, now: Now, source: SocketAddr, to: SocketAddr, datagram: &[u8]) -> Option<usize> {
        let known = self.agents.at(source);
        if !stun::is_stun(datagram) {
            return known;
        }
        let Some(slot) = stun::receiver(datagram).and_then(|fragment| self.agents.named(fragment)) else {
            return known;
        };
        if known != Some(slot) {
            let leg = self.agents.get(slot)?.leg.as_ref()?;
            if !leg.vouches_for(now.at, source, to, datagram) {
                return None;
            }
            self.agents.note_address(slot, source);
        }
        Some(slot)
    }

    /// Which of our addresses a datagram was sent to, as the browser knows it. The socket does not say; what matters
    /// is that one source is always given the same.
    pub(super) fn ours_for(&self, source: SocketAddr) -> Option<SocketAddr> {
        let alike = |address: &&SocketAddr| {
            address.is_ipv4() == source.is_ipv4() && address.ip().is_loopback() == source.ip().is_loopback()
        };
        self.candidates.iter().find(alike).or(self.candidates.first()).copied()
    }

    fn on_clock(&mut self) {
        let now = self.now();
        if now.at < self.next_tick {
            return;
        }
        // Ticks stand on a grid from the start, so that however late one is noticed, sounds go on by whole frames.
        let tick = u32::try_from(now.since.as_millis() / TICK.as_millis()).unwrap_or(u32::MAX);
        self.next_tick = self.origin + TICK * tick + TICK;
        self.packets = (0, self.packets.0);
        if !self.customers.is_empty() {
            for late in (self.played + 1).max(tick.saturating_sub(CATCH_UP))..=tick {
                self.play_all(now, TICK * late);
            }
        }
        self.played = tick;
        if now.at >= self.next_look {
            self.look_at_agents(now);
        }
    }

    /// Gives every connection its time, and sets when to look again. What is sent nothing else is sent a quiet packet each
    /// second, by which the browser knows that its connection lives.
    fn look_at_agents(&mut self, now: Now) {
        self.next_look = now.at + LOOK;
        for slot in self.agents.slots() {
            let Some(leg) = self.agents.get_mut(slot).and_then(|agent| agent.leg.as_mut()) else { continue };
            leg.mark(now.since);
            let mut change = if now.at >= leg.deadline() { leg.on_tick(now.at, &self.socket) } else { None };
            if change.is_none() && leg.is_idle(now.since) {
                let frame = self.sounds.frame(Sound::Quiet, leg.codec(), now.since);
                change = leg.play(now.at, now.since, frame, &self.socket);
            }
            let deadline = leg.deadline();
            self.look_by(deadline);
            self.on_change(slot, change);
        }
    }
}
