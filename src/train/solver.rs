//! Multinomial logistic regression with an L2 penalty over sparse rows, by L-BFGS.
//!
//! Minimises `-Σ ln p(yᵢ | xᵢ) + α/2 · Σ w²`, the intercepts not penalised: the objective of `linfa-logistic`, which is the
//! referee that the tests hold this against. `linfa-logistic` itself is dense: it multiplies every zero.

use std::cell::RefCell;

use argmin::core::{CostFunction, Error as ArgminError, Executor, Gradient, State, TerminationReason, TerminationStatus};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use linfa::dataset::DatasetBase;
use linfa::traits::Fit;
use rayon::prelude::*;

use super::matrix::Csr;

/// Settings of the solver.
#[derive(Clone, Debug, PartialEq)]
pub struct SparseLogistic {
    /// The weight of the penalty, above 0: `1/C` of other libraries.
    pub alpha: f64,
    /// The gradient's norm, relative to that at the start, below which the fit has converged.
    pub tolerance: f64,
    /// The number of iterations after which a fit that has not converged is given up.
    pub max_iterations: u64,
    /// How many classes there are: targets are `0..classes`.
    pub classes: usize,
}

impl SparseLogistic {
    /// The settings with which models are fitted.
    #[must_use]
    pub fn new(alpha: f64, classes: usize) -> Self {
        Self { alpha, tolerance: 1e-4, max_iterations: 1000, classes }
    }
}

/// Fitted weights.
#[derive(Clone, Debug, PartialEq)]
pub struct SparseFitted {
    /// A row of `classes` weights for each column of the matrix, and a last row for the intercepts.
    pub weights: Vec<f64>,
    /// How many classes there are.
    pub classes: usize,
    /// How many iterations it took.
    pub iterations: u64,
}

impl SparseFitted {
    /// The logits of a row.
    #[must_use]
    pub fn logits(&self, matrix: &Csr, row: usize) -> Vec<f64> {
        logits(&self.weights, self.classes, matrix, row)
    }

    /// The weights of a column.
    #[must_use]
    pub fn row(&self, column: usize) -> &[f64] {
        &self.weights[column * self.classes..(column + 1) * self.classes]
    }

    /// The intercepts.
    #[must_use]
    pub fn intercepts(&self) -> &[f64] {
        &self.weights[self.weights.len() - self.classes..]
    }
}

/// Why there are no weights.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SolverError {
    /// The settings or the data cannot be used.
    #[error("{0}")]
    Input(String),
    /// The solver stopped before it had converged.
    #[error("the fit did not converge in {iterations} iterations (gradient {gradient:.2e}, wanted {wanted:.2e}); raise alpha or the limit")]
    NotConverged {
        /// After how many iterations.
        iterations: u64,
        /// The gradient's norm there.
        gradient: f64,
        /// The norm that counts as converged.
        wanted: f64,
    },
    /// The optimiser failed.
    #[error("the optimiser failed: {0}")]
    Optimiser(String),
    /// From linfa.
    #[error(transparent)]
    Linfa(#[from] linfa::Error),
}

impl Fit<Csr, Vec<usize>, SolverError> for SparseLogistic {
    type Object = SparseFitted;

    fn fit(&self, dataset: &DatasetBase<Csr, Vec<usize>>) -> Result<SparseFitted, SolverError> {
        self.fit_from(&dataset.records, &dataset.targets, None)
    }
}

impl SparseLogistic {
    /// Fits, starting from `start` (such as the weights for a neighbouring `alpha`) or from nothing.
    ///
    /// # Errors
    ///
    /// [`SolverError::Input`] for data that does not fit together, [`SolverError::NotConverged`] instead of weights that are
    /// none.
    pub fn fit_from(&self, matrix: &Csr, targets: &[usize], start: Option<&[f64]>) -> Result<SparseFitted, SolverError> {
        let input = |what: String| Err(SolverError::Input(what));
        if self.alpha <= 0.0 || !self.alpha.is_finite() {
            return input(format!("alpha is {}, not above 0", self.alpha));
        }
        if targets.len() != matrix.height() || targets.is_empty() {
            return input(format!("{} targets for {} rows", targets.len(), matrix.height()));
        }
        if self.classes < 2 || targets.iter().any(|&target| target >= self.classes) {
            return input(format!("targets are not all below the number of classes, {}", self.classes));
        }
        if !matrix.values.iter().all(|value| value.is_finite()) {
            return input("a value that is not finite".to_owned());
        }
        let size = (matrix.width + 1) * self.classes;
        let zero = vec![0.0; size];
        let start = start.map_or_else(|| zero.clone(), <[f64]>::to_vec);
        if start.len() != size {
            return input(format!("{} starting weights, not {size}", start.len()));
        }
        let problem = Problem::new(matrix, targets, self.alpha, self.classes);
        // Relative to the gradient at zero, wherever the fit starts, so that a warm start ends as exactly as a cold one.
        let wanted = self.tolerance * norm(&problem.evaluate(&zero).1);
        let (_, gradient) = problem.evaluate(&start);
        if norm(&gradient) <= wanted {
            return Ok(SparseFitted { weights: start, classes: self.classes, iterations: 0 });
        }
        let failed = |error: ArgminError| SolverError::Optimiser(error.to_string());
        let solver = LBFGS::new(MoreThuenteLineSearch::new(), 10)
            .with_tolerance_grad(wanted)
            .and_then(|solver| solver.with_tolerance_cost(0.0))
            .map_err(failed)?;
        let result =
            Executor::new(problem, solver).configure(|state| state.param(start).max_iters(self.max_iterations)).run().map_err(failed)?;
        let state = result.state();
        let gradient = state.get_gradient().map_or(f64::INFINITY, |gradient| norm(gradient));
        let converged = matches!(state.get_termination_status(), TerminationStatus::Terminated(TerminationReason::SolverConverged));
        match state.get_best_param() {
            Some(weights) if converged && gradient <= wanted * (1.0 + 1e-9) => {
                Ok(SparseFitted { weights: weights.clone(), classes: self.classes, iterations: state.get_iter() })
            }
            _ => Err(SolverError::NotConverged { iterations: state.get_iter(), gradient, wanted }),
        }
    }
}

