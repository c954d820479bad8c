//! Accepted phrases: words that the user has looked at once and wants to keep are not held against the note.
//!
//! A phrase is found wherever its tokens stand in the note one after the other, so upper and lower case, white space and look-alike
//! characters make no difference, and a phrase never begins or ends inside a word. Two texts that are one to the model (any two
//! numbers, any two links) are one here too.
//!
//! A feature counts as accepted where each of its occurrences covers accepted tokens only; one that reaches beyond the phrase, or
//! also stands elsewhere in the note, keeps its full weight. Of an accepted feature, the weight of each label that the policy does
//! not send is lowered to the smallest weight that it has for a label that is sent, if it is above that. So it speaks for no such label
//! any more, whatever good it does stays, and accepting a phrase never makes a note look worse. The words themselves count as
//! known, and never as a sign that the text is no note.

use crate::classifier::{Classifier, Scores, softmax};
use crate::explain::{Share, spread};
use crate::features::Scratch;
use crate::occurrences::{Occurrence, Place};
use crate::policy::Verdict;
use crate::text::{TokenKind, Tokens};

/// The phrases as tokens.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accepted {
    phrases: Vec<Vec<(TokenKind, String)>>,
}

impl Accepted {
    /// Reads the phrases.
    pub(crate) fn new(phrases: &[String]) -> Self {
        let mut tokens = Tokens::default();
        let read = |phrase: &String| {
            tokens.read(phrase);
            tokens.iter().map(|token| (token.kind, token.text.to_owned())).collect()
        };
        Self { phrases: phrases.iter().map(read).collect() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.phrases.is_empty()
    }

    /// Which tokens stand in an accepted phrase.
    fn mark(&self, tokens: &Tokens) -> Vec<bool> {
        let note: Vec<(TokenKind, &str)> = tokens.iter().map(|token| (token.kind, token.text)).collect();
        let mut accepted = vec![false; note.len()];
        for phrase in &self.phrases {
            for from in 0..(note.len() + 1).saturating_sub(phrase.len()) {
                let here = &note[from..from + phrase.len()];
                if here.iter().zip(phrase).all(|(token, (kind, text))| token.0 == *kind && token.1 == text) {
                    accepted[from..from + phrase.len()].fill(true);
                }
            }
        }
        accepted
    }
}

/// What is taken back of one accepted feature.
struct Excess {
    /// Of every logit.
    logits: Vec<f32>,
    /// Where it stands.
    occurrences: Vec<Place>,
}

impl Classifier {
    /// Takes out of `scores` what accepted phrases have put in. `scratch` holds nothing of the note that this needs.
    pub(crate) fn accept_in_scores(&self, note: &str, scratch: &mut Scratch, scores: &mut Scores) {
        if self.accepted().is_empty() {
            return;
        }
        let (excesses, unknown_words) = self.excesses(note, scratch);
        scores.known_words += unknown_words;
        for excess in excesses {
            for (logit, excess) in scores.logits.iter_mut().chain(&mut scores.out_of_scope).zip(&excess.logits) {
                *logit -= excess;
            }
        }
        scores.probabilities.clone_from(&scores.logits);
        for range in self.head_ranges() {
            softmax(&mut scores.probabilities[range]);
        }
    }

    /// Takes the same out of the tokens' shares, so that these still add up to the logits.
    pub(crate) fn accept_in_shares(&self, note: &str, scratch: &mut Scratch, shares: &mut [Share]) {
        if self.accepted().is_empty() {
            return;
        }
        for Excess { logits, occurrences } in self.excesses(note, scratch).0 {
            let factor = -1.0 / occurrences.len() as f32;
            for &place in &occurrences {
                spread(&logits, factor, place, shares);
            }
        }
    }

    /// What is taken back of each accepted feature, and how many accepted words the model does not know.
    fn excesses(&self, note: &str, scratch: &mut Scratch) -> (Vec<Excess>, usize) {
        scratch.tokens.read(note);
        let accepted = self.accepted().mark(&scratch.tokens);
        let mut unknown_words = 0;
        let occurrences = self.occurrences(note, scratch, |gram| unknown_words += usize::from(gram.is_word && accepted[gram.first]));
        let is_accepted = |same: &&[Occurrence]| same.iter().all(|occurrence| occurrence.place.tokens().all(|token| accepted[token]));
        let excess = |same: &[Occurrence]| {
            let factor = occurrences.factor(same);
            Excess {
                logits: self.excess(&self.weights(same[0].row as usize)).into_iter().map(|weight| weight * factor).collect(),
                occurrences: same.iter().map(|occurrence| occurrence.place).collect(),
            }
        };
        (occurrences.by_feature().filter(is_accepted).map(excess).collect(), unknown_words)
    }

    /// By how much a row's weights speak for labels that are not sent.
    fn excess(&self, weights: &[f32]) -> Vec<f32> {
        let mut excess = vec![0.0; weights.len()];
        let mut end = 0;
        for (head, range) in self.head_ranges().enumerate() {
            let rulings = self.rulings().of(head);
            let sent =
                weights[range.clone()].iter().zip(rulings).filter(|(_, ruling)| ruling.verdict == Verdict::Send).map(|(weight, _)| *weight);
            let least = sent.fold(f32::INFINITY, f32::min);
            end = range.end;
            for (at, ruling) in range.zip(rulings) {
                if ruling.verdict != Verdict::Send && least.is_finite() {
                    excess[at] = (weights[at] - least).max(0.0);
                }
            }
        }
        for (excess, weight) in excess[end..].iter_mut().zip(&weights[end..]) {
            *excess = weight.max(0.0);
        }
        excess
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(phrases: &[&str], note: &str) -> Vec<String> {
        let phrases: Vec<String> = phrases.iter().map(|&phrase| phrase.to_owned()).collect();
        let mut tokens = Tokens::default();
        tokens.read(note);
        let accepted = Accepted::new(&phrases).mark(&tokens);
        tokens.iter().zip(accepted).filter(|(_, accepted)| *accepted).map(|(token, _)| note[token.start..token.end].to_owned()).collect()
    }

    #[test]
    fn phrases_are_found_as_words_whatever_their_case_and_blanks() {
        assert_eq!(marked(&["coffee  Chat"], "A COFFEE\tchat, coffee chats, decoffee chat"), ["COFFEE", "chat"]);
        assert_eq!(marked(&["date", "love"], "Update: dates, date. I love loved"), ["date", "love"]);
        assert_eq!(marked(&["a b", "b c"], "a b c"), ["a", "b", "c"], "overlapping phrases");
        assert_eq!(marked(&["a b c"], "a b"), [""; 0]);
        assert_eq!(marked(&["single?"], "single, single?"), ["single", "?"]);
    }
}
