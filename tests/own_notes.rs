//! `thinktwice-train fit` on anybody's own notes, from the outside: what they may lack, and what is said of it.
#![cfg(all(feature = "cli", feature = "train"))]

mod common;

use std::path::Path;
use std::process::Output;

use common::place::Place;
use common::{assert_fails, built, run};
use serde_json::{Value, json};
use thinktwice::Classifier;

impl Place {
    fn notes(&self, name: &str, rows: &[Value]) -> &Self {
        let lines: Vec<String> = rows.iter().map(Value::to_string).collect();
        self.write(name, lines.join("\n"))
    }

    /// `fit` on a file, into `out`.
    fn fit(&self, data: &str, more: &[&str]) -> Output {
        self.fit_into("out", data, more)
    }

    fn fit_into(&self, output: &str, data: &str, more: &[&str]) -> Output {
        let args = [&["fit", "--data", data, "-o", output, "--vocabulary", "500"], more].concat();
        run("thinktwice-train", self.folder(), &args, "")
    }
}

/// Notes on two matters, each unlike the others.
fn notes(count: usize) -> Vec<Value> {
    let work = ["bridge", "survey", "budget", "rota", "pump", "tender", "audit", "scaffold", "invoice", "drainage", "concrete"];
    let love = ["eyes", "kiss", "dinner", "smile", "heart", "darling", "perfume", "moonlight", "cuddle", "gorgeous", "handsome"];
    let note = |row: usize| {
        let (words, label) = if row.is_multiple_of(2) { (work, "work") } else { (love, "love") };
        let mut text: Vec<String> = [1, 2, 5].map(|step| words[(row / 2 * step + row / 11) % 11].to_owned()).to_vec();
        text.extend([format!("no{}", row * 7919 % 10007), format!("nr{}", row * row * 104_729 % 10007)]);
        json!({ "text": text.join(" "), "intent": label })
    };
    (0..count).map(note).collect()
}

/// What a fit that succeeds says on standard error.
fn said(output: &Output) -> String {
    let said = String::from_utf8(output.stderr.clone()).expect("text");
    assert_eq!(output.status.code(), Some(0), "{said}");
    said
}

fn with(mut note: Value, key: &str, value: &str) -> Value {
    note[key] = value.into();
    note
}

#[test]
fn a_dozen_notes_make_a_model_and_fewer_do_not() {
    let place = Place::new();
    let twelve = said(&place.notes("a.jsonl", &notes(12)).fit("a.jsonl", &[]));
    for part in ["12 of 12 notes have no group: none is nearly the same", "too few notes to learn love from: 6; 14 more would do"] {
        assert!(twelve.contains(part), "{part:?} is not in {twelve}");
    }
    let model = Classifier::from_bytes(&std::fs::read(place.path("out")).expect("written")).expect("whole");
    assert_eq!(model.assess("dinner, darling? your eyes, your smile").decisive().label, "love");
    let old = std::fs::read(place.path("out")).expect("there");
    assert_fails(&place.notes("a.jsonl", &notes(11)).fit("a.jsonl", &[]), &["11 notes are too few", "label 1 more"]);
    assert_eq!((place.files(), std::fs::read(place.path("out")).expect("there")), (vec!["a.jsonl".to_owned(), "out".to_owned()], old));
    // One note of a label, in any number of folds.
    for folds in ["2", "5", "40"] {
        let rows: Vec<Value> =
            notes(26).into_iter().enumerate().filter(|(row, _)| row.is_multiple_of(2) || *row == 1).map(|(_, row)| row).collect();
        let one = said(&place.notes("a.jsonl", &rows).fit("a.jsonl", &["--folds", folds]));
        assert!(one.contains("love has one note"), "{one}");
    }
}

#[test]
fn notes_without_groups_are_grouped_with_their_copies() {
    let place = Place::new();
    let mut rows = notes(24);
    rows.push(with(rows[0].clone(), "intent", "work"));
    let text = format!("{} again", rows[1]["text"].as_str().expect("text"));
    rows.push(json!({ "text": text, "intent": "love" }));
    let none = said(&place.notes("a.jsonl", &rows).fit("a.jsonl", &[]));
    assert!(none.contains("26 of 26 notes have no group: 4 that are nearly the same"), "{none}");
    let one: Vec<Value> = rows.iter().map(|row| with(row.clone(), "group", "me")).collect();
    let one = said(&place.notes("a.jsonl", &one).fit("a.jsonl", &[]));
    assert!(one.contains("all notes are of the group \"me\", which is as good as none: 4 that are"), "{one}");
    let two: Vec<Value> = rows.iter().enumerate().map(|(at, row)| with(row.clone(), "group", ["me", "you"][at / 2 % 2])).collect();
    let two = said(&place.notes("a.jsonl", &two).fit("a.jsonl", &[]));
    assert!(!two.contains("group"), "{two}");
}

