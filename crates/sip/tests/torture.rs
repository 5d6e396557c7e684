//! The torture messages of RFC 4475, from the folder `$SPECS/sip-torture` (`$SPECS` is `../shared/specs` beside the
//! workspace unless set): each gets the answer that the standard asks for, and none leaves anything behind but a call
//! that may be one.

use std::net::SocketAddr;
use std::path::PathBuf;

use sip::{Config, Endpoint, Event, Time, Timers, Transport};

/// What becomes of a message.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// An INVITE that rings.
    Call,
    Answered(u16),
    /// No answer: a response nobody waits for, or nobody to answer.
    Silence,
}

use Outcome::{Answered, Call, Silence};

/// By the section of RFC 4475 (3.1.1 valid, 3.1.2 invalid, 3.2 transaction, 3.3 application, 3.4 backward).
const EXPECTED: [(&str, Outcome); 49] = [
    // Read as it must be: its To has a tag, and the dialog is none of ours.
    ("t05_valid_1_wsinv", Answered(481)),
    ("t05_valid_2_intmeth", Answered(501)),
    ("t05_valid_3_esc01", Call),
    ("t05_valid_4_escnull", Answered(405)),
    // Escapes mean nothing in a method: an unknown one, not REGISTER.
    ("t05_valid_5_esc02", Answered(501)),
    ("t05_valid_6_lwsdisp", Answered(200)),
    ("t05_valid_7_longreq", Call),
    // A REGISTER; what follows its body in the datagram is ignored.
    ("t05_valid_8_dblreq", Answered(405)),
    ("t05_valid_9_semiuri", Answered(200)),
    ("t05_valid_10_transports", Answered(200)),
    ("t05_valid_11_3d9485ad0c49859b", Answered(405)),
    ("t05_valid_12_unreason", Silence),
    ("t05_valid_13_noreason", Silence),
    ("t06_invalid_1_badinv01", Answered(400)),
    ("t06_invalid_2_clerr", Answered(400)),
    ("t06_invalid_3_ncl", Answered(400)),
    ("t06_invalid_4_scalar02", Answered(400)),
    ("t06_invalid_5_scalarlg", Silence),
    ("t06_invalid_6_quotbal", Answered(400)),
    ("t06_invalid_7_ltgtruri", Answered(400)),
    ("t06_invalid_8_lwsruri", Answered(400)),
    ("t06_invalid_9_lwsstart", Answered(400)),
    ("t06_invalid_10_trws", Answered(400)),
    ("t06_invalid_11_escruri", Answered(400)),
    // A wrong time zone in a Date. Nothing here reads a date, and a caller is not turned away for one.
    ("t06_invalid_12_baddate", Call),
    ("t06_invalid_13_regbadct", Answered(400)),
    ("t06_invalid_14_badaspec", Answered(400)),
    ("t06_invalid_15_baddn", Answered(400)),
    ("t06_invalid_16_badvers", Answered(505)),
    ("t06_invalid_17_mismatch01", Answered(400)),
    ("t06_invalid_18_mismatch02", Answered(400)),
    ("t06_invalid_19_bigcode", Silence),
    ("t07_transaction_1_badbranch", Answered(200)),
    ("t07_application_1_x", Answered(400)),
    ("t07_application_2_unkscm", Answered(416)),
    ("t07_application_3_novelsc", Answered(416)),
    ("t07_application_4_unksm2", Answered(405)),
    ("t07_application_5_bext01", Answered(420)),
    ("t07_application_6_invut", Answered(415)),
    ("t07_application_7_regaut01", Answered(405)),
    ("t07_application_8_multi01", Answered(400)),
    ("t07_application_9_mcl01", Answered(400)),
    ("t07_application_10_bcast", Silence),
    // We are no proxy: the last hop may be the last.
    ("t07_application_11_zeromf", Answered(200)),
    ("t07_application_12_cparam01", Answered(405)),
    ("t07_application_13_cparam02", Answered(405)),
    ("t07_application_14_regescrt", Answered(405)),
    ("t07_application_15_sdp01", Answered(406)),
    ("t08_backcompat_inv2543", Call),
];

fn endpoint() -> Endpoint {
    let at = SocketAddr::from(([192, 0, 2, 1], 5060));
    let user_agent = "test".into();
    Endpoint::new(Config { advertised_udp: at, advertised_tcp: at, user_agent, timers: Timers::default(), seed: 1 })
}

fn outcome(message: &[u8]) -> Outcome {
    let mut endpoint = endpoint();
    endpoint.receive(Time::default(), Transport::Udp, SocketAddr::from(([192, 0, 2, 9], 5060)), message);
    let answers: Vec<u16> = std::iter::from_fn(|| endpoint.poll_transmit())
        .filter_map(|transmit| String::from_utf8_lossy(&transmit.bytes).split(' ').nth(1)?.parse().ok())
        .collect();
    match (endpoint.poll_event(), answers.as_slice()) {
        (Some(Event::Incoming { .. }), [100]) => Call,
        (None, [status]) => {
            assert_eq!(endpoint.stats(), sip::Stats::default(), "an answer leaves nothing behind");
            Answered(*status)
        }
        (None, []) => Silence,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_torture_message_gets_the_answer_that_rfc_4475_asks_for() {
    let default = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/specs");
    let folder = std::env::var_os("SPECS").map_or_else(default, PathBuf::from).join("sip-torture");
    if !folder.is_dir() {
        println!("RFC 4475 NOT TESTED: there is no folder {}; set SPECS to where it is", folder.display());
        return;
    }
    let mut wrong = Vec::new();
    for (name, expected) in EXPECTED {
        let message = std::fs::read(folder.join(format!("{name}.dat"))).unwrap();
        let found = outcome(&message);
        if found != expected {
            wrong.push(format!("{name}: {found:?} instead of {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("RFC 4475: {} messages answered as expected", EXPECTED.len());
}
