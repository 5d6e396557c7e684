//! What happened in a call, line by line.

use leptos::prelude::*;
use wire::interactions::CallDetail;

use super::model;
use crate::format;
use crate::text::use_text;

/// The numbered events of a call as sentences, "why me?" among them.
#[component]
pub(crate) fn Timeline(
    /// The call.
    #[prop(into)]
    detail: Signal<CallDetail>,
) -> impl IntoView {
    let text = use_text();
    let lines = move || {
        let words = text.get();
        let language = text.language();
        detail.with(|detail| {
            detail
                .events
                .iter()
                .map(|numbered| {
                    let why = model::why_me(words, detail, &numbered.event);
                    view! {
                        <li class="timeline-line">
                            <time class="timeline-time num">{format::clock_seconds(numbered.at, language)}</time>
                            <div class="timeline-words">
                                <p>{model::sentence(words, detail, &numbered.event)}</p>
                                {why
                                    .map(|why| {
                                        view! {
                                            <p class="timeline-why">
                                                <span class="said-only">{words.why_me} ": "</span>
                                                {why}
                                            </p>
                                        }
                                    })}
                            </div>
                        </li>
                    }
                })
                .collect_view()
        })
    };
    view! {
        <ol class="timeline">
            {lines}
        </ol>
    }
}
