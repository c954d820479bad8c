//! What the classifier says of a note.

use serde::ser::{SerializeMap, Serializer};
use serde::{Deserialize, Serialize};

use crate::policy::Verdict;

/// The answer to one note. Serialised, it is the object that `thinktwice check --format json` prints.
#[derive(Clone, Debug, PartialEq)]
pub struct Assessment {
    /// What to do with the draft.
    pub verdict: Verdict,
    /// What each head of the model says, the deciding one first. A further head that the policy does not read for this
    /// note has `read` false, and is `null` in JSON.
    pub readings: Vec<Reading>,
    /// The phrases that carry the deciding label, in the order of the note; `None` where they were not asked for.
    pub explanation: Option<Explanation>,
    /// How long the note is, and how long it may be.
    pub length: Length,
    /// Which model said so.
    pub model: ModelId,
}

/// What one head says.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The head's name.
    pub head: String,
    /// The likeliest label.
    pub label: String,
    /// Its probability.
    pub confidence: f32,
    /// Every label with its probability, in the model's order. They sum to 1.
    pub probabilities: Vec<(String, f32)>,
    /// Whether the policy reads this head for this note.
    pub read: bool,
}

/// Why, what would change it, and what to do.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Explanation {
    /// The phrases that carry the deciding label, in the order of the note, and where several labels come near it, those that carry them. Empty where
    /// the model does not know the text.
    pub evidence: Vec<Evidence>,
    /// Removals that would better a `hold`, an `unsure` or a note that is only too long, smallest first; empty where no phrase, clause or sentence does. What
    /// is left can be read as it stands.
    pub edits: Vec<Edit>,
    /// What is said about the note, most important first.
    pub findings: Vec<Finding>,
}

/// A phrase and its share of a label's logit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evidence {
    /// First byte in the note.
    pub start: usize,
    /// One past the last byte in the note.
    pub end: usize,
    /// The phrase as it stands in the note.
    pub text: String,
    /// The label that it speaks for.
    pub label: String,
    /// Its share of the label's logit, the mean over all labels taken as 0.
    pub weight: f32,
}

/// A removal and what the verdict would then be. Found by scoring again; never applied.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Edit {
    /// Byte ranges of the note to remove, in order.
    pub remove: Vec<(usize, usize)>,
    /// The verdict without them.
    pub verdict: Verdict,
    /// The first head's confidence without them.
    pub confidence: f32,
}

/// Something to know about the note, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Stable name: the label (`romantic`), the head and label (`reason-missing`), `too-long`, `unknown` or `ambiguous`.
    pub id: String,
    /// How the recipient is likely to read it.
    pub message: String,
    /// What to do instead.
    pub help: String,
}

/// Lengths in characters (Unicode scalar values).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Length {
    /// Of the note.
    pub characters: usize,
    /// Of the longest note that the policy allows.
    pub limit: usize,
}

/// Which model gave an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelId {
    /// Its name.
    pub name: String,
    /// Its digest: equal digests give equal answers.
    pub digest: String,
    /// Its format version.
    pub format: u64,
}

struct Probabilities<'a>(&'a [(String, f32)]);

impl Serialize for Probabilities<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(label, p)| (label, p)))
    }
}

impl Serialize for Reading {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("label", &self.label)?;
        map.serialize_entry("probabilities", &Probabilities(&self.probabilities))?;
        map.end()
    }
}

impl Serialize for Assessment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("verdict", &self.verdict)?;
        for (index, reading) in self.readings.iter().enumerate() {
            if index == 0 {
                map.serialize_entry(&reading.head, &reading.label)?;
                map.serialize_entry("confidence", &reading.confidence)?;
                map.serialize_entry("probabilities", &Probabilities(&reading.probabilities))?;
            } else {
                map.serialize_entry(&reading.head, &reading.read.then_some(reading))?;
            }
        }
        if let Some(explanation) = &self.explanation {
            map.serialize_entry("evidence", &explanation.evidence)?;
            map.serialize_entry("edits", &explanation.edits)?;
        }
        map.serialize_entry("length", &self.length)?;
        if let Some(explanation) = &self.explanation {
            map.serialize_entry("findings", &explanation.findings)?;
        }
        map.serialize_entry("model", &self.model)?;
        map.end()
    }
}

impl Assessment {
    /// What the deciding head says.
    #[must_use]
    pub fn decisive(&self) -> &Reading {
        &self.readings[0]
    }
}
