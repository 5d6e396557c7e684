//! A table whose rows are reached by the keyboard.

use leptos::html;
use leptos::prelude::*;

use super::Icon;
use crate::platform::element;
use crate::ui::icon_names;

/// By what a table is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sorted {
    /// Smallest first.
    Up,
    /// Largest first.
    Down,
}

/// A column's head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// Its word.
    pub label: String,
    /// Numbers stand at the end edge.
    pub numeric: bool,
    /// Set on the one column that the rows are sorted by.
    pub sorted: Option<Sorted>,
    /// The word is read out only: for the column of the row's acts.
    pub label_hidden: bool,
}

impl Column {
    /// A column of words.
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), ..Self::default() }
    }

    /// A column of numbers.
    pub fn number(label: impl Into<String>) -> Self {
        Self { label: label.into(), numeric: true, ..Self::default() }
    }

    /// The column of the row's acts, at the end.
    pub fn acts(label: impl Into<String>) -> Self {
        Self { label: label.into(), label_hidden: true, ..Self::default() }
    }

    /// Sorted by this one.
    #[must_use]
    pub fn sorted(self, sorted: Sorted) -> Self {
        Self { sorted: Some(sorted), ..self }
    }
}

/// A table with a head that stays in sight: arrows, Home and End move from row to row, Enter opens one, Space ticks
/// it. The cells are the owner's, as `<td>` elements; `data-numeric` on a cell sets numbers to the end edge.
#[component]
pub fn Table<R, K, Key, Cells, View>(
    /// Its name.
    #[prop(into)]
    label: Signal<String>,
    /// The heads.
    #[prop(into)]
    columns: Signal<Vec<Column>>,
    /// The rows; a row that changes gets a new key or is drawn from signals.
    #[prop(into)]
    rows: Signal<Vec<R>>,
    /// What tells rows apart.
    key: Key,
    /// The cells of a row.
    cells: Cells,
    /// The chosen row.
    #[prop(optional, into)]
    chosen: Option<Signal<Option<K>>>,
    /// A row was pressed, or Enter on it.
    #[prop(optional, into)]
    on_open: Option<Callback<(R,)>>,
    /// Space on a row.
    #[prop(optional, into)]
    on_tick: Option<Callback<(R,)>>,
    /// New rows are on their way: the old ones stay, paler.
    #[prop(optional, into)]
    busy: Signal<bool>,
) -> impl IntoView
where
    R: Clone + Send + Sync + 'static,
    K: Clone + Eq + core::hash::Hash + Send + Sync + 'static,
    Key: Fn(&R) -> K + Clone + Send + Sync + 'static,
    Cells: Fn(R) -> View + Clone + Send + Sync + 'static,
    View: IntoView + 'static,
{
    let body = NodeRef::<html::Tbody>::new();
    // One row is in the tab order: the one that had the focus last, else the first.
    let current = RwSignal::new(None::<K>);
    let holder = {
        let key = key.clone();
        // The row that had it may be gone: on another page, or with new words.
        Memo::new(move |_| {
            rows.with(|rows| {
                current
                    .with(|current| rows.iter().map(&key).find(|row| Some(row) == current.as_ref()))
                    .or_else(|| rows.first().map(&key))
            })
        })
    };
    let all = move || body.get_untracked().map(|body| element::all_within(&body, "tr")).unwrap_or_default();
    let step = move |event: leptos::ev::KeyboardEvent| {
        let rows = all();
        let focused = element::focused();
        let Some(now) = rows.iter().position(|row| Some(row) == focused.as_ref()) else { return };
        let last = rows.len().saturating_sub(1);
        let to = match event.key().as_str() {
            "ArrowDown" => (now + 1).min(last),
            "ArrowUp" => now.saturating_sub(1),
            "Home" => 0,
            "End" => last,
            _ => return,
        };
        event.prevent_default();
        if let Some(row) = rows.get(to) {
            element::focus(row);
        }
    };
    let heads = move || {
        columns
            .get()
            .into_iter()
            .map(|Column { label, numeric, sorted, label_hidden }| {
                let icon = sorted.map(|sorted| match sorted {
                    Sorted::Up => icon_names::Icon::ArrowUp,
                    Sorted::Down => icon_names::Icon::ArrowDown,
                });
                let order = sorted.map(|sorted| match sorted {
                    Sorted::Up => "ascending",
                    Sorted::Down => "descending",
                });
                view! {
                    <th scope="col" data-numeric=numeric.then_some("") aria-sort=order>
                        <span class=label_hidden.then_some("said-only")>{label}</span>
                        {icon.map(|icon| view! { <Icon name=icon /> })}
                    </th>
                }
            })
            .collect_view()
    };
    let each = {
        let key = key.clone();
        move |row: R| {
            let this = key(&row);
            let is = move |other: Option<K>, this: &K| other.as_ref() == Some(this);
            let selected = {
                let this = this.clone();
                Memo::new(move |_| chosen.is_some_and(|chosen| is(chosen.get(), &this)))
            };
            let in_tab_order = {
                let this = this.clone();
                Memo::new(move |_| is(holder.get(), &this))
            };
            let drawn = cells(row.clone());
            let row = StoredValue::new(row);
            view! {
                <tr
                    tabindex=move || if in_tab_order.get() { "0" } else { "-1" }
                    data-opens=on_open.map(|_| "")
                    aria-selected=move || chosen.map(|_| if selected.get() { "true" } else { "false" })
                    on:focus=move |_| current.set(Some(this.clone()))
                    on:click=move |event| {
                        let on_control = event
                            .target()
                            .and_then(|target| wasm_bindgen::JsCast::dyn_into::<web_sys::Element>(target).ok())
                            .and_then(|target| target.closest("button, a, input, label").ok().flatten())
                            .is_some();
                        if let Some(on_open) = on_open && !on_control {
                            on_open.run((row.get_value(),));
                        }
                    }
                    on:keydown=move |event| {
                        // Keys on a control inside the row are the control's.
                        if event.target() != event.current_target() {
                            return;
                        }
                        let act = match event.key().as_str() {
                            "Enter" => on_open,
                            " " => on_tick,
                            _ => None,
                        };
                        if let Some(act) = act {
                            event.prevent_default();
                            act.run((row.get_value(),));
                        }
                    }
                >
                    {drawn}
                </tr>
            }
        }
    };
    view! {
        <div class="table-frame scrolls" data-busy=move || busy.get().then_some("")>
            <table class="table" aria-label=move || label.get() aria-busy=move || busy.get().then_some("true")>
                <thead>
                    <tr>{heads}</tr>
                </thead>
                <tbody node_ref=body on:keydown=step>
                    <For each=move || rows.get() key=key children=each />
                </tbody>
            </table>
        </div>
    }
}
