//! Text as a search compares it, and the short pieces ("grams") by which an index finds it.
//!
//! What is folded, so that what sounds or looks the same is the same:
//!
//! - widths and compatibility forms (NFKC): Ａ１ｱ㈱ → A1ア(株); jamo become Hangul syllables, which are compared whole;
//! - capitals; accents of Latin and Greek letters: Müller → muller;
//! - katakana to hiragana, small kana to large (old systems wrote シヨウ for ショウ); the long-vowel mark and whatever
//!   dash stands for it count for nothing: サーバー, サーバ and サ-バ- are one;
//! - the variants of surnames that people choose by what their keyboard offers: 髙橋 高橋, 渡邊 渡辺;
//! - what is neither letter nor digit parts words, except between two digits (090-1234) and between two letters of a
//!   script that is written without spaces or with optional ones (山田 太郎, ジョン・スミス, 김 민수): there it is nothing.
//!
//! A text is found by whatever part of it is typed, so every gram that a query needs must be one of every text that
//! holds the query: grams never cross from letters to digits or over a space. Han and Hangul have grams of one and two
//! characters; kana, Latin and other small alphabets of three as well, and digits of up to four, because two of them
//! are common to too many texts.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::{decompose_canonical, is_combining_mark};

/// How many grams a query asks the index for at most; what it finds is compared with the whole query anyway.
const MOST_GRAMS: usize = 24;

/// The longest gram of digits.
const DIGITS: usize = 4;

/// The longest gram of a small alphabet.
const LETTERS: usize = 3;

/// The text as it is compared: letters and digits, and single spaces where words are parted.
pub(super) fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut parted = false;
    for c in text.nfkc() {
        match fold(c) {
            Folded::Nothing => {}
            Folded::Parts => parted = true,
            Folded::Letter(letter) => {
                for part in letter.to_lowercase() {
                    push(&mut out, part, &mut parted);
                }
            }
        }
    }
    out
}

/// Adds a small letter without its accents, after the space that it needs.
fn push(out: &mut String, letter: char, parted: &mut bool) {
    let mut plain = |c: char| {
        if is_combining_mark(c) {
            return;
        }
        if std::mem::take(parted) && out.chars().next_back().is_some_and(|last| !is_one_word(last, c)) {
            out.push(' ');
        }
        out.push(c);
    };
    if is_accented_script(letter) { decompose_canonical(letter, plain) } else { plain(letter) }
}

enum Folded {
    /// Counts for nothing.
    Nothing,
    /// Parts what is before from what is after.
    Parts,
    Letter(char),
}

fn fold(c: char) -> Folded {
    let c = match c {
        // U+30A1–U+30F6 mirror U+3041–U+3096.
        '\u{30A1}'..='\u{30F6}' => char::from_u32(u32::from(c) - 0x60).unwrap_or(c),
        other => other,
    };
    match c {
        // The long-vowel mark; what has no width or only chooses a glyph.
        'ー' | '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' => {
            Folded::Nothing
        }
        '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{E0100}'..='\u{E01EF}' => Folded::Nothing,
        'ぁ' => Folded::Letter('あ'),
        'ぃ' => Folded::Letter('い'),
        'ぅ' => Folded::Letter('う'),
        'ぇ' => Folded::Letter('え'),
        'ぉ' => Folded::Letter('お'),
        'っ' => Folded::Letter('つ'),
        'ゃ' => Folded::Letter('や'),
        'ゅ' => Folded::Letter('ゆ'),
        'ょ' => Folded::Letter('よ'),
        'ゎ' => Folded::Letter('わ'),
        'ゕ' => Folded::Letter('か'),
        'ゖ' => Folded::Letter('け'),
        other if is_combining_mark(other) => Folded::Nothing,
        other if other.is_alphanumeric() => Folded::Letter(usual(other)),
        _ => Folded::Parts,
    }
}

