//! The bar's peer slot: with whom, or what is missing and the button that mends it.

use domain::agents::{Cause, Shown};
use domain::telephony::Call;
use domain::telephony::quality::Verdicts;
use domain::time::Timestamp;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::events::{CallView, Media};
use wire::telephony::Choice;

use super::audio_link::Link;
use super::commands;
use super::devices::Use;
use super::model::{Mode, quality};
use super::quality_mark::QualityMark;
use super::words;
use crate::platform::notification::{self, Permission};
use crate::realtime::Line;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{Button, Icon, Look, Timer};

/// What the slot shows.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Slot {
    Nothing,
    /// A sentence alone.
    Note(String),
    /// What went wrong with the last press.
    Trouble(String),
    /// A sentence and 許可する.
    Allow(String),
    /// A sentence and テスト音を鳴らす.
    Unlock(String),
    /// A sentence and つなぎ直す.
    Reconnect(String),
    /// A sentence and 音声の設定.
    Devices(String),
    /// After-call work that ends by itself: 延長 and 待機.
    Limited(Timestamp),
    /// What after-call work still wants, and 待機.
    AfterCall(String),
    /// 待機に戻る
    BackToReady,
    /// The queues of a ready agent.
    Queues(String),
    /// The customer, and the number below.
    Party {
        name: String,
        number: String,
        /// How it sounds, where that was measured.
        quality: Verdicts,
    },
    /// On hold: the ear and its words, the call's own timer small.
    Held(String),
}

