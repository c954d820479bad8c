//! Tokens: words, punctuation, emoji, and one token each for numbers, links, addresses, handles and placeholders.

use std::ops::Range;

use super::classes::{BLOCK, Block, Class, class};
use super::normalize::Folded;
use crate::bytes::eight_from;

/// What a token is. Words have a stem and characters; everything else is taken as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// Letters, with apostrophes and digits inside.
    Word,
    /// A number, a time or a date, all written `<number>`.
    Number,
    /// `<link>`, `<mail>`, `<handle>` or `<placeholder>`.
    Reference,
    /// A punctuation mark or a run of one (`!!`), a symbol, an emoji, or a line break (`¶`).
    Mark,
}

/// A token of a note: its kind, its folded text and the bytes of the note that it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// What it is.
    pub kind: TokenKind,
    /// The folded text, or the name of its class in angle brackets.
    pub text: &'a str,
    /// First byte in the note.
    pub start: usize,
    /// One past the last byte in the note.
    pub end: usize,
}

/// A token as places in [`Tokens::text`].
#[derive(Clone, Copy, Debug)]
struct Entry {
    kind: TokenKind,
    /// What it is written as.
    text: (usize, usize),
    /// What it was made of: the bytes of the folded note.
    from: (usize, usize),
}

/// The tokens of one note. Reused from note to note, it allocates only while it grows.
///
/// ```
/// let mut tokens = thinktwice::text::Tokens::default();
/// tokens.read("Congrats!!! Call me on 555 0142, ok?");
/// let texts: Vec<&str> = tokens.iter().map(|token| token.text).collect();
/// assert_eq!(texts, ["congrats", "!!", "call", "me", "on", "<number>", "<number>", ",", "ok", "?"]);
/// ```
#[derive(Debug, Default)]
pub struct Tokens {
    /// The names of classes, the folded note, [`PADDING`], words that stand in neither, and [`PADDING`] again.
    text: String,
    folded: Folded,
    /// Words with digits that are not ASCII.
    rewritten: String,
    entries: Vec<Entry>,
}

/// What the texts of tokens that are not written as they stand are taken from.
const NAMES: &str = "<number><link><mail><handle><placeholder>¶";
const NUMBER: Range<usize> = 0..8;
const LINK: Range<usize> = 8..14;
const MAIL: Range<usize> = 14..20;
const HANDLE: Range<usize> = 20..28;
const PLACEHOLDER: Range<usize> = 28..41;
const LINE_BREAK: Range<usize> = 41..43;

/// The longest stretch between brackets that still reads as a placeholder, in characters.
const PLACEHOLDER_MAX: usize = 32;

/// The longest word that has a [`Short`], in bytes.
const SHORT_MAX: usize = 23;

/// A token of up to 23 bytes as three numbers: its bytes, zeros and, last, whether it is a word. Different tokens have different ones. Those of a longer one are
/// [`LONG`].
pub(crate) type Short = (u64, u64, u64);

/// What no token of up to 23 bytes is.
pub(crate) const LONG: Short = (u64::MAX, u64::MAX, u64::MAX);

impl Tokens {
    /// Replaces what was read before by the tokens of `note`.
    #[expect(clippy::missing_panics_doc, reason = "folding appends whole characters")]
    pub fn read(&mut self, note: &str) {
        self.entries.clear();
        self.rewritten.clear();
        let mut text = std::mem::take(&mut self.text).into_bytes();
        if text.is_empty() {
            text.extend_from_slice(NAMES.as_bytes());
        }
        text.truncate(NAMES.len());
        self.folded.fold(note, &mut text);
        let end = text.len();
        text.extend_from_slice(PADDING.as_bytes());
        let mut text = String::from_utf8(text).expect("whole characters are appended");
        Reader {
            text: &text[..end],
            padded: text.as_bytes(),
            entries: &mut self.entries,
            rewritten: &mut self.rewritten,
            has_address: self.folded.has_address,
        }
        .read();
        if !self.rewritten.is_empty() {
            text.push_str(&self.rewritten);
            text.push_str(PADDING);
        }
        self.text = text;
    }

