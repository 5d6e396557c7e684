//! ITU-T G.711: A-law and µ-law as tables, made when the program is compiled.
//!
//! Encoding takes a sample of 16 bits; G.711 itself speaks of 14 (µ) and 13 bits (A), the rest is below its precision.

use crate::codec::Codec;

/// One octet as a 16-bit sample.
#[inline]
pub fn decode(codec: Codec, octet: u8) -> i16 {
    let table = match codec {
        Codec::Pcmu => &ULAW_TO_LINEAR,
        Codec::Pcma => &ALAW_TO_LINEAR,
    };
    table.get(usize::from(octet)).copied().unwrap_or(0)
}

/// One 16-bit sample as an octet.
#[inline]
pub fn encode(codec: Codec, sample: i16) -> u8 {
    match codec {
        Codec::Pcmu => linear_to_ulaw(sample),
        Codec::Pcma => linear_to_alaw(sample),
    }
}

/// An octet of one law as the octet of the other, or unchanged where they are the same.
///
/// The tables come from decoding to linear and encoding again, which differs from the tables of G.711 by at most one
/// step and, unlike them, needs nothing copied.
#[inline]
pub fn convert(from: Codec, to: Codec, octet: u8) -> u8 {
    let table = match (from, to) {
        (Codec::Pcmu, Codec::Pcma) => &ULAW_TO_ALAW,
        (Codec::Pcma, Codec::Pcmu) => &ALAW_TO_ULAW,
        (Codec::Pcmu, Codec::Pcmu) | (Codec::Pcma, Codec::Pcma) => return octet,
    };
    table.get(usize::from(octet)).copied().unwrap_or(octet)
}

/// Converts a payload in place.
pub fn convert_all(from: Codec, to: Codec, payload: &mut [u8]) {
    if from != to {
        for octet in payload {
            *octet = convert(from, to, *octet);
        }
    }
}

/// µ-law: sign, three bits of segment, four bits of interval; all bits inverted.
const fn ulaw_to_linear(octet: u8) -> i16 {
    let bits = !octet;
    let segment = (bits >> 4) & 7;
    let interval = (bits & 15) as i16;
    let magnitude = (((interval << 3) + 0x84) << segment) - 0x84;
    if bits & 0x80 != 0 { -magnitude } else { magnitude }
}

/// A-law: sign, three bits of segment, four bits of interval; even bits inverted.
const fn alaw_to_linear(octet: u8) -> i16 {
    let bits = octet ^ 0x55;
    let segment = (bits >> 4) & 7;
    let interval = ((bits & 15) as i16) << 4;
    let magnitude = match segment {
        0 => interval + 8,
        _ => (interval + 0x108) << (segment - 1),
    };
    if bits & 0x80 != 0 { magnitude } else { -magnitude }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "segment and interval are below 16")]
const fn linear_to_ulaw(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80_u8 } else { 0 };
    let wide = sample as i32;
    let clipped = if wide.abs() > 32_635 { 32_635 } else { wide.abs() };
    let biased = clipped + 0x84;
    // The highest set bit lies between bit 7 (segment 0) and bit 14 (segment 7).
    let segment = (24 - biased.leading_zeros()) as u8;
    let interval = ((biased >> (segment + 3)) & 15) as u8;
    !(sign | (segment << 4) | interval)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "segment and interval are below 16")]
const fn linear_to_alaw(sample: i16) -> u8 {
    let sign = if sample >= 0 { 0x80_u8 } else { 0 };
    // One's complement, so that both halves have the same steps and the smallest sample does not overflow.
    let magnitude = (if sample >= 0 { sample } else { !sample }) as i32;
    let bits = if magnitude < 256 {
        (magnitude >> 4) as u8
    } else {
        let segment = (24 - magnitude.leading_zeros()) as u8;
        (segment << 4) | ((magnitude >> (segment + 3)) & 15) as u8
    };
    (sign | bits) ^ 0x55
}

static ULAW_TO_LINEAR: [i16; 256] = to_linear(Codec::Pcmu);
static ALAW_TO_LINEAR: [i16; 256] = to_linear(Codec::Pcma);
static ULAW_TO_ALAW: [u8; 256] = to_other(Codec::Pcmu);
static ALAW_TO_ULAW: [u8; 256] = to_other(Codec::Pcma);

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which checks the index")]
const fn to_linear(law: Codec) -> [i16; 256] {
    let mut table = [0; 256];
    let mut octet = 0_u8;
    loop {
        table[octet as usize] = match law {
            Codec::Pcmu => ulaw_to_linear(octet),
            Codec::Pcma => alaw_to_linear(octet),
        };
        if octet == u8::MAX {
            return table;
        }
        octet += 1;
    }
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, which checks the index")]
const fn to_other(law: Codec) -> [u8; 256] {
    let mut table = [0; 256];
    let mut octet = 0_u8;
    loop {
        table[octet as usize] = match law {
            Codec::Pcmu => linear_to_alaw(ulaw_to_linear(octet)),
            Codec::Pcma => linear_to_ulaw(alaw_to_linear(octet)),
        };
        if octet == u8::MAX {
            return table;
        }
        octet += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_points_of_both_laws() {
        assert_eq!(decode(Codec::Pcmu, 0xFF), 0);
        assert_eq!(decode(Codec::Pcmu, 0x7F), 0);
        assert_eq!(decode(Codec::Pcmu, 0x00), -32_124);
        assert_eq!(decode(Codec::Pcmu, 0x80), 32_124);
        assert_eq!(decode(Codec::Pcma, 0xD5), 8);
        assert_eq!(decode(Codec::Pcma, 0x55), -8);
        assert_eq!(decode(Codec::Pcma, 0xAA), 32_256);
        assert_eq!(decode(Codec::Pcma, 0x2A), -32_256);
        assert_eq!(encode(Codec::Pcmu, 0), 0xFF);
        assert_eq!(encode(Codec::Pcma, 0), 0xD5);
    }

    #[test]
    fn every_octet_survives_decoding_and_encoding() {
        for codec in [Codec::Pcmu, Codec::Pcma] {
            for octet in 0..=u8::MAX {
                // µ-law has two zeros.
                if (codec, octet) != (Codec::Pcmu, 0x7F) {
                    assert_eq!(encode(codec, decode(codec, octet)), octet, "{codec:?} {octet:#x}");
                }
            }
        }
    }

    #[test]
    fn the_error_stays_within_half_a_step_for_every_sample() {
        for codec in [Codec::Pcmu, Codec::Pcma] {
            for sample in i16::MIN..=i16::MAX {
                let heard = i32::from(decode(codec, encode(codec, sample)));
                let error = (heard - i32::from(sample)).abs();
                let limit = (i32::from(sample).abs() + 0x84) / 32 + 16;
                assert!(error <= limit || i32::from(sample).abs() > 32_000, "{codec:?} {sample} heard as {heard}");
            }
        }
    }

    #[test]
    fn crossing_the_laws_and_back_costs_at_most_one_step() {
        for octet in 0..=u8::MAX {
            let back = convert(Codec::Pcma, Codec::Pcmu, convert(Codec::Pcmu, Codec::Pcma, octet));
            let (was, is) = (i32::from(decode(Codec::Pcmu, octet)), i32::from(decode(Codec::Pcmu, back)));
            assert!((was - is).abs() <= (was.abs() / 16).max(16), "{octet:#x}: {was} became {is}");
        }
    }
}
