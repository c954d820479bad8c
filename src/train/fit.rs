//! The whole way from a corpus to a model.

use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::assemble::assemble;
use super::beside::{Beside, BesideRecord};
use super::calibrate::CalibrationReport;
use super::corpus::{Corpus, Note};
use super::cross::{CrossValidated, OutOfFold, cross_validate, nested};
use super::extract::Collision;
use super::guard::{fit_guard, refused};
use super::metrics::{Confusion, Figure, bootstrap, log_loss};
use super::problem::{HeadData, Problem};
use super::seen::prints;
use super::select::{Ablation, Selection, select};
pub use super::settings::{FitSettings, Weighting};
use super::slices::{Slice, slices};
use super::solver::SolverError;
use super::thresholds::{hold_thresholds, winner_thresholds};
use super::vectors::WordVectors;
use super::weights::Training;
use crate::classifier::argmax;
use crate::error::Error;
use crate::model::{About, Head, Model, Preset};
use crate::policy::{Policy, Strictness};

/// How far a fit is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Progress {
    /// Looking for the best settings.
    Selecting {
        /// The candidate that is being measured, from 1.
        done: usize,
        /// How many there are.
        total: usize,
        /// How many notes the search looks at: of a large corpus, a sample.
        notes: usize,
    },
    /// Looking for how much one's own notes should count beside others'.
    Weighing {
        /// The weight that is being measured, from 1.
        done: usize,
        /// How many there are.
        total: usize,
    },
    /// Cross-validating and fitting with the settings that were found.
    Fitting {
        /// How many fits are done, with the parts of those that are under way; up to rounding.
        done: f64,
        /// How many there are: one for each fold, once or twice, and one on all notes.
        total: usize,
    },
}

/// Why there is no model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// The corpus cannot carry the model that is asked for.
    #[error("{0}")]
    Corpus(String),
    /// A setting is out of range.
    #[error("{0}")]
    Setting(String),
    /// Two n-grams have the same fingerprint.
    #[error(transparent)]
    Collision(#[from] Collision),
    /// The solver found no weights.
    #[error("head {head:?}: {cause}")]
    Solver {
        /// The head.
        head: String,
        /// Why.
        cause: SolverError,
    },
    /// The model could not be put together.
    #[error(transparent)]
    Model(#[from] Error),
}

/// The cross-validated figures of a head. All of them are measured on notes of groups that the weights, the vocabulary and the calibration had not seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeadReport {
    /// The head.
    pub head: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// How many notes have each label.
    pub notes: Vec<usize>,
    /// Share of notes whose likeliest label is right.
    pub accuracy: Figure,
    /// Mean of F1 over the labels.
    pub macro_f1: Figure,
    /// Mean of `-ln p(truth)`.
    pub log_loss: f64,
    /// True against given labels.
    pub confusion: Confusion,
    /// How the calibration was chosen.
    pub calibration: CalibrationReport,
}

/// What a model can be trained with beside the labelled notes.
#[derive(Clone, Debug, Default)]
pub struct Extras {
    /// What words mean.
    pub vectors: Option<WordVectors>,
    /// Texts that are no notes (their labels are not read): the model learns to say of such that it does not know.
    pub out_of_scope: Vec<Note>,
    /// Notes of others to learn from beside the corpus. The settings are then taken as they are.
    pub beside: Option<Beside>,
}

/// A model and how good it is.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The model.
    pub model: Model,
    /// The settings that it was made with: those that were asked for, or better ones.
    pub settings: FitSettings,
    /// What it learned from.
    pub corpus: CorpusRecord,
    /// The notes of others that it was learned with.
    pub beside: Option<BesideRecord>,
    /// How many texts that are no notes it was shown.
    pub out_of_scope: usize,
    /// The figures of each head.
    pub reports: Vec<HeadReport>,
    /// The share of the texts that are no notes which the guard refuses, where there were any to learn from.
    pub refused: Option<Figure>,
    /// The cross-validated accuracy of the first head on parts of the notes.
    pub slices: Vec<Slice>,
    /// What other settings would have done, where better ones were looked for.
    pub ablations: Vec<Ablation>,
}

