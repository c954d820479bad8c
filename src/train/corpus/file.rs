//! The rows of a corpus file, read as they come: JSON Lines or CSV, no more than a batch of them in memory.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

use super::CorpusError;
use crate::rows::{Batches, Header, NoHeader, bounded, decode, lines, not_an_object, quoted};

/// A row of a corpus file, with all its columns. Empty cells of a CSV file are left out.
pub type Row = serde_json::Map<String, serde_json::Value>;

/// A row and where it stands.
#[derive(Debug)]
pub struct FileRow<'a> {
    /// Its line, from 1; of a row that fills several lines of a CSV file, the first.
    pub line: u64,
    /// The row; or why there is none, and how to mend it.
    pub row: Result<Row, String>,
    /// The line of a JSON Lines file as it stands, without its line break; nothing of a CSV file.
    pub bytes: &'a [u8],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    JsonLines,
    Csv,
}

impl Kind {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            "csv" | "tsv" => Some(Self::Csv),
            _ => None,
        }
    }
}

/// The file, or all corpus files (`.jsonl`, `.ndjson`, `.csv`, `.tsv`) of a folder in the order of their names.
///
/// # Errors
///
/// [`CorpusError::Read`].
pub fn files(path: &Path) -> Result<Vec<PathBuf>, CorpusError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let read_error = |cause| CorpusError::Read { path: path.to_owned(), cause };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(read_error)? {
        let file = entry.map_err(read_error)?.path();
        if Kind::of(&file).is_some() {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// Calls `take` with every row of a JSON Lines or CSV file, in order, until it fails. A CSV file has to have the columns `text` and, where there is one,
/// `label`; its cells may be separated by commas, semicolons or tabs.
///
/// # Errors
///
/// [`CorpusError::Read`], [`CorpusError::Kind`], [`CorpusError::File`], and what `take` says.
pub fn visit_rows<E: From<CorpusError>>(
    path: &Path,
    label: Option<&str>,
    mut take: impl FnMut(FileRow<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let read_error = |cause| CorpusError::Read { path: path.to_owned(), cause };
    let file_error = |line, what| CorpusError::File { path: path.to_owned(), line, what };
    let kind = Kind::of(path).ok_or_else(|| CorpusError::Kind { path: path.to_owned() })?;
    let file = File::open(path).map_err(read_error)?;
    if file.metadata().map_err(read_error)?.is_dir() {
        return Err(file_error(None, "a folder; name the file that the texts are in".to_owned()).into());
    }
    let mut batches = Batches::new(Box::new(file));
    batches.begin().map_err(read_error)?;
    if batches.is_utf16() {
        return Err(file_error(Some(1), "UTF-16, not UTF-8; save the file as UTF-8 (iconv -f utf-16 -t utf-8)".to_owned()).into());
    }
    let header = match kind {
        Kind::JsonLines => None,
        Kind::Csv => match Header::read(&mut batches, |columns| missing(columns, label).is_none()) {
            Ok(header) => Some(header),
            Err(NoHeader::Read(cause)) => return Err(read_error(cause).into()),
            Err(NoHeader::Encoding(cause)) => return Err(file_error(Some(1), cause).into()),
            // An empty file has no rows, like an empty file of any kind.
            Err(NoHeader::Other(columns)) if columns.is_empty() => return Ok(()),
            Err(NoHeader::Other(columns)) => return Err(file_error(Some(1), no_column(&columns, label)).into()),
        },
    };
    if let Some(twice) = header.as_ref().and_then(|header| repeated(&header.columns)) {
        return Err(file_error(Some(1), format!("there are two columns {twice:?}; give one of them another name")).into());
    }
    while let Some(batch) = batches.next().map_err(read_error)? {
        let mut result = Ok(());
        let mut visit = |row: FileRow<'_>| {
            if result.is_ok() {
                result = take(row);
            }
        };
        match (batch.rows, &header) {
            (Err(cause), _) => visit(FileRow { line: batch.line, row: Err(cause), bytes: b"" }),
            (Ok(rows), None) => lines(&rows, batch.line, |bytes, line| visit(FileRow { line, row: object(bytes), bytes })),
            (Ok(rows), Some(header)) => {
                header.records(&rows, batch.line, |record, line| visit(FileRow { line, row: cells(header, record), bytes: b"" }));
            }
        }
        result?;
    }
    Ok(())
}

/// The first of the wanted columns that is not there.
fn missing<'l>(columns: &[String], label: Option<&'l str>) -> Option<&'l str> {
    ["text"].into_iter().chain(label).find(|name| !columns.iter().any(|column| column.trim() == *name))
}

fn no_column(columns: &[String], label: Option<&str>) -> String {
    let name = missing(columns, label).unwrap_or_default();
    let there = quoted(columns.iter().map(|column| column.trim()));
    let mend = match label {
        Some(label) if label == name => "name the one with the labels with --label-column",
        _ => "give the one with the notes that name",
    };
    format!("there is no column {name:?}, only {there}; {mend}")
}

fn repeated(columns: &[String]) -> Option<&str> {
    let names: Vec<&str> = columns.iter().map(|column| column.trim()).filter(|name| !name.is_empty()).collect();
    (1..names.len()).find(|&at| names[..at].contains(&names[at])).map(|at| names[at])
}

fn object(line: &[u8]) -> Result<Row, String> {
    let Object(row) = serde_json::from_str(decode(line)?).map_err(|error| not_an_object(&error))?;
    Ok(row)
}

/// An object in which no key stands twice: which of two labels counts is not for a program to choose.
struct Object(Row);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut row = Row::new();
                while let Some((key, value)) = map.next_entry::<String, serde_json::Value>()? {
                    if row.contains_key(&key) {
                        return Err(A::Error::custom(format_args!("the key {key:?} is there twice")));
                    }
                    row.insert(key, value);
                }
                Ok(Object(row))
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

fn cells(header: &Header, record: &csv::ByteRecord) -> Result<Row, String> {
    header.check(record)?;
    let mut row = Row::new();
    for (column, cell) in header.columns.iter().zip(record).filter(|(_, cell)| !cell.is_empty()) {
        let (column, cell) = (column.trim(), bounded(decode(cell)?)?);
        if column.is_empty() {
            return Err(format!("the cell {cell:?} is in a column without a name; name the column in the first line"));
        }
        row.insert(column.to_owned(), cell.into());
    }
    Ok(row)
}
