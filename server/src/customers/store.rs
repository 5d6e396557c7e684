//! The SQL of customers.

mod list;

use domain::ids::{CustomerId, ErasureId, MergeId, UserId};
use domain::phone::E164;
use domain::records::{Key, Values};
use domain::time::Timestamp;
use wire::records::Stamp;

use super::order::sort_key;
use super::{numbers, text};
use crate::db::{Db, DbError, Dialect, Tx, parse};
use crate::records::{here, stamp};
use crate::telephony::numbers::NumberingPlan;
use crate::{execute, fetch_all, fetch_optional};

/// How many merges one record may have gone through.
const LONGEST_CHAIN: usize = 100;

/// A stored record.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) id: CustomerId,
    pub(super) version: u32,
    pub(super) values: Values,
    pub(super) created: Stamp,
    pub(super) updated: Stamp,
    pub(super) merged_into: Option<CustomerId>,
    /// The last call that has ended, or inquiry.
    pub(super) last_contact: Option<Timestamp>,
}

macro_rules! select {
    ($($rest:tt)*) => {
        concat!(
            "SELECT c.id AS id, c.version AS version, c.record AS record, c.created_at AS created_at,
                c.created_by AS created_by, cu.display_name AS created_name, c.updated_at AS updated_at,
                c.updated_by AS updated_by, uu.display_name AS updated_name, c.merged_into AS merged_into,
                (SELECT MAX(i.started_at) FROM interactions i
                    WHERE i.customer_id = c.id AND i.ended_at IS NOT NULL) AS called_at,
                (SELECT MAX(q.created_at) FROM inquiries q WHERE q.customer_id = c.id) AS asked_at
             FROM customers c LEFT JOIN users cu ON cu.id = c.created_by LEFT JOIN users uu ON uu.id = c.updated_by ",
            $($rest)*
        )
    };
}

use select;

pub(super) use self::list::{all, count, places, places_of, with_number, with_sort_key};

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    version: i64,
    record: String,
    created_at: i64,
    created_by: Option<String>,
    created_name: Option<String>,
    updated_at: i64,
    updated_by: Option<String>,
    updated_name: Option<String>,
    merged_into: Option<String>,
    called_at: Option<i64>,
    asked_at: Option<i64>,
}

impl Row {
    fn read(self, plan: NumberingPlan) -> Result<Stored, DbError> {
        let user = |id: Option<String>| id.map(|id| parse::<UserId>("customers.…_by", &id)).transpose();
        Ok(Stored {
            id: parse("customers.id", &self.id)?,
            version: u32::try_from(self.version).map_err(|_| DbError::Corrupt { column: "customers.version" })?,
            values: values(plan, &self.record)?,
            created: stamp(self.created_at, user(self.created_by)?, self.created_name),
            updated: stamp(self.updated_at, user(self.updated_by)?, self.updated_name),
            merged_into: self.merged_into.map(|id| parse("customers.merged_into", &id)).transpose()?,
            last_contact: self.called_at.max(self.asked_at).map(Timestamp),
        })
    }
}

fn values(plan: NumberingPlan, json: &str) -> Result<Values, DbError> {
    let values: Values = from_json("customers.record", json)?;
    Ok(values.into_iter().map(|(key, value)| (key, here(plan, value))).collect())
}

/// The record of that id, or what it became.
pub(super) async fn one(db: &Db, plan: NumberingPlan, id: CustomerId) -> Result<Option<Stored>, DbError> {
    let mut wanted = id;
    for _ in 0..LONGEST_CHAIN {
        let Some(row) = fetch_optional!(db, Row, select!("WHERE c.id = $1"), wanted.to_string())? else {
            return Ok(None);
        };
        let stored = row.read(plan)?;
        match stored.merged_into {
            Some(survivor) => wanted = survivor,
            None => return Ok(Some(stored)),
        }
    }
    Err(DbError::Corrupt { column: "customers.merged_into" })
}

