//! Texts that are nearly the same.

mod min_hash;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rayon::prelude::*;

use crate::text::{Shingles, jaccard};
use min_hash::met_pairs;

/// The Jaccard similarity of character 5-grams from which two notes are nearly the same.
pub(super) const ALIKE: f64 = 0.5;

/// Two sets, the later and the earlier one, and their similarity.
type Pair = (usize, usize, f64);

/// Which pairs are looked for.
#[derive(Clone, Copy)]
enum Pairs {
    All,
    /// Those of one of the first sets, so many, and one of the others.
    Across(usize),
}

/// How many members all sets may have for every two that share a rare one to be compared. How many pairs that is grows with the square: at this size it
/// takes some seconds, at four times this size, which the shipped corpus has, a minute.
const MOST_MEMBERS: usize = 1_000_000;

/// All pairs (later, earlier) with a similarity above `least` (above 0 and below 1), ascending.
///
/// Of more than a million members, which is some 10,000 notes, not quite all: 99 in 100 of the pairs that are just alike enough and nearly all that are more
/// so, but for each set no more than eight.
#[must_use]
pub fn similar_pairs(sets: &[Shingles], least: f64) -> Vec<(usize, usize, f64)> {
    pairs(sets, least, Pairs::All)
}

/// Those of [`similar_pairs`] of which the earlier is one of the first `from` sets and the later none of them.
pub(super) fn pairs_across(sets: &[Shingles], from: usize, least: f64) -> Vec<Pair> {
    pairs(sets, least, Pairs::Across(from))
}

fn pairs(sets: &[Shingles], least: f64, wanted: Pairs) -> Vec<Pair> {
    let members: usize = sets.iter().map(Vec::len).sum();
    let mut pairs = if members <= MOST_MEMBERS { all_pairs(sets, least, wanted) } else { met_pairs(sets, least, wanted) };
    pairs.par_sort_unstable_by_key(|pair| (pair.0, pair.1));
    pairs.dedup_by_key(|pair| (pair.0, pair.1));
    pairs
}

/// Two sets with a Jaccard similarity of t share one of the `n - ⌈t·n⌉ + 1` rarest members of each (prefix filter, Chaudhuri, Ganti and
/// Kaushik 2006), so only pairs that meet there are compared.
fn all_pairs(sets: &[Shingles], least: f64, wanted: Pairs) -> Vec<Pair> {
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
    let is_wanted = |row: usize, other: usize| match wanted {
        Pairs::All => other < row,
        Pairs::Across(from) => other < from && from <= row,
    };
    let of_row = |row: usize| {
        let mut earlier: Vec<u32> =
            prefixes[row].iter().flat_map(|shingle| &index[shingle]).copied().filter(|other| is_wanted(row, *other as usize)).collect();
        earlier.sort_unstable();
        earlier.dedup();
        let alike = move |other: u32| Some((row, other as usize, similarity(&sets[row], &sets[other as usize], least)?));
        earlier.into_iter().filter_map(alike)
    };
    (0..sets.len()).into_par_iter().flat_map_iter(of_row).collect()
}

/// How alike two sets are, if above `least`.
fn similarity(a: &[u64], b: &[u64], least: f64) -> Option<f64> {
    let (small, large) = (a.len().min(b.len()), a.len().max(b.len()));
    if (small as f64) < least * large as f64 {
        return None;
    }
    Some(jaccard(a, b)).filter(|similarity| *similarity > least)
}

/// As [`similar_pairs`], but of a whole copy only the pair with the first of its kind. Those are found by lookup: a thousand of one text are no half
/// million of pairs.
pub(super) fn near_pairs(sets: &[Shingles], least: f64) -> Vec<Pair> {
    let mut first: HashMap<&Shingles, usize> = HashMap::new();
    let mut rows: Vec<usize> = Vec::new();
    let mut pairs: Vec<Pair> = Vec::new();
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
            let rows = |pairs: Vec<Pair>| -> Vec<(usize, usize)> { pairs.into_iter().map(|pair| (pair.0, pair.1)).collect() };
            assert_eq!(rows(similar_pairs(&sets, least)), plain, "{least}");
            plain.retain(|&(a, b)| a >= 2 && b < 2);
            assert_eq!(rows(pairs_across(&sets, 2, least)), plain, "{least}");
        }
    }
}
