//! A question that must be answered before anything else.

use leptos::html;
use leptos::prelude::*;

use super::new_id;

/// A modal dialog by the browser's own element: focus stays inside, Esc asks to close, and focus returns to where it
/// was. Used only for what must stop the agent.
#[component]
pub fn Dialog(
    /// Whether it is open.
    #[prop(into)]
    open: Signal<bool>,
    /// What it asks, in a heading.
    #[prop(into)]
    title: Signal<String>,
    /// Esc was pressed; the owner closes it.
    #[prop(into)]
    on_close: Callback<()>,
    /// The text.
    children: ChildrenFn,
    /// The buttons; the one marked `first` takes the focus.
    #[prop(into)]
    acts: ViewFn,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let title_id = new_id("dialog");
    let named_by = title_id.clone();
    let children = StoredValue::new(children);
    Effect::new(move |_| {
        let Some(dialog) = dialog.get() else { return };
        if open.get() {
            if !dialog.open() {
                // It can only fail where the element is not in the page, and it is.
                drop(dialog.show_modal());
            }
        } else if dialog.open() {
            dialog.close();
        }
    });
    view! {
        <dialog
            class="dialog"
            node_ref=dialog
            aria-labelledby=named_by
            on:cancel=move |event: web_sys::Event| {
                event.prevent_default();
                on_close.run(());
            }
        >
            <h2 class="dialog-title" id=title_id>
                {move || title.get()}
            </h2>
            <Show when=move || open.get()>
                <div class="dialog-body">{children.with_value(|children| children())}</div>
                <div class="dialog-acts">{acts.run()}</div>
            </Show>
        </dialog>
    }
}
