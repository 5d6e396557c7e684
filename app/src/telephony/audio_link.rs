//! The one audio connection of a softphone login (DESIGN: kept warm between calls, so that answering starts no
//! ICE and no DTLS). It mends itself; the customer's leg lives in the server and does not notice.
//!
//! ```text
//!   Off ── softphone held here, line up ──► Connecting ──► Up
//!    ▲                                        ▲  │          │
//!    └───── logged out, held elsewhere        └──┴─ failed ─┘
//! ```
//!
//! The gateway sends something at least once a second, always: a probe that sees nothing come knows that the connection is
//! dead long before the browser does, and makes it anew. So does a network that comes back, and a server that hears nothing.

use domain::ids::ClientId;
use gloo_timers::callback::{Interval, Timeout};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    HtmlAudioElement, MediaStreamTrack, RtcConfiguration, RtcIceServer, RtcPeerConnection, RtcPeerConnectionState,
    RtcRtpSender, RtcRtpTransceiver, RtcRtpTransceiverDirection, RtcRtpTransceiverInit, RtcSdpType,
    RtcSessionDescriptionInit, RtcTrackEvent,
};
use wire::events::Media;

use super::devices::{Use, speak_through};
use super::microphone::{Microphone, stream_of};
use crate::shell::Stores;

/// How long a connection may be silent on its way before it is made anew, in milliseconds: ICE often mends itself.
const PATIENCE_MS: u32 = 3_000;

/// How long the server may hear nothing from a call's open microphone before the connection is made anew, in milliseconds.
const PATIENCE_IN_CALL_MS: u32 = 1_000;

/// How often the probe looks, in milliseconds.
const PROBE_MS: u32 = 500;

/// After how many looks in a row at which nothing had come the connection is dead: within 3 s.
const DEAD_AFTER: u32 = 5;

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
    microphone: Microphone,
    client: ClientId,
}

/// What the probe saw of the connection.
#[derive(Clone, Copy, Default)]
struct Pulse {
    /// Packets that had come.
    received: f64,
    /// Looks since the last one came.
    silent: u32,
}

