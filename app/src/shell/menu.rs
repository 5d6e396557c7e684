//! The main menu: the pages that this user may open.

use domain::roles::Permission;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_location;
use wasm_bindgen::JsCast;

use super::use_stores;
use crate::text::use_text;
use crate::ui::Icon;

/// The main menu.
#[component]
pub(super) fn MainMenu() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let demo = RwSignal::new(false);
    spawn_local(async move {
        // Outside of demo mode the page does not exist, and neither does the way to it.
        demo.set(wire::session::welcome().await.is_ok_and(|welcome| !welcome.demo_accounts.is_empty()));
    });
    view! {
        <nav class="main-menu" aria-label=move || text.get().main_menu>
            <ul>
                <Entry to="/" icon=Icon::Headset words=move || text.get().menu_desk />
                <Entry to="/calls" icon=Icon::ListBullets words=move || text.get().menu_calls />
                <Entry to="/customers" icon=Icon::Users words=move || text.get().menu_customers />
                <Entry to="/inquiries" icon=Icon::PencilLine words=move || text.get().menu_inquiries />
                // Administrators find them in the settings.
                <Show when=move || stores.session.may(Permission::SeeAllCalls) && !stores.session.may(Permission::Administer)>
                    <Entry to="/alarms" icon=Icon::Warning words=move || text.get().tolls_alarms />
                </Show>
                <Show when=move || stores.session.may(Permission::Administer)>
                    <Entry to="/settings" icon=Icon::Gear words=move || text.get().menu_settings />
                </Show>
                <Show when=move || demo.get()>
                    <li>
                        <a class="menu-link" href="/demo" target="_blank" rel="noopener" on:pointerover=tip on:focusin=tip>
                            <Icon name=Icon::ArrowSquareOut />
                            <span class="menu-word">{move || text.get().menu_demo}</span>
                        </a>
                    </li>
                </Show>
            </ul>
        </nav>
    }
}

/// Gives a link its tooltip while only its icon is seen: a word that stands there needs none.
fn tip<E: JsCast>(event: E) {
    let event: web_sys::Event = event.unchecked_into();
    let link = event.current_target().and_then(|link| link.dyn_into::<web_sys::Element>().ok());
    let Some(link) = link else { return };
    let word = link.query_selector(".menu-word").ok().flatten();
    let told = word.as_ref().filter(|word| word.client_width() <= 1).and_then(|word| word.text_content());
    // The attribute's name is valid.
    drop(match told {
        Some(told) => link.set_attribute("data-tip", &told),
        None => link.remove_attribute("data-tip"),
    });
}

/// One page.
#[component]
fn Entry(
    /// Its address.
    to: &'static str,
    /// Its icon, which stands alone where the words do not fit.
    icon: Icon,
    /// Its words.
    words: impl Fn() -> &'static str + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let path = use_location().pathname;
    let here = Memo::new(move |_| {
        path.with(|path| {
            if to == "/" {
                path == "/"
            } else {
                path.strip_prefix(to).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
        })
    });
    view! {
        <li>
            <a class="menu-link" href=to aria-current=move || here.get().then_some("page") on:pointerover=tip on:focusin=tip>
                <Icon name=icon />
                <span class="menu-word">{words}</span>
            </a>
        </li>
    }
}
