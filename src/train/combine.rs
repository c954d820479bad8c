//! One's own notes and those of others: which model serves one's own best, and how much each of them should count.
//!
//! Three contenders are measured on one's own notes, each on notes that it has not learned from: the model of the others' notes as it stands, one of
//! one's own alone, and one of both. How much a note of one's own counts beside one of the others' is found in the same cross-validation, over one's own
//! groups: the others' notes are only ever learned from.

use rayon::prelude::*;
use serde::Serialize;

use super::beside::Beside;
use super::corpus::Corpus;
use super::cross::{OutOfFold, cross_validate, nested_from_search};
use super::evaluate::{HeadAnswers, UnknownLabel, assess_all};
use super::fit::{Extras, FitError, FitSettings, Progress};
use super::metrics::{Confusion, Figure, bootstrap, bootstrap_mean, log_loss, negative_log};
use super::near_copies::{ALIKE, pairs_across};
use super::problem::Problem;
use super::select::Selection;
use super::weights::Training;
use crate::classifier::{Classifier, argmax};
use crate::text::{Shingles, shingles};

/// As how many of the others' notes one of one's own may count.
pub const WEIGHTS: [usize; 4] = [1, 3, 10, 30];

/// A weight whose notes outnumber the others' by more is not tried: that is a model of one's own alone, at the cost of both.
const MOST_OF_OTHERS: usize = 4;

/// On fewer notes no contest says anything.
const LEAST_NOTES: usize = 12;

/// How both together do where each note of one's own counts so much.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WeightTrial {
    /// As how many of the others' notes.
    pub own_weight: usize,
    /// Mean of `-ln p(truth)` on one's own notes, out of fold.
    pub log_loss: f64,
}

/// A model that might serve one's own notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Contender {
    /// The model of the others' notes, as it stands.
    Others,
    /// One's own notes alone.
    Own,
    /// Both.
    Both,
}

/// The first head's figures of a contender on one's own notes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ContenderFigures {
    /// Which.
    pub contender: Contender,
    /// Share of notes whose likeliest label is right.
    pub accuracy: Figure,
    /// Mean of F1 over the labels that occur.
    pub macro_f1: Figure,
    /// Mean of `-ln p(truth)`.
    pub log_loss: Figure,
}

/// One contender less another, note by note: intervals are of the paired difference, bootstrapped over groups.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The one.
    pub of: Contender,
    /// The other.
    pub less: Contender,
    /// Of the accuracies: above 0, the first is better.
    pub accuracy: Figure,
    /// Of the macro-F1: above 0, the first is better.
    pub macro_f1: Figure,
    /// Of the log losses: below 0, the first is better.
    pub log_loss: Figure,
}

/// What the contest found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Contest {
    /// How many of one's own notes were measured on.
    pub notes: usize,
    /// Of how many groups they are.
    pub groups: usize,
    /// The weights that were tried.
    pub weights: Vec<WeightTrial>,
    /// The one that serves all of one's own notes best.
    pub own_weight: usize,
    /// The figures of each contender.
    pub figures: Vec<ContenderFigures>,
    /// The best contender less each of the others.
    pub differences: Vec<Difference>,
    /// The contender with the lowest log loss.
    pub best: Contender,
}

impl Contest {
    /// Whether the best contender is better than `other` by more than chance: the interval of the log losses' difference is below 0.
    #[must_use]
    pub fn is_clear(&self, other: Contender) -> bool {
        self.differences.iter().any(|difference| difference.less == other && difference.log_loss.high < 0.0)
    }

    /// The figures of a contender.
    #[must_use]
    pub fn figures_of(&self, contender: Contender) -> Option<&ContenderFigures> {
        self.figures.iter().find(|figures| figures.contender == contender)
    }
}

/// Why there is no contest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CombineError {
    /// The corpora answer different questions.
    #[error(
        "your notes cannot be combined with the shipped ones: theirs are labelled in the columns {theirs}, yours in {ours:?}; leave \
         --with-shipped-corpus out, or name one of those columns first"
    )]
    Head {
        /// The first label column.
        ours: String,
        /// Theirs.
        theirs: String,
    },
    /// A label that the others' notes do not have.
    #[error(
        "your notes cannot be combined with the shipped ones: no shipped note has the label {label:?} in the column {head:?}, only {theirs}; leave \
         --with-shipped-corpus out, or give such notes one of these"
    )]
    Label {
        /// The column.
        head: String,
        /// The label.
        label: String,
        /// Theirs.
        theirs: String,
    },
    /// One's own notes are the others'.
    #[error(
        "of your {notes} notes, all but {left} are nearly the same as shipped ones, which the shipped model has learned from: there is nothing to measure \
         on; leave --with-shipped-corpus out"
    )]
    Copies {
        /// How many notes there are.
        notes: usize,
        /// How many are not copies.
        left: usize,
    },
    /// A fit failed.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// The model of the others' notes lacks a label.
    #[error(transparent)]
    Unknown(#[from] UnknownLabel),
}

