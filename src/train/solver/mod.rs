//! Multinomial logistic regression with an L2 penalty over sparse rows, by L-BFGS from where dual coordinate ascent ends.
//!
//! Minimises `-Σ ln p(yᵢ | xᵢ) + α/2 · Σ w²`, the intercepts not penalised: the objective of `linfa-logistic`, which is the
//! referee that the tests hold this against. `linfa-logistic` itself is dense: it multiplies every zero.

mod ascent;
mod design;
mod span;
mod way;

use std::cell::RefCell;

use argmin::core::{CostFunction, Error as ArgminError, Executor, Gradient, State, TerminationReason, TerminationStatus};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use argmin_math::ArgminL2Norm;
use linfa::dataset::DatasetBase;
use linfa::traits::Fit;
use rayon::prelude::*;

use super::matrix::Csr;
use ascent::Ascent;
pub(super) use design::Design;
use span::Span;
use way::Way;

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
    pub weights: Vec<f32>,
    /// How many classes there are.
    pub classes: usize,
    /// How many iterations it took.
    pub iterations: u64,
    /// What each note adds to the weights, and the intercepts: where another fit on the same notes can start.
    pub(in crate::train) shares: Vec<f64>,
}

impl SparseFitted {
    /// The logits of a row.
    #[must_use]
    pub fn logits(&self, matrix: &Csr, row: usize) -> Vec<f64> {
        let mut logits: Vec<f64> = self.intercepts().iter().copied().map(f64::from).collect();
        for (column, value) in matrix.row(row) {
            for (logit, weight) in logits.iter_mut().zip(self.row(column)) {
                *logit += f64::from(value) * f64::from(*weight);
            }
        }
        logits
    }

    /// Multiplies the weights of each of the first columns with its factor: from a fit to columns that were scaled so, to one to the columns themselves.
    pub(in crate::train) fn scale_rows(&mut self, factors: &[f32]) {
        for (row, factor) in self.weights.chunks_exact_mut(self.classes).zip(factors) {
            for weight in row {
                *weight *= factor;
            }
        }
    }

    /// The weights of a column.
    #[must_use]
    pub fn row(&self, column: usize) -> &[f32] {
        &self.weights[column * self.classes..(column + 1) * self.classes]
    }

    /// The intercepts.
    #[must_use]
    pub fn intercepts(&self) -> &[f32] {
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
        self.fit_from(&Design::new(dataset.records.clone()), &dataset.targets, None, &|_| ())
    }
}

/// How many earlier steps L-BFGS remembers. With ten, a fit with 77 labels takes as many iterations and a tenth longer.
const MEMORY: usize = 5;

/// To what norm, relative to that at the start, coordinate ascent is taken at most. Nearer, the cost is flat to single precision, and L-BFGS, which has not learned how it
/// curves yet, would get nowhere.
const LEAST_ASCENT: f64 = 1e-4;

