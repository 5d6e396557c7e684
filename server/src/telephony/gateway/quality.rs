//! What each leg's counters come to: the differences between two looks at them, and their sums over a call.
//!
//! Nothing here is done per packet: counters are read every few seconds.

use std::collections::VecDeque;
use std::time::Duration;

use domain::telephony::quality::{CallQuality, Flow, LegQuality};
use media::out_stream::Place;
use media::rtcp::ReportBlock;
use media::{OutStream, Reception};

/// Counters of one direction of one leg, as they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Count {
    pub(super) expected: u64,
    pub(super) lost: i64,
    pub(super) jitter_ms: f64,
}

/// Counters of one leg, as they stand.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Counts {
    pub(super) heard: Count,
    /// None: the far side has reported nothing yet.
    pub(super) said: Option<Count>,
    pub(super) round_trip: Option<Duration>,
}

impl Counts {
    pub(super) fn of(reception: &Reception, far: &FarEar) -> Self {
        let lost = reception.lost();
        let heard = Count {
            expected: reception.received().saturating_add_signed(lost),
            lost,
            jitter_ms: reception.jitter_ms(),
        };
        Self { heard, said: far.said, round_trip: far.round_trip }
    }
}

/// How many places of the stream are remembered, to see where it stood when the far side reported.
const MARKS: usize = 16;
/// How many of our own reports are remembered: an answer comes before the next but one.
const REPORTS: usize = 4;

/// What the far side of a leg says about the stream that it hears.
///
/// It misses what the stream itself passed over, too, because the call's other leg lost it: that is taken off, so that
/// what remains was lost on the way to it.
#[derive(Debug, Default)]
pub(super) struct FarEar {
    said: Option<Count>,
    round_trip: Option<Duration>,
    marks: VecDeque<Place>,
    reports: VecDeque<(u32, Duration)>,
    first: Option<u64>,
}

impl FarEar {
    /// Remembers where the stream stands; to be called about once a second.
    pub(super) fn mark(&mut self, place: Place) {
        if self.marks.len() == MARKS {
            self.marks.pop_front();
        }
        self.marks.push_back(place);
    }

    /// Remembers a report of ours, by the middle of its NTP time, which the far side gives back (RFC 3550 §6.4.1).
    pub(super) fn reported(&mut self, ntp: u64, now: Duration) {
        if self.reports.len() == REPORTS {
            self.reports.pop_front();
        }
        self.reports.push_back((middle(ntp), now));
    }

    /// Takes a report block about our stream.
    pub(super) fn on_block(&mut self, block: &ReportBlock, out: &OutStream, now: Duration) {
        let echoed = self.reports.iter().find(|(report, _)| block.last_report != 0 && *report == block.last_report);
        if let Some((_, sent)) = echoed {
            let kept = Duration::from_nanos(u64::from(block.since_last_report) * 1_000_000_000 / 65_536);
            // A far side that claims to have kept it for longer than it was away has a clock of its own.
            self.round_trip = now.checked_sub(*sent).and_then(|away| away.checked_sub(kept)).or(self.round_trip);
        }
        self.mark(out.place());
        let jitter_ms = f64::from(block.jitter) * 1_000.0 / f64::from(media::RATE);
        self.on_report(extended(block.highest, out.place().next), i64::from(block.cumulative_lost), jitter_ms);
    }

    /// Takes a report: the highest number heard, extended as ours are; what was lost since the beginning.
    pub(super) fn on_report(&mut self, highest: u64, lost: i64, jitter_ms: f64) {
        let first = *self.first.get_or_insert(highest);
        let place = self.marks.iter().find(|place| place.next > highest).or(self.marks.back());
        let passed_over = place.map_or(0, |place| i64::try_from(place.passed_over).unwrap_or(i64::MAX));
        // Counted from the first report on: what the far side counted from is not known.
        let expected = highest.saturating_sub(first);
        self.said = Some(Count { expected, lost: lost.saturating_sub(passed_over), jitter_ms });
    }

    pub(super) fn on_round_trip(&mut self, round_trip: Option<Duration>) {
        self.round_trip = round_trip.or(self.round_trip);
    }
}

/// The middle 32 of an NTP time's 64 bits.
fn middle(ntp: u64) -> u32 {
    let [_, _, a, b, c, d, _, _] = ntp.to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

/// The number that the far side extended from 16 bits by its own count of cycles, by ours instead: the last one before
/// `next` with the same lower half.
fn extended(highest: u32, next: u64) -> u64 {
    let back = next.wrapping_sub(u64::from(highest)) & 0xFFFF;
    next.saturating_sub(back)
}

/// One direction over time.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    before: Count,
    expected: u64,
    lost: u64,
    /// Milliseconds of jitter times packets.
    jitter: f64,
}

