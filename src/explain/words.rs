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

/// The role of a word, in upper or lower case, without marks around it.
pub(super) fn role(word: &str) -> Role {
    static ROLES: [(&[u64], Role); 4] = [
        (&keys::<{ OPENERS.len() }>(OPENERS), Role::Opener),
        (&keys::<{ CONJUNCTIONS.len() }>(CONJUNCTIONS), Role::Conjunction),
        (&keys::<{ PREPOSITIONS.len() }>(PREPOSITIONS), Role::Preposition),
        (&keys::<{ COMPANIONS.len() }>(COMPANIONS), Role::Companion),
    ];
    let Some(key) = lower_key(word) else { return Role::Content };
    ROLES.iter().find(|(keys, _)| keys.binary_search(&key).is_ok()).map_or(Role::Content, |(_, role)| *role)
}

/// Whether a word begins a part of a sentence that can be left out.
pub(super) fn is_break(word: &str) -> bool {
    static KEYS: [u64; BREAKS.len()] = keys(BREAKS);
    lower_key(word).is_some_and(|key| KEYS.binary_search(&key).is_ok())
}

/// Whether a word joins two parts of the same rank.
pub(super) fn is_coordinator(word: &str) -> bool {
    static KEYS: [u64; COORDINATORS.len()] = keys(COORDINATORS);
    lower_key(word).is_some_and(|key| KEYS.binary_search(&key).is_ok())
}

/// The most bytes that a word of the lists has: as many as a number, which is faster to compare.
const LONGEST: usize = 8;

/// The bytes of a word, the first one highest, so that numbers are in the order of the words.
const fn key(word: &[u8]) -> u64 {
    let mut key = 0;
    let mut at = 0;
    while at < LONGEST {
        key = key << 8 | if at < word.len() { word[at] as u64 } else { 0 };
        at += 1;
    }
    key
}

const fn keys<const COUNT: usize>(words: &[&str]) -> [u64; COUNT] {
    let mut keys = [0; COUNT];
    let mut at = 0;
    while at < COUNT {
        keys[at] = key(words[at].as_bytes());
        at += 1;
    }
    keys
}

/// The key of a word in lower case and with a straight apostrophe; `None` where it is longer than those of the lists.
fn lower_key(word: &str) -> Option<u64> {
    let mut lower = [0; LONGEST];
    for (at, ch) in word.chars().enumerate() {
        let ch = if ch == '’' { '\'' } else { ch.to_ascii_lowercase() };
        *lower.get_mut(at)? = u8::try_from(ch).ok().filter(u8::is_ascii)?;
    }
    Some(u64::from_be_bytes(lower))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_each_word_has_one_role() {
        for words in [OPENERS, CONJUNCTIONS, PREPOSITIONS, COMPANIONS, BREAKS, COORDINATORS] {
            assert!(words.is_sorted() && words.iter().all(|word| word.len() <= LONGEST && lower_key(word) == Some(key(word.as_bytes()))));
        }
        let all = || OPENERS.iter().chain(CONJUNCTIONS).chain(PREPOSITIONS).chain(COMPANIONS);
        assert!(all().all(|word| all().filter(|other| *other == word).count() == 1));
        assert!(all().all(|word| role(word) != Role::Content && role(&word.to_uppercase()) == role(word)));
        assert_eq!(
            (role("Don’t"), role("dont’"), role("throughout"), role("ünd")),
            (Role::Opener, Role::Content, Role::Content, Role::Content)
        );
        assert!(is_break("AND") && is_coordinator("Yet") && !is_break("") && !is_coordinator("yeti"));
    }
}
