//! The settings' SQL.

use std::collections::HashMap;

use domain::ids::{FileId, QueueId, TrunkId, UserId};
use domain::phone::E164;
use domain::roles::Role;
use domain::routing::Rule;
use domain::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wire::settings::{
    CallRules, Deletable, Extension, Granted, Music, Number, Queue, Settings, SipAccount, Trunk, TrunkState,
    TrunkTransport, User,
};

use crate::db::{Db, DbError, Tx, parse};
use crate::telephony::numbers::NumberingPlan;
use crate::{execute, fetch_all, fetch_one, fetch_optional};

/// Takes the turn to change settings until the unit of work ends: one change sees what the one before it did.
pub(super) async fn take_turn(tx: &mut Tx) -> Result<(), DbError> {
    execute!(tx, "UPDATE settings_version SET version = version + 1 WHERE id = 1")?;
    Ok(())
}

/// Reads everything, on a `&Db` or in a unit of work.
macro_rules! load {
    ($on:expr, $plan:expr) => {{
        let mut granted = pairs(fetch_all!($on, (String, String), "SELECT number_id, user_id FROM number_grants ORDER BY user_id")?);
        let mut members = pairs(fetch_all!($on, (String, String), "SELECT queue_id, user_id FROM queue_members ORDER BY user_id")?);
        let users = fetch_all!($on, UserRow, "SELECT id, login, display_name, role, active FROM users ORDER BY display_name, login")?;
        let extensions = fetch_all!($on, ExtensionRow, EXTENSIONS)?;
        let trunks = fetch_all!($on, TrunkRow, TRUNKS)?;
        let numbers = fetch_all!(
            $on,
            NumberRow,
            "SELECT id, e164, label, trunk_id, queue_id, granted FROM numbers ORDER BY e164"
        )?;
        let queues = fetch_all!(
            $on,
            QueueRow,
            "SELECT id, name, rule, may_answer, ring_seconds, music_id FROM queues WHERE deleted_at IS NULL ORDER BY name"
        )?;
        let music = fetch_all!($on, (String, String, i64), "SELECT id, name, length_ms FROM music ORDER BY name")?;
        let call_rules = read_call_rules(fetch_one!($on, CallRulesRow, CALL_RULES)?)?;
        let versions = fetch_all!($on, (String, String, i64), "SELECT kind, id, version FROM settings_rows")?;
        let mut all = Settings {
            users: users.into_iter().map(UserRow::read).collect::<Result<_, _>>()?,
            extensions: extensions
                .into_iter()
                .map(|row| row.read().map(|(extension, _)| extension))
                .collect::<Result<_, _>>()?,
            trunks: trunks.into_iter().map(|row| row.read().map(|(trunk, _)| trunk)).collect::<Result<_, _>>()?,
            numbers: numbers.into_iter().map(|row| row.read($plan, &mut granted)).collect::<Result<_, _>>()?,
            queues: queues.into_iter().map(|row| row.read(&mut members)).collect::<Result<_, _>>()?,
            music: music.iter().map(read_music).collect::<Result<_, _>>()?,
            call_rules,
        };
        number_versions(&mut all, &versions)?;
        Ok(all)
    }};
}

const TRUNKS: &str = "SELECT id, name, host, port, transport, registers, username, sealed_password, sources, codecs,
     max_calls, active, second_host, trusts_identity, presents FROM trunks ORDER BY name";

const EXTENSIONS: &str = "SELECT e.id, e.number, e.user_id, a.host, a.port, a.transport, a.domain, a.username,
     a.auth_username, a.sealed_password, a.codecs, a.ring_seconds, a.outside_prefix
     FROM extensions e LEFT JOIN extension_accounts a ON a.extension_id = e.id ORDER BY e.number";

const CALL_RULES: &str = "SELECT microphone_only_in_calls, full_hold, after_call_limit_seconds,
     after_call_extension_seconds FROM call_rules WHERE id = 1";

type CallRulesRow = (bool, bool, i64, i64);

