//! What the settings need of their neighbours; startup joins them.

use async_trait::async_trait;
use domain::ids::UserId;
use wire::ApiResult;

use crate::db::{DbError, Tx};

/// Accounts; the session slice has them.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// A password as it is stored: argon2id in PHC string form.
    async fn hash_password(&self, password: String) -> ApiResult<String>;
    /// Ends every session of the user, in the unit of work that changed what they hold.
    async fn end_sessions(&self, tx: &mut Tx, user: UserId) -> Result<(), DbError>;
    /// That unit of work is done: nobody is connected any more whom those sessions let in.
    fn sessions_ended(&self, user: UserId);
}

/// Secrets at rest, sealed with a key outside the database.
pub trait Vault: Send + Sync {
    /// Seals a secret for a text column.
    ///
    /// # Errors
    /// The key cannot be used.
    fn seal(&self, secret: &str) -> ApiResult<String>;
    /// Opens what was sealed.
    ///
    /// # Errors
    /// It was sealed with another key, or is damaged.
    fn open(&self, sealed: &str) -> ApiResult<String>;
}
