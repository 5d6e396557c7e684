//! The popup of a call that rings: 応答 and 拒否.

use domain::telephony::Command;
use leptos::prelude::*;

use super::commands::{self, Pending};
use super::words;
use crate::customers::PartyFacts;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{Button, Icon, Look, Popup, Size, Timer};

/// The incoming popup. Announced once; takes no focus (typing goes on where it was).
#[component]
pub(super) fn IncomingPopup() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let telephony = stores.telephony;
    let offer = telephony.offer;
    let name = Memo::new(move |_| {
        let words = text.get();
        offer.with(|offer| offer.as_ref().map(|offer| words::party_name(words, &offer.party))).unwrap_or_default()
    });
    let known = Memo::new(move |_| offer.with(|offer| offer.as_ref().is_some_and(|offer| offer.party.name.is_some())));
    let number = Memo::new(move |_| {
        let words = text.get();
        offer.with(|offer| offer.as_ref().map(|offer| words::party_number(words, &offer.party))).unwrap_or_default()
    });
    let call = Memo::new(move |_| offer.with(|offer| offer.as_ref().map(|offer| offer.id)));
    let party = Memo::new(move |_| offer.with(|offer| offer.as_ref().map(|offer| offer.party.clone())));
    let queue = Memo::new(move |_| {
        offer.with(|offer| offer.as_ref().and_then(|offer| offer.queue.as_ref()).map(|queue| queue.name.clone()))
    });
    let our_number = Memo::new(move |_| {
        offer
            .with(|offer| offer.as_ref().and_then(|offer| offer.our_number.as_ref()).map(|number| number.shown.clone()))
    });
    let since = Memo::new(move |_| offer.with(|offer| offer.as_ref().map(|offer| offer.started_at)));
    let announced = move || text.get().announce_incoming(name.get(), number.get());
    let no_microphone = move || {
        let words = text.get();
        stores.microphone.problem().map(|_| words.no_microphone_no_answer.to_owned())
    };
    let trouble = move || telephony.trouble.get().map(|(_, error)| text.get().error(&error));
    let busy =
        move |command: Command| Signal::derive(move || telephony.pending.get() == Some(Pending::Command(command)));
    view! {
        <Popup
            label=move || text.get().incoming
            state="ringing"
            place="call"
            head=move || {
                view! {
                    <span>{move || text.get().incoming}</span>
                    {move || queue.get().map(|queue| view! { <span class="popup-queue cut">" · " {queue}</span> })}
                    <span class="popup-waited">
                        <Timer since=since />
                    </span>
                }
            }
        >
            <p class="said-only" role="alert">
                {announced}
            </p>
            <div class="popup-party">
                <span class="ringing-mark" aria-hidden="true">
                    <Icon name=Icon::PhoneFill large=true />
                </span>
                <div class="popup-party-words">
                    <p class="popup-name cut" data-known=move || known.get().then_some("")>
                        {move || name.get()}
                    </p>
                    <p class="popup-number num">{move || number.get()}</p>
                </div>
            </div>
            {move || {
                our_number
                    .get()
                    .map(|number| {
                        view! {
                            <dl class="popup-facts">
                                <dt>{move || text.get().calls_our_number}</dt>
                                <dd class="num">{number}</dd>
                            </dl>
                        }
                    })
            }}
            {move || call.get().map(|call| view! { <PartyFacts call=call party=party /> })}
            <p class="popup-trouble" role="alert">
                {trouble}
            </p>
            <div class="popup-answers">
                <Button
                    label=move || text.get().answer
                    look=Look::Answer
                    size=Size::Primary
                    icon=Icon::PhoneFill
                    guarded=true
                    wide=true
                    key_hint="Alt+A"
                    busy=busy(Command::Answer)
                    why_not=Signal::derive(no_microphone)
                    on_press=move || commands::answer(stores)
                />
                <Button
                    label=move || text.get().decline
                    look=Look::Danger
                    size=Size::Primary
                    icon=Icon::PhoneDisconnectFill
                    guarded=true
                    wide=true
                    busy=busy(Command::Decline)
                    on_press=move || commands::command(stores, Command::Decline)
                />
            </div>
            <p class="popup-hint">{move || text.get().answer_by_mouse_or_key("Alt+A")}</p>
        </Popup>
    }
}
