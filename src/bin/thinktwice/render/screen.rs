//! Text on a terminal: what a draft may show there, how wide it is, and paragraphs.

use std::io::{self, Write};

use anstyle::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// A tab is shown as so many spaces.
const TAB: &str = "    ";
/// How many characters of a user-perceived one are shown: nobody can read more marks on a letter.
const MARKS: usize = 24;

/// A grapheme as a terminal may have it: control characters as pictures of themselves, and what would turn the direction of all that follows as `�`. A draft
/// must not be able to write to the terminal.
pub(super) fn visible(grapheme: &str) -> String {
    let mut shown = String::with_capacity(grapheme.len());
    for ch in grapheme.chars().take(MARKS) {
        match ch {
            '\t' => shown.push_str(TAB),
            '\0'..='\u{1F}' => shown.push(char::from_u32(0x2400 + u32::from(ch)).unwrap_or('\u{FFFD}')),
            '\u{7F}' => shown.push('␡'),
            '\u{80}'..='\u{9F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => shown.push('\u{FFFD}'),
            // Invisible, and able to carry a hidden text.
            '\u{E0000}'..='\u{E007F}' | '\u{FEFF}' | '\u{200B}' | '\u{2060}' => {}
            _ => shown.push(ch),
        }
    }
    shown
}

/// A text within a line, as a terminal may have it.
pub(super) fn inline(text: &str) -> String {
    let words: Vec<String> = text
        .split([' ', '\n', '\r', '\t'])
        .filter(|word| !word.is_empty())
        .map(|word| word.graphemes(true).map(visible).collect())
        .collect();
    words.join(" ")
}

/// In columns.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// Whether a character is written from right to left (the blocks of such scripts, and the mark that says so).
pub(super) fn is_right_to_left(ch: char) -> bool {
    matches!(ch, '\u{590}'..='\u{8FF}' | '\u{200F}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFE}' | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}')
}

/// Keeps two words on one line: [`paragraph`] writes a space for it.
pub(super) const TIE: char = '\u{A0}';

/// Writes a paragraph that begins with `start` in a style of its own, broken at `columns`, further lines indented by `indent`.
pub(super) fn paragraph(out: &mut impl Write, start: &str, style: Style, text: &str, indent: usize, columns: usize) -> io::Result<()> {
    let mut column = 0;
    let mut is_fresh = start.is_empty();
    if !is_fresh {
        for (index, line) in textwrap::wrap(start.trim_end(), columns).iter().enumerate() {
            write!(out, "{}{style}{line}{style:#}", if index == 0 { "" } else { "\n" })?;
            column = width(line);
        }
    }
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        for piece in pieces(word, columns - indent) {
            let length = width(&piece);
            let space = usize::from(!is_fresh);
            if column > indent && column + space + length > columns {
                write!(out, "\n{:indent$}", "")?;
                column = indent;
            } else if space == 1 {
                write!(out, " ")?;
                column += 1;
            }
            write!(out, "{}", piece.replace(TIE, " "))?;
            column += length;
            is_fresh = false;
        }
    }
    writeln!(out)
}

/// A word cut into pieces that fit into a line: nearly always one.
pub(super) fn pieces(word: &str, columns: usize) -> Vec<String> {
    if width(word) > columns && word.contains(TIE) {
        return word.split(TIE).flat_map(|word| pieces(word, columns)).collect();
    }
    let mut pieces = vec![String::new()];
    let mut column = 0;
    for grapheme in word.graphemes(true) {
        let length = width(grapheme);
        if column + length > columns && column > 0 {
            pieces.push(String::new());
            column = 0;
        }
        if let Some(piece) = pieces.last_mut() {
            piece.push_str(grapheme);
        }
        column += length;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_draft_reaches_the_terminal_as_a_command() {
        assert_eq!(inline("\u{1B}[31mred\u{7}\u{9B}2J \u{202E}desrever\u{7F}"), "␛[31mred␇\u{FFFD}2J \u{FFFD}desrever␡");
        for ch in '\0'..='\u{FFFF}' {
            let shown = visible(ch.encode_utf8(&mut [0; 4]));
            assert!(!shown.chars().any(char::is_control), "{ch:?}");
        }
    }

    #[test]
    fn paragraphs_fit() {
        for columns in 20..60 {
            let mut out = Vec::new();
            let text = format!("a few words, {} and 你好你好你好你好你好你好你好你好你好你好你好 more of them", "x".repeat(70));
            paragraph(&mut out, "This is the start of it: ", Style::new(), &text, 6, columns).expect("written");
            let out = String::from_utf8(out).expect("text");
            assert!(out.lines().all(|line| width(line) <= columns), "{out}");
            let letters = |text: &str| text.chars().filter(|ch| !ch.is_whitespace()).collect::<String>();
            assert_eq!(letters(&out), format!("Thisisthestartofit:{}", letters(&text)));
        }
    }
}