fn read_call_rules(
    (microphone_only_in_calls, full_hold, limit, extension): CallRulesRow,
) -> Result<CallRules, DbError> {
    let seconds = |column, value| u16::try_from(value).map_err(|_| DbError::Corrupt { column });
    Ok(CallRules {
        version: 0,
        microphone_only_in_calls,
        full_hold,
        after_call_limit_seconds: seconds("call_rules.after_call_limit_seconds", limit)?,
        after_call_extension_seconds: seconds("call_rules.after_call_extension_seconds", extension)?,
    })
}

fn number_versions(all: &mut Settings, versions: &[(String, String, i64)]) -> Result<(), DbError> {
    let versions: HashMap<_, _> =
        versions.iter().map(|(kind, id, version)| ((kind.as_str(), id.as_str()), *version)).collect();
    let of = |kind: &str, id: &str| read_version(versions.get(&(kind, id)).copied());
    for user in &mut all.users {
        user.version = of("users", &user.id.to_string())?;
    }
    for extension in &mut all.extensions {
        extension.version = of("extensions", &extension.id.to_string())?;
    }
    for trunk in &mut all.trunks {
        trunk.version = of("trunks", &trunk.id.to_string())?;
    }
    for number in &mut all.numbers {
        number.version = of("numbers", &number.id.to_string())?;
    }
    for queue in &mut all.queues {
        queue.version = of("queues", &queue.id.to_string())?;
    }
    all.call_rules.version = of("call_rules", "")?;
    Ok(())
}

fn read_version(stored: Option<i64>) -> Result<u64, DbError> {
    u64::try_from(stored.unwrap_or(1)).map_err(|_| DbError::Corrupt { column: "settings_rows.version" })
}

/// Counts a change to a row, made or changed in this unit of work, and gives its new version.
pub(super) async fn count_change(tx: &mut Tx, kind: &'static str, id: &str) -> Result<u64, DbError> {
    let (version,) = fetch_one!(
        tx,
        (i64,),
        "INSERT INTO settings_rows (kind, id, version) VALUES ($1, $2, 2)
         ON CONFLICT (kind, id) DO UPDATE SET version = settings_rows.version + 1 RETURNING version",
        kind,
        id.to_owned(),
    )?;
    read_version(Some(version))
}

/// All settings; the trunks' states are for somebody else to fill in.
pub(super) async fn all(db: &Db, plan: NumberingPlan) -> Result<Settings, DbError> {
    load!(db, plan)
}

/// All settings as this unit of work sees them.
pub(super) async fn all_in(tx: &mut Tx, plan: NumberingPlan) -> Result<Settings, DbError> {
    load!(tx, plan)
}

/// Creates or updates a user. `hash` is the new password's; `demo` marks whom the demo makes.
pub(super) async fn put_user(
    tx: &mut Tx,
    user: &User,
    hash: Option<String>,
    demo: bool,
    now: Timestamp,
) -> Result<(), DbError> {
    let id = user.id.to_string();
    let known = execute!(
        tx,
        "UPDATE users SET login = $1, display_name = $2, role = $3, active = $4, updated_at = $5,
         password_hash = COALESCE($6, password_hash) WHERE id = $7",
        user.login.as_str(),
        user.name.as_str(),
        user.role.as_str(),
        user.active,
        now.0,
        hash.clone(),
        id.as_str(),
    )?;
    if known == 0 {
        execute!(
            tx,
            "INSERT INTO users (id, login, display_name, role, password_hash, active, demo, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            id.as_str(),
            user.login.as_str(),
            user.name.as_str(),
            user.role.as_str(),
            hash.unwrap_or_default(),
            user.active,
            demo,
            now.0,
            now.0,
        )?;
    }
    Ok(())
}

