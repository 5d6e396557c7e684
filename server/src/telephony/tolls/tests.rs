//! The guard on both databases.

use domain::ids::{ClientId, InteractionId, TrunkId, UserId};
use domain::refusal::Refusal;
use domain::roles::Role;
use domain::telephony::tolls::Rule;
use domain::time::Timestamp;
use uuid::Uuid;
use wire::events::{DeskEvent, ServerFrame};
use wire::session::Actor;
use wire::tolls::{OfficeHours, TollNews, TollRules, TollsPort};
use wire::{ApiError, Problem};

use super::*;
use crate::audit;
use crate::clock::Hands;
use crate::db::testing::TestDb;
use crate::execute;
use crate::on_both;
use crate::realtime::Outgoing;

struct Setup {
    tolls: Tolls,
    hub: Hub,
    hands: Hands,
    admin: Actor,
    agent: UserId,
    trunk: TrunkId,
}

fn id() -> Uuid {
    Uuid::new_v4()
}

async fn person(db: &TestDb, name: &'static str, role: Role) -> UserId {
    let user = UserId(id());
    db.write::<_, DbError, _>(move |tx| {
        Box::pin(async move {
            execute!(
                tx,
                "INSERT INTO users (id, login, display_name, role, password_hash, active, demo, created_at, updated_at)
             VALUES ($1, $2, $3, $4, '', TRUE, FALSE, 0, 0)",
                user.to_string(),
                name,
                name,
                role.as_str(),
            )
        })
    })
    .await
    .unwrap();
    user
}

async fn setup(db: &TestDb) -> Setup {
    let (clock, hands) = Clock::held(Timestamp(1_800_000_000_000));
    let hub = Hub::new(clock.clone());
    let tolls = Tolls::new(db.db.clone(), clock, hub.clone(), NumberingPlan::of("JP").unwrap());
    tolls.load().await.unwrap();
    let admin = person(db, "yamamoto", Role::Administrator).await;
    let admin = Actor { user: admin, role: Role::Administrator, session: String::new() };
    Setup { tolls, hub, hands, admin, agent: person(db, "sato", Role::Agent).await, trunk: TrunkId(id()) }
}

impl Setup {
    async fn dials(&self, text: &str) -> ApiResult<InteractionId> {
        let call = InteractionId(id());
        let to = self.tolls.read(text).unwrap();
        self.tolls.admit(Wanted { call, agent: self.agent, trunk: self.trunk, to: &to }).await.map(|()| call)
    }

    async fn set(&self, change: impl FnOnce(&mut TollRules)) {
        let mut rules = self.tolls.tolls(self.admin.clone()).await.unwrap();
        change(&mut rules);
        self.tolls.save_tolls(self.admin.clone(), rules).await.unwrap();
    }
}

fn not_allowed<T: std::fmt::Debug>(answer: ApiResult<T>) -> Rule {
    match answer {
        Err(ApiError::Refused { refusal: Refusal::NotAllowed(rule) }) => rule,
        other => panic!("not refused by a rule: {other:?}"),
    }
}

async fn audited(db: &TestDb) -> Vec<(String, String, String)> {
    let lines = audit::page(&db.db, None).await.unwrap();
    lines.into_iter().map(|line| (line.what, line.subject, line.detail)).collect()
}

