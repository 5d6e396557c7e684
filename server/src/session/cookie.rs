//! The cookie: what it holds, how it is set, how it is found.

use std::fmt::{self, Write as _};

use aws_lc_rs::{digest, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Bits of chance in a token: 256 (OWASP ASVS 7.2.3 asks for 128).
const BYTES: usize = 32;

/// The secret that a session's cookie holds. Shown nowhere: its [`Token::hash`] names the session.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl Token {
    /// Draws a token.
    ///
    /// # Panics
    /// If the machine has no source of chance, without which nobody may be signed in.
    #[expect(clippy::expect_used, reason = "a server without a source of chance must not go on")]
    pub fn random() -> Self {
        let mut bytes = [0; BYTES];
        rand::fill(&mut bytes).expect("the machine gives random bytes");
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// SHA-256, hexadecimal: what is stored.
    pub fn hash(&self) -> String {
        sha256(&self.0)
    }
}

/// SHA-256, hexadecimal.
pub(super) fn sha256(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    let hex = String::with_capacity(2 * digest.as_ref().len());
    digest.as_ref().iter().fold(hex, |mut hex, byte| {
        // Writing into a string cannot fail.
        write!(hex, "{byte:02x}").ok();
        hex
    })
}

/// The two forms of the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieKind {
    /// `__Host-sid`, over TLS only.
    Host,
    /// `sid` without `Secure`: plain HTTP on localhost, the one exception.
    Localhost,
}

impl CookieKind {
    /// The form for a desk that is reached at this origin.
    pub fn for_origin(origin: &str) -> Self {
        if origin.starts_with("https://") { Self::Host } else { Self::Localhost }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Host => "__Host-sid",
            Self::Localhost => "sid",
        }
    }

    /// The `Set-Cookie` value that hands the token to the browser, until it closes.
    pub fn set(self, token: &Token) -> String {
        self.line(&token.0, "")
    }

    /// The `Set-Cookie` value that takes it back.
    pub fn clear(self) -> String {
        self.line("", "; Max-Age=0")
    }

    fn line(self, value: &str, end: &str) -> String {
        let secure = match self {
            Self::Host => "; Secure",
            Self::Localhost => "",
        };
        format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{end}", self.name())
    }

    /// The token in a `Cookie` header (RFC 6265 §4.2), if it has the form of one of ours.
    pub fn find(self, header: &str) -> Option<Token> {
        header
            .split(';')
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, value)| *name == self.name() && URL_SAFE_NO_PAD.decode(value).is_ok_and(|b| b.len() == BYTES))
            .map(|(_, value)| Token(value.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_tls_the_cookie_is_bound_to_the_host_and_hidden_from_scripts() {
        let kind = CookieKind::for_origin("https://desk.example.jp");
        let token = Token::random();
        let line = kind.set(&token);
        assert_eq!(line, format!("__Host-sid={}; Path=/; HttpOnly; SameSite=Lax; Secure", token.0));
        assert!(kind.clear().ends_with("; Secure; Max-Age=0"));
    }

    #[test]
    fn plain_http_on_localhost_is_the_one_exception() {
        let line = CookieKind::for_origin("http://localhost:8080").set(&Token::random());
        assert!(line.starts_with("sid=") && !line.contains("Secure") && line.contains("HttpOnly"), "{line}");
    }

    #[test]
    fn only_a_token_of_our_form_is_found_among_other_cookies() {
        let kind = CookieKind::Host;
        let token = Token::random();
        assert_eq!(kind.find(&format!("a=b; __Host-sid={}; c=d", token.0)), Some(token.clone()));
        assert_eq!(kind.find(&format!("sid={}", token.0)), None);
        assert_eq!(kind.find("__Host-sid=short"), None);
        assert_eq!(kind.find("__Host-sid"), None);
        assert_eq!(kind.find(""), None);
    }

    #[test]
    fn no_two_tokens_are_alike_and_none_shows_itself() {
        let (one, other) = (Token::random(), Token::random());
        assert_ne!(one.hash(), other.hash());
        assert_eq!(one.hash().len(), 64);
        assert_eq!(format!("{one:?}"), "Token(…)");
    }
}
