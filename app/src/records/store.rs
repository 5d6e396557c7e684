//! The defined fields, and the drafts: kept in this browser at once, at the server as soon as the line allows.

use std::sync::Arc;

use core::time::Duration;

use domain::ids::UserId;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::ApiError;
use wire::drafts::{Draft, DraftOf, Typed};
use wire::records::Fields;

use super::drafts::{Book, Kept};
use crate::platform::storage;
use crate::shell::Stores;

/// What is typed goes to the server after so long without waiting for a pause: several keystrokes together.
const TOGETHER: Duration = Duration::from_millis(250);
/// How soon a draft that did not get through is tried again.
const AGAIN: Duration = Duration::from_secs(3);

/// Fields and drafts.
#[derive(Clone, Copy)]
pub(crate) struct RecordsStore {
    /// The defined fields; none until they are known.
    pub(crate) fields: RwSignal<Option<Arc<Fields>>>,
    book: RwSignal<Book>,
    /// Grows whenever a draft comes from elsewhere: a reload, another tab, another PC.
    pub(crate) from_elsewhere: RwSignal<u32>,
    sending: StoredValue<bool>,
    user: StoredValue<Option<UserId>>,
}

impl RecordsStore {
    /// Nothing is known yet.
    pub(crate) fn new() -> Self {
        Self {
            fields: RwSignal::new(None),
            book: RwSignal::new(Book::default()),
            from_elsewhere: RwSignal::new(0),
            sending: StoredValue::new(false),
            user: StoredValue::new(None),
        }
    }

    /// Keeps fields and drafts up to date. Called once, where the desk is mounted.
    pub(crate) fn keep(self, stores: Stores) {
        let user = Memo::new(move |_| stores.session.me().map(|me| me.user));
        let up = Memo::new(move |_| stores.line.is_up());
        Effect::new(move || {
            stores.fields_changed.track();
            if user.get().is_some() && up.get() {
                spawn_local(async move {
                    // What cannot be asked stays as it was: the next connection asks again.
                    if let Ok(fields) = stores.heard(wire::records::fields().await)
                        && self.fields.with_untracked(|known| known.as_deref() != Some(&fields))
                    {
                        self.fields.set(Some(Arc::new(fields)));
                    }
                });
            }
        });
        Effect::new(move || {
            let (user, up) = (user.get(), up.get());
            if self.user.get_value() != user {
                // Another user of this tab has other drafts.
                self.user.set_value(user);
                self.book.set(Book::default());
                self.find(user);
                self.from_elsewhere.update(|n| *n += 1);
            }
            if user.is_some() && up {
                spawn_local(async move {
                    if let Ok(drafts) = stores.heard(wire::drafts::drafts().await) {
                        self.book.update(|book| book.loaded(drafts));
                        self.from_elsewhere.update(|n| *n += 1);
                        self.pump(stores);
                    }
                });
            }
        });
    }

    /// Takes what this browser kept for the user from before a reload or a crash.
    fn find(self, user: Option<UserId>) {
        let Some(user) = user else { return };
        let prefix = prefix(user);
        self.book.update(|book| {
            for key in storage::drafts(&prefix) {
                let of = key.strip_prefix(&prefix).and_then(|of| serde_json::from_str(of).ok());
                let kept = storage::get(&key).and_then(|kept| serde_json::from_str::<Kept>(&kept).ok());
                match (of, kept) {
                    (Some(of), Some(kept)) => book.found(of, kept),
                    // Of an older desk, or broken: nobody can read it.
                    (_, _) => storage::remove(&key),
                }
            }
        });
    }

    /// A keystroke: in this browser at once, then on its way. None: discarded, or saved.
    pub(crate) fn typed(self, stores: Stores, of: DraftOf, typed: Option<Typed>) {
        let Some(user) = self.user.get_value() else { return };
        self.book.update(|book| {
            let kept = book.typed(of, typed, stores.clock.now());
            let lies_here = serde_json::to_string(kept).is_ok_and(|text| storage::keep(&key(user, of), &text));
            kept.stored = lies_here;
        });
        if !self.sending.get_value() {
            self.sending.set_value(true);
            set_timeout(
                move || {
                    self.sending.set_value(false);
                    self.pump(stores);
                },
                TOGETHER,
            );
        }
    }

