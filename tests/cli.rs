//! The programs from the outside: exit codes, one clear line for each error, nothing half written.
#![cfg(all(feature = "cli", feature = "train"))]

mod common;

use std::path::Path;
use std::process::Output;

use common::assert_fails;
use thinktwice::Classifier;
use thinktwice::model::SHIPPED;

fn run(program: &str, args: &[&str], stdin: &[u8]) -> Output {
    common::run(program, Path::new(env!("CARGO_TARGET_TMPDIR")), args, stdin)
}

fn thinktwice(args: &[&str], stdin: &[u8]) -> Output {
    run("thinktwice", args, stdin)
}

const PUSHY: &str = "I interviewed with you on Tuesday, please tell me whether I got the job. Any news on my application?";
const WORK: &str = "Hello Ines, I heard your talk about flood barriers in Rotterdam. I work on the same kind of gates at the water board.";

#[test]
fn exit_codes_follow_the_verdict() {
    assert_eq!(thinktwice(&["check", PUSHY], b"").status.code(), Some(1));
    assert_eq!(thinktwice(&["check", WORK], b"").status.code(), Some(0));
    assert_eq!(thinktwice(&["check", "--quiet", PUSHY], b"").stdout, b"");
    assert_eq!(thinktwice(&["check", "--limit", "20", WORK], b"").status.code(), Some(1));
}

#[test]
fn argument_file_and_standard_input_give_the_answer_of_the_library() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("draft.txt");
    std::fs::write(&file, format!("{PUSHY}\n")).expect("written");
    let expected = format!("{}\n", serde_json::to_string(&Classifier::shipped().assess(PUSHY)).expect("json"));
    let path = file.to_str().expect("a path");
    for output in [
        thinktwice(&["check", "--format", "json", PUSHY], b""),
        thinktwice(&["check", "--format", "json", "-f", path], b""),
        thinktwice(&["check", "--format", "json", "-"], PUSHY.as_bytes()),
        thinktwice(&["check", "--format", "json"], format!("{PUSHY}\r\n").as_bytes()),
    ] {
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    }
    let line = serde_json::json!({ "text": PUSHY, "intent": "mine", "n": 1.5 });
    let output = thinktwice(&["score", "--explain", "-"], line.to_string().as_bytes());
    let scored = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(scored.contains(expected.trim_end()), "score says something else than check: {scored}");
    let scored: serde_json::Value = serde_json::from_str(&scored).expect("json");
    assert_eq!((&scored["intent"], &scored["n"], &scored["assessment"]["verdict"]), (&"mine".into(), &1.5.into(), &"hold".into()));
}

#[test]
fn a_draft_that_cannot_be_read_is_one_clear_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    std::fs::write(path("latin1.txt"), b"first line\ncaf\xE9").expect("written");
    assert_fails(&thinktwice(&["check", ""], b""), &["the draft is empty"]);
    assert_fails(&thinktwice(&["check"], b" \n"), &["the draft is empty"]);
    assert_fails(&thinktwice(&["check", "-f", &path("latin1.txt")], b""), &["latin1.txt:2", "not UTF-8", "save"]);
    assert_fails(&thinktwice(&["check", "-f", &path("missing.txt")], b""), &["missing.txt", "check the path"]);
    assert_fails(&thinktwice(&["check", "-f", folder.path().to_str().expect("a path")], b""), &["is a folder"]);
    assert_fails(&thinktwice(&["check", "-"], &vec![b'a'; 2 << 20]), &["more than"]);
    assert_fails(&thinktwice(&["score", &path("missing.jsonl")], b""), &["missing.jsonl", "check the path"]);
    assert_fails(&thinktwice(&["score", &path("notes.docx")], b""), &["notes.docx", ".jsonl"]);
    assert_eq!(thinktwice(&["check", "--nonsense"], b"").status.code(), Some(2));
}

