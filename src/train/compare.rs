//! Whether one model is better than another, or only luckier: both on the same notes.

use serde::Serialize;

use super::corpus::Corpus;
use super::evaluate::{HeadAnswers, UnknownLabel, assess_all, digest};
use super::metrics::{Figure, bootstrap};
use crate::classifier::Classifier;

/// Two models on the same notes, by the first head: `ours` is the model that is measured, `theirs` the one that it is measured against.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The digest of the model that ours is measured against.
    pub model: String,
    /// How many notes both models give their label.
    pub both_right: usize,
    /// How many only ours gives their label.
    pub only_ours_right: usize,
    /// How many only theirs gives their label.
    pub only_theirs_right: usize,
    /// How many neither does.
    pub both_wrong: usize,
    /// The p value of the exact two-sided `McNemar` test on the notes that only one model is right on (0 to 1; see [`mcnemar`]). It takes every
    /// note for independent; the intervals of the differences do not.
    pub mcnemar_p: f64,
    /// Our accuracy less theirs (-1 to 1).
    pub accuracy: Figure,
    /// Our macro-F1 less theirs (-1 to 1).
    pub macro_f1: Figure,
}

/// Why two models cannot be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// The notes have labels that the models do not know.
    #[error(transparent)]
    Label(#[from] UnknownLabel),
    /// They answer different questions.
    #[error("this model decides by {ours:?}, the one to compare with by {theirs:?}; compare models with the same first head")]
    Head {
        /// Our first head.
        ours: String,
        /// Their first head.
        theirs: String,
    },
    /// A label that one of them can never give.
    #[error(
        "only one of the models knows the label {label:?} (this one: {ours}; the one to compare with: {theirs}); \
         compare models that were trained with the same labels"
    )]
    OneSided {
        /// The label.
        label: String,
        /// Our labels.
        ours: String,
        /// Their labels.
        theirs: String,
    },
}

/// Scores every note of `corpus` with both models and compares their first heads. Intervals are of the paired difference, bootstrapped over groups.
///
/// # Errors
///
/// [`CompareError`], where the first heads have not the same name and labels, or a note has a label that neither knows.
pub fn compare(ours: &Classifier, theirs: &Classifier, corpus: &Corpus) -> Result<Comparison, CompareError> {
    check_labels(ours, theirs)?;
    let (our_assessments, their_assessments) = (assess_all(ours, corpus), assess_all(theirs, corpus));
    let our_answers = HeadAnswers::new(&ours.about().heads[0], 0, corpus, &our_assessments)?;
    let their_answers = HeadAnswers::new(&theirs.about().heads[0], 0, corpus, &their_assessments)?;
    let pairs: Vec<(bool, bool)> = our_answers.right().into_iter().zip(their_answers.right()).collect();
    let count = |wanted| pairs.iter().filter(|&&pair| pair == wanted).count();
    let (only_ours_right, only_theirs_right) = (count((true, false)), count((false, true)));
    let difference = |figure: fn(&HeadAnswers, &[usize]) -> f64| {
        bootstrap(&our_answers.groups, |drawn| figure(&our_answers, drawn) - figure(&their_answers, drawn))
    };
    Ok(Comparison {
        model: digest(&their_assessments),
        both_right: count((true, true)),
        only_ours_right,
        only_theirs_right,
        both_wrong: count((false, false)),
        mcnemar_p: mcnemar(only_ours_right, only_theirs_right),
        accuracy: difference(|answers, drawn| answers.confusion(drawn.iter().copied()).accuracy()),
        macro_f1: difference(|answers, drawn| answers.confusion(drawn.iter().copied()).macro_f1()),
    })
}

fn check_labels(ours: &Classifier, theirs: &Classifier) -> Result<(), CompareError> {
    let (ours, theirs) = (&ours.about().heads[0], &theirs.about().heads[0]);
    if ours.name != theirs.name {
        return Err(CompareError::Head { ours: ours.name.clone(), theirs: theirs.name.clone() });
    }
    let mut of_either = ours.labels.iter().chain(&theirs.labels);
    match of_either.find(|label| !(ours.labels.contains(label) && theirs.labels.contains(label))) {
        None => Ok(()),
        Some(label) => Err(CompareError::OneSided { label: label.clone(), ours: ours.labels.join(", "), theirs: theirs.labels.join(", ") }),
    }
}

/// The p value of the exact two-sided `McNemar` test (1947): how likely two equally good models are to differ as much as this on the notes that
/// only one of them is right on. That is twice the tail of the binomial distribution with one half, and at most 1.
#[must_use]
pub fn mcnemar(only_first_right: usize, only_second_right: usize) -> f64 {
    let n = (only_first_right + only_second_right) as f64;
    let fewer = only_first_right.min(only_second_right);
    let k = fewer as f64;
    // The tail's largest term by its logarithm, so that thousands of notes neither overflow nor vanish; the others as multiples of it.
    let largest = libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma(n - k + 1.0) - n * std::f64::consts::LN_2;
    let (mut multiple, mut tail) = (1.0, 1.0);
    for i in (1..=fewer).rev() {
        multiple *= i as f64 / (n - i as f64 + 1.0);
        tail += multiple;
    }
    (2.0 * libm::exp(largest) * tail).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Model, SHIPPED};

    #[test]
    fn p_values_of_the_exact_test() {
        // Computed with integers.
        for (b, c, p) in [
            (0, 0, 1.0),
            (0, 1, 1.0),
            (3, 3, 1.0),
            (1, 8, 0.039_062_5),
            (25, 10, 0.016_673_847_800_120_71),
            (4900, 5100, 0.046_585_527_704_947_39),
            (20_000, 20_400, 0.047_132_097_010_428_44),
            (2000, 3000, 1.300_231_000_520_377_1e-45),
        ] {
            let found = mcnemar(b, c);
            assert!((found - p).abs() < 1e-9 * p, "{b}, {c}: {found:e} is not {p:e}");
            assert!((found - mcnemar(c, b)).abs() < f64::EPSILON);
        }
        assert!(mcnemar(0, 5000).abs() < f64::MIN_POSITIVE);
    }

    #[test]
    fn models_of_other_labels_or_heads_are_not_compared() {
        let shipped = Classifier::shipped();
        let changed = |change: fn(&mut Model)| {
            let mut model = Model::from_bytes(SHIPPED).expect("whole");
            change(&mut model);
            compare(&shipped, &Classifier::new(&model).expect("whole"), &Corpus::default()).expect_err("not the same").to_string()
        };
        let label = changed(|model| model.about.heads[0].labels[1] = "charming".to_owned());
        assert!(label.contains("only one of the models knows the label") && label.contains("compare models"), "{label}");
        let head = changed(|model| model.about.heads[0].name = "tone".to_owned());
        assert!(head.contains("\"intent\"") && head.contains("\"tone\"") && head.contains("compare models"), "{head}");
    }
}
