//! Why a note is read as it is: each token's exact share of the logits, merged into phrases, and what would change the
//! verdict.

use std::ops::Range;

use crate::assessment::{Assessment, Edit, Evidence, Explanation};
use crate::classifier::{Classifier, Scores};
use crate::features::Scratch;
use crate::occurrences::Occurrence;
use crate::policy::Verdict;
use crate::text::TokenKind;

/// How many phrases are shown.
const PHRASES: usize = 5;
/// A phrase of less than this share of the strongest one is left out.
const LEAST_SHARE: f32 = 0.25;
/// Up to how many bytes a phrase says too little by itself.
const SHORT_WORD: usize = 3;
/// The least number of words that must be left of an edited note: fewer are no note.
const WORDS_LEFT: usize = 3;

/// The bytes of a token and its share of every label's logit.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// The token's bytes in the note.
    pub bytes: Range<usize>,
    /// Its share of each label's logit, heads in the model's order.
    pub logits: Vec<f32>,
}

impl Classifier {
    /// Each token's share of every logit. An n-gram's weight is spread evenly over its occurrences, and there over the tokens that it covers, so that the
    /// shares and the bias add up to the logit.
    #[must_use]
    pub fn shares(&self, note: &str, scratch: &mut Scratch) -> Vec<Share> {
        let columns = self.about().labels();
        let occurrences = self.occurrences(note, scratch, |_| ());
        let mut shares: Vec<Share> =
            scratch.tokens.iter().map(|token| Share { bytes: token.start..token.end, logits: vec![0.0; columns] }).collect();
        for same in occurrences.by_feature() {
            let weights = self.weights(same[0].row);
            for &Occurrence { block, first, last, .. } in same {
                let part = 1.0 / (occurrences.norm(block) * (same.len() * (last - first + 1)) as f32);
                for share in &mut shares[first..=last] {
                    for (logit, weight) in share.logits.iter_mut().zip(&weights) {
                        *logit += weight * part;
                    }
                }
            }
        }
        self.accept_in_shares(note, scratch, &mut shares);
        shares
    }
}

pub(crate) fn explain(classifier: &Classifier, note: &str, scores: &Scores, assessment: &Assessment, scratch: &mut Scratch) -> Explanation {
    let decisive = assessment.decisive();
    let winner = decisive.probabilities.iter().position(|(label, _)| *label == decisive.label).unwrap_or(0);
    let column = classifier.held(decisive).map_or(winner, |(index, _)| index);
    let label = &decisive.probabilities[column].0;
    let shares = classifier.shares(note, scratch);
    let is_word: Vec<bool> = scratch.tokens.iter().map(|token| token.kind != TokenKind::Mark).collect();
    let phrases = phrases(&shares, &is_word, column, decisive.probabilities.len());
    let evidence = phrases.iter().map(|(bytes, weight)| Evidence {
        start: bytes.start,
        end: bytes.end,
        text: note[bytes.clone()].to_owned(),
        label: label.clone(),
        weight: *weight,
    });
    let evidence: Vec<Evidence> = if scores.known_words == 0 { Vec::new() } else { evidence.collect() };
    let edits = if assessment.verdict == Verdict::Hold { edits(classifier, note, &phrases, scratch) } else { Vec::new() };
    Explanation { evidence, edits, findings: classifier.findings(scores, assessment) }
}

