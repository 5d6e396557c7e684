//! Bodies: where in a message its session description is (RFC 3261 §7.4, RFC 2046 §5.1, RFC 5621).

use super::value::{Params, split_outside_quotes};
use super::{Headers, Request, parse};

/// Most parts of a `multipart` body that are looked at.
const MOST_PARTS: usize = 16;

/// What `Accept` says.
pub(crate) const ACCEPTED: &str = "application/sdp, multipart/mixed";

/// The session description of a message. A body without Content-Type is none of ours.
pub(crate) fn session_description(headers: &Headers, body: &[u8]) -> Option<String> {
    let text = |bytes: &[u8]| (!bytes.is_empty()).then(|| String::from_utf8_lossy(bytes).into_owned());
    match Kind::of(headers)? {
        Kind::Sdp => text(body),
        Kind::Multipart(boundary) => {
            let parts = parts(body, &boundary);
            let sdp = parts.iter().find(|part| matches!(Kind::of(&part.headers), Some(Kind::Sdp)))?;
            text(sdp.body)
        }
        Kind::Other => None,
    }
}

/// Why a request with a body cannot be taken: 415 or 406 (RFC 3261 §8.2.3, §21.4.7).
pub(crate) fn refusal(request: &Request) -> Option<u16> {
    let (headers, body) = (&request.headers, request.body.as_slice());
    if !body.is_empty() && !is_read(headers, body) {
        return Some(415);
    }
    let mut accepted = headers.list("Accept").peekable();
    let reads = |range: &str| {
        let range = range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        matches!(range.as_str(), "application/sdp" | "application/*" | "*/*")
    };
    (accepted.peek().is_some() && !accepted.any(reads)).then_some(406)
}

/// Is the body one that we read, or one that we may leave alone (RFC 3261 §20.11)?
fn is_read(headers: &Headers, body: &[u8]) -> bool {
    match Kind::of(headers) {
        _ if handling(headers).as_deref() == Some("optional") => true,
        Some(Kind::Sdp) => is_plain(headers),
        // Parts without a word about it count as optional: a carrier's ISUP is none of ours, its SDP is.
        Some(Kind::Multipart(boundary)) => {
            let parts = parts(body, &boundary);
            let needed = |part: &&Part<'_>| handling(&part.headers).as_deref() == Some("required");
            let known = |part: &Part<'_>| matches!(Kind::of(&part.headers), Some(Kind::Sdp)) && is_plain(&part.headers);
            !parts.is_empty() && parts.iter().filter(needed).all(known)
        }
        Some(Kind::Other) | None => false,
    }
}

fn is_plain(headers: &Headers) -> bool {
    headers.list("Content-Encoding").all(|encoding| encoding.eq_ignore_ascii_case("identity"))
}

fn handling(headers: &Headers) -> Option<String> {
    let (_, params) = headers.get("Content-Disposition")?.split_once(';')?;
    Params::parse(params)?.get("handling").map(str::to_ascii_lowercase)
}

enum Kind {
    Sdp,
    /// With its boundary.
    Multipart(String),
    Other,
}

impl Kind {
    fn of(headers: &Headers) -> Option<Self> {
        let value = headers.get("Content-Type")?;
        let (name, params) = value.split_once(';').unwrap_or((value, ""));
        Some(match name.trim().to_ascii_lowercase().as_str() {
            "application/sdp" => Self::Sdp,
            "multipart/mixed" | "multipart/alternative" | "multipart/related" => {
                let boundary = Params::parse(params).and_then(|params| params.get("boundary").map(str::to_owned));
                // RFC 2046 §5.1.1: 1 to 70 characters.
                match boundary.filter(|boundary| (1..=70).contains(&boundary.len())) {
                    Some(boundary) => Self::Multipart(boundary),
                    None => Self::Other,
                }
            }
            _ => Self::Other,
        })
    }
}

struct Part<'a> {
    headers: Headers,
    body: &'a [u8],
}

