//! Tokens: words, punctuation, emoji, and one token each for numbers, links, addresses, handles and placeholders.

use super::normalize::{Folded, fold};

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

#[derive(Clone, Copy, Debug)]
struct Entry {
    kind: TokenKind,
    text: (usize, usize),
    start: usize,
    end: usize,
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
    folded: Vec<Folded>,
    text: String,
    entries: Vec<Entry>,
}

/// The longest stretch between brackets that still reads as a placeholder, in characters.
const PLACEHOLDER_MAX: usize = 32;

impl Tokens {
    /// Replaces what was read before by the tokens of `note`.
    pub fn read(&mut self, note: &str) {
        self.folded.clear();
        self.text.clear();
        self.entries.clear();
        let mut folded = std::mem::take(&mut self.folded);
        fold(note, &mut folded);
        let mut at = 0;
        let mut no_address_before = 0;
        while at < folded.len() {
            at = self.next(&folded, at, &mut no_address_before);
        }
        self.folded = folded;
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
        self.entries.iter().map(|entry| Token {
            kind: entry.kind,
            text: &self.text[entry.text.0..entry.text.1],
            start: entry.start,
            end: entry.end,
        })
    }

    /// Reads one token (or a blank) at `at` and returns where the next one starts. A stretch without spaces is searched
    /// for an address once, not again at each of its parts, or `a.a.a.a…` would take quadratic time.
    fn next(&mut self, folded: &[Folded], at: usize, no_address_before: &mut usize) -> usize {
        let ch = folded[at].ch;
        if ch == '\n' {
            let end = run(folded, at, char::is_whitespace);
            self.push(TokenKind::Mark, "¶", &folded[at..=at]);
            return end;
        }
        if ch.is_whitespace() || ch.is_control() {
            return at + 1;
        }
        let starts_chunk = at == 0 || !is_word(folded[at - 1].ch);
        if starts_chunk && let Some((name, end)) = reference(folded, at, no_address_before) {
            self.push(TokenKind::Reference, name, &folded[at..end]);
            return end;
        }
        if ch.is_numeric() {
            let end = number_end(folded, at);
            if !folded.get(end).is_some_and(|next| next.ch.is_alphabetic()) {
                self.push(TokenKind::Number, "<number>", &folded[at..end]);
                return end;
            }
        }
        if is_ideograph(ch) {
            self.push_chars(TokenKind::Word, &folded[at..=at]);
            return at + 1;
        }
        if is_word(ch) {
            let end = word_end(folded, at);
            self.push_chars(TokenKind::Word, &folded[at..end]);
            return end;
        }
        let end = run(folded, at, |next| next == ch);
        // A run says "more than one", not how many; an ellipsis is one mark.
        let shown = at + (end - at).min(2);
        let start = self.text.len();
        self.text.extend(folded[at..shown].iter().map(|f| f.ch));
        self.entries.push(Entry {
            kind: TokenKind::Mark,
            text: (start, self.text.len()),
            start: folded[at].start,
            end: folded[end - 1].end,
        });
        end
    }

    fn push(&mut self, kind: TokenKind, text: &str, from: &[Folded]) {
        let start = self.text.len();
        self.text.push_str(text);
        self.close(kind, start, from);
    }

    /// Pushes a word; its digits become `0`, since "3pm" and "4pm" mean the same here.
    fn push_chars(&mut self, kind: TokenKind, from: &[Folded]) {
        let start = self.text.len();
        self.text.extend(from.iter().map(|f| if f.ch.is_numeric() { '0' } else { f.ch }));
        self.close(kind, start, from);
    }

