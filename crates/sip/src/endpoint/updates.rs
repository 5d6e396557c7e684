//! UPDATE (RFC 3311): a change of the session, or a word that it still lasts, at any time of a call.

use crate::api::{CallKey, Event};
use crate::message::Request;
use crate::message::body::session_description;
use crate::time::Time;
use crate::transaction::OtherServer;

use super::call::{Asking, Phase};
use super::servers::{Answer, Machine, Source};
use super::{Endpoint, ServerKey, session};

impl Endpoint {
    pub(super) fn on_update(&mut self, now: Time, server: &ServerKey, request: Request, tag: &str, source: Source) {
        let early = self.early_of(&request, tag).map(|(key, _)| key);
        let Some(key) = self.dialog_of(&request, tag).or(early) else {
            return self.answer_once(&request, source, Answer::plain(481));
        };
        let sdp = session_description(&request.headers, &request.body);
        if let Err(refusal) = self.update_is_welcome(key, &request, tag, sdp.is_some()) {
            return self.answer_once(&request, source, refusal);
        }
        let Some(call) = self.calls.get_mut(&key) else { return };
        let dialog = match &mut call.phase {
            Phase::Calling { early, .. } => {
                let tag = request.sender_tag();
                early.iter_mut().map(|early| &mut early.dialog).find(|dialog| dialog.remote_tag == tag)
            }
            Phase::Offered { .. } | Phase::Up(_) | Phase::Ending => Some(&mut call.dialog),
        };
        if let Some(dialog) = dialog {
            dialog.remote_seq = Some(request.cseq());
            dialog.refresh(&request.headers);
        }
        call.session.learn(&request.headers);
        if let Some(sdp) = &sdp {
            call.asked = Some(server.clone());
            call.session.remote.clone_from(sdp);
        }
        let machine = Machine::Other(OtherServer::new(now, &self.config.timers, source.transport));
        self.open(server.clone(), machine, request, source, (key, tag.to_owned()));
        match sdp {
            Some(_) => self.tell(Event::Reoffered { call: key, sdp }),
            None => self.say_yes_to_update(now, key, server, None),
        }
    }

    /// 200, which nobody acknowledges.
    pub(super) fn say_yes_to_update(&mut self, now: Time, key: CallKey, server: &ServerKey, sdp: Option<String>) {
        let Some(mut response) = self.dialog_response(key, server, 200, sdp) else { return };
        self.grant_session(now, key, server, &mut response);
        self.respond(now, server, &response);
    }

    /// RFC 3311 §5.2, RFC 4028 §9.
    fn update_is_welcome(&mut self, key: CallKey, request: &Request, tag: &str, offers: bool) -> Result<(), Answer> {
        let settled = self.early_of(request, tag).map(|(_, early)| (early.settled, early.dialog.remote_seq));
        let Some(call) = self.calls.get(&key) else { return Err(Answer::plain(481)) };
        let seen = match (&call.phase, settled) {
            (Phase::Calling { .. }, Some((_, seen))) => seen,
            (Phase::Offered { .. } | Phase::Up(_), _) => call.dialog.remote_seq,
            (Phase::Calling { .. }, None) | (Phase::Ending, _) => return Err(Answer::plain(481)),
        };
        if seen.is_some_and(|seen| request.cseq() <= seen) {
            return Err(Answer::plain(500));
        }
        if let Some(refusal) = session::too_short(&self.config.timers, &request.headers) {
            return Err(refusal);
        }
        if !offers {
            return Ok(());
        }
        // Theirs waits for our answer.
        if call.asked.is_some() {
            return Err(Answer::later());
        }
        match &call.phase {
            // Ours waits for theirs.
            Phase::Up(up) if matches!(up.asking, Asking::Sent { .. }) => Err(Answer::plain(491)),
            Phase::Up(up) if up.unacked.as_ref().is_some_and(|unacked| unacked.offers) => Err(Answer::plain(491)),
            Phase::Calling { .. } if settled.is_none_or(|(settled, _)| !settled) => Err(Answer::plain(491)),
            Phase::Offered { .. } if call.reliability.offers() => Err(Answer::plain(491)),
            Phase::Offered { .. } if !call.reliability.settled => Err(Answer::later()),
            Phase::Up(_) | Phase::Calling { .. } | Phase::Offered { .. } | Phase::Ending => Ok(()),
        }
    }
}
