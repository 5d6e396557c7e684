//! Which inquiry is on display. Nothing here draws.

use domain::ids::{CustomerId, InquiryId, InteractionId};
use wire::drafts::DraftOf;
use wire::inquiries::Inquiry;
use wire::records::Stamp;

use crate::customers::model::Target;
use crate::records::form::model::Record;

/// For whom or what an inquiry is written by itself, when nobody opened another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Place {
    /// For nobody.
    #[default]
    Nowhere,
    /// About a call: the one that was written about it already, else a new one.
    Call(InteractionId),
    /// A new one of a customer, without any call.
    Customer(CustomerId),
}

impl Place {
    /// Of whoever is on display. While a call's customer is being found, chosen or saved, it stays the call's.
    pub(crate) fn of(target: &Target) -> Self {
        match (target.call(), target.customer()) {
            (Some(call), _) => Self::Call(call),
            (None, Some(customer)) => Self::Customer(customer),
            (None, None) => Self::Nowhere,
        }
    }

    /// Whose draft a new inquiry there is.
    pub(crate) fn draft(self) -> Option<DraftOf> {
        match self {
            Self::Nowhere => None,
            Self::Call(call) => Some(DraftOf::CallInquiry(call)),
            Self::Customer(customer) => Some(DraftOf::CustomerInquiry(customer)),
        }
    }
}

/// A stored inquiry that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Open {
    /// Which.
    pub(crate) id: InquiryId,
    /// Whose.
    pub(crate) customer: CustomerId,
    /// About which call.
    pub(crate) call: Option<InteractionId>,
    /// When it was made, and by whom.
    pub(crate) created: Stamp,
}

impl Open {
    /// The open one.
    pub(crate) fn of(inquiry: &Inquiry) -> Self {
        Self { id: inquiry.id, customer: inquiry.customer, call: inquiry.interaction, created: inquiry.created.clone() }
    }
}

/// An inquiry as a form takes it.
pub(crate) fn record(inquiry: &Inquiry) -> Record {
    Record {
        version: inquiry.version,
        values: inquiry.values.clone(),
        files: inquiry.attachments.clone(),
        updated: inquiry.updated.clone(),
    }
}

/// `812 B`, `1.2 MB`: rounded up, so that nothing is called smaller than it is.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} KB", bytes.div_ceil(1_000)),
        _ => {
            let tenths = bytes.div_ceil(100_000);
            format!("{}.{} MB", tenths / 10, tenths % 10)
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const CALL: InteractionId = InteractionId(Uuid::from_u128(1));
    const CUSTOMER: CustomerId = CustomerId(Uuid::from_u128(2));

    #[test]
    fn s35_what_is_written_in_a_call_stays_the_calls_while_its_customer_is_found_and_saved() {
        let unknown = Target::Unregistered { call: CALL, number: None };
        let saved = Target::Customer { id: CUSTOMER, call: Some(CALL) };
        for target in [unknown, Target::Pick { call: CALL }, saved] {
            assert_eq!(Place::of(&target), Place::Call(CALL));
        }
        assert_eq!(Place::Call(CALL).draft(), Some(DraftOf::CallInquiry(CALL)));
    }

    #[test]
    fn s37_a_customer_looked_up_without_any_call_is_enough_to_write_one() {
        let place = Place::of(&Target::Customer { id: CUSTOMER, call: None });
        assert_eq!(place.draft(), Some(DraftOf::CustomerInquiry(CUSTOMER)));
        assert_eq!((Place::of(&Target::New), Place::of(&Target::Nobody)), (Place::Nowhere, Place::Nowhere));
    }

    #[test]
    fn sizes_are_read_at_a_glance() {
        let of = |bytes| size(bytes);
        assert_eq!((of(812), of(1_001), of(20_000_000)), ("812 B".into(), "2 KB".into(), "20.0 MB".into()));
    }
}
