//! How tests run the program: away from whatever policy the machine they run on may have.

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;

/// Runs `thinktwice` in `folder`, whose subfolder `config` is the user's configuration folder.
pub(crate) fn thinktwice_in(folder: &Path, args: &[&str], stdin: &str) -> Output {
    Command::cargo_bin("thinktwice")
        .expect("built")
        .args(args)
        .current_dir(folder)
        .env("XDG_CONFIG_HOME", folder.join("config"))
        .env("HOME", folder)
        .env("COLUMNS", "80")
        .write_stdin(stdin)
        .output()
        .expect("runs")
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// Standard output as JSON, of a run that did not fail.
pub(crate) fn json(output: &Output) -> serde_json::Value {
    assert_ne!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}
