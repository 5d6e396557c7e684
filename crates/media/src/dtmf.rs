//! Keys of a telephone as named events in RTP (RFC 4733): what is sent for a press, and which presses were received.
//!
//! ```text
//!   press ─► Sender ── 20, 40 … 100 ms ── end, end, end ─► pause ─► the next
//!                              any of them lost, late, twice
//!   press ◄─ Receiver ◄────────────────────────────────────────────┘  exactly once
//! ```
//!
//! Nothing here knows which payload type was negotiated, nor what a key means. Clock: 8 kHz (RFC 4733 §2.1).

use core::time::Duration;

use crate::codec::{FRAME, RATE};

/// Events are the keys `0`–`9`, `*`, `#`, `A`–`D` (RFC 4733 §3.2, table 3); a hook flash and all that follows is none.
pub const KEYS: u8 = 16;
/// How long a key sounds that is sent, in packets of 20 ms: 100 ms, well above the 40 ms that receivers need
/// (ITU-T Q.24).
const TONE: u16 = 5;
/// How often the end is said (RFC 4733 §2.5.1.4).
const ENDS: u16 = 3;
/// How long the line is left to the voice before the next key, in packets of 20 ms: with the repeated ends 80 ms of
/// silence between two tones.
const PAUSE: u16 = 2;
/// How loud a key is said to be, in −dBm0: in the middle of what receivers take.
const VOLUME: u8 = 10;
/// Samples of one packet.
const STEP: u16 = 160;
const _: () = assert!(STEP as usize == FRAME, "a packet of events lasts as long as one of audio");
/// From here on the duration of an event is near its end of 16 bits: what follows without a new beginning is the
/// same key, held on (RFC 4733 §2.5.1.3). 7.5 s.
const LONG: u32 = RATE * 15 / 2;
/// How many events a late packet is still told from.
const KNOWN: usize = 16;

/// What one packet says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Which event.
    pub code: u8,
    /// Whether it is over.
    pub end: bool,
    /// In −dBm0, 0–63.
    pub volume: u8,
    /// How long it has lasted so far, in samples.
    pub duration: u16,
}

impl Event {
    /// Reads a payload (RFC 4733 §2.3); what follows the four octets is left alone. `None` where it is too short.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let [code, flags, upper, lower] = *payload.first_chunk::<4>()?;
        let duration = u16::from_be_bytes([upper, lower]);
        Some(Self { code, end: flags & 0x80 != 0, volume: flags & 0x3F, duration })
    }

    /// The payload.
    pub fn octets(self) -> [u8; 4] {
        let [upper, lower] = self.duration.to_be_bytes();
        [self.code, if self.end { 0x80 } else { 0 } | (self.volume & 0x3F), upper, lower]
    }
}

/// Where a received packet of events stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its source.
    pub ssrc: u32,
    /// When its event began: what tells one event from another (RFC 4733 §2.2.2).
    pub timestamp: u32,
    /// Whether an event begins with it.
    pub marker: bool,
}

/// Makes presses out of packets, of which any may be lost, late or doubled.
#[derive(Clone, Debug, Default)]
pub struct Receiver {
    ssrc: u32,
    /// The beginnings of the last events, the newest first.
    known: [Option<u32>; KNOWN],
    last: Option<Last>,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    code: u8,
    timestamp: u32,
    ended: bool,
}

impl Receiver {
    /// Takes a packet. Gives the key (0–15) with the first packet of a press that comes, be it the last one that was
    /// sent. A press counts however quiet it is: the far end's detector has decided already.
    pub fn on_packet(&mut self, place: Place, payload: &[u8]) -> Option<u8> {
        let event = Event::parse(payload)?;
        if place.ssrc != self.ssrc {
            *self = Self { ssrc: place.ssrc, ..Self::default() };
        }
        if self.known.contains(&Some(place.timestamp)) {
            if let Some(last) = self.last.as_mut().filter(|last| last.timestamp == place.timestamp) {
                last.ended |= event.end;
            }
            return None;
        }
        let newest = self.last.is_none_or(|last| is_after(place.timestamp, last.timestamp));
        let goes_on = self.last.is_some_and(|last| last.is_continued_by(place, event));
        self.known.rotate_right(1);
        if let Some(first) = self.known.first_mut() {
            *first = Some(place.timestamp);
        }
        if newest {
            self.last = Some(Last { code: event.code, timestamp: place.timestamp, ended: event.end });
        }
        (!goes_on && event.code < KEYS).then_some(event.code)
    }
}

impl Last {
    /// A key held for longer than 16 bits can say is sent in parts, each with a beginning of its own but without a
    /// marker, and only the last part has an end (RFC 4733 §2.5.1.3).
    fn is_continued_by(self, place: Place, event: Event) -> bool {
        let later = place.timestamp.wrapping_sub(self.timestamp);
        !self.ended && !place.marker && event.code == self.code && (LONG..=u32::from(u16::MAX)).contains(&later)
    }
}

fn is_after(a: u32, b: u32) -> bool {
    a != b && a.wrapping_sub(b) < 1 << 31
}

/// One packet that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The event begins: the packet has the marker, and its timestamp is that of all that follow.
    pub begins: bool,
    /// How far the event reaches beyond its timestamp, in samples.
    pub reaches: u32,
    /// The payload.
    pub payload: [u8; 4],
}

/// What a line carries at one tick of 20 ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// This packet of an event, and nothing else.
    Key(Due),
    /// Anything but keys.
    Free,
}

/// Sends one key after the other, one packet a tick of 20 ms.
#[derive(Clone, Debug, Default)]
pub struct Sender {
    waiting: std::collections::VecDeque<u8>,
    /// The key in hand, and which of its packets is next.
    now: Option<(u8, u16)>,
    pause: u16,
}

impl Sender {
    /// How many keys may wait: more than anybody types before hearing an answer.
    pub const LIMIT: usize = 64;
    /// From the beginning of a key to that of the next.
    pub const EVERY: Duration = Duration::from_millis(20 * (TONE + ENDS - 1 + PAUSE) as u64);

    /// Sends these keys (0–15) after those that wait. False, and nothing is sent, where they are too many or no keys.
    pub fn press(&mut self, keys: &[u8]) -> bool {
        if self.waiting.len() + keys.len() > Self::LIMIT || keys.iter().any(|key| *key >= KEYS) {
            return false;
        }
        self.waiting.extend(keys);
        true
    }

    /// Whether a key sounds at present: nothing else is sent then.
    pub fn is_sounding(&self) -> bool {
        self.now.is_some()
    }

    /// Forgets what waits. A key that sounds already comes to its end: the far end counts it in any case.
    pub fn forget(&mut self) {
        self.waiting.clear();
    }

    /// One tick.
    pub fn on_tick(&mut self) -> Turn {
        if self.now.is_none() {
            if self.pause > 0 {
                self.pause -= 1;
                return Turn::Free;
            }
            let Some(key) = self.waiting.pop_front() else { return Turn::Free };
            self.now = Some((key, 0));
        }
        let Some((code, packet)) = self.now else { return Turn::Free };
        let last = TONE + ENDS - 2;
        self.now = (packet < last).then_some((code, packet + 1));
        if packet == last {
            self.pause = PAUSE;
        }
        let duration = STEP * (packet + 1).min(TONE);
        let event = Event { code, end: packet + 1 >= TONE, volume: VOLUME, duration };
        Turn::Key(Due { begins: packet == 0, reaches: duration.into(), payload: event.octets() })
    }
}

#[cfg(test)]
mod tests;
