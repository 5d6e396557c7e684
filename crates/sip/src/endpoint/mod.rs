//! The endpoint: all calls and registrations of one user agent, and the transactions that carry them.
//!
//! `mod` takes commands and tells what time wants; `clients` sends requests and reads responses, `servers` reads
//! requests and sends responses; `outgoing`, `incoming` and `registrar` are what these mean to calls and registrations,
//! `reliable`, `session` and `updates` what RFC 3262, RFC 4028 and RFC 3311 add to calls, `identity` who calls.

mod alarms;
mod call;
mod clients;
mod expected;
mod identity;
mod incoming;
mod outgoing;
mod registrar;
mod reliable;
mod servers;
mod session;
#[cfg(test)]
mod tests;
mod updates;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use crate::api::{
    CallKey, Config, Event, InviteOptions, NotNow, Outgoing, Registration, RegistrationKey, RegistrationState, Stats,
    Target, Transmit, Transport,
};
use crate::chance::Chance;
use crate::gate::{self, Passed};
use crate::time::Time;

use alarms::{Alarms, Beginnings};
use call::{Call, Phase};
use clients::Client;
use registrar::Kept;
use servers::Server;

/// Branch and method: a CANCEL has the branch of its INVITE (RFC 3261 §17.1.3).
type ClientKey = String;
/// See `servers::key` (RFC 3261 §17.2.3).
type ServerKey = String;

/// All calls and registrations of one user agent.
#[derive(Debug)]
pub struct Endpoint {
    config: Config,
    chance: Chance,
    clients: BTreeMap<ClientKey, Client>,
    client_alarms: Alarms,
    servers: BTreeMap<ServerKey, Server>,
    server_alarms: Alarms,
    beginnings: Beginnings,
    calls: BTreeMap<CallKey, Call>,
    /// By Call-ID and our tag.
    dialogs: BTreeMap<(String, String), CallKey>,
    registrations: BTreeMap<RegistrationKey, Kept>,
    transmits: VecDeque<Transmit>,
    events: VecDeque<Event>,
    next_key: u64,
    /// Where our TLS is reached.
    advertised_tls: SocketAddr,
    /// Who takes no TCP, and until when that is believed.
    without_tcp: BTreeMap<SocketAddr, Time>,
}

impl Endpoint {
    /// An endpoint without calls.
    pub fn new(config: Config) -> Self {
        Self {
            chance: Chance::new(config.seed),
            // RFC 3261 §18.1.1: the port of TLS unless said otherwise.
            advertised_tls: SocketAddr::new(config.advertised_tcp.ip(), 5061),
            without_tcp: BTreeMap::new(),
            config,
            clients: BTreeMap::new(),
            client_alarms: Alarms::default(),
            servers: BTreeMap::new(),
            server_alarms: Alarms::default(),
            beginnings: Beginnings::default(),
            calls: BTreeMap::new(),
            dialogs: BTreeMap::new(),
            registrations: BTreeMap::new(),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            next_key: 1,
        }
    }

    /// Says where peers reach us by TLS, where that is not port 5061 of the address of TCP.
    pub fn advertise_tls(&mut self, at: SocketAddr) {
        self.advertised_tls = at;
    }

    /// One whole message (a datagram, or what [`crate::Framer`] cut) came from `from`. Whether that source may speak to
    /// us at all is for the driver to say beforehand.
    pub fn receive(&mut self, now: Time, transport: Transport, from: SocketAddr, bytes: &[u8]) {
        match gate::examine(bytes, transport) {
            Passed::Request(request, via) => self.on_request(now, *request, &via, transport, from),
            Passed::Response(response, via) => self.on_response(now, &response, &via),
            Passed::Refused(request, via, fault) => self.refuse_at_gate(&request, &via, fault, transport, from),
            Passed::Dropped => {}
        }
    }

    /// The time of [`Self::poll_timeout`] has come, or any other time.
    pub fn handle_timeout(&mut self, now: Time) {
        self.time_clients(now);
        self.time_servers(now);
        let due: Vec<CallKey> = due(&self.calls, now, Call::deadline);
        for key in due {
            self.time_call(now, key);
        }
        let due: Vec<RegistrationKey> = due_registrations(&self.registrations, now);
        for key in due {
            self.time_registration(now, key);
        }
    }

