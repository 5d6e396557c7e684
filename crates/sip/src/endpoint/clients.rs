//! Client transactions: requests go out, responses find their way back.
//!
//! A transaction may outlive its call. Such an orphan still does what the far side must see: a ringing INVITE is
//! cancelled, a 2xx is acknowledged and its dialog ended at once (RFC 3261 §13.2.2.4, §15; a CANCEL that crosses a 200).

use std::net::SocketAddr;
use std::time::Duration;

use crate::api::{CallKey, RegistrationKey, Timers, Transport};
use crate::dialog::Dialog;
use crate::digest::{Attempts, Auth};
use crate::message::value::{self, Via};
use crate::message::{Headers, Method, Request, Response, reason_phrase};
use crate::time::Time;
use crate::transaction::{Due, Heard, InviteClient, OtherClient};

use super::reliable::MOST_BRANCHES;
use super::{ClientKey, Endpoint};

/// Longest request that goes by UDP where the path's MTU is not known, in bytes (RFC 3261 §18.1.1).
const LONGEST_DATAGRAM: usize = 1300;
/// How long a peer that took no TCP is believed to take none, and of how many that is remembered.
const WITHOUT_TCP: Duration = Duration::from_mins(10);
const MOST_WITHOUT_TCP: usize = 256;

pub(super) type Hop = (Transport, SocketAddr);

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Invite(CallKey),
    Change(CallKey),
    Bye(CallKey),
    /// An UPDATE that says that the session lasts.
    Refresh(CallKey),
    Prack(CallKey),
    Register(RegistrationKey),
    /// CANCEL, and BYE to a dialog nobody wants: whatever is answered, nothing follows.
    Nothing,
}

#[derive(Debug)]
pub(super) struct Client {
    machine: Machine,
    /// With its Via.
    pub(super) request: Request,
    hop: Hop,
    /// Where it was to go. Another hop than that: by TCP, for its length.
    wanted: Hop,
    purpose: Purpose,
    pub(super) attempts: Attempts,
    /// ACK of a refusal.
    ack: Option<Vec<u8>>,
    /// ACKs of 2xx, by the tag of the far side: a forked INVITE may have several.
    acks: Vec<Acknowledged>,
    cancelled: bool,
}

/// A 2xx that had its ACK.
#[derive(Debug, Clone)]
struct Acknowledged {
    tag: Option<String>,
    hop: Hop,
    ack: Vec<u8>,
}

#[derive(Debug)]
enum Machine {
    Invite(InviteClient),
    Other(OtherClient),
}

impl Machine {
    fn new(now: Time, timers: Timers, transport: Transport, method: &Method) -> Self {
        if *method == Method::Invite {
            Self::Invite(InviteClient::new(now, timers, transport))
        } else {
            Self::Other(OtherClient::new(now, timers, transport))
        }
    }

    /// Has nobody answered at all?
    fn is_unheard(&self) -> bool {
        match self {
            Self::Invite(machine) => machine.is_open() && !machine.is_proceeding(),
            Self::Other(machine) => machine.is_unheard(),
        }
    }
}

impl Client {
    pub(super) fn deadline(&self) -> Option<Time> {
        match &self.machine {
            Machine::Invite(machine) => machine.deadline(),
            Machine::Other(machine) => Some(machine.deadline()),
        }
    }

    fn is_open(&self) -> bool {
        match &self.machine {
            Machine::Invite(machine) => machine.is_open(),
            Machine::Other(machine) => machine.is_open(),
        }
    }

    fn on_response(&mut self, now: Time, status: u16) -> Heard {
        match &mut self.machine {
            Machine::Invite(machine) => machine.on_response(now, status),
            Machine::Other(machine) => machine.on_response(now, status),
        }
    }

    fn on_timeout(&mut self, now: Time) -> Due {
        match &mut self.machine {
            Machine::Invite(machine) => machine.on_timeout(now),
            Machine::Other(machine) => machine.on_timeout(now),
        }
    }
}

/// How a request is to be sent.
pub(super) struct Sending {
    pub(super) request: Request,
    pub(super) hop: Hop,
    pub(super) purpose: Purpose,
    pub(super) attempts: Attempts,
}

