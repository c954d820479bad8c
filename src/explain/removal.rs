//! What can be taken out of a note so that what is left can still be read.

use std::borrow::Cow;
use std::ops::Range;

use super::sentences::has_words;
use super::words::{Role, is_break, is_coordinator, role};

/// The least number of words of a sentence that can stand without the rest of it.
const LEAST_WORDS: usize = 3;

/// The bytes to take out so that `phrase` is gone: the parts of its sentence that it stands in, or the whole sentence where the rest could not stand alone.
/// A phrase that reaches over a sentence's end is taken as it is.
pub(super) fn removal(note: &str, sentences: &[Range<usize>], phrase: &Range<usize>) -> Range<usize> {
    let index = sentences.partition_point(|sentence| sentence.end <= phrase.start);
    let Some(sentence) = sentences.get(index).filter(|sentence| sentence.start <= phrase.start && phrase.end <= sentence.end) else {
        return phrase.clone();
    };
    let parts = parts(note, sentence);
    let at = |byte: usize| parts.partition_point(|part| part.bytes.start <= byte).saturating_sub(1);
    let (first, last) = (at(phrase.start), at(phrase.end - 1));
    without_parts(note, sentence, &parts, first, last, phrase.end)
}

/// The bytes to take out so that a part of the sentence is gone, one for each part, where there are several.
pub(super) fn clauses(note: &str, sentence: &Range<usize>) -> Vec<Range<usize>> {
    let parts = parts(note, sentence);
    if parts.len() < 2 {
        return Vec::new();
    }
    (0..parts.len()).map(|index| without_parts(note, sentence, &parts, index, index, 0)).collect()
}

/// The bytes of a sentence's parts from the `first` to the `last`, at least to the byte `until`, and of what has to go with them.
fn without_parts(note: &str, sentence: &Range<usize>, parts: &[Part], first: usize, mut last: usize, until: usize) -> Range<usize> {
    // What begins a clause is what the rest of the clause hangs on.
    if parts[first].opening != Opening::Break {
        while parts.get(last + 1).is_some_and(|next| next.opening == Opening::Break) {
            last += 1;
        }
    }
    let range = tidied(note, sentence, &(parts[first].bytes.start..parts[last].bytes.end.max(until)));
    let rest = [&note[sentence.start..range.start.max(sentence.start)], &note[range.end.min(sentence.end)..sentence.end]];
    let mut words = rest.iter().flat_map(|text| text.split_whitespace()).filter(|word| has_words(word));
    let (mut count, mut says_something) = (0, false);
    let stands = words.any(|word| {
        count += 1;
        says_something = says_something || role(&bare(word)) == Role::Content;
        count >= LEAST_WORDS && says_something
    });
    if stands { range } else { whole(note, sentence) }
}

/// A part of a sentence, without the mark behind it.
struct Part {
    bytes: Range<usize>,
    opening: Opening,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Opening {
    /// It begins a clause: after a mark, or with "and" or the like and a subject.
    Clause,
    /// It adds to what stands before.
    Break,
}

fn parts(note: &str, sentence: &Range<usize>) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut is_after_mark = true;
    let mut words = words(note, sentence).into_iter().peekable();
    while let Some(bytes) = words.next() {
        let word = &note[bytes.clone()];
        let start = bytes.end - word.trim_start_matches(|ch: char| !ch.is_alphanumeric()).len();
        let end = bytes.start + word.trim_end_matches(|ch: char| !ch.is_alphanumeric()).len();
        if has_words(word) {
            let bare = bare(word);
            let mut has_subject = || words.peek().is_some_and(|next| role(&self::bare(&note[next.clone()])) == Role::Companion);
            let opening = if is_after_mark || word.starts_with('(') || (is_coordinator(&bare) && has_subject()) {
                Some(Opening::Clause)
            } else {
                is_break(&bare).then_some(Opening::Break)
            };
            match (opening, parts.last_mut()) {
                (None, Some(part)) => part.bytes.end = end,
                (opening, _) => parts.push(Part { bytes: start..end, opening: opening.unwrap_or(Opening::Clause) }),
            }
        }
        is_after_mark = if has_words(word) { word.ends_with(MARKS) } else { is_after_mark || word.ends_with(MARKS) || word == "-" };
    }
    parts
}

