//! The lists of customers and of inquiries, on both databases.

use std::time::Duration;

use domain::ids::{ChoiceId, InquiryId};
use domain::records::{Entered, Key, Kind, Owner, Value};
use domain::roles::Role;
use domain::time::Timestamp;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use uuid::Uuid;
use wire::customers::{CustomersPort, Filter, ListQuery, Saved, Sort, SortBy, Total};
use wire::inquiries::{InquiriesPort, SaveInquiry};
use wire::records::{FieldChange, Shown};
use wire::{ApiError, Problem};

use crate::on_both;
use crate::record_files::tests::{House, SATO, SUZUKI, agent, choices, fill, house, text};

const BY_READING: Sort = Sort { by: SortBy::Reading, descending: false };

fn asking(search: &str, filters: Vec<Filter>, sort: Sort) -> ListQuery {
    ListQuery { search: search.to_owned(), filters, sort, after: None }
}

fn known(name: &str, number: &str) -> Vec<FieldChange> {
    vec![fill(Key::Name, text(name)), fill(Key::Phones, Entered::Lines(vec![number.to_owned()]))]
}

impl House {
    async fn known(&self, name: &str, reading: &str, more: Vec<FieldChange>) {
        self.hands.advance(Duration::from_secs(1));
        let mut changes = vec![fill(Key::Name, text(name))];
        if !reading.is_empty() {
            changes.push(fill(Key::Reading, text(reading)));
        }
        changes.extend(more);
        self.customer(changes).await;
    }

    /// The names of every page, and the count of the first.
    async fn listed(&self, mut query: ListQuery) -> (Vec<String>, Total) {
        let mut names = Vec::new();
        let mut total = None;
        loop {
            let page = self.customers.list(agent(SATO), query.clone()).await.unwrap();
            assert!(page.rows.len() <= 50);
            total.get_or_insert(page.total);
            for row in &page.rows {
                let Some(Shown::Plain(name)) = row.values.get(&Key::Name) else { panic!("{row:?}") };
                names.push(name.text(|_| None));
            }
            match page.next {
                Some(next) => query.after = Some(next),
                None => return (names, total.unwrap()),
            }
        }
    }
}

