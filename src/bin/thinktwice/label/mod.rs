//! `thinktwice label`: asks for labels.

mod answers;
mod learning;
mod notes;
mod queue;
mod screen;
mod session;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use answers::Answers;
use anyhow::bail;
use clap::Args;
use learning::Given;
use queue::Order;
use screen::{MOST_LABELS, Screen};
use session::Session;
use thinktwice::Classifier;
use thinktwice::train::Corpus;

use super::{ExitStatus, ModelArgs};
use crate::notes::InputArgs;

#[derive(Args)]
#[command(after_help = "\
One note at a time, the most useful first: those that the model is unsure of and that are unlike what was labelled before, and every \
fifth drawn at random. Notes that are nearly the same as a labelled one are left out. Every answer is on disk before the next \
question, and the same command goes on where it was left.

From 20 answers on, a model learns from them in the background, again after every 10 (or a tenth more). Its cross-validated macro-F1 is \
shown with the next note: the mean over the labels of how well notes are told apart that it has not learned from (0 to 1). Whichever \
reads your answers better, that model or the one that was there before, is asked from then on where it is unsure.

Examples:
  thinktwice label Invitations.csv -o mine.jsonl                  your own notes
  thinktwice label notes.txt -o mine.jsonl --labels warm,cold     your own labels
  thinktwice label notes.txt -o held-out.jsonl --random           to measure with
  thinktwice label notes.txt -o mine.jsonl --except held-out.jsonl
  thinktwice-train fit --data mine.jsonl -o mine.model            what comes next")]
pub(super) struct LabelArgs {
    #[command(flatten)]
    input: InputArgs,
    /// Where the labelled notes go, as JSON Lines; what is there already stays, and is not asked for again
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// The labels to choose from, instead of the model's
    #[arg(long, value_name = "LABEL", value_delimiter = ',', num_args = 1..)]
    labels: Vec<String>,
    /// Ask in random order: for notes that a model is to be measured on, which must not be picked
    #[arg(long)]
    random: bool,
    /// Leave out what is in these files of labelled notes, and near copies of it
    #[arg(long, value_name = "FILE", num_args = 1..)]
    except: Vec<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
}

pub(super) fn run(args: &LabelArgs) -> anyhow::Result<ExitStatus> {
    let classifier = args.model.classifier()?;
    let heads = heads(&classifier, &args.labels)?;
    let notes = notes::read(&args.input)?;
    if notes.is_empty() {
        bail!("{}: no note in it", args.input.path().display());
    }
    if is_same(args.input.path(), &args.output) {
        bail!("{} is read from; give -o another file", args.output.display());
    }
    let elsewhere = match args.except.iter().find(|path| is_same(path, &args.output)) {
        Some(path) => bail!("{} is what is left out; give -o another file", path.display()),
        None => Corpus::read(&args.except, &[heads[0].name.clone()], false)?,
    };
    let Some(screen) = Screen::open(super::terminal_width()) else {
        bail!("label asks on a terminal, and this is none; run it in one, without redirecting its input or output");
    };
    let answers = Answers::open(&args.output, &heads[0].name)?;
    if let Some(label) = answers.counts().into_keys().find(|label| heads[0].labels.iter().all(|known| known != label)) {
        bail!(
            "{} has notes with the label {label:?}, which is not one to choose from; name all labels with --labels, or another file with -o",
            args.output.display()
        );
    }
    let order = if args.random { Order::Random } else { Order::UsefulFirst };
    let given = Given { classifier, name: args.model.name() };
    let mut session = Session::new(given, heads, notes, &elsewhere, order, answers, screen);
    session.run()?;
    session.close(&args.output)?;
    Ok(ExitStatus::Clear)
}

fn is_same(a: &Path, b: &Path) -> bool {
    a.canonicalize().is_ok_and(|a| b.canonicalize().is_ok_and(|b| a == b))
}

/// What is asked for of a note.
struct HeadToAsk {
    name: String,
    labels: Vec<String>,
    /// The labels of the first head with which it is asked for; empty means always.
    only_with: Vec<String>,
    /// Where the model's probabilities of these labels begin, if it knows them.
    opinion_at: Option<usize>,
}

/// The heads of the model; or its first one with other labels.
fn heads(classifier: &Classifier, labels: &[String]) -> anyhow::Result<Vec<HeadToAsk>> {
    let mut at = 0;
    let mut heads = Vec::new();
    for head in &classifier.about().heads {
        let only_with = classifier.policy().heads.get(&head.name).map_or_else(Vec::new, |policy| policy.read_when.clone());
        heads.push(HeadToAsk { name: head.name.clone(), labels: head.labels.clone(), only_with, opinion_at: Some(at) });
        at += head.labels.len();
    }
    if !labels.is_empty() && labels != heads[0].labels {
        let labels: Vec<String> = labels.iter().map(|label| label.trim().to_owned()).collect();
        let distinct: HashSet<&String> = labels.iter().collect();
        if labels.iter().any(String::is_empty) || distinct.len() < labels.len() || labels.len() < 2 {
            bail!("--labels needs two or more different names, such as --labels warm,cold");
        }
        heads.truncate(1);
        heads[0] = HeadToAsk { labels, opinion_at: None, name: heads[0].name.clone(), only_with: Vec::new() };
    }
    if let Some(head) = heads.iter().find(|head| head.labels.len() > MOST_LABELS) {
        bail!("{} has {} labels, and there are keys for {MOST_LABELS}; name fewer with --labels", head.name, head.labels.len());
    }
    Ok(heads)
}
