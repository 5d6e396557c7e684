//! A phone number while it is typed: grouped as people in Japan write it, with the caret left where it was.
//!
//! A help for the eye only. What a number means, and how a known one is shown, the server's numbering plan says;
//! here just enough of Japan's plan (総務省 電気通信番号計画) is known to group the digits.

/// What a deletion took away, so that deleting a separator deletes the digit beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erased {
    /// Backspace: what stood before the caret.
    Before,
    /// Delete: what stood after the caret.
    After,
}

/// Text to show and where the caret goes, counted in UTF-16 units (all of the text is ASCII).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// What the field shows.
    pub text: String,
    /// Where the caret stands.
    pub caret: usize,
}

/// Formats what the field holds after a keystroke or a paste.
///
/// `now` is the field's text and `caret` its caret in UTF-16 units; `before` is the text that was shown until now
/// and `erased` says whether the keystroke was a deletion.
pub fn typed(before: &str, now: &str, caret: usize, erased: Option<Erased>) -> Typed {
    let mut dialled = digits_only(now);
    // How many dialled characters stand before the caret: the caret keeps to them, whatever the separators do.
    let mut ahead = digits_only(
        &now.chars()
            .scan(0, |units, c| {
                *units += c.len_utf16();
                (*units <= caret).then_some(c)
            })
            .collect::<String>(),
    )
    .len();
    if let Some(erased) = erased
        && now.chars().count() < before.chars().count()
        && digits_only(before) == dialled
    {
        match erased {
            Erased::Before if ahead > 0 => {
                ahead -= 1;
                dialled.remove(ahead);
            }
            Erased::After if ahead < dialled.len() => drop(dialled.remove(ahead)),
            Erased::Before | Erased::After => {}
        }
    }
    let text = grouped(&dialled);
    let caret = place_after(&text, ahead);
    Typed { text, caret }
}

/// The characters that are dialled: ASCII digits, `*`, `#` and a leading `+`. Full-width forms are narrowed,
/// everything else is dropped.
pub fn digits_only(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match narrowed(c) {
            c @ ('0'..='9' | '*' | '#') => out.push(c),
            '+' if out.is_empty() => out.push('+'),
            _ => {}
        }
    }
    out
}

/// U+FF01–U+FF5E are the full-width forms of U+0021–U+007E.
fn narrowed(c: char) -> char {
    match u32::from(c) {
        code @ 0xff01..=0xff5e => char::from_u32(code - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

/// The place in `text` just after its first `count` dialled characters.
fn place_after(text: &str, count: usize) -> usize {
    if count == 0 {
        return 0;
    }
    text.char_indices().filter(|(_, c)| !matches!(c, '-' | ' ')).nth(count - 1).map_or(text.len(), |(at, _)| at + 1)
}

fn grouped(dialled: &str) -> String {
    if let Some(national) = dialled.strip_prefix("+81") {
        // Abroad the trunk prefix 0 is not dialled: group as if it were there, then leave it out.
        let with_zero = format!("0{national}");
        let groups = split(&with_zero, plan_of(&with_zero));
        let shown = groups.strip_prefix('0').unwrap_or(&groups);
        return if shown.is_empty() { dialled.to_owned() } else { format!("+81 {shown}") };
    }
    // Extensions, short codes, star codes and other countries have no common grouping.
    if !dialled.starts_with('0') || dialled.contains(['*', '#']) {
        return dialled.to_owned();
    }
    split(dialled, plan_of(dialled))
}

/// The lengths of the first and second group; the rest is the third.
fn plan_of(number: &str) -> (usize, usize) {
    /// Area codes of three digits; nearly all others have four.
    const THREE: [&str; 45] = [
        "011", "017", "018", "019", "022", "023", "024", "025", "026", "027", "028", "029", "042", "043", "044", "045",
        "046", "047", "048", "049", "052", "053", "054", "058", "059", "072", "073", "075", "076", "077", "078", "079",
        "082", "083", "084", "086", "087", "088", "089", "092", "093", "095", "096", "098", "099",
    ];
    let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| number.starts_with(prefix));
    if begins(&["0120", "0800", "0570", "0990", "0180"]) {
        (4, 3)
    } else if begins(&["090", "080", "070", "060", "050", "020"]) {
        (3, 4)
    } else if begins(&["03", "06"]) {
        (2, 4)
    } else if begins(&THREE) {
        (3, 3)
    } else {
        (4, 2)
    }
}

fn split(digits: &str, (first, second): (usize, usize)) -> String {
    let mut out = String::with_capacity(digits.len() + 2);
    for (at, c) in digits.chars().enumerate() {
        if at == first || at == first + second {
            out.push('-');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Erased, Typed, digits_only, typed};

    fn shown(text: &str) -> String {
        typed("", text, text.encode_utf16().count(), None).text
    }

    #[test]
    fn numbers_are_grouped_as_japan_writes_them() {
        for (dialled, grouped) in [
            ("09012345678", "090-1234-5678"),
            ("0312345678", "03-1234-5678"),
            ("0451234567", "045-123-4567"),
            ("0166123456", "0166-12-3456"),
            ("0120123456", "0120-123-456"),
            ("08001234567", "0800-123-4567"),
            ("05012345678", "050-1234-5678"),
            ("+819012345678", "+81 90-1234-5678"),
            ("+81312345678", "+81 3-1234-5678"),
            ("+82212345678", "+82212345678"),
            ("1001", "1001"),
            ("*55", "*55"),
            ("+81", "+81"),
            ("", ""),
        ] {
            assert_eq!(shown(dialled), grouped);
        }
    }

    #[test]
    fn a_number_pasted_in_any_shape_is_read() {
        for text in
            ["０９０－１２３４－５６７８", "090 1234 5678", "TEL:090(1234)5678", " 090.1234.5678\n", "090ー1234ー5678"]
        {
            assert_eq!(shown(text), "090-1234-5678", "{text}");
        }
        assert_eq!(shown("＋８１ 90 1234 5678"), "+81 90-1234-5678");
        assert_eq!(digits_only("+81-90+1"), "+81901");
    }

    #[test]
    fn the_caret_stays_behind_the_digit_that_was_typed() {
        // A 5 typed into "090-1234" after the second group's first digit.
        assert_eq!(typed("090-1234", "090-15234", 6, None), Typed { text: "090-1523-4".to_owned(), caret: 6 });
        // The digit that opens a group stands after the separator.
        assert_eq!(typed("090", "0901", 4, None), Typed { text: "090-1".to_owned(), caret: 5 });
        // At the very start it stays at the start.
        assert_eq!(typed("090-1", "090-1", 0, None).caret, 0);
        // Full-width digits count as one unit each.
        assert_eq!(typed("", "０９０１", 2, None), Typed { text: "090-1".to_owned(), caret: 2 });
    }

    #[test]
    fn deleting_a_separator_deletes_the_digit_beside_it() {
        assert_eq!(
            typed("090-1234", "0901234", 3, Some(Erased::Before)),
            Typed { text: "091234".to_owned(), caret: 2 }.regrouped()
        );
        assert_eq!(typed("090-1234", "0901234", 3, Some(Erased::After)).text, "090-234");
        // A deleted digit deletes nothing else.
        assert_eq!(typed("090-1234", "090-134", 5, Some(Erased::Before)).text, "090-134");
    }

    impl Typed {
        /// What the rest groups to once the digit is gone (0912-34 has a four-digit area code).
        fn regrouped(self) -> Self {
            typed("", &self.text, self.caret, None)
        }
    }
}
