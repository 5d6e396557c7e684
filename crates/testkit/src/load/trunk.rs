//! A trunk's end of a call: plain RTP, and RTCP one port above (RFC 3550 §11).

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};

use mio::net::UdpSocket;

use super::LoadError;

/// RFC 3550 §5.1.
const HEADER: usize = 12;

pub(super) struct Trunk {
    pub(super) rtp: UdpSocket,
    pub(super) rtcp: UdpSocket,
    pub(super) address: SocketAddr,
    target: SocketAddr,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    packets: u32,
}

impl Trunk {
    pub(super) fn new(ssrc: u32) -> Result<Self, LoadError> {
        let (rtp, control) = (0..1_000).find_map(|_| pair()).ok_or(LoadError::Late("two free ports in a row"))?;
        let address = rtp.local_addr().map_err(LoadError::system("a trunk's address"))?;
        Ok(Self { rtp, rtcp: control, address, target: address, ssrc, sequence: 1, timestamp: 1_000, packets: 0 })
    }

    pub(super) fn ssrc(&self) -> u32 {
        self.ssrc
    }

    pub(super) fn aim(&mut self, target: SocketAddr) {
        self.target = target;
    }

    pub(super) fn send(&mut self, payload: &[u8]) {
        let mut datagram = [0_u8; HEADER + super::payload::LENGTH];
        let [s0, s1] = self.sequence.to_be_bytes();
        let [t0, t1, t2, t3] = self.timestamp.to_be_bytes();
        let [i0, i1, i2, i3] = self.ssrc.to_be_bytes();
        let header = [0x80, 0, s0, s1, t0, t1, t2, t3, i0, i1, i2, i3];
        for (to, from) in datagram.iter_mut().zip(header.iter().chain(payload)) {
            *to = *from;
        }
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(160);
        self.packets = self.packets.wrapping_add(1);
        // A packet that the system does not take is one that does not arrive, and is counted as such.
        let _ = self.rtp.send_to(&datagram, self.target);
    }

    /// A sender report without blocks and a canonical name (RFC 3550 §6.4.1, §6.5.1).
    pub(super) fn report(&self, ntp: u64) {
        let mut datagram = vec![0x80, 200, 0, 6];
        datagram.extend(self.ssrc.to_be_bytes());
        datagram.extend(ntp.to_be_bytes());
        datagram.extend(self.timestamp.to_be_bytes());
        datagram.extend(self.packets.to_be_bytes());
        datagram.extend(self.packets.wrapping_mul(160).to_be_bytes());
        datagram.extend([0x81, 202, 0, 3]);
        datagram.extend(self.ssrc.to_be_bytes());
        datagram.extend([1, 4, b'l', b'o', b'a', b'd', 0, 0]);
        let target = SocketAddr::new(self.target.ip(), self.target.port().saturating_add(1));
        let _ = self.rtcp.send_to(&datagram, target);
    }

    /// Takes all that waits: payloads to `hear`.
    pub(super) fn read(&self, buffer: &mut [u8], mut hear: impl FnMut(&[u8])) {
        loop {
            match self.rtp.recv_from(buffer) {
                Ok((length, _)) => {
                    if let Some(payload) = buffer.get(..length).and_then(payload) {
                        hear(payload);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => {}
            }
        }
    }

    /// How many reports wait.
    pub(super) fn reports(&self, buffer: &mut [u8]) -> u64 {
        let mut count = 0;
        loop {
            match self.rtcp.recv_from(buffer) {
                Ok(_) => count += 1,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return count,
                Err(_) => {}
            }
        }
    }
}

/// What a packet carries behind its header, sources and extension (RFC 3550 §5.1, §5.3.1): a gateway may pass on a
/// browser's extensions as they are.
fn payload(datagram: &[u8]) -> Option<&[u8]> {
    let first = *datagram.first()?;
    let mut begin = HEADER + 4 * usize::from(first & 0x0F);
    if first & 0x10 != 0 {
        let (_, [l0, l1]) = datagram.get(begin..begin + 4)?.split_last_chunk::<2>()?;
        begin += 4 + 4 * usize::from(u16::from_be_bytes([*l0, *l1]));
    }
    datagram.get(begin..)
}

fn pair() -> Option<(UdpSocket, UdpSocket)> {
    let lower = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0).into()).ok()?;
    let port = lower.local_addr().ok()?.port();
    let upper = UdpSocket::bind((Ipv4Addr::LOCALHOST, port.checked_add(1)?).into()).ok()?;
    (port % 2 == 0).then_some((lower, upper))
}

#[cfg(test)]
mod tests {
    use super::payload;

    #[test]
    fn a_payload_stands_behind_sources_and_extension() {
        let mut datagram = vec![0x92, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1];
        datagram.extend([9; 8]);
        datagram.extend([0xBE, 0xDE, 0, 1, 5, 5, 5, 5, 42, 43]);
        assert_eq!(payload(&datagram), Some(&[42, 43][..]));
        assert_eq!(payload(&datagram[..20]), None);
        assert_eq!(payload(&[]), None);
    }
}
