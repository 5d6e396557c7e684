//! Customers, inquiries, their fields and drafts, joined with each other and with the calls.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use axum::Router;
use domain::ids::{CustomerId, FileId, InteractionId, UserId};
use domain::phone::E164;
use domain::records::{Entered, Key, Owner, Values};
use domain::time::Timestamp;
use leptos::prelude::provide_context;
use tokio_util::sync::CancellationToken;
use wire::customers::{CustomersPort, ListQuery};
use wire::drafts::DraftsPort;
use wire::events::DeskEvent;
use wire::inquiries::{InquiriesPort, Inquiry};
use wire::interactions::CallRow;
use wire::record_files::{Duplicates, RecordFilesPort};
use wire::records::{Fields, FieldsPort};
use wire::session::Actor;
use wire::{ApiError, ApiResult};

use super::SWEEP_EVERY;
use crate::clock::Clock;
use crate::customers::{self, Arrival, Bringer, Changed, Customers, WhenThere, Whose};
use crate::db::{Db, Tx};
use crate::demo;
use crate::drafts::Drafts;
use crate::files::Files;
use crate::http::Edge;
use crate::inquiries::{self, Inquiries};
use crate::interactions::{self, Interactions};
use crate::realtime::Hub;
use crate::record_files::{self, Line, RecordFiles, Taken};
use crate::records::{Records, fields_in};
use crate::telephony::calls::Calls;
use crate::telephony::links;
use crate::telephony::numbers::NumberingPlan;
use crate::telephony::people::{Caller, People};

/// The slices of records, cheap to clone.
#[derive(Clone)]
pub struct RecordDesks {
    pub(crate) records: Arc<Records>,
    pub(crate) customers: Arc<Customers>,
    pub(crate) inquiries: Arc<Inquiries>,
    drafts: Arc<Drafts>,
    pub(crate) files: RecordFiles,
    joins: Arc<Joins>,
}

/// What they ask of each other and of the calls.
struct Joins {
    db: Db,
    clock: Clock,
    hub: Hub,
    plan: NumberingPlan,
    records: Records,
    drafts: Drafts,
    slices: OnceLock<(Customers, Inquiries)>,
    calls: OnceLock<(Calls, Interactions)>,
}

impl RecordDesks {
    /// Joins the slices with each other; the calls come later ([`Self::join`]).
    pub fn new(db: Db, clock: Clock, hub: Hub, plan: NumberingPlan, files: Files) -> Self {
        let drafts = Drafts::new(db.clone(), clock.clone(), hub.clone());
        let records = Records::new(db.clone(), clock.clone(), hub.clone(), plan);
        let joins = Arc::new(Joins {
            db: db.clone(),
            clock: clock.clone(),
            hub: hub.clone(),
            plan,
            records: records.clone(),
            drafts: drafts.clone(),
            slices: OnceLock::new(),
            calls: OnceLock::new(),
        });
        let customers =
            Customers::new(db.clone(), clock.clone(), hub.clone(), plan, records.clone(), Arc::<Joins>::clone(&joins));
        let record_files = RecordFiles::new(db.clone(), clock.clone(), hub.clone(), Arc::<Joins>::clone(&joins));
        let inquiries = Inquiries::new(db, clock, hub, plan, records.clone(), files, Arc::<Joins>::clone(&joins));
        joins.slices.set((customers.clone(), inquiries.clone())).ok();
        Self {
            records: Arc::new(records),
            customers: Arc::new(customers),
            inquiries: Arc::new(inquiries),
            drafts: Arc::new(drafts),
            files: record_files,
            joins,
        }
    }

    /// Names the calls, which are made after those who ask for them.
    pub fn join(&self, calls: Calls, interactions: Interactions) {
        self.joins.calls.set((calls, interactions)).ok();
    }

    /// Who tells calls whose they are.
    pub fn people(&self) -> Arc<dyn People> {
        Arc::<Joins>::clone(&self.joins)
    }

    /// Who tells the list of calls whose they are.
    pub fn callers(&self) -> Arc<dyn interactions::Callers> {
        Arc::<Joins>::clone(&self.joins)
    }

    /// The customers.
    pub fn customers(&self) -> &Customers {
        &self.customers
    }

    /// The inquiries.
    pub fn inquiries(&self) -> &Inquiries {
        &self.inquiries
    }

    /// Fields, customers and inquiries of the demo, where there are none yet.
    pub(super) async fn seed_demo(&self) -> ApiResult<()> {
        demo::seed_records(self.records.as_ref(), self.customers.as_ref(), self.inquiries.as_ref()).await
    }

