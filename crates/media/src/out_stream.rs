//! One outgoing stream over all that is ever sent on it: relayed audio, music, tones, and the pauses between.
//!
//! **The timestamp rule.** A stream keeps one SSRC and consecutive sequence numbers for life. Within a run of packets,
//! timestamps go on by what the packets contain; after a pause or a change of source they follow the clock, and the
//! first packet carries the marker (RFC 3551 §4.1). A stream that went on from its last timestamp instead would be
//! taken for one that is late by the whole pause: receivers then lose half a second and keep half a second of delay.
//!
//! Relayed packets keep the distances of their source, so that loss and disorder before us stay visible behind us; a
//! sequence number is never used for two packets, which SRTP forbids (RFC 3711 §9.1).
//!
//! Time is counted from any fixed origin, on a monotonic clock.

use core::time::Duration;

use crate::codec::RATE;
use crate::rtcp::SenderInfo;
use crate::rtp::Header;

/// Where a packet stands in an outgoing stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The sequence number, extended by its cycles; the lower 16 bits go on the wire.
    pub sequence: u64,
    /// The timestamp.
    pub timestamp: u32,
    /// Whether a run begins here.
    pub marker: bool,
}

/// How far a stream has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The sequence number of the next packet, extended by its cycles.
    pub next: u64,
    /// How many numbers before it no packet has had: the source's packets with them never came.
    pub passed_over: u64,
}

/// What kind of payload is relayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relayed {
    /// Audio: its timestamps must keep step with the clock.
    Audio,
    /// A telephone event: its timestamp stands still while it lasts (RFC 4733 §2.2).
    Event,
}

/// One outgoing stream.
#[derive(Clone, Debug)]
pub struct OutStream {
    ssrc: u32,
    origin: u32,
    /// The first sequence number.
    first: u64,
    next: u64,
    last: Option<Last>,
    run: Option<Run>,
    /// Where the key began that was sent last.
    event: Option<u32>,
    cut: bool,
    packets: u32,
    octets: u32,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    /// Where the packet after it would stand.
    end: u32,
    at: Duration,
}

/// How a source's numbers become ours.
#[derive(Clone, Copy, Debug)]
struct Run {
    ssrc: u32,
    /// The highest sequence number of the source, and ours for it.
    source: u16,
    ours: u64,
    /// Ours for the first packet of the run: what comes from before it is too late.
    first: u64,
    /// Ours minus the source's.
    shift: u32,
    /// Which of the 64 packets up to the highest have been sent; bit 0 is the highest.
    sent: u64,
}

/// A pause longer than this is a gap. A shorter one may be a network that stalled: what it held back then comes at
/// once, and must keep its distances.
const GAP: Duration = Duration::from_millis(500);
/// How far a generated stream, or a source after a gap, may stand from the clock: 60 ms, in samples.
const STEP: u32 = RATE * 60 / 1_000;
/// How far a source without gaps may stand from the clock, by drift or by a jump: 500 ms, in samples.
const STRAY: u32 = RATE / 2;
/// RFC 3550 A.1: a greater jump of the sequence number is a new beginning.
const MAX_DROPOUT: u16 = 3_000;
/// Half the circle of timestamps, and more than three days: of what was sent before, the clock cannot tell whether it
/// lies ahead or behind.
const FORGOTTEN: Duration = Duration::from_secs((1 << 31) / RATE as u64);
/// How far back a packet may lie and still be passed on.
const WINDOW: u16 = 64;

impl OutStream {
    /// A stream that has sent nothing. `sequence` and `timestamp` should be random (RFC 3550 §5.1), the former below
    /// 2^15, so that the first packets are not lost across a wrap that the receiver cannot see (RFC 3711 §3.3.1).
    pub fn new(ssrc: u32, sequence: u16, timestamp: u32) -> Self {
        Self {
            ssrc,
            origin: timestamp,
            first: u64::from(sequence & 0x7FFF),
            next: u64::from(sequence & 0x7FFF),
            last: None,
            run: None,
            event: None,
            cut: true,
            packets: 0,
            octets: 0,
        }
    }

    /// Its SSRC.
    pub fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Packets stamped so far; wraps.
    pub fn packets(&self) -> u32 {
        self.packets
    }

    /// Where the stream stands. A receiver misses what was passed over, too, though nothing was lost on the way to it.
    pub fn place(&self) -> Place {
        let used = self.next - self.first;
        Place { next: self.next, passed_over: used.saturating_sub(u64::from(self.packets)) }
    }

    /// The next packet begins a run: the source was changed.
    pub fn cut(&mut self) {
        self.cut = true;
        self.run = None;
    }

