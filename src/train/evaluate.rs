//! How good a model is on labelled notes that it has not seen.

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde::Serialize;

use super::corpus::{Corpus, Note};
use super::coverage::{RiskCoverage, risk_coverage};
use super::metrics::{Confusion, Figure, bootstrap, bootstrap_mean, brier_score, negative_log};
use super::reliability::{ReliabilityPoint, calibration_error, classwise_calibration_error, of_label, reliability};
use super::slices::{Slice, slices};
use crate::assessment::Assessment;
use crate::classifier::Classifier;
use crate::features::Scratch;
use crate::model::Head;
use crate::policy::Verdict;

/// Precision, recall, F1 and calibration of a label.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelFigures {
    /// The label.
    pub label: String,
    /// How many notes have it.
    pub notes: usize,
    /// Of the notes given it, the share that have it.
    pub precision: f64,
    /// Of the notes that have it, the share that were given it.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
    /// The expected calibration error of its probability (0 to 1).
    pub calibration_error: f64,
    /// The points of its reliability diagram.
    pub reliability: Vec<ReliabilityPoint>,
}

/// The figures of one head.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeadFigures {
    /// The head.
    pub head: String,
    /// How many notes have a label of it.
    pub notes: usize,
    /// Share of notes whose likeliest label is right.
    pub accuracy: Figure,
    /// Mean of F1 over the labels that occur.
    pub macro_f1: Figure,
    /// Mean of `-ln p(truth)` (0 is best, no upper bound).
    pub log_loss: Figure,
    /// Mean of the Brier score (0 is best, 2 is worst).
    pub brier_score: Figure,
    /// The class-wise calibration error (0 to 1; see [`classwise_calibration_error`]).
    pub calibration_error: Figure,
    /// Figures of each label.
    pub labels: Vec<LabelFigures>,
    /// True against given labels.
    pub confusion: Confusion,
}

/// How many of a harmful label's notes are held.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeldFigures {
    /// The label.
    pub label: String,
    /// How many notes have it.
    pub notes: usize,
    /// Share of them that are held, as any harmful label (0 to 1).
    pub held: Figure,
}

/// The figures of the verdicts; a label is harmful where the policy holds notes that have it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VerdictFigures {
    /// How many notes are harmful.
    pub harmful: usize,
    /// Share of them that are held.
    pub harmful_held: Figure,
    /// The same of each harmful label that occurs.
    pub harmful_labels: Vec<HeldFigures>,
    /// How many notes are harmless.
    pub harmless: usize,
    /// Share of them that are held: the false alarms.
    pub harmless_held: Figure,
    /// Share of all notes that get `unsure`.
    pub unsure: Figure,
}

/// A note that the model got wrong, and how sure it was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Miss {
    /// The note's name in the file.
    pub id: String,
    /// Its text.
    pub text: String,
    /// Its label.
    pub truth: String,
    /// The likeliest label.
    pub given: String,
    /// The probability of the likeliest label.
    pub confidence: f32,
    /// The verdict.
    pub verdict: Verdict,
}

/// Everything that [`evaluate`] measures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// The model's digest.
    pub model: String,
    /// How many notes it was measured on.
    pub notes: usize,
    /// How many groups they came from.
    pub groups: usize,
    /// The figures of each head of the model that the file has labels of.
    pub heads: Vec<HeadFigures>,
    /// The figures of the verdicts.
    pub verdicts: VerdictFigures,
    /// The first head's error rate among the notes that the model is surest of; those with the verdict `unsure` come last.
    pub risk_coverage: RiskCoverage,
    /// The first head's accuracy on parts of the notes.
    pub slices: Vec<Slice>,
    /// What the first head got wrong, surest first.
    pub misses: Vec<Miss>,
}

/// Labels in the file that the model does not know, so that no figure would be true.
#[derive(Debug, thiserror::Error)]
#[error("the label {label:?} of note {id} is not one of the model's ({known}); evaluate with a model of these labels")]
pub struct UnknownLabel {
    /// The label.
    pub label: String,
    /// The note.
    pub id: String,
    /// The model's labels.
    pub known: String,
}

