//! The answer on a terminal: verdict first, then the words that make it, what would change it, and what to do.

use std::io::{self, Write};
use std::ops::Range;

use anstyle::{AnsiColor, Style};
use thinktwice::Verdict;
use thinktwice::assessment::{Assessment, Edit, Explanation, Finding};
use thinktwice::policy::{AMBIGUOUS, TOO_LONG, UNKNOWN};

use super::BOLD;
use super::note::{self, Styles};
use super::screen::{TIE, inline, paragraph, width};
use super::words::{list, percent, quoted};
use crate::pages::Page;

/// What is less probable is not called likely.
const LIKELY: f32 = 0.6;
/// Readings that are less likely are not named beside others.
const SLIGHT: f32 = 0.1;

/// Writes the whole answer, for a terminal of so many columns.
pub(crate) fn write(out: &mut impl Write, draft: &str, assessment: &Assessment, columns: usize) -> io::Result<()> {
    let none = Explanation::default();
    let explanation = assessment.explanation.as_ref().unwrap_or(&none);
    let first = explanation.findings.first();
    let answer = Answer { draft, assessment, explanation, first, columns };
    answer.write_verdict(out)?;
    writeln!(out)?;
    let mark = mark_style(assessment.verdict);
    note::write(out, draft, &explanation.evidence, Styles { phrase: BOLD, mark }, columns)?;
    answer.write_change(out)?;
    answer.write_help(out)?;
    answer.write_more(out)
}

/// The verdict's word has a background of its own, so that it can be read on light and on dark terminals alike.
fn verdict_style(verdict: Verdict) -> Style {
    let (text, background) = match verdict {
        Verdict::Send => (AnsiColor::Black, AnsiColor::Green),
        Verdict::Revise => (AnsiColor::Black, AnsiColor::Yellow),
        Verdict::Hold => (AnsiColor::BrightWhite, AnsiColor::Red),
        Verdict::Unsure => (AnsiColor::Black, AnsiColor::Cyan),
    };
    // Not bold: that makes black grey on some terminals.
    Style::new().fg_color(Some(text.into())).bg_color(Some(background.into()))
}

/// Of the sixteen colours only bright red stands out well enough (3 to 1 or more) on white and on black in the palettes of xterm, VGA, Windows and Ubuntu.
fn mark_style(verdict: Verdict) -> Style {
    if verdict == Verdict::Hold { BOLD.fg_color(Some(AnsiColor::BrightRed.into())) } else { BOLD }
}

struct Answer<'a> {
    draft: &'a str,
    assessment: &'a Assessment,
    explanation: &'a Explanation,
    /// The finding that decides.
    first: Option<&'a Finding>,
    columns: usize,
}

