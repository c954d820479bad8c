//! Where L-BFGS starts: a few rounds of dual coordinate ascent.
//!
//! Each note in turn gets the share of the weights that is best while all others keep theirs (Yu, Huang and Lin 2011, in the multinomial case). That finds in a few
//! passes what each note has to add by itself, for which L-BFGS needs a hundred; what many notes have to say together comes slowly so, and L-BFGS finds it at once. On the
//! shipped corpus with all its features, 155 iterations become 8, after rounds that cost as much as 20.
//!
//! Note after note, so on one thread: a fit's result is the same with any number of them, and several fits run at a time.

use super::design::{Design, Table, stride};
use super::way::Way;
use crate::train::metrics::SplitMix64;

/// How often the notes are gone through at most.
const ROUNDS: usize = 40;

/// The rounds end when the notes' parts of the gradient, as if they had nothing in common, are together as long as this many gradients that count as converged.
/// Anything from 1.5 to 4 takes the same time.
const ENOUGH: f64 = 2.0;

/// A note whose part of the gradient is smaller than this share of an average one of a fit that has converged, squared, is left as it is.
const LEAST: f64 = 0.1;

/// How many rounds such a note may be passed over.
const MOST_PASSED: u8 = 3;

/// The classes that a note's share moves in by less than this part of its largest move are left where they are: of many, a few move.
const LEAST_MOVE: f64 = 1e-2;

/// How many steps a note's own share is sought in at most: of a share that is not the best one yet, a small penalty makes far too much. With 6, and a penalty of 0.01 on
/// Banking77, ascent led nowhere, and a fit took sixteen times as long.
const STEPS: usize = 30;

/// How far the logits that a note's share gives may be from those that it was made for.
const NEAR: f64 = 0.05;

/// What is being fitted.
#[derive(Clone, Copy)]
pub(super) struct Ascent<'d> {
    pub(super) design: &'d Design,
    pub(super) targets: &'d [usize],
    pub(super) alpha: f64,
    pub(super) classes: usize,
}

impl Ascent<'_> {
    /// Improves `shares`, those of each note and the intercepts, for a fit that has converged when the gradient's norm is `wanted`.
    pub(super) fn improve(self, shares: &mut [f64], wanted: f64, way: &Way<'_>) {
        let Self { design, targets, alpha, classes } = self;
        let (shares, intercepts) = shares.split_at_mut(targets.len() * classes);
        let mut weights = design.transposed_times(&Table::new(shares, classes));
        // Of each note with itself, as if the intercept was the weight of a feature that all notes have. Its penalty is that of moving.
        let squares: Vec<f64> = design.squared_rows().map(|square| square + 1.0).collect();
        let least = LEAST * wanted * wanted / targets.len() as f64;
        let mut order: Vec<u32> = (0..targets.len() as u32).collect();
        let mut random = SplitMix64(5);
        let mut passing = vec![Passing::default(); targets.len()];
        let mut note = Note::new(classes);
        let mut moves = vec![0.0_f32; stride(classes)];
        for _ in 0..ROUNDS {
            for at in (1..order.len()).rev() {
                order.swap(at, random.below(at + 1));
            }
            let mut total = 0.0;
            for row in order.iter().map(|&row| row as usize) {
                if passing[row].passes() {
                    continue;
                }
                let share = &mut shares[row * classes..(row + 1) * classes];
                design.sum_row(row, &weights, &mut note.sums);
                let error = note.look(share, intercepts, targets[row], squares[row], alpha);
                total += error;
                if error < least {
                    passing[row].lengthen();
                    continue;
                }
                passing[row] = Passing::default();
                note.seek();
                note.move_to(share, intercepts, &mut moves);
                design.add_row(row, &moves, &mut weights);
            }
            way.reach(total.sqrt());
            if total.sqrt() < ENOUGH * wanted {
                break;
            }
        }
    }
}

/// How many rounds a note is still passed over, and how many it was last.
#[derive(Clone, Copy, Default)]
struct Passing {
    left: u8,
    last: u8,
}

impl Passing {
    fn passes(&mut self) -> bool {
        let passes = self.left > 0;
        self.left = self.left.saturating_sub(1);
        passes
    }

    fn lengthen(&mut self) {
        self.last = (self.last * 2 + 1).min(MOST_PASSED);
        self.left = self.last;
    }
}

