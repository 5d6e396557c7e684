//! The softphone's popup: a frame beside the work, never over it by force.

use leptos::html;
use leptos::prelude::*;

use super::{Button, Icon, Look};
use crate::platform::{element, storage};
use crate::text::use_text;
use crate::ui::icon_names;
use crate::ui::place::Spot;

/// How far one arrow key moves it, in CSS pixels.
const STEP: f64 = 16.0;
/// The top row, which it never covers, and the gap to it, in CSS pixels (`--top-row` and `--space-3` in tokens.css).
const TOP: f64 = 64.0;
/// The gap to the window's edge at its first place, in CSS pixels.
const EDGE: f64 = 12.0;

/// Under the bar at the end, and clear of the head of what is there: the heading of a page with its search, and the
/// pane beside a list.
fn first_place() -> Spot {
    let (width, _) = element::viewport();
    let head = element::place_of(".list-head").map_or(TOP, |head| head.y + head.height + EDGE);
    let pane = element::place_of(".list-detail").filter(|pane| pane.x > width / 2.0).map_or(0.0, |pane| width - pane.x);
    Spot { end: pane + EDGE, top: head.max(TOP) }
}

/// A frame that is not modal and takes no focus, can be dragged by its head or moved by the arrow keys, and
/// remembers where it was put.
#[component]
pub fn Popup(
    /// Its name: 着信, 通話, 発信画面.
    #[prop(into)]
    label: Signal<String>,
    /// The line on top: `ringing`, `talking`, `held`, `dialling` or `plain`.
    #[prop(into)]
    state: Signal<&'static str>,
    /// Under which name its place is remembered.
    place: &'static str,
    /// What its head says.
    #[prop(into)]
    head: ViewFn,
    /// Esc was pressed inside.
    #[prop(optional, into)]
    on_escape: Option<Callback<()>>,
    /// The rest.
    children: Children,
) -> impl IntoView {
    let text = use_text();
    let frame = NodeRef::<html::Div>::new();
    let key = format!("madoguchi.place.{place}");
    let key = StoredValue::new(key);
    let remembered = storage::get(&key.get_value()).and_then(|stored| Spot::parse(&stored));
    let spot = RwSignal::new(remembered.unwrap_or_else(first_place));
    // Where in the frame the pointer took hold of it, from the frame's end and upper edges.
    let hold = RwSignal::new(None::<Spot>);

    // Where it was put; a window that shrinks and grows again brings it back there.
    let wanted = StoredValue::new(spot.get_untracked());
    let fit = move || {
        let size = frame.get_untracked().map(|frame| element::place(&frame)).unwrap_or_default();
        spot.set(wanted.get_value().clamped((size.width, size.height), element::viewport(), TOP));
    };
    let put = move |to: Spot| {
        wanted.set_value(to);
        fit();
        wanted.set_value(spot.get_untracked());
    };
    let keep = move || storage::set(&key.get_value(), &wanted.get_value().stored());
    let by_key = move |event: leptos::ev::KeyboardEvent| {
        let Spot { end, top } = spot.get_untracked();
        let to = match event.key().as_str() {
            "ArrowLeft" => Spot { end: end + STEP, top },
            "ArrowRight" => Spot { end: end - STEP, top },
            "ArrowUp" => Spot { end, top: top - STEP },
            "ArrowDown" => Spot { end, top: top + STEP },
            _ => return,
        };
        event.prevent_default();
        put(to);
        keep();
    };
    let take = move |event: leptos::ev::PointerEvent| {
        let on_button = event
            .target()
            .and_then(|target| wasm_bindgen::JsCast::dyn_into::<web_sys::Element>(target).ok())
            .and_then(|target| target.closest("button:not(.popup-grip), a, input, select").ok().flatten())
            .is_some();
        if on_button {
            return;
        }
        // Taking hold must not take the keyboard from where somebody types.
        event.prevent_default();
        let head: web_sys::Element = event_target(&event);
        element::capture_pointer(&head, event.pointer_id());
        let Spot { end, top } = spot.get_untracked();
        hold.set(Some(Spot {
            end: element::viewport().0 - f64::from(event.client_x()) - end,
            top: f64::from(event.client_y()) - top,
        }));
    };
    let drag = move |event: leptos::ev::PointerEvent| {
        if let Some(hold) = hold.get_untracked() {
            put(Spot {
                end: element::viewport().0 - f64::from(event.client_x()) - hold.end,
                top: f64::from(event.client_y()) - hold.top,
            });
        }
    };
    let let_go = move |_: leptos::ev::PointerEvent| {
        if hold.get_untracked().is_some() {
            hold.set(None);
            keep();
        }
    };
    // A smaller window, or a taller content, brings it back into sight.
    let resized = window_event_listener(leptos::ev::resize, move |_| fit());
    on_cleanup(move || resized.remove());
    Effect::new(move |_| {
        if frame.get().is_some() {
            request_animation_frame(fit);
        }
    });

    view! {
        <div
            class="popup"
            role="dialog"
            aria-label=move || label.get()
            node_ref=frame
            data-state=move || state.get()
            data-dragging=move || hold.get().map(|_| "")
            style=("--popup-end", move || format!("{:.0}px", spot.get().end))
            style=("--popup-top", move || format!("{:.0}px", spot.get().top))
            on:keydown=move |event| {
                if event.key() == "Escape" && let Some(on_escape) = on_escape {
                    event.stop_propagation();
                    on_escape.run(());
                }
            }
        >
            <div class="popup-head" on:pointerdown=take on:pointermove=drag on:pointerup=let_go on:pointercancel=let_go>
                <button
                    type="button"
                    class="popup-grip"
                    aria-label=move || text.get().moved_by_keys
                    data-tip=move || text.get().moved_by_keys
                    on:keydown=by_key
                >
                    <Icon name=icon_names::Icon::DotsSixVertical />
                </button>
                <div class="popup-head-words">{move || head.run()}</div>
            </div>
            <div class="popup-body">{children()}</div>
        </div>
    }
}

/// What the head of a popup says when that is a title alone, with a button that closes it.
#[component]
pub fn PopupTitle(
    /// The title.
    #[prop(into)]
    title: Signal<String>,
    /// Closes the popup.
    #[prop(into)]
    on_close: Callback<()>,
) -> impl IntoView {
    let text = use_text();
    view! {
        <span class="cut">{move || title.get()}</span>
        <span class="popup-fold">
            <Button
                label=move || text.get().close
                icon=icon_names::Icon::X
                icon_only=true
                look=Look::Plain
                on_press=on_close
            />
        </span>
    }
}
