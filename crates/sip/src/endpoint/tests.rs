//! Machines driven by hand: two endpoints and a wire in the test's hand.

mod calls;
mod changes;
mod expected;
mod far_side;
mod field;
mod long;
mod registrations;
mod reliable;
mod sessions;
mod targets;
mod updates;

use super::*;
use crate::api::{Credentials, NameAddr, Timers};
use std::time::Duration;

pub(super) const OFFER: &str =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
pub(super) const ANSWER: &str =
    "v=0\r\no=- 2 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0\r\n";

pub(super) fn address(last: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, last], 5060))
}

pub(super) fn endpoint(last: u8) -> Endpoint {
    endpoint_with(last, Timers::default())
}

pub(super) fn endpoint_with(last: u8, timers: Timers) -> Endpoint {
    let (at, user_agent) = (address(last), "test".into());
    Endpoint::new(Config { advertised_udp: at, advertised_tcp: at, user_agent, timers, seed: last.into() })
}

pub(super) fn outgoing() -> Outgoing {
    Outgoing {
        to: address(2),
        transport: Transport::Udp,
        request_uri: "sip:+81312345678@192.0.2.2".into(),
        from: NameAddr { display: Some("窓口".into()), uri: "sip:0398765432@192.0.2.1".into() },
        to_uri: "sip:+81312345678@192.0.2.2".into(),
        asserted: Some("sip:0398765432@192.0.2.1".into()),
        credentials: Some(Credentials { username: "u".into(), password: "p".into() }),
        offer: OFFER.into(),
    }
}

/// Two endpoints and what is on the wire between them.
pub(super) struct Pair {
    pub(super) now: Time,
    pub(super) a: Endpoint,
    pub(super) b: Endpoint,
}

impl Pair {
    pub(super) fn new() -> Self {
        Self { now: Time::default(), a: endpoint(1), b: endpoint(2) }
    }

    /// All that A sends reaches B and back, until both are silent. `lost` decides what does not arrive.
    pub(super) fn settle_but(&mut self, mut lost: impl FnMut(&str) -> bool) {
        loop {
            let from_a: Vec<Transmit> = std::iter::from_fn(|| self.a.poll_transmit()).collect();
            let from_b: Vec<Transmit> = std::iter::from_fn(|| self.b.poll_transmit()).collect();
            wakes_in_time(&self.a);
            wakes_in_time(&self.b);
            if from_a.is_empty() && from_b.is_empty() {
                return;
            }
            for transmit in from_a {
                if !lost(&String::from_utf8_lossy(&transmit.bytes)) {
                    self.b.receive(self.now, transmit.transport, address(1), &transmit.bytes);
                }
            }
            for transmit in from_b {
                if !lost(&String::from_utf8_lossy(&transmit.bytes)) {
                    self.a.receive(self.now, transmit.transport, address(2), &transmit.bytes);
                }
            }
        }
    }

    pub(super) fn settle(&mut self) {
        self.settle_but(|_| false);
    }

    /// Time passes on both sides, deadline by deadline.
    pub(super) fn pass_but(&mut self, wait: Duration, mut lost: impl FnMut(&str) -> bool) {
        let end = self.now + wait;
        loop {
            self.settle_but(&mut lost);
            let next = self.a.poll_timeout().into_iter().chain(self.b.poll_timeout()).min();
            let Some(next) = next.filter(|next| *next <= end) else { break };
            self.now = self.now.max(next);
            self.a.handle_timeout(self.now);
            self.b.handle_timeout(self.now);
        }
        self.now = end;
    }

    pub(super) fn pass(&mut self, wait: Duration) {
        self.pass_but(wait, |_| false);
    }

    /// A calls B: both keys.
    pub(super) fn call(&mut self) -> (CallKey, CallKey) {
        let a = self.a.invite(self.now, outgoing());
        self.settle();
        let Some(Event::Incoming { call: b, .. }) = self.b.poll_event() else { panic!("no call came") };
        (a, b)
    }

    /// A calls B, B accepts, and all events are read.
    pub(super) fn talk(&mut self) -> (CallKey, CallKey) {
        let (a, b) = self.call();
        self.b.accept(self.now, b, ANSWER.into()).unwrap();
        self.settle();
        assert_eq!(events(&mut self.a), [Event::Accepted { call: a, sdp: ANSWER.into() }]);
        assert_eq!(events(&mut self.b), [Event::Confirmed { call: b, sdp: None }]);
        (a, b)
    }

