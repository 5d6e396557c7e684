//! The index: one table of texts a corpus on both databases, and each database's own index over their grams.

mod postgres;
mod sqlite;

use super::normalise::grams;
use super::{Corpus, Document, Hit, Query};
use crate::db::{Db, DbError, Dialect, Tx};
use crate::{execute, fetch_all};

/// A statement, given as the pieces between which the name of the corpus stands.
macro_rules! sql {
    ($corpus:expr, $first:literal $(, $piece:literal)*) => {
        match $corpus {
            $crate::search::Corpus::Customers => concat!($first $(, "customers", $piece)*),
            $crate::search::Corpus::Inquiries => concat!($first $(, "inquiries", $piece)*),
        }
    };
}
use sql;

#[cfg(test)]
pub(in crate::search) use self::postgres::spread_places;

/// Makes a record findable, or findable as it is now, as the newest of all; gives its place.
///
/// # Errors
/// The database failed.
pub async fn index(tx: &mut Tx, corpus: Corpus, id: &str, document: &Document) -> Result<i64, DbError> {
    let text = document.normalised();
    let grams = grams(text).into_iter().collect::<Vec<_>>().join(" ");
    match tx.dialect() {
        Dialect::Sqlite => sqlite::index(tx, corpus, id, text, grams).await,
        Dialect::Postgres => postgres::index(tx, corpus, id, text, grams).await,
    }
}

/// Takes a record out of the search; one that is not there is none.
///
/// # Errors
/// The database failed.
pub async fn remove(tx: &mut Tx, corpus: Corpus, id: &str) -> Result<(), DbError> {
    match tx.dialect() {
        Dialect::Sqlite => sqlite::remove(tx, corpus, id).await,
        Dialect::Postgres => execute!(tx, sql!(corpus, "DELETE FROM search_", " WHERE id = $1"), id).map(drop),
    }
}

/// At most `limit` records, newest first; those before a place only, if one is given.
///
/// # Errors
/// The database failed.
pub async fn find(
    db: &Db,
    corpus: Corpus,
    query: &Query,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<Hit>, DbError> {
    let before = before.unwrap_or(i64::MAX);
    match (query, db.dialect()) {
        (Query::Nothing, _) => Ok(Vec::new()),
        (Query::Everything, _) => everything(db, corpus, before, limit).await,
        (Query::Words(words), Dialect::Sqlite) => sqlite::find(db, corpus, words, before, limit).await,
        (Query::Words(words), Dialect::Postgres) => postgres::find(db, corpus, words, before, limit).await,
    }
}

async fn everything(db: &Db, corpus: Corpus, before: i64, limit: usize) -> Result<Vec<Hit>, DbError> {
    let rows = fetch_all!(
        db,
        (i64, String),
        sql!(corpus, "SELECT place, id FROM search_", " WHERE place < $1 ORDER BY place DESC LIMIT $2"),
        before,
        rows(limit),
    )?;
    Ok(rows.into_iter().map(hit).collect())
}

fn hit((place, id): (i64, String)) -> Hit {
    Hit { place, id }
}

fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
