//! `score` from the outside: every format in and out, whatever is wrong with the input.
#![cfg(feature = "cli")]

mod common;

use std::path::Path;
use std::process::Output;

use common::place::Place;
use common::{assert_fails, built, json, stdout, thinktwice_in};
use serde_json::Value;
use thinktwice::Classifier;

const ROMANTIC: &str = "Your smile has been on my mind since the fair. Are you single? Let me take you out for a drink.";
const WORK: &str = "Hello Ines, I heard your talk about flood barriers in Rotterdam. I work on the same kind of gates at the water board.";
const PLAIN: &str = "are you seeing anyone these days";
const ADDED: &str =
    "tt_verdict,tt_intent,tt_confidence,tt_reason,tt_p_professional,tt_p_pushy-job-seeking,tt_p_romantic,tt_p_strained-history,tt_error";

impl Place {
    fn score(&self, args: &[&str]) -> Output {
        self.score_input(args, "")
    }

    fn score_input(&self, args: &[&str], stdin: &str) -> Output {
        thinktwice_in(self.folder(), &[&["score", "--no-policy"], args].concat(), stdin)
    }
}

fn error(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

/// Every cell, header and all.
fn cells(text: &str, separator: u8) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).delimiter(separator).from_reader(text.as_bytes());
    reader.records().map(|record| record.expect("as many cells as columns").iter().map(str::to_owned).collect()).collect()
}

/// What stands in the added columns for a note, as the library says it.
fn expected_cells(note: &str) -> Vec<String> {
    let assessment = Classifier::shipped().assess(note);
    let decisive = assessment.decisive();
    let reason = &assessment.readings[1];
    let mut cells = vec![assessment.verdict.to_string(), decisive.label.clone(), decisive.confidence.to_string()];
    cells.push(if reason.read { reason.label.clone() } else { String::new() });
    cells.extend(decisive.probabilities.iter().map(|(_, p)| p.to_string()));
    cells.push(String::new());
    cells
}

#[test]
fn csv_keeps_its_columns_and_gains_the_answer() {
    let place = Place::new();
    for (separator, name) in [(',', "a.csv"), (';', "a.csv"), ('\t', "a.tsv")] {
        for (mark, newline) in [("", "\n"), ("\u{FEFF}", "\r\n")] {
            let note = format!("{ROMANTIC}{separator} \"yes\"{newline}or no");
            let quoted = format!("\"{}\"", note.replace('"', "\"\""));
            let rows = [["id", "text", "intent"], ["1", &quoted, "mine"], ["", WORK, "ä"]].map(|row| {
                let row = row.map(|cell| if cell == WORK { format!("\"{cell}\"") } else { cell.to_owned() });
                row.join(&separator.to_string()) + newline
            });
            let output = place.write(name, mark.to_owned() + &rows.concat()).score(&[name]);
            assert_eq!(output.status.code(), Some(0), "{}", error(&output));
            let text = stdout(&output);
            assert_eq!((text.starts_with('\u{FEFF}'), text.contains('\r')), (!mark.is_empty(), newline == "\r\n"));
            let found = cells(text.trim_start_matches('\u{FEFF}'), separator as u8);
            let header = ["id", "text", "intent"].into_iter().chain(ADDED.split(','));
            assert_eq!(found[0], header.collect::<Vec<_>>());
            assert_eq!(found[1], [&["1".to_owned(), note.clone(), "mine".to_owned()], &expected_cells(&note)[..]].concat());
            assert_eq!(found[2], [&[String::new(), WORK.to_owned(), "ä".to_owned()], &expected_cells(WORK)[..]].concat());
            assert_eq!(found.len(), 3);
        }
    }
}