/// Creates or updates an extension with its account. Without a new sealed password the stored one stays.
pub(super) async fn put_extension(
    tx: &mut Tx,
    extension: &Extension,
    sealed: Option<String>,
    now: Timestamp,
) -> Result<(), DbError> {
    let id = extension.id.to_string();
    execute!(
        tx,
        "INSERT INTO extensions (id, number, user_id, updated_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO UPDATE SET number = excluded.number, user_id = excluded.user_id,
         updated_at = excluded.updated_at",
        id.as_str(),
        extension.number.as_str(),
        extension.user.map(|user| user.to_string()),
        now.0,
    )?;
    let Some(account) = &extension.account else {
        execute!(tx, "DELETE FROM extension_accounts WHERE extension_id = $1", id.as_str())?;
        return Ok(());
    };
    execute!(
        tx,
        "INSERT INTO extension_accounts (extension_id, host, port, transport, domain, username, auth_username,
         sealed_password, codecs, updated_at, ring_seconds, outside_prefix)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
         ON CONFLICT (extension_id) DO UPDATE SET host = excluded.host, port = excluded.port,
         transport = excluded.transport, domain = excluded.domain, username = excluded.username,
         auth_username = excluded.auth_username,
         sealed_password = COALESCE(excluded.sealed_password, extension_accounts.sealed_password),
         codecs = excluded.codecs, updated_at = excluded.updated_at, ring_seconds = excluded.ring_seconds,
         outside_prefix = excluded.outside_prefix",
        id.as_str(),
        account.host.as_str(),
        i64::from(account.port),
        write_word("extension_accounts.transport", &account.transport)?,
        account.domain.clone(),
        account.username.as_str(),
        account.auth_username.clone(),
        sealed.clone(),
        to_json("extension_accounts.codecs", &account.codecs)?,
        now.0,
        i64::from(account.ring_seconds),
        account.outside_prefix.clone(),
    )?;
    Ok(())
}

/// Creates or updates a trunk. Without a new sealed password the stored one stays.
pub(super) async fn put_trunk(
    tx: &mut Tx,
    trunk: &Trunk,
    sealed: Option<String>,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO trunks (id, name, host, port, transport, registers, username, sealed_password, sources, codecs,
         max_calls, active, updated_at, second_host, trusts_identity, presents)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, host = excluded.host, port = excluded.port,
         transport = excluded.transport, registers = excluded.registers, username = excluded.username,
         sealed_password = COALESCE(excluded.sealed_password, trunks.sealed_password), sources = excluded.sources,
         codecs = excluded.codecs, max_calls = excluded.max_calls, active = excluded.active,
         updated_at = excluded.updated_at, second_host = excluded.second_host,
         trusts_identity = excluded.trusts_identity, presents = excluded.presents",
        trunk.id.to_string(),
        trunk.name.as_str(),
        trunk.host.as_str(),
        i64::from(trunk.port.unwrap_or(0)),
        write_word("trunks.transport", &trunk.transport)?,
        trunk.registers,
        trunk.username.clone(),
        sealed.clone(),
        to_json("trunks.sources", &trunk.sources)?,
        to_json("trunks.codecs", &trunk.codecs)?,
        i64::from(trunk.max_calls),
        trunk.active,
        now.0,
        trunk.second_host.clone(),
        trunk.trusts_identity,
        write_word("trunks.presents", &trunk.presents)?,
    )?;
    Ok(())
}

pub(super) async fn put_number(tx: &mut Tx, number: &Number, e164: &E164, now: Timestamp) -> Result<(), DbError> {
    let id = number.id.to_string();
    let (granted, users) = match &number.granted {
        Granted::Nobody => ("nobody", [].as_slice()),
        Granted::Everybody => ("everybody", [].as_slice()),
        Granted::Users(users) => ("users", users.as_slice()),
    };
    execute!(
        tx,
        "INSERT INTO numbers (id, e164, label, trunk_id, queue_id, granted, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET e164 = excluded.e164,
         label = excluded.label, trunk_id = excluded.trunk_id, queue_id = excluded.queue_id,
         granted = excluded.granted, updated_at = excluded.updated_at",
        id.as_str(),
        e164.as_str(),
        number.label.as_str(),
        number.trunk.to_string(),
        number.queue.map(|queue| queue.to_string()),
        granted,
        now.0,
    )?;
    execute!(tx, "DELETE FROM number_grants WHERE number_id = $1", id.as_str())?;
    for user in users {
        let user = user.to_string();
        execute!(tx, "INSERT INTO number_grants (number_id, user_id) VALUES ($1, $2)", id.as_str(), user.as_str())?;
    }
    Ok(())
}

