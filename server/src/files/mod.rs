//! Stored files: in a local directory or in S3, typed by what they hold, never served into our own pages.
//!
//! A file is on disk before the row that names it commits: first [`Files::put`], then the row. A crash in between leaves
//! a file that nothing names, never a row that names nothing.

mod kind;

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use domain::ids::FileId;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt};
use url::Url;

pub use self::kind::Kind;

/// Where files are kept, cheap to clone.
#[derive(Clone, Debug)]
pub struct Files(Arc<dyn ObjectStore>);

/// Why a file could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There is no such file.
    #[error("there is no such file")]
    Missing,
    /// The store cannot be used as it is configured.
    #[error("the store of files cannot be opened: {0}")]
    Setup(String),
    /// The store failed; trying again later may help.
    #[error("the store of files failed: {0}")]
    Failed(#[source] object_store::Error),
}

impl From<object_store::Error> for FileError {
    fn from(error: object_store::Error) -> Self {
        if matches!(error, object_store::Error::NotFound { .. }) { Self::Missing } else { Self::Failed(error) }
    }
}

impl Files {
    /// A directory of this machine, made for its owner alone if need be; what is put there survives a power cut.
    ///
    /// # Errors
    /// The directory cannot be made.
    pub fn local(directory: &Path) -> Result<Self, FileError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(directory);
        made.map_err(|error| FileError::Setup(error.to_string()))?;
        let store = LocalFileSystem::new_with_prefix(directory).map_err(|error| FileError::Setup(error.to_string()))?;
        Ok(Self(Arc::new(store.with_fsync(true))))
    }

    /// `s3://bucket/prefix`; the rest comes from the usual `AWS_…` environment.
    ///
    /// # Errors
    /// The environment does not say how to reach the bucket.
    pub fn s3(url: &Url) -> Result<Self, FileError> {
        let bucket = url.host_str().unwrap_or_default();
        let store = AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            .build()
            .map_err(|error| FileError::Setup(error.to_string()))?;
        Ok(Self(Arc::new(PrefixStore::new(store, url.path().trim_matches('/')))))
    }

    /// Keeps the bytes under this id; they are safe when this returns.
    ///
    /// # Errors
    /// The store failed; nothing is kept.
    pub async fn put(&self, id: FileId, bytes: Bytes) -> Result<(), FileError> {
        self.0.put(&path(id), bytes.into()).await?;
        Ok(())
    }

    /// The bytes.
    ///
    /// # Errors
    /// There are none, or the store failed.
    pub async fn get(&self, id: FileId) -> Result<Bytes, FileError> {
        Ok(self.0.get(&path(id)).await?.bytes().await?)
    }

    /// Forgets the bytes; forgetting twice is no error.
    ///
    /// # Errors
    /// The store failed.
    pub async fn delete(&self, id: FileId) -> Result<(), FileError> {
        match self.0.delete(&path(id)).await.map_err(FileError::from) {
            Ok(()) | Err(FileError::Missing) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Names are ours alone: nothing that a visitor typed becomes a path.
fn path(id: FileId) -> object_store::path::Path {
    let name = id.0.simple().to_string();
    // The last digits of a UUID are drawn by chance: 256 directories of about the same size.
    let shelf = name.get(name.len().saturating_sub(2)..).unwrap_or("00").to_owned();
    object_store::path::Path::from_iter([shelf, name])
}

/// Answers with a stored file so that no browser ever runs it as a page of ours: as a download with a plain name, or,
/// for the kinds that cannot carry a script, in place; both without any rights.
pub fn answer(bytes: Bytes, name: &str) -> Response {
    let kind = Kind::of(&bytes);
    let placed = if kind.is_inert() { "inline" } else { "attachment" };
    // RFC 6266 §4.3 with the encoding of RFC 8187: everything but letters and digits is escaped.
    let name = url::form_urlencoded::byte_serialize(name.as_bytes()).collect::<String>().replace('+', "%20");
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind.media_type()));
    if let Ok(value) = HeaderValue::try_from(format!("{placed}; filename*=UTF-8''{name}")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn a_file_is_there_until_it_is_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let files = Files::local(&dir.path().join("files")).unwrap();
        let id = FileId(Uuid::new_v4());
        assert!(matches!(files.get(id).await, Err(FileError::Missing)));
        files.put(id, Bytes::from_static(b"abc")).await.unwrap();
        assert_eq!(files.get(id).await.unwrap(), "abc");
        files.delete(id).await.unwrap();
        files.delete(id).await.unwrap();
        assert!(matches!(files.get(id).await, Err(FileError::Missing)));
    }

    #[test]
    fn whatever_a_file_is_called_it_is_served_without_any_rights() {
        let page = answer(Bytes::from_static(b"<html><script>alert(1)</script>"), "a\r\nX: y\"; ../\u{202e}.html");
        let header = |name| page.headers().get(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!(header(header::CONTENT_TYPE), "application/octet-stream");
        assert_eq!(header(header::CONTENT_SECURITY_POLICY), "sandbox; default-src 'none'");
        assert_eq!(header(header::X_CONTENT_TYPE_OPTIONS), "nosniff");
        let placed = header(header::CONTENT_DISPOSITION);
        assert!(placed.starts_with("attachment; filename*=UTF-8''a%0D%0AX%3A%20y%22%3B%20"), "{placed}");
    }

    #[test]
    fn sound_is_played_in_place() {
        let music = answer(Bytes::from_static(b"RIFF\x24\0\0\0WAVEfmt "), "待ち受け.wav");
        assert_eq!(music.headers()[header::CONTENT_TYPE], "audio/wav");
        assert!(music.headers()[header::CONTENT_DISPOSITION].to_str().unwrap().starts_with("inline"));
    }
}
