//! How a call sounds, from the gateway's counters to the desk and the store: blank on a side that was not measured.

use domain::telephony::Command;
use domain::telephony::quality::Verdicts;
use server::on_both;
use wire::telephony::TelephonyPort;

use super::customer::{Customer, Script};
use super::floor::Floor;

/// From the agent, from the customer, and to the customer: packets expected.
type Row = (Option<i64>, Option<i64>, Option<i64>);

on_both! {
    async fn a_side_that_was_not_measured_stays_blank_on_the_desk_and_in_the_store(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let (agent, _browser) = floor.ready_with_browser("sato", 997.0).await;
        // This customer's side sends nothing and reports nothing.
        let customer = Customer::calls(&floor, Script::new("is_hung_up_on.xml"));
        let call = floor.offered(agent).await.id;
        let actor = floor.actor(agent);
        floor.phone.command(actor.clone(), call, Command::Answer).await.unwrap();
        assert_eq!(floor.connected(agent).await.quality, Verdicts::default(), "nothing was measured yet");
        let shown = floor.call(agent, |view| view.quality != Verdicts::default()).await.quality;
        assert!(shown.agent.is_some() && shown.customer.is_none(), "{shown:?}");
        floor.phone.command(actor, call, Command::HangUp).await.unwrap();
        customer.done().await;
        floor.quiet().await;
        let rows: Vec<Row> = server::fetch_all!(
            &db.db,
            Row,
            "SELECT agent_heard_expected, customer_heard_expected, customer_said_expected FROM call_quality
             WHERE interaction_id = $1",
            call.to_string()
        )
        .unwrap();
        let [(agent, None, None)] = rows[..] else { panic!("{rows:?}") };
        assert!(agent.is_some_and(|packets| packets > 100), "five seconds of it at least: {agent:?}");
    }
}
