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
    /// All of them, in the order of the alphabet.
    pub const ALL: [Self; 18] = [
        Self::Arabic,
        Self::Danish,
        Self::Dutch,
        Self::English,
        Self::Finnish,
        Self::French,
        Self::German,
        Self::Greek,
        Self::Hungarian,
        Self::Italian,
        Self::Norwegian,
        Self::Portuguese,
        Self::Romanian,
        Self::Russian,
        Self::Spanish,
        Self::Swedish,
        Self::Tamil,
        Self::Turkish,
    ];

    /// Its English name in lower case, as settings and model files have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.name_and_algorithm().0
    }

    /// The word as it is written in small letters, where capitals do not say so alone: the Greek sigma has another form at a word's end, and the Turkish
    /// capital İ becomes an i with a second dot.
    fn small_form(self, word: &str) -> Cow<'_, str> {
        match self {
            Self::Greek if word.contains('ς') => Cow::Owned(word.replace('ς', "σ")),
            Self::Turkish if word.contains("i\u{307}") => Cow::Owned(word.replace("i\u{307}", "i")),
            _ => Cow::Borrowed(word),
        }
    }

    fn name_and_algorithm(self) -> (&'static str, Algorithm) {
        match self {
            Self::Arabic => ("arabic", Algorithm::Arabic),
            Self::Danish => ("danish", Algorithm::Danish),
            Self::Dutch => ("dutch", Algorithm::Dutch),
            Self::English => ("english", Algorithm::English),
            Self::Finnish => ("finnish", Algorithm::Finnish),
            Self::French => ("french", Algorithm::French),
            Self::German => ("german", Algorithm::German),
            Self::Greek => ("greek", Algorithm::Greek),
            Self::Hungarian => ("hungarian", Algorithm::Hungarian),
            Self::Italian => ("italian", Algorithm::Italian),
            Self::Norwegian => ("norwegian", Algorithm::Norwegian),
            Self::Portuguese => ("portuguese", Algorithm::Portuguese),
            Self::Romanian => ("romanian", Algorithm::Romanian),
            Self::Russian => ("russian", Algorithm::Russian),
            Self::Spanish => ("spanish", Algorithm::Spanish),
            Self::Swedish => ("swedish", Algorithm::Swedish),
            Self::Tamil => ("tamil", Algorithm::Tamil),
            Self::Turkish => ("turkish", Algorithm::Turkish),
        }
    }
}

/// Stems words of one language, or leaves them as they are.
pub struct Stemmer(Option<(Language, rust_stemmers::Stemmer)>);

impl Stemmer {
    /// A stemmer for `language`; `None` leaves every word as it is.
    #[must_use]
    pub fn new(language: Option<Language>) -> Self {
        Self(language.map(|language| (language, rust_stemmers::Stemmer::create(language.name_and_algorithm().1))))
    }

    /// The stem of a lower-case word.
    #[must_use]
    pub fn stem<'w>(&self, word: &'w str) -> Cow<'w, str> {
        match &self.0 {
            // Snowball's longest suffixes are far shorter; a pasted blob of letters is no word of any language, and
            // some of the algorithms take time that grows with the square of the length. A letter takes up to four bytes.
            Some((language, stemmer)) if word.len() <= 64 || word.len() <= 256 && word.chars().count() <= 64 => {
                match language.small_form(word) {
                    Cow::Borrowed(word) => stemmer.stem(word),
                    Cow::Owned(word) => Cow::Owned(stemmer.stem(&word).into_owned()),
                }
            }
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_those_of_model_files() {
        for language in Language::ALL {
            assert_eq!(serde_json::to_string(&language).expect("a name"), format!("{:?}", language.as_str()));
        }
    }

    /// Words of the letters and of the endings of the languages, and any others.
    const WORDS: &str = concat!(
        r"[a-zäöüßåæøéèçñıİğşășțő']{0,24}|",
        r"[а-яё]{0,24}|",
        r"[α-ωάέήίόύώϊΐς]{0,24}|",
        r"[ء-يً-ْ]{0,24}|",
        r"[அ-ஹா-்ௗ]{0,24}|",
        r"(ال|و|ف|ب|ك|ل|س|است|ي|ت|ن|ه|ها|هم|كما|نا|ون|ين|ات|ة|ى|آ){0,9}|",
        r"(கள்|க்|ின்|ை|ஐ|ுக்கு|ான்|ார்|ந்த|ாக|ில்|உம்|ச்|ட்|த்|ப|வ|ம்|ஆ|எ){0,9}|",
        r"(lar|ler|ı|i|da|den|ın|nin|ki|ca|cı|iz|mış|yken|yse|k|ğ|su|ad|soy){0,9}|",
        r"(ουσ|ιζ|ησα|ματ|οντασ|ιστ|ικ|ακι|αδ|εδ|ου|ο|ς|σ|ηδ|ποι){0,9}|",
        r"(sses|ing|ied|eed|ly|ement|ation|y|'s|ß|heit|keit|lich|ung|isch|amente|ción|issant|euse|ttel|ens|ast|löst|fullt){0,9}|",
        r"(ость|ейш|ировав|шись|ться|ями|ыми|нн|ь|и|вши|ую|ет){0,9}|",
        r"\PC{0,24}",
    );

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]
        #[test]
        fn every_language_stems_any_word(word in WORDS) {
            let word = word.to_lowercase();
            for language in Language::ALL {
                let stemmer = Stemmer::new(Some(language));
                prop_assert!(stemmer.stem(&word).len() <= 3 * word.len() + 3, "{}: {}", language.as_str(), word);
            }
        }
    }

    #[test]
    fn long_words_of_other_scripts_are_stemmed() {
        // "They were coming", 24 characters in 72 bytes.
        let tamil = Stemmer::new(Some(Language::Tamil));
        assert_ne!(tamil.stem("வந்துகொண்டிருக்கிறார்கள்"), "வந்துகொண்டிருக்கிறார்கள்");
        assert_eq!(tamil.stem(&"க".repeat(65)), "க".repeat(65));
    }

    #[test]
    fn words_in_capitals_are_the_same_words() {
        for (language, small, capitals) in
            [(Language::Greek, "άνθρωπος", "ΆΝΘΡΩΠΟΣ"), (Language::Turkish, "iyilik", "İYİLİK"), (Language::Arabic, "مرحبا", "مـــرحبا")]
        {
            let stemmer = Stemmer::new(Some(language));
            let lower: String = capitals.chars().flat_map(char::to_lowercase).collect();
            assert_eq!(stemmer.stem(small), stemmer.stem(&lower), "{}", language.as_str());
        }
    }

    #[test]
    fn english_inflections_share_a_stem_and_none_leaves_words_alone() {
        let english = Stemmer::new(Some(Language::English));
        assert_eq!(english.stem("interviewing"), english.stem("interviews"));
        assert_eq!(Stemmer::new(None).stem("interviewing"), "interviewing");
    }
}
