//! What an administrator may type as rules: every field is right, or the answer names each wrong one.

use std::collections::BTreeSet;

use domain::telephony::tolls::{Prefix, Rules};
use wire::tolls::TollRules;
use wire::{ApiError, ApiResult, FieldError, Problem};

use crate::audit::Changes;
use crate::telephony::numbers::NumberingPlan;

/// More prefixes than this are a list that nobody reads any more.
const PREFIXES: usize = 200;
const EMERGENCY: usize = 20;

/// The rules as they may be saved.
pub(super) fn rules(plan: NumberingPlan, typed: &TollRules) -> ApiResult<Rules> {
    let mut wrong = Vec::new();
    let mut note = |field: &str, problem| wrong.push(FieldError { field: field.to_owned(), problem });
    let mut list = |field: &str, typed: &[String], max: usize, read: &dyn Fn(&str) -> Option<String>| {
        let lines = typed.iter().map(|line| line.trim()).filter(|line| !line.is_empty());
        let read: Option<Vec<String>> = lines.map(read).collect();
        match read {
            None => note(field, Problem::Malformed),
            Some(read) if read.len() > max => {
                note(field, Problem::OutOfRange { min: 0, max: i64::try_from(max).unwrap_or(i64::MAX) });
            }
            // In the order in which they were typed: nobody looks for a line that has moved.
            Some(read) => {
                let mut known = BTreeSet::new();
                return read.into_iter().filter(|line| known.insert(line.clone())).collect();
            }
        }
        Vec::new()
    };
    let prefix = |line: &str| plan.read_prefix(line).map(String::from);
    let allowed = list("allowed", &typed.allowed, PREFIXES, &prefix);
    let denied = list("denied", &typed.denied, PREFIXES, &prefix);
    let emergency = list("emergency", &typed.emergency, EMERGENCY, &|line| plan.short(line).map(|short| short.shown));
    for (field, value, max) in [
        ("agent_calls", typed.agent_calls, 10),
        ("agent_attempts", typed.agent_attempts, 1_000),
        ("trunk_calls", typed.trunk_calls, 1_000),
        ("trunk_attempts", typed.trunk_attempts, 100_000),
        ("minutes_per_hour", typed.minutes_per_hour, 60_000),
        ("minutes_per_day", typed.minutes_per_day, 1_440_000),
    ] {
        if !(1..=max).contains(&value) {
            note(field, Problem::OutOfRange { min: 1, max: max.into() });
        }
    }
    if !wrong.is_empty() {
        return Err(ApiError::Invalid { fields: wrong });
    }
    let prefixes = |texts: Vec<String>| texts.iter().filter_map(|text| Prefix::parse(text).ok()).collect();
    Ok(Rules {
        international: typed.international,
        allowed: prefixes(allowed),
        denied: prefixes(denied),
        emergency,
        agent_calls: typed.agent_calls,
        agent_attempts: typed.agent_attempts,
        trunk_calls: typed.trunk_calls,
        trunk_attempts: typed.trunk_attempts,
        minutes_per_hour: typed.minutes_per_hour,
        minutes_per_day: typed.minutes_per_day,
    })
}

/// The rules as people read them.
pub(super) fn shown(plan: NumberingPlan, rules: &Rules) -> TollRules {
    let prefixes = |prefixes: &[Prefix]| prefixes.iter().map(|prefix| plan.show_prefix(prefix)).collect();
    TollRules {
        international: rules.international,
        allowed: prefixes(&rules.allowed),
        denied: prefixes(&rules.denied),
        emergency: rules.emergency.clone(),
        agent_calls: rules.agent_calls,
        agent_attempts: rules.agent_attempts,
        trunk_calls: rules.trunk_calls,
        trunk_attempts: rules.trunk_attempts,
        minutes_per_hour: rules.minutes_per_hour,
        minutes_per_day: rules.minutes_per_day,
    }
}

/// What a change of the rules says in the audit log.
pub(super) fn changes(old: &TollRules, new: &TollRules) -> Changes {
    type Read = fn(&TollRules) -> String;
    let fields: [(&str, Read); 10] = [
        ("international", |rules| rules.international.to_string()),
        ("allowed", |rules| rules.allowed.join(" ")),
        ("denied", |rules| rules.denied.join(" ")),
        ("emergency", |rules| rules.emergency.join(" ")),
        ("agent_calls", |rules| rules.agent_calls.to_string()),
        ("agent_attempts", |rules| rules.agent_attempts.to_string()),
        ("trunk_calls", |rules| rules.trunk_calls.to_string()),
        ("trunk_attempts", |rules| rules.trunk_attempts.to_string()),
        ("minutes_per_hour", |rules| rules.minutes_per_hour.to_string()),
        ("minutes_per_day", |rules| rules.minutes_per_day.to_string()),
    ];
    fields.iter().fold(Changes::none(), |changes, (name, read)| changes.field(name, Some(read(old)), read(new)))
}
