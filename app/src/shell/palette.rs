//! Every action with its key: Ctrl+K (or `?`) opens it, typing narrows it, Enter does it.

use domain::agents::Shown;
use domain::roles::Permission;
use domain::telephony::Command;
use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;

use super::{Stores, use_stores};
use crate::platform::element;
use crate::telephony::{Mode, commands, words};
use crate::text::{Messages, use_text};
use crate::ui::{Button, Dialog};

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Answer,
    Hold,
    HangUp,
    ToggleReady,
    Dial,
    LogIn,
    Go(&'static str),
}

/// A line of the palette.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    act: Act,
    label: String,
    key: &'static str,
    why_not: Option<String>,
}

/// What can be done now, and why not where not.
fn lines(stores: Stores, words: &Messages) -> Vec<Line> {
    let bar = stores.telephony.bar.get();
    let line = |act, label: &str, key, why_not: Option<&str>| Line {
        act,
        label: label.to_owned(),
        key,
        why_not: why_not.map(str::to_owned),
    };
    let why = |able: Result<(), _>| able.err().map(|reason| words::why(words, reason));
    let rings = stores.telephony.offer.with(Option::is_some);
    let (hold, holds) = bar.hold;
    let hold_label = if hold == Command::Resume { words.resume } else { words.hold };
    let ready_label = if bar.mode == Mode::Here(Shown::Ready) { words.state_not_ready } else { words.state_ready };
    let toggles =
        matches!(bar.mode, Mode::Here(Shown::Ready | Shown::NotReady(_) | Shown::Break(_) | Shown::AfterCall));
    let logged_in = matches!(bar.mode, Mode::Here(_));
    let not_ready = if logged_in { words.why_in_call } else { words.why_logged_out };
    let mut lines = vec![
        line(Act::Answer, words.answer, "Alt+A", (!rings).then_some(words.why_no_offer)),
        line(Act::Hold, hold_label, "Alt+P", why(holds)),
        line(Act::HangUp, words.hang_up, "", why(bar.hang_up)),
        line(Act::ToggleReady, ready_label, "Alt+R", (!toggles).then_some(not_ready)),
        line(Act::Dial, words.call, "Alt+C", why(bar.dial)),
    ];
    if bar.mode == Mode::LoggedOut {
        lines.push(line(Act::LogIn, words.log_in, "", None));
    }
    lines.push(line(Act::Go("/"), words.menu_desk, "", None));
    lines.push(line(Act::Go("/calls"), words.menu_calls, "", None));
    lines.push(line(Act::Go("/customers"), words.menu_customers, "", None));
    lines.push(line(Act::Go("/inquiries"), words.menu_inquiries, "", None));
    if stores.session.may(Permission::SeeAllCalls) && !stores.session.may(Permission::Administer) {
        lines.push(line(Act::Go("/alarms"), words.tolls_alarms, "", None));
    }
    lines.push(line(Act::Go("/?customer=new"), words.register_customer, "", None));
    if stores.session.may(Permission::Administer) {
        lines.push(line(Act::Go("/settings"), words.menu_settings, "", None));
    }
    lines
}

/// Whether the key opens the palette: Ctrl+K or Cmd+K anywhere, `?` where nobody types.
fn opens(event: &KeyboardEvent) -> bool {
    let composing = event.is_composing() || event.key_code() == 229;
    let plain = !event.alt_key() && !event.shift_key() && (event.ctrl_key() || event.meta_key());
    !composing && ((plain && event.code() == "KeyK") || (event.key() == "?" && !event.ctrl_key() && !element::typing()))
}

