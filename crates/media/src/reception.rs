//! What arrived, what did not, and how evenly: the receiver's half of RFC 3550 §6.4 (A.1, A.3, A.8).

use core::time::Duration;

use crate::codec::RATE;
use crate::rtcp::ReportBlock;
use crate::rtp::Header;

/// Statistics of one received stream over the life of a leg. A change of SSRC begins a new stream; the totals go on.
#[derive(Clone, Debug, Default)]
pub struct Reception {
    current: Option<Current>,
    /// Received and expected in streams that have ended.
    past: Counted,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    received: u64,
    expected: u64,
}

#[derive(Clone, Debug)]
struct Current {
    ssrc: u32,
    base: u32,
    /// Cycles in the upper half.
    highest: u32,
    received: u64,
    /// What the last report had counted.
    prior: Counted,
    /// In samples.
    jitter: f64,
    transit: i64,
    /// Of the last packet.
    timestamp: u32,
    /// The timestamps have stood still since some packets.
    rests: bool,
    /// A sequence number far off: believed when the next one follows it (A.1).
    bad: Option<u16>,
    report: Option<(u32, Duration)>,
}

/// RFC 3550 A.1: how far ahead a sequence number may jump and still be loss.
const MAX_DROPOUT: u16 = 3_000;
/// RFC 3550 A.1: how far back it may lie and still be late.
const MAX_MISORDER: u16 = 100;
/// From this distance on no network held the packet back, but the source's own clock: 500 ms, in samples.
const LEAP: u32 = RATE / 2;

impl Reception {
    /// Counts a packet that arrived at `now`, a time since any fixed origin.
    pub fn on_packet(&mut self, header: &Header, now: Duration) {
        let transit = arrival(now).wrapping_sub(i64::from(header.timestamp));
        match &mut self.current {
            Some(current) if current.ssrc == header.ssrc => {
                if !current.count(header.sequence) {
                    self.begin(header, transit);
                    return;
                }
                current.time(header, transit);
            }
            _ => self.begin(header, transit),
        }
    }

    /// Notes a sender report: its NTP time comes back to the sender in [`Reception::block`] (RFC 3550 §6.4.1).
    pub fn on_sender_report(&mut self, ssrc: u32, ntp: u64, now: Duration) {
        if let Some(current) = self.current.as_mut().filter(|current| current.ssrc == ssrc) {
            let [_, _, a, b, c, d, _, _] = ntp.to_be_bytes();
            current.report = Some((u32::from_be_bytes([a, b, c, d]), now));
        }
    }

    /// The report block for now, which also begins the next interval; `None` before the first packet.
    pub fn block(&mut self, now: Duration) -> Option<ReportBlock> {
        let current = self.current.as_mut()?;
        let counted = Counted { received: current.received, expected: current.expected() };
        let expected = counted.expected.saturating_sub(current.prior.expected);
        let received = counted.received.saturating_sub(current.prior.received);
        current.prior = counted;
        let lost = expected.saturating_sub(received);
        let fraction_lost = (lost * 256).checked_div(expected).unwrap_or(0).min(255);
        let (last_report, since_last_report) = match current.report {
            Some((report, at)) => (report, units_of_65536(now.saturating_sub(at))),
            None => (0, 0),
        };
        Some(ReportBlock {
            ssrc: current.ssrc,
            fraction_lost: u8::try_from(fraction_lost).unwrap_or(u8::MAX),
            cumulative_lost: i32::try_from(difference(counted)).unwrap_or(i32::MAX),
            highest: current.highest,
            jitter: samples(current.jitter),
            last_report,
            since_last_report,
        })
    }

    /// Packets received.
    pub fn received(&self) -> u64 {
        self.past.received + self.current.as_ref().map_or(0, |current| current.received)
    }

    /// Packets expected but never seen; negative where duplicates outweigh them.
    pub fn lost(&self) -> i64 {
        let current = self
            .current
            .as_ref()
            .map(|current| Counted { received: current.received, expected: current.expected() })
            .unwrap_or_default();
        difference(self.past) + difference(current)
    }

    /// Interarrival jitter of the current stream, in milliseconds.
    pub fn jitter_ms(&self) -> f64 {
        self.current.as_ref().map_or(0.0, |current| current.jitter * 1_000.0 / f64::from(RATE))
    }

