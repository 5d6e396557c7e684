//! SIP over TCP: connections by peer, messages cut out of their streams, and what waits to be sent.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use sip::{Frame, Framer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::clock::Clock;

/// How long a peer has to take a connection, or a message on one (RFC 3261 §17.1.2.2: Timer F is 32 s; a peer on the
/// telephone network that needs a fifth of it is not there).
const PATIENCE: Duration = Duration::from_secs(6);
/// How many messages may wait for one connection; more means that the peer does not read.
const QUEUE: usize = 256;

/// What the connections tell the driver.
pub(super) enum TcpNews {
    /// A whole message.
    Message { from: SocketAddr, bytes: Vec<u8> },
    /// A connection ended; `failed`: with messages that did not leave.
    Closed { peer: SocketAddr, number: u64, failed: bool },
}

/// The open connections.
pub(super) struct Connections {
    open: HashMap<SocketAddr, (u64, mpsc::Sender<Vec<u8>>)>,
    next: u64,
    news: mpsc::Sender<TcpNews>,
    tasks: TaskTracker,
    /// Ends the connections' tasks when the driver is gone.
    stop: DropGuard,
    clock: Clock,
}

impl Connections {
    pub(super) fn new(news: mpsc::Sender<TcpNews>, tasks: TaskTracker, clock: Clock) -> Self {
        Self { open: HashMap::new(), next: 0, news, tasks, stop: CancellationToken::new().drop_guard(), clock }
    }

    /// Takes a connection that a known peer opened.
    pub(super) fn accepted(&mut self, stream: TcpStream, peer: SocketAddr) {
        self.start(peer, std::future::ready(Ok(stream)));
    }

    /// Queues a message for the open connection to `to`, or opens one. `false`: it cannot be sent.
    pub(super) fn send(&mut self, to: SocketAddr, bytes: Vec<u8>) -> bool {
        if self.open.get(&to).is_none_or(|(_, queue)| queue.is_closed()) {
            self.start(to, TcpStream::connect(to));
        }
        self.open.get(&to).is_some_and(|(_, queue)| queue.try_send(bytes).is_ok())
    }

    /// Forgets a connection that has ended, unless another has taken its place.
    pub(super) fn closed(&mut self, peer: SocketAddr, number: u64) {
        if self.open.get(&peer).is_some_and(|(current, _)| *current == number) {
            self.open.remove(&peer);
        }
    }

    fn start(&mut self, peer: SocketAddr, stream: impl Future<Output = io::Result<TcpStream>> + Send + 'static) {
        let (queue, messages) = mpsc::channel(QUEUE);
        let number = self.next;
        self.next += 1;
        self.open.insert(peer, (number, queue));
        let connection = Connection { peer, messages, news: self.news.clone(), clock: self.clock.clone() };
        let stop = self.stop.token().clone();
        let news = self.news.clone();
        self.tasks.spawn(async move {
            let failed = tokio::select! {
                failed = connection.run(stream) => failed,
                () = stop.cancelled() => false,
            };
            // The driver may have ended before its connections.
            let _ = news.send(TcpNews::Closed { peer, number, failed }).await;
        });
    }
}

struct Connection {
    peer: SocketAddr,
    messages: mpsc::Receiver<Vec<u8>>,
    news: mpsc::Sender<TcpNews>,
    clock: Clock,
}

impl Connection {
    /// Gives whether messages were lost.
    async fn run(mut self, stream: impl Future<Output = io::Result<TcpStream>>) -> bool {
        let opened = tokio::select! {
            opened = stream => opened,
            () = self.clock.sleep(PATIENCE) => Err(io::ErrorKind::TimedOut.into()),
        };
        let mut stream = match opened {
            Ok(stream) => stream,
            Err(error) => {
                tracing::debug!(peer = %self.peer, %error, "a SIP peer could not be reached by TCP");
                return true;
            }
        };
        // Each message is one write; waiting to fill a segment would only delay answers.
        let _ = stream.set_nodelay(true);
        let (mut reading, mut writing) = stream.split();
        let mut framer = Framer::new();
        let mut buffer = vec![0; 8 * 1024];
        loop {
            tokio::select! {
                read = reading.read(&mut buffer) => {
                    let Some(bytes) = read.ok().filter(|n| *n > 0).and_then(|n| buffer.get(..n)) else { break };
                    framer.push(bytes);
                    loop {
                        match framer.next_frame() {
                            Ok(Some(Frame::Message(bytes))) => {
                                if self.news.send(TcpNews::Message { from: self.peer, bytes }).await.is_err() {
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
                    if !write(&self.clock, &mut writing, &message).await {
                        return true;
                    }
                }
            }
        }
        self.messages.close();
        !self.messages.is_empty()
    }
}

async fn write(clock: &Clock, stream: &mut (impl AsyncWriteExt + Unpin), bytes: &[u8]) -> bool {
    tokio::select! {
        written = stream.write_all(bytes) => written.is_ok(),
        () = clock.sleep(PATIENCE) => false,
    }
}
