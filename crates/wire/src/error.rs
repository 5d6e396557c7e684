//! Why a server function did not do what was asked.

use domain::refusal::Refusal;
use leptos::prelude::{FromServerFnError, ServerFnErrorErr};
use leptos::server_fn::codec::JsonEncoding;
use serde::{Deserialize, Serialize};

/// The answer of every server function.
pub type ApiResult<T> = Result<T, ApiError>;

/// What the desk can decide by; the words are in its message files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum ApiError {
    /// HTTP 401: nobody is signed in, or no longer.
    #[error("not signed in")]
    SignedOut,
    /// HTTP 401: the pair of login and password is wrong. Never says which of the two.
    #[error("wrong login or password")]
    WrongCredentials,
    /// HTTP 403: this role may not do it.
    #[error("not permitted")]
    Forbidden,
    /// HTTP 404: there is no such thing, or not for this user.
    #[error("not found")]
    NotFound,
    /// HTTP 409: the product's rules do not allow it now.
    #[error("refused: {refusal}")]
    Refused {
        /// Why.
        refusal: Refusal,
    },
    /// HTTP 409: somebody else saved first.
    #[error("changed meanwhile")]
    Conflict,
    /// HTTP 422: some fields are wrong; nothing was saved.
    #[error("invalid input")]
    Invalid {
        /// Which, and why.
        fields: Vec<FieldError>,
    },
    /// HTTP 429: too many tries.
    #[error("too many tries")]
    TooMany {
        /// Seconds until the next try is heard.
        retry_after_s: u32,
    },
    /// HTTP 503: the server is starting or stopping, or a thing that it needs is gone.
    #[error("not available right now")]
    Unavailable,
    /// The request did not reach the server, or its answer did not come back.
    #[error("offline")]
    Offline,
    /// HTTP 500: our fault; the log knows more under the request id.
    #[error("the server failed")]
    Server,
}

/// One wrong field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// The field's name as in the input's Rust struct: `login`, `members`.
    pub field: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Problem {
    /// Required, and empty.
    Required,
    /// Longer than allowed.
    TooLong {
        /// In characters.
        max: u32,
    },
    /// Shorter than allowed.
    TooShort {
        /// In characters.
        min: u32,
    },
    /// Outside its bounds.
    OutOfRange {
        /// Lowest allowed.
        min: i64,
        /// Highest allowed.
        max: i64,
    },
    /// Somebody or something else has this name or number.
    Taken,
    /// Not a phone number.
    NotANumber,
    /// Not a host name or an address.
    NotAHost,
    /// Not of the form that this field wants; the help text beside the field says which.
    Malformed,
    /// Names something that does not exist (any more).
    Unknown,
    /// Something else still needs it.
    InUse,
    /// Not a file of the wanted kind.
    WrongKind,
    /// More entries than allowed.
    TooMany {
        /// How many are allowed.
        max: u32,
    },
    /// Holds a control character.
    ControlCharacter,
    /// Not a decimal number.
    NotADecimal,
    /// Not a day of the calendar.
    NotADate,
    /// Not an e-mail address.
    NotAnEmail,
    /// Not among the choices that are offered now.
    NotOffered,
    /// Larger than allowed.
    TooLarge {
        /// In bytes.
        max: u64,
    },
}

impl ApiError {
    /// The HTTP status that goes with it.
    pub fn status(&self) -> u16 {
        match self {
            Self::SignedOut | Self::WrongCredentials => 401,
            Self::Forbidden => 403,
            Self::NotFound => 404,
            Self::Refused { .. } | Self::Conflict => 409,
            Self::Invalid { .. } => 422,
            Self::TooMany { .. } => 429,
            Self::Unavailable | Self::Offline => 503,
            Self::Server => 500,
        }
    }

    /// One wrong field.
    pub fn field(field: &str, problem: Problem) -> Self {
        Self::Invalid { fields: vec![FieldError { field: field.to_owned(), problem }] }
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused { refusal }
    }
}

impl FromServerFnError for ApiError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Request(_) | ServerFnErrorErr::Response(_) => Self::Offline,
            ServerFnErrorErr::Registration(_)
            | ServerFnErrorErr::UnsupportedRequestMethod(_)
            | ServerFnErrorErr::MiddlewareError(_)
            | ServerFnErrorErr::Deserialization(_)
            | ServerFnErrorErr::Serialization(_)
            | ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_)
            | ServerFnErrorErr::ServerError(_) => Self::Server,
        }
    }
}
