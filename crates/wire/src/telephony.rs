//! The softphone: log-in, presence, audio, and the commands of a call.

use domain::agents::BreakReason;
use domain::ids::{ClientId, InteractionId, NumberId, PressId};
use domain::phone::ShownNumber;
use domain::telephony::{Command, Key};
use domain::time::Timestamp;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use serde::{Deserialize, Serialize};

use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{error::ApiResult, session::Actor};

/// What the agent can choose for the time between calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Choice {
    /// 待機
    Ready,
    /// 未待機
    NotReady,
    /// 離席
    Break {
        /// Why.
        reason: BreakReason,
    },
}

/// What the agent knows when leaving after-call work with things unwritten (A6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Leave {
    /// Nothing was missing. The server looks for itself: going ready with something missing goes into the audit log all
    /// the same.
    Complete,
    /// 下書きを残して待機: what was typed is kept, and is found again. Goes into the audit log where there is no such draft.
    KeepDraft,
    /// このまま待機: goes into the audit log.
    Anyway,
}

/// A number that the agent may show to whom they call (S7, A25).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerNumber {
    /// Which.
    pub id: NumberId,
    /// The number.
    pub number: ShownNumber,
    /// What it is called: 代表, サポート.
    pub label: String,
    /// It is the agent's own extension, whose calls go out through another exchange.
    #[serde(default)]
    pub extension: bool,
}

/// What the dialler needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialler {
    /// Granted to this agent, the last used one first (A25).
    pub caller_numbers: Vec<CallerNumber>,
    /// The last five numbers dialled, latest first.
    pub recent: Vec<ShownNumber>,
}

/// A typed destination as the server's numbering plan reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadNumber {
    /// The number, when it is a possible one.
    pub number: Option<ShownNumber>,
    /// Two letters, ISO 3166-1, of the number's country where known.
    pub country: Option<String>,
}

/// What the server does behind these functions.
#[cfg(feature = "ssr")]
#[async_trait::async_trait]
pub trait TelephonyPort: Send + Sync {
    /// S3.
    async fn log_in(&self, actor: Actor, client: ClientId) -> ApiResult<()>;
    /// S3.
    async fn log_out(&self, actor: Actor) -> ApiResult<()>;
    /// Sets up, or sets up anew, the one audio connection of this login.
    async fn connect_audio(&self, actor: Actor, client: ClientId, offer: String) -> ApiResult<String>;
    /// Lets the connection of this login look for its ways anew, as after a change of network.
    async fn restart_audio(&self, actor: Actor, client: ClientId, offer: String) -> ApiResult<String>;
    /// 待機, 未待機, 離席.
    async fn choose(&self, actor: Actor, choice: Choice) -> ApiResult<()>;
    /// S30.
    async fn leave_after_call(&self, actor: Actor, choice: Choice, leave: Leave) -> ApiResult<()>;
    /// What the dialler needs.
    async fn dialler(&self, actor: Actor) -> ApiResult<Dialler>;
    /// Reads a typed number.
    async fn read_number(&self, actor: Actor, text: String) -> ApiResult<ReadNumber>;
    /// S9. `call` is made by the tab: sent twice, it dials once.
    async fn dial(&self, actor: Actor, call: InteractionId, from: NumberId, to: String) -> ApiResult<()>;
    /// 応答, 拒否, 保留, 保留解除, 切断.
    async fn command(&self, actor: Actor, call: InteractionId, command: Command) -> ApiResult<()>;
    /// キーパッド. `press` is made by the tab: sent twice, it is keyed once.
    async fn press_keys(&self, actor: Actor, call: InteractionId, press: PressId, keys: Vec<Key>) -> ApiResult<()>;
    /// 延長 (A5). `until` is the end that the tab shows: sent twice, it is put off once.
    async fn extend_after_call(&self, actor: Actor, until: Timestamp) -> ApiResult<()>;
}

#[cfg(feature = "ssr")]
use crate::context::{actor, port};

/// Logs the softphone in on the assigned extension (S3), for this tab.
///
/// # Errors
/// [`ApiError::Refused`] with `NoExtension` (S1), `ExtensionInUse`, `AlreadyLoggedIn`.
#[server(name = LogInFn, prefix = "/api", endpoint = "telephony/log_in", input = Json, output = Json)]
pub async fn log_in(
    /// The tab.
    client: ClientId,
) -> Result<(), ApiError> {
    port::<dyn TelephonyPort>()?.log_in(actor()?, client).await
}

/// Logs the softphone out.
///
/// # Errors
/// [`ApiError::Refused`] with `InCall`.
#[server(name = LogOutFn, prefix = "/api", endpoint = "telephony/log_out", input = Json, output = Json)]
pub async fn log_out() -> Result<(), ApiError> {
    port::<dyn TelephonyPort>()?.log_out(actor()?).await
}

/// Takes the browser's SDP offer, gives the gateway's answer (RFC 8829). One connection for all calls of a login.
///
/// # Errors
/// [`ApiError::Refused`] with `LoggedOut` or `Elsewhere`; [`ApiError::Invalid`] on `offer`.
#[server(name = ConnectAudioFn, prefix = "/api", endpoint = "telephony/connect_audio", input = Json, output = Json)]
pub async fn connect_audio(
    /// The tab.
    client: ClientId,
    /// SDP offer.
    offer: String,
) -> Result<String, ApiError> {
    port::<dyn TelephonyPort>()?.connect_audio(actor()?, client, offer).await
}

