//! What every store relies on, on both databases.

use std::time::Duration;

use futures::future::join_all;

use super::*;
use crate::{execute, fetch_all, fetch_one, fetch_optional, on_both};

async fn keep(db: &Db, key: &'static str) -> Result<(), DbError> {
    db.write(move |tx| {
        Box::pin(async move {
            execute!(tx, "INSERT INTO sign_in_tries (key, tried_at, touched_at) VALUES ($1, '', $2)", key, 1_i64)?;
            Ok(())
        })
    })
    .await
}

on_both! {
    async fn what_was_written_is_read_by_everybody(db: TestDb) {
        const WHICH: &str = "SELECT key, tried_at FROM sign_in_tries WHERE key = $1";

        keep(&db, "a").await.unwrap();
        let found = fetch_optional!(db, (String, Option<String>), WHICH, "a");
        assert_eq!(found.unwrap(), Some(("a".to_owned(), Some(String::new()))));
        assert_eq!(fetch_optional!(db, (String, String), WHICH, "b").unwrap(), None);
    }

    async fn a_refused_unit_leaves_nothing_and_disturbs_nobody_who_commits_with_it(db: TestDb) {
        keep(&db, "taken").await.unwrap();
        let refused = db.write(|tx| {
            Box::pin(async move {
                execute!(tx, "INSERT INTO sign_in_tries VALUES ($1, '', 1)", "half")?;
                execute!(tx, "INSERT INTO sign_in_tries VALUES ($1, '', 1)", "taken")?;
                Ok::<_, DbError>(())
            })
        });
        let names = ["n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8", "n9"];
        let (refused, others) = futures::join!(refused, join_all(names.map(|name| keep(&db, name))));
        assert!(matches!(refused, Err(DbError::Conflict(_))), "{refused:?}");
        assert!(others.iter().all(Result::is_ok), "{others:?}");
        let kept = fetch_all!(db, (String,), "SELECT key FROM sign_in_tries ORDER BY key").unwrap();
        assert_eq!(kept.len(), 11, "{kept:?}");
        assert!(!kept.contains(&("half".to_owned(),)));
    }

    async fn what_the_database_will_never_take_is_not_worth_another_try(db: TestDb) {
        for statement in ["INSERT INTO nowhere VALUES (1)", "INSERT INTO sign_in_tries VALUES (NULL, '', 1)", "nonsense"] {
            let refused = db.write(move |tx| Box::pin(async move { execute!(tx, statement) })).await.unwrap_err();
            assert!(matches!(refused, DbError::Refused(_)) && !refused.may_pass(), "{statement}: {refused:?}");
        }
        let none = fetch_one!(db, (String,), "SELECT key FROM sign_in_tries").unwrap_err();
        assert!(!none.may_pass(), "{none:?}");
        let other = fetch_one!(db, (i64,), "SELECT 'text'").unwrap_err();
        assert!(!other.may_pass(), "{other:?}");
    }

    async fn a_unit_reads_its_own_writes(db: TestDb) {
        let count = db.write(|tx| {
            Box::pin(async move {
                execute!(tx, "INSERT INTO sign_in_tries VALUES ('z', '', 1)")?;
                fetch_one!(tx, (i64,), "SELECT COUNT(*) FROM sign_in_tries")
            })
        });
        assert_eq!(count.await.unwrap(), (1,));
    }

    async fn migrating_twice_changes_nothing(db: TestDb) {
        let again = db.migrate().await.unwrap();
        assert_eq!(again.from, again.to);
        assert_eq!(again.to, latest_version(&db));
    }

    async fn the_schema_of_a_newer_program_is_refused(db: TestDb) {
        db.write(|tx| {
            Box::pin(async move {
                execute!(
                    tx,
                    "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                     VALUES (999999, 'from the future', TRUE, $1, 0)",
                    vec![0_u8]
                )
            })
        })
        .await
        .unwrap();
        let refused = db.migrate().await;
        assert!(matches!(refused, Err(DbError::Newer { found: 999_999, .. })), "{refused:?}");
    }

    async fn a_closed_database_says_so(db: TestDb) {
        db.close().await;
        assert!(matches!(keep(&db, "late").await, Err(DbError::Closed)));
    }
}

#[tokio::test]
async fn units_that_arrive_together_share_a_commit() {
    let db = testing::TestDb::sqlite().await;
    // 400 durable commits of their own would take seconds; the bound is generous, the count is the proof.
    let names: Vec<String> = (0..400).map(|n| format!("n{n}")).collect();
    let all = join_all(names.into_iter().map(|name| {
        db.write(move |tx| {
            Box::pin(async move {
                execute!(tx, "INSERT INTO sign_in_tries VALUES ($1, '', 1)", name)?;
                Ok::<_, DbError>(())
            })
        })
    }));
    let done = tokio::time::timeout(Duration::from_secs(30), all).await.unwrap();
    assert!(done.iter().all(Result::is_ok));
    assert_eq!(fetch_one!(db, (i64,), "SELECT COUNT(*) FROM sign_in_tries").unwrap(), (400,));
}

#[tokio::test]
async fn a_unit_that_panics_is_told_to_its_caller_and_the_writer_lives_on() {
    let db = testing::TestDb::sqlite().await;
    let outcome = db.write::<(), DbError, _>(|_| Box::pin(async move { panic!("on purpose") })).await;
    assert!(matches!(outcome, Err(DbError::Panicked)), "{outcome:?}");
    keep(&db, "after").await.unwrap();
}

#[tokio::test]
async fn sqlite_keeps_what_it_acknowledged_and_reads_while_it_writes() {
    let db = testing::TestDb::sqlite().await;
    assert_eq!(fetch_one!(db, (String,), "PRAGMA journal_mode").unwrap().0, "wal");
    let synchronous = db.write(|tx| Box::pin(async move { fetch_one!(tx, (i64,), "PRAGMA synchronous") })).await;
    assert_eq!(synchronous.unwrap(), (2,), "FULL");
    let keys = db.write(|tx| Box::pin(async move { fetch_one!(tx, (i64,), "PRAGMA foreign_keys") })).await;
    assert_eq!(keys.unwrap(), (1,));
}

#[test]
fn a_database_address_is_one_of_two_kinds() {
    assert_eq!("sqlite:var/x.db".parse(), Ok(Location::Sqlite("var/x.db".into())));
    assert_eq!("sqlite:///srv/x.db".parse(), Ok(Location::Sqlite("/srv/x.db".into())));
    assert_eq!("postgres://u@h/d".parse(), Ok(Location::Postgres("postgres://u@h/d".into())));
    assert!("mysql://u@h/d".parse::<Location>().is_err());
    assert!("sqlite:".parse::<Location>().is_err());
}
