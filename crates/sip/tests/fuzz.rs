//! Mutated messages of a kept corpus (`tests/corpus`, and the torture messages of RFC 4475 where `$SPECS` has them)
//! against an endpoint with a call in every state: nothing panics, what is sent is bounded and well formed, what must
//! be refused is refused and changes nothing, and in the end nothing is left.
//!
//! Everything follows from the number of the round, which a failure prints with the message. `PROPTEST_CASES` sets how
//! many rounds there are. A message that broke something is cut down and put into the corpus.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may panic and print; its helpers are not seen as tests"
)]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use proptest::prelude::ProptestConfig;
use sip::{
    CallKey, Config, Credentials, Endpoint, Event, Frame, Framer, NameAddr, Outgoing, Registration, Stats, Time,
    Timers, Transport, sdp,
};

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
/// Messages of one round.
const MESSAGES: usize = 40;

/// A row of numbers that follows from its first (xorshift64*).
struct Row(u64);

impl Row {
    fn new(round: u64) -> Self {
        Self(round.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(number).unwrap() % most.max(1)
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    paths.sort();
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    paths.iter().map(|path| (name(path), std::fs::read(path).unwrap())).collect()
}

fn corpus() -> Vec<(String, Vec<u8>)> {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let ours = files(&here.join("tests/corpus"));
    assert!(ours.len() > 30, "the corpus is not where it was");
    let specs = std::env::var_os("SPECS").map_or_else(|| here.join("../../../shared/specs"), PathBuf::from);
    let torture = files(&specs.join("sip-torture"));
    ours.into_iter().chain(torture.into_iter().filter(|(name, _)| name.starts_with("t0"))).collect()
}

/// What a message needs to be one of a live dialog or transaction.
#[derive(Clone, Default)]
struct Live {
    call: String,
    ours: String,
    theirs: String,
    branch: String,
    cseq: String,
    rseq: String,
}

impl Live {
    fn of(message: &str, ours: &str, theirs: &str) -> Self {
        let tag = |name| header(message, name).split_once(";tag=").map(|(_, tag)| tag.to_owned()).unwrap_or_default();
        let branch = header(message, "Via").split_once("branch=").map(|(_, rest)| rest.to_owned()).unwrap_or_default();
        Self {
            call: header(message, "Call-ID"),
            ours: tag(ours),
            theirs: if theirs.is_empty() { "theirs".to_owned() } else { tag(theirs) },
            branch: branch.split(';').next().unwrap().to_owned(),
            cseq: header(message, "CSeq").split(' ').next().unwrap().to_owned(),
            rseq: header(message, "RSeq"),
        }
    }

    fn fill(&self, template: &[u8], number: usize) -> Vec<u8> {
        let mut text: Vec<u8> = template.to_vec();
        let number = number.to_string();
        for (name, value) in [
            ("{call}", &self.call),
            ("{ours}", &self.ours),
            ("{theirs}", &self.theirs),
            ("{branch}", &self.branch),
            ("{cseq}", &self.cseq),
            ("{rseq}", &self.rseq),
            ("{number}", &number),
        ] {
            text = replaced(&text, name.as_bytes(), value.as_bytes());
        }
        text
    }
}

fn replaced(text: &[u8], what: &[u8], with: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.windows(what.len()).position(|window| window == what) {
        result.extend_from_slice(&rest[..at]);
        result.extend_from_slice(with);
        rest = &rest[at + what.len()..];
    }
    result.extend_from_slice(rest);
    result
}

fn header(message: &str, name: &str) -> String {
    let line = message.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    line.unwrap_or_default().to_owned()
}

struct Field {
    endpoint: Endpoint,
    now: Time,
    live: Vec<Live>,
    calls: Vec<CallKey>,
    sent: Vec<String>,
}

fn far() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 9], 5060))
}

