//! Which transactions time wants next. A transaction lingers for half a minute after its call, so that there are many
//! more of them than calls: nothing may look through them all for each message.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::time::Time;

/// Deadlines by key. One that has moved on is found out when it comes up: it may wake too early, never too late.
#[derive(Debug, Default)]
pub(super) struct Alarms(BinaryHeap<Reverse<(Time, String)>>);

impl Alarms {
    /// This is when that key wants to be woken from now on.
    pub(super) fn set(&mut self, key: &str, deadline: Option<Time>) {
        if let Some(at) = deadline {
            self.0.push(Reverse((at, key.to_owned())));
        }
    }

    pub(super) fn next(&self) -> Option<Time> {
        self.0.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes the keys whose time may have come, each once.
    pub(super) fn take(&mut self, now: Time) -> Vec<String> {
        let mut keys = Vec::new();
        while self.next().is_some_and(|at| at <= now) {
            keys.extend(self.0.pop().map(|Reverse((_, key))| key));
        }
        keys.sort_unstable();
        keys.dedup();
        keys
    }
}

/// Keys of INVITEs that began a call, by Call-ID.
#[derive(Debug, Default)]
pub(super) struct Beginnings(BTreeMap<String, Vec<String>>);

impl Beginnings {
    pub(super) fn add(&mut self, call_id: &str, key: &str) {
        self.0.entry(call_id.to_owned()).or_default().push(key.to_owned());
    }

    pub(super) fn remove(&mut self, call_id: &str, key: &str) {
        if let Some(keys) = self.0.get_mut(call_id) {
            keys.retain(|known| known != key);
            if keys.is_empty() {
                self.0.remove(call_id);
            }
        }
    }

    pub(super) fn of<'a>(&'a self, call_id: &str) -> impl Iterator<Item = &'a String> + use<'a> {
        self.0.get(call_id).into_iter().flatten()
    }
}
