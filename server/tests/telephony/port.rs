//! What the softphone's functions refuse, and why.

use domain::agents::{Seat, SeatInput};
use domain::ids::{ClientId, InteractionId, NumberId};
use domain::refusal::Refusal;
use domain::telephony::{Call, Command, Outcome};
use server::agents::By;
use server::on_both;
use uuid::Uuid;
use wire::ApiError;
use wire::events::Media;
use wire::settings::{Extension, Granted, Number, SettingsPort, Trunk};
use wire::telephony::{Choice, Leave, TelephonyPort};

use super::customer::{Customer, Script};
use super::floor::Floor;

fn new_call() -> InteractionId {
    InteractionId(Uuid::new_v4())
}

fn refused<T: std::fmt::Debug>(answer: Result<T, ApiError>) -> Refusal {
    match answer {
        Err(ApiError::Refused { refusal }) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

on_both! {
    async fn s1_without_an_extension_the_softphone_cannot_be_logged_in(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.agent("sato").await;
        let all = floor.settings.settings(floor.admin.clone()).await.unwrap();
        let mine = all.extensions.into_iter().find(|extension| extension.user == Some(agent)).unwrap();
        floor.settings.save_extension(floor.admin.clone(), Extension { user: None, ..mine }).await.unwrap();
        let answer = floor.phone.log_in(floor.actor(agent), floor.client(agent)).await;
        assert_eq!(refused(answer), Refusal::NoExtension);
    }

    async fn s3_log_in_and_out_and_another_tab_takes_the_softphone_over(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.agent("sato").await;
        let (actor, tab) = (floor.actor(agent), floor.client(agent));
        floor.phone.log_in(actor.clone(), tab).await.unwrap();
        assert_eq!(refused(floor.phone.log_in(actor.clone(), tab).await), Refusal::AlreadyLoggedIn);
        let other = ClientId(Uuid::new_v4());
        let audio = floor.phone.connect_audio(actor.clone(), other, "v=0".to_owned()).await;
        assert_eq!(refused(audio), Refusal::Elsewhere);
        floor.phone.log_in(actor.clone(), other).await.unwrap();
        assert_eq!(floor.agents.holder(agent), Some(other));
        floor.phone.log_out(actor.clone()).await.unwrap();
        assert_eq!(floor.agents.seat(agent).await.unwrap(), Seat::LoggedOut);
        let audio = floor.phone.connect_audio(actor, other, "v=0".to_owned()).await;
        assert_eq!(refused(audio), Refusal::LoggedOut);
    }

    async fn s1_whoever_loses_the_extension_is_not_ready_and_dials_no_more(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.logged_in("sato").await;
        let all = floor.settings.settings(floor.admin.clone()).await.unwrap();
        let theirs = all.extensions.into_iter().find(|extension| extension.user == Some(agent)).unwrap();
        floor.settings.save_extension(floor.admin.clone(), Extension { user: None, ..theirs }).await.unwrap();
        let actor = floor.actor(agent);
        assert_eq!(refused(floor.phone.choose(actor.clone(), Choice::Ready).await), Refusal::NoExtension);
        floor.phone.choose(actor.clone(), Choice::NotReady).await.unwrap();
        let dialled = floor.phone.dial(actor, new_call(), floor.number.id, "090-1234-5678".to_owned()).await;
        assert_eq!(refused(dialled), Refusal::NoExtension);
    }

    async fn s1_two_never_share_an_extension(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let first = floor.logged_in("sato").await;
        let second = floor.agent("suzuki").await;
        let all = floor.settings.settings(floor.admin.clone()).await.unwrap();
        let given_on = all.extensions.iter().find(|extension| extension.user == Some(first)).unwrap().id;
        let mut free = Vec::new();
        for was in all.extensions {
            free.push(floor.settings.save_extension(floor.admin.clone(), Extension { user: None, ..was }).await.unwrap());
        }
        let given_on = free.into_iter().find(|extension| extension.id == given_on).unwrap();
        let given_on = Extension { user: Some(second), ..given_on };
        floor.settings.save_extension(floor.admin.clone(), given_on).await.unwrap();
        let log_in = || floor.phone.log_in(floor.actor(second), floor.client(second));
        assert_eq!(refused(log_in().await), Refusal::ExtensionInUse);
        assert_eq!(floor.agents.seat(second).await.unwrap(), Seat::LoggedOut);
        floor.phone.log_out(floor.actor(first)).await.unwrap();
        log_in().await.unwrap();
    }

    async fn a_bad_offer_leaves_the_audio_that_is_up(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.ready("sato").await;
        let answer = floor.phone.connect_audio(floor.actor(agent), floor.client(agent), "v=0".to_owned()).await;
        assert!(matches!(answer, Err(ApiError::Invalid { .. })), "{answer:?}");
        assert_eq!(floor.agents.media(agent), Media::Up);
    }

    async fn nobody_is_heard_any_more_whose_session_has_ended(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let (agent, _browser) = floor.ready_with_browser("sato", 997.0).await;
        floor.calls.session_ended(agent, |session| session == "another");
        floor.calls.session_ended(agent, |session| session == floor.actor(agent).session);
        while floor.agents.media(agent) != Media::Down {
            floor.event(agent).await;
        }
    }

    async fn s30_a_call_left_for_ready_is_noted_as_unwritten(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.logged_in("sato").await;
        for (choice, noted) in [(Choice::NotReady, 0), (Choice::Ready, 1)] {
            let call = new_call();
            for input in [SeatInput::Dialled { call }, SeatInput::Connected { call }, SeatInput::Ended { call }] {
                floor.agents.apply(agent, input, By::Agent).await.unwrap();
            }
            let actor = floor.actor(agent);
            assert_eq!(refused(floor.phone.choose(actor.clone(), choice).await), Refusal::InAfterCallWork);
            floor.phone.leave_after_call(actor, choice, Leave::Complete).await.unwrap();
            let lines = floor.settings.audit(floor.admin.clone(), None).await.unwrap();
            let lines: Vec<_> = lines.iter().filter(|line| line.what == "call.left_unwritten").collect();
            assert_eq!(lines.len(), noted);
            assert!(lines.iter().all(|line| line.subject == call.to_string()));
        }
        assert!(floor.agents.seat(agent).await.unwrap().takes_offers());
    }

    async fn being_ready_wants_audio(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.logged_in("sato").await;
        floor.agents.set_media(agent, Media::Down).await;
        assert_eq!(refused(floor.phone.choose(floor.actor(agent), Choice::Ready).await), Refusal::NoMedia);
        floor.agents.set_media(agent, Media::Up).await;
        floor.phone.choose(floor.actor(agent), Choice::Ready).await.unwrap();
    }

    async fn a_call_that_cannot_be_placed_says_why(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.agent("sato").await;
        let (actor, from) = (floor.actor(agent), floor.number.id);
        let theirs = || "090-1234-5678".to_owned();
        let dial = |from: NumberId, to: String| floor.phone.dial(actor.clone(), new_call(), from, to);
        assert_eq!(refused(dial(from, theirs()).await), Refusal::LoggedOut);
        floor.phone.log_in(actor.clone(), floor.client(agent)).await.unwrap();
        assert_eq!(refused(dial(from, theirs()).await), Refusal::NoMedia);
        floor.agents.set_media(agent, Media::Up).await;
        assert_eq!(refused(dial(from, "やあ".to_owned()).await), Refusal::NotANumber);
        assert_eq!(refused(dial(NumberId(Uuid::new_v4()), theirs()).await), Refusal::CallerNumberNotGranted);
        let trunk = Trunk { active: false, ..floor.trunk.clone() };
        floor.settings.save_trunk(floor.admin.clone(), trunk).await.unwrap();
        floor.trunks.reload().await;
        assert_eq!(refused(dial(from, theirs()).await), Refusal::NoTrunk);
        let number = Number { granted: Granted::Nobody, ..floor.number.clone() };
        floor.settings.save_number(floor.admin.clone(), number).await.unwrap();
        assert_eq!(refused(dial(from, theirs()).await), Refusal::CallerNumberNotGranted);
        assert_eq!(floor.agents.seat(agent).await.unwrap().work(), domain::agents::Work::Idle);
        assert_eq!(floor.gateway.open_ports(), 0);
        floor.calls.stop(std::time::Duration::ZERO).await;
        assert_eq!(refused(dial(from, theirs()).await), Refusal::Stopping);
    }

    async fn s3_a_call_is_placed_once_and_holds_its_agent(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.logged_in("sato").await;
        let other = floor.logged_in("suzuki").await;
        let customer = Customer::waits(&floor, Script::new("answers.xml")).await;
        let (call, actor) = (new_call(), floor.actor(agent));
        let dial = |call| floor.phone.dial(actor.clone(), call, floor.number.id, "０９０ー１２３４ー５６７８".to_owned());
        let (once, twice) = tokio::join!(dial(call), dial(call));
        assert_eq!((once, twice), (Ok(()), Ok(())));
        assert_eq!(floor.calls.count(), 1);
        assert_eq!(refused(dial(new_call()).await), Refusal::InCall);
        assert_eq!(refused(floor.phone.log_out(actor.clone()).await), Refusal::InCall);
        floor.connected(agent).await;
        let meddling = floor.phone.command(floor.actor(other), call, Command::HangUp).await;
        assert_eq!(refused(meddling), Refusal::NotYourCall);
        floor.phone.command(floor.actor(agent), call, Command::HangUp).await.unwrap();
        let ended = floor.ended(agent).await;
        assert!(matches!(ended.call, Call::Ended { outcome: Outcome::AgentHungUp, .. }));
        customer.done().await;
        floor.quiet().await;
        floor.phone.dial(floor.actor(agent), call, floor.number.id, "09012345678".to_owned()).await.unwrap();
        assert_eq!((floor.calls.count(), floor.outcomes().await.len()), (0, 1));
    }

    async fn s7_a25_the_last_used_caller_number_comes_first(db: TestDb) {
        let mut floor = Floor::open(&db).await;
        let agent = floor.logged_in("sato").await;
        let support = Number {
            id: NumberId(Uuid::new_v4()),
            number: "0355550000".to_owned(),
            label: "サポート".to_owned(),
            version: 0,
            ..floor.number.clone()
        };
        let support = floor.settings.save_number(floor.admin.clone(), support).await.unwrap();
        for (number, to) in [(support.id, "09011112222"), (floor.number.id, "0120123456"), (support.id, "09011112222")] {
            let customer = Customer::waits(&floor, Script::new("is_busy.xml")).await;
            floor.hands.advance(std::time::Duration::from_secs(1));
            floor.phone.dial(floor.actor(agent), new_call(), number, to.to_owned()).await.unwrap();
            floor.ended(agent).await;
            customer.done().await;
            floor.quiet().await;
        }
        let dialler = floor.phone.dialler(floor.actor(agent)).await.unwrap();
        let offered: Vec<_> = dialler.caller_numbers.iter().map(|number| number.id).collect();
        assert_eq!(offered, [support.id, floor.number.id]);
        let recent: Vec<_> = dialler.recent.iter().map(|number| number.shown.as_str()).collect();
        assert_eq!(recent, ["090-1111-2222", "0120-123-456"]);
        let read = floor.phone.read_number(floor.actor(agent), "＋８２ 10-1234-5678".to_owned()).await.unwrap();
        assert_eq!((read.number.unwrap().e164.as_str(), read.country.as_deref()), ("+821012345678", Some("KR")));
    }
}
