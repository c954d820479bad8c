//! Why a note is read as it is, and what would change it: what is shown is what the model computes.
#![cfg(feature = "cli")]

use std::path::Path;

use proptest::prelude::*;
use thinktwice::assessment::{Assessment, Edit, Evidence};
use thinktwice::features::Scratch;
use thinktwice::{Classifier, Verdict};

/// Every so manieth note of the corpus is looked at.
const EVERY: usize = 47;

fn corpus() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/corpus");
    let mut files: Vec<_> = std::fs::read_dir(folder).expect("the corpus").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let text: Vec<String> = files.iter().map(|file| std::fs::read_to_string(file).expect("read")).collect();
    let note = |line: &str| {
        let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
        row["text"].as_str().expect("text").to_owned()
    };
    text.iter().flat_map(|text| text.lines()).step_by(EVERY).map(note).collect()
}

fn explained(classifier: &Classifier, note: &str) -> (Assessment, Vec<Evidence>, Vec<Edit>) {
    let assessment = classifier.assess(note);
    let explanation = assessment.explanation.clone().expect("asked for");
    (assessment, explanation.evidence, explanation.edits)
}

fn without(note: &str, edit: &Edit) -> String {
    let mut rest = note.to_owned();
    for &(start, end) in edit.remove.iter().rev() {
        rest.replace_range(start..end, "");
    }
    rest
}

/// The tokens' shares and the bias are the logit, and each phrase has the shares of its tokens: no more, no less, and of its own words.
fn adds_up(classifier: &Classifier, note: &str) {
    let mut scratch = Scratch::default();
    let scores = classifier.score(note, &mut scratch);
    let bias = classifier.score("", &mut scratch).logits;
    let shares = classifier.shares(note, &mut scratch);
    for (column, logit) in scores.logits.iter().enumerate() {
        let sum = f64::from(bias[column]) + shares.iter().map(|share| f64::from(share.logits[column])).sum::<f64>();
        assert!((sum - f64::from(*logit)).abs() < 1e-3, "{sum} is not {logit}: {note:?}");
    }
    let (assessment, evidence, _) = explained(classifier, note);
    let labels = &assessment.decisive().probabilities;
    let mut before = 0;
    for phrase in &evidence {
        assert!(before <= phrase.start && phrase.start < phrase.end, "in order, none overlapping: {note:?}");
        before = phrase.end;
        assert_eq!(note[phrase.start..phrase.end], phrase.text);
        let column = labels.iter().position(|(label, _)| *label == phrase.label).expect("a label");
        let inside = shares.iter().filter(|share| phrase.start <= share.bytes.start && share.bytes.end <= phrase.end);
        let mean = |logits: &[f32]| logits[..labels.len()].iter().sum::<f32>() / labels.len() as f32;
        let sum: f32 = inside.map(|share| share.logits[column] - mean(&share.logits)).sum();
        assert!((sum - phrase.weight).abs() < 1e-4, "{sum} is not {}: {phrase:?} in {note:?}", phrase.weight);
        assert!(phrase.weight > 0.0);
    }
}

