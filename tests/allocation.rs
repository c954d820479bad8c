//! The scoring path allocates nothing once its memory has grown and it has met the words, and no part of a model is in memory twice.

use std::path::Path;

use allocation_counter::measure;
use thinktwice::classifier::Scores;
use thinktwice::features::Scratch;
use thinktwice::model::SHIPPED;
use thinktwice::{Classifier, Policy};

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

/// What `check` does: reads the model, changes its policy, and answers.
#[test]
fn a_model_is_in_memory_once() {
    let model = SHIPPED.len() as u64;
    let limited = |classifier: &Classifier| Policy { limit: 200, ..classifier.policy().clone() };
    let note = "Your smile has been on my mind since the fair. Are you single?";
    let answer = || {
        let classifier = Classifier::shipped();
        let policy = limited(&classifier);
        classifier.with_policy(policy).expect("its own policy").assess(note)
    };
    // The weights stay where the program has them, and only what finds them is built.
    let most = measure(|| assert_eq!(answer().length.limit, 200)).bytes_max;
    assert!(most < model / 2, "{most} of {model}");

    let mut classifier = None;
    let stays = measure(|| classifier = Some(Classifier::from_bytes(SHIPPED).expect("whole"))).bytes_current;
    assert!(0 < stays && stays.unsigned_abs() <= model, "{stays} of {model}");
    let classifier = classifier.expect("read");
    let policy = limited(&classifier);
    let more = measure(|| drop(classifier.with_policy(policy).expect("its own policy").assess(note))).bytes_max;
    assert!(more < model / 2, "{more} of {model}");
}
