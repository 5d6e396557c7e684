//! RTCP: sender and receiver reports in compound packets (RFC 3550 §6).

/// What a report says about one stream that its sender receives (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// Whose stream.
    pub ssrc: u32,
    /// Lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Lost since the beginning, 24 bits with a sign: duplicates may make it negative.
    pub cumulative_lost: i32,
    /// The highest sequence number, with the count of its cycles in the upper half.
    pub highest: u32,
    /// Interarrival jitter, in timestamp units.
    pub jitter: u32,
    /// The middle 32 bits of the last sender report's NTP time, or 0.
    pub last_report: u32,
    /// How long ago that report came, in 1/65536 s, or 0.
    pub since_last_report: u32,
}

/// What a sender says about its own stream (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderInfo {
    /// Wall clock as NTP: seconds since 1900 in the upper half, their fraction in the lower.
    pub ntp: u64,
    /// The same moment in the stream's timestamp units.
    pub timestamp: u32,
    /// Packets sent; wraps.
    pub packets: u32,
    /// Octets of payload sent; wraps.
    pub octets: u32,
}

/// One packet of a compound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report<'a> {
    /// SR, packet type 200.
    Sender {
        /// Who reports.
        ssrc: u32,
        /// About its own stream.
        info: SenderInfo,
        /// About what it receives.
        blocks: Blocks<'a>,
    },
    /// RR, packet type 201.
    Receiver {
        /// Who reports.
        ssrc: u32,
        /// About what it receives.
        blocks: Blocks<'a>,
    },
    /// BYE, packet type 203.
    Bye,
    /// Source description, application-defined, feedback and what the future brings.
    Other(u8),
}

/// The report blocks of one packet; an iterator over the datagram itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocks<'a>(&'a [u8]);

/// The datagram is not a valid compound (RFC 3550 A.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an RTCP compound packet")]
pub struct NotRtcp;

const BLOCK: usize = 24;
const SENDER: u8 = 200;
const RECEIVER: u8 = 201;
const DESCRIPTION: u8 = 202;
const BYE: u8 = 203;

/// Checks a datagram (RFC 3550 A.2) and iterates over its packets.
///
/// # Errors
/// [`NotRtcp`] where it does not begin with a report, or its lengths do not add up.
pub fn parse(datagram: &[u8]) -> Result<impl Iterator<Item = Report<'_>>, NotRtcp> {
    let mut rest = datagram;
    let mut first = true;
    while !rest.is_empty() {
        let (kind, _, _, after) = split(rest).ok_or(NotRtcp)?;
        if first && kind != SENDER && kind != RECEIVER {
            return Err(NotRtcp);
        }
        first = false;
        rest = after;
    }
    if first {
        return Err(NotRtcp);
    }
    let mut rest = datagram;
    Ok(core::iter::from_fn(move || {
        let (kind, count, body, after) = split(rest)?;
        rest = after;
        Some(read(kind, count, body))
    }))
}

/// Type, count, body and what follows of the first packet.
fn split(datagram: &[u8]) -> Option<(u8, usize, &[u8], &[u8])> {
    let ([first, kind, l0, l1], rest) = datagram.split_first_chunk::<4>()?;
    if first >> 6 != 2 {
        return None;
    }
    let (body, after) = rest.split_at_checked(usize::from(u16::from_be_bytes([*l0, *l1])) * 4)?;
    Some((*kind, usize::from(first & 0x1F), body, after))
}

fn read(kind: u8, count: usize, body: &[u8]) -> Report<'_> {
    let parsed = match kind {
        SENDER => (|| {
            let (ssrc, rest) = word(body)?;
            let (upper, rest) = word(rest)?;
            let (lower, rest) = word(rest)?;
            let (timestamp, rest) = word(rest)?;
            let (packets, rest) = word(rest)?;
            let (octets, rest) = word(rest)?;
            let ntp = (u64::from(upper) << 32) | u64::from(lower);
            let info = SenderInfo { ntp, timestamp, packets, octets };
            Some(Report::Sender { ssrc, info, blocks: Blocks(rest.get(..count * BLOCK)?) })
        })(),
        RECEIVER => (|| {
            let (ssrc, rest) = word(body)?;
            Some(Report::Receiver { ssrc, blocks: Blocks(rest.get(..count * BLOCK)?) })
        })(),
        BYE => Some(Report::Bye),
        _ => None,
    };
    parsed.unwrap_or(Report::Other(kind))
}

fn word(octets: &[u8]) -> Option<(u32, &[u8])> {
    octets.split_first_chunk::<4>().map(|(word, rest)| (u32::from_be_bytes(*word), rest))
}

