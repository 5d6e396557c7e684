//! The call machine against a small model of itself, over random histories.

#![expect(clippy::unwrap_used, reason = "what a test's helper cannot do ends the test")]

use core::time::Duration;
use std::collections::BTreeMap;

use domain::agents::SeatInput;
use domain::ids::{ExtensionId, InteractionId, QueueId, UserId};
use domain::refusal::Refusal;
use domain::routing::Rule;
use domain::telephony::{Because, Call, CallEvent, CallInput, CallOutput, Command, Failure, Outcome, Refuse};
use domain::time::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

const CALL: InteractionId = InteractionId(Uuid::from_u128(1));
const QUEUE: QueueId = QueueId(Uuid::from_u128(2));
const EXTENSION: ExtensionId = ExtensionId(Uuid::from_u128(3));
const RING: Duration = Duration::from_secs(20);
const KEEP: Duration = Duration::from_secs(30);

fn agent(n: u8) -> UserId {
    UserId(Uuid::from_u128(100 + u128::from(n)))
}

fn because() -> Because {
    Because { rule: Rule::LongestIdle, candidates: 1, idle_ms: 0, waiting_before: 0, skipped: 0 }
}

fn offer(n: u8) -> CallInput {
    CallInput::Offer { agent: agent(n), because: because(), ring_for: RING }
}

fn command(n: u8, command: Command) -> CallInput {
    CallInput::Command { by: agent(n), command }
}

fn audio_lost(n: u8, queue: Option<QueueId>) -> CallInput {
    CallInput::AudioLost { agent: agent(n), keep_for: KEEP, queue }
}

fn audio_back(n: u8) -> CallInput {
    CallInput::AudioBack { agent: agent(n) }
}

fn commands() -> impl Strategy<Value = Command> {
    prop_oneof![
        Just(Command::Answer),
        Just(Command::Decline),
        Just(Command::Hold),
        Just(Command::Resume),
        Just(Command::HangUp),
    ]
}

fn inputs() -> impl Strategy<Value = CallInput> {
    prop_oneof![
        4 => (0..3u8).prop_map(offer),
        6 => (0..3u8, commands()).prop_map(|(n, c)| command(n, c)),
        1 => Just(CallInput::NobodyReady),
        1 => Just(CallInput::QueueGone),
        1 => (0..3u8).prop_map(|n| CallInput::DeskLost { agent: agent(n) }),
        3 => (0..3u8, any::<bool>()).prop_map(|(n, queue)| audio_lost(n, queue.then_some(QUEUE))),
        2 => (0..3u8).prop_map(audio_back),
        1 => Just(CallInput::FarRinging),
        1 => Just(CallInput::FarEarlyMedia),
        1 => Just(CallInput::FarAnswered),
        1 => Just(CallInput::FarFailed { status: Some(486), failure: Failure::Busy }),
        1 => Just(CallInput::FarGone),
        1 => Just(CallInput::FarBroken),
        2 => Just(CallInput::Deadline),
        1 => Just(CallInput::MinutesUsedUp),
    ]
}

/// What the customer's leg and the agents' seats have been told, by the outputs alone.
#[derive(Default)]
struct World {
    customer_answered: bool,
    customer_gone: bool,
    finished: Option<Outcome>,
    recorded_end: Option<Outcome>,
    /// For whom the call is kept, as the log says.
    kept: Option<UserId>,
    /// Who rings or talks, as their seats know.
    engaged: BTreeMap<UserId, &'static str>,
}

