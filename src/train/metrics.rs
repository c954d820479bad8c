//! Figures with intervals.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// A figure and its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// The figure on all notes.
    pub value: f64,
    /// The 2.5 % quantile of the bootstrap.
    pub low: f64,
    /// The 97.5 % quantile of the bootstrap.
    pub high: f64,
}

/// How many resamples an interval is made of: a thousand, and fewer where there are so many rows that drawing them takes long.
fn resamples(rows: usize) -> usize {
    (50_000_000 / rows.max(1)).clamp(200, 1000)
}

/// A figure over `rows` with its percentile-bootstrap interval (Efron 1979). Whole groups are drawn, since notes of one writer are
/// not independent. `figure` gets the indices of the drawn rows.
pub fn bootstrap(groups: &[&str], figure: impl Fn(&[usize]) -> f64) -> Figure {
    bootstrap_with_values(groups, figure).0
}

/// As [`bootstrap`], and the figure in every resample where it is a number, ascending.
pub fn bootstrap_with_values(groups: &[&str], figure: impl Fn(&[usize]) -> f64) -> (Figure, Vec<f64>) {
    let mut by_group: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (row, group) in groups.iter().enumerate() {
        by_group.entry(group).or_default().push(row);
    }
    let members: Vec<Vec<usize>> = by_group.into_values().collect();
    let all: Vec<usize> = (0..groups.len()).collect();
    let mut random = SplitMix64(0x7468_696E_6B32);
    let mut values: Vec<f64> = (0..resamples(groups.len()))
        .map(|_| {
            let mut rows = Vec::with_capacity(groups.len());
            for _ in 0..members.len() {
                rows.extend(&members[random.below(members.len())]);
            }
            figure(&rows)
        })
        .filter(|value| value.is_finite())
        .collect();
    values.sort_by(f64::total_cmp);
    let quantile = |share: f64| values.get((share * values.len() as f64) as usize).copied().unwrap_or(f64::NAN);
    (Figure { value: figure(&all), low: quantile(0.025), high: quantile(0.975) }, values)
}

/// The mean of a value that each row has, with its interval.
#[must_use]
pub fn bootstrap_mean(groups: &[&str], values: &[f64]) -> Figure {
    bootstrap(groups, |rows| rows.iter().map(|&row| values[row]).sum::<f64>() / rows.len() as f64)
}

/// The generator of Steele, Lea and Flood (2014): the same numbers everywhere, which is all that is asked of it.
#[derive(Debug)]
pub struct SplitMix64(pub u64);

impl SplitMix64 {
    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is above 0.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next_u64()) * bound as u128) >> 64) as usize
    }
}

/// How often each label was given for each true label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// `counts[truth][given]`.
    pub counts: Vec<Vec<usize>>,
}

impl Confusion {
    /// Counts pairs of a true and a given label, each below `labels`.
    #[must_use]
    pub fn new(labels: usize, pairs: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut counts = vec![vec![0; labels]; labels];
        for (truth, given) in pairs {
            counts[truth][given] += 1;
        }
        Self { counts }
    }

    fn total(&self) -> usize {
        self.counts.iter().flatten().sum()
    }

    /// The share of right answers.
    #[must_use]
    pub fn accuracy(&self) -> f64 {
        let right: usize = (0..self.counts.len()).map(|label| self.counts[label][label]).sum();
        right as f64 / self.total() as f64
    }

    /// Of those given the label, the share that have it; 0 where none was given it.
    #[must_use]
    pub fn precision(&self, label: usize) -> f64 {
        let given: usize = self.counts.iter().map(|row| row[label]).sum();
        self.counts[label][label] as f64 / given.max(1) as f64
    }

    /// Of those that have the label, the share that were given it; 0 where none has it.
    #[must_use]
    pub fn recall(&self, label: usize) -> f64 {
        let have: usize = self.counts[label].iter().sum();
        self.counts[label][label] as f64 / have.max(1) as f64
    }

    /// The harmonic mean of precision and recall; 0 where both are.
    #[must_use]
    pub fn f1(&self, label: usize) -> f64 {
        let (precision, recall) = (self.precision(label), self.recall(label));
        if precision + recall == 0.0 { 0.0 } else { 2.0 * precision * recall / (precision + recall) }
    }

