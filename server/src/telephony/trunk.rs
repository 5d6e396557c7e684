//! The trunks in use: resolved, registered where they want it, counted.
//!
//! A keeper task reads the settings at the start, whenever they change, and every few minutes (addresses behind a name
//! move). What each trunk is worth right now stands in memory only.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::ids::{TrunkId, UserId};
use domain::time::Timestamp;
use media::Codec;
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;
use wire::settings::{TrunkCodec, TrunkState, TrunkTransport};

use super::directory::{Directory, Trunk};
use super::locate::Names;
use super::sip_stack::{Hop, Peer, Registration, RegistrationNews, SipStack};
use crate::clock::Clock;

/// How often names are resolved anew.
const RESOLVE_EVERY: Duration = Duration::from_mins(5);
/// How soon again after one could not be.
const RESOLVE_RETRY: Duration = Duration::from_secs(30);

/// The trunks, cheap to clone.
#[derive(Clone)]
pub struct Trunks(Arc<Inner>);

struct Inner {
    directory: Arc<dyn Directory>,
    sip: Arc<dyn SipStack>,
    names: Names,
    clock: Clock,
    live: Mutex<HashMap<TrunkId, Live>>,
    lines: Mutex<Vec<Trunk>>,
    reload: Notify,
    version: watch::Sender<u64>,
}

struct Live {
    trunk: Trunk,
    /// In the order in which they are tried.
    hops: Vec<Hop>,
    registration: Option<Registration>,
    state: TrunkState,
    calls: Arc<AtomicUsize>,
}

/// A trunk that a call may go out on, and its place among the calls that the trunk carries.
#[derive(Debug)]
pub struct Way {
    /// The trunk.
    pub trunk: Trunk,
    /// Its address.
    pub to: SocketAddr,
    /// Its further servers.
    pub fallbacks: Vec<Hop>,
    /// Given back when the call is over.
    pub place: Place,
}

