//! `/healthz`: the process answers. `/readyz`: it can work. `/metrics`: for Prometheus, on this machine or where allowed.

use std::path::PathBuf;

use axum::Json;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ipnet::IpNet;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use wire::ApiError;

use super::{Client, Edge, Peer, failure, observe};
use crate::db::Db;

/// What readiness depends on.
#[derive(Clone, Debug)]
pub struct Readiness {
    /// Asked for a sign of life.
    pub db: Db,
    /// The server takes no new calls: a balancer sends its visitors elsewhere.
    pub stopping: CancellationToken,
    /// Another server has the database.
    pub taken_over: CancellationToken,
    /// Where the server keeps its own files, and the least that must be free there, in bytes.
    pub room: (PathBuf, u64),
    /// Who may read the metrics.
    pub metrics_allowed: Vec<IpNet>,
    /// Whether this machine itself may: not where a proxy on it speaks for everybody.
    pub metrics_on_this_machine: bool,
}

impl Readiness {
    /// Whether there is room for what callers and agents are about to do.
    fn has_room(&self) -> bool {
        let (directory, least) = &self.room;
        match rustix::fs::statvfs(directory) {
            // What is kept for root is not ours (POSIX `f_bavail`).
            Ok(found) => found.f_bavail.saturating_mul(found.f_frsize) >= *least,
            Err(error) => {
                tracing::error!(%error, directory = %directory.display(), "the free room cannot be measured");
                true
            }
        }
    }
}

pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

pub(super) async fn readyz(State(edge): State<Edge>) -> Response {
    let reason = if edge.readiness.taken_over.is_cancelled() {
        Some("taken_over")
    } else if edge.readiness.stopping.is_cancelled() {
        Some("stopping")
    } else if let Err(error) = edge.readiness.db.ping().await {
        tracing::error!(%error, "not ready: the database gives no sign of life");
        Some("database")
    } else if !edge.readiness.has_room() {
        Some("disk_full")
    } else {
        None
    };
    match reason {
        None => Json(json!({ "ready": true })).into_response(),
        Some(reason) => {
            (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "ready": false, "reason": reason }))).into_response()
        }
    }
}

pub(super) async fn metrics(
    State(edge): State<Edge>,
    Extension(Client(address)): Extension<Client>,
    request: Request,
) -> Response {
    // Passed on by a proxy that we do not know: its address says nothing about who asks, even if it is our own.
    let trusted = request.extensions().get::<Peer>().is_some_and(|Peer(peer)| edge.proxies.trusts(peer.ip()));
    if !trusted && ["x-forwarded-for", "forwarded"].iter().any(|name| request.headers().contains_key(*name)) {
        return failure(&ApiError::Forbidden);
    }
    let allowed = address.is_some_and(|address| {
        (address.is_loopback() && edge.readiness.metrics_on_this_machine)
            || edge.readiness.metrics_allowed.iter().any(|network| network.contains(&address))
    });
    if !allowed {
        return failure(&ApiError::Forbidden);
    }
    let text = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, text)], observe::rendered()).into_response()
}
