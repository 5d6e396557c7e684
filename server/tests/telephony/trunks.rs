//! Trunks that register, and trunks that ask who we are.

use std::net::SocketAddr;
use std::time::Duration;

use domain::ids::InteractionId;
use domain::telephony::{Failure, Outcome};
use server::db::testing::TestDb;
use tokio::net::UdpSocket;
use uuid::Uuid;
use wire::settings::{SettingsPort, Trunk, TrunkState, TrunkTransport};
use wire::telephony::TelephonyPort;

use super::customer::{Customer, Script};
use super::far::{answer, header, name_server};
use super::floor::{Floor, LOOPBACK, Plan};
use super::pbx::{registered, until};

async fn with_account(floor: &mut Floor, registers: bool) {
    let trunk = Trunk {
        registers,
        username: Some("desk".to_owned()),
        password: Some("secret".to_owned()),
        ..floor.trunk.clone()
    };
    floor.trunk = floor.settings.save_trunk(floor.admin.clone(), trunk).await.unwrap();
    floor.trunks.settings_changed();
}

async fn registers_and_takes_it_back(transport: TrunkTransport) {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open_with(&db, Plan { transport, ..Plan::default() }).await;
    assert_eq!(floor.trunks.state(floor.trunk.id), TrunkState::Peer);
    let registrar = Customer::waits(&floor, Script::new("takes_registrations.xml")).await;
    let mut changes = floor.trunks.changes();
    with_account(&mut floor, true).await;
    let mut seen = vec![];
    while !matches!(seen.last(), Some(TrunkState::Registered { .. })) {
        changes.changed().await.unwrap();
        seen.push(floor.trunks.state(floor.trunk.id));
        // Until the registrar knows us nobody can be called over it.
        let usable = matches!(seen.last(), Some(TrunkState::Peer | TrunkState::Registered { .. }));
        assert_eq!(floor.trunks.way_out(floor.trunk.id).is_some(), usable, "{seen:?}");
    }
    floor.close().await;
    registrar.done().await;
}

#[tokio::test]
async fn a_trunk_registers_with_its_password_and_takes_it_back_at_the_end() {
    registers_and_takes_it_back(TrunkTransport::Udp).await;
}

#[tokio::test]
async fn a_trunk_registers_over_tcp() {
    registers_and_takes_it_back(TrunkTransport::Tcp).await;
}

#[tokio::test]
async fn a_trunk_that_asks_who_calls_is_answered() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    with_account(&mut floor, false).await;
    floor.trunks.reload().await;
    let agent = floor.logged_in("sato").await;
    let customer = Customer::waits(&floor, Script::new("asks_who_calls.xml")).await;
    let call = InteractionId(Uuid::new_v4());
    floor.phone.dial(floor.actor(agent), call, floor.number.id, "09012345678".to_owned()).await.unwrap();
    let outcome = Outcome::Failed { failure: Failure::Busy, sip_status: Some(486) };
    assert_eq!(floor.ended(agent).await.outcome, Some(outcome));
    customer.done().await;
}

#[tokio::test]
async fn a_trunk_whose_host_is_unknown_says_so_and_carries_nothing() {
    let db = TestDb::sqlite().await;
    let floor = Floor::open(&db).await;
    let trunk = Trunk { host: "no-such-host.invalid".to_owned(), ..floor.trunk.clone() };
    let other = Trunk { id: domain::ids::TrunkId(Uuid::new_v4()), name: "other".to_owned(), version: 0, ..trunk };
    floor.settings.save_trunk(floor.admin.clone(), other.clone()).await.unwrap();
    assert!(!floor.trunks.reload().await);
    assert!(matches!(floor.trunks.state(other.id), TrunkState::Failed { .. }));
    assert!(floor.trunks.way_out(other.id).is_none());
    assert!(floor.trunks.way_out(floor.trunk.id).is_some());
}

/// A floor whose trunk registers at `one.test`, where the test itself is the registrar.
async fn registered_by_hand() -> (TestDb, Floor, UdpSocket) {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open_with(&db, Plan { names: Some(name_server(&[]).await), ..Plan::default() }).await;
    let registrar = UdpSocket::bind((LOOPBACK, floor.peer_port)).await.unwrap();
    floor.trunk = Trunk { host: "one.test".to_owned(), ..floor.trunk.clone() };
    with_account(&mut floor, true).await;
    takes(&registrar, "sip:one.test", false).await;
    until(&floor, floor.trunk.id, registered).await;
    (db, floor, registrar)
}

/// The next request.
async fn asked(registrar: &UdpSocket) -> (String, SocketAddr) {
    let mut datagram = vec![0; 65_536];
    let (length, from) = registrar.recv_from(&mut datagram).await.unwrap();
    (String::from_utf8(datagram[..length].to_vec()).unwrap(), from)
}

