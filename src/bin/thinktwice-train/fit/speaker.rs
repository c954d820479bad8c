//! How far a fit is, on standard error.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use thinktwice::train::fit::Progress;

/// A line is due when another step is done, and else after so long.
const PAUSE: Duration = Duration::from_secs(10);
/// What is left is guessed once a twentieth of a step is done.
const LEAST: f64 = 0.05;

/// Says how far a fit is.
pub(super) struct Speaker {
    /// How many notes there are.
    notes: usize,
    said: Mutex<Said>,
}

/// What was said last.
struct Said {
    /// What is being done.
    what: &'static str,
    /// How many steps of it were done.
    done: f64,
    at: Instant,
    /// From when on, and from how many steps, what is left is guessed: what comes before the first step is done but once.
    since: (Instant, f64),
}

impl Speaker {
    pub(super) fn new(notes: usize) -> Self {
        let now = Instant::now();
        Self { notes, said: Mutex::new(Said { what: "", done: 0.0, at: now, since: (now, 0.0) }) }
    }

    pub(super) fn say(&self, progress: Progress) {
        let (what, sample, done, total) = match progress {
            Progress::Selecting { done, total, notes } => ("looking for better settings", notes, (done - 1) as f64, total),
            Progress::Weighing { done, total } => ("weighing your notes against the shipped ones", self.notes, (done - 1) as f64, total),
            // Many parts of one, summed up.
            Progress::Fitting { done, total } => ("cross-validating and fitting", self.notes, (done * 1e6).round() / 1e6, total),
        };
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if said.what != what || done < LEAST {
            said.since = (now, done);
        }
        if said.what == what && done.floor() <= said.done.floor() && now - said.at < PAUSE {
            return;
        }
        *said = Said { what, done, at: now, since: said.since };
        let sample = if sample < self.notes { format!(" by {sample} of the {} notes", self.notes) } else { String::new() };
        let (since, from) = said.since;
        let left = (now - since).as_secs_f64() / (done - from).max(LEAST) * (total as f64 - done);
        let left = match left {
            _ if done < from + LEAST || done >= total as f64 => String::new(),
            ..100.0 => format!(", about {left:.0} s left"),
            _ => format!(", about {:.0} min left", left / 60.0),
        };
        let done = if done.fract() == 0.0 { format!("{done:.0}") } else { format!("{:.1}", (10.0 * done).floor() / 10.0) };
        anstream::eprintln!("{what}{sample}: {done} of {total} done{left}");
    }
}