/// The usual form of a character that has variants in surnames.
fn usual(c: char) -> char {
    match c {
        '髙' => '高',
        '﨑' | '碕' | '嵜' => '崎',
        '邊' | '邉' => '辺',
        '齋' | '齊' | '斉' => '斎',
        '澤' => '沢',
        '濵' | '濱' => '浜',
        '嶋' | '嶌' => '島',
        '冨' => '富',
        '廣' => '広',
        '國' => '国',
        '櫻' => '桜',
        '德' => '徳',
        '眞' => '真',
        '惠' => '恵',
        '龍' => '竜',
        '瀨' => '瀬',
        '槇' => '槙',
        '藏' => '蔵',
        '條' => '条',
        '關' => '関',
        '鐵' => '鉄',
        '榮' => '栄',
        '淵' | '渕' => '淵',
        '桒' => '桑',
        '𠮷' => '吉',
        other => other,
    }
}

/// Latin and Greek: their accents are often left out. (In kana they are another letter.)
fn is_accented_script(c: char) -> bool {
    matches!(c, '\u{C0}'..='\u{24F}' | '\u{370}'..='\u{3FF}' | '\u{1E00}'..='\u{1FFF}')
}

fn is_one_word(before: char, after: char) -> bool {
    (before.is_ascii_digit() && after.is_ascii_digit()) || (is_spaceless(before) && is_spaceless(after))
}

/// A script that is written without spaces between words, or as often with as without.
fn is_spaceless(c: char) -> bool {
    is_kana(c)
        || matches!(c, '々' | '〆' | '〇' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
            | '\u{20000}'..='\u{3FFFF}' | '\u{1100}'..='\u{11FF}' | '\u{AC00}'..='\u{D7FF}')
}

fn is_kana(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{309F}')
}

/// The parts of a typed query that must all be found: the words of it, longest first, each once.
pub(super) fn words(typed: &str) -> Vec<String> {
    let normalised = typed.split_whitespace().map(normalise);
    let mut words: BTreeSet<String> =
        normalised.flat_map(|word| word.split(' ').map(str::to_owned).collect::<Vec<_>>()).collect();
    words.remove("");
    // A Korean keyboard shows the next syllable's first letter before there is a syllable.
    let finished: BTreeSet<String> =
        words.iter().map(|word| word.trim_end_matches(is_jamo).to_owned()).filter(|word| !word.is_empty()).collect();
    let words = if finished.is_empty() { words } else { finished };
    let mut words: Vec<String> = words.into_iter().collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
}

/// A letter of Hangul that is no syllable.
fn is_jamo(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11FF}')
}

/// The grams by which the index finds a normalised text.
pub(super) fn grams(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for run in runs(text) {
        for start in 0..run.len() {
            let rest = run.get(start..).unwrap_or_default();
            for length in 1..=rest.len().min(DIGITS) {
                if let Some(gram) = rest.get(..length).filter(|gram| is_gram(gram)) {
                    found.insert(gram.iter().collect());
                }
            }
        }
    }
    found
}

/// The grams that every text with this word in it has: the fewest that say the most, at least one of a word that is
/// not empty.
pub(super) fn needed<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut needed = BTreeSet::new();
    for run in words.into_iter().flat_map(runs) {
        let mut covered = 0;
        for start in 0..run.len() {
            let rest = run.get(start..).unwrap_or_default();
            let longest =
                (1..=rest.len().min(DIGITS)).rev().find_map(|length| rest.get(..length).filter(|g| is_gram(g)));
            // What ends within the gram before says nothing that it does not.
            if let Some(gram) = longest.filter(|gram| start + gram.len() > covered) {
                covered = start + gram.len();
                needed.insert(gram.iter().collect::<String>());
            }
        }
    }
    let mut needed: Vec<String> = needed.into_iter().collect();
    needed.sort_by_key(|gram| std::cmp::Reverse(gram.chars().count()));
    needed.truncate(MOST_GRAMS);
    needed
}

/// Letters in a row, or digits in a row.
fn runs(text: &str) -> impl Iterator<Item = Vec<char>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\n']);
        let first = rest.chars().next()?;
        let same = |c: char| c != ' ' && c != '\n' && c.is_ascii_digit() == first.is_ascii_digit();
        let end = rest.find(|c| !same(c)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        rest = after;
        Some(run.chars().collect())
    })
}

