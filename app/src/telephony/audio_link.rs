//! The one audio connection of a softphone login (DESIGN: kept warm between calls, so that answering starts no
//! ICE and no DTLS). It mends itself; the customer's leg lives in the server and does not notice.
//!
//! ```text
//!   Off ── softphone held here, line up ──► Connecting ──► Up
//!    ▲                                        ▲  │          │
//!    └───── logged out, held elsewhere        └──┴─ failed ─┘
//! ```
//!
//! A probe each half second knows that the connection is dead, in either direction, long before the browser does
//! (`model/pulse`). So does a network that comes back, and a server that hears nothing. Between calls the connection is then
//! made anew. In a call it first looks for its ways anew (ICE restart), by which both streams go on as they are; where that
//! does not help in time, it is made anew, too.

mod peer;

use domain::ids::ClientId;
use gloo_timers::callback::{Interval, Timeout};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;
use web_sys::{HtmlAudioElement, MediaStreamTrack, RtcPeerConnection, RtcPeerConnectionState};
use wire::events::Media;

use self::peer::{Peer, answered, is_refusal, offer, packets_received, send};
use super::devices::{Use, speak_through};
use super::microphone::{Microphone, stream_of};
use super::model::pulse::Pulse;
use crate::platform::clock::page_ms;
use crate::shell::Stores;

/// How long a connection may be silent on its way before it is made anew, in milliseconds: ICE often mends itself.
const PATIENCE_MS: u32 = 3_000;

/// How long the server may hear nothing from a call's open microphone before the connection is made anew, in milliseconds.
const PATIENCE_IN_CALL_MS: u32 = 1_000;

/// How often the probe looks, in milliseconds.
const PROBE_MS: u32 = 500;

/// How long a connection in a call may look for its ways anew before it is made anew, in milliseconds.
const RESTART_WITHIN_MS: u32 = 2_000;

/// Waits between two tries, in milliseconds.
const RETRY_MS: u32 = 1_000;

/// How long a release of the microphone waits, in milliseconds: 待機 chosen again at once keeps it open.
const LINGER_MS: u32 = 100;

/// The audio connection, as this tab sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Link {
    /// None is wanted.
    Off,
    /// Being made.
    Connecting,
    /// Audio can flow.
    Up,
    /// It broke, and is made anew in a moment.
    Failed,
}

/// The audio connection of this tab.
#[derive(Clone, Copy)]
pub(crate) struct AudioLink {
    state: RwSignal<Link>,
    /// Whether the browser refuses to play without a press.
    muted_by_browser: RwSignal<bool>,
    peer: StoredValue<Option<Peer>, LocalStorage>,
    speaker: StoredValue<Option<HtmlAudioElement>, LocalStorage>,
    pulse: StoredValue<Pulse>,
    /// Which try to connect is the newest: an older one that fails has nothing to say.
    attempt: StoredValue<u32>,
    /// The connection is looking for its ways anew.
    restarting: StoredValue<bool>,
    microphone: Microphone,
    client: ClientId,
}

impl AudioLink {
    /// Nothing is connected.
    pub(crate) fn new(client: ClientId, microphone: Microphone) -> Self {
        Self {
            state: RwSignal::new(Link::Off),
            muted_by_browser: RwSignal::new(false),
            peer: StoredValue::new_local(None),
            speaker: StoredValue::new_local(None),
            pulse: StoredValue::new(Pulse::default()),
            attempt: StoredValue::new(0),
            restarting: StoredValue::new(false),
            microphone,
            client,
        }
    }

    /// The state now.
    pub(crate) fn state(self) -> Link {
        self.state.get()
    }

    /// Whether the browser wants a press before it plays sound.
    pub(crate) fn needs_press(self) -> bool {
        self.muted_by_browser.get()
    }

    /// Plays what comes in through this element; it lives in the page as long as the desk.
    pub(crate) fn speak_through(self, element: HtmlAudioElement) {
        self.speaker.set_value(Some(element));
    }

    /// Starts the sound: called from a press, after which browsers let the page play.
    pub(crate) fn unlock(self) {
        let playing = self.speaker.with_value(|speaker| speaker.as_ref().map(|speaker| speaker.play()));
        let Some(Ok(playing)) = playing else { return };
        spawn_local(async move {
            // Without a source `play` waits: only a refusal is news.
            let refused = JsFuture::from(playing).await.is_err_and(|error| is_refusal(&error));
            self.muted_by_browser.set(refused);
        });
    }

