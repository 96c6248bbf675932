//! A CSV file as text: its header, and its rows with the lines that they begin in.
//!
//! Invariant: a file that is not UTF-8, or in which a quote is never closed, is refused whole: what
//! its rows are is not known. A line ends with a line feed, a carriage return, or both, as a row
//! does; what names a row is its number, never its line.

use axum::http::StatusCode;
use csv::{ReaderBuilder, StringRecord};
use lambda::problem::Problem;

/// How many columns a file has at most.
const MAX_COLUMNS: usize = 500;

/// What separates cells, the likeliest first.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// A file whose header was read.
pub struct CsvFile<'f> {
    header: StringRecord,
    reader: csv::Reader<&'f [u8]>,
    rows: u64,
    lines: Lines<'f>,
}

/// A row of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which row it is, from 1, the header not counted.
    pub number: u64,
    /// The line that it begins in, from 1.
    pub line: u64,
    /// What it says.
    pub cells: StringRecord,
}

/// Counts lines up to a place.
struct Lines<'f> {
    text: &'f [u8],
    at: usize,
    line: u64,
}

impl<'f> CsvFile<'f> {
    /// Reads the header of a file.
    pub fn read(bytes: &'f [u8]) -> Result<Self, Problem> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = line_of(bytes, error.valid_up_to());
            invalid("invalid_encoding", "the file is not UTF-8", line)
        })?;
        if let Some(garbled) = text.find('\u{fffd}') {
            let message = "the file was not UTF-8 and has lost characters on its way";
            return Err(invalid("invalid_encoding", message, line_of(bytes, garbled)));
        }
        let separator = separator(text);
        if let Some(open) = unclosed(bytes, separator) {
            let message = "a quote is opened and never closed";
            return Err(invalid("unclosed_quote", message, line_of(bytes, open)));
        }
        let mut reader = ReaderBuilder::new()
            .delimiter(separator)
            .has_headers(false)
            .flexible(true)
            .from_reader(bytes);
        let mut header = StringRecord::new();
        let is_there = reader.read_record(&mut header).map_err(|_| unreadable(1))?;
        if !is_there {
            return Err(invalid("no_header", "the file is empty", 1));
        }
        if header.len() > MAX_COLUMNS {
            let message = format!("the file has more than {MAX_COLUMNS} columns");
            return Err(invalid("too_many_columns", &message, 1));
        }
        Ok(Self { header, reader, rows: 0, lines: Lines { text: bytes, at: 0, line: 1 } })
    }

    /// Returns the names of the columns.
    pub const fn header(&self) -> &StringRecord {
        &self.header
    }

    /// Returns the next row; `None` at the end.
    pub fn next(&mut self) -> Result<Option<Record>, Problem> {
        let mut cells = StringRecord::new();
        let is_there = self.reader.read_record(&mut cells);
        if !is_there.map_err(|_| unreadable(self.lines.line))? {
            return Ok(None);
        }
        let begins = cells.position().map_or(0, csv::Position::byte);
        let line = self.lines.at(usize::try_from(begins).unwrap_or(usize::MAX));
        self.rows += 1;
        Ok(Some(Record { number: self.rows, line, cells }))
    }
}

impl Lines<'_> {
    /// Returns the line of what comes at or after a place, empty lines passed over.
    fn at(&mut self, place: usize) -> u64 {
        while let Some(byte) = self.text.get(self.at) {
            if self.at >= place && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            self.line += u64::from(ends_line(self.text, self.at));
            self.at += 1;
        }
        self.line
    }
}

/// Finds what separates cells: what the header line has most of, outside of quotes.
fn separator(text: &str) -> u8 {
    let ends = ['\r', '\n'];
    let line = text.trim_start_matches(ends).split(ends).next().unwrap_or_default();
    let mut is_quoted = false;
    let mut counts = SEPARATORS.map(|separator| (separator, 0_usize));
    for byte in line.bytes() {
        is_quoted ^= byte == b'"';
        for (separator, count) in &mut counts {
            *count += usize::from(!is_quoted && byte == *separator);
        }
    }
    // Of several the first: `max_by_key` would return the last.
    let most = counts.iter().map(|(_, count)| *count).max();
    let found = counts.iter().find(|(_, count)| Some(*count) == most);
    found.map_or(b',', |(separator, _)| *separator)
}

