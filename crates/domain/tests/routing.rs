//! The router against a brute-force model of its rule.

use core::time::Duration;

use domain::ids::{InteractionId, UserId};
use domain::routing::{Candidate, Rule, Snapshot, WaitingCall, look_again, next};
use domain::time::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

const NOW: Timestamp = Timestamp(1_000_000);
const PAUSE: Duration = Duration::from_secs(30);

fn agent(n: u8) -> UserId {
    UserId(Uuid::from_u128(u128::from(n)))
}

fn snapshots() -> impl Strategy<Value = Snapshot> {
    let waiting = (0..1_000i64, any::<bool>(), prop::collection::vec(0..6u8, 0..4), 0..60_000i64);
    let waiting = prop::collection::btree_map(0..20u8, waiting, 0..8);
    let candidates = prop::collection::btree_map(0..6u8, 0..1_000i64, 0..6);
    let busy = prop::collection::btree_set(0..6u8, 0..3);
    (waiting, candidates, busy).prop_map(|(waiting, candidates, busy)| Snapshot {
        rule: Rule::LongestIdle,
        waiting: waiting
            .into_iter()
            .map(|(n, (since, front, skipped, ago))| WaitingCall {
                call: InteractionId(Uuid::from_u128(u128::from(n))),
                since: Timestamp(since),
                front,
                returned: Timestamp(NOW.0 - ago),
                skipped: skipped.into_iter().map(agent).collect(),
            })
            .collect(),
        present: candidates.keys().copied().chain(busy).map(agent).collect(),
        decline_pause: PAUSE,
        candidates: candidates
            .into_iter()
            .map(|(n, idle)| Candidate { agent: agent(n), idle_since: Timestamp(idle) })
            .collect(),
    })
}

proptest! {
    #[test]
    fn a10_the_first_call_that_anybody_free_may_take_goes_to_the_longest_idle(snapshot in snapshots()) {
        let may = |call: &WaitingCall, candidate: &Candidate| {
            let all_declined = snapshot.present.iter().all(|agent| call.skipped.contains(agent));
            let rested = NOW.since(call.returned) >= PAUSE;
            !call.skipped.contains(&candidate.agent) || all_declined && rested
        };
        let takeable: Vec<&WaitingCall> = snapshot
            .waiting
            .iter()
            .filter(|call| snapshot.candidates.iter().any(|candidate| may(call, candidate)))
            .collect();
        match next(&snapshot, NOW) {
            None => prop_assert!(takeable.is_empty(), "a call waits although somebody could take it"),
            Some(assignment) => {
                let call = snapshot.waiting.iter().find(|call| call.call == assignment.call).unwrap();
                let chosen = snapshot.candidates.iter().find(|candidate| candidate.agent == assignment.agent).unwrap();
                prop_assert!(may(call, chosen), "whoever refused it is asked again only when there is nobody else");
                for other in &takeable {
                    prop_assert!((!call.front, call.since) <= (!other.front, other.since), "an earlier call was passed over");
                }
                for other in snapshot.candidates.iter().filter(|candidate| may(call, candidate)) {
                    prop_assert!(chosen.idle_since <= other.idle_since, "somebody has been free for longer");
                }
                let because = assignment.because;
                prop_assert_eq!(because.idle_ms, NOW.0 - chosen.idle_since.0);
                prop_assert_eq!(usize::try_from(because.candidates + because.skipped).unwrap(), snapshot.candidates.len());
            }
        }
    }

    #[test]
    fn a3_a_call_is_never_stranded_by_refusals_alone(snapshot in snapshots()) {
        let mut snapshot = snapshot;
        // Nobody is busy: whoever is present could be asked now.
        snapshot.present = snapshot.candidates.iter().map(|candidate| candidate.agent).collect();
        let later = NOW.plus(PAUSE);
        let somebody_waits = !snapshot.waiting.is_empty() && !snapshot.candidates.is_empty();
        prop_assert_eq!(next(&snapshot, later).is_some(), somebody_waits);
        if somebody_waits && next(&snapshot, NOW).is_none() {
            let due = look_again(&snapshot, NOW);
            prop_assert!(due.is_some_and(|due| next(&snapshot, due).is_some()), "no later look would offer it: {due:?}");
        }
    }

    #[test]
    fn c9_the_same_history_gives_the_same_decision_in_any_order_of_rows(snapshot in snapshots()) {
        let mut turned = snapshot.clone();
        turned.waiting.reverse();
        turned.candidates.reverse();
        prop_assert_eq!(next(&snapshot, NOW), next(&turned, NOW));
    }
}

fn declined_by_all() -> Snapshot {
    let call = InteractionId(Uuid::from_u128(1));
    let waiting =
        WaitingCall { call, since: Timestamp(0), front: true, returned: NOW, skipped: vec![agent(1), agent(2)] };
    let candidate = |n| Candidate { agent: agent(n), idle_since: Timestamp(i64::from(n)) };
    Snapshot {
        rule: Rule::LongestIdle,
        waiting: vec![waiting],
        candidates: vec![candidate(1), candidate(2)],
        present: vec![agent(1), agent(2)],
        decline_pause: PAUSE,
    }
}

#[test]
fn a3_a_call_that_everybody_declined_rests_and_is_offered_anew() {
    let snapshot = declined_by_all();
    assert_eq!(next(&snapshot, NOW), None);
    let due = look_again(&snapshot, NOW).unwrap();
    assert_eq!(due, NOW.plus(PAUSE));
    assert_eq!(next(&snapshot, Timestamp(due.0 - 1)), None);
    assert_eq!(next(&snapshot, due).unwrap().agent, agent(1));
    assert_eq!(look_again(&snapshot, due), None);
}

#[test]
fn a3_while_a_colleague_is_busy_whoever_declined_is_left_alone() {
    let mut snapshot = declined_by_all();
    snapshot.present.push(agent(3));
    assert_eq!(next(&snapshot, NOW.plus(PAUSE * 100)), None);
    assert_eq!(look_again(&snapshot, NOW), None);
    snapshot.candidates.push(Candidate { agent: agent(3), idle_since: NOW });
    assert_eq!(next(&snapshot, NOW).unwrap().agent, agent(3));
}
