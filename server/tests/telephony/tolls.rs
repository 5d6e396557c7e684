//! Toll fraud, on real calls: what is refused never leaves the house, and a ceiling of minutes ends what runs.

use std::time::Duration;

use domain::agents::{Seat, Work};
use domain::ids::{InteractionId, UserId};
use domain::refusal::Refusal;
use domain::telephony::tolls::Rule;
use domain::telephony::{CallEvent, Command, Direction, Failure, Outcome};
use server::on_both;
use uuid::Uuid;
use wire::telephony::TelephonyPort;
use wire::tolls::{TollRules, TollsPort};
use wire::{ApiError, ApiResult};

use super::customer::{Customer, Script};
use super::floor::Floor;

async fn dial(floor: &Floor, agent: UserId, to: &str) -> ApiResult<InteractionId> {
    let call = InteractionId(Uuid::new_v4());
    floor.phone.dial(floor.actor(agent), call, floor.number.id, to.to_owned()).await.map(|()| call)
}

fn refused_by(rule: Rule) -> ApiResult<InteractionId> {
    Err(ApiError::Refused { refusal: Refusal::NotAllowed(rule) })
}

async fn set(floor: &Floor, change: impl FnOnce(&mut TollRules)) {
    let mut rules = floor.calls.tolls().tolls(floor.admin.clone()).await.unwrap();
    change(&mut rules);
    floor.calls.tolls().save_tolls(floor.admin.clone(), rules).await.unwrap();
}

on_both! {
    async fn t2_a_refused_call_sends_no_invite_and_leaves_the_agent_as_they_were(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.logged_in("sato").await;
        let before = floor.agents.seat(agent).await.unwrap();
        let customer = Customer::waits(&floor, Script::new("answers.xml")).await;
        assert_eq!(dial(&floor, agent, "+883 5100 0123 456").await, refused_by(Rule::DeniedPrefix));
        assert_eq!(dial(&floor, agent, "+82 2-312-3456").await, refused_by(Rule::International));
        assert_eq!(dial(&floor, agent, "0990-123-456").await, refused_by(Rule::DeniedPrefix));
        assert_eq!(floor.agents.seat(agent).await.unwrap(), before);
        assert_eq!((floor.gateway.open_ports(), floor.calls.count()), (0, 0));
        // What comes first at the trunk is the call that was allowed.
        let call = dial(&floor, agent, "090-1234-5678").await.unwrap();
        floor.connected(agent).await;
        floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
        let said = customer.done().await;
        assert!(said.contains("INVITE sip:+819012345678@127.0.0.1"), "{said}");
        assert!(!said.contains("INVITE sip:+88") && !said.contains("INVITE sip:+82"), "{said}");
        floor.quiet().await;
        assert_eq!(floor.outcomes().await.len(), 1, "a refused call is no call");
    }

    async fn t2_a_ceiling_of_minutes_ends_a_running_call_and_the_log_says_why(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        set(&floor, |rules| rules.minutes_per_hour = 2).await;
        let agent = floor.logged_in("sato").await;
        let customer = Customer::waits(&floor, Script::new("answers.xml")).await;
        let call = dial(&floor, agent, "090-1234-5678").await.unwrap();
        floor.connected(agent).await;
        floor.hands.advance(Duration::from_secs(119));
        assert_eq!(floor.calls.count(), 1);
        floor.hands.advance(Duration::from_secs(1));
        let outcome = Outcome::Failed { failure: Failure::MinutesUsedUp, sip_status: None };
        assert_eq!(floor.ended(agent).await.outcome, Some(outcome));
        customer.done().await;
        floor.seat(agent, |seat: &Seat| matches!(seat.work(), Work::AfterCall { .. })).await;
        floor.quiet().await;
        let events = floor.events(call).await;
        assert_eq!(events.first(), Some(&CallEvent::Started { direction: Direction::Outbound }));
        assert_eq!(events.last(), Some(&CallEvent::Ended { outcome }));
        let other = floor.logged_in("suzuki").await;
        assert_eq!(dial(&floor, other, "090-1234-5678").await, refused_by(Rule::MinutesPerHour));
        assert_eq!(floor.calls.tolls().toll_alarms(floor.admin.clone()).await.unwrap().len(), 2);
    }

    async fn t2_a_trunk_carries_as_many_outbound_calls_as_it_may(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        set(&floor, |rules| rules.trunk_calls = 1).await;
        let first = floor.logged_in("sato").await;
        let second = floor.logged_in("suzuki").await;
        let customer = Customer::waits(&floor, Script::new("answers.xml")).await;
        let call = dial(&floor, first, "090-1234-5678").await.unwrap();
        floor.connected(first).await;
        assert_eq!(dial(&floor, second, "090-1234-5678").await, refused_by(Rule::TrunkCalls));
        floor.phone.command(floor.actor(first), call, Command::HangUp).await.unwrap();
        customer.done().await;
    }

    async fn t2_an_emergency_call_is_dialled_as_it_stands_and_no_ceiling_ends_it(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        set(&floor, |rules| (rules.minutes_per_hour, rules.trunk_calls) = (1, 1)).await;
        let agent = floor.logged_in("sato").await;
        let read = floor.phone.read_number(floor.actor(agent), "119".to_owned()).await.unwrap();
        assert_eq!(read.number.unwrap().shown, "119");
        let customer = Customer::waits(&floor, Script::new("answers.xml")).await;
        let call = dial(&floor, agent, "119").await.unwrap();
        let up = floor.connected(agent).await;
        assert_eq!(up.party.number.unwrap().shown, "119");
        floor.hands.advance(Duration::from_mins(5));
        floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
        assert_eq!(floor.ended(agent).await.outcome, Some(Outcome::AgentHungUp));
        let said = customer.done().await;
        assert!(said.contains("INVITE sip:119@127.0.0.1"), "{said}");
    }
}
