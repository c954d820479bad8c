//! What describes the program and its models: `model`, `completions`, `man`, help texts.

use crate::common::{assert_fails, built, command, json, stdout, thinktwice_in};

const COMMANDS: [&str; 6] = ["check", "score", "explain", "model", "completions", "man"];

fn run(args: &[&str]) -> std::process::Output {
    thinktwice_in(tempfile::tempdir().expect("a folder").path(), args, "")
}

#[test]
fn model_shows_labels_figures_settings_and_what_speaks_most() {
    let text = stdout(&run(&["model"]));
    let machine = json(&run(&["model", "--format", "json"]));
    let digest = machine["digest"].as_str().expect("a digest");
    for part in [digest, "macro-F1", "95 % interval", "What speaks most for romantic", "Settings", "alpha", "false alarms"] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let narrow = command(built("thinktwice"), folder.path()).arg("model").env("COLUMNS", "60").output().expect("runs");
    for line in stdout(&narrow).lines().filter(|line| !line.starts_with("digest ")) {
        assert!(line.chars().count() <= 60, "{line}");
    }
    let figure = &machine["training"]["cross-validation"][0]["macro_f1"];
    let [low, value, high] = ["low", "value", "high"].map(|end| figure[end].as_f64().expect("a number"));
    assert!(text.contains(&format!("macro-F1  {value:.3} (95 % interval {low:.3} to {high:.3})")), "{text}");
    for head in machine["heads"].as_array().expect("heads") {
        for label in head["labels"].as_array().expect("labels") {
            let strongest = &head["strongest"][label.as_str().expect("a label")];
            let first = &strongest[0]["features"][0];
            assert!(first["weight"].as_f64().expect("a number") > 0.0);
            assert!(text.contains(&format!("“{}”", first["text"].as_str().expect("text"))), "{first}");
        }
    }
    assert_eq!(machine["policy"]["limit"], 300);
}

#[test]
fn a_model_that_cannot_be_shown_is_one_clear_line() {
    assert_fails(&run(&["model", "none.model"]), &["none.model", "check the path"]);
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("half"), &thinktwice::model::SHIPPED[..5000]).expect("written");
    assert_fails(&thinktwice_in(folder.path(), &["model", "half"], ""), &["half", "not a usable model"]);
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_is_one_clear_line() {
    let folder = tempfile::tempdir().expect("a folder");
    for args in [&["explain"][..], &["explain", "romantic"], &["model"], &["man"], &["completions", "fish"], &["check", "Hello Ines"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("there");
        let output = command(built("thinktwice"), folder.path()).args(args).stdout(full).stderr(std::process::Stdio::piped()).spawn();
        let output = output.and_then(std::process::Child::wait_with_output).expect("runs");
        assert_fails(&output, &["cannot write standard output", "free space"]);
    }
}

#[test]
fn every_shell_gets_a_script_that_knows_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = stdout(&run(&["completions", shell]));
        for word in COMMANDS.into_iter().chain(["strictness", "exit-zero"]) {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(run(&["completions", "csh"]).status.code(), Some(2));
    // Where bash is installed, it accepts the script.
    let script = stdout(&run(&["completions", "bash"]));
    if let Ok(status) = command("bash", &std::env::temp_dir()).args(["-n", "-c", &script]).status() {
        assert!(status.success());
    }
}

#[test]
fn every_command_has_a_manual_page_and_help_with_examples() {
    let page = stdout(&run(&["man"]));
    assert!(page.contains(".TH thinktwice 1"), "{page}");
    for command in COMMANDS {
        assert!(page.contains(&format!("thinktwice\\-{command}(1)")), "{command} is not in {page}");
        let own = stdout(&run(&["man", command]));
        assert!(own.contains(&format!(".TH thinktwice-{command} 1")) && own.contains("Examples:"), "{own}");
        let help = stdout(&run(&[command, "--help"]));
        let (_, examples) = help.split_once("Examples:\n").expect(command);
        assert!(examples.lines().next().is_some_and(|line| line.contains(&format!("thinktwice {command}"))), "{help}");
    }
    assert!(stdout(&run(&["--help"])).contains("Examples:"));
    assert_fails(&run(&["man", "nonsense"]), &["nonsense", "check, score, label, explain"]);
}
