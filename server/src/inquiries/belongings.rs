//! What becomes of inquiries when their customer becomes another, or is erased: parts of the customers' units of work.

use domain::ids::{CustomerId, FileId, InquiryId};
use wire::records::Fields;

use super::store;
use crate::customers;
use crate::db::{DbError, Tx};
use crate::records::add_fields;
use crate::search::{self, Corpus, Document};
use crate::telephony::numbers::NumberingPlan;

/// What was erased.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// The inquiries.
    pub inquiries: Vec<InquiryId>,
    /// The files, whose bytes are to be forgotten once this is durable ([`super::Inquiries::forget_files`]).
    pub files: Vec<FileId>,
}

/// Gives all inquiries of one customer to another, and says which those were.
///
/// # Errors
/// The database failed.
pub async fn give(tx: &mut Tx, from: CustomerId, to: CustomerId) -> Result<Vec<InquiryId>, DbError> {
    let all = store::ids_of_customer(tx, from).await?;
    give_back(tx, &all, from, to).await?;
    Ok(all)
}

/// Makes all inquiries of a customer findable anew, whose name or numbers have changed: oldest first, so that they keep
/// their order.
///
/// # Errors
/// The database failed.
pub async fn index_all(tx: &mut Tx, fields: &Fields, plan: NumberingPlan, customer: CustomerId) -> Result<(), DbError> {
    for inquiry in store::ids_of_customer(tx, customer).await? {
        index(tx, fields, plan, inquiry).await?;
    }
    Ok(())
}

/// Makes an inquiry findable as it is now, by what it says and by whom it is of.
pub(super) async fn index(tx: &mut Tx, fields: &Fields, plan: NumberingPlan, id: InquiryId) -> Result<(), DbError> {
    let Some(stored) = store::in_tx(tx, plan, id).await? else { return Ok(()) };
    let mut document = Document::new();
    if let Some(whom) = customers::record_in(tx, plan, stored.customer).await? {
        customers::add_whom(&mut document, &whom);
    }
    add_fields(&mut document, fields, &stored.values);
    search::index(tx, Corpus::Inquiries, &id.to_string(), &document).await.map(drop)
}

/// Gives these inquiries to another customer, as far as `from` still has them.
///
/// # Errors
/// The database failed.
pub async fn give_back(tx: &mut Tx, inquiries: &[InquiryId], from: CustomerId, to: CustomerId) -> Result<(), DbError> {
    for inquiry in inquiries {
        store::hand_over(tx, *inquiry, from, to).await?;
    }
    Ok(())
}

/// Erases all inquiries of a customer.
///
/// # Errors
/// The database failed.
pub async fn erase(tx: &mut Tx, customer: CustomerId) -> Result<Erased, DbError> {
    let inquiries = store::ids_of_customer(tx, customer).await?;
    let mut files = Vec::new();
    for inquiry in &inquiries {
        search::remove(tx, Corpus::Inquiries, &inquiry.to_string()).await?;
        files.extend(store::delete(tx, *inquiry).await?);
    }
    Ok(Erased { inquiries, files })
}
