//! Which address a leg's audio really comes from: symmetric RTP (RFC 4961) behind whatever NAT (RFC 7362 §4).
//!
//! ```text
//!            aim (each new SDP)
//!               │
//!               ▼      the named IP, at once; another, after 3 packets in a row
//!           Waiting ───────────────────────────────────────────────► Latched ──┐ the latched address: heard
//!               ▲                                                      │  ▲    ◄─┘ anybody else: dropped
//!               └────────────────────── aim ───────────────────────────┘  │
//!                       the very address that SDP named; its IP, where    │
//!                       another's was first; or, after 2 s of silence,    │
//!                       an address that goes on with the same SSRC ───────┘
//! ```
//!
//! Latching is what an injector hopes for (RFC 7362 §5), so it happens once: the address that SDP names has the first
//! word, and who comes second is not heard.

use core::net::SocketAddr;
use core::time::Duration;

/// How long the latched source must be silent before another may go on with its SSRC.
pub const SILENCE: Duration = Duration::from_secs(2);

/// How many packets in a row an address needs that SDP did not name (compare RFC 3550 A.1, `MIN_SEQUENTIAL`).
const PROBATION: u8 = 3;

/// The source of one leg.
#[derive(Clone, Debug)]
pub struct Latch {
    named: SocketAddr,
    latched: Option<Latched>,
    candidate: Option<Candidate>,
    foreign: u64,
}

#[derive(Clone, Copy, Debug)]
struct Latched {
    source: SocketAddr,
    ssrc: u32,
    heard: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    source: SocketAddr,
    ssrc: u32,
    next: u16,
    seen: u8,
}

/// What to do with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the leg's.
    Heard,
    /// It is the leg's, and from now on audio goes back to where it came from.
    Latched,
    /// It is not, or not yet: drop it.
    Foreign,
}

impl Latch {
    /// Waits for the audio of the address that SDP names.
    pub fn new(named: SocketAddr) -> Self {
        Self { named, latched: None, candidate: None, foreign: 0 }
    }

    /// A new SDP came. Where it names the same address, nothing changes: a refresh must not open the latch.
    pub fn aim(&mut self, named: SocketAddr) {
        if named != self.named {
            *self = Self { foreign: self.foreign, ..Self::new(named) };
        }
    }

    /// Judges a valid RTP packet of a negotiated payload type that came at `now`, a time since any fixed origin.
    pub fn on_packet(&mut self, source: SocketAddr, ssrc: u32, sequence: u16, now: Duration) -> Verdict {
        let verdict = match self.latched {
            Some(latched) if latched.source == source => Verdict::Heard,
            Some(_) if source == self.named => Verdict::Latched,
            // Behind a NAT ports differ from the named one; whose IP is not even the named one only came first.
            Some(latched) if latched.source.ip() != self.named.ip() && source.ip() == self.named.ip() => {
                Verdict::Latched
            }
            Some(latched) if latched.ssrc == ssrc && now.saturating_sub(latched.heard) >= SILENCE => Verdict::Latched,
            Some(_) => Verdict::Foreign,
            None if source.ip() == self.named.ip() => Verdict::Latched,
            None => self.try_out(source, ssrc, sequence),
        };
        match verdict {
            Verdict::Heard | Verdict::Latched => {
                self.latched = Some(Latched { source, ssrc, heard: now });
                self.candidate = None;
            }
            Verdict::Foreign => self.foreign += 1,
        }
        verdict
    }

    /// Where audio goes: to who was heard, else to who was named.
    pub fn target(&self) -> SocketAddr {
        self.latched.map_or(self.named, |latched| latched.source)
    }

    /// Whether somebody has been heard since the last aim.
    pub fn is_latched(&self) -> bool {
        self.latched.is_some()
    }

    /// Packets dropped as not the leg's.
    pub fn foreign(&self) -> u64 {
        self.foreign
    }

