//! Several targets of a call or a registration, and who a call says it is from.

use super::*;

fn now() -> Time {
    Time::default()
}

fn fallback(transport: Transport, last: u8) -> Target {
    Target { transport, to: address(last) }
}

#[test]
fn a_call_goes_to_the_next_target_where_one_is_silent_unreachable_or_failing() {
    let mut endpoint = endpoint(1);
    let fallbacks = vec![fallback(Transport::Tcp, 3), fallback(Transport::Udp, 4), fallback(Transport::Udp, 5)];
    let options = InviteOptions { fallbacks, ..InviteOptions::default() };
    let call = endpoint.invite_with(now(), outgoing(), options);
    let first = sent(&mut endpoint).remove(0);
    let unavailable = answer(&first, "503 Service Unavailable", "x", "Retry-After: 5\r\n");
    endpoint.receive(now(), Transport::Udp, address(2), &unavailable);
    endpoint.poll_transmit().unwrap();
    let second = endpoint.poll_transmit().unwrap();
    assert_eq!((second.transport, second.to), (Transport::Tcp, address(3)));
    let second = String::from_utf8(second.bytes).unwrap();
    assert!(header(&second, "Contact").ends_with(";transport=tcp>") && header(&second, "CSeq") == "2 INVITE");
    endpoint.transport_failed(now(), Transport::Tcp, address(3));
    assert_eq!(endpoint.poll_transmit().unwrap().to, address(4));
    // Silence.
    let mut clock = now();
    let last = alone(&mut endpoint, &mut clock, Duration::from_secs(32)).pop().unwrap().1;
    assert_eq!(header(&last, "CSeq"), "4 INVITE");
    assert_eq!(events(&mut endpoint), []);
    said(&mut endpoint, clock, &answer(&last, "486 Busy Here", "x", ""));
    assert!(
        matches!(events(&mut endpoint)[..], [Event::Refused { status: 486, .. }, Event::Terminated { call: over }] if over == call)
    );
}

#[test]
fn test_twenty_a_hidden_caller_is_named_to_the_network_alone() {
    let mut pair = Pair::new();
    let preferred = Some("sip:0398765432@192.0.2.1".to_owned());
    let options = InviteOptions { hide_caller: true, preferred, ..InviteOptions::default() };
    pair.a.invite_with(pair.now, outgoing(), options);
    let invite = sent(&mut pair.a).remove(0);
    assert!(header(&invite, "From").starts_with("\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag="));
    assert_eq!(header(&invite, "Privacy"), "id");
    let told = ["P-Asserted-Identity: <sip:0398765432@192.0.2.1>", "P-Preferred-Identity: <sip:0398765432@192.0.2.1>"];
    let named: Vec<&str> = invite.lines().filter(|line| line.contains("0398765432") || line.contains("窓口")).collect();
    assert_eq!(named, told, "neither Contact nor anything else");
    pair.b.receive(pair.now, Transport::Udp, address(1), invite.as_bytes());
    let Some(Event::Incoming { privacy: true, from, asserted, preferred, .. }) = pair.b.poll_event() else { panic!() };
    assert_eq!((from.user.as_str(), from.host.as_str()), ("anonymous", "anonymous.invalid"));
    assert_eq!((asserted.unwrap().user.as_str(), preferred.unwrap().user.as_str()), ("0398765432", "0398765432"));
}

fn incoming(headers: &str) -> Event {
    let mut endpoint = endpoint(2);
    let text = format!(
        "INVITE sip:x@192.0.2.2 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKi;rport\n{headers}To: <sip:x@h>\n\
         Call-ID: c\nCSeq: 7 INVITE\nContact: <sip:a@h>\n\n"
    );
    endpoint.receive(now(), Transport::Udp, address(9), text.replace('\n', "\r\n").as_bytes());
    endpoint.poll_event().unwrap_or_else(|| panic!("{headers}"))
}

#[test]
fn test_twenty_what_a_caller_claims_is_never_taken_for_what_a_network_asserts() {
    let claims = "From: \"+81312345678 P-Asserted-Identity: <sip:boss@desk>\" <sip:evil@h>;tag=1\n\
        P-Preferred-Identity: <sip:boss@desk>\nX-Asserted-Identity: <sip:boss@desk>\nRemote-Party-ID: <sip:boss@desk>\n\
        Subject: x\n P-Asserted-Identity: <sip:boss@desk>\n";
    let Event::Incoming { from, asserted, preferred, privacy, .. } = incoming(claims) else { panic!() };
    assert_eq!((from.user.as_str(), asserted, privacy), ("evil", None, false));
    assert_eq!(preferred.map(|identity| identity.user).as_deref(), Some("boss"));
}

/// RFC 3325 §9.1.
#[test]
fn test_twenty_an_assertion_is_one_identity_or_a_sip_and_a_tel_one() {
    for (value, expected) in [
        ("<sip:+81312345678@carrier>", Some("+81312345678")),
        ("<tel:+81312345678>", Some("+81312345678")),
        ("tel:+81312345678, \"A, B\" <sip:0312345678@carrier>", Some("0312345678")),
        ("<sip:1@carrier>\nP-Asserted-Identity: <tel:+812>", Some("1")),
        ("<sip:1@carrier>, <sip:2@carrier>", None),
        ("<sip:1@carrier>, <tel:+812>, <tel:+813>", None),
        ("<sip:1@carrier>, nonsense", None),
        ("<mailto:a@b>", None),
        ("\"a <sip:1@carrier>", None),
    ] {
        let event = incoming(&format!("From: <sip:a@h>;tag=1\nP-Asserted-Identity: {value}\n"));
        let Event::Incoming { asserted, .. } = event else { panic!() };
        assert_eq!(asserted.map(|identity| identity.user).as_deref(), expected, "{value}");
    }
}

#[test]
fn test_twenty_privacy_is_read_in_every_spelling() {
    for (value, expected) in [
        ("id", true),
        ("none", false),
        ("critical; ID", true),
        ("session", false),
        ("header,user", true),
        ("idle", false),
    ] {
        let event = incoming(&format!("From: <sip:a@h>;tag=1\nPrivacy: {value}\n"));
        assert!(matches!(event, Event::Incoming { privacy, .. } if privacy == expected), "{value}");
    }
}
