//! The log of calls: every line in order, written behind the calls' backs so that no audio ever waits for a disk.
//!
//! One writer takes all lines that have come up and writes them as one unit of work. While the database is away the
//! lines wait in memory and the calls go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::ids::{InteractionId, UserId};
use domain::telephony::{CallEvent, Numbered, Outcome};
use domain::time::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::store::{self, Began, Ended, Line};
use crate::clock::Clock;
use crate::db::{Db, DbError};

/// How many lines share one unit of work at most.
const MOST_TOGETHER: usize = 256;
/// How long to wait before a failed write is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// A handle to the writer. Clones write into the same log; it ends, with all lines written, when the last is gone.
#[derive(Clone, Debug)]
pub struct CallLog {
    lines: mpsc::UnboundedSender<Message>,
    waiting: Arc<AtomicUsize>,
}

#[derive(Debug)]
enum Message {
    Line(Line),
    Flush(oneshot::Sender<()>),
}

impl CallLog {
    /// The log and its writer, to be run as a task. `written` is called after each unit of work that changed what a
    /// list of calls shows, with the calls that did.
    pub fn new(
        db: Db,
        clock: Clock,
        written: impl Fn(&[InteractionId]) + Send + 'static,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (lines, queue) = mpsc::unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let writer = write_all(db, clock, queue, Arc::clone(&waiting), written);
        (Self { lines, waiting }, writer)
    }

    /// Writes a line after those that came before.
    pub(super) fn write(&self, line: Line) {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        // Fails only where the writer's task was dropped with the runtime: then nothing can be written any more.
        let _ = self.lines.send(Message::Line(line));
    }

    /// How many lines are not on disk yet.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Acquire)
    }

    /// Returns when everything that came before is on disk.
    pub async fn flush(&self) {
        let (done, when) = oneshot::channel();
        if self.lines.send(Message::Flush(done)).is_ok() {
            let _ = when.await;
        }
    }
}

/// The one whom a line is about.
pub(super) fn agent_of(event: &CallEvent) -> Option<UserId> {
    match event {
        CallEvent::Offered { agent, .. }
        | CallEvent::Called { agent, .. }
        | CallEvent::Declined { agent }
        | CallEvent::Missed { agent }
        | CallEvent::OfferLost { agent }
        | CallEvent::Dialled { agent }
        | CallEvent::Connected { agent }
        | CallEvent::Held { agent }
        | CallEvent::Resumed { agent }
        | CallEvent::AgentLost { agent }
        | CallEvent::AgentBack { agent }
        | CallEvent::AgentNotBack { agent } => Some(*agent),
        CallEvent::Started { .. }
        | CallEvent::Queued { .. }
        | CallEvent::MusicStarted
        | CallEvent::FarEndRinging
        | CallEvent::EarlyMedia
        | CallEvent::Ended { .. } => None,
    }
}

/// Closes what a killed server left open, and says how many calls that were.
pub(super) async fn recover(db: &Db, now: Timestamp) -> Result<usize, DbError> {
    let open = store::open(db).await?;
    let lines: Vec<Line> = open
        .iter()
        .flat_map(|call| {
            let event = CallEvent::Ended { outcome: Outcome::Lost };
            let ended = Ended {
                call: call.call,
                at: now,
                outcome: Outcome::Lost,
                sip_reason: None,
                waited_ms: None,
                // When it really ended nobody knows.
                talked_ms: None,
            };
            [
                Line::Event { call: call.call, event: Numbered { n: call.last + 1, at: now, event }, agent: None },
                Line::Ended(Box::new(ended)),
            ]
        })
        .collect();
    write_together(db, lines).await?;
    Ok(open.len())
}

async fn write_all(
    db: Db,
    clock: Clock,
    mut queue: mpsc::UnboundedReceiver<Message>,
    count: Arc<AtomicUsize>,
    written: impl Fn(&[InteractionId]) + Send,
) {
    let mut messages = Vec::new();
    while queue.recv_many(&mut messages, MOST_TOGETHER).await > 0 {
        let mut lines = Vec::new();
        let mut waiting = Vec::new();
        for message in messages.drain(..) {
            match message {
                Message::Line(line) => lines.push(line),
                Message::Flush(done) => waiting.push(done),
            }
        }
        let shown: Vec<InteractionId> = lines.iter().filter_map(Line::shown).collect();
        let taken = lines.len();
        write_until_done(&db, &clock, lines).await;
        count.fetch_sub(taken, Ordering::AcqRel);
        if !shown.is_empty() {
            written(&shown);
        }
        for done in waiting {
            let _ = done.send(());
        }
    }
}

async fn write_until_done(db: &Db, clock: &Clock, lines: Vec<Line>) {
    let mut complained = false;
    loop {
        match write_together(db, lines.clone()).await {
            Ok(()) => return,
            Err(error) if error.may_pass() => {
                if !complained {
                    tracing::error!(%error, lines = lines.len(), "the call log cannot be written now; calls go on, the lines wait");
                    complained = true;
                }
                clock.sleep(RETRY).await;
            }
            // One line that will never be taken must not take the others with it.
            Err(_) if lines.len() > 1 => {
                for line in lines {
                    Box::pin(write_until_done(db, clock, vec![line])).await;
                }
                return;
            }
            Err(error) => {
                tracing::error!(%error, "a line of the call log was refused for good and is lost");
                return;
            }
        }
    }
}

async fn write_together(db: &Db, lines: Vec<Line>) -> Result<(), DbError> {
    if lines.is_empty() {
        return Ok(());
    }
    db.write(move |tx| {
        Box::pin(async move {
            for line in &lines {
                store::write(tx, line).await?;
            }
            Ok(())
        })
    })
    .await
}

/// The row of a call that begins.
pub(super) fn began(began: Began) -> Line {
    Line::Began(Box::new(began))
}
