//! A corpus made ready to be learned from: its labels, head by head, and its split into folds.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use sha2::{Digest, Sha256};

use super::beside::{self, NO_FOLD};
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
    /// Whether the notes beside the corpus are measured, since those of the corpus lack its labels.
    pub(super) beside_measured: bool,
}

/// How many folds are held out, times [`Problem::size`]. A fold of a corpus so large that its five would take many minutes has notes enough for narrow intervals.
const MOST_CROSS_VALIDATED: usize = 120_000_000;

/// What every fit on a corpus shares, whatever its settings.
pub(super) struct Problem<'a> {
    /// The labelled notes, then those beside them, then the texts that are none.
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
    /// Where the notes beside the corpus are; nowhere, if there are none.
    pub(super) beside: Range<usize>,
    /// As how many of those each note of the corpus counts.
    pub(super) own_weight: usize,
}

impl<'a> Problem<'a> {
    /// # Errors
    ///
    /// [`FitError::Corpus`] where a head has fewer than two labels, or the corpus fewer than two groups.
    pub(super) fn new(corpus: &'a Corpus, settings: &FitSettings, extras: &'a Extras) -> Result<Self, FitError> {
        if corpus.groups().len() < 2 {
            return Err(FitError::Corpus(
                "all notes are of one group; cross-validation needs at least two, in the column \"group\"".to_owned(),
            ));
        }
        let others = extras.beside.as_ref().map_or(&[][..], |beside| &beside.corpus.notes);
        let labelled: Vec<&Note> = corpus.notes.iter().chain(others).collect();
        let (own, beside) = labelled.split_at(corpus.notes.len());
        let mut heads = head_data(own, beside, settings)?;
        let shown = heads.len();
        let out_of_scope: Vec<&Note> = extras.out_of_scope.iter().collect();
        let notes: Vec<&Note> = [labelled.as_slice(), &out_of_scope].concat();
        if !out_of_scope.is_empty() {
            for head in &mut heads {
                head.targets.resize(notes.len(), None);
            }
            heads.push(scope_head(labelled.len(), notes.len()));
        }
        let folds = if beside.is_empty() {
            grouped_folds(&notes, settings.folds)
        } else {
            beside::folds(own, beside, &out_of_scope, settings.folds, heads.iter().any(|head| head.beside_measured))
        };
        let mut problem = Self {
            measured_folds: 0,
            fold_count: folds.iter().filter(|&&fold| fold != NO_FOLD).max().map_or(1, |last| last + 1),
            folds,
            measured: notes.iter().map(|note| !note.is_trap()).collect(),
            vectors: extras.vectors.as_ref(),
            beside: own.len()..labelled.len(),
            own_weight: extras.beside.as_ref().map_or(1, |beside| beside.own_weight),
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
            beside_measured: head.beside_measured,
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
            beside: 0..0,
            own_weight: self.own_weight,
        }
    }

    /// What a pass of the solver over all notes costs for the first head: its labels times the bytes of text.
    pub(super) fn size(&self) -> usize {
        self.heads[0].labels.len() * self.notes.iter().map(|note| note.text.len()).sum::<usize>()
    }

    /// Whether figures and thresholds of a head may be measured on a note.
    pub(super) fn is_measured(&self, head: &HeadData, row: usize) -> bool {
        self.measured[row]
            && self.folds[row] < self.measured_folds
            && head.targets[row].is_some()
            && (head.beside_measured || !self.beside.contains(&row))
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
    HeadData { name: "scope".to_owned(), labels: vec!["note".to_owned(), "other".to_owned()], targets, beside_measured: false }
}

fn head_data(own: &[&Note], beside: &[&Note], settings: &FitSettings) -> Result<Vec<HeadData>, FitError> {
    let mut heads = Vec::new();
    for (index, name) in settings.heads.iter().enumerate() {
        let labels_of = |notes: &[&Note]| notes.iter().filter_map(|note| note.labels.get(name).cloned()).collect::<BTreeSet<String>>();
        let (own_labels, labels) = (labels_of(own), &labels_of(own) | &labels_of(beside));
        // One's own notes have to say what the model is for; an optional head may be left to those beside them.
        let enough = if index == 0 { own_labels.len() } else { labels.len() };
        if enough < 2 {
            // An optional head that the corpus knows nothing of is left out.
            let Some(only) = own_labels.first().or(labels.first()) else {
                if index > 0 {
                    continue;
                }
                return Err(FitError::Corpus(format!("no note has a label in the column {name:?}; name another with --label-column")));
            };
            return Err(FitError::Corpus(format!("every label in the column {name:?} is {only:?}; at least two are needed to tell apart")));
        }
        let labels: Vec<String> = labels.into_iter().collect();
        let at: BTreeMap<&String, usize> = labels.iter().enumerate().map(|(index, label)| (label, index)).collect();
        let targets = own.iter().chain(beside).map(|note| note.labels.get(name).map(|label| at[label])).collect();
        heads.push(HeadData { name: name.clone(), targets, beside_measured: own_labels.len() < 2, labels });
    }
    Ok(heads)
}
