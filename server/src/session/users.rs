//! The people who can sign in: made by the command line and by administrators.

use domain::ids::UserId;
use domain::roles::Role;
use domain::time::Timestamp;
use uuid::Uuid;

use super::password::{self, PasswordFault};
use super::store::users::{by_login, insert, store_hash};
use super::{Hasher, store};
use crate::audit::{self, Changes, Entry};
use crate::db::{Db, DbError};

/// Most characters of a login.
pub const MAX_LOGIN: usize = 64;
/// Most characters of a name.
pub const MAX_NAME: usize = 60;

/// Somebody who can sign in, or could.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Which.
    pub id: UserId,
    /// What they type, normalised.
    pub login: String,
    /// What others see.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Whether they may sign in.
    pub active: bool,
}

/// Somebody to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// What they will type; normalised here.
    pub login: String,
    /// What others will see.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Their password.
    pub password: String,
    /// Whether the demo makes them: their password is public then.
    pub demo: bool,
}

/// Why a user cannot be made or changed.
#[derive(Debug, thiserror::Error)]
pub enum UserFault {
    /// No login, or too long a one, or one with spaces in it.
    #[error("a login has 1 to {MAX_LOGIN} characters and no spaces")]
    Login,
    /// No name, or too long a one.
    #[error("a name has 1 to {MAX_NAME} characters")]
    Name,
    /// Somebody has this login.
    #[error("there is a user with this login")]
    Taken,
    /// Nobody has this login.
    #[error("there is no user with this login")]
    Unknown,
    /// The password may not be chosen.
    #[error(transparent)]
    Password(#[from] PasswordFault),
    /// The password could not be hashed now.
    #[error("too many passwords are being hashed; try again")]
    Busy,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

/// A login as it is stored and compared: trimmed, in lower case.
pub fn normalise_login(typed: &str) -> String {
    typed.trim().to_lowercase()
}

/// Makes a user; the line in the audit log names no actor, since the command line does this.
///
/// # Errors
/// What is wrong with the input, or a failing database. Nothing is saved then.
pub async fn add_user(db: &Db, hasher: &Hasher, now: Timestamp, new: NewUser) -> Result<User, UserFault> {
    let NewUser { login, name, role, password, demo } = new;
    let login = normalise_login(&login);
    if login.is_empty() || login.chars().count() > MAX_LOGIN || login.contains(char::is_whitespace) {
        return Err(UserFault::Login);
    }
    let name = name.trim().to_owned();
    if name.is_empty() || name.chars().count() > MAX_NAME {
        return Err(UserFault::Name);
    }
    password::check(&password)?;
    let hash = hasher.hash(password).await.map_err(|_| UserFault::Busy)?;
    let user = User { id: UserId(Uuid::now_v7()), login, name, role, active: true };
    let row = user.clone();
    db.write(move |tx| {
        Box::pin(async move {
            insert(tx, &row, demo, hash, now).await.map_err(|error| {
                if matches!(error, DbError::Conflict(_)) { UserFault::Taken } else { UserFault::Db(error) }
            })?;
            let changes = Changes::none()
                .field("login", None, row.login.clone())
                .field("role", None, row.role.as_str().to_owned())
                .secret("password", true);
            let entry = Entry { who: None, what: "user.saved", subject: row.id.to_string(), changes };
            Ok::<_, UserFault>(audit::record(tx, now, entry).await?)
        })
    })
    .await?;
    Ok(user)
}

/// Gives the user another password and ends all their sessions.
///
/// # Errors
/// What is wrong with the input, or a failing database.
pub async fn set_password(
    db: &Db,
    hasher: &Hasher,
    now: Timestamp,
    login: &str,
    password: String,
) -> Result<User, UserFault> {
    password::check(&password)?;
    let (user, _) = by_login(db, &normalise_login(login)).await?.ok_or(UserFault::Unknown)?;
    let hash = hasher.hash(password).await.map_err(|_| UserFault::Busy)?;
    let id = user.id;
    db.write(move |tx| {
        Box::pin(async move {
            store_hash(tx, id, hash, now).await?;
            store::end_all(tx, id, None).await?;
            let changes = Changes::none().secret("password", true);
            audit::record(tx, now, Entry { who: None, what: "user.saved", subject: id.to_string(), changes }).await
        })
    })
    .await?;
    Ok(user)
}

/// Who is in the database: real users, the demo's, or nobody yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Census {
    /// Users that people made.
    pub real: i64,
    /// Users that the demo made, whose passwords are public.
    pub demo: i64,
}
