//! The SQL of inquiries and their files.

mod list;

use domain::ids::{CustomerId, FileId, InquiryId, InteractionId, UserId};
use domain::records::Values;
use domain::time::Timestamp;
use wire::records::{Attachment, Stamp};

use crate::db::{Db, DbError, Tx, parse};
use crate::records::{here, stamp};
use crate::telephony::numbers::NumberingPlan;
use crate::{execute, fetch_all, fetch_optional};

/// A stored inquiry.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) id: InquiryId,
    pub(super) version: u32,
    pub(super) customer: CustomerId,
    pub(super) interaction: Option<InteractionId>,
    pub(super) values: Values,
    pub(super) created: Stamp,
    pub(super) updated: Stamp,
    pub(super) attachments: Vec<Attachment>,
}

/// A stored file.
#[derive(Clone, Debug)]
pub(super) struct StoredFile {
    pub(super) attachment: Attachment,
    pub(super) by: UserId,
    pub(super) inquiry: Option<InquiryId>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT q.id AS id, q.version AS version, q.customer_id AS customer_id, q.interaction_id AS interaction_id,
                q.record AS record, q.created_at AS created_at, q.created_by AS created_by,
                cu.display_name AS created_name, q.updated_at AS updated_at, q.updated_by AS updated_by,
                uu.display_name AS updated_name
             FROM inquiries q LEFT JOIN users cu ON cu.id = q.created_by LEFT JOIN users uu ON uu.id = q.updated_by ",
            $rest
        )
    };
}

use select;

pub(super) use self::list::{all, count, places, places_of};

macro_rules! files {
    ($rest:literal) => {
        concat!("SELECT file_id, name, size, media_type, uploaded_by, inquiry_id FROM attachments ", $rest)
    };
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    version: i64,
    customer_id: String,
    interaction_id: Option<String>,
    record: String,
    created_at: i64,
    created_by: Option<String>,
    created_name: Option<String>,
    updated_at: i64,
    updated_by: Option<String>,
    updated_name: Option<String>,
}

type FileRow = (String, String, i64, String, String, Option<String>);

impl Row {
    fn read(self, plan: NumberingPlan) -> Result<Stored, DbError> {
        let user = |id: Option<String>| id.map(|id| parse::<UserId>("inquiries.…_by", &id)).transpose();
        let values: Values =
            serde_json::from_str(&self.record).map_err(|_| DbError::Corrupt { column: "inquiries.record" })?;
        Ok(Stored {
            id: parse("inquiries.id", &self.id)?,
            version: u32::try_from(self.version).map_err(|_| DbError::Corrupt { column: "inquiries.version" })?,
            customer: parse("inquiries.customer_id", &self.customer_id)?,
            interaction: self.interaction_id.map(|id| parse("inquiries.interaction_id", &id)).transpose()?,
            values: values.into_iter().map(|(key, value)| (key, here(plan, value))).collect(),
            created: stamp(self.created_at, user(self.created_by)?, self.created_name),
            updated: stamp(self.updated_at, user(self.updated_by)?, self.updated_name),
            attachments: Vec::new(),
        })
    }
}

fn file_of((file, name, size, media_type, by, inquiry): FileRow) -> Result<StoredFile, DbError> {
    Ok(StoredFile {
        attachment: Attachment {
            file: parse("attachments.file_id", &file)?,
            name,
            size: u64::try_from(size).map_err(|_| DbError::Corrupt { column: "attachments.size" })?,
            media_type,
        },
        by: parse("attachments.uploaded_by", &by)?,
        inquiry: inquiry.map(|id| parse("attachments.inquiry_id", &id)).transpose()?,
    })
}

async fn with_files(db: &Db, rows: Vec<Row>, plan: NumberingPlan) -> Result<Vec<Stored>, DbError> {
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let mut stored = row.read(plan)?;
        let files = fetch_all!(db, FileRow, files!("WHERE inquiry_id = $1 ORDER BY position"), stored.id.to_string())?;
        for row in files {
            stored.attachments.push(file_of(row)?.attachment);
        }
        found.push(stored);
    }
    Ok(found)
}

/// One inquiry.
pub(super) async fn one(db: &Db, plan: NumberingPlan, id: InquiryId) -> Result<Option<Stored>, DbError> {
    let rows = fetch_all!(db, Row, select!("WHERE q.id = $1"), id.to_string())?;
    Ok(with_files(db, rows, plan).await?.pop())
}

