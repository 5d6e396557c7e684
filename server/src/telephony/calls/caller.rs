//! Whose calls are: looked up beside the call, which never waits for it, and shown when it is known.

use domain::ids::{CustomerId, InteractionId, UserId};
use domain::phone::E164;
use wire::ApiResult;
use wire::events::{CallView, DeskEvent, Party};

use super::super::call_task::Letter;
use super::super::links::{self, Link};
use super::super::people::Caller;
use super::super::store::Line;
use super::Calls;

impl Calls {
    /// Begins to look whose a call is that has just begun.
    pub(super) fn look_up(&self, call: InteractionId, number: Option<E164>) {
        let Some(number) = number else { return };
        self.callers().insert(call, number.clone());
        self.identify(call, Some(number));
    }

    /// Looks again whose calls are: those with one of these customers or numbers, and this one.
    pub fn look_again(&self, customers: &[CustomerId], numbers: &[E164], call: Option<InteractionId>) {
        let mut found: Vec<(InteractionId, Option<E164>)> = Vec::new();
        for (id, number) in self.callers().iter() {
            if numbers.contains(number) || call == Some(*id) {
                found.push((*id, Some(number.clone())));
            }
        }
        for view in self.views().values() {
            let number = view.party.number.as_ref().map(|number| number.e164.clone());
            let concerned = call == Some(view.id)
                || view.party.customer.is_some_and(|customer| customers.contains(&customer))
                || number.as_ref().is_some_and(|number| numbers.contains(number));
            if concerned && found.iter().all(|(id, _)| *id != view.id) {
                found.push((view.id, number));
            }
        }
        for (id, number) in found {
            self.identify(id, number);
        }
    }

    /// Whether this user has the call on the desk.
    ///
    /// # Errors
    /// The database's, for after-call work that began before the server did.
    pub async fn is_on_desk(&self, user: UserId, call: InteractionId) -> ApiResult<bool> {
        Ok(self.call_view(user).await?.is_some_and(|view| view.id == call))
    }

    /// Whose a stored call is.
    pub(super) async fn caller_of(
        &self,
        call: InteractionId,
        number: Option<&E164>,
    ) -> ApiResult<(Caller, Option<Link>)> {
        let people = &self.with().people;
        let link = links::of(&self.with().db, call).await?;
        let caller = match (&link, number) {
            (Some(Link { customer: Some(customer), .. }), _) => {
                Caller { customer: Some(*customer), name: people.name(*customer).await?, candidates: 1 }
            }
            (Some(Link { settled: true, .. }), _) | (_, None) => Caller::default(),
            (_, Some(number)) => people.whose(number).await?,
        };
        Ok((caller, link))
    }

    fn identify(&self, call: InteractionId, number: Option<E164>) {
        let calls = self.clone();
        self.late().spawn(async move {
            match calls.caller_of(call, number.as_ref()).await {
                Ok((caller, link)) => calls.tell_of(call, &caller, link.as_ref()),
                Err(error) => {
                    tracing::error!(%call, %error, "whose call it is could not be looked up; it stays nobody's");
                }
            }
        });
    }

    fn tell_of(&self, call: InteractionId, caller: &Caller, link: Option<&Link>) {
        if let (Some(customer), true) = (caller.customer, link.is_none_or(|link| link.customer.is_none())) {
            // After the row itself, which may not be written yet.
            self.with().log.write(Line::Customer { call, customer });
        }
        // What was erased is not shown any more either.
        let erased = link.is_some_and(|link| link.number.is_none());
        let mailbox = self.live().get(&call).cloned();
        if let Some(mailbox) = mailbox {
            // A call that has just ended does not read it; its view is changed below.
            let _ = mailbox.send(Letter::Caller(caller.clone()));
        }
        let changed: Vec<(UserId, CallView)> = {
            let mut views = self.views();
            let theirs = views.iter_mut().filter(|(_, view)| view.id == call);
            let change = |(user, view): (&UserId, &mut CallView)| {
                let before = view.party.clone();
                let number = before.number.clone().filter(|_| !erased);
                view.party = party(number, caller.clone());
                (view.party != before).then(|| (*user, view.clone()))
            };
            theirs.filter_map(change).collect()
        };
        for (user, view) in changed {
            self.with().hub.publish(user, DeskEvent::Call { call: Box::new(view) });
        }
    }
}

/// The customer of a call as the desk shows them.
pub(in crate::telephony) fn party(number: Option<domain::phone::ShownNumber>, caller: Caller) -> Party {
    Party { number, name: caller.name, customer: caller.customer, candidates: caller.candidates }
}
