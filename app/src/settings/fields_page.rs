//! 顧客情報の項目 and お問合せ情報の項目: the fields of a record in their order, and the form of one beside a form in
//! which it can be tried out.

use domain::ids::FieldId;
use domain::records::{Field, Owner};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::ApiError;
use wire::records::Fields;

use super::field_form::FieldForm;
use super::fields_model::{kind_words, name_of};
use super::store::SettingsStore;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{Button, Chip, EmptyState, Icon, Look, Skeleton, use_toasts};

/// The fields of one kind of record.
#[component]
pub(super) fn FieldsPage(
    /// Whose.
    owner: Owner,
    /// The settings, for the form's frame.
    settings: SettingsStore,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let fields = RwSignal::new(None::<Fields>);
    let failed = RwSignal::new(None::<ApiError>);
    let load = move || {
        spawn_local(async move {
            // The page may be closed by now.
            match stores.heard(wire::records::fields().await) {
                Ok(now) => {
                    drop(failed.try_set(None));
                    drop(fields.try_set(Some(now)));
                }
                Err(why) => drop(failed.try_set(Some(why))),
            }
        });
    };
    Effect::new(move || {
        stores.fields_changed.track();
        load();
    });
    let known = Memo::new(move |_| fields.with(Option::is_some));
    let waiting = move || match failed.get() {
        Some(why) => view! {
            <EmptyState fact=move || text.get().error(&why)>
                <Button label=move || text.get().retry on_press=load />
            </EmptyState>
        }
        .into_any(),
        None => view! { <Skeleton label=move || text.get().loading lines=6 /> }.into_any(),
    };
    let detail = move || match settings.chosen.get() {
        Some(id) => view! { <FieldForm id=FieldId(id) owner=owner fields=fields settings=settings /> }.into_any(),
        None => view! { <EmptyState fact=move || text.get().settings_choose /> }.into_any(),
    };
    view! {
        <Show when=move || known.get() fallback=waiting>
            <FieldList owner=owner fields=fields settings=settings />
            <div class="settings-detail">{detail}</div>
        </Show>
    }
}

/// The fields in their order, the retired ones last.
#[component]
fn FieldList(
    /// Whose.
    owner: Owner,
    /// All fields.
    fields: RwSignal<Option<Fields>>,
    /// The settings.
    settings: SettingsStore,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let toasts = use_toasts();
    let rows = Memo::new(move |_| {
        let mut rows = fields.with(|all| all.as_ref().map(|all| all.of(owner).to_vec()).unwrap_or_default());
        rows.sort_by_key(|field| !field.active);
        rows
    });
    let shift = move |id: FieldId, up: bool| {
        let mut order: Vec<FieldId> = rows.with_untracked(|rows| rows.iter().map(|field| field.id).collect());
        let Some(at) = order.iter().position(|other| *other == id) else { return };
        let Some(to) = (if up { at.checked_sub(1) } else { Some(at + 1).filter(|to| *to < order.len()) }) else {
            return;
        };
        order.swap(at, to);
        spawn_local(async move {
            if let Err(why) = stores.heard(wire::records::order_fields(owner, order).await) {
                toasts.say(text.get_untracked().error(&why));
            }
            stores.fields_changed.update(|n| *n += 1);
        });
    };
    let title = move || {
        let words = text.get();
        match owner {
            Owner::Customer => words.settings_customer_fields,
            Owner::Inquiry => words.settings_inquiry_fields,
        }
    };
    let row = move |field: Field| {
        let id = field.id;
        let open = move || settings.chosen.get() == Some(id.0);
        let summary = {
            let kind = name_of(&field.kind);
            let required = field.required;
            move || {
                let words = text.get();
                let kind = kind_words(words, kind);
                if required { format!("{kind} · {}", words.required) } else { kind.to_owned() }
            }
        };
        let retired = !field.active;
        let chip = move || text.get().field_retired;
        view! {
            <li class="field-row">
                <button
                    type="button"
                    class="settings-row"
                    aria-current=move || open().then_some("true")
                    on:click=move |_| settings.open(id.0)
                >
                    <span class="settings-row-name">{field.label.clone()}</span>
                    <span class="settings-row-summary">{summary}</span>
                    {retired.then(|| view! { <Chip label=chip /> })}
                </button>
                <span class="field-row-moves">
                    <Button
                        label=move || text.get().move_up
                        icon=Icon::ArrowUp
                        icon_only=true
                        look=Look::Plain
                        on_press=move || shift(id, true)
                    />
                    <Button
                        label=move || text.get().move_down
                        icon=Icon::ArrowDown
                        icon_only=true
                        look=Look::Plain
                        on_press=move || shift(id, false)
                    />
                </span>
            </li>
        }
    };
    view! {
        <section class="settings-list" aria-labelledby="settings-list-title">
            <header class="settings-list-head">
                <h1 id="settings-list-title">{title}</h1>
                <Button label=move || text.get().create icon=Icon::Plus on_press=move || settings.create() />
            </header>
            <div class="settings-list-body scrolls">
                <Show when=move || rows.with(Vec::is_empty)>
                    <EmptyState fact=move || text.get().fields_empty />
                </Show>
                <ul>
                    <For
                        each=move || rows.get()
                        key=|field| (field.id, field.label.clone(), name_of(&field.kind), field.required, field.active)
                        children=row
                    />
                </ul>
            </div>
        </section>
    }
}
