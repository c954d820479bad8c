//! The tutorial does what it says: its commands print what stands in it, and its answers are those of a session on a terminal.
//! `TRYCMD=overwrite cargo test --test tutorial` renews the transcripts of commands; what the screen showed is to be copied by hand.
#![cfg(all(unix, feature = "cli", feature = "train"))]

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rexpect::session::spawn_command;
use serde_json::Value;

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples/crew").join(name)
}

/// The tutorial, and what stands in its blocks of this kind.
fn blocks(kind: &str) -> Vec<String> {
    let tutorial = include_str!("../docs/tutorial.md");
    let fence = format!("```{kind}\n");
    tutorial.split(&fence).skip(1).map(|block| block.split("```").next().expect("it ends").to_owned()).collect()
}

/// The labels in a file by the texts.
fn labels(path: &Path) -> BTreeMap<String, String> {
    let content = std::fs::read_to_string(path).expect("there");
    let row = |line: &str| {
        let row: Value = serde_json::from_str(line).expect("JSON");
        [&row["text"], &row["intent"]].map(|value| value.as_str().expect("text").to_owned()).into()
    };
    content.lines().map(row).collect()
}

#[test]
fn the_commands_print_what_the_tutorial_shows() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["Invitations.csv", "held-out.jsonl", "mine.jsonl"] {
        std::fs::copy(example(name), folder.path().join(name)).expect("copied");
    }
    common::transcripts(folder.path(), "docs/tutorial.md");
}

/// A session on a terminal that answers as `answers` says, until there is nothing left or so many are answered: what was on the screen.
fn session(folder: &Path, arguments: &str, answers: &BTreeMap<String, String>, most: usize) -> String {
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let answers: Vec<(String, &str)> = answers.iter().map(|(text, label)| (one_line(text), label.as_str())).collect();
    let mut command = common::command(common::built("thinktwice"), folder);
    command.args(arguments.split(' ')).env("TERM", "xterm").env("NO_COLOR", "1");
    let mut terminal = spawn_command(command, Some(30_000)).expect("a terminal");
    let mut screen = String::new();
    for answered in 0.. {
        let asked = terminal.exp_regex("q quit\r\n|to learn from them").expect("a question or the end");
        screen += &asked.0;
        screen += &asked.1;
        if asked.1.starts_with("to learn") {
            break;
        }
        let question = one_line(&asked.0);
        let label = answers.iter().find(|(text, _)| question.contains(text)).expect("a note that the tutorial has an answer to").1;
        // The model has time to learn, so that what is asked next does not depend on how fast this machine is.
        std::thread::sleep(Duration::from_secs(if answered >= 20 && answered % 10 == 0 { 2 } else { 0 }));
        let key = match label {
            _ if answered == most => "q",
            "professional" => "1",
            _ => "2",
        };
        terminal.send(key).and_then(|_| terminal.flush()).expect("a key");
    }
    screen += &terminal.exp_eof().expect("the end");
    screen.replace('\r', "")
}

#[test]
fn the_answers_are_those_of_two_sessions_of_labelling() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::copy(example("Invitations.csv"), folder.path().join("Invitations.csv")).expect("copied");
    let [held_out, mine] = ["held-out.jsonl", "mine.jsonl"].map(|name| (folder.path().join(name), labels(&example(name))));
    let answers: BTreeMap<String, String> = held_out.1.iter().chain(&mine.1).map(|(text, label)| (text.clone(), label.clone())).collect();
    let commands: Vec<String> =
        blocks("sh").into_iter().filter_map(|block| Some(block.strip_prefix("thinktwice ")?.trim_end().to_owned())).collect();
    let [first, second] = commands.as_slice() else { panic!("two sessions: {commands:?}") };
    let screens = session(folder.path(), first, &answers, held_out.1.len()) + &session(folder.path(), second, &answers, answers.len());
    assert_eq!(labels(&held_out.0), held_out.1);
    assert_eq!(labels(&mine.0), mine.1);
    if let Some(path) = std::env::var_os("SCREENS") {
        std::fs::write(path, &screens).expect("written");
    }
    for block in blocks("text") {
        for part in block.split("...\n") {
            assert!(screens.contains(part.trim()), "not on the screen:\n{part}");
        }
    }
}
