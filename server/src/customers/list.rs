//! The list of customers, and the few who match what somebody types.

use domain::records::Key;
use domain::roles::Role;
use wire::ApiResult;
use wire::customers::{Candidate, CustomerPage, CustomerRow, ListQuery, Total};
use wire::records::Fields;

use super::port::Customers;
use super::store::{self, Stored};
use super::{numbers, text};
use crate::records::{in_words, shown};

/// How many rows a page holds.
const PAGE: i64 = 50;
/// How many are found as somebody types.
const FOUND: i64 = 20;
/// How many details a candidate has.
const DETAILS: usize = 3;

impl Customers {
    /// The customers whose record holds what was typed, as it stands.
    pub(super) async fn page(&self, role: Role, fields: &Fields, query: &ListQuery) -> ApiResult<CustomerPage> {
        let found = store::newest(self.db(), self.plan(), query.search.trim(), PAGE).await?;
        let rows: Vec<CustomerRow> = found
            .into_iter()
            .map(|stored| CustomerRow {
                id: stored.id,
                values: shown(fields, &stored.values, role),
                updated_at: stored.updated.at,
                last_contact: stored.last_contact,
            })
            .collect();
        let total = Total::AtLeast(u64::try_from(rows.len()).unwrap_or(u64::MAX));
        Ok(CustomerPage { rows, next: None, total })
    }

    /// A few of them.
    pub(super) async fn few(&self, fields: &Fields, search: &str) -> ApiResult<Vec<Candidate>> {
        let found = store::newest(self.db(), self.plan(), search.trim(), FOUND).await?;
        Ok(found.into_iter().map(|stored| self.candidate(fields, &stored)).collect())
    }

    /// A customer in a few words.
    pub(super) fn candidate(&self, fields: &Fields, stored: &Stored) -> Candidate {
        let plain = fields.customer.iter().filter(|field| field.active && field.sensitive.is_none());
        let details = plain.filter_map(|field| {
            let words = in_words(fields, stored.values.get(&Key::Field(field.id))?);
            (!words.is_empty()).then(|| (field.label.clone(), words))
        });
        Candidate {
            id: stored.id,
            name: text(stored.values.get(&Key::Name)),
            reading: text(stored.values.get(&Key::Reading)),
            phones: numbers(stored.values.get(&Key::Phones)).iter().map(|number| self.plan().show(number)).collect(),
            details: details.take(DETAILS).collect(),
            last_contact: stored.last_contact,
        }
    }
}
