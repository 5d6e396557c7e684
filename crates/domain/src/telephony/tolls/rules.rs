//! The rules as they are set up, and what they say of a number.

use core::fmt;

use serde::{Deserialize, Serialize};

use super::hours::OfficeHours;
use crate::phone::E164;
use crate::time::Timestamp;

/// A country by its two letters of ISO 3166-1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country([u8; 2]);

/// The text is not two capital letters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a country: two capital letters of ISO 3166-1, such as JP")]
pub struct NotACountry;

impl Country {
    /// Takes two capital letters; whether such a country exists is not asked.
    ///
    /// # Errors
    /// [`NotACountry`].
    pub fn parse(text: &str) -> Result<Self, NotACountry> {
        match text.as_bytes() {
            [first, second] if first.is_ascii_uppercase() && second.is_ascii_uppercase() => Ok(Self([*first, *second])),
            _ => Err(NotACountry),
        }
    }

    /// The two letters.
    pub fn as_str(&self) -> &str {
        // Only capital letters come in: the text is never empty.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for Country {
    type Error = NotACountry;
    fn try_from(text: String) -> Result<Self, NotACountry> {
        Self::parse(&text)
    }
}

impl From<Country> for String {
    fn from(country: Country) -> Self {
        country.as_str().to_owned()
    }
}

/// The beginning of E.164 numbers: `+` and 1 to 15 digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prefix(String);

/// The text is not `+` followed by 1 to 15 digits, the first of them not 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a prefix: it must be + and 1 to 15 digits")]
pub struct NotAPrefix;

impl Prefix {
    /// Takes text that already is in international form.
    ///
    /// # Errors
    /// [`NotAPrefix`].
    pub fn parse(text: &str) -> Result<Self, NotAPrefix> {
        let digits = text.strip_prefix('+').ok_or(NotAPrefix)?;
        let fits =
            (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        if fits { Ok(Self(text.to_owned())) } else { Err(NotAPrefix) }
    }

    /// With the leading `+`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Prefix {
    type Error = NotAPrefix;
    fn try_from(text: String) -> Result<Self, NotAPrefix> {
        Self::parse(&text)
    }
}

impl From<Prefix> for String {
    fn from(prefix: Prefix) -> Self {
        prefix.0
    }
}

/// Which rule refused a call, or ended one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Calls abroad are not allowed.
    International,
    /// The number begins with a denied prefix.
    DeniedPrefix,
    /// Outside of office hours this number is not called.
    OfficeHours,
    /// The agent has as many calls as allowed.
    AgentCalls,
    /// The agent has dialled as often as allowed in an hour.
    AgentAttempts,
    /// The trunk carries as many outbound calls as allowed.
    TrunkCalls,
    /// The trunk was dialled out on as often as allowed in an hour.
    TrunkAttempts,
    /// The trunk has used up its minutes of the last hour.
    MinutesPerHour,
    /// The trunk has used up its minutes of the last 24 hours.
    MinutesPerDay,
}

impl Rule {
    /// The stable name used in the database, the log and the metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::International => "international",
            Self::DeniedPrefix => "denied_prefix",
            Self::OfficeHours => "office_hours",
            Self::AgentCalls => "agent_calls",
            Self::AgentAttempts => "agent_attempts",
            Self::TrunkCalls => "trunk_calls",
            Self::TrunkAttempts => "trunk_attempts",
            Self::MinutesPerHour => "minutes_per_hour",
            Self::MinutesPerDay => "minutes_per_day",
        }
    }

    /// Whether it forbids the number itself, rather than one call more.
    pub fn is_about_the_number(self) -> bool {
        match self {
            Self::International | Self::DeniedPrefix | Self::OfficeHours => true,
            Self::AgentCalls
            | Self::AgentAttempts
            | Self::TrunkCalls
            | Self::TrunkAttempts
            | Self::MinutesPerHour
            | Self::MinutesPerDay => false,
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What outbound calls are allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules {
    /// Whether calls abroad are allowed; default no.
    pub international: bool,
    /// Numbers that are allowed though they are abroad. The longest prefix that fits decides.
    pub allowed: Vec<Prefix>,
    /// Numbers that are not allowed though they are at home, or though calls abroad are. As long as an allowed one: it
    /// is denied.
    pub denied: Vec<Prefix>,
    /// Short numbers that pass every rule, as they are dialled: 2 to 6 digits.
    pub emergency: Vec<String>,
    /// When numbers may be called at all; none, the default: at any time.
    #[serde(default)]
    pub office_hours: Option<OfficeHours>,
    /// Outbound calls of one agent at a time, default 2.
    pub agent_calls: u32,
    /// Outbound calls of one agent in any 60 minutes, default 60.
    pub agent_attempts: u32,
    /// Outbound calls on one trunk at a time, default 30.
    pub trunk_calls: u32,
    /// Outbound calls on one trunk in any 60 minutes, default 600.
    pub trunk_attempts: u32,
    /// Minutes talked on one trunk's outbound calls in any 60 minutes, default 600.
    pub minutes_per_hour: u32,
    /// Minutes talked on one trunk's outbound calls in any 24 hours, default 3,000.
    pub minutes_per_day: u32,
}

/// Where numbers are sold for international revenue share fraud, denied even if calls abroad are opened. Small
/// numbering plans that fraud reports name again and again (CFCA Fraud Loss Survey, i3forum, GSMA IRSF lists), and the
/// ranges that belong to no country (ITU-T E.164.D): satellite systems and networks.
#[rustfmt::skip]
pub const IRSF_PREFIXES: [&str; 25] = [
    // Africa: Gambia, Guinea, Sierra Leone, Ascension, Somalia, Zimbabwe
    "+220", "+224", "+232", "+247", "+252", "+263",
    // Europe: Lithuania, Latvia, Estonia
    "+370", "+371", "+372",
    // America: Falkland Islands, Cuba
    "+500", "+53",
    // Pacific: East Timor, Nauru, Papua New Guinea, Tonga, Solomon Islands, Vanuatu, Wallis, Cook Islands, Tuvalu
    "+670", "+674", "+675", "+676", "+677", "+678", "+681", "+682", "+688",
    // No country: Inmarsat, satellite systems, networks, premium rate
    "+870", "+881", "+882", "+883", "+979",
];

impl Rules {
    /// The rules until somebody sets up others: home alone, without its premium numbers. `calling_code` is the
    /// country's own (ITU-T E.164): 81 for JP.
    pub fn of_home(home: Country, calling_code: u16) -> Self {
        let premium: &[&str] = match home.as_str() {
            // ダイヤルQ2 and its heirs; ナビダイヤル
            "JP" => &["990", "570"],
            // 060 회선: 정보이용료
            "KR" => &["60"],
            "US" | "CA" => &["900"],
            _ => &[],
        };
        let emergency: &[&str] = match home.as_str() {
            // Police, fire and ambulance, coast guard
            "JP" => &["110", "119", "118"],
            "KR" => &["112", "119"],
            "US" | "CA" => &["911"],
            _ => &["112"],
        };
        let premium = premium.iter().map(|digits| Prefix(format!("+{calling_code}{digits}")));
        Self {
            international: false,
            allowed: Vec::new(),
            denied: premium.chain(IRSF_PREFIXES.iter().map(|text| Prefix((*text).to_owned()))).collect(),
            emergency: emergency.iter().map(|digits| (*digits).to_owned()).collect(),
            office_hours: None,
            agent_calls: 2,
            agent_attempts: 60,
            trunk_calls: 30,
            trunk_attempts: 600,
            minutes_per_hour: 600,
            minutes_per_day: 3_000,
        }
    }

    /// Whether this number may be called at all. `country` is where it belongs; none for ranges of no country.
    ///
    /// # Errors
    /// The rule that forbids it.
    pub fn admits(&self, number: &E164, country: Option<Country>, home: Country) -> Result<(), Rule> {
        let longest = |prefixes: &[Prefix]| {
            prefixes.iter().filter(|prefix| number.as_str().starts_with(&prefix.0)).map(|prefix| prefix.0.len()).max()
        };
        match (longest(&self.allowed), longest(&self.denied)) {
            (Some(allowed), Some(denied)) if allowed > denied => Ok(()),
            (Some(_), None) => Ok(()),
            (_, Some(_)) => Err(Rule::DeniedPrefix),
            (None, None) if country == Some(home) || self.international => Ok(()),
            (None, None) => Err(Rule::International),
        }
    }

    /// Whether this number may be called at this time.
    ///
    /// # Errors
    /// [`Rule::OfficeHours`].
    pub fn admits_now(&self, number: &E164, now: Timestamp) -> Result<(), Rule> {
        let admitted = self.office_hours.as_ref().is_none_or(|hours| hours.admit(number, now));
        if admitted { Ok(()) } else { Err(Rule::OfficeHours) }
    }

    /// Whether these digits, as dialled, are an emergency number.
    pub fn is_emergency(&self, digits: &str) -> bool {
        self.emergency.iter().any(|known| known == digits)
    }
}
