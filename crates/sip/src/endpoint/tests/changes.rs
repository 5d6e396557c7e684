//! Changes of a session that is up: hold and resume, glare, late offers.

use super::*;

const HELD: &str =
    "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\na=sendonly\r\n";

#[test]
fn each_side_can_change_the_session() {
    let mut pair = Pair::new();
    let (a, b) = pair.talk();
    pair.a.reoffer(pair.now, a, HELD.into()).unwrap();
    assert!(pair.a.reoffer(pair.now, a, HELD.into()).is_err());
    pair.settle();
    assert_eq!(events(&mut pair.b), [Event::Reoffered { call: b, sdp: Some(HELD.into()) }]);
    assert!(pair.b.reoffer(pair.now, b, OFFER.into()).is_err());
    pair.b.answer_reoffer(pair.now, b, ANSWER.into()).unwrap();
    assert!(pair.b.answer_reoffer(pair.now, b, ANSWER.into()).is_err());
    pair.settle();
    assert_eq!(events(&mut pair.a), [Event::ReofferAnswered { call: a, sdp: ANSWER.into() }]);
    assert_eq!(events(&mut pair.b), [Event::Confirmed { call: b, sdp: None }]);
    pair.b.reoffer(pair.now, b, HELD.into()).unwrap();
    pair.settle();
    assert_eq!(events(&mut pair.a), [Event::Reoffered { call: a, sdp: Some(HELD.into()) }]);
    pair.a.refuse_reoffer(pair.now, a, 488).unwrap();
    pair.settle();
    assert_eq!(events(&mut pair.b), [Event::ReofferRefused { call: b, status: 488 }]);
    pair.a.hang_up(pair.now, a).unwrap();
    pair.assert_clean();
}

#[test]
fn test_eight_a_call_that_was_held_for_15_minutes_is_resumed() {
    let mut pair = Pair::new();
    let (a, b) = pair.talk();
    for (offer, wait) in [(HELD, Duration::from_mins(15)), (OFFER, Duration::from_secs(1))] {
        pair.b.reoffer(pair.now, b, offer.into()).unwrap();
        pair.settle();
        assert_eq!(events(&mut pair.a), [Event::Reoffered { call: a, sdp: Some(offer.into()) }]);
        pair.a.answer_reoffer(pair.now, a, ANSWER.into()).unwrap();
        pair.settle();
        assert_eq!(events(&mut pair.b), [Event::ReofferAnswered { call: b, sdp: ANSWER.into() }]);
        pair.pass(wait);
        assert_eq!(events(&mut pair.a), [Event::Confirmed { call: a, sdp: None }]);
    }
    pair.a.hang_up(pair.now, a).unwrap();
    pair.assert_clean();
}

#[test]
fn test_ten_of_two_changes_at_once_both_wait_and_one_goes_first() {
    let mut pair = Pair::new();
    let (a, b) = pair.talk();
    pair.a.reoffer(pair.now, a, HELD.into()).unwrap();
    pair.b.reoffer(pair.now, b, OFFER.into()).unwrap();
    pair.settle();
    assert_eq!((events(&mut pair.a), events(&mut pair.b)), (vec![], vec![]), "491 is told to nobody");
    // RFC 3261 section 14.1: B, which did not make the Call-ID, waits for 0 to 2 s.
    pair.pass(Duration::from_secs(2));
    assert_eq!(events(&mut pair.a), [Event::Reoffered { call: a, sdp: Some(OFFER.into()) }]);
    pair.a.answer_reoffer(pair.now, a, ANSWER.into()).unwrap();
    pair.settle();
    assert_eq!(events(&mut pair.b), [Event::ReofferAnswered { call: b, sdp: ANSWER.into() }]);
    // A waits for 2.1 to 4 s.
    pair.pass(Duration::from_secs(2));
    assert_eq!(events(&mut pair.b), [Event::Reoffered { call: b, sdp: Some(HELD.into()) }]);
    pair.b.refuse_reoffer(pair.now, b, 488).unwrap();
    pair.settle();
    let confirmed = Event::Confirmed { call: a, sdp: None };
    assert_eq!(events(&mut pair.a), [confirmed, Event::ReofferRefused { call: a, status: 488 }]);
}

#[test]
fn a_change_before_the_ack_waits_for_it() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    pair.b.accept(pair.now, b, ANSWER.into()).unwrap();
    pair.b.reoffer(pair.now, b, HELD.into()).unwrap();
    assert_eq!(first_lines(&sent(&mut pair.b)), ["SIP/2.0 200 OK"]);
    pair.pass(Duration::from_secs(1));
    let accepted = Event::Accepted { call: a, sdp: ANSWER.into() };
    assert_eq!(events(&mut pair.a), [accepted, Event::Reoffered { call: a, sdp: Some(HELD.into()) }]);
}

