//! One tab's WebSocket.
//!
//! ```text
//!  upgrade ──► waiting for Hello (10 s) ──► live: frames out, Pong in ──► gone
//!                    │ bad frame                │ 9 s without a sign, too slow, signed out, stopping
//!                    └──────────────────────────┴──────────────────────────► closed, says why
//! ```

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use domain::ids::ClientId;
use tokio_util::sync::CancellationToken;
use wire::events::{ClientFrame, CloseReason, ServerFrame};
use wire::session::Actor;

use super::hub::{Attached, Backlog, Hub, Outgoing};
use super::{DeskSource, LEASE, PING_EVERY};
use crate::clock::Clock;

/// A tab says hello within this time or is closed.
const HELLO_WITHIN: Duration = Duration::from_secs(10);
/// A frame of a tab is a few bytes; one of this size is an attack.
const MAX_FRAME: usize = 64 * 1024;
/// More frames a second than this from one tab are an attack.
const MAX_FRAMES_A_SECOND: u32 = 50;
/// A frame that does not leave within this time leaves never.
const SEND_WITHIN: Duration = Duration::from_secs(10);
/// How often a live socket extends its session.
const TOUCH_EVERY: Duration = Duration::from_mins(1);

/// What a socket needs, cheap to clone.
#[derive(Clone)]
pub struct Realtime {
    /// The streams.
    pub hub: Hub,
    /// The clock.
    pub clock: Clock,
    /// Who assembles snapshots and minds leases.
    pub source: Arc<dyn DeskSource>,
    /// The server stops.
    pub stop: CancellationToken,
}

/// Turns a request whose session and Origin have been checked into a tab's socket.
pub fn upgrade(realtime: Realtime, actor: Actor, request: WebSocketUpgrade) -> Response {
    // axum's own buffers are 128 KiB a connection; a tab's frames are small (measured: 137 KiB against 8.7 KiB).
    request
        .read_buffer_size(4096)
        .write_buffer_size(0)
        .max_message_size(MAX_FRAME)
        .max_frame_size(MAX_FRAME)
        .on_upgrade(move |socket| async move { Tab { realtime, actor, socket }.serve().await })
}

struct Tab {
    realtime: Realtime,
    actor: Actor,
    socket: WebSocket,
}

/// Why a tab's socket ended.
enum End {
    /// The tab went away.
    Gone,
    /// We close it, saying why.
    Close(CloseReason),
}

impl Tab {
    async fn serve(mut self) {
        let clock = self.realtime.clock.clone();
        let hello = tokio::select! {
            hello = self.hello() => hello,
            () = clock.sleep(HELLO_WITHIN) => Err(End::Close(CloseReason::BadFrame)),
        };
        let end = match hello {
            Ok((client, attached)) => self.live(client, attached).await,
            Err(end) => end,
        };
        if let End::Close(reason) = end {
            drop(self.send(&ServerFrame::Close { reason }).await);
            drop(self.socket.send(Message::Close(None)).await);
        }
    }

    async fn hello(&mut self) -> Result<(ClientId, Attached), End> {
        match self.read().await? {
            ClientFrame::Hello { client, resume } => {
                let Actor { user, session, .. } = self.actor.clone();
                Ok((client, self.realtime.hub.attach(user, client, session, resume.as_ref())))
            }
            ClientFrame::Pong => Err(End::Close(CloseReason::BadFrame)),
        }
    }

    async fn live(&mut self, client: ClientId, attached: Attached) -> End {
        let Attached { number, frames, backlog } = attached;
        let user = self.actor.user;
        self.realtime.source.look_at_desk(user, client).await;
        let mut heard = self.realtime.clock.instant();
        let end = self.exchange(frames, backlog, &mut heard).await;
        self.realtime.hub.detach(user, number);
        self.lease(client, heard + LEASE);
        end
    }

