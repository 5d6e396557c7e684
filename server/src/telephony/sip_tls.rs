//! TLS for SIP: which certificates are believed, and which one is shown (RFC 3261 §26.3, RFC 5922).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use tokio::net::TcpStream;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{self, CertificateError, ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{setting} {path}: {why}")]
pub struct SipTlsError {
    setting: &'static str,
    path: PathBuf,
    why: String,
}

/// Both sides of TLS, cheap to clone.
#[derive(Clone)]
pub(super) struct Tls {
    /// Beside those that the system trusts.
    authorities: Arc<Vec<CertificateDer<'static>>>,
    /// Made with the first connection: reading what the system trusts takes a while, and most trunks need none of it.
    connector: Arc<OnceLock<Option<TlsConnector>>>,
    acceptor: Option<TlsAcceptor>,
}

impl Tls {
    /// `authority`: a file of further authorities; `own`: our certificate with its chain, and its key.
    pub(super) fn new(authority: Option<&Path>, own: Option<(&Path, &Path)>) -> Result<Self, SipTlsError> {
        let authorities = authority.map(|path| certificates("sip_tls_ca_file", path)).transpose()?.unwrap_or_default();
        let acceptor = own.map(|(certificate, key)| acceptor(certificate, key)).transpose()?;
        Ok(Self { authorities: Arc::new(authorities), connector: Arc::default(), acceptor })
    }

    /// Connects, and believes nobody whose certificate is not `name`'s.
    pub(super) async fn connect(&self, stream: TcpStream, name: &str) -> io::Result<client::TlsStream<TcpStream>> {
        let connector = self.connector.get_or_init(|| connector(&self.authorities)).clone();
        let connector = connector.ok_or_else(|| io::Error::other("no TLS"))?;
        let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
        connector.connect(name, stream).await
    }

    /// Takes a peer's connection.
    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<server::TlsStream<TcpStream>> {
        match &self.acceptor {
            Some(acceptor) => acceptor.accept(stream).await,
            None => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

/// Why a connection could not be made, in one word: the desk has plain ones for it.
#[expect(clippy::wildcard_enum_match_arm, reason = "faults of others that nobody could do anything else about")]
pub(super) fn trouble(error: &io::Error) -> &'static str {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(fault)) => match fault {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "certificate_expired",
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "certificate_of_another_name"
            }
            CertificateError::UnknownIssuer => "certificate_of_unknown_issuer",
            _ => "certificate_invalid",
        },
        Some(_) => "tls_failed",
        None => match error.kind() {
            io::ErrorKind::ConnectionRefused => "connection_refused",
            io::ErrorKind::TimedOut => "no_answer",
            _ => "connection_failed",
        },
    }
}

fn connector(authorities: &[CertificateDer<'static>]) -> Option<TlsConnector> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        tracing::warn!(%error, "the system's certificate authorities could not all be read; those read are used");
    }
    roots.add_parsable_certificates(system.certs);
    roots.add_parsable_certificates(authorities.iter().cloned());
    let config =
        ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
    match config {
        Ok(config) => Some(TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth()))),
        Err(error) => {
            tracing::error!(%error, "TLS cannot be spoken with the trunks");
            None
        }
    }
}

fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, SipTlsError> {
    let chain = certificates("sip_tls_certificate", certificate)?;
    let fault = |why: String| SipTlsError { setting: "sip_tls_key", path: key.to_owned(), why };
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| fault(error.to_string()))?;
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, secret))
        .map_err(|error| fault(error.to_string()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates(setting: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, SipTlsError> {
    let fault = |why: String| SipTlsError { setting, path: path.to_owned(), why };
    let found: Vec<_> =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(|error| fault(error.to_string()))?;
    if found.is_empty() { Err(fault("holds no certificate".to_owned())) } else { Ok(found) }
}
