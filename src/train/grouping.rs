//! Groups for notes that have none: near copies belong together, or one is learned from and the other measured.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::corpus::Corpus;
use super::near_copies::{ALIKE, near_pairs};
use crate::text::{Shingles, shingles};

/// What was done about notes without a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grouping {
    /// How many notes had none.
    pub ungrouped: usize,
    /// How many of them were put together with a note that is nearly the same.
    pub joined: usize,
    /// The group that every note had, which is the same as none.
    pub only_group: Option<String>,
}

impl Corpus {
    /// Puts each note without a group into that of the notes that are nearly the same (at least half of their character 5-grams are shared), directly or by
    /// way of others. Where all notes are of one group, none is taken to have any.
    pub fn group_near_copies(&mut self) -> Grouping {
        let mut grouping = Grouping::default();
        if self.notes.len() > 1 && self.groups().len() == 1 {
            grouping.only_group = Some(self.notes[0].group.clone());
            for note in &mut self.notes {
                note.group.clone_from(&note.id);
            }
        }
        let is_alone: Vec<bool> = self.notes.iter().map(|note| note.group == note.id).collect();
        grouping.ungrouped = is_alone.iter().filter(|alone| **alone).count();
        if grouping.ungrouped == 0 {
            return grouping;
        }
        let sets: Vec<Shingles> = self.notes.par_iter().map(|note| shingles(&note.text)).collect();
        let mut parts = Parts((0..self.notes.len()).collect());
        // Groups that were given stay apart, whatever their notes have in common: a note of none that is like several goes to the first.
        let mut given: BTreeMap<usize, usize> = (0..is_alone.len()).filter(|&row| !is_alone[row]).map(|row| (row, row)).collect();
        let mut like: BTreeSet<usize> = BTreeSet::new();
        for (row, of, _) in near_pairs(&sets, ALIKE) {
            let (a, b) = (parts.first(row), parts.first(of));
            if given.contains_key(&a) && given.contains_key(&b) {
                continue;
            }
            like.extend([row, of]);
            let group = given.get(&a).or(given.get(&b)).copied();
            let first = a.min(b);
            parts.0[a.max(b)] = first;
            if let Some(group) = group {
                given.insert(first, group);
            }
        }
        let groups: Vec<String> = (0..self.notes.len())
            .map(|row| {
                let first = parts.first(row);
                self.notes[given.get(&first).copied().unwrap_or(first)].group.clone()
            })
            .collect();
        for ((note, group), _) in self.notes.iter_mut().zip(groups).zip(&is_alone).filter(|(_, alone)| **alone) {
            note.group = group;
        }
        grouping.joined = like.into_iter().filter(|&row| is_alone[row]).count();
        grouping
    }
}

/// Disjoint sets (Galler and Fischer 1964): each row names an earlier one of its set, the first one itself.
struct Parts(Vec<usize>);

impl Parts {
    fn first(&mut self, row: usize) -> usize {
        let mut at = row;
        while self.0[at] != at {
            // Halving the path keeps it short.
            self.0[at] = self.0[self.0[at]];
            at = self.0[at];
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::corpus::Note;

    fn grouped(notes: &[(&str, Option<&str>)]) -> (Vec<String>, Grouping) {
        let note = |(row, (text, group)): (usize, &(&str, Option<&str>))| Note {
            text: (*text).to_owned(),
            labels: BTreeMap::new(),
            group: group.map_or_else(|| row.to_string(), str::to_owned),
            id: row.to_string(),
            other: BTreeMap::new(),
        };
        let mut corpus = Corpus { notes: notes.iter().enumerate().map(note).collect(), skipped: Vec::new() };
        let grouping = corpus.group_near_copies();
        (corpus.notes.into_iter().map(|note| note.group).collect(), grouping)
    }

    const BRIDGE: &str = "Would you like to see the new bridge on Friday?";

    #[test]
    fn near_copies_share_a_group_by_way_of_others_too() {
        let (groups, grouping) = grouped(&[
            ("The tender closes in March", None),
            (BRIDGE, None),
            ("Would you like to see the new bridge on Monday?", None),
            ("Hello Ines, would you like to see the new bridge on Monday?", None),
            (BRIDGE, None),
        ]);
        assert_eq!(groups, ["0", "1", "1", "1", "1"]);
        assert_eq!(grouping, Grouping { ungrouped: 5, joined: 4, only_group: None });
    }

    #[test]
    fn groups_that_were_given_stay_and_take_in_their_copies() {
        let (groups, grouping) = grouped(&[
            (BRIDGE, None),
            (BRIDGE, Some("a")),
            ("Would you like to see the new bridge on Monday?", Some("b")),
            ("something else altogether", Some("b")),
            ("Would you like to see the new bridge on Sunday?", None),
        ]);
        assert_eq!(groups, ["a", "a", "b", "b", "a"]);
        assert_eq!(grouping, Grouping { ungrouped: 2, joined: 2, only_group: None });
    }

    #[test]
    fn one_group_is_as_good_as_none() {
        let (groups, grouping) = grouped(&[(BRIDGE, Some("mine")), ("The tender closes", Some("mine")), (BRIDGE, Some("mine"))]);
        assert_eq!(groups, ["0", "1", "0"]);
        assert_eq!(grouping, Grouping { ungrouped: 3, joined: 2, only_group: Some("mine".to_owned()) });
        assert_eq!(grouped(&[("a", Some("x")), ("b", Some("y"))]).1, Grouping::default());
    }
}
