//! From a note to the sums of the rows of weights that its features have.

use super::memo::{Key, MOST, Memo};
use super::{Block, Extractor, Scratch};
use crate::table::{Filter, KEPT_BYTES, Lanes, Table};
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
    /// The sums of the bytes of the features' rows, eight by eight, and there block by block.
    pub(crate) totals: Vec<[Lanes; Block::COUNT]>,
    /// Whose rows they are.
    table: u64,
    pub(super) met: Met,
    /// The note's tokens.
    pub(super) keys: Vec<Key>,
    /// The places of the rows of the note's tokens, and what else [`Met::more`] has of them.
    tokens: Vec<(u32, u32)>,
    /// Room for the hashes of the note's n-grams of units.
    across: Vec<u64>,
    /// Room for the places of their rows.
    places: Vec<u32>,
    /// Room for the rows that they and the units have, each once.
    rows: Vec<u32>,
    seen: Seen,
    /// How many tokens were read, all notes together.
    read: usize,
}

/// How many tokens are read before the table's filter is made, which costs about what it saves on so many: 65 µs in a process that has touched the rows before, for
/// 0.1 µs less a note of the corpus from then on.
const FILTER_PAYS_FROM: usize = 1 << 15;

/// The tokens that were met before.
#[derive(Debug, Default)]
pub(super) struct Met {
    known: Memo<Known>,
    /// What is within each token and has no room there, so many eights for each.
    more: Vec<Eight>,
}

/// The sums of the bytes of a short token's rows: it has too few for more than sixteen bits.
type Eight = [i16; 8];

/// What a token came to before.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    /// The hash of its unit.
    pub(super) unit: u64,
    /// The first eight of the sum of its character n-grams' rows. Where those have no weights, it says how many there are ([`CHARS`]), whether it is a word
    /// ([`WORDS`]), and whether that has a row ([`KNOWN_WORDS`]): so they are counted by the way.
    within: Eight,
    /// The place of its unit's row.
    pub(super) row: u32,
    /// Its place in [`Met::more`], 0 where it has none.
    more: u32,
}

const CHARS: usize = 0;
const WORDS: usize = 1;
const KNOWN_WORDS: usize = 2;
const _: () = assert!(KNOWN_WORDS < KEPT_BYTES, "before the weights");

impl Extractor {
    /// Sums the rows of `table` that the features of `note` have up in `scratch.sums`.
    ///
    /// What [`Extractor::visit`] finds within a token is looked up when a token of up to 23 bytes is met for the first time.
    pub(crate) fn sums(&self, note: &str, scratch: &mut Scratch, table: &Table) {
        let Scratch { tokens, units, letters, sums, .. } = scratch;
        tokens.read(note);
        let count = tokens.len();
        sums.begin(count, table);
        let hashes = &mut units.hashes;
        hashes.resize(count + 2, 0);
        [hashes[0], hashes[count + 1]] = self.edges;
        sums.keys.clear();
        sums.keys.extend(tokens.shorts().map(Key::new));
        sums.met.known.look_ahead(&sums.keys);
        // By index, and so with slices of one length: the compiler keeps four iterators in memory.
        let (keys, units, places) = (&sums.keys[..count], &mut hashes[1..][..count], &mut sums.tokens[..count]);
        let mut within = [0; 8];
        for index in 0..count {
            let known = match sums.met.known.get(keys[index]) {
                Some(known) => *known,
                None => self.meet(tokens.get(index), keys[index].token, &mut sums.met, &mut sums.totals, table, letters),
            };
            (units[index], places[index]) = (known.unit, (known.row, known.more));
            add(&mut within, &known.within);
        }
        sums.add_within(&within, self.more_eights(table));
        let mut hashed = Hashed { filter: table.filter(), across: &mut sums.across, count: 0 };
        self.word_ngrams(hashes, |fingerprint, _, _| hashed.add(fingerprint));
        let words = hashed.count;
        self.skip_bigrams(hashes, |fingerprint, _, _| hashed.add(fingerprint));
        let all = hashed.count;
        sums.add_across(words, all, table);
    }

