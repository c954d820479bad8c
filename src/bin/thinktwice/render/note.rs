//! A note as it stands on a terminal: broken at the width, with marks under the phrases that carry its reading.

use std::io::{self, Write};

use anstyle::Style;
use thinktwice::assessment::Evidence;
use unicode_width::UnicodeWidthChar;

use super::DIM;

/// A character as it is shown.
#[derive(Clone, Copy)]
struct Cell {
    ch: char,
    /// Columns: 0 for a mark that stands on the character before it, 2 for a wide one.
    width: usize,
    /// Whether a phrase of the evidence has it.
    marked: bool,
}

/// The rule beside the note.
const MARGIN: &str = "  │ ";
/// The fewest columns that a note is squeezed into for the sake of a label.
const NARROWEST: usize = 30;

/// Writes the note behind a rule, at most `width` columns wide, and under the marked phrases a row of `^` with their label.
pub(super) fn write(out: &mut impl Write, draft: &str, evidence: &[Evidence], mark: Style, width: usize) -> io::Result<()> {
    let margin = format!("{DIM}{MARGIN}{DIM:#}");
    // Room for the label behind the last mark of a row; where the terminal is too narrow for that, the marks stand alone.
    let label = evidence.first().map_or(String::new(), |phrase| format!(" {}", phrase.label));
    let room = width.saturating_sub(MARGIN.chars().count()).max(1);
    let (label, room) = match room.checked_sub(label.len()) {
        Some(rest) if rest >= NARROWEST => (label, rest),
        _ => (String::new(), room),
    };
    let mut from = 0;
    for line in draft.split('\n') {
        let cells = cells(line.trim_end_matches('\r'), from, evidence);
        from += line.len() + 1;
        for row in rows(&cells, room) {
            write!(out, "{margin}")?;
            for run in row.chunk_by(|a, b| a.marked == b.marked) {
                let text: String = run.iter().map(|cell| cell.ch).collect();
                if run[0].marked { write!(out, "{mark}{text}{mark:#}")? } else { write!(out, "{text}")? }
            }
            writeln!(out)?;
            // In a line that runs from right to left, a column of the text is not one of the screen.
            if row.iter().any(|cell| cell.marked) && !row.iter().any(|cell| runs_leftwards(cell.ch)) {
                let marks: String =
                    row.iter().flat_map(|cell| std::iter::repeat_n(if cell.marked { '^' } else { ' ' }, cell.width)).collect();
                writeln!(out, "{margin}{mark}{}{label}{mark:#}", marks.trim_end())?;
            }
        }
    }
    Ok(())
}

fn cells(line: &str, from: usize, evidence: &[Evidence]) -> Vec<Cell> {
    let cell = |(at, ch): (usize, char)| {
        let ch = shown(ch)?;
        let marked = evidence.iter().any(|phrase| (phrase.start..phrase.end).contains(&(from + at)));
        Some(Cell { ch, width: ch.width().unwrap_or(0), marked })
    };
    line.char_indices().filter_map(cell).collect()
}

/// Breaks at spaces, and within words that are longer than a row. There is always at least one row.
fn rows(cells: &[Cell], width: usize) -> Vec<&[Cell]> {
    let mut rows = Vec::new();
    let mut rest = cells;
    loop {
        let mut used = 0;
        let end = rest.iter().position(|cell| {
            used += cell.width;
            used > width
        });
        let Some(end) = end else {
            rows.push(rest);
            return rows;
        };
        // The space at a row's end goes with it, and is not shown on either.
        let space = (1..=end).rev().find(|&at| rest[at].ch == ' ');
        let (row, after) = match space {
            Some(at) => (at, at + 1),
            None => (end.max(1), end.max(1)),
        };
        rows.push(&rest[..row]);
        rest = &rest[after..];
        if rest.is_empty() {
            return rows;
        }
    }
}

/// A character as a terminal may have it: a draft can neither move the cursor nor turn the direction of what follows.
pub(super) fn shown(ch: char) -> Option<char> {
    match ch {
        '\t' => Some(' '),
        '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => None,
        ch if ch.is_control() => Some('\u{FFFD}'),
        ch => Some(ch),
    }
}

/// Hebrew, Arabic and the scripts beside them.
fn runs_leftwards(ch: char) -> bool {
    matches!(ch, '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}' | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(draft: &str, phrases: &[&str], width: usize) -> String {
        let phrase = |text: &&str| {
            let start = draft.find(*text).expect("there");
            Evidence { start, end: start + text.len(), text: (*text).to_owned(), label: "romantic".to_owned(), weight: 1.0 }
        };
        let evidence: Vec<Evidence> = phrases.iter().map(phrase).collect();
        let mut out = Vec::new();
        write(&mut out, draft, &evidence, Style::new(), width + 4).expect("written");
        anstream::adapter::strip_str(&String::from_utf8(out).expect("text")).to_string().replace("  │ ", "| ")
    }

    #[test]
    fn phrases_are_marked_across_lines() {
        let note = "Hi Ana from Tromsø, are you single? Call me.";
        let expected = "| Hi Ana from Tromsø, are you\n|                     ^^^^^^^ romantic\n| single? Call me.\n| ^^^^^^ romantic\n";
        assert_eq!(written(note, &["are you single"], 40), expected);
        // Too narrow for the label.
        assert_eq!(written(note, &["single"], 20), "| Hi Ana from Tromsø,\n| are you single? Call\n|         ^^^^^^\n| me.\n");
    }

    #[test]
    fn wide_and_combining_characters_keep_their_columns() {
        assert_eq!(written("你好 cafe\u{301} date", &["date"], 60), "| 你好 cafe\u{301} date\n|           ^^^^ romantic\n");
        assert_eq!(written("love 😍 you", &["😍"], 60), "| love 😍 you\n|      ^^ romantic\n");
    }

    #[test]
    fn lines_from_right_to_left_have_no_marks_under_them() {
        assert_eq!(written("שלום date", &["date"], 40), "| שלום date\n");
    }

    #[test]
    fn long_words_are_broken_and_empty_lines_kept() {
        assert_eq!(written("abcdefgh\r\n\nij", &[], 4), "| abcd\n| efgh\n| \n| ij\n");
        assert_eq!(written("😍😍", &[], 1), "| 😍\n| 😍\n", "a character that is wider than the row");
    }

    #[test]
    fn a_draft_cannot_write_to_the_terminal() {
        assert_eq!(written("a\u{1B}[2J\tb\u{202E}c\u{7}", &[], 40), "| a\u{FFFD}[2J bc\u{FFFD}\n");
    }
}
