//! Trunks that register, and trunks that ask who we are.

use domain::ids::InteractionId;
use domain::telephony::{Failure, Outcome};
use server::db::testing::TestDb;
use uuid::Uuid;
use wire::settings::{SettingsPort, Trunk, TrunkState, TrunkTransport};
use wire::telephony::TelephonyPort;

use super::customer::{Customer, Script};
use super::floor::{Floor, Plan};

async fn with_account(floor: &mut Floor, registers: bool) {
    let trunk = Trunk {
        registers,
        username: Some("desk".to_owned()),
        password: Some("secret".to_owned()),
        ..floor.trunk.clone()
    };
    floor.trunk = floor.settings.save_trunk(floor.admin.clone(), trunk).await.unwrap();
    floor.trunks.settings_changed();
}

async fn registers_and_takes_it_back(transport: TrunkTransport) {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open_with(&db, Plan { transport, ..Plan::default() }).await;
    assert_eq!(floor.trunks.state(floor.trunk.id), TrunkState::Peer);
    let registrar = Customer::waits(&floor, Script::new("takes_registrations.xml")).await;
    let mut changes = floor.trunks.changes();
    with_account(&mut floor, true).await;
    let mut seen = vec![];
    while !matches!(seen.last(), Some(TrunkState::Registered { .. })) {
        changes.changed().await.unwrap();
        seen.push(floor.trunks.state(floor.trunk.id));
        // Until the registrar knows us nobody can be called over it.
        let usable = matches!(seen.last(), Some(TrunkState::Peer | TrunkState::Registered { .. }));
        assert_eq!(floor.trunks.way_out(floor.trunk.id).is_some(), usable, "{seen:?}");
    }
    floor.close().await;
    registrar.done().await;
}

#[tokio::test]
async fn a_trunk_registers_with_its_password_and_takes_it_back_at_the_end() {
    registers_and_takes_it_back(TrunkTransport::Udp).await;
}

#[tokio::test]
async fn a_trunk_registers_over_tcp() {
    registers_and_takes_it_back(TrunkTransport::Tcp).await;
}

#[tokio::test]
async fn a_trunk_that_asks_who_calls_is_answered() {
    let db = TestDb::sqlite().await;
    let mut floor = Floor::open(&db).await;
    with_account(&mut floor, false).await;
    floor.trunks.reload().await;
    let agent = floor.logged_in("sato").await;
    let customer = Customer::waits(&floor, Script::new("asks_who_calls.xml")).await;
    let call = InteractionId(Uuid::new_v4());
    floor.phone.dial(floor.actor(agent), call, floor.number.id, "09012345678".to_owned()).await.unwrap();
    let outcome = Outcome::Failed { failure: Failure::Busy, sip_status: Some(486) };
    assert_eq!(floor.ended(agent).await.outcome, Some(outcome));
    customer.done().await;
}

#[tokio::test]
async fn a_trunk_whose_host_is_unknown_says_so_and_carries_nothing() {
    let db = TestDb::sqlite().await;
    let floor = Floor::open(&db).await;
    let trunk = Trunk { host: "no-such-host.invalid".to_owned(), ..floor.trunk.clone() };
    let other = Trunk { id: domain::ids::TrunkId(Uuid::new_v4()), name: "other".to_owned(), ..trunk };
    floor.settings.save_trunk(floor.admin.clone(), other.clone()).await.unwrap();
    assert!(!floor.trunks.reload().await);
    assert!(matches!(floor.trunks.state(other.id), TrunkState::Failed { .. }));
    assert!(floor.trunks.way_out(other.id).is_none());
    assert!(floor.trunks.way_out(floor.trunk.id).is_some());
}
