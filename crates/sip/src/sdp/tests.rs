//! Descriptions as carriers, PBXs and browsers write them, read and answered.

use super::*;

fn description(media: &str) -> String {
    format!("v=0\r\no=- 1 1 IN IP4 203.0.113.5\r\ns=-\r\nc=IN IP4 203.0.113.5\r\nt=0 0\r\n{media}")
}

fn ours() -> Audio {
    Audio::g711("192.0.2.1:4000".parse().unwrap())
}

#[test]
fn a_carriers_offer_is_read() {
    let text = description(
        "m=audio 30000 RTP/AVP 18 8 0 97 101 13\r\na=rtpmap:18 G729/8000\r\na=rtpmap:97 opus/48000/2\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=rtpmap:13 CN/8000\r\na=ptime:30\r\na=sendrecv\r\n",
    );
    let audio = parse(&text).unwrap().audio;
    let numbers: Vec<u8> = audio.codecs.iter().map(|payload| payload.number).collect();
    assert_eq!(numbers, [18, 8, 0, 97], "neither DTMF nor comfort noise is speech");
    assert_eq!(audio.codecs[1], Payload::PCMA);
    assert_eq!(audio.codecs[3].codec, Codec::Other { name: "opus".into(), clock_rate: 48000 });
    assert_eq!((audio.telephone_event, audio.ptime), (Some(101), Some(30)));
    assert_eq!(audio.socket_addr(), "203.0.113.5:30000".parse().unwrap());
}

#[test]
fn the_answer_has_one_codec_under_their_numbers() {
    let offer =
        parse(&description("m=audio 30000 RTP/AVP 9 8 0 96\r\na=rtpmap:96 telephone-event/8000\r\na=ptime:30\r\n"))
            .unwrap();
    let (answer, agreed) = Local::new(7).answer(&offer, &ours()).unwrap();
    assert!(answer.contains("m=audio 4000 RTP/AVP 8 96\r\n"), "{answer}");
    assert!(answer.contains("o=- 7 1 IN IP4 192.0.2.1\r\n"));
    assert_eq!((agreed.send, agreed.receive_number, agreed.ptime), (Payload::PCMA, 8, 30));
    assert_eq!((agreed.telephone_event_send, agreed.telephone_event_receive), (Some(96), Some(96)));
}

#[test]
fn of_our_offer_each_side_keeps_its_own_numbers() {
    let mut local = Local::new(7);
    let mut audio = ours();
    audio.codecs.push(Payload { number: 96, codec: Codec::Other { name: "l16".into(), clock_rate: 8000 } });
    local.offer(&audio);
    let answer =
        description("m=audio 30000 RTP/AVP 110 126\r\na=rtpmap:110 L16/8000\r\na=rtpmap:126 telephone-event/8000\r\n");
    let agreed = local.answered(&parse(&answer).unwrap()).unwrap();
    assert_eq!((agreed.send.number, agreed.receive_number), (110, 96));
    assert_eq!((agreed.telephone_event_send, agreed.telephone_event_receive), (Some(126), Some(101)));
    let refused = description("m=audio 0 RTP/AVP 0\r\n");
    assert_eq!(local.answered(&parse(&refused).unwrap()), Err(NoCommonCodec));
}

/// RFC 3264 §6.1: every direction that they may write, and every one that we want.
#[test]
fn every_direction_is_mirrored_as_far_as_ours_allows() {
    use Direction::{Inactive, RecvOnly, SendOnly, SendRecv};
    for (theirs, wanted, answered) in [
        (SendRecv, SendRecv, SendRecv),
        (SendOnly, SendRecv, RecvOnly),
        (RecvOnly, SendRecv, SendOnly),
        (Inactive, SendRecv, Inactive),
        (SendRecv, SendOnly, SendOnly),
        (SendOnly, SendOnly, Inactive),
        (RecvOnly, SendOnly, SendOnly),
        (SendRecv, RecvOnly, RecvOnly),
        (SendOnly, RecvOnly, RecvOnly),
        (RecvOnly, RecvOnly, Inactive),
        (SendRecv, Inactive, Inactive),
    ] {
        let offer = parse(&description(&format!("m=audio 9 RTP/AVP 0\r\na={}\r\n", theirs.attribute()))).unwrap();
        let wanted = Audio { direction: wanted, ..ours() };
        let (text, agreed) = Local::new(1).answer(&offer, &wanted).unwrap();
        assert_eq!(agreed.direction, answered, "{theirs:?} {wanted:?}");
        assert!(text.contains(&format!("a={}\r\n", answered.attribute())));
    }
}

