//! The door in front of the dialog layer: who is heard at all, and how often (RFC 3261 §26.3.2.4, ASVS 17.3.1).
//!
//! Pure: a source, the time and the first bytes go in, [`Verdict`] comes out. Whoever is no peer is dropped unread and
//! unremembered; a peer is heard as often as its bucket allows. What belongs to a call that is up has a bucket of its
//! own: over UDP anybody can send in a peer's name, but nobody else knows what its calls are called.
//!
//! It never answers: an answer tells a scanner that somebody lives here.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use sip::Time;

use super::super::sip_stack::Peer;

/// Over how long a bucket fills, in seconds.
const WINDOW: u64 = 2;
/// How much more often a peer may answer and go on with calls than open something new: a call is one INVITE, and a dozen
/// messages after it.
const GOING_ON: u64 = 10;
/// How many addresses are counted at a time. A trunk that is known by a wide network has room for no more.
const MOST_COUNTED: usize = 4_096;
/// How far a header is searched for the name of a program.
const SEARCHED: usize = 2_048;
/// Programs that look for telephones to break into, in lower case. None of them carries calls.
const SCANNERS: [&[u8]; 12] = [
    b"friendly-scanner",
    b"friendly-request",
    b"sipvicious",
    b"sipcli",
    b"sip-scan",
    b"sipscan",
    b"sundayddr",
    b"vaxsipuseragent",
    b"pplsip",
    b"sivus",
    b"iwar",
    b"gulp",
];

/// What becomes of what came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is read.
    Pass,
    /// It is not, and nobody is told.
    Drop(Why),
}

/// Why nobody reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// The source is no peer.
    Stranger,
    /// It does not begin as a SIP message does.
    Noise,
    /// The source says too much.
    TooOften,
    /// A program that looks for victims sent it.
    Scanner,
}

impl Why {
    /// All of them, in the order of their numbers.
    pub(super) const ALL: [Self; 4] = [Self::Stranger, Self::Noise, Self::TooOften, Self::Scanner];

    /// As in `/metrics` and the log.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Stranger => "stranger",
            Self::Noise => "noise",
            Self::TooOften => "too_often",
            Self::Scanner => "scanner",
        }
    }
}

/// Who may come in, and who came how often.
#[derive(Debug)]
pub(super) struct Door {
    addresses: HashSet<IpAddr>,
    networks: Vec<IpNet>,
    /// New requests of one address in two seconds.
    allowed: u64,
    counted: HashMap<IpAddr, Buckets>,
    swept: Time,
}

/// What one address has left.
#[derive(Debug)]
struct Buckets {
    opening: Bucket,
    going_on: Bucket,
    /// What the protocol waits for.
    expected: Bucket,
}

/// Whole messages, in thousandths, so that slow refilling loses nothing.
#[derive(Debug)]
struct Bucket {
    left: u64,
    filled: Time,
}

impl Door {
    /// Nobody is known yet. `allowed`: new requests (INVITE, OPTIONS and the like) of one address in two seconds; of what
    /// belongs to something begun (ACK, BYE, answers) it may send ten times that.
    pub(super) fn new(allowed: u32) -> Self {
        Self {
            addresses: HashSet::new(),
            networks: Vec::new(),
            allowed: u64::from(allowed),
            counted: HashMap::new(),
            swept: Time::default(),
        }
    }

    /// Says who is known from now on: the peers, and addresses beside theirs.
    pub(super) fn set_peers(&mut self, peers: &[Peer], beside: impl Iterator<Item = IpAddr>) {
        let of_peers = peers.iter().flat_map(|peer| &peer.addresses).map(SocketAddr::ip);
        self.addresses = of_peers.chain(beside).map(|address| address.to_canonical()).collect();
        self.networks = peers.iter().flat_map(|peer| peer.networks.iter().copied()).collect();
    }

