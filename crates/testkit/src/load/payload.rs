//! What the packets of a load carry instead of sound: who, which way, which number, when.

use std::time::Duration;

/// One packet of PCMU: 20 ms.
pub(super) const LENGTH: usize = 160;
const MAGIC: [u8; 4] = *b"load";

/// Which way a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From the browser to the trunk.
    Out,
    /// From the trunk to the browser.
    In,
}

/// One packet's own story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Payload {
    pub(super) call: u16,
    pub(super) way: Way,
    pub(super) number: u32,
    /// When it was sent, since the generator began.
    pub(super) sent: Duration,
}

impl Payload {
    pub(super) fn octets(&self) -> [u8; LENGTH] {
        let way = match self.way {
            Way::Out => 1,
            Way::In => 2,
        };
        let [c0, c1] = self.call.to_be_bytes();
        let nanos = u64::try_from(self.sent.as_nanos()).unwrap_or(u64::MAX);
        // The rest differs from call to call and from packet to packet, so that nothing that is mixed up goes unseen.
        let filling = c1 ^ self.number.to_be_bytes()[3];
        let mut octets = [filling; LENGTH];
        let story = MAGIC.into_iter().chain([way, c0, c1]);
        let story = story.chain(self.number.to_be_bytes()).chain(nanos.to_be_bytes());
        for (to, from) in octets.iter_mut().zip(story) {
            *to = from;
        }
        octets
    }

    /// `None` where any octet is not as it was sent.
    pub(super) fn read(octets: &[u8]) -> Option<Self> {
        let (magic, rest) = octets.split_first_chunk::<4>()?;
        let ([way, c0, c1], rest) = rest.split_first_chunk::<3>()?;
        let (number, rest) = rest.split_first_chunk::<4>()?;
        let (nanos, _) = rest.split_first_chunk::<8>()?;
        let way = match way {
            1 => Way::Out,
            2 => Way::In,
            _ => return None,
        };
        let payload = Self {
            call: u16::from_be_bytes([*c0, *c1]),
            way,
            number: u32::from_be_bytes(*number),
            sent: Duration::from_nanos(u64::from_be_bytes(*nanos)),
        };
        (*magic == MAGIC && payload.octets() == octets).then_some(payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_read_and_any_change_is_seen() {
        let payload = Payload { call: 199, way: Way::In, number: 77, sent: Duration::from_nanos(123_456_789_012) };
        let octets = payload.octets();
        assert_eq!(Payload::read(&octets), Some(payload));
        for place in 0..LENGTH {
            let mut changed = octets;
            changed[place] ^= 0x10;
            assert_ne!(Payload::read(&changed), Some(payload), "{place}");
        }
        assert_eq!(Payload::read(&octets[..159]), None);
    }
}