    pub(super) fn routes(&self) -> Router<Edge> {
        inquiries::routes(Inquiries::clone(&self.inquiries)).merge(record_files::routes(self.files.clone()))
    }

    /// Puts the ports into the context of a server function.
    pub(super) fn provide(&self) {
        provide_context::<Arc<dyn FieldsPort>>(Arc::<Records>::clone(&self.records));
        provide_context::<Arc<dyn CustomersPort>>(Arc::<Customers>::clone(&self.customers));
        provide_context::<Arc<dyn InquiriesPort>>(Arc::<Inquiries>::clone(&self.inquiries));
        provide_context::<Arc<dyn DraftsPort>>(Arc::<Drafts>::clone(&self.drafts));
        provide_context::<Arc<dyn RecordFilesPort>>(Arc::new(self.files.clone()));
    }

    /// Carries imports out until `stop`.
    pub(super) async fn import(self, stop: CancellationToken) {
        self.files.run(stop).await;
    }

    /// Forgets files that nothing names, now and then, until `stop`.
    pub(super) async fn sweep(self, clock: Clock, stop: CancellationToken) {
        loop {
            if let Err(error) = self.inquiries.sweep().await {
                tracing::error!(%error, "loose files could not be swept; the next sweep tries again");
            }
            tokio::select! {
                () = clock.sleep(SWEEP_EVERY) => {}
                () = stop.cancelled() => return,
            }
        }
    }
}

impl Joins {
    fn slices(&self) -> ApiResult<&(Customers, Inquiries)> {
        self.slices.get().ok_or(ApiError::Unavailable)
    }

    fn calls(&self) -> ApiResult<&(Calls, Interactions)> {
        self.calls.get().ok_or(ApiError::Unavailable)
    }

    async fn may_write(&self, actor: &Actor, call: InteractionId) -> ApiResult<bool> {
        let (calls, interactions) = self.calls()?;
        Ok(calls.is_on_desk(actor.user, call).await? || interactions.sees(actor, call).await?)
    }
}

fn caller(whose: Option<Whose>) -> Caller {
    let Whose { candidates, only } = whose.unwrap_or_default();
    let (customer, name) = only.map_or((None, None), |known| (Some(known.id), named(known.name)));
    Caller { customer, name, candidates }
}

fn named(name: String) -> Option<String> {
    Some(name).filter(|name| !name.is_empty())
}

#[async_trait]
impl People for Joins {
    async fn whose(&self, number: &E164) -> ApiResult<Caller> {
        let (customers, _) = self.slices()?;
        Ok(caller(Some(customers.whose(number).await?)))
    }

    async fn name(&self, customer: CustomerId) -> ApiResult<Option<String>> {
        let (customers, _) = self.slices()?;
        Ok(customers.names(&[customer]).await?.remove(&customer).and_then(named))
    }

    async fn is_unwritten(&self, call: InteractionId) -> ApiResult<bool> {
        let (_, inquiries) = self.slices()?;
        Ok(!inquiries.lacks(call).await?.is_complete())
    }

    async fn has_draft(&self, user: UserId, call: InteractionId) -> ApiResult<bool> {
        self.drafts.about_call(user, call).await
    }
}

#[async_trait]
impl interactions::Callers for Joins {
    async fn callers(&self, calls: &[interactions::Call]) -> ApiResult<Vec<Caller>> {
        let (customers, _) = self.slices()?;
        let linked: Vec<CustomerId> = calls.iter().filter_map(|call| call.customer).collect();
        let open = calls.iter().filter(|call| call.customer.is_none() && !call.settled);
        let numbers: Vec<E164> = open.filter_map(|call| call.number.clone()).collect();
        let names: HashMap<CustomerId, String> = customers.names(&linked).await?;
        let whose = customers.all_whose(&numbers).await?;
        let of = |call: &interactions::Call| match (call.customer, &call.number) {
            (Some(id), _) => {
                Caller { customer: Some(id), name: names.get(&id).cloned().and_then(named), candidates: 1 }
            }
            (None, Some(number)) if !call.settled => caller(whose.get(number).cloned()),
            (None, Some(_) | None) => Caller::default(),
        };
        Ok(calls.iter().map(of).collect())
    }
}

#[async_trait]
impl customers::Surroundings for Joins {
    async fn may_write_about(&self, actor: &Actor, call: InteractionId) -> ApiResult<bool> {
        self.may_write(actor, call).await
    }

