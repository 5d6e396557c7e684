//! Which microphone, which loudspeaker for the voice, and which for the ringing: chosen by the agent, remembered by this
//! browser. One that is pulled out is replaced by the system's own until it is back.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use crate::platform::storage;

/// What a device is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Use {
    /// マイク
    Microphone,
    /// スピーカー
    Speaker,
    /// 着信音
    Ringer,
}

impl Use {
    fn key(self) -> &'static str {
        match self {
            Self::Microphone => "madoguchi.device.microphone",
            Self::Speaker => "madoguchi.device.speaker",
            Self::Ringer => "madoguchi.device.ringer",
        }
    }

    /// The kind of the Media Capture specification, §9.
    fn kind(self) -> &'static str {
        match self {
            Self::Microphone => "audioinput",
            Self::Speaker | Self::Ringer => "audiooutput",
        }
    }
}

/// A device, or a place that remembers one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Device {
    /// The browser's name of it, for this site.
    pub(crate) id: String,
    /// What people read.
    pub(crate) label: String,
}

/// The devices of this browser.
#[derive(Clone, Copy)]
pub(crate) struct Devices {
    inputs: RwSignal<Vec<Device>>,
    outputs: RwSignal<Vec<Device>>,
    /// Whether the list was ever read: before that nothing is known to be missing.
    known: RwSignal<bool>,
    microphone: RwSignal<Option<Device>>,
    speaker: RwSignal<Option<Device>>,
    ringer: RwSignal<Option<Device>>,
    /// Whether the panel is open.
    pub(crate) panel: RwSignal<bool>,
}

impl Devices {
    /// As this browser remembers.
    pub(crate) fn new() -> Self {
        let remembered = |what: Use| {
            let stored = storage::get(what.key())?;
            let (id, label) = stored.split_once('\n')?;
            Some(Device { id: id.to_owned(), label: label.to_owned() })
        };
        Self {
            inputs: RwSignal::new(Vec::new()),
            outputs: RwSignal::new(Vec::new()),
            known: RwSignal::new(false),
            microphone: RwSignal::new(remembered(Use::Microphone)),
            speaker: RwSignal::new(remembered(Use::Speaker)),
            ringer: RwSignal::new(remembered(Use::Ringer)),
            panel: RwSignal::new(false),
        }
    }

    fn chosen_signal(self, what: Use) -> RwSignal<Option<Device>> {
        match what {
            Use::Microphone => self.microphone,
            Use::Speaker => self.speaker,
            Use::Ringer => self.ringer,
        }
    }

    /// Those that are there.
    pub(crate) fn list(self, what: Use) -> Vec<Device> {
        match what {
            Use::Microphone => self.inputs.get(),
            Use::Speaker | Use::Ringer => self.outputs.get(),
        }
    }

    /// The chosen one; none: the system's own.
    pub(crate) fn chosen(self, what: Use) -> Option<Device> {
        self.chosen_signal(what).get()
    }

    /// The chosen one, where it is not there now.
    pub(crate) fn missing(self, what: Use) -> Option<Device> {
        let chosen = self.chosen(what)?;
        (self.known.get() && !self.list(what).iter().any(|device| device.id == chosen.id)).then_some(chosen)
    }

    /// The one to be used now: the chosen one if it is there; empty: the system's own.
    pub(crate) fn in_use(self, what: Use) -> String {
        match (self.missing(what), self.chosen(what)) {
            (None, Some(chosen)) => chosen.id,
            (Some(_), _) | (None, None) => String::new(),
        }
    }

    /// Chooses, and remembers. Empty: the system's own.
    pub(crate) fn choose(self, what: Use, id: &str) {
        let device = self.list(what).into_iter().find(|device| device.id == id);
        match &device {
            Some(device) => storage::set(what.key(), &format!("{}\n{}", device.id, device.label)),
            None => storage::remove(what.key()),
        }
        self.chosen_signal(what).set(device);
    }

    /// Keeps the list up to date. Called once, where the desk is mounted.
    pub(crate) fn keep(self) {
        self.look();
        let Some(devices) = media_devices() else { return };
        let changed = Closure::<dyn FnMut()>::new(move || self.look());
        devices.set_ondevicechange(Some(changed.as_ref().unchecked_ref()));
        let changed = StoredValue::new_local(Some(changed));
        on_cleanup(move || {
            devices.set_ondevicechange(None);
            changed.set_value(None);
        });
    }

    /// Reads the list anew: names are given only once the microphone is allowed.
    pub(crate) fn look(self) {
        spawn_local(async move {
            let Some(devices) = media_devices() else { return };
            let Ok(asked) = devices.enumerate_devices() else { return };
            let Ok(list) = JsFuture::from(asked).await else { return };
            let field = |device: &JsValue, name: &str| {
                js_sys::Reflect::get(device, &name.into()).ok().and_then(|value| value.as_string()).unwrap_or_default()
            };
            let all: Vec<(String, Device)> = js_sys::Array::from(&list)
                .iter()
                .map(|device| {
                    let entry = Device { id: field(&device, "deviceId"), label: field(&device, "label") };
                    (field(&device, "kind"), entry)
                })
                // Chromium lists its own choices beside the real devices; ours is the empty one.
                .filter(|(_, device)| !device.id.is_empty() && device.id != "default" && device.id != "communications")
                .collect();
            let of = |what: Use| {
                all.iter().filter(|(kind, _)| kind == what.kind()).map(|(_, device)| device.clone()).collect::<Vec<_>>()
            };
            let (inputs, outputs) = (of(Use::Microphone), of(Use::Speaker));
            // Without permission the browser names nothing: then nothing is known to be missing either.
            let known = inputs.iter().any(|device| !device.label.is_empty());
            set_if_new(self.inputs, inputs);
            set_if_new(self.outputs, outputs);
            self.known.set(known);
        });
    }
}

fn set_if_new(signal: RwSignal<Vec<Device>>, list: Vec<Device>) {
    if signal.with_untracked(|now| *now != list) {
        signal.set(list);
    }
}

fn media_devices() -> Option<web_sys::MediaDevices> {
    let devices = window().navigator().media_devices().ok()?;
    (!devices.is_undefined()).then_some(devices)
}

/// Sends an element's or a context's sound to this loudspeaker. Browsers without `setSinkId` keep the system's own.
pub(super) fn speak_through(target: &JsValue, id: &str) {
    let Ok(set) = js_sys::Reflect::get(target, &"setSinkId".into()) else { return };
    let Some(set) = set.dyn_ref::<js_sys::Function>() else { return };
    if let Ok(promise) = set.call1(target, &id.into())
        && let Ok(promise) = promise.dyn_into::<js_sys::Promise>()
    {
        // A device that went in this moment: the next look at the list sets it right.
        spawn_local(async move { drop(JsFuture::from(promise).await) });
    }
}
