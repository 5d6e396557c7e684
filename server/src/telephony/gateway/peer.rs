//! An agent's leg: one WebRTC connection with a browser, kept from login to logout.
//!
//! ```text
//!            answer                 ICE and DTLS done               nothing heard for 15 s
//!   offer ──────────► Connecting ─────────────────────► Up ────────────────────────────► Faltering
//!                         │                             │ ▲                                │   │
//!                         │ 30 s                        │ └──────── heard again ───────────┘   │ 30 s (RFC 7675 §5.1)
//!                         ▼                             ▼ closed by the browser                ▼
//!                        Gone ◄───────────────────────────────────────────────────────────────┘
//! ```

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::out_stream::{Relayed, Stamp};
use media::rtp::Header;
use media::{Codec, OutStream, Reception};
use mio::net::UdpSocket;
use str0m::change::SdpOffer;
use str0m::channel::ChannelData;
use str0m::config::DtlsCert;
use str0m::media::{MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpPacket, RtpWrite, Ssrc};
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc};

use super::customer::{Dice, Spoken};
use super::quality::{Counts, FarEar};
use super::{Down, GatewayError, offer};

/// How long a browser may take from its offer to the end of DTLS.
const CONNECT_WITHIN: Duration = Duration::from_secs(30);
/// How long a connection that has gone silent is kept for the browser to come back to.
const KEEP_FALTERING: Duration = Duration::from_secs(30);
/// How long nothing may be sent on a connection before a quiet packet is. Just below the distance of two looks at it.
const QUIET_EVERY: Duration = Duration::from_millis(900);
/// How long a connection that stands may wait to be asked for what it has to say beside audio: its reports have
/// seconds, and all else than audio is asked for at once.
const SETTLE_WITHIN: Duration = Duration::from_millis(500);
/// How often it is noted where a stream stands.
const MARK_EVERY: Duration = Duration::from_secs(1);
/// How often the connection tells what the browser reports: about as often as browsers do.
pub(super) const REPORTS_EVERY: Duration = Duration::from_secs(5);
/// The longest message on a data channel that is sent back, in octets: a probe has a few.
const LONGEST_PROBE: usize = 64;

pub(super) struct Leg {
    rtc: Rtc,
    pub(super) generation: u64,
    pub(super) fragment: String,
    /// By what a later offer is known to be this connection's.
    certificate: String,
    /// Where the browser has proved to be; the newest last.
    pub(super) addresses: Vec<SocketAddr>,
    state: State,
    /// When the connection wants to be woken.
    wake: Instant,
    mid: Mid,
    ssrc: Ssrc,
    codec: Codec,
    event: Option<u8>,
    out: OutStream,
    /// When the last packet was given to it.
    sent: Duration,
    /// What came from the browser, and what the browser says about what it hears.
    reception: Reception,
    far: FarEar,
    begun: Instant,
    next_mark: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Connecting { until: Instant },
    Up,
    Faltering { until: Instant },
    Gone,
}

/// When enough was taken out of a connection. Each further question walks all its parts, so where audio alone is
/// expected, the answer to the first is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Enough {
    /// Nothing is left.
    Everything,
    /// An audio packet came out, in either direction, or nothing is left.
    OnePacket,
}

/// What the world has to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Up,
    Down(Down),
}

