//! From fitted weights to a model.

use super::calibrate::{Calibration, LogitParts};
use super::cross::OutOfFold;
use super::matrix::Meanings;
use super::weights::{Training, Weights};
use crate::features::Block;
use crate::model::{About, Model, Vocabulary};

/// Folds the calibration and the factors of the columns into the weights, centres them over the labels of each head, and rounds them to 8 bits: over the
/// hundreds of n-grams of a note, the rounding moves a logit by about 0.02.
pub(super) fn assemble(about: About, training: &Training<'_>, weights: &Weights<'_>, out_of_fold: &[OutOfFold]) -> Model {
    let columns = about.columns();
    let shown = about.heads.len();
    // What is stored of a row of values: for each head the calibrated, centred values of all labels but the last.
    let stored = |calibrated: &dyn Fn(usize, &Calibration) -> Vec<f64>| -> Vec<f64> {
        let of_head = |head: usize| {
            let mut values = calibrated(head, &out_of_fold[head].calibration);
            if head == shown {
                // Two labels that only the guard reads: one column, their difference.
                return vec![values[1] - values[0]];
            }
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            for value in &mut values {
                *value -= mean;
            }
            values.pop();
            values
        };
        (0..weights.heads.len()).flat_map(of_head).collect()
    };
    let bias = stored(&|head, calibration| calibration.logits(&LogitParts::of_intercepts(weights.heads[head].intercepts())));
    let bias = bias.into_iter().map(|value| value as f32).collect();
    let mut rows: Vec<(Block, &str, Vec<f64>)> = Vec::new();
    for (column, own) in weights.vocabulary.iter().enumerate() {
        let feature = &training.extracted.features[own.feature as usize];
        let factor = f64::from(own.factor);
        let row = stored(&|head, calibration| {
            let values: Vec<f64> = weights.heads[head].row(column).iter().map(|&weight| f64::from(weight) * factor).collect();
            calibration.of_feature(feature.block, &values)
        });
        rows.push((feature.block, &feature.text, row));
    }
    // vector × weights: what a word's meaning adds to every logit.
    for (word, vector) in weights.meanings.as_deref().into_iter().flat_map(Meanings::words) {
        let logits = |head: usize, calibration: &Calibration| {
            let fitted = &weights.heads[head];
            let mut logits = vec![0.0; fitted.classes];
            for (dimension, value) in vector.iter().enumerate() {
                for (logit, weight) in logits.iter_mut().zip(fitted.row(weights.vocabulary.len() + dimension)) {
                    *logit += f64::from(*value) * f64::from(*weight);
                }
            }
            calibration.of_feature(Block::Surface, &logits)
        };
        rows.push((Block::Surface, word, stored(&logits)));
    }
    rows.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)));
    let most = |column: usize| rows.iter().map(|row| row.2[column].abs()).fold(f64::MIN_POSITIVE, f64::max);
    let scale: Vec<f32> = (0..columns).map(|column| (most(column) / f64::from(i8::MAX)) as f32).collect();
    let quantised = rows.iter().flat_map(|row| row.2.iter().zip(&scale).map(|(value, scale)| (value / f64::from(*scale)).round() as i8));
    Model {
        weights: quantised.collect(),
        vocabulary: Vocabulary::new(rows.iter().map(|row| (row.0, row.1))),
        scale,
        bias,
        digest: String::new(),
        about,
    }
}
