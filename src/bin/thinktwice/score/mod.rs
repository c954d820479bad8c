//! `thinktwice score`: many notes.

mod cells;
mod object;
mod pipeline;
mod progress;
mod rows;
mod summary;

use std::io::{IsTerminal, Write};
use std::num::NonZero;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use thinktwice::features::Scratch;
use thinktwice::rows::{Batch, Batches};
use thinktwice::whole_file::{WholeFile, remove_unfinished_when_stopped};
use thinktwice::{Assessment, Classifier, Error};

use super::{ExitStatus, ModelArgs};
use crate::notes::{InputArgs, Layout, Notes};
use cells::CsvFormat;
use progress::Progress;
use rows::{Outcome, RowFormat};
use summary::{Summary, thousands};

#[derive(Args)]
#[command(after_help = "\
Every row is written back, in order. A JSON object gains the key \"assessment\"; a CSV gains the columns tt_verdict, tt_intent, tt_confidence, \
tt_reason, tt_p_LABEL for each intent, and tt_error. A line of plain text becomes an object with \"line\", \"text\" and \"assessment\"; blank \
lines are passed over. Where a message is empty, \"assessment\" is null and tt_verdict says \"empty\".

The archive that the network gives its members is known by its columns: Invitations.csv needs no --text-column.

A row that cannot be read is reported with its line, and kept with the reason under \"error\" or tt_error. The summary goes to standard error. \
Exit code: 0 every row was read, 1 some row could not be read, 2 the run failed and wrote no file.

Examples:
  thinktwice score Invitations.csv -o scored.csv
  thinktwice score drafts.csv --text-column Body -o scored.csv
  thinktwice score notes.jsonl -o scored.jsonl
  thinktwice score drafts.txt --output-format csv -o scored.csv
  thinktwice score notes.jsonl -q | jq -r .assessment.verdict | sort | uniq -c")]
pub(super) struct ScoreArgs {
    #[command(flatten)]
    input: InputArgs,
    /// Where to write; an existing file is replaced once the new one is complete [default: standard output]
    #[arg(short, long, value_name = "OUTPUT")]
    output: Option<PathBuf>,
    /// What to write [default: by the name of the output; else CSV for CSV, JSON Lines for the rest]
    #[arg(long, value_enum, value_name = "FORMAT")]
    output_format: Option<OutputFormat>,
    /// Add evidence, edits and findings to every assessment (JSON Lines only)
    #[arg(long)]
    explain: bool,
    /// How many threads to use [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Print no progress and no summary; rows that cannot be read are still reported
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    model: ModelArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    /// JSON Lines: an object a line
    Jsonl,
    /// CSV
    Csv,
}

/// So many rows are reported one by one; the rest is counted.
const REPORTED: u64 = 20;

pub(super) fn run(args: &ScoreArgs) -> anyhow::Result<ExitStatus> {
    let Notes { name, size, layout, batches } = args.input.open()?;
    let output_format = args.output_format(&layout)?;
    let classifier = args.model.classifier()?;
    let format = match output_format {
        OutputFormat::Jsonl => RowFormat::Json(&layout),
        OutputFormat::Csv => RowFormat::Csv(CsvFormat::new(&layout, &classifier)),
    };
    let scorer = Scorer { classifier: &classifier, layout: &layout, format, explain: args.explain };
    let threads = args.threads.and_then(|threads| NonZero::new(usize::from(threads)));
    let threads = threads.or(std::thread::available_parallelism().ok()).unwrap_or(NonZero::<usize>::MIN);
    let mut progress = Progress::new(size, !args.quiet && (args.output.is_some() || !std::io::stdout().is_terminal()));
    let summary = match &args.output {
        None => {
            let mut out = std::io::stdout();
            scorer.score(&name, batches, threads, &mut progress, |bytes| {
                out.write_all(bytes)?;
                Ok(out.flush()?)
            })?
        }
        Some(path) => {
            remove_unfinished_when_stopped();
            let mut file = WholeFile::create(path)?;
            let summary = scorer.score(&name, batches, threads, &mut progress, |bytes| {
                file.write_all(bytes).map_err(|cause| Error::Write { path: path.clone(), cause }.into())
            })?;
            file.commit()?;
            summary
        }
    };
    let time = progress.finish();
    if !args.quiet {
        summary.write(&mut anstream::stderr().lock(), &name, &classifier.about().heads[0].name, time)?;
    }
    Ok(if summary.failed() == 0 { ExitStatus::Clear } else { ExitStatus::Findings })
}

