//! Calls that we make, and what we ask within any call: changes of the session and its end.

use std::time::Duration;

use crate::api::{CallKey, Event, InviteOptions, NameAddr, NotNow, Outgoing, Target};
use crate::dialog::Dialog;
use crate::digest::{Attempts, Auth};
use crate::message::body::{self, session_description};
use crate::message::uri::Uri;
use crate::message::value;
use crate::message::{Headers, Method, Request, Response};
use crate::time::Time;

use super::call::{Asking, Call, Phase, Up};
use super::clients::{Purpose, Sending};
use super::reliable::Reliability;
use super::session::Session;
use super::{ClientKey, Endpoint, escaped_user};

impl Endpoint {
    pub(super) fn start_call(&mut self, now: Time, key: CallKey, outgoing: Outgoing, options: InviteOptions) {
        let Outgoing { to, transport, request_uri, from, to_uri, asserted, credentials, offer } = outgoing;
        let InviteOptions { fallbacks, hide_caller, preferred } = options;
        // RFC 3323 §4.1.1.3.
        let nobody = || NameAddr { display: Some("Anonymous".into()), uri: "sip:anonymous@anonymous.invalid".into() };
        let from = if hide_caller { nobody() } else { from };
        let user = escaped_user(&Uri::parse(&from.uri).map(|uri| uri.user).unwrap_or_default());
        let (call_id, tag) = (format!("{}{}", self.chance.token(), self.chance.token()), self.chance.token());
        let mut headers = Headers::default();
        headers.push("Max-Forwards", "70");
        headers.push("From", format!("{from};tag={tag}"));
        headers.push("To", NameAddr { display: None, uri: to_uri }.to_string());
        headers.push("Call-ID", call_id);
        headers.push("CSeq", "1 INVITE");
        for (name, uri) in [("P-Asserted-Identity", asserted), ("P-Preferred-Identity", preferred)] {
            if let Some(uri) = uri {
                headers.push(name, NameAddr { display: None, uri }.to_string());
            }
        }
        if hide_caller {
            headers.push("Privacy", "id");
        }
        headers.push("Contact", self.contact(&user, transport));
        headers.push("Allow", Method::ALLOWED);
        headers.push("Accept", body::ACCEPTED);
        let session = Session::new(&self.config.timers, offer.clone());
        session.ask(&mut headers, true);
        headers.push("Content-Type", "application/sdp");
        let uri = value::line(&request_uri).replace([' ', '<', '>'], "");
        let request = Request { method: Method::Invite, uri, headers, body: offer.into_bytes() };
        let dialog = Dialog::of_client(&request, (transport, to));
        let sending =
            Sending { request, hop: (transport, to), purpose: Purpose::Invite(key), attempts: Attempts::default() };
        let client = self.send(now, sending);
        let ring_until = now + self.config.timers.ring_limit;
        self.dialogs.insert((dialog.call_id.clone(), dialog.local_tag.clone()), key);
        let phase = Phase::Calling { client, ring_until, early: Vec::new(), fallbacks: fallbacks.into() };
        let (auth, reliability) = (Auth::new(credentials), Reliability::default());
        self.calls.insert(key, Call { dialog, auth, user, session, asked: None, reliability, phase });
    }

    /// Is this the INVITE that the call waits for?
    pub(super) fn call_of_client(&self, call: CallKey, key: &ClientKey) -> bool {
        matches!(self.calls.get(&call).map(|call| &call.phase), Some(Phase::Calling { client, .. }) if client == key)
    }

    pub(super) fn invite_answered(&mut self, now: Time, key: CallKey, client: &ClientKey, response: &Response) {
        let Some(call) = self.calls.get_mut(&key) else { return };
        match response.status {
            100 => {}
            ..200 => {
                if self.provisional_came(now, key, response) {
                    match session_description(&response.headers, &response.body) {
                        Some(sdp) => self.tell(Event::EarlyMedia { call: key, sdp }),
                        None => self.tell(Event::Ringing { call: key }),
                    }
                }
            }
            200..300 => {
                let tag = response.recipient_tag();
                let early = match &mut call.phase {
                    Phase::Calling { early, .. } => std::mem::take(early),
                    Phase::Offered { .. } | Phase::Up(_) | Phase::Ending => Vec::new(),
                };
                let early = early.into_iter().find(|early| early.dialog.remote_tag == tag);
                call.dialog.confirm(response);
                call.phase = Phase::Up(Up::default());
                let mut sdp = session_description(&response.headers, &response.body);
                let same_branch = early.is_some();
                if let Some(early) = early {
                    // PRACK and UPDATE were numbered in the same row.
                    call.dialog.local_seq = call.dialog.local_seq.max(early.dialog.local_seq);
                    call.dialog.remote_seq = early.dialog.remote_seq;
                    sdp = sdp.or(early.sdp);
                }
                let sdp = sdp.unwrap_or_default();
                call.session.remote.clone_from(&sdp);
                call.session.answered(now, &response.headers);
                let dialog = call.dialog.clone();
                if !same_branch {
                    self.close_asked(now, key);
                }
                self.acknowledge(client, &dialog, response);
                self.tell(Event::Accepted { call: key, sdp });
            }
            status => {
                // Dialogs of the branches end with it (RFC 3261 §12.3).
                self.close_asked(now, key);
                let again = self.challenged_within(now, key, client, response);
                let again = again.or_else(|| self.invite_longer(now, key, client, response));
                let again = again.or_else(|| self.invite_elsewhere(now, key, client, response));
                let Some(call) = self.calls.get_mut(&key) else { return };
                if let (Some(again), Phase::Calling { client, early, .. }) = (again, &mut call.phase) {
                    *client = again;
                    early.clear();
                    return;
                }
                let (reason, retry_after) = (response.reason.clone(), response.retry_after());
                self.tell(Event::Refused { call: key, status, reason, retry_after });
                self.finish(key);
            }
        }
    }

