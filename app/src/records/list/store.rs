//! A list of records: what is asked, what came, and what is ticked. It outlives its page, so that somebody who comes
//! back from a customer finds the list as it was.

use std::sync::Arc;

use domain::ids::UserId;
use domain::records::Owner;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::ApiError;
use wire::customers::{Filter, ListQuery, Sort};
use wire::record_files::Column;
use wire::records::Fields;

use super::model::{self, Page, Row};
use crate::shell::Stores;

/// What is asked of a list.
type Question = (String, Vec<Filter>, Sort);

/// The list on display.
#[derive(Clone, Copy)]
pub(crate) struct ListStore {
    /// Of customers or of inquiries.
    pub(super) owner: Owner,
    /// As it is typed.
    pub(super) search: RwSignal<String>,
    /// All of which must hold.
    pub(super) filters: RwSignal<Vec<Filter>>,
    /// In which order.
    pub(super) sort: RwSignal<Sort>,
    /// Where each page so far began; the last one is on display.
    trail: RwSignal<Vec<Option<String>>>,
    /// What came.
    pub(super) page: RwSignal<Option<Page>>,
    /// Why nothing came.
    pub(super) failed: RwSignal<Option<ApiError>>,
    /// A request is on its way.
    pub(super) busy: RwSignal<bool>,
    /// The columns that the user chose.
    chosen: RwSignal<Option<Vec<Column>>>,
    /// The rows that are ticked, from whatever page.
    pub(super) ticked: RwSignal<Vec<Row>>,
    /// Those who are known to have written something.
    pub(super) writers: RwSignal<Vec<(UserId, String)>>,
    /// Whether the pointer or the focus is among the rows, which then hold still.
    pub(super) touched: StoredValue<bool>,
    asked: StoredValue<u32>,
}

impl ListStore {
    /// Nothing is asked yet.
    pub(crate) fn new(owner: Owner) -> Self {
        Self {
            owner,
            search: RwSignal::new(String::new()),
            filters: RwSignal::new(Vec::new()),
            sort: RwSignal::new(Sort::default()),
            trail: RwSignal::new(vec![None]),
            page: RwSignal::new(None),
            failed: RwSignal::new(None),
            busy: RwSignal::new(false),
            chosen: RwSignal::new(None),
            ticked: RwSignal::new(Vec::new()),
            writers: RwSignal::new(Vec::new()),
            touched: StoredValue::new(false),
            asked: StoredValue::new(0),
        }
    }

    /// Forgets what belongs to whoever was signed in.
    pub(crate) fn forget(self) {
        self.asked.update_value(|asked| *asked = asked.wrapping_add(1));
        self.search.set(String::new());
        self.filters.set(Vec::new());
        self.sort.set(Sort::default());
        self.trail.set(vec![None]);
        self.page.set(None);
        self.failed.set(None);
        self.busy.set(false);
        self.chosen.set(None);
        self.ticked.set(Vec::new());
        self.writers.set(Vec::new());
    }

    /// What is asked now.
    pub(super) fn question(self) -> Question {
        (self.search.get(), self.filters.get(), self.sort.get())
    }

    /// The same as the server takes it, from the first page on.
    pub(super) fn query(self) -> ListQuery {
        let (search, filters, sort) = self.question();
        ListQuery { search, filters, sort, after: None }
    }

    /// Another question: from its first page on.
    pub(super) fn begin(self, stores: Stores) {
        self.trail.set(vec![None]);
        self.load(stores, false);
    }

    /// The page is opened again: what is on display may be old.
    pub(super) fn open(self, stores: Stores) {
        self.touched.set_value(false);
        self.load(stores, self.page.with_untracked(Option::is_some));
        if self.chosen.with_untracked(Option::is_none) {
            spawn_local(async move {
                // Without an answer the usual columns are shown.
                if let Ok(Some(chosen)) = stores.heard(wire::record_files::columns(self.owner).await) {
                    self.chosen.set(Some(chosen));
                }
            });
        }
    }

