//! What an administrator sets up. Each `save_…` creates or updates by id (made by the client), and answers
//! with the stored row and its new version. Every change is audited.

use domain::ids::{ExtensionId, FileId, NumberId, QueueId, TrunkId, UserId};
use domain::phone::ShownNumber;
use domain::roles::Role;
use domain::routing::Rule;
use domain::time::Timestamp;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use serde::{Deserialize, Serialize};

use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{error::ApiResult, session::Actor};

/// All settings at once: a company has tens of rows, not thousands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// By name.
    pub users: Vec<User>,
    /// By number.
    pub extensions: Vec<Extension>,
    /// By name.
    pub trunks: Vec<Trunk>,
    /// By number.
    pub numbers: Vec<Number>,
    /// By name.
    pub queues: Vec<Queue>,
    /// Uploaded hold music, by name.
    pub music: Vec<Music>,
    /// How every desk handles calls.
    pub call_rules: CallRules,
}

/// How every desk handles calls: one set for the whole company.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRules {
    /// The microphone is open in calls only, and not already while its agent is 待機 (A31).
    pub microphone_only_in_calls: bool,
    /// On hold the agent does not hear the customer either (A4).
    pub full_hold: bool,
    /// After how many seconds after-call work ends by itself (A5); 0: never.
    pub after_call_limit_seconds: u16,
    /// By how many seconds 延長 puts that off.
    pub after_call_extension_seconds: u16,
    /// As it was read; 0 for one that is made anew. Saving what somebody has changed or deleted since is
    /// [`ApiError::Conflict`].
    #[serde(default)]
    pub version: u64,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Which.
    pub id: UserId,
    /// 1–64 characters, unique without regard to case.
    pub login: String,
    /// 1–60 characters.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// A disabled user cannot sign in; disabling ends every session.
    pub active: bool,
    /// A new password, 10–256 characters; none leaves it. Never sent back.
    pub password: Option<String>,
    /// As it was read; 0 for one that is made anew. Saving what somebody has changed or deleted since is
    /// [`ApiError::Conflict`].
    #[serde(default)]
    pub version: u64,
}

/// An extension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// Which.
    pub id: ExtensionId,
    /// 2–8 digits, unique.
    pub number: String,
    /// Whose it is; a user has at most one.
    pub user: Option<UserId>,
    /// Its account at another exchange, if it has one.
    #[serde(default)]
    pub account: Option<SipAccount>,
    /// As it was read; 0 for one that is made anew. Saving what somebody has changed or deleted since is
    /// [`ApiError::Conflict`].
    #[serde(default)]
    pub version: u64,
}

/// An extension's account at another exchange: registered there while its agent is logged in; calls to it ring that
/// agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SipAccount {
    /// Host name or address of the registrar.
    pub host: String,
    /// 1–65535, default 5060.
    pub port: u16,
    /// How SIP travels.
    pub transport: TrunkTransport,
    /// The domain of the account's address; none: the host.
    pub domain: Option<String>,
    /// 1–64 characters: the user part of the account's address, such as the number that it has there.
    pub username: String,
    /// The name that the password belongs to; none: the user name.
    pub auth_username: Option<String>,
    /// A new digest password; none leaves it. Never sent back.
    pub password: Option<String>,
    /// Whether a password is stored.
    pub has_password: bool,
    /// In order of preference.
    pub codecs: Vec<TrunkCodec>,
    /// How long a call to it rings, 5–120 s, default 20 (A3).
    #[serde(default = "SipAccount::usual_ring_seconds")]
    pub ring_seconds: u16,
    /// What is dialled there before numbers outside the exchange, 1–4 digits; none: they are dialled as they are.
    #[serde(default)]
    pub outside_prefix: Option<String>,
    /// As the server sees it now, [`TrunkState::Off`] while its agent is not logged in; ignored when saving.
    pub state: TrunkState,
}

