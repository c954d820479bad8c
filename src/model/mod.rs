//! A model as plain data: what training writes and what the classifier is built from.

mod file;
mod shipped;
mod strongest;
mod vocabulary;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::features::FeatureSettings;
use crate::policy::{Policy, Strictness};

pub(crate) use file::{Parts, Stored};
pub use shipped::SHIPPED;
pub use strongest::{Strong, StrongFeature};
pub use vocabulary::Vocabulary;

/// The version of the file format that this program reads and writes.
pub const FORMAT: u64 = 7;

/// A set of labels that exclude each other, such as `intent`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// Its name: the corpus column that it was learned from.
    pub name: String,
    /// Its labels, two or more.
    pub labels: Vec<String>,
    /// From which probability each label counts, in the order of `labels`; fitted on out-of-fold predictions.
    pub thresholds: Vec<Threshold>,
    /// The same, fitted for other shares of false alarms; empty in a model that was trained without them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub presets: Vec<Preset>,
}

impl Head {
    /// From which probability a label counts at a strictness.
    ///
    /// Where the model has no thresholds fitted for it, the odds of the ordinary threshold are divided by the factor between the two shares of
    /// false alarms: a threshold of 0.5 becomes 0.8 (relaxed) or 0.29 (strict). No share of false alarms is measured for those.
    ///
    /// # Panics
    ///
    /// Where the head has no such label.
    #[must_use]
    pub fn threshold(&self, label: usize, strictness: Strictness) -> f32 {
        let normal = self.thresholds[label].at;
        if strictness == Strictness::Normal {
            return normal;
        }
        match self.presets.iter().find(|preset| preset.strictness == strictness) {
            Some(preset) => preset.thresholds[label].at,
            None => normal / (normal + (1.0 - normal) * strictness.factor()),
        }
    }

    /// All thresholds, of every strictness.
    pub(crate) fn all_thresholds(&self) -> impl Iterator<Item = &Vec<Threshold>> {
        std::iter::once(&self.thresholds).chain(self.presets.iter().map(|preset| &preset.thresholds))
    }
}

/// The thresholds of a strictness other than the normal one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// Which.
    pub strictness: Strictness,
    /// The share of harmless notes that may be held by mistake, for which they were fitted (0 to 1).
    pub allowed: f32,
    /// One for each label, in the order of [`Head::labels`].
    pub thresholds: Vec<Threshold>,
}

/// A fitted threshold and the figures that justify it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// The probability from which the label counts.
    pub at: f32,
    /// Share of the notes of harmless labels that reach it, out of fold.
    pub false_alarms: f32,
    /// Share of the label's own notes that reach it, out of fold.
    pub found: f32,
}

/// Below which values the model says that it does not know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    /// The least share of a note's word tokens that training saw (0 to 1).
    pub known_words: f32,
    /// The least probability of the first head's winner (0 to 1).
    pub confidence: f32,
    /// The least number of word tokens with which a note can be clear to send.
    pub words: u32,
    /// The probability that labels which hold a note have together (0 to 1) from which it is not clear to send, though it be not held.
    pub doubt: f32,
    /// The logit from which a text is no note at all, where the model was shown such texts; it has one more column of weights then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_of_scope: Option<f32>,
}

/// What a model says of itself. Everything here is text in the file's header.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The name that assessments carry.
    pub name: String,
    /// The heads; the first decides.
    pub heads: Vec<Head>,
    /// Which features it reads.
    pub features: FeatureSettings,
    /// When it does not know.
    pub guard: Guard,
    /// The policy that it was trained with.
    pub policy: Policy,
    /// How it was made: settings of the solver, the calibration, the corpus and its digest, cross-validated figures.
    /// JSON, kept to the letter.
    pub training: Box<RawValue>,
}

impl About {
    /// How many labels all heads have together.
    pub(crate) fn labels(&self) -> usize {
        self.heads.iter().map(|head| head.labels.len()).sum()
    }

    /// How many columns of weights are stored: those of a head's labels add up to 0, so the last one goes without saying; and one for texts that are
    /// no notes.
    pub(crate) fn columns(&self) -> usize {
        self.labels() - self.heads.len() + usize::from(self.guard.out_of_scope.is_some())
    }

    /// How many logits there are: one for each label, and one for texts that are no notes.
    pub(crate) fn logits(&self) -> usize {
        self.labels() + usize::from(self.guard.out_of_scope.is_some())
    }

    /// From the stored columns to all logits.
    pub(crate) fn expand(&self, stored: &[f32]) -> Vec<f32> {
        let mut logits = Vec::with_capacity(self.logits());
        self.expand_into(stored, &mut logits);
        logits
    }

    /// Appends to `logits` what the stored columns come to.
    pub(crate) fn expand_into(&self, stored: &[f32], logits: &mut Vec<f32>) {
        let mut rest = stored;
        for head in &self.heads {
            let (own, after) = rest.split_at(head.labels.len() - 1);
            logits.extend_from_slice(own);
            logits.push(-own.iter().sum::<f32>());
            rest = after;
        }
        logits.extend_from_slice(rest);
    }
}

/// A model: features by fingerprint, a row of weights each, a bias for each label.
#[derive(Clone, Debug)]
pub struct Model {
    /// What it says of itself.
    pub about: About,
    /// SHA-256 over everything that decides an answer, in hexadecimal.
    pub digest: String,
    /// The features, one a row.
    pub vocabulary: Vocabulary,
    /// The weights: a row of [`Model::columns`] for each feature, in units of `scale`.
    pub weights: Vec<i8>,
    /// What one unit of each column's weights is worth, in logits.
    pub scale: Vec<f32>,
    /// The bias of each stored column.
    pub bias: Vec<f32>,
}

impl Model {
    /// The length of a row of weights: for each head a column for each label but the last (its weights and those of the others add up to 0),
    /// and where the guard has one, a column for texts that are no notes.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.about.columns()
    }

    /// Every feature's text with its row of weights for all labels, in logits, block by block and there in the order of the texts.
    pub fn rows(&self) -> impl Iterator<Item = (String, Vec<f32>)> {
        let row = |row: &[i8]| -> Vec<f32> {
            let stored: Vec<f32> = row.iter().zip(&self.scale).map(|(&weight, &scale)| f32::from(weight) * scale).collect();
            self.about.expand(&stored)
        };
        self.vocabulary.texts().zip(self.weights.chunks_exact(self.columns()).map(row))
    }
}
