//! Whole rows, cut from a stream of bytes.

use std::io::{self, Read};

use csv_core::ReadRecordResult;

/// How much is read at a time, in bytes; a batch has the whole rows of it. A hundred notes or more: enough that handing batches over
/// costs nothing, and few enough that nobody waits long for the last of them.
const CHUNK: usize = 1 << 16;

/// The longest row that is read, in bytes: a bound on memory that no row of notes comes near.
const LONGEST_ROW: usize = 1 << 24;

/// The mark that some programs put before UTF-8.
const MARK: &[u8] = b"\xEF\xBB\xBF";

/// Some rows of the input, as they stand there.
#[derive(Debug)]
pub struct Batch {
    /// The line that they begin at, from 1.
    pub line: u64,
    /// The bytes of the rows; or why the one row of this batch cannot be read.
    pub rows: Result<Vec<u8>, String>,
    /// How many bytes of the input they take.
    pub size: u64,
}

/// The batches of an input, in order.
pub struct Batches {
    source: Box<dyn Read + Send>,
    ended: bool,
    /// What has been read and is not yet handed out.
    buffer: Vec<u8>,
    scanner: Scanner,
    /// How much of the buffer the scanner has seen.
    scanned: usize,
    /// Where in the buffer the last whole row ends.
    cut: usize,
    /// The line that the buffer begins at.
    line: u64,
    marked: bool,
}

impl Batches {
    /// The batches of what `source` gives. [`Batches::begin`] comes first.
    #[must_use]
    pub fn new(source: Box<dyn Read + Send>) -> Self {
        Self { source, ended: false, buffer: Vec::new(), scanner: Scanner::Lines, scanned: 0, cut: 0, line: 1, marked: false }
    }

    /// Reads the first bytes, and passes over the mark of UTF-8.
    ///
    /// # Errors
    ///
    /// What the source says.
    pub fn begin(&mut self) -> io::Result<()> {
        while self.buffer.len() < MARK.len() && !self.ended {
            self.fill()?;
        }
        self.marked = self.buffer.starts_with(MARK);
        if self.marked {
            self.buffer.drain(..MARK.len());
        }
        Ok(())
    }

    /// Whether the input began with the mark of UTF-8.
    #[must_use]
    pub fn is_marked(&self) -> bool {
        self.marked
    }

    /// Whether the input is UTF-16: it begins with that mark, or half of its first character is a NUL.
    #[must_use]
    pub fn is_utf16(&self) -> bool {
        matches!(self.buffer.as_slice(), [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] | [0, 1..=255, ..] | [1..=255, 0, ..])
    }

    /// The bytes of the first record, if cells are separated by `separator`; nothing of it is taken.
    pub(super) fn first_record(&mut self, separator: u8) -> io::Result<&[u8]> {
        let mut scanner = Scanner::records(separator);
        let mut scanned = 0;
        loop {
            if let Some(end) = scanner.row_end(&self.buffer[scanned..]) {
                return Ok(&self.buffer[..scanned + end]);
            }
            scanned = self.buffer.len();
            if self.ended || self.buffer.len() > LONGEST_ROW {
                return Ok(&self.buffer);
            }
            self.fill()?;
        }
    }

    /// Takes off the first `length` bytes, a header, and reads records with this separator from there on.
    pub(super) fn take_header(&mut self, length: usize, separator: u8) {
        self.line += newlines(&self.buffer[..length]);
        self.buffer.drain(..length);
        self.scanner = Scanner::records(separator);
    }

