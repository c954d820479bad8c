//! From the tokens' shares to phrases that a person would point at.

use std::ops::Range;

use super::shares::Share;
use super::words::{Role, role};
use crate::text::{Token, TokenKind, Tokens};

/// How many phrases are shown.
const PHRASES: usize = 5;
/// What has less than this share of the strongest weight is left out.
const LEAST_SHARE: f32 = 0.25;
/// The longest gap that is bridged between two runs, and how far an unfinished phrase reaches out for a word to end with, in tokens.
const REACH: usize = 2;
/// The longest phrase that bridging makes, in tokens: beyond it nobody sees at once what is meant.
const LONGEST: usize = 8;

/// A phrase, the column of the label that it speaks for, and its share of that label's logit, the mean over all labels taken as 0.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Phrase {
    pub(super) bytes: Range<usize>,
    pub(super) column: usize,
    pub(super) weight: f32,
}

/// The strongest phrases for the labels in `columns`, in the order of the note, none overlapping another. Weights are taken against the mean
/// over the `labels` of the first head: what is added to all of them changes no probability.
pub(super) fn phrases(tokens: &Tokens, shares: &[Share], columns: &[usize], labels: usize) -> Vec<Phrase> {
    let centred: Vec<f32> = shares.iter().flat_map(|share| centred(share, columns, labels)).collect();
    let parts = tokens.iter().zip(shares).zip(centred.chunks_exact(columns.len()));
    let tokens: Vec<Part<'_>> = parts.map(|((token, share), centred)| Part::new(&token, share, centred)).collect();
    let most = tokens.iter().map(|part| part.weight).fold(0.0, f32::max);
    let note = Note { tokens: &tokens };
    let mut phrases: Vec<Phrase> = Vec::new();
    for run in note.bridged(note.runs(LEAST_SHARE * most)) {
        if let Some(run) = note.finished(&run, phrases.last()) {
            let (column, bytes) = (run.column, note.bytes(&run.tokens));
            // Two tokens may come from the same bytes, such as a mark and a word that begins with an accent on it.
            if phrases.last().is_none_or(|before| before.bytes.end <= bytes.start) {
                let inside = tokens.iter().filter(|part| bytes.start <= part.bytes.start && part.bytes.end <= bytes.end);
                let weight = inside.map(|part| part.centred[column]).sum();
                phrases.push(Phrase { bytes, column: columns[column], weight });
            }
        }
    }
    let strongest = phrases.iter().map(|phrase| phrase.weight).fold(0.0, f32::max);
    phrases.retain(|phrase| phrase.weight > 0.0 && phrase.weight >= LEAST_SHARE * strongest);
    phrases.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    phrases.truncate(PHRASES);
    phrases.sort_by_key(|phrase| phrase.bytes.start);
    phrases
}

/// A share of the logits in `columns`, the mean over all labels taken as 0.
fn centred(share: &Share, columns: &[usize], labels: usize) -> impl Iterator<Item = f32> {
    let mean = share.logits[..labels].iter().sum::<f32>() / labels as f32;
    columns.iter().map(move |&column| share.logits[column] - mean)
}

/// A token as part of a phrase.
struct Part<'a> {
    text: &'a str,
    bytes: Range<usize>,
    kind: Kind,
    /// Its weight for each label that is looked at.
    centred: &'a [f32],
    /// Which of them it speaks for most, and how much.
    column: usize,
    weight: f32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word(Role),
    /// Can be pointed at as a word can: a number, a link, an emoji.
    Sign,
    /// Stands between words of one phrase: a comma, an apostrophe.
    Mark,
    /// Ends a sentence: no phrase reaches over it.
    End,
}

impl<'a> Part<'a> {
    fn new(token: &Token<'a>, share: &Share, centred: &'a [f32]) -> Self {
        let column = crate::classifier::argmax(centred);
        let kind = match token.kind {
            TokenKind::Word => Kind::Word(role(token.text)),
            TokenKind::Number | TokenKind::Reference => Kind::Sign,
            TokenKind::Mark => match token.text.chars().next() {
                Some('.' | '!' | '?' | '…' | '¶' | '。' | '！' | '？' | '؟' | '।') => Kind::End,
                Some(ch) if is_picture(ch) => Kind::Sign,
                _ => Kind::Mark,
            },
        };
        Self { text: token.text, bytes: share.bytes.clone(), kind, weight: centred[column], centred, column }
    }

