//! Where a model is better and where worse: its accuracy on parts of the notes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::corpus::Note;
use super::metrics::{Figure, bootstrap_mean};

/// The notes that have something in common, and how many of them are right.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Slice {
    /// What the notes were sorted by: `characters`, `group`, or a column of the data.
    pub by: String,
    /// What these have in common.
    pub value: String,
    /// How many they are, 1 or more.
    pub notes: usize,
    /// How many of them were given their label.
    pub right: usize,
    /// The share of them that were given their label (0 to 1); none for fewer than 10 notes, whose share says little. The interval draws whole
    /// groups, or single notes where all are of one group.
    pub accuracy: Option<Figure>,
}

/// The fewest notes that an accuracy is given for.
const FEWEST: usize = 10;
/// Up to how many groups each is a slice; of more only the worst.
const MOST_GROUPS: usize = 60;
/// How many of the worst groups are slices.
const WORST_GROUPS: usize = 10;
/// The fewest notes of one of the worst groups: in smaller ones a bad share is mere chance.
const FEWEST_OF_WORST: usize = 20;
/// How many different values a column has that sorts notes, rather than naming or describing each.
const VALUES: std::ops::RangeInclusive<usize> = 2..=12;
/// The longest note of each length slice, in characters, and the slice's name.
const LENGTHS: [(usize, &str); 4] = [(60, "up to 60"), (130, "61 to 130"), (300, "131 to 300"), (usize::MAX, "over 300")];

/// Slices by length, by group, and by each further column of the data that has 2 to 12 different values, all of them strings or booleans.
/// Where there are more than 60 groups, only the 10 worst of at least 20 notes are slices, worst first; where every note is a group of its
/// own, none is. `right` says of each note whether it was given its label.
#[must_use]
pub fn slices(notes: &[&Note], right: &[bool]) -> Vec<Slice> {
    let slice = |by: &str, (value, rows): (&str, Vec<usize>)| slice(notes, right, by, value, &rows);
    let mut slices: Vec<Slice> = by_length(notes).into_iter().map(|part| slice("characters", part)).collect();
    slices.extend(by_group(notes, right).into_iter().map(|part| slice("group", part)));
    let columns: BTreeSet<&str> = notes.iter().flat_map(|note| note.other.keys().map(String::as_str)).collect();
    for column in columns {
        slices.extend(by_column(notes, column).into_iter().map(|part| slice(column, part)));
    }
    slices
}

type Part<'n> = (&'n str, Vec<usize>);

fn by_length(notes: &[&Note]) -> Vec<Part<'static>> {
    let mut parts = LENGTHS.map(|(_, name)| (name, Vec::new()));
    for (row, note) in notes.iter().enumerate() {
        let characters = note.text.chars().count();
        let part = LENGTHS.iter().position(|(longest, _)| characters <= *longest).unwrap_or(LENGTHS.len() - 1);
        parts[part].1.push(row);
    }
    parts.into_iter().filter(|(_, rows)| !rows.is_empty()).collect()
}

fn by_group<'n>(notes: &[&'n Note], right: &[bool]) -> Vec<Part<'n>> {
    let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (row, note) in notes.iter().enumerate() {
        groups.entry(&note.group).or_default().push(row);
    }
    if groups.len() == notes.len() {
        return Vec::new();
    }
    if groups.len() <= MOST_GROUPS {
        return groups.into_iter().collect();
    }
    let share = |rows: &[usize]| count_right(right, rows) as f64 / rows.len() as f64;
    let mut worst: Vec<Part> = groups.into_iter().filter(|(_, rows)| rows.len() >= FEWEST_OF_WORST).collect();
    worst.sort_by(|a, b| share(&a.1).total_cmp(&share(&b.1)));
    worst.truncate(WORST_GROUPS);
    worst
}

fn by_column<'n>(notes: &[&'n Note], column: &str) -> Vec<Part<'n>> {
    let mut parts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (row, note) in notes.iter().enumerate() {
        let value = match note.other.get(column) {
            None | Some(Value::Null) => continue,
            Some(Value::String(value)) => value,
            Some(Value::Bool(true)) => "true",
            Some(Value::Bool(false)) => "false",
            Some(_) => return Vec::new(),
        };
        parts.entry(value).or_default().push(row);
    }
    if VALUES.contains(&parts.len()) { parts.into_iter().collect() } else { Vec::new() }
}

