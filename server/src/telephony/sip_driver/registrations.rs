//! Which registrations are kept, which are on their way out, and which wait for one on its way out.
//!
//! ```text
//! register ──────────────────────► kept ── unregister, or another binding ──► leaving ── answered, or 5 s ──► gone
//!    └─ same user is leaving ► waiting ──────────────────────────────────────────┘ (then kept)
//! ```
//! A registrar takes what comes last for what is meant (RFC 3261 §10.3). The end of a registration may have to be said
//! twice, because the registrar first asks who says it; a new registration of the same user that overtook the second
//! would be ended by it, and nobody would know. So the new one waits for the end of the old one.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use domain::ids::TrunkId;
use sip::{RegistrationKey, Time, Transport};

use super::super::sip_stack::Registration;
use super::{Driver, REGISTRATION, credentials, targets, transport};

/// How long a registration waits for one of the same user to be taken back. RFC 3261 §17.1.2.2 (T4): no message lingers
/// in the network for longer.
const WAIT_FOR_THE_FORMER: Duration = Duration::from_secs(5);

/// The registrations of all trunks.
#[derive(Default)]
pub(super) struct Registrations {
    kept: HashMap<TrunkId, Kept>,
    /// Registrars are heard until they have confirmed the end, though peers no longer.
    leaving: Vec<Leaving>,
    waiting: HashMap<TrunkId, Registration>,
}

/// A registration that is kept, and with whom.
struct Kept {
    binding: Binding,
    key: RegistrationKey,
    /// Where it may be held.
    servers: Vec<SocketAddr>,
}

/// A registration that is being taken back.
struct Leaving {
    key: RegistrationKey,
    user: String,
    servers: Vec<SocketAddr>,
    /// When nobody waits for it any more.
    until: Time,
}

/// What makes a registration another one to its registrar: the address of record, and the contact's two parts.
type Binding = (String, String, Transport);

impl Registrations {
    /// Whose registration this is.
    pub(super) fn trunk_of(&self, key: RegistrationKey) -> Option<TrunkId> {
        self.kept.iter().find(|(_, kept)| kept.key == key).map(|(trunk, _)| *trunk)
    }

    /// Where a trunk's registration may be held.
    pub(super) fn servers_of(&self, trunk: TrunkId) -> &[SocketAddr] {
        self.kept.get(&trunk).map(|kept| kept.servers.as_slice()).unwrap_or_default()
    }

    /// Who must be heard beside the peers.
    pub(super) fn heard(&self) -> impl Iterator<Item = IpAddr> {
        self.leaving.iter().flat_map(|leaving| &leaving.servers).map(SocketAddr::ip)
    }

    /// When a wait is over.
    pub(super) fn due(&self) -> Option<Time> {
        self.waited_for().map(|leaving| leaving.until).min()
    }

    /// What is said again until it is heard, unless somebody waits for it.
    fn waited_for(&self) -> impl Iterator<Item = &Leaving> {
        let waits = |leaving: &&Leaving| self.waiting.values().any(|waiting| waiting.user() == leaving.user);
        self.leaving.iter().filter(waits)
    }

    fn is_leaving(&self, user: &str) -> bool {
        self.leaving.iter().any(|leaving| leaving.user == user)
    }
}

impl Driver {
    /// Registers on behalf of a trunk, in place of what was registered for it before.
    pub(super) fn register(&mut self, now: Time, trunk: TrunkId, registration: Registration) {
        let binding = registration.binding();
        if let Some(former) = self.registrations.kept.remove(&trunk) {
            if former.binding == binding {
                // Registered anew, it is the same binding (RFC 3261 §10.2.1.1): taken back, it would be gone.
                self.endpoint.forget_registration(former.key);
            } else {
                self.take_back(now, former);
            }
        }
        if self.registrations.is_leaving(registration.user()) {
            self.registrations.waiting.insert(trunk, registration);
        } else {
            self.registrations.waiting.remove(&trunk);
            self.keep_registered(now, trunk, registration);
        }
    }

    /// Takes a trunk's registration back.
    pub(super) fn unregister(&mut self, now: Time, trunk: TrunkId) {
        self.registrations.waiting.remove(&trunk);
        if let Some(former) = self.registrations.kept.remove(&trunk) {
            self.take_back(now, former);
        }
    }

    /// A registration is gone for good: whoever waited for it goes on.
    pub(super) fn taken_back(&mut self, now: Time, key: RegistrationKey) {
        self.registrations.leaving.retain(|leaving| leaving.key != key);
        self.open_door();
        self.go_on(now);
    }

    /// Waits no longer for registrars that do not answer.
    pub(super) fn give_up_leaving(&mut self, now: Time) {
        let late = self.registrations.waited_for().filter(|leaving| leaving.until <= now);
        let late: Vec<RegistrationKey> = late.map(|leaving| leaving.key).collect();
        for key in late {
            // Said once more, it would end what is about to be registered.
            self.endpoint.forget_registration(key);
            self.taken_back(now, key);
        }
    }

    fn go_on(&mut self, now: Time) {
        let free: Vec<TrunkId> = self
            .registrations
            .waiting
            .iter()
            .filter(|(_, waiting)| !self.registrations.is_leaving(waiting.user()))
            .map(|(trunk, _)| *trunk)
            .collect();
        for trunk in free {
            if let Some(registration) = self.registrations.waiting.remove(&trunk) {
                self.keep_registered(now, trunk, registration);
            }
        }
    }

    fn keep_registered(&mut self, now: Time, trunk: TrunkId, registration: Registration) {
        let binding = registration.binding();
        let servers = registration.servers();
        for (to, name) in &servers {
            self.connections.expect(*to, name);
        }
        let fallbacks = targets(&registration.fallbacks);
        let key = self.endpoint.register_with(now, registration.for_endpoint(), fallbacks);
        let servers = servers.into_iter().map(|(to, _)| to).collect();
        self.registrations.kept.insert(trunk, Kept { binding, key, servers });
    }

    fn take_back(&mut self, now: Time, former: Kept) {
        let Kept { binding: (user, ..), key, servers } = former;
        let until = Time(now.0 + WAIT_FOR_THE_FORMER);
        self.registrations.leaving.push(Leaving { key, user, servers, until });
        self.open_door();
        self.endpoint.unregister(now, key);
    }
}

impl Registration {
    fn user(&self) -> &str {
        let credentials = || self.credentials.as_ref().map_or("madoguchi", |(user, _)| user);
        self.user.as_deref().unwrap_or_else(credentials)
    }

    fn binding(&self) -> Binding {
        (self.user().to_owned(), self.host.clone(), transport(self.transport))
    }

    /// Every registrar, and whose certificate it must show.
    fn servers(&self) -> Vec<(SocketAddr, String)> {
        let further = self.fallbacks.iter().map(|hop| (hop.to, hop.name.clone()));
        std::iter::once((self.to, self.certificate.clone())).chain(further).collect()
    }

    fn for_endpoint(self) -> sip::Registration {
        let user = self.user().to_owned();
        sip::Registration {
            to: self.to,
            transport: transport(self.transport),
            registrar_uri: format!("sip:{}", self.host),
            address_of_record: format!("sip:{user}@{}", self.host),
            contact_user: user,
            credentials: credentials(self.credentials.as_ref()),
            expires: REGISTRATION,
        }
    }
}