/// The parts between `--boundary` lines. What stands before the first and after the last means nothing.
fn parts<'a>(body: &'a [u8], boundary: &str) -> Vec<Part<'a>> {
    let line = format!("--{boundary}");
    let mut found = Vec::new();
    let mut from = None;
    let mut at = 0;
    while at <= body.len() && found.len() < MOST_PARTS {
        let rest = body.get(at..).unwrap_or_default();
        let length = rest.windows(2).position(|pair| pair == b"\r\n").unwrap_or(rest.len());
        let this = rest.get(..length).unwrap_or_default();
        if let Some(after) = this.strip_prefix(line.as_bytes()) {
            let closes = after.starts_with(b"--");
            if closes || after.trim_ascii().is_empty() {
                // The line break before a boundary belongs to the boundary.
                let part = from.and_then(|from| body.get(from..at.saturating_sub(2)));
                found.extend(part.and_then(read_part));
                from = Some(at + length + 2);
            }
            if closes {
                return found;
            }
        }
        at += length + 2;
    }
    found
}

fn read_part(bytes: &[u8]) -> Option<Part<'_>> {
    let (head, body) = if let Some(body) = bytes.strip_prefix(b"\r\n") {
        (&b""[..], body)
    } else {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        (bytes.get(..end)?, bytes.get(end + 4..)?)
    };
    let head = String::from_utf8_lossy(head);
    let (headers, _) = parse::headers(head.split("\r\n").filter(|line| !line.is_empty()));
    Some(Part { headers, body })
}

/// The values of a header whose parts are separated by semicolons (Privacy; RFC 3323 §4.2).
pub(crate) fn semicolons(text: &str) -> impl Iterator<Item = &str> {
    split_outside_quotes(text, ';').into_iter().map(str::trim).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Method;

    fn request(kind: &str, body: &str) -> Request {
        let mut headers = Headers::default();
        headers.push("Content-Type", kind);
        let body = body.replace('\n', "\r\n").into_bytes();
        Request { method: Method::Invite, uri: "sip:a".into(), headers, body }
    }

    const SIP_T: &str = "an old reader sees this\n--b 1\nContent-Type: application/ISUP;version=x\n\
        Content-Disposition: signal;handling=optional\n\n\u{1}\n--b 1  \nc: application/sdp\n\nv=0\ns=-\n\n--b 1--\nend";

    #[test]
    fn the_description_is_found_among_the_parts_of_a_multipart_body() {
        let request = request("multipart/mixed;boundary=\"b 1\"", SIP_T);
        assert_eq!(refusal(&request), None);
        assert_eq!(session_description(&request.headers, &request.body).as_deref(), Some("v=0\r\ns=-\r\n"));
    }

    #[test]
    fn a_part_that_must_be_understood_and_is_not_refuses_the_whole() {
        let request = request("multipart/mixed;boundary=\"b 1\"", &SIP_T.replace("optional", "required"));
        assert_eq!(refusal(&request), Some(415));
    }

    #[test]
    fn bodies_that_are_none_of_ours_are_refused_unless_they_may_be_left_alone() {
        for kind in ["text/plain", "multipart/mixed", "multipart/mixed;boundary=", "multipart/mixed;boundary=x", ""] {
            let request = request(kind, SIP_T);
            assert_eq!(refusal(&request), Some(415), "{kind}");
            assert_eq!(session_description(&request.headers, &request.body), None, "{kind}");
        }
        let mut optional = request("text/plain", "hello");
        optional.headers.push("Content-Disposition", "render; handling=OPTIONAL");
        assert_eq!(refusal(&optional), None);
    }

    #[test]
    fn a_body_that_is_cut_off_ends_without_a_part() {
        let whole = request("multipart/mixed;boundary=\"b 1\"", SIP_T);
        for length in 0..whole.body.len() {
            let _ = session_description(&whole.headers, whole.body.get(..length).unwrap());
        }
        let cut = whole.body.get(..whole.body.len() - 20).unwrap();
        assert_eq!(session_description(&whole.headers, cut), None);
    }
}
