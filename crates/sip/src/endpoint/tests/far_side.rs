//! Holds and late offers of the far side, in each form that the field knows, from the wire to the description.

use super::*;
use crate::sdp::{Audio, Direction, Local, parse};

fn now() -> Time {
    Time::default()
}

/// A call of ours, and our side of its session.
fn up() -> (Endpoint, CallKey, String, Local) {
    let mut endpoint = endpoint(1);
    let mut local = Local::new(7);
    let call = endpoint.invite(now(), Outgoing { offer: local.offer(&ours()), ..outgoing() });
    let invite = sent(&mut endpoint).remove(0);
    let ack = said(&mut endpoint, now(), &answer(&invite, "200 OK", "far", ANSWER)).remove(0);
    events(&mut endpoint);
    (endpoint, call, ack, local)
}

fn ours() -> Audio {
    Audio::g711("192.0.2.1:4000".parse().unwrap())
}

fn theirs(version: u32, address: &str, above: &str, below: &str) -> String {
    format!(
        "v=0\r\no=- 2 {version} IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n{above}\
         m=audio 5000 RTP/AVP 0\r\n{below}"
    )
}

/// RFC 3264 §5.1, §6.1, §8.4.
#[test]
fn test_eight_every_hold_of_the_far_side_is_answered_mirrored_and_resumed() {
    let (here, zero) = ("192.0.2.2", "0.0.0.0");
    let (mut endpoint, call, ack, mut local) = up();
    let mut seq = 0;
    for method in ["INVITE", "UPDATE"] {
        for (address, above, below, expected) in [
            (here, "", "a=sendonly\r\n", Direction::RecvOnly),
            (here, "", "a=inactive\r\n", Direction::Inactive),
            (here, "", "a=recvonly\r\n", Direction::SendOnly),
            (here, "a=sendonly\r\n", "", Direction::RecvOnly),
            (here, "a=inactive\r\n", "", Direction::Inactive),
            (here, "a=inactive\r\n", "a=sendrecv\r\n", Direction::SendRecv),
            (zero, "", "", Direction::RecvOnly),
            (zero, "", "a=sendonly\r\n", Direction::RecvOnly),
            (zero, "", "a=inactive\r\n", Direction::Inactive),
            (zero, "a=recvonly\r\n", "", Direction::Inactive),
            (here, "", "", Direction::SendRecv),
        ] {
            seq += 1;
            let offer = theirs(seq, address, above, below);
            said(&mut endpoint, now(), &within(&ack, method, seq, "", &offer));
            let Some(Event::Reoffered { sdp: Some(sdp), .. }) = endpoint.poll_event() else { panic!("{offer}") };
            let (text, agreed) = local.answer(&parse(&sdp).unwrap(), &ours()).unwrap();
            endpoint.answer_reoffer(now(), call, text).unwrap();
            let answer = sent(&mut endpoint).pop().unwrap();
            assert_eq!(agreed.direction, expected, "{method} {offer}");
            assert_eq!(parse(&answer[answer.find("v=0").unwrap()..]).unwrap().audio.direction, expected);
            if method == "INVITE" {
                said(&mut endpoint, now(), &within(&ack, "ACK", seq, "", ""));
            }
            events(&mut endpoint);
        }
    }
    // After all of it both sides send again.
    assert_eq!(endpoint.stats().calls, 1);
}

#[test]
fn test_twelve_a_change_without_offer_is_accepted_with_one_and_answered_in_the_ack() {
    let (mut endpoint, call, ack, mut local) = up();
    assert_eq!(first_lines(&said(&mut endpoint, now(), &within(&ack, "INVITE", 1, "", ""))), ["SIP/2.0 100 Trying"]);
    assert_eq!(events(&mut endpoint), [Event::Reoffered { call, sdp: None }]);
    endpoint.answer_reoffer(now(), call, local.offer(&ours())).unwrap();
    let accepted = sent(&mut endpoint).remove(0);
    assert!(accepted.starts_with("SIP/2.0 200 ") && accepted.contains("m=audio 4000 RTP/AVP 0 8 101\r\n"));
    // An offer of theirs on top of ours has to wait.
    let early = said(&mut endpoint, now(), &within(&ack, "UPDATE", 2, "", ANSWER)).remove(0);
    assert!(early.starts_with("SIP/2.0 491 "), "{early}");
    said(&mut endpoint, now(), &within(&ack, "ACK", 1, "", ANSWER));
    assert_eq!(events(&mut endpoint), [Event::Confirmed { call, sdp: Some(ANSWER.into()) }]);
    local.answered(&parse(ANSWER).unwrap()).unwrap();
}

#[test]
fn test_twelve_an_ack_that_brings_the_answer_in_a_multipart_body_is_read() {
    let (mut endpoint, call, ack, mut local) = up();
    said(&mut endpoint, now(), &within(&ack, "INVITE", 1, "", ""));
    endpoint.answer_reoffer(now(), call, local.offer(&ours())).unwrap();
    sent(&mut endpoint);
    events(&mut endpoint);
    let body = format!("--x\r\nContent-Type: application/sdp\r\n\r\n{ANSWER}\r\n--x--\r\n");
    let bare = String::from_utf8(within(&ack, "ACK", 1, "Content-Type: multipart/mixed;boundary=x\r\n", "")).unwrap();
    let whole = bare.replace("Content-Length: 0", &format!("Content-Length: {}", body.len())) + &body;
    said(&mut endpoint, now(), whole.as_bytes());
    assert_eq!(events(&mut endpoint), [Event::Confirmed { call, sdp: Some(ANSWER.into()) }]);
}

/// What was answered, offered again unchanged to refresh the session, is no new version, and its answer is understood.
#[test]
fn an_answer_of_ours_can_be_offered_again() {
    let mut local = Local::new(7);
    let hold = theirs(1, "192.0.2.2", "", "a=sendonly\r\na=rtpmap:96 telephone-event/8000\r\n")
        .replace(" 0\r\na=s", " 0 96\r\na=s");
    local.answer(&parse(&hold).unwrap(), &ours()).unwrap();
    let agreed = local.answered(&parse(&theirs(1, "192.0.2.2", "", "a=sendonly\r\n")).unwrap()).unwrap();
    assert_eq!((agreed.direction, agreed.telephone_event_receive), (Direction::RecvOnly, None));
}