impl ScoreArgs {
    fn output_format(&self, layout: &Layout) -> anyhow::Result<OutputFormat> {
        let by_name = || match self.output.as_ref()?.extension()?.to_str()? {
            "jsonl" | "ndjson" => Some(OutputFormat::Jsonl),
            "csv" | "tsv" => Some(OutputFormat::Csv),
            _ => None,
        };
        let by_input = if matches!(layout, Layout::Csv(_)) { OutputFormat::Csv } else { OutputFormat::Jsonl };
        let format = self.output_format.or_else(by_name).unwrap_or(by_input);
        if format == OutputFormat::Csv {
            if matches!(layout, Layout::Json { .. }) {
                bail!("objects need not have the same keys, so JSON Lines cannot become CSV; write JSON Lines (--output-format jsonl)");
            }
            if self.explain {
                bail!("evidence, edits and findings do not fit into cells; leave out --explain, or add --output-format jsonl");
            }
        }
        Ok(format)
    }
}

/// Reads notes and writes them back.
struct Scorer<'a> {
    classifier: &'a Classifier,
    layout: &'a Layout,
    format: RowFormat<'a>,
    explain: bool,
}

/// What one thread keeps from note to note.
#[derive(Default)]
struct Memory {
    scratch: Scratch,
    /// An assessment that is no longer needed.
    spare: Option<Assessment>,
}

impl Memory {
    fn assess_briefly(&mut self, classifier: &Classifier, text: &str) -> Assessment {
        let Some(mut assessment) = self.spare.take() else { return classifier.assess_briefly(text, &mut self.scratch) };
        classifier.assess_briefly_into(text, &mut self.scratch, &mut assessment);
        assessment
    }
}

/// A batch that has been read.
#[derive(Default)]
struct Scored {
    /// Its rows as they are written back.
    bytes: Vec<u8>,
    summary: Summary,
    /// Line and cause of the rows that could not be read.
    failures: Vec<(u64, String)>,
    /// How many bytes of the input it took.
    size: u64,
}

impl Scorer<'_> {
    /// Reads all batches and gives `write` what is to be written, in order.
    fn score(
        &self,
        name: &str,
        mut batches: Batches,
        threads: NonZero<usize>,
        progress: &mut Progress,
        mut write: impl FnMut(&[u8]) -> anyhow::Result<()> + Send,
    ) -> anyhow::Result<Summary> {
        let mut summary = Summary::default();
        write(&self.format.header()?)?;
        pipeline::in_order(
            threads,
            || batches.next().with_context(|| format!("cannot read {name}")),
            || {
                let mut memory = Memory::default();
                move |batch| self.assess(&batch, &mut memory)
            },
            |scored: anyhow::Result<Scored>| {
                let scored = scored?;
                write(&scored.bytes)?;
                for ((line, cause), _) in scored.failures.iter().zip(summary.failed()..REPORTED) {
                    progress.report(&format!("{name}:{line}: {cause}"));
                }
                summary.add(&scored.summary);
                progress.advance(scored.summary.rows(), scored.size);
                Ok(())
            },
        )?;
        if summary.failed() > REPORTED {
            let more = thousands(summary.failed() - REPORTED);
            progress.report(&format!("{name}: {more} more rows could not be read; the output says of each why"));
        }
        Ok(summary)
    }

    fn assess(&self, batch: &Batch, memory: &mut Memory) -> anyhow::Result<Scored> {
        let mut scored = Scored { size: batch.size, ..Scored::default() };
        let mut rows = self.format.rows();
        let mut written = Ok(());
        self.layout.visit(batch, |note| {
            let outcome = match &note.text {
                Ok(text) if text.trim().is_empty() => Outcome::Empty,
                Ok(text) if self.explain => Outcome::Assessed(self.classifier.assess_with(text, &mut memory.scratch)),
                Ok(text) => Outcome::Assessed(memory.assess_briefly(self.classifier, text)),
                Err(cause) => {
                    scored.failures.push((note.line, cause.clone()));
                    Outcome::Failed(cause.clone())
                }
            };
            scored.summary.count(&outcome);
            if written.is_ok() {
                written = rows.write(&note, &outcome);
            }
            if let Outcome::Assessed(assessment) = outcome {
                memory.spare = Some(assessment);
            }
        });
        written?;
        scored.bytes = rows.into_bytes()?;
        Ok(scored)
    }
}
