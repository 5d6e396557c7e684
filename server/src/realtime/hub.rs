//! The numbered streams, in memory.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ids::{ClientId, UserId};
use tokio::sync::mpsc;
use wire::events::{CloseReason, DeskEvent, Resume, ServerFrame};

use crate::clock::Clock;

/// A socket that does not take this many frames is too slow: it is cut off and resumes.
const SOCKET_QUEUE: usize = 256;
/// So much of each stream is kept for resuming; beyond it a snapshot is smaller anyway.
const BUFFER_FRAMES: usize = 512;
const BUFFER_BYTES: usize = 256 * 1024;
/// A person has a few tabs; who opens more than this loses the oldest.
const SOCKETS_A_USER: usize = 16;

/// Every user's event stream, cheap to clone.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

struct Inner {
    /// Names this run: numbers of another run mean nothing here.
    epoch: String,
    clock: Clock,
    streams: Mutex<HashMap<UserId, Stream>>,
}

#[derive(Default)]
struct Stream {
    /// The number of the last event.
    n: u64,
    /// The latest events, oldest first, as they were sent.
    buffer: VecDeque<(u64, Arc<str>)>,
    bytes: usize,
    sockets: Vec<Socket>,
    /// Names the next socket.
    next_socket: u64,
}

struct Socket {
    number: u64,
    client: ClientId,
    session: String,
    frames: mpsc::Sender<Outgoing>,
}

/// What a socket's task is told to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outgoing {
    /// A frame, already written.
    Frame(Arc<str>),
    /// Say why and close.
    Close(CloseReason),
}

/// A socket's place in its user's stream.
#[derive(Debug)]
pub struct Attached {
    /// Names the socket for [`Hub::detach`].
    pub number: u64,
    /// What follows from here on.
    pub frames: mpsc::Receiver<Outgoing>,
    /// What comes before it.
    pub backlog: Backlog,
}

/// What a tab that has just come needs first.
#[derive(Debug)]
pub enum Backlog {
    /// The events that it missed.
    Replay(Vec<Arc<str>>),
    /// Everything, numbered with this.
    Snapshot {
        /// The number of the last event that the snapshot must contain.
        n: u64,
    },
}

impl Hub {
    /// A hub for this run of the server.
    pub fn new(clock: Clock) -> Self {
        let epoch = uuid::Uuid::new_v4().simple().to_string();
        Self(Arc::new(Inner { epoch, clock, streams: Mutex::default() }))
    }

    /// Names this run of the streams.
    pub fn epoch(&self) -> &str {
        &self.0.epoch
    }

    /// Numbers an event and hands it to every tab of the user.
    pub fn publish(&self, user: UserId, event: DeskEvent) {
        let at = self.0.clock.now();
        let mut streams = self.lock();
        let stream = streams.entry(user).or_default();
        stream.n += 1;
        let frame = ServerFrame::Event { n: stream.n, at, event };
        let Ok(json) = serde_json::to_string(&frame) else {
            // A hole in the numbers would be worse than a snapshot too many: everybody comes back for one.
            stream.buffer.clear();
            stream.sockets.clear();
            return;
        };
        let json: Arc<str> = json.into();
        stream.keep(Arc::clone(&json));
        stream.sockets.retain(|socket| socket.frames.try_send(Outgoing::Frame(Arc::clone(&json))).is_ok());
    }

    /// Publishes to everybody who has a tab open now; whoever comes later gets a snapshot.
    pub fn publish_all(&self, event: &DeskEvent) {
        let users: Vec<UserId> =
            self.lock().iter().filter(|(_, s)| !s.sockets.is_empty()).map(|(user, _)| *user).collect();
        for user in users {
            self.publish(user, event.clone());
        }
    }

    /// Publishes to those of these users who have a tab open now.
    pub fn publish_to(&self, users: &[UserId], event: &DeskEvent) {
        for user in users.iter().filter(|user| self.has_sockets(**user)) {
            self.publish(*user, event.clone());
        }
    }

    /// Whether this tab has a socket.
    pub fn has_socket(&self, user: UserId, client: ClientId) -> bool {
        self.lock().get(&user).is_some_and(|stream| stream.sockets.iter().any(|socket| socket.client == client))
    }

    /// Whether the user has any tab open.
    pub fn has_sockets(&self, user: UserId) -> bool {
        self.lock().get(&user).is_some_and(|stream| !stream.sockets.is_empty())
    }

    /// How many sockets there are.
    pub fn sockets(&self) -> usize {
        self.lock().values().map(|stream| stream.sockets.len()).sum()
    }

    /// Adds a tab's socket to its user's stream. From this moment on it misses nothing.
    pub fn attach(&self, user: UserId, client: ClientId, session: String, resume: Option<&Resume>) -> Attached {
        let (sender, frames) = mpsc::channel(SOCKET_QUEUE);
        let mut streams = self.lock();
        let stream = streams.entry(user).or_default();
        let backlog = resume
            .filter(|resume| resume.epoch == self.0.epoch)
            .and_then(|resume| stream.after(resume.n))
            .map_or(Backlog::Snapshot { n: stream.n }, Backlog::Replay);
        if stream.sockets.len() >= SOCKETS_A_USER {
            // One that came back by itself would only put the next one out.
            stream.sockets.remove(0).frames.try_send(Outgoing::Close(CloseReason::TooManyTabs)).ok();
        }
        let number = stream.next_socket;
        stream.next_socket += 1;
        stream.sockets.push(Socket { number, client, session, frames: sender });
        Attached { number, frames, backlog }
    }

    /// Takes a socket out again.
    pub fn detach(&self, user: UserId, number: u64) {
        if let Some(stream) = self.lock().get_mut(&user) {
            stream.sockets.retain(|socket| socket.number != number);
        }
    }

    /// Closes the user's sockets of those sessions.
    pub fn close(&self, user: UserId, sessions: impl Fn(&str) -> bool, reason: CloseReason) {
        if let Some(stream) = self.lock().get_mut(&user) {
            stream.close(|socket| sessions(&socket.session), reason);
        }
    }

    /// Closes every socket: the server stops.
    pub fn close_all(&self, reason: CloseReason) {
        for stream in self.lock().values_mut() {
            stream.close(|_| true, reason);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, Stream>> {
        self.0.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream {
    fn keep(&mut self, json: Arc<str>) {
        self.bytes += json.len();
        self.buffer.push_back((self.n, json));
        while self.buffer.len() > BUFFER_FRAMES || self.bytes > BUFFER_BYTES {
            match self.buffer.pop_front() {
                Some((_, oldest)) => self.bytes -= oldest.len(),
                None => break,
            }
        }
    }

    /// What came after event `n`; none if some of it is no longer here, or `n` has not been yet.
    fn after(&self, n: u64) -> Option<Vec<Arc<str>>> {
        let missing = self.n.checked_sub(n)?;
        let missing = usize::try_from(missing).ok()?;
        let skip = self.buffer.len().checked_sub(missing)?;
        Some(self.buffer.iter().skip(skip).map(|(_, json)| Arc::clone(json)).collect())
    }

    fn close(&mut self, which: impl Fn(&Socket) -> bool, reason: CloseReason) {
        self.sockets.retain(|socket| {
            let close = which(socket);
            if close {
                // A full queue closes by itself: its socket is dropped here in either case.
                socket.frames.try_send(Outgoing::Close(reason)).ok();
            }
            !close
        });
    }
}
