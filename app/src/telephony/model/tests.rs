use core::time::Duration;

use domain::agents::{BreakReason, Cause};
use domain::ids::{ExtensionId, QueueId};
use domain::telephony::{Because, CallInput, Direction};
use uuid::Uuid;

use super::*;

const ME: UserId = UserId(Uuid::from_u128(1));
const HERE: ClientId = ClientId(Uuid::from_u128(2));
const CALL: InteractionId = InteractionId(Uuid::from_u128(3));
const EXTENSION: ExtensionId = ExtensionId(Uuid::from_u128(4));
/// The microphone may be open between calls.
const RULES: CallRules = CallRules {
    version: 0,
    microphone_only_in_calls: false,
    full_hold: false,
    after_call_limit_seconds: 0,
    after_call_extension_seconds: 60,
};
const FREE: Option<CallRules> = Some(RULES);
const T: Timestamp = Timestamp(1_000);

fn around() -> Surroundings {
    Surroundings { me: ME, has_extension: true, here: HERE, online: true }
}

/// A softphone in this tab that took these inputs since it was logged in.
fn telephony(inputs: &[SeatInput], call: Option<Call>) -> Telephony {
    let mut seat = Seat::LoggedOut;
    for input in [SeatInput::LogIn { extension: EXTENSION }].iter().chain(inputs) {
        seat.on(*input, T).unwrap();
    }
    Telephony {
        softphone: Softphone { seat, client: Some(HERE), media: Media::Up },
        call: call.map(view),
        ..Telephony::default()
    }
}

fn view(call: Call) -> CallView {
    CallView {
        full_hold: false,
        id: call.id(),
        call,
        direction: Direction::Inbound,
        party: Party { number: None, name: None, customer: None, candidates: 0 },
        our_number: None,
        queue: None,
        started_at: T,
        connected_at: None,
        ended_at: None,
        outcome: None,
        sip_reason: None,
        quality: domain::telephony::quality::Verdicts::default(),
    }
}

fn offered() -> Call {
    let (mut call, _) = Call::inbound(CALL, QueueId(Uuid::from_u128(5)), false);
    let because =
        Because { rule: domain::routing::Rule::LongestIdle, candidates: 1, idle_ms: 0, waiting_before: 0, skipped: 0 };
    call.on(CallInput::Offer { agent: ME, because, ring_for: Duration::from_secs(20) }, T).unwrap();
    call
}

fn connected() -> Call {
    commanded(offered(), Command::Answer)
}

fn commanded(mut call: Call, command: Command) -> Call {
    call.on(CallInput::Command { by: ME, command }, T).unwrap();
    call
}

#[test]
fn s1_without_an_extension_nothing_can_be_pressed_and_the_bar_says_why() {
    let bar = Bar::of(&Telephony::default(), Surroundings { has_extension: false, ..around() });
    assert_eq!(bar.mode, Mode::NoExtension);
    assert_eq!(bar.dial, Err(Why::NoExtension));
    assert_eq!(bar.hang_up, Err(Why::NoExtension));
    assert_eq!(bar.hold.1, Err(Why::NoExtension));
}

#[test]
fn s3_logged_out_offers_only_the_log_in() {
    let bar = Bar::of(&Telephony::default(), around());
    assert_eq!(bar.mode, Mode::LoggedOut);
    assert_eq!(bar.dial, Err(Why::LoggedOut));
    assert_eq!(bar.since, None);
}

#[test]
fn s5_the_dialler_opens_in_every_state_without_a_call() {
    let inputs: [&[SeatInput]; 4] = [
        &[],
        &[SeatInput::GoReady],
        &[SeatInput::GoOnBreak { reason: BreakReason::Lunch }],
        &[SeatInput::GoReady, SeatInput::Offered { call: CALL }, SeatInput::Missed { call: CALL }],
    ];
    for inputs in inputs {
        let bar = Bar::of(&telephony(inputs, None), around());
        assert_eq!(bar.dial, Ok(()), "{inputs:?}");
        assert_eq!(bar.hang_up, Err(Why::NoCall), "{inputs:?}");
    }
}

#[test]
fn s12_a_ringing_call_is_answered_in_the_popup_only() {
    let inputs = [SeatInput::GoReady, SeatInput::Offered { call: CALL }];
    let telephony = telephony(&inputs, Some(offered()));
    assert_eq!(telephony.offer().map(|view| view.id), Some(CALL));
    let bar = Bar::of(&telephony, around());
    assert_eq!(bar.mode, Mode::Here(Shown::Ringing));
    assert_eq!(bar.dial, Err(Why::AnswerInPopup));
    assert_eq!(bar.hang_up, Err(Why::AnswerInPopup));
}

#[test]
fn s23_the_same_control_holds_and_resumes() {
    let talking = [SeatInput::GoReady, SeatInput::Offered { call: CALL }, SeatInput::Connected { call: CALL }];
    let bar = Bar::of(&telephony(&talking, Some(connected())), around());
    assert_eq!(bar.hold, (Command::Hold, Ok(())));
    let held = [talking.as_slice(), &[SeatInput::Held { call: CALL }]].concat();
    let bar = Bar::of(&telephony(&held, Some(commanded(connected(), Command::Hold))), around());
    assert_eq!(bar.mode, Mode::Here(Shown::Held));
    assert_eq!(bar.hold, (Command::Resume, Ok(())));
}

