//! What the SIP driver lets in and how it negotiates.

use domain::telephony::{Command, Outcome};
use server::db::testing::TestDb;
use tokio::net::UdpSocket;
use wire::telephony::TelephonyPort;

use super::customer::{Customer, Script};
use super::floor::{Floor, LOOPBACK, Plan};

fn options(from: &str, id: &str) -> String {
    format!(
        "OPTIONS sip:madoguchi@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{id}\r\n\
         From: <sip:probe@{from}>;tag=1\r\nTo: <sip:madoguchi@127.0.0.1>\r\nCall-ID: {id}\r\nCSeq: 1 OPTIONS\r\n\
         Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    )
}

#[tokio::test]
async fn only_known_peers_are_answered() {
    let db = TestDb::sqlite().await;
    let floor = Floor::open(&db).await;
    let stranger = UdpSocket::bind("127.0.0.2:0").await.unwrap();
    let peer = UdpSocket::bind((LOOPBACK, floor.peer_port)).await.unwrap();
    for (socket, id) in [(&stranger, "stranger"), (&peer, "peer")] {
        let from = socket.local_addr().unwrap().to_string();
        socket.send_to(options(&from, id).as_bytes(), floor.sip_address()).await.unwrap();
    }
    let mut answer = [0; 2048];
    let length = peer.recv(&mut answer).await.unwrap();
    assert!(answer[..length].starts_with(b"SIP/2.0 200"), "{}", String::from_utf8_lossy(&answer[..length]));
    // Datagrams of one loopback socket pair are taken in order, the stranger's before the peer's.
    let nothing = stranger.try_recv(&mut answer).unwrap_err();
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
    assert_eq!(floor.held().await.legs, 0);
}

/// Answers the one call that comes and lets the customer play the scenario to its end.
async fn answered(floor: &mut Floor, script: Script<'_>, agent_hangs_up: bool) -> Option<String> {
    let agent = floor.ready("sato").await;
    let customer = Customer::calls(floor, script);
    let offered = floor.offered(agent).await;
    floor.phone.command(floor.actor(agent), offered.id, Command::Answer).await.unwrap();
    if agent_hangs_up {
        floor.connected(agent).await;
        floor.phone.command(floor.actor(agent), offered.id, Command::HangUp).await.unwrap();
    } else {
        assert_eq!(floor.ended(agent).await.outcome, Some(Outcome::CustomerHungUp));
    }
    customer.done().await;
    offered.party.number.map(|number| number.e164.into())
}

#[tokio::test]
async fn a_customer_who_holds_is_mirrored_and_taken_back() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    answered(&mut floor, Script::new("holds.xml"), false).await;
}

#[tokio::test]
async fn a_customer_of_a_law_is_answered_in_a_law() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    answered(&mut floor, Script::new("speaks_a_law.xml"), true).await;
}

#[tokio::test]
async fn a_call_without_an_offer_gets_ours() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    answered(&mut floor, Script::new("offers_late.xml"), true).await;
}

#[tokio::test]
async fn a_call_without_a_codec_in_common_is_refused() {
    let db = TestDb::sqlite().await;
    let floor = Floor::open(&db).await;
    let said = Customer::calls(&floor, Script::new("is_refused.xml").key("payloads", "18")).done().await;
    assert!(said.contains("SIP/2.0 488"), "{said}");
    assert_eq!(floor.gateway.open_ports(), 0);
}

#[tokio::test]
async fn telephony_20_a_trusted_trunk_vouches_for_the_caller() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open_with(&db, Plan { trusts_identity: true, ..Plan::default() }).await;
    let vouched = Script::new("hangs_up.xml").key("identity", "P-Asserted-Identity: <sip:+81355551234@127.0.0.1>");
    assert_eq!(answered(&mut floor, vouched, false).await.as_deref(), Some("+81355551234"));
}

#[tokio::test]
async fn telephony_20_no_other_trunk_does() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let vouched = Script::new("hangs_up.xml").key("identity", "P-Asserted-Identity: <sip:+81355551234@127.0.0.1>");
    assert_eq!(answered(&mut floor, vouched, false).await.as_deref(), Some("+819012345678"));
}

#[tokio::test]
async fn a_withheld_number_stays_withheld() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    let withheld = Script::new("hangs_up.xml").key("identity", "Privacy: id");
    assert_eq!(answered(&mut floor, withheld, false).await, None);
}

#[tokio::test]
async fn an_anonymous_caller_has_no_number() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    assert_eq!(answered(&mut floor, Script::new("hangs_up.xml").key("caller", "anonymous"), false).await, None);
}
