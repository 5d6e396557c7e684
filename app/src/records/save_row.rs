//! What stands around the fields of a record: the heading with the mark of the draft, what went wrong, the save row.

use leptos::prelude::*;
use wire::ApiError;

use super::FormStore;
use super::form::Form;
use super::form::fields_id;
use crate::format;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{Button, Chip, ErrorSummary, FieldError, Look, Tone, use_toasts};

/// The heading: its words, what the pane adds, and 下書き 14:02.
#[component]
pub(crate) fn FormHead(
    /// The form.
    store: FormStore,
    /// 顧客情報, お問合せ情報
    #[prop(into)]
    title: Signal<String>,
    /// What stands at its end.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let draft = move || {
        let at = store.of.get().and_then(|of| stores.records.drafted_at(of));
        at.filter(|_| store.form.with(Form::is_dirty)).map(|at| {
            let time = format::clock_time(at, text.language());
            view! { <Chip label=text.get().draft_at(time) tone=Signal::stored(Tone::Attention) /> }
        })
    };
    view! {
        <header class="pane-head record-head" data-marked=move || store.marked.get().then_some("")>
            <h2>{move || title.get()}</h2>
            {draft}
            <span class="record-head-end">{children.map(|children| children())}</span>
        </header>
    }
}

/// What keeps the form from being saved: wrong fields in a summary that jumps, somebody else's values, the line.
#[component]
pub(crate) fn FormTroubles(
    /// The form.
    store: FormStore,
    /// What the ids of its fields begin with.
    prefix: &'static str,
) -> impl IntoView {
    let text = use_text();
    let errors = move || {
        let words = text.get();
        let line = |view: super::form::model::FieldView| FieldError {
            field: fields_id(prefix, view.key),
            label: view.label(words),
            words: view.problem.as_ref().map(|problem| words.problem(problem)).unwrap_or_default(),
        };
        store.form.with(|form| form.problems().into_iter().map(line).collect::<Vec<_>>())
    };
    let shown = Memo::new(move |_| errors());
    let other = move || {
        let words = text.get();
        if store.form.with(Form::in_conflict) {
            let name = store.form.with(|form| form.updated().and_then(|stamp| stamp.name.clone()));
            return Some(words.saved_first(name.as_deref().unwrap_or(words.somebody)));
        }
        let known = shown.with(|shown| !shown.is_empty());
        let trouble = store.trouble.get().filter(|why| !(known && matches!(why, ApiError::Invalid { .. })));
        trouble.map(|why| words.error(&why))
    };
    view! {
        <ErrorSummary
            heading=Signal::derive(move || text.get().error_summary(shown.with(Vec::len)))
            errors=Signal::derive(move || shown.get())
        />
        <p class="field-error" role="alert">
            {other}
        </p>
    }
}

/// 保存, 元に戻す, and what became of it.
#[component]
pub(crate) fn SaveRow(
    /// The form.
    store: FormStore,
    /// 保存
    #[prop(into)]
    on_save: Callback<()>,
    /// Why it cannot be saved, for a reason that the form does not know.
    #[prop(optional, into)]
    why_not: Signal<Option<String>>,
    /// What saving will do, where that is not plain.
    #[prop(optional, into)]
    hint: Signal<Option<String>>,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let toasts = use_toasts();
    let form = store.form;
    let dirty = Memo::new(move |_| form.with(Form::is_dirty));
    let why_not = move || {
        let words = text.get();
        let (can, choose, exists) = form.with(|form| (form.can_save(), form.must_choose(), form.version().is_some()));
        match (choose, can) {
            (true, _) => Some(words.choose_values.to_owned()),
            (false, true) => why_not.get(),
            (false, false) => Some(if exists { words.nothing_changed } else { words.nothing_entered }.to_owned()),
        }
    };
    let says = move || {
        let words = text.get();
        let unsent = store.of.get().is_some_and(|of| stores.records.is_unsent(of)) && !stores.line.is_up();
        match (unsent, dirty.get(), store.saved_at.get()) {
            (true, _, _) if stores.records.would_be_lost() => words.draft_unkept.to_owned(),
            (true, _, _) => words.draft_local.to_owned(),
            (false, false, Some(at)) => words.saved_at(format::clock_time(at, text.language())),
            (false, _, _) => hint.get().unwrap_or_default(),
        }
    };
    view! {
        <footer class="save-row">
            <span class="save-says" role="status">
                {says}
            </span>
            <Show when=move || dirty.get()>
                <Button label=move || text.get().undo look=Look::Plain on_press=move || store.discard(stores, text, toasts) />
            </Show>
            <Button
                label=move || text.get().save
                look_now=Signal::derive(move || if dirty.get() { Look::Accent } else { Look::Outlined })
                busy=store.busy
                key_hint="Ctrl+Enter"
                why_not=Signal::derive(why_not)
                on_press=on_save
            />
        </footer>
    }
}
