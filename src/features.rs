//! The one extractor: training counts what it emits, scoring sums it, explaining marks it.

use serde::{Deserialize, Serialize};

use crate::text::{Language, StemMemo, Stemmer, TokenKind, Tokens};

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
    /// Units of the padded sequence: token texts between the two edges.
    Units(&'a [Unit], &'a str),
    /// The two ends of such a sequence, with whatever stands between them.
    Ends(&'a [Unit], &'a str),
    Chars(&'a [char]),
    Word(&'a str),
}

impl Gram<'_> {
    /// The feature's text: stems joined by spaces, or characters with `_` for a word's edge. `‹` and `›` are the note's
    /// beginning and end.
    #[must_use]
    pub fn text(&self) -> String {
        match self.source {
            Source::Units(units, stems) => {
                let texts: Vec<&str> = units.iter().map(|unit| &stems[unit.text.0..unit.text.1]).collect();
                texts.join(" ")
            }
            Source::Ends([first, .., last], stems) => {
                format!("{} * {}", &stems[first.text.0..first.text.1], &stems[last.text.0..last.text.1])
            }
            Source::Ends(..) => String::new(),
            Source::Chars(chars) => chars.iter().collect(),
            Source::Word(word) => word.to_owned(),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Unit {
    hash: u64,
    is_word: bool,
    text: (usize, usize),
}

/// Working memory of the extractor, to be reused from note to note.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The tokens of the note that was read last.
    pub tokens: Tokens,
    /// The fingerprint of each token that is a word, as it stands.
    words: Vec<u64>,
    memo: StemMemo,
    stems: String,
    units: Vec<Unit>,
    chars: Vec<char>,
    /// The rows of the table that the note has hit.
    pub(crate) hits: Hits,
}

/// Turns notes into features.
///
/// ```
/// use thinktwice::features::{Extractor, FeatureSettings, Scratch};
///
/// let settings = FeatureSettings { stem: None, word_ngrams: 2, char_ngrams: None, skip_bigrams: false, ..FeatureSettings::default() };
/// let mut grams = Vec::new();
/// Extractor::new(&settings).visit("Hello you", &mut Scratch::default(), |gram| grams.push(gram.text()));
/// assert_eq!(grams, ["‹ hello", "hello", "hello you", "you", "you ›"]);
/// ```
#[derive(Debug)]
pub struct Extractor {
    settings: FeatureSettings,
    stemmer: Stemmer,
}

impl Extractor {
    /// An extractor of the features that `settings` names.
    #[must_use]
    pub fn new(settings: &FeatureSettings) -> Self {
        Self { stemmer: Stemmer::new(settings.stem), settings: settings.clone() }
    }

    /// Calls `visit` with every feature of `note`, block by block, in the note's order. Afterwards `scratch.tokens` are the note's.
    pub fn visit(&self, note: &str, scratch: &mut Scratch, mut visit: impl FnMut(Gram<'_>)) {
        scratch.tokens.read(note);
        scratch.words.clear();
        scratch.words.extend(scratch.tokens.iter().map(|token| surface_fingerprint(token.text)));
        self.visit_words(scratch, &mut visit);
        if let Some((shortest, longest)) = self.settings.char_ngrams {
            visit_chars(scratch, shortest, longest, &mut visit);
        }
        if self.settings.surface_words {
            let words = scratch.tokens.iter().zip(&scratch.words).enumerate();
            for (index, (token, &fingerprint)) in words.filter(|(_, (token, _))| token.kind == TokenKind::Word) {
                visit(Gram {
                    fingerprint,
                    block: Block::Surface,
                    is_word: false,
                    first: index,
                    last: index,
                    source: Source::Word(token.text),
                });
            }
        }
    }

    fn visit_words(&self, scratch: &mut Scratch, visit: &mut impl FnMut(Gram<'_>)) {
        let Scratch { tokens, words, memo, stems, units, .. } = scratch;
        let mut padded = Padded::new(stems, units);
        for (token, &word) in tokens.iter().zip(words.iter()) {
            match token.kind {
                TokenKind::Word => memo.stem(&self.stemmer, token.text, word, unit_hash, |stem, hash| padded.add_hashed(stem, hash, true)),
                _ => padded.add(token.text),
            }
        }
        padded.close();
        visit_units(units, stems, self.settings.word_ngrams, visit);
        if self.settings.skip_bigrams {
            visit_skips(units, stems, visit);
        }
    }
}

/// A sequence of units between the note's two edges.
struct Padded<'s> {
    texts: &'s mut String,
    units: &'s mut Vec<Unit>,
}

impl<'s> Padded<'s> {
    fn new(texts: &'s mut String, units: &'s mut Vec<Unit>) -> Self {
        texts.clear();
        units.clear();
        let mut padded = Self { texts, units };
        padded.add("‹");
        padded
    }

    fn add(&mut self, text: &str) {
        self.add_hashed(text, unit_hash(text), false);
    }

    fn add_hashed(&mut self, text: &str, hash: u64, is_word: bool) {
        let start = self.texts.len();
        self.texts.push_str(text);
        self.units.push(Unit { hash, is_word, text: (start, self.texts.len()) });
    }

    fn close(mut self) {
        self.add("›");
    }
}

fn visit_units(units: &[Unit], texts: &str, longest: usize, visit: &mut impl FnMut(Gram<'_>)) {
    let edge = units.len() - 1;
    for from in 0..edge {
        let mut hash = WORD_SEED;
        for (length, unit) in units[from..].iter().take(longest).enumerate() {
            hash = step(hash, unit.hash);
            let to = from + length;
            // An edge alone says nothing, and the two edges without a token between them neither.
            if to == 0 || (from == 0 && to == edge && edge == 1) {
                continue;
            }
            visit(Gram {
                fingerprint: finish(hash),
                block: Block::Word,
                is_word: length == 0 && units[from].is_word,
                first: from.max(1) - 1,
                last: to.min(edge - 1) - 1,
                source: Source::Units(&units[from..=to], texts),
            });
        }
    }
}

/// Pairs of units with one or two others between them; both edges count as units.
fn visit_skips(units: &[Unit], texts: &str, visit: &mut impl FnMut(Gram<'_>)) {
    let edge = units.len() - 1;
    for from in 0..edge {
        for to in (from + 2..=from + 3).take_while(|&to| to <= edge).filter(|&to| from > 0 || to < edge) {
            visit(Gram {
                fingerprint: finish(step(step(SKIP_SEED, units[from].hash), units[to].hash)),
                block: Block::Skip,
                is_word: false,
                first: from.max(1) - 1,
                last: to.min(edge - 1) - 1,
                source: Source::Ends(&units[from..=to], texts),
            });
        }
    }
}

/// Which of the table's rows a note has hit already: each counts once, however often it occurs.
#[derive(Debug, Default)]
pub(crate) struct Hits {
    seen: Vec<u64>,
    rows: Vec<u32>,
}

impl Hits {
    /// Forgets the last note, and makes room for a table of `rows` rows.
    pub(crate) fn clear(&mut self, rows: usize) {
        for &row in &self.rows {
            self.seen[row as usize / 64] = 0;
        }
        self.rows.clear();
        let words = rows.div_ceil(64);
        if self.seen.len() < words {
            self.seen.resize(words, 0);
        }
    }

    /// Whether it is the first time.
    pub(crate) fn insert(&mut self, row: usize) -> bool {
        let (word, bit) = (row / 64, 1 << (row % 64));
        let first = self.seen[word] & bit == 0;
        if first {
            self.seen[word] |= bit;
            self.rows.push(row as u32);
        }
        first
    }
}

/// The fingerprint of a whole word as it stands.
fn surface_fingerprint(word: &str) -> u64 {
    finish(word.chars().fold(SURFACE_SEED, step_char))
}

/// What a stem, or a token that is no word, puts into the fingerprint of an n-gram.
fn unit_hash(text: &str) -> u64 {
    text.chars().fold(WORD_SEED, step_char)
}

/// The fingerprint of the feature that has this text.
pub(crate) fn fingerprint(block: Block, text: &str) -> u64 {
    match block {
        Block::Word => finish(text.split(' ').fold(WORD_SEED, |hash, text| step(hash, unit_hash(text)))),
        Block::Skip => {
            let (first, _) = text.split_once(' ').unwrap_or((text, ""));
            let (_, last) = text.rsplit_once(' ').unwrap_or(("", text));
            finish(step(step(SKIP_SEED, unit_hash(first)), unit_hash(last)))
        }
        Block::Char => finish(text.chars().fold(CHAR_SEED, step_char)),
        Block::Surface => surface_fingerprint(text),
    }
}

fn visit_chars(scratch: &mut Scratch, shortest: usize, longest: usize, visit: &mut impl FnMut(Gram<'_>)) {
    for (index, token) in scratch.tokens.iter().enumerate() {
        if token.kind != TokenKind::Word {
            continue;
        }
        let chars = &mut scratch.chars;
        chars.clear();
        chars.push('_');
        chars.extend(token.text.chars());
        chars.push('_');
        for from in 0..chars.len() {
            let mut hash = CHAR_SEED;
            for (offset, &ch) in chars[from..].iter().take(longest).enumerate() {
                hash = step_char(hash, ch);
                if offset + 1 >= shortest {
                    visit(Gram {
                        fingerprint: finish(hash),
                        block: Block::Char,
                        is_word: false,
                        first: index,
                        last: index,
                        source: Source::Chars(&chars[from..=from + offset]),
                    });
                }
            }
        }
    }
}

// Fingerprints are stored in model files: these functions are part of the format. The step is FNV-1a over characters
// (Fowler, Noll and Vo), the finish is the 64-bit finaliser of MurmurHash3.

const WORD_SEED: u64 = 0xCBF2_9CE4_8422_2325;
const SURFACE_SEED: u64 = 0x9E37_79B9_7F4A_7C15;
const SKIP_SEED: u64 = 0x1656_67B1_9E37_79F9;
const CHAR_SEED: u64 = 0x8422_2325_CBF2_9CE4;

fn step_char(hash: u64, ch: char) -> u64 {
    step(hash, u64::from(ch))
}

fn step(hash: u64, value: u64) -> u64 {
    (hash ^ value).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(23)
}

fn finish(mut hash: u64) -> u64 {
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xC4CE_B9FE_1A85_EC53);
    hash ^ (hash >> 33)
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
                word("‹ hire", 0, 0),
                word("‹ hire nurs", 0, 1),
                word("hire", 0, 0),
                word("hire nurs", 0, 1),
                word("hire nurs !", 0, 2),
                word("nurs", 1, 1),
                word("nurs !", 1, 2),
                word("nurs ! ›", 1, 2),
                word("!", 2, 2),
                word("! ›", 2, 2),
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
        let expected = [("‹ * two", 0, 1), ("‹ * three", 0, 2), ("one * three", 0, 2), ("one * ›", 0, 2), ("two * ›", 1, 2)];
        assert_eq!(found, expected.map(|(text, first, last)| (text.to_owned(), first, last)));
    }

    #[test]
    fn a_features_text_has_its_fingerprint() {
        let settings = FeatureSettings { surface_words: true, ..FeatureSettings::default() };
        let mut found = 0;
        Extractor::new(&settings).visit("Hi * ** you, it's 5 o'clock ¶\n😍 www.example.org *", &mut Scratch::default(), |gram| {
            assert_eq!(fingerprint(gram.block, &gram.text()), gram.fingerprint, "{}", gram.text());
            found += 1;
        });
        assert!(found > 50);
    }

    #[test]
    fn a_row_is_hit_once_a_note() {
        let mut hits = Hits::default();
        for _ in 0..2 {
            hits.clear(130);
            assert!(hits.insert(129) && hits.insert(0) && !hits.insert(129));
        }
    }

    #[test]
    fn a_note_without_tokens_has_no_features() {
        assert!(grams(&FeatureSettings::default(), " \u{200B} ").is_empty());
    }

    /// Stored in model files: a change here breaks every model.
    #[test]
    fn fingerprints_are_fixed() {
        let settings = FeatureSettings { stem: None, word_ngrams: 1, char_ngrams: None, skip_bigrams: false, surface_words: false };
        let mut found = Vec::new();
        Extractor::new(&settings).visit("coffee", &mut Scratch::default(), |gram| found.push(gram.fingerprint));
        let again: u64 = finish(step(WORD_SEED, "coffee".chars().fold(WORD_SEED, step_char)));
        assert_eq!(found, [again]);
    }
}
