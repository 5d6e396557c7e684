//! Every setting, once: this table makes the struct, the flags, the environment's names and the documentation.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use super::LogFormat;
use super::readers::{
    Country, File, Flag, List, LogLevel, LogShape, Network, Number, Optional, Origin, Parsed, Reader, Span, Store, Turn,
};
use crate::db::Location;

/// One setting as it is documented.
pub struct Setting {
    /// Its name in the file; `MADOGUCHI_` and capitals in the environment; `--` and hyphens as a flag.
    pub key: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// What a number counts; empty for what is no number.
    pub unit: &'static str,
    /// The value that it has when nobody sets it.
    pub default: &'static str,
    /// What it takes, in words.
    pub allowed: fn() -> String,
    /// Puts the text's value into the configuration; `false` leaves it as it is.
    pub(super) set: fn(&mut Config, &str) -> bool,
}

macro_rules! settings {
    ($($(#[doc = $doc:literal])+ $key:ident: $type:ty = $default:literal, $unit:literal, $reader:expr;)*) => {
        /// The configuration: the defaults, overridden by the file, the environment and the flags, in this order.
        #[derive(Clone, Debug)]
        pub struct Config {
            $($(#[doc = $doc])+ pub $key: $type,)*
        }

        /// Every setting, in the order of the documentation.
        pub const SETTINGS: &[Setting] = &[$(
            Setting {
                key: stringify!($key),
                doc: concat!($($doc),+),
                unit: $unit,
                default: $default,
                allowed: || Reader::<$type>::allowed(&$reader),
                set: |config, text| match Reader::<$type>::read(&$reader, text) {
                    Some(value) => {
                        config.$key = value;
                        true
                    }
                    None => false,
                },
            },
        )*];

        impl Config {
            /// What holds when nobody sets anything.
            ///
            /// # Panics
            /// Never, unless this table contradicts itself, which a test would show.
            pub fn defaults() -> Self {
                Self { $($key: $reader.read($default).expect(concat!("the default of ", stringify!($key))),)* }
            }
        }
    };
}

const SECONDS: u64 = 1;
const MINUTES: u64 = 60;
const HOURS: u64 = 3600;

const LISTEN: Parsed = Parsed("an address and port such as 0.0.0.0:8080 or [::]:8080");
const ADDRESS: Parsed = Parsed("an IP address");

settings! {
    /// Where the desk is served.
    listen: SocketAddr = "127.0.0.1:8080", "", LISTEN;
    /// The address that people type to reach the desk; empty: made from `listen`. Only pages of this origin may change
    /// anything.
    public_url: Option<Url> = "", "", Optional(Origin);
    /// Further origins from which the desk is used.
    allowed_origins: Vec<Url> = "", "", List(Origin);
    /// The certificate chain (PEM); with it the desk speaks HTTPS. Browsers give the microphone to HTTPS and to
    /// localhost only.
    tls_certificate: Option<PathBuf> = "", "", Optional(File);
    /// The certificate's private key (PEM).
    tls_key: Option<PathBuf> = "", "", Optional(File);
    /// Proxies in front of the server, whose `X-Forwarded-For` is believed.
    trusted_proxies: Vec<IpNet> = "", "", List(Network);
    /// Connections at once from one address (IPv6: from one /64); `trusted_proxies` may hold any number. A browser holds
    /// two or three.
    connections_per_address: usize = "4096", "connections", Number(16, 8192);
    /// Who may read `/metrics`, beside this machine itself; behind a proxy (`public_url` with https, without a certificate
    /// of our own) this machine must be named too. What a proxy passes on is refused, unless it is one of
    /// `trusted_proxies`.
    metrics_allowed: Vec<IpNet> = "", "", List(Network);
    /// Where the server keeps its own files. Made at the first start.
    data_dir: PathBuf = "var", "", File;
    /// With less than this free in `data_dir` the server says that it is not ready (`/readyz`: `disk_full`).
    data_dir_free_min_mib: u64 = "256", "MiB", Number(0, 1_048_576);
    /// The database; empty: `madoguchi.db` in `data_dir`, in demo mode `demo.db`.
    database_url: Option<Location> = "", "",
        Optional(Parsed("sqlite:<path> or postgres://user:password@host/database"));
    /// Where uploads are kept; empty: `files` in `data_dir`. Access to S3 is read from the usual `AWS_…` environment.
    files_url: Option<Url> = "", "", Optional(Store);
    /// The key that encrypts secrets in the database; empty: `secret.key` in `data_dir`. Made at the first start; keep
    /// a copy apart from the database's backups.
    secret_key_file: Option<PathBuf> = "", "", Optional(File);
    /// What is logged.
    log_level: String = "info", "", LogLevel;
    /// How a log line looks.
    log_format: LogFormat = "text", "", LogShape;
    /// A session without any sign of life ends after this; an open desk gives one every minute.
    session_idle_minutes: Duration = "30", "minutes", Span { unit_seconds: MINUTES, min: 5, max: 1440 };
    /// A session ends after this at the latest.
    session_absolute_hours: Duration = "12", "hours", Span { unit_seconds: HOURS, min: 1, max: 168 };
    /// How long a stopping server waits for its calls to end.
    drain_limit_seconds: Duration = "1800", "seconds", Span { unit_seconds: SECONDS, min: 0, max: 86400 };
    /// How long a call that every agent of its queue who could take it has declined rests before it is offered anew.
    decline_pause_seconds: Duration = "30", "seconds", Span { unit_seconds: SECONDS, min: 5, max: 600 };
    /// How long a call is kept for an agent whose browser or network is gone, before it goes to the front of its queue.
    agent_return_seconds: Duration = "30", "seconds", Span { unit_seconds: SECONDS, min: 5, max: 300 };
    /// The country whose numbering plan reads numbers without a country code.
    country: String = "JP", "", Country;
    /// The one UDP port for the audio of all browsers.
    webrtc_listen: SocketAddr = "0.0.0.0:8443", "", LISTEN;
    /// The addresses under which browsers reach `webrtc_listen`; empty: the one in `webrtc_listen`, or where that is
    /// `0.0.0.0` or `[::]`, the one with which this machine speaks to others.
    webrtc_public_addresses: Vec<IpAddr> = "", "", List(ADDRESS);
    /// Relays (TURN) for browsers that UDP does not reach: all addresses of one relay.
    turn_urls: Vec<String> = "", "", List(Turn);
    /// The file with the secret that the relay shares (coturn: `static-auth-secret`); empty: the relay is not offered.
    turn_secret_file: Option<PathBuf> = "", "", Optional(File);
    /// How long a browser may begin to use the relay with the credentials it was given.
    turn_credential_seconds: Duration = "43200", "seconds", Span { unit_seconds: SECONDS, min: 60, max: 86400 };
    /// The address for audio to and from the trunks.
    rtp_address: IpAddr = "0.0.0.0", "", ADDRESS;
    /// The address that trunks are told to send audio to; empty: `rtp_address`, or where that is `0.0.0.0` or `::`, the one
    /// with which this machine speaks to others.
    rtp_public_address: Option<IpAddr> = "", "", Optional(ADDRESS);
    /// The first port for audio of the trunks; a call takes two.
    rtp_port_min: u16 = "30000", "", Number(1024, 65534);
    /// The last port for audio of the trunks.
    rtp_port_max: u16 = "30999", "", Number(1025, 65535);
    /// Where SIP over UDP is spoken; empty: not at all.
    sip_udp_listen: Option<SocketAddr> = "0.0.0.0:5060", "", Optional(LISTEN);
    /// Where SIP over TCP is spoken; empty: not at all.
    sip_tcp_listen: Option<SocketAddr> = "0.0.0.0:5060", "", Optional(LISTEN);
    /// Where SIP over TLS is taken; empty: not at all. Trunks are spoken to by TLS in any case where they are set up so.
    sip_tls_listen: Option<SocketAddr> = "", "", Optional(LISTEN);
    /// The certificate chain (PEM) shown to peers that connect to `sip_tls_listen`.
    sip_tls_certificate: Option<PathBuf> = "", "", Optional(File);
    /// The certificate's private key (PEM).
    sip_tls_key: Option<PathBuf> = "", "", Optional(File);
    /// Certificate authorities (PEM) that trunks' certificates may be of, beside those that the system trusts.
    sip_tls_ca_file: Option<PathBuf> = "", "", Optional(File);
    /// How long a call may last without its far end being heard of in SIP: what vanishes without a BYE ends then.
    sip_session_expires_seconds: Duration = "1800", "seconds", Span { unit_seconds: SECONDS, min: 90, max: 86400 };
    /// The shortest such time that a far end may ask for.
    sip_session_min_seconds: Duration = "90", "seconds", Span { unit_seconds: SECONDS, min: 90, max: 3600 };
    /// How many new requests one address of a trunk may send in two seconds, and ten times as many messages that belong
    /// to something begun; more are dropped unread. Of addresses that are no trunk's everything is.
    sip_requests_per_address: u32 = "1000", "requests", Number(30, 1_000_000);
    /// The address that SIP peers are told to answer to; empty: the one listened on, or where that is `0.0.0.0` or `[::]`,
    /// the one with which this machine speaks to others.
    sip_public_address: Option<IpAddr> = "", "", Optional(ADDRESS);
    /// Demo mode: demo users and a simulated carrier. Refuses to start on a database with real users.
    demo: bool = "false", "", Flag;
}