    /// Stamps a packet that was made here, `samples` long, to be sent at `now`.
    pub fn generated(&mut self, now: Duration, samples: u32) -> Stamp {
        if self.run.take().is_some() {
            self.cut = true;
        }
        let clock = self.wake(now);
        let (timestamp, marker) = match self.last {
            Some(last) if !self.cut && ahead(clock, last.end) <= i64::from(STEP) => (last.end, false),
            Some(_) | None => (self.resume(clock), true),
        };
        let sequence = self.next;
        self.next += 1;
        self.note(timestamp, samples, now);
        Stamp { sequence, timestamp, marker }
    }

    /// Stamps a packet of a key that is sent from here (RFC 4733 §2.2): all packets of one have the timestamp at which it
    /// `begins`. `reaches` is how far it goes beyond that by now, in samples; what follows stands no earlier.
    pub fn event(&mut self, now: Duration, begins: bool, reaches: u32) -> Stamp {
        self.run = None;
        let clock = self.wake(now);
        let timestamp = match self.event {
            Some(begun) if !begins => begun,
            Some(_) | None => self.resume(clock),
        };
        self.event = Some(timestamp);
        // The voice after it is another source.
        self.cut = true;
        let sequence = self.next;
        self.next += 1;
        self.note(timestamp, reaches, now);
        Stamp { sequence, timestamp, marker: begins }
    }

    /// Stamps a packet that came with `header` and holds `samples`, to be passed on at `now`. `None`: drop it, for it
    /// is a duplicate or comes from before the run began.
    pub fn relayed(&mut self, now: Duration, header: &Header, samples: u32, kind: Relayed) -> Option<Stamp> {
        let clock = self.wake(now);
        let Some(mut run) = self.run.filter(|run| run.ssrc == header.ssrc && !self.cut) else {
            return Some(self.begin(clock, now, header, samples));
        };
        let forward = header.sequence.wrapping_sub(run.source);
        if forward == 0 || forward > u16::MAX - WINDOW {
            return self.late(&run, header);
        }
        if forward > MAX_DROPOUT {
            return Some(self.begin(clock, now, header, samples));
        }
        let timestamp = header.timestamp.wrapping_add(run.shift);
        let paused = self.last.is_none_or(|last| now.saturating_sub(last.at) > GAP);
        let limit = i64::from(if paused { STEP } else { STRAY });
        let behind = ahead(clock, timestamp) > limit;
        // A stream that is ahead of the clock as a whole cannot be set back; a source that jumps ahead can.
        let jumps = ahead(timestamp, clock) > limit && self.last.is_none_or(|last| ahead(timestamp, last.end) > limit);
        if kind == Relayed::Audio && (behind || jumps) {
            return Some(self.begin(clock, now, header, samples));
        }
        run.source = header.sequence;
        run.ours += u64::from(forward);
        run.sent = if forward < WINDOW { (run.sent << forward) | 1 } else { 1 };
        self.run = Some(run);
        self.next = run.ours + 1;
        self.note(timestamp, samples, now);
        Some(Stamp { sequence: run.ours, timestamp, marker: header.marker || paused })
    }

    /// Counts the payload of a packet that was really sent, for the sender reports.
    pub fn sent(&mut self, octets: usize) {
        self.octets = self.octets.wrapping_add(u32::try_from(octets).unwrap_or(0));
    }

    /// What a sender report says at `now`, which is `ntp` on the wall clock; `None` before the first packet.
    pub fn sender_info(&self, now: Duration, ntp: u64) -> Option<SenderInfo> {
        self.last?;
        let shift = self.last.map_or(0, |last| ahead(last.end, self.clock(last.at)));
        // The report's timestamp lies on the line of the last packets, not on that of our clock (RFC 3550 §6.4.1).
        let timestamp = self.clock(now).wrapping_add_signed(i32::try_from(shift).unwrap_or(0));
        Some(SenderInfo { ntp, timestamp, packets: self.packets, octets: self.octets })
    }

    /// The clock's timestamp at `now`; forgets what was sent too long ago to be compared with it.
    fn wake(&mut self, now: Duration) -> u32 {
        if self.last.is_some_and(|last| now.saturating_sub(last.at) >= FORGOTTEN) {
            self.cut();
            self.last = None;
        }
        self.clock(now)
    }

    fn begin(&mut self, clock: u32, now: Duration, header: &Header, samples: u32) -> Stamp {
        let timestamp = self.resume(clock);
        let ours = self.next;
        self.run = Some(Run {
            ssrc: header.ssrc,
            source: header.sequence,
            ours,
            first: ours,
            shift: timestamp.wrapping_sub(header.timestamp),
            sent: 1,
        });
        self.next += 1;
        self.note(timestamp, samples, now);
        Stamp { sequence: ours, timestamp, marker: true }
    }

