//! The rules against toll fraud: what they say of a number, and the ledger against a model that counts second by second.

#![expect(clippy::unwrap_used, reason = "what a test's helper cannot do ends the test")]

use core::time::Duration;

use domain::ids::{InteractionId, TrunkId, UserId};
use domain::phone::E164;
use domain::telephony::tolls::{
    Attempt, Country, IRSF_PREFIXES, Ledger, OfficeHours, Overdrawn, Prefix, Rule, Rules, Talk,
};
use domain::time::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

const T0: i64 = 1_800_000_000_000;

fn country(text: &str) -> Country {
    Country::parse(text).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp(T0 + second * 1_000)
}

fn call(n: usize) -> InteractionId {
    InteractionId(Uuid::from_u128(n as u128))
}

fn agent(n: u8) -> UserId {
    UserId(Uuid::from_u128(u128::from(n)))
}

fn trunk(n: u8) -> TrunkId {
    TrunkId(Uuid::from_u128(u128::from(n)))
}

fn japan() -> Rules {
    Rules::of_home(country("JP"), 81)
}

fn says(rules: &Rules, number: &str, of: Option<&str>) -> Result<(), Rule> {
    rules.admits(&E164::parse(number).unwrap(), of.map(country), country("JP"))
}

#[test]
fn home_is_open_and_the_world_is_closed_until_somebody_opens_it() {
    let rules = japan();
    assert_eq!(says(&rules, "+81312345678", Some("JP")), Ok(()));
    assert_eq!(says(&rules, "+81990123456", Some("JP")), Err(Rule::DeniedPrefix), "ダイヤルQ2");
    assert_eq!(says(&rules, "+81570000000", Some("JP")), Err(Rule::DeniedPrefix), "ナビダイヤル");
    assert_eq!(says(&rules, "+8223123456", Some("KR")), Err(Rule::International));
    assert_eq!(says(&rules, "+888123456", None), Err(Rule::International), "a range of no country");
    let open = Rules { international: true, ..rules };
    assert_eq!(says(&open, "+8223123456", Some("KR")), Ok(()));
    for prefix in IRSF_PREFIXES {
        assert_eq!(says(&open, &format!("{prefix}12345"), None), Err(Rule::DeniedPrefix), "{prefix}");
    }
}

#[test]
fn the_longest_prefix_decides_and_a_tie_denies() {
    let prefixes = |texts: &[&str]| texts.iter().map(|text| Prefix::parse(text).unwrap()).collect::<Vec<_>>();
    let rules = Rules { allowed: prefixes(&["+82", "+81990123"]), denied: prefixes(&["+8260", "+81990"]), ..japan() };
    assert_eq!(says(&rules, "+8223123456", Some("KR")), Ok(()));
    assert_eq!(says(&rules, "+82601234", Some("KR")), Err(Rule::DeniedPrefix));
    assert_eq!(says(&rules, "+81990123456", Some("JP")), Ok(()));
    let tie = Rules { denied: prefixes(&["+82"]), ..rules };
    assert_eq!(says(&tie, "+8223123456", Some("KR")), Err(Rule::DeniedPrefix));
}

const WEEKDAYS: [bool; 7] = [true, true, true, true, true, false, false];

/// 2026-11-23 was a Monday; `day` 0 is that one, in Tokyo.
fn in_tokyo(day: i64, hour: i64, minute: i64) -> Timestamp {
    Timestamp((1_795_359_600 + day * 86_400 + hour * 3_600 + minute * 60) * 1_000)
}

#[test]
fn outside_of_office_hours_nothing_is_called_but_what_was_named() {
    let hours = OfficeHours { days: WEEKDAYS, opens: 540, closes: 1_080, utc_offset: 540, outside: vec![] };
    let rules = Rules { office_hours: Some(hours), ..japan() };
    let says = |rules: &Rules, number: &str, now| rules.admits_now(&E164::parse(number).unwrap(), now);
    for (day, hour, minute, open) in [
        (0, 8, 59, false),
        (0, 9, 0, true),
        (0, 17, 59, true),
        (0, 18, 0, false),
        (4, 12, 0, true),
        (5, 12, 0, false),
        (6, 12, 0, false),
        (7, 9, 0, true),
        (-3, 12, 0, true),
        (-2, 12, 0, false),
    ] {
        let expected = if open { Ok(()) } else { Err(Rule::OfficeHours) };
        assert_eq!(says(&rules, "+81312345678", in_tokyo(day, hour, minute)), expected, "{day} {hour}:{minute}");
    }
    let mut rules = rules;
    rules.office_hours.as_mut().unwrap().outside = vec![Prefix::parse("+81120").unwrap()];
    let night = in_tokyo(0, 3, 0);
    assert_eq!(says(&rules, "+81120123456", night), Ok(()));
    assert_eq!(says(&rules, "+81312345678", night), Err(Rule::OfficeHours));
    assert_eq!(says(&japan(), "+81312345678", night), Ok(()), "without hours, at any time");
    assert!(Rule::OfficeHours.is_about_the_number());
}

