//! Labelled notes, from JSON Lines or CSV. Nothing is lost silently: a row that cannot be used is an error with file, line
//! and cause.

mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::digest::hex;
use crate::rows::{bounded, quoted};

pub use file::{FileRow, Row, files, visit_rows};

/// One labelled note.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Note {
    /// The note as it was typed.
    pub text: String,
    /// Its label for each head that it has one for.
    pub labels: BTreeMap<String, String>,
    /// The brief or source that it came from. A note without one is a group of its own.
    pub group: String,
    /// Its name in the corpus: the `id` column, or file and line.
    pub id: String,
    /// Every other column, as it stood.
    pub other: BTreeMap<String, serde_json::Value>,
}

impl Note {
    /// Whether the note is there because a model got it wrong (it has the column `against`), or because another note is confusingly like it (it has the
    /// column `pair`). Such notes teach, but a sample of nothing but traps is no measure of how often there are any: calibration, thresholds and
    /// figures leave them out.
    #[must_use]
    pub fn is_trap(&self) -> bool {
        self.other.contains_key("against") || self.other.contains_key("pair")
    }

    /// Whether this and another note are the two sides of one pair (equal `group` and `pair`): alike on purpose, so that what differs decides.
    #[must_use]
    pub fn is_paired_with(&self, other: &Self) -> bool {
        self.group == other.group && self.other.get("pair").is_some_and(|pair| other.other.get("pair") == Some(pair))
    }
}

/// A labelled corpus.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Corpus {
    /// The notes, in the order of the files and their lines.
    pub notes: Vec<Note>,
    /// The rows that were passed over, where that was asked for.
    pub skipped: Vec<SkippedRow>,
}

/// Where a note stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file.
    pub file: Arc<Path>,
    /// The line, from 1; of a note that fills several lines of a CSV file, the first.
    pub line: u64,
}

/// A row that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkippedRow {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: u64,
    /// Why, and how to mend it.
    pub cause: String,
}

/// What can go wrong when a corpus is read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CorpusError {
    /// A file cannot be read.
    #[error("cannot read {}: {cause}; check the path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A row cannot be used.
    #[error("{}:{}: {}; mend the line, or pass --skip-bad-rows", .0.path.display(), .0.line, .0.cause)]
    Row(SkippedRow),
    /// Nothing in the file can be used as it is.
    #[error("{}{}: {what}", path.display(), line.map_or_else(String::new, |line| format!(":{line}")))]
    File {
        /// The file.
        path: PathBuf,
        /// The line that is to be mended, from 1.
        line: Option<u64>,
        /// What is wrong with it, and how to mend it.
        what: String,
    },
    /// Neither JSON Lines nor CSV, by its name.
    #[error("{}: the name of a corpus file ends in .jsonl, .ndjson, .csv or .tsv; rename or convert it", path.display())]
    Kind {
        /// The file.
        path: PathBuf,
    },
    /// A folder without corpus files, or files without rows.
    #[error("{}: no labelled note in it; each line needs \"text\" and \"{head}\"", path.display())]
    Empty {
        /// The file or folder.
        path: PathBuf,
        /// The label column that was looked for.
        head: String,
    },
}

impl Corpus {
    /// Reads the files, or all `.jsonl`, `.ndjson`, `.csv` and `.tsv` files of a folder in the order of their names.
    ///
    /// `heads` names the label columns: the first is required in every row, the others are optional.
    ///
    /// # Errors
    ///
    /// [`CorpusError`], with file, line and mend. With `skip_bad_rows`, rows that cannot be used are listed in
    /// [`Corpus::skipped`] instead.
    pub fn read(paths: &[PathBuf], heads: &[String], skip_bad_rows: bool) -> Result<Self, CorpusError> {
        Ok(Self::read_with_places(paths, heads, skip_bad_rows)?.0)
    }

    /// As [`Corpus::read`], and where each note stands.
    ///
    /// # Errors
    ///
    /// As [`Corpus::read`].
    pub fn read_with_places(paths: &[PathBuf], heads: &[String], skip_bad_rows: bool) -> Result<(Self, Vec<Place>), CorpusError> {
        let mut corpus = Self::default();
        let mut places = Vec::new();
        for path in paths {
            let before = corpus.notes.len();
            for file in files(path)? {
                let lines = corpus.read_file(&file, heads, skip_bad_rows)?;
                let file: Arc<Path> = file.into();
                places.extend(lines.into_iter().map(|line| Place { file: Arc::clone(&file), line }));
            }
            if corpus.notes.len() == before {
                return Err(CorpusError::Empty { path: path.clone(), head: heads[0].clone() });
            }
        }
        Ok((corpus, places))
    }

    /// Reads texts without labels from a JSON Lines or CSV file.
    ///
    /// # Errors
    ///
    /// As [`Corpus::read`].
    pub fn read_texts(path: &Path) -> Result<Vec<Note>, CorpusError> {
        let mut corpus = Self::default();
        corpus.read_file(path, &[], false)?;
        Ok(corpus.notes)
    }

