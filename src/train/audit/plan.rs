//! Is a corpus what it was planned to be? Counts, shares, copies, overlap with evaluation notes, worn-out phrases, second labels.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::cells::{distinct_check, matrix_check};
use super::copies::copies;
use super::counts::{counts, shares};
use super::give_aways::give_aways;
use super::names::{gendered, names};
use super::second_labels::second_labels;
use super::words::{Words, worn_out};
use crate::text::Tokens;
use crate::train::corpus::{Corpus, Note};

/// What a corpus must be. Every limit is a share of its notes (0 to 1) or a count; what is left out is not checked.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Plan {
    /// At least this many notes.
    pub least_notes: usize,
    /// At least this many groups.
    pub least_groups: usize,
    /// At most this many notes in a group.
    pub most_notes_in_a_group: Option<usize>,
    /// For each label column, the share of each label among the notes that have one.
    pub shares: BTreeMap<String, BTreeMap<String, f64>>,
    /// How far a share may be off.
    pub share_tolerance: f64,
    /// The highest Jaccard similarity of character 5-grams between two notes.
    pub most_alike: Option<f64>,
    /// The same between a note and an evaluation text.
    pub most_alike_evaluation: Option<f64>,
    /// How often the same opening may occur.
    pub opening: Option<Worn>,
    /// How often the same closing may occur.
    pub closing: Option<Worn>,
    /// In what share of the notes a name may occur.
    pub most_of_a_name: Option<f64>,
    /// Capitalised words that are no names of people, places or firms (days, languages, abbreviations).
    pub not_names: BTreeSet<String>,
    /// How far the share of a label among the notes with a name or a gendered word may lie above the label's own share, beyond what chance
    /// explains.
    pub most_lift: Option<f64>,
    /// Words that speak of a gender, as pairs whose two sides must lead to the same labels.
    pub gendered: Vec<[Vec<String>; 2]>,
    /// A single word may not give away a label in more than this share of the label's notes, at a precision of `give_away_precision`.
    pub most_given_away: Option<f64>,
    /// See `most_given_away`.
    pub give_away_precision: f64,
    /// At least this share of the notes must have been labelled a second time by a reader who saw text and guide only.
    pub least_second_share: f64,
    /// Every note with `hard` true must have been.
    pub second_for_hard: bool,
    /// The least Cohen's kappa between the two labellings.
    pub least_kappa: f64,
    /// Columns of notes or of their groups' briefs, every combination of whose values must occur.
    pub matrix: Vec<Matrix>,
    /// Columns of the briefs that must have many different values.
    pub distinct: Vec<Distinct>,
}

/// A worn-out phrase: the same `words` words in more than `share` of the notes.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worn {
    /// How many words.
    pub words: usize,
    /// The highest share of notes.
    pub share: f64,
}

/// Columns whose combinations must all occur.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matrix {
    /// Columns of the notes, or of the briefs.
    pub columns: Vec<String>,
    /// The least number of notes in each cell.
    pub least: usize,
}

/// A brief column with many values; a value that lists several, separated by commas, counts as several.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distinct {
    /// The column.
    pub column: String,
    /// The least number of different values.
    pub least: usize,
}

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// What was checked.
    pub name: String,
    /// What was found, in a few words.
    pub found: String,
    /// What is wrong, one line each; empty where the check passes.
    pub problems: Vec<String>,
}

/// A note that was labelled a second time, blind.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecondLabel {
    /// The note.
    pub id: String,
    /// The writer's labels, joined by a space.
    pub first: String,
    /// The second reader's labels, joined by a space.
    pub second: String,
    /// How a disagreement ended: `first`, `second` or `dropped`.
    #[serde(default)]
    pub resolved: Option<String>,
}

/// The briefs: for each group, its columns.
pub type Briefs = BTreeMap<String, serde_json::Map<String, serde_json::Value>>;

/// Checks `corpus` against `plan`. `evaluation` are texts that no note may resemble.
#[must_use]
pub fn check_plan(corpus: &Corpus, plan: &Plan, briefs: &Briefs, evaluation: &[String], second: &[SecondLabel]) -> Vec<Check> {
    let notes: Vec<Words> = corpus.notes.par_iter().map_init(Tokens::default, |tokens, note| Words::new(&note.text, tokens)).collect();
    let mut checks = counts(corpus, plan);
    checks.extend(shares(corpus, plan));
    checks.extend(copies(corpus, plan, evaluation));
    if let Some(worn) = plan.opening {
        checks.push(worn_out("openings", &notes, worn, |words| words.get(..worn.words)));
    }
    if let Some(worn) = plan.closing {
        checks.push(worn_out("closings", &notes, worn, |words| words.len().checked_sub(worn.words).map(|from| &words[from..])));
    }
    let head = corpus.notes.first().map_or_else(String::new, |note| first_head(note, plan));
    checks.extend(names(corpus, &notes, plan, &head));
    checks.extend(gendered(corpus, &notes, plan, &head));
    checks.extend(give_aways(corpus, &notes, plan, &head));
    if !second.is_empty() || plan.least_second_share > 0.0 {
        checks.push(second_labels(corpus, plan, second));
    }
    for matrix in &plan.matrix {
        checks.push(matrix_check(corpus, briefs, matrix));
    }
    for distinct in &plan.distinct {
        checks.push(distinct_check(briefs, distinct));
    }
    if !briefs.is_empty() {
        let groups: BTreeSet<&String> = corpus.notes.iter().map(|note| &note.group).collect();
        let problems = groups.iter().filter(|group| !briefs.contains_key(**group)).map(|group| format!("group {group} has no brief"));
        checks.push(Check { name: "briefs".to_owned(), found: format!("{} briefs", briefs.len()), problems: problems.collect() });
    }
    checks
}