#[test]
fn s27_hanging_up_stays_possible_while_the_line_is_cut() {
    let talking = [SeatInput::GoReady, SeatInput::Offered { call: CALL }, SeatInput::Connected { call: CALL }];
    let bar = Bar::of(&telephony(&talking, Some(connected())), Surroundings { online: false, ..around() });
    assert_eq!(bar.hang_up, Ok(()));
    assert_eq!(bar.hold.1, Err(Why::Reconnecting));
    assert_eq!(bar.dial, Err(Why::Reconnecting));
}

#[test]
fn a1_a_softphone_in_another_tab_is_shown_as_such_and_never_opens_the_microphone() {
    let mut telephony = telephony(&[SeatInput::GoReady], None);
    telephony.softphone.client = Some(ClientId(Uuid::from_u128(9)));
    let bar = Bar::of(&telephony, around());
    assert_eq!(bar.mode, Mode::Elsewhere);
    assert_eq!(bar.dial, Err(Why::Elsewhere));
    assert!(!telephony.wants_microphone(HERE, FREE));
}

#[test]
fn a31_the_microphone_is_open_while_ready_or_in_a_call_and_closed_otherwise() {
    assert!(!telephony(&[], None).wants_microphone(HERE, FREE));
    assert!(telephony(&[SeatInput::GoReady], None).wants_microphone(HERE, FREE));
    assert!(!telephony(&[SeatInput::GoOnBreak { reason: BreakReason::Rest }], None).wants_microphone(HERE, FREE));
    assert!(telephony(&[SeatInput::Dialled { call: CALL }], None).wants_microphone(HERE, FREE));
    assert!(!Telephony::default().wants_microphone(HERE, FREE));
}

#[test]
fn a31_the_setting_keeps_the_microphone_closed_between_calls_and_open_from_the_ringing_on() {
    let strict = Some(CallRules { microphone_only_in_calls: true, ..RULES });
    let ringing = [SeatInput::GoReady, SeatInput::Offered { call: CALL }];
    let after_call = [SeatInput::GoReady, SeatInput::Dialled { call: CALL }, SeatInput::Ended { call: CALL }];
    for (rules, between_calls) in [(FREE, true), (strict, false), (None, false)] {
        assert_eq!(telephony(&[SeatInput::GoReady], None).wants_microphone(HERE, rules), between_calls);
        assert_eq!(telephony(&after_call, None).wants_microphone(HERE, rules), between_calls);
        assert!(telephony(&ringing, None).wants_microphone(HERE, rules));
        assert!(telephony(&[SeatInput::Dialled { call: CALL }], None).wants_microphone(HERE, rules));
        assert!(!telephony(&[], None).wants_microphone(HERE, rules));
    }
}

#[test]
fn an_offer_that_ends_by_itself_leaves_its_reason_and_an_ended_call_does_not() {
    let inputs = [SeatInput::GoReady, SeatInput::Offered { call: CALL }];
    let mut ringing = telephony(&inputs, Some(offered()));
    ringing.apply(&DeskEvent::CallGone { call: CALL, why: Gone::Abandoned });
    assert_eq!(ringing.call, None);
    assert_eq!(ringing.farewell.as_ref().map(|bye| bye.why), Some(Bye::Gone(Gone::Abandoned)));

    let mut over = telephony(&inputs, Some(commanded(connected(), Command::HangUp)));
    over.apply(&DeskEvent::CallGone { call: CALL, why: Gone::Finished });
    assert_eq!(over.call, None);
    assert_eq!(over.farewell, None);
}

#[test]
fn a_call_that_the_agent_did_not_end_leaves_its_reason() {
    let inputs = [SeatInput::Dialled { call: CALL }];
    let (dialled, _) = Call::outbound(CALL, ME, T);
    let mut telephony = telephony(&inputs, Some(dialled));
    let busy = Outcome::Failed { failure: domain::telephony::Failure::Busy, sip_status: Some(486) };
    let ended = |outcome| DeskEvent::Call { call: Box::new(view(Call::Ended { id: CALL, outcome })) };
    let mut hung_up = telephony.clone();
    telephony.apply(&ended(busy));
    assert_eq!(telephony.farewell.as_ref().map(|bye| bye.why), Some(Bye::Ended(busy)));
    hung_up.apply(&ended(Outcome::Cancelled));
    assert_eq!(hung_up.farewell, None);
}

#[test]
fn news_of_another_call_leaves_the_own_one() {
    let inputs = [SeatInput::GoReady, SeatInput::Offered { call: CALL }];
    let mut ringing = telephony(&inputs, Some(offered()));
    ringing.apply(&DeskEvent::CallGone { call: InteractionId(Uuid::from_u128(99)), why: Gone::Missed });
    assert!(ringing.offer().is_some());
}

#[test]
fn a_missed_call_shows_its_cause() {
    let inputs = [SeatInput::GoReady, SeatInput::Offered { call: CALL }, SeatInput::Missed { call: CALL }];
    let bar = Bar::of(&telephony(&inputs, None), around());
    assert_eq!(bar.mode, Mode::Here(Shown::NotReady(Cause::Missed)));
}
