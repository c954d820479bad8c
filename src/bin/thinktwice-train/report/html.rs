//! One page that needs nothing else: no script, no link, every text escaped.

use std::collections::BTreeMap;

use thinktwice::train::compare::Difference;
use thinktwice::train::evaluate::{Evaluation, HeadFigures, LabelFigures, Miss, VerdictFigures};
use thinktwice::train::metrics::Figure;
use thinktwice::train::slices::Slice;
use thinktwice::train::suite::KindResult;

use super::svg::{Plot, interval, round_up};
use super::{Against, Report, Unit, p_value, short};

/// The page.
pub(in super::super) fn html(report: &Report) -> String {
    let evaluation = &report.evaluation;
    let mut sections = vec![summary(report)];
    sections.extend(report.warnings.iter().map(|warning| format!("<p><b>Warning: <bdi>{}</bdi>.</b></p>", escape(warning))));
    sections.extend(report.comparison.iter().map(comparison));
    sections.push(verdicts(&evaluation.verdicts));
    sections.push(risk_coverage(evaluation));
    sections.extend(evaluation.heads.iter().map(head));
    sections.push(slices(&evaluation.slices));
    sections.extend(report.suite.iter().map(suite));
    if !evaluation.misses.is_empty() {
        sections.push(misses(&evaluation.misses));
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Evaluation of the model {}</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>\n{}\n</main>\n</body>\n</html>\n",
        escape(&report.name),
        include_str!("style.css"),
        sections.join("\n")
    )
}

/// The text with everything that HTML gives a meaning replaced, and control characters, which it forbids, shown as what they are: unreadable.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(character),
            control if control.is_control() => escaped.push(char::REPLACEMENT_CHARACTER),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// A cell of a table.
enum Cell {
    /// Words.
    Text(String),
    /// Words that explain.
    Soft(&'static str),
    /// A number, or several, flush right.
    Number(String),
    /// A note, a file's name, whatever is not ours: isolated, so that its writing direction stays its own.
    Foreign(String),
    /// A drawing of [`super::svg`].
    Drawing(String),
}

impl Cell {
    fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    fn count(count: usize) -> Self {
        Self::Number(count.to_string())
    }

    fn share(share: f64) -> Self {
        Self::Number(Unit::Percent.format(share))
    }

    /// A figure and its interval, in two cells.
    fn figure(unit: Unit, figure: &Figure) -> [Self; 2] {
        [Self::Number(unit.format(figure.value)), Self::Number(unit.interval(figure))]
    }