/// The column that the plan speaks of and every note has.
fn first_head(note: &Note, plan: &Plan) -> String {
    let planned = plan.shares.keys().find(|head| note.labels.contains_key(*head));
    planned.or_else(|| note.labels.keys().next()).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpus(notes: &[(&str, &str)]) -> Corpus {
        let note = |(index, (text, intent)): (usize, &(&str, &str))| Note {
            text: (*text).to_owned(),
            labels: [("intent".to_owned(), (*intent).to_owned())].into(),
            group: format!("g{}", index % 2),
            id: index.to_string(),
            other: BTreeMap::new(),
        };
        Corpus { notes: notes.iter().enumerate().map(note).collect(), skipped: Vec::new() }
    }

    fn problems<'c>(checks: &'c [Check], name: &str) -> &'c [String] {
        &checks.iter().find(|check| check.name.starts_with(name)).expect("the check").problems
    }

    #[test]
    fn every_check_finds_what_it_is_for() {
        let mut notes = vec![("I met Zelda in Graz at the fair", "a"), ("i met zelda in graz at the fair!", "b")];
        notes.extend([("So I asked Zelda about the tram again", "a"); 20]);
        notes.extend([("the plain note has nothing in it at all", "b"); 20]);
        let plan = Plan {
            least_notes: 100,
            least_kappa: -1.0,
            shares: [("intent".to_owned(), [("a".to_owned(), 0.9)].into())].into(),
            share_tolerance: 0.05,
            most_alike: Some(0.5),
            most_alike_evaluation: Some(0.4),
            opening: Some(Worn { words: 4, share: 0.1 }),
            closing: Some(Worn { words: 3, share: 0.1 }),
            most_of_a_name: Some(0.1),
            most_lift: Some(0.05),
            most_given_away: Some(0.5),
            give_away_precision: 0.95,
            gendered: vec![[vec!["zelda".to_owned()], vec!["plain".to_owned()]]],
            matrix: vec![Matrix { columns: vec!["intent".to_owned(), "group".to_owned()], least: 1 }],
            ..Plan::default()
        };
        let label = |id: &str, first: &str, second: &str, resolved: Option<&str>| SecondLabel {
            id: id.to_owned(),
            first: first.to_owned(),
            second: second.to_owned(),
            resolved: resolved.map(str::to_owned),
        };
        let second = [
            label("0", "a", "a", None),
            label("1", "b", "a", Some("second")),
            label("2", "a", "b", None),
            label("3", "a", "b", Some("first")),
        ];
        let checks = check_plan(&corpus(&notes), &plan, &Briefs::new(), &["I met Zelda in Graz at a fair".to_owned()], &second);
        assert_eq!(problems(&checks, "counts").len(), 1);
        assert_eq!(problems(&checks, "shares").len(), 2, "a is off, and b is not planned");
        assert!(problems(&checks, "near copies").iter().any(|line| line.contains("with other labels")));
        assert!(!problems(&checks, "overlap").is_empty());
        assert!(!problems(&checks, "openings").is_empty() && !problems(&checks, "closings").is_empty());
        assert!(problems(&checks, "names").iter().any(|line| line.contains("zelda")));
        assert!(problems(&checks, "names that predict").iter().any(|line| line.contains("zelda")));
        assert!(!problems(&checks, "gendered").is_empty());
        assert!(!problems(&checks, "words that give").is_empty());
        let second = problems(&checks, "second labelling");
        assert_eq!(second.len(), 2, "note 1 was settled as a, note 2 not at all: {second:?}");
    }

    #[test]
    fn a_clean_corpus_passes() {
        let notes = [("the first note is about trams", "a"), ("another one, of barges and locks", "b")];
        let plan =
            Plan { most_alike: Some(0.5), opening: Some(Worn { words: 4, share: 0.6 }), most_of_a_name: Some(0.1), ..Plan::default() };
        assert!(check_plan(&corpus(&notes), &plan, &Briefs::new(), &[], &[]).iter().all(|check| check.problems.is_empty()));
    }
}
