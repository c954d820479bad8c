//! For a terminal: one or two screens.

use std::borrow::Cow;

use thinktwice::train::evaluate::{Evaluation, HeadFigures, HeldFigures, Miss};
use thinktwice::train::metrics::Figure;
use thinktwice::train::slices::Slice;
use thinktwice::train::suite::KindResult;

use super::{Against, Report, Unit, p_value, short};

/// The figures; the slices where they are asked for, and of each kind of a suite's cases so many failures.
pub(in super::super) fn human(report: &Report, slices: bool, failures: usize) -> String {
    let evaluation = &report.evaluation;
    let mut lines: Vec<String> = evaluation.heads.iter().flat_map(head).collect();
    lines.extend(verdicts(evaluation));
    lines.extend(report.comparison.iter().flat_map(comparison));
    if slices {
        lines.extend(slice_lines(&evaluation.slices));
    }
    if !evaluation.misses.is_empty() {
        lines.push("\nwrong, surest first".to_owned());
        lines.extend(evaluation.misses.iter().map(miss));
    }
    if let Some(suite) = &report.suite {
        lines.push("\nbehavioural cases".to_owned());
        lines.extend(suite.iter().flat_map(|(kind, result)| suite_lines(kind, result, failures)));
    }
    lines.join("\n") + "\n"
}

fn line(name: &str, unit: Unit, figure: &Figure) -> String {
    format!("  {name:<38} {:>7}  ({})", unit.format(figure.value), unit.interval(figure))
}

fn head(head: &HeadFigures) -> Vec<String> {
    let mut lines = vec![
        format!("{} ({} notes; in brackets 95 % intervals)", head.head, head.notes),
        line("accuracy", Unit::Percent, &head.accuracy),
        line("macro-F1", Unit::Percent, &head.macro_f1),
        line("log loss", Unit::Plain, &head.log_loss),
        line("Brier score", Unit::Plain, &head.brier_score),
        line("class-wise calibration error", Unit::Percent, &head.calibration_error),
        format!("\n  {:<22} {:>6} {:>10} {:>8} {:>8}", "label", "notes", "precision", "recall", "F1"),
    ];
    lines.extend(head.labels.iter().map(|label| {
        format!("  {:<22} {:>6} {:>10.3} {:>8.3} {:>8.3}", label.label, label.notes, label.precision, label.recall, label.f1)
    }));
    lines.push("\n  true label (rows), given label (columns)".to_owned());
    let names: Vec<String> = head.labels.iter().map(|label| format!(" {:>12.12}", label.label)).collect();
    lines.push(format!("  {:<22}{}", "", names.concat()));
    lines.extend(head.labels.iter().zip(&head.confusion.counts).map(|(label, row)| {
        let cells: Vec<String> = row.iter().map(|count| format!(" {count:>12}")).collect();
        format!("  {:<22}{}", label.label, cells.concat())
    }));
    lines.push(String::new());
    lines
}

fn verdicts(evaluation: &Evaluation) -> Vec<String> {
    let verdicts = &evaluation.verdicts;
    let held = |notes: usize, of: &str| format!("held, of {notes} {of}");
    let mut lines = vec!["verdicts".to_owned(), line(&held(verdicts.harmful, "harmful notes"), Unit::Percent, &verdicts.harmful_held)];
    let of_label = |label: &HeldFigures| line(&format!("  {}", held(label.notes, &label.label)), Unit::Percent, &label.held);
    lines.extend(verdicts.harmful_labels.iter().map(of_label));
    lines.push(line(&held(verdicts.harmless, "harmless notes"), Unit::Percent, &verdicts.harmless_held));
    lines.push(line("unsure, of all", Unit::Percent, &verdicts.unsure));
    lines.push(line("errors at 90 % answered", Unit::Percent, &evaluation.risk_coverage.error_at_90));
    lines
}

fn comparison(against: &Against) -> Vec<String> {
    let comparison = &against.comparison;
    let mut lines = vec![
        format!("\nagainst {}, {}", against.name, short(&comparison.model)),
        format!("  {:<20} {:>9} {:>9}   difference", "", "this one", "that one"),
    ];
    lines.extend(against.figures().into_iter().map(|(name, unit, signed, figure, _)| {
        let [ours, theirs] = [figure.ours, figure.theirs].map(|value| unit.format(value));
        let difference = &figure.difference;
        format!("  {name:<20} {ours:>9} {theirs:>9}   {:>6}  ({})", signed.format(difference.value), signed.interval(difference))
    }));
    let discordant = format!("right here only {}, there only {}", comparison.only_ours_right, comparison.only_theirs_right);
    lines.push(format!("  {discordant}: exact McNemar test {}", p_value(comparison.mcnemar_p)));
    if !comparison.unshared_labels.is_empty() {
        lines.push(format!("  labels that only one of them knows, and no note has: {}", comparison.unshared_labels.join(", ")));
    }
    lines.push(String::new());
    lines.extend(textwrap::wrap(&against.conclusion, 80).into_iter().map(Cow::into_owned));
    lines
}

fn slice_lines(slices: &[Slice]) -> Vec<String> {
    let mut lines = vec!["\naccuracy on parts of the notes".to_owned()];
    for part in slices.chunk_by(|a, b| a.by == b.by) {
        lines.push(format!("  by {}", part[0].by));
        lines.extend(part.iter().map(|slice| {
            let accuracy =
                slice.accuracy.map(|figure| format!("{:>7}  ({})", Unit::Percent.format(figure.value), Unit::Percent.interval(&figure)));
            format!("    {:<24} {:>4} of {:>4} {}", slice.value, slice.right, slice.notes, accuracy.unwrap_or_default())
                .trim_end()
                .to_owned()
        }));
    }
    lines
}

fn miss(miss: &Miss) -> String {
    let text = miss.text.replace('\n', " ¶ ");
    format!("  {} is {}, given {} at {:.2} ({}): {text}", miss.id, miss.truth, miss.given, miss.confidence, miss.verdict)
}

fn suite_lines(kind: &str, result: &KindResult, failures: usize) -> Vec<String> {
    let share = 100.0 * result.right as f64 / result.cases as f64;
    let mut lines = vec![format!("  {kind:<10} {:>3} of {:>3} right  ({share:.1} %)", result.right, result.cases)];
    lines.extend(result.failures.iter().take(failures).map(|failure| format!("      {}", failure.replace('\n', " ¶ "))));
    lines
}
