//! `thinktwice`: reads a draft before it is sent.

mod check;
mod input;
mod render;
mod score;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use thinktwice::{Classifier, Policy};

#[derive(Parser)]
#[command(
    name = "thinktwice",
    version,
    about = "Says how the recipient is likely to read your invitation note, before you send it",
    max_term_width = 100
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Read one draft, and say what to do with it
    Check(check::CheckArgs),
    /// Read many notes from a file, and write every one back with its assessment
    Score(score::ScoreArgs),
}

/// Which model and policy to answer with.
#[derive(Args)]
struct ModelArgs {
    /// Answer with this model instead of the shipped one
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Answer with this policy (TOML) instead of the one in the model
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The longest note that the network accepts, in characters [default: the policy's, 300]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
}

impl ModelArgs {
    fn classifier(&self) -> Result<Classifier, thinktwice::Error> {
        let classifier = match &self.model {
            None => Classifier::shipped(),
            Some(path) => Classifier::load(path)?,
        };
        if self.policy.is_none() && self.limit.is_none() {
            return Ok(classifier);
        }
        let mut policy = match &self.policy {
            None => classifier.policy().clone(),
            Some(path) => Policy::load(path)?,
        };
        policy.limit = self.limit.unwrap_or(policy.limit);
        match &self.policy {
            None => classifier.with_policy(policy),
            Some(path) => classifier.with_policy(policy).map_err(|error| error.in_file(path)),
        }
    }
}

/// How a run ended, as the shell sees it.
#[derive(Clone, Copy)]
enum ExitStatus {
    /// Nothing stands in the way of sending.
    Clear,
    /// There is something to think about.
    Findings,
    /// The program could not do what was asked.
    Failed,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        match status {
            ExitStatus::Clear => Self::from(0),
            ExitStatus::Findings => Self::from(1),
            ExitStatus::Failed => Self::from(2),
        }
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match &cli.command {
        Command::Check(args) => check::run(args),
        Command::Score(args) => score::run(args),
    };
    let status = match result {
        Ok(status) => status,
        // Whoever read our output has gone: nobody is left to tell.
        Err(error) if is_broken_pipe(&error) => ExitStatus::Clear,
        Err(error) => {
            anstream::eprintln!("thinktwice: {error:#}");
            ExitStatus::Failed
        }
    };
    status.into()
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
