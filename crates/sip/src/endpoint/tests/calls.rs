//! Calls made, refused, cancelled, ended, over a wire that loses what the test says.

use super::*;

#[test]
fn a_call_rings_is_accepted_and_ends_on_both_sides() {
    let mut pair = Pair::new();
    let a = pair.a.invite(pair.now, outgoing());
    pair.settle();
    let event = pair.b.poll_event().unwrap();
    let Event::Incoming { call: b, peer, request_user, to_user, from, asserted, privacy, offer, .. } = event else {
        panic!("{event:?}")
    };
    assert_eq!((peer, request_user.as_str(), to_user.as_str()), (address(1), "+81312345678", "+81312345678"));
    assert_eq!(
        (from.display.as_deref(), from.user.as_str(), from.host.as_str()),
        (Some("窓口"), "0398765432", "192.0.2.1")
    );
    assert_eq!(asserted.map(|identity| identity.user).as_deref(), Some("0398765432"));
    assert!(!privacy);
    assert_eq!(offer.as_deref(), Some(OFFER));
    pair.b.ringing(pair.now, b).unwrap();
    pair.b.progress(pair.now, b, ANSWER.into()).unwrap();
    pair.b.accept(pair.now, b, ANSWER.into()).unwrap();
    pair.settle();
    let sdp = || ANSWER.to_owned();
    assert_eq!(
        events(&mut pair.a),
        [
            Event::Ringing { call: a },
            Event::EarlyMedia { call: a, sdp: sdp() },
            Event::Accepted { call: a, sdp: sdp() }
        ]
    );
    pair.b.hang_up(pair.now, b).unwrap();
    pair.settle();
    assert_eq!(events(&mut pair.a), [Event::HungUp { call: a, reason: None }, Event::Terminated { call: a }]);
    assert_eq!(events(&mut pair.b), [Event::Confirmed { call: b, sdp: None }, Event::Terminated { call: b }]);
    pair.assert_clean();
}

#[test]
fn the_caller_hangs_up() {
    let mut pair = Pair::new();
    let (a, b) = pair.talk();
    pair.a.hang_up(pair.now, a).unwrap();
    assert!(pair.a.hang_up(pair.now, a).is_err());
    pair.settle();
    assert_eq!(events(&mut pair.a), [Event::Terminated { call: a }]);
    assert_eq!(events(&mut pair.b), [Event::HungUp { call: b, reason: None }, Event::Terminated { call: b }]);
    pair.assert_clean();
}

#[test]
fn a_refusal_is_told_with_its_status() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    pair.b.refuse(pair.now, b, 486).unwrap();
    pair.settle();
    let refused = Event::Refused { call: a, status: 486, reason: "Busy Here".into(), retry_after: None };
    assert_eq!(events(&mut pair.a), [refused, Event::Terminated { call: a }]);
    assert_eq!(events(&mut pair.b), [Event::Terminated { call: b }]);
    pair.assert_clean();
}

#[test]
fn a_lost_refusal_or_its_lost_ack_comes_again() {
    for what in ["SIP/2.0 486", "ACK"] {
        let mut pair = Pair::new();
        let (a, b) = pair.call();
        pair.b.refuse(pair.now, b, 486).unwrap();
        let mut losses = 2;
        pair.pass_but(Duration::from_secs(5), |text| {
            let lose = text.starts_with(what) && losses > 0;
            losses -= i32::from(lose);
            lose
        });
        assert_eq!(losses, 0);
        assert!(
            matches!(events(&mut pair.a)[..], [Event::Refused { status: 486, .. }, Event::Terminated { call }] if call == a)
        );
        pair.assert_clean();
    }
}

#[test]
fn test_seven_a_lost_200_or_its_lost_ack_comes_again() {
    for what in ["SIP/2.0 200", "ACK"] {
        let mut pair = Pair::new();
        let (a, b) = pair.call();
        pair.b.accept(pair.now, b, ANSWER.into()).unwrap();
        let mut losses = 3;
        pair.pass_but(Duration::from_secs(20), |text| {
            let lose = text.starts_with(what) && losses > 0;
            losses -= i32::from(lose);
            lose
        });
        assert_eq!(losses, 0);
        assert_eq!(events(&mut pair.a), [Event::Accepted { call: a, sdp: ANSWER.into() }]);
        assert_eq!(events(&mut pair.b), [Event::Confirmed { call: b, sdp: None }]);
    }
}