    fn late(&mut self, run: &Run, header: &Header) -> Option<Stamp> {
        let back = run.source.wrapping_sub(header.sequence);
        let sequence = run.ours.checked_sub(u64::from(back)).filter(|sequence| *sequence >= run.first)?;
        let bit = 1_u64.checked_shl(u32::from(back))?;
        if run.sent & bit != 0 {
            return None;
        }
        self.run = Some(Run { sent: run.sent | bit, ..*run });
        self.packets = self.packets.wrapping_add(1);
        Some(Stamp { sequence, timestamp: header.timestamp.wrapping_add(run.shift), marker: header.marker })
    }

    /// Where a run begins: by the clock, but never before the end of what was sent.
    fn resume(&mut self, clock: u32) -> u32 {
        self.cut = false;
        match self.last {
            Some(last) if ahead(last.end, clock) > 0 => last.end,
            Some(_) | None => clock,
        }
    }

    fn note(&mut self, timestamp: u32, samples: u32, now: Duration) {
        self.last = Some(Last { end: timestamp.wrapping_add(samples), at: now });
        self.packets = self.packets.wrapping_add(1);
    }

    fn clock(&self, now: Duration) -> u32 {
        let samples = now.as_micros() * u128::from(RATE) / 1_000_000;
        self.origin.wrapping_add(u32::try_from(samples % (1 << 32)).unwrap_or(0))
    }
}

