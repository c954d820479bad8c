//! A draft as it is shown: wrapped, with the phrases underlined that carry the reading, each with its label.
//!
//! `annotate-snippets` (0.12.18) draws source code: of a note of one line it shows what surrounds the phrases and cuts the rest off instead of wrapping it, and on 20, 40 and 60
//! columns even that is wider than the terminal. A phrase that goes on in the next line becomes a box, a title is never wrapped, and columns are counted where right-to-left text
//! has none, so a note is laid out here.

use std::io::{self, Write};
use std::ops::Range;

use anstyle::Style;
use thinktwice::assessment::Evidence;
use unicode_segmentation::UnicodeSegmentation;

use super::screen::{inline, is_right_to_left, paragraph, pieces, visible, width};

/// What stands before each line of the draft.
const GUTTER: &str = "  │ ";
/// A draft of more lines is not shown whole.
const LINES: usize = 24;
/// How many lines are shown before and after what is shown for its phrases.
const AROUND: usize = 1;

/// How phrases are shown.
#[derive(Clone, Copy)]
pub(super) struct Styles {
    /// The phrase in the text.
    pub(super) phrase: Style,
    /// The marks under it and the label.
    pub(super) mark: Style,
}

/// Writes the draft, broken so that it fits into `columns`.
pub(super) fn write(out: &mut impl Write, draft: &str, evidence: &[Evidence], styles: Styles, columns: usize) -> io::Result<()> {
    let room = columns - width(GUTTER);
    let lines = lines(draft, evidence, room);
    let mut hidden = 0;
    let is_shown = |index: usize| {
        let near = &lines[index.saturating_sub(AROUND)..lines.len().min(index + AROUND + 1)];
        lines.len() <= LINES || index <= AROUND || index + AROUND + 1 >= lines.len() || near.iter().any(Line::is_marked)
    };
    for (index, line) in lines.iter().enumerate() {
        if !is_shown(index) {
            hidden += 1;
            continue;
        }
        if hidden > 0 {
            writeln!(out, "  ⋮ {hidden} more {}", if hidden == 1 { "line" } else { "lines" })?;
            hidden = 0;
        }
        line.write(out, evidence, styles, room)?;
    }
    Ok(())
}

/// A grapheme of the draft.
struct Cell {
    text: String,
    width: usize,
    is_blank: bool,
    /// Of scripts that are written without spaces: a line may end on either side.
    is_wide: bool,
    /// The phrase that it belongs to, as an index of the evidence.
    phrase: Option<usize>,
    /// Whether that phrase ends with it.
    is_last: bool,
}

struct Line(Vec<Cell>);

/// The draft's lines, broken so that each fits.
fn lines(draft: &str, evidence: &[Evidence], room: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut line: Vec<Cell> = Vec::new();
    let mut phrases = evidence.iter().enumerate().peekable();
    for (at, grapheme) in draft.grapheme_indices(true) {
        if matches!(grapheme, "\n" | "\r\n") {
            wrap(std::mem::take(&mut line), room, &mut lines);
            continue;
        }
        while phrases.next_if(|(_, phrase)| phrase.end <= at).is_some() {}
        let end = at + grapheme.len();
        let here = phrases.peek().filter(|(_, phrase)| phrase.start < end);
        let (phrase, is_last) = here.map_or((None, false), |(index, phrase)| (Some(*index), phrase.end <= end));
        let text = visible(grapheme);
        let width = width(&text);
        line.push(Cell { is_blank: text.trim().is_empty(), is_wide: width > 1, text, width, phrase, is_last });
    }
    wrap(line, room, &mut lines);
    lines
}

/// Breaks a line of the draft where it has blanks, or wide characters, or has to be broken. The blanks at a break are not shown.
fn wrap(cells: Vec<Cell>, room: usize, lines: &mut Vec<Line>) {
    let mut ends = Vec::new();
    let mut column = 0;
    let mut start = 0;
    let mut cut = None;
    let mut has_text = false;
    for (index, cell) in cells.iter().enumerate() {
        let may_break = index > start && (cells[index - 1].is_blank || cell.is_wide || cells[index - 1].is_wide);
        if may_break && !cell.is_blank && has_text {
            cut = Some(index);
        }
        if column + cell.width > room && !cell.is_blank && index > start {
            start = cut.take().unwrap_or(index);
            ends.push(start);
            column = cells[start..index].iter().map(|cell| cell.width).sum();
        }
        column += cell.width;
        has_text = !cell.is_blank || (has_text && start < index);
    }
    ends.push(cells.len());
    let mut cells = cells.into_iter();
    let mut at = 0;
    for end in ends {
        let mut line: Vec<Cell> = cells.by_ref().take(end - at).collect();
        line.truncate(line.iter().rposition(|cell| !cell.is_blank).map_or(0, |last| last + 1));
        lines.push(Line(line));
        at = end;
    }
}

