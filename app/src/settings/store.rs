//! The settings as the server has them, and the drafts that were begun and not saved.

use leptos::prelude::*;
use leptos::task::spawn_local;
use uuid::Uuid;
use wire::ApiError;
use wire::settings::Settings;

use crate::shell::Stores;

/// The settings.
#[derive(Clone, Copy)]
pub(super) struct SettingsStore {
    /// What the server has.
    pub(super) all: RwSignal<Option<Settings>>,
    /// Why nothing came.
    pub(super) failed: RwSignal<Option<ApiError>>,
    /// The row whose form is open.
    pub(super) chosen: RwSignal<Option<Uuid>>,
    /// Whether the open form is for a row that does not exist yet.
    pub(super) creating: RwSignal<bool>,
}

impl SettingsStore {
    /// Nothing is known yet.
    pub(super) fn new() -> Self {
        Self {
            all: RwSignal::new(None),
            failed: RwSignal::new(None),
            chosen: RwSignal::new(None),
            creating: RwSignal::new(false),
        }
    }

    /// Asks for everything anew.
    pub(super) fn load(self, stores: Stores) {
        spawn_local(async move {
            match stores.heard(wire::settings::settings().await) {
                Ok(settings) => {
                    // The page may be closed by now.
                    drop(self.failed.try_set(None));
                    drop(self.all.try_set(Some(settings)));
                }
                Err(why) => drop(self.failed.try_set(Some(why))),
            }
        });
    }

    /// Opens the form of a row.
    pub(super) fn open(self, id: Uuid) {
        self.creating.set(false);
        self.chosen.set(Some(id));
    }

    /// Opens the form of a row to be made.
    pub(super) fn create(self) {
        self.creating.set(true);
        self.chosen.set(Some(Uuid::new_v4()));
    }

    /// Closes the form.
    pub(super) fn close(self) {
        self.chosen.set(None);
        self.creating.set(false);
    }

    /// What is stored now, outside of views; empty until it is known.
    pub(super) fn now(self) -> Settings {
        self.all.get_untracked().unwrap_or_default()
    }
}
