//! The order of customers by how their names sound.

use domain::records::{Key, Values};
use unicode_normalization::char::decompose_canonical;

use super::text;
use crate::search::folded;

/// What customers are ordered by, octet by octet: by フリガナ in 五十音, then by name; who has no reading comes after all
/// who have one, by name (가나다, abc), and who has neither last. Two with the same name and reading have the same key,
/// whatever width and kana it is written in.
///
/// 五十音 first orders by the letters without their marks (は, ば and ぱ are one), and only then by the marks.
pub(super) fn sort_key(values: &Values) -> String {
    let reading = folded(&text(values.get(&Key::Reading)));
    let name = folded(&text(values.get(&Key::Name)));
    // The sign between the parts is below every letter: a shorter one comes first.
    match (reading.is_empty(), name.is_empty()) {
        (false, _) => format!("0{}\u{1}{reading}\u{1}{name}", without_marks(&reading)),
        (true, false) => format!("1{name}"),
        (true, true) => "2".to_owned(),
    }
}

/// Whether a key is that of somebody whose name and reading are both known.
pub(super) fn is_of_somebody(key: &str) -> bool {
    key.starts_with('0') && !key.ends_with('\u{1}')
}

fn without_marks(kana: &str) -> String {
    let base = |c: char| {
        let mut first = None;
        decompose_canonical(c, |part| first = first.or(Some(part)));
        match c {
            '\u{3041}'..='\u{309F}' => first.unwrap_or(c),
            other => other,
        }
    };
    kana.chars().map(base).collect()
}

#[cfg(test)]
mod tests {
    use domain::records::Value;

    use super::*;

    fn key(name: &str, reading: &str) -> String {
        let filled = |text: &str| (!text.is_empty()).then(|| Value::Text(text.to_owned()));
        let values = [(Key::Name, filled(name)), (Key::Reading, filled(reading))];
        sort_key(&values.into_iter().filter_map(|(key, value)| Some((key, value?))).collect())
    }

    #[test]
    fn readings_come_in_the_order_of_the_fifty_sounds() {
        let readings = [
            "アオキ",
            "イトウ",
            "カトウ",
            "ガトウ",
            "カナイ",
            "ハヤシ",
            "バンドウ",
            "ハンバ",
            "ﾋﾛﾀ",
            "やまだ",
            "ヤマダ タロウ",
            "ワダ",
        ];
        let keys: Vec<String> = readings.iter().map(|reading| key("", reading)).collect();
        assert!(keys.is_sorted(), "{keys:?}");
    }

    #[test]
    fn who_has_no_reading_comes_after_all_who_have_and_who_has_nothing_last() {
        let keys = [key("森", "モリ"), key("Smith", ""), key("김민수", ""), key("", "")];
        assert!(keys.is_sorted(), "{keys:?}");
    }

    #[test]
    fn one_person_in_two_spellings_has_one_key() {
        assert_eq!(key("髙橋 花子", "ﾀｶﾊｼ ﾊﾅｺ"), key("高橋花子", "たかはしはなこ"));
        assert_ne!(key("高橋", "タカハシ"), key("高梁", "タカハシ"));
        assert!(is_of_somebody(&key("森", "モリ")));
        assert!(!is_of_somebody(&key("", "モリ")) && !is_of_somebody(&key("森", "")));
    }
}
