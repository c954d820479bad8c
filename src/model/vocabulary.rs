//! The features of a model, as text and as fingerprints.

use std::ops::Range;

use crate::features::Block;
use crate::fingerprint::BITS;

/// How many bytes a stored fingerprint has.
pub(crate) const FINGERPRINT_BYTES: usize = BITS as usize / 8;

/// The features of a model. They stand block by block, and within a block in the order of their texts, each of which is stored as what it does not share with
/// the beginning of the one before it ("front coding", Witten, Moffat and Bell 1999): n-grams have much in common with their neighbours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vocabulary {
    /// How many features each block has.
    pub(crate) blocks: [u32; Block::COUNT],
    /// How many bytes each text shares with the one before it.
    pub(crate) shared: Vec<u8>,
    /// How many bytes of its own each text has.
    pub(crate) lengths: Vec<u8>,
    /// Those bytes, one text after the other.
    pub(crate) suffixes: String,
    /// The top bits of each fingerprint, big-endian.
    pub(crate) fingerprints: Vec<[u8; FINGERPRINT_BYTES]>,
    /// The class of each word of the block [`Block::Surface`]; empty where the model has no classes.
    pub(crate) classes: Vec<u16>,
}

impl Vocabulary {
    /// From features in order: block, fingerprint, text. Texts are at most 255 bytes long.
    #[cfg(feature = "train")]
    pub(crate) fn new<'t>(rows: impl IntoIterator<Item = (Block, u64, &'t str)>, classes: Vec<u16>) -> Self {
        let mut vocabulary = Self { classes, ..Self::default() };
        let mut before = "";
        for (block, fingerprint, text) in rows {
            vocabulary.blocks[block as usize] += 1;
            let mut shared = before.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
            while !text.is_char_boundary(shared) {
                shared -= 1;
            }
            vocabulary.shared.push(shared as u8);
            vocabulary.lengths.push((text.len() - shared) as u8);
            vocabulary.suffixes.push_str(&text[shared..]);
            let [a, b, c, d, e, ..] = fingerprint.to_be_bytes();
            vocabulary.fingerprints.push([a, b, c, d, e]);
            before = text;
        }
        vocabulary
    }

    /// How many features there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fingerprints.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fingerprints.is_empty()
    }

    /// The text of every feature.
    pub fn texts(&self) -> impl Iterator<Item = String> {
        let mut text = String::new();
        let mut at = 0;
        self.shared.iter().zip(&self.lengths).map(move |(&shared, &length)| {
            let end = at + usize::from(length);
            text.truncate(usize::from(shared));
            text.push_str(&self.suffixes[at..end]);
            at = end;
            text.clone()
        })
    }

    /// The rows of one block.
    pub(crate) fn rows_of(&self, block: Block) -> Range<usize> {
        let from: usize = self.blocks[..block as usize].iter().map(|&rows| rows as usize).sum();
        from..from + self.blocks[block as usize] as usize
    }

    /// Every feature's fingerprint; the bits that are not stored are 0.
    pub(crate) fn full_fingerprints(&self) -> impl Iterator<Item = u64> {
        self.fingerprints.iter().map(|&[a, b, c, d, e]| u64::from_be_bytes([a, b, c, d, e, 0, 0, 0]))
    }

    /// Says what does not fit together, if anything does.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        let n = self.len();
        if self.shared.len() != n || self.lengths.len() != n || self.blocks.iter().map(|&rows| rows as usize).sum::<usize>() != n {
            return Err("a vocabulary whose parts have different lengths");
        }
        if !self.classes.is_empty() && self.classes.len() != self.blocks[Block::Surface as usize] as usize {
            return Err("word classes for other words than those that it has");
        }
        let mut before: Vec<u8> = Vec::new();
        let mut at = 0;
        for (&shared, &length) in self.shared.iter().zip(&self.lengths) {
            let (shared, end) = (usize::from(shared), at + usize::from(length));
            let Some(suffix) = self.suffixes.get(at..end) else {
                return Err("a vocabulary whose texts do not end where it says");
            };
            // A character begins with any byte but 10xxxxxx.
            let cuts = before.get(shared).is_some_and(|byte| byte & 0b1100_0000 == 0b1000_0000);
            if shared > before.len() || cuts || shared + suffix.len() > usize::from(u8::MAX) {
                return Err("a vocabulary whose texts share what is not there");
            }
            before.truncate(shared);
            before.extend_from_slice(suffix.as_bytes());
            at = end;
        }
        if at != self.suffixes.len() {
            return Err("a vocabulary that is longer than its texts");
        }
        let mut sorted: Vec<&[u8; FINGERPRINT_BYTES]> = self.fingerprints.iter().collect();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err("two features with one fingerprint");
        }
        Ok(())
    }
}

#[cfg(all(test, feature = "train"))]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back() {
        let rows = [
            (Block::Word, 1 << 60, "caf"),
            (Block::Word, 2 << 60, "café"),
            (Block::Word, 3 << 60, "cafè noir"),
            (Block::Surface, 4 << 60, "tea"),
        ];
        let vocabulary = Vocabulary::new(rows, vec![9]);
        assert_eq!(vocabulary.check(), Ok(()));
        assert!(vocabulary.texts().eq(rows.map(|row| row.2)));
        let surface = vocabulary.rows_of(Block::Surface);
        assert!(vocabulary.texts().skip(surface.start).take(surface.len()).eq(["tea"]));
        assert!(vocabulary.full_fingerprints().eq(rows.map(|row| row.1)));
        assert_eq!(vocabulary.suffixes, "caféè noirtea", "the first byte of é is not shared");
    }

    #[test]
    fn what_does_not_fit_together_is_found() {
        let whole = Vocabulary::new([(Block::Word, 1 << 60, "é"), (Block::Word, 2 << 60, "ée")], Vec::new());
        let broken = |change: fn(&mut Vocabulary)| {
            let mut vocabulary = whole.clone();
            change(&mut vocabulary);
            vocabulary.check().expect_err("broken")
        };
        broken(|v| v.shared[1] = 1);
        broken(|v| v.shared[1] = 200);
        broken(|v| v.shared[0] = 1);
        broken(|v| v.lengths[1] = 2);
        broken(|v| v.lengths[1] = 0);
        broken(|v| v.blocks[0] = 3);
        broken(|v| v.classes = vec![1]);
        broken(|v| v.fingerprints[1] = v.fingerprints[0]);
        broken(|v| v.suffixes.push('x'));
    }
}