    fn is_word(&self) -> bool {
        matches!(self.kind, Kind::Word(_) | Kind::Sign)
    }

    fn has(&self, wanted: Role) -> bool {
        self.kind == Kind::Word(wanted)
    }

    fn says_something(&self) -> bool {
        matches!(self.kind, Kind::Word(Role::Content) | Kind::Sign)
    }
}

/// Arrows, symbols and emoji.
fn is_picture(ch: char) -> bool {
    matches!(ch, '\u{2190}'..='\u{2BFF}' | '\u{1F000}'..='\u{1FAFF}')
}

/// A run of tokens that speaks for one of the labels that are looked at.
#[derive(Clone, Debug)]
struct Run {
    tokens: Range<usize>,
    column: usize,
}

struct Note<'a> {
    tokens: &'a [Part<'a>],
}

impl Note<'_> {
    /// Runs of neighbouring words within a sentence that each weigh more than `least` for the same label.
    fn runs(&self, least: f32) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for (index, part) in self.tokens.iter().enumerate().filter(|(_, part)| part.is_word() && part.weight > least) {
            match runs.last_mut() {
                Some(run) if run.tokens.end == index && run.column == part.column => run.tokens.end += 1,
                _ => runs.push(Run { tokens: index..index + 1, column: part.column }),
            }
        }
        runs
    }

    /// Joins runs for the same label with no more than a few words of no great weight between them.
    fn bridged(&self, runs: Vec<Run>) -> Vec<Run> {
        let mut bridged: Vec<Run> = Vec::new();
        for run in runs {
            if let Some(before) = bridged.last_mut() {
                let gap = &self.tokens[before.tokens.end..run.tokens.start];
                let sum = |parts: &[Part<'_>]| parts.iter().map(|part| part.centred[run.column]).sum::<f32>();
                let weakest = sum(&self.tokens[before.tokens.clone()]).min(sum(&self.tokens[run.tokens.clone()]));
                if before.column == run.column
                    && gap.len() <= REACH
                    && gap.iter().all(|part| part.is_word() || is_inside_word(part.text))
                    && run.tokens.end - before.tokens.start <= LONGEST
                    && 2.0 * sum(gap) > -weakest
                {
                    before.tokens.end = run.tokens.end;
                    continue;
                }
            }
            bridged.push(run);
        }
        bridged
    }

    /// The run as a phrase: it takes in what its first and last words need and lets go of what joins it to others. `None` where nothing is left
    /// that says something, or where it would reach into the phrase before it.
    fn finished(&self, run: &Run, before: Option<&Phrase>) -> Option<Run> {
        let Run { tokens: Range { mut start, mut end }, column } = run.clone();
        let least = before.map_or(0, |before| self.tokens.partition_point(|part| part.bytes.start < before.bytes.end));
        // "and your smile" is about the smile.
        while start < end && self.tokens[start].has(Role::Conjunction) {
            start += 1;
        }
        // "the talk that you" needs its verb; one that is too far off leaves only "the talk".
        let reached = (end..self.tokens.len().min(end + REACH)).take_while(|&index| self.tokens[index].is_word());
        if start < end
            && !self.tokens[end - 1].says_something()
            && let Some(index) = reached.into_iter().find(|&index| self.tokens[index].says_something())
        {
            end = index + 1;
        }
        while start < end && matches!(self.tokens[end - 1].kind, Kind::Word(Role::Conjunction | Role::Preposition | Role::Opener)) {
            end -= 1;
        }
        if start >= end {
            return None;
        }
        if end - start == 1 {
            (start, end) = self.paired(start, least, column);
        }
        (start, end) = (self.word_start(start), self.word_end(end));
        if !matches!(self.tokens[start].kind, Kind::Word(Role::Opener | Role::Preposition)) {
            start = self.with_subject(start, least, column);
        }
        while start > least && self.tokens[start - 1].has(Role::Opener) {
            start -= 1;
        }
        let says = self.tokens[start..end].iter().any(Part::says_something);
        (says && start >= least).then_some(Run { tokens: start..end, column })
    }

    /// A single word with the preposition before it or the object behind it, unless these speak against the label: "at least", "blocked me".
    fn paired(&self, word: usize, least: usize, column: usize) -> (usize, usize) {
        let speaks = |index: usize| self.tokens[index].centred[column] >= 0.0;
        let start = if word > least && self.tokens[word - 1].has(Role::Preposition) && speaks(word - 1) { word - 1 } else { word };
        let is_object = |part: &Part<'_>| match part.text {
            "me" | "us" | "him" | "them" => true,
            // "thank you" is one thought, "photos you took" is not.
            "you" | "it" => self.tokens.get(word + 2).is_none_or(|next| !next.is_word() || next.has(Role::Preposition)),
            _ => false,
        };
        let end = if self.tokens.get(word + 1).is_some_and(is_object) && speaks(word + 1) { word + 2 } else { word + 1 };
        (start, end)
    }

    /// Back over the pronoun and the auxiliary before a verb, unless they speak against the label: "you blocked me", "are you single".
    fn with_subject(&self, first: usize, least: usize, column: usize) -> usize {
        let speaks = |index: &usize| self.tokens[*index].has(Role::Companion) && self.tokens[*index].centred[column] >= 0.0;
        let before = (least.max(first.saturating_sub(REACH))..first).rev().take_while(speaks);
        before.last().unwrap_or(first)
    }

    /// Back over `e-` in `e-mail`.
    fn word_start(&self, mut start: usize) -> usize {
        while start >= 2 && self.is_one_word(start - 2) {
            start -= 2;
        }
        start
    }

    fn word_end(&self, mut end: usize) -> usize {
        while end + 1 < self.tokens.len() && self.is_one_word(end - 1) {
            end += 2;
        }
        end
    }

    /// Whether the token and the second one after it are parts of one word.
    fn is_one_word(&self, first: usize) -> bool {
        let [first, mark, last] = &self.tokens[first..first + 3] else { return false };
        is_inside_word(mark.text)
            && first.is_word()
            && last.is_word()
            && first.bytes.end == mark.bytes.start
            && mark.bytes.end == last.bytes.start
    }

    fn bytes(&self, tokens: &Range<usize>) -> Range<usize> {
        self.tokens[tokens.start].bytes.start..self.tokens[tokens.end - 1].bytes.end
    }
}