impl Leg {
    /// Answers a browser's offer, with the certificate if there is one, else one of its own. `chance` seeds sequence and
    /// timestamp. Which of the agent's connections it is, is said when it is installed.
    pub(super) fn answer(
        offer: &str,
        candidates: &[SocketAddr],
        certificate: Option<DtlsCert>,
        chance: u128,
        now: Instant,
    ) -> Result<(Self, String), GatewayError> {
        let parsed = parse(offer)?;
        #[expect(clippy::redundant_closure_for_method_calls, reason = "the type of the line cannot be named")]
        let mids: Vec<Mid> = parsed.media_lines.iter().map(|line| line.mid()).collect();
        let mut config = offer::configure(offer);
        if let Some(certificate) = certificate {
            config = config.set_dtls_cert(certificate);
        }
        let mut rtc = config.build(now);
        let fragment = rtc.direct_api().local_ice_credentials().ufrag;
        for address in candidates {
            let candidate = Candidate::host(*address, "udp").map_err(|error| refuse(&error))?;
            rtc.add_local_candidate(candidate);
        }
        let answer = rtc.sdp_api().accept_offer(parsed).map_err(|error| refuse(&error))?;
        let mid = mids
            .into_iter()
            .find(|mid| rtc.media(*mid).is_some_and(|media| media.kind() == MediaKind::Audio))
            .ok_or_else(|| refuse(&"it has no audio"))?;
        let (codec, event) = offer::negotiated(&rtc, mid).ok_or_else(|| refuse(&"it has neither PCMU nor PCMA"))?;
        let ssrc = rtc
            .direct_api()
            .stream_tx_by_mid(mid, None)
            .map(|stream| stream.ssrc())
            .ok_or_else(|| refuse(&"it does not let us send"))?;
        let dice = Dice::of(chance);
        let out = OutStream::new(*ssrc, dice.sequence, dice.timestamp);
        let state = State::Connecting { until: now + CONNECT_WITHIN };
        let addresses = Vec::new();
        let leg = Self {
            rtc,
            generation: 0,
            fragment,
            certificate: offer::certificate(offer).unwrap_or_default().to_owned(),
            addresses,
            state,
            wake: now,
            mid,
            ssrc,
            codec,
            event,
            out,
            sent: Duration::ZERO,
            reception: Reception::default(),
            far: FarEar::default(),
            begun: now,
            next_mark: Duration::ZERO,
        };
        Ok((leg, answer.to_sdp_string()))
    }

    /// Whether an offer is one of this connection's own.
    pub(super) fn has_made(&self, offer: &str) -> bool {
        offer::certificate(offer).is_some_and(|certificate| certificate == self.certificate)
    }

    /// Answers a later offer of this connection, with which the browser looks for its ways to us anew (RFC 8445 §9, ICE
    /// restart). Cipher and streams go on as they are, and so does the old way until the new one is found.
    pub(super) fn restart(&mut self, offer: &str, now: Instant) -> Result<String, GatewayError> {
        let answer = self.rtc.sdp_api().accept_offer(parse(offer)?).map_err(|error| refuse(&error));
        // Also where the offer was refused in the end: what the browser names it by is looked for.
        self.fragment = self.rtc.direct_api().local_ice_credentials().ufrag;
        self.wake = now;
        answer.map(|answer| answer.to_sdp_string())
    }

    pub(super) fn is_up(&self) -> bool {
        self.state == State::Up
    }

    pub(super) fn is_gone(&self) -> bool {
        self.state == State::Gone
    }

    pub(super) fn codec(&self) -> Codec {
        self.codec
    }

    /// The next packets come from somewhere else.
    pub(super) fn cut(&mut self) {
        self.out.cut();
    }

    /// Whether nothing has been sent for so long that the browser cannot know whether the connection lives.
    pub(super) fn is_idle(&self, now: Duration) -> bool {
        self.is_up() && now.saturating_sub(self.sent) >= QUIET_EVERY
    }

    /// When [`Leg::on_tick`] has something to do.
    pub(super) fn deadline(&self) -> Instant {
        match self.state {
            State::Connecting { until } | State::Faltering { until } => self.wake.min(until),
            State::Up | State::Gone => self.wake,
        }
    }

    /// Whether a STUN message that bears our fragment is truly this browser's.
    pub(super) fn vouches_for(&self, now: Instant, source: SocketAddr, to: SocketAddr, datagram: &[u8]) -> bool {
        Receive::new(Protocol::Udp, source, to, datagram)
            .is_ok_and(|received| self.rtc.accepts(&Input::Receive(now, received)))
    }

    /// Takes a datagram; hands what the browser says to `say`.
    pub(super) fn on_datagram(
        &mut self,
        now: Instant,
        (source, to): (SocketAddr, SocketAddr),
        datagram: &[u8],
        socket: &UdpSocket,
        say: impl FnMut(&RtpPacket, Spoken),
    ) -> Option<Change> {
        let received = Receive::new(Protocol::Udp, source, to, datagram).ok()?;
        let enough = if self.is_up() && is_audio(datagram) { Enough::OnePacket } else { Enough::Everything };
        self.feed(now, Input::Receive(now, received), enough, socket, say)
    }

    /// Does what is due by the clock.
    pub(super) fn on_tick(&mut self, now: Instant, socket: &UdpSocket) -> Option<Change> {
        let change = if now >= self.wake {
            self.feed(now, Input::Timeout(now), Enough::Everything, socket, |_, _| {})
        } else {
            None
        };
        match self.state {
            State::Connecting { until } if now >= until => {
                self.state = State::Gone;
                Some(Change::Down(Down::Lost))
            }
            State::Faltering { until } if now >= until => {
                self.state = State::Gone;
                // That it is lost was said when it faltered.
                change
            }
            State::Connecting { .. } | State::Up | State::Faltering { .. } | State::Gone => change,
        }
    }

