//! The thin strip under the top row that tells of a cut line, and that nothing was lost.

use gloo_timers::callback::Timeout;
use leptos::prelude::*;

use super::use_stores;
use crate::realtime::Line;
use crate::text::use_text;
use crate::ui::{Strip, StripState};

/// For how long 再接続しました stays, in milliseconds.
const BACK_FOR_MS: u32 = 3_000;

/// The strip, as the line has it.
#[component]
pub(super) fn LineStrip() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let state = RwSignal::new(StripState::Hidden);
    let hide = StoredValue::new_local(None::<Timeout>);
    Effect::new(move |before: Option<Line>| {
        let line = stores.line.get();
        match (before, line) {
            (_, Line::TooManyTabs) => {
                hide.set_value(None);
                state.set(StripState::Ended);
            }
            (_, Line::Cut) => {
                hide.set_value(None);
                state.set(StripState::Reconnecting);
            }
            (Some(Line::Cut), Line::Up) => {
                state.set(StripState::Back);
                hide.set_value(Some(Timeout::new(BACK_FOR_MS, move || state.set(StripState::Hidden))));
            }
            (_, Line::Off | Line::Connecting) => state.set(StripState::Hidden),
            (_, Line::Up) => {}
        }
        line
    });
    let words = move || match state.get() {
        StripState::Hidden => "",
        StripState::Reconnecting => text.get().reconnecting_kept,
        StripState::Ended => text.get().too_many_tabs,
        StripState::Back => text.get().reconnected,
    };
    view! { <Strip state=state words=words /> }
}