/// Scores every note of `corpus` and compares. Intervals are bootstrapped over groups; a note without a group is one of its own.
///
/// # Errors
///
/// [`UnknownLabel`].
pub fn evaluate(classifier: &Classifier, corpus: &Corpus) -> Result<Evaluation, UnknownLabel> {
    let assessments = assess_all(classifier, corpus);
    let heads = &classifier.about().heads;
    let answers: Vec<HeadAnswers> =
        (0..heads.len()).map(|index| HeadAnswers::new(&heads[index], index, corpus, &assessments)).collect::<Result<_, _>>()?;
    let first = &answers[0];
    let notes: Vec<&Note> = first.rows.iter().map(|&row| &corpus.notes[row]).collect();
    Ok(Evaluation {
        model: digest(&assessments),
        notes: corpus.notes.len(),
        groups: corpus.notes.iter().map(|note| &note.group).collect::<BTreeSet<_>>().len(),
        heads: answers.iter().filter(|head| !head.rows.is_empty()).map(HeadAnswers::figures).collect(),
        verdicts: verdict_figures(classifier, corpus, &assessments),
        risk_coverage: first.risk_coverage(&assessments),
        slices: slices(&notes, &first.right()),
        misses: misses(corpus, &assessments),
    })
}

/// What the model says of every note.
pub(super) fn assess_all(classifier: &Classifier, corpus: &Corpus) -> Vec<Assessment> {
    corpus.notes.par_iter().map_init(Scratch::default, |scratch, note| classifier.assess_briefly(&note.text, scratch)).collect()
}

/// The digest of the model that gave the answers; empty without any.
pub(super) fn digest(assessments: &[Assessment]) -> String {
    assessments.first().map(|assessment| assessment.model.digest.clone()).unwrap_or_default()
}

/// What one head says of the notes that have a label of it, as numbers: a label is its place in the head.
pub(super) struct HeadAnswers<'c> {
    head: &'c Head,
    /// The places of the notes in the corpus.
    pub(super) rows: Vec<usize>,
    pub(super) groups: Vec<&'c str>,
    pub(super) targets: Vec<usize>,
    pub(super) given: Vec<usize>,
    pub(super) probabilities: Vec<Vec<f32>>,
}

impl<'c> HeadAnswers<'c> {
    /// The answers of the head at `index` in the model.
    pub(super) fn new(head: &'c Head, index: usize, corpus: &'c Corpus, assessments: &[Assessment]) -> Result<Self, UnknownLabel> {
        let mut answers =
            Self { head, rows: Vec::new(), groups: Vec::new(), targets: Vec::new(), given: Vec::new(), probabilities: Vec::new() };
        for (row, (note, assessment)) in corpus.notes.iter().zip(assessments).enumerate() {
            let Some(label) = note.labels.get(&head.name) else { continue };
            let target = head.labels.iter().position(|known| known == label).ok_or_else(|| UnknownLabel {
                label: label.clone(),
                id: note.id.clone(),
                known: head.labels.join(", "),
            })?;
            let reading = &assessment.readings[index];
            answers.rows.push(row);
            answers.groups.push(&note.group);
            answers.targets.push(target);
            answers.given.push(head.labels.iter().position(|known| *known == reading.label).unwrap_or(0));
            answers.probabilities.push(reading.probabilities.iter().map(|(_, p)| *p).collect());
        }
        Ok(answers)
    }

    /// `-ln p(truth)` of each note.
    pub(super) fn losses(&self) -> Vec<f64> {
        self.probabilities.iter().zip(&self.targets).map(|(p, &target)| negative_log(p, target)).collect()
    }

    /// Whether each note was given its label.
    pub(super) fn right(&self) -> Vec<bool> {
        self.targets.iter().zip(&self.given).map(|(target, given)| target == given).collect()
    }

    /// True against given labels of some of the notes, named by their place among these answers.
    pub(super) fn confusion(&self, drawn: impl IntoIterator<Item = usize>) -> Confusion {
        Confusion::new(self.head.labels.len(), drawn.into_iter().map(|i| (self.targets[i], self.given[i])))
    }

    fn figures(&self) -> HeadFigures {
        let confusion = self.confusion(0..self.rows.len());
        HeadFigures {
            head: self.head.name.clone(),
            notes: self.rows.len(),
            accuracy: bootstrap(&self.groups, |drawn| self.confusion(drawn.iter().copied()).accuracy()),
            macro_f1: bootstrap(&self.groups, |drawn| self.confusion(drawn.iter().copied()).macro_f1()),
            log_loss: self.mean(negative_log),
            brier_score: self.mean(brier_score),
            calibration_error: bootstrap(&self.groups, |drawn| self.calibration_error(drawn)),
            labels: (0..self.head.labels.len()).map(|label| self.label_figures(label, &confusion)).collect(),
            confusion,
        }
    }

