//! The pill that shows a state: icon, word, detail and timer, never colour alone.

use domain::agents::Shown;
use domain::time::Timestamp;
use leptos::prelude::*;

use super::{Icon, Timer};
use crate::ui::icon_names;

/// The state that a pill shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PillState {
    /// The seat's own state.
    Seat(Shown),
    /// In a call with the microphone off.
    Muted,
    /// No extension is assigned.
    NoExtension,
    /// The server cannot be reached; the last state is not sure.
    Reconnecting,
    /// The softphone is used in another tab.
    Elsewhere,
}

impl PillState {
    /// The name that the style hangs on.
    pub fn name(self) -> &'static str {
        match self {
            Self::Seat(shown) => match shown {
                Shown::LoggedOut => "logged-out",
                Shown::Ready => "ready",
                Shown::NotReady(_) => "not-ready",
                Shown::Break(_) => "break",
                Shown::Ringing => "ringing",
                Shown::Dialling => "dialling",
                Shown::Talking => "talking",
                Shown::Held => "held",
                Shown::AfterCall => "after-call",
            },
            Self::Muted => "talking",
            Self::NoExtension => "no-extension",
            Self::Reconnecting => "reconnecting",
            Self::Elsewhere => "elsewhere",
        }
    }

    fn icon(self) -> icon_names::Icon {
        match self {
            Self::Seat(shown) => match shown {
                Shown::LoggedOut => icon_names::Icon::Circle,
                Shown::Ready => icon_names::Icon::Headset,
                Shown::NotReady(_) => icon_names::Icon::Prohibit,
                Shown::Break(_) => icon_names::Icon::Coffee,
                Shown::Ringing => icon_names::Icon::PhoneIncoming,
                Shown::Dialling => icon_names::Icon::PhoneOutgoing,
                Shown::Talking => icon_names::Icon::PhoneFill,
                Shown::Held => icon_names::Icon::PhonePauseFill,
                Shown::AfterCall => icon_names::Icon::PencilLine,
            },
            Self::Muted => icon_names::Icon::MicrophoneSlashFill,
            Self::NoExtension => icon_names::Icon::Hash,
            Self::Reconnecting => icon_names::Icon::WifiSlash,
            Self::Elsewhere => icon_names::Icon::Monitor,
        }
    }
}

/// The pill's content and colour. Where pressing it opens a menu, the menu's button holds it.
#[component]
pub fn StatePill(
    /// Which state.
    #[prop(into)]
    state: Signal<PillState>,
    /// Its word.
    #[prop(into)]
    label: Signal<String>,
    /// What stands beside the word, smaller: the reason of a break.
    #[prop(optional, into)]
    detail: Signal<Option<String>>,
    /// Since when; no timer without it.
    #[prop(optional, into)]
    since: Signal<Option<Timestamp>>,
    /// Until when; where there is such a moment, the timer counts down to it.
    #[prop(optional, into)]
    until: Signal<Option<Timestamp>>,
    /// In lists of colleagues: the soft colours.
    #[prop(optional)]
    soft: bool,
    /// Shows a small arrow: pressing opens a menu.
    #[prop(optional)]
    opens: bool,
) -> impl IntoView {
    let ends = Memo::new(move |_| until.get().is_some());
    view! {
        <span class="state-pill" data-state=move || state.get().name() data-soft=soft.then_some("")>
            <span class="state-pill-icon">
                <Icon name=Signal::derive(move || state.get().icon()) />
            </span>
            <span class="state-pill-words cut">
                {move || label.get()} {move || detail.get().map(|detail| view! { <span class="state-pill-detail">" "{detail}</span> })}
            </span>
            {move || {
                if ends.get() {
                    view! { <Timer since=until down=true /> }.into_any()
                } else {
                    view! { <Timer since=since /> }.into_any()
                }
            }}
            {opens.then(|| view! { <Icon name=icon_names::Icon::CaretDown /> })}
        </span>
    }
}
