//! What calls and trunks know of SIP: plain values and one trait. Nothing here parses, sends or waits.

use std::net::SocketAddr;
use std::time::Duration;

use domain::ids::TrunkId;
use ipnet::IpNet;
use media::Codec;
use tokio::sync::mpsc;
use wire::settings::{Presentation, TrunkTransport};

use super::gateway::KeyTypes;

/// A customer's leg, by the number that the stack gave it. Never used twice in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegId(pub u64);

/// Where the customer's side wants our audio, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aim {
    /// RTP address. `None`: it wants none (held, RFC 3264 §8.4); what was agreed before stays.
    pub remote: Option<SocketAddr>,
    /// Whether it wants to hear us: not while it holds us (RFC 3264 §8.4).
    pub send: bool,
    /// Which law.
    pub codec: Codec,
    /// Payload types of RFC 4733 events, where agreed.
    pub keys: KeyTypes,
}

/// What happens to a leg, in order; the channel closes when the leg is gone for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LegEvent {
    /// The far end rings (180).
    Ringing,
    /// The far end sends sound before it answers (183 with SDP).
    EarlyMedia(Aim),
    /// The far end answered (2xx).
    Answered(Aim),
    /// The far end refused, or could not be reached.
    Refused {
        /// 300–699.
        status: u16,
        /// The reason phrase, as it came.
        reason: String,
    },
    /// Audio is to go elsewhere from now on: a re-INVITE, or an answer that came late.
    Aimed(Aim),
    /// The far end acknowledged our answer (ACK).
    Confirmed,
    /// The far end gave up (CANCEL) or hung up (BYE).
    Gone,
    /// The leg is lost: no ACK, no answer, transport gone.
    Broken,
}

/// What happens to a leg.
pub type LegEvents = mpsc::UnboundedReceiver<LegEvent>;

/// A further server of a trunk, tried where those before it are silent, cannot be reached or fail.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hop {
    /// How SIP travels there.
    pub transport: TrunkTransport,
    /// Its address.
    pub to: SocketAddr,
    /// Whose certificate it must show, where it speaks TLS.
    pub name: String,
}

/// Somebody calls; 100 has been said.
#[derive(Debug)]
pub struct Incoming {
    /// The leg.
    pub leg: LegId,
    /// What happens to it.
    pub events: LegEvents,
    /// The trunks on which this source is known, the likeliest first; never empty.
    pub trunks: Vec<TrunkId>,
    /// User parts that may hold the number dialled: of the Request-URI, then of To.
    pub dialled: [String; 2],
    /// User part of the caller's address: as the trunk vouches for it (RFC 3325), if the trunk is trusted in that, else
    /// as the caller claims to be. None when the caller asks to stay unknown (RFC 3323).
    pub caller: Option<String>,
    /// Where the caller wants our audio; none until its answer, where the call came without an offer.
    pub aim: Option<Aim>,
}

/// A call to be made.
#[derive(Clone, Debug)]
pub struct Invite {
    /// The trunk's address.
    pub to: SocketAddr,
    /// How SIP travels there.
    pub transport: TrunkTransport,
    /// Where else to go if nobody is there.
    pub fallbacks: Vec<Hop>,
    /// Whose certificate `to` must show, where it speaks TLS.
    pub certificate: String,
    /// Host part of the addresses in the request.
    pub host: String,
    /// The number to call, as the trunk wants it.
    pub destination: String,
    /// The caller number to show.
    pub caller: String,
    /// In which headers the trunk wants it.
    pub presents: Presentation,
    /// For a trunk that asks who we are.
    pub credentials: Option<(String, String)>,
    /// What to offer, in order of preference.
    pub codecs: Vec<Codec>,
    /// Where we want the far end's audio.
    pub audio: SocketAddr,
}

/// A registration to be kept (RFC 3261 §10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The registrar's address.
    pub to: SocketAddr,
    /// How SIP travels there.
    pub transport: TrunkTransport,
    /// Registrars that stand for it while it fails.
    pub fallbacks: Vec<Hop>,
    /// Whose certificate `to` must show, where it speaks TLS.
    pub certificate: String,
    /// The registrar's domain.
    pub host: String,
    /// User part of the address that is registered, where it is not the one of the credentials.
    pub user: Option<String>,
    /// User name and password.
    pub credentials: Option<(String, String)>,
}

/// How a trunk's registration or connection fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistrationNews {
    /// Made or refreshed.
    Registered(TrunkId),
    /// Failed; tried again by itself.
    Failed {
        /// Which.
        trunk: TrunkId,
        /// SIP status; none where no answer came.
        status: Option<u16>,
        /// Why no connection could be made, in one word, where that is the cause.
        trouble: Option<&'static str>,
        /// When it is tried next.
        retry_after: Option<Duration>,
    },
    /// A connection to a trunk's server stands.
    Reached(TrunkId),
    /// None could be made.
    Unreached {
        /// Which.
        trunk: TrunkId,
        /// Why, in one word.
        trouble: &'static str,
    },
}

/// Who may speak to us, on which trunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The trunk.
    pub trunk: TrunkId,
    /// Who alone is called over it: the user part of the one address registered there. None: it brings calls for anybody.
    pub user: Option<String>,
    /// Its host's addresses.
    pub addresses: Vec<SocketAddr>,
    /// Further networks.
    pub networks: Vec<IpNet>,
    /// What may be spoken with it.
    pub codecs: Vec<Codec>,
    /// Whether its word about who calls is believed (RFC 3325 §8).
    pub trusts_identity: bool,
}

/// How much the stack holds; all zero when no call is left and its timers have run out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Legs in any state.
    pub legs: usize,
    /// Dialogs.
    pub dialogs: usize,
    /// Transactions.
    pub transactions: usize,
}

/// A SIP user agent. Commands return at once; a command to a leg that is over changes nothing.
#[async_trait::async_trait]
pub trait SipStack: Send + Sync {
    /// Calls somebody.
    fn invite(&self, invite: Invite) -> (LegId, LegEvents);
    /// Says 180 to a caller.
    fn ring(&self, leg: LegId);
    /// Says 200 to a caller, with the address at which we want its audio.
    fn accept(&self, leg: LegId, audio: SocketAddr);
    /// Refuses a caller.
    fn refuse(&self, leg: LegId, status: u16);
    /// Refuses a caller for now: 503 with Retry-After.
    fn refuse_for_now(&self, leg: LegId, retry_after: Duration);
    /// Ends a leg in whatever state: CANCEL, BYE or a refusal.
    fn hang_up(&self, leg: LegId);
    /// Says who may speak to us from now on; everybody else is not answered.
    fn set_peers(&self, peers: Vec<Peer>);
    /// Registers on behalf of a trunk, in place of what was registered for it before.
    fn register(&self, trunk: TrunkId, registration: Registration);
    /// Removes a trunk's registration.
    fn unregister(&self, trunk: TrunkId);
    /// Opens a connection to a trunk's server unless there is one, and tells how that went.
    fn reach(&self, hop: Hop);
    /// How much is held.
    async fn held(&self) -> Held;
}