    /// The mean of F1 over the labels that occur.
    #[must_use]
    pub fn macro_f1(&self) -> f64 {
        let occurring: Vec<usize> = (0..self.counts.len()).filter(|&label| self.counts[label].iter().sum::<usize>() > 0).collect();
        occurring.iter().map(|&label| self.f1(label)).sum::<f64>() / occurring.len() as f64
    }
}

/// Cohen's kappa of pairs of labels by two readers: agreement beyond what their label shares alone would give (Cohen 1960). 1 is full agreement,
/// 0 is chance; `NaN` without pairs, or where both readers gave one label throughout.
#[must_use]
pub fn cohen_kappa(pairs: &[(&str, &str)]) -> f64 {
    let n = pairs.len() as f64;
    let labels: BTreeSet<&str> = pairs.iter().flat_map(|(a, b)| [*a, *b]).collect();
    let observed = pairs.iter().filter(|(a, b)| a == b).count() as f64 / n;
    let share = |side: &dyn Fn(&(&str, &str)) -> bool| pairs.iter().filter(|pair| side(pair)).count() as f64 / n;
    let expected: f64 = labels.iter().map(|label| share(&|pair| pair.0 == *label) * share(&|pair| pair.1 == *label)).sum();
    (observed - expected) / (1.0 - expected)
}

/// The mean of `-ln p(truth)`.
#[must_use]
pub fn log_loss(probabilities: &[Vec<f32>], targets: &[usize]) -> f64 {
    let each = probabilities.iter().zip(targets).map(|(p, &target)| negative_log(p, target));
    each.sum::<f64>() / targets.len() as f64
}

/// `-ln p(truth)` of one note (0 to 27.6: a probability below 1e-12 counts as that).
#[must_use]
pub fn negative_log(probabilities: &[f32], target: usize) -> f64 {
    -libm::log(f64::from(probabilities[target]).max(1e-12))
}

/// The Brier score of one note: the squared distances of the probabilities from 1 for the truth and 0 for the other labels, summed (Brier 1950). 0
/// is best, 2 is worst.
#[must_use]
pub fn brier_score(probabilities: &[f32], target: usize) -> f64 {
    let distance = |(label, &p): (usize, &f32)| f64::from(p) - f64::from(u8::from(label == target));
    probabilities.iter().enumerate().map(distance).map(|distance| distance * distance).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_a_known_table() {
        let pairs = [(0, 0), (0, 0), (0, 1), (1, 1), (1, 0), (1, 1), (1, 1), (2, 2)];
        let confusion = Confusion::new(3, pairs);
        assert!((confusion.accuracy() - 0.75).abs() < 1e-12);
        assert!((confusion.precision(0) - 2.0 / 3.0).abs() < 1e-12);
        assert!((confusion.recall(1) - 0.75).abs() < 1e-12);
        assert!((confusion.macro_f1() - (2.0 / 3.0 + 0.75 + 1.0) / 3.0).abs() < 1e-12);
    }

    #[test]
    fn kappa_of_a_known_table() {
        // 20 yes/yes, 5 yes/no, 10 no/yes, 15 no/no: observed 0.7, expected 0.5.
        let mut pairs = vec![("yes", "yes"); 20];
        pairs.extend(vec![("yes", "no"); 5]);
        pairs.extend(vec![("no", "yes"); 10]);
        pairs.extend(vec![("no", "no"); 15]);
        assert!((cohen_kappa(&pairs) - 0.4).abs() < 1e-12);
    }

    #[test]
    fn brier_scores_from_best_to_worst() {
        assert!(brier_score(&[0.0, 1.0, 0.0], 1).abs() < 1e-12);
        assert!((brier_score(&[0.5, 0.25, 0.25], 0) - 0.375).abs() < 1e-12);
        assert!((brier_score(&[0.0, 1.0], 0) - 2.0).abs() < 1e-12);
    }

    #[test]
    fn an_interval_holds_its_figure_and_narrows_with_more_groups() {
        let width = |n: usize| {
            let names: Vec<String> = (0..n).map(|i| i.to_string()).collect();
            let groups: Vec<&str> = names.iter().map(String::as_str).collect();
            let figure = bootstrap(&groups, |rows| rows.iter().filter(|row| **row % 4 != 0).count() as f64 / rows.len() as f64);
            assert!(figure.low <= figure.value && figure.value <= figure.high);
            figure.high - figure.low
        };
        assert!(width(400) < width(40));
    }
}
