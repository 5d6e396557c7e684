//! The settings as the server has them, and the drafts that were begun and not saved.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use uuid::Uuid;
use wire::ApiError;
use wire::settings::Settings;

use crate::platform::element;
use crate::shell::Stores;

/// Opens a page of the desk by its address.
type Navigate = Box<dyn Fn(&str)>;

/// Where the administrator wanted to go while something was not saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Go {
    /// To the form of a row.
    Open(Uuid),
    /// To a new row.
    Create,
    /// To another page, by its address.
    Away(String),
}

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
    /// How many fields of the open form are changed and not saved.
    pub(super) unsaved: RwSignal<usize>,
    /// Where to go once it is decided what becomes of them: while this is set, the form asks.
    pub(super) wants: RwSignal<Option<Go>>,
    /// What had the focus when the question came.
    came_from: StoredValue<Option<web_sys::HtmlElement>, LocalStorage>,
    navigate: StoredValue<Navigate, LocalStorage>,
}

impl SettingsStore {
    /// Nothing is known yet.
    pub(super) fn new() -> Self {
        let navigate = use_navigate();
        Self {
            all: RwSignal::new(None),
            failed: RwSignal::new(None),
            chosen: RwSignal::new(None),
            creating: RwSignal::new(false),
            unsaved: RwSignal::new(0),
            wants: RwSignal::new(None),
            came_from: StoredValue::new_local(None),
            navigate: StoredValue::new_local(Box::new(move |path| navigate(path, NavigateOptions::default()))),
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
        if self.chosen.get_untracked() != Some(id) {
            self.ask_to_go(Go::Open(id));
        }
    }

    /// Opens the form of a row to be made.
    pub(super) fn create(self) {
        self.ask_to_go(Go::Create);
    }

    /// Goes there; with something unsaved only once it is decided what becomes of it.
    pub(super) fn ask_to_go(self, to: Go) {
        if self.unsaved.get_untracked() == 0 {
            self.go(to);
        } else {
            self.came_from.set_value(element::focused());
            self.wants.set(Some(to));
        }
    }

    /// What was unsaved is saved or given up: goes where it was wanted, if anywhere.
    pub(super) fn go_on(self) {
        if let Some(to) = self.wants.try_update(Option::take).flatten() {
            self.go(to);
        }
    }

    /// Stays, with the focus where it was.
    pub(super) fn stay(self) {
        self.wants.set(None);
        if let Some(element) = self.came_from.try_update_value(Option::take).flatten() {
            element::focus(&element);
        }
    }

    fn go(self, to: Go) {
        match to {
            Go::Open(id) => {
                self.creating.set(false);
                self.chosen.set(Some(id));
            }
            Go::Create => {
                self.creating.set(true);
                self.chosen.set(Some(Uuid::new_v4()));
            }
            Go::Away(path) => self.navigate.with_value(|navigate| navigate(&path)),
        }
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
