//! The running server from outside: ready, reachable over TLS, stopped by a signal.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do"
)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;

use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// A server of its own on ports of its own; killed if a test leaves it behind.
struct Server {
    process: Child,
    log: BufReader<std::process::ChildStderr>,
    address: SocketAddr,
}

impl Server {
    fn start(dir: &Path, more: &[&str]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_madoguchi"))
            .args(["serve", "--log-format", "json", "--listen", "127.0.0.1:0", "--webrtc-listen", "127.0.0.1:0"])
            .args(["--sip-udp-listen", "127.0.0.1:0", "--sip-tcp-listen", "127.0.0.1:0"])
            .args(more)
            .env_clear()
            .env("MADOGUCHI_DATA_DIR", dir)
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let served = wait_for_line(&mut log, "the desk is served");
        let address = served["address"].as_str().unwrap().parse().unwrap();
        Self { process, log, address }
    }

    fn tell(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.process.id().to_string()]).status().unwrap().success());
    }

    /// Waits until it has ended; gives the rest of its log.
    fn end(mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        self.log.read_to_string(&mut rest).unwrap();
        (self.process.wait().unwrap(), rest)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already, unless the test failed.
        self.process.kill().ok();
    }
}

fn wait_for_line(log: &mut impl BufRead, message: &str) -> serde_json::Value {
    let mut seen = String::new();
    loop {
        let mut line = String::new();
        assert!(log.read_line(&mut line).unwrap() > 0, "the server ended before it said “{message}”:\n{seen}");
        let record: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        if record["message"] == message {
            return record;
        }
        seen.push_str(&line);
    }
}

fn get(mut stream: impl Read + Write, path: &str) -> String {
    write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    // TLS ends without a word where the server closes first; what was read is all there is.
    stream.read_to_string(&mut answer).ok();
    answer
}

#[test]
fn a_server_that_is_told_to_stop_ends_in_order() {
    let dir = tempfile::tempdir().unwrap();
    for signal in ["-TERM", "-INT"] {
        let server = Server::start(dir.path(), &[]);
        let ready = get(TcpStream::connect(server.address).unwrap(), "/readyz");
        assert!(ready.starts_with("HTTP/1.1 200") && ready.ends_with(r#"{"ready":true}"#), "{ready}");
        server.tell(signal);
        let address = server.address;
        let (status, log) = server.end();
        assert!(status.success(), "{signal}: {status} {log}");
        assert!(log.contains(r#""message":"stopped""#), "{log}");
        assert!(!log.contains("did not end in time"), "{log}");
        assert!(TcpStream::connect(address).is_err());
    }
}

#[test]
fn with_a_certificate_the_desk_speaks_https_and_says_so_for_two_years() {
    let dir = tempfile::tempdir().unwrap();
    let pair = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    std::fs::write(&certificate, pair.cert.pem()).unwrap();
    std::fs::write(&key, pair.signing_key.serialize_pem()).unwrap();
    let more = ["--tls-certificate", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let server = Server::start(dir.path(), &more);
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&certificate).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap();
    let answer = get(StreamOwned::new(client, TcpStream::connect(server.address).unwrap()), "/healthz");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("strict-transport-security: max-age=63072000; includeSubDomains"), "{answer}");
    assert!(answer.contains("connect-src 'self' wss://localhost"), "{answer}");
    server.tell("-TERM");
    assert!(server.end().0.success());
}

fn a_second_server_does_not_start(first_dir: &Path, second_dir: &Path, more: &[&str]) {
    let first = Server::start(first_dir, more);
    let madoguchi = |command: &str, dir: &Path| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_madoguchi"));
        program.arg(command).args(more).env_clear().env("MADOGUCHI_DATA_DIR", dir);
        program
    };
    let mut second = madoguchi("serve", second_dir);
    second.args(["--listen", "127.0.0.1:0", "--webrtc-listen", "127.0.0.1:0"]);
    let second = second.args(["--sip-udp-listen", "127.0.0.1:0", "--sip-tcp-listen", "127.0.0.1:0"]).output().unwrap();
    let said = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(2), "{said}");
    assert!(said.contains("another madoguchi serves with this database already"), "{said}");
    for command in ["migrate", "check-config"] {
        let beside = madoguchi(command, second_dir).output().unwrap();
        assert!(beside.status.success(), "{command}: {beside:?}");
    }
    // A process that is killed cannot let go by itself.
    first.tell("-KILL");
    first.end();
    let third = Server::start(second_dir, more);
    third.tell("-TERM");
    assert!(third.end().0.success());
}

#[test]
fn a_second_server_on_the_same_sqlite_file_does_not_start() {
    let dir = tempfile::tempdir().unwrap();
    a_second_server_does_not_start(dir.path(), dir.path(), &[]);
}

#[tokio::test]
async fn a_second_server_on_the_same_postgresql_does_not_start() {
    let url = server::db::testing::postgres_url().await;
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    a_second_server_does_not_start(first.path(), second.path(), &["--database-url", &url]);
}

#[tokio::test]
async fn a_server_whose_database_was_taken_over_ends_and_one_that_only_lost_its_session_goes_on() {
    use sqlx::{Connection, query};
    let url = server::db::testing::postgres_url().await;
    let dir = tempfile::tempdir().unwrap();
    let mut server = Server::start(dir.path(), &["--database-url", &url]);
    let mut operator = sqlx::PgConnection::connect(&url).await.unwrap();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE application_name = 'madoguchi: lock' AND datname = current_database()";
    query(cut).execute(&mut operator).await.unwrap();
    wait_for_line(&mut server.log, "the session that holds the right to serve was lost and taken anew");
    let ready = get(TcpStream::connect(server.address).unwrap(), "/readyz");
    assert!(ready.starts_with("HTTP/1.1 200"), "{ready}");
    query("UPDATE server_epoch SET epoch = epoch + 1").execute(&mut operator).await.unwrap();
    let (status, log) = server.end();
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("has taken this database over") && log.contains(r#""message":"stopped""#), "{log}");
}

#[test]
fn what_the_server_writes_is_its_owners_alone_also_in_a_directory_that_others_may_enter() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let packaged = dir.path().join("packaged");
    std::fs::create_dir(&packaged).unwrap();
    std::fs::set_permissions(&packaged, std::fs::Permissions::from_mode(0o755)).unwrap();
    let server = Server::start(&packaged, &[]);
    for file in ["madoguchi.db", "madoguchi.db-wal", "madoguchi.db-shm", "madoguchi.db.lock", "secret.key"] {
        assert_eq!(mode(&packaged.join(file)), 0o600, "{file}");
    }
    assert_eq!(mode(&packaged.join("files")), 0o700);
    server.tell("-TERM");
    assert!(server.end().0.success());
    let data = dir.path().join("data");
    let server = Server::start(&data, &[]);
    assert_eq!((mode(&data), mode(&data.join("secret.key"))), (0o700, 0o600));
    server.tell("-TERM");
    assert!(server.end().0.success());
}