/// The words of a part of a note, with the marks that touch them.
fn words(note: &str, within: &Range<usize>) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut start = None;
    for (offset, ch) in note[within.clone()].char_indices() {
        let at = within.start + offset;
        match (start, ch.is_whitespace()) {
            (None, false) => start = Some(at),
            (Some(from), true) => {
                words.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    words.extend(start.map(|from| from..within.end));
    words
}

/// A word in lower case without the marks around it.
fn bare(word: &str) -> Cow<'_, str> {
    let word = word.trim_matches(|ch: char| !ch.is_alphanumeric());
    let is_bare = word.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if is_bare { Cow::Borrowed(word) } else { Cow::Owned(word.to_lowercase().replace('’', "'")) }
}

/// Marks that end a clause.
const MARKS: [char; 6] = [',', ';', ':', '–', '—', ')'];

/// `part` of a sentence with the blanks, marks and joints that would be left doubled, dangling or alone.
fn tidied(note: &str, sentence: &Range<usize>, part: &Range<usize>) -> Range<usize> {
    let (mut start, mut end) = (part.start, part.end);
    loop {
        let before = note[sentence.start..start].trim_end();
        let after = note[end..sentence.end].trim_start();
        if !has_words(before) && !has_words(after) {
            return whole(note, sentence);
        }
        if let (Some(outer), Some(rest)) = (before.strip_suffix('('), after.strip_prefix(')')) {
            (start, end) = (sentence.start + outer.trim_end().len(), sentence.end - rest.len());
            continue;
        }
        let (opens, closes) = (is_open(before), is_closed(after));
        // A joint that has lost one of its sides: "and ." or ", and", and after a comma another comma.
        if closes && let Some(rest) = without_last_joint(before) {
            start = sentence.start + rest.len();
        } else if opens && let Some(rest) = without_first_joint(after) {
            end = sentence.end - rest.len();
        } else {
            break;
        }
    }
    let before_end = sentence.start + note[sentence.start..start].trim_end().len();
    let after = note[end..sentence.end].trim_start();
    let after_start = sentence.end - after.len();
    let is_tight = after.is_empty() || after.starts_with([',', ';', ':', ')', '”', '.', '!', '?']);
    if before_end == sentence.start || (!is_tight && before_end < start) {
        // The blanks before stay, those after go.
        return start..after_start;
    }
    let blank = note[start..after_start].chars().next_back().filter(|ch| ch.is_whitespace());
    let kept = if is_tight { 0 } else { blank.map_or(0, char::len_utf8) };
    before_end..after_start - kept
}

/// A sentence with the blanks that would be left over at the beginning of the note or of a line.
pub(super) fn whole(note: &str, sentence: &Range<usize>) -> Range<usize> {
    let before = &note[..sentence.start];
    if !(before.is_empty() || before.ends_with('\n')) {
        // A line break that ended it ends the line still.
        let kept = note[sentence.clone()].trim_end_matches(['\n', '\r']).len();
        return sentence.start..sentence.start + kept;
    }
    let after = &note[sentence.end..];
    sentence.start..note.len() - after.trim_start().len()
}

/// Marks that need words on both sides.
const JOINT_MARKS: [char; 6] = [',', ';', ':', '–', '—', '-'];

/// Whether what follows would begin a part of a sentence.
fn is_open(before: &str) -> bool {
    !has_words(before) || before.ends_with(JOINT_MARKS) || before.ends_with(['(', '"', '“'])
}

/// Whether what stands before would end one.
fn is_closed(after: &str) -> bool {
    !has_words(after) || after.starts_with(JOINT_MARKS) || after.starts_with([')', '"', '”', '.', '!', '?'])
}

fn without_last_joint(before: &str) -> Option<&str> {
    if let Some(rest) = before.strip_suffix(JOINT_MARKS) {
        return Some(rest.trim_end());
    }
    let word = before.rsplit(|ch: char| ch.is_whitespace() || matches!(ch, '(' | '"' | '“')).next().unwrap_or_default();
    let dangles = matches!(role(&word.to_lowercase()), Role::Conjunction | Role::Preposition | Role::Opener);
    dangles.then(|| before[..before.len() - word.len()].trim_end())
}

fn without_first_joint(after: &str) -> Option<&str> {
    if let Some(rest) = after.strip_prefix(JOINT_MARKS) {
        return Some(rest.trim_start());
    }
    let word = after.split(char::is_whitespace).next().unwrap_or_default();
    is_coordinator(&word.to_lowercase()).then(|| after[word.len()..].trim_start())
}

#[cfg(test)]
mod tests {
    use super::super::sentences::{sentences, without};
    use super::*;
    use proptest::prelude::*;

    fn left(note: &str, phrase: &str) -> String {
        let at = note.find(phrase).expect("there");
        without(note, &[removal(note, &sentences(note), &(at..at + phrase.len()))])
    }

    #[test]
    fn what_is_left_can_be_read() {
        for (note, phrase, expected) in [
            ("I like your pumps. Are you single?", "you single", "I like your pumps."),
            ("Are you single? I like your pumps.", "Are you single", "I like your pumps."),
            ("I like your pumps.\nAre you single?\nBye", "single", "I like your pumps.\nBye"),
            ("I like your pumps and your smile.", "smile", "I like your pumps."),
            ("I like your pumps, and your smile, a lot.", "smile", "I like your pumps, a lot."),
            ("Love your smile, I like your pumps.", "smile", "I like your pumps."),
            ("Love your smile and I like your pumps.", "Love", "I like your pumps."),
            ("I like your pumps (and your smile).", "your smile", "I like your pumps."),
            ("I like your pumps - call me - very often.", "call me", "I like your pumps - very often."),
            ("Hello Ana, gorgeous, I like your pumps.", "gorgeous", "Hello Ana, I like your pumps."),
            ("Hi Carmen, you blocked me but I saw your talk.", "blocked", "Hi Carmen, I saw your talk."),
            ("I'd love to see you, no pressure, maybe dinner?", "dinner", "I'd love to see you, no pressure?"),
            ("Bye. I am a widower and looking for a wife.", "widower", "Bye."),
            ("I know it ended, and that I shouted.", "shouted", "I know it ended."),
            ("It was 10,000 people, ok; we met with your wife after the talk.", "wife", "It was 10,000 people, ok; we met after the talk."),
        ] {
            assert_eq!(left(note, phrase), expected, "{note}");
        }
    }

    proptest! {
        #[test]
        fn removals_cover_the_phrase_and_nothing_of_other_sentences(note in "(and|the|you|like|,|\\.|\\?|!| |\n|\u{2003}|é|。|-){1,30}") {
            let all = sentences(&note);
            for sentence in &all {
                for (offset, word) in note[sentence.clone()].split_whitespace().map(|word| (word.as_ptr() as usize - note.as_ptr() as usize, word)) {
                    let phrase = offset..offset + word.len();
                    let range = removal(&note, &all, &phrase);
                    prop_assert!(range.start <= phrase.start && phrase.end <= range.end.max(phrase.end));
                    let rest = without(&note, std::slice::from_ref(&range));
                    for other in all.iter().filter(|other| *other != sentence) {
                        prop_assert!(rest.contains(note[other.clone()].trim()), "{:?} of {:?} leaves {:?}", word, note, rest);
                    }
                }
            }
        }
    }
}
