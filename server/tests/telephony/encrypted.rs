//! TLS to and from trunks: whose certificate is believed, and what the desk is told of one that is not.

use std::path::Path;
use std::sync::Arc;

use domain::ids::{InteractionId, NumberId};
use domain::telephony::{Command, Failure, Outcome};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use server::db::testing::TestDb;
use server::telephony::directory::Line;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use uuid::Uuid;
use wire::settings::{Extension, SettingsPort, SipAccount, Trunk, TrunkCodec, TrunkState, TrunkTransport};
use wire::telephony::TelephonyPort;

use super::far::{answer, answer_all, header, name_server, next_message};
use super::floor::{Floor, LOOPBACK, Plan};
use super::pbx::{registered, until};

/// An authority of our own.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Its certificate as a file that lives as long as the test.
    fn file(&self, dir: &Path) -> &'static Path {
        lasting(dir, "authority.pem", &self.0.pem())
    }

    fn issue(&self, name: &str, expired: bool) -> (rcgen::Certificate, KeyPair) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if expired {
            params.not_after = rcgen::date_time_ymd(2020, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.0).unwrap(), key)
    }

    fn acceptor(&self, name: &str, expired: bool) -> TlsAcceptor {
        let (certificate, key) = self.issue(name, expired);
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

fn lasting(dir: &Path, name: &str, text: &str) -> &'static Path {
    let path = dir.join(name);
    std::fs::write(&path, text).unwrap();
    Box::leak(path.into_boxed_path())
}

/// A floor whose trunk is `carrier.test` by TLS, registering or not, and that believes the authority.
async fn floor_with(db: &server::db::Db, authority: &Authority, dir: &Path, port: u16, registers: bool) -> Floor {
    let plan = Plan {
        names: Some(name_server(&[]).await),
        transport: TrunkTransport::Tls,
        tls_authorities: Some(authority.file(dir)),
        ..Plan::default()
    };
    let mut floor = Floor::open_with(db, plan).await;
    let trunk = Trunk {
        host: "carrier.test".to_owned(),
        port: Some(port),
        registers,
        username: Some("desk".to_owned()),
        password: Some("secret".to_owned()),
        ..floor.trunk.clone()
    };
    floor.trunk = floor.settings.save_trunk(floor.admin.clone(), trunk).await.unwrap();
    floor.trunks.settings_changed();
    floor
}

async fn state(floor: &Floor, wanted: impl Fn(&TrunkState) -> bool) {
    let mut changes = floor.trunks.changes();
    while !wanted(&floor.trunks.state(floor.trunk.id)) {
        changes.changed().await.unwrap();
    }
}

#[tokio::test]
async fn a_trunk_registers_over_tls_with_the_certificate_of_its_host_name() {
    let db = TestDb::sqlite().await;
    let (authority, dir) = (Authority::new("known"), tempfile::tempdir().unwrap());
    let registrar = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let floor = floor_with(&db, &authority, dir.path(), registrar.local_addr().unwrap().port(), true).await;
    let (stream, _) = registrar.accept().await.unwrap();
    let stream = authority.acceptor("carrier.test", false).accept(stream).await.unwrap();
    let requests = tokio::spawn(answer_all(stream, "200 OK"));
    state(&floor, |state| matches!(state, TrunkState::Registered { .. })).await;
    floor.close().await;
    let requests = requests.await.unwrap();
    assert!(requests[0].contains("Via: SIP/2.0/TLS ") && requests[0].contains(";transport=tls>"), "{}", requests[0]);
}

