//! Behavioural tests as data, in the manner of `CheckList` (Ribeiro et al. 2020): pairs that differ little and mean different things, sets that mean the same,
//! notes with two intents, and texts on which the honest answer is that the model does not know.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::classifier::Classifier;
use crate::policy::Verdict;

/// A text and the label that the first head should give it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Expected {
    /// The text.
    pub text: String,
    /// The label.
    pub intent: String,
}

/// One case of a suite; a line of its file. Other keys, such as `capability`, are for the reader.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Case {
    /// Two texts with different labels: right if both are.
    Pair {
        /// One side.
        a: Expected,
        /// The other.
        b: Expected,
    },
    /// Texts that all get one label, whichever it is.
    Invariant {
        /// The texts.
        texts: Vec<String>,
    },
    /// A text with two intents, of which the guide takes one.
    Mixed(Expected),
    /// A text that should get the verdict `unsure`.
    Odd {
        /// The text.
        text: String,
    },
}

/// How many cases of a kind there are, and which failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct KindResult {
    /// How many cases.
    pub cases: usize,
    /// How many are right.
    pub right: usize,
    /// What was found instead, a line for each that failed.
    pub failures: Vec<String>,
}

/// Runs the cases, and sorts the results by kind.
#[must_use]
pub fn run_suite(classifier: &Classifier, cases: &[Case]) -> BTreeMap<&'static str, KindResult> {
    let label = |text: &str| classifier.assess(text).readings.swap_remove(0).label;
    let mut results: BTreeMap<&'static str, KindResult> = BTreeMap::new();
    for case in cases {
        let (kind, failure) = match case {
            Case::Pair { a, b } => {
                let wrong = [a, b].map(|side| (side, label(&side.text))).into_iter().filter(|(side, given)| side.intent != *given);
                let wrong: Vec<String> = wrong.map(|(side, given)| format!("{:?} is {}, given {given}", side.text, side.intent)).collect();
                ("pair", (!wrong.is_empty()).then(|| wrong.join("; ")))
            }
            Case::Invariant { texts } => {
                let given: Vec<String> = texts.iter().map(|text| label(text)).collect();
                let same = given.windows(2).all(|pair| pair[0] == pair[1]);
                ("invariant", (!same).then(|| format!("{:?}: {}", texts.first().map_or("", String::as_str), given.join(", "))))
            }
            Case::Mixed(expected) => {
                let given = label(&expected.text);
                ("mixed", (given != expected.intent).then(|| format!("{:?} is {}, given {given}", expected.text, expected.intent)))
            }
            Case::Odd { text } => {
                let verdict = classifier.assess(text).verdict;
                ("odd", (verdict != Verdict::Unsure).then(|| format!("{text:?}: {verdict}")))
            }
        };
        let result = results.entry(kind).or_default();
        result.cases += 1;
        result.right += usize::from(failure.is_none());
        result.failures.extend(failure);
    }
    results
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_read_and_judged() {
        let lines = [
            r#"{"kind":"pair","capability":"x","a":{"text":"Are you single? I like your eyes, give me your number","intent":"romantic"},
               "b":{"text":"Are you single? I like your eyes, give me your number","intent":"professional"}}"#,
            r#"{"kind":"invariant","texts":["Are you single?","are you single"]}"#,
            r#"{"kind":"odd","text":"qwzx vbnm"}"#,
        ];
        let cases: Vec<Case> = lines.iter().map(|line| serde_json::from_str(line).expect("a case")).collect();
        let results = run_suite(&Classifier::shipped(), &cases);
        assert_eq!((results["pair"].right, results["pair"].failures.len()), (0, 1), "one side must be wrong");
        assert_eq!((results["invariant"].right, results["odd"].right), (1, 1));
    }
}
