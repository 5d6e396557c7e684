//! The router against a brute-force model of its rule.

use domain::ids::{InteractionId, UserId};
use domain::routing::{Candidate, Rule, Snapshot, WaitingCall, next};
use domain::time::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

const NOW: Timestamp = Timestamp(1_000_000);

fn agent(n: u8) -> UserId {
    UserId(Uuid::from_u128(u128::from(n)))
}

fn snapshots() -> impl Strategy<Value = Snapshot> {
    let waiting =
        prop::collection::btree_map(0..20u8, (0..1_000i64, any::<bool>(), prop::collection::vec(0..6u8, 0..4)), 0..8);
    let candidates = prop::collection::btree_map(0..6u8, 0..1_000i64, 0..6);
    (waiting, candidates).prop_map(|(waiting, candidates)| Snapshot {
        rule: Rule::LongestIdle,
        waiting: waiting
            .into_iter()
            .map(|(n, (since, front, skipped))| WaitingCall {
                call: InteractionId(Uuid::from_u128(u128::from(n))),
                since: Timestamp(since),
                front,
                skipped: skipped.into_iter().map(agent).collect(),
            })
            .collect(),
        candidates: candidates
            .into_iter()
            .map(|(n, idle)| Candidate { agent: agent(n), idle_since: Timestamp(idle) })
            .collect(),
    })
}

proptest! {
    #[test]
    fn a10_the_first_call_that_anybody_free_may_take_goes_to_the_longest_idle(snapshot in snapshots()) {
        let may = |call: &WaitingCall, candidate: &Candidate| !call.skipped.contains(&candidate.agent);
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
                prop_assert!(may(call, chosen), "whoever refused it is not asked again");
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
    fn c9_the_same_history_gives_the_same_decision_in_any_order_of_rows(snapshot in snapshots()) {
        let mut turned = snapshot.clone();
        turned.waiting.reverse();
        turned.candidates.reverse();
        prop_assert_eq!(next(&snapshot, NOW), next(&turned, NOW));
    }
}
