//! One connection of the browser's WebRTC engine, and what it is asked.

use leptos::task::spawn_local;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    MediaStreamTrack, RtcConfiguration, RtcIceServer, RtcPeerConnection, RtcRtpSender, RtcRtpTransceiver,
    RtcRtpTransceiverDirection, RtcRtpTransceiverInit, RtcSdpType, RtcSessionDescriptionInit, RtcTrackEvent,
};

/// A connection and what keeps its callbacks alive.
pub(super) struct Peer {
    pub(super) connection: RtcPeerConnection,
    pub(super) sender: RtcRtpSender,
    /// The way of the probes; nothing where the browser has none.
    probes: JsValue,
    _on_track: Closure<dyn FnMut(RtcTrackEvent)>,
    _on_state: Closure<dyn FnMut()>,
    _on_echo: Closure<dyn FnMut()>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.connection.set_ontrack(None);
        self.connection.set_onconnectionstatechange(None);
        set(&self.probes, "onmessage", &JsValue::NULL);
        self.connection.close();
    }
}

impl Peer {
    /// A connection that has not been negotiated, which sends this track.
    pub(super) fn new(
        relays: &[wire::relays::Relay],
        track: Option<&MediaStreamTrack>,
        on_track: impl FnMut(RtcTrackEvent) + 'static,
        on_state: impl FnMut() + 'static,
        on_echo: impl FnMut() + 'static,
    ) -> Option<Self> {
        let connection = RtcPeerConnection::new_with_configuration(&configuration(relays)).ok()?;
        let direction = RtcRtpTransceiverInit::new();
        direction.set_direction(RtcRtpTransceiverDirection::Sendrecv);
        let transceiver = connection.add_transceiver_with_str_and_init("audio", &direction);
        prefer_pcmu(&transceiver);
        let sender = transceiver.sender();
        send(&sender, track);
        let on_track = Closure::<dyn FnMut(RtcTrackEvent)>::new(on_track);
        connection.set_ontrack(Some(on_track.as_ref().unchecked_ref()));
        let on_state = Closure::<dyn FnMut()>::new(on_state);
        connection.set_onconnectionstatechange(Some(on_state.as_ref().unchecked_ref()));
        let on_echo = Closure::<dyn FnMut()>::new(on_echo);
        let probes = way_of_probes(&connection).unwrap_or_default();
        set(&probes, "onmessage", on_echo.as_ref());
        Some(Self { connection, sender, probes, _on_track: on_track, _on_state: on_state, _on_echo: on_echo })
    }

    /// Sends a probe, which comes back where both ways live.
    pub(super) fn probe(&self) {
        if get(&self.probes, "readyState").as_string().as_deref() == Some("open")
            && let Ok(send) = get(&self.probes, "send").dyn_into::<js_sys::Function>()
        {
            // A way that closes in this moment is missed by its echo.
            drop(send.call1(&self.probes, &"?".into()));
        }
    }
}

/// What the connection says of itself now, as text for the server (RFC 8829 §4.1.8). `anew`: it looks for its ways to the
/// gateway again (RFC 8829 §5.2.3.1). The gateway is ICE-lite and is found by its own candidates: nothing is gathered first.
pub(super) async fn offer(connection: &RtcPeerConnection, anew: bool) -> Option<String> {
    if anew {
        // Every browser that Madoguchi is for has it.
        get(connection, "restartIce").dyn_into::<js_sys::Function>().ok()?.call0(connection).ok()?;
    }
    let offer = JsFuture::from(connection.create_offer()).await.ok()?;
    let offer: RtcSessionDescriptionInit = offer.unchecked_into();
    JsFuture::from(connection.set_local_description(&offer)).await.ok()?;
    Some(connection.local_description()?.sdp())
}

/// Takes the server's answer.
pub(super) async fn answered(connection: &RtcPeerConnection, answer: &str) -> Option<()> {
    let description = RtcSessionDescriptionInit::new(RtcSdpType::Answer);
    description.set_sdp(answer);
    JsFuture::from(connection.set_remote_description(&description)).await.ok()?;
    Some(())
}

/// A data channel on which nothing is ordered or sent twice (RFC 8831 §6.4): a probe that is late says the same as one that
/// is lost.
fn way_of_probes(connection: &RtcPeerConnection) -> Option<JsValue> {
    let create = get(connection, "createDataChannel").dyn_into::<js_sys::Function>().ok()?;
    let manner = js_sys::Object::new();
    set(&manner, "ordered", &JsValue::FALSE);
    set(&manner, "maxRetransmits", &0.into());
    create.call2(connection, &"probe".into(), &manner).ok()
}

fn get(of: &JsValue, name: &str) -> JsValue {
    js_sys::Reflect::get(of, &name.into()).unwrap_or_default()
}

/// Sets a property; of nothing at all there is none to set.
fn set(of: &JsValue, name: &str, to: &JsValue) {
    drop(js_sys::Reflect::set(of, &name.into(), to));
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
pub(super) async fn packets_received(connection: &RtcPeerConnection) -> Option<f64> {
    let report = JsFuture::from(connection.get_stats()).await.ok()?;
    let values: js_sys::Function = get(&report, "values").dyn_into().ok()?;
    let stats = js_sys::try_iter(&values.call0(&report).ok()?).ok()??;
    let inbound = stats.flatten().filter(|stat| get(stat, "type").as_string().as_deref() == Some("inbound-rtp"));
    Some(inbound.filter_map(|stat| get(&stat, "packetsReceived").as_f64()).sum())
}

pub(super) fn is_refusal(error: &JsValue) -> bool {
    error.dyn_ref::<web_sys::DomException>().is_some_and(|error| error.name() == "NotAllowedError")
}

/// Sends this track from now on, or nothing.
pub(super) fn send(sender: &RtcRtpSender, track: Option<&MediaStreamTrack>) {
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
        let mime = get(&codec, "mimeType").as_string().unwrap_or_default().to_ascii_lowercase();
        let at_8_khz = get(&codec, "clockRate").as_f64() == Some(8_000.0);
        if mime == "audio/pcmu" || (mime == "audio/telephone-event" && at_8_khz) {
            wanted.push(&codec);
        }
    }
    if wanted.length() > 0 {
        // A browser without this method keeps its order; the gateway's answer still picks PCMU.
        if let Some(prefer) = get(transceiver, "setCodecPreferences").dyn_ref::<js_sys::Function>() {
            drop(prefer.call1(transceiver, &wanted));
        }
    }
}
