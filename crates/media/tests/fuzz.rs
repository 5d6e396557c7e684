//! Mutated datagrams of a kept corpus (`tests/corpus`, octets as hexadecimal digits) on the two ports of a customer's
//! leg: RTP, telephone events and RTCP from the wire up to what is passed on, reported and told. Nothing panics, what
//! comes out is bounded, and whatever arrives, the outgoing stream stays one that SRTP may carry.
//!
//! Everything follows from the number of the round, which a failure prints with the datagram. `PROPTEST_CASES` sets how
//! many rounds there are. A datagram that broke something is cut down and put into the corpus.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may panic and print; its helpers are not seen as tests"
)]

use std::collections::HashSet;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use media::dtmf::{self, Place};
use media::latch::Verdict;
use media::out_stream::{Relayed, Stamp};
use media::rtcp::{self, Report};
use media::rtp::{self, Packet};
use media::{Latch, OutStream, Reception};
use proptest::prelude::ProptestConfig;

/// Datagrams of one round.
const DATAGRAMS: usize = 60;
/// The payload type of events in the corpus.
const EVENTS: u8 = 101;
/// RFC 3550 A.1: what lies further ahead is a new beginning.
const MAX_DROPOUT: u64 = 3_000;

/// A row of numbers that follows from its first (xorshift64*).
struct Row(u64);

impl Row {
    fn new(round: u64) -> Self {
        Self(round.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap() % most.max(1)
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

fn corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 30, "the corpus is not where it was");
    paths.iter().map(|path| octets(&std::fs::read_to_string(path).unwrap())).collect()
}

fn octets(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .flat_map(str::chars)
        .map(|c| c.to_digit(16).unwrap())
        .collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

fn mutated(row: &mut Row, mut bytes: Vec<u8>, other: &[u8]) -> Vec<u8> {
    for _ in 0..row.below(5) {
        let at = row.below(bytes.len() + 1);
        let to = (at + 1 + row.below(16)).min(bytes.len());
        match row.below(8) {
            0 | 1 if at < bytes.len() => bytes[at] ^= 1 << row.below(8),
            2 if at < bytes.len() => bytes[at] = *row.pick(&[0, 1, 0x7F, 0x80, 0xBE, 200, 201, 203, 0xFF]),
            3 if at < bytes.len() => drop(bytes.drain(at..to)),
            4 => bytes.truncate(at),
            5 => bytes.splice(at..at, other.iter().copied()).for_each(drop),
            6 => {
                let byte = row.byte();
                let most = if row.below(20) == 0 { 65_000 } else { 40 };
                let count = row.below(most);
                bytes.splice(at..at, std::iter::repeat_n(byte, count)).for_each(drop);
            }
            // The fields that decide most: sequence number and timestamp.
            _ if bytes.len() >= 8 => (0..6).for_each(|n| bytes[2 + n] = row.byte()),
            _ => {}
        }
    }
    bytes.truncate(65_507);
    bytes
}

/// A customer's leg as far as it is pure, and what the far ends have seen of it.
struct Leg {
    latch: Latch,
    from: Reception,
    keys: dtmf::Receiver,
    stream: OutStream,
    used: HashSet<u64>,
    highest: u64,
    heard: u64,
    told: usize,
}

impl Leg {
    fn new(row: &mut Row) -> Self {
        Self {
            latch: Latch::new(address(1)),
            from: Reception::default(),
            keys: dtmf::Receiver::default(),
            stream: OutStream::new(99, u16::try_from(row.below(65_536)).unwrap(), u32::MAX - 1_000),
            used: HashSet::new(),
            highest: 0,
            heard: 0,
            told: 0,
        }
    }

    fn hear(&mut self, source: SocketAddr, datagram: &[u8], now: Duration) -> bool {
        let Ok(packet) = Packet::parse(datagram) else { return false };
        let (header, payload) = (packet.header, packet.payload);
        assert!(payload.len() + rtp::HEADER_LENGTH <= datagram.len());
        assert!(header.payload_type < 128 && !rtp::is_rtcp(datagram));
        if self.latch.on_packet(source, header.ssrc, header.sequence, now) == Verdict::Foreign {
            return true;
        }
        self.heard += 1;
        self.from.on_packet(&header, now);
        let is_event = header.payload_type == EVENTS;
        if is_event {
            let place = Place { ssrc: header.ssrc, timestamp: header.timestamp, marker: header.marker };
            let key = self.keys.on_packet(place, payload);
            assert!(key.is_none_or(|key| key < dtmf::KEYS));
            self.told += usize::from(key.is_some());
        }
        let samples = u32::try_from(payload.len()).unwrap();
        let kind = if is_event { Relayed::Event } else { Relayed::Audio };
        if let Some(stamp) = self.stream.relayed(now, &header, if is_event { 0 } else { samples }, kind) {
            self.stream.sent(payload.len());
            self.note(stamp);
        }
        true
    }

    /// RFC 3711 §9.1 forbids a number twice; §3.3.1 has the receiver count the wraps, so none may be skipped over.
    fn note(&mut self, stamp: Stamp) {
        assert!(self.used.insert(stamp.sequence), "{} was sent before", stamp.sequence);
        assert!(
            stamp.sequence <= self.highest + MAX_DROPOUT || self.used.len() == 1,
            "from {} to {stamp:?}",
            self.highest
        );
        self.highest = self.highest.max(stamp.sequence);
    }

    fn report(&mut self, datagram: &[u8], now: Duration) -> bool {
        let Ok(reports) = rtcp::parse(datagram) else { return false };
        let (mut count, mut octets) = (0, 0);
        for report in reports {
            count += 1;
            if let Report::Sender { ssrc, info, .. } = report {
                self.from.on_sender_report(ssrc, info.ntp, now);
            }
            if let Report::Sender { blocks, .. } | Report::Receiver { blocks, .. } = report {
                let blocks: Vec<_> = blocks.collect();
                assert!(blocks.len() <= 31);
                octets += blocks.len() * 24;
                assert!(blocks.iter().all(|block| (-0x80_0000..0x80_0000).contains(&block.cumulative_lost)));
            }
        }
        assert!(count >= 1 && count * 4 + octets <= datagram.len(), "no more is read than is there");
        true
    }

    /// What we would report now: of a fixed size, and read back as it was meant.
    fn own_report(&mut self, now: Duration) {
        let lost = self.from.lost().unsigned_abs();
        assert!(lost <= 70_000 * (self.heard + 1), "{lost} lost of {}", self.heard);
        assert!(self.from.received() <= self.heard);
        assert!(self.from.jitter_ms().is_finite() && self.from.jitter_ms() >= 0.0);
        let (info, block) = (self.stream.sender_info(now, 1 << 40), self.from.block(now));
        let mut written = Vec::new();
        rtcp::write(99, info, block, "desk", false, &mut written);
        assert!(written.len() <= 28 + 24 + 20, "{}", written.len());
        let first = rtcp::parse(&written).unwrap().next().unwrap();
        let (Report::Sender { blocks, .. } | Report::Receiver { blocks, .. }) = first else { panic!("{first:?}") };
        assert!(blocks.eq(block));
    }
}

fn address(last: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, last], 4_000))
}

