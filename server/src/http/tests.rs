//! The edge as a browser meets it, without a network: requests into the router, answers out.

use std::sync::Arc;

use async_trait::async_trait;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use domain::ids::{ClientId, UserId};
use domain::roles::Role;
use domain::time::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;
use wire::events::Desk;
use wire::session::MyExtension;
use wire::{ApiError, ApiResult};

use super::*;
use crate::clock::Clock;
use crate::config::{Config, Sources, load};
use crate::db::Db;
use crate::db::testing::TestDb;
use crate::realtime::{DeskSource, Hub};
use crate::session::{Ended, Hasher, NewUser, Surroundings, add_user};

const OURS: &str = "https://desk.example.jp";
const PASSWORD: &str = "correct horse battery";

struct Nothing;

#[async_trait]
impl DeskSource for Nothing {
    async fn desk(&self, _: UserId) -> Result<Desk, ApiError> {
        Err(ApiError::Unavailable)
    }
    async fn look_at_desk(&self, _: UserId, _: ClientId) {}
    async fn still_signed_in(&self, _: &Actor) -> bool {
        true
    }
}

#[async_trait]
impl Surroundings for Nothing {
    async fn extension_of(&self, _: UserId) -> ApiResult<Option<MyExtension>> {
        Ok(None)
    }
    fn ended(&self, _: UserId, _: Ended<'_>) {}
}

struct Browser {
    router: Router,
    edge: Edge,
    stopping: CancellationToken,
    _db: TestDb,
}

impl Browser {
    async fn at(public_url: &str) -> Self {
        let environment = vec![
            ("MADOGUCHI_PUBLIC_URL".to_owned(), public_url.to_owned()),
            ("MADOGUCHI_TRUSTED_PROXIES".to_owned(), "203.0.113.1".to_owned()),
        ];
        let config: Config = load(&Sources { environment, ..Sources::default() }).unwrap();
        let db = TestDb::sqlite().await;
        let (clock, _hands) = Clock::held(Timestamp(1_700_000_000_000));
        let hasher = Hasher::cheap();
        let hanako = NewUser {
            login: "hanako".to_owned(),
            name: "花子".to_owned(),
            role: Role::Agent,
            password: PASSWORD.to_owned(),
            demo: false,
        };
        add_user(&db, &hasher, clock.now(), hanako).await.unwrap();
        let stopping = CancellationToken::new();
        let sessions = Arc::new(Sessions::new(Db::clone(&db), clock.clone(), &config, hasher, Arc::new(Nothing)));
        let edge = Edge {
            sessions,
            ports: Arc::new(|| {}),
            realtime: Realtime {
                hub: Hub::new(clock.clone()),
                clock,
                source: Arc::new(Nothing),
                stop: CancellationToken::new(),
            },
            origins: Arc::new(Origins::new(config.origins(), false)),
            proxies: Arc::default(),
            readiness: Arc::new(Readiness {
                db: Db::clone(&db),
                stopping: stopping.clone(),
                taken_over: CancellationToken::new(),
                room: (std::env::temp_dir(), 1),
                metrics_allowed: vec!["192.0.2.0/24".parse().unwrap()],
                metrics_on_this_machine: true,
            }),
            work: TaskTracker::new(),
        };
        Self { router: router(edge.clone(), Router::new()), edge, stopping, _db: db }
    }

    /// The same with something else of the product.
    fn with(&self, change: impl FnOnce(&mut Readiness), more: Router<Edge>) -> Router {
        let mut readiness = (*self.edge.readiness).clone();
        change(&mut readiness);
        router(Edge { readiness: Arc::new(readiness), ..self.edge.clone() }, more)
    }

    async fn send(&self, request: Request<Body>) -> Response {
        self.router.clone().oneshot(request).await.unwrap()
    }

    async fn get(&self, path: &str) -> Response {
        self.send(Request::get(path).header(header::HOST, "desk.example.jp").body(Body::empty()).unwrap()).await
    }

