//! Two customers made one, and apart again.

use domain::ids::{CustomerId, InquiryId, InteractionId, MergeId, UserId};
use domain::records::{Key, Value, Values};
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use wire::{ApiError, ApiResult, Problem};

use super::store::{self, Kept, Stored};
use super::{numbers, searched};
use crate::audit::{self, Changes, Entry};
use crate::db::{DbError, Tx};
use crate::inquiries;
use crate::records::fields_in;
use crate::telephony::links;
use crate::telephony::numbers::NumberingPlan;

/// What is kept of a merge, so that it can be undone.
#[derive(Serialize, Deserialize)]
struct Snapshot {
    keep: Values,
    absorb: Values,
    merged: Values,
    calls: Vec<InteractionId>,
    inquiries: Vec<InquiryId>,
}

/// Who merges, when and where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hand {
    pub(super) by: UserId,
    pub(super) now: Timestamp,
    pub(super) plan: NumberingPlan,
}

/// Makes two customers one; gives who stayed.
///
/// # Errors
/// [`ApiError::NotFound`]; [`ApiError::Invalid`] with `absorb` when both are the same.
pub(super) async fn merge(
    tx: &mut Tx,
    hand: Hand,
    id: MergeId,
    (keep, absorb): (CustomerId, CustomerId),
    theirs: &[Key],
) -> ApiResult<Stored> {
    let (first, second) = if keep < absorb { (keep, absorb) } else { (absorb, keep) };
    // In one order, so that two merges of the same customers never wait for each other.
    store::take(tx, hand.plan, first).await?;
    store::take(tx, hand.plan, second).await?;
    let keep = store::take(tx, hand.plan, keep).await?.ok_or(ApiError::NotFound)?;
    let absorb = store::take(tx, hand.plan, absorb).await?.ok_or(ApiError::NotFound)?;
    if keep.id == absorb.id {
        return Err(ApiError::field("absorb", Problem::Malformed));
    }
    let merged = together(&keep.values, &absorb.values, theirs);
    store::put(tx, keep.id, &merged, Some(hand.by), hand.now).await?;
    store::list_numbers(tx, absorb.id, &[]).await?;
    store::set_merged(tx, absorb.id, Some(keep.id)).await?;
    searched::remove(tx, absorb.id).await?;
    let snapshot = Snapshot {
        keep: keep.values,
        absorb: absorb.values,
        merged,
        calls: links::give(tx, absorb.id, keep.id).await?,
        inquiries: inquiries::give(tx, absorb.id, keep.id).await?,
    };
    let fields = fields_in(tx).await?;
    searched::index(tx, &fields, keep.id, &snapshot.merged).await?;
    inquiries::index_all(tx, &fields, hand.plan, keep.id).await?;
    let snapshot = serde_json::to_string(&snapshot).map_err(|_| ApiError::Server)?;
    store::keep_merge(tx, id, Kept { keep: keep.id, absorb: absorb.id, snapshot }, hand.by, hand.now).await?;
    tell(tx, hand, "customer.merged", keep.id, absorb.id).await?;
    store::exactly(tx, hand.plan, keep.id).await?.ok_or(ApiError::Server)
}

/// Takes a merge apart; gives both.
///
/// # Errors
/// [`ApiError::NotFound`]; [`ApiError::Conflict`] when one of them was erased or merged again meanwhile.
pub(super) async fn undo(tx: &mut Tx, hand: Hand, id: MergeId) -> ApiResult<[CustomerId; 2]> {
    let kept = store::take_merge(tx, id, hand.now).await?.ok_or(ApiError::NotFound)?;
    let snapshot: Snapshot =
        serde_json::from_str(&kept.snapshot).map_err(|_| DbError::Corrupt { column: "customer_merges.snapshot" })?;
    let keep = store::take_exactly(tx, hand.plan, kept.keep).await?.ok_or(ApiError::Conflict)?;
    let absorb = store::take_exactly(tx, hand.plan, kept.absorb).await?.ok_or(ApiError::Conflict)?;
    if keep.merged_into.is_some() || absorb.merged_into != Some(keep.id) {
        return Err(ApiError::Conflict);
    }
    store::set_merged(tx, absorb.id, None).await?;
    store::put(tx, absorb.id, &snapshot.absorb, Some(hand.by), hand.now).await?;
    let own = apart(&keep.values, &snapshot);
    store::put(tx, keep.id, &own, Some(hand.by), hand.now).await?;
    links::give_back(tx, &snapshot.calls, keep.id, absorb.id).await?;
    inquiries::give_back(tx, &snapshot.inquiries, keep.id, absorb.id).await?;
    let fields = fields_in(tx).await?;
    for (id, values) in [(keep.id, &own), (absorb.id, &snapshot.absorb)] {
        searched::index(tx, &fields, id, values).await?;
        inquiries::index_all(tx, &fields, hand.plan, id).await?;
    }
    tell(tx, hand, "customer.merge_undone", keep.id, absorb.id).await?;
    Ok([keep.id, absorb.id])
}

async fn tell(
    tx: &mut Tx,
    hand: Hand,
    what: &'static str,
    keep: CustomerId,
    absorb: CustomerId,
) -> Result<(), DbError> {
    let changes = Changes::none().field("other", None, absorb.to_string());
    audit::record(tx, hand.now, Entry { who: Some(hand.by), what, subject: keep.to_string(), changes }).await
}

/// The own values where there are any, the other's elsewhere and where they are wanted; the numbers of both.
fn together(keep: &Values, absorb: &Values, theirs: &[Key]) -> Values {
    let mut merged = absorb.clone();
    for (key, value) in keep {
        if !(theirs.contains(key) && absorb.contains_key(key)) {
            merged.insert(*key, value.clone());
        }
    }
    if let (Some(Value::Phones(own)), Some(Value::Phones(others))) = (keep.get(&Key::Phones), absorb.get(&Key::Phones))
    {
        let mut all = own.clone();
        all.extend(others.iter().filter(|number| !own.iter().any(|known| known.e164 == number.e164)).cloned());
        merged.insert(Key::Phones, Value::Phones(all));
    }
    merged
}

/// What stays with the survivor: its own values as they were, and whatever came after the merge.
fn apart(current: &Values, snapshot: &Snapshot) -> Values {
    let mut own = current.clone();
    for key in snapshot.merged.keys() {
        if current.get(key) == snapshot.merged.get(key) {
            match snapshot.keep.get(key) {
                Some(value) => own.insert(*key, value.clone()),
                None => own.remove(key),
            };
        }
    }
    if let Some(Value::Phones(listed)) = own.get(&Key::Phones) {
        let mine = numbers(snapshot.keep.get(&Key::Phones));
        let theirs = numbers(snapshot.absorb.get(&Key::Phones));
        let stays =
            |number: &&domain::phone::ShownNumber| mine.contains(&number.e164) || !theirs.contains(&number.e164);
        let left: Vec<_> = listed.iter().filter(stays).cloned().collect();
        if left.is_empty() {
            own.remove(&Key::Phones);
        } else {
            own.insert(Key::Phones, Value::Phones(left));
        }
    }
    own
}
