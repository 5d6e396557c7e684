//! Whether the audio connection of a tab still carries, judged by what comes over it.
//!
//! ```text
//!   gateway ── a packet a second at least ──► browser      seen by the count of packets
//!   browser ── a probe ──► gateway ── its echo ──► browser      seen by the echo: both ways live
//! ```
//!
//! In a call nothing is probed: voice flows both ways, and the server says when it hears none.

/// How long nothing may come before the connection is dead, in milliseconds: it is made anew within 3 s. One packet in a
/// row may get lost.
const DEAD_AFTER_MS: f64 = 2_200.0;

/// How many looks in a row must have seen nothing: a page that was not run for a while has not looked.
const LOOKS: u32 = 3;

/// What is known of one connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Pulse {
    /// Packets that had come.
    received: f64,
    packet: Beat,
    echo: Beat,
    /// An echo came once: from then on one is missed.
    echoes: bool,
}

/// The last sign of life of one kind.
#[derive(Clone, Copy, Debug, Default)]
struct Beat {
    at: f64,
    /// Looks since.
    looks: u32,
}

impl Beat {
    fn is_missing(self, now: f64) -> bool {
        self.looks >= LOOKS && now - self.at >= DEAD_AFTER_MS
    }
}

impl Pulse {
    /// Takes a look at `now`, in the page's milliseconds, when so many packets have come in all, and while probes are sent
    /// or not. True: the connection is dead.
    pub(crate) fn on_look(&mut self, now: f64, received: f64, probing: bool) -> bool {
        let is_first = self.packet.at == 0.0;
        self.packet.looks += 1;
        self.echo.looks += 1;
        if received > self.received || is_first {
            self.packet = Beat { at: now, looks: 0 };
        }
        if !probing || is_first {
            self.echo = Beat { at: now, looks: 0 };
        }
        self.received = received;
        self.packet.is_missing(now) || self.echoes && self.echo.is_missing(now)
    }

    /// A probe has come back.
    pub(crate) fn on_echo(&mut self, now: f64) {
        self.echoes = true;
        self.echo = Beat { at: now, looks: 0 };
    }

    /// Whether a packet has come with the last look or the one before it.
    pub(crate) fn beats(&self) -> bool {
        self.packet.at > 0.0 && self.packet.looks <= 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half a second from look to look; gives when it was found dead.
    fn looks(pulse: &mut Pulse, from: u32, received: impl Fn(u32) -> f64, probing: bool) -> Option<f64> {
        (from..from + 40)
            .map(|n| (n, f64::from(n) * 500.0))
            .find_map(|(n, now)| pulse.on_look(now, received(n), probing).then_some(now - f64::from(from) * 500.0))
    }

    #[test]
    fn c3_a_connection_on_which_nothing_comes_is_dead_within_three_seconds() {
        let mut pulse = Pulse::default();
        // A packet a second, of which each third is lost.
        assert_eq!(looks(&mut pulse, 2, |n| f64::from(n / 2 - n / 6), false), None);
        assert!(pulse.beats());
        let still = looks(&mut pulse, 42, |_| 21.0, false).unwrap();
        assert!((2_000.0..3_000.0).contains(&still), "{still}");
        assert!(!pulse.beats());
    }

    #[test]
    fn c3_a_connection_that_carries_nothing_to_the_server_is_dead_within_three_seconds() {
        let mut pulse = Pulse::default();
        let coming = f64::from;
        assert_eq!(looks(&mut pulse, 2, coming, true), None, "a gateway that never answers probes is not missed");
        pulse.on_echo(20_900.0);
        let dead = looks(&mut pulse, 42, coming, true).unwrap() + 100.0;
        assert!((2_000.0..3_000.0).contains(&dead), "{dead}");
    }

    #[test]
    fn in_a_call_no_echo_is_missed_and_after_it_there_is_time_for_one() {
        let mut pulse = Pulse::default();
        pulse.on_look(500.0, 1.0, true);
        pulse.on_echo(600.0);
        assert_eq!(looks(&mut pulse, 2, f64::from, false), None);
        assert!(!pulse.on_look(21_000.0, 100.0, true));
        assert!(!pulse.on_look(21_500.0, 101.0, true));
        pulse.on_echo(21_600.0);
        assert!(!pulse.on_look(22_000.0, 102.0, true));
    }

    #[test]
    fn a_page_that_was_not_run_for_a_while_looks_again_before_it_judges() {
        let mut pulse = Pulse::default();
        pulse.on_look(500.0, 1.0, true);
        pulse.on_echo(600.0);
        assert!(!pulse.on_look(600_000.0, 1.0, true));
        assert!(!pulse.on_look(600_500.0, 2.0, true));
    }
}
