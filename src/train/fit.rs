//! The whole way from a corpus to a model.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::calibrate::{Calibration, CalibrationReport, calibrate};
use super::corpus::{Corpus, Note};
use super::cross::grouped_folds;
use super::matrix::{BlockWeights, Collision, Column, Csr, Extracted, Meanings};
use super::metrics::{Confusion, Figure, bootstrap, log_loss};
use super::solver::{SolverError, SparseFitted, SparseLogistic};
use super::vectors::WordVectors;
use crate::classifier::argmax;
use crate::error::Error;
use crate::features::{Block, FeatureSettings, WordClasses, surface_fingerprint};
use crate::model::{About, Guard, Head, Model, Threshold, Vocabulary};
use crate::policy::{Policy, Verdict};

/// Everything that a training run can be told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FitSettings {
    /// The name that the model's assessments carry.
    pub name: String,
    /// The label columns; the first decides.
    pub heads: Vec<String>,
    /// Which features are read.
    pub features: FeatureSettings,
    /// A feature must occur in this many training notes.
    pub least_notes: u32,
    /// How many features are kept, by the size of their weights.
    pub vocabulary: usize,
    /// The penalty (`1/C`).
    pub alpha: f64,
    /// How much each family of features counts.
    pub block_weights: BlockWeights,
    /// How many folds the cross-validation has.
    pub folds: usize,
    /// Share of the corpus's notes that the model may be too unsure to answer (0 to 1); the guard is fitted to it.
    pub unsure: f64,
}

impl Default for FitSettings {
    fn default() -> Self {
        Self {
            name: "default".to_owned(),
            heads: vec!["intent".to_owned(), "reason".to_owned()],
            features: FeatureSettings::default(),
            least_notes: 2,
            vocabulary: 46_500,
            alpha: 0.125,
            block_weights: BlockWeights { word: 3.6, char: 1.6, skip: 1.8, class: 1.8, vector: 0.1 },
            folds: 5,
            unsure: 0.02,
        }
    }
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

/// The notes that have a label of one head.
struct HeadData {
    name: String,
    labels: Vec<String>,
    /// The index of each note's label, where it has one.
    targets: Vec<Option<usize>>,
}

/// What is fitted on one set of notes.
struct Weights<'v> {
    vocabulary: Vec<Column>,
    /// Rows of the vocabulary, then of the dimensions of the word vectors.
    heads: Vec<SparseFitted>,
    /// The word vectors, as weighted for the same notes.
    meanings: Option<Meanings<'v>>,
}

/// What cross-validation found for a head: for its notes in order, out-of-fold.
struct OutOfFold {
    rows: Vec<usize>,
    targets: Vec<usize>,
    probabilities: Vec<Vec<f32>>,
    calibration: Calibration,
    report: CalibrationReport,
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
}

/// A model and how good it is.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The model.
    pub model: Model,
    /// The figures of each head.
    pub reports: Vec<HeadReport>,
    /// The share of the texts that are no notes which the guard refuses, where there were any to learn from.
    pub refused: Option<Figure>,
}