    /// After a 401 or 407 to any request of a call but PRACK: the same again with credentials, if that is worth a try.
    pub(super) fn challenged_within(
        &mut self,
        now: Time,
        key: CallKey,
        client: &str,
        response: &Response,
    ) -> Option<ClientKey> {
        let call = self.calls.get_mut(&key).filter(|_| matches!(response.status, 401 | 407))?;
        let seq = call.dialog.next_seq();
        let mut auth = std::mem::take(&mut call.auth);
        let again = self.try_again(now, client, response, &mut auth, seq);
        self.calls.get_mut(&key)?.auth = auth;
        again
    }

    /// After a 422: the same INVITE with the interval that is wanted (RFC 4028 §7.3).
    fn invite_longer(&mut self, now: Time, key: CallKey, client: &str, response: &Response) -> Option<ClientKey> {
        if !self.raise_interval(key, response) {
            return None;
        }
        let call = self.calls.get_mut(&key)?;
        let seq = call.dialog.next_seq();
        let mut headers = Headers::default();
        call.session.ask(&mut headers, true);
        let (mut request, hop, purpose, attempts) = self.former(client)?;
        for name in ["Session-Expires", "Min-SE"] {
            request.headers.remove(name);
            for value in headers.all(name) {
                request.headers.push(name, value);
            }
        }
        request.headers.replace_first("CSeq", format!("{seq} INVITE"));
        Some(self.send(now, Sending { request, hop, purpose, attempts }))
    }

    /// After silence, or a 503: the same INVITE to the next target (RFC 3263 §4.3).
    fn invite_elsewhere(&mut self, now: Time, key: CallKey, client: &str, response: &Response) -> Option<ClientKey> {
        // An answer that we made up ourselves has no Via.
        let silent = response.headers.get("Via").is_none();
        let call = self.calls.get_mut(&key).filter(|_| silent || response.status == 503)?;
        let Phase::Calling { fallbacks, .. } = &mut call.phase else { return None };
        let Target { transport, to } = fallbacks.pop_front()?;
        let seq = call.dialog.next_seq();
        (call.dialog.transport, call.dialog.peer) = (transport, to);
        let user = call.user.clone();
        let (mut request, _, purpose, attempts) = self.former(client)?;
        request.headers.replace_first("CSeq", format!("{seq} INVITE"));
        request.headers.replace_first("Contact", self.contact(&user, transport));
        Some(self.send(now, Sending { request, hop: (transport, to), purpose, attempts }))
    }

    /// Gives up a call that rings at the far side.
    pub(super) fn abandon(&mut self, now: Time, key: CallKey) {
        if let Some(Phase::Calling { client, .. }) = self.calls.get(&key).map(|call| &call.phase) {
            let client = client.clone();
            self.close_asked(now, key);
            self.cancel(now, &client);
            self.finish(key);
        }
    }

    /// A request within a dialog that is up; signed if the far side has ever asked for it.
    pub(super) fn send_within(
        &mut self,
        now: Time,
        key: CallKey,
        method: Method,
        purpose: Purpose,
        sdp: Option<&str>,
    ) -> Option<ClientKey> {
        let call = self.calls.get_mut(&key)?;
        let seq = call.dialog.next_seq();
        let mut request = call.dialog.request(method, seq);
        let hop = call.dialog.next_hop();
        call.auth.sign(&request.method, &request.uri, &mut request.headers);
        let user = call.user.clone();
        // Both refresh target and session.
        if matches!(request.method, Method::Invite | Method::Update) {
            call.session.ask(&mut request.headers, false);
            request.headers.push("Contact", self.contact(&user, hop.0));
            request.headers.push("Allow", Method::ALLOWED);
        }
        if let Some(sdp) = sdp {
            request.headers.push("Content-Type", "application/sdp");
            request.body = sdp.as_bytes().to_vec();
        }
        Some(self.send(now, Sending { request, hop, purpose, attempts: Attempts::default() }))
    }

