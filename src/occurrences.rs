//! Where a note has the features that the model knows: what explaining and accepting start from.

use crate::classifier::Classifier;
use crate::features::{Block, Gram, Scratch};

/// One place of a feature in a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Occurrence {
    /// The feature's row in the model's table.
    pub(crate) row: usize,
    pub(crate) block: Block,
    /// Index of the first token that it covers.
    pub(crate) first: usize,
    /// Index of the last token that it covers.
    pub(crate) last: usize,
}

/// The known features of a note, each with all its occurrences.
pub(crate) struct Occurrences {
    /// Ascending, so that those of one feature stand together.
    sorted: Vec<Occurrence>,
    /// How many different features of each block there are.
    counts: [u32; Block::COUNT],
}

impl Occurrences {
    /// The occurrences of each feature.
    pub(crate) fn by_feature(&self) -> impl Iterator<Item = &[Occurrence]> {
        self.sorted.chunk_by(|a, b| a.row == b.row)
    }

    /// What the weights of a block's features are divided by: the square root of how many there are.
    pub(crate) fn norm(&self, block: Block) -> f32 {
        (self.counts[block as usize] as f32).sqrt()
    }
}

impl Classifier {
    /// Finds the features of a note that the model knows, and calls `unknown` with every other.
    pub(crate) fn occurrences(&self, note: &str, scratch: &mut Scratch, mut unknown: impl FnMut(&Gram<'_>)) -> Occurrences {
        let mut sorted = Vec::new();
        self.extractor().visit(note, scratch, |gram| match self.find(gram.fingerprint) {
            Some(row) => sorted.push(Occurrence { row, block: gram.block, first: gram.first, last: gram.last }),
            None => unknown(&gram),
        });
        sorted.sort_unstable();
        let mut occurrences = Occurrences { sorted, counts: [0; Block::COUNT] };
        let mut counts = [0; Block::COUNT];
        for same in occurrences.by_feature() {
            counts[same[0].block as usize] += 1;
        }
        occurrences.counts = counts;
        occurrences
    }
}
