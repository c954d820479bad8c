//! Notes that are nearly the same as another note, or as an evaluation text.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::plan::{Check, Plan};
use crate::text::{Shingles, shingles};
use crate::train::corpus::Corpus;
use crate::train::near_copies::{near_pairs, pairs_across, similar_pairs};

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
    let mut gravest: BTreeMap<usize, NearCopy> = BTreeMap::new();
    for (row, of, similarity) in near_pairs(&sets, least) {
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
        let pairs = pairs_across(&all, from, most);
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