/// Finds the quote that is opened at the beginning of a cell and never closed.
fn unclosed(bytes: &[u8], separator: u8) -> Option<usize> {
    let mut opened = None;
    let mut begins = true;
    let mut bytes = bytes.iter().copied().enumerate().peekable();
    while let Some((place, byte)) = bytes.next() {
        if opened.is_some() {
            // Two quotes stand for one.
            if byte == b'"' && bytes.next_if(|(_, next)| *next == b'"').is_none() {
                opened = None;
            }
            begins = false;
        } else {
            if byte == b'"' && begins {
                opened = Some(place);
            }
            begins = byte == separator || matches!(byte, b'\r' | b'\n');
        }
    }
    opened
}

fn line_of(bytes: &[u8], place: usize) -> u64 {
    let ends = (0..place.min(bytes.len())).filter(|at| ends_line(bytes, *at)).count();
    u64::try_from(ends).unwrap_or(u64::MAX).saturating_add(1)
}

/// Tells whether a line ends with the byte at a place: of both signs together, with the second.
fn ends_line(bytes: &[u8], at: usize) -> bool {
    match bytes.get(at) {
        Some(b'\n') => true,
        Some(b'\r') => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    }
}

fn unreadable(line: u64) -> Problem {
    invalid("invalid_value", "the file cannot be read on from here", line)
}

/// 422: the file as a whole cannot be taken.
fn invalid(code: &'static str, message: &str, line: u64) -> Problem {
    let line = u32::try_from(line).unwrap_or(u32::MAX);
    let summary = format!("the file cannot be read: line {line}: {message}");
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_csv", summary)
        .with_error_at("body", code, message, line, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &[u8]) -> Vec<(u64, Vec<String>)> {
        let mut file = CsvFile::read(text).unwrap();
        let mut rows = Vec::new();
        while let Some(Record { number, line, cells }) = file.next().unwrap() {
            rows.push((line, cells.iter().map(str::to_owned).collect()));
            assert_eq!(usize::try_from(number), Ok(rows.len()));
        }
        rows
    }

    fn refused(text: &[u8]) -> String {
        let problem = CsvFile::read(text).map(|_| ()).unwrap_err();
        format!("{} {}", problem.status().as_u16(), problem.message())
    }

    #[test]
    fn a_row_has_the_line_that_it_begins_in() {
        for newline in ["\n", "\r\n", "\r"] {
            let text = ["a,b", "1,2", "", "3,\"x", "y\"", "", "", "5,6", ""].join(newline);
            let found = rows(text.as_bytes());
            let lines: Vec<_> = found.iter().map(|(line, _)| *line).collect();
            assert_eq!(lines, [2, 4, 8], "{newline:?}");
            assert_eq!(found[1].1, ["3".to_owned(), format!("x{newline}y")]);
        }
        assert_eq!(rows(b"\n\na,b\n1,2"), [(4, vec!["1".to_owned(), "2".to_owned()])]);
    }

    #[test]
    fn the_header_says_what_separates_cells() {
        for (text, cells) in [
            ("a;b\n1;2,5", ["1", "2,5"]),
            ("a\tb\n1\t2", ["1", "2"]),
            ("a,b\n\"1,5\",\"say \"\"hi\"\"\"", ["1,5", "say \"hi\""]),
            ("\"a,b,c\";d\n1;2", ["1", "2"]),
            ("a;b\r1;2\r3,4,5;6,7,8", ["1", "2"]),
            ("\u{feff}a,b\n1,2", ["1", "2"]),
        ] {
            assert_eq!(rows(text.as_bytes())[0].1, cells, "{text}");
        }
        let file = CsvFile::read("\u{feff}E-mail\nx".as_bytes()).unwrap();
        assert_eq!(file.header().get(0), Some("E-mail"));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_refused_with_the_line() {
        assert!(refused(b"a,b\n1,\xff\n").starts_with("422 the file cannot be read: line 2: "));
        assert!(refused("a\n\n\u{fffd}".as_bytes()).contains("line 3: "));
        for text in ["a,b\n1,\"x\n2,y\n", "a,b\r1,\"x\r2,y\r", "a,b\r\n1,\"x\r\n2,y\r\n"] {
            assert!(refused(text.as_bytes()).contains("line 2: a quote"), "{text:?}");
        }
        assert!(refused(b"").contains("empty"));
        assert!(refused(b"\xff\xfea\x00").contains("UTF-8"));
        // A quote within a cell opens nothing.
        assert_eq!(rows(b"a,b\n5\" screen,2")[0].1, ["5\" screen", "2"]);
    }
}
