//! A note that is read again and again with parts left out: what lies around the cuts is looked up anew, and all else is kept.

use super::memo::Key;
use super::sums::Sums;
use super::{Block, Extractor, Scratch};
use crate::table::{Lanes, Table};
use crate::text::{LONG, Short, Tokens};

/// How far an n-gram reaches: to the third unit behind its first. Whatever lies further from a cut is kept.
const REACH: usize = 3;

/// What a note's tokens and n-grams come to with one table.
#[derive(Debug, Default)]
pub(crate) struct Original {
    /// What tells the tokens apart.
    shorts: Vec<Short>,
    /// The hashes of the units: the tokens between the note's two edges.
    units: Vec<u64>,
    /// What is within the tokens, eight by eight: the sums of each of [`WITHIN`].
    within: Vec<[Lanes; 2]>,
    /// The units and n-grams that have a row, wherever they stand, by their first units; and for each unit how many begin before it.
    across: Vec<Across>,
    begins: Vec<u32>,
    /// Their rows, ascending.
    features: Vec<Feature>,
    /// The same as in [`Sums`].
    counts: [u32; Block::COUNT],
    totals: Vec<[Lanes; Block::COUNT]>,
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

/// How often a feature stands in a note as a word n-gram, and how often as a skip-bigram. An n-gram that the model does not have may be taken for one that it has: then it is
/// that one.
type Occurrences = [u32; 2];

/// How often it counts as either.
fn times([words, skips]: Occurrences) -> [u32; 2] {
    match (words, skips) {
        (0, 0) => [0, 0],
        (0, _) => [0, Block::Skip.times(skips)],
        _ => [Block::Word.times(words), 0],
    }
}

/// What is within tokens.
const WITHIN: [Block; 2] = [Block::Char, Block::Surface];

/// What is made of them.
const AS: [Block; 2] = [Block::Word, Block::Skip];

fn as_which(block: Block) -> usize {
    usize::from(block == Block::Skip)
}

/// Units that the original and an edited note have in common.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// The first one in the original.
    from: usize,
    /// One past the last one in the original.
    until: usize,
    /// The first one in the edited note.
    edited: usize,
}

/// Room for what one edited note takes.
#[derive(Debug, Default)]
struct Room {
    /// From the beginning of both notes to their end, whose edges are the same.
    runs: Vec<Run>,
    /// For each unit of the original the end of its run there, and of the edited note the end there; 0 where it is in none.
    until: Vec<u32>,
    edited_until: Vec<u32>,
    /// The units of the edited note that n-grams which are in no run can have.
    windows: Vec<(usize, usize)>,
    /// How often the original's features stand in the edited note, and of which that may have changed. Between two edited notes it is as in the original.
    occurrences: Vec<Occurrences>,
    touched: Vec<u32>,
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
    pub(crate) fn original(&self, scratch: &mut Scratch, table: &Table) -> Original {
        let (keys, units) = (scratch.sums.keys.clone(), scratch.units.hashes.clone());
        let count = keys.len();
        let mut found: Vec<(u32, Across)> = Vec::with_capacity(4 * count);
        let mut find = |block: Block, place: u32, from: usize, to: usize| {
            if place != 0 {
                found.push((place, Across { block, from: from as u32, to: to as u32, feature: 0 }));
            }
        };
        let totals = scratch.sums.totals.clone();
        let mut within = Vec::with_capacity(count * totals.len());
        for (index, &key) in keys.iter().enumerate() {
            scratch.sums.totals.fill(<[Lanes; Block::COUNT]>::default());
            let known = self.add_token(index, key, scratch, table);
            find(Block::Word, known.row, index + 1, index + 1);
            within.extend(scratch.sums.totals.iter().map(|totals| WITHIN.map(|block| totals[block as usize])));
        }
        scratch.sums.totals.clone_from(&totals);
        self.word_ngrams(&units, |fingerprint, from, to| find(Block::Word, table.find(table.filter(), fingerprint), from, to));
        self.skip_bigrams(&units, |fingerprint, from, to| find(Block::Skip, table.find(table.filter(), fingerprint), from, to));
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
        let mut begins = vec![0; units.len() + 1];
        for (_, across) in &found {
            begins[across.from as usize + 1] += 1;
        }
        for unit in 0..units.len() {
            begins[unit + 1] += begins[unit];
        }
        let mut across: Vec<Across> = found.iter().map(|(_, across)| *across).collect();
        let mut next = begins.clone();
        for (_, of) in found {
            let at = &mut next[of.from as usize];
            across[*at as usize] = of;
            *at += 1;
        }
        Original {
            shorts: keys.iter().map(|key| key.token).collect(),
            within,
            across,
            begins,
            units,
            room: Room { occurrences: features.iter().map(|feature| feature.occurrences).collect(), ..Room::default() },
            features,
            counts: scratch.sums.counts,
            totals,
        }
    }