    /// When [`Self::handle_timeout`] wants to be called next. It may change with every other call, and there may turn out
    /// to be nothing to be done.
    pub fn poll_timeout(&self) -> Option<Time> {
        let (clients, servers) = (self.client_alarms.next().into_iter(), self.server_alarms.next().into_iter());
        let calls = self.calls.values().filter_map(Call::deadline);
        let registrations = self.registrations.values().filter_map(Kept::deadline);
        clients.chain(servers).chain(calls).chain(registrations).min()
    }

    /// The next message to be sent.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next thing that happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Nothing can be sent to `to` (connection refused, reset, or lost). What waits for an answer from there fails as if
    /// it had been answered 503 (RFC 3261 §8.1.3.1); a dialog is not lost by it. What went by TCP only because of its
    /// length goes by UDP after all (§18.1.1).
    pub fn transport_failed(&mut self, now: Time, transport: Transport, to: SocketAddr) {
        self.fail_clients(now, transport, to);
    }

    /// Calls somebody.
    pub fn invite(&mut self, now: Time, outgoing: Outgoing) -> CallKey {
        self.invite_with(now, outgoing, InviteOptions::default())
    }

    /// Calls somebody, with more to be said about how.
    pub fn invite_with(&mut self, now: Time, outgoing: Outgoing, options: InviteOptions) -> CallKey {
        let key = CallKey(self.take_key());
        self.start_call(now, key, outgoing, options);
        key
    }

    /// Says 180 to an incoming call. One that requires 1xx to be acknowledged (RFC 3262) and brought no offer gets none:
    /// there an offer would have to stand in it.
    ///
    /// # Errors
    /// The call is not one that waits for our answer.
    pub fn ringing(&mut self, now: Time, call: CallKey) -> Result<(), NotNow> {
        self.give_provisional(now, call, 180, None, "ringing")
    }

    /// Says 183 with an answer to an incoming call, or with an offer to one that brought none and requires that 1xx be
    /// acknowledged: audio before it is accepted.
    ///
    /// # Errors
    /// The call is not one that waits for our answer.
    pub fn progress(&mut self, now: Time, call: CallKey, sdp: String) -> Result<(), NotNow> {
        self.give_provisional(now, call, 183, Some(sdp), "progress")
    }

    /// Says 200 to an incoming call, until it is acknowledged.
    ///
    /// # Errors
    /// The call is not one that waits for our answer.
    pub fn accept(&mut self, now: Time, call: CallKey, sdp: String) -> Result<(), NotNow> {
        self.accept_call(now, call, sdp)
    }

    /// Refuses an incoming call with a status of 300 to 699; anything else is sent as 480.
    ///
    /// # Errors
    /// The call is not one that waits for our answer.
    pub fn refuse(&mut self, now: Time, call: CallKey, status: u16) -> Result<(), NotNow> {
        self.refuse_call(now, call, status, None, "refuse")
    }

    /// Refuses an incoming call for now: 503 with Retry-After, in whole seconds (RFC 3261 §21.5.4).
    ///
    /// # Errors
    /// The call is not one that waits for our answer.
    pub fn refuse_for_now(&mut self, now: Time, call: CallKey, retry_after: Duration) -> Result<(), NotNow> {
        self.refuse_call(now, call, 503, Some(retry_after), "refuse_for_now")
    }

    /// Ends a call in whatever state: CANCEL, BYE or a refusal (480). A call that was still ringing at the far side is
    /// terminated at once; what the far side still says to it is answered as it must be.
    ///
    /// # Errors
    /// The call is over already, or ending.
    pub fn hang_up(&mut self, now: Time, call: CallKey) -> Result<(), NotNow> {
        match self.calls.get_mut(&call).map(|call| &mut call.phase) {
            Some(Phase::Calling { .. }) => {
                self.abandon(now, call);
                Ok(())
            }
            Some(Phase::Offered { .. }) => self.refuse_call(now, call, 480, None, "hang_up"),
            Some(Phase::Up(up)) if up.unacked.is_some() => {
                let first = !up.hang_up_wanted;
                up.hang_up_wanted = true;
                if first { Ok(()) } else { Err(NotNow { command: "hang_up", state: "ending" }) }
            }
            Some(Phase::Up(_)) => {
                self.send_bye(now, call);
                Ok(())
            }
            Some(Phase::Ending) => Err(NotNow { command: "hang_up", state: "ending" }),
            None => Err(NotNow { command: "hang_up", state: "over" }),
        }
    }

    /// Offers a changed session (re-INVITE). Of [`Event::ReofferAnswered`], [`Event::ReofferRefused`] and
    /// [`Event::Broken`] one will follow, unless the call ends before.
    ///
    /// # Errors
    /// The call is not up, or an offer of either side is still open.
    pub fn reoffer(&mut self, now: Time, call: CallKey, sdp: String) -> Result<(), NotNow> {
        self.ask_change(now, call, sdp)
    }

