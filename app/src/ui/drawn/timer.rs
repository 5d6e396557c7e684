//! A running time.

use core::time::Duration;

use domain::time::Timestamp;
use leptos::prelude::*;

use super::Icon;
use crate::format;
use crate::platform::clock::use_clock;
use crate::ui::icon_names;

/// The time since a moment, or until one, stepping on the shared second; its width never changes.
#[component]
pub fn Timer(
    /// Since when; nothing is shown while there is no moment.
    #[prop(into)]
    since: Signal<Option<Timestamp>>,
    /// Counts down to `since` instead of up from it.
    #[prop(optional)]
    down: bool,
    /// Past this it takes the tint of attention and a clock; its state keeps its own colour.
    #[prop(optional, into)]
    late_after: Option<Duration>,
) -> impl IntoView {
    let clock = use_clock();
    let elapsed = move || since.get().map(|at| if down { at.since(clock.second()) } else { clock.since(at) });
    let late = Memo::new(move |_| late_after.is_some_and(|limit| elapsed().is_some_and(|time| time >= limit)));
    view! {
        // Not a live region: a voice that counts seconds helps nobody.
        <span class="timer num" role="timer" aria-live="off" data-late=move || late.get().then_some("")>
            {move || late.get().then(|| view! { <Icon name=icon_names::Icon::Clock /> })}
            {move || elapsed().map(format::timer)}
        </span>
    }
}