/// Trains a model: cross-validates, calibrates, fits the thresholds, then fits the weights on all notes.
///
/// # Errors
///
/// [`FitError`]: a head with fewer than two labels, fewer groups than two, a fit that does not converge.
pub fn fit(corpus: &Corpus, settings: &FitSettings, policy: &Policy, extras: &Extras) -> Result<Fitted, FitError> {
    check(settings)?;
    let vectors = extras.vectors.as_ref();
    let mut heads = head_data(corpus, settings)?;
    let shown = heads.len();
    let notes: Vec<&Note> = corpus.notes.iter().chain(&extras.out_of_scope).collect();
    if !extras.out_of_scope.is_empty() {
        for head in &mut heads {
            head.targets.resize(notes.len(), None);
        }
        heads.push(scope_head(corpus.notes.len(), notes.len()));
    }
    let texts: Vec<&str> = notes.iter().map(|note| note.text.as_str()).collect();
    let classes = vectors.map(WordVectors::word_classes).unwrap_or_default();
    let has_classes = vectors.is_some_and(WordVectors::has_classes);
    let features = FeatureSettings {
        surface_words: vectors.is_some(),
        class_ngrams: if has_classes { settings.features.class_ngrams } else { 0 },
        ..settings.features.clone()
    };
    let extracted = Extracted::new(&texts, &features, classes)?;
    let training = Training { extracted: &extracted, heads: &heads, vectors, settings };
    let folds = grouped_folds(&notes, settings.folds);
    let measured: Vec<bool> = notes.iter().map(|note| !note.is_adversarial()).collect();
    let (out_of_fold, known) = training.cross_validate(&folds, &measured)?;
    let all: Vec<usize> = (0..notes.len()).collect();
    let weights = training.fit_weights(&all)?;

    let groups: Vec<&str> = notes.iter().map(|note| note.group.as_str()).collect();
    let reports: Vec<HeadReport> = heads.iter().zip(&out_of_fold).map(|(head, found)| report(head, found, &groups)).collect();
    let guard = fit_guard(&out_of_fold[0], &known, out_of_fold.get(shown), settings.unsure);
    let refused = out_of_fold.get(shown).map(|scope| refused(scope, &known, &guard, &groups));
    let model_heads: Vec<Head> = heads[..shown]
        .iter()
        .zip(&out_of_fold)
        .enumerate()
        .map(|(index, (head, found))| Head {
            name: head.name.clone(),
            labels: head.labels.clone(),
            thresholds: if index == 0 { hold_thresholds(head, found, policy) } else { winner_thresholds(head, found) },
            presets: Vec::new(),
        })
        .collect();
    let about = About {
        name: settings.name.clone(),
        heads: model_heads,
        features,
        guard,
        policy: policy_for(&heads, policy),
        training: training_record(corpus, settings, extras, &reports, refused.as_ref())?,
    };
    let mut model = assemble(about, &training, &weights, &out_of_fold);
    model.to_bytes()?;
    Ok(Fitted { model, reports, refused })
}

/// What the model file says of how the model was made.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct TrainingRecord<'a> {
    corpus: CorpusRecord,
    out_of_scope: usize,
    settings: &'a FitSettings,
    #[serde(skip_serializing_if = "Option::is_none")]
    word_vectors: Option<&'a str>,
    cross_validation: &'a [HeadReport],
    #[serde(skip_serializing_if = "Option::is_none")]
    out_of_scope_refused: Option<&'a Figure>,
}

#[derive(Serialize)]
struct CorpusRecord {
    digest: String,
    notes: usize,
    groups: usize,
}

