//! An extension, whose it is, and its account at another exchange.

use domain::ids::{ExtensionId, UserId};
use leptos::prelude::*;
use uuid::Uuid;
use wire::settings::{Deletable, Extension, SipAccount, TrunkCodec, TrunkState, TrunkTransport};

use super::form::{FormFrame, FormState, field_id};
use super::model::{account_state, person};
use super::store::SettingsStore;
use super::trunk_form::{codec_order, codecs_of, transport_name, transport_of};
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{CheckField, Chip, Choice, SelectField, TextField, Tone};

/// The account's fields as they are typed, whether or not there is an account.
#[derive(Clone, Copy)]
struct Typed {
    wanted: RwSignal<bool>,
    host: RwSignal<String>,
    port: RwSignal<String>,
    transport: RwSignal<String>,
    domain: RwSignal<String>,
    username: RwSignal<String>,
    auth_username: RwSignal<String>,
    password: RwSignal<String>,
    codecs: RwSignal<String>,
    ring_seconds: RwSignal<String>,
    outside_prefix: RwSignal<String>,
}

impl Typed {
    fn new() -> Self {
        let empty = || RwSignal::new(String::new());
        Self {
            wanted: RwSignal::new(false),
            host: empty(),
            port: empty(),
            transport: empty(),
            domain: empty(),
            username: empty(),
            auth_username: empty(),
            password: empty(),
            codecs: empty(),
            ring_seconds: empty(),
            outside_prefix: empty(),
        }
    }

    fn fill(self, account: Option<&SipAccount>) {
        let none = SipAccount {
            host: String::new(),
            port: 5060,
            transport: TrunkTransport::Udp,
            domain: None,
            username: String::new(),
            auth_username: None,
            password: None,
            has_password: false,
            codecs: vec![TrunkCodec::Pcmu, TrunkCodec::Pcma],
            ring_seconds: SipAccount::usual_ring_seconds(),
            outside_prefix: None,
            state: TrunkState::Off,
        };
        self.wanted.set(account.is_some());
        let account = account.unwrap_or(&none);
        self.host.set(account.host.clone());
        self.port.set(account.port.to_string());
        self.transport.set(transport_name(account.transport).to_owned());
        self.domain.set(account.domain.clone().unwrap_or_default());
        self.username.set(account.username.clone());
        self.auth_username.set(account.auth_username.clone().unwrap_or_default());
        self.password.set(String::new());
        self.codecs.set(codec_order(&account.codecs).to_owned());
        self.ring_seconds.set(account.ring_seconds.to_string());
        self.outside_prefix.set(account.outside_prefix.clone().unwrap_or_default());
    }

    fn read(self) -> Option<SipAccount> {
        let optional = |text: RwSignal<String>| Some(text.get().trim().to_owned()).filter(|text| !text.is_empty());
        self.wanted.get().then(|| SipAccount {
            host: self.host.get().trim().to_owned(),
            // What is no number at all becomes 0, which the server refuses with the bounds.
            port: self.port.get().trim().parse().unwrap_or(0),
            transport: self.transport.with(|name| transport_of(name)),
            domain: optional(self.domain),
            username: self.username.get().trim().to_owned(),
            auth_username: optional(self.auth_username),
            password: Some(self.password.get()).filter(|password| !password.is_empty()),
            has_password: false,
            codecs: codecs_of(&self.codecs.get()),
            ring_seconds: self.ring_seconds.get().trim().parse().unwrap_or(0),
            outside_prefix: optional(self.outside_prefix),
            state: TrunkState::Off,
        })
    }
}

/// The form of an extension.
#[component]
pub(super) fn ExtensionForm(
    /// Which.
    id: Uuid,
    /// The settings.
    settings: SettingsStore,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let found = settings.now().extensions.into_iter().find(|extension| extension.id.0 == id);
    let exists = found.is_some();
    let saved = found.unwrap_or_else(|| Extension {
        version: 0,
        id: ExtensionId(id),
        number: String::new(),
        user: None,
        account: None,
    });
    let owner = |extension: &Extension| extension.user.map(|user| user.to_string()).unwrap_or_default();
    let number = RwSignal::new(saved.number.clone());
    let user = RwSignal::new(owner(&saved));
    let typed = Typed::new();
    typed.fill(saved.account.as_ref());
    let form = FormState::new(saved, exists, move || Extension {
        version: 0,
        id: ExtensionId(id),
        number: number.get(),
        user: user.get().parse::<UserId>().ok(),
        account: typed.read(),
    });
    let fill = move |extension: &Extension| {
        number.set(extension.number.clone());
        user.set(owner(extension));
        typed.fill(extension.account.as_ref());
    };
    let users = move || {
        let words = text.get();
        let mut choices = vec![Choice::new("", words.extension_unassigned)];
        settings.all.with(|all| {
            choices.extend(
                all.iter().flat_map(|all| &all.users).map(|user| Choice::new(user.id.to_string(), person(user))),
            );
        });
        choices
    };
    let title = move || {
        let number = number.get();
        if number.is_empty() { text.get().settings_extensions.to_owned() } else { number }
    };
    view! {
        <FormFrame
            form=form
            settings=settings
            title=title
            labels=|words| {
                vec![
                    ("number", words.extension_number),
                    ("user", words.extension_user),
                    ("host", words.trunk_host),
                    ("port", words.trunk_port),
                    ("transport", words.trunk_transport),
                    ("username", words.extension_account_user),
                    ("auth_username", words.extension_account_auth_user),
                    ("password", words.trunk_password),
                    ("domain", words.trunk_domain),
                    ("codecs", words.trunk_codecs),
                    ("ring_seconds", words.queue_ring_time),
                    ("outside_prefix", words.extension_account_prefix),
                ]
            }
            on_save=move || form.save(stores, settings, wire::settings::save_extension, move |extension| fill(extension))
            on_undo=move || fill(&form.stored.get_untracked())
            deletable=Some(Deletable::Extension(ExtensionId(id)))
        >
            <TextField
                label=move || text.get().extension_number
                value=number
                required=true
                inputmode="numeric"
                help=Signal::derive(move || Some(text.get().extension_help.to_owned()))
                id=field_id("number")
                error=form.error_of("number")
            />
            <SelectField label=move || text.get().extension_user value=user choices=Signal::derive(users) id=field_id("user") error=form.error_of("user") />
            <CheckField
                label=move || text.get().extension_account
                value=typed.wanted
                help=Signal::derive(move || Some(text.get().extension_account_help.to_owned()))
                id=field_id("account")
                error=form.error_of("account")
            />
            <Show when=move || typed.wanted.get()>
                <AccountFields id=id settings=settings form=form typed=typed />
            </Show>
        </FormFrame>
    }
}

