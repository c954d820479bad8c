//! Whether one model is better than another, or only luckier: both on the same notes.

use std::collections::BTreeSet;

use serde::Serialize;

use super::corpus::Corpus;
use super::evaluate::{HeadAnswers, UnknownLabel, assess_all, digest};
use super::metrics::{Figure, bootstrap_with_values};
use crate::assessment::Assessment;
use crate::classifier::Classifier;
use crate::policy::Verdict;

/// Two models on the same notes, by the first head: `ours` is the model that is measured, `theirs` the one that it is measured against.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The digest of the model that ours is measured against.
    pub model: String,
    /// How many groups the notes came from; a note without a group is one of its own.
    pub groups: usize,
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
    /// The share of notes whose likeliest label is right.
    pub accuracy: Difference,
    /// The mean of F1 over the labels that occur.
    pub macro_f1: Difference,
    /// The mean of `-ln p(truth)`: lower is better.
    pub log_loss: Difference,
    /// The share of the harmful notes that are held, each model by its own policy; none where our policy finds no label harmful that occurs.
    pub harmful_held: Option<Difference>,
    /// The share of the harmless notes that are held, the false alarms: lower is better.
    pub harmless_held: Option<Difference>,
    /// The labels that only one of the models knows. None of the notes has one.
    pub unshared_labels: Vec<String>,
}

impl Comparison {
    /// How many notes there are.
    #[must_use]
    pub fn notes(&self) -> usize {
        self.both_right + self.only_ours_right + self.only_theirs_right + self.both_wrong
    }
}

/// A figure of both models on the same notes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// Of our model.
    pub ours: f64,
    /// Of theirs.
    pub theirs: f64,
    /// Ours less theirs, with the interval of the paired difference, bootstrapped over groups.
    #[serde(flatten)]
    pub difference: Figure,
    /// The share of the resamples in which ours is the better one (0 to 1); those where both are equal count half.
    pub ours_better: f64,
}

/// One of the two models that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The model that is measured.
    Ours,
    /// The model that it is measured against.
    Theirs,
}

#[derive(Clone, Copy)]
enum Better {
    Higher,
    Lower,
}

impl Difference {
    fn new(groups: &[&str], better: Better, ours: impl Fn(&[usize]) -> f64, theirs: impl Fn(&[usize]) -> f64) -> Self {
        let all: Vec<usize> = (0..groups.len()).collect();
        let (difference, values) = bootstrap_with_values(groups, |drawn| ours(drawn) - theirs(drawn));
        let won = |value: &f64| match better {
            _ if *value == 0.0 => 0.5,
            Better::Higher => f64::from(u8::from(*value > 0.0)),
            Better::Lower => f64::from(u8::from(*value < 0.0)),
        };
        let ours_better = values.iter().map(won).sum::<f64>() / values.len() as f64;
        Self { ours: ours(&all), theirs: theirs(&all), difference, ours_better }
    }

    fn of_means(groups: &[&str], better: Better, ours: &[f64], theirs: &[f64]) -> Self {
        let mean = |values: &[f64], drawn: &[usize]| drawn.iter().map(|&row| values[row]).sum::<f64>() / drawn.len() as f64;
        Self::new(groups, better, |drawn| mean(ours, drawn), |drawn| mean(theirs, drawn))
    }

    /// Which model is the better one by this figure, where the interval leaves no room for the other.
    #[must_use]
    pub fn winner(&self) -> Option<Side> {
        let Figure { low, high, .. } = self.difference;
        match self.ours_better > 0.5 {
            _ if !(low > 0.0 || high < 0.0) => None,
            true => Some(Side::Ours),
            false => Some(Side::Theirs),
        }
    }

    /// About how many times the notes it would take for the interval to leave no room for the other model, if the difference is what it
    /// looks like: with twice what would just do, it does in about four of five such samples. None where it does already, or there is no difference.
    #[must_use]
    pub fn times_more_needed(&self) -> Option<f64> {
        let Figure { value, low, high } = self.difference;
        let times = 2.0 * ((high - low) / 2.0 / value).powi(2);
        (self.winner().is_none() && times.is_finite()).then_some(times.max(1.0))
    }
}

/// Why two models cannot be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// The notes have labels that our model does not know.
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
    /// A label that their model can never give, and notes that have it.
    #[error(
        "only one of the models knows the label {label:?}, which note {id} has (this one: {ours}; the one to compare with: {theirs}); \
         compare models that were trained with the same labels, or leave such notes out"
    )]
    OneSided {
        /// The label.
        label: String,
        /// A note that has it.
        id: String,
        /// Our labels.
        ours: String,
        /// Their labels.
        theirs: String,
    },
}

