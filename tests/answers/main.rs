//! What a person sees of an answer, on drafts of every kind: kept at three widths without colours, and as pictures of a light and a dark terminal.
//! `SNAPSHOTS=overwrite cargo test --test answers` makes them anew; then the changes want to be read.
#![cfg(feature = "cli")]

#[path = "../common/mod.rs"]
mod common;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anstyle::{Color, RgbColor};
use anstyle_svg::Term;
use common::{built, command};
use unicode_width::UnicodeWidthStr;

const WIDTHS: [usize; 3] = [60, 80, 120];
/// The drafts that the README shows.
const PICTURES: [&str; 2] = ["05-romantic-in-one-sentence", "12-read-in-two-ways"];
/// Name, text, background.
const TERMINALS: [(&str, RgbColor, RgbColor); 2] =
    [("dark", RgbColor(0xE6, 0xED, 0xF3), RgbColor(0x0D, 0x11, 0x17)), ("light", RgbColor(0x1F, 0x23, 0x28), RgbColor(0xFF, 0xFF, 0xFF))];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every draft, in the order of their names.
fn drafts() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(root().join("tests/answers/drafts")).expect("the drafts");
    let mut drafts: Vec<PathBuf> = folder.map(|entry| entry.expect("an entry").path()).collect();
    drafts.sort();
    assert!(drafts.len() >= 10);
    drafts
}

fn name(draft: &Path) -> &str {
    draft.file_stem().and_then(|name| name.to_str()).expect("a name")
}

/// What `thinktwice check` prints at a terminal's width, and how it exits.
fn answer(draft: &Path, columns: usize, color: &str) -> (String, i32) {
    let output = command(built("thinktwice"), root())
        .args(["check", "--no-policy", "--color", color, "--file"])
        .arg(draft)
        .env("COLUMNS", columns.to_string())
        .output()
        .expect("ran");
    (String::from_utf8(output.stdout).expect("text"), output.status.code().expect("an exit code"))
}

/// Compares with what is kept, or keeps it.
fn assert_kept(path: &Path, found: &str) {
    if std::env::var("SNAPSHOTS").is_ok_and(|value| value == "overwrite") {
        std::fs::write(path, found).expect("written");
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    if let Some((line, (old, new))) = kept.lines().zip(found.lines()).enumerate().find(|(_, (old, new))| old != new) {
        panic!(
            "{}:{} is not what is printed now:\n{old}\n{new}\nSNAPSHOTS=overwrite cargo test --test answers keeps that",
            path.display(),
            line + 1
        );
    }
    assert_eq!(kept.len(), found.len(), "{} has another end; SNAPSHOTS=overwrite cargo test --test answers makes it anew", path.display());
}

#[test]
fn answers_are_what_they_were() {
    for columns in WIDTHS {
        let mut all = String::new();
        for draft in drafts() {
            let (plain, code) = answer(&draft, columns, "never");
            writeln!(all, "## {}, exit code {code}\n\n{plain}", name(&draft)).expect("in memory");
        }
        assert_kept(&root().join(format!("tests/answers/columns-{columns}.txt")), &all);
    }
}

#[test]
fn colours_change_no_character_and_no_line_is_too_wide() {
    for draft in drafts() {
        for columns in [20, 24, 40, 60, 80, 120] {
            let (plain, _) = answer(&draft, columns, "never");
            let (coloured, _) = answer(&draft, columns, "always");
            assert!(!plain.contains('\u{1B}') && coloured.contains("\u{1B}["));
            assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain, "{}", name(&draft));
            for line in plain.lines() {
                assert!(line.width() <= columns, "{} at {columns}: {line:?}", name(&draft));
                assert_eq!(line.trim_end(), line);
            }
        }
    }
}

#[test]
fn pictures_are_of_the_real_thing() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("the README");
    for picture in PICTURES {
        let draft = root().join(format!("tests/answers/drafts/{picture}.txt"));
        let (coloured, code) = answer(&draft, 80, "always");
        assert_eq!(code, 1);
        let screen = format!("$ thinktwice check -f draft.txt\n{coloured}");
        let verdict = if coloured.contains(" hold ") { "hold" } else { "unsure" };
        for (terminal, text, background) in TERMINALS {
            let svg = Term::new().fg_color(Color::Rgb(text)).bg_color(Color::Rgb(background)).min_width_px(720).render_svg(&screen);
            let file = format!("docs/pictures/{verdict}-{terminal}.svg");
            assert!(readme.contains(&file), "the README does not show {file}");
            assert_kept(&root().join(file), &svg);
        }
    }
}

#[cfg(unix)]
mod on_a_terminal {
    use rexpect::session::spawn_command;

    use super::*;

    /// What comes out of a pseudo-terminal of so many columns.
    fn screen(columns: usize, environment: &[(&str, &str)]) -> String {
        let draft = root().join("tests/answers/drafts/05-romantic-in-one-sentence.txt");
        let mut shell = command("sh", root());
        shell.args(["-c", "stty cols \"$1\" rows 40 && exec \"$0\" check --no-policy -f \"$2\""]).arg(built("thinktwice"));
        shell.arg(columns.to_string()).arg(draft).env("TERM", "xterm-256color");
        shell.envs(environment.iter().copied());
        let mut session = spawn_command(shell, Some(20_000)).expect("a terminal");
        // It takes every byte for a character.
        let bytes = session.exp_eof().expect("an end").chars().map(|ch| ch as u8).filter(|byte| *byte != b'\r').collect();
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn the_terminal_s_own_width_counts() {
        let draft = root().join("tests/answers/drafts/05-romantic-in-one-sentence.txt");
        for columns in WIDTHS {
            assert_eq!(screen(columns, &[]), answer(&draft, columns, "always").0);
            assert_eq!(screen(columns, &[("NO_COLOR", "1")]), answer(&draft, columns, "never").0);
        }
        assert_eq!(screen(80, &[("TERM", "dumb")]), answer(&draft, 80, "never").0);
    }
}
