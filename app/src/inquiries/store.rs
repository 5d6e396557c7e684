//! The inquiry on display, with what must be asked of the server for it.

use domain::ids::{CustomerId, InquiryId, InteractionId, RecordId};
use domain::records::Owner;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::ApiError;
use wire::drafts::DraftOf;
use wire::inquiries::Inquiry;

use super::model::{self, Open, Place};
use crate::records::FormStore;
use crate::records::form::Form;
use crate::shell::Stores;

/// The inquiry on display.
#[derive(Clone, Copy)]
pub(crate) struct InquiriesStore {
    /// Its form.
    pub(crate) form: FormStore,
    /// The stored one that is open; none while a new one is written.
    pub(crate) open: RwSignal<Option<Open>>,
    /// For whom or what a new one is written.
    pub(crate) place: RwSignal<Place>,
    /// The one that is to be opened with the customer who is being opened.
    pub(crate) wanted: RwSignal<Option<InquiryId>>,
    /// Why it cannot be shown.
    pub(crate) failed: RwSignal<Option<ApiError>>,
    /// The file that is on its way up.
    pub(crate) sending: RwSignal<Option<String>>,
    /// What came of the last file, if nothing.
    pub(crate) refused: RwSignal<Option<String>>,
}

impl InquiriesStore {
    /// None.
    pub(crate) fn new() -> Self {
        Self {
            form: FormStore::new(Owner::Inquiry),
            open: RwSignal::new(None),
            place: RwSignal::new(Place::Nowhere),
            wanted: RwSignal::new(None),
            failed: RwSignal::new(None),
            sending: RwSignal::new(None),
            refused: RwSignal::new(None),
        }
    }

    /// Another user on this tab starts with nothing of the one before.
    pub(crate) fn forget(self) {
        self.wanted.set(None);
        self.close();
        self.place.set(Place::Nowhere);
    }

    /// Follows whoever is on display. Called once, where the desk is mounted.
    pub(crate) fn keep(self, stores: Stores) {
        self.form.keep(stores);
        let place = Memo::new(move |_| stores.customers.target.with(Place::of));
        Effect::new(move |before: Option<Option<Place>>| {
            let place = place.get();
            if stores.records.fields.with(Option::is_none) {
                return None;
            }
            if before.flatten() != Some(place) {
                self.place.set(place);
                self.close();
                match place {
                    Place::Nowhere => {}
                    Place::Call(call) => self.about_call(stores, call),
                    Place::Customer(_) => self.write_new(stores, place),
                }
            }
            Some(place)
        });
        // What the address or a draft asked for, once its customer is on display.
        Effect::new(move || {
            let (wanted, place) = (self.wanted.get(), self.place.get());
            if let Some(id) = wanted
                && place != Place::Nowhere
            {
                self.wanted.set(None);
                self.load(stores, id);
            }
        });
        // Somebody changed it, perhaps: what is typed stays typed over it.
        Effect::new(move |before: Option<u32>| {
            let (who, n) = stores.customers.changed.get();
            let open = self.open.get_untracked();
            if let Some(open) = open
                && before.is_some_and(|before| before != n)
                && (who.is_none() || who == Some(open.customer))
            {
                self.load(stores, open.id);
            }
            n
        });
    }

    fn close(self) {
        self.form.close();
        self.open.set(None);
        self.failed.set(None);
    }

    /// Whether this stored one is on display.
    pub(crate) fn is_open(self, id: InquiryId) -> bool {
        self.open.with(|open| open.as_ref().is_some_and(|open| open.id == id))
    }

    /// Whose the inquiry is, or will be.
    pub(crate) fn customer(self, stores: Stores) -> Option<CustomerId> {
        let of_open = self.open.with(|open| open.as_ref().map(|open| open.customer));
        of_open.or_else(|| stores.customers.target.with(crate::customers::model::Target::customer))
    }

    /// An empty form, or what was typed in it before.
    pub(crate) fn write_new(self, stores: Stores, place: Place) {
        let (Some(of), Some(fields)) = (place.draft(), stores.records.fields.get_untracked()) else { return };
        self.close();
        self.place.set(place);
        self.form.open(stores, of, Form::new(Owner::Inquiry, fields, FormStore::new_id(stores, of)));
    }

    /// The one that was written about a call, to be changed; a new one, where there is none or one is half-written.
    pub(crate) fn about_call(self, stores: Stores, call: InteractionId) {
        if stores.records.draft(DraftOf::CallInquiry(call)).is_some() {
            self.write_new(stores, Place::Call(call));
            return;
        }
        self.close();
        self.place.set(Place::Call(call));
        spawn_local(async move {
            let answer = stores.heard(wire::inquiries::of_interaction(call).await);
            // Something else may have been opened meanwhile.
            if self.place.get_untracked() != Place::Call(call) || self.form.of.get_untracked().is_some() {
                return;
            }
            match answer.map(|written| written.into_iter().next_back()) {
                Ok(Some(inquiry)) => self.open(stores, &inquiry),
                // A call that was never stored is written about all the same: what is typed is kept.
                Ok(None) | Err(_) => self.write_new(stores, Place::Call(call)),
            }
        });
    }

    /// Opens a stored one.
    pub(crate) fn open(self, stores: Stores, inquiry: &Inquiry) {
        let Some(fields) = stores.records.fields.get_untracked() else { return };
        let of = DraftOf::Inquiry(inquiry.id);
        let record = model::record(inquiry);
        self.failed.set(None);
        self.open.set(Some(Open::of(inquiry)));
        if self.form.of.get_untracked() == Some(of) {
            self.form.form.update(|form| form.refresh(record));
        } else {
            let id = RecordId(inquiry.id.0);
            self.form.open(stores, of, Form::of(Owner::Inquiry, fields, id, record));
        }
    }

    fn load(self, stores: Stores, id: InquiryId) {
        spawn_local(async move {
            let busy = |store: Self| store.form.busy.get_untracked();
            match stores.heard(wire::inquiries::inquiry(id).await) {
                Ok(_) if busy(self) => {}
                Ok(inquiry) => self.open(stores, &inquiry),
                Err(ApiError::NotFound) => {
                    self.close();
                    self.failed.set(Some(ApiError::NotFound));
                }
                // What is on display stays; the strip says that the line is cut.
                Err(_) => {}
            }
        });
    }
}
