//! The port behind the settings page.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use domain::ids::{TrunkId, UserId};
use domain::roles::Permission;
use tokio::sync::watch;
use wire::events::DeskEvent;
use wire::session::{Actor, Me, MyExtension};
use wire::settings::{
    AuditRow, CallRules, Deletable, Extension, Music, Number, Queue, Settings, SettingsPort, Trunk, TrunkState, User,
};
use wire::{ApiError, ApiResult};

use super::ports::{Accounts, Vault};
use super::{changes, check, store};
use crate::audit::{self, Changes, Entry};
use crate::clock::Clock;
use crate::db::{Db, Tx};
use crate::files::Files;
use crate::realtime::Hub;
use crate::telephony::directory::Line;
use crate::telephony::numbers::NumberingPlan;

/// How the settings behave.
#[derive(Clone, Debug)]
pub struct SettingsConfig {
    /// How numbers are read and shown.
    pub plan: NumberingPlan,
    /// Whether this is the demo: users made here are then the demo's own.
    pub demo: bool,
}

/// Asks telephony how a trunk is doing.
type AskState = Box<dyn Fn(TrunkId) -> Option<TrunkState> + Send + Sync>;

/// The settings, cheap to clone.
#[derive(Clone)]
pub struct SettingsService(Arc<Inner>);

struct Inner {
    db: Db,
    clock: Clock,
    hub: Hub,
    accounts: Arc<dyn Accounts>,
    vault: Arc<dyn Vault>,
    config: SettingsConfig,
    states: OnceLock<AskState>,
    changes: watch::Sender<u64>,
    files: OnceLock<Files>,
}

impl SettingsService {
    /// Joins the slice to its neighbours.
    pub fn new(
        db: Db,
        clock: Clock,
        hub: Hub,
        accounts: Arc<dyn Accounts>,
        vault: Arc<dyn Vault>,
        config: SettingsConfig,
    ) -> Self {
        let (states, files) = (OnceLock::new(), OnceLock::new());
        Self(Arc::new(Inner { db, clock, hub, accounts, vault, config, states, changes: watch::Sender::new(0), files }))
    }

    /// Says whom to ask how a trunk is doing. Heard once; until then trunks look as if they had just been started.
    pub fn ask_trunk_states_of(&self, ask: impl Fn(TrunkId) -> Option<TrunkState> + Send + Sync + 'static) {
        // A second word changes nothing: there is one telephony.
        let _ = self.0.states.set(Box::new(ask));
    }

    /// Says where uploads are kept, so that a deleted one does not stay behind. Heard once.
    pub(super) fn keep_uploads_in(&self, files: Files) {
        // A second word changes nothing: there is one store of files.
        let _ = self.0.files.set(files);
    }