/// Those about a call, oldest first.
pub(super) async fn of_call(db: &Db, plan: NumberingPlan, call: InteractionId) -> Result<Vec<Stored>, DbError> {
    let rows =
        fetch_all!(db, Row, select!("WHERE q.interaction_id = $1 ORDER BY q.created_at, q.id"), call.to_string())?;
    with_files(db, rows, plan).await
}

/// Whether anything was written about a call.
pub(super) async fn any_of_call(db: &Db, call: InteractionId) -> Result<bool, DbError> {
    let row =
        fetch_optional!(db, (String,), "SELECT id FROM inquiries WHERE interaction_id = $1 LIMIT 1", call.to_string())?;
    Ok(row.is_some())
}

/// Those of a customer made before then, latest first.
pub(super) async fn of_customer(
    db: &Db,
    plan: NumberingPlan,
    customer: CustomerId,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<Stored>, DbError> {
    let rows = fetch_all!(
        db,
        Row,
        select!("WHERE q.customer_id = $1 AND q.created_at < $2 ORDER BY q.created_at DESC, q.id DESC LIMIT $3"),
        customer.to_string(),
        before.0,
        limit
    )?;
    with_files(db, rows, plan).await
}

/// Takes an inquiry for writing: others who want it wait until this unit of work has ended.
pub(super) async fn take(tx: &mut Tx, plan: NumberingPlan, id: InquiryId) -> Result<Option<Stored>, DbError> {
    execute!(tx, "UPDATE inquiries SET version = version WHERE id = $1", id.to_string())?;
    in_tx(tx, plan, id).await
}

/// One inquiry, as this unit of work sees it.
pub(super) async fn in_tx(tx: &mut Tx, plan: NumberingPlan, id: InquiryId) -> Result<Option<Stored>, DbError> {
    let Some(row) = fetch_optional!(tx, Row, select!("WHERE q.id = $1"), id.to_string())? else { return Ok(None) };
    let mut stored = row.read(plan)?;
    let files = fetch_all!(tx, FileRow, files!("WHERE inquiry_id = $1 ORDER BY position"), id.to_string())?;
    for row in files {
        stored.attachments.push(file_of(row)?.attachment);
    }
    Ok(Some(stored))
}

/// An inquiry to be made.
pub(super) struct New {
    pub(super) id: InquiryId,
    pub(super) customer: CustomerId,
    pub(super) interaction: Option<InteractionId>,
    pub(super) by: Option<UserId>,
    pub(super) now: Timestamp,
}

/// Makes an empty one, to be filled in the same unit of work; whether there was none.
pub(super) async fn make(tx: &mut Tx, new: &New) -> Result<bool, DbError> {
    let made = execute!(
        tx,
        "INSERT INTO inquiries
            (id, version, customer_id, interaction_id, record, created_at, created_by, updated_at, updated_by)
         VALUES ($1, 0, $2, $3, '{}', $4, $5, $4, $5) ON CONFLICT (id) DO NOTHING",
        new.id.to_string(),
        new.customer.to_string(),
        new.interaction.map(|id| id.to_string()),
        new.now.0,
        new.by.map(|by| by.to_string()),
    )?;
    Ok(made > 0)
}

/// Stores the values, as the next version.
pub(super) async fn put(
    tx: &mut Tx,
    id: InquiryId,
    values: &Values,
    by: Option<UserId>,
    now: Timestamp,
) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE inquiries SET version = version + 1, record = $2, updated_at = $3, updated_by = $4 WHERE id = $1",
        id.to_string(),
        serde_json::to_string(values).map_err(|_| DbError::Corrupt { column: "json" })?,
        now.0,
        by.map(|by| by.to_string()),
    )
    .map(drop)
}

/// Keeps the row of a file that no inquiry has yet.
pub(super) async fn add_file(tx: &mut Tx, file: &Attachment, by: UserId, now: Timestamp) -> Result<(), DbError> {
    execute!(
        tx,
        "INSERT INTO attachments (file_id, name, size, media_type, uploaded_by, loose_since)
         VALUES ($1, $2, $3, $4, $5, $6)",
        file.file.to_string(),
        file.name.clone(),
        i64::try_from(file.size).unwrap_or(i64::MAX),
        file.media_type.clone(),
        by.to_string(),
        now.0,
    )
    .map(drop)
}

