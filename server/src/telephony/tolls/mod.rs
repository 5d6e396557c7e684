//! The guard against toll fraud: every outbound call asks [`Tolls::admit`] before anything of it leaves the house.
//!
//! [`domain::telephony::tolls`] decides; here the rules are read and set up, what happened is counted (in memory while
//! the server runs, from the log of calls after a restart), refusals and alarms are kept, counted and told to whoever
//! watches.
//!
//! **Invariant:** no INVITE goes out unadmitted, nothing here ends a call itself (it names those that must end), and
//! no number ever stands in an alarm or an audit line.

mod check;
mod port;
mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::ids::{InteractionId, TrunkId, UserId};
use domain::phone::{E164, ShownNumber};
use domain::refusal::Refusal;
use domain::telephony::tolls::{Attempt, Country, Ledger, Overdrawn, Rule, Rules};
use domain::time::Timestamp;
use tokio::sync::Notify;
use wire::ApiResult;
use wire::events::DeskEvent;
use wire::tolls::{TollAlarm, TollNews};

use self::store::{Alarm, Kind};
use super::directory::Line;
use super::numbers::{self, NumberingPlan};
use crate::audit::{self, Changes, Entry};
use crate::clock::Clock;
use crate::db::{Db, DbError};
use crate::realtime::Hub;

/// The same agent refused by the same rule raises an alarm so often at most; each refusal has its audit line.
const QUIET: Duration = Duration::from_mins(10);

/// The guard, cheap to clone.
#[derive(Clone)]
pub struct Tolls(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    hub: Hub,
    plan: NumberingPlan,
    books: Mutex<Books>,
    /// Something changed that the ceilings of minutes may look at anew.
    changed: Notify,
}

struct Books {
    /// As they were read last: a database that is away closes no line.
    rules: Rules,
    ledger: Ledger,
    alarmed: HashMap<(UserId, Rule), Timestamp>,
}

/// A destination as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dialled {
    /// For people and for the log.
    pub(super) to: ShownNumber,
    /// What the trunk is asked for: E.164, or an emergency number as it stands; another exchange hears digits.
    pub(super) destination: String,
    /// Whether it passes every rule.
    pub(super) emergency: bool,
    /// Whether it stays within another exchange: no rule for numbers is about it, those for how many calls are.
    pub(super) internal: bool,
}

/// A call that an agent wants to make.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) call: InteractionId,
    pub(super) agent: UserId,
    pub(super) trunk: TrunkId,
    pub(super) to: &'a Dialled,
}

impl Tolls {
    /// The guard with the defaults of the home country, before [`Self::load`].
    pub(super) fn new(db: Db, clock: Clock, hub: Hub, plan: NumberingPlan) -> Self {
        let books = Books { rules: defaults(plan), ledger: Ledger::default(), alarmed: HashMap::new() };
        Self(Arc::new(Inner { db, clock, hub, plan, books: Mutex::new(books), changed: Notify::new() }))
    }

