//! The edge: what a browser reaches over HTTP and WebSocket.
//!
//! ```text
//!  connection ─► serve (TLS, deadlines) ─► observe (id, log, metrics) ─► security (headers, Origin) ─┬─► api   /api/…
//!                                                                                                    ├─► /ws
//!                                                                                                    ├─► probes
//!                                                                                                    └─► desk  the rest
//! ```
//!
//! **Invariant:** nothing here decides what a user may do: that is the ports'. A request that changes anything, and
//! every WebSocket, comes from a page of ours or is refused before anybody asks who sent it.

mod api;
mod client;
mod desk;
mod observe;
mod probes;
mod security;
mod serve;
#[cfg(test)]
mod tests;
mod tls;

use std::sync::Arc;

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;
use wire::ApiError;
use wire::session::Actor;

pub use self::api::{failure, with_body_limit};
pub use self::client::{Client, Peer, Proxies};
pub use self::observe::install_metrics;
pub use self::probes::Readiness;
pub use self::security::Origins;
pub use self::serve::{Limits, Listener, serve};
pub use self::tls::{Tls, TlsError, load as load_tls, self_signed};
use crate::realtime::{self, Realtime};
use crate::session::Sessions;

/// Puts the slices' ports into the context of a server function.
pub type Ports = Arc<dyn Fn() + Send + Sync>;

/// What the edge needs of the product.
#[derive(Clone)]
pub struct Edge {
    /// Who is signed in.
    pub sessions: Arc<Sessions>,
    /// What server functions call.
    pub ports: Ports,
    /// The desks' event streams.
    pub realtime: Realtime,
    /// Whose pages may change anything.
    pub origins: Arc<Origins>,
    /// Which proxies are believed.
    pub proxies: Arc<Proxies>,
    /// What the probes tell.
    pub readiness: Arc<Readiness>,
    /// What requests have begun; the end of the server waits for it.
    pub work: TaskTracker,
}

/// Everything that is reachable; `more` holds the slices' own routes (uploads, downloads), to which the same rules
/// apply: they find a [`SignedIn`] or answer 401.
pub fn router(edge: Edge, more: Router<Edge>) -> Router {
    let with_actor = Router::new()
        .route("/api/{*function}", any(api::call))
        .route("/ws", get(websocket))
        .merge(more)
        .route_layer(middleware::from_fn_with_state(edge.clone(), authenticate))
        .route_layer(middleware::from_fn_with_state(edge.clone(), to_the_end));
    Router::new()
        .merge(with_actor)
        .route("/healthz", get(probes::healthz))
        .route("/readyz", get(probes::readyz))
        .route("/metrics", get(probes::metrics))
        .fallback(desk::serve)
        .layer(middleware::from_fn_with_state(edge.clone(), security::guard))
        .layer(middleware::from_fn(observe::observe))
        .layer(middleware::from_fn_with_state(edge.clone(), client::find))
        .with_state(edge)
}

/// Lets what a request has begun come to its end though its browser goes away: hyper drops what it waits for then, and
/// half of a command is worse than all or nothing of it.
async fn to_the_end(State(edge): State<Edge>, request: Request, next: Next) -> Response {
    let answer = edge.work.spawn(next.run(request).in_current_span());
    answer.await.unwrap_or_else(|error| {
        tracing::error!(%error, "a request was not answered");
        failure(&ApiError::Server)
    })
}

/// Finds out who asks, and leaves it with the request.
async fn authenticate(State(edge): State<Edge>, mut request: Request, next: Next) -> Response {
    let token = api::presented(edge.sessions.cookie(), request.headers());
    let actor = match &token {
        Some(token) => match edge.sessions.authenticate(token).await {
            Ok(actor) => actor,
            Err(error) => return failure(&error.into()),
        },
        None => None,
    };
    request.extensions_mut().insert(actor);
    next.run(request).await
}

/// The user who asks, for a slice's own routes; answers 401 if nobody is signed in.
#[derive(Clone, Debug)]
pub struct SignedIn(pub Actor);

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Response> {
        let actor = parts.extensions.get::<Option<Actor>>().cloned().flatten();
        actor.map(SignedIn).ok_or_else(|| failure(&ApiError::SignedOut))
    }
}

async fn websocket(State(edge): State<Edge>, SignedIn(actor): SignedIn, request: WebSocketUpgrade) -> Response {
    realtime::upgrade(edge.realtime, actor, request).into_response()
}
