//! The user menu at the end of the top row.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::change_password::ChangePassword;
use super::sign_in::theme_words;
use crate::platform::language;
use crate::platform::theme::Theme;
use crate::shell::use_stores;
use crate::text::{Language, use_text};
use crate::ui::{Icon, Menu, MenuEntry, use_toasts};

/// What the menu offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Language(Language),
    Theme(Theme),
    ChangePassword,
    SignOut,
    SignOutEverywhere,
}

/// The user menu.
#[component]
pub(crate) fn UserMenu() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let toasts = use_toasts();
    let theme = RwSignal::new(Theme::chosen());
    let changing_password = RwSignal::new(false);
    let name = Memo::new(move |_| stores.session.me().map(|me| me.name).unwrap_or_default());
    let role = Memo::new(move |_| stores.session.me().map(|me| me.role));

    let entries = move || {
        let words = text.get();
        let mut entries = Vec::new();
        for (at, language) in Language::ALL.into_iter().enumerate() {
            let entry = MenuEntry::new(Act::Language(language), language.messages().language_name)
                .chosen(language == text.language());
            entries.push(if at == 0 { entry.heading(words.language) } else { entry });
        }
        for (at, choice) in Theme::ALL.into_iter().enumerate() {
            let entry = MenuEntry::new(Act::Theme(choice), theme_words(words, choice)).chosen(choice == theme.get());
            entries.push(if at == 0 { entry.heading(words.theme) } else { entry });
        }
        let in_call = stores.telephony.in_call.get().then(|| words.why_in_call.to_owned());
        let in_call = in_call.or_else(|| stores.unsaved.get().then(|| words.why_unsaved.to_owned()));
        let heading = role.get().map(|role| words.role(role)).unwrap_or_default();
        entries.push(MenuEntry::new(Act::ChangePassword, words.change_password).icon(Icon::Password).heading(heading));
        entries.push(MenuEntry::new(Act::SignOut, words.sign_out).icon(Icon::SignOut).why_not(in_call.clone()));
        entries.push(
            MenuEntry::new(Act::SignOutEverywhere, words.sign_out_everywhere).icon(Icon::SignOut).why_not(in_call),
        );
        entries
    };
    let leave = move |everywhere: bool| {
        spawn_local(async move {
            let answer =
                if everywhere { wire::session::sign_out_everywhere().await } else { wire::session::sign_out().await };
            match answer {
                Ok(()) | Err(wire::ApiError::SignedOut) => stores.session.left(),
                Err(error) => toasts.say(text.get_untracked().error(&error)),
            }
        });
    };
    let choose = move |act: Act| match act {
        Act::Language(chosen) => {
            text.set_language(chosen);
            language::choose(chosen);
        }
        Act::Theme(chosen) => {
            theme.set(chosen);
            chosen.choose();
        }
        Act::ChangePassword => changing_password.set(true),
        Act::SignOut => leave(false),
        Act::SignOutEverywhere => leave(true),
    };
    let label = move || text.get().user_menu;
    view! {
        <div class="user-menu">
            <Menu
                label=label
                entries=Signal::derive(entries)
                on_choose=Callback::new(move |(act,): (Act,)| choose(act))
                at_end=true
            >
                <Icon name=Icon::User />
                <span class="user-name cut">{move || name.get()}</span>
                <Icon name=Icon::CaretDown />
            </Menu>
            <ChangePassword open=changing_password />
        </div>
    }
}
