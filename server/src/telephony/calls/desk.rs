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

    /// Shows the agent's tabs the call as it is now.
    pub(in crate::telephony) fn show(&self, agent: UserId, view: CallView) {
        let call = Box::new(view.clone());
        if self.views().insert(agent, view).as_ref() == Some(&*call) {
            return;
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

    /// Shows the agent who has this call a key of the customer's, and keeps nothing of it.
    pub(super) fn customer_pressed(&self, call: InteractionId, key: Key) {
        let agent =
            self.views().iter().find(|(_, view)| view.id == call && !view.call.is_over()).map(|(user, _)| *user);
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
