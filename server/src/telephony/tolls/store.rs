//! The SQL of the rules against toll fraud, and the ledger of the last run, read from the log of calls.

use domain::ids::{TrunkId, UserId};
use domain::telephony::tolls::{Attempt, Ledger, Rule, Rules, Talk};
use domain::time::Timestamp;
use uuid::Uuid;
use wire::tolls::{TollAlarm, TollNews};

use crate::db::{Db, DbError, Tx, parse};
use crate::{execute, fetch_all, fetch_optional};

/// How many alarms are listed.
const LISTED: i64 = 50;
/// A call that a killed server lost is taken to have lasted so long at most: its far end noticed by then.
const LOST_MS: i64 = 30 * 60 * 1_000;
/// How far back a call may have begun that ended in the last 24 hours.
const BACK_MS: i64 = 48 * 60 * 60 * 1_000;

/// Something to be told and kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Alarm {
    pub(super) at: Timestamp,
    pub(super) kind: Kind,
    pub(super) trunk: TrunkId,
    pub(super) country: Option<String>,
}

/// What raised it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Refused { agent: UserId, rule: Rule },
    NewCountry { agent: UserId },
    MinutesUsedUp { rule: Rule },
}

impl Kind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused",
            Self::NewCountry { .. } => "new_country",
            Self::MinutesUsedUp { .. } => "minutes_used_up",
        }
    }

    pub(super) fn agent(self) -> Option<UserId> {
        match self {
            Self::Refused { agent, .. } | Self::NewCountry { agent } => Some(agent),
            Self::MinutesUsedUp { .. } => None,
        }
    }

    pub(super) fn rule(self) -> Option<Rule> {
        match self {
            Self::Refused { rule, .. } | Self::MinutesUsedUp { rule } => Some(rule),
            Self::NewCountry { .. } => None,
        }
    }
}

/// The rules that somebody set up, if anybody did.
pub(super) async fn rules(db: &Db) -> Result<Option<Rules>, DbError> {
    let row = fetch_optional!(db, (String,), "SELECT rules FROM toll_rules WHERE id = 1")?;
    row.map(|(json,)| read(&json)).transpose()
}

/// The same, as this unit of work sees them.
pub(super) async fn rules_in(tx: &mut Tx) -> Result<Option<Rules>, DbError> {
    let row = fetch_optional!(tx, (String,), "SELECT rules FROM toll_rules WHERE id = 1")?;
    row.map(|(json,)| read(&json)).transpose()
}

pub(super) async fn put_rules(tx: &mut Tx, rules: &Rules, now: Timestamp) -> Result<(), DbError> {
    let json = serde_json::to_string(rules).map_err(|_| DbError::Corrupt { column: "toll_rules.rules" })?;
    execute!(
        tx,
        "INSERT INTO toll_rules (id, rules, updated_at) VALUES (1, $1, $2)
         ON CONFLICT (id) DO UPDATE SET rules = excluded.rules, updated_at = excluded.updated_at",
        json.as_str(),
        now.0,
    )?;
    Ok(())
}

/// What was dialled in the last hour and talked in the last 24.
pub(super) async fn ledger(db: &Db, now: Timestamp) -> Result<Ledger, DbError> {
    let rows = fetch_all!(
        db,
        (Option<String>, Option<String>, i64, Option<i64>, Option<i64>, Option<i64>),
        "SELECT agent_id, trunk_id, started_at, connected_at, ended_at, talked_ms FROM interactions
         WHERE direction = 'outbound' AND started_at > $1",
        now.0.saturating_sub(BACK_MS)
    )?;
    let (mut attempts, mut talks) = (Vec::new(), Vec::new());
    for (agent, trunk, started_at, connected_at, ended_at, talked_ms) in rows {
        let (Some(agent), Some(trunk)) = (agent, trunk) else { continue };
        let trunk = parse("interactions.trunk_id", &trunk)?;
        attempts.push(Attempt { agent: parse("interactions.agent_id", &agent)?, trunk, at: Timestamp(started_at) });
        if let (Some(from), Some(to)) = (connected_at, ended_at) {
            // How long a lost call lasted nobody knows.
            let lasted = talked_ms.unwrap_or_else(|| to.saturating_sub(from).min(LOST_MS));
            talks.push(Talk { trunk, from: Timestamp(from), to: Timestamp(from.saturating_add(lasted)) });
        }
    }
    Ok(Ledger::restored(attempts, talks))
}

