//! The notes that are to be labelled.

use std::borrow::Cow;

use anyhow::bail;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::notes::{InputArgs, Layout, Note, Notes, Row};

/// A note and the other columns of its row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Unlabelled {
    pub(super) text: String,
    pub(super) columns: Map<String, Value>,
}

impl Unlabelled {
    pub(super) fn id(&self) -> Option<String> {
        name_in(&self.columns, "id")
    }
}

/// The name of something, such as an id, in a row's column; numbers are names too.
pub(super) fn name_in(columns: &Map<String, Value>, column: &str) -> Option<String> {
    match columns.get(column)? {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// Reads all notes. Rows without a text are passed over: an invitation may have none.
pub(super) fn read(input: &InputArgs) -> anyhow::Result<Vec<Unlabelled>> {
    let Notes { name, layout, mut batches, .. } = input.open()?;
    let mut notes = Vec::new();
    while let Some(batch) = batches.next()? {
        let mut broken = None;
        layout.visit(&batch, |note| match &note.text {
            Ok(text) if text.trim().is_empty() => {}
            Ok(text) => notes.push(Unlabelled { text: text.to_string(), columns: columns(&note, &layout) }),
            Err(cause) => broken = broken.take().or_else(|| Some((note.line, cause.clone()))),
        });
        if let Some((line, cause)) = broken {
            bail!("{name}:{line}: {cause}");
        }
    }
    Ok(notes)
}

/// What stands in the row beside the note. Of the network's archive nothing is kept, and no names.
fn columns(note: &Note<'_>, layout: &Layout) -> Map<String, Value> {
    match (&note.row, layout) {
        (Row::Object(pairs), Layout::Json { key }) => {
            let value = |value: &RawValue| serde_json::from_str(value.get()).unwrap_or_default();
            let others = pairs.iter().filter(|(name, _)| name != key);
            others.map(|(name, raw)| (name.clone().into_owned(), value(raw))).collect()
        }
        (Row::Cells(record), Layout::Csv(table)) if !table.is_archive() => {
            let others = table
                .header
                .columns
                .iter()
                .zip(table.cells(record))
                .enumerate()
                .filter(|(at, (_, cell))| *at != table.text && !cell.is_empty());
            others.map(|(_, (name, cell))| (name.trim().to_owned(), Cow::into_owned(cell).into())).collect()
        }
        _ => Map::new(),
    }
}
