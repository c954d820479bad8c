//! The scoring path: notes by length and by kind, many notes, explained notes, and loading a model.
//!
//! What the time goes to is in `benches/README.md`; `instructions.rs` counts instructions, and `peers/` compares with other classifiers.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use thinktwice::Classifier;
use thinktwice::classifier::Scores;
use thinktwice::features::Scratch;
use thinktwice::model::SHIPPED;

/// 117 bytes.
const MEDIAN: &str =
    "Hello Ines, I heard your talk about flood barriers in Rotterdam. I work on the same kind of gates at the water board. ";
const EMOJI: &str =
    "Héllo Inés 😍👍🏽, I heard your talk about “flood barriers” in Rotterdam… I don’t work on the same kind of gates – at the water board! ";

/// The beginning of `text`, written again and again, up to about `bytes` bytes.
fn of_length(text: &str, bytes: usize) -> String {
    let mut note = text.repeat(bytes / text.len() + 1);
    note.truncate(note.floor_char_boundary(bytes));
    note
}

fn kinds() -> Vec<(&'static str, String)> {
    vec![
        ("plain", of_length(MEDIAN, 300)),
        ("emoji and accents", of_length(EMOJI, 300)),
        ("look-alikes", of_length("ｗｅ ｍｅｔ ａｔ ｔｈｅ ｇａｌａ, e\u{301}t\u{E9} ﬁne ", 300)),
        ("addresses and placeholders", of_length("a.b@example.com https://example.com/a?b=1 {{first_name}} [x] 10:30 ", 300)),
        ("one long word", of_length("abcdefghijklmnopqrstuvwxyz", 300)),
        ("stretched letters", of_length("sooooo haaappyyyy ", 300)),
        ("dots without spaces", of_length("a.", 300)),
    ]
}

fn corpus() -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/corpus/freight.jsonl");
    let lines = std::fs::read_to_string(file).expect("in the repository");
    let text = |line| serde_json::from_str::<serde_json::Value>(line).expect("an object")["text"].as_str().expect("text").to_owned();
    lines.lines().map(text).collect()
}

fn score(c: &mut Criterion) {
    let classifier = Classifier::shipped();
    let (mut scratch, mut scores) = (Scratch::default(), Scores::default());
    let mut bench = |group: &str, name: &str, note: &str| {
        let mut group = c.benchmark_group(group);
        group.throughput(Throughput::Bytes(note.len() as u64));
        group.bench_function(name, |b| b.iter(|| classifier.score_into(black_box(note), &mut scratch, &mut scores)));
        group.finish();
    };
    for bytes in [10, 30, 117, 300, 1_000, 3_000, 10_000] {
        bench("score", &format!("{bytes} bytes"), &of_length(MEDIAN, bytes));
    }
    for (name, note) in kinds() {
        bench("score/300 bytes", name, &note);
    }
    // Every word for the first time.
    let mut group = c.benchmark_group("score/first call");
    group.bench_function("117 bytes", |b| b.iter(|| classifier.score(black_box(&MEDIAN[..117]), &mut Scratch::default())));
    group.finish();
}

fn batch(c: &mut Criterion) {
    let classifier = Classifier::shipped();
    let (mut scratch, mut scores) = (Scratch::default(), Scores::default());
    let notes = corpus();
    let mut group = c.benchmark_group("batch");
    group.throughput(Throughput::Elements(notes.len() as u64));
    let mut score_all = || notes.iter().for_each(|note| classifier.score_into(black_box(note), &mut scratch, &mut scores));
    group.bench_function("a corpus file", |b| b.iter(&mut score_all));
    group.finish();
}

fn assess(c: &mut Criterion) {
    let classifier = Classifier::shipped();
    let mut group = c.benchmark_group("assess");
    for bytes in [117, 300, 3_000] {
        let note = of_length(MEDIAN, bytes);
        group.throughput(Throughput::Bytes(note.len() as u64));
        group.bench_function(format!("{bytes} bytes"), |b| b.iter(|| classifier.assess(black_box(&note))));
    }
    // A note that is held: its edits are found by scoring it again.
    let held = "You looked gorgeous at the gala, can I take you out to dinner on Friday? I cannot stop thinking about your smile.";
    group.bench_function("held", |b| b.iter(|| classifier.assess(black_box(held))));
    group.finish();
}

fn load(c: &mut Criterion) {
    c.bench_function("load/shipped", |b| b.iter(Classifier::shipped));
    c.bench_function("load/verified", |b| b.iter(|| Classifier::from_bytes(black_box(SHIPPED)).expect("whole")));
}

criterion_group!(benches, score, batch, assess, load);
criterion_main!(benches);
