//! Findings as a table (CSV) that a person edits and gives back.

use std::path::Path;

use super::clean::CleanError;
use super::findings::Finding;

/// The columns. The last one is for the person who edits the table: a label, or [`DROP`].
const COLUMNS: [&str; 9] = ["file", "line", "id", "text", "label", "suggested_label", "cause", "why", "new_label"];

/// What stands in the column `new_label` where the note is to be left out.
pub(super) const DROP: &str = "drop";

/// The findings as CSV with a header, a row each. The column `new_label` is empty.
///
/// # Panics
///
/// Never: memory takes what is written to it.
#[must_use]
pub fn write_table(findings: &[Finding]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut write = |row: [&str; 9]| writer.write_record(row).expect("memory takes it");
    write(COLUMNS);
    for finding in findings {
        let line = finding.line.to_string();
        let suggested = finding.suggested_label.as_deref().unwrap_or_default();
        write([&finding.file, &line, &finding.id, &finding.text, &finding.label, suggested, finding.cause.as_str(), &finding.why, ""]);
    }
    writer.into_inner().expect("memory takes it")
}

/// A row of an edited table whose column `new_label` was filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The line of the table.
    pub table_line: u64,
    /// The file of the note.
    pub file: String,
    /// Its line there.
    pub line: u64,
    /// Its id.
    pub id: String,
    /// Its text.
    pub text: String,
    /// The label that it is to have; `None` leaves the note out.
    pub new_label: Option<String>,
}

/// Reads an edited table: comma-, semicolon- or tab-separated, columns in any order. Rows whose `new_label` is empty ask for nothing.
///
/// # Errors
///
/// [`CleanError`], with the table's line.
pub fn read_edits(path: &Path) -> Result<Vec<Edit>, CleanError> {
    let bytes = std::fs::read(path).map_err(|cause| CleanError::Read { path: path.to_owned(), cause })?;
    let table = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes);
    let error = |line: u64, cause: String| CleanError::Table { path: path.to_owned(), line, cause };
    // Spreadsheets write what their country's settings say.
    let header = table.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let count = |separator: u8| header.split(|&byte| byte == separator).count();
    let delimiter = *b",;\t".iter().rev().max_by_key(|&&separator| count(separator)).unwrap_or(&b',');
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(table);
    let header = reader.headers().map_err(|cause| error(1, format!("no CSV header ({cause})")))?.clone();
    let column = |name: &str| {
        let at = header.iter().position(|own| own.trim() == name);
        at.ok_or_else(|| error(1, format!("no column {name:?}; edit the table that audit --format csv prints, and keep its columns")))
    };
    let (file, line, id, text, new_label) = (column("file")?, column("line")?, column("id")?, column("text")?, column("new_label")?);
    let mut edits = Vec::new();
    for record in reader.records() {
        let record =
            record.map_err(|cause| error(cause.position().map_or(0, csv::Position::line), format!("not a row of the CSV ({cause})")))?;
        let table_line = record.position().map_or(0, csv::Position::line);
        let cell = |column: usize| record.get(column).unwrap_or_default();
        let label = cell(new_label).trim();
        if label.is_empty() {
            continue;
        }
        let line = cell(line).trim().parse().map_err(|_| error(table_line, format!("the line {:?} is no number", cell(line))))?;
        edits.push(Edit {
            table_line,
            file: cell(file).to_owned(),
            line,
            id: cell(id).to_owned(),
            text: cell(text).to_owned(),
            new_label: (label != DROP).then(|| label.to_owned()),
        });
    }
    Ok(edits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::audit::Cause;

    fn edits(table: &[u8]) -> Result<Vec<Edit>, CleanError> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("edited.csv");
        std::fs::write(&path, table).expect("written");
        read_edits(&path)
    }

    #[test]
    fn a_table_comes_back_as_it_went_whatever_separates_its_cells() {
        let finding = Finding {
            file: "a;b.jsonl".to_owned(),
            line: 7,
            id: "x".to_owned(),
            text: "\"hi\", she\nsaid; so".to_owned(),
            label: "a".to_owned(),
            suggested_label: Some("b".to_owned()),
            cause: Cause::LabelError,
            why: "because".to_owned(),
        };
        let table = write_table(&[finding.clone(), Finding { line: 8, ..finding.clone() }, Finding { line: 9, ..finding }]);
        let text = String::from_utf8(table).expect("text");
        assert!(edits(text.as_bytes()).expect("a table").is_empty());
        for separator in [b',', b';', b'\t'] {
            let mut writer = csv::WriterBuilder::new().delimiter(separator).from_writer(b"\xEF\xBB\xBF".to_vec());
            for (index, record) in csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes()).records().enumerate() {
                let record = record.expect("a row");
                let label = ["new_label", "b ", "", "drop"][index];
                writer.write_record(record.iter().take(8).chain([label])).expect("written");
            }
            let edits = edits(&writer.into_inner().expect("bytes")).expect("a table");
            assert_eq!(edits.len(), 2);
            assert_eq!((edits[0].line, edits[0].new_label.as_deref()), (7, Some("b")));
            assert_eq!((edits[1].line, edits[1].new_label.as_deref()), (9, None));
            assert_eq!((edits[0].text.as_str(), edits[0].file.as_str()), ("\"hi\", she\nsaid; so", "a;b.jsonl"));
        }
    }

    #[test]
    fn a_table_that_is_none_is_an_error_with_its_line() {
        for (table, parts) in [
            (&b""[..], [":1: ", "no column \"file\""]),
            (b"file,line,id,text\n", [":1: ", "no column \"new_label\""]),
            (b"file,line,id,text,new_label\na,x,,,b\n", [":2: ", "no number"]),
            (b"file,line,id,text,new_label\na,1,,,\n\xFF,1,,,b\n", [":3: ", "not a row"]),
        ] {
            let error = edits(table).expect_err("no table").to_string();
            assert!(parts.iter().all(|part| error.contains(part)), "{error}");
        }
    }
}
