//! From fingerprints to rows of weights: the one table that a note's features are looked up in.
//!
//! It is a hash table without empty places ("sparse hash table"): a bit for each slot says whether it is taken, and the rows of those that are stand one after the
//! other. So a feature that is not there, as most are, costs a look at one bit, and one that is there the number of bits before its own. A feature whose slot is taken
//! goes to the next one; the rows are in the order of their fingerprints.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many bits of a feature's fingerprint a model keeps. Of a million notes, some ten have an n-gram that the model takes for another; training fails
/// where two of its own would be taken for each other.
pub(crate) const BITS: u32 = 40;

/// How many bytes of a fingerprint stand in a row.
pub(crate) const KEPT_BYTES: usize = 3;

/// How many slots a feature may stand past its own. So many can be told apart, since a row has at least three of the bits that name its slot.
const MOST_PAST: usize = 7;

/// The least number of bits that name a slot: [`BITS`] less what a row has, and the three.
const FEWEST_SLOT_BITS: u32 = BITS - 8 * KEPT_BYTES as u32 + MOST_PAST.count_ones();

/// The greatest number of bits that name a slot.
const MOST_SLOT_BITS: u32 = 30;

/// The slots past the last one that can be named, in bytes.
const END: usize = 8;

/// Sums of the bytes of a row, eight columns or fewer. The first [`KEPT_BYTES`] of a row's first eight are no weights.
pub(crate) type Lanes = [i32; 8];

/// What a model keeps of a fingerprint.
pub(crate) fn truncated(fingerprint: u64) -> u64 {
    fingerprint >> (u64::BITS - BITS)
}

/// Rows of weights by fingerprint.
#[derive(Debug)]
pub(crate) struct Table {
    /// Differs from that of every other table of this process.
    pub(crate) id: u64,
    /// The slots that can be named, and [`END`] bytes more.
    slots: Vec<Slots>,
    /// How far a fingerprint is shifted to name a slot.
    shift: u32,
    /// For each feature the kept bytes of its fingerprint, its weights, and zeros up to a multiple of eight bytes.
    rows: Cow<'static, [[u8; 8]]>,
    /// How many eights of bytes a row has.
    eights: usize,
    columns: usize,
}

/// 32 slots. Fewer than 64, since counting the bits of 32 takes half the instructions.
#[derive(Clone, Copy, Debug)]
struct Slots {
    /// Which are taken, the first in the lowest bit.
    taken: u32,
    /// How many before these are.
    before: u32,
}

impl Table {
    /// From the slots that [`encode`] gave, and [`in_eights`] the rows for each that is taken.
    ///
    /// # Errors
    ///
    /// Says what does not fit together.
    pub(crate) fn new(slots: &[u8], rows: Cow<'static, [[u8; 8]]>, columns: usize) -> Result<Self, &'static str> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let named = 8 * slots.len().saturating_sub(END);
        let bits = named.trailing_zeros();
        if !named.is_power_of_two() || !(FEWEST_SLOT_BITS..=MOST_SLOT_BITS).contains(&bits) {
            return Err("a number of slots that is not a power of two");
        }
        let count = |taken: u32| Slots { taken, before: taken.count_ones() };
        let mut slots: Vec<Slots> = slots.as_chunks().0.iter().map(|four| count(u32::from_le_bytes(*four))).collect();
        let mut before = 0;
        for slots in &mut slots {
            before += std::mem::replace(&mut slots.before, before);
        }
        let eights = (KEPT_BYTES + columns).div_ceil(8);
        if rows.len() != before as usize * eights {
            return Err("more or fewer slots taken than there are features");
        }
        Ok(Self { id: NEXT.fetch_add(1, Ordering::Relaxed), slots, shift: u64::BITS - bits, rows, eights, columns })
    }

