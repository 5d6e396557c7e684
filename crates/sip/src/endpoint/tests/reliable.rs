//! Reliable provisional answers (RFC 3262), both ways, and early media.

use super::*;

const OTHER: &str =
    "v=0\r\no=- 2 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 5000 RTP/AVP 8\r\n";

fn now() -> Time {
    Time::default()
}

fn reliable(rseq: u32) -> String {
    format!("Require: 100rel\r\nRSeq: {rseq}\r\n")
}

/// A call of ours, and its INVITE.
fn calling() -> (Endpoint, CallKey, String) {
    let mut endpoint = endpoint(1);
    let call = endpoint.invite(now(), outgoing());
    let invite = sent(&mut endpoint).remove(0);
    (endpoint, call, invite)
}

#[test]
fn test_thirteen_a_reliable_183_is_acknowledged_once_and_in_order() {
    let (mut endpoint, call, invite) = calling();
    let early = |rseq, sdp| answer_with(&invite, "183 Session Progress", "far", &reliable(rseq), sdp);
    let prack = said(&mut endpoint, now(), &early(988_789, ANSWER)).remove(0);
    assert!(prack.starts_with("PRACK sip:far@192.0.2.2 SIP/2.0\r\n"), "{prack}");
    assert_eq!((header(&prack, "RAck"), header(&prack, "CSeq")), ("988789 1 INVITE", "2 PRACK"));
    assert!(header(&prack, "To").ends_with(";tag=far"));
    assert_eq!(said(&mut endpoint, now(), &early(988_789, ANSWER)), [""; 0], "again: its PRACK is on the way");
    assert_eq!(said(&mut endpoint, now(), &early(988_791, OTHER)), [""; 0], "too early: it will come again");
    let next = said(&mut endpoint, now(), &answer_with(&invite, "180 Ringing", "far", &reliable(988_790), ""));
    assert_eq!((header(&next[0], "RAck"), header(&next[0], "CSeq")), ("988790 1 INVITE", "3 PRACK"));
    assert_eq!(events(&mut endpoint), [Event::EarlyMedia { call, sdp: ANSWER.into() }, Event::Ringing { call }]);
    // Another branch counts for itself.
    let fork = said(&mut endpoint, now(), &answer_with(&invite, "180 Ringing", "two", &reliable(1), "")).remove(0);
    assert_eq!((header(&fork, "RAck"), header(&fork, "CSeq")), ("1 1 INVITE", "2 PRACK"));
    // The numbers go on after the 200, and the answer stands where it stood.
    events(&mut endpoint);
    said(&mut endpoint, now(), &answer(&invite, "200 OK", "far", ""));
    assert_eq!(events(&mut endpoint), [Event::Accepted { call, sdp: ANSWER.into() }]);
    endpoint.hang_up(now(), call).unwrap();
    assert_eq!(header(&sent(&mut endpoint)[0], "CSeq"), "4 BYE");
}

#[test]
fn test_thirteen_another_codec_in_the_200_than_in_the_183_is_told() {
    let (mut endpoint, call, invite) = calling();
    said(&mut endpoint, now(), &answer_with(&invite, "183 Session Progress", "far", &reliable(1), ANSWER));
    said(&mut endpoint, now(), &answer(&invite, "200 OK", "far", OTHER));
    let early = Event::EarlyMedia { call, sdp: ANSWER.into() };
    assert_eq!(events(&mut endpoint), [early, Event::Accepted { call, sdp: OTHER.into() }]);
}

#[test]
fn a_prack_that_is_challenged_is_signed_and_one_that_is_lost_comes_again() {
    let (mut endpoint, _, invite) = calling();
    let prack = said(&mut endpoint, now(), &answer_with(&invite, "180 Ringing", "far", &reliable(1), "")).remove(0);
    let mut clock = now();
    let again = alone(&mut endpoint, &mut clock, Duration::from_millis(500)).remove(0).1;
    // The INVITE has been heard, the PRACK not.
    assert_eq!(again, prack);
    let challenge = "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n";
    let signed = said(&mut endpoint, clock, &answer(&prack, "407 Who Are You", "far", challenge)).remove(0);
    assert_eq!((header(&signed, "RAck"), header(&signed, "CSeq")), ("1 1 INVITE", "3 PRACK"));
    assert!(header(&signed, "Proxy-Authorization").contains("username=\"u\""));
    assert_eq!(said(&mut endpoint, clock, &answer(&signed, "481 Gone", "far", "")), [""; 0]);
}

