//! Cross-validation: no group on both sides of a split.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::calibrate::{Calibration, CalibrationReport, LogitParts, calibrate};
use super::corpus::{Corpus, Note};
use super::extract::Extracted;
use super::fit::{Extras, FitError, FitSettings, Progress};
use super::matrix::Column;
use super::problem::Problem;
use super::select::{Selection, select};
use super::weights::{Training, Weights};

/// Assigns each note to one of `folds` folds, so that all notes of a group share one and the folds have about the same size.
/// Largest groups first, each to the smallest fold; ties go by name, so that the split depends on the corpus alone.
///
/// There are at most as many folds as groups.
#[must_use]
pub fn grouped_folds(notes: &[&Note], folds: usize) -> Vec<usize> {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for note in notes {
        *sizes.entry(&note.group).or_default() += 1;
    }
    let mut groups: Vec<(&str, usize)> = sizes.into_iter().collect();
    groups.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let mut filled = vec![0; folds.clamp(1, groups.len().max(1))];
    let mut fold_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (group, size) in groups {
        let smallest = (0..filled.len()).min_by_key(|&fold| (filled[fold], fold)).unwrap_or(0);
        filled[smallest] += size;
        fold_of.insert(group, smallest);
    }
    notes.iter().map(|note| fold_of[note.group.as_str()]).collect()
}

/// The fold after `fold`, in the round.
pub(super) fn next_fold(fold: usize, folds: usize) -> usize {
    (fold + 1) % folds
}

/// What cross-validation found for a head: for its notes in order, out-of-fold.
#[derive(Clone)]
pub(super) struct OutOfFold {
    pub(super) rows: Vec<usize>,
    pub(super) targets: Vec<usize>,
    pub(super) probabilities: Vec<Vec<f32>>,
    pub(super) calibration: Calibration,
    pub(super) report: CalibrationReport,
}

impl OutOfFold {
    /// Takes what another cross-validation, over the same rows, found for those that `is_wanted` says yes to: each calibrated by what the same settings make of other folds.
    pub(super) fn take_where(&mut self, other: &Self, is_wanted: impl Fn(usize) -> bool) {
        for ((row, own), other) in self.rows.iter().zip(&mut self.probabilities).zip(&other.probabilities) {
            if is_wanted(*row) {
                own.clone_from(other);
            }
        }
    }
}

/// What a cross-validation found.
pub(super) struct CrossValidated<'a> {
    /// Of every head, for the notes that may be measured.
    pub(super) out_of_fold: Vec<OutOfFold>,
    /// The share of known words of those notes.
    pub(super) known: Vec<f64>,
    /// What was fitted without the first fold.
    pub(super) first: Option<Weights<'a>>,
}

/// What is known of a fold's notes from a fit without them.
struct FoldResult<'a> {
    /// What was fitted, of the first fold.
    weights: Option<Weights<'a>>,
    rows: Vec<usize>,
    /// Of each head and row.
    logits: Vec<Vec<LogitParts>>,
    /// The share of known words of each row.
    known: Vec<f64>,
}

impl<'a> Training<'a> {
    /// Fits on all notes but those of `fold`, and looks at these.
    fn hold_out(&self, fold: usize) -> Result<FoldResult<'a>, FitError> {
        let weights = self.fit_weights(&self.problem.rows_in(|other| other != fold))?;
        let rows = self.problem.rows_in(|other| other == fold);
        let matrix = self.matrix(&rows, &weights);
        Ok(FoldResult {
            logits: weights.logits(self.extracted, &matrix),
            known: rows.iter().map(|&row| known_words(self.extracted, row, &weights.vocabulary)).collect(),
            rows,
            weights: (fold == 0).then_some(weights),
        })
    }
}

/// How many values the matrix of a corpus may have, about, for several folds to be fitted at a time; those of a larger one would not fit into memory together, and are
/// work enough for all cores one after the other.
const MOST_AT_A_TIME: usize = 1 << 26;

/// Holds each fold that is to be measured out.
pub(super) fn cross_validate<'a>(training: &Training<'a>) -> Result<CrossValidated<'a>, FitError> {
    let problem = training.problem;
    let folds = 0..problem.measured_folds;
    let of_fold = |fold| training.hold_out(fold);
    let mut results: Vec<FoldResult> = if training.extracted.notes.len() > MOST_AT_A_TIME {
        folds.map(of_fold).collect::<Result<_, FitError>>()?
    } else {
        folds.into_par_iter().map(of_fold).collect::<Result<_, FitError>>()?
    };
    let first = results.first_mut().and_then(|result| result.weights.take());
    let mut known = vec![0.0; problem.notes.len()];
    let fitted = results.first().map_or(0, |result| result.logits.len());
    let mut logits: Vec<Vec<LogitParts>> = vec![vec![LogitParts::default(); problem.notes.len()]; fitted];
    for mut result in results {
        for (position, &row) in result.rows.iter().enumerate() {
            known[row] = result.known[position];
            for (head, found) in result.logits.iter_mut().enumerate() {
                logits[head][row] = std::mem::take(&mut found[position]);
            }
        }
    }
    let out = problem.heads.iter().zip(logits).map(|(head, mut logits)| {
        let rows: Vec<usize> = (0..problem.notes.len()).filter(|&row| problem.is_measured(head, row)).collect();
        let targets: Vec<usize> = rows.iter().filter_map(|&row| head.targets[row]).collect();
        let own: Vec<LogitParts> = rows.iter().map(|&row| std::mem::take(&mut logits[row])).collect();
        let own_folds: Vec<usize> = rows.iter().map(|&row| problem.folds[row]).collect();
        let (calibration, probabilities, report) = calibrate(&own, &targets, &own_folds);
        OutOfFold { rows, targets, probabilities, calibration, report }
    });
    Ok(CrossValidated { out_of_fold: out.collect(), known, first })
}

