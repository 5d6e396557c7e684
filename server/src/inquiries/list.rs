//! The list of inquiries.

use domain::roles::Role;
use wire::ApiResult;
use wire::customers::{ListQuery, Total};
use wire::inquiries::{InquiryPage, InquiryRow};
use wire::records::Fields;

use super::port::Inquiries;
use super::{save, store};

/// How many rows a page holds.
const PAGE: i64 = 50;

impl Inquiries {
    /// The inquiries that hold what was typed, as it stands.
    pub(super) async fn page(&self, role: Role, fields: &Fields, query: &ListQuery) -> ApiResult<InquiryPage> {
        let found = store::newest(self.db(), self.plan(), query.search.trim(), PAGE).await?;
        let rows: Vec<InquiryRow> = found
            .into_iter()
            .map(|(stored, customer_name)| InquiryRow { inquiry: save::inquiry(fields, stored, role), customer_name })
            .collect();
        let total = Total::AtLeast(u64::try_from(rows.len()).unwrap_or(u64::MAX));
        Ok(InquiryPage { rows, next: None, total })
    }
}
