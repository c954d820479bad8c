//! Do names, or words that speak of a gender, lead to a label?

use std::collections::BTreeMap;

use super::counts::label_counts;
use super::plan::{Check, Plan};
use super::words::{Words, rows_of};
use crate::train::corpus::Corpus;

/// Words that are nearly always written with a capital: names of people, places and firms.
pub(super) fn names(corpus: &Corpus, notes: &[Words], plan: &Plan, head: &str) -> Vec<Check> {
    let all = rows_of(notes, |note| note.words.iter().collect());
    let capitalised = rows_of(notes, |note| note.capitalised.iter().collect());
    let is_name = |word: &String, rows: &Vec<usize>| !plan.not_names.contains(word) && rows.len() * 5 >= all[word].len() * 2;
    let names: BTreeMap<&String, &Vec<usize>> =
        capitalised.iter().filter(|(word, rows)| is_name(word, rows)).map(|(word, _)| (*word, &all[*word])).collect();
    let mut checks = Vec::new();
    if let Some(most) = plan.most_of_a_name {
        let limit = most * notes.len() as f64;
        let top = names.iter().max_by_key(|(_, rows)| rows.len());
        let problems = names.iter().filter(|(_, rows)| rows.len() as f64 > limit);
        checks.push(Check {
            name: "names".to_owned(),
            found: top
                .map_or_else(String::new, |(name, rows)| format!("{} names, most frequent: {name}, in {} notes", names.len(), rows.len())),
            problems: problems.map(|(name, rows)| format!("{name} occurs in {} notes", rows.len())).collect(),
        });
    }
    if let Some(lift) = plan.most_lift {
        let counts = label_counts(corpus, head);
        let problems: Vec<String> = names
            .iter()
            .filter_map(|(name, rows)| skew(corpus, &counts, rows, head, lift, names.len()).map(|what| format!("{name}: {what}")))
            .collect();
        checks.push(Check {
            name: "names that predict a label".to_owned(),
            found: format!("{} of {}", problems.len(), names.len()),
            problems,
        });
    }
    checks
}

/// The label whose share among `rows` lies above its share in the corpus by more than `lift` and than chance explains. The bound is Wilson's, at
/// a level that allows one false alarm in twenty audits over all `tests` words.
fn skew(corpus: &Corpus, counts: &BTreeMap<&str, usize>, rows: &[usize], head: &str, lift: f64, tests: usize) -> Option<String> {
    let z = if tests > 200 { 4.5 } else { 3.5 };
    let n = rows.len() as f64;
    counts.iter().find_map(|(label, count)| {
        let has = |row: &usize| corpus.notes[*row].labels.get(head).is_some_and(|own| own == label);
        let share = *count as f64 / corpus.notes.len() as f64;
        let p = rows.iter().filter(|row| has(row)).count() as f64 / n;
        let low = (p + z * z / (2.0 * n) - z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt()) / (1.0 + z * z / n);
        (low > share + lift)
            .then(|| format!("{:.0} % of its {} notes are {label}, which has {:.0} %", 100.0 * p, rows.len(), 100.0 * share))
    })
}

/// For each pair, whether the labels are distributed differently among the notes that have only words of one side and those that have only words of
/// the other.
pub(super) fn gendered(corpus: &Corpus, notes: &[Words], plan: &Plan, head: &str) -> Vec<Check> {
    let Some(lift) = plan.most_lift.filter(|_| !plan.gendered.is_empty()) else { return Vec::new() };
    let labels = corpus.labels(head);
    let mut problems = Vec::new();
    let mut found = Vec::new();
    for [left, right] in &plan.gendered {
        let has = |row: usize, side: &Vec<String>| notes[row].words.iter().any(|word| side.contains(word));
        let only = |side: &Vec<String>, other: &Vec<String>| -> Vec<usize> {
            (0..notes.len()).filter(|&row| has(row, side) && !has(row, other)).collect()
        };
        let (a, b) = (only(left, right), only(right, left));
        found.push(format!("{}/{} {}:{}", left[0], right[0], a.len(), b.len()));
        for label in &labels {
            let share = |rows: &[usize]| {
                rows.iter().filter(|row| corpus.notes[**row].labels.get(head) == Some(label)).count() as f64 / rows.len().max(1) as f64
            };
            let (p, q) = (share(&a), share(&b));
            let (n, m) = (a.len() as f64, b.len() as f64);
            let deviation = (p * (1.0 - p) / n + q * (1.0 - q) / m).sqrt();
            if (p - q).abs() - 3.5 * deviation > lift {
                problems.push(format!("{}: {:.0} % {label}, {}: {:.0} %", left[0], 100.0 * p, right[0], 100.0 * q));
            }
        }
    }
    vec![Check { name: "gendered words".to_owned(), found: found.join(", "), problems }]
}
