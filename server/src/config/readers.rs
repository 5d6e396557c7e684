//! How the text of a setting becomes its value, and what is allowed in words.

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use url::Url;

use super::LogFormat;
use crate::db::Location;

/// Turns text into a `T`, or not; and says what it would have taken.
pub(super) trait Reader<T> {
    /// The value; `None` is answered with [`Reader::allowed`].
    fn read(&self, text: &str) -> Option<T>;
    /// What is allowed, in words, bounds included.
    fn allowed(&self) -> String;
}

/// A whole number between two bounds, both allowed.
pub(super) struct Number<T>(pub(super) T, pub(super) T);

impl<T: FromStr + PartialOrd + Display> Reader<T> for Number<T> {
    fn read(&self, text: &str) -> Option<T> {
        text.parse().ok().filter(|number| (&self.0..=&self.1).contains(&number))
    }
    fn allowed(&self) -> String {
        format!("a whole number from {} to {}", self.0, self.1)
    }
}

/// A time in whole units of so many seconds, between two bounds.
pub(super) struct Span {
    pub(super) unit_seconds: u64,
    pub(super) min: u64,
    pub(super) max: u64,
}

impl Reader<Duration> for Span {
    fn read(&self, text: &str) -> Option<Duration> {
        Number(self.min, self.max).read(text).map(|units| Duration::from_secs(units * self.unit_seconds))
    }
    fn allowed(&self) -> String {
        Number(self.min, self.max).allowed()
    }
}

/// `true` or `false`.
pub(super) struct Flag;

impl Reader<bool> for Flag {
    fn read(&self, text: &str) -> Option<bool> {
        text.parse().ok()
    }
    fn allowed(&self) -> String {
        "true or false".to_owned()
    }
}

/// Anything that parses, described by hand.
pub(super) struct Parsed(pub(super) &'static str);

macro_rules! parsed {
    ($($type:ty),*) => {$(
        impl Reader<$type> for Parsed {
            fn read(&self, text: &str) -> Option<$type> {
                text.parse().ok()
            }
            fn allowed(&self) -> String {
                self.0.to_owned()
            }
        }
    )*};
}
parsed!(SocketAddr, IpAddr, Location);

/// A path of this machine.
pub(super) struct File;

impl Reader<PathBuf> for File {
    fn read(&self, text: &str) -> Option<PathBuf> {
        (!text.is_empty()).then(|| text.into())
    }
    fn allowed(&self) -> String {
        "a path, absolute or relative to the working directory".to_owned()
    }
}

/// A network, or one address of it.
pub(super) struct Network;

impl Reader<IpNet> for Network {
    fn read(&self, text: &str) -> Option<IpNet> {
        text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
    }
    fn allowed(&self) -> String {
        "an address or a network such as 10.0.0.0/8".to_owned()
    }
}

/// What a browser calls an origin: scheme, host and port, nothing behind.
pub(super) struct Origin;

impl Reader<Url> for Origin {
    fn read(&self, text: &str) -> Option<Url> {
        let url = Url::parse(text).ok()?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
        (matches!(url.scheme(), "http" | "https") && url.has_host() && bare).then_some(url)
    }
    fn allowed(&self) -> String {
        "https://host or https://host:port, without a path (http:// for localhost)".to_owned()
    }
}

/// Where files are kept.
pub(super) struct Store;

impl Reader<Url> for Store {
    fn read(&self, text: &str) -> Option<Url> {
        let url = Url::parse(text).ok()?;
        (url.scheme() == "s3" && url.has_host()).then_some(url)
    }
    fn allowed(&self) -> String {
        "s3://bucket or s3://bucket/prefix".to_owned()
    }
}

/// A relay's address (RFC 7065).
pub(super) struct Turn;

impl Reader<String> for Turn {
    fn read(&self, text: &str) -> Option<String> {
        let rest = text.strip_prefix("turn:").or_else(|| text.strip_prefix("turns:"))?;
        let (host, transport) = rest.split_once('?').unwrap_or((rest, "transport=udp"));
        let printable = host.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'@'));
        (!host.is_empty() && printable && matches!(transport, "transport=udp" | "transport=tcp"))
            .then(|| text.to_owned())
    }
    fn allowed(&self) -> String {
        "turn:host, turn:host:port?transport=udp, turn:host:port?transport=tcp, turns:host:port?transport=tcp"
            .to_owned()
    }
}

/// A country by its two letters.
pub(super) struct Country;

impl Reader<String> for Country {
    fn read(&self, text: &str) -> Option<String> {
        (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())).then(|| text.to_owned())
    }
    fn allowed(&self) -> String {
        "two capital letters (ISO 3166-1): JP, KR, US".to_owned()
    }
}

/// What is logged: a level, or levels by part.
pub(super) struct LogLevel;

impl Reader<String> for LogLevel {
    fn read(&self, text: &str) -> Option<String> {
        let sound = !text.is_empty() && tracing_subscriber::EnvFilter::try_new(text).is_ok();
        // A lone word that is no level would be taken for the name of a part, and silence everything else.
        let level = |word: &str| ["off", "error", "warn", "info", "debug", "trace"].contains(&word);
        (sound && text.split(',').all(|part| level(part) || part.rsplit('=').next().is_some_and(level)))
            .then(|| text.to_owned())
    }
    fn allowed(&self) -> String {
        "error, warn, info, debug or trace, also by part: info,server::telephony=debug".to_owned()
    }
}

/// How a log line looks.
pub(super) struct LogShape;

impl Reader<LogFormat> for LogShape {
    fn read(&self, text: &str) -> Option<LogFormat> {
        match text {
            "text" => Some(LogFormat::Text),
            "json" => Some(LogFormat::Json),
            _ => None,
        }
    }
    fn allowed(&self) -> String {
        "text or json".to_owned()
    }
}

/// Empty, or what another reader takes.
pub(super) struct Optional<R>(pub(super) R);

impl<T, R: Reader<T>> Reader<Option<T>> for Optional<R> {
    fn read(&self, text: &str) -> Option<Option<T>> {
        if text.is_empty() { Some(None) } else { self.0.read(text).map(Some) }
    }
    fn allowed(&self) -> String {
        format!("{}; empty for none", self.0.allowed())
    }
}

/// Several of what another reader takes.
pub(super) struct List<R>(pub(super) R);

impl<T, R: Reader<T>> Reader<Vec<T>> for List<R> {
    fn read(&self, text: &str) -> Option<Vec<T>> {
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(|part| self.0.read(part)).collect()
    }
    fn allowed(&self) -> String {
        format!("a list of: {}", self.0.allowed())
    }
}
