//! Which notes a model has learned from, as far as its file says: figures on such notes flatter it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::corpus::Corpus;
use crate::digest::hex;
use crate::model::About;

/// A corpus of more notes than these leaves its digest in the model, but no prints: they would outweigh the rest of the file.
const MOST_NOTES: usize = 4096;
/// How many hexadecimal digits a print has: of 4,096 notes and as many others, two would be taken for the same once in 16 million times.
const DIGITS: usize = 12;

/// A print of a text, whatever its case and its blanks.
fn text_print(text: &str) -> String {
    print("text", &text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase())
}

fn group_print(group: &str) -> String {
    print("group", group)
}

fn print(kind: &str, text: &str) -> String {
    let mut digits = hex(Sha256::new_with_prefix(kind).chain_update(text));
    digits.truncate(DIGITS);
    digits
}

/// The prints of a corpus's texts and of its groups of several notes, in one sorted row; none of a large corpus.
pub(super) fn prints(corpus: &Corpus) -> Option<String> {
    if corpus.notes.len() > MOST_NOTES {
        return None;
    }
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for note in &corpus.notes {
        *sizes.entry(&note.group).or_default() += 1;
    }
    let groups = sizes.into_iter().filter(|(_, size)| *size > 1).map(|(group, _)| group_print(group));
    let prints: BTreeSet<String> = corpus.notes.iter().map(|note| text_print(&note.text)).chain(groups).collect();
    Some(prints.into_iter().collect())
}

/// What a model has learned from, as far as its file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    digest: String,
    prints: BTreeSet<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Training {
    corpus: Record,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Record {
    digest: String,
    prints: String,
}

/// How many of the notes that a model is measured on it has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overlap {
    /// Notes that it has learned from.
    pub notes: usize,
    /// Further notes, of groups that it has learned from.
    pub of_groups: usize,
}

impl Seen {
    /// What the model's file says of it.
    #[must_use]
    pub fn new(about: &About) -> Self {
        let Training { corpus } = serde_json::from_str(about.training.get()).unwrap_or_default();
        let prints = corpus.prints.as_bytes().chunks(DIGITS).map(|print| String::from_utf8_lossy(print).into_owned());
        Self { digest: corpus.digest, prints: prints.collect() }
    }

    /// Whether the model has learned from a note, letter for letter but for case and blanks. `false` may mean that its file does not say: of a corpus
    /// of more than 4,096 notes it does not.
    #[must_use]
    pub fn has_text(&self, text: &str) -> bool {
        !self.prints.is_empty() && self.prints.contains(&text_print(text))
    }

    /// How much of `corpus` the model has seen.
    #[must_use]
    pub fn overlap(&self, corpus: &Corpus) -> Overlap {
        if self.digest == corpus.digest() {
            return Overlap { notes: corpus.notes.len(), of_groups: 0 };
        }
        if self.prints.is_empty() {
            return Overlap::default();
        }
        let (seen, others): (Vec<_>, Vec<_>) = corpus.notes.iter().partition(|note| self.has_text(&note.text));
        let of_groups = others.iter().filter(|note| self.prints.contains(&group_print(&note.group))).count();
        Overlap { notes: seen.len(), of_groups }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;
    use crate::train::corpus::Note;
    use crate::train::{Extras, FitSettings, fit};

    fn note(row: usize, text: &str, group: &str) -> Note {
        let label = if row.is_multiple_of(2) { "a" } else { "b" };
        Note {
            text: text.to_owned(),
            labels: [("intent".to_owned(), label.to_owned())].into(),
            group: group.to_owned(),
            id: row.to_string(),
            other: BTreeMap::new(),
        }
    }

    fn corpus(rows: std::ops::Range<usize>, group: impl Fn(usize) -> String) -> Corpus {
        let notes = rows.map(|row| note(row, &format!("Note {row}, of the {} kind", ["first", "second"][row % 2]), &group(row)));
        Corpus { notes: notes.collect(), skipped: Vec::new() }
    }

    #[test]
    fn a_model_knows_the_notes_and_the_groups_that_it_has_learned_from() {
        let of_three = |row: usize| format!("writer {}", row / 3);
        let trained = corpus(0..24, of_three);
        let fitted = fit(&trained, &FitSettings::default(), &Policy::shipped(), &Extras::default()).expect("a model");
        let seen = Seen::new(&fitted.model.about);
        assert!(seen.has_text("  note 3, of the SECOND\nkind") && !seen.has_text("Note 33, of the second kind"));
        assert_eq!(seen.overlap(&trained), Overlap { notes: 24, of_groups: 0 });
        assert_eq!(seen.overlap(&corpus(20..40, of_three)), Overlap { notes: 4, of_groups: 0 });
        assert_eq!(seen.overlap(&corpus(22..40, |row| format!("writer {}", row / 6))), Overlap { notes: 2, of_groups: 16 });
        assert_eq!(seen.overlap(&corpus(24..40, |row| row.to_string())), Overlap::default());
    }

    #[test]
    fn a_large_corpus_is_known_as_a_whole_or_not_at_all() {
        let large = corpus(0..MOST_NOTES + 1, |row| row.to_string());
        assert_eq!(prints(&large), None);
        let seen = Seen { digest: large.digest(), prints: BTreeSet::new() };
        assert_eq!(seen.overlap(&large).notes, MOST_NOTES + 1);
        assert_eq!(seen.overlap(&corpus(0..9, |row| row.to_string())), Overlap::default());
    }
}
