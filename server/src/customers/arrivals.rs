//! Customers who come from a file, one by one, each within the unit of work of its row.

use domain::ids::{CustomerId, UserId};
use domain::records::{Before, Entered, Key, Owner, Value, Values, merge};
use domain::roles::Role;
use domain::time::Timestamp;
use uuid::Uuid;
use wire::records::{FieldChange, Fields};
use wire::{ApiError, ApiResult, Problem};

use super::order::{is_of_somebody, sort_key};
use super::save::{self, Pen};
use super::{numbers, store};
use crate::db::Tx;
use crate::records::Form;
use crate::telephony::numbers::NumberingPlan;

/// What is done where the customer is already there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenThere {
    /// Nothing: it is said who is there.
    Say,
    /// What is filled in the file changes the record; numbers are added.
    Update,
    /// Nothing is looked up: it makes a second customer.
    Create,
}

/// What became of somebody from a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// A new customer.
    Created,
    /// One who was there has it now.
    Updated,
    /// One who is there: nothing was done.
    There(CustomerId),
    /// Some fields are wrong: nothing was done.
    Wrong(Vec<(Key, Problem)>),
}

/// Who brings them, when and where.
#[derive(Clone, Copy, Debug)]
pub struct Bringer {
    /// Who.
    pub by: Option<UserId>,
    /// When.
    pub now: Timestamp,
    /// How numbers are read.
    pub plan: NumberingPlan,
}

/// Takes one. Who has one of the numbers, or the same name and reading, is the same customer.
///
/// # Errors
/// The database failed.
pub async fn arrive(
    tx: &mut Tx,
    bringer: Bringer,
    fields: &Fields,
    entered: Vec<(Key, Entered)>,
    when_there: WhenThere,
) -> ApiResult<Arrival> {
    let form = Form { fields, owner: Owner::Customer, plan: bringer.plan };
    let as_changes = |(key, after)| FieldChange { key, before: Before::Masked, after };
    let entered: Vec<FieldChange> = entered.into_iter().map(as_changes).collect();
    let nothing = Values::new();
    let values = match form.changes(&nothing, &entered) {
        Ok(changes) => merge(&nothing, &changes).map_err(|_| ApiError::Server)?,
        Err(error) => return wrong(error),
    };
    if !values.contains_key(&Key::Name) && !values.contains_key(&Key::Phones) {
        return Ok(Arrival::Wrong(vec![(Key::Name, Problem::Required)]));
    }
    let pen = Pen { by: bringer.by, role: Role::Administrator, now: bringer.now, plan: bringer.plan };
    let there = match when_there {
        WhenThere::Create => None,
        WhenThere::Say | WhenThere::Update => who_is_there(tx, &values).await?,
    };
    match (there, when_there) {
        (None, _) => {
            let id = CustomerId(Uuid::now_v7());
            store::make(tx, id, pen.by, pen.now).await?;
            let made = store::exactly(tx, pen.plan, id).await?.ok_or(ApiError::Server)?;
            save::store_values(tx, pen, fields, &made, &values).await?;
            Ok(Arrival::Created)
        }
        (Some(id), WhenThere::Say | WhenThere::Create) => Ok(Arrival::There(id)),
        (Some(id), WhenThere::Update) => {
            let before = store::take(tx, pen.plan, id).await?.ok_or(ApiError::Server)?;
            let changes = match form.changes(&before.values, &entered) {
                Ok(changes) => changes,
                Err(error) => return wrong(error),
            };
            let mut after = merge(&before.values, &changes).map_err(|_| ApiError::Server)?;
            add_numbers(&before.values, &mut after);
            if after != before.values {
                save::store_values(tx, pen, fields, &before, &after).await?;
            }
            Ok(Arrival::Updated)
        }
    }
}

async fn who_is_there(tx: &mut Tx, values: &Values) -> ApiResult<Option<CustomerId>> {
    if let Some(id) = store::with_number(tx, &numbers(values.get(&Key::Phones))).await? {
        return Ok(Some(id));
    }
    let key = sort_key(values);
    if is_of_somebody(&key) { Ok(store::with_sort_key(tx, key).await?) } else { Ok(None) }
}

/// A file lists the numbers that it knows: those that are stored beside them stay.
fn add_numbers(before: &Values, after: &mut Values) {
    if let (Some(Value::Phones(had)), Some(Value::Phones(has))) = (before.get(&Key::Phones), after.get(&Key::Phones)) {
        let mut all = had.clone();
        all.extend(has.iter().filter(|number| !had.iter().any(|known| known.e164 == number.e164)).cloned());
        after.insert(Key::Phones, Value::Phones(all));
    }
}

fn wrong(error: ApiError) -> ApiResult<Arrival> {
    let ApiError::Invalid { fields } = error else { return Err(error) };
    let key = |field: &str| field.parse().unwrap_or(Key::Name);
    Ok(Arrival::Wrong(fields.into_iter().map(|fault| (key(&fault.field), fault.problem)).collect()))
}
