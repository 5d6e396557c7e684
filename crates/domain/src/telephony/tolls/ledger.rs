//! What has been dialled and talked of late, as plain data, and what the ceilings make of it.

use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};

use super::rules::{Rule, Rules};
use crate::ids::{InteractionId, TrunkId, UserId};
use crate::time::Timestamp;

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);
/// A ceiling is looked at no more often than this: it may be overdrawn by so much.
const FINEST: Duration = Duration::from_secs(1);

/// An outbound call was placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// By whom.
    pub agent: UserId,
    /// On which trunk.
    pub trunk: TrunkId,
    /// When.
    pub at: Timestamp,
}

/// A conversation that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Talk {
    /// On which trunk.
    pub trunk: TrunkId,
    /// Since when the two talked.
    pub from: Timestamp,
    /// Until when.
    pub to: Timestamp,
}

/// A call that a ceiling of minutes ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overdrawn {
    /// Which.
    pub call: InteractionId,
    /// On which trunk.
    pub trunk: TrunkId,
    /// Which ceiling.
    pub rule: Rule,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Running {
    agent: UserId,
    trunk: TrunkId,
    emergency: bool,
    connected_at: Option<Timestamp>,
    /// A ceiling ended it already; its end is on its way.
    told: bool,
}

/// The outbound calls of the last 24 hours and those that are going on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    running: BTreeMap<InteractionId, Running>,
    /// Of the last hour, oldest first.
    attempts: VecDeque<Attempt>,
    /// That ended in the last 24 hours.
    talks: Vec<Talk>,
}

impl Ledger {
    /// The ledger of a server that has just started, from what the last run stored.
    pub fn restored(mut attempts: Vec<Attempt>, talks: Vec<Talk>) -> Self {
        attempts.sort_by_key(|attempt| attempt.at);
        Self { running: BTreeMap::new(), attempts: attempts.into(), talks }
    }

    /// Whether the ceilings leave room for one call more.
    ///
    /// # Errors
    /// The rule that does not.
    pub fn room(&self, rules: &Rules, agent: UserId, trunk: TrunkId, now: Timestamp) -> Result<(), Rule> {
        let calls = |whose: &dyn Fn(&Running) -> bool| self.running.values().filter(|call| whose(call)).count();
        let attempts = |whose: &dyn Fn(&Attempt) -> bool| {
            self.attempts.iter().filter(|attempt| now.since(attempt.at) < HOUR && whose(attempt)).count()
        };
        let full = |count: usize, ceiling: u32| u32::try_from(count).unwrap_or(u32::MAX) >= ceiling;
        if full(calls(&|call| call.agent == agent), rules.agent_calls) {
            return Err(Rule::AgentCalls);
        }
        if full(attempts(&|attempt| attempt.agent == agent), rules.agent_attempts) {
            return Err(Rule::AgentAttempts);
        }
        if full(calls(&|call| call.trunk == trunk), rules.trunk_calls) {
            return Err(Rule::TrunkCalls);
        }
        if full(attempts(&|attempt| attempt.trunk == trunk), rules.trunk_attempts) {
            return Err(Rule::TrunkAttempts);
        }
        self.used_up(rules, trunk, now).map_or(Ok(()), Err)
    }

    /// A call is placed.
    pub fn began(&mut self, call: InteractionId, attempt: Attempt, emergency: bool) {
        let Attempt { agent, trunk, at } = attempt;
        self.running.insert(call, Running { agent, trunk, emergency, connected_at: None, told: false });
        self.attempts.push_back(attempt);
        self.forget(at);
    }

    /// The two talk; calls that did not begin here are none of ours.
    pub fn connected(&mut self, call: InteractionId, now: Timestamp) {
        if let Some(call) = self.running.get_mut(&call) {
            call.connected_at.get_or_insert(now);
        }
    }

    /// The call is over.
    pub fn ended(&mut self, call: InteractionId, now: Timestamp) {
        if let Some(Running { trunk, connected_at: Some(from), .. }) = self.running.remove(&call) {
            self.talks.push(Talk { trunk, from, to: now.max(from) });
        }
        self.forget(now);
    }

