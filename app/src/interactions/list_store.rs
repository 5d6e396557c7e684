//! A page of the call list: what is asked, what came, and what waits until the pointer has left the rows.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::ApiError;
use wire::interactions::{CallFilter, CallPage, Cursor};

use super::model;
use crate::shell::Stores;

/// The list on display.
#[derive(Clone, Copy)]
pub(super) struct ListStore {
    /// Which calls.
    pub(super) filter: RwSignal<CallFilter>,
    /// Any part of a number.
    pub(super) search: RwSignal<String>,
    /// Where each page so far began; the last one is on display.
    trail: RwSignal<Vec<Option<Cursor>>>,
    /// What came.
    pub(super) page: RwSignal<Option<CallPage>>,
    /// What came while the rows had to hold still.
    pub(super) held_back: RwSignal<Option<CallPage>>,
    /// Why nothing came.
    pub(super) failed: RwSignal<Option<ApiError>>,
    /// A request is on its way.
    pub(super) busy: RwSignal<bool>,
    /// Whether the pointer or the focus is among the rows, which then hold still.
    pub(super) touched: RwSignal<bool>,
    asked: StoredValue<u32>,
}

impl ListStore {
    /// All calls, from the latest on.
    pub(super) fn new() -> Self {
        Self {
            filter: RwSignal::new(CallFilter::All),
            search: RwSignal::new(String::new()),
            trail: RwSignal::new(vec![None]),
            page: RwSignal::new(None),
            held_back: RwSignal::new(None),
            failed: RwSignal::new(None),
            busy: RwSignal::new(false),
            touched: RwSignal::new(false),
            asked: StoredValue::new(0),
        }
    }

    /// Another question: from its first page on.
    pub(super) fn begin(self, stores: Stores) {
        self.trail.set(vec![None]);
        self.load(stores, false);
    }

    /// The next page.
    pub(super) fn forward(self, stores: Stores) {
        if let Some(next) = self.page.with_untracked(|page| page.as_ref().and_then(|page| page.next)) {
            self.trail.update(|trail| trail.push(Some(next)));
            self.load(stores, false);
        }
    }

    /// The page before.
    pub(super) fn back(self, stores: Stores) {
        if self.trail.with_untracked(Vec::len) > 1 {
            self.trail.update(|trail| {
                trail.pop();
            });
            self.load(stores, false);
        }
    }

    /// Whether there is a page before.
    pub(super) fn has_before(self) -> bool {
        self.trail.with(|trail| trail.len() > 1)
    }

    /// How many rows lie on the pages before.
    pub(super) fn rows_before(self) -> u64 {
        let pages = self.trail.with(|trail| trail.len().saturating_sub(1));
        u64::try_from(pages).unwrap_or(u64::MAX).saturating_mul(model::PAGE)
    }

    /// Asks for the page on display. `gently`: rows that somebody points at stay where they are.
    pub(super) fn load(self, stores: Stores, gently: bool) {
        // While somebody waits for an answer to a new question, its rows are wanted, whoever asks beside it.
        let gently = gently && !self.busy.get_untracked();
        let asked = self.asked.try_update_value(|asked| {
            *asked = asked.wrapping_add(1);
            *asked
        });
        let before = self.trail.with_untracked(|trail| trail.last().copied().flatten());
        let (filter, search) = (self.filter.get_untracked(), self.search.get_untracked());
        self.busy.set(!gently);
        spawn_local(async move {
            let answer = stores.heard(wire::interactions::calls(filter, search, before).await);
            // A later question has been asked: this answer is not wanted any more. Or the page is closed.
            if self.asked.try_get_value() != asked {
                return;
            }
            self.busy.set(false);
            match answer {
                Ok(page) => {
                    self.failed.set(None);
                    self.take(page, gently);
                }
                Err(why) => self.failed.set(Some(why)),
            }
        });
    }

    fn take(self, page: CallPage, gently: bool) {
        let shown = self.page.get_untracked();
        match shown {
            Some(shown) if gently && self.touched.get_untracked() && model::moves(&shown, &page) => {
                self.page.set(Some(model::refreshed(&shown, &page)));
                self.held_back.set(Some(page));
            }
            Some(_) | None => {
                self.held_back.set(None);
                self.page.set(Some(page));
            }
        }
    }

    /// Shows what was held back.
    pub(super) fn show_new(self) {
        if let Some(page) = self.held_back.get_untracked() {
            self.held_back.set(None);
            self.page.set(Some(page));
        }
    }
}
