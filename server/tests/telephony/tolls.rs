//! Toll fraud, on real calls: what is refused never leaves the house, and a ceiling of minutes ends what runs.

use std::time::Duration;

use domain::agents::{Seat, Work};
use domain::ids::{InteractionId, NumberId, UserId};
use domain::refusal::Refusal;
use domain::roles::Role;
use domain::telephony::tolls::Rule;
use domain::telephony::{CallEvent, Command, Direction, Failure, Outcome};
use server::on_both;
use tokio::net::UdpSocket;
use uuid::Uuid;
use wire::session::Actor;
use wire::settings::{Number, SettingsPort, Trunk, TrunkState};
use wire::telephony::TelephonyPort;
use wire::tolls::{OfficeHours, TollNews, TollRules, TollsPort};
use wire::{ApiError, ApiResult};

use super::customer::{Customer, Script};
use super::far::answer;
use super::floor::{Floor, LOOPBACK, Plan, trunk};

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

    async fn t2_an_emergency_call_goes_out_on_a_trunk_that_is_full_and_while_the_server_stops(db: TestDb) {
        let mut floor = Floor::open_with(&db, Plan { max_calls: 1, ..Plan::default() }).await;
        let (first, second) = (floor.logged_in("sato").await, floor.logged_in("suzuki").await);
        let third = floor.logged_in("tanaka").await;
        let script = Script::new("answers.xml").arguments(["-m", "3"]);
        let customers = Customer::waits(&floor, script).await;
        let mut calls = vec![(first, dial(&floor, first, "090-1234-5678").await.unwrap())];
        floor.connected(first).await;
        let full = Err(ApiError::Refused { refusal: Refusal::NoTrunk });
        assert_eq!(dial(&floor, second, "090-1234-5678").await, full);
        calls.push((second, dial(&floor, second, "110").await.unwrap()));
        floor.connected(second).await;
        let node = floor.calls.clone();
        let stopping = tokio::spawn(async move { node.stop(Duration::from_hours(1)).await });
        while !floor.calls.is_stopping() {
            tokio::task::yield_now().await;
        }
        let refused = Err(ApiError::Refused { refusal: Refusal::Stopping });
        assert_eq!(dial(&floor, third, "090-1234-5678").await, refused);
        calls.push((third, dial(&floor, third, "119").await.unwrap()));
        floor.connected(third).await;
        for (agent, call) in calls {
            floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
            floor.ended(agent).await;
        }
        let said = customers.done().await;
        assert!(said.contains("INVITE sip:110@127.0.0.1") && said.contains("INVITE sip:119@127.0.0.1"), "{said}");
        stopping.await.unwrap();
        assert_eq!(floor.trunks.calls(floor.trunk.id), 0, "every place was given back");
    }

    async fn t2_an_emergency_call_goes_out_though_the_registrar_is_silent_or_another_trunk_must_carry_it(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.logged_in("sato").await;
        let carrier = UdpSocket::bind((LOOPBACK, floor.peer_port)).await.unwrap();
        let lost = Trunk { host: "no-such-host.invalid".to_owned(), ..trunk("lost", 5060, Plan::default()) };
        let lost = floor.settings.save_trunk(floor.admin.clone(), lost).await.unwrap();
        let number = Number {
            id: NumberId(Uuid::new_v4()),
            number: "0398765432".to_owned(),
            trunk: lost.id,
            version: 0,
            ..floor.number.clone()
        };
        let lost = floor.settings.save_number(floor.admin.clone(), number).await.unwrap().id;
        let (username, password) = (Some("desk".to_owned()), Some("secret".to_owned()));
        let silent = Trunk { registers: true, username, password, ..floor.trunk.clone() };
        floor.settings.save_trunk(floor.admin.clone(), silent).await.unwrap();
        floor.trunks.reload().await;
        assert_eq!(floor.trunks.state(floor.trunk.id), TrunkState::Registering);
        let none = Err(ApiError::Refused { refusal: Refusal::NoTrunk });
        assert_eq!(dial(&floor, agent, "090-1234-5678").await, none);
        for chosen in [floor.number.id, lost] {
            let call = InteractionId(Uuid::new_v4());
            floor.phone.dial(floor.actor(agent), call, chosen, "118".to_owned()).await.unwrap();
            let mut datagram = vec![0; 65_536];
            let (invite, from) = loop {
                let (length, from) = carrier.recv_from(&mut datagram).await.unwrap();
                let text = String::from_utf8_lossy(&datagram[..length]).into_owned();
                if text.starts_with("INVITE ") {
                    break (text, from);
                }
            };
            assert!(invite.starts_with("INVITE sip:118@127.0.0.1 SIP/2.0"), "{invite}");
            carrier.send_to(answer(&invite, "486 Busy Here").as_bytes(), from).await.unwrap();
            floor.ended(agent).await;
            let leave = (wire::telephony::Choice::NotReady, wire::telephony::Leave::Complete);
            floor.phone.leave_after_call(floor.actor(agent), leave.0, leave.1).await.unwrap();
        }
    }

    async fn t2_outside_of_office_hours_nothing_leaves_the_house_but_a_call_for_help(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        // The floor's clock stands at 17:00 of a Friday in Tokyo.
        set(&floor, |rules| {
            rules.office_hours = Some(OfficeHours {
                days: [true, true, true, true, true, false, false],
                opens: "09:00".to_owned(),
                closes: "17:00".to_owned(),
                utc_offset: "+09:00".to_owned(),
                outside: vec![],
            });
        })
        .await;
        let agent = floor.logged_in("sato").await;
        assert_eq!(dial(&floor, agent, "090-1234-5678").await, refused_by(Rule::OfficeHours));
        let customer = Customer::waits(&floor, Script::new("answers.xml")).await;
        let call = dial(&floor, agent, "119").await.unwrap();
        floor.connected(agent).await;
        floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
        let said = customer.done().await;
        assert!(said.contains("INVITE sip:119@127.0.0.1") && !said.contains("INVITE sip:+81"), "{said}");
        let as_a_supervisor = Actor { role: Role::Supervisor, ..floor.admin.clone() };
        let alarms = floor.calls.tolls().toll_alarms(as_a_supervisor).await.unwrap();
        let refused = TollNews::Refused { who: "sato".to_owned(), rule: Rule::OfficeHours };
        assert_eq!(alarms.into_iter().map(|alarm| alarm.what).collect::<Vec<_>>(), [refused]);
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