impl SparseLogistic {
    /// Fits, starting from the `shares` of another fit on the same notes (such as one for a neighbouring `alpha`) or from nothing. `advanced` is called with
    /// what share of the way has been gone since it was last called.
    ///
    /// # Errors
    ///
    /// [`SolverError::Input`] for data that does not fit together, [`SolverError::NotConverged`] instead of weights that are
    /// none.
    pub(in crate::train) fn fit_from(
        &self,
        design: &Design,
        targets: &[usize],
        start: Option<&[f64]>,
        advanced: &dyn Fn(f64),
    ) -> Result<SparseFitted, SolverError> {
        let input = |what: String| Err(SolverError::Input(what));
        let rows = design.rows();
        if self.alpha <= 0.0 || !self.alpha.is_finite() {
            return input(format!("alpha is {}, not above 0", self.alpha));
        }
        if targets.len() != rows.height() || targets.is_empty() {
            return input(format!("{} targets for {} rows", targets.len(), rows.height()));
        }
        if self.classes < 2 || targets.iter().any(|&target| target >= self.classes) {
            return input(format!("targets are not all below the number of classes, {}", self.classes));
        }
        if !rows.values.iter().all(|value| value.is_finite()) {
            return input("a value that is not finite".to_owned());
        }
        let size = (rows.height() + 1) * self.classes;
        if let Some(start) = start.filter(|start| start.len() != size) {
            return input(format!("{} starting shares, not {size}", start.len()));
        }
        // Relative to the gradient at zero, wherever the fit starts, so that a warm start ends as exactly as a cold one.
        let begun = design.norm_at_zero(targets, self.classes);
        let wanted = self.tolerance * begun;
        let fitted = |span: &Span<'_>, iterations: u64| SparseFitted {
            weights: span.weights(),
            classes: self.classes,
            iterations,
            shares: span.to_shares(),
        };
        if begun == 0.0 {
            advanced(1.0);
            return Ok(fitted(&Span::zero(design, self.classes), 0));
        }
        let way = Way::new(advanced);
        way.begin(begun, wanted);
        let mut start = start.map_or_else(|| vec![0.0; size], <[f64]>::to_vec);
        Ascent { design, targets, alpha: self.alpha, classes: self.classes }.improve(&mut start, wanted.max(LEAST_ASCENT * begun), &way);
        let start = Span::new(design, start, self.classes);
        let problem = Problem { design, targets, alpha: self.alpha, classes: self.classes, memo: RefCell::default(), way };
        if problem.evaluate(&start).1.l2_norm() <= wanted {
            problem.way.end();
            return Ok(fitted(&start, 0));
        }
        let failed = |error: ArgminError| SolverError::Optimiser(error.to_string());
        let solver = LBFGS::new(MoreThuenteLineSearch::new(), MEMORY)
            .with_tolerance_grad(wanted)
            .and_then(|solver| solver.with_tolerance_cost(0.0))
            .map_err(failed)?;
        let mut result =
            Executor::new(problem, solver).configure(|state| state.param(start).max_iters(self.max_iterations)).run().map_err(failed)?;
        if let Some(problem) = result.problem.take_problem() {
            problem.way.end();
        }
        let state = result.state();
        let gradient = state.get_gradient().map_or(f64::INFINITY, ArgminL2Norm::l2_norm);
        let converged = matches!(state.get_termination_status(), TerminationStatus::Terminated(TerminationReason::SolverConverged));
        match state.get_best_param() {
            Some(span) if converged && gradient <= wanted * (1.0 + 1e-9) => Ok(fitted(span, state.get_iter())),
            _ => Err(SolverError::NotConverged { iterations: state.get_iter(), gradient, wanted }),
        }
    }
}

/// A point, its cost and its gradient.
type Evaluated<'d> = (Span<'d>, f64, Span<'d>);

struct Problem<'d> {
    design: &'d Design,
    targets: &'d [usize],
    alpha: f64,
    classes: usize,
    /// The last one: the line search asks for the two one after the other.
    memo: RefCell<Option<Evaluated<'d>>>,
    way: Way<'d>,
}

/// How many rows a thread takes at a time.
const CHUNK: usize = 256;

