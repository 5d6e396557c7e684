//! Queries as they are typed, and how long each key took.

use std::collections::BTreeMap;
use std::time::Duration;

use server::clock::Clock;
use server::db::{Db, DbError};
use server::search::{Corpus, Query, find};

use crate::people::{Chance, Language, Person};
use crate::{keep, say};

/// How many hits a page has.
const PAGE: usize = 50;

/// The time between two keys of somebody who types.
const KEY: Duration = Duration::from_millis(150);

const KINDS: &[&str] = &[
    "name, kanji",
    "reading, kana",
    "name, hangul",
    "name, latin",
    "number, national",
    "number, +81",
    "last digits",
    "middle digits",
    "two words",
    "e-mail",
    "not there",
];

/// What somebody who looks for that customer types, if this kind of query suits them.
fn typed(kind: &str, person: &Person) -> Option<String> {
    let national = person.national();
    let last = |count: usize| national.get(national.len().saturating_sub(count)..).unwrap_or_default().to_owned();
    let is = |language| person.language == language;
    match kind {
        "name, kanji" => is(Language::Japanese).then(|| person.name.clone()),
        "reading, kana" => is(Language::Japanese).then(|| person.reading.clone()),
        "name, hangul" => is(Language::Korean).then(|| person.name.clone()),
        "name, latin" => is(Language::Latin).then(|| person.name.clone()),
        "number, national" => Some(national),
        "number, +81" => person.number.starts_with("+81").then(|| person.number.clone()),
        "last digits" => Some(last(8)),
        "middle digits" => national.get(2..7).map(str::to_owned),
        "two words" => Some(format!("{} {}", person.name, last(4))),
        "e-mail" => person.email.get(..12).map(str::to_owned),
        // As many letters, in an order that nobody has.
        _ => Some(person.name.chars().rev().chain(person.name.chars()).collect()),
    }
}

/// Every beginning of a query that a key brings.
fn keys(query: &str) -> Vec<String> {
    let ends = query.char_indices().map(|(start, c)| start + c.len_utf8());
    ends.filter_map(|end| query.get(..end)).filter(|typed| !typed.ends_with([' ', '+'])).map(str::to_owned).collect()
}

/// A customer whom this kind of query suits.
fn somebody(chance: &mut Chance, kind: &str, customers: u64) -> String {
    loop {
        if let Some(query) = typed(kind, &Person::of(chance.below(customers), 0)) {
            return query;
        }
    }
}

async fn search(clock: &Clock, db: &Db, typed: &str) -> Result<(Duration, usize), DbError> {
    let began = clock.instant();
    let hits = find(db, Corpus::Customers, &Query::read(typed), None, PAGE).await?;
    Ok((clock.instant().saturating_duration_since(began), hits.len()))
}

/// One after the other.
pub(crate) async fn alone(clock: &Clock, db: &Db, customers: u64, queries: u64) -> Result<(), DbError> {
    let mut chance = Chance::of(97);
    for kind in KINDS {
        let mut took = Vec::new();
        for _ in 0..queries {
            for typed in keys(&somebody(&mut chance, kind, customers)) {
                took.push((search(clock, db, &typed).await?.0, typed));
            }
        }
        tell(kind, took);
    }
    Ok(())
}

/// Several at once, at the rate at which people type, while records are saved.
pub(crate) async fn together(clock: &Clock, db: &Db, customers: u64, busy: u64, time: Duration) -> Result<(), DbError> {
    let end = clock.instant() + time;
    let writer = async {
        let mut chance = Chance::of(5);
        while clock.instant() < end {
            keep(db, vec![(chance.below(customers), 2)]).await?;
            clock.sleep(Duration::from_millis(50)).await;
        }
        Ok::<_, DbError>(())
    };
    let typists = (0..busy).map(|typist| async move {
        let mut took: Vec<(&str, Duration, String)> = Vec::new();
        let mut chance = Chance::of(1_000 + typist);
        let mut next = clock.instant() + Duration::from_millis(typist * 17);
        while clock.instant() < end {
            let kind = KINDS.get(usize::try_from(chance.below(KINDS.len() as u64)).unwrap_or_default()).unwrap_or(&"");
            for typed in keys(&somebody(&mut chance, kind, customers)) {
                clock.sleep_until(next).await;
                next += KEY;
                took.push((kind, search(clock, db, &typed).await?.0, typed));
            }
        }
        Ok::<_, DbError>(took)
    });
    let (typed, written) = futures::join!(futures::future::try_join_all(typists), writer);
    written?;
    let mut kinds: BTreeMap<&str, Vec<(Duration, String)>> = BTreeMap::new();
    for (kind, took, typed) in typed?.into_iter().flatten() {
        kinds.entry(kind).or_default().push((took, typed));
    }
    for (kind, took) in kinds {
        tell(kind, took);
    }
    Ok(())
}

fn tell(kind: &str, mut took: Vec<(Duration, String)>) {
    took.sort();
    let at = |share: usize| took.get((took.len().saturating_sub(1) * share).div_ceil(100)).map(|(took, _)| ms(*took));
    let (p50, p99) = (at(50).unwrap_or_default(), at(99).unwrap_or_default());
    let (worst, typed) = took.last().map(|(took, typed)| (ms(*took), typed.as_str())).unwrap_or_default();
    say(&format!("  {kind:18} {:5} keys   p50 {p50:7.2}   p99 {p99:7.2}   worst {worst:7.2} ms ({typed})", took.len()));
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
