//! Do two readers agree?

use std::collections::BTreeMap;

use super::plan::{Check, Plan, SecondLabel};
use crate::train::corpus::Corpus;
use crate::train::metrics::cohen_kappa;

pub(super) fn second_labels(corpus: &Corpus, plan: &Plan, second: &[SecondLabel]) -> Check {
    let by_id: BTreeMap<&str, &SecondLabel> = second.iter().map(|row| (row.id.as_str(), row)).collect();
    let covered = corpus.notes.iter().filter(|note| by_id.contains_key(note.id.as_str())).count();
    let share = covered as f64 / corpus.notes.len().max(1) as f64;
    let pairs: Vec<(&str, &str)> = second.iter().map(|row| (row.first.as_str(), row.second.as_str())).collect();
    let kappa = cohen_kappa(&pairs);
    let mut problems = Vec::new();
    if share < plan.least_second_share {
        problems.push(format!(
            "{:.1} % of the notes have a second label, planned are {:.1} %",
            100.0 * share,
            100.0 * plan.least_second_share
        ));
    }
    if kappa < plan.least_kappa {
        problems.push(format!("kappa is {kappa:.3}, planned is {}", plan.least_kappa));
    }
    for note in &corpus.notes {
        let labels = note.labels.values().map(String::as_str).collect::<Vec<_>>().join(" ");
        match by_id.get(note.id.as_str()) {
            None if plan.second_for_hard && note.other.get("hard") == Some(&true.into()) => {
                problems.push(format!("{} is hard and has no second label", note.id));
            }
            Some(row) => {
                let settled = match row.resolved.as_deref() {
                    None => (row.first == row.second).then_some(row.first.as_str()),
                    Some("first") => Some(row.first.as_str()),
                    Some("second") => Some(row.second.as_str()),
                    Some(_) => None,
                };
                if settled != Some(labels.as_str()) {
                    problems.push(format!(
                        "{} is {labels}, but its two labellings ({} / {}) were settled otherwise or not at all",
                        note.id, row.first, row.second
                    ));
                }
            }
            None => {}
        }
    }
    let apart = second.iter().filter(|row| row.first != row.second).count();
    Check {
        name: "second labelling".to_owned(),
        found: format!("{covered} of {} notes, Cohen's kappa {kappa:.3}, {apart} of {} labelled apart", corpus.notes.len(), second.len()),
        problems,
    }
}
