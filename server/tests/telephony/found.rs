//! How trunks are found and reached: the name service, second servers, long requests.

use domain::ids::InteractionId;
use domain::telephony::{Failure, Outcome};
use server::db::testing::TestDb;
use tokio::net::{TcpListener, UdpSocket};
use uuid::Uuid;
use wire::settings::{SettingsPort, Trunk, TrunkState, TrunkTransport};
use wire::telephony::TelephonyPort;

use super::far::{answer, answer_all, header, name_server};
use super::floor::{Floor, LOOPBACK, Plan, free_port};

async fn save(floor: &mut Floor, trunk: Trunk) {
    floor.trunk = floor.settings.save_trunk(floor.admin.clone(), trunk).await.unwrap();
    floor.trunks.settings_changed();
}

async fn registered(floor: &Floor) {
    let mut changes = floor.trunks.changes();
    while !matches!(floor.trunks.state(floor.trunk.id), TrunkState::Registered { .. }) {
        changes.changed().await.unwrap();
    }
}

fn account(trunk: &Trunk) -> Trunk {
    let (username, password) = (Some("desk".to_owned()), Some("secret".to_owned()));
    Trunk { registers: true, username, password, ..trunk.clone() }
}

/// RFC 3263 §4.2, RFC 2782; TELEPHONY's fourth test: a registrar that is down.
#[tokio::test]
async fn telephony_4_the_name_service_says_which_registrars_there_are_and_the_second_takes_over() {
    let db = TestDb::sqlite().await;
    let (dead, living) = (free_port(), TcpListener::bind((LOOPBACK, 0)).await.unwrap());
    let port = living.local_addr().unwrap().port();
    let service = "_sip._tcp.carrier.test.";
    let names = [(service, 20, port, "two.carrier.test."), (service, 10, dead, "one.carrier.test.")];
    let plan = Plan { names: Some(name_server(&names).await), transport: TrunkTransport::Tcp, ..Plan::default() };
    let mut floor = Floor::open_with(&db, plan).await;
    let trunk = Trunk { host: "carrier.test".to_owned(), port: None, ..account(&floor.trunk) };
    save(&mut floor, trunk).await;
    let (stream, _) = living.accept().await.unwrap();
    let registrar = tokio::spawn(answer_all(stream, "200 OK"));
    registered(&floor).await;
    floor.close().await;
    let requests = registrar.await.unwrap();
    assert!(
        requests.iter().all(|request| request.starts_with("REGISTER sip:carrier.test SIP/2.0\r\n")),
        "{requests:?}"
    );
}

#[tokio::test]
async fn telephony_4_a_second_server_that_was_set_up_takes_calls_while_the_first_refuses_connections() {
    let db = TestDb::sqlite().await;
    let living = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let mut floor = Floor::open_with(&db, Plan { transport: TrunkTransport::Tcp, ..Plan::default() }).await;
    let second_host = Some(living.local_addr().unwrap().to_string());
    let trunk = Trunk { second_host, ..floor.trunk.clone() };
    save(&mut floor, trunk).await;
    floor.trunks.reload().await;
    let agent = floor.logged_in("sato").await;
    let call = InteractionId(Uuid::new_v4());
    floor.phone.dial(floor.actor(agent), call, floor.number.id, "09012345678".to_owned()).await.unwrap();
    let (stream, _) = living.accept().await.unwrap();
    tokio::spawn(answer_all(stream, "486 Busy Here"));
    let outcome = Outcome::Failed { failure: Failure::Busy, sip_status: Some(486) };
    assert_eq!(floor.ended(agent).await.outcome, Some(outcome));
}

/// A trunk whose name is so long that an INVITE to it is over 1300 bytes.
async fn with_a_long_name(db: &server::db::Db) -> Floor {
    let names = Some(name_server(&[]).await);
    let mut floor = Floor::open_with(db, Plan { names, ..Plan::default() }).await;
    let host = [["a"; 60].concat().as_str(); 4].join(".");
    let trunk = Trunk { host, ..floor.trunk.clone() };
    save(&mut floor, trunk).await;
    floor.trunks.reload().await;
    floor
}