    /// Adds what is within a token of the note that `scratch` has to the totals there, and says what the token comes to.
    pub(super) fn add_token(&self, index: usize, key: Key, scratch: &mut Scratch, table: &Table) -> Known {
        let Scratch { tokens, letters, sums: Sums { met, totals, .. }, .. } = scratch;
        let known = match met.known.get(key) {
            Some(known) => *known,
            None => self.meet(tokens.get(index), key.token, met, totals, table, letters),
        };
        add(&mut totals[0][Block::Char as usize], &known.within);
        if known.more > 0 {
            add_more(totals, &met.more[known.more as usize..][..self.more_eights(table)]);
        }
        known
    }

    /// How many eights stand in [`Met::more`] for each token: those of its character n-grams but the first, and those of the token as it stands.
    fn more_eights(&self, table: &Table) -> usize {
        table.eights() - 1 + if self.settings.surface_words { table.eights() } else { 0 }
    }

    /// Works out what a token comes to that is not known, and remembers it if it is short. What is within a long one is added to `totals`.
    #[cold]
    fn meet(
        &self,
        (kind, text): (TokenKind, &str),
        short: Short,
        met: &mut Met,
        totals: &mut [[Lanes; Block::COUNT]],
        table: &Table,
        letters: &mut Vec<char>,
    ) -> Known {
        let unit = self.unit(kind, text);
        let filter = table.filter();
        let mut known = Known { unit, row: table.find(filter, unit), ..Known::default() };
        let (mut chars, mut surface) = (Vec::with_capacity(64), Vec::new());
        if kind == TokenKind::Word {
            (known.within[WORDS], known.within[KNOWN_WORDS]) = (1, i16::from(known.row != 0));
            self.visit_chars(text, 0, letters, &mut |gram| chars.push(table.find(filter, gram.fingerprint)));
            self.visit_surface(text, 0, &mut |gram| surface.push(table.find(filter, gram.fingerprint)));
            chars.retain(|row| *row != 0);
            surface.retain(|row| *row != 0);
        }
        let sum = |rows: &[u32], eight: usize| {
            let mut sum = Lanes::default();
            table.add(rows, eight, &mut sum);
            if eight == 0 {
                sum[..KEPT_BYTES].fill(0);
                sum[CHARS] = (rows.len() as u32).cast_signed();
            }
            sum
        };
        if short == LONG {
            for (eight, totals) in totals.iter_mut().enumerate() {
                add(&mut totals[Block::Char as usize], &sum(&chars, eight));
                add(&mut totals[Block::Surface as usize], &sum(&surface, eight));
            }
            return known;
        }
        let narrow = |sum: Lanes| sum.map(|number| number as i16);
        add(&mut known.within, &narrow(sum(&chars, 0)));
        if self.more_eights(table) > 0 {
            // The first place is that of tokens which have nothing there.
            let from = met.more.len().max(1);
            met.more.resize(from, Eight::default());
            known.more = from as u32;
            met.more.extend((1..table.eights()).map(|eight| narrow(sum(&chars, eight))));
            let surfaces = (0..table.eights()).filter(|_| self.settings.surface_words);
            met.more.extend(surfaces.map(|eight| narrow(sum(&surface, eight))));
        }
        met.known.insert(short, known);
        known
    }
}

/// Adds number by number.
fn add<S: Copy + std::ops::AddAssign + From<T>, T: Copy>(sums: &mut [S; 8], numbers: &[T; 8]) {
    for (sum, &number) in sums.iter_mut().zip(numbers) {
        *sum += number.into();
    }
}

/// Adds what [`Met::more`] has of a token.
fn add_more(totals: &mut [[Lanes; Block::COUNT]], more: &[Eight]) {
    let (chars, surfaces) = more.split_at(totals.len() - 1);
    for (totals, chars) in totals[1..].iter_mut().zip(chars) {
        add(&mut totals[Block::Char as usize], chars);
    }
    for (totals, surface) in totals.iter_mut().zip(surfaces) {
        add(&mut totals[Block::Surface as usize], surface);
    }
}

/// N-grams of units that a table may have. All are hashed before any is looked up: so each of the two loops has few enough numbers for the registers.
struct Hashed<'a> {
    filter: Filter<'a>,
    across: &'a mut [u64],
    count: usize,
}

