//! Two endpoints on a wire that loses, doubles, delays and reorders: whatever happens, every call ends on both sides,
//! each hears of it once, and after the timers nothing is left.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use proptest::prelude::*;
use sip::{CallKey, Config, Endpoint, Event, NameAddr, Outgoing, Stats, Time, Timers, Transmit, Transport};

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

/// What somebody does at some time.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Invite,
    Ring,
    Accept,
    Refuse,
    Reoffer,
    HangUp,
}

#[derive(Debug, Clone)]
struct Script {
    seed: u64,
    /// In percent.
    loss: u64,
    doubles: u64,
    longest_delay_ms: u64,
    tcp: bool,
    /// From when (ms) to when nothing arrives at all.
    cut: (u64, u64),
    /// When (ms), which side, which of its calls, what.
    deeds: Vec<(u64, bool, usize, Deed)>,
}

fn script() -> impl Strategy<Value = Script> {
    let deed = prop_oneof![
        3 => Just(Deed::Invite),
        2 => Just(Deed::Ring),
        4 => Just(Deed::Accept),
        1 => Just(Deed::Refuse),
        3 => Just(Deed::Reoffer),
        2 => Just(Deed::HangUp),
    ];
    let deeds = prop::collection::vec((0_u64..20_000, any::<bool>(), 0_usize..4, deed), 1..24);
    // A stream loses and reorders nothing.
    let wire = prop_oneof![
        4 => (0_u64..30, 0_u64..20, 0_u64..900, Just(false)),
        1 => (Just(0), Just(0), Just(0), Just(true)),
    ];
    // Longer than 64*T1 every other time.
    let cut = prop_oneof![Just((0, 0)), (0_u64..25_000, 0_u64..70_000)];
    (any::<u64>(), wire, cut, deeds).prop_map(|(seed, (loss, doubles, longest_delay_ms, tcp), cut, mut deeds)| {
        deeds.sort_by_key(|deed| deed.0);
        let cut = if tcp { (0, 0) } else { (cut.0, cut.0 + cut.1) };
        Script { seed, loss, doubles, longest_delay_ms, tcp, cut, deeds }
    })
}

struct Side {
    endpoint: Endpoint,
    address: SocketAddr,
    calls: Vec<CallKey>,
    told: BTreeMap<CallKey, Vec<Event>>,
}

impl Side {
    fn new(last: u8, seed: u64) -> Self {
        let address = SocketAddr::from(([192, 0, 2, last], 5060));
        // Short sessions, so that they are refreshed while calls last.
        let timers = Timers { session_expires: Duration::from_secs(90), ..Timers::default() };
        let user_agent = "test".into();
        let config = Config { advertised_udp: address, advertised_tcp: address, user_agent, timers, seed };
        Self { endpoint: Endpoint::new(config), address, calls: Vec::new(), told: BTreeMap::new() }
    }

    fn listen(&mut self, now: Time) {
        while let Some(event) = self.endpoint.poll_event() {
            let call = match &event {
                Event::Incoming { call, .. } => {
                    self.calls.push(*call);
                    *call
                }
                Event::Reoffered { call, .. } => {
                    // The far side may have withdrawn it in the meantime.
                    let _ = self.endpoint.answer_reoffer(now, *call, SDP.into());
                    *call
                }
                Event::Ringing { call }
                | Event::EarlyMedia { call, .. }
                | Event::Accepted { call, .. }
                | Event::Refused { call, .. }
                | Event::Confirmed { call, .. }
                | Event::Cancelled { call }
                | Event::HungUp { call, .. }
                | Event::Broken { call }
                | Event::ReofferAnswered { call, .. }
                | Event::ReofferRefused { call, .. }
                | Event::Terminated { call } => *call,
                Event::Registered { .. } | Event::RegistrationFailed { .. } | Event::Unregistered { .. } => {
                    panic!("{event:?}")
                }
            };
            self.told.entry(call).or_default().push(event);
        }
    }

    fn act(&mut self, now: Time, which: usize, deed: Deed, transport: Transport, to: SocketAddr) {
        if let Deed::Invite = deed {
            let request_uri = format!("sip:1@{to}");
            let call = self.endpoint.invite(
                now,
                Outgoing {
                    to,
                    transport,
                    to_uri: request_uri.clone(),
                    request_uri,
                    from: NameAddr { display: None, uri: format!("sip:2@{}", self.address) },
                    asserted: None,
                    credentials: None,
                    offer: SDP.into(),
                },
            );
            self.calls.push(call);
            self.told.entry(call).or_default();
            return;
        }
        let Some(call) = self.calls.get(which).copied() else { return };
        // At the wrong moment each is refused without harm.
        let _ = match deed {
            Deed::Invite => Ok(()),
            Deed::Ring => self.endpoint.ringing(now, call),
            Deed::Accept => self.endpoint.accept(now, call, SDP.into()),
            Deed::Refuse => self.endpoint.refuse(now, call, 486),
            Deed::Reoffer => self.endpoint.reoffer(now, call, SDP.into()),
            Deed::HangUp => self.endpoint.hang_up(now, call),
        };
    }