/// RFC 3261 §26.3.1: registered, called and calling on one connection, whose certificate bears the exchange's name.
#[tokio::test]
async fn an_account_of_an_extension_is_registered_called_and_calls_over_tls() {
    let db = TestDb::sqlite().await;
    let (authority, dir) = (Authority::new("known"), tempfile::tempdir().unwrap());
    let exchange = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let plan = Plan {
        names: Some(name_server(&[]).await),
        tls_authorities: Some(authority.file(dir.path())),
        ..Plan::default()
    };
    let mut floor = Floor::open_with(&db, plan).await;
    let agent = floor.ready("sato").await;
    let extension = floor.settings.settings(floor.admin.clone()).await.unwrap().extensions.remove(0);
    let account = SipAccount {
        host: "pbx.test".to_owned(),
        port: exchange.local_addr().unwrap().port(),
        transport: TrunkTransport::Tls,
        domain: None,
        username: "desk-1001".to_owned(),
        auth_username: None,
        password: Some("secret".to_owned()),
        has_password: false,
        codecs: vec![TrunkCodec::Pcmu],
        ring_seconds: 20,
        outside_prefix: None,
        state: TrunkState::Off,
    };
    let extension = Extension { account: Some(account), ..extension };
    floor.settings.save_extension(floor.admin.clone(), extension.clone()).await.unwrap();
    let (stream, _) = exchange.accept().await.unwrap();
    let mut stream = authority.acceptor("pbx.test", false).accept(stream).await.unwrap();
    let register = next_message(&mut stream).await.unwrap();
    assert!(register.starts_with("REGISTER sip:pbx.test SIP/2.0\r\nVia: SIP/2.0/TLS "), "{register}");
    let contact = header(&register, "Contact").unwrap();
    assert!(contact.starts_with("<sip:desk-1001@") && contact.ends_with(";transport=tls>"), "{register}");
    stream.write_all(answer(&register, "200 OK").as_bytes()).await.unwrap();
    until(&floor, Line::trunk(extension.id), registered).await;

    let from = "sip:1002@pbx.test";
    let sdp = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";
    let invite = format!(
        "INVITE sip:desk-1001@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bKi\r\n\
         From: <{from}>;tag=1\r\nTo: <sip:1001@pbx.test>\r\nCall-ID: i\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n\
         Contact: <{from};transport=tls>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{sdp}",
        sdp.len()
    );
    stream.write_all(invite.as_bytes()).await.unwrap();
    let call = floor.offered(agent).await;
    assert_eq!(call.party.number.unwrap().shown, "1002");
    floor.phone.command(floor.actor(agent), call.id, Command::Decline).await.unwrap();
    let mut answers = Vec::new();
    while answers.last().is_none_or(|last: &String| !last.starts_with("SIP/2.0 603")) {
        answers.push(next_message(&mut stream).await.unwrap());
    }
    let to = header(answers.last().unwrap(), "To").unwrap();
    let ack = format!(
        "ACK sip:desk-1001@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:5061;branch=z9hG4bKi\r\nFrom: <{from}>;tag=1\r\n\
         To: {to}\r\nCall-ID: i\r\nCSeq: 1 ACK\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    );
    stream.write_all(ack.as_bytes()).await.unwrap();
    floor.seat(agent, |seat| seat.takes_offers()).await;

    let call = InteractionId(Uuid::new_v4());
    floor.phone.dial(floor.actor(agent), call, NumberId(extension.id.0), "1002".to_owned()).await.unwrap();
    let invite = next_message(&mut stream).await.unwrap();
    assert!(invite.starts_with("INVITE sip:1002@pbx.test SIP/2.0\r\nVia: SIP/2.0/TLS "), "{invite}");
    stream.write_all(answer(&invite, "486 Busy Here").as_bytes()).await.unwrap();
    let busy = Outcome::Failed { failure: Failure::Busy, sip_status: Some(486) };
    assert_eq!(floor.ended(agent).await.outcome, Some(busy));
}

/// RFC 5922 §7.2: nothing is sent to whom we do not know.
async fn a_wrong_certificate_is_told(registers: bool) {
    let (authority, stranger) = (Authority::new("known"), Authority::new("unknown"));
    let wrong = [
        (authority.acceptor("other.test", false), "certificate_of_another_name"),
        (authority.acceptor("carrier.test", true), "certificate_expired"),
        (stranger.acceptor("carrier.test", false), "certificate_of_unknown_issuer"),
    ];
    for (acceptor, expected) in wrong {
        let db = TestDb::sqlite().await;
        let dir = tempfile::tempdir().unwrap();
        let registrar = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
        let floor = floor_with(&db, &authority, dir.path(), registrar.local_addr().unwrap().port(), registers).await;
        let (stream, _) = registrar.accept().await.unwrap();
        assert!(acceptor.accept(stream).await.is_err(), "{expected}: the handshake was to fail");
        state(&floor, |state| matches!(state, TrunkState::Failed { why, .. } if why == expected)).await;
    }
}

#[tokio::test]
async fn a_registrar_with_another_certificate_gets_nothing_and_the_trunk_says_why() {
    a_wrong_certificate_is_told(true).await;
}

#[tokio::test]
async fn a_peer_with_another_certificate_is_shown_before_the_first_call() {
    a_wrong_certificate_is_told(false).await;
}

#[tokio::test]
async fn a_peer_that_connects_by_tls_is_shown_our_certificate_and_answered() {
    let db = TestDb::sqlite().await;
    let (authority, dir) = (Authority::new("known"), tempfile::tempdir().unwrap());
    let (certificate, key) = authority.issue("desk.test", false);
    let own = (
        lasting(dir.path(), "certificate.pem", &certificate.pem()),
        lasting(dir.path(), "key.pem", &key.serialize_pem()),
    );
    let floor = Floor::open_with(&db, Plan { tls_own: Some(own), ..Plan::default() }).await;
    let mut roots = RootCertStore::empty();
    roots.add(authority.0.der().clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(floor.sip.tls_address().unwrap()).await.unwrap();
    let from = stream.local_addr().unwrap();
    let name = ServerName::try_from("desk.test").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    let options = format!(
        "OPTIONS sip:madoguchi@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS {from};branch=z9hG4bK1\r\n\
         From: <sip:probe@{from}>;tag=1\r\nTo: <sip:madoguchi@127.0.0.1>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\
         Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    );
    stream.write_all(options.as_bytes()).await.unwrap();
    let answer = next_message(&mut stream).await.unwrap();
    assert!(answer.starts_with("SIP/2.0 200"), "{answer}");
}
