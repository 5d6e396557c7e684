//! What becomes of a customer's history: told, merged and taken apart, erased.

use domain::ids::{ClientId, InquiryId, MergeId, RecordId};
use wire::customers::Entry;
use wire::drafts::{DraftOf, DraftsPort, Typed};
use wire::inquiries::{InquiriesPort, SaveInquiry};

use super::*;
use crate::db::Dialect;

fn inquiry_of(customer: CustomerId, call: Option<InteractionId>, changes: Vec<FieldChange>) -> SaveInquiry {
    let id = InquiryId(Uuid::new_v4());
    SaveInquiry { id, version: None, customer, interaction: call, changes, attachments: Vec::new() }
}

fn at(entry: &Entry) -> i64 {
    match entry {
        Entry::Call(call) => call.started_at.0,
        Entry::Inquiry(inquiry) => inquiry.created.at.0,
    }
}

/// Every table of the database in words.
async fn dump(db: &Db) -> String {
    let tables = match db.dialect() {
        Dialect::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table'",
        Dialect::Postgres => {
            "SELECT CAST(table_name AS TEXT) FROM information_schema.tables WHERE table_schema = current_schema()"
        }
    };
    let mut all = String::new();
    for (table,) in fetch_all!(db, (String,), tables).unwrap() {
        all.push_str(&rows(db, &table).await);
        all.push('\n');
    }
    all
}

async fn rows(db: &Db, table: &str) -> String {
    let mut found = String::new();
    match db.on() {
        crate::db::On::Sqlite(pool) => {
            let columns: Vec<(String,)> =
                sqlx::query_as("SELECT name FROM pragma_table_info($1)").bind(table).fetch_all(pool).await.unwrap();
            for (column,) in columns {
                let sql = format!("SELECT CAST(\"{column}\" AS TEXT) FROM \"{table}\" WHERE \"{column}\" IS NOT NULL");
                let cells: Vec<(String,)> =
                    sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(pool).await.unwrap_or_default();
                found.extend(cells.into_iter().map(|(cell,)| cell + "\n"));
            }
        }
        crate::db::On::Postgres(pool) => {
            let sql = format!("SELECT CAST(t AS TEXT) FROM \"{table}\" t");
            let cells: Vec<(String,)> = sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(pool).await.unwrap();
            found.extend(cells.into_iter().map(|(cell,)| cell + "\n"));
        }
    }
    found
}

