//! How many instructions the scoring path and loading take, counted by callgrind, against the counts that are stored here.
//!
//! Needs valgrind and the runner (`cargo install gungraun-runner --version 0.20.0 --locked`), and fails where a count is more than 5 % above the stored one.
//! The counts hold for x86-64 and the Rust release that `rust-version` in `Cargo.toml` names; who makes the path cheaper, or changes the model, stores the new ones.

#![allow(missing_docs, reason = "the macros make public items")]

use std::hint::black_box;

use gungraun::prelude::*;
use gungraun::{Callgrind, EventKind};
use thinktwice::classifier::Scores;
use thinktwice::features::Scratch;
use thinktwice::model::SHIPPED;
use thinktwice::{Assessment, Classifier};

/// 117 bytes, as long as half of the corpus' notes are.
const MEDIAN: &str =
    "Hello Ines, I heard your talk about flood barriers in Rotterdam. I work on the same kind of gates at the water board.";

const EMOJI: &str =
    "Héllo Inés 😍👍🏽, I heard your talk about “flood barriers” in Rotterdam… I don’t work on the same kind of gates – at the water board!";

/// 300 characters.
const LONG: &str = "Dear Mr Okafor, we have not met, but I have used your tables on rainfall in the delta for a year at the city's drainage office. Last month one \
    of them saved us from a mistake that would have put the school's car park under water. I wanted to thank you, and to ask whether you plan to print a third one.";

/// 300 characters, held, and no sentence alone decides: the dearest to explain.
const HELD: &str = "Hello Lena, I saw your photo on the fair's page and have not stopped thinking about you since. You are so beautiful, and your smile is the loveliest \
    that I have ever seen. Are you single? I would love to take you out for dinner, just the two of us, and to get to know you better. Call me, gorgeous.";

struct Warm {
    classifier: Classifier,
    scratch: Scratch,
    scores: Scores,
    note: &'static str,
}

/// Everything as it is after so many notes that no more of them would change it.
fn warm(note: &'static str) -> Warm {
    let mut warm = cold(note);
    for _ in 0..2 {
        warm.classifier.score_into(&note.repeat(1_000), &mut warm.scratch, &mut warm.scores);
    }
    warm.classifier.score_into(note, &mut warm.scratch, &mut warm.scores);
    warm
}

/// Everything as it is at the second call: the words are known, and nothing else is made ready.
fn second(note: &'static str) -> Warm {
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
#[bench::median(args = (MEDIAN), setup = warm, config = limit(12_934))]
#[bench::second_call(args = (MEDIAN), setup = second, config = limit(14_871))]
#[bench::emoji_and_accents(args = (EMOJI), setup = warm, config = limit(31_873))]
#[bench::words_not_met_before(args = (MEDIAN), setup = cold, config = limit(219_260))]
fn score(mut warm: Warm) -> Warm {
    warm.classifier.score_into(black_box(warm.note), &mut warm.scratch, &mut warm.scores);
    warm
}

#[library_benchmark]
#[bench::of_300_characters(args = (LONG), setup = warm, config = limit(30_397))]
#[bench::of_300_characters_held(args = (HELD), setup = warm, config = limit(33_884))]
fn score_long(mut warm: Warm) -> Warm {
    warm.classifier.score_into(black_box(warm.note), &mut warm.scratch, &mut warm.scores);
    warm
}

// Explaining, with all its trials of removals, is to cost twenty times what scoring does at most. It costs 10 times, and 18 times where a held note wants many trials;
// before a trial looked up only what lies around its cuts, it was 21 and 35 times.
#[library_benchmark]
#[bench::of_300_characters(args = (LONG), setup = warm, config = limit(290_499))]
#[bench::of_300_characters_held(args = (HELD), setup = warm, config = limit(612_394))]
fn assess(mut warm: Warm) -> (Warm, Assessment) {
    let assessment = warm.classifier.assess_with(black_box(warm.note), &mut warm.scratch);
    (warm, assessment)
}

#[library_benchmark]
#[bench::shipped(config = limit(250_250))]
fn load() -> Classifier {
    Classifier::shipped()
}

#[library_benchmark]
#[bench::verified(config = limit(132_132_289))]
fn load_file() -> Classifier {
    Classifier::from_bytes(black_box(SHIPPED)).expect("whole")
}

library_benchmark_group!(name = scoring, benchmarks = [score, score_long, assess, load, load_file]);

main!(library_benchmark_groups = [scoring]);
