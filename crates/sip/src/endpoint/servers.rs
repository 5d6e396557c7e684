//! Server transactions: requests come in, responses go out.
//!
//! Only INVITE, and BYE, UPDATE and PRACK within a dialog, are remembered. Everything else has the same answer each time it comes (RFC 3261
//! §8.2.7), so that a flood of it costs no memory.

use std::net::SocketAddr;

use crate::api::{CallKey, Event, Transport};
use crate::message::body;
use crate::message::parse::Fault;
use crate::message::uri::Uri;
use crate::message::value::{self, Via, split_commas};
use crate::message::{Headers, Method, Request, Response};
use crate::time::Time;
use crate::transaction::{Due, InviteServer, OtherServer};

use super::{Endpoint, ServerKey};

/// What may be required of us (RFC 3262, RFC 4028).
pub(super) const SUPPORTED: [&str; 2] = ["100rel", "timer"];

#[derive(Debug)]
pub(super) struct Server {
    pub(super) machine: Machine,
    /// As it came, its Via marked with where it came from.
    pub(super) request: Request,
    reply_to: (Transport, SocketAddr),
    last: Option<Vec<u8>>,
    /// Our tag in its responses.
    pub(super) tag: String,
    pub(super) call: CallKey,
}

#[derive(Debug)]
pub(super) enum Machine {
    Invite(InviteServer),
    Other(OtherServer),
}

impl Server {
    pub(super) fn deadline(&self) -> Option<Time> {
        match &self.machine {
            Machine::Invite(machine) => machine.deadline(),
            Machine::Other(machine) => Some(machine.deadline()),
        }
    }

    pub(super) fn is_open_invite(&self) -> bool {
        matches!(&self.machine, Machine::Invite(machine) if machine.is_open())
    }
}

/// Where a request came from, and where its answers go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source {
    pub(super) transport: Transport,
    pub(super) from: SocketAddr,
    pub(super) reply_to: (Transport, SocketAddr),
}

impl Endpoint {
    pub(super) fn on_request(
        &mut self,
        now: Time,
        mut request: Request,
        via: &Via,
        transport: Transport,
        from: SocketAddr,
    ) {
        let source = Source { transport, from, reply_to: reply_to(via, transport, from) };
        let key = key(&request, via);
        mark_via(&mut request.headers, via, from);
        if request.method == Method::Ack {
            return self.on_ack(now, &key, &request);
        }
        if request.method == Method::Cancel {
            return self.on_cancel(now, &key, &request, source);
        }
        if let Some(server) = self.servers.get(&key) {
            let again = match &server.machine {
                Machine::Invite(machine) => machine.on_again(),
                Machine::Other(_) => true,
            };
            if let Some(last) = server.last.clone().filter(|_| again) {
                let to = server.reply_to;
                self.transmit(to, last);
            }
            return;
        }
        if let Err(refusal) = Self::acceptable(&request) {
            return self.answer_once(&request, source, refusal);
        }
        let in_dialog = request.recipient_tag();
        match (&request.method, in_dialog) {
            (Method::Invite, None) => self.on_invite(now, key, request, source),
            (Method::Invite, Some(tag)) => self.on_change(now, &key, request, &tag, source),
            (Method::Bye, Some(tag)) => self.on_bye(now, &key, request, &tag, source),
            (Method::Options, None) => self.answer_once(&request, source, Answer::capabilities(200)),
            (Method::Options, Some(tag)) => {
                let known = self.dialog_of(&request, &tag).is_some();
                let answer = if known { Answer::capabilities(200) } else { Answer::plain(481) };
                self.answer_once(&request, source, answer);
            }
            (Method::Update, Some(tag)) => self.on_update(now, &key, request, &tag, source),
            (Method::Prack, Some(tag)) => self.on_prack(now, &key, request, &tag, source),
            (Method::Bye | Method::Update | Method::Prack, None) => {
                self.answer_once(&request, source, Answer::plain(481));
            }
            (Method::Ack | Method::Cancel | Method::Register | Method::Other(_), _) => {
                let answer = Answer::capabilities(if request.method.is_known() { 405 } else { 501 });
                self.answer_once(&request, source, answer);
            }
        }
    }

