//! The demo's start on both databases, and its customer against a phone that plays the desk.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::UserId;
use domain::phone::E164;
use domain::time::Timestamp;
use simulators::{Carrier, CarrierConfig, Sound};
use wire::customers::CustomersPort;
use wire::demo::{Act, DemoPort, Hears, Phone, PhoneState};
use wire::settings::{Granted, Settings, SettingsPort};
use wire::{ApiError, ApiResult};

use super::seed::administrator;
use super::*;
use crate::clock::Clock;
use crate::customers::tests::{SATO, agent, house};
use crate::db::testing::TestDb;
use crate::db::{DbError, Tx};
use crate::on_both;
use crate::realtime::Hub;
use crate::session::census;
use crate::settings::{Accounts, SettingsConfig, SettingsService, Vault};
use crate::telephony::numbers::NumberingPlan;

struct Simple;

#[async_trait::async_trait]
impl Accounts for Simple {
    async fn hash_password(&self, password: String) -> ApiResult<String> {
        Ok(password)
    }

    async fn end_sessions(&self, _: &mut Tx, _: UserId) -> Result<(), DbError> {
        Ok(())
    }

    fn sessions_ended(&self, _: UserId) {}
}

impl Vault for Simple {
    fn seal(&self, secret: &str) -> ApiResult<String> {
        Ok(secret.to_owned())
    }

    fn open(&self, sealed: &str) -> ApiResult<String> {
        Ok(sealed.to_owned())
    }
}

fn settings(db: &TestDb) -> SettingsService {
    let clock = Clock::held(Timestamp(1_000)).0;
    let config = SettingsConfig { plan: plan(), demo: true };
    SettingsService::new(db.db.clone(), clock.clone(), Hub::new(clock), Arc::new(Simple), Arc::new(Simple), config)
}

fn plan() -> NumberingPlan {
    NumberingPlan::of("JP").unwrap()
}

async fn start(settings: &SettingsService, desk: SocketAddr) -> Demo {
    Demo::start(Arc::new(settings.clone()), plan(), Clock::system(), desk).await.unwrap()
}

async fn all(settings: &SettingsService) -> Settings {
    settings.settings(administrator()).await.unwrap()
}

fn nowhere() -> SocketAddr {
    "127.0.0.1:9".parse().unwrap()
}

on_both! {
    async fn starting_again_changes_nothing_but_where_the_carrier_is(db: TestDb) {
        let settings = settings(&db);
        let first = start(&settings, nowhere()).await;
        let before = all(&settings).await;
        assert_eq!(before.trunks[0].port, Some(first.carrier().port()));
        assert_eq!((before.users.len(), before.extensions.len(), before.numbers.len()), (6, 3, 2));
        assert!(before.numbers.iter().any(|number| number.granted == Granted::Everybody));
        let census = census(&db).await.unwrap();
        assert_eq!((census.real, census.demo), (0, 6));

        let second = start(&settings, nowhere()).await;
        assert_ne!(first.carrier().port(), second.carrier().port());
        let mut after = all(&settings).await;
        assert_eq!(after.trunks[0].port, Some(second.carrier().port()));
        assert_eq!(after.trunks[0].version, before.trunks[0].version + 1);
        (after.trunks[0].port, after.trunks[0].version) = (before.trunks[0].port, before.trunks[0].version);
        assert_eq!(after, before);
    }

    async fn what_a_newcomer_changed_stays(db: TestDb) {
        let settings = settings(&db);
        start(&settings, nowhere()).await;
        let mut queue = all(&settings).await.queues.remove(0);
        queue.ring_seconds = 45;
        let queue = settings.save_queue(administrator(), queue).await.unwrap();
        start(&settings, nowhere()).await;
        assert_eq!(all(&settings).await.queues, [queue]);
    }

    async fn a7_s13_the_demo_has_customers_once_one_of_a_number_and_two_of_another(db: TestDb) {
        // Who writes them are the demo's own people.
        start(&settings(&db), nowhere()).await;
        let house = house(&db).await;
        let seed = async || seed_records(&house.records, &house.customers, &house.inquiries).await.unwrap();
        seed().await;
        let fields = house.records.all().await.unwrap();
        assert_eq!((fields.customer.len(), fields.inquiry.len()), (4, 4));
        assert_eq!(house.customers.find(agent(SATO), String::new()).await.unwrap().len(), 5);
        let whose = async |number: &str| house.customers.whose(&E164::parse(number).unwrap()).await.unwrap();
        let known = whose(records::KNOWN).await.only.unwrap();
        assert_eq!((known.name.as_str(), whose(records::SHARED).await.candidates), ("山田 太郎", 2));
        assert_eq!(whose("+819012345678").await.candidates, 0);
        let history = house.customers.timeline(agent(SATO), known.id, None).await.unwrap();
        assert_eq!(history.entries.len(), 2);
        let version = house.customers.customer(agent(SATO), known.id).await.unwrap().version;
        seed().await;
        assert_eq!(house.customers.customer(agent(SATO), known.id).await.unwrap().version, version);
    }

    async fn one_agent_has_no_extension_and_everybody_can_sign_in(db: TestDb) {
        let settings = settings(&db);
        start(&settings, nowhere()).await;
        let all = all(&settings).await;
        for account in accounts() {
            let user = all.users.iter().find(|user| user.login == account.login).unwrap();
            assert_eq!((&user.name, user.role, user.active), (&account.name, account.role, true));
            assert!(account.password.chars().count() >= 10);
        }
        let ito = all.users.iter().find(|user| user.login == "ito").unwrap();
        assert!(all.extensions.iter().all(|extension| extension.user != Some(ito.id)));
    }
}