fn is_inside_word(mark: &str) -> bool {
    matches!(mark, "-" | "'" | "/" | "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The phrases of a note in which the words in capitals weigh 1 for a label, those behind `!` weigh against it, and all others nothing.
    fn found(note: &str) -> Vec<String> {
        let mut tokens = Tokens::default();
        tokens.read(note);
        let weight = |token: &Token<'_>| {
            let text = &note[token.start..token.end];
            let is_against = note[..token.start].ends_with('!');
            if is_against {
                -1.0
            } else {
                f32::from(u8::from(text.len() > 1 && text.to_uppercase() == text && text.chars().any(char::is_alphabetic)))
            }
        };
        let shares: Vec<Share> =
            tokens.iter().map(|token| Share { bytes: token.start..token.end, logits: vec![weight(&token), -weight(&token)] }).collect();
        phrases(&tokens, &shares, &[0], 2).into_iter().map(|phrase| note[phrase.bytes].to_owned()).collect()
    }

    #[test]
    fn phrases_take_in_what_their_words_need() {
        for (note, expected) in [
            ("Hi, are you SINGLE? Bye", vec!["are you SINGLE"]),
            ("since you BLOCKED me twice", vec!["you BLOCKED me"]),
            ("since !you BLOCKED !me twice", vec!["BLOCKED"]),
            ("you have a GORGEOUS SMILE indeed", vec!["a GORGEOUS SMILE"]),
            ("it was in ROTTERDAM", vec!["in ROTTERDAM"]),
            ("I MISS you. And your LAUGH too", vec!["I MISS you", "your LAUGH"]),
            ("my E-MAIL is here", vec!["my E-MAIL"]),
            ("nothing of note AND THE", vec![]),
        ] {
            assert_eq!(found(note), expected, "{note}");
        }
    }
}
