//! What telephony asks of the settings: trunks, numbers, queues, grants.

use std::time::Duration;

use domain::ids::{ExtensionId, NumberId, QueueId, TrunkId, UserId};
use domain::phone::E164;
use ipnet::IpNet;
use wire::ApiResult;
use wire::settings::{Presentation, TrunkCodec, TrunkTransport};

/// A trunk as it is set up.
#[derive(Clone, PartialEq, Eq)]
pub struct Trunk {
    /// Which.
    pub id: TrunkId,
    /// For the log.
    pub name: String,
    /// Host name or address of the peer or registrar.
    pub host: String,
    /// 1–65535; none: as the name service says (RFC 3263).
    pub port: Option<u16>,
    /// A server that stands for the first while that one fails: a host, or a host and a port.
    pub second_host: Option<String>,
    /// How SIP travels.
    pub transport: TrunkTransport,
    /// Whether we register there.
    pub registers: bool,
    /// Digest user name and password.
    pub credentials: Option<(String, String)>,
    /// Networks that calls may come from, beside the host's own addresses.
    pub sources: Vec<IpNet>,
    /// In order of preference.
    pub codecs: Vec<TrunkCodec>,
    /// How many calls it carries at a time, both directions together.
    pub max_calls: u16,
    /// Whose line it is, where it is an extension's account at another exchange.
    pub line: Option<Line>,
    /// Whether its word about who calls is believed.
    pub trusts_identity: bool,
    /// In which headers it wants the number that we show.
    pub presents: Presentation,
}

/// An extension's account at another exchange: a trunk of one call, kept under the extension's own id while its agent is
/// there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The extension.
    pub extension: ExtensionId,
    /// Its number, as people here know it.
    pub number: String,
    /// Whom calls to it ring.
    pub user: UserId,
    /// The user part of its address there: what is registered, called and shown.
    pub username: String,
    /// The domain of that address, where it is not the registrar's host.
    pub domain: Option<String>,
    /// How long a call to it rings (A3).
    pub ring_for: Duration,
    /// What its exchange wants dialled before a number outside of it.
    pub outside_prefix: Option<String>,
}

impl Line {
    /// The trunk that the line of this extension is.
    pub fn trunk(extension: ExtensionId) -> TrunkId {
        TrunkId(extension.0)
    }
}

impl Trunk {
    /// The host part of the addresses in its requests.
    pub fn domain(&self) -> &str {
        self.line.as_ref().and_then(|line| line.domain.as_deref()).unwrap_or(&self.host)
    }
}

impl core::fmt::Debug for Trunk {
    /// The credentials are left out.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Trunk").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// A number of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OurNumber {
    /// Which.
    pub id: NumberId,
    /// The number.
    pub number: E164,
    /// What it is called.
    pub label: String,
    /// The trunk that it lives on.
    pub trunk: TrunkId,
    /// Where its calls go.
    pub queue: Option<QueueId>,
}

/// A queue, as far as a call needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Which.
    pub id: QueueId,
    /// Its name.
    pub name: String,
    /// Whether it may answer with music before an agent does (A29).
    pub may_answer: bool,
    /// How long a call rings at an agent (A3).
    pub ring_for: Duration,
}

/// The settings, read anew for each question: a change counts from the next call on.
#[async_trait::async_trait]
pub trait Directory: Send + Sync {
    /// Every trunk that is switched on.
    async fn trunks(&self) -> ApiResult<Vec<Trunk>>;
    /// The number of ours that was dialled, if it is one.
    async fn number(&self, number: &E164) -> ApiResult<Option<OurNumber>>;
    /// A queue.
    async fn queue(&self, queue: QueueId) -> ApiResult<Option<Queue>>;
    /// What this agent may show when calling out (A25), by number.
    async fn caller_numbers(&self, user: UserId) -> ApiResult<Vec<OurNumber>>;
    /// The extension assigned to this agent (S1).
    async fn extension_of(&self, user: UserId) -> ApiResult<Option<ExtensionId>>;
    /// Every line that an agent has: extensions with both an account at another exchange and somebody to ring.
    async fn lines(&self) -> ApiResult<Vec<Trunk>>;
}
