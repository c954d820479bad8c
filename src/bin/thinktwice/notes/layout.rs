//! How the rows of an input are built.

use anyhow::{Context, bail};
use thinktwice::rows::{Batches, Header, NoHeader, quoted};

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
    /// The names of the columns, what stands between cells, and how lines end.
    pub(crate) header: Header,
    /// Which of them the notes are in.
    pub(crate) text: usize,
    /// Whether the file begins with the mark of UTF-8, which some programs need in order to read it as such.
    pub(crate) marked: bool,
}

/// The columns by which the archive of the network is known.
const ARCHIVE: [&str; 5] = ["From", "To", "Sent At", "Message", "Direction"];
const ARCHIVE_TEXT: &str = "Message";

impl Table {
    /// Reads the header. The separator is the one with which there is a column for the notes.
    pub(super) fn read(batches: &mut Batches, name: &str, text: Option<&str>) -> anyhow::Result<Self> {
        match Header::read(batches, |columns| text_column(columns, text).is_some()) {
            Ok(header) => {
                let text = text_column(&header.columns, text).unwrap_or_default();
                Ok(Self { text, marked: batches.is_marked(), header })
            }
            Err(NoHeader::Read(error)) => Err(error).with_context(|| format!("cannot read {name}")),
            Err(NoHeader::Encoding(cause)) => bail!("{name}:1: {cause}"),
            Err(NoHeader::Other(columns)) if columns.is_empty() => bail!("{name} is empty; the first line of a CSV names its columns"),
            Err(NoHeader::Other(columns)) => bail!(
                "{name}:1: there is no column {:?}, only {}; name the one with the notes with --text-column",
                text.unwrap_or("text"),
                quoted(columns)
            ),
        }
    }

    /// Whether it is the archive that the network gives its members.
    #[cfg(feature = "train")]
    pub(crate) fn is_archive(&self) -> bool {
        self.header.columns[self.text].trim() == ARCHIVE_TEXT && has_columns_of_archive(&self.header.columns)
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
