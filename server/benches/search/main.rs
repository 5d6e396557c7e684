//! How quickly customers are found while somebody types, on both databases (`make bench-search`).
//!
//! Each query is typed key by key; every key is a search of its own for a page of 50. Settings: `--customers 1000000`,
//! `--typed 150` (queries of each kind), `--updates 50000` (records indexed again before the queries), `--busy 8`
//! (connections that type at once, one key every 150 ms each, beside 20 updates a second), `--seconds 20` (of that),
//! `--only sqlite` or `postgres`.

mod people;
mod typing;

use std::process::ExitCode;
use std::time::Duration;

use server::clock::Clock;
use server::db::testing::{TestDb, postgres_url};
use server::db::{Db, DbError, Location};
use server::search::{Corpus, index};

use self::people::{Chance, Person};

/// How many records are saved together.
const TOGETHER: u64 = 500;

struct Settings {
    customers: u64,
    typed: u64,
    updates: u64,
    busy: u64,
    seconds: u64,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let number =
        |name, usual: &str| setting(&arguments, name, usual).parse::<u64>().map_err(|_| format!("{name}: a number"));
    let settings = (|| {
        Ok::<_, String>(Settings {
            customers: number("--customers", "1000000")?,
            typed: number("--typed", "150")?,
            updates: number("--updates", "50000")?,
            busy: number("--busy", "8")?,
            seconds: number("--seconds", "20")?,
        })
    })();
    let only = setting(&arguments, "--only", "both");
    let done = settings.and_then(|settings| {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
        runtime.block_on(async {
            if only != "postgres" {
                let fresh = TestDb::sqlite().await;
                bench("SQLite", &fresh.db, &settings).await.map_err(|error| error.to_string())?;
            }
            if only != "sqlite" {
                let location = postgres_url().await.parse::<Location>()?;
                let db = Db::connect(&location).await.map_err(|error| error.to_string())?;
                db.migrate().await.map_err(|error| error.to_string())?;
                bench("PostgreSQL", &db, &settings).await.map_err(|error| error.to_string())?;
            }
            Ok(())
        })
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn bench(name: &str, db: &Db, settings: &Settings) -> Result<(), DbError> {
    let clock = Clock::system();
    say(&format!("\n{name}, {} customers", settings.customers));
    let began = clock.instant();
    for first in (0..settings.customers).step_by(usize::try_from(TOGETHER).unwrap_or(1)) {
        keep(db, (first..settings.customers.min(first + TOGETHER)).map(|n| (n, 0)).collect()).await?;
    }
    let took = clock.instant().saturating_duration_since(began);
    say(&format!("indexed: {:.0} rows/s, {TOGETHER} a commit", rate(settings.customers, took)));

    let mut chance = Chance::of(41);
    let began = clock.instant();
    for _ in 0..settings.updates.div_ceil(10) {
        keep(db, (0..10).map(|_| (chance.below(settings.customers), 1)).collect()).await?;
    }
    let took = clock.instant().saturating_duration_since(began);
    say(&format!("updated: {:.0} rows/s, 10 a commit", rate(settings.updates, took)));

    say("one connection:");
    typing::alone(&clock, db, settings.customers, settings.typed).await?;
    say(&format!("{} connections, a key each every 150 ms, and 20 updates a second:", settings.busy));
    typing::together(&clock, db, settings.customers, settings.busy, Duration::from_secs(settings.seconds)).await
}

/// Indexes customers in one unit of work.
async fn keep(db: &Db, versions: Vec<(u64, u64)>) -> Result<(), DbError> {
    let records: Vec<_> = versions.into_iter().map(|(n, version)| (id(n), Person::of(n, version).document())).collect();
    db.write(move |tx| {
        Box::pin(async move {
            for (id, document) in &records {
                index(tx, Corpus::Customers, id, document).await?;
            }
            Ok(())
        })
    })
    .await
}

/// As long as the ids that the product gives.
fn id(n: u64) -> String {
    let mut chance = Chance::of(n);
    format!("{:016x}-{:016x}---", chance.next(), n)
}

/// The value of `--name`, or what is used without.
fn setting<'a>(arguments: &'a [String], name: &str, usual: &'a str) -> &'a str {
    let place = arguments.iter().position(|argument| argument == name);
    place.and_then(|place| arguments.get(place + 1)).map_or(usual, String::as_str)
}

#[expect(clippy::cast_precision_loss, reason = "a figure to be read")]
fn rate(rows: u64, took: Duration) -> f64 {
    rows as f64 / took.as_secs_f64()
}

#[expect(clippy::print_stdout, reason = "a bench's figures are what it is for")]
fn say(line: &str) {
    println!("{line}");
}
