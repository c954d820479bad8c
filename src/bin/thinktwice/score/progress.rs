//! How far a run is, on a terminal.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::summary::thousands;

/// A bar where the size of the input is known, else a count.
pub(super) struct Progress {
    bar: ProgressBar,
    start: Instant,
    notes: u64,
}

impl Progress {
    /// Shows itself on standard error, if that is a terminal and nothing is written to one beside it.
    pub(super) fn new(size: Option<u64>, visible: bool) -> Self {
        let target = if visible && std::io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let template = if size.is_some() { "{bar:20} {percent:>3} %  {msg}, {eta} left" } else { "{spinner} {msg}" };
        let style = ProgressStyle::with_template(template).expect("the template is tested").progress_chars("━╸ ");
        let bar = ProgressBar::with_draw_target(size, target).with_style(style);
        Self { bar, start: Instant::now(), notes: 0 }
    }

    /// Counts notes, and the bytes of the input that they took.
    pub(super) fn advance(&mut self, notes: u64, bytes: u64) {
        self.notes += notes;
        if self.bar.is_hidden() {
            return;
        }
        let rate = self.notes as f64 / self.start.elapsed().max(Duration::from_millis(1)).as_secs_f64();
        self.bar.set_message(format!("{} notes, {} a second", thousands(self.notes), thousands(rate as u64)));
        self.bar.inc(bytes);
    }

    /// Writes a line above the bar.
    pub(super) fn report(&self, line: &str) {
        self.bar.suspend(|| anstream::eprintln!("{line}"));
    }

    /// Takes the bar away, and says how long it all took.
    pub(super) fn finish(self) -> Duration {
        self.bar.finish_and_clear();
        self.start.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_templates_can_be_read() {
        for size in [None, Some(100)] {
            let mut progress = Progress::new(size, true);
            progress.advance(3, 50);
            progress.finish();
        }
    }
}
