//! What belongs to something that is going on is known by its first bytes.

use super::*;

fn sent(endpoint: &mut Endpoint) -> Vec<Vec<u8>> {
    std::iter::from_fn(|| endpoint.poll_transmit()).map(|transmit| transmit.bytes).collect()
}

#[test]
fn answers_to_ours_and_requests_of_our_dialogs_are_expected_and_nothing_else() {
    let (mut a, mut b) = (endpoint(1), endpoint(2));
    let now = Time::default();
    a.invite(now, outgoing());
    let invite = sent(&mut a).remove(0);
    assert!(!b.expects(&invite), "a new call is nobody's yet");
    b.receive(now, Transport::Udp, address(1), &invite);
    assert!(b.expects(&invite), "the same once more belongs to it");
    let trying = sent(&mut b).remove(0);
    assert!(a.expects(&trying));
    let text = String::from_utf8(trying.clone()).unwrap();
    let short = text.replace("Via:", "v :").replace("branch=", "BRANCH = ");
    assert!(a.expects(short.as_bytes()), "{short}");
    for junk in [
        text.replace("z9hG4bK", "z9hG4bKx"),
        text.replace("branch=", "bough="),
        "SIP/2.0".to_owned(),
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;branch=\r\n".to_owned(),
        String::from_utf8(invite).unwrap().replace("Call-ID: ", "Call-ID: x"),
        "BYE sip:a SIP/2.0\r\nCall-ID:\r\n".to_owned(),
        String::new(),
    ] {
        assert!(!a.expects(junk.as_bytes()) && !b.expects(junk.as_bytes()), "{junk}");
    }
}
