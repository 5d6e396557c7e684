//! Whether a message that was not read yet belongs to something that is going on: for a driver that must choose what to
//! read while it is being flooded.

use super::Endpoint;

/// How far a message is searched for the two headers that say so.
const SEARCHED: usize = 2_048;

impl Endpoint {
    /// Whether these first bytes are an answer to a request of ours that waits for one, or a request in one of our
    /// dialogs. Looks for the topmost branch (RFC 3261 §17.1.3) or the Call-ID (§12.2.2) and parses nothing else: both
    /// are chosen by chance, and whoever is neither side of a call nor on the way between them does not know them.
    pub fn expects(&self, bytes: &[u8]) -> bool {
        let bytes = bytes.get(..SEARCHED).unwrap_or(bytes);
        if bytes.starts_with(b"SIP/") {
            let branch = header(bytes, "Via", "v").and_then(branch);
            return branch.is_some_and(|branch| {
                let from = format!("{branch} ");
                self.clients.range(from.clone()..).next().is_some_and(|(key, _)| key.starts_with(&from))
            });
        }
        header(bytes, "Call-ID", "i").is_some_and(|call_id| {
            let from = (call_id.to_owned(), String::new());
            self.dialogs.range(from..).next().is_some_and(|((known, _), _)| known == call_id)
        })
    }
}

/// The value of the first header of this name, in full or short (RFC 3261 §7.3.3).
fn header<'a>(bytes: &'a [u8], name: &str, short: &str) -> Option<&'a str> {
    bytes.split(|byte| *byte == b'\n').skip(1).find_map(|line| {
        let (named, value) = std::str::from_utf8(line).ok()?.split_once(':')?;
        let named = named.trim_end();
        (named.eq_ignore_ascii_case(name) || named.eq_ignore_ascii_case(short)).then(|| value.trim())
    })
}

/// The branch of the topmost of the values in a Via line.
fn branch(via: &str) -> Option<&str> {
    let top = via.split(',').next()?;
    top.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("branch").then(|| value.trim())
    })
}
