//! What only shows after many packets or much time, by a clock that the test holds: the wraps of sequence numbers and
//! timestamps, long holds, long idleness, an hour of music.

#![expect(clippy::unwrap_used, reason = "a test may panic; its helpers are not seen as tests")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use media::latch::Verdict;
use media::out_stream::{Relayed, Stamp};
use media::rtcp::{self, Report};
use media::rtp::{Header, Packet};
use media::{Codec, FRAME, Latch, Music, OutStream, Reception};

/// Packets of one hour.
const HOUR: u64 = 3_600 * 50;
/// 60 ms: how far a stream may stand from the clock.
const STEP: u32 = 480;

/// When the packet of this number is due.
fn at(n: u64) -> Duration {
    Duration::from_millis(n * 20)
}

/// How far `a` lies ahead of `b` on the circle of timestamps.
fn ahead(a: u32, b: u32) -> i32 {
    i32::from_ne_bytes(a.wrapping_sub(b).to_ne_bytes())
}

/// A source whose sequence numbers and timestamps both wrap soon.
#[derive(Clone, Copy)]
struct Source {
    sequence: u16,
    timestamp: u32,
}

impl Source {
    const NEAR_ITS_WRAPS: Self = Self { sequence: 65_500, timestamp: u32::MAX - 16_000 };

    fn header(self, n: u64) -> Header {
        let sequence = u16::try_from((u64::from(self.sequence) + n) % 65_536).unwrap();
        let timestamp = u32::try_from((u64::from(self.timestamp) + n * 160) % (1 << 32)).unwrap();
        Header { marker: n == 0, payload_type: 0, sequence, timestamp, ssrc: 7 }
    }
}

/// The packet as it goes over the wire and is read at the other end.
fn sent(stream: &OutStream, stamp: Stamp) -> Header {
    let sequence = u16::try_from(stamp.sequence % 65_536).unwrap();
    let header =
        Header { marker: stamp.marker, payload_type: 0, sequence, timestamp: stamp.timestamp, ssrc: stream.ssrc() };
    Packet::parse(&header.octets()).unwrap().header
}

#[test]
fn t16_200_000_packets_pass_every_wrap_as_one_stream_and_the_reports_keep_pace() {
    let packets = 200_000_u64;
    let first = u32::MAX - 80_000;
    let mut stream = OutStream::new(9, 0x7FFF, first);
    let (mut from_source, mut at_far_end) = (Reception::default(), Reception::default());
    let mut datagram = Vec::new();
    for n in 0..packets {
        let header = Source::NEAR_ITS_WRAPS.header(n);
        from_source.on_packet(&header, at(n));
        let stamp = stream.relayed(at(n), &header, 160, Relayed::Audio).unwrap();
        assert_eq!(stamp.sequence, 0x7FFF + n);
        assert_eq!(stamp.timestamp, first.wrapping_add(u32::try_from(n * 160).unwrap()), "{n}");
        assert_eq!(stamp.marker, n == 0, "{n}");
        stream.sent(160);
        at_far_end.on_packet(&sent(&stream, stamp), at(n));
        if n % 250 == 0 {
            // The middle of NTP's 64 bits, which a report echoes, wraps as well.
            let ntp = (0xFFFF_FFF0_u64 << 16) + ((n / 50) << 32);
            let info = stream.sender_info(at(n), ntp);
            rtcp::write(9, info, None, "desk", false, &mut datagram);
            let Some(Report::Sender { ssrc: 9, info, .. }) = rtcp::parse(&datagram).unwrap().next() else { panic!() };
            let behind = ahead(info.timestamp, stamp.timestamp);
            assert!((0..=160).contains(&behind), "the report stands on the line of the packets: {behind} at {n}");
            at_far_end.on_sender_report(9, ntp, at(n));
            let block = at_far_end.block(at(n) + Duration::from_millis(500)).unwrap();
            assert_eq!(
                (block.last_report, block.since_last_report),
                (u32::try_from((ntp >> 16) & 0xFFFF_FFFF).unwrap(), 32_768)
            );
            assert_eq!(u64::from(block.highest), 0x7FFF + n, "with its cycles");
            assert_eq!((block.cumulative_lost, block.fraction_lost), (0, 0));
        }
    }
    for reception in [&from_source, &at_far_end] {
        assert_eq!((reception.received(), reception.lost()), (packets, 0));
        assert!(reception.jitter_ms() < 0.01, "{}", reception.jitter_ms());
    }
    let info = stream.sender_info(at(packets), 0).unwrap();
    assert_eq!((u64::from(info.packets), u64::from(info.octets)), (packets, packets * 160));
}

