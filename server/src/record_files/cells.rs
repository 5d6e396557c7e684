//! Cells of a spreadsheet: written so that none of them is run as a formula, and read back as they were.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return for a formula, whatever is
//! quoted (OWASP, CSV Injection). Such a cell is written with an apostrophe before it, and so is one that already has
//! apostrophes before such a sign, so that taking one off gives exactly what was there. A plain number stays one.

/// The cell as it is written to a file.
pub(super) fn guarded(cell: &str) -> String {
    if is_formula(cell.trim_start_matches('\'')) && !is_number(cell) { format!("'{cell}") } else { cell.to_owned() }
}

/// The cell as it was before it was written to a file.
pub(super) fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if is_formula(rest.trim_start_matches('\'')) => rest,
        Some(_) | None => cell,
    }
}

/// Full-width signs too: some spreadsheets take them for the plain ones.
fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])
}

fn is_number(cell: &str) -> bool {
    let digits = cell.strip_prefix('-').unwrap_or(cell);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let only = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    only(whole) && only(part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_formula_is_written_as_text() {
        for formula in ["=1+1", "+82 10", "-cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "＝1", "=HYPERLINK(\"x\")"]
        {
            assert_eq!(guarded(formula), format!("'{formula}"), "{formula}");
        }
        assert_eq!(guarded("'=1"), "''=1");
    }

    #[test]
    fn what_is_none_stays_as_it_is() {
        for plain in ["山田", "090-1234-5678", "-5", "-0.25", "12", "'90s", "O'Neil", "", "a=b"] {
            assert_eq!(guarded(plain), plain);
            assert_eq!(unguarded(plain), plain);
        }
        assert_eq!(guarded("-"), "'-");
        assert_eq!(guarded("--5"), "'--5");
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back(cell in "['=+\\-@\t\r＝0-9a山. ]{0,6}") {
            let written = guarded(&cell);
            prop_assert_eq!(unguarded(&written), cell.as_str());
            prop_assert!(!is_formula(&written) || is_number(&written));
        }
    }
}
