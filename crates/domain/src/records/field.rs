//! The fields of a record: the built-in ones and those that the administrator defines.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Entered, Value};
use crate::ids::{ChoiceId, FieldId};
use crate::roles::Role;

/// Whose fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// 顧客情報
    Customer,
    /// お問合せ情報
    Inquiry,
}

/// Which field of a record: `name`, `reading`, `phones`, or the id of a defined one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Key {
    /// 氏名, of a customer.
    Name,
    /// フリガナ, of a customer: how the name sounds, for sorting.
    Reading,
    /// 電話番号, of a customer: several.
    Phones,
    /// A field that the administrator defined.
    Field(FieldId),
}

impl Key {
    /// The built-in fields of a customer, in the order of the form.
    pub const BUILT_IN: [Self; 3] = [Self::Name, Self::Reading, Self::Phones];
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("name"),
            Self::Reading => f.write_str("reading"),
            Self::Phones => f.write_str("phones"),
            Self::Field(id) => id.fmt(f),
        }
    }
}

impl FromStr for Key {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "name" => Ok(Self::Name),
            "reading" => Ok(Self::Reading),
            "phones" => Ok(Self::Phones),
            id => id.parse::<Uuid>().map(|id| Self::Field(FieldId(id))),
        }
    }
}

impl TryFrom<String> for Key {
    type Error = uuid::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.to_string()
    }
}

/// A field that the administrator defined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Which.
    pub id: FieldId,
    /// Of customers or of inquiries.
    pub owner: Owner,
    /// Its name, 1–60 characters, unique among its owner's active fields.
    pub label: String,
    /// What it takes.
    pub kind: Kind,
    /// Whether a record is complete only with it.
    pub required: bool,
    /// A line under the label; may be empty, up to 200 characters.
    pub help: String,
    /// What a new record begins with.
    pub default: Option<Value>,
    /// If set, the value is masked for everybody; this role and those above may unmask it, which is audited.
    pub sensitive: Option<Role>,
    /// A retired field is not asked for any more; values that it has stay readable.
    pub active: bool,
    /// Its place among its owner's fields.
    pub position: u32,
}

/// What a field takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One line of text.
    Text,
    /// Several lines of text.
    LongText,
    /// A decimal number.
    Number,
    /// A day.
    Date,
    /// One of several.
    Choice(Choices),
    /// Any of several.
    MultipleChoice(Choices),
    /// Yes or no.
    Checkbox,
    /// A phone number.
    Phone,
    /// An e-mail address.
    Email,
}

/// What can be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choices {
    /// The field whose choice narrows these (大分類 → 中分類): another single choice of the same owner.
    pub parent: Option<FieldId>,
    /// In the order of the list.
    pub options: Vec<Choice>,
}

/// One that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Which; a renamed one stays the same.
    pub id: ChoiceId,
    /// 1–60 characters, unique within its field.
    pub label: String,
    /// Under which choices of the parent it is offered; meaningless without a parent.
    #[serde(default)]
    pub under: Vec<ChoiceId>,
    /// A retired one is not offered any more; where it was chosen it stays readable.
    pub active: bool,
}

impl Choices {
    /// The choice of that id, retired ones too.
    pub fn get(&self, id: ChoiceId) -> Option<&Choice> {
        self.options.iter().find(|choice| choice.id == id)
    }

    /// What is offered when the parent field holds `above`: nothing while a parent is empty.
    pub fn offered(&self, above: Option<ChoiceId>) -> Vec<&Choice> {
        let fits = |choice: &&Choice| match (self.parent, above) {
            (None, _) => true,
            (Some(_), Some(above)) => choice.under.contains(&above),
            (Some(_), None) => false,
        };
        self.options.iter().filter(|choice| choice.active).filter(fits).collect()
    }
}

impl Kind {
    /// Its choices, if it has any.
    pub fn choices(&self) -> Option<&Choices> {
        match self {
            Self::Choice(choices) | Self::MultipleChoice(choices) => Some(choices),
            Self::Text | Self::LongText | Self::Number | Self::Date | Self::Checkbox | Self::Phone | Self::Email => {
                None
            }
        }
    }

    /// The field whose choice narrows this one's.
    pub fn parent(&self) -> Option<FieldId> {
        self.choices().and_then(|choices| choices.parent)
    }

    /// An untouched input of this kind.
    pub fn blank(&self) -> Entered {
        match self {
            Self::Text | Self::LongText | Self::Number | Self::Date | Self::Phone | Self::Email => {
                Entered::Text(String::new())
            }
            Self::Choice(_) => Entered::Choice(None),
            Self::MultipleChoice(_) => Entered::Choices(Vec::new()),
            Self::Checkbox => Entered::Checked(false),
        }
    }
}