#[test]
fn t16_disorder_doubles_and_loss_at_the_wraps_are_counted_as_what_they_are() {
    let source = Source { sequence: 65_530, timestamp: u32::MAX - 800 };
    let mut stream = OutStream::new(9, 0x7FFF, u32::MAX - 800);
    let mut reception = Reception::default();
    // The wraps lie between 5 and 6: a packet from before them comes behind one from after, one twice, one never.
    let mut sequences = Vec::new();
    for n in [0, 1, 2, 3, 4, 7, 5, 6, 5, 8, 10] {
        let header = source.header(n);
        reception.on_packet(&header, at(n));
        let stamp = stream.relayed(at(n), &header, 160, Relayed::Audio);
        if let Some(stamp) = stamp {
            assert_eq!(stamp.timestamp, (u32::MAX - 800).wrapping_add(u32::try_from(n * 160).unwrap()), "{n}");
        }
        sequences.push(stamp.map(|stamp| stamp.sequence - 0x7FFF));
    }
    let expected = [0, 1, 2, 3, 4, 7, 5, 6].map(Some).into_iter().chain([None, Some(8), Some(10)]);
    assert!(sequences.iter().copied().eq(expected), "{sequences:?}");
    // One of eleven is missing, one came twice: RFC 3550 counts the double against the loss.
    assert_eq!((reception.received(), reception.lost()), (11, 0));
    assert_eq!(reception.block(at(11)).unwrap().highest, 65_540);
}

/// RFC 3711 §3.3.1: the receiver estimates how often the sequence number has wrapped, so it may never regress, nor jump.
#[test]
fn t16_t19_after_any_idleness_the_sequence_goes_on_by_one_and_the_timestamp_by_the_clock() {
    let hours = [1, 10, 63, 80, 150, 24 * 14];
    let mut stream = OutStream::new(9, 0, 5_000);
    let mut reception = Reception::default();
    let (mut now, mut n) = (Duration::ZERO, 0_u64);
    for idle in hours {
        now += Duration::from_hours(idle);
        for packet in 0..100_u64 {
            // A source that goes on from its last timestamp, as if the pause had not been.
            let stamp = stream.relayed(now, &Source::NEAR_ITS_WRAPS.header(n), 160, Relayed::Audio).unwrap();
            assert_eq!((stamp.sequence, stamp.marker), (n, packet == 0), "after {idle} h");
            let clock = 5_000_u32.wrapping_add(u32::try_from(now.as_millis() * 8 % (1 << 32)).unwrap());
            let behind = ahead(clock, stamp.timestamp).unsigned_abs();
            assert!(behind <= STEP, "after {idle} h: {behind} samples from the clock");
            reception.on_packet(&sent(&stream, stamp), now);
            now += at(1);
            n += 1;
        }
    }
    assert_eq!(reception.lost(), 0);
    assert!(reception.jitter_ms() < 1.0, "{}", reception.jitter_ms());
}

#[test]
fn t19_after_days_without_a_packet_music_and_keys_begin_by_the_clock_as_well() {
    let days = Duration::from_hours(80);
    let clock = u32::try_from(days.as_millis() * 8 % (1 << 32)).unwrap();
    for key in [true, false] {
        let mut stream = OutStream::new(9, 0, 0);
        stream.generated(Duration::ZERO, 160);
        let stamp = if key { stream.event(days, true, 160) } else { stream.generated(days, 160) };
        assert_eq!(stamp, Stamp { sequence: 1, timestamp: clock, marker: true });
    }
}

/// What a carrier sees of a call that is talked in, held for 15 minutes and talked in again.
#[test]
fn t8_after_15_minutes_of_hold_both_ways_go_on_where_the_clock_stands() {
    let (talk, hold) = (500_u64, 15 * 60 * 50_u64);
    let carrier: SocketAddr = "192.0.2.1:4000".parse().unwrap();
    let mut to_carrier = OutStream::new(1, 300, 70_000);
    let mut to_agent = OutStream::new(2, 400, 80_000);
    let (mut at_carrier, mut from_carrier) = (Reception::default(), Reception::default());
    let mut latch = Latch::new(carrier);
    let (mut markers, mut spoken) = (Vec::new(), 0_u64);
    for n in 0..talk + hold + talk {
        let now = at(n);
        let is_held = (talk..talk + hold).contains(&n);
        if n == talk || n == talk + hold {
            to_carrier.cut();
            // The resume names the address that was named before.
            latch.aim(carrier);
        }
        // The browser speaks all the time, its voice is just not passed on.
        let stamp = if is_held {
            to_carrier.generated(now, 160)
        } else {
            to_carrier.relayed(now, &Source::NEAR_ITS_WRAPS.header(n), 160, Relayed::Audio).unwrap()
        };
        assert_eq!(stamp.sequence, 300 + n);
        assert_eq!(stamp.timestamp, 70_000 + u32::try_from(n * 160).unwrap(), "{n}");
        if stamp.marker {
            markers.push(n);
        }
        at_carrier.on_packet(&sent(&to_carrier, stamp), now);
        // Whom we hold sends nothing (RFC 3264 §8.4: it may be inactive), and goes on from its last timestamp.
        if !is_held {
            let header = Source { sequence: 30_000, timestamp: 1 }.header(spoken);
            let verdict = latch.on_packet(carrier, header.ssrc, header.sequence, now);
            assert!(matches!(verdict, Verdict::Heard | Verdict::Latched), "{verdict:?} at {n}");
            from_carrier.on_packet(&header, now);
            let stamp = to_agent.relayed(now, &header, 160, Relayed::Audio).unwrap();
            assert_eq!(stamp.sequence, 400 + spoken);
            let behind = ahead(80_000 + u32::try_from(n * 160).unwrap(), stamp.timestamp).unsigned_abs();
            assert!(behind <= STEP, "{behind} samples from the clock at {n}");
            assert_eq!(stamp.marker, spoken == 0 || spoken == talk, "{n}");
            spoken += 1;
        }
    }
    assert_eq!(markers, [0, talk, talk + hold]);
    assert_eq!((at_carrier.received(), at_carrier.lost()), (talk + hold + talk, 0));
    assert_eq!((from_carrier.received(), from_carrier.lost()), (2 * talk, 0));
    assert!(at_carrier.jitter_ms() < 0.01);
}

