//! A call arrives from a trunk: whose number was dialled, which queue serves it, and what it is told where none does.

use domain::ids::InteractionId;
use domain::telephony::{Call, CallEvent, Direction, Failure, Numbered, Outcome};
use wire::ApiResult;
use wire::events::QueueName;

use super::super::call_log;
use super::super::call_task::CallTask;
use super::super::directory::{Line, OurNumber, Trunk};
use super::super::effects::{self, Facts};
use super::super::people::Caller;
use super::super::sip_stack::Incoming;
use super::super::store::{self, Began, Ended};
use super::{Calls, RETRY_AFTER};

/// RFC 3261 §21.4.5.
const NOT_FOUND: u16 = 404;
/// RFC 3261 §21.4.24.
const BUSY_HERE: u16 = 486;
/// RFC 3261 §21.5.4.
const SERVICE_UNAVAILABLE: u16 = 503;

impl Calls {
    /// A call from a trunk.
    pub(super) async fn take(&self, incoming: Incoming) {
        let with = self.with();
        if self.is_stopping() {
            return with.sip.refuse_for_now(incoming.leg, RETRY_AFTER);
        }
        if let Some((trunk, line)) = self.line(&incoming) {
            return self.take_direct(incoming, trunk, line).await;
        }
        let number = match self.dialled(&incoming.dialled).await {
            Ok(number) => number,
            Err(error) => {
                tracing::error!(%error, "a call was refused because its number could not be looked up");
                return with.sip.refuse_for_now(incoming.leg, RETRY_AFTER);
            }
        };
        let trunk = match &number {
            Some(number) if incoming.trunks.contains(&number.trunk) => Some(number.trunk),
            _ => incoming.trunks.first().copied(),
        };
        let Some(trunk) = trunk else { return with.sip.refuse(incoming.leg, NOT_FOUND) };
        let customer = incoming.caller.as_deref().and_then(|caller| with.plan.read_dialled(caller));
        let ours = number.as_ref().map(|number| with.plan.show(&number.number));
        let queue = match number.and_then(|number| number.queue) {
            Some(queue) => match with.directory.queue(queue).await {
                Ok(queue) => queue,
                Err(error) => {
                    tracing::error!(%error, "a call was refused because its queue could not be looked up");
                    return with.sip.refuse_for_now(incoming.leg, RETRY_AFTER);
                }
            },
            None => None,
        };
        let id = InteractionId(uuid::Uuid::now_v7());
        let now = with.clock.now();
        let began = Began {
            call: id,
            direction: Direction::Inbound,
            customer: customer.as_ref().map(|number| number.e164.clone()),
            ours: ours.as_ref().map(|number| number.e164.clone()),
            queue: queue.as_ref().map(|queue| queue.id),
            agent: None,
            trunk,
            at: now,
        };
        let Some(queue) = queue else {
            tracing::info!(call = %id, %trunk, "a number that nobody serves was called; refused with 404");
            with.sip.refuse(incoming.leg, NOT_FOUND);
            return self.refused(began, Failure::NoQueue, NOT_FOUND);
        };
        let Some(place) = with.trunks.way_in(trunk) else {
            tracing::warn!(call = %id, %trunk, "the trunk carries as many calls as it may; refused with 486");
            with.sip.refuse(incoming.leg, BUSY_HERE);
            return self.refused(began, Failure::Busy, BUSY_HERE);
        };
        let audio = match with.gateway.open_customer(id).await {
            Ok(audio) => audio,
            Err(error) => {
                tracing::error!(call = %id, %error, "a call was refused because it could get no audio");
                with.sip.refuse_for_now(incoming.leg, RETRY_AFTER);
                return self.refused(began, Failure::Unreachable, SERVICE_UNAVAILABLE);
            }
        };
        with.gateway.doubt_customer(id);
        if let Some(aim) = incoming.aim {
            effects::aim(&with.gateway, id, aim);
        }
        with.log.write(call_log::began(began));
        let (call, outputs) = Call::inbound(id, queue.id, queue.may_answer);
        let facts = Facts {
            id,
            full_hold: false,
            direction: Direction::Inbound,
            customer,
            caller: Caller::default(),
            ours,
            queue: Some(QueueName { id: queue.id, name: queue.name }),
            home: Some(queue.id),
            started_at: now,
            connected_at: None,
            ended_at: None,
            outcome: None,
            sip_reason: None,
            leg: incoming.leg,
            audio,
        };
        let number = facts.customer.as_ref().map(|number| number.e164.clone());
        self.start(CallTask::new(self.clone(), call, facts, incoming.events, place, outputs));
        self.look_up(id, number);
    }

    /// The line that was called, where it was an extension's own.
    fn line(&self, incoming: &Incoming) -> Option<(Trunk, Line)> {
        let trunk = self.with().trunks.get(*incoming.trunks.first()?)?;
        trunk.line.clone().map(|line| (trunk, line))
    }

    /// The number of ours that was dialled: in the Request-URI, or in To where that holds a registered contact.
    async fn dialled(&self, users: &[String; 2]) -> ApiResult<Option<OurNumber>> {
        let with = self.with();
        for user in users {
            if let Some(number) = with.plan.read_dialled(user)
                && let Some(ours) = with.directory.number(&number.e164).await?
            {
                return Ok(Some(ours));
            }
        }
        Ok(None)
    }

    /// A call that never became one still stands in the list.
    pub(super) fn refused(&self, began: Began, failure: Failure, status: u16) {
        let Began { call, at, .. } = began;
        let outcome = Outcome::Failed { failure, sip_status: Some(status) };
        let log = &self.with().log;
        log.write(call_log::began(began));
        let events = [CallEvent::Started { direction: Direction::Inbound }, CallEvent::Ended { outcome }];
        for (n, event) in (1..).zip(events) {
            log.write(store::Line::Event { call, event: Numbered { n, at, event }, agent: None });
        }
        let ended = Ended { call, at, outcome, sip_reason: None, waited_ms: Some(0), talked_ms: None };
        log.write(store::Line::Ended(Box::new(ended)));
    }
}