pub(super) async fn put_queue(tx: &mut Tx, queue: &Queue, now: Timestamp) -> Result<(), DbError> {
    let id = queue.id.to_string();
    execute!(
        tx,
        "INSERT INTO queues (id, name, rule, may_answer, ring_seconds, music_id, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO UPDATE SET name = excluded.name,
         rule = excluded.rule, may_answer = excluded.may_answer, ring_seconds = excluded.ring_seconds,
         music_id = excluded.music_id, updated_at = excluded.updated_at, deleted_at = NULL",
        id.as_str(),
        queue.name.as_str(),
        write_word("queues.rule", &queue.rule)?,
        queue.may_answer,
        i64::from(queue.ring_seconds),
        queue.music.map(|music| music.to_string()),
        now.0,
    )?;
    execute!(tx, "DELETE FROM queue_members WHERE queue_id = $1", id.as_str())?;
    for user in &queue.members {
        let user = user.to_string();
        execute!(tx, "INSERT INTO queue_members (queue_id, user_id) VALUES ($1, $2)", id.as_str(), user.as_str())?;
    }
    Ok(())
}

pub(super) async fn put_music(tx: &mut Tx, music: &Music, length_ms: i64, now: Timestamp) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO music (id, name, length_ms, created_at) VALUES ($1, $2, $3, $4)",
        music.id.to_string(),
        music.name.as_str(),
        length_ms,
        now.0,
    )?;
    Ok(())
}

pub(super) async fn call_rules(db: &Db) -> Result<CallRules, DbError> {
    let counted = "SELECT version FROM settings_rows WHERE kind = 'call_rules'";
    let version = read_version(fetch_optional!(db, (i64,), counted)?.map(|(version,)| version))?;
    Ok(CallRules { version, ..read_call_rules(fetch_one!(db, CallRulesRow, CALL_RULES)?)? })
}

pub(super) async fn put_call_rules(tx: &mut Tx, rules: CallRules, now: Timestamp) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE call_rules SET microphone_only_in_calls = $1, full_hold = $2, after_call_limit_seconds = $3,
         after_call_extension_seconds = $4, updated_at = $5 WHERE id = 1",
        rules.microphone_only_in_calls,
        rules.full_hold,
        i64::from(rules.after_call_limit_seconds),
        i64::from(rules.after_call_extension_seconds),
        now.0,
    )?;
    Ok(())
}

/// Deletes a row that nothing points to; a queue stays as the name of its calls.
pub(super) async fn delete(tx: &mut Tx, what: Deletable, now: Timestamp) -> Result<(), DbError> {
    match what {
        Deletable::Extension(id) => execute!(tx, "DELETE FROM extensions WHERE id = $1", id.to_string())?,
        Deletable::Trunk(id) => execute!(tx, "DELETE FROM trunks WHERE id = $1", id.to_string())?,
        Deletable::Number(id) => execute!(tx, "DELETE FROM numbers WHERE id = $1", id.to_string())?,
        Deletable::Queue(id) => {
            execute!(tx, "DELETE FROM queue_members WHERE queue_id = $1", id.to_string())?;
            execute!(tx, "UPDATE queues SET deleted_at = $1, music_id = NULL WHERE id = $2", now.0, id.to_string())?
        }
        Deletable::Music(id) => execute!(tx, "DELETE FROM music WHERE id = $1", id.to_string())?,
    };
    Ok(())
}

