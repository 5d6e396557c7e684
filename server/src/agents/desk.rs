//! What is known of each desk right now, in memory only.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ids::{ClientId, UserId};
use wire::events::Media;

/// One agent's desk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Desk {
    /// The tab that holds the softphone.
    pub(super) holder: Option<ClientId>,
    /// Whether that tab's socket is there, or was within its lease.
    pub(super) live: bool,
    /// That tab's audio connection.
    pub(super) media: Media,
    /// A tab that came while the holder had no socket: it takes over a call whose holder does not come back, as after a
    /// crash.
    pub(super) heir: Option<ClientId>,
}

impl Default for Desk {
    fn default() -> Self {
        Self { holder: None, live: false, media: Media::Down, heir: None }
    }
}

impl Desk {
    pub(super) fn can_take_offers(self) -> bool {
        self.holder.is_some() && self.live && self.media == Media::Up
    }
}

#[derive(Default)]
pub(super) struct Desks(Mutex<HashMap<UserId, Entry>>);

#[derive(Default)]
struct Entry {
    desk: Desk,
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Desks {
    pub(super) fn of(&self, user: UserId) -> Desk {
        self.lock().get(&user).map(|entry| entry.desk).unwrap_or_default()
    }

    /// Gives the desk before and after.
    pub(super) fn change(&self, user: UserId, change: impl FnOnce(&mut Desk)) -> (Desk, Desk) {
        let mut desks = self.lock();
        let desk = &mut desks.entry(user).or_default().desk;
        let before = *desk;
        change(desk);
        (before, *desk)
    }

    /// Held while the user's state is read and sent: events leave in the order in which they became true.
    pub(super) fn turn(&self, user: UserId) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(&self.lock().entry(user).or_default().turn)
    }

    pub(super) fn reachable(&self) -> HashSet<UserId> {
        self.lock().iter().filter(|(_, entry)| entry.desk.can_take_offers()).map(|(user, _)| *user).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
