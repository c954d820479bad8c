//! Are all combinations of the briefs' columns there?

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{Briefs, Check, Distinct, Matrix};
use crate::train::corpus::{Corpus, Note};

fn value(note: &Note, briefs: &Briefs, column: &str) -> String {
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    note.labels
        .get(column)
        .cloned()
        .or_else(|| note.other.get(column).map(text))
        .or_else(|| briefs.get(&note.group).and_then(|brief| brief.get(column)).map(text))
        .unwrap_or_else(|| "(none)".to_owned())
}

pub(super) fn matrix_check(corpus: &Corpus, briefs: &Briefs, matrix: &Matrix) -> Check {
    let mut cells: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    let mut values: Vec<BTreeSet<String>> = vec![BTreeSet::new(); matrix.columns.len()];
    for note in &corpus.notes {
        let cell: Vec<String> = matrix.columns.iter().map(|column| value(note, briefs, column)).collect();
        // A note without one of the values is no evidence of a hole.
        if cell.iter().any(|value| value == "(none)") {
            continue;
        }
        for (value, values) in cell.iter().zip(&mut values) {
            values.insert(value.clone());
        }
        *cells.entry(cell).or_default() += 1;
    }
    let mut wanted: Vec<Vec<String>> = vec![Vec::new()];
    for values in &values {
        wanted = wanted.iter().flat_map(|cell| values.iter().map(move |value| [cell.clone(), vec![value.clone()]].concat())).collect();
    }
    let count = |cell: &Vec<String>| cells.get(cell).copied().unwrap_or(0);
    let problems =
        wanted.iter().filter(|cell| count(cell) < matrix.least).map(|cell| format!("{}: {} notes", cell.join(" × "), count(cell)));
    Check {
        name: format!("matrix of {}", matrix.columns.join(" × ")),
        found: format!("{} cells, the smallest has {} notes", wanted.len(), wanted.iter().map(count).min().unwrap_or(0)),
        problems: problems.collect(),
    }
}

pub(super) fn distinct_check(briefs: &Briefs, distinct: &Distinct) -> Check {
    let texts = briefs.values().filter_map(|brief| brief.get(&distinct.column)?.as_str());
    let values: BTreeSet<&str> = texts.flat_map(|text| text.split(',')).map(str::trim).filter(|value| !value.is_empty()).collect();
    let few = values.len() < distinct.least;
    Check {
        name: format!("different {}", distinct.column),
        found: values.len().to_string(),
        problems: few.then(|| format!("{}, planned are {}", values.len(), distinct.least)).into_iter().collect(),
    }
}
