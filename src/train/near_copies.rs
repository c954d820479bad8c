//! Texts that are nearly the same.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use rayon::prelude::*;

use crate::text::{Shingles, jaccard};

/// The Jaccard similarity of character 5-grams from which two notes are nearly the same.
pub(super) const ALIKE: f64 = 0.5;

/// All pairs (later, earlier) with a similarity above `least`, ascending.
///
/// Two sets with a Jaccard similarity of t share one of the `n - ⌈t·n⌉ + 1` rarest members of each (prefix filter, Chaudhuri, Ganti and
/// Kaushik 2006), so only pairs that meet there are compared.
#[must_use]
pub fn similar_pairs(sets: &[Shingles], least: f64) -> Vec<(usize, usize, f64)> {
    let mut frequency: HashMap<u64, u32> = HashMap::new();
    for shingle in sets.iter().flatten() {
        *frequency.entry(*shingle).or_default() += 1;
    }
    let prefixes: Vec<Vec<u64>> = sets
        .par_iter()
        .map(|set| {
            let mut by_rarity: Vec<(u32, u64)> = set.iter().map(|shingle| (frequency[shingle], *shingle)).collect();
            by_rarity.sort_unstable();
            let length = set.len() - (least * set.len() as f64).ceil() as usize + 1;
            by_rarity.into_iter().take(length).map(|(_, shingle)| shingle).collect()
        })
        .collect();
    let mut index: HashMap<u64, Vec<u32>> = HashMap::new();
    for (row, prefix) in prefixes.iter().enumerate() {
        for shingle in prefix {
            index.entry(*shingle).or_default().push(row as u32);
        }
    }
    let mut pairs: Vec<(usize, usize, f64)> = (0..sets.len())
        .into_par_iter()
        .flat_map_iter(|row| {
            let earlier: BTreeSet<u32> =
                prefixes[row].iter().flat_map(|shingle| &index[shingle]).copied().filter(|other| (*other as usize) < row).collect();
            earlier.into_iter().filter_map(move |other| {
                let other = other as usize;
                let (small, large) = (sets[row].len().min(sets[other].len()), sets[row].len().max(sets[other].len()));
                if (small as f64) < least * large as f64 {
                    return None;
                }
                let similarity = jaccard(&sets[row], &sets[other]);
                (similarity > least).then_some((row, other, similarity))
            })
        })
        .collect();
    pairs.sort_by_key(|pair| (pair.0, pair.1));
    pairs
}

/// As [`similar_pairs`], but of a whole copy only the pair with the first of its kind. Those are found by lookup: a thousand of one text are no half
/// million of pairs.
pub(super) fn near_pairs(sets: &[Shingles], least: f64) -> Vec<(usize, usize, f64)> {
    let mut first: HashMap<&Shingles, usize> = HashMap::new();
    let mut rows: Vec<usize> = Vec::new();
    let mut pairs: Vec<(usize, usize, f64)> = Vec::new();
    for (row, set) in sets.iter().enumerate() {
        match first.entry(set) {
            Entry::Occupied(entry) => pairs.push((row, *entry.get(), 1.0)),
            Entry::Vacant(entry) => {
                entry.insert(row);
                rows.push(row);
            }
        }
    }
    let distinct: Vec<Shingles> = rows.iter().map(|&row| sets[row].clone()).collect();
    pairs.extend(similar_pairs(&distinct, least).into_iter().map(|(a, b, similarity)| (rows[a], rows[b], similarity)));
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::shingles;

    #[test]
    fn similar_pairs_are_those_of_the_plain_definition() {
        let texts = [
            "Would you like to see the new bridge on Friday?",
            "Would you like to see the new bridge on Monday?",
            "Would you like to see a bridge?",
            "something else altogether",
            "hi",
            "hi ",
        ];
        let sets: Vec<Shingles> = texts.iter().map(|text| shingles(text)).collect();
        for least in [0.2, 0.5, 0.8] {
            let mut plain = Vec::new();
            for a in 0..sets.len() {
                for b in 0..a {
                    if jaccard(&sets[a], &sets[b]) > least {
                        plain.push((a, b));
                    }
                }
            }
            let found: Vec<(usize, usize)> = similar_pairs(&sets, least).iter().map(|pair| (pair.0, pair.1)).collect();
            assert_eq!(found, plain, "{least}");
        }
    }
}
