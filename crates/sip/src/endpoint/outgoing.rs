//! Calls that we make, and what we ask within any call: changes of the session and its end.

use std::time::Duration;

use crate::api::{CallKey, Event, NameAddr, NotNow, Outgoing};
use crate::dialog::Dialog;
use crate::digest::{Attempts, Auth};
use crate::message::uri::Uri;
use crate::message::value;
use crate::message::{Headers, Method, Request, Response, session_description};
use crate::time::Time;

use super::call::{Asking, Call, Phase, Up};
use super::clients::{Purpose, Sending};
use super::{ClientKey, Endpoint, escaped_user};

impl Endpoint {
    pub(super) fn start_call(&mut self, now: Time, key: CallKey, outgoing: Outgoing) {
        let Outgoing { to, transport, request_uri, from, to_uri, asserted, credentials, offer } = outgoing;
        let user = escaped_user(&Uri::parse(&from.uri).map(|uri| uri.user).unwrap_or_default());
        let (call_id, tag) = (format!("{}{}", self.chance.token(), self.chance.token()), self.chance.token());
        let mut headers = Headers::default();
        headers.push("Max-Forwards", "70");
        headers.push("From", format!("{from};tag={tag}"));
        headers.push("To", NameAddr { display: None, uri: to_uri }.to_string());
        headers.push("Call-ID", call_id);
        headers.push("CSeq", "1 INVITE");
        if let Some(uri) = asserted {
            headers.push("P-Asserted-Identity", NameAddr { display: None, uri }.to_string());
        }
        headers.push("Contact", self.contact(&user, transport));
        headers.push("Allow", Method::ALLOWED);
        headers.push("Accept", "application/sdp");
        headers.push("Content-Type", "application/sdp");
        let uri = value::line(&request_uri).replace([' ', '<', '>'], "");
        let request = Request { method: Method::Invite, uri, headers, body: offer.into_bytes() };
        let dialog = Dialog::of_client(&request, (transport, to));
        let sending =
            Sending { request, hop: (transport, to), purpose: Purpose::Invite(key), attempts: Attempts::default() };
        let client = self.send(now, sending);
        let ring_until = now + self.config.timers.ring_limit;
        self.dialogs.insert((dialog.call_id.clone(), dialog.local_tag.clone()), key);
        let phase = Phase::Calling { client, ring_until };
        self.calls.insert(key, Call { dialog, auth: Auth::new(credentials), user, phase });
    }

    /// Is this the INVITE that the call waits for?
    pub(super) fn call_of_client(&self, call: CallKey, key: &ClientKey) -> bool {
        matches!(self.calls.get(&call).map(|call| &call.phase), Some(Phase::Calling { client, .. }) if client == key)
    }

    pub(super) fn invite_answered(&mut self, now: Time, key: CallKey, client: &ClientKey, response: &Response) {
        let Some(call) = self.calls.get_mut(&key) else { return };
        match response.status {
            100 => {}
            ..200 => match session_description(&response.headers, &response.body) {
                Some(sdp) => self.tell(Event::EarlyMedia { call: key, sdp }),
                None => self.tell(Event::Ringing { call: key }),
            },
            200..300 => {
                call.dialog.confirm(response);
                call.phase = Phase::Up(Up::default());
                let dialog = call.dialog.clone();
                self.acknowledge(client, &dialog, response);
                let sdp = session_description(&response.headers, &response.body).unwrap_or_default();
                self.tell(Event::Accepted { call: key, sdp });
            }
            status => {
                let seq = call.dialog.next_seq();
                let mut auth = std::mem::take(&mut call.auth);
                let again = self.try_again(now, client, response, &mut auth, seq);
                let Some(call) = self.calls.get_mut(&key) else { return };
                call.auth = auth;
                if let (Some(again), Phase::Calling { client, .. }) = (again, &mut call.phase) {
                    *client = again;
                    return;
                }
                let (reason, retry_after) = (response.reason.clone(), response.retry_after());
                self.tell(Event::Refused { call: key, status, reason, retry_after });
                self.finish(key);
            }
        }
    }

    /// Gives up a call that rings at the far side.
    pub(super) fn abandon(&mut self, now: Time, key: CallKey) {
        if let Some(Phase::Calling { client, .. }) = self.calls.get(&key).map(|call| &call.phase) {
            let client = client.clone();
            self.cancel(now, &client);
            self.finish(key);
        }
    }

    /// A request within a dialog that is up; signed if the far side has ever asked for it.
    fn send_within(&mut self, now: Time, key: CallKey, method: Method, sdp: Option<&str>) -> Option<ClientKey> {
        let call = self.calls.get_mut(&key)?;
        let seq = call.dialog.next_seq();
        let purpose = match method {
            Method::Invite => Purpose::Change(key),
            Method::Bye | Method::Ack | Method::Cancel | Method::Options | Method::Register | Method::Other(_) => {
                Purpose::Bye(key)
            }
        };
        let mut request = call.dialog.request(method, seq);
        let hop = call.dialog.next_hop();
        call.auth.sign(&request.method, &request.uri, &mut request.headers);
        let user = call.user.clone();
        if let Some(sdp) = sdp {
            request.headers.push("Contact", self.contact(&user, hop.0));
            request.headers.push("Allow", Method::ALLOWED);
            request.headers.push("Content-Type", "application/sdp");
            request.body = sdp.as_bytes().to_vec();
        }
        Some(self.send(now, Sending { request, hop, purpose, attempts: Attempts::default() }))
    }