/// Says whether the labels of `own` are among those of `others`, for each head that both have.
///
/// # Errors
///
/// [`CombineError::Head`] and [`CombineError::Label`].
pub fn check(own: &Corpus, others: &Corpus, heads: &[String]) -> Result<(), CombineError> {
    for (index, head) in heads.iter().enumerate() {
        let theirs = others.labels(head);
        if theirs.is_empty() {
            // A further column is learned from one's own notes alone.
            if index > 0 {
                continue;
            }
            let mut columns: Vec<&str> = others.notes.iter().flat_map(|note| note.labels.keys().map(String::as_str)).collect();
            columns.sort_unstable();
            columns.dedup();
            return Err(CombineError::Head { ours: head.clone(), theirs: columns.join(", ") });
        }
        if let Some(label) = own.labels(head).into_iter().find(|label| !theirs.contains(label)) {
            return Err(CombineError::Label { head: head.clone(), label, theirs: theirs.join(", ") });
        }
    }
    Ok(())
}

/// What a contender says of the measured notes.
struct Answers {
    contender: Contender,
    /// Of each note, the probability of every label.
    probabilities: Vec<Vec<f32>>,
}

/// The notes that two corpora share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copies {
    /// Which of one's own notes are nearly the same as one of the others.
    pub own: Vec<bool>,
    /// How many of the others are nearly the same as one of one's own.
    pub others: usize,
}

/// Takes those of `others` out that are nearly the same as a note of `own`: nothing may be measured on what was learned.
pub fn leave_copies_out(own: &Corpus, others: &mut Corpus) -> Copies {
    let sets: Vec<Shingles> = own.notes.par_iter().chain(&others.notes).map(|note| shingles(&note.text)).collect();
    let from = own.notes.len();
    let mut is_copy = vec![false; sets.len()];
    for (row, of, _) in pairs_across(&sets, from, ALIKE) {
        (is_copy[row], is_copy[of]) = (true, true);
    }
    let mut of_others = is_copy.split_off(from).into_iter();
    let before = others.notes.len();
    others.notes.retain(|_| of_others.next() != Some(true));
    Copies { own: is_copy, others: before - others.notes.len() }
}

