//! A customer's history: calls and inquiries, newest first.

use domain::ids::CustomerId;
use domain::time::Timestamp;
use wire::ApiResult;
use wire::customers::{Entry, Timeline};
use wire::session::Actor;

use super::port::Customers;

/// How many entries a page holds; more only where several are of the same millisecond as its last.
const PAGE: usize = 30;

impl Customers {
    /// What is older than `before`.
    pub(super) async fn history(
        &self,
        actor: &Actor,
        customer: CustomerId,
        before: Option<Timestamp>,
    ) -> ApiResult<Timeline> {
        let before = before.unwrap_or(Timestamp(i64::MAX));
        let calls = self.surroundings().calls_of(customer, before, PAGE + 1).await?;
        let inquiries = self.surroundings().inquiries_of(actor, customer, before, PAGE + 1).await?;
        let mut entries: Vec<Entry> =
            calls.into_iter().map(Entry::Call).chain(inquiries.into_iter().map(Entry::Inquiry)).collect();
        entries.sort_by_key(|entry| std::cmp::Reverse(at(entry)));
        let Some(last) = entries.get(PAGE - 1).map(at) else { return Ok(Timeline { entries, next: None }) };
        let more = entries.iter().any(|entry| at(entry) < last);
        entries.retain(|entry| at(entry) >= last);
        Ok(Timeline { entries, next: more.then_some(last) })
    }
}

fn at(entry: &Entry) -> Timestamp {
    match entry {
        Entry::Call(call) => call.started_at,
        Entry::Inquiry(inquiry) => inquiry.created.at,
    }
}
