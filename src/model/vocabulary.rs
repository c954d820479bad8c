//! The features of a model as text, so that a model can be read.

use std::ops::Range;

use crate::features::{Block, fingerprint};

/// The texts of a model's features. They stand block by block, and within a block in their order, each stored as what it does not share with the beginning of the
/// one before it ("front coding", Witten, Moffat and Bell 1999): n-grams have much in common with their neighbours.
///
/// A text is a byte whose upper half says how many bytes it shares and whose lower half how many it has of its own, each followed by a byte of its own where
/// it is 15 or more; then its own bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vocabulary {
    /// How many features each block has.
    pub(crate) blocks: [u32; Block::COUNT],
    /// The texts, one after the other.
    pub(crate) texts: Vec<u8>,
}

/// A half byte that says that the number stands in a byte of its own.
const ESCAPE: u8 = 15;

impl Vocabulary {
    /// The most bytes that a feature takes in [`Vocabulary::texts`].
    pub(crate) const LONGEST: usize = 3 + u8::MAX as usize;

    /// From features in order. Texts are at most 255 bytes long.
    #[cfg(feature = "train")]
    pub(crate) fn new<'t>(features: impl IntoIterator<Item = (Block, &'t str)>) -> Self {
        let mut vocabulary = Self::default();
        let mut before = "";
        for (block, text) in features {
            vocabulary.blocks[block as usize] += 1;
            let mut shared = before.bytes().zip(text.bytes()).take_while(|(a, b)| a == b).count();
            while !text.is_char_boundary(shared) {
                shared -= 1;
            }
            let numbers = [shared as u8, (text.len() - shared) as u8];
            let [high, low] = numbers.map(|number| number.min(ESCAPE));
            vocabulary.texts.push(high << 4 | low);
            vocabulary.texts.extend(numbers.iter().filter(|&&number| number >= ESCAPE));
            vocabulary.texts.extend_from_slice(&text.as_bytes()[shared..]);
            before = text;
        }
        vocabulary
    }

    /// How many features there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.blocks.iter().map(|&features| features as usize).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The text of every feature.
    pub fn texts(&self) -> impl Iterator<Item = String> {
        let mut rest = self.texts.as_slice();
        let mut text = Vec::new();
        (0..self.len()).map_while(move |_| {
            rest = next(rest, &mut text)?;
            String::from_utf8(text.clone()).ok()
        })
    }

    /// The features of one block, as places among all.
    pub(crate) fn rows_of(&self, block: Block) -> Range<usize> {
        let from: usize = self.blocks[..block as usize].iter().map(|&features| features as usize).sum();
        from..from + self.blocks[block as usize] as usize
    }

    /// The full fingerprint of every feature, or what is wrong with the texts.
    pub(crate) fn fingerprints(&self) -> Result<Vec<u64>, &'static str> {
        let mut rest = self.texts.as_slice();
        let mut text = Vec::new();
        let mut fingerprints = Vec::new();
        for block in Block::ALL {
            for _ in 0..self.blocks[block as usize] {
                rest = next(rest, &mut text).ok_or("a vocabulary whose texts do not end where it says")?;
                let text = std::str::from_utf8(&text).map_err(|_| "a vocabulary that is not UTF-8")?;
                fingerprints.push(fingerprint(block, text));
            }
        }
        if rest.is_empty() { Ok(fingerprints) } else { Err("a vocabulary that is longer than its texts") }
    }
}

/// Makes the text that begins at `rest` of the one before it, and returns what follows; `None` where it is not whole.
fn next<'r>(rest: &'r [u8], text: &mut Vec<u8>) -> Option<&'r [u8]> {
    let (&halves, mut rest) = rest.split_first()?;
    let mut number = |half: u8| {
        if half < ESCAPE {
            return Some(usize::from(half));
        }
        let (&byte, after) = rest.split_first()?;
        rest = after;
        Some(usize::from(byte))
    };
    let (shared, length) = (number(halves >> 4)?, number(halves & ESCAPE)?);
    let (own, rest) = rest.split_at_checked(length)?;
    if shared > text.len() || shared + length > usize::from(u8::MAX) {
        return None;
    }
    text.truncate(shared);
    text.extend_from_slice(own);
    Some(rest)
}

#[cfg(all(test, feature = "train"))]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back() {
        let long = "x".repeat(255);
        let features = [
            (Block::Word, "caf"),
            (Block::Word, "café"),
            (Block::Word, "cafè noir"),
            (Block::Word, "cafè noir et croissant"),
            (Block::Word, "cafè noir et croissants chauds"),
            (Block::Surface, "tea"),
            (Block::Surface, &long),
        ];
        let vocabulary = Vocabulary::new(features);
        assert!(vocabulary.texts().eq(features.map(|feature| feature.1)));
        assert!(vocabulary.fingerprints().expect("whole").into_iter().eq(features.map(|(block, text)| fingerprint(block, text))));
        let surface = vocabulary.rows_of(Block::Surface);
        assert!(vocabulary.texts().skip(surface.start).take(surface.len()).eq(["tea", &long]));
        assert_eq!(&vocabulary.texts[..8], b"\x03caf\x32\xC3\xA9\x37", "the first byte of è is not shared with é");
    }

    #[test]
    fn what_is_not_whole_is_found() {
        let whole = Vocabulary::new([(Block::Word, "é"), (Block::Word, "ée")]);
        let broken = |change: fn(&mut Vocabulary)| {
            let mut vocabulary = whole.clone();
            change(&mut vocabulary);
            vocabulary.fingerprints().expect_err("broken")
        };
        broken(|v| v.texts[3] = 0x11);
        broken(|v| v.texts[3] = 0x92);
        broken(|v| v.texts[3] = 0xFF);
        broken(|v| v.texts[0] = 0x12);
        broken(|v| v.texts[3] = 0x22);
        broken(|v| v.blocks[0] = 3);
        broken(|v| v.blocks[0] = u32::MAX);
        broken(|v| v.texts.push(b'x'));
    }
}