    fn close(&mut self, kind: TokenKind, text_start: usize, from: &[Folded]) {
        let (Some(first), Some(last)) = (from.first(), from.last()) else {
            return;
        };
        self.entries.push(Entry { kind, text: (text_start, self.text.len()), start: first.start, end: last.end });
    }
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

fn run(folded: &[Folded], at: usize, same: impl Fn(char) -> bool) -> usize {
    folded[at..].iter().position(|f| !same(f.ch)).map_or(folded.len(), |length| at + length)
}

/// Digits with single separators between them: `1,000`, `10:30`, `14/03`, `3.5`.
fn number_end(folded: &[Folded], at: usize) -> usize {
    let mut end = at;
    while end < folded.len() {
        if folded[end].ch.is_numeric() {
            end += 1;
        } else if matches!(folded[end].ch, '.' | ',' | ':' | '/' | '-') && folded.get(end + 1).is_some_and(|next| next.ch.is_numeric()) {
            end += 2;
        } else {
            break;
        }
    }
    end
}

/// A word runs on over an apostrophe that letters surround.
fn word_end(folded: &[Folded], at: usize) -> usize {
    let mut end = at;
    while end < folded.len() {
        let ch = folded[end].ch;
        if is_ideograph(ch) {
            break;
        }
        let inner = ch == '\'' && end > at && folded.get(end + 1).is_some_and(|f| f.ch.is_alphabetic());
        if !is_word(ch) && !inner {
            break;
        }
        end += 1;
    }
    end
}

/// A link, a mail address, a handle or a placeholder that starts at `at`, and where it ends.
fn reference(folded: &[Folded], at: usize, no_address_before: &mut usize) -> Option<(&'static str, usize)> {
    match folded[at].ch {
        '{' | '[' | '<' | '%' => placeholder_end(folded, at).map(|end| ("<placeholder>", end)),
        '@' => {
            let end = run(folded, at + 1, |ch| ch.is_alphanumeric() || matches!(ch, '_' | '.' | '-'));
            (end > at + 2).then_some(("<handle>", end))
        }
        ch if ch.is_alphanumeric() && at >= *no_address_before => {
            let chunk_end = run(folded, at, |ch| !ch.is_whitespace() && !matches!(ch, '<' | '>' | '"' | ')' | ']' | '}'));
            *no_address_before = chunk_end;
            address(folded, at, chunk_end)
        }
        _ => None,
    }
}

fn placeholder_end(folded: &[Folded], at: usize) -> Option<usize> {
    let (open, close) = match folded[at].ch {
        '{' => ('{', '}'),
        '[' => ('[', ']'),
        '<' => ('<', '>'),
        other => (other, other),
    };
    let inner = run(folded, at, |ch| ch == open);
    let end = run(folded, inner, |ch| ch.is_alphanumeric() || matches!(ch, '_' | ' ' | '.' | '-'));
    let letters = folded[inner..end].iter().any(|f| f.ch.is_alphabetic());
    // "50% or 60%" is no placeholder: between per cent signs there are no spaces.
    let spaced = open == '%' && folded[inner..end].iter().any(|f| f.ch == ' ');
    let closed = run(folded, end, |ch| ch == close);
    (letters && !spaced && closed > end && end - inner <= PLACEHOLDER_MAX).then_some(closed)
}

/// `someone@example.com`, `https://…`, `www.…`, `example.com/path`.
fn address(folded: &[Folded], at: usize, chunk_end: usize) -> Option<(&'static str, usize)> {
    let mut end = chunk_end;
    while end > at && matches!(folded[end - 1].ch, '.' | ',' | ';' | ':' | '!' | '?' | '\'') {
        end -= 1;
    }
    let chunk = &folded[at..end];
    let find = |ch: char| chunk.iter().position(|f| f.ch == ch);
    let starts = |prefix: &str| prefix.chars().count() < chunk.len() && prefix.chars().zip(chunk).all(|(ch, f)| f.ch == ch);
    if starts("http://") || starts("https://") || starts("www.") {
        return Some(("<link>", end));
    }
    let dotted = |from: usize| chunk[from..].windows(3).any(|w| w[0].ch.is_alphanumeric() && w[1].ch == '.' && w[2].ch.is_alphabetic());
    if let Some(sign) = find('@')
        && sign > 0
        && dotted(sign)
    {
        return Some(("<mail>", end));
    }
    let slash = find('/')?;
    let host = &chunk[..slash];
    let is_host = host.iter().all(|f| f.ch.is_ascii_alphanumeric() || matches!(f.ch, '.' | '-'))
        && host.windows(3).any(|w| w[0].ch.is_alphanumeric() && w[1].ch == '.' && w[2].ch.is_alphabetic());
    is_host.then_some(("<link>", end))
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
