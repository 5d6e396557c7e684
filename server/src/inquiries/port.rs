//! The port behind inquiries.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::ids::{CustomerId, FileId, InquiryId, InteractionId};
use domain::records::{Key, Owner, Value, missing};
use domain::roles::Permission;
use domain::time::Timestamp;
use wire::customers::{ListQuery, Saved};
use wire::events::DeskEvent;
use wire::inquiries::{InquiriesPort, Inquiry, InquiryPage, SaveInquiry, Unwritten};
use wire::records::Fields;
use wire::session::Actor;
use wire::{ApiError, ApiResult, Problem};

use super::save::{self, Pen};
use super::{Surroundings, store};
use crate::audit::{self, Changes, Entry};
use crate::clock::Clock;
use crate::db::{Db, DbError};
use crate::files::Files;
use crate::realtime::Hub;
use crate::records::{Records, unmasked};
use crate::telephony::numbers::NumberingPlan;

/// How long a file waits for its inquiry.
const LOOSE_FOR: Duration = Duration::from_hours(24);

/// The inquiries, cheap to clone.
#[derive(Clone)]
pub struct Inquiries(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    hub: Hub,
    plan: NumberingPlan,
    records: Records,
    files: Files,
    surroundings: Arc<dyn Surroundings>,
}

impl Inquiries {
    /// Joins the slice to its database, its files and its neighbours.
    pub fn new(
        db: Db,
        clock: Clock,
        hub: Hub,
        plan: NumberingPlan,
        records: Records,
        files: Files,
        surroundings: Arc<dyn Surroundings>,
    ) -> Self {
        Self(Arc::new(Inner { db, clock, hub, plan, records, files, surroundings }))
    }

    pub(super) fn db(&self) -> &Db {
        &self.0.db
    }

    pub(super) fn files(&self) -> &Files {
        &self.0.files
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(super) fn plan(&self) -> NumberingPlan {
        self.0.plan
    }

    pub(super) async fn fields(&self) -> ApiResult<Fields> {
        self.0.records.all().await
    }

    /// A customer's inquiries that were made before then, latest first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn of_customer(
        &self,
        actor: &Actor,
        customer: CustomerId,
        before: Timestamp,
        limit: usize,
    ) -> ApiResult<Vec<Inquiry>> {
        let fields = self.fields().await?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = store::of_customer(self.db(), self.plan(), customer, before, limit).await?;
        Ok(found.into_iter().map(|stored| save::inquiry(&fields, stored, actor.role)).collect())
    }

    /// What a call lacks, whoever asks.
    ///
    /// # Errors
    /// The database failed.
    pub async fn lacks(&self, call: InteractionId) -> ApiResult<Unwritten> {
        let fields = self.fields().await?;
        let customer = self.0.surroundings.customer_of(call).await?;
        let required = customer.as_ref().map(|(_, values)| missing(&fields.customer, |key| values.contains_key(&key)));
        Ok(Unwritten {
            customer: customer.is_none(),
            required: required.unwrap_or_default(),
            inquiry: !store::any_of_call(self.db(), call).await?,
        })
    }

    /// Forgets files that nothing names any more: those that no inquiry took within a day, and those of erased ones.
    ///
    /// # Errors
    /// The database failed; the next sweep goes on.
    pub async fn sweep(&self) -> ApiResult<()> {
        let now = self.0.clock.now();
        let before = Timestamp(now.0.saturating_sub(i64::try_from(LOOSE_FOR.as_millis()).unwrap_or(i64::MAX)));
        for file in store::loose(self.db(), before).await? {
            if !self.0.surroundings.names_file(file).await? {
                self.forget_file(file).await?;
            }
        }
        Ok(())
    }

    /// Forgets these files, as far as no inquiry has them. What fails is forgotten by a sweep.
    pub async fn forget_files(&self, files: Vec<FileId>) {
        for file in files {
            if let Err(error) = self.forget_file(file).await {
                tracing::error!(%file, %error, "a file could not be forgotten; the next sweep tries again");
            }
        }
    }