impl Iterator for Blocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        let (ssrc, rest) = word(self.0)?;
        let (loss, rest) = word(rest)?;
        let (highest, rest) = word(rest)?;
        let (jitter, rest) = word(rest)?;
        let (last_report, rest) = word(rest)?;
        let (since_last_report, rest) = word(rest)?;
        self.0 = rest;
        let [fraction_lost, l0, l1, l2] = loss.to_be_bytes();
        // The sign of the 24 bits is kept by shifting them down from the top of 32.
        let cumulative_lost = i32::from_be_bytes([l0, l1, l2, 0]) >> 8;
        Some(ReportBlock { ssrc, fraction_lost, cumulative_lost, highest, jitter, last_report, since_last_report })
    }
}

/// Writes a compound: a sender report where something was sent, else a receiver report, the canonical name that every
/// compound must carry (RFC 3550 §6.1), and a BYE where the stream ends.
///
/// `name` is cut after 255 octets (RFC 3550 §6.5).
pub fn write(
    ssrc: u32,
    sender: Option<SenderInfo>,
    block: Option<ReportBlock>,
    name: &str,
    bye: bool,
    into: &mut Vec<u8>,
) {
    into.clear();
    let mut body = Vec::with_capacity(64);
    body.extend(ssrc.to_be_bytes());
    if let Some(info) = sender {
        body.extend(info.ntp.to_be_bytes());
        for word in [info.timestamp, info.packets, info.octets] {
            body.extend(word.to_be_bytes());
        }
    }
    if let Some(block) = block {
        let [_, l0, l1, l2] = block.cumulative_lost.clamp(-0x80_0000, 0x7F_FFFF).to_be_bytes();
        let loss = u32::from_be_bytes([block.fraction_lost, l0, l1, l2]);
        for word in [block.ssrc, loss, block.highest, block.jitter, block.last_report, block.since_last_report] {
            body.extend(word.to_be_bytes());
        }
    }
    packet(if sender.is_some() { SENDER } else { RECEIVER }, u8::from(block.is_some()), &body, into);

    body.clear();
    body.extend(ssrc.to_be_bytes());
    let name = name.as_bytes();
    let length = u8::try_from(name.len()).unwrap_or(u8::MAX);
    body.extend([1, length]);
    body.extend(name.iter().take(usize::from(length)));
    // At least one null octet ends the chunk, then it is filled up to a word.
    body.push(0);
    body.resize(body.len().next_multiple_of(4), 0);
    packet(DESCRIPTION, 1, &body, into);

    if bye {
        packet(BYE, 1, &ssrc.to_be_bytes(), into);
    }
}

fn packet(kind: u8, count: u8, body: &[u8], into: &mut Vec<u8>) {
    let words = u16::try_from(body.len() / 4).unwrap_or(0);
    into.extend([0x80 | count, kind]);
    into.extend(words.to_be_bytes());
    into.extend(body);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_compound_is_read_as_it_was_written() {
        let info = SenderInfo { ntp: 0x0123_4567_89AB_CDEF, timestamp: 1, packets: 2, octets: 320 };
        let block = ReportBlock {
            ssrc: 9,
            fraction_lost: 12,
            cumulative_lost: -3,
            highest: 70_000,
            jitter: 17,
            last_report: 0x4567_89AB,
            since_last_report: 65_536,
        };
        let mut datagram = Vec::new();
        write(77, Some(info), Some(block), "madoguchi", true, &mut datagram);
        assert_eq!(datagram.len() % 4, 0);
        let reports: Vec<_> = parse(&datagram).unwrap().collect();
        let Report::Sender { ssrc: 77, info: about, blocks } = reports[0].clone() else { panic!("{reports:?}") };
        assert_eq!(about, info);
        assert!(blocks.eq([block]));
        assert_eq!(reports[1..], [Report::Other(202), Report::Bye]);
    }

    #[test]
    fn a_silent_side_sends_a_receiver_report() {
        let mut datagram = Vec::new();
        write(5, None, None, "x", false, &mut datagram);
        let reports: Vec<_> = parse(&datagram).unwrap().collect();
        assert!(matches!(&reports[0], Report::Receiver { ssrc: 5, blocks } if blocks.clone().count() == 0));
    }

    #[test]
    fn what_does_not_begin_with_a_report_or_ends_early_is_refused() {
        assert!(parse(&[]).is_err());
        assert!(parse(&[0x81, 203, 0, 1, 0, 0, 0, 1]).is_err());
        assert!(parse(&[0x80, 201, 0, 9, 0, 0, 0, 1]).is_err());
    }

    proptest! {
        #[test]
        fn no_datagram_panics(datagram in proptest::collection::vec(any::<u8>(), 0..120)) {
            if let Ok(reports) = parse(&datagram) {
                for report in reports {
                    if let Report::Sender { blocks, .. } | Report::Receiver { blocks, .. } = report {
                        blocks.for_each(drop);
                    }
                }
            }
        }
    }
}
