//! Signing in, on both databases, with a clock that the test holds.

use std::sync::Mutex;

use domain::roles::Role;
use domain::time::Timestamp;
use wire::session::SessionPort;

use super::*;
use crate::clock::Hands;
use crate::config::{Sources, load};
use crate::db::testing::TestDb;
use crate::{fetch_all, on_both};

const PASSWORD: &str = "correct horse battery";
const MINUTE: Duration = Duration::from_mins(1);

#[derive(Default)]
struct Elsewhere {
    ended: Mutex<Vec<String>>,
}

#[async_trait]
impl Surroundings for Elsewhere {
    async fn extension_of(&self, _: UserId) -> ApiResult<Option<MyExtension>> {
        Ok(None)
    }
    fn ended(&self, _: UserId, which: Ended<'_>) {
        self.ended.lock().unwrap().push(match which {
            Ended::One(session) => session.to_owned(),
            Ended::AllBut(session) => format!("all but {session}"),
            Ended::All => "all".to_owned(),
        });
    }
}

struct Desk {
    sessions: Arc<Sessions>,
    elsewhere: Arc<Elsewhere>,
    hands: Hands,
    clock: Clock,
    user: User,
    hash: String,
}

fn newcomer(login: &str) -> NewUser {
    NewUser {
        login: login.to_owned(),
        name: "花子".to_owned(),
        role: Role::Agent,
        password: PASSWORD.to_owned(),
        demo: false,
    }
}

impl Desk {
    /// One user, `hanako`.
    async fn new(db: &TestDb) -> Self {
        let (clock, hands) = Clock::held(Timestamp(1_700_000_000_000));
        let hasher = Hasher::cheap();
        let user = add_user(db, &hasher, clock.now(), newcomer(" Hanako ")).await.unwrap();
        let elsewhere = Arc::new(Elsewhere::default());
        let config = load(&Sources::default()).unwrap();
        let db = Db::clone(db);
        let sessions = Arc::new(Sessions::new(db, clock.clone(), &config, hasher, Arc::<Elsewhere>::clone(&elsewhere)));
        let hash = store::users::by_id(&sessions.db, user.id).await.unwrap().unwrap().1;
        Self { sessions, elsewhere, hands, clock, user, hash }
    }

    async fn sign_in(&self, login: &str, password: &str) -> Result<Token, ApiError> {
        let address = Some("192.0.2.1".parse().unwrap());
        self.sessions.sign_in(login, password.to_owned(), address, None).await.map(|(token, _)| token)
    }

    async fn holder(&self, token: &Token) -> Option<Actor> {
        self.sessions.authenticate(token).await.unwrap()
    }

    async fn trail(&self) -> Vec<String> {
        fetch_all!(
            self.sessions.db,
            (String,),
            "SELECT action FROM audit_log WHERE action LIKE 'session.%' ORDER BY at, id"
        )
        .unwrap()
        .into_iter()
        .map(|(action,)| action)
        .collect()
    }
}