impl Answer<'_> {
    fn is(&self, id: &str) -> bool {
        self.first.is_some_and(|finding| finding.id == id)
    }

    fn paragraph(&self, out: &mut impl Write, start: &str, text: &str) -> io::Result<()> {
        paragraph(out, start, BOLD, text, 0, self.columns)
    }

    fn write_verdict(&self, out: &mut impl Write) -> io::Result<()> {
        let verdict = self.assessment.verdict;
        let style = verdict_style(verdict);
        let word = format!(" {verdict} ");
        write!(out, "{style}{word}{style:#} ")?;
        let indent = width(&word) + 1;
        let mut lines = Vec::new();
        paragraph(&mut lines, "", BOLD, &self.sentence(), 0, self.columns - indent)?;
        paragraph(&mut lines, "", BOLD, &self.summary(), 0, self.columns - indent)?;
        for (index, line) in String::from_utf8_lossy(&lines).lines().enumerate() {
            let indent = if index == 0 { 0 } else { indent };
            writeln!(out, "{:indent$}{line}", "")?;
        }
        Ok(())
    }

    /// How the recipient is likely to read the note.
    fn sentence(&self) -> String {
        if let Some(finding) = self.first {
            return inline(&finding.message);
        }
        let decisive = self.assessment.decisive();
        let likely = if decisive.confidence >= LIKELY { "is likely to" } else { "may" };
        if decisive.label == "professional" {
            let otherwise = if decisive.confidence >= LIKELY { "" } else { ", or in another way" };
            return format!("The recipient {likely} read this as a note about work{otherwise}.");
        }
        format!("The recipient {likely} read this as {}; nothing in your policy speaks against it.", inline(&decisive.label))
    }

    /// How sure the model is, in words and a number, and how long the note is.
    fn summary(&self) -> String {
        let certainty = if self.is(UNKNOWN) { String::new() } else { capitalised(&self.certainty()) + ". " };
        let length = self.assessment.length;
        let over = match length.characters.saturating_sub(length.limit) {
            0 => String::new(),
            over => format!(", {over} too many"),
        };
        let length = format!("{} of {} characters{over}.", length.characters, length.limit);
        certainty + &tied(&length)
    }

    fn certainty(&self) -> String {
        let decisive = self.assessment.decisive();
        let mut likeliest: Vec<&(String, f32)> = decisive.probabilities.iter().collect();
        likeliest.sort_by(|a, b| b.1.total_cmp(&a.1));
        let readings: Vec<String> = likeliest
            .into_iter()
            .enumerate()
            .take_while(|(index, (_, p))| *index == 0 || *p >= SLIGHT)
            .map(|(_, (label, p))| reading(label, *p))
            .collect();
        // Several readings can hold a note together, none of them likeliest of all.
        let is_open = self.is(AMBIGUOUS) || (self.assessment.verdict == Verdict::Hold && !self.is(&decisive.label));
        if is_open && readings.len() > 1 {
            return format!("between {}", list(&readings));
        }
        let mut parts = vec![format!("{}: {}", sure(decisive.confidence), readings[0])];
        if readings.len() > 1 {
            parts.push(format!("also possible: {}", list(&readings[1..])));
        }
        for of in &self.assessment.readings[1..] {
            if self.is(&format!("{}-{}", of.head, of.label)) {
                parts.push(format!("{} {}", inline(&of.head), reading(&of.label, of.confidence)));
            }
        }
        parts.join("; ")
    }

    /// What would change a verdict that does not let the note go.
    fn write_change(&self, out: &mut impl Write) -> io::Result<()> {
        const START: &str = "What would change it: ";
        let verdict = self.assessment.verdict;
        if let Some(edit) = self.explanation.edits.first() {
            let removed: Vec<String> = edit.remove.iter().map(|&(start, end)| quoted(&self.draft[start..end])).collect();
            let sure = tied(&format!("{} sure", percent(edit.confidence)));
            let text = format!("without {} the verdict would be {} ({sure}).", list(&removed), edit.verdict);
            writeln!(out)?;
            self.paragraph(out, START, &text)?;
            return match rewritten(self.draft, edit) {
                Some(rest) => self.paragraph(out, "It would then say: ", &rest),
                None => Ok(()),
            };
        }
        let none = match verdict {
            Verdict::Hold => "no single phrase or sentence; it is the note as a whole.",
            Verdict::Unsure if self.is(AMBIGUOUS) => "nothing that could be left out settles it.",
            Verdict::Revise if self.is(TOO_LONG) => "leaving out a sentence or a few is not enough.",
            _ => return Ok(()),
        };
        writeln!(out)?;
        self.paragraph(out, START, none)
    }

    fn write_help(&self, out: &mut impl Write) -> io::Result<()> {
        for (index, finding) in self.explanation.findings.iter().enumerate() {
            let (start, text) = match index {
                0 if self.assessment.verdict == Verdict::Hold => ("What to do instead: ", finding.help.clone()),
                0 => ("What to do: ", finding.help.clone()),
                _ => ("Also: ", format!("{} {}", finding.message, finding.help)),
            };
            if !text.is_empty() {
                writeln!(out)?;
                self.paragraph(out, start, &inline(&text))?;
            }
        }
        Ok(())
    }

    /// Where to read on.
    fn write_more(&self, out: &mut impl Write) -> io::Result<()> {
        let pages: Vec<&str> = self.explanation.findings.iter().filter_map(|finding| Page::of(&finding.id)).map(|page| page.id).collect();
        if pages.is_empty() {
            return Ok(());
        }
        writeln!(out)?;
        self.paragraph(out, "More: ", &format!("thinktwice explain {}", pages.join(" ")))
    }
}

