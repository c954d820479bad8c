//! Each token's exact share of the logits.

use std::ops::Range;

use crate::classifier::Classifier;
use crate::features::Scratch;
use crate::occurrences::Place;
use crate::text::Token;

/// The bytes of a token and its share of every label's logit.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// The token's bytes in the note.
    pub bytes: Range<usize>,
    /// Its share of each label's logit, heads in the model's order.
    pub logits: Vec<f32>,
}

/// Adds `weights`, times `factor`, to the shares of the tokens that an n-gram at `place` is made of.
pub(crate) fn spread(weights: &[f32], factor: f32, place: Place, shares: &mut [Share]) {
    for (index, part) in place.parts() {
        for (logit, weight) in shares[index].logits.iter_mut().zip(weights) {
            *logit += weight * factor * part;
        }
    }
}

impl Classifier {
    /// Each token's share of every logit. An n-gram's weight is spread evenly over its occurrences, and there over the tokens that it is made of, so that the
    /// shares and the bias (the logits of an empty note) add up to the note's logits.
    ///
    /// ```
    /// use thinktwice::Classifier;
    /// use thinktwice::features::Scratch;
    ///
    /// let (classifier, mut scratch) = (Classifier::shipped(), Scratch::default());
    /// let note = "Are you single?";
    /// let bias = classifier.score("", &mut scratch).logits[0];
    /// let logit = classifier.score(note, &mut scratch).logits[0];
    /// let shares: f32 = classifier.shares(note, &mut scratch).iter().map(|share| share.logits[0]).sum();
    /// assert!((bias + shares - logit).abs() < 1e-3);
    /// ```
    #[must_use]
    pub fn shares(&self, note: &str, scratch: &mut Scratch) -> Vec<Share> {
        let occurrences = self.occurrences(note, scratch, |_| {});
        let columns = self.stored_columns();
        let mut sums = vec![0.0; scratch.tokens.len() * columns];
        let mut weights = Vec::with_capacity(columns);
        for same in occurrences.by_feature() {
            let factor = occurrences.factor(same) / same.len() as f32;
            weights.clear();
            weights.extend(self.stored_weights(same[0].row as usize).map(|weight| weight * factor));
            for (index, part) in same.iter().flat_map(|occurrence| occurrence.place.parts()) {
                for (sum, weight) in sums[index * columns..][..columns].iter_mut().zip(&weights) {
                    *sum += weight * part;
                }
            }
        }
        let of_token = |(token, sums): (Token<'_>, &[f32])| Share { bytes: token.start..token.end, logits: self.about().expand(sums) };
        let mut shares: Vec<Share> = scratch.tokens.iter().zip(sums.chunks_exact(columns)).map(of_token).collect();
        self.accept_in_shares(note, scratch, &mut shares);
        shares
    }
}