on_both! {
    async fn a_timeline_is_read_page_by_page_without_gap_or_repetition(db: TestDb) {
        let house = house(&db).await;
        let memo = Key::Field(house.field(Owner::Inquiry, "相談内容", Kind::LongText).await);
        let made = house.named("森", &["09012345678"]).await;
        for n in 0..40 {
            let call = house.call(Some("+819012345678"), SUZUKI, 1_800_000_000_000 + n * 1_000, true).await;
            house.customers.choose(agent(SUZUKI), call, Some(made.id)).await.unwrap();
            if n % 2 == 0 {
                house.hands.advance(std::time::Duration::from_secs(2));
                let save = inquiry_of(made.id, None, vec![fill(memo, text(&format!("相談{n}")))]);
                stored(house.inquiries.save(agent(SATO), save).await.unwrap());
            }
        }
        let mut seen = Vec::new();
        let mut before = None;
        loop {
            // Sato sees the calls that Suzuki had: the history is the customer's.
            let page = house.customers.timeline(agent(SATO), made.id, before).await.unwrap();
            assert!(page.entries.len() <= 31);
            seen.extend(page.entries);
            before = page.next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(seen.len(), 60);
        assert!(seen.is_sorted_by_key(|entry| std::cmp::Reverse(at(entry))));
        let call = seen.iter().find_map(|entry| match entry {
            Entry::Call(call) => Some(call),
            Entry::Inquiry(_) => None,
        });
        assert_eq!(call.unwrap().party.number.as_ref().unwrap().shown, "090-1234-5678");
        assert_eq!(house.customers.timeline(agent(SATO), new_id(), None).await, Err(ApiError::NotFound));
    }

    async fn two_customers_become_one_and_are_taken_apart_again(db: TestDb) {
        let house = house(&db).await;
        let city = Key::Field(house.field(Owner::Customer, "市", Kind::Text).await);
        let memo = Key::Field(house.field(Owner::Customer, "メモ", Kind::Text).await);
        let asked = Key::Field(house.field(Owner::Inquiry, "相談内容", Kind::LongText).await);
        let keep = house.customer(vec![name("山田 太郎"), phones(&["09011111111"]), fill(city, text("大阪"))]).await;
        let absorb = house.customer(vec![name("ヤマダ"), phones(&["09022222222"]), fill(city, text("京都")), fill(memo, text("二重"))]).await;
        let call = house.call(Some("+819022222222"), SATO, 5, true).await;
        house.customers.choose(agent(SATO), call, Some(absorb.id)).await.unwrap();
        let inquiry = stored(house.inquiries.save(agent(SATO), inquiry_of(absorb.id, Some(call), vec![fill(asked, text("返品"))])).await.unwrap());

        assert_eq!(house.customers.merge(agent(SATO), keep.id, absorb.id, vec![]).await, Err(ApiError::Forbidden));
        assert!(house.customers.merge(boss(), keep.id, keep.id, vec![]).await.is_err());
        let merged = house.customers.merge(boss(), keep.id, absorb.id, vec![city]).await.unwrap();
        let one = &merged.customer;
        assert_eq!([words(one, Key::Name), words(one, city), words(one, memo)], ["山田 太郎", "京都", "二重"]);
        assert_eq!(words(one, Key::Phones), "090-1111-1111, 090-2222-2222");
        assert_eq!(house.customers.customer(agent(SATO), absorb.id).await.unwrap().id, keep.id);
        assert_eq!(house.customers.whose(&number("+819022222222")).await.unwrap().only.unwrap().id, keep.id);
        assert_eq!(house.inquiries.inquiry(agent(SATO), inquiry.id).await.unwrap().customer, keep.id);
        assert_eq!(links::of(&house.db, call).await.unwrap().unwrap().customer, Some(keep.id));

        // What comes after the merge stays with who stayed.
        let later = saving(absorb.id, Some(one.version), vec![fill(Key::Reading, text("ヤマダ タロウ"))]);
        assert_eq!(stored(house.customers.save(agent(SATO), later).await.unwrap()).id, keep.id);
        house.customers.undo_merge(boss(), merged.id).await.unwrap();
        let (one, other) = (
            house.customers.customer(agent(SATO), keep.id).await.unwrap(),
            house.customers.customer(agent(SATO), absorb.id).await.unwrap(),
        );
        assert_eq!([words(&one, Key::Name), words(&one, city), words(&one, memo)], ["山田 太郎", "大阪", ""]);
        assert_eq!((words(&one, Key::Reading), words(&one, Key::Phones)), ("ヤマダ タロウ".to_owned(), "090-1111-1111".to_owned()));
        assert_eq!((other.id, other.values), (absorb.id, absorb.values));
        assert_eq!(house.inquiries.inquiry(agent(SATO), inquiry.id).await.unwrap().customer, absorb.id);
        assert_eq!(links::of(&house.db, call).await.unwrap().unwrap().customer, Some(absorb.id));
        assert_eq!(house.customers.undo_merge(boss(), merged.id).await, Err(ApiError::NotFound));
        assert_eq!(house.customers.undo_merge(boss(), MergeId(Uuid::new_v4())).await, Err(ApiError::NotFound));
        let again = house.customers.merge(boss(), keep.id, absorb.id, vec![]).await.unwrap();
        let third = house.named("三", &[]).await;
        house.customers.merge(boss(), third.id, keep.id, vec![]).await.unwrap();
        assert_eq!(house.customers.undo_merge(boss(), again.id).await, Err(ApiError::Conflict));
        assert_eq!(house.customers.customer(agent(SATO), absorb.id).await.unwrap().id, third.id);
    }

    async fn an_erased_customer_leaves_nothing_but_a_certificate(db: TestDb) {
        let house = house(&db).await;
        let memo = Key::Field(house.field(Owner::Customer, "メモ", Kind::LongText).await);
        let asked = Key::Field(house.field(Owner::Inquiry, "相談内容", Kind::LongText).await);
        let gone = house.customer(vec![name("消田 消子"), phones(&["09099998888"]), fill(memo, text("消田の秘密"))]).await;
        let double = house.named("消田 その二", &["09099997777"]).await;
        house.customers.merge(boss(), gone.id, double.id, vec![]).await.unwrap();
        let stays = house.named("残田", &["09011112222"]).await;
        let call = house.call(Some("+819099998888"), SATO, 5, true).await;
        house.customers.choose(agent(SATO), call, Some(gone.id)).await.unwrap();
        let missed = house.call(Some("+819099997777"), SATO, 6, true).await;
        let other = house.call(Some("+819011112222"), SATO, 7, true).await;
        let file = inquiries::tests::sent(&house.inquiries, &agent(SATO), "消田の写真.png", b"\x89PNG\r\n\x1a\nsecret").await;
        let save = SaveInquiry { attachments: vec![file.file], ..inquiry_of(gone.id, Some(call), vec![fill(asked, text("消田の相談"))]) };
        stored(house.inquiries.save(agent(SATO), save).await.unwrap());
        let typed = |value: &str| Typed {
            id: RecordId(gone.id.0),
            version: Some(1),
            fields: [(memo, (Before::Saw(None), text(value)))].into(),
            attachments: None,
        };
        let client = ClientId(Uuid::new_v4());
        for of in [DraftOf::Customer(gone.id), DraftOf::CallInquiry(call), DraftOf::CustomerInquiry(gone.id)] {
            house.drafts.keep(agent(SUZUKI), client, of, 1, typed("消田の下書き")).await.unwrap();
        }
        let before = dump(&house.db).await;
        assert!(before.contains("消田") && before.contains("+819099998888") && before.contains("819099997777"));

        assert_eq!(house.customers.erase(agent(SATO), gone.id).await, Err(ApiError::Forbidden));
        let ringing = house.call(Some("+819099998888"), SATO, 8, false).await;
        house.customers.choose(agent(SATO), ringing, Some(gone.id)).await.unwrap();
        assert_eq!(house.customers.erase(boss(), gone.id).await, Err(ApiError::Conflict));
        house.over(ringing).await;
        let certificate = house.customers.erase(boss(), gone.id).await.unwrap();
        assert_eq!((certificate.fields, certificate.phones, certificate.inquiries), (3, 2, 1));
        assert_eq!((certificate.files, certificate.drafts), (1, 3));
        assert_eq!(certificate.calls, 3);
        assert_eq!(links::of(&house.db, missed).await.unwrap().unwrap().number, None);
        assert_eq!(links::of(&house.db, other).await.unwrap().unwrap().number, Some(number("+819011112222")));

        let after = dump(&house.db).await;
        for trace in ["消田", "秘密", "写真", "99998888", "99997777"] {
            let left: Vec<&str> = after.lines().filter(|line| line.contains(trace)).collect();
            assert!(left.is_empty(), "{trace}: {left:?}");
        }
        assert!(house.files.get(file.file).await.is_err());
        for id in [gone.id, double.id] {
            assert_eq!(house.customers.customer(boss(), id).await, Err(ApiError::NotFound));
            let again = saving(id, None, vec![name("消田")]);
            assert_eq!(house.customers.save(agent(SATO), again).await, Err(ApiError::NotFound));
        }
        assert_eq!(house.customers.customer(boss(), stays.id).await.unwrap(), stays);
        let lines = crate::audit::page(&house.db, None).await.unwrap();
        assert!(lines.iter().any(|line| line.what == "customer.erased" && line.subject == gone.id.to_string()));
    }
}
