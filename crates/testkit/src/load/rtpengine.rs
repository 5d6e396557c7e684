//! rtpengine as the gateway under load: the yardstick of the trade, in userspace, driven by its `ng` protocol.
//!
//! The process is started for one run and ended with it; ports are those that its caller names.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{Connected, LoadError, UnderLoad};

/// How long it may take to answer; it is asked again until then, for it may not listen yet.
const PATIENCE: Duration = Duration::from_secs(10);
const ASK_AGAIN: Duration = Duration::from_millis(250);

/// A running rtpengine. It ends when this is dropped.
pub struct Rtpengine {
    process: Child,
    control: UdpSocket,
    asked: u32,
}

impl Rtpengine {
    /// Starts it: `program` is its path, `control` a free UDP port, `ports` its range for media.
    ///
    /// # Errors
    /// [`LoadError`] where it cannot be started or does not answer.
    pub fn start(program: &str, control: u16, ports: (u16, u16)) -> Result<Self, LoadError> {
        let process = Command::new(program)
            .args(["--config-file=none", "--table=-1", "--foreground", "--log-stderr", "--log-level=1"])
            .arg("--interface=127.0.0.1")
            .arg(format!("--listen-ng=127.0.0.1:{control}"))
            .arg(format!("--port-min={}", ports.0))
            .arg(format!("--port-max={}", ports.1))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(LoadError::system("starting rtpengine"))?;
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map_err(LoadError::system("a control socket"))?;
        socket.connect((Ipv4Addr::LOCALHOST, control)).map_err(LoadError::system("a control socket"))?;
        socket.set_read_timeout(Some(ASK_AGAIN)).map_err(LoadError::system("a control socket"))?;
        let mut engine = Self { process, control: socket, asked: 0 };
        engine.ask(&[("command", Value::text("ping"))])?;
        Ok(engine)
    }

    fn ask(&mut self, request: &[(&str, Value)]) -> Result<BTreeMap<String, Value>, LoadError> {
        self.asked += 1;
        // A request that is sent again bears the same cookie, and is answered from memory.
        let cookie = format!("{}_{} ", self.process.id(), self.asked);
        let mut datagram = cookie.clone().into_bytes();
        datagram.extend(Value::dictionary(request).octets());
        let mut buffer = vec![0; 65_536];
        let times = PATIENCE.as_millis() / ASK_AGAIN.as_millis();
        for _ in 0..times {
            if self.control.send(&datagram).is_err() {
                // Nobody listens yet, which the socket says at once.
                self.pause();
                continue;
            }
            let Ok(length) = self.control.recv(&mut buffer) else {
                self.pause();
                continue;
            };
            let Some(answer) = buffer.get(..length).and_then(|answer| answer.strip_prefix(cookie.as_bytes())) else {
                continue;
            };
            let Some((Value::Dictionary(answer), _)) = Value::read(answer) else {
                return Err(LoadError::Refused("rtpengine's answer cannot be read".to_owned()));
            };
            return match answer.get("result") {
                Some(Value::Text(result)) if *result == b"ok" || *result == b"pong" => Ok(answer),
                _ => Err(LoadError::Refused(format!("rtpengine: {answer:?}"))),
            };
        }
        Err(LoadError::Late("rtpengine's answer"))
    }

    /// Waits a moment: an answer that comes in it belongs to nothing that is asked any more.
    fn pause(&self) {
        let _ = self.control.recv(&mut [0; 1]);
    }
}

impl UnderLoad for Rtpengine {
    fn connect(&mut self, call: usize, offer: &str, trunk: SocketAddr) -> Result<Connected, LoadError> {
        let id = Value::text(&format!("load-{call}"));
        let offered = self.ask(&[
            ("ICE", Value::text("remove")),
            ("call-id", id.clone()),
            ("command", Value::text("offer")),
            ("from-tag", Value::text("browser")),
            ("rtcp-mux", Value::List(vec![Value::text("demux")])),
            ("sdp", Value::text(&placed(offer))),
            ("transport-protocol", Value::text("RTP/AVP")),
        ])?;
        let address = address(&sdp(&offered)?)?;
        let (ip, port) = (trunk.ip(), trunk.port());
        let answer = format!(
            "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n\
             a=rtpmap:0 PCMU/8000\r\na=rtcp:{}\r\na=sendrecv\r\n",
            port.saturating_add(1)
        );
        let answered = self.ask(&[
            ("ICE", Value::text("force")),
            ("call-id", id),
            ("command", Value::text("answer")),
            ("from-tag", Value::text("browser")),
            ("sdp", Value::text(&answer)),
            ("to-tag", Value::text("trunk")),
        ])?;
        Ok(Connected { answer: bundled(&sdp(&answered)?, offer), address, passes_ssrc: true })
    }