/// Whether these characters of one run make a gram.
fn is_gram(gram: &[char]) -> bool {
    match gram.len() {
        1 | 2 => true,
        LETTERS => gram.iter().all(|c| is_kana(*c) || !is_spaceless(*c)),
        DIGITS => gram.iter().all(char::is_ascii_digit),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_sounds_or_looks_the_same_is_the_same() {
        for (typed, compared) in [
            ("ヤマダ　タロウ", "やまだたろう"),
            ("ﾔﾏﾀﾞ ﾀﾛｳ", "やまだたろう"),
            ("山田 太郎", "山田太郎"),
            ("ジョン・スミス", "じよんすみす"),
            ("サーバー", "さば"),
            ("ｻｰﾊﾞ", "さば"),
            ("サ-バ-", "さば"),
            ("髙橋　﨑", "高橋崎"),
            ("渡邊󠄀", "渡辺"),
            ("㈱ヤマダ", "株やまだ"),
            ("김 민수", "김민수"),
            ("김민수", "김민수"),
            ("MÜLLER, Jörg", "muller jorg"),
            ("Ｓｍｉｔｈ　Ｊｏｈｎ", "smith john"),
            ("090-1234-5678", "09012345678"),
            ("＋８１ (90) 1234", "81901234"),
            ("Room 12/3", "room 123"),
            ("a\u{0}b\u{202E}c\n\td", "a bc d"),
            ("İstanbul", "istanbul"),
            ("が か", "がか"),
            ("=1+2", "12"),
            ("", ""),
            (" ・％_", ""),
        ] {
            assert_eq!(normalise(typed), compared, "{typed:?}");
        }
    }

    #[test]
    fn a_query_is_its_words_longest_first() {
        assert_eq!(words(" 山田　東京都 山田 "), ["東京都", "山田"]);
        assert_eq!(words("yamada@example.jp"), ["example", "yamada", "jp"]);
        assert_eq!(words("090-1234 森"), ["0901234", "森"]);
        assert_eq!(words("김ㅁ"), ["김"]);
        assert_eq!(words("김 ㅁ"), ["김"]);
        assert!(words("%_ ー").is_empty());
    }

    #[test]
    fn single_characters_are_grams_of_their_own() {
        let of = |text: &str| grams(text).into_iter().collect::<Vec<_>>();
        assert_eq!(of("李"), ["李"]);
        assert_eq!(of("山田"), ["山", "山田", "田"]);
        assert_eq!(of("a1"), ["1", "a"]);
        assert!(of("12345").contains(&"1234".to_owned()) && !of("12345").contains(&"12345".to_owned()));
        assert!(of("ab cd").iter().all(|gram| !gram.contains(' ') && gram != "bc"));
    }

    #[test]
    fn a_query_asks_for_the_longest_grams() {
        assert_eq!(needed(["森"]), ["森"]);
        assert_eq!(needed(["山田太"]), ["山田", "田太"]);
        assert_eq!(needed(["smit"]), ["mit", "smi"]);
        assert_eq!(needed(["0901"]), ["0901"]);
        assert_eq!(needed(["090"]), ["090"]);
        assert_eq!(needed(["山田たろう"]), ["たろう", "山田", "田た"]);
    }

    proptest! {
        /// What is part of a text finds it: whatever a query needs is there.
        #[test]
        fn every_part_of_a_text_has_none_but_its_grams(
            text in "[山田太郎李やまだゔっアーｱﾞ김민수aAéß0-9 ・\\-\u{3099}]{0,30}",
            start in 0_usize..30,
            length in 1_usize..12,
        ) {
            let text = normalise(&text);
            let part: String = text.chars().skip(start).take(length).collect();
            let all = grams(&text);
            for gram in needed(part.split(' ')) {
                prop_assert!(all.contains(&gram), "{gram:?} of {part:?} in {text:?}");
            }
        }

        /// The index's tokenizers take letters and digits for granted.
        #[test]
        fn nothing_but_small_letters_digits_and_single_spaces_is_left(text in "\\PC{0,40}|[\\x00-\\x7f]{0,40}") {
            let text = normalise(&text);
            let allowed = |c: char| c == ' ' || c.is_alphanumeric();
            prop_assert!(text.chars().all(|c| allowed(c) && !c.is_ascii_uppercase()), "{text:?}");
            prop_assert!(!text.contains("  ") && text.trim() == text, "{text:?}");
        }
    }
}
