//! Each token's exact share of the logits.

use std::ops::Range;

use crate::classifier::{Classifier, Scores};
use crate::features::{Block, Original, Scratch, Spanning};
use crate::occurrences::Place;
use crate::table::KEPT_BYTES;
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
        self.score_into(note, scratch, &mut Scores::default());
        self.shares_of(note, &self.original(scratch), scratch)
    }

    /// The same of a note that was scored last with `scratch`, and then laid out.
    pub(super) fn shares_of(&self, note: &str, original: &Original, scratch: &mut Scratch) -> Vec<Share> {
        let count = scratch.tokens.len();
        let norms = Block::ALL.map(|block| 1.0 / (original.count(block).max(1) as f32).sqrt());
        // Eight columns at once, as the table has them; the kept bytes, which are no weights, are scaled to nothing.
        let scale = self.scale_in_eights();
        let eights = scale.len();
        let mut sums = vec![[0.0_f32; 8]; count * eights];
        for (token, sums) in sums.chunks_exact_mut(eights).enumerate() {
            for (block, within) in original.within(token) {
                for ((sum, lanes), scale) in sums.iter_mut().zip(within).zip(scale) {
                    for ((sum, total), scale) in sum.iter_mut().zip(lanes).zip(scale) {
                        *sum += *total as f32 * scale * norms[block as usize];
                    }
                }
            }
        }
        for Spanning { row, block, units, part } in original.spanning() {
            let factor = norms[block as usize] * part;
            for (eight, (weights, scale)) in self.row(row).iter().zip(scale).enumerate() {
                let mut parts = [0.0; 8];
                for ((part, weight), scale) in parts.iter_mut().zip(weights).zip(scale) {
                    *part = f32::from(weight.cast_signed()) * scale * factor;
                }
                for (index, part) in Place::of_units(block, units, count).parts() {
                    for (sum, weight) in sums[index * eights + eight].iter_mut().zip(&parts) {
                        *sum += weight * part;
                    }
                }
            }
        }
        let columns = KEPT_BYTES..KEPT_BYTES + self.about().columns();
        let logits = |sums: &[[f32; 8]]| self.about().expand(&sums.as_flattened()[columns.clone()]);
        let of_token = |(token, sums): (Token<'_>, &[[f32; 8]])| Share { bytes: token.start..token.end, logits: logits(sums) };
        let mut shares: Vec<Share> = scratch.tokens.iter().zip(sums.chunks_exact(eights)).map(of_token).collect();
        self.accept_in_shares(note, scratch, &mut shares);
        shares
    }
}