/// Cells of one phrase in one line.
struct Segment {
    phrase: usize,
    columns: Range<usize>,
    /// Whether the phrase ends here, and not in a later line.
    is_last: bool,
}

impl Line {
    fn is_marked(&self) -> bool {
        self.0.iter().any(|cell| cell.phrase.is_some())
    }

    fn write(&self, out: &mut impl Write, evidence: &[Evidence], styles: Styles, room: usize) -> io::Result<()> {
        let is_turned = self.0.iter().any(|cell| cell.text.chars().any(is_right_to_left));
        // Where text runs from right to left, a terminal decides what stands in which column: only the text itself can be underlined.
        let phrase = if is_turned { styles.phrase.underline() } else { styles.phrase };
        write!(out, "{}", if self.0.is_empty() { GUTTER.trim_end() } else { GUTTER })?;
        for run in self.0.chunk_by(|a, b| a.phrase == b.phrase) {
            let text: String = run.iter().map(|cell| cell.text.as_str()).collect();
            if run[0].phrase.is_some() {
                write!(out, "{phrase}{text}{phrase:#}")?;
            } else {
                write!(out, "{text}")?;
            }
        }
        writeln!(out)?;
        let segments = self.segments();
        if segments.is_empty() {
            return Ok(());
        }
        if is_turned { write_list(out, &segments, evidence, styles, room) } else { write_marks(out, &segments, evidence, styles, room) }
    }

    fn segments(&self) -> Vec<Segment> {
        let mut column = 0;
        let mut segments = Vec::new();
        for run in self.0.chunk_by(|a, b| a.phrase == b.phrase) {
            let end = column + run.iter().map(|cell| cell.width).sum::<usize>();
            if let Some(phrase) = run[0].phrase {
                segments.push(Segment { phrase, columns: column..end, is_last: run.iter().any(|cell| cell.is_last) });
            }
            column = end;
        }
        segments
    }
}

/// `^` under the strongest phrase, `~` under the others; neighbours with the same label have it once: behind the last of them that ends in this line, or under it where there is no room.
fn write_marks(out: &mut impl Write, segments: &[Segment], evidence: &[Evidence], styles: Styles, room: usize) -> io::Result<()> {
    let strongest = evidence.iter().map(|phrase| phrase.weight).fold(0.0, f32::max);
    let mut marks = Row::default();
    let mut below: Vec<Row> = Vec::new();
    for (index, Segment { phrase, columns, .. }) in segments.iter().enumerate() {
        let phrase = &evidence[*phrase];
        let mark = if phrase.weight >= strongest { "^" } else { "~" };
        marks.put(columns.start, &mark.repeat(columns.len()));
        let next = segments.get(index + 1);
        let shares_label = |next: &Segment| next.is_last && evidence[next.phrase].label == phrase.label;
        if !segments[index].is_last || next.is_some_and(shares_label) {
            continue;
        }
        let label = shortened(inline(&phrase.label), room);
        let limit = next.map_or(room, |next| next.columns.start - 1);
        if columns.end + 1 + width(&label) <= limit {
            marks.put(columns.end + 1, &label);
        } else if next.is_none_or(|next| evidence[next.phrase].label != phrase.label) {
            let at = columns.start.min(room.saturating_sub(width(&label)));
            match below.iter_mut().find(|row| row.width == 0 || row.width < at) {
                Some(row) => row.put(at, &label),
                None => below.push(Row::default().with(at, &label)),
            }
        }
    }
    for row in std::iter::once(marks).chain(below) {
        let mark = styles.mark;
        let indent = row.text.len() - row.text.trim_start().len();
        writeln!(out, "{GUTTER}{}{mark}{}{mark:#}", &row.text[..indent], &row.text[indent..])?;
    }
    Ok(())
}

/// A label that is wider than a line, by its beginning.
fn shortened(label: String, room: usize) -> String {
    if width(&label) <= room { label } else { pieces(&label, room - 1).swap_remove(0) + "…" }
}

/// A row of text in the making.
#[derive(Default)]
struct Row {
    text: String,
    width: usize,
}

impl Row {
    fn put(&mut self, column: usize, text: &str) {
        while self.width < column {
            self.text.push(' ');
            self.width += 1;
        }
        self.text.push_str(text);
        self.width += width(text);
    }

    fn with(mut self, column: usize, text: &str) -> Self {
        self.put(column, text);
        self
    }
}

