//! Provisional answers that are acknowledged (RFC 3262), both ways.
//!
//! To calls of ours every far side may give them: each is acknowledged in its order. We give them only to a caller who
//! requires it:
//!
//! ```text
//! free ── 1xx ──► waiting ── PRACK ──► free, or what was queued meanwhile: the next 1xx, the 200
//!                  │ resent from T1 on, doubling
//!                  └── 64*T1: 504, the call is lost
//! ```

use crate::api::{CallKey, Event, Transmit};
use crate::dialog::Dialog;
use crate::message::body::session_description;
use crate::message::value;
use crate::message::{Headers, Method, Request, Response};
use crate::time::Time;
use crate::transaction::{OtherServer, Resend, patience};

use super::call::{Call, Phase};
use super::clients::{Purpose, Sending};
use super::servers::{Answer, Machine, Source};
use super::{Endpoint, ServerKey};
use crate::digest::Attempts;

/// Most branches of one fork that are told apart.
pub(super) const MOST_BRANCHES: usize = 16;

/// What one branch of a call of ours said before it was accepted.
#[derive(Debug)]
pub(super) struct Early {
    pub(super) dialog: Dialog,
    /// The last number that was acknowledged.
    rseq: Option<u32>,
    pub(super) sdp: Option<String>,
    /// The answer to our offer came so that it counts (RFC 3262 §5).
    pub(super) settled: bool,
}

/// Of the 1xx that we give.
#[derive(Debug, Default)]
pub(super) struct Reliability {
    required: bool,
    /// The last number used; the first is at random (RFC 3262 §3).
    rseq: u32,
    unacked: Option<Unacked>,
    /// What is to follow it.
    queued: Option<(u16, Option<String>)>,
    /// A description of ours went out.
    described: bool,
    /// Offer and answer were exchanged: nothing of it stands in the 200 again.
    pub(super) settled: bool,
    /// The 200 that waits until a description of ours is acknowledged.
    accept: Option<String>,
}

#[derive(Debug)]
struct Unacked {
    transmit: Transmit,
    resend: Resend,
    give_up: Time,
    /// It carries a description of ours.
    describes: bool,
    /// Which is an offer: PRACK has to bring the answer.
    offers: bool,
}

impl Reliability {
    pub(super) fn new(invite: &Request, first: u32) -> Self {
        let required = invite.headers.list("Require").any(|tag| tag.eq_ignore_ascii_case("100rel"));
        Self { required, rseq: first, ..Self::default() }
    }

    pub(super) fn deadline(&self) -> Option<Time> {
        self.unacked.as_ref().map(|unacked| unacked.resend.at.min(unacked.give_up))
    }

    /// An offer of ours waits for its answer.
    pub(super) fn offers(&self) -> bool {
        self.unacked.as_ref().is_some_and(|unacked| unacked.offers)
    }

    /// RFC 3262 §3: a final answer goes out at once, but 200 not before a description is acknowledged.
    pub(super) fn holds_back(&mut self, sdp: &str) -> bool {
        let waits = self.unacked.as_ref().is_some_and(|unacked| unacked.describes);
        if waits {
            self.accept = Some(sdp.to_owned());
        }
        waits
    }

    /// The final answer is given: nothing is sent again. A PRACK that still comes finds its number.
    pub(super) fn finish(&mut self) {
        self.queued = None;
        if let Some(unacked) = &mut self.unacked {
            unacked.give_up = Time(std::time::Duration::MAX);
            unacked.resend = unacked.resend.never();
        }
    }
}

