//! What the customer hears, in words and loudness.

use leptos::prelude::*;
use wire::demo::{Hears, Phone};

use crate::text::use_text;

/// Silence, in dBFS, as the server counts it.
const SILENCE_DB: f32 = -90.0;

/// The earpiece.
#[component]
pub(super) fn Earpiece(
    /// The phone.
    phone: Memo<Option<Phone>>,
) -> impl IntoView {
    let text = use_text();
    let words = move || {
        let words = text.get();
        phone.with(|phone| match phone.as_ref().map(|phone| phone.hears) {
            Some(Hears::Ringback) => words.demo_hears_ringback,
            Some(Hears::Music) => words.demo_hears_music,
            Some(Hears::Voice) => words.demo_hears_agent,
            Some(Hears::Silence) | None => words.demo_hears_silence,
        })
    };
    let level = move || {
        phone.with(|phone| {
            phone.as_ref().map_or(0.0, |phone| ((phone.level_db - SILENCE_DB) / -SILENCE_DB).clamp(0.0, 1.0))
        })
    };
    view! {
        <div class="demo-hears">
            <span id="demo-hears">{move || text.get().demo_hears}</span>
            <span class="demo-hears-word" role="status" aria-labelledby="demo-hears demo-hears-word" id="demo-hears-word">
                {words}
            </span>
            <meter class="level" min="0" max="1" aria-label=move || text.get().demo_level prop:value=level></meter>
        </div>
    }
}
