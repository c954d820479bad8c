//! The scoring path: notes of four lengths, plain and explained, and loading a model.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use thinktwice::Classifier;
use thinktwice::features::Scratch;
use thinktwice::model::SHIPPED;

const SHORT: &str = "Hi, shall we connect?";
const MEDIAN: &str =
    "Hello Ines, I heard your talk about flood barriers in Rotterdam. I work on the same kind of gates at the water board.";
const LONG: &str = "Dear Mr Okafor, we have not met, but I have used your tables for sizing culverts every week since I joined the county's \
    drainage office. Last month one of them saved us from a mistake that would have put the school's car park under water. I wanted to \
    thank you, and to ask whether a third edition is planned.";

fn notes() -> [(&'static str, String); 4] {
    [
        ("short", SHORT.to_owned()),
        ("median", MEDIAN.to_owned()),
        ("300 characters", LONG.chars().take(300).collect()),
        ("3000 characters", LONG.repeat(12).chars().take(3000).collect()),
    ]
}

fn score(c: &mut Criterion) {
    let classifier = Classifier::shipped();
    let mut scratch = Scratch::default();
    let mut group = c.benchmark_group("score");
    for (name, note) in notes() {
        group.throughput(Throughput::Bytes(note.len() as u64));
        group.bench_function(name, |b| b.iter(|| classifier.score(black_box(&note), &mut scratch)));
    }
    group.finish();
    let mut group = c.benchmark_group("assess");
    for (name, note) in notes() {
        group.throughput(Throughput::Bytes(note.len() as u64));
        group.bench_function(name, |b| b.iter(|| classifier.assess(black_box(&note))));
    }
    group.finish();
}

fn load(c: &mut Criterion) {
    c.bench_function("load/shipped", |b| b.iter(Classifier::shipped));
    c.bench_function("load/verified", |b| b.iter(|| Classifier::from_bytes(black_box(SHIPPED)).expect("whole")));
}

criterion_group!(benches, score, load);
criterion_main!(benches);