    fn try_out(&mut self, source: SocketAddr, ssrc: u32, sequence: u16) -> Verdict {
        let seen = match self.candidate {
            Some(c) if c.source == source && c.ssrc == ssrc && c.next == sequence => c.seen + 1,
            Some(_) | None => 1,
        };
        self.candidate = Some(Candidate { source, ssrc, next: sequence.wrapping_add(1), seen });
        if seen >= PROBATION { Verdict::Latched } else { Verdict::Foreign }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    const NOW: Duration = Duration::from_secs(1);

    #[test]
    fn the_named_address_is_heard_at_once_even_from_another_port() {
        let mut latch = Latch::new(at("192.0.2.1:4000"));
        assert_eq!(latch.target(), at("192.0.2.1:4000"));
        assert_eq!(latch.on_packet(at("192.0.2.1:61000"), 1, 1, NOW), Verdict::Latched);
        assert_eq!(latch.on_packet(at("192.0.2.1:61000"), 1, 2, NOW), Verdict::Heard);
        assert_eq!(latch.target(), at("192.0.2.1:61000"));
    }

    #[test]
    fn behind_a_nat_three_packets_in_a_row_are_believed() {
        let mut latch = Latch::new(at("10.0.0.5:4000"));
        let nat = at("203.0.113.9:5060");
        assert_eq!(latch.on_packet(nat, 1, 100, NOW), Verdict::Foreign);
        assert_eq!(latch.on_packet(nat, 1, 102, NOW), Verdict::Foreign);
        assert_eq!(latch.on_packet(nat, 1, 103, NOW), Verdict::Foreign);
        assert_eq!(latch.on_packet(nat, 1, 104, NOW), Verdict::Latched);
        assert_eq!(latch.target(), nat);
    }

    #[test]
    fn a_third_party_is_ignored_even_when_it_knows_the_ssrc() {
        let mut latch = Latch::new(at("192.0.2.1:4000"));
        latch.on_packet(at("192.0.2.1:4000"), 1, 1, NOW);
        for n in 0..50 {
            assert_eq!(latch.on_packet(at("198.51.100.7:9"), 1, 2 + n, NOW), Verdict::Foreign);
        }
        assert_eq!((latch.target(), latch.foreign()), (at("192.0.2.1:4000"), 50));
    }

    #[test]
    fn after_silence_only_the_same_ssrc_may_move() {
        let mut latch = Latch::new(at("192.0.2.1:4000"));
        latch.on_packet(at("192.0.2.1:4000"), 1, 1, NOW);
        assert_eq!(latch.on_packet(at("198.51.100.7:9"), 2, 2, NOW + SILENCE), Verdict::Foreign);
        assert_eq!(latch.on_packet(at("198.51.100.8:9"), 1, 2, NOW + SILENCE), Verdict::Latched);
        assert_eq!(latch.target(), at("198.51.100.8:9"));
    }

    #[test]
    fn the_named_address_takes_its_leg_back_from_who_came_first() {
        let mut latch = Latch::new(at("192.0.2.1:4000"));
        for n in 0..3 {
            latch.on_packet(at("198.51.100.7:9"), 5, n, NOW);
        }
        assert_eq!(latch.target(), at("198.51.100.7:9"));
        assert_eq!(latch.on_packet(at("192.0.2.1:4000"), 1, 1, NOW), Verdict::Latched);
        assert_eq!(latch.on_packet(at("198.51.100.7:9"), 5, 4, NOW), Verdict::Foreign);
    }

    #[test]
    fn the_named_ip_takes_its_leg_back_from_another_port_too() {
        let mut latch = Latch::new(at("192.0.2.1:4000"));
        for n in 0..3 {
            latch.on_packet(at("198.51.100.7:9"), 5, n, NOW);
        }
        assert_eq!(latch.target(), at("198.51.100.7:9"));
        assert_eq!(latch.on_packet(at("192.0.2.1:61000"), 1, 1, NOW), Verdict::Latched);
        assert_eq!(latch.target(), at("192.0.2.1:61000"));
        assert_eq!(latch.on_packet(at("198.51.100.7:9"), 5, 3, NOW), Verdict::Foreign);
        assert_eq!(
            latch.on_packet(at("192.0.2.1:62000"), 1, 2, NOW),
            Verdict::Foreign,
            "of one IP, the first port holds"
        );
    }

    #[test]
    fn a_new_sdp_opens_the_latch_and_a_refresh_does_not() {
        let mut latch = Latch::new(at("192.0.2.1:4000"));
        latch.on_packet(at("192.0.2.1:4000"), 1, 1, NOW);
        latch.aim(at("192.0.2.1:4000"));
        assert!(latch.is_latched());
        latch.aim(at("192.0.2.2:6000"));
        assert!(!latch.is_latched());
        assert_eq!(latch.target(), at("192.0.2.2:6000"));
        assert_eq!(latch.on_packet(at("192.0.2.2:6000"), 9, 1, NOW), Verdict::Latched);
    }
}