/// The peer slot.
#[component]
pub(super) fn PeerSlot() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let telephony = stores.telephony;
    let slot = Memo::new(move |_| {
        let words = text.get();
        let bar = telephony.bar.get();
        let logged_in = telephony.held_here.get();
        let cut = stores.line.get() == Line::Cut;
        if cut && telephony.in_call.get() {
            return Slot::Note(words.call_is_kept.to_owned());
        }
        if let Some((_, trouble)) = telephony.trouble.get() {
            return Slot::Trouble(words.error(&trouble));
        }
        if logged_in && stores.audio.needs_press() {
            return Slot::Unlock(words.sound_blocked.to_owned());
        }
        if logged_in && let Some(problem) = stores.microphone.problem() {
            return Slot::Allow(words::microphone(words, problem).to_owned());
        }
        // The agent's own sound is on its way back; the customer is there.
        let kept =
            |live: &Option<_>| live.as_ref().is_some_and(|live: &CallView| matches!(live.call, Call::Kept { .. }));
        if logged_in && telephony.live.with(kept) {
            return Slot::Note(words.call_is_kept.to_owned());
        }
        let Mode::Here(shown) = bar.mode else {
            return match bar.mode {
                Mode::NoExtension => Slot::Note(words.ask_for_extension.to_owned()),
                Mode::LoggedOut | Mode::Elsewhere | Mode::Here(_) => Slot::Nothing,
            };
        };
        let lost = stores.audio.state() == Link::Failed
            || stores.audio.state() == Link::Up && telephony.media.get() == Media::Down;
        let away = stores.devices.missing(Use::Microphone).map(|device| device.label);
        let party = telephony.call.with(|call| {
            call.as_ref().map(|view| Slot::Party {
                name: words::party_name(words, &view.party),
                number: words::party_number(words, &view.party),
                quality: view.quality,
            })
        });
        match shown {
            Shown::Ringing | Shown::Dialling | Shown::Talking => party.unwrap_or(Slot::Nothing),
            // The mark is shown only where it is true (A4).
            Shown::Held if telephony.live.with(|live| live.as_ref().is_some_and(|live| live.full_hold)) => {
                party.unwrap_or(Slot::Nothing)
            }
            Shown::Held => Slot::Held(words.customer_is_heard.to_owned()),
            Shown::AfterCall if bar.until.is_some() => bar.until.map_or(Slot::Nothing, Slot::Limited),
            Shown::AfterCall => {
                let went_on = telephony.call.with(|call| matches!(call, Some(view) if !view.call.is_over()));
                let missing = stores.customers.missing.get();
                Slot::AfterCall(match missing {
                    _ if went_on => words.call_went_on.to_owned(),
                    Some(missing) if missing.inquiry => words.inquiry_missing.to_owned(),
                    Some(missing) if missing.customer => words.record_missing.to_owned(),
                    Some(missing) if !missing.fields.is_empty() => words.missing_fields(missing.fields.join("・")),
                    Some(_) | None => String::new(),
                })
            }
            Shown::NotReady(Cause::Missed) => Slot::BackToReady,
            Shown::LoggedOut => Slot::Nothing,
            Shown::Ready | Shown::NotReady(Cause::Lost | Cause::Chosen) | Shown::Break(_) if lost => {
                Slot::Reconnect(words.connection_lost.to_owned())
            }
            Shown::Ready | Shown::NotReady(Cause::Lost | Cause::Chosen) | Shown::Break(_) if away.is_some() => {
                Slot::Devices(words.device_missing_short(away.unwrap_or_default()))
            }
            Shown::NotReady(Cause::Lost) => Slot::BackToReady,
            Shown::NotReady(Cause::Chosen) | Shown::Break(_) => Slot::Nothing,
            Shown::Ready => Slot::Queues(
                telephony
                    .queues
                    .with(|queues| queues.iter().map(|queue| queue.name.as_str()).collect::<Vec<_>>().join("・")),
            ),
        }
    });
    // The call's own time, beside the hold's, which the pill shows.
    let call_since = Memo::new(move |_| {
        telephony.call.with(|view| match view.as_ref().map(|view| &view.call) {
            Some(Call::Connected { since, .. } | Call::Held { since, .. } | Call::Kept { since, .. }) => Some(*since),
            Some(Call::Waiting { .. } | Call::Offered { .. } | Call::Dialling { .. } | Call::Ended { .. }) | None => {
                None
            }
        })
    });
    let notices = RwSignal::new(notification::permission() == Permission::Granted);
    let ask_notices = move || {
        spawn_local(async move { notices.set(notification::request().await == Permission::Granted) });
    };
    let allow = move || {
        spawn_local(async move {
            // The reason stays with the microphone, and the slot shows it.
            let _ = stores.microphone.open().await;
            if !telephony.wants_microphone.get_untracked() {
                stores.microphone.close();
            }
        });
    };
    move || {
        let words = text.get();
        match slot.get() {
            Slot::Nothing => ().into_any(),
            Slot::Note(note) => view! { <span class="peer-note cut-2">{note}</span> }.into_any(),
            Slot::Trouble(trouble) => {
                let tip = trouble.clone();
                view! {
                    <span class="peer-trouble cut-2" role="alert" data-tip=tip>
                        {trouble}
                    </span>
                }
                .into_any()
            }
            Slot::Allow(problem) => {
                view! {
                    <span class="peer-note cut-2">{problem}</span>
                    <Button label=words.allow look=Look::Plain on_press=allow />
                }
                .into_any()
            }
            Slot::Unlock(problem) => {
                let tip = problem.clone();
                view! {
                    <span class="peer-note cut" data-tip=tip>{problem}</span>
                    <Button label=words.allow look=Look::Plain on_press=move || stores.audio.unlock() />
                }
                .into_any()
            }
            Slot::Reconnect(problem) => {
                let tip = problem.clone();
                view! {
                    <span class="peer-note cut" data-tip=tip>{problem}</span>
                    <Button label=words.reconnect look=Look::Plain on_press=move || stores.audio.mend(stores) />
                }
                .into_any()
            }
            Slot::Devices(problem) => {
                let tip = problem.clone();
                view! {
                    <span class="peer-note cut" data-tip=tip>{problem}</span>
                    <Button
                        label=words.audio_settings
                        icon=Icon::SpeakerHigh
                        icon_only=true
                        look=Look::Plain
                        on_press=move || stores.devices.panel.set(true)
                    />
                }
                .into_any()
            }
            Slot::Limited(until) => {
                view! {
                    <Button
                        label=words.extend
                        icon=Icon::Plus
                        busy=Signal::derive(move || telephony.pending.get() == Some(commands::Pending::Extend))
                        on_press=move || commands::extend_after_call(stores, until)
                    />
                    <Button
                        label=words.state_ready
                        icon=Icon::Headset
                        key_hint="Alt+R"
                        on_press=move || commands::choose(stores, Choice::Ready)
                    />
                }
                .into_any()
            }
            Slot::AfterCall(missing) => {
                view! {
                    <span class="peer-note cut-2">{missing}</span>
                    <Button
                        label=words.state_ready
                        icon=Icon::Headset
                        key_hint="Alt+R"
                        on_press=move || commands::choose(stores, Choice::Ready)
                    />
                }
                .into_any()
            }
            Slot::BackToReady => {
                view! {
                    <Button label=words.back_to_ready icon=Icon::Headset on_press=move || commands::choose(stores, Choice::Ready) />
                }
                .into_any()
            }
            Slot::Queues(names) => {
                let tip = names.clone();
                view! {
                    <span class="peer-queues cut" data-tip=tip>{names}</span>
                    // A warning only: calls are shown on the page and heard all the same.
                    {(!notices.get())
                        .then(|| {
                            view! {
                                <Button
                                    label=words.notification_denied
                                    icon=Icon::BellSlash
                                    icon_only=true
                                    look=Look::Plain
                                    on_press=ask_notices
                                />
                            }
                        })}
                }
                .into_any()
            }
            Slot::Party { name, number, quality } => {
                // How both sides sound is told to whoever comes to it by pointer or by keyboard.
                let tip = Some(quality::summary(words, quality)).filter(|tip| !tip.is_empty());
                view! {
                    <span class="peer-name cut">{name}</span>
                    <span
                        class="peer-number"
                        role=tip.as_ref().map(|_| "group")
                        tabindex=tip.as_ref().map(|_| "0")
                        aria-label=tip.clone()
                        data-tip=tip
                    >
                        <span class="num">{number}</span>
                        {quality::mark(quality)
                            .map(|mark| view! { <QualityMark mark=mark said=quality::word(words, mark.verdict).to_owned() /> })}
                    </span>
                }
                .into_any()
            }
            Slot::Held(heard) => {
                view! {
                    <span class="peer-heard">
                        <Icon name=Icon::Ear />
                        <span class="cut">{heard}</span>
                    </span>
                    <span class="peer-call-time">
                        <Timer since=call_since />
                    </span>
                }
                .into_any()
            }
        }
    }
}
