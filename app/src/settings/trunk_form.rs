//! A SIP trunk.

use domain::ids::TrunkId;
use leptos::prelude::*;
use uuid::Uuid;
use wire::settings::{Deletable, Presentation, Trunk, TrunkCodec, TrunkState, TrunkTransport};

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
        TrunkTransport::Tls => "tls",
    }
}

pub(super) fn transport_of(name: &str) -> TrunkTransport {
    match name {
        "tcp" => TrunkTransport::Tcp,
        "tls" => TrunkTransport::Tls,
        _ => TrunkTransport::Udp,
    }
}

fn presentation_name(presents: Presentation) -> &'static str {
    match presents {
        Presentation::From => "from",
        Presentation::Preferred => "preferred",
        Presentation::Asserted => "asserted",
    }
}

fn presentation_of(name: &str) -> Presentation {
    match name {
        "from" => Presentation::From,
        "preferred" => Presentation::Preferred,
        _ => Presentation::Asserted,
    }
}

/// A port as it is typed: none where nothing is.
fn port_shown(port: Option<u16>) -> String {
    port.map(|port| port.to_string()).unwrap_or_default()
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
        version: 0,
        id: TrunkId(id),
        name: String::new(),
        host: String::new(),
        port: None,
        second_host: None,
        transport: TrunkTransport::Udp,
        registers: false,
        username: None,
        password: None,
        has_password: false,
        sources: Vec::new(),
        codecs: vec![TrunkCodec::Pcmu, TrunkCodec::Pcma],
        max_calls: 100,
        trusts_identity: false,
        presents: Presentation::Asserted,
        active: true,
        state: TrunkState::Off,
    });
    let name = RwSignal::new(saved.name.clone());
    let host = RwSignal::new(saved.host.clone());
    let port = RwSignal::new(port_shown(saved.port));
    let second_host = RwSignal::new(saved.second_host.clone().unwrap_or_default());
    let transport = RwSignal::new(transport_name(saved.transport).to_owned());
    let kind = RwSignal::new(if saved.registers { "registers" } else { "peer" }.to_owned());
    let username = RwSignal::new(saved.username.clone().unwrap_or_default());
    let password = RwSignal::new(String::new());
    let sources = RwSignal::new(saved.sources.join("\n"));
    let codecs = RwSignal::new(codec_order(&saved.codecs).to_owned());
    let max_calls = RwSignal::new(saved.max_calls.to_string());
    let trusts_identity = RwSignal::new(saved.trusts_identity);
    let presents = RwSignal::new(presentation_name(saved.presents).to_owned());
    let active = RwSignal::new(saved.active);
    let state = saved.state.clone();
    let has_password = saved.has_password;
    let form = FormState::new(saved, exists, move || Trunk {
        version: 0,
        id: TrunkId(id),
        name: name.get(),
        host: host.get().trim().to_owned(),
        // What is no number at all becomes 0, which the server refuses with the bounds.
        port: Some(port.get().trim().to_owned()).filter(|port| !port.is_empty()).map(|port| port.parse().unwrap_or(0)),
        second_host: Some(second_host.get().trim().to_owned()).filter(|host| !host.is_empty()),
        transport: transport.with(|name| transport_of(name)),
        registers: kind.with(|kind| kind == "registers"),
        username: Some(username.get()).filter(|name| !name.is_empty()),
        password: Some(password.get()).filter(|password| !password.is_empty()),
        has_password,
        sources: sources.get().lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect(),
        codecs: codecs_of(&codecs.get()),
        max_calls: max_calls.get().trim().parse().unwrap_or(0),
        trusts_identity: trusts_identity.get(),
        presents: presents.with(|name| presentation_of(name)),
        active: active.get(),
        state: state.clone(),
    });
    let fill = move |trunk: &Trunk| {
        name.set(trunk.name.clone());
        host.set(trunk.host.clone());
        port.set(port_shown(trunk.port));
        second_host.set(trunk.second_host.clone().unwrap_or_default());
        transport.set(transport_name(trunk.transport).to_owned());
        kind.set(if trunk.registers { "registers" } else { "peer" }.to_owned());
        username.set(trunk.username.clone().unwrap_or_default());
        password.set(String::new());
        sources.set(trunk.sources.join("\n"));
        codecs.set(codec_order(&trunk.codecs).to_owned());
        max_calls.set(trunk.max_calls.to_string());
        trusts_identity.set(trunk.trusts_identity);
        presents.set(presentation_name(trunk.presents).to_owned());
        active.set(trunk.active);
    };
    let kinds = move || {
        let words = text.get();
        vec![Choice::new("peer", words.trunk_kind_static), Choice::new("registers", words.trunk_kind_registering)]
    };
    let transports = vec![Choice::new("udp", "UDP"), Choice::new("tcp", "TCP"), Choice::new("tls", "TLS")];
    let presentations = move || {
        let words = text.get();
        vec![
            Choice::new("from", words.trunk_presents_from),
            Choice::new("preferred", words.trunk_presents_preferred),
            Choice::new("asserted", words.trunk_presents_asserted),
        ]
    };
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
                    ("second_host", words.trunk_second_host),
                    ("transport", words.trunk_transport),
                    ("registers", words.trunk_kind),
                    ("username", words.trunk_user),
                    ("password", words.trunk_password),
                    ("sources", words.trunk_peers),
                    ("codecs", words.trunk_codecs),
                    ("max_calls", words.trunk_max_calls),
                    ("trusts_identity", words.trunk_trusts_identity),
                    ("presents", words.trunk_presents),
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
            <TextField label=move || text.get().trunk_port value=port inputmode="numeric" help=help(|words| words.trunk_port_help) id=field_id("port") error=form.error_of("port") />
            <TextField label=move || text.get().trunk_second_host value=second_host help=help(|words| words.trunk_second_host_help) id=field_id("second_host") error=form.error_of("second_host") />
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
            <SelectField label=move || text.get().trunk_presents value=presents choices=Signal::derive(presentations) id=field_id("presents") error=form.error_of("presents") />
            <CheckField label=move || text.get().trunk_trusts_identity value=trusts_identity id=field_id("trusts_identity") error=form.error_of("trusts_identity") />
            <CheckField label=move || text.get().settings_active value=active id=field_id("active") error=form.error_of("active") />
        </FormFrame>
    }
}
