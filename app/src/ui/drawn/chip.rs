//! A small label: a channel, a draft mark, a count.

use leptos::prelude::*;

/// What a chip means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tone {
    /// Says what kind of thing it is.
    #[default]
    Quiet,
    /// Asks for attention.
    Attention,
    /// In order.
    Good,
    /// Out of order.
    Bad,
}

/// A small label.
#[component]
pub fn Chip(
    /// Its word.
    #[prop(into)]
    label: Signal<String>,
    /// What it means.
    #[prop(optional, into)]
    tone: Signal<Tone>,
) -> impl IntoView {
    let tone = move || match tone.get() {
        Tone::Quiet => "quiet",
        Tone::Attention => "attention",
        Tone::Good => "good",
        Tone::Bad => "bad",
    };
    view! {
        <span class="chip" data-tone=tone>
            {move || label.get()}
        </span>
    }
}
