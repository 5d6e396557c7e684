//! The keys of a telephone, and when a call takes them.

use serde::{Deserialize, Serialize};

use super::call::Call;
use crate::ids::UserId;
use crate::refusal::Refusal;

/// A key of a telephone: `0`–`9`, `*`, `#`, and `A`–`D`, which some machines have. On the wire a text of one character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "char", into = "char")]
pub struct Key(u8);

/// In the order of their event codes (RFC 4733 §3.2, table 3).
const ORDER: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];

/// The character is on no telephone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no key of a telephone: {0:?}")]
pub struct NoKey(pub char);

impl Key {
    /// Its event code, 0–15.
    pub fn code(self) -> u8 {
        self.0
    }

    /// The key of an event code; none for events that are no keys.
    pub fn of_code(code: u8) -> Option<Self> {
        ORDER.get(usize::from(code)).map(|_| Self(code))
    }
}

impl TryFrom<char> for Key {
    type Error = NoKey;

    fn try_from(key: char) -> Result<Self, NoKey> {
        let code = ORDER.iter().position(|known| *known == key.to_ascii_uppercase());
        code.and_then(|code| u8::try_from(code).ok()).map(Self).ok_or(NoKey(key))
    }
}

impl From<Key> for char {
    fn from(key: Key) -> Self {
        ORDER.get(usize::from(key.0)).copied().unwrap_or('0')
    }
}

impl Call {
    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Ended { .. })
    }

    /// Whether keys that the agent presses may be sent to the customer's side now: while they talk, or a machine at the
    /// far end speaks before it answers.
    ///
    /// # Errors
    /// Why not.
    pub fn takes_keys(&self, by: UserId) -> Result<(), Refusal> {
        match self {
            _ if self.is_over() => Err(Refusal::CallEnded),
            _ if self.agent() != Some(by) => Err(Refusal::NotYourCall),
            Self::Connected { .. } | Self::Dialling { early_media: true, .. } => Ok(()),
            Self::Waiting { .. }
            | Self::Offered { .. }
            | Self::Dialling { .. }
            | Self::Held { .. }
            | Self::Kept { .. }
            | Self::Ended { .. } => Err(Refusal::NotNow),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_read_back_from_its_code_its_character_and_its_json() {
        for key in (0..16).map(|code| Key::of_code(code).unwrap()) {
            assert_eq!(Key::try_from(char::from(key)), Ok(key));
            let json = serde_json::to_string(&key).unwrap();
            assert_eq!(serde_json::from_str::<Key>(&json).unwrap(), key, "{json}");
        }
        assert_eq!(Key::try_from('#').map(Key::code), Ok(11));
        assert_eq!(Key::try_from('d').map(Key::code), Ok(15));
        assert_eq!((Key::of_code(16), Key::try_from('x')), (None, Err(NoKey('x'))));
    }
}