impl Endpoint {
    /// Sends a request in a transaction of its own. It has everything but Via.
    pub(super) fn send(&mut self, now: Time, sending: Sending) -> ClientKey {
        let Sending { mut request, hop, purpose, attempts } = sending;
        let branch = self.chance.branch();
        self.put_via(&mut request, hop.0, &branch);
        let (wanted, hop) = (hop, self.hop_for(now, hop, &request));
        if hop != wanted {
            request.headers.replace_first("Via", self.via(hop.0, &branch));
        }
        self.begin(
            &branch,
            Client {
                machine: Machine::new(now, self.config.timers, hop.0, &request.method),
                request,
                hop,
                wanted,
                purpose,
                attempts,
                ack: None,
                acks: Vec::new(),
                cancelled: false,
            },
        )
    }

    fn begin(&mut self, branch: &str, client: Client) -> ClientKey {
        let key = client_key(branch, &client.request.method);
        self.transmit(client.hop, client.request.to_bytes());
        self.clients.insert(key.clone(), client);
        self.set_client_alarm(&key);
        key
    }

    /// After whatever may have moved its deadline.
    fn set_client_alarm(&mut self, key: &str) {
        if let Some(client) = self.clients.get(key) {
            self.client_alarms.set(key, client.deadline());
        }
    }

    fn put_via(&self, request: &mut Request, transport: Transport, branch: &str) {
        request.headers.insert_front("Via", self.via(transport, branch));
        request.headers.push("User-Agent", value::line(&self.config.user_agent));
    }

    fn via(&self, transport: Transport, branch: &str) -> String {
        // RFC 3581 §3: rport asks that answers come back to where this came from; RFC 5923 §5: alias, that requests
        // of theirs come on the same connection.
        let alias = if transport.is_reliable() { ";alias" } else { "" };
        let (name, at) = (transport.via_name(), self.advertised(transport));
        format!("SIP/2.0/{name} {at};branch={branch};rport{alias}")
    }

    /// RFC 3261 §18.1.1: what may not fit into one packet goes by TCP, unless the peer is known to take none.
    fn hop_for(&self, now: Time, hop: Hop, request: &Request) -> Hop {
        let long = hop.0 == Transport::Udp && request.to_bytes().len() > LONGEST_DATAGRAM;
        let refused = self.without_tcp.get(&hop.1).is_some_and(|until| *until > now);
        if long && !refused { (Transport::Tcp, hop.1) } else { hop }
    }

    pub(super) fn on_response(&mut self, now: Time, response: &Response, via: &Via) {
        let Some((_, method)) = response.headers.get("CSeq").and_then(value::cseq) else { return };
        let Some(branch) = via.branch() else { return };
        let key = client_key(branch, &method);
        let Some(client) = self.clients.get_mut(&key) else { return };
        let before = client.deadline();
        let heard = client.on_response(now, response.status);
        // The same answer a thousand times sets no thousand alarms.
        self.client_alarms.set(&key, client.deadline().filter(|at| Some(*at) != before));
        match heard {
            Heard::Absorb => {}
            Heard::AckAgain => {
                if let Some((hop, ack)) = client.ack.clone().map(|ack| (client.hop, ack)) {
                    self.transmit(hop, ack);
                }
            }
            Heard::PassAndAck => {
                let ack = refusal_ack(&client.request, response).to_bytes();
                let hop = client.hop;
                client.ack = Some(ack.clone());
                self.transmit(hop, ack);
                self.pass(now, &key, response);
            }
            Heard::Pass => {
                let tag = response.recipient_tag();
                let accepted = (200..300).contains(&response.status);
                let known = client.acks.iter().find(|known| accepted && known.tag == tag);
                if let Some(Acknowledged { hop, ack, .. }) = known.cloned() {
                    self.transmit(hop, ack);
                } else {
                    self.pass(now, &key, response);
                }
            }
        }
    }

    fn pass(&mut self, now: Time, key: &ClientKey, response: &Response) {
        let Some(client) = self.clients.get(key) else { return };
        match client.purpose {
            Purpose::Invite(call) => {
                let wanted = self.call_of_client(call, key);
                match (wanted, response.status) {
                    (true, _) => self.invite_answered(now, call, key, response),
                    (false, ..200) => self.cancel(now, key),
                    (false, 200..300) => self.end_unwanted(now, key, response),
                    (false, _) => {}
                }
            }
            Purpose::Change(call) => self.change_answered(now, call, key, response),
            Purpose::Bye(call) => self.bye_answered(now, call, key, response),
            Purpose::Refresh(call) => self.refresh_answered(now, call, key, response),
            Purpose::Prack(call) => self.prack_answered(now, call, key, response),
            Purpose::Register(registration) => self.register_answered(now, registration, key, response),
            Purpose::Nothing => {}
        }
    }

