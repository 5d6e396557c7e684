//! Keeping registrations (RFC 3261 §10.2).
//!
//! ```text
//!             200                 80 % of the time granted
//! Asking ─────────► Held ─────────────────────────────────► Asking
//!  │ ▲ 423 (once), 401/407 (see digest)
//!  │ └───── Waiting ◄── any other refusal, no answer        unregister: Leaving ── any answer ──► gone
//!  └───────────┘ back-off: 30 s doubling to 30 min, at random between half and whole (RFC 5626 §4.5), or Retry-After
//! ```
//! Of several registrars the next is asked at once where one is silent, unreachable or failing; only when all are does
//! the wait begin. Whoever is held by another than the first asks the first again when half of the time is over.

use std::time::Duration;

use crate::api::{Event, Registration, RegistrationKey, RegistrationState, Target};
use crate::digest::{Attempts, Auth};
use crate::message::value::{self, Address};
use crate::message::{Headers, Method, Request, Response};
use crate::time::Time;

use super::clients::{Hop, Purpose, Sending};
use super::{ClientKey, Endpoint, escaped_user};

#[derive(Debug)]
pub(super) struct Kept {
    wanted: Registration,
    /// Never empty.
    targets: Vec<Target>,
    /// Which of them is asked or held.
    at: usize,
    /// What is asked for: more than wanted after a 423.
    expires: Duration,
    call_id: String,
    tag: String,
    seq: u32,
    auth: Auth,
    phase: Phase,
    failures: u32,
    raised: bool,
}

#[derive(Debug)]
enum Phase {
    Asking { client: ClientKey },
    Held { refresh_at: Time, until: Time },
    Waiting { until: Time, status: Option<u16> },
    Leaving { client: ClientKey },
}

impl Kept {
    pub(super) fn deadline(&self) -> Option<Time> {
        match self.phase {
            Phase::Held { refresh_at, .. } => Some(refresh_at),
            Phase::Waiting { until, .. } => Some(until),
            Phase::Asking { .. } | Phase::Leaving { .. } => None,
        }
    }

    fn target(&self) -> Target {
        let first = Target { transport: self.wanted.transport, to: self.wanted.to };
        self.targets.get(self.at).copied().unwrap_or(first)
    }

    fn hop(&self) -> Hop {
        let Target { transport, to } = self.target();
        (transport, to)
    }

    pub(super) fn state(&self) -> RegistrationState {
        match self.phase {
            Phase::Asking { .. } => RegistrationState::Asking { at: self.target() },
            Phase::Held { until, .. } => RegistrationState::Held { at: self.target(), until },
            Phase::Waiting { until, status } => RegistrationState::Waiting { until, status },
            Phase::Leaving { .. } => RegistrationState::Leaving,
        }
    }

    /// What was learned from one registrar says nothing to another.
    fn leave_server(&mut self) {
        self.auth = Auth::new(self.wanted.credentials.clone());
        (self.expires, self.raised) = (self.wanted.expires, false);
    }

    /// The transaction whose answer is waited for.
    pub(super) fn into_asked(self) -> Option<ClientKey> {
        match self.phase {
            Phase::Asking { client } | Phase::Leaving { client } => Some(client),
            Phase::Held { .. } | Phase::Waiting { .. } => None,
        }
    }

    /// Is it the transaction whose answer counts?
    fn waits_for(&self, key: &ClientKey) -> bool {
        match &self.phase {
            Phase::Asking { client } | Phase::Leaving { client } => client == key,
            Phase::Held { .. } | Phase::Waiting { .. } => false,
        }
    }
}

impl Endpoint {
    pub(super) fn start_registration(
        &mut self,
        now: Time,
        key: RegistrationKey,
        wanted: Registration,
        fallbacks: Vec<Target>,
    ) {
        let mut targets = vec![Target { transport: wanted.transport, to: wanted.to }];
        targets.extend(fallbacks);
        let kept = Kept {
            targets,
            at: 0,
            expires: wanted.expires,
            call_id: format!("{}{}", self.chance.token(), self.chance.token()),
            tag: self.chance.token(),
            seq: 0,
            auth: Auth::new(wanted.credentials.clone()),
            phase: Phase::Waiting { until: now, status: None },
            failures: 0,
            raised: false,
            wanted,
        };
        self.registrations.insert(key, kept);
        self.ask_registrar(now, key);
    }

