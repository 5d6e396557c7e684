//! What an administrator may type: each `save_…` is checked against all settings as they are, and either every field is
//! right, or the answer names every wrong one and nothing is saved.

use std::collections::BTreeSet;
use std::net::IpAddr;

use domain::ids::{ExtensionId, UserId};
use domain::phone::E164;
use domain::roles::Role;
use ipnet::IpNet;
use wire::settings::{
    CallRules, Deletable, Extension, Granted, Number, Queue, Settings, SipAccount, Trunk, TrunkCodec, TrunkState, User,
};
use wire::{ApiError, ApiResult, FieldError, Problem};

use crate::session::{MAX_LOGIN, MAX_NAME, check_password};
use crate::telephony::numbers::{NumberingPlan, half_width};

/// Collects what is wrong.
#[derive(Default)]
pub(super) struct Check {
    fields: Vec<FieldError>,
}

impl Check {
    pub(super) fn wrong(&mut self, field: &str, problem: Problem) {
        if self.fields.iter().all(|known| known.field != field) {
            self.fields.push(FieldError { field: field.to_owned(), problem });
        }
    }

    fn wrong_if(&mut self, wrong: bool, field: &str, problem: Problem) {
        if wrong {
            self.wrong(field, problem);
        }
    }

    /// Trimmed text of at most `max` characters on one line, not empty.
    pub(super) fn text(&mut self, field: &str, text: &str, max: u32) -> String {
        self.wrong_if(text.trim().is_empty(), field, Problem::Required);
        self.optional_text(field, text, max)
    }

    fn optional_text(&mut self, field: &str, text: &str, max: u32) -> String {
        let text = text.trim();
        let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        self.wrong_if(length > max, field, Problem::TooLong { max });
        self.wrong_if(text.chars().any(char::is_control), field, Problem::Malformed);
        text.to_owned()
    }

    fn range(&mut self, field: &str, value: u16, min: u16, max: u16) {
        let problem = Problem::OutOfRange { min: min.into(), max: max.into() };
        self.wrong_if(!(min..=max).contains(&value), field, problem);
    }

    fn users(&mut self, field: &str, all: &Settings, users: &[UserId]) -> Vec<UserId> {
        let known = |id: &UserId| all.users.iter().any(|user| user.id == *id);
        self.wrong_if(!users.iter().all(known), field, Problem::Unknown);
        users.iter().copied().collect::<BTreeSet<_>>().into_iter().collect()
    }

    pub(super) fn done<T>(self, right: T) -> ApiResult<T> {
        if self.fields.is_empty() { Ok(right) } else { Err(ApiError::Invalid { fields: self.fields }) }
    }
}

/// A user as it may be saved.
pub(super) fn user(all: &Settings, user: User) -> ApiResult<User> {
    let mut check = Check::default();
    let login = check.text("login", &half_width(&user.login), narrow(MAX_LOGIN)).to_lowercase();
    check.wrong_if(login.chars().any(char::is_whitespace), "login", Problem::Malformed);
    check.wrong_if(all.users.iter().any(|other| other.login == login && other.id != user.id), "login", Problem::Taken);
    let name = check.text("name", &user.name, narrow(MAX_NAME));
    let before = all.users.iter().find(|other| other.id == user.id);
    match user.password.as_deref().map(check_password) {
        None if before.is_none() => check.wrong("password", Problem::Required),
        Some(Err(fault)) => check.wrong("password", fault.into()),
        None | Some(Ok(())) => {}
    }
    // Nobody could set anything up any more.
    let rules = |user: &User| user.active && user.role == Role::Administrator;
    if before.is_some_and(rules) && !rules(&user) && !all.users.iter().any(|other| other.id != user.id && rules(other))
    {
        check.wrong(if user.active { "role" } else { "active" }, Problem::InUse);
    }
    check.done(User { login, name, ..user })
}

/// The rules for calls as they may be saved. A limit below ten seconds would end after-call work before it is seen.
pub(super) fn call_rules(rules: CallRules) -> ApiResult<CallRules> {
    let mut check = Check::default();
    if rules.after_call_limit_seconds > 0 {
        check.range("after_call_limit_seconds", rules.after_call_limit_seconds, 10, 3_600);
    }
    check.range("after_call_extension_seconds", rules.after_call_extension_seconds, 10, 3_600);
    check.done(rules)
}

/// An extension as it may be saved.
pub(super) fn extension(all: &Settings, extension: &Extension) -> ApiResult<Extension> {
    let mut check = Check::default();
    let number = half_width(extension.number.trim());
    let digits = (2..=8).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    check.wrong_if(number.is_empty(), "number", Problem::Required);
    check.wrong_if(!digits, "number", Problem::Malformed);
    let others = || all.extensions.iter().filter(|other| other.id != extension.id);
    check.wrong_if(others().any(|other| other.number == number), "number", Problem::Taken);
    check.users("user", all, extension.user.as_slice());
    check.wrong_if(
        extension.user.is_some() && others().any(|other| other.user == extension.user),
        "user",
        Problem::Taken,
    );
    let account = extension.account.clone().map(|account| sip_account(&mut check, all, extension.id, account));
    check.done(Extension { version: 0, id: extension.id, number, user: extension.user, account })
}

