//! Keeps one WebSocket open as long as somebody is signed in. Decides nothing: see `model`.

use core::time::Duration;

use domain::time::Timestamp;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::future::{Either, select};
use futures::{SinkExt, StreamExt};
use gloo_net::websocket::Message;
use gloo_net::websocket::futures::WebSocket;
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::events::{ClientFrame, CloseReason, ServerFrame};

use super::dispatch;
use super::line::Line;
use super::model::{Arrival, Progress, SILENCE_MS, ServerClock, wait_before};
use crate::shell::Stores;

/// How one socket ended.
enum Ended {
    /// Nobody is signed in any more.
    Stopped,
    /// The server says that the session is over.
    SignedOut,
    /// It never opened: the server is away, or does not know the session.
    NotOpened,
    /// It opened and broke.
    Cut,
    /// The server has no place for this tab.
    TooManyTabs,
}

/// Opens the socket when somebody signs in, and closes it when they leave. Called once, where the desk is mounted.
pub(crate) fn keep_open(stores: Stores) {
    // Dropping the sender stops the task; a message makes it try at once.
    let running = StoredValue::new(None::<UnboundedSender<()>>);
    let signed_in = Memo::new(move |_| stores.session.signed_in());
    Effect::new(move || {
        let started = signed_in.get().map(|_| {
            let (sender, kicks) = unbounded();
            spawn_local(live(stores, kicks));
            sender
        });
        running.set_value(started);
    });
    let online = window_event_listener(leptos::ev::online, move |_| {
        running.with_value(|running| {
            if let Some(running) = running {
                // It cannot fail while the receiver lives, and matters no longer when it does not.
                drop(running.unbounded_send(()));
            }
        });
    });
    on_cleanup(move || online.remove());
}

async fn live(stores: Stores, mut kicks: UnboundedReceiver<()>) {
    let mut progress = Progress::default();
    let mut clock = ServerClock::default();
    let mut attempt = 0;
    stores.line.set(Line::Connecting);
    loop {
        let mut heard = false;
        match one(stores, &mut progress, &mut clock, &mut kicks, &mut heard).await {
            Ended::Stopped => break,
            Ended::SignedOut => {
                stores.session.lost();
                break;
            }
            Ended::NotOpened => {
                // The browser does not say why a handshake failed; the server function does.
                if wire::session::me().await == Err(wire::ApiError::SignedOut) {
                    stores.session.lost();
                    break;
                }
            }
            Ended::TooManyTabs => {
                stores.line.set(Line::TooManyTabs);
                return;
            }
            Ended::Cut => {}
        }
        if heard {
            attempt = 0;
        }
        stores.line.lost();
        let wait = TimeoutFuture::new(wait_before(attempt, js_sys::Math::random()));
        attempt = attempt.saturating_add(1);
        if let Either::Right((None, _)) = select(wait, kicks.next()).await {
            break;
        }
    }
    stores.line.set(Line::Off);
}

async fn one(
    stores: Stores,
    progress: &mut Progress,
    clock: &mut ServerClock,
    kicks: &mut UnboundedReceiver<()>,
    heard: &mut bool,
) -> Ended {
    let Ok(mut socket) = WebSocket::open(&address()) else { return Ended::NotOpened };
    let hello = ClientFrame::Hello { client: stores.client, resume: progress.resume() };
    match select(Box::pin(send(&mut socket, &hello)), TimeoutFuture::new(SILENCE_MS)).await {
        Either::Left((true, _)) => {}
        Either::Left((false, _)) | Either::Right(_) => return Ended::NotOpened,
    }
    loop {
        let silence = TimeoutFuture::new(SILENCE_MS);
        let frame = match select(select(socket.next(), silence), kicks.next()).await {
            Either::Left((Either::Left((Some(Ok(Message::Text(text))), _)), _)) => text,
            Either::Left((Either::Left((Some(Ok(Message::Bytes(_))), _)), _)) => continue,
            // Closed, broken, or silent for too long.
            Either::Left((Either::Left((Some(Err(_)) | None, _)) | Either::Right(_), _)) => {
                return if *heard { Ended::Cut } else { Ended::NotOpened };
            }
            Either::Right((Some(()), _)) => continue,
            Either::Right((None, _)) => return Ended::Stopped,
        };
        *heard = true;
        let Ok(frame) = serde_json::from_str::<ServerFrame>(&frame) else {
            // A frame of another version: a snapshot says the same in words that are known.
            *progress = Progress::default();
            return Ended::Cut;
        };
        match frame {
            ServerFrame::Hello { epoch, now, resumed } => {
                set_clock(stores, clock, now);
                progress.hello(epoch, resumed);
                if resumed {
                    stores.line.set(Line::Up);
                }
            }
            ServerFrame::Snapshot { n, desk } => {
                progress.snapshot(n);
                dispatch::snapshot(stores, &desk);
                stores.line.set(Line::Up);
            }
            ServerFrame::Event { n, at: _, event } => match progress.event(n) {
                Arrival::New => dispatch::event(stores, &event),
                Arrival::Again => {}
                Arrival::Gap => return Ended::Cut,
            },
            ServerFrame::Ping { now } => {
                set_clock(stores, clock, now);
                if !send(&mut socket, &ClientFrame::Pong).await {
                    return Ended::Cut;
                }
            }
            ServerFrame::Close { reason: CloseReason::SignedOut } => return Ended::SignedOut,
            ServerFrame::Close { reason: CloseReason::TooManyTabs } => return Ended::TooManyTabs,
            ServerFrame::Close { reason: CloseReason::TooSlow | CloseReason::Stopping | CloseReason::BadFrame } => {
                return Ended::Cut;
            }
        }
    }
}

/// Corrects the desk's clock where this word of the server's is a better one than those before.
fn set_clock(stores: Stores, clock: &mut ServerClock, server: Timestamp) {
    #[expect(clippy::cast_possible_truncation, reason = "whole milliseconds, below 2^53")]
    let here = Timestamp(js_sys::Date::now() as i64);
    let before = *clock;
    clock.heard(server, here);
    if *clock != before {
        stores.clock.set(clock.at(here), Duration::ZERO);
    }
}

async fn send(socket: &mut WebSocket, frame: &ClientFrame) -> bool {
    let Ok(text) = serde_json::to_string(frame) else { return false };
    socket.send(Message::Text(text)).await.is_ok()
}

/// `wss://host/ws`, or `ws:` where the page itself came by http (localhost).
fn address() -> String {
    let location = window().location();
    let secure = location.protocol().is_ok_and(|protocol| protocol == "https:");
    let host = location.host().unwrap_or_default();
    format!("{}://{host}/ws", if secure { "wss" } else { "ws" })
}
