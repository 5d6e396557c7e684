//! Identifiers: one type each, so that a queue can never be passed where a user is meant.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

id! {
    /// A person who can sign in: agent, supervisor or administrator.
    UserId;
    /// An extension (内線番号) that a user may be assigned.
    ExtensionId;
    /// A SIP trunk towards a carrier or PBX.
    TrunkId;
    /// A number of ours: dialled by customers (DNIS) and shown to them (caller number).
    NumberId;
    /// A queue: members, rule, music, hours.
    QueueId;
    /// A unit of work with a customer: one call, one chat, one SMS.
    InteractionId;
    /// A customer's record.
    CustomerId;
    /// An inquiry (お問合せ履歴): what a customer wanted, once.
    InquiryId;
    /// A customer or an inquiry, as its form says.
    RecordId;
    /// Two customers made one.
    MergeId;
    /// A customer erased.
    ErasureId;
    /// A file of customers brought in.
    ImportId;
    /// A field that the administrator defined for customers or inquiries.
    FieldId;
    /// One choice of such a field.
    ChoiceId;
    /// A stored file.
    FileId;
    /// One press on a keypad, or several at once, made by the tab: sent twice, it is keyed once.
    PressId;
    /// One browser tab, made by the tab itself and kept across its reloads.
    ClientId;
}
