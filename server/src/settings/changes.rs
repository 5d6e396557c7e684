//! What a change says in the audit log: each field, old → new, by the names that people know.

use domain::ids::{QueueId, TrunkId, UserId};
use wire::settings::{CallRules, Extension, Granted, Number, Queue, Settings, SipAccount, Trunk, User};

use crate::audit::Changes;

pub(super) fn of_user(all: &Settings, new: &User) -> Changes {
    let old = all.users.iter().find(|user| user.id == new.id);
    Changes::none()
        .field("login", old.map(|user| user.login.clone()), new.login.clone())
        .field("name", old.map(|user| user.name.clone()), new.name.clone())
        .field("role", old.map(|user| user.role.as_str().to_owned()), new.role.as_str().to_owned())
        .field("active", old.map(|user| user.active.to_string()), new.active.to_string())
        .secret("password", new.password.is_some())
}

/// How a field of an account reads.
type Read = fn(&SipAccount) -> String;

pub(super) fn of_extension(all: &Settings, new: &Extension) -> Changes {
    let old = all.extensions.iter().find(|extension| extension.id == new.id);
    let user = |extension: &Extension| extension.user.map_or_else(String::new, |user| login(all, user));
    let changes = Changes::none()
        .field("number", old.map(|extension| extension.number.clone()), new.number.clone())
        .field("user", old.map(user), user(new));
    let before = old.and_then(|extension| extension.account.as_ref());
    if before.is_none() && new.account.is_none() {
        return changes;
    }
    // One that is taken away, or new, is all of its fields at once.
    let fields: [(&str, Read); 9] = [
        ("host", |account| account.host.clone()),
        ("port", |account| account.port.to_string()),
        ("transport", |account| word(&account.transport)),
        ("domain", |account| account.domain.clone().unwrap_or_default()),
        ("username", |account| account.username.clone()),
        ("auth_username", |account| account.auth_username.clone().unwrap_or_default()),
        ("codecs", |account| account.codecs.iter().map(word).collect::<Vec<_>>().join(" ")),
        ("ring_seconds", |account| account.ring_seconds.to_string()),
        ("outside_prefix", |account| account.outside_prefix.clone().unwrap_or_default()),
    ];
    let changes = fields.iter().fold(changes, |changes, (name, read)| {
        changes.field(name, before.map(read), new.account.as_ref().map(read).unwrap_or_default())
    });
    changes.secret("password", new.account.as_ref().is_some_and(|account| account.password.is_some()))
}

pub(super) fn of_trunk(all: &Settings, new: &Trunk) -> Changes {
    let old = all.trunks.iter().find(|trunk| trunk.id == new.id);
    let codecs = |trunk: &Trunk| trunk.codecs.iter().map(word).collect::<Vec<_>>().join(" ");
    Changes::none()
        .field("name", old.map(|trunk| trunk.name.clone()), new.name.clone())
        .field("host", old.map(|trunk| trunk.host.clone()), new.host.clone())
        .field("port", old.map(|trunk| port(trunk.port)), port(new.port))
        .field(
            "second_host",
            old.map(|trunk| trunk.second_host.clone().unwrap_or_default()),
            new.second_host.clone().unwrap_or_default(),
        )
        .field("transport", old.map(|trunk| word(&trunk.transport)), word(&new.transport))
        .field("registers", old.map(|trunk| trunk.registers.to_string()), new.registers.to_string())
        .field(
            "username",
            old.map(|t| t.username.clone().unwrap_or_default()),
            new.username.clone().unwrap_or_default(),
        )
        .secret("password", new.password.is_some())
        .field("sources", old.map(|trunk| trunk.sources.join(" ")), new.sources.join(" "))
        .field("codecs", old.map(codecs), codecs(new))
        .field("max_calls", old.map(|trunk| trunk.max_calls.to_string()), new.max_calls.to_string())
        .field("trusts_identity", old.map(|trunk| trunk.trusts_identity.to_string()), new.trusts_identity.to_string())
        .field("presents", old.map(|trunk| word(&trunk.presents)), word(&new.presents))
        .field("active", old.map(|trunk| trunk.active.to_string()), new.active.to_string())
}

pub(super) fn of_number(all: &Settings, new: &Number) -> Changes {
    let old = all.numbers.iter().find(|number| number.id == new.id);
    let granted = |number: &Number| match &number.granted {
        Granted::Nobody => "nobody".to_owned(),
        Granted::Everybody => "everybody".to_owned(),
        Granted::Users(users) => logins(all, users),
    };
    let queue = |number: &Number| number.queue.map_or_else(String::new, |id| queue_name(all, id));
    Changes::none()
        .field("number", old.map(|number| number.number.clone()), new.number.clone())
        .field("label", old.map(|number| number.label.clone()), new.label.clone())
        .field("trunk", old.map(|number| trunk_name(all, number.trunk)), trunk_name(all, new.trunk))
        .field("queue", old.map(queue), queue(new))
        .field("granted", old.map(granted), granted(new))
}

pub(super) fn of_queue(all: &Settings, new: &Queue) -> Changes {
    let old = all.queues.iter().find(|queue| queue.id == new.id);
    let music = |queue: &Queue| {
        let name = |id| all.music.iter().find(|music| music.id == id).map(|music| music.name.clone());
        queue.music.and_then(name).unwrap_or_default()
    };
    Changes::none()
        .field("name", old.map(|queue| queue.name.clone()), new.name.clone())
        .field("rule", old.map(|queue| word(&queue.rule)), word(&new.rule))
        .field("members", old.map(|queue| logins(all, &queue.members)), logins(all, &new.members))
        .field("may_answer", old.map(|queue| queue.may_answer.to_string()), new.may_answer.to_string())
        .field("ring_seconds", old.map(|queue| queue.ring_seconds.to_string()), new.ring_seconds.to_string())
        .field("music", old.map(music), music(new))
}

pub(super) fn of_call_rules(all: &Settings, new: CallRules) -> Changes {
    let old = all.call_rules;
    Changes::none()
        .field(
            "microphone_only_in_calls",
            Some(old.microphone_only_in_calls.to_string()),
            new.microphone_only_in_calls.to_string(),
        )
        .field("full_hold", Some(old.full_hold.to_string()), new.full_hold.to_string())
        .field(
            "after_call_limit_seconds",
            Some(old.after_call_limit_seconds.to_string()),
            new.after_call_limit_seconds.to_string(),
        )
        .field(
            "after_call_extension_seconds",
            Some(old.after_call_extension_seconds.to_string()),
            new.after_call_extension_seconds.to_string(),
        )
}

fn login(all: &Settings, id: UserId) -> String {
    all.users.iter().find(|user| user.id == id).map_or_else(|| id.to_string(), |user| user.login.clone())
}

fn logins(all: &Settings, users: &[UserId]) -> String {
    let mut logins: Vec<String> = users.iter().map(|user| login(all, *user)).collect();
    logins.sort();
    logins.join(" ")
}

fn port(port: Option<u16>) -> String {
    port.map(|port| port.to_string()).unwrap_or_default()
}

fn trunk_name(all: &Settings, id: TrunkId) -> String {
    all.trunks.iter().find(|trunk| trunk.id == id).map_or_else(|| id.to_string(), |trunk| trunk.name.clone())
}

fn queue_name(all: &Settings, id: QueueId) -> String {
    all.queues.iter().find(|queue| queue.id == id).map_or_else(|| id.to_string(), |queue| queue.name.clone())
}

/// The word that stands for a value on the wire and in the database.
fn word<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default().trim_matches('"').to_owned()
}
