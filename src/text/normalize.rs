//! Unicode first: one spelling for what a reader sees as the same letter.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{compose, is_combining_mark};

/// Where a stretch of folded text stood in the note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    /// Its first byte in the folded text. It goes on to the next piece.
    at: usize,
    /// Its first byte in the note.
    start: usize,
    /// One past its last byte in the note where it is one character; where it is 0, every byte stands for one of the note's.
    end: usize,
}

/// Folded text that remembers where each of its characters stood: NFKC, lower case, straight quotes, no invisible characters, no letter more than twice in
/// a row, and `0` for every ASCII digit.
///
/// NFKC is applied to each base character with its combining marks, since that is the longest unit whose bytes a
/// reader could point at; over a whole note this equals NFKC (Unicode Standard Annex 15).
#[derive(Debug, Default)]
pub(super) struct Folded {
    pieces: Vec<Piece>,
    /// The last two characters with their bytes in the note, the last one second.
    last: [Option<(char, usize, usize)>; 2],
    /// Whether there is anything that an address cannot do without.
    pub(super) has_address: bool,
}

impl Folded {
    /// Appends `note`, folded, to `text`.
    pub(super) fn fold(&mut self, note: &str, text: &mut Vec<u8>) {
        self.pieces.clear();
        self.last = [None; 2];
        self.has_address = false;
        let from = text.len();
        let bytes = note.as_bytes();
        let mut at = 0;
        let mut is_ascii = true;
        while at < bytes.len() {
            let stretch = ascii_prefix(&bytes[at..]);
            // What is not ASCII may compose with the character before it.
            let alone = if at + stretch < bytes.len() { stretch.saturating_sub(1) } else { stretch };
            self.push_ascii(&bytes[at..at + alone], at, text);
            at += alone;
            if at < bytes.len() {
                let end = cluster_end(note, at);
                self.push_cluster(&note[at..end], at, text);
                at = end;
                is_ascii = false;
            }
        }
        // Three letters in a row are left only where something invisible stood between them.
        self.has_address |= !is_ascii && text[from..].windows(4).any(|window| window == b"www.");
    }

    /// Where the folded text stood in the note.
    pub(super) fn spans(&self) -> Spans<'_> {
        Spans { piece: Piece { at: 0, start: 0, end: 0 }, until: 0, rest: &self.pieces }
    }

    /// Appends ASCII characters, of which the first stands at `start` in the note.
    fn push_ascii(&mut self, bytes: &[u8], start: usize, text: &mut Vec<u8>) {
        // The first two may lengthen what stands before them.
        let one_by_one = match start {
            _ if is_stretched(bytes) => bytes.len(),
            0 => 0,
            _ => bytes.len().min(2),
        };
        for (byte, at) in bytes[..one_by_one].iter().zip(start..) {
            self.push(char::from(fold_ascii(*byte)), at, at + 1, text);
        }
        let (rest, start) = (&bytes[one_by_one..], start + one_by_one);
        if rest.is_empty() {
            return;
        }
        let from = text.len();
        self.open_run(from, start);
        // In place, and without an early end: this way the compiler folds and compares sixteen bytes at once.
        text.extend_from_slice(rest);
        let mut is_address = 0;
        for byte in &mut text[from..] {
            *byte = fold_ascii(*byte);
            is_address |= u8::from(*byte == b'@') | u8::from(*byte == b'/');
        }
        self.has_address |= is_address != 0;
        let last = |back: usize| {
            let at = rest.len().checked_sub(back)?;
            Some((char::from(text[from + at]), start + at, start + at + 1))
        };
        self.last = [last(2).or(self.last[1]), last(1)];
    }

    /// Appends a cluster whose first byte is at `start` in the note.
    fn push_cluster(&mut self, cluster: &str, start: usize, text: &mut Vec<u8>) {
        let end = start + cluster.len();
        if cluster.chars().all(|ch| is_settled(ch) || ch == '\u{FE0F}') {
            self.push_composed(cluster.chars(), start, end, text);
        } else {
            self.push_composed(cluster.nfkc(), start, end, text);
        }
    }

    fn push_composed(&mut self, chars: impl Iterator<Item = char>, start: usize, end: usize, text: &mut Vec<u8>) {
        for lower in chars.flat_map(char::to_lowercase) {
            self.push(straighten(lower), start, end, text);
        }
    }

    fn push(&mut self, ch: char, start: usize, end: usize, text: &mut Vec<u8>) {
        if is_invisible(ch) {
            return;
        }
        let ch = if ch.is_ascii_digit() { '0' } else { ch };
        // "sooooo" is "soo": stretched, but by how much says nothing.
        if ch.is_alphabetic()
            && let [Some(before), Some(last)] = &mut self.last
            && before.0 == ch
            && last.0 == ch
            && before.2 <= last.1
            && last.2 == start
        {
            last.2 = end;
            let stretched = Piece { at: text.len() - ch.len_utf8(), start: last.1, end };
            self.pieces.pop_if(|piece| piece.at == stretched.at);
            self.pieces.push(stretched);
            return;
        }
        if ch.is_ascii() && end == start + 1 {
            self.open_run(text.len(), start);
        } else {
            self.pieces.push(Piece { at: text.len(), start, end });
        }
        self.last = [self.last[1], Some((ch, start, end))];
        self.has_address |= matches!(ch, '@' | '/');
        text.extend_from_slice(ch.encode_utf8(&mut [0; 4]).as_bytes());
    }

    /// Says that from here on every byte stands for one of the note's.
    fn open_run(&mut self, at: usize, start: usize) {
        if self.pieces.last().is_none_or(|piece| piece.end != 0 || piece.start + (at - piece.at) != start) {
            self.pieces.push(Piece { at, start, end: 0 });
        }
    }
}