    /// Ends a call that is up: BYE (RFC 3261 §15.1.1). Whatever was being asked falls.
    pub(super) fn send_bye(&mut self, now: Time, key: CallKey) {
        self.close_asked(now, key);
        let Some(call) = self.calls.get_mut(&key) else { return };
        if let Phase::Up(up) = &mut call.phase
            && let Asking::Sent { client, .. } = std::mem::take(&mut up.asking)
        {
            self.cancel(now, &client);
        }
        self.send_within(now, key, Method::Bye, Purpose::Bye(key), None);
        if let Some(call) = self.calls.get_mut(&key) {
            call.phase = Phase::Ending;
        }
    }

    pub(super) fn bye_answered(&mut self, now: Time, key: CallKey, client: &ClientKey, response: &Response) {
        // Any final answer ends it, a refusal too, and so does silence (RFC 3261 §15.1.1).
        if self.calls.contains_key(&key) && self.challenged_within(now, key, client, response).is_none() {
            self.finish(key);
        }
    }

    /// The call is lost: told, and ended for the far side too.
    pub(super) fn lose(&mut self, now: Time, key: CallKey) {
        self.tell(Event::Broken { call: key });
        self.send_bye(now, key);
    }

    pub(super) fn ask_change(&mut self, now: Time, key: CallKey, sdp: String) -> Result<(), NotNow> {
        let refusal = |state| Err(NotNow { command: "reoffer", state });
        let Some(call) = self.calls.get_mut(&key) else { return refusal("over") };
        let state = call.state();
        let asked = call.asked.is_some();
        let Phase::Up(up) = &mut call.phase else { return refusal(state) };
        if up.hang_up_wanted || asked || up.behind_refresh.is_some() {
            return refusal(state);
        }
        match &mut up.asking {
            // RFC 3261 §14.1: not while another INVITE transaction of the dialog is in progress.
            Asking::Nothing if up.unacked.is_some() => up.asking = Asking::Queued { sdp },
            Asking::Nothing => self.send_change(now, key, sdp, false),
            Asking::Sent { refresh: true, .. } => up.behind_refresh = Some(sdp),
            Asking::Waiting { refresh: refresh @ true, sdp: waiting, .. } => (*refresh, *waiting) = (false, sdp),
            Asking::Sent { .. } | Asking::Waiting { .. } | Asking::Queued { .. } => return refusal(state),
        }
        Ok(())
    }

    pub(super) fn send_change(&mut self, now: Time, key: CallKey, sdp: String, refresh: bool) {
        let purpose = Purpose::Change(key);
        let Some(client) = self.send_within(now, key, Method::Invite, purpose, Some(&sdp)) else { return };
        let give_up = now + self.config.timers.ring_limit;
        if let Some(Phase::Up(up)) = self.calls.get_mut(&key).map(|call| &mut call.phase) {
            up.asking = Asking::Sent { client, sdp, give_up, refresh };
        }
    }

    pub(super) fn change_answered(&mut self, now: Time, key: CallKey, client: &ClientKey, response: &Response) {
        let Some((up, sdp, refresh)) = self.up_that_asks(key, client) else {
            return self.orphaned_change_answered(now, key, client, response);
        };
        match response.status {
            ..200 => return,
            200..300 => {
                up.asking = Asking::Nothing;
                let Some(call) = self.calls.get_mut(&key) else { return };
                call.dialog.refresh(&response.headers);
                call.session.answered(now, &response.headers);
                call.session.local = sdp;
                let dialog = call.dialog.clone();
                self.acknowledge(client, &dialog, response);
                let sdp = session_description(&response.headers, &response.body).unwrap_or_default();
                if refresh {
                    self.refreshed(key, sdp);
                } else if let Some(call) = self.calls.get_mut(&key) {
                    call.session.remote.clone_from(&sdp);
                    self.tell(Event::ReofferAnswered { call: key, sdp });
                }
            }
            491 => {
                up.asking = Asking::Nothing;
                let wait = self.wait_after_glare(key);
                self.wait_to_ask(key, now + wait, sdp, refresh);
            }
            // RFC 3261 §12.2.1.2: the far side knows nothing of the dialog, or does not answer at all.
            408 | 481 => {
                up.asking = Asking::Nothing;
                return self.lose(now, key);
            }
            status => {
                let again = self.challenged_within(now, key, client, response);
                let Some(Call { phase: Phase::Up(up), .. }) = self.calls.get_mut(&key) else { return };
                if let (Some(again), Asking::Sent { client, .. }) = (again, &mut up.asking) {
                    *client = again;
                    return;
                }
                up.asking = Asking::Nothing;
                if refresh {
                    self.refresh_failed(now, key, response);
                } else if self.raise_interval(key, response) {
                    self.wait_to_ask(key, now, sdp, refresh);
                } else {
                    self.tell(Event::ReofferRefused { call: key, status });
                }
            }
        }
        if let Some(Call { phase: Phase::Up(up), .. }) = self.calls.get_mut(&key)
            && let Some(sdp) = up.behind_refresh.take()
        {
            up.asking = Asking::Queued { sdp };
        }
        self.ask_what_waits(now, key);
    }

