//! The line between two panes, which can be moved.

use leptos::html;
use leptos::prelude::*;

use crate::platform::element;

/// How far one arrow key moves it, in per cent.
const STEP: f64 = 2.0;

/// A divider between two panes that lie one above the other in the same parent. The parent lays them out by the CSS
/// property `--split`, the first pane's share in per cent, which the owner sets from `share`.
#[component]
pub fn Splitter(
    /// Its name.
    #[prop(into)]
    label: Signal<String>,
    /// The first pane's share of the height, in per cent.
    #[prop(into)]
    share: Signal<f64>,
    /// It was moved.
    #[prop(into)]
    on_move: Callback<(f64,)>,
    /// The least height of either pane, in CSS pixels.
    #[prop(default = 160.0)]
    least: f64,
) -> impl IntoView {
    let line = NodeRef::<html::Div>::new();
    let dragging = RwSignal::new(false);
    let parent =
        move || line.get_untracked().and_then(|line| line.parent_element()).map(|parent| element::place(&parent));
    let move_to = move |share: f64| {
        let least =
            parent().filter(|place| place.height > 0.0).map_or(10.0, |place| least / place.height * 100.0).min(50.0);
        on_move.run((share.clamp(least, 100.0 - least),));
    };
    let by_key = move |event: leptos::ev::KeyboardEvent| {
        let to = match event.key().as_str() {
            "ArrowUp" => share.get_untracked() - STEP,
            "ArrowDown" => share.get_untracked() + STEP,
            "Home" => 0.0,
            "End" => 100.0,
            _ => return,
        };
        event.prevent_default();
        move_to(to);
    };
    let by_pointer = move |event: leptos::ev::PointerEvent| {
        if let Some(place) = parent().filter(|place| dragging.get_untracked() && place.height > 0.0) {
            move_to((f64::from(event.client_y()) - place.y) / place.height * 100.0);
        }
    };
    view! {
        <div
            class="splitter"
            role="separator"
            tabindex="0"
            node_ref=line
            aria-orientation="horizontal"
            aria-label=move || label.get()
            aria-valuemin="0"
            aria-valuemax="100"
            aria-valuenow=move || format!("{:.0}", share.get())
            data-dragging=move || dragging.get().then_some("")
            on:keydown=by_key
            on:pointerdown=move |event| {
                if let Some(line) = line.get_untracked() {
                    element::capture_pointer(&line, event.pointer_id());
                    dragging.set(true);
                }
            }
            on:pointermove=by_pointer
            on:pointerup=move |_| dragging.set(false)
            on:pointercancel=move |_| dragging.set(false)
        ></div>
    }
}
