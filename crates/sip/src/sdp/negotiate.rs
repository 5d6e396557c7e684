//! Offer and answer (RFC 3264) for our side of one call.

use std::fmt::Write as _;

use super::{Agreed, Audio, Codec, Description, MediaLine, NoCommonCodec, Payload};

/// Our side of a session: numbers its descriptions and remembers what was offered last.
#[derive(Debug, Clone)]
pub struct Local {
    id: u64,
    version: u64,
    /// Without its `o=` line, which holds the version.
    last: Option<String>,
    /// Our last description.
    offered: Option<Audio>,
}

impl Local {
    /// A session whose `o=` line carries `id`: below 2^63, different for each session of an address (RFC 8866 §5.2).
    #[must_use]
    pub fn new(id: u64) -> Self {
        Self { id: id & (u64::MAX >> 1), version: 0, last: None, offered: None }
    }

    /// An offer of `ours`; [`Self::answered`] reads what comes back.
    pub fn offer(&mut self, ours: &Audio) -> String {
        let line = MediaLine { media: "audio".into(), protocol: "RTP/AVP".into(), formats: String::new() };
        let text = self.write(ours, &[line], 0);
        self.offered = Some(ours.clone());
        text
    }

    /// Our answer to `theirs`, with one codec (the first of theirs that `ours` has too) under their number
    /// (RFC 3264 §6.1), and their direction mirrored as far as `ours` allows. Other streams are refused.
    ///
    /// # Errors
    /// No codec in common, or the offered stream is switched off.
    pub fn answer(&mut self, theirs: &Description, ours: &Audio) -> Result<(String, Agreed), NoCommonCodec> {
        let audio = &theirs.audio;
        let send = common(audio, ours).ok_or(NoCommonCodec)?;
        let telephone_event = audio.telephone_event.filter(|_| ours.telephone_event.is_some());
        let direction = audio.direction.mirrored().and(ours.direction);
        let answer = Audio { codecs: vec![send.clone()], telephone_event, direction, ..ours.clone() };
        let text = self.write(&answer, &theirs.lines, theirs.audio_line);
        // The core offers the same again to refresh the session (RFC 4028 §7.4): what comes back is read against it.
        self.offered = Some(answer.clone());
        let agreed = Agreed {
            remote: audio.socket_addr(),
            receive_number: send.number,
            send,
            telephone_event_send: telephone_event,
            telephone_event_receive: telephone_event,
            direction,
            ptime: ptime(audio),
        };
        Ok((text, agreed))
    }

    /// What their answer to our last description means: an [`Self::offer`], or an answer that was offered again. An early
    /// answer (183) may be followed by another one (200).
    ///
    /// # Errors
    /// No codec in common, the stream was refused (port 0), or nothing was said by us yet.
    pub fn answered(&self, theirs: &Description) -> Result<Agreed, NoCommonCodec> {
        let ours = self.offered.as_ref().ok_or(NoCommonCodec)?;
        let audio = &theirs.audio;
        let send = common(audio, ours).ok_or(NoCommonCodec)?;
        let receive = ours.codecs.iter().find(|payload| payload.codec == send.codec).ok_or(NoCommonCodec)?;
        Ok(Agreed {
            remote: audio.socket_addr(),
            receive_number: receive.number,
            telephone_event_send: audio.telephone_event.filter(|_| ours.telephone_event.is_some()),
            telephone_event_receive: ours.telephone_event.filter(|_| audio.telephone_event.is_some()),
            direction: audio.direction.mirrored().and(ours.direction),
            ptime: ptime(audio),
            send,
        })
    }

    fn write(&mut self, ours: &Audio, lines: &[MediaLine], at: usize) -> String {
        let family = if ours.addr.is_ipv4() { "IP4" } else { "IP6" };
        let mut rest = format!("s=-\r\nc=IN {family} {}\r\nt=0 0\r\n", ours.addr);
        for (index, line) in lines.iter().enumerate() {
            if index == at {
                rest.push_str(&audio_section(ours, &line.protocol));
            } else {
                // RFC 3264 §6: a refused stream keeps its place and formats, with port 0.
                let _ = write!(rest, "m={} 0 {} {}\r\n", line.media, line.protocol, line.formats);
            }
        }
        // RFC 3264 §8: the version grows by one when the description changes, and only then.
        if self.last.as_ref() != Some(&rest) {
            self.version += 1;
        }
        let text = format!("v=0\r\no=- {} {} IN {family} {}\r\n{rest}", self.id, self.version, ours.addr);
        self.last = Some(rest);
        text
    }
}

fn audio_section(ours: &Audio, protocol: &str) -> String {
    let numbers = ours.codecs.iter().map(|payload| payload.number).chain(ours.telephone_event);
    let mut text = format!("m=audio {} {protocol}", ours.port);
    for number in numbers {
        let _ = write!(text, " {number}");
    }
    text.push_str("\r\n");
    for payload in &ours.codecs {
        let _ = match &payload.codec {
            Codec::Pcmu => write!(text, "a=rtpmap:{} PCMU/8000\r\n", payload.number),
            Codec::Pcma => write!(text, "a=rtpmap:{} PCMA/8000\r\n", payload.number),
            Codec::Other { name, clock_rate } => write!(text, "a=rtpmap:{} {name}/{clock_rate}\r\n", payload.number),
        };
    }
    if let Some(number) = ours.telephone_event {
        let _ = write!(text, "a=rtpmap:{number} telephone-event/8000\r\na=fmtp:{number} 0-16\r\n");
    }
    if let Some(ptime) = ours.ptime {
        let _ = write!(text, "a=ptime:{ptime}\r\n");
    }
    let _ = write!(text, "a={}\r\n", ours.direction.attribute());
    text
}

/// The first codec of theirs that ours has too, under their number.
fn common(theirs: &Audio, ours: &Audio) -> Option<Payload> {
    let known = |payload: &&Payload| ours.codecs.iter().any(|our| our.codec == payload.codec);
    theirs.codecs.iter().find(known).filter(|_| theirs.port != 0).cloned()
}

/// RFC 3264 §5.1: the packet length that they want to receive is what we send. 20 ms where they do not say.
fn ptime(theirs: &Audio) -> u8 {
    theirs.ptime.unwrap_or(20).clamp(10, 60) / 10 * 10
}