/// A file's row.
pub(super) async fn file(db: &Db, id: FileId) -> Result<Option<StoredFile>, DbError> {
    fetch_optional!(db, FileRow, files!("WHERE file_id = $1 AND name <> ''"), id.to_string())?.map(file_of).transpose()
}

/// A file's row, taken for writing.
pub(super) async fn take_file(tx: &mut Tx, id: FileId) -> Result<Option<StoredFile>, DbError> {
    execute!(tx, "UPDATE attachments SET position = position WHERE file_id = $1", id.to_string())?;
    fetch_optional!(tx, FileRow, files!("WHERE file_id = $1 AND name <> ''"), id.to_string())?.map(file_of).transpose()
}

/// Attaches exactly these files, in this order; what was attached and is not named becomes loose.
pub(super) async fn attach(tx: &mut Tx, inquiry: InquiryId, files: &[FileId], now: Timestamp) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE attachments SET inquiry_id = NULL, loose_since = $2 WHERE inquiry_id = $1",
        inquiry.to_string(),
        now.0
    )?;
    for (position, file) in (0_i64..).zip(files) {
        execute!(
            tx,
            "UPDATE attachments SET inquiry_id = $2, position = $3 WHERE file_id = $1",
            file.to_string(),
            inquiry.to_string(),
            position
        )?;
    }
    Ok(())
}

/// The files that no inquiry has had since before then.
pub(super) async fn loose(db: &Db, before: Timestamp) -> Result<Vec<FileId>, DbError> {
    let rows = fetch_all!(
        db,
        (String,),
        "SELECT file_id FROM attachments WHERE inquiry_id IS NULL AND loose_since < $1 ORDER BY loose_since LIMIT 500",
        before.0
    )?;
    rows.iter().map(|(id,)| parse("attachments.file_id", id)).collect()
}

/// Claims a loose file to be forgotten: from now on nobody can attach it. False where it was attached meanwhile.
pub(super) async fn condemn(tx: &mut Tx, file: FileId) -> Result<bool, DbError> {
    let touched = execute!(
        tx,
        "UPDATE attachments SET name = '', loose_since = 0 WHERE file_id = $1 AND inquiry_id IS NULL",
        file.to_string()
    )?;
    Ok(touched > 0)
}

/// Forgets a file's row, its bytes being gone.
pub(super) async fn drop_file(tx: &mut Tx, file: FileId) -> Result<(), DbError> {
    execute!(tx, "DELETE FROM attachments WHERE file_id = $1 AND name = ''", file.to_string()).map(drop)
}

/// The inquiries of a customer, oldest first.
pub(super) async fn ids_of_customer(tx: &mut Tx, customer: CustomerId) -> Result<Vec<InquiryId>, DbError> {
    let rows = fetch_all!(
        tx,
        (String,),
        "SELECT id FROM inquiries WHERE customer_id = $1 ORDER BY created_at, id",
        customer.to_string()
    )?;
    rows.iter().map(|(id,)| parse("inquiries.id", id)).collect()
}

/// Gives an inquiry of one customer to another.
pub(super) async fn hand_over(tx: &mut Tx, id: InquiryId, from: CustomerId, to: CustomerId) -> Result<(), DbError> {
    execute!(
        tx,
        "UPDATE inquiries SET customer_id = $3 WHERE id = $1 AND customer_id = $2",
        id.to_string(),
        from.to_string(),
        to.to_string()
    )
    .map(drop)
}

/// Deletes an inquiry; gives its files, whose rows wait for the bytes to be forgotten.
pub(super) async fn delete(tx: &mut Tx, id: InquiryId) -> Result<Vec<FileId>, DbError> {
    let id = id.to_string();
    let files = fetch_all!(tx, (String,), "SELECT file_id FROM attachments WHERE inquiry_id = $1", id.clone())?;
    execute!(
        tx,
        "UPDATE attachments SET inquiry_id = NULL, name = '', loose_since = 0 WHERE inquiry_id = $1",
        id.clone()
    )?;
    execute!(tx, "DELETE FROM inquiries WHERE id = $1", id)?;
    files.iter().map(|(id,)| parse("attachments.file_id", id)).collect()
}
