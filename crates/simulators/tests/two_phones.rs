//! Two phones of two carriers ring each other, over real SIP and RTP on loopback, judged by ear.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "every function here is a part of a test"
)]

use std::time::Duration;

use media::voice::Speaker;
use media::{Codec, melody};
use simulators::{Busy, Carrier, CarrierConfig, Ear, Hears, Phone, PhoneState, Sound};
use tokio::time::timeout;

const CUSTOMER: &str = "+819012345678";

/// No step takes as long; a test that waits for it has failed.
const LONG: Duration = Duration::from_secs(20);

/// A phone each side of two carriers that are each other's desk.
async fn two_phones(codecs: &[Codec]) -> (Phone, Phone) {
    let nowhere = "127.0.0.1:9".parse().unwrap();
    let near = Carrier::start(CarrierConfig::on_loopback(nowhere)).await.unwrap();
    let far = CarrierConfig { codecs: codecs.to_vec(), ..CarrierConfig::on_loopback(near.address()) };
    let far = Carrier::start(far).await.unwrap();
    near.set_desk(far.address());
    (near.phone(None), far.phone(Some("03-1234-5678")))
}

async fn state(phone: &Phone, wanted: impl Fn(&PhoneState) -> bool) -> PhoneState {
    timeout(LONG, phone.until(|snapshot| wanted(&snapshot.state))).await.expect("the phone comes to this state").state
}

async fn ringing(phone: &Phone) -> PhoneState {
    state(phone, |state| matches!(state, PhoneState::Ringing { .. })).await
}

async fn talking(phone: &Phone) {
    state(phone, |state| matches!(state, PhoneState::Talking { .. })).await;
}

async fn idle(phone: &Phone) -> Option<String> {
    state(phone, |state| *state == PhoneState::Idle).await;
    phone.snapshot().last_end
}

/// `0312345678` is what the far phone's number is, compared by digits.
async fn connect(near: &Phone, far: &Phone) {
    near.call(CUSTOMER, "0312345678").await.unwrap();
    ringing(far).await;
    far.answer().await.unwrap();
    talking(near).await;
    talking(far).await;
}

async fn tone_heard(phone: &Phone) -> testkit::hear::Heard {
    let sound = timeout(LONG, phone.listen(1_500)).await.expect("sound comes in");
    // The beginning may still be what was said before.
    testkit::hear::hear(&sound[4_000..], media::RATE)
}

#[tokio::test]
async fn both_hear_exactly_the_others_tone_in_either_law() {
    for codec in [Codec::Pcmu, Codec::Pcma] {
        let (near, far) = two_phones(&[codec]).await;
        near.say(Sound::tone(440, 0.3));
        far.say(Sound::tone(1_000, 0.3));
        connect(&near, &far).await;
        let (at_near, at_far) = tokio::join!(tone_heard(&near), tone_heard(&far));
        assert!((at_near.frequency - 1_000.0).abs() < 1.0 && at_near.snr > 30.0, "{codec:?}: {at_near:?}");
        assert!((at_far.frequency - 440.0).abs() < 1.0 && at_far.snr > 30.0, "{codec:?}: {at_far:?}");
        near.hang_up().await.unwrap();
        assert_eq!(idle(&far).await.as_deref(), Some("BYE"));
        idle(&near).await;
    }
}

#[tokio::test]
async fn a_phone_rings_with_the_number_that_calls_and_hears_its_own_ringback_meanwhile() {
    let (near, far) = two_phones(&[Codec::Pcmu]).await;
    near.call(CUSTOMER, "0312345678").await.unwrap();
    let PhoneState::Ringing { from, to, .. } = ringing(&far).await else { unreachable!() };
    assert_eq!((from.as_str(), to.as_str()), (CUSTOMER, "0312345678"));
    state(&near, |state| matches!(state, PhoneState::Calling { ringing: true, .. })).await;
    heard(&near, Hears::Ringback).await;
    near.hang_up().await.unwrap();
    assert_eq!(idle(&far).await.as_deref(), Some("CANCEL"));
}

#[tokio::test]
async fn a_withheld_number_is_not_shown() {
    let (near, far) = two_phones(&[Codec::Pcmu]).await;
    near.call("", "0312345678").await.unwrap();
    let PhoneState::Ringing { from, .. } = ringing(&far).await else { unreachable!() };
    assert_eq!(from, "");
    near.hang_up().await.unwrap();
    idle(&far).await;
}

#[tokio::test]
async fn any_refusal_comes_back_in_sips_words() {
    let (near, far) = two_phones(&[Codec::Pcmu]).await;
    for (status, words) in [(486, "486 Busy Here"), (603, "603 Decline"), (404, "404 Not Found")] {
        near.call(CUSTOMER, "0312345678").await.unwrap();
        ringing(&far).await;
        far.refuse(status).await.unwrap();
        assert_eq!(idle(&near).await.as_deref(), Some(words));
        idle(&far).await;
    }
    near.call(CUSTOMER, "0399999999").await.unwrap();
    state(&near, |state| *state == PhoneState::Idle).await;
    assert_eq!(near.snapshot().last_end.as_deref(), Some("404 Not Found"));
}

#[tokio::test]
async fn a_phone_in_a_call_is_busy_and_one_without_has_nothing_to_end() {
    let (near, far) = two_phones(&[Codec::Pcmu]).await;
    assert_eq!(near.hang_up().await, Err(Busy));
    assert_eq!(near.answer().await, Err(Busy));
    connect(&near, &far).await;
    assert_eq!(near.call(CUSTOMER, "0312345678").await, Err(Busy));
    far.hang_up().await.unwrap();
    assert_eq!(idle(&near).await.as_deref(), Some("BYE"));
}

#[tokio::test]
async fn music_voice_and_silence_are_told_apart_over_the_wire() {
    let (near, far) = two_phones(&[Codec::Pcma]).await;
    connect(&near, &far).await;
    heard(&near, Hears::Silence).await;
    far.say(Sound::Loop(melody::hold_music().into()));
    heard(&near, Hears::Music).await;
    far.say(Sound::voice(Speaker::High));
    heard(&near, Hears::Voice).await;
    far.say(Sound::Silence);
    heard(&near, Hears::Silence).await;
}

/// Listens until the phone hears this.
async fn heard(phone: &Phone, wanted: Hears) {
    let music = melody::hold_music();
    let ear = Ear::knowing([music.as_slice()]);
    let listening = async {
        let mut pause = tokio::time::interval(Duration::from_millis(50));
        while phone.hears(&ear).what != wanted {
            pause.tick().await;
        }
    };
    assert!(timeout(LONG, listening).await.is_ok(), "{wanted:?} was not heard but {:?}", phone.hears(&ear));
}
