//! Unicode first: one spelling for what a reader sees as the same letter.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{compose, is_combining_mark};

/// A folded character and the bytes of the original string that it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Folded {
    pub(super) ch: char,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Appends `text`, folded, to `out`: NFKC, lower case, straight quotes, no invisible characters, and no letter more
/// than twice in a row.
///
/// NFKC is applied to each base character with its combining marks, since that is the longest unit whose bytes a
/// reader could point at; over a whole note this equals NFKC (Unicode Standard Annex 15).
pub(super) fn fold(text: &str, out: &mut Vec<Folded>) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        // An ASCII character that no combining mark follows is its own cluster: nearly every character of a note.
        if bytes[at].is_ascii() && bytes.get(at + 1).is_none_or(u8::is_ascii) {
            push(straighten(char::from(bytes[at].to_ascii_lowercase())), at, at + 1, out);
            at += 1;
            continue;
        }
        let end = cluster_end(text, at);
        for composed in text[at..end].nfkc() {
            for lower in composed.to_lowercase() {
                push(straighten(lower), at, end, out);
            }
        }
        at = end;
    }
}

/// The end of the cluster that starts at `start`: a character and all that composes with it (marks, Hangul vowels and finals, the
/// few letters of other scripts that do so).
fn cluster_end(text: &str, start: usize) -> usize {
    let mut previous = None;
    for (offset, ch) in text[start..].char_indices() {
        let joins = |previous| is_combining_mark(ch) || compose(previous, ch).is_some() || matches!(ch, '\u{1160}'..='\u{11FF}');
        if previous.is_some_and(|previous| !joins(previous)) {
            return start + offset;
        }
        previous = Some(ch);
    }
    text.len()
}

fn push(ch: char, start: usize, end: usize, out: &mut Vec<Folded>) {
    if is_invisible(ch) {
        return;
    }
    // "sooooo" is "soo": stretched, but by how much says nothing.
    if ch.is_alphabetic()
        && let [.., before, last] = out.as_mut_slice()
        && before.ch == ch
        && last.ch == ch
        && before.end <= last.start
        && last.end == start
    {
        last.end = end;
        return;
    }
    out.push(Folded { ch, start, end });
}

/// Format characters, variation selectors and skin tones: they change how a character looks, not what it is.
fn is_invisible(ch: char) -> bool {
    matches!(ch,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{1F3FB}'..='\u{1F3FF}' | '\u{E0000}'..='\u{E0FFF}')
}

fn straighten(ch: char) -> char {
    match ch {
        '\u{2018}' | '\u{2019}' | '\u{201B}' | '\u{2032}' | '\u{2B9}' | '\u{2BC}' | '`' | '\u{B4}' => '\'',
        '\u{201C}'..='\u{201F}' | '\u{2033}' | '\u{AB}' | '\u{BB}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn folded(text: &str) -> String {
        let mut out = Vec::new();
        fold(text, &mut out);
        out.iter().map(|f| f.ch).collect()
    }

    #[test]
    fn look_alikes_become_one_spelling() {
        assert_eq!(folded("ＦＵＬＬ width"), "full width");
        assert_eq!(folded("don\u{2019}t \u{201C}go\u{201D}"), "don't \"go\"");
        assert_eq!(folded("e\u{301}t\u{E9}"), "\u{E9}t\u{E9}");
        assert_eq!(folded("𝓱𝓲 \u{200B}ﬁne"), "hi fine");
        assert_eq!(folded("soooooo heyyy 1000"), "soo heyy 1000");
    }

    #[test]
    fn a_stretched_letter_keeps_all_its_bytes() {
        let mut out = Vec::new();
        fold("heyyyy", &mut out);
        assert_eq!(out.last(), Some(&Folded { ch: 'y', start: 3, end: 6 }));
    }

    proptest! {
        #[test]
        fn composed_and_decomposed_text_fold_alike(text in "\\PC{0,40}") {
            let nfc: String = text.nfc().collect();
            let nfd: String = text.nfd().collect();
            prop_assert_eq!(folded(&nfc), folded(&nfd));
        }

        #[test]
        fn spans_lie_on_character_boundaries_in_order(text in "\\PC{0,60}") {
            let mut out = Vec::new();
            fold(&text, &mut out);
            let mut last = 0;
            for folded in out {
                prop_assert!(folded.start < folded.end && folded.start >= last);
                prop_assert!(text.is_char_boundary(folded.start) && text.is_char_boundary(folded.end));
                last = folded.start;
            }
        }
    }
}
