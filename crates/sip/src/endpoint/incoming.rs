//! Calls that come to us, and what the far side asks within any call: changes of the session and its end.

use std::time::Duration;

use crate::api::{CallKey, Event, NotNow, Transmit};
use crate::dialog::Dialog;
use crate::digest::Auth;
use crate::message::body::session_description;
use crate::message::uri::Uri;
use crate::message::{Method, Request, Response};
use crate::time::Time;
use crate::transaction::{InviteServer, OtherServer, Resend, patience};

use super::call::{Asking, Call, Phase, Provisional, Unacked, Up};
use super::identity::incoming;
use super::reliable::{Reliability, has_description};
use super::servers::{Answer, Machine, SUPPORTED, Source};
use super::session::{self, Session};
use super::{Endpoint, ServerKey, escaped_user};

impl Endpoint {
    pub(super) fn on_invite(&mut self, now: Time, server: ServerKey, request: Request, source: Source) {
        if self.is_merged(&request) {
            return self.answer_once(&request, source, Answer::plain(482));
        }
        if let Some(refusal) = session::too_short(&self.config.timers, &request.headers) {
            return self.answer_once(&request, source, refusal);
        }
        let key = CallKey(self.take_key());
        let tag = self.chance.token();
        let mut session = Session::new(&self.config.timers, String::new());
        session.learn(&request.headers);
        session.remote = session_description(&request.headers, &request.body).unwrap_or_default();
        // RFC 3262 §3: the first number is at random and below 2^31.
        let reliability = Reliability::new(&request, u32::try_from(self.chance.number() % (1 << 30)).unwrap_or(1));
        let dialog = Dialog::of_server(&request, &tag, source.transport, source.from);
        let event = incoming(key, &request, source);
        let user = escaped_user(&Uri::parse(&request.uri).map(|uri| uri.user).unwrap_or_default());
        self.dialogs.insert((dialog.call_id.clone(), tag.clone()), key);
        let machine = Machine::Invite(InviteServer::new(self.config.timers, source.transport));
        self.open(server.clone(), machine, request, source, (key, tag));
        self.respond_plain(now, &server, 100);
        let provisional = Provisional { status: 100, sdp: None, again_at: now + Provisional::EVERY };
        let phase = Phase::Offered { server, provisional };
        let auth = Auth::default();
        self.calls.insert(key, Call { dialog, auth, user, session, asked: None, reliability, phase });
        self.tell(event);
    }

    /// A response that belongs to the dialog: with Contact, and with a body if there is one.
    pub(super) fn dialog_response(
        &self,
        key: CallKey,
        server: &ServerKey,
        status: u16,
        sdp: Option<String>,
    ) -> Option<Response> {
        let call = self.calls.get(&key)?;
        let mut response = self.response(server, status)?;
        response.headers.push("Contact", self.contact(&call.user, call.dialog.transport));
        response.headers.push("Allow", Method::ALLOWED);
        response.headers.push("Supported", SUPPORTED.join(", "));
        Some(match sdp {
            Some(sdp) => response.with_body("application/sdp", sdp),
            None => response,
        })
    }

    pub(super) fn give_provisional(
        &mut self,
        now: Time,
        key: CallKey,
        status: u16,
        sdp: Option<String>,
        command: &'static str,
    ) -> Result<(), NotNow> {
        let Some(call) = self.calls.get_mut(&key) else { return Err(NotNow { command, state: "over" }) };
        let state = call.state();
        let Phase::Offered { server, provisional } = &mut call.phase else { return Err(NotNow { command, state }) };
        *provisional = Provisional { status, sdp: sdp.clone(), again_at: now + Provisional::EVERY };
        let server = server.clone();
        if self.give_reliably(now, key, status, sdp.clone()).is_some() {
            return Ok(());
        }
        if let Some(response) = self.dialog_response(key, &server, status, sdp) {
            self.respond(now, &server, &response);
        }
        Ok(())
    }

    pub(super) fn remind(&mut self, now: Time, key: CallKey) {
        let Some(Phase::Offered { provisional, .. }) = self.calls.get(&key).map(|call| &call.phase) else { return };
        if provisional.again_at > now {
            return;
        }
        // 100 goes no further than the next proxy: nobody minds a 183 without SDP.
        let status = if provisional.status == 100 { 183 } else { provisional.status };
        let sdp = provisional.sdp.clone();
        // It is offered, so the command cannot be refused.
        let _ = self.give_provisional(now, key, status, sdp, "remind");
    }

