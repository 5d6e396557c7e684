//! The ends of a node: calls that a stopping one lets finish, and calls that a killed one left open.

use std::sync::atomic::Ordering;
use std::time::Duration;

use domain::agents::SeatInput;
use domain::telephony::CallInput;
use wire::ApiResult;

use super::super::call_log;
use super::super::call_task::Letter;
use super::Calls;
use crate::agents::By;

/// How long a stopping server waits for the database when all calls are to be over.
const SETTLING: Duration = Duration::from_secs(10);

impl Calls {
    /// Ends in the store what a killed server left open, and frees the agents who were on those calls. Before
    /// anything else runs.
    ///
    /// # Errors
    /// The database's.
    pub async fn recover(&self) -> ApiResult<()> {
        let with = self.with();
        let lost = call_log::recover(&with.db, with.clock.now()).await?;
        if lost > 0 {
            tracing::warn!(calls = lost, "calls of the last run had no end; they are stored as lost");
        }
        for seat in with.agents.in_calls().await? {
            with.agents.apply(seat.user, SeatInput::Ended { call: seat.call }, By::Server).await?;
        }
        with.agents.recover().await?;
        self.tolls().load().await
    }

    /// Takes no new calls, waits for those that are up, ends what is left after `limit`, and returns when all is
    /// stored, or cannot be: a database that is away holds no stopping server for longer than 10 s.
    pub async fn stop(&self, limit: Duration) {
        self.0.stopping.store(true, Ordering::Release);
        self.0.tasks.close();
        tokio::select! {
            () = self.0.tasks.wait() => {}
            () = self.with().clock.sleep(limit) => {
                let left: Vec<_> = self.live().values().cloned().collect();
                tracing::warn!(calls = left.len(), "calls are still up at the end of the drain limit and are ended");
                for mailbox in left {
                    // A call that has just ended does not read it.
                    let _ = mailbox.send(Letter::Input(CallInput::ServerStops));
                }
            }
        }
        let settled = async {
            self.0.tasks.wait().await;
            self.0.late.close();
            self.0.late.wait().await;
            self.with().log.flush().await;
        };
        tokio::select! {
            () = settled => {}
            () = self.with().clock.sleep(SETTLING) => tracing::error!(
                lines = self.with().log.waiting(),
                calls = self.count(),
                "the database is away: lines of the call log that could not be written are lost"
            ),
        }
    }

    /// Whether new calls are refused.
    pub fn is_stopping(&self) -> bool {
        self.0.stopping.load(Ordering::Acquire)
    }
}
