//! `check --format sarif` against the schema, and its places against the note.
use std::path::Path;

use crate::common::{json, thinktwice_in};
use serde_json::Value;

const NOTES: [&str; 8] = [
    "Hello Ines, I heard your talk about flood barriers in Rotterdam. I work on the same kind of gates at the water board.",
    "Hi, I'd like to add you to my professional network.",
    "I interviewed with you on Tuesday, please tell me whether I got the job. Any news on my application?",
    "Your smile has been on my mind since the fair. 😍 Are you single?\nLet me take you out for a drink.\r\nÀ bientôt!",
    "Guten Tag Frau Weber, gerne würde ich mich mit Ihnen vernetzen.",
    "مرحبا، أود أن أتواصل معك",
    "Hello Lena, your paper on tidal turbines helped us a lot. Your smile in the photo is on my mind. Are you single?",
    "\u{1F469}\u{200D}\u{1F680} \u{FFFD} \"quoted\" \\ \u{7} are you single?",
];

pub(crate) fn schema() -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/advice/schema/sarif-schema-2.1.0.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(path).expect("the schema")).expect("JSON");
    jsonschema::draft4::options().should_validate_formats(true).build(&schema).expect("a schema")
}

pub(crate) fn assert_valid(schema: &jsonschema::Validator, log: &Value) {
    let errors: Vec<String> = schema.iter_errors(log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}\n{log:#}");
}

/// The text that a region's lines and columns enclose.
fn enclosed(note: &str, region: &Value) -> String {
    let number = |key: &str| region[key].as_u64().expect(key) as usize;
    let offset = |line: usize, column: usize| {
        let before: usize = note.split_inclusive('\n').take(line - 1).map(|line| line.chars().count()).sum();
        before + column - 1
    };
    let from = offset(number("startLine"), number("startColumn"));
    let to = offset(number("endLine"), number("endColumn"));
    assert_eq!((from, to - from), (number("charOffset"), number("charLength")), "{region}");
    note.chars().skip(from).take(to - from).collect()
}

#[test]
fn every_log_is_valid_and_its_regions_are_in_the_note() {
    let schema = schema();
    assert!(!schema.is_valid(&serde_json::json!({ "version": "2.1.0", "runs": [{ "tool": {} }] })), "the schema refuses something");
    let folder = tempfile::tempdir().expect("a folder");
    let mut fixes = 0;
    for note in NOTES {
        for limit in ["300", "10"] {
            let log = json(&thinktwice_in(folder.path(), &["check", "--format", "sarif", "--limit", limit, note], ""));
            let assessment = json(&thinktwice_in(folder.path(), &["check", "--format", "json", "--limit", limit, note], ""));
            assert_valid(&schema, &log);
            let run = &log["runs"][0];
            assert_eq!(run["properties"]["verdict"], assessment["verdict"]);
            assert_eq!(run["artifacts"][0]["contents"]["text"], note);
            let results = run["results"].as_array().expect("results");
            let ids: Vec<&Value> = results.iter().map(|result| &result["ruleId"]).collect();
            let findings = assessment["findings"].as_array().expect("findings");
            assert_eq!(ids, findings.iter().map(|finding| &finding["id"]).collect::<Vec<_>>());
            for (index, result) in results.iter().enumerate() {
                assert_eq!(result["ruleIndex"], index);
                assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
                let related = result["relatedLocations"].as_array().map_or(&[][..], Vec::as_slice);
                let phrases = assessment["evidence"].as_array().expect("evidence");
                assert_eq!(related.len(), if index == 0 { phrases.len() } else { 0 });
                for (location, phrase) in related.iter().zip(phrases) {
                    let region = &location["physicalLocation"]["region"];
                    assert_eq!(enclosed(note, region), phrase["text"].as_str().expect("text"));
                    assert_eq!(region["snippet"]["text"], phrase["text"]);
                }
                let place = enclosed(note, &result["locations"][0]["physicalLocation"]["region"]);
                assert!(!place.is_empty() && note.contains(&place));
                for (fix, edit) in result["fixes"].as_array().into_iter().flatten().zip(assessment["edits"].as_array().expect("edits")) {
                    let replacements = fix["artifactChanges"][0]["replacements"].as_array().expect("replacements");
                    assert_eq!(replacements.len(), edit["remove"].as_array().expect("ranges").len());
                    for (replacement, range) in replacements.iter().zip(edit["remove"].as_array().expect("ranges")) {
                        let [from, to] = [0, 1].map(|end| range[end].as_u64().expect("a byte") as usize);
                        assert_eq!(enclosed(note, &replacement["deletedRegion"]), note[from..to]);
                        fixes += 1;
                    }
                }
            }
            let level = results.first().map(|result| result["level"].as_str().expect("a level"));
            let expected = match assessment["verdict"].as_str().expect("a verdict") {
                "send" => None,
                "hold" => Some("error"),
                _ => Some("warning"),
            };
            assert_eq!(level, expected);
        }
    }
    assert!(fixes > 0, "no note with an edit was tried");
}

#[test]
fn a_file_is_named_as_a_uri() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("my drafts")).expect("a folder");
    std::fs::write(folder.path().join("my drafts/é#1.txt"), NOTES[3]).expect("written");
    let log = json(&thinktwice_in(folder.path(), &["check", "--format", "sarif", "-f", "my drafts/é#1.txt"], ""));
    assert_valid(&schema(), &log);
    let run = &log["runs"][0];
    let location = &run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(location["uri"], "my%20drafts/%C3%A9%231.txt");
    assert_eq!(run["artifacts"][0]["location"]["uri"], location["uri"]);
    assert_eq!(run["artifacts"][0]["contents"], Value::Null, "whoever reads the log has the file");
    let piped = json(&thinktwice_in(folder.path(), &["check", "--format", "sarif", "-f", "-"], NOTES[3]));
    assert_eq!(piped["runs"][0]["artifacts"][0]["contents"]["text"], NOTES[3]);
}
