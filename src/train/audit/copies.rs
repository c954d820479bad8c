//! Notes that are nearly the same as another note, or as an evaluation text.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;

use super::plan::{Check, Plan};
use crate::text::{Shingles, jaccard, shingles};
use crate::train::corpus::Corpus;

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

/// What is the matter with a note that is nearly the same as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CopyKind {
    /// They have the same label and group.
    Redundant,
    /// They have the same label, in different groups.
    Leak,
    /// They have different labels.
    Conflict,
}

/// A note, and another that it is nearly the same as.
pub(super) struct NearCopy {
    pub(super) row: usize,
    pub(super) of: usize,
    pub(super) similarity: f64,
    pub(super) kind: CopyKind,
}

/// For every note that is nearly the same as an earlier one, the copy with the gravest kind, then the most alike. Notes are alike from a Jaccard
/// similarity of `least`. The two sides of a pair are none.
pub(super) fn near_copies(corpus: &Corpus, head: &str, least: f64) -> Vec<NearCopy> {
    let sets: Vec<Shingles> = corpus.notes.par_iter().map(|note| shingles(&note.text)).collect();
    // Whole copies are found by lookup: a thousand of one text are no half million of pairs.
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
    let mut gravest: BTreeMap<usize, NearCopy> = BTreeMap::new();
    for (row, of, similarity) in pairs {
        let (a, b) = (&corpus.notes[row], &corpus.notes[of]);
        if a.is_paired_with(b) {
            continue;
        }
        let kind = match (a.labels.get(head) == b.labels.get(head), a.group == b.group) {
            (false, _) => CopyKind::Conflict,
            (true, false) => CopyKind::Leak,
            (true, true) => CopyKind::Redundant,
        };
        let known = gravest.entry(row).or_insert(NearCopy { row, of, similarity, kind });
        if (kind, similarity) > (known.kind, known.similarity) {
            *known = NearCopy { row, of, similarity, kind };
        }
    }
    gravest.into_values().collect()
}

pub(super) fn copies(corpus: &Corpus, plan: &Plan, evaluation: &[String]) -> Vec<Check> {
    let mut checks = Vec::new();
    let sets: Vec<Shingles> = corpus.notes.par_iter().map(|note| shingles(&note.text)).collect();
    if let Some(most) = plan.most_alike {
        let mut pairs = similar_pairs(&sets, most);
        pairs.retain(|&(a, b, _)| !corpus.notes[a].is_paired_with(&corpus.notes[b]));
        let problems = pairs.iter().map(|&(a, b, similarity)| {
            let (a, b) = (&corpus.notes[a], &corpus.notes[b]);
            let conflict = if a.labels == b.labels { "" } else { ", with other labels" };
            format!("{} and {} are alike ({similarity:.2}{conflict}): {:?} / {:?}", b.id, a.id, short(&b.text), short(&a.text))
        });
        checks.push(Check {
            name: "near copies".to_owned(),
            found: format!("{} pairs above {most}", pairs.len()),
            problems: problems.collect(),
        });
    }
    if let Some(most) = plan.most_alike_evaluation.filter(|_| !evaluation.is_empty()) {
        let mut all: Vec<Shingles> = evaluation.iter().map(|text| shingles(text)).collect();
        let from = all.len();
        all.extend(sets);
        let pairs: Vec<_> = similar_pairs(&all, most).into_iter().filter(|pair| pair.0 >= from && pair.1 < from).collect();
        let problems = pairs.iter().map(|&(note, text, similarity)| {
            format!("{} is like an evaluation text ({similarity:.2}): {:?}", corpus.notes[note - from].id, short(&evaluation[text]))
        });
        checks.push(Check {
            name: "overlap with evaluation texts".to_owned(),
            found: format!("{} notes above {most}, of {from} texts", pairs.len()),
            problems: problems.collect(),
        });
    }
    checks
}

pub(super) fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::corpus::Note;

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

    #[test]
    fn the_two_sides_of_a_pair_are_no_near_copies() {
        let note = |intent: &str, text: &str, pair: Option<u32>| {
            let mut note = Note {
                text: text.to_owned(),
                labels: [("intent".to_owned(), intent.to_owned())].into(),
                group: "g".to_owned(),
                ..Note::default()
            };
            note.other.extend(pair.map(|pair| ("pair".to_owned(), pair.into())));
            note
        };
        let texts = ["Would you come to see the new bridge on Friday?", "Would you come to see the new moon on Friday?"];
        let found = |first, second| {
            let notes = vec![note("professional", texts[0], first), note("romantic", texts[1], second)];
            near_copies(&Corpus { notes, ..Corpus::default() }, "intent", 0.5).len()
        };
        assert_eq!(found(Some(1), Some(1)), 0);
        assert_eq!(found(Some(1), Some(2)), 1);
        assert_eq!(found(None, None), 1);
    }
}
