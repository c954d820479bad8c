//! Cross-validation: no group on both sides of a split.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::calibrate::{Calibration, CalibrationReport, calibrate};
use super::corpus::Note;
use super::fit::FitError;
use super::matrix::{Column, Extracted};
use super::solver::SparseFitted;
use super::weights::Training;

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

/// What cross-validation found for a head: for its notes in order, out-of-fold.
pub(super) struct OutOfFold {
    pub(super) rows: Vec<usize>,
    pub(super) targets: Vec<usize>,
    pub(super) probabilities: Vec<Vec<f32>>,
    pub(super) calibration: Calibration,
    pub(super) report: CalibrationReport,
}

/// The rows of a fold, the logits of each head and row, and the share of known words of each row.
type FoldResult = (Vec<usize>, Vec<Vec<Vec<f64>>>, Vec<f64>);

impl Training<'_> {
    /// Out-of-fold results of every head for the notes that are `measured`, and the share of known words of every note.
    pub(super) fn cross_validate(&self, folds: &[usize], measured: &[bool]) -> Result<(Vec<OutOfFold>, Vec<f64>), FitError> {
        let count = folds.iter().max().map_or(1, |last| last + 1);
        let results: Vec<FoldResult> = (0..count)
            .into_par_iter()
            .map(|fold| {
                let (outside, inside): (Vec<usize>, Vec<usize>) = (0..folds.len()).partition(|&row| folds[row] == fold);
                let weights = self.fit_weights(&inside)?;
                let matrix = self.matrix(&outside, &weights);
                let logits = |fitted: &SparseFitted| (0..outside.len()).map(|row| fitted.logits(&matrix, row)).collect();
                let logits = weights.heads.iter().map(logits).collect();
                let known = outside.iter().map(|&row| known_words(self.extracted, row, &weights.vocabulary)).collect();
                Ok((outside, logits, known))
            })
            .collect::<Result<_, FitError>>()?;
        let mut known = vec![0.0; folds.len()];
        let mut logits: Vec<Vec<Vec<f64>>> = vec![vec![Vec::new(); folds.len()]; self.heads.len()];
        for (rows, mut by_head, known_here) in results {
            for (position, &row) in rows.iter().enumerate() {
                known[row] = known_here[position];
                for (head, found) in by_head.iter_mut().enumerate() {
                    logits[head][row] = std::mem::take(&mut found[position]);
                }
            }
        }
        let out = self.heads.iter().zip(logits).map(|(head, mut logits)| {
            let rows: Vec<usize> = (0..folds.len()).filter(|&row| measured[row] && head.targets[row].is_some()).collect();
            let targets: Vec<usize> = rows.iter().filter_map(|&row| head.targets[row]).collect();
            let own: Vec<Vec<f64>> = rows.iter().map(|&row| std::mem::take(&mut logits[row])).collect();
            let own_folds: Vec<usize> = rows.iter().map(|&row| folds[row]).collect();
            let (calibration, probabilities, report) = calibrate(&own, &targets, &own_folds);
            OutOfFold { rows, targets, probabilities, calibration, report }
        });
        let out: Vec<OutOfFold> = out.collect();
        Ok((out, known))
    }
}

fn known_words(extracted: &Extracted, row: usize, vocabulary: &[Column]) -> f64 {
    let words = extracted.notes[row].iter().filter(|(feature, _)| extracted.features[*feature as usize].is_word);
    let (mut known, mut all) = (0, 0);
    for (feature, count) in words {
        all += count;
        known += if vocabulary.binary_search_by_key(feature, |column| column.feature).is_ok() { *count } else { 0 };
    }
    if all == 0 { 0.0 } else { f64::from(known) / f64::from(all) }
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
