//! Why a command was refused: variants to decide by; the words are in the desk's message files.

use serde::{Deserialize, Serialize};

/// A refusal that the person at the desk can do something about, or at least understand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// No extension is assigned (S1).
    #[error("no extension is assigned to this user")]
    NoExtension,
    /// Another user is logged in on this extension.
    #[error("the extension is in use by somebody else")]
    ExtensionInUse,
    /// The softphone is not logged in.
    #[error("the softphone is not logged in")]
    LoggedOut,
    /// The softphone is already logged in, in this or another tab.
    #[error("the softphone is already logged in")]
    AlreadyLoggedIn,
    /// Not while a call is ringing, dialling, up or held.
    #[error("not during a call")]
    InCall,
    /// Not while the after-call work of the last call is open.
    #[error("after-call work is still open")]
    InAfterCallWork,
    /// Only in after-call work.
    #[error("there is no after-call work to leave")]
    NotInAfterCallWork,
    /// There is no call in a state that takes this command.
    #[error("the call does not take this now")]
    NotNow,
    /// The call has ended.
    #[error("the call has ended")]
    CallEnded,
    /// The call belongs to somebody else.
    #[error("the call is with somebody else")]
    NotYourCall,
    /// The browser's audio connection to the server is not up.
    #[error("the audio connection is not up")]
    NoMedia,
    /// The destination is not a phone number.
    #[error("the destination is not a phone number")]
    NotANumber,
    /// The caller number is not granted to this agent (A25).
    #[error("the caller number is not granted to this agent")]
    CallerNumberNotGranted,
    /// この回線ではキーを送れません: the customer's side has not agreed to telephone keys, or holds us.
    #[error("the far end takes no keys")]
    NoKeys,
    /// No trunk can carry the call now.
    #[error("no trunk is available")]
    NoTrunk,
    /// The server is stopping and takes no new calls.
    #[error("the server is stopping")]
    Stopping,
    /// The command comes from a tab that no longer holds the softphone.
    #[error("the softphone is used in another tab")]
    Elsewhere,
    /// この番号への発信は許可されていません: the rules against toll fraud forbid the call.
    #[error("calls to this number are not allowed: {0}")]
    NotAllowed(crate::telephony::tolls::Rule),
}