    fn ask_registrar(&mut self, now: Time, key: RegistrationKey) {
        let expires = self.registrations.get(&key).map(|kept| kept.expires);
        let client = expires.and_then(|expires| self.send_register(now, key, expires));
        if let (Some(client), Some(kept)) = (client, self.registrations.get_mut(&key)) {
            kept.phase = Phase::Asking { client };
        }
    }

    fn send_register(&mut self, now: Time, key: RegistrationKey, expires: Duration) -> Option<ClientKey> {
        let kept = self.registrations.get(&key)?;
        let contact = self.contact(&escaped_user(&kept.wanted.contact_user), kept.hop().0);
        let kept = self.registrations.get_mut(&key)?;
        kept.seq += 1;
        let clean = |uri: &str| value::line(uri).replace([' ', '<', '>'], "");
        let (uri, record) = (clean(&kept.wanted.registrar_uri), clean(&kept.wanted.address_of_record));
        let mut headers = Headers::default();
        headers.push("Max-Forwards", "70");
        headers.push("From", format!("<{record}>;tag={}", kept.tag));
        headers.push("To", format!("<{record}>"));
        headers.push("Call-ID", kept.call_id.as_str());
        headers.push("CSeq", format!("{} REGISTER", kept.seq));
        headers.push("Contact", contact);
        headers.push("Expires", expires.as_secs().to_string());
        headers.push("Allow", Method::ALLOWED);
        kept.auth.sign(&Method::Register, &uri, &mut headers);
        let request = Request { method: Method::Register, uri, headers, body: Vec::new() };
        let (hop, purpose) = (kept.hop(), Purpose::Register(key));
        Some(self.send(now, Sending { request, hop, purpose, attempts: Attempts::default() }))
    }

    pub(super) fn register_answered(
        &mut self,
        now: Time,
        key: RegistrationKey,
        client: &ClientKey,
        response: &Response,
    ) {
        let Some(kept) = self.registrations.get_mut(&key).filter(|kept| kept.waits_for(client)) else { return };
        let mut auth = std::mem::take(&mut kept.auth);
        let seq = kept.seq + 1;
        let again = self.try_again(now, client, response, &mut auth, seq);
        let Some(kept) = self.registrations.get_mut(&key) else { return };
        kept.auth = auth;
        if let Some(again) = again {
            kept.seq = seq;
            if let Phase::Asking { client } | Phase::Leaving { client } = &mut kept.phase {
                *client = again;
            }
            return;
        }
        if matches!(kept.phase, Phase::Leaving { .. }) {
            self.registrations.remove(&key);
            return self.tell(Event::Unregistered { key });
        }
        match response.status {
            200..300 => self.registered(now, key, response),
            423 if self.raise_expires(key, response) => self.ask_registrar(now, key),
            status if status >= 500 && self.ask_next_registrar(now, key) => {}
            status => self.registration_failed(now, key, Some(status), response.retry_after()),
        }
    }

    pub(super) fn register_unanswered(&mut self, now: Time, key: RegistrationKey, client: &ClientKey) {
        let Some(kept) = self.registrations.get(&key).filter(|kept| kept.waits_for(client)) else { return };
        if matches!(kept.phase, Phase::Leaving { .. }) {
            self.registrations.remove(&key);
            self.tell(Event::Unregistered { key });
        } else if !self.ask_next_registrar(now, key) {
            self.registration_failed(now, key, None, None);
        }
    }

    /// `false`: this was the last.
    fn ask_next_registrar(&mut self, now: Time, key: RegistrationKey) -> bool {
        let Some(kept) = self.registrations.get_mut(&key).filter(|kept| kept.at + 1 < kept.targets.len()) else {
            return false;
        };
        kept.at += 1;
        kept.leave_server();
        self.ask_registrar(now, key);
        true
    }

