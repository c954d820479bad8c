//! From labels to verdicts: which label holds a note back, at what probability, and what to do instead.

use std::collections::BTreeMap;
use std::fmt;
#[cfg(any(feature = "cli", feature = "train"))]
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::Error;

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

/// What a label, or the lack of one, leads to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The verdict on a note with this label.
    pub verdict: Verdict,
    /// The probability from which the verdict counts; where it is missing, the model's fitted threshold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f32>,
    /// How the recipient is likely to read the note: one sentence.
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

/// A policy: the rules of each head, the length limit, and the words for the answers that no label gives.
///
/// It is written in TOML; `src/policy/default.toml` is the shipped one, and documents every key. A model carries the policy that
/// it was trained with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The longest note that the network accepts, in characters.
    pub limit: usize,
    /// The share of harmless notes that may be held by mistake, from which training fits the thresholds (0 to 1).
    #[serde(rename = "false-alarms")]
    pub false_alarms: f32,
    /// The rules of each head of the model, by the head's name.
    pub heads: BTreeMap<String, HeadPolicy>,
    /// What is said of a note that is over the limit.
    #[serde(rename = "too-long")]
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
        Self::from_toml(include_str!("policy/default.toml")).expect("the shipped policy is tested")
    }

    /// Reads the policy in a file.
    ///
    /// # Errors
    ///
    /// As [`Policy::from_toml`], and where the file cannot be read.
    #[cfg(any(feature = "cli", feature = "train"))]
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|cause| Error::Read { path: path.to_owned(), cause })?;
        Self::from_toml(&text).map_err(|error| error.in_file(path))
    }

    /// Reads a policy.
    ///
    /// # Errors
    ///
    /// Names the line and the key that cannot be used.
    #[cfg(any(feature = "cli", feature = "train"))]
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        let policy: Self = toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| 1 + text[..span.start].matches('\n').count());
            Error::Policy(format!("line {line}: {}", error.message().replace('\n', " ")))
        })?;
        policy.check()?;
        Ok(policy)
    }

    /// Checks ranges.
    ///
    /// # Errors
    ///
    /// Names the key whose value is out of range.
    pub fn check(&self) -> Result<(), Error> {
        if !(0.0..=1.0).contains(&self.false_alarms) {
            return Err(Error::Policy("false-alarms must lie between 0 and 1".to_owned()));
        }
        for (name, head) in &self.heads {
            for (label, rule) in &head.labels {
                if rule.threshold.is_some_and(|threshold| !(0.0..=1.0).contains(&threshold)) {
                    return Err(Error::Policy(format!("heads.{name}.labels.{label}.threshold must lie between 0 and 1")));
                }
            }
        }
        Ok(())
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

    #[test]
    fn errors_name_the_line() {
        let text = include_str!("policy/default.toml").replace("limit = 300", "limit = \"long\"");
        let error = Policy::from_toml(&text).expect_err("a string is no limit").to_string();
        assert!(error.contains("line "), "{error}");
        let text = include_str!("policy/default.toml").replace("false-alarms = 0.02", "false-alarms = 2.0");
        assert!(Policy::from_toml(&text).expect_err("200 %").to_string().contains("false-alarms"));
    }
}