fn training_record(
    corpus: &Corpus,
    settings: &FitSettings,
    extras: &Extras,
    reports: &[HeadReport],
    refused: Option<&Figure>,
) -> Result<Box<RawValue>, FitError> {
    let groups: BTreeSet<&str> = corpus.notes.iter().map(|note| note.group.as_str()).collect();
    let record = TrainingRecord {
        corpus: CorpusRecord { digest: corpus.digest(), notes: corpus.notes.len(), groups: groups.len() },
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

/// Whether a text is a note: learned like any head, but read by the guard alone.
fn scope_head(notes: usize, all: usize) -> HeadData {
    let targets = (0..all).map(|row| Some(usize::from(row >= notes))).collect();
    HeadData { name: "scope".to_owned(), labels: vec!["note".to_owned(), "other".to_owned()], targets }
}

fn head_data(corpus: &Corpus, settings: &FitSettings) -> Result<Vec<HeadData>, FitError> {
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

/// The rows of a fold, the logits of each head and row, and the share of known words of each row.
type FoldResult = (Vec<usize>, Vec<Vec<Vec<f64>>>, Vec<f64>);

/// How exact the fit is that ranks the features: a tenth of the iterations, and the same ranks but for the last few.
const RANKING: f64 = 1e-2;
/// How exact the fit is whose weights are kept: at 1e-4 it takes twice as long, and no figure moves in its third place.
const TOLERANCE: f64 = 1e-3;

/// What every fold shares.
struct Training<'a> {
    extracted: &'a Extracted,
    heads: &'a [HeadData],
    vectors: Option<&'a WordVectors>,
    settings: &'a FitSettings,
}

impl<'a> Training<'a> {
    /// The word vectors as weighted for `rows`.
    fn meanings(&self, rows: &[usize]) -> Option<Meanings<'a>> {
        self.vectors.map(|vectors| Meanings::new(vectors, self.settings.block_weights.vector, self.extracted, rows))
    }

    fn matrix(&self, rows: &[usize], weights: &Weights<'_>) -> Csr {
        self.extracted.matrix(rows, &weights.vocabulary, weights.meanings.as_ref())
    }

    /// Selects the vocabulary and fits all heads on `rows`.
    fn fit_weights(&self, rows: &[usize]) -> Result<Weights<'a>, FitError> {
        let meanings = self.meanings(rows);
        let frequency = self.extracted.document_frequency(rows);
        let often = |feature: &u32| frequency[*feature as usize] >= self.settings.least_notes;
        let own_column = |feature: &u32| self.extracted.features[*feature as usize].block != Block::Surface;
        let most = libm::logf(1.0 + rows.len() as f32);
        let column = |feature: u32| Column {
            feature,
            // Relative to a feature that no note has, so that block weights mean the same in corpora of any size.
            factor: self.settings.block_weights.of(self.extracted.features[feature as usize].block)
                * (1.0 - libm::logf(1.0 + frequency[feature as usize] as f32) / most),
        };
        let vocabulary: Vec<Column> =
            (0..self.extracted.features.len() as u32).filter(|feature| often(feature) && own_column(feature)).map(column).collect();
        let first = self.fit_heads(rows, &vocabulary, meanings.as_ref(), None, RANKING)?;
        // What a feature can move: its largest weight, times how often it gets to.
        let importance: Vec<f64> = vocabulary
            .iter()
            .enumerate()
            .map(|(column, own)| {
                let weight = first.iter().flat_map(|head| head.row(column)).fold(0.0_f64, |most, weight| most.max(weight.abs()));
                weight * f64::from(own.factor) * f64::from(frequency[own.feature as usize]).sqrt()
            })
            .collect();
        let mut order: Vec<usize> = (0..vocabulary.len()).collect();
        order.sort_by(|&a, &b| importance[b].total_cmp(&importance[a]).then(a.cmp(&b)));
        let mut kept: Vec<usize> = order[..self.settings.vocabulary.min(order.len())].to_vec();
        kept.sort_unstable();
        let start: Vec<Vec<f64>> = first
            .iter()
            .map(|head| {
                let rows = kept.iter().flat_map(|&column| head.row(column));
                rows.chain(&head.weights[vocabulary.len() * head.classes..]).copied().collect()
            })
            .collect();
        let vocabulary: Vec<Column> = kept.into_iter().map(|column| vocabulary[column]).collect();
        let heads = self.fit_heads(rows, &vocabulary, meanings.as_ref(), Some(&start), TOLERANCE)?;
        Ok(Weights { vocabulary, heads, meanings })
    }

    fn fit_heads(
        &self,
        rows: &[usize],
        vocabulary: &[Column],
        meanings: Option<&Meanings<'_>>,
        start: Option<&[Vec<f64>]>,
        tolerance: f64,
    ) -> Result<Vec<SparseFitted>, FitError> {
        let fit_head = |(index, head): (usize, &HeadData)| {
            let labelled: Vec<usize> = rows.iter().copied().filter(|&row| head.targets[row].is_some()).collect();
            let targets: Vec<usize> = labelled.iter().filter_map(|&row| head.targets[row]).collect();
            let matrix = self.extracted.matrix(&labelled, vocabulary, meanings);
            SparseLogistic { tolerance, ..SparseLogistic::new(self.settings.alpha, head.labels.len()) }
                .fit_from(&matrix, &targets, start.map(|start| start[index].as_slice()))
                .map_err(|cause| FitError::Solver { head: head.name.clone(), cause })
        };
        self.heads.par_iter().enumerate().map(fit_head).collect()
    }

    /// Out-of-fold results of every head for the notes that are `measured`, and the share of known words of every note.
    fn cross_validate(&self, folds: &[usize], measured: &[bool]) -> Result<(Vec<OutOfFold>, Vec<f64>), FitError> {
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

/// The value below which `share` of the values lie.
fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get((share * values.len() as f64) as usize).copied().unwrap_or(0.0)
}

/// The notes that may go unanswered are shared evenly between the signals: unknown words, a weak winner, and looking like no note.
fn fit_guard(found: &OutOfFold, known: &[f64], scope: Option<&OutOfFold>, unsure: f64) -> Guard {
    let winner = |p: &Vec<f32>| f64::from(p.iter().copied().fold(0.0, f32::max));
    let share = unsure / if scope.is_some() { 3.0 } else { 2.0 };
    let notes_logits = |scope: &OutOfFold| -> Vec<f64> {
        let notes = scope.probabilities.iter().zip(&scope.targets).filter(|(_, target)| **target == 0);
        notes.map(|(p, _)| scope_logit(p)).collect()
    };
    Guard {
        known_words: quantile(found.rows.iter().map(|&row| known[row]).collect(), share) as f32,
        confidence: quantile(found.probabilities.iter().map(winner).collect(), share) as f32,
        out_of_scope: scope.map(|scope| quantile(notes_logits(scope), 1.0 - share) as f32),
    }
}

/// The share of the texts that are no notes which the guard refuses, out of fold. Its thresholds come from the notes alone.
fn refused(scope: &OutOfFold, known: &[f64], guard: &Guard, groups: &[&str]) -> Figure {
    let others: Vec<usize> = (0..scope.rows.len()).filter(|&index| scope.targets[index] == 1).collect();
    let own_groups: Vec<&str> = others.iter().map(|&index| groups[scope.rows[index]]).collect();
    let is_refused = |index: usize| {
        known[scope.rows[index]] < f64::from(guard.known_words)
            || guard.out_of_scope.is_some_and(|most| scope_logit(&scope.probabilities[index]) >= f64::from(most))
    };
    bootstrap(&own_groups, |drawn| drawn.iter().filter(|&&i| is_refused(others[i])).count() as f64 / drawn.len() as f64)
}

fn scope_logit(p: &[f32]) -> f64 {
    libm::log(f64::from(p[1].max(1e-12)) / f64::from(p[0].max(1e-12)))
}

/// One threshold for all labels that hold a note, on their probabilities together: the lowest at which no more of the harmless notes are held than
/// the policy allows.
fn hold_thresholds(head: &HeadData, found: &OutOfFold, policy: &Policy) -> Vec<Threshold> {
    let holds: Vec<bool> = head.labels.iter().map(|label| policy.verdict(&head.name, label) == Verdict::Hold).collect();
    let total = |p: &[f32]| p.iter().zip(&holds).filter(|(_, holds)| **holds).map(|(p, _)| *p).sum::<f32>();
    let notes = || found.probabilities.iter().zip(&found.targets);
    let mut harmless: Vec<f32> = notes().filter(|(_, target)| !holds[**target]).map(|(p, _)| total(p)).collect();
    harmless.sort_by(|a, b| b.total_cmp(a));
    let allowed = (f64::from(policy.false_alarms) * harmless.len() as f64) as usize;
    // Just above the first harmless note that must not be held.
    let at = harmless.get(allowed).map_or(0.5, |p| p.next_up()).min(1.0);
    let likeliest = |p: &[f32]| {
        (0..p.len()).filter(|&label| holds[label]).fold(None, |best, label| match best {
            Some(best) if p[best] >= p[label] => Some(best),
            _ => Some(label),
        })
    };
    let held_as = |p: &[f32], label: usize| total(p) >= at && likeliest(p) == Some(label);
    (0..head.labels.len())
        .map(|label| {
            let share = |of: &dyn Fn(usize) -> bool| {
                let of: Vec<&Vec<f32>> = notes().filter(|(_, target)| of(**target)).map(|(p, _)| p).collect();
                rounded(of.iter().filter(|p| held_as(p, label)).count() as f64 / of.len().max(1) as f64)
            };
            Threshold {
                at: if holds[label] { at } else { 0.0 },
                false_alarms: share(&|target| !holds[target]),
                found: share(&|target| target == label),
            }
        })
        .collect()
}

/// Heads that do not hold go by the likeliest label.
fn winner_thresholds(head: &HeadData, found: &OutOfFold) -> Vec<Threshold> {
    let share = |label: usize, own: bool| {
        let of: Vec<&Vec<f32>> =
            found.probabilities.iter().zip(&found.targets).filter(|(_, target)| (**target == label) == own).map(|(p, _)| p).collect();
        rounded(of.iter().filter(|p| argmax(p) == label).count() as f64 / of.len().max(1) as f64)
    };
    (0..head.labels.len()).map(|label| Threshold { at: 0.0, false_alarms: share(label, false), found: share(label, true) }).collect()
}

fn rounded(share: f64) -> f32 {
    ((share * 1e4).round() / 1e4) as f32
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

/// Folds the calibration and the factors of the columns into the weights, centres them over the labels of each head, and rounds them to 8 bits: over the
/// hundreds of n-grams of a note, the rounding moves a logit by about 0.02.
fn assemble(about: About, training: &Training<'_>, weights: &Weights<'_>, out_of_fold: &[OutOfFold]) -> Model {
    let columns = about.columns();
    let shown = about.heads.len();
    // What is stored of a row of values: for each head the calibrated, centred values of all labels but the last.
    let stored = |values: &dyn Fn(usize) -> Vec<f64>, with_offset: bool| -> Vec<f64> {
        let of_head = |head: usize| {
            let calibration = &out_of_fold[head].calibration;
            let values = values(head);
            let offset = if with_offset { calibration.offset.clone() } else { vec![0.0; values.len()] };
            let mut values = calibration.apply(&values, &offset);
            if head == shown {
                // Two labels that only the guard reads: one column, their difference.
                return vec![values[1] - values[0]];
            }
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            for value in &mut values {
                *value -= mean;
            }
            values.pop();
            values
        };
        (0..weights.heads.len()).flat_map(of_head).collect()
    };
    let bias = stored(&|head| weights.heads[head].intercepts().to_vec(), true).into_iter().map(|value| value as f32).collect();
    let mut rows: Vec<(Block, &str, u64, Vec<f64>)> = Vec::new();
    for (column, own) in weights.vocabulary.iter().enumerate() {
        let feature = &training.extracted.features[own.feature as usize];
        let factor = f64::from(own.factor);
        let row = stored(&|head| weights.heads[head].row(column).iter().map(|weight| weight * factor).collect(), false);
        rows.push((feature.block, &feature.text, feature.fingerprint, row));
    }
    // vector × weights: what a word's meaning adds to every logit.
    for (word, vector) in weights.meanings.iter().flat_map(Meanings::words) {
        let logits = |head: usize| {
            let fitted = &weights.heads[head];
            let mut logits = vec![0.0; fitted.classes];
            for (dimension, value) in vector.iter().enumerate() {
                for (logit, weight) in logits.iter_mut().zip(fitted.row(weights.vocabulary.len() + dimension)) {
                    *logit += f64::from(*value) * weight;
                }
            }
            logits
        };
        rows.push((Block::Surface, word, surface_fingerprint(word), stored(&logits, false)));
    }
    rows.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
    let most = |column: usize| rows.iter().map(|row| row.3[column].abs()).fold(f64::MIN_POSITIVE, f64::max);
    let scale: Vec<f32> = (0..columns).map(|column| (most(column) / f64::from(i8::MAX)) as f32).collect();
    let quantised = rows.iter().flat_map(|row| row.3.iter().zip(&scale).map(|(value, scale)| (value / f64::from(*scale)).round() as i8));
    let classes = training.vectors.filter(|_| about.features.class_ngrams > 0).map_or_else(Vec::new, |vectors| {
        let words = rows.iter().filter(|row| row.0 == Block::Surface);
        words.map(|row| vectors.class(row.1).unwrap_or(WordClasses::ITSELF)).collect()
    });
    Model {
        weights: quantised.collect(),
        vocabulary: Vocabulary::new(rows.iter().map(|row| (row.0, row.2, row.1)), classes),
        scale,
        bias,
        digest: String::new(),
        about,
    }
}
