//! Dates and times of day by the browser's own `Intl`, in its time zone.

use std::cell::RefCell;
use std::collections::HashMap;

use domain::time::Timestamp;
use js_sys::{Array, Date, Function, Intl, Object, Reflect};
use wasm_bindgen::JsValue;

use crate::text::Language;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Form {
    Time,
    Seconds,
    Day,
    DateTime,
    Dated,
}

thread_local! {
    /// Making a formatter costs far more than using it.
    static FORMATTERS: RefCell<HashMap<(Language, Form), Function>> = RefCell::new(HashMap::new());
}

/// `14:02`
pub fn clock_time(at: Timestamp, language: Language) -> String {
    formatted(at, language, Form::Time)
}

/// `14:02:07`
pub fn clock_seconds(at: Timestamp, language: Language) -> String {
    formatted(at, language, Form::Seconds)
}

/// `11月22日(日)`, `Sun, Nov 22`, `11월 22일 (일)`
pub fn day(at: Timestamp, language: Language) -> String {
    formatted(at, language, Form::Day)
}

/// `11/22 14:02`, with the seconds left out.
pub fn date_time(at: Timestamp, language: Language) -> String {
    formatted(at, language, Form::DateTime)
}

/// By how much the browser's clock is ahead of UTC at that time: `+09:00`.
pub fn utc_offset(at: Timestamp) -> String {
    let behind = date(at).get_timezone_offset();
    let sign = if behind > 0.0 { '-' } else { '+' };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole minutes, below a day")]
    let minutes = behind.abs() as u32;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

fn date(at: Timestamp) -> Date {
    // Milliseconds since 1970 are exact in a double for the next 285,000 years.
    #[expect(clippy::cast_precision_loss, reason = "|milliseconds| stays below 2^53")]
    let milliseconds = at.0 as f64;
    Date::new(&JsValue::from_f64(milliseconds))
}

/// `2026/11/22 14:02`: with the year, where what is old stands beside what is new.
pub fn dated(at: Timestamp, language: Language) -> String {
    formatted(at, language, Form::Dated)
}

/// `2026-11-22`, the same in every language: as a date input says it.
pub fn iso_day(at: Timestamp) -> String {
    let date = date(at);
    format!("{:04}-{:02}-{:02}", date.get_full_year(), date.get_month() + 1, date.get_date())
}

/// When the day of a date input began here, or the day so many days after it; none where it holds no day.
pub fn day_began(input: &str, days_after: u32) -> Option<Timestamp> {
    let mut parts = input.split('-').map(|part| part.parse::<u32>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let month = i32::try_from(month).ok()?.checked_sub(1)?;
    let date = Date::new_with_year_month_day(year, month, i32::try_from(day + days_after).ok()?);
    #[expect(clippy::cast_possible_truncation, reason = "whole milliseconds, far below 2^53")]
    Some(Timestamp(date.get_time() as i64)).filter(|_| !date.get_time().is_nan())
}

fn formatted(at: Timestamp, language: Language, form: Form) -> String {
    let format = FORMATTERS
        .with_borrow_mut(|made| made.entry((language, form)).or_insert_with(|| formatter(language, form)).clone());
    format.call1(&JsValue::UNDEFINED, &date(at)).ok().and_then(|text| text.as_string()).unwrap_or_default()
}

fn formatter(language: Language, form: Form) -> Function {
    let parts: &[(&str, &str)] = match form {
        Form::Time => &[("hour", "numeric"), ("minute", "2-digit"), ("hourCycle", "h23")],
        Form::Seconds => &[("hour", "numeric"), ("minute", "2-digit"), ("second", "2-digit"), ("hourCycle", "h23")],
        Form::Day => &[("month", "short"), ("day", "numeric"), ("weekday", "short")],
        Form::DateTime => &[
            ("month", "2-digit"),
            ("day", "2-digit"),
            ("hour", "2-digit"),
            ("minute", "2-digit"),
            ("hourCycle", "h23"),
        ],
        Form::Dated => &[
            ("year", "numeric"),
            ("month", "2-digit"),
            ("day", "2-digit"),
            ("hour", "2-digit"),
            ("minute", "2-digit"),
            ("hourCycle", "h23"),
        ],
    };
    let options = Object::new();
    for (name, value) in parts {
        // Setting a property of a fresh plain object cannot fail.
        drop(Reflect::set(&options, &(*name).into(), &(*value).into()));
    }
    Intl::DateTimeFormat::new(&Array::of1(&language.tag().into()), &options).format()
}

/// The name of a country from its two letters (ISO 3166-1); the letters themselves where the browser has no name.
pub fn region(code: &str, language: Language) -> String {
    let options = Object::new();
    // Setting a property of a fresh plain object cannot fail.
    drop(Reflect::set(&options, &"type".into(), &"region".into()));
    let named = Reflect::get(&js_sys::global(), &"Intl".into())
        .and_then(|intl| Reflect::get(&intl, &"DisplayNames".into()))
        .and_then(|names| Reflect::construct(&names.into(), &Array::of2(&Array::of1(&language.tag().into()), &options)))
        .and_then(|names| {
            let of: Function = Reflect::get(&names, &"of".into())?.into();
            of.call1(&names, &code.into())
        });
    named.ok().and_then(|name| name.as_string()).unwrap_or_else(|| code.to_owned())
}