/// The note that is being looked at. Its best share, all others given, is `(y - p(z)) / α` where `z = rest + own · (y - p(z))`: at the least of
/// `-ln p(z)[target] + |z - rest|² / (2 · own)`.
struct Note {
    target: usize,
    alpha: f64,
    /// What its share adds to its logits, for a share of `y - p`.
    own: f64,
    /// What the weights without the intercepts make of it.
    sums: Vec<f32>,
    /// The logits without its share.
    rest: Vec<f64>,
    logits: Vec<f64>,
    p: Vec<f64>,
    loss: f64,
    step: Vec<f64>,
    next_logits: Vec<f64>,
    next_p: Vec<f64>,
}

impl Note {
    fn new(classes: usize) -> Self {
        let zeros = vec![0.0; classes];
        Self {
            target: 0,
            alpha: 0.0,
            own: 0.0,
            sums: vec![0.0; stride(classes)],
            rest: zeros.clone(),
            logits: zeros.clone(),
            p: zeros.clone(),
            loss: 0.0,
            step: zeros.clone(),
            next_logits: zeros.clone(),
            next_p: zeros,
        }
    }

    /// Takes in the note of `sums`, and returns the square of the length of its part of the gradient.
    fn look(&mut self, share: &[f64], intercepts: &[f64], target: usize, square: f64, alpha: f64) -> f64 {
        (self.target, self.alpha, self.own) = (target, alpha, square / alpha);
        for (class, logit) in self.logits.iter_mut().enumerate() {
            *logit = f64::from(self.sums[class]) + intercepts[class];
            self.rest[class] = *logit - square * share[class];
        }
        self.loss = loss(&self.logits, &self.rest, self.own, target, &mut self.p);
        let part = |(class, share): (usize, &f64)| (alpha * share - self.miss(class)).powi(2);
        square * share.iter().enumerate().map(part).sum::<f64>()
    }

    /// `y - p` of a class.
    fn miss(&self, class: usize) -> f64 {
        f64::from(u8::from(class == self.target)) - self.p[class]
    }

    /// Finds the best logits, by Newton's method.
    fn seek(&mut self) {
        for _ in 0..STEPS {
            // The slope of z - rest - own · (y - p(z)) is 1 + own · (diag(p) - p pᵀ), which the formula of Sherman and Morrison inverts.
            let (mut along, mut within, mut far) = (0.0, 0.0, 0.0_f64);
            for class in 0..self.p.len() {
                let off = self.logits[class] - self.rest[class] - self.own * self.miss(class);
                let p = self.p[class];
                let inverse = 1.0 / (1.0 + self.own * p);
                far = far.max(off.abs());
                along += p * inverse * off;
                within += p * inverse * p;
                self.step[class] = off;
            }
            let back = self.own * along / (1.0 - self.own * within);
            for (step, p) in self.step.iter_mut().zip(&self.p) {
                *step = (*step + back * p) / (1.0 + self.own * p);
            }
            let mut length = 1.0;
            loop {
                for (next, (logit, step)) in self.next_logits.iter_mut().zip(self.logits.iter().zip(&self.step)) {
                    *next = logit - length * step;
                }
                let reached = loss(&self.next_logits, &self.rest, self.own, self.target, &mut self.next_p);
                if reached <= self.loss || length < 1e-3 {
                    self.loss = reached;
                    break;
                }
                length *= 0.4;
            }
            std::mem::swap(&mut self.logits, &mut self.next_logits);
            std::mem::swap(&mut self.p, &mut self.next_p);
            if far < NEAR {
                break;
            }
        }
    }

    /// Moves the share to what was found; `moves` becomes by how much, rounded as the weights are.
    fn move_to(&mut self, share: &mut [f64], intercepts: &mut [f64], moves: &mut [f32]) {
        let mut most = 0.0_f64;
        for (class, share) in share.iter().enumerate() {
            self.step[class] = self.miss(class) / self.alpha - share;
            most = most.max(self.step[class].abs());
        }
        moves.fill(0.0);
        for (class, by) in self.step.iter().enumerate().filter(|(_, by)| by.abs() >= LEAST_MOVE * most) {
            share[class] += by;
            intercepts[class] += by;
            moves[class] = *by as f32;
        }
    }
}

/// What logits cost with the share that gives them; `p` becomes their probabilities.
fn loss(logits: &[f64], rest: &[f64], own: f64, target: usize, p: &mut [f64]) -> f64 {
    p.copy_from_slice(logits);
    let squares: f64 = logits.iter().zip(rest).map(|(logit, rest)| (logit - rest).powi(2)).sum();
    super::surprise(p, target) + squares / (2.0 * own)
}
