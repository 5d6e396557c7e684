//! Input never panics: mutated messages, descriptions and streams.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic; its helpers are not seen as tests"
)]

use std::net::SocketAddr;

use proptest::prelude::*;
use sip::{Config, Endpoint, Event, Framer, Time, Timers, Transport, sdp};

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\na=sendonly\r\n\
    m=audio 4000/1 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\nm=video 9 RTP/AVP 31\r\n";

/// Messages with everything in them that is looked at.
fn seeds() -> Vec<String> {
    let head = "Via: SIP/2.0/UDP 10.0.0.1:5099 ;branch=z9hG4bKx;rport, SIP/2.0/TCP [::1]:5;branch=y\r\n\
        Record-Route: <sip:p1;lr>, \"P, 2\" <sip:10.0.0.2:5070>\r\nf: \"A \\\"B\\\"\" <sip:%41b;x=y@h:5060;p>;tag=1\r\n\
        t: sip:x@h\r\ni: c@h\r\nMax-Forwards: 70\r\nm: <sip:a@10.0.0.1;transport=tcp>\r\n";
    let invite = format!(
        "INVITE sip:+813@192.0.2.1;user=phone SIP/2.0\r\n{head}CSeq: 7 INVITE\r\nPrivacy: id;user\r\n\
         P-Asserted-Identity: <tel:+81>, <sip:z@h>\r\nc: application/sdp\r\nl: {}\r\n\r\n{SDP}",
        SDP.len()
    );
    let cancel = format!("CANCEL sip:x@h SIP/2.0\r\n{head}CSeq: 7 CANCEL\r\nContent-Length: 0\r\n\r\n");
    let options = format!("OPTIONS sip:x@h SIP/2.0\r\n{head}CSeq: 7 OPTIONS\r\nRequire:\r\n a,\r\n\tb\r\n\r\n");
    let bye = format!("BYE sip:x@h SIP/2.0\r\n{head}CSeq: 8 BYE\r\nReason: Q.850;cause=16\r\n\r\n");
    let ack = format!("ACK sip:x@h SIP/2.0\r\n{head}CSeq: 7 ACK\r\n\r\n");
    vec![invite, cancel, options, bye, ack]
}

fn endpoint() -> Endpoint {
    let at = SocketAddr::from(([192, 0, 2, 1], 5060));
    let user_agent = "test".into();
    Endpoint::new(Config { advertised_udp: at, advertised_tcp: at, user_agent, timers: Timers::default(), seed: 1 })
}

fn mutate(bytes: &mut Vec<u8>, at: prop::sample::Index, what: u8, byte: u8) {
    if bytes.is_empty() {
        return;
    }
    let at = at.index(bytes.len());
    match what % 5 {
        0 => bytes[at] = byte,
        1 => bytes.insert(at, byte),
        2 => drop(bytes.remove(at)),
        3 => bytes.truncate(at),
        _ => {
            let copy = bytes[at..].to_vec();
            bytes.extend(copy);
        }
    }
}

/// Interesting bytes more often than others.
fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![any::<u8>(), prop::sample::select(b" \t\r\n:;,<>\"\\@=/?%[]0z\0\xff".to_vec())]
}