fn count_right(right: &[bool], rows: &[usize]) -> usize {
    rows.iter().filter(|&&row| right[row]).count()
}

fn slice(notes: &[&Note], right: &[bool], by: &str, value: &str, rows: &[usize]) -> Slice {
    Slice {
        by: by.to_owned(),
        value: value.to_owned(),
        notes: rows.len(),
        right: count_right(right, rows),
        accuracy: (rows.len() >= FEWEST).then(|| accuracy(notes, right, rows)),
    }
}

fn accuracy(notes: &[&Note], right: &[bool], rows: &[usize]) -> Figure {
    let values: Vec<f64> = rows.iter().map(|&row| f64::from(u8::from(right[row]))).collect();
    let groups: Vec<&str> = rows.iter().map(|&row| notes[row].group.as_str()).collect();
    if groups.windows(2).any(|pair| pair[0] != pair[1]) {
        return bootstrap_mean(&groups, &values);
    }
    let singles: Vec<String> = rows.iter().map(usize::to_string).collect();
    let singles: Vec<&str> = singles.iter().map(String::as_str).collect();
    bootstrap_mean(&singles, &values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(length: usize, group: &str, other: Value) -> Note {
        let Value::Object(other) = other else { panic!("an object") };
        let (text, group) = ("ä".repeat(length), group.to_owned());
        Note { text, labels: BTreeMap::new(), id: group.clone(), group, other: other.into_iter().collect() }
    }

    fn sliced(notes: &[Note], right: &[bool]) -> Vec<(String, String, usize, usize, bool)> {
        let slices = slices(&notes.iter().collect::<Vec<_>>(), right);
        slices.into_iter().map(|slice| (slice.by, slice.value, slice.notes, slice.right, slice.accuracy.is_some())).collect()
    }

    fn expected(by: &str, value: &str, notes: usize, right: usize, accuracy: bool) -> (String, String, usize, usize, bool) {
        (by.to_owned(), value.to_owned(), notes, right, accuracy)
    }

    #[test]
    fn lengths_groups_and_columns_of_few_strings_or_booleans() {
        let mut notes: Vec<Note> = (0..10).map(|i| note(60, "a", serde_json::json!({ "hard": true, "n": i % 2, "one": "x" }))).collect();
        notes.push(note(61, "b", serde_json::json!({ "hard": false })));
        notes.push(note(301, "b", serde_json::json!({})));
        let right: Vec<bool> = (0..12).map(|row| row % 2 == 0).collect();
        assert_eq!(
            sliced(&notes, &right),
            [
                expected("characters", "up to 60", 10, 5, true),
                expected("characters", "61 to 130", 1, 1, false),
                expected("characters", "over 300", 1, 0, false),
                expected("group", "a", 10, 5, true),
                expected("group", "b", 2, 1, false),
                expected("hard", "false", 1, 1, false),
                expected("hard", "true", 10, 5, true),
            ]
        );
        let all: Vec<&Note> = notes.iter().collect();
        let one_group = slices(&all, &right)[3].accuracy.expect("ten notes");
        assert!(one_group.low < one_group.value && one_group.value < one_group.high, "{one_group:?}");
    }

    #[test]
    fn of_many_groups_only_the_worst_large_ones() {
        let names: Vec<String> = (0..70).map(|i| format!("g{i:02}")).collect();
        // Group i has 15 + i notes, i % 7 of them right.
        let rows = names.iter().enumerate().flat_map(|(i, name)| (0..15 + i).map(move |row| (name, row < i % 7)));
        let (notes, right): (Vec<Note>, Vec<bool>) = rows.map(|(name, right)| (note(9, name, serde_json::json!({})), right)).unzip();
        let groups: Vec<String> = sliced(&notes, &right).into_iter().filter(|slice| slice.0 == "group").map(|slice| slice.1).collect();
        assert_eq!(groups, ["g07", "g14", "g21", "g28", "g35", "g42", "g49", "g56", "g63", "g64"]);
    }

    #[test]
    fn notes_without_groups_are_no_group_slices() {
        let notes = [note(9, "a", serde_json::json!({})), note(9, "b", serde_json::json!({}))];
        assert_eq!(sliced(&notes, &[true, false]), [expected("characters", "up to 60", 2, 1, false)]);
    }
}
