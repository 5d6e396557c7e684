//! Being told to stop, in two steps.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The two steps.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    /// No new calls; those that are up go on.
    pub stopping: CancellationToken,
    /// Calls that are up end now, and everything closes after them.
    pub closing: CancellationToken,
    /// Why it stops: another server has the database.
    pub taken_over: CancellationToken,
}

impl Shutdown {
    /// The first SIGTERM or SIGINT stops, the second closes without waiting any longer.
    ///
    /// # Errors
    /// The signals cannot be listened to.
    pub fn on_signals() -> io::Result<Self> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let shutdown = Self::default();
        let told = shutdown.clone();
        tokio::spawn(async move {
            for step in [&told.stopping, &told.closing] {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                step.cancel();
            }
        });
        Ok(shutdown)
    }
}
