//! The frames of the desk's one WebSocket (`/ws`, JSON text).
//!
//! ```text
//! tab → Hello{client, resume}     server → Hello{epoch, now, resumed}
//!                                 server → Snapshot{n, desk}       unless resumed
//! tab → Pong                      server → Ping, Event{n, …}, Event{n+1, …} …
//! ```
//!
//! Events are numbered per socket stream from the snapshot's `n` on, without gaps. After a cut the tab says
//! the epoch and the last number it has: within the server's buffer the missing frames are replayed, beyond
//! it a new snapshot comes. Either way nothing is lost, because a snapshot holds all that events change.

use domain::agents::Seat;
use domain::ids::{ClientId, CustomerId, InteractionId, QueueId};
use domain::phone::ShownNumber;
use domain::telephony::quality::Verdicts;
use domain::telephony::{Call, Direction, Key, Outcome};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::session::Me;
use crate::settings::CallRules;

/// From the tab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientFrame {
    /// The first frame.
    Hello {
        /// Which tab this is.
        client: ClientId,
        /// Where it left off.
        resume: Option<Resume>,
    },
    /// The answer to a ping.
    Pong,
}

/// Where a tab left off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resume {
    /// The server's [`ServerFrame::Hello`] `epoch` at that time.
    pub epoch: String,
    /// The number of the last event that it has.
    pub n: u64,
}

/// From the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerFrame {
    /// The first frame.
    Hello {
        /// Names this run of the stream; a resume with another epoch gets a snapshot.
        epoch: String,
        /// The server's clock, from which all timers tick.
        now: Timestamp,
        /// Whether the missing events follow; otherwise a snapshot does.
        resumed: bool,
    },
    /// Everything that the desk shows.
    Snapshot {
        /// The number of the last event that is contained.
        n: u64,
        /// All of it.
        desk: Box<Desk>,
    },
    /// A change.
    Event {
        /// One more than the event before.
        n: u64,
        /// When.
        at: Timestamp,
        /// What.
        event: DeskEvent,
    },
    /// Sent every 3 s; answered by the socket's own code.
    Ping {
        /// The server's clock.
        now: Timestamp,
    },
    /// The server closes the stream on purpose.
    Close {
        /// Why.
        reason: CloseReason,
    },
}

/// Why the server closes a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// The session ended: go to the sign-in page.
    SignedOut,
    /// The tab read too slowly: come back and resume.
    TooSlow,
    /// The server stops: come back within some seconds.
    Stopping,
    /// A frame of the tab could not be read.
    BadFrame,
    /// The user opened more tabs than one may have: this one, the oldest, does not come back by itself.
    TooManyTabs,
}

/// Everything that the desk shows of the world: replaced as a whole by a snapshot, part by part by events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Desk {
    /// The user, with the extension assigned now.
    pub me: Me,
    /// The own softphone.
    pub softphone: Softphone,
    /// The own call: ringing, dialling, up, held, or in after-call work.
    pub call: Option<CallView>,
    /// The queues that the agent belongs to.
    pub queues: Vec<QueueView>,
    /// How the company wants calls handled.
    pub call_rules: CallRules,
}

