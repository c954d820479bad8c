//! The words of notes, and phrases that too many of them share.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::{Check, Worn};
use crate::text::{TokenKind, Tokens};

/// The words of a note, lower case, and those of them that are written with a capital where no sentence begins.
pub(super) struct Words {
    pub(super) words: Vec<String>,
    pub(super) capitalised: BTreeSet<String>,
}

impl Words {
    pub(super) fn new(text: &str, tokens: &mut Tokens) -> Self {
        tokens.read(text);
        let mut words = Vec::new();
        let mut capitalised = BTreeSet::new();
        let shouted = !text.chars().any(char::is_lowercase);
        let mut begins = true;
        for token in tokens.iter() {
            if token.kind == TokenKind::Word {
                let mut original = text[token.start..token.end].chars();
                let capital = original.next().is_some_and(char::is_uppercase) && original.any(char::is_lowercase);
                if capital && !begins && !shouted {
                    capitalised.insert(token.text.to_owned());
                }
                words.push(token.text.to_owned());
            }
            // A greeting's comma, a quotation mark or an emoji may begin a sentence as well as a full stop.
            begins = token.kind == TokenKind::Mark && !matches!(token.text, "," | "-" | "'" | "&" | "/" | "(");
        }
        Self { words, capitalised }
    }
}

pub(super) fn worn_out<'w>(name: &str, notes: &'w [Words], worn: Worn, phrase: impl Fn(&'w [String]) -> Option<&'w [String]>) -> Check {
    let mut counts: BTreeMap<&[String], usize> = BTreeMap::new();
    for words in notes.iter().filter_map(|note| phrase(&note.words)) {
        *counts.entry(words).or_default() += 1;
    }
    let most = counts.iter().max_by_key(|(_, count)| **count);
    let found = most.map_or_else(String::new, |(words, count)| format!("most frequent: {:?}, {count} times", words.join(" ")));
    let limit = worn.share * notes.len() as f64;
    let problems =
        counts.iter().filter(|(_, count)| **count as f64 > limit).map(|(words, count)| format!("{:?} {count} times", words.join(" ")));
    Check { name: format!("{name} of {} words", worn.words), found, problems: problems.collect() }
}

/// The rows in which each word occurs.
pub(super) fn rows_of<'w>(notes: &'w [Words], words: impl Fn(&'w Words) -> Vec<&'w String>) -> BTreeMap<&'w String, Vec<usize>> {
    let mut rows: BTreeMap<&String, Vec<usize>> = BTreeMap::new();
    for (row, note) in notes.iter().enumerate() {
        let distinct: BTreeSet<&String> = words(note).into_iter().collect();
        for word in distinct {
            rows.entry(word).or_default().push(row);
        }
    }
    rows
}