impl World {
    fn take(&mut self, outputs: Vec<CallOutput>) {
        for output in outputs {
            assert!(self.finished.is_none(), "{output:?} after the call was finished");
            match output {
                CallOutput::AnswerCustomer => {
                    assert!(!self.customer_answered, "the customer is answered once");
                    self.customer_answered = true;
                }
                CallOutput::RefuseCustomer(_) | CallOutput::CancelFarEnd => {
                    assert!(!self.customer_answered && !self.customer_gone);
                    self.customer_gone = true;
                }
                CallOutput::HangUpCustomer => {
                    assert!(self.customer_answered && !self.customer_gone);
                    self.customer_gone = true;
                }
                CallOutput::Ring => assert!(!self.customer_answered, "180 after 200"),
                CallOutput::Music => assert!(self.customer_answered),
                CallOutput::Bridge { .. } | CallOutput::OneWayHold { .. } => assert!(self.customer_answered),
                CallOutput::Ringback { .. } | CallOutput::EarlyMedia { .. } => assert!(!self.customer_answered),
                CallOutput::Silence | CallOutput::Enqueue { .. } => {}
                CallOutput::Seat { agent, input } => match input {
                    SeatInput::Connected { .. } | SeatInput::Resumed { .. } => {
                        self.engaged.insert(agent, "talking");
                    }
                    SeatInput::Held { .. } => {
                        self.engaged.insert(agent, "held");
                    }
                    SeatInput::Declined { .. }
                    | SeatInput::Missed { .. }
                    | SeatInput::Withdrawn { .. }
                    | SeatInput::GivenUp { .. }
                    | SeatInput::Ended { .. } => {
                        assert!(self.engaged.remove(&agent).is_some(), "{agent} was let go without being engaged");
                    }
                    SeatInput::LogIn { .. }
                    | SeatInput::LogOut
                    | SeatInput::GoReady
                    | SeatInput::GoNotReady
                    | SeatInput::GoOnBreak { .. }
                    | SeatInput::LeaveAfterCall { .. }
                    | SeatInput::ExtendAfterCall { .. }
                    | SeatInput::AfterCallOver
                    | SeatInput::Lost
                    | SeatInput::Offered { .. }
                    | SeatInput::Dialled { .. } => panic!("a call never tells a seat {input:?}"),
                },
                CallOutput::Record(CallEvent::Offered { agent, .. } | CallEvent::Called { agent, .. }) => {
                    self.engaged.insert(agent, "ringing");
                }
                CallOutput::Record(CallEvent::Ended { outcome }) => {
                    self.recorded_end = Some(outcome);
                    self.kept = None;
                }
                CallOutput::Record(CallEvent::AgentLost { agent }) => {
                    assert!(self.kept.replace(agent).is_none(), "lost twice");
                    assert!(self.engaged.contains_key(&agent));
                }
                CallOutput::Record(CallEvent::AgentBack { agent } | CallEvent::AgentNotBack { agent }) => {
                    assert_eq!(self.kept.take(), Some(agent));
                }
                CallOutput::Record(_) => {}
                CallOutput::Finish(outcome) => self.finished = Some(outcome),
            }
        }
    }
}

