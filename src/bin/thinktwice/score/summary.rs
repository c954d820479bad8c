//! What there was in the notes, counted.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use thinktwice::Verdict;

use super::rows::Outcome;
use crate::render::BOLD;

/// Counts of rows.
#[derive(Default)]
pub(super) struct Summary {
    verdicts: BTreeMap<Verdict, u64>,
    labels: BTreeMap<String, u64>,
    empty: u64,
    failed: u64,
}

impl Summary {
    pub(super) fn count(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Assessed(assessment) => {
                *self.verdicts.entry(assessment.verdict).or_default() += 1;
                let label = &assessment.decisive().label;
                match self.labels.get_mut(label) {
                    Some(count) => *count += 1,
                    None => drop(self.labels.insert(label.clone(), 1)),
                }
            }
            Outcome::Empty => self.empty += 1,
            Outcome::Failed(_) => self.failed += 1,
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (verdict, count) in &other.verdicts {
            *self.verdicts.entry(*verdict).or_default() += count;
        }
        for (label, count) in &other.labels {
            *self.labels.entry(label.clone()).or_default() += count;
        }
        self.empty += other.empty;
        self.failed += other.failed;
    }

    /// How many rows could not be read.
    pub(super) fn failed(&self) -> u64 {
        self.failed
    }

    /// How many rows there were.
    pub(super) fn rows(&self) -> u64 {
        self.assessed() + self.empty + self.failed
    }

    fn assessed(&self) -> u64 {
        self.verdicts.values().sum()
    }

    /// Writes the counts as a table. `head` names the head that decides, and `time` is what it all took.
    pub(super) fn write(&self, out: &mut impl Write, input: &str, head: &str, time: Duration) -> io::Result<()> {
        let rows = self.rows();
        let plural = if rows == 1 { "" } else { "s" };
        write!(out, "{input}: {} row{plural} in {:.1} s", thousands(rows), time.as_secs_f64())?;
        if time >= Duration::from_secs(1) {
            write!(out, " ({} a second)", thousands((rows as f64 / time.as_secs_f64()) as u64))?;
        }
        writeln!(out)?;
        if rows == 0 {
            return Ok(());
        }
        let verdicts = [Verdict::Send, Verdict::Revise, Verdict::Hold, Verdict::Unsure];
        let counts = verdicts.map(|verdict| (verdict.as_str(), self.verdicts.get(&verdict).copied().unwrap_or(0)));
        let other = [("empty", self.empty), ("error", self.failed)].into_iter().filter(|(_, count)| *count > 0);
        table(out, "verdict", &counts.into_iter().chain(other).collect::<Vec<_>>(), rows)?;
        if self.assessed() > 0 {
            let mut labels: Vec<(&str, u64)> = self.labels.iter().map(|(label, count)| (label.as_str(), *count)).collect();
            labels.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            table(out, head, &labels, self.assessed())?;
        }
        Ok(())
    }
}

fn table(out: &mut impl Write, title: &str, rows: &[(&str, u64)], all: u64) -> io::Result<()> {
    let width = rows.iter().map(|(name, _)| name.len()).chain([title.len(), 18]).max().unwrap_or(0);
    writeln!(out, "\n{BOLD}{title:width$}  {:>11}  {:>7}{BOLD:#}", "notes", "share")?;
    for (name, count) in rows {
        let share = 100.0 * *count as f64 / all.max(1) as f64;
        writeln!(out, "{name:width$}  {:>11}  {share:>5.1} %", thousands(*count))?;
    }
    Ok(())
}

/// A number with its digits in groups of three.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let mut grouped = digits[..first].to_owned();
    for (index, digit) in digits[first..].chars().enumerate() {
        if index % 3 == 0 && !grouped.is_empty() {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_in_groups() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (98_765, "98,765"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), text);
        }
    }
}