/// An extension's account as it may be saved.
fn sip_account(check: &mut Check, all: &Settings, extension: ExtensionId, account: SipAccount) -> SipAccount {
    let before = all.extensions.iter().find(|other| other.id == extension).and_then(|known| known.account.as_ref());
    let host = check.text("host", &half_width(&account.host), 253).to_lowercase();
    check.wrong_if(!is_host(&host), "host", Problem::NotAHost);
    check.range("port", account.port, 1, u16::MAX);
    let optional = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let domain =
        optional(&account.domain).map(|domain| check.optional_text("domain", &half_width(&domain), 253).to_lowercase());
    check.wrong_if(domain.as_deref().is_some_and(|domain| !is_host(domain)), "domain", Problem::NotAHost);
    let username = check.text("username", &half_width(&account.username), 64);
    // RFC 3261 §25.1: what stands in the user part of an address without escaping.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,?/".contains(&byte);
    check.wrong_if(!username.bytes().all(plain), "username", Problem::Malformed);
    let auth_username = optional(&account.auth_username).map(|name| check.optional_text("auth_username", &name, 128));
    let password = account.password.filter(|password| !password.is_empty());
    if let Some(password) = &password {
        check.optional_text("password", password, 256);
    }
    let has_password = password.is_some() || before.is_some_and(|before| before.has_password);
    check.wrong_if(!has_password, "password", Problem::Required);
    let codecs: Vec<TrunkCodec> =
        [TrunkCodec::Pcmu, TrunkCodec::Pcma].into_iter().filter(|codec| account.codecs.contains(codec)).collect();
    check.wrong_if(codecs.is_empty(), "codecs", Problem::Required);
    let codecs = if codecs.len() == 2 && account.codecs.first() == Some(&TrunkCodec::Pcma) {
        vec![TrunkCodec::Pcma, TrunkCodec::Pcmu]
    } else {
        codecs
    };
    check.range("ring_seconds", account.ring_seconds, 5, 120);
    let outside_prefix = optional(&account.outside_prefix).map(|prefix| half_width(prefix.trim()));
    let dialled = |prefix: &str| (1..=4).contains(&prefix.len()) && prefix.bytes().all(|byte| byte.is_ascii_digit());
    check.wrong_if(!outside_prefix.as_deref().is_none_or(dialled), "outside_prefix", Problem::Malformed);
    let right = SipAccount {
        host,
        port: account.port,
        transport: account.transport,
        domain,
        username,
        auth_username,
        password,
        has_password,
        codecs,
        ring_seconds: account.ring_seconds,
        outside_prefix,
        state: TrunkState::Off,
    };
    // Two who register the same address would take each other's calls.
    let same = |other: &SipAccount| {
        (&other.host, other.port, &other.domain, &other.username)
            == (&right.host, right.port, &right.domain, &right.username)
    };
    let others = all.extensions.iter().filter(|other| other.id != extension);
    check.wrong_if(others.filter_map(|other| other.account.as_ref()).any(same), "username", Problem::Taken);
    right
}

/// A trunk as it may be saved.
pub(super) fn trunk(all: &Settings, trunk: Trunk) -> ApiResult<Trunk> {
    let mut check = Check::default();
    let name = check.text("name", &trunk.name, 60);
    let before = all.trunks.iter().find(|other| other.id == trunk.id);
    check.wrong_if(all.trunks.iter().any(|other| other.name == name && other.id != trunk.id), "name", Problem::Taken);
    let host = check.text("host", &half_width(&trunk.host), 253).to_lowercase();
    check.wrong_if(!is_host(&host), "host", Problem::NotAHost);
    if let Some(port) = trunk.port {
        check.range("port", port, 1, u16::MAX);
    }
    let second_host = trunk.second_host.as_deref().map(|second| half_width(second.trim()).to_lowercase());
    let second_host = second_host.filter(|second| !second.is_empty());
    check.wrong_if(!second_host.as_deref().is_none_or(is_server), "second_host", Problem::NotAHost);
    let username = trunk.username.as_deref().map(|name| check.optional_text("username", name, 128));
    let username = username.filter(|name| !name.is_empty());
    let password = trunk.password.clone().filter(|password| !password.is_empty());
    let has_password = password.is_some() || before.is_some_and(|before| before.has_password);
    if let Some(password) = &password {
        check.optional_text("password", password, 256);
    }
    check.wrong_if(trunk.registers && username.is_none(), "username", Problem::Required);
    check.wrong_if(trunk.registers && !has_password, "password", Problem::Required);
    let sources: Vec<String> =
        trunk.sources.iter().map(|s| half_width(s.trim())).filter(|source| !source.is_empty()).collect();
    check.wrong_if(!sources.iter().all(|source| is_network(source)), "sources", Problem::NotAHost);
    let mut codecs = trunk.codecs.clone();
    codecs.dedup();
    check.wrong_if(codecs.is_empty(), "codecs", Problem::Required);
    check.wrong_if(codecs.len() > 2, "codecs", Problem::Malformed);
    check.range("max_calls", trunk.max_calls, 1, 1000);
    check.done(Trunk { name, host, second_host, username, password, has_password, sources, codecs, ..trunk })
}

