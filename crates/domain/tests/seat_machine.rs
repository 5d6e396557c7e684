//! The seat machine against a small model of itself.

#![expect(clippy::unwrap_used, reason = "what a test's helper cannot do ends the test")]

use domain::agents::{BreakReason, Cause, Presence, Seat, SeatInput, Shown, Work};
use domain::ids::{ExtensionId, InteractionId};
use domain::refusal::Refusal;
use domain::time::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

const EXTENSION: ExtensionId = ExtensionId(Uuid::from_u128(1));

fn call(n: u8) -> InteractionId {
    InteractionId(Uuid::from_u128(10 + u128::from(n)))
}

fn inputs() -> impl Strategy<Value = SeatInput> {
    let calls = (0..2u8).prop_map(call);
    prop_oneof![
        2 => Just(SeatInput::LogIn { extension: EXTENSION }),
        1 => Just(SeatInput::LogOut),
        3 => Just(SeatInput::GoReady),
        1 => Just(SeatInput::GoNotReady),
        1 => Just(SeatInput::GoOnBreak { reason: BreakReason::Lunch }),
        2 => Just(SeatInput::LeaveAfterCall { to: Presence::Ready }),
        1 => Just(SeatInput::LeaveAfterCall { to: Presence::Break { reason: BreakReason::Lunch } }),
        1 => (0..400_000i64, 0..20_000i64)
            .prop_map(|(until, by_ms)| SeatInput::ExtendAfterCall { until: Timestamp(until), by_ms }),
        2 => Just(SeatInput::AfterCallOver),
        1 => Just(SeatInput::Lost),
        3 => calls.clone().prop_map(|call| SeatInput::Offered { call }),
        2 => calls.clone().prop_map(|call| SeatInput::Dialled { call }),
        4 => calls.clone().prop_map(|call| SeatInput::Connected { call }),
        2 => calls.clone().prop_map(|call| SeatInput::Held { call }),
        2 => calls.clone().prop_map(|call| SeatInput::Resumed { call }),
        1 => calls.clone().prop_map(|call| SeatInput::Declined { call }),
        1 => calls.clone().prop_map(|call| SeatInput::Missed { call }),
        1 => calls.clone().prop_map(|call| SeatInput::Withdrawn { call }),
        1 => calls.clone().prop_map(|call| SeatInput::GivenUp { call }),
        2 => calls.prop_map(|call| SeatInput::Ended { call }),
    ]
}

proptest! {
    #[test]
    fn s3_s11_s28_a5_hold_over_every_history(
        history in prop::collection::vec((inputs(), 0..10_000i64), 0..80),
        limit in prop::option::of(0..30_000u64),
    ) {
        let mut seat = Seat::LoggedOut;
        let mut now = Timestamp(0);
        for (input, later) in history {
            now = Timestamp(now.0 + later);
            let before = seat;
            let allowed = seat.allows(input);
            let result = seat.on(input, now);
            prop_assert_eq!(allowed.is_ok(), result.is_ok(), "a control is enabled exactly when its command is taken");
            match result {
                Err(_) | Ok(None) => prop_assert_eq!(before, seat),
                Ok(Some(change)) => {
                    prop_assert_eq!((change.from, change.to, change.at), (before, seat, now));
                    prop_assert_ne!(before, seat);
                }
            }
            // S3: nobody leaves the softphone during a call.
            if matches!(before.work(), Work::Ringing { .. } | Work::Dialling { .. } | Work::Talking { .. } | Work::Held { .. }) {
                prop_assert_ne!(seat, Seat::LoggedOut);
            }
            // S11: an offer is taken only by a seat that is logged in, ready and idle.
            if matches!(input, SeatInput::Offered { .. }) {
                prop_assert_eq!(result.is_ok(), before.takes_offers());
            }
            // S28: the end of a call that was dialled or up always leads to after-call work.
            if let (SeatInput::Ended { call }, Work::Dialling { call: ours } | Work::Talking { call: ours } | Work::Held { call: ours }) = (input, before.work())
                && call == ours
            {
                prop_assert_eq!(seat.work(), Work::AfterCall { call });
            }
            // After-call work ends by the agent's own act, never by a press on 待機 that was not warned about (S30), or by
            // a limit that has run out (A5).
            if matches!(before.work(), Work::AfterCall { .. }) && seat.work() == Work::Idle {
                let ran_out = before.next_deadline().is_some_and(|until| now >= until);
                prop_assert!(
                    matches!(input, SeatInput::LeaveAfterCall { .. }) || input == SeatInput::AfterCallOver && ran_out,
                    "left by another input"
                );
            }
            if let Some(limit) = limit && matches!(seat.work(), Work::AfterCall { .. }) && before.work() != seat.work() {
                seat.limit_after_call(core::time::Duration::from_millis(limit));
                prop_assert_eq!(seat.next_deadline(), Some(Timestamp(now.0 + i64::try_from(limit).unwrap())));
            }
            // A5: a deadline exists in after-call work only, and only with a limit.
            if seat.next_deadline().is_some() {
                prop_assert!(limit.is_some() && matches!(seat.work(), Work::AfterCall { .. }), "a stray deadline");
            }
            prop_assert_eq!(serde_json::from_str::<Seat>(&serde_json::to_string(&seat).unwrap()).unwrap(), seat);
        }
    }
}

