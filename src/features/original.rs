//! A note that is read again and again with parts left out: what lies around a cut is read anew, and all else is kept.

use super::sums::{Known, Within};
use super::{Block, Extractor, Scratch};
use crate::table::{Lanes, Table};
use crate::text::{LONG, Short, TokenKind};

/// How far an n-gram reaches: to the third unit after its first. Whatever lies further from a cut is kept.
const REACH: usize = 3;

/// What a note's tokens and n-grams come to with one table.
#[derive(Debug, Default)]
pub(crate) struct Original {
    /// What tells the tokens apart.
    shorts: Vec<Short>,
    /// The hashes of the units: the tokens between the note's two edges.
    units: Vec<u64>,
    /// What is within the tokens, eight by eight.
    within: Vec<Within>,
    /// Which tokens are words, and which of these have a row.
    is_word: Vec<[bool; 2]>,
    /// The units and n-grams that have a row, wherever they stand.
    across: Vec<Across>,
    /// Their rows, ascending.
    features: Vec<Feature>,
    /// The same as in [`super::sums::Sums`].
    counts: [u32; Block::COUNT],
    totals: [Vec<Lanes>; Block::COUNT],
    words: usize,
    known_words: usize,
    eights: usize,
    room: Room,
}

/// A unit or an n-gram of units, and where it stands.
#[derive(Clone, Copy, Debug)]
struct Across {
    block: Block,
    /// Its first and last unit.
    from: u32,
    to: u32,
    /// Its place in [`Original::features`].
    feature: u32,
}

#[derive(Clone, Copy, Debug)]
struct Feature {
    /// What [`Table::place`] says.
    place: u32,
    occurrences: Occurrences,
}

/// How often a feature stands in a note as a word n-gram, and how often as a skip-bigram. The fingerprints of two that differ may be cut to the same: then it is one.
type Occurrences = [u32; 2];

/// How often it counts as either.
fn times([words, skips]: Occurrences) -> [u32; 2] {
    match (words, skips) {
        (0, 0) => [0, 0],
        (0, _) => [0, Block::Skip.times(skips)],
        _ => [Block::Word.times(words), 0],
    }
}

const AS: [Block; 2] = [Block::Word, Block::Skip];

fn as_which(block: Block) -> usize {
    usize::from(block == Block::Skip)
}

/// Room for what one edited note takes.
#[derive(Debug, Default)]
struct Room {
    occurrences: Vec<Occurrences>,
    /// Features that the original does not have.
    new: Vec<(u32, usize)>,
    lost: [Vec<u32>; 2],
    gained: [Vec<u32>; 2],
}

/// A feature that the table has, where it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spanning {
    /// Its row in the table.
    pub(crate) row: usize,
    pub(crate) block: Block,
    /// Its first and last unit: 0 is the note's beginning, and the token `i` the unit `i + 1`.
    pub(crate) units: (usize, usize),
    /// How often it counts, divided by how often it stands in the note.
    pub(crate) part: f32,
}

