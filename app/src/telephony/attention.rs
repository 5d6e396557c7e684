//! Calls the agent: sound, system notification, tab title and tab icon. All of it stops the moment that the
//! ringing ends, wherever it ended.

use domain::agents::Shown;
use leptos::prelude::*;

use super::model::Mode;
use super::words::party_name;
use crate::format::timer;
use crate::platform::notification;
use crate::platform::page::{self, TabIcon};
use crate::shell::Stores;
use crate::text::use_text;

use super::ringer::Ringer;

/// Keeps all of them as the softphone needs them. Called once, where the desk is mounted.
pub(crate) fn keep(stores: Stores, ringer: Ringer) {
    let text = use_text();
    let telephony = stores.telephony;

    let ringing = Memo::new(move |_| telephony.offer.get().map(|offer| offer.id));
    let notice = StoredValue::new_local(None::<notification::Shown>);
    Effect::new(move || {
        if let Some(shown) = notice.try_update_value(Option::take).flatten() {
            shown.close();
        }
        let here = telephony.held_here.get();
        if ringing.get().is_none() || !here {
            ringer.stop();
            return;
        }
        ringer.start();
        if let Some(offer) = telephony.offer.get_untracked() {
            let words = text.get_untracked();
            let number = offer.party.number.as_ref().map_or(words.withheld_number, |number| number.shown.as_str());
            let body = format!("{} {number}", party_name(words, &offer.party));
            notice.set_value(notification::show(words.notify_incoming, &body, "madoguchi.call"));
        }
    });

    let title = Memo::new(move |_| {
        let words = text.get();
        let bar = telephony.bar.get();
        let elapsed = |since| timer(stores.clock.since(since));
        match (bar.mode, bar.since) {
            (Mode::Here(Shown::Ringing), _) => {
                let name = telephony.offer.with(|offer| offer.as_ref().map(|offer| party_name(words, &offer.party)));
                words.title_ringing(name.unwrap_or_default())
            }
            (Mode::Here(Shown::Talking), Some(since)) => {
                let since =
                    telephony.live.with(|live| live.as_ref().and_then(|live| live.connected_at)).unwrap_or(since);
                words.title_talking(elapsed(since))
            }
            (Mode::Here(Shown::Held), Some(since)) => words.title_held(elapsed(since)),
            (Mode::Here(Shown::AfterCall), _) => words.title_after_call.to_owned(),
            (_, _) => words.product.to_owned(),
        }
    });
    Effect::new(move || page::set_title(&title.get()));

    let icon = Memo::new(move |_| match telephony.bar.get().mode {
        Mode::Here(shown) => match shown {
            Shown::Ringing | Shown::Dialling => TabIcon::Ringing,
            Shown::Talking => TabIcon::Talking,
            Shown::Held => TabIcon::Held,
            Shown::AfterCall => TabIcon::AfterCall,
            Shown::LoggedOut | Shown::Ready | Shown::NotReady(_) | Shown::Break(_) => TabIcon::Idle,
        },
        Mode::NoExtension | Mode::LoggedOut | Mode::Elsewhere => TabIcon::Idle,
    });
    Effect::new(move || page::set_icon(icon.get()));
}