impl Endpoint {
    /// A 1xx above 100 to a call of ours. `false`: it came before, or too early.
    pub(super) fn provisional_came(&mut self, now: Time, key: CallKey, response: &Response) -> bool {
        let Some(call) = self.calls.get_mut(&key) else { return false };
        call.session.learn(&response.headers);
        let Phase::Calling { early, .. } = &mut call.phase else { return false };
        let Some(tag) = response.recipient_tag() else { return true };
        let known = early.iter().position(|early| early.dialog.remote_tag.as_ref() == Some(&tag));
        let at = match known {
            Some(at) => at,
            None if early.len() == MOST_BRANCHES => return true,
            None => {
                early.push(Early { dialog: call.dialog.clone(), rseq: None, sdp: None, settled: false });
                early.len() - 1
            }
        };
        let Some(branch) = early.get_mut(at) else { return true };
        let sdp = session_description(&response.headers, &response.body);
        let reliable = response.headers.list("Require").any(|tag| tag.eq_ignore_ascii_case("100rel"));
        let rseq = response.headers.get("RSeq").and_then(value::number::<u32>).filter(|rseq| reliable && *rseq > 0);
        if let Some(rseq) = rseq {
            // RFC 3262 §4: one after the other; what comes again has its PRACK under way, what is ahead comes again.
            if branch.rseq.is_some_and(|last| last.checked_add(1) != Some(rseq)) {
                return false;
            }
            branch.rseq = Some(rseq);
        }
        // A route is fixed by the first, the target moves (RFC 3261 §12.1.2, RFC 3262 §4).
        if known.is_none() {
            branch.dialog.confirm(response);
        } else {
            branch.dialog.refresh(&response.headers);
        }
        branch.settled |= rseq.is_some() && sdp.is_some();
        branch.sdp = sdp.or(branch.sdp.take());
        if let Some(rseq) = rseq {
            let seq = branch.dialog.next_seq();
            let mut request = branch.dialog.request(Method::Prack, seq);
            request.headers.push("RAck", format!("{rseq} {} INVITE", response.cseq()));
            call.auth.sign(&request.method, &request.uri, &mut request.headers);
            let hop = branch.dialog.next_hop();
            self.send(now, Sending { request, hop, purpose: Purpose::Prack(key), attempts: Attempts::default() });
        }
        true
    }

    /// A refusal changes nothing, but that we may have to say who we are.
    pub(super) fn prack_answered(&mut self, now: Time, key: CallKey, client: &str, response: &Response) {
        if !matches!(response.status, 401 | 407) {
            return;
        }
        let Some(asked) = self.clients.get(client).map(|client| client.request.clone()) else { return };
        let Some(call) = self.calls.get_mut(&key) else { return };
        let tag = asked.recipient_tag();
        let dialog = match &mut call.phase {
            Phase::Calling { early, .. } => {
                early.iter_mut().map(|early| &mut early.dialog).find(|d| d.remote_tag == tag)
            }
            Phase::Up(_) => Some(&mut call.dialog).filter(|dialog| dialog.remote_tag == tag),
            Phase::Offered { .. } | Phase::Ending => None,
        };
        let Some(seq) = dialog.map(Dialog::next_seq) else { return };
        let mut auth = std::mem::take(&mut call.auth);
        self.try_again(now, client, response, &mut auth, seq);
        if let Some(call) = self.calls.get_mut(&key) {
            call.auth = auth;
        }
    }

    /// The call and branch of ours that a request is of, before a 2xx.
    pub(super) fn early_of(&mut self, request: &Request, local_tag: &str) -> Option<(CallKey, &mut Early)> {
        let key = *self.dialogs.get(&(request.call_id().to_owned(), local_tag.to_owned()))?;
        let Phase::Calling { early, .. } = &mut self.calls.get_mut(&key)?.phase else { return None };
        let tag = request.sender_tag();
        early.iter_mut().find(|early| early.dialog.remote_tag == tag).map(|early| (key, early))
    }

    /// Gives a 1xx so that it is acknowledged. `None`: this caller does not require it. `Some(false)`: not now.
    pub(super) fn give_reliably(&mut self, now: Time, key: CallKey, status: u16, sdp: Option<String>) -> Option<()> {
        let call = self.calls.get_mut(&key)?;
        let Phase::Offered { server, .. } = &call.phase else { return None };
        let server = server.clone();
        let late = self
            .servers
            .get(&server)
            .is_some_and(|server| !has_description(&server.request.headers, &server.request.body));
        let reliability = &mut call.reliability;
        if !reliability.required {
            return None;
        }
        if reliability.unacked.is_some() {
            reliability.queued = Some((status, sdp));
            return Some(());
        }
        let sdp = sdp.filter(|_| !reliability.described);
        // RFC 3262 §5: without an offer in the INVITE the first of these has to carry ours. One without is not given.
        if late && sdp.is_none() && !reliability.described {
            return Some(());
        }
        reliability.rseq += 1;
        let (rseq, describes) = (reliability.rseq, sdp.is_some());
        reliability.described |= describes;
        if let Some(sdp) = &sdp {
            call.session.local.clone_from(sdp);
        }
        let mut response = self.dialog_response(key, &server, status, sdp)?;
        response.headers.push("Require", "100rel");
        response.headers.push("RSeq", rseq.to_string());
        let ((transport, to), bytes) = self.respond(now, &server, &response)?;
        let (resend, give_up) = (Resend::new(now, &self.config.timers, None), now + patience(&self.config.timers));
        let transmit = Transmit { transport, to, bytes };
        if let Some(call) = self.calls.get_mut(&key) {
            call.reliability.unacked =
                Some(Unacked { transmit, resend, give_up, describes, offers: describes && late });
        }
        Some(())
    }

