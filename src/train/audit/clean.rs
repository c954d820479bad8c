//! A corpus with the edits of a table: notes with other labels, notes left out.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::table::Edit;
use crate::train::corpus::{self, CorpusError, FileRow, Row, SkippedRow};

/// Why a table cannot be given back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CleanError {
    /// The corpus cannot be read.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// The table cannot be read.
    #[error("cannot read {}: {cause}; check the path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// The cleaned corpus cannot be written.
    #[error("cannot write the edited corpus: {0}")]
    Write(std::io::Error),
    /// A row of the table cannot be used.
    #[error("{}:{line}: {cause}", path.display())]
    Table {
        /// The table.
        path: PathBuf,
        /// Its line.
        line: u64,
        /// Why, and how to mend it.
        cause: String,
    },
}

/// What became of a note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The file.
    pub file: String,
    /// The line.
    pub line: u64,
    /// The note's id, where it has one.
    pub id: String,
    /// The label that it had; empty where it had none.
    pub old_label: String,
    /// The label that it has now; `None` where it was left out.
    pub new_label: Option<String>,
}

/// What became of a corpus.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// How many rows there are.
    pub rows: usize,
    /// What was changed, in the order of the corpus.
    pub changes: Vec<Change>,
    /// Labels that no row had before.
    pub new_labels: BTreeSet<String>,
    /// Rows that cannot be read and were left out, where that was asked for.
    pub skipped: Vec<SkippedRow>,
}

/// Applies the `edits` of the table at `table` to the corpus files at `paths`: to the labels in the column `head`, and to which rows there are. Writes the
/// rows as JSON Lines to `out`, as they come; those of JSON Lines files that were not edited as they stood, byte for byte.
///
/// # Errors
///
/// [`CleanError`]: an edit that fits no row (the file was changed since, or is not among `paths`), two edits of one row that disagree, a row that
/// cannot be read and is not left out, `out` cannot be written to. With `skip_bad_rows`, such rows are left out.
pub fn clean(
    paths: &[PathBuf],
    head: &str,
    table: &Path,
    edits: &[Edit],
    skip_bad_rows: bool,
    out: &mut dyn Write,
) -> Result<Cleaned, CleanError> {
    let mut by_file: BTreeMap<&str, BTreeMap<u64, &Edit>> = BTreeMap::new();
    for edit in edits {
        let first = *by_file.entry(&edit.file).or_default().entry(edit.line).or_insert(edit);
        if first.new_label != edit.new_label {
            let cause = format!("the note has another new label in line {}; give it the same in both", first.table_line);
            return Err(error(table, edit, cause));
        }
    }
    let mut cleaned = Cleaned::default();
    let mut cleaning = Cleaning { head, table, skip_bad_rows, old_labels: BTreeSet::new(), out };
    let mut left: Vec<&Edit> = Vec::new();
    for path in paths {
        for file in corpus::files(path)? {
            let mut edits = by_file.remove(file.display().to_string().as_str()).unwrap_or_default();
            cleaning.clean_file(&file, &mut edits, &mut cleaned)?;
            left.extend(edits.into_values());
        }
    }
    left.extend(by_file.into_values().flat_map(BTreeMap::into_values));
    if let Some(edit) = left.into_iter().min_by_key(|edit| edit.table_line) {
        let cause = format!("{}:{} is no row of --data; name the files as they were named for the audit", edit.file, edit.line);
        return Err(error(table, edit, cause));
    }
    cleaned.new_labels.retain(|label| !cleaning.old_labels.contains(label));
    Ok(cleaned)
}

/// What the rows of every file are cleaned with.
struct Cleaning<'a> {
    head: &'a str,
    table: &'a Path,
    skip_bad_rows: bool,
    /// The labels that were met.
    old_labels: BTreeSet<String>,
    out: &'a mut dyn Write,
}

impl Cleaning<'_> {
    /// Adds the rows of a file, and takes those of its `edits` that fit one.
    fn clean_file(&mut self, file: &Path, edits: &mut BTreeMap<u64, &Edit>, cleaned: &mut Cleaned) -> Result<(), CleanError> {
        let (head, table) = (self.head, self.table);
        let name = file.display().to_string();
        corpus::visit_rows(file, None, |FileRow { line, row, bytes }| {
            let edit = edits.remove(&line);
            if let Some(edit) = edit {
                verify(row.as_ref().ok(), edit, &name).map_err(|cause| error(table, edit, cause))?;
                let cell = |column: &str| row.as_ref().map(|row| text_of(row, column)).unwrap_or_default();
                let (id, old_label) = (cell("id"), cell(head));
                cleaned.changes.push(Change { file: name.clone(), line, id, old_label, new_label: edit.new_label.clone() });
                if edit.new_label.is_none() {
                    return Ok(());
                }
            }
            let mut row = match (row, edit) {
                (Ok(row), _) => row,
                (Err(cause), Some(edit)) => {
                    return Err(error(table, edit, format!("{name}:{line} cannot be read ({cause}); mend it there, or write drop")));
                }
                (Err(cause), None) => {
                    let bad = SkippedRow { path: file.to_owned(), line, cause };
                    if !self.skip_bad_rows {
                        return Err(CorpusError::Row(bad).into());
                    }
                    cleaned.skipped.push(bad);
                    return Ok(());
                }
            };
            self.old_labels.insert(text_of(&row, head));
            let new_label = edit.and_then(|edit| edit.new_label.as_ref());
            if let Some(label) = new_label {
                cleaned.new_labels.insert(label.clone());
                row.insert(head.to_owned(), label.clone().into());
            }
            let written = if new_label.is_none() && !bytes.is_empty() {
                self.out.write_all(bytes.trim_ascii())
            } else {
                serde_json::to_writer(&mut *self.out, &row).map_err(Into::into)
            };
            written.and_then(|()| self.out.write_all(b"\n")).map_err(CleanError::Write)?;
            cleaned.rows += 1;
            Ok(())
        })
    }
}

