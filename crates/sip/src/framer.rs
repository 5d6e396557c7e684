//! Cutting a TCP stream into messages (RFC 3261 §18.3) and keep-alives (RFC 5626 §4.4.1).

/// Longest message taken from a stream, in bytes: as long as a UDP datagram can be.
const LONGEST: usize = 65_535;

/// Cuts the bytes of one connection into messages.
#[derive(Debug, Default)]
pub struct Framer {
    waiting: Vec<u8>,
    /// How far the end of the header has been looked for.
    searched: usize,
}

/// A piece of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// For [`crate::Endpoint::receive`].
    Message(Vec<u8>),
    /// The far side asks whether we are there: send CRLF on the same connection.
    Ping,
}

/// The stream cannot be cut any further: close the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unframed {
    /// Why.
    pub reason: &'static str,
}

impl std::fmt::Display for Unframed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "close the connection: {}", self.reason)
    }
}

impl std::error::Error for Unframed {}

impl Framer {
    /// At the start of a connection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes were read. Call [`Self::next_frame`] until it has no more before reading on: it bounds what is kept.
    pub fn push(&mut self, bytes: &[u8]) {
        self.waiting.extend_from_slice(bytes);
    }

    /// The next whole piece; `None`: read on.
    ///
    /// # Errors
    /// A message without readable Content-Length, or one over 65,535 bytes.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, Unframed> {
        if self.waiting.starts_with(b"\r\n\r\n") {
            self.drop_front(4);
            return Ok(Some(Frame::Ping));
        }
        // RFC 3261 §7.5: empty lines before a start line mean nothing (a lone CRLF is the answer to a ping). One that
        // stands alone may be the first half of a ping.
        if self.waiting.starts_with(b"\r\n")
            && !self.waiting.get(2..).is_none_or(|rest| rest.is_empty() || rest == b"\r")
        {
            self.drop_front(2);
        }
        if self.waiting.is_empty() || b"\r\n\r".starts_with(&self.waiting) {
            return Ok(None);
        }
        let from = self.searched.saturating_sub(3);
        let tail = self.waiting.get(from..).unwrap_or_default();
        let Some(end) = tail.windows(4).position(|window| window == b"\r\n\r\n").map(|at| from + at + 4) else {
            self.searched = self.waiting.len();
            return if self.waiting.len() > LONGEST {
                Err(Unframed { reason: "header without end" })
            } else {
                Ok(None)
            };
        };
        let header = self.waiting.get(..end).unwrap_or_default();
        let whole = end.saturating_add(content_length(header)?);
        if whole > LONGEST {
            return Err(Unframed { reason: "message over 65535 bytes" });
        }
        if self.waiting.len() < whole {
            return Ok(None);
        }
        let message = self.waiting.drain(..whole).collect();
        self.searched = 0;
        Ok(Some(Frame::Message(message)))
    }

    fn drop_front(&mut self, count: usize) {
        self.waiting.drain(..count);
        self.searched = 0;
    }
}

fn content_length(header: &[u8]) -> Result<usize, Unframed> {
    let mut found = None;
    for line in header.split(|byte| *byte == b'\n') {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
        let (name, value) = line.split_at(colon);
        let name = name.trim_ascii();
        if !(name.eq_ignore_ascii_case(b"content-length") || name.eq_ignore_ascii_case(b"l")) {
            continue;
        }
        let value = std::str::from_utf8(value.get(1..).unwrap_or_default()).unwrap_or_default().trim();
        let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
        let length =
            value.parse::<usize>().ok().filter(|_| digits).ok_or(Unframed { reason: "unreadable Content-Length" })?;
        if found.is_some_and(|earlier| earlier != length) {
            return Err(Unframed { reason: "two different Content-Length" });
        }
        found = Some(length);
    }
    found.ok_or(Unframed { reason: "no Content-Length on a stream (RFC 3261 §18.3)" })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &[u8] =
        b"\r\nOPTIONS sip:a SIP/2.0\r\nContent-Length: 3\r\n\r\nabc\r\n\r\nSIP/2.0 200 OK\r\nl : 0\r\n\r\n\r\n";

    fn frames(chunks: impl Iterator<Item = Vec<u8>>) -> Vec<Frame> {
        let mut framer = Framer::new();
        let mut pieces = Vec::new();
        for chunk in chunks {
            framer.push(&chunk);
            while let Some(frame) = framer.next_frame().unwrap() {
                pieces.push(frame);
            }
        }
        pieces
    }

    #[test]
    fn a_stream_is_cut_alike_however_it_arrives() {
        let whole = frames(std::iter::once(TWO.to_vec()));
        let expected = vec![
            Frame::Message(b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 3\r\n\r\nabc".to_vec()),
            Frame::Ping,
            Frame::Message(b"SIP/2.0 200 OK\r\nl : 0\r\n\r\n".to_vec()),
        ];
        assert_eq!(whole, expected);
        for size in 1..TWO.len() {
            assert_eq!(frames(TWO.chunks(size).map(<[u8]>::to_vec)), expected, "in chunks of {size}");
        }
    }

    #[test]
    fn a_message_without_readable_length_ends_the_connection() {
        for header in ["Content-Length: -1", "Content-Length: 9999999", "l: x", "l: +1", "l: 1\r\nl: 2", "X: y"] {
            let mut framer = Framer::new();
            framer.push(format!("BYE sip:a SIP/2.0\r\n{header}\r\n\r\n").as_bytes());
            assert!(framer.next_frame().is_err(), "{header}");
        }
    }
}
