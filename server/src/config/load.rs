//! From the layers to one configuration, or to everything that is wrong with them.

use std::fmt;
use std::path::PathBuf;

use super::{Config, SETTINGS};

/// What the layers are read from; a test brings its own.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The TOML file, if one is named.
    pub file: Option<PathBuf>,
    /// The environment: only names that begin with `MADOGUCHI_` count.
    pub environment: Vec<(String, String)>,
    /// Flags by setting.
    pub flags: Vec<(&'static str, String)>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which setting, and where it was set.
    pub which: String,
    /// Why it cannot be used.
    pub why: String,
    /// What would be right.
    pub allowed: String,
}

/// Everything that is wrong with the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub Vec<Fault>);

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, Fault { which, why, allowed }) in self.0.iter().enumerate() {
            if n > 0 {
                writeln!(f)?;
            }
            write!(f, "{which}: {why}. {allowed}")?;
        }
        Ok(())
    }
}

/// The name of the environment variable that names the file.
const FILE_VARIABLE: &str = "MADOGUCHI_CONFIG";
const PREFIX: &str = "MADOGUCHI_";

/// Reads all layers.
///
/// # Errors
/// Every setting that is unknown, unreadable, out of bounds, or at odds with another.
pub fn load(sources: &Sources) -> Result<Config, ConfigError> {
    let mut reading = Reading { config: Config::defaults(), faults: Vec::new() };
    let file = sources.file.clone().or_else(|| {
        sources.environment.iter().find(|(name, _)| name == FILE_VARIABLE).map(|(_, path)| PathBuf::from(path))
    });
    if let Some(path) = file {
        reading.file(&path);
    }
    for (name, value) in &sources.environment {
        if name.starts_with(PREFIX) && name != FILE_VARIABLE {
            let key = name.trim_start_matches(PREFIX).to_ascii_lowercase();
            reading.set(&key, value, name, |key| format!("{PREFIX}{}", key.to_ascii_uppercase()));
        }
    }
    for (key, value) in &sources.flags {
        reading.set(key, value, &format!("--{}", key.replace('_', "-")), str::to_owned);
    }
    reading.cross_check();
    if reading.faults.is_empty() { Ok(reading.config) } else { Err(ConfigError(reading.faults)) }
}

struct Reading {
    config: Config,
    faults: Vec<Fault>,
}

impl Reading {
    fn fault(&mut self, which: impl Into<String>, why: impl Into<String>, allowed: impl Into<String>) {
        self.faults.push(Fault { which: which.into(), why: why.into(), allowed: allowed.into() });
    }