    /// Keeps the connection and the microphone as the softphone needs them. Called once, where the desk is mounted.
    pub(crate) fn keep(self, stores: Stores) {
        let telephony = stores.telephony;
        Effect::new(move || {
            let wanted = telephony.held_here.get();
            let online = stores.line.is_up();
            match (wanted, self.state.get()) {
                (false, Link::Off) | (true, Link::Connecting | Link::Up) => {}
                (false, Link::Connecting | Link::Up | Link::Failed) => self.hang_up(),
                (true, Link::Off) if online => self.connect(stores),
                (true, Link::Off) => {}
                (true, Link::Failed) => {
                    if online {
                        Timeout::new(RETRY_MS, move || {
                            if self.state.get_untracked() == Link::Failed {
                                self.connect(stores);
                            }
                        })
                        .forget();
                    }
                }
            }
        });
        // The server lost the connection that this tab believes in: it knows better. In a call it hears no microphone where
        // there is none; a new connection would not change that.
        Effect::new(move || {
            if self.state.get() == Link::Up && telephony.held_here.get() && telephony.media.get() == Media::Down {
                let in_call = telephony.in_call.get_untracked();
                Timeout::new(if in_call { PATIENCE_IN_CALL_MS } else { PATIENCE_MS }, move || {
                    let is_mute = in_call && self.microphone.track_untracked().is_none();
                    if self.state.get_untracked() == Link::Up
                        && telephony.media.get_untracked() == Media::Down
                        && !is_mute
                    {
                        self.heal(stores);
                    }
                })
                .forget();
            }
        });
        Effect::new(move || {
            let id = stores.devices.in_use(Use::Speaker);
            self.speaker.with_value(|speaker| {
                if let Some(speaker) = speaker {
                    speak_through(speaker.as_ref(), &id);
                }
            });
        });
        // Another microphone was chosen, or the chosen one is back.
        Effect::new(move || {
            let _ = stores.devices.in_use(Use::Microphone);
            // One that was being opened meanwhile, too.
            if self.microphone.is_open() && self.microphone.is_from_elsewhere() {
                spawn_local(async move { self.microphone.change_over().await });
            }
        });
        Interval::new(PROBE_MS, move || self.probe(stores)).forget();
        // After a change of network the old ways are dead, whatever they look like.
        let online = window_event_listener(leptos::ev::online, move |_| {
            if self.state.get_untracked() != Link::Off {
                self.heal(stores);
            }
        });
        on_cleanup(move || online.remove());
        Effect::new(move || {
            if telephony.wants_microphone.get() || stores.checking_microphone.get() {
                spawn_local(async move {
                    // The reason stays with the microphone, where the bar reads it.
                    let _ = self.microphone.open().await;
                    // Granted too late: it was wanted when it was asked for.
                    if !telephony.wants_microphone.get_untracked() && !stores.checking_microphone.get_untracked() {
                        self.microphone.close();
                    }
                });
            } else {
                Timeout::new(LINGER_MS, move || {
                    if !telephony.wants_microphone.get_untracked() && !stores.checking_microphone.get_untracked() {
                        self.microphone.close();
                    }
                })
                .forget();
            }
        });
        Effect::new(move || {
            let track = self.microphone.track();
            // Read so that a new connection gets the track that is already open.
            let _ = self.state.get();
            self.peer.with_value(|peer| {
                if let Some(peer) = peer {
                    send(&peer.sender, track.as_ref());
                }
            });
        });
    }

    /// つなぎ直す: makes the connection anew.
    pub(crate) fn mend(self, stores: Stores) {
        self.connect(stores);
    }

    /// The connection does not carry, or may not.
    fn heal(self, stores: Stores) {
        let connection = self.peer.with_value(|peer| peer.as_ref().map(|peer| peer.connection.clone()));
        match connection {
            // Its time decides.
            Some(_) if self.restarting.get_value() => {}
            Some(connection) if self.state.get_untracked() == Link::Up && stores.telephony.in_call.get_untracked() => {
                self.restart(stores, connection);
            }
            Some(_) | None => self.connect(stores),
        }
    }

    /// Lets the connection of a call look for its ways anew; where voice does not flow in time, it is made anew.
    fn restart(self, stores: Stores, connection: RtcPeerConnection) {
        self.restarting.set_value(true);
        self.pulse.set_value(Pulse::default());
        let restarted = connection.clone();
        spawn_local(async move {
            let asked = async {
                let offer = offer(&restarted, true).await?;
                let answer = stores.heard(wire::telephony::restart_audio(self.client, offer).await).ok()?;
                answered(&restarted, &answer).await
            };
            if asked.await.is_none() && self.is_current(&restarted) {
                self.connect(stores);
            }
        });
        Timeout::new(RESTART_WITHIN_MS, move || {
            if !self.is_current(&connection) {
                return;
            }
            self.restarting.set_value(false);
            let is_heard =
                stores.telephony.media.get_untracked() == Media::Up || self.microphone.track_untracked().is_none();
            if !is_heard || !self.pulse.get_value().beats() {
                self.connect(stores);
            }
        })
        .forget();
    }

