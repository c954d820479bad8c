//! A row as a JSON object.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::rows::Outcome;
use crate::notes::{Layout, Note, Row};

/// The key that an assessment is added under.
const ASSESSMENT: &str = "assessment";
/// The keys that say where a row stands, and why its note could not be read.
const LINE: &str = "line";
const ERROR: &str = "error";

/// The row with what became of its note. Written straight through: by way of a JSON value, numbers would not stay as they are.
pub(super) struct Object<'a> {
    pub(super) layout: &'a Layout,
    pub(super) note: &'a Note<'a>,
    pub(super) outcome: &'a Outcome,
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let added = if matches!(self.outcome, Outcome::Failed(_)) { ERROR } else { ASSESSMENT };
        let mut map = serializer.serialize_map(None)?;
        let mut has_line = false;
        match (&self.note.row, self.layout) {
            (Row::Object(pairs), _) => {
                for (key, value) in pairs.iter().filter(|(key, _)| key != added) {
                    has_line |= key == LINE;
                    map.serialize_entry(key, value)?;
                }
            }
            (Row::Cells(record), Layout::Csv(table)) => {
                for (column, cell) in table.header.columns.iter().zip(table.cells(record)).filter(|(column, _)| *column != added) {
                    has_line |= column == LINE;
                    map.serialize_entry(column, &cell)?;
                }
            }
            (Row::Line(text), _) => {
                has_line = true;
                map.serialize_entry(LINE, &self.note.line)?;
                map.serialize_entry("text", &String::from_utf8_lossy(text))?;
            }
            (Row::Cells(_) | Row::Unreadable, _) => {}
        }
        match self.outcome {
            Outcome::Assessed(assessment) => map.serialize_entry(ASSESSMENT, assessment)?,
            Outcome::Empty => map.serialize_entry(ASSESSMENT, &())?,
            Outcome::Failed(cause) => {
                if !has_line {
                    map.serialize_entry(LINE, &self.note.line)?;
                }
                map.serialize_entry(ERROR, cause)?;
            }
        }
        map.end()
    }
}
