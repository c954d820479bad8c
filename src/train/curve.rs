//! The learning curve: what more groups of notes buy.

use std::collections::BTreeMap;

use serde::Serialize;

use super::corpus::Corpus;
use super::evaluate::{Evaluation, UnknownLabel, evaluate};
use super::fit::{Extras, FitError, FitSettings, HeadReport, fit};
use super::metrics::SplitMix64;
use crate::classifier::Classifier;
use crate::policy::Policy;

/// One point of the curve.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Point {
    /// How many notes the model was trained on.
    pub notes: usize,
    /// How many groups they came from.
    pub groups: usize,
    /// The first head's cross-validated figures.
    pub cross_validation: HeadReport,
    /// The figures on notes of other writers.
    pub evaluation: Evaluation,
}

/// Why there is no curve.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CurveError {
    /// A fit failed.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// The evaluation notes have other labels.
    #[error(transparent)]
    Label(#[from] UnknownLabel),
}

/// Trains on an eighth, a quarter, a half and all of the groups, drawn in an order that depends on nothing but their number, each share within
/// the next.
///
/// # Errors
///
/// As [`fit`] and [`evaluate`].
pub fn learning_curve(
    corpus: &Corpus,
    evaluation: &Corpus,
    settings: &FitSettings,
    policy: &Policy,
    extras: &Extras,
) -> Result<Vec<Point>, CurveError> {
    let mut by_group: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (row, note) in corpus.notes.iter().enumerate() {
        by_group.entry(&note.group).or_default().push(row);
    }
    let mut groups: Vec<Vec<usize>> = by_group.into_values().collect();
    let mut random = SplitMix64(8);
    for last in (1..groups.len()).rev() {
        groups.swap(last, random.below(last + 1));
    }
    let mut points = Vec::new();
    for parts in [8, 4, 2, 1] {
        let count = (groups.len() / parts).max(2);
        let mut rows: Vec<usize> = groups[..count].concat();
        rows.sort_unstable();
        let part = Corpus { notes: rows.iter().map(|&row| corpus.notes[row].clone()).collect(), skipped: Vec::new() };
        let mut fitted = fit(&part, settings, policy, extras)?;
        points.push(Point {
            notes: rows.len(),
            groups: count,
            cross_validation: fitted.reports.swap_remove(0),
            evaluation: evaluate(&Classifier::new(&fitted.model).map_err(FitError::from)?, evaluation)?,
        });
    }
    Ok(points)
}