    pub(super) fn accept_call(&mut self, now: Time, key: CallKey, sdp: String) -> Result<(), NotNow> {
        let command = "accept";
        let Some(call) = self.calls.get_mut(&key) else { return Err(NotNow { command, state: "over" }) };
        let state = call.state();
        let Phase::Offered { server, .. } = &call.phase else { return Err(NotNow { command, state }) };
        let server = server.clone();
        if call.reliability.holds_back(&sdp) {
            return Ok(());
        }
        call.reliability.finish();
        let unacked = self.say_yes(now, key, &server, sdp);
        if let Some(call) = self.calls.get_mut(&key) {
            call.phase = Phase::Up(Up { unacked, ..Up::default() });
        }
        Ok(())
    }

    /// 200 to an INVITE, to be sent until its ACK comes (RFC 3261 §13.3.1.4).
    fn say_yes(&mut self, now: Time, key: CallKey, server: &ServerKey, sdp: String) -> Option<Unacked> {
        let call = self.calls.get_mut(&key)?;
        // What was exchanged before in reliable 1xx is not said again (RFC 3262 §5).
        let first = matches!(call.phase, Phase::Offered { .. });
        let sdp = Some(sdp).filter(|_| !first || !call.reliability.settled);
        if let Some(sdp) = &sdp {
            call.session.local.clone_from(sdp);
        }
        let described = |server: &super::Server| has_description(&server.request.headers, &server.request.body);
        let offers = sdp.is_some() && self.servers.get(server).is_some_and(|server| !described(server));
        let mut response = self.dialog_response(key, server, 200, sdp)?;
        self.grant_session(now, key, server, &mut response);
        let ((transport, to), bytes) = self.respond(now, server, &response)?;
        let timers = &self.config.timers;
        Some(Unacked {
            seq: response.cseq(),
            transmit: Transmit { transport, to, bytes },
            resend: Resend::new(now, timers, Some(timers.t2)),
            give_up: now + patience(timers),
            offers,
        })
    }

    /// The session timer that a 2xx of ours sets (RFC 4028 §9).
    pub(super) fn grant_session(&mut self, now: Time, key: CallKey, server: &ServerKey, response: &mut Response) {
        let Some((call, server)) = self.calls.get_mut(&key).zip(self.servers.get(server)) else { return };
        let confirms = server.request.method == Method::Invite || matches!(call.phase, Phase::Up(_));
        if confirms && matches!(call.phase, Phase::Offered { .. } | Phase::Up(_)) {
            let grant = call.session.grant(&self.config.timers, &server.request.headers);
            if let Some(grant) = grant {
                grant.put(response);
            }
            call.session.granted(now, grant);
        }
    }

    pub(super) fn refuse_call(
        &mut self,
        now: Time,
        key: CallKey,
        status: u16,
        retry_after: Option<Duration>,
        command: &'static str,
    ) -> Result<(), NotNow> {
        let Some(call) = self.calls.get(&key) else { return Err(NotNow { command, state: "over" }) };
        let state = call.state();
        let Phase::Offered { server, .. } = &call.phase else { return Err(NotNow { command, state }) };
        let server = server.clone();
        self.close_asked(now, key);
        if let Some(mut response) = self.response(&server, refusal(status)) {
            if let Some(wait) = retry_after {
                response.headers.push("Retry-After", wait.as_secs().to_string());
            }
            self.respond(now, &server, &response);
        }
        self.finish(key);
        Ok(())
    }

    /// CANCEL came for an INVITE that had no final answer.
    pub(super) fn invite_cancelled(&mut self, now: Time, key: CallKey, server: &ServerKey) {
        let Some(call) = self.calls.get_mut(&key) else { return };
        match &call.phase {
            Phase::Offered { .. } => {
                self.close_asked(now, key);
                self.tell(Event::Cancelled { call: key });
                self.finish(key);
            }
            // A change withdrawn: the session stays as it was.
            Phase::Up(_) if call.asked.as_ref() == Some(server) => call.asked = None,
            Phase::Up(_) | Phase::Calling { .. } | Phase::Ending => {}
        }
    }

