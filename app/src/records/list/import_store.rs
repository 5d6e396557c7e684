//! The import on display, which goes on whatever page is open.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::ApiError;
use wire::record_files::{Duplicates, Import};

use super::import_model;
use crate::platform::upload::{self, Chosen, Failed};
use crate::shell::Stores;

/// What the server takes at most, in bytes.
const MOST: u64 = 200_000_000;

/// The import on display.
#[derive(Clone, Copy)]
pub(crate) struct ImportStore {
    /// As it stands; none: a file can be chosen.
    pub(super) now: RwSignal<Option<Import>>,
    /// The last ones.
    pub(super) past: RwSignal<Option<Vec<Import>>>,
    /// How much of a file is at the server, in hundredths.
    pub(super) sent: RwSignal<Option<u32>>,
    /// What did not go.
    pub(super) failed: RwSignal<Option<ApiError>>,
}

impl ImportStore {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self {
            now: RwSignal::new(None),
            past: RwSignal::new(None),
            sent: RwSignal::new(None),
            failed: RwSignal::new(None),
        }
    }

    /// Forgets what belongs to whoever was signed in.
    pub(crate) fn forget(self) {
        self.now.set(None);
        self.past.set(None);
        self.sent.set(None);
        self.failed.set(None);
    }

    /// The server tells how far an import is.
    pub(crate) fn heard(self, news: &Import) {
        if self.now.with_untracked(|now| now.as_ref().is_some_and(|now| now.id == news.id)) {
            self.became(Ok(news.clone()));
        }
    }

    /// Asks for the last ones.
    pub(super) fn look(self, stores: Stores) {
        spawn_local(async move {
            match stores.heard(wire::record_files::imports().await) {
                Ok(past) => self.past.set(Some(past)),
                Err(why) => self.failed.set(Some(why)),
            }
        });
    }

    /// What came of something that was asked of the import on display.
    fn became(self, answer: Result<Import, ApiError>) {
        match answer {
            Ok(import) => {
                self.failed.set(None);
                self.now.update(|now| match now.as_mut().filter(|now| now.id == import.id) {
                    Some(now) => import_model::told(now, import),
                    None => *now = Some(import),
                });
            }
            Err(why) => self.failed.set(Some(why)),
        }
    }

    /// Puts one on display.
    pub(super) fn open(self, stores: Stores, id: domain::ids::ImportId) {
        spawn_local(async move { self.became(stores.heard(wire::record_files::import(id).await)) });
    }

    /// Sends a file.
    pub(super) fn send(self, stores: Stores, file: Chosen) {
        self.sent.set(Some(0));
        self.failed.set(None);
        spawn_local(async move {
            let told = move |hundredths| self.sent.set(Some(hundredths));
            let answer = upload::send_telling("/api/records/import", &file, told).await;
            self.sent.set(None);
            self.became(stores.heard(answer.map_err(|failed| match failed {
                Failed::Unreachable => ApiError::Offline,
                Failed::TooLarge => ApiError::field("file", wire::Problem::TooLarge { max: MOST }),
                Failed::Refused(why) => why.unwrap_or(ApiError::Server),
            })));
        });
    }

    /// Begins, or goes on.
    pub(super) fn run(self, stores: Stores, how: Duplicates) {
        let Some((id, mapping)) = self.now.with_untracked(|now| now.as_ref().map(|now| (now.id, now.mapping.clone())))
        else {
            return;
        };
        spawn_local(async move { self.became(stores.heard(wire::record_files::run_import(id, mapping, how).await)) });
    }

    /// Stops.
    pub(super) fn stop(self, stores: Stores) {
        let Some(id) = self.now.with_untracked(|now| now.as_ref().map(|now| now.id)) else { return };
        spawn_local(async move { self.became(stores.heard(wire::record_files::stop_import(id).await)) });
    }

    /// Decides about duplicates; no lines: about all.
    pub(super) fn decide(self, stores: Stores, lines: Vec<u64>, how: Duplicates) {
        let Some(id) = self.now.with_untracked(|now| now.as_ref().map(|now| now.id)) else { return };
        spawn_local(async move { self.became(stores.heard(wire::record_files::decide_import(id, lines, how).await)) });
    }
}
