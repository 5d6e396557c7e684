//! The list of inquiries.

use domain::records::Owner;
use domain::roles::Role;
use domain::time::Timestamp;
use wire::ApiResult;
use wire::customers::ListQuery;
use wire::inquiries::{InquiryPage, InquiryRow};
use wire::records::{Fields, ShownValues};

use super::port::Inquiries;
use super::{save, store};
use crate::records::{COUNTED, Conditions, MOST_SORTED, PAGE, Placed, cut, place, shown, sorted, total};
use crate::search::{self, Corpus, Query};

/// How many records are asked for at once where all are wanted.
const TOGETHER: i64 = 10_000;

impl Inquiries {
    /// A page of inquiries. Of the hits of a search, the 5,000 that were last changed are filtered and sorted.
    pub(super) async fn page(&self, role: Role, fields: &Fields, query: &ListQuery) -> ApiResult<InquiryPage> {
        let conditions = Conditions::read(fields, Owner::Inquiry, &query.filters)?;
        let after: Option<Placed> = place(query.after.as_ref())?;
        let wanted = Query::read(&query.search);
        let (mut found, total) = if wanted == Query::Everything {
            let limit = rows(PAGE + 1);
            let found = store::places(self.db(), &conditions, query.sort, after.as_ref(), limit).await?;
            (found, total(store::count(self.db(), &conditions, COUNTED).await?, COUNTED))
        } else {
            let hits = search::find(self.db(), Corpus::Inquiries, &wanted, None, MOST_SORTED + 1).await?;
            let all = hits.len() <= MOST_SORTED;
            let hits: Vec<String> = hits.into_iter().take(MOST_SORTED).map(|hit| hit.id).collect();
            let found = store::places_of(self.db(), &conditions, query.sort.by, &hits).await?;
            let counted = rows(found.len());
            let total = total(counted, if all { i64::MAX } else { counted - 1 });
            (sorted(found, query.sort, after.as_ref(), PAGE + 1), total)
        };
        let next = cut(&mut found, Placed::clone);
        let found = store::all(self.db(), self.plan(), &ids(found)).await?;
        let row = |(stored, customer_name)| InquiryRow { inquiry: save::inquiry(fields, stored, role), customer_name };
        Ok(InquiryPage { rows: found.into_iter().map(row).collect(), next, total })
    }

    /// The ids of all that a query finds, in its order.
    ///
    /// # Errors
    /// A wrong filter; the database failed.
    pub async fn ids(&self, query: &ListQuery) -> ApiResult<Vec<String>> {
        let fields = self.fields().await?;
        let conditions = Conditions::read(&fields, Owner::Inquiry, &query.filters)?;
        let wanted = Query::read(&query.search);
        let mut found = Vec::new();
        if wanted == Query::Everything {
            let mut after = None;
            loop {
                let some = store::places(self.db(), &conditions, query.sort, after.as_ref(), TOGETHER).await?;
                let Some(last) = some.last() else { return Ok(ids(found)) };
                after = Some(last.clone());
                found.extend(some);
            }
        }
        let mut before = None;
        loop {
            let hits = search::find(self.db(), Corpus::Inquiries, &wanted, before, MOST_SORTED).await?;
            let Some(last) = hits.last() else { break };
            before = Some(last.place);
            let hits: Vec<String> = hits.into_iter().map(|hit| hit.id).collect();
            found.extend(store::places_of(self.db(), &conditions, query.sort.by, &hits).await?);
        }
        Ok(ids(sorted(found, query.sort, None, usize::MAX)))
    }

    /// These inquiries, in this order, as they are stored; one that is gone is left out.
    ///
    /// # Errors
    /// The database failed.
    pub async fn lines(&self, role: Role, ids: &[String]) -> ApiResult<Vec<InquiryLine>> {
        let fields = self.fields().await?;
        let found = store::all(self.db(), self.plan(), ids).await?;
        let line = |(stored, customer): (store::Stored, String)| InquiryLine {
            values: shown(&fields, &stored.values, role),
            created: stored.created.at,
            updated: stored.updated.at,
            writer: stored.created.name,
            customer,
        };
        Ok(found.into_iter().map(line).collect())
    }
}

/// An inquiry as a file has it.
#[derive(Clone, Debug)]
pub struct InquiryLine {
    /// As the role sees it.
    pub values: ShownValues,
    /// When it was made.
    pub created: Timestamp,
    /// The last change.
    pub updated: Timestamp,
    /// Who wrote it.
    pub writer: Option<String>,
    /// Its customer's name.
    pub customer: String,
}

fn ids(found: Vec<Placed>) -> Vec<String> {
    found.into_iter().map(|placed| placed.id).collect()
}

fn rows(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