fn write_list(out: &mut impl Write, segments: &[Segment], evidence: &[Evidence], styles: Styles, room: usize) -> io::Result<()> {
    for segment in segments.iter().filter(|segment| segment.is_last) {
        let phrase = &evidence[segment.phrase];
        let mut text = Vec::new();
        paragraph(&mut text, "^ ", styles.mark, &format!("“{}” {}", inline(&phrase.text), inline(&phrase.label)), 2, room)?;
        for line in String::from_utf8_lossy(&text).lines() {
            writeln!(out, "{GUTTER}{line}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn evidence(draft: &str, phrases: &[(&str, &str)]) -> Vec<Evidence> {
        let phrase = |&(text, label): &(&str, &str)| {
            let start = draft.find(text).expect("there");
            Evidence { start, end: start + text.len(), text: text.to_owned(), label: label.to_owned(), weight: text.len() as f32 }
        };
        phrases.iter().map(phrase).collect()
    }

    fn shown(draft: &str, evidence: &[Evidence], columns: usize) -> String {
        let mut out = Vec::new();
        let plain = Styles { phrase: Style::new(), mark: Style::new() };
        write(&mut out, draft, evidence, plain, columns).expect("written");
        anstream::adapter::strip_str(std::str::from_utf8(&out).expect("text")).to_string()
    }

    #[test]
    fn phrases_are_underlined_where_they_stand() {
        let draft = "Your smile has been on my mind. Are you single? Let me take you out.";
        let evidence = evidence(draft, &[("Your smile", "romantic"), ("single", "romantic"), ("take you out", "romantic")]);
        assert_eq!(
            shown(draft, &evidence, 40),
            "  │ Your smile has been on my mind. Are\n\
             \u{20} │ ~~~~~~~~~~ romantic\n\
             \u{20} │ you single? Let me take you out.\n\
             \u{20} │     ~~~~~~         ^^^^^^^^^^^^\n\
             \u{20} │                    romantic\n"
        );
    }

    #[test]
    fn wide_characters_and_marks_are_measured_as_they_are_shown() {
        let draft = "你好 e\u{301}te\u{301} 👩‍👩‍👧 dinner\tok";
        let evidence = evidence(draft, &[("e\u{301}", "a"), ("dinner", "b")]);
        let text = shown(draft, &evidence, 60);
        let [line, marks] = text.lines().collect::<Vec<_>>()[..] else { panic!("{text}") };
        let column = |of: &str| width(&line[..line.find(of).expect("there")]);
        assert_eq!(width(&marks[..marks.find('~').expect("there")]), column("e\u{301}"));
        assert_eq!(width(&marks[..marks.find('^').expect("there")]), column("dinner"));
    }

    #[test]
    fn right_to_left_text_has_its_phrases_listed() {
        let draft = "שלום, you look gorgeous";
        let text = shown(draft, &evidence(draft, &[("gorgeous", "romantic")]), 40);
        assert_eq!(text, "  │ שלום, you look gorgeous\n  │ ^ “gorgeous” romantic\n");
    }

    #[test]
    fn what_is_far_from_any_phrase_is_left_out_of_a_long_draft() {
        let draft = (0..100).map(|line| format!("line {line}")).collect::<Vec<_>>().join("\n");
        let text = shown(&draft, &evidence(&draft, &[("line 50", "a")]), 80);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2 + 1 + 4 + 1 + 2, "{text}");
        assert_eq!((lines[2], lines[7]), ("  ⋮ 47 more lines", "  ⋮ 46 more lines"));
    }

    proptest! {
        #[test]
        fn every_line_fits_and_nothing_is_lost(
            draft in "([a-z]{1,30}|\\PC|[\u{0}-\u{1F}]|[一-十]|\u{301}|👩‍👩‍👧|שלום| |\n){0,40}",
            cuts in proptest::collection::vec(0..1000_usize, 0..6),
            label in "[a-z-]{1,30}",
            columns in 20_usize..100,
        ) {
            let mut places: Vec<usize> = cuts.iter().map(|cut| cut * draft.len() / 1000).filter(|&at| draft.is_char_boundary(at)).collect();
            places.sort_unstable();
            places.dedup();
            let evidence: Vec<Evidence> = places
                .chunks_exact(2)
                .map(|pair| Evidence { start: pair[0], end: pair[1], text: draft[pair[0]..pair[1]].to_owned(), label: label.clone(), weight: 1.0 })
                .collect();
            let text = shown(&draft, &evidence, columns);
            for line in text.lines() {
                prop_assert!(width(line) <= columns, "{line:?}");
            }
            prop_assert!(!text.chars().any(|ch| ch.is_control() && ch != '\n'));
            if lines(&draft, &evidence, columns - 4).len() <= LINES {
                let plain = shown(&draft, &[], columns);
                let expected: String = draft.graphemes(true).filter(|g| !matches!(*g, "\n" | "\r\n")).map(visible).collect();
                let letters = |text: &str| text.chars().filter(|ch| !ch.is_whitespace()).collect::<String>();
                prop_assert_eq!(letters(&plain.replace(GUTTER.trim_end(), "")), letters(&expected.replace('│', "")));
            }
        }
    }
}
