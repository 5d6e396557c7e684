//! What becomes of inquiries when their customer becomes another, or is erased: parts of the customers' units of work.

use domain::ids::{CustomerId, FileId, InquiryId};

use super::store;
use crate::db::{DbError, Tx};

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
        files.extend(store::delete(tx, *inquiry).await?);
    }
    Ok(Erased { inquiries, files })
}
