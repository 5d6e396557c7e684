//! A browser: the same WebRTC library as the gateway's, on the other side of the same wire.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use media::Codec;
use server::clock::Clock;
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::channel::ChannelId;
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output, Rtc};

use super::{Ear, HERE, Packet, Row, Voice};

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
    spoils: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
    orders: Sender<Order>,
    /// What came back of the probes that were sent.
    echoes: Mutex<Receiver<Vec<u8>>>,
    thread: Option<JoinHandle<()>>,
}

/// What a browser is told to do by the way.
enum Order {
    /// Its network changes: it has another address, and looks for its ways anew. The offer is wanted.
    Move(Sender<String>),
    /// The answer to that.
    Answer(String),
    /// It sends this on its data channel, as soon as that is open.
    Probe(Vec<u8>),
    /// It takes the wrong role in ICE.
    BeControlled,
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
        change.add_channel("probe".to_owned());
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
        let spoils = Arc::new(AtomicU64::new(0));
        let over = Arc::new(AtomicBool::new(false));
        let address = self.socket.local_addr().unwrap();
        let (orders, ordered) = channel();
        let (echo, echoes) = channel();
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
            spoils: Arc::clone(&spoils),
            row: Row::new(17),
            beside: UdpSocket::bind((HERE, 0)).unwrap(),
            over: Arc::clone(&over),
            is_up: false,
            orders: ordered,
            echo,
            channel: None,
            probes: Vec::new(),
            moving: None,
        };
        let thread = std::thread::spawn(|| running.run());
        let echoes = Mutex::new(echoes);
        Browser { ear, speaking, loses_every, spoils, over, orders, echoes, thread: Some(thread) }
    }
}

impl Browser {
    /// From now on, every `nth` packet gets lost on the way to the gateway.
    pub(crate) fn loses_every(&self, nth: u64) {
        self.loses_every.store(nth, Ordering::Release);
    }

    /// From now on, each datagram that it sends is followed by so many spoilt copies, from the same address and from
    /// another, and by what strangers make up.
    pub(crate) fn spoils(&self, copies: u64) {
        self.spoils.store(copies, Ordering::Release);
    }

    /// Its network changes: the socket is gone, another one is there, and the offer asks for a restart of ICE.
    pub(crate) fn moves(&self) -> String {
        let (reply, offer) = channel();
        self.orders.send(Order::Move(reply)).unwrap();
        offer.recv().unwrap()
    }

    /// Takes the answer to the offer of [`Browser::moves`].
    pub(crate) fn moved(&self, answer: &str) {
        self.orders.send(Order::Answer(answer.to_owned())).unwrap();
    }

    /// Sends a probe, and waits for what comes back. Blocks.
    pub(crate) fn probe(&self, probe: &[u8]) -> Option<Vec<u8>> {
        self.orders.send(Order::Probe(probe.to_vec())).unwrap();
        self.echoes.lock().unwrap().recv_timeout(super::PATIENCE).ok()
    }

    /// From now on it says that it is controlled, as the gateway is.
    pub(crate) fn takes_the_wrong_role(&self) {
        self.orders.send(Order::BeControlled).unwrap();
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
    spoils: Arc<AtomicU64>,
    row: Row,
    /// Where spoilt copies come from that do not come from the browser itself.
    beside: UdpSocket,
    over: Arc<AtomicBool>,
    is_up: bool,
    orders: Receiver<Order>,
    echo: Sender<Vec<u8>>,
    channel: Option<ChannelId>,
    /// What waits for the channel.
    probes: Vec<Vec<u8>>,
    moving: Option<SdpPendingOffer>,
}

impl Running {
    fn run(mut self) {
        let clock = Clock::system();
        let mut buffer = [0; 2_048];
        let mut next = clock.instant();
        let (mut sequence, mut timestamp) = (1_000_u64, 5_000_u32);
        while !self.over.load(Ordering::Acquire) {
            self.obey();
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

    fn obey(&mut self) {
        for order in self.orders.try_iter().collect::<Vec<_>>() {
            match order {
                Order::Move(reply) => {
                    self.socket = UdpSocket::bind((HERE, 0)).unwrap();
                    self.address = self.socket.local_addr().unwrap();
                    let mut change = self.rtc.sdp_api();
                    change.ice_restart(false);
                    let (offer, pending) = change.apply().unwrap();
                    self.moving = Some(pending);
                    reply.send(offer.to_sdp_string()).unwrap();
                }
                Order::Answer(answer) => {
                    let answer = SdpAnswer::from_sdp_string(&answer).unwrap();
                    self.rtc.sdp_api().accept_answer(self.moving.take().unwrap(), answer).unwrap();
                    self.rtc.add_local_candidate(Candidate::host(self.address, "udp").unwrap());
                }
                Order::Probe(probe) => self.probes.push(probe),
                Order::BeControlled => self.rtc.direct_api().set_ice_controlling(false),
            }
        }
        if let Some(mut channel) = self.channel.and_then(|id| self.rtc.channel(id)) {
            for probe in self.probes.drain(..) {
                assert!(channel.write(true, &probe).unwrap());
            }
        }
    }

    fn spoil(&mut self, datagram: &[u8], gateway: SocketAddr) {
        for _ in 0..self.spoils.load(Ordering::Acquire) {
            let mut copy = datagram.to_vec();
            for _ in 0..=self.row.below(4) {
                self.row.spoil(&mut copy);
            }
            // An alert of DTLS that closes, and one that is fatal, both in the clear (RFC 6347 §4.1.2.7): believed by nobody
            // who has keys.
            let alert = [21, 254, 253, 0, 0, 0, 0, 0, 0, 0, self.row.octet(), 0, 2, 1 + self.row.octet() % 2, 0];
            let noise: Vec<u8> = (0..self.row.below(200)).map(|_| self.row.octet()).collect();
            for spoilt in [&copy[..], &alert, &noise] {
                for socket in [&self.socket, &self.beside] {
                    let _ = socket.send_to(spoilt, gateway);
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
                    self.spoil(&packet.contents, packet.destination);
                }
                Output::Event(Event::Connected) => self.is_up = true,
                Output::Event(Event::ChannelOpen(id, _)) => self.channel = Some(id),
                // Nobody may ask for it any more.
                Output::Event(Event::ChannelData(echo)) => drop(self.echo.send(echo.data)),
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