proptest! {
    /// Whatever happens in whatever order: one answer at most, one end exactly, and nobody is left engaged.
    #[test]
    fn an_inbound_call_ends_once_and_frees_everybody(may_answer: bool, history in prop::collection::vec((inputs(), 0..40_000i64), 0..60)) {
        let (mut call, outputs) = Call::inbound(CALL, QUEUE, may_answer);
        let mut world = World::default();
        world.take(outputs);
        let mut now = Timestamp(0);
        for (input, later) in history {
            now = Timestamp(now.0 + later);
            let before = call.clone();
            let network_says_goodbye = matches!(input, CallInput::FarGone | CallInput::FarBroken);
            if let Ok(outputs) = call.on(input.clone(), now) {
                world.take(outputs);
            } else {
                prop_assert!(matches!(input, CallInput::Command { .. }), "only commands are refused");
                prop_assert_eq!(&before, &call);
            }
            prop_assert!(!network_says_goodbye || call.is_over(), "the customer's goodbye always ends the call");
            let agents_side = matches!(input, CallInput::DeskLost { .. } | CallInput::AudioLost { .. } | CallInput::AudioBack { .. });
            prop_assert!(!agents_side || call.is_over() == before.is_over(), "C2: an agent's side never ends a call");
            prop_assert_eq!(world.kept, matches!(call, Call::Kept { .. }).then(|| call.agent()).flatten());
            prop_assert_eq!(call.is_over(), world.finished.is_some());
            prop_assert_eq!(world.finished, world.recorded_end);
            prop_assert_eq!(call.agent().into_iter().collect::<Vec<_>>(), world.engaged.keys().copied().collect::<Vec<_>>());
        }
    }

    /// The same for a call to an agent's own extension, which nobody else is ever asked to take before it is answered.
    #[test]
    fn a_direct_call_ends_once_and_frees_its_agent(history in prop::collection::vec((inputs(), 0..40_000i64), 0..60)) {
        let (mut call, outputs) = Call::direct(CALL, agent(0), EXTENSION, RING, Timestamp(0));
        let mut world = World::default();
        world.take(outputs);
        let mut now = Timestamp(0);
        for (input, later) in history {
            now = Timestamp(now.0 + later);
            if let Ok(outputs) = call.on(input, now) {
                let queued = outputs.iter().any(|output| matches!(output, CallOutput::Enqueue { .. }));
                prop_assert!(world.customer_answered || !queued, "nobody but the agent is asked");
                world.take(outputs);
            }
            prop_assert_eq!(call.is_over(), world.finished.is_some());
            prop_assert_eq!(world.finished, world.recorded_end);
            prop_assert_eq!(call.agent().into_iter().collect::<Vec<_>>(), world.engaged.keys().copied().collect::<Vec<_>>());
        }
    }

    /// The same for a call that an agent dials.
    #[test]
    fn an_outbound_call_ends_once_and_leads_to_after_call_work(history in prop::collection::vec((inputs(), 0..40_000i64), 0..60)) {
        let (mut call, outputs) = Call::outbound(CALL, agent(0), Timestamp(0));
        let mut world = World::default();
        world.take(outputs);
        world.engaged.insert(agent(0), "dialling");
        let mut now = Timestamp(0);
        for (input, later) in history {
            now = Timestamp(now.0 + later);
            // The far end's answer is what makes the customer's leg an answered one here.
            if matches!(input, CallInput::FarAnswered) && matches!(call, Call::Dialling { .. }) {
                world.customer_answered = true;
            }
            if let Ok(outputs) = call.on(input, now) {
                world.take(outputs);
            }
            prop_assert_eq!(call.is_over(), world.finished.is_some());
            prop_assert_eq!(call.agent().is_none(), world.engaged.is_empty());
        }
    }

    /// What `allows` says is what `on` does.
    #[test]
    fn a_button_is_enabled_exactly_when_the_command_is_taken(history in prop::collection::vec(inputs(), 0..20), n in 0..3u8, asked in commands()) {
        let (mut call, _) = Call::inbound(CALL, QUEUE, true);
        for (second, input) in history.into_iter().enumerate() {
            call.on(input, Timestamp(i64::try_from(second).unwrap() * 1_000)).ok();
        }
        let allowed = call.allows(agent(n), asked);
        prop_assert_eq!(allowed, call.on(command(n, asked), Timestamp(1_000_000)).map(drop));
    }
}

fn ringing(may_answer: bool) -> Call {
    let (mut call, _) = Call::inbound(CALL, QUEUE, may_answer);
    call.on(offer(1), Timestamp(0)).unwrap();
    call
}

fn talking() -> Call {
    let mut call = ringing(true);
    call.on(command(1, Command::Answer), Timestamp(1_000)).unwrap();
    call
}

#[test]
fn s15_answering_answers_the_customer_and_joins_the_two() {
    let mut call = ringing(true);
    let outputs = call.on(command(1, Command::Answer), Timestamp(5_000)).unwrap();
    assert_eq!(outputs[0], CallOutput::AnswerCustomer);
    assert_eq!(outputs[1], CallOutput::Bridge { agent: agent(1) });
    assert_eq!(call, Call::Connected { id: CALL, agent: agent(1), since: Timestamp(5_000) });
}

#[test]
fn s16_a3_a_declined_call_goes_back_to_the_front_and_skips_the_decliner_who_stays_ready() {
    let mut call = ringing(false);
    let outputs = call.on(command(1, Command::Decline), Timestamp(5_000)).unwrap();
    assert!(outputs.contains(&CallOutput::Enqueue { front: true }));
    assert!(outputs.contains(&CallOutput::Record(CallEvent::Queued { queue: QUEUE, front: true })));
    assert!(outputs.contains(&CallOutput::Seat { agent: agent(1), input: SeatInput::Declined { call: CALL } }));
    assert!(matches!(call, Call::Waiting { skipped, .. } if skipped == vec![agent(1)]));
}

