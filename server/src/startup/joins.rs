//! What one slice asks of another, answered here so that neither knows the other.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use domain::ids::{ClientId, UserId};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wire::events::{CloseReason, Desk, DeskEvent};
use wire::session::{Actor, MyExtension};
use wire::{ApiError, ApiResult};

use crate::agents::{AfterCallRules, Agents};
use crate::clock::Clock;
use crate::db::{DbError, Tx};
use crate::realtime::{DeskSource, Hub};
use crate::routing::Router;
use crate::secrets::Vault;
use crate::session::{self, Ended, Sessions, Surroundings};
use crate::settings::{self, Accounts, SettingsService};
use crate::telephony::calls::Calls;
use crate::telephony::trunk::Trunks;

/// How often administrators are told at most that a line fares otherwise.
const TELL_OF_LINES_EVERY: Duration = Duration::from_secs(1);

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
            call_rules: late.settings.rules_of_calls().await?,
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

/// Has the trunks read the settings anew whenever those change.
pub(super) async fn tell_trunks(settings: SettingsService, trunks: Trunks, stop: CancellationToken) {
    let mut changes = settings.changes();
    loop {
        tokio::select! {
            Ok(()) = changes.changed() => trunks.settings_changed(),
            () = stop.cancelled() => return,
        }
    }
}

/// Tells the administrators' desks how the lines fare, at most once in a while: nobody else shows it, and an exchange that
/// is away takes hundreds of lines with it at once.
pub(super) async fn tell_of_lines(
    settings: SettingsService,
    mut states: watch::Receiver<u64>,
    hub: Hub,
    clock: Clock,
    stop: CancellationToken,
) {
    loop {
        tokio::select! {
            Ok(()) = states.changed() => {}
            () = stop.cancelled() => return,
        }
        match settings.administrators().await {
            Ok(administrators) => hub.publish_to(&administrators, &DeskEvent::LinesChanged),
            Err(error) => tracing::warn!(%error, "administrators could not be told how the lines fare"),
        }
        tokio::select! {
            () = clock.sleep(TELL_OF_LINES_EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use domain::ids::{ClientId, UserId};
    use domain::roles::Role;
    use domain::time::Timestamp;
    use uuid::Uuid;
    use wire::events::ServerFrame;

    use super::*;
    use crate::db::testing::TestDb;
    use crate::realtime::{Attached, Outgoing};
    use crate::session::{Hasher, NewUser, add_user};
    use crate::settings::SettingsConfig;
    use crate::telephony::numbers::NumberingPlan;

    struct Nobody;

    #[async_trait]
    impl Accounts for Nobody {
        async fn hash_password(&self, password: String) -> ApiResult<String> {
            Ok(password)
        }
        async fn end_sessions(&self, _: &mut Tx, _: UserId) -> Result<(), DbError> {
            Ok(())
        }
        fn sessions_ended(&self, _: UserId) {}
    }

    impl settings::Vault for Nobody {
        fn seal(&self, secret: &str) -> ApiResult<String> {
            Ok(secret.to_owned())
        }
        fn open(&self, sealed: &str) -> ApiResult<String> {
            Ok(sealed.to_owned())
        }
    }

    fn heard(tab: &mut Attached) -> Vec<DeskEvent> {
        let mut events = Vec::new();
        while let Ok(Outgoing::Frame(json)) = tab.frames.try_recv() {
            if let ServerFrame::Event { event, .. } = serde_json::from_str(&json).unwrap() {
                events.push(event);
            }
        }
        events
    }

    #[tokio::test]
    async fn however_many_lines_change_the_administrators_alone_are_told_once_a_second() {
        let db = TestDb::sqlite().await;
        let (clock, hands) = Clock::held(Timestamp(0));
        let hub = Hub::new(clock.clone());
        let config = SettingsConfig { plan: NumberingPlan::of("JP").unwrap(), demo: false };
        let (accounts, vault) = (Arc::new(Nobody), Arc::new(Nobody));
        let settings = SettingsService::new(db.db.clone(), clock.clone(), hub.clone(), accounts, vault, config);
        let mut tabs = Vec::new();
        for role in [Role::Administrator, Role::Supervisor, Role::Agent] {
            let (login, name) = (role.as_str().to_owned(), role.as_str().to_owned());
            let new = NewUser { login, name, role, password: "correct horse battery".to_owned(), demo: false };
            let user = add_user(&db, &Hasher::cheap(), clock.now(), new).await.unwrap();
            tabs.push(hub.attach(user.id, ClientId(Uuid::new_v4()), String::new(), None));
        }
        let (states, changes) = watch::channel(0);
        let telling = tokio::spawn(tell_of_lines(settings, changes, hub.clone(), clock, CancellationToken::new()));
        states.send_modify(|n| *n += 1);
        // The administrator is told: from here on the task waits for the clock.
        let Some(Outgoing::Frame(_)) = tabs[0].frames.recv().await else { panic!("nothing was told") };
        for _ in 0..500 {
            states.send_modify(|n| *n += 1);
            tokio::task::yield_now().await;
        }
        assert_eq!(heard(&mut tabs[0]), []);
        hands.advance(Duration::from_secs(1));
        let Some(Outgoing::Frame(_)) = tabs[0].frames.recv().await else { panic!("nothing was told") };
        assert!(heard(&mut tabs[0]).is_empty() && heard(&mut tabs[1]).is_empty() && heard(&mut tabs[2]).is_empty());
        telling.abort();
    }
}
