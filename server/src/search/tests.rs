//! What every slice that is searched relies on, on both databases.

use std::collections::HashMap;

use domain::phone::E164;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::normalise::{normalise, words};
use super::*;
use crate::db::testing::TestDb;
use crate::db::{Db, DbError};
use crate::on_both;

fn of(fields: &[&str]) -> Document {
    let mut document = Document::new();
    for field in fields {
        match E164::parse(field) {
            Ok(number) => document.phone(&number),
            Err(_) => document.text(field),
        };
    }
    document
}

async fn keep(db: &Db, corpus: Corpus, records: Vec<(String, Document)>) {
    db.write(move |tx| {
        Box::pin(async move {
            for (id, document) in &records {
                index(tx, corpus, id, document).await?;
            }
            Ok::<_, DbError>(())
        })
    })
    .await
    .unwrap();
}

async fn customers(db: &Db, records: &[(&str, &[&str])]) {
    let records = records.iter().map(|(id, fields)| ((*id).to_owned(), of(fields))).collect();
    keep(db, Corpus::Customers, records).await;
}

async fn erase(db: &Db, corpus: Corpus, id: &str) {
    let id = id.to_owned();
    db.write(move |tx| Box::pin(async move { remove(tx, corpus, &id).await })).await.unwrap();
}

async fn found(db: &Db, typed: &str) -> Vec<String> {
    let hits = find(db, Corpus::Customers, &Query::read(typed), None, 50).await.unwrap();
    hits.into_iter().map(|hit| hit.id).collect()
}

/// Newest last.
const PEOPLE: &[(&str, &[&str])] = &[
    ("mori", &["森", "モリ", "+819011112222"]),
    ("moriyama", &["森山 花子", "モリヤマ ハナコ", "+81312345678"]),
    ("ri", &["李", "リ", "+818098765432"]),
    ("yamada", &["山田 太郎", "ヤマダ タロウ", "+819012345678", "taro@example.co.jp"]),
    ("takahashi", &["髙橋サーバー", "タカハシ"]),
    ("kim", &["김민수", "+821023456789"]),
    ("smith", &["Smith, Jörg O'Neil", "12 High St."]),
];