    async fn calls_of(&self, customer: CustomerId, before: Timestamp, limit: usize) -> ApiResult<Vec<CallRow>> {
        let (_, interactions) = self.calls()?;
        interactions.of_customer(customer, before, limit).await
    }

    async fn inquiries_of(
        &self,
        actor: &Actor,
        customer: CustomerId,
        before: Timestamp,
        limit: usize,
    ) -> ApiResult<Vec<Inquiry>> {
        let (_, inquiries) = self.slices()?;
        inquiries.of_customer(actor, customer, before, limit).await
    }

    fn look_again(&self, changed: Changed) {
        if let Ok((calls, _)) = self.calls() {
            calls.look_again(&changed.customers, &changed.numbers, changed.call);
        }
    }

    async fn forget_files(&self, files: Vec<FileId>) {
        if let Ok((_, inquiries)) = self.slices() {
            inquiries.forget_files(files).await;
        }
    }
}

#[async_trait]
impl inquiries::Surroundings for Joins {
    async fn may_write_about(&self, actor: &Actor, call: InteractionId) -> ApiResult<bool> {
        self.may_write(actor, call).await
    }

    async fn customer_of(&self, call: InteractionId) -> ApiResult<Option<(CustomerId, Values)>> {
        let Some(customer) = links::of(&self.db, call).await?.and_then(|link| link.customer) else { return Ok(None) };
        let (customers, _) = self.slices()?;
        Ok(customers.record(customer).await?.map(|values| (customer, values)))
    }

    fn look_again(&self, call: InteractionId) {
        if let Ok((calls, _)) = self.calls() {
            calls.look_again(&[], &[], Some(call));
        }
    }

    async fn names_file(&self, file: FileId) -> ApiResult<bool> {
        self.drafts.names_file(file).await
    }
}

#[async_trait]
impl record_files::Records for Joins {
    async fn fields(&self) -> ApiResult<Fields> {
        self.records.all().await
    }

    async fn take(
        &self,
        tx: &mut Tx,
        by: Option<UserId>,
        entered: Vec<(Key, Entered)>,
        how: Duplicates,
    ) -> ApiResult<Taken> {
        let fields = fields_in(tx).await?;
        let bringer = Bringer { by, now: self.clock.now(), plan: self.plan };
        let when_there = match how {
            Duplicates::Ask | Duplicates::Skip => WhenThere::Say,
            Duplicates::Update => WhenThere::Update,
            Duplicates::Create => WhenThere::Create,
        };
        Ok(match customers::arrive(tx, bringer, &fields, entered, when_there).await? {
            Arrival::Created => Taken::Created,
            Arrival::Updated => Taken::Updated,
            Arrival::There(_) if how == Duplicates::Skip => Taken::Skipped,
            Arrival::There(id) => Taken::Duplicate(id),
            Arrival::Wrong(wrong) => Taken::Refused(wrong),
        })
    }

    fn taken(&self) {
        // Thousands of customers: whoever shows calls reads them anew, rather than hearing of each.
        self.hub.publish_all(&DeskEvent::CallsChanged { calls: Vec::new() });
    }

    async fn names(&self, ids: &[CustomerId]) -> ApiResult<HashMap<CustomerId, String>> {
        let (customers, _) = self.slices()?;
        customers.names(ids).await
    }

    async fn ids(&self, _: &Actor, owner: Owner, query: ListQuery) -> ApiResult<Vec<String>> {
        let (customers, inquiries) = self.slices()?;
        match owner {
            Owner::Customer => customers.ids(&query).await,
            Owner::Inquiry => inquiries.ids(&query).await,
        }
    }

    async fn lines(&self, actor: &Actor, owner: Owner, ids: Vec<String>) -> ApiResult<Vec<Line>> {
        let (customers, inquiries) = self.slices()?;
        Ok(match owner {
            Owner::Customer => {
                let line = |line: customers::CustomerLine| Line {
                    values: line.values,
                    created: line.created,
                    updated: line.updated,
                    last_contact: line.last_contact,
                    writer: None,
                    customer: None,
                };
                customers.lines(actor.role, &ids).await?.into_iter().map(line).collect()
            }
            Owner::Inquiry => {
                let line = |line: inquiries::InquiryLine| Line {
                    values: line.values,
                    created: line.created,
                    updated: line.updated,
                    last_contact: None,
                    writer: line.writer,
                    customer: Some(line.customer),
                };
                inquiries.lines(actor.role, &ids).await?.into_iter().map(line).collect()
            }
        })
    }
}
