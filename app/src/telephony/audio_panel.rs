//! 音声の設定: microphone with its level, loudspeaker, ringer with a test tone.

use gloo_timers::callback::Interval;
use leptos::prelude::*;

use super::devices::Use;
use super::ringer::Ringer;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{Button, Choice, Icon, Popup, PopupTitle, SelectField};

/// How often the level meter looks, in milliseconds.
const METER_MS: u32 = 100;

/// The panel; there while it is open.
#[component]
pub(crate) fn AudioPanel(
    /// Makes the sounds.
    ringer: Ringer,
) -> impl IntoView {
    let open = use_stores().devices.panel;
    view! {
        <Show when=move || open.get()>
            <Panel ringer=ringer />
        </Show>
    }
}

#[component]
fn Panel(ringer: Ringer) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let devices = stores.devices;
    let close = move || devices.panel.set(false);
    devices.look();
    // Seen and heard here whatever the state, as at the start of a shift.
    stores.checking_microphone.set(true);
    on_cleanup(move || {
        stores.microphone.meter_off();
        stores.checking_microphone.set(false);
    });
    // Names come with the permission.
    Effect::new(move || {
        if stores.microphone.is_open() {
            devices.look();
        }
    });
    view! {
        <Popup
            label=move || text.get().audio_settings
            state="plain"
            place="audio"
            head=move || view! { <PopupTitle title=move || text.get().audio_settings on_close=close /> }
            on_escape=close
        >
            <div class="audio-device">
                <DeviceField what=Use::Microphone />
                <Level />
            </div>
            <div class="audio-device">
                <DeviceField what=Use::Speaker />
            </div>
            <div class="audio-device">
                <DeviceField what=Use::Ringer />
                <Button
                    label=move || text.get().play_test_tone
                    icon=Icon::SpeakerHigh
                    on_press=move || {
                        leptos::task::spawn_local(async move {
                            if ringer.unlock().await {
                                ringer.test_tone();
                            }
                        });
                    }
                />
            </div>
        </Popup>
    }
}

/// One choice.
#[component]
fn DeviceField(what: Use) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let devices = stores.devices;
    let label = move || match what {
        Use::Microphone => text.get().device_microphone,
        Use::Speaker => text.get().device_speaker,
        Use::Ringer => text.get().device_ringer,
    };
    let value = RwSignal::new(devices.chosen(what).map(|device| device.id).unwrap_or_default());
    Effect::new(move |before: Option<String>| {
        let now = value.get();
        if before.is_some_and(|before| before != now) {
            devices.choose(what, &now);
        }
        now
    });
    let choices = move || {
        let mut choices = vec![Choice::new("", text.get().device_default)];
        // The one that is away keeps its place, so that it is plain what will be used again.
        choices.extend(devices.missing(what).map(|device| Choice::new(device.id, device.label)));
        choices.extend(devices.list(what).into_iter().map(|device| Choice::new(device.id, device.label)));
        choices
    };
    let away = move || devices.missing(what).map(|device| text.get().device_missing(device.label));
    view! { <SelectField label=label value=value choices=Signal::derive(choices) help=Signal::derive(away) /> }
}

/// How loud the microphone is.
#[component]
pub(super) fn Level() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let level = RwSignal::new(0.0_f64);
    let look = Interval::new(METER_MS, move || {
        let now = stores.microphone.level();
        // A still room needs no redrawing.
        if (now - level.get_untracked()).abs() > 0.01 {
            level.set(now);
        }
    });
    let look = StoredValue::new_local(Some(look));
    on_cleanup(move || look.set_value(None));
    view! {
        <meter class="level" min="0" max="1" aria-label=move || text.get().microphone_level prop:value=move || level.get()></meter>
    }
}
