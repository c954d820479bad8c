//! Places in a text as the Language Server Protocol counts them: line and character, in UTF-16 code units or, where the editor offers it, in bytes.

use serde::{Deserialize, Serialize};

use crate::lines::line_of;

/// What a character is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16,
}

/// A place in a text, both from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) character: usize,
}

/// From one place up to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Range {
    pub(super) start: Position,
    pub(super) end: Position,
}

impl Range {
    /// Whether two ranges touch: an empty one, such as a cursor, touches what it stands in or beside.
    pub(super) fn touches(&self, other: &Self) -> bool {
        self.start <= other.end && other.start <= self.end
    }
}

impl Encoding {
    fn length(self, text: &str) -> usize {
        match self {
            Self::Utf8 => text.len(),
            Self::Utf16 => text.encode_utf16().count(),
        }
    }

    /// The place of a byte of `text`, which is on a character's boundary.
    pub(super) fn position(self, text: &str, byte: usize) -> Position {
        let (line, start) = line_of(text.as_bytes(), byte);
        Position { line, character: self.length(&text[start..byte]) }
    }

    /// The place of a stretch of bytes.
    pub(super) fn range(self, text: &str, start: usize, end: usize) -> Range {
        Range { start: self.position(text, start), end: self.position(text, end) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_counted_as_the_editor_counts_them() {
        let text = "hé 😍 x\r\nline two\rthree";
        let at = |encoding: Encoding, word: &str| {
            let position = encoding.position(text, text.find(word).expect("there"));
            (position.line, position.character)
        };
        assert_eq!((at(Encoding::Utf16, "x"), at(Encoding::Utf8, "x")), ((0, 6), (0, 9)));
        assert_eq!(at(Encoding::Utf16, "two"), (1, 5));
        assert_eq!(at(Encoding::Utf16, "three"), (2, 0));
        assert_eq!(Encoding::Utf16.position(text, 0), Position { line: 0, character: 0 });
    }

    #[test]
    fn a_cursor_touches_the_word_that_it_stands_beside() {
        let range = |from, to| Range { start: Position { line: 0, character: from }, end: Position { line: 0, character: to } };
        assert!(range(3, 3).touches(&range(3, 5)) && range(5, 5).touches(&range(3, 5)) && range(0, 9).touches(&range(3, 5)));
        assert!(!range(6, 6).touches(&range(3, 5)));
    }
}