/// Every trunk that is switched on, with its sealed password.
pub(super) async fn active_trunks(db: &Db) -> Result<Vec<(Trunk, Option<String>)>, DbError> {
    let rows = fetch_all!(db, TrunkRow, TRUNKS)?;
    let read: Result<Vec<_>, DbError> = rows.into_iter().map(TrunkRow::read).collect();
    Ok(read?.into_iter().filter(|(trunk, _)| trunk.active).collect())
}

/// Every extension, with the sealed password of its account.
pub(super) async fn extensions(db: &Db) -> Result<Vec<(Extension, Option<String>)>, DbError> {
    fetch_all!(db, ExtensionRow, EXTENSIONS)?.into_iter().map(ExtensionRow::read).collect()
}

/// Whoever administers now.
pub(super) async fn administrators(db: &Db) -> Result<Vec<UserId>, DbError> {
    let rows = fetch_all!(db, (String,), "SELECT id FROM users WHERE active AND role = 'administrator'")?;
    rows.iter().map(|(id,)| parse("users.id", id)).collect()
}

pub(super) async fn number(db: &Db, e164: &E164) -> Result<Option<NumberRow>, DbError> {
    fetch_optional!(
        db,
        NumberRow,
        "SELECT id, e164, label, trunk_id, queue_id, granted FROM numbers WHERE e164 = $1",
        e164.as_str()
    )
}

/// The numbers that this user may show when calling out.
pub(super) async fn granted(db: &Db, user: UserId) -> Result<Vec<NumberRow>, DbError> {
    fetch_all!(
        db,
        NumberRow,
        "SELECT id, e164, label, trunk_id, queue_id, granted FROM numbers WHERE granted = 'everybody'
         OR (granted = 'users' AND id IN (SELECT number_id FROM number_grants WHERE user_id = $1)) ORDER BY e164",
        user.to_string()
    )
}

pub(super) async fn queue(db: &Db, queue: QueueId) -> Result<Option<Queue>, DbError> {
    let id = queue.to_string();
    let row = fetch_optional!(
        db,
        QueueRow,
        "SELECT id, name, rule, may_answer, ring_seconds, music_id FROM queues WHERE id = $1 AND deleted_at IS NULL",
        id.as_str()
    )?;
    let Some(row) = row else { return Ok(None) };
    let members = fetch_all!(
        db,
        (String, String),
        "SELECT queue_id, user_id FROM queue_members WHERE queue_id = $1 ORDER BY user_id",
        id.as_str()
    )?;
    row.read(&mut pairs(members)).map(Some)
}

/// The queues of a user, by name.
pub(super) async fn queues_of(db: &Db, user: UserId) -> Result<Vec<(QueueId, String)>, DbError> {
    let rows = fetch_all!(
        db,
        (String, String),
        "SELECT q.id, q.name FROM queues q JOIN queue_members m ON m.queue_id = q.id
         WHERE m.user_id = $1 AND q.deleted_at IS NULL ORDER BY q.name",
        user.to_string()
    )?;
    rows.into_iter().map(|(id, name)| Ok((parse("queues.id", &id)?, name))).collect()
}

pub(super) async fn extension_of(db: &Db, user: UserId) -> Result<Option<(String, String)>, DbError> {
    fetch_optional!(db, (String, String), "SELECT id, number FROM extensions WHERE user_id = $1", user.to_string())
}

/// Queues with music of their own.
pub(super) async fn queue_music(db: &Db) -> Result<Vec<(QueueId, FileId)>, DbError> {
    let rows = fetch_all!(
        db,
        (String, String),
        "SELECT id, music_id FROM queues WHERE music_id IS NOT NULL AND deleted_at IS NULL"
    )?;
    rows.iter().map(|(queue, music)| Ok((parse("queues.id", queue)?, parse("queues.music_id", music)?))).collect()
}

/// Everybody's and every queue's name, those of deleted queues included.
pub(super) async fn names(db: &Db) -> Result<(Vec<(UserId, String)>, Vec<(QueueId, String)>), DbError> {
    let users = fetch_all!(db, (String, String), "SELECT id, display_name FROM users")?;
    let queues = fetch_all!(db, (String, String), "SELECT id, name FROM queues")?;
    let users: Result<Vec<_>, DbError> =
        users.into_iter().map(|(id, name)| Ok((parse("users.id", &id)?, name))).collect();
    let queues: Result<Vec<_>, DbError> =
        queues.into_iter().map(|(id, name)| Ok((parse("queues.id", &id)?, name))).collect();
    Ok((users?, queues?))
}