impl Extractor {
    /// Lays out the note that [`Extractor::sums`] read last with this scratch and table.
    pub(crate) fn original(&self, scratch: &Scratch, table: &Table) -> Original {
        let Scratch { tokens, units, sums, .. } = scratch;
        let (eights, count) = (table.eights(), tokens.len());
        let units = units.hashes.clone();
        let mut found: Vec<(u32, Across)> = Vec::with_capacity(4 * count);
        let mut find = |block: Block, fingerprint: u64, from: usize, to: usize| {
            let place = table.find(fingerprint);
            if place != 0 {
                found.push((place, Across { block, from: from as u32, to: to as u32, feature: 0 }));
            }
            place != 0
        };
        let is_word = (0..count).map(|index| {
            let is_word = tokens.get(index).0 == TokenKind::Word;
            [is_word, find(Block::Word, units[index + 1], index + 1, index + 1) && is_word]
        });
        let is_word = is_word.collect();
        self.word_ngrams(&units, |fingerprint, from, to| {
            find(Block::Word, fingerprint, from, to);
        });
        self.skip_bigrams(&units, |fingerprint, from, to| {
            find(Block::Skip, fingerprint, from, to);
        });
        let mut order: Vec<u64> = found.iter().zip(0_u64..).map(|((place, _), at)| u64::from(*place) << 32 | at).collect();
        order.sort_unstable();
        let mut features: Vec<Feature> = Vec::with_capacity(order.len());
        for key in order {
            let (place, across) = &mut found[key as u32 as usize];
            if features.last().is_none_or(|last| last.place != *place) {
                features.push(Feature { place: *place, occurrences: [0, 0] });
            }
            across.feature = features.len() as u32 - 1;
            features[across.feature as usize].occurrences[as_which(across.block)] += 1;
        }
        Original {
            shorts: (0..count).map(|index| tokens.short(index)).collect(),
            within: sums.tokens.iter().flat_map(|&token| &sums.met.within[token as usize * eights..][..eights]).copied().collect(),
            across: found.into_iter().map(|(_, across)| across).collect(),
            units,
            is_word,
            features,
            counts: sums.counts,
            totals: sums.totals.clone(),
            words: sums.words,
            known_words: sums.known_words,
            eights,
            room: Room::default(),
        }
    }

    /// Sums in `scratch.sums` what the features of `edited` have, as [`Extractor::sums`] does: the whole numbers are the same. The more it has in common with the
    /// beginning and the end of the original, the less there is to do. `table` is the original's.
    pub(crate) fn sums_of_edited(&self, edited: &str, original: &mut Original, scratch: &mut Scratch, table: &Table) {
        let Scratch { tokens, units, stems, letters, sums, .. } = scratch;
        tokens.read(edited);
        let (count, before) = (tokens.len(), original.shorts.len());
        let is_same = |a: usize, b: usize| original.shorts[a] == tokens.short(b) && original.shorts[a] != LONG;
        let common = count.min(before);
        let head = (0..common).take_while(|&index| is_same(index, index)).count();
        let tail = (0..common - head).take_while(|&back| is_same(before - 1 - back, count - 1 - back)).count();
        original.start(sums);
        original.leave(head, before - tail, sums);

        // Between head and tail stand tokens that the original does not have there.
        let hashes = &mut units.hashes;
        hashes.clear();
        hashes.extend_from_slice(&original.units[..=head]);
        for index in head..count - tail {
            let short = tokens.short(index);
            let known = match sums.met.known.get(short) {
                Some(known) => *known,
                None => self.meet(tokens.get(index), short, &mut sums.met, table, stems, letters),
            };
            hashes.push(known.unit);
            original.enter(known, sums);
        }
        hashes.extend_from_slice(&original.units[before + 1 - tail..]);

        // N-grams that are neither wholly in the head nor in the tail. A few units more on both sides, so that what looks like a note's two edges is those.
        let behind = count + 1 - tail;
        let from = head.saturating_sub(REACH + 1);
        let window = &hashes[from..(behind + REACH + 2).min(hashes.len())];
        let is_across = |first: usize, last: usize| from + last > head && from + first < behind;
        self.word_ngrams(window, |fingerprint, first, last| {
            if is_across(first, last) {
                original.add(table.find(fingerprint), Block::Word);
            }
        });
        self.skip_bigrams(window, |fingerprint, first, last| {
            if is_across(first, last) {
                original.add(table.find(fingerprint), Block::Skip);
            }
        });
        original.finish(sums, table);
    }
}

impl Original {
    /// How often features of a block count.
    pub(crate) fn count(&self, block: Block) -> u32 {
        self.counts[block as usize]
    }

    /// The units and n-grams that have a row.
    pub(crate) fn spanning(&self) -> impl Iterator<Item = Spanning> {
        self.across.iter().map(|across| {
            let Feature { place, occurrences } = self.features[across.feature as usize];
            let [words, skips] = times(occurrences);
            Spanning {
                row: (place as usize - 1) / self.eights,
                block: if words > 0 { Block::Word } else { Block::Skip },
                units: (across.from as usize, across.to as usize),
                part: (words + skips) as f32 / occurrences.iter().sum::<u32>() as f32,
            }
        })
    }

