//! A customer's leg: RTP and RTCP with a trunk, on a pair of ports of its own.
//!
//! ```text
//!   open ──► not aimed: hears and says nothing
//!                │ aim
//!                ▼
//!            aimed: sends to the address of the SDP ── first valid packet ──► latched: sends to where it comes from
//! ```

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use domain::ids::{InteractionId, PressId};
use domain::telephony::Key;
use domain::telephony::quality::CallQuality;
use media::dtmf::{self, Place, Turn};
use media::latch::Verdict;
use media::out_stream::Relayed;
use media::rtcp::{self, Report};
use media::rtp::{self, Header, Packet};
use media::{Codec, FRAME, Latch, OutStream, Reception, g711};
use mio::net::UdpSocket;

use super::quality::{Counts, FarEar, Meter};
use super::{GatewayError, KeyTypes, LegReport, Route};

/// How often each side is told what arrived (RFC 3550 §6.2).
const REPORT_EVERY: Duration = Duration::from_secs(5);
/// How often what arrived on both legs is looked at.
const MEASURE_EVERY: Duration = Duration::from_secs(5);
/// How long nothing may come from a customer who should be heard.
const SILENT_AFTER: Duration = Duration::from_secs(10);
/// How long an agent may pause before quiet packets fill the line: many carriers end a call on which nothing flows.
/// Longer than networks stall, for what stalls comes all the same.
const FILL_AFTER: Duration = Duration::from_millis(500);
/// The longest payload that is relayed: 120 ms, which no trunk exceeds.
const LONGEST: usize = 6 * FRAME;
/// How many presses of an agent are known again when they are sent twice.
const PRESSES: usize = 64;

pub(super) struct Customer {
    pub(super) call: InteractionId,
    pub(super) port: u16,
    pub(super) rtp: UdpSocket,
    pub(super) rtcp: UdpSocket,
    pub(super) route: Route,
    /// Which slot the route's agent has.
    pub(super) agent: Option<usize>,
    /// When the route was set.
    pub(super) since: Duration,
    aim: Option<Aim>,
    /// The customer's side wants to hear nothing.
    paused: bool,
    /// Whether the customer's side is there at all is not known yet.
    doubted: bool,
    out: OutStream,
    /// Keys that go to the customer's side, and those that come from it.
    keys: dtmf::Sender,
    pressed: VecDeque<PressId>,
    pressing: dtmf::Receiver,
    reception: Reception,
    /// When audio of an agent was last passed on.
    relayed: Option<Duration>,
    heard: Duration,
    silent: bool,
    next_report: Duration,
    far: FarEar,
    pub(super) meter: Meter,
    next_measure: Duration,
    name: String,
}

struct Aim {
    latch: Latch,
    codec: Codec,
    events: KeyTypes,
    rtcp: Option<SocketAddr>,
}

/// What a customer said: one packet, judged and counted.
pub(super) struct Said<'a> {
    pub(super) packet: Packet<'a>,
    pub(super) kind: Relayed,
    pub(super) codec: Codec,
}

/// What changed about being heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hearing {
    Silent,
    Back,
}

impl Customer {
    /// `chance` seeds SSRC, sequence, timestamp and the canonical name (RFC 3550 §5.1, RFC 7022 §4.2).
    pub(super) fn new(
        call: InteractionId,
        port: u16,
        sockets: (UdpSocket, UdpSocket),
        chance: u128,
        now: Duration,
    ) -> Self {
        let dice = Dice::of(chance);
        Self {
            call,
            port,
            rtp: sockets.0,
            rtcp: sockets.1,
            route: Route::Silence,
            agent: None,
            since: now,
            aim: None,
            paused: false,
            doubted: false,
            out: OutStream::new(dice.ssrc, dice.sequence, dice.timestamp),
            keys: dtmf::Sender::default(),
            pressed: VecDeque::new(),
            pressing: dtmf::Receiver::default(),
            reception: Reception::default(),
            relayed: None,
            heard: now,
            silent: false,
            next_report: now + REPORT_EVERY,
            far: FarEar::default(),
            meter: Meter::default(),
            next_measure: now + MEASURE_EVERY,
            name: format!("{:08x}", dice.rest),
        }
    }

    pub(super) fn aim(&mut self, remote: SocketAddr, codec: Codec, events: KeyTypes, now: Duration) {
        let mut latch = match self.aim.take() {
            Some(old) => old.latch,
            None => Latch::new(remote),
        };
        latch.aim(remote);
        self.aim = Some(Aim { latch, codec, events, rtcp: None });
        self.heard = now;
        if std::mem::take(&mut self.paused) {
            self.out.cut();
            self.relayed = None;
        }
    }

