//! From logits to probabilities that mean what they say, fitted on out-of-fold logits.
//!
//! Three candidates, each linear and so folded into the weights: a temperature (Guo et al. 2017); a full matrix fitted by
//! `linfa-logistic` over the logits ("matrix scaling" there), which also moves the decision between labels; and a matrix for what each block
//! of features adds to the logits, which also says how much words, characters and skip-bigrams are to be trusted with each label (stacking: Wolpert 1992). The one
//! with the lowest cross-validated log loss is taken.

use linfa::dataset::Dataset;
use linfa::traits::Fit;
use linfa_logistic::MultiLogisticRegression;
use ndarray::{Array1, Array2};
use rayon::prelude::*;
use serde::Serialize;

use super::metrics::log_loss;
use crate::classifier::softmax;
use crate::features::Block;

/// The logits of one note as sums: what each block of features adds to each class, block by block, and the intercepts at the end.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogitParts(pub Vec<f64>);

impl LogitParts {
    /// Those of a note without features.
    pub(super) fn of_intercepts(intercepts: &[f32]) -> Self {
        let mut parts = vec![0.0; Block::COUNT * intercepts.len()];
        parts.extend(intercepts.iter().copied().map(f64::from));
        Self(parts)
    }

    fn classes(&self) -> usize {
        self.0.len() / (Block::COUNT + 1)
    }

    /// The logits themselves.
    fn total(&self) -> Vec<f64> {
        let classes = self.classes();
        (0..classes).map(|class| self.0[class..].iter().step_by(classes).sum()).collect()
    }

    /// What the features add, without the intercepts.
    fn of_blocks(&self) -> &[f64] {
        &self.0[..self.classes() * Block::COUNT]
    }
}

/// A map from logits to calibrated logits.
#[derive(Clone, Debug, PartialEq)]
pub enum Calibration {
    /// All logits times a factor, the inverse of the temperature.
    Temperature(f64),
    /// `rows · logits + offset`.
    Matrix {
        /// Row by row: what each logit adds to each calibrated logit.
        rows: Vec<Vec<f64>>,
        /// What is added to each.
        offset: Vec<f64>,
    },
    /// The same with a matrix for what each block of features adds; intercepts are not read.
    Blocks {
        /// Of each block, row by row.
        rows: Vec<Vec<Vec<f64>>>,
        /// What is added to each.
        offset: Vec<f64>,
    },
}

/// How a calibration was chosen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CalibrationReport {
    /// `temperature`, `matrix` or `blocks`.
    pub method: &'static str,
    /// Log loss of the logits as they came, of each candidate, cross-validated.
    pub log_loss_raw: f64,
    /// With a temperature.
    pub log_loss_temperature: f64,
    /// With a matrix.
    pub log_loss_matrix: Option<f64>,
    /// With a matrix for each block of features.
    pub log_loss_blocks: Option<f64>,
}

impl Calibration {
    /// The calibrated probabilities of one note.
    #[must_use]
    pub fn probabilities(&self, parts: &LogitParts) -> Vec<f32> {
        let mut out: Vec<f32> = self.logits(parts).into_iter().map(|value| value as f32).collect();
        softmax(&mut out);
        out
    }

    /// The calibrated logits of one note.
    #[must_use]
    pub fn logits(&self, parts: &LogitParts) -> Vec<f64> {
        match self {
            Self::Temperature(factor) => parts.total().iter().map(|logit| factor * logit).collect(),
            Self::Matrix { rows, offset } => plus(offset, &times(rows, &parts.total())),
            Self::Blocks { rows, offset } => {
                let of_blocks = parts.of_blocks().chunks_exact(offset.len()).zip(rows).map(|(part, rows)| times(rows, part));
                of_blocks.fold(offset.clone(), |sum, part| plus(&sum, &part))
            }
        }
    }

    /// What a feature that adds `values` to the logits adds to the calibrated ones.
    #[must_use]
    pub fn of_feature(&self, block: Block, values: &[f64]) -> Vec<f64> {
        match self {
            Self::Temperature(factor) => values.iter().map(|value| factor * value).collect(),
            Self::Matrix { rows, .. } => times(rows, values),
            Self::Blocks { rows, .. } => times(&rows[block as usize], values),
        }
    }

    /// The factor on the logits with the lowest log loss, from 1/20 to 20.
    pub(super) fn temperature(parts: &[&LogitParts], targets: &[usize]) -> Self {
        let logits: Vec<Vec<f64>> = parts.iter().map(|parts| parts.total()).collect();
        // The loss is convex in the factor: Newton's steps towards where its slope is 0, within bounds that close in.
        let (mut low, mut high) = (0.05, 20.0);
        let mut factor = 1.0;
        for _ in 0..60 {
            let (slope, curvature) = slope_and_curvature(&logits, targets, factor);
            if slope > 0.0 {
                high = factor;
            } else {
                low = factor;
            }
            let newton = factor - slope / curvature;
            let next = if low < newton && newton < high { newton } else { f64::midpoint(low, high) };
            let step = (next - factor).abs();
            factor = next;
            if step < 1e-6 {
                break;
            }
        }
        Self::Temperature(rounded(factor))
    }

