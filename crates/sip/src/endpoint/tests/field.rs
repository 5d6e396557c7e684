//! What else comes from the field: proxies, challenges, questions, nonsense.

use super::*;

fn ask(endpoint: &mut Endpoint, request: &str) -> String {
    endpoint.receive(Time::default(), Transport::Udp, address(9), request.replace('\n', "\r\n").as_bytes());
    sent(endpoint).pop().unwrap_or_default()
}

fn request(method: &str, more: &str) -> String {
    format!(
        "{method} sip:x@192.0.2.2 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK{method};rport\n\
         From: <sip:a@h>;tag=1\nTo: <sip:x@h>\nCall-ID: c\nCSeq: 7 {method}\n{more}\n"
    )
}

#[test]
fn questions_and_unknown_methods_are_answered_and_leave_nothing() {
    let mut endpoint = endpoint(2);
    for (method, more, status) in [
        ("OPTIONS", "", "200"),
        ("REGISTER", "", "405"),
        ("INFO", "", "405"),
        ("REFER", "", "405"),
        ("PRACK", "", "481"),
        ("UPDATE", "", "481"),
        ("NONSENSE", "", "501"),
        ("BYE", "", "481"),
        ("CANCEL", "", "481"),
        ("OPTIONS", "Require: a, b\n", "420"),
        ("INVITE", "Require: 100rel, x\nContact: <sip:a@h>\n", "420"),
        ("INVITE", "Contact: <sip:a@h>\nContent-Type: text/plain\n\nhello", "415"),
        ("INVITE", "Contact: <sip:a@h>\nContent-Type: multipart/mixed;boundary=x\n\nhello", "415"),
        ("INVITE", "Contact: <sip:a@h>\nAccept: text/plain\n", "406"),
        ("INVITE", "Contact: <sip:a@h>, <sip:b@h>\n", "400"),
        ("INVITE", "Max-Forwards: 256\n", "400"),
    ] {
        let answer = ask(&mut endpoint, &request(method, more));
        assert!(answer.starts_with(&format!("SIP/2.0 {status} ")), "{method} {more}: {answer}");
        assert_eq!(
            header(&answer, "Via"),
            format!("SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK{method};rport=5060;received=192.0.2.9")
        );
        assert_eq!(answer, ask(&mut endpoint, &request(method, more)), "the same each time");
    }
    assert!(ask(&mut endpoint, &request("OPTIONS", "Require: a, b\n")).contains("Unsupported: a, b\r\n"));
    assert!(
        ask(&mut endpoint, &request("INFO", ""))
            .contains("Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE\r\n")
    );
    for method in ["BYE", "INVITE", "OPTIONS", "UPDATE", "PRACK"] {
        let strange = request(method, "Contact: <sip:a@h>\n").replace("To: <sip:x@h>", "To: <sip:x@h>;tag=2");
        assert!(ask(&mut endpoint, &strange).starts_with("SIP/2.0 481 "), "{method}");
    }
    assert_eq!(ask(&mut endpoint, &request("ACK", "")), "");
    assert_eq!((endpoint.stats(), endpoint.poll_timeout(), endpoint.poll_event()), (Stats::default(), None, None));
}

#[test]
fn answers_go_to_where_via_says_on_the_address_it_came_from() {
    let mut endpoint = endpoint(2);
    let without_rport = request("OPTIONS", "").replace("10.0.0.1;", "10.0.0.1:5099;").replace(";rport", "");
    endpoint.receive(Time::default(), Transport::Udp, address(9), without_rport.replace('\n', "\r\n").as_bytes());
    assert_eq!(endpoint.poll_transmit().unwrap().to, "192.0.2.9:5099".parse().unwrap());
}

