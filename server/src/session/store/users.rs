//! The users' SQL.

use domain::ids::UserId;
use domain::roles::Role;
use domain::time::Timestamp;

use crate::db::{self, Db, DbError, Tx};
use crate::session::users::{Census, User};
use crate::{execute, fetch_all, fetch_one, fetch_optional};

/// Everybody, by login.
///
/// # Errors
/// The database failed.
pub async fn all_users(db: &Db) -> Result<Vec<User>, DbError> {
    let rows =
        fetch_all!(db, Row, "SELECT id, login, display_name, role, active, password_hash FROM users ORDER BY login")?;
    rows.into_iter().map(|row| row.read().map(|(user, _)| user)).collect()
}

/// Counts the users.
///
/// # Errors
/// The database failed.
pub async fn census(db: &Db) -> Result<Census, DbError> {
    const SQL: &str = "SELECT COUNT(*) FROM users WHERE demo = $1";
    Ok(Census { real: fetch_one!(db, (i64,), SQL, false)?.0, demo: fetch_one!(db, (i64,), SQL, true)?.0 })
}

pub(in crate::session) async fn any(db: &Db) -> Result<bool, DbError> {
    Ok(fetch_one!(db, (i64,), "SELECT COUNT(*) FROM users")?.0 > 0)
}

pub(in crate::session) async fn by_login(db: &Db, login: &str) -> Result<Option<(User, String)>, DbError> {
    fetch_optional!(
        db,
        Row,
        "SELECT id, login, display_name, role, active, password_hash FROM users WHERE login = $1",
        login
    )?
    .map(Row::read)
    .transpose()
}

pub(in crate::session) async fn by_id(db: &Db, id: UserId) -> Result<Option<(User, String)>, DbError> {
    fetch_optional!(
        db,
        Row,
        "SELECT id, login, display_name, role, active, password_hash FROM users WHERE id = $1",
        id.to_string()
    )?
    .map(Row::read)
    .transpose()
}

/// Whether the user may sign in by the password that this hash is of, and may do so until this unit of work ends.
///
/// Written rather than read: on PostgreSQL a unit of work that changes the user waits for this one, or this one for it
/// and then sees what it did (PostgreSQL manual, §13.2.1).
pub(in crate::session) async fn still_lets_in(tx: &mut Tx, id: UserId, hash: String) -> Result<bool, DbError> {
    let found = execute!(
        tx,
        "UPDATE users SET updated_at = updated_at WHERE id = $1 AND password_hash = $2 AND active",
        id.to_string(),
        hash,
    )?;
    Ok(found > 0)
}

pub(in crate::session) async fn store_hash(
    tx: &mut Tx,
    id: UserId,
    hash: String,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(tx, "UPDATE users SET password_hash = $1, updated_at = $2 WHERE id = $3", hash, now.0, id.to_string())?;
    Ok(())
}

pub(in crate::session) async fn insert(
    tx: &mut Tx,
    user: &User,
    demo: bool,
    hash: String,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO users (id, login, display_name, role, password_hash, active, demo, created_at, updated_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        user.id.to_string(),
        user.login.clone(),
        user.name.clone(),
        user.role.as_str(),
        hash,
        user.active,
        demo,
        now.0,
    )?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    login: String,
    display_name: String,
    role: String,
    active: bool,
    password_hash: String,
}

impl Row {
    fn read(self) -> Result<(User, String), DbError> {
        let role = Role::parse(&self.role).ok_or(DbError::Corrupt { column: "users.role" })?;
        let id = db::parse("users.id", &self.id)?;
        let user = User { id, login: self.login, name: self.display_name, role, active: self.active };
        Ok((user, self.password_hash))
    }
}