    /// How many tokens the note has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the note has no token at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The tokens in the order of the note.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Token<'_>> {
        let mut spans = self.folded.spans();
        self.entries.iter().map(move |entry| {
            let (start, end) = spans.span(entry.from.0, entry.from.1 - 1);
            Token { kind: entry.kind, text: self.written(entry), start, end }
        })
    }

    /// The kind and the text of the token at a place in the order of the note.
    pub(crate) fn get(&self, index: usize) -> (TokenKind, &str) {
        let entry = &self.entries[index];
        (entry.kind, self.written(entry))
    }

    fn written(&self, entry: &Entry) -> &str {
        &self.text[entry.text.0..entry.text.1]
    }

    /// What tells the token at a place from any other, where it is short enough.
    pub(crate) fn short(&self, index: usize) -> Short {
        short(self.text.as_bytes(), &self.entries[index])
    }

    /// The same of every token.
    #[inline]
    pub(crate) fn shorts(&self) -> impl Iterator<Item = Short> {
        let text = self.text.as_bytes();
        self.entries.iter().map(move |entry| short(text, entry))
    }
}

/// What tells an entry from any other.
#[inline]
fn short(bytes: &[u8], entry: &Entry) -> Short {
    let Entry { kind, text: (from, to), .. } = *entry;
    let is_word = u64::from(kind == TokenKind::Word) << 56;
    // The same way for all lengths: how long a word is, is hard to foresee.
    match (FIRST_BYTES.get(to - from), bytes[from..].first_chunk::<24>()) {
        (Some(masks), Some(bytes)) => {
            let [first, second, third] = [0, 8, 16].map(|at| eight_from(bytes, at));
            (first & masks[0], second & masks[1], third & masks[2] | is_word)
        }
        _ => LONG,
    }
}

/// For each length up to [`SHORT_MAX`], which bits of 24 bytes are those of the first so many. A look here instead of at each length's own way saves a branch that
/// is hard to foresee.
static FIRST_BYTES: [[u64; 3]; SHORT_MAX + 1] = {
    let mut masks = [[0; 3]; SHORT_MAX + 1];
    let mut length = 1;
    while length <= SHORT_MAX {
        masks[length] = masks[length - 1];
        masks[length][(length - 1) / 8] |= 0xFF << (8 * ((length - 1) % 8));
        length += 1;
    }
    masks
};

/// What follows the last word, so that 64 bytes can be read wherever one begins, and one more.
const PADDING: &str = match std::str::from_utf8(&[0; BLOCK + 1]) {
    Ok(zeros) => zeros,
    Err(_) => panic!("zeros are characters"),
};

struct Reader<'t> {
    /// The folded note, from the end of [`NAMES`] on.
    text: &'t str,
    /// The same and [`PADDING`].
    padded: &'t [u8],
    entries: &'t mut Vec<Entry>,
    rewritten: &'t mut String,
    has_address: bool,
}