/// Feeds an endpoint, says yes to whatever rings, lets time pass.
fn survive(messages: &[Vec<u8>], transport: Transport) {
    let mut endpoint = endpoint();
    let mut now = Time::default();
    for message in messages {
        endpoint.receive(now, transport, SocketAddr::from(([192, 0, 2, 9], 5060)), message);
        while let Some(event) = endpoint.poll_event() {
            if let Event::Incoming { call, .. } = event {
                endpoint.accept(now, call, SDP.into()).unwrap();
            } else if let Event::Reoffered { call, .. } = event {
                endpoint.answer_reoffer(now, call, SDP.into()).unwrap();
            }
        }
        while endpoint.poll_transmit().is_some() {}
    }
    for _ in 0..200 {
        let Some(next) = endpoint.poll_timeout() else { break };
        now = now.max(next);
        endpoint.handle_timeout(now);
        while endpoint.poll_transmit().is_some() {}
    }
    assert_eq!(endpoint.stats(), sip::Stats::default());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2 * ProptestConfig::default().cases, ..ProptestConfig::default() })]

    #[test]
    fn mutated_messages_never_panic_and_leave_nothing(
        mutations in prop::collection::vec((0_usize..5, any::<prop::sample::Index>(), any::<u8>(), byte()), 0..12),
        tcp in any::<bool>(),
    ) {
        let mut messages: Vec<Vec<u8>> = seeds().into_iter().map(String::into_bytes).collect();
        for (message, at, what, byte) in mutations {
            mutate(&mut messages[message], at, what, byte);
        }
        survive(&messages, if tcp { Transport::Tcp } else { Transport::Udp });
    }

    #[test]
    fn mutated_answers_never_panic(
        status in 100_u16..800,
        mutations in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), byte()), 0..8),
    ) {
        let mut endpoint = endpoint();
        let to = SocketAddr::from(([192, 0, 2, 9], 5060));
        let call = endpoint.invite(Time::default(), sip::Outgoing {
            to,
            transport: Transport::Udp,
            request_uri: "sip:1@192.0.2.9".into(),
            from: sip::NameAddr::default(),
            to_uri: "sip:1@192.0.2.9".into(),
            asserted: None,
            credentials: Some(sip::Credentials { username: "u".into(), password: "p".into() }),
            offer: SDP.into(),
        });
        let invite = String::from_utf8(endpoint.poll_transmit().unwrap().bytes).unwrap();
        let mut lines: Vec<&str> = invite.lines().filter(|line| {
            ["Via", "From", "To", "Call-ID", "CSeq", "Contact"].iter().any(|name| line.starts_with(&format!("{name}:")))
        }).collect();
        let challenge = "WWW-Authenticate: Digest realm=\"r\\\"\", nonce=\"n\", qop=\"auth,x\", Digest a=b, c\r\n\
            Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\", algorithm=SHA-256-sess, stale=true\r\n\
            Retry-After: 5 (later)\r\nMin-Expires: 9\r\nRecord-Route: <sip:a;lr>, <sip:b>";
        lines.push(challenge);
        let mut bytes = format!("SIP/2.0 {status} What\r\n{}\r\nContent-Type: application/sdp\r\n\r\n{SDP}", lines.join("\r\n"))
            .into_bytes();
        for (at, what, byte) in mutations {
            mutate(&mut bytes, at, what, byte);
        }
        for _ in 0..3 {
            endpoint.receive(Time::default(), Transport::Udp, to, &bytes);
        }
        let _ = endpoint.hang_up(Time::default(), call);
        for _ in 0..200 {
            let Some(next) = endpoint.poll_timeout() else { break };
            endpoint.handle_timeout(next);
        }
        prop_assert_eq!(endpoint.stats(), sip::Stats::default());
    }

    #[test]
    fn mutated_descriptions_never_panic(
        mutations in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), byte()), 0..12),
    ) {
        let mut bytes = SDP.as_bytes().to_vec();
        for (at, what, byte) in mutations {
            mutate(&mut bytes, at, what, byte);
        }
        if let Ok(theirs) = sdp::parse(&String::from_utf8_lossy(&bytes)) {
            let ours = sdp::Audio::g711(SocketAddr::from(([192, 0, 2, 1], 4000)));
            let mut local = sdp::Local::new(1);
            if let Ok((answer, agreed)) = local.answer(&theirs, &ours) {
                let read = sdp::parse(&answer).unwrap();
                prop_assert_eq!(read.audio.direction, agreed.direction);
            }
            local.offer(&ours);
            let _ = local.answered(&theirs);
        }
    }

    #[test]
    fn mutated_streams_never_panic_and_what_is_kept_is_bounded(
        mutations in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), byte()), 0..12),
        size in 1_usize..300,
    ) {
        let mut bytes = seeds().concat().into_bytes();
        for (at, what, byte) in mutations {
            mutate(&mut bytes, at, what, byte);
        }
        let mut framer = Framer::new();
        'stream: for chunk in bytes.chunks(size) {
            framer.push(chunk);
            loop {
                match framer.next_frame() {
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(_) => break 'stream,
                }
            }
        }
    }
}