    /// The next page.
    pub(super) fn forward(self, stores: Stores) {
        if let Some(next) = self.page.with_untracked(|page| page.as_ref().and_then(|page| page.next.clone())) {
            self.trail.update(|trail| trail.push(Some(next)));
            self.load(stores, false);
        }
    }

    /// The page before.
    pub(super) fn back(self, stores: Stores) {
        if self.trail.with_untracked(Vec::len) > 1 {
            self.trail.update(|trail| drop(trail.pop()));
            self.load(stores, false);
        }
    }

    /// How many pages lie before.
    pub(super) fn pages_before(self) -> usize {
        self.trail.with(|trail| trail.len().saturating_sub(1))
    }

    /// Asks for the page on display. `gently`: nobody asked for it, so that rows that somebody points at stay.
    pub(super) fn load(self, stores: Stores, gently: bool) {
        // While somebody waits for an answer to a new question, its rows are wanted, whoever asks beside it.
        let gently = gently && !self.busy.get_untracked();
        self.asked.update_value(|asked| *asked = asked.wrapping_add(1));
        let asked = self.asked.get_value();
        let (search, filters, sort) = untrack(|| self.question());
        let after = self.trail.with_untracked(|trail| trail.last().cloned().flatten());
        let query = ListQuery { search, filters, sort, after };
        self.busy.set(!gently);
        spawn_local(async move {
            let answer = match self.owner {
                Owner::Customer => wire::customers::list(query).await.map(Page::from),
                Owner::Inquiry => wire::inquiries::list(query).await.map(Page::from),
            };
            let answer = stores.heard(answer);
            // A later question has been asked: this answer is not wanted any more.
            if self.asked.get_value() != asked {
                return;
            }
            self.busy.set(false);
            match answer {
                Ok(new) => {
                    self.failed.set(None);
                    self.take(new, gently);
                }
                Err(why) => self.failed.set(Some(why)),
            }
        });
    }

    fn take(self, new: Page, gently: bool) {
        self.writers.update(|known| {
            for writer in new.writers() {
                if !known.iter().any(|(id, _)| *id == writer.0) {
                    known.push(writer);
                }
            }
        });
        let held = gently && self.touched.get_value();
        let new = match self.page.get_untracked() {
            Some(shown) if held => shown.refreshed(&new),
            Some(_) | None => new,
        };
        if self.page.with_untracked(|shown| shown.as_ref() != Some(&new)) {
            self.page.set(Some(new));
        }
    }

    /// The columns on display.
    pub(super) fn columns(self, fields: &Fields) -> Vec<Column> {
        self.chosen.with(|chosen| model::columns(chosen.as_deref(), self.owner, fields))
    }

    /// Chooses them, and has them remembered.
    pub(super) fn choose(self, stores: Stores, columns: Vec<Column>) {
        self.chosen.set(Some(columns.clone()));
        spawn_local(async move {
            if let Err(why) = stores.heard(wire::record_files::choose_columns(self.owner, columns).await) {
                self.failed.set(Some(why));
            }
        });
    }

    /// Ticks a row, or no longer.
    pub(super) fn tick(self, drawn: &model::Drawn) {
        let row = self.page.with_untracked(|page| {
            let rows = page.as_ref().map(|page| page.rows.as_slice()).unwrap_or_default();
            rows.iter().find(|row| row.customer == drawn.customer).cloned()
        });
        self.ticked.update(|ticked| match ticked.iter().position(|row| row.customer == drawn.customer) {
            Some(at) => drop(ticked.remove(at)),
            None => ticked.extend(row),
        });
    }
}

/// The defined fields, asked for again whenever they change; none until they are known.
pub(super) fn keep_fields(stores: Stores) -> RwSignal<Arc<Fields>> {
    let fields = RwSignal::new(Arc::new(Fields::default()));
    Effect::new(move || {
        stores.fields_changed.track();
        if stores.line.is_up() {
            spawn_local(async move {
                // What cannot be asked stays as it was: the next connection asks again. The page may be closed by now.
                if let Ok(known) = stores.heard(wire::records::fields().await) {
                    drop(fields.try_set(Arc::new(known)));
                }
            });
        }
    });
    fields
}