#[test]
fn test_seven_a_200_that_is_never_acknowledged_ends_in_bye() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    pair.b.accept(pair.now, b, ANSWER.into()).unwrap();
    pair.pass_but(Duration::from_millis(31_900), |text| text.starts_with("ACK"));
    assert_eq!(events(&mut pair.b), []);
    pair.pass_but(Duration::from_secs(1), |text| text.starts_with("ACK"));
    assert_eq!(events(&mut pair.b), [Event::Broken { call: b }, Event::Terminated { call: b }]);
    let heard = events(&mut pair.a);
    assert_eq!(heard[1..], [Event::HungUp { call: a, reason: None }, Event::Terminated { call: a }]);
    pair.assert_clean();
}

#[test]
fn hanging_up_before_the_ack_waits_for_it() {
    let mut pair = Pair::new();
    let (_, b) = pair.call();
    pair.b.accept(pair.now, b, ANSWER.into()).unwrap();
    pair.b.hang_up(pair.now, b).unwrap();
    assert_eq!(first_lines(&sent(&mut pair.b)), ["SIP/2.0 200 OK"]);
    pair.pass(Duration::from_secs(1));
    assert_eq!(events(&mut pair.b), [Event::Confirmed { call: b, sdp: None }, Event::Terminated { call: b }]);
    pair.assert_clean();
}

#[test]
fn test_seven_a_duplicate_invite_rings_once() {
    let mut pair = Pair::new();
    pair.a.invite(pair.now, outgoing());
    let invite = sent(&mut pair.a).remove(0);
    for _ in 0..3 {
        pair.b.receive(pair.now, Transport::Udp, address(1), invite.as_bytes());
    }
    assert!(matches!(events(&mut pair.b)[..], [Event::Incoming { .. }]));
    assert_eq!(first_lines(&sent(&mut pair.b)), ["SIP/2.0 100 Trying"; 3]);
    // The same call by another way through a forking proxy.
    let other = invite.replace("branch=z9hG4bK", "branch=z9hG4bKother");
    pair.b.receive(pair.now, Transport::Udp, address(1), other.as_bytes());
    assert_eq!(first_lines(&sent(&mut pair.b)), ["SIP/2.0 482 Loop Detected"]);
}

#[test]
fn an_invite_without_any_answer_fails_after_64_t1() {
    let mut pair = Pair::new();
    let a = pair.a.invite(pair.now, outgoing());
    let mut copies = 0;
    pair.pass_but(Duration::from_millis(31_999), |_| {
        copies += 1;
        true
    });
    assert_eq!((copies, events(&mut pair.a)), (7, vec![]));
    pair.pass(Duration::from_millis(1));
    let refused = Event::Refused { call: a, status: 408, reason: "Request Timeout".into(), retry_after: None };
    assert_eq!(events(&mut pair.a), [refused, Event::Terminated { call: a }]);
    assert_eq!(pair.a.stats(), Stats::default());
}

#[test]
fn a_lost_connection_counts_as_503() {
    let mut pair = Pair::new();
    let a = pair.a.invite(pair.now, outgoing());
    sent(&mut pair.a);
    pair.a.transport_failed(pair.now, Transport::Tcp, address(2));
    assert_eq!(events(&mut pair.a), []);
    pair.a.transport_failed(pair.now, Transport::Udp, address(2));
    let refused = Event::Refused { call: a, status: 503, reason: "Service Unavailable".into(), retry_after: None };
    assert_eq!(events(&mut pair.a), [refused, Event::Terminated { call: a }]);
    pair.assert_clean();
}

#[test]
fn a_cancelled_call_ends_on_both_sides() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    pair.b.ringing(pair.now, b).unwrap();
    pair.settle();
    pair.a.hang_up(pair.now, a).unwrap();
    pair.settle();
    assert_eq!(events(&mut pair.a), [Event::Ringing { call: a }, Event::Terminated { call: a }]);
    assert_eq!(events(&mut pair.b), [Event::Cancelled { call: b }, Event::Terminated { call: b }]);
    assert!(pair.b.accept(pair.now, b, ANSWER.into()).is_err());
    pair.assert_clean();
}

