//! PostgreSQL: a GIN index over the grams, asked in steps, because it knows no order: all that match come, and then are
//! sorted.
//!
//! ```text
//! the newest 2,000 texts, read one by one       common queries fill a page here
//!  └► the newest 131,072 to 262,144 places      by the index; more than 4,000 that match: in pieces, newest first
//!      └► all that is older                     by the index; more than 4,000 that match: in ranges as above
//! ```
//!
//! A range of places is a gram too (`L3`, `S47`: capitals, which no text has): the index itself skips what is outside.

use super::{hit, rows, sql};
use crate::db::{Db, DbError, Tx};
use crate::search::query::Words;
use crate::search::{Corpus, Hit};
use crate::{fetch_all, fetch_one};

/// How many texts are read one by one.
const READ: i64 = 2_000;

/// How many matches are sorted at once; with more of them, a page is found in a smaller range.
const SORTED: i64 = 4_000;

/// A large range is of 2^17 places, as the migration says.
const LARGE: u32 = 17;

/// A small range is of 2^13 places, as the migration says.
const SMALL: u32 = 13;

/// A page to be filled, and how far it is.
struct Page<'a> {
    db: &'a Db,
    corpus: Corpus,
    words: &'a Words,
    limit: usize,
    hits: Vec<Hit>,
    /// Everything from here on has been looked at.
    below: i64,
}

pub(super) async fn index(tx: &mut Tx, corpus: Corpus, id: &str, text: &str, grams: String) -> Result<i64, DbError> {
    let (place,) = fetch_one!(
        tx,
        (i64,),
        sql!(
            corpus,
            "INSERT INTO search_",
            " (place, id, text, grams)
             SELECT place, $1, $2, array_to_tsvector(
                array_remove(string_to_array($3, ' ') || ('L' || (place >> 17)) || ('S' || (place >> 13)), ''))
             FROM nextval('search_",
            "_places') AS place
             ON CONFLICT (id) DO UPDATE SET place = excluded.place, text = excluded.text, grams = excluded.grams
             RETURNING place"
        ),
        id,
        text,
        grams
    )?;
    Ok(place)
}

pub(super) async fn find(
    db: &Db,
    corpus: Corpus,
    words: &Words,
    before: i64,
    limit: usize,
) -> Result<Vec<Hit>, DbError> {
    let mut page = Page { db, corpus, words, limit, hits: Vec::new(), below: before };
    page.fill().await?;
    Ok(page.hits)
}

impl Page<'_> {
    async fn fill(&mut self) -> Result<(), DbError> {
        self.read_newest().await?;
        if self.is_done() {
            return Ok(());
        }
        let newest = (self.below - 1) >> LARGE;
        let end = (newest - 1).max(0);
        self.take_ranges(end, newest).await?;
        if self.is_done() || self.take("", SORTED).await? {
            return Ok(());
        }
        for range in (0..end).rev() {
            if self.is_done() {
                break;
            }
            self.take_ranges(range, range).await?;
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.hits.len() >= self.limit || self.below <= 0
    }

    fn left(&self) -> i64 {
        rows(self.limit - self.hits.len().min(self.limit))
    }

    async fn read_newest(&mut self) -> Result<(), DbError> {
        let [first, second, third, fourth, fifth, sixth] = self.words.slots();
        let found = fetch_all!(
            self.db,
            (i64, Option<i64>, Option<i64>, Option<String>),
            sql!(
                self.corpus,
                "WITH newest AS MATERIALIZED (
                    SELECT place, id, text FROM search_",
                " WHERE place < $1 ORDER BY place DESC LIMIT $2)
                 SELECT seen.texts, seen.lowest, hit.place, hit.id
                 FROM (SELECT COUNT(*) AS texts, MIN(place) AS lowest FROM newest) seen LEFT JOIN (
                    SELECT place, id FROM newest
                    WHERE strpos(text, $3) > 0 AND strpos(text, $4) > 0 AND strpos(text, $5) > 0
                        AND strpos(text, $6) > 0 AND strpos(text, $7) > 0 AND strpos(text, $8) > 0
                    ORDER BY place DESC LIMIT $9) hit ON TRUE
                 ORDER BY hit.place DESC"
            ),
            self.below,
            READ,
            first,
            second,
            third,
            fourth,
            fifth,
            sixth,
            self.left(),
        )?;
        let (texts, lowest) = found.first().map_or((0, None), |(texts, lowest, ..)| (*texts, *lowest));
        self.below = lowest.filter(|_| texts == READ).unwrap_or(0);
        self.hits.extend(found.into_iter().filter_map(|(_, _, place, id)| Some(hit((place?, id?)))));
        Ok(())
    }

    /// Takes the newest hits of large ranges, the whole of which is then done.
    async fn take_ranges(&mut self, first: i64, last: i64) -> Result<(), DbError> {
        let ranges = (first..=last).map(|range| format!("'L{range}'")).collect::<Vec<_>>().join(" | ");
        let lowest = first << LARGE;
        if !self.take(&ranges, SORTED).await? {
            while self.below > lowest && !self.is_done() {
                let piece = (self.below - 1) >> SMALL;
                self.take(&format!("'S{piece}'"), i64::MAX - 1).await?;
                self.below = piece << SMALL;
            }
        }
        self.below = self.below.min(lowest);
        Ok(())
    }

    /// Takes the newest hits that have any of the grams of `range`, or whatever they have if it is empty. False if more
    /// than `most` match: then nothing was taken.
    async fn take(&mut self, range: &str, most: i64) -> Result<bool, DbError> {
        let mut wanted = self.words.grams().map(|gram| format!("'{gram}'")).collect::<Vec<_>>().join(" & ");
        if !range.is_empty() {
            wanted = format!("{wanted} & ({range})");
        }
        let [first, second, third, fourth, fifth, sixth] = self.words.slots();
        let found = fetch_all!(
            self.db,
            (i64, Option<i64>, Option<String>),
            sql!(
                self.corpus,
                "WITH matching AS MATERIALIZED (
                    SELECT place, id, text FROM search_",
                "_matching(CAST($1 AS tsquery), $2, $3))
                 SELECT counted.matches, hit.place, hit.id
                 FROM (SELECT COUNT(*) AS matches FROM matching) counted LEFT JOIN (
                    SELECT place, id FROM matching
                    WHERE strpos(text, $4) > 0 AND strpos(text, $5) > 0 AND strpos(text, $6) > 0
                        AND strpos(text, $7) > 0 AND strpos(text, $8) > 0 AND strpos(text, $9) > 0
                    ORDER BY place DESC LIMIT $10) hit ON TRUE
                 ORDER BY hit.place DESC"
            ),
            wanted,
            self.below,
            most + 1,
            first,
            second,
            third,
            fourth,
            fifth,
            sixth,
            self.left(),
        )?;
        if found.first().is_some_and(|(matches, ..)| *matches > most) {
            return Ok(false);
        }
        self.hits.extend(found.into_iter().filter_map(|(_, place, id)| Some(hit((place?, id?)))));
        Ok(true)
    }
}

/// Leaves so many places between two records, as years of updates do.
#[cfg(test)]
pub(in crate::search) async fn spread_places(db: &Db, by: i64) {
    let sql = format!("ALTER SEQUENCE search_customers_places INCREMENT BY {by}");
    db.write(move |tx| Box::pin(async move { crate::execute!(tx, sqlx::AssertSqlSafe(sql.clone())).map(drop) }))
        .await
        .unwrap();
}
