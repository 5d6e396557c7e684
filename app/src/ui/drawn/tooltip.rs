//! The one tooltip of the page.

use core::time::Duration;

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::Element;

use crate::platform::element;

/// After this the pointer is taken to rest.
const REST: Duration = Duration::from_millis(500);
/// For so long the pointer may be on its way from the control to the tooltip.
const WAY: Duration = Duration::from_millis(120);
/// Between the control and its tooltip, in CSS pixels.
const GAP: f64 = 6.0;

/// Shows `data-tip` of the control under the pointer, after half a second, or of the one that has the keyboard's
/// focus, at once; Esc takes it away, and the pointer may rest on it (WCAG 2.2, 1.4.13). Mounted once. What it says is
/// in the control's name or description as well, so that it is not read out twice.
#[component]
pub fn TooltipLayer() -> impl IntoView {
    let bubble = NodeRef::<html::Div>::new();
    let words = RwSignal::new(None::<String>);
    let pending = StoredValue::new(None::<TimeoutHandle>);

    let wait = move |after: Duration, act: Box<dyn FnOnce()>| {
        pending.update_value(|pending| {
            if let Some(earlier) = pending.take() {
                earlier.clear();
            }
            *pending = set_timeout_with_handle(act, after).ok();
        });
    };
    let stop = move || {
        pending.update_value(|pending| {
            if let Some(earlier) = pending.take() {
                earlier.clear();
            }
        });
    };
    let hide = move || {
        stop();
        if words.get_untracked().is_some() {
            words.set(None);
            if let Some(bubble) = bubble.get_untracked() {
                // Already hidden, or gone with its page.
                drop(bubble.hide_popover());
            }
        }
    };
    let show = move |control: &Element| {
        let (Some(tip), Some(bubble)) = (control.get_attribute("data-tip"), bubble.get_untracked()) else { return };
        // The control may have left the page while the pointer rested.
        if !control.is_connected() {
            return;
        }
        words.set(Some(tip));
        bubble.set_text_content(words.get_untracked().as_deref());
        // Already on display: it is only moved.
        drop(bubble.show_popover());
        let (of, own, (width, height)) = (element::place(control), element::place(&bubble), element::viewport());
        let x = (of.x + of.width / 2.0 - own.width / 2.0).clamp(GAP, (width - own.width - GAP).max(GAP));
        let below = of.y + of.height + GAP;
        let y = if below + own.height > height { of.y - own.height - GAP } else { below };
        element::set_style(&bubble, "--tip-x", &format!("{x:.0}px"));
        element::set_style(&bubble, "--tip-y", &format!("{y:.0}px"));
    };
    let control_of = |event: &web_sys::Event| {
        event
            .target()
            .and_then(|target| target.dyn_into::<Element>().ok())
            .and_then(|target| target.closest("[data-tip], .tooltip").ok().flatten())
    };

    let over = window_event_listener(leptos::ev::pointerover, move |event| match control_of(&event) {
        Some(found) if found.class_list().contains("tooltip") => stop(),
        Some(control) => {
            let delay = if words.get_untracked().is_some() { Duration::ZERO } else { REST };
            wait(delay, Box::new(move || show(&control)));
        }
        None => wait(WAY, Box::new(hide)),
    });
    let focused = window_event_listener(leptos::ev::focusin, move |event| {
        match control_of(&event).filter(|control| control.matches(":focus-visible").unwrap_or_default()) {
            Some(control) => show(&control),
            None => hide(),
        }
    });
    let pressed = window_event_listener(leptos::ev::pointerdown, move |_| hide());
    let escaped = window_event_listener(leptos::ev::keydown, move |event| {
        if event.key() == "Escape" {
            hide();
        }
    });
    on_cleanup(move || {
        over.remove();
        focused.remove();
        pressed.remove();
        escaped.remove();
    });

    view! { <div class="tooltip" popover="manual" aria-hidden="true" node_ref=bubble></div> }
}
