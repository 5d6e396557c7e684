//! After-call work that has a limit ends by itself (A5).
//!
//! The limits lie with the seats, in the database: a server that starts again goes on where the last one stood.

use std::time::Duration;

use domain::agents::{SeatInput, Work};
use domain::ids::{InteractionId, UserId};
use tokio_util::sync::CancellationToken;
use wire::ApiResult;

use super::Calls;
use crate::agents::By;

/// After how long a look that failed is taken again.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(1);

impl Calls {
    /// Ends after-call work whose limit has come, until `stop`.
    pub async fn keep_after_call_limits(self, stop: CancellationToken) {
        let (agents, clock) = (self.with().agents.clone(), self.with().clock.clone());
        loop {
            // Taken before the look, so that time that passes in it is not waited for once more.
            let looked = clock.instant();
            let next = match self.end_what_is_due().await {
                Ok(next) => next,
                Err(error) => {
                    tracing::error!(%error, "after-call work could not be looked at; tried again");
                    Some(LOOK_AGAIN_AFTER)
                }
            };
            let due = async {
                match next {
                    Some(wait) => clock.sleep_until(looked + wait).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = agents.limit_changed() => {}
                () = due => {}
            }
        }
    }

    /// Gives how long until the next limit, if there is one.
    async fn end_what_is_due(&self) -> ApiResult<Option<Duration>> {
        let now = self.with().clock.now();
        let mut next = None;
        for limit in self.with().agents.after_call_limits().await? {
            if limit.until <= now {
                self.end_after_call(limit.user, limit.call).await?;
            } else {
                let wait = limit.until.since(now);
                next = Some(next.map_or(wait, |soonest: Duration| soonest.min(wait)));
            }
        }
        Ok(next)
    }

    async fn end_after_call(&self, user: UserId, call: InteractionId) -> ApiResult<()> {
        let agents = &self.with().agents;
        let seat = agents.apply(user, SeatInput::AfterCallOver, By::Server).await?;
        if seat.work() == (Work::AfterCall { call }) {
            // Put off in the last moment.
            return Ok(());
        }
        if seat.takes_offers() && !agents.can_take_offers(user) {
            // 待機 would be a lie: nobody could be heard (C1).
            agents.apply(user, SeatInput::Lost, By::Server).await?;
        }
        self.finished(user, call);
        Ok(())
    }
}
