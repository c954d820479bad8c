//! How many instructions the scoring path and loading take, counted by callgrind, against the counts that are stored here.
//!
//! Needs valgrind and the runner (`cargo install gungraun-runner --version 0.20.0 --locked`), and fails where a count is more than 5 % above the stored one.
//! The counts hold for x86-64 and the Rust release that `rust-version` in `Cargo.toml` names; who makes the path cheaper, or changes the model, stores the new ones.

#![allow(missing_docs, reason = "the macros make public items")]

use std::hint::black_box;

use gungraun::prelude::*;
use gungraun::{Callgrind, EventKind};
use thinktwice::Classifier;
use thinktwice::classifier::Scores;
use thinktwice::features::Scratch;
use thinktwice::model::SHIPPED;

/// 117 bytes, as long as half of the corpus' notes are.
const MEDIAN: &str =
    "Hello Ines, I heard your talk about flood barriers in Rotterdam. I work on the same kind of gates at the water board.";

const EMOJI: &str =
    "Héllo Inés 😍👍🏽, I heard your talk about “flood barriers” in Rotterdam… I don’t work on the same kind of gates – at the water board!";

struct Warm {
    classifier: Classifier,
    scratch: Scratch,
    scores: Scores,
    note: &'static str,
}

/// Everything as it is from the second call on.
fn warm(note: &'static str) -> Warm {
    let mut warm = cold(note);
    warm.classifier.score_into(note, &mut warm.scratch, &mut warm.scores);
    warm
}

/// Everything as it is at the first call.
fn cold(note: &'static str) -> Warm {
    Warm { classifier: Classifier::shipped(), scratch: Scratch::default(), scores: Scores::default(), note }
}

/// Fails where there are more than 5 % more instructions than `stored`.
fn limit(stored: u64) -> LibraryBenchmarkConfig {
    let mut callgrind = Callgrind::with_args(["--cache-sim=no"]);
    callgrind.hard_limits([(EventKind::Ir, stored + stored / 20)]);
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(callgrind);
    config
}

#[library_benchmark]
#[bench::median(args = (MEDIAN), setup = warm, config = limit(16_411))]
#[bench::emoji_and_accents(args = (EMOJI), setup = warm, config = limit(33_864))]
#[bench::words_not_met_before(args = (MEDIAN), setup = cold, config = limit(259_097))]
fn score(mut warm: Warm) -> Warm {
    warm.classifier.score_into(black_box(warm.note), &mut warm.scratch, &mut warm.scores);
    warm
}

#[library_benchmark]
#[bench::shipped(config = limit(627_748))]
fn load() -> Classifier {
    Classifier::shipped()
}

#[library_benchmark]
#[bench::verified(config = limit(209_625_862))]
fn load_file() -> Classifier {
    Classifier::from_bytes(black_box(SHIPPED)).expect("whole")
}

library_benchmark_group!(name = scoring, benchmarks = [score, load, load_file]);

main!(library_benchmark_groups = [scoring]);
