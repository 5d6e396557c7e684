//! Draws the fields of a form, each by its kind: one renderer for every record.

use domain::records::{Entered, Key};
use leptos::prelude::*;

use super::choices::{choice_row, combobox, tick_list};
use super::conflict::clash;
use super::lines::{line, long_text, masked, phones, read_only, tick};
use super::model::{Act, FieldView, Form, Input, Shape};
use crate::text::{Text, use_text};
use crate::ui::Icon;

/// All fields of a form. What is done in them comes out of `on_act`; the owner gives it to the form.
#[component]
pub(crate) fn FormFields(
    /// The form.
    form: RwSignal<Form>,
    /// What the ids of its fields begin with; unique in the page.
    prefix: &'static str,
    /// What was done.
    #[prop(into)]
    on_act: Callback<(Act,)>,
    /// Why the handset beside phone numbers cannot be pressed now; without this there is none.
    #[prop(optional, into)]
    dial: Option<Signal<Option<String>>>,
) -> impl IntoView {
    let text = use_text();
    let keys = move || {
        let shape = |form: &Form, key: Key| form.view(key).map(|view| (key, view.shape()));
        form.with(|form| form.keys().into_iter().filter_map(|key| shape(form, key)).collect::<Vec<_>>())
    };
    let draw = move |(key, shape): (Key, Shape)| {
        let draw = Draw {
            view: Memo::new(move |_| form.with(|form| form.view(key))),
            id: StoredValue::new(field_id(prefix, key)),
            key,
            on_act,
            dial,
            text,
        };
        draw.field(shape)
    };
    view! {
        <div class="fields record-fields">
            <For each=keys key=|key| *key children=draw />
        </div>
    }
}

/// The id of a field in the page.
pub(crate) fn field_id(prefix: &str, key: Key) -> String {
    format!("{prefix}-{key}")
}

/// What a control needs of its field.
#[derive(Clone, Copy)]
pub(super) struct Draw {
    view: Memo<Option<FieldView>>,
    id: StoredValue<String>,
    key: Key,
    on_act: Callback<(Act,)>,
    pub(super) dial: Option<Signal<Option<String>>>,
    pub(super) text: Text,
}

impl Draw {
    pub(super) fn id(self) -> String {
        self.id.get_value()
    }

    /// The id of one of its texts.
    pub(super) fn id_of(self, part: &str) -> String {
        self.id.with_value(|id| format!("{id}-{part}"))
    }

    pub(super) fn act(self, act: Act) {
        self.on_act.run((act,));
    }

    pub(super) fn enter(self, entered: Entered) {
        self.act(Act::Enter(self.key, entered));
    }

    pub(super) fn key(self) -> Key {
        self.key
    }

    pub(super) fn read<T: Default>(self, read: impl FnOnce(&FieldView) -> T) -> T {
        self.view.with(|view| view.as_ref().map(read).unwrap_or_default())
    }

    pub(super) fn input<T: Default>(self, read: impl FnOnce(&Input) -> T) -> T {
        self.read(|view| read(&view.input))
    }

    pub(super) fn value(self) -> String {
        self.read(FieldView::text)
    }

    pub(super) fn label(self) -> String {
        self.read(|view| view.label(self.text.get()))
    }

    pub(super) fn required(self) -> Option<&'static str> {
        self.read(|view| view.required).then_some("true")
    }

    pub(super) fn invalid(self) -> Option<&'static str> {
        self.read(|view| view.problem.is_some()).then_some("true")
    }

    /// What `aria-describedby` names: all that stands under the field, the error first.
    pub(super) fn described_by(self) -> Option<String> {
        let (problem, below) = self.read(|view| {
            (view.problem.is_some(), !view.help.is_empty() || view.old.is_some() || view.emptied_by.is_some())
        });
        let ids = [problem.then(|| self.id_of("error")), below.then(|| self.id_of("below"))];
        (problem || below).then(|| ids.into_iter().flatten().collect::<Vec<_>>().join(" "))
    }

    /// The field: label, control, and what is said under it.
    fn field(self, shape: Shape) -> AnyView {
        let control = match shape {
            (0..=4, _, _) => line(self, shape.0),
            (5, _, _) => long_text(self),
            (6, _, _) => phones(self),
            (7, _, true) => choice_row(self, shape.1),
            (7, false, false) => combobox(self),
            (7, true, false) => tick_list(self),
            (8, _, _) => tick(self),
            (9, may_unmask, _) => masked(self, may_unmask),
            (10, _, _) => read_only(self),
            (_, _, _) => clash(self),
        };
        let group = matches!(shape, (7, _, true) | (11, _, _));
        let words = move || self.label();
        let required = move || {
            self.required().map(|_| view! { <span class="field-required">" "{self.text.get().required}</span> })
        };
        let label = if matches!(shape, (8, _, _) | (7, true, false)) {
            // It stands beside the tick, or on top of the list.
            ().into_any()
        } else if group {
            view! { <span class="field-label" id=self.id_of("label")>{words}{required}</span> }.into_any()
        } else {
            view! { <label class="field-label" id=self.id_of("label") for=self.id()>{words}{required}</label> }
                .into_any()
        };
        let below = move || {
            let words = self.text.get();
            let (help, old, emptied) = self.read(|view| (view.help.clone(), view.old.clone(), view.emptied_by.clone()));
            (!help.is_empty() || old.is_some() || emptied.is_some()).then(|| {
                view! {
                    <p class="field-help" id=self.id_of("below")>
                        {old.map(|old| view! { <span class="field-old">{words.old_value(old)}</span> })}
                        {emptied.map(|parent| view! { <span role="status">{words.emptied_by(parent)}" "</span> })} {help}
                    </p>
                }
            })
        };
        let error = move || {
            let words = self.text.get();
            self.read(|view| view.problem.clone()).map(|problem| {
                view! {
                    <p class="field-error" id=self.id_of("error")>
                        <Icon name=Icon::Warning />
                        <span>{words.problem(&problem)}</span>
                    </p>
                }
            })
        };
        let changed = move || self.read(|view| view.changed).then_some("");
        view! {
            <div class="field record-field" data-changed=changed>
                {label} {control} {below} {error}
            </div>
        }
        .into_any()
    }
}