    async fn call(&self, function: &str, body: &str, cookie: &str) -> Response {
        let request = Request::post(format!("/api/{function}"))
            .header(header::ORIGIN, OURS)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::COOKIE, cookie)
            .body(Body::from(body.to_owned()))
            .unwrap();
        self.send(request).await
    }

    async fn sign_in(&self) -> String {
        let response = self.call("session/sign_in", &pair(PASSWORD), "").await;
        assert_eq!(response.status(), StatusCode::OK);
        header_of(&response, &header::SET_COOKIE).split(';').next().unwrap().to_owned()
    }
}

fn pair(password: &str) -> String {
    format!(r#"{{"login":"hanako","password":"{password}"}}"#)
}

fn header_of(response: &Response, name: &header::HeaderName) -> String {
    response.headers().get(name).unwrap_or_else(|| panic!("{name} is missing")).to_str().unwrap().to_owned()
}

async fn error(response: Response) -> (StatusCode, ApiError) {
    let status = response.status();
    let body = to_bytes(response.into_body(), 65536).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_else(|_| panic!("{status} {body:?}")))
}

#[tokio::test]
async fn a_page_carries_the_whole_content_security_policy() {
    let page = Browser::at(OURS).await.get("/").await;
    assert_eq!(
        header_of(&page, &header::CONTENT_SECURITY_POLICY),
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; \
         media-src 'self' blob:; connect-src 'self' wss://desk.example.jp; font-src 'self'; worker-src 'self'; \
         frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
    );
    assert_eq!(header_of(&page, &header::X_CONTENT_TYPE_OPTIONS), "nosniff");
    assert_eq!(header_of(&page, &header::STRICT_TRANSPORT_SECURITY), "max-age=63072000; includeSubDomains");
}

#[tokio::test]
async fn on_plain_http_localhost_there_is_no_hsts_and_the_socket_is_plain() {
    let browser = Browser::at("http://localhost:8080").await;
    let page = browser.get("/").await;
    assert!(page.headers().get(header::STRICT_TRANSPORT_SECURITY).is_none());
    assert!(header_of(&page, &header::CONTENT_SECURITY_POLICY).contains("connect-src 'self' ws://localhost:8080;"));
}

#[tokio::test]
async fn every_change_that_does_not_come_from_a_page_of_ours_is_refused() {
    let browser = Browser::at(OURS).await;
    let cookie = browser.sign_in().await;
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        for origin in [None, Some("https://evil.example"), Some("http://desk.example.jp"), Some("null")] {
            let mut request =
                Request::builder().method(&method).uri("/api/session/sign_out").header(header::COOKIE, &cookie);
            if let Some(origin) = origin {
                request = request.header(header::ORIGIN, origin);
            }
            let refused = error(browser.send(request.body(Body::from("{}")).unwrap()).await).await;
            assert_eq!(refused, (StatusCode::FORBIDDEN, ApiError::Forbidden), "{method} from {origin:?}");
        }
    }
    assert_eq!(browser.call("session/me", "{}", &cookie).await.status(), StatusCode::OK, "still signed in");
}

