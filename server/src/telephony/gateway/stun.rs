//! The one thing that must be read of a STUN message before anybody is known: whose it is.

/// STUN's fixed header (RFC 8489 §5): type, length, magic cookie, transaction.
const HEADER: usize = 20;
const MAGIC: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
/// RFC 8489 §14.3.
const USERNAME: u16 = 0x0006;

/// The receiver's user fragment in a binding request: what stands before the colon of USERNAME (RFC 8445 §7.2.2).
///
/// Several browsers may come from one address (a TURN server), and one from several, so the fragment decides, not the
/// address. It proves nothing: the message's integrity is checked by the connection that it names.
pub(super) fn receiver(datagram: &[u8]) -> Option<&str> {
    if !is_stun(datagram) || datagram.get(4..8) != Some(&MAGIC) {
        return None;
    }
    let mut rest = datagram.get(HEADER..)?;
    loop {
        let ([t0, t1, l0, l1], after) = rest.split_first_chunk::<4>()?;
        let length = usize::from(u16::from_be_bytes([*l0, *l1]));
        if u16::from_be_bytes([*t0, *t1]) == USERNAME {
            return core::str::from_utf8(after.get(..length)?).ok()?.split(':').next();
        }
        // Attributes are padded to words (RFC 8489 §14).
        rest = after.get(length.next_multiple_of(4)..)?;
    }
}

/// Whether a datagram is STUN by its first octet (RFC 7983 §7).
pub(super) fn is_stun(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|octet| *octet <= 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut datagram = vec![0, 1, 0, 0];
        datagram.extend(MAGIC);
        datagram.extend([7; 12]);
        for (kind, value) in attributes {
            datagram.extend(kind.to_be_bytes());
            datagram.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
            datagram.extend(*value);
            datagram.resize(datagram.len().next_multiple_of(4), 0);
        }
        datagram
    }

    #[test]
    fn the_receivers_fragment_is_found_behind_other_attributes() {
        let datagram =
            request(&[(0x8022, b"soft"), (0x0024, &[1, 2, 3, 4]), (USERNAME, b"ours:theirs"), (0x8, &[0; 20])]);
        assert_eq!(receiver(&datagram), Some("ours"));
    }

    #[test]
    fn whatever_octet_is_changed_nobody_is_named_who_does_not_stand_in_it() {
        let whole = request(&[(0x8022, b"soft"), (USERNAME, b"ours:theirs"), (0x8, &[0; 20])]);
        for length in 0..=whole.len() {
            for place in 0..length {
                for octet in 0..=255 {
                    let mut datagram = whole[..length].to_vec();
                    datagram[place] = octet;
                    let Some(name) = receiver(&datagram) else { continue };
                    let stands = name.is_empty() || datagram.windows(name.len()).any(|part| part == name.as_bytes());
                    assert!(stands, "{name} in {datagram:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_cut_short_or_is_no_stun_names_nobody() {
        let datagram = request(&[(USERNAME, b"ours:theirs")]);
        for length in 0..datagram.len() - 1 {
            assert_eq!(receiver(&datagram[..length]), None, "{length}");
        }
        assert_eq!(receiver(&[0x80; 64]), None);
        assert_eq!(receiver(&request(&[(0x8022, b"soft")])), None);
    }
}