    /// `None` where linfa cannot fit (too few notes, a label missing).
    pub(super) fn matrix(parts: &[&LogitParts], targets: &[usize]) -> Option<Self> {
        let totals: Vec<Vec<f64>> = parts.iter().map(|parts| parts.total()).collect();
        let (rows, offset) = combination(&totals, targets, parts[0].classes())?;
        Some(Self::Matrix { rows, offset })
    }

    /// As [`Calibration::matrix`].
    pub(super) fn blocks(parts: &[&LogitParts], targets: &[usize]) -> Option<Self> {
        let inputs: Vec<&[f64]> = parts.iter().map(|parts| parts.of_blocks()).collect();
        let (rows, offset) = combination(&inputs, targets, parts[0].classes())?;
        let of_block = |block: usize| rows.iter().map(|row| row[block * offset.len()..][..offset.len()].to_vec()).collect();
        Some(Self::Blocks { rows: (0..Block::COUNT).map(of_block).collect(), offset })
    }
}

/// The matrix, a row for each class, and the offset that make the best logits of the inputs; `None` where linfa cannot fit (too few notes, a class missing).
fn combination(inputs: &[impl AsRef<[f64]>], targets: &[usize], classes: usize) -> Option<(Vec<Vec<f64>>, Vec<f64>)> {
    let width = inputs[0].as_ref().len();
    let is_missing = |class| !targets.contains(&class);
    if targets.len() < 20 * classes * width || (0..classes).any(is_missing) {
        return None;
    }
    // Divided by this, the first step along the gradient moves a logit by about 1. Without it linfa's line search starts thousands away, where its
    // log-sum-exp is cut off, and can end anywhere: on 17,977 notes at a loss of 0.27, where a temperature alone gives 0.21.
    let squares = inputs.iter().flat_map(AsRef::as_ref).map(|value| value * value).sum::<f64>();
    let unit = (squares / classes as f64).sqrt().max(1.0);
    // The last column is the offset's.
    let x = Array2::from_shape_fn((inputs.len(), width + 1), |(row, column)| inputs[row].as_ref().get(column).unwrap_or(&1.0) / unit);
    let data = Dataset::new(x, Array1::from(targets.to_vec()));
    // The penalty only settles the direction that softmax leaves open.
    let fitted = MultiLogisticRegression::default()
        .with_intercept(false)
        .alpha(0.1 / (unit * unit))
        .max_iterations(1000)
        .gradient_tolerance(1e-5)
        .fit(&data)
        .ok()?;
    let weight = |from: usize, to: usize| rounded(fitted.params()[[from, to]] / unit);
    let rows = (0..classes).map(|to| (0..width).map(|from| weight(from, to)).collect()).collect();
    Some((rows, (0..classes).map(|to| weight(width, to)).collect()))
}

fn times(rows: &[Vec<f64>], values: &[f64]) -> Vec<f64> {
    rows.iter().map(|row| row.iter().zip(values).map(|(a, b)| a * b).sum()).collect()
}

fn plus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

/// The first and the second derivative of the log loss by a factor on the logits.
fn slope_and_curvature(logits: &[Vec<f64>], targets: &[usize], factor: f64) -> (f64, f64) {
    let of_note = |(logits, &target): (&Vec<f64>, &usize)| {
        let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (mut sum, mut first, mut second) = (0.0, 0.0, 0.0);
        for logit in logits {
            let below = logit - most;
            let p = libm::exp(factor * below);
            sum += p;
            first += p * below;
            second += p * below * below;
        }
        let mean = first / sum;
        (mean - (logits[target] - most), second / sum - mean * mean)
    };
    // Chunk by chunk, so that the sum is the same with any number of threads.
    let of_chunk = |(logits, targets): (&[Vec<f64>], &[usize])| {
        logits.iter().zip(targets).map(of_note).fold((0.0, 0.0), |sum, note| (sum.0 + note.0, sum.1 + note.1))
    };
    let chunks: Vec<(f64, f64)> = logits.par_chunks(256).zip(targets.par_chunks(256)).map(of_chunk).collect();
    chunks.into_iter().fold((0.0, 0.0), |sum, chunk| (sum.0 + chunk.0, sum.1 + chunk.1))
}

/// To four places: far finer than the fit is sure of, and the same on machines whose `exp` differs in its last bits, which is what
/// linfa calls.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// Fits a calibration to logits and targets.
type Method<'m> = dyn Fn(&[&LogitParts], &[usize]) -> Option<Calibration> + 'm;

