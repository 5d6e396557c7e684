//! The office hours of 発信制限: when calls are placed as usual, and what may be called at other times.

use leptos::prelude::*;
use wire::tolls::{OfficeHours, TollRules};

use super::form::{FormState, field_id};
use crate::format;
use crate::platform::clock::{Clock, use_clock};
use crate::text::{Messages, use_text};
use crate::ui::{CheckField, TextArea, TextField};

/// The hours as they are typed, whether or not they are wanted.
#[derive(Clone, Copy)]
pub(super) struct TypedHours {
    wanted: RwSignal<bool>,
    days: [RwSignal<bool>; 7],
    opens: RwSignal<String>,
    closes: RwSignal<String>,
    utc_offset: RwSignal<String>,
    outside: RwSignal<String>,
    clock: Clock,
}

impl TypedHours {
    pub(super) fn new() -> Self {
        let empty = || RwSignal::new(String::new());
        Self {
            wanted: RwSignal::new(false),
            days: std::array::from_fn(|_| RwSignal::new(false)),
            opens: empty(),
            closes: empty(),
            utc_offset: empty(),
            outside: empty(),
            clock: use_clock(),
        }
    }

    pub(super) fn fill(self, hours: Option<&OfficeHours>) {
        let usual = || OfficeHours {
            days: [true, true, true, true, true, false, false],
            opens: "09:00".to_owned(),
            closes: "18:00".to_owned(),
            utc_offset: format::utc_offset(self.clock.now()),
            outside: Vec::new(),
        };
        self.wanted.set(hours.is_some());
        let hours = hours.cloned().unwrap_or_else(usual);
        for (day, open) in self.days.into_iter().zip(hours.days) {
            day.set(open);
        }
        self.opens.set(hours.opens);
        self.closes.set(hours.closes);
        self.utc_offset.set(hours.utc_offset);
        self.outside.set(hours.outside.join("\n"));
    }

    pub(super) fn read(self) -> Option<OfficeHours> {
        let trimmed = |text: RwSignal<String>| text.get().trim().to_owned();
        let lines = |text: RwSignal<String>| text.get().lines().map(str::to_owned).collect();
        self.wanted.get().then(|| OfficeHours {
            days: self.days.map(|day| day.get()),
            opens: trimmed(self.opens),
            closes: trimmed(self.closes),
            utc_offset: trimmed(self.utc_offset),
            outside: lines(self.outside),
        })
    }
}

/// The words for the days, Monday first.
const DAYS: [fn(&Messages) -> &'static str; 7] = [
    |words| words.weekday_monday,
    |words| words.weekday_tuesday,
    |words| words.weekday_wednesday,
    |words| words.weekday_thursday,
    |words| words.weekday_friday,
    |words| words.weekday_saturday,
    |words| words.weekday_sunday,
];

/// The fields; unless hours are wanted, one tick alone.
#[component]
pub(super) fn HoursFields(
    /// The form that they belong to.
    form: FormState<TollRules>,
    /// What is typed.
    typed: TypedHours,
) -> impl IntoView {
    let text = use_text();
    let help = move |read: fn(&Messages) -> &'static str| Signal::derive(move || Some(read(text.get()).to_owned()));
    let days = move || {
        let fields = typed.days.into_iter().zip(DAYS).enumerate();
        fields
            .map(|(n, (day, word))| {
                // What is wrong about the days is said at the first of them.
                let id = if n == 0 { field_id("days") } else { field_id(&format!("day-{n}")) };
                let error = form.error_of(if n == 0 { "days" } else { "" });
                view! { <CheckField label=move || word(text.get()) value=day id=id error=error /> }
            })
            .collect_view()
    };
    view! {
        <CheckField
            label=move || text.get().tolls_office_hours
            value=typed.wanted
            help=help(|words| words.tolls_office_hours_help)
            id=field_id("office_hours")
            error=form.error_of("office_hours")
        />
        <Show when=move || typed.wanted.get()>
            <div role="group" aria-label=move || text.get().tolls_days>
                {days}
            </div>
            <TextField label=move || text.get().tolls_opens value=typed.opens required=true help=help(|words| words.tolls_opens_help) id=field_id("opens") error=form.error_of("opens") />
            <TextField label=move || text.get().tolls_closes value=typed.closes required=true help=help(|words| words.tolls_closes_help) id=field_id("closes") error=form.error_of("closes") />
            <TextField label=move || text.get().tolls_utc_offset value=typed.utc_offset required=true help=help(|words| words.tolls_utc_offset_help) id=field_id("utc_offset") error=form.error_of("utc_offset") />
            <TextArea label=move || text.get().tolls_outside value=typed.outside rows=2 help=help(|words| words.tolls_outside_help) id=field_id("outside") error=form.error_of("outside") />
        </Show>
    }
}