#[test]
fn a_model_or_policy_that_cannot_be_used_is_one_clear_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    let write = |name: &str, content: &[u8]| {
        std::fs::write(path(name), content).expect("written");
        path(name)
    };
    let version = {
        let (from, to) = (br#"{\"format\":7,"#, br#"{\"format\":8,"#);
        let at = SHIPPED.windows(from.len()).position(|window| window == from).expect("there");
        let mut bytes = SHIPPED.to_vec();
        bytes[at..at + to.len()].copy_from_slice(to);
        bytes
    };
    let check = |option: &str, file: &str| thinktwice(&["check", option, file, WORK], b"");
    assert_fails(&check("--model", &write("half", &SHIPPED[..SHIPPED.len() / 2])), &["half", "not a usable model"]);
    assert_fails(&check("--model", &write("old", &version)), &["old", "format version 8", "retrain"]);
    assert_fails(&check("--model", &path("none")), &["none", "check the path"]);
    assert_fails(&check("--policy", &write("p.toml", b"limit = 3\nlimt = 4\n")), &["p.toml", "line "]);
    let policy = include_str!("../src/policy/default.toml").replace("heads.intent.labels.romantic", "heads.intent.labels.romance");
    assert_fails(&check("--policy", &write("q.toml", policy.as_bytes())), &["q.toml", "romance", "no such label"]);
}

#[test]
fn training_on_a_bad_corpus_writes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("notes.jsonl");
    let model = folder.path().join("out.model");
    let fit = |content: &[u8]| {
        std::fs::write(&data, content).expect("written");
        run("thinktwice-train", &["fit", "--data", data.to_str().expect("a path"), "-o", model.to_str().expect("a path")], b"")
    };
    assert_fails(&fit(b"{\"text\":\"a\",\"intent\":\"x\"}\n{\"text\":\"b\"}\n"), &["notes.jsonl:2", "no \"intent\"", "--skip-bad-rows"]);
    assert_fails(&fit(b"{\"text\":\"a\",\"intent\":\"x\"}\n{\"text\":\n"), &["notes.jsonl:2", "not a JSON object"]);
    assert_fails(&fit(b""), &["notes.jsonl", "no labelled note"]);
    assert!(!Path::new(&model).exists());
    let left: Vec<_> = std::fs::read_dir(folder.path()).expect("the folder").collect();
    assert_eq!(left.len(), 1, "only the corpus is left: {left:?}");
}

#[test]
fn fit_then_evaluate_then_check_with_the_new_model() {
    let folder = tempfile::tempdir().expect("a folder");
    let model = folder.path().join("mine.model");
    let model = model.to_str().expect("a path");
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/corpus");
    let mut files: Vec<String> = std::fs::read_dir(corpus)
        .expect("the corpus")
        .map(|entry| entry.expect("an entry").path().to_str().expect("a path").to_owned())
        .collect();
    files.sort();
    let mut args = vec!["fit", "--vocabulary", "3000", "--name", "mine", "-o", model, "--data"];
    args.extend(files[..5].iter().map(String::as_str));
    let fitted = run("thinktwice-train", &args, b"");
    assert!(fitted.status.success(), "{}", String::from_utf8_lossy(&fitted.stderr));
    let notes = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/evaluation/notes.jsonl");
    let measured =
        run("thinktwice-train", &["evaluate", "--model", model, "--data", notes.to_str().expect("a path"), "--format", "json"], b"");
    let figures: serde_json::Value = serde_json::from_slice(&measured.stdout).expect("json");
    let f1 = &figures["heads"][0]["macro_f1"];
    assert!(f1["low"].as_f64() < f1["value"].as_f64() && f1["value"].as_f64() < f1["high"].as_f64(), "{f1}");
    let checked = thinktwice(&["check", "--model", model, "--format", "json", PUSHY], b"");
    assert!(String::from_utf8_lossy(&checked.stdout).contains("\"name\":\"mine\""));
}

fn evaluate(args: &[&str]) -> Output {
    let mut all = vec!["evaluate"];
    all.extend(args);
    run("thinktwice-train", &all, b"")
}

