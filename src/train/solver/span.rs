//! Weights that are a sum of notes.

use std::sync::{Arc, OnceLock};

use argmin_math::{ArgminAdd, ArgminDot, ArgminL1Norm, ArgminL2Norm, ArgminMinMax, ArgminMul, ArgminSignum, ArgminSub, ArgminZeroLike};
use rayon::prelude::*;

use super::design::{Design, Table};

/// Weights, or a gradient of them, as `matrixᵀ · shares` and the intercepts.
///
/// Whatever L-BFGS makes of a fit that starts from nothing is a sum of notes (the representer theorem), and it asks for nothing but sums and inner products
/// of such. There are several times more features than notes, so what each note adds is much shorter than the weights; and the inner product of two
/// of them is that of the one's shares with the logits that the other gives.
#[derive(Clone)]
pub(super) struct Span<'d> {
    design: &'d Design,
    classes: usize,
    /// What everything in `parts` is multiplied with.
    scale: f64,
    parts: Arc<Parts>,
}

struct Parts {
    /// What each note adds, `classes` numbers a note; then the intercepts.
    shares: Vec<f64>,
    /// The logits of each note without the intercepts; then the intercepts. Two passes over the matrix make them: only where they are asked for.
    logits: OnceLock<Vec<f64>>,
}

/// How many numbers a thread takes at a time.
const CHUNK: usize = 1 << 13;

impl<'d> Span<'d> {
    pub(super) fn new(design: &'d Design, shares: Vec<f64>, classes: usize) -> Self {
        Self { design, classes, scale: 1.0, parts: Arc::new(Parts { shares, logits: OnceLock::new() }) }
    }

    pub(super) fn zero(design: &'d Design, classes: usize) -> Self {
        let zeros = vec![0.0; (design.rows().height() + 1) * classes];
        let zero = Self::new(design, zeros.clone(), classes);
        // Without a pass.
        zero.parts.logits.get_or_init(|| zeros);
        zero
    }

    /// Whether it is the same, and not only equal.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.parts, &other.parts) && self.scale.to_bits() == other.scale.to_bits()
    }

    /// Its norm, where that needs no pass over the matrix.
    pub(super) fn norm_at_hand(&self) -> Option<f64> {
        self.parts.logits.get().map(|_| self.l2_norm())
    }

    /// What each note adds, then the intercepts.
    pub(super) fn to_shares(&self) -> Vec<f64> {
        self.parts.shares.iter().map(|share| self.scale * share).collect()
    }

    /// The same, all of it to be multiplied with the number.
    pub(super) fn shares(&self) -> (&[f64], f64) {
        (&self.parts.shares, self.scale)
    }

    /// The logits of each note without the intercepts, then the intercepts, all of it to be multiplied with the number.
    pub(super) fn logits(&self) -> (&[f64], f64) {
        let logits = self.parts.logits.get_or_init(|| {
            let shares = &self.parts.shares;
            let table = self.design.times(&self.table());
            let mut logits = vec![0.0; shares.len()];
            let (own, intercepts) = logits.split_at_mut(shares.len() - self.classes);
            own.par_chunks_exact_mut(self.classes).zip(table.rows()).for_each(|(slots, row)| {
                for (slot, value) in slots.iter_mut().zip(row) {
                    *slot = f64::from(*value);
                }
            });
            intercepts.copy_from_slice(&shares[shares.len() - self.classes..]);
            logits
        });
        (logits, self.scale)
    }

    /// The weights of every column without the intercepts, to be multiplied with the scale.
    fn table(&self) -> Table {
        let notes = &self.parts.shares[..self.parts.shares.len() - self.classes];
        self.design.transposed_times(&Table::new(notes, self.classes))
    }

    /// A row of weights for each column of the matrix, and a last one for the intercepts.
    pub(super) fn weights(&self) -> Vec<f32> {
        let table = self.table();
        let rows: Vec<&[f32]> = table.rows().collect();
        let scaled = rows.into_iter().flatten().map(|&weight| (self.scale * f64::from(weight)) as f32);
        let intercepts = &self.parts.shares[self.parts.shares.len() - self.classes..];
        scaled.chain(intercepts.iter().map(|intercept| (self.scale * intercept) as f32)).collect()
    }

    /// The sum of the squares of all weights but the intercepts.
    pub(super) fn squared_weights(&self) -> f64 {
        let notes = self.parts.shares.len() - self.classes;
        self.scale * self.scale * dot(&self.parts.shares[..notes], &self.logits().0[..notes])
    }

    fn combined(&self, other: &Self, factor: f64) -> Self {
        let (a, b) = (self.scale, factor * other.scale);
        let sum = |x: &[f64], y: &[f64]| {
            let mut out = vec![0.0; x.len()];
            out.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).zip(y.par_chunks(CHUNK)).for_each(|((out, x), y)| {
                for ((out, x), y) in out.iter_mut().zip(x).zip(y) {
                    *out = a * x + b * y;
                }
            });
            out
        };
        let combined = Self::new(self.design, sum(&self.parts.shares, &other.parts.shares), self.classes);
        combined.parts.logits.get_or_init(|| sum(self.logits().0, other.logits().0));
        combined
    }
}