#[tokio::test]
async fn a_websocket_from_a_foreign_page_is_refused_and_so_is_one_without_a_session() {
    let browser = Browser::at(OURS).await;
    let cookie = browser.sign_in().await;
    let handshake = |origin: &str, cookie: &str| {
        Request::get("/ws")
            .header(header::ORIGIN, origin)
            .header(header::COOKIE, cookie)
            .header(header::CONNECTION, "upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_VERSION, "13")
            .header(header::SEC_WEBSOCKET_KEY, "dGhlIHNhbXBsZSBub25jZQ==")
            .body(Body::empty())
            .unwrap()
    };
    assert_eq!(browser.send(handshake("https://evil.example", &cookie)).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(browser.send(handshake(OURS, "")).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn signing_in_sets_the_cookie_and_the_cookie_names_the_user() {
    let browser = Browser::at(OURS).await;
    let response = browser.call("session/sign_in", &pair(PASSWORD), "").await;
    let cookie = header_of(&response, &header::SET_COOKIE);
    assert!(cookie.starts_with("__Host-sid="), "{cookie}");
    for attribute in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert_eq!(header_of(&response, &header::CACHE_CONTROL), "no-store");
    let me = browser.call("session/me", "{}", cookie.split(';').next().unwrap()).await;
    let me = to_bytes(me.into_body(), 65536).await.unwrap();
    let me: wire::session::Me = serde_json::from_slice(&me).unwrap();
    assert_eq!((me.login.as_str(), me.name.as_str(), me.role), ("hanako", "花子", Role::Agent));
}

#[tokio::test]
async fn a_signed_out_cookie_is_worth_nothing() {
    let browser = Browser::at(OURS).await;
    let cookie = browser.sign_in().await;
    assert_eq!(browser.call("session/sign_out", "{}", &cookie).await.status(), StatusCode::OK);
    let after = error(browser.call("session/me", "{}", &cookie).await).await;
    assert_eq!(after, (StatusCode::UNAUTHORIZED, ApiError::SignedOut));
}

#[tokio::test]
async fn every_error_has_its_own_status() {
    let browser = Browser::at(OURS).await;
    let wrong = error(browser.call("session/sign_in", &pair("wrong password"), "").await).await;
    assert_eq!(wrong, (StatusCode::UNAUTHORIZED, ApiError::WrongCredentials));
    for _ in 0..9 {
        browser.call("session/sign_in", &pair("wrong password"), "").await;
    }
    let braked = browser.call("session/sign_in", &pair(PASSWORD), "").await;
    assert_eq!(header_of(&braked, &header::RETRY_AFTER), "900");
    assert_eq!(error(braked).await, (StatusCode::TOO_MANY_REQUESTS, ApiError::TooMany { retry_after_s: 900 }));
}

#[tokio::test]
async fn an_unknown_function_is_404_in_json_never_the_app() {
    let browser = Browser::at(OURS).await;
    for path in ["/api/nothing/here", "/api/session/me", "/api"] {
        assert_eq!(error(browser.get(path).await).await, (StatusCode::NOT_FOUND, ApiError::NotFound), "{path}");
    }
    assert_eq!(error(browser.call("nothing/here", "{}", "").await).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_unread() {
    let browser = Browser::at(OURS).await;
    let huge = format!(r#"{{"login":"{}","password":"x"}}"#, "x".repeat(1_100_000));
    assert_eq!(browser.call("session/sign_in", &huge, "").await.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_file_that_is_not_there_is_404_and_no_path_leads_out_of_the_app() {
    let browser = Browser::at(OURS).await;
    for path in ["/app-0000.js", "/../Cargo.toml", "/.stage/x.js", "/%2e%2e/Cargo.toml"] {
        assert_eq!(browser.get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_stopping_server_is_alive_but_not_ready() {
    let browser = Browser::at(OURS).await;
    assert_eq!(browser.get("/readyz").await.status(), StatusCode::OK);
    browser.stopping.cancel();
    assert_eq!(browser.get("/readyz").await.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(browser.get("/healthz").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn metrics_are_for_this_machine_and_for_whom_the_operator_allows() {
    let browser = Browser::at(OURS).await;
    for (peer, status) in [
        ("127.0.0.1:5000", StatusCode::OK),
        ("[::ffff:127.0.0.1]:5000", StatusCode::OK),
        ("192.0.2.4:5000", StatusCode::OK),
        ("198.51.100.1:5000", StatusCode::FORBIDDEN),
    ] {
        let mut request = Request::get("/metrics").body(Body::empty()).unwrap();
        request.extensions_mut().insert(Peer(peer.parse().unwrap()));
        assert_eq!(browser.send(request).await.status(), status, "{peer}");
        let mut passed_on =
            Request::get("/metrics").header("x-forwarded-for", "127.0.0.1").body(Body::empty()).unwrap();
        passed_on.extensions_mut().insert(Peer(peer.parse().unwrap()));
        assert_eq!(browser.send(passed_on).await.status(), StatusCode::FORBIDDEN, "through an unknown proxy at {peer}");
    }
}

#[tokio::test]
async fn behind_a_proxy_on_this_machine_the_metrics_are_for_whom_the_operator_allows_alone() {
    let browser = Browser::at(OURS).await;
    let behind = browser.with(|readiness| readiness.metrics_on_this_machine = false, Router::new());
    for (peer, status) in [("127.0.0.1:5000", StatusCode::FORBIDDEN), ("192.0.2.4:5000", StatusCode::OK)] {
        let mut request = Request::get("/metrics").body(Body::empty()).unwrap();
        request.extensions_mut().insert(Peer(peer.parse().unwrap()));
        assert_eq!(behind.clone().oneshot(request).await.unwrap().status(), status, "{peer}");
    }
}

#[tokio::test]
async fn a_server_whose_disk_is_all_but_full_is_not_ready_and_says_so() {
    let browser = Browser::at(OURS).await;
    let full = browser.with(|readiness| readiness.room.1 = u64::MAX, Router::new());
    let answer = full.oneshot(Request::get("/readyz").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let body = to_bytes(answer.into_body(), 1024).await.unwrap();
    assert_eq!(body, r#"{"ready":false,"reason":"disk_full"}"#.as_bytes());
}

#[tokio::test]
async fn a_server_that_was_taken_over_says_so() {
    let browser = Browser::at(OURS).await;
    browser.edge.readiness.taken_over.cancel();
    browser.stopping.cancel();
    let answer = browser.get("/readyz").await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let body = to_bytes(answer.into_body(), 1024).await.unwrap();
    assert_eq!(body, r#"{"ready":false,"reason":"taken_over"}"#.as_bytes());
}

/// Listens with these limits on one address.
async fn serving(
    router: Router,
    per_address: usize,
    proxies: Proxies,
) -> (std::net::SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
    let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = tcp.local_addr().unwrap();
    let stop = CancellationToken::new();
    let limits = Limits { per_address, proxies: Arc::new(proxies) };
    (address, stop.clone(), tokio::spawn(serve(Listener { tcp, tls: None, limits }, router, stop)))
}

async fn listening(browser: &Browser) -> (std::net::SocketAddr, CancellationToken, tokio::task::JoinHandle<()>) {
    serving(browser.router.clone(), 100, Proxies::default()).await
}

/// Says when it was let go of, and whether it had come to its end.
struct Work(tokio::sync::mpsc::UnboundedSender<bool>, bool);

impl Work {
    fn done(mut self) {
        self.1 = true;
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.0.send(self.1).unwrap();
    }
}

#[tokio::test]
async fn what_a_request_began_comes_to_its_end_though_the_browser_goes_away() {
    let browser = Browser::at(OURS).await;
    let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (told, mut ended) = tokio::sync::mpsc::unbounded_channel();
    let (its_begun, its_go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
    let slow = move || {
        let (begun, go_on, work) = (Arc::clone(&its_begun), Arc::clone(&its_go_on), Work(told.clone(), false));
        async move {
            begun.notify_one();
            go_on.notified().await;
            work.done();
        }
    };
    let router = browser.with(|_| {}, Router::new().route("/files/slow", get(slow)));
    let (address, stop, server) = serving(router, 100, Proxies::default()).await;
    let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
    connection.write_all(b"GET /files/slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    begun.notified().await;
    drop(connection);
    // It has noticed when it ends, which it does once the last connection has.
    stop.cancel();
    server.await.unwrap();
    go_on.notify_one();
    assert_eq!(ended.recv().await, Some(true));
    browser.edge.work.close();
    browser.edge.work.wait().await;
}

#[tokio::test]
async fn a_request_that_panics_is_answered_as_a_failure_of_ours() {
    let browser = Browser::at(OURS).await;
    let fault = || async { std::panic::resume_unwind(Box::new("a fault")) as StatusCode };
    let broken = Router::new().route("/files/broken", get(fault));
    let answer = browser.with(|_| {}, broken).oneshot(Request::get("/files/broken").body(Body::empty()).unwrap()).await;
    assert_eq!(error(answer.unwrap()).await, (StatusCode::INTERNAL_SERVER_ERROR, ApiError::Server));
}

#[tokio::test]
async fn one_address_holds_so_many_connections_and_a_trusted_proxy_any_number() {
    let browser = Browser::at(OURS).await;
    let trusted = Proxies(vec!["127.0.0.0/8".parse().unwrap()]);
    for (proxies, admitted) in [(Proxies::default(), 2), (trusted, 3)] {
        let (address, _stop, _server) = serving(browser.router.clone(), 2, proxies).await;
        let mut held = Vec::new();
        for n in 0..3 {
            let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
            // One that is closed unread may refuse the request or answer nothing.
            connection.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.ok();
            let mut answer = [0; 12];
            let read = connection.read_exact(&mut answer).await;
            assert_eq!(read.is_ok(), n < admitted, "{n}: {read:?}");
            held.push(connection);
        }
        drop(held);
    }
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_without_a_restart_and_a_broken_one_never() {
    let dir = tempfile::tempdir().unwrap();
    let (certificate, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    let renew = || {
        let pair = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        std::fs::write(&certificate, pair.cert.pem()).unwrap();
        std::fs::write(&key, pair.signing_key.serialize_pem()).unwrap();
        pair.cert.der().to_vec()
    };
    let first = renew();
    let tls = Tls::of_files(&certificate, &key).unwrap();
    assert!(meets(&tls, &first).await);
    std::fs::write(&key, "half a fi").unwrap();
    assert!(!tls.look(), "there is nothing to show in its place");
    assert!(meets(&tls, &first).await);
    let second = renew();
    assert!(tls.look());
    assert!(meets(&tls, &second).await);
    assert!(!meets(&tls, &first).await);
    assert!(!tls.look(), "what has not changed is not read");
}

/// Whether a visitor who trusts this certificate alone is met with it.
async fn meets(tls: &Tls, trusted: &[u8]) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(trusted.to_vec())).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let (ours, theirs) = tokio::io::duplex(65536);
    let name = ServerName::try_from("localhost").unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let acceptor = tls.acceptor();
    let (met, _) = tokio::join!(connector.connect(name, ours), acceptor.accept(theirs));
    met.is_ok()
}

#[tokio::test]
async fn a_stopped_server_ends_its_connections_and_takes_no_others() {
    let browser = Browser::at(OURS).await;
    let (address, stop, server) = listening(&browser).await;
    let mut connection = tokio::net::TcpStream::connect(address).await.unwrap();
    connection.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut first = [0; 12];
    connection.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    stop.cancel();
    server.await.unwrap();
    let mut rest = String::new();
    connection.read_to_string(&mut rest).await.unwrap();
    assert!(rest.ends_with("ok\n"), "{rest}");
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_connection_that_sends_nothing_or_not_all_of_its_headers_is_closed() {
    let browser = Browser::at(OURS).await;
    let (address, _stop, _server) = listening(&browser).await;
    let mut slow = tokio::net::TcpStream::connect(address).await.unwrap();
    slow.write_all(b"GET / HT").await.unwrap();
    let mut silent = tokio::net::TcpStream::connect(address).await.unwrap();
    // From here on time jumps to the next deadline whenever nothing else is to do.
    tokio::time::pause();
    let began = tokio::time::Instant::now();
    let mut answer = Vec::new();
    slow.read_to_end(&mut answer).await.unwrap();
    silent.read_to_end(&mut answer).await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 10);
}