    pub(super) fn time_reliable(&mut self, now: Time, key: CallKey) {
        let Some(call) = self.calls.get_mut(&key) else { return };
        let Some(unacked) = &mut call.reliability.unacked else { return };
        if unacked.give_up <= now {
            // RFC 3262 §3: the INVITE is refused.
            self.tell(Event::Broken { call: key });
            // It is offered, so the command cannot be refused.
            let _ = self.refuse_call(now, key, 504, None, "time");
        } else if unacked.resend.is_due(now) {
            unacked.resend = unacked.resend.next(now);
            let transmit = unacked.transmit.clone();
            self.transmits.push_back(transmit);
        }
    }

    /// PRACK (RFC 3262 §3).
    pub(super) fn on_prack(&mut self, now: Time, server: &ServerKey, request: Request, tag: &str, source: Source) {
        let found = self.dialog_of(&request, tag);
        let Some((key, call)) = found.and_then(|key| self.calls.get_mut(&key).map(|call| (key, call))) else {
            return self.answer_once(&request, source, Answer::plain(481));
        };
        if call.dialog.remote_seq.is_some_and(|seen| request.cseq() <= seen) {
            return self.answer_once(&request, source, Answer::plain(500));
        }
        let invite = match &call.phase {
            Phase::Offered { server, .. } => self.servers.get(server).map(|server| server.request.cseq()),
            Phase::Up(_) | Phase::Calling { .. } | Phase::Ending => rack(&request.headers).map(|(_, seq)| seq),
        };
        let matches =
            rack(&request.headers).is_some_and(|(rseq, seq)| rseq == call.reliability.rseq && Some(seq) == invite);
        let Some(unacked) = call.reliability.unacked.take_if(|_| matches) else {
            return self.answer_once(&request, source, Answer::plain(481));
        };
        call.dialog.remote_seq = Some(request.cseq());
        let sdp = session_description(&request.headers, &request.body);
        let reliability = &mut call.reliability;
        reliability.settled |= unacked.describes && (!unacked.offers || sdp.is_some());
        // A second offer, on top of the answer that was just acknowledged (RFC 3262 §5).
        let reoffer = sdp.clone().filter(|_| !unacked.offers && reliability.settled && call.asked.is_none());
        let answer = sdp.filter(|_| unacked.offers);
        if let Some(sdp) = reoffer.as_ref().or(answer.as_ref()) {
            call.session.remote.clone_from(sdp);
        }
        if reoffer.is_some() {
            call.asked = Some(server.clone());
        }
        let machine = Machine::Other(OtherServer::new(now, &self.config.timers, source.transport));
        self.open(server.clone(), machine, request, source, (key, tag.to_owned()));
        if let Some(sdp) = reoffer {
            return self.tell(Event::Reoffered { call: key, sdp: Some(sdp) });
        }
        self.respond_plain(now, server, 200);
        if answer.is_some() {
            self.tell(Event::Confirmed { call: key, sdp: answer });
        }
        self.go_on_after_prack(now, key);
    }

    /// What waited behind a 1xx.
    pub(super) fn go_on_after_prack(&mut self, now: Time, key: CallKey) {
        let Some(Call { reliability, phase: Phase::Offered { .. }, .. }) = self.calls.get_mut(&key) else { return };
        if let Some(sdp) = reliability.accept.take() {
            // It is offered, so the command cannot be refused.
            let _ = self.accept_call(now, key, sdp);
        } else if let Some((status, sdp)) = reliability.queued.take() {
            self.give_reliably(now, key, status, sdp);
        }
    }
}

/// `776656 1 INVITE` (RFC 3262 §7.2).
fn rack(headers: &Headers) -> Option<(u32, u32)> {
    let (rseq, rest) = headers.get("RAck")?.split_once(char::is_whitespace)?;
    let (seq, method) = value::cseq(rest)?;
    Some((value::number(rseq)?, seq)).filter(|_| method == Method::Invite)
}

pub(super) fn has_description(headers: &Headers, body: &[u8]) -> bool {
    session_description(headers, body).is_some()
}
