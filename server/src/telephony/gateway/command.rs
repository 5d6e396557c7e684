//! What the handle asks of the worker.

use std::net::SocketAddr;
use std::sync::Arc;

use domain::ids::{InteractionId, PressId, QueueId, UserId};
use domain::telephony::Key;
use media::{Codec, Music};
use mio::Waker;
use tokio::sync::oneshot;

use super::peer::Leg;
use super::{GatewayError, KeyTypes, LegReport, Route};

pub(super) enum Command {
    Attach { agent: UserId, leg: Box<Leg>, reply: oneshot::Sender<u64> },
    Restart { agent: UserId, offer: String, reply: oneshot::Sender<Result<String, GatewayError>> },
    Detach { agent: UserId },
    Open { call: InteractionId, reply: oneshot::Sender<Result<u16, GatewayError>> },
    Aim { call: InteractionId, remote: SocketAddr, codec: Codec, keys: KeyTypes },
    Pause { call: InteractionId },
    Doubt { call: InteractionId, doubted: bool },
    Press { call: InteractionId, press: PressId, keys: Vec<Key>, reply: oneshot::Sender<Result<(), GatewayError>> },
    Route { call: InteractionId, route: Route },
    Music { queue: Option<QueueId>, music: Option<Arc<Music>> },
    Close { call: InteractionId, reply: oneshot::Sender<Option<LegReport>> },
    Shutdown { reply: oneshot::Sender<()> },
}

/// The way into the worker: a queue, and a bell that ends its wait for packets.
#[derive(Clone)]
pub(super) struct Mailbox {
    queue: std::sync::mpsc::Sender<Command>,
    bell: Arc<Bell>,
}

/// Rings once more when the last handle is gone, so that the worker sees the empty queue and ends.
struct Bell(Waker);

impl Drop for Bell {
    fn drop(&mut self) {
        // Fails only where the worker's poll is gone already.
        let _ = self.0.wake();
    }
}

impl Mailbox {
    pub(super) fn new(queue: std::sync::mpsc::Sender<Command>, waker: Waker) -> Self {
        Self { queue, bell: Arc::new(Bell(waker)) }
    }

    /// A command to a worker that has stopped is dropped, and with it its reply.
    pub(super) fn send(&self, command: Command) {
        if self.queue.send(command).is_ok() {
            let _ = self.bell.0.wake();
        }
    }
}
