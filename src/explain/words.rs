//! English words that say little alone. They decide nothing: they only keep the phrases that are shown from beginning or ending in the middle of a thought.

/// Belong to the word behind them: articles, possessives, negations.
const OPENERS: &[&str] = &[
    "a", "all", "an", "another", "any", "can't", "cannot", "didn't", "doesn't", "don't", "dont", "each", "every", "her", "his", "isn't",
    "its", "my", "never", "no", "not", "our", "some", "such", "that", "the", "their", "these", "this", "those", "wasn't", "won't", "your",
];

/// Join what stands before them with what stands behind, and belong to neither.
const CONJUNCTIONS: &[&str] = &[
    "although", "and", "because", "but", "if", "or", "since", "so", "than", "then", "though", "until", "when", "where", "whether", "which",
    "while", "who", "yet",
];

/// Join too, but belong to what stands behind.
const PREPOSITIONS: &[&str] = &[
    "about", "after", "among", "as", "at", "before", "between", "by", "during", "for", "from", "in", "into", "like", "of", "on", "over",
    "through", "to", "under", "with", "without",
];

/// Begin a part of a sentence that can be left out.
const BREAKS: &[&str] = &[
    "after", "although", "and", "because", "before", "but", "during", "or", "since", "so", "though", "until", "when", "which", "while",
    "who", "with", "without",
];

/// Join two parts of the same rank.
const COORDINATORS: &[&str] = &["and", "but", "or", "so", "yet"];

/// Need a word beside them: pronouns and auxiliaries.
const COMPANIONS: &[&str] = &[
    "am", "are", "be", "been", "being", "can", "could", "did", "do", "does", "had", "has", "have", "he", "how", "i", "i'd", "i'll", "i'm",
    "i've", "is", "it", "it's", "just", "let", "may", "me", "might", "must", "really", "shall", "she", "should", "that's", "there", "they",
    "too", "us", "very", "was", "we", "we'd", "we've", "were", "what", "will", "would", "you", "you'd", "you're", "you've",
];

/// Where a word can stand in a phrase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A word that can stand alone.
    Content,
    /// Needs what stands behind it.
    Opener,
    /// Needs what stands on both sides.
    Conjunction,
    /// Needs what stands behind it, and is joined by it to what stands before.
    Preposition,
    /// Needs a neighbour.
    Companion,
}

/// The role of a word in lower case.
pub(super) fn role(word: &str) -> Role {
    let is_in = |words| is_in(word, words);
    if is_in(OPENERS) {
        Role::Opener
    } else if is_in(CONJUNCTIONS) {
        Role::Conjunction
    } else if is_in(PREPOSITIONS) {
        Role::Preposition
    } else if is_in(COMPANIONS) {
        Role::Companion
    } else {
        Role::Content
    }
}

/// Whether a word in lower case begins a part of a sentence that can be left out.
pub(super) fn is_break(word: &str) -> bool {
    is_in(word, BREAKS)
}

/// Whether a word in lower case joins two parts of the same rank.
pub(super) fn is_coordinator(word: &str) -> bool {
    is_in(word, COORDINATORS)
}

/// The most bytes that a word of the lists has.
const LONGEST: usize = 8;

fn is_in(word: &str, words: &[&str]) -> bool {
    word.len() <= LONGEST && words.binary_search(&word).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_each_word_has_one_role() {
        for words in [OPENERS, CONJUNCTIONS, PREPOSITIONS, COMPANIONS, BREAKS, COORDINATORS] {
            assert!(words.is_sorted() && words.iter().all(|word| word.len() <= LONGEST));
        }
        let all = || OPENERS.iter().chain(CONJUNCTIONS).chain(PREPOSITIONS).chain(COMPANIONS);
        assert!(all().all(|word| all().filter(|other| *other == word).count() == 1));
    }
}
