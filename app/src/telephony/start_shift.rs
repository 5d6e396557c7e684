//! The start of the shift: one press on ログイン unlocks the sound, asks for microphone and notifications, logs the
//! softphone in and connects the audio. Four lines say how far it is; what failed is named and mended here.

use core::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::audio_link::Link;
use super::audio_panel::Level;
use super::commands::{self, Pending};
use super::ringer::Ringer;
use super::words;
use crate::platform::notification::{self, Permission};
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{Button, Icon, Look, Popup, PopupTitle};

/// With everything in order it goes by itself after this.
const GOES_AFTER: Duration = Duration::from_secs(4);

/// How one of the four is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    Waiting,
    Good,
    Bad(&'static str),
    /// Worth saying, but the work can be done without.
    Without(&'static str),
}

/// The start of the shift; there while `stores.start_shift` is set.
#[component]
pub(crate) fn StartShift(
    /// Makes the sounds.
    ringer: Ringer,
) -> impl IntoView {
    let open = use_stores().start_shift;
    view! {
        <Show when=move || open.get()>
            <Checks ringer=ringer />
        </Show>
    }
}

#[component]
fn Checks(ringer: Ringer) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let telephony = stores.telephony;
    let heard = RwSignal::new(None::<bool>);
    let notices = RwSignal::new(None::<Permission>);

    let unlock = move || {
        stores.audio.unlock();
        spawn_local(async move {
            let running = ringer.unlock().await;
            if running {
                ringer.test_tone();
            }
            heard.set(Some(running));
        });
    };
    let ask_microphone = move || {
        stores.checking_microphone.set(true);
        spawn_local(async move {
            // The reason stays with the microphone.
            let _ = stores.microphone.open().await;
            // Closed before the browser's question was answered.
            if !telephony.wants_microphone.get_untracked() && !stores.checking_microphone.get_untracked() {
                stores.microphone.close();
            }
        });
    };
    let log_in = move || {
        if !telephony.held_here.get_untracked() {
            commands::log_in(stores);
        }
    };
    unlock();
    ask_microphone();
    spawn_local(async move { notices.set(Some(notification::request().await)) });
    log_in();
    on_cleanup(move || {
        stores.microphone.meter_off();
        stores.checking_microphone.set(false);
    });

    let sound = Memo::new(move |_| match heard.get() {
        None => Check::Waiting,
        Some(true) if !stores.audio.needs_press() => Check::Good,
        Some(_) => Check::Bad(text.get().sound_blocked),
    });
    let microphone = Memo::new(move |_| {
        let words = text.get();
        match (stores.microphone.problem(), stores.microphone.is_open()) {
            (Some(problem), _) => Check::Bad(words::microphone(words, problem)),
            (None, true) => Check::Good,
            (None, false) => Check::Waiting,
        }
    });
    let notice = Memo::new(move |_| match notices.get() {
        None => Check::Waiting,
        Some(Permission::Granted) => Check::Good,
        Some(Permission::Denied | Permission::NotAsked) => Check::Without(text.get().notification_denied),
    });
    let connection = Memo::new(move |_| {
        let refused = telephony.trouble.with(|trouble| matches!(trouble, Some((Pending::LogIn, _))));
        match (refused, telephony.held_here.get(), stores.audio.state()) {
            (true, _, _) => Check::Bad(""),
            (false, true, Link::Up) => Check::Good,
            (false, _, Link::Failed) => Check::Bad(text.get().connection_lost),
            (false, _, Link::Off | Link::Connecting | Link::Up) => Check::Waiting,
        }
    });
    // The server's own words, where it refused the log-in.
    let refusal = move || {
        telephony.trouble.with(|trouble| match trouble {
            Some((Pending::LogIn, error)) => Some(text.get().error(error)),
            Some(_) | None => None,
        })
    };
    let close = move || stores.start_shift.set(false);
    Effect::new(move || {
        let fine = [sound.get(), microphone.get(), connection.get()].iter().all(|check| *check == Check::Good)
            && notice.get() != Check::Waiting;
        // A call takes its place.
        if telephony.in_call.get() {
            close();
        } else if fine {
            let timeout = set_timeout_with_handle(close, GOES_AFTER);
            on_cleanup(move || {
                if let Ok(timeout) = timeout {
                    timeout.clear();
                }
            });
        }
    });

    view! {
        <Popup
            label=move || text.get().start_shift
            state="plain"
            place="start-shift"
            head=move || view! { <PopupTitle title=move || text.get().start_shift on_close=close /> }
            on_escape=close
        >
            <p class="field-help">{move || text.get().start_shift_help}</p>
            <ul class="checks">
                <Line
                    label=move || text.get().check_sound
                    check=sound
                    mend=move || view! { <Button label=move || text.get().play_test_tone look=Look::Plain on_press=unlock /> }
                />
                <Line
                    label=move || text.get().check_microphone
                    check=microphone
                    mend=move || view! { <Button label=move || text.get().allow look=Look::Plain on_press=ask_microphone /> }
                />
                <li class="check-meter">
                    <Level />
                </li>
                <Line label=move || text.get().check_notification check=notice mend=|| () />
                <Line
                    label=move || text.get().check_connection
                    check=connection
                    mend=move || view! { <Button label=move || text.get().check_again look=Look::Plain on_press=log_in /> }
                />
            </ul>
            <p class="popup-trouble" role="alert">
                {refusal}
            </p>
        </Popup>
    }
}

/// One of the four.
#[component]
fn Line<V: IntoView + 'static>(
    /// What is looked at.
    label: impl Fn() -> &'static str + Send + Sync + 'static,
    /// How it is.
    check: Memo<Check>,
    /// The button that mends it.
    mend: impl Fn() -> V + Send + Sync + 'static,
) -> impl IntoView {
    let text = use_text();
    let icon = move || match check.get() {
        Check::Waiting => Icon::Clock,
        Check::Good => Icon::CheckCircle,
        Check::Bad(_) | Check::Without(_) => Icon::WarningCircle,
    };
    let state = move || match check.get() {
        Check::Waiting => "waiting",
        Check::Good => "good",
        Check::Bad(_) => "bad",
        Check::Without(_) => "without",
    };
    let words = move || match check.get() {
        Check::Waiting => text.get().check_waiting,
        Check::Good => text.get().check_ok,
        Check::Bad(why) | Check::Without(why) => why,
    };
    view! {
        <li class="check-line" data-state=state>
            <Icon name=Signal::derive(icon) />
            <span class="check-label">{label}</span>
            <span class="check-words" role="status">
                {words}
            </span>
            {move || matches!(check.get(), Check::Bad(_)).then(&mend)}
        </li>
    }
}