impl Field {
    /// A call in every state, and a registration.
    fn new(seed: u64, corpus: &[(String, Vec<u8>)]) -> Self {
        let at = SocketAddr::from(([192, 0, 2, 1], 5060));
        let (user_agent, timers) = ("test".into(), Timers::default());
        let endpoint = Endpoint::new(Config { advertised_udp: at, advertised_tcp: at, user_agent, timers, seed });
        let mut field = Self { endpoint, now: Time::default(), live: Vec::new(), calls: Vec::new(), sent: Vec::new() };
        let template = |name: &str| &corpus.iter().find(|(known, _)| known == name).unwrap().1;
        for accepted in [true, false] {
            field.calls.push(field.endpoint.invite(field.now, outgoing()));
            field.drain();
            let live = Live::of(field.sent.last().unwrap(), "From", "");
            let answer = live.fill(template(if accepted { "accepted.sip" } else { "progress.sip" }), 1);
            field.hear(Transport::Udp, &answer);
            field.live.push(live);
        }
        for (name, theirs) in [("invite.sip", "up"), ("invite-late-offer-required.sip", "early")] {
            let fresh = Live { call: theirs.into(), theirs: theirs.into(), ..Live::default() };
            field.hear(Transport::Udp, &fresh.fill(template(name), 7));
            let events = std::iter::from_fn(|| field.endpoint.poll_event());
            let calls =
                events.filter_map(|event| if let Event::Incoming { call, .. } = event { Some(call) } else { None });
            let call = calls.last().unwrap();
            field.calls.push(call);
            let done = match theirs {
                "up" => field.endpoint.accept(field.now, call, SDP.into()),
                _ => field.endpoint.progress(field.now, call, SDP.into()),
            };
            done.unwrap();
            field.drain();
            field.live.push(Live::of(field.sent.last().unwrap(), "To", "From"));
        }
        let ack = field.live[2].fill(template("ack.sip"), 7);
        field.hear(Transport::Udp, &ack);
        field.endpoint.register(field.now, registration());
        field.drain();
        field.live.push(Live::of(field.sent.last().unwrap(), "From", ""));
        assert_eq!((field.endpoint.stats().calls, field.endpoint.stats().registrations), (4, 1));
        while field.endpoint.poll_event().is_some() {}
        field
    }

    fn hear(&mut self, transport: Transport, message: &[u8]) {
        self.endpoint.receive(self.now, transport, far(), message);
        self.drain();
    }

    /// How many messages went out.
    fn drain(&mut self) -> usize {
        let before = self.sent.len();
        while let Some(transmit) = self.endpoint.poll_transmit() {
            assert!(transmit.bytes.len() < 140_000, "{} bytes", transmit.bytes.len());
            self.sent.push(well_formed(&transmit.bytes));
        }
        self.sent.len() - before
    }

    /// Does to each event what a driver may do.
    fn react(&mut self, row: &mut Row) -> usize {
        let mut count = 0;
        while let Some(event) = self.endpoint.poll_event() {
            count += 1;
            let (now, endpoint) = (self.now, &mut self.endpoint);
            // Whatever comes too late is refused without harm.
            let _ = match (&event, row.below(4)) {
                (Event::Incoming { call, .. }, what) => {
                    self.calls.push(*call);
                    match what {
                        0 => endpoint.ringing(now, *call),
                        1 => endpoint.progress(now, *call, SDP.into()),
                        2 => endpoint.accept(now, *call, SDP.into()),
                        _ => Ok(()),
                    }
                }
                (Event::Reoffered { call, .. }, 0) => endpoint.refuse_reoffer(now, *call, 488),
                (Event::Reoffered { call, .. }, 1 | 2) => endpoint.answer_reoffer(now, *call, SDP.into()),
                (Event::Accepted { call, .. } | Event::Confirmed { call, .. }, 0) => {
                    endpoint.reoffer(now, *call, SDP.into())
                }
                _ => Ok(()),
            };
            self.drain();
        }
        count
    }

