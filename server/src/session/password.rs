//! Passwords: argon2id on a pool that cannot be overrun.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;

/// Fewest characters of a password.
pub const MIN_PASSWORD: usize = 10;
/// Most characters of a password: longer ones only cost time.
pub const MAX_PASSWORD: usize = 256;

/// Memory of one hash in KiB, with one pass and one lane: OWASP's second choice (m=47104, t=1, p=1), 51 ms.
const MEMORY_KIB: u32 = 47_104;
const PASSES: u32 = 1;
const LANES: u32 = 1;
/// How many hashes are computed at once, so that they cannot take the processor from calls and chats.
const AT_ONCE: usize = 2;
/// How many more may wait for their turn.
const WAITING: usize = 50;

/// What is wrong with a password that somebody chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// Fewer than [`MIN_PASSWORD`] characters.
    #[error("a password has at least {MIN_PASSWORD} characters")]
    TooShort,
    /// More than [`MAX_PASSWORD`] characters.
    #[error("a password has at most {MAX_PASSWORD} characters")]
    TooLong,
}

impl From<PasswordFault> for wire::Problem {
    fn from(fault: PasswordFault) -> Self {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        match fault {
            PasswordFault::TooShort => Self::TooShort { min: count(MIN_PASSWORD) },
            PasswordFault::TooLong => Self::TooLong { max: count(MAX_PASSWORD) },
        }
    }
}

/// Whether a password may be chosen.
///
/// # Errors
/// Why not.
pub fn check(password: &str) -> Result<(), PasswordFault> {
    match password.chars().count() {
        ..MIN_PASSWORD => Err(PasswordFault::TooShort),
        MIN_PASSWORD..=MAX_PASSWORD => Ok(()),
        _ => Err(PasswordFault::TooLong),
    }
}

/// Too many hashes are waiting already: the caller tries again a little later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// Hashes and verifies, two at a time, fifty waiting.
#[derive(Clone)]
pub struct Hasher {
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
    /// A hash of nothing that anybody knows: verified in place of a user's that does not exist.
    decoy: Arc<str>,
    memory_kib: u32,
}

impl Hasher {
    /// A pool of its own. Computes one hash.
    ///
    /// # Errors
    /// The machine has no source of chance, or not the memory.
    pub fn new() -> Result<Self, argon2::password_hash::Error> {
        Self::with_memory(MEMORY_KIB)
    }

    /// One that costs next to nothing, for tests about something else.
    #[cfg(test)]
    pub(crate) fn cheap() -> Self {
        Self::with_memory(Params::MIN_M_COST).unwrap()
    }

    fn with_memory(memory_kib: u32) -> Result<Self, argon2::password_hash::Error> {
        let decoy = hash(super::Token::random().hash().as_bytes(), memory_kib)?;
        Ok(Self {
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            places: Arc::new(Semaphore::new(AT_ONCE + WAITING)),
            decoy: decoy.into(),
            memory_kib,
        })
    }

    /// The hash of a password, in PHC string form.
    ///
    /// # Errors
    /// Too many are waiting, or no hash could be computed.
    pub async fn hash(&self, password: String) -> Result<String, Busy> {
        let memory_kib = self.memory_kib;
        self.in_turn(move || hash(password.as_bytes(), memory_kib).map_err(|_| Busy)).await?
    }

    /// Whether the password is the one behind `hash`; without a hash the answer is no, after the same work.
    ///
    /// # Errors
    /// Too many are waiting.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, Busy> {
        let decoy = Arc::clone(&self.decoy);
        let too_long = password.chars().count() > MAX_PASSWORD;
        self.in_turn(move || {
            let exists = hash.is_some() && !too_long;
            let hash = hash.as_deref().unwrap_or(&decoy);
            let password = if too_long { "" } else { &password };
            matches(password.as_bytes(), hash) && exists
        })
        .await
    }

    /// Takes all turns, so that a test can do something while others wait for theirs.
    #[cfg(test)]
    pub(crate) async fn hold(&self) -> tokio::sync::SemaphorePermit<'_> {
        self.turns.acquire_many(u32::try_from(AT_ONCE).unwrap()).await.unwrap()
    }

    /// Waits until so many wait for their turn.
    #[cfg(test)]
    pub(crate) async fn waited_for(&self, many: usize) {
        while AT_ONCE + WAITING - self.places.available_permits() < many {
            tokio::task::yield_now().await;
        }
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Busy)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            // Held by the work, not by its caller: one who goes away makes no room before the work is done.
            let _held = (place, turn);
            work()
        });
        done.await.map_err(|_| Busy)
    }
}

fn hash(password: &[u8], memory_kib: u32) -> Result<String, argon2::password_hash::Error> {
    let params = Params::new(memory_kib, PASSES, LANES, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password(password)?.to_string())
}

fn matches(password: &[u8], hash: &str) -> bool {
    // The hash names its own costs: raising ours leaves older ones valid.
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password, &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;

    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_its_costs_are_those_chosen() {
        let hasher = Hasher::new().unwrap();
        let hash = hasher.hash("correct horse".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=47104,t=1,p=1$"), "{hash}");
        assert_eq!(hasher.verify("correct horse".to_owned(), Some(hash.clone())).await, Ok(true));
        assert_eq!(hasher.verify("wrong horse".to_owned(), Some(hash)).await, Ok(false));
        assert_eq!(hasher.verify("anything".to_owned(), None).await, Ok(false));
    }

    #[tokio::test]
    async fn the_fifty_third_at_once_is_told_to_come_back() {
        let hasher = Hasher::new().unwrap();
        // The turns are taken, so that nobody leaves the queue while we count.
        let turns = Arc::clone(&hasher.turns).acquire_many_owned(2).await.unwrap();
        let mut waiting: Vec<_> = (0..53).map(|_| Box::pin(hasher.verify(String::new(), None))).collect();
        let mut outcomes = Vec::new();
        for one in &mut waiting {
            outcomes.push(futures::poll!(one));
        }
        let refused = outcomes.iter().filter(|outcome| **outcome == std::task::Poll::Ready(Err(Busy))).count();
        assert_eq!(refused, 1);
        drop(turns);
        waiting.pop();
        assert!(join_all(waiting).await.iter().all(|outcome| *outcome == Ok(false)));
    }

    #[test]
    fn a_password_has_ten_to_256_characters() {
        assert_eq!(check("123456789"), Err(PasswordFault::TooShort));
        assert_eq!(check("パスワードは十文字で"), Ok(()));
        assert_eq!(check(&"x".repeat(257)), Err(PasswordFault::TooLong));
    }
}
