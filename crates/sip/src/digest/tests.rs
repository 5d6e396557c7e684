//! The examples of the standards, and the ways in which challenges come in the field.

use super::*;

fn answer(line: &str, cnonce: &str, who: (&str, &str), method: &str, uri: &str) -> String {
    let challenge = challenges(line).into_iter().next().unwrap();
    let known = Known { asker: Asker::Server, challenge, cnonce: cnonce.into(), uses: 1 };
    let credentials = Credentials { username: who.0.into(), password: who.1.into() };
    known.answer(&credentials, &Method::new(method), uri)
}

#[test]
fn the_example_of_rfc_2617_section_3_5() {
    let line = r#"Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41""#;
    let text = answer(line, "0a4f113b", ("Mufasa", "Circle Of Life"), "GET", "/dir/index.html");
    assert!(text.contains(r#"response="6629fae49393a05397450978507c4ef1""#), "{text}");
    assert!(text.contains(", qop=auth, nc=00000001") && text.contains(r#"opaque="5ccc069c403ebaf9f0171e9517f40e41""#));
}

/// RFC 7616 §3.9.1, whose SHA-256 answer is that of RFC 8760 too.
#[test]
fn the_examples_of_rfc_7616_section_3_9_1() {
    let common = r#"realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS""#;
    for (algorithm, response) in [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ] {
        let line = format!("Digest {common}, algorithm={algorithm}");
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        let text = answer(&line, cnonce, ("Mufasa", "Circle of Life"), "GET", "/dir/index.html");
        assert!(text.contains(response), "{text}");
    }
}

#[test]
fn a_challenge_without_qop_is_answered_as_of_old() {
    let text = answer(r#"Digest realm="r", nonce="n""#, "c", ("u", "p"), "REGISTER", "sip:r");
    assert!(!text.contains("qop") && !text.contains("cnonce"), "{text}");
    let secret = Hash::Md5.hex("u:r:p");
    let expected = Hash::Md5.hex(&format!("{secret}:n:{}", Hash::Md5.hex("REGISTER:sip:r")));
    assert!(text.contains(&expected));
}

#[test]
fn test_three_the_first_challenge_that_can_be_answered_is_taken() {
    let both =
        r#"Digest realm="r", nonce="a", algorithm=SHA-256, qop="auth", Digest realm="r", nonce="b", algorithm=MD5"#;
    assert_eq!(challenges(both).first().unwrap().hash, Hash::Sha256);
    let odd = r#"Negotiate abc, Digest realm="r", nonce="a", algorithm=FUTURE-9, Digest realm="r", nonce="b", qop="auth-int", Digest realm="a,b", nonce="c", algorithm=MD5-sess"#;
    let found = challenges(odd);
    assert_eq!((found.len(), found[0].nonce.as_str(), found[0].session), (1, "c", true));
}

#[test]
fn test_three_each_asker_is_answered_once_and_once_more_for_a_stale_nonce() {
    let mut chance = Chance::new(1);
    let mut headers = Headers::default();
    headers.push("WWW-Authenticate", r#"Digest realm="r", nonce="1", qop="auth""#);
    headers.push("Proxy-Authenticate", r#"Digest realm="p", nonce="1""#);
    let mut stale = Headers::default();
    stale.push("WWW-Authenticate", r#"Digest realm="r", nonce="2", qop="auth", stale=TRUE"#);
    let mut auth = Auth::new(Some(Credentials { username: "u".into(), password: "p".into() }));
    let mut attempts = Attempts::default();
    let mut ask = |status, headers: &Headers| auth.challenged(status, headers, &mut attempts, &mut chance);
    assert!(ask(407, &headers));
    assert!(ask(401, &headers));
    assert!(!ask(401, &headers), "the password is wrong");
    assert!(ask(401, &stale));
    assert!(!ask(401, &stale), "for ever stale");
    assert!(!ask(407, &headers));
    assert!(!ask(403, &headers));
}

#[test]
fn the_uses_of_a_nonce_are_counted() {
    let mut chance = Chance::new(1);
    let mut challenge = Headers::default();
    challenge.push("WWW-Authenticate", r#"Digest realm="r", nonce="1", qop="auth""#);
    let mut auth = Auth::new(Some(Credentials { username: "u".into(), password: "p".into() }));
    assert!(auth.challenged(401, &challenge, &mut Attempts::default(), &mut chance));
    for count in ["nc=00000001", "nc=00000002"] {
        let mut headers = Headers::default();
        auth.sign(&Method::Register, "sip:r", &mut headers);
        assert!(headers.get("Authorization").unwrap().contains(count));
    }
}

/// The digests by another implementation (`openssl dgst -sha512-256` and its kin).
#[test]
fn sha_512_256_and_the_session_forms_are_spelled_and_computed_as_they_must_be() {
    for (algorithm, response) in [
        ("SHA-512-256", "c17e90b0471b0ee84c3dd6bcd046cd125759a6ff2aa01d6bd457103ddf96eaef"),
        ("SHA-256-sess", "f41c6bc8ba9db2148163ef9db465c010d4026629cbfdb86ed80a941748d62059"),
        ("MD5-sess", "58270fc7976d9a7494f3dcf89ca696a6"),
    ] {
        let line = format!(r#"Digest realm="r", nonce="n", algorithm={algorithm}, qop="auth""#);
        let text = answer(&line, "c", ("u", "p"), "INVITE", "sip:r");
        assert!(text.contains(response) && text.contains(&format!("algorithm={algorithm},")), "{text}");
    }
}

#[test]
fn test_three_lists_of_qop_are_read_with_and_without_quotes() {
    for (qop, expected) in [
        ("qop=\"auth,auth-int\"", Some(true)),
        ("qop=\"auth-int, auth\"", Some(true)),
        ("qop=auth", Some(true)),
        ("qop=auth,auth-int", Some(true)),
        ("qop=\"auth-int\"", None),
        ("opaque=x", Some(false)),
    ] {
        let found = challenges(&format!("Digest realm=\"r\", {qop}, nonce=\"n\""));
        assert_eq!(found.first().map(|challenge| challenge.qop), expected, "{qop}");
    }
}

#[test]
fn test_three_of_several_lines_the_first_that_is_known_is_answered_and_of_several_realms_each() {
    let mut chance = Chance::new(1);
    let mut challenge = Headers::default();
    for line in [
        r#"Digest realm="a", nonce="1", algorithm=FUTURE-512"#,
        r#"Digest realm="a", nonce="2", algorithm=SHA-512-256"#,
        r#"Digest realm="a", nonce="3", algorithm=MD5"#,
        r#"Digest realm="b", nonce="4""#,
    ] {
        challenge.push("Proxy-Authenticate", line);
    }
    let mut auth = Auth::new(Some(Credentials { username: "u".into(), password: "p".into() }));
    let mut attempts = Attempts::default();
    assert!(auth.challenged(407, &challenge, &mut attempts, &mut chance));
    let mut headers = Headers::default();
    auth.sign(&Method::Invite, "sip:r", &mut headers);
    let lines: Vec<&str> = headers.all("Proxy-Authorization").collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("nonce=\"2\"") && lines[0].contains("algorithm=SHA-512-256"));
    assert!(lines[1].contains("nonce=\"4\""));
    assert!(!auth.challenged(407, &challenge, &mut attempts, &mut chance), "refused");
    // One realm after the other, but not for ever.
    let mut taken = 0;
    for realm in 0..20 {
        let mut challenge = Headers::default();
        challenge.push("Proxy-Authenticate", format!("Digest realm=\"{realm}\", nonce=\"n\""));
        taken += usize::from(auth.challenged(407, &challenge, &mut attempts, &mut chance));
    }
    assert_eq!(taken, 2);
}
