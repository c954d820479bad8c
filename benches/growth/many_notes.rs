//! Makes any number of short labelled notes, to see how training grows: `many_notes COUNT > notes.jsonl`. The same count gives the same notes.
//!
//! The words are made up. How often each occurs falls with its rank (Zipf's law), so that most n-grams are rare, as in any text; a few words of every note
//! are oftener those of its label than of another. Notes of one group share a word that occurs nowhere else.

use std::io::{BufWriter, Write};

use thinktwice::train::metrics::SplitMix64;

const LABELS: [&str; 4] = ["professional", "romantic", "pushy-job-seeking", "strained-history"];
/// How many words there are, beside those of the labels and groups.
const WORDS: usize = 60_000;
/// How many words each label has.
const OWN_WORDS: usize = 300;
/// How many notes a group has.
const GROUP: usize = 20;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count: usize = std::env::args().nth(1).ok_or("usage: many_notes COUNT")?.parse()?;
    let mut random = SplitMix64(11);
    let mut out = BufWriter::new(std::io::stdout().lock());
    for note in 0..count {
        let label = random.below(LABELS.len());
        let mut words: Vec<String> = (0..8 + random.below(7)).map(|_| word(by_rank(&mut random))).collect();
        for _ in 0..3 {
            // Five of eight from the note's own label, each of the others from any.
            let of = if random.below(8) < 5 { label } else { random.below(LABELS.len()) };
            let at = random.below(words.len());
            words[at] = word(WORDS + of * OWN_WORDS + random.below(OWN_WORDS));
        }
        let group = note / GROUP;
        words.push(word(WORDS + LABELS.len() * OWN_WORDS + group));
        let note = serde_json::json!({ "text": words.join(" "), "intent": LABELS[label], "group": format!("g{group}") });
        writeln!(out, "{note}")?;
    }

    Ok(out.flush()?)
}

/// A word's rank, from 0: a rank of n is drawn as often as 1 / (n + 1), about.
fn by_rank(random: &mut SplitMix64) -> usize {
    let uniform = random.below(1 << 30) as f64 / f64::from(1 << 30);
    ((WORDS as f64).powf(uniform)) as usize - 1
}

/// The word of a rank: syllables, more of them the rarer it is.
fn word(mut rank: usize) -> String {
    let mut word = String::new();
    loop {
        word.push(char::from(b"bdfgklmnprstvz"[rank % 14]));
        rank /= 14;
        word.push(char::from(b"aeiou"[rank % 5]));
        rank /= 5;
        if rank == 0 {
            return word;
        }
        rank -= 1;
    }
}