    /// Moves on after each change: trunks, music and queues are then to be read again.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changes.subscribe()
    }

    pub(super) fn db(&self) -> &Db {
        &self.0.db
    }

    pub(super) fn vault(&self) -> &dyn Vault {
        self.0.vault.as_ref()
    }

    async fn all(&self) -> ApiResult<Settings> {
        let mut all = store::all(&self.0.db, self.0.config.plan).await?;
        for trunk in &mut all.trunks {
            trunk.state = self.state_of(trunk);
        }
        for extension in &mut all.extensions {
            self.see_account(extension);
        }
        Ok(all)
    }

    /// Fills in how an extension's account fares.
    fn see_account(&self, extension: &mut Extension) {
        if let Some(account) = &mut extension.account {
            let asked = self.0.states.get().and_then(|ask| ask(Line::trunk(extension.id)));
            account.state = asked.unwrap_or(TrunkState::Off);
        }
    }

    fn state_of(&self, trunk: &Trunk) -> TrunkState {
        let asked = self.0.states.get().and_then(|ask| ask(trunk.id));
        match (trunk.active, asked) {
            (false, _) => TrunkState::Off,
            (true, Some(state)) => state,
            (true, None) if trunk.registers => TrunkState::Registering,
            (true, None) => TrunkState::Peer,
        }
    }

    /// Checks and stores one change, and its line in the log, as one unit of work that no other change runs beside.
    async fn change<T, F>(&self, actor: &Actor, what: &'static str, work: F) -> ApiResult<T>
    where
        T: Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx, Settings) -> futures::future::BoxFuture<'t, ApiResult<Changed<T>>>
            + Send
            + 'static,
    {
        let (who, now, plan) = (actor.user, self.0.clock.now(), self.0.config.plan);
        let (saved, touched) = self
            .0
            .db
            .write::<_, ApiError, _>(move |tx| {
                Box::pin(async move {
                    store::take_turn(tx).await?;
                    let before = store::all_in(tx, plan).await?;
                    let done = work(tx, before).await?;
                    if !done.changes.is_empty() || done.always_told {
                        let (subject, changes) = (done.subject, done.changes);
                        audit::record(tx, now, Entry { who: Some(who), what, subject, changes }).await?;
                    }
                    Ok((done.saved, done.touched))
                })
            })
            .await?;
        self.tell(touched).await;
        Ok(saved)
    }

    /// Tells the desks whose user or extension changed, and everybody that settings did.
    async fn tell(&self, touched: BTreeSet<UserId>) {
        self.0.changes.send_modify(|revision| *revision += 1);
        self.0.hub.publish_all(&DeskEvent::SettingsChanged);
        if touched.is_empty() {
            return;
        }
        match store::all(&self.0.db, self.0.config.plan).await {
            Ok(all) => {
                for me in all.users.iter().filter(|user| touched.contains(&user.id)).map(|user| me(&all, user)) {
                    self.0.hub.publish(me.user, DeskEvent::Me { me });
                }
            }
            Err(error) => tracing::warn!(%error, "desks could not be told of a change that concerns their users"),
        }
    }

    /// Whoever administers now.
    ///
    /// # Errors
    /// The database failed.
    pub async fn administrators(&self) -> ApiResult<Vec<UserId>> {
        Ok(store::administrators(&self.0.db).await?)
    }

    /// Stores music that was uploaded, after its file.
    pub(super) async fn add_music(&self, actor: &Actor, music: Music, length_ms: i64) -> ApiResult<Music> {
        let now = self.0.clock.now();
        self.change(actor, "music.uploaded", move |tx, _| {
            Box::pin(async move {
                store::put_music(tx, &music, length_ms, now).await?;
                let changes = Changes::none().field("seconds", None, music.seconds.to_string());
                Ok(Changed::of(music.name.clone(), changes, music))
            })
        })
        .await
    }
}

/// What a change has done.
struct Changed<T> {
    saved: T,
    subject: String,
    changes: Changes,
    /// Logged even if no field changed.
    always_told: bool,
    touched: BTreeSet<UserId>,
}

impl<T> Changed<T> {
    fn of(subject: String, changes: Changes, saved: T) -> Self {
        Self { saved, subject, changes, always_told: false, touched: BTreeSet::new() }
    }

    fn touching(mut self, users: impl IntoIterator<Item = UserId>) -> Self {
        self.touched.extend(users);
        self
    }
}

/// Whether whoever saves a row saw it as it is: not before somebody else changed it, nor before it was deleted.
fn as_seen(stored: Option<u64>, seen: u64) -> ApiResult<()> {
    if stored.unwrap_or(0) == seen { Ok(()) } else { Err(ApiError::Conflict) }
}

/// The version of the row that `is` finds.
fn version_of<T>(rows: &[T], is: impl Fn(&T) -> bool, version: impl Fn(&T) -> u64) -> Option<u64> {
    rows.iter().find(|row| is(row)).map(version)
}

fn me(all: &Settings, user: &User) -> Me {
    let extension = all.extensions.iter().find(|extension| extension.user == Some(user.id));
    Me {
        user: user.id,
        login: user.login.clone(),
        name: user.name.clone(),
        role: user.role,
        extension: extension.map(|mine| MyExtension { id: mine.id, number: mine.number.clone() }),
    }
}

#[async_trait]
impl SettingsPort for SettingsService {
    async fn settings(&self, actor: Actor) -> ApiResult<Settings> {
        actor.require(Permission::Administer)?;
        self.all().await
    }

