//! Notes that do not speak the language of the corpus.

use std::collections::{BTreeMap, BTreeSet};

use super::words::Words;

/// A word is an everyday one where it stands in this share of the notes: in English, about half of a note's words are such (the, to, you, at). Another
/// language's everyday words are not among them while fewer notes than these are written in it.
const EVERYDAY: f64 = 0.05;
/// Shorter notes say too little of their language.
const LEAST_WORDS: usize = 8;
/// A note is of another language where its share of everyday words is below this part of the median note's.
const PART_OF_MEDIAN: f64 = 0.25;

/// The notes that hardly have a word which is frequent in the others, with the share of their words that are.
pub(super) fn foreign(notes: &[Words]) -> Vec<(usize, f64)> {
    let mut frequency: BTreeMap<&String, usize> = BTreeMap::new();
    for note in notes {
        for word in note.words.iter().collect::<BTreeSet<_>>() {
            *frequency.entry(word).or_default() += 1;
        }
    }
    let least = (EVERYDAY * notes.len() as f64).max(2.0);
    let everyday = |note: &Words| {
        // Without the note itself.
        let known = note.words.iter().filter(|word| (frequency[word] - 1) as f64 >= least).count();
        known as f64 / note.words.len() as f64
    };
    let shares: Vec<(usize, f64)> =
        notes.iter().enumerate().filter(|(_, note)| note.words.len() >= LEAST_WORDS).map(|(row, note)| (row, everyday(note))).collect();
    let mut sorted: Vec<f64> = shares.iter().map(|(_, share)| *share).collect();
    sorted.sort_by(f64::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    shares.into_iter().filter(|(_, share)| *share < PART_OF_MEDIAN * median).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Tokens;

    #[test]
    fn a_note_in_another_language_is_found_and_a_note_on_another_matter_is_not() {
        let mut texts = vec!["I would like to hear what you think of the new bridge"; 40];
        texts.push("Würden Sie mir bitte sagen, ob das Angebot noch gilt");
        texts.push("I build violins in Cremona, and would like to hear you play");
        let mut tokens = Tokens::default();
        let notes: Vec<Words> = texts.iter().map(|text| Words::new(text, &mut tokens)).collect();
        assert_eq!(foreign(&notes).iter().map(|(row, _)| *row).collect::<Vec<_>>(), [40]);
        assert!(foreign(&[]).is_empty());
    }
}
