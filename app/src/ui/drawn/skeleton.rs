//! A still grey place for what is being loaded. The style shows it only after 150 ms.

use leptos::prelude::*;

/// So many grey lines, named for screen readers.
#[component]
pub fn Skeleton(
    /// 読み込み中
    #[prop(into)]
    label: Signal<String>,
    /// How many lines.
    #[prop(default = 3)]
    lines: usize,
) -> impl IntoView {
    view! {
        <div class="skeleton" role="status">
            <span class="said-only">{move || label.get()}</span>
            {(0..lines).map(|_| view! { <span class="skeleton-line"></span> }).collect_view()}
        </div>
    }
}