    async fn save_user(&self, actor: Actor, mut user: User) -> ApiResult<User> {
        actor.require(Permission::Administer)?;
        user.password = user.password.filter(|password| !password.is_empty());
        // Checked before the hash is paid for, and again where the change is made.
        check::user(&self.all().await?, user.clone())?;
        let hash = match &user.password {
            Some(password) => Some(self.0.accounts.hash_password(password.clone()).await?),
            None => None,
        };
        let (now, demo) = (self.0.clock.now(), self.0.config.demo);
        let accounts = Arc::clone(&self.0.accounts);
        let (saved, ends_sessions) = self
            .change(&actor, "user.saved", move |tx, before| {
                Box::pin(async move {
                    let id = user.id;
                    as_seen(version_of(&before.users, |row| row.id == id, |row| row.version), user.version)?;
                    let mut user = check::user(&before, user)?;
                    store::put_user(tx, &user, hash, demo, now).await?;
                    user.version = store::count_change(tx, "users", &id.to_string()).await?;
                    let changes = changes::of_user(&before, &user);
                    let known = before.users.iter().find(|known| known.id == user.id);
                    let ends = known.is_some_and(|known| known.role != user.role || (known.active && !user.active))
                        || (known.is_some() && user.password.is_some());
                    if ends {
                        accounts.end_sessions(tx, user.id).await?;
                    }
                    user.password = None;
                    Ok(Changed::of(user.login.clone(), changes, (user.clone(), ends)).touching([user.id]))
                })
            })
            .await?;
        if ends_sessions {
            self.0.accounts.sessions_ended(saved.id);
        }
        Ok(saved)
    }

    async fn save_extension(&self, actor: Actor, extension: Extension) -> ApiResult<Extension> {
        actor.require(Permission::Administer)?;
        let now = self.0.clock.now();
        let password = extension.account.as_ref().and_then(|account| account.password.as_deref());
        let password = password.filter(|password| !password.is_empty());
        let sealed = password.map(|password| self.0.vault.seal(password)).transpose()?;
        let mut saved = self
            .change(&actor, "extension.saved", move |tx, before| {
                Box::pin(async move {
                    let id = extension.id;
                    as_seen(version_of(&before.extensions, |row| row.id == id, |row| row.version), extension.version)?;
                    let mut extension = check::extension(&before, &extension)?;
                    store::put_extension(tx, &extension, sealed, now).await?;
                    extension.version = store::count_change(tx, "extensions", &id.to_string()).await?;
                    let changes = changes::of_extension(&before, &extension);
                    let until_now = before.extensions.iter().find(|known| known.id == extension.id);
                    let touched = until_now.and_then(|known| known.user).into_iter().chain(extension.user);
                    if let Some(account) = &mut extension.account {
                        account.password = None;
                    }
                    Ok(Changed::of(extension.number.clone(), changes, extension).touching(touched))
                })
            })
            .await?;
        self.see_account(&mut saved);
        Ok(saved)
    }

    async fn save_trunk(&self, actor: Actor, trunk: Trunk) -> ApiResult<Trunk> {
        actor.require(Permission::Administer)?;
        let now = self.0.clock.now();
        let password = trunk.password.as_deref().filter(|password| !password.is_empty());
        let sealed = password.map(|password| self.0.vault.seal(password)).transpose()?;
        let mut saved = self
            .change(&actor, "trunk.saved", move |tx, before| {
                Box::pin(async move {
                    let id = trunk.id;
                    as_seen(version_of(&before.trunks, |row| row.id == id, |row| row.version), trunk.version)?;
                    let mut trunk = check::trunk(&before, trunk)?;
                    store::put_trunk(tx, &trunk, sealed, now).await?;
                    trunk.version = store::count_change(tx, "trunks", &id.to_string()).await?;
                    let changes = changes::of_trunk(&before, &trunk);
                    trunk.password = None;
                    Ok(Changed::of(trunk.name.clone(), changes, trunk))
                })
            })
            .await?;
        saved.state = self.state_of(&saved);
        Ok(saved)
    }

