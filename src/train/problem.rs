//! A corpus made ready to be learned from: its labels, head by head, and its split into folds.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::corpus::{Corpus, Note};
use super::cross::grouped_folds;
use super::extract::{Collision, Extracted};
use super::fit::{Extras, FitError, FitSettings};
use super::vectors::WordVectors;
use crate::features::FeatureSettings;

/// The notes that have a label of one head.
pub(super) struct HeadData {
    pub(super) name: String,
    pub(super) labels: Vec<String>,
    /// The index of each note's label, where it has one.
    pub(super) targets: Vec<Option<usize>>,
}

/// How many folds are held out, times [`Problem::size`]. A fold of a corpus so large that its five would take many minutes has notes enough for narrow intervals.
const MOST_CROSS_VALIDATED: usize = 120_000_000;

/// What every fit on a corpus shares, whatever its settings.
pub(super) struct Problem<'a> {
    /// The labelled notes, then the texts that are none.
    pub(super) notes: Vec<&'a Note>,
    /// The heads of the corpus; then, where there are texts that are no notes, one that tells those apart, which only the guard reads.
    pub(super) heads: Vec<HeadData>,
    /// How many heads are the corpus's own.
    pub(super) shown: usize,
    pub(super) vectors: Option<&'a WordVectors>,
    /// The fold of each note.
    pub(super) folds: Vec<usize>,
    /// How many folds there are.
    pub(super) fold_count: usize,
    /// How many of them are held out to be measured, calibrated and fitted thresholds on: of a large corpus a few, the first.
    pub(super) measured_folds: usize,
    /// Which notes figures and thresholds may be measured on.
    pub(super) measured: Vec<bool>,
}

impl<'a> Problem<'a> {
    /// # Errors
    ///
    /// [`FitError::Corpus`] where a head has fewer than two labels, or the corpus fewer than two groups.
    pub(super) fn new(corpus: &'a Corpus, settings: &FitSettings, extras: &'a Extras) -> Result<Self, FitError> {
        let mut heads = head_data(corpus, settings)?;
        let shown = heads.len();
        let notes: Vec<&Note> = corpus.notes.iter().chain(&extras.out_of_scope).collect();
        if !extras.out_of_scope.is_empty() {
            for head in &mut heads {
                head.targets.resize(notes.len(), None);
            }
            heads.push(scope_head(corpus.notes.len(), notes.len()));
        }
        let folds = grouped_folds(&notes, settings.folds);
        let mut problem = Self {
            measured_folds: 0,
            fold_count: folds.iter().max().map_or(1, |last| last + 1),
            folds,
            measured: notes.iter().map(|note| !note.is_trap()).collect(),
            vectors: extras.vectors.as_ref(),
            notes,
            heads,
            shown,
        };
        problem.measured_folds = (MOST_CROSS_VALIDATED / problem.size().max(1)).clamp(1, problem.fold_count);
        Ok(problem)
    }

    /// The same with some of the groups only, about `share` of them (0 to 1), drawn by what they are called.
    pub(super) fn sample(&self, share: f64) -> Self {
        let is_drawn = |group: &str| {
            let digest: [u8; 32] = Sha256::digest(group).into();
            let number = digest.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
            f64::from(number) < share * f64::from(u32::MAX)
        };
        let rows: Vec<usize> = (0..self.notes.len()).filter(|&row| is_drawn(&self.notes[row].group)).collect();
        let head = |head: &HeadData| HeadData {
            name: head.name.clone(),
            labels: head.labels.clone(),
            targets: rows.iter().map(|&row| head.targets[row]).collect(),
        };
        Self {
            notes: rows.iter().map(|&row| self.notes[row]).collect(),
            heads: self.heads.iter().map(head).collect(),
            shown: self.shown,
            vectors: self.vectors,
            folds: rows.iter().map(|&row| self.folds[row]).collect(),
            fold_count: self.fold_count,
            measured_folds: self.measured_folds,
            measured: rows.iter().map(|&row| self.measured[row]).collect(),
        }
    }

    /// What a pass of the solver over all notes costs for the first head: its labels times the bytes of text.
    pub(super) fn size(&self) -> usize {
        self.heads[0].labels.len() * self.notes.iter().map(|note| note.text.len()).sum::<usize>()
    }

    /// The notes of the folds that `wanted` says yes to.
    pub(super) fn rows_in(&self, wanted: impl Fn(usize) -> bool) -> Vec<usize> {
        (0..self.folds.len()).filter(|&row| wanted(self.folds[row])).collect()
    }

    pub(super) fn groups(&self) -> Vec<&'a str> {
        self.notes.iter().map(|note| note.group.as_str()).collect()
    }

    /// The features that `settings` asks for and the word vectors allow.
    pub(super) fn features(&self, settings: &FitSettings) -> FeatureSettings {
        FeatureSettings { surface_words: settings.features.surface_words && self.vectors.is_some(), ..settings.features.clone() }
    }

    /// The features of all notes.
    pub(super) fn extract(&self, features: &FeatureSettings, least_notes: u32) -> Result<Extracted, Collision> {
        let texts: Vec<&str> = self.notes.iter().map(|note| note.text.as_str()).collect();
        Extracted::new(&texts, features, least_notes)
    }
}

/// Whether a text is a note: learned like any head, but read by the guard alone.
fn scope_head(notes: usize, all: usize) -> HeadData {
    let targets = (0..all).map(|row| Some(usize::from(row >= notes))).collect();
    HeadData { name: "scope".to_owned(), labels: vec!["note".to_owned(), "other".to_owned()], targets }
}

fn head_data(corpus: &Corpus, settings: &FitSettings) -> Result<Vec<HeadData>, FitError> {
    if corpus.groups().len() < 2 {
        return Err(FitError::Corpus(
            "all notes are of one group; cross-validation needs at least two, in the column \"group\"".to_owned(),
        ));
    }
    let mut heads = Vec::new();
    for (index, name) in settings.heads.iter().enumerate() {
        let labels = corpus.labels(name);
        if labels.len() < 2 {
            // An optional head that the corpus knows nothing of is left out.
            if index > 0 && labels.is_empty() {
                continue;
            }
            return Err(FitError::Corpus(format!("the column {name:?} has only the label {labels:?}; at least two are needed")));
        }
        let at: BTreeMap<&String, usize> = labels.iter().enumerate().map(|(index, label)| (label, index)).collect();
        let targets = corpus.notes.iter().map(|note| note.labels.get(name).map(|label| at[label])).collect();
        heads.push(HeadData { name: name.clone(), targets, labels });
    }
    Ok(heads)
}