/// An INVITE that requires 1xx to be acknowledged.
fn required(more: &str, sdp: &str) -> Vec<u8> {
    let kind = if sdp.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    let head = "INVITE sip:x@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKi;rport\r\n\
        From: <sip:a@h>;tag=1\r\nTo: <sip:x@h>\r\nCall-ID: c\r\nCSeq: 7 INVITE\r\nContact: <sip:a@192.0.2.2>\r\n";
    format!("{head}Require: 100rel\r\n{more}{kind}Content-Length: {}\r\n\r\n{sdp}", sdp.len()).into_bytes()
}

fn offered(sdp: &str) -> (Endpoint, CallKey) {
    let mut endpoint = endpoint(1);
    assert_eq!(first_lines(&said(&mut endpoint, now(), &required("", sdp))), ["SIP/2.0 100 Trying"]);
    let Some(Event::Incoming { call, .. }) = endpoint.poll_event() else { panic!() };
    (endpoint, call)
}

fn prack(of: &str, seq: u32, sdp: &str) -> Vec<u8> {
    within(of, "PRACK", seq, &format!("RAck: {} 7 INVITE\r\n", header(of, "RSeq")), sdp)
}

#[test]
fn a_caller_who_requires_it_gets_each_1xx_until_it_acknowledges_it() {
    let (mut endpoint, call) = offered(OFFER);
    endpoint.ringing(now(), call).unwrap();
    endpoint.progress(now(), call, ANSWER.into()).unwrap();
    let mut clock = now();
    let copies = alone(&mut endpoint, &mut clock, Duration::from_millis(3600));
    let at: Vec<u128> = copies.iter().map(|(at, _)| at.as_millis()).collect();
    assert_eq!(at, [0, 500, 1500, 3500], "the 180, doubling; the 183 waits behind it");
    let ringing = copies[0].1.clone();
    assert!(ringing.starts_with("SIP/2.0 180 ") && header(&ringing, "Require") == "100rel");
    // Neither another number nor another INVITE is meant.
    for wrong in ["RAck: 1 7 INVITE\r\n".to_owned(), format!("RAck: {} 8 INVITE\r\n", header(&ringing, "RSeq"))] {
        let refused = said(&mut endpoint, clock, &within(&ringing, "PRACK", 8, &wrong, ""));
        assert!(refused[0].starts_with("SIP/2.0 481 "), "{wrong}");
    }
    let next = said(&mut endpoint, clock, &prack(&ringing, 9, ""));
    assert_eq!(first_lines(&next), ["SIP/2.0 200 OK", "SIP/2.0 183 Session Progress"]);
    assert_eq!(said(&mut endpoint, clock, &prack(&ringing, 9, "")), [next[0].clone()], "lost and sent again");
    let rseq = |text: &str| header(text, "RSeq").parse::<u32>().unwrap();
    assert_eq!(rseq(&next[1]), rseq(&ringing) + 1);
    assert!(next[1].ends_with(ANSWER));
    // RFC 3262 section 3: no 200 before a description is acknowledged; what it said is not said again.
    endpoint.accept(clock, call, ANSWER.into()).unwrap();
    assert_eq!(sent(&mut endpoint), [""; 0]);
    let accepted = said(&mut endpoint, clock, &prack(&next[1], 10, ""));
    assert_eq!(first_lines(&accepted), ["SIP/2.0 200 OK"; 2]);
    assert!(header(&accepted[1], "CSeq") == "7 INVITE" && accepted[1].ends_with("\r\n\r\n"));
    said(&mut endpoint, clock, &within(&ringing, "ACK", 7, "", ""));
    assert_eq!(events(&mut endpoint), [Event::Confirmed { call, sdp: None }]);
}

#[test]
fn an_answer_that_stood_in_one_1xx_does_not_stand_in_the_next() {
    let (mut endpoint, call) = offered(OFFER);
    endpoint.progress(now(), call, ANSWER.into()).unwrap();
    endpoint.progress(now(), call, OTHER.into()).unwrap();
    let first = sent(&mut endpoint).remove(0);
    let second = said(&mut endpoint, now(), &prack(&first, 8, "")).remove(1);
    assert!(first.ends_with(ANSWER) && second.starts_with("SIP/2.0 183 ") && second.ends_with("\r\n\r\n"));
}