/// Prints itself if it is dropped by a panic.
struct Shown(String);

impl Drop for Shown {
    fn drop(&mut self) {
        println!("{}", self.0);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// How many datagrams were read as RTP and as RTCP, and how many keys were told.
fn one_round(round: u64, corpus: &[Vec<u8>]) -> [usize; 3] {
    let mut row = Row::new(round);
    let mut leg = Leg::new(&mut row);
    let mut now = Duration::from_secs(1);
    let mut reached = [0; 3];
    for number in 0..DATAGRAMS {
        let (one, other) = (row.pick(corpus).clone(), row.pick(corpus).clone());
        let datagram = mutated(&mut row, one, &other);
        let source = address(*row.pick(&[1, 1, 1, 2]));
        let shown = Shown(format!("round {round}, datagram {number}: {}", hex(&datagram)));
        reached[0] += usize::from(leg.hear(source, &datagram, now));
        reached[1] += usize::from(leg.report(&datagram, now));
        match row.below(12) {
            0 => leg.own_report(now),
            1 => leg.stream.cut(),
            2 => {
                let stamp = leg.stream.generated(now, 160);
                leg.note(stamp);
            }
            3 => {
                let stamp = leg.stream.event(now, row.below(2) == 0, 160);
                leg.note(stamp);
            }
            4 => leg.latch.aim(address(*row.pick(&[1, 2, 3]))),
            5 => now += Duration::from_secs(u64::try_from(row.below(1 << 20)).unwrap()),
            _ => now += Duration::from_millis(u64::try_from(row.below(60)).unwrap()),
        }
        std::mem::forget(shown);
    }
    leg.own_report(now);
    reached[2] = leg.told;
    reached
}

#[test]
fn mutated_packets_events_and_reports_do_no_harm() {
    let corpus = corpus();
    let rounds = ProptestConfig::default().cases;
    let mut reached = [0; 3];
    for round in 0..u64::from(rounds) {
        let found = one_round(round, &corpus);
        reached.iter_mut().zip(found).for_each(|(all, more)| *all += more);
    }
    println!("{rounds} rounds: {reached:?} packets, compounds, keys");
    // Neither all nonsense nor all sound: each reaches what it is to reach.
    let rounds = usize::try_from(rounds).unwrap();
    assert!(reached[0] > 10 * rounds && reached[1] > 2 * rounds && reached[2] > rounds / 4, "{reached:?}");
}

/// In every order of two: the corpus itself stays sound, and what was found before stays mended.
#[test]
fn the_corpus_as_it_is_does_no_harm() {
    let corpus = corpus();
    for first in &corpus {
        for second in &corpus {
            let mut row = Row::new(1);
            let mut leg = Leg::new(&mut row);
            let shown = Shown(format!("{} then {}", hex(first), hex(second)));
            for (datagram, at) in [(first, 1), (second, 2), (first, 3)] {
                leg.hear(address(1), datagram, Duration::from_secs(at));
                leg.report(datagram, Duration::from_secs(at));
                leg.own_report(Duration::from_secs(at));
            }
            std::mem::forget(shown);
        }
    }
}