    fn file(&mut self, path: &std::path::Path) {
        let shown = path.display();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                let why = format!("cannot be read: {error}");
                return self.fault(format!("configuration file {shown}"), why, "Name a readable TOML file");
            }
        };
        let table = match text.parse::<toml::Table>() {
            Ok(table) => table,
            Err(error) => {
                let line =
                    error.span().map_or(1, |span| text.get(..span.start).unwrap_or("").matches('\n').count() + 1);
                let why = format!("is not TOML: {}", error.message());
                return self.fault(
                    format!("configuration file {shown}, line {line}"),
                    why,
                    "Write `key = value` lines",
                );
            }
        };
        for (key, value) in table {
            match plain_text(&value) {
                Some(value) => self.set(&key, &value, &format!("{key} in {shown}"), str::to_owned),
                None => self.fault(
                    format!("{key} in {shown}"),
                    format!("a {} is no value for a setting", value.type_str()),
                    "Allowed are texts, whole numbers, true, false, and lists of texts",
                ),
            }
        }
    }

    fn set(&mut self, key: &str, value: &str, which: &str, spell: impl Fn(&str) -> String) {
        let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) else {
            return self.fault(which, "there is no such setting", nearest(key, spell));
        };
        if !(setting.set)(&mut self.config, value.trim()) {
            // The address of a database can hold a password, which does not belong on a terminal or in a log.
            let shown = if key == "database_url" { "the value".to_owned() } else { format!("“{value}”") };
            let unit = if setting.unit.is_empty() { String::new() } else { format!(" ({})", setting.unit) };
            let allowed = format!("Allowed: {}{unit}; default “{}”", (setting.allowed)(), setting.default);
            self.fault(which, format!("{shown} cannot be used"), allowed);
        }
    }

    /// What no setting can know alone.
    fn cross_check(&mut self) {
        let config = &self.config;
        let mut found = Vec::new();
        if config.tls_certificate.is_some() != config.tls_key.is_some() {
            found.push(("tls_certificate, tls_key", "one is set without the other", "Set both, or none"));
        }
        if config.turn_urls.is_empty() != config.turn_secret_file.is_none() {
            found.push(("turn_urls, turn_secret_file", "one is set without the other", "Set both, or none"));
        }
        if config.sip_tls_certificate.is_some() != config.sip_tls_key.is_some() {
            found.push(("sip_tls_certificate, sip_tls_key", "one is set without the other", "Set both, or none"));
        }
        if config.sip_tls_listen.is_some() && config.sip_tls_certificate.is_none() {
            found.push((
                "sip_tls_listen",
                "there is no certificate to show to peers",
                "Set sip_tls_certificate and sip_tls_key",
            ));
        }
        if config.sip_session_min_seconds > config.sip_session_expires_seconds {
            found.push((
                "sip_session_min_seconds, sip_session_expires_seconds",
                "we would ask for less than we take",
                "sip_session_min_seconds must not be longer than sip_session_expires_seconds",
            ));
        }
        if config.rtp_port_max <= config.rtp_port_min {
            found.push((
                "rtp_port_min, rtp_port_max",
                "the range is empty",
                "rtp_port_max must be greater than rtp_port_min; a call takes two ports",
            ));
        }
        if config.session_idle_minutes > config.session_absolute_hours {
            found.push((
                "session_idle_minutes, session_absolute_hours",
                "a session would end before it could become idle",
                "session_idle_minutes must not be longer than session_absolute_hours",
            ));
        }
        let over_tls = config.public_url.as_ref().is_some_and(|url| url.scheme() == "https");
        if config.tls_certificate.is_some() && config.public_url.is_some() && !over_tls {
            found.push(("public_url", "the server speaks TLS, but this is an http:// address", "Write https://…"));
        }
        if !config.speaks_tls() && !config.is_loopback() && config.public_url.is_none() {
            found.push((
                "listen",
                "other machines would reach the desk over plain HTTP, where browsers give no microphone and no sign-in",
                "Set tls_certificate and tls_key; or public_url to the https:// address of a proxy in front; or listen \
                 on 127.0.0.1",
            ));
        }
        let plain = config.public_url.as_ref().is_some_and(|url| {
            url.scheme() == "http" && !matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
        });
        if plain {
            found.push(("public_url", "plain HTTP is for localhost only", "Write https://…"));
        }
        if config.is_behind_a_proxy() && config.trusted_proxies.is_empty() {
            found.push((
                "public_url, trusted_proxies",
                "a proxy in front speaks TLS, and without its name every visitor would be taken for the proxy: one \
                 brake on guessed passwords and one limit of connections for all of them",
                "Set trusted_proxies to the address from which the proxy connects (127.0.0.1 for one on this machine); \
                 or set tls_certificate and tls_key where there is none",
            ));
        }
        for (which, why, allowed) in found {
            self.fault(which, why, allowed);
        }
    }
}

fn plain_text(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        toml::Value::Array(items) => items
            .iter()
            .map(|item| item.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
            .map(|all| all.join(",")),
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}

fn nearest(key: &str, spell: impl Fn(&str) -> String) -> String {
    /// How alike two names must be to be worth a question (Jaro–Winkler, 0 to 1).
    const ALIKE: f64 = 0.75;
    SETTINGS
        .iter()
        .map(|setting| (strsim::jaro_winkler(key, setting.key), setting.key))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map_or_else(
            || "docs/configuration.md lists all settings".to_owned(),
            |(_, key)| format!("Did you mean {}?", spell(key)),
        )
}
