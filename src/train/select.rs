//! Model selection: which features and which penalty serve a corpus best.
//!
//! Every candidate changes one thing of the settings that the search starts from. It is measured on the notes of each fold by what was fitted without
//! that fold and without the one before it in the round, so that the fold before can be measured later with settings that were chosen without any of
//! its notes: a nested cross-validation (Varma and Simon 2006) that fits every candidate once a fold.
//!
//! Of a corpus on which dozens of fits would take long, the search looks at a part of the groups: which settings are best depends on what kind of text
//! it is more than on how much there is of it, as long as no label is left with a handful.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde::Serialize;

use super::calibrate::{Calibration, LogitParts};
use super::cross::next_fold;
use super::extract::Extracted;
use super::fit::{FitError, FitSettings, Progress, Weighting};
use super::metrics::{Confusion, Figure, bootstrap, bootstrap_mean, negative_log};
use super::problem::Problem;
use super::weights::{Training, Weights};
use crate::classifier::argmax;
use crate::features::FeatureSettings;

/// What one change of the settings does to the figures of the first head, on notes that neither the weights nor the vocabulary had seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ablation {
    /// What was changed.
    pub change: String,
    /// The log loss with the change less that without it: below 0 is better.
    pub log_loss: Figure,
    /// The macro-F1 with the change less that without it: above 0 is better.
    pub macro_f1: Figure,
    /// Whether the model was made with it.
    pub kept: bool,
}

/// The settings that were chosen.
pub(super) struct Selection {
    /// Chosen on all notes: what the model is made with.
    pub(super) settings: FitSettings,
    /// For each fold, chosen without its notes: what its figures are measured with.
    pub(super) by_fold: Vec<FitSettings>,
    /// What was tried.
    pub(super) ablations: Vec<Ablation>,
}

/// The features of all notes, for every set of features that was chosen.
pub(super) struct Extractions(Vec<(FeatureSettings, Extracted)>);

impl Extractions {
    /// Those that `settings` asks for, which are among the ones that were chosen.
    pub(super) fn of(&self, settings: &FitSettings) -> &Extracted {
        let found = self.0.iter().find(|(features, _)| *features == settings.features);
        &found.expect("features are extracted for all settings that were chosen").1
    }
}

impl Selection {
    /// No search: these settings.
    pub(super) fn fixed(problem: &Problem<'_>, settings: &FitSettings) -> Self {
        let settings = FitSettings { features: problem.features(settings), ..settings.clone() };
        Self { by_fold: vec![settings.clone(); problem.fold_count], settings, ablations: Vec::new() }
    }

    /// The settings, other than those chosen on all notes, that were chosen without one of the first `folds` folds.
    pub(super) fn chosen_otherwise(&self, folds: usize) -> Vec<&FitSettings> {
        let mut others: Vec<&FitSettings> = Vec::new();
        for chosen in &self.by_fold[..folds] {
            if *chosen != self.settings && !others.contains(&chosen) {
                others.push(chosen);
            }
        }
        others
    }

    pub(super) fn extract(&self, problem: &Problem<'_>) -> Result<Extractions, FitError> {
        let mut extractions = Vec::new();
        for settings in self.by_fold.iter().chain([&self.settings]) {
            if extractions.iter().all(|(features, _)| *features != settings.features) {
                extractions.push((settings.features.clone(), problem.extract(&settings.features, settings.least_notes)?));
            }
        }
        Ok(Extractions(extractions))
    }
}

/// One thing that can be changed.
struct Change {
    /// Of the changes of one family, at most one is made.
    family: &'static str,
    name: &'static str,
    edit: fn(&mut FitSettings),
}