impl<'d> Problem<'d> {
    fn evaluate(&self, point: &Span<'d>) -> (f64, Span<'d>) {
        if let Some((known, cost, gradient)) = &*self.memo.borrow()
            && known.is(point)
        {
            return (*cost, gradient.clone());
        }
        let &Self { targets, alpha, classes, .. } = self;
        let (logits, scale) = point.logits();
        let (logits, intercepts) = logits.split_at(logits.len() - classes);
        let (own_shares, own_scale) = point.shares();
        let shrink = alpha * own_scale;
        // The gradient is Xᵀ(p - y) + αw, and w = Xᵀ · shares: each note's share of it is p - y + α · share.
        let mut shares = vec![0.0; own_shares.len()];
        let mut losses = vec![0.0; targets.len()];
        let mut errors = vec![0.0; targets.len().div_ceil(CHUNK) * classes];
        shares[..logits.len()]
            .par_chunks_mut(CHUNK * classes)
            .zip(losses.par_chunks_mut(CHUNK))
            .zip(errors.par_chunks_exact_mut(classes))
            .enumerate()
            .for_each(|(chunk, ((shares, losses), errors))| {
                for (at, (p, loss)) in shares.chunks_exact_mut(classes).zip(losses).enumerate() {
                    let row = chunk * CHUNK + at;
                    let own = row * classes..(row + 1) * classes;
                    for ((slot, logit), intercept) in p.iter_mut().zip(&logits[own.clone()]).zip(intercepts) {
                        *slot = scale * (logit + intercept);
                    }
                    *loss = surprise(p, targets[row]);
                    p[targets[row]] -= 1.0;
                    for ((slot, error), share) in p.iter_mut().zip(errors.iter_mut()).zip(&own_shares[own]) {
                        *error += *slot;
                        *slot += shrink * share;
                    }
                }
            });
        let of_intercepts = logits.len()..;
        for errors in errors.chunks_exact(classes) {
            for (slot, error) in shares[of_intercepts.clone()].iter_mut().zip(errors) {
                *slot += error;
            }
        }
        let cost = losses.iter().sum::<f64>() + 0.5 * alpha * point.squared_weights();
        let gradient = Span::new(self.design, shares, classes);
        let before = self.memo.replace(Some((point.clone(), cost, gradient.clone())));
        if let Some(norm) = before.and_then(|(_, _, gradient)| gradient.norm_at_hand()) {
            self.way.reach(norm);
        }
        (cost, gradient)
    }
}

/// Makes probabilities of logits, and returns `-ln p` of the target.
fn surprise(logits: &mut [f64], target: usize) -> f64 {
    let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let target_logit = logits[target] - most;
    let mut sum = 0.0;
    for value in logits.iter_mut() {
        *value = libm::exp(*value - most);
        sum += *value;
    }
    for value in logits.iter_mut() {
        *value /= sum;
    }
    libm::log(sum) - target_logit
}

impl<'d> CostFunction for Problem<'d> {
    type Param = Span<'d>;
    type Output = f64;

    fn cost(&self, point: &Span<'d>) -> Result<f64, ArgminError> {
        Ok(self.evaluate(point).0)
    }
}

impl<'d> Gradient for Problem<'d> {
    type Param = Span<'d>;
    type Gradient = Span<'d>;

