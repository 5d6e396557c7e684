//! One open form: its state, its draft, how saving goes.

use std::sync::Arc;

use domain::ids::RecordId;
use domain::records::Owner;
use domain::time::Timestamp;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::ApiError;
use wire::drafts::{DraftOf, Typed};
use wire::records::{Attachment, Fields, Stamp};

use super::form::model::Typed as Changed;
use super::form::{Act, Form};
use crate::platform::clipboard;
use crate::shell::Stores;
use crate::text::Text;
use crate::ui::Toasts;

/// An open form.
#[derive(Clone, Copy)]
pub(crate) struct FormStore {
    /// Its state.
    pub(crate) form: RwSignal<Form>,
    /// Whose draft it writes; none while nothing is open.
    pub(crate) of: RwSignal<Option<DraftOf>>,
    /// Saving is under way.
    pub(crate) busy: RwSignal<bool>,
    /// When it was last saved here.
    pub(crate) saved_at: RwSignal<Option<Timestamp>>,
    /// What the last try came to, if to nothing.
    pub(crate) trouble: RwSignal<Option<ApiError>>,
    /// The heading bears a quiet mark: the focus would have come here.
    pub(crate) marked: RwSignal<bool>,
}

/// What was sent to be saved.
pub(crate) struct Sent {
    /// Whose draft it was.
    pub(crate) of: DraftOf,
    changed: Changed,
    files: Option<Vec<Attachment>>,
}

impl FormStore {
    /// Nothing is open.
    pub(crate) fn new(owner: Owner) -> Self {
        Self {
            form: RwSignal::new(Form::new(owner, Arc::new(Fields::default()), RecordId(uuid::Uuid::nil()))),
            of: RwSignal::new(None),
            busy: RwSignal::new(false),
            saved_at: RwSignal::new(None),
            trouble: RwSignal::new(None),
            marked: RwSignal::new(false),
        }
    }

    /// Opens a form, with what was typed in it before.
    pub(crate) fn open(self, stores: Stores, of: DraftOf, mut form: Form) {
        if let Some(draft) = stores.records.draft(of) {
            form.restore(draft.fields, draft.attachments);
        }
        self.form.set(form);
        self.of.set(Some(of));
        self.saved_at.set(None);
        self.trouble.set(None);
        self.marked.set(false);
    }

    /// Closes it; what was typed is kept.
    pub(crate) fn close(self) {
        if self.of.get_untracked().is_some() {
            self.of.set(None);
        }
    }

    /// The id under which a new record is made: the draft's, so that saved twice it is made once.
    pub(crate) fn new_id(stores: Stores, of: DraftOf) -> RecordId {
        stores.records.draft(of).map_or_else(|| RecordId(uuid::Uuid::new_v4()), |draft| draft.id)
    }

    /// Follows drafts that come from elsewhere, and other definitions of the fields. Called once.
    pub(crate) fn keep(self, stores: Stores) {
        Effect::new(move || {
            stores.records.from_elsewhere.track();
            let Some(of) = self.of.get_untracked().filter(|_| !self.busy.get_untracked()) else { return };
            let (fields, files) =
                stores.records.draft(of).map(|draft| (draft.fields, draft.attachments)).unwrap_or_default();
            let same = self.form.with_untracked(|form| *form.typed() == fields && form.typed_files() == files.as_ref());
            if !same {
                self.form.update(|form| form.restore(fields, files));
            }
        });
        Effect::new(move || {
            if let Some(fields) = stores.records.fields.get() {
                self.form.update(|form| form.redefine(fields));
            }
        });
    }

