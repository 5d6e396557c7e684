//! Fields of which one or several are chosen: a row of buttons, a list that is narrowed by typing, ticks.

use domain::ids::ChoiceId;
use domain::records::Entered;
use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;

use super::fields::Draw;
use super::model::{Input, Opt, meant};
use crate::platform::{element, text};
use crate::ui::{Choice, MultiSelect};

fn options(draw: Draw) -> Vec<Opt> {
    draw.input(|input| match input {
        Input::Choose { options, .. } => Some(options.clone()),
        Input::Line(..)
        | Input::Long(_)
        | Input::Phones { .. }
        | Input::Tick(_)
        | Input::Masked { .. }
        | Input::Read(_)
        | Input::Clash { .. } => None,
    })
    .unwrap_or_default()
}

fn chosen(draw: Draw) -> Vec<ChoiceId> {
    draw.input(|input| if let Input::Choose { chosen, .. } = input { chosen.clone() } else { Vec::new() })
}

/// 大分類を選ぶと選択できます
fn waits(draw: Draw) -> Option<String> {
    let above = draw.input(|input| if let Input::Choose { waits_for, .. } = input { waits_for.clone() } else { None });
    above.map(|above| draw.text.get().choose_first(above))
}

/// Up to six choices in a row, picked by the pointer, the arrows or their number.
pub(super) fn choice_row(draw: Draw, many: bool) -> AnyView {
    let row = NodeRef::<html::Div>::new();
    let pick = move |id: ChoiceId| {
        let mut now = untrack(|| chosen(draw));
        let was = now.contains(&id);
        if many {
            now.retain(|other| *other != id);
            if !was {
                now.push(id);
            }
            draw.enter(Entered::Choices(now));
        } else {
            // Pressed again, nothing is chosen.
            draw.enter(Entered::Choice((!was).then_some(id)));
        }
    };
    let by_key = move |event: KeyboardEvent| {
        if event.ctrl_key() || event.alt_key() || event.meta_key() || event.is_composing() {
            return;
        }
        let key = event.key();
        let list = untrack(|| options(draw));
        if let Ok(number @ 1..=9) = key.parse::<usize>() {
            if let Some(option) = list.get(number - 1) {
                event.prevent_default();
                pick(option.id);
            }
            return;
        }
        let step = match key.as_str() {
            "ArrowRight" | "ArrowDown" => 1,
            "ArrowLeft" | "ArrowUp" => list.len().saturating_sub(1),
            _ => return,
        };
        let Some(row) = row.get_untracked().filter(|_| !list.is_empty()) else { return };
        event.prevent_default();
        let buttons = element::all_within(&row, "button");
        let at = element::focused().and_then(|focused| buttons.iter().position(|button| *button == focused));
        let next = at.map_or(0, |at| (at + step) % list.len());
        if let Some(button) = buttons.get(next) {
            element::focus(button);
        }
    };
    let button = move |(at, option): (usize, Opt)| {
        let Opt { id, label } = option;
        let on = move || chosen(draw).contains(&id);
        let checked = move || if on() { "true" } else { "false" };
        let stop = move || {
            let now = chosen(draw);
            many || now.contains(&id) || now.is_empty() && at == 0
        };
        view! {
            <button
                type="button"
                class="choice"
                role=(!many).then_some("radio")
                tabindex=move || if stop() { "0" } else { "-1" }
                aria-checked=move || (!many).then(checked)
                aria-pressed=move || many.then(checked)
                on:click=move |_| pick(id)
            >
                <span class="choice-key num" aria-hidden="true">{at + 1}</span>
                <span>{label}</span>
            </button>
        }
    };
    let each = move || options(draw).into_iter().enumerate().collect::<Vec<_>>();
    view! {
        <div
            class="choice-row"
            role=if many { "group" } else { "radiogroup" }
            id=draw.id()
            tabindex="-1"
            node_ref=row
            aria-labelledby=draw.id_of("label")
            aria-required=move || draw.required().filter(|_| !many)
            aria-invalid=move || draw.invalid().filter(|_| !many)
            aria-describedby=move || draw.described_by()
            on:keydown=by_key
        >
            <For each=each key=|(at, option)| (*at, option.id, option.label.clone()) children=button />
            {move || waits(draw).map(|words| view! { <span class="choice-waits">{words}</span> })}
        </div>
    }
    .into_any()
}

