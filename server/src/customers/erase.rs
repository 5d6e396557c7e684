//! A customer erased for good, with a certificate of how much that was.

use domain::ids::{CustomerId, ErasureId, FileId, InteractionId};
use domain::phone::E164;
use domain::records::Key;
use serde::Serialize;
use wire::customers::Certificate;
use wire::records::Stamp;
use wire::{ApiError, ApiResult};

use super::merge::Hand;
use super::{numbers, searched, store};
use crate::audit::{self, Changes, Entry};
use crate::db::Tx;
use crate::telephony::links;
use crate::{drafts, inquiries};

/// What was erased.
#[derive(Debug)]
pub(super) struct Erased {
    pub(super) certificate: Certificate,
    /// Whose bytes are still to be forgotten.
    pub(super) files: Vec<FileId>,
    pub(super) customers: Vec<CustomerId>,
    pub(super) calls: Vec<InteractionId>,
    pub(super) numbers: Vec<E164>,
}

/// The counts as they are kept.
#[derive(Serialize)]
struct Counts {
    fields: u32,
    phones: u32,
    inquiries: u32,
    files: u32,
    drafts: u32,
    calls: u32,
}

/// Erases.
///
/// # Errors
/// [`ApiError::NotFound`]; [`ApiError::Conflict`] during a call with the customer.
pub(super) async fn erase(tx: &mut Tx, hand: Hand, id: CustomerId) -> ApiResult<Erased> {
    let stored = store::take(tx, hand.plan, id).await?.ok_or(ApiError::NotFound)?;
    let listed = numbers(stored.values.get(&Key::Phones));
    let mut own = Vec::new();
    for number in &listed {
        // A number that somebody else has too stays with nobody's calls: they may be the other's.
        if store::count_having(tx, number).await? <= 1 {
            own.push(number.clone());
        }
    }
    if links::any_open(tx, stored.id, &own).await? {
        return Err(ApiError::Conflict);
    }
    let mut customers = store::absorbed(tx, stored.id).await?;
    customers.push(stored.id);
    let gone = inquiries::erase(tx, stored.id).await?;
    let calls = links::forget(tx, stored.id, &own).await?;
    let mut forgotten = 0;
    for customer in &customers {
        forgotten += drafts::erase(tx, drafts::About::Customer(*customer)).await?;
    }
    for inquiry in &gone.inquiries {
        forgotten += drafts::erase(tx, drafts::About::Inquiry(*inquiry)).await?;
    }
    for call in &calls {
        forgotten += drafts::erase(tx, drafts::About::Call(*call)).await?;
    }
    // Those that were merged into others first: each names what it became. The list begins with the latest.
    for customer in customers.iter().take(customers.len().saturating_sub(1)).rev().chain(customers.last()) {
        searched::remove(tx, *customer).await?;
        store::delete(tx, *customer).await?;
    }
    let certificate = Certificate {
        id: ErasureId(uuid::Uuid::now_v7()),
        customer: stored.id,
        erased: Stamp { at: hand.now, by: Some(hand.by), name: store::user_name(tx, hand.by).await? },
        fields: count(stored.values.len()),
        phones: count(listed.len()),
        inquiries: count(gone.inquiries.len()),
        files: count(gone.files.len()),
        drafts: u32::try_from(forgotten).unwrap_or(u32::MAX),
        calls: count(calls.len()),
    };
    certify(tx, hand, &certificate, &customers).await?;
    Ok(Erased { certificate, files: gone.files, customers, calls, numbers: listed })
}

async fn certify(tx: &mut Tx, hand: Hand, certificate: &Certificate, customers: &[CustomerId]) -> ApiResult<()> {
    let Certificate { fields, phones, inquiries, files, drafts, calls, .. } = *certificate;
    let counts = Counts { fields, phones, inquiries, files, drafts, calls };
    let counts = serde_json::to_string(&counts).map_err(|_| ApiError::Server)?;
    for customer in customers {
        // Also of those who were merged into this one: none of the ids is ever used again.
        let id = if *customer == certificate.customer { certificate.id } else { ErasureId(uuid::Uuid::now_v7()) };
        store::certify(tx, id, *customer, hand.by, hand.now, counts.clone()).await?;
    }
    let subject = certificate.customer.to_string();
    let changes = Changes::none().field("certificate", None, certificate.id.to_string());
    audit::record(tx, hand.now, Entry { who: Some(hand.by), what: "customer.erased", subject, changes }).await?;
    Ok(())
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
