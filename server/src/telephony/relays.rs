//! Credentials for the relays (TURN) that browsers use where UDP does not reach the gateway.
//!
//! The relay is a program beside this one, such as coturn with `use-auth-secret`. It shares a secret with us and needs
//! no word from us: the user name says until when it holds, the password proves that we wrote it
//! (draft-uberti-behave-turn-rest-00 §2.2). The gateway sees a relayed browser as coming from the relay's address.

use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use domain::ids::UserId;
use domain::roles::Permission;
use domain::time::Timestamp;
use wire::ApiResult;
use wire::relays::{Relay, RelaysPort};
use wire::session::Actor;

use crate::clock::Clock;

/// The shortest secret that is worth sharing, in bytes.
const SHORTEST: usize = 16;

/// The relays, and what is needed to let agents use them.
pub struct Relays {
    urls: Vec<String>,
    secret: Option<Secret>,
    lifetime: Duration,
    clock: Clock,
}

struct Secret(hmac::Key);

/// Why the secret cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("turn_secret_file {path}: {why}")]
pub struct SecretError {
    path: PathBuf,
    why: String,
}

impl Relays {
    /// Relays at these addresses. The secret is read once, here.
    ///
    /// # Errors
    /// The file cannot be read or holds too little.
    pub fn new(
        urls: Vec<String>,
        secret_file: Option<&Path>,
        lifetime: Duration,
        clock: Clock,
    ) -> Result<Self, SecretError> {
        let secret = secret_file.map(read).transpose()?;
        Ok(Self { urls, secret, lifetime, clock })
    }

    /// What `agent` may use from now on.
    fn of(&self, agent: UserId) -> Vec<Relay> {
        let Some(secret) = &self.secret else { return Vec::new() };
        if self.urls.is_empty() {
            return Vec::new();
        }
        let (username, credential) = secret.pair(agent, self.clock.now(), self.lifetime);
        vec![Relay { urls: self.urls.clone(), username, credential }]
    }
}

#[async_trait::async_trait]
impl RelaysPort for Relays {
    async fn relays(&self, actor: Actor) -> ApiResult<Vec<Relay>> {
        actor.require(Permission::WorkAtDesk)?;
        Ok(self.of(actor.user))
    }
}

impl Secret {
    fn new(secret: &[u8]) -> Self {
        // What the relays understand; as a keyed hash SHA-1 is not broken (RFC 6194 §3.3).
        Self(hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret))
    }

    /// User name and password, good for `lifetime`.
    fn pair(&self, agent: UserId, now: Timestamp, lifetime: Duration) -> (String, String) {
        let until = now.plus(lifetime).0 / 1_000;
        let username = format!("{until}:{agent}");
        let credential = BASE64_STANDARD.encode(hmac::sign(&self.0, username.as_bytes()));
        (username, credential)
    }
}

fn read(path: &Path) -> Result<Secret, SecretError> {
    let fault = |why: String| SecretError { path: path.to_owned(), why };
    let text = std::fs::read_to_string(path).map_err(|error| fault(error.to_string()))?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.len() < SHORTEST {
        return Err(fault(format!("holds {} bytes; at least {SHORTEST} are needed", secret.len())));
    }
    Ok(Secret::new(secret.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `printf 1700003600:… | openssl dgst -sha1 -hmac 0123456789abcdef -binary | base64`
    #[test]
    fn the_pair_is_the_one_that_a_relay_computes_from_the_same_secret() {
        let agent: UserId = "00000000-0000-7000-8000-000000000001".parse().unwrap();
        let secret = Secret::new(b"0123456789abcdef");
        let now = Timestamp(1_700_000_000_999);
        let (username, credential) = secret.pair(agent, now, Duration::from_hours(1));
        assert_eq!(username, "1700003600:00000000-0000-7000-8000-000000000001");
        assert_eq!(credential, "H1cAFsplGSEs4sndIXiCacn39E4=");
    }

    #[test]
    fn a_secret_that_could_be_guessed_is_refused_with_its_length() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "short\n").unwrap();
        let Err(error) = read(file.path()) else { panic!("took a secret of five bytes") };
        assert!(error.to_string().contains("holds 5 bytes"), "{error}");
    }

    #[test]
    fn where_no_relay_is_set_up_none_is_named() {
        let (clock, _hands) = Clock::held(Timestamp(0));
        let relays = Relays::new(Vec::new(), None, Duration::from_secs(1), clock).unwrap();
        assert_eq!(relays.of("00000000-0000-7000-8000-000000000001".parse().unwrap()), vec![]);
    }
}
