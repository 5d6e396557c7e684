//! The loop that speaks and hears for every browser and every trunk.
//!
//! Senders are spread evenly over the 20 ms of a packet, as those of calls that know nothing of each other are.

use std::io::ErrorKind;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::time::{Duration, Instant};

use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};

use super::browser::Browser;
use super::payload::{Payload, Way};
use super::process::{self, Cpu};
use super::trunk::Trunk;
use super::{Delays, LoadError, Measured, Plan, UnderLoad};

const FRAME: Duration = Duration::from_millis(20);
/// How finely sending follows the clock.
const STEP: Duration = Duration::from_micros(200);
/// How many packets go out before it is heard again, and how far behind the clock sending may fall: a machine without
/// time for the load gets less of it, and the figures say so.
const TURN: usize = 64;
const BEHIND: Duration = Duration::from_millis(100);
/// How long calls may take to come up, and the last packets to arrive.
const PATIENCE: Duration = Duration::from_secs(30);
const DRAIN: Duration = Duration::from_millis(500);
const REPORT_EVERY: Duration = Duration::from_secs(5);
const CLOCK: Token = Token(usize::MAX - 1);
/// Browser, trunk's RTP, trunk's RTCP.
const SOCKETS: usize = 3;

struct Call {
    browser: Browser,
    trunk: Trunk,
    out: Direction,
    back: Direction,
}

/// What one direction of a call sent and received within the window.
#[derive(Default)]
struct Direction {
    next: u32,
    first: Option<u32>,
    arrived: Vec<bool>,
}

impl Direction {
    /// The next packet's number; notes it where it counts.
    fn send(&mut self, counts: bool) -> u32 {
        let number = self.next;
        self.next += 1;
        if counts {
            self.first.get_or_insert(number);
            self.arrived.push(false);
        }
        number
    }

    /// Whether it counts and is new.
    fn arrive(&mut self, number: u32) -> Arrival {
        let place =
            self.first.and_then(|first| number.checked_sub(first)).and_then(|place| usize::try_from(place).ok());
        match place.and_then(|place| self.arrived.get_mut(place)) {
            None => Arrival::Outside,
            Some(seen) if *seen => Arrival::Twice,
            Some(seen) => {
                *seen = true;
                Arrival::New
            }
        }
    }

    fn delivered(&self) -> usize {
        self.arrived.iter().filter(|arrived| **arrived).count()
    }
}

enum Arrival {
    Outside,
    New,
    Twice,
}

#[derive(Default)]
struct Tally {
    delays: Delays,
    wrong: u64,
    reports: u64,
    stalls: u64,
}

struct Generator {
    poll: Poll,
    clock: OwnedFd,
    began: Instant,
    calls: Vec<Call>,
    tally: Tally,
    counts: bool,
    /// Which sender is next, counted from the beginning of audio.
    turn: u64,
    audio: Option<Instant>,
    next_report: Instant,
    next_look: Instant,
    buffer: Vec<u8>,
}

/// Puts a gateway under load and measures it.
///
/// # Errors
/// [`LoadError`] where a call does not come up, or the gateway's process is gone.
pub fn run(gateway: &mut dyn UnderLoad, plan: &Plan) -> Result<Measured, LoadError> {
    let idle = process::cpu(gateway.pid())?;
    let mut generator = Generator::new()?;
    for call in 0..plan.calls {
        generator.connect(gateway, call)?;
    }
    generator.all_up()?;
    let up = process::cpu(gateway.pid())?;
    generator.speak();
    generator.go_on(plan.warm_up)?;
    let before = process::cpu(gateway.pid())?;
    let waited_before = (process::waited(gateway.pid())?, process::waited_here());
    generator.counts = true;
    let began = now();
    generator.go_on(plan.window)?;
    let window = now().saturating_duration_since(began);
    let cpu = process::cpu(gateway.pid())?.since(&before);
    let waited = (
        process::waited(gateway.pid())?.saturating_sub(waited_before.0),
        process::waited_here().saturating_sub(waited_before.1),
    );
    let resident = process::resident(gateway.pid())?;
    generator.counts = false;
    generator.go_on(DRAIN)?;
    let calls = u32::try_from(plan.calls).unwrap_or(u32::MAX).max(1);
    let set_up = up.since(&idle).total() / calls;
    Ok(Measured { waited, ..generator.sum_up(window, cpu, resident, set_up) })
}

