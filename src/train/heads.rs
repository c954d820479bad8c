//! The labels of a corpus, a head at a time.

use std::collections::{BTreeMap, BTreeSet};

use super::corpus::Corpus;
use super::fit::{FitError, FitSettings};

/// The notes that have a label of one head.
pub(super) struct HeadData {
    pub(super) name: String,
    pub(super) labels: Vec<String>,
    /// The index of each note's label, where it has one.
    pub(super) targets: Vec<Option<usize>>,
}

/// Whether a text is a note: learned like any head, but read by the guard alone.
pub(super) fn scope_head(notes: usize, all: usize) -> HeadData {
    let targets = (0..all).map(|row| Some(usize::from(row >= notes))).collect();
    HeadData { name: "scope".to_owned(), labels: vec!["note".to_owned(), "other".to_owned()], targets }
}

/// The heads that `settings` names, each with the labels that occur in `corpus`.
///
/// # Errors
///
/// [`FitError::Corpus`] where a head has fewer than two labels, or the corpus fewer than two groups.
pub(super) fn head_data(corpus: &Corpus, settings: &FitSettings) -> Result<Vec<HeadData>, FitError> {
    let groups: BTreeSet<&str> = corpus.notes.iter().map(|note| note.group.as_str()).collect();
    if groups.len() < 2 {
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