impl SipAccount {
    /// For how long a call rings where nobody says otherwise.
    pub const fn usual_ring_seconds() -> u16 {
        20
    }
}

/// A SIP trunk.
#[expect(clippy::struct_excessive_bools, reason = "each is a tick of its own in a form, as it crosses the network")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trunk {
    /// Which.
    pub id: TrunkId,
    /// 1–60 characters, unique.
    pub name: String,
    /// Host name or address of the peer or registrar.
    pub host: String,
    /// 1–65535; none: as the name service says (RFC 3263), else the transport's usual one.
    pub port: Option<u16>,
    /// A server that stands for the first while that one fails: a host, or a host and a port.
    pub second_host: Option<String>,
    /// How SIP travels.
    pub transport: TrunkTransport,
    /// Whether we register there.
    pub registers: bool,
    /// Digest user name; needed to register.
    pub username: Option<String>,
    /// A new digest password; none leaves it. Never sent back.
    pub password: Option<String>,
    /// Whether a password is stored.
    pub has_password: bool,
    /// Addresses or networks (CIDR) that calls may come from, beside the host's own.
    pub sources: Vec<String>,
    /// In order of preference.
    pub codecs: Vec<TrunkCodec>,
    /// 1–1000.
    pub max_calls: u16,
    /// Whether its word about who calls is believed (P-Asserted-Identity, RFC 3325).
    pub trusts_identity: bool,
    /// In which headers it wants the number that is shown in calls out.
    pub presents: Presentation,
    /// A disabled trunk neither takes nor makes calls.
    pub active: bool,
    /// As the server sees it now; ignored when saving.
    pub state: TrunkState,
    /// As it was read; 0 for one that is made anew. Saving what somebody has changed or deleted since is
    /// [`ApiError::Conflict`].
    #[serde(default)]
    pub version: u64,
}

/// How SIP travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrunkTransport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
    /// TLS over TCP, with a certificate that bears the trunk's host name.
    Tls,
}

/// In which headers a trunk wants the number that is shown in calls out. It stands in From in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presentation {
    /// In From alone.
    From,
    /// Also in P-Preferred-Identity (RFC 3325 §9.2), for a trunk that asserts identities itself.
    Preferred,
    /// Also in P-Asserted-Identity (RFC 3325 §9.1), for a trunk that trusts us.
    #[default]
    Asserted,
}

/// G.711 in its two laws (RFC 3551 §4.5.14).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrunkCodec {
    /// µ-law.
    Pcmu,
    /// A-law.
    Pcma,
}

/// A trunk as the server sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrunkState {
    /// Switched off.
    Off,
    /// A peer that needs no registration.
    Peer,
    /// Registering.
    Registering,
    /// Registered.
    Registered {
        /// Since when.
        since: Timestamp,
    },
    /// Registration or resolution failed; tried again by itself.
    Failed {
        /// A SIP status, or why no connection could be made in one word (`certificate_expired`), or what the name service
        /// said.
        why: String,
        /// When.
        at: Timestamp,
    },
}

/// A number of ours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Number {
    /// Which.
    pub id: NumberId,
    /// As typed when saving; as shown when read.
    pub number: String,
    /// As the numbering plan reads it; none when saving.
    pub shown: Option<ShownNumber>,
    /// 0–40 characters: 代表, サポート.
    pub label: String,
    /// The trunk that it lives on.
    pub trunk: TrunkId,
    /// Where its calls go; none: calls to it are refused.
    pub queue: Option<QueueId>,
    /// Who may show it when calling out (A25).
    pub granted: Granted,
    /// As it was read; 0 for one that is made anew. Saving what somebody has changed or deleted since is
    /// [`ApiError::Conflict`].
    #[serde(default)]
    pub version: u64,
}

/// Who may show a number when calling out (A25).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Granted {
    /// Nobody: inbound only.
    Nobody,
    /// Every agent.
    Everybody,
    /// These.
    Users(Vec<UserId>),
}

