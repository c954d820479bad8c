//! How far a fit is, on standard error.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use thinktwice::train::fit::Progress;

/// Says how far a fit is.
pub(super) struct Speaker {
    /// How many notes there are.
    notes: usize,
    /// When what is being done now was begun, and what it is.
    since: Mutex<(Instant, &'static str)>,
}

impl Speaker {
    pub(super) fn new(notes: usize) -> Self {
        Self { notes, since: Mutex::new((Instant::now(), "")) }
    }

    pub(super) fn say(&self, progress: Progress) {
        let (what, sample, done, total) = match progress {
            Progress::Selecting { done, total, notes } => ("looking for better settings", notes, done - 1, total),
            Progress::Weighing { done, total } => ("weighing your notes against the shipped ones", self.notes, done - 1, total),
            Progress::Fitting { done, total } => ("cross-validating and fitting", self.notes, done, total),
        };
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        if since.1 != what {
            *since = (Instant::now(), what);
        }
        let sample = if sample < self.notes { format!(" by {sample} of the {} notes", self.notes) } else { String::new() };
        let left = since.0.elapsed().as_secs_f64() / done.max(1) as f64 * (total - done) as f64;
        let left = match left {
            _ if done == 0 || done == total => String::new(),
            ..100.0 => format!(", about {left:.0} s left"),
            _ => format!(", about {:.0} min left", left / 60.0),
        };
        anstream::eprintln!("{what}{sample}: {done} of {total} done{left}");
    }
}
