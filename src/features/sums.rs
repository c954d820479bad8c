//! From a note to the sums of the rows of weights that its features have.

use super::memo::{MOST, Memo};
use super::{Block, Extractor, Scratch, Stems};
use crate::table::{Lanes, Table};
use crate::text::{LONG, Short, TokenKind};

/// The sums of a note's features, and what is kept from note to note about the rows of one table.
///
/// A row is meant by what [`Table::place`] says, which is 0 for a feature that has none: so none is a row that every note has already, and nothing needs to be told
/// apart.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    /// How often features of each block count in the note.
    pub(crate) counts: [u32; Block::COUNT],
    /// How many words the note has.
    pub(crate) words: usize,
    /// How many of them have a row.
    pub(crate) known_words: usize,
    /// The sums of the bytes of the features' rows, block by block.
    pub(crate) totals: [Vec<Lanes>; Block::COUNT],
    /// Whose rows they are.
    table: u64,
    pub(super) met: Met,
    /// The places of the note's tokens in [`Met::within`].
    pub(super) tokens: Vec<u32>,
    /// Room for [`Candidates`].
    candidates: Vec<u64>,
    rows: Vec<u32>,
    seen: Seen,
}

/// The tokens that were met before.
#[derive(Debug, Default)]
pub(super) struct Met {
    pub(super) known: Memo<Known>,
    /// What is within each token, eight by eight; the long ones, which are not known, among them.
    pub(super) within: Vec<Within>,
}

/// What a token came to before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    /// The hash of its unit.
    pub(super) unit: u64,
    /// The row of its unit.
    pub(super) row: u32,
    /// Its place in [`Met::within`].
    pub(super) within: u32,
    /// 1 for a word, and in the upper half 1 for one that has a row.
    pub(super) words: u64,
}

/// The sums of the rows of a token's character n-grams and of the token as it stands. The first number of the first eight, where the rows have no weights, says how
/// many rows there are.
#[derive(Clone, Copy, Debug, Default)]
#[repr(align(64))]
pub(super) struct Within {
    pub(super) chars: Lanes,
    pub(super) surface: Lanes,
}

impl Extractor {
    /// Sums the rows of `table` that the features of `note` have up in `scratch.sums`.
    ///
    /// What [`Extractor::visit`] finds within a token is looked up when a token of up to 23 bytes is met for the first time.
    pub(crate) fn sums(&self, note: &str, scratch: &mut Scratch, table: &Table) {
        let Scratch { tokens, units, stems, letters, sums, .. } = scratch;
        tokens.read(note);
        sums.begin(tokens.len(), table);
        let count = tokens.len();
        let Sums { met, tokens: places, rows, .. } = sums;
        let hashes = &mut units.hashes;
        hashes.resize(count + 2, 0);
        [hashes[0], hashes[count + 1]] = self.edges;
        let mut words = 0;
        // By index, and so with slices of one length: the compiler keeps four iterators in memory.
        let (units, places, rows) = (&mut hashes[1..][..count], &mut places[..count], &mut rows[..count]);
        for index in 0..count {
            let short = tokens.short(index);
            if let Some(known) = met.known.get(short) {
                (units[index], places[index], rows[index]) = (known.unit, known.within, known.row);
                words += known.words;
            } else {
                let known = self.meet(tokens.get(index), short, met, table, stems, letters);
                (units[index], places[index], rows[index]) = (known.unit, known.within, known.row);
                words += known.words;
            }
        }
        (sums.words, sums.known_words) = (words as u32 as usize, (words >> 32) as usize);
        sums.add_within();
        let mut candidates = Candidates { table, found: &mut sums.candidates, count: 0 };
        self.word_ngrams(hashes, |fingerprint, _, _| candidates.add(fingerprint));
        let found = candidates.count;
        sums.add_across(Block::Word, found, table);
        let mut candidates = Candidates { table, found: &mut sums.candidates, count: 0 };
        self.skip_bigrams(hashes, |fingerprint, _, _| candidates.add(fingerprint));
        let found = candidates.count;
        sums.add_across(Block::Skip, found, table);
    }

    /// Works out what a token comes to that is not known, and remembers it if it is short.
    #[cold]
    pub(super) fn meet(
        &self,
        (kind, text): (TokenKind, &str),
        short: Short,
        met: &mut Met,
        table: &Table,
        stems: &mut Stems,
        letters: &mut Vec<char>,
    ) -> Known {
        let unit = self.stem(stems, (kind, text), short, |_, hash| hash);
        let row = table.find(unit);
        let within = (met.within.len() / table.eights()) as u32;
        let mut known = Known { unit, row, within, words: 0 };
        let (mut chars, mut surface) = (Vec::new(), Vec::new());
        if kind == TokenKind::Word {
            known.words = 1 | u64::from(row != 0) << 32;
            self.visit_chars(text, 0, letters, &mut |gram| chars.push(table.find(gram.fingerprint)));
            self.visit_surface(text, 0, &mut |gram| surface.push(table.find(gram.fingerprint)));
            chars.retain(|row| *row != 0);
            surface.retain(|row| *row != 0);
        }
        for eight in 0..table.eights() {
            let mut within = Within::default();
            table.add(&chars, eight, &mut within.chars);
            table.add(&surface, eight, &mut within.surface);
            if eight == 0 {
                (within.chars[0], within.surface[0]) = ((chars.len() as u32).cast_signed(), (surface.len() as u32).cast_signed());
            }
            met.within.push(within);
        }
        if short != LONG {
            met.known.insert(short, known);
        }
        known
    }
}

