//! A browser: the same WebRTC library as the gateway's, on the other side of the same wire.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use media::Codec;
use server::clock::Clock;
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output, Rtc};

use super::{Ear, HERE, Packet, Voice};

/// A browser that has made its offer.
pub(crate) struct Offered {
    rtc: Rtc,
    socket: UdpSocket,
    pending: SdpPendingOffer,
    mid: Mid,
    codec: Codec,
}

/// A browser in a call, or waiting for one. Its thread ends with it.
pub(crate) struct Browser {
    pub(crate) ear: Ear,
    speaking: Arc<AtomicBool>,
    loses_every: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Offered {
    /// Offers one codec only.
    pub(crate) fn new(codec: Codec) -> (Self, String) {
        let socket = UdpSocket::bind((HERE, 0)).unwrap();
        let mut rtc = Rtc::builder()
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_pcmu(codec == Codec::Pcmu, false)
            .enable_pcma(codec == Codec::Pcma, false)
            .build(Clock::system().instant());
        rtc.add_local_candidate(Candidate::host(socket.local_addr().unwrap(), "udp").unwrap());
        let mut change = rtc.sdp_api();
        let mid = change.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
        let (offer, pending) = change.apply().unwrap();
        (Self { rtc, socket, pending, mid, codec }, offer.to_sdp_string())
    }

    /// Takes the answer, connects, and plays `tone` whenever it speaks, which it does from the beginning.
    pub(crate) fn answered(mut self, answer: &str, tone: f64) -> Browser {
        let answer = SdpAnswer::from_sdp_string(answer).unwrap();
        self.rtc.sdp_api().accept_answer(self.pending, answer).unwrap();
        let ear = Ear::default();
        let speaking = Arc::new(AtomicBool::new(true));
        let loses_every = Arc::new(AtomicU64::new(0));
        let over = Arc::new(AtomicBool::new(false));
        let address = self.socket.local_addr().unwrap();
        let running = Running {
            rtc: self.rtc,
            socket: self.socket,
            address,
            mid: self.mid,
            codec: self.codec,
            voice: Voice::new(tone, self.codec),
            ear: ear.clone(),
            speaking: Arc::clone(&speaking),
            loses_every: Arc::clone(&loses_every),
            over: Arc::clone(&over),
            is_up: false,
        };
        let thread = std::thread::spawn(|| running.run());
        Browser { ear, speaking, loses_every, over, thread: Some(thread) }
    }
}

impl Browser {
    /// From now on, every `nth` packet gets lost on the way to the gateway.
    pub(crate) fn loses_every(&self, nth: u64) {
        self.loses_every.store(nth, Ordering::Release);
    }

    /// As a browser does whose track is taken off its sender: no packets at all.
    pub(crate) fn speak(&self, speaking: bool) {
        self.speaking.store(speaking, Ordering::Release);
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the browser failed");
        }
    }
}

struct Running {
    rtc: Rtc,
    socket: UdpSocket,
    address: SocketAddr,
    mid: Mid,
    codec: Codec,
    voice: Voice,
    ear: Ear,
    speaking: Arc<AtomicBool>,
    loses_every: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    is_up: bool,
}

impl Running {
    fn run(mut self) {
        let clock = Clock::system();
        let mut buffer = [0; 2_048];
        let mut next = clock.instant();
        let (mut sequence, mut timestamp) = (1_000_u64, 5_000_u32);
        while !self.over.load(Ordering::Acquire) {
            let wake = self.drain().min(next);
            let wait = wake.saturating_duration_since(clock.instant());
            // Zero would mean to wait for ever.
            self.socket.set_read_timeout(Some(wait.max(Duration::from_millis(1)))).unwrap();
            match self.socket.recv_from(&mut buffer) {
                Ok((length, source)) => {
                    let received = Receive::new(Protocol::Udp, source, self.address, &buffer[..length]);
                    if let Ok(received) = received {
                        self.rtc.handle_input(Input::Receive(clock.instant(), received)).unwrap();
                    }
                }
                Err(_) => self.rtc.handle_input(Input::Timeout(clock.instant())).unwrap(),
            }
            let now = clock.instant();
            if now >= next {
                next += media::music::FRAME_TIME;
                // Time goes on, also for who is silent.
                timestamp = timestamp.wrapping_add(160);
                if self.is_up && self.speaking.load(Ordering::Acquire) {
                    self.drain();
                    let nth = self.loses_every.load(Ordering::Acquire);
                    if nth != 0 && sequence % nth == 0 {
                        sequence += 1;
                        continue;
                    }
                    let mut api = self.rtc.direct_api();
                    let stream = api.stream_tx_by_mid(self.mid, None).unwrap();
                    let payload_type = self.codec.payload_type().into();
                    stream.write_rtp(RtpWrite::new(payload_type, sequence.into(), timestamp, now, self.voice.frame()));
                    sequence += 1;
                    self.rtc.handle_input(Input::Timeout(now)).unwrap();
                }
            }
        }
    }

    fn drain(&mut self) -> Instant {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(wake) => return wake,
                Output::Transmit(packet) => {
                    // The gateway may have gone.
                    let _ = self.socket.send_to(&packet.contents, packet.destination);
                }
                Output::Event(Event::Connected) => self.is_up = true,
                Output::Event(Event::RtpPacket(packet)) => self.ear.hear(Packet {
                    ssrc: *packet.header.ssrc,
                    sequence: packet.header.sequence_number,
                    timestamp: packet.header.timestamp,
                    marker: packet.header.marker,
                    payload_type: *packet.header.payload_type,
                    payload: packet.payload.to_vec(),
                }),
                Output::Event(_) => {}
            }
        }
    }
}
