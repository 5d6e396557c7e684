//! Registrations: made, refreshed, refused, removed.

use super::*;

fn registration() -> Registration {
    Registration {
        to: address(2),
        transport: Transport::Udp,
        registrar_uri: "sip:carrier.example".into(),
        address_of_record: "sip:0312345678@carrier.example".into(),
        contact_user: "0312345678".into(),
        credentials: Some(Credentials { username: "u".into(), password: "p".into() }),
        expires: Duration::from_mins(10),
    }
}

/// An endpoint that registers, and the registrar's side of it.
struct Registrar {
    now: Time,
    endpoint: Endpoint,
    key: RegistrationKey,
    last: String,
}

impl Registrar {
    fn new() -> Self {
        Self::with(Vec::new())
    }

    fn with(fallbacks: Vec<Target>) -> Self {
        let (now, mut endpoint) = (Time::default(), endpoint(1));
        let key = endpoint.register_with(now, registration(), fallbacks);
        let last = sent(&mut endpoint).remove(0);
        Self { now, endpoint, key, last }
    }

    fn say(&mut self, status: &str, more: &str) {
        let bytes = answer(&self.last, status, "r", more);
        self.endpoint.receive(self.now, Transport::Udp, address(2), &bytes);
    }

    /// Sleeps until a new REGISTER comes; how long it took.
    fn next(&mut self) -> Duration {
        let start = self.now;
        loop {
            if let Some(text) = sent(&mut self.endpoint).pop() {
                self.last = text;
                return self.now.since(start);
            }
            self.now = self.endpoint.poll_timeout().unwrap();
            self.endpoint.handle_timeout(self.now);
        }
    }
}

#[test]
fn test_four_it_is_refreshed_at_four_fifths_of_what_was_granted() {
    let mut registrar = Registrar::new();
    assert!(registrar.last.starts_with("REGISTER sip:carrier.example SIP/2.0\r\n"));
    assert_eq!(header(&registrar.last, "Contact"), "<sip:0312345678@192.0.2.1:5060>");
    assert_eq!(header(&registrar.last, "Expires"), "600");
    let call_id = header(&registrar.last, "Call-ID").to_owned();
    let challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n";
    registrar.say("401 Unauthorized", challenge);
    assert_eq!(registrar.next(), Duration::ZERO);
    assert!(header(&registrar.last, "Authorization").contains("nc=00000001"));
    let more = "Contact: <sip:other@h>;expires=50, <sip:0312345678@192.0.2.1:5060>;expires=100\r\n";
    registrar.say("200 OK", more);
    let key = registrar.key;
    assert_eq!(events(&mut registrar.endpoint), [Event::Registered { key, expires: Duration::from_secs(100) }]);
    assert_eq!(registrar.next(), Duration::from_secs(80));
    assert_eq!((header(&registrar.last, "CSeq"), header(&registrar.last, "Call-ID")), ("3 REGISTER", call_id.as_str()));
    assert!(header(&registrar.last, "Authorization").contains("nc=00000002"));
    // A nonce that has grown too old is not a wrong password.
    registrar
        .say("401 Unauthorized", "WWW-Authenticate: Digest realm=\"r\", nonce=\"m\", qop=\"auth\", stale=true\r\n");
    assert_eq!(registrar.next(), Duration::ZERO);
    registrar.say("200 OK", "Expires: 300\r\n");
    assert_eq!(events(&mut registrar.endpoint), [Event::Registered { key, expires: Duration::from_mins(5) }]);
}

#[test]
fn test_four_a_longer_time_is_asked_for_when_the_registrar_wants_it() {
    let mut registrar = Registrar::new();
    registrar.say("423 Interval Too Brief", "Min-Expires: 1800\r\n");
    assert_eq!(registrar.next(), Duration::ZERO);
    assert_eq!(header(&registrar.last, "Expires"), "1800");
    registrar.say("423 Interval Too Brief", "Min-Expires: 3600\r\n");
    let heard = events(&mut registrar.endpoint);
    assert!(matches!(heard[..], [Event::RegistrationFailed { status: Some(423), .. }]), "{heard:?}");
}

#[test]
fn test_four_after_failures_it_backs_off_and_recovers() {
    let mut registrar = Registrar::new();
    let key = registrar.key;
    for (least, most) in [(15, 30), (30, 60), (60, 120)] {
        registrar.say("500 Server Internal Error", "");
        let wait = registrar.next();
        assert!((Duration::from_secs(least)..Duration::from_secs(most)).contains(&wait), "{wait:?}");
        assert!(matches!(events(&mut registrar.endpoint)[..], [Event::RegistrationFailed { status: Some(500), .. }]));
    }
    registrar.say("503 Service Unavailable", "Retry-After: 77 (soon);duration=3\r\n");
    assert_eq!(registrar.next(), Duration::from_secs(77));
    events(&mut registrar.endpoint);
    registrar.say("200 OK", "");
    assert_eq!(events(&mut registrar.endpoint), [Event::Registered { key, expires: Duration::from_mins(10) }]);
}

#[test]
fn test_four_a_registrar_that_is_silent_is_asked_again() {
    let mut registrar = Registrar::new();
    while registrar.endpoint.poll_event().is_none() {
        registrar.next();
    }
    assert!(registrar.now >= Time(Duration::from_secs(32)));
    registrar.next();
    registrar.say("200 OK", "");
    assert!(matches!(events(&mut registrar.endpoint)[..], [Event::Registered { .. }]));
}