    /// Something was done in it that concerns any form; what only its owner can do is handed back.
    pub(crate) fn act(self, stores: Stores, text: Text, toasts: Toasts, act: Act) -> Option<Act> {
        match act {
            Act::Dial(number) => stores.dialler.open_with(stores, number),
            Act::Copy(digits) => spawn_local(async move {
                if clipboard::copy(&digits).await {
                    toasts.say(text.get_untracked().copied);
                }
            }),
            Act::Unmask(_) => return Some(act),
            Act::Enter(..) => {
                self.form.update(|form| form.act(&act));
                self.keep_draft(stores);
            }
            Act::Replace(_) | Act::Take(..) => self.form.update(|form| form.act(&act)),
        }
        None
    }

    /// Sets an inquiry's files.
    pub(crate) fn set_files(self, stores: Stores, files: Vec<Attachment>) {
        self.form.update(|form| form.set_files(files));
        self.keep_draft(stores);
    }

    /// Keeps what is typed now, or forgets the draft where nothing is.
    pub(crate) fn keep_draft(self, stores: Stores) {
        let Some(of) = self.of.get_untracked() else { return };
        let typed = self.form.with_untracked(|form| {
            form.is_dirty().then(|| Typed {
                id: form.id(),
                version: form.version(),
                fields: form.typed().clone(),
                attachments: form.typed_files().cloned(),
            })
        });
        if typed.is_some() || stores.records.draft(of).is_some() {
            stores.records.typed(stores, of, typed);
        }
    }

    /// 元に戻す: the draft is discarded, and can be had back for as long as the toast stays.
    pub(crate) fn discard(self, stores: Stores, text: Text, toasts: Toasts) {
        let Some(of) = self.of.get_untracked() else { return };
        let (fields, files) = self.form.with_untracked(|form| (form.typed().clone(), form.typed_files().cloned()));
        let put = move |fields: Changed, files: Option<Vec<Attachment>>| {
            if self.of.get_untracked() == Some(of) {
                self.form.update(|form| form.restore(fields, files));
                self.keep_draft(stores);
            }
        };
        put(Changed::new(), None);
        self.trouble.set(None);
        toasts.done(text.get_untracked().draft_discarded, move || put(fields.clone(), files.clone()));
    }

    /// Before it is sent: what it holds, or nothing where it cannot be saved now.
    pub(crate) fn begin(self) -> Option<Sent> {
        let of = self.of.get_untracked()?;
        if self.busy.get_untracked() || self.form.with_untracked(Form::must_choose) {
            return None;
        }
        if self.form.with_untracked(Form::in_conflict) {
            self.form.update(Form::settle);
        }
        self.busy.set(true);
        self.trouble.set(None);
        let (changed, files) = self.form.with_untracked(|form| (form.typed().clone(), form.typed_files().cloned()));
        Some(Sent { of, changed, files })
    }

    /// It is stored, and its draft is `now`'s from here on.
    pub(crate) fn stored(self, stores: Stores, sent: &Sent, now: DraftOf, record: super::form::model::Record) {
        self.form.update(|form| form.saved(record, &sent.changed, sent.files.as_ref()));
        if stores.records.draft(sent.of).is_some() {
            stores.records.typed(stores, sent.of, None);
        }
        self.of.set(Some(now));
        self.keep_draft(stores);
        self.saved_at.set(Some(stores.clock.now()));
        self.marked.set(false);
        self.busy.set(false);
    }

    /// Somebody else saved other values first.
    pub(crate) fn clashed(
        self,
        stores: Stores,
        record: super::form::model::Record,
        conflicts: Vec<domain::records::Conflict>,
    ) {
        let me = stores.session.me_untracked();
        let me = Stamp { at: stores.clock.now(), by: me.as_ref().map(|me| me.user), name: me.map(|me| me.name) };
        self.form.update(|form| form.clashed(record, conflicts, &me));
        self.busy.set(false);
    }

    /// It was not stored.
    pub(crate) fn failed(self, why: ApiError) {
        if let ApiError::Invalid { fields } = &why {
            self.form.update(|form| form.wrong(fields));
        }
        self.trouble.set(Some(why));
        self.busy.set(false);
    }
}