/// The palette.
#[component]
pub(super) fn Palette() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let navigate = StoredValue::new_local(use_navigate());
    let open = RwSignal::new(false);
    let wanted = RwSignal::new(String::new());
    let at = RwSignal::new(0_usize);
    let input = NodeRef::<html::Input>::new();

    let handle = window_event_listener(leptos::ev::keydown, move |event| {
        if opens(&event) && !stores.session.wants_sign_in() {
            event.prevent_default();
            wanted.set(String::new());
            at.set(0);
            open.set(true);
        }
    });
    on_cleanup(move || handle.remove());
    Effect::new(move || {
        if let Some(input) = input.get() {
            request_animation_frame(move || {
                element::focus(&input);
            });
        }
    });

    let found = Memo::new(move |_| {
        let wanted = wanted.get().to_lowercase();
        lines(stores, text.get())
            .into_iter()
            .filter(|line| line.label.to_lowercase().contains(&wanted) || line.key.to_lowercase().contains(&wanted))
            .collect::<Vec<_>>()
    });
    let act = move |line: &Line| {
        if line.why_not.is_some() {
            return;
        }
        open.set(false);
        match line.act {
            Act::Answer => commands::answer(stores),
            Act::Hold => commands::toggle_hold(stores),
            Act::HangUp => commands::command(stores, Command::HangUp),
            Act::ToggleReady => commands::toggle_ready(stores),
            // The dialog gives the focus back to where it was; the dialler takes it after that.
            Act::Dial => request_animation_frame(move || stores.dialler.open_empty(stores)),
            Act::LogIn => stores.start_shift.set(true),
            Act::Go(place) if stores.unsaved.get_untracked() => stores.going.set(Some(place.to_owned())),
            Act::Go(place) => navigate.with_value(|navigate| navigate(place, NavigateOptions::default())),
        }
    };
    let on_key = move |event: KeyboardEvent| {
        let count = found.with(Vec::len);
        match event.key().as_str() {
            "ArrowDown" => at.update(|at| *at = (*at + 1).min(count.saturating_sub(1))),
            "ArrowUp" => at.update(|at| *at = at.saturating_sub(1)),
            "Enter" if !event.is_composing() => {
                if let Some(line) = found.with(|found| found.get(at.get_untracked()).cloned()) {
                    act(&line);
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    let options = move || {
        found
            .get()
            .into_iter()
            .enumerate()
            .map(|(n, line)| {
                let here = Memo::new(move |_| at.get() == n);
                let pressed = line.clone();
                let blocked = line.why_not.is_some();
                view! {
                    <li
                        id=format!("palette-{n}")
                        class="palette-line"
                        role="option"
                        aria-selected=move || if here.get() { "true" } else { "false" }
                        aria-disabled=blocked.then_some("true")
                        on:click=move |_| act(&pressed)
                    >
                        <span>{line.label}</span>
                        {line.why_not.map(|why| view! { <span class="palette-why cut">{why}</span> })}
                        <kbd class="palette-key">{line.key}</kbd>
                    </li>
                }
            })
            .collect_view()
    };
    view! {
        <Dialog
            open=open
            title=move || text.get().shortcuts
            on_close=move || open.set(false)
            acts=move || view! { <Button label=move || text.get().close on_press=move || open.set(false) /> }
        >
            <input
                class="field-input palette-search"
                type="text"
                role="combobox"
                autocomplete="off"
                spellcheck="false"
                node_ref=input
                aria-label=move || text.get().palette_search
                placeholder=move || text.get().palette_search
                aria-expanded="true"
                aria-controls="palette-list"
                aria-activedescendant=move || {
                    (!found.with(Vec::is_empty)).then(|| format!("palette-{}", at.get()))
                }
                prop:value=move || wanted.get()
                on:input:target=move |event| {
                    wanted.set(event.target().value());
                    at.set(0);
                }
                on:keydown=on_key
            />
            <ul class="palette-list" id="palette-list" role="listbox" aria-label=move || text.get().shortcuts>
                {options}
            </ul>
            <p class="field-help" role="status">
                {move || found.with(Vec::is_empty).then(|| text.get().palette_none)}
            </p>
        </Dialog>
    }
}