    /// The call whose re-INVITE this is, what it offers, and whether it is only a refresh.
    fn up_that_asks(&mut self, key: CallKey, client: &ClientKey) -> Option<(&mut Up, String, bool)> {
        let Phase::Up(up) = &mut self.calls.get_mut(&key)?.phase else { return None };
        match &up.asking {
            Asking::Sent { client: sent, sdp, refresh, .. } if sent == client => {
                let (sdp, refresh) = (sdp.clone(), *refresh);
                Some((up, sdp, refresh))
            }
            Asking::Sent { .. } | Asking::Nothing | Asking::Queued { .. } | Asking::Waiting { .. } => None,
        }
    }

    /// The call ended while its change was on the way.
    fn orphaned_change_answered(&mut self, now: Time, key: CallKey, client: &ClientKey, response: &Response) {
        match response.status {
            ..200 => self.cancel(now, client),
            200..300 => {
                let dialog = self.calls.get(&key).map(|call| call.dialog.clone());
                let dialog = dialog.or_else(|| self.dialog_of_client(client, response));
                if let Some(dialog) = dialog {
                    self.acknowledge(client, &dialog, response);
                }
            }
            _ => {}
        }
    }

    /// RFC 3261 §14.1: the owner of the Call-ID waits 2.1 to 4 s, the other 0 to 2 s.
    fn wait_after_glare(&mut self, key: CallKey) -> Duration {
        let ours = self.calls.get(&key).is_some_and(|call| call.dialog.ours);
        let (least, most) = if ours { (2100, 4000) } else { (0, 2000) };
        self.chance.between(Duration::from_millis(least), Duration::from_millis(most))
    }

    fn wait_to_ask(&mut self, key: CallKey, until: Time, sdp: String, refresh: bool) {
        if let Some(Phase::Up(up)) = self.calls.get_mut(&key).map(|call| &mut call.phase) {
            up.asking = Asking::Waiting { until, sdp, refresh };
        }
    }

    /// What was queued behind an ACK, or waited after a 491, if nothing stands in its way any more.
    pub(super) fn ask_what_waits(&mut self, now: Time, key: CallKey) {
        let Some(call) = self.calls.get_mut(&key) else { return };
        let asked = call.asked.is_some();
        let Phase::Up(up) = &mut call.phase else { return };
        let busy = up.unacked.is_some() || asked;
        match std::mem::take(&mut up.asking) {
            Asking::Queued { sdp } if !busy => self.send_change(now, key, sdp, false),
            Asking::Waiting { until, sdp, refresh } if until <= now && !busy => {
                self.send_change(now, key, sdp, refresh);
            }
            Asking::Waiting { until, sdp, refresh } if until <= now => {
                let wait = self.wait_after_glare(key).max(Duration::from_millis(100));
                self.wait_to_ask(key, now + wait, sdp, refresh);
            }
            asking @ (Asking::Nothing | Asking::Queued { .. } | Asking::Sent { .. } | Asking::Waiting { .. }) => {
                up.asking = asking;
            }
        }
    }

    pub(super) fn time_call(&mut self, now: Time, key: CallKey) {
        let Some(call) = self.calls.get_mut(&key) else { return };
        match &mut call.phase {
            Phase::Calling { ring_until, .. } => {
                if *ring_until <= now {
                    let reason = "Rang too long".to_owned();
                    self.tell(Event::Refused { call: key, status: 408, reason, retry_after: None });
                    self.abandon(now, key);
                }
            }
            Phase::Offered { .. } => {
                self.time_reliable(now, key);
                self.remind(now, key);
            }
            Phase::Up(up) => {
                if matches!(&up.asking, Asking::Sent { give_up, .. } if *give_up <= now) {
                    return self.lose(now, key);
                }
                self.time_unacked(now, key);
                self.ask_what_waits(now, key);
                self.time_session(now, key);
            }
            Phase::Ending => {}
        }
    }
}