    /// Whether the source is a peer at all.
    pub(super) fn knows(&self, source: IpAddr) -> bool {
        let source = source.to_canonical();
        self.addresses.contains(&source) || self.networks.iter().any(|network| network.contains(&source))
    }

    /// Judges a message by its source and its first bytes. Whether it is `expected` is asked only where its bucket is
    /// empty.
    pub(super) fn judge(
        &mut self,
        now: Time,
        source: IpAddr,
        bytes: &[u8],
        expected: impl FnOnce() -> bool,
    ) -> Verdict {
        if !self.knows(source) {
            return Verdict::Drop(Why::Stranger);
        }
        let Some(opens) = opens_something(bytes) else { return Verdict::Drop(Why::Noise) };
        if !self.takes(now, source.to_canonical(), opens, expected) {
            return Verdict::Drop(Why::TooOften);
        }
        if opens && is_of_scanner(bytes) { Verdict::Drop(Why::Scanner) } else { Verdict::Pass }
    }

    fn takes(&mut self, now: Time, source: IpAddr, opens: bool, expected: impl FnOnce() -> bool) -> bool {
        let allowed = self.allowed;
        if !self.counted.contains_key(&source) && self.counted.len() >= MOST_COUNTED {
            // An address whose bucket is full again is one that was never counted. Looked for once a window at most:
            // whoever makes up addresses shall not make us search.
            if now.0.saturating_sub(self.swept.0).as_secs() >= WINDOW {
                self.swept = now;
                self.counted.retain(|_, buckets| !buckets.are_full(now, allowed));
            }
            if self.counted.len() >= MOST_COUNTED {
                return false;
            }
        }
        let buckets = self.counted.entry(source).or_insert_with(|| Buckets {
            opening: Bucket::full(now, allowed),
            going_on: Bucket::full(now, allowed * GOING_ON),
            expected: Bucket::full(now, allowed * GOING_ON),
        });
        let takes =
            if opens { buckets.opening.takes(now, allowed) } else { buckets.going_on.takes(now, allowed * GOING_ON) };
        takes || (expected() && buckets.expected.takes(now, allowed * GOING_ON))
    }
}

impl Buckets {
    fn are_full(&mut self, now: Time, allowed: u64) -> bool {
        self.opening.fill(now, allowed);
        self.going_on.fill(now, allowed * GOING_ON);
        self.expected.fill(now, allowed * GOING_ON);
        let going_on = self.going_on.left.min(self.expected.left);
        self.opening.left >= allowed * 1_000 && going_on >= allowed * GOING_ON * 1_000
    }
}

impl Bucket {
    fn full(now: Time, holds: u64) -> Self {
        Self { left: holds * 1_000, filled: now }
    }

    fn fill(&mut self, now: Time, holds: u64) {
        let passed = u64::try_from(now.0.saturating_sub(self.filled.0).as_millis()).unwrap_or(u64::MAX);
        // A millisecond brings `holds` thousandths in each second of the window; the half that is cut off is never more
        // than a thousandth.
        let grown = passed.saturating_mul(holds) / WINDOW;
        if grown > 0 {
            self.left = self.left.saturating_add(grown).min(holds * 1_000);
            self.filled = now;
        }
    }

    fn takes(&mut self, now: Time, holds: u64) -> bool {
        self.fill(now, holds);
        let takes = self.left >= 1_000;
        if takes {
            self.left -= 1_000;
        }
        takes
    }
}

/// Whether the message opens something new; `None`: it does not begin as SIP does (RFC 3261 §7.1, §7.2).
fn opens_something(bytes: &[u8]) -> Option<bool> {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    if line.starts_with(b"SIP/") {
        return Some(false);
    }
    let method = line.split(|byte| *byte == b' ').next().unwrap_or_default();
    let names_version = line.windows(4).any(|window| window.eq_ignore_ascii_case(b"SIP/"));
    if method.is_empty() || !method.iter().all(u8::is_ascii_graphic) || !names_version {
        return None;
    }
    Some(![b"ACK".as_slice(), b"BYE", b"CANCEL", b"PRACK", b"UPDATE"].contains(&method))
}