#[test]
fn a_200_does_not_wait_for_a_1xx_without_description() {
    let (mut endpoint, call) = offered(OFFER);
    endpoint.ringing(now(), call).unwrap();
    let ringing = sent(&mut endpoint).remove(0);
    endpoint.accept(now(), call, ANSWER.into()).unwrap();
    let accepted = sent(&mut endpoint).remove(0);
    assert!(accepted.starts_with("SIP/2.0 200 ") && accepted.ends_with(ANSWER));
    assert!(said(&mut endpoint, now(), &prack(&ringing, 8, ""))[0].starts_with("SIP/2.0 200 "));
    said(&mut endpoint, now(), &within(&ringing, "ACK", 7, "", ""));
    endpoint.hang_up(now(), call).unwrap();
    let bye = sent(&mut endpoint).remove(0);
    said(&mut endpoint, now(), &answer(&bye, "200 OK", "", ""));
    let mut clock = now();
    alone(&mut endpoint, &mut clock, Duration::from_mins(5));
    assert_eq!(endpoint.stats(), Stats::default());
}

#[test]
fn a_1xx_that_is_never_acknowledged_ends_the_call() {
    let (mut endpoint, call) = offered(OFFER);
    endpoint.ringing(now(), call).unwrap();
    let mut clock = now();
    let all = alone(&mut endpoint, &mut clock, Duration::from_secs(32));
    assert!(all.last().is_some_and(|(_, text)| text.starts_with("SIP/2.0 504 ")));
    assert_eq!(events(&mut endpoint), [Event::Broken { call }, Event::Terminated { call }]);
    alone(&mut endpoint, &mut clock, Duration::from_mins(5));
    assert_eq!(endpoint.stats(), Stats::default());
}

#[test]
fn test_twelve_a_late_offer_may_stand_in_the_183_and_its_answer_in_the_prack() {
    let (mut endpoint, call) = offered("");
    endpoint.ringing(now(), call).unwrap();
    assert_eq!(sent(&mut endpoint), [""; 0], "it would have to carry an offer");
    endpoint.progress(now(), call, OFFER.into()).unwrap();
    let early = sent(&mut endpoint).remove(0);
    assert!(early.starts_with("SIP/2.0 183 ") && early.ends_with(OFFER));
    // Theirs on top of ours.
    let glare = said(&mut endpoint, now(), &within(&early, "UPDATE", 8, "", OTHER)).remove(0);
    assert!(glare.starts_with("SIP/2.0 491 "));
    said(&mut endpoint, now(), &prack(&early, 9, ANSWER));
    assert_eq!(events(&mut endpoint), [Event::Confirmed { call, sdp: Some(ANSWER.into()) }]);
    // From now on either side may change it.
    assert_eq!(said(&mut endpoint, now(), &within(&early, "UPDATE", 10, "", OTHER)), [""; 0]);
    assert_eq!(events(&mut endpoint), [Event::Reoffered { call, sdp: Some(OTHER.into()) }]);
    endpoint.answer_reoffer(now(), call, OFFER.into()).unwrap();
    assert!(sent(&mut endpoint)[0].ends_with(OFFER));
    endpoint.accept(now(), call, OFFER.into()).unwrap();
    assert!(sent(&mut endpoint)[0].ends_with("\r\n\r\n"), "offer and answer are exchanged");
}

#[test]
fn a_second_offer_in_the_prack_is_answered_in_its_200() {
    let (mut endpoint, call) = offered(OFFER);
    endpoint.progress(now(), call, ANSWER.into()).unwrap();
    let early = sent(&mut endpoint).remove(0);
    assert_eq!(said(&mut endpoint, now(), &prack(&early, 8, OTHER)), [""; 0]);
    assert_eq!(events(&mut endpoint), [Event::Reoffered { call, sdp: Some(OTHER.into()) }]);
    endpoint.accept(now(), call, ANSWER.into()).unwrap();
    sent(&mut endpoint);
    endpoint.answer_reoffer(now(), call, ANSWER.into()).unwrap();
    let answered = sent(&mut endpoint).remove(0);
    assert!(header(&answered, "CSeq") == "8 PRACK" && answered.ends_with(ANSWER));
}

#[test]
fn a_caller_who_only_supports_it_gets_plain_1xx() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    pair.b.ringing(pair.now, b).unwrap();
    let ringing = sent(&mut pair.b).remove(0);
    assert!(!ringing.contains("RSeq") && !ringing.contains("Require"));
    pair.a.receive(pair.now, Transport::Udp, address(2), ringing.as_bytes());
    assert_eq!((sent(&mut pair.a), events(&mut pair.a)), (vec![], vec![Event::Ringing { call: a }]));
}