    /// Reads the rules and what the last run counted; after its calls were ended in the store.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn load(&self) -> ApiResult<()> {
        let rules = store::rules(&self.0.db).await?;
        let ledger = store::ledger(&self.0.db, self.0.clock.now()).await?;
        let mut books = self.books();
        books.rules = rules.unwrap_or_else(|| defaults(self.0.plan));
        books.ledger = ledger;
        Ok(())
    }

    /// Reads what an agent typed: emergency numbers as they stand, all others by the numbering plan.
    pub(super) fn read(&self, text: &str) -> Option<Dialled> {
        let plan = self.0.plan;
        let emergency = plan.short(text).filter(|short| self.books().rules.is_emergency(&short.shown));
        if let Some(to) = emergency {
            return Some(Dialled { destination: to.shown.clone(), to, emergency: true, internal: false });
        }
        let dialled =
            |to: ShownNumber| Dialled { destination: to.e164.to_string(), to, emergency: false, internal: false };
        plan.read(text).map(dialled)
    }

    /// The same for the line of an extension at another exchange, which reads digits as its telephones dial them: numbers
    /// of its own as they stand, numbers outside behind the exchange's prefix where it has one, those of our own country
    /// without its code.
    pub(super) fn read_on_line(&self, text: &str, line: &Line) -> Option<Dialled> {
        let plan = self.0.plan;
        let prefix = line.outside_prefix.as_deref().unwrap_or_default();
        let behind = numbers::half_width(text.trim()).strip_prefix(prefix).map(str::to_owned);
        let emergency = |text: &str| self.read(text).filter(|dialled| dialled.emergency);
        let outside = || {
            let to = plan.outside(text, prefix)?;
            // Without a prefix the exchange reads what carriers read.
            let as_e164 = prefix.is_empty() && !plan.is_at_home(&to.e164);
            let destination = if as_e164 { to.e164.to_string() } else { plan.dialled_at_home(&to) };
            Some(Dialled { to, destination, emergency: false, internal: false })
        };
        let found = emergency(text).or_else(|| emergency(behind.as_deref()?)).or_else(outside);
        match found {
            // A `+` stands for whatever leads abroad.
            Some(dialled) if dialled.destination.starts_with('+') => Some(dialled),
            // Without the prefix, 110 would be a telephone of the exchange's own.
            Some(dialled) => Some(Dialled { destination: format!("{prefix}{}", dialled.destination), ..dialled }),
            None => {
                // What begins with the prefix leaves the exchange: no rule for numbers would have been asked.
                let to = plan.internal(text).filter(|to| prefix.is_empty() || !to.shown.starts_with(prefix))?;
                Some(Dialled { destination: to.shown.clone(), to, emergency: false, internal: true })
            }
        }
    }

    /// Lets a call pass and counts it, or refuses it, with its audit line and alarm.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] with the rule.
    pub(super) async fn admit(&self, wanted: Wanted<'_>) -> ApiResult<()> {
        let Wanted { call, agent, trunk, to } = wanted;
        match store::rules(&self.0.db).await {
            Ok(rules) => self.books().rules = rules.unwrap_or_else(|| defaults(self.0.plan)),
            Err(error) => {
                tracing::error!(%error, "the rules against toll fraud could not be read; the former ones hold");
            }
        }
        let country = self.0.plan.country_of(&to.to.e164);
        let (now, home) = (self.0.clock.now(), self.0.plan.home());
        let verdict = {
            let Books { rules, ledger, .. } = &mut *self.books();
            let verdict = if to.emergency {
                Ok(())
            } else {
                let number = &to.to.e164;
                let admitted = || rules.admits(number, country, home).and_then(|()| rules.admits_now(number, now));
                let open = if to.internal { Ok(()) } else { admitted() };
                open.and_then(|()| ledger.room(rules, agent, trunk, now))
            };
            if verdict.is_ok() {
                ledger.began(call, Attempt { agent, trunk, at: now }, to.emergency);
            }
            verdict
        };
        match verdict {
            Ok(()) => {
                self.0.changed.notify_one();
                if !to.emergency && !to.internal && country != Some(home) {
                    self.first_call(agent, trunk, place(country, &to.to.e164), now).await;
                }
                Ok(())
            }
            Err(rule) => {
                tracing::warn!(%agent, %trunk, %rule, "a call was refused by the rules against toll fraud");
                metrics::counter!("madoguchi_toll_refused_total", "rule" => rule.as_str()).increment(1);
                self.refused(agent, trunk, rule, place(country, &to.to.e164), now).await;
                Err(Refusal::NotAllowed(rule).into())
            }
        }
    }

    /// An admitted call was not placed, after all.
    pub(super) fn withdrawn(&self, call: InteractionId) {
        self.books().ledger.withdrawn(call);
    }

    /// The two talk.
    pub(super) fn connected(&self, call: InteractionId, at: Timestamp) {
        self.books().ledger.connected(call, at);
        self.0.changed.notify_one();
    }

    /// The call is over.
    pub(super) fn ended(&self, call: InteractionId) {
        let now = self.0.clock.now();
        self.books().ledger.ended(call, now);
        self.0.changed.notify_one();
    }

    /// Waits until a ceiling of minutes is reached, and names the calls that must end: each once.
    pub(super) async fn overdrawn(&self) -> Vec<Overdrawn> {
        loop {
            let due = {
                let now = self.0.clock.now();
                let Books { rules, ledger, .. } = &mut *self.books();
                let over = ledger.overdrawn(rules, now);
                if !over.is_empty() {
                    return over;
                }
                ledger.look_again(rules, now).map(|at| self.0.clock.instant() + at.since(now))
            };
            let wait = async {
                match due {
                    Some(due) => self.0.clock.sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.0.changed.notified() => {}
                () = wait => {}
            }
        }
    }

    /// Tells of the ceilings that have ended calls.
    pub(super) async fn tell_of(&self, over: Vec<Overdrawn>) {
        let mut told: Vec<(TrunkId, Rule)> = over.iter().map(|over| (over.trunk, over.rule)).collect();
        told.sort_unstable();
        told.dedup();
        for (trunk, rule) in told {
            tracing::warn!(%trunk, %rule, "a trunk has used up its minutes; its outbound calls are ended");
            let at = self.0.clock.now();
            self.raise(Alarm { at, kind: Kind::MinutesUsedUp { rule }, trunk, country: None }).await;
        }
    }

    async fn first_call(&self, agent: UserId, trunk: TrunkId, place: String, now: Timestamp) {
        let new = {
            let place = place.clone();
            self.0
                .db
                .write::<_, DbError, _>(move |tx| Box::pin(async move { store::is_new(tx, &place, now).await }))
                .await
        };
        match new {
            Ok(true) => {
                self.raise(Alarm { at: now, kind: Kind::NewCountry { agent }, trunk, country: Some(place) }).await;
            }
            Ok(false) => {}
            Err(error) => tracing::error!(%error, "whether a country was called before could not be found out"),
        }
    }

    async fn refused(&self, agent: UserId, trunk: TrunkId, rule: Rule, place: String, now: Timestamp) {
        let alarm = Alarm { at: now, kind: Kind::Refused { agent, rule }, trunk, country: Some(place) };
        let again = {
            let mut books = self.books();
            books.alarmed.retain(|_, at| now.since(*at) < QUIET);
            books.alarmed.contains_key(&(agent, rule)) || books.alarmed.insert((agent, rule), now).is_some()
        };
        if again { self.keep(&alarm, false).await } else { self.raise(alarm).await }
    }

    /// Keeps an alarm and tells it to the desks of those who watch.
    async fn raise(&self, alarm: Alarm) {
        metrics::counter!("madoguchi_toll_alarms_total", "kind" => alarm.kind.as_str()).increment(1);
        self.keep(&alarm, true).await;
        match self.told(&alarm).await {
            Ok((watchers, alarm)) => {
                for watcher in watchers.into_iter().filter(|watcher| self.0.hub.has_sockets(*watcher)) {
                    self.0.hub.publish(watcher, DeskEvent::TollAlarm { alarm: alarm.clone() });
                }
            }
            Err(error) => tracing::error!(%error, "an alarm of the rules against toll fraud could not be told"),
        }
    }

    async fn told(&self, alarm: &Alarm) -> Result<(Vec<UserId>, TollAlarm), DbError> {
        let (who, trunk) = store::names(&self.0.db, alarm.kind.agent(), alarm.trunk).await?;
        let what = match alarm.kind {
            Kind::Refused { rule, .. } => TollNews::Refused { who, rule },
            Kind::NewCountry { .. } => TollNews::NewCountry { who, country: alarm.country.clone().unwrap_or_default() },
            Kind::MinutesUsedUp { rule } => TollNews::MinutesUsedUp { trunk, rule },
        };
        Ok((store::watchers(&self.0.db).await?, TollAlarm { at: alarm.at, what }))
    }

    /// Writes the audit line, and the alarm if it is one.
    async fn keep(&self, alarm: &Alarm, is_alarm: bool) {
        let alarm = alarm.clone();
        let kept = self.0.db.write::<_, DbError, _>(move |tx| {
            Box::pin(async move {
                let changes = alarm
                    .kind
                    .rule()
                    .map_or_else(Changes::none, |rule| Changes::none().field("rule", None, rule.as_str().to_owned()));
                let what = match alarm.kind {
                    Kind::Refused { .. } => "toll.refused",
                    Kind::NewCountry { .. } => "toll.new_country",
                    Kind::MinutesUsedUp { .. } => "toll.minutes_used_up",
                };
                let subject = alarm.country.clone().unwrap_or_default();
                audit::record(tx, alarm.at, Entry { who: alarm.kind.agent(), what, subject, changes }).await?;
                if is_alarm {
                    store::add_alarm(tx, &alarm).await?;
                }
                Ok(())
            })
        });
        if let Err(error) = kept.await {
            tracing::error!(%error, "a line about toll fraud could not be kept");
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.0.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn defaults(plan: NumberingPlan) -> Rules {
    Rules::of_home(plan.home(), plan.calling_code())
}

/// Where a number leads, without the number: its country, or the code of a range that belongs to none.
fn place(country: Option<Country>, number: &E164) -> String {
    let code = || number.as_str().chars().take(4).collect();
    country.map_or_else(code, |country| country.to_string())
}