on_both! {
    async fn home_is_open_abroad_is_refused_audited_and_told_to_those_who_watch(db: TestDb) {
        let setup = setup(&db).await;
        let mut tab = setup.hub.attach(setup.admin.user, ClientId(id()), String::new(), None);
        let mut agents_tab = setup.hub.attach(setup.agent, ClientId(id()), String::new(), None);
        setup.dials("03-1234-5678").await.unwrap();
        assert_eq!(not_allowed(setup.dials("+82 2-312-3456").await), Rule::International);
        assert_eq!(not_allowed(setup.dials("010 82 2 312 3456").await), Rule::International, "dialled from Japan");
        assert_eq!(not_allowed(setup.dials("0990-123-456").await), Rule::DeniedPrefix);
        let refused = |of: &str, rule: &str| ("toll.refused".to_owned(), of.to_owned(), format!("rule: {rule}"));
        assert_eq!(
            audited(&db).await,
            [refused("JP", "denied_prefix"), refused("KR", "international"), refused("KR", "international")]
        );
        let alarms = setup.tolls.toll_alarms(setup.admin.clone()).await.unwrap();
        let news: Vec<TollNews> = alarms.into_iter().map(|alarm| alarm.what).collect();
        let refused = |rule| TollNews::Refused { who: "sato".to_owned(), rule };
        assert_eq!(news.len(), 2, "the second of the same kind is no alarm of its own");
        assert!(news.contains(&refused(Rule::International)) && news.contains(&refused(Rule::DeniedPrefix)));
        let Outgoing::Frame(json) = tab.frames.try_recv().unwrap() else { panic!("the tab was closed") };
        let ServerFrame::Event { event: DeskEvent::TollAlarm { alarm }, .. } = serde_json::from_str(&json).unwrap() else {
            panic!("no alarm: {json}")
        };
        assert_eq!(alarm.what, refused(Rule::International));
        assert!(agents_tab.frames.try_recv().is_err(), "agents are not told");
    }

    async fn the_first_call_to_a_country_raises_an_alarm_once_even_after_a_restart(db: TestDb) {
        let setup = setup(&db).await;
        setup.set(|rules| rules.allowed = vec!["＋82".to_owned()]).await;
        for _ in 0..2 {
            let call = setup.dials("+82 2-312-3456").await.unwrap();
            setup.tolls.ended(call);
            setup.tolls.load().await.unwrap();
        }
        let alarms = setup.tolls.toll_alarms(setup.admin.clone()).await.unwrap();
        let new = TollNews::NewCountry { who: "sato".to_owned(), country: "KR".to_owned() };
        assert_eq!(alarms.into_iter().map(|alarm| alarm.what).collect::<Vec<_>>(), [new]);
    }

    async fn counters_survive_a_restart(db: TestDb) {
        let setup = setup(&db).await;
        setup.set(|rules| (rules.agent_attempts, rules.minutes_per_hour) = (2, 10)).await;
        let now = setup.tolls.0.clock.now().0;
        for (n, minutes) in [(1, Some(4)), (2, None)] {
            let (call, agent, trunk) = (id().to_string(), setup.agent.to_string(), setup.trunk.to_string());
            let from = now - n * 20 * 60_000;
            let to = from + minutes.unwrap_or(10) * 60_000;
            db.write::<_, DbError, _>(move |tx| Box::pin(async move {
                execute!(
                    tx,
                    "INSERT INTO interactions
                        (id, kind, direction, agent_id, trunk_id, started_at, connected_at, ended_at, talked_ms)
                     VALUES ($1, 'call', 'outbound', $2, $3, $4, $5, $6, $7)",
                    call.as_str(), agent.as_str(), trunk.as_str(), from, from, to, minutes.map(|m| m * 60_000)
                )
            })).await.unwrap();
        }
        setup.tolls.load().await.unwrap();
        assert_eq!(not_allowed(setup.dials("0312345678").await), Rule::AgentAttempts);
        setup.set(|rules| rules.agent_attempts = 60).await;
        // 4 minutes, and 10 of a call that a killed server lost.
        assert_eq!(not_allowed(setup.dials("0312345678").await), Rule::MinutesPerHour);
        setup.hands.advance(Duration::from_mins(30));
        setup.dials("0312345678").await.unwrap();
    }

    async fn an_emergency_number_passes_every_rule_and_is_dialled_as_it_stands(db: TestDb) {
        let setup = setup(&db).await;
        setup.set(|rules| (rules.agent_calls, rules.agent_attempts, rules.trunk_calls) = (1, 1, 1)).await;
        setup.dials("0312345678").await.unwrap();
        assert_eq!(not_allowed(setup.dials("0312345678").await), Rule::AgentCalls);
        let police = setup.tolls.read("１１０").unwrap();
        assert_eq!((police.destination.as_str(), police.to.shown.as_str(), police.emergency), ("110", "110", true));
        setup.dials("110").await.unwrap();
        assert_eq!(setup.tolls.read("117"), None, "not every short number is one");
    }

    async fn wrong_rules_are_named_field_by_field_and_nothing_is_saved(db: TestDb) {
        let setup = setup(&db).await;
        let before = setup.tolls.tolls(setup.admin.clone()).await.unwrap();
        assert!(before.denied.contains(&"0990".to_owned()) && !before.international);
        let typed = TollRules {
            allowed: vec!["82".to_owned()],
            denied: vec!["よくない".to_owned()],
            emergency: vec!["1".to_owned()],
            office_hours: Some(OfficeHours {
                days: [false; 7],
                opens: "24:00".to_owned(),
                closes: "9".to_owned(),
                utc_offset: "+15:00".to_owned(),
                outside: vec!["9".to_owned()],
            }),
            agent_calls: 0,
            minutes_per_day: 2_000_000,
            ..before.clone()
        };
        let Err(ApiError::Invalid { fields }) = setup.tolls.save_tolls(setup.admin.clone(), typed).await else {
            panic!("wrong rules were saved")
        };
        let named: Vec<&str> = fields.iter().map(|field| field.field.as_str()).collect();
        let hours = ["outside", "days", "opens", "closes", "utc_offset"];
        assert_eq!(named[..3], ["allowed", "denied", "emergency"]);
        assert_eq!((&named[3..8], &named[8..]), (&hours[..], &["agent_calls", "minutes_per_day"][..]));
        assert_eq!(fields[8].problem, Problem::OutOfRange { min: 1, max: 10 });
        assert_eq!(setup.tolls.tolls(setup.admin.clone()).await.unwrap(), before);
        assert_eq!(audited(&db).await, []);
    }

    async fn outside_of_office_hours_only_what_was_named_is_called_and_an_emergency_number(db: TestDb) {
        let setup = setup(&db).await;
        // 2027-01-15 17:00 in Tokyo, a Friday.
        setup.set(|rules| {
            rules.office_hours = Some(OfficeHours {
                days: [true, true, true, true, true, false, false],
                opens: "９:00".to_owned(),
                closes: "17:01".to_owned(),
                utc_offset: "+9:00".to_owned(),
                outside: vec!["0120".to_owned()],
            });
        }).await;
        let saved = setup.tolls.tolls(setup.admin.clone()).await.unwrap().office_hours.unwrap();
        assert_eq!((saved.opens.as_str(), saved.utc_offset.as_str(), &*saved.outside[0]), ("09:00", "+09:00", "0120"));
        assert!(audited(&db).await[0].2.contains("12345 09:00–17:01 +09:00 0120"), "{:?}", audited(&db).await);
        setup.dials("0312345678").await.unwrap();
        setup.hands.advance(Duration::from_mins(1));
        assert_eq!(not_allowed(setup.dials("0312345678").await), Rule::OfficeHours);
        setup.dials("0120-123-456").await.unwrap();
        setup.hands.advance(Duration::from_hours(24));
        assert_eq!(not_allowed(setup.dials("0312345678").await), Rule::OfficeHours, "on Saturday");
        assert_eq!(not_allowed(setup.dials("+82 2-312-3456").await), Rule::International, "never because of the time");
        setup.dials("110").await.unwrap();
        let alarms = setup.tolls.toll_alarms(setup.admin.clone()).await.unwrap();
        assert!(alarms.iter().any(|alarm| matches!(alarm.what, TollNews::Refused { rule: Rule::OfficeHours, .. })));
    }

    async fn supervisors_see_the_alarms_that_were_raised_while_they_were_away_and_agents_see_none(db: TestDb) {
        let setup = setup(&db).await;
        not_allowed(setup.dials("+82 2-312-3456").await);
        let as_a = |role| Actor { role, ..setup.admin.clone() };
        assert_eq!(setup.tolls.toll_alarms(as_a(Role::Supervisor)).await.unwrap().len(), 1);
        assert_eq!(setup.tolls.toll_alarms(as_a(Role::Agent)).await, Err(ApiError::Forbidden));
    }

    async fn a_change_of_the_rules_is_audited_and_only_an_administrator_makes_one(db: TestDb) {
        let setup = setup(&db).await;
        setup.set(|rules| {
            rules.international = true;
            rules.agent_calls = 3;
        }).await;
        assert_eq!(
            audited(&db).await,
            [("tolls.saved".to_owned(), String::new(), "agent_calls: 2 → 3, international: false → true".to_owned())]
        );
        let supervisor = Actor { role: Role::Supervisor, ..setup.admin.clone() };
        assert_eq!(setup.tolls.tolls(supervisor.clone()).await, Err(ApiError::Forbidden));
        assert_eq!(setup.tolls.save_tolls(supervisor, TollRules::default()).await, Err(ApiError::Forbidden));
    }
}
