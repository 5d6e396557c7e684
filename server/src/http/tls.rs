//! TLS: the operator's certificate, or one of the demo's own making.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::clock::Clock;

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

/// How often the files of a certificate are looked at: what renews them does so weeks before the end.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// The pair in its files, and as connections are met with it now.
pub struct Tls {
    files: Option<Files>,
    now: Mutex<TlsAcceptor>,
}

struct Files {
    certificate: PathBuf,
    key: PathBuf,
    seen: Mutex<Vec<Option<Seen>>>,
}

/// What tells one state of a file from another: when it was written, its length, and which file it is.
type Seen = (SystemTime, u64, u64);

impl Tls {
    /// The operator's pair.
    ///
    /// # Errors
    /// What is wrong with which file.
    pub fn of_files(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let files = Files { certificate: certificate.to_owned(), key: key.to_owned(), seen: Mutex::default() };
        // Looked at before they are read: what is renewed in between is read once more.
        files.changed();
        Ok(Self { now: Mutex::new(load(certificate, key)?), files: Some(files) })
    }

    /// A pair that stays as it is.
    pub fn of(acceptor: TlsAcceptor) -> Self {
        Self { files: None, now: Mutex::new(acceptor) }
    }

    /// What the next connection is met with.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.now().clone()
    }

    /// Reads the files anew whenever they change; a pair that cannot be used leaves the former one in use.
    pub async fn keep_current(self: Arc<Self>, clock: Clock) {
        while self.files.is_some() {
            clock.sleep(LOOK_EVERY).await;
            self.look();
        }
    }

    /// Reads the files anew if they have changed; says whether another pair is shown from now on.
    pub(super) fn look(&self) -> bool {
        let Some(files) = self.files.as_ref().filter(|files| files.changed()) else { return false };
        match load(&files.certificate, &files.key) {
            Ok(acceptor) => {
                *self.now() = acceptor;
                tracing::info!("the certificate was read anew");
                true
            }
            Err(error) => {
                tracing::error!(%error, "the changed certificate cannot be used; the former one stays");
                false
            }
        }
    }

    fn now(&self) -> MutexGuard<'_, TlsAcceptor> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Files {
    /// Whether a file was written, or put in place of the one before, since this was last asked.
    fn changed(&self) -> bool {
        let look = |path: &Path| {
            let found = std::fs::metadata(path).ok()?;
            Some((found.modified().ok()?, found.len(), found.ino()))
        };
        let now = vec![look(&self.certificate), look(&self.key)];
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = *seen != now;
        *seen = now;
        changed
    }
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
