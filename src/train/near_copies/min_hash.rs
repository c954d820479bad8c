//! Among so many texts that not every two with something in common can be compared.
//!
//! The smallest of a set's members under a random order is, for two sets, the same one with the probability of their Jaccard similarity (min-wise hashing, Broder
//! 1997). A band is several such members together, so that two sets share one with a power of their similarity; over many bands, those that are alike
//! nearly all meet somewhere and hardly any others do (locality-sensitive hashing, Indyk and Motwani 1998). Those that meet are compared in full.

use rayon::prelude::*;

use super::{Pair, Pairs, similarity};
use crate::text::Shingles;
use crate::train::metrics::SplitMix64;

/// How often two sets that are just alike enough meet, on the average: `1 - e^-5`, 99.3 %, of such pairs meet once at least.
const MEETINGS: f64 = 5.0;
/// How many bands there are at most: what a set costs.
const MOST_BANDS: f64 = 170.0;
/// How many members a band has at most.
const MOST_MEMBERS: f64 = 8.0;
/// With how many others of a band a set is compared, and with how many that are like it it is paired. Thousands of texts made from one template are then
/// chained together, at the cost of a few each.
const MOST_PARTNERS: usize = 8;

/// Pairs with a similarity above `least`, as [`super::pairs`] gives them: those that meet, and for each set no more than [`MOST_PARTNERS`].
///
/// Time grows with the number of sets, whatever they have in common; beside them some hundred bytes a set are held.
pub(super) fn met_pairs(sets: &[Shingles], least: f64, wanted: Pairs) -> Vec<Pair> {
    // As many members as leave few chance meetings and no more bands than that.
    let members = ((MOST_BANDS / MEETINGS).ln() / -least.clamp(0.1, 0.9).ln()).floor().clamp(1.0, MOST_MEMBERS);
    let bands = (MEETINGS / least.powf(members)).min(MOST_BANDS).ceil() as usize;
    let mut random = SplitMix64(7);
    let mut partners: Vec<Vec<(u32, f64)>> = vec![Vec::new(); sets.len()];
    for _ in 0..bands {
        let orders: Vec<u64> = (0..members as usize).map(|_| random.next_u64() | 1).collect();
        let mut keyed: Vec<(u64, u32)> = sets.par_iter().zip(0..sets.len() as u32).map(|(set, row)| (band(set, &orders), row)).collect();
        keyed.par_sort_unstable();
        let mut met: Vec<(u32, &[(u64, u32)])> = Vec::new();
        for bucket in keyed.chunk_by(|a, b| a.0 == b.0) {
            match wanted {
                Pairs::All => met.extend((1..bucket.len()).map(|at| (bucket[at].1, &bucket[at.saturating_sub(MOST_PARTNERS)..at]))),
                Pairs::Across(from) => {
                    let (first, second) = bucket.split_at(bucket.partition_point(|(_, row)| (*row as usize) < from));
                    for (own, others) in [(first, second), (second, first)] {
                        met.extend(own.iter().map(|(_, row)| (*row, &others[..others.len().min(MOST_PARTNERS)])));
                    }
                }
            }
        }
        let found: Vec<(u32, Vec<(u32, f64)>)> = met
            .into_par_iter()
            .filter_map(|(row, others)| {
                let known = &partners[row as usize];
                let is_new = |other: &u32| known.iter().all(|(known, _)| known != other);
                let alike = |other: u32| Some((other, similarity(&sets[row as usize], &sets[other as usize], least)?));
                let room = MOST_PARTNERS - known.len();
                let new: Vec<_> = others.iter().map(|(_, other)| *other).filter(is_new).filter_map(alike).take(room).collect();
                (!new.is_empty()).then_some((row, new))
            })
            .collect();
        for (row, new) in found {
            partners[row as usize].extend(new);
        }
    }
    let pair = |row: usize, other: usize, similarity| (row.max(other), row.min(other), similarity);
    let of_row = |(row, partners): (usize, Vec<(u32, f64)>)| {
        partners.into_iter().map(move |(other, similarity)| pair(row, other as usize, similarity))
    };
    partners.into_iter().enumerate().flat_map(of_row).collect()
}

/// What the members that come first by each of the orders come to together.
fn band(set: &[u64], orders: &[u64]) -> u64 {
    let first = |order: &u64| set.iter().map(|member| shuffled(*member, *order)).min().unwrap_or(u64::MAX);
    orders.iter().fold(0, |band, order| shuffled(band ^ first(order), orders[0]))
}

/// For each number another, in no order; `by` is odd.
fn shuffled(number: u64, by: u64) -> u64 {
    let product = (number ^ by).wrapping_mul(by);
    (product ^ (product >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sets of 60 numbers, each after the first of its ten with so many of that one's as make them alike by `similarity`.
    fn families(families: usize, similarity: f64) -> Vec<Shingles> {
        let mut random = SplitMix64(5);
        let shared = (120.0 * similarity / (1.0 + similarity)).round() as usize;
        let mut sets: Vec<Shingles> = Vec::new();
        for _ in 0..families {
            let first: Vec<u64> = (0..60).map(|_| random.next_u64()).collect();
            let mut others = (0..9).map(|_| first[..shared].iter().copied().chain((shared..60).map(|_| random.next_u64())).collect());
            sets.push(first.clone());
            sets.extend(&mut others);
        }
        for set in &mut sets {
            set.sort_unstable();
        }
        sets
    }

    #[test]
    fn nearly_all_that_are_alike_have_a_partner_and_no_others() {
        for (alike, least, share) in [(0.52, 0.5, 0.99), (0.75, 0.5, 1.0), (0.45, 0.5, 0.0), (0.5, 0.4, 0.99), (0.9, 0.8, 1.0)] {
            let sets = families(50, alike);
            let pairs = met_pairs(&sets, least, Pairs::All);
            assert!(pairs.iter().all(|pair| pair.0 / 10 == pair.1 / 10 && pair.1 < pair.0 && pair.2 > least));
            let mut paired: Vec<usize> = pairs.iter().flat_map(|pair| [pair.0, pair.1]).collect();
            paired.sort_unstable();
            paired.dedup();
            assert!(paired.len() as f64 >= share * 500.0 && (share > 0.0 || paired.is_empty()), "{alike} {least}: {}", paired.len());
        }
    }

    #[test]
    fn a_thousand_of_one_kind_are_few_pairs_and_all_of_one_chain() {
        let sets: Vec<Shingles> = (0..1000).map(|row| (0..50).chain([1000 + row]).collect()).collect();
        let pairs = met_pairs(&sets, 0.5, Pairs::All);
        assert!(pairs.len() <= 1000 * MOST_PARTNERS);
        assert!((1..1000).all(|row| pairs.iter().any(|pair| pair.0 == row)));
        let across = met_pairs(&sets, 0.5, Pairs::Across(990));
        assert!(across.iter().all(|pair| pair.0 >= 990 && pair.1 < 990));
        assert!((0..1000).all(|row| across.iter().any(|pair| pair.0 == row || pair.1 == row)));
    }
}
