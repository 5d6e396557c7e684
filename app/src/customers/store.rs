//! Who is on display, with everything that must be asked of the server for it.

use domain::ids::{CustomerId, InteractionId};
use domain::records::Owner;
use domain::telephony::Call;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::ApiError;
use wire::customers::{Candidate, Viewer};
use wire::drafts::DraftOf;
use wire::events::CallView;

use super::model::{self, Missing, OnCall, Opened, Said, Target};
use crate::records::FormStore;
use crate::records::form::Form;
use crate::shell::Stores;
use crate::telephony::TelephonyStore;

/// Those who have the number of a call.
type Matches = Option<(InteractionId, Vec<Candidate>)>;

/// Who is on display.
#[derive(Clone, Copy)]
pub(crate) struct CustomersStore {
    /// What somebody opened.
    pub(crate) opened: RwSignal<Opened>,
    /// The own call, from its dialling or connecting on: ringing is the popup's.
    pub(crate) own: Memo<Option<OnCall>>,
    /// A past call that was opened.
    past: RwSignal<Option<OnCall>>,
    /// What the agent last said of a call.
    pub(crate) said: RwSignal<Said>,
    /// Whose record the pane shows.
    pub(crate) target: Memo<Target>,
    /// The record's form.
    pub(crate) record: FormStore,
    /// Why the record cannot be shown.
    pub(crate) failed: RwSignal<Option<ApiError>>,
    /// Those who have the own call's number, the ringing one's too.
    pub(crate) matches: RwSignal<Matches>,
    /// Who else has the record open.
    pub(crate) viewers: RwSignal<Vec<Viewer>>,
    /// The customer whose record, inquiries or history changed last; none: anybody's may have.
    pub(crate) changed: RwSignal<(Option<CustomerId>, u32)>,
    /// What the own call's after-call work still wants; none while that is not known.
    pub(crate) missing: RwSignal<Option<Missing>>,
}

fn on_call(view: &CallView) -> Option<OnCall> {
    match view.call {
        Call::Offered { .. } | Call::Waiting { .. } => None,
        Call::Dialling { .. } | Call::Connected { .. } | Call::Held { .. } | Call::Kept { .. } | Call::Ended { .. } => {
            Some(OnCall { id: view.id, party: view.party.clone() })
        }
    }
}

impl CustomersStore {
    /// Nobody is on display.
    pub(crate) fn new(telephony: TelephonyStore) -> Self {
        let opened = RwSignal::new(Opened::Nothing);
        let past = RwSignal::new(None::<OnCall>);
        let said = RwSignal::new(None);
        let own = Memo::new(move |_| telephony.call.with(|call| call.as_ref().and_then(on_call)));
        let target = Memo::new(move |_| {
            own.with(|own| past.with(|past| Target::of(opened.get(), own.as_ref(), past.as_ref(), said.get())))
        });
        Self {
            opened,
            own,
            past,
            said,
            target,
            record: FormStore::new(Owner::Customer),
            failed: RwSignal::new(None),
            matches: RwSignal::new(None),
            viewers: RwSignal::new(Vec::new()),
            changed: RwSignal::new((None, 0)),
            missing: RwSignal::new(None),
        }
    }

    /// A customer changed; called by `realtime::dispatch`.
    pub(crate) fn heard(self, customer: Option<CustomerId>) {
        self.changed.update(|(who, n)| {
            *who = customer;
            *n += 1;
        });
    }

    /// Another user on this tab starts with nothing of the one before.
    pub(crate) fn forget(self) {
        self.opened.set(Opened::Nothing);
        self.past.set(None);
        self.said.set(None);
        self.matches.set(None);
        self.missing.set(None);
        self.record.close();
    }

    /// Follows the call, the address and the changes of others. Called once, where the desk is mounted.
    pub(crate) fn keep(self, stores: Stores) {
        self.record.keep(stores);
        self.keep_past(stores);
        self.keep_matches(stores);
        self.keep_missing(stores);
        // S20: a call that is connected comes to the front, whatever was looked at.
        let own = Memo::new(move |_| self.own.with(|own| own.as_ref().map(|own| own.id)));
        Effect::new(move |before: Option<Option<InteractionId>>| {
            let now = own.get();
            if now.is_some() && before.flatten() != now && self.opened.get_untracked() != Opened::Nothing {
                self.opened.set(Opened::Nothing);
            }
            now
        });
        Effect::new(move || {
            let target = self.target.get();
            let known = stores.records.fields.with(Option::is_some);
            // What is being saved opens what it becomes by itself.
            if known && !self.record.busy.get() {
                self.show(stores, &target);
            }
        });
        Effect::new(move |before: Option<u32>| {
            let (who, n) = self.changed.get();
            let shown = self.target.get_untracked().customer();
            if before.is_some_and(|before| before != n) && shown.is_some() && (who.is_none() || who == shown) {
                self.load(stores, shown);
            }
            n
        });
    }