    /// Returns the line of each note.
    fn read_file(&mut self, path: &Path, heads: &[String], skip_bad_rows: bool) -> Result<Vec<u64>, CorpusError> {
        let mut lines = Vec::new();
        visit_rows(path, heads.first().map(String::as_str), |FileRow { line, row, .. }| {
            match row.and_then(|row| note(row, heads, path, line)) {
                Ok(note) => {
                    self.notes.push(note);
                    lines.push(line);
                }
                Err(cause) => {
                    let row = SkippedRow { path: path.to_owned(), line, cause };
                    if !skip_bad_rows {
                        return Err(CorpusError::Row(row));
                    }
                    self.skipped.push(row);
                }
            }
            Ok(())
        })?;
        Ok(lines)
    }

    /// The labels of a head that occur, in the order of the alphabet.
    #[must_use]
    pub fn labels(&self, head: &str) -> Vec<String> {
        let labels: BTreeSet<&String> = self.notes.iter().filter_map(|note| note.labels.get(head)).collect();
        labels.into_iter().cloned().collect()
    }

    /// The groups that the notes came from.
    #[must_use]
    pub fn groups(&self) -> BTreeSet<&str> {
        self.notes.iter().map(|note| note.group.as_str()).collect()
    }

    /// SHA-256 over texts, labels and groups in order, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        for note in &self.notes {
            let fields = [&note.text, &note.group].into_iter().chain(note.labels.iter().flat_map(|(head, label)| [head, label]));
            for field in fields {
                hasher.update((field.len() as u64).to_le_bytes());
                hasher.update(field);
            }
        }
        hex(hasher)
    }
}

/// The note that a row is, or why it is none.
pub(super) fn note(mut row: Row, heads: &[String], path: &Path, line: u64) -> Result<Note, String> {
    let text = bounded(take("text", &mut row)?.ok_or_else(|| lacks("text", &row))?)?;
    if text.trim().is_empty() {
        return Err("\"text\" is empty".to_owned());
    }
    let mut labels = BTreeMap::new();
    for (index, head) in heads.iter().enumerate() {
        match take(head, &mut row)?.map(|label| label.trim().to_owned()).filter(|label| !label.is_empty()) {
            Some(label) => {
                labels.insert(head.clone(), label);
            }
            None if index == 0 => return Err(lacks(head, &row)),
            None => {}
        }
    }
    let id = take("id", &mut row)?.unwrap_or_else(|| format!("{}:{line}", path.display()));
    let group = take("group", &mut row)?.unwrap_or_else(|| id.clone());
    Ok(Note { text, labels, group, id, other: row.into_iter().collect() })
}

/// Takes a string or a number out of a row.
fn take(key: &str, row: &mut Row) -> Result<Option<String>, String> {
    match row.remove(key) {
        None | Some(serde_json::Value::Null) => Ok(None),
        Some(serde_json::Value::String(value)) => Ok(Some(value)),
        Some(serde_json::Value::Number(value)) => Ok(Some(value.to_string())),
        Some(other) => {
            let kind = match other {
                serde_json::Value::Array(_) => "a list",
                serde_json::Value::Object(_) => "an object",
                _ => "true or false",
            };
            Err(format!("{key:?} is {kind}, not a string"))
        }
    }
}

fn lacks(key: &str, row: &Row) -> String {
    let others: Vec<&String> = row.keys().filter(|other| *other != key).collect();
    if others.is_empty() { format!("no {key:?}") } else { format!("no {key:?} beside {}", quoted(others)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, content: &[u8], skip: bool) -> Result<Corpus, CorpusError> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, content).expect("written");
        Corpus::read(&[path], &["intent".to_owned(), "reason".to_owned()], skip)
    }

    #[test]
    fn json_lines_and_csv_give_the_same_notes() {
        let json = read(
            "a.jsonl",
            b"\xEF\xBB\xBF{\"text\":\"hi, you\",\"intent\":\"a\",\"group\":\"g\",\"id\":\"1\",\"hard\":\"x\"}\r\n\n",
            false,
        );
        let csv = read("a.csv", b"id,group,intent,reason,text,hard\n1,g,a,,\"hi, you\",x\n", false);
        assert_eq!(json.expect("json").notes, csv.expect("csv").notes);
    }

    #[test]
    fn a_bad_row_names_file_line_and_cause_or_is_listed() {
        for (content, cause) in [
            (&b"{\"text\":\"a\",\"intent\":\"x\"}\n{\"text\":\"a\"}\n"[..], "no \"intent\""),
            (b"{\"text\":\"a\",\"intent\":\"x\"}\n{\"text\":\n", "not a JSON object"),
            (b"{\"text\":\"a\",\"intent\":\"x\"}\n\xFF\n", "not UTF-8"),
            (b"{\"text\":\"a\",\"intent\":\"x\"}\n{\"text\":\" \",\"intent\":\"x\"}\n", "empty"),
            (b"{\"text\":\"a\",\"intent\":\"x\"}\n{\"text\":[],\"intent\":\"x\"}\n", "not a string"),
        ] {
            let error = read("a.jsonl", content, false).expect_err("a bad row").to_string();
            assert!(error.contains("a.jsonl:2: ") && error.contains(cause), "{error}");
            let corpus = read("a.jsonl", content, true).expect("skipped");
            assert_eq!((corpus.notes.len(), corpus.skipped.len(), corpus.skipped[0].line), (1, 1, 2));
        }
    }

    #[test]
    fn no_rows_is_an_error() {
        assert!(matches!(read("a.jsonl", b"\n", false), Err(CorpusError::Empty { .. })));
        assert!(matches!(read("a.txt", b"hi\n", false), Err(CorpusError::Kind { .. })));
    }
}
