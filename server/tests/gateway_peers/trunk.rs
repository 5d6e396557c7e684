//! A trunk's media end: plain RTP over UDP.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use media::rtp::{self, Header};
use media::{Codec, FRAME};
use server::clock::Clock;

use super::{Ear, HERE, Packet, Voice};

/// Sends its tone and listens. Its thread ends with it.
pub(crate) struct Trunk {
    pub(crate) ear: Ear,
    pub(crate) address: SocketAddr,
    /// One port above, as a socket that the test reads itself.
    pub(crate) rtcp: UdpSocket,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    manners: Arc<Mutex<Manners>>,
}

/// How the trunk sends, which a test may change at any time.
#[derive(Default)]
struct Manners {
    /// Every so many-th packet gets lost on the way; 0: none.
    loses_every: u32,
    /// Datagrams to be sent before the next packet of audio, each as type and payload.
    keys: Vec<(u8, [u8; 4])>,
}

impl Trunk {
    /// Plays `tone` to `gateway` from the beginning.
    pub(crate) fn new(gateway: SocketAddr, codec: Codec, tone: f64, ssrc: u32) -> Self {
        let (socket, rtcp) = pair();
        rtcp.set_read_timeout(Some(super::PATIENCE)).unwrap();
        let address = socket.local_addr().unwrap();
        let ear = Ear::default();
        let over = Arc::new(AtomicBool::new(false));
        let manners = Arc::new(Mutex::new(Manners::default()));
        let thread = std::thread::spawn({
            let (ear, over, manners) = (ear.clone(), Arc::clone(&over), Arc::clone(&manners));
            let voice = Voice::new(tone, codec);
            move || run(&socket, gateway, codec, voice, ssrc, &ear, (&over, &manners))
        });
        Self { ear, address, rtcp, over, thread: Some(thread), manners }
    }

    /// From now on, every `nth` packet gets lost on the way to the gateway.
    pub(crate) fn loses_every(&self, nth: u32) {
        self.manners.lock().unwrap().loses_every = nth;
    }

    /// Presses a key for 20 ms: one packet and the three that end it (RFC 4733 §2.5.1.4).
    pub(crate) fn press(&self, payload_type: u8, code: u8) {
        let packet = |end: u8| (payload_type, [code, end | 0x0a, 0, 160]);
        self.manners.lock().unwrap().keys = vec![packet(0), packet(0x80), packet(0x80), packet(0x80)];
    }
}

impl Drop for Trunk {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
            && !std::thread::panicking()
        {
            panic!("the trunk failed");
        }
    }
}

/// Two ports in a row.
fn pair() -> (UdpSocket, UdpSocket) {
    (0..1_000)
        .find_map(|_| {
            let lower = UdpSocket::bind((HERE, 0)).ok()?;
            let upper = UdpSocket::bind((HERE, lower.local_addr().ok()?.port().checked_add(1)?)).ok()?;
            Some((lower, upper))
        })
        .expect("no two free ports in a row")
}

fn run(
    socket: &UdpSocket,
    gateway: SocketAddr,
    codec: Codec,
    mut voice: Voice,
    ssrc: u32,
    ear: &Ear,
    (over, manners): (&AtomicBool, &Mutex<Manners>),
) {
    let clock = Clock::system();
    let mut buffer = [0; 2_048];
    let mut next = clock.instant();
    let mut header = Header {
        marker: true,
        payload_type: codec.payload_type(),
        sequence: 65_500,
        timestamp: u32::MAX - 9_999,
        ssrc,
    };
    while !over.load(Ordering::Acquire) {
        let wait = next.saturating_duration_since(clock.instant());
        // Zero would mean to wait for ever.
        socket.set_read_timeout(Some(wait.max(Duration::from_millis(1)))).unwrap();
        if let Ok((length, _)) = socket.recv_from(&mut buffer) {
            let packet = rtp::Packet::parse(&buffer[..length]).expect("the gateway sent something else than RTP");
            ear.hear(Packet {
                ssrc: packet.header.ssrc,
                sequence: packet.header.sequence,
                timestamp: packet.header.timestamp,
                marker: packet.header.marker,
                payload_type: packet.header.payload_type,
                payload: packet.payload.to_vec(),
            });
        }
        if clock.instant() >= next {
            next += media::music::FRAME_TIME;
            let send = |header: &Header, payload: &[u8]| {
                let datagram: Vec<u8> = header.octets().iter().chain(payload).copied().collect();
                // The gateway's port may have been closed.
                let _ = socket.send_to(&datagram, gateway);
            };
            let (keys, loses_every) = {
                let mut manners = manners.lock().unwrap();
                (std::mem::take(&mut manners.keys), manners.loses_every)
            };
            for (n, (payload_type, payload)) in keys.into_iter().enumerate() {
                send(&Header { payload_type, marker: n == 0, ..header }, &payload);
                header.sequence = header.sequence.wrapping_add(1);
            }
            let frame = voice.frame();
            if loses_every == 0 || u32::from(header.sequence) % loses_every != 0 {
                send(&header, &frame);
            }
            header.marker = false;
            header.sequence = header.sequence.wrapping_add(1);
            header.timestamp = header.timestamp.wrapping_add(u32::try_from(FRAME).unwrap());
        }
    }
}
