//! `thinktwice lsp`: a language server that reads a draft while it is typed.
//!
//! A buffer is one note. The phrases that carry a reading are underlined, hovering says why, and where a removal would change the verdict a
//! code action makes it. Messages follow the Language Server Protocol 3.17.

mod position;

use std::collections::BTreeMap;

use clap::Args;
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use thinktwice::assessment::{Assessment, Edit, Evidence, Explanation, Finding};
use thinktwice::features::Scratch;
use thinktwice::{Classifier, Verdict};

use self::position::{Encoding, Position, Range};
use super::render::words::{list, percent, quoted};
use super::{ExitStatus, ModelArgs, input};

#[derive(Args)]
#[command(after_help = "\
The server speaks the Language Server Protocol over standard input and output; an editor starts it. A buffer is read as one note.

Example (Neovim 0.8 or newer, for the buffer that is open):
  :lua vim.lsp.start({ name = \"thinktwice\", cmd = { \"thinktwice\", \"lsp\" } })")]
pub(super) struct LspArgs {
    #[command(flatten)]
    model: ModelArgs,
}

pub(super) fn run(args: &LspArgs) -> anyhow::Result<ExitStatus> {
    let classifier = args.model.classifier()?;
    let (connection, threads) = Connection::stdio();
    let (id, params) = connection.initialize_start()?;
    let encoding = encoding(&params);
    let answer = json!({
        "capabilities": {
            "positionEncoding": match encoding { Encoding::Utf8 => "utf-8", Encoding::Utf16 => "utf-16" },
            // Whole texts: a note is short.
            "textDocumentSync": { "openClose": true, "change": 1 },
            "hoverProvider": true,
            "codeActionProvider": { "codeActionKinds": ["quickfix"] },
        },
        "serverInfo": { "name": "thinktwice", "version": env!("CARGO_PKG_VERSION") },
    });
    connection.initialize_finish(id, answer)?;
    let mut server = Server { classifier, scratch: Scratch::default(), encoding, drafts: BTreeMap::new() };
    for message in &connection.receiver {
        match message {
            Message::Request(request) if connection.handle_shutdown(&request)? => break,
            Message::Request(request) => connection.sender.send(server.answer(request).into())?,
            Message::Notification(notification) => {
                if let Some(diagnostics) = server.note(notification) {
                    connection.sender.send(diagnostics.into())?;
                }
            }
            Message::Response(_) => {}
        }
    }
    // The threads end once nothing can be sent any more.
    drop(connection);
    threads.join()?;
    Ok(ExitStatus::Clear)
}

/// Bytes where the editor offers them, since the note's spans are bytes.
fn encoding(params: &Value) -> Encoding {
    let offered = params.pointer("/capabilities/general/positionEncodings").and_then(Value::as_array);
    if offered.is_some_and(|offered| offered.iter().any(|name| name == "utf-8")) { Encoding::Utf8 } else { Encoding::Utf16 }
}

struct Server {
    classifier: Classifier,
    scratch: Scratch,
    encoding: Encoding,
    /// The open buffers by their addresses.
    drafts: BTreeMap<String, Draft>,
}

/// A buffer and what was made of it.
struct Draft {
    text: String,
    assessment: Assessment,
    explanation: Explanation,
}

