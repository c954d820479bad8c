//! Corpus files in whatever state they are: each is read rightly, or an error that names file, line and mend.
#![cfg(feature = "train")]

mod common;

use std::io::Write;
use std::path::Path;

use common::place::Place;
use thinktwice::train::{Corpus, CorpusError};

fn read(path: &Path, skip_bad_rows: bool) -> Result<Corpus, CorpusError> {
    Corpus::read(&[path.to_owned()], &["intent".to_owned(), "reason".to_owned()], skip_bad_rows)
}

/// Text, label and group of every note.
fn notes(corpus: &Corpus) -> Vec<[&str; 3]> {
    corpus.notes.iter().map(|note| [note.text.as_str(), note.labels["intent"].as_str(), note.group.as_str()]).collect()
}

#[test]
fn what_is_written_in_another_way_is_read_rightly() {
    let place = Place::new();
    let expected = [["Grüße; \"bis, dann\"\tja", "a", "g"], ["zwei\nZeilen", "b", "g"]];
    let json = concat!(
        "{\"text\":\"Grüße; \\\"bis, dann\\\"\\tja\",\"intent\":\" a \",\"group\":\"g\",\"x\":{\"y\":[1]}}\n",
        "\n",
        "{\"group\":\"g\",\"intent\":\"b\",\"text\":\"zwei\\nZeilen\"}\n"
    );
    let table = [
        ["group", " text ", "intent", "", "x"],
        ["g", "\"Grüße; \"\"bis, dann\"\"\tja\"", " a ", "", ""],
        ["g", "\"zwei\nZeilen\"", "b", "", "1"],
    ];
    for mark in ["", "\u{FEFF}"] {
        for newline in ["\n", "\r\n"] {
            for last in [true, false] {
                let written = |lines: String| {
                    let lines = if last { lines } else { lines.trim_end().to_owned() };
                    format!("{mark}{lines}").replace("\nZ", "LINE").replace('\n', newline).replace("LINE", "\nZ")
                };
                for name in ["a.jsonl", "a.ndjson", "A.JSONL"] {
                    assert_eq!(notes(&read(&place.file(name, written(json.to_owned())), false).expect(name)), expected, "{newline:?}");
                }
                for (name, separator) in [("a.csv", ","), ("a.csv", ";"), ("a.tsv", "\t"), ("a.csv", "\t")] {
                    let lines: String = table.iter().map(|row| row.join(separator) + "\n").collect();
                    let corpus = read(&place.file(name, written(lines)), false).expect(name);
                    assert_eq!(notes(&corpus), expected, "{name} {separator:?} {newline:?}");
                    assert_eq!(corpus.notes[1].other.keys().collect::<Vec<_>>(), ["x"]);
                }
            }
        }
    }
}