impl Tally {
    /// What has happened since the last time. None: nothing was to arrive.
    fn on(&mut self, count: Count) -> Option<Flow> {
        let before = self.before;
        let Some(expected) = count.expected.checked_sub(before.expected) else {
            // The far side has begun to count anew.
            self.before = count;
            return None;
        };
        let lost = u64::try_from(count.lost - before.lost).unwrap_or(0).min(expected);
        // What came after all is not lost a second time by what is lost next.
        self.before = Count { lost: count.lost.max(before.lost), ..count };
        if expected == 0 {
            return None;
        }
        self.expected += expected;
        self.lost += lost;
        #[expect(clippy::cast_precision_loss, reason = "packets of a call, not 2^53")]
        let weight = expected as f64;
        self.jitter += count.jitter_ms * weight;
        Some(Flow { expected, lost, jitter_ms: whole(count.jitter_ms) })
    }

    fn total(&self) -> Option<Flow> {
        #[expect(clippy::cast_precision_loss, reason = "packets of a call, not 2^53")]
        let weight = self.expected as f64;
        (self.expected > 0).then(|| Flow {
            expected: self.expected,
            lost: self.lost,
            jitter_ms: whole(self.jitter / weight),
        })
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and jitter is never negative"
)]
fn whole(ms: f64) -> u32 {
    ms.round() as u32
}

/// One leg over time.
#[derive(Clone, Copy, Debug, Default)]
struct LegMeter {
    heard: Tally,
    said: Tally,
    /// Round trips measured: their sum in milliseconds and their count.
    round_trips: (u64, u64),
}

impl LegMeter {
    fn on(&mut self, counts: Counts) -> LegQuality {
        let round_trip_ms = counts.round_trip.map(|time| u32::try_from(time.as_millis()).unwrap_or(u32::MAX));
        let said = counts.said.and_then(|said| self.said.on(said));
        // An old round trip is not measured again by looking at it.
        let round_trip_ms = round_trip_ms.filter(|_| said.is_some());
        if let Some(ms) = round_trip_ms {
            self.round_trips = (self.round_trips.0 + u64::from(ms), self.round_trips.1 + 1);
        }
        LegQuality { heard: self.heard.on(counts.heard), said, round_trip_ms }
    }

    /// Goes on from these counters.
    fn rebase(&mut self, counts: Counts) {
        self.heard.before = counts.heard;
        self.said.before = counts.said.unwrap_or_default();
    }

    fn total(&self) -> LegQuality {
        let (sum, count) = self.round_trips;
        let round_trip_ms = sum.checked_div(count).map(|ms| u32::try_from(ms).unwrap_or(u32::MAX));
        LegQuality { heard: self.heard.total(), said: self.said.total(), round_trip_ms }
    }
}

/// Both legs of a call over time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meter {
    agent: LegMeter,
    /// Whose connection was looked at last: the agent's slot and the connection's generation.
    connection: Option<(usize, u64)>,
    customer: LegMeter,
}

impl Meter {
    /// An agent comes to the call: what their connection did before does not belong to it.
    pub(super) fn begin(&mut self, connection: (usize, u64), counts: Counts) {
        self.connection = Some(connection);
        self.agent.rebase(counts);
    }

    /// What has happened since the last time.
    pub(super) fn on(&mut self, agent: Option<((usize, u64), Counts)>, customer: Counts) -> CallQuality {
        let agent = agent.map(|(connection, counts)| {
            if self.connection != Some(connection) {
                // A new connection began its counters with itself.
                self.begin(connection, Counts::default());
            }
            self.agent.on(counts)
        });
        CallQuality { agent: agent.unwrap_or_default(), customer: self.customer.on(customer) }
    }