#[test]
fn an_address_of_zeros_is_the_hold_of_old() {
    let zeros = description("m=audio 30000 RTP/AVP 0\r\n").replace("c=IN IP4 203.0.113.5", "c=IN IP4 0.0.0.0");
    assert_eq!(parse(&zeros).unwrap().audio.direction, Direction::SendOnly);
    let silent = zeros + "a=recvonly\r\n";
    assert_eq!(parse(&silent).unwrap().audio.direction, Direction::Inactive);
    let (text, _) = Local::new(1).answer(&parse(&silent).unwrap(), &ours()).unwrap();
    assert!(text.contains("c=IN IP4 192.0.2.1\r\n") && text.contains("a=inactive\r\n"));
}

#[test]
fn a_direction_above_the_stream_holds_unless_the_stream_says_otherwise() {
    let session =
        "v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\ns=-\r\nt=0 0\r\na=sendonly\r\nm=audio 9 RTP/AVP 0\r\nc=IN IP4 1.2.3.4\r\n";
    assert_eq!(parse(session).unwrap().audio.direction, Direction::SendOnly);
    let stream = format!("{session}a=sendrecv\r\n");
    assert_eq!(parse(&stream).unwrap().audio.direction, Direction::SendRecv);
}

#[test]
fn other_streams_are_refused_in_their_place() {
    let offer = description(
        "m=video 5000 RTP/AVP 31 34\r\nm=audio 30000 RTP/SAVP 0\r\nm=audio 30002 RTP/AVP 0\r\nm=image 6000 udptl t38\r\n",
    );
    let (answer, agreed) = Local::new(1).answer(&parse(&offer).unwrap(), &ours()).unwrap();
    let lines: Vec<&str> = answer.lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(
        lines,
        ["m=video 0 RTP/AVP 31 34", "m=audio 0 RTP/SAVP 0", "m=audio 4000 RTP/AVP 0", "m=image 0 udptl t38"]
    );
    assert_eq!(agreed.remote.port(), 30002);
    assert_eq!(agreed.telephone_event_send, None);
}

#[test]
fn a_stream_that_is_switched_off_stands_behind_one_that_is_not() {
    let offer = parse(&description("m=audio 0 RTP/AVP 0\r\nm=audio 30002 RTP/AVP 8\r\n")).unwrap();
    assert_eq!((offer.audio.port, &offer.audio.codecs[..]), (30002, &[Payload::PCMA][..]));
    assert_eq!(parse(&description("m=audio 0 RTP/AVP 0\r\n")).unwrap().audio.port, 0);
}

#[test]
fn the_version_grows_when_the_description_changes_and_only_then() {
    let mut local = Local::new(3);
    let version = |text: &str| text.split("o=- 3 ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    assert_eq!(version(&local.offer(&ours())), "1");
    assert_eq!(version(&local.offer(&ours())), "1");
    let held = Audio { direction: Direction::SendOnly, ..ours() };
    assert_eq!(version(&local.offer(&held)), "2");
    assert_eq!(version(&local.offer(&ours())), "3");
}

#[test]
fn what_we_write_we_read() {
    let mut local = Local::new(1);
    let ours = Audio { direction: Direction::RecvOnly, ..Audio::g711("[2001:db8::1]:4000".parse().unwrap()) };
    assert_eq!(parse(&local.offer(&ours)).unwrap().audio, ours);
}

#[test]
fn no_common_codec_is_no_answer() {
    for media in
        ["m=audio 9 RTP/AVP 18\r\n", "m=audio 0 RTP/AVP 0\r\n", "m=audio 9 RTP/AVP 0\r\na=rtpmap:0 other/8000\r\n"]
    {
        let offer = parse(&description(media)).unwrap();
        assert_eq!(Local::new(1).answer(&offer, &ours()), Err(NoCommonCodec), "{media}");
    }
}

#[test]
fn nonsense_is_refused() {
    let long = description(&"a=x\r\n".repeat(4000));
    for text in [
        "",
        "v=1\r\n",
        "v=0\r\nm=audio 9 RTP/AVP 0\r\nc=IN IP4 1.2.3.4\r\n",
        &description(""),
        &description("m=audio 9 RTP/AVP 0\r\nnonsense\r\n"),
        &description("m=audio 99999 RTP/AVP 0\r\n"),
        &description("m=audio 9 RTP/AVP 0\r\nc=IN IP4 host.example\r\n").replace("c=IN IP4 203.0.113.5\r\n", ""),
        &description("m=video 9 RTP/AVP 31\r\n"),
        &long,
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}
