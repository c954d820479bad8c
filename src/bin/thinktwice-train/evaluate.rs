//! `thinktwice-train evaluate`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use serde_json::Value;
use thinktwice::Classifier;
use thinktwice::train::Corpus;
use thinktwice::train::compare::compare;
use thinktwice::train::corpus::Note;
use thinktwice::train::evaluate::evaluate;
use thinktwice::train::seen::{Overlap, Seen};
use thinktwice::train::suite::{Case, run_suite};
use thinktwice::whole_file;

use super::DataArgs;
use super::report::{self, Against, Report};

/// What the model and the evaluation notes are called that come with the program.
const SHIPPED: &str = "shipped";

#[derive(Args)]
#[command(after_help = "\
`shipped` names the model, or the evaluation notes, that come with the program; ./shipped is a file of that name. Measure on notes that \
neither model has learned from: where a model's file says that it has, there is a warning.

Examples:
  thinktwice-train evaluate --model mine.model --data held-out.jsonl
  thinktwice-train evaluate --model mine.model --data held-out.jsonl --against shipped
  thinktwice-train evaluate --model mine.model --data shipped --against shipped")]
pub(super) struct EvaluateArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The model to measure
    #[arg(long, value_name = "MODEL", default_value = SHIPPED)]
    model: PathBuf,
    /// A second model to compare it with, on the same notes: which is better, by how much, and how sure that is
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
    let classifier = load(&args.model)?;
    let against = args.against.as_deref().map(|path| Ok::<_, anyhow::Error>((path, load(path)?))).transpose()?;
    let corpus = if args.data.data == [Path::new(SHIPPED)] { shipped_notes(&classifier)? } else { args.data.read_for(&classifier)? };
    let mut report = report_on(&classifier, &args.data, &corpus, args.suite.as_deref())?;
    report.evaluation.misses.truncate(args.misses);
    report.warnings.extend(overlap_warning("this model", &classifier, &corpus));
    if let Some((path, against)) = against {
        let comparison = compare(&classifier, &against, &corpus)?;
        let name = if path == Path::new(SHIPPED) { "the shipped model".to_owned() } else { path.display().to_string() };
        report.warnings.extend(overlap_warning(&name, &against, &corpus));
        report.comparison = Some(Against::new(name, comparison, report.warnings.is_empty()));
    }
    for warning in &report.warnings {
        anstream::eprintln!("warning: {warning}");
    }
    Ok(report)
}

fn load(path: &Path) -> Result<Classifier, thinktwice::Error> {
    if path == Path::new(SHIPPED) { Ok(Classifier::shipped()) } else { Classifier::load(path) }
}

/// Says if the model has seen some of the notes.
fn overlap_warning(name: &str, classifier: &Classifier, corpus: &Corpus) -> Option<String> {
    let Overlap { notes, of_groups } = Seen::new(classifier.about()).overlap(corpus);
    let all = corpus.notes.len();
    let flatters = "its figures are better than it is; measure on others";
    match (notes, of_groups) {
        (0, 0) => None,
        (0, _) => Some(format!("{name} has learned from other notes of the groups of {of_groups} of these {all} notes: {flatters}")),
        _ => Some(format!("{name} has learned from {notes} of these {all} notes: {flatters}")),
    }
}

/// The evaluation notes of the project, with their labels for the heads of a model.
fn shipped_notes(classifier: &Classifier) -> anyhow::Result<Corpus> {
    let heads = &classifier.about().heads;
    let mut notes = Vec::new();
    for (line, number) in include_str!("../../../data/evaluation/notes.jsonl").lines().zip(1..) {
        let mut row: BTreeMap<String, Value> = serde_json::from_str(line).context("the shipped notes are broken")?;
        let mut take = |column: &str| row.remove(column).and_then(|value| value.as_str().map(str::to_owned));
        let labels: BTreeMap<String, String> = heads.iter().filter_map(|head| Some((head.name.clone(), take(&head.name)?))).collect();
        let (text, id) = (take("text").unwrap_or_default(), take("id").unwrap_or_else(|| format!("{SHIPPED}:{number}")));
        notes.push(Note { text, labels, group: take("group").unwrap_or_else(|| id.clone()), id, other: row });
    }
    let first = &heads[0].name;
    if notes.iter().all(|note| !note.labels.contains_key(first)) {
        bail!("the shipped notes have no {first:?}, by which this model decides; measure it on notes of your own");
    }
    Ok(Corpus { notes, skipped: Vec::new() })
}

/// What a model makes of labelled notes, which were read from `data`, and of behavioural cases.
pub(super) fn report_on(classifier: &Classifier, data: &DataArgs, corpus: &Corpus, suite: Option<&Path>) -> anyhow::Result<Report> {
    Ok(Report {
        name: classifier.about().name.clone(),
        data: data.data.iter().map(|path| path.display().to_string()).collect(),
        evaluation: evaluate(classifier, corpus)?,
        warnings: Vec::new(),
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
