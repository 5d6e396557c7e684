//! RTP's fixed header (RFC 3550 §5.1), read and written without allocation.

/// What a fixed header says that matters to us. Contributing sources and extensions are skipped when read, and never
/// written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The first packet after a pause (RFC 3551 §4.1).
    pub marker: bool,
    /// The payload type, 0–127.
    pub payload_type: u8,
    /// Counts packets; wraps.
    pub sequence: u16,
    /// Counts samples at the clock rate; wraps.
    pub timestamp: u32,
    /// The synchronisation source.
    pub ssrc: u32,
}

/// A received packet; borrows the datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// Its header.
    pub header: Header,
    /// What it carries, without padding.
    pub payload: &'a [u8],
}

/// The datagram is not RTP version 2, or shorter than it says it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an RTP packet")]
pub struct NotRtp;

/// Octets of a header as we write it.
pub const HEADER_LENGTH: usize = 12;

const VERSION: u8 = 2;

impl Header {
    /// The header as it goes out: version 2, no padding, extension or contributing source.
    pub fn octets(&self) -> [u8; HEADER_LENGTH] {
        let [s0, s1] = self.sequence.to_be_bytes();
        let [t0, t1, t2, t3] = self.timestamp.to_be_bytes();
        let [i0, i1, i2, i3] = self.ssrc.to_be_bytes();
        let marker = if self.marker { 0x80 } else { 0 };
        [VERSION << 6, marker | (self.payload_type & 0x7F), s0, s1, t0, t1, t2, t3, i0, i1, i2, i3]
    }
}

impl<'a> Packet<'a> {
    /// Reads a datagram.
    ///
    /// # Errors
    /// [`NotRtp`] where the version is another, or the lengths inside do not fit the datagram (RFC 3550 A.1).
    pub fn parse(datagram: &'a [u8]) -> Result<Self, NotRtp> {
        let (fixed, rest) = datagram.split_first_chunk::<HEADER_LENGTH>().ok_or(NotRtp)?;
        let [first, second, s0, s1, t0, t1, t2, t3, i0, i1, i2, i3] = *fixed;
        if first >> 6 != VERSION || is_rtcp(datagram) {
            return Err(NotRtp);
        }
        let sources = usize::from(first & 0x0F) * 4;
        let mut rest = rest.get(sources..).ok_or(NotRtp)?;
        if first & 0x10 != 0 {
            // RFC 3550 §5.3.1: profile, length in words, then the extension itself.
            let (extension, after) = rest.split_first_chunk::<4>().ok_or(NotRtp)?;
            let [_, _, l0, l1] = *extension;
            rest = after.get(usize::from(u16::from_be_bytes([l0, l1])) * 4..).ok_or(NotRtp)?;
        }
        if first & 0x20 != 0 {
            let padding = usize::from(*rest.last().ok_or(NotRtp)?);
            if padding == 0 {
                return Err(NotRtp);
            }
            rest = rest.get(..rest.len().checked_sub(padding).ok_or(NotRtp)?).ok_or(NotRtp)?;
        }
        let header = Header {
            marker: second & 0x80 != 0,
            payload_type: second & 0x7F,
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([i0, i1, i2, i3]),
        };
        Ok(Self { header, payload: rest })
    }
}

/// Whether a datagram is RTCP by its second octet, for ports that carry both (RFC 5761 §4).
pub fn is_rtcp(datagram: &[u8]) -> bool {
    datagram.get(1).is_some_and(|octet| (192..=223).contains(octet))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HEADER: Header = Header { marker: true, payload_type: 8, sequence: 0xABCD, timestamp: 7, ssrc: 0xFEED_BEEF };

    #[test]
    fn what_is_written_is_read_back() {
        let mut datagram = HEADER.octets().to_vec();
        datagram.extend([1, 2, 3]);
        assert_eq!(Packet::parse(&datagram), Ok(Packet { header: HEADER, payload: &[1, 2, 3] }));
    }

    #[test]
    fn sources_extension_and_padding_are_skipped() {
        let mut datagram = HEADER.octets().to_vec();
        datagram[0] |= 0x10 | 0x20 | 2;
        datagram.extend([9; 8]);
        datagram.extend([0xBE, 0xDE, 0, 1, 5, 5, 5, 5]);
        datagram.extend([42, 43, 0, 0, 3]);
        assert_eq!(Packet::parse(&datagram).unwrap().payload, &[42, 43]);
    }

    #[test]
    fn lengths_beyond_the_datagram_are_refused() {
        let mut datagram = HEADER.octets().to_vec();
        for flags in [0x8F, 0x90, 0xA0] {
            datagram[0] = flags;
            assert_eq!(Packet::parse(&datagram), Err(NotRtp), "{flags:#x}");
        }
        datagram[0] = 0x40;
        assert_eq!(Packet::parse(&datagram), Err(NotRtp));
        assert_eq!(Packet::parse(&[0x80; 11]), Err(NotRtp));
    }

    proptest! {
        #[test]
        fn no_datagram_panics(datagram in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = Packet::parse(&datagram);
        }
    }
}
