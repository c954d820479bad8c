//! From a note to tokens, a character at a time.

use thinktwice::text::TokenKind;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{compose, is_combining_mark};

/// A token as [`thinktwice::text::Token`] is, with a text of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) text: String,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// The tokens of a note.
pub(crate) fn tokens(note: &str) -> Vec<Token> {
    let mut folded = Vec::new();
    fold(note, &mut folded);
    let mut tokens = Tokens(Vec::new());
    let mut at = 0;
    let mut no_address_before = 0;
    while at < folded.len() {
        at = tokens.next(&folded, at, &mut no_address_before);
    }
    tokens.0
}

/// The longest stretch between brackets that still reads as a placeholder, in characters.
const PLACEHOLDER_MAX: usize = 32;

/// A folded character and the bytes of the original string that it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Folded {
    ch: char,
    start: usize,
    end: usize,
}

/// Appends `text`, folded, to `out`: NFKC, lower case, straight quotes, no invisible characters, and no letter more
/// than twice in a row.
///
/// NFKC is applied to each base character with its combining marks, since that is the longest unit whose bytes a
/// reader could point at; over a whole note this equals NFKC (Unicode Standard Annex 15).
fn fold(text: &str, out: &mut Vec<Folded>) {
    let mut at = 0;
    while at < text.len() {
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

struct Tokens(Vec<Token>);

impl Tokens {
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
            self.push_word(&folded[at..=at]);
            return at + 1;
        }
        if is_word(ch) {
            let end = word_end(folded, at);
            self.push_word(&folded[at..end]);
            return end;
        }
        let end = run(folded, at, |next| next == ch);
        // A run says "more than one", not how many; an ellipsis is one mark.
        let shown = at + (end - at).min(2);
        let text: String = folded[at..shown].iter().map(|f| f.ch).collect();
        self.push(TokenKind::Mark, &text, &folded[at..end]);
        end
    }

    fn push(&mut self, kind: TokenKind, text: &str, from: &[Folded]) {
        self.0.push(Token { kind, text: text.to_owned(), start: from[0].start, end: from[from.len() - 1].end });
    }

    /// Pushes a word; its digits become `0`, since "3pm" and "4pm" mean the same here.
    fn push_word(&mut self, from: &[Folded]) {
        let text: String = from.iter().map(|f| if f.ch.is_numeric() { '0' } else { f.ch }).collect();
        self.push(TokenKind::Word, &text, from);
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
