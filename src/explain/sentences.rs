//! Sentences of a note, and a note without some of its parts.

use std::ops::Range;

/// Sentences, split after full stops, question and exclamation marks and at line breaks. Together they cover the note; one without a letter or digit
/// is left out.
pub(super) fn sentences(note: &str) -> Vec<Range<usize>> {
    let mut sentences = Vec::new();
    let mut from = 0;
    let mut ended = false;
    for (at, ch) in note.char_indices() {
        // The blanks between two sentences belong to the second; a line break ends the first one itself.
        if (ended && ch.is_whitespace()) || ch == '\n' {
            let after = if ch == '\n' { at + 1 } else { at };
            sentences.push(from..after);
            from = after;
        }
        ended = match ch {
            '.' => !is_abbreviated(&note[from..at]),
            '!' | '?' | '…' | '。' | '！' | '？' | '؟' => true,
            '"' | '\'' | ')' | ']' | '”' | '’' | '»' => ended,
            _ => false,
        };
        if matches!(ch, '。' | '！' | '？') {
            let after = at + ch.len_utf8();
            sentences.push(from..after);
            from = after;
            ended = false;
        }
    }
    sentences.push(from..note.len());
    sentences.retain(|range| has_words(&note[range.clone()]));
    sentences
}

/// Whether the full stop behind `text` belongs to its last word.
fn is_abbreviated(text: &str) -> bool {
    let word = text.rsplit(|ch: char| ch.is_whitespace() || ch == '(').next().unwrap_or_default();
    let is_initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase) && word != "I";
    is_initial
        || matches!(word, "Mr" | "Mrs" | "Ms" | "Mx" | "Dr" | "Prof" | "Rev" | "Sr" | "Jr" | "St" | "No" | "vs" | "e.g" | "i.e" | "approx")
}

pub(super) fn has_words(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// `note` without `ranges`, which are in order and do not overlap.
pub(super) fn without(note: &str, ranges: &[Range<usize>]) -> String {
    let mut rest = String::with_capacity(note.len());
    let mut at = 0;
    for range in ranges {
        rest.push_str(&note[at..range.start]);
        at = range.end;
    }
    rest.push_str(&note[at..]);
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_cover_the_note_once() {
        let note = "Hi Ana! Nice talk... Call me?\nBye, Dr. J. Wu (\"yes.\") Ok";
        let found: Vec<&str> = sentences(note).into_iter().map(|range| &note[range]).collect();
        assert_eq!(found, ["Hi Ana!", " Nice talk...", " Call me?\n", "Bye, Dr. J. Wu (\"yes.\")", " Ok"]);
    }
}
