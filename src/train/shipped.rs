//! The notes that the shipped model was made of, packed into the program: whoever installed it alone can learn from them too.

use std::path::Path;

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

use super::corpus::{Corpus, Note, Row, note};
use super::fit::FitSettings;
use crate::rows::lines;

/// `data/corpus` and `data/out-of-scope.jsonl`, which a test compares with it: JSON Lines, compressed to a third (deflate). It is written anew by
/// `PACK=overwrite cargo test --test shipped_corpus`.
const PACKED: &[u8] = include_bytes!("../../data/packed-corpus.deflate");

/// Far more than there is.
const MOST_BYTES: usize = 1 << 28;

/// What the shipped model was trained on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShippedCorpus {
    /// The labelled notes.
    pub corpus: Corpus,
    /// The texts that are no notes.
    pub out_of_scope: Vec<Note>,
}

impl ShippedCorpus {
    /// What is packed into the program: texts, labels, groups, and which notes are traps.
    ///
    /// # Panics
    ///
    /// Never: the tests unpack it.
    #[must_use]
    pub fn unpack() -> Self {
        let bytes = decompress_to_vec_with_limit(PACKED, MOST_BYTES).expect("whole");
        let heads = FitSettings::default().heads;
        let mut shipped = Self::default();
        lines(&bytes, 1, |line, number| {
            let row: Row = serde_json::from_slice(line).expect("a row");
            let is_labelled = row.contains_key(&heads[0]);
            let own_heads = if is_labelled { &heads[..] } else { &[] };
            let note = note(row, own_heads, Path::new("shipped"), number).expect("a note");
            if is_labelled { &mut shipped.corpus.notes } else { &mut shipped.out_of_scope }.push(note);
        });
        shipped
    }

    /// The bytes that [`ShippedCorpus::unpack`] reads.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        let mut lines = String::new();
        for note in self.corpus.notes.iter().chain(&self.out_of_scope) {
            let mut row = Row::new();
            row.insert("text".to_owned(), note.text.clone().into());
            row.insert("group".to_owned(), note.group.clone().into());
            row.extend(note.labels.iter().map(|(head, label)| (head.clone(), label.clone().into())));
            if note.is_trap() {
                row.insert("pair".to_owned(), true.into());
            }
            lines += &serde_json::Value::Object(row).to_string();
            lines.push('\n');
        }
        compress_to_vec(lines.as_bytes(), 10)
    }
}
