//! CSV: a text as rows (RFC 4180, and what spreadsheets make of it), and rows as text.

use super::cells::{guarded, unguarded};

/// How many columns a file may have.
pub(super) const MOST_COLUMNS: usize = 200;

/// How many rows.
pub(super) const MOST_ROWS: usize = 1_000_000;

/// A row of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// The line on which it begins; the first of the file is 1.
    pub(super) line: u64,
    /// Its cells, as they were before they were written to a file.
    pub(super) cells: Vec<String>,
}

/// Why a text is no table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoTable {
    /// There is no header with a row after it.
    Empty,
    /// There are too many columns.
    TooWide,
    /// There are too many rows.
    TooLong,
}

/// Reads all rows; empty ones count for nothing. The header comes first.
pub(super) fn rows(text: &str) -> Result<Vec<Row>, NoTable> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(text))
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    let mut place = Place { byte: 0, line: 1 };
    for record in reader.records() {
        // The text is UTF-8, and rows may be of any length: nothing else can be wrong with it.
        let record = record.map_err(|_| NoTable::Empty)?;
        let line = place.advance(text, record.position().map_or(0, csv::Position::byte));
        let cells: Vec<String> = record.iter().map(|cell| unguarded(cell).to_owned()).collect();
        if cells.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if cells.len() > MOST_COLUMNS {
            return Err(NoTable::TooWide);
        }
        if rows.len() > MOST_ROWS {
            return Err(NoTable::TooLong);
        }
        rows.push(Row { line, cells });
    }
    if rows.len() < 2 { Err(NoTable::Empty) } else { Ok(rows) }
}

/// How far the lines of a text are counted.
struct Place {
    byte: usize,
    line: u64,
}

impl Place {
    /// The line of the first sign from a byte on that ends no line.
    fn advance(&mut self, text: &str, byte: u64) -> u64 {
        let byte = usize::try_from(byte).unwrap_or(usize::MAX);
        while let Some(sign) = text.as_bytes().get(self.byte) {
            if self.byte >= byte && !matches!(sign, b'\r' | b'\n') {
                break;
            }
            self.line += u64::from(*sign == b'\n');
            self.byte += 1;
        }
        self.line
    }
}

/// What parts the cells: whichever of tab, comma and semicolon stands most often outside of quotes in the first line.
fn delimiter(text: &str) -> u8 {
    let mut quoted = false;
    let (mut commas, mut tabs, mut semicolons) = (0_u32, 0_u32, 0_u32);
    for byte in text.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => break,
            b',' if !quoted => commas += 1,
            b'\t' if !quoted => tabs += 1,
            b';' if !quoted => semicolons += 1,
            _ => {}
        }
    }
    if tabs > 0 && tabs >= commas && tabs >= semicolons {
        b'\t'
    } else if semicolons > commas {
        b';'
    } else {
        b','
    }
}

/// Rows as text, ending in CR LF (RFC 4180 §2), with no cell that is run as a formula.
pub(super) fn write(rows: &[Vec<String>]) -> String {
    let mut writer = csv::WriterBuilder::new().flexible(true).terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        // Nothing is written anywhere but to memory.
        writer.write_record(row.iter().map(|cell| guarded(cell))).ok();
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cells(text: &str) -> Vec<Vec<String>> {
        rows(text).unwrap().into_iter().map(|row| row.cells).collect()
    }

    #[test]
    fn rows_know_the_line_on_which_they_begin() {
        let read = rows("a,b\r\n\"1\r\n2\",x\r\n\r\n,,\n3,\"say \"\"x\"\"\"\n").unwrap();
        let lines: Vec<(u64, usize)> = read.iter().map(|row| (row.line, row.cells.len())).collect();
        assert_eq!(lines, [(1, 2), (2, 2), (6, 2)]);
        assert_eq!(read[1].cells, ["1\r\n2", "x"]);
        assert_eq!(read[2].cells, ["3", "say \"x\""]);
    }

    #[test]
    fn tabs_and_semicolons_part_cells_too() {
        assert_eq!(cells("a\tb, c\n1\t2\n"), [["a", "b, c"], ["1", "2"]]);
        assert_eq!(cells("a;b\n1,5;2\n"), [["a", "b"], ["1,5", "2"]]);
        assert_eq!(cells("\"a;;;\",b\n1,2\n"), [["a;;;", "b"], ["1", "2"]]);
    }

    #[test]
    fn what_is_no_table_is_refused() {
        assert_eq!(rows(""), Err(NoTable::Empty));
        assert_eq!(rows("only,a,header\n"), Err(NoTable::Empty));
        assert_eq!(rows(&format!("{}\n1\n", "a,".repeat(MOST_COLUMNS))), Err(NoTable::TooWide));
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back(table in proptest::collection::vec(
            proptest::collection::vec("[a山=+'\",;\t\r\n ]{0,5}", 3), 2..6
        )) {
            let table: Vec<Vec<String>> =
                table.into_iter().map(|mut row| { row.push("end".to_owned()); row }).collect();
            prop_assume!(delimiter(&write(&table)) == b',');
            prop_assert_eq!(cells(&write(&table)), table);
        }
    }
}