/// The record of that very id, as this unit of work sees it.
pub(super) async fn exactly(tx: &mut Tx, plan: NumberingPlan, id: CustomerId) -> Result<Option<Stored>, DbError> {
    let row = fetch_optional!(tx, Row, select!("WHERE c.id = $1"), id.to_string())?;
    row.map(|row| row.read(plan)).transpose()
}

/// Takes the record for writing, or what it became: others who want it wait until this unit of work has ended.
pub(super) async fn take(tx: &mut Tx, plan: NumberingPlan, id: CustomerId) -> Result<Option<Stored>, DbError> {
    let mut wanted = id;
    for _ in 0..LONGEST_CHAIN {
        if execute!(tx, "UPDATE customers SET version = version WHERE id = $1", wanted.to_string())? == 0 {
            return Ok(None);
        }
        let Some(stored) = exactly(tx, plan, wanted).await? else { return Ok(None) };
        match stored.merged_into {
            Some(survivor) => wanted = survivor,
            None => return Ok(Some(stored)),
        }
    }
    Err(DbError::Corrupt { column: "customers.merged_into" })
}

/// Takes the record of that very id for writing.
pub(super) async fn take_exactly(tx: &mut Tx, plan: NumberingPlan, id: CustomerId) -> Result<Option<Stored>, DbError> {
    execute!(tx, "UPDATE customers SET version = version WHERE id = $1", id.to_string())?;
    exactly(tx, plan, id).await
}

/// Takes a customer who is to get something and says who that is now; none for somebody unknown or erased.
///
/// # Errors
/// The database failed.
pub async fn living(tx: &mut Tx, plan: NumberingPlan, id: CustomerId) -> Result<Option<CustomerId>, DbError> {
    Ok(take(tx, plan, id).await?.map(|stored| stored.id))
}

/// What a record holds, as this unit of work sees it.
///
/// # Errors
/// The database failed.
pub async fn record_in(tx: &mut Tx, plan: NumberingPlan, id: CustomerId) -> Result<Option<Values>, DbError> {
    Ok(exactly(tx, plan, id).await?.map(|stored| stored.values))
}

/// Makes an empty record, to be filled in the same unit of work; whether there was none.
pub(super) async fn make(tx: &mut Tx, id: CustomerId, by: Option<UserId>, now: Timestamp) -> Result<bool, DbError> {
    let made = execute!(
        tx,
        "INSERT INTO customers (id, version, record, created_at, created_by, updated_at, updated_by)
         VALUES ($1, 0, '{}', $2, $3, $2, $3) ON CONFLICT (id) DO NOTHING",
        id.to_string(),
        now.0,
        by.map(|by| by.to_string()),
    )?;
    Ok(made > 0)
}

/// Stores the values, as the next version.
pub(super) async fn put(
    tx: &mut Tx,
    id: CustomerId,
    values: &Values,
    by: Option<UserId>,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE customers SET version = version + 1, record = $2, name = $3, updated_at = $4, updated_by = $5, sort_key = $6
         WHERE id = $1",
        id.to_string(),
        to_json(values)?,
        text(values.get(&Key::Name)),
        now.0,
        by.map(|by| by.to_string()),
        sort_key(values),
    )?;
    list_numbers(tx, id, &numbers(values.get(&Key::Phones))).await
}

/// Lists the numbers under which the record is found.
pub(super) async fn list_numbers(tx: &mut Tx, id: CustomerId, numbers: &[E164]) -> Result<(), DbError> {
    execute!(tx, "DELETE FROM customer_phones WHERE customer_id = $1", id.to_string())?;
    for (position, number) in (0_i64..).zip(numbers) {
        execute!(
            tx,
            "INSERT INTO customer_phones (customer_id, position, number) VALUES ($1, $2, $3)",
            id.to_string(),
            position,
            number.to_string(),
        )?;
    }
    Ok(())
}

