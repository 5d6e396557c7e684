//! The fields of customers and inquiries as the administrator defines them, and what every record has in common.

use std::collections::BTreeMap;

use domain::ids::{ChoiceId, FieldId, FileId, UserId};
use domain::records::{Before, Entered, Field, Key, Owner, Value, Wrong};
use domain::time::Timestamp;
use leptos::prelude::*;
use leptos::server_fn::codec::Json;
use serde::{Deserialize, Serialize};

use crate::error::{ApiError, Problem};
#[cfg(feature = "ssr")]
use crate::{error::ApiResult, session::Actor};

/// All fields, retired ones too: a company has tens, not thousands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fields {
    /// 顧客情報, by position.
    pub customer: Vec<Field>,
    /// お問合せ情報, by position.
    pub inquiry: Vec<Field>,
    /// The words of choices that no field names any more, since it became of another kind: what was chosen stays
    /// readable.
    #[serde(default)]
    pub former: BTreeMap<ChoiceId, String>,
}

impl Fields {
    /// Those of one kind of record.
    pub fn of(&self, owner: Owner) -> &[Field] {
        match owner {
            Owner::Customer => &self.customer,
            Owner::Inquiry => &self.inquiry,
        }
    }

    /// The field of that id.
    pub fn get(&self, id: FieldId) -> Option<&Field> {
        self.customer.iter().chain(&self.inquiry).find(|field| field.id == id)
    }

    /// The words of a choice of any field, retired ones too.
    pub fn choice(&self, id: ChoiceId) -> Option<&str> {
        self.customer
            .iter()
            .chain(&self.inquiry)
            .filter_map(|field| field.kind.choices())
            .find_map(|choices| choices.get(id))
            .map(|choice| choice.label.as_str())
            .or_else(|| self.former.get(&id).map(String::as_str))
    }
}

/// A value as this user may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// All of it.
    Plain(Value),
    /// `•••• 1234`: of a sensitive field, the last four characters of eight or more, else nothing.
    Masked {
        /// What is shown of it.
        tail: String,
        /// Whether this user may ask for the rest.
        may_unmask: bool,
    },
}

/// The values of a record as this user may see them; what is empty is absent.
pub type ShownValues = BTreeMap<Key, Shown>;

/// A field changed in a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// Which.
    pub key: Key,
    /// What the form began with.
    pub before: Before,
    /// What stands there now.
    pub after: Entered,
}

/// Who did something, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// When.
    pub at: Timestamp,
    /// Who; none for an import or the server itself.
    pub by: Option<UserId>,
    /// Their name, as it is now.
    pub name: Option<String>,
}

/// A file attached to an inquiry: sent first to `POST /api/attachments` (multipart, one part named `file`, at most
/// 20 MB), which answers with this; then named when the inquiry is saved. `GET /api/attachments/{file}` gives it back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Which.
    pub file: FileId,
    /// As it was called.
    pub name: String,
    /// In bytes.
    pub size: u64,
    /// Its media type by what it holds, not by its name: `image/jpeg`.
    pub media_type: String,
}

impl From<Wrong> for Problem {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::TooLong { max } => Self::TooLong { max },
            Wrong::TooMany { max } => Self::TooMany { max },
            Wrong::ControlCharacter => Self::ControlCharacter,
            Wrong::NotADecimal => Self::NotADecimal,
            Wrong::NotADate => Self::NotADate,
            Wrong::NotANumber => Self::NotANumber,
            Wrong::NotAnEmail => Self::NotAnEmail,
            Wrong::NotOffered | Wrong::Retired => Self::NotOffered,
            Wrong::OfAnotherType => Self::Malformed,
        }
    }
}

/// What the server does behind these functions.
#[cfg(feature = "ssr")]
#[async_trait::async_trait]
pub trait FieldsPort: Send + Sync {
    /// All of them.
    async fn fields(&self, actor: Actor) -> ApiResult<Fields>;
    /// Creates or changes one.
    async fn save(&self, actor: Actor, field: Field) -> ApiResult<Field>;
    /// Sets the order.
    async fn order(&self, actor: Actor, owner: Owner, order: Vec<FieldId>) -> ApiResult<()>;
}

#[cfg(feature = "ssr")]
use crate::context::{actor, port};

/// All fields.
///
/// # Errors
/// See [`ApiError`].
#[server(name = FieldsFn, prefix = "/api", endpoint = "records/fields", input = Json, output = Json)]
pub async fn fields() -> Result<Fields, ApiError> {
    port::<dyn FieldsPort>()?.fields(actor()?).await
}

/// Creates or changes a field by its id (made by the client); a new one goes to the end. Another kind changes no stored
/// value. Nothing is ever deleted: `active: false` retires it. Administrators only, audited.
///
/// # Errors
/// [`ApiError::Invalid`] with `label`, `help`, `kind`, `default`, `choices.<n>.label`, `choices.<n>.under`, `parent`.
#[server(name = SaveFieldFn, prefix = "/api", endpoint = "records/fields/save", input = Json, output = Json)]
pub async fn save_field(
    /// As it is to be.
    field: Field,
) -> Result<Field, ApiError> {
    port::<dyn FieldsPort>()?.save(actor()?, field).await
}

/// Sets the order of one owner's fields; those that are not named follow in their old order.
///
/// # Errors
/// [`ApiError::Invalid`] with `order` when one is unknown or named twice.
#[server(name = OrderFieldsFn, prefix = "/api", endpoint = "records/fields/order", input = Json, output = Json)]
pub async fn order_fields(
    /// Whose.
    owner: Owner,
    /// The ids in their new order.
    order: Vec<FieldId>,
) -> Result<(), ApiError> {
    port::<dyn FieldsPort>()?.order(actor()?, owner, order).await
}
