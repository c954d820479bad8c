//! The user's own say: policy files and where they are found, strictness, accepted phrases, exit codes.
use std::path::Path;

use crate::common::{assert_fails, json, stdout, thinktwice_in};
use thinktwice::model::{Model, Preset, SHIPPED, Threshold};
use thinktwice::policy::Strictness;
use thinktwice::{Classifier, Policy, Verdict};

const ROMANTIC: &str = "Your smile has been on my mind since the fair. Are you single? Let me take you out for a drink.";
const WORK: &str = "Hello Ines, I heard your talk about flood barriers in Rotterdam. I work on the same kind of gates at the water board.";

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(path, text).expect("written");
}

/// The limit that the policy in force has.
fn limit(folder: &Path, args: &[&str]) -> u64 {
    let mut all = vec!["check", "--format", "json", WORK];
    all.extend(args);
    json(&thinktwice_in(folder, &all, ""))["length"]["limit"].as_u64().expect("a limit")
}

#[test]
fn a_policy_is_found_upwards_then_in_the_configuration_folder() {
    let root = tempfile::tempdir().expect("a folder");
    let inner = root.path().join("a/b");
    std::fs::create_dir_all(&inner).expect("made");
    let in_inner = |args: &[&str]| limit(&inner, args);
    assert_eq!(in_inner(&[]), 300);
    if cfg!(target_os = "linux") {
        write(&inner.join("config/thinktwice/thinktwice.toml"), "limit = 201");
        assert_eq!(in_inner(&[]), 201);
    }
    write(&root.path().join("thinktwice.toml"), "limit = 202");
    assert_eq!(in_inner(&[]), 202);
    write(&root.path().join("a/thinktwice.toml"), "limit = 203");
    assert_eq!(in_inner(&[]), 203, "the nearest counts alone");
    std::fs::create_dir(inner.join("thinktwice.toml")).expect("made");
    assert_eq!(in_inner(&[]), 203, "a folder of that name is no policy");
    write(&root.path().join("other.toml"), "strictness = 'strict'");
    assert_eq!(in_inner(&["--policy", "../../other.toml"]), 300, "what is named replaces what is found");
    assert_eq!(in_inner(&["--no-policy"]), 300);
    assert_eq!(in_inner(&["--limit", "99"]), 99, "an argument has the last word");
    let notes = format!("{}\n", serde_json::json!({ "text": WORK }));
    let scored = json(&thinktwice_in(&inner, &["score", "-"], &notes));
    assert_eq!(scored["assessment"]["length"]["limit"], 203, "score uses the same");
}

#[test]
fn an_error_in_a_policy_says_where() {
    let root = tempfile::tempdir().expect("a folder");
    let found = root.path().join("thinktwice.toml");
    let check = |args: &[&str]| thinktwice_in(root.path(), &[&["check", WORK], args].concat(), "");
    for (text, parts) in [
        ("limit = 3\nlimt = 4", &["line 2, limt: no such key", "limit, false-alarms, strictness, accept, off, heads"][..]),
        (
            "\n[heads.intent.labels.romance]\nverdict = 'hold'",
            &["line 2, heads.intent.labels.romance: ", "professional, pushy-job-seeking, romantic"],
        ),
        ("[heads.mood]", &["line 1, heads.mood: the model has no such head, only intent, reason"]),
        ("[heads.reason]\nread-when = ['good']", &["line 2, heads.reason.read-when: ", "\"good\"", "professional"]),
        ("\n\noff = ['romance']", &["line 3, off: there is no finding \"romance\"", "reason-missing, too-long, unknown, ambiguous"]),
        ("accept = ['']", &["line 1, accept: there is nothing to accept"]),
        ("limit = 'three'", &["line 1, limit: must be a whole number"]),
    ] {
        write(&found, text);
        assert_fails(&check(&[]), &[&[found.to_str().expect("a path"), "found by its name", "--no-policy"], parts].concat());
        assert_fails(&check(&["--policy", "thinktwice.toml"]), parts);
        assert_eq!(check(&["--no-policy"]).status.code(), Some(0));
    }
    assert_fails(&check(&["--policy", "none.toml"]), &["none.toml", "check the path"]);
    assert_fails(&check(&["--no-policy", "--accept", " "]), &["accept: there is nothing to accept"]);
    write(&found, "limit = 9\n# caf\u{e9}");
    std::fs::write(&found, b"# caf\xE9").expect("written");
    assert_fails(&check(&[]), &["thinktwice.toml", "line 1: not UTF-8; save the file as UTF-8"]);
}