/// Scores every note of `corpus` with both models and compares their first heads. Each may know labels that the other does not, as long as no note has
/// one. Intervals are of the paired difference, bootstrapped over groups.
///
/// # Errors
///
/// [`CompareError`], where the first heads have not the same name, or a note has a label that one of the models does not know.
pub fn compare(ours: &Classifier, theirs: &Classifier, corpus: &Corpus) -> Result<Comparison, CompareError> {
    let (our_head, their_head) = (&ours.about().heads[0], &theirs.about().heads[0]);
    if our_head.name != their_head.name {
        return Err(CompareError::Head { ours: our_head.name.clone(), theirs: their_head.name.clone() });
    }
    let (our_assessments, their_assessments) = (assess_all(ours, corpus), assess_all(theirs, corpus));
    let our_answers = HeadAnswers::new(our_head, 0, corpus, &our_assessments)?;
    let their_answers = HeadAnswers::new(their_head, 0, corpus, &their_assessments).map_err(|unknown| CompareError::OneSided {
        label: unknown.label,
        id: unknown.id,
        ours: our_head.labels.join(", "),
        theirs: unknown.known,
    })?;
    let pairs: Vec<(bool, bool)> = our_answers.right().into_iter().zip(their_answers.right()).collect();
    let count = |wanted| pairs.iter().filter(|&&pair| pair == wanted).count();
    let (only_ours_right, only_theirs_right) = (count((true, false)), count((false, true)));
    let groups = &our_answers.groups;
    let difference = |figure: fn(&HeadAnswers, &[usize]) -> f64| {
        Difference::new(groups, Better::Higher, |drawn| figure(&our_answers, drawn), |drawn| figure(&their_answers, drawn))
    };
    let held = |harmful: bool, better| {
        let is_harmful = |label: &String| ours.policy().verdict(&our_head.name, label) == Verdict::Hold;
        let rows: Vec<usize> =
            our_answers.rows.iter().copied().filter(|&row| is_harmful(&corpus.notes[row].labels[&our_head.name]) == harmful).collect();
        let groups: Vec<&str> = rows.iter().map(|&row| corpus.notes[row].group.as_str()).collect();
        let is_held = |assessments: &[Assessment]| -> Vec<f64> {
            rows.iter().map(|&row| f64::from(u8::from(assessments[row].verdict == Verdict::Hold))).collect()
        };
        (!rows.is_empty()).then(|| Difference::of_means(&groups, better, &is_held(&our_assessments), &is_held(&their_assessments)))
    };
    let harmful_held = held(true, Better::Higher);
    let labels = [&our_head.labels, &their_head.labels];
    let unshared = labels.into_iter().flatten().filter(|label| !labels.iter().all(|known| known.contains(label)));
    Ok(Comparison {
        model: digest(&their_assessments),
        groups: groups.iter().collect::<BTreeSet<_>>().len(),
        both_right: count((true, true)),
        only_ours_right,
        only_theirs_right,
        both_wrong: count((false, false)),
        mcnemar_p: mcnemar(only_ours_right, only_theirs_right),
        accuracy: difference(|answers, drawn| answers.confusion(drawn.iter().copied()).accuracy()),
        macro_f1: difference(|answers, drawn| answers.confusion(drawn.iter().copied()).macro_f1()),
        log_loss: Difference::of_means(groups, Better::Lower, &our_answers.losses(), &their_answers.losses()),
        // Where nothing is harmful to hold, a note that is held is no false alarm of these labels.
        harmless_held: harmful_held.as_ref().and_then(|_| held(false, Better::Lower)),
        harmful_held,
        unshared_labels: unshared.cloned().collect(),
    })
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
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::{Model, SHIPPED};
    use crate::train::corpus::Note;

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

    fn note(row: usize, text: &str, label: &str) -> Note {
        Note {
            text: text.to_owned(),
            labels: [("intent".to_owned(), label.to_owned())].into(),
            group: row.to_string(),
            id: row.to_string(),
            other: BTreeMap::new(),
        }
    }

    fn changed(change: fn(&mut Model)) -> Classifier {
        let mut model = Model::from_bytes(SHIPPED).expect("whole");
        change(&mut model);
        Classifier::new(&model).expect("whole")
    }

    fn romantic_as_charming(model: &mut Model) {
        let place = model.about.heads[0].labels.iter().position(|label| label == "romantic").expect("there");
        model.about.heads[0].labels[place] = "charming".to_owned();
    }

    #[test]
    fn models_of_other_labels_or_heads_are_not_compared() {
        let shipped = Classifier::shipped();
        let corpus = |label: &str| Corpus { notes: vec![note(7, "Are you single?", label)], skipped: Vec::new() };
        let other = changed(romantic_as_charming);
        let label = compare(&shipped, &other, &corpus("romantic")).expect_err("unknown to the other").to_string();
        assert!(label.contains("only one of the models knows the label \"romantic\", which note 7 has"), "{label}");
        let label = compare(&shipped, &other, &corpus("charming")).expect_err("unknown to this one").to_string();
        assert!(label.contains("\"charming\" of note 7 is not one of the model's"), "{label}");
        let same = compare(&shipped, &other, &corpus("professional")).expect("known to both");
        assert_eq!(same.unshared_labels, ["romantic", "charming"]);
        let other = changed(|model| model.about.heads[0].name = "tone".to_owned());
        let head = compare(&shipped, &other, &corpus("romantic")).expect_err("another question").to_string();
        assert!(head.contains("\"intent\"") && head.contains("\"tone\"") && head.contains("compare models"), "{head}");
    }

    #[test]
    fn the_better_model_wins_by_every_figure() {
        // One that takes advances for work and work for advances.
        let swapped = changed(|model| {
            let labels = &mut model.about.heads[0].labels;
            let [work, love] = ["professional", "romantic"].map(|name| labels.iter().position(|label| label == name).expect("there"));
            labels.swap(work, love);
        });
        let work = "I maintain pumps at the water board and read your paper on impeller wear.";
        let love = "You are gorgeous, are you single? I'd love to take you out to dinner.";
        let notes = (0..30).map(|row| if row % 3 == 0 { note(row, love, "romantic") } else { note(row, work, "professional") });
        let corpus = Corpus { notes: notes.collect(), skipped: Vec::new() };
        let comparison = compare(&Classifier::shipped(), &swapped, &corpus).expect("the same labels");
        let Comparison { accuracy, macro_f1, log_loss, harmful_held, harmless_held, .. } = &comparison;
        let harmless_held = harmless_held.as_ref().expect("there are harmless notes");
        for figure in [accuracy, macro_f1, log_loss, harmless_held] {
            assert_eq!((figure.winner(), figure.ours_better, figure.times_more_needed()), (Some(Side::Ours), 1.0, None), "{comparison:?}");
        }
        assert_eq!((comparison.notes(), comparison.groups, comparison.only_ours_right), (30, 30, 30));
        assert_eq!((accuracy.ours, accuracy.theirs, harmless_held.ours, harmless_held.theirs), (1.0, 0.0, 0.0, 1.0));
        // It holds whatever it sees.
        assert_eq!(harmful_held.as_ref().map(|held| (held.ours, held.theirs, held.winner())), Some((1.0, 1.0, None)));
        assert!(log_loss.difference.value < 0.0 && (log_loss.ours - log_loss.theirs - log_loss.difference.value).abs() < 1e-12);
        let itself = compare(&swapped, &swapped, &corpus).expect("the same labels").macro_f1;
        assert_eq!((itself.winner(), itself.ours_better, itself.times_more_needed()), (None, 0.5, None));
    }

    #[test]
    fn a_difference_that_may_be_chance_says_what_would_settle_it() {
        let names: Vec<String> = (0..400).map(|row| row.to_string()).collect();
        let share = |of: usize, count: usize| -> Difference {
            let groups: Vec<&str> = names[..count].iter().map(String::as_str).collect();
            let ours: Vec<f64> = (0..count).map(|row| f64::from(u8::from(row % 10 < of))).collect();
            let theirs: Vec<f64> = (0..count).map(|row| f64::from(u8::from(row % 10 > 4))).collect();
            Difference::of_means(&groups, Better::Higher, &ours, &theirs)
        };
        let few = share(6, 40);
        assert_eq!(few.winner(), None);
        let times = few.times_more_needed().expect("it looks better");
        // Six of ten against five of ten, each right where the other is wrong but for one: a spread of 0.95 a note.
        assert!((10.0..30.0).contains(&times), "{times}");
        assert_eq!(share(8, 400).winner(), Some(Side::Ours));
        assert_eq!(share(2, 400).winner(), Some(Side::Theirs));
    }
}
