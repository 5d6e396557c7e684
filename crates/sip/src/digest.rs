//! Digest authentication of a client (RFC 3261 §22, RFC 7616, RFC 8760).
//!
//! Of several challenges the first that we can answer is taken: the far side lists them by preference (RFC 8760 §2.4).

use std::fmt::Write as _;

use md5::Md5;
use sha2::{Digest as _, Sha256, Sha512_256};

use crate::api::Credentials;
use crate::chance::Chance;
use crate::message::value::{split_commas, unquoted};
use crate::message::{Headers, Method};

/// Who asks: a server (401) or a proxy (407).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asker {
    Server,
    Proxy,
}

impl Asker {
    pub(crate) fn of(status: u16) -> Option<Self> {
        match status {
            401 => Some(Self::Server),
            407 => Some(Self::Proxy),
            _ => None,
        }
    }

    fn challenge_header(self) -> &'static str {
        match self {
            Self::Server => "WWW-Authenticate",
            Self::Proxy => "Proxy-Authenticate",
        }
    }

    fn answer_header(self) -> &'static str {
        match self {
            Self::Server => "Authorization",
            Self::Proxy => "Proxy-Authorization",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Md5,
    Sha256,
    Sha512Cut,
}

impl Hash {
    fn hex(self, text: &str) -> String {
        let bytes: Vec<u8> = match self {
            Self::Md5 => Md5::digest(text).to_vec(),
            Self::Sha256 => Sha256::digest(text).to_vec(),
            Self::Sha512Cut => Sha512_256::digest(text).to_vec(),
        };
        bytes.iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    hash: Hash,
    session: bool,
    /// As the far side spelled it, to be sent back.
    algorithm: Option<String>,
    /// Does it want qop=auth? Without any qop it is the digest of RFC 2069.
    qop: bool,
    stale: bool,
}

/// What was learned from challenges in one dialog or registration, to be used for its later requests too.
#[derive(Debug, Default)]
pub(crate) struct Auth {
    pub(crate) credentials: Option<Credentials>,
    known: Vec<Known>,
}

#[derive(Debug)]
struct Known {
    asker: Asker,
    challenge: Challenge,
    cnonce: String,
    /// How often this nonce was used (RFC 7616 §3.4).
    uses: u32,
}

/// How far one request has come with its challenges: each realm of each asker is answered once, and once more if only
/// its nonce was too old (RFC 3261 §22.1: never again with credentials that were just refused).
#[derive(Debug, Clone, Default)]
pub(crate) struct Attempts(Vec<Attempt>);

#[derive(Debug, Clone)]
struct Attempt {
    asker: Asker,
    realm: String,
    stale: bool,
}

/// Most realms that one request is signed for: the proxies on its way, and its server.
const MOST_REALMS: usize = 4;

impl Auth {
    pub(crate) fn new(credentials: Option<Credentials>) -> Self {
        Self { credentials, known: Vec::new() }
    }

    /// Takes in a 401 or 407. Is it worth another try?
    pub(crate) fn challenged(
        &mut self,
        status: u16,
        headers: &Headers,
        attempts: &mut Attempts,
        chance: &mut Chance,
    ) -> bool {
        let Some(asker) = Asker::of(status).filter(|_| self.credentials.is_some()) else { return false };
        // Of one realm the first; of several realms, as a fork collects them, each (RFC 3261 §22.3).
        let mut wanted: Vec<Challenge> = Vec::new();
        for challenge in headers.all(asker.challenge_header()).flat_map(challenges) {
            if wanted.iter().all(|known| known.realm != challenge.realm) {
                wanted.push(challenge);
            }
        }
        let worth_it = !wanted.is_empty() && wanted.iter().all(|challenge| attempts.note(asker, challenge));
        for challenge in wanted.into_iter().filter(|_| worth_it) {
            self.known.retain(|known| known.asker != asker || known.challenge.realm != challenge.realm);
            if self.known.len() == MOST_REALMS {
                self.known.remove(0);
            }
            self.known.push(Known { asker, challenge, cnonce: chance.token(), uses: 0 });
        }
        worth_it
    }