    /// What has happened since the beginning.
    pub(super) fn total(&self) -> CallQuality {
        CallQuality { agent: self.agent.total(), customer: self.customer.total() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(next: u64, passed_over: u64) -> Place {
        Place { next, passed_over }
    }

    fn count(expected: u64, lost: i64) -> Count {
        Count { expected, lost, jitter_ms: 1.6 }
    }

    #[test]
    fn what_the_other_leg_lost_is_not_counted_against_this_one() {
        let mut far = FarEar::default();
        let mut tally = Tally::default();
        far.mark(place(101, 0));
        far.on_report(100, 0, 0.0);
        assert_eq!(tally.on(far.said.unwrap()), None, "the first report is where counting begins");
        // 25 of 250 never came from the other leg, and none of the rest was lost.
        far.mark(place(351, 25));
        far.on_report(350, 25, 0.0);
        assert_eq!(tally.on(far.said.unwrap()), Some(Flow { expected: 250, lost: 0, jitter_ms: 0 }));
        far.mark(place(601, 50));
        far.on_report(600, 60, 0.0);
        assert_eq!(tally.on(far.said.unwrap()), Some(Flow { expected: 250, lost: 10, jitter_ms: 0 }));
    }

    #[test]
    fn a_late_report_is_read_by_where_the_stream_stood() {
        let mut far = FarEar::default();
        far.mark(place(101, 0));
        far.on_report(100, 0, 0.0);
        for (next, passed_over) in [(151, 0), (201, 0), (251, 30)] {
            far.mark(place(next, passed_over));
        }
        far.on_report(200, 5, 0.0);
        assert_eq!(far.said.unwrap().lost, 5);
        far.on_report(210, 5, 0.0);
        assert_eq!(far.said.unwrap().lost, 5 - 30, "the next look after the number, never one before");
    }

    #[test]
    fn what_was_taken_off_too_early_is_not_counted_twice() {
        let mut tally = Tally::default();
        let lost: Vec<u64> = [(250, 0), (500, -25), (750, 5)]
            .into_iter()
            .filter_map(|(expected, lost)| tally.on(count(expected, lost)))
            .map(|flow| flow.lost)
            .collect();
        assert_eq!(lost, [0, 0, 5]);
        assert_eq!(tally.on(count(20, 0)), None, "another stream");
        assert_eq!(tally.on(count(270, 3)).unwrap().lost, 3);
    }

    #[test]
    fn the_round_trip_is_what_the_far_side_did_not_keep() {
        let mut far = FarEar::default();
        let out = OutStream::new(1, 0, 0);
        let block = ReportBlock { last_report: 0x4567_89AB, since_last_report: 32_768, ..ReportBlock::default() };
        far.on_block(&block, &out, Duration::from_secs(1));
        assert_eq!(far.round_trip, None, "nothing of the kind was sent");
        far.reported(0x0123_4567_89AB_CDEF, Duration::from_secs(2));
        far.on_block(&block, &out, Duration::from_millis(2_540));
        assert_eq!(far.round_trip, Some(Duration::from_millis(40)));
        far.on_block(&block, &out, Duration::from_millis(2_400));
        assert_eq!(far.round_trip, Some(Duration::from_millis(40)), "kept for longer than it was away");
    }

    #[test]
    fn the_far_sides_cycles_are_read_as_ours() {
        assert_eq!(extended(0x0007_FFFF, 0x1_0000), 0xFFFF);
        assert_eq!(extended(40, 0x1_0029), 0x1_0028);
        assert_eq!(extended(40, 41), 40);
    }

    #[test]
    fn differences_come_each_time_and_sums_at_the_end() {
        let mut meter = Meter::default();
        let customer = |expected, lost| Counts { heard: count(expected, lost), ..Counts::default() };
        let first = meter.on(None, customer(250, 25));
        assert_eq!(first.customer.heard, Some(Flow { expected: 250, lost: 25, jitter_ms: 2 }));
        assert!(first.agent.is_blank());
        let second = meter.on(None, customer(500, 25));
        assert_eq!(second.customer.heard, Some(Flow { expected: 250, lost: 0, jitter_ms: 2 }));
        assert!(meter.on(None, customer(500, 25)).is_blank(), "nothing came");
        assert_eq!(meter.total().customer.heard, Some(Flow { expected: 500, lost: 25, jitter_ms: 2 }));
    }

    #[test]
    fn what_an_agents_connection_did_before_the_call_is_not_the_calls() {
        let mut meter = Meter::default();
        let counts = |expected, lost| Counts { heard: count(expected, lost), ..Counts::default() };
        meter.begin((3, 1), counts(9_000, 900));
        let measured = meter.on(Some(((3, 1), counts(9_250, 900))), Counts::default());
        assert_eq!(measured.agent.heard, Some(Flow { expected: 250, lost: 0, jitter_ms: 2 }));
        // Back after a reload: the new connection counts from its own beginning.
        let measured = meter.on(Some(((3, 2), counts(100, 1))), Counts::default());
        assert_eq!(measured.agent.heard, Some(Flow { expected: 100, lost: 1, jitter_ms: 2 }));
        assert_eq!(meter.total().agent.heard.unwrap().expected, 350);
    }
}
