//! Is a corpus what it was planned to be? Counts, copies, overlap with evaluation notes, worn-out phrases, and words that give a label
//! away without meaning it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::corpus::{Corpus, Note};
use super::metrics::cohen_kappa;
use crate::text::{TokenKind, Tokens};

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
pub fn audit(corpus: &Corpus, plan: &Plan, briefs: &Briefs, evaluation: &[String], second: &[SecondLabel]) -> Vec<Check> {
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

/// The words of a note, lower case, and those of them that are written with a capital where no sentence begins.
struct Words {
    words: Vec<String>,
    capitalised: BTreeSet<String>,
}

impl Words {
    fn new(text: &str, tokens: &mut Tokens) -> Self {
        tokens.read(text);
        let mut words = Vec::new();
        let mut capitalised = BTreeSet::new();
        let shouted = !text.chars().any(char::is_lowercase);
        let mut begins = true;
        for token in tokens.iter() {
            if token.kind == TokenKind::Word {
                let mut original = text[token.start..token.end].chars();
                let capital = original.next().is_some_and(char::is_uppercase) && original.any(char::is_lowercase);
                if capital && !begins && !shouted {
                    capitalised.insert(token.text.to_owned());
                }
                words.push(token.text.to_owned());
            }
            // A greeting's comma, a quotation mark or an emoji may begin a sentence as well as a full stop.
            begins = token.kind == TokenKind::Mark && !matches!(token.text, "," | "-" | "'" | "&" | "/" | "(");
        }
        Self { words, capitalised }
    }
}

fn counts(corpus: &Corpus, plan: &Plan) -> Vec<Check> {
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
fn label_counts<'c>(corpus: &'c Corpus, head: &str) -> BTreeMap<&'c str, usize> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for label in corpus.notes.iter().filter_map(|note| note.labels.get(head)) {
        *counts.entry(label).or_default() += 1;
    }
    counts
}

