//! The dialler's state, which outlives its popup: a call that rings in between takes nothing of what was typed.

use domain::ids::NumberId;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::telephony::Dialler;

use crate::shell::Stores;

/// The dialler.
#[derive(Clone, Copy)]
pub(crate) struct DiallerStore {
    /// Whether it is open.
    pub(crate) open: RwSignal<bool>,
    /// 発信先, as typed.
    pub(crate) number: RwSignal<String>,
    /// 発信番号
    pub(crate) from: RwSignal<Option<NumberId>>,
    /// Whether the number was filled in for the agent, who then only has to press.
    pub(crate) filled: RwSignal<bool>,
    /// What the server says about it: caller numbers, last destinations.
    pub(crate) offer: RwSignal<Option<Result<Dialler, wire::ApiError>>>,
    /// Grows with each opening, so that the popup sets its focus anew.
    pub(crate) opened: RwSignal<u32>,
}

impl DiallerStore {
    /// Closed and empty.
    pub(crate) fn new() -> Self {
        Self {
            open: RwSignal::new(false),
            number: RwSignal::new(String::new()),
            from: RwSignal::new(None),
            filled: RwSignal::new(false),
            offer: RwSignal::new(None),
            opened: RwSignal::new(0),
        }
    }

    /// Opens it from the bar: empty, ready for typing (S5, S10).
    pub(crate) fn open_empty(self, stores: Stores) {
        self.number.set(String::new());
        self.filled.set(false);
        self.show(stores);
    }

    /// Opens it with the number filled in (S10): only 電話をかける is left to press.
    pub(crate) fn open_with(self, stores: Stores, number: String) {
        self.number.set(number);
        self.filled.set(true);
        self.show(stores);
    }

    /// Closes it.
    pub(crate) fn close(self) {
        self.open.set(false);
    }

    /// The call is on its way: nothing of it is left here.
    pub(crate) fn placed(self) {
        self.open.set(false);
        self.number.set(String::new());
        self.filled.set(false);
    }

    /// Asks anew for caller numbers and last destinations.
    pub(crate) fn load(self, stores: Stores) {
        spawn_local(async move {
            let answer = stores.heard(wire::telephony::dialler().await);
            if let Ok(dialler) = &answer {
                let granted = |id: NumberId| dialler.caller_numbers.iter().any(|number| number.id == id);
                // The last one used is the default (A25); a choice that is still granted stays.
                if !self.from.get_untracked().is_some_and(granted) {
                    self.from.set(dialler.caller_numbers.first().map(|number| number.id));
                }
            }
            self.offer.set(Some(answer));
        });
    }

    fn show(self, stores: Stores) {
        self.open.set(true);
        self.opened.update(|n| *n += 1);
        self.load(stores);
    }
}
