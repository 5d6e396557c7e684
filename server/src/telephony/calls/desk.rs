//! What an agent's desk shows of a call: written here and nowhere else.

use domain::agents::Work;
use domain::ids::{InteractionId, PressId, UserId};
use domain::refusal::Refusal;
use domain::telephony::quality::Verdicts;
use domain::telephony::{Call, Key, Outcome};
use wire::ApiResult;
use wire::events::{CallView, DeskEvent, Gone, QueueName};

use super::super::store;
use super::{Calls, party};

impl Calls {
    /// The call on this agent's desk: ringing, dialling, up, held, or in after-call work.
    ///
    /// # Errors
    /// The database's, for after-call work that began before the server did.
    pub async fn call_view(&self, user: UserId) -> ApiResult<Option<CallView>> {
        if let Some(view) = self.views().get(&user).cloned() {
            return Ok(Some(view));
        }
        let Work::AfterCall { call } = self.with().agents.seat(user).await?.work() else { return Ok(None) };
        self.stored_view(call).await
    }

    /// After-call work was left: its call leaves the desk.
    pub(in crate::telephony) fn finished(&self, user: UserId, call: InteractionId) {
        let shown = {
            let mut views = self.views();
            // A call that went on without its agent is over for them.
            let over = views.get(&user).is_some_and(|view| view.id == call && view.call.agent() != Some(user));
            over.then(|| views.remove(&user)).flatten()
        };
        // A view made from the store was never in memory; the desk has it all the same.
        drop(shown);
        self.with().hub.publish(user, DeskEvent::CallGone { call, why: Gone::Finished });
    }

    /// Shows the agent's tabs the call as it is now. A call that has left the agent comes too late where another is there
    /// already.
    pub(in crate::telephony) fn show(&self, agent: UserId, view: CallView) {
        let call = Box::new(view.clone());
        {
            let mut views = self.views();
            if views.get(&agent).is_some_and(|shown| !gives_way(shown, &view, agent)) {
                return;
            }
            if views.insert(agent, view).as_ref() == Some(&*call) {
                return;
            }
        }
        self.with().hub.publish(agent, DeskEvent::Call { call });
    }

    /// Sends keys of this agent to the customer's side.
    ///
    /// # Errors
    /// Why the call takes none now.
    pub(in crate::telephony) async fn press_keys(
        &self,
        by: UserId,
        call: InteractionId,
        press: PressId,
        keys: Vec<Key>,
    ) -> Result<(), Refusal> {
        let here = self.views().get(&by).filter(|view| view.id == call).map(|view| view.call.takes_keys(by));
        here.ok_or(Refusal::CallEnded)??;
        self.with().gateway.press_keys(call, press, keys).await.map_err(|_| Refusal::NoKeys)
    }

    /// Shows the agent who has this call a key of the customer's, and keeps nothing of it. Nobody else is shown it: not
    /// whom it rings at, nor whoever lost the call and still has it on the desk.
    pub(super) fn customer_pressed(&self, call: InteractionId, key: Key) {
        let hears = |(user, view): &(&UserId, &CallView)| view.id == call && is_up_with(&view.call, **user);
        let agent = self.views().iter().find(hears).map(|(user, _)| *user);
        if let Some(agent) = agent {
            self.with().hub.publish(agent, DeskEvent::CustomerPressed { call, key });
        }
    }

    /// Takes an offered call off the agent's desk.
    pub(in crate::telephony) fn take_away(&self, agent: UserId, call: InteractionId, why: Gone) {
        {
            let mut views = self.views();
            if views.get(&agent).is_some_and(|view| view.id == call) {
                views.remove(&agent);
            }
        }
        self.with().hub.publish(agent, DeskEvent::CallGone { call, why });
    }

    async fn stored_view(&self, id: InteractionId) -> ApiResult<Option<CallView>> {
        let with = self.with();
        let Some(stored) = store::load(&with.db, id).await? else { return Ok(None) };
        let queue = match stored.queue {
            Some(queue) => with.directory.queue(queue).await?.map(|queue| QueueName { id: queue.id, name: queue.name }),
            None => None,
        };
        let (caller, _) = self.caller_of(id, stored.customer.as_ref()).await?;
        let outcome = stored.outcome.unwrap_or(Outcome::Lost);
        Ok(Some(CallView {
            call: Call::Ended { id, outcome },
            id,
            full_hold: false,
            direction: stored.direction,
            party: party(stored.customer.map(|number| with.plan.show(&number)), caller),
            our_number: stored.ours.map(|number| with.plan.show(&number)),
            queue,
            started_at: stored.started_at,
            connected_at: stored.connected_at,
            ended_at: stored.ended_at,
            outcome: Some(outcome),
            sip_reason: stored.sip_reason,
            quality: Verdicts::default(),
        }))
    }
}