impl Hashed<'_> {
    #[inline]
    fn add(&mut self, fingerprint: u64) {
        self.across[self.count] = fingerprint;
        self.count += usize::from(self.filter.may_have(fingerprint));
    }
}

impl Sums {
    /// Makes everything ready for a note of `tokens` tokens.
    fn begin(&mut self, tokens: usize, table: &Table) {
        if self.table != table.id {
            *self = Self { table: table.id, ..Self::default() };
        }
        let before = self.read;
        self.read = before.saturating_add(tokens);
        if before < FILTER_PAYS_FROM && self.read >= FILTER_PAYS_FROM {
            table.sharpen();
        }
        if self.met.known.make_room(tokens.min(MOST)) {
            self.met.more.clear();
        }
        self.totals.clear();
        self.totals.resize(table.eights(), <[Lanes; Block::COUNT]>::default());
        self.tokens.resize(tokens, (0, 0));
        // A unit, and two n-grams of each kind that begin there; and room for one that is not kept.
        self.rows.resize(self.rows.len().max(5 * (tokens + 2)), 0);
        self.across.resize(self.across.len().max(4 * (tokens + 2)), 0);
        self.places.resize(self.across.len(), 0);
        self.seen.next_note(table.last_place());
    }

    /// Adds what is within the tokens, of which `first` is the first eight of the character n-grams.
    fn add_within(&mut self, first: &Lanes, more_eights: usize) {
        add(&mut self.totals[0][Block::Char as usize], first);
        if more_eights > 0 {
            let (short, more) = (self.tokens.iter().map(|(_, more)| *more as usize), &self.met.more);
            for from in short.filter(|from| *from > 0) {
                add_more(&mut self.totals, &more[from..from + more_eights]);
            }
        }
        self.count_within();
    }

    /// Takes from the totals how many words there are, and features within them.
    pub(super) fn count_within(&mut self) {
        let counted = |block: Block, what: usize| self.totals[0][block as usize][what] as u32;
        (self.words, self.known_words) = (counted(Block::Char, WORDS) as usize, counted(Block::Char, KNOWN_WORDS) as usize);
        self.counts[Block::Char as usize] = counted(Block::Char, CHARS);
        self.counts[Block::Surface as usize] = counted(Block::Surface, CHARS);
    }

    /// Adds the rows of the tokens' units and of the n-grams of units, each once: those that are skip-bigrams are from `words` to `all`.
    fn add_across(&mut self, words: usize, all: usize, table: &Table) {
        let Self { counts, totals, tokens, across, places, rows, seen, .. } = self;
        table.places(&across[..all], &mut places[..all]);
        let (ngrams, skips) = places[..all].split_at(words);
        let units = seen.put_new(tokens.iter().map(|(row, _)| *row), rows);
        let words = units + seen.put_new(ngrams.iter().copied(), &mut rows[units..]);
        let all = words + seen.put_new(skips.iter().copied(), &mut rows[words..]);
        for (block, rows) in [(Block::Word, &rows[..words]), (Block::Skip, &rows[words..all])] {
            for (eight, totals) in totals.iter_mut().enumerate() {
                table.add(rows, eight, &mut totals[block as usize]);
            }
            counts[block as usize] = rows.len() as u32;
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

    /// Puts those of `places` that the note did not have into `rows`, and says how many these are. Without a branch: which n-grams the table has, and which the note
    /// has already, is hard to foresee.
    #[inline]
    fn put_new(&mut self, places: impl Iterator<Item = u32>, rows: &mut [u32]) -> usize {
        let Self { notes, note } = self;
        let mut count = 0;
        for place in places {
            rows[count] = place;
            count += usize::from(std::mem::replace(&mut notes[place as usize], *note) != *note);
        }
        count
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
            let mut rows = [0; 5];
            assert_eq!(seen.put_new([130, 0, 1, 130, 5, 0, 1].into_iter(), &mut rows), 3);
            assert_eq!(rows[..3], [130, 1, 5]);
            assert_eq!(seen.put_new([5, 4].into_iter(), &mut rows), 1);
            assert_eq!(rows[0], 4);
        }
    }
}
