//! What an administrator may type as rules: every field is right, or the answer names each wrong one.

use std::collections::BTreeSet;

use domain::telephony::tolls::{OfficeHours as Hours, Prefix, Rules};
use wire::tolls::{OfficeHours, TollRules};
use wire::{ApiError, ApiResult, FieldError, Problem};

use crate::audit::Changes;
use crate::telephony::numbers::{NumberingPlan, half_width};

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
    let outside = typed.office_hours.as_ref().map(|hours| list("outside", &hours.outside, PREFIXES, &prefix));
    let hours = typed.office_hours.as_ref().zip(outside);
    let hours = hours.map(|(typed, outside)| office_hours(&mut wrong, typed, &outside));
    for (field, value, max) in ceilings(typed) {
        if !(1..=max).contains(&value) {
            let problem = Problem::OutOfRange { min: 1, max: max.into() };
            wrong.push(FieldError { field: field.to_owned(), problem });
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
        office_hours: hours.flatten(),
        agent_calls: typed.agent_calls,
        agent_attempts: typed.agent_attempts,
        trunk_calls: typed.trunk_calls,
        trunk_attempts: typed.trunk_attempts,
        minutes_per_hour: typed.minutes_per_hour,
        minutes_per_day: typed.minutes_per_day,
    })
}

fn ceilings(typed: &TollRules) -> [(&'static str, u32, u32); 6] {
    [
        ("agent_calls", typed.agent_calls, 10),
        ("agent_attempts", typed.agent_attempts, 1_000),
        ("trunk_calls", typed.trunk_calls, 1_000),
        ("trunk_attempts", typed.trunk_attempts, 100_000),
        ("minutes_per_hour", typed.minutes_per_hour, 60_000),
        ("minutes_per_day", typed.minutes_per_day, 1_440_000),
    ]
}

fn office_hours(wrong: &mut Vec<FieldError>, typed: &OfficeHours, outside: &[String]) -> Option<Hours> {
    let mut note = |field: &str, problem| wrong.push(FieldError { field: field.to_owned(), problem });
    if !typed.days.contains(&true) {
        note("days", Problem::Required);
    }
    let opens = minutes(&typed.opens).filter(|minutes| *minutes < 24 * 60);
    let closes = minutes(&typed.closes);
    let offset = utc_offset(&typed.utc_offset);
    for (field, known) in [("opens", opens.is_some()), ("closes", closes.is_some()), ("utc_offset", offset.is_some())] {
        if !known {
            note(field, Problem::Malformed);
        }
    }
    let outside = outside.iter().filter_map(|text| Prefix::parse(text).ok()).collect();
    Some(Hours { days: typed.days, opens: opens?, closes: closes?, utc_offset: offset?, outside })
}

/// `9:00`, `09:00`, `24:00` as minutes after midnight.
fn minutes(text: &str) -> Option<u16> {
    let text = half_width(text.trim());
    let (hours, minutes) = text.split_once(':')?;
    let digits = |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let (hours, minutes): (u16, u16) = if digits(hours) && minutes.len() == 2 && digits(minutes) {
        (hours.parse().ok()?, minutes.parse().ok()?)
    } else {
        return None;
    };
    let all = hours * 60 + minutes;
    (minutes < 60 && all <= 24 * 60).then_some(all)
}

/// `+09:00`, `-3:30`. The clocks of the earth lie between -12:00 and +14:00.
fn utc_offset(text: &str) -> Option<i16> {
    let text = half_width(text.trim());
    let (sign, rest) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
        (Some(rest), _) => (1, rest),
        (None, Some(rest)) => (-1, rest),
        (None, None) => return None,
    };
    let offset = sign * i16::try_from(minutes(rest)?).ok()?;
    (-12 * 60..=14 * 60).contains(&offset).then_some(offset)
}

fn shown_hours(plan: NumberingPlan, hours: &Hours) -> OfficeHours {
    let clock = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    let sign = if hours.utc_offset < 0 { '-' } else { '+' };
    OfficeHours {
        days: hours.days,
        opens: clock(hours.opens),
        closes: clock(hours.closes),
        utc_offset: format!("{sign}{}", clock(hours.utc_offset.unsigned_abs())),
        outside: hours.outside.iter().map(|prefix| plan.show_prefix(prefix)).collect(),
    }
}

/// For the audit log: the days by their numbers, 1 for Monday.
fn in_a_line(hours: &OfficeHours) -> String {
    let OfficeHours { days, opens, closes, utc_offset, outside } = hours;
    let days: String = days.iter().zip(1..).filter(|(open, _)| **open).map(|(_, day)| day.to_string()).collect();
    format!("{days} {opens}–{closes} {utc_offset} {}", outside.join(" ")).trim_end().to_owned()
}

/// The rules as people read them.
pub(super) fn shown(plan: NumberingPlan, rules: &Rules) -> TollRules {
    let prefixes = |prefixes: &[Prefix]| prefixes.iter().map(|prefix| plan.show_prefix(prefix)).collect();
    TollRules {
        international: rules.international,
        allowed: prefixes(&rules.allowed),
        denied: prefixes(&rules.denied),
        emergency: rules.emergency.clone(),
        office_hours: rules.office_hours.as_ref().map(|hours| shown_hours(plan, hours)),
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
    let fields: [(&str, Read); 11] = [
        ("international", |rules| rules.international.to_string()),
        ("allowed", |rules| rules.allowed.join(" ")),
        ("denied", |rules| rules.denied.join(" ")),
        ("emergency", |rules| rules.emergency.join(" ")),
        ("office_hours", |rules| rules.office_hours.as_ref().map(in_a_line).unwrap_or_default()),
        ("agent_calls", |rules| rules.agent_calls.to_string()),
        ("agent_attempts", |rules| rules.agent_attempts.to_string()),
        ("trunk_calls", |rules| rules.trunk_calls.to_string()),
        ("trunk_attempts", |rules| rules.trunk_attempts.to_string()),
        ("minutes_per_hour", |rules| rules.minutes_per_hour.to_string()),
        ("minutes_per_day", |rules| rules.minutes_per_day.to_string()),
    ];
    fields.iter().fold(Changes::none(), |changes, (name, read)| changes.field(name, Some(read(old)), read(new)))
}