#[test]
fn a_wrong_password_is_tried_once_and_then_rarely() {
    let mut registrar = Registrar::new();
    let challenge = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n";
    registrar.say("401 Unauthorized", challenge);
    registrar.next();
    registrar.say("401 Unauthorized", challenge);
    assert!(matches!(events(&mut registrar.endpoint)[..], [Event::RegistrationFailed { status: Some(401), .. }]));
    assert!(registrar.next() >= Duration::from_mins(15));
}

#[test]
fn it_is_removed_and_leaves_nothing() {
    for answered in [true, false] {
        let mut registrar = Registrar::new();
        let key = registrar.key;
        registrar.say("200 OK", "");
        events(&mut registrar.endpoint);
        registrar.endpoint.unregister(registrar.now, key);
        registrar.next();
        assert_eq!(header(&registrar.last, "Expires"), "0");
        if answered {
            registrar.say("200 OK", "");
        }
        while let Some(at) = registrar.endpoint.poll_timeout() {
            registrar.endpoint.handle_timeout(at);
        }
        assert_eq!(events(&mut registrar.endpoint), [Event::Unregistered { key }]);
        assert_eq!(registrar.endpoint.stats(), Stats::default());
    }
}

#[test]
fn test_four_a_second_registrar_stands_for_the_first_until_it_returns() {
    let (first, second) =
        (Target { transport: Transport::Udp, to: address(2) }, Target { transport: Transport::Tcp, to: address(3) });
    let mut registrar = Registrar::with(vec![second]);
    let key = registrar.key;
    assert_eq!(registrar.endpoint.registration(key), Some(RegistrationState::Asking { at: first }));
    registrar.say("503 Service Unavailable", "Retry-After: 600\r\n");
    assert_eq!(registrar.next(), Duration::ZERO);
    assert!(header(&registrar.last, "Via").starts_with("SIP/2.0/TCP"), "{}", registrar.last);
    assert!(header(&registrar.last, "Contact").ends_with(";transport=tcp>"));
    assert_eq!(registrar.endpoint.registration(key), Some(RegistrationState::Asking { at: second }));
    assert_eq!(events(&mut registrar.endpoint), [], "not failed yet");
    registrar.say("200 OK", "");
    let ten = Duration::from_mins(10);
    assert_eq!(events(&mut registrar.endpoint), [Event::Registered { key, expires: ten }]);
    let held = RegistrationState::Held { at: second, until: Time(ten) };
    assert_eq!(registrar.endpoint.registration(key), Some(held));
    // Half of the time is over: the first is asked, and is silent; the second again, in good time.
    assert_eq!(registrar.next(), Duration::from_mins(5));
    assert!(header(&registrar.last, "Via").starts_with("SIP/2.0/UDP"));
    while header(&registrar.last, "Via").starts_with("SIP/2.0/UDP") {
        registrar.next();
    }
    assert!(registrar.now < Time(Duration::from_secs(340)), "{:?}", registrar.now);
    registrar.say("200 OK", "");
    assert_eq!(events(&mut registrar.endpoint), [Event::Registered { key, expires: ten }]);
    // The first is back.
    registrar.next();
    registrar.say("200 OK", "");
    assert_eq!(events(&mut registrar.endpoint), [Event::Registered { key, expires: ten }]);
    let until = registrar.now + ten;
    assert_eq!(registrar.endpoint.registration(key), Some(RegistrationState::Held { at: first, until }));
    assert_eq!(registrar.next(), Duration::from_mins(8));
}

#[test]
fn test_four_when_no_registrar_answers_it_waits_and_says_until_when() {
    let second = Target { transport: Transport::Udp, to: address(3) };
    let mut registrar = Registrar::with(vec![second]);
    let key = registrar.key;
    registrar.say("500 Server Internal Error", "");
    registrar.next();
    registrar.say("503 Service Unavailable", "Retry-After: 77\r\n");
    let heard = events(&mut registrar.endpoint);
    let wait = Duration::from_secs(77);
    assert_eq!(heard, [Event::RegistrationFailed { key, status: Some(503), retry_after: Some(wait) }]);
    let waiting = RegistrationState::Waiting { until: Time(wait), status: Some(503) };
    assert_eq!(registrar.endpoint.registration(key), Some(waiting));
    assert_eq!(registrar.next(), wait);
    // A refusal for good is no reason to ask another.
    registrar.say("403 Forbidden", "");
    let heard = events(&mut registrar.endpoint);
    assert!(matches!(heard[..], [Event::RegistrationFailed { status: Some(403), .. }]), "{heard:?}");
    registrar.endpoint.unregister(registrar.now, key);
    assert_eq!(registrar.endpoint.registration(key), Some(RegistrationState::Leaving));
}

#[test]
fn test_four_a_connection_that_cannot_be_had_is_no_reason_to_wait_for_its_timer() {
    let second = Target { transport: Transport::Udp, to: address(3) };
    let mut registrar = Registrar::with(vec![second]);
    registrar.endpoint.transport_failed(registrar.now, Transport::Udp, address(2));
    let to: Vec<SocketAddr> =
        std::iter::from_fn(|| registrar.endpoint.poll_transmit()).map(|transmit| transmit.to).collect();
    assert_eq!(to, [address(3)]);
}
