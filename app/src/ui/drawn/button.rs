//! A button.

use leptos::prelude::*;

use super::{Icon, new_id};
use crate::platform::clock::page_ms;
use crate::ui::icon_names;

/// For how long a press does nothing after a guarded button appears or changes its meaning, in milliseconds.
const GUARD_MS: f64 = 300.0;

/// How a button looks, by what it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Look {
    /// The one main act of a pane: 保存, 送信.
    Accent,
    /// Any other act.
    #[default]
    Outlined,
    /// An act in a row of tools.
    Plain,
    /// 応答, 電話をかける: nothing else is green.
    Answer,
    /// 拒否, 切断, deleting for good: nothing else is red.
    Danger,
    /// A tile of the call popup: the icon over the word.
    Tile,
}

/// How high it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Size {
    /// 32 px, at the desk.
    #[default]
    Desk,
    /// 36 px, in settings and at sign-in.
    Form,
    /// 40 px: answer, decline, the main act of a popup.
    Primary,
}

/// What pressing does in a form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Nothing by itself.
    #[default]
    Button,
    /// Sends the form.
    Submit,
}

/// A button. What cannot be pressed now stays in place and in the tab order, and says why.
#[expect(clippy::fn_params_excessive_bools, reason = "the properties of a component are named where it is used")]
#[component]
pub fn Button(
    /// The word on it, and its name.
    #[prop(into)]
    label: Signal<String>,
    /// What pressing does; a submit button may leave it to its form.
    #[prop(optional, into)]
    on_press: Option<Callback<()>>,
    /// How it looks.
    #[prop(optional)]
    look: Look,
    /// How it looks where that changes: 切断 is red only during a call. Goes before `look`.
    #[prop(optional, into)]
    look_now: Option<Signal<Look>>,
    /// How high it is.
    #[prop(optional)]
    size: Size,
    /// What it does in a form.
    #[prop(optional)]
    kind: Kind,
    /// Its icon.
    #[prop(optional, into)]
    icon: MaybeProp<icon_names::Icon>,
    /// Draws only the icon; the word becomes name and tooltip.
    #[prop(optional)]
    icon_only: bool,
    /// The longest word that it will ever carry, whose width it keeps.
    #[prop(optional, into)]
    widest: MaybeProp<String>,
    /// Why it cannot be pressed now.
    #[prop(optional, into)]
    why_not: Signal<Option<String>>,
    /// Work is under way: presses do nothing, the word stays.
    #[prop(optional, into)]
    busy: Signal<bool>,
    /// Whether it is down, for one that stays down.
    #[prop(optional, into)]
    pressed: Option<Signal<bool>>,
    /// Whether what it opens is open.
    #[prop(optional, into)]
    expanded: Option<Signal<bool>>,
    /// The key that does the same, as it is shown: `Alt+A`.
    #[prop(optional, into)]
    key_hint: MaybeProp<String>,
    /// Ignores presses for 300 ms after it appears and after its word changes.
    #[prop(optional)]
    guarded: bool,
    /// Takes the whole width.
    #[prop(optional)]
    wide: bool,
    /// Takes the focus when its dialog opens.
    #[prop(optional)]
    first: bool,
    /// An id, for labels and tests of layout.
    #[prop(optional, into)]
    id: Option<String>,
) -> impl IntoView {
    let reason_id = new_id("why");
    let quiet_until = StoredValue::new(0.0_f64);
    if guarded {
        Effect::new(move |_| {
            label.track();
            quiet_until.set_value(page_ms() + GUARD_MS);
        });
    }
    let press = move |event: leptos::ev::MouseEvent| {
        let deaf = guarded && page_ms() < quiet_until.get_value();
        if deaf || busy.get_untracked() || why_not.with_untracked(Option::is_some) {
            event.prevent_default();
            event.stop_propagation();
        } else if let Some(on_press) = on_press {
            on_press.run(());
        }
    };
    let tip = move || {
        let reason = why_not.get();
        let key = key_hint.get();
        match (reason, key) {
            (Some(reason), _) => Some(reason),
            (None, Some(key)) => Some(format!("{} ({key})", label.get())),
            (None, None) => icon_only.then(|| label.get()),
        }
    };
    let draws_icon = move || {
        icon.get().map(|name| view! { <Icon name=name large=matches!(size, Size::Primary) || look == Look::Tile /> })
    };
    let look = move || match look_now.map_or(look, |now| now.get()) {
        Look::Accent => "accent",
        Look::Outlined => "outlined",
        Look::Plain => "plain",
        Look::Answer => "answer",
        Look::Danger => "danger",
        Look::Tile => "tile",
    };
    let size = match size {
        Size::Desk => "desk",
        Size::Form => "form",
        Size::Primary => "primary",
    };
    let described_by = reason_id.clone();
    view! {
        <button
            type=match kind {
                Kind::Button => "button",
                Kind::Submit => "submit",
            }
            class="button"
            id=id
            data-look=look
            data-size=size
            data-wide=wide.then_some("")
            data-icon-only=icon_only.then_some("")
            autofocus=first
            aria-label=move || icon_only.then(|| label.get())
            aria-disabled=move || why_not.with(Option::is_some).then_some("true")
            aria-describedby=move || why_not.with(Option::is_some).then(|| described_by.clone())
            aria-busy=move || busy.get().then_some("true")
            aria-pressed=move || pressed.map(|pressed| if pressed.get() { "true" } else { "false" })
            aria-expanded=move || expanded.map(|expanded| if expanded.get() { "true" } else { "false" })
            aria-keyshortcuts=move || key_hint.get()
            data-tip=tip
            on:click=press
        >
            {draws_icon}
            {(!icon_only)
                .then(|| {
                    view! {
                        <span class="button-words">
                            <span>{move || label.get()}</span>
                            {move || widest.get().map(|widest| view! { <span class="button-widest" aria-hidden="true">{widest}</span> })}
                        </span>
                    }
                })}
        </button>
        <span hidden id=reason_id>
            {move || why_not.get()}
        </span>
    }
}
