//! A SIP trunk.

use domain::ids::TrunkId;
use leptos::prelude::*;
use uuid::Uuid;
use wire::settings::{Deletable, Trunk, TrunkCodec, TrunkState, TrunkTransport};

use super::form::{FormFrame, FormState, field_id};
use super::model::trunk_state;
use super::store::SettingsStore;
use crate::shell::use_stores;
use crate::text::use_text;
use crate::ui::{CheckField, Chip, Choice, SelectField, TextArea, TextField, Tone};

/// The choice that stands for this order.
pub(super) fn codec_order(codecs: &[TrunkCodec]) -> &'static str {
    match codecs {
        [TrunkCodec::Pcma, TrunkCodec::Pcmu, ..] => "pcma,pcmu",
        [TrunkCodec::Pcma] => "pcma",
        [TrunkCodec::Pcmu] => "pcmu",
        [] | [TrunkCodec::Pcmu | TrunkCodec::Pcma, ..] => "pcmu,pcma",
    }
}

/// The order that a choice stands for.
pub(super) fn codecs_of(order: &str) -> Vec<TrunkCodec> {
    order
        .split(',')
        .filter_map(|name| match name {
            "pcmu" => Some(TrunkCodec::Pcmu),
            "pcma" => Some(TrunkCodec::Pcma),
            _ => None,
        })
        .collect()
}

/// The choice that stands for this transport.
pub(super) fn transport_name(transport: TrunkTransport) -> &'static str {
    match transport {
        TrunkTransport::Udp => "udp",
        TrunkTransport::Tcp => "tcp",
    }
}

