//! The whole way from a corpus to a model.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::calibrate::{Calibration, CalibrationReport, calibrate};
use super::corpus::Corpus;
use super::cross::grouped_folds;
use super::matrix::{Collision, Extracted};
use super::metrics::{Confusion, Figure, bootstrap, log_loss};
use super::solver::{SolverError, SparseFitted, SparseLogistic};
use crate::error::Error;
use crate::features::FeatureSettings;
use crate::model::{About, Guard, Head, Model, Threshold};
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
            vocabulary: 32_768,
            alpha: 1.0,
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
    #[error("head {head:?}: {source}")]
    Solver {
        /// The head.
        head: String,
        /// Why.
        source: SolverError,
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
struct Weights {
    vocabulary: Vec<u32>,
    heads: Vec<SparseFitted>,
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

/// A model and how good it is.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// The model.
    pub model: Model,
    /// The figures of each head.
    pub reports: Vec<HeadReport>,
}

/// Trains a model: cross-validates, calibrates, fits the thresholds, then fits the weights on all notes.
///
/// # Errors
///
/// [`FitError`]: a head with fewer than two labels, fewer groups than two, a fit that does not converge.
pub fn fit(corpus: &Corpus, settings: &FitSettings, policy: &Policy) -> Result<Fitted, FitError> {
    check(settings)?;
    let heads = head_data(corpus, settings)?;
    let texts: Vec<&str> = corpus.notes.iter().map(|note| note.text.as_str()).collect();
    let extracted = Extracted::new(&texts, &settings.features)?;
    let folds = grouped_folds(&corpus.notes, settings.folds);
    let (out_of_fold, known) = cross_validate(&extracted, &heads, &folds, settings)?;
    let all: Vec<usize> = (0..corpus.notes.len()).collect();
    let weights = fit_weights(&extracted, &heads, &all, settings)?;

    let groups: Vec<&str> = corpus.notes.iter().map(|note| note.group.as_str()).collect();
    let reports: Vec<HeadReport> = heads.iter().zip(&out_of_fold).map(|(head, found)| report(head, found, &groups)).collect();
    let guard = fit_guard(&out_of_fold[0], &known, settings.unsure);
    let model_heads: Vec<Head> = heads
        .iter()
        .zip(&out_of_fold)
        .enumerate()
        .map(|(index, (head, found))| Head {
            name: head.name.clone(),
            labels: head.labels.clone(),
            thresholds: if index == 0 { hold_thresholds(head, found, policy) } else { winner_thresholds(head, found) },
        })
        .collect();
    let about = About {
        name: settings.name.clone(),
        heads: model_heads,
        features: settings.features.clone(),
        guard,
        policy: policy_for(&heads, policy),
        training: training_record(corpus, settings, &groups, &reports)?,
    };
    let mut model = assemble(about, &extracted, &weights, &out_of_fold);
    model.to_bytes()?;
    Ok(Fitted { model, reports })
}

/// What the model file says of how the model was made.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct TrainingRecord<'a> {
    corpus: CorpusRecord,
    settings: &'a FitSettings,
    cross_validation: &'a [HeadReport],
}

#[derive(Serialize)]
struct CorpusRecord {
    digest: String,
    notes: usize,
    groups: usize,
}

