//! Records under a header, separated by commas, semicolons or tabs.

use std::io;

use super::batches::{Batches, newlines};
use super::decode;

const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// The header of a CSV file, and what it says of how the file is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The names of the columns, as they stand.
    pub columns: Vec<String>,
    /// What stands between two cells.
    pub separator: u8,
    /// Whether lines end in CR LF.
    pub crlf: bool,
}

/// Why there is no header.
#[derive(Debug)]
pub enum NoHeader {
    /// The input cannot be read.
    Read(io::Error),
    /// It is not UTF-8.
    Encoding(String),
    /// It is no header of the wanted kind: the columns that there are. None where the input is empty.
    Other(Vec<String>),
}

impl Header {
    /// Takes the header off the input. The separator is the one with which the columns `fit`.
    ///
    /// # Errors
    ///
    /// [`NoHeader`].
    pub fn read(batches: &mut Batches, fit: impl Fn(&[String]) -> bool) -> Result<Self, NoHeader> {
        let mut most: Vec<String> = Vec::new();
        for separator in SEPARATORS {
            let header = batches.first_record(separator).map_err(NoHeader::Read)?;
            let (length, crlf) = (header.len(), header.contains(&b'\r'));
            decode(header).map_err(NoHeader::Encoding)?;
            let columns = cells(header, separator);
            if fit(&columns) {
                batches.take_header(length, separator);
                return Ok(Self { columns, separator, crlf });
            }
            if columns.len() > most.len() {
                most = columns;
            }
        }
        Err(NoHeader::Other(most))
    }

    /// Calls `take` with every record of some whole rows, and the line that it begins at; the first of the rows' lines is `first`.
    pub fn records(&self, rows: &[u8], first: u64, mut take: impl FnMut(&csv::ByteRecord, u64)) {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(self.separator).from_reader(rows);
        let mut record = csv::ByteRecord::new();
        let (mut line, mut counted) = (first, 0);
        // A slice of bytes can always be read, and any bytes are some record.
        while reader.read_byte_record(&mut record).unwrap_or(false) {
            let from = record.position().map_or(counted, |position| position.byte() as usize);
            let blank = rows[from..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            line += newlines(&rows[counted..from + blank]);
            counted = from + blank;
            take(&record, line);
        }
    }

    /// Says what is wrong with a record that has not one cell of UTF-8 for each column.
    ///
    /// # Errors
    ///
    /// What is wrong, and how to mend it.
    pub fn check(&self, record: &csv::ByteRecord) -> Result<(), String> {
        let (cells, columns) = (record.len(), self.columns.len());
        if cells < columns {
            return Err(format!("only {cells} of {columns} cells; add the missing ones"));
        }
        if cells > columns {
            let separators = match self.separator {
                b';' => "semicolons",
                b'\t' => "tabs",
                _ => "commas",
            };
            return Err(format!("{cells} cells, but the header has {columns}; put a cell with {separators} in it in quotation marks"));
        }
        record.iter().try_for_each(|cell| decode(cell).map(|_| ()))
    }
}

fn cells(record: &[u8], separator: u8) -> Vec<String> {
    let mut cells = csv::StringRecord::new();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).delimiter(separator).from_reader(record);
    // What is UTF-8 is some record.
    drop(reader.read_record(&mut cells));
    cells.iter().map(str::to_owned).collect()
}
