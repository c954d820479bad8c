//! How good a model is on labelled notes that it has not seen.

use rayon::prelude::*;
use serde::Serialize;

use super::corpus::Corpus;
use super::metrics::{Confusion, Figure, bootstrap, log_loss};
use crate::assessment::Assessment;
use crate::classifier::Classifier;
use crate::features::Scratch;
use crate::policy::Verdict;

/// Precision, recall and F1 of a label.
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
    /// Mean of `-ln p(truth)`.
    pub log_loss: f64,
    /// Figures of each label.
    pub labels: Vec<LabelFigures>,
    /// True against given labels.
    pub confusion: Confusion,
}

/// The figures of the verdicts; a label is harmful where the policy holds notes that have it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VerdictFigures {
    /// How many notes are harmful.
    pub harmful: usize,
    /// Share of them that are held.
    pub harmful_held: Figure,
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
    /// The figures of each head of the model that the file has labels of.
    pub heads: Vec<HeadFigures>,
    /// The figures of the verdicts.
    pub verdicts: VerdictFigures,
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
    let assessments: Vec<Assessment> =
        corpus.notes.par_iter().map_init(Scratch::default, |scratch, note| classifier.assess_briefly(&note.text, scratch)).collect();
    let groups: Vec<&str> = corpus.notes.iter().map(|note| note.group.as_str()).collect();
    let mut heads = Vec::new();
    for (index, head) in classifier.about().heads.iter().enumerate() {
        let mut rows = Vec::new();
        let mut targets = Vec::new();
        for (row, note) in corpus.notes.iter().enumerate() {
            let Some(label) = note.labels.get(&head.name) else { continue };
            let target = head.labels.iter().position(|known| known == label).ok_or_else(|| UnknownLabel {
                label: label.clone(),
                id: note.id.clone(),
                known: head.labels.join(", "),
            })?;
            rows.push(row);
            targets.push(target);
        }
        if rows.is_empty() {
            continue;
        }
        let probabilities: Vec<Vec<f32>> =
            rows.iter().map(|&row| assessments[row].readings[index].probabilities.iter().map(|(_, p)| *p).collect()).collect();
        let given: Vec<usize> = rows
            .iter()
            .map(|&row| {
                let label = &assessments[row].readings[index].label;
                head.labels.iter().position(|known| known == label).unwrap_or(0)
            })
            .collect();
        let own_groups: Vec<&str> = rows.iter().map(|&row| groups[row]).collect();
        let confusion_of = |drawn: &[usize]| Confusion::new(head.labels.len(), drawn.iter().map(|&i| (targets[i], given[i])));
        let confusion = Confusion::new(head.labels.len(), targets.iter().copied().zip(given.iter().copied()));
        let label_figures = |(label, name): (usize, &String)| LabelFigures {
            label: name.clone(),
            notes: confusion.counts[label].iter().sum(),
            precision: confusion.precision(label),
            recall: confusion.recall(label),
            f1: confusion.f1(label),
        };
        heads.push(HeadFigures {
            head: head.name.clone(),
            notes: rows.len(),
            accuracy: bootstrap(&own_groups, |drawn| confusion_of(drawn).accuracy()),
            macro_f1: bootstrap(&own_groups, |drawn| confusion_of(drawn).macro_f1()),
            log_loss: log_loss(&probabilities, &targets),
            labels: head.labels.iter().enumerate().map(label_figures).collect(),
            confusion,
        });
    }
    Ok(Evaluation {
        model: assessments.first().map(|assessment| assessment.model.digest.clone()).unwrap_or_default(),
        heads,
        verdicts: verdict_figures(classifier, corpus, &assessments, &groups),
        misses: misses(corpus, &assessments),
    })
}

fn truth<'c>(corpus: &'c Corpus, assessment: &Assessment, row: usize) -> Option<&'c String> {
    corpus.notes[row].labels.get(&assessment.decisive().head)
}

fn verdict_figures(classifier: &Classifier, corpus: &Corpus, assessments: &[Assessment], groups: &[&str]) -> VerdictFigures {
    let is_harmful = |row: &usize| {
        let head = &assessments[*row].decisive().head;
        truth(corpus, &assessments[*row], *row).is_some_and(|label| classifier.policy().verdict(head, label) == Verdict::Hold)
    };
    let (harmful, harmless): (Vec<usize>, Vec<usize>) = (0..assessments.len()).partition(is_harmful);
    let share = |rows: &[usize], verdict: Verdict| {
        let own: Vec<&str> = rows.iter().map(|&row| groups[row]).collect();
        bootstrap(&own, |drawn| drawn.iter().filter(|&&i| assessments[rows[i]].verdict == verdict).count() as f64 / drawn.len() as f64)
    };
    let all: Vec<usize> = (0..assessments.len()).collect();
    VerdictFigures {
        harmful: harmful.len(),
        harmful_held: share(&harmful, Verdict::Hold),
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