const CHANGES: &[Change] = &[
    Change { family: "penalty", name: "penalty × 4", edit: |s| s.alpha *= 4.0 },
    Change { family: "penalty", name: "penalty × 2", edit: |s| s.alpha *= 2.0 },
    Change { family: "penalty", name: "penalty ÷ 2", edit: |s| s.alpha /= 2.0 },
    Change { family: "penalty", name: "penalty ÷ 4", edit: |s| s.alpha /= 4.0 },
    Change { family: "dropout", name: "one penalty for all features, as without dropout", edit: |s| s.dropout = 0.0 },
    Change { family: "weighting", name: "no idf", edit: |s| s.weighting = Weighting::None },
    Change { family: "weighting", name: "log-count ratio instead of idf", edit: |s| s.weighting = Weighting::LogCountRatio },
    Change { family: "words", name: "word 1-2-grams", edit: |s| s.features.word_ngrams = 2 },
    Change { family: "words", name: "words count twice", edit: |s| s.block_weights.word *= 2.0 },
    Change { family: "stems", name: "words not stemmed", edit: |s| s.features.stem = None },
    Change { family: "characters", name: "no character n-grams", edit: |s| s.features.char_ngrams = None },
    Change { family: "characters", name: "characters count twice", edit: |s| s.block_weights.char *= 2.0 },
    Change { family: "characters", name: "characters count four times", edit: |s| s.block_weights.char *= 4.0 },
    Change { family: "skips", name: "no skip-bigrams", edit: |s| s.features.skip_bigrams = false },
    Change { family: "vectors", name: "no word vectors", edit: |s| s.block_weights.vector = 0.0 },
];

/// What the search may look at, in the unit of [`Problem::size`]: a corpus of that size is searched in a minute or two on two cores.
const MOST_SEARCHED: usize = 20_000_000;
/// What it looks at of a larger corpus, if that leaves [`ENOUGH_OF_LABEL`] notes for each label, on the average.
const SEARCHED_OF_MANY: usize = 10_000_000;
const ENOUGH_OF_LABEL: f64 = 1000.0;
/// Of a sample with fewer notes for each label, on the average, nothing is learned for the whole: of 150 labels, of which it had 22 notes of 100, the settings that
/// served it best made 1.3 points more errors than those that the search starts from; of 77, of which it had 56 of 130, 1.3 points less.
const LEAST_OF_LABEL: f64 = 40.0;

