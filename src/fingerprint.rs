//! From fingerprints to rows.

use std::borrow::Cow;
use std::ops::Range;

use crate::bytes::eight_from;

/// How many bits of a feature's fingerprint a model keeps. Of a million notes, some ten have an n-gram that the model takes for another; training fails
/// where two of its own would be taken for each other.
pub(crate) const BITS: u32 = 40;

/// The least number of bits that a bucket is known by: buckets are read by eights.
const FEWEST_BITS: u32 = 3;

/// The width of the shipped model's fingerprints, and of those of every model of 40,000 features or more.
const USUAL_WIDTH: usize = 3;

/// What a model keeps of a fingerprint.
pub(crate) fn truncated(fingerprint: u64) -> u64 {
    fingerprint >> (u64::BITS - BITS)
}

/// Truncated fingerprints in ascending order, as a model file has them: a count for each bucket of those that share their top bits, and the
/// other bits of each. Nothing is copied or sorted when a model is loaded; the buckets' counts are summed up once, eight at a time.
///
/// Eight buckets take 16 bytes: 128 KiB for the shipped model, where a start for each bucket would take 256.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    buckets: Vec<Eight>,
    /// The low bits of each fingerprint, `width` bytes, little-endian.
    low: Cow<'static, [u8]>,
    width: usize,
    /// How many bits of a fingerprint are not the bucket's.
    shift: u32,
    /// Which bits of a truncated fingerprint are not the bucket's.
    own_bits: u64,
    /// Which bits of eight bytes are the first fingerprint's.
    first_bits: u64,
}

/// Eight buckets.
#[derive(Clone, Copy, Debug)]
struct Eight {
    /// How many fingerprints the first bucket has (in the lowest byte), the first two, and so on.
    ends: u64,
    /// How many the buckets before have.
    start: usize,
}