/// A loop of 1.5 s whose frames all differ.
fn clip() -> Music {
    let samples: Vec<i16> = (0..75 * FRAME).map(|n| i16::try_from(n / FRAME * 400).unwrap()).collect();
    Music::of_pcm(&samples)
}

/// A timer that fires late, each time by something else, and never twice as late as its turn.
#[test]
fn t19_an_hour_of_music_stands_on_its_frame_and_its_timestamp_to_the_last() {
    let music = clip();
    let mut stream = OutStream::new(3, 0, u32::MAX - 1_000_000);
    let mut reception = Reception::default();
    let frame = |n: u64| music.frame(Codec::Pcma, at(n));
    for n in 0..HOUR {
        let tick = at(n);
        let late = Duration::from_micros(n.wrapping_mul(0x9E37_79B9) % 19_900);
        let stamp = stream.generated(tick, 160);
        assert_eq!((stamp.sequence, stamp.marker), (n, n == 0));
        let clock = (u32::MAX - 1_000_000).wrapping_add(u32::try_from(n * 160).unwrap());
        assert!(ahead(stamp.timestamp, clock).unsigned_abs() < 160, "drift of a packet at {n}");
        assert!(Arc::ptr_eq(&music.frame(Codec::Pcma, tick), &frame(n % 75)), "neither doubled nor left out at {n}");
        reception.on_packet(&sent(&stream, stamp), tick + late);
    }
    assert_eq!((reception.received(), reception.lost()), (HOUR, 0));
    let info = stream.sender_info(at(HOUR), 0).unwrap();
    let end = (u32::MAX - 1_000_000).wrapping_add(u32::try_from(HOUR * 160).unwrap());
    assert!(ahead(info.timestamp, end).unsigned_abs() <= 160, "the end of the last packet, or its beginning");
}

/// The stamps of a timer that is late: the stream goes on by its samples, and after an hour it still meets the clock.
#[test]
fn t19_an_hour_of_late_timers_does_not_add_up() {
    let mut stream = OutStream::new(3, 0, 0);
    for n in 0..HOUR {
        let now = at(n) + Duration::from_micros(n.wrapping_mul(0x9E37_79B9) % 19_900);
        let stamp = stream.generated(now, 160);
        assert_eq!((stamp.sequence, stamp.marker), (n, n == 0));
        assert!(ahead(stamp.timestamp, u32::try_from(n * 160).unwrap()).unsigned_abs() < 160, "{n}");
    }
}

/// A carrier that sends 30 ms a packet: an hour of it, both wraps included, without one jump.
#[test]
fn t19_packets_of_30_ms_pass_as_they_are() {
    let mut stream = OutStream::new(4, 0, 10_000);
    let mut reception = Reception::default();
    for n in 0..120_000_u64 {
        let now = Duration::from_millis(n * 30);
        let timestamp = u32::try_from((u64::from(u32::MAX) - 24_000 + n * 240) % (1 << 32)).unwrap();
        let header = Header { timestamp, ..Source::NEAR_ITS_WRAPS.header(n) };
        reception.on_packet(&header, now);
        let stamp = stream.relayed(now, &header, 240, Relayed::Audio).unwrap();
        let expected = 10_000 + u32::try_from(n * 240).unwrap();
        assert_eq!((stamp.sequence, stamp.timestamp, stamp.marker), (n, expected, n == 0));
    }
    assert_eq!((reception.received(), reception.lost()), (120_000, 0));
    assert!(reception.jitter_ms() < 0.01);
}