    /// Ends a call that is up: BYE (RFC 3261 §15.1.1). Whatever was being asked falls.
    pub(super) fn send_bye(&mut self, now: Time, key: CallKey) {
        let Some(call) = self.calls.get_mut(&key) else { return };
        if let Phase::Up(up) = &mut call.phase {
            let (asked, asking) = (up.asked.take(), std::mem::take(&mut up.asking));
            if let Some(server) = asked {
                self.respond_plain(now, &server, 487);
            }
            if let Asking::Sent { client, .. } = asking {
                self.cancel(now, &client);
            }
        }
        self.send_within(now, key, Method::Bye, None);
        if let Some(call) = self.calls.get_mut(&key) {
            call.phase = Phase::Ending;
        }
    }

    pub(super) fn bye_answered(&mut self, now: Time, key: CallKey, client: &ClientKey, response: &Response) {
        let Some(call) = self.calls.get_mut(&key) else { return };
        let seq = call.dialog.next_seq();
        let mut auth = std::mem::take(&mut call.auth);
        let again = self.try_again(now, client, response, &mut auth, seq);
        let Some(call) = self.calls.get_mut(&key) else { return };
        call.auth = auth;
        // Any final answer ends it, a refusal too, and so does silence (RFC 3261 §15.1.1).
        if again.is_none() {
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
        let state = call.phase.name();
        let Phase::Up(up) = &mut call.phase else { return refusal(state) };
        if up.hang_up_wanted || up.asked.is_some() || !matches!(up.asking, Asking::Nothing) {
            return refusal(state);
        }
        // RFC 3261 §14.1: not while another INVITE transaction of the dialog is in progress.
        if up.unacked.is_some() {
            up.asking = Asking::Queued { sdp };
        } else {
            self.send_change(now, key, sdp);
        }
        Ok(())
    }

    fn send_change(&mut self, now: Time, key: CallKey, sdp: String) {
        let Some(client) = self.send_within(now, key, Method::Invite, Some(&sdp)) else { return };
        let give_up = now + self.config.timers.ring_limit;
        if let Some(Phase::Up(up)) = self.calls.get_mut(&key).map(|call| &mut call.phase) {
            up.asking = Asking::Sent { client, sdp, give_up };
        }
    }

    pub(super) fn change_answered(&mut self, now: Time, key: CallKey, client: &ClientKey, response: &Response) {
        let Some((up, sdp)) = self.up_that_asks(key, client) else {
            return self.orphaned_change_answered(now, key, client, response);
        };
        match response.status {
            ..200 => {}
            200..300 => {
                up.asking = Asking::Nothing;
                let Some(call) = self.calls.get_mut(&key) else { return };
                call.dialog.refresh(&response.headers);
                let dialog = call.dialog.clone();
                self.acknowledge(client, &dialog, response);
                let sdp = session_description(&response.headers, &response.body).unwrap_or_default();
                self.tell(Event::ReofferAnswered { call: key, sdp });
            }
            491 => {
                up.asking = Asking::Nothing;
                let wait = self.wait_after_glare(key);
                self.wait_to_ask(key, now + wait, sdp);
            }
            // RFC 3261 §12.2.1.2: the far side knows nothing of the dialog, or does not answer at all.
            408 | 481 => {
                up.asking = Asking::Nothing;
                self.lose(now, key);
            }
            status => {
                let Some(call) = self.calls.get_mut(&key) else { return };
                let seq = call.dialog.next_seq();
                let mut auth = std::mem::take(&mut call.auth);
                let again = self.try_again(now, client, response, &mut auth, seq);
                let Some(Call { phase: Phase::Up(up), auth: place, .. }) = self.calls.get_mut(&key) else { return };
                *place = auth;
                if let (Some(again), Asking::Sent { client, .. }) = (again, &mut up.asking) {
                    *client = again;
                    return;
                }
                up.asking = Asking::Nothing;
                self.tell(Event::ReofferRefused { call: key, status });
            }
        }
    }

    /// The call whose re-INVITE this is, and what it offers.
    fn up_that_asks(&mut self, key: CallKey, client: &ClientKey) -> Option<(&mut Up, String)> {
        let Phase::Up(up) = &mut self.calls.get_mut(&key)?.phase else { return None };
        match &up.asking {
            Asking::Sent { client: sent, sdp, .. } if sent == client => {
                let sdp = sdp.clone();
                Some((up, sdp))
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

    fn wait_to_ask(&mut self, key: CallKey, until: Time, sdp: String) {
        if let Some(Phase::Up(up)) = self.calls.get_mut(&key).map(|call| &mut call.phase) {
            up.asking = Asking::Waiting { until, sdp };
        }
    }

    /// What was queued behind an ACK, or waited after a 491, if nothing stands in its way any more.
    pub(super) fn ask_what_waits(&mut self, now: Time, key: CallKey) {
        let Some(Phase::Up(up)) = self.calls.get_mut(&key).map(|call| &mut call.phase) else { return };
        let busy = up.unacked.is_some() || up.asked.is_some();
        match std::mem::take(&mut up.asking) {
            Asking::Queued { sdp } if !busy => self.send_change(now, key, sdp),
            Asking::Waiting { until, sdp } if until <= now && !busy => self.send_change(now, key, sdp),
            Asking::Waiting { until, sdp } if until <= now => {
                let wait = self.wait_after_glare(key).max(Duration::from_millis(100));
                self.wait_to_ask(key, now + wait, sdp);
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
            Phase::Offered { .. } => self.remind(now, key),
            Phase::Up(up) => {
                if matches!(&up.asking, Asking::Sent { give_up, .. } if *give_up <= now) {
                    return self.lose(now, key);
                }
                self.time_unacked(now, key);
                self.ask_what_waits(now, key);
            }
            Phase::Ending => {}
        }
    }
}
