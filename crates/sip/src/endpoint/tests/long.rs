//! Requests too long for a datagram (RFC 3261 §18.1.1), and datagrams as long as they come.

use super::*;

fn now() -> Time {
    Time::default()
}

/// A call whose INVITE has about this many bytes.
fn long(bytes: usize) -> Outgoing {
    let padding = "a".repeat(bytes.saturating_sub(650));
    Outgoing { offer: format!("{OFFER}a=x:{padding}\r\n"), ..outgoing() }
}

fn taken(endpoint: &mut Endpoint) -> (Transport, String) {
    let transmit = endpoint.poll_transmit().unwrap();
    (transmit.transport, String::from_utf8(transmit.bytes).unwrap())
}

#[test]
fn test_fifteen_a_request_over_1300_bytes_goes_by_tcp_and_says_so() {
    let mut endpoint = endpoint(1);
    endpoint.invite(now(), outgoing());
    let (transport, short) = taken(&mut endpoint);
    assert!(transport == Transport::Udp && short.len() <= 1300 && header(&short, "Via").starts_with("SIP/2.0/UDP "));
    for bytes in [1400, 4000, 9000] {
        let call = endpoint.invite(now(), long(bytes));
        let (transport, invite) = taken(&mut endpoint);
        assert!(transport == Transport::Tcp && invite.len() > 1300, "{bytes}");
        assert!(header(&invite, "Via").starts_with("SIP/2.0/TCP 192.0.2.1:5060;"));
        // Answers come by the same connection. What is short again goes by UDP.
        endpoint.receive(now(), Transport::Tcp, address(2), &answer(&invite, "200 OK", "far", ANSWER));
        let (transport, ack) = taken(&mut endpoint);
        assert!(transport == Transport::Udp && ack.starts_with("ACK "));
        endpoint.hang_up(now(), call).unwrap();
        assert_eq!(taken(&mut endpoint).0, Transport::Udp);
    }
}

#[test]
fn test_fifteen_who_takes_no_tcp_gets_it_by_udp_after_all() {
    let mut endpoint = endpoint(1);
    let call = endpoint.invite(now(), long(4000));
    let (_, by_tcp) = taken(&mut endpoint);
    endpoint.transport_failed(now(), Transport::Tcp, address(2));
    assert_eq!(events(&mut endpoint), []);
    let (transport, by_udp) = taken(&mut endpoint);
    assert!(transport == Transport::Udp && header(&by_udp, "Via").starts_with("SIP/2.0/UDP "));
    assert_eq!(by_tcp.replacen("/TCP", "/UDP", 1).replacen(";alias", "", 1), by_udp);
    // It is sent again as anything by UDP is, and the next goes there at once for a while.
    let mut clock = now();
    assert_eq!(alone(&mut endpoint, &mut clock, Duration::from_millis(500)).len(), 1);
    said(&mut endpoint, clock, &answer(&by_udp, "180 Ringing", "far", ""));
    assert_eq!(events(&mut endpoint), [Event::Ringing { call }]);
    endpoint.invite(clock, long(2000));
    assert_eq!(taken(&mut endpoint).0, Transport::Udp);
    endpoint.invite(clock + Duration::from_mins(11), long(2000));
    assert_eq!(taken(&mut endpoint).0, Transport::Tcp);
    // UDP that fails too is the end.
    endpoint.transport_failed(clock, Transport::Tcp, address(2));
    endpoint.transport_failed(clock, Transport::Udp, address(2));
    let ended = |event: &Event| matches!(event, Event::Refused { call: over, status: 503, .. } if *over == call);
    assert!(events(&mut endpoint).iter().any(ended));
}

#[test]
fn a_long_call_that_is_cancelled_is_cancelled_where_it_went() {
    let mut endpoint = endpoint(1);
    let call = endpoint.invite(now(), long(4000));
    let (_, invite) = taken(&mut endpoint);
    endpoint.receive(now(), Transport::Tcp, address(2), &answer(&invite, "180 Ringing", "far", ""));
    endpoint.hang_up(now(), call).unwrap();
    let (transport, cancel) = taken(&mut endpoint);
    assert!(transport == Transport::Tcp && cancel.starts_with("CANCEL "));
    assert_eq!(header(&cancel, "Via"), header(&invite, "Via"));
}

#[test]
fn test_fifteen_a_datagram_of_64_kib_is_read_whole() {
    for bytes in [1200, 1400, 4000, 9000, 65_200] {
        let mut pair = Pair::new();
        pair.a.invite(pair.now, long(bytes));
        let invite = sent(&mut pair.a).remove(0).replacen("/TCP", "/UDP", 1);
        assert!((bytes..bytes + 300).contains(&invite.len()), "{}", invite.len());
        assert!(invite.len() <= 65_535);
        pair.b.receive(pair.now, Transport::Udp, address(1), invite.as_bytes());
        let Some(Event::Incoming { offer: Some(offer), .. }) = pair.b.poll_event() else { panic!("{bytes}") };
        assert_eq!(offer, long(bytes).offer);
        // One that was cut on the way is refused, not half read.
        let cut = &invite.as_bytes()[..invite.len() - 1];
        let refusal = said(&mut super::endpoint(3), pair.now, cut).remove(0);
        assert!(refusal.starts_with("SIP/2.0 400 "), "{refusal}");
    }
}

#[test]
fn a_call_by_tls_says_so_and_stays_there() {
    let mut endpoint = endpoint(1);
    endpoint.advertise_tls("192.0.2.1:5071".parse().unwrap());
    let call = endpoint.invite(now(), Outgoing { transport: Transport::Tls, ..long(4000) });
    let (transport, invite) = taken(&mut endpoint);
    assert_eq!(transport, Transport::Tls);
    assert!(header(&invite, "Via").starts_with("SIP/2.0/TLS 192.0.2.1:5071;"));
    assert!(header(&invite, "Via").ends_with(";rport;alias"));
    assert_eq!(header(&invite, "Contact"), "<sip:0398765432@192.0.2.1:5071;transport=tls>");
    let mut clock = now();
    assert_eq!(alone(&mut endpoint, &mut clock, Duration::from_secs(10)), [], "a stream needs nothing again");
    // A Contact elsewhere, and in the clear, is not followed out of the encrypted connection.
    let accepted = String::from_utf8(answer(&invite, "200 OK", "far", ANSWER)).unwrap();
    let accepted = accepted.replace("far@192.0.2.2", "far@192.0.2.66:5060;transport=udp");
    endpoint.receive(clock, Transport::Tls, address(2), accepted.as_bytes());
    endpoint.hang_up(clock, call).unwrap();
    for _ in 0..2 {
        let transmit = endpoint.poll_transmit().unwrap();
        assert_eq!((transmit.transport, transmit.to), (Transport::Tls, address(2)));
    }
}
