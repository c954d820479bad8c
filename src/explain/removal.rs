//! What can be taken out of a note so that what is left can still be read.

use std::ops::Range;

use super::sentences::{has_words, sentences};
use super::words::{Role, is_break, is_coordinator, role};

/// The least number of words of a sentence that can stand without the rest of it.
const LEAST_WORDS: usize = 3;

/// A sentence and the parts that can be left out of it.
pub(super) struct Sentence<'n> {
    note: &'n str,
    pub(super) bytes: Range<usize>,
    parts: Vec<Part>,
}

impl<'n> Sentence<'n> {
    /// The sentences of a note.
    pub(super) fn all(note: &'n str) -> Vec<Self> {
        sentences(note).into_iter().map(|bytes| Self { note, parts: parts(note, &bytes), bytes }).collect()
    }

    /// The bytes to take out so that a phrase of this sentence is gone: the parts that it stands in, or the whole sentence where the rest could not stand alone.
    fn removal(&self, phrase: &Range<usize>) -> Range<usize> {
        let at = |byte: usize| self.parts.partition_point(|part| part.bytes.start <= byte).saturating_sub(1);
        self.without_parts(at(phrase.start), at(phrase.end - 1), phrase)
    }

    /// The bytes to take out so that a part of the sentence is gone, one for each part, where there are several.
    pub(super) fn clauses(&self) -> impl Iterator<Item = Range<usize>> {
        let count = if self.parts.len() < 2 { 0 } else { self.parts.len() };
        (0..count).map(|index| self.without_parts(index, index, &self.parts[index].bytes))
    }

    /// The bytes of the parts from the `first` to the `last`, all of a phrase, and what has to go with them.
    fn without_parts(&self, first: usize, mut last: usize, phrase: &Range<usize>) -> Range<usize> {
        let Self { note, bytes: sentence, parts } = self;
        // What begins a clause is what the rest of the clause hangs on.
        if parts[first].opening != Opening::Break {
            while parts.get(last + 1).is_some_and(|next| next.opening == Opening::Break) {
                last += 1;
            }
        }
        let range = tidied(note, sentence, &(parts[first].bytes.start.min(phrase.start)..parts[last].bytes.end.max(phrase.end)));
        let rest = [&note[sentence.start..range.start.max(sentence.start)], &note[range.end.min(sentence.end)..sentence.end]];
        let mut words = rest.iter().flat_map(|text| text.split_whitespace()).filter(|word| has_words(word));
        let (mut count, mut says_something) = (0, false);
        let stands = words.any(|word| {
            count += 1;
            says_something = says_something || role(bare(word)) == Role::Content;
            count >= LEAST_WORDS && says_something
        });
        if stands { range } else { whole(note, sentence) }
    }
}

/// The bytes to take out so that `phrase` is gone. One that reaches over a sentence's end is taken as it is.
pub(super) fn removal(sentences: &[Sentence<'_>], phrase: &Range<usize>) -> Range<usize> {
    let index = sentences.partition_point(|sentence| sentence.bytes.end <= phrase.start);
    match sentences.get(index) {
        Some(sentence) if sentence.bytes.start <= phrase.start && phrase.end <= sentence.bytes.end => sentence.removal(phrase),
        _ => phrase.clone(),
    }
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

/// The parts of a sentence; one at least, since a sentence has a word.
fn parts(note: &str, sentence: &Range<usize>) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut is_after_mark = true;
    let mut words = note[sentence.clone()].split_whitespace().peekable();
    while let Some(word) = words.next() {
        let bare = bare(word);
        let start = offset(note, bare);
        let has_words = !bare.is_empty();
        if has_words {
            let mut has_subject = || words.peek().is_some_and(|next| role(self::bare(next)) == Role::Companion);
            let opening = if is_after_mark || word.starts_with('(') || (is_coordinator(bare) && has_subject()) {
                Some(Opening::Clause)
            } else {
                is_break(bare).then_some(Opening::Break)
            };
            let end = start + bare.len();
            match (opening, parts.last_mut()) {
                (None, Some(part)) => part.bytes.end = end,
                (opening, _) => parts.push(Part { bytes: start..end, opening: opening.unwrap_or(Opening::Clause) }),
            }
        }
        is_after_mark = if has_words { word.ends_with(MARKS) } else { is_after_mark || word.ends_with(MARKS) || word == "-" };
    }
    parts
}

/// Where a part of a note begins in it.
fn offset(note: &str, part: &str) -> usize {
    part.as_ptr() as usize - note.as_ptr() as usize
}

/// A word without the marks around it.
fn bare(word: &str) -> &str {
    word.trim_matches(|ch: char| !ch.is_alphanumeric())
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
    let dangles = matches!(role(word), Role::Conjunction | Role::Preposition | Role::Opener);
    dangles.then(|| before[..before.len() - word.len()].trim_end())
}

fn without_first_joint(after: &str) -> Option<&str> {
    if let Some(rest) = after.strip_prefix(JOINT_MARKS) {
        return Some(rest.trim_start());
    }
    let word = after.split(char::is_whitespace).next().unwrap_or_default();
    is_coordinator(word).then(|| after[word.len()..].trim_start())
}

#[cfg(test)]
mod tests {
    use super::super::sentences::without;
    use super::*;
    use proptest::prelude::*;

    fn left(note: &str, phrase: &str) -> String {
        let at = note.find(phrase).expect("there");
        without(note, &[removal(&Sentence::all(note), &(at..at + phrase.len()))])
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
            let all = Sentence::all(&note);
            for sentence in &all {
                for word in note[sentence.bytes.clone()].split_whitespace() {
                    let phrase = offset(&note, word)..offset(&note, word) + word.len();
                    let range = removal(&all, &phrase);
                    prop_assert!(range.start <= phrase.start && phrase.end <= range.end, "{:?} of {:?} is not within {:?}", word, note, range);
                    let rest = without(&note, std::slice::from_ref(&range));
                    for other in all.iter().filter(|other| other.bytes != sentence.bytes) {
                        prop_assert!(rest.contains(note[other.bytes.clone()].trim()), "{:?} of {:?} leaves {:?}", word, note, rest);
                    }
                }
            }
        }
    }
}