    /// A call that was to be placed was not, after all: it was no attempt.
    pub fn withdrawn(&mut self, call: InteractionId) {
        if let Some(Running { agent, trunk, .. }) = self.running.remove(&call)
            && let Some(last) =
                self.attempts.iter().rposition(|attempt| attempt.agent == agent && attempt.trunk == trunk)
        {
            self.attempts.remove(last);
        }
    }

    /// Time talked on a trunk's outbound calls in the last `window` until now.
    pub fn talked(&self, trunk: TrunkId, window: Duration, now: Timestamp) -> Duration {
        let since = Timestamp(now.0.saturating_sub(i64::try_from(window.as_millis()).unwrap_or(i64::MAX)));
        let part = |from: Timestamp, to: Timestamp| to.min(now).since(from.max(since));
        let over = self.talks.iter().filter(|talk| talk.trunk == trunk).map(|talk| part(talk.from, talk.to));
        let running = self.running.values().filter(|call| call.trunk == trunk);
        over.chain(running.filter_map(|call| call.connected_at).map(|from| part(from, now))).sum()
    }

    /// The calls that a ceiling of minutes ends now: every outbound call of a trunk that has used up its
    /// minutes, but emergency calls. Each is named once.
    pub fn overdrawn(&mut self, rules: &Rules, now: Timestamp) -> Vec<Overdrawn> {
        let mut over = Vec::new();
        for trunk in self.trunks() {
            if let Some(rule) = self.used_up(rules, trunk, now) {
                over.extend(self.stoppable(trunk).map(|call| Overdrawn { call, trunk, rule }));
            }
        }
        for Overdrawn { call, .. } in &over {
            if let Some(call) = self.running.get_mut(call) {
                call.told = true;
            }
        }
        over
    }

    /// When [`Self::overdrawn`] is to be asked next: no ceiling is reached before. None while nobody talks.
    pub fn look_again(&self, rules: &Rules, now: Timestamp) -> Option<Timestamp> {
        self.trunks()
            .into_iter()
            .filter_map(|trunk| {
                self.stoppable(trunk).next()?;
                let talking = self.running.values().filter(|call| call.trunk == trunk && call.connected_at.is_some());
                let talking = u32::try_from(talking.count()).unwrap_or(u32::MAX);
                let left = |window, ceiling| minutes(ceiling).saturating_sub(self.talked(trunk, window, now));
                let left = left(HOUR, rules.minutes_per_hour).min(left(DAY, rules.minutes_per_day));
                // What leaves the window only puts it off: so many calls cannot use up what is left any sooner.
                Some(now.plus(left.checked_div(talking)?.max(FINEST)))
            })
            .min()
    }

    fn used_up(&self, rules: &Rules, trunk: TrunkId, now: Timestamp) -> Option<Rule> {
        if self.talked(trunk, HOUR, now) >= minutes(rules.minutes_per_hour) {
            Some(Rule::MinutesPerHour)
        } else if self.talked(trunk, DAY, now) >= minutes(rules.minutes_per_day) {
            Some(Rule::MinutesPerDay)
        } else {
            None
        }
    }

    fn stoppable(&self, trunk: TrunkId) -> impl Iterator<Item = InteractionId> {
        let calls = self.running.iter().filter(move |(_, call)| call.trunk == trunk && !call.emergency && !call.told);
        calls.map(|(id, _)| *id)
    }

    fn trunks(&self) -> Vec<TrunkId> {
        let mut trunks: Vec<TrunkId> = self.running.values().map(|call| call.trunk).collect();
        trunks.sort_unstable();
        trunks.dedup();
        trunks
    }

    /// Drops what no window reaches any more.
    fn forget(&mut self, now: Timestamp) {
        while self.attempts.front().is_some_and(|oldest| now.since(oldest.at) >= HOUR) {
            self.attempts.pop_front();
        }
        self.talks.retain(|talk| now.since(talk.to) < DAY);
    }
}

fn minutes(count: u32) -> Duration {
    Duration::from_mins(count.into())
}
