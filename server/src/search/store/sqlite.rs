//! SQLite: a contentless FTS5 table of grams whose row number is the place, so that it is read newest first and no
//! further than a page needs.

use super::{hit, rows, sql};
use crate::db::{Db, DbError, Tx};
use crate::search::query::Words;
use crate::search::{Corpus, Hit};
use crate::{execute, fetch_all, fetch_one};

pub(super) async fn index(tx: &mut Tx, corpus: Corpus, id: &str, text: &str, grams: String) -> Result<i64, DbError> {
    remove(tx, corpus, id).await?;
    let (place,) = fetch_one!(
        tx,
        (i64,),
        sql!(corpus, "INSERT INTO search_", " (id, text) VALUES ($1, $2) RETURNING place"),
        id,
        text
    )?;
    execute!(tx, sql!(corpus, "INSERT INTO search_", "_grams (rowid, grams) VALUES ($1, $2)"), place, grams)?;
    Ok(place)
}

pub(super) async fn remove(tx: &mut Tx, corpus: Corpus, id: &str) -> Result<(), DbError> {
    let gone = fetch_all!(tx, (i64,), sql!(corpus, "DELETE FROM search_", " WHERE id = $1 RETURNING place"), id)?;
    for (place,) in gone {
        execute!(tx, sql!(corpus, "DELETE FROM search_", "_grams WHERE rowid = $1"), place)?;
    }
    Ok(())
}

pub(super) async fn find(
    db: &Db,
    corpus: Corpus,
    words: &Words,
    before: i64,
    limit: usize,
) -> Result<Vec<Hit>, DbError> {
    let wanted = words.grams().map(|gram| format!("\"{gram}\"")).collect::<Vec<_>>().join(" ");
    let [first, second, third, fourth, fifth, sixth] = words.slots();
    // CROSS JOIN keeps the order of the tables: the index first (https://sqlite.org/optoverview.html#manual_control).
    let found = fetch_all!(
        db,
        (i64, String),
        sql!(
            corpus,
            "SELECT t.place, t.id FROM search_",
            "_grams g CROSS JOIN search_",
            " t ON t.place = g.rowid
             WHERE g.search_",
            "_grams MATCH $1 AND g.rowid < $2
                AND instr(t.text, $3) > 0 AND instr(t.text, $4) > 0 AND instr(t.text, $5) > 0
                AND instr(t.text, $6) > 0 AND instr(t.text, $7) > 0 AND instr(t.text, $8) > 0
             ORDER BY g.rowid DESC LIMIT $9"
        ),
        wanted,
        before,
        first,
        second,
        third,
        fourth,
        fifth,
        sixth,
        rows(limit),
    )?;
    Ok(found.into_iter().map(hit).collect())
}