on_both! {
    async fn names_of_one_and_two_characters_are_found(db: TestDb) {
        customers(&db, PEOPLE).await;
        assert_eq!(found(&db, "森").await, ["moriyama", "mori"]);
        assert_eq!(found(&db, "李").await, ["ri"]);
        assert_eq!(found(&db, "山").await, ["yamada", "moriyama"]);
        assert_eq!(found(&db, "山田").await, ["yamada"]);
        assert_eq!(found(&db, "田太").await, ["yamada"]);
    }

    async fn widths_kana_and_variants_of_a_surname_do_not_matter(db: TestDb) {
        customers(&db, PEOPLE).await;
        for typed in ["やまだ", "ヤマダ", "ﾔﾏﾀﾞ", "ﾔﾏﾀﾞﾀﾛｳ", "山田太郎", "山田　太郎", "ｔａｒｏ", "TARO@EXAMPLE"] {
            assert_eq!(found(&db, typed).await, ["yamada"], "{typed}");
        }
        for typed in ["高橋", "髙橋", "サーバ", "さば"] {
            assert_eq!(found(&db, typed).await, ["takahashi"], "{typed}");
        }
    }

    async fn parts_of_korean_and_latin_names_are_found(db: TestDb) {
        customers(&db, PEOPLE).await;
        for typed in ["김", "김민", "민수", "김 민수", "김민수", "김ㅁ"] {
            assert_eq!(found(&db, typed).await, ["kim"], "{typed}");
        }
        for typed in ["S", "sm", "MIT", "smith jorg", "jörg", "o'neil", "nei", "12 high"] {
            assert_eq!(found(&db, typed).await, ["smith"], "{typed}");
        }
        assert!(found(&db, "smyth").await.is_empty());
    }

    async fn numbers_are_found_by_any_suffix_prefix_and_spelling(db: TestDb) {
        customers(&db, PEOPLE).await;
        for typed in [
            "+81901234", "81901234", "0901234", "090-1234", "０９０１２３４", "9012345678", "12345678 9012", "45678 90123",
            "(090) 12345678", "090-1234-5678", "+819012345678",
        ] {
            assert_eq!(found(&db, typed).await, ["yamada"], "{typed}");
        }
        assert_eq!(found(&db, "45678").await, ["kim", "yamada", "moriyama"]);
        assert_eq!(found(&db, "8").await, ["kim", "yamada", "ri", "moriyama", "mori"]);
        assert_eq!(found(&db, "78").await, ["kim", "yamada", "moriyama"]);
        assert_eq!(found(&db, "03-1234").await, ["moriyama"]);
        assert_eq!(found(&db, "010-2345-6789").await, ["kim"]);
        assert!(found(&db, "0901235").await.is_empty());
    }

    async fn several_words_must_all_be_there(db: TestDb) {
        customers(&db, PEOPLE).await;
        assert_eq!(found(&db, "太郎 山田").await, ["yamada"]);
        assert_eq!(found(&db, "山 5678").await, ["yamada", "moriyama"]);
        assert_eq!(found(&db, "山 5678 taro").await, ["yamada"]);
        assert!(found(&db, "山田 花子").await.is_empty());
    }

    async fn what_only_has_the_same_pieces_is_not_found(db: TestDb) {
        customers(&db, &[("apart", &["山田山", "田中", "1234", "5678"]), ("whole", &["山田田中 12345678"])]).await;
        assert_eq!(found(&db, "山田田").await, ["whole"]);
        assert_eq!(found(&db, "45").await, ["whole"]);
        assert_eq!(found(&db, "12345").await, ["whole"]);
    }

    async fn signs_find_nothing_and_nothing_finds_all_newest_first(db: TestDb) {
        customers(&db, PEOPLE).await;
        for typed in ["%", "_", "'", "\"", "*", "()", ":*", "ー"] {
            assert!(found(&db, typed).await.is_empty(), "{typed}");
        }
        assert_eq!(found(&db, "'山':*").await, ["yamada", "moriyama"]);
        assert!(found(&db, "山\" OR \"田 NOT x").await.is_empty());
        assert_eq!(found(&db, " ").await, ["smith", "kim", "takahashi", "yamada", "ri", "moriyama", "mori"]);
    }

    async fn an_update_moves_to_the_front_and_is_found_as_it_is_now(db: TestDb) {
        customers(&db, PEOPLE).await;
        customers(&db, &[("mori", &["森", "+819033334444"])]).await;
        assert_eq!(found(&db, "森").await, ["mori", "moriyama"]);
        assert!(found(&db, "1111").await.is_empty());
        assert_eq!(found(&db, "33334444").await, ["mori"]);
    }

    async fn what_was_removed_is_gone_and_can_come_back(db: TestDb) {
        customers(&db, PEOPLE).await;
        erase(&db, Corpus::Customers, "yamada").await;
        erase(&db, Corpus::Customers, "nobody").await;
        assert!(found(&db, "山田").await.is_empty());
        customers(&db, &[("yamada", &["山田"])]).await;
        assert_eq!(found(&db, "山").await, ["yamada", "moriyama"]);
    }

    async fn a_unit_of_work_that_fails_leaves_the_search_as_it_was(db: TestDb) {
        customers(&db, PEOPLE).await;
        let failed = db.write(|tx| Box::pin(async move {
            index(tx, Corpus::Customers, "mori", &of(&["山田"])).await?;
            remove(tx, Corpus::Customers, "yamada").await?;
            Err::<(), _>(DbError::Closed)
        }));
        assert!(failed.await.is_err());
        assert_eq!(found(&db, "山田").await, ["yamada"]);
        assert_eq!(found(&db, "森").await, ["moriyama", "mori"]);
    }

    async fn each_corpus_is_searched_alone(db: TestDb) {
        customers(&db, PEOPLE).await;
        keep(&db, Corpus::Inquiries, vec![("mori".to_owned(), of(&["山田様の件"]))]).await;
        erase(&db, Corpus::Inquiries, "yamada").await;
        assert_eq!(found(&db, "山田").await, ["yamada"]);
        let hits = find(&db, Corpus::Inquiries, &Query::read("山田"), None, 50).await.unwrap();
        assert_eq!(hits.iter().map(|hit| hit.id.as_str()).collect::<Vec<_>>(), ["mori"]);
    }

    async fn pages_have_no_gap_and_nothing_twice_though_records_are_updated_between_them(db: TestDb) {
        let records: Vec<(String, Document)> =
            (0..120).map(|n| (format!("{n:03}"), of(&[if n % 3 == 0 { "山田" } else { "田中" }]))).collect();
        keep(&db, Corpus::Customers, records).await;
        let mut seen = Vec::new();
        let mut before = None;
        loop {
            let hits = find(&db, Corpus::Customers, &Query::read("山"), before, 7).await.unwrap();
            let Some(last) = hits.last() else { break };
            before = Some(last.place);
            seen.extend(hits.iter().map(|hit| hit.id.clone()));
            // What was shown already comes to the front, and is not shown again.
            customers(&db, &[(hits[0].id.as_str(), &["山田"])]).await;
        }
        let expected: Vec<String> = (0..120).rev().filter(|n| n % 3 == 0).map(|n| format!("{n:03}")).collect();
        assert_eq!(seen, expected);
    }

    async fn two_who_save_one_record_at_once_leave_one(db: TestDb) {
        let both = ["山田", "田中"].map(|name| keep(&db, Corpus::Customers, vec![("one".to_owned(), of(&[name]))]));
        futures::future::join_all(both).await;
        assert_eq!([found(&db, "山田").await, found(&db, "田中").await].concat(), ["one"]);
    }

    async fn any_query_finds_what_a_look_at_every_text_finds(db: TestDb) {
        let mut runner = TestRunner::new_with_rng(
            Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
        let field = "[山田森李々髙高ヤやマまダだｱﾞーっ김민수aAbBéé ・\\-]{0,6}|[0-4\\-]{1,9}|[0-2a-b山や ]{0,8}";
        let fields = proptest::collection::vec(field, 1..4);
        let mut model: HashMap<String, (usize, Vec<String>)> = HashMap::new();
        for turn in 0..400_usize {
            let id = (turn * 37 % 61).to_string();
            let fields = fields.new_tree(&mut runner).unwrap().current();
            if turn % 9 == 8 {
                erase(&db, Corpus::Customers, &id).await;
                model.remove(&id);
            } else {
                let document = of(&fields.iter().map(String::as_str).collect::<Vec<_>>());
                keep(&db, Corpus::Customers, vec![(id.clone(), document)]).await;
                model.insert(id, (turn, fields.iter().map(|field| normalise(field)).collect()));
            }
            let typed = "[山田森李々高やマだっ김민수abé0-4 \\-]{1,4}".new_tree(&mut runner).unwrap().current();
            let wanted = words(&typed);
            let mut expected: Vec<(usize, String)> = model
                .iter()
                .filter(|(_, (_, fields))| {
                    !wanted.is_empty() && wanted.iter().all(|word| fields.iter().any(|field| field.contains(word.as_str())))
                })
                .map(|(id, (turn, _))| (*turn, id.clone()))
                .collect();
            expected.sort_by(|a, b| b.cmp(a));
            let expected: Vec<String> = expected.into_iter().map(|(_, id)| id).collect();
            let hits = match typed.trim() {
                "" => continue,
                _ => find(&db, Corpus::Customers, &Query::read(&typed), None, 500).await.unwrap(),
            };
            let hits: Vec<String> = hits.into_iter().map(|hit| hit.id).collect();
            assert_eq!(hits, expected, "{typed:?} ({wanted:?}) in turn {turn}");
        }
    }
}

/// PostgreSQL asks in steps; each must be reached and must leave nothing out.
#[tokio::test]
async fn every_step_of_the_search_in_postgresql_finds_the_same() {
    let db = TestDb::postgres().await;
    // 5,000 old records within one large range, more than are sorted at once; 7,000 more over five of them.
    for batch in 0..12 {
        store::spread_places(&db, if batch < 5 { 10 } else { 100 }).await;
        let records = (0..1_000).map(|n| {
            let n = batch * 1_000 + n;
            let rare = if n % 1_000 == 3 { "李" } else { "森" };
            (format!("{n:05}"), of(&[rare, if n < 4_500 { "山田" } else { "田中" }]))
        });
        keep(&db, Corpus::Customers, records.collect()).await;
    }
    for (typed, fits) in [
        ("李", (|n| n % 1_000 == 3) as fn(usize) -> bool),
        ("森", |n| n % 1_000 != 3),
        ("山田", |n| n < 4_500),
        ("李 山田", |n| n < 4_500 && n % 1_000 == 3),
        ("田中", |n| n >= 4_500),
    ] {
        let expected: Vec<String> = (0..12_000).rev().filter(|n| fits(*n)).map(|n| format!("{n:05}")).collect();
        for size in [1, 50, 3_000] {
            let mut seen: Vec<String> = Vec::new();
            let mut before = None;
            while seen.len() < expected.len().min(size * 3) {
                let hits = find(&db, Corpus::Customers, &Query::read(typed), before, size).await.unwrap();
                before = hits.last().map(|hit| hit.place);
                assert!(before.is_some(), "{typed} ends after {}", seen.len());
                seen.extend(hits.into_iter().map(|hit| hit.id));
            }
            assert_eq!(seen, expected[..seen.len()], "{typed}, pages of {size}");
        }
    }
}
