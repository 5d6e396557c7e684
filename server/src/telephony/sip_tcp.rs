//! SIP over TCP and TLS: connections by peer, messages cut out of their streams, and what waits to be sent.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sip::{Frame, Framer, Transport};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use super::sip_tls::{self, Tls};
use crate::clock::Clock;

/// How long a peer has to take a connection, or a message on one (RFC 3261 §17.1.2.2: Timer F is 32 s; a peer on the
/// telephone network that needs a fifth of it is not there).
const PATIENCE: Duration = Duration::from_secs(6);
/// How many messages may wait for one connection; more means that the peer does not read.
const QUEUE: usize = 256;
/// How many connections that one address opened are kept at a time, and how many that anybody did; no trunk needs more.
const MOST_OF_ONE: usize = 64;
const MOST: usize = 1_024;
/// After how long without a word a connection gives way to a new one: whatever was asked over it is answered, or never will
/// be (RFC 3261 §17.1.2.2, Timer F).
const RESTED: Duration = Duration::from_secs(32);
/// After how long without a word a connection that a peer opened is closed. Far longer than refreshed calls are silent
/// (RFC 4028 §4.2: half an hour); what comes after opens another.
const FORGOTTEN: Duration = Duration::from_hours(1);

/// What the connections tell the driver.
pub(super) enum TcpNews {
    /// A whole message.
    Message { transport: Transport, from: SocketAddr, bytes: Vec<u8> },
    /// A connection that we opened stands.
    Opened { transport: Transport, peer: SocketAddr },
    /// A connection ended; `failed`: with messages that did not leave; `never_opened`: why it never stood.
    Closed { transport: Transport, peer: SocketAddr, number: u64, failed: bool, never_opened: Option<&'static str> },
}

/// A connection, encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection that is being made.
type Opening = futures::future::BoxFuture<'static, io::Result<Box<dyn Stream>>>;

/// An open connection.
struct Open {
    /// Which of them.
    number: u64,
    /// What it is to send. Dropped, it ends.
    queue: mpsc::Sender<Vec<u8>>,
    /// We opened it.
    ours: bool,
    /// When something came or went last.
    used: Arc<Mutex<Instant>>,
}

/// The open connections.
pub(super) struct Connections {
    open: HashMap<(Transport, SocketAddr), Open>,
    /// Whose certificate is expected where.
    names: HashMap<SocketAddr, String>,
    tls: Tls,
    next: u64,
    news: mpsc::Sender<TcpNews>,
    tasks: TaskTracker,
    /// Ends the connections' tasks when the driver is gone.
    stop: DropGuard,
    clock: Clock,
}

impl Connections {
    pub(super) fn new(news: mpsc::Sender<TcpNews>, tasks: TaskTracker, clock: Clock, tls: Tls) -> Self {
        let stop = CancellationToken::new().drop_guard();
        Self { open: HashMap::new(), names: HashMap::new(), tls, next: 0, news, tasks, stop, clock }
    }

    /// Says whose certificate is expected at an address: the trunk's name as it was set up, not what the name service
    /// made of it (RFC 5922 §4).
    pub(super) fn expect(&mut self, at: SocketAddr, name: &str) {
        self.names.insert(at, name.to_owned());
    }

    /// Takes a connection that a known peer opened.
    pub(super) fn accepted(&mut self, transport: Transport, stream: TcpStream, peer: SocketAddr) {
        if !self.has_room(peer) {
            tracing::debug!(%peer, "SIP peers open more connections than they can need");
            return;
        }
        let tls = self.tls.clone();
        self.start(transport, peer, false, async move {
            prompt(&stream);
            Ok(match transport {
                Transport::Udp | Transport::Tcp => Box::new(stream) as Box<dyn Stream>,
                Transport::Tls => Box::new(tls.accept(stream).await?),
            })
        });
    }

    /// Whether one more connection of this peer can be kept, be it in the place of one that has long said nothing.
    fn has_room(&mut self, peer: SocketAddr) -> bool {
        let theirs = |(at, open): &(&(Transport, SocketAddr), &Open)| !open.ours && at.1.ip() == peer.ip();
        let of_one = self.open.iter().filter(theirs).count() >= MOST_OF_ONE;
        let of_all = self.open.values().filter(|open| !open.ours).count() >= MOST;
        if !of_one && !of_all {
            return true;
        }
        let candidates = self.open.iter().filter(|(at, open)| !open.ours && (!of_one || at.1.ip() == peer.ip()));
        let longest = candidates.map(|(at, open)| (last_used(&open.used), *at)).min();
        match longest {
            Some((used, at)) if self.clock.instant().saturating_duration_since(used) >= RESTED => {
                self.open.remove(&at);
                true
            }
            Some(_) | None => false,
        }
    }