    /// Each call was told as a call is: one beginning at most, one end, and the end last.
    fn check(&self) {
        for (call, told) in &self.told {
            let count = |is: fn(&Event) -> bool| told.iter().filter(|event| is(event)).count();
            assert!(matches!(told.last(), Some(Event::Terminated { .. })), "{call:?} never ended: {told:?}");
            assert_eq!(count(|event| matches!(event, Event::Terminated { .. })), 1, "{call:?} {told:?}");
            assert!(
                count(|event| matches!(event, Event::Accepted { .. } | Event::Refused { .. })) <= 1,
                "{call:?} {told:?}"
            );
            let ends = count(|event| {
                matches!(
                    event,
                    Event::Refused { .. } | Event::Cancelled { .. } | Event::HungUp { .. } | Event::Broken { .. }
                )
            });
            assert!(ends <= 2, "{call:?} {told:?}");
        }
        assert_eq!(self.endpoint.stats(), Stats::default());
        assert_eq!(self.endpoint.poll_timeout(), None);
    }
}

/// The wire: a seeded row of chances, and what is on its way.
struct Wire {
    chance: u64,
    flying: VecDeque<(Time, bool, Transmit)>,
}

impl Wire {
    fn roll(&mut self, below: u64) -> u64 {
        self.chance = self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        if below == 0 { 0 } else { (self.chance >> 33) % below }
    }

    fn put(&mut self, now: Time, script: &Script, from_a: bool, transmit: &Transmit) {
        let cut = (script.cut.0..script.cut.1).contains(&u64::try_from(now.0.as_millis()).unwrap_or(u64::MAX));
        let lost = cut || self.roll(100) < script.loss;
        let copies = if lost { 0 } else { 1 + u64::from(self.roll(100) < script.doubles) };
        for _ in 0..copies {
            let delay = Duration::from_millis(1 + self.roll(script.longest_delay_ms));
            self.flying.push_back((now + delay, from_a, transmit.clone()));
        }
    }

    fn next_at(&self) -> Option<Time> {
        self.flying.iter().map(|flying| flying.0).min()
    }

    fn take(&mut self, now: Time) -> Option<(bool, Transmit)> {
        let at = self.flying.iter().position(|flying| flying.0 <= now)?;
        self.flying.remove(at).map(|(_, from_a, transmit)| (from_a, transmit))
    }
}

fn run(script: &Script) {
    let mut a = Side::new(1, script.seed);
    let mut b = Side::new(2, script.seed.wrapping_add(1));
    let mut wire = Wire { chance: script.seed, flying: VecDeque::new() };
    let transport = if script.tcp { Transport::Tcp } else { Transport::Udp };
    let mut deeds: VecDeque<_> = script.deeds.iter().copied().collect();
    // In the end everybody hangs up, so that every call has an end to come to, some only after a refresh; and again after
    // the longest cut, for a call whose caller gave up without being heard.
    for end in [if script.seed.is_multiple_of(2) { 25_000 } else { 80_000 }, 190_000] {
        deeds.extend((0..24).flat_map(|which| [true, false].map(|side| (end, side, which, Deed::HangUp))));
    }
    let mut now = Time::default();
    for _ in 0..100_000 {
        while let Some((at, side, which, deed)) =
            deeds.front().copied().filter(|deed| Duration::from_millis(deed.0) <= now.0)
        {
            let _ = at;
            deeds.pop_front();
            let (actor, other) = if side { (&mut a, b.address) } else { (&mut b, a.address) };
            actor.act(now, which, deed, transport, other);
        }
        while let Some((from_a, transmit)) = wire.take(now) {
            let (receiver, from) = if from_a { (&mut b, a.address) } else { (&mut a, b.address) };
            receiver.endpoint.receive(now, transmit.transport, from, &transmit.bytes);
        }
        for (side, from_a) in [(&mut a, true), (&mut b, false)] {
            side.endpoint.handle_timeout(now);
            side.listen(now);
            while let Some(transmit) = side.endpoint.poll_transmit() {
                wire.put(now, script, from_a, &transmit);
            }
        }
        let deed = deeds.front().map(|deed| Time(Duration::from_millis(deed.0)));
        let timers = a.endpoint.poll_timeout().into_iter().chain(b.endpoint.poll_timeout());
        let Some(next) = timers.chain(wire.next_at()).chain(deed).min() else { break };
        now = now.max(next);
    }
    a.check();
    b.check();
}

proptest! {
    #![proptest_config(ProptestConfig::default())]

    #[test]
    fn every_call_ends_on_both_sides_and_nothing_is_left(script in script()) {
        run(&script);
    }
}