/// Lets the three contend on the notes of `own`, less those that are `copies` of what `model` has learned from. `others` are the notes that it was made of,
/// without [`leave_copies_out`]'s. What `extras` says of notes beside the corpus and of texts that are no notes is not read.
///
/// # Errors
///
/// [`CombineError`].
pub fn contest(
    own: &Corpus,
    others: &Corpus,
    copies: &Copies,
    model: &Classifier,
    settings: &FitSettings,
    extras: &Extras,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Contest, CombineError> {
    check(own, others, &settings.heads)?;
    let settings = FitSettings { heads: settings.heads[..1].to_vec(), ..settings.clone() };
    let alone_extras = Extras { vectors: extras.vectors.clone(), ..Extras::default() };
    let is_copy = |row: usize| copies.own.get(row) == Some(&true);
    let left = (0..own.notes.len()).filter(|&row| !is_copy(row)).count();
    if left < LEAST_NOTES {
        return Err(CombineError::Copies { notes: own.notes.len(), left });
    }
    let mut alone_problem = Problem::new(own, &settings, &alone_extras)?;
    let measure =
        |problem: &mut Problem<'_>| (0..own.notes.len()).filter(|&row| is_copy(row)).for_each(|row| problem.measured[row] = false);
    measure(&mut alone_problem);
    let alone = nested_from_search(&alone_problem, &settings, progress)?;

    let tried: Vec<usize> =
        WEIGHTS.into_iter().filter(|&weight| weight == 1 || weight * own.notes.len() <= MOST_OF_OTHERS * others.notes.len()).collect();
    let beside = Beside { corpus: others.clone(), own_weight: 1 };
    let both_extras = Extras { beside: Some(beside), ..alone_extras.clone() };
    let mut problem = Problem::new(own, &settings, &both_extras)?;
    measure(&mut problem);
    let fixed = Selection::fixed(&problem, &settings);
    let extractions = fixed.extract(&problem)?;
    let mut trials: Vec<OutOfFold> = Vec::new();
    for (index, &weight) in tried.iter().enumerate() {
        progress(Progress::Weighing { done: index + 1, total: tried.len() });
        problem.own_weight = weight;
        let training = Training {
            problem: &problem,
            heads: &problem.heads,
            extracted: extractions.of(&fixed.settings),
            settings: &fixed.settings,
            advanced: &|_| (),
        };
        trials.push(cross_validate(&training)?.out_of_fold.swap_remove(0));
    }
    let rows = &trials[0].rows;
    let targets = &trials[0].targets;
    let loss_where = |trial: &OutOfFold, wanted: &dyn Fn(usize) -> bool| {
        let losses = (0..rows.len()).filter(|&at| wanted(rows[at])).map(|at| negative_log(&trial.probabilities[at], targets[at]));
        losses.sum::<f64>()
    };
    let best_where = |wanted: &dyn Fn(usize) -> bool| {
        let losses: Vec<f64> = trials.iter().map(|trial| loss_where(trial, wanted)).collect();
        (0..losses.len()).min_by(|&a, &b| losses[a].total_cmp(&losses[b])).unwrap_or(0)
    };
    // A note's weight is chosen on the other folds' notes.
    let by_fold: Vec<usize> = (0..problem.fold_count).map(|fold| best_where(&|row| problem.folds[row] != fold)).collect();
    let both = (0..rows.len()).map(|at| trials[by_fold[problem.folds[rows[at]]]].probabilities[at].clone()).collect();

    let labels = &problem.heads[0].labels;
    let alone_labels = &alone_problem.heads[0].labels;
    let widened = alone.probabilities.iter().map(|p| {
        let of = |label: &String| alone_labels.iter().position(|own| own == label).map_or(0.0, |at| p[at]);
        labels.iter().map(of).collect()
    });
    let measured = Corpus { notes: rows.iter().map(|&row| own.notes[row].clone()).collect(), skipped: Vec::new() };
    let contenders = [
        Answers { contender: Contender::Others, probabilities: answers_of(model, &measured, labels)? },
        Answers { contender: Contender::Own, probabilities: widened.collect() },
        Answers { contender: Contender::Both, probabilities: both },
    ];
    let groups: Vec<&str> = measured.notes.iter().map(|note| note.group.as_str()).collect();
    let best = contenders.iter().min_by(|a, b| log_loss(&a.probabilities, targets).total_cmp(&log_loss(&b.probabilities, targets)));
    let best = best.unwrap_or(&contenders[0]);
    let mut distinct = groups.clone();
    distinct.sort_unstable();
    distinct.dedup();
    Ok(Contest {
        notes: rows.len(),
        groups: distinct.len(),
        weights: tried
            .iter()
            .zip(&trials)
            .map(|(&own_weight, trial)| WeightTrial { own_weight, log_loss: log_loss(&trial.probabilities, targets) })
            .collect(),
        own_weight: tried[best_where(&|_| true)],
        figures: contenders.iter().map(|answers| figures(answers, targets, &groups)).collect(),
        differences: contenders
            .iter()
            .filter(|other| other.contender != best.contender)
            .map(|other| difference(best, other, targets, &groups))
            .collect(),
        best: best.contender,
    })
}

/// What `model` says of the notes, in the order of `labels`.
fn answers_of(model: &Classifier, notes: &Corpus, labels: &[String]) -> Result<Vec<Vec<f32>>, UnknownLabel> {
    let head = &model.about().heads[0];
    let answers = HeadAnswers::new(head, 0, notes, &assess_all(model, notes))?;
    let at: Vec<Option<usize>> = labels.iter().map(|label| head.labels.iter().position(|own| own == label)).collect();
    Ok(answers.probabilities.iter().map(|p| at.iter().map(|at| at.map_or(0.0, |at| p[at])).collect()).collect())
}

fn confusion(answers: &Answers, targets: &[usize], drawn: &[usize]) -> Confusion {
    let labels = answers.probabilities.first().map_or(0, Vec::len);
    Confusion::new(labels, drawn.iter().map(|&at| (targets[at], argmax(&answers.probabilities[at]))))
}

fn losses(answers: &Answers, targets: &[usize]) -> Vec<f64> {
    answers.probabilities.iter().zip(targets).map(|(p, &target)| negative_log(p, target)).collect()
}

fn figures(answers: &Answers, targets: &[usize], groups: &[&str]) -> ContenderFigures {
    ContenderFigures {
        contender: answers.contender,
        accuracy: bootstrap(groups, |drawn| confusion(answers, targets, drawn).accuracy()),
        macro_f1: bootstrap(groups, |drawn| confusion(answers, targets, drawn).macro_f1()),
        log_loss: bootstrap_mean(groups, &losses(answers, targets)),
    }
}

fn difference(of: &Answers, less: &Answers, targets: &[usize], groups: &[&str]) -> Difference {
    let of_both = |figure: fn(&Confusion) -> f64| {
        bootstrap(groups, |drawn| figure(&confusion(of, targets, drawn)) - figure(&confusion(less, targets, drawn)))
    };
    let losses: Vec<f64> = losses(of, targets).iter().zip(losses(less, targets)).map(|(a, b)| a - b).collect();
    Difference {
        of: of.contender,
        less: less.contender,
        accuracy: of_both(Confusion::accuracy),
        macro_f1: of_both(Confusion::macro_f1),
        log_loss: bootstrap_mean(groups, &losses),
    }
}