/// Each edit gives what it promises, is better than what there was, and needs all of its parts.
fn edits_are_exact_and_minimal(classifier: &Classifier, note: &str) {
    let (assessment, _, edits) = explained(classifier, note);
    let mut scratch = Scratch::default();
    let mut smallest = 0;
    for edit in &edits {
        assert!(edit.remove.is_sorted() && edit.remove.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{edit:?}");
        let again = classifier.assess_briefly(&without(note, edit), &mut scratch);
        assert_eq!((again.verdict, again.decisive().confidence.to_bits()), (edit.verdict, edit.confidence.to_bits()), "{note:?}");
        assert!(edit.verdict < assessment.verdict && edit.verdict < Verdict::Hold, "{edit:?} betters nothing: {note:?}");
        for index in 0..edit.remove.len() {
            let mut fewer = edit.clone();
            fewer.remove.remove(index);
            let less = classifier.assess_briefly(&without(note, &fewer), &mut scratch);
            assert!(
                !matches!(less.verdict, Verdict::Send | Verdict::Revise) || assessment.verdict == Verdict::Revise,
                "{edit:?} of {note:?}"
            );
        }
        let size = edit.remove.iter().map(|(start, end)| end - start).sum();
        assert!(smallest <= size, "the smallest comes first: {edits:?}");
        smallest = size;
        let leaves_something = again.verdict == Verdict::Send || 2 * size <= note.len();
        assert!(edit.remove.len() < 2 || leaves_something, "{edit:?} of {note:?}");
    }
}

#[test]
fn evidence_adds_up_on_notes_of_the_corpus() {
    let classifier = Classifier::shipped();
    let notes = corpus();
    assert!(notes.len() > 100);
    for note in notes {
        adds_up(&classifier, &note);
    }
}

/// Found by the properties below, by chance and long ago.
#[test]
fn evidence_adds_up_where_marks_join_what_they_part() {
    let classifier = Classifier::shipped();
    for note in ["single‹\u{f71}single:single", ",é, the\u{2003}and\u{2003}andand"] {
        adds_up(&classifier, note);
        edits_are_exact_and_minimal(&classifier, note);
    }
}

#[test]
fn edits_of_notes_of_the_corpus_leave_what_can_be_read() {
    let classifier = Classifier::shipped();
    let mut seen = 0;
    for note in corpus() {
        edits_are_exact_and_minimal(&classifier, &note);
        for edit in explained(&classifier, &note).2 {
            seen += 1;
            let rest = without(&note, &edit);
            for clumsy in ["  ", " ,", ",,", ", .", " .", " ?", " !", "()", "\n\n\n", ",I", ".I"] {
                assert!(!rest.contains(clumsy) || note.contains(clumsy), "{clumsy:?} in {rest:?} from {note:?}");
            }
            assert!(!rest.starts_with([' ', ',', '.', '?', '!']) || note.starts_with(&rest[..1]), "{rest:?} from {note:?}");
            assert!(!rest.ends_with(' ') || note.ends_with(' '), "{rest:?} from {note:?}");
        }
    }
    assert!(seen > 10, "{seen}");
}

#[test]
fn phrases_are_whole_words_and_not_lone_function_words() {
    let classifier = Classifier::shipped();
    for note in corpus() {
        for phrase in explained(&classifier, &note).1 {
            let (before, after) = (note[..phrase.start].chars().next_back(), note[phrase.end..].chars().next());
            let touches = |outside: Option<char>, inside: Option<char>| {
                outside.is_some_and(char::is_alphanumeric) && inside.is_some_and(char::is_alphanumeric)
            };
            assert!(
                !touches(before, phrase.text.chars().next()) && !touches(after, phrase.text.chars().next_back()),
                "{phrase:?} in {note:?}"
            );
            let lower = phrase.text.to_lowercase();
            assert!(
                !["a", "the", "and", "to", "of", "you", "i", "my", "your", "is", "in"].contains(&lower.as_str()),
                "{phrase:?} in {note:?}"
            );
        }
    }
}

#[test]
fn a_note_that_is_only_too_long_is_shortened_by_a_sentence() {
    let filler = "The pumps that we run in the northern basin were rebuilt last year by two of my colleagues and me. ";
    let note = format!("Hello Ines, I heard your talk about flood barriers in Rotterdam. {}I work at the water board.", filler.repeat(3));
    let (assessment, _, edits) = explained(&Classifier::shipped(), &note);
    assert_eq!(assessment.verdict, Verdict::Revise);
    let edit = edits.first().expect("one sentence is enough");
    assert_eq!(edit.verdict, Verdict::Send);
    assert!(without(&note, edit).chars().count() <= 300);
    edits_are_exact_and_minimal(&Classifier::shipped(), &note);
}

#[test]
fn what_is_shortened_keeps_its_beginning_where_it_can() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/answers/drafts/04-too-long.txt");
    let note = std::fs::read_to_string(path).expect("a draft");
    let classifier = Classifier::shipped();
    let edits = explained(&classifier, note.trim_end()).2;
    let first = note.find(". ").expect("several sentences");
    assert!(!edits.is_empty() && edits.iter().all(|edit| edit.remove[0].0 > first), "{edits:?}");
    let two = format!("{}. And bye.", "a pump that we rebuilt in the northern basin ".repeat(8));
    assert!(explained(&classifier, &two).2.iter().all(|edit| without(&two, edit).chars().count() <= 300));
}

#[test]
fn what_the_model_does_not_know_is_not_explained() {
    let (assessment, evidence, edits) =
        explained(&Classifier::shipped(), "Guten Tag Frau Weber, gerne würde ich mich mit Ihnen vernetzen.");
    assert_eq!(assessment.verdict, Verdict::Unsure);
    assert!(evidence.is_empty() && edits.is_empty());
}

proptest! {
    #[test]
    fn evidence_adds_up_on_any_text(note in "(\\PC|[ a-z.!?\n]|single|smile|job|‹|›){0,120}") {
        adds_up(&Classifier::shipped(), &note);
    }

    #[test]
    fn evidence_and_edits_hold_on_any_words(
        note in "((Are |are )?you |single|your smile|gorgeous|a job|hire me|sorry|my application|we worked|your talk|pumps|and |with |, |\\. |\\? |\n|-|\\(|\\)| |é|😍){1,25}",
    ) {
        let classifier = Classifier::shipped();
        adds_up(&classifier, &note);
        edits_are_exact_and_minimal(&classifier, &note);
    }
}
