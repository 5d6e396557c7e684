//! The files of an inquiry: attached, taken off, downloaded.

use leptos::html;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::records::Attachment;
use wire::{ApiError, Problem};

use super::model::size;
use crate::platform::upload::{self, Failed};
use crate::records::form::Form;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{Button, Icon, Look};

/// Where files go.
const UP: &str = "/api/attachments";
/// The most that the server takes, in bytes.
const MOST: u64 = 20_000_000;

/// 添付ファイル
#[component]
pub(super) fn Attachments() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let inquiries = stores.inquiries;
    let store = inquiries.form;
    let input = NodeRef::<html::Input>::new();
    let send = move |file: upload::Chosen| {
        let of = store.of.get_untracked();
        inquiries.sending.set(Some(file.name()));
        inquiries.refused.set(None);
        spawn_local(async move {
            let answer = upload::send_telling::<Attachment, ApiError>(UP, &file, |_| {}).await;
            inquiries.sending.set(None);
            let words = text.get_untracked();
            match answer {
                // Another inquiry is open by now: the server sweeps the file away.
                Ok(_) if store.of.get_untracked() != of => {}
                Ok(attached) => {
                    let mut files = store.form.with_untracked(|form| form.files().to_vec());
                    files.push(attached);
                    store.set_files(stores, files);
                }
                Err(Failed::Unreachable) => inquiries.refused.set(Some(words.error_network.to_owned())),
                Err(Failed::TooLarge) => {
                    inquiries.refused.set(Some(words.problem(&Problem::TooLarge { max: MOST })));
                }
                Err(Failed::Refused(why)) => inquiries.refused.set(Some(match why {
                    Some(ApiError::Invalid { fields }) if !fields.is_empty() => {
                        fields.iter().map(|field| words.problem(&field.problem)).collect()
                    }
                    Some(why) => words.error(&why),
                    None => words.error_server.to_owned(),
                })),
            }
        });
    };
    let remove = move |at: usize| {
        let mut files = store.form.with_untracked(|form| form.files().to_vec());
        if at < files.len() {
            files.remove(at);
            store.set_files(stores, files);
        }
    };
    let rows = move || {
        let words = text.get();
        let files = store.form.with(|form| form.files().to_vec());
        files
            .into_iter()
            .enumerate()
            .map(|(at, file)| {
                let label = words.remove_file(&file.name);
                view! {
                    <li class="attachment">
                        <a
                            class="attachment-name cut"
                            href=format!("{UP}/{}", file.file)
                            download=file.name.clone()
                            aria-label=words.download_file(&file.name)
                            data-tip=words.download_file(&file.name)
                        >
                            {file.name.clone()}
                        </a>
                        <span class="attachment-size num">{size(file.size)}</span>
                        <Button label=label icon=Icon::X icon_only=true look=Look::Plain on_press=move || remove(at) />
                    </li>
                }
            })
            .collect_view()
    };
    let any = Memo::new(move |_| store.form.with(|form: &Form| !form.files().is_empty()));
    view! {
        <div class="attachments">
            <Show when=move || any.get()>
                <ul aria-label=move || text.get().attachments>{rows}</ul>
            </Show>
            <input
                class="said-only"
                type="file"
                tabindex="-1"
                node_ref=input
                aria-label=move || text.get().attachments
                on:change:target=move |event| {
                    let field = event.target();
                    if let Some(file) = upload::chosen(&field) {
                        send(file);
                    }
                    // The same file can be chosen again after it was taken off.
                    field.set_value("");
                }
            />
            <Button
                label=move || text.get().attach
                icon=Icon::Paperclip
                look=Look::Plain
                busy=Signal::derive(move || inquiries.sending.with(Option::is_some))
                on_press=move || {
                    if let Some(input) = input.get_untracked() {
                        input.click();
                    }
                }
            />
            <p class="record-note" role="status">
                {move || inquiries.sending.get().map(|name| text.get().attaching(name))}
            </p>
            <p class="field-error" role="alert">
                {move || inquiries.refused.get()}
            </p>
        </div>
    }
}
