//! What every form of the settings has: its heading, the summary of what is wrong, the save row, and the dangerous act
//! at its end.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::ApiError;
use wire::settings::Deletable;

use super::model::Draft;
use super::store::SettingsStore;
use crate::format;
use crate::platform::element;
use crate::shell::{Stores, use_stores};
use crate::text::{Messages, use_text};
use crate::ui::{Button, Dialog, ErrorSummary, FieldError, Kind, Look, Size, use_toasts};

/// The button that takes the focus when the form asks about what is not saved.
const ASKED_SAVE: &str = "settings-asked-save";

/// The state of one form: what is stored, what is typed, how saving goes.
pub(super) struct FormState<T: Send + Sync + 'static> {
    /// What the server has.
    pub(super) stored: RwSignal<T>,
    /// What is typed, as it would be saved.
    pub(super) draft: Memo<T>,
    /// Whether the row exists at the server.
    pub(super) exists: RwSignal<bool>,
    /// What the last try to save came to, if to nothing.
    pub(super) wrong: RwSignal<Option<ApiError>>,
    /// Saving is under way.
    pub(super) busy: RwSignal<bool>,
    /// When it was last saved here.
    pub(super) saved_at: RwSignal<Option<domain::time::Timestamp>>,
}

impl<T: Send + Sync + 'static> Clone for FormState<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for FormState<T> {}

impl<T: Draft + Clone + PartialEq + Send + Sync + 'static> FormState<T> {
    /// A form over a stored row, or over one to be made. `typed` reads the fields.
    pub(super) fn new(stored: T, exists: bool, typed: impl Fn() -> T + Send + Sync + 'static) -> Self {
        Self {
            stored: RwSignal::new(stored),
            draft: Memo::new(move |_| typed()),
            exists: RwSignal::new(exists),
            wrong: RwSignal::new(None),
            busy: RwSignal::new(false),
            saved_at: RwSignal::new(None),
        }
    }

    /// How many fields are changed and not saved.
    pub(super) fn changes(self) -> usize {
        self.stored.with(|stored| self.draft.with(|draft| draft.changes_from(stored)))
    }

    /// Saves the draft; what is typed stays, whatever comes of it.
    pub(super) fn save<F>(
        self,
        stores: Stores,
        settings: SettingsStore,
        send: impl FnOnce(T) -> F + 'static,
        after: impl FnOnce(&T) + 'static,
    ) where
        F: Future<Output = Result<T, ApiError>> + 'static,
    {
        if self.busy.get_untracked() {
            return;
        }
        self.busy.set(true);
        let typed = self.draft.get_untracked();
        let mut draft = typed.clone();
        self.stored.with_untracked(|stored| draft.take_version(stored));
        spawn_local(async move {
            let answer = stores.heard(send(draft).await);
            self.busy.set(false);
            match answer {
                Ok(kept) => {
                    self.wrong.set(None);
                    self.exists.set(true);
                    self.saved_at.set(Some(stores.clock.now()));
                    // What was typed meanwhile stays, and counts as a change.
                    if self.draft.get_untracked() == typed {
                        after(&kept);
                    }
                    self.stored.set(kept);
                    settings.creating.set(false);
                    settings.load(stores);
                    settings.go_on();
                }
                Err(why) => {
                    // What is wrong is to be seen first.
                    settings.wants.set(None);
                    self.wrong.set(Some(why));
                }
            }
        });
    }

    /// What is wrong with the field of this name.
    pub(super) fn error_of(self, name: &'static str) -> Signal<Option<String>> {
        let text = use_text();
        Signal::derive(move || {
            let words = text.get();
            self.wrong.with(|wrong| match wrong {
                Some(ApiError::Invalid { fields }) => {
                    fields.iter().find(|field| field.field == name).map(|field| words.problem(&field.problem))
                }
                Some(_) | None => None,
            })
        })
    }
}

/// A field's name in the input's struct, and its label.
pub(super) type Labels = fn(&Messages) -> Vec<(&'static str, &'static str)>;

/// The id of the field of this name.
pub(super) fn field_id(name: &str) -> String {
    format!("setting-{name}")
}