/// Finds where folded text stood in the note, from its beginning to its end.
#[derive(Debug)]
pub(super) struct Spans<'p> {
    piece: Piece,
    /// Where the pieces after this one begin.
    until: usize,
    rest: &'p [Piece],
}

impl Spans<'_> {
    /// The bytes in the note of the folded characters from the byte `first` to the byte `last`, neither before those that were asked for last.
    pub(super) fn span(&mut self, first: usize, last: usize) -> (usize, usize) {
        let from = self.piece(first);
        let start = if from.end == 0 { from.start + (first - from.at) } else { from.start };
        let to = self.piece(last);
        (start, if to.end == 0 { to.start + (last - to.at) + 1 } else { to.end })
    }

    fn piece(&mut self, byte: usize) -> Piece {
        while byte >= self.until {
            let Some((piece, rest)) = self.rest.split_first() else { break };
            self.piece = *piece;
            self.rest = rest;
            self.until = rest.first().map_or(usize::MAX, |next| next.at);
        }
        self.piece
    }
}

/// How many bytes from the beginning are ASCII. Eight at a time: the standard library looks at those after the last 64 one by one.
fn ascii_prefix(bytes: &[u8]) -> usize {
    let (eights, rest) = bytes.as_chunks();
    for (at, eight) in eights.iter().enumerate() {
        let other = u64::from_le_bytes(*eight) & 0x8080_8080_8080_8080;
        if other != 0 {
            return 8 * at + other.trailing_zeros() as usize / 8;
        }
    }
    8 * eights.len() + rest.iter().position(|byte| !byte.is_ascii()).unwrap_or(rest.len())
}

/// Whether a letter stands three times in a row. No early end: this way the compiler compares sixteen bytes at once.
fn is_stretched(bytes: &[u8]) -> bool {
    let [_, second @ ..] = bytes else { return false };
    let [_, third @ ..] = second else { return false };
    let lower = |&byte: &u8| byte | 0x20;
    let same = |(a, (b, c)): (&u8, (&u8, &u8))| {
        u8::from(lower(a) == lower(b)) & u8::from(lower(b) == lower(c)) & u8::from(lower(a).is_ascii_lowercase())
    };
    bytes.iter().zip(second.iter().zip(third)).fold(0, |found, triple| found | same(triple)) != 0
}

