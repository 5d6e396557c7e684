//! The customer: sipp with a scenario of ours, and an ear of its own.

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::process::{Child, Command};

use super::floor::{Floor, LOOPBACK, OURS, free_port};
use super::peers::{Packet, Voice};

/// A running sipp.
pub(crate) struct Customer {
    sipp: Child,
    /// Keeps what sipp writes until the test is over.
    dir: tempfile::TempDir,
    /// Where the customer hears.
    pub(crate) ear: Ear,
}

/// A scenario of `tests/sipp`, with what it needs to know.
pub(crate) struct Script<'a> {
    scenario: &'a str,
    keys: Vec<(&'a str, String)>,
    arguments: Vec<String>,
}

impl<'a> Script<'a> {
    pub(crate) fn new(scenario: &'a str) -> Self {
        let keys = [("dialled", OURS), ("caller", "09012345678"), ("identity", "Subject: a call"), ("payloads", "0")];
        let keys = keys.map(|(name, value)| (name, value.to_owned())).into();
        Self { scenario, keys, arguments: Vec::new() }
    }

    /// Sets `[name]` in the scenario.
    pub(crate) fn key(mut self, name: &'a str, value: impl Into<String>) -> Self {
        self.keys.retain(|(known, _)| *known != name);
        self.keys.push((name, value.into()));
        self
    }

    /// Passes further arguments to sipp.
    pub(crate) fn arguments<const N: usize>(mut self, arguments: [&str; N]) -> Self {
        self.arguments.extend(arguments.map(str::to_owned));
        self
    }
}

impl Customer {
    /// Calls our number.
    pub(crate) fn calls(floor: &Floor, script: Script<'_>) -> Self {
        Self::start(floor, script, Some(floor.sip_address()), floor.peer_port)
    }

    /// Calls somebody at another exchange.
    pub(crate) fn calls_at(floor: &Floor, script: Script<'_>, exchange: SocketAddr) -> Self {
        Self::start(floor, script, Some(exchange), free_port())
    }

    /// Waits for our call; returns when sipp listens.
    pub(crate) async fn waits(floor: &Floor, script: Script<'_>) -> Self {
        Self::waits_at(floor, script, floor.peer_port).await
    }

    /// Waits for our call elsewhere.
    pub(crate) async fn waits_at(floor: &Floor, script: Script<'_>, port: u16) -> Self {
        let customer = Self::start(floor, script, None, port);
        // sipp says nowhere that it listens; the kernel does.
        let wanted = format!("0100007F:{port:04X}");
        while !std::fs::read_to_string("/proc/net/udp").unwrap().contains(&wanted)
            && !std::fs::read_to_string("/proc/net/tcp").unwrap().contains(&wanted)
        {
            tokio::task::yield_now().await;
        }
        customer
    }

