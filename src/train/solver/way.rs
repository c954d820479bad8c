//! How far a fit is.

use std::cell::Cell;

/// How far a fit is, by the logarithm of its gradient's norm: that falls by much the same with every iteration.
pub(super) struct Way<'d> {
    /// The norm at the start.
    begun: Cell<f64>,
    /// The norm that counts as converged; 0 before the start.
    wanted: Cell<f64>,
    /// The share that has been told.
    gone: Cell<f64>,
    advanced: &'d dyn Fn(f64),
}

impl<'d> Way<'d> {
    /// `advanced` is called with what share of the way has been gone since it was last called.
    pub(super) fn new(advanced: &'d dyn Fn(f64)) -> Self {
        Self { begun: Cell::new(0.0), wanted: Cell::new(0.0), gone: Cell::new(0.0), advanced }
    }

    pub(super) fn begin(&self, begun: f64, wanted: f64) {
        self.begun.set(begun);
        self.wanted.set(wanted);
    }

    /// Takes in the norm at a point.
    pub(super) fn reach(&self, norm: f64) {
        let share = libm::log(self.begun.get() / norm) / libm::log(self.begun.get() / self.wanted.get());
        // It may rise on the way.
        if self.wanted.get() > 0.0 && share > self.gone.get() && share < 1.0 {
            (self.advanced)(share - self.gone.replace(share));
        }
    }

    /// Tells what is left.
    pub(super) fn end(&self) {
        (self.advanced)(1.0 - self.gone.get());
    }
}