    async fn save_number(&self, actor: Actor, number: Number) -> ApiResult<Number> {
        actor.require(Permission::Administer)?;
        let (now, plan) = (self.0.clock.now(), self.0.config.plan);
        self.change(&actor, "number.saved", move |tx, before| {
            Box::pin(async move {
                let id = number.id;
                as_seen(version_of(&before.numbers, |row| row.id == id, |row| row.version), number.version)?;
                let (mut number, e164) = check::number(&before, plan, number)?;
                store::put_number(tx, &number, &e164, now).await?;
                number.version = store::count_change(tx, "numbers", &id.to_string()).await?;
                let changes = changes::of_number(&before, &number);
                Ok(Changed::of(number.number.clone(), changes, number))
            })
        })
        .await
    }

    async fn save_queue(&self, actor: Actor, queue: Queue) -> ApiResult<Queue> {
        actor.require(Permission::Administer)?;
        let now = self.0.clock.now();
        self.change(&actor, "queue.saved", move |tx, before| {
            Box::pin(async move {
                let id = queue.id;
                as_seen(version_of(&before.queues, |row| row.id == id, |row| row.version), queue.version)?;
                let mut queue = check::queue(&before, &queue)?;
                store::put_queue(tx, &queue, now).await?;
                queue.version = store::count_change(tx, "queues", &id.to_string()).await?;
                let changes = changes::of_queue(&before, &queue);
                Ok(Changed::of(queue.name.clone(), changes, queue))
            })
        })
        .await
    }

    async fn call_rules(&self, _actor: Actor) -> ApiResult<CallRules> {
        Ok(store::call_rules(&self.0.db).await?)
    }

    async fn save_call_rules(&self, actor: Actor, rules: CallRules) -> ApiResult<CallRules> {
        actor.require(Permission::Administer)?;
        let now = self.0.clock.now();
        self.change(&actor, "call_rules.saved", move |tx, before| {
            Box::pin(async move {
                as_seen(Some(before.call_rules.version), rules.version)?;
                check::call_rules(rules)?;
                store::put_call_rules(tx, rules, now).await?;
                let rules = CallRules { version: store::count_change(tx, "call_rules", "").await?, ..rules };
                Ok(Changed::of(String::new(), changes::of_call_rules(&before, rules), rules))
            })
        })
        .await
        .inspect(|rules| self.0.hub.publish_all(&DeskEvent::CallRules { rules: *rules }))
    }

    async fn delete(&self, actor: Actor, what: Deletable) -> ApiResult<()> {
        actor.require(Permission::Administer)?;
        let now = self.0.clock.now();
        let code = match what {
            Deletable::Extension(_) => "extension.deleted",
            Deletable::Trunk(_) => "trunk.deleted",
            Deletable::Number(_) => "number.deleted",
            Deletable::Queue(_) => "queue.deleted",
            Deletable::Music(_) => "music.deleted",
        };
        self.change(&actor, code, move |tx, before| {
            Box::pin(async move {
                let name = check::deletion(&before, what)?;
                store::delete(tx, what, now).await?;
                let owner = |id| before.extensions.iter().find(|known| known.id == id).and_then(|known| known.user);
                let touched = match what {
                    Deletable::Extension(id) => owner(id),
                    Deletable::Trunk(_) | Deletable::Number(_) | Deletable::Queue(_) | Deletable::Music(_) => None,
                };
                let changed = Changed::of(name, Changes::none(), ()).touching(touched);
                Ok(Changed { always_told: true, ..changed })
            })
        })
        .await?;
        if let (Deletable::Music(id), Some(files)) = (what, self.0.files.get())
            && let Err(error) = files.delete(id).await
        {
            tracing::warn!(%id, %error, "the file of deleted music stays behind; nothing names it any more");
        }
        Ok(())
    }

    async fn audit(&self, actor: Actor, before: Option<i64>) -> ApiResult<Vec<AuditRow>> {
        actor.require(Permission::Administer)?;
        Ok(audit::page(&self.0.db, before).await?)
    }
}