/// A queue (A30).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// Which.
    pub id: QueueId,
    /// 1–60 characters, unique.
    pub name: String,
    /// How it chooses.
    pub rule: Rule,
    /// Who takes its calls.
    pub members: Vec<UserId>,
    /// Whether the queue may answer with music before an agent does (A29).
    pub may_answer: bool,
    /// How long a call rings at an agent, 5–120 s, default 20 (A3).
    pub ring_seconds: u16,
    /// Hold and waiting music; none: the built-in melody.
    pub music: Option<FileId>,
    /// As it was read; 0 for one that is made anew. Saving what somebody has changed or deleted since is
    /// [`ApiError::Conflict`].
    #[serde(default)]
    pub version: u64,
}

/// Uploaded hold music. Uploaded by `POST /files/music` (multipart: `name`, `file`; WAV, at most 20 MB).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Music {
    /// Which.
    pub id: FileId,
    /// 1–60 characters.
    pub name: String,
    /// In seconds.
    pub seconds: u32,
}

/// One line of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// Ever growing.
    pub n: i64,
    /// When.
    pub at: Timestamp,
    /// Who; none for the command line and the server itself.
    pub who: Option<String>,
    /// What, as a code: `queue.saved`, `session.signed_in`.
    pub what: String,
    /// About whom or what, as it was named then.
    pub subject: String,
    /// The fields that changed, without secrets: `ring_seconds: 20 → 30`.
    pub detail: String,
}

/// What can be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deletable {
    /// An extension.
    Extension(ExtensionId),
    /// A trunk without numbers.
    Trunk(TrunkId),
    /// A number.
    Number(NumberId),
    /// A queue without numbers.
    Queue(QueueId),
    /// Music that no queue plays.
    Music(FileId),
}

/// What the server does behind these functions.
#[cfg(feature = "ssr")]
#[async_trait::async_trait]
pub trait SettingsPort: Send + Sync {
    /// Everything.
    async fn settings(&self, actor: Actor) -> ApiResult<Settings>;
    /// Creates or updates.
    async fn save_user(&self, actor: Actor, user: User) -> ApiResult<User>;
    /// Creates or updates.
    async fn save_extension(&self, actor: Actor, extension: Extension) -> ApiResult<Extension>;
    /// Creates or updates.
    async fn save_trunk(&self, actor: Actor, trunk: Trunk) -> ApiResult<Trunk>;
    /// Creates or updates.
    async fn save_number(&self, actor: Actor, number: Number) -> ApiResult<Number>;
    /// Creates or updates.
    async fn save_queue(&self, actor: Actor, queue: Queue) -> ApiResult<Queue>;
    /// How every desk handles calls: for whoever is signed in.
    async fn call_rules(&self, actor: Actor) -> ApiResult<CallRules>;
    /// Changes it.
    async fn save_call_rules(&self, actor: Actor, rules: CallRules) -> ApiResult<CallRules>;
    /// Deletes what nothing else needs.
    async fn delete(&self, actor: Actor, what: Deletable) -> ApiResult<()>;
    /// The audit log, latest first, 100 rows before `before`.
    async fn audit(&self, actor: Actor, before: Option<i64>) -> ApiResult<Vec<AuditRow>>;
}

#[cfg(feature = "ssr")]
use crate::context::{actor, port};

/// Everything.
///
/// # Errors
/// [`ApiError::Forbidden`].
#[server(name = SettingsFn, prefix = "/api", endpoint = "settings/all", input = Json, output = Json)]
pub async fn settings() -> Result<Settings, ApiError> {
    port::<dyn SettingsPort>()?.settings(actor()?).await
}

/// Creates or updates a user.
///
/// # Errors
/// [`ApiError::Invalid`], [`ApiError::Forbidden`], [`ApiError::Conflict`].
#[server(name = SaveUserFn, prefix = "/api", endpoint = "settings/save_user", input = Json, output = Json)]
pub async fn save_user(
    /// As it shall be.
    user: User,
) -> Result<User, ApiError> {
    port::<dyn SettingsPort>()?.save_user(actor()?, user).await
}

