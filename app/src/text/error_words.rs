//! The words for what a server function answers when it did not do what was asked.

use wire::{ApiError, Problem};

use super::Messages;

impl Messages {
    /// What happened, then what to do.
    pub fn error(&self, error: &ApiError) -> String {
        match error {
            ApiError::SignedOut => self.sign_in_ended.to_owned(),
            ApiError::WrongCredentials => self.sign_in_wrong.to_owned(),
            ApiError::Forbidden => self.error_forbidden.to_owned(),
            ApiError::NotFound => self.error_not_loaded.to_owned(),
            ApiError::Refused { refusal } => self.refusal(*refusal).to_owned(),
            ApiError::Conflict => self.error_conflict.to_owned(),
            ApiError::Invalid { fields } => self.error_summary(fields.len()),
            ApiError::TooMany { retry_after_s: _ } => self.sign_in_locked.to_owned(),
            ApiError::Unavailable | ApiError::Offline => self.error_network.to_owned(),
            ApiError::Server => self.error_server.to_owned(),
        }
    }

    /// What is wrong with a field.
    pub fn problem(&self, problem: &Problem) -> String {
        match problem {
            Problem::Required => self.field_required.to_owned(),
            Problem::TooLong { max } => self.field_too_long(max),
            Problem::TooShort { min } => self.field_too_short(min),
            Problem::OutOfRange { min, max } => self.field_out_of_range(min, max),
            Problem::Taken => self.field_taken.to_owned(),
            Problem::NotANumber => self.field_not_a_phone_number.to_owned(),
            Problem::NotAHost => self.field_not_an_address.to_owned(),
            Problem::Malformed => self.field_invalid.to_owned(),
            Problem::Unknown => self.field_unknown.to_owned(),
            Problem::InUse => self.field_in_use.to_owned(),
            Problem::WrongKind => self.field_wrong_file.to_owned(),
            Problem::TooMany { max } => self.field_too_many(max),
            Problem::ControlCharacter => self.field_control_character.to_owned(),
            Problem::NotADecimal => self.field_not_a_decimal.to_owned(),
            Problem::NotADate => self.field_not_a_date.to_owned(),
            Problem::NotAnEmail => self.field_not_an_email.to_owned(),
            Problem::NotOffered => self.field_not_offered.to_owned(),
            Problem::TooLarge { max } => self.field_file_too_large(format!("{} MB", max / 1_000_000)),
        }
    }
}