/// Whether its `User-Agent` is a program that looks for victims.
fn is_of_scanner(bytes: &[u8]) -> bool {
    let header = bytes.get(..SEARCHED).unwrap_or(bytes);
    header.split(|byte| *byte == b'\n').any(|line| {
        let named = line.get(..11).is_some_and(|name| name.eq_ignore_ascii_case(b"User-Agent:"));
        named && SCANNERS.iter().any(|scanner| holds(line, scanner))
    })
}

fn holds(line: &[u8], word: &[u8]) -> bool {
    line.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::ids::TrunkId;

    use super::*;

    const ALLOWED: u32 = 30;
    const PEER: &str = "192.0.2.1";

    fn door() -> Door {
        let mut door = Door::new(ALLOWED);
        door.set_peers(
            &[Peer {
                trunk: TrunkId(uuid::Uuid::nil()),
                addresses: vec![SocketAddr::new(ip(PEER), 5060)],
                networks: vec!["10.0.0.0/8".parse().unwrap()],
                codecs: vec![],
                trusts_identity: false,
                user: None,
            }],
            std::iter::once(ip("198.51.100.7")),
        );
        door
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn at(ms: u64) -> Time {
        Time(Duration::from_millis(ms))
    }

    fn options(agent: &str) -> Vec<u8> {
        format!("OPTIONS sip:a SIP/2.0\r\nVia: x\r\nUser-agent: {agent}\r\n\r\n").into_bytes()
    }

    fn passed(door: &mut Door, now: Time, bytes: &[u8], times: u32) -> u32 {
        let verdicts = (0..times).map(|_| door.judge(now, ip(PEER), bytes, || false));
        u32::try_from(verdicts.filter(|verdict| *verdict == Verdict::Pass).count()).unwrap()
    }

    /// TELEPHONY's first test, in small.
    #[test]
    fn a_source_outside_the_allow_list_is_dropped_unread_and_unremembered() {
        let mut door = door();
        for n in 0..100_000_u32 {
            let stranger = IpAddr::from(n.to_be_bytes().map(|byte| byte | 0xC0));
            assert_eq!(door.judge(at(0), stranger, &options("x"), || false), Verdict::Drop(Why::Stranger));
        }
        assert!(door.counted.is_empty());
        assert_eq!(door.judge(at(0), ip(PEER), &options("x"), || false), Verdict::Pass);
        assert_eq!(door.judge(at(0), ip("::ffff:192.0.2.1"), &options("x"), || false), Verdict::Pass);
        assert_eq!(door.judge(at(0), ip("10.1.2.3"), &options("x"), || false), Verdict::Pass);
        assert_eq!(door.judge(at(0), ip("198.51.100.7"), &options("x"), || false), Verdict::Pass);
        door.set_peers(&[], std::iter::empty());
        assert_eq!(door.judge(at(0), ip(PEER), &options("x"), || false), Verdict::Drop(Why::Stranger));
    }

    #[test]
    fn a_scanner_is_dropped_even_where_its_address_is_known() {
        let mut door = door();
        for agent in ["friendly-scanner", "Sipvicious 0.3", "sipcli/v1.8", "VaxSIPUserAgent/3.1"] {
            assert_eq!(door.judge(at(0), ip(PEER), &options(agent), || false), Verdict::Drop(Why::Scanner), "{agent}");
        }
        let subject = b"INVITE sip:a SIP/2.0\r\nSubject: sipcli\r\n\r\n";
        assert_eq!(door.judge(at(0), ip(PEER), subject, || false), Verdict::Pass);
    }

    #[test]
    fn what_does_not_begin_as_sip_does_is_dropped() {
        let mut door = door();
        for noise in [b"".as_slice(), b"\r\n\r\n", b"\0\0\0\0", b"GET / HTTP/1.1\r\n\r\n", b" INVITE sip:a SIP/2.0\r\n"]
        {
            assert_eq!(door.judge(at(0), ip(PEER), noise, || false), Verdict::Drop(Why::Noise), "{noise:?}");
        }
        // For the core to refuse: 505, 400, 501.
        for odd in
            [b"OPTIONS sip:a SIP/7.0\r\n".as_slice(), b"INVITE  sip:a  SIP/2.0 \r\n", b"!%Z*_+`'~ sip:a SIP/2.0\n"]
        {
            assert_eq!(door.judge(at(0), ip(PEER), odd, || false), Verdict::Pass, "{odd:?}");
        }
    }

    #[test]
    fn a_peer_is_heard_so_often_in_two_seconds_and_calls_go_on_beside_its_flood() {
        let mut door = door();
        assert_eq!(passed(&mut door, at(0), &options("x"), 1_000), ALLOWED);
        assert_eq!(passed(&mut door, at(0), b"SIP/2.0 200 OK\r\n", 1_000), 10 * ALLOWED);
        let other = door.judge(at(0), ip("10.0.0.1"), &options("x"), || false);
        assert_eq!(other, Verdict::Pass, "each address has a bucket of its own");
        assert_eq!(passed(&mut door, at(1_000), &options("x"), 1_000), ALLOWED / 2);
        assert_eq!(
            passed(&mut door, at(60_000), &options("x"), 1_000),
            ALLOWED,
            "no more is saved up than two seconds'"
        );
    }

    #[test]
    fn a_flood_in_a_peers_name_leaves_its_calls_what_they_need() {
        let mut door = door();
        assert_eq!(passed(&mut door, at(0), b"SIP/2.0 200 OK\r\n", 100_000), 10 * ALLOWED);
        for n in 0..10 * ALLOWED {
            assert_eq!(door.judge(at(0), ip(PEER), b"SIP/2.0 200 OK\r\n", || true), Verdict::Pass, "{n}");
        }
        let more = door.judge(at(0), ip(PEER), b"BYE sip:a SIP/2.0\r\n", || true);
        assert_eq!(more, Verdict::Drop(Why::TooOften), "a peer that floods us itself is held back all the same");
        assert_eq!(door.judge(at(100), ip(PEER), b"BYE sip:a SIP/2.0\r\n", || true), Verdict::Pass);
    }

    /// However the messages of any span are spread: at most a full bucket and what it refills in the span, and a source
    /// that stays below its rate loses nothing.
    #[test]
    fn no_spreading_gets_more_through_and_who_keeps_to_the_rate_loses_nothing() {
        for step in [1, 2, 3, 7, 10, 33, 50, 66, 67, 100, 499] {
            let mut door = door();
            let (mut through, mut sent, mut now) = (0, 0, 0);
            while now < 20_000 {
                sent += 1;
                through += passed(&mut door, at(now), &options("x"), 1);
                now += step;
            }
            let most = u64::from(ALLOWED) + now * u64::from(ALLOWED) / (WINDOW * 1_000) + 1;
            assert!(u64::from(through) <= most, "every {step} ms: {through} of {sent}, at most {most}");
            if step > WINDOW * 1_000 / u64::from(ALLOWED) {
                assert_eq!(through, sent, "every {step} ms");
            }
        }
    }

    #[test]
    fn no_more_addresses_are_counted_than_there_is_room_for() {
        let mut door = door();
        let address = |n: u32| IpAddr::from((0x0A00_0000 + n).to_be_bytes());
        let room = u32::try_from(MOST_COUNTED).unwrap();
        for n in 0..room {
            assert_eq!(door.judge(at(2_000), address(n), &options("x"), || false), Verdict::Pass);
        }
        assert_eq!(door.judge(at(2_000), address(room), &options("x"), || false), Verdict::Drop(Why::TooOften));
        assert_eq!(door.judge(at(4_000), address(room), &options("x"), || false), Verdict::Pass);
        assert_eq!(door.counted.len(), 1);
    }
}