#[test]
fn test_three_a_challenged_call_is_made_again_with_credentials() {
    let mut pair = Pair::new();
    let a = pair.a.invite(pair.now, outgoing());
    let first = sent(&mut pair.a).remove(0);
    let both = "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth,auth-int\", algorithm=SHA-256\r\n\
                Proxy-Authenticate: Digest realm=\"r\", nonce=\"m\", algorithm=MD5\r\n";
    pair.a.receive(
        pair.now,
        Transport::Udp,
        address(2),
        &answer(&first, "407 Proxy Authentication Required", "x", both),
    );
    let sent_now = sent(&mut pair.a);
    assert_eq!(first_lines(&sent_now), ["ACK", "INVITE"]);
    let second = sent_now[1].clone();
    assert_eq!((header(&second, "CSeq"), header(&second, "To")), ("2 INVITE", header(&first, "To")));
    assert_eq!(header(&second, "Call-ID"), header(&first, "Call-ID"));
    assert_ne!(header(&second, "Via"), header(&first, "Via"));
    let credentials = header(&second, "Proxy-Authorization");
    assert!(
        credentials.contains("algorithm=SHA-256") && credentials.contains("qop=auth, nc=00000001"),
        "{credentials}"
    );
    pair.a.receive(pair.now, Transport::Udp, address(2), &answer(&second, "200 OK", "y", ANSWER));
    let ack = sent(&mut pair.a).remove(0);
    assert_eq!((header(&ack, "CSeq"), header(&ack, "Proxy-Authorization")), ("2 ACK", credentials));
    // Later requests of the dialog bring their credentials unasked, counted.
    pair.a.hang_up(pair.now, a).unwrap();
    let bye = sent(&mut pair.a).remove(0);
    assert!(header(&bye, "Proxy-Authorization").contains("nc=00000002"));
    assert_eq!(header(&bye, "CSeq"), "3 BYE");
    pair.a.receive(
        pair.now,
        Transport::Udp,
        address(2),
        &answer(&bye, "407 Again", "y", &both.replace("\"n\"", "\"o\"")),
    );
    let again = sent(&mut pair.a).remove(0);
    assert!(header(&again, "Proxy-Authorization").contains("nonce=\"o\""));
    pair.a.receive(pair.now, Transport::Udp, address(2), &answer(&again, "200 OK", "y", ""));
    assert_eq!(events(&mut pair.a), [Event::Accepted { call: a, sdp: ANSWER.into() }, Event::Terminated { call: a }]);
    sent(&mut pair.a);
    pair.pass_but(Duration::from_mins(2), |_| true);
    assert_eq!(pair.a.stats(), Stats::default());
}

#[test]
fn test_three_a_wrong_password_is_tried_once() {
    let mut pair = Pair::new();
    let a = pair.a.invite(pair.now, outgoing());
    let challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n";
    for _ in 0..2 {
        let invite = sent(&mut pair.a).pop().unwrap();
        pair.a.receive(pair.now, Transport::Udp, address(2), &answer(&invite, "401 Unauthorized", "x", challenge));
    }
    assert_eq!(first_lines(&sent(&mut pair.a)), ["ACK"]);
    assert!(
        matches!(events(&mut pair.a)[..], [Event::Refused { status: 401, .. }, Event::Terminated { call }] if call == a)
    );
}

#[test]
fn requests_follow_the_route_set() {
    let mut pair = Pair::new();
    let a = pair.a.invite(pair.now, outgoing());
    let invite = sent(&mut pair.a).remove(0);
    let accepted = String::from_utf8(answer(&invite, "200 OK", "x", ANSWER)).unwrap();
    let routes =
        "Record-Route: <sip:192.0.2.8;lr>, <sip:192.0.2.7:5070;lr>\r\nRecord-Route: <sip:192.0.2.6:5080;lr>\r\n";
    let accepted = accepted.replace(
        "Contact: <sip:far@192.0.2.2>",
        &format!("{routes}Contact: <sip:far@10.1.1.1>").replace("\r\nC", "\r\nC"),
    );
    pair.a.receive(pair.now, Transport::Udp, address(2), accepted.as_bytes());
    let ack = pair.a.poll_transmit().unwrap();
    assert_eq!(ack.to, "192.0.2.6:5080".parse().unwrap());
    let ack = String::from_utf8(ack.bytes).unwrap();
    assert!(ack.starts_with("ACK sip:far@10.1.1.1 SIP/2.0\r\n"));
    let order = "Route: <sip:192.0.2.6:5080;lr>\r\nRoute: <sip:192.0.2.7:5070;lr>\r\nRoute: <sip:192.0.2.8;lr>\r\n";
    assert!(ack.contains(order), "{ack}");
    pair.a.hang_up(pair.now, a).unwrap();
    assert!(sent(&mut pair.a).remove(0).contains(order));
}