/// Chooses settings near `base`, by a part of the notes where there are many. Where there are fewer folds than three, or that part would have too few notes of each
/// label, it is `base` itself.
///
/// # Errors
///
/// As the fits that it tries.
pub(super) fn select(problem: &Problem<'_>, base: &FitSettings, progress: &(dyn Fn(Progress) + Sync)) -> Result<Selection, FitError> {
    let size = problem.size();
    let is_sample = size > MOST_SEARCHED;
    let sample;
    let problem = if is_sample {
        let share_of = |searched: usize| searched as f64 / size as f64;
        let of_label = |share: f64| share * problem.notes.len() as f64 / problem.heads[0].labels.len() as f64;
        let is_enough = of_label(share_of(SEARCHED_OF_MANY)) >= ENOUGH_OF_LABEL;
        let share = share_of(if is_enough { SEARCHED_OF_MANY } else { MOST_SEARCHED });
        if of_label(share) < LEAST_OF_LABEL {
            return Ok(Selection::fixed(problem, base));
        }
        sample = problem.sample(share);
        &sample
    } else {
        problem
    };
    let fixed = Selection::fixed(problem, base);
    let folds = problem.fold_count;
    if folds < 3 {
        return Ok(fixed);
    }
    let base = fixed.settings;
    let edited = |changes: &[&Change]| {
        let mut settings = base.clone();
        for change in changes {
            (change.edit)(&mut settings);
        }
        settings
    };
    // A change that changes nothing, such as one of word vectors that are not there, is none.
    let is_of_use = |change: &Change| match change.family {
        "vectors" => problem.vectors.is_some(),
        // It stands in for what so many notes teach by themselves: of made-up notes, the log-count ratio lowers the loss by 0.007 on 10,000 and by 0.003 on
        // 40,000, and raises it by 0.04 on a million.
        "weighting" => !is_sample,
        _ => true,
    };
    let changes: Vec<&Change> = CHANGES.iter().filter(|change| is_of_use(change) && edited(&[change]) != base).collect();
    let every: BTreeSet<usize> = (0..folds).collect();
    let mut tried: Vec<Trial> = vec![Trial::new(Vec::new(), base.clone(), &every)];
    tried.extend(changes.iter().map(|&change| Trial::new(vec![change], edited(&[change]), &every)));
    run(problem, &mut tried, progress)?;

    // What each choice may look at; the changes that help there by more than chance put together, the best two, the best three and all; and whom each combination
    // is measured for.
    let views: Vec<BTreeSet<usize>> = (0..folds).map(|fold| BTreeSet::from([next_fold(fold, folds)])).chain([every]).collect();
    let mut combined: Vec<Trial> = Vec::new();
    for view in &views {
        let helping = best_of_families(problem, &tried, view);
        let lengths = BTreeSet::from([2, 3, helping.len()]);
        for helping in lengths.into_iter().filter(|length| (2..=helping.len()).contains(length)).map(|length| &helping[..length]) {
            match combined.iter_mut().find(|trial| same(&trial.changes, helping)) {
                Some(trial) => trial.folds.extend(view),
                None => combined.push(Trial::new(helping.to_vec(), edited(helping), view)),
            }
        }
    }
    run(problem, &mut combined, progress)?;
    tried.extend(combined);

    let mut chosen: Vec<usize> = views.iter().map(|view| choose(problem, &tried, view)).collect();
    let for_all = chosen.pop().unwrap_or(0);
    let kept = &tried[for_all].changes;
    let is_kept = |trial: &Trial<'_>| trial.changes.iter().all(|change| kept.iter().any(|own| own.name == change.name));
    let whole = &views[folds];
    let ablations =
        tried[1..].iter().filter(|trial| whole.is_subset(&trial.folds)).map(|trial| ablation(problem, &tried[0], trial, is_kept(trial)));
    Ok(Selection {
        ablations: ablations.collect(),
        settings: tried[for_all].settings.clone(),
        by_fold: chosen.into_iter().map(|index| tried[index].settings.clone()).collect(),
    })
}

fn same(a: &[&Change], b: &[&Change]) -> bool {
    a.iter().map(|change| change.name).eq(b.iter().map(|change| change.name))
}

/// Settings that are tried.
struct Trial<'c> {
    changes: Vec<&'c Change>,
    settings: FitSettings,
    /// The folds whose notes are to be measured.
    folds: BTreeSet<usize>,
    /// Of each note that was measured.
    outcomes: Vec<Option<Outcome>>,
}

/// What was found for a note.
#[derive(Clone, Copy)]
struct Outcome {
    /// How surprising its label was, in nats.
    loss: f64,
    /// The label that was given.
    given: usize,
}

impl<'c> Trial<'c> {
    fn new(changes: Vec<&'c Change>, settings: FitSettings, folds: &BTreeSet<usize>) -> Self {
        Self { changes, settings, folds: folds.clone(), outcomes: Vec::new() }
    }
}