/// Whether what an agent's desk shows gives way to this: not a call of theirs to another that has left them.
fn gives_way(shown: &CallView, view: &CallView, agent: UserId) -> bool {
    let is_theirs = |view: &CallView| view.call.agent() == Some(agent);
    shown.id == view.id || !is_theirs(shown) || is_theirs(view)
}

/// Whether the customer is up with this agent, who is there.
fn is_up_with(call: &Call, user: UserId) -> bool {
    match call {
        Call::Connected { agent, .. } | Call::Held { agent, .. } => *agent == user,
        Call::Waiting { .. }
        | Call::Offered { .. }
        | Call::Dialling { .. }
        | Call::Kept { .. }
        | Call::Ended { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::ids::QueueId;
    use domain::routing::Rule;
    use domain::telephony::{CallInput, Direction};
    use domain::time::Timestamp;
    use wire::events::Party;

    use super::*;

    const SATO: UserId = UserId(uuid::Uuid::from_u128(1));
    const SUZUKI: UserId = UserId(uuid::Uuid::from_u128(2));

    fn dialling(n: u128, agent: UserId) -> Call {
        Call::outbound(InteractionId(uuid::Uuid::from_u128(n)), agent, Timestamp(0)).0
    }

    fn after(mut call: Call, inputs: impl IntoIterator<Item = CallInput>) -> Call {
        for input in inputs {
            drop(call.on(input, Timestamp(1_000_000)).unwrap());
        }
        call
    }

    fn given_up(n: u128, agent: UserId) -> Call {
        let queue = Some(QueueId(uuid::Uuid::from_u128(9)));
        let lost = CallInput::AudioLost { agent, keep_for: Duration::ZERO, queue };
        after(dialling(n, agent), [CallInput::FarAnswered, lost, CallInput::Deadline])
    }

    fn view(call: Call) -> CallView {
        CallView {
            id: call.id(),
            call,
            full_hold: false,
            direction: Direction::Outbound,
            party: Party { number: None, name: None, customer: None, candidates: 0 },
            our_number: None,
            queue: None,
            started_at: Timestamp(0),
            connected_at: None,
            ended_at: None,
            outcome: None,
            sip_reason: None,
            quality: Verdicts::default(),
        }
    }

    #[test]
    fn a_call_that_left_an_agent_does_not_take_the_place_of_the_next_one() {
        let (first, next) = (view(given_up(1, SATO)), view(dialling(2, SATO)));
        assert!(!gives_way(&next, &first, SATO), "it comes too late");
        assert!(gives_way(&first, &next, SATO));
        let ended = view(after(dialling(2, SATO), [CallInput::FarGone]));
        assert!(gives_way(&next, &ended, SATO), "its own end is shown");
        assert!(gives_way(&ended, &first, SATO), "of two that are over, the later word holds");
    }

    #[test]
    fn t14_keys_are_shown_to_who_is_up_with_the_customer_and_to_nobody_else() {
        let lost = given_up(1, SATO);
        assert!(!is_up_with(&lost, SATO), "the call is on the desk of who lost it, and no longer theirs");
        let offer = CallInput::Offer {
            agent: SUZUKI,
            because: domain::telephony::Because {
                rule: Rule::LongestIdle,
                candidates: 1,
                idle_ms: 0,
                waiting_before: 0,
                skipped: 0,
            },
            ring_for: Duration::from_secs(20),
        };
        let offered = after(lost, [offer]);
        assert!(!is_up_with(&offered, SUZUKI), "nor theirs yet at whom it rings");
        let answer = CallInput::Command { by: SUZUKI, command: domain::telephony::Command::Answer };
        let answered = after(offered, [answer]);
        assert!(is_up_with(&answered, SUZUKI) && !is_up_with(&answered, SATO));
        assert!(!is_up_with(&dialling(1, SATO), SATO));
    }
}