/// The form of a trunk.
#[component]
pub(super) fn TrunkForm(
    /// Which.
    id: Uuid,
    /// The settings.
    settings: SettingsStore,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let found = settings.now().trunks.into_iter().find(|trunk| trunk.id.0 == id);
    let exists = found.is_some();
    let saved = found.unwrap_or_else(|| Trunk {
        id: TrunkId(id),
        name: String::new(),
        host: String::new(),
        port: 5060,
        transport: TrunkTransport::Udp,
        registers: false,
        username: None,
        password: None,
        has_password: false,
        sources: Vec::new(),
        codecs: vec![TrunkCodec::Pcmu, TrunkCodec::Pcma],
        max_calls: 100,
        active: true,
        state: TrunkState::Off,
    });
    let name = RwSignal::new(saved.name.clone());
    let host = RwSignal::new(saved.host.clone());
    let port = RwSignal::new(saved.port.to_string());
    let transport = RwSignal::new(transport_name(saved.transport).to_owned());
    let kind = RwSignal::new(if saved.registers { "registers" } else { "peer" }.to_owned());
    let username = RwSignal::new(saved.username.clone().unwrap_or_default());
    let password = RwSignal::new(String::new());
    let sources = RwSignal::new(saved.sources.join("\n"));
    let codecs = RwSignal::new(codec_order(&saved.codecs).to_owned());
    let max_calls = RwSignal::new(saved.max_calls.to_string());
    let active = RwSignal::new(saved.active);
    let state = saved.state.clone();
    let has_password = saved.has_password;
    let form = FormState::new(saved, exists, move || Trunk {
        id: TrunkId(id),
        name: name.get(),
        host: host.get().trim().to_owned(),
        // What is no number at all becomes 0, which the server refuses with the bounds.
        port: port.get().trim().parse().unwrap_or(0),
        transport: if transport.with(|name| name == "tcp") { TrunkTransport::Tcp } else { TrunkTransport::Udp },
        registers: kind.with(|kind| kind == "registers"),
        username: Some(username.get()).filter(|name| !name.is_empty()),
        password: Some(password.get()).filter(|password| !password.is_empty()),
        has_password,
        sources: sources.get().lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect(),
        codecs: codecs_of(&codecs.get()),
        max_calls: max_calls.get().trim().parse().unwrap_or(0),
        active: active.get(),
        state: state.clone(),
    });
    let fill = move |trunk: &Trunk| {
        name.set(trunk.name.clone());
        host.set(trunk.host.clone());
        port.set(trunk.port.to_string());
        transport.set(transport_name(trunk.transport).to_owned());
        kind.set(if trunk.registers { "registers" } else { "peer" }.to_owned());
        username.set(trunk.username.clone().unwrap_or_default());
        password.set(String::new());
        sources.set(trunk.sources.join("\n"));
        codecs.set(codec_order(&trunk.codecs).to_owned());
        max_calls.set(trunk.max_calls.to_string());
        active.set(trunk.active);
    };
    let kinds = move || {
        let words = text.get();
        vec![Choice::new("peer", words.trunk_kind_static), Choice::new("registers", words.trunk_kind_registering)]
    };
    let transports = vec![Choice::new("udp", "UDP"), Choice::new("tcp", "TCP")];
    let orders = vec![
        Choice::new("pcmu,pcma", "PCMU, PCMA"),
        Choice::new("pcma,pcmu", "PCMA, PCMU"),
        Choice::new("pcmu", "PCMU"),
        Choice::new("pcma", "PCMA"),
    ];
    let title = move || if name.with(String::is_empty) { text.get().settings_trunks.to_owned() } else { name.get() };
    let known = Memo::new(move |_| {
        settings.all.with(|all| all.iter().flat_map(|all| &all.trunks).any(|trunk| trunk.id.0 == id))
    });
    // As the server sees it now, not as it was when the form was opened.
    let live = move || {
        let words = text.get();
        settings.all.with(|all| {
            all.iter().flat_map(|all| &all.trunks).find(|trunk| trunk.id.0 == id).map(|trunk| {
                let (state, good) = trunk_state(words, &trunk.state);
                view! { <Chip label=state tone=if good { Tone::Good } else { Tone::Bad } /> }
            })
        })
    };
    let help = move |read: fn(&crate::text::Messages) -> &'static str| {
        Signal::derive(move || Some(read(text.get()).to_owned()))
    };
    view! {
        <FormFrame
            form=form
            settings=settings
            title=title
            labels=|words| {
                vec![
                    ("name", words.trunk_name),
                    ("host", words.trunk_host),
                    ("port", words.trunk_port),
                    ("transport", words.trunk_transport),
                    ("registers", words.trunk_kind),
                    ("username", words.trunk_user),
                    ("password", words.trunk_password),
                    ("sources", words.trunk_peers),
                    ("codecs", words.trunk_codecs),
                    ("max_calls", words.trunk_max_calls),
                    ("active", words.settings_active),
                ]
            }
            on_save=move || form.save(stores, settings, wire::settings::save_trunk, move |trunk| fill(trunk))
            on_undo=move || fill(&form.stored.get_untracked())
            deletable=Some(Deletable::Trunk(TrunkId(id)))
        >
            // A trunk that was never saved has no state.
            <Show when=move || known.get()>
                <p class="settings-live">{move || text.get().trunk_state} " " {live}</p>
            </Show>
            <TextField label=move || text.get().trunk_name value=name required=true id=field_id("name") error=form.error_of("name") />
            <SelectField label=move || text.get().trunk_kind value=kind choices=Signal::derive(kinds) id=field_id("registers") error=form.error_of("registers") />
            <TextField label=move || text.get().trunk_host value=host required=true help=help(|words| words.trunk_host_help) id=field_id("host") error=form.error_of("host") />
            <TextField label=move || text.get().trunk_port value=port required=true inputmode="numeric" id=field_id("port") error=form.error_of("port") />
            <SelectField label=move || text.get().trunk_transport value=transport choices=Signal::stored(transports) id=field_id("transport") error=form.error_of("transport") />
            <TextField label=move || text.get().trunk_user value=username id=field_id("username") error=form.error_of("username") />
            <TextField
                label=move || text.get().trunk_password
                value=password
                kind="password"
                autocomplete="new-password"
                help=Signal::derive(move || form.stored.with(|trunk| trunk.has_password).then(|| text.get().trunk_password_kept.to_owned()))
                id=field_id("password")
                error=form.error_of("password")
            />
            <TextArea label=move || text.get().trunk_peers value=sources rows=3 help=help(|words| words.trunk_peers_help) id=field_id("sources") error=form.error_of("sources") />
            <SelectField label=move || text.get().trunk_codecs value=codecs choices=Signal::stored(orders) id=field_id("codecs") error=form.error_of("codecs") />
            <TextField label=move || text.get().trunk_max_calls value=max_calls required=true inputmode="numeric" id=field_id("max_calls") error=form.error_of("max_calls") />
            <CheckField label=move || text.get().settings_active value=active id=field_id("active") error=form.error_of("active") />
        </FormFrame>
    }
}
