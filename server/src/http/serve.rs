//! Connections: accepted, spoken TLS with if need be, held to their deadlines, and ended politely.
//!
//! The deadlines here are the network's and run on tokio's timer, like those that hyper keeps beside them: no rule of
//! the product hangs on them, and the tests move both by pausing that one timer.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::{Peer, Proxies, Tls};
use crate::session::household;

/// A handshake, or a request's headers, are here within this time or the connection ends.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);
/// Connections at once; more wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 8192;
/// Requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 100;
/// How long answers that are under way may take to leave after the server was told to stop.
const LEAVE_WITHIN: Duration = Duration::from_secs(5);

/// Where connections come from.
pub struct Listener {
    /// Bound.
    pub tcp: TcpListener,
    /// None: plain HTTP.
    pub tls: Option<Arc<Tls>>,
    /// How much one visitor may hold.
    pub limits: Limits,
}

/// How much one visitor may hold.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Connections at once from one address (IPv6: from one /64); more are closed unread.
    pub per_address: usize,
    /// Who speaks for many visitors, and may hold any number.
    pub proxies: Arc<Proxies>,
}

/// How many connections each address has.
#[derive(Clone, Default)]
struct Crowd(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// A connection's place among those of its address; given back when dropped.
struct Counted {
    crowd: Crowd,
    address: IpAddr,
}

impl Crowd {
    fn admit(&self, address: IpAddr, most: usize) -> Option<Counted> {
        let address = household(address);
        let mut counts = self.counts();
        let count = counts.entry(address).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Counted { crowd: self.clone(), address })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.crowd.counts();
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

/// Serves until `stop`, then lets what is under way leave.
pub async fn serve(listener: Listener, router: Router, stop: CancellationToken) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let (connections, crowd) = (auto_builder(), Crowd::default());
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
        let (stream, peer) = tokio::select! {
            accepted = listener.tcp.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    pause_if_exhausted(&error).await;
                    continue;
                }
            },
            () = stop.cancelled() => break,
        };
        let most = if listener.limits.proxies.trusts(peer.ip()) { usize::MAX } else { listener.limits.per_address };
        let Some(counted) = crowd.admit(peer.ip(), most) else { continue };
        let connection =
            Connection { builder: connections.clone(), router: router.clone(), peer, watcher: graceful.watcher() };
        let tls = listener.tls.as_ref().map(|tls| tls.acceptor());
        tokio::spawn(async move {
            connection.run(stream, tls).await;
            drop((place, counted));
        });
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(LEAVE_WITHIN) => tracing::warn!("some answers did not leave in time"),
    }
}

fn auto_builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS_WITHIN);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(HEADERS_WITHIN);
    builder
}

/// Out of file descriptors, say: trying at once again would only burn the processor.
async fn pause_if_exhausted(error: &io::Error) {
    let of_the_peer =
        [io::ErrorKind::ConnectionAborted, io::ErrorKind::ConnectionReset, io::ErrorKind::ConnectionRefused];
    if !of_the_peer.contains(&error.kind()) {
        tracing::error!(%error, "no connection can be accepted");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

struct Connection {
    builder: auto::Builder<TokioExecutor>,
    router: Router,
    peer: SocketAddr,
    watcher: Watcher,
}

impl Connection {
    async fn run(self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        // Small frames of a call's signalling must not wait for each other.
        stream.set_nodelay(true).ok();
        match tls {
            None => self.http(stream).await,
            // A handshake that fails or lasts is the peer's affair, and not worth a line each.
            Some(tls) => {
                if let Ok(Ok(stream)) = tokio::time::timeout(HEADERS_WITHIN, tls.accept(stream)).await {
                    self.http(stream).await;
                }
            }
        }
    }

    async fn http<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(self, stream: S) {
        let Self { builder, router, peer, watcher } = self;
        let asked = Arc::new(AtomicBool::new(false));
        let heard = Arc::clone(&asked);
        let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            heard.store(true, Ordering::Relaxed);
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            router.clone().oneshot(request)
        });
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
        let mut connection = pin!(watcher.watch(connection));
        // A peer that breaks off or breaks the protocol has been answered by hyper already.
        tokio::select! {
            _ = &mut connection => return,
            // hyper counts a request's time from its first bytes on, and never asks where those are.
            () = tokio::time::sleep(HEADERS_WITHIN) => {}
        }
        if asked.load(Ordering::Relaxed) {
            drop(connection.await);
        }
    }
}
