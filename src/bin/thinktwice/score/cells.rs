//! A row as cells of a CSV.

use std::borrow::Cow;

use thinktwice::Classifier;

use super::rows::Outcome;
use crate::notes::{Layout, Note, Row};

/// What stands in the column of the verdict where there is no note to read.
const EMPTY: &str = "empty";

/// How the CSV is written: as the one that was read, with columns added.
pub(super) struct CsvFormat<'a> {
    layout: &'a Layout,
    /// The columns of the input that are kept: all but those of an earlier run of this program.
    kept: Vec<usize>,
    /// The names of the columns that are added.
    added: Vec<String>,
}

impl<'a> CsvFormat<'a> {
    pub(super) fn new(layout: &'a Layout, classifier: &Classifier) -> Self {
        let heads = &classifier.about().heads;
        let names = ["verdict", &heads[0].name, "confidence"].into_iter().chain(heads[1..].iter().map(|head| head.name.as_str()));
        // With a prefix, so that a label column of the input's own is never overwritten.
        let mut added: Vec<String> = names.map(|name| format!("tt_{name}")).collect();
        added.extend(heads[0].labels.iter().map(|label| format!("tt_p_{label}")));
        added.push("tt_error".to_owned());
        let columns = if let Layout::Csv(table) = layout { &table.header.columns[..] } else { &[] };
        let kept = (0..columns.len()).filter(|&column| !added.contains(&columns[column])).collect();
        Self { layout, kept, added }
    }

    pub(super) fn writer(&self, out: Vec<u8>) -> csv::Writer<Vec<u8>> {
        let mut builder = csv::WriterBuilder::new();
        if let Layout::Csv(table) = self.layout {
            builder.delimiter(table.header.separator);
            if table.header.crlf {
                builder.terminator(csv::Terminator::CRLF);
            }
        }
        builder.from_writer(out)
    }

    pub(super) fn header(&self) -> anyhow::Result<Vec<u8>> {
        let mark = if matches!(self.layout, Layout::Csv(table) if table.marked) { "\u{FEFF}" } else { "" };
        let mut out = self.writer(mark.into());
        match self.layout {
            Layout::Csv(table) => self.kept.iter().try_for_each(|&column| out.write_field(&table.header.columns[column]))?,
            _ => ["line", "text"].into_iter().try_for_each(|name| out.write_field(name))?,
        }
        out.write_record(&self.added)?;
        Ok(out.into_inner().map_err(csv::IntoInnerError::into_error)?)
    }

    pub(super) fn write(&self, out: &mut csv::Writer<Vec<u8>>, note: &Note<'_>, outcome: &Outcome) -> csv::Result<()> {
        match (self.layout, &note.row) {
            (Layout::Csv(table), Row::Cells(record)) => {
                let cells = table.cells(record);
                self.kept.iter().try_for_each(|&column| out.write_field(cells[column].as_bytes()))?;
            }
            (Layout::Csv(_), _) => self.kept.iter().try_for_each(|_| out.write_field(""))?,
            (_, row) => {
                let text = if let Row::Line(text) = row { String::from_utf8_lossy(text) } else { Cow::Borrowed("") };
                out.write_field(note.line.to_string())?;
                out.write_field(text.as_bytes())?;
            }
        }
        let mut written = 0;
        let mut add = |cell: &str| {
            written += 1;
            out.write_field(cell)
        };
        let mut error = "";
        match outcome {
            Outcome::Assessed(assessment) => {
                let decisive = assessment.decisive();
                add(assessment.verdict.as_str())?;
                add(&decisive.label)?;
                add(&decisive.confidence.to_string())?;
                for reading in &assessment.readings[1..] {
                    add(if reading.read { &reading.label } else { "" })?;
                }
                for (_, probability) in &decisive.probabilities {
                    add(&probability.to_string())?;
                }
            }
            Outcome::Empty => add(EMPTY)?,
            Outcome::Failed(cause) => error = cause,
        }
        for _ in written..self.added.len() - 1 {
            out.write_field("")?;
        }
        out.write_field(error)?;
        out.write_record(None::<&[u8]>)
    }
}