#[test]
fn the_archive_is_known_by_its_header_and_rows_without_a_message_are_kept_and_marked() {
    let place = Place::new();
    let archive = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples/Invitations.csv")).expect("there");
    let output = place.write("Invitations.csv", &archive).score(&["Invitations.csv", "-o", "scored.csv"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
    let (before, after) = (cells(&archive, b','), cells(&place.read("scored.csv"), b','));
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(&after).skip(1) {
        assert_eq!(before[..], after[..7]);
        match before[3].as_str() {
            "" => assert_eq!((after[7].as_str(), after[8..].concat().as_str()), ("empty", "")),
            note => assert_eq!(after[7..], expected_cells(note)),
        }
    }
    let output = place.score(&["Invitations.csv", "--output-format", "jsonl"]);
    let rows = objects(&stdout(&output));
    assert_eq!((&rows[1]["To"], &rows[1]["Message"], &rows[1]["assessment"]), (&"Tom".into(), &"".into(), &Value::Null));
    assert_eq!(rows[5]["assessment"]["verdict"], "hold");
    // Without the other columns, it is some CSV like any other.
    place.write("other.csv", "Name,Message\nTom,hello\n");
    assert_fails(&place.score(&["other.csv"]), &["other.csv:1", "no column \"text\"", "\"Name\", \"Message\"", "--text-column"]);
    assert_eq!(place.score(&["other.csv", "--text-column", "Message"]).status.code(), Some(0));
}

#[test]
fn plain_text_becomes_json_lines_or_csv() {
    let place = Place::new();
    place.write("notes.txt", format!("\u{FEFF}{WORK}\r\n\r\n{ROMANTIC}"));
    let output = place.score(&["notes.txt", "--explain"]);
    let rows = stdout(&output);
    let assessment = |note: &str| serde_json::to_string(&Classifier::shipped().assess(note)).expect("JSON");
    let expected = [(1, WORK), (3, ROMANTIC)].map(|(line, note)| {
        format!("{{\"line\":{line},\"text\":{},\"assessment\":{}}}\n", serde_json::to_string(note).expect("JSON"), assessment(note))
    });
    assert_eq!(rows, expected.concat());
    for args in [&["notes.txt", "--output-format", "csv", "-o", "out"], &["notes.txt", "--quiet", "--threads=1", "-o", "out.csv"]] {
        assert_eq!(place.score(args).status.code(), Some(0));
        let found = cells(&place.read(args[4]), b',');
        assert_eq!(found[0][..3], ["line", "text", "tt_verdict"]);
        assert_eq!(found[2], [&["3".to_owned(), ROMANTIC.to_owned()], &expected_cells(ROMANTIC)[..]].concat());
    }
}

#[test]
fn objects_come_back_as_they_were() {
    let place = Place::new();
    let line =
        format!("{{ \"n\" : 12345678901234567890123, \"f\":1.10, \"\\u00e9\":[1 ,2], \"text\":\"{WORK}\", \"assessment\":1, \"z\":null}}");
    let output = place.write("a.jsonl", &line).score(&["a.jsonl"]);
    let start = format!(
        "{{\"n\":12345678901234567890123,\"f\":1.10,\"é\":[1 ,2],\"text\":\"{WORK}\",\"z\":null,\"assessment\":{{\"verdict\":\"send\","
    );
    assert!(stdout(&output).starts_with(&start), "{}", stdout(&output));
    let half = place.score_input(&["-"], "{\"text\":\"\\ud83d\"}");
    assert!(
        stdout(&half).starts_with("{\"text\":\"\\ud83d\",\"line\":1,\"error\":\"\\\"text\\\" has a broken escape in it"),
        "{}",
        stdout(&half)
    );
    assert!(objects(&stdout(&output))[0]["assessment"]["evidence"].is_null(), "only with --explain");
    let output = place.score_input(&["-", "--text-column", "body"], &format!("{{\"body\":\"{ROMANTIC}\",\"text\":\"x\"}}"));
    assert_eq!(json(&output)["assessment"]["verdict"], "hold");
}

#[test]
fn scoring_again_changes_nothing() {
    let place = Place::new();
    place
        .write("1.csv", format!("text,tt_mine\n\"{ROMANTIC}\",x\n,\na,b,c\n"))
        .write("1.jsonl", format!("{{\"text\":\"{WORK}\"}}\n{{}}\n"));
    for kind in ["csv", "jsonl"] {
        let [first, second, third] = [1, 2, 3].map(|number| format!("{number}.{kind}"));
        assert_eq!(place.score(&[&first, "-o", &second]).status.code(), Some(1));
        place.score(&[&second, "-o", &third]);
        let (second, third) = (place.read(&second), place.read(&third));
        assert_eq!(second.lines().take(2).collect::<Vec<_>>(), third.lines().take(2).collect::<Vec<_>>());
        assert_eq!(second.lines().count(), third.lines().count());
    }
    assert!(place.read("3.csv").starts_with(&format!("text,tt_mine,{ADDED}\n")));
}

#[test]
fn order_is_kept_over_many_batches_and_threads_change_no_byte() {
    let place = Place::new();
    let notes = [WORK, ROMANTIC, "", "Guten Tag Frau Weber, gerne würde ich mich mit Ihnen vernetzen.", "hi"];
    let mut json = String::new();
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["n", "text"]).expect("written");
    for number in 0..6000_usize {
        // Uneven work, and now and then a row that cannot be read.
        let note = notes[number * number % 5].repeat(1 + number % 7 / 6 * 20);
        let text = if number % 1000 == 999 { Value::from(number) } else { note.as_str().into() };
        json += &(serde_json::json!({ "n": number, "text": text }).to_string() + "\n");
        csv.write_record([&number.to_string(), &note]).expect("written");
    }
    place.write("a.jsonl", &json).write("a.csv", csv.into_inner().expect("written"));
    assert!(json.len() > 20 << 16, "many batches");
    for kind in ["jsonl", "csv"] {
        let input = format!("a.{kind}");
        let outputs: Vec<Output> =
            ["1", "2", "5"].map(|threads| place.score(&[&input, "--threads", threads, "--quiet"])).into_iter().collect();
        for output in &outputs {
            assert!(output.stdout == outputs[0].stdout && output.stderr == outputs[0].stderr, "as with one thread");
        }
        let text = stdout(&outputs[0]);
        let numbers: Vec<u64> = match kind {
            "jsonl" => objects(&text).iter().map(|row| row["n"].as_u64().expect("a number")).collect(),
            _ => cells(&text, b',')[1..].iter().map(|row| row[0].parse().expect("a number")).collect(),
        };
        assert!(numbers.iter().copied().eq(0..6000));
    }
}

#[test]
fn bad_lines_are_reported_and_kept() {
    let place = Place::new();
    let long = "x".repeat((1 << 20) + 1);
    let input = format!(
        "{{\"text\":\"\",\"n\":1}}\n\n{{\"text\":\"Are you single?\",\"n\":2}}\r\n{{\"text\":3,\"error\":0}}\n{{broken\n[]\n{{\"n\":3}}\n{{\"text\":{{}}}}\n\
         {{\"text\":\"{long}\"}}\n{{\"text\":\"  \",\"n\":4}}"
    );
    let mut bytes = input.into_bytes();
    bytes.extend(b"\n{\"text\":\"caf\xE9\"}");
    let output = place.write("a.jsonl", bytes).write("out", "old").score(&["a.jsonl", "-o", "out"]);
    assert_eq!(output.status.code(), Some(1));
    let causes = [
        (4, "\"text\" is not a string"),
        (5, "not a JSON object"),
        (6, "not a JSON object"),
        (7, "no \"text\"; add it"),
        (8, "\"text\" is not a string"),
        (9, "longer than 1 MiB"),
        (11, "save the file as UTF-8"),
    ];
    let rows = objects(&place.read("out"));
    assert_eq!(rows.len(), 10);
    for (line, cause) in causes {
        assert!(error(&output).lines().any(|text| text.starts_with(&format!("a.jsonl:{line}: ")) && text.contains(cause)), "{cause}");
        let row = rows.iter().find(|row| row["line"] == line).expect("the row is kept");
        assert!(row["error"].as_str().is_some_and(|error| error.contains(cause)) && row["assessment"].is_null());
    }
    assert_eq!((&rows[2]["text"], &rows[0]["assessment"], &rows[1]["assessment"]["verdict"]), (&3.into(), &Value::Null, &"hold".into()));
    for part in ["10 rows", "empty", "error                         7", "hold                          1"] {
        assert!(error(&output).contains(part), "{part:?} is not in {}", error(&output));
    }
}

#[test]
fn bad_records_are_reported_and_kept() {
    let place = Place::new();
    let mut input = format!("n,text\n1,\"a\n\nb\"\n2,{WORK}\n3\n4,\"an open one\n5,{PLAIN}\n6,caf").into_bytes();
    input.extend(b"\xE9\n7,hello");
    let output = place.write("a.csv", &input).score(&["a.csv"]);
    assert_eq!(output.status.code(), Some(1));
    let rows = cells(&stdout(&output), b',');
    assert!(rows.iter().all(|row| row.len() == 2 + ADDED.split(',').count()));
    let causes = [
        (2, 5, "2", "3 cells, but the header has 2; put a cell with commas in it in quotation marks"),
        (3, 6, "3", "only 1 of 2 cells"),
        (4, 7, "4", "a quotation mark"),
        (6, 9, "6", "not UTF-8 (a byte E9)"),
    ];
    for (row, line, first, cause) in causes {
        assert!(error(&output).contains(&format!("a.csv:{line}: ")), "{}", error(&output));
        assert!(rows[row][10].contains(cause), "{cause:?} is not in {:?}", rows[row]);
        assert!(rows[row][0] == first || rows[row][0].is_empty());
    }
    assert_eq!(rows[2][1], WORK, "no word is lost");
    assert_eq!(rows[5][2..], expected_cells(PLAIN));
    assert_eq!((rows.len(), rows[7][1].as_str(), rows[7][10].as_str()), (8, "hello", ""));
}

#[test]
fn so_many_bad_rows_are_reported_and_the_rest_counted() {
    let place = Place::new();
    let output = place.score_input(&["-", "--quiet"], &"{\n".repeat(30));
    let error = error(&output);
    assert_eq!((error.lines().count(), objects(&stdout(&output)).len()), (21, 30));
    assert!(error.contains("standard input:20: ") && error.ends_with("10 more rows could not be read; the output says of each why\n"));
}

#[test]
fn an_endless_line_is_passed_over() {
    let place = Place::new();
    let output = place.score_input(&["-", "--input-format", "text"], &format!("{}\n{ROMANTIC}\n", "a ".repeat(20 << 20)));
    let rows = objects(&stdout(&output));
    assert!(rows[0]["error"].as_str().is_some_and(|error| error.contains("longer than 16 MiB")));
    assert_eq!((rows.len(), &rows[1]["assessment"]["verdict"], output.status.code()), (2, &"hold".into(), Some(1)));
}

#[test]
fn nothing_in_is_nothing_out() {
    let place = Place::new();
    place.write("a.jsonl", "").write("a.txt", "\r\n \n").write("a.csv", "").write("b.csv", "text\n");
    for name in ["a.jsonl", "a.txt"] {
        let output = place.score(&[name]);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
        assert!(error(&output).starts_with(&format!("{name}: 0 rows in ")));
    }
    assert_fails(&place.score(&["a.csv"]), &["a.csv is empty", "names its columns"]);
    assert_eq!(stdout(&place.score(&["b.csv", "--quiet"])), format!("text,{ADDED}\n"));
}

#[test]
fn a_run_that_fails_says_why_in_a_line_and_leaves_the_output_alone() {
    let place = Place::new();
    place.write("a.csv", "name,text\nx,hello\n").write("a.jsonl", "{}\n").write("a.txt", "hello").write("out.csv", "old");
    place.write("utf16.csv", b"\xFF\xFEt\0e\0").write("latin1.csv", b"text,caf\xE9\n").write("model", "not one");
    let files = place.files();
    let fails = |args: &[&str], parts: &[&str]| {
        let output = place.score(&[args, &["-o", "out.csv"]].concat());
        assert_fails(&output, parts);
        assert_eq!((place.read("out.csv").as_str(), place.files()), ("old", files.clone()));
    };
    fails(&["none.csv"], &["none.csv", "check the path"]);
    fails(&["."], &[".jsonl, .csv, .tsv or .txt", "--input-format"]);
    fails(&[".", "--input-format", "csv"], &["is a folder"]);
    fails(&["notes.docx"], &["notes.docx", ".jsonl", "--input-format"]);
    fails(&["a.csv", "--text-column", "body"], &["a.csv:1", "no column \"body\"", "\"name\", \"text\""]);
    fails(&["a.csv", "--model", "model"], &["not a usable model"]);
    fails(&["a.csv", "--explain"], &["--explain", "--output-format jsonl"]);
    fails(&["a.jsonl"], &["JSON Lines cannot become CSV", "--output-format jsonl"]);
    fails(&["a.txt", "--text-column", "text"], &["plain text has no columns"]);
    fails(&["utf16.csv"], &["utf16.csv:1: UTF-16", "save the file as UTF-8"]);
    fails(&["latin1.csv"], &["latin1.csv:1: ", "not UTF-8", "save the file as UTF-8"]);
    assert_fails(&place.score(&["a.csv", "-o", "none/out.csv"]), &["cannot write", "none/out.csv"]);
    assert_fails(&place.score(&["a.csv", "-o", "."]), &["cannot write", "directory"]);
    let output = place.score(&["a.csv", "-o", "a.csv", "--quiet"]);
    assert_eq!((output.status.code(), error(&output).as_str()), (Some(0), ""), "a file may be written over itself");
    assert!(place.read("a.csv").starts_with("name,text,tt_verdict"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let place = Place::new();
    assert_fails(&place.write("a.csv", "text\nhello\n").score(&["a.csv", "-o", "/dev/full"]), &["cannot write /dev/full", "free space"]);
}

/// Rows are answered as they come in; stopped from the keyboard, the program leaves what was there.
#[cfg(target_os = "linux")]
#[test]
fn a_run_that_is_stopped_leaves_no_half_file() {
    use std::io::{BufRead, BufReader, Write};
    use std::process::Stdio;
    let place = Place::new();
    place.write("out", "old");
    let start = |args: &[&str]| {
        let mut command = place.stoppable(&built("thinktwice"));
        command.args(["score", "--no-policy", "--quiet", "-"]).args(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("runs")
    };
    let mut live = start(&[]);
    let (mut input, mut output) = (live.stdin.take().expect("piped"), BufReader::new(live.stdout.take().expect("piped")));
    let mut line = String::new();
    for verdict in ["hold", "hold"] {
        writeln!(input, "{{\"text\":\"{ROMANTIC}\"}}").expect("written");
        line.clear();
        output.read_line(&mut line).expect("an answer before the input ends");
        assert_eq!(objects(&line)[0]["assessment"]["verdict"], verdict);
    }
    drop(input);
    assert!(live.wait().expect("ends").success());

    let mut stopped = start(&["-o", "out"]);
    let mut input = stopped.stdin.take().expect("piped");
    writeln!(input, "{{\"text\":\"{ROMANTIC}\"}}").expect("written");
    assert_eq!(place.stop_when(stopped, "-INT", |place| place.has_half_file(&["out".to_owned()])), Some(130));
    drop(input);
    assert_eq!((place.read("out").as_str(), place.files()), ("old", vec!["out".to_owned()]));
}
