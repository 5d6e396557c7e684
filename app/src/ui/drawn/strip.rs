//! The thin strip over the foot of the top row.

use leptos::prelude::*;

use super::Icon;
use crate::ui::icon_names;

/// What the strip says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum StripState {
    /// Nothing: it is not there.
    #[default]
    Hidden,
    /// 再接続中…
    Reconnecting,
    /// Nothing more is heard here until the page is read anew.
    Ended,
    /// 復帰; the owner hides it after 3 s.
    Back,
}

/// The strip; it lies over the page and moves nothing.
#[component]
pub fn Strip(
    /// What it says.
    #[prop(into)]
    state: Signal<StripState>,
    /// In words.
    #[prop(into)]
    words: Signal<String>,
) -> impl IntoView {
    let name = move || match state.get() {
        StripState::Hidden => "hidden",
        StripState::Reconnecting => "reconnecting",
        StripState::Ended => "ended",
        StripState::Back => "back",
    };
    let content = move || {
        let icon = match state.get() {
            StripState::Hidden => return None,
            StripState::Reconnecting | StripState::Ended => icon_names::Icon::WifiSlash,
            StripState::Back => icon_names::Icon::Check,
        };
        Some(view! {
            <Icon name=icon />
            <span>{words.get()}</span>
        })
    };
    view! {
        <div class="strip" role="status" data-state=name>
            {content}
        </div>
    }
}
