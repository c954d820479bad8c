//! The answer on a terminal: verdict first, then the words that make it, what would change it, and what to do.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use thinktwice::assessment::{Assessment, Edit, Evidence, Explanation};
use thinktwice::{Verdict, assessment::Finding};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// Writes the whole answer.
pub(crate) fn write(out: &mut impl Write, draft: &str, assessment: &Assessment) -> io::Result<()> {
    let style = verdict_style(assessment.verdict);
    let none = Explanation::default();
    let explanation = assessment.explanation.as_ref().unwrap_or(&none);
    let (first, rest) = match explanation.findings.split_first() {
        Some((first, rest)) => (Some(first), rest),
        None => (None, &[][..]),
    };
    let sentence = first.map_or("The recipient is likely to read this as a note about work.", |finding| &finding.message);
    writeln!(out, "{style}{}{style:#}  {BOLD}{sentence}{BOLD:#}", assessment.verdict)?;
    writeln!(out, "      {DIM}{}{DIM:#}\n", certainty(assessment))?;
    write_note(out, draft, &explanation.evidence, assessment.verdict)?;
    if assessment.verdict == Verdict::Hold {
        write_edits(out, draft, &explanation.edits)?;
    }
    if let Some(Finding { help, .. }) = first.filter(|finding| !finding.help.is_empty()) {
        write_wrapped(out, "What to do: ", help)?;
    }
    for finding in rest {
        writeln!(out)?;
        write_wrapped(out, "Also: ", &format!("{} {}", finding.message, finding.help))?;
    }
    Ok(())
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
    let length = assessment.length;
    let over = if length.characters > length.limit { ", too long" } else { "" };
    format!("{words} {} ({:.0} %); {} of {} characters{over}", decisive.label, 100.0 * decisive.confidence, length.characters, length.limit)
}

/// The note with the phrases marked that carry the reading.
fn write_note(out: &mut impl Write, draft: &str, evidence: &[Evidence], verdict: Verdict) -> io::Result<()> {
    let mark = verdict_style(verdict).underline();
    let mut from = 0;
    for line in draft.split('\n') {
        let to = from + line.len();
        write!(out, "  {DIM}│{DIM:#} ")?;
        let mut at = from;
        for phrase in evidence.iter().filter(|phrase| phrase.start < to && phrase.end > from) {
            let (start, end) = (phrase.start.max(from), phrase.end.min(to));
            write!(out, "{}", visible(&draft[at..start]))?;
            write!(out, "{mark}{}{mark:#}", visible(&draft[start..end]))?;
            at = end;
        }
        writeln!(out, "{}", visible(&draft[at..to]))?;
        from = to + 1;
    }
    if !evidence.is_empty() {
        let phrases: Vec<String> = evidence.iter().map(|phrase| format!("“{}”", visible(&phrase.text))).collect();
        writeln!(out)?;
        write_wrapped(out, &format!("Reads as {}: ", evidence[0].label), &phrases.join(", "))?;
    }
    writeln!(out)
}

fn write_edits(out: &mut impl Write, draft: &str, edits: &[Edit]) -> io::Result<()> {
    let Some(edit) = edits.first() else {
        write_wrapped(out, "What would change it: ", "no single phrase or sentence; it is the note as a whole.")?;
        return writeln!(out);
    };
    let removed: Vec<String> = edit.remove.iter().map(|&(start, end)| format!("“{}”", visible(draft[start..end].trim()))).collect();
    let text = format!("without {} it would be: {} ({:.0} %).", removed.join(" and "), edit.verdict, 100.0 * edit.confidence);
    write_wrapped(out, "What would change it: ", &text)?;
    writeln!(out)
}

/// Control characters made visible: a draft must not be able to write to the terminal.
fn visible(text: &str) -> String {
    text.chars()
        .map(|ch| {
            if ch == '\t' {
                ' '
            } else if ch.is_control() {
                '\u{FFFD}'
            } else {
                ch
            }
        })
        .collect()
}

/// A paragraph with a bold start, broken at the terminal's width.
fn write_wrapped(out: &mut impl Write, start: &str, text: &str) -> io::Result<()> {
    let width = terminal_width();
    write!(out, "{BOLD}{start}{BOLD:#}")?;
    let mut column = start.chars().count();
    let mut fresh = true;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if !fresh && column + 1 + length > width {
            writeln!(out)?;
            column = 0;
            fresh = true;
        }
        if !fresh {
            write!(out, " ")?;
            column += 1;
        }
        write!(out, "{word}")?;
        column += length;
        fresh = false;
    }
    writeln!(out)
}

fn terminal_width() -> usize {
    terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0)).clamp(40, 100)
}