#[test]
fn cancel_waits_for_the_first_provisional_answer() {
    let mut pair = Pair::new();
    let a = pair.a.invite(pair.now, outgoing());
    let invite = sent(&mut pair.a).remove(0);
    pair.a.hang_up(pair.now, a).unwrap();
    assert_eq!(sent(&mut pair.a), [""; 0]);
    pair.a.receive(pair.now, Transport::Udp, address(2), &answer(&invite, "100 Trying", "", ""));
    let cancel = sent(&mut pair.a);
    assert_eq!(first_lines(&cancel), ["CANCEL"]);
    assert_eq!(header(&cancel[0], "Via"), header(&invite, "Via"));
    assert_eq!(header(&cancel[0], "CSeq"), "1 CANCEL");
    pair.a.receive(pair.now, Transport::Udp, address(2), &answer(&invite, "180 Ringing", "x", ""));
    assert_eq!(sent(&mut pair.a), [""; 0]);
    pair.a.receive(pair.now, Transport::Udp, address(2), &answer(&invite, "487 Request Terminated", "x", ""));
    assert_eq!(first_lines(&sent(&mut pair.a)), ["ACK"]);
    assert_eq!(events(&mut pair.a), [Event::Terminated { call: a }]);
    pair.assert_clean();
}

#[test]
fn test_five_a_200_that_crosses_a_cancel_is_acknowledged_and_ended() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    pair.b.accept(pair.now, b, ANSWER.into()).unwrap();
    pair.a.hang_up(pair.now, a).unwrap();
    pair.settle();
    assert_eq!(events(&mut pair.a), [Event::Terminated { call: a }]);
    let confirmed = Event::Confirmed { call: b, sdp: None };
    assert_eq!(
        events(&mut pair.b),
        [confirmed, Event::HungUp { call: b, reason: None }, Event::Terminated { call: b }]
    );
    pair.assert_clean();
}

#[test]
fn test_six_of_a_forked_call_one_branch_is_kept_and_the_other_ended() {
    let mut pair = Pair::new();
    let a = pair.a.invite(pair.now, outgoing());
    let invite = sent(&mut pair.a).remove(0);
    for tag in ["one", "two"] {
        pair.a.receive(pair.now, Transport::Udp, address(2), &answer(&invite, "180 Ringing", tag, ""));
    }
    pair.a.receive(pair.now, Transport::Udp, address(2), &answer(&invite, "202 Accepted", "two", ANSWER));
    let kept = sent(&mut pair.a);
    assert_eq!(first_lines(&kept), ["ACK"]);
    pair.a.receive(pair.now, Transport::Udp, address(2), &answer(&invite, "200 OK", "one", ANSWER));
    let ended = sent(&mut pair.a);
    assert_eq!(first_lines(&ended), ["ACK", "BYE"]);
    assert!(ended.iter().all(|text| header(text, "To").ends_with(";tag=one")));
    // Each 2xx that comes again has its own ACK again, and no second BYE.
    pair.a.receive(pair.now, Transport::Udp, address(2), &answer(&invite, "200 OK", "one", ANSWER));
    pair.a.receive(pair.now, Transport::Udp, address(2), &answer(&invite, "202 Accepted", "two", ANSWER));
    assert_eq!(sent(&mut pair.a), [ended[0].clone(), kept[0].clone()]);
    let ringing = || Event::Ringing { call: a };
    assert_eq!(events(&mut pair.a), [ringing(), ringing(), Event::Accepted { call: a, sdp: ANSWER.into() }]);
    assert_eq!(pair.a.stats().dialogs, 1);
}

#[test]
fn test_six_made_up_branches_of_a_fork_are_bounded() {
    let mut pair = Pair::new();
    pair.a.invite(pair.now, outgoing());
    let invite = sent(&mut pair.a).remove(0);
    for tag in 0..1000 {
        let tag = tag.to_string();
        said(&mut pair.a, pair.now, &answer_with(&invite, "180 Ringing", &tag, "Require: 100rel\r\nRSeq: 1\r\n", ""));
    }
    assert_eq!(pair.a.stats().transactions, 1 + 16);
    for tag in 0..1000 {
        said(&mut pair.a, pair.now, &answer(&invite, "200 OK", &tag.to_string(), ANSWER));
    }
    assert_eq!(pair.a.stats().transactions, 1 + 16 + 15);
}

#[test]
fn a_bye_that_overtakes_its_200_ends_the_call() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    pair.b.accept(pair.now, b, ANSWER.into()).unwrap();
    let accepted = sent(&mut pair.b).remove(0);
    let invite = format!("To: {}\nFrom: {}\n", header(&accepted, "To"), header(&accepted, "From"));
    let bye = format!(
        "BYE sip:x@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.2;branch=z9hG4bKearly\r\nFrom: {}\r\nTo: {}\r\n\
         Call-ID: {}\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n",
        header(&invite, "To"),
        header(&invite, "From"),
        header(&accepted, "Call-ID")
    );
    pair.a.receive(pair.now, Transport::Udp, address(2), bye.as_bytes());
    assert_eq!(first_lines(&sent(&mut pair.a)), ["SIP/2.0 200 OK", "CANCEL"]);
    assert_eq!(events(&mut pair.a), [Event::HungUp { call: a, reason: None }, Event::Terminated { call: a }]);
    pair.a.receive(pair.now, Transport::Udp, address(2), accepted.as_bytes());
    assert_eq!(first_lines(&sent(&mut pair.a)), ["ACK", "BYE"]);
}

