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
    write_wrapped(out, &format!("{}  ", assessment.verdict), style, sentence)?;
    writeln!(out, "{DIM}{}{DIM:#}\n", certainty(assessment))?;
    write_note(out, draft, &explanation.evidence, assessment.verdict)?;
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

/// The note with the phrases marked that carry the reading, broken at the terminal's width.
fn write_note(out: &mut impl Write, draft: &str, evidence: &[Evidence], verdict: Verdict) -> io::Result<()> {
    let mark = verdict_style(verdict).underline();
    let width = terminal_width() - 4;
    let marked = |at: usize| evidence.iter().any(|phrase| (phrase.start..phrase.end).contains(&at));
    let mut from = 0;
    for line in draft.split('\n') {
        write!(out, "  {DIM}│{DIM:#} ")?;
        let mut column = 0;
        for piece in line.split_inclusive(' ') {
            let word = piece.trim_end_matches(' ');
            if column > 0 && column + word.chars().count() > width {
                write!(out, "\n  {DIM}│{DIM:#} ")?;
                column = 0;
            } else if column > 0 {
                write_marked(out, " ", mark, |_| marked(from - 1))?;
            }
            write_marked(out, word, mark, |at| marked(from + at))?;
            column += piece.chars().count();
            from += piece.len();
        }
        writeln!(out)?;
        from += 1;
    }
    if !evidence.is_empty() {
        let phrases: Vec<String> = evidence.iter().map(|phrase| format!("“{}”", visible(&phrase.text))).collect();
        writeln!(out)?;
        write_wrapped(out, &format!("Reads as {}: ", evidence[0].label), BOLD, &phrases.join(", "))?;
    }
    writeln!(out)
}

/// Writes the runs of `text` whose bytes `is_marked` in the style `mark`, and the others plain.
fn write_marked(out: &mut impl Write, text: &str, mark: Style, is_marked: impl Fn(usize) -> bool) -> io::Result<()> {
    let mut at = 0;
    while at < text.len() {
        let inside = is_marked(at);
        let next = text[at..].char_indices().find(|(offset, _)| is_marked(at + offset) != inside);
        let end = next.map_or(text.len(), |(offset, _)| at + offset);
        let run = visible(&text[at..end]);
        if inside {
            write!(out, "{mark}{run}{mark:#}")?;
        } else {
            write!(out, "{run}")?;
        }
        at = end;
    }
    Ok(())
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

/// A paragraph with a start in another style, broken at the terminal's width.
fn write_wrapped(out: &mut impl Write, start: &str, style: Style, text: &str) -> io::Result<()> {
    let width = terminal_width();
    write!(out, "{style}{start}{style:#}")?;
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
