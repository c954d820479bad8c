//! `thinktwice-train`: from a labelled corpus to a model, and how good it is.

mod evaluate;
mod fit;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use thinktwice::train::Corpus;

#[derive(Parser)]
#[command(name = "thinktwice-train", version, about = "Trains and measures the models of thinktwice", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Train a model on labelled notes, and report its cross-validated figures
    Fit(fit::FitArgs),
    /// Measure a model on labelled notes that it has not seen
    Evaluate(evaluate::EvaluateArgs),
}

/// Where labelled notes come from.
#[derive(Args)]
struct DataArgs {
    /// Labelled notes: .jsonl or .csv files, or folders of them
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    data: Vec<PathBuf>,
    /// Pass over rows that cannot be used, and say which and why
    #[arg(long)]
    skip_bad_rows: bool,
}

impl DataArgs {
    fn read(&self, heads: &[String]) -> anyhow::Result<Corpus> {
        let corpus = Corpus::read(&self.data, heads, self.skip_bad_rows)?;
        for row in &corpus.skipped {
            anstream::eprintln!("skipped {}:{}: {}", row.path.display(), row.line, row.cause);
        }
        if !corpus.skipped.is_empty() {
            anstream::eprintln!("skipped {} rows, read {}", corpus.skipped.len(), corpus.notes.len());
        }
        Ok(corpus)
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match &cli.command {
        Command::Fit(args) => fit::run(args),
        Command::Evaluate(args) => evaluate::run(args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("thinktwice-train: {error:#}");
            ExitCode::from(2)
        }
    }
}
