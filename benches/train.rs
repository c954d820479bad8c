//! A fit with cross-validation on a few groups of the shipped corpus.
//!
//! Where the time goes on the whole corpus (28,648 notes, 1,198 texts that are no notes, `fit --fixed`; seconds of one core, on two cores shared with other work):
//!
//! | | before | now |
//! |---|---|---|
//! | everything (5 folds and a last fit, three heads each) | 71 | 29 |
//! | peak memory, GB | 2.5 | 1.9 |
//!
//! "Before" was L-BFGS over dense weights of features × labels; what now stands in its place are shares of the notes (`solver/span.rs`), and features are counted
//! before their texts are made (`extract.rs`). The last fit of the first head takes 33 iterations to rank 379,487 features (13.3 million values) and 54 with the
//! 75,000 that stay: 2.2 and 2.5 s beside much other work. At a tolerance of 1e-2 instead of 1e-3 it takes half as long, and the cross-validated accuracy falls from
//! 0.928 to 0.924 (at 3e-3, to 0.927).
//!
//! Since a fit begins with coordinate ascent (`solver/ascent.rs`), everything takes 24 seconds of one core on 33,689 notes, and `models/train.sh`, with its search and card, 127 in
//! place of some 250, beside other work; the cross-validated figures are the same or better by a thousandth.

use std::path::{Path, PathBuf};

use criterion::{Criterion, criterion_group, criterion_main};
use thinktwice::Policy;
use thinktwice::train::{Corpus, Extras, FitSettings, fit};

fn train(c: &mut Criterion) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/corpus");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).expect("the corpus").map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files.truncate(8);
    let settings = FitSettings { vocabulary: 4000, ..FitSettings::default() };
    let corpus = Corpus::read(&files, &settings.heads, false).expect("a clean corpus");
    let mut group = c.benchmark_group("fit");
    group.sample_size(10);
    group.bench_function("8 groups", |b| b.iter(|| fit(&corpus, &settings, &Policy::shipped(), &Extras::default()).expect("a model")));
    group.finish();
}

criterion_group!(benches, train);
criterion_main!(benches);
