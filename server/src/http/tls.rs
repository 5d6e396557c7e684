//! TLS: the operator's certificate, or one of the demo's own making.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Why the certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// One of the two files cannot be read as PEM.
    #[error("{setting} {path}: {why}")]
    File {
        /// Which setting names it.
        setting: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The two do not go together.
    #[error("tls_certificate and tls_key: {0}")]
    Pair(String),
    /// The demo's own certificate could not be made or kept.
    #[error("the demo's certificate cannot be made: {0}")]
    Demo(String),
}

/// Reads the pair.
///
/// # Errors
/// What is wrong with which file.
pub fn load(certificate: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let fault = |setting, path: &Path, why: String| TlsError::File { setting, path: path.to_owned(), why };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| fault("tls_certificate", certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(fault("tls_certificate", certificate, "holds no certificate".to_owned()));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| fault("tls_key", key, error.to_string()))?;
    let pair = |error: tokio_rustls::rustls::Error| TlsError::Pair(error.to_string());
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(pair)?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(pair)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The demo's own pair, made once and kept in the data directory, so that a browser has to be told only once.
///
/// # Errors
/// It cannot be made or written.
pub fn self_signed(directory: &Path, names: Vec<String>) -> Result<TlsAcceptor, TlsError> {
    let (certificate, key) = (directory.join("demo-certificate.pem"), directory.join("demo-key.pem"));
    if !certificate.exists() || !key.exists() {
        let pair = rcgen::generate_simple_self_signed(names).map_err(|error| TlsError::Demo(error.to_string()))?;
        let write = |path: &Path, text: String| {
            let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
            file.and_then(|mut file| file.write_all(text.as_bytes()))
                .map_err(|error| TlsError::Demo(format!("{}: {error}", path.display())))
        };
        write(&key, pair.signing_key.serialize_pem())?;
        write(&certificate, pair.cert.pem())?;
    }
    load(&certificate, &key)
}
