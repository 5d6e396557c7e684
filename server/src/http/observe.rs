//! Each request gets an id, one log line when it is answered, and its place in the metrics.

use std::sync::OnceLock;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::Instrument;
use uuid::Uuid;

use super::Client;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SECONDS: &str = "http_request_seconds";
/// In seconds.
const BUCKETS: [f64; 10] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// What telephony counts at the end of each call.
const LOSS: &str = "madoguchi_call_loss_ratio";
/// Around the limits from which loss is noticed and from which words are lost.
const LOSS_BUCKETS: [f64; 9] = [0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5];

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Collects metrics from here on; a second call changes nothing.
///
/// # Errors
/// The buckets are refused: a fault of this file.
pub fn install_metrics() -> Result<(), BuildError> {
    let builder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(SECONDS.to_owned()), &BUCKETS)?
        .set_buckets_for_metric(Matcher::Full(LOSS.to_owned()), &LOSS_BUCKETS)?;
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_ok() {
        HANDLE.set(handle).ok();
    }
    metrics::describe_counter!("http_requests_total", "Requests answered, by area and status.");
    metrics::describe_histogram!(SECONDS, metrics::Unit::Seconds, "Time from a request to its answer, by area.");
    metrics::describe_histogram!(LOSS, "Lost share of a call's packets, by leg and direction; measured calls only.");
    Ok(())
}

/// The metrics in Prometheus' text format; empty until they are collected.
pub(super) fn rendered() -> String {
    HANDLE.get().map_or_else(String::new, |handle| {
        handle.run_upkeep();
        handle.render()
    })
}

pub(super) async fn observe(request: Request, next: Next) -> Response {
    let id = Uuid::new_v4().simple().to_string();
    // The path only: a query could hold what must not be logged.
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    let client = request.extensions().get::<Client>().and_then(|client| client.0);
    let area = area(&path);
    let span = tracing::info_span!("request", id);
    let clock = crate::clock::Clock::system();
    let began = clock.instant();
    let mut response = next.run(request).instrument(span.clone()).await;
    let took = clock.instant().duration_since(began);
    let status = response.status();
    metrics::counter!("http_requests_total", "area" => area, "status" => status.as_str().to_owned()).increment(1);
    metrics::histogram!(SECONDS, "area" => area).record(took.as_secs_f64());
    span.in_scope(|| {
        let ms = took.as_millis();
        let client = client.map(tracing::field::display);
        if status.is_server_error() {
            tracing::error!(%method, path, status = status.as_u16(), ms, client, "answered");
        } else if area == "api" {
            tracing::info!(%method, path, status = status.as_u16(), ms, client, "answered");
        } else {
            tracing::debug!(%method, path, status = status.as_u16(), ms, client, "answered");
        }
    });
    if let Ok(id) = HeaderValue::try_from(id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// A few labels, however many paths visitors invent.
fn area(path: &str) -> &'static str {
    match path.split('/').nth(1) {
        Some("api") => "api",
        Some("ws") => "ws",
        Some("files") => "files",
        Some("healthz" | "readyz" | "metrics") => "probe",
        _ => "desk",
    }
}
