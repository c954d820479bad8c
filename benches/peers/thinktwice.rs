//! This project's own figures for `speed.py`: `thinktwice_speed NOTES COUNT`, where NOTES is a JSON Lines file whose texts are repeated in order up to COUNT notes.
//! Prints one JSON object: notes a second on one core and on all, and how long one call takes (p50 and p99, in seconds).

#![expect(clippy::print_stdout, reason = "the figures are what it is for")]

use std::hint::black_box;
use std::time::Instant;

use thinktwice::Classifier;
use thinktwice::classifier::Scores;
use thinktwice::features::Scratch;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(path), Some(count)) = (arguments.next(), arguments.next()) else {
        return Err("usage: thinktwice_speed NOTES COUNT".into());
    };
    let mut notes = Vec::new();
    for line in std::fs::read_to_string(path)?.lines() {
        let note: serde_json::Value = serde_json::from_str(line)?;
        notes.push(note["text"].as_str().ok_or("no text")?.to_owned());
    }
    let notes: Vec<&str> = notes.iter().map(String::as_str).cycle().take(count.parse()?).collect();
    let classifier = Classifier::shipped();
    let cores = std::thread::available_parallelism()?.get();
    let one = notes.len() as f64 / seconds(|| score(&classifier, &notes));
    let all = notes.len() as f64
        / seconds(|| {
            std::thread::scope(|scope| {
                for part in notes.chunks(notes.len().div_ceil(cores)) {
                    scope.spawn(|| score(&classifier, part));
                }
            });
        });
    let (mut scratch, mut scores) = (Scratch::default(), Scores::default());
    let mut calls: Vec<f64> =
        notes.iter().map(|note| seconds(|| classifier.score_into(black_box(note), &mut scratch, &mut scores))).collect();
    calls.sort_by(f64::total_cmp);
    let figures = serde_json::json!({
        "bulk_one": one, "bulk_all": all, "cores": cores, "p50": calls[calls.len() / 2], "p99": calls[calls.len() * 99 / 100],
    });
    println!("{figures}");
    Ok(())
}

fn score(classifier: &Classifier, notes: &[&str]) {
    let (mut scratch, mut scores) = (Scratch::default(), Scores::default());
    for note in notes {
        classifier.score_into(black_box(note), &mut scratch, &mut scores);
        black_box(&scores);
    }
}

fn seconds(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}