    fn begin(&mut self, header: &Header, transit: i64) {
        if let Some(old) = &self.current {
            self.past.received += old.received;
            self.past.expected += old.expected();
        }
        let first = u32::from(header.sequence);
        self.current = Some(Current {
            ssrc: header.ssrc,
            base: first,
            highest: first,
            received: 1,
            prior: Counted::default(),
            jitter: 0.0,
            transit,
            timestamp: header.timestamp,
            rests: false,
            bad: None,
            report: None,
        });
    }
}

impl Current {
    /// A.8, where the source's timestamps tell when it sent. They do not while they stand still, as those of a key that is
    /// held (RFC 4733 §2.2) and of some carriers in silence do, nor by how much they fell behind then.
    fn time(&mut self, header: &Header, transit: i64) {
        // Timestamps wrap at 32 bits, so the difference is taken there.
        let distance = wrapped(transit.wrapping_sub(self.transit)).unsigned_abs();
        let rested = std::mem::replace(&mut self.rests, header.timestamp == self.timestamp);
        // The marker says that there was silence before (RFC 3551 §4.1).
        if !(self.rests || rested || header.marker || distance >= LEAP) {
            self.jitter += (f64::from(distance) - self.jitter) / 16.0;
        }
        self.transit = transit;
        self.timestamp = header.timestamp;
    }

    /// Counts a sequence number; `false` where the source has begun anew.
    fn count(&mut self, sequence: u16) -> bool {
        let highest = u16::try_from(self.highest & 0xFFFF).unwrap_or(0);
        let ahead = sequence.wrapping_sub(highest);
        if ahead < MAX_DROPOUT {
            self.highest = self.highest.wrapping_add(u32::from(ahead));
            self.bad = None;
        } else if ahead <= u16::MAX - MAX_MISORDER {
            if self.bad == Some(sequence) {
                return false;
            }
            self.bad = Some(sequence.wrapping_add(1));
            return true;
        }
        self.received += 1;
        true
    }

    fn expected(&self) -> u64 {
        u64::from(self.highest.wrapping_sub(self.base)) + 1
    }
}

fn difference(counted: Counted) -> i64 {
    i64::try_from(counted.expected).unwrap_or(i64::MAX) - i64::try_from(counted.received).unwrap_or(i64::MAX)
}

fn arrival(now: Duration) -> i64 {
    i64::try_from(now.as_micros() * u128::from(RATE) / 1_000_000).unwrap_or(i64::MAX)
}

fn wrapped(difference: i64) -> i32 {
    let [_, _, _, _, a, b, c, d] = difference.to_be_bytes();
    i32::from_be_bytes([a, b, c, d])
}

