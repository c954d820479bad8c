//! The scoring path allocates nothing once its memory has grown and it has met the words.

use std::path::Path;

use allocation_counter::measure;
use thinktwice::Classifier;
use thinktwice::classifier::Scores;
use thinktwice::features::Scratch;

#[test]
fn scoring_allocates_nothing_after_the_first_time() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let mut notes: Vec<String> = Vec::new();
    for file in ["corpus/freight.jsonl", "corpus/pairs-negation.jsonl", "out-of-scope.jsonl"] {
        for line in std::fs::read_to_string(folder.join(file)).expect("in the repository").lines() {
            let note: serde_json::Value = serde_json::from_str(line).expect("an object");
            notes.push(note["text"].as_str().expect("text").to_owned());
        }
    }
    notes.push("Ünïcödé naïveté 😍👍🏽 \u{201C}quoted\u{201D} {{first_name}} a@b.example www.example.org 1,000 你好 \n\n".repeat(3));
    let classifier = Classifier::shipped();
    let (mut scratch, mut scores) = (Scratch::default(), Scores::default());
    let mut score_all = || notes.iter().for_each(|note| classifier.score_into(note, &mut scratch, &mut scores));
    assert!(measure(&mut score_all).count_total > 0, "the counter counts");
    for note in &notes {
        let allocated = measure(|| classifier.score_into(note, &mut scratch, &mut scores)).count_total;
        // A word of more than 23 bytes is not remembered, and its stem is worked out each time.
        let is_remembered = note.split_whitespace().all(|word| word.len() <= 23);
        assert!(allocated == 0 || !is_remembered, "{allocated} for {note}");
    }
}
