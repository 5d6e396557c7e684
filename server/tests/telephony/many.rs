//! Many calls at once, and nothing left of them.

use domain::telephony::Outcome;
use server::on_both;
use server::telephony::sip_stack::Held;

use super::customer::{Customer, Script};
use super::floor::Floor;

on_both! {
    async fn after_100_calls_at_50_at_once_no_dialog_port_or_task_is_left(db: TestDb) {
        let floor = Floor::open(&db).await;
        let fifty = ["-m", "100", "-l", "50", "-r", "200"];
        // Nobody is ready: the queue answers each with music, and the customer hangs up.
        Customer::calls(&floor, Script::new("hangs_up.xml").arguments(fifty)).done().await;
        floor.quiet().await;
        let outcomes = floor.outcomes().await;
        assert_eq!(outcomes.len(), 100);
        assert!(outcomes.iter().all(|(outcome, ..)| *outcome == Outcome::Abandoned), "{outcomes:?}");
        assert_eq!(floor.left_over().await, (Held::default(), 0, 0));
        assert_eq!(floor.trunks.calls(floor.trunk.id), 0);
        let (waiting,) = server::fetch_one!(&floor.db, (i64,), "SELECT COUNT(*) FROM waiting_calls").unwrap();
        assert_eq!(waiting, 0);
    }
}
