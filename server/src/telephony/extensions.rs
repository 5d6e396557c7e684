//! Lines of extensions: each agent's own account at another exchange, registered for as long as the agent is there.
//!
//! There is an agent whose softphone is logged in on the extension and whose desk is live, or who is in a call: a desk
//! that only reloads stays live for its lease. A line is a trunk like any other from here on; [`super::trunk`] registers
//! it, knows its host as a peer, and takes both back.
//!
//! **Invariant:** nothing here speaks SIP or rings anybody; a line that is not kept is no peer.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use wire::ApiResult;

use super::directory::{Directory, Trunk};
use super::trunk::Trunks;
use crate::agents::Agents;
use crate::clock::Clock;

/// After how long a look that failed is taken again.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// Keeps the lines of the agents who are there, until `stop`. `settings` moves on with each change of the settings.
pub async fn keep(
    agents: Agents,
    directory: Arc<dyn Directory>,
    trunks: Trunks,
    clock: Clock,
    mut settings: watch::Receiver<u64>,
    stop: CancellationToken,
) {
    let mut attendance = agents.attendance();
    let mut kept = Vec::new();
    loop {
        let due = match wanted(&agents, directory.as_ref()).await {
            Ok(wanted) => {
                if wanted != kept {
                    tracing::info!(lines = wanted.len(), "the lines of extensions changed");
                    trunks.keep_lines(wanted.clone());
                    kept = wanted;
                }
                None
            }
            Err(error) => {
                tracing::error!(%error, "the lines of extensions could not be looked at; tried again");
                Some(LOOK_AGAIN_AFTER)
            }
        };
        let again = async {
            match due {
                Some(wait) => clock.sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            Ok(()) = attendance.changed() => {}
            Ok(()) = settings.changed() => {}
            () = again => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn wanted(agents: &Agents, directory: &dyn Directory) -> ApiResult<Vec<Trunk>> {
    let mut lines = directory.lines().await?;
    if !lines.is_empty() {
        let here: HashSet<_> = agents.here().await?.into_iter().collect();
        lines.retain(|trunk| trunk.line.as_ref().is_some_and(|line| here.contains(&(line.user, line.extension))));
    }
    Ok(lines)
}