#[test]
fn evaluate_gives_every_figure_as_json() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (notes, model) = (root.join("data/evaluation/notes.jsonl"), root.join("models/default.safetensors"));
    let folder = tempfile::tempdir().expect("a folder");
    let output = folder.path().join("figures.json");
    let paths = [&notes, &model, &output].map(|path| path.to_str().expect("a path"));
    let done = evaluate(&["--data", paths[0], "--against", paths[1], "--format", "json", "-o", paths[2]]);
    assert!(done.status.success() && done.stdout.is_empty(), "{}", String::from_utf8_lossy(&done.stderr));
    let figures: serde_json::Value = serde_json::from_slice(&std::fs::read(&output).expect("written")).expect("json");
    let head = &figures["heads"][0];
    for name in ["accuracy", "macro_f1", "log_loss", "brier_score", "calibration_error"] {
        let [low, value, high] = ["low", "value", "high"].map(|end| head[name][end].as_f64().expect("a number"));
        assert!(0.0 <= low && low <= value && value <= high, "{name}: {low} {value} {high}");
    }
    for label in head["labels"].as_array().expect("labels") {
        let points = label["reliability"].as_array().expect("points");
        assert_eq!(points.iter().filter_map(|point| point["notes"].as_u64()).sum::<u64>(), head["notes"], "{label}");
    }
    assert_eq!(figures["verdicts"]["harmful_labels"].as_array().map(Vec::len), Some(3));
    let points = figures["risk_coverage"]["points"].as_array().expect("points");
    let wrong = 1.0 - head["accuracy"]["value"].as_f64().expect("a number");
    assert_eq!((points.len(), &points[19]["notes"]), (20, &figures["notes"]));
    assert!((points[19]["error"].as_f64().expect("a number") - wrong).abs() < 1e-12);
    assert!(figures["slices"].as_array().expect("slices").iter().any(|slice| slice["by"] == "hard" && slice["value"] == "true"));
    let against = &figures["against"];
    assert_eq!((&against["only_ours_right"], &against["mcnemar_p"]), (&0.into(), &1.0.into()), "a model is as good as itself");
    assert_eq!((&against["macro_f1"]["value"], &against["log_loss"]["ours_better"]), (&0.0.into(), &0.5.into()));
    // The same model and the same notes, by name.
    let done = evaluate(&["--data", "shipped", "--against", "shipped", "--format", "json"]);
    let by_name: serde_json::Value = serde_json::from_slice(&done.stdout).expect("json");
    for part in ["model", "heads", "verdicts"] {
        assert_eq!(by_name[part], figures[part], "{part}");
    }
    assert_eq!((&by_name["against"]["name"], &by_name["against"]["groups"]), (&"the shipped model".into(), &against["groups"]));
}

/// Fits a model on `notes` in a file of that name, and returns the paths of both.
fn fitted(folder: &Path, name: &str, notes: &str) -> [String; 2] {
    let path = |kind: &str| folder.join(format!("{name}.{kind}")).to_str().expect("a path").to_owned();
    let [data, model] = [path("jsonl"), path("model")];
    std::fs::write(&data, notes).expect("written");
    let done = run("thinktwice-train", &["fit", "--fixed", "--label-column", "tone", "--data", &data, "-o", &model], b"");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    [data, model]
}

#[test]
fn a_comparison_ends_in_a_conclusion_unless_a_model_knows_the_notes() {
    let folder = tempfile::tempdir().expect("a folder");
    let corpus = small_corpus();
    let lines: Vec<String> = corpus.lines().map(|line| line.replace("\"group\":", "\"from\":")).collect();
    let join = |lines: &[String]| lines.join("\n");
    // The second has learned from wrong labels.
    let swapped = |line: &String| line.replace("\"work\"", "\"-\"").replace("\"love\"", "\"work\"").replace("\"-\"", "\"love\"");
    let [_, ours] = fitted(folder.path(), "ours", &join(&lines[24..]));
    let [_, theirs] = fitted(folder.path(), "theirs", &join(&lines[24..].iter().map(swapped).collect::<Vec<_>>()));
    let held_out = folder.path().join("held-out.jsonl");
    let held_out = held_out.to_str().expect("a path");
    std::fs::write(held_out, join(&lines[..24])).expect("written");
    let compared = |data: &str| evaluate(&["--model", &ours, "--against", &theirs, "--data", data]);

    let output = compared(held_out);
    let text = String::from_utf8(output.stdout).expect("text").replace('\n', " ");
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("This model is better than ") && text.contains("theirs.model on these notes: its macro-F1 is "), "{text}");
    let counts = evaluate(&["--model", &theirs, "--against", &ours, "--data", held_out]).stdout;
    assert!(String::from_utf8_lossy(&counts).contains("This model is worse than "));

    std::fs::write(held_out, join(&lines[20..44])).expect("written");
    let output = compared(held_out);
    let (said, text) = (String::from_utf8_lossy(&output.stderr).into_owned(), String::from_utf8_lossy(&output.stdout).into_owned());
    assert!(said.starts_with("warning: this model has learned from 20 of these 24 notes: "), "{said}");
    assert_eq!(said.lines().count(), 2, "the other model has learned from them too: {said}");
    assert!(text.contains("Nothing follows from this") && !text.contains("is better than"), "{text}");

    assert_fails(&evaluate(&["--model", &ours, "--data", "shipped"]), &["\"tone\"", "notes of your own"]);
    assert_fails(&evaluate(&["--model", &ours, "--against", "shipped", "--data", held_out]), &["\"tone\"", "\"intent\"", "compare models"]);
}

