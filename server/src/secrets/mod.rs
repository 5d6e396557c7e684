//! Secrets of the settings, enveloped: what stands in the database is of no use without a key file outside it.
//!
//! Each secret is encrypted with a key of its own (AES-256-GCM), and that key with the newest key of the file. The text
//! names the key that closed it, so that keys can be changed: put a new line at the top of the file, restart, save the
//! secrets again (or leave them until they change), and take the old line out when nothing names it any more.
//!
//! ```text
//! v1.<name of the key>.<the secret's own key, encrypted>.<the secret, encrypted>      parts in base64url
//! ```

mod key_file;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

pub use self::key_file::{Key, KeyFileError};

const VERSION: &str = "v1";
const KEY_LEN: usize = 32;

/// Seals and opens secrets.
#[derive(Debug)]
pub struct Vault {
    /// The newest first: it seals; all open.
    keys: Vec<Key>,
}

/// Why a sealed secret stays closed, or one cannot be sealed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// Not written by this slice.
    #[error("the text is no sealed secret")]
    Malformed,
    /// The key file lacks the key that closed it.
    #[error("the secret was sealed with the key “{0}”, which the key file lacks: put it back, or set the secret again")]
    UnknownKey(String),
    /// The text was changed, or the key of that name is another one.
    #[error("the secret does not open: it was changed, or its key was")]
    Damaged,
}

impl Vault {
    /// Reads the key file; makes it, readable for its owner only, if there is none.
    ///
    /// # Errors
    /// The file cannot be read or made, is open to others, or holds something else.
    pub fn open_or_make(path: &std::path::Path) -> Result<Self, KeyFileError> {
        Ok(Self { keys: key_file::open_or_make(path)? })
    }

    /// Seals a secret for a text column.
    ///
    /// # Errors
    /// The machine gives no random bytes.
    pub fn seal(&self, secret: &str) -> Result<String, SecretError> {
        let newest = self.keys.first().ok_or(SecretError::Damaged)?;
        let mut own = [0; KEY_LEN];
        rand::fill(&mut own).map_err(|_| SecretError::Damaged)?;
        let key = encrypt(&newest.bytes, &own)?;
        let body = encrypt(&own, secret.as_bytes())?;
        Ok(format!("{VERSION}.{}.{}.{}", newest.name, URL_SAFE_NO_PAD.encode(key), URL_SAFE_NO_PAD.encode(body)))
    }

    /// Opens what was sealed.
    ///
    /// # Errors
    /// See [`SecretError`].
    pub fn open(&self, sealed: &str) -> Result<String, SecretError> {
        let parts: Vec<&str> = sealed.split('.').collect();
        let [VERSION, name, key, body] = parts.as_slice() else { return Err(SecretError::Malformed) };
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| SecretError::Malformed);
        let outer = self
            .keys
            .iter()
            .find(|key| key.name == *name)
            .ok_or_else(|| SecretError::UnknownKey((*name).to_owned()))?;
        let own = decrypt(&outer.bytes, &decode(key)?)?;
        let own: [u8; KEY_LEN] = own.try_into().map_err(|_| SecretError::Malformed)?;
        String::from_utf8(decrypt(&own, &decode(body)?)?).map_err(|_| SecretError::Damaged)
    }
}

/// The nonce, then the ciphertext and its tag (RFC 5116 §5.2).
fn encrypt(key: &[u8; KEY_LEN], plain: &[u8]) -> Result<Vec<u8>, SecretError> {
    let key = RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| SecretError::Damaged)?;
    let mut body = plain.to_vec();
    let nonce = key.seal_in_place_append_tag(Aad::from(VERSION), &mut body).map_err(|_| SecretError::Damaged)?;
    Ok([nonce.as_ref().as_slice(), &body].concat())
}

fn decrypt(key: &[u8; KEY_LEN], text: &[u8]) -> Result<Vec<u8>, SecretError> {
    let key = RandomizedNonceKey::new(&AES_256_GCM, key).map_err(|_| SecretError::Damaged)?;
    let (nonce, body) = text.split_at_checked(NONCE_LEN).ok_or(SecretError::Malformed)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SecretError::Malformed)?;
    let mut body = body.to_vec();
    let plain = key.open_in_place(nonce, Aad::from(VERSION), &mut body).map_err(|_| SecretError::Damaged)?;
    Ok(plain.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> (tempfile::TempDir, std::path::PathBuf, Vault) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret.key");
        let vault = Vault::open_or_make(&path).unwrap();
        (dir, path, vault)
    }

    #[test]
    fn a_secret_opens_with_its_key_file_and_stands_nowhere_in_the_sealed_text() {
        let (_dir, path, vault) = vault();
        let sealed = vault.seal("トランクの鍵").unwrap();
        assert!(!sealed.contains("トランク"));
        assert_ne!(sealed, vault.seal("トランクの鍵").unwrap(), "each has a key of its own");
        assert_eq!(Vault::open_or_make(&path).unwrap().open(&sealed).unwrap(), "トランクの鍵");
    }

    #[test]
    fn a_changed_text_stays_closed() {
        let (_dir, _, vault) = vault();
        let sealed = vault.seal("secret").unwrap();
        for at in [sealed.len() - 1, sealed.len() / 2] {
            let mut bytes = sealed.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'Q' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(matches!(vault.open(&changed), Err(SecretError::Damaged | SecretError::Malformed)), "{at}");
        }
        assert_eq!(vault.open("plain"), Err(SecretError::Malformed));
    }

    #[test]
    fn after_a_change_of_keys_the_old_ones_still_open_and_the_new_one_seals() {
        let (_dir, path, old) = vault();
        let sealed = old.seal("secret").unwrap();
        let (_other_dir, other_path, _) = self::vault();
        let lines =
            format!("{}{}", std::fs::read_to_string(&other_path).unwrap(), std::fs::read_to_string(&path).unwrap());
        std::fs::write(&path, lines).unwrap();
        let both = Vault::open_or_make(&path).unwrap();
        assert_eq!(both.open(&sealed).unwrap(), "secret");
        assert!(matches!(old.open(&both.seal("secret").unwrap()), Err(SecretError::UnknownKey(_))));
    }

    #[test]
    fn the_key_file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let (_dir, path, _) = vault();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Vault::open_or_make(&path), Err(KeyFileError::Open { .. })));
    }

    #[test]
    fn a_key_file_with_something_else_in_it_is_refused() {
        let (_dir, path, _) = vault();
        std::fs::write(&path, "hello\n").unwrap();
        assert!(matches!(Vault::open_or_make(&path), Err(KeyFileError::Malformed { .. })));
    }
}