    /// `heard` is left at the tab's last sign of life.
    async fn exchange(
        &mut self,
        mut frames: tokio::sync::mpsc::Receiver<Outgoing>,
        backlog: Backlog,
        heard: &mut Instant,
    ) -> End {
        if let Err(end) = self.greet(backlog).await {
            return end;
        }
        let clock = self.realtime.clock.clone();
        let stop = self.realtime.stop.clone();
        *heard = clock.instant();
        let mut ping_at = *heard + PING_EVERY;
        let mut touch_at = *heard + TOUCH_EVERY;
        let mut rate = Rate { since: *heard, frames: 0 };
        loop {
            let now = clock.instant();
            if now.saturating_duration_since(*heard) >= LEASE {
                return End::Gone;
            }
            if now >= touch_at {
                touch_at = now + TOUCH_EVERY;
                if !self.realtime.source.still_signed_in(&self.actor).await {
                    return End::Close(CloseReason::SignedOut);
                }
            }
            if now >= ping_at {
                ping_at = now + PING_EVERY;
                if let Err(end) = self.send(&ServerFrame::Ping { now: clock.now() }).await {
                    return end;
                }
            }
            let outcome = tokio::select! {
                () = stop.cancelled() => Err(End::Close(CloseReason::Stopping)),
                out = frames.recv() => match out {
                    Some(Outgoing::Frame(json)) => self.send_json(&json).await,
                    Some(Outgoing::Close(reason)) => Err(End::Close(reason)),
                    // The hub dropped us: the queue was full.
                    None => Err(End::Close(CloseReason::TooSlow)),
                },
                read = self.read() => match read {
                    Ok(ClientFrame::Pong) => {
                        *heard = clock.instant();
                        if rate.allows(*heard) { Ok(()) } else { Err(End::Close(CloseReason::BadFrame)) }
                    }
                    Ok(ClientFrame::Hello { .. }) => Err(End::Close(CloseReason::BadFrame)),
                    Err(end) => Err(end),
                },
                () = clock.sleep_until(ping_at) => Ok(()),
            };
            if let Err(end) = outcome {
                return end;
            }
        }
    }

    async fn greet(&mut self, backlog: Backlog) -> Result<(), End> {
        let resumed = matches!(backlog, Backlog::Replay(_));
        let epoch = self.realtime.hub.epoch().to_owned();
        let now = self.realtime.clock.now();
        self.send(&ServerFrame::Hello { epoch, now, resumed }).await?;
        match backlog {
            Backlog::Replay(missed) => {
                for json in missed {
                    self.send_json(&json).await?;
                }
                Ok(())
            }
            Backlog::Snapshot { n } => match self.realtime.source.desk(self.actor.user).await {
                Ok(desk) => self.send(&ServerFrame::Snapshot { n, desk: Box::new(desk) }).await,
                Err(error) => {
                    tracing::warn!(user = %self.actor.user, %error, "a desk could not be assembled; its tab comes back");
                    Err(End::Close(CloseReason::Stopping))
                }
            },
        }
    }

    /// The desk stays live for its lease, counted from its last sign of life, so that a cut of some seconds takes
    /// nothing from the agent and a dead one is noticed in time.
    fn lease(&self, client: ClientId, until: Instant) {
        let Realtime { hub, clock, source, stop } = self.realtime.clone();
        let user = self.actor.user;
        tokio::spawn(async move {
            tokio::select! {
                () = clock.sleep_until(until) => {}
                () = stop.cancelled() => return,
            }
            if !hub.has_socket(user, client) {
                source.look_at_desk(user, client).await;
            }
        });
    }

    async fn read(&mut self) -> Result<ClientFrame, End> {
        loop {
            match self.socket.recv().await {
                Some(Ok(Message::Text(text))) => {
                    return serde_json::from_str(&text).map_err(|_| End::Close(CloseReason::BadFrame));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Binary(_))) => return Err(End::Close(CloseReason::BadFrame)),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(End::Gone),
            }
        }
    }

    async fn send(&mut self, frame: &ServerFrame) -> Result<(), End> {
        match serde_json::to_string(frame) {
            Ok(json) => self.send_json(&json).await,
            Err(_) => Err(End::Close(CloseReason::Stopping)),
        }
    }

    async fn send_json(&mut self, json: &str) -> Result<(), End> {
        let clock = self.realtime.clock.clone();
        tokio::select! {
            sent = self.socket.send(Message::Text(json.into())) => sent.map_err(|_| End::Gone),
            () = clock.sleep(SEND_WITHIN) => Err(End::Gone),
        }
    }
}

/// Frames of the running second.
struct Rate {
    since: Instant,
    frames: u32,
}

impl Rate {
    fn allows(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.since) >= Duration::from_secs(1) {
            *self = Self { since: now, frames: 0 };
        }
        self.frames += 1;
        self.frames <= MAX_FRAMES_A_SECOND
    }
}
