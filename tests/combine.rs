//! One's own notes and those of others: who serves one's own best, and what is learned from both.
#![cfg(feature = "train")]

use std::path::PathBuf;

use thinktwice::train::combine::{CombineError, Contender, Contest, Copies, check, contest, leave_copies_out};
use thinktwice::train::fit::Fitted;
use thinktwice::train::{Beside, Corpus, Extras, FitSettings, fit};
use thinktwice::{Classifier, Policy};

fn settings() -> FitSettings {
    FitSettings { vocabulary: 3000, ..FitSettings::default() }
}

/// So many groups of the shipped corpus, after the first so many.
fn groups(skip: usize, take: usize) -> Corpus {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/corpus");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).expect("the corpus").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let files: Vec<PathBuf> = files.into_iter().skip(skip).take(take).collect();
    Corpus::read(&files, &settings().heads, false).expect("a clean corpus")
}

fn learn(corpus: &Corpus, extras: &Extras) -> Fitted {
    fit(corpus, &settings(), &Policy::shipped(), extras).expect("a model")
}

/// Every eighth note of some writers, and a model of others.
fn own_and_others() -> (Corpus, Corpus, Classifier) {
    let mut own = groups(0, 4);
    own.notes = own.notes.into_iter().step_by(8).collect();
    let mut others = groups(4, 8);
    leave_copies_out(&own, &mut others);
    let model = Classifier::new(&learn(&others, &Extras::default()).model).expect("whole");
    (own, others, model)
}

fn hold(own: &Corpus, others: &Corpus, model: &Classifier) -> Contest {
    contest(own, others, &Copies::default(), model, &settings(), &Extras::default(), &|_| ()).expect("a contest")
}

#[test]
fn few_notes_like_the_others_are_served_by_the_others() {
    let (own, others, model) = own_and_others();
    let contest = hold(&own, &others, &model);
    assert_eq!((contest.notes, contest.groups), (own.notes.iter().filter(|note| !note.is_trap()).count(), 4));
    assert_ne!(contest.best, Contender::Own, "{contest:?}");
    assert!(contest.is_clear(Contender::Own), "{contest:?}");
    // The figures are those of the contenders, and the differences between them.
    let accuracy = |contender| contest.figures_of(contender).expect("figures").accuracy.value;
    for difference in &contest.differences {
        assert!((difference.accuracy.value - accuracy(contest.best) + accuracy(difference.less)).abs() < 1e-12);
        assert!(difference.log_loss.low <= difference.log_loss.value && difference.log_loss.value <= difference.log_loss.high);
    }
    let chosen = contest.weights.iter().min_by(|a, b| a.log_loss.total_cmp(&b.log_loss)).expect("some");
    assert_eq!(chosen.own_weight, contest.own_weight);
}

#[test]
fn notes_that_are_labelled_otherwise_are_served_by_their_own() {
    let (_, others, model) = own_and_others();
    // What the others call romantic is professional here, and the other way round.
    let mut own = groups(0, 4);
    own.notes.retain(|note| ["professional", "romantic"].contains(&note.labels["intent"].as_str()));
    for note in &mut own.notes {
        let label = if note.labels["intent"] == "romantic" { "professional" } else { "romantic" };
        note.labels.insert("intent".to_owned(), label.to_owned());
    }
    let contest = hold(&own, &others, &model);
    assert_eq!(contest.best, Contender::Own, "{contest:?}");
    assert!(contest.is_clear(Contender::Others) && contest.is_clear(Contender::Both), "{contest:?}");
    let losses: Vec<f64> = contest.weights.iter().map(|trial| trial.log_loss).collect();
    assert!(losses.is_sorted_by(|a, b| a > b) && losses.len() > 2, "the more they count the better: {losses:?}");
}

#[test]
fn what_both_teach_is_measured_on_ones_own_and_has_the_same_bytes_on_any_number_of_threads() {
    let (mut own, others, _) = own_and_others();
    for note in &mut own.notes {
        note.labels.remove("reason");
    }
    let with_reason = others.notes.iter().filter(|note| note.labels.contains_key("reason") && !note.is_trap()).count();
    let extras = Extras { beside: Some(Beside { corpus: others.clone(), own_weight: 3 }), ..Extras::default() };
    let learn_on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| learn(&own, &extras))
    };
    let mut fitted = learn_on(1);
    assert!(fitted.model.to_bytes().expect("bytes") == learn_on(2).model.to_bytes().expect("bytes"));
    let measured: Vec<usize> = fitted.reports.iter().map(|report| report.notes.iter().sum()).collect();
    // A column that one's own notes lack is measured on the others'.
    assert_eq!(measured, [own.notes.iter().filter(|note| !note.is_trap()).count(), with_reason]);
    assert_eq!(fitted.beside.as_ref().map(|beside| (beside.notes, beside.own_weight)), Some((others.notes.len(), 3)));
    assert!(fitted.model.about.training.get().contains("\"own-weight\":3"));
    // The model has a word that only the others used.
    let alone = learn(&own, &Extras::default());
    assert!(fitted.model.vocabulary.len() > alone.model.vocabulary.len());
}

#[test]
fn copies_are_found_on_both_sides() {
    let own = groups(0, 2);
    let mut others = groups(1, 2);
    let (before, shared) = (others.notes.len(), groups(1, 1).notes.len());
    let copies = leave_copies_out(&own, &mut others);
    assert!(copies.others >= shared && others.notes.len() == before - copies.others);
    let of_second = own.notes.len() - shared;
    assert!(copies.own[of_second..].iter().all(|is_copy| *is_copy) && copies.own[..of_second].iter().any(|is_copy| !is_copy));
    let all = Copies { own: vec![true; own.notes.len()], others: 0 };
    let error = contest(&own, &others, &all, &Classifier::shipped(), &settings(), &Extras::default(), &|_| ()).expect_err("nothing left");
    assert!(matches!(error, CombineError::Copies { left: 0, .. }), "{error}");
}

#[test]
fn other_columns_and_labels_cannot_be_combined() {
    let (own, others) = (groups(0, 1), groups(1, 1));
    let heads = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert!(check(&own, &others, &heads(&["intent", "reason", "tone"])).is_ok());
    assert!(matches!(check(&own, &others, &heads(&["tone"])), Err(CombineError::Head { .. })));
    let mut odd = own.clone();
    odd.notes[3].labels.insert("intent".to_owned(), "charming".to_owned());
    let error = check(&odd, &others, &heads(&["intent"])).expect_err("another label").to_string();
    assert!(error.contains("\"charming\"") && error.contains("professional, pushy-job-seeking"), "{error}");
}
