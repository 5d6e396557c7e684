//! Bytes to message (RFC 3261 §7): a request with a fault is still taken apart, so that it can be answered.

use super::value::is_token;
use super::{Headers, Method, Request, Response};

/// A message, as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Parsed {
    Request(Request, Option<Fault>),
    /// A response with a fault is no response: nobody could be told.
    Response(Response),
}

/// Why a request is to be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) status: u16,
    pub(crate) what: &'static str,
}

impl Fault {
    pub(crate) const fn bad(what: &'static str) -> Self {
        Self { status: 400, what }
    }
}

/// Reads a message; what stands behind the header is its body, whatever Content-Length says. `None`: not SIP at all.
pub(crate) fn parse(bytes: &[u8]) -> Option<Parsed> {
    // RFC 3261 §7.5: empty lines before the start line mean nothing.
    let start = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n'))?;
    let bytes = bytes.get(start..)?;
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(bytes.get(..end)?);
    let body = bytes.get(end + 4..)?.to_vec();
    let mut lines = head.split("\r\n");
    let start_line = lines.next()?;
    let (headers, header_fault) = headers(lines);
    if let Some(rest) = start_line.strip_prefix("SIP/") {
        let (version, rest) = rest.split_once(' ')?;
        let (status, reason) = rest.split_once(' ').unwrap_or((rest, ""));
        let status = super::value::number::<u16>(status).filter(|status| (100..700).contains(status))?;
        let sound = version == "2.0" && header_fault.is_none();
        return sound.then(|| Parsed::Response(Response { status, reason: super::value::line(reason), headers, body }));
    }
    let (method, uri, line_fault) = request_line(start_line)?;
    Some(Parsed::Request(Request { method, uri, headers, body }, line_fault.or(header_fault)))
}

/// `None`: no request line, not even a bad one.
fn request_line(line: &str) -> Option<(Method, String, Option<Fault>)> {
    let (method, _) = line.split_once(' ')?;
    let version = line.trim_end().rsplit(' ').next()?;
    if !is_token(method) || !version.get(..4).is_some_and(|name| name.eq_ignore_ascii_case("SIP/")) {
        return None;
    }
    let words: Vec<&str> = line.split(' ').collect();
    let fault = if version.eq_ignore_ascii_case("SIP/2.0") {
        (words.len() != 3).then_some(Fault::bad("Request line is not three words"))
    } else {
        Some(Fault { status: 505, what: "Version Not Supported" })
    };
    let uri = words.get(1).copied().unwrap_or_default().to_owned();
    Some((Method::new(method), uri, fault))
}

/// A line that is no header is left out and told.
pub(super) fn headers<'a>(lines: impl Iterator<Item = &'a str>) -> (Headers, Option<Fault>) {
    let mut unfolded: Vec<String> = Vec::new();
    let mut fault = None;
    for line in lines {
        // RFC 3261 §7.3.1: a line that begins with white space goes on with the one before.
        if line.starts_with([' ', '\t']) {
            match unfolded.last_mut() {
                Some(last) => {
                    last.push(' ');
                    last.push_str(line.trim());
                }
                None => fault = Some(Fault::bad("Header begins with a folded line")),
            }
        } else {
            unfolded.push(line.to_owned());
        }
    }
    let mut headers = Headers::default();
    for line in unfolded {
        match line.split_once(':') {
            Some((name, value)) if is_token(name.trim_end()) => {
                // A bare CR or LF would end a line of ours, were the value copied into an answer.
                if value.contains(['\r', '\n']) {
                    fault = Some(Fault::bad("Bare CR or LF in a header"));
                }
                headers.push(long_name(name.trim_end()), value.replace(['\r', '\n'], " ").trim());
            }
            Some(_) | None => fault = Some(Fault::bad("Unreadable header line")),
        }
    }
    (headers, fault)
}

/// RFC 3261 §7.3.3 and §20: compact forms of the headers that are read here.
fn long_name(name: &str) -> &str {
    match name {
        "c" | "C" => "Content-Type",
        "e" | "E" => "Content-Encoding",
        "f" | "F" => "From",
        "i" | "I" => "Call-ID",
        "k" | "K" => "Supported",
        "l" | "L" => "Content-Length",
        "m" | "M" => "Contact",
        "t" | "T" => "To",
        "v" | "V" => "Via",
        "x" | "X" => "Session-Expires",
        long => long,
    }
}
