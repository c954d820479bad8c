//! `thinktwice`: reads a draft before it is sent.

mod check;
mod explain;
mod generate;
mod input;
#[cfg(feature = "train")]
mod label;
mod lines;
mod lsp;
mod model;
mod model_args;
mod notes;
mod pages;
mod render;
mod score;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use model_args::ModelArgs;

#[derive(Parser)]
#[command(
    name = "thinktwice",
    version,
    about = "Says how the recipient is likely to read your invitation note, before you send it",
    max_term_width = 100,
    after_help = "\
Examples:
  thinktwice check \"Hi Ana, I enjoyed your talk on bridge inspection in Porto.\"
  thinktwice explain reason-missing
  thinktwice score notes.jsonl -o scored.jsonl
  thinktwice model

No note leaves this machine. `thinktwice COMMAND --help` says more about each command."
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
    /// Ask for the labels of notes, the most useful note first, and write them to a file to train with
    #[cfg(feature = "train")]
    Label(label::LabelArgs),
    /// Say what a finding means, why it matters, and what to do instead
    Explain(explain::ExplainArgs),
    /// Show what is in a model: labels, figures, settings, and what speaks most for each label
    Model(model::ModelCommandArgs),
    /// Read a draft while it is typed, as a language server for an editor
    Lsp(lsp::LspArgs),
    /// Print a script that completes this program's arguments in a shell
    Completions(generate::CompletionsArgs),
    /// Print the manual page
    Man(generate::ManArgs),
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
        #[cfg(feature = "train")]
        Command::Label(args) => label::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Model(args) => model::run(args),
        Command::Lsp(args) => lsp::run(args),
        Command::Completions(args) => generate::completions(args),
        Command::Man(args) => generate::man(args),
    };
    let status = match result {
        Ok(status) => status,
        // Whoever read our output has gone: nobody is left to tell.
        Err(error) if is_broken_pipe(&error) => ExitStatus::Clear,
        // Whatever is read has a name in its error.
        Err(error) if error.is::<std::io::Error>() && error.chain().count() == 1 => {
            anstream::eprintln!("thinktwice: cannot write standard output: {error}; check where it goes, and for free space");
            ExitStatus::Failed
        }
        Err(error) => {
            anstream::eprintln!("thinktwice: {error:#}");
            ExitStatus::Failed
        }
    };
    status.into()
}

/// The width to write paragraphs at, in columns: what `COLUMNS` says, else the terminal's. Beyond 100 columns a line is hard to follow.
fn terminal_width() -> usize {
    let asked = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let own = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    asked.or_else(own).unwrap_or(80).clamp(20, 100)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