fn error(table: &Path, edit: &Edit, cause: String) -> CleanError {
    CleanError::Table { path: table.to_owned(), line: edit.table_line, cause }
}

/// Whether the row is still the one that the table speaks of.
fn verify(row: Option<&Row>, edit: &Edit, file: &str) -> Result<(), String> {
    // What is no note has neither id nor text in the table.
    let Some(row) = row.filter(|_| !edit.id.is_empty()) else { return Ok(()) };
    let place = format!("{file}:{}", edit.line);
    let id = Some(text_of(row, "id")).filter(|id| !id.is_empty()).unwrap_or_else(|| place.clone());
    // A spreadsheet may have other line breaks.
    let same_text = text_of(row, "text").split_whitespace().eq(edit.text.split_whitespace());
    if id == edit.id && same_text {
        return Ok(());
    }
    Err(format!("{place} is another note by now ({id}); the corpus was changed since the audit: audit it again"))
}

fn text_of(row: &Row, column: &str) -> String {
    match row.get(column) {
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(serde_json::Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JSON: &str = "\u{FEFF}{\"text\":\"one\", \"n\":1e2,\"intent\":\"a\"}\r\n\n{\"text\":\"two\",\"intent\":\"a\",\"id\":\"2\"}\n{\"text\":\"three\"}\n{broken\n";
    const CSV: &str = "intent,text,more\nb,\"four, and\nmore\",x\nb,five,\n";

    fn edit(file: &str, line: u64, id: &str, text: &str, new_label: Option<&str>) -> Edit {
        let file = file.to_owned();
        Edit { table_line: 9, file, line, id: id.to_owned(), text: text.to_owned(), new_label: new_label.map(str::to_owned) }
    }

    fn cleaned(skip: bool, edits: impl Fn(&str, &str) -> Vec<Edit>) -> Result<(Cleaned, String), CleanError> {
        let folder = tempfile::tempdir().expect("a folder");
        let (json, csv) = (folder.path().join("a.jsonl"), folder.path().join("b.csv"));
        std::fs::write(&json, JSON).expect("written");
        std::fs::write(&csv, CSV).expect("written");
        let edits = edits(json.to_str().expect("a path"), csv.to_str().expect("a path"));
        let mut out = Vec::new();
        let cleaned = clean(&[json, csv], "intent", Path::new("t.csv"), &edits, skip, &mut out)?;
        Ok((cleaned, String::from_utf8(out).expect("text")))
    }

    #[test]
    fn what_is_not_edited_stays_and_what_is_edited_changes() {
        let result = cleaned(false, |json, csv| {
            vec![
                edit(json, 3, "2", "two", Some("c")),
                edit(json, 3, "2", "two", Some("c")),
                edit(json, 4, "", "", Some("b")),
                edit(json, 5, "", "", None),
                edit(csv, 2, &format!("{csv}:2"), "four, and\r\nmore", None),
            ]
        });
        let (result, lines) = result.expect("cleaned");
        let lines: Vec<&str> = lines.lines().collect();
        assert_eq!(lines[0], "{\"text\":\"one\", \"n\":1e2,\"intent\":\"a\"}");
        let values: Vec<Row> = lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!((&values[1]["text"], &values[1]["intent"], &values[1]["id"]), (&"two".into(), &"c".into(), &"2".into()));
        assert_eq!((&values[2]["text"], &values[2]["intent"]), (&"three".into(), &"b".into()));
        assert_eq!((&values[3]["text"], &values[3]["intent"]), (&"five".into(), &"b".into()));
        assert_eq!((values.len(), result.rows, result.changes.len()), (4, 4, 4));
        assert_eq!(result.new_labels, BTreeSet::from(["c".to_owned()]));
    }

    #[test]
    fn an_edit_that_fits_no_note_is_an_error_with_its_line() {
        let refused = |edits: fn(&str) -> Vec<Edit>, part: &str| {
            let error = cleaned(true, |json, _| edits(json)).expect_err("refused").to_string();
            assert!(error.starts_with("t.csv:9: ") && error.contains(part), "{error}");
        };
        refused(|json| vec![edit(json, 3, "2", "two!", Some("b"))], "another note by now");
        refused(|json| vec![edit(json, 3, "3", "two", Some("b"))], "another note by now");
        refused(|json| vec![edit(json, 40, "2", "two", Some("b"))], "no row of --data");
        refused(|_| vec![edit("elsewhere.jsonl", 3, "2", "two", Some("b"))], "no row of --data");
        refused(|json| vec![edit(json, 5, "", "", Some("b"))], "cannot be read");
        refused(|json| vec![edit(json, 3, "2", "two", Some("b")), edit(json, 3, "2", "two", None)], "another new label");
    }

    #[test]
    fn a_row_that_cannot_be_read_is_an_error_or_listed() {
        let error = cleaned(false, |_, _| Vec::new()).expect_err("a broken row").to_string();
        assert!(error.contains("a.jsonl:5: not a JSON object"), "{error}");
        let (result, _) = cleaned(true, |_, _| Vec::new()).expect("skipped");
        assert_eq!((result.rows, result.skipped.len(), result.changes.len()), (5, 1, 0));
    }
}
