//! The rules against toll fraud, as an administrator sets them up, and the alarms that they raise.

use domain::telephony::tolls::Rule;
use domain::time::Timestamp;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use serde::{Deserialize, Serialize};

use crate::error::ApiError;
#[cfg(feature = "ssr")]
use crate::{error::ApiResult, session::Actor};

/// What outbound calls are allowed (発信制限). Numbers of our own country are open, all others closed, unless a prefix
/// says otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TollRules {
    /// Whether calls abroad are allowed; default no.
    pub international: bool,
    /// Prefixes that are allowed all the same, at most 200: as dialled at home (`0990`) or with `+` and the country code.
    pub allowed: Vec<String>,
    /// Prefixes that are denied all the same, at most 200. The longer of an allowed and a denied one decides.
    pub denied: Vec<String>,
    /// Emergency numbers of our own country, 2–6 digits, at most 20: never refused and never ended.
    pub emergency: Vec<String>,
    /// When numbers may be called at all; none, the default: at any time.
    #[serde(default)]
    pub office_hours: Option<OfficeHours>,
    /// Outbound calls of one agent at a time, 1–10, default 2.
    pub agent_calls: u32,
    /// Outbound calls of one agent in any 60 minutes, 1–1,000, default 60.
    pub agent_attempts: u32,
    /// Outbound calls on one trunk at a time, 1–1,000, default 30.
    pub trunk_calls: u32,
    /// Outbound calls on one trunk in any 60 minutes, 1–100,000, default 600.
    pub trunk_attempts: u32,
    /// Minutes talked on one trunk's outbound calls in any 60 minutes, 1–60,000, default 600.
    pub minutes_per_hour: u32,
    /// Minutes talked on one trunk's outbound calls in any 24 hours, 1–1,440,000, default 3,000.
    pub minutes_per_day: u32,
}

/// When calls are placed as usual, and which may be placed at other times. Emergency numbers always may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfficeHours {
    /// The days on which the office opens, Monday first; at least one.
    pub days: [bool; 7],
    /// `HH:MM`, 00:00–23:59.
    pub opens: String,
    /// `HH:MM`, 00:00–24:00; not after `opens`: on the following day.
    pub closes: String,
    /// By how much the office's clock is ahead of UTC, `+HH:MM` or `-HH:MM`; summer time is not followed.
    pub utc_offset: String,
    /// Prefixes that may be called at other times too, at most 200; none: nothing may.
    pub outside: Vec<String>,
}

/// Something that an administrator or supervisor should look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TollAlarm {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: TollNews,
}

/// What an alarm is about. Never the number itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TollNews {
    /// A call was refused.
    Refused {
        /// Who dialled, by name.
        who: String,
        /// By which rule.
        rule: Rule,
    },
    /// A country was called for the first time.
    NewCountry {
        /// Who dialled, by name.
        who: String,
        /// Two letters of ISO 3166-1.
        country: String,
    },
    /// A ceiling of minutes was reached, and running calls were ended.
    MinutesUsedUp {
        /// On which trunk, by name.
        trunk: String,
        /// Which ceiling.
        rule: Rule,
    },
}

/// What the server does behind these functions.
#[cfg(feature = "ssr")]
#[async_trait::async_trait]
pub trait TollsPort: Send + Sync {
    /// The rules in force.
    async fn tolls(&self, actor: Actor) -> ApiResult<TollRules>;
    /// Sets them.
    async fn save_tolls(&self, actor: Actor, rules: TollRules) -> ApiResult<TollRules>;
    /// The last 50 alarms, latest first; for supervisors too.
    async fn toll_alarms(&self, actor: Actor) -> ApiResult<Vec<TollAlarm>>;
}

#[cfg(feature = "ssr")]
use crate::context::{actor, port};

/// The rules in force.
///
/// # Errors
/// [`ApiError::Forbidden`].
#[server(name = TollsFn, prefix = "/api", endpoint = "settings/tolls", input = Json, output = Json)]
pub async fn tolls() -> Result<TollRules, ApiError> {
    port::<dyn TollsPort>()?.tolls(actor()?).await
}

/// Sets the rules; they count from the next call on, and the ceilings of minutes at once.
///
/// # Errors
/// [`ApiError::Invalid`], [`ApiError::Forbidden`].
#[server(name = SaveTollsFn, prefix = "/api", endpoint = "settings/save_tolls", input = Json, output = Json)]
pub async fn save_tolls(
    /// As they shall be.
    rules: TollRules,
) -> Result<TollRules, ApiError> {
    port::<dyn TollsPort>()?.save_tolls(actor()?, rules).await
}

/// The last alarms, latest first.
///
/// # Errors
/// [`ApiError::Forbidden`].
#[server(name = TollAlarmsFn, prefix = "/api", endpoint = "settings/toll_alarms", input = Json, output = Json)]
pub async fn toll_alarms() -> Result<Vec<TollAlarm>, ApiError> {
    port::<dyn TollsPort>()?.toll_alarms(actor()?).await
}