    fn html(&self) -> String {
        match self {
            Self::Text(text) => format!("<td>{}</td>", escape(text)),
            Self::Soft(text) => format!("<td class=\"soft\">{}</td>", escape(text)),
            Self::Number(text) => format!("<td class=\"number\">{}</td>", escape(text)),
            Self::Foreign(text) => format!("<td class=\"note\"><bdi>{}</bdi></td>", escape(text)),
            Self::Drawing(drawing) => format!("<td>{drawing}</td>"),
        }
    }
}

/// A table; a column stands flush right where its first cell does.
fn table(header: &[&str], rows: &[Vec<Cell>]) -> String {
    let is_number = |column: usize| rows.first().and_then(|row| row.get(column)).is_some_and(|cell| matches!(cell, Cell::Number(_)));
    let name = |(column, name): (usize, &&str)| {
        let class = if is_number(column) { " class=\"number\"" } else { "" };
        format!("<th{class}>{}</th>", escape(name))
    };
    let header: String = header.iter().enumerate().map(name).collect();
    let rows: Vec<String> = rows.iter().map(|row| format!("<tr>{}</tr>", row.iter().map(Cell::html).collect::<String>())).collect();
    format!("<div class=\"wide\"><table>\n<tr>{header}</tr>\n{}\n</table></div>", rows.join("\n"))
}

fn figure_row(name: &str, unit: Unit, figure: &Figure, meaning: &'static str) -> Vec<Cell> {
    let [value, interval] = Cell::figure(unit, figure);
    vec![Cell::text(name), value, interval, Cell::Soft(meaning)]
}

const FIGURE_HEADER: [&str; 4] = ["figure", "value", "95 % interval", "what it is"];

fn summary(report: &Report) -> String {
    let evaluation = &report.evaluation;
    let mut tiles = Vec::new();
    if let Some(first) = evaluation.heads.first() {
        tiles.push(tile("accuracy", &first.accuracy));
        tiles.push(tile("macro-F1", &first.macro_f1));
    }
    tiles.push(tile("harmful notes held", &evaluation.verdicts.harmful_held));
    tiles.push(tile("harmless notes held", &evaluation.verdicts.harmless_held));
    tiles.push(tile("errors at 90\u{a0}% answered", &evaluation.risk_coverage.error_at_90));
    format!(
        "<h1>Evaluation of the model <bdi>{}</bdi></h1>\n\
         <p class=\"soft\">Digest {}; {} notes in {} groups, from <bdi>{}</bdi>. Intervals are 95 % bootstrap intervals that draw whole groups.</p>\n\
         <div class=\"key\">\n{}\n</div>",
        escape(&report.name),
        escape(short(&evaluation.model)),
        evaluation.notes,
        evaluation.groups,
        escape(&report.data.join(", ")),
        tiles.join("\n")
    )
}

fn tile(name: &str, figure: &Figure) -> String {
    let (value, interval) = (Unit::Percent.format(figure.value), Unit::Percent.interval(figure));
    format!("<div><span>{}</span><b>{}</b><span>{}</span></div>", escape(name), escape(&value), escape(&interval))
}

fn head(head: &HeadFigures) -> String {
    let figures = [
        figure_row("accuracy", Unit::Percent, &head.accuracy, "share of notes whose likeliest label is right"),
        figure_row("macro-F1", Unit::Percent, &head.macro_f1, "mean over the labels of the harmonic mean of precision and recall"),
        figure_row("log loss", Unit::Plain, &head.log_loss, "mean of −ln p(truth); 0 is best"),
        figure_row(
            "Brier score",
            Unit::Plain,
            &head.brier_score,
            "squared distance of the probabilities from the truth; 0 is best, 2 worst",
        ),
        figure_row(
            "class-wise calibration error",
            Unit::Percent,
            &head.calibration_error,
            "mean distance of probability and observed share, in 10 bins for each label",
        ),
    ];
    let name = escape(&head.head);
    let parts = [
        format!("<h2>Head {name}</h2>\n<p class=\"soft\">{} notes have a label of it.</p>", head.notes),
        table(&FIGURE_HEADER, &figures),
        format!("<h3>Labels of {name}</h3>"),
        labels(&head.labels),
        format!("<h3>Confusion of {name}</h3>"),
        confusion(head),
        format!("<h3>Reliability of {name}</h3>"),
        reliability(head),
    ];
    parts.join("\n")
}

fn labels(labels: &[LabelFigures]) -> String {
    let row = |label: &LabelFigures| {
        vec![
            Cell::text(&label.label),
            Cell::count(label.notes),
            Cell::share(label.precision),
            Cell::share(label.recall),
            Cell::share(label.f1),
            Cell::share(label.calibration_error),
        ]
    };
    table(&["label", "notes", "precision", "recall", "F1", "calibration error"], &labels.iter().map(row).collect::<Vec<_>>())
}

/// The darkest shade of a cell, at which its number is still easy to read on either page.
const DARKEST: f64 = 0.5;

fn confusion(head: &HeadFigures) -> String {
    let names: Vec<String> = head.labels.iter().map(|label| format!("<th class=\"number\">{}</th>", escape(&label.label))).collect();
    let row = |(label, counts): (&LabelFigures, &Vec<usize>)| {
        let shade = |count: &usize| DARKEST * *count as f64 / label.notes.max(1) as f64;
        let cells: Vec<String> = counts.iter().map(|count| format!("<td style=\"--share:{:.2}\">{count}</td>", shade(count))).collect();
        format!("<tr><th>{}</th>{}</tr>", escape(&label.label), cells.concat())
    };
    let rows: Vec<String> = head.labels.iter().zip(&head.confusion.counts).map(row).collect();
    format!(
        "<p class=\"soft\">Rows are the true labels, columns the given ones; the shade is the share of the row.</p>\n\
         <div class=\"wide\"><table class=\"confusion\">\n<tr><th></th>{}</tr>\n{}\n</table></div>",
        names.concat(),
        rows.join("\n")
    )
}

fn reliability(head: &HeadFigures) -> String {
    let plots: Vec<String> = head.labels.iter().map(|label| reliability_plot(label, head.notes)).collect();
    format!(
        "<p class=\"soft\">Of the notes given a label at some probability, how many have it. On the dashed line the probability is what it says; \
         above it the model is too shy, below it too bold. The larger a dot, the more notes.</p>\n<div class=\"plots\">\n{}\n</div>",
        plots.join("\n")
    )
}

fn reliability_plot(label: &LabelFigures, notes: usize) -> String {
    let mut plot = Plot::new(220.0, 220.0, 1.0, "probability, %", "observed, %");
    plot.line("ideal", &[(0.0, 0.0), (1.0, 1.0)]);
    let points: Vec<(f64, f64)> = label.reliability.iter().map(|point| (point.mean_probability, point.observed)).collect();
    plot.line("faint", &points);
    for point in &label.reliability {
        let radius = 2.0 + 6.0 * (point.notes as f64 / notes as f64).sqrt();
        let (probability, observed) = (Unit::Percent.format(point.mean_probability), Unit::Percent.format(point.observed));
        let title = format!("{} notes: probability {probability}, observed {observed}", point.notes);
        plot.dot((point.mean_probability, point.observed), radius, &title);
    }
    let name = escape(&label.label);
    let drawing = plot.finish(&format!("Reliability diagram of {}", label.label));
    format!("<figure><figcaption>{name}</figcaption>{drawing}</figure>")
}

fn verdicts(verdicts: &VerdictFigures) -> String {
    let row = |name: String, notes: Option<usize>, figure: &Figure, meaning: &'static str| {
        let [value, interval] = Cell::figure(Unit::Percent, figure);
        vec![
            Cell::Text(name),
            Cell::Number(notes.map_or_else(String::new, |notes| notes.to_string())),
            value,
            interval,
            Cell::Soft(meaning),
        ]
    };
    let mut rows = vec![row("harmful notes held".to_owned(), Some(verdicts.harmful), &verdicts.harmful_held, "the others are missed")];
    rows.extend(
        verdicts
            .harmful_labels
            .iter()
            .map(|label| row(format!("{} held", label.label), Some(label.notes), &label.held, "as any harmful label")),
    );
    rows.push(row("harmless notes held".to_owned(), Some(verdicts.harmless), &verdicts.harmless_held, "the false alarms"));
    rows.push(row("unsure".to_owned(), None, &verdicts.unsure, "of all notes"));
    format!("<h2>Verdicts</h2>\n{}", table(&["figure", "notes", "value", "95 % interval", "what it is"], &rows))
}

