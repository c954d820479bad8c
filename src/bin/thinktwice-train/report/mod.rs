//! What `evaluate` found, and the forms that it is given in.

mod card;
mod html;
mod human;
mod svg;

use std::collections::BTreeMap;

use serde::Serialize;
use thinktwice::train::compare::Comparison;
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
    #[serde(rename = "against", skip_serializing_if = "Option::is_none")]
    pub(super) comparison: Option<Comparison>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) suite: Option<BTreeMap<&'static str, KindResult>>,
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
}

impl Unit {
    /// A number of this unit; a dash where there were no notes to take it of.
    fn format(self, value: f64) -> String {
        match self {
            _ if !value.is_finite() => "–".to_owned(),
            Self::Percent => format!("{:.1} %", 100.0 * value),
            Self::Points => format!("{:+.1}", 100.0 * value),
            Self::Plain => format!("{value:.3}"),
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