    /// The row says so first: should the bytes stay behind, the next sweep finds them.
    async fn forget_file(&self, file: FileId) -> ApiResult<()> {
        let condemned = self.db().write::<_, DbError, _>(move |tx| Box::pin(store::condemn(tx, file))).await?;
        if condemned {
            self.0.files.delete(file).await.map_err(|error| {
                tracing::error!(%file, %error, "the bytes of a file could not be deleted");
                ApiError::Unavailable
            })?;
            self.db().write::<_, DbError, _>(move |tx| Box::pin(store::drop_file(tx, file))).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl InquiriesPort for Inquiries {
    async fn inquiry(&self, actor: Actor, id: InquiryId) -> ApiResult<Inquiry> {
        actor.require(Permission::WorkAtDesk)?;
        let stored = store::one(self.db(), self.plan(), id).await?.ok_or(ApiError::NotFound)?;
        Ok(save::inquiry(&self.fields().await?, stored, actor.role))
    }

    async fn of_interaction(&self, actor: Actor, call: InteractionId) -> ApiResult<Vec<Inquiry>> {
        actor.require(Permission::WorkAtDesk)?;
        if !self.0.surroundings.may_write_about(&actor, call).await? {
            return Err(ApiError::NotFound);
        }
        let fields = self.fields().await?;
        let found = store::of_call(self.db(), self.plan(), call).await?;
        Ok(found.into_iter().map(|stored| save::inquiry(&fields, stored, actor.role)).collect())
    }

    async fn save(&self, actor: Actor, save: SaveInquiry) -> ApiResult<Saved<Inquiry>> {
        actor.require(Permission::WorkAtDesk)?;
        // Whoever changes an inquiry about somebody else's call writes nothing new about that call.
        if let (Some(call), None) = (save.interaction, save.version)
            && !self.0.surroundings.may_write_about(&actor, call).await?
        {
            return Err(ApiError::field("interaction", Problem::Unknown));
        }
        let pen = Pen { by: actor.user, role: actor.role, now: self.0.clock.now(), plan: self.plan() };
        let call = save.interaction;
        let saved = self.db().write(move |tx| Box::pin(async move { save::save(tx, pen, save).await })).await?;
        if let Saved::Stored(inquiry) = &saved {
            self.0.hub.publish_all(&DeskEvent::CustomerChanged { customer: inquiry.customer });
            if let Some(call) = call {
                self.0.surroundings.look_again(call);
            }
        }
        Ok(saved)
    }

    async fn unmask(&self, actor: Actor, id: InquiryId, key: Key) -> ApiResult<Option<Value>> {
        actor.require(Permission::WorkAtDesk)?;
        let fields = self.fields().await?;
        let stored = store::one(self.db(), self.plan(), id).await?.ok_or(ApiError::NotFound)?;
        let value = unmasked(&fields, Owner::Inquiry, &stored.values, key, actor.role)?;
        let entry = Entry {
            who: Some(actor.user),
            what: "inquiry.unmasked",
            subject: stored.id.to_string(),
            changes: Changes::none().field("field", None, key.to_string()),
        };
        let now = self.0.clock.now();
        self.db().write::<_, DbError, _>(move |tx| Box::pin(audit::record(tx, now, entry))).await?;
        Ok(value)
    }

    async fn unwritten(&self, actor: Actor, call: InteractionId) -> ApiResult<Unwritten> {
        actor.require(Permission::WorkAtDesk)?;
        if !self.0.surroundings.may_write_about(&actor, call).await? {
            return Err(ApiError::NotFound);
        }
        self.lacks(call).await
    }

    async fn list(&self, actor: Actor, query: ListQuery) -> ApiResult<InquiryPage> {
        actor.require(Permission::WorkAtDesk)?;
        self.page(actor.role, &self.fields().await?, &query).await
    }
}
