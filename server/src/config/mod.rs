//! The configuration: one table of settings, four layers, and errors that say which, why and what is allowed.
//!
//! Later layers win: defaults, then the TOML file, then `MADOGUCHI_…` in the environment, then flags. A key that
//! does not exist is an error with the nearest name, never ignored. All problems are found before anything starts.

mod load;
mod readers;
mod settings;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::path::PathBuf;

use url::Url;

pub use self::load::{ConfigError, Fault, Sources, load};
pub use self::settings::{Config, SETTINGS, Setting};
use crate::db::Location;

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

impl Config {
    /// Where the database is.
    pub fn database(&self) -> Location {
        // The demo keeps to itself, so that trying it out leaves nothing behind for the day of the real start.
        let file = if self.demo { "demo.db" } else { "madoguchi.db" };
        self.database_url.clone().unwrap_or_else(|| Location::Sqlite(self.data_dir.join(file)))
    }

    /// Where the key of the secrets is.
    pub fn secret_key(&self) -> PathBuf {
        self.secret_key_file.clone().unwrap_or_else(|| self.data_dir.join("secret.key"))
    }

    /// Whether the desk can only be reached from this machine.
    pub fn is_loopback(&self) -> bool {
        self.listen.ip().is_loopback()
    }

    /// Whether the server itself speaks TLS: with a certificate, or in demo mode with one of its own making.
    pub fn speaks_tls(&self) -> bool {
        self.tls_certificate.is_some() || (self.demo && !self.is_loopback())
    }

    /// Whether something else speaks TLS for the server: then every connection comes from there.
    pub fn is_behind_a_proxy(&self) -> bool {
        !self.speaks_tls() && self.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }

    /// The address that people type.
    pub fn public_origin(&self) -> String {
        if let Some(url) = &self.public_url {
            return origin(url);
        }
        let host = match self.listen.ip() {
            ip if ip.is_loopback() || ip.is_unspecified() => "localhost".to_owned(),
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        let scheme = if self.speaks_tls() { "https" } else { "http" };
        match (scheme, self.listen.port()) {
            ("https", 443) | ("http", 80) => format!("{scheme}://{host}"),
            (_, port) => format!("{scheme}://{host}:{port}"),
        }
    }

    /// Every origin whose pages may change anything and open the WebSocket.
    pub fn origins(&self) -> Vec<String> {
        let mut origins = vec![self.public_origin()];
        if self.public_url.is_none() && self.listen.ip().is_loopback() {
            // The same desk under the other names of this machine.
            let port = self.listen.port();
            origins.extend(["127.0.0.1", "[::1]"].map(|host| format!("http://{host}:{port}")));
        }
        origins.extend(self.allowed_origins.iter().map(origin));
        origins
    }
}

fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}