fn verdict(text: &str, note: &str) -> (Verdict, Vec<String>) {
    let assessment = Classifier::shipped().with_amended_policy(text).expect("usable").assess(note);
    let findings = assessment.explanation.expect("asked for").findings;
    (assessment.verdict, findings.into_iter().map(|finding| finding.id).collect())
}

#[test]
fn the_documentation_shows_policies_that_can_be_used() {
    let mut blocks = 0;
    for (file, is_toml) in [("README.md", false), ("docs/policy.md", false), ("src/policy/default.toml", true)] {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect(file);
        let whole = if is_toml { format!("```toml\n{text}```") } else { text };
        for block in whole.split("```toml\n").skip(1).map(|rest| rest.split("```").next().expect("an end")) {
            Classifier::shipped().with_amended_policy(block).expect(block);
            blocks += 1;
        }
    }
    assert_eq!(blocks, 3);
}

#[test]
fn a_file_decides_what_holds_what_revises_and_what_is_said() {
    let long = format!("{WORK} {}", "I also work on pumps and gates in the harbour. ".repeat(6));
    assert_eq!(verdict("", ROMANTIC), (Verdict::Hold, vec!["romantic".to_owned()]));
    assert_eq!(verdict("heads.intent.labels.romantic.verdict = 'revise'", ROMANTIC), (Verdict::Revise, vec!["romantic".to_owned()]));
    // Of the other note the model is so sure that its probability is 1 in 32 bits.
    assert_eq!(verdict("heads.intent.labels.romantic.threshold = 1.0", "I keep thinking of your voice.").0, Verdict::Unsure);
    assert_eq!(verdict("off = ['romantic']", ROMANTIC), (Verdict::Send, vec![]));
    assert_eq!(verdict("", &long), (Verdict::Revise, vec!["too-long".to_owned()]));
    assert_eq!(verdict("too-long.verdict = 'hold'", &long), (Verdict::Hold, vec!["too-long".to_owned()]));
    assert_eq!(verdict("off = ['too-long']", &long), (Verdict::Send, vec![]));
    assert_eq!(verdict("limit = 500", &long), (Verdict::Send, vec![]));
    assert_eq!(verdict("limit = 9\noff = ['romantic']", ROMANTIC), (Verdict::Revise, vec!["too-long".to_owned()]));
    let said = "[heads.intent.labels.romantic]\nmessage = 'Warm.'\n";
    let explanation = Classifier::shipped().with_amended_policy(said).expect("usable").assess(ROMANTIC).explanation.expect("asked for");
    assert_eq!(explanation.findings[0].message, "Warm.");
    assert!(explanation.findings[0].help.starts_with("A professional network"), "the help is still the model's");
    // A label that had no rule, and no words.
    let said = "heads.intent.labels.professional.verdict = 'revise'\nheads.intent.labels.professional.message = ''";
    let explanation = Classifier::shipped().with_amended_policy(said).expect("usable").assess(WORK).explanation.expect("asked for");
    assert_eq!(
        (explanation.findings[0].id.as_str(), explanation.findings[0].message.as_str()),
        ("professional", "The recipient is likely to read this as professional.")
    );
}

#[test]
fn whatever_is_switched_off_is_never_found() {
    let notes =
        ["", "x", ROMANTIC, WORK, "Guten Tag Frau Weber", "Hi, let's connect.", "It has been a while. I hope things are better now."];
    let every = Classifier::shipped().finding_ids();
    let all_off = format!("off = {every:?}\nlimit = 1");
    for note in notes {
        assert_eq!(verdict(&all_off, note), (Verdict::Send, vec![]), "{note}");
        for off in &every {
            assert!(!verdict(&format!("off = [{off:?}]"), note).1.contains(off), "{off} {note}");
        }
    }
}