/// Says 200 to the next request, which must be this registration, or its end.
async fn takes(registrar: &UdpSocket, uri: &str, end: bool) -> String {
    let (request, from) = asked(registrar).await;
    assert!(request.starts_with(&format!("REGISTER {uri} SIP/2.0\r\n")), "{request}");
    assert_eq!(header(&request, "Expires") == Some("0"), end, "{request}");
    registrar.send_to(answer(&request, "200 OK").as_bytes(), from).await.unwrap();
    request
}

async fn moves_to_two(floor: &mut Floor) {
    let trunk = Trunk { host: "two.test".to_owned(), ..floor.trunk.clone() };
    floor.trunk = floor.settings.save_trunk(floor.admin.clone(), trunk).await.unwrap();
    floor.trunks.settings_changed();
}

/// RFC 3261 §10.2.2: where registrars share what they know, an end that comes late would take the new binding with it.
#[tokio::test]
async fn a_trunk_that_moves_is_registered_anew_only_when_the_end_of_the_former_registration_is_confirmed() {
    let (_db, mut floor, registrar) = registered_by_hand().await;
    moves_to_two(&mut floor).await;
    let (end, from) = asked(&registrar).await;
    assert_eq!(header(&end, "Expires"), Some("0"), "{end}");
    let who = "WWW-Authenticate: Digest realm=\"one\", nonce=\"once\", qop=\"auth\"\r\nContent-Length: 0\r\n";
    let challenge = answer(&end, "401 Unauthorized").replace("Content-Length: 0\r\n", who);
    registrar.send_to(challenge.as_bytes(), from).await.unwrap();
    let signed = takes(&registrar, "sip:one.test", true).await;
    assert!(header(&signed, "Authorization").is_some(), "{signed}");
    takes(&registrar, "sip:two.test", false).await;
    until(&floor, floor.trunk.id, registered).await;
}

#[tokio::test]
async fn a_registrar_that_does_not_confirm_the_end_keeps_nobody_from_the_next_and_is_not_told_again() {
    let (_db, mut floor, registrar) = registered_by_hand().await;
    moves_to_two(&mut floor).await;
    let (end, _) = asked(&registrar).await;
    assert_eq!(header(&end, "Expires"), Some("0"), "{end}");
    floor.held().await;
    // RFC 3261 §17.1.2.2, T4: what was said by now is heard or lost.
    floor.hands.advance(Duration::from_secs(5));
    let (mut request, mut from) = asked(&registrar).await;
    while header(&request, "Expires") == Some("0") {
        (request, from) = asked(&registrar).await;
    }
    assert!(request.starts_with("REGISTER sip:two.test SIP/2.0"), "{request}");
    registrar.send_to(answer(&request, "200 OK").as_bytes(), from).await.unwrap();
    until(&floor, floor.trunk.id, registered).await;
    floor.hands.advance(Duration::from_secs(20));
    floor.held().await;
    // The next that is heard is the refreshment.
    floor.hands.advance(Duration::from_secs(220));
    takes(&registrar, "sip:two.test", false).await;
}

/// RFC 3261 §10.2.1.1: the same address of record and contact are the same binding, which is never taken back.
#[tokio::test]
async fn test_four_an_account_with_another_password_is_registered_anew_without_a_word_of_farewell() {
    let (_db, mut floor, registrar) = registered_by_hand().await;
    let trunk = Trunk { password: Some("another".to_owned()), ..floor.trunk.clone() };
    floor.trunk = floor.settings.save_trunk(floor.admin.clone(), trunk).await.unwrap();
    floor.trunks.settings_changed();
    takes(&registrar, "sip:one.test", false).await;
    until(&floor, floor.trunk.id, registered).await;
    floor.hands.advance(Duration::from_mins(4));
    takes(&registrar, "sip:one.test", false).await;
}

/// An agent who logs in again before the end of the last registration was confirmed: it is the same account, the same
/// contact, and an end that comes late would end it for both.
#[tokio::test]
async fn a_trunk_that_is_switched_off_and_on_is_registered_anew_only_when_the_end_is_confirmed() {
    let (_db, mut floor, registrar) = registered_by_hand().await;
    for active in [false, true] {
        let trunk = Trunk { active, ..floor.trunk.clone() };
        floor.trunk = floor.settings.save_trunk(floor.admin.clone(), trunk).await.unwrap();
        floor.trunks.reload().await;
    }
    floor.held().await;
    takes(&registrar, "sip:one.test", true).await;
    takes(&registrar, "sip:one.test", false).await;
    until(&floor, floor.trunk.id, registered).await;
}
