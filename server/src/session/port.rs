//! The port behind the server functions: one for each request, since it answers with a cookie.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use wire::ApiResult;
use wire::session::{Actor, Me, SessionPort, Welcome};

use super::{Sessions, Token};

/// The session port of one request.
pub struct RequestPort {
    sessions: Arc<Sessions>,
    address: Option<IpAddr>,
    presented: Option<Token>,
    set_cookie: Mutex<Option<String>>,
}

impl RequestPort {
    /// For a request from `address` that presented this token.
    pub fn new(sessions: Arc<Sessions>, address: Option<IpAddr>, presented: Option<Token>) -> Self {
        Self { sessions, address, presented, set_cookie: Mutex::new(None) }
    }

    /// What to answer as `Set-Cookie`, if anything.
    pub fn take_cookie(&self) -> Option<String> {
        self.set_cookie.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn answer_cookie(&self, line: String) {
        *self.set_cookie.lock().unwrap_or_else(PoisonError::into_inner) = Some(line);
    }
}

#[async_trait]
impl SessionPort for RequestPort {
    async fn welcome(&self) -> ApiResult<Welcome> {
        self.sessions.welcome().await
    }

    async fn sign_in(&self, login: String, password: String) -> ApiResult<Me> {
        let old = self.presented.clone();
        let (token, user) = self.sessions.sign_in(&login, password, self.address, old).await?;
        self.answer_cookie(self.sessions.cookie.set(&token));
        self.sessions.describe(user).await
    }

    async fn sign_out(&self, actor: Actor) -> ApiResult<()> {
        self.sessions.sign_out(&actor).await?;
        self.answer_cookie(self.sessions.cookie.clear());
        Ok(())
    }

    async fn sign_out_everywhere(&self, actor: Actor) -> ApiResult<()> {
        self.sessions.end_all(actor.user).await?;
        self.answer_cookie(self.sessions.cookie.clear());
        Ok(())
    }

    async fn me(&self, actor: Actor) -> ApiResult<Me> {
        self.sessions.me(actor.user).await
    }

    async fn change_password(&self, actor: Actor, current: String, new: String) -> ApiResult<()> {
        self.sessions.change_password(&actor, current, new).await
    }
}