/// Everybody who has this number, the most recently contacted first.
pub(super) async fn having(db: &Db, plan: NumberingPlan, number: &E164) -> Result<Vec<Stored>, DbError> {
    let rows = fetch_all!(
        db,
        Row,
        select!(
            "JOIN customer_phones p ON p.customer_id = c.id WHERE p.number = $1 AND c.merged_into IS NULL
             ORDER BY c.updated_at DESC, c.id LIMIT 100"
        ),
        number.to_string()
    )?;
    let mut found = rows.into_iter().map(|row| row.read(plan)).collect::<Result<Vec<_>, _>>()?;
    found.sort_by_key(|stored| std::cmp::Reverse(stored.last_contact));
    Ok(found)
}

/// How many have this number.
pub(super) async fn count_having(tx: &mut Tx, number: &E164) -> Result<usize, DbError> {
    let found = fetch_all!(
        tx,
        (String,),
        "SELECT customer_id FROM customer_phones WHERE number = $1 LIMIT 2",
        number.to_string()
    )?;
    Ok(found.len())
}

/// Number, id and name of everybody who has one of these numbers.
pub(super) async fn all_having(db: &Db, numbers: &[E164]) -> Result<Vec<(E164, CustomerId, String)>, DbError> {
    let sql = match db.dialect() {
        Dialect::Sqlite => {
            "SELECT p.number, c.id, c.name FROM customer_phones p JOIN customers c ON c.id = p.customer_id
             WHERE p.number IN (SELECT value FROM json_each($1)) AND c.merged_into IS NULL"
        }
        Dialect::Postgres => {
            "SELECT p.number, c.id, c.name FROM customer_phones p JOIN customers c ON c.id = p.customer_id
             WHERE p.number IN (SELECT json_array_elements_text(CAST($1 AS json))) AND c.merged_into IS NULL"
        }
    };
    let rows = fetch_all!(db, (String, String, String), sql, to_json(&numbers)?)?;
    let read = |(number, id, name): (String, String, String)| {
        let number = E164::parse(&number).map_err(|_| DbError::Corrupt { column: "customer_phones.number" })?;
        Ok((number, parse("customers.id", &id)?, name))
    };
    rows.into_iter().map(read).collect()
}

/// The names of these customers.
pub(super) async fn names(db: &Db, ids: &[CustomerId]) -> Result<Vec<(CustomerId, String)>, DbError> {
    let sql = match db.dialect() {
        Dialect::Sqlite => "SELECT id, name FROM customers WHERE id IN (SELECT value FROM json_each($1))",
        Dialect::Postgres => {
            "SELECT id, name FROM customers WHERE id IN (SELECT json_array_elements_text(CAST($1 AS json)))"
        }
    };
    let rows = fetch_all!(db, (String, String), sql, to_json(&ids)?)?;
    rows.into_iter().map(|(id, name)| Ok((parse("customers.id", &id)?, name))).collect()
}

/// Whether a customer of that id was erased.
pub(super) async fn was_erased(tx: &mut Tx, id: CustomerId) -> Result<bool, DbError> {
    let row = fetch_optional!(tx, (String,), "SELECT id FROM erasures WHERE customer_id = $1", id.to_string())?;
    Ok(row.is_some())
}

/// Says what a record became; none takes that back.
pub(super) async fn set_merged(tx: &mut Tx, id: CustomerId, into: Option<CustomerId>) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE customers SET merged_into = $2, version = version + 1 WHERE id = $1",
        id.to_string(),
        into.map(|into| into.to_string())
    )
    .map(drop)
}

/// A merge as it is kept.
pub(super) struct Kept {
    pub(super) keep: CustomerId,
    pub(super) absorb: CustomerId,
    /// JSON.
    pub(super) snapshot: String,
}

/// Keeps a merge so that it can be undone.
pub(super) async fn keep_merge(
    tx: &mut Tx,
    id: MergeId,
    merge: Kept,
    by: UserId,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO customer_merges (id, keep_id, absorb_id, at, by_user, snapshot) VALUES ($1, $2, $3, $4, $5, $6)",
        id.to_string(),
        merge.keep.to_string(),
        merge.absorb.to_string(),
        now.0,
        by.to_string(),
        merge.snapshot,
    )
    .map(drop)
}

