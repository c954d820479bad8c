//! The answer on a terminal: verdict first, then the words that make it, what would change it, and what to do.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use thinktwice::assessment::{Assessment, Edit, Explanation};
use thinktwice::policy::UNKNOWN;
use thinktwice::{Verdict, assessment::Finding};

use super::{BOLD, DIM, note};
use crate::terminal_width;

/// Writes the whole answer.
pub(crate) fn write(out: &mut impl Write, draft: &str, assessment: &Assessment) -> io::Result<()> {
    let style = verdict_style(assessment.verdict);
    let none = Explanation::default();
    let explanation = assessment.explanation.as_ref().unwrap_or(&none);
    let (first, rest) = match explanation.findings.split_first() {
        Some((first, rest)) => (Some(first), rest),
        None => (None, &[][..]),
    };
    let sentence = first.map_or_else(|| clear(assessment), |finding| finding.message.clone());
    write_wrapped(out, &format!("{}  ", assessment.verdict), style, &sentence)?;
    // Where too little is known, a reading would be a guess, and so would the words that carry it.
    let unknown = first.is_some_and(|finding| finding.id == UNKNOWN);
    let length = length(assessment);
    let summary = if unknown { length } else { format!("{}; {length}", certainty(assessment)) };
    writeln!(out, "{DIM}{}{DIM:#}\n", textwrap::fill(&summary, terminal_width()))?;
    note::write(out, draft, if unknown { &[] } else { &explanation.evidence }, style, terminal_width())?;
    writeln!(out)?;
    if assessment.verdict == Verdict::Hold {
        write_edits(out, draft, &explanation.edits)?;
    }
    if let Some(Finding { help, .. }) = first.filter(|finding| !finding.help.is_empty()) {
        write_wrapped(out, "What to do: ", BOLD, help)?;
    }
    for finding in rest {
        writeln!(out)?;
        write_wrapped(out, "Also: ", BOLD, &format!("{} {}", finding.message, finding.help))?;
    }
    if let Some(finding) = first {
        writeln!(out, "\n{DIM}thinktwice explain {}{DIM:#}", finding.id)?;
    }
    Ok(())
}

/// What is said of a note that there is no finding on.
fn clear(assessment: &Assessment) -> String {
    match assessment.decisive().label.as_str() {
        "professional" => "The recipient is likely to read this as a note about work.".to_owned(),
        label => format!("Nothing that this policy looks for stands in the way of sending it; it reads as {label}."),
    }
}

fn verdict_style(verdict: Verdict) -> Style {
    let color = match verdict {
        Verdict::Send => AnsiColor::Green,
        Verdict::Revise => AnsiColor::Yellow,
        Verdict::Hold => AnsiColor::Red,
        Verdict::Unsure => AnsiColor::Cyan,
    };
    Style::new().fg_color(Some(color.into())).bold()
}

/// How sure the model is, in words and a number.
fn certainty(assessment: &Assessment) -> String {
    let decisive = assessment.decisive();
    let words = match decisive.confidence {
        p if p >= 0.95 => "almost certainly",
        p if p >= 0.8 => "very likely",
        p if p >= 0.6 => "probably",
        _ => "possibly",
    };
    format!("{words} {} ({:.0} %)", decisive.label, 100.0 * decisive.confidence)
}

fn length(assessment: &Assessment) -> String {
    let length = assessment.length;
    let over = if length.characters > length.limit { ", too long" } else { "" };
    format!("{} of {} characters{over}", length.characters, length.limit)
}

fn write_edits(out: &mut impl Write, draft: &str, edits: &[Edit]) -> io::Result<()> {
    let Some(edit) = edits.first() else {
        write_wrapped(out, "What would change it: ", BOLD, "no single phrase or sentence; it is the note as a whole.")?;
        return writeln!(out);
    };
    let removed: Vec<String> = edit.remove.iter().map(|&(start, end)| format!("“{}”", visible(draft[start..end].trim()))).collect();
    let text = format!("without {} it would be: {} ({:.0} %).", removed.join(" and "), edit.verdict, 100.0 * edit.confidence);
    write_wrapped(out, "What would change it: ", BOLD, &text)?;
    writeln!(out)
}

/// A piece of the draft in a sentence.
fn visible(text: &str) -> String {
    text.chars().filter_map(note::shown).collect()
}

/// A paragraph with a start in another style, broken at the terminal's width.
fn write_wrapped(out: &mut impl Write, start: &str, style: Style, text: &str) -> io::Result<()> {
    let filled = textwrap::fill(&format!("{start}{text}"), terminal_width());
    match filled.strip_prefix(start) {
        Some(rest) => writeln!(out, "{style}{start}{style:#}{rest}"),
        None => writeln!(out, "{filled}"),
    }
}
