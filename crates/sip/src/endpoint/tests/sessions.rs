//! Session timers (RFC 4028).

use super::*;

/// A call of ours that the far side accepted with these headers; the INVITE, the ACK.
fn accepted(timers: Timers, headers: &str) -> (Endpoint, CallKey, String, String) {
    let mut endpoint = endpoint_with(1, timers);
    let call = endpoint.invite(Time::default(), outgoing());
    let invite = sent(&mut endpoint).remove(0);
    let ack = said(&mut endpoint, Time::default(), &answer_with(&invite, "200 OK", "far", headers, ANSWER)).remove(0);
    assert!(matches!(events(&mut endpoint)[..], [Event::Accepted { .. }]));
    (endpoint, call, invite, ack)
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn test_eleven_the_called_side_refreshes_at_half_by_update() {
    let mut pair = Pair::new();
    let (a, b) = pair.talk();
    let mut seen = Vec::new();
    for (wait, expected) in [(899, vec![]), (1, vec!["UPDATE", "SIP/2.0 200 OK"]), (898, vec![])] {
        seen.clear();
        pair.pass_but(seconds(wait), |text| {
            seen.push(text.to_owned());
            false
        });
        assert_eq!(first_lines(&seen), expected);
    }
    pair.pass_but(seconds(2), |text| {
        seen.push(text.to_owned());
        false
    });
    assert_eq!(header(&seen[0], "Session-Expires"), "1800;refresher=uac");
    assert_eq!(header(&seen[1], "Session-Expires"), "1800;refresher=uac");
    assert!(header(&seen[0], "Supported").contains("timer") && seen[0].contains("Contact: "));
    assert_eq!((events(&mut pair.a), events(&mut pair.b)), (vec![], vec![]), "told to nobody");
    pair.pass(Duration::from_hours(3));
    pair.a.hang_up(pair.now, a).unwrap();
    pair.settle();
    assert_eq!(events(&mut pair.b), [Event::HungUp { call: b, reason: None }, Event::Terminated { call: b }]);
    pair.assert_clean();
}

#[test]
fn test_eleven_the_calling_side_refreshes_by_an_unchanged_offer_where_update_is_not_allowed() {
    let headers = "Session-Expires: 100;refresher=uac\r\nRequire: timer\r\nAllow: INVITE, ACK, BYE\r\n";
    let (mut endpoint, call, invite, _) = accepted(Timers::default(), headers);
    assert_eq!(header(&invite, "Session-Expires"), "1800");
    assert_eq!(header(&invite, "Supported"), "100rel, timer");
    let mut now = Time::default();
    assert_eq!(alone(&mut endpoint, &mut now, Duration::from_millis(49_999)), []);
    let refresh = alone(&mut endpoint, &mut now, Duration::from_millis(1)).remove(0).1;
    assert!(refresh.starts_with("INVITE ") && refresh.ends_with(OFFER), "{refresh}");
    assert_eq!(header(&refresh, "Session-Expires"), "100;refresher=uac");
    // A change that is wanted meanwhile waits.
    let held = OFFER.replace("o=- 1 1", "o=- 1 2");
    endpoint.reoffer(now, call, held.clone()).unwrap();
    assert!(endpoint.reoffer(now, call, held.clone()).is_err());
    let ok = answer_with(&refresh, "200 OK", "far", "Session-Expires: 100;refresher=uac\r\n", ANSWER);
    let next = said(&mut endpoint, now, &ok);
    assert_eq!(first_lines(&next), ["ACK", "INVITE"]);
    assert_eq!(events(&mut endpoint), [], "nothing has changed");
    assert!(next[1].ends_with(&held));
    // An answer that differs is told.
    let other = ANSWER.replace("5000", "6000");
    let ok = answer_with(&next[1], "200 OK", "far", "Session-Expires: 100;refresher=uac\r\n", &other);
    said(&mut endpoint, now, &ok);
    assert_eq!(events(&mut endpoint), [Event::ReofferAnswered { call, sdp: other.clone() }]);
    let refresh = alone(&mut endpoint, &mut now, seconds(50)).remove(0).1;
    let ok = answer_with(&refresh, "200 OK", "far", "Session-Expires: 100;refresher=uac\r\n", ANSWER);
    said(&mut endpoint, now, &ok);
    assert_eq!(events(&mut endpoint), [Event::ReofferAnswered { call, sdp: ANSWER.into() }]);
}

#[test]
fn test_eleven_a_silent_far_side_that_should_refresh_is_ended_before_the_session_expires() {
    for (interval, ends) in [(1800, 1768), (90, 60)] {
        let headers = format!("Session-Expires: {interval};refresher=uas\r\n");
        let (mut endpoint, call, ..) = accepted(Timers::default(), &headers);
        let mut now = Time::default();
        assert_eq!(alone(&mut endpoint, &mut now, Duration::from_millis(ends * 1000 - 1)), []);
        let bye = alone(&mut endpoint, &mut now, Duration::from_millis(1));
        assert!(bye[0].1.starts_with("BYE "));
        assert_eq!(events(&mut endpoint), [Event::Broken { call }]);
    }
}

#[test]
fn test_eleven_a_refresh_that_nobody_answers_ends_the_call() {
    let headers = "Session-Expires: 1800;refresher=uac\r\nAllow: UPDATE\r\n";
    let (mut endpoint, call, ..) = accepted(Timers::default(), headers);
    let mut now = Time::default();
    let all = alone(&mut endpoint, &mut now, seconds(900 + 32));
    assert!(all.first().is_some_and(|(at, text)| *at == seconds(900) && text.starts_with("UPDATE ")));
    assert!(all.last().is_some_and(|(at, text)| *at == seconds(932) && text.starts_with("BYE ")));
    assert_eq!(events(&mut endpoint), [Event::Broken { call }]);
}

#[test]
fn a_refresh_that_is_refused_is_tried_again_until_the_time_is_over() {
    let (mut endpoint, call, ..) =
        accepted(Timers::default(), "Session-Expires: 1800;refresher=uac\r\nAllow: UPDATE\r\n");
    let (mut now, mut tries) = (Time::default(), 0);
    while events(&mut endpoint).is_empty() {
        for (_, text) in alone(&mut endpoint, &mut now, seconds(1)) {
            if text.starts_with("UPDATE") {
                tries += 1;
                said(&mut endpoint, now, &answer(&text, "500 Server Internal Error", "far", ""));
            }
        }
    }
    assert!((2..20).contains(&tries), "{tries}");
    assert_eq!(now, Time(seconds(1768)));
    assert_eq!(endpoint.hang_up(now, call).unwrap_err().state, "ending");
}

#[test]
fn a_far_side_that_takes_no_update_after_all_is_refreshed_by_invite() {
    let (mut endpoint, ..) = accepted(Timers::default(), "Session-Expires: 1800;refresher=uac\r\nAllow: UPDATE\r\n");
    let mut now = Time::default();
    let update = alone(&mut endpoint, &mut now, seconds(900)).remove(0).1;
    said(&mut endpoint, now, &answer(&update, "405 Method Not Allowed", "far", ""));
    let invite = alone(&mut endpoint, &mut now, Duration::ZERO).remove(0).1;
    assert!(invite.starts_with("INVITE "));
    // Glare with a change of theirs: it is tried again, and nobody hears of it.
    said(&mut endpoint, now, &answer(&invite, "491 Request Pending", "far", ""));
    let again = alone(&mut endpoint, &mut now, seconds(4)).remove(0);
    assert!(again.0 >= Duration::from_millis(2100) && again.1.starts_with("INVITE "));
    assert_eq!(events(&mut endpoint), []);
}

#[test]
fn a_refresh_that_is_challenged_or_too_short_is_made_again() {
    let (mut endpoint, ..) = accepted(Timers::default(), "Session-Expires: 100;refresher=uac\r\nAllow: UPDATE\r\n");
    let mut now = Time::default();
    let update = alone(&mut endpoint, &mut now, seconds(50)).remove(0).1;
    let challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n";
    let signed = said(&mut endpoint, now, &answer(&update, "401 Unauthorized", "far", challenge)).remove(0);
    assert!(signed.starts_with("UPDATE ") && header(&signed, "Authorization").contains("realm=\"r\""));
    said(&mut endpoint, now, &answer(&signed, "422 Session Interval Too Small", "far", "Min-SE: 300\r\n"));
    let longer = alone(&mut endpoint, &mut now, Duration::ZERO).remove(0).1;
    assert_eq!((header(&longer, "Session-Expires"), header(&longer, "Min-SE")), ("300;refresher=uac", "300"));
}

#[test]
fn test_eleven_an_interval_that_the_far_side_finds_too_short_is_raised_once() {
    let mut endpoint = endpoint(1);
    let call = endpoint.invite(Time::default(), outgoing());
    let invite = sent(&mut endpoint).remove(0);
    let small = |invite: &str| answer(invite, "422 Session Interval Too Small", "x", "Min-SE: 3600\r\n");
    let again = said(&mut endpoint, Time::default(), &small(&invite));
    assert_eq!(first_lines(&again), ["ACK", "INVITE"]);
    assert_eq!((header(&again[1], "Session-Expires"), header(&again[1], "Min-SE")), ("3600", "3600"));
    assert_eq!((header(&again[1], "CSeq"), header(&again[1], "Call-ID")), ("2 INVITE", header(&invite, "Call-ID")));
    assert_eq!(first_lines(&said(&mut endpoint, Time::default(), &small(&again[1]))), ["ACK"]);
    assert!(
        matches!(events(&mut endpoint)[..], [Event::Refused { status: 422, .. }, Event::Terminated { call: over }] if over == call)
    );
}

fn invite(more: &str) -> Vec<u8> {
    let text = format!(
        "INVITE sip:x@192.0.2.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKi;rport\nFrom: <sip:a@h>;tag=1\n\
         To: <sip:x@h>\nCall-ID: c\nCSeq: 7 INVITE\nContact: <sip:a@192.0.2.2>\n{more}\n"
    );
    text.replace('\n', "\r\n").into_bytes()
}

#[test]
fn test_eleven_an_interval_that_is_too_short_for_us_is_refused_with_422() {
    for (timers, asked, least) in [
        (Timers::default(), "Session-Expires: 60\nSupported: timer\n", "90"),
        (
            Timers { session_expires_least: seconds(600), ..Timers::default() },
            "k: x, TIMER\nx: 599;refresher=uac\n",
            "600",
        ),
        (Timers { session_expires_least: seconds(10), ..Timers::default() }, "k: timer\nx: 89\n", "90"),
    ] {
        let mut endpoint = endpoint_with(1, timers);
        let refusal = said(&mut endpoint, Time::default(), &invite(asked)).remove(0);
        assert!(refusal.starts_with("SIP/2.0 422 "), "{refusal}");
        assert_eq!(header(&refusal, "Min-SE"), least);
        assert_eq!(endpoint.stats(), Stats::default());
    }
}

/// RFC 4028 §9, table 2, and the ways in which an interval may be given.
#[test]
fn the_interval_and_who_refreshes_it_are_granted_as_they_must_be() {
    let none = Timers { session_expires: Duration::ZERO, ..Timers::default() };
    for (timers, asked, granted, required) in [
        (Timers::default(), "Supported: timer\n", Some("1800;refresher=uas"), true),
        (Timers::default(), "Supported: timer\nSession-Expires: 600\n", Some("600;refresher=uas"), true),
        (Timers::default(), "Require: timer\nSession-Expires: 600;refresher=uac\n", Some("600;refresher=uac"), true),
        (
            Timers::default(),
            "Supported: timer\nSession-Expires: 7200\nMin-SE: 3600\n",
            Some("3600;refresher=uas"),
            true,
        ),
        (Timers::default(), "Session-Expires: 600;refresher=uac\n", Some("600;refresher=uas"), false),
        (Timers::default(), "Session-Expires: 60\n", None, false),
        (Timers::default(), "Session-Expires: soon\n", None, false),
        (Timers::default(), "", None, false),
        (none, "Supported: timer\n", None, false),
        (none, "Supported: timer\nSession-Expires: 7200\n", Some("7200;refresher=uas"), true),
    ] {
        let mut endpoint = endpoint_with(1, timers);
        said(&mut endpoint, Time::default(), &invite(asked));
        let Some(Event::Incoming { call, .. }) = endpoint.poll_event() else { panic!("{asked}") };
        endpoint.accept(Time::default(), call, OFFER.into()).unwrap();
        let accepted = sent(&mut endpoint).remove(0);
        let found = accepted.lines().find_map(|line| line.strip_prefix("Session-Expires: "));
        assert_eq!((found, accepted.contains("Require: timer")), (granted, required), "{asked}");
    }
}

#[test]
fn who_refreshes_stays_the_same_through_a_change_of_the_session() {
    let (mut endpoint, call, _, ack) =
        accepted(Timers::default(), "Session-Expires: 1800;refresher=uas\r\nAllow: UPDATE\r\n");
    let now = Time(seconds(100));
    endpoint.reoffer(now, call, OFFER.into()).unwrap();
    let change = sent(&mut endpoint).remove(0);
    assert_eq!(header(&change, "Session-Expires"), "1800;refresher=uas");
    said(&mut endpoint, now, &answer_with(&change, "200 OK", "far", "Session-Expires: 1800;refresher=uas\r\n", ANSWER));
    // Theirs, without a word about it.
    let update = said(&mut endpoint, now, &within(&ack, "UPDATE", 1, "Supported: timer\r\n", "")).remove(0);
    assert_eq!(header(&update, "Session-Expires"), "1800;refresher=uac");
}

#[test]
fn a_session_without_interval_is_neither_refreshed_nor_ended() {
    let timers = Timers { session_expires: Duration::ZERO, ..Timers::default() };
    let (mut endpoint, _, invite, _) = accepted(timers, "");
    assert!(!invite.contains("Session-Expires"));
    let mut now = Time::default();
    assert_eq!(alone(&mut endpoint, &mut now, Duration::from_hours(24)), []);
    assert_eq!(events(&mut endpoint), []);
}
