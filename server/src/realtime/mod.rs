//! One event stream a user, one WebSocket a tab: numbered events, resume after a cut, snapshot beyond the buffer.
//!
//! [`Hub`] numbers and buffers what slices publish and hands it to the user's sockets; `socket` speaks the frames of
//! [`wire::events`] with one tab. What a desk shows is assembled elsewhere ([`DeskSource`]).
//!
//! **Invariant:** nothing here knows what an event means, and a heartbeat never touches SQL.

mod hub;
mod socket;
#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;
use domain::ids::{ClientId, UserId};
use wire::ApiError;
use wire::events::Desk;
use wire::session::Actor;

pub use self::hub::{Attached, Backlog, Hub, Outgoing};
pub use self::socket::{Realtime, upgrade};

/// How often the server pings a tab.
pub const PING_EVERY: Duration = Duration::from_secs(3);
/// After how long without a sign of life a tab is gone; an agent's lease.
pub const LEASE: Duration = Duration::from_secs(9);

/// Who can assemble everything that a desk shows.
#[async_trait]
pub trait DeskSource: Send + Sync {
    /// Everything that this user's desk shows now.
    async fn desk(&self, user: UserId) -> Result<Desk, ApiError>;
    /// The tab's socket is there now, or its lease has run out: [`Hub::has_socket`] knows which.
    async fn look_at_desk(&self, user: UserId, client: ClientId);
    /// The session has been in use; whether it still holds.
    async fn still_signed_in(&self, actor: &Actor) -> bool;
}
