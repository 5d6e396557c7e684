//! What a driver says to an endpoint and hears from it: plain values.

use std::{net::SocketAddr, time::Duration};

use crate::time::Time;

/// What carries a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transport {
    /// One datagram a message.
    Udp,
    /// A stream, framed by Content-Length (RFC 3261 §18.3).
    Tcp,
    /// The same, encrypted; certificates are the driver's affair (RFC 3261 §26.3, RFC 5922).
    Tls,
}

impl Transport {
    /// Does it deliver by itself, so that nothing is sent again?
    pub fn is_reliable(self) -> bool {
        match self {
            Self::Udp => false,
            Self::Tcp | Self::Tls => true,
        }
    }

    /// As in Via (RFC 3261 §25.1).
    pub(crate) fn via_name(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
        }
    }

    /// What is put behind a SIP URI of ours. `transport=tls` is deprecated (RFC 3261 §26.2.2) and what everybody writes
    /// and reads where `sips:` would ask too much of the other hops.
    pub(crate) fn uri_parameter(self) -> &'static str {
        match self {
            Self::Udp => "",
            Self::Tcp => ";transport=tcp",
            Self::Tls => ";transport=tls",
        }
    }
}

/// A next hop: an address, resolved (RFC 3263 is the driver's), and how to speak to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Target {
    /// Over what.
    pub transport: Transport,
    /// Where to.
    pub to: SocketAddr,
}

/// What an endpoint needs to know about itself.
#[derive(Debug, Clone)]
pub struct Config {
    /// The address that peers reach us at by UDP; it stands in Via and Contact.
    pub advertised_udp: SocketAddr,
    /// The same for TCP.
    pub advertised_tcp: SocketAddr,
    /// `User-Agent` and `Server` header.
    pub user_agent: String,
    /// Waiting times.
    pub timers: Timers,
    /// From this number all tags, branches, Call-IDs and client nonces are made. A driver takes it from the operating
    /// system's chance; a test from anywhere.
    pub seed: u64,
}

/// Waiting times. Everything else (64*T1 and the like) follows from T1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timers {
    /// Estimated round trip; first retransmission. RFC 3261 §17.1.1.1: 500 ms.
    pub t1: Duration,
    /// Longest gap between retransmissions of anything but INVITE. RFC 3261 §17.1.2.1: 4 s.
    pub t2: Duration,
    /// How long a message may linger in the network. RFC 3261 §17.1.2.2: 5 s.
    pub t4: Duration,
    /// How long an INVITE of ours may ring without any final answer before it is cancelled. Ours: 5 min (§13.3.1.1 lets
    /// the far side ring 3 min, or longer if it says so).
    pub ring_limit: Duration,
    /// First wait after a registration that failed; doubles each time. RFC 5626 §4.5: 30 s.
    pub register_retry_first: Duration,
    /// Longest wait after a registration that failed; also the wait after a refusal for good (401, 403, 404, 407).
    /// RFC 5626 §4.5: 30 min.
    pub register_retry_longest: Duration,
    /// How long a session may last without being refreshed: asked for in calls of ours, granted at most to others
    /// (RFC 4028). Zero: asked for by nobody on our side. RFC 4028 §4 recommends 1800 s.
    pub session_expires: Duration,
    /// The shortest such time that we agree to; less than 90 s counts as 90 s (RFC 4028 §5).
    pub session_expires_least: Duration,
}

impl Timers {
    /// `Min-SE`.
    pub(crate) fn min_se(&self) -> Duration {
        self.session_expires_least.max(Duration::from_secs(90))
    }
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
            ring_limit: Duration::from_mins(5),
            register_retry_first: Duration::from_secs(30),
            register_retry_longest: Duration::from_mins(30),
            session_expires: Duration::from_mins(30),
            session_expires_least: Duration::from_secs(90),
        }
    }
}

/// A call of one endpoint. Never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallKey(pub u64);

/// A registration of one endpoint. Never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistrationKey(pub u64);

/// Bytes to be sent. For a stream the driver uses the open connection to `to`, or opens one; if it cannot, it says so with
/// [`crate::Endpoint::transport_failed`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmit {
    /// Over what.
    pub transport: Transport,
    /// Where to.
    pub to: SocketAddr,
    /// One whole message.
    pub bytes: Vec<u8>,
}

