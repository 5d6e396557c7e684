//! Relays (TURN, RFC 8656) for browsers that cannot send UDP to the gateway.

use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use serde::{Deserialize, Serialize};

use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{error::ApiResult, session::Actor};

/// A relay as a browser's `RTCIceServer` wants it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relay {
    /// `turn:` and `turns:` addresses (RFC 7065) of one relay.
    pub urls: Vec<String>,
    /// Holds the time at which the pair ends.
    pub username: String,
    /// Good until then.
    pub credential: String,
}

// Written by hand, because a log with a valid pair in it would let a stranger send through the relay.
impl core::fmt::Debug for Relay {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Relay").field("urls", &self.urls).finish_non_exhaustive()
    }
}

/// What the server does behind this function.
#[cfg(feature = "ssr")]
#[async_trait::async_trait]
pub trait RelaysPort: Send + Sync {
    /// The relays that this agent may use now; none where none is set up.
    async fn relays(&self, actor: Actor) -> ApiResult<Vec<Relay>>;
}

#[cfg(feature = "ssr")]
use crate::context::{actor, port};

/// The relays for the next audio connection, with credentials of their own.
///
/// # Errors
/// See [`ApiError`].
#[server(name = RelaysFn, prefix = "/api", endpoint = "telephony/relays", input = Json, output = Json)]
pub async fn relays() -> Result<Vec<Relay>, ApiError> {
    port::<dyn RelaysPort>()?.relays(actor()?).await
}