/// A change to a [`Desk`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeskEvent {
    /// The user, or the extension assigned to them, changed.
    Me {
        /// As it is now.
        me: Me,
    },
    /// The own softphone changed.
    Softphone {
        /// As it is now.
        softphone: Softphone,
    },
    /// The own call began or changed.
    Call {
        /// As it is now.
        call: Box<CallView>,
    },
    /// The own call is no longer this agent's: taken elsewhere, abandoned, missed, or its after-call work was left.
    CallGone {
        /// Which.
        call: InteractionId,
        /// Why.
        why: Gone,
    },
    /// The customer pressed a key. Shown and forgotten: it may belong to a card number.
    CustomerPressed {
        /// In which call.
        call: InteractionId,
        /// Which key.
        key: Key,
    },
    /// The own queues changed.
    Queues {
        /// As they are now.
        queues: Vec<QueueView>,
    },
    /// The list of calls changed: pages that show it ask again, and whoever shows one of these calls.
    CallsChanged {
        /// Which calls changed; none: too many to name.
        calls: Vec<InteractionId>,
    },
    /// Settings changed: pages that show them ask again.
    SettingsChanged,
    /// For administrators: how a trunk or an extension's account fares changed; pages that show it ask again.
    LinesChanged,
    /// How the company wants calls handled changed.
    CallRules {
        /// As they are now.
        rules: CallRules,
    },
    /// A customer's record, inquiries or history changed: whoever shows it asks again.
    CustomerChanged {
        /// Which.
        customer: CustomerId,
    },
    /// The defined fields changed: whoever shows a form asks again.
    FieldsChanged,
    /// A draft of this user was kept, or (none) saved or discarded, in the tab named.
    Draft {
        /// Of which form.
        of: crate::drafts::DraftOf,
        /// As it is now.
        draft: Option<Box<crate::drafts::Draft>>,
        /// In which tab.
        client: ClientId,
    },
    /// An import of this user went on.
    Import {
        /// As it stands, without its sample.
        import: Box<crate::record_files::Import>,
    },
    /// For administrators and supervisors: the rules against toll fraud have something to say.
    TollAlarm {
        /// What.
        alarm: crate::tolls::TollAlarm,
    },
}

/// Why a call left the desk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gone {
    /// お客様が切断しました: the customer gave up while it was ringing.
    Abandoned,
    /// The offer ran out (A3).
    Missed,
    /// The agent declined.
    Declined,
    /// The server stopped while it was ringing.
    ServerStopped,
    /// The line broke while it was ringing: nobody hung up.
    Broken,
    /// After-call work was left.
    Finished,
}

/// The own softphone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Softphone {
    /// Logged out, or presence and work.
    pub seat: Seat,
    /// Which tab holds the audio connection; another one shows 別の画面で使用中.
    pub client: Option<ClientId>,
    /// Whether the audio connection is up.
    pub media: Media,
}

/// The browser's audio connection to the server, as the server sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Media {
    /// None.
    Down,
    /// Being set up.
    Connecting,
    /// Audio can flow.
    Up,
}

/// The own call as the desk shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallView {
    /// The machine itself: the desk asks it which buttons to enable.
    pub call: Call,
    /// Which.
    pub id: InteractionId,
    /// While it is held: whether the agent does not hear the customer either (A4).
    #[serde(default)]
    pub full_hold: bool,
    /// Who called whom.
    pub direction: Direction,
    /// The customer.
    pub party: Party,
    /// Our number: dialled by the customer, or shown to them.
    pub our_number: Option<ShownNumber>,
    /// The queue through which it came.
    pub queue: Option<QueueName>,
    /// When the call began.
    pub started_at: Timestamp,
    /// When the two were connected.
    pub connected_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// The SIP reason phrase of a failure, as it came; shown small, for whoever runs the trunk.
    pub sip_reason: Option<String>,
    /// How it sounds, and on whose side; blank where that is not measured.
    #[serde(default)]
    pub quality: Verdicts,
}

/// The customer of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// The number; none when the caller withheld it.
    pub number: Option<ShownNumber>,
    /// The name, where the number belongs to a registered customer; otherwise 登録されていない顧客 is shown (A27).
    pub name: Option<String>,
    /// The customer to whom it belongs: the only one with that number, or the one chosen or saved in the call.
    #[serde(default)]
    pub customer: Option<CustomerId>,
    /// How many customers have the number: with more than one, somebody must choose (A7). One once it is known whose the
    /// call is, none where somebody said that it is nobody's.
    #[serde(default)]
    pub candidates: u32,
}

/// A queue's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueName {
    /// Which.
    pub id: QueueId,
    /// Its name.
    pub name: String,
}

/// A queue as its members see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueView {
    /// Which.
    pub id: QueueId,
    /// Its name.
    pub name: String,
    /// How many calls wait, not counting those ringing at somebody.
    pub waiting: u32,
    /// Since when the oldest one has been waiting.
    pub oldest_since: Option<Timestamp>,
}