    pub(super) fn refuse_at_gate(
        &mut self,
        request: &Request,
        via: &Via,
        fault: Fault,
        transport: Transport,
        from: SocketAddr,
    ) {
        let source = Source { transport, from, reply_to: reply_to(via, transport, from) };
        let mut request = request.clone();
        mark_via(&mut request.headers, via, from);
        let reason = if fault.status == 400 { Some(fault.what) } else { None };
        self.answer_once(&request, source, Answer { reason, ..Answer::plain(fault.status) });
    }

    /// What RFC 3261 §8.2.1 to §8.2.3 ask before a request is looked at any further, in their order.
    fn acceptable(request: &Request) -> Result<(), Answer> {
        match &request.method {
            Method::Invite
            | Method::Ack
            | Method::Bye
            | Method::Cancel
            | Method::Options
            | Method::Prack
            | Method::Update => {}
            Method::Register | Method::Other(_) if request.method.is_known() => return Err(Answer::capabilities(405)),
            Method::Register | Method::Other(_) => return Err(Answer::capabilities(501)),
        }
        let scheme = Uri::parse(&request.uri).map(|uri| uri.scheme).unwrap_or_default();
        if !matches!(scheme.as_str(), "sip" | "sips" | "tel") {
            return Err(Answer::plain(416));
        }
        let known = |tag: &&str| SUPPORTED.iter().any(|known| known.eq_ignore_ascii_case(tag));
        let unknown: Vec<&str> = request.headers.list("Require").filter(|tag| !known(tag)).collect();
        if !unknown.is_empty() {
            return Err(Answer { extra: vec![("Unsupported", unknown.join(", "))], ..Answer::plain(420) });
        }
        let described = matches!(request.method, Method::Invite | Method::Update | Method::Prack);
        match body::refusal(request).filter(|_| described) {
            Some(415) => Err(Answer { extra: vec![("Accept", body::ACCEPTED.to_owned())], ..Answer::plain(415) }),
            Some(status) => Err(Answer::plain(status)),
            None => Ok(()),
        }
    }

    /// Answers without remembering.
    pub(super) fn answer_once(&mut self, request: &Request, source: Source, answer: Answer) {
        if request.method == Method::Ack {
            return;
        }
        let from = request.headers.get("From").unwrap_or_default();
        let tag = self.chance.tag_for(&format!("{} {from} {}", request.call_id(), request.cseq()));
        let mut response = request.response(answer.status, &tag);
        if let Some(reason) = answer.reason {
            reason.clone_into(&mut response.reason);
        }
        for (name, value) in answer.extra {
            response.headers.push(name, value);
        }
        response.headers.push("Server", value::line(&self.config.user_agent));
        self.transmit(source.reply_to, response.to_bytes());
    }

    /// Opens the transaction of a request that is remembered.
    pub(super) fn open(
        &mut self,
        key: ServerKey,
        machine: Machine,
        request: Request,
        to: Source,
        of: (CallKey, String),
    ) {
        let (call, tag) = of;
        if request.method == Method::Invite && request.recipient_tag().is_none() {
            self.beginnings.add(request.call_id(), &key);
        }
        let server = key.clone();
        self.servers.insert(key, Server { machine, request, reply_to: to.reply_to, last: None, tag, call });
        self.set_server_alarm(&server);
    }

    /// After whatever may have moved its deadline.
    fn set_server_alarm(&mut self, key: &str) {
        if let Some(server) = self.servers.get(key) {
            self.server_alarms.set(key, server.deadline());
        }
    }