/// Runs of neighbouring tokens that speak for the label, strongest kept, in the order of the note. Weights are taken against
/// the mean over the head's labels: what is added to all of them changes no probability.
fn phrases(shares: &[Share], is_word: &[bool], column: usize, labels: usize) -> Vec<(Range<usize>, f32)> {
    let weights: Vec<f32> =
        shares.iter().map(|share| share.logits[column] - share.logits[..labels].iter().sum::<f32>() / labels as f32).collect();
    let most = weights.iter().copied().fold(0.0, f32::max);
    let mut runs: Vec<(Range<usize>, f32)> = Vec::new();
    let mut open: Option<(usize, f32)> = None;
    let carries = |index: usize| weights.get(index).is_some_and(|weight| *weight > LEAST_SHARE * most);
    // "take you out for a drink": one word between two that speak, and not against them, is part of the phrase.
    let bridges =
        |index: usize| index > 0 && carries(index - 1) && carries(index + 1) && is_word[index] && weights[index] > -LEAST_SHARE * most;
    for index in 0..=weights.len() {
        let speaks = index < weights.len() && (carries(index) || bridges(index));
        match (&mut open, speaks) {
            (None, true) => open = Some((index, weights[index])),
            (Some((_, sum)), true) => *sum += weights[index],
            (Some((from, sum)), false) => {
                // A phrase does not begin or end with a comma.
                let words = |i: &usize| is_word[*i];
                if let (Some(first), Some(last)) = ((*from..index).find(words), (*from..index).rev().find(words)) {
                    runs.push((shares[first].bytes.start..shares[last].bytes.end, *sum));
                }
                open = None;
            }
            (None, false) => {}
        }
    }
    // A lone "the" is no phrase that a person would point at, where there is another.
    let tells = |(bytes, _): &(Range<usize>, f32)| bytes.len() > SHORT_WORD;
    if runs.iter().any(tells) {
        runs.retain(tells);
    }
    let strongest = runs.iter().map(|(_, sum)| *sum).fold(0.0, f32::max);
    runs.retain(|(_, sum)| *sum >= LEAST_SHARE * strongest);
    runs.sort_by(|a, b| b.1.total_cmp(&a.1));
    runs.truncate(PHRASES);
    runs.sort_by_key(|(bytes, _)| bytes.start);
    runs
}

/// The smallest removals that turn a hold into something better: one phrase, the strongest phrases together, or a sentence.
fn edits(classifier: &Classifier, note: &str, phrases: &[(Range<usize>, f32)], scratch: &mut Scratch) -> Vec<Edit> {
    let mut by_weight: Vec<&(Range<usize>, f32)> = phrases.iter().collect();
    by_weight.sort_by(|a, b| b.1.total_cmp(&a.1));
    let mut candidates: Vec<Vec<Range<usize>>> = by_weight.iter().map(|(bytes, _)| vec![bytes.clone()]).collect();
    for count in 2..=by_weight.len() {
        let mut together: Vec<Range<usize>> = by_weight[..count].iter().map(|(bytes, _)| bytes.clone()).collect();
        together.sort_by_key(|bytes| bytes.start);
        candidates.push(together);
    }
    candidates.extend(sentences(note).into_iter().map(|sentence| vec![sentence]));
    candidates.sort_by_key(|ranges| ranges.iter().map(ExactSizeIterator::len).sum::<usize>());

    let mut edits: Vec<Edit> = Vec::new();
    for ranges in candidates {
        let rest = without(note, &ranges);
        let scores = classifier.score(&rest, scratch);
        let assessment = classifier.judge(&rest, &scores);
        if scores.words >= WORDS_LEFT && matches!(assessment.verdict, Verdict::Send | Verdict::Revise) {
            edits.push(Edit {
                remove: ranges.into_iter().map(|bytes| (bytes.start, bytes.end)).collect(),
                verdict: assessment.verdict,
                confidence: assessment.decisive().confidence,
            });
            // The smallest, and one other to choose from.
            if edits.len() == 2 {
                break;
            }
        }
    }
    edits
}

/// Sentences, split after full stops, question and exclamation marks and at line breaks.
fn sentences(note: &str) -> Vec<Range<usize>> {
    let mut sentences = Vec::new();
    let mut from = 0;
    let mut ended = false;
    for (at, ch) in note.char_indices() {
        let ends = matches!(ch, '.' | '!' | '?' | '…');
        // The blanks between two sentences belong to the second; a line break ends the first one itself.
        if (ended && ch.is_whitespace()) || ch == '\n' {
            let after = if ch == '\n' { at + 1 } else { at };
            sentences.push(from..after);
            from = after;
        }
        ended = ends;
    }
    sentences.push(from..note.len());
    sentences.retain(|range| note[range.clone()].chars().any(char::is_alphanumeric));
    sentences
}

fn without(note: &str, ranges: &[Range<usize>]) -> String {
    let mut rest = String::with_capacity(note.len());
    let mut at = 0;
    for range in ranges {
        rest.push_str(&note[at..range.start]);
        at = range.end;
    }
    rest.push_str(&note[at..]);
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_cover_the_note_once() {
        let note = "Hi Ana! Nice talk... Call me?\nBye";
        let found: Vec<&str> = sentences(note).into_iter().map(|range| &note[range]).collect();
        assert_eq!(found.concat(), note);
        assert_eq!(found.len(), 4, "{found:?}");
    }
}