    fn pid(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Rtpengine {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn sdp(answer: &BTreeMap<String, Value>) -> Result<String, LoadError> {
    match answer.get("sdp") {
        Some(Value::Text(sdp)) => Ok(String::from_utf8_lossy(sdp).into_owned()),
        _ => Err(LoadError::Refused("rtpengine answered without SDP".to_owned())),
    }
}

/// Where the audio of an SDP goes.
fn address(sdp: &str) -> Result<SocketAddr, LoadError> {
    let ip = sdp.lines().find_map(|line| line.strip_prefix("c=IN IP4 "));
    let port = sdp.lines().find_map(|line| line.strip_prefix("m=audio ")?.split(' ').next());
    let parsed = ip.zip(port).and_then(|(ip, port)| format!("{}:{port}", ip.trim()).parse().ok());
    parsed.ok_or_else(|| LoadError::Refused(format!("no address in {sdp}")))
}

/// An offer with its first candidate as its address: nowhere (0.0.0.0) means hold to rtpengine (RFC 3264 §8.4).
fn placed(offer: &str) -> String {
    let candidate = offer.lines().find_map(|line| line.strip_prefix("a=candidate:"));
    let mut parts = candidate.unwrap_or_default().split(' ').skip(4);
    let (Some(ip), Some(port)) = (parts.next(), parts.next()) else { return offer.to_owned() };
    offer.replace("c=IN IP4 0.0.0.0", &format!("c=IN IP4 {ip}")).replace("m=audio 9 ", &format!("m=audio {port} "))
}

/// An answer with the offer's BUNDLE group, which rtpengine leaves out and a browser's library demands.
fn bundled(answer: &str, offer: &str) -> String {
    if answer.contains("a=group:BUNDLE") {
        return answer.to_owned();
    }
    let mid = offer.lines().find_map(|line| line.strip_prefix("a=mid:")).unwrap_or("0").trim();
    answer.replacen("t=0 0\r\n", &format!("t=0 0\r\na=group:BUNDLE {mid}\r\n"), 1)
}

/// A value of the `ng` protocol (bencoding).
#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Text(Vec<u8>),
    Number(i64),
    List(Vec<Value>),
    Dictionary(BTreeMap<String, Value>),
}

impl Value {
    fn text(text: &str) -> Self {
        Self::Text(text.as_bytes().to_vec())
    }

    fn dictionary(entries: &[(&str, Value)]) -> Self {
        Self::Dictionary(entries.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect())
    }

    fn octets(&self) -> Vec<u8> {
        match self {
            Self::Text(text) => [format!("{}:", text.len()).as_bytes(), text].concat(),
            Self::Number(number) => format!("i{number}e").into_bytes(),
            Self::List(values) => {
                [b"l", values.iter().flat_map(Self::octets).collect::<Vec<_>>().as_slice(), b"e"].concat()
            }
            Self::Dictionary(entries) => {
                let entry = |(key, value): (&String, &Self)| [Self::text(key).octets(), value.octets()].concat();
                [b"d", entries.iter().flat_map(entry).collect::<Vec<_>>().as_slice(), b"e"].concat()
            }
        }
    }

    /// The first value, and what follows it.
    fn read(octets: &[u8]) -> Option<(Self, &[u8])> {
        let (first, rest) = octets.split_first()?;
        match first {
            b'i' => {
                let end = rest.iter().position(|octet| *octet == b'e')?;
                let number = std::str::from_utf8(rest.get(..end)?).ok()?.parse().ok()?;
                Some((Self::Number(number), rest.get(end + 1..)?))
            }
            b'l' => {
                let (mut values, mut rest) = (Vec::new(), rest);
                while *rest.first()? != b'e' {
                    let (value, after) = Self::read(rest)?;
                    values.push(value);
                    rest = after;
                }
                Some((Self::List(values), rest.get(1..)?))
            }
            b'd' => {
                let (mut entries, mut rest) = (BTreeMap::new(), rest);
                while *rest.first()? != b'e' {
                    let (Self::Text(key), after) = Self::read(rest)? else { return None };
                    let (value, after) = Self::read(after)?;
                    entries.insert(String::from_utf8_lossy(&key).into_owned(), value);
                    rest = after;
                }
                Some((Self::Dictionary(entries), rest.get(1..)?))
            }
            _ => {
                let colon = octets.iter().position(|octet| *octet == b':')?;
                let length: usize = std::str::from_utf8(octets.get(..colon)?).ok()?.parse().ok()?;
                let rest = octets.get(colon + 1..)?;
                let (text, after) = rest.split_at_checked(length)?;
                Some((Self::Text(text.to_vec()), after))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_understood() {
        let said = Value::dictionary(&[
            ("a", Value::List(vec![Value::Number(-7), Value::text("x:e")])),
            ("b", Value::text("")),
        ]);
        assert_eq!(said.octets(), b"d1:ali-7e3:x:ee1:b0:e");
        assert_eq!(Value::read(&said.octets()), Some((said, &b""[..])));
        assert_eq!(Value::read(b"5:abc"), None);
    }

    #[test]
    fn an_offer_from_nowhere_is_placed_at_its_candidate() {
        let offer = placed("m=audio 9 X 0\r\nc=IN IP4 0.0.0.0\r\na=candidate:1 1 udp 7 192.0.2.1 4000 typ host\r\n");
        assert!(offer.starts_with("m=audio 4000 X 0\r\nc=IN IP4 192.0.2.1\r\n"), "{offer}");
    }

    #[test]
    fn an_answer_without_a_bundle_gets_the_offers() {
        let answer = bundled("v=0\r\nt=0 0\r\nm=audio 1 X 0\r\n", "a=mid:abc\r\n");
        assert_eq!(answer, "v=0\r\nt=0 0\r\na=group:BUNDLE abc\r\nm=audio 1 X 0\r\n");
    }
}
