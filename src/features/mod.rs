//! The one extractor: training counts what it emits, scoring sums it, explaining marks it.

mod fingerprint;
mod memo;
mod original;
mod sums;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::text::{LONG, Language, Short, Stemmer, TokenKind, Tokens};
use fingerprint::{CHAR_SEED, finish, next_unit, skip_units, step_char, surface_fingerprint, unit_hash};
use memo::{Key, Memo};
use sums::Sums;

pub(crate) use fingerprint::fingerprint;
pub(crate) use original::{Original, Spanning};

/// Which features a model reads. Stored in the model, so that a note is always read as its training notes were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureSettings {
    /// Stem words of this language; `None` leaves them as they are.
    pub stem: Option<Language>,
    /// Word n-grams of 1 to this many tokens (1 to 3).
    pub word_ngrams: usize,
    /// Character n-grams within words, shortest and longest (2 to 6); `None` for none.
    pub char_ngrams: Option<(usize, usize)>,
    /// Whole words as they stand, unstemmed: the rows that word vectors were folded into.
    pub surface_words: bool,
    /// Pairs of tokens with one or two others between them.
    pub skip_bigrams: bool,
}

impl Default for FeatureSettings {
    fn default() -> Self {
        Self { stem: Some(Language::English), word_ngrams: 3, char_ngrams: Some((3, 5)), skip_bigrams: true, surface_words: false }
    }
}

impl FeatureSettings {
    /// Says what is out of range, if anything is.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !(1..=3).contains(&self.word_ngrams) {
            return Err(format!("word_ngrams is {}, not 1 to 3", self.word_ngrams));
        }
        match self.char_ngrams {
            Some((shortest, longest)) if shortest < 2 || longest > 6 || shortest > longest => {
                Err(format!("char_ngrams is {shortest} to {longest}, not within 2 to 6"))
            }
            _ => Ok(()),
        }
    }
}

/// The family that a feature belongs to. Each is normalised by its own count, so that the many character n-grams of a
/// note do not drown its few words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Block {
    /// Word n-grams.
    Word,
    /// Character n-grams within words.
    Char,
    /// Skip-bigrams.
    Skip,
    /// Whole words as they stand, with what word vectors say of them.
    Surface,
}

impl Block {
    /// How many blocks there are.
    pub const COUNT: usize = 4;

    /// The blocks, in the order of a model's rows.
    pub(crate) const ALL: [Self; Self::COUNT] = [Self::Word, Self::Char, Self::Skip, Self::Surface];

    /// How often a feature of this block counts that a note has `occurrences` times (1 or more). What is within a word counts with every word, so that a word
    /// always comes to the same; what is made of words, once. Cross-validated, that was better by 0.0008 in log loss than once for all, and every time for
    /// all worse by 0.0018.
    #[must_use]
    pub fn times(self, occurrences: u32) -> u32 {
        match self {
            Self::Word | Self::Skip => 1,
            Self::Char | Self::Surface => occurrences,
        }
    }
}

/// One occurrence of a feature in a note.
#[derive(Clone, Copy, Debug)]
pub struct Gram<'a> {
    /// The 64-bit fingerprint of the block and the text.
    pub fingerprint: u64,
    /// The family.
    pub block: Block,
    /// Whether it is a word by itself, and not an n-gram, a mark or a part of a word.
    pub is_word: bool,
    /// Index of the first token that it covers.
    pub first: usize,
    /// Index of the last token that it covers.
    pub last: usize,
    source: Source<'a>,
}