impl Reader<'_> {
    fn read(mut self) {
        let mut at = NAMES.len();
        let mut no_address_before = 0;
        let bytes = self.text.as_bytes();
        while let Some(block) = (at < bytes.len()).then(|| self.padded[at..].first_chunk()).flatten() {
            at = match self.plain_tokens(at, Block::new(block)) {
                Ok(after) => after,
                Err(at) if self.has_address => self.next(at, &mut no_address_before),
                Err(at) => match class(bytes[at]) {
                    Class::Letter => self.word(at),
                    Class::Mark => self.mark(at, char::from(bytes[at])),
                    _ => self.next(at, &mut no_address_before),
                },
            };
        }
    }

    /// Reads the tokens of the block at `at`, which nearly all are plain, and says where the next block begins; or where the first token begins that is not plain.
    fn plain_tokens(&mut self, at: usize, block: Block) -> Result<usize, usize> {
        let Block { mut starts, lasts, words, marks } = block;
        let words = if self.has_address { 0 } else { words };
        // What ends with the block may go on in the next one.
        let others = lasts & !((words | marks) & (u64::MAX >> 1));
        // Those before the first of the others: no token has to be looked at to see where to end.
        let mut plain = lasts & (others & others.wrapping_neg()).wrapping_sub(1);
        self.entries.extend((0..plain.count_ones()).map(|_| {
            let last = plain.trailing_zeros() as usize;
            let kind = if words >> last & 1 != 0 { TokenKind::Word } else { TokenKind::Mark };
            let text = (at + starts.trailing_zeros() as usize, at + last + 1);
            starts &= starts.wrapping_sub(1);
            plain &= plain.wrapping_sub(1);
            Entry { kind, text, from: text }
        }));
        if others == 0 {
            return Ok(at + BLOCK);
        }
        let first = starts.trailing_zeros() as usize;
        if others.trailing_zeros() as usize == BLOCK - 1 && first > 0 { Ok(at + first) } else { Err(at + first) }
    }

    /// Reads one token (or a blank) of any kind at `at` and returns where the next one starts. A stretch without spaces is searched
    /// for an address once, not again at each of its parts, or `a.a.a.a…` would take quadratic time.
    fn next(&mut self, at: usize, no_address_before: &mut usize) -> usize {
        let Some(ch) = char_at(self.text, at) else { return self.text.len() };
        let after = at + ch.len_utf8();
        if ch == '\n' {
            self.push(TokenKind::Mark, (LINE_BREAK.start, LINE_BREAK.end), at..after);
            return run(self.text, at, char::is_whitespace);
        }
        if ch.is_whitespace() || ch.is_control() {
            return after;
        }
        if self.starts_chunk(at)
            && let Some((name, end)) = self.reference(at, ch, no_address_before)
        {
            self.push(TokenKind::Reference, (name.start, name.end), at..end);
            return end;
        }
        if ch.is_numeric() {
            let end = number_end(self.text, at);
            if !char_at(self.text, end).is_some_and(char::is_alphabetic) {
                self.push(TokenKind::Number, (NUMBER.start, NUMBER.end), at..end);
                return end;
            }
        }
        if is_ideograph(ch) {
            self.push_word(at..after);
            return after;
        }
        if is_word(ch) { self.word(at) } else { self.mark(at, ch) }
    }

    /// Whether nothing of a word stands before `at`.
    fn starts_chunk(&self, at: usize) -> bool {
        at == NAMES.len() || !self.text[..at].chars().next_back().is_some_and(is_word)
    }

    /// A link, a mail address, a handle or a placeholder that starts with `ch` at `at`, and where it ends.
    fn reference(&self, at: usize, ch: char, no_address_before: &mut usize) -> Option<(Range<usize>, usize)> {
        match ch {
            '{' | '[' | '<' | '%' => placeholder_end(self.text, at, ch).map(|end| (PLACEHOLDER, end)),
            '@' => {
                let end = run(self.text, at + 1, |ch| ch.is_alphanumeric() || matches!(ch, '_' | '.' | '-'));
                self.text[at..end].chars().nth(2).map(|_| (HANDLE, end))
            }
            ch if self.has_address && ch.is_alphanumeric() && at >= *no_address_before => {
                let chunk_end = run(self.text, at, |ch| !ch.is_whitespace() && !matches!(ch, '<' | '>' | '"' | ')' | ']' | '}'));
                *no_address_before = chunk_end;
                address(&self.text[at..chunk_end]).map(|(name, length)| (name, at + length))
            }
            _ => None,
        }
    }

    /// Reads the word at `at`. It runs on over an apostrophe that letters surround.
    #[inline(never)]
    fn word(&mut self, at: usize) -> usize {
        let bytes = self.text.as_bytes();
        let mut end = at;
        let mut is_ascii = true;
        while let Some(&byte) = bytes.get(end) {
            end += match class(byte) {
                Class::Letter | Class::Digit => 1,
                Class::Mark if byte == b'\'' && end > at && char_at(self.text, end + 1).is_some_and(char::is_alphabetic) => 1,
                Class::Unicode => match char_at(self.text, end) {
                    Some(ch) if is_word(ch) && !is_ideograph(ch) => {
                        is_ascii = false;
                        ch.len_utf8()
                    }
                    _ => break,
                },
                _ => break,
            };
        }
        if is_ascii {
            self.push(TokenKind::Word, (at, end), at..end);
        } else {
            self.push_word(at..end);
        }
        end
    }

    /// Reads a run of one mark. It says "more than one", not how many; an ellipsis is one mark.
    fn mark(&mut self, at: usize, ch: char) -> usize {
        let end = run(self.text, at, |next| next == ch);
        self.push(TokenKind::Mark, (at, end.min(at + 2 * ch.len_utf8())), at..end);
        end
    }

    /// Pushes a word; its digits become `0`, since "3pm" and "4pm" mean the same here. Those of ASCII are so already.
    fn push_word(&mut self, from: Range<usize>) {
        let word = &self.text[from.clone()];
        let mut text = (from.start, from.end);
        if word.chars().any(char::is_numeric) {
            let start = self.padded.len() + self.rewritten.len();
            self.rewritten.extend(word.chars().map(|ch| if ch.is_numeric() { '0' } else { ch }));
            text = (start, self.padded.len() + self.rewritten.len());
        }
        self.push(TokenKind::Word, text, from);
    }

    fn push(&mut self, kind: TokenKind, text: (usize, usize), from: Range<usize>) {
        self.entries.push(Entry { kind, text, from: (from.start, from.end) });
    }
}