    /// Sums in `scratch.sums` what the features of `edited` have, as [`Extractor::sums`] does: the whole numbers are the same. The more it has in common with the
    /// original, the less there is to do. `table` is the original's.
    pub(crate) fn sums_of_edited(&self, edited: &str, original: &mut Original, scratch: &mut Scratch, table: &Table) {
        scratch.tokens.read(edited);
        original.start(&scratch.tokens, &mut scratch.sums);
        scratch.units.hashes.clear();
        let mut behind = 0;
        for at in 0..original.room.runs.len() {
            let Run { from, until, edited } = original.room.runs[at];
            original.leave(behind, from, &mut scratch.sums);
            behind = until;
            // Units that the original does not have there.
            for unit in scratch.units.hashes.len()..edited {
                let known = self.add_token(unit - 1, Key::new(scratch.tokens.short(unit - 1)), scratch, table);
                scratch.units.hashes.push(known.unit);
                original.add(known.row, Block::Word);
            }
            scratch.units.hashes.extend_from_slice(&original.units[from..until]);
        }
        let Scratch { units, sums, .. } = scratch;
        let hashes = &units.hashes;
        original.leave_across();
        original.mark_windows(hashes.len());
        for at in 0..original.room.windows.len() {
            let (from, until) = original.room.windows[at];
            self.word_ngrams(&hashes[from..until], |fingerprint, first, last| {
                original.add_new(table, fingerprint, Block::Word, (from + first, from + last));
            });
            self.skip_bigrams(&hashes[from..until], |fingerprint, first, last| {
                original.add_new(table, fingerprint, Block::Skip, (from + first, from + last));
            });
        }
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
                row: (place as usize - 1) / self.totals.len(),
                block: if words > 0 { Block::Word } else { Block::Skip },
                units: (across.from as usize, across.to as usize),
                part: (words + skips) as f32 / occurrences.iter().sum::<u32>() as f32,
            }
        })
    }

    /// What is within a token: for each of the two blocks the sums of its rows, eight by eight.
    pub(crate) fn within(&self, token: usize) -> [(Block, impl Iterator<Item = &Lanes>); 2] {
        let eights = self.totals.len();
        let within = &self.within[token * eights..][..eights];
        [0, 1].map(|which| (WITHIN[which], within.iter().map(move |sums| &sums[which])))
    }

    /// Sets the sums to those of the original, and finds what it has in common with the tokens of an edited note.
    fn start(&mut self, tokens: &Tokens, sums: &mut Sums) {
        sums.counts = self.counts;
        sums.totals.clone_from(&self.totals);
        self.room.new.clear();

        let (before, count) = (self.shorts.len(), tokens.len());
        let is_same = |own: usize, edited: usize| self.shorts[own] == tokens.short(edited) && self.shorts[own] != LONG;
        let common = count.min(before);
        let head = (0..common).take_while(|&index| is_same(index, index)).count();
        let tail = (0..common - head).take_while(|&back| is_same(before - 1 - back, count - 1 - back)).count();
        // A token is one less than its unit.
        let runs = &mut self.room.runs;
        runs.clear();
        runs.push(Run { from: 0, until: head + 1, edited: 0 });
        let (mut own, mut edited) = (head, head);
        let (own_end, edited_end) = (before - tail, count - tail);
        while edited < edited_end {
            // Shorter runs save nothing.
            let least = (REACH + 1).min(edited_end - edited);
            let begins = |from: &usize| (0..least).all(|at| is_same(from + at, edited + at));
            let Some(from) = (own..(own_end + 1).saturating_sub(least)).find(begins) else { break };
            let most = (own_end - from).min(edited_end - edited);
            let length = (least..most).find(|&at| !is_same(from + at, edited + at)).unwrap_or(most);
            runs.push(Run { from: from + 1, until: from + 1 + length, edited: edited + 1 });
            (own, edited) = (from + length, edited + length);
        }
        runs.push(Run { from: own_end + 1, until: before + 2, edited: edited_end + 1 });
    }

    /// Takes out the units from one to another, of which neither edge is one.
    fn leave(&mut self, from: usize, until: usize, sums: &mut Sums) {
        if from >= until {
            return;
        }
        let eights = self.totals.len();
        for within in self.within[(from - 1) * eights..(until - 1) * eights].chunks_exact(eights) {
            for (totals, within) in sums.totals.iter_mut().zip(within) {
                for (block, within) in WITHIN.into_iter().zip(within) {
                    subtract(&mut totals[block as usize], within);
                }
            }
        }
    }

    /// Takes out every unit and n-gram that is in no run.
    fn leave_across(&mut self) {
        let Room { runs, until, occurrences, touched, .. } = &mut self.room;
        until.clear();
        until.resize(self.units.len(), 0);
        for run in &*runs {
            until[run.from..run.until].fill(run.until as u32);
        }
        let mut seen = 0;
        for [before, behind] in runs.array_windows() {
            // Whatever begins further before the cut ends before it.
            let from = before.until.saturating_sub(REACH).max(seen);
            seen = behind.from.max(from);
            for across in &self.across[self.begins[from] as usize..self.begins[seen] as usize] {
                if across.to >= until[across.from as usize] {
                    occurrences[across.feature as usize][as_which(across.block)] -= 1;
                    touched.push(across.feature);
                }
            }
        }
    }

    /// Finds where in an edited note of `units` units there can be n-grams that are in no run.
    fn mark_windows(&mut self, units: usize) {
        let Room { runs, edited_until, windows, .. } = &mut self.room;
        edited_until.clear();
        edited_until.resize(units, 0);
        windows.clear();
        let mut before = 0;
        for run in runs {
            let end = run.edited + (run.until - run.from);
            edited_until[run.edited..end].fill(end as u32);
            if run.edited > 0 {
                // One unit more on both sides than n-grams reach, so that what looks like a note's two edges is those.
                let (from, until) = (before.max(REACH + 2) - (REACH + 2), (run.edited + REACH + 2).min(units));
                match windows.last_mut() {
                    Some(last) if from <= last.1 => last.1 = until,
                    _ => windows.push((from, until)),
                }
            }
            before = end;
        }
    }

    /// Adds an n-gram from one unit of the edited note to another if it is in no run.
    fn add_new(&mut self, table: &Table, fingerprint: u64, block: Block, (first, last): (usize, usize)) {
        if last as u32 >= self.room.edited_until[first] {
            self.add(table.find(table.filter(), fingerprint), block);
        }
    }

    /// Adds an occurrence of the feature whose row is at `place`; none where that is 0.
    fn add(&mut self, place: u32, block: Block) {
        if place == 0 {
            return;
        }
        match self.features.binary_search_by_key(&place, |feature| feature.place) {
            Ok(at) => {
                self.room.occurrences[at][as_which(block)] += 1;
                self.room.touched.push(at as u32);
            }
            Err(_) => self.room.new.push((place, as_which(block))),
        }
    }

    /// Brings the sums in line with which features there are now.
    fn finish(&mut self, sums: &mut Sums, table: &Table) {
        let Room { occurrences, touched, new, lost, gained, .. } = &mut self.room;
        for list in lost.iter_mut().chain(gained.iter_mut()) {
            list.clear();
        }
        let mut changed = |place: u32, was: Occurrences, is: Occurrences| {
            let (was, is) = (times(was), times(is));
            for which in 0..AS.len() {
                for _ in is[which]..was[which] {
                    lost[which].push(place);
                }
                for _ in was[which]..is[which] {
                    gained[which].push(place);
                }
            }
        };
        for at in touched.drain(..) {
            let Feature { place, occurrences: was } = self.features[at as usize];
            let is = std::mem::replace(&mut occurrences[at as usize], was);
            if was != is {
                changed(place, was, is);
            }
        }
        new.sort_unstable();
        for same in new.chunk_by(|a, b| a.0 == b.0) {
            let skips = same.iter().filter(|(_, which)| *which == 1).count() as u32;
            changed(same[0].0, [0, 0], [same.len() as u32 - skips, skips]);
        }
        for (which, block) in AS.into_iter().enumerate() {
            for (eight, totals) in sums.totals.iter_mut().enumerate() {
                let total = &mut totals[block as usize];
                table.add(&gained[which], eight, total);
                let mut less = Lanes::default();
                table.add(&lost[which], eight, &mut less);
                subtract(total, &less);
            }
            let count = &mut sums.counts[block as usize];
            *count = *count + gained[which].len() as u32 - lost[which].len() as u32;
        }
        sums.count_within();
    }
}

