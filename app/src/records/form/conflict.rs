//! A field that two people changed: both values, and neither chosen beforehand (A8).

use leptos::prelude::*;
use wire::records::Stamp;

use super::fields::Draw;
use super::model::{Act, Input};
use crate::format;

/// Two radio rows: mine and theirs, with name and time.
pub(super) fn clash(draw: Draw) -> AnyView {
    let row = move |mine: bool| {
        let both = move || match draw.input(|input| Some(input.clone())) {
            Some(Input::Clash { mine, theirs, chosen }) => Some((mine, theirs, chosen)),
            Some(_) | None => None,
        };
        let value = Memo::new(move |_| both().map(|(own, other, _)| if mine { own } else { other }));
        let checked = move || both().is_some_and(|(_, _, chosen)| chosen == Some(mine));
        let words = move || {
            let none = draw.text.get().none;
            value.get().map(|(text, _)| if text.is_empty() { none.to_owned() } else { text })
        };
        let who = move || {
            value.get().map(|(_, Stamp { at, name, .. })| {
                let time = format::clock_time(at, draw.text.language());
                format!("{} {time}", name.unwrap_or_else(|| "—".to_owned()))
            })
        };
        view! {
            <label class="check clash-row">
                <input
                    type="radio"
                    name=draw.id()
                    prop:checked=checked
                    on:change=move |_| draw.act(Act::Take(draw.key(), mine))
                />
                <span class="clash-value">{words}</span>
                <span class="clash-who">{who}</span>
            </label>
        }
    };
    view! {
        <div class="clash" role="radiogroup" id=draw.id() tabindex="-1" aria-labelledby=draw.id_of("label")>
            {row(true)} {row(false)}
        </div>
    }
    .into_any()
}
