//! The audit log's SQL.

use domain::time::Timestamp;
use uuid::Uuid;
use wire::settings::AuditRow;

use super::{Entry, changes};
use crate::db::{Db, DbError, Dialect, Tx};
use crate::{execute, fetch_all};

/// How many lines a page holds.
const PAGE: i64 = 100;

/// Adds a line within the unit of work of the change that it tells of.
///
/// # Errors
/// The database failed; the change then fails with it.
pub async fn record(tx: &mut Tx, now: Timestamp, entry: Entry) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO audit_log (id, at, actor_id, action, subject, detail) VALUES ($1, $2, $3, $4, $5, $6)",
        Uuid::now_v7().to_string(),
        now.0,
        entry.who.map(|who| who.to_string()),
        entry.what,
        entry.subject,
        entry.changes.to_json(),
    )?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
    n: i64,
    at: i64,
    who: Option<String>,
    what: String,
    subject: Option<String>,
    detail: String,
}

/// The lines before `before`, latest first, at most 100.
///
/// # Errors
/// The database failed.
pub async fn page(db: &Db, before: Option<i64>) -> Result<Vec<AuditRow>, DbError> {
    let rows = fetch_all!(db, Row, page_sql(db.dialect()), before.unwrap_or(i64::MAX), PAGE)?;
    let line = |row: Row| AuditRow {
        n: row.n,
        at: Timestamp(row.at),
        who: row.who,
        what: row.what,
        subject: row.subject.unwrap_or_default(),
        detail: changes::in_one_line(&row.detail),
    };
    Ok(rows.into_iter().map(line).collect())
}

/// SQLite numbers its rows by itself, PostgreSQL by a column of the overlay. A subject that is a user's id is shown
/// as the user's login.
fn page_sql(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "SELECT a.rowid AS n, a.at AS at, u.display_name AS who, a.action AS what,
                COALESCE(s.login, a.subject) AS subject, a.detail AS detail
             FROM audit_log a LEFT JOIN users u ON u.id = a.actor_id LEFT JOIN users s ON s.id = a.subject
             WHERE a.rowid < $1 ORDER BY a.rowid DESC LIMIT $2"
        }
        Dialect::Postgres => {
            "SELECT a.n AS n, a.at AS at, u.display_name AS who, a.action AS what,
                COALESCE(s.login, a.subject) AS subject, a.detail AS detail
             FROM audit_log a LEFT JOIN users u ON u.id = a.actor_id LEFT JOIN users s ON s.id = a.subject
             WHERE a.n < $1 ORDER BY a.n DESC LIMIT $2"
        }
    }
}
