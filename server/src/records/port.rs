//! The port behind the fields.

use async_trait::async_trait;
use domain::ids::FieldId;
use domain::records::{Field, Kind, Owner};
use domain::roles::Permission;
use wire::events::DeskEvent;
use wire::records::{Fields, FieldsPort};
use wire::session::Actor;
use wire::{ApiError, ApiResult, Problem};

use super::{check, store};
use crate::audit::{self, Changes, Entry};
use crate::clock::Clock;
use crate::db::Db;
use crate::realtime::Hub;
use crate::telephony::numbers::NumberingPlan;

/// The fields, cheap to clone.
#[derive(Clone)]
pub struct Records {
    db: Db,
    clock: Clock,
    hub: Hub,
    plan: NumberingPlan,
}

impl Records {
    /// Joins the slice to its neighbours.
    pub fn new(db: Db, clock: Clock, hub: Hub, plan: NumberingPlan) -> Self {
        Self { db, clock, hub, plan }
    }

    /// All fields, for another slice.
    ///
    /// # Errors
    /// The database failed.
    pub async fn all(&self) -> ApiResult<Fields> {
        Ok(store::all(&self.db).await?)
    }
}

#[async_trait]
impl FieldsPort for Records {
    async fn fields(&self, actor: Actor) -> ApiResult<Fields> {
        actor.require(Permission::WorkAtDesk)?;
        self.all().await
    }

    async fn save(&self, actor: Actor, field: Field) -> ApiResult<Field> {
        actor.require(Permission::Administer)?;
        let (plan, now) = (self.plan, self.clock.now());
        let saved = self
            .db
            .write(move |tx| {
                Box::pin(async move {
                    store::take_turn(tx).await?;
                    let all = store::in_tx(tx).await?;
                    let before = store::one(tx, field.id).await?;
                    let mut ever = before.as_ref().map(|known| known.former.clone()).unwrap_or_default();
                    let offered = before.as_ref().and_then(|known| known.field.kind.choices());
                    ever.extend(offered.into_iter().flat_map(|choices| choices.options.clone()));
                    let mut field = check::field(&all, field, &ever, plan)?;
                    let last = all.of(field.owner).iter().map(|other| other.position + 1).max().unwrap_or(0);
                    field.position = before.as_ref().map_or(last, |known| known.field.position);
                    store::put(tx, &field, &store::left_out(&field.kind, ever)).await?;
                    let entry = Entry {
                        who: Some(actor.user),
                        what: "field.saved",
                        subject: field.label.clone(),
                        changes: told(before.map(|known| known.field).as_ref(), &field),
                    };
                    audit::record(tx, now, entry).await?;
                    Ok::<_, ApiError>(field)
                })
            })
            .await?;
        self.hub.publish_all(&DeskEvent::FieldsChanged);
        Ok(saved)
    }

    async fn order(&self, actor: Actor, owner: Owner, order: Vec<FieldId>) -> ApiResult<()> {
        actor.require(Permission::Administer)?;
        let now = self.clock.now();
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    store::take_turn(tx).await?;
                    let all = store::in_tx(tx).await?;
                    let known = all.of(owner);
                    let wrong = |(n, id): (usize, &FieldId)| {
                        known.iter().all(|field| field.id != *id) || order.iter().take(n).any(|other| other == id)
                    };
                    if order.iter().enumerate().any(wrong) {
                        return Err(ApiError::field("order", Problem::Unknown));
                    }
                    let rest = known.iter().map(|field| field.id).filter(|id| !order.contains(id));
                    let ordered: Vec<FieldId> = order.iter().copied().chain(rest).collect();
                    for (position, id) in (0_u32..).zip(&ordered) {
                        store::place(tx, *id, position).await?;
                    }
                    let labels = ordered.iter().filter_map(|id| all.get(*id)).map(|field| field.label.as_str());
                    let entry = Entry {
                        who: Some(actor.user),
                        what: "field.ordered",
                        subject: owner_name(owner).to_owned(),
                        changes: Changes::none().field("order", None, labels.collect::<Vec<_>>().join(", ")),
                    };
                    audit::record(tx, now, entry).await?;
                    Ok(())
                })
            })
            .await?;
        self.hub.publish_all(&DeskEvent::FieldsChanged);
        Ok(())
    }
}

fn owner_name(owner: Owner) -> &'static str {
    match owner {
        Owner::Customer => "customer",
        Owner::Inquiry => "inquiry",
    }
}

fn kind_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::LongText => "long_text",
        Kind::Number => "number",
        Kind::Date => "date",
        Kind::Choice(_) => "choice",
        Kind::MultipleChoice(_) => "multiple_choice",
        Kind::Checkbox => "checkbox",
        Kind::Phone => "phone",
        Kind::Email => "email",
    }
}

/// What the audit log tells of a change of a field.
fn told(before: Option<&Field>, after: &Field) -> Changes {
    let kind = |field: &Field| kind_name(&field.kind).to_owned();
    let choices = |field: &Field| {
        let options = field.kind.choices().map(|choices| choices.options.as_slice()).unwrap_or_default();
        let words = options.iter().filter(|choice| choice.active).map(|choice| choice.label.as_str());
        words.collect::<Vec<_>>().join(", ")
    };
    let sensitive = |field: &Field| field.sensitive.map_or("", domain::roles::Role::as_str).to_owned();
    Changes::none()
        .field("owner", before.map(|field| owner_name(field.owner).to_owned()), owner_name(after.owner).to_owned())
        .field("label", before.map(|field| field.label.clone()), after.label.clone())
        .field("kind", before.map(kind), kind(after))
        .field("choices", before.map(choices), choices(after))
        .field("required", before.map(|field| field.required.to_string()), after.required.to_string())
        .field("sensitive", before.map(sensitive), sensitive(after))
        .field("active", before.map(|field| field.active.to_string()), after.active.to_string())
}