/// `out_of_fold`, which is by the settings that were chosen on all notes, with those notes replaced in whose absence others were chosen: by a cross-validation with
/// those, so that each is calibrated by what the same settings make of other folds.
pub(super) fn nested<'s>(
    selection: &'s Selection,
    out_of_fold: &[OutOfFold],
    training: impl Fn(&'s FitSettings) -> Training<'s>,
) -> Result<Vec<OutOfFold>, FitError> {
    let mut nested = out_of_fold.to_vec();
    let problem = training(&selection.settings).problem;
    for other in selection.chosen_otherwise(problem.measured_folds) {
        let found = cross_validate(&training(other))?.out_of_fold;
        let chose = |row: usize| selection.by_fold[problem.folds[row]] == *other;
        for (nested, found) in nested.iter_mut().zip(&found) {
            nested.take_where(found, chose);
        }
    }
    Ok(nested)
}

/// Out-of-fold results of the first head, with settings that were chosen without the notes that they are measured on.
pub(super) fn nested_from_search(
    problem: &Problem<'_>,
    settings: &FitSettings,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<OutOfFold, FitError> {
    let selection = if settings.select { select(problem, settings, progress)? } else { Selection::fixed(problem, settings) };
    let extractions = selection.extract(problem)?;
    let training =
        |settings| Training { problem, heads: &problem.heads[..1], extracted: extractions.of(settings), settings, advanced: &|_| () };
    let out_of_fold = cross_validate(&training(&selection.settings))?.out_of_fold;
    Ok(nested(&selection, &out_of_fold, training)?.swap_remove(0))
}

/// The labels of the first head, and for each note the probability of each as a fit says that has seen no note of the note's group.
/// The settings are taken as they are, but for the folds: of a large corpus there are fewer, two at least.
///
/// # Errors
///
/// [`FitError`]: fewer than two labels or groups, a fit that does not converge.
pub fn out_of_fold_probabilities(corpus: &Corpus, settings: &FitSettings) -> Result<(Vec<String>, Vec<Vec<f32>>), FitError> {
    let settings = FitSettings { heads: settings.heads[..1].to_vec(), ..settings.clone() };
    let extras = Extras::default();
    let mut problem = Problem::new(corpus, &settings, &extras)?;
    // Every note is held out once; of a large corpus, half of the notes teach nearly what four fifths would.
    let folds = problem.measured_folds.max(2);
    if folds < problem.fold_count {
        problem = Problem::new(corpus, &FitSettings { folds, ..settings.clone() }, &extras)?;
    }
    // Nothing is measured here: every note is wanted, traps too.
    problem.measured.fill(true);
    problem.measured_folds = problem.fold_count;
    let selection = Selection::fixed(&problem, &settings);
    let extractions = selection.extract(&problem)?;
    let settings = &selection.settings;
    let training = Training { problem: &problem, heads: &problem.heads, extracted: extractions.of(settings), settings, advanced: &|_| () };
    let found = cross_validate(&training)?.out_of_fold.swap_remove(0);
    Ok((problem.heads.swap_remove(0).labels, found.probabilities))
}

fn known_words(extracted: &Extracted, row: usize, vocabulary: &[Column]) -> f64 {
    let words = extracted.words.of(row);
    let known = words.iter().filter(|&feature| vocabulary.binary_search_by_key(feature, |column| column.feature).is_ok());
    if words.is_empty() { 0.0 } else { known.count() as f64 / words.len() as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_stay_together_and_folds_are_even() {
        let notes: Vec<Note> = (0..90)
            .map(|index| Note {
                text: String::new(),
                labels: BTreeMap::new(),
                group: format!("g{}", index % 9),
                id: index.to_string(),
                other: BTreeMap::new(),
            })
            .collect();
        let notes: Vec<&Note> = notes.iter().collect();
        let folds = grouped_folds(&notes, 3);
        for (a, fold) in notes.iter().zip(&folds) {
            assert!(notes.iter().zip(&folds).all(|(b, other)| a.group != b.group || fold == other));
        }
        for fold in 0..3 {
            assert_eq!(folds.iter().filter(|&&of| of == fold).count(), 30);
        }
        assert_eq!(grouped_folds(&notes[..1], 5), [0]);
    }
}
