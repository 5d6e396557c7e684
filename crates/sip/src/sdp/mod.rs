//! Session descriptions (RFC 8866) and the offer/answer rules (RFC 3264) for one audio stream.
//!
//! [`parse`] reads what came; a [`Local`] writes what goes out, counts the `o=` version and draws the conclusion from
//! offer and answer, [`Agreed`]. It knows nothing of encryption, ICE or video: such streams are refused with port 0.

mod negotiate;
mod read;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};

pub use negotiate::Local;
pub use read::parse;

/// How audio is coded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Codec {
    /// G.711 µ-law, 8 kHz.
    Pcmu,
    /// G.711 A-law, 8 kHz.
    Pcma,
    /// Something else, which we can name and not play.
    Other {
        /// As in `a=rtpmap`, e.g. `opus`.
        name: String,
        /// In Hz.
        clock_rate: u32,
    },
}

/// A codec and the RTP payload type it travels under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// 0 to 127.
    pub number: u8,
    /// What it means.
    pub codec: Codec,
}

impl Payload {
    /// G.711 µ-law under its fixed number (RFC 3551 §6).
    pub const PCMU: Self = Self { number: 0, codec: Codec::Pcmu };
    /// G.711 A-law under its fixed number (RFC 3551 §6).
    pub const PCMA: Self = Self { number: 8, codec: Codec::Pcma };
}

/// Who sends, seen from the one who writes the description (RFC 3264 §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// Both.
    #[default]
    SendRecv,
    /// The writer only: it holds the other.
    SendOnly,
    /// The other only.
    RecvOnly,
    /// Nobody.
    Inactive,
}

impl Direction {
    /// From who sends and who receives.
    #[must_use]
    pub fn new(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    /// Does the writer send?
    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Does the writer receive?
    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// The same, seen from the other side.
    #[must_use]
    pub fn mirrored(self) -> Self {
        Self::new(self.receives(), self.sends())
    }

    /// What both allow, both seen from the same side.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::new(self.sends() && other.sends(), self.receives() && other.receives())
    }

    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }
}

/// One audio stream, as one side describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audio {
    /// Where the writer wants to receive.
    pub addr: IpAddr,
    /// RTP port; RTCP is the next one. 0: no stream.
    pub port: u16,
    /// In order of preference.
    pub codecs: Vec<Payload>,
    /// Payload type of `telephone-event/8000` (RFC 4733).
    pub telephone_event: Option<u8>,
    /// Who sends. An address of 0.0.0.0, the hold of old, has been turned into "does not receive" (RFC 3264 §8.4).
    pub direction: Direction,
    /// How many milliseconds of audio the writer wants in a packet.
    pub ptime: Option<u8>,
}

impl Audio {
    /// What we usually offer: both G.711 laws (µ-law first), DTMF as 101, both ways, 20 ms.
    #[must_use]
    pub fn g711(at: SocketAddr) -> Self {
        Self {
            addr: at.ip(),
            port: at.port(),
            codecs: vec![Payload::PCMU, Payload::PCMA],
            telephone_event: Some(101),
            direction: Direction::SendRecv,
            ptime: Some(20),
        }
    }
}

/// A description as it was read: its first usable audio stream, and what is needed to answer the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The stream we can talk about.
    pub audio: Audio,
    pub(crate) audio_line: usize,
    /// `m=` lines in their order; an answer has as many (RFC 3264 §6).
    pub(crate) lines: Vec<MediaLine>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MediaLine {
    pub(crate) media: String,
    pub(crate) protocol: String,
    pub(crate) formats: String,
}

/// What offer and answer together mean for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    /// Where to send to. Port and address may be those of a private network: see symmetric RTP (RFC 4961).
    pub remote: SocketAddr,
    /// What to send, under which number.
    pub send: Payload,
    /// Under which number the same codec arrives.
    pub receive_number: u8,
    /// DTMF: under which number to send it. `None`: the far side takes none.
    pub telephone_event_send: Option<u8>,
    /// DTMF: under which number it arrives.
    pub telephone_event_receive: Option<u8>,
    /// Who sends, seen from us.
    pub direction: Direction,
    /// Milliseconds of audio in a packet that we send: 10 to 60.
    pub ptime: u8,
}

/// The two sides share no codec, or the far side offers no audio: refuse with 488.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoCommonCodec;

impl std::fmt::Display for NoCommonCodec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no audio codec in common: refuse the call with 488, or allow another codec")
    }
}

impl std::error::Error for NoCommonCodec {}

/// Not a session description with audio that can be read: refuse with 488.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// Which line, or what is missing.
    pub what: String,
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "unreadable session description ({}): refuse the call with 488", self.what)
    }
}

impl std::error::Error for Unreadable {}