    /// A response to a remembered request, to be filled and given to [`Self::respond`].
    pub(super) fn response(&self, key: &ServerKey, status: u16) -> Option<Response> {
        let server = self.servers.get(key)?;
        let mut response = server.request.response(status, &server.tag);
        response.headers.push("Server", value::line(&self.config.user_agent));
        // RFC 3261 §12.1.1: what sets up a dialog carries the route back.
        if server.request.method == Method::Invite && (101..300).contains(&status) {
            for route in server.request.headers.all("Record-Route") {
                response.headers.push("Record-Route", route);
            }
        }
        Some(response)
    }

    /// Sends a response to a remembered request; the bytes and their way, for who must send them again.
    pub(super) fn respond(
        &mut self,
        now: Time,
        key: &ServerKey,
        response: &Response,
    ) -> Option<((Transport, SocketAddr), Vec<u8>)> {
        let server = self.servers.get_mut(key)?;
        match &mut server.machine {
            Machine::Invite(machine) => machine.respond(now, response.status),
            Machine::Other(machine) => machine.respond(now),
        }
        self.server_alarms.set(key, server.deadline());
        let (to, bytes) = (server.reply_to, response.to_bytes());
        server.last = Some(bytes.clone());
        self.transmit(to, bytes.clone());
        Some((to, bytes))
    }

    /// A response without anything to fill in.
    pub(super) fn respond_plain(&mut self, now: Time, key: &ServerKey, status: u16) {
        if let Some(response) = self.response(key, status) {
            self.respond(now, key, &response);
        }
    }

    fn on_ack(&mut self, now: Time, key: &ServerKey, request: &Request) {
        if let Some(Server { machine: Machine::Invite(machine), .. }) = self.servers.get_mut(key)
            && machine.is_refused()
        {
            machine.on_ack(now);
            return self.set_server_alarm(key);
        }
        if let Some(call) = request.recipient_tag().and_then(|tag| self.dialog_of(request, &tag)) {
            self.accept_acknowledged(now, call, request);
        }
    }

    /// RFC 3261 §9.2.
    fn on_cancel(&mut self, now: Time, key: &ServerKey, request: &Request, source: Source) {
        let Some(server) = self.servers.get(key).filter(|server| server.request.method == Method::Invite) else {
            return self.answer_once(request, source, Answer::plain(481));
        };
        let (open, call) = (server.is_open_invite(), server.call);
        let mut response = request.response(200, &server.tag);
        response.headers.push("Server", value::line(&self.config.user_agent));
        self.transmit(source.reply_to, response.to_bytes());
        if open {
            self.respond_plain(now, key, 487);
            self.invite_cancelled(now, call, key);
        }
    }

    pub(super) fn time_servers(&mut self, now: Time) {
        for key in self.server_alarms.take(now) {
            let Some(server) = self.servers.get_mut(&key) else { continue };
            let due = match &mut server.machine {
                Machine::Invite(machine) => machine.on_timeout(now),
                Machine::Other(machine) => machine.on_timeout(now),
            };
            match due {
                Due::Nothing => {}
                Due::Resend => {
                    if let Some((to, last)) = server.last.clone().map(|last| (server.reply_to, last)) {
                        self.transmit(to, last);
                    }
                }
                Due::TimedOut | Due::Gone => {
                    if let Some(gone) = self.servers.remove(&key) {
                        self.beginnings.remove(gone.request.call_id(), &key);
                    }
                }
            }
            self.set_server_alarm(&key);
        }
    }

    /// The call whose dialog a request is of (RFC 3261 §12.2.2).
    pub(super) fn dialog_of(&self, request: &Request, local_tag: &str) -> Option<CallKey> {
        let key = self.dialogs.get(&(request.call_id().to_owned(), local_tag.to_owned()))?;
        let dialog = &self.calls.get(key)?.dialog;
        dialog.matches(local_tag, request.sender_tag().as_deref()).then_some(*key)
    }

