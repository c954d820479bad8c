//! What answering less buys: the error rate among the notes that the model is surest of.

use serde::Serialize;

use super::metrics::{Figure, bootstrap};

/// The error rate among the surest notes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RiskPoint {
    /// The share of the notes that are answered (above 0, up to 1).
    pub coverage: f64,
    /// How many notes that is.
    pub notes: usize,
    /// The share of them whose likeliest label is wrong (0 to 1).
    pub error: f64,
}

/// A risk-coverage curve (El-Yaniv and Wiener 2010).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RiskCoverage {
    /// From 5 % of the notes to all of them, in steps of 5 %; empty without notes.
    pub points: Vec<RiskPoint>,
    /// The error rate where the surest 90 % are answered (0 to 1).
    pub error_at_90: Figure,
}

/// The curve of notes that stand surest first: whether each was given a wrong label, and its group, by which the interval is bootstrapped.
#[must_use]
pub fn risk_coverage(wrong: &[bool], groups: &[&str]) -> RiskCoverage {
    let all: Vec<usize> = (0..wrong.len()).collect();
    let point = |percent: usize| {
        let notes = answered(percent, wrong.len());
        RiskPoint { coverage: percent as f64 / 100.0, notes, error: error_rate(wrong, &all[..notes]) }
    };
    let percents = (5..=100).step_by(5).filter(|_| !wrong.is_empty());
    let error_at_90 = bootstrap(groups, |drawn| {
        let mut surest_first = drawn.to_vec();
        surest_first.sort_unstable();
        error_rate(wrong, &surest_first[..answered(90, drawn.len())])
    });
    RiskCoverage { points: percents.map(point).collect(), error_at_90 }
}

fn answered(percent: usize, notes: usize) -> usize {
    (percent * notes).div_ceil(100)
}

fn error_rate(wrong: &[bool], rows: &[usize]) -> f64 {
    rows.iter().filter(|&&row| wrong[row]).count() as f64 / rows.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_of_an_example_worked_by_hand() {
        let wrong: Vec<bool> = (1..=20).map(|place| place == 11 || place == 20).collect();
        let names: Vec<String> = (0..20).map(|i| i.to_string()).collect();
        let groups: Vec<&str> = names.iter().map(String::as_str).collect();
        let curve = risk_coverage(&wrong, &groups);
        let errors: Vec<(usize, f64)> = curve.points.iter().map(|point| (point.notes, point.error)).collect();
        assert_eq!(errors.len(), 20);
        assert_eq!((errors[9], errors[10], errors[19]), ((10, 0.0), (11, 1.0 / 11.0), (20, 0.1)));
        let at_90 = curve.error_at_90;
        assert!((at_90.value - 1.0 / 18.0).abs() < 1e-12 && at_90.low <= at_90.value && at_90.value < at_90.high, "{at_90:?}");
    }

    #[test]
    fn a_share_of_few_notes_is_rounded_up_and_of_none_is_nothing() {
        let few = risk_coverage(&[true, false], &["a", "b"]);
        assert_eq!((few.points[0].notes, few.points[9].notes, few.points[10].notes), (1, 1, 2));
        assert!(risk_coverage(&[], &[]).points.is_empty());
    }
}
