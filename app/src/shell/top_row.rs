//! The top row of every page: main menu, softphone bar, user menu.

use leptos::prelude::*;

use super::menu::MainMenu;
use crate::session::UserMenu;
use crate::telephony::SoftphoneBar;
use crate::text::use_text;

/// The top row.
#[component]
pub(super) fn TopRow() -> impl IntoView {
    let text = use_text();
    view! {
        <header class="top-row">
            <span class="wordmark">{move || text.get().product}</span>
            <MainMenu />
            <SoftphoneBar />
            <UserMenu />
        </header>
    }
}