/// Trains a model: cross-validates, calibrates, fits the thresholds, then fits the weights on all notes.
///
/// # Errors
///
/// [`FitError`]: a head with fewer than two labels, fewer groups than two, a fit that does not converge.
pub fn fit(corpus: &Corpus, settings: &FitSettings, policy: &Policy, extras: &Extras) -> Result<Fitted, FitError> {
    fit_with_progress(corpus, settings, policy, extras, &|_| ())
}

/// As [`fit`], saying how far it is.
///
/// # Errors
///
/// As [`fit`].
pub fn fit_with_progress(
    corpus: &Corpus,
    settings: &FitSettings,
    policy: &Policy,
    extras: &Extras,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Fitted, FitError> {
    check(settings)?;
    let problem = Problem::new(corpus, settings, extras)?;
    let selection = if settings.select && extras.beside.is_none() {
        select(&problem, settings, progress)?
    } else {
        Selection::fixed(&problem, settings)
    };
    let settings = &selection.settings;
    // Calibration and thresholds belong to the settings that the model is made with; the figures, to settings chosen without the notes of each fold.
    let total = problem.measured_folds * (selection.chosen_otherwise(problem.measured_folds).len() + 1) + 1;
    let done = Mutex::new(0.0);
    let advanced = |share: f64| {
        let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
        *done += share;
        progress(Progress::Fitting { done: *done, total });
    };
    advanced(0.0);
    let extractions = selection.extract(&problem)?;
    let training = |settings| Training {
        problem: &problem,
        heads: &problem.heads,
        extracted: extractions.of(settings),
        settings,
        advanced: &advanced,
    };
    let CrossValidated { out_of_fold, known, first } = cross_validate(&training(settings))?;
    let nested = nested(&selection, &out_of_fold, training)?;
    let training = training(settings);
    let all: Vec<usize> = (0..problem.notes.len()).collect();
    // Of a corpus of which not all folds are held out, features are not ranked anew.
    let weights = match first {
        Some(first) if problem.measured_folds < problem.fold_count => training.refit(&first, &all)?,
        _ => training.fit_weights(&all)?,
    };

    let shown = problem.shown;
    let groups = problem.groups();
    let reports: Vec<HeadReport> = problem.heads.iter().zip(&nested).map(|(head, found)| report(head, found, &groups)).collect();
    let guard = fit_guard(
        &problem.heads[0],
        policy,
        &out_of_fold[0],
        &known,
        |row| training.extracted.words.of(row).len(),
        out_of_fold.get(shown),
        settings.unsure,
    );
    let refused = out_of_fold.get(shown).map(|scope| refused(scope, &known, &guard, &groups));
    let model_heads: Vec<Head> = problem.heads[..shown]
        .iter()
        .zip(&out_of_fold)
        .enumerate()
        .map(|(index, (head, found))| {
            let allowed_at = |strictness: Strictness| strictness.false_alarms(policy.false_alarms);
            let preset = |strictness| {
                let allowed = allowed_at(strictness);
                Preset { strictness, allowed, thresholds: hold_thresholds(head, found, policy, allowed) }
            };
            let decides = index == 0;
            Head {
                name: head.name.clone(),
                labels: head.labels.clone(),
                thresholds: if decides {
                    hold_thresholds(head, found, policy, allowed_at(Strictness::Normal))
                } else {
                    winner_thresholds(head, found)
                },
                presets: [Strictness::Relaxed, Strictness::Strict].into_iter().filter(|_| decides).map(preset).collect(),
            }
        })
        .collect();
    let record = CorpusRecord::new(corpus);
    let about = About {
        name: settings.name.clone(),
        heads: model_heads,
        features: settings.features.clone(),
        guard,
        policy: policy_for(&problem.heads, policy),
        training: training_record(&record, settings, extras, &reports, refused.as_ref())?,
    };
    let mut model = assemble(about, &training, &weights, &out_of_fold);
    model.to_bytes()?;
    Ok(Fitted {
        slices: slices_of(&problem, &nested[0]),
        settings: settings.clone(),
        corpus: record,
        beside: extras.beside.as_ref().map(Beside::record),
        out_of_scope: extras.out_of_scope.len(),
        ablations: selection.ablations,
        model,
        reports,
        refused,
    })
}

/// What the model file says of how the model was made.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct TrainingRecord<'a> {
    corpus: &'a CorpusRecord,
    #[serde(skip_serializing_if = "Option::is_none")]
    beside: Option<BesideRecord>,
    out_of_scope: usize,
    settings: &'a FitSettings,
    #[serde(skip_serializing_if = "Option::is_none")]
    word_vectors: Option<&'a str>,
    cross_validation: &'a [HeadReport],
    #[serde(skip_serializing_if = "Option::is_none")]
    out_of_scope_refused: Option<&'a Figure>,
}

