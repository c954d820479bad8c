//! Single words that give a label away without meaning it.

use super::counts::label_counts;
use super::plan::{Check, Plan};
use super::words::{Words, rows_of};
use crate::train::corpus::Corpus;

/// Words at least `precision` of whose notes have one label: the share of the label's notes that they stand in, and a sentence that says so, the largest
/// share first.
pub(super) fn give_away_words(corpus: &Corpus, notes: &[Words], head: &str, precision: f64) -> Vec<(f64, usize, String)> {
    let counts = label_counts(corpus, head);
    let mut words: Vec<(f64, usize, String)> = Vec::new();
    for (word, rows) in rows_of(notes, |note| note.words.iter().collect()) {
        for (label, total) in &counts {
            let has = |row: &&usize| corpus.notes[**row].labels.get(head).is_some_and(|own| own == label);
            let of_label = rows.iter().filter(has).count();
            if (of_label as f64) < precision * rows.len() as f64 {
                continue;
            }
            let share = of_label as f64 / *total as f64;
            let text = format!("{word:?} stands in {:.1} % of the {label} notes, and hardly elsewhere", 100.0 * share);
            words.push((share, of_label, text));
        }
    }
    words.sort_by(|a, b| b.0.total_cmp(&a.0));
    words
}

pub(super) fn give_aways(corpus: &Corpus, notes: &[Words], plan: &Plan, head: &str) -> Option<Check> {
    let most = plan.most_given_away?;
    let words = give_away_words(corpus, notes, head, plan.give_away_precision);
    Some(Check {
        name: "words that give a label away".to_owned(),
        found: words.first().map_or_else(|| "none".to_owned(), |(_, _, text)| text.clone()),
        problems: words.into_iter().filter(|(share, _, _)| *share > most).map(|(_, _, text)| text).collect(),
    })
}
