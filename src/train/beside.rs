//! Notes of others that one's own are learned with: they teach, and are not measured where one's own can be.

use std::borrow::Cow;

use serde::Serialize;

use super::corpus::{Corpus, Note};
use super::cross::grouped_folds;
use super::problem::Problem;

/// Labelled notes that are learned from beside the corpus.
#[derive(Clone, Debug, PartialEq)]
pub struct Beside {
    /// The notes.
    pub corpus: Corpus,
    /// As how many of them each note of the corpus counts.
    pub own_weight: usize,
}

/// What a model's file says of the notes beside its corpus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct BesideRecord {
    /// SHA-256 over texts, labels and groups, in hexadecimal.
    pub digest: String,
    /// How many notes there are.
    pub notes: usize,
    /// As how many of them each note of the corpus counts.
    pub own_weight: usize,
}

impl Beside {
    pub(super) fn record(&self) -> BesideRecord {
        BesideRecord { digest: self.corpus.digest(), notes: self.corpus.notes.len(), own_weight: self.own_weight }
    }
}

/// The fold of notes that are learned from in every fold.
pub(super) const NO_FOLD: usize = usize::MAX;

/// The folds of the corpus, of the notes beside it, and of the texts that are no notes: each split evenly by itself, so that every fold has notes of the
/// corpus. The notes beside it are in a fold only where some label has to be measured on them.
pub(super) fn folds(own: &[&Note], beside: &[&Note], out_of_scope: &[&Note], count: usize, beside_measured: bool) -> Vec<usize> {
    let mut folds = grouped_folds(own, count);
    if beside_measured {
        folds.extend(grouped_folds(beside, count));
    } else {
        folds.resize(own.len() + beside.len(), NO_FOLD);
    }
    folds.extend(grouped_folds(out_of_scope, count));
    folds
}

impl Problem<'_> {
    /// `rows` as they are learned from: those of the corpus as often as they count.
    pub(super) fn repeated<'r>(&self, rows: &'r [usize]) -> Cow<'r, [usize]> {
        if self.own_weight == 1 {
            return Cow::Borrowed(rows);
        }
        let times = |row: usize| if row < self.beside.start { self.own_weight } else { 1 };
        Cow::Owned(rows.iter().flat_map(|&row| std::iter::repeat_n(row, times(row))).collect())
    }
}
