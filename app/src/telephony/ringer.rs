//! The sounds that the desk makes itself, from oscillators: ringing, and the test tone at the start of a shift.

use super::devices::{Devices, Use, speak_through};
use gloo_timers::callback::Interval;
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AudioContext, AudioContextState, GainNode, OscillatorType};

/// A ring lasts two of these; one a second at most, as everything that blinks or sounds.
const CYCLE_MS: u32 = 2_400;

/// The ringer of this tab.
#[derive(Clone, Copy)]
pub(crate) struct Ringer {
    context: StoredValue<Option<AudioContext>, LocalStorage>,
    ringing: StoredValue<Option<Ringing>, LocalStorage>,
    /// The loudspeaker; empty: the system's own.
    sink: StoredValue<String>,
}

/// Sounds while it lives; silent the moment that it is dropped.
struct Ringing {
    out: GainNode,
    _again: Interval,
}

impl Drop for Ringing {
    fn drop(&mut self) {
        // Disconnected from the loudspeaker, whatever is still scheduled stays unheard.
        drop(self.out.disconnect());
    }
}

impl Ringer {
    /// Silent.
    pub(crate) fn new() -> Self {
        Self {
            context: StoredValue::new_local(None),
            ringing: StoredValue::new_local(None),
            sink: StoredValue::new(String::new()),
        }
    }

    /// Keeps to the chosen loudspeaker. Called once, where the desk is mounted.
    pub(crate) fn keep(self, devices: Devices) {
        Effect::new(move || {
            let id = devices.in_use(Use::Ringer);
            self.sink.set_value(id.clone());
            self.context.with_value(|context| {
                if let Some(context) = context {
                    speak_through(context.as_ref(), &id);
                }
            });
        });
    }

    /// Makes sound possible; browsers want to be called from a press. True if sound can be heard now.
    pub(crate) async fn unlock(self) -> bool {
        let Some(context) = self.context() else { return false };
        if context.state() != AudioContextState::Running
            && let Ok(resumed) = context.resume()
        {
            // Without a press this promise never ends: it is not waited for, the state is read instead.
            leptos::task::spawn_local(async move { drop(JsFuture::from(resumed).await) });
            gloo_timers::future::TimeoutFuture::new(150).await;
        }
        context.state() == AudioContextState::Running
    }

    /// Rings until [`Ringer::stop`].
    pub(crate) fn start(self) {
        if self.ringing.with_value(Option::is_some) {
            return;
        }
        let Some(context) = self.context() else { return };
        drop(context.resume());
        let Ok(out) = context.create_gain() else { return };
        if out.connect_with_audio_node(&context.destination()).is_err() {
            return;
        }
        out.gain().set_value(0.25);
        let sounding = (context.clone(), out.clone());
        let ring = move || {
            let (context, out) = &sounding;
            let now = context.current_time();
            for (start, pitch) in [(0.0, 523.25), (0.22, 659.25), (0.44, 523.25), (0.66, 659.25)] {
                // A note that cannot be made is a note not heard; the screen rings as well.
                drop(note(context, out, now + start, 0.2, pitch));
            }
        };
        ring();
        self.ringing.set_value(Some(Ringing { out, _again: Interval::new(CYCLE_MS, ring) }));
    }

    /// Silence, at once.
    pub(crate) fn stop(self) {
        self.ringing.set_value(None);
    }

    /// A short tone, to hear that sound works.
    pub(crate) fn test_tone(self) {
        if let Some(context) = self.context()
            && let Ok(out) = context.create_gain()
            && out.connect_with_audio_node(&context.destination()).is_ok()
        {
            out.gain().set_value(0.2);
            drop(note(&context, &out, context.current_time(), 0.35, 659.25));
        }
    }

    fn context(self) -> Option<AudioContext> {
        if self.context.with_value(Option::is_none) {
            let context = AudioContext::new().ok();
            let sink = self.sink.get_value();
            if let Some(context) = context.as_ref().filter(|_| !sink.is_empty()) {
                speak_through(context.as_ref(), &sink);
            }
            self.context.set_value(context);
        }
        self.context.get_value()
    }
}

/// A sine that swells and fades, so that it neither clicks nor startles.
fn note(context: &AudioContext, out: &GainNode, at: f64, seconds: f64, pitch: f32) -> Result<(), JsValue> {
    let voice = context.create_oscillator()?;
    let shape = context.create_gain()?;
    voice.set_type(OscillatorType::Sine);
    voice.frequency().set_value(pitch);
    shape.gain().set_value_at_time(0.0, at)?;
    shape.gain().linear_ramp_to_value_at_time(1.0, at + 0.02)?;
    shape.gain().linear_ramp_to_value_at_time(0.0, at + seconds)?;
    voice.connect_with_audio_node(&shape)?;
    shape.connect_with_audio_node(out)?;
    voice.start_with_when(at)?;
    voice.stop_with_when(at + seconds)
}