#[test]
fn hours_over_midnight_belong_to_the_day_on_which_they_begin() {
    let mut hours = OfficeHours { days: WEEKDAYS, opens: 1_320, closes: 360, utc_offset: 540, outside: vec![] };
    for (day, hour, open) in
        [(0, 5, false), (0, 21, false), (0, 22, true), (1, 5, true), (1, 6, false), (5, 5, true), (5, 22, false)]
    {
        assert_eq!(hours.are_now(in_tokyo(day, hour, 0)), open, "{day} {hour}");
    }
    (hours.opens, hours.closes) = (540, 540);
    assert!(hours.are_now(in_tokyo(0, 9, 0)) && hours.are_now(in_tokyo(1, 8, 59)) && hours.are_now(in_tokyo(5, 8, 59)));
    assert!(!hours.are_now(in_tokyo(5, 9, 0)) && !hours.are_now(in_tokyo(0, 8, 59)), "from Monday to Saturday morning");
}

#[test]
fn rules_of_before_there_were_office_hours_are_read() {
    let mut json = serde_json::to_value(japan()).unwrap();
    json.as_object_mut().unwrap().remove("office_hours").unwrap();
    assert_eq!(serde_json::from_value::<Rules>(json).unwrap(), japan());
}

#[test]
fn every_home_has_emergency_numbers() {
    for (home, code, number) in [("JP", 81, "119"), ("KR", 82, "112"), ("US", 1, "911"), ("FR", 33, "112")] {
        assert!(Rules::of_home(country(home), code).is_emergency(number), "{home}");
    }
    assert!(!japan().is_emergency("1190"));
}

#[test]
fn what_the_last_run_stored_counts_on() {
    let rules = Rules { agent_attempts: 2, minutes_per_hour: 10, ..japan() };
    let attempt = |second| Attempt { agent: agent(1), trunk: trunk(1), at: at(second) };
    let talk = Talk { trunk: trunk(1), from: at(0), to: at(600) };
    let ledger = Ledger::restored(vec![attempt(500), attempt(0)], vec![talk]);
    assert_eq!(ledger.room(&rules, agent(1), trunk(2), at(3_599)), Err(Rule::AgentAttempts));
    assert_eq!(ledger.room(&rules, agent(1), trunk(2), at(3_600)), Ok(()), "the first is an hour ago");
    assert_eq!(ledger.room(&rules, agent(2), trunk(1), at(3_600)), Err(Rule::MinutesPerHour));
    assert_eq!(ledger.room(&rules, agent(2), trunk(1), at(3_601)), Ok(()), "a second of the talk has left the hour");
}

#[test]
fn an_emergency_call_is_never_ended_and_a_call_is_ended_once() {
    let rules = Rules { minutes_per_hour: 1, ..japan() };
    let mut ledger = Ledger::default();
    for n in 0..2 {
        ledger.began(call(n), Attempt { agent: agent(1), trunk: trunk(1), at: at(0) }, n == 0);
        ledger.connected(call(n), at(0));
    }
    assert_eq!(ledger.look_again(&rules, at(0)), Some(at(30)));
    assert_eq!(ledger.overdrawn(&rules, at(29)), []);
    assert_eq!(
        ledger.overdrawn(&rules, at(30)),
        [Overdrawn { call: call(1), trunk: trunk(1), rule: Rule::MinutesPerHour }]
    );
    assert_eq!(ledger.overdrawn(&rules, at(31)), []);
    assert_eq!(ledger.look_again(&rules, at(31)), None);
}

#[test]
fn a_call_that_was_not_placed_after_all_was_no_attempt() {
    let rules = Rules { agent_attempts: 1, ..japan() };
    let mut ledger = Ledger::default();
    ledger.began(call(1), Attempt { agent: agent(1), trunk: trunk(1), at: at(0) }, false);
    assert_eq!(ledger.room(&rules, agent(1), trunk(1), at(1)), Err(Rule::AgentAttempts));
    ledger.withdrawn(call(1));
    assert_eq!(ledger.room(&rules, agent(1), trunk(1), at(1)), Ok(()));
}

#[derive(Clone, Debug)]
enum Step {
    Dial { agent: u8, trunk: u8 },
    Connect(usize),
    HangUp(usize),
    Wait(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0..3u8, 0..2u8).prop_map(|(agent, trunk)| Step::Dial { agent, trunk }),
        3 => (0..30usize).prop_map(Step::Connect),
        2 => (0..30usize).prop_map(Step::HangUp),
        3 => (1..900i64).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..60)
}

/// A call as the model keeps it: everything, for ever.
struct Known {
    agent: u8,
    trunk: u8,
    at: i64,
    connected: Option<i64>,
    ended: Option<i64>,
}