#[test]
fn what_the_notes_lack_is_one_clear_line() {
    let place = Place::new();
    let rows: Vec<Value> = notes(24).into_iter().map(|row| with(row, "sender", "me")).collect();
    place.notes("a.jsonl", &rows);
    assert_fails(&place.fit("a.jsonl", &["--label-column", "tone"]), &["a.jsonl:1: no \"tone\" beside", "\"intent\"", "\"sender\""]);
    assert_fails(
        &place.fit("a.jsonl", &["--label-column", "intent", "--label-column", "tone"]),
        &["no note has a label in the column \"tone\" (there are also sender)", "--label-column"],
    );
    assert_fails(&place.fit("a.jsonl", &["--label-column", "intent", "--label-column", "intent"]), &["named twice"]);
    let same = place.fit("a.jsonl", &["--label-column", "sender"]);
    let last = String::from_utf8_lossy(&same.stderr).lines().last().expect("a line").to_owned();
    assert_eq!(same.status.code(), Some(2));
    assert!(last.contains("every label in the column \"sender\" is \"me\"; at least two"), "{last}");
    place.write("a.csv", "text;kind\nhello;x\n");
    assert_fails(&place.fit("a.csv", &[]), &["a.csv:1: there is no column \"intent\", only \"text\", \"kind\"", "--label-column"]);
    assert_fails(&place.fit("a.jsonl", &["--card", "a.jsonl"]), &["a.jsonl is read from", "another file"]);
    assert_fails(&place.fit_into("none/out", "a.jsonl", &[]), &["cannot write none/out"]);
    let wrong = place.fit("a.jsonl", &["--language", "klingon"]);
    let wrong = String::from_utf8_lossy(&wrong.stderr);
    assert!(["arabic", "turkish", "none"].iter().all(|name| wrong.contains(name)), "{wrong}");
    assert_fails(&place.fit("a.jsonl", &["--language", "german", "--with-shipped-corpus"]), &["the shipped notes are in English"]);
    assert_fails(
        &place.fit("a.jsonl", &["--with-shipped-corpus"]),
        &["cannot be combined", "no shipped note has the label \"love\" in the column \"intent\"", "romantic"],
    );
    let rows: Vec<Value> = notes(24).into_iter().map(|row| json!({ "text": row["text"], "tone": row["intent"] })).collect();
    place.notes("b.jsonl", &rows);
    assert_fails(
        &place.fit("b.jsonl", &["--with-shipped-corpus", "--label-column", "tone"]),
        &["theirs are labelled in the columns intent, reason, yours in \"tone\""],
    );
    assert_eq!(place.files(), ["a.csv", "a.jsonl", "b.jsonl"]);
}

#[test]
fn a_column_that_nobody_asked_for_and_that_tells_nothing_apart_is_left_out() {
    let place = Place::new();
    let rows: Vec<Value> = notes(24).into_iter().map(|row| with(row, "reason", "stated")).collect();
    let left = said(&place.notes("a.jsonl", &rows).fit("a.jsonl", &[]));
    assert!(left.contains("every label in the column \"reason\" is \"stated\", so it is left out"), "{left}");
}

#[test]
fn every_language_can_be_asked_for() {
    let place = Place::new();
    place.notes("a.jsonl", &notes(24));
    for language in thinktwice::text::Language::ALL.map(thinktwice::text::Language::as_str).into_iter().chain(["none"]) {
        said(&place.fit("a.jsonl", &["--fixed", "--language", language]));
        let model = Classifier::from_bytes(&std::fs::read(place.path("out")).expect("written")).expect("whole");
        let stem = model.about().features.stem.map_or("none", thinktwice::text::Language::as_str);
        assert_eq!(stem, language);
    }
}

/// Stopped from the keyboard, a fit leaves what was there, and nothing else.
#[cfg(target_os = "linux")]
#[test]
fn a_fit_that_is_stopped_leaves_no_half_file() {
    use std::process::Stdio;
    let place = Place::new();
    place.write("out", "old");
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/corpus");
    for signal in ["-INT", "-TERM"] {
        let mut command = place.stoppable(&built("thinktwice-train"));
        command.args(["fit", "-o", "out", "--card", "card.md", "--data"]).arg(&corpus);
        let fit = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("runs");
        assert_eq!(place.stop_when(fit, signal, |place| place.files().len() == 3), Some(130));
        assert_eq!((place.read("out").as_str(), place.files()), ("old", vec!["out".to_owned()]));
    }
}

/// Stopped while it waits for the rest of a corpus, the first rows of which are already written, so does `audit --apply`.
#[cfg(target_os = "linux")]
#[test]
fn edits_that_are_stopped_leave_no_half_file() {
    use std::io::Write;
    use std::process::Stdio;
    let place = Place::new();
    place.write("out", "old").write("edited.csv", "file,line,id,text,new_label\n");
    assert!(std::process::Command::new("mkfifo").arg(place.path("mine.jsonl")).status().expect("runs").success());
    let before = place.files();
    for signal in ["-INT", "-TERM"] {
        let mut command = place.stoppable(&built("thinktwice-train"));
        command.args(["audit", "--data", "mine.jsonl", "--apply", "edited.csv", "-o", "out"]);
        let apply = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("runs");
        // More than is read, and written, at a time; it is not closed before the program has ended.
        let mut corpus = std::fs::File::options().write(true).open(place.path("mine.jsonl")).expect("open");
        let row = format!("{}\n", json!({ "text": "hello ".repeat(1000), "intent": "a" }));
        (0..2000).for_each(|_| corpus.write_all(row.as_bytes()).expect("read"));
        assert_eq!(place.stop_when(apply, signal, |place| place.has_half_file(&before)), Some(130));
        assert_eq!((place.read("out").as_str(), place.files()), ("old", before.clone()));
    }
}
