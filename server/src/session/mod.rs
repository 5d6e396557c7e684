//! Signing in to the app: users, passwords, sessions, and the brakes on guessing. Never the softphone's own log-in.
//!
//! A session is an opaque cookie of 256 random bits, of which only the SHA-256 is stored. It ends after a time without
//! any sign of life, at an absolute age, by signing out, when its user is disabled, or when the password changes. Every
//! request reads it anew, so an ended session is over at once on every node.
//!
//! **Invariant:** an answer never tells whether a login exists: an unknown one costs the same hash, counts against the
//! same limits and is refused in the same words.

mod cookie;
mod password;
mod port;
mod store;
#[cfg(test)]
mod tests;
mod throttle;
mod users;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::ids::UserId;
use wire::session::{Actor, Me, MyExtension, Welcome};
use wire::{ApiError, ApiResult};

pub use self::cookie::{CookieKind, Token};
pub use self::password::{Busy, Hasher, MAX_PASSWORD, MIN_PASSWORD, PasswordFault, check as check_password};
pub use self::port::RequestPort;
pub use self::store::users::{all_users, census};
use self::throttle::Counted;
pub use self::throttle::household;
pub use self::users::{Census, MAX_LOGIN, MAX_NAME, NewUser, User, UserFault, add_user, normalise_login, set_password};
use crate::audit::{self, Changes, Entry};
use crate::clock::Clock;
use crate::config::Config;
use crate::db::{Db, DbError, Tx};

/// How long a session may sleep, and live.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Without any sign of life.
    pub idle: Duration,
    /// At most.
    pub absolute: Duration,
}

/// A session in use is written down as seen at most this often.
const TOUCH_EVERY: Duration = Duration::from_mins(1);

/// What the slice asks of others.
#[async_trait]
pub trait Surroundings: Send + Sync {
    /// The extension that is assigned to the user (S1).
    async fn extension_of(&self, user: UserId) -> ApiResult<Option<MyExtension>>;
    /// Sessions of the user are over: their sockets are to be closed.
    fn ended(&self, user: UserId, which: Ended<'_>);
}

/// Which sessions of a user are over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended<'a> {
    /// This one.
    One(&'a str),
    /// Each but this one, from which its user ended the others.
    AllBut(&'a str),
    /// Each.
    All,
}

impl Ended<'_> {
    /// Whether this session is among them.
    pub fn concerns(self, session: &str) -> bool {
        match self {
            Self::One(ended) => session == ended,
            Self::AllBut(kept) => session != kept,
            Self::All => true,
        }
    }
}

/// Sessions, for as long as the server runs.
pub struct Sessions {
    db: Db,
    clock: Clock,
    limits: Limits,
    hasher: Hasher,
    cookie: CookieKind,
    surroundings: Arc<dyn Surroundings>,
    welcome: Vec<wire::session::DemoAccount>,
}

impl Sessions {
    /// Joins the slice to the rest.
    pub fn new(db: Db, clock: Clock, config: &Config, hasher: Hasher, surroundings: Arc<dyn Surroundings>) -> Self {
        let limits = Limits { idle: config.session_idle_minutes, absolute: config.session_absolute_hours };
        let cookie = CookieKind::for_origin(&config.public_origin());
        Self { db, clock, limits, hasher, cookie, surroundings, welcome: Vec::new() }
    }

    /// Names the accounts that the demo made, for its sign-in page.
    #[must_use]
    pub fn with_demo_accounts(mut self, accounts: Vec<wire::session::DemoAccount>) -> Self {
        self.welcome = accounts;
        self
    }

    /// Which cookie this server sets.
    pub fn cookie(&self) -> CookieKind {
        self.cookie
    }

    /// Who holds this token, if its session still lives. Being asked is a sign of life.
    ///
    /// # Errors
    /// The database failed: nobody is signed out by that.
    pub async fn authenticate(&self, token: &Token) -> Result<Option<Actor>, DbError> {
        self.alive(&token.hash()).await
    }

    /// Whether the session still lives; an open socket asks, and so keeps it awake.
    ///
    /// # Errors
    /// The database failed: nobody is signed out by that.
    pub async fn still_holds(&self, actor: &Actor) -> Result<bool, DbError> {
        Ok(self.alive(&actor.session).await?.is_some())
    }

