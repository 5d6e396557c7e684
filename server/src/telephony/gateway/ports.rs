//! The pool of RTP ports: RTP on an even port, RTCP on the odd one above (RFC 3550 §11).
//!
//! A pair that was given back goes to the end of the line, so that what still comes for the last call does not reach
//! the next one.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::GatewayError;

/// How many pairs are tried for one call: about a millisecond's worth, which the thread that carries all calls can spare.
/// The next call goes on from there.
const TRIES: usize = 256;

pub(super) struct PortPool {
    bind: IpAddr,
    free: VecDeque<u16>,
    in_use: Arc<AtomicUsize>,
}

/// A pair of bound sockets.
pub(super) struct Pair {
    pub(super) port: u16,
    pub(super) rtp: UdpSocket,
    pub(super) rtcp: UdpSocket,
}

impl PortPool {
    /// All pairs that lie wholly within `range`.
    pub(super) fn new(bind: IpAddr, range: &RangeInclusive<u16>) -> Result<Self, GatewayError> {
        let free: VecDeque<u16> =
            range.clone().filter(|port| port % 2 == 0 && *port > 0 && range.contains(&(port + 1))).collect();
        if free.is_empty() {
            return Err(GatewayError::Range { first: *range.start(), last: *range.end() });
        }
        Ok(Self { bind, free, in_use: Arc::default() })
    }

    /// How many ports are in use, for whoever wants to know.
    pub(super) fn in_use(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.in_use)
    }

    /// Binds the pair that has been free longest. A pair that another process holds is passed over.
    pub(super) fn take(&mut self) -> Result<Pair, GatewayError> {
        for _ in 0..self.free.len().min(TRIES) {
            let Some(port) = self.free.pop_front() else { break };
            if let (Ok(rtp), Ok(rtcp)) = (self.open(port), self.open(port + 1)) {
                self.in_use.fetch_add(2, Ordering::AcqRel);
                return Ok(Pair { port, rtp, rtcp });
            }
            self.free.push_back(port);
        }
        Err(GatewayError::NoPorts)
    }

    /// Takes a pair back. Its sockets must be closed.
    pub(super) fn give_back(&mut self, port: u16) {
        self.free.push_back(port);
        self.in_use.fetch_sub(2, Ordering::AcqRel);
    }

    fn open(&self, port: u16) -> std::io::Result<UdpSocket> {
        let socket = UdpSocket::bind(SocketAddr::new(self.bind, port))?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn pairs_are_even_whole_and_reused_last() {
        let mut pool = PortPool::new(HERE, &(40_101..=40_106)).unwrap();
        let first = pool.take().unwrap();
        assert_eq!((first.port, first.rtcp.local_addr().unwrap().port()), (40_102, 40_103));
        let port = first.port;
        drop(first);
        pool.give_back(port);
        let second = pool.take().unwrap();
        assert_eq!(second.port, 40_104);
        let third = pool.take().unwrap();
        assert_eq!(third.port, 40_102);
        assert!(matches!(pool.take(), Err(GatewayError::NoPorts)));
        assert_eq!(pool.in_use().load(Ordering::Acquire), 4);
    }

    #[test]
    fn ports_of_others_are_passed_over_but_not_searched_for_ever() {
        let others: Vec<UdpSocket> =
            (40_202..40_718).step_by(2).map(|port| UdpSocket::bind((HERE, port)).unwrap()).collect();
        assert_eq!(others.len(), TRIES + 2);
        let mut pool = PortPool::new(HERE, &(40_202..=40_721)).unwrap();
        assert!(matches!(pool.take(), Err(GatewayError::NoPorts)), "enough were tried");
        assert_eq!(pool.take().unwrap().port, 40_718, "and the next call goes on from there");
    }

    #[test]
    fn a_range_without_a_pair_is_refused() {
        for range in [40_101..=40_102, 40_102..=40_102] {
            assert!(matches!(PortPool::new(HERE, &range), Err(GatewayError::Range { .. })), "{range:?}");
        }
    }
}
