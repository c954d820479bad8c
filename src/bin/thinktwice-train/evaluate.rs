//! `thinktwice-train evaluate`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, ValueEnum};
use serde::Serialize;
use thinktwice::Classifier;
use thinktwice::train::evaluate::{Evaluation, HeadFigures, evaluate};
use thinktwice::train::metrics::Figure;
use thinktwice::train::suite::{Case, KindResult, run_suite};

use super::DataArgs;

#[derive(Args)]
pub(super) struct EvaluateArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The model to measure, instead of the shipped one
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Behavioural cases to run as well (JSON Lines, in the form of data/evaluation/behaviour.jsonl)
    #[arg(long, value_name = "FILE")]
    suite: Option<PathBuf>,
    /// How to print the figures
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// How many of the notes that it gets wrong to list, surest first
    #[arg(long, default_value_t = 0, value_name = "N")]
    misses: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Human,
    Json,
}

pub(super) fn run(args: &EvaluateArgs) -> anyhow::Result<()> {
    let classifier = match &args.model {
        None => Classifier::shipped(),
        Some(path) => Classifier::load(path)?,
    };
    let heads: Vec<String> = classifier.about().heads.iter().map(|head| head.name.clone()).collect();
    let corpus = args.data.read(&heads)?;
    let mut evaluation = evaluate(&classifier, &corpus)?;
    evaluation.misses.truncate(args.misses);
    let suite = args.suite.as_deref().map(read_suite).transpose()?.map(|cases| run_suite(&classifier, &cases));
    match args.format {
        Format::Human => {
            print_human(&evaluation);
            for (kind, result) in suite.iter().flatten() {
                let share = 100.0 * result.right as f64 / result.cases as f64;
                anstream::println!("  {kind:<10} {:>3} of {:>3} right  ({share:.1} %)", result.right, result.cases);
                for failure in result.failures.iter().take(args.misses) {
                    anstream::println!("      {}", failure.replace('\n', " ¶ "));
                }
            }
        }
        Format::Json => anstream::println!("{}", serde_json::to_string(&Output { evaluation: &evaluation, suite: suite.as_ref() })?),
    }
    Ok(())
}

#[derive(Serialize)]
struct Output<'a> {
    #[serde(flatten)]
    evaluation: &'a Evaluation,
    #[serde(skip_serializing_if = "Option::is_none")]
    suite: Option<&'a BTreeMap<&'static str, KindResult>>,
}

fn read_suite(path: &Path) -> anyhow::Result<Vec<Case>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}; check the path and its permissions", path.display()))?;
    let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    let case =
        |(line, number)| serde_json::from_str(line).with_context(|| format!("{}:{number}: not a case; mend the line", path.display()));
    lines.map(case).collect()
}

fn print_human(evaluation: &Evaluation) {
    for head in &evaluation.heads {
        print_head(head);
    }
    let verdicts = &evaluation.verdicts;
    anstream::println!("verdicts");
    anstream::println!("  {:<34} {}", format!("held, of {} harmful notes", verdicts.harmful), percent(&verdicts.harmful_held));
    anstream::println!("  {:<34} {}", format!("held, of {} harmless notes", verdicts.harmless), percent(&verdicts.harmless_held));
    anstream::println!("  {:<34} {}", "unsure, of all", percent(&verdicts.unsure));
    if !evaluation.misses.is_empty() {
        anstream::println!("\nwrong, surest first");
    }
    for miss in &evaluation.misses {
        anstream::println!(
            "  {} is {}, given {} at {:.2} ({}): {}",
            miss.id,
            miss.truth,
            miss.given,
            miss.confidence,
            miss.verdict,
            miss.text.replace('\n', " ¶ ")
        );
    }
}

fn percent(figure: &Figure) -> String {
    format!("{:5.1} %  ({:.1} to {:.1})", 100.0 * figure.value, 100.0 * figure.low, 100.0 * figure.high)
}

fn print_head(head: &HeadFigures) {
    anstream::println!("{} ({} notes; in brackets 95 % intervals)", head.head, head.notes);
    anstream::println!("  accuracy  {}", percent(&head.accuracy));
    anstream::println!("  macro-F1  {}", percent(&head.macro_f1));
    anstream::println!("  log loss  {:.3}\n", head.log_loss.value);
    anstream::println!("  {:<22} {:>6} {:>10} {:>8} {:>8}", "label", "notes", "precision", "recall", "F1");
    for label in &head.labels {
        anstream::println!("  {:<22} {:>6} {:>10.3} {:>8.3} {:>8.3}", label.label, label.notes, label.precision, label.recall, label.f1);
    }
    anstream::println!("\n  true label (rows), given label (columns)");
    let names: Vec<String> = head.labels.iter().map(|label| format!(" {:>12.12}", label.label)).collect();
    anstream::println!("  {:<22}{}", "", names.concat());
    for (label, row) in head.labels.iter().zip(&head.confusion.counts) {
        let cells: Vec<String> = row.iter().map(|count| format!(" {count:>12}")).collect();
        anstream::println!("  {:<22}{}", label.label, cells.concat());
    }
    anstream::println!();
}
