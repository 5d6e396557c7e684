//! Signing in and out of the app. Never the softphone's own log-in (S3).

use domain::ids::{ExtensionId, UserId};
use domain::roles::{Permission, Role};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use serde::{Deserialize, Serialize};

use crate::error::{ApiError, ApiResult};

/// Who asks, as the session cookie proved it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The user.
    pub user: UserId,
    /// The role at this moment, not at sign-in.
    pub role: Role,
    /// SHA-256 of the session's token, hexadecimal: names the session without being able to use it.
    pub session: String,
}

impl Actor {
    /// Passes if the role carries the permission.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] otherwise.
    pub fn require(&self, permission: Permission) -> ApiResult<()> {
        if self.role.may(permission) { Ok(()) } else { Err(ApiError::Forbidden) }
    }
}

/// The signed-in user, as the desk shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// The user.
    pub user: UserId,
    /// What they type to sign in.
    pub login: String,
    /// What others see.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The assigned extension, if any (S1, S2).
    pub extension: Option<MyExtension>,
}

/// An extension as its user sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MyExtension {
    /// Which.
    pub id: ExtensionId,
    /// Its number: `1001`.
    pub number: String,
}

/// What the sign-in page needs before anybody is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// Present in demo mode only: the accounts that it made, to be shown on the sign-in page.
    pub demo_accounts: Vec<DemoAccount>,
    /// Whether any user exists; if not, the page says how the operator makes the first.
    pub has_users: bool,
}

/// An account of the demo mode. Its password is public by design.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoAccount {
    /// What to type.
    pub login: String,
    /// What to type.
    pub password: String,
    /// What others see.
    pub name: String,
    /// What it may do.
    pub role: Role,
}

/// What the server does behind these functions.
#[cfg(feature = "ssr")]
#[async_trait::async_trait]
pub trait SessionPort: Send + Sync {
    /// Before anybody is signed in.
    async fn welcome(&self) -> ApiResult<Welcome>;
    /// Checks the pair, makes a new session and sets its cookie on the response.
    async fn sign_in(&self, login: String, password: String) -> ApiResult<Me>;
    /// Ends this session.
    async fn sign_out(&self, actor: Actor) -> ApiResult<()>;
    /// Ends every session of this user.
    async fn sign_out_everywhere(&self, actor: Actor) -> ApiResult<()>;
    /// Who is signed in.
    async fn me(&self, actor: Actor) -> ApiResult<Me>;
    /// Changes the own password; every other session of this user ends.
    async fn change_password(&self, actor: Actor, current: String, new: String) -> ApiResult<()>;
}

#[cfg(feature = "ssr")]
use crate::context::{actor, port};

/// What the sign-in page needs. Open to everybody.
///
/// # Errors
/// See [`ApiError`].
#[server(name = WelcomeFn, prefix = "/api", endpoint = "session/welcome", input = Json, output = Json)]
pub async fn welcome() -> Result<Welcome, ApiError> {
    port::<dyn SessionPort>()?.welcome().await
}

/// Signs in; the session cookie comes with the answer.
///
/// # Errors
/// [`ApiError::WrongCredentials`], [`ApiError::TooMany`].
#[server(name = SignInFn, prefix = "/api", endpoint = "session/sign_in", input = Json, output = Json)]
pub async fn sign_in(
    /// As typed.
    login: String,
    /// As typed.
    password: String,
) -> Result<Me, ApiError> {
    port::<dyn SessionPort>()?.sign_in(login, password).await
}

/// Signs out of this browser.
///
/// # Errors
/// See [`ApiError`].
#[server(name = SignOutFn, prefix = "/api", endpoint = "session/sign_out", input = Json, output = Json)]
pub async fn sign_out() -> Result<(), ApiError> {
    port::<dyn SessionPort>()?.sign_out(actor()?).await
}

/// Signs out of every browser.
///
/// # Errors
/// See [`ApiError`].
#[server(name = SignOutEverywhereFn, prefix = "/api", endpoint = "session/sign_out_everywhere", input = Json, output = Json)]
pub async fn sign_out_everywhere() -> Result<(), ApiError> {
    port::<dyn SessionPort>()?.sign_out_everywhere(actor()?).await
}

/// Who is signed in.
///
/// # Errors
/// [`ApiError::SignedOut`].
#[server(name = MeFn, prefix = "/api", endpoint = "session/me", input = Json, output = Json)]
pub async fn me() -> Result<Me, ApiError> {
    port::<dyn SessionPort>()?.me(actor()?).await
}

/// Changes the own password.
///
/// # Errors
/// [`ApiError::Invalid`] on `current` or `new`.
#[server(name = ChangePasswordFn, prefix = "/api", endpoint = "session/change_password", input = Json, output = Json)]
pub async fn change_password(
    /// The password until now.
    current: String,
    /// The password from now on.
    new: String,
) -> Result<(), ApiError> {
    port::<dyn SessionPort>()?.change_password(actor()?, current, new).await
}
