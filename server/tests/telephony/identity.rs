//! Who calls, as trunks are told it (RFC 3323, RFC 3325), and as we believe it of them.

use domain::ids::{InteractionId, UserId};
use domain::telephony::{Failure, Outcome};
use server::db::testing::TestDb;
use tokio::net::UdpSocket;
use uuid::Uuid;
use wire::settings::{Presentation, SettingsPort, Trunk};
use wire::telephony::TelephonyPort;

use super::customer::{Customer, Script};
use super::far::{answer, header};
use super::floor::{Floor, LOOPBACK, OURS_E164, Plan, trunk};

/// Headers in which somebody may be named to a trunk.
const NAMING: [&str; 6] =
    ["P-Asserted-Identity", "P-Preferred-Identity", "Privacy", "Remote-Party-ID", "Subject", "Reply-To"];

async fn presenting(db: &server::db::Db, presents: Presentation) -> (Floor, UserId) {
    let mut floor = Floor::open(db).await;
    let (username, password) = (Some("desk".to_owned()), Some("secret".to_owned()));
    let trunk = Trunk { presents, username, password, ..floor.trunk.clone() };
    floor.trunk = floor.settings.save_trunk(floor.admin.clone(), trunk).await.unwrap();
    assert!(floor.trunks.reload().await);
    let agent = floor.logged_in("sato").await;
    (floor, agent)
}

async fn invite(carrier: &UdpSocket) -> (String, std::net::SocketAddr) {
    let mut datagram = vec![0; 65_536];
    loop {
        let (length, from) = carrier.recv_from(&mut datagram).await.unwrap();
        if datagram.starts_with(b"INVITE ") {
            return (String::from_utf8(datagram[..length].to_vec()).unwrap(), from);
        }
    }
}

/// RFC 3325 §9.1, §9.2: what the trunk's setting says, the same where the trunk first asks who we are, and nothing else.
#[tokio::test]
async fn telephony_20_each_trunk_is_told_who_calls_in_the_headers_that_it_wants_and_in_no_other() {
    let ours = format!("<sip:{OURS_E164}@127.0.0.1>");
    for (presents, told) in [
        (Presentation::From, None),
        (Presentation::Preferred, Some("P-Preferred-Identity")),
        (Presentation::Asserted, Some("P-Asserted-Identity")),
    ] {
        let db = TestDb::sqlite().await;
        let (mut floor, agent) = presenting(&db, presents).await;
        let carrier = UdpSocket::bind((LOOPBACK, floor.peer_port)).await.unwrap();
        let call = InteractionId(Uuid::new_v4());
        floor.phone.dial(floor.actor(agent), call, floor.number.id, "09012345678".to_owned()).await.unwrap();
        let (asked, from) = invite(&carrier).await;
        let who = "Proxy-Authenticate: Digest realm=\"carrier\", nonce=\"once\", qop=\"auth\"\r\nContent-Length: 0\r\n";
        let challenge = answer(&asked, "407 Proxy Authentication Required").replace("Content-Length: 0\r\n", who);
        carrier.send_to(challenge.as_bytes(), from).await.unwrap();
        let (signed, _) = invite(&carrier).await;
        assert!(header(&signed, "Proxy-Authorization").is_some(), "{signed}");
        for request in [&asked, &signed] {
            let (named, tag) = header(request, "From").unwrap().split_once(";tag=").unwrap();
            assert_eq!((named, tag.is_empty()), (ours.as_str(), false), "{request}");
            for name in NAMING {
                assert_eq!(
                    header(request, name),
                    told.filter(|told| *told == name).map(|_| ours.as_str()),
                    "{request}"
                );
            }
            // The agent stays unnamed, and the account too but for its password's sake.
            let mut rest = request.lines().filter(|line| !line.starts_with("Proxy-Authorization: "));
            assert!(rest.all(|line| !line.contains("sato") && !line.contains("desk")), "{request}");
        }
        carrier.send_to(answer(&signed, "486 Busy Here").as_bytes(), from).await.unwrap();
        let outcome = Outcome::Failed { failure: Failure::Busy, sip_status: Some(486) };
        assert_eq!(floor.ended(agent).await.outcome, Some(outcome));
    }
}

/// RFC 3325 §8: whoever shares an address with a trunk that is not trusted could be that one.
#[tokio::test]
async fn telephony_20_a_trusted_trunk_vouches_for_nobody_while_another_at_its_address_may_not() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open_with(&db, Plan { trusts_identity: true, ..Plan::default() }).await;
    let agent = floor.ready("sato").await;
    let vouched =
        || Script::new("gives_up_while_it_rings.xml").key("identity", "P-Asserted-Identity: <sip:+81355551234@h>");
    let seen = async |floor: &mut Floor| {
        let customer = Customer::calls(floor, vouched());
        let offered = floor.offered(agent).await;
        floor.gone(agent).await;
        customer.done().await;
        floor.seat(agent, |seat| seat.takes_offers()).await;
        offered.party.number.map(|number| String::from(number.e164))
    };
    assert_eq!(seen(&mut floor).await.as_deref(), Some("+81355551234"));
    let beside = trunk("beside", floor.peer_port, Plan { trusts_identity: false, ..Plan::default() });
    floor.settings.save_trunk(floor.admin.clone(), beside).await.unwrap();
    assert!(floor.trunks.reload().await);
    assert_eq!(seen(&mut floor).await.as_deref(), Some("+819012345678"));
}