#[test]
fn a3_asked_once_more_because_all_had_declined_the_round_begins_anew() {
    let mut call = ringing(true);
    for n in [1, 2] {
        call.on(offer(n), Timestamp(0)).unwrap();
        call.on(command(n, Command::Decline), Timestamp(0)).unwrap();
    }
    assert!(matches!(&call, Call::Waiting { skipped, .. } if *skipped == [agent(1), agent(2)]));
    call.on(offer(1), Timestamp(60_000)).unwrap();
    call.on(command(1, Command::Decline), Timestamp(61_000)).unwrap();
    assert!(matches!(call, Call::Waiting { skipped, .. } if skipped == [agent(1)]), "the colleague is asked next");
}

#[test]
fn a3_an_unanswered_offer_runs_out_at_its_deadline_and_not_before() {
    let mut call = ringing(false);
    assert_eq!(call.deadline(), Some(Timestamp(20_000)));
    assert_eq!(call.on(CallInput::Deadline, Timestamp(19_999)), Ok(vec![]));
    let outputs = call.on(CallInput::Deadline, Timestamp(20_000)).unwrap();
    assert!(outputs.contains(&CallOutput::Seat { agent: agent(1), input: SeatInput::Missed { call: CALL } }));
    // Back by a press, the only agent of a queue is asked again: nobody waits for ever for want of a second one.
    assert!(matches!(call, Call::Waiting { skipped, .. } if skipped.is_empty()));
}

#[test]
fn a29_it_rings_while_somebody_is_ready_and_turns_to_music_after_the_first_refusal() {
    let (mut call, _) = Call::inbound(CALL, QUEUE, true);
    assert_eq!(call.on(offer(1), Timestamp(0)).unwrap()[0], CallOutput::Ring);
    let outputs = call.on(command(1, Command::Decline), Timestamp(1)).unwrap();
    let answer = outputs.iter().position(|output| *output == CallOutput::AnswerCustomer);
    let music = outputs.iter().position(|output| *output == CallOutput::Music);
    assert!(answer.is_some() && answer < music);
    // The next offer no longer rings at the customer's: music goes on.
    assert!(!call.on(offer(2), Timestamp(2)).unwrap().contains(&CallOutput::Ring));
}

#[test]
fn a29_with_nobody_ready_it_answers_with_music_unless_the_queue_never_answers_first() {
    let (mut call, _) = Call::inbound(CALL, QUEUE, true);
    let outputs = call.on(CallInput::NobodyReady, Timestamp(0)).unwrap();
    assert_eq!(outputs[..2], [CallOutput::AnswerCustomer, CallOutput::Music]);
    let (mut call, _) = Call::inbound(CALL, QUEUE, false);
    assert_eq!(call.on(CallInput::NobodyReady, Timestamp(0)), Ok(vec![CallOutput::Ring]));
}

#[test]
fn s23_s24_s25_hold_gives_the_customer_music_and_leaves_the_agent_the_customers_voice() {
    let mut call = talking();
    let outputs = call.on(command(1, Command::Hold), Timestamp(2_000)).unwrap();
    assert_eq!(outputs[0], CallOutput::OneWayHold { agent: agent(1) });
    let outputs = call.on(command(1, Command::Resume), Timestamp(3_000)).unwrap();
    assert_eq!(outputs[0], CallOutput::Bridge { agent: agent(1) });
    assert_eq!(call, Call::Connected { id: CALL, agent: agent(1), since: Timestamp(1_000) });
}

#[test]
fn s26_s27_hanging_up_ends_the_customers_leg_and_s28_begins_after_call_work() {
    let mut call = talking();
    let outputs = call.on(command(1, Command::HangUp), Timestamp(9_000)).unwrap();
    assert!(outputs.contains(&CallOutput::HangUpCustomer));
    assert!(outputs.contains(&CallOutput::Seat { agent: agent(1), input: SeatInput::Ended { call: CALL } }));
    assert_eq!(outputs.last(), Some(&CallOutput::Finish(Outcome::AgentHungUp)));
    assert_eq!(call.on(command(1, Command::HangUp), Timestamp(9_001)), Err(Refusal::CallEnded));
}