/// Takes a later offer of the connection that this tab has, by which the browser looks for its ways to the gateway anew
/// (RFC 8445 §9), and gives the answer. Where that is refused, [`connect_audio`] makes a new connection.
///
/// # Errors
/// [`ApiError::Refused`] with `Elsewhere`, or `NoMedia` where the connection is gone; [`ApiError::Invalid`] on `offer`.
#[server(name = RestartAudioFn, prefix = "/api", endpoint = "telephony/restart_audio", input = Json, output = Json)]
pub async fn restart_audio(
    /// The tab.
    client: ClientId,
    /// SDP offer.
    offer: String,
) -> Result<String, ApiError> {
    port::<dyn TelephonyPort>()?.restart_audio(actor()?, client, offer).await
}

/// Chooses 待機, 未待機 or 離席.
///
/// # Errors
/// [`ApiError::Refused`] with `LoggedOut`, `InAfterCallWork` (that is [`leave_after_call`]), `NoMedia`.
#[server(name = ChooseFn, prefix = "/api", endpoint = "telephony/choose", input = Json, output = Json)]
pub async fn choose(
    /// What is chosen.
    choice: Choice,
) -> Result<(), ApiError> {
    port::<dyn TelephonyPort>()?.choose(actor()?, choice).await
}

/// Leaves after-call work (S30) for what is chosen.
///
/// # Errors
/// [`ApiError::Refused`] with `NotInAfterCallWork`.
#[server(name = LeaveAfterCallFn, prefix = "/api", endpoint = "telephony/leave_after_call", input = Json, output = Json)]
pub async fn leave_after_call(
    /// What is chosen.
    choice: Choice,
    /// What the agent knew.
    leave: Leave,
) -> Result<(), ApiError> {
    port::<dyn TelephonyPort>()?.leave_after_call(actor()?, choice, leave).await
}

/// What the dialler needs.
///
/// # Errors
/// See [`ApiError`].
#[server(name = DiallerFn, prefix = "/api", endpoint = "telephony/dialler", input = Json, output = Json)]
pub async fn dialler() -> Result<Dialler, ApiError> {
    port::<dyn TelephonyPort>()?.dialler(actor()?).await
}

/// Reads a typed number by the account's numbering plan.
///
/// # Errors
/// See [`ApiError`]; text that is no number is not an error but a [`ReadNumber`] without one.
#[server(name = ReadNumberFn, prefix = "/api", endpoint = "telephony/read_number", input = Json, output = Json)]
pub async fn read_number(
    /// As typed.
    text: String,
) -> Result<ReadNumber, ApiError> {
    port::<dyn TelephonyPort>()?.read_number(actor()?, text).await
}

/// Places a call (S9).
///
/// # Errors
/// [`ApiError::Refused`] with `NotANumber`, `CallerNumberNotGranted`, `NoTrunk`, `NoMedia`, `InCall`, `LoggedOut`.
#[server(name = DialFn, prefix = "/api", endpoint = "telephony/dial", input = Json, output = Json)]
pub async fn dial(
    /// The call.
    call: InteractionId,
    /// The caller number to show.
    from: NumberId,
    /// The destination, as typed.
    to: String,
) -> Result<(), ApiError> {
    port::<dyn TelephonyPort>()?.dial(actor()?, call, from, to).await
}

/// Gives a call a command.
///
/// # Errors
/// [`ApiError::Refused`] with `NotNow`, `CallEnded`, `NotYourCall`, `NoMedia`.
#[server(name = CommandFn, prefix = "/api", endpoint = "telephony/command", input = Json, output = Json)]
pub async fn command(
    /// The call.
    call: InteractionId,
    /// The command.
    command: Command,
) -> Result<(), ApiError> {
    port::<dyn TelephonyPort>()?.command(actor()?, call, command).await
}

/// Sends keys to the customer's side (RFC 4733), after those that were sent before. Not stored anywhere.
///
/// # Errors
/// [`ApiError::Refused`] with `NotNow`, `CallEnded`, `NotYourCall`, or `NoKeys` where the far end takes none;
/// [`ApiError::Invalid`] on `keys` where they are none, or more than 32.
#[server(name = PressKeysFn, prefix = "/api", endpoint = "telephony/press_keys", input = Json, output = Json)]
pub async fn press_keys(
    /// The call.
    call: InteractionId,
    /// The press.
    press: PressId,
    /// The keys, in order.
    keys: Vec<Key>,
) -> Result<(), ApiError> {
    port::<dyn TelephonyPort>()?.press_keys(actor()?, call, press, keys).await
}

/// Puts the end of after-call work off (A5).
///
/// # Errors
/// [`ApiError::Refused`] with `NotInAfterCallWork`, `LoggedOut`.
#[server(name = ExtendAfterCallFn, prefix = "/api", endpoint = "telephony/extend_after_call", input = Json, output = Json)]
pub async fn extend_after_call(
    /// The end that is shown.
    until: Timestamp,
) -> Result<(), ApiError> {
    port::<dyn TelephonyPort>()?.extend_after_call(actor()?, until).await
}