    fn start(floor: &Floor, script: Script<'_>, remote: Option<SocketAddr>, port: u16) -> Self {
        let ear = Ear::open();
        let dir = tempfile::tempdir().unwrap();
        let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sipp").join(script.scenario);
        let mut command = Command::new("sipp");
        if let Some(remote) = remote {
            command.arg(remote.to_string());
        }
        let tcp = floor.trunk.transport == wire::settings::TrunkTransport::Tcp;
        command
            .arg("-sf")
            .arg(scenario)
            .args(["-i", "127.0.0.1", "-p", &port.to_string()])
            .args(["-t", if tcp { "t1" } else { "u1" }])
            .args(["-nostdin", "-timeout", "60s", "-timeout_error", "-trace_err", "-trace_msg"])
            .args(["-key", "audio_port", &ear.port().to_string()])
            .args(if script.arguments.is_empty() { vec!["-m".to_owned(), "1".to_owned()] } else { script.arguments });
        for (name, value) in script.keys {
            command.args(["-key", name, &value]);
        }
        let sipp = command
            .current_dir(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("sipp (Debian: `apt install sip-tester`)");
        Self { sipp, dir, ear }
    }

    /// Returns when the scenario has come to its end as written, with all messages.
    pub(crate) async fn done(mut self) -> String {
        let status = self.sipp.wait().await.unwrap();
        let log = self.log();
        assert!(status.success(), "sipp ended with {status}:\n{log}");
        log
    }

    /// Returns when this has stood in sipp's messages, sent or received, so many times.
    pub(crate) async fn has_said(&self, text: &str, times: usize) {
        while self.log().matches(text).count() < times {
            tokio::task::yield_now().await;
        }
    }

    /// How often it was hung up on so far.
    pub(crate) fn hung_up_on(&self) -> usize {
        self.log().matches("\nBYE ").count()
    }

    fn log(&self) -> String {
        let mut log = String::new();
        for entry in std::fs::read_dir(self.dir.path()).unwrap() {
            log.push_str(&String::from_utf8_lossy(&std::fs::read(entry.unwrap().path()).unwrap()));
        }
        log
    }
}

/// A socket for RTP: hears what the gateway sends, and speaks back.
pub(crate) struct Ear(tokio::net::UdpSocket, AtomicU32);

impl Ear {
    pub(crate) fn open() -> Self {
        let socket = UdpSocket::bind((LOOPBACK, free_port())).unwrap();
        socket.set_nonblocking(true).unwrap();
        Self(tokio::net::UdpSocket::from_std(socket).unwrap(), AtomicU32::new(1))
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    /// Listens to so many packets of µ-law, answering each with 20 ms of a tone, and gives what it heard. What came
    /// before, and the first few, are not counted.
    pub(crate) async fn talk(&self, tone: f64, packets: usize) -> Vec<i16> {
        let mut packet = [0; 2048];
        while self.0.try_recv(&mut packet).is_ok() {}
        let mut voice = Voice::new(tone, media::Codec::Pcmu);
        let mut samples = Vec::new();
        for n in 0..packets + 10 {
            let (length, gateway) = self.0.recv_from(&mut packet).await.unwrap();
            // RFC 3550 §5.1: 12 octets of header, no extension in what we send.
            let payload = &packet[12..length];
            if n >= 10 {
                samples.extend(payload.iter().map(|octet| media::g711::decode(media::Codec::Pcmu, *octet)));
            }
            self.0.send_to(&self.packet(&voice.frame()), gateway).await.unwrap();
        }
        samples
    }

    /// Takes the next packets, what has come already among them, and answers each with 20 ms of a tone.
    pub(crate) async fn follow(&self, tone: f64, packets: usize) -> Vec<Packet> {
        let mut voice = Voice::new(tone, media::Codec::Pcmu);
        let mut heard = Vec::new();
        while heard.len() < packets {
            let (gateway, packet) = self.packet_from().await;
            self.0.send_to(&self.packet(&voice.frame()), gateway).await.unwrap();
            heard.push(packet);
        }
        heard
    }

    /// Takes as many packets of all who send here, from now on.
    pub(crate) async fn listen_to_all(&self, packets: usize) -> Vec<(SocketAddr, Packet)> {
        self.has_heard();
        let mut heard = Vec::new();
        while heard.len() < packets {
            heard.push(self.packet_from().await);
        }
        heard
    }

    async fn packet_from(&self) -> (SocketAddr, Packet) {
        let mut datagram = [0; 2048];
        loop {
            let (length, gateway) = self.0.recv_from(&mut datagram).await.unwrap();
            let Ok(packet) = media::rtp::Packet::parse(&datagram[..length]) else { continue };
            let header = packet.header;
            let heard = Packet {
                ssrc: header.ssrc,
                sequence: header.sequence,
                timestamp: header.timestamp,
                marker: header.marker,
                payload_type: header.payload_type,
                payload: packet.payload.to_vec(),
            };
            return (gateway, heard);
        }
    }

    /// Drops what has come, and says so of anything.
    pub(crate) fn has_heard(&self) -> bool {
        let mut packet = [0; 2048];
        let mut heard = false;
        while self.0.try_recv(&mut packet).is_ok() {
            heard = true;
        }
        heard
    }

    /// Presses keys as a telephone does (RFC 4733): every second packet of each is lost, each end comes once only.
    pub(crate) async fn press(&self, payload_type: u8, keys: &[u8]) {
        let (gateway, _) = self.packet_from().await;
        let mut sender = media::dtmf::Sender::default();
        assert!(sender.press(keys));
        let mut begun = 0;
        for tick in 0..u32::try_from(keys.len()).unwrap() * 9 {
            let media::dtmf::Turn::Key(due) = sender.on_tick() else { continue };
            if due.begins {
                begun = self.1.load(Ordering::Relaxed) * 160 + tick * 160;
            }
            if tick % 2 == 0 {
                continue;
            }
            let mut packet = self.packet(&due.payload);
            packet[1] = payload_type | if due.begins { 0x80 } else { 0 };
            packet[4..8].copy_from_slice(&begun.to_be_bytes());
            self.0.send_to(&packet, gateway).await.unwrap();
        }
    }

    /// An RTP packet of ours.
    fn packet(&self, payload: &[u8]) -> Vec<u8> {
        let n = self.1.fetch_add(1, Ordering::Relaxed);
        let mut packet = vec![0x80, 0];
        packet.extend(u16::try_from(n % 65_536).unwrap().to_be_bytes());
        packet.extend((n * 160).to_be_bytes());
        packet.extend(0x00C0_FFEE_u32.to_be_bytes());
        packet.extend(payload);
        packet
    }

    /// Half a second of µ-law from the first sound on: until a call's route is set, quiet packets come.
    pub(crate) async fn half_a_second(&self) -> Vec<i16> {
        let mut samples = Vec::new();
        let mut packet = [0; 2048];
        while samples.len() < 4_000 {
            let length = self.0.recv(&mut packet).await.unwrap();
            let heard = packet[12..length].iter().map(|octet| media::g711::decode(media::Codec::Pcmu, *octet));
            samples.extend(heard);
            if testkit::hear::is_silent(&samples) {
                samples.clear();
            }
        }
        samples
    }
}