impl Generator {
    fn new() -> Result<Self, LoadError> {
        let poll = Poll::new().map_err(LoadError::system("waiting for packets"))?;
        let clock = clock().map_err(LoadError::system("a timer"))?;
        poll.registry()
            .register(&mut SourceFd(&clock.as_raw_fd()), CLOCK, Interest::READABLE)
            .map_err(LoadError::system("waiting for a timer"))?;
        let began = now();
        Ok(Self {
            poll,
            clock,
            began,
            calls: Vec::new(),
            tally: Tally::default(),
            counts: false,
            turn: 0,
            audio: None,
            next_report: began,
            next_look: began,
            buffer: vec![0; 2_048],
        })
    }

    fn connect(&mut self, gateway: &mut dyn UnderLoad, number: usize) -> Result<(), LoadError> {
        let (mut browser, offer) = Browser::new(now())?;
        let mut trunk = Trunk::new(0x1000_0000 + u32::try_from(number).unwrap_or(0))?;
        let connected = gateway.connect(number, &offer, trunk.address)?;
        browser.answered(&connected.answer, connected.passes_ssrc.then(|| trunk.ssrc()))?;
        trunk.aim(connected.address);
        let registry = self.poll.registry();
        let tokens = SOCKETS * number;
        let sockets = [&mut browser.socket, &mut trunk.rtp, &mut trunk.rtcp];
        for (nth, socket) in sockets.into_iter().enumerate() {
            registry
                .register(socket, Token(tokens + nth), Interest::READABLE)
                .map_err(LoadError::system("waiting for packets"))?;
        }
        self.calls.push(Call { browser, trunk, out: Direction::default(), back: Direction::default() });
        // Who is already there goes on connecting.
        self.next_look = now();
        self.step(&mut Events::with_capacity(1_024))
    }

    fn all_up(&mut self) -> Result<(), LoadError> {
        let until = now() + PATIENCE;
        let mut events = Events::with_capacity(1_024);
        while !self.calls.iter().all(|call| call.browser.is_up) {
            if now() > until {
                return Err(LoadError::Late("every browser's connection"));
            }
            self.step(&mut events)?;
        }
        Ok(())
    }

    fn speak(&mut self) {
        self.audio = Some(now());
        self.next_report = now();
    }

    fn go_on(&mut self, how_long: Duration) -> Result<(), LoadError> {
        let until = now() + how_long;
        let mut events = Events::with_capacity(1_024);
        while now() < until {
            self.step(&mut events)?;
        }
        Ok(())
    }

    fn step(&mut self, events: &mut Events) -> Result<(), LoadError> {
        match self.poll.poll(events, Some(FRAME)) {
            Err(error) if error.kind() != ErrorKind::Interrupted => {
                return Err(LoadError::System { what: "waiting for packets", source: error });
            }
            Ok(()) | Err(_) => {}
        }
        for event in &*events {
            if event.token() == CLOCK {
                // A timer that is not read does not run on (timerfd_create(2)).
                let _ = rustix::io::read(&self.clock, &mut [0; 8]);
            } else {
                self.read(event.token())?;
            }
        }
        self.send_due()?;
        self.look()
    }

    fn read(&mut self, Token(token): Token) -> Result<(), LoadError> {
        let number = token / SOCKETS;
        let Some(call) = self.calls.get_mut(number) else { return Ok(()) };
        let at = now();
        let since = at.saturating_duration_since(self.began);
        let (tally, buffer) = (&mut self.tally, &mut self.buffer);
        match token % SOCKETS {
            0 => {
                let back = &mut call.back;
                call.browser.read(at, buffer, |octets| tally.hear(back, number, Way::In, since, octets))
            }
            1 => {
                let out = &mut call.out;
                call.trunk.read(buffer, |octets| tally.hear(out, number, Way::Out, since, octets));
                Ok(())
            }
            _ => {
                tally.reports += call.trunk.reports(buffer);
                Ok(())
            }
        }
    }