fn pairs(rows: Vec<(String, String)>) -> HashMap<String, Vec<String>> {
    let mut grouped: HashMap<String, Vec<String>> = HashMap::new();
    for (key, value) in rows {
        grouped.entry(key).or_default().push(value);
    }
    grouped
}

#[derive(sqlx::FromRow)]
struct UserRow {
    id: String,
    login: String,
    display_name: String,
    role: String,
    active: bool,
}

impl UserRow {
    fn read(self) -> Result<User, DbError> {
        Ok(User {
            version: 0,
            id: parse("users.id", &self.id)?,
            login: self.login,
            name: self.display_name,
            role: Role::parse(&self.role).ok_or(DbError::Corrupt { column: "users.role" })?,
            active: self.active,
            password: None,
        })
    }
}

#[derive(sqlx::FromRow)]
struct ExtensionRow {
    id: String,
    number: String,
    user_id: Option<String>,
    host: Option<String>,
    port: Option<i64>,
    transport: Option<String>,
    domain: Option<String>,
    username: Option<String>,
    auth_username: Option<String>,
    sealed_password: Option<String>,
    codecs: Option<String>,
    ring_seconds: Option<i64>,
    outside_prefix: Option<String>,
}

impl ExtensionRow {
    /// The extension and its account's sealed password.
    fn read(self) -> Result<(Extension, Option<String>), DbError> {
        let user = self.user_id.map(|id| parse("extensions.user_id", &id)).transpose()?;
        let account = match (self.host, self.port, self.transport, self.username, self.codecs, self.ring_seconds) {
            (Some(host), Some(port), Some(transport), Some(username), Some(codecs), Some(ring)) => Some(SipAccount {
                host,
                port: narrow("extension_accounts.port", port)?,
                transport: read_word("extension_accounts.transport", &transport)?,
                domain: self.domain,
                username,
                auth_username: self.auth_username,
                password: None,
                has_password: self.sealed_password.is_some(),
                codecs: from_json("extension_accounts.codecs", &codecs)?,
                ring_seconds: narrow("extension_accounts.ring_seconds", ring)?,
                outside_prefix: self.outside_prefix,
                state: TrunkState::Off,
            }),
            _ => None,
        };
        let extension =
            Extension { version: 0, id: parse("extensions.id", &self.id)?, number: self.number, user, account };
        Ok((extension, self.sealed_password))
    }
}

#[derive(sqlx::FromRow)]
struct TrunkRow {
    id: String,
    name: String,
    host: String,
    port: i64,
    transport: String,
    registers: bool,
    username: Option<String>,
    sealed_password: Option<String>,
    sources: String,
    codecs: String,
    max_calls: i64,
    active: bool,
    second_host: Option<String>,
    trusts_identity: bool,
    presents: String,
}

impl TrunkRow {
    /// The trunk and its sealed password.
    fn read(self) -> Result<(Trunk, Option<String>), DbError> {
        let transport: TrunkTransport = read_word("trunks.transport", &self.transport)?;
        let trunk = Trunk {
            version: 0,
            id: parse("trunks.id", &self.id)?,
            name: self.name,
            host: self.host,
            port: Some(narrow("trunks.port", self.port)?).filter(|port| *port != 0),
            second_host: self.second_host,
            transport,
            registers: self.registers,
            username: self.username,
            password: None,
            has_password: self.sealed_password.is_some(),
            sources: from_json("trunks.sources", &self.sources)?,
            codecs: from_json("trunks.codecs", &self.codecs)?,
            max_calls: narrow("trunks.max_calls", self.max_calls)?,
            trusts_identity: self.trusts_identity,
            presents: read_word("trunks.presents", &self.presents)?,
            active: self.active,
            state: TrunkState::Off,
        };
        Ok((trunk, self.sealed_password))
    }
}