    /// After all timers nothing is left.
    pub(super) fn assert_clean(&mut self) {
        self.pass(Duration::from_mins(10));
        assert_eq!((self.a.stats(), self.b.stats()), (Stats::default(), Stats::default()));
        assert_eq!((self.a.poll_timeout(), self.b.poll_timeout()), (None, None));
    }
}

/// No transaction wants to be woken before the endpoint does.
fn wakes_in_time(endpoint: &Endpoint) {
    let clients = endpoint.clients.values().filter_map(Client::deadline);
    let servers = endpoint.servers.values().filter_map(Server::deadline);
    if let Some(wanted) = clients.chain(servers).min() {
        assert!(endpoint.poll_timeout().is_some_and(|at| at <= wanted), "{wanted:?} {endpoint:?}");
    }
}

pub(super) fn events(endpoint: &mut Endpoint) -> Vec<Event> {
    std::iter::from_fn(|| endpoint.poll_event()).collect()
}

/// All that an endpoint wants to send, as text.
pub(super) fn sent(endpoint: &mut Endpoint) -> Vec<String> {
    let texts = std::iter::from_fn(|| endpoint.poll_transmit());
    texts.map(|transmit| String::from_utf8_lossy(&transmit.bytes).into_owned()).collect()
}

/// A request of the far side within a dialog of ours, made of any message of ours that has both tags. `seq` is the
/// number of its `CSeq`.
pub(super) fn within(ours: &str, method: &str, seq: u32, headers: &str, body: &str) -> Vec<u8> {
    let request = ours.lines().next().is_some_and(|line| line.ends_with("SIP/2.0"));
    let (from, to) = if request { ("To", "From") } else { ("From", "To") };
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "{method} sip:x@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bK{method}{seq};rport\r\n\
         From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {seq} {method}\r\nContact: <sip:far@192.0.2.2>\r\n\
         {headers}{kind}Content-Length: {}\r\n\r\n{body}",
        header(ours, from),
        header(ours, to),
        header(ours, "Call-ID"),
        body.len()
    )
    .into_bytes()
}

/// What an endpoint says to one message.
pub(super) fn said(endpoint: &mut Endpoint, now: Time, message: &[u8]) -> Vec<String> {
    endpoint.receive(now, Transport::Udp, address(2), message);
    sent(endpoint)
}

/// Time passes for one endpoint alone: what it sent, and when.
pub(super) fn alone(endpoint: &mut Endpoint, now: &mut Time, wait: Duration) -> Vec<(Duration, String)> {
    let (start, end) = (*now, *now + wait);
    let mut all = Vec::new();
    loop {
        all.extend(sent(endpoint).into_iter().map(|text| (now.since(start), text)));
        let Some(next) = endpoint.poll_timeout().filter(|next| *next <= end) else { break };
        *now = (*now).max(next);
        endpoint.handle_timeout(*now);
    }
    *now = end;
    all
}

/// The first line of each.
pub(super) fn first_lines(messages: &[String]) -> Vec<String> {
    messages
        .iter()
        .map(|text| text.lines().next().unwrap_or_default().split(" sip:").next().unwrap_or_default().to_owned())
        .collect()
}

/// A header of a message.
pub(super) fn header<'a>(message: &'a str, name: &str) -> &'a str {
    let line = message.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("no {name} in {message}"))
}

/// A response to a request, as another implementation would write it.
pub(super) fn answer(request: &str, status: &str, tag: &str, more: &str) -> Vec<u8> {
    let (sdp, headers) = if more.starts_with("v=0") { (more, "") } else { ("", more) };
    answer_with(request, status, tag, headers, sdp)
}

/// The same with headers and a description.
pub(super) fn answer_with(request: &str, status: &str, tag: &str, headers: &str, body: &str) -> Vec<u8> {
    let to = header(request, "To");
    let tag = if tag.is_empty() || to.contains(";tag=") { String::new() } else { format!(";tag={tag}") };
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "SIP/2.0 {status}\r\nVia: {}\r\nFrom: {}\r\nTo: {to}{tag}\r\nCall-ID: {}\r\nCSeq: {}\r\n\
         Contact: <sip:far@192.0.2.2>\r\n{headers}{kind}Content-Length: {}\r\n\r\n{body}",
        header(request, "Via"),
        header(request, "From"),
        header(request, "Call-ID"),
        header(request, "CSeq"),
        body.len()
    )
    .into_bytes()
}
