//! The softphone as the views read it: one model, and the narrow signals made from it.

use domain::agents::Seat;
use domain::ids::ClientId;
use leptos::prelude::*;
use wire::ApiError;
use wire::events::{CallView, Media, QueueView};
use wire::settings::CallRules;

use super::commands::Pending;
use super::model::{Bar, Farewell, Surroundings, Telephony, only_in_calls};
use crate::realtime::LineStore;
use crate::session::SessionStore;

/// The softphone.
#[derive(Clone, Copy)]
pub(crate) struct TelephonyStore {
    model: RwSignal<Telephony>,
    /// What the bar shows.
    pub(crate) bar: Memo<Bar>,
    /// The softphone's seat.
    pub(crate) seat: Memo<Seat>,
    /// The own call, until its after-call work is left.
    pub(crate) call: Memo<Option<CallView>>,
    /// The call that rings here.
    pub(crate) offer: Memo<Option<CallView>>,
    /// The call that is dialled, up or held.
    pub(crate) live: Memo<Option<CallView>>,
    /// The call that last ended without the agent's doing.
    pub(crate) farewell: Memo<Option<Farewell>>,
    /// The own queues.
    pub(crate) queues: Memo<Vec<QueueView>>,
    /// The audio connection as the server sees it.
    pub(crate) media: Memo<Media>,
    /// Whether the softphone is logged in, and held by this tab.
    pub(crate) held_here: Memo<bool>,
    /// Whether the microphone is to be open (A31).
    pub(crate) wants_microphone: Memo<bool>,
    /// How the company wants calls handled; none until it is known.
    call_rules: RwSignal<Option<CallRules>>,
    /// Whether a call rings, is dialled, up or held.
    pub(crate) in_call: Memo<bool>,
    /// The request that is on its way.
    pub(crate) pending: RwSignal<Option<Pending>>,
    /// The request that came to nothing, and why.
    pub(crate) trouble: RwSignal<Option<(Pending, ApiError)>>,
    /// Whether the agent is being asked about leaving after-call work.
    pub(crate) leaving: RwSignal<bool>,
    /// Whether the call's popup is folded into the bar.
    pub(crate) folded: RwSignal<bool>,
}

impl TelephonyStore {
    /// Nothing is known yet.
    pub(crate) fn new(client: ClientId, session: SessionStore, line: LineStore) -> Self {
        let model = RwSignal::new(Telephony::default());
        let call_rules = RwSignal::new(None);
        let bar = Memo::new(move |_| {
            let me = session.me();
            model.with(|telephony| {
                Bar::of(
                    telephony,
                    Surroundings {
                        me: me.as_ref().map_or(domain::ids::UserId(uuid::Uuid::nil()), |me| me.user),
                        has_extension: me.is_some_and(|me| me.extension.is_some()),
                        here: client,
                        online: line.is_up(),
                    },
                )
            })
        });
        Self {
            model,
            bar,
            seat: Memo::new(move |_| model.with(|telephony| telephony.softphone.seat)),
            call: Memo::new(move |_| model.with(|telephony| telephony.call.clone())),
            offer: Memo::new(move |_| model.with(|telephony| telephony.offer().cloned())),
            live: Memo::new(move |_| model.with(|telephony| telephony.live().cloned())),
            farewell: Memo::new(move |_| model.with(|telephony| telephony.farewell.clone())),
            queues: Memo::new(move |_| model.with(|telephony| telephony.queues.clone())),
            media: Memo::new(move |_| model.with(|telephony| telephony.softphone.media)),
            held_here: Memo::new(move |_| {
                model.with(|telephony| telephony.logged_in() && !telephony.elsewhere(client))
            }),
            wants_microphone: Memo::new(move |_| {
                model.with(|telephony| telephony.wants_microphone(client, call_rules.get()))
            }),
            call_rules,
            in_call: Memo::new(move |_| model.with(Telephony::in_call)),
            pending: RwSignal::new(None),
            trouble: RwSignal::new(None),
            leaving: RwSignal::new(false),
            folded: RwSignal::new(false),
        }
    }

    /// Changes the model; called by `realtime::dispatch` alone.
    pub(crate) fn update(self, change: impl FnOnce(&mut Telephony)) {
        self.model.update(change);
    }

    /// Whether the microphone stays closed between calls (A31).
    pub(super) fn only_in_calls(self) -> bool {
        only_in_calls(self.call_rules.get_untracked())
    }

    /// How the company wants calls handled, as the server says; called by `realtime::dispatch` alone.
    pub(crate) fn keep_to(self, rules: CallRules) {
        self.call_rules.set(Some(rules));
    }

    /// Forgets everything: the next user of this tab is another one.
    pub(crate) fn forget(self) {
        self.model.set(Telephony::default());
        self.pending.set(None);
        self.trouble.set(None);
        self.leaving.set(false);
        self.folded.set(false);
    }

    /// The grey line has been seen.
    pub(crate) fn farewell_was_seen(self) {
        self.model.update(|telephony| telephony.farewell = None);
    }
}
