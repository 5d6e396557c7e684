//! Chance that follows from a number, and what it does to datagrams.

/// A row of numbers that follows from its first (xorshift64*).
pub(crate) struct Row(u64);

impl Row {
    pub(crate) fn new(first: u64) -> Self {
        Self(first.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `most`.
    pub(crate) fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap() % most.max(1)
    }

    pub(crate) fn octet(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    /// Changes, adds, takes away, cuts off or doubles something.
    pub(crate) fn spoil(&mut self, datagram: &mut Vec<u8>) {
        if datagram.is_empty() {
            return;
        }
        let (at, octet) = (self.below(datagram.len()), self.octet());
        match self.below(6) {
            0 => datagram[at] = octet,
            1 => datagram[at] ^= 1 << (octet % 8),
            2 => datagram.insert(at, octet),
            3 => drop(datagram.remove(at)),
            4 => datagram.truncate(at),
            _ => {
                let end = datagram.len().min(at + 64);
                datagram.extend_from_within(at..end);
            }
        }
    }
}