    fn registered(&mut self, now: Time, key: RegistrationKey, response: &Response) {
        let Some(kept) = self.registrations.get(&key) else { return };
        let contact = self.contact(&escaped_user(&kept.wanted.contact_user), kept.hop().0);
        let granted = granted(response, &contact).unwrap_or(kept.expires);
        let Some(kept) = self.registrations.get_mut(&key) else { return };
        kept.failures = 0;
        kept.raised = false;
        // 80 %, so that a registrar which is down for a moment is asked again before the time is over.
        // Where another than the first holds it, there must be time for the first to be silent.
        let wait = if kept.at == 0 { granted.saturating_mul(4) / 5 } else { granted / 2 };
        kept.phase = Phase::Held { refresh_at: now + wait.max(Duration::from_secs(1)), until: now + granted };
        self.tell(Event::Registered { key, expires: granted });
    }

    /// RFC 3261 §10.2.8: asks for as much as the registrar wants, once.
    fn raise_expires(&mut self, key: RegistrationKey, response: &Response) -> bool {
        let least = response.headers.get("Min-Expires").and_then(value::number::<u32>);
        let Some(least) = least.map(|seconds| Duration::from_secs(seconds.into())) else { return false };
        let Some(kept) = self.registrations.get_mut(&key) else { return false };
        if kept.raised || least <= kept.expires {
            return false;
        }
        kept.raised = true;
        kept.expires = least;
        true
    }

    fn registration_failed(&mut self, now: Time, key: RegistrationKey, status: Option<u16>, asked: Option<Duration>) {
        let timers = self.config.timers;
        let Some(kept) = self.registrations.get_mut(&key) else { return };
        kept.failures = kept.failures.saturating_add(1);
        kept.raised = false;
        kept.at = 0;
        let doubled = timers.register_retry_first.saturating_mul(1 << (kept.failures - 1).min(16));
        let longest = timers.register_retry_longest;
        // What was refused for good will be refused in a minute too; but the far side may be mended one day.
        let for_good = matches!(status, Some(401 | 403 | 404 | 407));
        let most = if for_good { longest } else { doubled.min(longest) };
        let wait = match asked {
            Some(asked) if !for_good => asked.clamp(Duration::from_secs(1), longest),
            Some(_) | None => self.chance.between(most / 2, most),
        };
        if let Some(kept) = self.registrations.get_mut(&key) {
            kept.phase = Phase::Waiting { until: now + wait, status };
        }
        self.tell(Event::RegistrationFailed { key, status, retry_after: Some(wait) });
    }

    pub(super) fn leave_registration(&mut self, now: Time, key: RegistrationKey) {
        let Some(kept) = self.registrations.get(&key) else { return };
        match kept.phase {
            Phase::Leaving { .. } => {}
            Phase::Asking { .. } | Phase::Held { .. } | Phase::Waiting { .. } => {
                if let Some(client) = self.send_register(now, key, Duration::ZERO)
                    && let Some(kept) = self.registrations.get_mut(&key)
                {
                    kept.phase = Phase::Leaving { client };
                }
            }
        }
    }

    pub(super) fn time_registration(&mut self, now: Time, key: RegistrationKey) {
        let due = self.registrations.get(&key).and_then(Kept::deadline).is_some_and(|at| at <= now);
        if let Some(kept) = self.registrations.get_mut(&key).filter(|_| due) {
            if kept.at != 0 {
                kept.at = 0;
                kept.leave_server();
            }
            self.ask_registrar(now, key);
        }
    }
}

/// How long our Contact was granted: its own `expires`, else the header (RFC 3261 §10.2.4).
fn granted(response: &Response, contact: &str) -> Option<Duration> {
    let ours = Address::parse(contact).and_then(|contact| contact.uri());
    let bindings = response.headers.list("Contact").filter_map(Address::parse);
    let same = |address: &Address| {
        let (theirs, ours) = (address.uri(), ours.as_ref());
        theirs.zip(ours).is_some_and(|(theirs, ours)| {
            (&theirs.user, &theirs.host, theirs.port) == (&ours.user, &ours.host, ours.port)
        })
    };
    let own = bindings.filter(same).find_map(|address| value::number::<u32>(address.params.get("expires")?));
    let seconds = own.or_else(|| value::number::<u32>(response.headers.get("Expires")?))?;
    Some(Duration::from_secs(seconds.into()))
}