/// N-grams that a table may have. All are found before any is looked up, so that the processor waits for many lines at once.
struct Candidates<'a> {
    table: &'a Table,
    found: &'a mut [u64],
    count: usize,
}

impl Candidates<'_> {
    /// Without a branch: which n-grams the table has is hard to foresee.
    fn add(&mut self, fingerprint: u64) {
        self.found[self.count] = fingerprint;
        self.count += usize::from(self.table.may_have(fingerprint));
    }
}

impl Sums {
    /// Makes everything ready for a note of `tokens` tokens.
    fn begin(&mut self, tokens: usize, table: &Table) {
        if self.table != table.id {
            *self = Self { table: table.id, ..Self::default() };
        }
        if self.met.within.len() / table.eights() + tokens > MOST {
            self.met.known.make_room(MOST);
            self.met.within.clear();
        }
        for totals in &mut self.totals {
            totals.clear();
            totals.resize(table.eights(), Lanes::default());
        }
        self.tokens.resize(tokens, 0);
        self.rows.resize(tokens, 0);
        // Two n-grams of each kind begin at a unit.
        self.candidates.resize(self.candidates.len().max(2 * (tokens + 2)), 0);
        self.seen.next_note(table.last_place());
    }

    /// Adds what is within the tokens.
    fn add_within(&mut self) {
        let [_, chars, _, surfaces] = &mut self.totals;
        let eights = chars.len();
        for (eight, (chars, surface)) in chars.iter_mut().zip(surfaces).enumerate() {
            let mut sum = Within::default();
            for &token in &self.tokens {
                sum.add(&self.met.within[token as usize * eights + eight]);
            }
            (*chars, *surface) = (sum.chars, sum.surface);
        }
        for block in [Block::Char, Block::Surface] {
            self.counts[block as usize] = self.totals[block as usize][0][0] as u32;
        }
    }

    /// Adds the rows that `self.rows` has already, and those of the first `found` candidates: each once. Leaves no rows.
    fn add_across(&mut self, block: Block, found: usize, table: &Table) {
        let Self { counts, totals, rows, candidates, seen, .. } = self;
        rows.extend(candidates[..found].iter().map(|&fingerprint| table.place(fingerprint)));
        seen.retain_new(rows);
        for (eight, total) in totals[block as usize].iter_mut().enumerate() {
            table.add(rows, eight, total);
        }
        counts[block as usize] = rows.len() as u32;
        rows.clear();
    }
}

impl Within {
    fn add(&mut self, other: &Self) {
        for (sum, number) in self.chars.iter_mut().zip(&other.chars) {
            *sum += number;
        }
        for (sum, number) in self.surface.iter_mut().zip(&other.surface) {
            *sum += number;
        }
    }

    /// Adds itself to the totals, as the eight that it is.
    pub(super) fn add_to(&self, totals: &mut [Vec<Lanes>; Block::COUNT], eight: usize) {
        for (block, own) in [(Block::Char, &self.chars), (Block::Surface, &self.surface)] {
            for (total, number) in totals[block as usize][eight].iter_mut().zip(own) {
                *total += number;
            }
        }
    }

    /// The same, less itself.
    pub(super) fn take_from(&self, totals: &mut [Vec<Lanes>; Block::COUNT], eight: usize) {
        for (block, own) in [(Block::Char, &self.chars), (Block::Surface, &self.surface)] {
            for (total, number) in totals[block as usize][eight].iter_mut().zip(own) {
                *total -= number;
            }
        }
    }
}

/// Which of the table's rows a note has already. A byte for each row: with a bit for each, the notes of the corpus took 5 % longer.
#[derive(Debug, Default)]
struct Seen {
    /// The number of the note that had each row last, modulo 256.
    notes: Vec<u8>,
    note: u8,
}

impl Seen {
    /// Forgets the last note, and makes room for rows up to `last`.
    fn next_note(&mut self, last: usize) {
        self.note = self.note.wrapping_add(1);
        if self.note == 0 || self.notes.len() <= last {
            self.notes.clear();
            self.notes.resize(last + 1, 0);
            self.note = 1;
        }
        self.notes[0] = self.note;
    }

    /// Leaves those rows that the note does not have yet. Without a branch: whether it has them is hard to foresee.
    fn retain_new(&mut self, rows: &mut Vec<u32>) {
        let Self { notes, note } = self;
        let mut kept = 0;
        for at in 0..rows.len() {
            let row = rows[at];
            rows[kept] = row;
            kept += usize::from(std::mem::replace(&mut notes[row as usize], *note) != *note);
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