#[test]
fn a_call_that_rings_for_ever_is_cancelled() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    pair.pass(Duration::from_secs(299));
    let reminders = events(&mut pair.a);
    assert_eq!(reminders, vec![Event::Ringing { call: a }; 4], "a minute each");
    pair.pass(Duration::from_secs(1));
    assert!(matches!(events(&mut pair.a)[..], [Event::Refused { status: 408, .. }, Event::Terminated { .. }]));
    assert_eq!(events(&mut pair.b), [Event::Cancelled { call: b }, Event::Terminated { call: b }]);
    pair.assert_clean();
}

#[test]
fn a_call_over_tcp_sends_nothing_twice() {
    let mut pair = Pair::new();
    let a = pair.a.invite(pair.now, Outgoing { transport: Transport::Tcp, ..outgoing() });
    let mut seen = std::collections::BTreeSet::new();
    let twice = &mut |text: &str| {
        assert!(seen.insert(text.to_owned()), "{text}");
        false
    };
    pair.settle_but(&mut *twice);
    let Some(Event::Incoming { call: b, transport: Transport::Tcp, .. }) = pair.b.poll_event() else { panic!() };
    pair.b.accept(pair.now, b, ANSWER.into()).unwrap();
    pair.settle_but(&mut *twice);
    pair.a.hang_up(pair.now, a).unwrap();
    pair.settle_but(&mut *twice);
    pair.pass(Duration::from_mins(1));
    assert_eq!(pair.b.stats(), Stats::default());
}

#[test]
fn a_refusal_for_now_says_for_how_long() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    pair.b.refuse_for_now(pair.now, b, Duration::from_secs(7)).unwrap();
    pair.settle();
    let (reason, retry_after) = ("Service Unavailable".into(), Some(Duration::from_secs(7)));
    assert_eq!(
        events(&mut pair.a),
        [Event::Refused { call: a, status: 503, reason, retry_after }, Event::Terminated { call: a }]
    );
    pair.assert_clean();
}

#[test]
fn what_a_call_cannot_do_now_is_refused_with_its_state() {
    let mut pair = Pair::new();
    let (a, b) = pair.call();
    let refused = pair.a.accept(pair.now, a, ANSWER.into()).unwrap_err();
    assert_eq!(refused, NotNow { command: "accept", state: "calling" });
    assert_eq!(pair.b.reoffer(pair.now, b, OFFER.into()).unwrap_err().state, "offered");
    assert_eq!(pair.b.answer_reoffer(pair.now, b, OFFER.into()).unwrap_err().state, "offered");
    assert_eq!(pair.b.refuse(pair.now, CallKey(99), 486).unwrap_err().state, "over");
    assert_eq!((sent(&mut pair.a), sent(&mut pair.b)), (vec![], vec![]));
}

#[test]
fn a_thousand_calls_leave_nothing() {
    let mut pair = Pair::new();
    for round in 0..1000_u32 {
        let (a, b) = pair.call();
        match round % 5 {
            0 => pair.a.hang_up(pair.now, a).unwrap(),
            1 => pair.b.refuse(pair.now, b, 486).unwrap(),
            _ => {
                pair.b.accept(pair.now, b, ANSWER.into()).unwrap();
                pair.settle();
                pair.a.reoffer(pair.now, a, OFFER.into()).unwrap();
                pair.settle();
                pair.b.answer_reoffer(pair.now, b, ANSWER.into()).unwrap();
                pair.settle();
                if round % 2 == 0 { pair.a.hang_up(pair.now, a) } else { pair.b.hang_up(pair.now, b) }.unwrap();
            }
        }
        pair.pass(Duration::from_secs(10));
        let ends = |events: &[Event]| events.iter().filter(|event| matches!(event, Event::Terminated { .. })).count();
        assert_eq!((ends(&events(&mut pair.a)), ends(&events(&mut pair.b))), (1, 1), "{round}");
        assert_eq!((pair.a.stats().calls, pair.b.stats().dialogs), (0, 0), "{round}");
        // What lingers is bounded by the timers, not by the number of calls.
        assert!(pair.a.stats().transactions < 30 && pair.b.stats().transactions < 30, "{round}");
    }
    pair.assert_clean();
}