fn seated(inputs: &[SeatInput]) -> Seat {
    let mut seat = Seat::LoggedOut;
    for (second, input) in inputs.iter().enumerate() {
        seat.on(*input, Timestamp(i64::try_from(second).unwrap() * 1_000)).unwrap();
    }
    seat
}

const READY: [SeatInput; 2] = [SeatInput::LogIn { extension: EXTENSION }, SeatInput::GoReady];

#[test]
fn s3_after_log_in_the_agent_is_not_ready_by_choice() {
    let seat = seated(&READY[..1]);
    assert_eq!(seat.shown(), (Shown::NotReady(Cause::Chosen), Some(Timestamp(0))));
}

#[test]
fn a3_declining_keeps_ready_and_missing_makes_not_ready_with_its_cause() {
    let mut declined = seated(&[READY[0], READY[1], SeatInput::Offered { call: call(0) }]);
    let mut missed = declined;
    declined.on(SeatInput::Declined { call: call(0) }, Timestamp(9_000)).unwrap();
    missed.on(SeatInput::Missed { call: call(0) }, Timestamp(9_000)).unwrap();
    assert!(declined.takes_offers());
    assert_eq!(missed.shown().0, Shown::NotReady(Cause::Missed));
}

#[test]
fn s30_going_ready_out_of_after_call_work_is_refused_until_it_is_left_knowingly() {
    let mut seat = seated(&[
        READY[0],
        READY[1],
        SeatInput::Offered { call: call(0) },
        SeatInput::Connected { call: call(0) },
        SeatInput::Ended { call: call(0) },
    ]);
    assert_eq!(seat.on(SeatInput::GoReady, Timestamp(9_000)), Err(Refusal::InAfterCallWork));
    seat.on(SeatInput::LeaveAfterCall { to: Presence::Ready }, Timestamp(9_500)).unwrap();
    assert_eq!(seat.shown(), (Shown::Ready, Some(Timestamp(9_500))));
}

/// In after-call work since second 4, with a limit of a minute.
fn limited() -> Seat {
    let connected = [SeatInput::Offered { call: call(0) }, SeatInput::Connected { call: call(0) }];
    let mut seat = seated(&[READY[0], READY[1], connected[0], connected[1], SeatInput::Ended { call: call(0) }]);
    seat.limit_after_call(core::time::Duration::from_mins(1));
    seat
}

#[test]
fn a5_after_call_work_has_no_limit_unless_it_is_given_one() {
    let connected = [SeatInput::Offered { call: call(0) }, SeatInput::Connected { call: call(0) }];
    let mut seat = seated(&[READY[0], READY[1], connected[0], connected[1], SeatInput::Ended { call: call(0) }]);
    assert_eq!(seat.next_deadline(), None);
    assert_eq!(seat.on(SeatInput::AfterCallOver, Timestamp(i64::MAX)), Ok(None));
    assert_eq!(seat.work(), Work::AfterCall { call: call(0) });
}

#[test]
fn a5_a_limit_that_runs_out_makes_ready_and_not_a_moment_before() {
    let mut seat = limited();
    assert_eq!(seat.next_deadline(), Some(Timestamp(64_000)));
    assert_eq!(seat.on(SeatInput::AfterCallOver, Timestamp(63_999)), Ok(None));
    seat.on(SeatInput::AfterCallOver, Timestamp(64_000)).unwrap();
    assert_eq!(seat.shown(), (Shown::Ready, Some(Timestamp(64_000))));
    assert!(seat.takes_offers());
    assert_eq!(seat.next_deadline(), None);
}