    /// The same request by two ways: a proxy forked to us twice (RFC 3261 §8.2.2.2).
    pub(super) fn is_merged(&self, request: &Request) -> bool {
        let same = |other: &Request| {
            other.call_id() == request.call_id()
                && other.cseq() == request.cseq()
                && other.sender_tag() == request.sender_tag()
                && other.recipient_tag().is_none()
        };
        let mut begun = self.beginnings.of(request.call_id()).filter_map(|key| self.servers.get(key));
        begun.any(|server| same(&server.request))
    }

    pub(super) fn tell(&mut self, event: Event) {
        self.events.push_back(event);
    }
}

/// What a request is answered with that nobody remembers.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) reason: Option<&'static str>,
    pub(super) extra: Vec<(&'static str, String)>,
}

impl Answer {
    pub(super) fn plain(status: u16) -> Self {
        Self { status, reason: None, extra: Vec::new() }
    }

    /// With what we can do (RFC 3261 §11.2, §21.4.6).
    fn capabilities(status: u16) -> Self {
        let supported = ("Supported", SUPPORTED.join(", "));
        let extra = vec![("Allow", Method::ALLOWED.to_owned()), ("Accept", body::ACCEPTED.to_owned()), supported];
        Self { extra, ..Self::plain(status) }
    }

    /// Something else has to come to its end first (RFC 3261 §14.2, RFC 3311 §5.2).
    pub(super) fn later() -> Self {
        Self { extra: vec![("Retry-After", "1".to_owned())], ..Self::plain(500) }
    }
}

/// What makes a request one of a transaction (RFC 3261 §17.2.3). ACK and CANCEL get the key of their INVITE.
fn key(request: &Request, via: &Via) -> ServerKey {
    let of_invite = matches!(request.method, Method::Ack | Method::Cancel);
    let method = if of_invite { "INVITE" } else { request.method.as_str() };
    let port = via.port.unwrap_or(5060);
    match via.branch() {
        Some(branch) => format!("{method} {branch} {}:{port}", via.host.to_ascii_lowercase()),
        // RFC 2543 had no such branch: everything that stays the same in a retransmission together.
        None => format!(
            "{method} {}:{port} {} {} {} {}",
            via.host,
            request.uri,
            request.sender_tag().unwrap_or_default(),
            request.call_id(),
            request.cseq()
        ),
    }
}

/// RFC 3261 §18.2.2, RFC 3581 §4. `maddr` is not followed: it would let anybody aim our answers at others.
fn reply_to(via: &Via, transport: Transport, from: SocketAddr) -> (Transport, SocketAddr) {
    match transport {
        Transport::Tcp | Transport::Tls => (transport, from),
        Transport::Udp if via.params.has("rport") => (transport, from),
        Transport::Udp => (transport, SocketAddr::new(from.ip(), via.port.filter(|port| *port != 0).unwrap_or(5060))),
    }
}

/// Notes in the first Via where the request came from (RFC 3261 §18.2.1, RFC 3581 §4).
fn mark_via(headers: &mut Headers, via: &Via, from: SocketAddr) {
    let Some(line) = headers.get("Via").map(str::to_owned) else { return };
    let mut values: Vec<String> = split_commas(&line).into_iter().map(str::to_owned).collect();
    let Some(first) = values.first_mut() else { return };
    let asks = via.params.get("rport") == Some("");
    let parts = first.split(';').map(|part| {
        let is_rport = asks && part.trim().eq_ignore_ascii_case("rport");
        if is_rport { format!("rport={}", from.port()) } else { part.trim().to_owned() }
    });
    let mut marked = parts.collect::<Vec<_>>().join(";");
    let differs = via.host.parse() != Ok(from.ip());
    if (asks || differs) && !via.params.has("received") {
        marked = format!("{marked};received={}", from.ip());
    }
    *first = marked;
    headers.replace_first("Via", values.join(", "));
}
