//! 統合: two customers into one, with a way back.

use std::sync::Arc;

use domain::ids::MergeId;
use domain::records::Key;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::ApiError;
use wire::records::Fields;

use super::model::{self, Differs, Row};
use super::page::Question;
use super::store::ListStore;
use crate::shell::{Stores, use_stores};
use crate::text::{Text, use_text};
use crate::ui::{Button, Dialog, Look, Toasts, use_toasts};

/// Asks whose value stays where the two customers differ.
#[component]
pub(super) fn MergeDialog(
    /// The list.
    list: ListStore,
    /// What is asked.
    question: RwSignal<Option<Question>>,
    /// The defined fields.
    fields: RwSignal<Arc<Fields>>,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let toasts = use_toasts();
    let theirs = RwSignal::new(Vec::<Key>::new());
    let busy = RwSignal::new(false);
    let failed = RwSignal::new(None::<ApiError>);
    let open = Memo::new(move |_| question.get() == Some(Question::Merge));
    let close = move || {
        question.set(None);
        theirs.set(Vec::new());
        failed.set(None);
    };
    let pair = move || list.ticked.with(|ticked| <[Row; 2]>::try_from(ticked.clone()).ok());
    let merge = move || {
        let Some([keep, absorb]) = untrack(pair) else { return };
        busy.set(true);
        spawn_local(async move {
            let chosen = theirs.get_untracked();
            let answer = stores.heard(wire::customers::merge(keep.customer, absorb.customer, chosen).await);
            busy.set(false);
            match answer {
                Ok(merged) => {
                    close();
                    list.ticked.set(Vec::new());
                    list.load(stores, false);
                    say_merged(stores, text, toasts, list, merged.id);
                }
                Err(why) => failed.set(Some(why)),
            }
        });
    };
    let body = move || {
        let words = text.get();
        let [keep, absorb] = pair()?;
        let name = |row: &Row| if row.name.is_empty() { words.no_name.to_owned() } else { row.name.clone() };
        let differs = fields.with(|fields| model::differing(&keep, &absorb, fields, words));
        let rows = differs.into_iter().map(|differs| choice(differs, theirs)).collect_view();
        Some(view! {
            <p>{words.lists_merge_pair(name(&keep), name(&absorb))}</p>
            <p class="field-help">{words.lists_merge_says}</p>
            <div class="merge-rows">{rows}</div>
        })
    };
    view! {
        <Dialog
            open=open
            title=move || text.get().lists_merge_title
            on_close=move || close()
            acts=move || {
                view! {
                    <Button label=move || text.get().cancel on_press=close first=true />
                    <Button label=move || text.get().lists_merge_do look=Look::Accent busy=busy on_press=merge />
                }
            }
        >
            {body}
            <p class="field-error" role="alert">
                {move || failed.get().map(|why| text.get().error(&why))}
            </p>
        </Dialog>
    }
}

/// Whose value of a field stays.
fn choice(Differs { key, label, values }: Differs, theirs: RwSignal<Vec<Key>>) -> AnyView {
    let [mine, other] = values;
    let is_theirs = move || theirs.with(|theirs| theirs.contains(&key));
    let option = move |words: String, of_absorbed: bool| {
        view! {
            <label class="check">
                <input
                    type="radio"
                    name=format!("merge-{key}")
                    prop:checked=move || is_theirs() == of_absorbed
                    on:change=move |_| {
                        theirs.update(|theirs| {
                            theirs.retain(|other| *other != key);
                            if of_absorbed {
                                theirs.push(key);
                            }
                        });
                    }
                />
                <span>{words}</span>
            </label>
        }
    };
    view! {
        <fieldset class="merge-row">
            <legend class="field-label">{label}</legend>
            {option(mine, false)}
            {option(other, true)}
        </fieldset>
    }
    .into_any()
}

fn say_merged(stores: Stores, text: Text, toasts: Toasts, list: ListStore, merge: MergeId) {
    toasts.done(text.get_untracked().lists_merged, move || {
        spawn_local(async move {
            let answer = stores.heard(wire::customers::undo_merge(merge).await);
            let words = text.get_untracked();
            match answer {
                Ok(()) => toasts.say(words.lists_merge_undone),
                Err(why) => toasts.say(words.error(&why)),
            }
            list.load(stores, false);
        });
    });
}
