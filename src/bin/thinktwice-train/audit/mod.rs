//! `thinktwice-train audit`.

mod apply;
mod plan;
mod report;

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use thinktwice::Policy;
use thinktwice::train::audit::inspect;
use thinktwice::train::{Corpus, FitSettings};

use super::DataArgs;
use super::language::LanguageArgs;

#[derive(Args)]
#[command(after_help = "\
Without --plan, the exit code says only whether the audit could be made: what it lists is likely to be wrong, not sure to be.

Examples:
  thinktwice-train audit --data mine.jsonl                             what is likely to be wrong
  thinktwice-train audit --data mine.jsonl --format csv > edited.csv   as a table; write into its last column, new_label, the right
                                                                       label, or drop, and leave it empty where nothing is wrong
  thinktwice-train audit --data mine.jsonl --apply edited.csv -o cleaned.jsonl")]
pub(super) struct AuditArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The columns that the labels stand in; the first is audited
    #[arg(long = "label-column", value_name = "COLUMN", default_values_t = FitSettings::default().heads)]
    label_columns: Vec<String>,
    #[command(flatten)]
    language: LanguageArgs,
    /// How to print the result
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// How many notes to list of each kind, for a person
    #[arg(long, default_value_t = 20, value_name = "N")]
    most: usize,
    /// The longest note, in characters
    #[arg(long, default_value_t = Policy::shipped().limit, value_name = "N", conflicts_with = "plan")]
    limit: usize,
    /// Write a corpus with the edits of this table, which --format csv printed
    #[arg(long, value_name = "EDITED", requires = "output", conflicts_with_all = ["plan", "format"])]
    apply: Option<PathBuf>,
    /// Where to write the edited corpus, as JSON Lines; an existing file is replaced once the new one is complete
    #[arg(short, long, value_name = "CLEANED", requires = "apply")]
    output: Option<PathBuf>,
    #[command(flatten)]
    plan: plan::PlanArgs,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// For a person
    Human,
    /// One JSON object with everything that was found, or with --plan a list of checks
    Json,
    /// A table of the notes, to be edited and given back with --apply
    Csv,
    /// A table for a datasheet
    Markdown,
}

/// Returns whether every check of the plan passed.
pub(super) fn run(args: &AuditArgs) -> anyhow::Result<bool> {
    if let (Some(table), Some(output)) = (&args.apply, &args.output) {
        apply::run(&args.data, &args.label_columns[0], table, output)?;
        return Ok(true);
    }
    if let Some(checks) = plan::checks(&args.plan, &args.data, &args.label_columns)? {
        return plan::print(&checks, args.format, args.most);
    }
    // Rows that cannot be used are findings like others.
    let (corpus, places) = Corpus::read_with_places(&args.data.data, &args.label_columns, true)?;
    let settings = FitSettings { heads: args.label_columns.clone(), ..args.language.settings() }.suited_to(&corpus);
    report::print(&inspect(&corpus, &places, &settings, args.limit), args.format, args.most)?;
    Ok(true)
}
