//! `thinktwice check`: one draft.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, ValueEnum};
use thinktwice::Verdict;

use super::{ExitStatus, ModelArgs, input, render};

#[derive(Args)]
#[command(after_help = "\
Examples:
  thinktwice check \"Hi Ana, I enjoyed your talk on bridge inspection in Porto.\"
  thinktwice check -f draft.txt
  xclip -o | thinktwice check --format json
  thinktwice check --strictness strict --accept \"coffee chat\" -f draft.txt
  thinktwice check --format sarif -f draft.txt > draft.sarif

Exit code: 0 send, 1 revise, hold or unsure, 2 the draft could not be read")]
pub(super) struct CheckArgs {
    /// The draft; `-` reads it from standard input, and so does leaving it out
    #[arg(value_name = "TEXT", conflicts_with = "file")]
    text: Option<String>,
    /// Read the draft from a file
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// How to print the answer
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Print nothing: the exit code is the answer
    #[arg(short, long)]
    quiet: bool,
    /// Exit with 0 whatever the verdict; errors still exit with 2
    #[arg(long)]
    exit_zero: bool,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = Color::Auto)]
    color: Color,
    #[command(flatten)]
    model: ModelArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a person
    Human,
    /// One JSON object
    Json,
    /// A SARIF 2.1.0 log, for editors and code review
    Sarif,
}

#[derive(Clone, Copy, ValueEnum)]
enum Color {
    /// On a terminal that has them
    Auto,
    /// Wherever the answer goes
    Always,
    /// Nowhere
    Never,
}

impl From<Color> for anstream::ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}

pub(super) fn run(args: &CheckArgs) -> anyhow::Result<ExitStatus> {
    let draft = match (&args.text, &args.file) {
        (_, Some(path)) => input::read(path)?,
        (Some(text), None) if text != "-" => text.clone(),
        _ => input::read(Path::new("-"))?,
    };
    if draft.trim().is_empty() {
        bail!("the draft is empty; give it as an argument, with -f FILE, or on standard input");
    }
    let draft = input::note_in(&draft);
    let classifier = args.model.classifier()?;
    let assessment = classifier.assess(draft);
    if !args.quiet {
        let mut out = anstream::AutoStream::new(std::io::stdout().lock(), args.color.into());
        match args.format {
            Format::Human => render::human::write(&mut out, draft, &assessment, super::terminal_width())?,
            Format::Json => writeln!(out, "{}", serde_json::to_string(&assessment)?)?,
            Format::Sarif => writeln!(out, "{}", render::sarif::log(draft, args.file.as_deref(), &assessment))?,
        }
        out.flush()?;
    }
    Ok(if args.exit_zero || assessment.verdict == Verdict::Send { ExitStatus::Clear } else { ExitStatus::Findings })
}
