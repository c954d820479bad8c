//! From fingerprints to rows.

use std::borrow::Cow;

/// How many bits of a feature's fingerprint a model keeps. Of a million notes, some ten have an n-gram that the model takes for another; training fails
/// where two of its own would be taken for each other.
pub(crate) const BITS: u32 = 40;

/// What a model keeps of a fingerprint.
pub(crate) fn truncated(fingerprint: u64) -> u64 {
    fingerprint >> (u64::BITS - BITS)
}

/// Truncated fingerprints in ascending order, as a model file has them: a count for each bucket of those that share their top bits, and the
/// other bits of each. Nothing is copied or sorted when a model is loaded; the buckets' counts are summed up once.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    /// Where each bucket starts, and one more for the end.
    starts: Vec<u32>,
    /// The low bits of each fingerprint, `width` bytes, little-endian.
    low: Cow<'static, [u8]>,
    width: usize,
    /// How many bits of a truncated fingerprint are not the bucket's.
    shift: u32,
}

impl Index {
    /// From what a file has: a count for each of a power of two of buckets, and the low bits of every fingerprint.
    ///
    /// # Errors
    ///
    /// Says what does not fit together.
    pub(crate) fn new(counts: &[u8], low: Cow<'static, [u8]>) -> Result<Self, &'static str> {
        let bits = counts.len().trailing_zeros();
        if !counts.len().is_power_of_two() || bits >= BITS {
            return Err("a number of buckets that is not a power of two");
        }
        let mut starts = Vec::with_capacity(counts.len() + 1);
        let mut end = 0;
        starts.push(end);
        starts.extend(counts.iter().map(|&count| {
            end += u32::from(count);
            end
        }));
        let width = width(bits);
        if low.len() != end as usize * width {
            return Err("buckets that hold more or fewer fingerprints than there are");
        }
        Ok(Self { starts, low, width, shift: BITS - bits })
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

    /// The place of a full fingerprint among the others.
    pub(crate) fn get(&self, fingerprint: u64) -> Option<usize> {
        let fingerprint = truncated(fingerprint);
        let bucket = (fingerprint >> self.shift) as usize;
        let wanted = fingerprint & ((1 << self.shift) - 1);
        let (from, to) = (self.starts[bucket] as usize, self.starts[bucket + 1] as usize);
        // The usual widths as constants: comparing numbers instead of slices.
        let at = match self.width {
            3 => find::<3>(&self.low[3 * from..3 * to], wanted),
            4 => find::<4>(&self.low[4 * from..4 * to], wanted),
            width => self.low[width * from..width * to].chunks_exact(width).position(|low| *low == wanted.to_le_bytes()[..width]),
        };
        Some(from + at?)
    }
}

fn find<const WIDTH: usize>(low: &[u8], wanted: u64) -> Option<usize> {
    low.as_chunks::<WIDTH>().0.iter().position(|low| {
        let mut bytes = [0; 8];
        bytes[..WIDTH].copy_from_slice(low);
        u64::from_le_bytes(bytes) == wanted
    })
}

/// In how many bytes the bits fit that are not the bucket's.
fn width(bucket_bits: u32) -> usize {
    (BITS - bucket_bits).div_ceil(8) as usize
}

/// The number of bits that makes the smallest file in which a bucket holds four fingerprints or fewer on average.
fn bucket_bits(fingerprints: usize) -> u32 {
    let size = |bits: &u32| (1_usize << bits) + fingerprints * width(*bits);
    (1..=24).filter(|bits| fingerprints >> bits <= 4).min_by_key(size).unwrap_or(24)
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
        assert_eq!(bucket_bits(0), 1);
    }

    #[test]
    fn what_does_not_fit_together_is_found() {
        for (counts, low) in [(vec![1, 0, 0], vec![0; 5]), (Vec::new(), Vec::new()), (vec![1, 1], vec![0; 5]), (vec![1, 0], vec![0; 6])] {
            assert!(Index::new(&counts, Cow::Owned(low)).is_err(), "{counts:?}");
        }
    }
}
