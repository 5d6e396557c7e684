//! One call after the other at a steady rate, through the whole house, and nothing left of them.

use std::time::Duration;

use domain::agents::Work;
use domain::telephony::{Command, Outcome};
use server::db::testing::TestDb;
use server::telephony::sip_stack::Held;
use wire::telephony::{Choice, Leave, TelephonyPort};

use super::customer::{Customer, Script};
use super::floor::{Floor, Plan};

/// Tasks of ours that run for as long as a floor is open, counted by the runtime.
fn tasks() -> usize {
    tokio::runtime::Handle::current().metrics().num_alive_tasks()
}

/// Files and sockets that this process has open.
fn files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// A customer calls, an agent answers, and by turns the one or the other hangs up; so many times.
async fn cycles(count: usize) {
    let db = TestDb::sqlite().await;
    // The next caller may come before the agent is through with the last, and then hears it ring.
    let mut floor = Floor::open_with(&db, Plan { may_answer: false, ..Plan::default() }).await;
    let agent = floor.ready("sato").await;
    let mut first = None;
    for n in 0..count / 10 {
        let by_agent = n % 2 == 0;
        let script = Script::new(if by_agent { "is_hung_up_on.xml" } else { "hangs_up.xml" });
        let customers = Customer::calls(&floor, script.arguments(["-m", "10", "-l", "1", "-r", "100"]));
        for _ in 0..10 {
            let call = floor.offered(agent).await.id;
            floor.phone.command(floor.actor(agent), call, Command::Answer).await.unwrap();
            if by_agent {
                floor.connected(agent).await;
                floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
            }
            floor.ended(agent).await;
            floor.seat(agent, |seat| matches!(seat.work(), Work::AfterCall { .. })).await;
            floor.phone.leave_after_call(floor.actor(agent), Choice::Ready, Leave::Complete).await.unwrap();
        }
        customers.done().await;
        floor.quiet().await;
        assert_eq!(floor.left_over().await, (Held::default(), 0, 0), "after {} calls", (n + 1) * 10);
        // The first round opens what stays open: connections to the database and the like. What has ended may take its
        // leave a moment later; what stays for good ends this test by its time.
        let (most_tasks, most_files) = *first.get_or_insert((tasks(), files()));
        while tasks() > most_tasks || files() > most_files {
            tokio::task::yield_now().await;
        }
    }
    let outcomes = floor.outcomes().await;
    let of = |wanted: Outcome| outcomes.iter().filter(|(outcome, ..)| *outcome == wanted).count();
    assert_eq!((of(Outcome::AgentHungUp), of(Outcome::CustomerHungUp)), (count / 2, count / 2));
    assert_eq!(floor.trunks.calls(floor.trunk.id), 0);
    floor.hands.advance(Duration::from_hours(1));
    assert_eq!(floor.held().await, Held::default());
}

#[tokio::test]
async fn after_200_calls_one_after_the_other_no_dialog_port_task_or_file_is_left() {
    cycles(200).await;
}

#[tokio::test]
#[ignore = "takes minutes; `make test-long` runs it"]
async fn after_1000_calls_one_after_the_other_no_dialog_port_task_or_file_is_left() {
    cycles(1_000).await;
}
