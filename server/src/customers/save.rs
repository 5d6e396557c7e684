//! Creating and changing a customer, in one unit of work.

use domain::ids::UserId;
use domain::phone::E164;
use domain::records::{Key, Owner, Values, merge};
use domain::roles::Role;
use domain::time::Timestamp;
use wire::customers::{Customer, SaveCustomer, Saved};
use wire::records::Fields;
use wire::{ApiError, ApiResult, Problem};

use super::store::{self, Stored};
use super::{numbers, searched};
use crate::db::Tx;
use crate::inquiries;
use crate::records::{Form, fields_in, shown};
use crate::telephony::links;
use crate::telephony::numbers::NumberingPlan;

/// Who saves, when and where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pen {
    /// Who; none for an import or the server itself.
    pub(super) by: Option<UserId>,
    /// What they may see of what they stored.
    pub(super) role: Role,
    pub(super) now: Timestamp,
    pub(super) plan: NumberingPlan,
}

/// What became of it.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) saved: Saved<Customer>,
    /// Every number that the record had or has.
    pub(super) numbers: Vec<E164>,
}

/// Saves.
///
/// # Errors
/// What is wrong with it, or [`ApiError::NotFound`]; nothing is stored then.
pub(super) async fn save(tx: &mut Tx, pen: Pen, save: SaveCustomer) -> ApiResult<Outcome> {
    let fields = fields_in(tx).await?;
    let before = open(tx, pen, &save).await?;
    let form = Form { fields: &fields, owner: Owner::Customer, plan: pen.plan };
    let changes = form.changes(&before.values, &save.changes)?;
    let after = match merge(&before.values, &changes) {
        Ok(after) => after,
        Err(conflicts) => {
            let now = customer(&fields, before, pen.role);
            return Ok(Outcome { saved: Saved::Conflict { now, conflicts }, numbers: Vec::new() });
        }
    };
    if !after.contains_key(&Key::Name) && !after.contains_key(&Key::Phones) {
        return Err(ApiError::field("name", Problem::Required));
    }
    let mut all = numbers(before.values.get(&Key::Phones));
    if after != before.values {
        all.extend(store_values(tx, pen, &fields, &before, &after).await?);
    }
    if let Some(call) = save.interaction
        && !links::settle(tx, call, Some(before.id)).await?
    {
        return Err(ApiError::NotFound);
    }
    let stored = store::exactly(tx, pen.plan, before.id).await?.ok_or(ApiError::Server)?;
    Ok(Outcome { saved: Saved::Stored(customer(&fields, stored, pen.role)), numbers: all })
}

/// The record, taken for writing; made if it is to be.
async fn open(tx: &mut Tx, pen: Pen, save: &SaveCustomer) -> ApiResult<Stored> {
    if let Some(stored) = store::take(tx, pen.plan, save.id).await? {
        return Ok(stored);
    }
    if save.version.is_some() || store::was_erased(tx, save.id).await? {
        return Err(ApiError::NotFound);
    }
    // Whether it was made here or by somebody who was quicker: it is there now.
    store::make(tx, save.id, pen.by, pen.now).await?;
    store::take(tx, pen.plan, save.id).await?.ok_or(ApiError::Server)
}

/// Stores changed values, and gives the customer the calls of numbers that are now theirs alone. Gives the numbers.
pub(super) async fn store_values(
    tx: &mut Tx,
    pen: Pen,
    fields: &Fields,
    before: &Stored,
    after: &Values,
) -> ApiResult<Vec<E164>> {
    store::put(tx, before.id, after, pen.by, pen.now).await?;
    searched::index(tx, fields, before.id, after).await?;
    if searched::is_another(&before.values, after) {
        inquiries::index_all(tx, fields, pen.plan, before.id).await?;
    }
    let had = numbers(before.values.get(&Key::Phones));
    let has = numbers(after.get(&Key::Phones));
    for number in has.iter().filter(|number| !had.contains(number)) {
        if store::count_having(tx, number).await? == 1 {
            links::adopt(tx, before.id, number).await?;
        }
    }
    Ok(has)
}

/// The record as this role sees it.
pub(super) fn customer(fields: &Fields, stored: Stored, role: Role) -> Customer {
    Customer {
        id: stored.id,
        version: stored.version,
        values: shown(fields, &stored.values, role),
        created: stored.created,
        updated: stored.updated,
    }
}