    /// Plays one frame that was made here, in [`Leg::codec`].
    pub(super) fn play(&mut self, at: Instant, now: Duration, frame: Arc<[u8]>, socket: &UdpSocket) -> Option<Change> {
        if !self.is_up() {
            return None;
        }
        let stamp = self.out.generated(now, u32::try_from(frame.len()).unwrap_or(0));
        self.sent = now;
        self.write(at, stamp, self.codec.payload_type(), frame, socket)
    }

    /// Passes a customer's packet on, in the browser's law.
    pub(super) fn relay(
        &mut self,
        at: Instant,
        now: Duration,
        header: &Header,
        payload: &[u8],
        said: Spoken,
        socket: &UdpSocket,
    ) -> Option<Change> {
        if !self.is_up() {
            return None;
        }
        let (kind, samples, payload_type) = match said {
            Spoken::Audio(_) => (Relayed::Audio, u32::try_from(payload.len()).unwrap_or(0), self.codec.payload_type()),
            Spoken::Event => (Relayed::Event, 0, self.event?),
        };
        let stamp = self.out.relayed(now, header, samples, kind)?;
        self.sent = now;
        // The one allocation a packet on this way: the connection keeps its payloads shared.
        let payload: Arc<[u8]> = match said {
            Spoken::Audio(from) if from != self.codec => {
                payload.iter().map(|octet| media::g711::convert(from, self.codec, *octet)).collect()
            }
            Spoken::Audio(_) | Spoken::Event => Arc::from(payload),
        };
        self.write(at, stamp, payload_type, payload, socket)
    }

    /// Closes towards the browser, as far as one round of packets does.
    pub(super) fn close(&mut self, now: Instant, socket: &UdpSocket) {
        if self.state != State::Gone && self.rtc.close().is_ok() {
            self.drain(now, Enough::Everything, socket, |_, _| {});
        }
        self.state = State::Gone;
    }

    fn write(
        &mut self,
        at: Instant,
        stamp: Stamp,
        payload_type: u8,
        payload: Arc<[u8]>,
        socket: &UdpSocket,
    ) -> Option<Change> {
        let mut api = self.rtc.direct_api();
        let stream = api.stream_tx(&self.ssrc)?;
        let packet = RtpWrite::new(payload_type.into(), stamp.sequence.into(), stamp.timestamp, at, payload);
        stream.write_rtp(packet.marker(stamp.marker));
        // A queued packet goes out at the next moment that the connection is told of: now.
        self.feed(at, Input::Timeout(at), Enough::OnePacket, socket, |_, _| {})
    }

    fn feed(
        &mut self,
        now: Instant,
        input: Input<'_>,
        enough: Enough,
        socket: &UdpSocket,
        say: impl FnMut(&RtpPacket, Spoken),
    ) -> Option<Change> {
        let before = self.state;
        if let Err(error) = self.rtc.handle_input(input) {
            // Anybody can send rubbish; the connection itself says whether it survived it.
            tracing::debug!(%error, "a browser's packet was refused");
        }
        self.drain(now, enough, socket, say);
        match (before, self.state) {
            (State::Connecting { .. } | State::Faltering { .. }, State::Up) => Some(Change::Up),
            (State::Up, State::Faltering { .. }) => Some(Change::Down(Down::Lost)),
            (State::Up | State::Connecting { .. }, State::Gone) => Some(Change::Down(Down::Closed)),
            (
                State::Connecting { .. } | State::Up | State::Faltering { .. } | State::Gone,
                State::Connecting { .. } | State::Up | State::Faltering { .. } | State::Gone,
            ) => None,
        }
    }

