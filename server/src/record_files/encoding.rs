//! In which letters a file was written: found out, because nobody who saves a spreadsheet is told.
//!
//! A byte order mark says it (Unicode Standard §23.8). Without one, what is valid UTF-8 is UTF-8: text of another encoding
//! practically never is. Else `Shift_JIS` (as Windows writes it, code page 932) and CP949 (which holds EUC-KR) are tried,
//! and the one in which more of the text is what people write wins: kana and kanji there, the Hangul of KS X 1001 here.

use encoding_rs::{EUC_KR, Encoding, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE};

/// How much of a file is looked at to tell the two apart.
const LOOKED_AT: usize = 256 * 1024;

/// So many bytes that stand alone in `Shift_JIS`, and none that does not, are a text in half-width kana.
const ENOUGH: usize = 16;

/// Text, and what it was written in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decoded {
    pub(super) text: String,
    /// `UTF-8`, `UTF-16`, `Shift_JIS`, `CP949`.
    pub(super) name: &'static str,
}

/// Reads a file as text; none if it is in no encoding that is known.
pub(super) fn decode(bytes: &[u8]) -> Option<Decoded> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return decoded(encoding, bytes.get(mark..).unwrap_or_default());
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Some(Decoded { text: text.to_owned(), name: "UTF-8" });
    }
    let looked_at = bytes.get(..LOOKED_AT).unwrap_or(bytes);
    let is_korean = !is_half_width(looked_at) && korean(looked_at) > japanese(looked_at);
    let (likely, other) = if is_korean { (EUC_KR, SHIFT_JIS) } else { (SHIFT_JIS, EUC_KR) };
    decoded(likely, bytes).or_else(|| decoded(other, bytes))
}

fn decoded(encoding: &'static Encoding, bytes: &[u8]) -> Option<Decoded> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes)?.into_owned();
    let name = if encoding == UTF_8 {
        "UTF-8"
    } else if encoding == UTF_16LE || encoding == UTF_16BE {
        "UTF-16"
    } else if encoding == SHIFT_JIS {
        "Shift_JIS"
    } else {
        // The Web's EUC-KR is code page 949 (Encoding Standard §4.2).
        "CP949"
    };
    Some(Decoded { text, name })
}

/// Nothing but half-width kana beside ASCII: read as Korean it would be rare Hangul and Hanja.
fn is_half_width(bytes: &[u8]) -> bool {
    let high = || bytes.iter().filter(|byte| **byte >= 0x80);
    high().count() >= ENOUGH && high().all(|byte| (0xA1..=0xDF).contains(byte))
}

fn japanese(bytes: &[u8]) -> i64 {
    let (text, _) = SHIFT_JIS.decode_without_bom_handling(bytes);
    text.chars()
        .map(|c| match c {
            '\u{3041}'..='\u{30FF}' => 3,
            '\u{4E00}'..='\u{9FFF}' => 2,
            '\u{FFFD}' => -6,
            _ => 0,
        })
        .sum()
}

fn korean(bytes: &[u8]) -> i64 {
    let (text, _) = EUC_KR.decode_without_bom_handling(bytes);
    let mut sum = 0;
    for c in text.chars() {
        sum += match c {
            '\u{AC00}'..='\u{D7A3}' => {
                if is_common_hangul(c) {
                    4
                } else {
                    -4
                }
            }
            '\u{3041}'..='\u{30FF}' => 1,
            '\u{4E00}'..='\u{9FFF}' => 0,
            '\u{FFFD}' => -6,
            _ => 0,
        };
    }
    sum
}

/// One of the 2,350 syllables of KS X 1001: both its bytes are A1 or more there, and only there.
fn is_common_hangul(c: char) -> bool {
    let mut one = [0; 4];
    let (bytes, _, _) = EUC_KR.encode(c.encode_utf8(&mut one));
    bytes.len() == 2 && bytes.iter().all(|byte| *byte >= 0xA1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const JAPANESE: &str =
        "氏名,フリガナ,電話番号\r\n山田 太郎,ヤマダ タロウ,090-1234-5678\r\n髙橋 花子,ﾀｶﾊｼ ﾊﾅｺ,03-1234-5678\r\n";
    const KOREAN: &str = "이름,전화번호,주소\r\n김민수,010-1234-5678,서울특별시 강남구\r\n";

    fn read(encoding: &'static Encoding, text: &str) -> Decoded {
        let (bytes, _, lost) = encoding.encode(text);
        assert!(!lost);
        decode(&bytes).unwrap()
    }

    #[test]
    fn shift_jis_and_cp949_are_told_apart() {
        assert_eq!(read(SHIFT_JIS, JAPANESE), Decoded { text: JAPANESE.to_owned(), name: "Shift_JIS" });
        assert_eq!(read(EUC_KR, KOREAN), Decoded { text: KOREAN.to_owned(), name: "CP949" });
        for short in ["森", "山田", "氏名,電話\n李,0312345678", "ふりがな", "株式会社\n有限会社"] {
            assert_eq!(read(SHIFT_JIS, short).name, "Shift_JIS", "{short}");
        }
        for short in ["김", "이름", "이름,번호\n박,02", "똠방각하 펲시", "주식회사 한국"] {
            assert_eq!(read(EUC_KR, short).name, "CP949", "{short}");
        }
    }

    #[test]
    fn half_width_kana_alone_are_japanese() {
        let text = "ﾔﾏﾀﾞ ﾀﾛｳ,0312345678\nｽｽﾞｷ ﾊﾅｺ,0398765432\nｺﾊﾞﾔｼ,\n";
        assert_eq!(read(SHIFT_JIS, text), Decoded { text: text.to_owned(), name: "Shift_JIS" });
    }

    #[test]
    fn utf_8_is_read_with_and_without_its_mark_and_utf_16_with_it() {
        for text in [JAPANESE, KOREAN, "a,b\n"] {
            assert_eq!(decode(text.as_bytes()).unwrap(), Decoded { text: text.to_owned(), name: "UTF-8" });
            let marked = format!("\u{FEFF}{text}");
            assert_eq!(decode(marked.as_bytes()).unwrap(), Decoded { text: text.to_owned(), name: "UTF-8" });
            let wide: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert_eq!(decode(&wide).unwrap(), Decoded { text: text.to_owned(), name: "UTF-16" });
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert_eq!(decode(&[0xFF, 0xFF, 0x80, 0xFF, 0x00]), None);
        assert_eq!(decode(&[0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, 0xFF, 0xFE]), None);
    }
}
