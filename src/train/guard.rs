//! When a model says that it does not know.

use super::cross::OutOfFold;
use super::metrics::{Figure, bootstrap};
use super::problem::HeadData;
use super::thresholds::{harm, holding};
use crate::model::Guard;
use crate::policy::Policy;

/// The value below which `share` of the values lie.
fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get((share * values.len() as f64) as usize).copied().unwrap_or(0.0)
}

/// Which share of the notes that may go unanswered may do so for being a single word.
const OF_ONE_WORD: f64 = 0.125;

/// Which share of the notes that should be held may be called clear.
const CLEARED: f64 = 0.03;
/// Below this probability labels that hold a note never make it doubtful: by a bad model, nearly every note would be.
const LEAST_DOUBT: f64 = 0.25;

/// The notes that may go unanswered are shared evenly between the signals: unknown words, a weak winner, and looking like no note.
///
/// A single word is enough only where the corpus has many such notes (as it has where words are not set apart by spaces): what a model says of one is little more than its bias. `words` is
/// how many each note has.
///
/// Of the notes that should be held, a stated share may be called clear: what comes as near to being held as the others did is in doubt. (With 3 %, 1.4 % more of
/// all notes go unanswered than where the likeliest label alone decides, which calls 4.2 % of them clear.)
pub(super) fn fit_guard(
    head: &HeadData,
    policy: &Policy,
    found: &OutOfFold,
    known: &[f64],
    words: impl Fn(usize) -> usize,
    scope: Option<&OutOfFold>,
    unsure: f64,
) -> Guard {
    let winner = |p: &Vec<f32>| f64::from(p.iter().copied().fold(0.0, f32::max));
    let share = unsure / if scope.is_some() { 3.0 } else { 2.0 };
    let notes_logits = |scope: &OutOfFold| -> Vec<f64> {
        let notes = scope.probabilities.iter().zip(&scope.targets).filter(|(_, target)| **target == 0);
        notes.map(|(p, _)| scope_logit(p)).collect()
    };
    let holds = holding(head, policy);
    let notes = found.probabilities.iter().zip(&found.targets);
    let harmful: Vec<f64> = notes.filter(|(_, target)| holds[**target]).map(|(p, _)| f64::from(harm(p, &holds))).collect();
    let of_one_word = found.rows.iter().filter(|&&row| words(row) < 2).count();
    Guard {
        words: if of_one_word as f64 <= OF_ONE_WORD * unsure * found.rows.len() as f64 { 2 } else { 1 },
        doubt: if harmful.is_empty() { 1.0 } else { quantile(harmful, CLEARED).max(LEAST_DOUBT) as f32 },
        known_words: quantile(found.rows.iter().map(|&row| known[row]).collect(), share) as f32,
        confidence: quantile(found.probabilities.iter().map(winner).collect(), share) as f32,
        out_of_scope: scope.map(|scope| quantile(notes_logits(scope), 1.0 - share) as f32),
    }
}

/// The share of the texts that are no notes which the guard refuses, out of fold. Its thresholds come from the notes alone.
pub(super) fn refused(scope: &OutOfFold, known: &[f64], guard: &Guard, groups: &[&str]) -> Figure {
    let others: Vec<usize> = (0..scope.rows.len()).filter(|&index| scope.targets[index] == 1).collect();
    let own_groups: Vec<&str> = others.iter().map(|&index| groups[scope.rows[index]]).collect();
    let is_refused = |index: usize| {
        known[scope.rows[index]] < f64::from(guard.known_words)
            || guard.out_of_scope.is_some_and(|most| scope_logit(&scope.probabilities[index]) >= f64::from(most))
    };
    bootstrap(&own_groups, |drawn| drawn.iter().filter(|&&i| is_refused(others[i])).count() as f64 / drawn.len() as f64)
}

fn scope_logit(p: &[f32]) -> f64 {
    libm::log(f64::from(p[1].max(1e-12)) / f64::from(p[0].max(1e-12)))
}
