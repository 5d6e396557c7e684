//! 保留音: what was uploaded, and uploading more.

use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::ApiError;
use wire::settings::{Deletable, Music};

use super::form::Asked;
use super::store::SettingsStore;
use super::upload;
use crate::interactions::span;
use crate::platform::upload::chosen;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{Button, EmptyState, Icon, Kind, Look, Size, TextField, use_toasts};

/// The uploaded music.
#[component]
pub(super) fn MusicPage(
    /// The settings.
    settings: SettingsStore,
) -> impl IntoView {
    let text = use_text();
    let pieces =
        Memo::new(move |_| settings.all.with(|all| all.as_ref().map(|all| all.music.clone()).unwrap_or_default()));
    view! {
        <section class="settings-page settings-form-body">
            <h1>{move || text.get().settings_music}</h1>
            <Upload settings=settings />
            <Show
                when=move || !pieces.with(Vec::is_empty)
                fallback=move || view! { <EmptyState fact=move || text.get().music_empty /> }
            >
                <ul class="music">
                    <For each=move || pieces.get() key=|music| music.id children=move |music| view! { <Piece music=music settings=settings /> } />
                </ul>
            </Show>
        </section>
    }
}

#[component]
fn Upload(
    /// The settings.
    settings: SettingsStore,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let file = NodeRef::<html::Input>::new();
    let file_name = RwSignal::new(None::<String>);
    let name = RwSignal::new(String::new());
    let busy = RwSignal::new(false);
    let wrong = RwSignal::new(None::<ApiError>);
    Effect::new(move || {
        let typed = [file_name.with(Option::is_some), !name.with(String::is_empty)];
        settings.unsaved.set(typed.into_iter().filter(|typed| *typed).count());
    });
    on_cleanup(move || {
        let _ = settings.unsaved.try_set(0);
    });
    let asks = Memo::new(move |_| settings.wants.with(Option::is_some));
    let of = move |field: &'static str| {
        Signal::derive(move || {
            let words = text.get();
            wrong.with(|wrong| match wrong {
                Some(ApiError::Invalid { fields }) => {
                    fields.iter().find(|wrong| wrong.field == field).map(|wrong| words.problem(&wrong.problem))
                }
                Some(_) | None => None,
            })
        })
    };
    let other = move || {
        let words = text.get();
        wrong.with(|wrong| match wrong {
            Some(ApiError::Invalid { .. }) | None => None,
            Some(error) => Some(words.error(error)),
        })
    };
    let file_wrong = of("file");
    let send = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(chosen) = file.get_untracked().as_ref().and_then(chosen) else {
            wrong.set(Some(ApiError::field("file", wire::Problem::Required)));
            return;
        };
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        spawn_local(async move {
            let answer = stores.heard(upload::music(&name.get_untracked(), &chosen).await);
            busy.set(false);
            match answer {
                Ok(()) => {
                    wrong.set(None);
                    name.set(String::new());
                    if let Some(input) = file.get_untracked() {
                        input.set_value("");
                    }
                    file_name.set(None);
                    settings.load(stores);
                    settings.go_on();
                }
                Err(why) => {
                    // What is wrong is to be seen first.
                    settings.wants.set(None);
                    wrong.set(Some(why));
                }
            }
        });
    };
    // The file's own name is a good first name.
    let suggest = move |_| {
        let chosen = file.get_untracked().as_ref().and_then(chosen).map(|chosen| chosen.name());
        if let Some(chosen) = &chosen
            && name.with_untracked(String::is_empty)
        {
            name.set(chosen.rsplit_once('.').map_or(chosen.as_str(), |(stem, _)| stem).to_owned());
        }
        file_name.set(chosen);
    };
    view! {
        <form class="fields" on:submit=send>
            <div class="field">
                <label class="field-label" for="music-file">
                    {move || text.get().music_file}
                </label>
                // The browser's own control speaks the browser's language: it takes focus and keys, and is not drawn.
                <div class="file-field">
                    <input
                        class="said-only"
                        id="music-file"
                        type="file"
                        accept=".wav,audio/wav,audio/x-wav"
                        node_ref=file
                        aria-describedby="music-file-help music-file-wrong"
                        aria-invalid=move || file_wrong.with(Option::is_some).then_some("true")
                        on:change=suggest
                    />
                    <label class="button" data-look="outlined" data-size="form" for="music-file" aria-hidden="true">
                        {move || text.get().music_file_choose}
                    </label>
                    <span class="file-name cut">
                        {move || file_name.get().unwrap_or_else(|| text.get().music_file_none.to_owned())}
                    </span>
                </div>
                <p class="field-help" id="music-file-help">
                    {move || text.get().music_file_help}
                </p>
                <p class="field-error" role="alert" id="music-file-wrong">
                    {move || file_wrong.get()}
                </p>
            </div>
            <TextField label=move || text.get().music_name value=name error=of("name") />
            <p class="field-error" role="alert">
                {other}
            </p>
            <Show when=move || asks.get()>
                <Asked settings=settings busy=busy />
            </Show>
            <div hidden=move || asks.get()>
                <Button
                    label=move || if busy.get() { text.get().music_uploading } else { text.get().music_upload }
                    kind=Kind::Submit
                    look=Look::Accent
                    size=Size::Form
                    icon=Icon::UploadSimple
                    busy=busy
                />
            </div>
        </form>
    }
}

#[component]
fn Piece(
    /// The music.
    music: Music,
    /// The settings.
    settings: SettingsStore,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let toasts = use_toasts();
    let busy = RwSignal::new(false);
    let id = music.id;
    let name = StoredValue::new(music.name.clone());
    let delete = move || {
        busy.set(true);
        spawn_local(async move {
            let answer = stores.heard(wire::settings::delete(Deletable::Music(id)).await);
            let words = text.get_untracked();
            match answer {
                Ok(()) => toasts.say(words.settings_deleted(name.get_value())),
                Err(ApiError::Invalid { .. }) => toasts.say(words.field_in_use),
                Err(error) => toasts.say(words.error(&error)),
            }
            let _ = busy.try_set(false);
            settings.load(stores);
        });
    };
    let length = i64::from(music.seconds) * 1_000;
    view! {
        <li class="music-piece">
            <Icon name=Icon::MusicNotes />
            <span class="cut">{music.name}</span>
            <span class="num">{move || text.get().music_length(span(length))}</span>
            <Button
                label=move || text.get().delete
                icon=Icon::Trash
                look=Look::Plain
                busy=busy
                on_press=delete
            />
        </li>
    }
}
