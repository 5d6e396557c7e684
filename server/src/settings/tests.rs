//! The settings on both databases, through their port.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use domain::ids::{ClientId, ExtensionId, NumberId, QueueId, TrunkId, UserId};
use domain::phone::E164;
use domain::roles::Role;
use domain::routing::Rule;
use domain::time::Timestamp;
use uuid::Uuid;
use wire::events::{DeskEvent, ServerFrame};
use wire::session::Actor;
use wire::settings::{
    CallRules, Deletable, Extension, Granted, Number, Presentation, Queue, Settings, SettingsPort, SipAccount, Trunk,
    TrunkCodec, TrunkState, TrunkTransport, User,
};
use wire::{ApiError, ApiResult, FieldError, Problem};

use super::*;
use crate::clock::Clock;
use crate::db::testing::TestDb;
use crate::db::{DbError, Tx};
use crate::realtime::{Hub, Outgoing};
use crate::routing::Queues;
use crate::telephony::directory::Directory;
use crate::telephony::numbers::NumberingPlan;
use crate::{fetch_all, on_both};

/// Notes whose sessions were ended; its hashes can be read.
#[derive(Default)]
struct NotingAccounts(Mutex<Vec<UserId>>, AtomicBool);

#[async_trait]
impl Accounts for NotingAccounts {
    async fn hash_password(&self, password: String) -> ApiResult<String> {
        Ok(format!("hash of {password}"))
    }

    async fn end_sessions(&self, _: &mut Tx, _: UserId) -> Result<(), DbError> {
        if self.1.load(Ordering::Relaxed) { Err(DbError::DiskFull) } else { Ok(()) }
    }

    fn sessions_ended(&self, user: UserId) {
        self.0.lock().unwrap().push(user);
    }
}

struct ReversingVault;

impl Vault for ReversingVault {
    fn seal(&self, secret: &str) -> ApiResult<String> {
        Ok(secret.chars().rev().collect())
    }

    fn open(&self, sealed: &str) -> ApiResult<String> {
        self.seal(sealed)
    }
}

struct Setup {
    settings: SettingsService,
    accounts: std::sync::Arc<NotingAccounts>,
    hub: Hub,
    admin: Actor,
}

fn id() -> Uuid {
    Uuid::new_v4()
}

/// A database with one administrator.
async fn setup(db: &TestDb) -> Setup {
    let clock = Clock::held(Timestamp(1_000)).0;
    let hub = Hub::new(clock.clone());
    let accounts = std::sync::Arc::new(NotingAccounts::default());
    let config = SettingsConfig { plan: NumberingPlan::of("JP").unwrap(), demo: false };
    let settings = SettingsService::new(
        db.db.clone(),
        clock,
        hub.clone(),
        accounts.clone(),
        std::sync::Arc::new(ReversingVault),
        config,
    );
    let admin = Actor { user: UserId(id()), role: Role::Administrator, session: String::new() };
    let user = User { id: admin.user, role: Role::Administrator, ..agent("admin") };
    settings.save_user(admin.clone(), user).await.unwrap();
    Setup { settings, accounts, hub, admin }
}

fn agent(login: &str) -> User {
    User {
        version: 0,
        id: UserId(id()),
        login: login.to_owned(),
        name: format!("{login}さん"),
        role: Role::Agent,
        active: true,
        password: Some("long enough".to_owned()),
    }
}

fn trunk(name: &str) -> Trunk {
    Trunk {
        version: 0,
        id: TrunkId(id()),
        name: name.to_owned(),
        host: "sip.example.jp".to_owned(),
        port: Some(5060),
        second_host: None,
        transport: TrunkTransport::Udp,
        registers: false,
        username: None,
        password: None,
        has_password: false,
        sources: vec![],
        codecs: vec![TrunkCodec::Pcmu, TrunkCodec::Pcma],
        max_calls: 10,
        trusts_identity: false,
        presents: Presentation::Asserted,
        active: true,
        state: TrunkState::Off,
    }
}

fn queue(name: &str, members: Vec<UserId>) -> Queue {
    Queue {
        version: 0,
        id: QueueId(id()),
        name: name.to_owned(),
        rule: Rule::LongestIdle,
        members,
        may_answer: true,
        ring_seconds: 20,
        music: None,
    }
}

fn number(text: &str, trunk: &Trunk) -> Number {
    Number {
        version: 0,
        id: NumberId(id()),
        number: text.to_owned(),
        shown: None,
        label: "代表".to_owned(),
        trunk: trunk.id,
        queue: None,
        granted: Granted::Nobody,
    }
}