#[test]
fn another_agents_command_is_refused_in_every_state() {
    for mut call in [ringing(true), talking()] {
        assert_eq!(call.on(command(2, Command::HangUp), Timestamp(1_500)), Err(Refusal::NotYourCall));
    }
}

#[test]
fn a_lost_desk_never_ends_a_call_that_is_up() {
    let mut call = talking();
    assert_eq!(call.on(CallInput::DeskLost { agent: agent(1) }, Timestamp(2_000)), Ok(vec![]));
    assert!(!call.is_over());
}

fn kept(queue: Option<QueueId>) -> Call {
    let mut call = talking();
    call.on(audio_lost(1, queue), Timestamp(10_000)).unwrap();
    call
}

#[test]
fn c2_a_call_whose_agent_is_lost_is_kept_and_goes_on_when_they_are_heard_again() {
    let mut call = talking();
    let outputs = call.on(audio_lost(1, Some(QUEUE)), Timestamp(10_000)).unwrap();
    assert_eq!(outputs, [CallOutput::Record(CallEvent::AgentLost { agent: agent(1) })]);
    assert_eq!(call.deadline(), Some(Timestamp(40_000)));
    assert_eq!(call.on(audio_lost(1, Some(QUEUE)), Timestamp(20_000)), Ok(vec![]), "counted from the first loss");
    assert_eq!(call.deadline(), Some(Timestamp(40_000)));
    assert_eq!(call.on(audio_back(2), Timestamp(21_000)), Ok(vec![]));
    let outputs = call.on(audio_back(1), Timestamp(21_000)).unwrap();
    assert_eq!(outputs[0], CallOutput::Bridge { agent: agent(1) });
    assert_eq!(call, Call::Connected { id: CALL, agent: agent(1), since: Timestamp(1_000) });
}

#[test]
fn c2_a_held_call_is_on_hold_still_when_the_agent_is_back() {
    let mut call = talking();
    call.on(command(1, Command::Hold), Timestamp(5_000)).unwrap();
    let held = call.clone();
    call.on(audio_lost(1, Some(QUEUE)), Timestamp(10_000)).unwrap();
    assert_eq!(call.on(command(1, Command::Resume), Timestamp(11_000)), Err(Refusal::NotNow));
    let outputs = call.on(audio_back(1), Timestamp(12_000)).unwrap();
    assert_eq!(outputs[0], CallOutput::OneWayHold { agent: agent(1) });
    assert_eq!(call, held);
}

#[test]
fn c2_with_nobody_back_in_time_the_customer_goes_to_the_front_of_the_queue() {
    let mut call = kept(Some(QUEUE));
    assert_eq!(call.on(CallInput::Deadline, Timestamp(39_999)), Ok(vec![]));
    let outputs = call.on(CallInput::Deadline, Timestamp(40_000)).unwrap();
    assert!(outputs.contains(&CallOutput::Seat { agent: agent(1), input: SeatInput::GivenUp { call: CALL } }));
    assert_eq!(outputs.last(), Some(&CallOutput::Enqueue { front: true }));
    let skipped = Vec::new();
    assert_eq!(call, Call::Waiting { id: CALL, queue: QUEUE, answered: true, may_answer: true, skipped });
    // Whoever comes back later has the call no more.
    assert_eq!(call.on(audio_back(1), Timestamp(41_000)), Ok(vec![]));
    assert_eq!(call.on(command(1, Command::HangUp), Timestamp(41_000)), Err(Refusal::NotYourCall));
    // The next agent answers a customer who was answered long ago.
    call.on(offer(2), Timestamp(42_000)).unwrap();
    let outputs = call.on(command(2, Command::Answer), Timestamp(43_000)).unwrap();
    assert_eq!(outputs[0], CallOutput::Bridge { agent: agent(2) });
}

#[test]
fn c2_with_nobody_back_in_time_a_call_that_no_queue_takes_ends_with_its_cause() {
    let mut call = kept(None);
    let outputs = call.on(CallInput::Deadline, Timestamp(40_000)).unwrap();
    assert!(outputs.contains(&CallOutput::HangUpCustomer));
    assert!(outputs.contains(&CallOutput::Seat { agent: agent(1), input: SeatInput::Ended { call: CALL } }));
    assert_eq!(outputs.last(), Some(&CallOutput::Finish(Outcome::AgentLost)));
}

