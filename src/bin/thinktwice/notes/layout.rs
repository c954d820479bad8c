//! How the rows of an input are built.

use anyhow::{Context, bail};

use super::Batches;

/// How the rows of an input are built.
pub(crate) enum Layout {
    /// A JSON object a line.
    Json {
        /// The key that the note is under.
        key: String,
    },
    /// Cells under the columns of a header.
    Csv(Table),
    /// A note a line.
    Text,
}

/// A CSV: its header, and how it is written.
pub(crate) struct Table {
    /// The names of the columns.
    pub(crate) columns: Vec<String>,
    /// Which of them the notes are in.
    pub(crate) text: usize,
    /// What stands between two cells.
    pub(crate) separator: u8,
    /// Whether the file begins with the mark of UTF-8, which some programs need in order to read it as such.
    pub(crate) marked: bool,
    /// Whether lines end in CR LF.
    pub(crate) crlf: bool,
}

const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// The columns by which the archive of the network is known.
const ARCHIVE: [&str; 5] = ["From", "To", "Sent At", "Message", "Direction"];
const ARCHIVE_TEXT: &str = "Message";

impl Table {
    /// Reads the header. The separator is the one with which there is a column for the notes.
    pub(super) fn read(batches: &mut Batches, name: &str, text: Option<&str>) -> anyhow::Result<Self> {
        let mut most: Vec<String> = Vec::new();
        for separator in SEPARATORS {
            let header = batches.first_record(separator).with_context(|| format!("cannot read {name}"))?;
            let (length, crlf) = (header.len(), header.contains(&b'\r'));
            let columns = cells(header, separator).with_context(|| format!("{name}:1: the header is not UTF-8; save the file as UTF-8"))?;
            if let Some(text) = text_column(&columns, text) {
                batches.take_header(length, separator);
                return Ok(Self { columns, text, separator, marked: batches.is_marked(), crlf });
            }
            if columns.len() > most.len() {
                most = columns;
            }
        }
        if most.is_empty() {
            bail!("{name} is empty; the first line of a CSV names its columns");
        }
        let there: Vec<String> = most.iter().map(|column| format!("{column:?}")).collect();
        bail!(
            "{name}:1: there is no column {:?}, only {}; name the one with the notes with --text-column",
            text.unwrap_or("text"),
            there.join(", ")
        )
    }

    /// Whether it is the archive that the network gives its members.
    #[cfg(feature = "train")]
    pub(crate) fn is_archive(&self) -> bool {
        self.columns[self.text].trim() == ARCHIVE_TEXT && has_columns_of_archive(&self.columns)
    }
}

fn has_columns_of_archive(columns: &[String]) -> bool {
    ARCHIVE.iter().all(|name| columns.iter().any(|column| column.trim() == *name))
}

fn text_column(columns: &[String], text: Option<&str>) -> Option<usize> {
    let find = |name: &str| columns.iter().position(|column| column.trim() == name);
    match text {
        Some(name) => find(name),
        None => find("text").or_else(|| if has_columns_of_archive(columns) { find(ARCHIVE_TEXT) } else { None }),
    }
}

fn cells(record: &[u8], separator: u8) -> Option<Vec<String>> {
    let mut cells = csv::StringRecord::new();
    csv::ReaderBuilder::new().has_headers(false).delimiter(separator).from_reader(record).read_record(&mut cells).ok()?;
    Some(cells.iter().map(str::to_owned).collect())
}