/// One of the calls that a trunk carries at a time.
#[derive(Debug)]
pub struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Trunks {
    /// Joins the trunks to settings and SIP. Nothing is known before [`Self::reload`] or [`Self::run`].
    pub fn new(directory: Arc<dyn Directory>, sip: Arc<dyn SipStack>, names: Names, clock: Clock) -> Self {
        let (version, _) = watch::channel(0);
        let (live, lines) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Inner { directory, sip, names, clock, live, lines, reload: Notify::new(), version }))
    }

    /// Keeps the trunks until `stop`, then takes the registrations back.
    pub async fn run(self, mut news: mpsc::UnboundedReceiver<RegistrationNews>, stop: CancellationToken) {
        loop {
            let again = if self.reload().await { RESOLVE_EVERY } else { RESOLVE_RETRY };
            let due = self.0.clock.instant() + again;
            loop {
                tokio::select! {
                    () = self.0.reload.notified() => break,
                    () = self.0.clock.sleep_until(due) => break,
                    Some(news) = news.recv() => self.registration(&news),
                    () = stop.cancelled() => return self.withdraw(),
                }
            }
        }
    }

    /// The settings have changed: the keeper looks at them now.
    pub fn settings_changed(&self) {
        self.0.reload.notify_one();
    }

    /// Says which lines are kept from now on, beside the trunks of the settings.
    pub fn keep_lines(&self, lines: Vec<Trunk>) {
        *self.0.lines.lock().unwrap_or_else(PoisonError::into_inner) = lines;
        self.settings_changed();
    }

    /// A trunk or line that is kept.
    pub fn get(&self, trunk: TrunkId) -> Option<Trunk> {
        self.live().get(&trunk).map(|live| live.trunk.clone())
    }

    /// The line of this agent, if one is kept.
    pub fn line_of(&self, user: UserId) -> Option<Trunk> {
        let owned = |trunk: &Trunk| trunk.line.as_ref().is_some_and(|line| line.user == user);
        self.live().values().map(|live| &live.trunk).find(|trunk| owned(trunk)).cloned()
    }

    /// Reads the settings and resolves every host. `false`: something is to be tried again soon.
    pub async fn reload(&self) -> bool {
        let mut trunks = match self.0.directory.trunks().await {
            Ok(trunks) => trunks,
            Err(error) => {
                tracing::error!(%error, "the trunks could not be read from the settings; the former ones stay");
                return false;
            }
        };
        trunks.extend(self.0.lines.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned());
        let mut all_found = true;
        let mut resolved = Vec::with_capacity(trunks.len());
        for trunk in trunks {
            let located = self.hops(&trunk).await;
            match &located {
                Ok((_, uncertain)) => all_found &= !uncertain,
                Err(error) => {
                    all_found = false;
                    tracing::warn!(trunk = %trunk.name, %error, "the trunk's host could not be resolved");
                }
            }
            resolved.push((trunk, located));
        }
        self.take_over(resolved);
        all_found
    }

    /// Where the trunk's servers are, and whether that is uncertain.
    async fn hops(&self, trunk: &Trunk) -> Located {
        let mut hops: Vec<Hop> = Vec::new();
        let (mut uncertain, mut trouble) = (false, None);
        for (host, port) in trunk.servers() {
            match self.0.names.locate(host, port, trunk.transport).await {
                Ok(found) => {
                    uncertain |= found.uncertain;
                    let name = || host.to_owned();
                    let further =
                        found.addresses.into_iter().map(|to| Hop { transport: trunk.transport, to, name: name() });
                    hops.extend(further);
                }
                // The other server carries the trunk.
                Err(error) => {
                    uncertain = true;
                    trouble = Some(error);
                }
            }
        }
        match trouble {
            Some(error) if hops.is_empty() => Err(error),
            Some(_) | None => Ok((hops, uncertain)),
        }
    }

    /// How the trunk fares; [`TrunkState::Off`] for one that is not in use.
    pub fn state(&self, trunk: TrunkId) -> TrunkState {
        self.live().get(&trunk).map_or(TrunkState::Off, |live| live.state.clone())
    }

    /// Changes whenever any trunk's state may have.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.version.subscribe()
    }

    /// A way out over this trunk: none if it is off, unresolved, not registered though it should be, or full.
    pub fn way_out(&self, trunk: TrunkId) -> Option<Way> {
        let live = self.live();
        let live = live.get(&trunk)?;
        let usable = match live.state {
            TrunkState::Peer | TrunkState::Registered { .. } => true,
            // Without registration only trying tells whether it is back.
            TrunkState::Failed { .. } => !live.trunk.registers,
            TrunkState::Off | TrunkState::Registering => false,
        };
        let (first, further) = live.hops.split_first().filter(|_| usable)?;
        Some(Way { trunk: live.trunk.clone(), to: first.to, fallbacks: further.to_vec(), place: live.place()? })
    }

    /// A way out for an emergency call: over this trunk even where it is full or its registrar refuses us, since many
    /// carry such calls for anybody; none if it is off or nobody knows where it is.
    pub fn way_out_for_help(&self, trunk: TrunkId) -> Option<Way> {
        let live = self.live();
        let live = live.get(&trunk)?;
        let (first, further) = live.hops.split_first()?;
        live.calls.fetch_add(1, Ordering::AcqRel);
        let place = Place(Arc::clone(&live.calls));
        Some(Way { trunk: live.trunk.clone(), to: first.to, fallbacks: further.to_vec(), place })
    }

    /// A place for a call that came in over this trunk: none if it is full or off.
    pub fn way_in(&self, trunk: TrunkId) -> Option<Place> {
        self.live().get(&trunk)?.place()
    }

    /// How many calls the trunk carries now.
    pub fn calls(&self, trunk: TrunkId) -> usize {
        self.live().get(&trunk).map_or(0, |live| live.calls.load(Ordering::Acquire))
    }

    fn take_over(&self, resolved: Vec<(Trunk, Located)>) {
        let now = self.0.clock.now();
        let mut live = self.live();
        let mut former = std::mem::take(&mut *live);
        for (trunk, located) in resolved {
            let before = former.remove(&trunk.id);
            let next = Live::after(before, trunk, located, now);
            live.insert(next.trunk.id, next);
        }
        let gone = former.into_values().filter(|gone| gone.registration.is_some());
        for gone in gone {
            self.0.sip.unregister(gone.trunk.id);
        }
        for trunk in live.values_mut() {
            let wanted = trunk.wanted_registration();
            if wanted != trunk.registration {
                match wanted.clone() {
                    Some(registration) => {
                        trunk.state = TrunkState::Registering;
                        self.0.sip.register(trunk.trunk.id, registration);
                    }
                    None => self.0.sip.unregister(trunk.trunk.id),
                }
                trunk.registration = wanted;
            }
        }
        self.0.sip.set_peers(live.values().map(Live::peer).collect());
        for trunk in live.values().filter(|live| live.is_tried()) {
            trunk.hops.first().into_iter().for_each(|hop| self.0.sip.reach(hop.clone()));
        }
        drop(live);
        self.changed();
    }

    fn registration(&self, news: &RegistrationNews) {
        let now = self.0.clock.now();
        let (trunk, next) = match news {
            RegistrationNews::Registered(trunk) => (*trunk, TrunkState::Registered { since: now }),
            RegistrationNews::Failed { trunk, status, trouble, .. } => {
                // A connection that failed is told as 503 by the core (RFC 3261 §8.1.3.1): its cause says more.
                let status = status.map(|status| status.to_string());
                let why = trouble.map(str::to_owned).or(status).unwrap_or_else(|| "no_answer".to_owned());
                (*trunk, TrunkState::Failed { why, at: now })
            }
            RegistrationNews::Reached(trunk) => (*trunk, TrunkState::Peer),
            RegistrationNews::Unreached { trunk, trouble } => {
                (*trunk, TrunkState::Failed { why: (*trouble).to_owned(), at: now })
            }
        };
        let of_connection = matches!(news, RegistrationNews::Reached(_) | RegistrationNews::Unreached { .. });
        {
            let mut live = self.live();
            let Some(live) = live.get_mut(&trunk) else { return };
            // How a registration fares says more than how its connection does.
            if of_connection && live.trunk.registers || live.state == next {
                return;
            }
            let refreshed =
                matches!((&live.state, &next), (TrunkState::Registered { .. }, TrunkState::Registered { .. }));
            if refreshed {
                return;
            }
            tracing::info!(trunk = %live.trunk.name, state = ?next, "the trunk's state changed");
            live.state = next;
        }
        self.changed();
    }

    fn withdraw(&self) {
        for live in self.live().values().filter(|live| live.registration.is_some()) {
            self.0.sip.unregister(live.trunk.id);
        }
    }

    fn changed(&self) {
        self.0.version.send_modify(|version| *version += 1);
    }

    fn live(&self) -> MutexGuard<'_, HashMap<TrunkId, Live>> {
        self.0.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A trunk's servers, and whether that is uncertain; or what the name service said.