/// A name and an address, as in From and To.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NameAddr {
    /// Shown name, without quotes.
    pub display: Option<String>,
    /// `sip:user@host` or `tel:+81…`, without angle brackets.
    pub uri: String,
}

/// Name and password for digest authentication (RFC 3261 §22).
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// User name, as the far side knows it.
    pub username: String,
    /// Password in the clear.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    /// The password is left out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).finish_non_exhaustive()
    }
}

/// A call to be made.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Next hop: the trunk's address, already resolved.
    pub to: SocketAddr,
    /// Over what.
    pub transport: Transport,
    /// Request-URI, e.g. `sip:+81312345678@carrier.example`.
    pub request_uri: String,
    /// From, without tag.
    pub from: NameAddr,
    /// URI in the To header; usually the Request-URI again.
    pub to_uri: String,
    /// URI for P-Asserted-Identity (RFC 3325), for a peer that trusts us.
    pub asserted: Option<String>,
    /// For 401 and 407.
    pub credentials: Option<Credentials>,
    /// SDP of the INVITE; not empty: we make no call without an offer.
    pub offer: String,
}

/// What a call may have besides; for [`crate::Endpoint::invite_with`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InviteOptions {
    /// Next hops to be tried in their order where the first is silent, cannot be reached or says 503 (RFC 3263 §4.3).
    pub fallbacks: Vec<Target>,
    /// The called side shall not learn who calls: From is anonymous (RFC 3323 §4.1.1.3), and `Privacy: id` asks the
    /// network to keep the asserted identity to itself (RFC 3325 §9.3).
    pub hide_caller: bool,
    /// URI for P-Preferred-Identity (RFC 3325 §9.2), for a peer that chooses the asserted one itself.
    pub preferred: Option<String>,
}

/// A registration to be kept (RFC 3261 §10).
#[derive(Debug, Clone)]
pub struct Registration {
    /// Registrar's address, already resolved.
    pub to: SocketAddr,
    /// Over what.
    pub transport: Transport,
    /// Request-URI: the registrar's domain, e.g. `sip:carrier.example`.
    pub registrar_uri: String,
    /// The address of record, e.g. `sip:0312345678@carrier.example`.
    pub address_of_record: String,
    /// User part of our Contact: what the registrar will put into the Request-URI of calls to us.
    pub contact_user: String,
    /// For 401 and 407.
    pub credentials: Option<Credentials>,
    /// How long to ask for, in whole seconds. The registrar may grant less; it is refreshed at 80 % of what was granted.
    pub expires: Duration,
}

/// How a registration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistrationState {
    /// Asked for; no answer yet.
    Asking {
        /// Whom.
        at: Target,
    },
    /// Held.
    Held {
        /// By whom: not the first of the targets while that one fails.
        at: Target,
        /// Until when, if it is not refreshed.
        until: Time,
    },
    /// Failed everywhere; nothing is sent until the time has come.
    Waiting {
        /// When it is tried again.
        until: Time,
        /// The last answer. `None`: there was none.
        status: Option<u16>,
    },
    /// Being removed.
    Leaving,
}

/// Who someone claims to be, or is said to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// Shown name, without quotes.
    pub display: Option<String>,
    /// User part, unescaped; the number of a `tel:` URI. Empty where there is none.
    pub user: String,
    /// Host part without port; empty in a `tel:` URI.
    pub host: String,
}

