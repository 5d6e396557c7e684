//! The SQL of calls' customers.

use domain::ids::{CustomerId, InteractionId};
use domain::phone::E164;

use crate::db::{Db, DbError, Tx, parse};
use crate::{execute, fetch_all, fetch_optional};

/// Whose a call is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Whose, if anybody's.
    pub customer: Option<CustomerId>,
    /// Whether somebody said so.
    pub settled: bool,
    /// The customer's number.
    pub number: Option<E164>,
}

/// Whose this call is; none for an unknown call.
///
/// # Errors
/// The database failed.
pub async fn of(db: &Db, call: InteractionId) -> Result<Option<Link>, DbError> {
    let row = fetch_optional!(
        db,
        (Option<String>, bool, Option<String>),
        "SELECT customer_id, customer_settled, customer_number FROM interactions WHERE id = $1",
        call.to_string()
    )?;
    row.map(|(customer, settled, number)| {
        let number = number.map(|number| E164::parse(&number)).transpose();
        Ok(Link {
            customer: customer.map(|id| parse("interactions.customer_id", &id)).transpose()?,
            settled,
            number: number.map_err(|_| DbError::Corrupt { column: "interactions.customer_number" })?,
        })
    })
    .transpose()
}

/// Says whose a call is, for good; whether there is such a call.
///
/// # Errors
/// The database failed.
pub async fn settle(tx: &mut Tx, call: InteractionId, customer: Option<CustomerId>) -> Result<bool, DbError> {
    let touched = execute!(
        tx,
        "UPDATE interactions SET customer_id = $2, customer_settled = TRUE WHERE id = $1",
        call.to_string(),
        customer.map(|id| id.to_string())
    )?;
    Ok(touched > 0)
}

/// Notes whose a call is that is nobody's, unless somebody said that it is.
///
/// # Errors
/// The database failed.
pub async fn note(tx: &mut Tx, call: InteractionId, customer: CustomerId) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE interactions SET customer_id = $2 WHERE id = $1 AND customer_id IS NULL AND NOT customer_settled",
        call.to_string(),
        customer.to_string()
    )
    .map(drop)
}

/// Gives a customer the calls of a number that is theirs alone, as far as they are nobody's.
///
/// # Errors
/// The database failed.
pub async fn adopt(tx: &mut Tx, customer: CustomerId, number: &E164) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE interactions SET customer_id = $1
         WHERE customer_number = $2 AND customer_id IS NULL AND NOT customer_settled",
        customer.to_string(),
        number.to_string()
    )
    .map(drop)
}

/// Gives all calls of one customer to another, and says which those were.
///
/// # Errors
/// The database failed.
pub async fn give(tx: &mut Tx, from: CustomerId, to: CustomerId) -> Result<Vec<InteractionId>, DbError> {
    let calls = fetch_all!(tx, (String,), "SELECT id FROM interactions WHERE customer_id = $1", from.to_string())?;
    execute!(tx, "UPDATE interactions SET customer_id = $2 WHERE customer_id = $1", from.to_string(), to.to_string())?;
    calls.iter().map(|(id,)| parse("interactions.id", id)).collect()
}

/// Gives these calls back, as far as the one whom they were given to still has them.
///
/// # Errors
/// The database failed.
pub async fn give_back(tx: &mut Tx, calls: &[InteractionId], from: CustomerId, to: CustomerId) -> Result<(), DbError> {
    for call in calls {
        execute!(
            tx,
            "UPDATE interactions SET customer_id = $3 WHERE id = $1 AND customer_id = $2",
            call.to_string(),
            from.to_string(),
            to.to_string()
        )?;
    }
    Ok(())
}

/// Whether a call is going on with this customer, or with one of their numbers.
///
/// # Errors
/// The database failed.
pub async fn any_open(tx: &mut Tx, customer: CustomerId, numbers: &[E164]) -> Result<bool, DbError> {
    let linked = fetch_optional!(
        tx,
        (String,),
        "SELECT id FROM interactions WHERE customer_id = $1 AND ended_at IS NULL LIMIT 1",
        customer.to_string()
    )?;
    let mut open = linked.is_some();
    for number in numbers {
        let unlinked = fetch_optional!(
            tx,
            (String,),
            "SELECT id FROM interactions
             WHERE customer_number = $1 AND customer_id IS NULL AND ended_at IS NULL LIMIT 1",
            number.to_string()
        )?;
        open |= unlinked.is_some();
    }
    Ok(open)
}

/// Takes the number and the customer out of all their calls, and out of those nobody's calls that have one of the
/// numbers given; says which calls those were.
///
/// # Errors
/// The database failed.
pub async fn forget(tx: &mut Tx, customer: CustomerId, numbers: &[E164]) -> Result<Vec<InteractionId>, DbError> {
    let linked = fetch_all!(tx, (String,), "SELECT id FROM interactions WHERE customer_id = $1", customer.to_string())?;
    let mut calls = linked;
    for number in numbers {
        calls.extend(fetch_all!(
            tx,
            (String,),
            "SELECT id FROM interactions WHERE customer_number = $1 AND customer_id IS NULL",
            number.to_string()
        )?);
    }
    for (call,) in &calls {
        execute!(
            tx,
            "UPDATE interactions SET customer_id = NULL, customer_number = NULL, customer_settled = TRUE WHERE id = $1",
            call.clone()
        )?;
    }
    calls.iter().map(|(id,)| parse("interactions.id", id)).collect()
}
