//! What somebody typed to find a number, as patterns for the stored E.164 form.

/// Which numbers are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Every call, those without a number too.
    Any,
    /// Text without a digit: no number has it.
    Nothing,
    /// A number that holds either: the digits as typed, or without the leading zero that E.164 leaves out.
    Holding(String, String),
}

/// Reads any part of a number in any spelling: `0312`, `03-12`, `+81 3 12`, `０３１２`.
pub(super) fn wanted(typed: &str) -> Wanted {
    if typed.trim().is_empty() {
        return Wanted::Any;
    }
    let digits: String = typed.chars().filter_map(ascii_digit).take(15).collect();
    if digits.is_empty() {
        return Wanted::Nothing;
    }
    let national = digits.strip_prefix('0').filter(|rest| !rest.is_empty()).unwrap_or(&digits);
    Wanted::Holding(format!("%{digits}%"), format!("%{national}%"))
}

fn ascii_digit(c: char) -> Option<char> {
    match c {
        '0'..='9' => Some(c),
        // Full-width digits mirror the ASCII ones.
        '\u{FF10}'..='\u{FF19}' => char::from_digit(u32::from(c) - 0xFF10, 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holding(digits: &str, national: &str) -> Wanted {
        Wanted::Holding(digits.to_owned(), national.to_owned())
    }

    #[test]
    fn any_part_in_any_spelling() {
        assert_eq!(wanted("5678"), holding("%5678%", "%5678%"));
        assert_eq!(wanted("03-12"), holding("%0312%", "%312%"));
        assert_eq!(wanted(" ０３１２ "), holding("%0312%", "%312%"));
        assert_eq!(wanted("+81 3 12"), holding("%81312%", "%81312%"));
        assert_eq!(wanted("0"), holding("%0%", "%0%"));
    }

    #[test]
    fn nothing_typed_is_everything_and_words_are_nothing() {
        assert_eq!(wanted("  "), Wanted::Any);
        assert_eq!(wanted("山田%_"), Wanted::Nothing);
    }
}
