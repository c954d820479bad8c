//! What a fit came to, for a person.

use std::path::Path;
use std::time::Duration;

use thinktwice::Verdict;
use thinktwice::model::Threshold;
use thinktwice::train::fit::{Fitted, HeadReport};
use thinktwice::train::select::Ablation;

pub(super) fn fitted(fitted: &Fitted, output: &Path, size: usize, time: Duration) {
    print_ablations(&fitted.ablations);
    for report in &fitted.reports {
        print_report(report);
    }
    if let Some(refused) = &fitted.refused {
        anstream::println!(
            "guard: {:.1} % ({:.1} to {:.1}) of the texts that are no notes are refused, of groups that it had not seen",
            100.0 * refused.value,
            100.0 * refused.low,
            100.0 * refused.high
        );
    }
    print_thresholds(fitted);
    let beside = fitted.beside.as_ref().map(|beside| format!(", each of which counts as {} of {} others", beside.own_weight, beside.notes));
    anstream::println!(
        "{}: {} features, {size} bytes, digest {}, trained on {} notes{} in {:.1} s",
        output.display(),
        fitted.model.vocabulary.len(),
        &fitted.model.digest[..12],
        fitted.corpus.notes,
        beside.unwrap_or_default(),
        time.as_secs_f64()
    );
}

/// From where the labels that hold a note count; the others go by the likeliest.
fn print_thresholds(fitted: &Fitted) {
    let about = &fitted.model.about;
    let head = &about.heads[0];
    let holds = |label: &str| about.policy.verdict(&head.name, label) == Verdict::Hold;
    let own_notes = fitted.reports.first().map_or(&[][..], |report| &report.notes);
    for ((label, threshold), &notes) in head.labels.iter().zip(&head.thresholds).zip(own_notes).filter(|((label, _), _)| holds(label)) {
        anstream::println!("  {label:<22} {}", reach(threshold, notes));
    }
    if !head.labels.iter().any(|label| holds(label)) {
        anstream::println!("  no label of {} holds a note: which should, a policy says (--policy, see docs/policy.md)", head.name);
    }
}

/// From where a label counts, and what that was measured on: so many notes of its own, and the harmless ones.
fn reach(threshold: &Threshold, notes: usize) -> String {
    let (at, found, alarms) = (threshold.at, 100.0 * threshold.found, 100.0 * threshold.false_alarms);
    if notes == 0 {
        return format!("counts from {at:.3}: reached by {alarms:.1} % of the harmless notes; there was none of its own to measure");
    }
    format!("counts from {at:.3}: reached by {found:.1} % of its own notes, {alarms:.1} % of the harmless ones")
}

fn print_ablations(ablations: &[Ablation]) {
    for ablation in ablations {
        let (loss, f1) = (&ablation.log_loss, &ablation.macro_f1);
        anstream::println!(
            "  {:<44} log loss {:+.4} ({:+.4} to {:+.4}), macro-F1 {:+.4} ({:+.4} to {:+.4}){}",
            ablation.change,
            loss.value,
            loss.low,
            loss.high,
            f1.value,
            f1.low,
            f1.high,
            if ablation.kept { ", kept" } else { "" }
        );
    }
}

fn print_report(report: &HeadReport) {
    anstream::println!(
        "{}: cross-validated by groups, {} notes: accuracy {:.3} ({:.3} to {:.3}), macro-F1 {:.3} ({:.3} to {:.3}), log loss {:.3}, calibrated by {}",
        report.head,
        report.notes.iter().sum::<usize>(),
        report.accuracy.value,
        report.accuracy.low,
        report.accuracy.high,
        report.macro_f1.value,
        report.macro_f1.low,
        report.macro_f1.high,
        report.log_loss,
        report.calibration.method,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_of_notes_that_are_not_there() {
        let threshold = Threshold { at: 0.5, found: 0.0, false_alarms: 0.004 };
        assert!(reach(&threshold, 7).contains("reached by 0.0 % of its own notes, 0.4 % of the harmless ones"));
        let without = reach(&threshold, 0);
        assert!(without.contains("0.4 % of the harmless notes") && without.contains("none of its own"), "{without}");
    }
}