/// As the other characters are folded. A straight line of selections, which the compiler turns into sixteen bytes at once.
fn fold_ascii(byte: u8) -> u8 {
    let lower = byte.to_ascii_lowercase();
    let digit = if byte.is_ascii_digit() { b'0' } else { lower };
    if byte == b'`' { b'\'' } else { digit }
}

/// Common characters that NFKC leaves as they are and that compose with nothing before them (NFKC composes marks, Hangul and a few letters of India's scripts
/// only). Not all of them: the others take the long way.
fn is_settled(ch: char) -> bool {
    matches!(ch, '\u{0}'..='\u{7F}' | '\u{C0}'..='\u{131}' | '\u{134}'..='\u{13E}' | '\u{141}'..='\u{148}' | '\u{14A}'..='\u{17E}'
        | '\u{410}'..='\u{44F}' | '\u{2012}'..='\u{2015}' | '\u{2018}'..='\u{201F}' | '\u{1F300}'..='\u{1FAFF}')
}

/// The end of the cluster that starts at `start`: a character and all that composes with it (marks, Hangul vowels and finals, the
/// few letters of other scripts that do so).
fn cluster_end(text: &str, start: usize) -> usize {
    let mut previous = None;
    for (offset, ch) in text[start..].char_indices() {
        // What is common composes with nothing before it: telling so without the tables halves the time that an emoji takes.
        if previous.is_some() && is_settled(ch) {
            return start + offset;
        }
        let joins = |previous| is_combining_mark(ch) || compose(previous, ch).is_some() || matches!(ch, '\u{1160}'..='\u{11FF}');
        if previous.is_some_and(|previous| !joins(previous)) {
            return start + offset;
        }
        previous = Some(ch);
    }
    text.len()
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
        Folded::default().fold(text, &mut out);
        String::from_utf8(out).expect("whole characters")
    }

    /// Every folded character with its bytes in the note.
    fn spans(text: &str) -> Vec<(char, usize, usize)> {
        let (mut folded, mut out) = (Folded::default(), Vec::new());
        folded.fold(text, &mut out);
        let out = String::from_utf8(out).expect("whole characters");
        let mut spans = folded.spans();
        let mut span = |(at, ch): (usize, char)| {
            let (start, end) = spans.span(at, at + ch.len_utf8() - 1);
            (ch, start, end)
        };
        out.char_indices().map(&mut span).collect()
    }

    #[test]
    fn look_alikes_become_one_spelling() {
        assert_eq!(folded("ＦＵＬＬ width"), "full width");
        assert_eq!(folded("don\u{2019}t \u{201C}go\u{201D}"), "don't \"go\"");
        assert_eq!(folded("e\u{301}t\u{E9}"), "\u{E9}t\u{E9}");
        assert_eq!(folded("𝓱𝓲 \u{200B}ﬁne"), "hi fine");
        assert_eq!(folded("soooooo heyyy 1024 １２"), "soo heyy 0000 00");
    }

    #[test]
    fn a_stretched_letter_keeps_all_its_bytes() {
        assert_eq!(spans("heyyyy"), [('h', 0, 1), ('e', 1, 2), ('y', 2, 3), ('y', 3, 6)]);
        assert_eq!(spans("aaaéa"), [('a', 0, 1), ('a', 1, 3), ('é', 3, 5), ('a', 5, 6)]);
    }

    #[test]
    fn settled_characters_are_folded_to_themselves() {
        let settled = ('\0'..=char::MAX).filter(|&ch| is_settled(ch));
        for ch in settled {
            assert!(std::iter::once(ch).nfkc().eq([ch]), "{ch:?}");
            assert!(
                !is_combining_mark(ch) && ('a'..='z').chain('\u{300}'..'\u{1200}').all(|before| compose(before, ch).is_none()),
                "{ch:?}"
            );
        }
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
            let mut last = 0;
            for (_, start, end) in spans(&text) {
                prop_assert!(start < end && start >= last);
                prop_assert!(text.is_char_boundary(start) && text.is_char_boundary(end));
                last = start;
            }
        }
    }
}
