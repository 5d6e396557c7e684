//! The SQL of imports and of chosen columns.

use domain::ids::{CustomerId, ImportId, UserId};
use domain::records::{Key, Owner};
use domain::time::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wire::Problem;
use wire::record_files::{Column, Duplicates, Import};
use wire::records::Stamp;

use super::table::Row;
use crate::db::{Db, DbError, Tx, parse};
use crate::{execute, fetch_all, fetch_optional};

macro_rules! select {
    ($($rest:tt)*) => {
        concat!(
            "SELECT m.id AS id, m.name AS name, m.begun_at AS begun_at, m.begun_by AS begun_by,
                u.display_name AS begun_name, m.state AS state, m.encoding AS encoding, m.header AS header,
                m.sample AS sample, m.mapping AS mapping, m.duplicates AS duplicates, m.total AS total, m.done AS done,
                m.created AS created, m.updated AS updated, m.skipped AS skipped, m.refused AS refused
             FROM imports m LEFT JOIN users u ON u.id = m.begun_by ",
            $($rest)*
        )
    };
}

#[derive(sqlx::FromRow)]
struct ImportRecord {
    id: String,
    name: String,
    begun_at: i64,
    begun_by: Option<String>,
    begun_name: Option<String>,
    state: String,
    encoding: String,
    header: String,
    sample: String,
    mapping: String,
    duplicates: String,
    total: i64,
    done: i64,
    created: i64,
    updated: i64,
    skipped: i64,
    refused: i64,
}

impl ImportRecord {
    fn read(self) -> Result<Import, DbError> {
        let by: Option<UserId> = self.begun_by.map(|id| parse("imports.begun_by", &id)).transpose()?;
        Ok(Import {
            id: parse("imports.id", &self.id)?,
            name: self.name,
            begun: Stamp { at: Timestamp(self.begun_at), by, name: self.begun_name },
            state: from_word("imports.state", &self.state)?,
            encoding: self.encoding,
            header: from_json("imports.header", &self.header)?,
            sample: from_json("imports.sample", &self.sample)?,
            mapping: from_json("imports.mapping", &self.mapping)?,
            duplicates: from_word("imports.duplicates", &self.duplicates)?,
            rows: count(self.total),
            done: count(self.done),
            created: count(self.created),
            updated: count(self.updated),
            skipped: count(self.skipped),
            refused: count(self.refused),
        })
    }
}

/// Begins an import whose rows are still to come; nobody sees it yet.
pub(super) async fn begin(tx: &mut Tx, import: &Import) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO imports (id, name, begun_at, begun_by, state, encoding, header, sample, mapping, total)
         VALUES ($1, $2, $3, $4, 'arriving', $5, $6, $7, $8, $9)",
        import.id.to_string(),
        import.name.clone(),
        import.begun.at.0,
        import.begun.by.map(|by| by.to_string()),
        import.encoding.clone(),
        to_json(&import.header)?,
        to_json(&import.sample)?,
        to_json(&import.mapping)?,
        i64::try_from(import.rows).unwrap_or(i64::MAX),
    )
    .map(drop)
}

/// Adds rows to an import that is arriving.
pub(super) async fn add_rows(tx: &mut Tx, id: ImportId, rows: Vec<Row>) -> Result<(), DbError> {
    for row in rows {
        execute!(
            tx,
            "INSERT INTO import_rows (import_id, line, state, cells) VALUES ($1, $2, 'waiting', $3)",
            id.to_string(),
            i64::try_from(row.line).unwrap_or(i64::MAX),
            to_json(&row.cells)?,
        )?;
    }
    Ok(())
}

/// All rows are here: it waits for its mapping.
pub(super) async fn arrived(tx: &mut Tx, id: ImportId) -> Result<(), DbError> {
    execute!(tx, "UPDATE imports SET state = 'mapping' WHERE id = $1 AND state = 'arriving'", id.to_string()).map(drop)
}

/// Forgets what never arrived, and what was begun before then and does not run: such rows hold personal data.
pub(super) async fn forget(tx: &mut Tx, never_arrived: bool, before: Timestamp) -> Result<(), DbError> {
    execute!(
        tx,
        "DELETE FROM import_rows WHERE import_id IN (
            SELECT id FROM imports WHERE ($1 AND state = 'arriving') OR (state <> 'running' AND begun_at < $2))",
        never_arrived,
        before.0
    )?;
    execute!(
        tx,
        "DELETE FROM imports WHERE ($1 AND state = 'arriving') OR (state <> 'running' AND begun_at < $2)",
        never_arrived,
        before.0
    )?;
    Ok(())
}

/// One import that has arrived.
pub(super) async fn one(db: &Db, id: ImportId) -> Result<Option<Import>, DbError> {
    let row = fetch_optional!(db, ImportRecord, select!("WHERE m.id = $1 AND m.state <> 'arriving'"), id.to_string())?;
    row.map(ImportRecord::read).transpose()
}