impl Index {
    /// From what a file has: a count for each of a power of two of buckets, eight or more, and the low bits of every fingerprint.
    ///
    /// # Errors
    ///
    /// Says what does not fit together.
    pub(crate) fn new(counts: &[u8], low: Cow<'static, [u8]>) -> Result<Self, &'static str> {
        let bits = counts.len().trailing_zeros();
        if !counts.len().is_power_of_two() || !(FEWEST_BITS..BITS).contains(&bits) {
            return Err("a number of buckets that is not a power of two");
        }
        let (mut end, mut most) = (0, 0);
        let eight = |counts: &[u8; 8]| {
            let counts = u64::from_le_bytes(*counts);
            // Each byte of the product is the sum of the bytes up to it, as long as that fits.
            let eight = Eight { ends: counts.wrapping_mul(0x0101_0101_0101_0101), start: end };
            let sum = sum(counts);
            most = most.max(sum);
            end += sum;
            eight
        };
        let buckets = counts.as_chunks().0.iter().map(eight).collect();
        if most > usize::from(u8::MAX) {
            return Err("more fingerprints that begin alike than there can be");
        }
        let width = width(bits);
        if low.len() != end * width {
            return Err("buckets that hold more or fewer fingerprints than there are");
        }
        let first_bits = u64::MAX >> (64 - 8 * width);
        Ok(Self { buckets, low, width, shift: u64::BITS - bits, own_bits: (1 << (BITS - bits)) - 1, first_bits })
    }

    /// The counts of the buckets and the low bits of `fingerprints`, which are truncated and ascending.
    pub(crate) fn encode(fingerprints: &[u64]) -> (Vec<u8>, Vec<u8>) {
        let bits = bucket_bits(fingerprints.len());
        let (shift, width) = (BITS - bits, width(bits));
        let mut counts = vec![0_u8; 1 << bits];
        let mut low = Vec::with_capacity(fingerprints.len() * width);
        for fingerprint in fingerprints {
            counts[(fingerprint >> shift) as usize] += 1;
            low.extend_from_slice(&(fingerprint & ((1 << shift) - 1)).to_le_bytes()[..width]);
        }
        (counts, low)
    }

    /// How many fingerprints there are.
    pub(crate) fn len(&self) -> usize {
        self.low.len() / self.width
    }

    /// The row of a full fingerprint: its place among the others.
    pub(crate) fn get(&self, fingerprint: u64) -> Option<usize> {
        (self.place(fingerprint) as usize).checked_sub(1)
    }

    /// The row of a full fingerprint plus one, 0 where there is none.
    ///
    /// Four fingerprints are compared at once where a bucket has four or fewer. How many there are and which is the one is hard to foresee, so a branch for each
    /// costs more than comparing in vain.
    pub(crate) fn place(&self, fingerprint: u64) -> u32 {
        let bucket = (fingerprint >> self.shift) as usize;
        let wanted = truncated(fingerprint) & self.own_bits;
        let Eight { ends, start } = self.buckets[bucket / 8];
        let byte = |ends: u64| (ends >> (8 * (bucket % 8)) & 0xFF) as usize;
        let from = start + byte(ends << 8);
        let count = byte(ends) - byte(ends << 8);
        if self.width == USUAL_WIDTH
            && count <= 4
            && let Some(four) = self.low.get(USUAL_WIDTH * from..).and_then(<[u8]>::first_chunk::<{ 3 * USUAL_WIDTH + 8 }>)
        {
            let is_same = |at: usize| u32::from(eight_from(four, USUAL_WIDTH * at) & self.first_bits == wanted) << at;
            let same = (is_same(0) | is_same(1) | is_same(2) | is_same(3)) & ((1 << count) - 1);
            return (from as u32 + same.trailing_zeros() + 1) & u32::from(same != 0).wrapping_neg();
        }
        self.place_among(from..from + count, wanted)
    }

    /// The row plus one, 0 where there is none, of what is left of a fingerprint beside the bucket's bits. Out of line, so that the usual way keeps nothing for it.
    #[inline(never)]
    fn place_among(&self, mut rows: Range<usize>, wanted: u64) -> u32 {
        let found = rows.find(|at| eight_from(&self.low, at * self.width) & self.first_bits == wanted);
        found.map_or(0, |at| at as u32 + 1)
    }
}

/// The sum of eight bytes.
fn sum(eight: u64) -> usize {
    let pairs = (eight & 0x00FF_00FF_00FF_00FF) + (eight >> 8 & 0x00FF_00FF_00FF_00FF);
    (pairs.wrapping_mul(0x0001_0001_0001_0001) >> 48) as usize
}

/// In how many bytes the bits fit that are not the bucket's.
fn width(bucket_bits: u32) -> usize {
    (BITS - bucket_bits).div_ceil(8) as usize
}

/// The number of bits that makes the smallest file in which a bucket holds four fingerprints or fewer on average.
fn bucket_bits(fingerprints: usize) -> u32 {
    let size = |bits: &u32| (1_usize << bits) + fingerprints * width(*bits);
    (FEWEST_BITS..=24).filter(|bits| fingerprints >> bits <= 4).min_by_key(size).unwrap_or(24)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(full: &[u64]) -> Index {
        let mut sorted: Vec<u64> = full.iter().map(|&full| truncated(full)).collect();
        sorted.sort_unstable();
        let (counts, low) = Index::encode(&sorted);
        Index::new(&counts, Cow::Owned(low)).expect("whole")
    }

    #[test]
    fn what_went_in_is_found_and_nothing_else() {
        for count in [0, 1, 5, 1000, 70_000_u64] {
            let mut full: Vec<u64> = (1..=count).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
            let index = index(&full);
            full.sort_unstable();
            assert_eq!(index.len(), full.len());
            for (at, fingerprint) in full.iter().enumerate() {
                assert_eq!(index.get(*fingerprint), Some(at));
                assert_eq!(index.get(fingerprint ^ 1 << 40), None);
            }
            assert_eq!(index.get(0), None);
        }
    }

    #[test]
    fn the_shipped_model_needs_three_bytes_a_fingerprint() {
        assert_eq!((bucket_bits(70_000), width(bucket_bits(70_000))), (16, 3));
        assert_eq!(bucket_bits(0), 3);
    }

    #[test]
    fn what_does_not_fit_together_is_found() {
        let counts = |first: u8, second: u8| [first, second, 0, 0, 0, 0, 0, 0].to_vec();
        assert!(Index::new(&counts(1, 0), Cow::Owned(vec![0; 5])).is_ok());
        let broken =
            [(vec![1, 0, 0], 5), (vec![1, 0], 5), (Vec::new(), 0), (counts(1, 1), 5), (counts(1, 0), 6), (counts(200, 56), 256 * 5)];
        for (counts, low) in broken {
            assert!(Index::new(&counts, Cow::Owned(vec![0; low])).is_err(), "{counts:?}");
        }
    }

    #[test]
    fn eight_bytes_are_summed() {
        assert_eq!([sum(u64::MAX), sum(0x0102_0304_0506_0708)], [2040, 36]);
    }
}