    /// ACK of a 2xx.
    pub(super) fn accept_acknowledged(&mut self, now: Time, key: CallKey, ack: &Request) {
        let Some(Phase::Up(up)) = self.calls.get_mut(&key).map(|call| &mut call.phase) else { return };
        if up.unacked.as_ref().is_none_or(|unacked| unacked.seq != ack.cseq()) {
            return;
        }
        let offers = up.unacked.take().is_some_and(|unacked| unacked.offers);
        let hang_up = up.hang_up_wanted;
        let sdp = session_description(&ack.headers, &ack.body).filter(|_| offers);
        if let (Some(sdp), Some(call)) = (&sdp, self.calls.get_mut(&key)) {
            call.session.remote.clone_from(sdp);
        }
        self.tell(Event::Confirmed { call: key, sdp });
        if hang_up { self.send_bye(now, key) } else { self.ask_what_waits(now, key) }
    }

    pub(super) fn time_unacked(&mut self, now: Time, key: CallKey) {
        let Some(Phase::Up(up)) = self.calls.get_mut(&key).map(|call| &mut call.phase) else { return };
        let hang_up = up.hang_up_wanted;
        let Some(unacked) = &mut up.unacked else { return };
        if unacked.give_up <= now {
            up.unacked = None;
            // RFC 3261 §13.3.1.4: a 2xx that nobody acknowledges ends with BYE.
            if hang_up { self.send_bye(now, key) } else { self.lose(now, key) }
        } else if unacked.resend.is_due(now) {
            unacked.resend = unacked.resend.next(now);
            let transmit = unacked.transmit.clone();
            self.transmits.push_back(transmit);
        }
    }

    /// A re-INVITE (RFC 3261 §14.2).
    pub(super) fn on_change(&mut self, now: Time, server: &ServerKey, request: Request, tag: &str, source: Source) {
        let Some(key) = self.dialog_of(&request, tag) else {
            return self.answer_once(&request, source, Answer::plain(481));
        };
        if let Some(refusal) = session::too_short(&self.config.timers, &request.headers) {
            return self.answer_once(&request, source, refusal);
        }
        let Some(call) = self.calls.get_mut(&key) else { return };
        if call.dialog.remote_seq.is_some_and(|seen| request.cseq() <= seen) {
            return self.answer_once(&request, source, Answer::plain(500));
        }
        let up = match &mut call.phase {
            Phase::Up(up) => up,
            Phase::Offered { .. } => return self.answer_once(&request, source, Answer::later()),
            Phase::Calling { .. } | Phase::Ending => {
                return self.answer_once(&request, source, Answer::plain(481));
            }
        };
        if matches!(up.asking, Asking::Sent { .. }) {
            return self.answer_once(&request, source, Answer::plain(491));
        }
        if call.asked.is_some() || up.unacked.as_ref().is_some_and(|unacked| unacked.offers) {
            return self.answer_once(&request, source, Answer::later());
        }
        // Who asks for a change has had our 2xx; its ACK was lost or is late.
        let confirmed = up.unacked.take().is_some();
        let hang_up = up.hang_up_wanted;
        if !hang_up {
            call.asked = Some(server.clone());
        }
        call.dialog.remote_seq = Some(request.cseq());
        call.dialog.refresh(&request.headers);
        call.session.learn(&request.headers);
        if confirmed {
            self.tell(Event::Confirmed { call: key, sdp: None });
        }
        if hang_up {
            self.answer_once(&request, source, Answer::plain(487));
            return self.send_bye(now, key);
        }
        let sdp = session_description(&request.headers, &request.body);
        if let (Some(sdp), Some(call)) = (&sdp, self.calls.get_mut(&key)) {
            call.session.remote.clone_from(sdp);
        }
        let machine = Machine::Invite(InviteServer::new(self.config.timers, source.transport));
        self.open(server.clone(), machine, request, source, (key, tag.to_owned()));
        self.respond_plain(now, server, 100);
        self.tell(Event::Reoffered { call: key, sdp });
    }