fn wrong<T: std::fmt::Debug>(answer: ApiResult<T>) -> Vec<(String, Problem)> {
    match answer {
        Err(ApiError::Invalid { fields }) => {
            fields.into_iter().map(|FieldError { field, problem }| (field, problem)).collect()
        }
        other => panic!("not refused for its fields: {other:?}"),
    }
}

fn one(field: &str, problem: Problem) -> Vec<(String, Problem)> {
    vec![(field.to_owned(), problem)]
}

on_both! {
    async fn what_is_saved_is_read_back_and_no_password_with_it(db: TestDb) {
        let Setup { settings, admin, .. } = setup(&db).await;
        let sato = settings.save_user(admin.clone(), agent(" SATO ")).await.unwrap();
        assert_eq!((sato.login.as_str(), sato.password.as_deref()), ("sato", None));
        let mine = Extension { version: 0, id: ExtensionId(id()), number: "１００１".into(), user: Some(sato.id), account: None };
        let mine = settings.save_extension(admin.clone(), mine).await.unwrap();
        assert_eq!(mine.number, "1001");
        let carrier = Trunk {
            registers: true,
            username: Some("u".into()),
            password: Some("p@ss".into()),
            sources: vec!["192.0.2.0/24".into(), "2001:db8::1".into()],
            ..trunk("carrier")
        };
        let carrier = settings.save_trunk(admin.clone(), carrier).await.unwrap();
        assert_eq!((carrier.password.as_deref(), carrier.has_password), (None, true));
        assert_eq!(carrier.state, TrunkState::Registering);
        let support = settings.save_queue(admin.clone(), queue("サポート", vec![sato.id])).await.unwrap();
        let main = Number { queue: Some(support.id), granted: Granted::Users(vec![sato.id]), ..number("03-1234-5678", &carrier) };
        let main = settings.save_number(admin.clone(), main).await.unwrap();
        assert_eq!(main.shown.as_ref().unwrap().e164.as_str(), "+81312345678");
        assert_eq!(main.number, "03-1234-5678");

        let all = settings.settings(admin).await.unwrap();
        assert_eq!(all.users.len(), 2);
        assert!(all.users.contains(&sato));
        assert_eq!(all.extensions, [mine]);
        assert_eq!(all.trunks, [carrier]);
        assert_eq!(all.queues, [support]);
        assert_eq!(all.numbers, [main]);
    }

    async fn other_slices_read_what_they_need(db: TestDb) {
        let Setup { settings, admin, .. } = setup(&db).await;
        let sato = settings.save_user(admin.clone(), agent("sato")).await.unwrap();
        let suzuki = settings.save_user(admin.clone(), agent("suzuki")).await.unwrap();
        let mine = Extension { version: 0, id: ExtensionId(id()), number: "1001".into(), user: Some(sato.id), account: None };
        settings.save_extension(admin.clone(), mine.clone()).await.unwrap();
        let carrier = Trunk {
            username: Some("u".into()),
            password: Some("p@ss".into()),
            sources: vec!["192.0.2.0/24".into(), "192.0.3.7".into()],
            ..trunk("carrier")
        };
        settings.save_trunk(admin.clone(), carrier.clone()).await.unwrap();
        settings.save_trunk(admin.clone(), Trunk { active: false, ..trunk("off") }).await.unwrap();
        let support = settings.save_queue(admin.clone(), queue("support", vec![sato.id])).await.unwrap();
        let main = Number { queue: Some(support.id), granted: Granted::Users(vec![sato.id]), ..number("0312345678", &carrier) };
        let main = settings.save_number(admin.clone(), main).await.unwrap();
        let every = Number { granted: Granted::Everybody, ..number("0312345679", &carrier) };
        let every = settings.save_number(admin.clone(), every).await.unwrap();
        settings.save_number(admin.clone(), number("0312345670", &carrier)).await.unwrap();

        let trunks = settings.trunks().await.unwrap();
        assert_eq!(trunks.len(), 1);
        assert_eq!(trunks[0].credentials, Some(("u".to_owned(), "p@ss".to_owned())));
        assert_eq!(trunks[0].sources, ["192.0.2.0/24".parse().unwrap(), "192.0.3.7/32".parse().unwrap()]);
        let dialled = settings.number(&E164::parse("+81312345678").unwrap()).await.unwrap().unwrap();
        assert_eq!((dialled.id, dialled.queue, dialled.trunk), (main.id, Some(support.id), carrier.id));
        assert_eq!(settings.number(&E164::parse("+81399999999").unwrap()).await.unwrap(), None);
        let granted = |user| {
            let settings = settings.clone();
            async move { settings.caller_numbers(user).await.unwrap().into_iter().map(|n| n.id).collect::<Vec<_>>() }
        };
        assert_eq!(granted(sato.id).await, [main.id, every.id]);
        assert_eq!(granted(suzuki.id).await, [every.id]);
        assert_eq!(settings.extension_of(sato.id).await.unwrap(), Some(mine.id));
        assert_eq!(settings.extension_of(suzuki.id).await.unwrap(), None);
        assert_eq!(settings.plan(support.id).await.unwrap().unwrap().members, [sato.id]);
        assert_eq!(settings.of_member(sato.id).await.unwrap()[0].name, "support");
        assert_eq!(settings.of_member(suzuki.id).await.unwrap(), []);
    }

    async fn every_wrong_field_is_named_and_nothing_is_saved(db: TestDb) {
        let Setup { settings, admin, .. } = setup(&db).await;
        let before = settings.settings(admin.clone()).await.unwrap();
        let lines = settings.audit(admin.clone(), None).await.unwrap().len();
        let nobody = User { login: " ".into(), name: "x".repeat(61), password: Some("short".into()), ..agent("x") };
        assert_eq!(wrong(settings.save_user(admin.clone(), nobody).await), [
            ("login".into(), Problem::Required),
            ("name".into(), Problem::TooLong { max: 60 }),
            ("password".into(), Problem::TooShort { min: 10 }),
        ]);
        let taken = agent("Admin");
        assert_eq!(wrong(settings.save_user(admin.clone(), taken).await), one("login", Problem::Taken));
        let no_password = User { password: None, ..agent("y") };
        assert_eq!(wrong(settings.save_user(admin.clone(), no_password).await), one("password", Problem::Required));
        let stranger = Extension { version: 0, id: ExtensionId(id()), number: "1a".into(), user: Some(UserId(id())), account: None };
        assert_eq!(wrong(settings.save_extension(admin.clone(), stranger).await), [
            ("number".into(), Problem::Malformed),
            ("user".into(), Problem::Unknown),
        ]);
        let bad = Trunk {
            host: "sip..jp".into(), port: Some(0), second_host: Some("b.jp:0".into()), registers: true, sources: vec!["192.0.2.0/33".into()], codecs: vec![],
            max_calls: 1001, ..trunk("t")
        };
        assert_eq!(wrong(settings.save_trunk(admin.clone(), bad).await), [
            ("host".into(), Problem::NotAHost),
            ("port".into(), Problem::OutOfRange { min: 1, max: 65535 }),
            ("second_host".into(), Problem::NotAHost),
            ("username".into(), Problem::Required),
            ("password".into(), Problem::Required),
            ("sources".into(), Problem::NotAHost),
            ("codecs".into(), Problem::Required),
            ("max_calls".into(), Problem::OutOfRange { min: 1, max: 1000 }),
        ]);
        let bad = Number { queue: Some(QueueId(id())), granted: Granted::Users(vec![UserId(id())]), ..number("12", &trunk("t")) };
        assert_eq!(wrong(settings.save_number(admin.clone(), bad).await), [
            ("number".into(), Problem::NotANumber),
            ("trunk".into(), Problem::Unknown),
            ("queue".into(), Problem::Unknown),
            ("granted".into(), Problem::Unknown),
        ]);
        let bad = Queue { ring_seconds: 4, ..queue("", vec![UserId(id())]) };
        assert_eq!(wrong(settings.save_queue(admin.clone(), bad).await), [
            ("name".into(), Problem::Required),
            ("members".into(), Problem::Unknown),
            ("ring_seconds".into(), Problem::OutOfRange { min: 5, max: 120 }),
        ]);
        assert_eq!(settings.settings(admin.clone()).await.unwrap(), before);
        assert_eq!(settings.audit(admin, None).await.unwrap().len(), lines);
    }

    async fn names_and_numbers_are_unique_and_a_user_has_one_extension(db: TestDb) {
        let Setup { settings, admin, .. } = setup(&db).await;
        let first = Extension { version: 0, id: ExtensionId(id()), number: "1001".into(), user: Some(admin.user), account: None };
        let first = settings.save_extension(admin.clone(), first).await.unwrap();
        let second = Extension { version: 0, id: ExtensionId(id()), ..first.clone() };
        assert_eq!(wrong(settings.save_extension(admin.clone(), second).await), [
            ("number".into(), Problem::Taken),
            ("user".into(), Problem::Taken),
        ]);
        settings.save_extension(admin.clone(), first).await.unwrap();
        let carrier = settings.save_trunk(admin.clone(), trunk("t")).await.unwrap();
        assert_eq!(wrong(settings.save_trunk(admin.clone(), trunk("t")).await), one("name", Problem::Taken));
        settings.save_queue(admin.clone(), queue("q", vec![])).await.unwrap();
        assert_eq!(wrong(settings.save_queue(admin.clone(), queue("q", vec![])).await), one("name", Problem::Taken));
        settings.save_number(admin.clone(), number("03-1234-5678", &carrier)).await.unwrap();
        let again = number("+81 3 1234 5678", &carrier);
        assert_eq!(wrong(settings.save_number(admin, again).await), one("number", Problem::Taken));
    }

    async fn a_trunk_keeps_its_password_until_another_is_typed(db: TestDb) {
        let Setup { settings, admin, .. } = setup(&db).await;
        let carrier = Trunk { username: Some("u".into()), password: Some("first".into()), ..trunk("t") };
        let saved = settings.save_trunk(admin.clone(), carrier).await.unwrap();
        let saved = settings.save_trunk(admin.clone(), Trunk { max_calls: 5, ..saved }).await.unwrap();
        assert_eq!(settings.trunks().await.unwrap()[0].credentials.as_ref().unwrap().1, "first");
        settings.save_trunk(admin.clone(), Trunk { password: Some("second".into()), ..saved }).await.unwrap();
        assert_eq!(settings.trunks().await.unwrap()[0].credentials.as_ref().unwrap().1, "second");
        let told = settings.audit(admin, None).await.unwrap();
        assert_eq!(told[0].detail, "password: ***");
        assert_eq!(told[1].detail, "max_calls: 10 → 5");
    }

    async fn an_extension_keeps_the_password_of_its_account_and_the_log_never_has_it(db: TestDb) {
        let Setup { settings, admin, .. } = setup(&db).await;
        let plain = Extension { version: 0, id: ExtensionId(id()), number: "1001".into(), user: None, account: None };
        let mine = Extension { account: Some(account("first")), ..plain.clone() };
        let saved = settings.save_extension(admin.clone(), mine).await.unwrap();
        let kept = SipAccount { password: None, has_password: true, ..account("") };
        assert_eq!(saved.account, Some(kept.clone()));
        assert_eq!(settings.settings(admin.clone()).await.unwrap().extensions, std::slice::from_ref(&saved));
        assert_eq!(settings.lines().await.unwrap(), [], "nobody is to be rung");

        let port = SipAccount { port: 5070, has_password: false, ..kept };
        let owned = Extension { user: Some(admin.user), account: Some(port), ..saved };
        let saved = settings.save_extension(admin.clone(), owned).await.unwrap();
        let line = settings.lines().await.unwrap().remove(0);
        assert_eq!(line.credentials, Some(("1001".to_owned(), "first".to_owned())));
        assert_eq!((line.port, line.domain(), line.registers, line.max_calls), (Some(5070), "pbx.example", true, 1));
        assert_eq!(line.line.unwrap().user, admin.user);
        let named = saved.account.clone().map(|account| SipAccount {
            password: Some("another".into()),
            auth_username: Some("desk".into()),
            domain: Some("sip.example".into()),
            ring_seconds: 45,
            outside_prefix: Some(" ０ ".into()),
            ..account
        });
        let saved = settings.save_extension(admin.clone(), Extension { account: named, ..saved }).await.unwrap();
        let line = settings.lines().await.unwrap().remove(0);
        assert_eq!((line.credentials.clone(), line.domain()), (Some(("desk".to_owned(), "another".to_owned())), "sip.example"));
        let line = line.line.unwrap();
        assert_eq!((line.ring_for.as_secs(), line.outside_prefix.as_deref()), (45, Some("0")));

        let saved = settings.save_extension(admin.clone(), Extension { account: None, ..saved }).await.unwrap();
        assert_eq!(settings.lines().await.unwrap(), []);
        // The password went with the account.
        let again = Extension { account: Some(SipAccount { password: None, ..account("") }), ..saved };
        assert_eq!(wrong(settings.save_extension(admin.clone(), again).await), one("password", Problem::Required));
        let told: Vec<_> = settings.audit(admin, None).await.unwrap().into_iter().map(|line| line.detail).collect();
        assert!(told[0].contains("host: pbx.example → ,"), "{}", told[0]);
        assert_eq!(told[1], "auth_username:  → desk, domain:  → sip.example, outside_prefix:  → 0, password: ***, ring_seconds: 20 → 45");
        assert_eq!(told[2], "port: 5060 → 5070, user:  → admin");
        assert!(!told.concat().contains("first") && !told.concat().contains("another"), "{told:?}");
    }

    async fn every_wrong_field_of_an_account_is_named(db: TestDb) {
        let Setup { settings, admin, .. } = setup(&db).await;
        let mine = |number: &str, account: SipAccount| Extension { version: 0,
            id: ExtensionId(id()),
            number: number.into(),
            user: None,
            account: Some(account),
        };
        let bad = SipAccount {
            host: "sip..jp".into(),
            port: 0,
            domain: Some("a b".into()),
            username: "10 01".into(),
            codecs: vec![],
            password: None,
            ring_seconds: 4,
            outside_prefix: Some("0-".into()),
            ..account("")
        };
        assert_eq!(wrong(settings.save_extension(admin.clone(), mine("1001", bad)).await), [
            ("host".into(), Problem::NotAHost),
            ("port".into(), Problem::OutOfRange { min: 1, max: 65535 }),
            ("domain".into(), Problem::NotAHost),
            ("username".into(), Problem::Malformed),
            ("password".into(), Problem::Required),
            ("codecs".into(), Problem::Required),
            ("ring_seconds".into(), Problem::OutOfRange { min: 5, max: 120 }),
            ("outside_prefix".into(), Problem::Malformed),
        ]);
        settings.save_extension(admin.clone(), mine("1001", account("secret"))).await.unwrap();
        let same = mine("1002", account("secret"));
        assert_eq!(wrong(settings.save_extension(admin.clone(), same).await), one("username", Problem::Taken));
        let elsewhere = SipAccount { host: "other.example".into(), ..account("secret") };
        settings.save_extension(admin, mine("1002", elsewhere)).await.unwrap();
    }

    async fn what_is_in_use_is_not_deleted(db: TestDb) {
        let Setup { settings, admin, .. } = setup(&db).await;
        let carrier = settings.save_trunk(admin.clone(), trunk("t")).await.unwrap();
        let support = settings.save_queue(admin.clone(), queue("q", vec![admin.user])).await.unwrap();
        let main = Number { queue: Some(support.id), ..number("0312345678", &carrier) };
        let main = settings.save_number(admin.clone(), main).await.unwrap();
        let in_use = one("what", Problem::InUse);
        assert_eq!(wrong(settings.delete(admin.clone(), Deletable::Trunk(carrier.id)).await), in_use);
        assert_eq!(wrong(settings.delete(admin.clone(), Deletable::Queue(support.id)).await), in_use);
        settings.delete(admin.clone(), Deletable::Number(main.id)).await.unwrap();
        settings.delete(admin.clone(), Deletable::Queue(support.id)).await.unwrap();
        settings.delete(admin.clone(), Deletable::Trunk(carrier.id)).await.unwrap();
        assert_eq!(settings.delete(admin.clone(), Deletable::Trunk(carrier.id)).await, Err(ApiError::NotFound));
        assert_eq!(settings.plan(support.id).await.unwrap(), None);
        assert_eq!(settings.of_member(admin.user).await.unwrap(), []);
        // Its name is free again.
        settings.save_queue(admin.clone(), queue("q", vec![])).await.unwrap();
        let told = settings.audit(admin, None).await.unwrap();
        assert_eq!((told[1].what.as_str(), told[1].subject.as_str()), ("trunk.deleted", "t"));
    }

    async fn music_is_kept_as_telephones_play_it_and_reaches_its_queue(db: TestDb) {
        let Setup { settings, admin, .. } = setup(&db).await;
        let dir = tempfile::tempdir().unwrap();
        let files = crate::files::Files::local(dir.path()).unwrap();
        settings.keep_uploads_in(files.clone());
        let (played, mut plays) = tokio::sync::mpsc::unbounded_channel();
        let hand_over: music::Player = Box::new(move |queue, samples| played.send((queue, samples)).unwrap());
        let stop = tokio_util::sync::CancellationToken::new();
        let following = tokio::spawn(music::follow(settings.clone(), files.clone(), hand_over, stop.clone()));

        let page = bytes::Bytes::from_static(b"<html>");
        let refused = music::keep(&settings, &files, &admin, " ", page).await;
        assert_eq!(wrong(refused), [("name".into(), Problem::Required), ("file".into(), Problem::WrongKind)]);
        // Half a second at 16 kHz, stereo.
        let file = silent_wav(16_000, 2, 8_000);
        let tune = music::keep(&settings, &files, &admin, "朝", file.into()).await.unwrap();
        assert_eq!(settings.settings(admin.clone()).await.unwrap().music, std::slice::from_ref(&tune));

        let support = Queue { music: Some(tune.id), ..queue("q", vec![]) };
        let support = settings.save_queue(admin.clone(), support).await.unwrap();
        let (queue, samples) = plays.recv().await.unwrap();
        assert_eq!((queue, samples.unwrap().len()), (support.id, 4_000));
        assert_eq!(wrong(settings.delete(admin.clone(), Deletable::Music(tune.id)).await), one("what", Problem::InUse));
        settings.save_queue(admin.clone(), Queue { music: None, ..support.clone() }).await.unwrap();
        assert_eq!(plays.recv().await.unwrap(), (support.id, None));
        settings.delete(admin.clone(), Deletable::Music(tune.id)).await.unwrap();
        assert_eq!(settings.settings(admin).await.unwrap().music, []);
        assert!(matches!(files.get(tune.id).await, Err(crate::files::FileError::Missing)));
        stop.cancel();
        following.await.unwrap();
    }

    async fn a31_a4_a5_the_company_chooses_its_rules_for_calls_and_every_desk_may_ask(db: TestDb) {
        let Setup { settings, hub, admin, .. } = setup(&db).await;
        let agent = Actor { role: Role::Agent, ..admin.clone() };
        assert_eq!(settings.call_rules(agent.clone()).await, Ok(CallRules { after_call_extension_seconds: 60, version: 1, ..CallRules::default() }));
        let mut tab = hub.attach(admin.user, ClientId(id()), String::new(), None);
        let strict = CallRules { version: 1,
            microphone_only_in_calls: true,
            full_hold: true,
            after_call_limit_seconds: 90,
            after_call_extension_seconds: 30,
        };
        let saved = settings.save_call_rules(admin.clone(), strict).await;
        let strict = CallRules { version: 2, ..strict };
        assert_eq!(saved, Ok(strict));
        assert_eq!(heard(&mut tab.frames), DeskEvent::SettingsChanged);
        assert_eq!(heard(&mut tab.frames), DeskEvent::CallRules { rules: strict }, "no desk has to ask");
        assert_eq!(settings.call_rules(agent).await, Ok(strict));
        assert_eq!(settings.settings(admin.clone()).await.unwrap().call_rules, strict);
        let line = settings.audit(admin.clone(), None).await.unwrap().remove(0);
        assert_eq!(line.what, "call_rules.saved");
        assert_eq!(
            line.detail,
            "after_call_extension_seconds: 60 → 30, after_call_limit_seconds: 0 → 90, full_hold: false → true, \
             microphone_only_in_calls: false → true"
        );
        for (limit, extension, field) in
            [(9, 60, "after_call_limit_seconds"), (3_601, 60, "after_call_limit_seconds"), (0, 9, "after_call_extension_seconds")]
        {
            let wrong = CallRules { after_call_limit_seconds: limit, after_call_extension_seconds: extension, ..strict };
            let refused = settings.save_call_rules(admin.clone(), wrong).await;
            assert!(matches!(&refused, Err(ApiError::Invalid { fields }) if fields[0].field == field), "{refused:?}");
        }
        assert_eq!(settings.call_rules(admin).await, Ok(strict));
    }

    async fn whoever_saves_what_somebody_else_has_changed_since_is_told_and_changes_nothing(db: TestDb) {
        let Setup { settings, admin, .. } = setup(&db).await;
        let conflict = || Err::<(), _>(ApiError::Conflict);
        let all = |before: &Settings| {
            let (user, trunk, queue) = (before.users[0].clone(), before.trunks[0].clone(), before.queues[0].clone());
            (user, before.extensions[0].clone(), trunk, before.numbers[0].clone(), queue, before.call_rules)
        };
        let line = settings.save_trunk(admin.clone(), trunk("line")).await.unwrap();
        settings.save_queue(admin.clone(), queue("support", vec![])).await.unwrap();
        settings.save_number(admin.clone(), number("0312345678", &line)).await.unwrap();
        let mine = Extension { version: 0, id: ExtensionId(id()), number: "1001".into(), user: None, account: None };
        settings.save_extension(admin.clone(), mine).await.unwrap();
        let opened = settings.settings(admin.clone()).await.unwrap();
        // The first of two who opened the same saves, and saves again what came of it.
        let (user, extension, trunk, number, queue, rules) = all(&opened);
        for again in [false, true] {
            let now = if again { settings.settings(admin.clone()).await.unwrap() } else { opened.clone() };
            let (user, extension, trunk, number, queue, rules) = all(&now);
            settings.save_user(admin.clone(), user).await.unwrap();
            settings.save_extension(admin.clone(), extension).await.unwrap();
            settings.save_trunk(admin.clone(), trunk).await.unwrap();
            settings.save_number(admin.clone(), number).await.unwrap();
            settings.save_queue(admin.clone(), queue).await.unwrap();
            settings.save_call_rules(admin.clone(), rules).await.unwrap();
        }
        let kept = settings.settings(admin.clone()).await.unwrap();
        let late = User { name: "late".into(), ..user };
        assert_eq!(settings.save_user(admin.clone(), late).await.map(drop), conflict());
        let late = Extension { number: "1009".into(), ..extension.clone() };
        assert_eq!(settings.save_extension(admin.clone(), late).await.map(drop), conflict());
        assert_eq!(settings.save_trunk(admin.clone(), Trunk { name: "late".into(), ..trunk }).await.map(drop), conflict());
        assert_eq!(settings.save_number(admin.clone(), Number { label: "late".into(), ..number }).await.map(drop), conflict());
        assert_eq!(settings.save_queue(admin.clone(), Queue { name: "late".into(), ..queue }).await.map(drop), conflict());
        let late = CallRules { full_hold: true, ..rules };
        assert_eq!(settings.save_call_rules(admin.clone(), late).await.map(drop), conflict());
        assert_eq!(settings.settings(admin).await.unwrap(), kept);
    }

    async fn what_somebody_deleted_is_not_brought_back_by_saving_it(db: TestDb) {
        let Setup { settings, admin, .. } = setup(&db).await;
        let open = settings.save_queue(admin.clone(), queue("support", vec![])).await.unwrap();
        settings.delete(admin.clone(), Deletable::Queue(open.id)).await.unwrap();
        assert_eq!(settings.save_queue(admin.clone(), open).await.map(drop), Err(ApiError::Conflict));
        let line = settings.save_trunk(admin.clone(), trunk("line")).await.unwrap();
        settings.delete(admin.clone(), Deletable::Trunk(line.id)).await.unwrap();
        assert_eq!(settings.save_trunk(admin.clone(), line).await.map(drop), Err(ApiError::Conflict));
        let now = settings.settings(admin).await.unwrap();
        assert!(now.queues.is_empty() && now.trunks.is_empty(), "{now:?}");
    }

    async fn only_an_administrator_may(db: TestDb) {
        let Setup { settings, admin, .. } = setup(&db).await;
        for role in [Role::Agent, Role::Supervisor] {
            let actor = Actor { role, ..admin.clone() };
            assert_eq!(settings.settings(actor.clone()).await, Err(ApiError::Forbidden));
            assert_eq!(settings.save_user(actor.clone(), agent("x")).await, Err(ApiError::Forbidden));
            assert_eq!(settings.save_queue(actor.clone(), queue("q", vec![])).await, Err(ApiError::Forbidden));
            assert_eq!(settings.save_trunk(actor.clone(), trunk("t")).await, Err(ApiError::Forbidden));
            let extension = Extension { version: 0, id: ExtensionId(id()), number: "1001".into(), user: None, account: None };
            assert_eq!(settings.save_extension(actor.clone(), extension).await, Err(ApiError::Forbidden));
            assert_eq!(settings.save_number(actor.clone(), number("0312345678", &trunk("t"))).await, Err(ApiError::Forbidden));
            assert_eq!(settings.delete(actor.clone(), Deletable::Queue(QueueId(id()))).await, Err(ApiError::Forbidden));
            let rules = CallRules { microphone_only_in_calls: true, ..CallRules::default() };
            assert_eq!(settings.save_call_rules(actor.clone(), rules).await, Err(ApiError::Forbidden));
            assert_eq!(settings.audit(actor, None).await, Err(ApiError::Forbidden));
        }
    }

    async fn the_last_administrator_stays(db: TestDb) {
        let Setup { settings, admin, .. } = setup(&db).await;
        let me = settings.settings(admin.clone()).await.unwrap().users.remove(0);
        let off = User { active: false, ..me.clone() };
        assert_eq!(wrong(settings.save_user(admin.clone(), off.clone()).await), one("active", Problem::InUse));
        let demoted = User { role: Role::Supervisor, ..me };
        assert_eq!(wrong(settings.save_user(admin.clone(), demoted).await), one("role", Problem::InUse));
        settings.save_user(admin.clone(), User { role: Role::Administrator, ..agent("second") }).await.unwrap();
        settings.save_user(admin, off).await.unwrap();
    }

    async fn sessions_end_with_the_role_or_the_access_that_they_had(db: TestDb) {
        let Setup { settings, accounts, admin, .. } = setup(&db).await;
        let sato = settings.save_user(admin.clone(), agent("sato")).await.unwrap();
        let ended = || accounts.0.lock().unwrap().len();
        let renamed = settings.save_user(admin.clone(), User { name: "佐藤".into(), ..sato }).await.unwrap();
        assert_eq!(ended(), 0);
        let raised = settings.save_user(admin.clone(), User { role: Role::Supervisor, ..renamed }).await.unwrap();
        assert_eq!(ended(), 1);
        settings.save_user(admin, User { active: false, ..raised.clone() }).await.unwrap();
        assert_eq!(*accounts.0.lock().unwrap(), [raised.id, raised.id]);
    }

    async fn what_a_user_may_do_changes_together_with_the_end_of_their_sessions_or_not_at_all(db: TestDb) {
        let Setup { settings, accounts, admin, .. } = setup(&db).await;
        let sato = settings.save_user(admin.clone(), agent("sato")).await.unwrap();
        accounts.1.store(true, Ordering::Relaxed);
        let reset = User { password: Some("another long one".into()), ..sato.clone() };
        assert_eq!(settings.save_user(admin, reset).await, Err(ApiError::Unavailable));
        let known = fetch_all!(db, (String,), "SELECT password_hash FROM users WHERE login = 'sato'").unwrap();
        assert_ne!(known, [("hash of another long one".to_owned(),)]);
        assert!(accounts.0.lock().unwrap().is_empty());
    }

    async fn desks_hear_of_changes_and_a_user_of_their_new_extension(db: TestDb) {
        let Setup { settings, hub, admin, .. } = setup(&db).await;
        let mut tab = hub.attach(admin.user, ClientId(id()), String::new(), None);
        let mut revision = settings.changes();
        revision.mark_unchanged();
        let mine = Extension { version: 0, id: ExtensionId(id()), number: "1001".into(), user: Some(admin.user), account: None };
        settings.save_extension(admin.clone(), mine.clone()).await.unwrap();
        assert!(revision.has_changed().unwrap());
        assert_eq!(heard(&mut tab.frames), DeskEvent::SettingsChanged);
        let DeskEvent::Me { me } = heard(&mut tab.frames) else { panic!("no Me") };
        assert_eq!(me.extension.unwrap().number, "1001");
        settings.delete(admin, Deletable::Extension(mine.id)).await.unwrap();
        assert_eq!(heard(&mut tab.frames), DeskEvent::SettingsChanged);
        let DeskEvent::Me { me } = heard(&mut tab.frames) else { panic!("no Me") };
        assert_eq!(me.extension, None);
    }
}