/// A point, its cost and its gradient.
type Evaluated = (Vec<f64>, f64, Vec<f64>);

struct Problem<'a> {
    matrix: &'a Csr,
    /// The same matrix column by column: each weight's part of the gradient is then a sum of its own, in the same order with any number of threads.
    transposed: Csr,
    targets: &'a [usize],
    alpha: f64,
    classes: usize,
    /// The last one: the line search asks for the two one after the other, and one pass gives both.
    memo: RefCell<Option<Evaluated>>,
}

/// How many rows, or columns, a thread takes at a time.
const CHUNK: usize = 256;

impl<'a> Problem<'a> {
    fn new(matrix: &'a Csr, targets: &'a [usize], alpha: f64, classes: usize) -> Self {
        Self { matrix, transposed: matrix.transposed(), targets, alpha, classes, memo: RefCell::default() }
    }

    fn evaluate(&self, weights: &[f64]) -> (f64, Vec<f64>) {
        if let Some((point, cost, gradient)) = &*self.memo.borrow()
            && point == weights
        {
            return (*cost, gradient.clone());
        }
        // The threads share everything but the memo.
        let &Self { matrix, ref transposed, targets, alpha, classes, .. } = self;
        let (penalised, intercepts) = weights.split_at(weights.len() - classes);
        // p - y of every row, and its loss.
        let mut errors = vec![0.0; targets.len() * classes];
        let mut losses = vec![0.0; targets.len()];
        errors.par_chunks_mut(CHUNK * classes).zip(losses.par_chunks_mut(CHUNK)).enumerate().for_each(|(chunk, (errors, losses))| {
            for (at, (p, loss)) in errors.chunks_exact_mut(classes).zip(losses).enumerate() {
                let row = chunk * CHUNK + at;
                p.copy_from_slice(intercepts);
                gather(p, matrix, row, penalised);
                let most = p.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let target_logit = p[targets[row]] - most;
                let mut sum = 0.0;
                for value in p.iter_mut() {
                    *value = libm::exp(*value - most);
                    sum += *value;
                }
                *loss = libm::log(sum) - target_logit;
                for value in p.iter_mut() {
                    *value /= sum;
                }
                p[targets[row]] -= 1.0;
            }
        });
        let mut gradient = vec![0.0; weights.len()];
        let (own, of_intercepts) = gradient.split_at_mut(penalised.len());
        own.par_chunks_mut(CHUNK * classes).enumerate().for_each(|(chunk, slots)| {
            for (at, slot) in slots.chunks_exact_mut(classes).enumerate() {
                let column = chunk * CHUNK + at;
                for (slot, weight) in slot.iter_mut().zip(&penalised[column * classes..]) {
                    *slot = alpha * weight;
                }
                gather(slot, transposed, column, &errors);
            }
        });
        for error in errors.chunks_exact(classes) {
            for (slot, error) in of_intercepts.iter_mut().zip(error) {
                *slot += error;
            }
        }
        let cost = losses.iter().sum::<f64>() + 0.5 * alpha * penalised.iter().map(|weight| weight * weight).sum::<f64>();
        *self.memo.borrow_mut() = Some((weights.to_vec(), cost, gradient.clone()));
        (cost, gradient)
    }
}

/// Adds to `out` the product of a row of `matrix` and `table`, which has a row of `out.len()` numbers for each column.
fn gather(out: &mut [f64], matrix: &Csr, row: usize, table: &[f64]) {
    // The number of classes as a constant: the fits of a whole model take 5.8 s instead of 11.1 s.
    match out.len() {
        2 => gather_exactly::<2>(out, matrix, row, table),
        4 => gather_exactly::<4>(out, matrix, row, table),
        classes => {
            for (column, value) in matrix.row(row) {
                for (out, weight) in out.iter_mut().zip(&table[column * classes..(column + 1) * classes]) {
                    *out += f64::from(value) * weight;
                }
            }
        }
    }
}

