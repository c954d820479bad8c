//! Accepted phrases are not held against the note.

use proptest::prelude::*;
use thinktwice::features::Scratch;
use thinktwice::model::{Model, SHIPPED};
use thinktwice::{Classifier, Policy, Verdict};

use crate::common::{assert_fails, json, thinktwice_in};

fn accepting(phrases: &[&str]) -> Classifier {
    let policy = Policy { accept: phrases.iter().map(|&phrase| phrase.to_owned()).collect(), ..Policy::shipped() };
    Classifier::shipped().with_policy(policy).expect("usable")
}

fn logits(classifier: &Classifier, note: &str) -> Vec<f32> {
    classifier.score(note, &mut Scratch::default()).logits
}

/// The shipped model with the weights of all features of one word alone kept.
fn of_one_word(word: &str) -> Model {
    let mut model = Model::from_bytes(SHIPPED).expect("whole");
    let columns = model.columns();
    let at = model.rows().position(|(text, _)| text == word).expect("the model has the word");
    for (row, weights) in model.weights.chunks_exact_mut(columns).enumerate() {
        if row != at {
            weights.fill(0);
        }
    }
    model
}

/// One feature alone: what is left of each label's weight is what the definition says, to the last digits.
#[test]
fn an_accepted_feature_speaks_for_no_held_label() {
    let model = of_one_word("handsom");
    let (_, weights) = model.rows().find(|(text, _)| text == "handsom").expect("there");
    assert!(weights[2] > weights[0], "it speaks for romantic: {weights:?}");
    let classifier = |phrases: &[&str]| {
        let policy = Policy { accept: phrases.iter().map(|&phrase| phrase.to_owned()).collect(), ..Policy::shipped() };
        Classifier::new(&model).expect("whole").with_policy(policy).expect("usable")
    };
    let note = "A handsome bridge.";
    let (plain, accepted) = (logits(&classifier(&[]), note), logits(&classifier(&["Handsome"]), note));
    let norm = (plain[2] - logits(&classifier(&[]), "A bridge.")[2]) / weights[2];
    for label in 1..4 {
        let expected = plain[label] - norm * (weights[label] - weights[0]).max(0.0);
        assert!((accepted[label] - expected).abs() < 1e-4, "{label}: {} {expected}", accepted[label]);
    }
    assert_eq!(accepted[0].to_bits(), plain[0].to_bits(), "what is sent keeps its weight");
    // Once outside the phrase is enough to keep the weight, and a phrase does not reach into words.
    for (phrase, note) in
        [("handsome bridge", "A handsome bridge, a handsome man."), ("handsome bridge", "A handsome man."), ("hand", note)]
    {
        assert_eq!(logits(&classifier(&[phrase]), note), logits(&classifier(&[]), note), "{phrase}: {note}");
    }
}

#[test]
fn what_reaches_beyond_the_phrase_keeps_its_weight() {
    let note = "Let me take you out for a drink. Are you single?";
    let [none, drink, both, whole] = [&[][..], &["a drink"], &["a drink", "single"], &[note]].map(|phrases| {
        let probabilities = accepting(phrases).assess(note).readings[0].probabilities.clone();
        1.0 - probabilities.iter().find(|(label, _)| label == "professional").expect("there").1
    });
    assert!(none > drink && drink > both && both > whole, "{none} {drink} {both} {whole}");
    assert_eq!(accepting(&["a drink"]).assess(note).verdict, Verdict::Hold, "the rest of the note still reads so");
    assert_ne!(accepting(&[note]).assess(note).verdict, Verdict::Hold);
}

#[test]
fn accepted_words_are_known() {
    let note = "Xqzt vvrl brrm, zzyq";
    let mut scratch = Scratch::default();
    assert_eq!(accepting(&[]).score(note, &mut scratch).known_words, 0);
    assert_eq!(accepting(&["vvrl BRRM"]).score(note, &mut scratch).known_words, 2);
}

#[test]
fn the_program_accepts_what_the_file_and_the_arguments_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let note = "Congratulations on the new post in Hull, you beautiful genius. I run the pumps at the same yard, hot stuff.";
    let harm = |args: &[&str]| {
        let all = [&["check", "--format", "json", note], args].concat();
        1.0 - json(&thinktwice_in(folder.path(), &all, ""))["probabilities"]["professional"].as_f64().expect("a number")
    };
    let (plain, one, two) =
        (harm(&[]), harm(&["--accept", "Beautiful  GENIUS"]), harm(&["--accept", "beautiful genius", "--accept", "hot stuff"]));
    assert!(plain > one && one > two, "{plain} {one} {two}");
    std::fs::write(folder.path().join("thinktwice.toml"), "accept = ['beautiful genius']").expect("written");
    assert_eq!(harm(&[]).to_bits(), one.to_bits());
    assert_eq!(harm(&["--accept", "hot stuff"]).to_bits(), two.to_bits(), "arguments add to the file");
    let scored = thinktwice_in(folder.path(), &["score", "-"], &serde_json::json!({ "text": note }).to_string());
    assert_eq!((1.0 - json(&scored)["assessment"]["probabilities"]["professional"].as_f64().expect("a number")).to_bits(), one.to_bits());
    assert_fails(&thinktwice_in(folder.path(), &["check", "--accept", "", note], ""), &["accept: there is nothing to accept"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Of any notes and any parts of them: shares still add up, harm never grows, a phrase that is not there changes nothing, and the evidence is elsewhere.
    #[test]
    fn accepting_never_makes_it_worse(
        note in "(single|drink|you|are|Smile|job|\\?|,|work|sorry|talk|gates|[a-z]{1,6}| |\n){1,40}",
        cut in 0.0..1.0_f64,
        length in 0.0..1.0_f64,
    ) {
        let chars: Vec<char> = note.chars().collect();
        let from = (cut * chars.len() as f64) as usize;
        let to = from + 1 + (length * (chars.len() - from - 1) as f64) as usize;
        let phrase: String = chars[from..to].iter().collect();
        prop_assume!(!phrase.trim().is_empty());
        let mut scratch = Scratch::default();
        let (plain, accepted) = (accepting(&[]), accepting(&[&phrase]));
        let (before, after) = (plain.score(&note, &mut scratch), accepted.score(&note, &mut scratch));
        prop_assert!(after.probabilities[0] >= before.probabilities[0] - 1e-6, "professional");
        let at = plain.about().heads[1].labels.iter().position(|label| label == "stated").expect("there");
        prop_assert!(after.probabilities[4 + at] >= before.probabilities[4 + at] - 1e-6, "stated");
        prop_assert!(after.known_words >= before.known_words && after.out_of_scope <= before.out_of_scope);
        let none = accepted.score("", &mut scratch).logits;
        let shares = accepted.shares(&note, &mut scratch);
        for (column, logit) in after.logits.iter().enumerate() {
            let sum: f32 = none[column] + shares.iter().map(|share| share.logits[column]).sum::<f32>();
            prop_assert!((sum - logit).abs() < 1e-3, "{sum} {logit}");
        }
        prop_assert_eq!(accepting(&["zzz not there zzz"]).score(&note, &mut scratch), before);
    }
}