/// Subtracts number by number.
fn subtract(sums: &mut Lanes, numbers: &Lanes) {
    for (sum, number) in sums.iter_mut().zip(numbers) {
        *sum -= number;
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::super::FeatureSettings;
    use super::*;
    use crate::table::{KEPT_BYTES, Places, in_eights};

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
                kept.push(gram.fingerprint);
            }
        });
        kept.sort_unstable();
        kept.dedup();
        let places = Places::find(&kept).expect("few enough");
        let mut rows = vec![0; places.count * (KEPT_BYTES + columns)];
        for (fingerprint, row) in kept.iter().zip(&places.rows) {
            let (own, weights) = rows[row * (KEPT_BYTES + columns)..][..KEPT_BYTES + columns].split_at_mut(KEPT_BYTES);
            own.copy_from_slice(&fingerprint.to_le_bytes()[..KEPT_BYTES]);
            for (column, weight) in weights.iter_mut().enumerate() {
                *weight = (fingerprint >> column) as u8;
            }
        }
        Table::new(Cow::Owned(places.pilots), Cow::Owned(in_eights(&rows, columns).into_owned()), columns).expect("whole")
    }

    static TABLES: LazyLock<Vec<(Extractor, Table)>> = LazyLock::new(|| {
        let of = |word_ngrams, skip_bigrams, surface_words, columns| {
            let extractor = Extractor::new(&FeatureSettings { word_ngrams, surface_words, skip_bigrams, ..FeatureSettings::default() });
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
                let mut original = extractor.original(&mut scratch, table);
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
