//! The desk itself: the built single-page app, embedded and compressed when the server was built for release; read
//! from `dist/` otherwise, so that a change is seen without building the server.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use wire::ApiError;

use super::failure;

/// A file of the app.
struct Asset {
    /// Below the root, without a leading slash.
    path: &'static str,
    body: &'static [u8],
    /// The same, by brotli; none where that gains nothing.
    brotli: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/desk.rs"));

/// Trunk writes a digest of the content into these names: the browser may keep them for good.
const HASHED: [&str; 3] = [".js", ".css", ".wasm"];

/// The icons, which the app asks for by a version in the query.
const SPRITE: &str = "icons.svg";

/// What has another name when it has another content.
const FOR_GOOD: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

const MISSING: &str = "<!doctype html><meta charset=utf-8><title>Madoguchi</title>\
    <p>The desk has not been built: run <code>make desk</code> and load this page again.";

/// Answers every path that nothing else does: a file of the app; or, for a page's address, the app itself, which
/// knows its own pages.
pub(super) async fn serve(request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return failure(&ApiError::NotFound);
    }
    let path = request.uri().path().trim_start_matches('/');
    if path == "api" || path.starts_with("api/") {
        return failure(&ApiError::NotFound);
    }
    let brotli = accepts_brotli(request.headers());
    if let Some(mut response) = file(path, brotli).await {
        if path == SPRITE && is_versioned(request.uri().query()) {
            response.headers_mut().insert(header::CACHE_CONTROL, FOR_GOOD);
        }
        return response;
    }
    // A name with a dot is a file that is not there (an old build's module, say): a page in its place would be run.
    if path.rsplit('/').next().is_some_and(|name| name.contains('.')) {
        return failure(&ApiError::NotFound);
    }
    match file("index.html", brotli).await {
        Some(page) => page,
        None => (StatusCode::NOT_FOUND, axum::response::Html(MISSING)).into_response(),
    }
}

async fn file(path: &str, brotli: bool) -> Option<Response> {
    if EMBEDDED.is_empty() {
        return from_disk(path).await;
    }
    let asset = EMBEDDED.iter().find(|asset| asset.path == path)?;
    Some(match asset.brotli.filter(|_| brotli) {
        Some(compressed) => answer(path, Bytes::from_static(compressed), true),
        None => answer(path, Bytes::from_static(asset.body), false),
    })
}

async fn from_disk(path: &str) -> Option<Response> {
    let plain = path.split('/').all(|part| !part.is_empty() && !part.starts_with('.'));
    if !plain {
        return None;
    }
    let body = tokio::fs::read(format!("{DIST}/{path}")).await.ok()?;
    Some(answer(path, body.into(), false))
}

fn answer(path: &str, body: Bytes, brotli: bool) -> Response {
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(path)));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    let hashed = HASHED.iter().any(|end| path.ends_with(end)) && path.contains('-');
    headers.insert(header::CACHE_CONTROL, if hashed { FOR_GOOD } else { HeaderValue::from_static("no-cache") });
    if brotli {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    response
}

/// Asked for with the version that the app was built with, the icons may be kept for good, too.
fn is_versioned(query: Option<&str>) -> bool {
    query.is_some_and(|query| query.starts_with("v="))
}

fn accepts_brotli(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| matches!(coding.trim().split(';').next(), Some("br")) && !coding.contains("q=0"))
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("wav") => "audio/wav",
        Some("json" | "webmanifest") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
