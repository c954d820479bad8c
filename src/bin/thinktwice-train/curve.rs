//! `thinktwice-train curve`.

use std::path::PathBuf;

use clap::Args;
use thinktwice::Policy;
use thinktwice::train::Corpus;
use thinktwice::train::curve::learning_curve;
use thinktwice::train::metrics::Figure;

use super::language::LanguageArgs;
use super::{DataArgs, ExtrasArgs};

#[derive(Args)]
pub(super) struct CurveArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Labelled notes of other writers, to measure every model on
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    evaluation: Vec<PathBuf>,
    #[command(flatten)]
    language: LanguageArgs,
    #[command(flatten)]
    extras: ExtrasArgs,
}

pub(super) fn run(args: &CurveArgs) -> anyhow::Result<()> {
    let settings = args.language.settings();
    let corpus = args.data.read(&settings.heads)?;
    let evaluation = Corpus::read(&args.evaluation, &settings.heads, false)?;
    anstream::println!("| groups | notes | macro-F1, cross-validated by groups | accuracy | macro-F1, notes of other writers | accuracy |");
    anstream::println!("|---|---|---|---|---|---|");
    let cell = |figure: &Figure| format!("{:.3} ({:.3} to {:.3})", figure.value, figure.low, figure.high);
    for point in learning_curve(&corpus, &evaluation, &settings, &Policy::shipped(), &args.extras.read()?)? {
        let (inside, outside) = (&point.cross_validation, &point.evaluation.heads[0]);
        anstream::println!(
            "| {} | {} | {} | {} | {} | {} |",
            point.groups,
            point.notes,
            cell(&inside.macro_f1),
            cell(&inside.accuracy),
            cell(&outside.macro_f1),
            cell(&outside.accuracy)
        );
    }
    Ok(())
}