    /// Puts answers to all challenges known so far into a request.
    pub(crate) fn sign(&mut self, method: &Method, uri: &str, headers: &mut Headers) {
        let Some(credentials) = &self.credentials else { return };
        for asker in [Asker::Server, Asker::Proxy] {
            headers.remove(asker.answer_header());
        }
        for known in &mut self.known {
            known.uses += 1;
            headers.push(known.asker.answer_header(), known.answer(credentials, method, uri));
        }
    }
}

impl Attempts {
    /// `false`: it was answered before, and not for nothing but an old nonce.
    fn note(&mut self, asker: Asker, challenge: &Challenge) -> bool {
        let same = |attempt: &&mut Attempt| attempt.asker == asker && attempt.realm == challenge.realm;
        if let Some(attempt) = self.0.iter_mut().find(same) {
            return challenge.stale && !std::mem::replace(&mut attempt.stale, true);
        }
        let room = self.0.len() < MOST_REALMS;
        if room {
            self.0.push(Attempt { asker, realm: challenge.realm.clone(), stale: false });
        }
        room
    }
}

impl Known {
    fn answer(&self, credentials: &Credentials, method: &Method, uri: &str) -> String {
        let Challenge { realm, nonce, hash, session, qop, .. } = &self.challenge;
        let (username, password, cnonce) = (&credentials.username, &credentials.password, &self.cnonce);
        let mut secret = hash.hex(&format!("{username}:{realm}:{password}"));
        if *session {
            secret = hash.hex(&format!("{secret}:{nonce}:{cnonce}"));
        }
        let request = hash.hex(&format!("{method}:{uri}"));
        let count = format!("{:08x}", self.uses);
        let middle = if *qop { format!("{nonce}:{count}:{cnonce}:auth") } else { nonce.clone() };
        let response = hash.hex(&format!("{secret}:{middle}:{request}"));
        let mut text = format!(
            "Digest username={}, realm={}, nonce={}, uri={}, response=\"{response}\"",
            quoted(username),
            quoted(realm),
            quoted(nonce),
            quoted(uri)
        );
        if let Some(algorithm) = &self.challenge.algorithm {
            let _ = write!(text, ", algorithm={algorithm}");
        }
        if let Some(opaque) = &self.challenge.opaque {
            let _ = write!(text, ", opaque={}", quoted(opaque));
        }
        if *qop {
            // RFC 3261 §25.1: qop and nc stand without quotes in an answer.
            let _ = write!(text, ", cnonce=\"{cnonce}\", qop=auth, nc={count}");
        } else if *session {
            let _ = write!(text, ", cnonce=\"{cnonce}\"");
        }
        text
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", crate::message::value::line(text).replace('\\', "\\\\").replace('"', "\\\""))
}

/// The challenges in one header line that we can answer, in their order.
fn challenges(line: &str) -> Vec<Challenge> {
    let mut found: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for part in split_commas(line) {
        let (name, value) = part.split_once('=').map_or((part, ""), |(name, value)| (name.trim(), value.trim()));
        // `Digest realm="x"` opens a challenge, `nonce="y"` belongs to the one that is open.
        if let Some((scheme, name)) = name.split_once(char::is_whitespace) {
            found.push((scheme.to_owned(), vec![(name.trim().to_ascii_lowercase(), unquoted(value))]));
        } else if let Some((_, params)) = found.last_mut() {
            params.push((name.to_ascii_lowercase(), unquoted(value)));
        }
    }
    let digests = found.into_iter().filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Digest"));
    digests.filter_map(|(_, params)| challenge(&params)).collect()
}

fn challenge(params: &[(String, String)]) -> Option<Challenge> {
    let get = |name: &str| params.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let algorithm = get("algorithm");
    let spelled = algorithm.as_deref().unwrap_or("MD5").to_ascii_uppercase();
    let (name, session) = spelled.strip_suffix("-SESS").map_or((spelled.as_str(), false), |name| (name, true));
    let hash = match name {
        "MD5" => Hash::Md5,
        "SHA-256" => Hash::Sha256,
        "SHA-512-256" => Hash::Sha512Cut,
        _ => return None,
    };
    let qop = get("qop");
    if qop.as_deref().is_some_and(|qop| !qop.split(',').any(|one| one.trim().eq_ignore_ascii_case("auth"))) {
        return None;
    }
    let stale = get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true"));
    let (realm, nonce) = (get("realm")?, get("nonce")?);
    // Sent back without quotes, so it must be a word.
    let algorithm = algorithm.filter(|text| crate::message::value::is_token(text));
    Some(Challenge { realm, nonce, opaque: get("opaque"), hash, session, algorithm, qop: qop.is_some(), stale })
}

#[cfg(test)]
mod tests;
