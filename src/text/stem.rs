//! Word stems, in one place: everything else asks [`Stemmer`].

use std::borrow::Cow;

use rust_stemmers::Algorithm;
use serde::{Deserialize, Serialize};

/// A language that the Snowball stemmers know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "each variant is the language that it is named after")]
pub enum Language {
    Arabic,
    Danish,
    Dutch,
    English,
    Finnish,
    French,
    German,
    Greek,
    Hungarian,
    Italian,
    Norwegian,
    Portuguese,
    Romanian,
    Russian,
    Spanish,
    Swedish,
    Tamil,
    Turkish,
}

impl Language {
    fn algorithm(self) -> Algorithm {
        match self {
            Self::Arabic => Algorithm::Arabic,
            Self::Danish => Algorithm::Danish,
            Self::Dutch => Algorithm::Dutch,
            Self::English => Algorithm::English,
            Self::Finnish => Algorithm::Finnish,
            Self::French => Algorithm::French,
            Self::German => Algorithm::German,
            Self::Greek => Algorithm::Greek,
            Self::Hungarian => Algorithm::Hungarian,
            Self::Italian => Algorithm::Italian,
            Self::Norwegian => Algorithm::Norwegian,
            Self::Portuguese => Algorithm::Portuguese,
            Self::Romanian => Algorithm::Romanian,
            Self::Russian => Algorithm::Russian,
            Self::Spanish => Algorithm::Spanish,
            Self::Swedish => Algorithm::Swedish,
            Self::Tamil => Algorithm::Tamil,
            Self::Turkish => Algorithm::Turkish,
        }
    }
}

/// Stems words of one language, or leaves them as they are.
pub struct Stemmer(Option<rust_stemmers::Stemmer>);

impl Stemmer {
    /// A stemmer for `language`; `None` leaves every word as it is.
    #[must_use]
    pub fn new(language: Option<Language>) -> Self {
        Self(language.map(|language| rust_stemmers::Stemmer::create(language.algorithm())))
    }

    /// The stem of a lower-case word.
    #[must_use]
    pub fn stem<'w>(&self, word: &'w str) -> Cow<'w, str> {
        match &self.0 {
            // Snowball's longest suffixes are far shorter; a pasted blob of letters is no word of any language, and
            // some of the algorithms take time that grows with the square of the length.
            Some(stemmer) if word.len() <= 64 => stemmer.stem(word),
            _ => Cow::Borrowed(word),
        }
    }
}

impl std::fmt::Debug for Stemmer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Stemmer").field(&self.0.is_some()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_inflections_share_a_stem_and_none_leaves_words_alone() {
        let english = Stemmer::new(Some(Language::English));
        assert_eq!(english.stem("interviewing"), english.stem("interviews"));
        assert_eq!(Stemmer::new(None).stem("interviewing"), "interviewing");
    }
}
