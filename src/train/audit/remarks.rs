//! What is to be said of a corpus as a whole.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::counts::label_counts;
use super::give_aways::give_away_words;
use super::words::Words;
use crate::train::corpus::Corpus;

/// Something that is wrong with the corpus as a whole, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Remark {
    /// What it is about: `groups`, `imbalance`, `give-away` or `label-errors`.
    pub topic: &'static str,
    /// What is wrong, and what to do.
    pub message: String,
}

impl Remark {
    pub(super) fn new(topic: &'static str, message: String) -> Self {
        Self { topic, message }
    }
}

/// A label with fewer notes than these cannot be learned, whatever the others have.
const FEW: usize = 20;
/// A label with less than this part of an even share of the notes is rare.
const RARE: f64 = 0.2;
/// See [`give_away_words`]: the least share of the label's notes, and the least number.
const GIVEN_AWAY: f64 = 0.05;
const GIVEN_AWAY_NOTES: usize = 8;
const GIVE_AWAY_PRECISION: f64 = 0.95;

pub(super) fn groups(corpus: &Corpus) -> (usize, Option<Remark>) {
    let groups: BTreeSet<&str> = corpus.notes.iter().map(|note| note.group.as_str()).collect();
    let message = if groups.len() == corpus.notes.len() {
        "every note is a group of its own, so notes of one writer can be on both sides of a split and figures come out too good; name the writer \
         or the source of each note in a column \"group\""
    } else if groups.len() < 2 {
        "all notes are of one group, which is as good as none: figures come out too good; name the writer or the source of each note in the column \
         \"group\""
    } else {
        return (groups.len(), None);
    };
    (groups.len(), Some(Remark::new("groups", message.to_owned())))
}

/// What is to be said of single labels of `head`: those with notes of one group only, with too few, or with far fewer than others.
#[must_use]
pub fn labels(corpus: &Corpus, head: &str) -> Vec<Remark> {
    let mut groups: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for note in &corpus.notes {
        if let Some(label) = note.labels.get(head) {
            groups.entry(label).or_default().insert(&note.group);
        }
    }
    let counts = label_counts(corpus, head);
    let total: usize = counts.values().sum();
    let even = total as f64 / counts.len().max(1) as f64;
    let has_groups = corpus.groups().len() > 1;
    let remark = |(label, &count): (&&str, &usize)| {
        let message = if count == 1 {
            format!("{label} has one note, which is learned from or measured, never both, so its figures say nothing; {FEW} are the least")
        } else if has_groups && groups.get(label).is_none_or(|groups| groups.len() < 2) {
            format!(
                "the {count} notes with the label {label} are all of one group, so they are learned from or measured, never both, and its figures say \
                 nothing; add some of another group"
            )
        } else if count < FEW {
            format!("too few notes to learn {label} from: {count}; {} more would do, and up to 100 in all each is worth it", FEW - count)
        } else if (count as f64) < RARE * even {
            let share = 100.0 * count as f64 / total as f64;
            format!("{label} has {count} notes, {share:.1} % of all; more of them would teach more than any other notes")
        } else {
            return None;
        };
        Some(Remark::new("imbalance", message))
    };
    counts.iter().filter_map(remark).collect()
}

pub(super) fn give_aways(corpus: &Corpus, notes: &[Words], head: &str) -> Vec<Remark> {
    // Where nearly all notes have one label, so have nearly all words.
    let counts = label_counts(corpus, head);
    if counts.values().any(|&count| count as f64 >= GIVE_AWAY_PRECISION * corpus.notes.len() as f64) {
        return Vec::new();
    }
    let words = give_away_words(corpus, notes, head, GIVE_AWAY_PRECISION);
    let notable = words.into_iter().filter(|(share, count, _)| *share > GIVEN_AWAY && *count >= GIVEN_AWAY_NOTES);
    notable.map(|(_, _, text)| Remark::new("give-away", format!("{text}; the model will take the word for the label"))).collect()
}