    /// What is within a token: for each of the two blocks the sums of its rows, eight by eight.
    pub(crate) fn within(&self, token: usize) -> [(Block, impl Iterator<Item = &Lanes>); 2] {
        let within = &self.within[token * self.eights..][..self.eights];
        // One function for both, so that they have one type.
        let lanes =
            |block: Block| (block, within.iter().map(move |within| if block == Block::Char { &within.chars } else { &within.surface }));
        [lanes(Block::Char), lanes(Block::Surface)]
    }

    /// Sets the sums to those of the original.
    fn start(&mut self, sums: &mut super::Sums) {
        sums.counts = self.counts;
        sums.totals.clone_from(&self.totals);
        (sums.words, sums.known_words) = (self.words, self.known_words);
        self.room.occurrences.clear();
        self.room.occurrences.extend(self.features.iter().map(|feature| feature.occurrences));
        self.room.new.clear();
    }

    /// Takes out the tokens from `head` to `tail`, and every n-gram that is not wholly before or behind them.
    fn leave(&mut self, head: usize, tail: usize, sums: &mut super::Sums) {
        for (eight, within) in self.within[head * self.eights..tail * self.eights].iter().enumerate() {
            within.take_from(&mut sums.totals, eight % self.eights);
        }
        for [is_word, is_known] in &self.is_word[head..tail] {
            sums.words -= usize::from(*is_word);
            sums.known_words -= usize::from(*is_known);
        }
        for across in &self.across {
            if across.to as usize > head && across.from as usize <= tail {
                self.room.occurrences[across.feature as usize][as_which(across.block)] -= 1;
            }
        }
    }

    /// Puts a token in.
    fn enter(&mut self, known: Known, sums: &mut super::Sums) {
        for eight in 0..self.eights {
            let within = sums.met.within[known.within as usize * self.eights + eight];
            within.add_to(&mut sums.totals, eight);
        }
        sums.words += known.words as u32 as usize;
        sums.known_words += (known.words >> 32) as usize;
        self.add(known.row, Block::Word);
    }

    /// Adds an occurrence of the feature whose row is at `place`; none where that is 0.
    fn add(&mut self, place: u32, block: Block) {
        if place == 0 {
            return;
        }
        match self.features.binary_search_by_key(&place, |feature| feature.place) {
            Ok(at) => self.room.occurrences[at][as_which(block)] += 1,
            Err(_) => self.room.new.push((place, as_which(block))),
        }
    }