/// RFC 3261 §18.1.1.
#[tokio::test]
async fn telephony_15_a_request_over_1300_bytes_goes_by_tcp() {
    let db = TestDb::sqlite().await;
    let mut floor = with_a_long_name(&db).await;
    let peer = TcpListener::bind((LOOPBACK, floor.peer_port)).await.unwrap();
    let agent = floor.logged_in("sato").await;
    let call = InteractionId(Uuid::new_v4());
    floor.phone.dial(floor.actor(agent), call, floor.number.id, "09012345678".to_owned()).await.unwrap();
    let (stream, _) = peer.accept().await.unwrap();
    let requests = tokio::spawn(answer_all(stream, "486 Busy Here"));
    let outcome = Outcome::Failed { failure: Failure::Busy, sip_status: Some(486) };
    assert_eq!(floor.ended(agent).await.outcome, Some(outcome));
    floor.close().await;
    let requests = requests.await.unwrap();
    assert!(requests[0].len() > 1_300 && header(&requests[0], "Via").unwrap().starts_with("SIP/2.0/TCP "));
}

#[tokio::test]
async fn telephony_15_where_nobody_takes_tcp_it_is_delivered_whole_by_udp() {
    let db = TestDb::sqlite().await;
    let mut floor = with_a_long_name(&db).await;
    let peer = UdpSocket::bind((LOOPBACK, floor.peer_port)).await.unwrap();
    let agent = floor.logged_in("sato").await;
    let call = InteractionId(Uuid::new_v4());
    floor.phone.dial(floor.actor(agent), call, floor.number.id, "09012345678".to_owned()).await.unwrap();
    let mut datagram = vec![0; 65_536];
    let (length, from) = peer.recv_from(&mut datagram).await.unwrap();
    let invite = String::from_utf8(datagram[..length].to_vec()).unwrap();
    assert!(length > 1_300 && header(&invite, "Via").unwrap().starts_with("SIP/2.0/UDP "));
    let body = invite.split_once("\r\n\r\n").unwrap().1;
    assert_eq!(header(&invite, "Content-Length"), Some(body.len().to_string().as_str()));
    peer.send_to(answer(&invite, "486 Busy Here").as_bytes(), from).await.unwrap();
    let outcome = Outcome::Failed { failure: Failure::Busy, sip_status: Some(486) };
    assert_eq!(floor.ended(agent).await.outcome, Some(outcome));
}

/// RFC 3261 §18.1.1: what came is not cut, however long it is.
#[tokio::test]
async fn telephony_15_requests_of_1200_to_60000_bytes_are_read_whole() {
    let db = TestDb::sqlite().await;
    let floor = Floor::open(&db).await;
    let peer = UdpSocket::bind((LOOPBACK, floor.peer_port)).await.unwrap();
    let from = peer.local_addr().unwrap();
    for length in [1_200, 1_400, 4_000, 9_000, 60_000] {
        let head = format!(
            "OPTIONS sip:madoguchi@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{length}\r\n\
             From: <sip:probe@{from}>;tag=1\r\nTo: <sip:madoguchi@127.0.0.1>\r\nCall-ID: {length}\r\nCSeq: 1 OPTIONS\r\n\
             Max-Forwards: 70\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n"
        );
        peer.send_to(format!("{head}{}", "x".repeat(length)).as_bytes(), floor.sip_address()).await.unwrap();
        let mut datagram = [0; 2_048];
        let read = peer.recv(&mut datagram).await.unwrap();
        // One that was cut would be shorter than its Content-Length: 400.
        assert!(datagram.starts_with(b"SIP/2.0 200"), "{}", String::from_utf8_lossy(&datagram[..read]));
    }
}