/// Settings that differ in nothing but the penalty share their matrices, and each fit starts from its neighbour's weights.
fn run(problem: &Problem<'_>, trials: &mut [Trial<'_>], progress: &(dyn Fn(Progress) + Sync)) -> Result<(), FitError> {
    let without_alpha = |settings: &FitSettings| FitSettings { alpha: 1.0, ..settings.clone() };
    let mut paths: Vec<(FitSettings, Vec<usize>)> = Vec::new();
    for (index, trial) in trials.iter_mut().enumerate() {
        trial.outcomes = vec![None; problem.notes.len()];
        let shared = without_alpha(&trial.settings);
        paths.push((shared, vec![index]));
    }
    paths.dedup_by(|later, earlier| {
        let joins = later.0 == earlier.0 && trials[later.1[0]].folds == trials[earlier.1[0]].folds;
        if joins {
            earlier.1.append(&mut later.1);
        }
        joins
    });
    let total = paths.len();
    let mut done = 0;
    while let Some((first, _)) = paths.first() {
        let features = first.features.clone();
        let extracted = problem.extract(&features, first.least_notes)?;
        let (here, rest): (Vec<_>, Vec<_>) = paths.into_iter().partition(|(settings, _)| settings.features == features);
        for (settings, mut indices) in here {
            done += 1;
            progress(Progress::Selecting { done, total, notes: problem.notes.len() });
            indices.sort_by(|&a, &b| trials[b].settings.alpha.total_cmp(&trials[a].settings.alpha));
            let alphas: Vec<f64> = indices.iter().map(|&index| trials[index].settings.alpha).collect();
            let folds: Vec<usize> = trials[indices[0]].folds.iter().copied().collect();
            let training = Training { problem, heads: &problem.heads[..1], extracted: &extracted, settings: &settings, advanced: &|_| () };
            let found: Vec<Vec<Vec<(usize, Outcome)>>> =
                folds.par_iter().map(|&fold| outcomes(&training, fold, &alphas)).collect::<Result<_, FitError>>()?;
            for by_alpha in found {
                for (&index, outcomes) in indices.iter().zip(by_alpha) {
                    for (row, outcome) in outcomes {
                        trials[index].outcomes[row] = Some(outcome);
                    }
                }
            }
        }
        paths = rest;
    }
    Ok(())
}

/// What one fit for each penalty, without the notes of two folds, makes of the rows of the second of the two.
fn outcomes(training: &Training<'_>, fold: usize, alphas: &[f64]) -> Result<Vec<Vec<(usize, Outcome)>>, FitError> {
    let problem = training.problem;
    let folds = problem.fold_count;
    let inside = problem.rows_in(|other| other != fold && next_fold(other, folds) != fold);
    let targets = &training.heads[0].targets;
    let rows: Vec<usize> =
        problem.rows_in(|other| other == fold).into_iter().filter(|&row| problem.measured[row] && targets[row].is_some()).collect();
    if rows.is_empty() {
        return Ok(vec![Vec::new(); alphas.len()]);
    }
    let known: Vec<usize> = rows.iter().filter_map(|&row| targets[row]).collect();
    let outcomes_of = |weights: &Weights<'_>| {
        let matrix = training.matrix(&rows, weights);
        let logits = weights.logits(training.extracted, &matrix).swap_remove(0);
        // Fitted on the notes that it is measured on, for every candidate alike: what is compared is how well the labels can be told apart.
        let all: Vec<&LogitParts> = logits.iter().collect();
        let calibration = Calibration::blocks(&all, &known)
            .or_else(|| Calibration::matrix(&all, &known))
            .unwrap_or_else(|| Calibration::temperature(&all, &known));
        let probabilities = logits.iter().map(|logits| calibration.probabilities(logits));
        probabilities
            .zip(&rows)
            .zip(&known)
            .map(|((p, &row), &target)| (row, Outcome { loss: negative_log(&p, target), given: argmax(&p) }))
            .collect()
    };
    Ok(training.fit_path(&inside, alphas)?.iter().map(outcomes_of).collect())
}

/// What `trial` does to the notes of `view`: the rows that both measured, and for each its loss less that of `base`.
fn differences(problem: &Problem<'_>, base: &Trial<'_>, trial: &Trial<'_>, view: &BTreeSet<usize>) -> (Vec<usize>, Vec<f64>) {
    let of_row = |row: usize| Some((row, trial.outcomes[row]?.loss - base.outcomes[row]?.loss));
    problem.rows_in(|fold| view.contains(&fold)).into_iter().filter_map(of_row).unzip()
}