/// Every tag that the page opens is closed in its turn, and is one of those that can do nothing.
fn assert_balanced(html: &str) {
    const HARMLESS: [&str; 30] = [
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "h1",
        "h2",
        "h3",
        "p",
        "div",
        "span",
        "b",
        "bdi",
        "table",
        "tr",
        "th",
        "td",
        "figure",
        "figcaption",
        "svg",
        "line",
        "polyline",
        "circle",
        "text",
        "details",
        "summary",
        "ul",
        "li",
    ];
    let mut open = Vec::new();
    for part in html.split('<').skip(1).filter(|part| !part.starts_with("!DOCTYPE html>")) {
        let (tag, _) = part.split_once('>').expect("a tag ends");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().expect("a name");
        assert!(HARMLESS.contains(&name), "<{tag}>");
        match (tag.starts_with('/'), tag.ends_with('/') || name == "meta") {
            (true, _) => assert_eq!(open.pop(), Some(name)),
            (false, true) => {}
            (false, false) => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn an_evaluation_page_is_one_file_that_no_note_can_break() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    let hostile = "<script>alert(1)</script>";
    let note = |(place, intent): (usize, &str)| {
        let column = if place == 0 { "</table><img onerror='x'>" } else { "plain" };
        let group = if place % 2 == 0 { "<i>" } else { "</style>" };
        let text = format!("{hostile} Are you single? {place}");
        serde_json::json!({ "text": text, "intent": intent, "id": "</main>", "group": group, "<b>": column }).to_string()
    };
    let labels = ["professional", "romantic", "pushy-job-seeking", "strained-history"];
    let notes: Vec<String> = labels.into_iter().enumerate().map(note).collect();
    std::fs::write(path("<notes>.jsonl"), notes.join("\n")).expect("written");
    let case = serde_json::json!({ "kind": "mixed", "text": hostile, "intent": "</li>" });
    std::fs::write(path("suite.jsonl"), case.to_string()).expect("written");
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/default.safetensors");
    let (data, suite, page) = (path("<notes>.jsonl"), path("suite.jsonl"), path("page.html"));
    let against = model.to_str().expect("a path");
    let done =
        evaluate(&["--data", &data, "--suite", &suite, "--against", against, "--misses", "9", "--format", "html", "--output", &page]);
    assert!(done.status.success() && done.stdout.is_empty(), "{}", String::from_utf8_lossy(&done.stderr));
    let html = std::fs::read_to_string(&page).expect("written");
    assert_balanced(&html);
    assert!(!html.contains("http") && !html.contains("url(") && !html.contains("@import"), "the page needs nothing else");
    for part in ["&lt;script&gt;alert(1)&lt;/script&gt; Are you single?", "By &lt;b&gt;", "&lt;notes&gt;.jsonl", "McNemar", "&lt;/li&gt;"] {
        assert!(html.contains(part), "{part:?} is not in the page");
    }
}

#[test]
fn an_evaluation_that_fails_writes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    std::fs::write(path("notes.jsonl"), "{\"text\":\"a\",\"intent\":\"charming\"}\n").expect("written");
    let (data, page) = (path("notes.jsonl"), path("page.html"));
    assert_fails(&evaluate(&["--data", &data, "--format", "html"]), &["--format html", "--output FILE"]);
    assert_fails(&evaluate(&["--data", &data, "-o", &page]), &["--output", "--format json"]);
    assert_fails(&evaluate(&["--data", &data, "--format", "html", "-o", &page]), &["charming", "evaluate with a model of these labels"]);
    assert_fails(&evaluate(&["--data", &data, "--against", &path("none")]), &["none", "check the path"]);
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 1, "only the notes are left");
}

