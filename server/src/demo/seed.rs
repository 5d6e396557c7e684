//! What the demo starts with, set up through the settings' own port as an administrator would.

use std::net::SocketAddr;

use domain::ids::{ExtensionId, NumberId, QueueId, TrunkId};
use domain::roles::Role;
use domain::routing::Rule;
use wire::ApiResult;
use wire::session::Actor;
use wire::settings::{
    Extension, Granted, Number, Presentation, Queue, Settings, SettingsPort, Trunk, TrunkCodec, TrunkState,
    TrunkTransport,
};

use super::people::{ADMINISTRATOR, EVERYBODY, SATO, SUZUKI, TAKAHASHI, id};

const TRUNK: TrunkId = TrunkId(id(0x200));
const QUEUE: QueueId = QueueId(id(0x300));
const MAIN: NumberId = NumberId(id(0x400));
const SUPPORT: NumberId = NumberId(id(0x401));

/// Fills a database that has not seen the demo, and points the demo's trunk at the carrier of this run. What a newcomer
/// has changed or added since stays as it is.
pub(super) async fn seed(settings: &dyn SettingsPort, carrier: SocketAddr) -> ApiResult<()> {
    let actor = administrator();
    let before = settings.settings(actor.clone()).await?;
    let known = before.trunks.iter().find(|trunk| trunk.id == TRUNK).cloned();
    let fresh = known.is_none();
    let trunk = known.unwrap_or_else(trunk);
    let here = Trunk { host: carrier.ip().to_string(), port: Some(carrier.port()), ..trunk };
    if fresh {
        people(settings, &actor, &before).await?;
    }
    settings.save_trunk(actor.clone(), here).await?;
    if fresh {
        numbers(settings, &actor, &before).await?;
    }
    Ok(())
}

/// The administrator of the demo, in whose name it is set up.
pub(super) fn administrator() -> Actor {
    Actor { user: ADMINISTRATOR.id, role: Role::Administrator, session: String::new() }
}

async fn people(settings: &dyn SettingsPort, actor: &Actor, before: &Settings) -> ApiResult<()> {
    // The administrator first: what follows is logged as done by them.
    for person in EVERYBODY.iter().rev() {
        if !before.users.iter().any(|user| user.id == person.id || user.login == person.login) {
            settings.save_user(actor.clone(), person.as_user()).await?;
        }
        if let Some(number) = person.extension
            && !before.extensions.iter().any(|known| known.number == number || known.user == Some(person.id))
        {
            let extension = Extension {
                version: 0,
                id: ExtensionId(person.id.0),
                number: number.to_owned(),
                user: Some(person.id),
                account: None,
            };
            settings.save_extension(actor.clone(), extension).await?;
        }
    }
    Ok(())
}

async fn numbers(settings: &dyn SettingsPort, actor: &Actor, before: &Settings) -> ApiResult<()> {
    if !before.queues.iter().any(|known| known.id == QUEUE) {
        settings.save_queue(actor.clone(), queue()).await?;
    }
    for number in [
        number(MAIN, "+81312345678", "代表", Granted::Everybody),
        number(SUPPORT, "+815030001000", "サポート", Granted::Users(vec![SATO.id, SUZUKI.id])),
    ] {
        if !before.numbers.iter().any(|known| known.id == number.id) {
            settings.save_number(actor.clone(), number).await?;
        }
    }
    Ok(())
}

fn trunk() -> Trunk {
    Trunk {
        version: 0,
        id: TRUNK,
        name: "デモ回線".to_owned(),
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
        max_calls: 10,
        trusts_identity: false,
        presents: Presentation::Asserted,
        active: true,
        state: TrunkState::Peer,
    }
}

fn queue() -> Queue {
    Queue {
        version: 0,
        id: QUEUE,
        name: "総合窓口".to_owned(),
        rule: Rule::LongestIdle,
        members: vec![SATO.id, SUZUKI.id, TAKAHASHI.id],
        may_answer: true,
        ring_seconds: 20,
        music: None,
    }
}

fn number(id: NumberId, number: &str, label: &str, granted: Granted) -> Number {
    Number {
        version: 0,
        id,
        number: number.to_owned(),
        shown: None,
        label: label.to_owned(),
        trunk: TRUNK,
        queue: Some(QUEUE),
        granted,
    }
}
