//! Short notes about what happened off-screen, and the way back from what was just done.

use core::time::Duration;
use std::sync::Arc;

use leptos::prelude::*;

use super::{Button, Look};
use crate::text::use_text;

/// How long a toast stays.
const STAYS: Duration = Duration::from_secs(6);

type Undo = Arc<dyn Fn() + Send + Sync>;

#[derive(Clone)]
struct Toast {
    number: u32,
    words: String,
    /// Not a callback: those go with the button that was pressed, and this outlives it.
    undo: Option<Undo>,
}

/// Shows toasts: one at a time, the newest.
#[derive(Clone, Copy)]
pub struct Toasts(RwSignal<Option<Toast>>, StoredValue<u32>);

impl Toasts {
    /// Says something.
    pub fn say(self, words: impl Into<String>) {
        self.put(words.into(), None);
    }

    /// Says what was done, and offers 元に戻す.
    pub fn done(self, words: impl Into<String>, undo: impl Fn() + Send + Sync + 'static) {
        self.put(words.into(), Some(Arc::new(undo)));
    }

    /// Takes the toast away.
    pub fn clear(self) {
        self.0.set(None);
    }

    fn put(self, words: String, undo: Option<Undo>) {
        self.1.update_value(|number| *number = number.wrapping_add(1));
        self.0.set(Some(Toast { number: self.1.get_value(), words, undo }));
    }
}

/// Makes toasts known to everything below; called once, where the desk is mounted.
pub fn provide_toasts() -> Toasts {
    let toasts = Toasts(RwSignal::new(None), StoredValue::new(0));
    provide_context(toasts);
    toasts
}

/// The toasts of the desk.
///
/// # Panics
/// Where [`provide_toasts`] was not called: a slip in the page's mount, seen on its first start.
pub fn use_toasts() -> Toasts {
    expect_context::<Toasts>()
}

/// Where toasts appear: bottom centre. Mounted once.
#[component]
pub fn ToastLayer() -> impl IntoView {
    let text = use_text();
    let toasts = use_toasts();
    let held = RwSignal::new(false);
    Effect::new(move |_| {
        // Runs anew, with the whole time, for each toast and whenever the pointer or the focus leaves it.
        let shown = toasts.0.with(|toast| toast.as_ref().map(|toast| toast.number));
        if let Some(number) = shown
            && !held.get()
        {
            let timeout = set_timeout_with_handle(
                move || {
                    if toasts.0.with_untracked(|toast| toast.as_ref().is_some_and(|toast| toast.number == number)) {
                        toasts.clear();
                    }
                },
                STAYS,
            );
            on_cleanup(move || {
                if let Ok(timeout) = timeout {
                    timeout.clear();
                }
            });
        }
    });
    let content = move || {
        toasts.0.get().map(|Toast { number: _, words, undo }| {
            view! {
                <div
                    class="toast"
                    on:pointerenter=move |_| held.set(true)
                    on:pointerleave=move |_| held.set(false)
                    on:focusin=move |_| held.set(true)
                    on:focusout=move |_| held.set(false)
                >
                    <span>{words}</span>
                    {undo
                        .map(|undo| {
                            view! {
                                <Button
                                    label=move || text.get().undo
                                    look=Look::Plain
                                    on_press=move || {
                                        held.set(false);
                                        toasts.clear();
                                        undo();
                                    }
                                />
                            }
                        })}
                </div>
            }
        })
    };
    view! {
        <div class="toast-layer" role="status">
            {content}
        </div>
    }
}
