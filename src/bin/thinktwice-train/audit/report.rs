//! What was found in a corpus, printed.

use std::io::Write;

use anstyle::Style;
use thinktwice::train::audit::{Cause, Finding, Report, write_table};

use super::Format;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// How much of a note is shown, in characters.
const SHOWN: usize = 100;

pub(super) fn print(report: &Report, format: Format, most: usize) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    match format {
        Format::Human => write_report(&mut out, report, most)?,
        Format::Json => writeln!(out, "{}", serde_json::to_string(report)?)?,
        Format::Csv => out.write_all(&write_table(&report.findings))?,
        Format::Markdown => {
            writeln!(out, "| found | notes |\n|---|---|")?;
            for cause in Cause::ALL {
                writeln!(out, "| {} | {} |", title(cause), of(report, cause).count())?;
            }
        }
    }
    out.flush()?;
    Ok(())
}

fn of(report: &Report, cause: Cause) -> impl Iterator<Item = &Finding> {
    report.findings.iter().filter(move |finding| finding.cause == cause)
}

fn title(cause: Cause) -> &'static str {
    match cause {
        Cause::UnusableRow => "rows that cannot be used",
        Cause::ConflictingCopy => "near copies with different labels",
        Cause::LabelError => "likely label errors, the likeliest first",
        Cause::Leak => "near copies in different groups",
        Cause::NearCopy => "near copies",
        Cause::Empty => "notes without a word",
        Cause::Overlong => "overlong notes",
        Cause::OtherLanguage => "notes in another language, or of hardly any common words",
    }
}

fn write_report(out: &mut impl Write, report: &Report, most: usize) -> std::io::Result<()> {
    let labels: Vec<String> = report.labels.iter().map(|(label, count)| format!("{label} {count}")).collect();
    let groups = if report.groups == 1 { "group" } else { "groups" };
    writeln!(out, "{BOLD}{} notes in {} {groups}{BOLD:#}: {}", report.notes, report.groups, labels.join(", "))?;
    for remark in &report.remarks {
        writeln!(out, "  {}: {}", remark.topic, remark.message)?;
    }
    if let Some(share) = report.told_right {
        let share = 100.0 * share;
        writeln!(
            out,
            "  label-errors: {share:.0} % of the labels are told right from the other groups; the fewer, the more of the errors listed are none"
        )?;
    }
    for cause in Cause::ALL {
        let count = of(report, cause).count();
        if count == 0 {
            continue;
        }
        writeln!(out, "\n{BOLD}{}{BOLD:#}: {count}", title(cause))?;
        for finding in of(report, cause).take(most) {
            let suggested = finding.suggested_label.as_ref().map(|label| format!(" → {label}?")).unwrap_or_default();
            let line = format!("  {}:{}  {}{suggested}", finding.file, finding.line, finding.label);
            writeln!(out, "{}", line.trim_end())?;
            if !finding.text.is_empty() {
                writeln!(out, "      {}", short(&finding.text))?;
            }
            writeln!(out, "      {DIM}{}{DIM:#}", finding.why)?;
        }
        if count > most {
            writeln!(out, "  … and {} more; --format csv lists all", count - most)?;
        }
    }
    if report.findings.is_empty() {
        writeln!(out, "\nno note stands out")?;
    }
    Ok(())
}

/// One line of at most [`SHOWN`] characters. Control characters do nothing to the terminal.
fn short(text: &str) -> String {
    let mut line: String = text.chars().take(SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(SHOWN).is_some() {
        line.push('…');
    }
    line
}
