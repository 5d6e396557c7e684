//! The port behind drafts.

use async_trait::async_trait;
use domain::ids::{ClientId, FileId, InteractionId, UserId};
use domain::roles::Permission;
use domain::time::Timestamp;
use wire::drafts::{Draft, DraftOf, DraftsPort, Typed};
use wire::events::DeskEvent;
use wire::session::Actor;
use wire::{ApiError, ApiResult, Problem};

use super::store::{self, Keystroke};
use crate::clock::Clock;
use crate::db::{Db, DbError};
use crate::realtime::Hub;

/// The largest draft, in bytes.
const LARGEST: usize = 256 * 1024;

/// The drafts, cheap to clone.
#[derive(Clone)]
pub struct Drafts {
    db: Db,
    clock: Clock,
    hub: Hub,
}

impl Drafts {
    /// Joins the slice to its neighbours.
    pub fn new(db: Db, clock: Clock, hub: Hub) -> Self {
        Self { db, clock, hub }
    }

    /// Whether this user has a draft about this call.
    ///
    /// # Errors
    /// The database failed.
    pub async fn about_call(&self, user: UserId, call: InteractionId) -> ApiResult<bool> {
        Ok(store::about_call(&self.db, user, call).await?)
    }
}

#[async_trait]
impl DraftsPort for Drafts {
    async fn drafts(&self, actor: Actor) -> ApiResult<Vec<Draft>> {
        actor.require(Permission::WorkAtDesk)?;
        Ok(store::all(&self.db, actor.user).await?)
    }

    async fn keep(&self, actor: Actor, client: ClientId, of: DraftOf, n: u64, typed: Typed) -> ApiResult<Draft> {
        actor.require(Permission::WorkAtDesk)?;
        let json = store::typed(&typed)?;
        if json.len() > LARGEST {
            let max = u64::try_from(LARGEST).unwrap_or(u64::MAX);
            return Err(ApiError::field("typed", Problem::TooLarge { max }));
        }
        let (user, at) = (actor.user, self.clock.now());
        let record = Some(typed.id.to_string());
        let key = Keystroke { user, of, n, typed: Some(json), record, at, client };
        let (kept, draft) = self
            .db
            .write::<_, DbError, _>(move |tx| {
                Box::pin(async move {
                    let kept = store::keep(tx, key).await?;
                    Ok((kept, store::one(tx, user, of).await?))
                })
            })
            .await?;
        if kept {
            self.tell(user, of, draft.clone(), client);
        }
        // Nothing is there: it was discarded after this was typed.
        draft.ok_or(ApiError::Conflict)
    }

    async fn discard(&self, actor: Actor, client: ClientId, of: DraftOf, n: u64) -> ApiResult<()> {
        actor.require(Permission::WorkAtDesk)?;
        let (user, at): (UserId, Timestamp) = (actor.user, self.clock.now());
        let key = Keystroke { user, of, n, typed: None, record: None, at, client };
        if self.db.write::<_, DbError, _>(move |tx| Box::pin(store::keep(tx, key))).await? {
            self.tell(user, of, None, client);
        }
        Ok(())
    }

    async fn names_file(&self, file: FileId) -> ApiResult<bool> {
        Ok(store::names(&self.db, file).await?)
    }
}

impl Drafts {
    fn tell(&self, user: UserId, of: DraftOf, draft: Option<Draft>, client: ClientId) {
        self.hub.publish(user, DeskEvent::Draft { of, draft: draft.map(Box::new), client });
    }
}
