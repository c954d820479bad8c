//! How tests run the programs, and what they ask of the output.
#![allow(dead_code, reason = "each test takes some of it")]

pub(crate) mod place;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What a program needs of the machine's environment in order to run and to have a folder for temporary files.
const KEPT: [&str; 6] = ["PATH", "TMPDIR", "TEMP", "TMP", "SystemRoot", "LLVM_PROFILE_FILE"];

/// A command in `folder`, which is its home too. Whatever else the machine has set (colours, widths, languages, a continuous integration) does not reach it, and no
/// policy but the one in `folder` or in its subfolder `config`.
pub(crate) fn command(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().envs(KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.current_dir(folder).env("HOME", folder).env("XDG_CONFIG_HOME", folder.join("config"));
    command
}

/// Where one of the programs of this package was built.
pub(crate) fn built(program: &str) -> PathBuf {
    assert_cmd::cargo::cargo_bin(program)
}

/// Runs one of the programs of this package in `folder`, as if on 80 columns.
pub(crate) fn run(program: &str, folder: &Path, args: &[&str], stdin: impl Into<Vec<u8>>) -> Output {
    let mut command = assert_cmd::Command::from_std(command(built(program), folder));
    command.env("COLUMNS", "80").args(args).write_stdin(stdin).output().expect("runs")
}

/// Runs `thinktwice` in `folder`.
pub(crate) fn thinktwice_in(folder: &Path, args: &[&str], stdin: &str) -> Output {
    run("thinktwice", folder, args, stdin)
}

/// Standard output as text.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// Standard output as JSON, of a run that did not fail.
pub(crate) fn json(output: &Output) -> serde_json::Value {
    assert_ne!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Exit code 2, nothing on standard output, one line on standard error that contains every part.
pub(crate) fn assert_fails(output: &Output, parts: &[&str]) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(output.stdout.is_empty());
    assert_eq!(error.trim_end().lines().count(), 1, "{error}");
    for part in parts {
        assert!(error.contains(part), "{part:?} is not in {error}");
    }
}

/// Runs the transcripts of a file of this repository in `folder` and compares what is printed.
pub(crate) fn transcripts(folder: &Path, file: &str) {
    std::env::set_current_dir(folder).expect("there");
    // These are run by a library that hands everything on; NO_COLOR outweighs whatever else is said of colours.
    let none = folder.join("config");
    trycmd::TestCases::new()
        .case(Path::new(env!("CARGO_MANIFEST_DIR")).join(file))
        .env("COLUMNS", "80")
        .env("NO_COLOR", "1")
        .env("HOME", folder.to_str().expect("text"))
        .env("XDG_CONFIG_HOME", none.to_str().expect("text"));
}