/// Many choices, narrowed by typing: part of a word in any kana or width, or first letters.
pub(super) fn combobox(draw: Draw) -> AnyView {
    // What is typed while the list is open.
    let typed = RwSignal::new(None::<String>);
    let active = RwSignal::new(0_usize);
    let input = NodeRef::<html::Input>::new();
    let list = NodeRef::<html::Ul>::new();
    let list_id = draw.id_of("list");
    let label_of_chosen = move || {
        let chosen = chosen(draw);
        options(draw)
            .into_iter()
            .find(|option| chosen.contains(&option.id))
            .map(|option| option.label)
            .unwrap_or_default()
    };
    let shown = Memo::new(move |_| {
        let typed = text::nfkc(&typed.get().unwrap_or_default());
        let mut options = options(draw);
        options.retain(|option| meant(&text::nfkc(&option.label), &typed));
        options
    });
    let open = Memo::new(move |_| typed.with(Option::is_some));
    Effect::new(move |before: Option<bool>| {
        let open = open.get();
        if let (Some(list), Some(input)) = (list.get(), input.get())
            && before.unwrap_or_default() != open
        {
            if open {
                let (of, (_, height)) = (element::place(&input), element::viewport());
                let below = height - of.y - of.height;
                let up = below < 200.0 && of.y > below;
                element::set_style(&list, "--list-x", &format!("{:.0}px", of.x));
                element::set_style(&list, "--list-width", &format!("{:.0}px", of.width));
                element::set_style(&list, "--list-room", &format!("{:.0}px", if up { of.y } else { below } - 12.0));
                let edge = |at: Option<f64>| at.map_or_else(|| "auto".to_owned(), |at| format!("{at:.0}px"));
                element::set_style(&list, "--list-top", &edge((!up).then_some(of.y + of.height + 4.0)));
                element::set_style(&list, "--list-bottom", &edge(up.then_some(height - of.y + 4.0)));
                drop(list.show_popover());
            } else {
                drop(list.hide_popover());
            }
        }
        open
    });
    let show = move || {
        if untrack(|| waits(draw)).is_none() && typed.with_untracked(Option::is_none) {
            active.set(0);
            typed.set(Some(String::new()));
        }
    };
    let close = move || typed.set(None);
    let pick = move |id: Option<ChoiceId>| {
        draw.enter(Entered::Choice(id));
        close();
    };
    let by_key = move |event: KeyboardEvent| {
        if event.is_composing() || event.ctrl_key() || event.alt_key() || event.meta_key() {
            return;
        }
        let count = shown.with_untracked(Vec::len);
        match event.key().as_str() {
            "ArrowDown" | "ArrowUp" if !open.get_untracked() => show(),
            "ArrowDown" if count > 0 => active.update(|at| *at = (*at + 1) % count),
            "ArrowUp" if count > 0 => active.update(|at| *at = (*at + count - 1) % count),
            "Enter" if open.get_untracked() => {
                if let Some(id) =
                    shown.with_untracked(|shown| shown.get(active.get_untracked()).map(|option| option.id))
                {
                    pick(Some(id));
                }
            }
            "Delete" | "Backspace" if !open.get_untracked() => draw.enter(Entered::Choice(None)),
            "Escape" if open.get_untracked() => {
                event.stop_propagation();
                close();
            }
            _ => return,
        }
        event.prevent_default();
    };
    let found = move || shown.get().into_iter().enumerate().collect::<Vec<_>>();
    let option_id = move |at: usize| draw.id_of(&format!("option-{at}"));
    let row = move |(at, option): (usize, Opt)| {
        let id = option.id;
        let selected = move || if chosen(draw).contains(&id) { "true" } else { "false" };
        view! {
            <li
                class="combo-option"
                role="option"
                id=option_id(at)
                aria-selected=selected
                data-active=move || (active.get() == at).then_some("")
                on:pointerdown=move |event| event.prevent_default()
                on:click=move |_| pick(Some(id))
            >
                {option.label}
            </li>
        }
    };
    view! {
        <div class="field-box" data-select="">
            <input
                class="field-input"
                id=draw.id()
                type="text"
                role="combobox"
                autocomplete="off"
                spellcheck="false"
                node_ref=input
                aria-autocomplete="list"
                aria-controls=list_id.clone()
                aria-expanded=move || if open.get() { "true" } else { "false" }
                aria-activedescendant=move || open.get().then(|| option_id(active.get()))
                aria-required=move || draw.required()
                aria-invalid=move || draw.invalid()
                aria-describedby=move || draw.described_by()
                readonly=move || waits(draw).is_some()
                placeholder=move || waits(draw).or_else(|| open.get().then(label_of_chosen)).unwrap_or_default()
                prop:value=move || typed.get().unwrap_or_else(label_of_chosen)
                on:click=move |_| show()
                on:input:target=move |event| {
                    active.set(0);
                    typed.set(Some(event.target().value()));
                }
                on:keydown=by_key
                on:blur=move |_| close()
            />
            <ul class="combo-list" id=list_id role="listbox" popover="manual" node_ref=list aria-labelledby=draw.id_of("label")>
                <For
                    each=found
                    key=|(at, option)| (*at, option.id, option.label.clone())
                    children=row
                />
                <Show when=move || shown.with(Vec::is_empty)>
                    <li class="combo-none">{move || draw.text.get().nothing_matches}</li>
                </Show>
            </ul>
        </div>
    }
    .into_any()
}

/// Any of many: ticks under a line that narrows them.
pub(super) fn tick_list(draw: Draw) -> AnyView {
    let value = RwSignal::new(Vec::<String>::new());
    Effect::new(move || {
        let now: Vec<String> = chosen(draw).iter().map(ToString::to_string).collect();
        if value.with_untracked(|value| *value != now) {
            value.set(now);
        }
    });
    Effect::new(move |before: Option<()>| {
        let now: Vec<ChoiceId> = value.with(|value| value.iter().filter_map(|id| id.parse().ok()).collect());
        let same = untrack(|| chosen(draw)) == now;
        if before.is_some() && !same {
            draw.enter(Entered::Choices(now));
        }
    });
    let choices =
        move || options(draw).into_iter().map(|option| Choice::new(option.id.to_string(), option.label)).collect();
    view! {
        <MultiSelect
            label=move || draw.label()
            value=value
            choices=Signal::derive(choices)
            empty=Signal::derive(move || waits(draw))
            id=draw.id()
        />
    }
    .into_any()
}