#[test]
fn a_change_that_overtakes_the_ack_stands_for_it() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    pair.b.accept(pair.now, b, ANSWER.into()).unwrap();
    pair.settle_but(|text| text.starts_with("ACK"));
    pair.a.reoffer(pair.now, a, HELD.into()).unwrap();
    pair.settle();
    let confirmed = Event::Confirmed { call: b, sdp: None };
    assert_eq!(events(&mut pair.b), [confirmed, Event::Reoffered { call: b, sdp: Some(HELD.into()) }]);
}

#[test]
fn test_three_a_change_is_challenged_by_server_and_proxy_and_made_again() {
    let mut pair = Pair::new();
    let (a, _) = pair.talk();
    pair.a.reoffer(pair.now, a, HELD.into()).unwrap();
    let first = sent(&mut pair.a).remove(0);
    let proxy = answer(&first, "407 Who", "", "Proxy-Authenticate: Digest realm=\"p\", nonce=\"1\", qop=auth\r\n");
    let second = said(&mut pair.a, pair.now, &proxy).pop().unwrap();
    let server = answer(&second, "401 Who", "", "WWW-Authenticate: Digest realm=\"s\", nonce=\"2\", qop=auth\r\n");
    let third = said(&mut pair.a, pair.now, &server).pop().unwrap();
    assert!(header(&third, "Proxy-Authorization").contains("nc=00000002"));
    assert!(header(&third, "Authorization").contains("nc=00000001") && third.ends_with(HELD));
    assert_eq!(header(&third, "CSeq"), "4 INVITE");
    // Only too old: once more. Then the password is wrong.
    let stale = "WWW-Authenticate: Digest realm=\"s\", nonce=\"3\", qop=auth, stale=true\r\n";
    let fourth = said(&mut pair.a, pair.now, &answer(&third, "401 Who", "", stale)).pop().unwrap();
    assert!(header(&fourth, "Authorization").contains("nonce=\"3\""));
    assert_eq!(first_lines(&said(&mut pair.a, pair.now, &answer(&fourth, "401 Who", "", stale))), ["ACK"]);
    assert_eq!(events(&mut pair.a), [Event::ReofferRefused { call: a, status: 401 }]);
}

#[test]
fn a_change_that_nobody_answers_ends_the_call() {
    let mut pair = Pair::new();
    let (a, _) = pair.talk();
    pair.a.reoffer(pair.now, a, HELD.into()).unwrap();
    pair.pass_but(Duration::from_secs(33), |_| true);
    assert_eq!(events(&mut pair.a), [Event::Broken { call: a }]);
    pair.pass_but(Duration::from_secs(33), |_| true);
    assert_eq!(events(&mut pair.a), [Event::Terminated { call: a }]);
}

#[test]
fn hanging_up_in_the_middle_of_a_change_leaves_nothing() {
    for who in 0..4 {
        let mut pair = Pair::new();
        let (a, b) = pair.talk();
        pair.a.reoffer(pair.now, a, HELD.into()).unwrap();
        pair.settle();
        match who {
            0 => pair.a.hang_up(pair.now, a).unwrap(),
            1 => pair.b.hang_up(pair.now, b).unwrap(),
            2 => {
                pair.b.answer_reoffer(pair.now, b, ANSWER.into()).unwrap();
                pair.a.hang_up(pair.now, a).unwrap();
            }
            _ => {
                pair.b.answer_reoffer(pair.now, b, ANSWER.into()).unwrap();
                pair.b.hang_up(pair.now, b).unwrap();
            }
        }
        pair.settle();
        assert_eq!(events(&mut pair.a).last(), Some(&Event::Terminated { call: a }), "{who}");
        assert_eq!(events(&mut pair.b).last(), Some(&Event::Terminated { call: b }), "{who}");
        pair.assert_clean();
    }
}

#[test]
fn test_twelve_an_invite_without_offer_is_accepted_with_one_and_answered_in_the_ack() {
    let mut pair = Pair::new();
    let mut invite = outgoing();
    invite.offer = String::new();
    pair.a.invite(pair.now, invite);
    let invite = sent(&mut pair.a).remove(0).replace("Content-Type: application/sdp\r\n", "");
    pair.b.receive(pair.now, Transport::Udp, address(1), invite.as_bytes());
    let Some(Event::Incoming { call: b, offer: None, .. }) = pair.b.poll_event() else { panic!() };
    pair.b.accept(pair.now, b, OFFER.into()).unwrap();
    let accepted = sent(&mut pair.b).pop().unwrap();
    assert!(accepted.ends_with(OFFER));
    let ack = format!(
        "ACK sip:x@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKack\r\nFrom: {}\r\nTo: {}\r\n\
         Call-ID: {}\r\nCSeq: 1 ACK\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{ANSWER}",
        header(&accepted, "From"),
        header(&accepted, "To"),
        header(&accepted, "Call-ID"),
        ANSWER.len()
    );
    pair.b.receive(pair.now, Transport::Udp, address(1), ack.as_bytes());
    assert_eq!(events(&mut pair.b), [Event::Confirmed { call: b, sdp: Some(ANSWER.into()) }]);
}
