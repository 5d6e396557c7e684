//! UPDATE (RFC 3311), in calls that are up and before.

use super::*;

const HELD: &str =
    "v=0\r\no=- 2 2 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 5000 RTP/AVP 0\r\na=sendonly\r\n";

fn now() -> Time {
    Time::default()
}

/// A call of ours that is up, and its ACK.
fn up() -> (Endpoint, CallKey, String) {
    let mut endpoint = endpoint(1);
    let call = endpoint.invite(now(), outgoing());
    let invite = sent(&mut endpoint).remove(0);
    let ack = said(&mut endpoint, now(), &answer(&invite, "200 OK", "far", ANSWER)).remove(0);
    events(&mut endpoint);
    (endpoint, call, ack)
}

#[test]
fn test_eight_the_far_side_holds_and_resumes_by_update() {
    let (mut endpoint, call, ack) = up();
    let hold = within(&ack, "UPDATE", 1, "", HELD);
    assert_eq!(said(&mut endpoint, now(), &hold), [""; 0]);
    assert_eq!(said(&mut endpoint, now(), &hold), [""; 0], "once more before the answer");
    assert_eq!(events(&mut endpoint), [Event::Reoffered { call, sdp: Some(HELD.into()) }]);
    endpoint.answer_reoffer(now(), call, OFFER.into()).unwrap();
    let answer = sent(&mut endpoint).remove(0);
    assert!(answer.starts_with("SIP/2.0 200 ") && answer.ends_with(OFFER) && answer.contains("Contact: "));
    assert_eq!(said(&mut endpoint, now(), &hold), [answer], "the same again, and nobody is asked");
    assert_eq!(events(&mut endpoint), [], "there is no ACK to wait for");
    said(&mut endpoint, now(), &within(&ack, "UPDATE", 2, "", ANSWER));
    assert_eq!(events(&mut endpoint), [Event::Reoffered { call, sdp: Some(ANSWER.into()) }]);
    endpoint.refuse_reoffer(now(), call, 488).unwrap();
    assert!(sent(&mut endpoint).remove(0).starts_with("SIP/2.0 488 "));
    // An old number.
    let mut old = String::from_utf8(within(&ack, "UPDATE", 2, "", "")).unwrap();
    old = old.replace("z9hG4bKUPDATE2", "z9hG4bKold");
    assert!(said(&mut endpoint, now(), old.as_bytes())[0].starts_with("SIP/2.0 500 "));
}

#[test]
fn an_update_by_tcp_is_remembered_until_it_is_answered() {
    let (mut endpoint, call, ack) = up();
    endpoint.receive(now(), Transport::Tcp, address(2), &within(&ack, "UPDATE", 1, "", HELD));
    endpoint.handle_timeout(now() + Duration::from_secs(1));
    endpoint.answer_reoffer(now() + Duration::from_secs(1), call, OFFER.into()).unwrap();
    let answer = endpoint.poll_transmit().unwrap();
    assert!(answer.transport == Transport::Tcp && answer.bytes.starts_with(b"SIP/2.0 200 "));
}

#[test]
fn an_update_without_offer_moves_the_target_and_is_told_to_nobody() {
    let (mut endpoint, call, ack) = up();
    let update =
        String::from_utf8(within(&ack, "UPDATE", 1, "", "")).unwrap().replace("far@192.0.2.2", "new@192.0.2.7");
    assert!(said(&mut endpoint, now(), update.as_bytes())[0].starts_with("SIP/2.0 200 "));
    assert_eq!(events(&mut endpoint), []);
    endpoint.hang_up(now(), call).unwrap();
    assert!(sent(&mut endpoint)[0].starts_with("BYE sip:new@192.0.2.7 "));
}