#[test]
fn a_single_word_clears_nothing() {
    assert_eq!(verdict("", "Hello"), (Verdict::Unsure, vec!["unknown".to_owned()]));
    assert_eq!(verdict("off = ['unknown']", "Hello"), (Verdict::Revise, vec!["reason-missing".to_owned()]));
    assert_eq!(verdict("", "Single?"), (Verdict::Hold, vec!["romantic".to_owned()]));
    let mut model = Model::from_bytes(SHIPPED).expect("whole");
    model.about.guard.words = 1;
    assert_eq!(Classifier::new(&model).expect("whole").assess("Hello").verdict, Verdict::Revise);
}

#[test]
fn what_comes_near_to_being_held_is_not_called_clear() {
    let mut model = Model::from_bytes(SHIPPED).expect("whole");
    let professional = Classifier::shipped().assess(WORK).decisive().probabilities[0].1;
    let mut verdict = |doubt: f32| {
        model.about.guard.doubt = doubt;
        Classifier::new(&model).expect("whole").assess(WORK).verdict
    };
    let harm = 1.0 - professional;
    assert_eq!((verdict(2.0 * harm), verdict(harm / 2.0)), (Verdict::Send, Verdict::Unsure));
}

/// The shipped model with thresholds fitted for every strictness, as training would have left them.
fn with_presets() -> Model {
    let mut model = Model::from_bytes(SHIPPED).expect("whole");
    let policy = Policy::shipped();
    let head = &mut model.about.heads[0];
    head.presets.clear();
    for (strictness, at) in [(Strictness::Relaxed, 0.9), (Strictness::Strict, 0.3)] {
        let threshold = |label: &String| Threshold {
            at: if policy.verdict("intent", label) == Verdict::Hold { at } else { 0.0 },
            false_alarms: 0.001,
            found: 0.5,
        };
        let thresholds = head.labels.iter().map(threshold).collect();
        head.presets.push(Preset { strictness, allowed: strictness.false_alarms(policy.false_alarms), thresholds });
    }
    model
}

/// The verdicts on a note that holds from a probability of harm between 0.3 and the normal threshold.
const BETWEEN: &str = "It has been some years. I hope things have calmed down since. Shall we stay in touch?";

#[test]
fn strictness_takes_the_thresholds_fitted_for_it() {
    let mut model = with_presets();
    let bytes = model.to_bytes().expect("writable");
    let read = Model::from_bytes(&bytes).expect("readable");
    assert_eq!(read.about.heads, model.about.heads);
    let verdict = |strictness: &str, rest: &str| {
        let classifier =
            Classifier::new(&read).expect("whole").with_amended_policy(&format!("strictness = '{strictness}'\n{rest}")).expect("usable");
        classifier.assess(BETWEEN).verdict
    };
    assert_eq!(
        ["relaxed", "normal", "strict"].map(|strictness| verdict(strictness, "")),
        [Verdict::Unsure, Verdict::Unsure, Verdict::Hold]
    );
    let own = "[heads.intent.labels.strained-history]\nthreshold = 1.0";
    assert_eq!(verdict("strict", own), Verdict::Unsure, "a threshold of one's own counts, whatever the strictness");
    // From the outside.
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("preset.model"), &bytes).expect("written");
    let outside = |args: &[&str]| {
        let all = [&["check", "--format", "json", "--model", "preset.model", BETWEEN], args].concat();
        json(&thinktwice_in(folder.path(), &all, ""))["verdict"].as_str().expect("a verdict").to_owned()
    };
    assert_eq!(outside(&["--strictness", "strict"]), "hold");
    write(&folder.path().join("thinktwice.toml"), "strictness = 'strict'");
    assert_eq!(outside(&[]), "hold");
    assert_eq!(outside(&["--strictness", "relaxed"]), "unsure");
    let shown = stdout(&thinktwice_in(folder.path(), &["model", "preset.model"], ""));
    assert!(shown.contains("relaxed: from 0.900, 0.4 % false alarms") && shown.contains("strict: from 0.300"), "{shown}");
}

