//! What one slice asks of another, answered here so that neither knows the other.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use domain::ids::{ClientId, UserId};
use tokio_util::sync::CancellationToken;
use wire::events::{CloseReason, Desk, DeskEvent};
use wire::session::{Actor, MyExtension};
use wire::{ApiError, ApiResult};

use crate::agents::{AfterCallRules, Agents};
use crate::db::{DbError, Tx};
use crate::realtime::{DeskSource, Hub};
use crate::routing::Router;
use crate::secrets::Vault;
use crate::session::{self, Ended, Sessions, Surroundings};
use crate::settings::{self, Accounts, SettingsService};
use crate::telephony::calls::Calls;
use crate::telephony::trunk::Trunks;

/// Holds the slices that are made after those that ask for them.
pub(super) struct Joins {
    vault: Vault,
    hub: Hub,
    agents: Agents,
    late: OnceLock<Late>,
}

struct Late {
    settings: SettingsService,
    sessions: Arc<Sessions>,
    router: Router,
    calls: Calls,
}

impl Joins {
    pub(super) fn new(vault: Vault, hub: Hub, agents: Agents) -> Self {
        Self { vault, hub, agents, late: OnceLock::new() }
    }

    /// Names the rest; before this, whoever asks hears that the server is not available yet.
    pub(super) fn join(&self, settings: SettingsService, sessions: Arc<Sessions>, router: Router, calls: Calls) {
        self.late.set(Late { settings, sessions, router, calls }).ok();
    }

    fn late(&self) -> ApiResult<&Late> {
        self.late.get().ok_or(ApiError::Unavailable)
    }
}

#[async_trait]
impl Surroundings for Joins {
    async fn extension_of(&self, user: UserId) -> ApiResult<Option<MyExtension>> {
        self.late()?.settings.my_extension(user).await
    }

    fn ended(&self, user: UserId, which: Ended<'_>) {
        if let Some(late) = self.late.get() {
            late.calls.session_ended(user, |session| which.concerns(session));
        }
        self.hub.close(user, |session| which.concerns(session), CloseReason::SignedOut);
    }
}

#[async_trait]
impl Accounts for Joins {
    async fn hash_password(&self, password: String) -> ApiResult<String> {
        self.late()?.sessions.hash_password(password).await
    }

    async fn end_sessions(&self, tx: &mut Tx, user: UserId) -> Result<(), DbError> {
        session::end_sessions(tx, user).await
    }

    fn sessions_ended(&self, user: UserId) {
        if let Some(late) = self.late.get() {
            late.sessions.sessions_ended(user);
        }
    }
}

impl settings::Vault for Joins {
    fn seal(&self, secret: &str) -> ApiResult<String> {
        self.vault.seal(secret).map_err(|error| {
            tracing::error!(%error, "a secret could not be sealed");
            ApiError::Server
        })
    }

    fn open(&self, sealed: &str) -> ApiResult<String> {
        self.vault.open(sealed).map_err(|error| {
            tracing::error!(%error, "a sealed secret could not be opened");
            ApiError::Server
        })
    }
}

#[async_trait]
impl DeskSource for Joins {
    async fn desk(&self, user: UserId) -> Result<Desk, ApiError> {
        let late = self.late()?;
        Ok(Desk {
            me: late.sessions.me(user).await?,
            softphone: self.agents.softphone(user).await?,
            call: late.calls.call_view(user).await?,
            queues: late.router.view(user).await?,
        })
    }

    async fn look_at_desk(&self, user: UserId, client: ClientId) {
        self.agents.look_at_desk(user, client).await;
    }

    async fn still_signed_in(&self, actor: &Actor) -> bool {
        let Ok(late) = self.late() else { return true };
        // A database that is away for a moment signs nobody out.
        late.sessions.still_holds(actor).await.unwrap_or(true)
    }
}

/// Has agents and calls keep to the company's rules for calls, as they are now.
///
/// # Errors
/// The database failed.
pub(super) async fn keep_to_call_rules(settings: &SettingsService, agents: &Agents, calls: &Calls) -> ApiResult<()> {
    let rules = settings.rules_of_calls().await?;
    let seconds = |seconds: u16| Duration::from_secs(seconds.into());
    let limit = (rules.after_call_limit_seconds > 0).then(|| seconds(rules.after_call_limit_seconds));
    agents.set_after_call(AfterCallRules { limit, extension: seconds(rules.after_call_extension_seconds) });
    calls.set_full_hold(rules.full_hold);
    Ok(())
}

/// Carries each change of those rules to agents and calls.
pub(super) async fn follow_call_rules(
    settings: SettingsService,
    agents: Agents,
    calls: Calls,
    stop: CancellationToken,
) {
    let mut changes = settings.changes();
    loop {
        tokio::select! {
            Ok(()) = changes.changed() => {
                if let Err(error) = keep_to_call_rules(&settings, &agents, &calls).await {
                    tracing::error!(%error, "the rules for calls could not be read; the former ones hold until the next change");
                }
            }
            () = stop.cancelled() => return,
        }
    }
}

/// Carries news from the settings to the trunks, and from the trunks to whoever looks at the settings.
pub(super) async fn tell_of_changes(settings: SettingsService, trunks: Trunks, hub: Hub, stop: CancellationToken) {
    let (mut changes, mut states) = (settings.changes(), trunks.changes());
    loop {
        tokio::select! {
            Ok(()) = changes.changed() => trunks.settings_changed(),
            Ok(()) = states.changed() => hub.publish_all(&DeskEvent::SettingsChanged),
            () = stop.cancelled() => return,
        }
    }
}