/// The inner product, in the same order with any number of threads.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let of_chunk = |(a, b): (&[f64], &[f64])| {
        // Several sums, which do not wait for each other.
        let (a_lanes, a_rest) = a.as_chunks::<8>();
        let (b_lanes, b_rest) = b.as_chunks::<8>();
        let mut sums = [0.0; 8];
        for (a, b) in a_lanes.iter().zip(b_lanes) {
            for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
                *sum += a * b;
            }
        }
        sums.iter().sum::<f64>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f64>()
    };
    let sums: Vec<f64> = a.par_chunks(CHUNK).zip(b.par_chunks(CHUNK)).map(of_chunk).collect();
    sums.iter().sum()
}

impl ArgminDot<Self, f64> for Span<'_> {
    fn dot(&self, other: &Self) -> f64 {
        // The line search asks for the slope of points that it may reject: the direction has its logits, and the gradient there needs none.
        let (from, to) = if other.parts.logits.get().is_some() { (self, other) } else { (other, self) };
        from.scale * to.scale * dot(&from.parts.shares, to.logits().0)
    }
}

impl ArgminL2Norm<f64> for Span<'_> {
    fn l2_norm(&self) -> f64 {
        self.dot(self).max(0.0).sqrt()
    }
}

impl ArgminAdd<Self, Self> for Span<'_> {
    fn add(&self, other: &Self) -> Self {
        self.combined(other, 1.0)
    }
}

impl ArgminSub<Self, Self> for Span<'_> {
    fn sub(&self, other: &Self) -> Self {
        self.combined(other, -1.0)
    }
}

impl ArgminMul<f64, Self> for Span<'_> {
    fn mul(&self, factor: &f64) -> Self {
        Self { scale: self.scale * factor, ..self.clone() }
    }
}

impl<'d> ArgminMul<Span<'d>, Span<'d>> for f64 {
    fn mul(&self, span: &Span<'d>) -> Span<'d> {
        span.mul(self)
    }
}

impl ArgminZeroLike for Span<'_> {
    fn zero_like(&self) -> Self {
        Self::zero(self.design, self.classes)
    }
}

/// What argmin's L-BFGS does entry by entry with weights, with an L1 penalty and only then. That is not asked for, and has no meaning here.
const L1_ONLY: &str = "argmin asks for this with an L1 penalty only";

impl ArgminAdd<f64, Self> for Span<'_> {
    fn add(&self, _: &f64) -> Self {
        unreachable!("{L1_ONLY}")
    }
}

impl ArgminSub<f64, Self> for Span<'_> {
    fn sub(&self, _: &f64) -> Self {
        unreachable!("{L1_ONLY}")
    }
}

impl ArgminMul<Self, Self> for Span<'_> {
    fn mul(&self, _: &Self) -> Self {
        unreachable!("{L1_ONLY}")
    }
}

impl ArgminL1Norm<f64> for Span<'_> {
    fn l1_norm(&self) -> f64 {
        unreachable!("{L1_ONLY}")
    }
}

impl ArgminSignum for Span<'_> {
    fn signum(self) -> Self {
        unreachable!("{L1_ONLY}")
    }
}

impl ArgminMinMax for Span<'_> {
    fn min(_: &Self, _: &Self) -> Self {
        unreachable!("{L1_ONLY}")
    }

    fn max(_: &Self, _: &Self) -> Self {
        unreachable!("{L1_ONLY}")
    }
}
