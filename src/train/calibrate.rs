//! From logits to probabilities that mean what they say, fitted on out-of-fold logits.
//!
//! Two candidates, each linear and so folded into the weights: a temperature (Guo et al. 2017), and a full matrix fitted by
//! `linfa-logistic` over the logits ("matrix scaling" there), which also moves the decision between labels. The one with the lower
//! cross-validated log loss is taken.

use linfa::dataset::Dataset;
use linfa::traits::Fit;
use linfa_logistic::MultiLogisticRegression;
use ndarray::{Array1, Array2};
use serde::Serialize;

use super::metrics::log_loss;
use crate::classifier::softmax;

/// A map from logits to calibrated logits: `matrix · logits + offset`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibration {
    /// Row by row: what each logit adds to each calibrated logit.
    pub matrix: Vec<Vec<f64>>,
    /// What is added to each.
    pub offset: Vec<f64>,
}

/// How a calibration was chosen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CalibrationReport {
    /// `temperature` or `matrix`.
    pub method: &'static str,
    /// Log loss of the logits as they came, of each candidate, cross-validated.
    pub log_loss_raw: f64,
    /// With a temperature.
    pub log_loss_temperature: f64,
    /// With a matrix.
    pub log_loss_matrix: Option<f64>,
}

impl Calibration {
    /// The calibrated probabilities of one note.
    #[must_use]
    pub fn probabilities(&self, logits: &[f64]) -> Vec<f32> {
        let mut out: Vec<f32> = self.apply(logits, &self.offset).into_iter().map(|value| value as f32).collect();
        softmax(&mut out);
        out
    }

    /// `matrix · values + offset`.
    #[must_use]
    pub fn apply(&self, values: &[f64], offset: &[f64]) -> Vec<f64> {
        let dot = |row: &Vec<f64>| row.iter().zip(values).map(|(a, b)| a * b).sum::<f64>();
        self.matrix.iter().zip(offset).map(|(row, offset)| dot(row) + offset).collect()
    }

    /// The factor on the logits with the lowest log loss.
    pub(super) fn temperature(logits: &[&[f64]], targets: &[usize]) -> Self {
        let classes = logits[0].len();
        let scaled = |factor: f64| Self {
            matrix: (0..classes).map(|i| (0..classes).map(|j| if i == j { factor } else { 0.0 }).collect()).collect(),
            offset: vec![0.0; classes],
        };
        let loss = |log_factor: f64| scaled(libm::exp(log_factor)).log_loss(logits, targets);
        // The loss is convex in the factor: golden-section search over factors from 1/20 to 20.
        let ratio = (5.0_f64.sqrt() - 1.0) / 2.0;
        let (mut low, mut high) = (-3.0, 3.0);
        for _ in 0..40 {
            let (a, b) = (high - ratio * (high - low), low + ratio * (high - low));
            if loss(a) < loss(b) { high = b } else { low = a }
        }
        scaled(rounded(libm::exp(f64::midpoint(low, high))))
    }

    /// `None` where linfa cannot fit (too few notes, a label missing).
    pub(super) fn matrix(logits: &[&[f64]], targets: &[usize]) -> Option<Self> {
        let classes = logits[0].len();
        if targets.len() < 20 * classes * classes || (0..classes).any(|class| !targets.contains(&class)) {
            return None;
        }
        // Divided by this, the first step along the gradient moves a logit by about 1. Without it linfa's line search starts thousands away, where its
        // log-sum-exp is cut off, and can end anywhere: on 17,977 notes at a loss of 0.27, where a temperature alone gives 0.21.
        let squares = logits.iter().flat_map(|logits| logits.iter()).map(|value| value * value).sum::<f64>();
        let unit = (squares / classes as f64).sqrt().max(1.0);
        // The last column is the offset's.
        let x = Array2::from_shape_fn((logits.len(), classes + 1), |(row, column)| logits[row].get(column).unwrap_or(&1.0) / unit);
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
        Some(Self {
            matrix: (0..classes).map(|to| (0..classes).map(|from| weight(from, to)).collect()).collect(),
            offset: (0..classes).map(|to| weight(classes, to)).collect(),
        })
    }

    fn log_loss(&self, logits: &[&[f64]], targets: &[usize]) -> f64 {
        let probabilities: Vec<Vec<f32>> = logits.iter().map(|logits| self.probabilities(logits)).collect();
        log_loss(&probabilities, targets)
    }
}

/// To four places: far finer than the fit is sure of, and the same on machines whose `exp` differs in its last bits, which is what
/// linfa calls.
fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// Fits a calibration to logits and targets.
type Method<'m> = dyn Fn(&[&[f64]], &[usize]) -> Option<Calibration> + 'm;

/// Fits the calibration of out-of-fold logits, and the probabilities that each fold gets from a calibration fitted on the others: those
/// are what thresholds and figures come from.
#[must_use]
pub fn calibrate(logits: &[Vec<f64>], targets: &[usize], folds: &[usize]) -> (Calibration, Vec<Vec<f32>>, CalibrationReport) {
    let all: Vec<&[f64]> = logits.iter().map(Vec::as_slice).collect();
    let count = folds.iter().max().map_or(1, |last| last + 1);
    let cross = |method: &Method<'_>| -> Option<Vec<Vec<f32>>> {
        let mut out = vec![Vec::new(); logits.len()];
        for fold in 0..count {
            let inside: Vec<usize> = (0..folds.len()).filter(|&row| count == 1 || folds[row] != fold).collect();
            let chosen: Vec<&[f64]> = inside.iter().map(|&row| all[row]).collect();
            let chosen_targets: Vec<usize> = inside.iter().map(|&row| targets[row]).collect();
            let calibration = method(&chosen, &chosen_targets)?;
            for row in (0..folds.len()).filter(|&row| folds[row] == fold) {
                out[row] = calibration.probabilities(all[row]);
            }
        }
        Some(out)
    };
    let temperature = |logits: &[&[f64]], targets: &[usize]| Some(Calibration::temperature(logits, targets));
    let by_temperature = cross(&temperature).unwrap_or_default();
    let by_matrix = cross(&Calibration::matrix);
    let raw: Vec<Vec<f32>> = logits
        .iter()
        .map(|logits| {
            let mut p: Vec<f32> = logits.iter().map(|&value| value as f32).collect();
            softmax(&mut p);
            p
        })
        .collect();
    let mut report = CalibrationReport {
        method: "temperature",
        log_loss_raw: log_loss(&raw, targets),
        log_loss_temperature: log_loss(&by_temperature, targets),
        log_loss_matrix: by_matrix.as_ref().map(|p| log_loss(p, targets)),
    };
    if report.log_loss_matrix.is_some_and(|loss| loss < report.log_loss_temperature)
        && let (Some(calibration), Some(probabilities)) = (Calibration::matrix(&all, targets), by_matrix)
    {
        report.method = "matrix";
        return (calibration, probabilities, report);
    }
    (Calibration::temperature(&all, targets), by_temperature, report)
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
            logits.push(row);
        }
        let all: Vec<&[f64]> = logits.iter().map(Vec::as_slice).collect();
        let factor = Calibration::temperature(&all, &targets).matrix[0][0];
        assert!((factor - 2.0).abs() < 0.2, "{factor}");
        let folds: Vec<usize> = (0..targets.len()).map(|row| row % 5).collect();
        let (_, probabilities, report) = calibrate(&logits, &targets, &folds);
        assert!(report.log_loss_temperature < report.log_loss_raw);
        assert_eq!(probabilities.len(), targets.len());
    }
}