    pub(super) fn pause(&mut self) {
        self.paused = true;
    }

    pub(super) fn doubt(&mut self, doubted: bool) {
        self.doubted = doubted;
    }

    /// Where the customer's side is, and how it is spoken to, if anything may be sent there: who sends an INVITE in
    /// another's name must not have us flood a third (RFC 8445 §19.5.1 has the like for ICE).
    fn proven(&self) -> Option<&Aim> {
        self.aim.as_ref().filter(|aim| !self.doubted || aim.latch.is_latched())
    }

    /// The route begins here: what was sent before is another source.
    pub(super) fn turn(&mut self, route: Route, agent: Option<usize>, now: Duration) {
        if self.route != route {
            self.out.cut();
            self.relayed = None;
            self.since = now;
            self.heard = self.heard.max(now);
            self.keys.forget();
        }
        self.route = route;
        self.agent = agent;
    }

    /// Whether this agent is to hear the customer.
    pub(super) fn is_heard(&self) -> bool {
        match self.route {
            Route::Silence | Route::Music(_) | Route::Ringback(_) | Route::FullHold(..) => false,
            Route::EarlyMedia(_) | Route::Bridge(_) | Route::OneWayHold(..) => true,
        }
    }

    pub(super) fn codec(&self) -> Option<Codec> {
        self.aim.as_ref().map(|aim| aim.codec)
    }

