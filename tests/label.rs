//! `thinktwice label` through a pseudo-terminal: every answer is on disk before the next question.
#![cfg(all(unix, feature = "cli", feature = "train"))]

mod common;

use std::path::{Path, PathBuf};

use rexpect::session::{PtySession, spawn_command};
use serde_json::Value;

const NOTES: [&str; 4] = [
    "Hello Ines, I heard your talk about flood barriers in Rotterdam.",
    "You looked gorgeous at the gala, can I take you out to dinner?",
    "Any news on my application? I interviewed with you on Tuesday.",
    "After how you dropped me in March I hope we can talk again some day.",
];

struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new(name: &str, content: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(name), content).expect("written");
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn label(&self, input: &str, more: &[&str]) -> PtySession {
        let mut command = common::command(common::built("thinktwice"), self.folder.path());
        command.arg("label").arg(self.path(input)).arg("-o").arg(self.path("mine.jsonl")).args(more);
        command.env("TERM", "xterm").env("NO_COLOR", "1");
        spawn_command(command, Some(20_000)).expect("a terminal")
    }

    fn rows(&self) -> Vec<Value> {
        let content = std::fs::read_to_string(self.path("mine.jsonl")).expect("there");
        content.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

/// Waits until the next question for a label is on the screen, with `labelled` and `left` notes, and returns what stands between.
fn question(session: &mut PtySession, labelled: usize, left: usize) -> String {
    session.exp_string(&format!("{labelled} labelled, {left} left")).expect("how far it is");
    session.exp_string("q quit").expect("the keys")
}

fn press(session: &mut PtySession, key: &str) {
    session.send(key).and_then(|_| session.flush()).expect("a key");
}

fn json_lines() -> String {
    let line = |(id, text): (usize, &&str)| serde_json::json!({ "text": text, "id": id, "from": "x", "reason": "stated" }).to_string();
    NOTES.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

/// The number of the label's key, and the label, for a note of [`NOTES`] on the screen.
fn right_key(screen: &str) -> (&'static str, &'static str) {
    let keys = [("1", "professional"), ("3", "romantic"), ("2", "pushy-job-seeking"), ("4", "strained-history")];
    let shown = NOTES.iter().position(|text| screen.contains(&text[..20])).expect("one of the notes");
    keys[shown]
}

#[test]
fn every_answer_is_on_disk_before_the_next_question_and_the_next_session_goes_on() {
    let desk = Desk::new("notes.jsonl", &json_lines());
    let mut session = desk.label("notes.jsonl", &[]);
    let mut expected = Vec::new();
    for labelled in 0..2 {
        let screen = question(&mut session, labelled, 4 - labelled);
        assert_eq!(desk.rows().len(), labelled);
        assert!(!screen.contains('%'), "the model leads: {screen}");
        let (key, label) = right_key(&screen);
        press(&mut session, "m");
        session.exp_string("the model says: ").expect("an opinion, on request");
        press(&mut session, "8");
        press(&mut session, key);
        session.exp_string(&format!("{label}\r\n")).expect("the answer");
        if label == "professional" {
            session.exp_string("1 missing").expect("the second question");
            press(&mut session, "1");
        }
        expected.push(label);
    }
    question(&mut session, 2, 2);
    assert_eq!(desk.rows().len(), 2);
    // Killed in the middle of a question: nothing is lost.
    session.process_mut().kill(rexpect::process::Signal::SIGKILL).expect("killed");

    let mut session = desk.label("notes.jsonl", &[]);
    for labelled in 2..4 {
        let screen = question(&mut session, labelled, 4 - labelled);
        let (key, label) = right_key(&screen);
        assert!(!expected.contains(&label), "asked again: {screen}");
        press(&mut session, key);
        if label == "professional" {
            session.exp_string("1 missing").expect("the second question");
            press(&mut session, "1");
        }
        expected.push(label);
    }
    session.exp_string("2 labelled now, 4 in").expect("the sum");
    session.exp_eof().expect("the end");
    let rows = desk.rows();
    assert_eq!(rows.iter().map(|row| row["intent"].as_str().expect("a label")).collect::<Vec<_>>(), expected);
    for row in &rows {
        let id = row["id"].as_u64().expect("the input's id");
        assert_eq!((&row["text"], &row["from"]), (&NOTES[id as usize].into(), &"x".into()));
        assert_eq!(row.get("reason"), (row["intent"] == "professional").then_some(&"missing".into()));
    }
}

/// Notes of two kinds, each told apart by its words, and no two alike.
fn two_kinds() -> Vec<(String, &'static str)> {
    let tools = ["pump", "valve", "gauge", "flange", "boiler", "turbine", "gasket", "piston", "conveyor", "bearing"];
    let songs = ["chorus", "fiddle", "ballad", "anthem", "hymn", "waltz", "quartet", "drummer", "soprano", "overture"];
    let places = ["Oslo", "Lagos", "Quito", "Perth", "Izmir", "Cork", "Pune", "Turin", "Dakar", "Lima"];
    let note = |n: usize| {
        let (words, kind) = if n.is_multiple_of(2) { (tools, "plant") } else { (songs, "band") };
        let [first, second, place] = [words[n / 2 % 10], words[(n / 2 + 1 + n / 20) % 10], places[n * 7 % 10]];
        (
            format!("{place}: about the {first} and the {second}, number {}{} {}", n * 7919 % 9973, n * n * 31 % 977, n * 104_729 % 99_991),
            kind,
        )
    };
    (0..60).map(note).collect()
}

#[test]
fn a_model_learns_in_the_background_and_says_how_good_it_is() {
    let notes = two_kinds();
    let texts: Vec<&str> = notes.iter().map(|(text, _)| text.as_str()).collect();
    let desk = Desk::new("notes.txt", &texts.join("\n"));
    let labels = ["--labels", "plant,band"];
    let kind = |screen: &str| notes.iter().find(|(text, _)| screen.contains(&text[..text.len() - 4])).expect("one of the notes").1;
    let answer = |session: &mut PtySession, labelled: usize| {
        session.exp_string(&format!("{labelled} labelled, ")).expect("how far it is");
        let screen = session.exp_string("q quit").expect("the keys");
        press(session, if kind(&screen) == "plant" { "1" } else { "2" });
        screen
    };
    let mut session = desk.label("notes.txt", &labels);
    for labelled in 0..20 {
        let screen = answer(&mut session, labelled);
        assert!(!screen.contains("macro-F1") && !screen.contains("m what the model says"), "{screen}");
    }
    // While the twenty-first question is on the screen, there is time enough to learn; it is said with a later one, before the note.
    let mut said = None;
    for labelled in 20..29 {
        std::thread::sleep(std::time::Duration::from_millis(if said.is_none() { 700 } else { 0 }));
        let screen = answer(&mut session, labelled);
        said = said.or_else(|| screen.contains("macro-F1").then_some(screen));
    }
    let said = said.expect("a figure");
    assert!(said.contains("cross-validated macro-F1 ") && said.contains(" on 20 notes\r\n\r\n"), "{said}");
    session.exp_string("m what the model says").expect("it can be asked now");
    press(&mut session, "m");
    session.exp_regex("the model says: (plant|band) [0-9]+ %, (plant|band) [0-9]+ %").expect("an opinion of the new model");
    session.process_mut().kill(rexpect::process::Signal::SIGKILL).expect("killed");

    // The next session learns from what is there at once, and shows how the figure moves.
    let mut session = desk.label("notes.txt", &labels);
    let mut said = Vec::new();
    for labelled in 29..44 {
        std::thread::sleep(std::time::Duration::from_millis(if said.len() < 2 { 400 } else { 0 }));
        let screen = answer(&mut session, labelled);
        said.extend(screen.contains("macro-F1").then_some(screen));
    }
    assert!(said[0].contains(" on 29 notes"), "{}", said[0]);
    assert!(said[1].contains(" notes, ") && said[1].contains(" on 29\r\n"), "{}", said[1]);
    press(&mut session, "q");
    session.exp_eof().expect("the end, at once");
    assert_eq!(desk.rows().len(), 44);
}

#[test]
fn what_cannot_be_learned_yet_is_said_and_the_questions_go_on() {
    let texts: Vec<String> = two_kinds().into_iter().map(|(text, _)| text).collect();
    let desk = Desk::new("notes.txt", &texts.join("\n"));
    let mut session = desk.label("notes.txt", &["--labels", "plant,band"]);
    let mut said = String::new();
    for labelled in 0..24 {
        session.exp_string(&format!("{labelled} labelled, ")).expect("how far it is");
        said += &session.exp_string("q quit").expect("the keys");
        std::thread::sleep(std::time::Duration::from_millis(if labelled < 20 { 0 } else { 200 }));
        press(&mut session, "1");
    }
    assert!(said.contains("no model of these answers yet: all have the label plant"), "{said}");
    assert!(!said.contains("macro-F1"), "{said}");
}

#[test]
fn a_fair_sample_is_asked_for_at_random_and_left_out_afterwards() {
    let texts: Vec<String> = two_kinds().into_iter().map(|(text, _)| text).collect();
    let desk = Desk::new("notes.txt", &texts.join("\n"));
    let labels = ["--labels", "plant,band"];
    let mut session = desk.label("notes.txt", &[&labels[..], &["--random"]].concat());
    for labelled in 0..8 {
        session.exp_string(&format!("{labelled} labelled, ")).expect("how far it is");
        session.exp_string("q quit").expect("the keys");
        press(&mut session, "1");
    }
    press(&mut session, "q");
    session.exp_eof().expect("the end");
    std::fs::rename(desk.path("mine.jsonl"), desk.path("held-out.jsonl")).expect("kept");
    let mut session = desk.label("notes.txt", &[&labels[..], &["--except", "held-out.jsonl"]].concat());
    session.exp_string("0 labelled, 52 left").expect("without the sample");
    session.exp_string("q quit").expect("the keys");
    press(&mut session, "q");
    session.exp_eof().expect("the end");
}

#[test]
fn undo_takes_answers_back_and_skipped_notes_come_again() {
    let desk = Desk::new("notes.txt", &NOTES.join("\n"));
    let mut session = desk.label("notes.txt", &["--labels", "warm,cold"]);
    let first = question(&mut session, 0, 4);
    press(&mut session, "u");
    session.exp_string("nothing to take back").expect("said");
    question(&mut session, 0, 4);
    press(&mut session, "?");
    session.exp_string("every answer is on disk").expect("help");
    press(&mut session, "m");
    session.exp_string("no model knows these labels yet").expect("said");
    press(&mut session, "2");
    question(&mut session, 1, 3);
    assert_eq!(desk.rows()[0]["intent"], "cold");
    press(&mut session, "s");
    question(&mut session, 1, 2);
    press(&mut session, "u");
    question(&mut session, 1, 3);
    press(&mut session, "u");
    let again = question(&mut session, 0, 4);
    assert_eq!(desk.rows().len(), 0);
    let note = |screen: &str| NOTES.iter().position(|text| screen.contains(&text[..20])).expect("one of the notes");
    assert_eq!(note(&again), note(&first));
    press(&mut session, "1");
    question(&mut session, 1, 3);
    press(&mut session, "s");
    question(&mut session, 1, 2);
    press(&mut session, "q");
    session.exp_string("1 labelled now, 1 in").expect("the sum");
    session.exp_eof().expect("the end");
    assert_eq!(desk.rows(), [serde_json::json!({ "text": NOTES[note(&first)], "intent": "warm" })]);
    let mut session = desk.label("notes.txt", &["--labels", "warm,cold"]);
    question(&mut session, 1, 3);
    press(&mut session, "\x03");
    session.exp_string("0 labelled now, 1 in").expect("the sum after Ctrl-C");
    session.exp_eof().expect("the end");
}

#[test]
fn what_cannot_be_labelled_is_one_clear_line() {
    let desk = Desk::new("notes.jsonl", &json_lines());
    let failed = |args: &[&str]| {
        let output = common::thinktwice_in(desk.folder.path(), &[&["label"], args].concat(), "");
        assert_eq!(output.status.code(), Some(2));
        let error = String::from_utf8(output.stderr).expect("text");
        assert_eq!(error.lines().count(), 1, "{error}");
        error
    };
    assert!(failed(&["notes.jsonl", "-o", "mine.jsonl"]).contains("run it in one"));
    assert!(!Path::new(&desk.path("mine.jsonl")).exists(), "nothing is made before there is a terminal");
    assert!(failed(&["notes.jsonl", "-o", "notes.jsonl"]).contains("another file"));
    assert!(failed(&["none.jsonl", "-o", "mine.jsonl"]).contains("check the path"));
    assert!(failed(&["notes.jsonl", "-o", "mine.jsonl", "--except", "none.jsonl"]).contains("check the path"));
    assert!(failed(&["notes.jsonl", "-o", "mine.jsonl", "--labels", "a,a"]).contains("different names"));
    assert!(failed(&["notes.jsonl", "-o", "mine.jsonl", "--labels", "a,b,c,d,e,f,g,h,i,j"]).contains("keys for 9"));
}