/// What happened. [`Event::Terminated`] is the last one of every call, whatever ended it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time is taken from the endpoint and used up: a box would only be in the way"
)]
pub enum Event {
    /// Somebody calls. 100 has been sent; now `ringing`, `progress`, `accept`, `refuse` or `hang_up`.
    Incoming {
        /// The new call.
        call: CallKey,
        /// Where the INVITE came from.
        peer: SocketAddr,
        /// Over what.
        transport: Transport,
        /// User part of the Request-URI, unescaped: usually the number dialled (DNIS).
        request_user: String,
        /// User part of To: the number first dialled, where the Request-URI holds a registered contact.
        to_user: String,
        /// From: what the caller claims.
        from: Identity,
        /// P-Asserted-Identity (RFC 3325 §9.1). To be believed only from a trusted peer.
        asserted: Option<Identity>,
        /// P-Preferred-Identity (RFC 3325 §9.2): which of its identities the caller wants to be asserted. A claim, like
        /// From.
        preferred: Option<Identity>,
        /// The caller asks that its number stay hidden (Privacy: id, user or header; RFC 3323, RFC 3325).
        privacy: bool,
        /// SDP. `None`: `accept` then carries our offer, and the answer comes with [`Event::Confirmed`].
        offer: Option<String>,
    },
    /// Our call rings (180, 181, 182, or 183 without SDP). May come more than once.
    Ringing {
        /// Which.
        call: CallKey,
    },
    /// Our call has audio before it is accepted (SDP in a 1xx).
    EarlyMedia {
        /// Which.
        call: CallKey,
        /// The answer to our offer, to be confirmed or changed by that of [`Event::Accepted`].
        sdp: String,
    },
    /// Our call was accepted (2xx) and acknowledged.
    Accepted {
        /// Which.
        call: CallKey,
        /// The answer: where the 2xx has none, that of the early media. Empty if the far side never sent one, which
        /// it must not.
        sdp: String,
    },
    /// Our call was not accepted.
    Refused {
        /// Which.
        call: CallKey,
        /// 300 to 699; 408 also where no answer came at all; 503 where the message could not be sent.
        status: u16,
        /// Reason phrase; for people, not for decisions.
        reason: String,
        /// Retry-After.
        retry_after: Option<Duration>,
    },
    /// Our 200 to an INVITE or re-INVITE was acknowledged; or, with SDP before that, our 183 that carried an offer
    /// (RFC 3262).
    Confirmed {
        /// Which.
        call: CallKey,
        /// The answer to an offer that was made in the 200.
        sdp: Option<String>,
    },
    /// The caller gave up before we accepted (CANCEL).
    Cancelled {
        /// Which.
        call: CallKey,
    },
    /// The far side hung up (BYE).
    HungUp {
        /// Which.
        call: CallKey,
        /// Reason header (RFC 3326) as it came.
        reason: Option<String>,
    },
    /// The call was lost: no ACK or PRACK within 64*T1, no answer to a re-INVITE or UPDATE, 481, or nobody refreshed
    /// the session in time (RFC 4028).
    Broken {
        /// Which.
        call: CallKey,
    },
    /// The far side wants to change the session (re-INVITE, or UPDATE, which may come before the call is accepted):
    /// `answer_reoffer` or `refuse_reoffer`.
    Reoffered {
        /// Which.
        call: CallKey,
        /// SDP. `None`: `answer_reoffer` carries our offer, and the answer comes with [`Event::Confirmed`].
        sdp: Option<String>,
    },
    /// Our `reoffer` was accepted; or a refresh of the session (RFC 4028) brought another answer than before.
    ReofferAnswered {
        /// Which.
        call: CallKey,
        /// The answer; empty if the far side sent none, which it must not.
        sdp: String,
    },
    /// Our `reoffer` was refused; the session stays as it was. A 491 is tried again by the endpoint and not told.
    ReofferRefused {
        /// Which.
        call: CallKey,
        /// 300 to 699.
        status: u16,
    },
    /// A registration was made or refreshed.
    Registered {
        /// Which.
        key: RegistrationKey,
        /// For how long.
        expires: Duration,
    },
    /// A registration failed. It is tried again by itself, see [`Timers`].
    RegistrationFailed {
        /// Which.
        key: RegistrationKey,
        /// `None`: no answer.
        status: Option<u16>,
        /// When it is tried next.
        retry_after: Option<Duration>,
    },
    /// A registration was removed, by `unregister`, whether or not the registrar answered.
    Unregistered {
        /// Which.
        key: RegistrationKey,
    },
    /// The last word about a call; its key is forgotten.
    Terminated {
        /// Which.
        call: CallKey,
    },
}

/// How much an endpoint holds. After the timers all are zero when no call is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Calls in any state.
    pub calls: usize,
    /// Dialogs, early ones included.
    pub dialogs: usize,
    /// Client and server transactions.
    pub transactions: usize,
    /// Registrations.
    pub registrations: usize,
}

/// A command came at a moment when it means nothing; nothing was sent. Usually the far side was quicker, and an event
/// that tells so waits in `poll_event`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotNow {
    /// The command.
    pub command: &'static str,
    /// The state it met.
    pub state: &'static str,
}

impl std::fmt::Display for NotNow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` means nothing while the call is {}; read the events first", self.command, self.state)
    }
}

impl std::error::Error for NotNow {}