    /// Sends what the server does not have, one after the other.
    fn pump(self, stores: Stores) {
        let Some((of, kept)) = self.book.with_untracked(Book::unsent) else { return };
        if self.sending.get_value() || !stores.line.is_up_untracked() {
            return;
        }
        self.sending.set_value(true);
        let user = self.user.get_value();
        spawn_local(async move {
            let (client, n) = (stores.client, kept.n);
            let answer = match kept.typed {
                Some(typed) => wire::drafts::keep(client, of, n, typed).await.map(Some),
                None => wire::drafts::discard(client, of, n).await.map(|()| None),
            };
            let again = match stores.heard(answer) {
                Ok(draft) if self.user.get_value() == user => {
                    self.sent(of, n, draft);
                    Some(TOGETHER)
                }
                // Discarded elsewhere after this was typed.
                Err(ApiError::Conflict) if self.user.get_value() == user => {
                    self.sent(of, n, None);
                    self.heard(of, None, None);
                    Some(TOGETHER)
                }
                Err(ApiError::Offline | ApiError::Unavailable | ApiError::Server) => Some(AGAIN),
                // It will be no better the next time: the next keystroke tries again, and this browser has it.
                Ok(_) | Err(_) => None,
            };
            match again {
                Some(after) => set_timeout(
                    move || {
                        self.sending.set_value(false);
                        self.pump(stores);
                    },
                    after,
                ),
                None => self.sending.set_value(false),
            }
        });
    }

    /// The server has it: this browser's copy can go, unless more was typed.
    fn sent(self, of: DraftOf, n: u64, answered: Option<Draft>) {
        let newer = answered.filter(|draft| draft.n > n);
        self.book.update(|book| book.sent(of, n));
        if let Some(newer) = newer {
            self.heard(of, Some(newer), None);
        }
        if let Some(user) = self.user.get_value().filter(|_| !self.book.with_untracked(|book| book.is_unsent(of))) {
            storage::remove(&key(user, of));
        }
    }

    /// Another tab kept one, or saved or discarded it; called by `realtime::dispatch`.
    pub(crate) fn heard(self, of: DraftOf, draft: Option<Draft>, own: Option<domain::ids::ClientId>) {
        if self.book.try_update(|book| book.heard(of, draft, own)).unwrap_or_default() {
            self.from_elsewhere.update(|n| *n += 1);
        }
    }

    /// The draft of a form, and its time.
    pub(crate) fn draft(self, of: DraftOf) -> Option<Typed> {
        self.book.with_untracked(|book| book.get(of).map(|(typed, _)| typed.clone()))
    }

    /// When a form was last typed in.
    pub(crate) fn drafted_at(self, of: DraftOf) -> Option<domain::time::Timestamp> {
        self.book.with(|book| book.get(of).map(|(_, at)| at))
    }

    /// All drafts, the newest first.
    pub(crate) fn drafts(self) -> Vec<(DraftOf, domain::time::Timestamp)> {
        self.book.with(Book::all)
    }

    /// Whether something typed is nowhere but in this page.
    pub(crate) fn would_be_lost(self) -> bool {
        self.book.with(Book::would_be_lost)
    }

    /// Whether the server lacks something typed.
    pub(crate) fn is_unsent(self, of: DraftOf) -> bool {
        self.book.with(|book| book.is_unsent(of))
    }
}

fn prefix(user: UserId) -> String {
    format!("{}{user}.", storage::DRAFT)
}

fn key(user: UserId, of: DraftOf) -> String {
    // An id and a word: it cannot fail.
    format!("{}{}", prefix(user), serde_json::to_string(&of).unwrap_or_default())
}
