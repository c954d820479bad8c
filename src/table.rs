//! From fingerprints to rows of weights: the one table that a note's features are looked up in.
//!
//! It is a perfect hash table ("hash and displace": Belazzougui, Botelho and Dietzfelbinger 2009; pilots of eight bits and evictions as in `PtrHash`, Groot Koerkamp
//! 2025): the first bits of a fingerprint name its bucket, and a number that the bucket has, its pilot, spreads the features of the bucket over the rows so that no two
//! features of the model share one. So a feature costs a look at a pilot, of which the first-level cache holds most, and at one row, whether it is there or not:
//! nothing needs to be foreseen.

mod filter;
mod places;

use std::borrow::Cow;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) use filter::Filter;
pub(crate) use places::Places;

/// How many bytes of a fingerprint stand in a row, its lowest. Of a million notes, some three have an n-gram that is not in the model and is taken for one that is.
pub(crate) const KEPT_BYTES: usize = 3;

/// Odd numbers without a pattern, and an even one: a pilot makes an odd number of them, by which a fingerprint is multiplied.
const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
const STEP: u64 = 0xD6E8_FEB8_6659_FD92;

/// The least and the greatest number of bits that name a bucket.
const BUCKET_BITS: std::ops::RangeInclusive<u32> = 8..=30;

/// The greatest number of rows.
const MOST_ROWS: usize = 1 << 30;

/// Sums of the bytes of a row, eight columns or fewer. The first [`KEPT_BYTES`] of a row's first eight are no weights.
pub(crate) type Lanes = [i32; 8];

/// Rows of weights by fingerprint.
#[derive(Debug)]
pub(crate) struct Table {
    /// Differs from that of every other table of this process.
    pub(crate) id: u64,
    /// A pilot for each bucket.
    pilots: Cow<'static, [u8]>,
    /// How far a fingerprint is shifted to name a bucket.
    shift: u32,
    /// For each feature the kept bytes of its fingerprint, its weights, and zeros up to a multiple of eight bytes; zeros alone in the few rows that are left over.
    rows: Cow<'static, [[u8; 8]]>,
    /// How many rows there are.
    count: u64,
    /// The bits of the filter, where [`Table::sharpen`] was called.
    filter: OnceLock<Vec<u32>>,
    /// How many eights of bytes a row has.
    eights: usize,
    columns: usize,
}