fn risk_coverage(evaluation: &Evaluation) -> String {
    let curve = &evaluation.risk_coverage;
    let worst = curve.points.iter().map(|point| point.error).fold(0.0, f64::max);
    let mut plot = Plot::new(560.0, 280.0, round_up(worst), "notes answered, surest first, %", "wrong label, % of those answered");
    plot.line("curve", &curve.points.iter().map(|point| (point.coverage, point.error)).collect::<Vec<_>>());
    for point in &curve.points {
        let title = format!("surest {:.0} %, {} notes: {} wrong", 100.0 * point.coverage, point.notes, Unit::Percent.format(point.error));
        plot.dot((point.coverage, point.error), 3.0, &title);
    }
    let (value, interval) = (Unit::Percent.format(curve.error_at_90.value), Unit::Percent.interval(&curve.error_at_90));
    format!(
        "<h2>Risk and coverage</h2>\n\
         <p>Where the surest 90 % of the notes are answered, {value} of them ({interval}) are given a wrong label.</p>\n\
         <p class=\"soft\">Notes with the verdict unsure come last, the others by their confidence.</p>\n{}",
        plot.finish("The share of wrong labels among the surest notes, over how many are answered")
    )
}

fn comparison(against: &Against) -> String {
    let comparison = &against.comparison;
    let counts = [
        vec![Cell::text("right"), Cell::count(comparison.both_right), Cell::count(comparison.only_ours_right)],
        vec![Cell::text("wrong"), Cell::count(comparison.only_theirs_right), Cell::count(comparison.both_wrong)],
    ];
    let row = |(name, unit, signed, figure, meaning): (&str, Unit, Unit, &Difference, &'static str)| {
        let [value, interval] = Cell::figure(signed, &figure.difference);
        let [ours, theirs] = [figure.ours, figure.theirs].map(|value| Cell::Number(unit.format(value)));
        vec![Cell::text(name), ours, theirs, value, interval, Cell::Soft(meaning)]
    };
    let unshared = match comparison.unshared_labels.as_slice() {
        [] => String::new(),
        labels => format!("\n<p>Labels that only one of them knows, and no note has: <bdi>{}</bdi>.</p>", escape(&labels.join(", "))),
    };
    format!(
        "<h2>Against <bdi>{}</bdi></h2>\n<p><b>{}</b></p>\n{}\n<p class=\"soft\">Digest {}. Differences of shares are in points of a hundred.</p>{unshared}\n\
         <h3>Right and wrong</h3>\n{}\n<p>The exact two-sided McNemar test on the {} notes that only one model is right on gives {}.</p>",
        escape(&against.name),
        escape(&against.conclusion),
        table(
            &["figure", "this model", "the other", "difference", "95 % interval", "what it is"],
            &against.figures().into_iter().map(row).collect::<Vec<_>>()
        ),
        escape(short(&comparison.model)),
        table(&["this model", "the other right", "the other wrong"], &counts),
        comparison.only_ours_right + comparison.only_theirs_right,
        escape(&p_value(comparison.mcnemar_p))
    )
}

