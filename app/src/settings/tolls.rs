//! 発信制限: the rules against toll fraud, and the alarms that they raised.

use domain::roles::Permission;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wire::ApiError;
use wire::tolls::{TollAlarm, TollRules};

use super::form::{FormFrame, FormState, field_id};
use super::office_hours::{HoursFields, TypedHours};
use super::store::SettingsStore;
use super::tolls_model::alarm_words;
use crate::format;
use crate::shell::use_stores;
use crate::text::{Messages, use_text};
use crate::ui::{Button, CheckField, EmptyState, Skeleton, TextArea, TextField, use_toasts};

/// The rules, and below them the last alarms.
#[component]
pub(super) fn TollsPage(
    /// The settings, for the form's frame.
    settings: SettingsStore,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let rules = RwSignal::new(None::<TollRules>);
    let failed = RwSignal::new(None::<ApiError>);
    let load = move || {
        spawn_local(async move {
            // The page may be closed by now.
            match stores.heard(wire::tolls::tolls().await) {
                Ok(now) => {
                    drop(failed.try_set(None));
                    drop(rules.try_set(Some(now)));
                }
                Err(why) => drop(failed.try_set(Some(why))),
            }
        });
    };
    load();
    view! {
        <div class="settings-detail">
            {move || match (rules.get(), failed.get()) {
                (Some(rules), _) => view! { <TollsForm saved=rules settings=settings /> }.into_any(),
                (None, Some(why)) => {
                    view! {
                        <EmptyState fact=move || text.get().error(&why)>
                            <Button label=move || text.get().retry on_press=load />
                        </EmptyState>
                    }
                        .into_any()
                }
                (None, None) => view! { <Skeleton label=move || text.get().loading lines=6 /> }.into_any(),
            }}
        </div>
    }
}

#[component]
fn TollsForm(
    /// As they are stored.
    saved: TollRules,
    /// The settings, for the form's frame.
    settings: SettingsStore,
) -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let international = RwSignal::new(saved.international);
    let allowed = RwSignal::new(saved.allowed.join("\n"));
    let denied = RwSignal::new(saved.denied.join("\n"));
    let emergency = RwSignal::new(saved.emergency.join("\n"));
    let agent_calls = RwSignal::new(saved.agent_calls.to_string());
    let agent_attempts = RwSignal::new(saved.agent_attempts.to_string());
    let trunk_calls = RwSignal::new(saved.trunk_calls.to_string());
    let trunk_attempts = RwSignal::new(saved.trunk_attempts.to_string());
    let minutes_per_hour = RwSignal::new(saved.minutes_per_hour.to_string());
    let minutes_per_day = RwSignal::new(saved.minutes_per_day.to_string());
    let lines = |text: RwSignal<String>| -> Vec<String> {
        text.get().lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    };
    // What is no number at all becomes 0, which the server refuses with the bounds.
    let hours = TypedHours::new();
    hours.fill(saved.office_hours.as_ref());
    let number = |text: RwSignal<String>| text.get().trim().parse().unwrap_or(0);
    let form = FormState::new(saved, true, move || TollRules {
        international: international.get(),
        allowed: lines(allowed),
        denied: lines(denied),
        emergency: lines(emergency),
        office_hours: hours.read(),
        agent_calls: number(agent_calls),
        agent_attempts: number(agent_attempts),
        trunk_calls: number(trunk_calls),
        trunk_attempts: number(trunk_attempts),
        minutes_per_hour: number(minutes_per_hour),
        minutes_per_day: number(minutes_per_day),
    });
    let fill = move |rules: &TollRules| {
        international.set(rules.international);
        allowed.set(rules.allowed.join("\n"));
        denied.set(rules.denied.join("\n"));
        emergency.set(rules.emergency.join("\n"));
        hours.fill(rules.office_hours.as_ref());
        agent_calls.set(rules.agent_calls.to_string());
        agent_attempts.set(rules.agent_attempts.to_string());
        trunk_calls.set(rules.trunk_calls.to_string());
        trunk_attempts.set(rules.trunk_attempts.to_string());
        minutes_per_hour.set(rules.minutes_per_hour.to_string());
        minutes_per_day.set(rules.minutes_per_day.to_string());
    };
    let help = move |read: fn(&Messages) -> &'static str| Signal::derive(move || Some(read(text.get()).to_owned()));
    view! {
        <h1 class="said-only">{move || text.get().settings_title}</h1>
        <FormFrame
            form=form
            settings=settings
            title=move || text.get().settings_tolls
            labels=|words| {
                vec![
                    ("international", words.tolls_international),
                    ("allowed", words.tolls_allowed),
                    ("denied", words.tolls_denied),
                    ("emergency", words.tolls_emergency),
                    ("days", words.tolls_days),
                    ("opens", words.tolls_opens),
                    ("closes", words.tolls_closes),
                    ("utc_offset", words.tolls_utc_offset),
                    ("outside", words.tolls_outside),
                    ("agent_calls", words.tolls_agent_calls),
                    ("agent_attempts", words.tolls_agent_attempts),
                    ("trunk_calls", words.tolls_trunk_calls),
                    ("trunk_attempts", words.tolls_trunk_attempts),
                    ("minutes_per_hour", words.tolls_minutes_per_hour),
                    ("minutes_per_day", words.tolls_minutes_per_day),
                ]
            }
            on_save=move || form.save(stores, settings, wire::tolls::save_tolls, move |rules| fill(rules))
            on_undo=move || fill(&form.stored.get_untracked())
            deletable=None
        >
            <p>{move || text.get().tolls_help}</p>
            <CheckField label=move || text.get().tolls_international value=international id=field_id("international") error=form.error_of("international") />
            <TextArea label=move || text.get().tolls_allowed value=allowed rows=2 help=help(|words| words.tolls_allowed_help) id=field_id("allowed") error=form.error_of("allowed") />
            <TextArea label=move || text.get().tolls_denied value=denied rows=4 help=help(|words| words.tolls_denied_help) id=field_id("denied") error=form.error_of("denied") />
            <TextArea label=move || text.get().tolls_emergency value=emergency rows=3 help=help(|words| words.tolls_emergency_help) id=field_id("emergency") error=form.error_of("emergency") />
            <HoursFields form=form typed=hours />
            <TextField label=move || text.get().tolls_agent_calls value=agent_calls required=true inputmode="numeric" id=field_id("agent_calls") error=form.error_of("agent_calls") />
            <TextField label=move || text.get().tolls_agent_attempts value=agent_attempts required=true inputmode="numeric" id=field_id("agent_attempts") error=form.error_of("agent_attempts") />
            <TextField label=move || text.get().tolls_trunk_calls value=trunk_calls required=true inputmode="numeric" id=field_id("trunk_calls") error=form.error_of("trunk_calls") />
            <TextField label=move || text.get().tolls_trunk_attempts value=trunk_attempts required=true inputmode="numeric" id=field_id("trunk_attempts") error=form.error_of("trunk_attempts") />
            <TextField
                label=move || text.get().tolls_minutes_per_hour
                value=minutes_per_hour
                required=true
                inputmode="numeric"
                help=help(|words| words.tolls_minutes_help)
                id=field_id("minutes_per_hour")
                error=form.error_of("minutes_per_hour")
            />
            <TextField
                label=move || text.get().tolls_minutes_per_day
                value=minutes_per_day
                required=true
                inputmode="numeric"
                help=help(|words| words.tolls_minutes_help)
                id=field_id("minutes_per_day")
                error=form.error_of("minutes_per_day")
            />
            <Alarms />
        </FormFrame>
    }
}