fn shares(corpus: &Corpus, plan: &Plan) -> Vec<Check> {
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

/// A set of character 5-grams as sorted hashes.
type Shingles = Vec<u64>;

/// The character 5-grams of a text in lower case with its blanks folded; the whole text where it is shorter.
#[must_use]
pub fn shingles(text: &str) -> Shingles {
    let folded = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    let chars: Vec<u64> = folded.chars().map(u64::from).collect();
    let hash =
        |window: &[u64]| window.iter().fold(0xCBF2_9CE4_8422_2325_u64, |h, c| (h ^ c).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(17));
    let mut shingles: Shingles = if chars.len() < 5 { vec![hash(&chars)] } else { chars.windows(5).map(hash).collect() };
    shingles.sort_unstable();
    shingles.dedup();
    shingles
}

/// The Jaccard similarity of two sets of shingles: shared, of all.
#[must_use]
pub fn jaccard(a: &[u64], b: &[u64]) -> f64 {
    let (mut i, mut j, mut shared) = (0, 0, 0);
    while i < a.len() && j < b.len() {
        match a[i].cmp(&b[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                shared += 1;
                i += 1;
                j += 1;
            }
        }
    }
    f64::from(shared) / (a.len() + b.len() - shared as usize) as f64
}

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

fn copies(corpus: &Corpus, plan: &Plan, evaluation: &[String]) -> Vec<Check> {
    let mut checks = Vec::new();
    let sets: Vec<Shingles> = corpus.notes.par_iter().map(|note| shingles(&note.text)).collect();
    if let Some(most) = plan.most_alike {
        let pairs = similar_pairs(&sets, most);
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

fn short(text: &str) -> String {
    text.chars().take(60).collect()
}

fn worn_out<'w>(name: &str, notes: &'w [Words], worn: Worn, phrase: impl Fn(&'w [String]) -> Option<&'w [String]>) -> Check {
    let mut counts: BTreeMap<&[String], usize> = BTreeMap::new();
    for words in notes.iter().filter_map(|note| phrase(&note.words)) {
        *counts.entry(words).or_default() += 1;
    }
    let most = counts.iter().max_by_key(|(_, count)| **count);
    let found = most.map_or_else(String::new, |(words, count)| format!("most frequent: {:?}, {count} times", words.join(" ")));
    let limit = worn.share * notes.len() as f64;
    let problems =
        counts.iter().filter(|(_, count)| **count as f64 > limit).map(|(words, count)| format!("{:?} {count} times", words.join(" ")));
    Check { name: format!("{name} of {} words", worn.words), found, problems: problems.collect() }
}

/// The rows in which each word occurs.
fn rows_of<'w>(notes: &'w [Words], words: impl Fn(&'w Words) -> Vec<&'w String>) -> BTreeMap<&'w String, Vec<usize>> {
    let mut rows: BTreeMap<&String, Vec<usize>> = BTreeMap::new();
    for (row, note) in notes.iter().enumerate() {
        let distinct: BTreeSet<&String> = words(note).into_iter().collect();
        for word in distinct {
            rows.entry(word).or_default().push(row);
        }
    }
    rows
}

/// Words that are nearly always written with a capital: names of people, places and firms.
fn names(corpus: &Corpus, notes: &[Words], plan: &Plan, head: &str) -> Vec<Check> {
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
fn gendered(corpus: &Corpus, notes: &[Words], plan: &Plan, head: &str) -> Vec<Check> {
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

fn give_aways(corpus: &Corpus, notes: &[Words], plan: &Plan, head: &str) -> Option<Check> {
    let most = plan.most_given_away?;
    let counts = label_counts(corpus, head);
    let mut best: Vec<(f64, String)> = Vec::new();
    for (word, rows) in rows_of(notes, |note| note.words.iter().collect()) {
        for (label, total) in &counts {
            let has = |row: &&usize| corpus.notes[**row].labels.get(head).is_some_and(|own| own == label);
            let of_label = rows.iter().filter(has).count() as f64;
            if of_label < plan.give_away_precision * rows.len() as f64 {
                continue;
            }
            let total = *total as f64;
            best.push((
                of_label / total,
                format!("{word:?} stands in {:.1} % of the {label} notes, and hardly elsewhere", 100.0 * of_label / total),
            ));
        }
    }
    best.sort_by(|a, b| b.0.total_cmp(&a.0));
    Some(Check {
        name: "words that give a label away".to_owned(),
        found: best.first().map_or_else(|| "none".to_owned(), |(_, text)| text.clone()),
        problems: best.into_iter().filter(|(share, _)| *share > most).map(|(_, text)| text).collect(),
    })
}

fn value(note: &Note, briefs: &Briefs, column: &str) -> String {
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    note.labels
        .get(column)
        .cloned()
        .or_else(|| note.other.get(column).map(text))
        .or_else(|| briefs.get(&note.group).and_then(|brief| brief.get(column)).map(text))
        .unwrap_or_else(|| "(none)".to_owned())
}

fn matrix_check(corpus: &Corpus, briefs: &Briefs, matrix: &Matrix) -> Check {
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

fn second_labels(corpus: &Corpus, plan: &Plan, second: &[SecondLabel]) -> Check {
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

fn distinct_check(briefs: &Briefs, distinct: &Distinct) -> Check {
    let texts = briefs.values().filter_map(|brief| brief.get(&distinct.column)?.as_str());
    let values: BTreeSet<&str> = texts.flat_map(|text| text.split(',')).map(str::trim).filter(|value| !value.is_empty()).collect();
    let few = values.len() < distinct.least;
    Check {
        name: format!("different {}", distinct.column),
        found: values.len().to_string(),
        problems: few.then(|| format!("{}, planned are {}", values.len(), distinct.least)).into_iter().collect(),
    }
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
        let checks = audit(&corpus(&notes), &plan, &Briefs::new(), &["I met Zelda in Graz at a fair".to_owned()], &second);
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
        assert!(audit(&corpus(&notes), &plan, &Briefs::new(), &[], &[]).iter().all(|check| check.problems.is_empty()));
    }
}