fn units_of_65536(time: Duration) -> u32 {
    u32::try_from(time.as_micros() * 65_536 / 1_000_000).unwrap_or(u32::MAX)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and jitter is never negative"
)]
fn samples(jitter: f64) -> u32 {
    jitter as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(sequence: u16, timestamp: u32) -> Header {
        Header { marker: false, payload_type: 0, sequence, timestamp, ssrc: 7 }
    }

    #[test]
    fn loss_is_counted_across_the_wrap_and_per_interval() {
        let mut reception = Reception::default();
        for n in 0..100_u32 {
            if n % 10 != 3 {
                let sequence = u16::try_from((65_500 + n) % 65_536).unwrap();
                reception.on_packet(&header(sequence, n * 160), Duration::from_millis(u64::from(n) * 20));
            }
        }
        assert_eq!((reception.received(), reception.lost()), (90, 10));
        let block = reception.block(Duration::from_secs(2)).unwrap();
        assert_eq!((block.cumulative_lost, block.fraction_lost), (10, 25));
        assert_eq!(block.highest, 65_599);
        assert!(reception.jitter_ms() < 0.01);
        assert_eq!(reception.block(Duration::from_secs(3)).unwrap().fraction_lost, 0);
    }

    #[test]
    fn jitter_approaches_the_mean_deviation() {
        let mut reception = Reception::default();
        for n in 0..2_000_u32 {
            // Every other packet is 4 ms late: successive transits differ by 4 ms.
            let late = u64::from(n % 2) * 4;
            let sequence = u16::try_from(n).unwrap();
            reception.on_packet(&header(sequence, n * 160), Duration::from_millis(u64::from(n) * 20 + late));
        }
        assert!((reception.jitter_ms() - 4.0).abs() < 0.1, "{}", reception.jitter_ms());
    }

    /// The most jitter over ten seconds of even packets with a pause in the middle, over which timestamps stand still.
    fn with_a_pause(pause: u64, marker: bool) -> f64 {
        let (mut reception, mut most) = (Reception::default(), 0_f64);
        for n in 0..500_u32 {
            let header = Header { marker: marker && n == 250, ..header(u16::try_from(n).unwrap(), n * 160) };
            let late = if n < 250 { 0 } else { pause };
            reception.on_packet(&header, Duration::from_millis(u64::from(n) * 20 + late));
            most = most.max(reception.jitter_ms());
        }
        most
    }

    #[test]
    fn a_clock_that_stood_still_in_silence_is_no_jitter() {
        assert!(with_a_pause(200, true) < 0.01, "a short silence, with the marker behind it");
        assert!(with_a_pause(4_000, false) < 0.01, "a long one without");
        // What a network held back is.
        let mut reception = Reception::default();
        for n in 0..20_u32 {
            let late = if n == 19 { 200 } else { 0 };
            reception.on_packet(
                &header(u16::try_from(n).unwrap(), n * 160),
                Duration::from_millis(u64::from(n) * 20 + late),
            );
        }
        assert!((reception.jitter_ms() - 200.0 / 16.0).abs() < 0.1, "{}", reception.jitter_ms());
    }

    #[test]
    fn a_key_that_is_held_and_noise_whose_clock_stands_still_are_no_jitter() {
        let mut reception = Reception::default();
        let mut most = 0_f64;
        for n in 0..400_u32 {
            // From the 100th packet to the 200th all have one timestamp; then it goes on by the clock.
            let timestamp = if (100..200).contains(&n) { 100 } else { n };
            let header = header(u16::try_from(n).unwrap(), timestamp * 160);
            reception.on_packet(&header, Duration::from_millis(u64::from(n) * 20));
            most = most.max(reception.jitter_ms());
        }
        assert!(most < 0.01, "{most}");
        let mut reception = Reception::default();
        for n in 0..400_u32 {
            // Then it goes on from where it stood.
            let timestamp = if n < 100 { n } else { n.saturating_sub(100).max(100) };
            let header = header(u16::try_from(n).unwrap(), timestamp * 160);
            reception.on_packet(&header, Duration::from_millis(u64::from(n) * 20));
            assert!(reception.jitter_ms() < 0.01, "{n}: {}", reception.jitter_ms());
        }
    }

    #[test]
    fn a_new_source_begins_anew_and_totals_go_on() {
        let mut reception = Reception::default();
        for n in 0..10 {
            reception.on_packet(&header(n, 0), Duration::ZERO);
        }
        for n in 0..10 {
            reception.on_packet(&Header { ssrc: 8, ..header(40_000 + 2 * n, 0) }, Duration::ZERO);
        }
        assert_eq!((reception.received(), reception.lost()), (20, 9));
        assert_eq!(reception.block(Duration::ZERO).unwrap().ssrc, 8);
    }

    #[test]
    fn a_source_that_restarts_is_believed_at_its_second_packet() {
        let mut reception = Reception::default();
        for sequence in [10, 11, 30_000, 12, 50_000, 50_001, 50_002] {
            reception.on_packet(&header(sequence, 0), Duration::ZERO);
        }
        assert_eq!((reception.received(), reception.lost()), (5, 0));
    }

    #[test]
    fn the_last_sender_report_is_echoed_with_its_age() {
        let mut reception = Reception::default();
        reception.on_packet(&header(1, 0), Duration::ZERO);
        reception.on_sender_report(7, 0x1111_2222_3333_4444, Duration::from_secs(1));
        let block = reception.block(Duration::from_millis(1_500)).unwrap();
        assert_eq!((block.last_report, block.since_last_report), (0x2222_3333, 32_768));
    }
}
