//! Findings, their pages, the policy's rules and `explain` belong together.
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::common::{assert_fails, json, stdout, thinktwice_in};
use thinktwice::{Classifier, Policy};

fn pages() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/findings")
}

fn page(id: &str) -> String {
    std::fs::read_to_string(pages().join(format!("{id}.md"))).expect("a page")
}

/// The quoted notes under a heading.
fn quoted<'p>(page: &'p str, heading: &str) -> Vec<&'p str> {
    let section = page.split("\n## ").find_map(|section| section.strip_prefix(heading)).expect("a section");
    section.lines().filter_map(|line| line.strip_prefix("> ")).collect()
}

const HEADINGS: [&str; 5] = ["What it means", "Why it matters", "Example", "What to do instead", "How to switch it off"];

#[test]
fn every_finding_has_a_page_and_every_page_a_finding() {
    let classifier = Classifier::shipped().with_policy(Policy::shipped()).expect("the model has all labels");
    let ids: BTreeSet<String> = classifier.finding_ids().into_iter().collect();
    let files: BTreeSet<String> = std::fs::read_dir(pages())
        .expect("the pages")
        .map(|entry| entry.expect("an entry").path().file_stem().expect("a name").to_str().expect("text").to_owned())
        .collect();
    assert_eq!(files, ids);
    let folder = tempfile::tempdir().expect("a folder");
    let list = stdout(&thinktwice_in(folder.path(), &["explain"], ""));
    let listed: BTreeSet<String> = list.lines().map(|line| line.split("  ").next().expect("an id").to_owned()).collect();
    assert_eq!(listed, ids);
    for id in &ids {
        let page = page(id);
        assert!(page.starts_with(&format!("# {id}: ")), "{id}");
        let headings: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(headings, HEADINGS, "{id}");
        let shown = thinktwice_in(folder.path(), &["explain", id], "");
        assert_eq!(shown.status.code(), Some(0));
        // The words are the page's, whatever is marked up and wrapped.
        let words = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|line| !line.starts_with("```")).collect::<Vec<_>>().join(" ");
            lines.split(|ch: char| !ch.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        assert_eq!(words(&stdout(&shown)), words(&page), "{id}");
    }
}

#[test]
fn explain_lists_what_there_is_where_it_does_not_know_the_finding() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_fails(&thinktwice_in(folder.path(), &["explain", "romance"], ""), &["romance", "romantic, pushy-job-seeking", "ambiguous"]);
}

#[test]
fn the_examples_are_found_and_what_to_do_instead_is_not() {
    let classifier = Classifier::shipped();
    for id in classifier.finding_ids() {
        let page = page(&id);
        let found = |note: &str| {
            let explanation = classifier.assess(note).explanation.expect("asked for");
            explanation.findings.into_iter().map(|finding| finding.id).collect::<Vec<_>>()
        };
        for note in quoted(&page, "Example") {
            assert_eq!(found(note), [id.as_str()], "{note}");
        }
        for note in quoted(&page, "What to do instead") {
            assert_eq!(found(note), [""; 0], "{note}");
        }
    }
}

/// What a page says on switching off is tried: with it, the example has no such finding, and the verdict is another one.
#[test]
fn what_a_page_says_switches_it_off() {
    let folder = tempfile::tempdir().expect("a folder");
    for id in Classifier::shipped().finding_ids() {
        let page = page(&id);
        let example = quoted(&page, "Example")[0];
        let before = json(&thinktwice_in(folder.path(), &["check", "--format", "json", example], ""));
        let blocks: Vec<&str> = page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().expect("an end")).collect();
        assert!(blocks.iter().any(|block| block.contains(&format!("off = [\"{id}\"]"))), "{id}");
        for block in blocks.iter().filter(|block| !block.starts_with("limit")) {
            std::fs::write(folder.path().join("policy.toml"), block).expect("written");
            let after = json(&thinktwice_in(folder.path(), &["check", "--format", "json", "--policy", "policy.toml", example], ""));
            assert_ne!(after["verdict"], before["verdict"], "{id}: {block}");
            let ids: Vec<&str> =
                after["findings"].as_array().expect("findings").iter().filter_map(|finding| finding["id"].as_str()).collect();
            assert_eq!(ids.contains(&id.as_str()), !block.starts_with("off"), "{id}: {block}");
        }
    }
}

#[test]
fn the_words_are_about_the_recipient_and_kind() {
    let policy = Policy::shipped();
    let rules = policy.heads.values().flat_map(|head| head.labels.values()).chain([&policy.too_long, &policy.unknown, &policy.ambiguous]);
    let texts: Vec<String> = rules.map(|rule| format!("{} {}", rule.message, rule.help)).collect();
    let pages: Vec<String> = Classifier::shipped().finding_ids().iter().map(|id| page(id)).collect();
    for text in texts.iter().chain(&pages) {
        let lower = text.to_lowercase();
        for word in ["creep", "desperate", "pathetic", "stalk", "shame", "you are being", "inappropriate", "unprofessional"] {
            assert!(!lower.contains(word), "{word:?} is in {text}");
        }
        let own = text.lines().filter(|line| !line.starts_with('>')).collect::<String>();
        assert!(!own.contains('!'), "{text}");
    }
}
