//! Fields that are written: lines, texts, phone numbers, ticks; and those that are only read.

use domain::records::Entered;
use leptos::prelude::*;

use super::fields::Draw;
use super::model::{Act, Input, digits};
use crate::ui::{Button, Icon, Look};

/// One line.
pub(super) fn line(draw: Draw, kind: u8) -> AnyView {
    let (kind, inputmode) = match kind {
        1 => ("text", Some("decimal")),
        2 => ("date", None),
        3 => ("text", Some("tel")),
        4 => ("text", Some("email")),
        _ => ("text", None),
    };
    let numeric = matches!(inputmode, Some("decimal" | "tel")) || kind == "date";
    let beside = (inputmode == Some("tel")).then(|| phone_buttons(draw, Signal::derive(move || draw.value())));
    view! {
        <div class="field-box record-box">
            <input
                class="field-input"
                class:num=numeric
                id=draw.id()
                type=kind
                inputmode=inputmode
                autocomplete="off"
                autocapitalize="off"
                spellcheck="false"
                aria-required=move || draw.required()
                aria-invalid=move || draw.invalid()
                aria-describedby=move || draw.described_by()
                prop:value=move || draw.value()
                on:input:target=move |event| draw.enter(Entered::Text(event.target().value()))
            />
            {beside}
        </div>
    }
    .into_any()
}

/// Several lines; four at first, and as many as are written.
pub(super) fn long_text(draw: Draw) -> AnyView {
    view! {
        <textarea
            class="field-input"
            id=draw.id()
            rows=4
            autocomplete="off"
            aria-required=move || draw.required()
            aria-invalid=move || draw.invalid()
            aria-describedby=move || draw.described_by()
            prop:value=move || draw.value()
            on:input:target=move |event| draw.enter(Entered::Text(event.target().value()))
        ></textarea>
    }
    .into_any()
}

/// Yes or no.
pub(super) fn tick(draw: Draw) -> AnyView {
    view! {
        <label class="check" for=draw.id()>
            <input
                type="checkbox"
                id=draw.id()
                aria-invalid=move || draw.invalid()
                aria-describedby=move || draw.described_by()
                prop:checked=move || draw.input(|input| matches!(input, Input::Tick(true)))
                on:change:target=move |event| draw.enter(Entered::Checked(event.target().checked()))
            />
            <span class="field-label">
                {move || draw.label()}
                {move || draw.required().map(|_| view! { <span class="field-required">" "{draw.text.get().required}</span> })}
            </span>
        </label>
    }
    .into_any()
}

/// What a retired field holds.
pub(super) fn read_only(draw: Draw) -> AnyView {
    let described = move || draw.described_by();
    view! {
        <input class="field-input" id=draw.id() readonly=true aria-describedby=described prop:value=move || draw.value() />
    }
    .into_any()
}

/// `•••• 1234` with an eye for whoever may look, which is written down, and a pencil that replaces it unseen.
pub(super) fn masked(draw: Draw, may_unmask: bool) -> AnyView {
    let key = draw.key();
    view! {
        <div class="field-box record-box">
            <input
                class="field-input num"
                id=draw.id()
                readonly=true
                aria-describedby=move || draw.described_by()
                prop:value=move || draw.value()
            />
            {may_unmask
                .then(|| {
                    view! {
                        <Button
                            label=move || draw.text.get().unmask
                            icon=Icon::Eye
                            icon_only=true
                            look=Look::Plain
                            on_press=move || draw.act(Act::Unmask(key))
                        />
                    }
                })}
            <Button
                label=move || draw.text.get().replace_masked
                icon=Icon::PencilSimple
                icon_only=true
                look=Look::Plain
                on_press=move || draw.act(Act::Replace(key))
            />
        </div>
    }
    .into_any()
}

/// Handset and copy, beside a number; in a form without a dialler there are none.
fn phone_buttons(draw: Draw, number: Signal<String>) -> Option<AnyView> {
    let dial = draw.dial?;
    let nothing = move || number.with(|number| digits(number).is_empty());
    let name = move || {
        let words = draw.text.get();
        if nothing() { words.place_call.to_owned() } else { words.call_this_number(number.get()) }
    };
    let empty = move || nothing().then(|| draw.text.get().enter_destination.to_owned());
    Some(
        view! {
            <Button
                label=name
                icon=Icon::Phone
                icon_only=true
                look=Look::Plain
                why_not=Signal::derive(move || empty().or_else(|| dial.get()))
                on_press=move || draw.act(Act::Dial(number.get_untracked()))
            />
            <Button
                label=move || draw.text.get().copy_number
                icon=Icon::Copy
                icon_only=true
                look=Look::Plain
                why_not=Signal::derive(empty)
                on_press=move || draw.act(Act::Copy(number.with_untracked(|number| digits(number))))
            />
        }
        .into_any(),
    )
}

/// A customer's numbers, one a row, and a button for one more.
pub(super) fn phones(draw: Draw) -> AnyView {
    let more = RwSignal::new(false);
    let rows = move || match draw.input(|input| Some(input.clone())) {
        Some(Input::Phones { rows, locked }) => (rows, locked),
        Some(_) | None => (Vec::new(), 0),
    };
    let count = Memo::new(move |_| {
        let (rows, _) = rows();
        rows.len() + usize::from(rows.is_empty() || more.get())
    });
    let row = move |at: usize| {
        let number = Memo::new(move |_| rows().0.get(at).cloned().unwrap_or_default());
        let locked = Memo::new(move |_| at < rows().1);
        let enter = move |typed: String| {
            let (mut lines, _) = untrack(rows);
            let emptied = typed.is_empty() && at + 1 >= lines.len();
            match lines.get_mut(at) {
                Some(line) => *line = typed,
                None => lines.push(typed),
            }
            more.set(emptied && at > 0);
            draw.enter(Entered::Lines(lines));
        };
        let name = move || (at > 0).then(|| format!("{} {}", draw.label(), at + 1));
        view! {
            <div class="field-box record-box">
                <input
                    class="field-input num"
                    id=if at == 0 { draw.id() } else { draw.id_of(&at.to_string()) }
                    type="text"
                    inputmode="tel"
                    autocomplete="off"
                    readonly=move || locked.get()
                    aria-label=name
                    aria-invalid=move || draw.invalid()
                    aria-describedby=move || draw.described_by()
                    prop:value=move || number.get()
                    on:input:target=move |event| enter(event.target().value())
                />
                {phone_buttons(draw, number.into())}
            </div>
        }
    };
    let can_add = move || !more.get() && rows().0.iter().any(|row| !row.is_empty());
    view! {
        <div class="record-phones">
            <For each=move || 0..count.get() key=|at| *at children=row />
            <Show when=can_add>
                <Button
                    label=move || draw.text.get().add_number
                    icon=Icon::Plus
                    look=Look::Plain
                    on_press=move || {
                        more.set(true);
                        let id = draw.id_of(&count.get_untracked().saturating_sub(1).to_string());
                        request_animation_frame(move || {
                            crate::platform::element::focus_by_id(&id);
                        });
                    }
                />
            </Show>
        </div>
    }
    .into_any()
}
