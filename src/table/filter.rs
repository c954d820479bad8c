//! Says of most fingerprints which no feature has that none has them, without a look at the table's rows.

use super::{KEPT_BYTES, Table};

/// A bit for each value that the lowest bits of a fingerprint may have: whether a feature has it. Four values a feature or more, so that few n-grams which are no features
/// get past it, and most of them cost a look at these bits and not at a row far away.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filter<'t>(&'t [u32]);

/// The bits of a filter that lets everything past.
const EVERYTHING: &[u32] = &[u32::MAX];

impl<'t> Filter<'t> {
    /// The filter of these bits; where there are none yet, one that lets everything past.
    pub(super) fn new(bits: Option<&'t Vec<u32>>) -> Self {
        Self(bits.map_or(EVERYTHING, Vec::as_slice))
    }

    /// Whether there may be such a feature; where not, there is none.
    #[inline]
    pub(crate) fn may_have(self, fingerprint: u64) -> bool {
        let value = fingerprint as usize;
        self.0[(value / 32) & (self.0.len() - 1)] >> (value % 32) & 1 != 0
    }
}

/// The bits of a table's filter.
pub(super) fn bits(table: &Table) -> Vec<u32> {
    let mut bits = vec![0_u32; (4 * table.len()).next_power_of_two().clamp(32, 1 << (8 * KEPT_BYTES)) / 32];
    let last = bits.len() - 1;
    for row in table.rows.chunks_exact(table.eights) {
        let value = u64::from_le_bytes(row[0]) as usize;
        bits[(value / 32) & last] |= 1 << (value % 32);
    }
    bits
}