    /// Answers [`Event::Reoffered`].
    ///
    /// # Errors
    /// No re-INVITE waits for an answer.
    pub fn answer_reoffer(&mut self, now: Time, call: CallKey, sdp: String) -> Result<(), NotNow> {
        self.answer_change(now, call, sdp)
    }

    /// Refuses [`Event::Reoffered`], usually with 488.
    ///
    /// # Errors
    /// No re-INVITE waits for an answer.
    pub fn refuse_reoffer(&mut self, now: Time, call: CallKey, status: u16) -> Result<(), NotNow> {
        self.refuse_change(now, call, status)
    }

    /// Registers, and keeps registered until [`Self::unregister`].
    pub fn register(&mut self, now: Time, registration: Registration) -> RegistrationKey {
        self.register_with(now, registration, Vec::new())
    }

    /// The same, with more registrars that stand for the first while it is silent, unreachable or failing (5xx). While
    /// one of them does, the first is asked before every refresh.
    pub fn register_with(&mut self, now: Time, registration: Registration, fallbacks: Vec<Target>) -> RegistrationKey {
        let key = RegistrationKey(self.take_key());
        self.start_registration(now, key, registration, fallbacks);
        key
    }

    /// How a registration stands. `None`: there is none such, or none any more.
    pub fn registration(&self, key: RegistrationKey) -> Option<RegistrationState> {
        self.registrations.get(&key).map(Kept::state)
    }

    /// Removes a registration; nothing happens if it is unknown or being removed.
    pub fn unregister(&mut self, now: Time, key: RegistrationKey) {
        self.leave_registration(now, key);
    }

    /// Lets go of a registration without another word to its registrar, be it kept or being removed: another one takes
    /// over its binding.
    pub fn forget_registration(&mut self, key: RegistrationKey) {
        if let Some(asked) = self.registrations.remove(&key).and_then(Kept::into_asked) {
            // Nor is what was said sent again.
            self.clients.remove(&asked);
        }
    }

    /// How much is held.
    pub fn stats(&self) -> Stats {
        Stats {
            calls: self.calls.len(),
            dialogs: self.dialogs.len(),
            transactions: self.clients.len() + self.servers.len(),
            registrations: self.registrations.len(),
        }
    }

    fn take_key(&mut self) -> u64 {
        let key = self.next_key;
        self.next_key += 1;
        key
    }

    fn transmit(&mut self, (transport, to): (Transport, SocketAddr), bytes: Vec<u8>) {
        self.transmits.push_back(Transmit { transport, to, bytes });
    }

    fn advertised(&self, transport: Transport) -> SocketAddr {
        match transport {
            Transport::Udp => self.config.advertised_udp,
            Transport::Tcp => self.config.advertised_tcp,
            Transport::Tls => self.advertised_tls,
        }
    }

    /// Our Contact (RFC 3261 §8.1.1.8).
    fn contact(&self, user: &str, transport: Transport) -> String {
        let at = self.advertised(transport);
        let parameter = transport.uri_parameter();
        if user.is_empty() { format!("<sip:{at}{parameter}>") } else { format!("<sip:{user}@{at}{parameter}>") }
    }

    /// The call is over: its last event, and nothing is left of it but transactions that run out.
    fn finish(&mut self, call: CallKey) {
        if let Some(gone) = self.calls.remove(&call) {
            self.dialogs.remove(&(gone.dialog.call_id, gone.dialog.local_tag));
            self.events.push_back(Event::Terminated { call });
        }
    }
}

fn due(calls: &BTreeMap<CallKey, Call>, now: Time, deadline: impl Fn(&Call) -> Option<Time>) -> Vec<CallKey> {
    calls.iter().filter(|(_, call)| deadline(call).is_some_and(|at| at <= now)).map(|(key, _)| *key).collect()
}

fn due_registrations(registrations: &BTreeMap<RegistrationKey, Kept>, now: Time) -> Vec<RegistrationKey> {
    let due = registrations.iter().filter(|(_, kept)| kept.deadline().is_some_and(|at| at <= now));
    due.map(|(key, _)| *key).collect()
}

/// A user part that may stand in a URI (RFC 3261 §25.1 `user`).
fn escaped_user(user: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.!~*'()&=+$,".contains(c);
    user.chars().filter(|c| plain(*c)).collect()
}
