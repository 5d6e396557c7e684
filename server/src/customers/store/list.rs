//! The SQL of the list of customers.

use domain::ids::CustomerId;
use domain::phone::E164;
use domain::time::Timestamp;
use wire::customers::{Sort, SortBy};

use super::{Row, Stored, select, to_json};
use crate::db::{Db, DbError, Dialect, Tx, parse};
use crate::records::{Conditions, Placed};
use crate::telephony::numbers::NumberingPlan;
use crate::{fetch_all, fetch_one, fetch_optional};

type Place = (String, i64, String);

/// The conditions of a list, $1 to $11.
macro_rules! matching {
    () => {
        "c.merged_into IS NULL AND c.version > 0
         AND instr(c.record, $1) > 0 AND instr(c.record, $2) > 0 AND instr(c.record, $3) > 0
         AND instr(c.record, $4) > 0 AND instr(c.record, $5) > 0 AND instr(c.record, $6) > 0
         AND ($7 = '' OR instr(c.record, $7) = 0) AND ($8 = '' OR instr(c.record, $8) = 0)
         AND ($9 = '' OR instr(c.record, $9) = 0) AND c.updated_at >= $10 AND c.updated_at < $11"
    };
}

macro_rules! places {
    ($order:literal) => {
        concat!("SELECT c.sort_key, c.updated_at, c.id FROM customers c WHERE ", matching!(), " AND ", $order)
    };
}

macro_rules! asked {
    ($fetch:ident, $db:expr, $row:ty, $sql:expr, $conditions:expr $(, $more:expr)*) => {{
        let [first, second, third, fourth, fifth, sixth] = $conditions.held.clone();
        let [no_first, no_second, no_third] = $conditions.not_held.clone();
        $fetch!(
            $db, $row, $sql, first, second, third, fourth, fifth, sixth, no_first, no_second, no_third,
            $conditions.from, $conditions.to $(, $more)*
        )
    }};
}

fn placed(by: SortBy) -> impl Fn(Place) -> Placed {
    move |(sort_key, at, id)| Placed::by(by, sort_key, Timestamp(at), id)
}

/// At most `limit` customers after a place, in order.
pub(in crate::customers) async fn places(
    db: &Db,
    conditions: &Conditions,
    sort: Sort,
    after: Option<&Placed>,
    limit: i64,
) -> Result<Vec<Placed>, DbError> {
    let id = after.map(|after| after.id.clone()).unwrap_or_default();
    let rows = match (sort.by, sort.descending) {
        (SortBy::Reading, false) => {
            let key = after.map(|after| after.sort_key.clone()).unwrap_or_default();
            let sql = places!("(c.sort_key, c.id) > ($12, $13) ORDER BY c.sort_key, c.id LIMIT $14");
            asked!(fetch_all, db, Place, sql, conditions, key, id, limit)?
        }
        (SortBy::Reading, true) => {
            // No key begins with a letter after 2.
            let key = after.map_or_else(|| "9".to_owned(), |after| after.sort_key.clone());
            let sql = places!("(c.sort_key, c.id) < ($12, $13) ORDER BY c.sort_key DESC, c.id DESC LIMIT $14");
            asked!(fetch_all, db, Place, sql, conditions, key, id, limit)?
        }
        (SortBy::Updated, false) => {
            let at = after.map_or(i64::MIN, |after| after.at);
            let sql = places!("(c.updated_at, c.id) > ($12, $13) ORDER BY c.updated_at, c.id LIMIT $14");
            asked!(fetch_all, db, Place, sql, conditions, at, id, limit)?
        }
        (SortBy::Updated, true) => {
            let at = after.map_or(i64::MAX, |after| after.at);
            let sql = places!("(c.updated_at, c.id) < ($12, $13) ORDER BY c.updated_at DESC, c.id DESC LIMIT $14");
            asked!(fetch_all, db, Place, sql, conditions, at, id, limit)?
        }
    };
    Ok(rows.into_iter().map(placed(sort.by)).collect())
}

/// Those of these customers who fit, in no order.
pub(in crate::customers) async fn places_of(
    db: &Db,
    conditions: &Conditions,
    by: SortBy,
    ids: &[String],
) -> Result<Vec<Placed>, DbError> {
    let sql = match db.dialect() {
        Dialect::Sqlite => places!("c.id IN (SELECT value FROM json_each($12))"),
        Dialect::Postgres => places!("c.id IN (SELECT json_array_elements_text(CAST($12 AS json)))"),
    };
    let rows = asked!(fetch_all, db, Place, sql, conditions, to_json(&ids)?)?;
    Ok(rows.into_iter().map(placed(by)).collect())
}

/// How many there are, counted up to one more than `most`.
pub(in crate::customers) async fn count(db: &Db, conditions: &Conditions, most: i64) -> Result<i64, DbError> {
    let sql = concat!("SELECT COUNT(*) FROM (SELECT c.id FROM customers c WHERE ", matching!(), " LIMIT $12) counted");
    let (count,) = asked!(fetch_one, db, (i64,), sql, conditions, most + 1)?;
    Ok(count)
}

/// These records, in this order; one that is gone is left out.
pub(in crate::customers) async fn all(db: &Db, plan: NumberingPlan, ids: &[String]) -> Result<Vec<Stored>, DbError> {
    let sql = match db.dialect() {
        Dialect::Sqlite => {
            select!("WHERE c.merged_into IS NULL AND c.id IN (SELECT value FROM json_each($1))")
        }
        Dialect::Postgres => {
            select!("WHERE c.merged_into IS NULL AND c.id IN (SELECT json_array_elements_text(CAST($1 AS json)))")
        }
    };
    let rows = fetch_all!(db, Row, sql, to_json(&ids)?)?;
    let mut found = std::collections::HashMap::new();
    for row in rows {
        let stored = row.read(plan)?;
        found.insert(stored.id, stored);
    }
    let ids = ids.iter().filter_map(|id| id.parse::<CustomerId>().ok());
    Ok(ids.filter_map(|id| found.remove(&id)).collect())
}

/// Somebody who has one of these numbers, the one who was made first.
pub(in crate::customers) async fn with_number(tx: &mut Tx, numbers: &[E164]) -> Result<Option<CustomerId>, DbError> {
    for number in numbers {
        let row = fetch_optional!(
            tx,
            (String,),
            "SELECT c.id FROM customer_phones p JOIN customers c ON c.id = p.customer_id
             WHERE p.number = $1 AND c.merged_into IS NULL ORDER BY c.created_at, c.id LIMIT 1",
            number.to_string()
        )?;
        if let Some((id,)) = row {
            return parse("customers.id", &id).map(Some);
        }
    }
    Ok(None)
}

/// Somebody of this name and reading, the one who was made first.
pub(in crate::customers) async fn with_sort_key(tx: &mut Tx, key: String) -> Result<Option<CustomerId>, DbError> {
    let row = fetch_optional!(
        tx,
        (String,),
        "SELECT id FROM customers WHERE sort_key = $1 AND merged_into IS NULL ORDER BY created_at, id LIMIT 1",
        key
    )?;
    row.map(|(id,)| parse("customers.id", &id)).transpose()
}
