//! Reading a description (RFC 8866 §5): strict where a wrong guess would send audio astray, deaf to the rest.

use std::net::{IpAddr, SocketAddr};

use super::{Audio, Codec, Description, Direction, MediaLine, Payload, Unreadable};

/// Longest description we read, in bytes. A trunk's has some hundreds.
const LONGEST: usize = 16 * 1024;
/// Most `m=` lines we answer.
const MOST_STREAMS: usize = 16;

/// What stands under one `m=` line, or above the first.
#[derive(Default, Clone)]
struct Section {
    addr: Option<IpAddr>,
    direction: Option<Direction>,
    ptime: Option<u8>,
    maps: Vec<(u8, String)>,
}

struct Stream {
    line: MediaLine,
    port: u16,
    section: Section,
}

/// Reads a description with at least one audio stream over plain RTP.
///
/// # Errors
/// There is none, or a line on which it depends cannot be read.
pub fn parse(text: &str) -> Result<Description, Unreadable> {
    if text.len() > LONGEST {
        return Err(unreadable("longer than 16 KiB"));
    }
    let mut lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
    if lines.next() != Some("v=0") {
        return Err(unreadable("first line is not v=0"));
    }
    let mut session = Section::default();
    let mut streams: Vec<Stream> = Vec::new();
    let mut origin = false;
    for line in lines {
        let Some((kind, value)) = line.split_once('=') else { return Err(unreadable(line)) };
        match kind {
            "o" if value.split_whitespace().count() == 6 => origin = true,
            "o" => return Err(unreadable(line)),
            "m" if streams.len() == MOST_STREAMS => return Err(unreadable("more than 16 streams")),
            "m" => streams.push(stream(value).ok_or_else(|| unreadable(line))?),
            "c" | "a" => {
                let section = streams.last_mut().map_or(&mut session, |stream| &mut stream.section);
                match kind {
                    "c" => section.addr = connection(value)?,
                    _ => section.attribute(value),
                }
            }
            _ => {}
        }
    }
    if !origin {
        return Err(unreadable("o= is missing"));
    }
    let usable = || streams.iter().enumerate().filter_map(|(at, stream)| Some((at, audio(stream, &session)?)));
    // One that is switched off (port 0) only if there is no other.
    let found = usable().find(|(_, audio)| audio.port != 0).or_else(|| usable().next());
    let Some((audio_line, audio)) = found else { return Err(unreadable("no audio over RTP/AVP with an address")) };
    Ok(Description { audio, audio_line, lines: streams.into_iter().map(|stream| stream.line).collect() })
}

fn unreadable(what: &str) -> Unreadable {
    Unreadable { what: what.chars().take(120).collect() }
}

impl Section {
    fn attribute(&mut self, value: &str) {
        let (name, value) = value.split_once(':').unwrap_or((value, ""));
        match name {
            "sendrecv" => self.direction = Some(Direction::SendRecv),
            "sendonly" => self.direction = Some(Direction::SendOnly),
            "recvonly" => self.direction = Some(Direction::RecvOnly),
            "inactive" => self.direction = Some(Direction::Inactive),
            "ptime" => self.ptime = value.trim().split('.').next().and_then(|ms| ms.parse().ok()),
            "rtpmap" => {
                if let Some((number, encoding)) = value.trim().split_once(char::is_whitespace)
                    && let Ok(number) = number.parse()
                {
                    self.maps.push((number, encoding.trim().to_ascii_lowercase()));
                }
            }
            _ => {}
        }
    }
}

/// `c=IN IP4 192.0.2.1[/ttl]`. A name instead of an address would need a resolver: it reads as "no address".
fn connection(value: &str) -> Result<Option<IpAddr>, Unreadable> {
    let mut words = value.split_whitespace();
    let (Some("IN"), Some("IP4" | "IP6"), Some(address)) = (words.next(), words.next(), words.next()) else {
        return Err(unreadable(value));
    };
    Ok(address.split('/').next().and_then(|address| address.parse().ok()))
}

fn stream(value: &str) -> Option<Stream> {
    let mut words = value.split_whitespace();
    let (media, port, protocol) = (words.next()?, words.next()?, words.next()?);
    let port = port.split('/').next()?.parse().ok()?;
    let formats = words.collect::<Vec<_>>().join(" ");
    let line = MediaLine { media: media.to_owned(), protocol: protocol.to_owned(), formats };
    Some(Stream { line, port, section: Section::default() })
}

fn audio(stream: &Stream, session: &Section) -> Option<Audio> {
    // AVPF differs from AVP in RTCP only, and we send none of its feedback: answered with its own name.
    if stream.line.media != "audio" || !matches!(stream.line.protocol.as_str(), "RTP/AVP" | "RTP/AVPF") {
        return None;
    }
    let section = &stream.section;
    let addr = section.addr.or(session.addr)?;
    let numbers: Vec<u8> = stream
        .line
        .formats
        .split(' ')
        .filter_map(|number| number.parse().ok())
        .filter(|number| *number < 128)
        .collect();
    let encoding =
        |number: u8| section.maps.iter().find(|(mapped, _)| *mapped == number).map(|(_, encoding)| encoding.as_str());
    let telephone_event = numbers.iter().copied().find(|number| encoding(*number) == Some("telephone-event/8000"));
    let codecs = numbers
        .iter()
        .filter_map(|number| Some(Payload { number: *number, codec: codec(*number, encoding(*number))? }))
        .collect();
    let written = section.direction.or(session.direction).unwrap_or_default();
    // RFC 3264 §8.4: an address of all zeros says "do not send to me".
    let direction = if addr.is_unspecified() { Direction::new(written.sends(), false) } else { written };
    Some(Audio { addr, port: stream.port, codecs, telephone_event, direction, ptime: section.ptime.or(session.ptime) })
}

/// The fixed numbers of RFC 3551 §6 need no `a=rtpmap`.
fn codec(number: u8, encoding: Option<&str>) -> Option<Codec> {
    let encoding = match (number, encoding) {
        (0, None) => "pcmu/8000",
        (8, None) => "pcma/8000",
        (3, None) => "gsm/8000",
        (9, None) => "g722/8000",
        (18, None) => "g729/8000",
        (_, Some(encoding)) => encoding,
        (_, None) => return None,
    };
    match encoding {
        "pcmu/8000" | "pcmu/8000/1" => Some(Codec::Pcmu),
        "pcma/8000" | "pcma/8000/1" => Some(Codec::Pcma),
        _ => {
            let mut parts = encoding.split('/');
            let (name, clock_rate) = (parts.next()?, parts.next()?.parse().ok()?);
            let speech = !matches!(name, "telephone-event" | "cn" | "red");
            speech.then(|| Codec::Other { name: name.to_owned(), clock_rate })
        }
    }
}

impl Audio {
    /// Where the writer wants to receive.
    #[must_use]
    pub fn socket_addr(&self) -> SocketAddr {
        SocketAddr::new(self.addr, self.port)
    }
}