/// How many standard errors lower the loss of `trial` is than that of `base` on the notes of `view`. Notes of one group err together, so it is the groups whose
/// spread counts.
fn gain(problem: &Problem<'_>, base: &Trial<'_>, trial: &Trial<'_>, view: &BTreeSet<usize>) -> f64 {
    let (rows, differences) = differences(problem, base, trial, view);
    let mean = differences.iter().sum::<f64>() / differences.len().max(1) as f64;
    let mut by_group: BTreeMap<&str, f64> = BTreeMap::new();
    for (&row, difference) in rows.iter().zip(&differences) {
        *by_group.entry(problem.notes[row].group.as_str()).or_default() += difference - mean;
    }
    let error = by_group.values().map(|sum| sum * sum).sum::<f64>().sqrt() / differences.len().max(1) as f64;
    if error > 0.0 { -mean / error } else { 0.0 }
}

fn mean_loss(problem: &Problem<'_>, trial: &Trial<'_>, view: &BTreeSet<usize>) -> f64 {
    let rows = problem.rows_in(|fold| view.contains(&fold));
    let losses: Vec<f64> = rows.into_iter().filter_map(|row| trial.outcomes[row]).map(|outcome| outcome.loss).collect();
    losses.iter().sum::<f64>() / losses.len().max(1) as f64
}

/// By how many standard errors a change must lower the loss to be made. In the spirit of the one-standard-error rule (Breiman et al. 1984) the settings that
/// the search starts from are kept unless something is clearly better; it is two, since the best of a dozen changes is one too good by chance.
const STANDARD_ERRORS: f64 = 2.0;

/// Of each family the change that lowers the loss on `view` most, where it does so clearly; the most helpful first.
fn best_of_families<'c>(problem: &Problem<'_>, tried: &[Trial<'c>], view: &BTreeSet<usize>) -> Vec<&'c Change> {
    let mut best: Vec<&Trial<'c>> = Vec::new();
    for trial in tried.iter().skip(1).filter(|trial| gain(problem, &tried[0], trial, view) > STANDARD_ERRORS) {
        match best.iter_mut().find(|other| other.changes[0].family == trial.changes[0].family) {
            Some(other) if mean_loss(problem, trial, view) < mean_loss(problem, other, view) => *other = trial,
            Some(_) => {}
            None => best.push(trial),
        }
    }
    best.sort_by(|a, b| mean_loss(problem, a, view).total_cmp(&mean_loss(problem, b, view)));
    best.into_iter().map(|trial| trial.changes[0]).collect()
}

/// The index of the settings with the lowest loss on `view` among those that are clearly better than the first, or that.
fn choose(problem: &Problem<'_>, tried: &[Trial<'_>], view: &BTreeSet<usize>) -> usize {
    let eligible = |trial: &Trial<'_>| view.is_subset(&trial.folds) && gain(problem, &tried[0], trial, view) > STANDARD_ERRORS;
    let candidates = (1..tried.len()).filter(|&index| eligible(&tried[index]));
    let loss = |index: usize| mean_loss(problem, &tried[index], view);
    candidates.min_by(|&a, &b| loss(a).total_cmp(&loss(b))).unwrap_or(0)
}

fn ablation(problem: &Problem<'_>, base: &Trial<'_>, trial: &Trial<'_>, kept: bool) -> Ablation {
    let (rows, differences) = differences(problem, base, trial, &trial.folds);
    let groups: Vec<&str> = rows.iter().map(|&row| problem.notes[row].group.as_str()).collect();
    let head = &problem.heads[0];
    let macro_f1 = |trial: &Trial<'_>, drawn: &[usize]| {
        let pairs = drawn.iter().filter_map(|&at| Some((head.targets[rows[at]]?, trial.outcomes[rows[at]]?.given)));
        Confusion::new(head.labels.len(), pairs).macro_f1()
    };
    let names: Vec<&str> = trial.changes.iter().map(|change| change.name).collect();
    Ablation {
        change: names.join(" + "),
        log_loss: bootstrap_mean(&groups, &differences),
        macro_f1: bootstrap(&groups, |drawn| macro_f1(trial, drawn) - macro_f1(base, drawn)),
        kept,
    }
}