/// A connection and what keeps its callbacks alive.
struct Peer {
    connection: RtcPeerConnection,
    sender: RtcRtpSender,
    _on_track: Closure<dyn FnMut(RtcTrackEvent)>,
    _on_state: Closure<dyn FnMut()>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.connection.set_ontrack(None);
        self.connection.set_onconnectionstatechange(None);
        self.connection.close();
    }
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
                        self.connect(stores);
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
                self.connect(stores);
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

    fn connect(self, stores: Stores) {
        self.peer.set_value(None);
        self.pulse.set_value(Pulse::default());
        self.state.set(Link::Connecting);
        let attempt = self.attempt.get_value().wrapping_add(1);
        self.attempt.set_value(attempt);
        spawn_local(async move {
            let failed = self.negotiate(stores).await.is_none();
            if failed && self.attempt.get_value() == attempt && self.state.get_untracked() == Link::Connecting {
                self.broke();
            }
        });
    }

    /// Looks whether anything has come since the last look.
    fn probe(self, stores: Stores) {
        if self.state.get_untracked() != Link::Up {
            return;
        }
        let Some(connection) = self.peer.with_value(|peer| peer.as_ref().map(|peer| peer.connection.clone())) else {
            return;
        };
        spawn_local(async move {
            let Some(received) = packets_received(&connection).await else { return };
            if !self.is_current(&connection) || self.state.get_untracked() != Link::Up {
                return;
            }
            let before = self.pulse.get_value();
            let silent = if received > before.received { 0 } else { before.silent + 1 };
            self.pulse.set_value(Pulse { received, silent });
            if silent >= DEAD_AFTER {
                self.connect(stores);
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

    /// Offer, answer (RFC 8829). The gateway is ICE-lite and is found by its own candidates: nothing is gathered first.
    async fn negotiate(self, stores: Stores) -> Option<()> {
        let relays = stores.heard(wire::relays::relays().await).ok()?;
        let connection = RtcPeerConnection::new_with_configuration(&configuration(&relays)).ok()?;
        let direction = RtcRtpTransceiverInit::new();
        direction.set_direction(RtcRtpTransceiverDirection::Sendrecv);
        let transceiver = connection.add_transceiver_with_str_and_init("audio", &direction);
        prefer_pcmu(&transceiver);
        let sender = transceiver.sender();
        send(&sender, self.microphone.track_untracked().as_ref());
        let on_track = Closure::<dyn FnMut(RtcTrackEvent)>::new(move |event: RtcTrackEvent| self.play(&event.track()));
        connection.set_ontrack(Some(on_track.as_ref().unchecked_ref()));
        let watched = connection.clone();
        let on_state = Closure::<dyn FnMut()>::new(move || self.changed(&watched));
        connection.set_onconnectionstatechange(Some(on_state.as_ref().unchecked_ref()));
        self.peer.set_value(Some(Peer {
            connection: connection.clone(),
            sender,
            _on_track: on_track,
            _on_state: on_state,
        }));

        let offer = JsFuture::from(connection.create_offer()).await.ok()?;
        let offer: RtcSessionDescriptionInit = offer.unchecked_into();
        JsFuture::from(connection.set_local_description(&offer)).await.ok()?;
        let sdp = connection.local_description()?.sdp();
        let answer = stores.heard(wire::telephony::connect_audio(self.client, sdp).await).ok()?;
        let description = RtcSessionDescriptionInit::new(RtcSdpType::Answer);
        description.set_sdp(&answer);
        JsFuture::from(connection.set_remote_description(&description)).await.ok()?;
        Some(())
    }

    fn changed(self, connection: &RtcPeerConnection) {
        match connection.connection_state() {
            RtcPeerConnectionState::Connected => self.state.set(Link::Up),
            RtcPeerConnectionState::Failed | RtcPeerConnectionState::Closed => self.broken(connection),
            RtcPeerConnectionState::Disconnected => {
                let connection = connection.clone();
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

/// With the relays, for a browser whose network lets no UDP through; the shorter way wins where there is one.
fn configuration(relays: &[wire::relays::Relay]) -> RtcConfiguration {
    let servers = js_sys::Array::new();
    for relay in relays {
        let server = RtcIceServer::new();
        server.set_urls(&relay.urls.iter().map(JsValue::from).collect::<js_sys::Array>());
        server.set_username(&relay.username);
        server.set_credential(&relay.credential);
        servers.push(&server);
    }
    let configuration = RtcConfiguration::new();
    configuration.set_ice_servers(&servers);
    configuration
}

/// How many packets of sound have come over this connection (W3C webrtc-stats, `inbound-rtp`).
async fn packets_received(connection: &RtcPeerConnection) -> Option<f64> {
    let report = JsFuture::from(connection.get_stats()).await.ok()?;
    let values: js_sys::Function = js_sys::Reflect::get(&report, &"values".into()).ok()?.dyn_into().ok()?;
    let stats = js_sys::try_iter(&values.call0(&report).ok()?).ok()??;
    let field = |stat: &JsValue, name: &str| js_sys::Reflect::get(stat, &name.into()).unwrap_or_default();
    let inbound = stats.flatten().filter(|stat| field(stat, "type").as_string().as_deref() == Some("inbound-rtp"));
    Some(inbound.filter_map(|stat| field(&stat, "packetsReceived").as_f64()).sum())
}

fn is_refusal(error: &JsValue) -> bool {
    error.dyn_ref::<web_sys::DomException>().is_some_and(|error| error.name() == "NotAllowedError")
}

fn send(sender: &RtcRtpSender, track: Option<&MediaStreamTrack>) {
    let replaced = sender.replace_track(track);
    spawn_local(async move {
        // Fails only for a connection that is closed by now, which no longer matters.
        drop(JsFuture::from(replaced).await);
    });
}

/// PCMU alone, with telephone-event for keypad tones: what the trunks speak, so that nothing is transcoded.
fn prefer_pcmu(transceiver: &RtcRtpTransceiver) {
    let Some(all) = web_sys::RtcRtpReceiver::get_capabilities("audio") else { return };
    let wanted = js_sys::Array::new();
    for codec in all.get_codecs() {
        let field = |name: &str| js_sys::Reflect::get(&codec, &name.into()).unwrap_or_default();
        let mime = field("mimeType").as_string().unwrap_or_default().to_ascii_lowercase();
        let at_8_khz = field("clockRate").as_f64() == Some(8_000.0);
        if mime == "audio/pcmu" || (mime == "audio/telephone-event" && at_8_khz) {
            wanted.push(&codec);
        }
    }
    if wanted.length() > 0 {
        // A browser without this method keeps its order; the gateway's answer still picks PCMU.
        if let Ok(prefer) = js_sys::Reflect::get(transceiver, &"setCodecPreferences".into())
            && let Some(prefer) = prefer.dyn_ref::<js_sys::Function>()
        {
            drop(prefer.call1(transceiver, &wanted));
        }
    }
}