fn gather_exactly<const CLASSES: usize>(out: &mut [f64], matrix: &Csr, row: usize, table: &[f64]) {
    let table = table.as_chunks::<CLASSES>().0;
    let mut sum = [0.0; CLASSES];
    for (column, value) in matrix.row(row) {
        for (sum, weight) in sum.iter_mut().zip(&table[column]) {
            *sum += f64::from(value) * weight;
        }
    }
    for (out, sum) in out.iter_mut().zip(sum) {
        *out += sum;
    }
}

impl CostFunction for Problem<'_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, weights: &Vec<f64>) -> Result<f64, ArgminError> {
        Ok(self.evaluate(weights).0)
    }
}

impl Gradient for Problem<'_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, weights: &Vec<f64>) -> Result<Vec<f64>, ArgminError> {
        Ok(self.evaluate(weights).1)
    }
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

fn logits(weights: &[f64], classes: usize, matrix: &Csr, row: usize) -> Vec<f64> {
    let (rows, intercepts) = weights.split_at(weights.len() - classes);
    let mut out = intercepts.to_vec();
    gather(&mut out, matrix, row, rows);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use linfa::dataset::Dataset;
    use linfa_logistic::MultiLogisticRegression;
    use ndarray::{Array1, Array2};

    /// A small dense problem with three overlapping classes.
    fn problem() -> (Csr, Array2<f64>, Vec<usize>) {
        let mut state = 7_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / 16_777_216.0
        };
        let (rows, width) = (150, 6);
        let targets: Vec<usize> = (0..rows).map(|row| row % 3).collect();
        let mut csr = Csr { starts: vec![0], width, ..Csr::default() };
        let mut dense = Array2::zeros((rows, width));
        for (row, &target) in targets.iter().enumerate() {
            for column in 0..width {
                let value = next() + if column == target { 0.6 } else { 0.0 };
                dense[[row, column]] = f64::from(value);
                csr.columns.push(column as u32);
                csr.values.push(value);
            }
            csr.starts.push(csr.columns.len());
        }
        (csr, dense, targets)
    }

    #[test]
    fn agrees_with_linfa_logistic() {
        let (csr, dense, targets) = problem();
        let alpha = 0.7;
        let ours = SparseLogistic { tolerance: 1e-7, ..SparseLogistic::new(alpha, 3) }
            .fit(&DatasetBase::new(csr.clone(), targets.clone()))
            .expect("converges");
        let theirs = MultiLogisticRegression::default()
            .alpha(alpha)
            .gradient_tolerance(1e-9)
            .max_iterations(10_000)
            .fit(&Dataset::new(dense.clone(), Array1::from(targets.clone())))
            .expect("fits");
        let problem = Problem::new(&csr, &targets, alpha, 3);
        let mut reference: Vec<f64> = theirs.params().iter().copied().collect();
        reference.extend(theirs.intercept());
        let (a, b) = (problem.evaluate(&ours.weights).0, problem.evaluate(&reference).0);
        assert!(((a - b) / b).abs() < 1e-6, "objectives {a} and {b}");
        let expected = theirs.predict_probabilities(&dense);
        for row in 0..targets.len() {
            let logits = ours.logits(&csr, row);
            let sum: f64 = logits.iter().map(|logit| logit.exp()).sum();
            for (class, logit) in logits.iter().enumerate() {
                assert!((logit.exp() / sum - expected[[row, class]]).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn the_gradient_is_that_of_the_cost() {
        let (csr, _, targets) = problem();
        let problem = Problem::new(&csr, &targets, 0.3, 3);
        let point: Vec<f64> = (0..21).map(|i| f64::from(i) / 10.0 - 1.0).collect();
        let (_, gradient) = problem.evaluate(&point);
        for index in 0..point.len() {
            let at = |step: f64| {
                let mut moved = point.clone();
                moved[index] += step;
                problem.evaluate(&moved).0
            };
            let slope = (at(1e-5) - at(-1e-5)) / 2e-5;
            assert!((slope - gradient[index]).abs() < 1e-4 * (1.0 + slope.abs()), "{index}: {slope} {}", gradient[index]);
        }
    }

    #[test]
    fn a_fit_that_does_not_converge_is_an_error() {
        let (csr, _, targets) = problem();
        let result = SparseLogistic { max_iterations: 1, tolerance: 1e-9, ..SparseLogistic::new(0.01, 3) }.fit_from(&csr, &targets, None);
        assert!(matches!(result, Err(SolverError::NotConverged { .. })));
        assert!(matches!(SparseLogistic::new(0.0, 3).fit_from(&csr, &targets, None), Err(SolverError::Input(_))));
    }
}
