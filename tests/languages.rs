//! Training in other languages and scripts: nothing on the way takes words for English, or for words.
#![cfg(feature = "train")]

use std::path::PathBuf;

use thinktwice::features::FeatureSettings;
use thinktwice::text::Language;
use thinktwice::train::{Corpus, Extras, FitSettings, fit};
use thinktwice::{Classifier, Policy};

/// Notes of one language, labelled by hand: the file, its label column, its stemmer.
const CORPORA: [(&str, &str, Option<Language>); 4] = [
    ("russian", "тема", Some(Language::Russian)),
    ("arabic", "النوع", Some(Language::Arabic)),
    ("spanish", "trato", Some(Language::Spanish)),
    // Written without spaces: characters are what there is.
    ("japanese", "種類", None),
];

fn read(name: &str, head: &str) -> Corpus {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/languages/{name}.tsv"));
    Corpus::read(&[path], &[head.to_owned()], false).expect("a clean corpus")
}

fn bytes(corpus: &Corpus, head: &str, stem: Option<Language>, threads: usize) -> Vec<u8> {
    let features = FeatureSettings { stem, ..FitSettings::default().features };
    let settings = FitSettings { heads: vec![head.to_owned()], features, select: true, ..FitSettings::default() };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
    pool.install(|| fit(corpus, &settings, &Policy::shipped(), &Extras::default())).expect("a model").model.to_bytes().expect("bytes")
}

#[test]
fn a_few_dozen_notes_in_any_script_make_a_model_that_beats_chance() {
    for (name, head, stem) in CORPORA {
        let all = read(name, head);
        let labels = all.labels(head);
        // Every third note of each label is held out.
        let is_held_out = |row: usize| {
            let own = |other: usize| all.notes[other].labels[head] == all.notes[row].labels[head];
            (0..row).filter(|&other| own(other)).count() % 3 == 0
        };
        let (test, train): (Vec<usize>, Vec<usize>) = (0..all.notes.len()).partition(|&row| is_held_out(row));
        let corpus = |rows: &[usize]| Corpus { notes: rows.iter().map(|&row| all.notes[row].clone()).collect(), skipped: Vec::new() };
        let (test, train) = (corpus(&test), corpus(&train));
        let model = bytes(&train, head, stem, 1);
        assert!(model == bytes(&train, head, stem, 2), "{name}: two threads give other bytes");
        let classifier = Classifier::from_bytes(&model).expect("whole");
        let right = test.notes.iter().filter(|note| classifier.assess(&note.text).decisive().label == note.labels[head]).count();
        // As many by chance: fewer than 1 in 100 times.
        let least = (0..=test.notes.len()).find(|&right| chance(test.notes.len(), right, labels.len()) < 0.01).expect("some number");
        assert!(right >= least, "{name}: {right} of {} are right, {least} are clearly better than chance", test.notes.len());
    }
}

/// How likely guessing is to be right so often or oftener.
fn chance(notes: usize, right: usize, labels: usize) -> f64 {
    let p = 1.0 / labels as f64;
    let mut term = (1.0 - p).powi(i32::try_from(notes).expect("few"));
    let mut below = 0.0;
    for k in 0..right {
        below += term;
        term *= (notes - k) as f64 / (k + 1) as f64 * p / (1.0 - p);
    }
    1.0 - below
}

#[test]
fn evidence_in_any_script_is_a_part_of_the_note() {
    for (name, head, stem) in CORPORA {
        let corpus = read(name, head);
        let classifier = Classifier::from_bytes(&bytes(&corpus, head, stem, 2)).expect("whole");
        let note = &corpus.notes[0].text;
        let explanation = classifier.assess(note).explanation.expect("explained");
        assert!(!explanation.evidence.is_empty(), "{name}");
        for evidence in &explanation.evidence {
            assert_eq!(&note[evidence.start..evidence.end], evidence.text, "{name}");
        }
    }
}