/// Fits the calibration of out-of-fold logits, and the probabilities that each fold gets from a calibration fitted on the others: those
/// are what thresholds and figures come from.
#[must_use]
pub fn calibrate(logits: &[LogitParts], targets: &[usize], folds: &[usize]) -> (Calibration, Vec<Vec<f32>>, CalibrationReport) {
    let all: Vec<&LogitParts> = logits.iter().collect();
    let count = folds.iter().max().map_or(1, |last| last + 1);
    let cross = |method: &Method<'_>| -> Option<Vec<Vec<f32>>> {
        let mut out = vec![Vec::new(); logits.len()];
        for fold in 0..count {
            let inside: Vec<usize> = (0..folds.len()).filter(|&row| count == 1 || folds[row] != fold).collect();
            let chosen: Vec<&LogitParts> = inside.iter().map(|&row| all[row]).collect();
            let chosen_targets: Vec<usize> = inside.iter().map(|&row| targets[row]).collect();
            let calibration = method(&chosen, &chosen_targets)?;
            for row in (0..folds.len()).filter(|&row| folds[row] == fold) {
                out[row] = calibration.probabilities(all[row]);
            }
        }
        Some(out)
    };
    let temperature = |logits: &[&LogitParts], targets: &[usize]| Some(Calibration::temperature(logits, targets));
    let candidates: [(&'static str, &Method<'_>); 3] =
        [("temperature", &temperature), ("matrix", &Calibration::matrix), ("blocks", &Calibration::blocks)];
    let mut fitted = Vec::new();
    for (name, method) in candidates {
        if let (Some(probabilities), Some(calibration)) = (cross(method), method(&all, targets)) {
            fitted.push((log_loss(&probabilities, targets), name, calibration, probabilities));
        }
    }
    let loss_of = |name: &str| fitted.iter().find(|found| found.1 == name).map(|found| found.0);
    let as_they_came: Vec<Vec<f32>> = logits.iter().map(|logits| Calibration::Temperature(1.0).probabilities(logits)).collect();
    // A temperature is always among them.
    let best = (0..fitted.len()).min_by(|&a, &b| fitted[a].0.total_cmp(&fitted[b].0)).unwrap_or(0);
    let report = CalibrationReport {
        method: fitted[best].1,
        log_loss_raw: log_loss(&as_they_came, targets),
        log_loss_temperature: loss_of("temperature").unwrap_or(f64::NAN),
        log_loss_matrix: loss_of("matrix"),
        log_loss_blocks: loss_of("blocks"),
    };
    let (_, _, calibration, probabilities) = fitted.swap_remove(best);
    (calibration, probabilities, report)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::metrics::SplitMix64;

    /// Notes whose labels are drawn from softmax(2 · logits): a temperature of 1/2 is the truth.
    #[test]
    fn a_known_temperature_is_found() {
        let mut random = SplitMix64(3);
        let mut uniform = || (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        let (mut logits, mut targets) = (Vec::new(), Vec::new());
        for _ in 0..4000 {
            let row: Vec<f64> = (0..3).map(|_| 2.0 * uniform()).collect();
            let mut p: Vec<f32> = row.iter().map(|&value| 2.0 * value as f32).collect();
            softmax(&mut p);
            let draw = uniform() as f32;
            targets.push(if draw < p[0] {
                0
            } else if draw < p[0] + p[1] {
                1
            } else {
                2
            });
            // What words and characters add, and intercepts of which it is less.
            let words: Vec<f64> = row.iter().map(|value| 0.25 * value + 0.5).collect();
            let characters: Vec<f64> = row.iter().map(|value| 0.75 * value).collect();
            logits.push(LogitParts([words, characters, vec![0.0; 6], vec![-0.5; 3]].concat()));
        }
        let all: Vec<&LogitParts> = logits.iter().collect();
        let Calibration::Temperature(factor) = Calibration::temperature(&all, &targets) else { panic!("a temperature") };
        assert!((factor - 2.0).abs() < 0.2, "{factor}");
        let folds: Vec<usize> = (0..targets.len()).map(|row| row % 5).collect();
        let (_, probabilities, report) = calibrate(&logits, &targets, &folds);
        assert!(report.log_loss_temperature < report.log_loss_raw);
        assert_eq!(probabilities.len(), targets.len());
    }

    /// Notes whose labels follow what words add, and of which what characters add says the contrary as often as not.
    #[test]
    fn a_block_that_says_nothing_is_left_out() {
        let mut random = SplitMix64(5);
        let mut uniform = || (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        let (mut logits, mut targets) = (Vec::new(), Vec::new());
        for _ in 0..4000 {
            let (words, characters) = (4.0 * uniform() - 2.0, 4.0 * uniform() - 2.0);
            let p = 1.0 / (1.0 + libm::exp(-2.0 * words));
            targets.push(usize::from(uniform() < p));
            logits.push(LogitParts(vec![-words / 2.0, words / 2.0, -characters, characters, 0.0, 0.0, 0.0, 0.0, 0.1, -0.1]));
        }
        let folds: Vec<usize> = (0..targets.len()).map(|row| row % 5).collect();
        let (calibration, _, report) = calibrate(&logits, &targets, &folds);
        assert_eq!(report.method, "blocks");
        assert!(report.log_loss_blocks < report.log_loss_matrix);
        let slope = |block| {
            let adds = calibration.of_feature(block, &[-0.5, 0.5]);
            adds[1] - adds[0]
        };
        assert!((slope(Block::Word) - 2.0).abs() < 0.2 && slope(Block::Char).abs() < 0.1, "{calibration:?}");
    }
}
