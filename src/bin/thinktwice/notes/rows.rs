//! The notes in the rows of a batch.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use thinktwice::rows::{Batch, bounded, decode, lines, not_an_object};

use super::{Layout, Table};

/// A note and where it stands.
pub(crate) struct Note<'a> {
    /// The line that its row begins at, from 1.
    pub(crate) line: u64,
    /// The note; or why there is none to read, and how to mend it. An empty text is a text.
    pub(crate) text: Result<Cow<'a, str>, String>,
    /// The whole row.
    pub(crate) row: Row<'a>,
}

/// What a row has beside its note.
pub(crate) enum Row<'a> {
    /// An object's keys and values, as they stand.
    Object(&'a [(Cow<'a, str>, &'a RawValue)]),
    /// A record, of as many cells as there are columns unless the note is an error.
    Cells(&'a csv::ByteRecord),
    /// Nothing more than a line of text.
    Line(&'a [u8]),
    /// Bytes that cannot be told apart.
    Unreadable,
}

impl Layout {
    /// Calls `take` with every note of a batch, in order. Blank lines are no rows.
    pub(crate) fn visit(&self, batch: &Batch, mut take: impl FnMut(Note<'_>)) {
        let bytes = match &batch.rows {
            Ok(bytes) => bytes,
            Err(cause) => return take(Note { line: batch.line, text: Err(cause.clone()), row: Row::Unreadable }),
        };
        match self {
            Self::Json { key } => lines(bytes, batch.line, |line, number| take_object(line, number, key, &mut take)),
            Self::Csv(table) => table.visit(bytes, batch.line, take),
            Self::Text => lines(bytes, batch.line, |line, number| {
                take(Note { line: number, text: decode(line).map(Cow::Borrowed).and_then(bounded), row: Row::Line(line) });
            }),
        }
    }
}

fn take_object(line: &[u8], number: u64, key: &str, take: &mut impl FnMut(Note<'_>)) {
    let object =
        decode(line).and_then(|text| serde_json::from_str::<Object<'_>>(text).map_err(|error| not_an_object(&error) + "; mend the line"));
    match object {
        Err(cause) => take(Note { line: number, text: Err(cause), row: Row::Unreadable }),
        Ok(Object(pairs)) => take(Note { line: number, text: text_of(&pairs, key), row: Row::Object(&pairs) }),
    }
}

fn text_of<'a>(pairs: &[(Cow<'a, str>, &'a RawValue)], key: &str) -> Result<Cow<'a, str>, String> {
    // Of equal keys the last one counts, as for everybody who reads JSON into a map.
    let (_, value) =
        pairs.iter().rfind(|(name, _)| name == key).ok_or_else(|| format!("no {key:?}; add it, or name the key with --text-column"))?;
    let Text(text) = serde_json::from_str(value.get()).map_err(|_| {
        let cause = if value.get().starts_with('"') { "has a broken escape in it" } else { "is not a string" };
        format!("{key:?} {cause}; mend the line")
    })?;
    bounded(text)
}

impl Table {
    fn visit(&self, bytes: &[u8], first: u64, mut take: impl FnMut(Note<'_>)) {
        self.header.records(bytes, first, |record, line| take(Note { line, text: self.text(record), row: Row::Cells(record) }));
    }

    fn text<'a>(&self, record: &'a csv::ByteRecord) -> Result<Cow<'a, str>, String> {
        self.header.check(record)?;
        decode(&record[self.text]).map(Cow::Borrowed).and_then(bounded)
    }

    /// One cell for each column, whatever the record has: those that it lacks are blank, and what it has too many of is left in the last.
    pub(crate) fn cells<'a>(&self, record: &'a csv::ByteRecord) -> Vec<Cow<'a, str>> {
        let columns = self.header.columns.len();
        let mut cells: Vec<Cow<'_, str>> = record.iter().take(columns).map(String::from_utf8_lossy).collect();
        cells.resize(columns, Cow::Borrowed(""));
        for surplus in record.iter().skip(columns) {
            let last = cells[columns - 1].to_mut();
            last.push(char::from(self.header.separator));
            last.push_str(&String::from_utf8_lossy(surplus));
        }
        cells
    }
}

/// A string that is borrowed where no escape stands in it.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// An object with its keys in order and its values untouched: by way of a map of values, long numbers would lose digits.
struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some((Text(key), value)) = map.next_entry()? {
                    pairs.push((key, value));
                }
                Ok(Object(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use thinktwice::rows::Header;

    use super::*;

    fn table(columns: usize) -> Table {
        let header = Header { columns: vec!["text".to_owned(); columns], separator: b';', crlf: false };
        Table { header, text: columns - 1, marked: false }
    }

    proptest! {
        #[test]
        fn any_bytes_are_notes_or_errors_each_with_its_line(bytes in prop::collection::vec(any::<u8>(), 0..80), columns in 1_usize..4) {
            let batch = Batch { line: 7, size: bytes.len() as u64, rows: Ok(bytes.clone()) };
            for layout in [Layout::Json { key: "text".to_owned() }, Layout::Csv(table(columns)), Layout::Text] {
                let mut before = 6;
                layout.visit(&batch, |note| {
                    assert!(before < note.line && note.line <= 6 + bytes.split(|&byte| byte == b'\n').count() as u64);
                    // A lone CR ends a record too, and leaves it on the same line.
                    before = note.line - u64::from(bytes.contains(&b'\r'));
                    if let (Row::Cells(record), Layout::Csv(table)) = (&note.row, &layout) {
                        assert_eq!(table.cells(record).len(), columns);
                    }
                });
            }
        }
    }

    #[test]
    fn every_layout_gives_the_same_note() {
        let inputs = [
            (Layout::Json { key: "text".to_owned() }, "\n{\"a\":1,\"text\":\"no\",\"text\":\"caf\\u00e9; \\\"x\\\"\"}\r\n"),
            (Layout::Csv(table(2)), "\r\n1;\"café; \"\"x\"\"\"\r\n"),
            (Layout::Text, "\ncafé; \"x\"\r\n"),
        ];
        for (layout, input) in inputs {
            let batch = Batch { line: 1, size: 0, rows: Ok(input.as_bytes().to_vec()) };
            let mut notes = Vec::new();
            layout.visit(&batch, |note| notes.push((note.line, note.text.map(Cow::into_owned))));
            assert_eq!(notes, [(2, Ok("café; \"x\"".to_owned()))]);
        }
    }
}
