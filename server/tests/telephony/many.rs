//! Many calls at once, and nothing left of them.

use domain::telephony::{Command, Outcome};
use server::on_both;
use server::telephony::sip_stack::Held;
use wire::telephony::{Choice, Leave, TelephonyPort};

use super::customer::{Customer, Script};
use super::floor::Floor;

const AT_ONCE: usize = 50;

on_both! {
    async fn after_100_calls_at_50_at_once_no_dialog_port_or_task_is_left(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agents = floor.all_ready(AT_ONCE).await;
        let fifty = ["-m", "100", "-l", "50", "-r", "200"];
        let customers = Customer::calls(&floor, Script::new("is_hung_up_on.xml").arguments(fifty));
        for _round in 0..2 {
            let mut calls = Vec::new();
            for agent in agents.clone() {
                let call = floor.offered(agent).await.id;
                floor.phone.command(floor.actor(agent), call, Command::Answer).await.unwrap();
                floor.connected(agent).await;
                calls.push((agent, call));
            }
            assert_eq!((floor.calls.count(), floor.gateway.open_ports()), (AT_ONCE, 2 * AT_ONCE));
            for (agent, call) in calls {
                floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
                floor.ended(agent).await;
                floor.phone.leave_after_call(floor.actor(agent), Choice::Ready, Leave::Complete).await.unwrap();
            }
        }
        customers.done().await;
        floor.quiet().await;
        let outcomes = floor.outcomes().await;
        assert_eq!(outcomes.len(), 100);
        assert!(outcomes.iter().all(|(outcome, ..)| *outcome == Outcome::AgentHungUp), "{outcomes:?}");
        assert_eq!(floor.left_over().await, (Held::default(), 0, 0));
        assert_eq!(floor.trunks.calls(floor.trunk.id), 0);
        let (waiting,) = server::fetch_one!(&floor.db, (i64,), "SELECT COUNT(*) FROM waiting_calls").unwrap();
        assert_eq!(waiting, 0);
    }

    async fn fifty_callers_who_hear_music_and_hang_up_leave_nothing(db: TestDb) {
        let floor = Floor::open(&db).await;
        let fifty = ["-m", "50", "-l", "50", "-r", "200"];
        Customer::calls(&floor, Script::new("hangs_up.xml").arguments(fifty)).done().await;
        floor.quiet().await;
        let outcomes = floor.outcomes().await;
        assert!(outcomes.len() == 50 && outcomes.iter().all(|(outcome, ..)| *outcome == Outcome::Abandoned));
        assert_eq!(floor.left_over().await, (Held::default(), 0, 0));
    }
}
