//! A fit with cross-validation on a few groups of the shipped corpus.

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