#[test]
fn a5_an_extension_puts_the_end_off_once_however_often_it_is_asked_for() {
    let mut seat = limited();
    let extend = SeatInput::ExtendAfterCall { until: Timestamp(64_000), by_ms: 30_000 };
    seat.on(extend, Timestamp(50_000)).unwrap();
    assert_eq!(seat.on(extend, Timestamp(50_001)), Ok(None), "the same press, sent again");
    assert_eq!(seat.next_deadline(), Some(Timestamp(94_000)));
    assert_eq!(seat.shown(), (Shown::AfterCall, Some(Timestamp(4_000))), "its time goes on from its beginning");
    assert_eq!(seat.on(SeatInput::AfterCallOver, Timestamp(64_000)), Ok(None));
    seat.on(SeatInput::AfterCallOver, Timestamp(94_000)).unwrap();
    assert_eq!(seat.on(extend, Timestamp(94_001)), Err(Refusal::NotInAfterCallWork));
}

#[test]
fn a5_a_break_chosen_during_the_call_begins_when_the_limit_runs_out() {
    let connected = [SeatInput::Offered { call: call(0) }, SeatInput::Connected { call: call(0) }];
    let lunch = SeatInput::GoOnBreak { reason: BreakReason::Lunch };
    let mut seat = seated(&[READY[0], READY[1], connected[0], connected[1], lunch, SeatInput::Ended { call: call(0) }]);
    seat.limit_after_call(core::time::Duration::from_secs(5));
    seat.on(SeatInput::AfterCallOver, Timestamp(10_000)).unwrap();
    assert_eq!(seat.shown().0, Shown::Break(BreakReason::Lunch));
}

#[test]
fn a5_a_call_dialled_out_of_after_call_work_takes_its_limit_away() {
    let mut seat = limited();
    seat.on(SeatInput::Dialled { call: call(1) }, Timestamp(20_000)).unwrap();
    assert_eq!(seat.next_deadline(), None);
    seat.on(SeatInput::Ended { call: call(1) }, Timestamp(30_000)).unwrap();
    assert_eq!(seat.next_deadline(), None, "until the step that began it gives it one");
}

#[test]
fn a5_a_seat_stored_before_there_were_limits_is_read() {
    let json = serde_json::to_string(&seated(&READY)).unwrap();
    assert!(!json.contains("after_call_until"), "{json}");
}

#[test]
fn a34_the_timer_of_a_state_starts_when_that_state_began() {
    let mut seat = seated(&[READY[0], READY[1], SeatInput::Offered { call: call(0) }]);
    seat.on(SeatInput::Connected { call: call(0) }, Timestamp(4_000)).unwrap();
    // Choosing what comes after the call does not touch the call's own time.
    seat.on(SeatInput::GoOnBreak { reason: BreakReason::Rest }, Timestamp(6_000)).unwrap();
    assert_eq!(seat.shown(), (Shown::Talking, Some(Timestamp(4_000))));
    seat.on(SeatInput::Ended { call: call(0) }, Timestamp(8_000)).unwrap();
    assert_eq!(seat.shown(), (Shown::AfterCall, Some(Timestamp(8_000))));
}

#[test]
fn a_lost_desk_is_not_ready_and_says_so_but_a_break_stays_a_break() {
    let mut seat = seated(&READY);
    seat.on(SeatInput::Lost, Timestamp(3_000)).unwrap();
    assert_eq!(seat.shown().0, Shown::NotReady(Cause::Lost));
    let mut seat = seated(&[READY[0], SeatInput::GoOnBreak { reason: BreakReason::Lunch }]);
    assert_eq!(seat.on(SeatInput::Lost, Timestamp(3_000)), Ok(None));
}

#[test]
fn a_seat_survives_its_own_json() {
    for inputs in [&READY[..1], &READY[..], &[READY[0], SeatInput::GoOnBreak { reason: BreakReason::Other }]] {
        let seat = seated(inputs);
        let json = serde_json::to_string(&seat).unwrap();
        assert_eq!(serde_json::from_str::<Seat>(&json).unwrap(), seat, "{json}");
    }
}

#[test]
fn c2_whose_call_went_on_without_them_is_in_after_call_work_and_not_ready() {
    let talking = [SeatInput::Offered { call: call(0) }, SeatInput::Connected { call: call(0) }];
    let mut seat = seated(&[&READY[..], &talking].concat());
    seat.on(SeatInput::GivenUp { call: call(0) }, Timestamp(9_000)).unwrap();
    assert_eq!(seat.work(), Work::AfterCall { call: call(0) });
    seat.on(SeatInput::GivenUp { call: call(0) }, Timestamp(10_000)).unwrap();
    assert_eq!(seat.work(), Work::AfterCall { call: call(0) }, "said twice, it is so once");
}