fn slices(slices: &[Slice]) -> String {
    let part = |part: &[Slice]| {
        let rows: Vec<Vec<Cell>> = part.iter().map(slice_row).collect();
        let header = ["value", "notes", "right", "accuracy", "95 % interval", "0 to 100 %"];
        format!("<h3>By {}</h3>\n{}", escape(&part[0].by), table(&header, &rows))
    };
    let parts: Vec<String> = slices.chunk_by(|a, b| a.by == b.by).map(part).collect();
    format!(
        "<h2>Accuracy on parts of the notes</h2>\n<p class=\"soft\">Of fewer than 10 notes there are only the counts.</p>\n{}",
        parts.join("\n")
    )
}

fn slice_row(slice: &Slice) -> Vec<Cell> {
    let mut row = vec![Cell::text(&slice.value), Cell::count(slice.notes), Cell::count(slice.right)];
    match &slice.accuracy {
        Some(figure) => {
            row.extend(Cell::figure(Unit::Percent, figure));
            row.push(Cell::Drawing(interval(figure.value, figure.low, figure.high)));
        }
        None => row.extend([Cell::Number(String::new()), Cell::Number(String::new()), Cell::Text(String::new())]),
    }
    row
}

fn suite(suite: &BTreeMap<&'static str, KindResult>) -> String {
    let row = |(kind, result): (&&'static str, &KindResult)| {
        vec![Cell::text(kind), Cell::count(result.cases), Cell::count(result.right), Cell::share(result.right as f64 / result.cases as f64)]
    };
    let failures: String =
        suite.iter().filter(|(_, result)| !result.failures.is_empty()).map(|(kind, result)| failures(kind, result)).collect();
    format!(
        "<h2>Behavioural cases</h2>\n{}\n{failures}",
        table(&["kind", "cases", "right", "share"], &suite.iter().map(row).collect::<Vec<_>>())
    )
}

fn failures(kind: &str, result: &KindResult) -> String {
    let items: Vec<String> = result.failures.iter().map(|failure| format!("<li><bdi>{}</bdi></li>\n", escape(failure))).collect();
    format!("<details><summary>{}: {} wrong</summary>\n<ul>\n{}</ul>\n</details>\n", escape(kind), result.failures.len(), items.concat())
}

fn misses(misses: &[Miss]) -> String {
    let row = |miss: &Miss| {
        vec![
            Cell::Foreign(miss.text.clone()),
            Cell::text(&miss.truth),
            Cell::text(&miss.given),
            Cell::share(f64::from(miss.confidence)),
            Cell::text(miss.verdict.as_str()),
            Cell::text(&miss.id),
        ]
    };
    let header = ["note", "label", "given", "confidence", "verdict", "id"];
    format!("<h2>Wrong, surest first</h2>\n{}", table(&header, &misses.iter().map(row).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_html_gives_a_meaning_is_escaped() {
        assert_eq!(escape("<a href='x'>&\"\u{0}\u{7f}\n</a>"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;\u{fffd}\u{fffd}\n&lt;/a&gt;");
    }

    #[test]
    fn columns_stand_as_their_first_cell_does() {
        let table = table(&["<name>", "notes"], &[vec![Cell::text("<b>"), Cell::count(3)]]);
        assert!(table.contains("<th>&lt;name&gt;</th><th class=\"number\">notes</th>"), "{table}");
        assert!(table.contains("<td>&lt;b&gt;</td><td class=\"number\">3</td>"), "{table}");
    }
}
