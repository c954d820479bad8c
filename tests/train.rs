//! Training from the outside.
#![cfg(feature = "train")]

use std::path::PathBuf;

use thinktwice::train::compare::{Side, compare};
use thinktwice::train::evaluate::evaluate;
use thinktwice::train::{Corpus, Extras, FitError, FitSettings, fit};
use thinktwice::{Classifier, Policy};

/// A few groups of the shipped corpus: enough for a model, little enough for a test.
fn some_groups(count: usize) -> Corpus {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/corpus");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).expect("the corpus").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files.truncate(count);
    Corpus::read(&files, &FitSettings::default().heads, false).expect("a clean corpus")
}

fn bytes(corpus: &Corpus, threads: usize) -> Vec<u8> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
    let settings = FitSettings { vocabulary: 4000, ..FitSettings::default() };
    pool.install(|| fit(corpus, &settings, &Policy::shipped(), &Extras::default())).expect("a model").model.to_bytes().expect("bytes")
}

#[test]
fn retraining_gives_the_same_bytes_with_any_number_of_threads() {
    let corpus = some_groups(6);
    let first = bytes(&corpus, 1);
    assert!(first == bytes(&corpus, 2), "two threads");
    assert!(first == bytes(&corpus, 1), "again");
}

#[test]
fn a_trained_model_beats_guessing_on_groups_that_it_has_not_seen() {
    let all = some_groups(10);
    let held_out: Vec<String> = {
        let mut groups: Vec<String> = all.notes.iter().map(|note| note.group.clone()).collect();
        groups.dedup();
        groups.split_off(8)
    };
    let (test, train): (Vec<_>, Vec<_>) = all.notes.into_iter().partition(|note| held_out.contains(&note.group));
    let corpus = |notes| Corpus { notes, skipped: Vec::new() };
    let fitted = fit(&corpus(train), &FitSettings { vocabulary: 8000, ..FitSettings::default() }, &Policy::shipped(), &Extras::default())
        .expect("a model");
    let (model, test) = (Classifier::new(&fitted.model).expect("whole"), corpus(test));
    let evaluation = evaluate(&model, &test).expect("known labels");
    // Always answering the commonest label would give 0.4 accuracy and 0.14 macro-F1.
    assert!(evaluation.heads[0].macro_f1.value > 0.5, "{:?}", evaluation.heads[0].macro_f1);
    // The shipped model has read these notes.
    let comparison = compare(&model, &Classifier::shipped(), &test).expect("the same labels");
    let counts = [comparison.both_right, comparison.only_ours_right, comparison.only_theirs_right, comparison.both_wrong];
    assert_eq!(counts.iter().sum::<usize>(), test.notes.len());
    assert!(comparison.only_theirs_right > comparison.only_ours_right && comparison.mcnemar_p < 0.001, "{comparison:?}");
    assert!(comparison.accuracy.difference.high < 0.0, "{comparison:?}");
    for figure in [&comparison.macro_f1, &comparison.log_loss] {
        assert_eq!((figure.winner(), figure.ours_better), (Some(Side::Theirs), 0.0), "{comparison:?}");
    }
}

#[test]
fn other_labels_make_a_working_model() {
    let mut corpus = some_groups(4);
    for note in &mut corpus.notes {
        let label = if note.labels["intent"] == "professional" { "fine" } else { "not-fine" };
        note.labels = [("tone".to_owned(), label.to_owned())].into();
    }
    let settings = FitSettings { heads: vec!["tone".to_owned()], vocabulary: 2000, ..FitSettings::default() };
    let mut fitted = fit(&corpus, &settings, &Policy::shipped(), &Extras::default()).expect("a model");
    let bytes = fitted.model.to_bytes().expect("bytes");
    let assessment = Classifier::from_bytes(&bytes).expect("whole").assess("Are you married? Give me your number, beautiful");
    assert_eq!(assessment.decisive().head, "tone");
    assert_eq!(assessment.decisive().label, "not-fine");
}

#[test]
fn a_corpus_that_cannot_carry_a_model_is_an_error() {
    let mut corpus = some_groups(2);
    for note in &mut corpus.notes {
        note.group = "one".to_owned();
    }
    let settings = FitSettings::default();
    assert!(matches!(fit(&corpus, &settings, &Policy::shipped(), &Extras::default()), Err(FitError::Corpus(_))));
    let mut corpus = some_groups(2);
    corpus.notes.retain(|note| note.labels["intent"] == "romantic");
    let error = fit(&corpus, &settings, &Policy::shipped(), &Extras::default()).expect_err("one label").to_string();
    assert!(error.contains("at least two"), "{error}");
}
