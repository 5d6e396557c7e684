//! What somebody typed, ready to be asked for.

use super::normalise::{needed, words};

/// How many words of a query count; the longest come first.
pub const MOST_WORDS: usize = 6;

/// What is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// Nothing was typed: every record.
    Everything,
    /// No letter and no digit was typed: no record.
    Nothing,
    /// Records with all of these words.
    Words(Words),
}

/// Words to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// As they are compared; at least one, none of them empty.
    words: Vec<String>,
    /// Grams that a record with these words has.
    grams: Vec<String>,
}

impl Query {
    /// Reads what was typed, in any width, script form and spelling of numbers.
    pub fn read(typed: &str) -> Self {
        if typed.trim().is_empty() {
            return Self::Everything;
        }
        let mut words = words(typed);
        words.truncate(MOST_WORDS);
        if words.is_empty() {
            return Self::Nothing;
        }
        let grams = needed(words.iter().map(String::as_str));
        Self::Words(Words { words, grams })
    }
}

impl Words {
    /// The words, filled up with empty ones, which every text holds.
    pub(super) fn slots(&self) -> [String; MOST_WORDS] {
        std::array::from_fn(|slot| self.words.get(slot).cloned().unwrap_or_default())
    }

    /// The grams, none of which holds anything but letters and digits.
    pub(super) fn grams(&self) -> impl Iterator<Item = &str> {
        self.grams.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_typed_is_everything_and_signs_are_nothing() {
        assert_eq!(Query::read(" \u{3000}"), Query::Everything);
        assert_eq!(Query::read("%_'\"*"), Query::Nothing);
        let Query::Words(words) = Query::read("O'Neil 山") else { panic!("words") };
        assert_eq!(words.slots(), ["neil", "山", "o", "", "", ""]);
    }
}