#[test]
fn a_model_without_fitted_strictness_moves_its_threshold() {
    let mut model = with_presets();
    let head = &mut model.about.heads[0];
    head.presets.clear();
    let hold = head.labels.iter().position(|label| label == "romantic").expect("there");
    head.thresholds[hold].at = 0.5;
    let at = |strictness| head.threshold(hold, strictness);
    assert_eq!(at(Strictness::Normal).to_bits(), 0.5_f32.to_bits());
    assert!((at(Strictness::Relaxed) - 0.8).abs() < 1e-6 && (at(Strictness::Strict) - 0.2857).abs() < 1e-4);
    for edge in [0.0, 1.0] {
        head.thresholds[hold].at = edge;
        for strictness in [Strictness::Relaxed, Strictness::Strict] {
            assert_eq!(head.threshold(hold, strictness).to_bits(), edge.to_bits());
        }
    }
}

#[test]
fn a_preset_that_does_not_fit_the_head_is_an_error() {
    for change in [|preset: &mut Preset| preset.thresholds.truncate(1), |preset: &mut Preset| preset.thresholds[0].at = 1.5] {
        let mut model = with_presets();
        change(&mut model.about.heads[0].presets[1]);
        let bytes = model.to_bytes().expect("written as it is");
        assert!(Model::from_bytes(&bytes).expect_err("broken").to_string().contains("threshold"));
    }
}

#[test]
fn exit_zero_speaks_of_the_verdict_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let code = |args: &[&str]| thinktwice_in(folder.path(), args, "").status.code();
    assert_eq!(code(&["check", ROMANTIC]), Some(1));
    assert_eq!(code(&["check", "--exit-zero", ROMANTIC]), Some(0));
    assert_eq!(code(&["check", "--exit-zero", "--quiet", ROMANTIC]), Some(0));
    assert_eq!(code(&["check", "--exit-zero", ""]), Some(2));
    assert_eq!(code(&["check", "--exit-zero", "--policy", "none.toml", ROMANTIC]), Some(2));
}

/// A model of other labels, as somebody would train it with a policy that speaks of labels which their corpus does not have.
fn of_other_labels() -> Model {
    let mut model = Model::from_bytes(SHIPPED).expect("whole");
    let about = &mut model.about;
    let label = about.heads[0].labels.iter().position(|label| label == "romantic").expect("there");
    "charming".clone_into(&mut about.heads[0].labels[label]);
    let rules = &mut about.policy.heads.get_mut("intent").expect("there").labels;
    let mut rule = rules.remove("romantic").expect("there");
    rule.message.clear();
    rule.help.clear();
    rules.insert("charming".to_owned(), rule);
    about.policy.off = vec!["haggling".to_owned()];
    about.policy.heads.get_mut("reason").expect("there").read_when.push("chatting".to_owned());
    model
}

#[test]
fn labels_of_another_model_work_without_pages() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("other.model"), of_other_labels().to_bytes().expect("writable")).expect("written");
    let check = |args: &[&str]| thinktwice_in(folder.path(), &[&["check", "--model", "other.model", ROMANTIC], args].concat(), "");
    let assessment = json(&check(&["--format", "json", "--limit", "299"]));
    assert_eq!((&assessment["verdict"], &assessment["findings"][0]["id"]), (&"hold".into(), &"charming".into()));
    assert_eq!(assessment["findings"][0]["message"], "The recipient is likely to read this as charming.");
    let log = json(&check(&["--format", "sarif"]));
    crate::sarif::assert_valid(&crate::sarif::schema(), &log);
    assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][0]["id"], "charming");
    assert_fails(&thinktwice_in(folder.path(), &["explain", "charming"], ""), &["no page on \"charming\""]);
    write(&folder.path().join("thinktwice.toml"), "off = ['charming']");
    assert_eq!(json(&check(&["--format", "json"]))["verdict"], "send");
    write(&folder.path().join("thinktwice.toml"), "off = ['romantic']");
    assert_fails(&check(&[]), &["line 1, off: there is no finding \"romantic\"", "charming"]);
}
