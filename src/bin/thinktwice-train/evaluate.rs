//! `thinktwice-train evaluate`.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use thinktwice::Classifier;
use thinktwice::train::Corpus;
use thinktwice::train::compare::compare;
use thinktwice::train::evaluate::evaluate;
use thinktwice::train::suite::{Case, run_suite};
use thinktwice::whole_file;

use super::DataArgs;
use super::report::{self, Report};

#[derive(Args)]
pub(super) struct EvaluateArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The model to measure, instead of the shipped one
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// A second model to compare it with, on the same notes
    #[arg(long, value_name = "MODEL")]
    against: Option<PathBuf>,
    /// Behavioural cases to run as well (JSON Lines, in the form of data/evaluation/behaviour.jsonl)
    #[arg(long, value_name = "FILE")]
    suite: Option<PathBuf>,
    /// How to give the figures
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Where to write json or html; an existing file is replaced once the new one is complete
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// How many of the notes that it gets wrong to list, surest first
    #[arg(long, default_value_t = 0, value_name = "N")]
    misses: usize,
    /// Print the accuracy on parts of the notes too: by length, group, and every column of few values (json and html always have it)
    #[arg(long)]
    slices: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Human,
    Json,
    /// One page without links or scripts, with plots
    Html,
}

pub(super) fn run(args: &EvaluateArgs) -> anyhow::Result<()> {
    match (args.format, &args.output) {
        (Format::Html, None) => bail!("--format html makes a file; name it with --output FILE"),
        (Format::Human, Some(_)) => bail!("--output takes json or html; add --format json or --format html"),
        _ => {}
    }
    let report = measure(args)?;
    let text = match args.format {
        Format::Human => report::human(&report, args.slices, args.misses),
        Format::Json => serde_json::to_string(&report)? + "\n",
        Format::Html => report::html(&report),
    };
    match &args.output {
        Some(path) => whole_file::write(path, text.as_bytes())?,
        None => anstream::print!("{text}"),
    }
    Ok(())
}

fn measure(args: &EvaluateArgs) -> anyhow::Result<Report> {
    let classifier = match &args.model {
        None => Classifier::shipped(),
        Some(path) => Classifier::load(path)?,
    };
    let against = args.against.as_deref().map(Classifier::load).transpose()?;
    let corpus = args.data.read_for(&classifier)?;
    let mut report = report_on(&classifier, &args.data, &corpus, args.suite.as_deref())?;
    report.evaluation.misses.truncate(args.misses);
    report.comparison = against.map(|against| compare(&classifier, &against, &corpus)).transpose()?;
    Ok(report)
}

/// What a model makes of labelled notes, which were read from `data`, and of behavioural cases.
pub(super) fn report_on(classifier: &Classifier, data: &DataArgs, corpus: &Corpus, suite: Option<&Path>) -> anyhow::Result<Report> {
    Ok(Report {
        name: classifier.about().name.clone(),
        data: data.data.iter().map(|path| path.display().to_string()).collect(),
        evaluation: evaluate(classifier, corpus)?,
        comparison: None,
        suite: suite.map(read_suite).transpose()?.map(|cases| run_suite(classifier, &cases)),
    })
}

fn read_suite(path: &Path) -> anyhow::Result<Vec<Case>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}; check the path and its permissions", path.display()))?;
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let case =
        |(line, number)| serde_json::from_str(line).with_context(|| format!("{}:{number}: not a case; mend the line", path.display()));
    lines.map(case).collect()
}