    /// Lets everybody speak whose time has come.
    fn send_due(&mut self) -> Result<(), LoadError> {
        let Some(audio) = self.audio else { return Ok(()) };
        let senders = 2 * self.calls.len() as u64;
        for _ in 0..TURN {
            let at = now();
            let (round, place) = (self.turn / senders, self.turn % senders);
            let due = FRAME * u32::try_from(round).unwrap_or(u32::MAX)
                + FRAME * u32::try_from(place).unwrap_or(0) / u32::try_from(senders).unwrap_or(1);
            let due = audio + due;
            if due > at {
                return Ok(());
            }
            if due + BEHIND < at {
                self.tally.stalls += 1;
                self.audio = Some(audio + (at - due));
            }
            self.turn += 1;
            let number = usize::try_from(place / 2).unwrap_or(0);
            let Some(call) = self.calls.get_mut(number) else { continue };
            let (way, direction) = if place % 2 == 0 { (Way::Out, &mut call.out) } else { (Way::In, &mut call.back) };
            let payload = Payload {
                call: u16::try_from(number).unwrap_or(0),
                way,
                number: direction.send(self.counts),
                sent: at.saturating_duration_since(self.began),
            };
            match way {
                Way::Out => call.browser.send(at, &payload.octets())?,
                Way::In => call.trunk.send(&payload.octets()),
            }
        }
        Ok(())
    }

    /// What is due by the clock and not by a packet: a thousand times a second is often enough.
    fn look(&mut self) -> Result<(), LoadError> {
        let at = now();
        if at < self.next_look {
            return Ok(());
        }
        self.next_look = at + Duration::from_millis(1);
        for call in &mut self.calls {
            call.browser.on_time(at)?;
        }
        if self.audio.is_some() && at >= self.next_report {
            self.next_report = at + REPORT_EVERY;
            let since = at.saturating_duration_since(self.began);
            for call in &self.calls {
                call.trunk.report((since.as_secs() << 32) | (u64::from(since.subsec_millis()) << 22));
            }
        }
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of packets are far below 2^52")]
    fn sum_up(self, window: Duration, cpu: Cpu, resident: u64, set_up: Duration) -> Measured {
        let directions = || self.calls.iter().flat_map(|call| [&call.out, &call.back]);
        let share = |direction: &Direction| direction.delivered() as f64 / direction.arrived.len().max(1) as f64;
        Measured {
            calls: self.calls.len(),
            window,
            sent: directions().map(|direction| direction.arrived.len() as u64).sum(),
            delivered: directions().map(|direction| direction.delivered() as u64).sum(),
            worst: directions().map(share).fold(1.0, f64::min),
            lossy: directions().filter(|direction| direction.delivered() < direction.arrived.len()).count(),
            wrong: self.tally.wrong,
            reports: self.tally.reports,
            stalls: self.tally.stalls,
            delays: self.tally.delays,
            cpu,
            waited: (Duration::ZERO, Duration::ZERO),
            resident,
            set_up,
        }
    }
}

impl Tally {
    fn hear(&mut self, direction: &mut Direction, call: usize, way: Way, now: Duration, octets: &[u8]) {
        let Some(payload) = Payload::read(octets).filter(|p| usize::from(p.call) == call && p.way == way) else {
            // Before audio flows, gateways may fill the line with quiet of their own.
            if direction.first.is_some() {
                self.wrong += 1;
            }
            return;
        };
        match direction.arrive(payload.number) {
            Arrival::Outside => {}
            Arrival::New => self.delays.add(now.saturating_sub(payload.sent)),
            Arrival::Twice => self.wrong += 1,
        }
    }
}

/// A timer that ends the wait for packets every [`STEP`].
fn clock() -> std::io::Result<OwnedFd> {
    let clock = rustix::time::timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK)?;
    let step = Timespec { tv_sec: 0, tv_nsec: STEP.subsec_nanos().into() };
    let every = Itimerspec { it_interval: step, it_value: step };
    rustix::time::timerfd_settime(&clock, TimerfdTimerFlags::empty(), &every)?;
    Ok(clock)
}

#[expect(clippy::disallowed_methods, reason = "a load generator measures the time that passes outside")]
fn now() -> Instant {
    Instant::now()
}