    /// Queues a message for the open connection to `to`, or opens one. `false`: it cannot be sent.
    pub(super) fn send(&mut self, transport: Transport, to: SocketAddr, bytes: Vec<u8>) -> bool {
        self.reach(transport, to);
        self.open.get(&(transport, to)).is_some_and(|open| open.queue.try_send(bytes).is_ok())
    }

    /// Opens a connection to `to` unless there is one.
    pub(super) fn reach(&mut self, transport: Transport, to: SocketAddr) {
        if self.open.get(&(transport, to)).is_some_and(|open| !open.queue.is_closed()) {
            return;
        }
        let tls = self.tls.clone();
        let name = self.names.get(&to).cloned().unwrap_or_else(|| to.ip().to_string());
        self.start(transport, to, true, async move {
            let stream = TcpStream::connect(to).await?;
            prompt(&stream);
            Ok(match transport {
                Transport::Udp | Transport::Tcp => Box::new(stream) as Box<dyn Stream>,
                Transport::Tls => Box::new(tls.connect(stream, &name).await?),
            })
        });
    }

    /// Forgets a connection that has ended, unless another has taken its place.
    pub(super) fn closed(&mut self, transport: Transport, peer: SocketAddr, number: u64) {
        if self.open.get(&(transport, peer)).is_some_and(|open| open.number == number) {
            self.open.remove(&(transport, peer));
        }
    }

    fn start(
        &mut self,
        transport: Transport,
        peer: SocketAddr,
        ours: bool,
        stream: impl Future<Output = io::Result<Box<dyn Stream>>> + Send + 'static,
    ) {
        let (queue, messages) = mpsc::channel(QUEUE);
        let number = self.next;
        self.next += 1;
        let used = Arc::new(Mutex::new(self.clock.instant()));
        self.open.insert((transport, peer), Open { number, queue, ours, used: Arc::clone(&used) });
        let (news, clock) = (self.news.clone(), self.clock.clone());
        let connection = Connection { transport, peer, ours, messages, used, news: news.clone(), clock };
        let stop = self.stop.token().clone();
        let opening: Opening = Box::pin(stream);
        self.tasks.spawn(async move {
            let (failed, never_opened) = tokio::select! {
                ended = connection.run(opening) => ended,
                () = stop.cancelled() => (false, None),
            };
            // The driver may have ended before its connections.
            let _ = news.send(TcpNews::Closed { transport, peer, number, failed, never_opened }).await;
        });
    }
}

/// Each message is one write; waiting to fill a segment would only delay answers.
fn prompt(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a SIP connection stays slow");
    }
}

struct Connection {
    transport: Transport,
    peer: SocketAddr,
    /// We opened it.
    ours: bool,
    messages: mpsc::Receiver<Vec<u8>>,
    used: Arc<Mutex<Instant>>,
    news: mpsc::Sender<TcpNews>,
    clock: Clock,
}

impl Connection {
    fn is_used(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = self.clock.instant();
    }

    /// Returns when the peer that opened it has said nothing for so long that nobody expects it to.
    async fn is_forgotten(ours: bool, used: &Mutex<Instant>, clock: &Clock) {
        if ours {
            // As long as the trunk is there: its registrar or its calls may come this way.
            return std::future::pending().await;
        }
        clock.sleep_until(last_used(used) + FORGOTTEN).await;
    }

    /// Gives whether messages were lost, and why it never stood, if it did not.
    async fn run(mut self, stream: Opening) -> (bool, Option<&'static str>) {
        let opened = tokio::select! {
            opened = stream => opened,
            () = self.clock.sleep(PATIENCE) => Err(io::ErrorKind::TimedOut.into()),
        };
        match opened {
            Ok(stream) => (self.carry(stream).await, None),
            Err(error) => {
                tracing::debug!(peer = %self.peer, transport = ?self.transport, %error, "no SIP connection");
                // Of a connection that a peer did not bring to its end nobody here waits for anything.
                (self.ours, Some(sip_tls::trouble(&error)).filter(|_| self.ours))
            }
        }
    }

