//! The key file: a line a key, the newest first, `<name>:<32 bytes in base64url>`.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::KEY_LEN;

/// A key of the file.
pub struct Key {
    pub(super) name: String,
    pub(super) bytes: [u8; KEY_LEN],
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Why the key file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read or made.
    #[error("the key file {path} cannot be read or made: {error}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// Others can read it.
    #[error("the key file {path} is open to others: chmod 600 it")]
    Open {
        /// Which file.
        path: PathBuf,
    },
    /// It holds something else.
    #[error("the key file {path} holds no keys of ours: put the right one in its place; never delete it lightly")]
    Malformed {
        /// Which file.
        path: PathBuf,
    },
}

pub(super) fn open_or_make(path: &Path) -> Result<Vec<Key>, KeyFileError> {
    let io_error = |error| KeyFileError::Io { path: path.to_owned(), error };
    match make(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(io_error(error)),
    }
    if fs::metadata(path).map_err(io_error)?.permissions().mode() & 0o077 != 0 {
        return Err(KeyFileError::Open { path: path.to_owned() });
    }
    let text = fs::read_to_string(path).map_err(io_error)?;
    let keys: Option<Vec<Key>> = text.lines().filter(|line| !line.trim().is_empty()).map(read).collect();
    keys.filter(|keys| !keys.is_empty()).ok_or_else(|| KeyFileError::Malformed { path: path.to_owned() })
}

fn read(line: &str) -> Option<Key> {
    let (name, key) = line.trim().split_once(':')?;
    let bytes = URL_SAFE_NO_PAD.decode(key).ok()?.try_into().ok()?;
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    plain.then(|| Key { name: name.to_owned(), bytes })
}

/// Makes the file; never touches one that is there.
fn make(path: &Path) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let (mut key, mut name) = ([0; KEY_LEN], [0; 4]);
    rand::fill(&mut key)
        .and_then(|()| rand::fill(&mut name))
        .map_err(|_| io::Error::other("the machine gives no random bytes"))?;
    writeln!(file, "{:08x}:{}", u32::from_be_bytes(name), URL_SAFE_NO_PAD.encode(key))?;
    file.sync_all()
}