/// Notes that a country was called. `true`: it never was before.
pub(super) async fn is_new(tx: &mut Tx, country: &str, now: Timestamp) -> Result<bool, DbError> {
    let added = execute!(
        tx,
        "INSERT INTO toll_countries (country, first_at) VALUES ($1, $2) ON CONFLICT (country) DO NOTHING",
        country,
        now.0,
    )?;
    Ok(added > 0)
}

pub(super) async fn add_alarm(tx: &mut Tx, alarm: &Alarm) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO toll_alarms (id, at, kind, agent_id, trunk_id, rule, country) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        Uuid::now_v7().to_string(),
        alarm.at.0,
        alarm.kind.as_str(),
        alarm.kind.agent().map(|agent| agent.to_string()),
        alarm.trunk.to_string(),
        alarm.kind.rule().map(Rule::as_str),
        alarm.country.clone(),
    )?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct AlarmRow {
    at: i64,
    kind: String,
    who: Option<String>,
    trunk: Option<String>,
    rule: Option<String>,
    country: Option<String>,
}

/// The last alarms, latest first.
pub(super) async fn alarms(db: &Db) -> Result<Vec<TollAlarm>, DbError> {
    let rows = fetch_all!(
        db,
        AlarmRow,
        "SELECT a.at AS at, a.kind AS kind, u.display_name AS who, t.name AS trunk, a.rule AS rule, a.country AS country
         FROM toll_alarms a LEFT JOIN users u ON u.id = a.agent_id LEFT JOIN trunks t ON t.id = a.trunk_id
         ORDER BY a.at DESC, a.id DESC LIMIT $1",
        LISTED
    )?;
    rows.into_iter().map(AlarmRow::read).collect()
}

impl AlarmRow {
    fn read(self) -> Result<TollAlarm, DbError> {
        let rule = || -> Result<Rule, DbError> {
            let word = serde_json::Value::String(self.rule.clone().unwrap_or_default());
            serde_json::from_value(word).map_err(|_| DbError::Corrupt { column: "toll_alarms.rule" })
        };
        let who = self.who.clone().unwrap_or_default();
        let what = match self.kind.as_str() {
            "refused" => TollNews::Refused { who, rule: rule()? },
            "new_country" => TollNews::NewCountry { who, country: self.country.clone().unwrap_or_default() },
            "minutes_used_up" => {
                TollNews::MinutesUsedUp { trunk: self.trunk.clone().unwrap_or_default(), rule: rule()? }
            }
            _ => return Err(DbError::Corrupt { column: "toll_alarms.kind" }),
        };
        Ok(TollAlarm { at: Timestamp(self.at), what })
    }
}

/// Who is told of alarms.
pub(super) async fn watchers(db: &Db) -> Result<Vec<UserId>, DbError> {
    let rows = fetch_all!(
        db,
        (String,),
        "SELECT id FROM users WHERE active = TRUE AND role IN ('supervisor', 'administrator')"
    )?;
    rows.iter().map(|(id,)| parse("users.id", id)).collect()
}

/// What the people call an agent, and a trunk.
pub(super) async fn names(db: &Db, agent: Option<UserId>, trunk: TrunkId) -> Result<(String, String), DbError> {
    let agent = match agent {
        Some(agent) => {
            fetch_optional!(db, (String,), "SELECT display_name FROM users WHERE id = $1", agent.to_string())?
        }
        None => None,
    };
    let trunk = fetch_optional!(db, (String,), "SELECT name FROM trunks WHERE id = $1", trunk.to_string())?;
    let name = |row: Option<(String,)>| row.map(|(name,)| name).unwrap_or_default();
    Ok((name(agent), name(trunk)))
}

fn read(json: &str) -> Result<Rules, DbError> {
    serde_json::from_str(json).map_err(|_| DbError::Corrupt { column: "toll_rules.rules" })
}