    /// Reads and writes until either side ends it; gives whether messages were lost.
    async fn carry(&mut self, stream: Box<dyn Stream>) -> bool {
        if self.ours {
            let opened = TcpNews::Opened { transport: self.transport, peer: self.peer };
            if self.news.send(opened).await.is_err() {
                return false;
            }
        }
        let (mut reading, mut writing) = tokio::io::split(stream);
        let mut framer = Framer::new();
        let mut buffer = vec![0; 8 * 1024];
        loop {
            tokio::select! {
                read = reading.read(&mut buffer) => {
                    let Some(bytes) = read.ok().filter(|n| *n > 0).and_then(|n| buffer.get(..n)) else { break };
                    self.is_used();
                    framer.push(bytes);
                    loop {
                        match framer.next_frame() {
                            Ok(Some(Frame::Message(bytes))) => {
                                let message = TcpNews::Message { transport: self.transport, from: self.peer, bytes };
                                if self.news.send(message).await.is_err() {
                                    return false;
                                }
                            }
                            // RFC 5626 §4.4.1: one CRLF answers two.
                            Ok(Some(Frame::Ping)) => {
                                if !write(&self.clock, &mut writing, b"\r\n").await {
                                    return !self.messages.is_empty();
                                }
                            }
                            Ok(None) => break,
                            Err(error) => {
                                tracing::debug!(peer = %self.peer, %error, "a SIP stream could not be read on");
                                return !self.messages.is_empty();
                            }
                        }
                    }
                }
                message = self.messages.recv() => {
                    let Some(message) = message else { break };
                    self.is_used();
                    if !write(&self.clock, &mut writing, &message).await {
                        return true;
                    }
                }
                () = Self::is_forgotten(self.ours, &self.used, &self.clock) => break,
            }
        }
        self.messages.close();
        !self.messages.is_empty()
    }
}

fn last_used(used: &Mutex<Instant>) -> Instant {
    *used.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn write(clock: &Clock, stream: &mut (impl AsyncWriteExt + Unpin), bytes: &[u8]) -> bool {
    tokio::select! {
        written = stream.write_all(bytes) => written.is_ok(),
        () = clock.sleep(PATIENCE) => false,
    }
}

#[cfg(test)]
mod tests {
    use domain::time::Timestamp;
    use tokio::net::TcpListener;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    /// A peer's connection, taken.
    async fn opened(connections: &mut Connections, listener: &TcpListener) -> TcpStream {
        let (peer, taken) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
        let (stream, from) = taken.unwrap();
        connections.accepted(Transport::Tcp, stream, from);
        peer.unwrap()
    }

    /// Waits until our side ends it.
    async fn ended(peer: &mut TcpStream) {
        let read = tokio::time::timeout(PATIENCE, peer.read(&mut [0; 8])).await.expect("it is still open");
        assert!(read.map_or(true, |length| length == 0));
    }

    /// Sends a ping and waits for its answer, by which it is used.
    async fn used(peer: &mut TcpStream) {
        peer.write_all(b"\r\n\r\n").await.unwrap();
        let mut pong = [0; 2];
        tokio::time::timeout(PATIENCE, peer.read_exact(&mut pong)).await.expect("no answer").unwrap();
    }

    #[tokio::test]
    async fn a_new_connection_takes_the_place_of_one_that_has_long_said_nothing_and_of_no_other() {
        let (clock, hands) = Clock::held(Timestamp(0));
        let (news, mut told) = mpsc::channel(256);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let mut connections = Connections::new(news, TaskTracker::new(), clock, Tls::new(None, None).unwrap());
        let mut peers = Vec::new();
        for _ in 0..MOST_OF_ONE {
            peers.push(opened(&mut connections, &listener).await);
        }
        ended(&mut opened(&mut connections, &listener).await).await;

        hands.advance(RESTED);
        for peer in peers.iter_mut().skip(1) {
            used(peer).await;
        }
        let mut next = opened(&mut connections, &listener).await;
        ended(&mut peers[0]).await;
        used(&mut next).await;
        ended(&mut opened(&mut connections, &listener).await).await;
        used(&mut peers[1]).await;

        hands.advance(FORGOTTEN);
        for peer in peers.iter_mut().skip(1).chain([&mut next]) {
            ended(peer).await;
        }
        for _ in 0..=MOST_OF_ONE {
            let closed = told.recv().await.unwrap();
            let TcpNews::Closed { transport, peer, number, .. } = closed else { panic!("nothing else was said") };
            connections.closed(transport, peer, number);
        }
        assert!(connections.open.is_empty());
    }
}