    /// How many features there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len() / self.eights
    }

    /// The greatest that [`Table::place`] can say.
    pub(crate) fn last_place(&self) -> usize {
        self.rows.len()
    }

    /// How many eights of columns a row has, its kept bytes among them.
    pub(crate) fn eights(&self) -> usize {
        self.eights
    }

    /// All eights of a row, its kept bytes and what it is filled up with among them.
    pub(crate) fn row(&self, row: usize) -> &[[u8; 8]] {
        &self.rows[row * self.eights..(row + 1) * self.eights]
    }

    /// The weights of a row.
    pub(crate) fn weights(&self, row: usize) -> &[u8] {
        &self.row(row).as_flattened()[KEPT_BYTES..KEPT_BYTES + self.columns]
    }

    /// The row of a feature.
    pub(crate) fn get(&self, fingerprint: u64) -> Option<usize> {
        Some((self.find(fingerprint) as usize).checked_sub(1)? / self.eights)
    }

    /// As [`Table::place`], for any feature.
    pub(crate) fn find(&self, fingerprint: u64) -> u32 {
        if self.may_have(fingerprint) { self.place(fingerprint) } else { 0 }
    }

    /// Whether a feature's slot is taken. Where it is not, there is no such feature.
    pub(crate) fn may_have(&self, fingerprint: u64) -> bool {
        self.is_taken((fingerprint >> self.shift) as usize)
    }

    fn is_taken(&self, slot: usize) -> bool {
        self.slots[slot / 32].taken >> (slot % 32) & 1 != 0
    }

    /// Where the row of a feature begins whose slot is taken, in eights, plus one; 0 where there is no such feature.
    #[inline]
    pub(crate) fn place(&self, fingerprint: u64) -> u32 {
        let slot = (fingerprint >> self.shift) as usize;
        let Slots { taken, before } = self.slots[slot / 32];
        let bit = (slot % 32) as u32;
        let row = (before + (taken & ((1 << bit) - 1)).count_ones()) as usize * self.eights;
        let is_same = u32::from(self.is_at(row, fingerprint));
        // Whether the next slot is taken, for all that these 32 say. One branch for both, since whether it is the same is hard to foresee.
        let is_next_taken = (taken >> bit >> 1) | ((bit + 1) / 32);
        if is_next_taken & !is_same & 1 != 0 {
            return self.place_past(slot, row, fingerprint);
        }
        (row as u32 + 1) & is_same.wrapping_neg()
    }

    /// The same of a feature that stands past its slot; `row` is where the row of that slot begins. Out of line, since few do.
    #[inline(never)]
    fn place_past(&self, slot: usize, row: usize, fingerprint: u64) -> u32 {
        let mut past = (1..=MOST_PAST).take_while(|past| self.is_taken(slot + past)).map(|past| row + past * self.eights);
        past.find(|row| self.is_at(*row, fingerprint)).map_or(0, |row| row as u32 + 1)
    }

    /// Whether the row that begins at an eight is that of a feature.
    fn is_at(&self, row: usize, fingerprint: u64) -> bool {
        (u64::from_le_bytes(self.rows[row]) ^ truncated(fingerprint)) << (u64::BITS as usize - 8 * KEPT_BYTES) == 0
    }

    /// Adds the bytes of the eight that is `eight` in each row to the sums. [`Table::place`] says where the rows are. Whole numbers: their sum is the same in any order.
    ///
    /// Eight are added at once, in two numbers of four times sixteen bits: a third of the instructions of adding them one by one.
    pub(crate) fn add(&self, places: &[u32], eight: usize, sums: &mut Lanes) {
        const EVERY_OTHER: u64 = 0x00FF_00FF_00FF_00FF;
        let rows = &self.rows[eight.min(self.rows.len())..];
        // As many bytes as sixteen bits hold for sure.
        for places in places.chunks(256) {
            let (mut even, mut odd) = (0, 0);
            for &place in places {
                // 128 more, so that nothing is negative.
                let weights = u64::from_le_bytes(rows[place as usize - 1]) ^ 0x8080_8080_8080_8080;
                even += weights & EVERY_OTHER;
                odd += weights >> 8 & EVERY_OTHER;
            }
            for (at, sum) in sums.iter_mut().enumerate() {
                let four = if at % 2 == 0 { even } else { odd };
                *sum += (four >> (16 * (at / 2)) & 0xFFFF) as i32 - 128 * i32::from(places.len() as u16);
            }
        }
    }
}

/// The slots of a table of features with these truncated fingerprints, which are ascending and differ.
///
/// # Errors
///
/// Says why there is no such table.
pub(crate) fn encode(fingerprints: &[u64]) -> Result<Vec<u8>, &'static str> {
    // A quarter full at most, so that few stand past their slot, and nobody far.
    let bits = (4 * fingerprints.len()).next_power_of_two().trailing_zeros().max(FEWEST_SLOT_BITS);
    (bits..=MOST_SLOT_BITS.min(bits + 3)).find_map(|bits| place_all(fingerprints, bits)).ok_or("too many features that begin alike")
}

fn place_all(fingerprints: &[u64], bits: u32) -> Option<Vec<u8>> {
    let mut slots = vec![0; (1 << bits) / 8 + END];
    let mut next = 0;
    for fingerprint in fingerprints {
        let own = (fingerprint >> (BITS - bits)) as usize;
        let slot = next.max(own);
        if slot - own > MOST_PAST {
            return None;
        }
        slots[slot / 8] |= 1 << (slot % 8);
        next = slot + 1;
    }
    Some(slots)
}