/// The frame around a form's fields.
#[component]
pub(super) fn FormFrame<T>(
    /// The form.
    form: FormState<T>,
    /// The settings, to be read anew after a deletion.
    settings: SettingsStore,
    /// What is being set up, as it is called.
    #[prop(into)]
    title: Signal<String>,
    /// The labels of the fields, for the summary of what is wrong.
    labels: Labels,
    /// Saves.
    #[prop(into)]
    on_save: Callback<()>,
    /// Puts the stored values back into the fields.
    #[prop(into)]
    on_undo: Callback<()>,
    /// How to delete it, where it can be deleted.
    #[prop(optional_no_strip)]
    deletable: Option<Deletable>,
    /// The fields.
    children: Children,
) -> impl IntoView
where
    T: Draft + Clone + PartialEq + Send + Sync + 'static,
{
    let text = use_text();
    let changes = Memo::new(move |_| form.changes());
    Effect::new(move || {
        settings.unsaved.set(changes.get());
        if changes.get() == 0 {
            settings.wants.set(None);
        }
    });
    on_cleanup(move || {
        let _ = settings.unsaved.try_set(0);
    });
    let asks = Memo::new(move |_| settings.wants.with(Option::is_some));
    Effect::new(move || {
        if asks.get() {
            request_animation_frame(|| {
                element::focus_by_id(ASKED_SAVE);
            });
        }
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        on_save.run(());
    };
    let errors = move || {
        let words = text.get();
        form.wrong.with(|wrong| match wrong {
            Some(ApiError::Invalid { fields }) => {
                let labels = labels(words);
                fields
                    .iter()
                    .map(|field| {
                        let label = labels.iter().find(|(name, _)| *name == field.field).map(|(_, label)| *label);
                        FieldError {
                            field: field_id(&field.field),
                            label: label.unwrap_or(field.field.as_str()).to_owned(),
                            words: words.problem(&field.problem),
                        }
                    })
                    .collect()
            }
            Some(_) | None => Vec::new(),
        })
    };
    let heading = move || text.get().error_summary(errors().len());
    let other = move || {
        let words = text.get();
        form.wrong.with(|wrong| match wrong {
            Some(ApiError::Invalid { .. }) | None => None,
            Some(error) => Some(words.error(error)),
        })
    };
    let state = move || {
        let words = text.get();
        match (changes.get(), form.saved_at.get()) {
            (0, Some(at)) => words.saved_at(format::clock_time(at, text.language())),
            (0, None) => String::new(),
            (count, _) => words.unsaved_changes(count),
        }
    };
    view! {
        <form class="settings-form" on:submit=submit>
            <div class="settings-form-body">
                <h2>{move || title.get()}</h2>
                <ErrorSummary heading=heading errors=Signal::derive(errors) />
                <p class="field-error" role="alert">
                    {other}
                </p>
                <div class="fields">{children()}</div>
                {move || {
                    deletable
                        .filter(|_| form.exists.get())
                        .map(|what| view! { <Danger what=what title=title settings=settings /> })
                }}
            </div>
            <div class="settings-save" data-shown=move || (changes.get() > 0).then_some("")>
                <Show
                    when=move || asks.get()
                    fallback=move || {
                        view! {
                            <span role="status">{state}</span>
                            <Show when=move || changes.get() != 0>
                                <Button label=move || text.get().undo size=Size::Form on_press=move || {
                                    form.wrong.set(None);
                                    on_undo.run(());
                                } />
                            </Show>
                            <Button
                                label=move || text.get().save
                                look=Look::Accent
                                size=Size::Form
                                kind=Kind::Submit
                                busy=form.busy
                            />
                        }
                    }
                >
                    <Asked settings=settings busy=form.busy />
                </Show>
            </div>
        </form>
    }
}

/// The question about what is not saved, in the place of the save row: 保存, 破棄, 戻る.
#[component]
pub(super) fn Asked(
    /// The settings.
    settings: SettingsStore,
    /// Saving is under way.
    busy: RwSignal<bool>,
) -> impl IntoView {
    let text = use_text();
    view! {
        <div
            class="settings-asked"
            role="group"
            aria-labelledby="settings-asked"
            on:keydown=move |event| {
                if event.key() == "Escape" {
                    event.stop_propagation();
                    settings.stay();
                }
            }
        >
            <span id="settings-asked" role="alert">
                {move || text.get().unsaved_ask}
            </span>
            <Button label=move || text.get().back size=Size::Form on_press=move || settings.stay() />
            <Button label=move || text.get().discard size=Size::Form on_press=move || settings.go_on() />
            <Button
                label=move || text.get().save
                look=Look::Accent
                size=Size::Form
                kind=Kind::Submit
                busy=busy
                id=ASKED_SAVE
            />
        </div>
    }
}

/// Deleting, with what will happen written out, and a question: it cannot be undone.
#[component]
fn Danger(
    /// What.
    what: Deletable,
    /// What it is called.
    title: Signal<String>,
    /// The settings, to be read anew.
    settings: SettingsStore,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let toasts = use_toasts();
    let asking = RwSignal::new(false);
    let wrong = RwSignal::new(None::<ApiError>);
    let delete = move || {
        asking.set(false);
        spawn_local(async move {
            let name = title.get_untracked();
            match stores.heard(wire::settings::delete(what).await) {
                Ok(()) => {
                    toasts.say(text.get_untracked().settings_deleted(name));
                    settings.close();
                    settings.load(stores);
                }
                Err(why) => wrong.set(Some(why)),
            }
        });
    };
    let says = move || {
        let words = text.get();
        wrong.with(|wrong| match wrong {
            Some(ApiError::Invalid { .. }) => Some(words.field_in_use.to_owned()),
            Some(error) => Some(words.error(error)),
            None => None,
        })
    };
    view! {
        <div class="settings-danger">
            <p>{move || text.get().settings_delete_help}</p>
            <Button label=move || text.get().delete look=Look::Danger size=Size::Form on_press=move || asking.set(true) />
            <p class="field-error" role="alert">
                {says}
            </p>
            <Dialog
                open=asking
                title=move || text.get().settings_delete_title(title.get())
                on_close=move || asking.set(false)
                acts=move || {
                    view! {
                        <Button label=move || text.get().delete look=Look::Danger on_press=delete />
                        <Button label=move || text.get().cancel first=true on_press=move || asking.set(false) />
                    }
                }
            >
                <p>{move || text.get().settings_delete_help}</p>
            </Dialog>
        </div>
    }
}
