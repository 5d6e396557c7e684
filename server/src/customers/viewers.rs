//! Who has which record open, in memory: it is worth nothing after a restart, and every desk says it again before long.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use domain::ids::{CustomerId, UserId};

/// After how long without a word a record counts as closed.
const HOLDS_FOR: Duration = Duration::from_secs(30);

#[derive(Clone, Copy, Debug)]
struct Look {
    customer: CustomerId,
    editing: bool,
    at: Instant,
}

/// Who looks at what: each user at one record.
#[derive(Debug, Default)]
pub(super) struct Viewers(Mutex<HashMap<UserId, Look>>);

impl Viewers {
    /// Notes what this user has open, and gives who else has it, and whether they are editing.
    pub(super) fn say(
        &self,
        user: UserId,
        customer: Option<CustomerId>,
        editing: bool,
        now: Instant,
    ) -> Vec<(UserId, bool)> {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        looks.retain(|_, look| now.saturating_duration_since(look.at) < HOLDS_FOR);
        let Some(customer) = customer else {
            looks.remove(&user);
            return Vec::new();
        };
        looks.insert(user, Look { customer, editing, at: now });
        let others = looks.iter().filter(|(other, look)| **other != user && look.customer == customer);
        let mut others: Vec<_> = others.map(|(other, look)| (*other, look.editing)).collect();
        others.sort();
        others
    }
}