/// The latest ones, without their samples.
pub(super) async fn latest(db: &Db, limit: i64) -> Result<Vec<Import>, DbError> {
    let rows = fetch_all!(
        db,
        ImportRecord,
        select!("WHERE m.state <> 'arriving' ORDER BY m.begun_at DESC, m.id DESC LIMIT $1"),
        limit
    )?;
    rows.into_iter()
        .map(|row| {
            let mut import = row.read()?;
            import.sample.clear();
            Ok(import)
        })
        .collect()
}

/// The one that runs and was begun first.
pub(super) async fn running(db: &Db) -> Result<Option<Import>, DbError> {
    let row =
        fetch_optional!(db, ImportRecord, select!("WHERE m.state = 'running' ORDER BY m.begun_at, m.id LIMIT 1"))?;
    row.map(ImportRecord::read).transpose()
}

/// Lets an import run; whether it was there.
pub(super) async fn run(
    tx: &mut Tx,
    id: ImportId,
    mapping: &[Option<Key>],
    duplicates: Duplicates,
) -> Result<bool, DbError> {
    let touched = execute!(
        tx,
        "UPDATE imports SET state = 'running', mapping = $2, duplicates = $3
         WHERE id = $1 AND state IN ('mapping', 'stopped', 'running')",
        id.to_string(),
        to_json(&mapping)?,
        word(&duplicates)?,
    )?;
    Ok(touched > 0)
}

/// Stops an import that runs.
pub(super) async fn stop(tx: &mut Tx, id: ImportId) -> Result<(), DbError> {
    execute!(tx, "UPDATE imports SET state = 'stopped' WHERE id = $1 AND state = 'running'", id.to_string()).map(drop)
}

/// Takes an import that runs for this unit of work: whoever stops it waits until then. None if it does not run.
pub(super) async fn take(tx: &mut Tx, id: ImportId) -> Result<Option<Import>, DbError> {
    if execute!(tx, "UPDATE imports SET done = done WHERE id = $1 AND state = 'running'", id.to_string())? == 0 {
        return Ok(None);
    }
    let row = fetch_optional!(tx, ImportRecord, select!("WHERE m.id = $1"), id.to_string())?;
    row.map(ImportRecord::read).transpose()
}

/// A row whose turn it is.
pub(super) struct Next {
    pub(super) row: Row,
    /// How somebody decided about it.
    pub(super) decided: Option<Duplicates>,
}

/// The next rows of an import, in the order of the file.
pub(super) async fn next(tx: &mut Tx, id: ImportId, limit: i64) -> Result<Vec<Next>, DbError> {
    let rows = fetch_all!(
        tx,
        (i64, String, Option<String>),
        "SELECT line, cells, how FROM import_rows WHERE import_id = $1 AND state IN ('waiting', 'decided')
         ORDER BY line LIMIT $2",
        id.to_string(),
        limit,
    )?;
    rows.into_iter()
        .map(|(line, cells, how)| {
            let row = Row { line: count(line), cells: from_json("import_rows.cells", &cells)? };
            Ok(Next { row, decided: how.map(|how| from_word("import_rows.how", &how)).transpose()? })
        })
        .collect()
}

/// The row is taken.
pub(super) async fn taken(tx: &mut Tx, id: ImportId, line: u64) -> Result<(), DbError> {
    execute!(tx, "DELETE FROM import_rows WHERE import_id = $1 AND line = $2", id.to_string(), to_line(line)).map(drop)
}

/// The row is refused.
pub(super) async fn refuse(tx: &mut Tx, id: ImportId, line: u64, wrong: &[(u32, Problem)]) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE import_rows SET state = 'refused', wrong = $3, duplicate_of = NULL, how = NULL
         WHERE import_id = $1 AND line = $2",
        id.to_string(),
        to_line(line),
        to_json(&wrong)?,
    )
    .map(drop)
}

/// The row waits until somebody decides.
pub(super) async fn ask(tx: &mut Tx, id: ImportId, line: u64, duplicate_of: CustomerId) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE import_rows SET state = 'duplicate', duplicate_of = $3, how = NULL
         WHERE import_id = $1 AND line = $2",
        id.to_string(),
        to_line(line),
        duplicate_of.to_string(),
    )
    .map(drop)
}

/// What came of some rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) done: i64,
    pub(super) created: i64,
    pub(super) updated: i64,
    pub(super) skipped: i64,
    pub(super) refused: i64,
}