fn training_record(corpus: &Corpus, settings: &FitSettings, groups: &[&str], reports: &[HeadReport]) -> Result<Box<RawValue>, FitError> {
    let distinct: BTreeSet<&&str> = groups.iter().collect();
    let record = TrainingRecord {
        corpus: CorpusRecord { digest: corpus.digest(), notes: groups.len(), groups: distinct.len() },
        settings,
        cross_validation: reports,
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

/// Selects the vocabulary and fits all heads on `rows`.
fn fit_weights(extracted: &Extracted, heads: &[HeadData], rows: &[usize], settings: &FitSettings) -> Result<Weights, FitError> {
    let frequency = extracted.document_frequency(rows);
    let vocabulary: Vec<u32> =
        (0..extracted.features.len() as u32).filter(|&feature| frequency[feature as usize] >= settings.least_notes).collect();
    let first = fit_heads(extracted, heads, rows, &vocabulary, None, settings)?;
    if vocabulary.len() <= settings.vocabulary {
        return Ok(Weights { vocabulary, heads: first });
    }
    // What a feature can move: its largest weight, times how often it gets to. Words stay whatever they weigh, as long as
    // there is room: how much of a note is known is counted in words.
    let importance: Vec<f64> = vocabulary
        .iter()
        .enumerate()
        .map(|(column, &feature)| {
            let weight = first.iter().flat_map(|head| head.row(column)).fold(0.0_f64, |most, weight| most.max(weight.abs()));
            weight * f64::from(frequency[feature as usize]).sqrt()
        })
        .collect();
    let mut order: Vec<usize> = (0..vocabulary.len()).collect();
    order.sort_by(|&a, &b| importance[b].total_cmp(&importance[a]).then(vocabulary[a].cmp(&vocabulary[b])));
    let mut kept: Vec<usize> = order[..settings.vocabulary].to_vec();
    kept.sort_unstable();
    let start: Vec<Vec<f64>> = first
        .iter()
        .map(|head| {
            let rows = kept.iter().flat_map(|&column| head.row(column).iter().copied());
            rows.chain(head.intercepts().iter().copied()).collect()
        })
        .collect();
    let vocabulary: Vec<u32> = kept.into_iter().map(|column| vocabulary[column]).collect();
    let heads = fit_heads(extracted, heads, rows, &vocabulary, Some(&start), settings)?;
    Ok(Weights { vocabulary, heads })
}

fn fit_heads(
    extracted: &Extracted,
    heads: &[HeadData],
    rows: &[usize],
    vocabulary: &[u32],
    start: Option<&[Vec<f64>]>,
    settings: &FitSettings,
) -> Result<Vec<SparseFitted>, FitError> {
    let fit_head = |(index, head): (usize, &HeadData)| {
        let labelled: Vec<usize> = rows.iter().copied().filter(|&row| head.targets[row].is_some()).collect();
        let targets: Vec<usize> = labelled.iter().filter_map(|&row| head.targets[row]).collect();
        let matrix = extracted.matrix(&labelled, vocabulary);
        SparseLogistic::new(settings.alpha, head.labels.len())
            .fit_from(&matrix, &targets, start.map(|start| start[index].as_slice()))
            .map_err(|source| FitError::Solver { head: head.name.clone(), source })
    };
    heads.iter().enumerate().map(fit_head).collect()
}

/// The rows of a fold, the logits of each head and row, and the share of known words of each row.
type FoldResult = (Vec<usize>, Vec<Vec<Vec<f64>>>, Vec<f64>);

/// Out-of-fold results of every head, and the share of known words of every note.
fn cross_validate(
    extracted: &Extracted,
    heads: &[HeadData],
    folds: &[usize],
    settings: &FitSettings,
) -> Result<(Vec<OutOfFold>, Vec<f64>), FitError> {
    let count = folds.iter().max().map_or(1, |last| last + 1);
    let results: Vec<FoldResult> = (0..count)
        .into_par_iter()
        .map(|fold| {
            let (outside, inside): (Vec<usize>, Vec<usize>) = (0..folds.len()).partition(|&row| folds[row] == fold);
            let weights = fit_weights(extracted, heads, &inside, settings)?;
            let matrix = extracted.matrix(&outside, &weights.vocabulary);
            let logits = |fitted: &SparseFitted| (0..outside.len()).map(|row| fitted.logits(&matrix, row)).collect();
            let logits = weights.heads.iter().map(logits).collect();
            let known = outside.iter().map(|&row| known_words(extracted, row, &weights.vocabulary)).collect();
            Ok((outside, logits, known))
        })
        .collect::<Result<_, FitError>>()?;
    let mut known = vec![0.0; folds.len()];
    let mut logits: Vec<Vec<Vec<f64>>> = vec![vec![Vec::new(); folds.len()]; heads.len()];
    for (rows, mut by_head, known_here) in results {
        for (position, &row) in rows.iter().enumerate() {
            known[row] = known_here[position];
            for (head, found) in by_head.iter_mut().enumerate() {
                logits[head][row] = std::mem::take(&mut found[position]);
            }
        }
    }
    let out = heads.iter().zip(logits).map(|(head, mut logits)| {
        let rows: Vec<usize> = (0..folds.len()).filter(|&row| head.targets[row].is_some()).collect();
        let targets: Vec<usize> = rows.iter().filter_map(|&row| head.targets[row]).collect();
        let own: Vec<Vec<f64>> = rows.iter().map(|&row| std::mem::take(&mut logits[row])).collect();
        let own_folds: Vec<usize> = rows.iter().map(|&row| folds[row]).collect();
        let (calibration, probabilities, report) = calibrate(&own, &targets, &own_folds);
        OutOfFold { rows, targets, probabilities, calibration, report }
    });
    Ok((out.collect(), known))
}

fn known_words(extracted: &Extracted, row: usize, vocabulary: &[u32]) -> f64 {
    let words = extracted.notes[row].iter().filter(|(feature, _)| extracted.features[*feature as usize].is_word);
    let (mut known, mut all) = (0, 0);
    for (feature, count) in words {
        all += count;
        known += if vocabulary.binary_search(feature).is_ok() { *count } else { 0 };
    }
    if all == 0 { 0.0 } else { f64::from(known) / f64::from(all) }
}

fn argmax(p: &[f32]) -> usize {
    p.iter().enumerate().fold(0, |best, (index, value)| if *value > p[best] { index } else { best })
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

/// Half of the notes that may go unanswered go for unknown words, half for a weak winner.
fn fit_guard(found: &OutOfFold, known: &[f64], unsure: f64) -> Guard {
    let winner = |p: &Vec<f32>| f64::from(p.iter().copied().fold(0.0, f32::max));
    Guard {
        known_words: quantile(known.to_vec(), unsure / 2.0) as f32,
        confidence: quantile(found.probabilities.iter().map(winner).collect(), unsure / 2.0) as f32,
    }
}

/// One threshold for all labels that hold a note: the lowest at which no more of the harmless notes are held than the policy allows.
fn hold_thresholds(head: &HeadData, found: &OutOfFold, policy: &Policy) -> Vec<Threshold> {
    let holds: Vec<bool> = head.labels.iter().map(|label| policy.verdict(&head.name, label) == Verdict::Hold).collect();
    let strongest = |p: &Vec<f32>| p.iter().zip(&holds).filter(|(_, holds)| **holds).map(|(p, _)| *p).fold(0.0, f32::max);
    let mut harmless: Vec<f32> =
        found.probabilities.iter().zip(&found.targets).filter(|(_, target)| !holds[**target]).map(|(p, _)| strongest(p)).collect();
    harmless.sort_by(|a, b| b.total_cmp(a));
    let allowed = (f64::from(policy.false_alarms) * harmless.len() as f64) as usize;
    // Just above the first harmless note that must not be held.
    let at = harmless.get(allowed).map_or(0.5, |p| p.next_up()).min(1.0);
    thresholds(head, found, &vec![at; head.labels.len()], &holds)
}

/// Heads that do not hold go by the likeliest label.
fn winner_thresholds(head: &HeadData, found: &OutOfFold) -> Vec<Threshold> {
    thresholds(head, found, &vec![0.0; head.labels.len()], &vec![false; head.labels.len()])
}

fn thresholds(head: &HeadData, found: &OutOfFold, at: &[f32], holds: &[bool]) -> Vec<Threshold> {
    let share = |label: usize, of: &dyn Fn(usize) -> bool| {
        let of: Vec<&Vec<f32>> =
            found.probabilities.iter().zip(&found.targets).filter(|(_, target)| of(**target)).map(|(p, _)| p).collect();
        let reached = of.iter().filter(|p| if at[label] > 0.0 { p[label] >= at[label] } else { argmax(p) == label }).count();
        rounded(reached as f64 / of.len().max(1) as f64)
    };
    (0..head.labels.len())
        .map(|label| Threshold {
            at: at[label],
            false_alarms: share(label, &|target| target != label && !holds[target]),
            found: share(label, &|target| target == label),
        })
        .collect()
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

/// Folds the calibration into the weights, centres them over the labels of each head, and rounds them to 16 bits.
fn assemble(about: About, extracted: &Extracted, weights: &Weights, out_of_fold: &[OutOfFold]) -> Model {
    let centred = |mut values: Vec<f64>| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        for value in &mut values {
            *value -= mean;
        }
        values
    };
    let calibrated = |head: usize, values: &[f64], offset: bool| {
        let calibration = &out_of_fold[head].calibration;
        let zero = vec![0.0; values.len()];
        centred(calibration.apply(values, if offset { &calibration.offset } else { &zero }))
    };
    let bias = (0..weights.heads.len())
        .flat_map(|head| calibrated(head, weights.heads[head].intercepts(), true))
        .map(|value| value as f32)
        .collect();
    let mut rows: Vec<(u64, u32, Vec<f64>)> = weights
        .vocabulary
        .iter()
        .enumerate()
        .map(|(column, &feature)| {
            let row = (0..weights.heads.len()).flat_map(|head| calibrated(head, weights.heads[head].row(column), false)).collect();
            (extracted.features[feature as usize].fingerprint, feature, row)
        })
        .collect();
    rows.sort_unstable_by_key(|row| row.0);
    let columns = about.columns();
    let most = |column: usize| rows.iter().map(|row| row.2[column].abs()).fold(f64::MIN_POSITIVE, f64::max);
    let scale: Vec<f32> = (0..columns).map(|column| (most(column) / f64::from(i16::MAX)) as f32).collect();
    let quantised = rows.iter().flat_map(|row| row.2.iter().zip(&scale).map(|(value, scale)| (value / f64::from(*scale)).round() as i16));
    let texts: Vec<&str> = rows.iter().map(|row| extracted.features[row.1 as usize].text.as_str()).collect();
    Model {
        weights: quantised.collect(),
        fingerprints: rows.iter().map(|row| row.0).collect(),
        text_lengths: texts.iter().map(|text| text.len() as u8).collect(),
        texts: texts.concat(),
        scale,
        bias,
        digest: String::new(),
        about,
    }
}
