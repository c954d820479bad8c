//! The language that the notes are in.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use thinktwice::features::FeatureSettings;
use thinktwice::text::Language;
use thinktwice::train::FitSettings;

/// How the words of the notes are read.
#[derive(Args)]
pub(crate) struct LanguageArgs {
    /// The language of the notes, by which inflections of a word are told to be one; `none` leaves every word as it is, as for Japanese or Hindi
    #[arg(long, value_name = "LANGUAGE", default_value = "english", value_parser = names().map(|name| Stem::of(&name)))]
    language: Stem,
}

#[derive(Clone, Copy)]
struct Stem(Option<Language>);

impl Stem {
    fn of(name: &str) -> Self {
        Self(Language::ALL.into_iter().find(|language| language.as_str() == name))
    }
}

const NONE: &str = "none";

fn names() -> PossibleValuesParser {
    PossibleValuesParser::new(Language::ALL.map(Language::as_str).into_iter().chain([NONE]))
}

impl LanguageArgs {
    pub(crate) fn is_english(&self) -> bool {
        self.language.0 == Some(Language::English)
    }

    /// The standard settings for notes in the language.
    pub(crate) fn settings(&self) -> FitSettings {
        let settings = FitSettings::default();
        FitSettings { features: FeatureSettings { stem: self.language.0, ..settings.features.clone() }, ..settings }
    }
}
