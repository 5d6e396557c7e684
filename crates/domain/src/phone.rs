//! Phone numbers as they are compared, stored and shown.

use core::fmt;

use serde::{Deserialize, Serialize};

/// A number in E.164 form: `+` and 3 to 15 digits (ITU-T E.164 §6). Made by the server's numbering-plan
/// library or by [`E164::parse`] from text that already has this form.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct E164(String);

/// The text is not `+` followed by 3 to 15 digits, the first of them not 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an E.164 number: it must be + and 3 to 15 digits")]
pub struct NotE164;

impl E164 {
    /// Takes text that already is in E.164 form.
    ///
    /// # Errors
    /// [`NotE164`] for anything else; national forms need a numbering plan first.
    pub fn parse(text: &str) -> Result<Self, NotE164> {
        let digits = text.strip_prefix('+').ok_or(NotE164)?;
        let fits =
            (3..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        if fits { Ok(Self(text.to_owned())) } else { Err(NotE164) }
    }

    /// With the leading `+`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for E164 {
    type Error = NotE164;
    fn try_from(text: String) -> Result<Self, NotE164> {
        Self::parse(&text)
    }
}

impl From<E164> for String {
    fn from(number: E164) -> Self {
        number.0
    }
}

/// A number with the form in which people of the account's country read it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ShownNumber {
    /// What is dialled, compared and copied.
    pub e164: E164,
    /// What is shown: `090-1234-5678` at home, `+82 2-312-3456` from abroad.
    pub shown: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e164_takes_only_plus_and_3_to_15_digits() {
        assert_eq!(E164::parse("+819012345678").map(String::from), Ok("+819012345678".to_owned()));
        for bad in ["", "+", "+0312345678", "0312345678", "+81 90", "+81901234567890123", "+８１９０", "+12"] {
            assert_eq!(E164::parse(bad), Err(NotE164), "{bad}");
        }
    }
}