/// Takes a merge that was not undone yet, and marks it as undone.
pub(super) async fn take_merge(tx: &mut Tx, id: MergeId, now: Timestamp) -> Result<Option<Kept>, DbError> {
    let touched = execute!(
        tx,
        "UPDATE customer_merges SET undone_at = $2 WHERE id = $1 AND undone_at IS NULL",
        id.to_string(),
        now.0
    )?;
    if touched == 0 {
        return Ok(None);
    }
    let row = fetch_optional!(
        tx,
        (String, String, String),
        "SELECT keep_id, absorb_id, snapshot FROM customer_merges WHERE id = $1",
        id.to_string()
    )?;
    row.map(|(keep, absorb, snapshot)| {
        let keep = parse("customer_merges.keep_id", &keep)?;
        Ok(Kept { keep, absorb: parse("customer_merges.absorb_id", &absorb)?, snapshot })
    })
    .transpose()
}

/// Everybody who was merged into this one, and into those.
pub(super) async fn absorbed(tx: &mut Tx, id: CustomerId) -> Result<Vec<CustomerId>, DbError> {
    let mut all = vec![id];
    let mut next = 0;
    while let Some(into) = all.get(next).copied() {
        next += 1;
        let found = fetch_all!(tx, (String,), "SELECT id FROM customers WHERE merged_into = $1", into.to_string())?;
        for (id,) in found {
            all.push(parse("customers.id", &id)?);
        }
    }
    all.remove(0);
    Ok(all)
}

/// Deletes a record with its numbers and every merge that it was part of.
pub(super) async fn delete(tx: &mut Tx, id: CustomerId) -> Result<(), DbError> {
    let id = id.to_string();
    execute!(tx, "DELETE FROM customer_merges WHERE keep_id = $1 OR absorb_id = $1", id.clone())?;
    execute!(tx, "DELETE FROM customer_phones WHERE customer_id = $1", id.clone())?;
    execute!(tx, "DELETE FROM customers WHERE id = $1", id).map(drop)
}

/// Keeps a certificate.
pub(super) async fn certify(
    tx: &mut Tx,
    id: ErasureId,
    customer: CustomerId,
    by: UserId,
    now: Timestamp,
    counts: String,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO erasures (id, customer_id, at, by_user, counts) VALUES ($1, $2, $3, $4, $5)",
        id.to_string(),
        customer.to_string(),
        now.0,
        by.to_string(),
        counts,
    )
    .map(drop)
}

/// A user's name.
pub(super) async fn user_name(tx: &mut Tx, user: UserId) -> Result<Option<String>, DbError> {
    let row = fetch_optional!(tx, (String,), "SELECT display_name FROM users WHERE id = $1", user.to_string())?;
    Ok(row.map(|(name,)| name))
}

/// The names of these users.
pub(super) async fn user_names(db: &Db, users: &[UserId]) -> Result<Vec<(UserId, String)>, DbError> {
    let sql = match db.dialect() {
        Dialect::Sqlite => "SELECT id, display_name FROM users WHERE id IN (SELECT value FROM json_each($1))",
        Dialect::Postgres => {
            "SELECT id, display_name FROM users WHERE id IN (SELECT json_array_elements_text(CAST($1 AS json)))"
        }
    };
    let rows = fetch_all!(db, (String, String), sql, to_json(&users)?)?;
    rows.into_iter().map(|(id, name)| Ok((parse("users.id", &id)?, name))).collect()
}

fn to_json<T: serde::Serialize>(value: &T) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|_| DbError::Corrupt { column: "json" })
}

fn from_json<T: serde::de::DeserializeOwned>(column: &'static str, text: &str) -> Result<T, DbError> {
    serde_json::from_str(text).map_err(|_| DbError::Corrupt { column })
}
