//! Whether an agent who is in a call sends audio: browsers send it without a pause while their microphone is open, also
//! of a silent room. Who sends none is gone, whatever the connection still believes.
//!
//! **Invariant:** whoever was said to be lost is said to be back by the first packet in a call after it, whatever
//! happened in between: a call is kept by the one word and taken up by the other alone.

use std::time::Duration;

/// How long a voice that was heard may be silent: longer than networks stall, and so that the customer hears the first
/// note of the comfort tone within a second.
const SILENT_AFTER: Duration = Duration::from_millis(800);
/// How long a microphone may take to open.
const SILENT_FROM_THE_START: Duration = Duration::from_secs(3);

/// What is known of one agent's voice.
#[derive(Debug, Default)]
pub(super) struct Attendance {
    /// When the agent was last heard, or was to be heard from then on.
    heard: Duration,
    spoke: bool,
    /// Since when nothing is heard of the agent.
    missing: Option<Duration>,
    /// That nothing is heard was said since the agent was last heard or given time.
    told: bool,
    /// The loss was said, and that they are back was not yet.
    owed: bool,
}

impl Attendance {
    /// A call begins: the agent is given time to be heard.
    pub(super) fn begin(&mut self, now: Duration) {
        self.missing = None;
        self.go_on(now);
    }

    /// Another part of the same call begins, or another connection: there is time again. Whoever was missing is so until
    /// heard.
    pub(super) fn go_on(&mut self, now: Duration) {
        self.heard = now;
        self.spoke = false;
        self.told = false;
    }

    /// The connection has gone, which is said by whoever saw it go.
    pub(super) fn leave(&mut self, now: Duration) {
        self.missing.get_or_insert(now);
        self.told = true;
        self.owed = true;
    }

    /// Takes a packet of the agent's; says whether it is the word that they are back, which is said in a call only.
    pub(super) fn on_packet(&mut self, now: Duration, is_in_call: bool) -> bool {
        self.heard = now;
        self.spoke = true;
        self.missing = None;
        self.told = false;
        let is_back = is_in_call && self.owed;
        self.owed &= !is_in_call;
        is_back
    }

    /// Says once when the agent has become missing, and once more where time that was given since has passed, too.
    pub(super) fn on_tick(&mut self, now: Duration) -> bool {
        let patience = if self.spoke { SILENT_AFTER } else { SILENT_FROM_THE_START };
        if self.told || now.saturating_sub(self.heard) < patience {
            return false;
        }
        self.missing.get_or_insert(now);
        self.told = true;
        self.owed = true;
        true
    }

    /// Since when nothing is heard of the agent.
    pub(super) fn missing(&self) -> Option<Duration> {
        self.missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn c2_who_was_said_to_be_lost_is_said_to_be_back_whatever_came_between() {
        for between in [Attendance::begin, Attendance::go_on, Attendance::leave] {
            let mut silent = Attendance::default();
            silent.begin(at(0));
            silent.on_packet(at(20), true);
            assert!(silent.on_tick(at(820)), "the loss is said");
            between(&mut silent, at(900));
            assert!(silent.on_packet(at(1_000), true), "and so is the return");
            assert!(!silent.on_packet(at(1_020), true), "once");

            let mut gone = Attendance::default();
            gone.begin(at(0));
            gone.leave(at(100));
            between(&mut gone, at(200));
            assert!(gone.on_packet(at(300), true));
        }
    }

    #[test]
    fn what_is_heard_between_calls_is_no_return() {
        let mut attendance = Attendance::default();
        attendance.leave(at(0));
        assert!(!attendance.on_packet(at(20), false));
        attendance.begin(at(40));
        assert!(attendance.on_packet(at(60), true));
    }

    #[test]
    fn a_part_of_a_call_that_begins_while_the_agent_is_missing_changes_nothing_for_the_customer() {
        let mut attendance = Attendance::default();
        attendance.begin(at(0));
        assert!(attendance.on_tick(at(3_000)), "a microphone has three seconds to open");
        attendance.go_on(at(3_500));
        assert_eq!(attendance.missing(), Some(at(3_000)), "the comfort tone goes on");
        attendance.begin(at(4_000));
        assert_eq!(attendance.missing(), None, "the next call begins anew");
    }

    #[test]
    fn a_connection_over_which_nothing_comes_is_said_to_be_silent_too() {
        let mut attendance = Attendance::default();
        attendance.begin(at(0));
        attendance.leave(at(100));
        assert!(!attendance.on_tick(at(5_000)), "that the connection is gone was said");
        attendance.go_on(at(6_000));
        assert!(!attendance.on_tick(at(8_999)));
        assert!(attendance.on_tick(at(9_000)));
    }

    /// The call machine keeps a call at each word of a loss and takes it up at each word of a return: whoever is heard in
    /// it is not left waiting for one, in whatever order all this comes.
    #[test]
    fn whoever_is_heard_in_a_call_is_not_waited_for() {
        const STEPS: u32 = 6;
        for order in 0..STEPS.pow(6) {
            let mut attendance = Attendance::default();
            let (mut now, mut kept) = (0, false);
            attendance.begin(at(0));
            for n in 0..6 {
                let step = order / STEPS.pow(n) % STEPS;
                now += if n % 2 == 0 { 900 } else { 3_100 };
                match step {
                    0 => attendance.begin(at(now)),
                    1 => attendance.go_on(at(now)),
                    2 => {
                        attendance.leave(at(now));
                        kept = true;
                    }
                    3 => kept &= !attendance.on_packet(at(now), true),
                    4 => assert!(!attendance.on_packet(at(now), false)),
                    _ => kept |= attendance.on_tick(at(now)),
                }
                assert!(step != 3 || !kept, "order {order}: heard, and waited for all the same");
            }
        }
    }
}
