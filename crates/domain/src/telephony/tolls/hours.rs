//! Office hours: at other times few numbers may be called, or none. Toll fraud comes at night and at weekends.

use serde::{Deserialize, Serialize};

use super::rules::Prefix;
use crate::phone::E164;
use crate::time::Timestamp;

/// Minutes of a day.
const DAY: i64 = 24 * 60;
/// The first day of the count, 1970-01-01, was a Thursday; Monday is 0.
const FIRST_WEEKDAY: i64 = 3;

/// When calls are placed as usual, and which may be placed at other times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfficeHours {
    /// The days on which the office opens, Monday first.
    pub days: [bool; 7],
    /// Minutes after midnight, 0–1439.
    pub opens: u16,
    /// Minutes after midnight, 0–1440. Not after `opens`: on the following day.
    pub closes: u16,
    /// By how many minutes the office's clock is ahead of UTC; summer time is not followed.
    pub utc_offset: i16,
    /// Numbers that may be called at other times, by their beginnings; empty: none. The rules for numbers hold for them
    /// too.
    pub outside: Vec<Prefix>,
}

impl OfficeHours {
    /// Whether the office is open.
    pub fn are_now(&self, now: Timestamp) -> bool {
        let minutes = now.0.div_euclid(60_000) + i64::from(self.utc_offset);
        let (day, minute) = (minutes.div_euclid(DAY), minutes.rem_euclid(DAY));
        let opens_on = |day: i64| {
            let weekday = usize::try_from((day + FIRST_WEEKDAY).rem_euclid(7)).unwrap_or_default();
            self.days.get(weekday).copied().unwrap_or_default()
        };
        let (opens, closes) = (i64::from(self.opens), i64::from(self.closes));
        if opens < closes {
            opens_on(day) && (opens..closes).contains(&minute)
        } else {
            (opens_on(day) && minute >= opens) || (opens_on(day - 1) && minute < closes)
        }
    }

    /// Whether this number may be called as far as the time is concerned.
    pub fn admit(&self, number: &E164, now: Timestamp) -> bool {
        self.are_now(now) || self.outside.iter().any(|prefix| number.as_str().starts_with(prefix.as_str()))
    }
}