/// Rows of the kept bytes of a fingerprint and a weight for each column as rows of whole eights, filled up with zeros; as they are where they have eight bytes.
pub(crate) fn in_eights(rows: &[u8], columns: usize) -> Cow<'_, [[u8; 8]]> {
    let width = KEPT_BYTES + columns;
    if width == 8 {
        return Cow::Borrowed(rows.as_chunks().0);
    }
    let eights = width.div_ceil(8);
    let mut wide = vec![[0; 8]; rows.len() / width * eights];
    for (row, wide) in rows.chunks_exact(width).zip(wide.chunks_exact_mut(eights)) {
        wide.as_flattened_mut()[..width].copy_from_slice(row);
    }
    Cow::Owned(wide)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table of features whose weights are the lowest bytes of their fingerprints.
    fn table(full: &[u64], columns: usize) -> Table {
        let mut sorted: Vec<u64> = full.iter().map(|&full| truncated(full)).collect();
        sorted.sort_unstable();
        let row = |fingerprint: &u64| [&fingerprint.to_le_bytes()[..KEPT_BYTES], &vec![*fingerprint as u8; columns]].concat();
        let rows: Vec<u8> = sorted.iter().flat_map(row).collect();
        Table::new(&encode(&sorted).expect("few enough"), Cow::Owned(in_eights(&rows, columns).into_owned()), columns).expect("whole")
    }

    #[test]
    fn what_went_in_is_found_and_nothing_else() {
        for (count, columns) in [(0, 5), (1, 1), (5, 5), (1000, 6), (150_000_u64, 14)] {
            let mut full: Vec<u64> = (1..=count).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
            let table = table(&full, columns);
            full.sort_unstable();
            assert_eq!(table.len(), full.len());
            for (at, fingerprint) in full.iter().enumerate() {
                assert_eq!(table.get(*fingerprint), Some(at));
                assert_eq!(table.weights(at), vec![truncated(*fingerprint) as u8; columns]);
                assert_eq!(table.get(fingerprint ^ 1 << 40), None);
            }
            assert_eq!(table.get(0), None);
        }
    }

    #[test]
    fn features_that_share_a_slot_are_told_apart() {
        let from = |slot: u64, low: u64| slot << (64 - FEWEST_SLOT_BITS) | low << 24;
        // The last 64 slots, those before a word's end, and more than one after the other; eight share the last slot.
        let last = (1 << FEWEST_SLOT_BITS) - 1;
        let mut full = vec![from(62, 1), from(62, 2), from(62, 3), from(63, 1), from(63, 2), from(64, 7), from(65, 9)];
        full.extend((0..8).map(|low| from(last, low)));
        let table = table(&full, 2);
        for (at, fingerprint) in full.iter().enumerate() {
            assert_eq!(table.get(*fingerprint), Some(at), "{fingerprint:x}");
        }
        for absent in [from(61, 1), from(62, 4), from(63, 3), from(64, 1), from(66, 1), from(last, 8)] {
            assert_eq!(table.get(absent), None, "{absent:x}");
        }
        let nine: Vec<u64> = (0..9).map(|low| truncated(from(3, low))).collect();
        assert!(encode(&nine).is_err(), "nine whose first 22 bits are the same");
    }

    #[test]
    fn what_does_not_fit_together_is_found() {
        let (slots, row) = (encode(&[5]).expect("one"), vec![5, 0, 0, 1, 1]);
        let new = |slots: &[u8], rows: &[u8]| Table::new(slots, Cow::Owned(in_eights(rows, 2).into_owned()), 2);
        assert!(new(&slots, &row).is_ok());
        let mut more = slots.clone();
        more[70] = 1;
        for (slots, rows) in [(&slots[..], &row[..4]), (&slots, &[]), (&more, &row), (&slots[1..], &row), (&slots[..100], &row), (&[], &[])]
        {
            assert!(new(slots, rows).is_err());
        }
    }

    #[test]
    fn eight_sums_at_once_are_the_sums() {
        let full: Vec<u64> = (1..=700_u64).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
        let table = table(&full, 11);
        let numbers: Vec<u32> = full.iter().map(|&fingerprint| table.place(fingerprint)).collect();
        for (eight, columns) in [(0, KEPT_BYTES..8), (1, 0..6)] {
            let mut sums = [1; 8];
            table.add(&numbers, eight, &mut sums);
            let sum: i32 = full.iter().map(|&fingerprint| i32::from(truncated(fingerprint) as i8)).sum();
            assert!(sums[columns].iter().all(|found| *found == sum + 1), "{sums:?} {sum}");
        }
    }
}
