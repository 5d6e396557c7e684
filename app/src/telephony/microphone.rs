//! The agent's microphone: opened while 待機 or in a call, released otherwise (A31), so that the browser's own
//! recording mark tells the truth.

use super::devices::{Devices, Use};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AnalyserNode, AudioContext, MediaStream, MediaStreamConstraints, MediaStreamTrack};

/// How often a second question looks whether the first is answered, in milliseconds.
const LOOK_AGAIN_MS: u32 = 20;

/// Why the microphone cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MicrophoneProblem {
    /// The user or a policy said no.
    Denied,
    /// There is none.
    Missing,
    /// Another program holds it.
    Busy,
    /// Browsers give it to https and localhost only.
    Insecure,
}

/// The microphone of this tab.
#[derive(Clone, Copy)]
pub(crate) struct Microphone {
    track: RwSignal<Option<MediaStreamTrack>, LocalStorage>,
    problem: RwSignal<Option<MicrophoneProblem>>,
    meter: StoredValue<Option<Meter>, LocalStorage>,
    /// The customer is to hear silence.
    silent: RwSignal<bool>,
    /// Which device the open track was asked from.
    from: StoredValue<String>,
    /// The browser has been asked, and has not answered yet.
    opening: StoredValue<bool>,
    devices: Devices,
}

/// Listens to the microphone for the level meter.
#[derive(Clone)]
struct Meter {
    context: AudioContext,
    analyser: AnalyserNode,
}

impl Microphone {
    /// Closed, and nothing known against it.
    pub(crate) fn new(devices: Devices) -> Self {
        Self {
            track: RwSignal::new_local(None),
            problem: RwSignal::new(None),
            meter: StoredValue::new_local(None),
            silent: RwSignal::new(false),
            from: StoredValue::new(String::new()),
            opening: StoredValue::new(false),
            devices,
        }
    }

    /// What stands in the way, as of the last try.
    pub(crate) fn problem(self) -> Option<MicrophoneProblem> {
        self.problem.get()
    }

    /// Whether it is open.
    pub(crate) fn is_open(self) -> bool {
        self.track.with(Option::is_some)
    }

    /// The open track, for the audio link to send.
    pub(super) fn track(self) -> Option<MediaStreamTrack> {
        self.track.get()
    }

    /// The open track, not followed.
    pub(super) fn track_untracked(self) -> Option<MediaStreamTrack> {
        self.track.get_untracked()
    }

    /// Opens it; asks the user where the browser wants that. Open already: nothing happens.
    pub(super) async fn open(self) -> Result<(), MicrophoneProblem> {
        // Asked for twice at once: there is one question and one microphone.
        while self.opening.get_value() {
            TimeoutFuture::new(LOOK_AGAIN_MS).await;
        }
        if self.track.with_untracked(Option::is_some) {
            return Ok(());
        }
        self.opening.set_value(true);
        let mut wanted = untrack(|| self.devices.in_use(Use::Microphone));
        let mut opened = open(&wanted).await;
        if opened == Err(MicrophoneProblem::Missing) && !wanted.is_empty() {
            // It went in this moment: the system's own is better than none.
            wanted.clear();
            opened = open(&wanted).await;
        }
        self.opening.set_value(false);
        match &opened {
            Ok(track) => {
                self.watch(track);
                // Before anybody can send it.
                track.set_enabled(!self.silent.get_untracked());
                self.from.set_value(wanted);
                // The handle, not the track: `track.clone()` is the browser's own, and makes a second one that stays
                // open when this one is closed.
                self.track.set(Some(Clone::clone(track)));
                self.problem.set(None);
            }
            Err(problem) => self.problem.set(Some(*problem)),
        }
        opened.map(drop)
    }

    /// A headset that is pulled out ends its track; nobody else does.
    fn watch(self, track: &MediaStreamTrack) {
        let pulled_out = Closure::once_into_js(move || {
            self.meter_off();
            self.track.set(None);
            self.devices.look();
            // Another one, if there is any.
            spawn_local(async move {
                // The reason stays with the microphone.
                let _ = self.open().await;
            });
        });
        track.set_onended(pulled_out.dyn_ref());
    }

    /// ミュート: what is sent is silence, not the track's absence, which the server would take for a lost agent.
    pub(super) fn silence(self, silent: bool) {
        self.silent.set(silent);
        if let Some(track) = self.track.get_untracked() {
            track.set_enabled(!silent);
        }
    }

