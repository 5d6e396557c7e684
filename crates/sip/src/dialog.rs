//! A dialog (RFC 3261 §12): what both sides must remember to find each other again.

use std::net::SocketAddr;

use crate::api::Transport;
use crate::message::uri::Uri;
use crate::message::value::Address;
use crate::message::{Headers, Method, Request, Response};

#[derive(Debug, Clone)]
pub(crate) struct Dialog {
    pub(crate) call_id: String,
    /// Our From or To, tag included, as it stands in messages.
    pub(crate) local: String,
    pub(crate) local_tag: String,
    /// Theirs, as it came.
    pub(crate) remote: String,
    /// `None` until a response brought it.
    pub(crate) remote_tag: Option<String>,
    pub(crate) local_seq: u32,
    pub(crate) remote_seq: Option<u32>,
    /// Route headers of our requests, in order (§12.1).
    pub(crate) routes: Vec<String>,
    /// The other side's Contact (§12.2: refreshed by every INVITE and its 2xx).
    pub(crate) target: String,
    /// Where messages go if neither route nor target says so by address.
    pub(crate) peer: SocketAddr,
    pub(crate) transport: Transport,
    /// Did we make the Call-ID? (§14.1: its owner waits longer after a 491.)
    pub(crate) ours: bool,
}

impl Dialog {
    /// Of an INVITE that came (§12.1.1).
    pub(crate) fn of_server(request: &Request, tag: &str, transport: Transport, from: SocketAddr) -> Self {
        let to = request.headers.get("To").unwrap_or_default();
        let remote = request.headers.get("From").unwrap_or_default().to_owned();
        let claimed = Address::parse(&remote).map(|address| address.uri);
        Self {
            call_id: request.call_id().to_owned(),
            local: format!("{to};tag={tag}"),
            local_tag: tag.to_owned(),
            remote_tag: request.sender_tag(),
            remote,
            local_seq: 0,
            remote_seq: Some(request.cseq()),
            routes: request.headers.list("Record-Route").map(str::to_owned).collect(),
            // RFC 2543 allowed an INVITE without Contact: its From is the best there is.
            target: contact(&request.headers).or(claimed).unwrap_or_default(),
            peer: from,
            transport,
            ours: false,
        }
    }

    /// Of an INVITE of ours, not answered yet.
    pub(crate) fn of_client(request: &Request, (transport, peer): (Transport, SocketAddr)) -> Self {
        Self {
            call_id: request.call_id().to_owned(),
            local: request.headers.get("From").unwrap_or_default().to_owned(),
            local_tag: request.sender_tag().unwrap_or_default(),
            remote: request.headers.get("To").unwrap_or_default().to_owned(),
            remote_tag: None,
            local_seq: request.cseq(),
            remote_seq: None,
            routes: Vec::new(),
            target: request.uri.clone(),
            peer,
            transport,
            ours: true,
        }
    }

    /// What a 2xx to an INVITE makes of what the INVITE began (§12.1.2).
    pub(crate) fn confirm(&mut self, response: &Response) {
        self.remote_tag = response.recipient_tag();
        response.headers.get("To").unwrap_or_default().clone_into(&mut self.remote);
        self.routes = response.headers.list("Record-Route").map(str::to_owned).collect();
        self.routes.reverse();
        self.refresh(&response.headers);
    }

    /// §12.2.1.2, §12.2.2.
    pub(crate) fn refresh(&mut self, headers: &Headers) {
        if let Some(target) = contact(headers) {
            self.target = target;
        }
    }

    /// A request within the dialog, without Via and Contact (§12.2.1.1).
    pub(crate) fn request(&self, method: Method, seq: u32) -> Request {
        let first_is_strict = self
            .routes
            .first()
            .and_then(|route| Address::parse(route))
            .filter(|route| route.uri().is_some_and(|uri| !uri.params.has("lr")));
        let (uri, routes) = match first_is_strict {
            None => (self.target.clone(), self.routes.clone()),
            Some(strict) => {
                let rest = self.routes.iter().skip(1).cloned();
                (strict.uri, rest.chain(std::iter::once(format!("<{}>", self.target))).collect())
            }
        };
        let mut headers = Headers::default();
        headers.push("Max-Forwards", "70");
        for route in routes {
            headers.push("Route", route);
        }
        headers.push("From", self.local.as_str());
        headers.push("To", self.remote.as_str());
        headers.push("Call-ID", self.call_id.as_str());
        headers.push("CSeq", format!("{seq} {method}"));
        Request { method, uri, headers, body: Vec::new() }
    }

    /// The next number for a request of ours.
    pub(crate) fn next_seq(&mut self) -> u32 {
        self.local_seq += 1;
        self.local_seq
    }

    /// Where the next request goes: the first route, else the target (§8.1.2).
    ///
    /// A name cannot be resolved here: such a message goes to the peer. Over a stream it goes back on the connection it
    /// came by, as the far side may not listen where its Contact says.
    pub(crate) fn next_hop(&self) -> (Transport, SocketAddr) {
        let route = self.routes.first().and_then(|route| Address::parse(route)).and_then(|route| route.uri());
        let Some(uri) = route.or_else(|| Uri::parse(&self.target)) else { return (self.transport, self.peer) };
        let transport = match uri.params.get("transport").map(str::to_ascii_lowercase).as_deref() {
            _ if uri.scheme == "sips" => Transport::Tls,
            Some("tls") => Transport::Tls,
            Some("tcp") => Transport::Tcp,
            Some("udp") => Transport::Udp,
            // RFC 3261 §26.2: what began encrypted does not go on in the clear because a parameter is missing.
            _ => self.transport,
        };
        let Some(to) = uri.socket_addr() else { return (self.transport, self.peer) };
        // A certificate is of a name: where only an address is known, encryption goes no further than where it began.
        let unnamed = transport == Transport::Tls && self.transport != Transport::Tls;
        let same_stream = transport.is_reliable() && self.transport == transport && to.ip() == self.peer.ip();
        let same_stream = same_stream || self.transport == Transport::Tls;
        if unnamed || same_stream { (self.transport, self.peer) } else { (transport, to) }
    }

    /// Is a message with these tags of this dialog (§12.2.2)? A missing tag is an empty one (RFC 2543).
    pub(crate) fn matches(&self, local_tag: &str, remote_tag: Option<&str>) -> bool {
        self.local_tag == local_tag && self.remote_tag.as_deref().unwrap_or("") == remote_tag.unwrap_or("")
    }
}

fn contact(headers: &Headers) -> Option<String> {
    let address = Address::parse(headers.list("Contact").next()?)?;
    matches!(address.uri()?.scheme.as_str(), "sip" | "sips").then_some(address.uri)
}