    fn pass(&mut self, wait: Duration) {
        let end = self.now + wait;
        for _ in 0..10_000 {
            let Some(next) = self.endpoint.poll_timeout().filter(|next| *next <= end) else { break };
            self.now = self.now.max(next);
            self.endpoint.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
    }

    /// Everybody hangs up.
    fn end(mut self, row: &mut Row) {
        for _ in 0..4 {
            self.react(row);
            for call in &self.calls {
                let _ = self.endpoint.hang_up(self.now, *call);
            }
            self.endpoint.unregister(self.now, sip::RegistrationKey(5));
            self.pass(Duration::from_mins(6));
        }
        while self.endpoint.poll_event().is_some() {}
        assert_eq!(self.endpoint.stats(), Stats::default());
        assert_eq!(self.endpoint.poll_timeout(), None);
    }
}

fn outgoing() -> Outgoing {
    Outgoing {
        to: far(),
        transport: Transport::Udp,
        request_uri: "sip:callee@192.0.2.9".into(),
        from: NameAddr { display: None, uri: "sip:0398765432@192.0.2.1".into() },
        to_uri: "sip:callee@192.0.2.9".into(),
        asserted: None,
        credentials: Some(Credentials { username: "u".into(), password: "p".into() }),
        offer: SDP.into(),
    }
}

fn registration() -> Registration {
    Registration {
        to: far(),
        transport: Transport::Udp,
        registrar_uri: "sip:192.0.2.9".into(),
        address_of_record: "sip:u@192.0.2.9".into(),
        contact_user: "u".into(),
        credentials: Some(Credentials { username: "u".into(), password: "p".into() }),
        expires: Duration::from_mins(1),
    }
}

/// What we send, read by other eyes than our parser's: a start line, header lines without stray line ends, a body as
/// long as Content-Length says.
fn well_formed(bytes: &[u8]) -> String {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let start = lines.next().unwrap();
    assert!(start.starts_with("SIP/2.0 ") || start.ends_with(" SIP/2.0"), "{start}");
    let mut length = None;
    for line in lines {
        assert!(!line.contains(['\r', '\n']), "{line:?}");
        let (name, value) = line.split_once(": ").or(line.strip_suffix(':').map(|name| (name, ""))).unwrap();
        assert!(!name.is_empty() && !name.contains(' '), "{line:?}");
        if name == "Content-Length" {
            length = Some(value.parse::<usize>().unwrap());
        }
    }
    assert_eq!(length, Some(bytes.len() - end - 4));
    String::from_utf8_lossy(bytes).into_owned()
}

const PIECES: [&[u8]; 20] = [
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\0",
    b" ",
    b";",
    b",",
    b"<",
    b">",
    b"\"",
    b"\\",
    b"%00",
    b"\xff\xfe",
    b"=",
    b"@",
    b"99999999999999999999",
    b"-1",
    b"4294967296",
    b";tag=",
    b"\r\n ",
];

fn mutated(row: &mut Row, mut bytes: Vec<u8>, other: &[u8]) -> Vec<u8> {
    for _ in 0..row.below(6) {
        let at = row.below(bytes.len() + 1);
        let to = (at + 1 + row.below(40)).min(bytes.len());
        match row.below(10) {
            0 if at < bytes.len() => bytes[at] ^= 1 << row.below(8),
            1 if at < bytes.len() => drop(bytes.drain(at..to)),
            2 => drop(bytes.splice(at..at, row.pick(&PIECES).iter().copied())),
            3 => {
                let copy = bytes[at.min(to)..to].to_vec();
                drop(bytes.splice(at..at, copy));
            }
            4 => bytes.truncate(at),
            5 => {
                let from = row.below(other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            // A line again, elsewhere, or away.
            6 | 7 => {
                let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
                let (one, two) = (row.below(lines.len()), row.below(lines.len()));
                let mut lines: Vec<Vec<u8>> = lines.into_iter().map(<[u8]>::to_vec).collect();
                match row.below(3) {
                    0 => lines.swap(one, two),
                    1 => lines.insert(two, lines[one].clone()),
                    _ => drop(lines.remove(one)),
                }
                bytes = lines.join(&b'\n');
            }
            8 if row.below(20) == 0 => {
                let byte = row.pick(&PIECES)[0];
                drop(bytes.splice(at..at, std::iter::repeat_n(byte, 64 * 1024)));
            }
            _ => {
                let piece: Vec<u8> = row.pick(&PIECES).repeat(1 + row.below(50));
                drop(bytes.splice(at..at, piece));
            }
        }
    }
    bytes
}

/// Is it a request that RFC 3261 §8.2 and §18.3 have refused? Read by other eyes than our parser's; only what is plain.
fn must_be_refused(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let Ok(head) = std::str::from_utf8(&bytes[..end]) else { return false };
    let mut lines = head.split("\r\n");
    let Some((method, rest)) = lines.next().and_then(|line| line.split_once(' ')) else { return false };
    if !rest.ends_with(" SIP/2.0") || method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return false;
    }
    let lines: Vec<&str> = lines.collect();
    let values = |name: &str, short: &str| -> Vec<&str> {
        let named = |line: &&&str| {
            let found = line.split(':').next().unwrap().trim();
            found.eq_ignore_ascii_case(name) || found.eq_ignore_ascii_case(short)
        };
        lines.iter().filter(named).filter_map(|line| Some(line.split_once(':')?.1.trim())).collect()
    };
    let (cseq, call) = (values("CSeq", "CSeq"), values("Call-ID", "i"));
    let (from, to, length) = (values("From", "f"), values("To", "t"), values("Content-Length", "l"));
    if [&cseq, &call, &from, &to].iter().any(|values| values.len() != 1) || length.len() > 1 {
        return true;
    }
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let folded = lines.iter().any(|line| line.starts_with([' ', '\t']));
    let (number, named) = cseq[0].split_once(' ').unwrap_or((cseq[0], ""));
    let bad_number = !digits(number) || number.parse::<u32>().is_ok_and(|number| number >= 1 << 31);
    let bad_length = length.first().is_some_and(|length| {
        !digits(length) || length.parse::<usize>().is_ok_and(|length| length > bytes.len() - end - 4)
    });
    !folded && (bad_number || named.trim() != method || bad_length)
}

/// How many messages had to be refused, and how many events came of the others.
fn one_round(round: u64, corpus: &[(String, Vec<u8>)]) -> (usize, usize) {
    let (mut refused, mut events) = (0, 0);
    let mut row = Row::new(round);
    let mut field = Field::new(round, corpus);
    for number in 0..MESSAGES {
        let live = row.pick(&field.live).clone();
        let other = live.fill(&row.pick(corpus).1, 100 + number);
        let message = live.fill(&row.pick(corpus).1, 100 + number);
        let message = mutated(&mut row, message, &other);
        let transport = *row.pick(&[Transport::Udp, Transport::Udp, Transport::Tcp, Transport::Tls]);
        let shown = format!("round {round}, message {number} by {transport:?}: {}", message.escape_ascii());
        let before = field.endpoint.stats();
        let already = field.sent.len();
        // The panic of whatever follows prints it.
        let shown = Shown(shown);
        field.hear(transport, &message);
        let answers = &field.sent[already..];
        assert!(answers.len() <= 4, "one message in, {} out", answers.len());
        if must_be_refused(&message) {
            refused += 1;
            assert_eq!(field.endpoint.stats(), before, "refused, and yet it changed something");
            let refusals = answers.iter().filter(|text| text.starts_with("SIP/2.0 4") || text.starts_with("SIP/2.0 5"));
            assert_eq!((refusals.count(), answers.len() <= 1), (answers.len(), true), "{answers:?}");
        }
        if message.starts_with(b"SIP/") || message.starts_with(b"ACK ") {
            assert!(!answers.iter().any(|text| text.starts_with("SIP/2.0 ")), "an answer to an answer: {answers:?}");
        }
        let told = field.react(&mut row);
        assert!(told <= 4, "too many events");
        events += told;
        if row.below(8) == 0 {
            let wait = Duration::from_secs(u64::try_from(row.below(40)).unwrap());
            field.pass(wait);
            field.react(&mut row);
        }
        std::mem::forget(shown);
    }
    field.end(&mut row);
    (refused, events)
}

/// Prints itself if it is dropped by a panic.
struct Shown(String);

impl Drop for Shown {
    fn drop(&mut self) {
        println!("{}", self.0);
    }
}

fn rounds() -> u64 {
    u64::from(ProptestConfig::default().cases)
}

#[test]
fn mutated_messages_to_an_endpoint_with_calls_in_every_state_do_no_harm() {
    let corpus = corpus();
    let (mut refused, mut events) = (0, 0);
    for round in 0..rounds() {
        let found = one_round(round, &corpus);
        (refused, events) = (refused + found.0, events + found.1);
    }
    // Neither all nonsense nor all sound: both reach what they are to reach.
    let rounds = usize::try_from(rounds()).unwrap();
    println!("{} messages: {refused} refused, {events} events", rounds * MESSAGES);
    assert!(refused > rounds && events > rounds, "{refused} {events}");
}

/// Each as it is, to every live dialog: the corpus itself stays sound, and what was found before stays mended.
#[test]
fn the_corpus_as_it_is_does_no_harm() {
    let corpus = corpus();
    for at in 0..4 {
        for (name, template) in &corpus {
            let mut row = Row::new(at);
            let mut field = Field::new(at, &corpus);
            let live = field.live[usize::try_from(at).unwrap()].clone();
            let shown = Shown(format!("{name} to dialog {at}"));
            field.hear(Transport::Udp, &live.fill(template, 100));
            field.react(&mut row);
            field.end(&mut row);
            std::mem::forget(shown);
        }
    }
}

#[test]
fn mutated_streams_are_cut_without_harm_and_what_is_cut_is_heard_without_harm() {
    let corpus = corpus();
    for round in 0..rounds() {
        let mut row = Row::new(round ^ 0x5555);
        let mut field = Field::new(round, &corpus);
        let mut framer = Framer::new();
        let live = row.pick(&field.live).clone();
        let stream: Vec<u8> = (0..4).flat_map(|number| live.fill(&row.pick(&corpus).1, 200 + number)).collect();
        let other = row.pick(&corpus).1.clone();
        let stream = mutated(&mut row, stream, &other);
        let size = 1 + row.below(2000);
        'stream: for chunk in stream.chunks(size) {
            framer.push(chunk);
            loop {
                match framer.next_frame() {
                    Ok(Some(Frame::Message(message))) => {
                        field.hear(Transport::Tcp, &message);
                        field.react(&mut row);
                    }
                    Ok(Some(Frame::Ping)) => {}
                    Ok(None) => break,
                    Err(_) => break 'stream,
                }
            }
        }
        field.end(&mut row);
    }
}

#[test]
fn mutated_descriptions_are_read_and_answered_without_harm() {
    let descriptions: Vec<Vec<u8>> = corpus()
        .into_iter()
        .filter_map(|(_, text)| {
            let at = text.windows(5).position(|window| window == b"v=0\r\n")?;
            Some(text[at..].to_vec())
        })
        .collect();
    assert!(descriptions.len() > 5);
    let ours = sdp::Audio::g711(SocketAddr::from(([192, 0, 2, 1], 4000)));
    for round in 0..rounds() * 20 {
        let mut row = Row::new(round);
        let one = row.pick(&descriptions).clone();
        let other = row.pick(&descriptions).clone();
        let bytes = mutated(&mut row, one, &other);
        let shown = Shown(format!("round {round}: {}", bytes.escape_ascii()));
        let Ok(theirs) = sdp::parse(&String::from_utf8_lossy(&bytes)) else {
            std::mem::forget(shown);
            continue;
        };
        let mut local = sdp::Local::new(round);
        if let Ok((answer, agreed)) = local.answer(&theirs, &ours) {
            let read = sdp::parse(&answer).unwrap();
            assert_eq!(read.audio.direction, agreed.direction);
            assert_eq!(read.audio.codecs.len(), 1);
            assert!(answer.len() < bytes.len() + 1000, "an answer is no longer than what it answers");
        }
        local.offer(&ours);
        let _ = local.answered(&theirs);
        std::mem::forget(shown);
    }
}
