//! The SQL of the list of inquiries.

use domain::ids::{CustomerId, InquiryId};
use domain::time::Timestamp;
use wire::customers::{Sort, SortBy};

use super::{Row, Stored, select, with_files};
use crate::db::{Db, DbError, Dialect, parse};
use crate::records::{Conditions, Placed};
use crate::telephony::numbers::NumberingPlan;
use crate::{fetch_all, fetch_one};

type Place = (String, i64, String);

/// The conditions of a list, $1 to $12.
macro_rules! matching {
    () => {
        "q.version > 0
         AND instr(q.record, $1) > 0 AND instr(q.record, $2) > 0 AND instr(q.record, $3) > 0
         AND instr(q.record, $4) > 0 AND instr(q.record, $5) > 0 AND instr(q.record, $6) > 0
         AND ($7 = '' OR instr(q.record, $7) = 0) AND ($8 = '' OR instr(q.record, $8) = 0)
         AND ($9 = '' OR instr(q.record, $9) = 0) AND q.created_at >= $10 AND q.created_at < $11
         AND ($12 = '' OR q.created_by = $12)"
    };
}

macro_rules! places {
    ($order:literal) => {
        concat!(
            "SELECT k.sort_key, q.created_at, q.id FROM inquiries q JOIN customers k ON k.id = q.customer_id WHERE ",
            matching!(),
            " AND ",
            $order
        )
    };
}

macro_rules! asked {
    ($fetch:ident, $db:expr, $row:ty, $sql:expr, $conditions:expr $(, $more:expr)*) => {{
        let [first, second, third, fourth, fifth, sixth] = $conditions.held.clone();
        let [no_first, no_second, no_third] = $conditions.not_held.clone();
        $fetch!(
            $db, $row, $sql, first, second, third, fourth, fifth, sixth, no_first, no_second, no_third,
            $conditions.from, $conditions.to, $conditions.by.clone() $(, $more)*
        )
    }};
}

fn placed(by: SortBy) -> impl Fn(Place) -> Placed {
    move |(sort_key, at, id)| Placed::by(by, sort_key, Timestamp(at), id)
}

/// At most `limit` inquiries after a place, in order.
pub(in crate::inquiries) async fn places(
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
            let sql = places!("(k.sort_key, q.id) > ($13, $14) ORDER BY k.sort_key, q.id LIMIT $15");
            asked!(fetch_all, db, Place, sql, conditions, key, id, limit)?
        }
        (SortBy::Reading, true) => {
            // No key begins with a letter after 2.
            let key = after.map_or_else(|| "9".to_owned(), |after| after.sort_key.clone());
            let sql = places!("(k.sort_key, q.id) < ($13, $14) ORDER BY k.sort_key DESC, q.id DESC LIMIT $15");
            asked!(fetch_all, db, Place, sql, conditions, key, id, limit)?
        }
        (SortBy::Updated, false) => {
            let at = after.map_or(i64::MIN, |after| after.at);
            let sql = places!("(q.created_at, q.id) > ($13, $14) ORDER BY q.created_at, q.id LIMIT $15");
            asked!(fetch_all, db, Place, sql, conditions, at, id, limit)?
        }
        (SortBy::Updated, true) => {
            let at = after.map_or(i64::MAX, |after| after.at);
            let sql = places!("(q.created_at, q.id) < ($13, $14) ORDER BY q.created_at DESC, q.id DESC LIMIT $15");
            asked!(fetch_all, db, Place, sql, conditions, at, id, limit)?
        }
    };
    Ok(rows.into_iter().map(placed(sort.by)).collect())
}

/// Those of these inquiries who fit, in no order.
pub(in crate::inquiries) async fn places_of(
    db: &Db,
    conditions: &Conditions,
    by: SortBy,
    ids: &[String],
) -> Result<Vec<Placed>, DbError> {
    let sql = match db.dialect() {
        Dialect::Sqlite => places!("q.id IN (SELECT value FROM json_each($13))"),
        Dialect::Postgres => places!("q.id IN (SELECT json_array_elements_text(CAST($13 AS json)))"),
    };
    let rows = asked!(fetch_all, db, Place, sql, conditions, to_json(ids)?)?;
    Ok(rows.into_iter().map(placed(by)).collect())
}

/// How many there are, counted up to one more than `most`.
pub(in crate::inquiries) async fn count(db: &Db, conditions: &Conditions, most: i64) -> Result<i64, DbError> {
    let sql = concat!("SELECT COUNT(*) FROM (SELECT q.id FROM inquiries q WHERE ", matching!(), " LIMIT $13) counted");
    let (count,) = asked!(fetch_one, db, (i64,), sql, conditions, most + 1)?;
    Ok(count)
}

/// These inquiries, in this order, with their customers' names; one that is gone is left out.
pub(in crate::inquiries) async fn all(
    db: &Db,
    plan: NumberingPlan,
    ids: &[String],
) -> Result<Vec<(Stored, String)>, DbError> {
    let (sql, names) = match db.dialect() {
        Dialect::Sqlite => (
            select!("WHERE q.id IN (SELECT value FROM json_each($1))"),
            "SELECT id, name FROM customers WHERE id IN (SELECT value FROM json_each($1))",
        ),
        Dialect::Postgres => (
            select!("WHERE q.id IN (SELECT json_array_elements_text(CAST($1 AS json)))"),
            "SELECT id, name FROM customers WHERE id IN (SELECT json_array_elements_text(CAST($1 AS json)))",
        ),
    };
    let rows = fetch_all!(db, Row, sql, to_json(ids)?)?;
    let customers: Vec<String> = rows.iter().map(|row| row.customer_id.clone()).collect();
    let mut found = std::collections::HashMap::new();
    for stored in with_files(db, rows, plan).await? {
        found.insert(stored.id, stored);
    }
    let mut called = std::collections::HashMap::new();
    for (id, name) in fetch_all!(db, (String, String), names, to_json(&customers)?)? {
        called.insert(parse::<CustomerId>("customers.id", &id)?, name);
    }
    let ids = ids.iter().filter_map(|id| id.parse::<InquiryId>().ok());
    let found = ids.filter_map(|id| found.remove(&id));
    let with_name = |stored: Stored| {
        let name = called.get(&stored.customer).cloned().unwrap_or_default();
        (stored, name)
    };
    Ok(found.map(with_name).collect())
}

fn to_json(ids: &[String]) -> Result<String, DbError> {
    serde_json::to_string(ids).map_err(|_| DbError::Corrupt { column: "json" })
}
