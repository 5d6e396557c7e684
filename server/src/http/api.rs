//! Server functions: found by their path, given their ports, answered with the status that their error has.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use leptos::prelude::provide_context;
use leptos::server_fn::axum::server_fn_paths;
use wire::ApiError;
use wire::session::{Actor, SessionPort};

use super::{Client, Edge};
use crate::session::{CookieKind, RequestPort, Token};

/// The largest body of a server function: all of them are commands and forms, the longest a draft of 256 KiB in JSON.
const MAX_BODY: usize = 1024 * 1024;
/// A body that is not here by then comes from somebody who wants to hold the connection.
const BODY_WITHIN: Duration = Duration::from_secs(20);
/// An answer of a server function that says why it failed is a few words.
const MAX_FAILURE: usize = 64 * 1024;

/// The session that a request presents, if it has the form of one.
pub(super) fn presented(cookie: CookieKind, headers: &HeaderMap) -> Option<Token> {
    headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).find_map(|value| cookie.find(value))
}

pub(super) async fn call(
    State(edge): State<Edge>,
    Extension(actor): Extension<Option<Actor>>,
    Extension(Client(address)): Extension<Client>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    if !server_fn_paths().any(|(path, method)| path == parts.uri.path() && method == parts.method) {
        return failure(&ApiError::NotFound);
    }
    let body = match tokio::time::timeout(BODY_WITHIN, to_bytes(body, MAX_BODY)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        Err(_) => return StatusCode::REQUEST_TIMEOUT.into_response(),
    };
    let presented = presented(edge.sessions.cookie(), &parts.headers);
    let session = Arc::new(RequestPort::new(Arc::clone(&edge.sessions), address, presented));
    let port: Arc<dyn SessionPort> = Arc::<RequestPort>::clone(&session);
    let provide = edge.ports;
    let context = move || {
        provide_context(Arc::clone(&port));
        provide_context(actor.clone());
        provide();
    };
    let answer = leptos_axum::handle_server_fns_with_context(context, Request::from_parts(parts, Body::from(body)));
    let mut response = with_status(answer.await.into_response()).await;
    if let Some(line) = session.take_cookie().and_then(|line| HeaderValue::try_from(line).ok()) {
        response.headers_mut().append(header::SET_COOKIE, line);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Every error leaves a server function as 500; here it gets its own status.
async fn with_status(response: Response) -> Response {
    if response.status() != StatusCode::INTERNAL_SERVER_ERROR {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let body = to_bytes(body, MAX_FAILURE).await.unwrap_or_default();
    match serde_json::from_slice::<ApiError>(&body) {
        Ok(error) => {
            parts.status = status(&error);
            retry_after(&error, &mut parts.headers);
            parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            Response::from_parts(parts, Body::from(body))
        }
        Err(_) => failure(&ApiError::Server),
    }
}

/// An error outside server functions, in the same words.
pub fn failure(error: &ApiError) -> Response {
    let mut response = (status(error), axum::Json(error)).into_response();
    retry_after(error, response.headers_mut());
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn status(error: &ApiError) -> StatusCode {
    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn retry_after(error: &ApiError, headers: &mut HeaderMap) {
    if let ApiError::TooMany { retry_after_s } = error {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(*retry_after_s));
    }
}

/// A slice's own route with a larger body, such as an upload: at most `bytes`, else 413.
pub fn with_body_limit(route: MethodRouter<Edge>, bytes: usize) -> MethodRouter<Edge> {
    route.layer(axum::extract::DefaultBodyLimit::max(bytes))
}