    fn gradient(&self, point: &Span<'d>) -> Result<Span<'d>, ArgminError> {
        Ok(self.evaluate(point).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use argmin_math::{ArgminAdd, ArgminDot, ArgminMul};
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
        let mut reference: Vec<f64> = theirs.params().iter().copied().collect();
        reference.extend(theirs.intercept());
        let weights: Vec<f64> = ours.weights.iter().copied().map(f64::from).collect();
        let (a, b) = (objective(&csr, &targets, alpha, &weights), objective(&csr, &targets, alpha, &reference));
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
    fn the_way_is_told_and_adds_up() {
        let (csr, _, targets) = problem();
        let design = Design::new(csr);
        let told = RefCell::new(Vec::new());
        let advanced = |share| told.borrow_mut().push(share);
        let solver = SparseLogistic::new(0.3, 3);
        let fitted = solver.fit_from(&design, &targets, None, &advanced).expect("converges");
        assert!(told.borrow().len() > 3 && told.borrow().iter().all(|share| *share > 0.0), "{told:?}");
        solver.fit_from(&design, &targets, Some(&fitted.shares), &advanced).expect("has converged");
        assert!((told.borrow().iter().sum::<f64>() - 2.0).abs() < 1e-9, "{told:?}");
    }

    /// The objective as the module's documentation has it.
    fn objective(matrix: &Csr, targets: &[usize], alpha: f64, weights: &[f64]) -> f64 {
        let (rows, intercepts) = weights.split_at(weights.len() - 3);
        let loss = |row: usize| {
            let logit = |class: usize| {
                matrix.row(row).map(|(column, value)| f64::from(value) * rows[column * 3 + class]).sum::<f64>() + intercepts[class]
            };
            (0..3).map(|class| logit(class).exp()).sum::<f64>().ln() - logit(targets[row])
        };
        (0..targets.len()).map(loss).sum::<f64>() + 0.5 * alpha * rows.iter().map(|weight| weight * weight).sum::<f64>()
    }

    #[test]
    fn cost_and_gradient_are_those_of_the_plain_definition() {
        let (csr, _, targets) = problem();
        let design = Design::new(csr.clone());
        let way = Way::new(&|_| ());
        let problem = Problem { design: &design, targets: &targets, alpha: 0.3, classes: 3, memo: RefCell::default(), way };
        let numbers = |seed: usize| (0..151 * 3).map(move |at| ((at * 7 + seed) % 13) as f64 / 260.0 - 0.02).collect();
        let point = Span::new(&design, numbers(1), 3);
        let weights: Vec<f64> = point.weights().into_iter().map(f64::from).collect();
        let (cost, gradient) = problem.evaluate(&point);
        let plain = objective(&csr, &targets, 0.3, &weights);
        assert!((cost - plain).abs() < 1e-5 * plain, "{cost} and {plain}");
        for seed in 2..9 {
            let direction = Span::new(&design, numbers(seed), 3);
            let at = |step: f64| problem.evaluate(&point.add(&direction.mul(&step))).0;
            let slope = (at(1e-4) - at(-1e-4)) / 2e-4;
            let product = gradient.dot(&direction);
            assert!((slope - product).abs() < 1e-4 * (1.0 + slope.abs()), "{slope} and {product}");
        }
    }

    #[test]
    fn the_norm_at_zero_is_that_of_the_gradient_there() {
        let (csr, _, mut targets) = problem();
        targets[..20].fill(1);
        let design = Design::new(csr);
        let problem =
            Problem { design: &design, targets: &targets, alpha: 0.3, classes: 3, memo: RefCell::default(), way: Way::new(&|_| ()) };
        let plain = problem.evaluate(&Span::zero(&design, 3)).1.l2_norm();
        assert!((design.norm_at_zero(&targets, 3) / plain - 1.0).abs() < 1e-5, "{plain}");
    }

    #[test]
    fn ascent_brings_a_fit_most_of_the_way() {
        let (csr, _, targets) = problem();
        let (alpha, design) = (0.7, Design::new(csr.clone()));
        let mut shares = vec![0.0; 151 * 3];
        let way = Way::new(&|_| ());
        let cost = |shares: &[f64]| {
            let weights: Vec<f64> = Span::new(&design, shares.to_vec(), 3).weights().into_iter().map(f64::from).collect();
            objective(&csr, &targets, alpha, &weights)
        };
        let least = cost(
            &SparseLogistic { tolerance: 1e-7, ..SparseLogistic::new(alpha, 3) }
                .fit_from(&design, &targets, None, &|_| ())
                .expect("converges")
                .shares,
        );
        let before = cost(&shares);
        Ascent { design: &design, targets: &targets, alpha, classes: 3 }.improve(&mut shares, 1e-2, &way);
        let after = cost(&shares);
        assert!(after >= least && after - least < 1e-3 * (before - least), "{before}, {after}, {least}");
    }

    #[test]
    fn a_fit_that_does_not_converge_is_an_error() {
        let (csr, _, targets) = problem();
        let design = Design::new(csr);
        let result = SparseLogistic { max_iterations: 1, tolerance: 1e-9, ..SparseLogistic::new(0.01, 3) }.fit_from(
            &design,
            &targets,
            None,
            &|_| (),
        );
        assert!(matches!(result, Err(SolverError::NotConverged { .. })));
        assert!(matches!(SparseLogistic::new(0.0, 3).fit_from(&design, &targets, None, &|_| ()), Err(SolverError::Input(_))));
    }
}