/// What is asked of an account, and how it fares.
#[component]
fn AccountFields(id: Uuid, settings: SettingsStore, form: FormState<Extension>, typed: Typed) -> impl IntoView {
    let text = use_text();
    let transports = vec![Choice::new("udp", "UDP"), Choice::new("tcp", "TCP"), Choice::new("tls", "TLS")];
    let orders = vec![
        Choice::new("pcmu,pcma", "PCMU, PCMA"),
        Choice::new("pcma,pcmu", "PCMA, PCMU"),
        Choice::new("pcmu", "PCMU"),
        Choice::new("pcma", "PCMA"),
    ];
    // As the server sees it now, not as it was when the form was opened.
    let state = Memo::new(move |_| {
        settings.all.with(|all| {
            let mut extensions = all.iter().flat_map(|all| &all.extensions);
            let account = extensions.find(|extension| extension.id.0 == id)?.account.as_ref();
            account.map(|account| account.state.clone())
        })
    });
    let live = move || {
        state.get().map(|state| {
            let words = text.get();
            let (word, _) = account_state(words, &state);
            let tone = match state {
                TrunkState::Registered { .. } | TrunkState::Peer => Tone::Good,
                TrunkState::Failed { .. } => Tone::Bad,
                TrunkState::Off | TrunkState::Registering => Tone::Quiet,
            };
            view! { <p class="settings-live">{words.extension_account_state} " " <Chip label=word tone=tone /></p> }
        })
    };
    let help = move |read: fn(&crate::text::Messages) -> &'static str| {
        Signal::derive(move || Some(read(text.get()).to_owned()))
    };
    let kept = move || form.stored.with(|stored| stored.account.as_ref().is_some_and(|account| account.has_password));
    view! {
        {live}
        <TextField label=move || text.get().trunk_host value=typed.host required=true help=help(|words| words.trunk_host_help) id=field_id("host") error=form.error_of("host") />
        <TextField label=move || text.get().trunk_port value=typed.port required=true inputmode="numeric" id=field_id("port") error=form.error_of("port") />
        <SelectField label=move || text.get().trunk_transport value=typed.transport choices=Signal::stored(transports) id=field_id("transport") error=form.error_of("transport") />
        <TextField label=move || text.get().extension_account_user value=typed.username required=true id=field_id("username") error=form.error_of("username") />
        <TextField label=move || text.get().extension_account_auth_user value=typed.auth_username help=help(|words| words.extension_account_auth_user_help) id=field_id("auth_username") error=form.error_of("auth_username") />
        <TextField
            label=move || text.get().trunk_password
            value=typed.password
            kind="password"
            autocomplete="new-password"
            help=Signal::derive(move || kept().then(|| text.get().trunk_password_kept.to_owned()))
            id=field_id("password")
            error=form.error_of("password")
        />
        <TextField label=move || text.get().trunk_domain value=typed.domain help=help(|words| words.extension_account_domain_help) id=field_id("domain") error=form.error_of("domain") />
        <SelectField label=move || text.get().trunk_codecs value=typed.codecs choices=Signal::stored(orders) id=field_id("codecs") error=form.error_of("codecs") />
        <TextField label=move || text.get().queue_ring_time value=typed.ring_seconds required=true inputmode="numeric" id=field_id("ring_seconds") error=form.error_of("ring_seconds") />
        <TextField
            label=move || text.get().extension_account_prefix
            value=typed.outside_prefix
            inputmode="numeric"
            help=help(|words| words.extension_account_prefix_help)
            id=field_id("outside_prefix")
            error=form.error_of("outside_prefix")
        />
    }
}
