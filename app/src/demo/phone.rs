//! The telephone itself.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use wire::ApiError;
use wire::demo::{Act, Phone, PhoneState};

use super::level::Earpiece;
use crate::format::typed;
use crate::text::use_text;
use crate::ui::{Button, Choice, Icon, Kind, Look, SelectField, Size, Switch, Timer};

/// Busy Here, Decline, Not Found (RFC 3261 §21.4, §21.6).
const BUSY: u16 = 486;
const DECLINED: u16 = 603;
const UNKNOWN: u16 = 404;

/// The choice of 自分の番号 that lets any number be typed.
const OTHER: &str = "other";

/// A phone.
#[component]
pub(super) fn PhoneCard(
    /// What it is doing.
    phone: Memo<Option<Phone>>,
    /// What the last press came to, if to nothing.
    trouble: RwSignal<Option<ApiError>>,
    /// The customer does something.
    act: Callback<(Act,)>,
) -> impl IntoView {
    let text = use_text();
    let state =
        Memo::new(move |_| phone.with(|phone| phone.as_ref().map_or(PhoneState::Idle, |phone| phone.state.clone())));
    let own_numbers = Memo::new(move |_| {
        phone.with(|phone| phone.as_ref().map(|phone| phone.own_numbers.clone()).unwrap_or_default())
    });
    let desk_numbers = Memo::new(move |_| {
        phone.with(|phone| phone.as_ref().map(|phone| phone.desk_numbers.clone()).unwrap_or_default())
    });
    let own = RwSignal::new(own_numbers.get_untracked().first().cloned().unwrap_or_default());
    let other = RwSignal::new(String::new());
    let desk = RwSignal::new(desk_numbers.get_untracked().first().cloned().unwrap_or_default());
    let speaks = RwSignal::new(true);

    // The demo's carrier is a Japanese one: its numbers are read as at home.
    let shown = |number: &str| {
        let home = number.strip_prefix("+81").map_or_else(|| number.to_owned(), |rest| format!("0{rest}"));
        typed("", &home, home.len(), None).text
    };
    let own_choices = move || {
        let words = text.get();
        let mut choices: Vec<Choice> =
            own_numbers.get().into_iter().map(|number| Choice::new(number.clone(), shown(&number))).collect();
        choices.push(Choice::new(OTHER, words.demo_other_number));
        choices.push(Choice::new("", words.withheld_number));
        choices
    };
    let desk_choices =
        move || desk_numbers.get().into_iter().map(|number| Choice::new(number.clone(), shown(&number))).collect();
    let call = move |event: SubmitEvent| {
        event.prevent_default();
        let from = if own.get_untracked() == OTHER { other.get_untracked() } else { own.get_untracked() };
        act.run((Act::Call { from, to: desk.get_untracked() },));
    };
    let name = move || match state.get() {
        PhoneState::Idle => "idle",
        PhoneState::Calling { .. } => "ringing-out",
        PhoneState::Ringing { .. } => "ringing-in",
        PhoneState::Talking { .. } => "connected",
    };
    let says = move || {
        let words = text.get();
        match state.get() {
            PhoneState::Idle => words.demo_idle.to_owned(),
            PhoneState::Calling { since: _, ringing: true } => words.demo_ringing_out.to_owned(),
            PhoneState::Calling { since: _, ringing: false } => words.demo_connecting.to_owned(),
            PhoneState::Ringing { from, since: _ } => words.demo_ringing_in(shown(&from)),
            PhoneState::Talking { since: _ } => words.demo_connected.to_owned(),
        }
    };
    let since = Memo::new(move |_| match state.get() {
        PhoneState::Idle => None,
        PhoneState::Calling { since, ringing: _ }
        | PhoneState::Ringing { from: _, since }
        | PhoneState::Talking { since } => Some(since),
    });
    // A refusal is told by its status; an ordinary end (`BYE`) needs no word.
    let last_end = move || {
        phone
            .with(|phone| phone.as_ref().and_then(|phone| phone.last_end.clone()))
            .filter(|end| end.starts_with(|first: char| first.is_ascii_digit()))
    };
    let idle = Memo::new(move |_| state.get() == PhoneState::Idle);
    let rings = Memo::new(move |_| matches!(state.get(), PhoneState::Ringing { .. }));
    let up = Memo::new(move |_| matches!(state.get(), PhoneState::Calling { .. } | PhoneState::Talking { .. }));
    let number_wrong = Signal::derive(move || {
        let words = text.get();
        trouble.with(|trouble| match trouble {
            Some(ApiError::Invalid { fields }) => {
                fields.iter().find(|field| field.field == "from").map(|field| words.problem(&field.problem))
            }
            Some(_) | None => None,
        })
    });
    let wrong = move || {
        let words = text.get();
        trouble.with(|trouble| match trouble {
            Some(ApiError::Invalid { fields }) if fields.iter().any(|field| field.field == "from") => None,
            Some(error) => Some(words.error(error)),
            None => None,
        })
    };
    view! {
        <section class="demo-phone" data-state=name aria-label=move || text.get().demo_title>
            <header class="demo-phone-head">
                <Icon name=Icon::Phone />
                <h2>{move || text.get().phone}</h2>
            </header>
            <div class="demo-state">
                <p role="status">{says}</p>
                <Timer since=since />
                {move || {
                    (idle.get()).then(last_end).flatten().map(|end| view! { <p class="demo-last num">{end}</p> })
                }}
            </div>
            <Earpiece phone=phone />
            <Switch
                label=move || text.get().demo_speak
                on=speaks
                on_change=move |on: bool| {
                    speaks.set(on);
                    act.run((Act::Speak { on },));
                }
            />
            <p class="field-error" role="alert">
                {wrong}
            </p>
            <Show when=move || idle.get()>
                <form class="demo-who" on:submit=call>
                    <SelectField label=move || text.get().demo_my_number value=own choices=Signal::derive(own_choices) />
                    <Show when=move || own.get() == OTHER>
                        <crate::ui::TextField
                            label=move || text.get().calls_number
                            value=other
                            kind="tel"
                            inputmode="tel"
                            error=number_wrong
                        />
                    </Show>
                    <SelectField label=move || text.get().demo_our_number value=desk choices=Signal::derive(desk_choices) />
                    <div class="demo-acts">
                        <Button
                            label=move || text.get().demo_ring_desk
                            kind=Kind::Submit
                            look=Look::Answer
                            size=Size::Primary
                            icon=Icon::PhoneFill
                            wide=true
                        />
                    </div>
                </form>
            </Show>
            <Show when=move || rings.get()>
                <div class="demo-acts">
                    <Button
                        label=move || text.get().demo_take
                        look=Look::Answer
                        size=Size::Primary
                        icon=Icon::PhoneFill
                        wide=true
                        on_press=move || act.run((Act::Answer,))
                    />
                </div>
                <div class="demo-refuse" role="group" aria-label=move || text.get().demo_refuse>
                    <Button label=move || text.get().demo_will_be_busy on_press=move || act.run((Act::Refuse { status: BUSY },)) />
                    <Button label=move || text.get().decline on_press=move || act.run((Act::Refuse { status: DECLINED },)) />
                    <Button label=move || text.get().demo_not_in_use on_press=move || act.run((Act::Refuse { status: UNKNOWN },)) />
                </div>
            </Show>
            <Show when=move || up.get()>
                <div class="demo-acts">
                    <Button
                        label=move || text.get().demo_hang_up
                        look=Look::Danger
                        size=Size::Primary
                        icon=Icon::PhoneDisconnectFill
                        wide=true
                        on_press=move || act.run((Act::HangUp,))
                    />
                </div>
            </Show>
        </section>
    }
}