    fn mean(&self, loss: fn(&[f32], usize) -> f64) -> Figure {
        let losses: Vec<f64> = self.probabilities.iter().zip(&self.targets).map(|(p, &target)| loss(p, target)).collect();
        bootstrap_mean(&self.groups, &losses)
    }

    fn calibration_error(&self, drawn: &[usize]) -> f64 {
        let probabilities: Vec<&[f32]> = drawn.iter().map(|&i| self.probabilities[i].as_slice()).collect();
        let targets: Vec<usize> = drawn.iter().map(|&i| self.targets[i]).collect();
        classwise_calibration_error(&probabilities, &targets, self.head.labels.len())
    }

    fn label_figures(&self, label: usize, confusion: &Confusion) -> LabelFigures {
        let probabilities: Vec<&[f32]> = self.probabilities.iter().map(Vec::as_slice).collect();
        let points = reliability(of_label(&probabilities, &self.targets, label));
        LabelFigures {
            label: self.head.labels[label].clone(),
            notes: confusion.counts[label].iter().sum(),
            precision: confusion.precision(label),
            recall: confusion.recall(label),
            f1: confusion.f1(label),
            calibration_error: calibration_error(&points),
            reliability: points,
        }
    }

    /// A note that the model calls `unsure` is not answered: such notes come last, however probable their likeliest label.
    fn risk_coverage(&self, assessments: &[Assessment]) -> RiskCoverage {
        let right = self.right();
        let assessment = |&i: &usize| &assessments[self.rows[i]];
        let unsure = |i: &usize| assessment(i).verdict == Verdict::Unsure;
        let mut order: Vec<usize> = (0..self.rows.len()).collect();
        order.sort_by(|a, b| {
            let surer = assessment(b).decisive().confidence.total_cmp(&assessment(a).decisive().confidence);
            unsure(a).cmp(&unsure(b)).then(surer)
        });
        let wrong: Vec<bool> = order.iter().map(|&i| !right[i]).collect();
        let groups: Vec<&str> = order.iter().map(|&i| self.groups[i]).collect();
        risk_coverage(&wrong, &groups)
    }
}

fn verdict_figures(classifier: &Classifier, corpus: &Corpus, assessments: &[Assessment]) -> VerdictFigures {
    let head = &classifier.about().heads[0];
    let label = |row: usize| corpus.notes[row].labels.get(&head.name);
    let harmful_label = |label: &String| classifier.policy().verdict(&head.name, label) == Verdict::Hold;
    let (harmful, harmless): (Vec<usize>, Vec<usize>) = (0..assessments.len()).partition(|&row| label(row).is_some_and(harmful_label));
    let share = |rows: &[usize], verdict: Verdict| {
        let groups: Vec<&str> = rows.iter().map(|&row| corpus.notes[row].group.as_str()).collect();
        let values: Vec<f64> = rows.iter().map(|&row| f64::from(u8::from(assessments[row].verdict == verdict))).collect();
        bootstrap_mean(&groups, &values)
    };
    let held = |name: &String| {
        let rows: Vec<usize> = harmful.iter().copied().filter(|&row| label(row) == Some(name)).collect();
        (!rows.is_empty()).then(|| HeldFigures { label: name.clone(), notes: rows.len(), held: share(&rows, Verdict::Hold) })
    };
    let all: Vec<usize> = (0..assessments.len()).collect();
    VerdictFigures {
        harmful: harmful.len(),
        harmful_held: share(&harmful, Verdict::Hold),
        harmful_labels: head.labels.iter().filter_map(held).collect(),
        harmless: harmless.len(),
        harmless_held: share(&harmless, Verdict::Hold),
        unsure: share(&all, Verdict::Unsure),
    }
}

fn misses(corpus: &Corpus, assessments: &[Assessment]) -> Vec<Miss> {
    let mut misses: Vec<Miss> = corpus
        .notes
        .iter()
        .zip(assessments)
        .filter_map(|(note, assessment)| {
            let decisive = assessment.decisive();
            let truth = note.labels.get(&decisive.head).filter(|truth| **truth != decisive.label)?;
            Some(Miss {
                id: note.id.clone(),
                text: note.text.clone(),
                truth: truth.clone(),
                given: decisive.label.clone(),
                confidence: decisive.confidence,
                verdict: assessment.verdict,
            })
        })
        .collect();
    misses.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then_with(|| a.id.cmp(&b.id)));
    misses
}