    /// Judges a datagram on the RTP port. `None`: not RTP, of no negotiated type, or not from the customer.
    pub(super) fn on_rtp<'a>(
        &mut self,
        now: Duration,
        source: SocketAddr,
        datagram: &'a [u8],
    ) -> (Option<Said<'a>>, Option<Hearing>) {
        if rtp::is_rtcp(datagram) {
            self.on_rtcp(now, source, datagram);
            return (None, None);
        }
        let (Some(aim), Ok(packet)) = (&mut self.aim, Packet::parse(datagram)) else { return (None, None) };
        let kind = match packet.header.payload_type {
            // Some trunks send under the number that they asked for themselves.
            event if [aim.events.receive, aim.events.send].contains(&Some(event)) => Relayed::Event,
            // Some trunks change over between the two static types without asking (RFC 3551 §6 gives both to all).
            audio if Codec::of_payload_type(audio).is_some() => Relayed::Audio,
            _ => return (None, None),
        };
        let header = &packet.header;
        match aim.latch.on_packet(source, header.ssrc, header.sequence, now) {
            Verdict::Foreign => return (None, None),
            Verdict::Latched => aim.rtcp = None,
            Verdict::Heard => {}
        }
        let codec = Codec::of_payload_type(header.payload_type).unwrap_or(aim.codec);
        self.reception.on_packet(header, now);
        self.heard = now;
        let back = std::mem::take(&mut self.silent).then_some(Hearing::Back);
        let fits = !packet.payload.is_empty() && packet.payload.len() <= LONGEST;
        (fits.then_some(Said { packet, kind, codec }), back)
    }

    /// The key that the customer pressed, with the first packet of it that comes.
    pub(super) fn on_key(&mut self, said: &Said<'_>) -> Option<Key> {
        let header = &said.packet.header;
        let place = Place { ssrc: header.ssrc, timestamp: header.timestamp, marker: header.marker };
        self.pressing.on_packet(place, said.packet.payload).and_then(Key::of_code)
    }

    /// Sends the agent's keys from the next tick on.
    pub(super) fn press(&mut self, press: PressId, keys: &[Key]) -> Result<(), GatewayError> {
        if self.pressed.contains(&press) {
            return Ok(());
        }
        let can = !self.paused && self.aim.as_ref().is_some_and(|aim| aim.events.send.is_some());
        let codes: Vec<u8> = keys.iter().map(|key| key.code()).collect();
        if !can || !self.keys.press(&codes) {
            return Err(GatewayError::NoKeys);
        }
        if self.pressed.len() == PRESSES {
            self.pressed.pop_front();
        }
        self.pressed.push_back(press);
        Ok(())
    }

    /// Sends what is due of a key at this tick. True: nothing else goes out now.
    pub(super) fn key_tick(&mut self, tick: Duration) -> bool {
        if self.proven().is_none() {
            return false;
        }
        let Turn::Key(due) = self.keys.on_tick() else { return false };
        let event = self.aim.as_ref().filter(|_| !self.paused).and_then(|aim| aim.events.send);
        let Some(payload_type) = event else { return false };
        let stamp = self.out.event(tick, due.begins, due.reaches);
        self.send(stamp, payload_type, &due.payload, None);
        true
    }

    /// Takes a datagram of the RTCP port; only the customer's own side is believed.
    pub(super) fn on_rtcp(&mut self, now: Duration, source: SocketAddr, datagram: &[u8]) {
        let Some(aim) = self.aim.as_mut().filter(|aim| aim.latch.target().ip() == source.ip()) else { return };
        let Ok(reports) = rtcp::parse(datagram) else { return };
        aim.rtcp = Some(source);
        for report in reports {
            let blocks = match report {
                Report::Sender { ssrc, info, blocks } => {
                    self.reception.on_sender_report(ssrc, info.ntp, now);
                    blocks
                }
                Report::Receiver { blocks, .. } => blocks,
                Report::Bye | Report::Other(_) => continue,
            };
            for block in blocks.filter(|block| block.ssrc == self.out.ssrc()) {
                self.far.on_block(&block, &self.out, now);
            }
        }
    }

    /// Passes an agent's packet on, in the customer's law and with the customer's payload types.
    pub(super) fn relay(&mut self, now: Duration, header: &Header, payload: &[u8], said: Spoken) {
        let aim = self.proven().filter(|_| !self.paused);
        let Some((codec, keys)) = aim.map(|aim| (aim.codec, aim.events.send)) else { return };
        let payload_type = match said {
            Spoken::Audio(_) => codec.payload_type(),
            Spoken::Event => match keys {
                Some(event) => event,
                None => return,
            },
        };
        // A key that sounds has the line to itself (RFC 4733 §2.5.1.2).
        if payload.is_empty() || payload.len() > LONGEST || self.keys.is_sounding() {
            return;
        }
        let kind = match said {
            Spoken::Audio(_) => Relayed::Audio,
            Spoken::Event => Relayed::Event,
        };
        let samples = match said {
            Spoken::Audio(_) => u32::try_from(payload.len()).unwrap_or(0),
            Spoken::Event => 0,
        };
        let Some(stamp) = self.out.relayed(now, header, samples, kind) else { return };
        let crossing = match said {
            Spoken::Audio(from) if from != codec => Some((from, codec)),
            Spoken::Audio(_) | Spoken::Event => None,
        };
        self.relayed = Some(now);
        self.send(stamp, payload_type, payload, crossing);
    }

    /// Whether the agent's own audio fills the line at present.
    pub(super) fn is_fed(&self, now: Duration) -> bool {
        self.relayed.is_some_and(|relayed| now.saturating_sub(relayed) < FILL_AFTER)
    }

    /// Sends one frame that was made here, in the customer's codec.
    pub(super) fn play(&mut self, now: Duration, frame: &[u8]) {
        let Some(aim) = self.proven().filter(|_| !self.paused) else { return };
        let payload_type = aim.codec.payload_type();
        let stamp = self.out.generated(now, u32::try_from(frame.len()).unwrap_or(0));
        self.send(stamp, payload_type, frame, None);
    }

    /// What is due by the clock: a report every 5 s, and a look at whether the customer is still there.
    pub(super) fn on_tick(&mut self, now: Duration, ntp: u64) -> Option<Hearing> {
        if now >= self.next_report {
            self.next_report = now + REPORT_EVERY;
            self.report(now, ntp, false);
        }
        let expected = match self.route {
            Route::Bridge(_) | Route::OneWayHold(..) | Route::FullHold(..) => true,
            Route::Silence | Route::Music(_) | Route::Ringback(_) | Route::EarlyMedia(_) => false,
        };
        let gone = expected && self.aim.is_some() && now.saturating_sub(self.heard) >= SILENT_AFTER;
        if gone && !self.silent {
            self.silent = true;
            return Some(Hearing::Silent);
        }
        None
    }

    /// Whether it is time to look at what arrived; if so, the next time is set.
    pub(super) fn is_to_be_measured(&mut self, now: Duration) -> bool {
        let due = now >= self.next_measure;
        if due {
            self.next_measure = now + MEASURE_EVERY;
        }
        due
    }

    /// What has arrived on both legs since the last look; `agent` is whose connection it is now, and its counters.
    pub(super) fn measure(&mut self, agent: Option<((usize, u64), Counts)>) -> CallQuality {
        self.meter.on(agent, Counts::of(&self.reception, &self.far))
    }

    /// Says goodbye (RFC 3550 §6.6) and sums up what was measured.
    pub(super) fn close(&mut self, now: Duration, ntp: u64) -> LegReport {
        self.report(now, ntp, true);
        LegReport {
            received: self.reception.received(),
            lost: self.reception.lost(),
            jitter_ms: self.reception.jitter_ms(),
            sent: u64::from(self.out.packets()),
            foreign: self.aim.as_ref().map_or(0, |aim| aim.latch.foreign()),
            quality: self.meter.total(),
        }
    }

    fn report(&mut self, now: Duration, ntp: u64, bye: bool) {
        let Some(aim) = self.proven() else { return };
        let target = aim.latch.target();
        // Where none has come yet, one port above RTP (RFC 3605 §2.1 speaks of exceptions, which say so themselves).
        let target = aim.rtcp.unwrap_or_else(|| SocketAddr::new(target.ip(), target.port().saturating_add(1)));
        let sender = self.out.sender_info(now, ntp);
        let block = self.reception.block(now);
        if (sender.is_some() || block.is_some()) && is_reachable(target) {
            let mut datagram = Vec::new();
            rtcp::write(self.out.ssrc(), sender, block, &self.name, bye, &mut datagram);
            if sender.is_some() {
                self.far.reported(ntp, now);
            }
            // A report that does not get out is one that got lost.
            let _ = self.rtcp.send_to(&datagram, target);
        }
    }

    fn send(
        &mut self,
        stamp: media::out_stream::Stamp,
        payload_type: u8,
        payload: &[u8],
        crossing: Option<(Codec, Codec)>,
    ) {
        let Some(target) = self.aim.as_ref().map(|aim| aim.latch.target()).filter(|target| is_reachable(*target))
        else {
            return;
        };
        let [_, _, _, _, _, _, upper, lower] = stamp.sequence.to_be_bytes();
        let header = Header {
            marker: stamp.marker,
            payload_type,
            sequence: u16::from_be_bytes([upper, lower]),
            timestamp: stamp.timestamp,
            ssrc: self.out.ssrc(),
        };
        let mut datagram = [0_u8; rtp::HEADER_LENGTH + LONGEST];
        let length = rtp::HEADER_LENGTH + payload.len();
        for (to, from) in datagram.iter_mut().zip(header.octets().iter().chain(payload)) {
            *to = *from;
        }
        if let (Some((from, to)), Some(octets)) = (crossing, datagram.get_mut(rtp::HEADER_LENGTH..length)) {
            g711::convert_all(from, to, octets);
        }
        if let Some(datagram) = datagram.get(..length) {
            // What the network refuses now is lost, as everything on UDP may be.
            let _ = self.rtp.send_to(datagram, target);
            self.out.sent(payload.len());
        }
    }
}

