//! Japanese letters as a search compares them.

/// Hiragana for katakana, small letters for capitals, so that やまだ, ヤマダ and YAMADA's spellings meet. Widths are
/// folded by NFKC before, where the caller has it.
pub fn fold(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            match c {
                // U+30A1–U+30F6 mirror U+3041–U+3096; ー and ・ have no twins.
                '\u{30A1}'..='\u{30F6}' => char::from_u32(u32::from(c) - 0x60).unwrap_or(c),
                other => other,
            }
            .to_lowercase()
        })
        .collect()
}

/// Whether the text holds a control character other than line breaks and tabs, or one that turns the direction of
/// writing (Unicode UAX #9, the embeddings, overrides and isolates): what makes one name look like another.
pub fn has_control(text: &str, lines: bool) -> bool {
    text.chars().any(|c| match c {
        '\n' | '\t' => !lines,
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' => true,
        other => other.is_control(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn katakana_and_hiragana_meet() {
        assert_eq!(fold("ヤマダ ﾀﾛｳ Smith"), "やまだ ﾀﾛｳ smith");
        assert_eq!(fold("ヴァイオリン・ソナタ"), "ゔぁいおりん・そなた");
    }

    #[test]
    fn what_turns_the_direction_of_writing_is_a_control() {
        assert!(has_control("a\u{202E}b", true) && has_control("a\0", true) && has_control("a\nb", false));
        assert!(!has_control("a\nb\tc", true) && !has_control("山田　太郎", false));
    }
}
