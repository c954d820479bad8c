//! `check --format json`, field by field.

use serde_json::{Value, json};

use crate::common::{json, thinktwice_in};

const ROMANTIC: &str = "Great talk on cœliac diets! Your smile has been on my mind since. Are you single? Let me take you out for a drink.";

fn check(args: &[&str]) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    json(&thinktwice_in(folder.path(), &[&["check", "--format", "json"], args].concat(), ""))
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn assert_probabilities(probabilities: &Value, labels: &[&str], winner: &Value, confidence: f64) {
    assert_eq!(keys(probabilities), labels);
    let values: Vec<f64> = labels.iter().map(|label| probabilities[*label].as_f64().expect("a number")).collect();
    assert!(values.iter().all(|p| (0.0..=1.0).contains(p)));
    assert!((values.iter().sum::<f64>() - 1.0).abs() < 1e-5);
    let most = values.iter().copied().fold(0.0, f64::max);
    assert_eq!(probabilities[winner.as_str().expect("a label")].as_f64(), Some(most));
    assert_eq!(most.to_bits(), confidence.to_bits());
}

const INTENTS: [&str; 4] = ["professional", "pushy-job-seeking", "romantic", "strained-history"];

#[test]
fn the_keys_stand_in_their_order() {
    let assessment = check(&[ROMANTIC]);
    assert_eq!(
        keys(&assessment),
        ["verdict", "intent", "confidence", "probabilities", "reason", "evidence", "edits", "length", "findings", "model"]
    );
    assert_eq!(keys(&assessment["evidence"][0]), ["start", "end", "text", "label", "weight"]);
    assert_eq!(keys(&assessment["length"]), ["characters", "limit"]);
    assert_eq!(keys(&assessment["findings"][0]), ["id", "message", "help"]);
    assert_eq!(keys(&assessment["model"]), ["name", "digest", "format"]);
}

#[test]
fn verdict_intent_confidence_and_probabilities() {
    let assessment = check(&[ROMANTIC]);
    assert_eq!((&assessment["verdict"], &assessment["intent"]), (&json!("hold"), &json!("romantic")));
    let confidence = assessment["confidence"].as_f64().expect("a number");
    assert_probabilities(&assessment["probabilities"], &INTENTS, &assessment["intent"], confidence);
    for (note, verdict) in [
        ("Hello Ines, I heard your talk about flood barriers in Rotterdam. I work on the same kind of gates at the water board.", "send"),
        ("Hi, I'd like to add you to my professional network.", "revise"),
        ("Guten Tag Frau Weber, gerne würde ich mich mit Ihnen vernetzen.", "unsure"),
    ] {
        assert_eq!(check(&[note])["verdict"], verdict, "{note}");
    }
}

#[test]
fn reason_is_read_where_the_intent_is_professional() {
    assert_eq!(check(&[ROMANTIC])["reason"], Value::Null);
    let reason = &check(&["Hi, I'd like to add you to my professional network."])["reason"];
    assert_eq!(keys(reason), ["label", "probabilities"]);
    assert_eq!(reason["label"], "missing");
    let confidence = reason["probabilities"]["missing"].as_f64().expect("a number");
    assert_probabilities(&reason["probabilities"], &["missing", "stated"], &reason["label"], confidence);
}

#[test]
fn evidence_is_the_note_s_own_text() {
    let assessment = check(&[ROMANTIC]);
    let evidence = assessment["evidence"].as_array().expect("a list");
    assert!(!evidence.is_empty());
    let mut before = 0;
    for phrase in evidence {
        let [start, end] = ["start", "end"].map(|key| phrase[key].as_u64().expect("a byte") as usize);
        assert!(before <= start && start < end, "in the order of the note, without overlap");
        assert_eq!(phrase["text"], ROMANTIC[start..end]);
        assert_eq!(phrase["label"], "romantic");
        assert!(phrase["weight"].as_f64().expect("a number") > 0.0);
        before = end;
    }
}

#[test]
fn edits_give_the_verdict_that_they_promise() {
    let note =
        "I work at the water board in Hull and would like to compare notes on pumps. You looked gorgeous on that stage, are you single?";
    let assessment = check(&[note]);
    let edits = assessment["edits"].as_array().expect("a list");
    assert_eq!(assessment["verdict"], "hold");
    assert!(!edits.is_empty(), "this note has one");
    for edit in edits {
        assert_eq!(keys(edit), ["remove", "verdict", "confidence"]);
        let ranges: Vec<(usize, usize)> = serde_json::from_value(edit["remove"].clone()).expect("pairs of bytes");
        let mut rest = note.to_owned();
        for (start, end) in ranges.into_iter().rev() {
            rest.replace_range(start..end, "");
        }
        let again = check(&[&rest]);
        assert_eq!((&again["verdict"], &again["confidence"]), (&edit["verdict"], &edit["confidence"]), "{rest}");
    }
}

#[test]
fn length_counts_characters_and_limit_is_the_policy_s() {
    let assessment = check(&[ROMANTIC]);
    assert_eq!(assessment["length"], json!({ "characters": ROMANTIC.chars().count(), "limit": 300 }));
    assert_eq!(check(&["--limit", "20", ROMANTIC])["length"]["limit"], 20);
}

#[test]
fn findings_have_an_id_a_message_and_help() {
    let findings = &check(&["--limit", "20", ROMANTIC])["findings"];
    let ids: Vec<&Value> = findings.as_array().expect("a list").iter().map(|finding| &finding["id"]).collect();
    assert_eq!(ids, ["romantic", "too-long"]);
    for finding in findings.as_array().expect("a list") {
        assert!(finding["message"].as_str().expect("text").ends_with('.') && finding["help"].as_str().expect("text").ends_with('.'));
    }
}

#[test]
fn model_says_which_one_answered() {
    let assessment = check(&[ROMANTIC]);
    let folder = tempfile::tempdir().expect("a folder");
    let model = json(&thinktwice_in(folder.path(), &["model", "--format", "json"], ""));
    assert_eq!(assessment["model"], json!({ "name": model["name"], "digest": model["digest"], "format": model["format"] }));
    assert_eq!(model["digest"].as_str().map(str::len), Some(64));
}

#[test]
fn output_is_one_line_without_colours() {
    let folder = tempfile::tempdir().expect("a folder");
    for format in ["json", "sarif"] {
        let output = thinktwice_in(folder.path(), &["check", "--color", "always", "--format", format, ROMANTIC], "");
        assert_eq!(output.stdout.iter().position(|&byte| byte == b'\n'), Some(output.stdout.len() - 1));
        assert!(!output.stdout.contains(&0x1B));
    }
}
