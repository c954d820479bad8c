//! The README's hooks do what it says of them.

use std::ffi::OsString;
use std::path::Path;
use std::process::Output;

use crate::common::{built, command};

const WORK: &str =
    "Hello Ines, I heard your talk about flood barriers in Rotterdam. I work on the same kind of gates at the water board.\n";
const ROMANTIC: &str = "Your smile has been on my mind since the fair. Are you single?\n";

fn readme() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("the README")
}

/// Runs a program in `folder`, with the built `thinktwice` on the path.
fn run(folder: &Path, program: &str, args: &[&str]) -> Output {
    let mut path = OsString::from(built("thinktwice").parent().expect("a folder"));
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    let none = "/dev/null";
    command(program, folder)
        .args(args)
        .env("PATH", path)
        .envs([("GIT_CONFIG_GLOBAL", none), ("GIT_CONFIG_SYSTEM", none)])
        .envs(["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"].map(|name| (name, "A")))
        .envs(["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"].map(|name| (name, "a@example.org")))
        .output()
        .expect(program)
}

#[test]
fn the_git_hook_looks_at_what_is_about_to_be_committed() {
    use std::os::unix::fs::PermissionsExt;

    let text = readme();
    let hook = text
        .split("```sh\n")
        .map(|rest| rest.split("```").next().expect("an end"))
        .find(|block| block.starts_with("#!"))
        .expect("the hook");
    let folder = tempfile::tempdir().expect("a folder");
    let git = |args: &[&str]| run(folder.path(), "git", args);
    assert!(git(&["init", "-q"]).status.success());
    let path = folder.path().join(".git/hooks/pre-commit");
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    std::fs::write(&path, hook).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("executable");
    std::fs::create_dir(folder.path().join("notes")).expect("made");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    let commit = |name: &str| {
        assert!(git(&["add", name]).status.success());
        git(&["commit", "-q", "-m", "a note"])
    };
    write("other.txt", ROMANTIC);
    assert!(commit("other.txt").status.success(), "not a note");
    write("notes/to Ines.txt", WORK);
    let done = commit("notes/to Ines.txt");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    write("notes/to Ines.txt", ROMANTIC);
    let refused = commit("notes/to Ines.txt");
    assert!(!refused.status.success());
    assert!(["== notes/to Ines.txt", "personal advance"].iter().all(|part| format!("{refused:?}").contains(part)), "{refused:?}");
    write("notes/to Ines.txt", WORK);
    assert!(!git(&["commit", "-q", "-m", "a note"]).status.success(), "what is staged is looked at, not what lies beside it");
}

#[test]
fn the_pre_commit_entry_looks_at_every_note() {
    let text = readme();
    let entry = text.lines().find_map(|line| line.trim().strip_prefix("entry: ")).expect("the entry");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a note.txt"), ROMANTIC).expect("written");
    std::fs::write(folder.path().join("b.txt"), WORK).expect("written");
    let hook = |files: &[&str]| run(folder.path(), "sh", &[&["-c", &format!("{entry} \"$@\""), "sh"], files].concat());
    assert_eq!(hook(&["b.txt"]).status.code(), Some(0));
    let refused = hook(&["a note.txt", "b.txt"]);
    assert_eq!(refused.status.code(), Some(1));
    let printed = String::from_utf8_lossy(&refused.stdout);
    assert_eq!(printed.matches(" of 300 characters.").count(), 2, "both were read: {printed}");
    assert!(printed.contains("== a note.txt\n") && printed.contains("== b.txt\n"), "and named: {printed}");
}