/// RFC 3311 §5.2.
#[test]
fn test_ten_an_offer_that_meets_one_of_ours_is_refused_with_491_and_one_on_top_of_theirs_with_500() {
    let (mut endpoint, call, ack) = up();
    endpoint.reoffer(now(), call, OFFER.into()).unwrap();
    let change = sent(&mut endpoint).remove(0);
    assert!(said(&mut endpoint, now(), &within(&ack, "UPDATE", 1, "", HELD))[0].starts_with("SIP/2.0 491 "));
    assert!(said(&mut endpoint, now(), &within(&ack, "UPDATE", 2, "", ""))[0].starts_with("SIP/2.0 200 "));
    said(&mut endpoint, now(), &answer(&change, "200 OK", "far", ANSWER));
    events(&mut endpoint);
    said(&mut endpoint, now(), &within(&ack, "UPDATE", 3, "", HELD));
    let later = said(&mut endpoint, now(), &within(&ack, "UPDATE", 4, "", HELD)).remove(0);
    assert!(later.starts_with("SIP/2.0 500 ") && header(&later, "Retry-After") == "1");
    let later = said(&mut endpoint, now(), &within(&ack, "INVITE", 5, "", HELD)).remove(0);
    assert!(later.starts_with("SIP/2.0 500 "), "{later}");
    assert!(endpoint.reoffer(now(), call, OFFER.into()).is_err());
    // Hanging up answers what is open.
    endpoint.hang_up(now(), call).unwrap();
    assert_eq!(first_lines(&sent(&mut endpoint)), ["SIP/2.0 487 Request Terminated", "BYE"]);
}

#[test]
fn before_the_call_is_accepted_the_far_side_may_change_what_it_answered_reliably_and_nothing_else() {
    let mut endpoint = endpoint(1);
    let call = endpoint.invite(now(), outgoing());
    let invite = sent(&mut endpoint).remove(0);
    said(&mut endpoint, now(), &answer(&invite, "183 Session Progress", "far", ANSWER));
    let dialog = String::from_utf8(answer(&invite, "183 Session Progress", "far", "")).unwrap();
    let swapped = dialog.replace("From:", "X:").replace("To:", "From:").replace("X:", "To:");
    let update = |seq, sdp| within(&swapped, "UPDATE", seq, "", sdp);
    assert!(said(&mut endpoint, now(), &update(1, HELD))[0].starts_with("SIP/2.0 491 "), "our offer is open");
    assert!(said(&mut endpoint, now(), &update(2, ""))[0].starts_with("SIP/2.0 200 "));
    let reliable = "Require: 100rel\r\nRSeq: 5\r\n";
    let prack = said(&mut endpoint, now(), &answer_with(&invite, "183 Session Progress", "far", reliable, ANSWER));
    assert_eq!(first_lines(&prack), ["PRACK"]);
    events(&mut endpoint);
    assert_eq!(said(&mut endpoint, now(), &update(3, HELD)), [""; 0]);
    assert_eq!(events(&mut endpoint), [Event::Reoffered { call, sdp: Some(HELD.into()) }]);
    endpoint.answer_reoffer(now(), call, OFFER.into()).unwrap();
    assert!(sent(&mut endpoint)[0].starts_with("SIP/2.0 200 "));
    // Another branch of the fork is another dialog.
    let other = String::from_utf8(update(4, "")).unwrap().replace(";tag=far", ";tag=other");
    assert!(said(&mut endpoint, now(), other.as_bytes())[0].starts_with("SIP/2.0 481 "));
    // Accepted by another branch while an offer of this one is open.
    said(&mut endpoint, now(), &update(5, HELD));
    let accepted = said(&mut endpoint, now(), &answer(&invite, "200 OK", "third", ANSWER));
    assert_eq!(first_lines(&accepted), ["SIP/2.0 487 Request Terminated", "ACK"]);
}

#[test]
fn an_update_of_a_caller_that_waits_for_our_answer_is_put_off() {
    let mut pair = Pair::new();
    let (_, b) = pair.call();
    pair.b.ringing(pair.now, b).unwrap();
    let ringing = sent(&mut pair.b).remove(0);
    let later = said(&mut pair.b, pair.now, &within(&ringing, "UPDATE", 2, "", HELD)).remove(0);
    assert!(later.starts_with("SIP/2.0 500 ") && later.contains("Retry-After: 1"));
    assert!(said(&mut pair.b, pair.now, &within(&ringing, "UPDATE", 3, "", ""))[0].starts_with("SIP/2.0 200 "));
}
