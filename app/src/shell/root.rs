//! What is mounted once: the words, the clock, the stores; and which of demo page, sign-in page and desk is seen.

use domain::records::Owner;
use leptos::prelude::*;
use leptos_router::components::Router;
use leptos_router::hooks::use_location;
use wire::ApiError;

use super::keys;
use super::missing::MissingPage;
use super::palette::Palette;
use super::stores::Stores;
use super::strip::LineStrip;
use super::top_row::TopRow;
use super::{desk::DeskPage, use_stores};
use crate::demo::DemoPage;
use crate::interactions::CallsPage;
use crate::platform::leave::ask_before_leaving;
use crate::platform::{clock::provide_clock, language};
use crate::realtime;
use crate::records::list::{ImportPage, RecordsPage};
use crate::session::{Session, SignInPage};
use crate::settings::{AlarmsPage, Section, SettingsPage, TollAlarms};
use crate::telephony::{self, AfterCallQuestion, AudioPanel, CallPopups, DiallerPopup, Ringer, StartShift};
use crate::text::{provide_text, use_text};
use crate::ui::{Button, EmptyState, Skeleton, ToastLayer, TooltipLayer, provide_toasts};

/// The whole page.
#[component]
pub(crate) fn Root() -> impl IntoView {
    provide_text(language::chosen());
    provide_toasts();
    let clock = provide_clock();
    view! {
        <Router>
            <Place clock=clock />
        </Router>
        <TooltipLayer />
        <ToastLayer />
    }
}

/// Demo page or workplace, by the address.
#[component]
fn Place(
    /// The page's clock.
    clock: crate::platform::clock::Clock,
) -> impl IntoView {
    // Decided once: the demo's customer opens in a tab of its own and needs nothing of the desk.
    if use_location().pathname.get_untracked().trim_end_matches('/') == "/demo" {
        view! { <DemoPage /> }.into_any()
    } else {
        let stores = Stores::provide(clock);
        stores.session.ask();
        realtime::keep_open(stores);
        stores.audio.keep(stores);
        stores.records.keep(stores);
        stores.customers.keep(stores);
        stores.inquiries.keep(stores);
        view! { <Workplace /> }.into_any()
    }
}

/// Sign-in page or desk. A desk whose session ended stays in the page, unseen, with all that was typed.
#[component]
fn Workplace() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let desk_of = Memo::new(move |_| stores.session.desk_of());
    let covered = Memo::new(move |_| stores.session.wants_sign_in());
    // Another user on this tab starts with nothing of the one before.
    Effect::new(move |before: Option<Option<_>>| {
        let now = desk_of.get();
        if before.is_some_and(|before| before != now) {
            stores.forget();
        }
        now
    });
    let asking = move || match stores.session.get() {
        Session::Asking => Some(view! { <Skeleton label=move || text.get().loading /> }.into_any()),
        Session::Unreachable { why } => Some(view! { <Unreachable why=why /> }.into_any()),
        Session::SignedOut | Session::SignedIn { .. } | Session::Expired { .. } => None,
    };
    view! {
        {move || {
            desk_of.get().map(|_| view! { <div class="workplace" hidden=move || covered.get()><Frame /></div> })
        }}
        <Show when=move || covered.get()>
            <SignInPage />
        </Show>
        {asking}
    }
}

/// The server cannot be asked who is signed in.
#[component]
fn Unreachable(
    /// What happened.
    why: ApiError,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let online = window_event_listener(leptos::ev::online, move |_| stores.session.ask());
    on_cleanup(move || online.remove());
    view! {
        <main class="page-alone">
            <EmptyState fact=move || text.get().error(&why)>
                <Button label=move || text.get().retry on_press=move || stores.session.ask() />
            </EmptyState>
        </main>
    }
}

/// Top row, page, popups: what a signed-in user sees.
#[component]
fn Frame() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let ringer = Ringer::new();
    telephony::attention::keep(stores, ringer);
    keys::listen(stores);
    stores.mute.keep(stores.microphone);
    stores.keypad.keep(stores);
    stores.devices.keep();
    ringer.keep(stores.devices);
    // What is typed is kept elsewhere at once; only where it could not be, leaving would lose it.
    ask_before_leaving(Signal::derive(move || stores.telephony.in_call.get() || stores.records.would_be_lost()));
    let speaker = NodeRef::<leptos::html::Audio>::new();
    Effect::new(move || {
        if let Some(element) = speaker.get() {
            stores.audio.speak_through(element);
        }
    });
    view! {
        <a class="skip-link" href="#content">
            {move || text.get().skip_to_content}
        </a>
        <TopRow />
        <LineStrip />
        <main class="page" id="content" tabindex="-1">
            <Page />
        </main>
        <StartShift ringer=ringer />
        <AudioPanel ringer=ringer />
        <CallPopups />
        <DiallerPopup />
        <AfterCallQuestion />
        <TollAlarms />
        <Palette />
        <audio node_ref=speaker autoplay=true hidden=true></audio>
    }
}

/// The page of the address.
#[component]
fn Page() -> impl IntoView {
    let path = use_location().pathname;
    let page = Memo::new(move |_| {
        let path = path.get();
        let mut parts = path.trim_matches('/').split('/');
        (parts.next().unwrap_or_default().to_owned(), parts.next().map(str::to_owned), parts.next().is_some())
    });
    move || {
        let (first, second, more) = page.get();
        match (first.as_str(), second.as_deref(), more) {
            ("", None, false) => view! { <DeskPage /> }.into_any(),
            ("calls", None, false) => view! { <CallsPage /> }.into_any(),
            ("alarms", None, false) => view! { <AlarmsPage /> }.into_any(),
            ("customers", None, false) => view! { <RecordsPage owner=Owner::Customer /> }.into_any(),
            ("customers", Some("import"), false) => view! { <ImportPage /> }.into_any(),
            ("inquiries", None, false) => view! { <RecordsPage owner=Owner::Inquiry /> }.into_any(),
            ("settings", section, false) => view! { <SettingsPage section=Section::of_slug(section) /> }.into_any(),
            (_, _, _) => view! { <MissingPage /> }.into_any(),
        }
    }
}
