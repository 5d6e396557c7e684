//! The list of a section: search, 新規作成, a row each.

use leptos::prelude::*;

use super::model::{Line, Section, lines};
use super::store::SettingsStore;
use crate::text::use_text;
use crate::ui::{Button, Chip, EmptyState, Icon, Tone};

/// The rows of a section.
#[component]
pub(super) fn SectionList(
    /// Which section.
    section: Section,
    /// The settings.
    settings: SettingsStore,
) -> impl IntoView {
    let text = use_text();
    let search = RwSignal::new(String::new());
    let rows = Memo::new(move |_| {
        let words = text.get();
        let wanted = search.get();
        settings.all.with(|all| all.as_ref().map(|all| lines(words, all, section, &wanted)).unwrap_or_default())
    });
    let empty = Memo::new(move |_| rows.with(Vec::is_empty) && search.with(String::is_empty));
    let help = move || section.empty(text.get()).1.map(str::to_owned);
    view! {
        <section class="settings-list" aria-labelledby="settings-list-title">
            <header class="settings-list-head">
                <h1 class="said-only" id="settings-list-title">
                    {move || section.label(text.get())}
                </h1>
                <input
                    class="field-input"
                    type="search"
                    autocomplete="off"
                    aria-label=move || text.get().search
                    placeholder=move || text.get().search
                    prop:value=move || search.get()
                    on:input:target=move |event| search.set(event.target().value())
                />
                <Button label=move || text.get().create icon=Icon::Plus on_press=move || settings.create() />
            </header>
            <div class="settings-list-body scrolls">
                <Show when=move || empty.get()>
                    <EmptyState fact=move || section.empty(text.get()).0 help=Signal::derive(help) />
                </Show>
                <ul>
                    <For
                        each=move || rows.get()
                        key=|line| (line.id, line.name.clone(), line.summary.clone(), line.state.clone())
                        children=move |line| view! { <Row line=line settings=settings /> }
                    />
                </ul>
            </div>
        </section>
    }
}

#[component]
fn Row(
    /// What it says.
    line: Line,
    /// The settings.
    settings: SettingsStore,
) -> impl IntoView {
    let id = line.id;
    let open = Memo::new(move |_| settings.chosen.get() == Some(id));
    view! {
        <li>
            <button
                type="button"
                class="settings-row"
                aria-current=move || open.get().then_some("true")
                on:click=move |_| settings.open(id)
            >
                <span class="settings-row-name">{line.name}</span>
                <span class="settings-row-summary">{line.summary}</span>
                {line.state.map(|(state, good)| view! { <Chip label=state tone=if good { Tone::Good } else { Tone::Bad } /> })}
            </button>
        </li>
    }
}
