//! How many notes, groups and notes of each label there are.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{Check, Plan};
use crate::train::corpus::Corpus;

pub(super) fn counts(corpus: &Corpus, plan: &Plan) -> Vec<Check> {
    let mut groups: BTreeMap<&str, usize> = BTreeMap::new();
    for note in &corpus.notes {
        *groups.entry(&note.group).or_default() += 1;
    }
    let mut problems = Vec::new();
    if corpus.notes.len() < plan.least_notes {
        problems.push(format!("{} notes, planned are {}", corpus.notes.len(), plan.least_notes));
    }
    if groups.len() < plan.least_groups {
        problems.push(format!("{} groups, planned are {}", groups.len(), plan.least_groups));
    }
    if let Some(most) = plan.most_notes_in_a_group {
        problems.extend(groups.iter().filter(|(_, count)| **count > most).map(|(group, count)| format!("group {group} has {count} notes")));
    }
    let mut ids = BTreeSet::new();
    problems.extend(corpus.notes.iter().filter(|note| !ids.insert(&note.id)).map(|note| format!("the id {} is there twice", note.id)));
    vec![Check { name: "counts".to_owned(), found: format!("{} notes in {} groups", corpus.notes.len(), groups.len()), problems }]
}

/// How many notes have each label of a head, in the order of the alphabet.
pub(super) fn label_counts<'c>(corpus: &'c Corpus, head: &str) -> BTreeMap<&'c str, usize> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for label in corpus.notes.iter().filter_map(|note| note.labels.get(head)) {
        *counts.entry(label).or_default() += 1;
    }
    counts
}

pub(super) fn shares(corpus: &Corpus, plan: &Plan) -> Vec<Check> {
    let check = |(head, planned): (&String, &BTreeMap<String, f64>)| {
        let counts = label_counts(corpus, head);
        let total = counts.values().sum::<usize>().max(1) as f64;
        let mut problems = Vec::new();
        for (label, share) in planned {
            let found = *counts.get(label.as_str()).unwrap_or(&0) as f64 / total;
            if (found - share).abs() > plan.share_tolerance {
                problems.push(format!("{label}: {:.1} %, planned are {:.1} %", 100.0 * found, 100.0 * share));
            }
        }
        let unknown = counts.keys().filter(|label| !planned.contains_key(**label));
        problems.extend(unknown.map(|label| format!("the label {label} is not in the plan")));
        let found: Vec<String> = counts.iter().map(|(label, count)| format!("{label} {:.1} %", 100.0 * *count as f64 / total)).collect();
        Check { name: format!("shares of {head}"), found: found.join(", "), problems }
    };
    plan.shares.iter().map(check).collect()
}