on_both! {
    async fn the_right_pair_opens_a_session_that_names_user_and_role(db: TestDb) {
        let desk = Desk::new(&db).await;
        let token = desk.sign_in("HANAKO", PASSWORD).await.unwrap();
        let actor = desk.holder(&token).await.unwrap();
        assert_eq!((actor.user, actor.role), (desk.user.id, Role::Agent));
        assert_eq!(desk.trail().await, ["session.signed_in"]);
        let stored = fetch_all!(db, (String,), "SELECT token_hash FROM sessions").unwrap();
        assert_eq!(stored, [(token.hash(),)], "only the hash is stored");
    }

    async fn a_wrong_password_and_an_unknown_login_are_refused_alike(db: TestDb) {
        let desk = Desk::new(&db).await;
        assert_eq!(desk.sign_in("hanako", "wrong password").await, Err(ApiError::WrongCredentials));
        assert_eq!(desk.sign_in("nobody", PASSWORD).await, Err(ApiError::WrongCredentials));
        assert_eq!(desk.trail().await, ["session.refused", "session.refused"]);
    }

    async fn the_eleventh_wrong_try_within_fifteen_minutes_is_not_even_checked(db: TestDb) {
        let desk = Desk::new(&db).await;
        for login in ["hanako", "nobody"] {
            for _ in 0..10 {
                assert_eq!(desk.sign_in(login, "wrong password").await, Err(ApiError::WrongCredentials));
                desk.hands.advance(Duration::from_secs(1));
            }
            let braked = desk.sign_in(login, PASSWORD).await;
            assert_eq!(braked, Err(ApiError::TooMany { retry_after_s: 15 * 60 - 10 }), "the right password neither");
        }
        desk.hands.advance(15 * MINUTE);
        assert!(desk.sign_in("hanako", PASSWORD).await.is_ok());
    }

    async fn tries_made_at_once_cannot_pass_the_brake_together(db: TestDb) {
        let desk = Desk::new(&db).await;
        let all = futures::future::join_all((0..30).map(|_| desk.sign_in("hanako", "wrong password"))).await;
        let checked = all.iter().filter(|outcome| **outcome == Err(ApiError::WrongCredentials)).count();
        assert_eq!(checked, 10, "{all:?}");
    }

    async fn right_tries_do_not_count(db: TestDb) {
        let desk = Desk::new(&db).await;
        for _ in 0..12 {
            assert!(desk.sign_in("hanako", PASSWORD).await.is_ok());
        }
    }

    async fn one_address_cannot_try_its_way_through_many_accounts(db: TestDb) {
        let desk = Desk::new(&db).await;
        let mut refused = 0;
        for n in 0..60 {
            if let Err(ApiError::TooMany { .. }) = desk.sign_in(&format!("user{n}"), "wrong password").await {
                refused += 1;
            }
        }
        assert_eq!(refused, 10);
        let elsewhere = Some("198.51.100.7".parse().unwrap());
        let other = desk.sessions.sign_in("hanako", PASSWORD.to_owned(), elsewhere, None).await;
        assert!(other.is_ok(), "somebody elsewhere can still sign in");
    }

    async fn guessing_from_elsewhere_does_not_lock_out_whom_the_account_belongs_to(db: TestDb) {
        let desk = Desk::new(&db).await;
        let office = Some("192.0.2.1".parse().unwrap());
        assert!(desk.sign_in("hanako", PASSWORD).await.is_ok(), "from the office");
        for n in 0..30_u8 {
            desk.hands.advance(Duration::from_secs(1));
            let stranger = Some(IpAddr::from([198, 51, 100, n]));
            let guess = desk.sessions.sign_in("hanako", "wrong password".to_owned(), stranger, None).await;
            assert_eq!(matches!(guess, Err(ApiError::WrongCredentials)), n < 10, "{guess:?}");
        }
        assert!(desk.sign_in("hanako", PASSWORD).await.is_ok());
        for _ in 0..10 {
            assert_eq!(desk.sign_in("hanako", "wrong password").await, Err(ApiError::WrongCredentials));
        }
        assert!(matches!(desk.sign_in("hanako", PASSWORD).await, Err(ApiError::TooMany { .. })), "the office has a brake too");
        desk.hands.advance(31 * 24 * 60 * MINUTE);
        for n in 0..10_u8 {
            let stranger = Some(IpAddr::from([198, 51, 100, n]));
            drop(desk.sessions.sign_in("hanako", "wrong password".to_owned(), stranger, None).await);
        }
        let late = desk.sessions.sign_in("hanako", PASSWORD.to_owned(), office, None).await;
        assert!(matches!(late, Err(ApiError::TooMany { .. })), "after a month away the office is a stranger");
    }

    async fn the_trail_is_not_flooded_and_never_holds_what_a_stranger_typed(db: TestDb) {
        let desk = Desk::new(&db).await;
        assert_eq!(desk.sign_in(&"p".repeat(65), PASSWORD).await, Err(ApiError::WrongCredentials));
        assert!(desk.trail().await.is_empty());
        for _ in 0..40 {
            drop(desk.sign_in("correct-horse-battery", "hanako").await);
        }
        let trail = desk.trail().await;
        assert_eq!(trail.len(), 11, "ten refusals and one line for the brake: {trail:?}");
        let found = fetch_all!(db, (i64,), "SELECT COUNT(*) FROM audit_log WHERE subject LIKE '%horse%'").unwrap();
        assert_eq!(found, [(0,)]);
        for n in 0..60 {
            drop(desk.sign_in(&format!("user{n}"), "wrong password").await);
        }
        let keys = fetch_all!(db, (i64,), "SELECT COUNT(*) FROM sign_in_tries").unwrap();
        assert_eq!(keys, [(1 + 2 + 40 + 1,)], "a braked address leaves nothing behind for the accounts it names");
    }

    async fn an_idle_session_ends_and_a_used_one_goes_on(db: TestDb) {
        let desk = Desk::new(&db).await;
        let token = desk.sign_in("hanako", PASSWORD).await.unwrap();
        for _ in 0..3 {
            desk.hands.advance(29 * MINUTE);
            assert!(desk.holder(&token).await.is_some(), "being asked is a sign of life");
        }
        desk.hands.advance(30 * MINUTE);
        assert!(desk.holder(&token).await.is_none());
    }

    async fn a_session_ends_at_its_absolute_age_however_much_it_is_used(db: TestDb) {
        let desk = Desk::new(&db).await;
        let token = desk.sign_in("hanako", PASSWORD).await.unwrap();
        for _ in 0..(12 * 60 / 20 - 1) {
            desk.hands.advance(20 * MINUTE);
            assert!(desk.holder(&token).await.is_some());
        }
        desk.hands.advance(20 * MINUTE);
        assert!(desk.holder(&token).await.is_none());
    }

    async fn signing_in_again_ends_the_session_before(db: TestDb) {
        let desk = Desk::new(&db).await;
        let first = desk.sign_in("hanako", PASSWORD).await.unwrap();
        let again = desk.sessions.sign_in("hanako", PASSWORD.to_owned(), None, Some(first.clone())).await;
        assert!(desk.holder(&first).await.is_none());
        assert_eq!(*desk.elsewhere.ended.lock().unwrap(), [first.hash()], "its sockets are closed");
        assert!(desk.holder(&again.unwrap().0).await.is_some());
    }

    async fn signing_out_ends_this_session_and_everywhere_ends_all(db: TestDb) {
        let desk = Desk::new(&db).await;
        let (one, two) = (desk.sign_in("hanako", PASSWORD).await.unwrap(), desk.sign_in("hanako", PASSWORD).await.unwrap());
        let port = RequestPort::new(Arc::clone(&desk.sessions), None, Some(one.clone()));
        port.sign_out(desk.holder(&one).await.unwrap()).await.unwrap();
        assert!(port.take_cookie().unwrap().contains("Max-Age=0"));
        assert!(desk.holder(&one).await.is_none());
        let actor = desk.holder(&two).await.expect("the other browser stays");
        port.sign_out_everywhere(actor).await.unwrap();
        assert!(desk.holder(&two).await.is_none());
        assert_eq!(*desk.elsewhere.ended.lock().unwrap(), [one.hash(), "all".to_owned()], "their sockets are closed");
    }

    async fn a_disabled_user_is_out_at_once_and_cannot_come_back(db: TestDb) {
        let desk = Desk::new(&db).await;
        let token = desk.sign_in("hanako", PASSWORD).await.unwrap();
        db.write::<_, DbError, _>(|tx| Box::pin(async move { crate::execute!(tx, "UPDATE users SET active = FALSE") }))
            .await
            .unwrap();
        assert!(desk.holder(&token).await.is_none());
        assert_eq!(desk.sign_in("hanako", PASSWORD).await, Err(ApiError::WrongCredentials));
    }

    async fn a_changed_role_holds_from_the_next_request_on(db: TestDb) {
        let desk = Desk::new(&db).await;
        let token = desk.sign_in("hanako", PASSWORD).await.unwrap();
        db.write::<_, DbError, _>(|tx| {
            Box::pin(async move { crate::execute!(tx, "UPDATE users SET role = 'administrator'") })
        })
        .await
        .unwrap();
        assert_eq!(desk.holder(&token).await.unwrap().role, Role::Administrator);
    }

    async fn a_changed_password_ends_the_other_sessions_only(db: TestDb) {
        let desk = Desk::new(&db).await;
        let (here, there) = (desk.sign_in("hanako", PASSWORD).await.unwrap(), desk.sign_in("hanako", PASSWORD).await.unwrap());
        let actor = desk.holder(&here).await.unwrap();
        let wrong = desk.sessions.change_password(&actor, "not this one".into(), "another long one".into()).await;
        assert!(matches!(wrong, Err(ApiError::Invalid { .. })), "{wrong:?}");
        desk.sessions.change_password(&actor, PASSWORD.into(), "another long one".into()).await.unwrap();
        assert!(desk.holder(&here).await.is_some());
        assert!(desk.holder(&there).await.is_none());
        let ended = [format!("all but {}", here.hash())];
        assert_eq!(*desk.elsewhere.ended.lock().unwrap(), ended, "socket and audio of the one that stays stay too");
        assert_eq!(desk.sign_in("hanako", PASSWORD).await, Err(ApiError::WrongCredentials));
        assert!(desk.sign_in("hanako", "another long one").await.is_ok());
    }

    async fn a_password_that_was_reset_while_it_was_being_checked_opens_nothing(db: TestDb) {
        let desk = Desk::new(&db).await;
        let here = desk.sign_in("hanako", PASSWORD).await.unwrap();
        let actor = desk.holder(&here).await.unwrap();
        let office = Some("192.0.2.1".parse().unwrap());
        for lost in ["UPDATE users SET password_hash = 'another'", "UPDATE users SET active = FALSE"] {
            // Both have read the hash and wait for their turn to check it.
            let turns = desk.sessions.hasher.hold().await;
            let late = async {
                let sign_in = desk.sessions.sign_in("hanako", PASSWORD.to_owned(), office, None);
                let change = desk.sessions.change_password(&actor, PASSWORD.into(), "another long one".into());
                futures::join!(sign_in, change)
            };
            let reset = async {
                desk.sessions.hasher.waited_for(2).await;
                db.write::<_, DbError, _>(move |tx| Box::pin(async move { crate::execute!(tx, lost) })).await.unwrap();
                drop(turns);
            };
            let ((opened, changed), ()) = futures::join!(late, reset);
            assert_eq!(opened.map(|_| ()), Err(ApiError::WrongCredentials), "{lost}");
            assert!(matches!(changed, Err(ApiError::Invalid { .. })), "{lost}: {changed:?}");
            let sessions = fetch_all!(db, (i64,), "SELECT COUNT(*) FROM sessions").unwrap();
            assert_eq!(sessions, [(1,)], "{lost}");
            let hash = desk.hash.clone();
            db.write::<_, DbError, _>(move |tx| {
                Box::pin(
                    async move { crate::execute!(tx, "UPDATE users SET active = TRUE, password_hash = $1", hash) },
                )
            })
            .await
            .unwrap();
        }
    }

    async fn what_was_typed_as_a_login_cannot_be_read_from_the_brake(db: TestDb) {
        let desk = Desk::new(&db).await;
        for typed in ["hanako", "my secret password"] {
            for _ in 0..11 {
                drop(desk.sign_in(typed, "wrong password").await);
            }
        }
        let keys = fetch_all!(db, (String,), "SELECT key FROM sign_in_tries").unwrap();
        assert_eq!(keys.len(), 5, "an address, two accounts, each with its note: {keys:?}");
        assert!(keys.iter().all(|(key,)| !key.contains("hanako") && !key.contains("secret")), "{keys:?}");
    }

    async fn a_login_is_taken_once_whatever_its_case(db: TestDb) {
        let desk = Desk::new(&db).await;
        let again = add_user(&db, &desk.sessions.hasher, desk.clock.now(), newcomer("hanaKO"));
        assert!(matches!(again.await, Err(UserFault::Taken)));
        assert_eq!(all_users(&db).await.unwrap(), [desk.user]);
    }

    async fn another_password_from_the_command_line_ends_every_session(db: TestDb) {
        let desk = Desk::new(&db).await;
        let token = desk.sign_in("hanako", PASSWORD).await.unwrap();
        set_password(&db, &desk.sessions.hasher, desk.clock.now(), "hanako", "another long one".into()).await.unwrap();
        assert!(desk.holder(&token).await.is_none());
        let nobody = set_password(&db, &desk.sessions.hasher, desk.clock.now(), "taro", "another long one".into()).await;
        assert!(matches!(nobody, Err(UserFault::Unknown)));
    }

    async fn the_sweep_takes_what_can_no_longer_matter_and_nothing_else(db: TestDb) {
        let desk = Desk::new(&db).await;
        desk.sign_in("hanako", PASSWORD).await.unwrap();
        desk.hands.advance(31 * MINUTE);
        let alive = desk.sign_in("hanako", PASSWORD).await.unwrap();
        desk.sessions.sweep().await.unwrap();
        let kept = fetch_all!(db, (String,), "SELECT token_hash FROM sessions").unwrap();
        assert_eq!(kept, [(alive.hash(),)]);
    }
}