struct Model(Vec<Known>);

impl Model {
    /// Seconds talked on a trunk from `now - window` to `now`, counted one by one.
    fn talked(&self, trunk: u8, window: i64, now: i64) -> u64 {
        (now - window..now)
            .map(|second| {
                let talks = |call: &&Known| {
                    call.trunk == trunk
                        && call.connected.is_some_and(|from| from <= second)
                        && call.ended.is_none_or(|to| second < to)
                };
                self.0.iter().filter(talks).count() as u64
            })
            .sum()
    }

    fn room(&self, rules: &Rules, agent: u8, trunk: u8, now: i64) -> Result<(), Rule> {
        let up = |whose: &dyn Fn(&Known) -> bool| self.0.iter().filter(|c| c.ended.is_none() && whose(c)).count();
        let tried = |whose: &dyn Fn(&Known) -> bool| self.0.iter().filter(|c| now - c.at < 3_600 && whose(c)).count();
        let ceilings = [
            (up(&|c| c.agent == agent) >= rules.agent_calls as usize, Rule::AgentCalls),
            (tried(&|c| c.agent == agent) >= rules.agent_attempts as usize, Rule::AgentAttempts),
            (up(&|c| c.trunk == trunk) >= rules.trunk_calls as usize, Rule::TrunkCalls),
            (tried(&|c| c.trunk == trunk) >= rules.trunk_attempts as usize, Rule::TrunkAttempts),
            (self.talked(trunk, 3_600, now) >= u64::from(rules.minutes_per_hour) * 60, Rule::MinutesPerHour),
            (self.talked(trunk, 86_400, now) >= u64::from(rules.minutes_per_day) * 60, Rule::MinutesPerDay),
        ];
        ceilings.into_iter().find(|(full, _)| *full).map_or(Ok(()), |(_, rule)| Err(rule))
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_ledger_refuses_and_ends_calls_as_the_model_does(steps in steps(), per_hour in 1..20u32, per_day in 10..60u32) {
        let rules = Rules {
            agent_calls: 2, agent_attempts: 6, trunk_calls: 3, trunk_attempts: 10,
            minutes_per_hour: per_hour, minutes_per_day: per_day, ..japan()
        };
        let (mut ledger, mut model, mut now) = (Ledger::default(), Model(Vec::new()), 0i64);
        for step in steps {
            match step {
                Step::Dial { agent: who, trunk: on } => {
                    let said = ledger.room(&rules, agent(who), trunk(on), at(now));
                    prop_assert_eq!(said, model.room(&rules, who, on, now));
                    if said.is_ok() {
                        let attempt = Attempt { agent: agent(who), trunk: trunk(on), at: at(now) };
                        ledger.began(call(model.0.len()), attempt, false);
                        model.0.push(Known { agent: who, trunk: on, at: now, connected: None, ended: None });
                    }
                }
                Step::Connect(n) => if let Some(known) = model.0.get_mut(n).filter(|c| c.ended.is_none()) {
                    ledger.connected(call(n), at(now));
                    known.connected.get_or_insert(now);
                },
                Step::HangUp(n) => if let Some(known) = model.0.get_mut(n).filter(|c| c.ended.is_none()) {
                    ledger.ended(call(n), at(now));
                    known.ended = Some(now);
                },
                // The driver wakes when it was told to, and no sooner.
                Step::Wait(seconds) => {
                    let until = at(now + seconds);
                    while let Some(due) = ledger.look_again(&rules, at(now)).filter(|due| *due <= until) {
                        now = (due.0 - T0 + 999) / 1_000;
                        for Overdrawn { call: over, rule, .. } in ledger.overdrawn(&rules, at(now)) {
                            let n = usize::try_from(over.0.as_u128()).unwrap();
                            let an_hour = rule == Rule::MinutesPerHour;
                            let (window, ceiling) = if an_hour { (3_600, per_hour) } else { (86_400, per_day) };
                            prop_assert!(model.talked(model.0[n].trunk, window, now) >= u64::from(ceiling) * 60);
                            ledger.ended(over, at(now));
                            model.0[n].ended = Some(now);
                        }
                        for on in 0..2 {
                            // Three calls at most, looked at each second at the latest when it matters.
                            prop_assert!(model.talked(on, 3_600, now) <= u64::from(per_hour) * 60 + 6, "an hour was overdrawn");
                            prop_assert!(model.talked(on, 86_400, now) <= u64::from(per_day) * 60 + 6, "a day was overdrawn");
                        }
                    }
                    now = now.max((until.0 - T0) / 1_000);
                    for on in 0..2 {
                        prop_assert_eq!(
                            ledger.talked(trunk(on), Duration::from_hours(1), at(now)),
                            Duration::from_secs(model.talked(on, 3_600, now))
                        );
                    }
                }
            }
        }
    }
}