impl Table {
    /// From the pilots that [`Places::find`] gave, and [`in_eights`] the rows.
    ///
    /// # Errors
    ///
    /// Says what does not fit together.
    pub(crate) fn new(pilots: Cow<'static, [u8]>, rows: Cow<'static, [[u8; 8]]>, columns: usize) -> Result<Self, &'static str> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let bits = pilots.len().trailing_zeros();
        if !pilots.len().is_power_of_two() || !BUCKET_BITS.contains(&bits) {
            return Err("a number of pilots that is not a power of two, or out of range");
        }
        let eights = (KEPT_BYTES + columns).div_ceil(8);
        let count = rows.len() / eights;
        if count == 0 || count > MOST_ROWS / eights {
            return Err("no rows, or too many");
        }
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Ok(Self { id, pilots, shift: u64::BITS - bits, rows, count: count as u64, filter: OnceLock::new(), eights, columns })
    }

    /// Makes the filter, if it is not there yet: a pass over all rows, which many look-ups have to earn back.
    pub(crate) fn sharpen(&self) {
        self.filter.get_or_init(|| filter::bits(self));
    }

    /// What to ask before [`Table::place`], where that pays. The answers are the same.
    #[inline]
    pub(crate) fn filter(&self) -> Filter<'_> {
        Filter::new(self.filter.get())
    }

    /// How many rows there are, those that are left over among them.
    pub(crate) fn len(&self) -> usize {
        self.count as usize
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

    /// Whether a row has nothing in it.
    pub(crate) fn is_left_over(&self, row: usize) -> bool {
        self.row(row).iter().all(|eight| *eight == [0; 8])
    }

    /// The row of a feature.
    pub(crate) fn get(&self, fingerprint: u64) -> Option<usize> {
        Some((self.find(self.filter(), fingerprint) as usize).checked_sub(1)? / self.eights)
    }

    /// As [`Table::place`], which it asks only where the table's filter lets the feature past.
    #[inline]
    pub(crate) fn find(&self, filter: Filter<'_>, fingerprint: u64) -> u32 {
        if filter.may_have(fingerprint) { self.place(fingerprint) } else { 0 }
    }

    /// Where the row of a feature begins, in eights, plus one; 0 where there is no such feature. Without a branch: which features there are is hard to foresee.
    #[inline]
    pub(crate) fn place(&self, fingerprint: u64) -> u32 {
        let pilot = self.pilots[(fingerprint >> self.shift) as usize];
        let at = row(fingerprint, pilot, self.count) as usize * self.eights;
        let kept = (u64::from_le_bytes(self.rows[at]) ^ fingerprint) << (u64::BITS as usize - 8 * KEPT_BYTES);
        (at as u32 + 1) & u32::from(kept == 0).wrapping_neg()
    }

    /// [`Table::place`] of many, and nothing else in between: so few instructions a row that the processor fetches many of them at once. A note took 5 % less
    /// processor time than with what follows from each row in the same loop.
    #[inline]
    pub(crate) fn places(&self, fingerprints: &[u64], places: &mut [u32]) {
        for (place, &fingerprint) in places.iter_mut().zip(fingerprints) {
            *place = self.place(fingerprint);
        }
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

/// The row, of `count`, that a feature has where its bucket has this pilot.
#[inline]
fn row(fingerprint: u64, pilot: u8, count: u64) -> u64 {
    let factor = FACTOR.wrapping_add(u64::from(pilot).wrapping_mul(STEP));
    ((fingerprint.wrapping_mul(factor) >> 32) * count) >> 32
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

    fn spread(count: u64) -> Vec<u64> {
        let mut full: Vec<u64> = (1..=count).map(|i| (i ^ i << 40).wrapping_mul(0xC2B2_AE3D_27D4_EB4F)).collect();
        full.sort_unstable();
        full
    }

    /// A table of features, in ascending order, whose weights are the lowest bytes of their fingerprints.
    fn table(full: &[u64], columns: usize) -> Table {
        let places = Places::find(full).expect("few enough");
        let mut rows = vec![0; places.count * (KEPT_BYTES + columns)];
        for (&fingerprint, &row) in full.iter().zip(&places.rows) {
            let width = KEPT_BYTES + columns;
            let (kept, weights) = rows[row * width..(row + 1) * width].split_at_mut(KEPT_BYTES);
            kept.copy_from_slice(&fingerprint.to_le_bytes()[..KEPT_BYTES]);
            weights.fill(fingerprint as u8);
        }
        Table::new(Cow::Owned(places.pilots), Cow::Owned(in_eights(&rows, columns).into_owned()), columns).expect("whole")
    }

    #[test]
    fn what_went_in_is_found_and_nothing_else() {
        for (count, columns) in [(0, 5), (1, 1), (5, 5), (1000, 6), (98_300_u64, 5), (150_000, 14)] {
            let full = spread(count);
            let table = table(&full, columns);
            assert!((count as usize..=count as usize + count as usize / 50 + 1).contains(&table.len()));
            let mut left_over = (0..table.len()).filter(|&row| table.is_left_over(row)).count();
            for fingerprint in &full {
                let row = table.get(*fingerprint).expect("there");
                assert_eq!(table.weights(row), vec![*fingerprint as u8; columns]);
                assert_eq!(table.get(fingerprint ^ 1), None);
                left_over += 1;
            }
            assert_eq!(left_over, table.len(), "each has a row of its own");
            let others = |filter: Filter<'_>| full.iter().filter(|&fingerprint| filter.may_have(fingerprint >> 24)).count();
            assert_eq!(others(table.filter()), full.len(), "nothing is kept back before there is a filter");
            table.sharpen();
            assert!(full.iter().all(|&fingerprint| table.filter().may_have(fingerprint) && table.get(fingerprint).is_some()));
            assert!(others(table.filter()) <= full.len() / 2 + 1, "most of what is not there");
        }
    }

    #[test]
    fn features_of_one_bucket_are_told_apart() {
        let mut full = spread(400);
        full.extend((0..12).map(|low| 7 << 56 | low << 24 | (low * low)));
        full.extend((0..12).map(|low| 0xFF << 56 | low));
        full.sort_unstable();
        let table = table(&full, 2);
        let rows: std::collections::BTreeSet<usize> = full.iter().map(|&one| table.get(one).expect("there")).collect();
        assert_eq!(rows.len(), full.len());
        assert_eq!(table.get(7 << 56 | 12 << 24), None);
        assert!(Places::find(&[3, 3]).is_err(), "one twice");
        let many: Vec<u64> = spread(500).iter().map(|one| one >> 16).collect();
        assert!(Places::find(&many).is_err(), "all in one bucket");
    }

    #[test]
    fn what_does_not_fit_together_is_found() {
        let places = Places::find(&[5]).expect("one");
        let row = vec![5, 0, 0, 1, 1];
        let new = |pilots: &[u8], rows: &[u8]| Table::new(Cow::Owned(pilots.to_vec()), Cow::Owned(in_eights(rows, 2).into_owned()), 2);
        assert!(new(&places.pilots, &row).is_ok());
        for (pilots, rows) in [(&places.pilots[..], &[][..]), (&places.pilots[1..], &row), (&places.pilots[..64], &row), (&[], &row)] {
            assert!(new(pilots, rows).is_err());
        }
    }

    #[test]
    fn eight_sums_at_once_are_the_sums() {
        let full = spread(700);
        let table = table(&full, 11);
        let numbers: Vec<u32> = full.iter().map(|&fingerprint| table.place(fingerprint)).collect();
        for (eight, columns) in [(0, KEPT_BYTES..8), (1, 0..6)] {
            let mut sums = [1; 8];
            table.add(&numbers, eight, &mut sums);
            let sum: i32 = full.iter().map(|&fingerprint| i32::from(fingerprint as i8)).sum();
            assert!(sums[columns].iter().all(|found| *found == sum + 1), "{sums:?} {sum}");
        }
    }
}
