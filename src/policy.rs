//! From labels to verdicts: which label holds a note back, at what probability, and what to do instead.

#[cfg(any(feature = "cli", feature = "train"))]
mod file;

use std::collections::BTreeMap;
use std::fmt;
#[cfg(any(feature = "cli", feature = "train"))]
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::text::Tokens;

/// What to do with a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Send it.
    Send,
    /// Harmless, but it can be better.
    Revise,
    /// Don't send it.
    Hold,
    /// The model does not know.
    Unsure,
}

impl Verdict {
    /// The name that JSON, CSV and policy files use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Revise => "revise",
            Self::Hold => "hold",
            Self::Unsure => "unsure",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How soon a note is held: for which share of the harmless notes that may be held by mistake the thresholds are fitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strictness {
    /// A quarter of the policy's share of false alarms: only what is surely harmful is held.
    Relaxed,
    /// The policy's share of false alarms.
    #[default]
    Normal,
    /// Two and a half times the policy's share: more of the harmful notes are held, and more of the harmless ones by mistake.
    Strict,
}

impl Strictness {
    /// The share of false alarms (0 to 1) for which thresholds are fitted, where `normal` is the policy's.
    ///
    /// ```
    /// use thinktwice::policy::Strictness;
    ///
    /// let shares = [Strictness::Relaxed, Strictness::Normal, Strictness::Strict].map(|strictness| strictness.false_alarms(0.5));
    /// assert_eq!(shares, [0.125, 0.5, 1.0]);
    /// ```
    #[must_use]
    pub fn false_alarms(self, normal: f32) -> f32 {
        (normal * self.factor()).min(1.0)
    }

    pub(crate) fn factor(self) -> f32 {
        match self {
            Self::Relaxed => 0.25,
            Self::Normal => 1.0,
            Self::Strict => 2.5,
        }
    }

    /// The name that policy files and the command line use.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Relaxed => "relaxed",
            Self::Normal => "normal",
            Self::Strict => "strict",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it")]
    fn is_normal(&self) -> bool {
        *self == Self::Normal
    }
}

/// What a label, or the lack of one, leads to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The verdict on a note with this label.
    pub verdict: Verdict,
    /// The probability from which the verdict counts; where it is missing, the model's fitted threshold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f32>,
    /// How the recipient is likely to read the note: one sentence. Where it is empty, the label is named.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// What to do instead: one or two sentences.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub help: String,
}

/// A head of the model and the labels of it that the policy speaks of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadPolicy {
    /// Labels of the first head with which this head is read; empty means always.
    #[serde(default, rename = "read-when", skip_serializing_if = "Vec::is_empty")]
    pub read_when: Vec<String>,
    /// A rule for each label. A label without one is clear to send.
    pub labels: BTreeMap<String, Rule>,
}

/// The id of the finding on a note that is longer than the limit.
pub const TOO_LONG: &str = "too-long";
/// The id of the finding on a note that the model knows too little of.
pub const UNKNOWN: &str = "unknown";
/// The id of the finding on a note in which no reading stands out.
pub const AMBIGUOUS: &str = "ambiguous";

/// A policy: the rules of each head, the length limit, and the words for the answers that no label gives.
///
/// A model carries the policy that it was trained with. A file in TOML says what is to be different, key by key; `docs/policy.md` lists
/// the keys, and `src/policy/default.toml` is the shipped policy, written whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    /// The longest note that the network accepts, in characters.
    pub limit: usize,
    /// The share of harmless notes that may be held by mistake, from which training fits the thresholds (0 to 1).
    pub false_alarms: f32,
    /// Which of the fitted thresholds hold, where a rule has none of its own.
    #[serde(default, skip_serializing_if = "Strictness::is_normal")]
    pub strictness: Strictness,
    /// Phrases that are not held against a note.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accept: Vec<String>,
    /// The ids of findings that are switched off: the verdict is then what it is without them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub off: Vec<String>,
    /// The rules of each head of the model, by the head's name.
    pub heads: BTreeMap<String, HeadPolicy>,
    /// What is said of a note that is over the limit.
    pub too_long: Rule,
    /// What is said where the model knows too little of the note's words.
    pub unknown: Rule,
    /// What is said where no reading stands out.
    pub ambiguous: Rule,
}

impl Policy {
    /// The policy that the shipped model is trained with.
    ///
    /// # Panics
    ///
    /// Never: the text is compiled in, and a test reads it.
    #[cfg(any(feature = "cli", feature = "train"))]
    #[must_use]
    pub fn shipped() -> Self {
        toml::from_str(include_str!("policy/default.toml")).expect("the shipped policy is tested")
    }

    /// The shipped policy with the changes that stand in a file.
    ///
    /// # Errors
    ///
    /// As [`Policy::amended`], and where the file cannot be read.
    #[cfg(any(feature = "cli", feature = "train"))]
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text = Self::text(path)?;
        Self::shipped().amended(&text).map_err(|error| error.in_file(path))
    }

    /// Checks ranges, and that there is something in each accepted phrase.
    ///
    /// # Errors
    ///
    /// Names the key whose value cannot be used.
    pub fn check(&self) -> Result<(), Error> {
        let check = |key: &str, share: f32| {
            if (0.0..=1.0).contains(&share) { Ok(()) } else { Err(Error::policy(key, format!("must lie between 0 and 1, not be {share}"))) }
        };
        check("false-alarms", self.false_alarms)?;
        for (name, head) in &self.heads {
            for (label, rule) in &head.labels {
                check(&format!("heads.{name}.labels.{label}.threshold"), rule.threshold.unwrap_or(0.0))?;
            }
        }
        let mut tokens = Tokens::default();
        for phrase in &self.accept {
            tokens.read(phrase);
            if tokens.is_empty() {
                let what = format!("there is nothing to accept in {phrase:?}; write the words as they stand in a note");
                return Err(Error::policy("accept", what));
            }
        }
        Ok(())
    }

    /// Whether the finding with this id is switched off.
    #[must_use]
    pub fn is_off(&self, id: &str) -> bool {
        self.off.iter().any(|off| off == id)
    }

    /// The rule for a label of a head, if there is one.
    #[must_use]
    pub fn rule(&self, head: &str, label: &str) -> Option<&Rule> {
        self.heads.get(head)?.labels.get(label)
    }

    /// The verdict for a label of a head: send, where no rule speaks of it.
    #[must_use]
    pub fn verdict(&self, head: &str, label: &str) -> Verdict {
        self.rule(head, label).map_or(Verdict::Send, |rule| rule.verdict)
    }
}

#[cfg(all(test, feature = "cli"))]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_policy_is_whole() {
        let policy = Policy::shipped();
        assert_eq!(policy.verdict("intent", "professional"), Verdict::Send);
        for label in ["romantic", "pushy-job-seeking", "strained-history"] {
            let rule = policy.rule("intent", label).expect("a rule");
            assert_eq!(rule.verdict, Verdict::Hold);
            assert!(!rule.message.is_empty() && !rule.help.is_empty());
        }
        assert_eq!(policy.verdict("reason", "missing"), Verdict::Revise);
        assert_eq!(policy.heads["reason"].read_when, ["professional"]);
    }
}