/// Creates or updates an extension.
///
/// # Errors
/// [`ApiError::Invalid`], [`ApiError::Forbidden`], [`ApiError::Conflict`].
#[server(name = SaveExtensionFn, prefix = "/api", endpoint = "settings/save_extension", input = Json, output = Json)]
pub async fn save_extension(
    /// As it shall be.
    extension: Extension,
) -> Result<Extension, ApiError> {
    port::<dyn SettingsPort>()?.save_extension(actor()?, extension).await
}

/// Creates or updates a trunk.
///
/// # Errors
/// [`ApiError::Invalid`], [`ApiError::Forbidden`], [`ApiError::Conflict`].
#[server(name = SaveTrunkFn, prefix = "/api", endpoint = "settings/save_trunk", input = Json, output = Json)]
pub async fn save_trunk(
    /// As it shall be.
    trunk: Trunk,
) -> Result<Trunk, ApiError> {
    port::<dyn SettingsPort>()?.save_trunk(actor()?, trunk).await
}

/// Creates or updates a number.
///
/// # Errors
/// [`ApiError::Invalid`], [`ApiError::Forbidden`], [`ApiError::Conflict`].
#[server(name = SaveNumberFn, prefix = "/api", endpoint = "settings/save_number", input = Json, output = Json)]
pub async fn save_number(
    /// As it shall be.
    number: Number,
) -> Result<Number, ApiError> {
    port::<dyn SettingsPort>()?.save_number(actor()?, number).await
}

/// Creates or updates a queue.
///
/// # Errors
/// [`ApiError::Invalid`], [`ApiError::Forbidden`], [`ApiError::Conflict`].
#[server(name = SaveQueueFn, prefix = "/api", endpoint = "settings/save_queue", input = Json, output = Json)]
pub async fn save_queue(
    /// As it shall be.
    queue: Queue,
) -> Result<Queue, ApiError> {
    port::<dyn SettingsPort>()?.save_queue(actor()?, queue).await
}

/// How every desk handles calls; any role may ask, because every desk keeps to it.
///
/// # Errors
/// See [`ApiError`].
#[server(name = CallRulesFn, prefix = "/api", endpoint = "settings/call_rules", input = Json, output = Json)]
pub async fn call_rules() -> Result<CallRules, ApiError> {
    port::<dyn SettingsPort>()?.call_rules(actor()?).await
}

/// Changes how every desk handles calls.
///
/// # Errors
/// [`ApiError::Forbidden`], [`ApiError::Conflict`].
#[server(name = SaveCallRulesFn, prefix = "/api", endpoint = "settings/save_call_rules", input = Json, output = Json)]
pub async fn save_call_rules(
    /// As they shall be.
    rules: CallRules,
) -> Result<CallRules, ApiError> {
    port::<dyn SettingsPort>()?.save_call_rules(actor()?, rules).await
}

/// Deletes what nothing else needs.
///
/// # Errors
/// [`ApiError::Invalid`] with `InUse`, [`ApiError::NotFound`], [`ApiError::Forbidden`].
#[server(name = DeleteFn, prefix = "/api", endpoint = "settings/delete", input = Json, output = Json)]
pub async fn delete(
    /// Which.
    what: Deletable,
) -> Result<(), ApiError> {
    port::<dyn SettingsPort>()?.delete(actor()?, what).await
}

/// The audit log.
///
/// # Errors
/// [`ApiError::Forbidden`].
#[server(name = AuditFn, prefix = "/api", endpoint = "settings/audit", input = Json, output = Json)]
pub async fn audit(
    /// Where the page before ended.
    before: Option<i64>,
) -> Result<Vec<AuditRow>, ApiError> {
    port::<dyn SettingsPort>()?.audit(actor()?, before).await
}
