//! `thinktwice-train fit`.

mod own;
mod print;
mod shipped;
mod speaker;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::bail;
use clap::Args;
use thinktwice::train::FitSettings;
use thinktwice::train::corpus::files;
use thinktwice::train::fit::{Fitted, fit_with_progress};
use thinktwice::whole_file::WholeFile;
use thinktwice::{Classifier, Error, Policy};

use speaker::Speaker;

use super::evaluate::report_on;
use super::language::LanguageArgs;
use super::{DataArgs, ExtrasArgs, report};

#[derive(Args)]
#[command(after_help = "\
Notes come as JSON Lines or as CSV with a header, separated by commas, semicolons or tabs. Each has a \"text\" and a label; notes of one writer \
or source should have one name in a column \"group\", since no group is both learned from and measured on.

Examples:
  thinktwice-train fit --data mine.jsonl -o mine.model
  thinktwice-train fit --data notizen.csv --label-column Ton --language german -o mine.model
  thinktwice-train fit --data mine.jsonl --with-shipped-corpus -o mine.model")]
pub(super) struct FitArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The columns that the labels stand in, one for each question that the model answers; the first decides, and every note needs it
    /// [default: intent, and reason where there is one]
    #[arg(long = "label-column", value_name = "COLUMN")]
    label_columns: Vec<String>,
    #[command(flatten)]
    language: LanguageArgs,
    /// Learn from the shipped notes too, with the weight that serves one's own best, and say whether the shipped model, one's own notes alone or both
    /// together serve them best
    #[arg(long)]
    with_shipped_corpus: bool,
    /// Where to write the model; an existing file is replaced once the new one is complete
    #[arg(short, long, value_name = "MODEL")]
    output: PathBuf,
    /// Write a model card (Markdown) as well
    #[arg(long, value_name = "FILE")]
    card: Option<PathBuf>,
    /// Labelled notes that are not trained on, for the card: .jsonl or .csv files, or folders of them
    #[arg(long, num_args = 1.., value_name = "FILE", requires = "card")]
    evaluation: Vec<PathBuf>,
    /// Behavioural cases for the card (JSON Lines, in the form of data/evaluation/behaviour.jsonl)
    #[arg(long, value_name = "FILE", requires = "evaluation")]
    suite: Option<PathBuf>,
    /// A policy (TOML) to put into the model: what it changes in the shipped one
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    extras: ExtrasArgs,
    /// The name that the model's answers carry
    #[arg(long, default_value = "default")]
    name: String,
    /// Folds of the cross-validation; of a large corpus only the first few are measured
    #[arg(long, default_value_t = 5, value_name = "N")]
    folds: usize,
    /// The weight of the L2 penalty
    #[arg(long, value_name = "X")]
    alpha: Option<f64>,
    /// Fit with the settings as they are, without looking for better ones near them
    #[arg(long)]
    fixed: bool,
    /// How many features to keep
    #[arg(long, value_name = "N")]
    vocabulary: Option<usize>,
}

pub(super) fn run(args: &FitArgs) -> anyhow::Result<()> {
    if args.with_shipped_corpus && !args.language.is_english() {
        bail!("the shipped notes are in English; leave out --language or --with-shipped-corpus");
    }
    let policy = match &args.policy {
        None => Policy::shipped(),
        Some(path) => Policy::load(path)?,
    };
    let mut settings = args.settings();
    let mut corpus = args.data.read(&settings.heads)?;
    let mut extras = args.extras.read()?;
    // Whether there can be an output shows before the work, not after it.
    let mut output = args.begin(&args.output)?;
    let mut card = args.card.as_deref().map(|path| args.begin(path)).transpose()?;
    let shipped = args.with_shipped_corpus.then(|| shipped::for_labels_of(&corpus, &settings)).transpose()?;
    own::prepare(&mut corpus, &mut settings.heads, !args.label_columns.is_empty(), args.with_shipped_corpus)?;
    let settings = settings.suited_to(&corpus);
    let start = Instant::now();
    let speaker = Speaker::new(corpus.notes.len());
    if let Some(shipped) = shipped {
        shipped::combine(&corpus, shipped, &settings, &mut extras, &speaker)?;
    }
    let mut fitted = fit_with_progress(&corpus, &settings, &policy, &extras, &|progress| speaker.say(progress))?;
    let bytes = fitted.model.to_bytes()?;
    let write = |file: &mut WholeFile, path: &Path, bytes: &[u8]| {
        file.write_all(bytes).map_err(|cause| Error::Write { path: path.to_owned(), cause })
    };
    if let (Some(file), Some(path)) = (&mut card, &args.card) {
        write(file, path, args.card_of(&fitted, bytes.len())?.as_bytes())?;
    }
    write(&mut output, &args.output, &bytes)?;
    card.map(WholeFile::commit).transpose()?;
    output.commit()?;
    print::fitted(&fitted, &args.output, bytes.len(), start.elapsed());
    Ok(())
}

impl FitArgs {
    fn settings(&self) -> FitSettings {
        let defaults = self.language.settings();
        FitSettings {
            name: self.name.clone(),
            heads: if self.label_columns.is_empty() { defaults.heads.clone() } else { self.label_columns.clone() },
            folds: self.folds,
            alpha: self.alpha.unwrap_or(defaults.alpha),
            vocabulary: self.vocabulary.unwrap_or(defaults.vocabulary),
            select: !self.fixed,
            ..defaults
        }
    }

    /// Begins a file that is none of those that are read.
    fn begin(&self, path: &Path) -> anyhow::Result<WholeFile> {
        let is_output = |file: &Path| path.canonicalize().is_ok_and(|path| file.canonicalize().is_ok_and(|file| file == path));
        for data in self.data.data.iter().chain(&self.evaluation) {
            if files(data)?.iter().any(|file| is_output(file)) {
                bail!("{} is read from; write to another file, so that nothing is lost", path.display());
            }
        }
        Ok(WholeFile::create(path)?)
    }

    fn card_of(&self, fitted: &Fitted, size: usize) -> anyhow::Result<String> {
        if self.evaluation.is_empty() {
            return Ok(report::card(fitted, size, None));
        }
        let data = DataArgs { data: self.evaluation.clone(), skip_bad_rows: false };
        let classifier = Classifier::new(&fitted.model)?;
        let report = report_on(&classifier, &data, &data.read_for(&classifier)?, self.suite.as_deref())?;
        Ok(report::card(fitted, size, Some(&report)))
    }
}