    /// Brings the sums in line with which features there are now.
    fn finish(&mut self, sums: &mut super::Sums, table: &Table) {
        let Room { occurrences, new, lost, gained } = &mut self.room;
        for list in lost.iter_mut().chain(gained.iter_mut()) {
            list.clear();
        }
        let mut changed = |place: u32, was: Occurrences, is: Occurrences| {
            for (which, (was, is)) in times(was).into_iter().zip(times(is)).enumerate() {
                lost[which].extend((is..was).map(|_| place));
                gained[which].extend((was..is).map(|_| place));
            }
        };
        for (feature, is) in self.features.iter().zip(&*occurrences) {
            if feature.occurrences != *is {
                changed(feature.place, feature.occurrences, *is);
            }
        }
        new.sort_unstable();
        for same in new.chunk_by(|a, b| a.0 == b.0) {
            let skips = same.iter().filter(|(_, which)| *which == 1).count() as u32;
            changed(same[0].0, [0, 0], [same.len() as u32 - skips, skips]);
        }
        for (which, block) in AS.into_iter().enumerate() {
            for (eight, total) in sums.totals[block as usize].iter_mut().enumerate() {
                table.add(&gained[which], eight, total);
                let mut less = Lanes::default();
                table.add(&lost[which], eight, &mut less);
                for (total, less) in total.iter_mut().zip(less) {
                    *total -= less;
                }
            }
            let count = &mut sums.counts[block as usize];
            *count = *count + gained[which].len() as u32 - lost[which].len() as u32;
        }
        for block in [Block::Char, Block::Surface] {
            sums.counts[block as usize] = sums.totals[block as usize][0][0] as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::super::FeatureSettings;
    use super::*;
    use crate::table::{KEPT_BYTES, encode, in_eights, truncated};

    const WORDS: [&str; 24] = [
        "are ",
        "Are ",
        "you ",
        "single",
        "smil",
        "été",
        "a",
        "pumps",
        "antidisestablishmentarianism ",
        "!",
        "!",
        ".",
        ", ",
        " ",
        "\n",
        "1",
        "2",
        "www.",
        "@",
        "[",
        "]",
        "heyy",
        "y",
        "a",
    ];

    fn words(most: usize) -> impl Strategy<Value = String> {
        prop::collection::vec(prop::sample::select(&WORDS[..]), 0..most).prop_map(|words| words.concat())
    }

    /// A table of half of the features of some words, and those of no more than one word.
    fn table(extractor: &Extractor, columns: usize) -> Table {
        let text = "are are you single smil single a a pumps . ! you are you , single smil pumps !! are 1 \n a are , . you antidisestablishmentarianism été";
        let mut kept: Vec<u64> = Vec::new();
        extractor.visit(text, &mut Scratch::default(), |gram| {
            if gram.is_word || gram.fingerprint & 1 == 0 {
                kept.push(truncated(gram.fingerprint));
            }
        });
        kept.sort_unstable();
        kept.dedup();
        let row = |fingerprint: &u64| {
            let weights = (0..columns).map(|column| (fingerprint >> column) as u8);
            fingerprint.to_le_bytes()[..KEPT_BYTES].iter().copied().chain(weights).collect::<Vec<u8>>()
        };
        let rows: Vec<u8> = kept.iter().flat_map(row).collect();
        Table::new(&encode(&kept).expect("few enough"), Cow::Owned(in_eights(&rows, columns).into_owned()), columns).expect("whole")
    }

    static TABLES: LazyLock<Vec<(Extractor, Table)>> = LazyLock::new(|| {
        let of = |word_ngrams, skip_bigrams, surface_words, columns| {
            let extractor = Extractor::new(&FeatureSettings { word_ngrams, skip_bigrams, surface_words, ..FeatureSettings::default() });
            let table = table(&extractor, columns);
            (extractor, table)
        };
        vec![of(3, true, true, 5), of(2, false, false, 3), of(1, true, false, 14), of(3, false, true, 21)]
    });

    proptest! {
        #[test]
        fn an_edited_note_has_the_sums_that_it_has_by_itself(
            note in words(40), edits in prop::collection::vec((0_usize..80, 0_usize..80, words(2)), 1..4),
        ) {
            for (extractor, table) in TABLES.iter() {
                let mut scratch = Scratch::default();
                extractor.sums(&note, &mut scratch, table);
                let mut original = extractor.original(&scratch, table);
                let mut edited = note.clone();
                for (at, length, put) in &edits {
                    let chars: Vec<usize> = edited.char_indices().map(|(at, _)| at).chain([edited.len()]).collect();
                    let from = at % chars.len();
                    let to = (from + length % 20).min(chars.len() - 1);
                    edited.replace_range(chars[from]..chars[to], put);
                    extractor.sums_of_edited(&edited, &mut original, &mut scratch, table);
                    let mut alone = Scratch::default();
                    extractor.sums(&edited, &mut alone, table);
                    let (found, expected) = (&scratch.sums, &alone.sums);
                    prop_assert_eq!((found.counts, found.words, found.known_words), (expected.counts, expected.words, expected.known_words));
                    prop_assert_eq!(&found.totals, &expected.totals);
                    prop_assert_eq!(&scratch.units.hashes, &alone.units.hashes);
                }
            }
        }
    }
}
