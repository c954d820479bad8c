//! Counting more different things than fit into memory.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use rayon::prelude::*;

/// How many notes have each feature, by fingerprint; of a corpus with more features than the bound allows, the rarest are left out.
///
/// A table that is full drops its smallest counts (lossy counting, Manku and Motwani 2002, with the bound on memory and not on the error): a feature that comes
/// back is counted from nothing. Counts may be too low by no more than what was dropped, and what is rare everywhere is lost.
#[derive(Debug)]
pub(super) struct Counts {
    /// Each has the fingerprints with its own number in [`SHARD_BITS`] bits, so that threads can count side by side.
    shards: Vec<Shard>,
}

/// A map from fingerprints, which need no hashing.
pub(super) type ByFingerprint<V> = HashMap<u64, V, BuildHasherDefault<AsItIs>>;

#[derive(Debug, Default)]
struct Shard {
    counts: ByFingerprint<u32>,
}

const SHARD_BITS: u32 = 3;

impl Counts {
    pub(super) fn new() -> Self {
        Self { shards: (0..1 << SHARD_BITS).map(|_| Shard::default()).collect() }
    }

    /// Counts the features of some notes, each list those of some of them. No more than `most` different features stay, which should be several times as many
    /// as the lists have: of a feature that comes once in each call, a table that fills up within one call would remember nothing.
    pub(super) fn add(&mut self, lists: &[Vec<u64>], most: usize) {
        let most = most >> SHARD_BITS;
        self.shards.par_iter_mut().enumerate().for_each(|(number, shard)| {
            for &fingerprint in lists.iter().flatten().filter(|&&fingerprint| shard_of(fingerprint) == number) {
                *shard.counts.entry(fingerprint).or_insert(0) += 1;
            }
            shard.prune(most);
        });
    }

    /// The features that at least `least` notes have, the commonest first, and those of the same count in the order of their fingerprints. Where that would
    /// be more than `most`, all those of the smallest counts are left out.
    pub(super) fn commonest(self, least: u32, most: usize) -> Vec<u64> {
        let counted = self.shards.into_iter().flat_map(|shard| shard.counts).filter(|(_, count)| *count >= least);
        let mut commonest: Vec<(u32, u64)> = counted.map(|(fingerprint, count)| (count, fingerprint)).collect();
        commonest.par_sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        if let Some(&(first_left_out, _)) = commonest.get(most) {
            commonest.truncate(commonest.partition_point(|(count, _)| *count > first_left_out));
        }
        commonest.into_iter().map(|(_, fingerprint)| fingerprint).collect()
    }
}

impl Shard {
    fn prune(&mut self, most: usize) {
        let mut least = 2;
        while self.counts.len() > most {
            self.counts.retain(|_, count| *count >= least);
            least += 1;
        }
    }
}

/// Bits that [`HashMap`] makes no use of in tables of a size that occurs.
fn shard_of(fingerprint: u64) -> usize {
    (fingerprint >> 48) as usize & ((1 << SHARD_BITS) - 1)
}

/// Leaves a number as it is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::metrics::SplitMix64;

    #[test]
    fn common_ones_survive_any_number_of_rare_ones() {
        let mut random = SplitMix64(5);
        let common: Vec<u64> = (0..100).map(|_| random.next_u64()).collect();
        let mut counts = Counts::new();
        let most = 1 << 12;
        for _ in 0..50 {
            // Some that never come back, and the common ones, the first of them twice.
            let mut list: Vec<u64> = (0..500).map(|_| random.next_u64()).collect();
            list.extend(&common);
            list.push(common[0]);
            counts.add(&[list], most);
            assert!(counts.shards.iter().all(|shard| shard.counts.len() <= most >> SHARD_BITS));
        }
        let found = counts.commonest(10, 1000);
        assert_eq!(found[0], common[0]);
        assert_eq!(found.len(), 100);
        assert!(common.iter().all(|fingerprint| found.contains(fingerprint)));
    }

    #[test]
    fn ties_are_left_out_together() {
        let mut counts = Counts::new();
        counts.add(&[vec![1, 2, 3, 4], vec![1, 2, 3], vec![1]], 1 << 20);
        assert_eq!(counts.commonest(1, 2), [1]);
    }
}