/// A number of ours as it is stored.
#[derive(sqlx::FromRow)]
pub(super) struct NumberRow {
    pub(super) id: String,
    pub(super) e164: String,
    pub(super) label: String,
    pub(super) trunk_id: String,
    pub(super) queue_id: Option<String>,
    granted: String,
}

impl NumberRow {
    pub(super) fn e164(&self) -> Result<E164, DbError> {
        E164::parse(&self.e164).map_err(|_| DbError::Corrupt { column: "numbers.e164" })
    }

    pub(super) fn trunk(&self) -> Result<TrunkId, DbError> {
        parse("numbers.trunk_id", &self.trunk_id)
    }

    pub(super) fn queue(&self) -> Result<Option<QueueId>, DbError> {
        self.queue_id.as_ref().map(|id| parse("numbers.queue_id", id)).transpose()
    }

    fn read(self, plan: NumberingPlan, grants: &mut HashMap<String, Vec<String>>) -> Result<Number, DbError> {
        let shown = plan.show(&self.e164()?);
        let users = grants.remove(&self.id).unwrap_or_default();
        let granted = match self.granted.as_str() {
            "nobody" => Granted::Nobody,
            "everybody" => Granted::Everybody,
            "users" => Granted::Users(ids("number_grants.user_id", &users)?),
            _ => return Err(DbError::Corrupt { column: "numbers.granted" }),
        };
        Ok(Number {
            version: 0,
            id: parse("numbers.id", &self.id)?,
            number: shown.shown.clone(),
            shown: Some(shown),
            trunk: self.trunk()?,
            queue: self.queue()?,
            label: self.label,
            granted,
        })
    }
}

#[derive(sqlx::FromRow)]
struct QueueRow {
    id: String,
    name: String,
    rule: String,
    may_answer: bool,
    ring_seconds: i64,
    music_id: Option<String>,
}

impl QueueRow {
    fn read(self, members: &mut HashMap<String, Vec<String>>) -> Result<Queue, DbError> {
        let rule: Rule = read_word("queues.rule", &self.rule)?;
        Ok(Queue {
            version: 0,
            members: ids("queue_members.user_id", &members.remove(&self.id).unwrap_or_default())?,
            id: parse("queues.id", &self.id)?,
            name: self.name,
            rule,
            may_answer: self.may_answer,
            ring_seconds: narrow("queues.ring_seconds", self.ring_seconds)?,
            music: self.music_id.map(|id| parse("queues.music_id", &id)).transpose()?,
        })
    }
}

fn read_music((id, name, length_ms): &(String, String, i64)) -> Result<Music, DbError> {
    let seconds = u32::try_from(length_ms / 1000).map_err(|_| DbError::Corrupt { column: "music.length_ms" })?;
    Ok(Music { id: parse("music.id", id)?, name: name.clone(), seconds })
}

fn ids(column: &'static str, texts: &[String]) -> Result<Vec<UserId>, DbError> {
    texts.iter().map(|text| parse(column, text)).collect()
}

fn narrow(column: &'static str, value: i64) -> Result<u16, DbError> {
    u16::try_from(value).map_err(|_| DbError::Corrupt { column })
}

fn to_json<T: Serialize>(column: &'static str, value: &T) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|_| DbError::Corrupt { column })
}

fn from_json<T: DeserializeOwned>(column: &'static str, text: &str) -> Result<T, DbError> {
    serde_json::from_str(text).map_err(|_| DbError::Corrupt { column })
}

/// A value that serde writes as one word, without its quotes.
fn write_word<T: Serialize>(column: &'static str, value: &T) -> Result<String, DbError> {
    to_json(column, value).map(|json| json.trim_matches('"').to_owned())
}

fn read_word<T: DeserializeOwned>(column: &'static str, word: &str) -> Result<T, DbError> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).map_err(|_| DbError::Corrupt { column })
}
