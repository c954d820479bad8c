//! The answer as a SARIF 2.1.0 log: one run, a result for each finding, the evidence as related locations and the edits as fixes.

use std::path::Path;

use serde_json::{Value, json};
use thinktwice::Verdict;
use thinktwice::assessment::{Assessment, Edit, Evidence, Explanation, Finding};

use super::words::percent;
use crate::lines::line_of;
use crate::pages::Page;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The log on a draft that was read from `file`, or from an argument or standard input.
pub(crate) fn log(draft: &str, file: Option<&Path>, assessment: &Assessment) -> Value {
    let none = Explanation::default();
    let explanation = assessment.explanation.as_ref().unwrap_or(&none);
    let note = Note::new(draft, file.filter(|path| *path != Path::new("-")));
    let decisive = assessment.decisive();
    let result = |(index, finding): (usize, &Finding)| {
        let mut result = json!({
            "ruleId": finding.id,
            "ruleIndex": index,
            "level": level(assessment.verdict, index),
            "message": { "text": format!("{} {}", finding.message, finding.help).trim_end() },
        });
        // Evidence and edits are about what decides, and that stands first.
        let evidence = if index == 0 { explanation.evidence.as_slice() } else { &[] };
        let strongest = evidence.iter().max_by(|a, b| a.weight.total_cmp(&b.weight));
        let place = strongest.map_or((0, draft.len()), |phrase| (phrase.start, phrase.end));
        result["locations"] = json!([{ "physicalLocation": note.physical(place.0, place.1) }]);
        if !evidence.is_empty() {
            result["relatedLocations"] = evidence.iter().enumerate().map(|(id, phrase)| related(&note, id, phrase)).collect();
        }
        if index == 0 && !explanation.edits.is_empty() {
            result["fixes"] = explanation.edits.iter().map(|edit| fix(&note, edit)).collect();
        }
        result
    };
    let results: Vec<Value> = explanation.findings.iter().enumerate().map(result).collect();
    let rules: Vec<Value> = explanation.findings.iter().map(rule).collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "thinktwice",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
                "properties": { "model": assessment.model },
            }},
            "artifacts": [note.artifact()],
            "columnKind": "unicodeCodePoints",
            "newlineSequences": ["\r\n", "\n", "\r"],
            "results": results,
            "properties": { "verdict": assessment.verdict, "label": decisive.label, "confidence": decisive.confidence },
        }],
    })
}

fn level(verdict: Verdict, index: usize) -> &'static str {
    match verdict {
        Verdict::Send => "note",
        Verdict::Hold if index == 0 => "error",
        Verdict::Revise | Verdict::Hold | Verdict::Unsure => "warning",
    }
}

/// What a finding means: its page, or where it has none (a label of somebody's own model), what the policy says of it.
fn rule(finding: &Finding) -> Value {
    match Page::of(&finding.id) {
        Some(page) => json!({
            "id": finding.id,
            "shortDescription": { "text": page.title() },
            "fullDescription": { "text": page.section("What it means").unwrap_or_default().replace('\n', " ") },
            "help": { "text": page.text, "markdown": page.text },
        }),
        None => json!({ "id": finding.id, "shortDescription": { "text": finding.message } }),
    }
}

fn related(note: &Note<'_>, id: usize, phrase: &Evidence) -> Value {
    json!({
        "id": id,
        "physicalLocation": note.physical(phrase.start, phrase.end),
        "message": { "text": format!("reads as {} (weight {:.2})", phrase.label, phrase.weight) },
    })
}

fn fix(note: &Note<'_>, edit: &Edit) -> Value {
    let replacements: Vec<Value> = edit.remove.iter().map(|&(start, end)| json!({ "deletedRegion": note.region(start, end) })).collect();
    json!({
        "description": { "text": format!("Without this, the verdict would be {} ({} sure).", edit.verdict, percent(edit.confidence)) },
        "artifactChanges": [{ "artifactLocation": note.location(), "replacements": replacements }],
    })
}

/// A draft and where it is.
struct Note<'a> {
    text: &'a str,
    uri: Option<String>,
}

impl<'a> Note<'a> {
    fn new(text: &'a str, file: Option<&Path>) -> Self {
        Self { text, uri: file.map(uri) }
    }

    fn artifact(&self) -> Value {
        match &self.uri {
            Some(uri) => json!({ "location": { "uri": uri } }),
            // Nobody could look it up, so the log carries it.
            None => json!({ "contents": { "text": self.text } }),
        }
    }

    fn location(&self) -> Value {
        match &self.uri {
            Some(uri) => json!({ "uri": uri, "index": 0 }),
            None => json!({ "index": 0 }),
        }
    }

    fn physical(&self, start: usize, end: usize) -> Value {
        json!({ "artifactLocation": self.location(), "region": self.region(start, end) })
    }

    /// Bytes to lines, columns and characters; lines and columns count from 1, and the end is the first column that does not belong.
    fn region(&self, start: usize, end: usize) -> Value {
        let (start_line, start_column) = self.position(start);
        let (end_line, end_column) = self.position(end);
        json!({
            "startLine": start_line,
            "startColumn": start_column,
            "endLine": end_line,
            "endColumn": end_column,
            "charOffset": self.text[..start].chars().count(),
            "charLength": self.text[start..end].chars().count(),
            "snippet": { "text": &self.text[start..end] },
        })
    }

    fn position(&self, at: usize) -> (usize, usize) {
        let (line, start) = line_of(self.text.as_bytes(), at);
        (1 + line, 1 + self.text[start..at].chars().count())
    }
}

const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];

/// A path as a URI: relative as it is, or with the scheme `file`.
fn uri(path: &Path) -> String {
    let mut uri = if path.is_absolute() { "file://".to_owned() } else { String::new() };
    if cfg!(windows) && path.is_absolute() {
        uri.push('/');
    }
    for &byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'\\' if cfg!(windows) => uri.push('/'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => uri.extend(['%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_lines_and_columns() {
        let note = Note::new("Héllo\ryou 😍 there\r\nbye", None);
        let region = note.region(note.text.find('😍').expect("there"), note.text.find("bye").expect("there"));
        for (key, value) in [("startLine", 2), ("startColumn", 5), ("endLine", 3), ("endColumn", 1), ("charOffset", 10), ("charLength", 9)]
        {
            assert_eq!(region[key], value, "{key}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn paths_become_uris() {
        assert_eq!(uri(Path::new("a draft/é#1.txt")), "a%20draft/%C3%A9%231.txt");
        assert_eq!(uri(Path::new("/tmp/x")), "file:///tmp/x");
    }
}
