//! Tabs: one of a few views of the same thing.

use leptos::html;
use leptos::prelude::*;

use crate::platform::element;

/// One tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab<K> {
    /// What it stands for.
    pub key: K,
    /// Its word.
    pub label: String,
    /// A count beside the word.
    pub count: Option<u32>,
}

/// A row of tabs; the owner shows the panel, in an element with `role="tabpanel"`.
#[component]
pub fn Tabs<K>(
    /// The name of the row.
    #[prop(into)]
    label: Signal<String>,
    /// The tabs.
    #[prop(into)]
    tabs: Signal<Vec<Tab<K>>>,
    /// The chosen one.
    #[prop(into)]
    chosen: Signal<K>,
    /// Another one was chosen.
    #[prop(into)]
    on_choose: Callback<(K,)>,
) -> impl IntoView
where
    K: Clone + PartialEq + Send + Sync + 'static,
{
    let row = NodeRef::<html::Div>::new();
    let step = move |event: leptos::ev::KeyboardEvent| {
        let list = tabs.get_untracked();
        let now = list.iter().position(|tab| tab.key == chosen.get_untracked()).unwrap_or_default();
        let end = list.len().saturating_sub(1);
        let next = match event.key().as_str() {
            "ArrowRight" => {
                if now == end {
                    0
                } else {
                    now + 1
                }
            }
            "ArrowLeft" => {
                if now == 0 {
                    end
                } else {
                    now - 1
                }
            }
            "Home" => 0,
            "End" => end,
            _ => return,
        };
        event.prevent_default();
        if let Some(tab) = list.get(next) {
            on_choose.run((tab.key.clone(),));
        }
        if let Some(tab) =
            row.get_untracked().and_then(|row| element::all_within(&row, "[role=tab]").into_iter().nth(next))
        {
            element::focus(&tab);
        }
    };
    let each = move || {
        tabs.get()
            .into_iter()
            .map(|Tab { key, label, count }| {
                let selected = {
                    let key = key.clone();
                    Memo::new(move |_| chosen.get() == key)
                };
                view! {
                    <button
                        type="button"
                        class="tab"
                        role="tab"
                        aria-selected=move || if selected.get() { "true" } else { "false" }
                        tabindex=move || if selected.get() { "0" } else { "-1" }
                        on:click=move |_| on_choose.run((key.clone(),))
                    >
                        <span>{label}</span>
                        {count.map(|count| view! { <span class="tab-count num">{count}</span> })}
                    </button>
                }
            })
            .collect_view()
    };
    view! {
        <div class="tabs" role="tablist" node_ref=row aria-label=move || label.get() on:keydown=step>
            {each}
        </div>
    }
}