    /// Sends CANCEL for an INVITE that has had a 1xx and no final answer, once (RFC 3261 §9.1). Before the 1xx nothing
    /// may be sent: it will come here again with it.
    pub(super) fn cancel(&mut self, now: Time, key: &ClientKey) {
        let Some(client) = self.clients.get_mut(key) else { return };
        let Machine::Invite(machine) = &mut client.machine else { return };
        if client.cancelled || !machine.is_proceeding() {
            return;
        }
        client.cancelled = true;
        machine.cancelled(now);
        self.client_alarms.set(key, machine.deadline());
        let mut headers = Headers::default();
        for name in ["Via", "Max-Forwards", "Route", "From", "To", "Call-ID"] {
            for value in client.request.headers.all(name) {
                headers.push(name, value);
            }
        }
        headers.push("CSeq", format!("{} CANCEL", client.request.cseq()));
        let request = Request { method: Method::Cancel, uri: client.request.uri.clone(), headers, body: Vec::new() };
        let (hop, wanted, branch) = (client.hop, client.wanted, branch_of(&request));
        self.begin(
            &branch,
            Client {
                machine: Machine::new(now, self.config.timers, hop.0, &request.method),
                request,
                hop,
                wanted,
                purpose: Purpose::Nothing,
                attempts: Attempts::default(),
                ack: None,
                acks: Vec::new(),
                cancelled: false,
            },
        );
    }

    /// The dialog of a request within one, after its call is gone.
    pub(super) fn dialog_of_client(&self, key: &ClientKey, response: &Response) -> Option<Dialog> {
        let client = self.clients.get(key)?;
        let mut dialog = Dialog::of_client(&client.request, client.wanted);
        dialog.confirm(response);
        // Within a dialog the routes are those of the request, not of the answer (RFC 3261 §12.2.1.2).
        dialog.routes = client.request.headers.all("Route").map(str::to_owned).collect();
        Some(dialog)
    }

    /// A 2xx to an INVITE that nobody waits for any more, or from another branch of a fork: ACK and BYE.
    fn end_unwanted(&mut self, now: Time, key: &ClientKey, response: &Response) {
        // More branches than any fork has: somebody makes up tags.
        let Some(client) = self.clients.get(key).filter(|client| client.acks.len() < MOST_BRANCHES) else { return };
        let request = &client.request;
        let mut dialog = Dialog::of_client(request, client.wanted);
        dialog.confirm(response);
        self.acknowledge(key, &dialog, response);
        let seq = dialog.next_seq();
        let bye = dialog.request(Method::Bye, seq);
        let hop = dialog.next_hop();
        self.send(now, Sending { request: bye, hop, purpose: Purpose::Nothing, attempts: Attempts::default() });
    }

    /// Sends the ACK of a 2xx and keeps it for when the 2xx comes again (RFC 3261 §13.2.2.4).
    pub(super) fn acknowledge(&mut self, key: &ClientKey, dialog: &Dialog, response: &Response) {
        let Some(client) = self.clients.get(key) else { return };
        let mut ack = dialog.request(Method::Ack, client.request.cseq());
        // RFC 3261 §22.1: with the credentials of the INVITE.
        for name in ["Authorization", "Proxy-Authorization"] {
            for value in client.request.headers.all(name) {
                ack.headers.push(name, value);
            }
        }
        let hop = dialog.next_hop();
        let branch = self.chance.branch();
        self.put_via(&mut ack, hop.0, &branch);
        let bytes = ack.to_bytes();
        if let Some(client) = self.clients.get_mut(key) {
            client.acks.push(Acknowledged { tag: response.recipient_tag(), hop, ack: bytes.clone() });
        }
        self.transmit(hop, bytes);
    }

    /// After a 401 or 407: the same request with credentials, if that is worth a try. `None`: it is not.
    pub(super) fn try_again(
        &mut self,
        now: Time,
        key: &str,
        response: &Response,
        auth: &mut Auth,
        seq: u32,
    ) -> Option<ClientKey> {
        let (mut request, hop, purpose, mut attempts) = self.former(key)?;
        if !auth.challenged(response.status, &response.headers, &mut attempts, &mut self.chance) {
            return None;
        }
        request.headers.replace_first("CSeq", format!("{seq} {}", request.method));
        auth.sign(&request.method, &request.uri, &mut request.headers);
        Some(self.send(now, Sending { request, hop, purpose, attempts }))
    }