fn char_at(text: &str, at: usize) -> Option<char> {
    text[at..].chars().next()
}

fn is_word(ch: char) -> bool {
    ch.is_alphanumeric() || canonical_mark(ch)
}

/// Marks that are part of a word though not letters: vowel signs of Indic scripts, Arabic and Hebrew points.
fn canonical_mark(ch: char) -> bool {
    !ch.is_ascii() && (unicode_normalization::char::is_combining_mark(ch) || matches!(ch, '\u{200C}' | '\u{200D}'))
}

/// Scripts written without spaces: every character is a token, and n-grams do the rest.
fn is_ideograph(ch: char) -> bool {
    matches!(ch, '\u{E00}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{3040}'..='\u{30FF}'
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// The end of the characters from `at` on for which `same` is true.
fn run(text: &str, at: usize, same: impl Fn(char) -> bool) -> usize {
    text[at..].find(|ch| !same(ch)).map_or(text.len(), |length| at + length)
}

/// Digits with single separators between them: `1,000`, `10:30`, `14/03`, `3.5`.
fn number_end(text: &str, at: usize) -> usize {
    let mut chars = text[at..].char_indices().peekable();
    while let Some((offset, ch)) = chars.next() {
        let is_inner = matches!(ch, '.' | ',' | ':' | '/' | '-') && chars.peek().is_some_and(|(_, next)| next.is_numeric());
        if !ch.is_numeric() && !is_inner {
            return at + offset;
        }
    }
    text.len()
}

fn placeholder_end(text: &str, at: usize, open: char) -> Option<usize> {
    let close = match open {
        '{' => '}',
        '[' => ']',
        '<' => '>',
        other => other,
    };
    let inner = run(text, at, |ch| ch == open);
    let end = run(text, inner, |ch| ch.is_alphanumeric() || matches!(ch, '_' | ' ' | '.' | '-'));
    let between = &text[inner..end];
    // "50% or 60%" is no placeholder: between per cent signs there are no spaces.
    let spaced = open == '%' && between.contains(' ');
    let closed = run(text, end, |ch| ch == close);
    let is_placeholder = closed > end && !spaced && between.contains(char::is_alphabetic) && between.chars().count() <= PLACEHOLDER_MAX;
    is_placeholder.then_some(closed)
}

/// `someone@example.com`, `https://…`, `www.…`, `example.com/path` at the beginning of a chunk: what it is and how long.
fn address(chunk: &str) -> Option<(Range<usize>, usize)> {
    let chunk = chunk.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'']);
    let starts = |prefix: &str| chunk.len() > prefix.len() && chunk.starts_with(prefix);
    if starts("http://") || starts("https://") || starts("www.") {
        return Some((LINK, chunk.len()));
    }
    let dotted = |part: &str| {
        part.match_indices('.').any(|(dot, _)| {
            part[..dot].chars().next_back().is_some_and(char::is_alphanumeric)
                && part[dot + 1..].chars().next().is_some_and(char::is_alphabetic)
        })
    };
    if let Some(sign) = chunk.find('@')
        && sign > 0
        && dotted(&chunk[sign..])
    {
        return Some((MAIL, chunk.len()));
    }
    let host = &chunk[..chunk.find('/')?];
    let is_host = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')) && dotted(host);
    is_host.then_some((LINK, chunk.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(note: &str) -> Vec<String> {
        let mut tokens = Tokens::default();
        tokens.read(note);
        tokens.iter().map(|token| token.text.to_owned()).collect()
    }

    #[test]
    fn words_numbers_and_marks() {
        assert_eq!(texts("Don\u{2019}t be late: 10:30, 3pm"), ["don't", "be", "late", ":", "<number>", ",", "0pm"]);
        assert_eq!(texts("one-on-one?!"), ["one", "-", "on", "-", "one", "?", "!"]);
        assert_eq!(texts("wow😍👍🏽 ok...\n\n  bye"), ["wow", "😍", "👍", "ok", "..", "¶", "bye"]);
    }

    #[test]
    fn references_become_one_token_each() {
        assert_eq!(texts("Hi {{first_name}}, [Company] %NAME%"), ["hi", "<placeholder>", ",", "<placeholder>", "<placeholder>"]);
        assert_eq!(texts("see https://example.com/a?b=1. and jobs.example.org/42"), ["see", "<link>", ".", "and", "<link>"]);
        assert_eq!(texts("a.b@example.com or @handle"), ["<mail>", "or", "<handle>"]);
        assert_eq!(
            texts("either/or, 5% of 6%, me @ work"),
            ["either", "/", "or", ",", "<number>", "%", "of", "<number>", "%", ",", "me", "@", "work"]
        );
    }

    #[test]
    fn scripts_without_spaces_are_read_character_by_character() {
        assert_eq!(texts("你好abc"), ["你", "好", "abc"]);
        assert_eq!(texts("नमस्ते जी"), ["नमस्ते", "जी"]);
    }

    #[test]
    fn the_names_of_classes_are_where_they_are_taken_from() {
        let names = [NUMBER, LINK, MAIL, HANDLE, PLACEHOLDER, LINE_BREAK].map(|name| &NAMES[name]);
        assert_eq!(names, ["<number>", "<link>", "<mail>", "<handle>", "<placeholder>", "¶"]);
    }

    #[test]
    fn short_tokens_are_told_apart() {
        let mut tokens = Tokens::default();
        tokens.read("a ab abcdefgh abcdefghi abcdefghijklmnop abcdefghijklmnopq abcdefghijklmnopqrstuvw abcdefghijklmnopqrstuvwx é");
        let shorts: Vec<Short> = (0..tokens.len()).map(|index| tokens.short(index)).collect();
        let word = 1 << 56;
        assert_eq!(shorts[..3], [(0x61, 0, word), (0x6261, 0, word), (0x6867_6665_6463_6261, 0, word)]);
        assert_eq!(shorts[3], (0x6867_6665_6463_6261, 0x69, word));
        assert_eq!(shorts[6], (0x6867_6665_6463_6261, 0x706F_6E6D_6C6B_6A69, word | 0x77_7675_7473_7271));
        assert_eq!(shorts[7..], [LONG, (0xA9C3, 0, word)]);
        tokens.read(".");
        assert_eq!(tokens.short(0), (0x2E, 0, 0));
    }

    #[test]
    fn spans_point_at_the_original_bytes() {
        let note = "Ｈｅｙ “Ana”, heyyyy";
        let mut tokens = Tokens::default();
        tokens.read(note);
        let shown: Vec<&str> = tokens.iter().map(|token| &note[token.start..token.end]).collect();
        assert_eq!(shown, ["Ｈｅｙ", "“", "Ana", "”", ",", "heyyyy"]);
    }

    proptest! {
        #[test]
        fn any_text_gives_ordered_spans_on_boundaries(note in any::<String>()) {
            let mut tokens = Tokens::default();
            tokens.read(&note);
            let mut last = 0;
            for token in tokens.iter() {
                prop_assert!(token.start >= last && token.end > token.start && token.end <= note.len());
                prop_assert!(note.is_char_boundary(token.start) && note.is_char_boundary(token.end));
                prop_assert!(!token.text.is_empty());
                last = token.start;
            }
        }
    }
}