fn account(password: &str) -> SipAccount {
    SipAccount {
        host: "pbx.example".into(),
        port: 5060,
        transport: TrunkTransport::Udp,
        domain: None,
        username: "1001".into(),
        auth_username: None,
        password: Some(password.to_owned()),
        has_password: false,
        codecs: vec![TrunkCodec::Pcmu],
        ring_seconds: 20,
        outside_prefix: None,
        state: TrunkState::Off,
    }
}

/// A WAV file of silence: so many frames of 16-bit samples.
fn silent_wav(rate: u32, channels: u16, frames: u32) -> Vec<u8> {
    let length = frames * u32::from(channels) * 2;
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + length).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0");
    bytes.extend(channels.to_le_bytes());
    bytes.extend(rate.to_le_bytes());
    bytes.extend((rate * u32::from(channels) * 2).to_le_bytes());
    bytes.extend((channels * 2).to_le_bytes());
    bytes.extend(16_u16.to_le_bytes());
    bytes.extend(b"data");
    bytes.extend(length.to_le_bytes());
    bytes.resize(44 + usize::try_from(length).unwrap(), 0);
    bytes
}

fn heard(frames: &mut tokio::sync::mpsc::Receiver<Outgoing>) -> DeskEvent {
    let Outgoing::Frame(json) = frames.try_recv().unwrap() else { panic!("closed") };
    let frame = serde_json::from_str(&json).unwrap();
    let ServerFrame::Event { event, .. } = frame else { panic!("no event: {frame:?}") };
    event
}
