//! Which G.711 a leg speaks.

/// The two codecs that every trunk and every browser has (RFC 7874 §3), and the only ones that we speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Codec {
    /// µ-law, static payload type 0 (RFC 3551 §4.5.14).
    Pcmu,
    /// A-law, static payload type 8 (RFC 3551 §4.5.14).
    Pcma,
}

/// Sampling rate of everything here, in hertz; also the RTP clock rate of both codecs.
pub const RATE: u32 = 8_000;

/// Samples in one packet of 20 ms; for G.711 also its octets.
pub const FRAME: usize = 160;

impl Codec {
    /// The static RTP payload type (RFC 3551 §6).
    pub const fn payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
        }
    }

    /// The codec with this static payload type.
    pub const fn of_payload_type(payload_type: u8) -> Option<Self> {
        match payload_type {
            0 => Some(Self::Pcmu),
            8 => Some(Self::Pcma),
            _ => None,
        }
    }

    /// The octet of silence: the smallest positive value.
    pub const fn quiet(self) -> u8 {
        match self {
            Self::Pcmu => 0xFF,
            Self::Pcma => 0xD5,
        }
    }

    /// The encoding name as SDP writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }
}
