//! The port behind customers.

use std::sync::Arc;

use async_trait::async_trait;
use domain::ids::{CustomerId, InteractionId, MergeId};
use domain::phone::E164;
use domain::records::{Key, Owner, Value};
use domain::roles::Permission;
use domain::time::Timestamp;
use uuid::Uuid;
use wire::customers::{
    Candidate, Certificate, Customer, CustomerPage, CustomersPort, ListQuery, Merged, SaveCustomer, Saved, Timeline,
    Viewer,
};
use wire::events::DeskEvent;
use wire::records::Fields;
use wire::session::Actor;
use wire::{ApiError, ApiResult};

use super::merge::{self, Hand};
use super::save::{self, Pen};
use super::store::{self, Stored};
use super::viewers::Viewers;
use super::{Changed, Surroundings, erase};
use crate::audit::{self, Changes, Entry};
use crate::clock::Clock;
use crate::db::{Db, DbError};
use crate::realtime::Hub;
use crate::records::{Records, unmasked};
use crate::telephony::links;
use crate::telephony::numbers::NumberingPlan;

/// The customers, cheap to clone.
#[derive(Clone)]
pub struct Customers(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    hub: Hub,
    plan: NumberingPlan,
    records: Records,
    surroundings: Arc<dyn Surroundings>,
    viewers: Viewers,
}

impl Customers {
    /// Joins the slice to its database and its neighbours.
    pub fn new(
        db: Db,
        clock: Clock,
        hub: Hub,
        plan: NumberingPlan,
        records: Records,
        surroundings: Arc<dyn Surroundings>,
    ) -> Self {
        Self(Arc::new(Inner { db, clock, hub, plan, records, surroundings, viewers: Viewers::default() }))
    }

    pub(super) fn db(&self) -> &Db {
        &self.0.db
    }

    pub(super) fn plan(&self) -> NumberingPlan {
        self.0.plan
    }

    pub(super) fn surroundings(&self) -> &dyn Surroundings {
        self.0.surroundings.as_ref()
    }

    pub(super) async fn fields(&self) -> ApiResult<Fields> {
        self.0.records.all().await
    }

    async fn stored(&self, id: CustomerId) -> ApiResult<Stored> {
        store::one(self.db(), self.plan(), id).await?.ok_or(ApiError::NotFound)
    }

    fn hand(&self, actor: &Actor) -> Hand {
        Hand { by: actor.user, now: self.0.clock.now(), plan: self.plan() }
    }

    /// What is durable now is told to every desk.
    fn tell(&self, changed: Changed) {
        for customer in &changed.customers {
            self.0.hub.publish_all(&DeskEvent::CustomerChanged { customer: *customer });
        }
        self.surroundings().look_again(changed);
    }

    /// Refuses what an agent who has not had the call says of it as if there were none.
    async fn may_write_about(&self, actor: &Actor, call: InteractionId) -> ApiResult<()> {
        if self.surroundings().may_write_about(actor, call).await? { Ok(()) } else { Err(ApiError::NotFound) }
    }
}

#[async_trait]
impl CustomersPort for Customers {
    async fn customer(&self, actor: Actor, id: CustomerId) -> ApiResult<Customer> {
        actor.require(Permission::WorkAtDesk)?;
        Ok(save::customer(&self.fields().await?, self.stored(id).await?, actor.role))
    }

    async fn matches(&self, actor: Actor, number: E164) -> ApiResult<Vec<Candidate>> {
        actor.require(Permission::WorkAtDesk)?;
        let fields = self.fields().await?;
        let found = store::having(self.db(), self.plan(), &number).await?;
        Ok(found.into_iter().map(|stored| self.candidate(&fields, &stored)).collect())
    }

    async fn choose(&self, actor: Actor, call: InteractionId, customer: Option<CustomerId>) -> ApiResult<()> {
        actor.require(Permission::WorkAtDesk)?;
        self.may_write_about(&actor, call).await?;
        let plan = self.plan();
        let before = links::of(self.db(), call).await?.ok_or(ApiError::NotFound)?;
        let chosen = self
            .db()
            .write(move |tx| {
                Box::pin(async move {
                    let chosen = match customer {
                        Some(id) => Some(store::living(tx, plan, id).await?.ok_or(ApiError::NotFound)?),
                        None => None,
                    };
                    if links::settle(tx, call, chosen).await? { Ok(chosen) } else { Err(ApiError::NotFound) }
                })
            })
            .await?;
        let mut customers: Vec<CustomerId> = before.customer.into_iter().chain(chosen).collect();
        customers.dedup();
        self.tell(Changed { customers, numbers: Vec::new(), call: Some(call) });
        Ok(())
    }