#[derive(Clone, Copy, Debug)]
enum Source<'a> {
    /// The units from one to another; of a skip-bigram, the ends.
    Units(&'a Units, usize, usize),
    Chars(&'a [char]),
    Word(&'a str),
}

impl Gram<'_> {
    /// The feature's text: stems joined by spaces, or characters with `_` for a word's edge. `‹` and `›` are the note's
    /// beginning and end.
    #[must_use]
    pub fn text(&self) -> String {
        match self.source {
            Source::Units(units, from, to) if self.block == Block::Skip => format!("{} * {}", units.text(from), units.text(to)),
            Source::Units(units, from, to) => {
                let texts: Vec<&str> = (from..=to).map(|at| units.text(at)).collect();
                texts.join(" ")
            }
            Source::Chars(chars) => chars.iter().collect(),
            Source::Word(word) => word.to_owned(),
        }
    }

    /// The first and the last of the units that it is made of, counted from the note's beginning, which is 0; `None` for what is within a word.
    pub(crate) fn units(&self) -> Option<(usize, usize)> {
        match self.source {
            Source::Units(_, from, to) => Some((from, to)),
            Source::Chars(_) | Source::Word(_) => None,
        }
    }

    /// Whether this is its text, found out without making it.
    #[cfg(feature = "train")]
    pub(crate) fn has_text(&self, text: &str) -> bool {
        let is_units = |(mut from, to): (usize, usize), units: &Units, between: &str| {
            let mut rest = text.strip_prefix(units.text(from));
            while from < to {
                from = if self.block == Block::Skip { to } else { from + 1 };
                rest = rest.and_then(|rest| rest.strip_prefix(between)?.strip_prefix(units.text(from)));
            }
            rest.is_some_and(str::is_empty)
        };
        match self.source {
            Source::Units(units, from, to) => is_units((from, to), units, if self.block == Block::Skip { " * " } else { " " }),
            Source::Chars(chars) => text.chars().eq(chars.iter().copied()),
            Source::Word(word) => text == word,
        }
    }
}

/// What word n-grams are made of: the stems of words, and other tokens as they stand, between the note's two edges.
#[derive(Debug, Default)]
struct Units {
    hashes: Vec<u64>,
    is_word: Vec<bool>,
    /// Their texts, one after the other, and where each ends. The scorer leaves them out.
    texts: String,
    ends: Vec<usize>,
}

impl Units {
    const FIRST: &'static str = "‹";
    const LAST: &'static str = "›";

    fn clear(&mut self) {
        self.hashes.clear();
        self.is_word.clear();
        self.texts.clear();
        self.ends.clear();
    }

    fn add(&mut self, text: &str, hash: u64, is_word: bool) {
        self.hashes.push(hash);
        self.is_word.push(is_word);
        self.texts.push_str(text);
        self.ends.push(self.texts.len());
    }

    /// The feature that the units from one to another are.
    fn gram(&self, block: Block, fingerprint: u64, is_word: bool, from: usize, to: usize) -> Gram<'_> {
        let edge = self.hashes.len() - 1;
        Gram { fingerprint, block, is_word, first: from.max(1) - 1, last: to.min(edge - 1) - 1, source: Source::Units(self, from, to) }
    }

    fn text(&self, at: usize) -> &str {
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.texts[start..self.ends[at]]
    }
}

/// Working memory of the extractor, to be reused from note to note. It also remembers what the words that it has met came to, up to some thousands of them, since
/// words come again and again.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The tokens of the note that was read last.
    pub tokens: Tokens,
    units: Units,
    stems: Stems,
    /// A word's characters between its two edges.
    letters: Vec<char>,
    pub(crate) sums: Sums,
    /// The logits of the stored columns, eight by eight, where a row has their weights.
    pub(crate) columns: Vec<[f32; 8]>,
}

/// Stems that were worked out before.
#[derive(Debug, Default)]
struct Stems {
    /// What they were made by.
    language: Option<Language>,
    known: Memo<Stem>,
}

/// A stem of up to 23 bytes and its hash.
#[derive(Clone, Copy, Debug, Default)]
struct Stem {
    bytes: [u8; 23],
    length: u8,
    hash: u64,
}

