//! Where a note has the features that the model knows: what accepting starts from.

use std::ops::RangeInclusive;

use crate::classifier::Classifier;
use crate::features::{Block, Gram, Scratch};

/// One place of a feature in a note.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Occurrence {
    /// The feature's row in the model's table.
    pub(crate) row: u32,
    pub(crate) block: Block,
    pub(crate) place: Place,
}

/// Where an occurrence of an n-gram stands in a note, in tokens, and which of them it is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    first: u32,
    last: u32,
    made_of: MadeOf,
}

#[derive(Clone, Copy, Debug)]
enum MadeOf {
    All,
    /// What a skip-bigram skips has no part in it.
    Ends,
    /// A skip-bigram whose one end is the edge of the note, which is no token.
    First,
    Last,
}

impl Place {
    /// The place of `gram` in a note of `tokens` tokens.
    fn of(gram: &Gram<'_>, tokens: usize) -> Self {
        match gram.units() {
            Some(units) => Self::of_units(gram.block, units, tokens),
            None => Self { first: gram.first as u32, last: gram.last as u32, made_of: MadeOf::All },
        }
    }

    /// The place of an n-gram from one unit to another, of which the first stands before the token 0, and the last behind the last one.
    pub(crate) fn of_units(block: Block, (from, to): (usize, usize), tokens: usize) -> Self {
        let made_of = match block {
            Block::Skip if from == 0 => MadeOf::Last,
            Block::Skip if to > tokens => MadeOf::First,
            Block::Skip => MadeOf::Ends,
            Block::Word | Block::Char | Block::Surface => MadeOf::All,
        };
        Self { first: from.max(1) as u32 - 1, last: to.min(tokens) as u32 - 1, made_of }
    }

    /// All tokens from the first to the last, whether it is made of them or skips them.
    pub(crate) fn tokens(self) -> RangeInclusive<usize> {
        self.first as usize..=self.last as usize
    }

    /// The tokens that it is made of, and the share of each, all the same: together 1.
    pub(crate) fn parts(self) -> impl Iterator<Item = (usize, f32)> {
        let (first, last) = (self.first as usize, self.last as usize);
        // No n-gram is made of more than three.
        let (tokens, count) = match self.made_of {
            MadeOf::All => ([first, first + 1, last], last - first + 1),
            MadeOf::Ends => ([first, last, last], 2),
            MadeOf::First => ([first; 3], 1),
            MadeOf::Last => ([last; 3], 1),
        };
        let part = [1.0, 0.5, 1.0 / 3.0][count - 1];
        tokens.into_iter().take(count).map(move |index| (index, part))
    }
}

/// The known features of a note, each with all its occurrences.
pub(crate) struct Occurrences {
    /// By their rows, so that those of one feature stand together.
    sorted: Vec<Occurrence>,
    /// How often features of each block count.
    counts: [u32; Block::COUNT],
}

impl Occurrences {
    /// The occurrences of each feature.
    pub(crate) fn by_feature(&self) -> impl Iterator<Item = &[Occurrence]> {
        self.sorted.chunk_by(|a, b| a.row == b.row)
    }

    /// What the weights of a feature with these occurrences are multiplied with: how often it counts, divided by the square root of how often features of its block do.
    pub(crate) fn factor(&self, same: &[Occurrence]) -> f32 {
        times(same) as f32 / (self.counts[same[0].block as usize] as f32).sqrt()
    }
}

/// How often a feature with these occurrences counts.
fn times(same: &[Occurrence]) -> u32 {
    same[0].block.times(same.len() as u32)
}

impl Classifier {
    /// Finds the features of a note that the model knows, and calls `unknown` with every other.
    pub(crate) fn occurrences(&self, note: &str, scratch: &mut Scratch, mut unknown: impl FnMut(&Gram<'_>)) -> Occurrences {
        scratch.tokens.read(note);
        let tokens = scratch.tokens.len();
        let mut sorted = Vec::new();
        self.extractor().visit(note, scratch, |gram| match self.find(gram.fingerprint) {
            Some(row) => sorted.push(Occurrence { row: row as u32, block: gram.block, place: Place::of(&gram, tokens) }),
            None => unknown(&gram),
        });
        // Those of one feature stay in the order of the note.
        sorted.sort_by_key(|occurrence| occurrence.row);
        let mut occurrences = Occurrences { sorted, counts: [0; Block::COUNT] };
        let mut counts = [0; Block::COUNT];
        for same in occurrences.by_feature() {
            counts[same[0].block as usize] += times(same);
        }
        occurrences.counts = counts;
        occurrences
    }
}
