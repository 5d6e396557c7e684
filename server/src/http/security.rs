//! What every answer says to the browser, and the Origin check on everything that changes something.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use wire::ApiError;

use super::{Edge, failure};

/// The origins whose pages may change anything and open the WebSocket.
#[derive(Clone, Debug)]
pub struct Origins {
    allowed: Vec<String>,
    /// The demo is reached under whatever name its machine has: there the page's own host is enough.
    own_host: bool,
    tls: bool,
}

impl Origins {
    /// These, in the form that browsers write them: `https://desk.example.jp`. The first is the public one.
    pub fn new(allowed: Vec<String>, own_host: bool) -> Self {
        let tls = allowed.first().is_some_and(|origin| origin.starts_with("https://"));
        Self { allowed, own_host, tls }
    }

    /// Whether this request comes from a page of ours.
    fn permit(&self, request: &Request) -> bool {
        let origin = request.headers().get(header::ORIGIN).and_then(|value| value.to_str().ok());
        let Some(origin) = origin else { return false };
        self.allowed.iter().any(|allowed| allowed == origin)
            || (self.own_host && Some(origin) == self.origin_of(request).as_deref())
    }

    /// The origin that this request asked for: HTTP/2 names it in the address, HTTP/1.1 in `Host` (RFC 9110 §7.2).
    fn origin_of(&self, request: &Request) -> Option<String> {
        let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        let host = request.uri().authority().map_or(named, |authority| Some(authority.as_str()))?;
        let plain =
            !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:-[]".contains(&byte));
        plain.then(|| format!("{}://{host}", if self.tls { "https" } else { "http" }))
    }

    /// The WebSocket's origin for the page that is being asked for: the host that was asked, if it is ours.
    fn socket_origin(&self, request: &Request) -> String {
        let asked = self.origin_of(request).filter(|origin| self.own_host || self.allowed.contains(origin));
        let origin = asked.or_else(|| self.allowed.first().cloned()).unwrap_or_default();
        origin.replacen("http", "ws", 1)
    }

    /// `connect-src 'self'` covers `wss:` in current browsers only, so the socket's host is named.
    /// `wasm-unsafe-eval` compiles WebAssembly and allows no `eval` (CSP3).
    fn policy(&self, request: &Request) -> Option<HeaderValue> {
        let socket = self.socket_origin(request);
        HeaderValue::try_from(format!(
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; \
             media-src 'self' blob:; connect-src 'self' {socket}; font-src 'self'; worker-src 'self'; \
             frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
        ))
        .ok()
    }
}

/// Headers that every answer carries, if it has none of its own.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "microphone=(self), camera=(), geolocation=(), payment=(), usb=()"),
];

/// Two years: browsers then ask for HTTPS by themselves (RFC 6797).
const HSTS: &str = "max-age=63072000; includeSubDomains";

pub(super) async fn guard(State(edge): State<Edge>, request: Request, next: Next) -> Response {
    let origins = edge.origins;
    let policy = origins.policy(&request);
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let upgrades = request.headers().contains_key(header::UPGRADE);
    let mut response = if (changes || upgrades) && !origins.permit(&request) {
        let origin = request.headers().get(header::ORIGIN).map(|value| format!("{value:?}"));
        tracing::warn!(path = request.uri().path(), origin, "refused: not from a page of ours");
        failure(&ApiError::Forbidden)
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if let Some(policy) = policy {
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(policy);
    }
    // The demo's own certificate is none to insist on.
    if origins.tls && !origins.own_host {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn request(address: &str, host: Option<&str>, origin: &str) -> Request {
        let mut request = Request::post(address).header(header::ORIGIN, origin);
        if let Some(host) = host {
            request = request.header(header::HOST, host);
        }
        request.body(Body::empty()).unwrap()
    }

    #[test]
    fn the_demo_is_reached_under_any_name_of_its_machine_over_http_1_and_2() {
        let demo = Origins::new(vec!["https://localhost:8080".to_owned()], true);
        assert!(demo.permit(&request("/api/x", Some("box.lan:8080"), "https://box.lan:8080")));
        assert!(demo.permit(&request("https://box.lan:8080/api/x", None, "https://box.lan:8080")));
        assert!(!demo.permit(&request("/api/x", Some("box.lan:8080"), "https://evil.example")));
        assert!(!demo.permit(&request("/api/x", None, "https://evil.example")));
        let real = Origins::new(vec!["https://localhost:8080".to_owned()], false);
        assert!(!real.permit(&request("/api/x", Some("box.lan:8080"), "https://box.lan:8080")));
    }

    #[test]
    fn a_host_that_could_end_the_policy_is_not_named_in_it() {
        let demo = Origins::new(vec!["https://localhost:8080".to_owned()], true);
        let policy = demo.policy(&request("/", Some("x; script-src *"), "null")).unwrap();
        assert!(policy.to_str().unwrap().contains("connect-src 'self' wss://localhost:8080;"), "{policy:?}");
    }
}
