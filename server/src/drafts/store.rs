//! The SQL of drafts.

use domain::ids::{ClientId, CustomerId, FileId, InquiryId, InteractionId, UserId};
use domain::time::Timestamp;
use wire::drafts::{Draft, DraftOf, Typed};

use crate::db::{Db, DbError, Tx, parse};
use crate::{execute, fetch_all, fetch_optional};

/// A row: the form, the number, what is typed, when, in which tab.
type Row = (String, i64, Option<String>, i64, String);

fn read((form, n, typed, at, client): Row) -> Result<Option<Draft>, DbError> {
    let Some(typed) = typed else { return Ok(None) };
    let corrupt = |column| move |_| DbError::Corrupt { column };
    Ok(Some(Draft {
        of: serde_json::from_str(&form).map_err(corrupt("drafts.form"))?,
        typed: serde_json::from_str(&typed).map_err(corrupt("drafts.typed"))?,
        at: Timestamp(at),
        client: parse::<ClientId>("drafts.client_id", &client)?,
        n: u64::try_from(n).map_err(|_| DbError::Corrupt { column: "drafts.n" })?,
    }))
}

/// All of a user's.
pub(super) async fn all(db: &Db, user: UserId) -> Result<Vec<Draft>, DbError> {
    let rows = fetch_all!(
        db,
        Row,
        "SELECT form, n, typed, at, client_id FROM drafts WHERE user_id = $1 AND typed IS NOT NULL ORDER BY at DESC",
        user.to_string()
    )?;
    rows.into_iter().filter_map(|row| read(row).transpose()).collect()
}

/// One draft; none where there never was one, or it was discarded.
pub(super) async fn one(tx: &mut Tx, user: UserId, of: DraftOf) -> Result<Option<Draft>, DbError> {
    let row = fetch_optional!(
        tx,
        Row,
        "SELECT form, n, typed, at, client_id FROM drafts WHERE user_id = $1 AND form = $2",
        user.to_string(),
        form(of)?
    )?;
    row.map(read).transpose().map(Option::flatten)
}

/// What is to be kept.
pub(super) struct Keystroke {
    pub(super) user: UserId,
    pub(super) of: DraftOf,
    pub(super) n: u64,
    /// JSON; none discards.
    pub(super) typed: Option<String>,
    pub(super) record: Option<String>,
    pub(super) at: Timestamp,
    pub(super) client: ClientId,
}

/// Keeps it unless something newer is there; whether it was kept.
pub(super) async fn keep(tx: &mut Tx, key: Keystroke) -> Result<bool, DbError> {
    let touched = execute!(
        tx,
        "INSERT INTO drafts (user_id, form, n, typed, record_id, at, client_id) VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (user_id, form) DO UPDATE SET n = excluded.n, typed = excluded.typed,
            record_id = excluded.record_id, at = excluded.at, client_id = excluded.client_id
         WHERE drafts.n < excluded.n OR (drafts.n = excluded.n AND excluded.typed IS NULL)",
        key.user.to_string(),
        form(key.of)?,
        i64::try_from(key.n).unwrap_or(i64::MAX),
        key.typed,
        key.record,
        key.at.0,
        key.client.to_string()
    )?;
    Ok(touched > 0)
}

/// Whether anybody's draft names this file.
pub(super) async fn names(db: &Db, file: FileId) -> Result<bool, DbError> {
    let row = fetch_optional!(
        db,
        (String,),
        "SELECT form FROM drafts WHERE typed LIKE '%' || $1 || '%' LIMIT 1",
        file.to_string()
    )?;
    Ok(row.is_some())
}

/// Whether this user has a draft about this call.
pub(super) async fn about_call(db: &Db, user: UserId, call: InteractionId) -> Result<bool, DbError> {
    let row = fetch_optional!(
        db,
        (String,),
        "SELECT form FROM drafts WHERE user_id = $1 AND form IN ($2, $3) AND typed IS NOT NULL LIMIT 1",
        user.to_string(),
        form(DraftOf::CallCustomer(call))?,
        form(DraftOf::CallInquiry(call))?
    )?;
    Ok(row.is_some())
}

/// Whom or what drafts are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A customer's record, one to be made, and inquiries of theirs to be made.
    Customer(CustomerId),
    /// A stored inquiry.
    Inquiry(InquiryId),
    /// The customer or the inquiry of a call.
    Call(InteractionId),
}

/// Erases everybody's drafts about this; says how many there were.
///
/// # Errors
/// The database failed.
pub async fn erase(tx: &mut Tx, about: About) -> Result<u64, DbError> {
    let (record, forms) = match about {
        About::Customer(id) => (id.to_string(), [DraftOf::Customer(id), DraftOf::CustomerInquiry(id)]),
        About::Inquiry(id) => (id.to_string(), [DraftOf::Inquiry(id), DraftOf::Inquiry(id)]),
        About::Call(id) => (String::new(), [DraftOf::CallCustomer(id), DraftOf::CallInquiry(id)]),
    };
    let [one, other] = forms;
    // Of those that were discarded nothing is left but the number.
    let found = fetch_all!(
        tx,
        (String, String),
        "SELECT user_id, form FROM drafts WHERE typed IS NOT NULL AND (record_id = $1 OR form = $2 OR form = $3)",
        record.clone(),
        form(one)?,
        form(other)?
    )?;
    execute!(
        tx,
        "DELETE FROM drafts WHERE record_id = $1 OR form = $2 OR form = $3",
        record,
        form(one)?,
        form(other)?
    )?;
    Ok(u64::try_from(found.len()).unwrap_or(u64::MAX))
}

/// What is typed, as it is stored.
pub(super) fn typed(typed: &Typed) -> Result<String, DbError> {
    serde_json::to_string(typed).map_err(|_| DbError::Corrupt { column: "drafts.typed" })
}

fn form(of: DraftOf) -> Result<String, DbError> {
    serde_json::to_string(&of).map_err(|_| DbError::Corrupt { column: "drafts.form" })
}
