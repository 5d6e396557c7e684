use proptest::prelude::*;

use super::*;

/// A packet as it left the far end.
#[derive(Clone, Copy, Debug)]
struct Sent {
    place: Place,
    event: Event,
}

/// A press as a far end sends it: packets of `step` samples, `ends` ends, split where 16 bits are full.
fn press(code: u8, begin: u32, samples: u32, (step, ends, volume): (u16, usize, u8)) -> Vec<Sent> {
    let mut packets = Vec::new();
    let (mut part, mut left, mut first) = (begin, samples, true);
    loop {
        let whole = left.min(u32::from(u16::MAX));
        let is_last = whole == left;
        let whole16 = u16::try_from(whole).unwrap();
        let mut durations: Vec<u16> = (step..whole16).step_by(step.into()).collect();
        durations.push(whole16);
        let end = durations.len() - 1;
        for (n, duration) in durations.into_iter().enumerate() {
            let ended = is_last && n == end;
            let sent = Sent {
                place: Place { ssrc: 9, timestamp: part, marker: std::mem::take(&mut first) },
                event: Event { code, end: ended, volume, duration },
            };
            packets.extend(std::iter::repeat_n(sent, if ended { ends } else { 1 }));
        }
        if is_last {
            return packets;
        }
        part = part.wrapping_add(whole);
        left -= whole;
    }
}

fn heard(receiver: &mut Receiver, packets: &[Sent]) -> Vec<u8> {
    packets.iter().filter_map(|sent| receiver.on_packet(sent.place, &sent.event.octets())).collect()
}

fn far_ends() -> impl Strategy<Value = (u16, usize, u8)> {
    (prop_oneof![Just(80_u16), Just(160), Just(400)], 1..6_usize, 0..64_u8)
}

proptest! {
    /// Each press keeps at least one packet; the rest may be lost, doubled, or come in another order within the press.
    #[test]
    fn t14_every_press_is_reported_exactly_once_and_in_order(
        keys in prop::collection::vec((0..16_u8, 400..4_000_u32, 400..4_000_u32), 1..20),
        far_end in far_ends(),
        begin in any::<u32>(),
        seed in prop::collection::vec(any::<u16>(), 400),
    ) {
        let mut dice = seed.into_iter().cycle();
        let mut receiver = Receiver::default();
        let (mut at, mut got) = (begin, Vec::new());
        for (code, samples, pause) in &keys {
            let mut packets = press(*code, at, *samples, far_end);
            let kept = usize::from(dice.next().unwrap()) % packets.len();
            let mut arrived = Vec::new();
            for (n, packet) in packets.drain(..).enumerate() {
                let copies = if n == kept { 1 } else { usize::from(dice.next().unwrap() % 3) };
                arrived.extend(std::iter::repeat_n(packet, copies));
            }
            for n in (1..arrived.len()).rev() {
                arrived.swap(n, usize::from(dice.next().unwrap()) % (n + 1));
            }
            got.extend(heard(&mut receiver, &arrived));
            at = at.wrapping_add(samples + pause);
        }
        prop_assert_eq!(got, keys.iter().map(|key| key.0).collect::<Vec<_>>());
    }

    /// A key held for long is one press, whatever part of it is lost, as long as each of its parts is heard of.
    #[test]
    fn t14_a_key_held_longer_than_sixteen_bits_is_one_press(
        code in 0..16_u8,
        samples in 65_536..400_000_u32,
        begin in any::<u32>(),
        lost in prop::collection::vec(any::<bool>(), 97),
    ) {
        let packets = press(code, begin, samples, (160, 3, 10));
        let mut dice = lost.into_iter().cycle();
        let mut parts = Vec::new();
        let arrived: Vec<Sent> = packets
            .into_iter()
            .filter(|sent| {
                let is_new = !parts.contains(&sent.place.timestamp);
                if is_new {
                    parts.push(sent.place.timestamp);
                }
                is_new || dice.next().unwrap()
            })
            .collect();
        prop_assert_eq!(heard(&mut Receiver::default(), &arrived), vec![code]);
    }

    #[test]
    fn t14_what_is_sent_is_what_is_pressed_with_three_ends_and_a_growing_duration(
        keys in prop::collection::vec(0..16_u8, 1..Sender::LIMIT),
    ) {
        let mut sender = Sender::default();
        prop_assert!(sender.press(&keys));
        let (mut receiver, mut got, mut begun) = (Receiver::default(), Vec::new(), 0);
        let mut ends = 0;
        for tick in 0..u32::try_from(keys.len()).unwrap() * 9 {
            let Turn::Key(due) = sender.on_tick() else { continue };
            if due.begins {
                begun = tick * u32::from(STEP);
            }
            let event = Event::parse(&due.payload).unwrap();
            let elapsed = tick * u32::from(STEP) + u32::from(STEP) - begun;
            prop_assert_eq!(u32::from(event.duration), elapsed.min(800), "it grows with time to its 100 ms");
            prop_assert_eq!(event.end, event.duration == 800);
            prop_assert_eq!(due.reaches, u32::from(event.duration));
            ends += usize::from(event.end);
            let place = Place { ssrc: 9, timestamp: begun, marker: due.begins };
            got.extend(receiver.on_packet(place, &due.payload));
        }
        prop_assert_eq!(ends, keys.len() * 3);
        prop_assert_eq!(sender.on_tick(), Turn::Free);
        prop_assert_eq!(got, keys);
    }

    #[test]
    fn no_payload_panics(payload in prop::collection::vec(any::<u8>(), 0..9), timestamp in any::<u32>()) {
        let _ = Receiver::default().on_packet(Place { ssrc: 1, timestamp, marker: false }, &payload);
    }
}

#[test]
fn t14_the_same_key_twice_is_two_presses_even_where_the_first_ones_ends_were_lost() {
    let mut receiver = Receiver::default();
    let mut packets = press(5, 1_000, 800, (160, 3, 10));
    packets.truncate(4);
    packets.extend(press(5, 2_600, 800, (160, 3, 10)));
    assert_eq!(heard(&mut receiver, &packets), [5, 5]);
}

#[test]
fn t14_an_end_that_comes_after_the_next_press_has_begun_is_not_a_press() {
    let mut receiver = Receiver::default();
    let first = press(1, 0, 800, (160, 3, 10));
    let second = press(2, 1_600, 800, (160, 3, 10));
    let late = [&first[..5], &second[..2], &first[5..], &second[2..]].concat();
    assert_eq!(heard(&mut receiver, &late), [1, 2]);
}

#[test]
fn t14_a_hook_flash_and_other_events_are_no_keys() {
    assert_eq!(heard(&mut Receiver::default(), &press(16, 0, 800, (160, 3, 10))), []);
    assert!(!Sender::default().press(&[16]));
}

#[test]
fn a_key_in_hand_comes_to_its_end_when_the_rest_is_forgotten() {
    let mut sender = Sender::default();
    assert!(sender.press(&[1, 2, 3]));
    assert!(matches!(sender.on_tick(), Turn::Key(_)));
    sender.forget();
    let keys = (0..30).filter(|_| matches!(sender.on_tick(), Turn::Key(_))).count();
    assert_eq!(keys, 6);
    assert!(!sender.is_sounding());
}

#[test]
fn more_keys_than_anybody_types_are_refused_whole() {
    let mut sender = Sender::default();
    assert!(sender.press(&[0; Sender::LIMIT]));
    assert!(!sender.press(&[1]));
}
