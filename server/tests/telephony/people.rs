//! Whose calls are, as the desk and the list of calls show it.

use domain::ids::{CustomerId, InteractionId};
use domain::phone::E164;
use domain::records::{Before, Entered, Key};
use domain::telephony::Command;
use server::on_both;
use uuid::Uuid;
use wire::customers::{Customer, CustomersPort, Entry, SaveCustomer, Saved};
use wire::events::CallView;
use wire::interactions::{CallFilter, CallRow, InteractionsPort};
use wire::records::FieldChange;
use wire::session::Actor;
use wire::telephony::TelephonyPort;

use super::customer::{Customer as Caller, Script};
use super::floor::Floor;

const NUMBER: &str = "+819012345678";

fn change(key: Key, after: Entered) -> FieldChange {
    FieldChange { key, before: Before::Saw(None), after }
}

async fn save(floor: &Floor, by: &Actor, name: &str, interaction: Option<InteractionId>) -> Customer {
    let changes = vec![
        change(Key::Name, Entered::Text(name.to_owned())),
        change(Key::Phones, Entered::Lines(vec![NUMBER.to_owned()])),
    ];
    let id = CustomerId(Uuid::new_v4());
    let saved =
        floor.desks.customers().save(by.clone(), SaveCustomer { id, version: None, changes, interaction }).await;
    match saved.unwrap() {
        Saved::Stored(customer) => customer,
        Saved::Conflict { conflicts, .. } => panic!("{conflicts:?}"),
    }
}

fn named(view: &CallView) -> bool {
    view.party.name.is_some()
}

async fn row(floor: &Floor, call: InteractionId) -> CallRow {
    floor.log.flush().await;
    let page = floor.list.calls(floor.admin.clone(), CallFilter::All, String::new(), None).await.unwrap();
    page.rows.into_iter().find(|row| row.id == call).unwrap()
}

on_both! {
    async fn s13_s17_s20_a_known_number_shows_its_customer_on_the_desk_and_in_the_list(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let known = save(&floor, &floor.admin.clone(), "山田 太郎", None).await;
        let agent = floor.ready("sato").await;
        let caller = Caller::calls(&floor, Script::new("is_hung_up_on.xml"));
        let view = floor.call(agent, named).await;
        assert_eq!((view.party.name.as_deref(), view.party.customer), (Some("山田 太郎"), Some(known.id)));
        floor.phone.command(floor.actor(agent), view.id, Command::Answer).await.unwrap();
        let connected = floor.connected(agent).await;
        assert_eq!(connected.party, view.party);
        floor.phone.command(floor.actor(agent), view.id, Command::HangUp).await.unwrap();
        assert_eq!(floor.ended(agent).await.party, view.party);
        caller.done().await;
        assert_eq!(row(&floor, view.id).await.party, view.party);
        let history = floor.desks.customers().timeline(floor.actor(agent), known.id, None).await.unwrap();
        let [Entry::Call(call)] = &history.entries[..] else { panic!("{history:?}") };
        assert_eq!(call.id, view.id);
    }

    async fn s33_saving_in_the_call_labels_desk_and_list_at_once(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.ready("sato").await;
        let caller = Caller::calls(&floor, Script::new("is_hung_up_on.xml"));
        let offered = floor.offered(agent).await;
        assert_eq!((offered.party.name, offered.party.customer, offered.party.candidates), (None, None, 0));
        floor.phone.command(floor.actor(agent), offered.id, Command::Answer).await.unwrap();
        floor.connected(agent).await;
        let made = save(&floor, &floor.actor(agent), "森 花", Some(offered.id)).await;
        let view = floor.call(agent, named).await;
        assert_eq!((view.party.name.as_deref(), view.party.customer), (Some("森 花"), Some(made.id)));
        floor.phone.command(floor.actor(agent), offered.id, Command::HangUp).await.unwrap();
        assert_eq!(floor.ended(agent).await.party, view.party);
        caller.done().await;
        assert_eq!(row(&floor, offered.id).await.party, view.party);
        assert_eq!(floor.calls.call_view(agent).await.unwrap().unwrap().party, view.party);
    }

    async fn a7_several_customers_with_one_number_are_counted_until_one_is_chosen(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let admin = floor.admin.clone();
        save(&floor, &admin, "一郎", None).await;
        let second = save(&floor, &admin, "花子", None).await;
        let agent = floor.ready("sato").await;
        let other = floor.logged_in("suzuki").await;
        let caller = Caller::calls(&floor, Script::new("is_hung_up_on.xml"));
        let view = floor.call(agent, |view| view.party.candidates > 0).await;
        assert_eq!((view.party.candidates, view.party.customer, view.party.name.clone()), (2, None, None));
        let found = floor.desks.customers().matches(floor.actor(agent), E164::parse(NUMBER).unwrap()).await.unwrap();
        assert_eq!(found.len(), 2);
        floor.phone.command(floor.actor(agent), view.id, Command::Answer).await.unwrap();
        floor.connected(agent).await;
        floor.log.flush().await;
        // For somebody who does not have the call there is none.
        let choose = |actor, whom| floor.desks.customers().choose(actor, view.id, whom);
        assert_eq!(choose(floor.actor(other), Some(second.id)).await, Err(wire::ApiError::NotFound));
        choose(floor.actor(agent), Some(second.id)).await.unwrap();
        let chosen = floor.call(agent, named).await;
        assert_eq!((chosen.party.name.as_deref(), chosen.party.candidates), (Some("花子"), 1));
        floor.phone.command(floor.actor(agent), view.id, Command::HangUp).await.unwrap();
        assert_eq!(floor.ended(agent).await.party, chosen.party);
        caller.done().await;
        floor.quiet().await;
        assert_eq!(row(&floor, view.id).await.party, chosen.party);
    }
}
