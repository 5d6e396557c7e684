//! How a call sounds, as far as it was measured: numbers of each direction of each leg, and what they amount to for
//! whose side.
//!
//! ```text
//!   agent ──heard──► │        │ ◄──heard── customer     what arrived here, counted here
//!   agent ◄──said─── │ server │ ───said──► customer     what arrived there, as that side reports (RTCP)
//! ```
//!
//! **Invariant:** what was not measured has no verdict: there is no default, and no figure is made up from others.

use serde::{Deserialize, Serialize};

/// One direction of one leg, over some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Flow {
    /// How many packets were to arrive; at least 1.
    pub expected: u64,
    /// How many of these never did.
    pub lost: u64,
    /// How unevenly they arrived, in milliseconds (RFC 3550 §6.4.1).
    pub jitter_ms: u32,
}

/// Both directions between the server and one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LegQuality {
    /// From that side to the server. None: nothing came.
    pub heard: Option<Flow>,
    /// From the server to that side. None: that side reports nothing.
    pub said: Option<Flow>,
    /// There and back, in milliseconds. None: that side reports nothing that it follows from.
    pub round_trip_ms: Option<u32>,
}

/// Both sides of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct CallQuality {
    /// Between the server and the agent's browser.
    pub agent: LegQuality,
    /// Between the server and the trunk, with all that lies behind it.
    pub customer: LegQuality,
}

/// What the numbers amount to; the better one is the smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// 良好: nobody notices anything.
    Good,
    /// やや不安定: it is noticed.
    Fair,
    /// 不安定: words are lost, or the two talk over each other.
    Poor,
}

/// The verdict for each side; none where nothing was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Verdicts {
    /// The agent's own network.
    pub agent: Option<Verdict>,
    /// The customer's line.
    pub customer: Option<Verdict>,
}

/// Below this many packets, half a second of sound, a share says nothing.
const ENOUGH: u64 = 25;

/// From here on, and fair or poor from the second on.
struct Limits<T> {
    fair: T,
    poor: T,
}

/// In thousandths. By the E-model (ITU-T G.107 §3.5, G.711 with concealment: Ie 0, Bpl 25.1) 2 % of loss lower the
/// rating R from 93 to 86, 5 % to 78: below 80 "some users are dissatisfied" (ITU-T G.109).
const LOSS: Limits<u64> = Limits { fair: 20, poor: 50 };
/// In milliseconds. Receivers' buffers even out 30 ms without a loss; at twice that they drop or delay.
const JITTER: Limits<u32> = Limits { fair: 30, poor: 60 };
/// There and back, in milliseconds: twice the one-way 150 ms up to which most are content, and twice the 400 ms that
/// planning should not exceed (ITU-T G.114 §4).
const ROUND_TRIP: Limits<u32> = Limits { fair: 300, poor: 800 };

impl<T: PartialOrd> Limits<T> {
    fn judge(&self, value: &T) -> Verdict {
        if *value >= self.poor {
            Verdict::Poor
        } else if *value >= self.fair {
            Verdict::Fair
        } else {
            Verdict::Good
        }
    }
}

impl Flow {
    /// The lost share in thousandths, rounded down.
    pub fn lost_per_mille(self) -> u64 {
        self.lost.min(self.expected).saturating_mul(1_000).checked_div(self.expected).unwrap_or(0)
    }

    /// None where too little came to tell.
    fn verdict(self) -> Option<Verdict> {
        let worst = LOSS.judge(&self.lost_per_mille()).max(JITTER.judge(&self.jitter_ms));
        (self.expected >= ENOUGH).then_some(worst)
    }
}

impl LegQuality {
    /// How long a word takes one way, in milliseconds: half of the round trip, which is all that can be known where the
    /// clocks of the two ends differ.
    pub fn delay_ms(self) -> Option<u32> {
        self.round_trip_ms.map(|there_and_back| there_and_back / 2)
    }

