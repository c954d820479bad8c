//! `thinktwice-train`: from a labelled corpus to a model, and how good it is.

mod audit;
mod curve;
mod evaluate;
mod fit;
mod language;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use thinktwice::Classifier;
use thinktwice::train::{Corpus, Extras, WordVectors};
use thinktwice::whole_file::remove_unfinished_when_stopped;

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
    /// Look for what is likely to be wrong in a corpus: labels, copies, leaks, give-aways; or check it against a plan
    Audit(audit::AuditArgs),
    /// Train on an eighth, a quarter, a half and all of the groups, and measure each model
    Curve(curve::CurveArgs),
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

/// What a model can be trained with beside the labelled notes.
#[derive(Args)]
struct ExtrasArgs {
    /// Word vectors, such as data/vectors/words.safetensors
    #[arg(long, value_name = "FILE")]
    vectors: Option<PathBuf>,
    /// Texts that are no notes (JSON Lines with "text"), such as data/out-of-scope.jsonl: the model learns to answer "unsure" to such
    #[arg(long, value_name = "FILE")]
    out_of_scope: Option<PathBuf>,
}

impl ExtrasArgs {
    fn read(&self) -> anyhow::Result<Extras> {
        Ok(Extras {
            vectors: self.vectors.as_deref().map(WordVectors::load).transpose()?,
            out_of_scope: self.out_of_scope.as_deref().map_or(Ok(Vec::new()), Corpus::read_texts)?,
            beside: None,
        })
    }
}

impl DataArgs {
    /// Reads the notes with their labels for the heads of a model.
    fn read_for(&self, classifier: &Classifier) -> anyhow::Result<Corpus> {
        let heads: Vec<String> = classifier.about().heads.iter().map(|head| head.name.clone()).collect();
        self.read(&heads)
    }

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
    remove_unfinished_when_stopped();
    let result = match &cli.command {
        Command::Fit(args) => fit::run(args).map(|()| true),
        Command::Curve(args) => curve::run(args).map(|()| true),
        Command::Audit(args) => audit::run(args),
        Command::Evaluate(args) => evaluate::run(args).map(|()| true),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            anstream::eprintln!("thinktwice-train: {error:#}");
            ExitCode::from(2)
        }
    }
}