type Located = Result<(Vec<Hop>, bool), String>;

impl Live {
    /// The trunk as it is set up now, keeping what still holds from before.
    fn after(before: Option<Self>, trunk: Trunk, located: Located, now: Timestamp) -> Self {
        let (former, former_hops, registration, calls) = match before {
            Some(before) if before.trunk.servers() == trunk.servers() && before.trunk.transport == trunk.transport => {
                (Some(before.state), before.hops, before.registration, before.calls)
            }
            // Of other servers what was known of the former ones says nothing.
            Some(before) => (Some(before.state), Vec::new(), before.registration, before.calls),
            None => (None, Vec::new(), None, Arc::default()),
        };
        let (hops, trouble) = match located {
            // A name service that fails for a moment takes no server away.
            Ok((_, true)) if !former_hops.is_empty() => (former_hops, None),
            // Names give their addresses in turn, and weights are drawn anew: the order stays while the servers do.
            Ok((hops, _)) if is_same_set(&hops, &former_hops) => (former_hops, None),
            Ok((hops, _)) => (hops, None),
            Err(why) => (former_hops, Some(why)),
        };
        let state = match (trouble, former) {
            (Some(why), _) if hops.is_empty() => TrunkState::Failed { why, at: now },
            (
                _,
                Some(state @ (TrunkState::Registering | TrunkState::Registered { .. } | TrunkState::Failed { .. })),
            ) if trunk.registers => state,
            (_, Some(state @ TrunkState::Failed { .. })) if trunk.transport == TrunkTransport::Tls => state,
            _ if trunk.registers => TrunkState::Registering,
            _ => TrunkState::Peer,
        };
        Self { trunk, hops, registration, state, calls }
    }

    fn wanted_registration(&self) -> Option<Registration> {
        let (first, further) = self.hops.split_first().filter(|_| self.trunk.registers)?;
        Some(Registration {
            to: first.to,
            transport: first.transport,
            fallbacks: further.to_vec(),
            certificate: self.trunk.host.clone(),
            host: self.trunk.domain().to_owned(),
            user: self.trunk.line.as_ref().map(|line| line.username.clone()),
            credentials: self.trunk.credentials.clone(),
        })
    }

    /// Whether its server's certificate is looked at before the first call: a registration does so by itself.
    fn is_tried(&self) -> bool {
        self.trunk.transport == TrunkTransport::Tls && !self.trunk.registers
    }

    fn peer(&self) -> Peer {
        Peer {
            trunk: self.trunk.id,
            user: self.trunk.line.as_ref().map(|line| line.username.clone()),
            addresses: self.hops.iter().map(|hop| hop.to).collect(),
            networks: self.trunk.sources.clone(),
            codecs: self.trunk.laws(),
            trusts_identity: self.trunk.trusts_identity,
        }
    }

    fn place(&self) -> Option<Place> {
        let most = usize::from(self.trunk.max_calls);
        self.calls
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |calls| (calls < most).then_some(calls + 1))
            .ok()
            .map(|_| Place(Arc::clone(&self.calls)))
    }
}

fn is_same_set(one: &[Hop], other: &[Hop]) -> bool {
    one.len() == other.len() && one.iter().all(|hop| other.contains(hop))
}

impl Trunk {
    /// Its host, and the second one if there is one, each with its port where one is set.
    fn servers(&self) -> Vec<(&str, Option<u16>)> {
        let second = self.second_host.as_deref().map(|second| match second.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') => (host, port.parse().ok()),
            Some(_) | None => (second, self.port),
        });
        std::iter::once((self.host.as_str(), self.port)).chain(second).collect()
    }

    /// What may be spoken with it, in order of preference.
    pub fn laws(&self) -> Vec<Codec> {
        self.codecs
            .iter()
            .map(|codec| match codec {
                TrunkCodec::Pcmu => Codec::Pcmu,
                TrunkCodec::Pcma => Codec::Pcma,
            })
            .collect()
    }
}