/// Adds what came of some rows; without any, the import is through, and its sample forgotten.
pub(super) async fn add_up(tx: &mut Tx, id: ImportId, tally: Option<Tally>) -> Result<(), DbError> {
    match tally {
        None => execute!(tx, "UPDATE imports SET state = 'done', sample = '[]' WHERE id = $1", id.to_string()),
        Some(Tally { done, created, updated, skipped, refused }) => execute!(
            tx,
            "UPDATE imports SET done = done + $2, created = created + $3, updated = updated + $4,
                skipped = skipped + $5, refused = refused + $6
             WHERE id = $1",
            id.to_string(),
            done,
            created,
            updated,
            skipped,
            refused,
        ),
    }
    .map(drop)
}

/// A row that was not taken.
pub(super) struct Left {
    pub(super) row: Row,
    pub(super) wrong: Vec<(u32, Problem)>,
    pub(super) duplicate_of: Option<CustomerId>,
}

/// Rows that were refused, or that wait as duplicates, after a line.
pub(super) async fn left(
    db: &Db,
    id: ImportId,
    duplicates: bool,
    after: u64,
    limit: i64,
) -> Result<Vec<Left>, DbError> {
    let rows = fetch_all!(
        db,
        (i64, String, String, Option<String>),
        "SELECT line, cells, wrong, duplicate_of FROM import_rows
         WHERE import_id = $1 AND state = $2 AND line > $3 ORDER BY line LIMIT $4",
        id.to_string(),
        if duplicates { "duplicate" } else { "refused" },
        to_line(after),
        limit,
    )?;
    rows.into_iter()
        .map(|(line, cells, wrong, of)| {
            Ok(Left {
                row: Row { line: count(line), cells: from_json("import_rows.cells", &cells)? },
                wrong: from_json("import_rows.wrong", &wrong)?,
                duplicate_of: of.map(|of| parse("import_rows.duplicate_of", &of)).transpose()?,
            })
        })
        .collect()
}

/// Decides about duplicates that wait, all of them if no line is named, and lets the import go on with them. Whether
/// it was there.
pub(super) async fn decide(tx: &mut Tx, id: ImportId, lines: &[u64], how: Duplicates) -> Result<bool, DbError> {
    // First the import, as everybody does: two who take both in another order would wait for each other.
    let there = execute!(
        tx,
        "UPDATE imports SET state = CASE state WHEN 'done' THEN 'running' ELSE state END
         WHERE id = $1 AND state IN ('running', 'stopped', 'done')",
        id.to_string()
    )?;
    if there == 0 {
        return Ok(false);
    }
    if lines.is_empty() {
        execute!(
            tx,
            "UPDATE import_rows SET state = 'decided', how = $2 WHERE import_id = $1 AND state = 'duplicate'",
            id.to_string(),
            word(&how)?,
        )?;
    }
    for line in lines {
        execute!(
            tx,
            "UPDATE import_rows SET state = 'decided', how = $3
             WHERE import_id = $1 AND line = $2 AND state = 'duplicate'",
            id.to_string(),
            to_line(*line),
            word(&how)?,
        )?;
    }
    Ok(true)
}

/// The columns that a user chose.
pub(super) async fn columns(db: &Db, user: UserId, owner: Owner) -> Result<Option<Vec<Column>>, DbError> {
    let row = fetch_optional!(
        db,
        (String,),
        "SELECT columns FROM list_columns WHERE user_id = $1 AND owner = $2",
        user.to_string(),
        word(&owner)?,
    )?;
    row.map(|(columns,)| from_json("list_columns.columns", &columns)).transpose()
}

/// Chooses them.
pub(super) async fn choose(tx: &mut Tx, user: UserId, owner: Owner, columns: &[Column]) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO list_columns (user_id, owner, columns) VALUES ($1, $2, $3)
         ON CONFLICT (user_id, owner) DO UPDATE SET columns = excluded.columns",
        user.to_string(),
        word(&owner)?,
        to_json(&columns)?,
    )
    .map(drop)
}

fn count(stored: i64) -> u64 {
    u64::try_from(stored).unwrap_or(0)
}

fn to_line(line: u64) -> i64 {
    i64::try_from(line).unwrap_or(i64::MAX)
}

/// A plain enum as the word that it is on the wire.
fn word<T: Serialize>(value: &T) -> Result<String, DbError> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Ok(word),
        Ok(_) | Err(_) => Err(DbError::Corrupt { column: "word" }),
    }
}

fn from_word<T: DeserializeOwned>(column: &'static str, word: &str) -> Result<T, DbError> {
    serde_json::from_value(serde_json::Value::String(word.to_owned())).map_err(|_| DbError::Corrupt { column })
}

fn to_json<T: Serialize>(value: &T) -> Result<String, DbError> {
    serde_json::to_string(value).map_err(|_| DbError::Corrupt { column: "json" })
}

fn from_json<T: DeserializeOwned>(column: &'static str, text: &str) -> Result<T, DbError> {
    serde_json::from_str(text).map_err(|_| DbError::Corrupt { column })
}