/// The customer's line costs as long as it stands, whoever has the call.
#[test]
fn no_state_of_a_call_outlives_its_minutes() {
    let used_up = Outcome::Failed { failure: Failure::MinutesUsedUp, sip_status: None };
    let mut given_up = kept(Some(QUEUE));
    given_up.on(CallInput::Deadline, Timestamp(1_000_000)).unwrap();
    assert!(matches!(given_up, Call::Waiting { .. }));
    let mut offered_anew = given_up.clone();
    offered_anew.on(offer(2), Timestamp(1_000_000)).unwrap();
    for (mut call, freed) in [(given_up, None), (offered_anew, Some(agent(2)))] {
        let outputs = call.on(CallInput::MinutesUsedUp, Timestamp(1_000_001)).unwrap();
        assert_eq!(call, Call::Ended { id: CALL, outcome: used_up });
        assert!(outputs.contains(&CallOutput::HangUpCustomer));
        let withdrawn = freed.map(|agent| CallOutput::Seat { agent, input: SeatInput::Withdrawn { call: CALL } });
        assert!(withdrawn.is_none_or(|seat| outputs.contains(&seat)), "{outputs:?}");
    }
}

#[test]
fn c2_a_customer_who_hangs_up_while_the_agent_is_away_ends_the_call_as_always() {
    let mut call = kept(Some(QUEUE));
    let outputs = call.on(CallInput::FarGone, Timestamp(12_000)).unwrap();
    assert!(outputs.contains(&CallOutput::Seat { agent: agent(1), input: SeatInput::Ended { call: CALL } }));
    assert_eq!(outputs.last(), Some(&CallOutput::Finish(Outcome::CustomerHungUp)));
}

fn direct() -> Call {
    let (call, outputs) = Call::direct(CALL, agent(1), EXTENSION, RING, Timestamp(0));
    let called = CallOutput::Record(CallEvent::Called { agent: agent(1), extension: EXTENSION });
    assert_eq!(outputs.get(1..), Some([CallOutput::Ring, called].as_slice()));
    call
}

/// One way in which a direct call comes to nothing: the caller's refusal, the seat's news, the outcome.
fn turned_away(input: CallInput, at: i64) -> (CallOutput, CallOutput, Outcome) {
    let mut call = direct();
    let outputs = call.on(input, Timestamp(at)).unwrap();
    assert!(call.is_over());
    let find = |wanted: fn(&CallOutput) -> bool| outputs.iter().find(|output| wanted(output)).unwrap().clone();
    let Some(CallOutput::Finish(outcome)) = outputs.last() else { panic!("{outputs:?}") };
    (
        find(|output| matches!(output, CallOutput::RefuseCustomer(_))),
        find(|output| matches!(output, CallOutput::Seat { .. })),
        *outcome,
    )
}

#[test]
fn a3_a_direct_call_that_its_agent_does_not_take_is_refused_with_the_reason() {
    let failed = |failure, status| Outcome::Failed { failure, sip_status: Some(status) };
    let seat = |input| CallOutput::Seat { agent: agent(1), input };
    assert_eq!(
        turned_away(command(1, Command::Decline), 5_000),
        (
            CallOutput::RefuseCustomer(Refuse::Declined),
            seat(SeatInput::Declined { call: CALL }),
            failed(Failure::Declined, 603),
        )
    );
    assert_eq!(
        turned_away(CallInput::Deadline, 20_000),
        (
            CallOutput::RefuseCustomer(Refuse::Unavailable),
            seat(SeatInput::Missed { call: CALL }),
            failed(Failure::NoAnswer, 480),
        )
    );
    assert_eq!(
        turned_away(CallInput::DeskLost { agent: agent(1) }, 5_000),
        (
            CallOutput::RefuseCustomer(Refuse::Unavailable),
            seat(SeatInput::Withdrawn { call: CALL }),
            failed(Failure::NoAnswer, 480),
        )
    );
}
