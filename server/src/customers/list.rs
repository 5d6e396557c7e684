//! The list of customers, and the few who match what somebody types.

#[cfg(test)]
mod tests;

use domain::records::{Key, Owner};
use domain::roles::Role;
use wire::ApiResult;
use wire::customers::{Candidate, CustomerPage, CustomerRow, ListQuery};
use wire::records::Fields;

use super::port::Customers;
use super::store::{self, Stored};
use super::{numbers, text};
use crate::records::{
    COUNTED, COUNTED_HITS, Conditions, MOST_SORTED, PAGE, Placed, cut, in_words, is_newest_first, place, shown, sorted,
    total,
};
use crate::search::{self, Corpus, Hit, Query};

/// How many are found as somebody types.
const FOUND: usize = 20;
/// How many details a candidate has.
const DETAILS: usize = 3;
/// How many records are asked for at once where all are wanted.
const TOGETHER: i64 = 10_000;

impl Customers {
    /// A page of customers.
    ///
    /// What was typed is looked for by the search, whose order is that of the last update. In another order, or with
    /// filters, the 5,000 last updated of the hits are taken, filtered and sorted.
    pub(super) async fn page(&self, role: Role, fields: &Fields, query: &ListQuery) -> ApiResult<CustomerPage> {
        let conditions = Conditions::read(fields, Owner::Customer, &query.filters)?;
        let wanted = Query::read(&query.search);
        let (ids, next, total) = if wanted == Query::Everything {
            let after: Option<Placed> = place(query.after.as_ref())?;
            let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
            let mut found = store::places(self.db(), &conditions, query.sort, after.as_ref(), limit).await?;
            let next = cut(&mut found, Placed::clone);
            let counted = store::count(self.db(), &conditions, COUNTED).await?;
            (ids(found), next, total(counted, COUNTED))
        } else if is_newest_first(query) {
            let after: Option<i64> = place(query.after.as_ref())?;
            let mut hits = self.hits(&wanted, after, PAGE + 1).await?;
            let next = cut(&mut hits, |hit| hit.place);
            let counted = self.hits(&wanted, None, COUNTED_HITS + 1).await?.len();
            (hits.into_iter().map(|hit| hit.id).collect(), next, total(rows(counted), rows(COUNTED_HITS)))
        } else {
            let after: Option<Placed> = place(query.after.as_ref())?;
            let hits = self.hits(&wanted, None, MOST_SORTED + 1).await?;
            let all = hits.len() <= MOST_SORTED;
            let hits: Vec<String> = hits.into_iter().take(MOST_SORTED).map(|hit| hit.id).collect();
            let found = store::places_of(self.db(), &conditions, query.sort.by, &hits).await?;
            let counted = rows(found.len());
            let mut found = sorted(found, query.sort, after.as_ref(), PAGE + 1);
            let next = cut(&mut found, Placed::clone);
            (ids(found), next, total(counted, if all { i64::MAX } else { counted - 1 }))
        };
        let found = store::all(self.db(), self.plan(), &ids).await?;
        let rows = found
            .into_iter()
            .map(|stored| CustomerRow {
                id: stored.id,
                values: shown(fields, &stored.values, role),
                updated_at: stored.updated.at,
                last_contact: stored.last_contact,
            })
            .collect();
        Ok(CustomerPage { rows, next, total })
    }

    /// A few of them, the most recently contacted of the last updated first.
    pub(super) async fn few(&self, fields: &Fields, search: &str) -> ApiResult<Vec<Candidate>> {
        let hits = self.hits(&Query::read(search), None, FOUND).await?;
        let ids: Vec<String> = hits.into_iter().map(|hit| hit.id).collect();
        let mut found = store::all(self.db(), self.plan(), &ids).await?;
        found.sort_by_key(|stored| std::cmp::Reverse(stored.last_contact));
        Ok(found.iter().map(|stored| self.candidate(fields, stored)).collect())
    }

    /// The ids of all that a query finds, in its order.
    ///
    /// # Errors
    /// A wrong filter; the database failed.
    pub async fn ids(&self, query: &ListQuery) -> ApiResult<Vec<String>> {
        let fields = self.fields().await?;
        let conditions = Conditions::read(&fields, Owner::Customer, &query.filters)?;
        let wanted = Query::read(&query.search);
        let mut all = Vec::new();
        if wanted == Query::Everything {
            let mut after = None;
            loop {
                let found = store::places(self.db(), &conditions, query.sort, after.as_ref(), TOGETHER).await?;
                let Some(last) = found.last() else { return Ok(all) };
                after = Some(last.clone());
                all.extend(ids(found));
            }
        }
        let mut before = None;
        let mut found = Vec::new();
        loop {
            let hits = self.hits(&wanted, before, MOST_SORTED).await?;
            let Some(last) = hits.last() else { break };
            before = Some(last.place);
            let hits: Vec<String> = hits.into_iter().map(|hit| hit.id).collect();
            if is_newest_first(query) {
                all.extend(hits);
            } else {
                found.extend(store::places_of(self.db(), &conditions, query.sort.by, &hits).await?);
            }
        }
        all.extend(ids(sorted(found, query.sort, None, usize::MAX)));
        Ok(all)
    }

    /// These customers, in this order, as they are stored; one who is gone is left out.
    ///
    /// # Errors
    /// The database failed.
    pub async fn lines(&self, role: Role, ids: &[String]) -> ApiResult<Vec<CustomerLine>> {
        let fields = self.fields().await?;
        let found = store::all(self.db(), self.plan(), ids).await?;
        let line = |stored: Stored| CustomerLine {
            values: shown(&fields, &stored.values, role),
            created: stored.created.at,
            updated: stored.updated.at,
            last_contact: stored.last_contact,
        };
        Ok(found.into_iter().map(line).collect())
    }

    async fn hits(&self, wanted: &Query, before: Option<i64>, limit: usize) -> ApiResult<Vec<Hit>> {
        Ok(search::find(self.db(), Corpus::Customers, wanted, before, limit).await?)
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

/// A customer as a file has them.
#[derive(Clone, Debug)]
pub struct CustomerLine {
    /// As the role sees them.
    pub values: wire::records::ShownValues,
    /// When it was made.
    pub created: domain::time::Timestamp,
    /// The last change.
    pub updated: domain::time::Timestamp,
    /// The last contact.
    pub last_contact: Option<domain::time::Timestamp>,
}

fn ids(found: Vec<Placed>) -> Vec<String> {
    found.into_iter().map(|placed| placed.id).collect()
}

fn rows(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