on_both! {
    async fn customers_are_listed_by_the_last_change_and_by_how_they_sound(db: TestDb) {
        let house = house(&db).await;
        for (name, reading) in [("渡辺", "ワタナベ"), ("Smith", ""), ("浜田", "ハマダ"), ("馬場", "ババ"), ("青木", "ｱｵｷ"), ("김민수", "")] {
            house.known(name, reading, Vec::new()).await;
        }
        let (newest, total) = house.listed(ListQuery::default()).await;
        assert_eq!(newest, ["김민수", "青木", "馬場", "浜田", "Smith", "渡辺"]);
        assert_eq!(total, Total::Exactly(6));
        let by_sound = ["青木", "馬場", "浜田", "渡辺", "Smith", "김민수"];
        assert_eq!(house.listed(asking("", Vec::new(), BY_READING)).await.0, by_sound);
        let backwards = Sort { descending: true, ..BY_READING };
        assert_eq!(house.listed(asking("", Vec::new(), backwards)).await.0, by_sound.into_iter().rev().collect::<Vec<_>>());
        let oldest = Sort { by: SortBy::Updated, descending: false };
        assert_eq!(house.listed(asking("", Vec::new(), oldest)).await.0, newest.into_iter().rev().collect::<Vec<_>>());
    }

    async fn typing_finds_customers_in_any_order_and_with_filters(db: TestDb) {
        let house = house(&db).await;
        let kind = Key::Field(house.field(Owner::Customer, "区分", choices(&["個人", "法人"]), None).await);
        let note = Key::Field(house.field(Owner::Customer, "備考", Kind::LongText, None).await);
        let choice = |n| ChoiceId(Uuid::from_u128(n));
        let of = |n| fill(kind, Entered::Choice(Some(choice(n))));
        house.known("山田 太郎", "ヤマダ タロウ", vec![of(1)]).await;
        house.known("山田 花子", "ヤマダ ハナコ", vec![of(2), fill(note, text("\"name\":{\"type\":\"text\""))]).await;
        house.known("森", "モリ", vec![of(1), fill(note, text("山田さんの紹介"))]).await;
        let is = |n: u128| Filter::Is(kind, Value::Choice(choice(n)));
        let newest = Sort::default();
        assert_eq!(house.listed(asking("やまだ", Vec::new(), newest)).await.0, ["山田 花子", "山田 太郎"]);
        assert_eq!(house.listed(asking("山田", Vec::new(), newest)).await, (vec!["森".to_owned(), "山田 花子".to_owned(), "山田 太郎".to_owned()], Total::Exactly(3)));
        assert_eq!(house.listed(asking("山田", Vec::new(), BY_READING)).await.0, ["森", "山田 太郎", "山田 花子"]);
        assert_eq!(house.listed(asking("山田", vec![is(1)], BY_READING)).await.0, ["森", "山田 太郎"]);
        assert_eq!(house.listed(asking("", vec![is(2)], newest)).await.0, ["山田 花子"]);
        assert_eq!(house.listed(asking("", vec![Filter::Filled(note, false)], newest)).await.0, ["山田 太郎"]);
        assert_eq!(house.listed(asking("", vec![Filter::Filled(note, true), is(1)], newest)).await.0, ["森"]);
        assert_eq!(house.listed(asking("", vec![Filter::Is(Key::Name, Value::Text("森".to_owned()))], newest)).await.0, ["森"]);
        let long_ago = Filter::Between(Timestamp(0), Timestamp(1));
        assert_eq!(house.listed(asking("", vec![long_ago], newest)).await, (Vec::new(), Total::Exactly(0)));
        assert_eq!(house.listed(asking("%", Vec::new(), newest)).await.0, Vec::<String>::new());
    }

    async fn a_filter_tells_nothing_of_a_sensitive_field(db: TestDb) {
        let house = house(&db).await;
        let secret = house.field(Owner::Customer, "口座", Kind::Text, Some(Role::Supervisor)).await;
        let asked = asking("", vec![Filter::Is(Key::Field(secret), Value::Text("1234".to_owned()))], Sort::default());
        assert_eq!(house.customers.list(agent(SATO), asked).await, Err(ApiError::field("filters", Problem::Unknown)));
        let forged = ListQuery { after: Some("x".to_owned()), ..ListQuery::default() };
        assert_eq!(house.customers.list(agent(SATO), forged).await, Err(ApiError::field("after", Problem::Malformed)));
    }

    async fn pages_leave_nobody_out_and_show_nobody_twice_in_any_order(db: TestDb) {
        let house = house(&db).await;
        let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &[3; 32]));
        let readings = "[アカガ]{0,2}";
        for n in 0..120 {
            let reading = readings.new_tree(&mut runner).unwrap().current();
            let name = format!("{}{n}", if n % 2 == 0 { "山" } else { "森" });
            if n % 7 == 0 {
                house.known(&name, &reading, Vec::new()).await;
            } else {
                // Several in the same millisecond.
                let mut changes = vec![fill(Key::Name, text(&name))];
                changes.extend((!reading.is_empty()).then(|| fill(Key::Reading, text(&reading))));
                house.customer(changes).await;
            }
        }
        for by in [SortBy::Reading, SortBy::Updated] {
            for descending in [false, true] {
                for (search, count) in [("", 120), ("山", 60)] {
                    let (mut names, total) = house.listed(asking(search, Vec::new(), Sort { by, descending })).await;
                    assert_eq!(total, Total::Exactly(count), "{by:?} {descending} {search}");
                    names.sort();
                    names.dedup();
                    assert_eq!(names.len() as u64, count, "{by:?} {descending} {search}");
                }
            }
        }
    }

    async fn inquiries_are_found_by_their_words_and_their_customers(db: TestDb) {
        let house = house(&db).await;
        let field = Key::Field(house.field(Owner::Inquiry, "内容", Kind::LongText, None).await);
        let yamada = house.customer(known("山田 太郎", "0312345678")).await;
        let mori = house.customer(known("森", "0398765432")).await;
        for (customer, words, by) in [(yamada, "返品したい", SATO), (mori, "返品の件", SUZUKI), (yamada, "配送について", SUZUKI)] {
            house.hands.advance(Duration::from_secs(1));
            let save = SaveInquiry {
                id: InquiryId(Uuid::new_v4()),
                version: None,
                customer,
                interaction: None,
                changes: vec![fill(field, text(words))],
                attachments: Vec::new(),
            };
            let saved = house.inquiries.save(agent(by), save).await.unwrap();
            assert!(matches!(saved, Saved::Stored(_)), "{saved:?}");
        }
        let listed = async |query: ListQuery| -> Vec<String> {
            let page = house.inquiries.list(agent(SATO), query).await.unwrap();
            let words = |row: &wire::inquiries::InquiryRow| match row.inquiry.values.get(&field) {
                Some(Shown::Plain(value)) => format!("{} {}", row.customer_name, value.text(|_| None)),
                other => panic!("{other:?}"),
            };
            page.rows.iter().map(words).collect()
        };
        let newest = Sort::default();
        assert_eq!(listed(asking("", Vec::new(), newest)).await, ["山田 太郎 配送について", "森 返品の件", "山田 太郎 返品したい"]);
        assert_eq!(listed(asking("返品", Vec::new(), newest)).await, ["森 返品の件", "山田 太郎 返品したい"]);
        assert_eq!(listed(asking("返品 やまだ", Vec::new(), newest)).await, Vec::<String>::new());
        assert_eq!(listed(asking("返品 山田", Vec::new(), newest)).await, ["山田 太郎 返品したい"]);
        assert_eq!(listed(asking("5678 配送", Vec::new(), newest)).await, ["山田 太郎 配送について"]);
        assert_eq!(listed(asking("", vec![Filter::By(SUZUKI)], newest)).await, ["山田 太郎 配送について", "森 返品の件"]);
        assert_eq!(listed(asking("山田", vec![Filter::By(SATO)], BY_READING)).await, ["山田 太郎 返品したい"]);
        let sorted = listed(asking("", Vec::new(), BY_READING)).await;
        assert_eq!(sorted.last().map(String::as_str), Some("森 返品の件"));
    }
}
