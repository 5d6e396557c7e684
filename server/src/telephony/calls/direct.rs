//! A call to an agent's own extension, from the exchange where it is registered: it rings that agent and nobody else.

use domain::agents::{SeatInput, Work};
use domain::ids::InteractionId;
use domain::telephony::{Call, CallInput, Direction, Failure};
use wire::{ApiError, ApiResult};

use super::super::call_log;
use super::super::call_task::{CallTask, Letter};
use super::super::directory::{Line, Trunk};
use super::super::effects::{self, Facts};
use super::super::people::Caller;
use super::super::sip_stack::Incoming;
use super::super::store::Began;
use super::{Calls, RETRY_AFTER};
use crate::agents::By;

/// RFC 3261 §21.4.18.
const UNAVAILABLE: u16 = 480;
/// RFC 3261 §21.4.24.
const BUSY_HERE: u16 = 486;
/// RFC 3261 §21.5.4.
const SERVICE_UNAVAILABLE: u16 = 503;

impl Calls {
    /// A call on the line of an extension.
    pub(super) async fn take_direct(&self, incoming: Incoming, trunk: Trunk, line: Line) {
        let with = self.with();
        let agent = line.user;
        let id = InteractionId(uuid::Uuid::now_v7());
        let now = with.clock.now();
        let read = |caller: &str| with.plan.internal(caller).or_else(|| with.plan.read_dialled(caller));
        let customer = incoming.caller.as_deref().and_then(read);
        let ours = with.plan.internal(&line.number);
        let began = Began {
            call: id,
            direction: Direction::Inbound,
            customer: customer.as_ref().map(|number| number.e164.clone()),
            ours: ours.as_ref().map(|number| number.e164.clone()),
            queue: None,
            agent: Some(agent),
            trunk: trunk.id,
            at: now,
        };
        let Some(place) = with.trunks.way_in(trunk.id) else {
            with.sip.refuse(incoming.leg, BUSY_HERE);
            return self.refused(began, Failure::Busy, BUSY_HERE);
        };
        match self.claim(id, &line).await {
            Ok(None) => {}
            Ok(Some((failure, status))) => {
                tracing::info!(call = %id, %agent, status, "an extension was called whose agent takes no call now");
                with.sip.refuse(incoming.leg, status);
                return self.refused(began, failure, status);
            }
            Err(error) => {
                tracing::error!(call = %id, %error, "a call was refused because its agent's seat could not be looked at");
                return with.sip.refuse_for_now(incoming.leg, RETRY_AFTER);
            }
        }
        let audio = match with.gateway.open_customer(id).await {
            Ok(audio) => audio,
            Err(error) => {
                tracing::error!(call = %id, %error, "a call was refused because it could get no audio");
                self.withdraw(agent, id);
                with.sip.refuse_for_now(incoming.leg, RETRY_AFTER);
                return self.refused(began, Failure::Unreachable, SERVICE_UNAVAILABLE);
            }
        };
        with.gateway.doubt_customer(id);
        if let Some(aim) = incoming.aim {
            effects::aim(&with.gateway, id, aim);
        }
        with.log.write(call_log::began(began));
        let (call, outputs) = Call::direct(id, agent, line.extension, line.ring_for, now);
        let facts = Facts {
            id,
            full_hold: false,
            direction: Direction::Inbound,
            customer,
            caller: Caller::default(),
            ours,
            queue: None,
            home: None,
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
        if !with.agents.can_take_offers(agent)
            && let Some(mailbox) = self.live().get(&id)
        {
            // The desk went while its agent was claimed. A call that has just ended does not read it.
            let _ = mailbox.send(Letter::Input(CallInput::DeskLost { agent }));
        }
    }

    /// Takes the agent for the call; or says why not, in a word and as a SIP status.
    async fn claim(&self, call: InteractionId, line: &Line) -> ApiResult<Option<(Failure, u16)>> {
        let agents = &self.with().agents;
        if agents.can_take_offers(line.user) {
            match agents.apply(line.user, SeatInput::Offered { call }, By::Router).await {
                Ok(_) => return Ok(None),
                Err(ApiError::Refused { .. }) => {}
                Err(error) => {
                    // It may have been stored all the same.
                    self.withdraw(line.user, call);
                    return Err(error);
                }
            }
        }
        Ok(Some(match agents.seat(line.user).await?.work() {
            Work::Ringing { .. } | Work::Dialling { .. } | Work::Talking { .. } | Work::Held { .. } => {
                (Failure::Busy, BUSY_HERE)
            }
            Work::Idle | Work::AfterCall { .. } => (Failure::NoAnswer, UNAVAILABLE),
        }))
    }
}
