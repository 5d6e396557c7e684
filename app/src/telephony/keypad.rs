//! The twelve keys of a telephone.

use leptos::prelude::*;

use crate::text::use_text;

/// The keys with the letters that telephones print on them (ITU-T E.161 §3).
const KEYS: [(char, &str); 12] = [
    ('1', ""),
    ('2', "ABC"),
    ('3', "DEF"),
    ('4', "GHI"),
    ('5', "JKL"),
    ('6', "MNO"),
    ('7', "PQRS"),
    ('8', "TUV"),
    ('9', "WXYZ"),
    ('*', ""),
    ('0', "+"),
    ('#', ""),
];

/// Twelve keys.
#[component]
pub(super) fn Keypad(
    /// One was pressed.
    on_key: impl Fn(char) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let text = use_text();
    view! {
        <div class="keypad" role="group" aria-label=move || text.get().keypad>
            {KEYS
                .into_iter()
                .map(|(key, letters)| {
                    let name = move || match key {
                        '*' => text.get().digit_star.to_owned(),
                        '#' => text.get().digit_hash.to_owned(),
                        digit => digit.to_string(),
                    };
                    // No letters belong under these two.
                    let symbol = match key {
                        '*' => Some("star"),
                        '#' => Some("hash"),
                        _ => None,
                    };
                    view! {
                        <button type="button" class="keypad-key" data-symbol=symbol aria-label=name on:click=move |_| on_key(key)>
                            <span class="num" aria-hidden="true">
                                {key}
                            </span>
                            <span class="keypad-letters" aria-hidden="true">
                                {letters}
                            </span>
                        </button>
                    }
                })
                .collect_view()}
        </div>
    }
}