impl Stem {
    fn new(text: &str, hash: u64) -> Option<Self> {
        let mut stem = Self { length: text.len() as u8, hash, ..Self::default() };
        stem.bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(stem)
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

/// Turns notes into features.
///
/// ```
/// use thinktwice::features::{Extractor, FeatureSettings, Scratch};
///
/// let settings = FeatureSettings { stem: None, word_ngrams: 2, char_ngrams: None, skip_bigrams: false, ..FeatureSettings::default() };
/// let mut grams = Vec::new();
/// Extractor::new(&settings).visit("Hello you", &mut Scratch::default(), |gram| grams.push(gram.text()));
/// assert_eq!(grams, ["hello", "you", "‹ hello", "hello you", "you ›"]);
/// ```
#[derive(Debug)]
pub struct Extractor {
    settings: FeatureSettings,
    stemmer: Stemmer,
    /// The hashes of a note's two edges.
    edges: [u64; 2],
}

impl Extractor {
    /// An extractor of the features that `settings` names.
    #[must_use]
    pub fn new(settings: &FeatureSettings) -> Self {
        Self { stemmer: Stemmer::new(settings.stem), settings: settings.clone(), edges: [Units::FIRST, Units::LAST].map(unit_hash) }
    }

    /// Calls `visit` with every feature of `note`, kind by kind, in the note's order. Afterwards `scratch.tokens` are the note's.
    pub fn visit(&self, note: &str, scratch: &mut Scratch, mut visit: impl FnMut(Gram<'_>)) {
        let Scratch { tokens, units, stems, letters, .. } = scratch;
        tokens.read(note);
        units.clear();
        let [first, last] = self.edges;
        units.add(Units::FIRST, first, false);
        for (index, token) in tokens.iter().enumerate() {
            self.stem(stems, (token.kind, token.text), tokens.short(index), |stem, hash| {
                units.add(stem, hash, token.kind == TokenKind::Word);
            });
        }
        units.add(Units::LAST, last, false);
        for unit in 1..units.hashes.len() - 1 {
            visit(units.gram(Block::Word, units.hashes[unit], units.is_word[unit], unit, unit));
        }
        self.word_ngrams(&units.hashes, |fingerprint, from, to| visit(units.gram(Block::Word, fingerprint, false, from, to)));
        self.skip_bigrams(&units.hashes, |fingerprint, from, to| visit(units.gram(Block::Skip, fingerprint, false, from, to)));
        let words = || tokens.iter().enumerate().filter(|(_, token)| token.kind == TokenKind::Word);
        for (index, token) in words() {
            self.visit_chars(token.text, index, letters, &mut visit);
        }
        for (index, token) in words() {
            self.visit_surface(token.text, index, &mut visit);
        }
    }

    /// Calls `then` with the stem of a word, or another token as it stands, and the hash of that.
    fn stem<T>(&self, stems: &mut Stems, (kind, text): (TokenKind, &str), short: Short, then: impl FnOnce(&str, u64) -> T) -> T {
        if kind != TokenKind::Word {
            return then(text, unit_hash(text));
        }
        if stems.language != self.settings.stem {
            *stems = Stems { language: self.settings.stem, known: Memo::default() };
        }
        if let Some(stem) = stems.known.get(Key::new(short)) {
            return then(stem.text(), stem.hash);
        }
        let stem = self.stemmer.stem(text);
        let hash = unit_hash(&stem);
        if short != LONG
            && let Some(stem) = Stem::new(&stem, hash)
        {
            stems.known.make_room(1);
            stems.known.insert(short, stem);
        }
        then(&stem, hash)
    }

    /// The hash of a token's stem, worked out anew.
    fn unit(&self, kind: TokenKind, text: &str) -> u64 {
        unit_hash(&if kind == TokenKind::Word { self.stemmer.stem(text) } else { Cow::Borrowed(text) })
    }

    /// The n-grams of two or more of a note's units, as fingerprint, first and last unit, shorter ones first.
    fn word_ngrams(&self, units: &[u64], mut emit: impl FnMut(u64, usize, usize)) {
        // The two edges without a token between them say nothing.
        if self.settings.word_ngrams >= 2 && units.len() > 2 {
            for (from, &[first, second]) in units.array_windows().enumerate() {
                emit(next_unit(first, second), from, from + 1);
            }
        }
        if self.settings.word_ngrams >= 3 {
            for (from, &[first, second, third]) in units.array_windows().enumerate() {
                emit(next_unit(next_unit(first, second), third), from, from + 2);
            }
        }
    }

    /// Pairs of units with one or two others between them, in the same way; both edges count as units, but not as a pair.
    fn skip_bigrams(&self, units: &[u64], mut emit: impl FnMut(u64, usize, usize)) {
        if self.settings.skip_bigrams && units.len() > 3 {
            for (from, &[first, _, last]) in units.array_windows().enumerate() {
                emit(skip_units(first, last), from, from + 2);
            }
        }
        if self.settings.skip_bigrams && units.len() > 4 {
            for (from, &[first, _, _, last]) in units.array_windows().enumerate() {
                emit(skip_units(first, last), from, from + 3);
            }
        }
    }

    /// The character n-grams of the word that is the token `index`.
    fn visit_chars(&self, word: &str, index: usize, letters: &mut Vec<char>, visit: &mut impl FnMut(Gram<'_>)) {
        let Some((shortest, longest)) = self.settings.char_ngrams else { return };
        letters.clear();
        letters.push('_');
        letters.extend(word.chars());
        letters.push('_');
        for from in 0..letters.len() {
            let mut hash = CHAR_SEED;
            for (offset, &ch) in letters[from..].iter().take(longest).enumerate() {
                hash = step_char(hash, ch);
                if offset + 1 >= shortest {
                    let source = Source::Chars(&letters[from..=from + offset]);
                    visit(Gram { fingerprint: finish(hash), block: Block::Char, is_word: false, first: index, last: index, source });
                }
            }
        }
    }

    /// The word that is the token `index`, as it stands.
    fn visit_surface(&self, word: &str, index: usize, visit: &mut impl FnMut(Gram<'_>)) {
        if self.settings.surface_words {
            let fingerprint = surface_fingerprint(word);
            visit(Gram { fingerprint, block: Block::Surface, is_word: false, first: index, last: index, source: Source::Word(word) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grams(settings: &FeatureSettings, note: &str) -> Vec<(Block, String, usize, usize)> {
        let mut grams = Vec::new();
        Extractor::new(settings).visit(note, &mut Scratch::default(), |gram| {
            grams.push((gram.block, gram.text(), gram.first, gram.last));
        });
        grams
    }

    #[test]
    fn word_grams_cover_the_tokens_that_they_name() {
        let settings =
            FeatureSettings { stem: Some(Language::English), word_ngrams: 3, char_ngrams: None, skip_bigrams: false, surface_words: false };
        let word = |text: &str, first, last| (Block::Word, text.to_owned(), first, last);
        assert_eq!(
            grams(&settings, "Hiring nurses!"),
            [
                word("hire", 0, 0),
                word("nurs", 1, 1),
                word("!", 2, 2),
                word("‹ hire", 0, 0),
                word("hire nurs", 0, 1),
                word("nurs !", 1, 2),
                word("! ›", 2, 2),
                word("‹ hire nurs", 0, 1),
                word("hire nurs !", 0, 2),
                word("nurs ! ›", 1, 2),
            ]
        );
    }

    #[test]
    fn char_grams_stay_within_words() {
        let settings = FeatureSettings { stem: None, word_ngrams: 1, char_ngrams: Some((3, 4)), skip_bigrams: false, surface_words: false };
        let texts: Vec<String> =
            grams(&settings, "hi <3 you").into_iter().filter(|gram| gram.0 == Block::Char).map(|gram| gram.1).collect();
        assert_eq!(texts, ["_hi", "_hi_", "hi_", "_yo", "_you", "you", "you_", "ou_"]);
    }

    #[test]
    fn skip_bigrams_leave_one_or_two_tokens_out() {
        let settings = FeatureSettings { stem: None, word_ngrams: 1, char_ngrams: None, skip_bigrams: true, surface_words: false };
        let found = grams(&settings, "one two three").into_iter().filter(|gram| gram.0 == Block::Skip);
        let found: Vec<(String, usize, usize)> = found.map(|gram| (gram.1, gram.2, gram.3)).collect();
        let expected = [("‹ * two", 0, 1), ("one * three", 0, 2), ("two * ›", 1, 2), ("‹ * three", 0, 2), ("one * ›", 0, 2)];
        assert_eq!(found, expected.map(|(text, first, last)| (text.to_owned(), first, last)));
    }

    #[test]
    fn a_features_text_has_its_fingerprint() {
        let settings = FeatureSettings { surface_words: true, ..FeatureSettings::default() };
        let mut found = 0;
        Extractor::new(&settings).visit("Hi * ** you, it's 5 o'clock ¶\n😍 www.example.org *", &mut Scratch::default(), |gram| {
            assert_eq!(fingerprint(gram.block, &gram.text()), gram.fingerprint, "{}", gram.text());
            #[cfg(feature = "train")]
            assert!(gram.has_text(&gram.text()) && !gram.has_text(&format!("{}x", gram.text())) && !gram.has_text(""));
            found += 1;
        });
        assert!(found > 50);
    }

    #[test]
    fn a_note_without_tokens_has_no_features() {
        assert!(grams(&FeatureSettings::default(), " \u{200B} ").is_empty());
    }

    /// Stored in model files: a change here breaks every model.
    #[test]
    fn fingerprints_are_fixed() {
        for (block, text, expected) in [
            (Block::Word, "coffee", 0x33BA_27C8_95F6_B0A8),
            (Block::Word, "coffee with you", 0x92EF_3736_4717_3CEC),
            (Block::Skip, "coffee * you", 0x9660_892F_2844_5625),
            (Block::Char, "fée", 0xAB36_77A6_8A65_BCF5),
            (Block::Surface, "coffee", 0xF692_2140_5582_ECC3),
        ] {
            assert_eq!(fingerprint(block, text), expected, "{text}");
        }
    }
}
