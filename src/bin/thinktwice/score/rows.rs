//! Rows written back with what became of their notes.

use thinktwice::Assessment;

use super::cells::CsvFormat;
use super::object::Object;
use crate::notes::{Layout, Note};

/// What became of a note.
pub(super) enum Outcome {
    /// It was read.
    Assessed(Assessment),
    /// There is nothing in it.
    Empty,
    /// It could not be read, for this reason.
    Failed(String),
}

/// How rows are written.
pub(super) enum RowFormat<'a> {
    /// An object a line.
    Json(&'a Layout),
    /// Cells under a header.
    Csv(CsvFormat<'a>),
}

impl RowFormat<'_> {
    /// What stands before all rows.
    pub(super) fn header(&self) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::Json(_) => Ok(Vec::new()),
            Self::Csv(format) => format.header(),
        }
    }

    /// Begins some rows.
    pub(super) fn rows(&self) -> Rows<'_> {
        match self {
            Self::Json(layout) => Rows::Json(layout, Vec::new()),
            Self::Csv(format) => Rows::Csv(format, Box::new(format.writer(Vec::new()))),
        }
    }
}

/// Some rows in the making.
pub(super) enum Rows<'a> {
    Json(&'a Layout, Vec<u8>),
    Csv(&'a CsvFormat<'a>, Box<csv::Writer<Vec<u8>>>),
}

impl Rows<'_> {
    pub(super) fn write(&mut self, note: &Note<'_>, outcome: &Outcome) -> anyhow::Result<()> {
        match self {
            Self::Json(layout, out) => {
                serde_json::to_writer(&mut *out, &Object { layout, note, outcome })?;
                out.push(b'\n');
            }
            Self::Csv(format, out) => format.write(out, note, outcome)?,
        }
        Ok(())
    }

    pub(super) fn into_bytes(self) -> anyhow::Result<Vec<u8>> {
        match self {
            Self::Json(_, out) => Ok(out),
            Self::Csv(_, out) => Ok(out.into_inner().map_err(csv::IntoInnerError::into_error)?),
        }
    }
}