    async fn alive(&self, hash: &str) -> Result<Option<Actor>, DbError> {
        let Some(found) = store::session(&self.db, hash).await? else { return Ok(None) };
        let now = self.clock.now();
        let asleep = now.since(found.last_seen_at);
        if !found.active || asleep >= self.limits.idle || now.since(found.created_at) >= self.limits.absolute {
            return Ok(None);
        }
        if asleep >= TOUCH_EVERY.min(self.limits.idle / 4) {
            let hash = hash.to_owned();
            self.db.write::<_, DbError, _>(move |tx| Box::pin(store::touch(tx, hash, now))).await?;
        }
        Ok(Some(Actor { user: found.user, role: found.role, session: hash.to_owned() }))
    }

    /// Checks the pair and opens a session in place of `old`.
    ///
    /// # Errors
    /// [`ApiError::WrongCredentials`] without saying which of the two, [`ApiError::TooMany`] when guessing is braked.
    pub async fn sign_in(
        &self,
        login: &str,
        password: String,
        address: Option<IpAddr>,
        old: Option<Token>,
    ) -> Result<(Token, User), ApiError> {
        let login = normalise_login(login);
        if login.chars().count() > MAX_LOGIN {
            // Nobody can have it, and what was typed (or pasted) into the wrong field is kept nowhere.
            return Err(ApiError::WrongCredentials);
        }
        let now = self.clock.now();
        let tried = login.clone();
        let counted = self.db.write(move |tx| Box::pin(throttle::count_sign_in(tx, tried, address, now))).await?;
        let known = store::users::by_login(&self.db, &login).await?;
        let keys = match counted {
            Counted::Tried(keys) => keys,
            Counted::Braked { wait, first } => {
                if first {
                    self.note(known.map(|(user, _)| user), "session.braked", address).await?;
                }
                return Err(too_many(wait));
            }
        };
        let checked = known.as_ref().map(|(_, hash)| hash.clone());
        let Ok(right) = self.hasher.verify(password, checked.clone()).await else {
            // Nothing was learnt by this try.
            self.db.write(move |tx| Box::pin(throttle::forget_try(tx, keys, now))).await?;
            return Err(too_many(Duration::from_secs(1)));
        };
        let (user, checked) = match (known, checked) {
            (Some((user, _)), Some(checked)) if right && user.active => (user, checked),
            (other, _) => return self.refuse(other.map(|(user, _)| user), address).await,
        };
        let token = Token::random();
        let (hash, old, id) = (token.hash(), old.map(|token| token.hash()), user.id);
        let replaced = old.clone();
        let opened = self
            .db
            .write::<_, DbError, _>(move |tx| {
                Box::pin(async move {
                    if !store::users::still_lets_in(tx, id, checked).await? {
                        return Ok(None);
                    }
                    throttle::forget_try(tx, keys, now).await?;
                    if let Some(address) = address {
                        throttle::remember(tx, id, address, now).await?;
                    }
                    let before = match replaced {
                        Some(replaced) => store::end(tx, replaced).await?,
                        None => None,
                    };
                    store::open(tx, hash, id, now).await?;
                    audit::record(tx, now, entry(Some(id), "session.signed_in", login, address)).await?;
                    Ok(Some(before))
                })
            })
            .await?;
        let Some(before) = opened else { return self.refuse(Some(user), address).await };
        if let (Some(before), Some(old)) = (before, &old) {
            self.surroundings.ended(before, Ended::One(old));
        }
        Ok((token, user))
    }

    async fn refuse<T>(&self, about: Option<User>, address: Option<IpAddr>) -> Result<T, ApiError> {
        self.note(about, "session.refused", address).await?;
        Err(ApiError::WrongCredentials)
    }

    /// Ends this session.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sign_out(&self, actor: &Actor) -> Result<(), ApiError> {
        let (session, user, now) = (actor.session.clone(), actor.user, self.clock.now());
        self.db
            .write::<_, DbError, _>(move |tx| {
                Box::pin(async move {
                    store::end(tx, session).await?;
                    audit::record(tx, now, entry(Some(user), "session.signed_out", String::new(), None)).await
                })
            })
            .await?;
        self.surroundings.ended(actor.user, Ended::One(&actor.session));
        Ok(())
    }

    /// Ends every session of the user.
    ///
    /// # Errors
    /// The database failed.
    pub async fn end_all(&self, user: UserId) -> Result<(), ApiError> {
        let now = self.clock.now();
        self.db
            .write::<_, DbError, _>(move |tx| {
                Box::pin(async move {
                    store::end_all(tx, user, None).await?;
                    audit::record(tx, now, entry(Some(user), "session.signed_out_everywhere", String::new(), None))
                        .await
                })
            })
            .await?;
        self.surroundings.ended(user, Ended::All);
        Ok(())
    }

