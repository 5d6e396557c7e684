//! The sound of one call: a packet every 20 ms out, whatever comes in, until the carrier lets go of it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use media::out_stream::OutStream;
use media::rtp::{Header, Packet};
use media::{Codec, FRAME, g711, tone};
use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::line::Line;

/// After so long without a packet the earpiece is silent.
const SILENT_AFTER: Duration = Duration::from_millis(60);

/// Samples in a packet.
const SAMPLES: u32 = media::RATE / 50;

/// Where the sound goes, as signalling has it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Aim {
    /// The far end, its codec, and that codec's number.
    pub(crate) far: Option<Far>,
    /// Whether it may be sent to.
    pub(crate) sends: bool,
    /// The far end rings and sends no sound: the phone makes the ringback by itself.
    pub(crate) ringing: bool,
}

/// The far end of the sound.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Far {
    pub(crate) address: SocketAddr,
    pub(crate) codec: Codec,
    pub(crate) payload_type: u8,
}

pub(crate) async fn run(socket: UdpSocket, line: Arc<Line>, mut aims: watch::Receiver<Aim>, chance: u64) {
    let [s0, s1, s2, s3, q0, q1, t0, t1] = chance.to_be_bytes();
    let mut leg = Leg {
        stream: OutStream::new(
            u32::from_be_bytes([s0, s1, s2, s3]),
            u16::from_be_bytes([q0, q1]),
            u32::from_be_bytes([t0, t1, s0, s1]),
        ),
        start: Instant::now(),
        last_heard: None,
        ringback: tone::ringback(tone::Ringback::Japan).into_iter().cycle(),
        line,
    };
    let mut ticks = interval(media::music::FRAME_TIME);
    // Late packets are sent at once, as many as are due: the far end's buffer sorts that out.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut datagram = [0; 2_048];
    loop {
        tokio::select! {
            changed = aims.changed() => if changed.is_err() { break },
            _ = ticks.tick() => {
                let aim = *aims.borrow();
                if let Some(packet) = leg.tick(aim) && let Some(far) = aim.far {
                    // A far end that is gone is signalling's business.
                    let _ = socket.send_to(&packet, far.address).await;
                }
            }
            came = socket.recv_from(&mut datagram) => {
                if let Ok((length, _)) = came {
                    leg.receive(*aims.borrow(), datagram.get(..length).unwrap_or_default());
                }
            }
        }
    }
}

struct Leg<R> {
    stream: OutStream,
    start: Instant,
    last_heard: Option<Instant>,
    ringback: R,
    line: Arc<Line>,
}

impl<R: Iterator<Item = i16>> Leg<R> {
    /// 20 ms have passed: the packet to be sent, if any.
    fn tick(&mut self, aim: Aim) -> Option<Vec<u8>> {
        let now = Instant::now();
        if self.last_heard.is_none_or(|heard| now.duration_since(heard) > SILENT_AFTER) {
            let mut frame = [0; FRAME];
            if aim.ringing {
                for (to, sample) in frame.iter_mut().zip(&mut self.ringback) {
                    *to = sample;
                }
            }
            self.line.filled(&frame);
        }
        let far = aim.far.filter(|_| aim.sends)?;
        let stamp = self.stream.generated(now.duration_since(self.start), SAMPLES);
        let [.., s0, s1] = stamp.sequence.to_be_bytes();
        let header = Header {
            marker: stamp.marker,
            payload_type: far.payload_type,
            sequence: u16::from_be_bytes([s0, s1]),
            timestamp: stamp.timestamp,
            ssrc: self.stream.ssrc(),
        };
        let mut packet = header.octets().to_vec();
        packet.extend(self.line.next_frame().map(|sample| g711::encode(far.codec, sample)));
        Some(packet)
    }

    /// Sound from anywhere: a far end may send from another of its addresses than it listens on. In the codec that was
    /// agreed on, or in the other law under its fixed number.
    fn receive(&mut self, aim: Aim, datagram: &[u8]) {
        let Some(far) = aim.far else { return };
        let Ok(packet) = Packet::parse(datagram) else { return };
        let number = packet.header.payload_type;
        let codec = if number == far.payload_type { Some(far.codec) } else { Codec::of_payload_type(number) };
        let Some(codec) = codec else { return };
        let sound: Vec<i16> = packet.payload.iter().map(|octet| g711::decode(codec, *octet)).collect();
        self.last_heard = Some(Instant::now());
        self.line.heard(&sound);
    }
}
