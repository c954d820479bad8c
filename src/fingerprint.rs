//! From fingerprints to rows.

/// How many bits of a feature's fingerprint a model keeps. Of a million notes, some ten have an n-gram that the model takes for another; training fails
/// where two of its own would be taken for each other.
pub(crate) const BITS: u32 = 40;

/// Positions by fingerprint: the fingerprints in ascending order, with an index over their top bits. Fingerprints are uniform, so a
/// bucket holds two of them on average.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    fingerprints: Vec<u64>,
    /// The position of each fingerprint in what the index was made from.
    positions: Vec<u32>,
    /// Where each bucket starts, and one more for the end.
    buckets: Vec<u32>,
    /// How many of a truncated fingerprint's bits are not the bucket's.
    shift: u32,
}

impl Default for Index {
    fn default() -> Self {
        Self::new(&[])
    }
}

impl Index {
    /// An index of full fingerprints, of which it keeps the top [`BITS`].
    pub(crate) fn new(fingerprints: &[u64]) -> Self {
        let mut order: Vec<(u64, u32)> = fingerprints.iter().zip(0..).map(|(&full, at)| (truncated(full), at)).collect();
        order.sort_unstable();
        let bits = fingerprints.len().next_power_of_two().trailing_zeros().clamp(1, 24);
        let shift = BITS - bits;
        let mut buckets = vec![0_u32; (1 << bits) + 1];
        for (fingerprint, _) in &order {
            buckets[(fingerprint >> shift) as usize + 1] += 1;
        }
        for index in 1..buckets.len() {
            buckets[index] += buckets[index - 1];
        }
        let (fingerprints, positions) = order.into_iter().unzip();
        Self { fingerprints, positions, buckets, shift }
    }

    /// Where the fingerprint stood.
    pub(crate) fn get(&self, fingerprint: u64) -> Option<usize> {
        let fingerprint = truncated(fingerprint);
        let bucket = (fingerprint >> self.shift) as usize;
        let (from, to) = (self.buckets[bucket] as usize, self.buckets[bucket + 1] as usize);
        let at = self.fingerprints[from..to].iter().position(|&other| other == fingerprint)?;
        Some(self.positions[from + at] as usize)
    }
}

/// What a model keeps of a fingerprint.
pub(crate) fn truncated(fingerprint: u64) -> u64 {
    fingerprint >> (u64::BITS - BITS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_in_is_found_and_nothing_else() {
        let full: Vec<u64> = (0..1000_u64).map(|i| i.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect();
        let index = Index::new(&full);
        for (at, fingerprint) in full.iter().enumerate() {
            assert_eq!(index.get(*fingerprint), Some(at));
            assert_eq!(index.get(fingerprint ^ 1 << 40), None);
        }
        assert_eq!(Index::default().get(0), None);
    }
}