    /// Changes the own password and ends every other session of the user.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] on `current` or `new`; [`ApiError::TooMany`] when guessing is braked.
    pub async fn change_password(&self, actor: &Actor, current: String, new: String) -> Result<(), ApiError> {
        password::check(&new).map_err(|fault| ApiError::field("new", fault.into()))?;
        let user = store::users::by_id(&self.db, actor.user).await?.ok_or(ApiError::SignedOut)?;
        let now = self.clock.now();
        let id = actor.user;
        let keys = match self.db.write(move |tx| Box::pin(throttle::count_change(tx, id, now))).await? {
            Counted::Tried(keys) => keys,
            Counted::Braked { wait, .. } => return Err(too_many(wait)),
        };
        let checked = user.1.clone();
        let right = self.hasher.verify(current, Some(user.1)).await.map_err(|Busy| too_many(Duration::from_secs(1)))?;
        let wrong = || ApiError::field("current", wire::Problem::Malformed);
        if !right {
            return Err(wrong());
        }
        let hash = self.hasher.hash(new).await.map_err(|Busy| too_many(Duration::from_secs(1)))?;
        let session = actor.session.clone();
        let changed = self
            .db
            .write::<_, DbError, _>(move |tx| {
                Box::pin(async move {
                    if !store::users::still_lets_in(tx, id, checked).await? {
                        return Ok(false);
                    }
                    throttle::forget_try(tx, keys, now).await?;
                    store::users::store_hash(tx, id, hash, now).await?;
                    store::end_all(tx, id, Some(session)).await?;
                    audit::record(tx, now, entry(Some(id), "session.password_changed", String::new(), None)).await?;
                    Ok(true)
                })
            })
            .await?;
        if !changed {
            return Err(wrong());
        }
        self.surroundings.ended(actor.user, Ended::AllBut(&actor.session));
        Ok(())
    }

    /// A password as it is stored, for users that an administrator saves.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] on `password`; [`ApiError::TooMany`] while too many wait.
    pub async fn hash_password(&self, password: String) -> ApiResult<String> {
        password::check(&password).map_err(|fault| ApiError::field("password", fault.into()))?;
        self.hasher.hash(password).await.map_err(|Busy| too_many(Duration::from_secs(1)))
    }

    /// Closes the sockets of a user all of whose sessions [`end_sessions`] has ended.
    pub fn sessions_ended(&self, user: UserId) {
        self.surroundings.ended(user, Ended::All);
    }

    /// Drops what can no longer matter: sessions that have ended, tries that no longer count.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sweep(&self) -> Result<(), DbError> {
        let now = self.clock.now();
        let limits = self.limits;
        self.db.write(move |tx| Box::pin(store::sweep(tx, now, limits))).await
    }

    /// The user as their desk shows them.
    ///
    /// # Errors
    /// [`ApiError::SignedOut`] if there is no such user (any more); the database's.
    pub async fn me(&self, user: UserId) -> ApiResult<Me> {
        let (user, _) = store::users::by_id(&self.db, user).await?.ok_or(ApiError::SignedOut)?;
        self.describe(user).await
    }

    async fn describe(&self, user: User) -> ApiResult<Me> {
        let extension = self.surroundings.extension_of(user.id).await?;
        Ok(Me { user: user.id, login: user.login, name: user.name, role: user.role, extension })
    }

    async fn welcome(&self) -> ApiResult<Welcome> {
        Ok(Welcome { demo_accounts: self.welcome.clone(), has_users: store::users::any(&self.db).await? })
    }

    /// Keeps a refusal, naming the user whom it concerns if there is one: what else was typed may be a password.
    async fn note(&self, about: Option<User>, what: &'static str, address: Option<IpAddr>) -> Result<(), DbError> {
        let now = self.clock.now();
        let (who, login) = about.map_or((None, String::new()), |user| (Some(user.id), user.login));
        self.db.write(move |tx| Box::pin(audit::record(tx, now, entry(who, what, login, address)))).await
    }
}

/// Ends every session of a user whose password or rights somebody else changes: in the unit of work that changes them,
/// after the user's row, so that no session is opened in between by what holds no longer.
///
/// # Errors
/// The database failed.
pub async fn end_sessions(tx: &mut Tx, user: UserId) -> Result<(), DbError> {
    store::end_all(tx, user, None).await
}

fn entry(who: Option<UserId>, what: &'static str, subject: String, address: Option<IpAddr>) -> Entry {
    let changes = match address {
        Some(address) => Changes::none().field("address", None, address.to_string()),
        None => Changes::none(),
    };
    Entry { who, what, subject, changes }
}

fn too_many(wait: Duration) -> ApiError {
    ApiError::TooMany { retry_after_s: u32::try_from(wait.as_secs().max(1)).unwrap_or(u32::MAX) }
}