    /// Whether nothing at all is known.
    pub fn is_blank(self) -> bool {
        self == Self::default()
    }

    /// The worst of what was measured; none where nothing was.
    pub fn verdict(self) -> Option<Verdict> {
        let flows = [self.heard, self.said].map(|flow| flow.and_then(Flow::verdict));
        let round_trip = self.round_trip_ms.map(|ms| ROUND_TRIP.judge(&ms));
        flows.into_iter().chain([round_trip]).flatten().max()
    }
}

impl CallQuality {
    /// Side by side.
    pub fn verdicts(self) -> Verdicts {
        Verdicts { agent: self.agent.verdict(), customer: self.customer.verdict() }
    }

    /// Whether nothing at all is known.
    pub fn is_blank(self) -> bool {
        self == Self::default()
    }
}

/// How many measurements in a row must be worse before worse is shown: one burst is heard by itself, and is over.
const WORSE_AFTER: usize = 2;
/// How many in a row must be better before better is shown, or blank before nothing is.
const BETTER_AFTER: usize = 3;

/// One side over time: what is shown of it, without flickering.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Side {
    shown: Option<Verdict>,
    /// The latest first.
    latest: [Option<Verdict>; BETTER_AFTER],
}

impl Side {
    fn on(&mut self, measured: Option<Verdict>) {
        self.latest.rotate_right(1);
        let [latest, ..] = &mut self.latest;
        *latest = measured;
        let mildest = self.latest.iter().take(WORSE_AFTER).min().copied().flatten();
        let worst = self.latest.iter().max().copied().flatten();
        self.shown = match self.shown {
            None => measured,
            Some(_) if worst.is_none() => None,
            Some(shown) if mildest > Some(shown) => mildest,
            Some(shown) if self.latest.iter().all(Option::is_some) && worst < Some(shown) => worst,
            Some(shown) => Some(shown),
        };
    }
}

/// What a call's agent is shown over the time of the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Judge {
    agent: Side,
    customer: Side,
}

impl Judge {
    /// Takes a measurement of the last few seconds; says what is to be shown where that has changed.
    pub fn on(&mut self, measured: CallQuality) -> Option<Verdicts> {
        let before = self.shown();
        let Verdicts { agent, customer } = measured.verdicts();
        self.agent.on(agent);
        self.customer.on(customer);
        Some(self.shown()).filter(|shown| *shown != before)
    }

    /// What is shown now.
    pub fn shown(&self) -> Verdicts {
        Verdicts { agent: self.agent.shown, customer: self.customer.shown }
    }

