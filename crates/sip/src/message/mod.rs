//! SIP messages (RFC 3261 §7): read, looked into, written. Nothing here remembers anything.

pub(crate) mod body;
pub(crate) mod parse;
pub(crate) mod uri;
pub(crate) mod value;

use std::fmt::{self, Write as _};

/// What a request asks. Those that this user agent answers with something better than a refusal have names of their own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Method {
    Invite,
    Ack,
    Bye,
    Cancel,
    Options,
    Register,
    Prack,
    Update,
    Other(String),
}

impl Method {
    /// What `Allow` says.
    pub(crate) const ALLOWED: &'static str = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE";

    /// Case matters (RFC 3261 §7.1).
    pub(crate) fn new(text: &str) -> Self {
        match text {
            "INVITE" => Self::Invite,
            "ACK" => Self::Ack,
            "BYE" => Self::Bye,
            "CANCEL" => Self::Cancel,
            "OPTIONS" => Self::Options,
            "REGISTER" => Self::Register,
            "PRACK" => Self::Prack,
            "UPDATE" => Self::Update,
            other => Self::Other(other.to_owned()),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Invite => "INVITE",
            Self::Ack => "ACK",
            Self::Bye => "BYE",
            Self::Cancel => "CANCEL",
            Self::Options => "OPTIONS",
            Self::Register => "REGISTER",
            Self::Prack => "PRACK",
            Self::Update => "UPDATE",
            Self::Other(name) => name,
        }
    }

    /// Is it a method that SIP knows, though we may not allow it? (405, not 501; RFC 3261 §21.4.6, §21.5.2.)
    pub(crate) fn is_known(&self) -> bool {
        match self {
            Self::Invite
            | Self::Ack
            | Self::Bye
            | Self::Cancel
            | Self::Options
            | Self::Register
            | Self::Prack
            | Self::Update => true,
            Self::Other(name) => {
                matches!(name.as_str(), "INFO" | "REFER" | "NOTIFY" | "SUBSCRIBE" | "MESSAGE" | "PUBLISH")
            }
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Header lines in their order, unfolded, compact names written out (RFC 3261 §7.3.3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Headers(Vec<(String, String)>);

impl Headers {
    pub(crate) fn push(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((name.to_owned(), value.into()));
    }

    /// The first line of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// All lines of that name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// All values of a header that may be written as a list, one line or several (RFC 3261 §7.3.1).
    pub(crate) fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.all(name).flat_map(value::split_commas).filter(|value| !value.is_empty())
    }

    /// Replaces the first line of that name.
    pub(crate) fn replace_first(&mut self, name: &str, value: String) {
        if let Some((_, old)) = self.0.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            *old = value;
        }
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    pub(crate) fn insert_front(&mut self, name: &str, value: String) {
        self.0.insert(0, (name.to_owned(), value));
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) uri: String,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        written(&format!("{} {} SIP/2.0\r\n", self.method, self.uri), &self.headers, &self.body)
    }

    /// A response with what RFC 3261 §8.2.6.2 copies from the request. `tag` is put into To if it has none yet.
    pub(crate) fn response(&self, status: u16, tag: &str) -> Response {
        let mut headers = Headers::default();
        for via in self.headers.all("Via") {
            headers.push("Via", via);
        }
        for name in ["From", "To", "Call-ID", "CSeq"] {
            let Some(value) = self.headers.get(name) else { continue };
            if name == "To" && status > 100 && self.recipient_tag().is_none() {
                headers.push(name, format!("{value};tag={tag}"));
            } else {
                headers.push(name, value);
            }
        }
        Response { status, reason: reason_phrase(status).to_owned(), headers, body: Vec::new() }
    }

    pub(crate) fn recipient_tag(&self) -> Option<String> {
        tag_of(&self.headers, "To")
    }

    pub(crate) fn sender_tag(&self) -> Option<String> {
        tag_of(&self.headers, "From")
    }

    pub(crate) fn call_id(&self) -> &str {
        self.headers.get("Call-ID").unwrap_or_default()
    }

    pub(crate) fn cseq(&self) -> u32 {
        cseq_of(&self.headers)
    }
}

impl Response {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        written(&format!("SIP/2.0 {} {}\r\n", self.status, self.reason), &self.headers, &self.body)
    }

    pub(crate) fn recipient_tag(&self) -> Option<String> {
        tag_of(&self.headers, "To")
    }

    pub(crate) fn cseq(&self) -> u32 {
        cseq_of(&self.headers)
    }

    pub(crate) fn with_body(mut self, content_type: &str, body: String) -> Self {
        self.headers.push("Content-Type", content_type);
        self.body = body.into_bytes();
        self
    }

    /// Retry-After without its comment and parameters (RFC 3261 §20.33), in seconds.
    pub(crate) fn retry_after(&self) -> Option<std::time::Duration> {
        let value = self.headers.get("Retry-After")?;
        let digits = value.split([';', '(', ' ']).next()?.trim();
        digits.parse::<u32>().ok().map(|seconds| std::time::Duration::from_secs(seconds.into()))
    }
}

fn tag_of(headers: &Headers, name: &str) -> Option<String> {
    let address = value::Address::parse(headers.get(name)?)?;
    address.params.get("tag").map(str::to_owned)
}

fn cseq_of(headers: &Headers) -> u32 {
    headers.get("CSeq").and_then(value::cseq).map_or(0, |(number, _)| number)
}

fn written(start_line: &str, headers: &Headers, body: &[u8]) -> Vec<u8> {
    let mut text = start_line.to_owned();
    for (name, value) in &headers.0 {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    let _ = write!(text, "Content-Length: {}\r\n\r\n", body.len());
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// For people; RFC 3261 §21.
pub(crate) fn reason_phrase(status: u16) -> &'static str {
    match status {
        100 => "Trying",
        180 => "Ringing",
        183 => "Session Progress",
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        410 => "Gone",
        406 => "Not Acceptable",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        422 => "Session Interval Too Small",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        484 => "Address Incomplete",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        491 => "Request Pending",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        600 => "Busy Everywhere",
        603 => "Decline",
        604 => "Does Not Exist Anywhere",
        606 => "Not Acceptable",
        _ => "Failure",
    }
}
