//! The notes that are packed into the program are those of `data/`. `PACK=overwrite cargo test --test shipped_corpus` packs them anew.
#![cfg(feature = "train")]

use std::path::PathBuf;

use thinktwice::train::corpus::Note;
use thinktwice::train::shipped::ShippedCorpus;
use thinktwice::train::{Corpus, FitSettings};

#[test]
fn the_packed_notes_are_those_that_the_shipped_model_is_made_of() {
    let data = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data");
    let corpus = Corpus::read(&[data.join("corpus")], &FitSettings::default().heads, false).expect("a clean corpus");
    let out_of_scope = Corpus::read_texts(&data.join("out-of-scope.jsonl")).expect("clean texts");
    let there = ShippedCorpus { corpus, out_of_scope };
    if std::env::var("PACK").is_ok_and(|pack| pack == "overwrite") {
        std::fs::write(data.join("packed-corpus.deflate"), there.pack()).expect("written");
        return;
    }
    let packed = ShippedCorpus::unpack();
    let same = |a: &Note, b: &Note| (&a.text, &a.labels, &a.group, a.is_trap()) == (&b.text, &b.labels, &b.group, b.is_trap());
    let alike = |a: &[Note], b: &[Note]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b));
    assert!(
        alike(&packed.corpus.notes, &there.corpus.notes) && alike(&packed.out_of_scope, &there.out_of_scope),
        "data/ has other notes by now: run PACK=overwrite cargo test --test shipped_corpus"
    );
    assert_eq!(packed.corpus.digest(), there.corpus.digest());
}