/// Asks as the page does until the phone is as wanted.
async fn until(demo: &Demo, wanted: impl Fn(&Phone) -> bool) -> Phone {
    let asking = async {
        let mut pause = tokio::time::interval(Duration::from_millis(100));
        loop {
            let phone = demo.phone().await.unwrap();
            if wanted(&phone) {
                return phone;
            }
            pause.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asking).await.expect("the phone comes to this")
}

#[tokio::test]
async fn the_customer_rings_hears_music_then_a_voice_and_hangs_up() {
    let db = TestDb::sqlite().await;
    let desk = Carrier::start(CarrierConfig::on_loopback(nowhere())).await.unwrap();
    let operator = desk.phone(None);
    let demo = start(&settings(&db), desk.address()).await;

    let bad = Act::Call { from: "hello".to_owned(), to: "03-1234-5678".to_owned() };
    assert!(matches!(demo.act(bad).await, Err(ApiError::Invalid { fields }) if fields[0].field == "from"));
    assert_eq!(demo.act(Act::Answer).await, Err(ApiError::Conflict));
    demo.act(Act::Call { from: "090-1111-2222".to_owned(), to: "03-1234-5678".to_owned() }).await.unwrap();
    let ringing = operator.until(|snapshot| matches!(snapshot.state, simulators::PhoneState::Ringing { .. })).await;
    let simulators::PhoneState::Ringing { from, to, .. } = ringing.state else { unreachable!() };
    assert_eq!((from.as_str(), to.as_str()), ("+819011112222", "81312345678"));
    let phone = until(&demo, |phone| phone.hears == Hears::Ringback).await;
    assert!(matches!(phone.state, PhoneState::Calling { ringing: true, .. }));

    operator.say(Sound::Loop(media::melody::hold_music().into()));
    operator.answer().await.unwrap();
    let phone = until(&demo, |phone| phone.hears == Hears::Music).await;
    assert!(matches!(phone.state, PhoneState::Talking { .. }) && phone.level_db > -40.0);
    operator.say(Sound::tone(1_000, 0.2));
    until(&demo, |phone| phone.hears == Hears::Voice).await;
    assert!(!testkit::hear::is_silent(&operator.listen(3_000).await), "the customer speaks");
    demo.act(Act::Speak { on: false }).await.unwrap();
    // What was on its way may still be heard.
    operator.listen(300).await;
    assert!(testkit::hear::is_silent(&operator.listen(3_000).await));

    let phone = demo.act(Act::HangUp).await.unwrap();
    assert_eq!((phone.state, phone.hears), (PhoneState::Idle, Hears::Silence));
    operator.until(|snapshot| snapshot.last_end.as_deref() == Some("BYE")).await;
}

#[tokio::test]
async fn the_customer_refuses_in_any_way() {
    let db = TestDb::sqlite().await;
    let desk = Carrier::start(CarrierConfig::on_loopback(nowhere())).await.unwrap();
    let operator = desk.phone(None);
    let demo = start(&settings(&db), desk.address()).await;
    desk.set_desk(demo.carrier());
    operator.call("+81312345678", "09011112222").await.unwrap();
    let phone = until(&demo, |phone| matches!(phone.state, PhoneState::Ringing { .. })).await;
    assert!(matches!(phone.state, PhoneState::Ringing { from, .. } if from == "+81312345678"));
    assert!(matches!(demo.act(Act::Refuse { status: 200 }).await, Err(ApiError::Invalid { .. })));
    demo.act(Act::Refuse { status: 486 }).await.unwrap();
    operator.until(|snapshot| snapshot.last_end.as_deref() == Some("486 Busy Here")).await;
}
