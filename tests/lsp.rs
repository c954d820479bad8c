//! The language server, as an editor talks to it.
#![cfg(feature = "cli")]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

const HOLD: &str = "Great talk on Friday. Are you single? Let me take you out for a drink.";
const URI: &str = "file:///drafts/note.txt";

struct Editor {
    server: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    requests: i32,
}

impl Editor {
    fn start(encodings: &[&str]) -> (Self, Value) {
        let mut server = common::command(common::built("thinktwice"), &std::env::temp_dir())
            .args(["lsp", "--no-policy"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("started");
        let input = server.stdin.take().expect("piped");
        let output = BufReader::new(server.stdout.take().expect("piped"));
        let mut editor = Self { server, input, output, requests: 0 };
        let answer = editor.ask("initialize", &json!({ "capabilities": { "general": { "positionEncodings": encodings } } }));
        editor.tell("initialized", &json!({}));
        (editor, answer["result"].clone())
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).expect("sent");
        self.input.flush().expect("sent");
    }

    fn tell(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.requests += 1;
        self.send(&json!({ "jsonrpc": "2.0", "id": self.requests, "method": method, "params": params }));
        let answer = self.receive();
        assert_eq!(answer["id"], self.requests, "{answer}");
        answer
    }

    fn receive(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.output.read_line(&mut line).expect("a header");
            match line.trim_end().split_once(": ") {
                Some(("Content-Length", value)) => length = value.parse().expect("a number"),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).expect("a body");
        serde_json::from_slice(&body).expect("JSON")
    }

    /// Opens or changes the buffer, and returns what is underlined.
    fn show(&mut self, method: &str, text: &str) -> Vec<Value> {
        let document = json!({ "uri": URI, "languageId": "plaintext", "version": 1, "text": text });
        self.tell(&format!("textDocument/{method}"), &json!({ "textDocument": document, "contentChanges": [{ "text": text }] }));
        let published = self.receive();
        assert_eq!((&published["method"], &published["params"]["uri"]), (&json!("textDocument/publishDiagnostics"), &json!(URI)));
        published["params"]["diagnostics"].as_array().expect("a list").clone()
    }

    fn stop(mut self) {
        assert_eq!(self.ask("shutdown", &Value::Null)["result"], Value::Null);
        self.tell("exit", &Value::Null);
        assert!(self.server.wait().expect("ended").success());
    }
}

/// The part of a line that a range covers, in UTF-16 code units.
fn covered(text: &str, range: &Value) -> String {
    let number = |pointer: &str| range.pointer(pointer).and_then(Value::as_u64).expect("a number") as usize;
    assert_eq!(number("/start/line"), number("/end/line"));
    let line = text.lines().nth(number("/start/line")).expect("a line");
    let units: Vec<u16> = line.encode_utf16().collect();
    String::from_utf16(&units[number("/start/character")..number("/end/character")]).expect("whole characters")
}

#[test]
fn phrases_are_underlined_while_one_types_explained_and_removed() {
    let (mut editor, answer) = Editor::start(&["utf-16"]);
    assert_eq!(answer["capabilities"]["positionEncoding"], "utf-16");
    assert_eq!(answer["serverInfo"]["name"], "thinktwice");

    let harmless = "Hello Ines, I heard your talk about flood barriers in Rotterdam. I work on the same kind of gates at the water board.";
    assert!(editor.show("didOpen", harmless).is_empty());
    // Two lines, and characters of two UTF-16 units before the phrases.
    let text = format!("😍😍 Hi Ana,\r\n😍 {HOLD}\n");
    let underlined = editor.show("didChange", &text);
    let phrases: Vec<String> = underlined.iter().map(|diagnostic| covered(&text, &diagnostic["range"])).collect();
    assert!(phrases.iter().any(|phrase| phrase.contains("single")), "{phrases:?}");
    for diagnostic in &underlined {
        assert_eq!(
            (&diagnostic["code"], &diagnostic["source"], &diagnostic["severity"]),
            (&json!("romantic"), &json!("thinktwice"), &json!(2))
        );
    }

    let single = underlined.iter().find(|diagnostic| covered(&text, &diagnostic["range"]).contains("single")).expect("there");
    let document = json!({ "uri": URI });
    let hover = editor.ask("textDocument/hover", &json!({ "textDocument": document, "position": single["range"]["start"] }));
    let explained = hover["result"]["contents"]["value"].as_str().expect("a text");
    assert!(
        explained.contains("**hold**") && explained.contains("*romantic*") && explained.contains("thinktwice explain romantic"),
        "{explained}"
    );
    let elsewhere = editor.ask("textDocument/hover", &json!({ "textDocument": document, "position": { "line": 0, "character": 0 } }));
    assert_eq!(elsewhere["result"], Value::Null);
    editor.stop();
}

#[test]
fn a_code_action_takes_out_what_it_names_and_changes_the_verdict() {
    let (mut editor, _) = Editor::start(&["utf-16"]);
    let note = "Hello Ines, I heard your talk about flood barriers in Rotterdam and liked it. You looked gorgeous on that stage, are you \
        single? Let me take you out for dinner.";
    assert!(!editor.show("didOpen", note).is_empty());
    let everything = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 0, "character": note.len() } });
    let actions = editor.ask("textDocument/codeAction", &json!({ "textDocument": { "uri": URI }, "range": everything, "context": {} }));
    let action = &actions["result"][0];
    assert!(action["title"].as_str().expect("a title").ends_with("(then: send)"), "{actions}");
    let mut changed = note.to_owned();
    let mut changes = action["edit"]["changes"][URI].as_array().expect("changes").clone();
    changes.reverse();
    for change in changes {
        let at = |pointer: &str| change.pointer(pointer).and_then(Value::as_u64).expect("a number") as usize;
        changed.replace_range(at("/range/start/character")..at("/range/end/character"), change["newText"].as_str().expect("a text"));
    }
    assert!(editor.show("didChange", &changed).is_empty(), "{changed}");
    editor.stop();
}

#[test]
fn what_makes_no_sense_is_answered_and_the_server_goes_on() {
    let (mut editor, answer) = Editor::start(&["utf-8", "utf-16"]);
    assert_eq!(answer["capabilities"]["positionEncoding"], "utf-8");
    assert!(editor.show("didOpen", "").is_empty());
    assert!(editor.show("didChange", " \n\t\n").is_empty());
    assert_eq!(editor.ask("textDocument/rename", &json!({}))["error"]["code"], -32601);
    assert_eq!(editor.ask("textDocument/hover", &json!({ "textDocument": 1 }))["error"]["code"], -32602);
    editor.tell("textDocument/didChange", &json!({ "nothing": true }));
    let unknown = json!({ "textDocument": { "uri": "file:///other" }, "position": { "line": 9, "character": 9 } });
    assert_eq!(editor.ask("textDocument/hover", &unknown)["result"], Value::Null);
    let missing = editor.show("didChange", "Please add me to your network.");
    assert_eq!((missing.len(), &missing[0]["code"], &missing[0]["severity"]), (1, &json!("reason-missing"), &json!(3)));
    assert!(editor.show("didClose", "").is_empty());
    editor.stop();
}