/// The alarms alone, for supervisors, who set nothing up.
#[component]
pub(crate) fn AlarmsPage() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let permitted = Memo::new(move |_| stores.session.may(Permission::SeeAllCalls));
    move || {
        if permitted.get() {
            view! {
                <h1 class="said-only">{move || text.get().tolls_alarms}</h1>
                <div class="settings-detail"><Alarms /></div>
            }
            .into_any()
        } else {
            view! { <EmptyState fact=move || text.get().error_forbidden /> }.into_any()
        }
    }
}

/// The last alarms, the latest first.
#[component]
fn Alarms() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let alarms = RwSignal::new(Vec::<TollAlarm>::new());
    Effect::new(move || {
        stores.toll_alarm.track();
        spawn_local(async move {
            // What is wrong is said where the rules are; the page may be closed by now.
            if let Ok(now) = stores.heard(wire::tolls::toll_alarms().await) {
                drop(alarms.try_set(now));
            }
        });
    });
    let rows = move || {
        let words = text.get();
        alarms
            .get()
            .into_iter()
            .map(|alarm| {
                let at = format::date_time(alarm.at, text.language());
                let says = alarm_words(words, &alarm.what, |code| format::region(code, text.language()));
                view! {
                    <li>
                        <span class="num">{at}</span>
                        " "
                        {says}
                    </li>
                }
            })
            .collect_view()
    };
    view! {
        <section aria-labelledby="toll-alarms-title">
            <h3 id="toll-alarms-title">{move || text.get().tolls_alarms}</h3>
            <Show
                when=move || !alarms.with(Vec::is_empty)
                fallback=move || view! { <p class="field-help">{move || text.get().tolls_alarms_empty}</p> }
            >
                <ul>{rows}</ul>
            </Show>
        </section>
    }
}

/// Says each alarm where its reader is working: mounted once, with the desk.
#[component]
pub(crate) fn TollAlarms() -> impl IntoView {
    let stores = use_stores();
    let text = use_text();
    let toasts = use_toasts();
    Effect::new(move || {
        if let Some(alarm) = stores.toll_alarm.get() {
            // Told once, not again to whoever signs in next.
            stores.toll_alarm.set(None);
            let words = text.get_untracked();
            toasts.say(alarm_words(words, &alarm.what, |code| format::region(code, text.language())));
        }
    });
}