    /// A request as it was before it was sent, and how it was to be sent.
    pub(super) fn former(&self, key: &str) -> Option<(Request, Hop, Purpose, Attempts)> {
        let client = self.clients.get(key)?;
        let mut request = client.request.clone();
        for name in ["Via", "User-Agent"] {
            request.headers.remove(name);
        }
        Some((request, client.wanted, client.purpose, client.attempts.clone()))
    }

    pub(super) fn time_clients(&mut self, now: Time) {
        for key in self.client_alarms.take(now) {
            let Some(client) = self.clients.get_mut(&key) else { continue };
            match client.on_timeout(now) {
                Due::Nothing => {}
                Due::Resend => {
                    let (hop, bytes) = (client.hop, client.request.to_bytes());
                    self.transmit(hop, bytes);
                }
                // RFC 3261 §8.1.3.1: a timeout counts as 408.
                Due::TimedOut => self.fail(now, &key, 408),
                Due::Gone => {
                    self.clients.remove(&key);
                }
            }
            self.set_client_alarm(&key);
        }
    }

    pub(super) fn fail_clients(&mut self, now: Time, transport: Transport, to: SocketAddr) {
        let lost = self.clients.iter().filter(|(_, client)| client.hop == (transport, to) && client.is_open());
        let lost: Vec<ClientKey> = lost.map(|(key, _)| key.clone()).collect();
        if transport == Transport::Tcp {
            self.without_tcp.retain(|_, until| *until > now);
            if self.without_tcp.len() < MOST_WITHOUT_TCP {
                self.without_tcp.insert(to, now + WITHOUT_TCP);
            }
        }
        for key in lost {
            if !self.fall_back_to_udp(now, &key) {
                self.fail(now, &key, 503);
            }
        }
    }

    /// RFC 3261 §18.1.1: a request that was too long for UDP, and that nobody has answered yet, is tried there after all.
    fn fall_back_to_udp(&mut self, now: Time, key: &ClientKey) -> bool {
        let unheard = |client: &&Client| client.hop != client.wanted && client.machine.is_unheard();
        let Some(client) = self.clients.get(key).filter(unheard) else { return false };
        let via = self.via(client.wanted.0, &branch_of(&client.request));
        let Some(client) = self.clients.get_mut(key) else { return false };
        client.hop = client.wanted;
        client.request.headers.replace_first("Via", via);
        client.machine = Machine::new(now, self.config.timers, client.hop.0, &client.request.method);
        let (hop, bytes) = (client.hop, client.request.to_bytes());
        self.transmit(hop, bytes);
        self.set_client_alarm(key);
        true
    }

    /// No answer: as if the far side had given this one, and the transaction is over.
    fn fail(&mut self, now: Time, key: &ClientKey, status: u16) {
        let Some(client) = self.clients.get(key) else { return };
        let purpose = client.purpose;
        let reason = reason_phrase(status).to_owned();
        let response = Response { status, reason, headers: Headers::default(), body: Vec::new() };
        match purpose {
            Purpose::Register(registration) => self.register_unanswered(now, registration, key),
            Purpose::Invite(_)
            | Purpose::Change(_)
            | Purpose::Bye(_)
            | Purpose::Refresh(_)
            | Purpose::Prack(_)
            | Purpose::Nothing => {
                self.pass(now, key, &response);
            }
        }
        self.clients.remove(key);
    }
}

fn client_key(branch: &str, method: &Method) -> ClientKey {
    format!("{branch} {method}")
}

fn branch_of(request: &Request) -> String {
    let via = request.headers.list("Via").next().and_then(Via::parse);
    via.and_then(|via| via.branch().map(str::to_owned)).unwrap_or_default()
}

/// RFC 3261 §17.1.1.3: it goes the way of its INVITE.
fn refusal_ack(invite: &Request, response: &Response) -> Request {
    let mut headers = Headers::default();
    for name in ["Via", "Max-Forwards", "Route", "From", "Authorization", "Proxy-Authorization"] {
        for value in invite.headers.all(name) {
            headers.push(name, value);
        }
    }
    headers.push("To", response.headers.get("To").unwrap_or_default());
    headers.push("Call-ID", invite.call_id());
    headers.push("CSeq", format!("{} ACK", invite.cseq()));
    Request { method: Method::Ack, uri: invite.uri.clone(), headers, body: Vec::new() }
}