    /// The next rows: those of one reading, so that an input that comes in slowly is answered as it comes. `None` at the end.
    ///
    /// # Errors
    ///
    /// What the source says.
    #[expect(clippy::should_implement_trait, reason = "an iterator's errors would be items")]
    pub fn next(&mut self) -> io::Result<Option<Batch>> {
        loop {
            self.scan();
            if self.cut > 0 {
                return Ok(Some(self.take_rows()));
            }
            if self.ended && self.buffer.trim_ascii().is_empty() {
                return Ok(None);
            }
            if self.ended || self.buffer.len() > LONGEST_ROW {
                return self.drop_line().map(Some);
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        let before = self.buffer.len();
        self.buffer.resize(before + CHUNK, 0);
        let read = loop {
            match self.source.read(&mut self.buffer[before..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.buffer.truncate(before + *read.as_ref().unwrap_or(&0));
        self.ended = read? == 0;
        Ok(())
    }

    /// Looks for the ends of rows in what has come in since.
    fn scan(&mut self) {
        if let Some(end) = self.scanner.last_row_end(&self.buffer[self.scanned..]) {
            self.cut = self.scanned + end;
        }
        self.scanned = self.buffer.len();
        // The last row may lack its line break.
        if self.ended && self.cut < self.buffer.len() && self.scanner.row_end(b"\n").is_some() {
            self.cut = self.buffer.len();
        }
    }

    fn take_rows(&mut self) -> Batch {
        let rest = self.buffer.split_off(self.cut);
        let rows = std::mem::replace(&mut self.buffer, rest);
        let batch = Batch { line: self.line, size: rows.len() as u64, rows: Ok(rows) };
        self.line += batch.rows.as_ref().map_or(0, |rows| newlines(rows));
        self.scanned -= self.cut;
        self.cut = 0;
        batch
    }

    /// Gives up a row that does not end: passes over its first line, and begins anew after it.
    fn drop_line(&mut self) -> io::Result<Batch> {
        let cause = if self.scanner.row_end(b"\n").is_some() {
            format!("longer than {} MiB; shorten the row", LONGEST_ROW >> 20)
        } else {
            "a quotation mark opens a cell and none closes it; close it, or write \"\" for one that belongs to the text".to_owned()
        };
        // Blank lines before it, or half a line break, are not that line.
        let blank = self.buffer.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.line += newlines(&self.buffer[..blank]);
        self.buffer.drain(..blank);
        let mut batch = Batch { line: self.line, rows: Err(cause), size: blank as u64 };
        loop {
            let end = self.buffer.iter().position(|&byte| byte == b'\n').map(|at| at + 1);
            let length = end.unwrap_or(self.buffer.len());
            batch.size += length as u64;
            self.buffer.drain(..length);
            if end.is_some() || self.ended {
                break;
            }
            self.fill()?;
        }
        self.line += 1;
        self.scanner.reset();
        (self.scanned, self.cut) = (0, 0);
        Ok(batch)
    }
}

/// How many line breaks there are.
pub(super) fn newlines(bytes: &[u8]) -> u64 {
    bytes.split(|&byte| byte == b'\n').count() as u64 - 1
}

/// Finds where rows end.
enum Scanner {
    /// At every line break.
    Lines,
    /// At line breaks outside quotation marks.
    Records(Box<csv_core::Reader>),
}

impl Scanner {
    fn records(separator: u8) -> Self {
        Self::Records(Box::new(csv_core::ReaderBuilder::new().delimiter(separator).build()))
    }

    fn reset(&mut self) {
        if let Self::Records(reader) = self {
            reader.reset();
        }
    }

    /// Where in the bytes that follow on those before the first row ends.
    fn row_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let Self::Records(reader) = self else {
            return bytes.iter().position(|&byte| byte == b'\n').map(|at| at + 1);
        };
        // What is in the cells is of no interest yet.
        let (mut cells, mut ends) = ([0; 1024], [0; 64]);
        let mut at = 0;
        while at < bytes.len() {
            let (result, read, ..) = reader.read_record(&bytes[at..], &mut cells, &mut ends);
            at += read;
            if matches!(result, ReadRecordResult::Record) {
                return Some(at);
            }
        }
        None
    }

    /// Where in the bytes that follow on those before the last row ends.
    fn last_row_end(&mut self, bytes: &[u8]) -> Option<usize> {
        if matches!(self, Self::Lines) {
            return bytes.iter().rposition(|&byte| byte == b'\n').map(|at| at + 1);
        }
        let mut last = None;
        while let Some(end) = self.row_end(&bytes[last.unwrap_or(0)..]) {
            last = Some(last.unwrap_or(0) + end);
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives a few bytes at a time.
    struct Trickle(Vec<u8>, usize);

    impl Read for Trickle {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(self.0.len()).min(out.len());
            out[..length].copy_from_slice(&self.0[..length]);
            self.0.drain(..length);
            Ok(length)
        }
    }

    /// The cells of a record, or why a line is none.
    type Record = Result<Vec<Vec<u8>>, String>;

    /// Every record with its line; read `step` bytes at a time.
    fn records(input: &[u8], step: usize) -> Vec<(u64, Record)> {
        let mut batches = Batches::new(Box::new(Trickle(input.to_vec(), step)));
        batches.scanner = Scanner::records(b',');
        let mut records = Vec::new();
        let mut size = 0;
        while let Some(batch) = batches.next().expect("read") {
            size += batch.size;
            match batch.rows {
                Err(cause) => records.push((batch.line, Err(cause))),
                Ok(bytes) => {
                    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(&bytes[..]);
                    let lines = reader.byte_records().map(|record| {
                        let record = record.expect("any bytes are a record");
                        let from = record.position().expect("a position").byte() as usize;
                        let blank = bytes[from..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
                        (batch.line + newlines(&bytes[..from + blank]), Ok(record.iter().map(<[u8]>::to_vec).collect()))
                    });
                    records.extend(lines);
                }
            }
        }
        assert!(size <= input.len() as u64);
        records
    }

    proptest! {
        #[test]
        fn rows_are_the_same_however_the_bytes_come_in(input in "[a,\"\r\n]{0,40}", step in 1_usize..9) {
            prop_assert_eq!(records(input.as_bytes(), step), records(input.as_bytes(), 1000));
        }

        #[test]
        fn records_are_those_of_the_csv_reader(cells in prop::collection::vec(prop::collection::vec("[a,\"\r\n]{0,5}", 2), 0..9), step in 1_usize..99) {
            let mut out = csv::Writer::from_writer(Vec::new());
            for record in &cells {
                out.write_record(record).expect("written");
            }
            let found = records(&out.into_inner().expect("written"), step);
            let found: Vec<Vec<String>> = found
                .into_iter()
                .map(|(_, record)| record.expect("closed").into_iter().map(|cell| String::from_utf8(cell).expect("text")).collect())
                .collect();
            prop_assert_eq!(found, cells);
        }
    }

    #[test]
    fn a_quotation_mark_that_does_not_close_costs_its_line_alone() {
        for step in [1, 5, 1000] {
            let found = records(b"a,b\r\n\r\n\"c,d\r\ne,f\r\n", step);
            assert_eq!(found.iter().map(|(line, record)| (*line, record.is_ok())).collect::<Vec<_>>(), [(1, true), (3, false), (4, true)]);
        }
    }

    #[test]
    fn a_row_without_end_is_passed_over() {
        let mut input = vec![b'x'; LONGEST_ROW + 3 * CHUNK];
        input.extend(b"\nhello\n");
        let mut batches = Batches::new(Box::new(io::Cursor::new(input)));
        let first = batches.next().expect("read").expect("a batch");
        assert!(first.rows.expect_err("too long").contains("longer than 16 MiB"));
        let second = batches.next().expect("read").expect("a batch");
        assert_eq!((second.line, second.rows), (2, Ok(b"hello\n".to_vec())));
        assert!(batches.next().expect("read").is_none());
    }
}