/// Notes of four writers about two matters, told apart by their words, with one wrong label (line 8).
fn small_corpus() -> String {
    let work = ["bridge", "survey", "budget", "rota", "pump", "tender", "audit", "scaffold", "invoice", "drainage", "concrete"];
    let love = ["eyes", "kiss", "dinner", "smile", "heart", "darling", "perfume", "moonlight", "cuddle", "gorgeous", "handsome"];
    let mut lines = Vec::new();
    for row in 0..48_usize {
        let (words, label) = if row % 2 == 0 { (work, "work") } else { (love, "love") };
        let label = if row == 7 { "work" } else { label };
        // Three words that tell, and two of the note's own.
        let mut words: Vec<String> = [1, 2, 5].map(|step| words[(row / 2 * step + row / 11) % 11].to_owned()).to_vec();
        words.extend([format!("no{}", row * 7919 % 10007), format!("nr{}", row * row * 104_729 % 10007)]);
        lines.push(
            serde_json::json!({ "text": words.join(" "), "tone": label, "group": format!("writer {}", row % 8 / 2), "n": row }).to_string(),
        );
    }
    lines.join("\n") + "\n"
}

#[test]
fn an_audit_as_a_table_is_edited_and_given_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    let (mine, edited, cleaned) = (path("mine.jsonl"), path("edited.csv"), path("cleaned.jsonl"));
    std::fs::write(&mine, small_corpus()).expect("written");
    let train = |args: &[&str]| run("thinktwice-train", args, b"");
    let audit = |more: &[&str]| train(&[&["audit", "--data", &mine, "--label-column", "tone"], more].concat());

    let output = audit(&["--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let first =
        report["findings"].as_array().expect("findings").iter().find(|finding| finding["cause"] == "label-error").expect("an error");
    assert_eq!((&first["line"], &first["label"], &first["suggested_label"]), (&8.into(), &"work".into(), &"love".into()), "{report}");
    let human = String::from_utf8(audit(&[]).stdout).expect("text");
    assert!(human.contains("48 notes in 4 groups") && human.contains("mine.jsonl:8  work → love?"), "{human}");

    let table = String::from_utf8(audit(&["--format", "csv"]).stdout).expect("text");
    let filled: Vec<String> =
        table.lines().map(|line| if line.contains("mine.jsonl,8,") { format!("{line}love") } else { line.to_owned() }).collect();
    std::fs::write(&edited, filled.join("\r\n")).expect("written");
    let output = audit(&["--apply", &edited, "-o", &cleaned]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("mine.jsonl:8: work → love") && said.contains("48 rows"), "{said}");
    assert_eq!(std::fs::read_to_string(&mine).expect("the input"), small_corpus(), "the input stays");
    let (before, after) = (small_corpus(), std::fs::read_to_string(&cleaned).expect("the output"));
    let changed: Vec<(usize, &str)> =
        before.lines().zip(after.lines()).enumerate().filter(|(_, (old, new))| old != new).map(|(row, (_, new))| (row, new)).collect();
    assert_eq!(changed.len(), 1);
    assert!(changed[0].0 == 7 && changed[0].1.contains("\"love\""), "{changed:?}");

    assert_fails(&audit(&["--apply", &edited, "-o", &mine]), &["mine.jsonl", "another file"]);
    std::fs::write(&edited, table.replace(",\n", ",love\n").replace("mine.jsonl,8,", "mine.jsonl,800,")).expect("written");
    std::fs::write(&cleaned, "old").expect("written");
    assert_fails(&audit(&["--apply", &edited, "-o", &cleaned]), &["edited.csv:", "no row of --data"]);
    assert_eq!(std::fs::read_to_string(&cleaned).expect("the old output"), "old");
    assert_fails(&audit(&["--apply", &path("none.csv"), "-o", &cleaned]), &["none.csv", "check the path"]);
    assert_fails(&audit(&["--plan", &path("none.toml")]), &["none.toml", "check the path"]);
    assert_eq!(audit(&["--apply", &edited]).status.code(), Some(2));
}
