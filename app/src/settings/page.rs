//! 設定: sections, the list of one, the form of a row.

use domain::records::Owner;
use domain::roles::Permission;
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use uuid::Uuid;

use super::audit_page::AuditPage;
use super::calls_form::CallsForm;
use super::extension_form::ExtensionForm;
use super::fields_page::FieldsPage;
use super::list::SectionList;
use super::model::Section;
use super::music_page::MusicPage;
use super::number_form::NumberForm;
use super::queue_form::QueueForm;
use super::store::{Go, SettingsStore};
use super::tolls::TollsPage;
use super::trunk_form::TrunkForm;
use super::user_form::UserForm;
use crate::platform::leave::{ask_before_going, ask_before_leaving};
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{Button, EmptyState, Icon, Skeleton};

/// The settings.
#[component]
pub(crate) fn SettingsPage(
    /// Which section; none for an address that leads nowhere.
    section: Option<Section>,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let permitted = Memo::new(move |_| stores.session.may(Permission::Administer));
    move || match (permitted.get(), section) {
        (false, _) => view! { <EmptyState fact=move || text.get().error_forbidden /> }.into_any(),
        (true, None) => view! { <EmptyState fact=move || text.get().error_page_missing /> }.into_any(),
        (true, Some(section)) => view! { <Sections section=section /> }.into_any(),
    }
}

#[component]
fn Sections(
    /// The one on display.
    section: Section,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let settings = SettingsStore::new();
    let unsaved = Signal::derive(move || settings.unsaved.get() > 0);
    ask_before_leaving(unsaved);
    Effect::new(move || stores.unsaved.set(unsaved.get()));
    on_cleanup(move || stores.unsaved.set(false));
    Effect::new(move || {
        if let Some(path) = stores.going.get() {
            stores.going.set(None);
            settings.ask_to_go(Go::Away(path));
        }
    });
    // Under which of its addresses the page was opened: `/settings` shows the first section, too.
    let here = use_location().pathname.get_untracked();
    ask_before_going(here, unsaved, move |path| settings.ask_to_go(Go::Away(path)));
    Effect::new(move || {
        stores.settings_changed.track();
        settings.load(stores);
    });
    let entries = move || {
        let words = text.get();
        Section::ALL
            .into_iter()
            .map(|entry| {
                let icon = match entry {
                    Section::Users => Icon::Users,
                    Section::Extensions => Icon::Hash,
                    Section::Trunks => Icon::PlugsConnected,
                    Section::Numbers => Icon::Phone,
                    Section::Queues => Icon::Queue,
                    Section::CustomerFields => Icon::UserCircle,
                    Section::InquiryFields => Icon::PencilLine,
                    Section::Calls => Icon::PhoneCall,
                    Section::Tolls => Icon::Prohibit,
                    Section::Music => Icon::MusicNotes,
                    Section::Audit => Icon::ClockCounterClockwise,
                };
                view! {
                    <li>
                        <a
                            class="settings-section"
                            href=format!("/settings/{}", entry.slug())
                            aria-current=(entry == section).then_some("page")
                        >
                            <Icon name=icon />
                            <span>{entry.label(words)}</span>
                        </a>
                    </li>
                }
            })
            .collect_view()
    };
    let known = Memo::new(move |_| settings.all.with(Option::is_some));
    let waiting = move || match settings.failed.get() {
        Some(why) => view! {
            <EmptyState fact=move || text.get().error(&why)>
                <Button label=move || text.get().retry on_press=move || settings.load(stores) />
            </EmptyState>
        }
        .into_any(),
        None => view! { <Skeleton label=move || text.get().loading lines=6 /> }.into_any(),
    };
    let wide = matches!(section, Section::Calls | Section::Tolls | Section::Music | Section::Audit);
    view! {
        <div class="settings" data-wide=wide.then_some("")>
            <nav class="settings-sections" aria-label=move || text.get().settings_title>
                <ul>{entries}</ul>
            </nav>
            {match section {
                Section::Audit => view! { <AuditPage settings=settings /> }.into_any(),
                Section::Calls => {
                    view! {
                        <div class="settings-detail">
                            <Show when=move || known.get() fallback=waiting>
                                <CallsForm settings=settings />
                            </Show>
                        </div>
                    }
                        .into_any()
                }
                Section::CustomerFields => {
                    view! { <FieldsPage owner=Owner::Customer settings=settings /> }.into_any()
                }
                Section::InquiryFields => {
                    view! { <FieldsPage owner=Owner::Inquiry settings=settings /> }.into_any()
                }
                Section::Tolls => view! { <TollsPage settings=settings /> }.into_any(),
                Section::Music => {
                    view! {
                        <Show when=move || known.get() fallback=waiting>
                            <MusicPage settings=settings />
                        </Show>
                    }
                        .into_any()
                }
                Section::Users | Section::Extensions | Section::Trunks | Section::Numbers | Section::Queues => {
                    view! {
                        <Show when=move || known.get() fallback=waiting>
                            <SectionList section=section settings=settings />
                            <Form section=section settings=settings />
                        </Show>
                    }
                        .into_any()
                }
            }}
        </div>
    }
}

#[component]
fn Form(
    /// Of which section.
    section: Section,
    /// The settings.
    settings: SettingsStore,
) -> impl IntoView {
    let text = use_text();
    let form = move |id: Uuid| match section {
        Section::Users => view! { <UserForm id=id settings=settings /> }.into_any(),
        Section::Extensions => view! { <ExtensionForm id=id settings=settings /> }.into_any(),
        Section::Trunks => view! { <TrunkForm id=id settings=settings /> }.into_any(),
        Section::Numbers => view! { <NumberForm id=id settings=settings /> }.into_any(),
        Section::Queues => view! { <QueueForm id=id settings=settings /> }.into_any(),
        // Pages of their own, without a list.
        Section::CustomerFields
        | Section::InquiryFields
        | Section::Calls
        | Section::Tolls
        | Section::Music
        | Section::Audit => ().into_any(),
    };
    view! {
        <div class="settings-detail">
            {move || match settings.chosen.get() {
                Some(id) => form(id),
                None => view! { <EmptyState fact=move || text.get().settings_choose /> }.into_any(),
            }}
        </div>
    }
}