    /// Opens the record of whoever is on display, unless it is open already.
    fn show(self, stores: Stores, target: &Target) {
        let of = match target {
            Target::Nobody | Target::Pick { .. } => None,
            Target::Customer { id, .. } => Some(DraftOf::Customer(*id)),
            Target::Unregistered { call, .. } => Some(DraftOf::CallCustomer(*call)),
            Target::New => Some(DraftOf::NewCustomer),
        };
        if of.is_some() && of == self.record.of.get_untracked() {
            return;
        }
        self.failed.set(None);
        self.record.close();
        let Some(of) = of else { return };
        if let Target::Customer { id, .. } = target {
            self.load(stores, Some(*id));
            return;
        }
        let Some(fields) = stores.records.fields.get_untracked() else { return };
        let form = Form::new(Owner::Customer, fields, FormStore::new_id(stores, of));
        let number = if let Target::Unregistered { number, .. } = target { number.clone() } else { None };
        self.record.open(
            stores,
            of,
            match number {
                Some(number) => form.with_number(number),
                None => form,
            },
        );
    }

    /// Reads a record, or reads it anew under what is typed.
    pub(crate) fn load(self, stores: Stores, id: Option<CustomerId>) {
        let Some(id) = id else { return };
        spawn_local(async move {
            let answer = stores.heard(wire::customers::customer(id).await);
            let Some(fields) = stores.records.fields.get_untracked() else { return };
            if self.target.get_untracked().customer() != Some(id) || self.record.busy.get_untracked() {
                return;
            }
            let of = DraftOf::Customer(id);
            match answer {
                // It became another one by a merge.
                Ok(customer) if customer.id != id && self.opened.get_untracked() == Opened::Customer(id) => {
                    self.opened.set(Opened::Customer(customer.id));
                }
                Ok(customer) => {
                    self.failed.set(None);
                    let record = model::record(&customer);
                    if self.record.of.get_untracked() == Some(of) {
                        self.record.form.update(|form| form.refresh(record));
                    } else {
                        let id = domain::ids::RecordId(customer.id.0);
                        self.record.open(stores, of, Form::of(Owner::Customer, fields, id, record));
                    }
                }
                Err(why) if self.record.of.get_untracked() != Some(of) || why == ApiError::NotFound => {
                    self.record.close();
                    self.failed.set(Some(why));
                }
                // What is on display stays; the strip says that the line is cut.
                Err(_) => {}
            }
        });
    }

    /// Asks about a past call that was opened.
    fn keep_past(self, stores: Stores) {
        Effect::new(move || {
            self.changed.track();
            let Opened::Call(id) = self.opened.get() else {
                self.past.set(None);
                return;
            };
            if self.own.with_untracked(|own| own.as_ref().is_some_and(|own| own.id == id)) {
                return;
            }
            spawn_local(async move {
                let answer = stores.heard(wire::interactions::call(id).await);
                if self.opened.get_untracked() != Opened::Call(id) {
                    return;
                }
                match answer {
                    Ok(detail) => self.past.set(Some(OnCall { id, party: detail.row.party })),
                    Err(why) => self.failed.set(Some(why)),
                }
            });
        });
    }

    /// Asks who has the number of a call that rings or is on display.
    fn keep_matches(self, stores: Stores) {
        let wanted = Memo::new(move |_| {
            let number = |party: &wire::events::Party| {
                let known = party.candidates > 0 || party.customer.is_some();
                party.number.as_ref().filter(|_| known).map(|number| number.e164.clone())
            };
            let ringing =
                stores.telephony.offer.with(|offer| offer.as_ref().map(|offer| (offer.id, number(&offer.party))));
            let past = self.past.with(|past| past.as_ref().map(|past| (past.id, number(&past.party))));
            let own = self.own.with(|own| own.as_ref().map(|own| (own.id, number(&own.party))));
            match ringing.or(past).or(own) {
                Some((call, Some(number))) => Some((call, number)),
                Some((_, None)) | None => None,
            }
        });
        Effect::new(move || {
            let Some((call, number)) = wanted.get() else { return };
            spawn_local(async move {
                if let Ok(found) = stores.heard(wire::customers::matches(number).await)
                    && wanted.with_untracked(|wanted| wanted.as_ref().is_some_and(|(id, _)| *id == call))
                {
                    self.matches.set(Some((call, found)));
                }
            });
        });
    }

    /// Keeps what the own call's after-call work still wants.
    fn keep_missing(self, stores: Stores) {
        let over = Memo::new(move |_| {
            stores.telephony.call.with(|call| {
                call.as_ref().filter(|call| call.call.is_over()).map(|call| (call.id, call.party.customer))
            })
        });
        Effect::new(move || {
            self.changed.track();
            let Some((call, _)) = over.get() else {
                self.missing.set(None);
                return;
            };
            spawn_local(async move {
                if let Ok(missing) = self.look_for_missing(stores).await
                    && missing.as_ref().is_some_and(|missing| missing.call == call)
                {
                    self.missing.set(missing);
                }
            });
        });
    }

    /// Asks what the own call still wants; none where there is no call.
    ///
    /// # Errors
    /// That nobody knows.
    pub(crate) async fn look_for_missing(self, stores: Stores) -> Result<Option<Missing>, ApiError> {
        let call =
            stores.telephony.call.with_untracked(|call| call.as_ref().map(|call| (call.id, call.party.customer)));
        let Some((call, customer)) = call else { return Ok(None) };
        let customer = match customer {
            Some(id) => Some(stores.heard(wire::customers::customer(id).await)?),
            None => None,
        };
        let inquiries = stores.heard(wire::inquiries::of_interaction(call).await)?;
        let fields = stores.records.fields.get_untracked().unwrap_or_default();
        Ok(Some(Missing::of(call, customer.as_ref(), &fields, inquiries.len())))
    }
}