    /// Which device is to be used, and whether the open one is another.
    pub(super) fn is_from_elsewhere(self) -> bool {
        let wanted = self.devices.in_use(Use::Microphone);
        self.track.with_untracked(Option::is_some) && self.from.with_value(|from| *from != wanted)
    }

    /// Takes the microphone that is to be used now instead of the open one. The old one is let go first: there are never
    /// two.
    pub(super) async fn change_over(self) {
        self.close();
        // The reason stays with the microphone, where the bar reads it.
        let _ = self.open().await;
    }

    /// Releases it.
    pub(super) fn close(self) {
        self.meter_off();
        if let Some(track) = self.track.get_untracked() {
            track.set_onended(None);
            track.stop();
            self.track.set(None);
        }
    }

    /// How loud it is now, 0.0..=1.0; opens the meter at the first question.
    pub(crate) fn level(self) -> f64 {
        let Some(track) = self.track.get_untracked() else { return 0.0 };
        if self.meter.with_value(Option::is_none) {
            self.meter.set_value(Meter::on(&track).ok());
        }
        self.meter.with_value(|meter| meter.as_ref().map_or(0.0, Meter::level))
    }

    /// The meter is out of sight.
    pub(crate) fn meter_off(self) {
        if let Some(meter) = self.meter.try_update_value(Option::take).flatten() {
            // Closing cannot fail but for a context that is closed already.
            drop(meter.context.close());
        }
    }
}

impl Meter {
    fn on(track: &MediaStreamTrack) -> Result<Self, JsValue> {
        let context = AudioContext::new()?;
        let analyser = context.create_analyser()?;
        analyser.set_fft_size(512);
        context.create_media_stream_source(&stream_of(track)?)?.connect_with_audio_node(&analyser)?;
        Ok(Self { context, analyser })
    }

    /// Loudness on a scale that people read as such: −60 dBFS is 0, full scale 1.
    fn level(&self) -> f64 {
        let mut samples = [0_f32; 512];
        self.analyser.get_float_time_domain_data(&mut samples);
        let power = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / 512.0;
        ((10.0 * power.max(1e-9).log10() + 60.0) / 60.0).clamp(0.0, 1.0)
    }
}

/// A stream with this one track in it.
pub(super) fn stream_of(track: &MediaStreamTrack) -> Result<MediaStream, JsValue> {
    let stream = MediaStream::new()?;
    stream.add_track(track);
    Ok(stream)
}

async fn open(device: &str) -> Result<MediaStreamTrack, MicrophoneProblem> {
    // `mediaDevices` is absent where the page is not secure, whatever the bindings' type says.
    let devices = window().navigator().media_devices().map_err(|_| MicrophoneProblem::Insecure)?;
    if devices.is_undefined() {
        return Err(MicrophoneProblem::Insecure);
    }
    let audio = js_sys::Object::new();
    for wish in ["echoCancellation", "noiseSuppression", "autoGainControl"] {
        // Setting a property of a fresh plain object cannot fail.
        drop(js_sys::Reflect::set(&audio, &wish.into(), &JsValue::TRUE));
    }
    if !device.is_empty() {
        let exactly = js_sys::Object::new();
        drop(js_sys::Reflect::set(&exactly, &"exact".into(), &device.into()));
        drop(js_sys::Reflect::set(&audio, &"deviceId".into(), &exactly));
    }
    let wishes = MediaStreamConstraints::new();
    wishes.set_audio(&audio);
    let asked = devices.get_user_media_with_constraints(&wishes).map_err(|error| problem_of(&error))?;
    let stream = JsFuture::from(asked).await.map_err(|error| problem_of(&error))?;
    let stream: MediaStream = stream.unchecked_into();
    let track = stream.get_audio_tracks().get(0);
    track.dyn_into().map_err(|_| MicrophoneProblem::Missing)
}

/// The names are those of the Media Capture specification, §10.2.
fn problem_of(error: &JsValue) -> MicrophoneProblem {
    match error.dyn_ref::<web_sys::DomException>().map(web_sys::DomException::name).as_deref() {
        Some("NotFoundError" | "OverconstrainedError") => MicrophoneProblem::Missing,
        Some("NotReadableError" | "AbortError") => MicrophoneProblem::Busy,
        Some("SecurityError") => MicrophoneProblem::Insecure,
        Some(_) | None => MicrophoneProblem::Denied,
    }
}
