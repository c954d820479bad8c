//! From a note to the rows of a table that its features have.

use super::memo::Memo;
use super::{Block, Extractor, Gram, Scratch, Units, WORD_SEED, finish, step, unit_hash};
use crate::text::TokenKind;

/// The rows that a note's features have, and what is kept from note to note about the rows of one table.
///
/// They are numbered from 1 on here, and 0 stands for a feature that has none: so none is a row that every note has already, and nothing needs to be told apart.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    /// The rows of each block, each once.
    pub(crate) found: [Vec<u32>; Block::COUNT],
    /// What is still to be looked up. Hashing first and looking up afterwards lets the processor wait for many lines of the table at once.
    fingerprints: [Vec<u64>; Block::COUNT],
    /// How many words the note has.
    pub(crate) words: usize,
    /// How many of them have a row.
    pub(crate) known_words: usize,
    /// Whose rows they are.
    table: u64,
    known: Memo<Known>,
    /// The rows of the character n-grams of known tokens.
    chars: Vec<u32>,
    seen: Seen,
}

/// What a token came to before.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// The hash of its unit.
    unit: u64,
    /// The row of its unit, and that of its text.
    word: u32,
    surface: u32,
    /// Where the rows of its character n-grams begin in [`Rows::chars`], and how many there are.
    chars: u32,
    char_count: u8,
    is_word: bool,
}

impl Extractor {
    /// Puts the rows of the table `table` that the features of `note` have into `scratch.rows`. `find` says which of `size` rows, numbered from 1 on, a fingerprint
    /// has, or 0; it must always say the same for the same table.
    ///
    /// What [`Extractor::visit`] finds within a token is looked up when a token of up to 23 bytes is met for the first time.
    pub(crate) fn rows(&self, note: &str, scratch: &mut Scratch, table: u64, size: usize, find: impl Fn(u64) -> u32) {
        let Scratch { tokens, units, stems, letters, rows, .. } = scratch;
        tokens.read(note);
        if rows.table != table {
            *rows = Rows { table, ..Rows::default() };
        }
        rows.next_note(size);
        units.clear();
        units.hashes.push(unit_hash(Units::FIRST));
        for (index, short) in tokens.shorts().enumerate() {
            if let Some(known) = short.and_then(|short| rows.known.get(short)) {
                units.hashes.push(known.unit);
                rows.add(&known);
                continue;
            }
            if rows.known.is_full() {
                rows.known.clear();
                rows.chars.clear();
            }
            let token = tokens.get(index);
            let unit = self.stem(stems, token, short, |_, hash| hash);
            units.hashes.push(unit);
            let chars = rows.chars.len();
            let mut known = Known { unit, chars: chars as u32, is_word: token.kind == TokenKind::Word, ..Known::default() };
            known.word = find(finish(step(WORD_SEED, unit)));
            if known.is_word {
                let found = if short.is_some() { &mut rows.chars } else { &mut rows.found[Block::Char as usize] };
                self.visit_chars(token.text, index, letters, &mut |gram| match find(gram.fingerprint) {
                    0 => {}
                    row => found.push(row),
                });
                self.visit_surface(token.text, index, &mut |gram| known.surface = find(gram.fingerprint));
            }
            known.char_count = (rows.chars.len() - chars) as u8;
            rows.add(&known);
            if let Some(short) = short {
                rows.known.insert(short, known);
            }
        }
        units.hashes.push(unit_hash(Units::LAST));
        let mut keep = |gram: Gram<'_>| rows.fingerprints[gram.block as usize].push(gram.fingerprint);
        self.visit_units(units, 2, &mut keep);
        self.visit_skips(units, &mut keep);
        for (found, fingerprints) in rows.found.iter_mut().zip(&rows.fingerprints) {
            found.extend(fingerprints.iter().map(|&fingerprint| find(fingerprint)));
            rows.seen.retain_new(found);
        }
    }
}

impl Rows {
    fn next_note(&mut self, size: usize) {
        self.seen.next_note(size);
        self.found.iter_mut().for_each(Vec::clear);
        self.fingerprints.iter_mut().for_each(Vec::clear);
        self.words = 0;
        self.known_words = 0;
    }

    /// Adds what is within a token.
    fn add(&mut self, known: &Known) {
        self.words += usize::from(known.is_word);
        self.known_words += usize::from(known.is_word) & usize::from(known.word != 0);
        let [words, chars, _, surfaces] = &mut self.found;
        words.push(known.word);
        surfaces.push(known.surface);
        let from = known.chars as usize;
        chars.extend(&self.chars[from..from + usize::from(known.char_count)]);
    }
}

/// Which of the table's rows a note has already: each counts once, however often it occurs. A byte for each row: with a bit for each, the notes of the corpus took 5 % longer.
#[derive(Debug, Default)]
struct Seen {
    /// The number of the note that had each row last, modulo 256.
    notes: Vec<u8>,
    note: u8,
}

impl Seen {
    /// Forgets the last note, and makes room for a table of `rows` rows.
    fn next_note(&mut self, rows: usize) {
        self.note = self.note.wrapping_add(1);
        if self.note == 0 || self.notes.len() <= rows {
            self.notes.clear();
            self.notes.resize(rows + 1, 0);
            self.note = 1;
        }
        self.notes[0] = self.note;
    }

    /// Leaves those rows that the note does not have yet. Without a branch: whether it has them is hard to foresee.
    fn retain_new(&mut self, rows: &mut Vec<u32>) {
        let mut kept = 0;
        for at in 0..rows.len() {
            let row = rows[at];
            rows[kept] = row;
            kept += usize::from(std::mem::replace(&mut self.notes[row as usize], self.note) != self.note);
        }
        rows.truncate(kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_counts_once_a_note() {
        let mut seen = Seen::default();
        for _ in 0..600 {
            seen.next_note(130);
            let mut rows = vec![130, 0, 1, 130, 5, 0, 1];
            seen.retain_new(&mut rows);
            assert_eq!(rows, [130, 1, 5]);
            let mut rows = vec![5, 4];
            seen.retain_new(&mut rows);
            assert_eq!(rows, [4]);
        }
    }
}