    /// Takes out what the connection has to say: after each input there may be something.
    fn drain(&mut self, now: Instant, enough: Enough, socket: &UdpSocket, mut say: impl FnMut(&RtpPacket, Spoken)) {
        loop {
            let was_audio = match self.rtc.poll_output() {
                Ok(Output::Transmit(packet)) => {
                    // What the network refuses now is lost, as everything on UDP may be.
                    let _ = socket.send_to(&packet.contents, packet.destination);
                    is_audio(&packet.contents)
                }
                Ok(Output::Event(Event::RtpPacket(packet))) => {
                    self.reception.on_packet(&header(&packet), now.saturating_duration_since(self.begun));
                    if let Some(said) = self.said(&packet) {
                        say(&packet, said);
                    }
                    true
                }
                Ok(Output::Event(Event::ChannelData(probe))) => {
                    self.send_back(&probe);
                    false
                }
                Ok(Output::Event(event)) => {
                    self.on_event(now, &event);
                    false
                }
                Ok(Output::Timeout(wake)) => {
                    self.wake = wake;
                    break;
                }
                Err(error) => {
                    tracing::debug!(%error, "a browser's connection stumbled");
                    self.wake = now + Duration::from_millis(100);
                    break;
                }
            };
            if was_audio && enough == Enough::OnePacket {
                self.wake = self.wake.min(now + SETTLE_WITHIN);
                break;
            }
        }
        if !self.rtc.is_alive() {
            self.state = State::Gone;
        }
    }

    /// What came and went so far.
    pub(super) fn counts(&self) -> Counts {
        Counts::of(&self.reception, &self.far)
    }

    /// Remembers where its stream stands, for the browser's reports.
    pub(super) fn mark(&mut self, now: Duration) {
        if now >= self.next_mark {
            self.next_mark = now + MARK_EVERY;
            self.far.mark(self.out.place());
        }
    }

    /// By the echo of its probe the browser knows that both ways live, while nobody speaks.
    fn send_back(&mut self, probe: &ChannelData) {
        if probe.data.len() <= LONGEST_PROBE
            && let Some(mut channel) = self.rtc.channel(probe.id)
            && let Err(error) = channel.write(probe.binary, &probe.data)
        {
            tracing::debug!(%error, "a browser's probe could not be sent back");
        }
    }

    fn on_event(&mut self, now: Instant, event: &Event) {
        if let Event::MediaEgressStats(stats) = event {
            if let Some(report) = &stats.remote {
                let jitter_ms = f64::from(report.jitter) * 1_000.0 / f64::from(media::RATE);
                self.far.on_report(*report.maximum_sequence_number, signed(report.packets_lost), jitter_ms);
            }
            self.far.on_round_trip(stats.rtt);
            return;
        }
        self.state = match (event, self.state) {
            (Event::Closed, _) => State::Gone,
            (Event::Connected, State::Connecting { .. }) => State::Up,
            (Event::IceConnectionStateChange(ice), state) => match (ice, state) {
                (IceConnectionState::Disconnected, State::Up) => State::Faltering { until: now + KEEP_FALTERING },
                (IceConnectionState::Connected | IceConnectionState::Completed, State::Faltering { .. }) => State::Up,
                (
                    IceConnectionState::New
                    | IceConnectionState::Checking
                    | IceConnectionState::Connected
                    | IceConnectionState::Completed
                    | IceConnectionState::Disconnected,
                    state,
                ) => state,
            },
            (_, state) => state,
        };
    }

    fn said(&self, packet: &RtpPacket) -> Option<Spoken> {
        let payload_type = *packet.header.payload_type;
        if Some(payload_type) == self.event {
            return Some(Spoken::Event);
        }
        Codec::of_payload_type(payload_type).map(Spoken::Audio)
    }
}

fn refuse(why: &dyn ToString) -> GatewayError {
    GatewayError::Offer(why.to_string())
}

fn parse(offer: &str) -> Result<SdpOffer, GatewayError> {
    if offer.len() > offer::LONGEST {
        return Err(refuse(&"it is too long"));
    }
    SdpOffer::from_sdp_string(offer).map_err(|error| refuse(&error))
}

/// A packet's header as streams are counted by.
pub(super) fn header(packet: &RtpPacket) -> Header {
    Header {
        marker: packet.header.marker,
        payload_type: *packet.header.payload_type,
        sequence: packet.header.sequence_number,
        timestamp: packet.header.timestamp,
        ssrc: *packet.header.ssrc,
    }
}

/// The count of lost packets has 24 bits with a sign (RFC 3550 §6.4.1), which are handed on without it.
fn signed(lost: u64) -> i64 {
    let lost = i64::try_from(lost & 0xFF_FFFF).unwrap_or(0);
    if lost < 0x80_0000 { lost } else { lost - 0x100_0000 }
}

/// Whether a datagram of a connection is SRTP: neither STUN nor DTLS (RFC 7983 §7), nor SRTCP (RFC 5761 §4).
fn is_audio(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| (128..=191).contains(first)) && !media::rtp::is_rtcp(datagram)
}

impl std::fmt::Debug for Leg {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Leg").field("generation", &self.generation).field("mid", &self.mid).finish_non_exhaustive()
    }
}
