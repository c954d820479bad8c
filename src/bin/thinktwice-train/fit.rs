//! `thinktwice-train fit`.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use clap::Args;
use thinktwice::train::FitSettings;
use thinktwice::train::fit::{HeadReport, Progress, fit_with_progress};
use thinktwice::train::select::Ablation;
use thinktwice::{Classifier, Policy, whole_file};

use super::evaluate::report_on;
use super::{DataArgs, ExtrasArgs, report};

#[derive(Args)]
pub(super) struct FitArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The columns that the labels stand in, one for each head of the model; the first decides, and every note needs it
    #[arg(long = "label-column", value_name = "COLUMN", default_values_t = FitSettings::default().heads)]
    label_columns: Vec<String>,
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
    let defaults = FitSettings::default();
    let settings = FitSettings {
        name: args.name.clone(),
        heads: args.label_columns.clone(),
        folds: args.folds,
        alpha: args.alpha.unwrap_or(defaults.alpha),
        vocabulary: args.vocabulary.unwrap_or(defaults.vocabulary),
        select: !args.fixed,
        ..defaults
    };
    let policy = match &args.policy {
        None => Policy::shipped(),
        Some(path) => Policy::load(path)?,
    };
    let corpus = args.data.read(&settings.heads)?;
    let start = Instant::now();
    let speaker = Speaker::new(corpus.notes.len());
    let mut fitted = fit_with_progress(&corpus, &settings, &policy, &args.extras.read()?, &|progress| speaker.say(progress))?;
    let bytes = fitted.model.to_bytes()?;
    if let Some(path) = &args.card {
        let report = if args.evaluation.is_empty() {
            None
        } else {
            let data = DataArgs { data: args.evaluation.clone(), skip_bad_rows: false };
            let classifier = Classifier::new(&fitted.model)?;
            Some(report_on(&classifier, &data, &data.read_for(&classifier)?, args.suite.as_deref())?)
        };
        whole_file::write(path, report::card(&fitted, bytes.len(), report.as_ref()).as_bytes())?;
    }
    whole_file::write(&args.output, &bytes)?;
    let seconds = start.elapsed().as_secs_f64();
    print_ablations(&fitted.ablations);
    for report in &fitted.reports {
        print_report(report);
    }
    if let Some(refused) = &fitted.refused {
        anstream::println!(
            "guard: {:.1} % ({:.1} to {:.1}) of the texts that are no notes are refused, of groups that it had not seen",
            100.0 * refused.value,
            100.0 * refused.low,
            100.0 * refused.high
        );
    }
    let head = &fitted.model.about.heads[0];
    for (label, threshold) in head.labels.iter().zip(&head.thresholds) {
        anstream::println!(
            "  {label:<22} counts from {:.3}: reached by {:.1} % of its own notes, {:.1} % of the harmless ones",
            threshold.at,
            100.0 * threshold.found,
            100.0 * threshold.false_alarms
        );
    }
    anstream::println!(
        "{}: {} features, {} bytes, digest {}, trained on {} notes in {seconds:.1} s",
        args.output.display(),
        fitted.model.vocabulary.len(),
        bytes.len(),
        &fitted.model.digest[..12],
        corpus.notes.len()
    );
    Ok(())
}

/// Says how far a fit is.
struct Speaker {
    /// How many notes there are.
    notes: usize,
    /// When what is being done now was begun, and what it is.
    since: Mutex<(Instant, &'static str)>,
}

impl Speaker {
    fn new(notes: usize) -> Self {
        Self { notes, since: Mutex::new((Instant::now(), "")) }
    }

    fn say(&self, progress: Progress) {
        let (what, sample, done, total) = match progress {
            Progress::Selecting { done, total, notes } => ("looking for better settings", notes, done - 1, total),
            Progress::Fitting { done, total } => ("cross-validating and fitting", self.notes, done, total),
        };
        let mut since = self.since.lock().unwrap_or_else(PoisonError::into_inner);
        if since.1 != what {
            *since = (Instant::now(), what);
        }
        let sample = if sample < self.notes { format!(" by {sample} of the {} notes", self.notes) } else { String::new() };
        let left = since.0.elapsed().as_secs_f64() / done.max(1) as f64 * (total - done) as f64;
        let left = match left {
            _ if done == 0 || done == total => String::new(),
            ..100.0 => format!(", about {left:.0} s left"),
            _ => format!(", about {:.0} min left", left / 60.0),
        };
        anstream::eprintln!("{what}{sample}: {done} of {total} done{left}");
    }
}

fn print_ablations(ablations: &[Ablation]) {
    for ablation in ablations {
        let (loss, f1) = (&ablation.log_loss, &ablation.macro_f1);
        anstream::println!(
            "  {:<44} log loss {:+.4} ({:+.4} to {:+.4}), macro-F1 {:+.4} ({:+.4} to {:+.4}){}",
            ablation.change,
            loss.value,
            loss.low,
            loss.high,
            f1.value,
            f1.low,
            f1.high,
            if ablation.kept { ", kept" } else { "" }
        );
    }
}

fn print_report(report: &HeadReport) {
    anstream::println!(
        "{}: cross-validated by groups, {} notes: accuracy {:.3} ({:.3} to {:.3}), macro-F1 {:.3} ({:.3} to {:.3}), log loss {:.3}, calibrated by {}",
        report.head,
        report.notes.iter().sum::<usize>(),
        report.accuracy.value,
        report.accuracy.low,
        report.accuracy.high,
        report.macro_f1.value,
        report.macro_f1.low,
        report.macro_f1.high,
        report.log_loss,
        report.calibration.method,
    );
}
