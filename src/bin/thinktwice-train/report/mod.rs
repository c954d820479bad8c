//! What `evaluate` found, and the forms that it is given in.

mod card;
mod conclusion;
mod html;
mod human;
mod svg;

use std::collections::BTreeMap;

use serde::Serialize;
use thinktwice::train::compare::{Comparison, Difference};
use thinktwice::train::evaluate::Evaluation;
use thinktwice::train::metrics::Figure;
use thinktwice::train::suite::KindResult;

pub(super) use card::card;
pub(super) use html::html;
pub(super) use human::human;

/// Everything that was measured. Serialised, it is the object that `--format json` gives.
#[derive(Serialize)]
pub(super) struct Report {
    /// The model's name.
    #[serde(skip)]
    pub(super) name: String,
    /// Where the notes came from, as it was given.
    #[serde(skip)]
    pub(super) data: Vec<String>,
    #[serde(flatten)]
    pub(super) evaluation: Evaluation,
    /// What keeps the figures from meaning what they say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) warnings: Vec<String>,
    #[serde(rename = "against", skip_serializing_if = "Option::is_none")]
    pub(super) comparison: Option<Against>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) suite: Option<BTreeMap<&'static str, KindResult>>,
}

/// What another model makes of the same notes.
#[derive(Serialize)]
pub(super) struct Against {
    /// What to call it.
    name: String,
    /// Which of the two is better, and how sure that is: one plain sentence or two.
    conclusion: String,
    #[serde(flatten)]
    comparison: Comparison,
}

impl Against {
    /// `is_fair` says whether neither model has seen the notes before.
    pub(super) fn new(name: String, comparison: Comparison, is_fair: bool) -> Self {
        Self { conclusion: conclusion::conclusion(&comparison, &name, is_fair), name, comparison }
    }

    /// Each figure of both with its name, the unit of it, that of its difference, and what it is.
    fn figures(&self) -> Vec<(&'static str, Unit, Unit, &Difference, &'static str)> {
        let comparison = &self.comparison;
        let mut figures = vec![
            ("accuracy", Unit::Percent, Unit::Points, &comparison.accuracy, "share of notes whose likeliest label is right"),
            ("macro-F1", Unit::Percent, Unit::Points, &comparison.macro_f1, "how well the labels are told apart, each counting alike"),
            ("log loss", Unit::Plain, Unit::Signed, &comparison.log_loss, "how far the probabilities are from the truth; lower is better"),
        ];
        let held = comparison.harmful_held.iter().map(|held| ("harmful notes held", held, "the others are missed"));
        let alarms = comparison.harmless_held.iter().map(|held| ("harmless notes held", held, "the false alarms; lower is better"));
        figures.extend(held.chain(alarms).map(|(name, held, meaning)| (name, Unit::Percent, Unit::Points, held, meaning)));
        figures
    }
}

/// The unit of a figure.
#[derive(Clone, Copy)]
enum Unit {
    /// A share, in per cent.
    Percent,
    /// A difference of shares, in points of a hundred, with its sign.
    Points,
    /// The number itself.
    Plain,
    /// The number with its sign.
    Signed,
}

impl Unit {
    /// A number of this unit; a dash where there were no notes to take it of.
    fn format(self, value: f64) -> String {
        match self {
            _ if !value.is_finite() => "–".to_owned(),
            Self::Percent => format!("{:.1} %", 100.0 * value),
            Self::Points => format!("{:+.1}", 100.0 * value),
            Self::Plain => format!("{value:.3}"),
            Self::Signed => format!("{value:+.3}"),
        }
    }

    /// The ends of the interval.
    fn interval(self, figure: &Figure) -> String {
        if figure.low.is_finite() {
            format!("{} to {}", self.format(figure.low), self.format(figure.high)).replace(" %", "")
        } else {
            "–".to_owned()
        }
    }
}

/// A p value to the digits that matter.
fn p_value(p: f64) -> String {
    if p < 0.001 { "p\u{a0}<\u{a0}0.001".to_owned() } else { format!("p\u{a0}=\u{a0}{p:.3}") }
}

/// The first digits of a digest, enough to tell models apart.
fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}