#[test]
fn the_called_side_keeps_routes_in_their_order_and_follows_a_new_contact() {
    let mut endpoint = endpoint(2);
    let routes = "Record-Route: <sip:192.0.2.8;lr>\nRecord-Route: <sip:192.0.2.7>\nContact: <sip:old@10.1.1.1:5062>\n";
    endpoint.receive(
        Time::default(),
        Transport::Udp,
        address(9),
        request("INVITE", routes).replace('\n', "\r\n").as_bytes(),
    );
    let Some(Event::Incoming { call, offer: None, .. }) = endpoint.poll_event() else { panic!() };
    endpoint.accept(Time::default(), call, OFFER.into()).unwrap();
    let accepted = sent(&mut endpoint).pop().unwrap();
    assert!(accepted.contains("Record-Route: <sip:192.0.2.8;lr>\r\nRecord-Route: <sip:192.0.2.7>\r\n"));
    let tag = header(&accepted, "To").split_once(";tag=").unwrap().1.to_owned();
    let within = |method: &str, number: u32, more: &str| {
        request(method, more)
            .replace("To: <sip:x@h>", &format!("To: <sip:x@h>;tag={tag}"))
            .replace("CSeq: 7", &format!("CSeq: {number}"))
    };
    ask(&mut endpoint, &within("ACK", 7, ""));
    let old = within("INVITE", 7, "").replace("z9hG4bK", "z9hG4bKold");
    assert!(ask(&mut endpoint, &old).starts_with("SIP/2.0 500 "), "not newer than the first");
    let change = within("INVITE", 9, "Contact: <sip:new@10.1.1.1:5063>\n").replace("z9hG4bK", "z9hG4bKnew");
    assert!(ask(&mut endpoint, &change).starts_with("SIP/2.0 100 "));
    endpoint.answer_reoffer(Time::default(), call, OFFER.into()).unwrap();
    ask(&mut endpoint, &within("ACK", 9, ""));
    assert!(ask(&mut endpoint, &within("OPTIONS", 10, "")).starts_with("SIP/2.0 200 "));
    endpoint.hang_up(Time::default(), call).unwrap();
    let bye = endpoint.poll_transmit().unwrap();
    assert_eq!(bye.to, "192.0.2.8:5060".parse().unwrap());
    let bye = String::from_utf8(bye.bytes).unwrap();
    assert!(bye.starts_with("BYE sip:new@10.1.1.1:5063 SIP/2.0\r\n"), "{bye}");
    assert!(bye.contains("Route: <sip:192.0.2.8;lr>\r\nRoute: <sip:192.0.2.7>\r\n"), "{bye}");
}

#[test]
fn test_twenty_a_hidden_caller_is_told_with_what_the_network_asserts() {
    let mut endpoint = endpoint(2);
    let more = "Contact: <sip:a@h>\nPrivacy: user;id\n\
                P-Asserted-Identity: <tel:+81398765432>, \"Tanaka, T\" <sip:0398765432@carrier>\n";
    let anonymous =
        request("INVITE", more).replace("<sip:a@h>;tag", "\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag");
    ask(&mut endpoint, &anonymous);
    let Some(Event::Incoming { from, asserted: Some(asserted), privacy: true, .. }) = endpoint.poll_event() else {
        panic!()
    };
    assert_eq!((from.user.as_str(), from.host.as_str()), ("anonymous", "anonymous.invalid"));
    assert_eq!((asserted.display.as_deref(), asserted.user.as_str()), (Some("Tanaka, T"), "0398765432"));
}

#[test]
fn nothing_that_we_are_given_ends_a_header_line() {
    let mut pair = Pair::new();
    let evil = "x\r\nEvil: 1\r\n\r\n".to_owned();
    let mut call = outgoing();
    call.from = NameAddr { display: Some(evil.clone()), uri: format!("sip:{evil}@h") };
    (call.request_uri, call.to_uri, call.asserted) = (format!("sip:{evil}@h"), evil.clone(), Some(evil));
    pair.a.invite(pair.now, call);
    let invite = sent(&mut pair.a).remove(0);
    assert!(!invite.lines().any(|line| line.starts_with("Evil")), "{invite}");
    assert!(invite.ends_with(&format!("\r\n\r\n{OFFER}")));
}