    fn connect(self, stores: Stores) {
        self.peer.set_value(None);
        self.pulse.set_value(Pulse::default());
        self.restarting.set_value(false);
        self.state.set(Link::Connecting);
        let attempt = self.attempt.get_value().wrapping_add(1);
        self.attempt.set_value(attempt);
        spawn_local(async move {
            let failed = self.negotiate(stores, attempt).await.is_none();
            if failed && self.attempt.get_value() == attempt && self.state.get_untracked() == Link::Connecting {
                self.broke();
            }
        });
    }

    /// Looks whether the connection lives.
    fn probe(self, stores: Stores) {
        if self.state.get_untracked() != Link::Up {
            return;
        }
        let probing = !stores.telephony.in_call.get_untracked();
        let connection = self.peer.with_value(|peer| {
            let peer = peer.as_ref()?;
            if probing {
                peer.probe();
            }
            Some(peer.connection.clone())
        });
        let Some(connection) = connection else { return };
        spawn_local(async move {
            let Some(received) = packets_received(&connection).await else { return };
            if !self.is_current(&connection) || self.state.get_untracked() != Link::Up {
                return;
            }
            let mut pulse = self.pulse.get_value();
            let dead = pulse.on_look(page_ms(), received, probing);
            self.pulse.set_value(pulse);
            if dead {
                self.heal(stores);
            }
        });
    }

    fn is_current(self, connection: &RtcPeerConnection) -> bool {
        self.peer.with_value(|peer| peer.as_ref().is_some_and(|peer| peer.connection == *connection))
    }

    fn hang_up(self) {
        self.peer.set_value(None);
        self.state.set(Link::Off);
    }

    fn broke(self) {
        self.peer.set_value(None);
        self.state.set(Link::Failed);
    }

    /// Offer, answer (RFC 8829). A try that is no longer the newest asks the server for nothing: whose offer came last
    /// would take the place of the one that this tab listens to.
    async fn negotiate(self, stores: Stores, attempt: u32) -> Option<()> {
        let newest = || (self.attempt.get_value() == attempt).then_some(());
        let relays = stores.heard(wire::relays::relays().await).ok()?;
        newest()?;
        let track = self.microphone.track_untracked();
        let peer = Peer::new(
            &relays,
            track.as_ref(),
            move |event| self.play(&event.track()),
            move || self.changed(stores),
            move || self.pulse.update_value(|pulse| pulse.on_echo(page_ms())),
        )?;
        let connection = peer.connection.clone();
        self.peer.set_value(Some(peer));
        let offer = offer(&connection, false).await?;
        newest()?;
        let answer = stores.heard(wire::telephony::connect_audio(self.client, offer).await).ok()?;
        newest()?;
        answered(&connection, &answer).await
    }

    /// Another state of the connection: callbacks of former ones are taken off when they go.
    fn changed(self, stores: Stores) {
        let connection = self.peer.with_value(|peer| peer.as_ref().map(|peer| peer.connection.clone()));
        let Some(connection) = connection else { return };
        let restarts = self.state.get_untracked() == Link::Up && stores.telephony.in_call.get_untracked();
        match connection.connection_state() {
            RtcPeerConnectionState::Connected => self.state.set(Link::Up),
            RtcPeerConnectionState::Failed | RtcPeerConnectionState::Disconnected if restarts => self.heal(stores),
            RtcPeerConnectionState::Failed | RtcPeerConnectionState::Closed => self.broken(&connection),
            RtcPeerConnectionState::Disconnected => {
                Timeout::new(PATIENCE_MS, move || {
                    if connection.connection_state() == RtcPeerConnectionState::Disconnected {
                        self.broken(&connection);
                    }
                })
                .forget();
            }
            // Of another version of the specification: on its way.
            RtcPeerConnectionState::New | RtcPeerConnectionState::Connecting | _ => {}
        }
    }

    /// This connection is gone; unless another one took its place already.
    fn broken(self, connection: &RtcPeerConnection) {
        if self.is_current(connection) {
            // Not from within its own callback: dropping the peer drops the callback.
            Timeout::new(0, move || self.broke()).forget();
        }
    }

    fn play(self, track: &MediaStreamTrack) {
        let Ok(stream) = stream_of(track) else { return };
        self.speaker.with_value(|speaker| {
            if let Some(speaker) = speaker {
                speaker.set_src_object(Some(&stream));
            }
        });
        self.unlock();
    }
}
