//! An agent calls out.

use std::net::SocketAddr;

use domain::ids::{InteractionId, UserId};
use domain::telephony::{Call, Direction};

use super::super::call_log;
use super::super::call_task::CallTask;
use super::super::directory::OurNumber;
use super::super::effects::Facts;
use super::super::people::Caller;
use super::super::sip_stack::Invite;
use super::super::store::Began;
use super::super::tolls::Dialled;
use super::super::trunk::Way;
use super::Calls;

/// A call that an agent is about to make.
pub(in crate::telephony) struct Dial {
    pub(in crate::telephony) call: InteractionId,
    pub(in crate::telephony) agent: UserId,
    pub(in crate::telephony) from: OurNumber,
    pub(in crate::telephony) to: Dialled,
    pub(in crate::telephony) way: Way,
    /// Where we want the far end's audio.
    pub(in crate::telephony) audio: SocketAddr,
}

impl Calls {
    /// Calls out and starts the call's task.
    pub(in crate::telephony) fn dial(&self, dial: Dial) {
        let with = self.with();
        let now = with.clock.now();
        let (leg, leg_events) = with.sip.invite(Invite {
            to: dial.way.to,
            transport: dial.way.trunk.transport,
            host: dial.way.trunk.domain().to_owned(),
            destination: dial.to.destination,
            caller: dial
                .way
                .trunk
                .line
                .as_ref()
                .map_or_else(|| dial.from.number.to_string(), |line| line.username.clone()),
            certificate: dial.way.trunk.host.clone(),
            fallbacks: dial.way.fallbacks,
            presents: dial.way.trunk.presents,
            credentials: dial.way.trunk.credentials.clone(),
            codecs: dial.way.trunk.laws(),
            audio: dial.audio,
        });
        with.log.write(call_log::began(Began {
            call: dial.call,
            direction: Direction::Outbound,
            customer: Some(dial.to.to.e164.clone()),
            ours: Some(dial.from.number.clone()),
            queue: None,
            agent: Some(dial.agent),
            trunk: dial.way.trunk.id,
            at: now,
        }));
        let number = dial.to.to.e164.clone();
        let (call, outputs) = Call::outbound(dial.call, dial.agent, now);
        let facts = Facts {
            id: dial.call,
            full_hold: false,
            direction: Direction::Outbound,
            customer: Some(dial.to.to),
            caller: Caller::default(),
            ours: Some(with.plan.show(&dial.from.number)),
            queue: None,
            home: dial.from.queue,
            started_at: now,
            connected_at: None,
            ended_at: None,
            outcome: None,
            sip_reason: None,
            leg,
            audio: dial.audio,
        };
        self.start(CallTask::new(self.clone(), call, facts, leg_events, dial.way.place, outputs));
        self.look_up(dial.call, Some(number));
    }
}