/// How far `a` lies ahead of `b` on the circle of timestamps; negative where it lies behind.
fn ahead(a: u32, b: u32) -> i64 {
    let forward = a.wrapping_sub(b);
    if forward < 1 << 31 { i64::from(forward) } else { i64::from(forward) - (1 << 32) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn packet(sequence: u16, timestamp: u32) -> Header {
        Header { marker: false, payload_type: 0, sequence, timestamp, ssrc: 5 }
    }

    fn relay(stream: &mut OutStream, at: u64, sequence: u16, timestamp: u32) -> Option<Stamp> {
        stream.relayed(ms(at), &packet(sequence, timestamp), 160, Relayed::Audio)
    }

    #[test]
    fn a_run_goes_on_by_its_samples_though_packets_come_unevenly() {
        let mut stream = OutStream::new(1, 0, 1_000);
        for (n, late) in [0_u64, 7, 15, 3, 0, 19].into_iter().enumerate() {
            let n = n as u64;
            let stamp = stream.generated(ms(n * 20 + late), 160);
            let timestamp = 1_000 + u32::try_from(n).unwrap() * 160;
            assert_eq!(stamp, Stamp { sequence: n, timestamp, marker: n == 0 });
        }
    }

    #[test]
    fn after_a_gap_the_timestamp_follows_the_clock_and_the_marker_is_set() {
        let mut stream = OutStream::new(1, 0, 0);
        relay(&mut stream, 0, 100, 555);
        relay(&mut stream, 20, 101, 715);
        // The source went on from its last timestamp, as if the 5 s had not been.
        let stamp = relay(&mut stream, 5_020, 102, 875).unwrap();
        assert_eq!(stamp, Stamp { sequence: 2, timestamp: 5_020 * 8, marker: true });
        let stamp = relay(&mut stream, 5_040, 103, 1_035).unwrap();
        assert_eq!(stamp, Stamp { sequence: 3, timestamp: 5_040 * 8, marker: false });
    }

    #[test]
    fn a_source_that_keeps_time_through_its_pause_is_left_alone_but_marked() {
        let mut stream = OutStream::new(1, 0, 0);
        relay(&mut stream, 0, 100, 0);
        let stamp = relay(&mut stream, 1_010, 101, 8_000).unwrap();
        assert_eq!(stamp, Stamp { sequence: 1, timestamp: 8_000, marker: true });
    }

    #[test]
    fn what_the_source_lost_counts_as_passed_over_until_it_comes_late() {
        let mut stream = OutStream::new(1, 40, 0);
        assert_eq!(stream.place(), Place { next: 40, passed_over: 0 });
        for n in [0_u16, 1, 4, 5] {
            relay(&mut stream, u64::from(n) * 20, n, u32::from(n) * 160);
        }
        assert_eq!(stream.place(), Place { next: 46, passed_over: 2 });
        relay(&mut stream, 130, 3, 480);
        assert_eq!(stream.place(), Place { next: 46, passed_over: 1 });
        stream.generated(ms(2_000), 160);
        assert_eq!(stream.place(), Place { next: 47, passed_over: 1 });
    }

    #[test]
    fn what_a_stalled_network_held_back_keeps_its_distances() {
        let mut stream = OutStream::new(1, 0, 0);
        for n in 0..100_u16 {
            // Packets 20 to 40 all come at 800 ms.
            let at = if (20..40).contains(&n) { 800 } else { u64::from(n) * 20 };
            let stamp = relay(&mut stream, at, n, u32::from(n) * 160).unwrap();
            assert_eq!((stamp.timestamp, stamp.marker), (u32::from(n) * 160, n == 0), "{n}");
        }
    }

    #[test]
    fn a_source_that_jumps_ahead_is_brought_back_once() {
        let mut stream = OutStream::new(1, 0, 0);
        let markers: Vec<u16> = (0..20_u16)
            .filter(|n| {
                let jump = if *n < 10 { 0 } else { 80_000 };
                let stamp = relay(&mut stream, u64::from(*n) * 20, *n, u32::from(*n) * 160 + jump).unwrap();
                assert_eq!(stamp.timestamp, u32::from(*n) * 160);
                stamp.marker
            })
            .collect();
        assert_eq!(markers, [0, 10]);
    }

    #[test]
    fn a_key_keeps_the_timestamp_of_its_beginning_and_the_voice_goes_on_behind_it() {
        let mut stream = OutStream::new(1, 0, 0);
        relay(&mut stream, 0, 100, 0);
        for n in 1..=5_u64 {
            let stamp = stream.event(ms(n * 20), n == 1, u32::try_from(n).unwrap() * 160);
            assert_eq!(stamp, Stamp { sequence: n, timestamp: 160, marker: n == 1 });
        }
        let stamp = relay(&mut stream, 120, 106, 960).unwrap();
        assert_eq!(stamp, Stamp { sequence: 6, timestamp: 960, marker: true });
        let next = stream.event(ms(140), true, 160);
        assert_eq!(next, Stamp { sequence: 7, timestamp: 1_120, marker: true }, "the next key is another event");
    }

    #[test]
    fn a_change_of_source_keeps_ssrc_and_sequence() {
        let mut stream = OutStream::new(9, 0, 0);
        relay(&mut stream, 0, 60_000, 999_999);
        stream.generated(ms(20), 160);
        let music = stream.generated(ms(40), 160);
        assert_eq!(music, Stamp { sequence: 2, timestamp: 320, marker: false });
        let back = relay(&mut stream, 60, 60_003, 999_999 + 480).unwrap();
        assert_eq!(back, Stamp { sequence: 3, timestamp: 480, marker: true });
        assert_eq!(stream.ssrc(), 9);
    }

    #[test]
    fn timestamps_never_run_back_at_a_change_of_source() {
        let mut stream = OutStream::new(1, 0, 0);
        for n in 0..10_u16 {
            // All at once: the stream is 180 ms ahead of the clock.
            relay(&mut stream, 0, n, u32::from(n) * 160);
        }
        assert_eq!(stream.generated(ms(1), 160).timestamp, 1_600);
    }

    #[test]
    fn loss_and_disorder_pass_through_but_nothing_twice() {
        let mut stream = OutStream::new(1, 0, 0);
        let sequences: Vec<_> = [10, 13, 12, 12, 13, 9, 14]
            .into_iter()
            .map(|n| relay(&mut stream, u64::from(n) * 20, n, u32::from(n) * 160).map(|stamp| stamp.sequence))
            .collect();
        assert_eq!(sequences, [Some(0), Some(3), Some(2), None, None, None, Some(4)]);
    }

    #[test]
    fn the_sequence_extends_beyond_its_wrap() {
        let mut stream = OutStream::new(1, 0x7FFF, 0);
        for n in 0..70_000_u32 {
            let sequence = u16::try_from(n % 65_536).unwrap();
            let stamp = relay(&mut stream, u64::from(n) * 20, sequence, n * 160).unwrap();
            assert_eq!(stamp.sequence, 0x7FFF + u64::from(n));
        }
    }

    #[test]
    fn an_event_may_stand_still() {
        let mut stream = OutStream::new(1, 0, 0);
        relay(&mut stream, 0, 0, 0);
        for n in 1..400_u16 {
            let stamp = stream.relayed(ms(u64::from(n) * 20), &packet(n, 160), 0, Relayed::Event).unwrap();
            assert_eq!((stamp.timestamp, stamp.sequence), (160, u64::from(n)));
        }
    }

    #[test]
    fn an_hour_of_drift_costs_no_jump_greater_than_the_stray() {
        let mut stream = OutStream::new(1, 0, 0);
        let mut last = None::<Stamp>;
        let mut markers = 0;
        for n in 0..180_000_u32 {
            // A source that is 100 ppm slow.
            let now = Duration::from_micros(u64::from(n) * 20_002);
            let sequence = u16::try_from(n % 65_536).unwrap();
            let stamp = stream.relayed(now, &packet(sequence, n * 160), 160, Relayed::Audio).unwrap();
            if let Some(last) = last {
                assert_eq!(stamp.sequence, last.sequence + 1);
                let step = stamp.timestamp.wrapping_sub(last.timestamp);
                assert!((160..160 + STRAY + 200).contains(&step), "{step}");
            }
            markers += u32::from(stamp.marker);
            last = Some(stamp);
        }
        assert!(markers <= 2, "{markers}");
    }
}