fn sure(p: f32) -> &'static str {
    match p {
        p if p >= 0.95 => "almost certain",
        p if p >= 0.8 => "very likely",
        p if p >= LIKELY => "likely",
        p if p >= 0.5 => "more likely than not",
        _ => "possible",
    }
}

fn reading(label: &str, p: f32) -> String {
    tied(&format!("{} ({})", inline(label), percent(p)))
}

/// Words that stay on one line.
fn tied(words: &str) -> String {
    words.replace(' ', &TIE.to_string())
}

/// What the sentences say that an edit takes a part out of; `None` where it takes out whole ones.
fn rewritten(draft: &str, edit: &Edit) -> Option<String> {
    let mut rest = String::new();
    let mut seams: Vec<usize> = Vec::new();
    let mut at = 0;
    for &(start, end) in &edit.remove {
        rest.push_str(&draft[at..start]);
        let (removed, after) = (draft[..end].trim_end_matches(' '), draft[end..].trim_start_matches(' '));
        let is_whole = ends_sentence(draft[..start].trim_end_matches(' '))
            && (ends_sentence(removed) || after.is_empty() || after.starts_with(['\n', '\r']));
        if !is_whole {
            seams.push(rest.len());
        }
        at = end;
    }
    rest.push_str(&draft[at..]);
    let mut sentences: Vec<Range<usize>> = seams.into_iter().map(|seam| around(&rest, seam)).collect();
    sentences.dedup();
    let texts: Vec<String> =
        sentences.into_iter().map(|sentence| capitalised(&inline(&rest[sentence]))).filter(|text| !text.is_empty()).collect();
    (!texts.is_empty()).then(|| format!("“{}”", texts.join(" … ")))
}

fn ends_sentence(text: &str) -> bool {
    text.trim().is_empty() || text.ends_with(['.', '!', '?', '…', '\n', '。', '！', '？'])
}

/// The sentence that a place stands in.
fn around(text: &str, at: usize) -> Range<usize> {
    let is_end = |ch: char| matches!(ch, '.' | '!' | '?' | '…' | '\n');
    let start = text[..at]
        .char_indices()
        .rev()
        .skip_while(|(_, ch)| ch.is_whitespace())
        .find(|(_, ch)| is_end(*ch))
        .map_or(0, |(end, ch)| end + ch.len_utf8());
    let end = text[at..].char_indices().find(|(_, ch)| is_end(*ch)).map_or(text.len(), |(end, _)| at + end);
    let end = text.len() - text[end..].trim_start_matches(is_end).len();
    start..end
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use thinktwice::Classifier;

    use super::*;

    #[test]
    fn only_what_is_likely_is_called_likely() {
        let mut assessment = Classifier::shipped().assess("Hello");
        assessment.verdict = Verdict::Send;
        assessment.explanation = None;
        let mut sentence = |label: &str, confidence: f32| {
            label.clone_into(&mut assessment.readings[0].label);
            assessment.readings[0].confidence = confidence;
            let mut out = Vec::new();
            write(&mut out, "Hello", &assessment, 100).expect("written");
            let text = anstream::adapter::strip_str(std::str::from_utf8(&out).expect("text")).to_string();
            text.lines().next().unwrap_or_default().trim_start_matches(" send  ").to_owned()
        };
        assert_eq!(sentence("professional", 0.6), "The recipient is likely to read this as a note about work.");
        assert_eq!(sentence("professional", 0.59), "The recipient may read this as a note about work, or in another way.");
        assert_eq!(
            sentence("romantic", 0.9),
            "The recipient is likely to read this as romantic; nothing in your policy speaks against it."
        );
        assert_eq!(sentence("romantic", 0.4), "The recipient may read this as romantic; nothing in your policy speaks against it.");
    }
}
