//! Feature scales in the place of dropout.
//!
//! To leave features of the training notes out at random is, for a generalised linear model and to second order, to add a penalty of
//! `Σ wⱼ² Σᵢ xᵢⱼ² pᵢ(1 − pᵢ)` (Wager, Wang and Liang 2013): a weight costs as much as its feature stands in notes that the model is unsure of, and next to
//! nothing where a rare feature makes sure. That sum is called a column's mass here. Each feature scaled by the inverse square root of its mass, the plain L2 penalty
//! is such a one.

use rayon::prelude::*;

use super::solver::{Design, SparseFitted};

/// The factors of one head's columns; none where there is no dropout, and every column stays as it is.
#[derive(Clone, Debug)]
pub(super) struct Scales {
    /// How far the penalty is that of dropout, from 0 to 1.
    strength: f64,
    factors: Option<Vec<f32>>,
}

impl Scales {
    /// Those of the first `count` columns while no fit has said yet how unsure it leaves the notes: as if it left all alike.
    pub(super) fn even(design: &Design, count: usize, strength: f64) -> Self {
        let even_masses = || design.squared_columns(&vec![1.0; design.rows().height()]);
        Self { strength, factors: (strength > 0.0).then(|| scales(&even_masses()[..count], strength)) }
    }

    /// Without dropout.
    pub(super) fn none() -> Self {
        Self { strength: 0.0, factors: None }
    }

    /// Those of the columns at `kept`, by the masses that all columns have, scaled by these, after a fit to them.
    pub(super) fn refined(&self, masses: &[f64], kept: &[usize]) -> Self {
        let refined = self.factors.as_ref().map(|factors| {
            let unscaled: Vec<f64> = masses.iter().zip(factors).map(|(mass, factor)| mass / f64::from(factor * factor)).collect();
            let scales = scales(&unscaled, self.strength);
            kept.iter().map(|&column| scales[column]).collect()
        });
        Self { strength: self.strength, factors: refined }
    }

    /// Scales the columns of `design`.
    pub(super) fn apply(&self, design: &mut Design) {
        if let Some(factors) = &self.factors {
            design.scale_columns(factors);
        }
    }

    /// Makes of weights for scaled columns those for the columns themselves.
    pub(super) fn undo(&self, fitted: &mut SparseFitted) {
        if let Some(factors) = &self.factors {
            fitted.scale_rows(factors);
        }
    }
}

/// The factors of columns with these masses: `mass ^ (-strength / 2)`, the mass made up by the median so that a column of nothing has a factor too. `strength` is
/// above 0 and up to 1 (dropout's penalty). They are scaled so that the masses sum to what they did before, and a penalty means the same.
fn scales(masses: &[f64], strength: f64) -> Vec<f32> {
    let mut ordered = masses.to_vec();
    ordered.sort_by(f64::total_cmp);
    let Some(median) = ordered.get(ordered.len() / 2).copied().filter(|median| *median > 0.0) else { return vec![1.0; masses.len()] };
    let scales: Vec<f64> = masses.iter().map(|mass| libm::pow(mass / median + 1.0, -strength / 2.0)).collect();
    let before: f64 = masses.iter().sum();
    let after: f64 = masses.iter().zip(&scales).map(|(mass, scale)| mass * scale * scale).sum();
    let same = (before / after).sqrt();
    scales.into_iter().map(|scale| (scale * same) as f32).collect()
}

/// The masses of columns, by the weights `fitted` to the notes.
pub(super) fn masses(design: &Design, fitted: &SparseFitted) -> Vec<f64> {
    let unsure = |row| {
        let logits = fitted.logits(design.rows(), row);
        let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let odds: Vec<f64> = logits.iter().map(|logit| libm::exp(logit - most)).collect();
        let sum: f64 = odds.iter().sum();
        // The chance that two draws from the distribution differ: pᵢ(1 − pᵢ), summed over the labels.
        (1.0 - odds.iter().map(|odd| odd * odd).sum::<f64>() / (sum * sum)) as f32
    };
    let unsure: Vec<f32> = (0..design.rows().height()).into_par_iter().map(unsure).collect();
    design.squared_columns(&unsure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_of_much_mass_are_made_small_and_the_sum_stays() {
        let masses = [0.0, 1.0, 2.0, 50.0];
        let scaled = scales(&masses, 0.8);
        assert!(scaled.is_sorted_by(|a, b| a > b), "{scaled:?}");
        let sum: f64 = masses.iter().zip(&scaled).map(|(mass, scale)| mass * f64::from(scale * scale)).sum();
        assert!((sum - 53.0).abs() < 1e-4, "{sum}");
        assert_eq!(scales(&[0.0; 2], 0.8), [1.0; 2]);
    }
}