/// A row that cannot be used is an error with its line, or is skipped alone.
#[test]
fn a_broken_row_costs_that_row() {
    let place = Place::new();
    let good = "{\"text\":\"a\",\"intent\":\"x\"}\n";
    let deep = format!("{{\"text\":\"a\",\"intent\":\"x\",\"deep\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let long = format!("{{\"text\":\"{}\",\"intent\":\"x\"}}", "a".repeat(2 << 20));
    let json: [(&[u8], &[&str]); 12] = [
        (b"{\"text\":\"a\",\"intent\":\"x\"", &["not a JSON object", "mend the line"]),
        (b"{\"text\":\"a\"\"intent\":\"x\"}", &["not a JSON object", "at column 12"]),
        (b"[\"a\",\"x\"]", &["not a JSON object", "expected an object"]),
        (b"{\"text\":\"caf\xE9\",\"intent\":\"x\"}", &["not UTF-8 (a byte E9)", "iconv -f windows-1252"]),
        (b"{\"text\":\"a\0b\",\"intent\":\"x\"}", &["NUL", "take the byte out"]),
        (b"{\"text\":\"a\",\"text\":\"b\",\"intent\":\"x\"}", &["the key \"text\" is there twice", "mend"]),
        (b"{\"text\":\"a\",\"kind\":\"x\"}", &["no \"intent\" beside \"kind\""]),
        (b"{\"intent\":\"x\",\"note\":\"a\"}", &["no \"text\" beside \"intent\", \"note\""]),
        (b"{\"text\":\" \",\"intent\":\"x\"}", &["\"text\" is empty"]),
        (b"{\"text\":[\"a\"],\"intent\":\"x\"}", &["\"text\" is a list, not a string"]),
        (deep.as_bytes(), &["not a JSON object", "recursion limit"]),
        (long.as_bytes(), &["longer than 1 MiB"]),
    ];
    for (row, parts) in json {
        let path = place.file("a.jsonl", [good.as_bytes(), row, b"\n", good.as_bytes()].concat());
        assert_bad(&path, 2, parts);
    }
    let csv: [(&[u8], &[&str]); 6] = [
        (b"\"a,x,g", &["a quotation mark opens a cell and none closes it", "close it"]),
        (b"a,x", &["only 2 of 3 cells", "add the missing ones"]),
        (b"a, b,x,g", &["4 cells, but the header has 3", "quotation marks"]),
        (b"caf\xE9,x,g", &["not UTF-8 (a byte E9)", "save the file as UTF-8"]),
        (b"a\0b,x,g", &["NUL", "take the byte out"]),
        (b"a,,g", &["no \"intent\" beside \"group\""]),
    ];
    for (row, parts) in csv {
        let path = place.file("a.csv", [b"text,intent,group\na,x,g\n", row, b"\na,x,g\n"].concat());
        assert_bad(&path, 3, parts);
    }
    assert_bad(&place.file("b.csv", "text,intent,\na,x,\nb,x,who\nc,x,\n"), 3, &["\"who\" is in a column without a name"]);
}

fn assert_bad(path: &Path, line: u64, parts: &[&str]) {
    let error = read(path, false).expect_err("a bad row").to_string();
    let place = format!("{}:{line}: ", path.display());
    for part in [&[place.as_str(), "--skip-bad-rows"], parts].concat() {
        assert!(error.contains(part), "{part:?} is not in {}", error.chars().take(300).collect::<String>());
    }
    assert!(!error.contains('\n'));
    let corpus = read(path, true).expect("skipped");
    assert_eq!((corpus.notes.len(), corpus.skipped.len(), corpus.skipped[0].line), (2, 1, line), "{parts:?}");
}

#[test]
fn a_file_that_cannot_be_used_at_all_says_why() {
    let place = Place::new();
    let utf16: Vec<u8> = "text,intent\na,x\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [b"\xFF\xFE", &utf16[..]].concat();
    let big_endian: Vec<u8> = "{\"text\":\"a\"}".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let cases: [(&str, &[u8], &[&str]); 13] = [
        ("a.csv", &utf16, &["a.csv:1: UTF-16", "iconv -f utf-16"]),
        ("b.csv", &marked, &["b.csv:1: UTF-16"]),
        ("c.jsonl", &big_endian, &["c.jsonl:1: UTF-16"]),
        ("d.csv", b"text,caf\xE9,intent\na,b,x\n", &["d.csv:1: not UTF-8", "windows-1252"]),
        ("e.csv", b"text,intent,text\na,x,b\n", &["e.csv:1: there are two columns \"text\"", "another name"]),
        (
            "f.csv",
            b"text;group;kind\na;g;x\n",
            &["f.csv:1: there is no column \"intent\", only \"text\", \"group\", \"kind\"", "--label-column"],
        ),
        ("g.csv", b"note,intent\na,x\n", &["g.csv:1: there is no column \"text\", only \"note\", \"intent\""]),
        ("h.csv", b"", &["h.csv: no labelled note"]),
        ("i.csv", b"text,intent\n", &["i.csv: no labelled note"]),
        ("j.jsonl", b" \n\r\n", &["j.jsonl: no labelled note"]),
        ("k.jsonl", b"\xEF\xBB\xBF", &["k.jsonl: no labelled note"]),
        ("l.txt", b"a\n", &["l.txt", ".jsonl, .ndjson, .csv or .tsv"]),
        ("m.csv", b"\"text,intent\na,x\n", &["m.csv:1: there is no column \"text\""]),
    ];
    for (name, content, parts) in cases {
        for skip in [false, true] {
            let error = read(&place.file(name, content), skip).expect_err(name).to_string();
            for part in parts {
                assert!(error.contains(part), "{part:?} is not in {error}");
            }
        }
    }
    let folder = place.folder().join("folder.jsonl");
    std::fs::create_dir(&folder).expect("made");
    assert!(read(&folder, false).expect_err("empty").to_string().contains("no labelled note"));
    assert!(Corpus::read_texts(&folder).expect_err("a folder").to_string().contains("a folder; name the file"));
    assert!(read(&place.folder().join("none.csv"), false).expect_err("none").to_string().contains("check the path"));
}

#[test]
fn a_line_of_100_megabytes_costs_no_memory() {
    let place = Place::new();
    for (name, start, good) in [("a.jsonl", "{\"text\":\"", "{\"text\":\"a\",\"intent\":\"x\"}\n"), ("a.csv", "\"", "a,x\n")] {
        let path = place.file(name, if name == "a.csv" { "text,intent\n" } else { "" });
        let mut file = std::fs::File::options().append(true).open(&path).expect("open");
        file.write_all(format!("{good}{start}").as_bytes()).expect("written");
        let megabyte = vec![b'a'; 1 << 20];
        (0..100).for_each(|_| file.write_all(&megabyte).expect("written"));
        file.write_all(format!("\n{good}").as_bytes()).expect("written");
        let line = 2 + u64::from(name == "a.csv");
        let mut corpus = Corpus::default();
        let memory = allocation_counter::measure(|| corpus = read(&path, true).expect("skipped"));
        assert_eq!((corpus.notes.len(), corpus.skipped.len(), corpus.skipped[0].line), (2, 1, line));
        assert!(memory.bytes_max < 64 << 20, "{} bytes at once", memory.bytes_max);
        assert!(read(&path, false).expect_err("too long").to_string().contains(&format!("{name}:{line}: ")));
    }
}