    /// The request that waits for our answer.
    fn asked(&mut self, key: CallKey, command: &'static str) -> Result<ServerKey, NotNow> {
        let Some(call) = self.calls.get_mut(&key) else { return Err(NotNow { command, state: "over" }) };
        let state = call.state();
        call.asked.take().ok_or(NotNow { command, state })
    }

    /// What waits for our answer is answered, as the call or the dialog it is of is over.
    pub(super) fn close_asked(&mut self, now: Time, key: CallKey) {
        if let Some(server) = self.calls.get_mut(&key).and_then(|call| call.asked.take()) {
            self.respond_plain(now, &server, 487);
        }
    }

    pub(super) fn answer_change(&mut self, now: Time, key: CallKey, sdp: String) -> Result<(), NotNow> {
        let server = self.asked(key, "answer_reoffer")?;
        if self.servers.get(&server).is_some_and(|server| server.request.method != Method::Invite) {
            if let Some(call) = self.calls.get_mut(&key) {
                call.session.local.clone_from(&sdp);
            }
            self.say_yes_to_update(now, key, &server, Some(sdp));
            self.ask_what_waits(now, key);
            self.go_on_after_prack(now, key);
            return Ok(());
        }
        let unacked = self.say_yes(now, key, &server, sdp);
        if let Some(Phase::Up(up)) = self.calls.get_mut(&key).map(|call| &mut call.phase) {
            up.unacked = unacked;
        }
        Ok(())
    }

    pub(super) fn refuse_change(&mut self, now: Time, key: CallKey, status: u16) -> Result<(), NotNow> {
        let server = self.asked(key, "refuse_reoffer")?;
        self.respond_plain(now, &server, refusal(status));
        self.ask_what_waits(now, key);
        self.go_on_after_prack(now, key);
        Ok(())
    }

    /// BYE (RFC 3261 §15.1.2).
    pub(super) fn on_bye(&mut self, now: Time, server: &ServerKey, request: Request, tag: &str, source: Source) {
        let early = self.calling_of(&request, tag);
        let Some(key) = self.dialog_of(&request, tag).or(early) else {
            return self.answer_once(&request, source, Answer::plain(481));
        };
        let Some(call) = self.calls.get_mut(&key) else { return };
        if call.dialog.remote_seq.is_some_and(|seen| request.cseq() <= seen) {
            return self.answer_once(&request, source, Answer::plain(500));
        }
        call.dialog.remote_seq = Some(request.cseq());
        let reason = request.headers.get("Reason").map(str::to_owned);
        let open = match &mut call.phase {
            Phase::Offered { server, .. } => Some(server.clone()),
            Phase::Up(_) | Phase::Calling { .. } | Phase::Ending => None,
        };
        let asking = match &call.phase {
            Phase::Up(Up { asking: Asking::Sent { client, .. }, .. }) | Phase::Calling { client, .. } => {
                Some(client.clone())
            }
            Phase::Up(_) | Phase::Offered { .. } | Phase::Ending => None,
        };
        let event = match &call.phase {
            Phase::Offered { .. } => Some(Event::Cancelled { call: key }),
            Phase::Up(_) | Phase::Calling { .. } => Some(Event::HungUp { call: key, reason }),
            // The BYEs cross: ours goes on to its own answer.
            Phase::Ending => None,
        };
        self.close_asked(now, key);
        let machine = Machine::Other(OtherServer::new(now, &self.config.timers, source.transport));
        self.open(server.clone(), machine, request, source, (key, tag.to_owned()));
        self.respond_plain(now, server, 200);
        if let Some(open) = open {
            self.respond_plain(now, &open, 487);
        }
        if let Some(client) = asking {
            self.cancel(now, &client);
        }
        if let Some(event) = event {
            self.tell(event);
            self.finish(key);
        }
    }

    /// A call of ours whose 2xx was overtaken by what came after it: the far side's tag is not known yet.
    fn calling_of(&self, request: &Request, tag: &str) -> Option<CallKey> {
        let key = self.dialogs.get(&(request.call_id().to_owned(), tag.to_owned()))?;
        matches!(self.calls.get(key)?.phase, Phase::Calling { .. }).then_some(*key)
    }
}

fn refusal(status: u16) -> u16 {
    if (300..700).contains(&status) { status } else { 480 }
}
