use domain::time::Timestamp;

use super::*;
use crate::db::DbError;
use crate::db::testing::TestDb;
use crate::on_both;

async fn note(db: &TestDb, at: i64, subject: &str, changes: Changes) {
    let entry = Entry { who: None, what: "queue.saved", subject: subject.to_owned(), changes };
    let write = db.write::<_, DbError, _>(move |tx| Box::pin(record(tx, Timestamp(at), entry)));
    write.await.unwrap();
}

on_both! {
    async fn lines_are_read_latest_first_and_page_by_page(db: TestDb) {
        for n in 0..120 {
            note(&db, n, &format!("q{n}"), Changes::none()).await;
        }
        let first = page(&db, None).await.unwrap();
        assert_eq!((first.len(), first[0].subject.as_str(), first[0].at), (100, "q119", Timestamp(119)));
        assert!(first.windows(2).all(|pair| pair[0].n > pair[1].n));
        let second = page(&db, Some(first[99].n)).await.unwrap();
        assert_eq!((second.len(), second[19].subject.as_str()), (20, "q0"));
    }

    async fn a_line_tells_old_and_new_and_never_a_secret(db: TestDb) {
        let changes = Changes::none()
            .field("ring_seconds", Some("20".into()), "30".into())
            .field("name", Some("a".into()), "a".into())
            .field("label", None, "代表".into())
            .secret("password", true);
        note(&db, 1, "q", changes).await;
        let line = page(&db, None).await.unwrap().remove(0);
        assert_eq!(line.detail, "label: 代表, password: ***, ring_seconds: 20 → 30");
        assert_eq!((line.who, line.what.as_str()), (None, "queue.saved"));
    }

    async fn a_change_that_fails_leaves_no_line(db: TestDb) {
        let undone = db.write::<(), DbError, _>(|tx| Box::pin(async move {
            let entry = Entry { who: None, what: "x", subject: String::new(), changes: Changes::none() };
            record(tx, Timestamp(1), entry).await?;
            Err(DbError::Closed)
        }));
        assert!(undone.await.is_err());
        assert_eq!(page(&db, None).await.unwrap(), []);
    }
}