    /// Another agent's network is another matter.
    pub fn forget_agent(&mut self) {
        self.agent = Side::default();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn flow(expected: u64, lost: u64, jitter_ms: u32) -> Flow {
        Flow { expected, lost, jitter_ms }
    }

    fn heard(lost: u64) -> LegQuality {
        LegQuality { heard: Some(flow(250, lost, 2)), ..LegQuality::default() }
    }

    #[test]
    fn the_limits_are_where_they_are_said_to_be() {
        let of = |lost, jitter, round_trip_ms| {
            LegQuality { heard: None, said: Some(flow(1_000, lost, jitter)), round_trip_ms }.verdict().unwrap()
        };
        assert_eq!(of(19, 29, Some(299)), Verdict::Good);
        assert_eq!(of(20, 0, None), Verdict::Fair);
        assert_eq!(of(50, 0, None), Verdict::Poor);
        assert_eq!(of(0, 30, None), Verdict::Fair);
        assert_eq!(of(0, 60, None), Verdict::Poor);
        assert_eq!(of(0, 0, Some(300)), Verdict::Fair);
        assert_eq!(of(0, 0, Some(800)), Verdict::Poor);
    }

    #[test]
    fn what_was_not_measured_has_no_verdict() {
        assert_eq!(CallQuality::default().verdicts(), Verdicts::default());
        let too_little = LegQuality { heard: Some(flow(24, 24, 500)), ..LegQuality::default() };
        assert_eq!(too_little.verdict(), None);
        assert_eq!(LegQuality { round_trip_ms: Some(31), ..LegQuality::default() }.delay_ms(), Some(15));
    }

    #[test]
    fn the_worse_direction_decides_and_sides_are_kept_apart() {
        let agent = LegQuality { said: Some(flow(250, 25, 2)), ..heard(0) };
        let verdicts = CallQuality { agent, customer: heard(0) }.verdicts();
        assert_eq!(verdicts, Verdicts { agent: Some(Verdict::Poor), customer: Some(Verdict::Good) });
    }

    /// What a side is shown as, one letter a measurement: g, f, p or - for blank.
    fn shown(measured: &str) -> String {
        let mut side = Side::default();
        measured
            .chars()
            .map(|letter| {
                side.on(match letter {
                    'g' => Some(Verdict::Good),
                    'f' => Some(Verdict::Fair),
                    'p' => Some(Verdict::Poor),
                    _ => None,
                });
                match side.shown {
                    Some(Verdict::Good) => 'g',
                    Some(Verdict::Fair) => 'f',
                    Some(Verdict::Poor) => 'p',
                    None => '-',
                }
            })
            .collect()
    }

    #[test]
    fn a_verdict_does_not_flicker() {
        assert_eq!(shown("ggpgpgg"), "ggggggg", "single bursts");
        assert_eq!(shown("ggfp"), "gggf", "two in a row, by the milder one");
        assert_eq!(shown("ppgggg"), "ppppgg", "three better ones in a row");
        assert_eq!(shown("ppfgfff"), "ppppfff");
        assert_eq!(shown("g---gg"), "ggg-gg", "blank at last, and known again at once");
        assert_eq!(shown("--p"), "--p");
    }

    #[test]
    fn only_changes_are_told() {
        let mut judge = Judge::default();
        let measured = CallQuality { agent: LegQuality::default(), customer: heard(25) };
        let poor = Verdicts { agent: None, customer: Some(Verdict::Poor) };
        assert_eq!(judge.on(measured), Some(poor));
        assert_eq!(judge.on(measured), None);
        assert_eq!(judge.shown(), poor);
    }

    fn any_leg() -> impl Strategy<Value = LegQuality> {
        let flow = || {
            proptest::option::of(
                (1_u64..2_000, any::<u64>(), any::<u32>()).prop_map(|(expected, lost, jitter_ms)| Flow {
                    expected,
                    lost,
                    jitter_ms,
                }),
            )
        };
        (flow(), flow(), proptest::option::of(any::<u32>())).prop_map(|(heard, said, round_trip_ms)| LegQuality {
            heard,
            said,
            round_trip_ms,
        })
    }

    proptest! {
        #[test]
        fn more_loss_never_sounds_better(mut leg in any_leg(), more in 0_u64..2_000) {
            let before = leg.verdict();
            if let Some(heard) = &mut leg.heard {
                heard.lost = heard.lost.saturating_add(more);
            }
            prop_assert!(leg.verdict() >= before);
        }

        /// Nothing is shown that the latest measurements do not bear out, and the same again and again is shown at last.
        #[test]
        fn what_is_shown_was_measured(legs in proptest::collection::vec(any_leg(), 1..40)) {
            let mut judge = Judge::default();
            let mut verdicts = Vec::new();
            for leg in &legs {
                judge.on(CallQuality { agent: *leg, customer: LegQuality::default() });
                verdicts.push(leg.verdict());
                let shown = judge.shown();
                prop_assert_eq!(shown.customer, None);
                prop_assert!(shown.agent.is_none_or(|shown| verdicts.contains(&Some(shown))));
            }
            let last = legs.last().copied().unwrap();
            for _ in 0..BETTER_AFTER {
                judge.on(CallQuality { agent: last, customer: LegQuality::default() });
            }
            prop_assert_eq!(judge.shown().agent, last.verdict());
        }
    }
}
