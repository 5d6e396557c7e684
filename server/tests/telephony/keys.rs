//! Keys of a telephone through a whole call: from the agent's keypad to the trunk, and from the customer to the desk.

use domain::ids::PressId;
use domain::refusal::Refusal;
use domain::telephony::{Call, Command, Key};
use media::dtmf::{self, Place};
use server::on_both;
use uuid::Uuid;
use wire::events::DeskEvent;
use wire::telephony::TelephonyPort;
use wire::{ApiError, Problem};

use super::customer::{Customer, Script};
use super::floor::Floor;

/// What the customer's side offers for events.
const EVENTS: u8 = 126;

fn keys(text: &str) -> Vec<Key> {
    text.chars().map(|key| Key::try_from(key).unwrap()).collect()
}

fn new_press() -> PressId {
    PressId(Uuid::new_v4())
}

/// Reads so many packets of the customer's and gives the keys in them.
async fn keyed(customer: &Customer, packets: usize) -> Vec<u8> {
    let mut receiver = dtmf::Receiver::default();
    let heard = customer.ear.follow(443.0, packets).await;
    heard
        .iter()
        .filter(|packet| packet.payload_type == EVENTS)
        .filter_map(|packet| {
            let place = Place { ssrc: packet.ssrc, timestamp: packet.timestamp, marker: packet.marker };
            receiver.on_packet(place, &packet.payload)
        })
        .collect()
}

on_both! {
    async fn t14_keys_reach_the_trunk_once_and_the_customers_reach_the_desk_but_not_the_database(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.ready("sato").await;
        let customer = Customer::calls(&floor, Script::new("has_keys.xml"));
        let call = floor.offered(agent).await.id;
        let actor = floor.actor(agent);
        let early = floor.phone.press_keys(actor.clone(), call, new_press(), keys("1")).await;
        assert_eq!(early, Err(ApiError::Refused { refusal: Refusal::NotNow }));
        floor.phone.command(actor.clone(), call, Command::Answer).await.unwrap();
        floor.connected(agent).await;

        let press = new_press();
        for _ in 0..2 {
            floor.phone.press_keys(actor.clone(), call, press, keys("15*#")).await.unwrap();
        }
        assert_eq!(keyed(&customer, 80).await, [1, 5, 10, 11], "keyed once, though it was sent twice");

        customer.ear.press(EVENTS, &[4, 4, 13]).await;
        let mut shown = String::new();
        while shown.len() < 3 {
            if let DeskEvent::CustomerPressed { call: which, key } = floor.event(agent).await {
                assert_eq!(which, call);
                shown.push(key.into());
            }
        }
        assert_eq!(shown, "44B");

        for wrong in [vec![], keys(&"1".repeat(33))] {
            let refused = floor.phone.press_keys(actor.clone(), call, new_press(), wrong).await;
            assert_eq!(refused, Err(ApiError::field("keys", Problem::Malformed)));
        }
        floor.phone.command(actor.clone(), call, Command::Hold).await.unwrap();
        floor.call(agent, |view| matches!(view.call, Call::Held { .. })).await;
        let held = floor.phone.press_keys(actor.clone(), call, new_press(), keys("1")).await;
        assert_eq!(held, Err(ApiError::Refused { refusal: Refusal::NotNow }));
        floor.phone.command(actor, call, Command::HangUp).await.unwrap();
        customer.done().await;
        floor.quiet().await;
        let stored = format!("{:?}", floor.events(call).await);
        assert!(!stored.contains("44B") && !stored.contains("15*#") && !stored.to_lowercase().contains("key"), "{stored}");
    }

    async fn t14_a_trunk_that_knows_no_events_is_sent_none_and_the_agent_is_told(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.ready("sato").await;
        let customer = Customer::calls(&floor, Script::new("is_hung_up_on.xml"));
        let call = floor.offered(agent).await.id;
        let actor = floor.actor(agent);
        floor.phone.command(actor.clone(), call, Command::Answer).await.unwrap();
        floor.connected(agent).await;
        let refused = floor.phone.press_keys(actor.clone(), call, new_press(), keys("1")).await;
        assert_eq!(refused, Err(ApiError::Refused { refusal: Refusal::NoKeys }));
        floor.phone.command(actor, call, Command::HangUp).await.unwrap();
        customer.done().await;
    }
}