/// What an agent's packet holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoken {
    Audio(Codec),
    Event,
}

/// One throw of 128 bits, divided.
pub(super) struct Dice {
    pub(super) ssrc: u32,
    pub(super) sequence: u16,
    pub(super) timestamp: u32,
    pub(super) rest: u32,
}

impl Dice {
    pub(super) fn of(chance: u128) -> Self {
        let part = |from: u32| u32::try_from((chance >> from) & u128::from(u32::MAX)).unwrap_or(0);
        Self {
            ssrc: part(96),
            sequence: u16::try_from(part(64) >> 16).unwrap_or(0),
            timestamp: part(32),
            rest: part(0),
        }
    }
}

/// Old ways of holding a call name 0.0.0.0 (RFC 3264 §8.4): nothing is sent there. Nor to many at once, whoever asks for
/// it.
fn is_reachable(target: SocketAddr) -> bool {
    let is_many = match target.ip().to_canonical() {
        IpAddr::V4(address) => address.is_multicast() || address.is_broadcast(),
        IpAddr::V6(address) => address.is_multicast(),
    };
    !target.ip().is_unspecified() && !is_many && target.port() != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_sent_to_nobody_or_to_many() {
        for nobody in [
            "0.0.0.0:4000",
            "[::]:4000",
            "192.0.2.1:0",
            "224.0.0.1:4000",
            "255.255.255.255:4000",
            "[ff02::1]:4000",
            "[::ffff:239.1.2.3]:4000",
        ] {
            assert!(!is_reachable(nobody.parse().unwrap()), "{nobody}");
        }
        assert!(is_reachable("192.0.2.1:4000".parse().unwrap()));
    }
}
