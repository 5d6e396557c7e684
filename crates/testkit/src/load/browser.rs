//! A browser's end of a call: ICE, DTLS-SRTP, and one audio stream each way.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use mio::net::UdpSocket;
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{RtpWrite, Ssrc};
use str0m::{Candidate, Event, Input, Output, Rtc};

use super::LoadError;

pub(super) struct Browser {
    rtc: Rtc,
    pub(super) socket: UdpSocket,
    address: SocketAddr,
    mid: Mid,
    ssrc: Ssrc,
    pending: Option<SdpPendingOffer>,
    pub(super) is_up: bool,
    pub(super) wake: Instant,
    sequence: u64,
    timestamp: u32,
}

impl Browser {
    /// A browser and its offer.
    pub(super) fn new(now: Instant) -> Result<(Self, String), LoadError> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0).into()).map_err(LoadError::system("a socket"))?;
        let address = socket.local_addr().map_err(LoadError::system("a browser's address"))?;
        // As cheap as it goes: this is the load, not what is measured.
        let mut rtc = Rtc::builder()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_pcmu(true, false)
            .clear_extension_map()
            .set_stats_interval(None)
            .build(now);
        let candidate = Candidate::host(address, "udp").map_err(|error| LoadError::Browser(error.to_string()))?;
        rtc.add_local_candidate(candidate);
        let mut change = rtc.sdp_api();
        let mid = change.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
        let (offer, pending) = change.apply().ok_or(LoadError::Late("an offer"))?;
        let pending = Some(pending);
        let ssrc = 0.into();
        let (sequence, timestamp) = (1_000, 5_000);
        let browser = Self { rtc, socket, address, mid, ssrc, pending, is_up: false, wake: now, sequence, timestamp };
        Ok((browser, offer.to_sdp_string()))
    }

    /// Takes the answer. `unannounced` is an SSRC that will come without a word in it.
    pub(super) fn answered(&mut self, answer: &str, unannounced: Option<u32>) -> Result<(), LoadError> {
        let browser = |error: str0m::RtcError| LoadError::Browser(error.to_string());
        let answer =
            SdpAnswer::from_sdp_string(answer).map_err(|error| LoadError::Browser(format!("{error}: {answer}")))?;
        let pending = self.pending.take().ok_or(LoadError::Late("an offer that is open"))?;
        self.rtc.sdp_api().accept_answer(pending, answer).map_err(browser)?;
        let mut api = self.rtc.direct_api();
        if let Some(ssrc) = unannounced {
            api.expect_stream_rx(ssrc.into(), None, self.mid, None);
        }
        let stream = api.stream_tx_by_mid(self.mid, None).ok_or(LoadError::Late("a stream to send"))?;
        self.ssrc = stream.ssrc();
        Ok(())
    }

    /// Sends one packet.
    pub(super) fn send(&mut self, now: Instant, payload: &[u8]) -> Result<(), LoadError> {
        let mut api = self.rtc.direct_api();
        let stream = api.stream_tx(&self.ssrc).ok_or(LoadError::Late("a stream to send"))?;
        stream.write_rtp(RtpWrite::new(0.into(), self.sequence.into(), self.timestamp, now, payload.to_vec()));
        self.sequence += 1;
        self.timestamp = self.timestamp.wrapping_add(160);
        self.feed(Input::Timeout(now), |_| {})
    }

    /// Takes all that waits: payloads to `hear`.
    pub(super) fn read(
        &mut self,
        now: Instant,
        buffer: &mut [u8],
        mut hear: impl FnMut(&[u8]),
    ) -> Result<(), LoadError> {
        loop {
            match self.socket.recv_from(buffer) {
                Ok((length, source)) => {
                    let datagram = buffer.get(..length).unwrap_or_default();
                    if let Ok(received) = Receive::new(Protocol::Udp, source, self.address, datagram) {
                        self.feed(Input::Receive(now, received), &mut hear)?;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(_) => {}
            }
        }
    }

    /// Does what is due by the clock.
    pub(super) fn on_time(&mut self, now: Instant) -> Result<(), LoadError> {
        if now < self.wake { Ok(()) } else { self.feed(Input::Timeout(now), |_| {}) }
    }

    fn feed(&mut self, input: Input<'_>, mut hear: impl FnMut(&[u8])) -> Result<(), LoadError> {
        let failed = |error: str0m::RtcError| LoadError::Browser(error.to_string());
        self.rtc.handle_input(input).map_err(failed)?;
        loop {
            match self.rtc.poll_output().map_err(failed)? {
                Output::Timeout(wake) => {
                    self.wake = wake;
                    return Ok(());
                }
                Output::Transmit(packet) => {
                    let _ = self.socket.send_to(&packet.contents, packet.destination);
                }
                Output::Event(Event::Connected) => self.is_up = true,
                Output::Event(Event::RtpPacket(packet)) => hear(&packet.payload),
                Output::Event(_) => {}
            }
        }
    }
}