/// A number as it may be saved, and what it is in E.164.
pub(super) fn number(all: &Settings, plan: NumberingPlan, number: Number) -> ApiResult<(Number, E164)> {
    let mut check = Check::default();
    check.wrong_if(number.number.trim().is_empty(), "number", Problem::Required);
    let shown = plan.read(&number.number);
    let taken = |other: &Number| other.id != number.id && other.shown == shown;
    check.wrong_if(shown.is_none(), "number", Problem::NotANumber);
    check.wrong_if(all.numbers.iter().any(taken), "number", Problem::Taken);
    let label = check.optional_text("label", &number.label, 40);
    check.wrong_if(!all.trunks.iter().any(|trunk| trunk.id == number.trunk), "trunk", Problem::Unknown);
    if let Some(wanted) = number.queue {
        check.wrong_if(!all.queues.iter().any(|queue| queue.id == wanted), "queue", Problem::Unknown);
    }
    let granted = match number.granted {
        Granted::Nobody => Granted::Nobody,
        Granted::Everybody => Granted::Everybody,
        Granted::Users(users) => Granted::Users(check.users("granted", all, &users)),
    };
    // An unreadable number has been noted as wrong above: the check lets nothing through then.
    let Some(shown) = shown else { return check.done(()).and(Err(ApiError::field("number", Problem::NotANumber))) };
    let e164 = shown.e164.clone();
    let right = Number { number: shown.shown.clone(), shown: Some(shown), label, granted, ..number };
    check.done((right, e164))
}

/// A queue as it may be saved.
pub(super) fn queue(all: &Settings, queue: &Queue) -> ApiResult<Queue> {
    let mut check = Check::default();
    let name = check.text("name", &queue.name, 60);
    check.wrong_if(all.queues.iter().any(|other| other.name == name && other.id != queue.id), "name", Problem::Taken);
    let members = check.users("members", all, &queue.members);
    check.range("ring_seconds", queue.ring_seconds, 5, 120);
    if let Some(wanted) = queue.music {
        check.wrong_if(!all.music.iter().any(|music| music.id == wanted), "music", Problem::Unknown);
    }
    check.done(Queue { name, members, ..*queue })
}

/// Whether it may be deleted, and what it is called.
pub(super) fn deletion(all: &Settings, what: Deletable) -> ApiResult<String> {
    let (name, in_use) = match what {
        Deletable::Extension(id) => {
            (all.extensions.iter().find(|known| known.id == id).map(|known| known.number.clone()), false)
        }
        Deletable::Trunk(id) => (
            all.trunks.iter().find(|known| known.id == id).map(|known| known.name.clone()),
            all.numbers.iter().any(|number| number.trunk == id),
        ),
        Deletable::Number(id) => {
            (all.numbers.iter().find(|known| known.id == id).map(|known| known.number.clone()), false)
        }
        Deletable::Queue(id) => (
            all.queues.iter().find(|known| known.id == id).map(|known| known.name.clone()),
            all.numbers.iter().any(|number| number.queue == Some(id)),
        ),
        Deletable::Music(id) => (
            all.music.iter().find(|known| known.id == id).map(|known| known.name.clone()),
            all.queues.iter().any(|queue| queue.music == Some(id)),
        ),
    };
    let name = name.ok_or(ApiError::NotFound)?;
    if in_use { Err(ApiError::field("what", Problem::InUse)) } else { Ok(name) }
}

/// A host name (RFC 1123 §2.1) or an address.
fn is_host(host: &str) -> bool {
    if host.parse::<IpAddr>().is_ok() {
        return true;
    }
    // All digits and dots would be an address, and was none.
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.split('.').all(label) && host.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// A host, or a host name or IPv4 address with a port.
fn is_server(server: &str) -> bool {
    let with_port = server.rsplit_once(':').is_some_and(|(host, port)| {
        is_host(host) && !host.contains(':') && port.parse::<u16>().is_ok_and(|port| port != 0)
    });
    is_host(server) || with_port
}

fn is_network(source: &str) -> bool {
    source.parse::<IpNet>().is_ok() || source.parse::<IpAddr>().is_ok()
}

fn narrow(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