    async fn save(&self, actor: Actor, save: SaveCustomer) -> ApiResult<Saved<Customer>> {
        actor.require(Permission::WorkAtDesk)?;
        let call = save.interaction;
        if let Some(call) = call {
            self.may_write_about(&actor, call).await?;
        }
        let pen = Pen { by: Some(actor.user), role: actor.role, now: self.0.clock.now(), plan: self.plan() };
        let outcome = self.db().write(move |tx| Box::pin(async move { save::save(tx, pen, save).await })).await?;
        if let Saved::Stored(customer) = &outcome.saved {
            self.tell(Changed { customers: vec![customer.id], numbers: outcome.numbers, call });
        }
        Ok(outcome.saved)
    }

    async fn unmask(&self, actor: Actor, id: CustomerId, key: Key) -> ApiResult<Option<Value>> {
        actor.require(Permission::WorkAtDesk)?;
        let (fields, stored) = (self.fields().await?, self.stored(id).await?);
        let value = unmasked(&fields, Owner::Customer, &stored.values, key, actor.role)?;
        let entry = Entry {
            who: Some(actor.user),
            what: "customer.unmasked",
            subject: stored.id.to_string(),
            changes: Changes::none().field("field", None, key.to_string()),
        };
        let now = self.0.clock.now();
        self.db().write::<_, DbError, _>(move |tx| Box::pin(audit::record(tx, now, entry))).await?;
        Ok(value)
    }

    async fn timeline(&self, actor: Actor, id: CustomerId, before: Option<Timestamp>) -> ApiResult<Timeline> {
        actor.require(Permission::WorkAtDesk)?;
        let customer = self.stored(id).await?.id;
        self.history(&actor, customer, before).await
    }

    async fn list(&self, actor: Actor, query: ListQuery) -> ApiResult<CustomerPage> {
        actor.require(Permission::WorkAtDesk)?;
        self.page(actor.role, &self.fields().await?, &query).await
    }

    async fn find(&self, actor: Actor, search: String) -> ApiResult<Vec<Candidate>> {
        actor.require(Permission::WorkAtDesk)?;
        self.few(&self.fields().await?, &search).await
    }

    async fn merge(&self, actor: Actor, keep: CustomerId, absorb: CustomerId, theirs: Vec<Key>) -> ApiResult<Merged> {
        actor.require(Permission::MergeAndErase)?;
        let (hand, id) = (self.hand(&actor), MergeId(Uuid::now_v7()));
        let stored = self
            .db()
            .write(move |tx| Box::pin(async move { merge::merge(tx, hand, id, (keep, absorb), &theirs).await }))
            .await?;
        let numbers = super::numbers(stored.values.get(&Key::Phones));
        self.tell(Changed { customers: vec![stored.id, absorb], numbers, call: None });
        Ok(Merged { id, customer: save::customer(&self.fields().await?, stored, actor.role) })
    }

    async fn undo_merge(&self, actor: Actor, merge: MergeId) -> ApiResult<()> {
        actor.require(Permission::MergeAndErase)?;
        let hand = self.hand(&actor);
        let both = self.db().write(move |tx| Box::pin(async move { merge::undo(tx, hand, merge).await })).await?;
        self.tell(Changed { customers: both.to_vec(), ..Changed::default() });
        Ok(())
    }

    async fn erase(&self, actor: Actor, id: CustomerId) -> ApiResult<Certificate> {
        actor.require(Permission::MergeAndErase)?;
        let hand = self.hand(&actor);
        let erased = self.db().write(move |tx| Box::pin(async move { erase::erase(tx, hand, id).await })).await?;
        self.surroundings().forget_files(erased.files).await;
        for call in erased.calls {
            self.surroundings().look_again(Changed { call: Some(call), ..Changed::default() });
        }
        self.tell(Changed { customers: erased.customers, numbers: erased.numbers, call: None });
        Ok(erased.certificate)
    }

    async fn viewing(&self, actor: Actor, id: Option<CustomerId>, editing: bool) -> ApiResult<Vec<Viewer>> {
        actor.require(Permission::WorkAtDesk)?;
        let others = self.0.viewers.say(actor.user, id, editing, self.0.clock.instant());
        if others.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<_> = others.iter().map(|(user, _)| *user).collect();
        let names = store::user_names(self.db(), &ids).await?;
        let viewer = |(id, editing): (domain::ids::UserId, bool)| {
            let (_, name) = names.iter().find(|(known, _)| *known == id)?;
            Some(Viewer { id, name: name.clone(), editing })
        };
        Ok(others.into_iter().filter_map(viewer).collect())
    }
}
