//! Creating and changing an inquiry, in one unit of work.

use domain::ids::{FileId, UserId};
use domain::records::{Owner, merge};
use domain::roles::Role;
use domain::time::Timestamp;
use wire::customers::Saved;
use wire::inquiries::{Inquiry, SaveInquiry};
use wire::records::Fields;
use wire::{ApiError, ApiResult, Problem};

use super::belongings;
use super::store::{self, New, Stored};
use crate::customers;
use crate::db::Tx;
use crate::records::{Form, fields_in, shown};
use crate::telephony::links;
use crate::telephony::numbers::NumberingPlan;

/// How many files an inquiry may have.
const MOST_FILES: usize = 20;

/// Who saves, when and where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pen {
    pub(super) by: UserId,
    pub(super) role: Role,
    pub(super) now: Timestamp,
    pub(super) plan: NumberingPlan,
}

/// Saves.
///
/// # Errors
/// What is wrong with it, or [`ApiError::NotFound`]; nothing is stored then.
pub(super) async fn save(tx: &mut Tx, pen: Pen, save: SaveInquiry) -> ApiResult<Saved<Inquiry>> {
    let fields = fields_in(tx).await?;
    let before = open(tx, pen, &save).await?;
    let form = Form { fields: &fields, owner: Owner::Inquiry, plan: pen.plan };
    let changes = form.changes(&before.values, &save.changes)?;
    let after = match merge(&before.values, &changes) {
        Ok(after) => after,
        Err(conflicts) => return Ok(Saved::Conflict { now: inquiry(&fields, before, pen.role), conflicts }),
    };
    let had: Vec<FileId> = before.attachments.iter().map(|attachment| attachment.file).collect();
    if after.is_empty() && save.attachments.is_empty() {
        return Err(nothing(&fields));
    }
    if save.attachments != had {
        attach(tx, pen, &before, &save.attachments).await?;
    }
    if after != before.values || save.attachments != had {
        store::put(tx, before.id, &after, Some(pen.by), pen.now).await?;
        belongings::index(tx, &fields, pen.plan, before.id).await?;
    }
    if let Some(call) = before.interaction {
        // What is written about a call that was nobody's says whose it was.
        links::note(tx, call, before.customer).await?;
    }
    let stored = store::in_tx(tx, pen.plan, before.id).await?.ok_or(ApiError::Server)?;
    Ok(Saved::Stored(inquiry(&fields, stored, pen.role)))
}

/// The inquiry, taken for writing; made if it is to be.
async fn open(tx: &mut Tx, pen: Pen, save: &SaveInquiry) -> ApiResult<Stored> {
    // The customer first: an erasure comes before this or after it, never between.
    let unknown = || ApiError::field("customer", Problem::Unknown);
    let customer = customers::living(tx, pen.plan, save.customer).await?.ok_or_else(unknown)?;
    let mut found = store::take(tx, pen.plan, save.id).await?;
    if found.is_none() {
        if save.version.is_some() {
            return Err(ApiError::NotFound);
        }
        let new = New { id: save.id, customer, interaction: save.interaction, by: Some(pen.by), now: pen.now };
        // Whether it was made here or by somebody who was quicker: it is there now.
        store::make(tx, &new).await?;
        found = store::take(tx, pen.plan, save.id).await?;
    }
    let stored = found.ok_or(ApiError::Server)?;
    if stored.customer != customer {
        return Err(unknown());
    }
    if stored.interaction != save.interaction {
        return Err(ApiError::field("interaction", Problem::Unknown));
    }
    Ok(stored)
}

async fn attach(tx: &mut Tx, pen: Pen, inquiry: &Stored, files: &[FileId]) -> ApiResult<()> {
    if files.len() > MOST_FILES {
        return Err(ApiError::field("attachments", Problem::TooMany { max: u32::try_from(MOST_FILES).unwrap_or(0) }));
    }
    for (n, id) in files.iter().enumerate() {
        let file = store::take_file(tx, *id).await?;
        let own = file.is_some_and(|file| match file.inquiry {
            Some(other) => other == inquiry.id,
            None => file.by == pen.by,
        });
        if !own || files.iter().take(n).any(|other| other == id) {
            return Err(ApiError::field("attachments", Problem::Unknown));
        }
    }
    Ok(store::attach(tx, inquiry.id, files, pen.now).await?)
}

/// An inquiry that says nothing is wrong at the first field that is asked for.
fn nothing(fields: &Fields) -> ApiError {
    let active = || fields.inquiry.iter().filter(|field| field.active);
    let first = active().find(|field| field.required).or_else(|| active().next());
    ApiError::field(&first.map_or_else(|| "attachments".to_owned(), |field| field.id.to_string()), Problem::Required)
}

/// The inquiry as this role sees it.
pub(super) fn inquiry(fields: &Fields, stored: Stored, role: Role) -> Inquiry {
    Inquiry {
        id: stored.id,
        version: stored.version,
        customer: stored.customer,
        interaction: stored.interaction,
        values: shown(fields, &stored.values, role),
        attachments: stored.attachments,
        created: stored.created,
        updated: stored.updated,
    }
}