#[derive(Deserialize)]
struct Document {
    uri: String,
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Opened {
    text_document: Document,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Changed {
    text_document: Document,
    content_changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct At {
    text_document: Document,
    position: Position,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Within {
    text_document: Document,
    range: Range,
}

impl Server {
    /// Takes note of an opened, changed or closed buffer, and says what there is to underline in it.
    fn note(&mut self, notification: Notification) -> Option<Notification> {
        let (uri, text) = match notification.method.as_str() {
            "textDocument/didOpen" => {
                let Opened { text_document } = params(notification.params)?;
                (text_document.uri, Some(text_document.text))
            }
            "textDocument/didChange" => {
                let Changed { text_document, content_changes } = params(notification.params)?;
                (text_document.uri, Some(content_changes.into_iter().next_back()?.text))
            }
            "textDocument/didClose" => {
                let Opened { text_document } = params(notification.params)?;
                (text_document.uri, None)
            }
            _ => return None,
        };
        let diagnostics = match text.filter(|text| !text.trim().is_empty()) {
            None => {
                self.drafts.remove(&uri);
                Vec::new()
            }
            Some(text) => {
                let mut assessment = self.classifier.assess_with(input::note_in(&text), &mut self.scratch);
                let explanation = assessment.explanation.take().unwrap_or_default();
                let draft = Draft { text, assessment, explanation };
                let diagnostics = diagnostics(&draft, self.encoding);
                self.drafts.insert(uri.clone(), draft);
                diagnostics
            }
        };
        Some(Notification::new("textDocument/publishDiagnostics".to_owned(), json!({ "uri": uri, "diagnostics": diagnostics })))
    }

    fn answer(&self, request: Request) -> Response {
        let found = match request.method.as_str() {
            "textDocument/hover" => params(request.params).map(|at| self.hover(&at)),
            "textDocument/codeAction" => params(request.params).map(|within| self.actions(&within)),
            method => return Response::new_err(request.id, ErrorCode::MethodNotFound as i32, format!("{method} is not answered here")),
        };
        match found {
            Some(answer) => Response::new_ok(request.id, answer),
            None => Response::new_err(request.id, ErrorCode::InvalidParams as i32, "parameters that the method does not have".to_owned()),
        }
    }

    /// Why the phrase under the cursor is underlined.
    fn hover(&self, at: &At) -> Value {
        let cursor = Range { start: at.position, end: at.position };
        let hover = |draft: &Draft| {
            let finding = draft.explanation.findings.first()?;
            let under = |phrase: &&Evidence| self.encoding.range(&draft.text, phrase.start, phrase.end).touches(&cursor);
            let phrase = draft.explanation.evidence.iter().find(under)?;
            Some(json!({
                "contents": { "kind": "markdown", "value": explained(draft, finding, phrase) },
                "range": self.encoding.range(&draft.text, phrase.start, phrase.end),
            }))
        };
        self.drafts.get(&at.text_document.uri).and_then(hover).unwrap_or(Value::Null)
    }

    /// The removals that would change the verdict and touch what is selected.
    fn actions(&self, within: &Within) -> Value {
        let Some(draft) = self.drafts.get(&within.text_document.uri) else { return Value::Array(Vec::new()) };
        let ranges =
            |edit: &Edit| -> Vec<Range> { edit.remove.iter().map(|&(start, end)| self.encoding.range(&draft.text, start, end)).collect() };
        let action = |edit: &Edit| {
            let ranges = ranges(edit);
            if !ranges.iter().any(|range| range.touches(&within.range)) {
                return None;
            }
            let phrases: Vec<String> = edit.remove.iter().map(|&(start, end)| quoted(&draft.text[start..end])).collect();
            let changes: Vec<Value> = ranges.iter().map(|range| json!({ "range": range, "newText": "" })).collect();
            Some(json!({
                "title": format!("Remove {} (then: {})", list(&phrases), edit.verdict),
                "kind": "quickfix",
                "edit": { "changes": { (within.text_document.uri.clone()): changes } },
            }))
        };
        draft.explanation.edits.iter().filter_map(action).collect()
    }
}

fn params<T: DeserializeOwned>(params: Value) -> Option<T> {
    serde_json::from_value(params).ok()
}

/// The first finding under each phrase that carries it, or under the whole note where none does; the others under the whole note.
fn diagnostics(draft: &Draft, encoding: Encoding) -> Vec<Value> {
    let Explanation { evidence, findings, .. } = &draft.explanation;
    let note = encoding.range(&draft.text, 0, draft.text.trim_end().len());
    let mut diagnostics = Vec::new();
    for (index, finding) in findings.iter().enumerate() {
        let carried = index == 0 && draft.assessment.verdict == Verdict::Hold && !evidence.is_empty();
        let places: Vec<Range> = if carried {
            evidence.iter().map(|phrase| encoding.range(&draft.text, phrase.start, phrase.end)).collect()
        } else {
            vec![note]
        };
        diagnostics.extend(places.into_iter().map(|range| {
            json!({
                "range": range,
                "severity": severity(draft.assessment.verdict, index),
                "code": finding.id,
                "source": "thinktwice",
                "message": format!("{} {}", finding.message, finding.help).trim_end(),
            })
        }));
    }
    diagnostics
}

/// 2 is a warning, 3 an information.
fn severity(verdict: Verdict, index: usize) -> u8 {
    if verdict == Verdict::Hold && index == 0 { 2 } else { 3 }
}

fn explained(draft: &Draft, finding: &Finding, phrase: &Evidence) -> String {
    let decisive = draft.assessment.decisive();
    format!(
        "**{}**: {}\n\n“{}” speaks for *{}* ({:+.2}); the whole note reads as {} ({}).\n\n{}\n\n`thinktwice explain {}`",
        draft.assessment.verdict,
        finding.message,
        phrase.text,
        phrase.label,
        phrase.weight,
        decisive.label,
        percent(decisive.confidence),
        finding.help,
        finding.id,
    )
}