/// Which corpus a model was made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CorpusRecord {
    /// SHA-256 over texts, labels and groups, in hexadecimal.
    pub digest: String,
    /// How many notes it has.
    pub notes: usize,
    /// How many groups they came from.
    pub groups: usize,
    /// What its notes can be known by, see [`Seen`](super::seen::Seen); none of a large corpus.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prints: Option<String>,
}

impl CorpusRecord {
    fn new(corpus: &Corpus) -> Self {
        Self { digest: corpus.digest(), notes: corpus.notes.len(), groups: corpus.groups().len(), prints: prints(corpus) }
    }
}

fn training_record(
    corpus: &CorpusRecord,
    settings: &FitSettings,
    extras: &Extras,
    reports: &[HeadReport],
    refused: Option<&Figure>,
) -> Result<Box<RawValue>, FitError> {
    let record = TrainingRecord {
        corpus,
        beside: extras.beside.as_ref().map(Beside::record),
        out_of_scope: extras.out_of_scope.len(),
        settings,
        word_vectors: extras.vectors.as_ref().map(WordVectors::digest),
        cross_validation: reports,
        out_of_scope_refused: refused,
    };
    to_raw_value(&record).map_err(|error| FitError::Model(Error::Model(error.to_string())))
}

fn check(settings: &FitSettings) -> Result<(), FitError> {
    settings.features.check().map_err(FitError::Setting)?;
    if settings.folds < 2 {
        return Err(FitError::Setting(format!("{} folds: at least 2 are needed", settings.folds)));
    }
    if settings.vocabulary == 0 {
        return Err(FitError::Setting("a vocabulary of 0 features".to_owned()));
    }
    Ok(())
}

fn slices_of(problem: &Problem<'_>, found: &OutOfFold) -> Vec<Slice> {
    let notes: Vec<&Note> = found.rows.iter().map(|&row| problem.notes[row]).collect();
    let right: Vec<bool> = found.probabilities.iter().zip(&found.targets).map(|(p, target)| argmax(p) == *target).collect();
    slices(&notes, &right)
}

fn report(head: &HeadData, found: &OutOfFold, groups: &[&str]) -> HeadReport {
    let given: Vec<usize> = found.probabilities.iter().map(|p| argmax(p)).collect();
    let labels = head.labels.len();
    let confusion_of = |rows: &[usize]| Confusion::new(labels, rows.iter().map(|&row| (found.targets[row], given[row])));
    let own_groups: Vec<&str> = found.rows.iter().map(|&row| groups[row]).collect();
    HeadReport {
        head: head.name.clone(),
        labels: head.labels.clone(),
        notes: (0..labels).map(|label| found.targets.iter().filter(|&&target| target == label).count()).collect(),
        accuracy: bootstrap(&own_groups, |rows| confusion_of(rows).accuracy()),
        macro_f1: bootstrap(&own_groups, |rows| confusion_of(rows).macro_f1()),
        log_loss: log_loss(&found.probabilities, &found.targets),
        confusion: Confusion::new(labels, found.targets.iter().copied().zip(given.iter().copied())),
        calibration: found.report.clone(),
    }
}

/// The policy without what it says of heads and labels that the corpus does not have.
fn policy_for(heads: &[HeadData], policy: &Policy) -> Policy {
    let mut own = policy.clone();
    own.heads.retain(|name, _| heads.iter().any(|head| &head.name == name));
    for head in heads {
        if let Some(head_policy) = own.heads.get_mut(&head.name) {
            head_policy.labels.retain(|label, _| head.labels.contains(label));
        }
    }
    own
}
